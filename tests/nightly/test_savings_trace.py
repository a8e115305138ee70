"""Numbers B and C add up from their lines: headline, year, figure, and the lot and the day on both sides."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from lotwise.cli import app
from lotwise.interchange.savings_trace import TraceTables
from lotwise.nightly.savings import SavingsRun, told_savings, write_savings
from lotwise.savings.shadow_rule import ShadowRule
from tests.nightly.told_firm import told_firm


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return told_firm(tmp_path_factory.mktemp("told") / "firm")


@pytest.fixture(scope="module")
def run(folder: Path) -> SavingsRun:
    return told_savings(folder, None, [], ShadowRule(), traced=True)


@pytest.fixture(scope="module")
def lines(run: SavingsRun) -> TraceTables:
    assert run.trace is not None
    return run.trace


def headline(run: SavingsRun, key: str) -> Decimal:
    value = run.tables.households.filter(pl.col("household_id") == "H1")[key][0]
    assert isinstance(value, Decimal)
    return value


def of(table: pl.DataFrame, side: str) -> pl.DataFrame:
    return table.filter((pl.col("household_id") == "H1") & (pl.col("side") == side))


def test_b_is_the_difference_of_the_taxes_of_the_years(run: SavingsRun, lines: TraceTables) -> None:
    taxes = {side: Decimal(str(of(lines.years, side)["tax"].sum())) for side in ("record", "shadow")}
    assert taxes["shadow"] - taxes["record"] == headline(run, "shadow")
    assert taxes == {side: headline(run, f"tax_{side}") for side in taxes}


@pytest.mark.parametrize("side", ["record", "shadow"])
def test_the_figures_of_a_year_are_sums_of_its_lines(lines: TraceTables, side: str) -> None:
    for year in of(lines.years, side).iter_rows(named=True):
        sales = of(lines.realized, side).filter(pl.col("day").dt.year() == year["year"])
        for term in ("short", "long"):
            own = sales.filter(pl.col("term") == term)["gain"]
            assert own.filter(own >= 0).sum() == year[f"{term}_gain"]
            assert own.filter(own < 0).sum() == year[f"{term}_loss"]
        paid = of(lines.income, side).filter(pl.col("day").dt.year() == year["year"])
        for word in ("ordinary", "qualified", "distributed"):
            assert paid.filter(pl.col("income") == word)["amount"].sum() == year[word]


def test_sales_are_named_by_lot_and_day_on_both_sides(lines: TraceTables) -> None:
    """The shadow sells A when December ends, the record in January; both of the lot of 2020."""
    for side, day in (("record", date(2026, 1, 15)), ("shadow", date(2025, 12, 31))):
        (sale,) = of(lines.realized, side).iter_rows(named=True)
        assert (sale["day"], sale["symbol"], sale["lot_id"], sale["term"]) == (day, "A", "L1", "long")
        assert sale["acquired"] == date(2020, 1, 2)
        assert sale["proceeds"] - sale["basis"] + sale["disallowed"] == sale["gain"]
    bought = of(lines.lots, "shadow").filter(pl.col("acquired") == date(2025, 12, 31))["lot_id"].to_list()
    assert all(lot.startswith("s") for lot in bought)
    assert bought


def test_c_is_b_less_the_growth_of_the_tax_that_waits(run: SavingsRun, lines: TraceTables) -> None:
    (row,) = lines.waiting.filter(pl.col("household_id") == "H1").iter_rows(named=True)
    assert row["shadow"] - row["growth"] == row["present_value"] == headline(run, "present_value")
    assert row["waits_record"] - row["waits_shadow"] == row["growth"]
    assert row["growth_deferral"] + row["growth_harvesting"] + row["growth_location"] == row["growth"]
    for side in ("record", "shadow"):
        assert of(lines.lots, side)["gain"].sum() == row[f"unrealised_{side}"] == headline(run, f"unrealised_{side}")
        waits = row["long_rate"] * (row["later"] * float(row[f"unrealised_{side}"]) - float(row[f"carried_{side}"]))
        assert float(row[f"waits_{side}"]) == pytest.approx(waits, abs=0.001)


def test_json_and_tables_hold_every_line(folder: Path, run: SavingsRun, lines: TraceTables, tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["savings", str(folder), "--household", "H1", "--trace", "--json"])
    said = json.loads(shown.stdout)
    total = sum(Decimal(str(each["credit"])) for each in said["credits"])
    assert float(total) == pytest.approx(float(headline(run, "rule_of_thumb")), abs=1e-6)
    for name, table in lines._asdict().items():
        assert len(said[name]) == table.filter(pl.col("household_id") == "H1").height
    write_savings(tmp_path / "out", run)
    assert pl.read_parquet(tmp_path / "out" / "savings_realized.parquet").equals(lines.realized)
    write_savings(tmp_path / "out", told_savings(folder, None, ["H1"], ShadowRule()))
    assert not (tmp_path / "out" / "savings_realized.csv").exists()


def test_a_terminal_goes_from_the_year_to_the_lot(folder: Path) -> None:
    shown = CliRunner().invoke(app, ["savings", str(folder), "--household", "H1", "--trace"])
    said = " ".join(shown.output.split())
    for words in ("B: 2025, tax of the shadow less that of the record", "B: sales of the shadow", "C of H1", "L1"):
        assert words in said
