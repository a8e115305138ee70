"""Rates on what securities pay out, worked by hand from the law's own figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from lotwise.ledger.events import MISSING
from lotwise.money import FULL_RATE, Rate
from lotwise.tax.dividend_rates import dividend_rates
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import TaxPosition, blank_positions, positions
from lotwise.tax.return_lines import load_law
from tests.tax.households import dollars, federal_law, tax_positions
from tests.tax.test_household_rates import COUPLE

# COUPLE: joint, 2025, 230,000 of taxable and 240,000 of modified adjusted gross income: brackets of 24% and 15%; 3.8%
# of investment income from 250,000 on.


def rates(position: TaxPosition) -> list[float]:
    found = dividend_rates(positions([position]), federal_law())
    return [each[0] / FULL_RATE for each in found]


def test_interest_is_taxed_by_brackets_and_qualified_dividends_as_long_term_gains() -> None:
    assert rates(COUPLE) == [0.24, 0.15]


def test_both_bear_the_tax_on_investment_income_past_its_threshold() -> None:
    assert rates(replace(COUPLE, magi=dollars(250_000))) == pytest.approx([0.278, 0.188], abs=1e-12)


def test_a_threshold_within_the_next_thousand_dollars_makes_an_average() -> None:
    assert rates(replace(COUPLE, magi=dollars(249_500))) == pytest.approx([0.24 + 0.019, 0.15 + 0.019], abs=1e-12)


def test_a_carryforward_makes_gains_free_and_no_dividend() -> None:
    assert rates(replace(COUPLE, long_carryforward=dollars(50_000))) == [0.24, 0.15]


def test_low_incomes_pay_no_tax_on_qualified_dividends() -> None:
    # 2025, joint: 10% up to 23,850; qualified dividends are free up to 96,700 of taxable income.
    assert rates(replace(COUPLE, ordinary_income=dollars(20_000), magi=dollars(50_000))) == [0.10, 0.0]


def test_income_below_what_deductions_use_up_pays_nothing() -> None:
    assert rates(replace(COUPLE, ordinary_income=dollars(-20_000), magi=dollars(10_000))) == [0.0, 0.0]


def test_rates_of_its_own_stand_for_the_law() -> None:
    own = TaxPosition(2025, FilingStatus.SINGLE, short_rate=Rate(370_000_000), long_rate=Rate(200_000_000))
    assert rates(own) == [0.37, 0.2]
    assert rates(replace(own, state_rate=Rate(50_000_000))) == [0.42, 0.25]


def test_rates_of_its_own_go_with_the_law_of_a_state() -> None:
    law = load_law()
    row = law.states.row("CA", 2025)
    own = TaxPosition(
        2025,
        FilingStatus.SINGLE,
        ordinary_income=dollars(100_000),
        short_rate=Rate(240_000_000),
        long_rate=Rate(150_000_000),
        state=row,
    )
    # California taxes both as income: 9.3% from 70,606 to 360,659 (2024), and much the same thresholds after.
    found = dividend_rates(positions([own]), law)
    assert [each[0] / FULL_RATE for each in found] == pytest.approx([0.333, 0.243], abs=1e-9)


def test_a_flat_state_rate_is_added_to_the_law_at_an_income() -> None:
    assert rates(replace(COUPLE, state_rate=Rate(50_000_000))) == pytest.approx([0.29, 0.20], abs=1e-12)


def test_what_the_law_does_not_cover_has_no_rate() -> None:
    found = dividend_rates(blank_positions(1, 2025), federal_law())
    assert [each.tolist() for each in found] == [[0], [0]]
    assert blank_positions(1, 2025)["ordinary_income"][0] == MISSING


@given(position=tax_positions())
def test_rates_are_fractions_and_the_preferred_one_is_no_more(position: TaxPosition) -> None:
    ordinary, qualified = rates(position)
    assert 0.0 <= qualified <= 1.0
    assert 0.0 <= ordinary <= 1.0
    if position.short_rate is None:
        assert qualified <= ordinary + 1e-6  # of lines rounded to a ten-thousandth of a dollar


def test_each_household_of_a_table_has_its_own() -> None:
    table = positions([COUPLE, replace(COUPLE, magi=dollars(250_000))])
    found = np.stack(dividend_rates(table, federal_law())) / FULL_RATE
    assert found.T.tolist() == [[0.24, 0.15], [0.278, 0.188]]
