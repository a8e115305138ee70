"""Taxes saved in the library: the figures of the command, each household, pictures, and what leads to the lot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

import lotwise
from lotwise.cli import app
from lotwise.library.savings import rule_of
from tests.library.test_result import checked
from tests.library.written_frames import family_firm
from tests.nightly.told_firm import told_firm


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return told_firm(tmp_path_factory.mktemp("told") / "firm")


@pytest.fixture(scope="module")
def firm(folder: Path) -> lotwise.Firm:
    return lotwise.read_firm(folder)


@pytest.fixture(scope="module")
def saved(firm: lotwise.Firm) -> lotwise.Savings:
    return firm.savings()


def test_the_figures_are_those_of_the_command(folder: Path, saved: lotwise.Savings) -> None:
    told = json.loads(CliRunner().invoke(app, ["savings", str(folder), "--json"]).output)
    for ours, theirs in zip(saved.households.iter_rows(named=True), told["households"], strict=True):
        for name in ("rule_of_thumb", "shadow", "present_value", "shadow_ytd", "shadow_day", "fee"):
            assert (None if ours[name] is None else float(ours[name])) == theirs[name]
    assert saved.against_fees == told["against_fees"]
    assert saved.rule == told["shadow_rule"]
    assert saved.firm.height == len(told["firm"]) == 11


def test_files_are_those_of_the_command_to_the_last_byte(folder: Path, saved: lotwise.Savings, tmp_path: Path) -> None:
    assert saved.write(tmp_path / "ours") == tmp_path / "ours" / "savings.html"
    done = CliRunner().invoke(app, ["savings", str(folder), "--out", str(tmp_path / "theirs")])
    assert done.exit_code == 0
    names = sorted(path.name for path in (tmp_path / "ours").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "theirs").iterdir())
    for name in names:
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()


def test_a_household_leads_from_its_headline_to_the_lot_and_the_day(saved: lotwise.Savings) -> None:
    view = saved["H1"]
    assert [each.household_id for each in saved] == ["H1", "H2"]
    assert len(saved) == 2
    assert view.trace["credit"].sum() == view.summary["rule_of_thumb"] != 0
    assert set(view.trace["lot_id"]) <= {"L1", "L2"}
    assert view.trace.filter(pl.col("symbol") == "A")["day"].n_unique() > 1
    assert view.months.height == saved.months.filter(pl.col("household_id") == "H1").height > 5
    assert "B  against the shadow" in repr(view)
    assert "all" in repr(saved)


def test_another_rule_and_a_part_of_the_firm(folder: Path, firm: lotwise.Firm, saved: lotwise.Savings) -> None:
    alone = firm.savings("H1")
    assert alone.households.rows() == saved.households.filter(pl.col("household_id") == "H1").rows()
    part = lotwise.read_firm(folder, households=["H1"]).savings()
    assert part.households.rows() == alone.households.rows()
    never = firm.savings(["H1"], schedule="never", relief="hifo")
    assert "never" in never.rule
    assert never["H1"].summary["tax_shadow"] == 0 < alone["H1"].summary["tax_shadow"]
    later = firm.savings(since="2026-01-02")
    assert later["H1"].summary["shadow"] == saved["H1"].summary["shadow_ytd"]


def test_what_a_notebook_shows(saved: lotwise.Savings) -> None:
    for shown in (saved, saved["H1"]):
        html = checked(shown._repr_html_())
        assert "\u2212$376" in html
    for picture in (saved.plot(), saved.plot("fees"), saved["H1"].plot()):
        assert picture.svg.startswith("<svg ")
    with pytest.raises(ValueError, match="must be 'months' or 'fees', was 'years'"):
        saved.plot("years")  # type: ignore[arg-type]


def test_what_cannot_be_is_answered_with_what_can(firm: lotwise.Firm, saved: lotwise.Savings) -> None:
    with pytest.raises(lotwise.UnknownNameError, match="was 'H9'"):
        firm.savings("H9")
    with pytest.raises(lotwise.UnknownNameError, match="was 'H9'"):
        saved.household("H9")
    with pytest.raises(ValueError, match="must name one at least"):
        firm.savings([])
    with pytest.raises(ValueError, match="since must be a date as YYYY-MM-DD, was 'May'"):
        firm.savings(since="May")
    with pytest.raises(lotwise.FolderError, match="read_firm"):
        family_firm().savings()


@pytest.mark.parametrize(
    ("rule", "error", "words"),
    [
        ({"schedule": "weekly"}, ValueError, "schedule must be one of yearly, quarterly, monthly, never, was 'weekly'"),
        ({"relief": "best"}, ValueError, "relief must be one of fifo, lifo, hifo, was 'best'"),
        ({"month": 13}, ValueError, "month must be 1 to 12, was 13"),
        ({"bands": 1}, TypeError, "bands is no part of the ordinary rule: schedule, month, band, relief"),
    ],
)
def test_a_rule_that_cannot_be(rule: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        rule_of(rule)
