"""Taxes saved from a folder with a posted ledger: the arithmetic by hand, files that come out the same, bad input."""

from __future__ import annotations

import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from lotwise.cli import app
from lotwise.errors import FolderError
from lotwise.nightly.run import run_folder
from lotwise.nightly.savings import SavingsRun, told_savings, write_savings
from lotwise.nightly.savings_archive import compare_savings
from lotwise.nightly.savings_note import saved_so_far
from lotwise.reports.run import SavedSoFar
from lotwise.savings.shadow_rule import ShadowRule
from tests.nightly.told_firm import FIRST, LAST, told_firm

TRACED = ("income", "lots", "realized", "waiting", "years")  # tables of lines


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return told_firm(tmp_path_factory.mktemp("told") / "firm")


@pytest.fixture(scope="module")
def run(folder: Path) -> SavingsRun:
    return told_savings(folder, None, [], ShadowRule(), traced=True)


def row(run: SavingsRun, household: str = "H1") -> dict[str, object]:
    (found,) = run.tables.households.filter(pl.col("household_id") == household).iter_rows(named=True)
    return found


def number(run: SavingsRun, key: str) -> float:
    value = row(run)[key]
    assert isinstance(value, Decimal)
    return float(value)


def test_the_shadow_rebalances_at_the_end_of_the_year_and_the_record_later(run: SavingsRun) -> None:
    """On 15 August B pays both 2 dollars on 500 shares: cash near the hundredth of value that the policy keeps.

    On 31 December the shadow holds 75,000 of A, 50,000 of B and 1,000 of cash; 49.5% of that is 62,370. It sells 12,630
    of A, two thirds of it gain. The record sells 15,000 in January, two thirds of it gain too.
    """
    assert number(run, "tax_shadow") == pytest.approx(12_630 * 2 / 3 * 0.238, abs=0.01)
    assert number(run, "tax_record") == pytest.approx(10_000 * 0.238, abs=0.01)
    assert number(run, "shadow") == pytest.approx(number(run, "tax_shadow") - number(run, "tax_record"), abs=0.01)
    assert number(run, "shadow_ytd") == pytest.approx(-10_000 * 0.238, abs=0.01)


def test_parts_add_up_and_the_fee_is_half_a_percent_of_value(run: SavingsRun) -> None:
    for name, parts in (
        ("rule_of_thumb", ("deferral", "harvesting")),
        ("shadow", ("deferral", "harvesting", "location")),
    ):
        for period in ("", "_ytd"):
            total = sum(Decimal(str(row(run)[f"{name}_{part}{period}"])) for part in parts)
            assert total == row(run)[f"{name}{period}"]
    assert number(run, "fee") == pytest.approx(0.005 * 120_000 * 270 / 365, rel=0.05)
    assert row(run, "H2")["fee"] is None
    assert row(run, "H2")["shadow"] == 0  # a Roth account pays no tax


def test_the_headline_is_the_sum_of_its_lines(run: SavingsRun) -> None:
    lines = run.tables.credits.filter(pl.col("household_id") == "H1")
    assert lines["credit"].sum() == row(run)["rule_of_thumb"]
    harvested = lines.filter(pl.col("source") == "harvesting")["credit"].sum()
    assert harvested == row(run)["rule_of_thumb_harvesting"]
    assert set(lines["lot_id"].to_list()) <= {"L1", "L2"}


def test_what_is_deferred_is_told_on_the_day_the_price_moves(run: SavingsRun) -> None:
    """A at 150 is 60% of value: 12,500 above its half, two thirds of it gain."""
    moved = run.tables.credits.filter((pl.col("day") == date(2025, 9, 2)) & (pl.col("symbol") == "A"))
    assert float(moved["deferred"].sum()) == pytest.approx(12_500 * 2 / 3 * 0.238, rel=0.02)


def test_the_same_folder_is_told_the_same_again_to_the_last_byte(folder: Path, run: SavingsRun, tmp_path: Path) -> None:
    again = told_savings(folder, None, [], ShadowRule(), traced=True)
    for name, each in (("first", run), ("again", again)):
        write_savings(tmp_path / name, each)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert files == sorted(
        [
            *(
                f"savings{name}.{kind}"
                for name in (
                    "",
                    *(f"_{name}" for name in ("accounts", "credits", "firm", "months", "positions", "untold", *TRACED)),
                )
                for kind in ("csv", "parquet")
            ),
            "savings.html",
            "savings.json",
        ]
    )
    for file in files:
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_seldom_and_daily_come_to_the_same_sum(folder: Path, run: SavingsRun) -> None:
    seldom = told_savings(folder, None, ["H1"], ShadowRule())
    assert row(seldom) == row(run)


