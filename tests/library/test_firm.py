"""A firm from frames is the firm of the same files; what is wrong with a frame is said of the frame."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lotwise
from lotwise.nightly.run import run_folder
from tests.interchange.small_firm import small_firm, write
from tests.library.written_frames import HOSTILE, family, family_firm, tables_of_small_firm

TABLES = ("trades", "households", "accounts", "relaxations")


@pytest.fixture(scope="module")
def by_command_line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the small firm as the command line writes them."""
    folder = tmp_path_factory.mktemp("small")
    run_folder(write(folder / "firm", small_firm()), folder / "results")
    return folder


def rows(tables: dict[str, Any]) -> dict[str, Any]:
    return {name: table.to_dicts() if isinstance(table, pl.DataFrame) else table for name, table in tables.items()}


@pytest.mark.parametrize("kind", ["polars", "dicts", "pandas"])
def test_frames_give_the_bytes_of_the_command_line(by_command_line: Path, tmp_path: Path, kind: str) -> None:
    tables = tables_of_small_firm()
    if kind == "dicts":
        tables = rows(tables)
    if kind == "pandas":
        pandas = pytest.importorskip("pandas", reason="needs pandas, which Lotwise does not depend on")
        tables = {
            name: pandas.DataFrame(table.to_dict(as_series=False)) if isinstance(table, pl.DataFrame) else table
            for name, table in tables.items()
        }
    out = lotwise.firm_from_frames(**tables).rebalance().write(tmp_path / "out")
    for name in TABLES:
        assert (out / f"{name}.csv").read_bytes() == (by_command_line / "results" / f"{name}.csv").read_bytes()
    assert pl.read_csv(out / "trades.csv").height > 0


def test_a_folder_gives_the_bytes_of_the_command_line(by_command_line: Path, tmp_path: Path) -> None:
    firm = lotwise.read_firm(by_command_line / "firm")
    firm.rebalance().write(tmp_path / "out")
    # What a run came of is said of a folder's files; a firm in memory may have been changed since it was read.
    names = sorted(path.name for path in (by_command_line / "results").iterdir() if path.name != "run.json")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    for name in names:
        if name != "run.html":
            assert (tmp_path / "out" / name).read_bytes() == (by_command_line / "results" / name).read_bytes()


def test_results_never_replace_a_firm(by_command_line: Path) -> None:
    result = lotwise.read_firm(by_command_line / "firm").rebalance()
    with pytest.raises(lotwise.FolderError, match="it is a firm folder"):
        result.write(by_command_line / "firm")


def test_another_day_may_be_text(by_command_line: Path) -> None:
    assert lotwise.read_firm(str(by_command_line / "firm"), "2025-06-27").as_of == date(2025, 6, 27)
    with pytest.raises(ValueError, match="as_of must be a date as YYYY-MM-DD, was '27 June'"):
        lotwise.read_firm(by_command_line / "firm", "27 June")


@pytest.mark.parametrize("dates", ["text", "dates"])
def test_the_day_is_that_of_the_last_prices_where_none_is_given(dates: str) -> None:
    prices = pl.DataFrame(family()["prices"])
    if dates == "dates":
        prices = prices.with_columns(pl.col("date").str.to_date())
    assert family_firm(as_of=None, prices=prices).as_of == date(2026, 11, 20)


def test_findings_name_the_frame_and_the_row() -> None:
    lots = family()["lots"]
    lots[2]["shares"] = "many"
    firm = family_firm(lots=lots)
    (finding,) = firm.findings.filter(pl.col("severity") == "error").rows(named=True)
    assert (finding["file"], finding["line"], finding["column"]) == ("lots", 3, "shares")
    assert (finding["was"], finding["household"]) == ("'many'", "H1")
    assert firm.households["refused"].to_list() == [True, False]
    result = firm.rebalance()
    assert result["H1"].summary["status"] == "refused"
    assert "lots:3" in str(result["H1"].summary["message"])
    assert "1 household refused" in repr(firm)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"lots": [{"account_id": "T", "lot_id": "t1", "symbol": "AAA", "share": 1}]},
            r"lots \[shares\]: .* did you mean",
        ),
        ({"lots": pl.DataFrame({"account_id": [["T"]], "lot_id": ["a"], "symbol": ["A"], "shares": [1]})}, "lots"),
        ({"models": []}, "models"),
        ({"exposures": None, "covariance": None, "specific": None}, "prices: must be enough to estimate a risk model"),
        ({"as_of": "1950-01-01"}, r"as_of: must be a day from 1970-01-01"),
    ],
)
def test_where_nothing_can_be_done_the_error_names_the_frame(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(lotwise.FolderError, match=words) as caught:
        family_firm(**changes)
    assert caught.value.findings
    told = [str(caught.value), *(str(finding) for finding in caught.value.findings)]
    assert not [text for text in told if ".parquet" in text or "firm.toml" in text or "CSV" in text]


def test_a_needed_table_that_is_missing_is_named() -> None:
    tables = family()
    with pytest.raises(TypeError, match="without lots, models"):
        lotwise.firm_from_frames(**{**tables, "lots": None, "models": None})
    del tables["lots"]
    with pytest.raises(TypeError, match="lots"):
        lotwise.firm_from_frames(**tables)


def test_an_unknown_table_is_answered_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"pending_order is no table of the firm folder. did you mean pending_orders\?"):
        family_firm(pending_order=[])


def test_a_wrong_key_of_the_profile_refuses_everyone_and_is_named() -> None:
    firm = family_firm(profile={"risk_price": 20})
    (first, *_) = firm.findings.filter(pl.col("severity") == "error").rows(named=True)
    assert (first["file"], first["line"]) == ("profile", None)
    assert firm.households["refused"].to_list() == [True, True]


def test_policies_come_in_layers() -> None:
    firm = family_firm(
        profile={"risk_price_bps": 20, "location": {"stocks": {"taxable": 5}}},
        overrides={"H1": {"risk_price_bps": 33, "notes": f'"quoted" \\ and {HOSTILE}\x7f'}},
    )
    assert firm.findings.filter(pl.col("severity") == "error").height == 0
    policy = {row["key"]: row for row in firm.policy("H1").rows(named=True)}
    assert (policy["risk_price_bps"]["value"], policy["risk_price_bps"]["layer"]) == ("33", "household H1")
    assert (policy["location.stocks.taxable"]["value"], policy["cash_band"]["layer"]) == ("5", "default")
    assert '"quoted" \\' in policy["notes"]["value"]
    assert firm.policy("H2").filter(pl.col("key") == "risk_price_bps")["value"].item() == "20"
    with pytest.raises(lotwise.UnknownNameError):
        firm.policy("H3")


def test_a_firm_shows_itself_and_escapes_what_it_is_called() -> None:
    firm = family_firm(name=HOSTILE)
    assert "2 households, 3 accounts, 7 lots" in repr(firm)
    assert "<script>" not in firm._repr_html_()
    assert "&lt;script&gt;" in firm._repr_html_()
