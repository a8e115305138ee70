"""The liability equals the Code in fractions, moves without jumps, never falls with gains, and loses no loss."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.ledger.events import MISSING
from lotwise.money import DOLLAR, FULL_RATE, Money, Rate
from lotwise.tax.liability import LIABILITY, liabilities, liability, load_law
from lotwise.tax.netting import net_gains
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import LARGEST, POSITION, TaxPosition, blank_positions, position_of, positions
from tests.tax.households import around, dollars, employee, federal_law, tax_positions
from tests.tax.reference_return import carryover_worksheet, reference_return

LOSSES = around(-60_000 * DOLLAR, -3_000 * DOLLAR, -1_500 * DOLLAR, 0, 3_000 * DOLLAR, 60_000 * DOLLAR)


@given(tax_positions())
def test_it_is_the_code_in_fractions(position: TaxPosition) -> None:
    result, exact = liability(position, federal_law()), reference_return(position)
    assert result.adjusted_gross_income == exact.adjusted_gross_income
    assert result.taxable_income == exact.taxable_income
    assert (result.short_carryforward, result.long_carryforward) == (exact.short_carried, exact.long_carried)
    # Three products are rounded once each: half a unit of a ten-thousandth of a dollar.
    assert abs(result.income_tax - exact.income_tax) <= Fraction(3, 2)
    assert abs(result.investment_tax - exact.investment_tax) <= Fraction(1, 2)
    assert result.total == result.income_tax + result.investment_tax


@given(tax_positions(cents=True))
def test_whole_cents_are_taxed_without_rounding(position: TaxPosition) -> None:
    assert liability(position, federal_law()).income_tax == reference_return(position).income_tax


@given(LOSSES, LOSSES, LOSSES, st.sampled_from([3_000 * DOLLAR, 1_500 * DOLLAR]))
def test_netting_is_the_printed_worksheet(short: int, long: int, income: int, limit: int) -> None:
    netting = net_gains(Money(short), Money(long), Money(income), Money(limit))
    printed = carryover_worksheet(short, long, income, limit)
    assert (netting.deduction, netting.short_carryforward, netting.long_carryforward) == printed


@given(tax_positions())
def test_no_loss_is_lost_or_made(position: TaxPosition) -> None:
    """What comes in and what is lost equals what is netted, what is used against income and what goes on."""
    result = liability(position, federal_law())
    net = result.net_short + result.net_long
    if net >= 0:
        assert result.capital_gain == net
        assert result.short_carryforward == result.long_carryforward == 0
        return
    income = (position.ordinary_income or 0) + position.qualified_dividends
    used = min(-result.capital_gain, max(income, 0))
    assert used + result.short_carryforward + result.long_carryforward == -net
    assert result.short_carryforward <= max(-result.net_short, 0)
    assert result.long_carryforward <= max(-result.net_long, 0)


@given(tax_positions(), st.sampled_from(["short_gains", "long_gains"]), st.sampled_from([1, -1]))
def test_a_unit_of_gain_moves_the_tax_by_less_than_a_unit_and_its_rounding(
    position: TaxPosition, name: str, step: int
) -> None:
    moved = replace(position, **{name: getattr(position, name) + step})
    change = liability(moved, federal_law()).total - liability(position, federal_law()).total
    assert -2 <= step * change <= 3


@given(tax_positions(cents=True), st.sampled_from(["short_gains", "long_gains"]), st.integers(1, 2_000_000))
def test_tax_never_falls_with_gains(position: TaxPosition, name: str, cents: int) -> None:
    more = replace(position, **{name: getattr(position, name) + 100 * cents})
    assert liability(more, federal_law()).total >= liability(position, federal_law()).total


@given(st.lists(tax_positions(), min_size=1, max_size=20))
def test_columns_say_what_objects_say(households: list[TaxPosition]) -> None:
    table = positions(households)
    assert [position_of(row) for row in table] == households
    rows = liabilities(table, federal_law())
    for household, row in zip(households, rows, strict=True):
        single = liability(household, federal_law())
        assert {name: int(row[name]) for name in LIABILITY.names or ()} == {
            name: getattr(single, name) for name in LIABILITY.names or ()
        }


def test_own_rates_keep_netting_limit_and_carryovers() -> None:
    position = TaxPosition(
        2025,
        FilingStatus.MARRIED_JOINT,
        short_rate=Rate(408_000_000),
        long_rate=Rate(238_000_000),
        short_gains=dollars(-10_000),
        long_gains=dollars(2_000),
    )
    loss = liability(position, federal_law())
    assert loss.total == dollars(-1_224)  # 3,000 at 40.8 percent
    assert (loss.short_carryforward, loss.long_carryforward) == (dollars(5_000), 0)
    gain = liability(replace(position, long_gains=dollars(30_000), qualified_dividends=dollars(1_000)), federal_law())
    assert gain.total == dollars(21_000) * 238 // 1000
    both = liability(replace(position, short_gains=dollars(1_000)), federal_law())
    assert both.total == dollars(408 + 476)


def test_an_own_state_rate_taxes_all_income() -> None:
    plain = employee(2025, FilingStatus.SINGLE, 100_000, short=4_000, long=6_000, qualified=1_000)
    rated = replace(plain, state_rate=Rate(50_000_000))
    without, with_state = liability(plain, federal_law()), liability(rated, federal_law())
    assert with_state.state_tax == without.taxable_income // 20
    assert with_state.total == without.total + with_state.state_tax
    own = replace(rated, short_rate=Rate(300_000_000), long_rate=Rate(200_000_000))
    assert liability(own, federal_law()).total == dollars(1_200 + 1_400) + dollars(11_000) // 20


def test_magi_is_estimated_from_the_standard_deduction() -> None:
    position = employee(2026, FilingStatus.HEAD_OF_HOUSEHOLD, 190_000, long=30_000)
    estimated = replace(position, magi=None)
    assert liability(estimated, federal_law()) == liability(position, federal_law())


@pytest.mark.parametrize("year", [2017, 2027, -5])
def test_a_year_that_is_not_kept_is_said(year: int) -> None:
    position = TaxPosition(year, FilingStatus.SINGLE, ordinary_income=dollars(50_000))
    with pytest.raises(ValueError, match=f"the federal law of {year} is not kept"):
        liability(position, federal_law())
    rows = liabilities(positions([position, replace(position, year=2020)]), federal_law())
    assert [int(rows[i]["total"]) == MISSING for i in range(2)] == [True, False]


def test_a_household_without_income_or_rates_gets_no_figure() -> None:
    rows = liabilities(blank_positions(3, 2024), federal_law())
    assert all((rows[name] == MISSING).all() for name in LIABILITY.names or ())


@pytest.mark.parametrize("status", [-1, 4, 100])
def test_an_unknown_filing_status_gets_no_figure(status: int) -> None:
    table = blank_positions(1, 2024)
    table["ordinary_income"] = 0
    table["filing_status"] = status
    assert int(liabilities(table, federal_law())[0]["total"]) == MISSING


def test_a_table_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="rows of POSITION"):
        liabilities(np.zeros(2, np.int64), federal_law())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"short_carryforward": Money(-1)}, "short_carryforward must not be negative, was -1"),
        ({"qualified_dividends": Money(-5)}, "qualified_dividends must not be negative"),
        ({"short_rate": Rate(1)}, "given together"),
        ({"ordinary_income": None}, "either ordinary_income or short_rate and long_rate"),
        ({"state_rate": Rate(-FULL_RATE)}, "state_rate must not be negative"),
    ],
)
def test_a_position_that_cannot_be_is_refused(fields: dict[str, Money | Rate | None], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TaxPosition(2024, FilingStatus.SINGLE, **({"ordinary_income": Money(0)} | fields))  # type: ignore[arg-type]


def test_amounts_no_household_can_have_get_no_figure() -> None:
    table = positions([TaxPosition(2024, FilingStatus.SINGLE, ordinary_income=Money(0))] * 3)
    table["long_gains"] = [LARGEST, LARGEST + 1, MISSING]
    assert (liabilities(table, federal_law())["total"] == MISSING).tolist() == [False, True, True]
    with pytest.raises(ValueError, match="long_gains must be at most"):
        TaxPosition(2024, FilingStatus.SINGLE, ordinary_income=Money(0), long_gains=Money(LARGEST + 1))


def test_a_state_joins_the_total() -> None:
    """Illinois: 4.95 percent of income (35 ILCS 5/201(b)(5.4)), which is federal taxable income here."""
    law = load_law()
    row = law.states.row("IL", 2024)
    position = employee(2024, FilingStatus.SINGLE, 100_000, short=4_000, long=6_000, qualified=1_000)
    result = liability(replace(position, state=row), law)
    assert result.state_tax == result.taxable_income * 495 // 10_000
    assert result.total == result.income_tax + result.investment_tax + result.state_tax


def test_a_state_without_the_federal_loss_deduction_taxes_income_before_it() -> None:
    """Pennsylvania: losses offset gains of the same year only (72 P.S. 7303(a)(3)); 3.07 percent (72 P.S. 7302)."""
    law = load_law()
    position = employee(2024, FilingStatus.SINGLE, 100_000, short=-9_000)
    result = liability(replace(position, state=law.states.row("PA", 2024)), law)
    assert result.taxable_income == dollars(100_000 - 14_600 - 3_000)
    assert result.state_tax == dollars(100_000 - 14_600) * 307 // 10_000


@pytest.mark.parametrize("row", [10**6, -7])
def test_a_row_that_is_no_states_is_refused(row: int) -> None:
    position = employee(2024, FilingStatus.SINGLE, 100_000)
    with pytest.raises(ValueError, match="row of the states' law"):
        liability(replace(position, state=row), load_law())


def test_a_states_law_of_another_year_is_refused() -> None:
    position = employee(2024, FilingStatus.SINGLE, 100_000)
    with pytest.raises(ValueError, match="of the household's year"):
        liability(replace(position, state=load_law().states.row("IL", 2023)), load_law())


def test_every_column_is_a_whole_number() -> None:
    for table in (POSITION, LIABILITY):
        assert all(np.issubdtype(table[name], np.integer) for name in table.names or ())