def test_a_folder_without_a_posted_ledger_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(FolderError, match="lotwise ledger open"):
        told_savings(tmp_path, None, [], ShadowRule())


def test_the_command_line_shows_numbers_lines_and_json(folder: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    shown = runner.invoke(app, ["savings", str(folder), "--household", "H1", "--out", str(tmp_path / "out")])
    assert shown.exit_code == 0, shown.output
    assert "B  against the shadow" in shown.output
    assert "once a year, on the last trading day of December" in " ".join(shown.output.split())
    traced = runner.invoke(app, ["savings", str(folder), "--household", "H1", "--trace"])
    assert "in all" in traced.output
    told = json.loads(runner.invoke(app, ["savings", str(folder), "--json"]).output)
    assert {each["household_id"] for each in told["households"]} == {"H1", "H2"}
    assert told["against_fees"]["households"] == 1
    assert (tmp_path / "out" / "savings.json").exists()
    wrong = runner.invoke(app, ["savings", str(folder), "--household", "H9"])
    assert wrong.exit_code == 2


def test_a_target_of_an_earlier_day_is_that_of_its_day(folder: Path, tmp_path: Path) -> None:
    """Until the last day of January all of it was wanted in A: the shadow sells B, not A, in December."""
    shutil.copytree(folder, tmp_path / "dated")
    weights = "halves,A,1,\nhalves,A,0.5,2026-01-30\nhalves,B,0.5,2026-01-30\n"
    (tmp_path / "dated" / "models.csv").write_text(f"model,symbol,weight,from\n{weights}")
    found = told_savings(tmp_path / "dated", None, ["H1"], ShadowRule())
    assert found.firm.book.models.weight.tolist() == [0.5, 0.5]
    assert number(found, "tax_shadow") == pytest.approx(0, abs=0.01)  # B has no gain
    held = found.told.months.gains[-1, 0, 1] / 10_000
    assert held == pytest.approx(50_000, rel=0.01)  # all of A is still there


def test_an_archived_telling_is_held_against_the_folder_of_now(folder: Path, run: SavingsRun, tmp_path: Path) -> None:
    write_savings(tmp_path / "told", run)
    runner = CliRunner()
    same = runner.invoke(app, ["savings", str(folder), "--check", str(tmp_path / "told")])
    assert same.exit_code == 0, same.output
    assert "every figure comes out as it was told" in same.output
    shutil.copytree(folder, tmp_path / "other")
    prices = tmp_path / "other" / "prices.csv"
    prices.write_text(prices.read_text().replace("2026-02-27,A,150,150", "2026-02-27,A,151,151"))
    found = compare_savings(tmp_path / "told", told_savings(tmp_path / "other", None, [], ShadowRule(band=0.1)))
    assert found.changed_households == ("H1", "H2")
    assert found.changed_inputs == ("prices.csv",)
    assert found.changed_settings == ("shadow_rule",)
    with pytest.raises(FolderError, match="lotwise savings --out"):
        compare_savings(tmp_path, run)


def test_the_day_is_what_the_last_trading_day_changed(folder: Path) -> None:
    """On 15 January 10,000 of gain are realised and what was deferred is taken back; the day after nothing happens."""
    sale = told_savings(folder, date(2026, 1, 15), [], ShadowRule(), traced=True)
    assert number(sale, "shadow_day") == number(sale, "shadow_ytd") == pytest.approx(-10_000 * 0.238, abs=0.01)
    lines = sale.tables.credits.filter(pl.col("day") == date(2026, 1, 15))
    assert lines.height > 0
    assert row(sale)["rule_of_thumb_day"] == lines["credit"].sum()
    after = told_savings(folder, date(2026, 1, 16), [], ShadowRule())
    for name in ("rule_of_thumb", "shadow", "present_value"):
        assert row(after)[f"{name}_day"] == 0
        assert row(after)[name] == row(sale)[name]
        parts = ("deferral", "harvesting") if name == "rule_of_thumb" else ("deferral", "harvesting", "location")
        assert sum(Decimal(str(row(sale)[f"{name}_{part}_day"])) for part in parts) == row(sale)[f"{name}_day"]


def test_a_first_day_after_the_last_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="since must be on or before the day that is told, 2026-02-27; was 2026-02-28"):
        told_savings(folder, None, [], ShadowRule(), since=date(2026, 2, 28))


