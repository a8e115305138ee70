"""Taxes saved on paper against what was told of the same folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lotwise.money import DOLLAR
from lotwise.nightly.documents import Wanted, print_documents
from lotwise.nightly.saved_since import CAVEATS, saved_record
from lotwise.nightly.savings import SavingsRun, told_savings
from lotwise.reports.documents.figures import TaxesSaved
from lotwise.savings.shadow_rule import Order, Schedule, ShadowRule
from tests.nightly.told_firm import LAST, told_firm
from tests.reports.documents.printed_pages import pages


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return told_firm(tmp_path_factory.mktemp("told") / "firm")


@pytest.fixture(scope="module")
def run(folder: Path) -> SavingsRun:
    return told_savings(folder, None, [], ShadowRule(band=0.2))


@pytest.fixture(scope="module")
def saved(run: SavingsRun) -> TaxesSaved:
    found = saved_record(run).of(0)
    assert found is not None
    return found


def test_the_figures_are_those_of_the_tables(run: SavingsRun, saved: TaxesSaved) -> None:
    row = run.tables.households.row(0, named=True)
    for period, measured in (("", saved.since_inception), ("_ytd", saved.year_to_date)):
        for name in ("rule_of_thumb", "shadow", "present_value"):
            assert Decimal(getattr(measured, name).total) / DOLLAR == row[f"{name}{period}"]
            assert Decimal(getattr(measured, name).deferral) / DOLLAR == row[f"{name}_deferral{period}"]
        assert measured.fee is not None
        assert Decimal(measured.fee) / DOLLAR == row[f"fee{period}"]
    assert (saved.household_id, saved.as_of, saved.inception) == ("H1", LAST, row["since"])
    assert saved.months[-1].day == LAST
    assert len(saved.months) == run.tables.months.filter(household_id="H1").height


def test_years_are_the_tax_that_sales_caused(run: SavingsRun, saved: TaxesSaved) -> None:
    """At own rates nothing but sales is taxed: the tax of the record is all of it."""
    row = run.tables.households.row(0, named=True)
    assert [year.year for year in saved.years] == [2025, 2026]
    assert Decimal(sum(year.shadow for year in saved.years)) / DOLLAR == row["tax_shadow"]
    assert Decimal(sum(year.actual for year in saved.years)) / DOLLAR == row["tax_record"]
    assert saved.years[-1].actual > 0  # the sale of January


def test_the_rule_is_printed_part_by_part(saved: TaxesSaved) -> None:
    assert len(saved.shadow_rule) == 4
    assert saved.shadow_rule[0].startswith("Each account rebalances to its target once a year")
    assert saved.shadow_rule[1] == "A name within 20% of its target stays."
    assert saved.shadow_rule[2] == "Lots are sold oldest first."
    assert saved.caveats == CAVEATS


def test_a_household_without_a_record_has_no_page(run: SavingsRun) -> None:
    run.tables.households.row(1)  # it has one: a Roth account, without a fee
    other = saved_record(run).of(1)
    assert other is not None
    assert other.since_inception.fee is None
    assert other.since_inception.shadow.total == 0
    alone = run.tables._replace(households=run.tables.households.head(1))
    assert saved_record(replace(run, tables=alone)).of(1) is None


def test_a_folder_with_a_ledger_gets_all_three(folder: Path, tmp_path: Path) -> None:
    rule = ShadowRule(Schedule.QUARTERLY, relief=Order.HIFO)
    report = print_documents(folder, tmp_path, Wanted(["H1"], formats=["pdf"], rule=rule))
    assert report.failures == ()
    assert sorted(path.name for path in (tmp_path / "H1").iterdir()) == [
        "gains-2026.pdf",
        "holdings.pdf",
        "savings.pdf",
    ]
    text = " ".join(pages((tmp_path / "H1" / "savings.pdf").read_bytes()))
    assert "every quarter, on its last trading day" in text
    assert "Lots are sold highest cost first." in text
    assert f"{date(2025, 6, 2):%m/%d/%Y}" in text
