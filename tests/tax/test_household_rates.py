"""Four rates of households worked by hand from the law's own figures, and what must hold of any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.ledger.events import MISSING
from lotwise.money import DOLLAR, FULL_RATE, IntArray, Money, Rate
from lotwise.tax.household_rates import household_rates
from lotwise.tax.liability import liability
from lotwise.tax.marginal import marginal
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import TaxPosition, blank_positions, positions
from tests.tax.households import dollars, federal_law, tax_positions

# 2025, joint: 24% of taxable income from 206,700 to 394,600 and 15% of gains from 96,700 to 600,050 (Rev. Proc. 2024-40
# sections 2.01 and 2.03); 3.8% of investment income where modified adjusted gross income passes 250,000 (26 U.S.C.
# 1411(b)); 3,000 dollars of net loss deducted (26 U.S.C. 1211(b)).
COUPLE = TaxPosition(
    2025, FilingStatus.MARRIED_JOINT, ordinary_income=dollars(230_000), magi=dollars(240_000), state=-1
)
UNSET = MISSING


def rates(
    position: TaxPosition, loss: int = 0, carried: str = "0.8", usability: int = UNSET, gain: int = 0
) -> list[float]:
    """Short, long, and losses short and long, as fractions; `loss`, `gain` in dollars, `usability` in billionths."""

    def one(amount: int) -> IntArray:
        return np.array([amount], np.int64)

    value = one(round(float(carried) * FULL_RATE))
    amounts = one(loss * DOLLAR), one(gain * DOLLAR)
    found = household_rates(positions([position]), federal_law(), amounts, value, one(usability))
    return [each / FULL_RATE for each in found[0].tolist()]


def test_a_couple_in_the_24_percent_bracket_pays_24_and_15_percent() -> None:
    assert rates(COUPLE)[:2] == [0.24, 0.15]


def test_gains_that_push_income_past_the_threshold_bear_the_tax_on_investment_income() -> None:
    assert rates(replace(COUPLE, long_gains=dollars(9_999)))[:2] == [0.24, 0.15]
    assert rates(replace(COUPLE, long_gains=dollars(10_000)))[:2] == [0.278, 0.188]


@pytest.mark.parametrize(
    ("loss", "worth"),
    [
        (0, 0.24),  # averaged over a dollar at least
        (3_000, 0.24),
        (10_000, (3_000 * 0.24 + 7_000 * 0.8 * 0.15) / 10_000),
        (100_000, (3_000 * 0.24 + 97_000 * 0.8 * 0.15) / 100_000),
    ],
)
def test_a_loss_beyond_the_limit_on_its_deduction_is_worth_what_a_carried_one_is(loss: int, worth: float) -> None:
    assert rates(COUPLE, loss)[2:] == pytest.approx([worth, worth], abs=2e-9)


def test_a_carried_loss_is_worth_what_the_household_says() -> None:
    assert rates(COUPLE, 6_000, carried="0")[2:] == [0.12, 0.12]
    assert rates(COUPLE, 6_000, carried="1")[2:] == [0.195, 0.195]


def test_a_loss_first_offsets_the_gains_of_the_year_and_the_tax_on_investment_income() -> None:
    # 15,000 of gain less 10,000: 15% of it, and 3.8% of the 5,000 by which income passed 250,000.
    gaining = replace(COUPLE, long_gains=dollars(15_000))
    assert rates(gaining, 10_000)[2:] == pytest.approx([0.169, 0.169], abs=1e-9)
    # Against a short-term gain the dollar saves 24%.
    assert rates(replace(COUPLE, short_gains=dollars(10_000)), 10_000)[2:] == pytest.approx([0.24, 0.24])


def test_a_carryforward_makes_gains_free_and_more_losses_worthless() -> None:
    carrying = replace(COUPLE, long_carryforward=dollars(50_000))
    assert rates(carrying, 10_000) == [0.0, 0.0, 0.0, 0.0]
    # Below 3,000 of it left, a gain takes the place of what would be deducted from income at 24%.
    assert rates(replace(COUPLE, long_carryforward=dollars(3_000)))[:2] == [0.24, 0.24]


def test_a_carried_loss_is_worth_no_more_than_a_first_long_term_gain_costs() -> None:
    # 3,000 of loss are deducted already: the next gain costs 24%, the next loss is carried, against gains at 15%.
    assert rates(replace(COUPLE, long_gains=dollars(-3_000)), 10_000) == [0.24, 0.24, 0.12, 0.12]


def test_gains_that_go_past_a_threshold_are_taxed_at_their_average() -> None:
    assert rates(COUPLE, gain=10_000)[:2] == [0.24, 0.15]  # up to the threshold of 250,000
    # 20,000 of gain: 10,000 of it beyond the threshold, at 3.8% more.
    assert rates(COUPLE, gain=20_000)[:2] == pytest.approx([0.259, 0.169], abs=1e-9)


def test_a_carryforward_makes_no_more_gains_free_than_it_absorbs() -> None:
    # 3,000 of it would be deducted from income at 24%; 1,000 more absorbs gains at no cost; 6,000 bear 15%.
    carrying = replace(COUPLE, long_carryforward=dollars(4_000))
    assert rates(carrying, gain=1_000)[:2] == [0.0, 0.0]
    assert rates(carrying, gain=10_000)[1] == pytest.approx((3_000 * 0.24 + 6_000 * 0.15) / 10_000, abs=1e-9)


def test_own_rates_stand_for_brackets_but_not_for_netting_and_limit() -> None:
    own = replace(COUPLE, short_rate=Rate(300_000_000), long_rate=Rate(200_000_000))
    assert rates(own, 1_000) == [0.3, 0.2, 0.3, 0.3]
    assert rates(own, 6_000) == pytest.approx([0.3, 0.2, (3 * 0.3 + 3 * 0.8 * 0.2) / 6, (3 * 0.3 + 3 * 0.16) / 6])
    assert rates(replace(own, short_carryforward=dollars(9_000)))[:2] == [0.0, 0.0]


def test_a_stated_usability_is_a_share_of_the_rates_of_gains() -> None:
    assert rates(COUPLE, 90_000, usability=FULL_RATE) == [0.24, 0.15, 0.24, 0.15]
    assert rates(COUPLE, 90_000, usability=FULL_RATE // 2) == [0.24, 0.15, 0.12, 0.075]
    assert rates(COUPLE, 90_000, usability=0)[2:] == [0.0, 0.0]


def test_a_household_that_the_law_does_not_cover_has_no_rates() -> None:
    nobody = blank_positions(2, 2025)
    nothing = np.zeros(2, np.int64)
    amounts = nothing, nothing
    assert household_rates(nobody, federal_law(), amounts, nothing, nothing + UNSET).tolist() == [(0, 0, 0, 0)] * 2


@given(tax_positions(), st.integers(1_000, 500_000), st.integers(0, 10))
def test_the_worth_of_a_loss_is_the_average_of_what_it_saves_and_carries(
    position: TaxPosition, loss: int, tenths: int
) -> None:
    law = federal_law()
    over = loss * DOLLAR
    lost = replace(position, short_gains=Money(position.short_gains - over))
    before, after = liability(position, law), liability(lost, law)
    found = rates(position, loss, carried=f"0.{tenths}" if tenths < 10 else "1")
    carried = after.short_carryforward + after.long_carryforward
    carried -= before.short_carryforward + before.long_carryforward
    alone = replace(position, short_gains=position.short_carryforward, long_gains=position.long_carryforward)
    later = min(found[1], max(marginal(alone, law).long_gain.tax / FULL_RATE, 0.0))
    worth = (before.total - after.total + carried * tenths / 10 * later) / over
    assert found[2] == pytest.approx(min(max(worth, 0.0), 1.0), abs=1e-7)
    assert all(0.0 <= rate <= 1.0 for rate in found)