def test_days_add_up_to_the_year(folder: Path) -> None:
    days = [date(2026, 1, day) for day in (2, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16)]
    told = [told_savings(folder, day, ["H1"], ShadowRule()) for day in days]
    for name in ("rule_of_thumb", "shadow", "present_value"):
        assert sum(number(each, f"{name}_day") for each in told) == pytest.approx(
            number(told[-1], f"{name}_ytd"), abs=0.01
        )


def test_the_firm_is_the_sum_of_its_households(run: SavingsRun) -> None:
    totals = {(row["number"], row["period"]): row for row in run.tables.firm.iter_rows(named=True)}
    for period, ending in (("since", ""), ("ytd", "_ytd"), ("day", "_day")):
        for name in ("rule_of_thumb", "shadow", "present_value"):
            assert totals[name, period]["total"] == run.tables.households[f"{name}{ending}"].sum()
    assert totals["fee", "since"]["total"] == row(run)["fee"]
    assert totals["rule_of_thumb", "since"]["location"] is None


def spoiled(folder: Path, copy: Path) -> Path:
    """The folder with a rate of H2 that is none, and a household H3 that the ledger knows nothing of."""
    shutil.copytree(folder, copy)
    households = copy / "households.csv"
    households.write_text(
        households.read_text().replace("H2,halves,single,0.408", "H2,halves,single,a lot")
        + "H3,halves,single,0.408,0.238,0,50\n"
    )
    with (copy / "accounts.csv").open("a") as file:
        file.write("A3,H3,taxable,100\n")
    return copy


def test_one_bad_household_is_named_and_the_others_are_told(folder: Path, run: SavingsRun, tmp_path: Path) -> None:
    found = told_savings(spoiled(folder, tmp_path / "bad"), None, [], ShadowRule())
    assert row(found) == row(run)
    assert found.tables.households["household_id"].to_list() == ["H1"]
    why = dict(found.tables.untold.iter_rows())
    assert "households.csv:3 [federal_short_rate]" in why["H2"]
    assert "a lot" in why["H2"]
    assert "in the ledger" in why["H3"]
    assert found.without_sound_data == 1
    shown = CliRunner().invoke(app, ["savings", str(tmp_path / "bad"), "--out", str(tmp_path / "out")])
    assert shown.exit_code == 1, shown.output
    said = " ".join(shown.output.split())
    assert "Without figures (2): H2: households.csv:3 [federal_short_rate]" in said
    page = (tmp_path / "out" / "savings.html").read_text()
    assert "a lot" in page
    alone = CliRunner().invoke(app, ["savings", str(tmp_path / "bad"), "--household", "H2"])
    assert "nothing to tell" in alone.output


def test_the_command_says_where_the_page_lies_and_a_later_run_has_no_credits_of_an_earlier(
    folder: Path, tmp_path: Path
) -> None:
    runner, out = CliRunner(), tmp_path / "out"
    traced = runner.invoke(app, ["savings", str(folder), "--out", str(out), "--trace"])
    assert traced.exit_code == 0
    assert (out / "savings_credits.csv").exists()
    plain = runner.invoke(app, ["savings", str(folder), "--out", str(out)])
    assert f"page: {out / 'savings.html'}" in plain.output
    assert not (out / "savings_credits.csv").exists()
    refused = runner.invoke(app, ["savings", str(folder), "--out", str(folder)])
    assert refused.exit_code == 2
    totals = json.loads((out / "savings.json").read_text())["totals"]
    assert totals["shadow"]["since"] == str(pl.read_parquet(out / "savings.parquet")["shadow"].sum())


def test_the_page_of_a_run_has_the_figures_of_its_day_or_the_command(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    assert saved_so_far(tmp_path, out, LAST) is None  # nothing has been posted there
    assert saved_so_far(folder, out, LAST) == SavedSoFar(None, None, "")
    run = told_savings(folder, None, [], ShadowRule())
    write_savings(out, run)
    since, year = (Decimal(str(run.tables.households[name].sum())) for name in ("shadow", "shadow_ytd"))
    assert saved_so_far(folder, out, LAST) == SavedSoFar(since, year, "savings.html")
    assert saved_so_far(folder, out, FIRST) == SavedSoFar(None, None, "")
    (out / "savings.json").write_text("{")
    assert saved_so_far(folder, out, LAST) == SavedSoFar(None, None, "")


def test_a_run_beside_the_page_of_taxes_saved_leads_to_it(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    run_folder(folder, out, formats=("csv",))
    assert "lotwise savings FOLDER --out RESULTS" in (out / "run.html").read_text()
    write_savings(out, told_savings(folder, None, [], ShadowRule()))
    run_folder(folder, out, formats=("csv",))
    assert '<a href="savings.html">' in (out / "run.html").read_text()
    assert (out / "savings.html").exists()
