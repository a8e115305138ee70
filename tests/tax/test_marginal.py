"""The slope said is the slope of the liability, up to the reach said, and another beyond it."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lotwise.ledger.events import MISSING
from lotwise.money import DOLLAR, FULL_RATE, Money, Rate
from lotwise.tax.liability import Law, Liability, liability, load_law
from lotwise.tax.marginal import NEVER, Direction, Slope, marginal, marginals
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import TaxPosition, blank_positions, positions
from tests.tax.households import dollars, federal_law, tax_positions

DIRECTIONS = st.sampled_from(Direction)
ROUNDING = 4  # units of a ten-thousandth of a dollar: lines of two returns, each rounded
FAR = 10_000_000 * DOLLAR


def moved(position: TaxPosition, direction: Direction, by: int) -> TaxPosition:
    name = "short_gains" if direction in (Direction.SHORT_GAIN, Direction.SHORT_LOSS) else "long_gains"
    sign = 1 if direction in (Direction.SHORT_GAIN, Direction.LONG_GAIN) else -1
    return replace(position, **{name: getattr(position, name) + sign * by})


def slope_of(position: TaxPosition, direction: Direction, law: Law) -> Slope:
    found = getattr(marginal(position, law), direction.name.lower())
    assert isinstance(found, Slope)
    return found


def is_predicted(before: Liability, after: Liability, slope: Slope, by: int, rounding: int) -> bool:
    """Whether tax and carryforwards moved as the slope says."""
    tax = Fraction(slope.tax * by, FULL_RATE)
    short = Fraction(slope.short_carried * by, FULL_RATE)
    long = Fraction(slope.long_carried * by, FULL_RATE)
    return (
        abs(after.total - before.total - tax) <= rounding
        and after.short_carryforward - before.short_carryforward == short
        and after.long_carryforward - before.long_carryforward == long
    )


def assert_slope_up_to_its_reach(position: TaxPosition, direction: Direction, part: int, law: Law) -> None:
    slope = slope_of(position, direction, law)
    before = liability(position, law)
    reach = FAR if slope.reach is None else slope.reach
    assert reach > 0
    for by in (reach, reach * part // 100):
        assert is_predicted(before, liability(moved(position, direction, by), law), slope, by, ROUNDING), by


def assert_other_slope_beyond(position: TaxPosition, direction: Direction, law: Law) -> None:
    slope = slope_of(position, direction, law)
    if slope.reach is None:
        return
    there = moved(position, direction, slope.reach)
    following = slope_of(there, direction, law)
    by = FAR if following.reach is None else following.reach
    tax_differs = abs(following.tax - slope.tax) * by > 3 * ROUNDING * FULL_RATE
    carried_differs = (following.short_carried, following.long_carried) != (slope.short_carried, slope.long_carried)
    assume(tax_differs or carried_differs)  # a slope that holds for a few units of money is not told from rounding
    assert not is_predicted(liability(there, law), liability(moved(there, direction, by), law), slope, by, ROUNDING)


@given(tax_positions(), DIRECTIONS, st.integers(0, 100))
def test_the_slope_holds_up_to_its_reach(position: TaxPosition, direction: Direction, part: int) -> None:
    assert_slope_up_to_its_reach(position, direction, part, federal_law())


@given(tax_positions(cents=True), DIRECTIONS)
def test_another_slope_holds_beyond_its_reach(position: TaxPosition, direction: Direction) -> None:
    assert_other_slope_beyond(position, direction, federal_law())


@given(tax_positions(cents=True), DIRECTIONS)
def test_the_next_cents_cost_what_the_slope_says(position: TaxPosition, direction: Direction) -> None:
    """Brute force: no breakpoint is looked for, one dollar is moved, where the reach leaves room for it."""
    slope = slope_of(position, direction, federal_law())
    assume(slope.reach is None or slope.reach >= DOLLAR)
    after = liability(moved(position, direction, DOLLAR), federal_law()).total
    change = after - liability(position, federal_law()).total
    assert abs(change * FULL_RATE - slope.tax * DOLLAR) <= 2 * FULL_RATE


@st.composite
def residents(draw: st.DrawFn) -> TaxPosition:
    """Households of any state whose law is kept."""
    position = draw(tax_positions(cents=True))
    states = load_law().states
    rows = [row for row in range(states.rows.size) if int(states.rows[row].year) == position.year]
    return replace(position, state=draw(st.sampled_from(rows)))


@given(residents(), DIRECTIONS, st.integers(0, 100))
def test_the_slope_of_a_state_is_in_it(position: TaxPosition, direction: Direction, part: int) -> None:
    assert_slope_up_to_its_reach(position, direction, part, load_law())


@given(residents(), DIRECTIONS)
def test_the_thresholds_of_a_state_are_in_it(position: TaxPosition, direction: Direction) -> None:
    assert_other_slope_beyond(position, direction, load_law())


@given(st.lists(tax_positions(), min_size=1, max_size=10))
def test_columns_say_what_objects_say(households: list[TaxPosition]) -> None:
    table = marginals(positions(households), federal_law())
    assert table.shape == (len(households), len(Direction))
    for household, row in zip(households, table, strict=True):
        single = marginal(household, federal_law())
        for direction, field in zip(Direction, fields(single), strict=True):
            slope = getattr(single, field.name)
            assert field.name == direction.name.lower()
            assert int(row[direction]["tax"]) == slope.tax
            assert int(row[direction]["reach"]) == (NEVER if slope.reach is None else slope.reach)


def household(
    income: int,
    short: int = 0,
    long: int = 0,
    *,
    carried: tuple[int, int] = (0, 0),
    status: FilingStatus = FilingStatus.SINGLE,
) -> TaxPosition:
    """A household of 2024 by taxable income before gains, whole dollars."""
    return TaxPosition(
        2024,
        status,
        ordinary_income=dollars(income),
        magi=dollars(max(income, 0)),
        short_gains=dollars(short),
        long_gains=dollars(long),
        short_carryforward=dollars(carried[0]),
        long_carryforward=dollars(carried[1]),
    )


def percent(rate: str, reach: int | None, short_carried: int = 0, long_carried: int = 0) -> Slope:
    return Slope(
        Rate(int(Fraction(rate) * FULL_RATE / 100)),
        None if reach is None else dollars(reach),
        Rate(short_carried * FULL_RATE),
        Rate(long_carried * FULL_RATE),
    )


def test_no_gains_yet() -> None:
    """24 percent from 100,525, 32 from 191,950; NIIT from 200,000; the first 3,000 of loss save 24 percent."""
    found = marginal(household(150_000), federal_law())
    assert found.short_gain == percent("24", 41_950)
    assert found.long_gain == percent("15", 50_000)
    assert found.short_loss == percent("-24", 3_000)
    assert found.long_loss == percent("-24", 3_000)


def test_losses_beyond_the_limit_are_only_carried() -> None:
    found = marginal(household(150_000, short=-3_000), federal_law())
    assert found.short_loss == percent("0", None, short_carried=1)
    assert found.long_loss == percent("0", None, long_carried=1)
    assert found.short_gain == percent("24", 3_000 + 41_950)
    # A long-term gain first gives the deduction back at 24 percent, then is taxed at 15.
    assert found.long_gain == percent("24", 3_000)


def test_gains_use_the_carryforward_up_before_they_are_taxed() -> None:
    """Of 20,000 carried long, 3,000 are deducted and 17,000 go on: as many dollars of gain cost nothing now."""
    found = marginal(household(150_000, carried=(0, 20_000)), federal_law())
    assert found.short_gain == percent("0", 17_000, long_carried=-1)
    assert found.long_gain == percent("0", 17_000, long_carried=-1)


def test_a_loss_nets_against_its_own_term_first() -> None:
    """10,000 of each gain: a short loss saves 24 percent to the end of short gains, then 15 on the long ones."""
    found = marginal(household(150_000, short=10_000, long=10_000), federal_law())
    assert found.short_loss == percent("-24", 10_000)
    assert found.long_loss == percent("-15", 10_000)
    after = marginal(household(150_000, short=0, long=10_000), federal_law())
    assert after.short_loss == percent("-15", 10_000)


def test_net_investment_income_tax_joins_at_its_threshold() -> None:
    found = marginal(household(200_000, long=1_000), federal_law())
    assert found.long_gain == percent("18.8", 518_900 - 201_000)
    assert found.short_gain == percent("35.8", 243_725 - 200_000)
    # Down: the short loss eats the long gain of 1,000, which bears 15 + 3.8 percent; then MAGI is at the threshold.
    assert found.short_loss == percent("-18.8", 1_000)


def test_the_zero_rate_ends_between_the_brackets() -> None:
    """All gains; 47,025 of taxable income bears nothing."""
    found = marginal(household(0, long=40_000), federal_law())
    assert found.long_gain == percent("0", 7_025)
    # A short gain is taxed at 10 percent, and pushes a dollar of long gain towards the end of the 0 percent rate.
    assert found.short_gain == percent("10", 7_025)


def test_where_the_preferential_rate_is_higher_than_the_ordinary_one() -> None:
    """Worksheet line 25 at 47,025: 12 percent to 47,150, then 22, until 15 percent of all the gain are less.

    12% x 125 + 22% x (g - 125) = 15% x g where g = 12.50 / 7% = 178.571428...: said at the nearest unit.
    """
    found = marginal(household(47_025), federal_law())
    assert found.long_gain == percent("12", 125)
    second = marginal(household(47_025, long=125), federal_law())
    assert second.long_gain.tax == Rate(22 * FULL_RATE // 100)
    assert second.long_gain.reach == 535_714  # 53.571428... dollars
    third = marginal(household(47_025, long=179), federal_law())
    assert third.long_gain.tax == Rate(15 * FULL_RATE // 100)


def test_unused_deductions_shelter_gains_and_waste_losses() -> None:
    found = marginal(household(-5_000, short=4_000), federal_law())
    assert found.short_gain == percent("0", 1_000)
    assert found.short_loss == percent("0", 4_000)
    below = marginal(household(-5_000), federal_law())
    assert below.short_loss == percent("0", None, short_carried=1)  # not used, so all of it is carried


def test_own_rates() -> None:
    rates = {"short_rate": Rate(408_000_000), "long_rate": Rate(238_000_000)}
    position = TaxPosition(2024, FilingStatus.MARRIED_SEPARATE, long_gains=dollars(2_000), **rates)  # type: ignore[arg-type]
    found = marginal(position, federal_law())
    assert found.long_gain == percent("23.8", None)
    assert found.short_gain == percent("40.8", None)
    assert found.long_loss == percent("-23.8", 2_000)
    after = marginal(replace(position, long_gains=Money(0)), federal_law())
    assert after.long_loss == percent("-40.8", 1_500)
    spent = marginal(replace(position, long_gains=dollars(-1_500)), federal_law())
    assert spent.long_loss == percent("0", None, long_carried=1)


@pytest.mark.parametrize(("state", "rate"), [("PA", 0), ("IL", 49_500_000)])
def test_the_next_loss_leaves_a_tax_alone_that_allows_no_deduction_of_losses(state: str, rate: int) -> None:
    """A first dollar of loss saves no Pennsylvania tax (72 P.S. 7303(a)(3)); Illinois begins with federal income."""
    law = load_law()
    position = TaxPosition(
        2025,
        FilingStatus.MARRIED_JOINT,
        ordinary_income=dollars(230_000),
        magi=dollars(240_000),
        state=law.states.row(state, 2025),
    )
    for direction in (Direction.SHORT_LOSS, Direction.LONG_LOSS):
        assert slope_of(position, direction, law).tax == -240_000_000 - rate
        assert_slope_up_to_its_reach(position, direction, 50, law)


def test_what_the_law_does_not_cover_gets_no_figure() -> None:
    table = blank_positions(2, 2024)
    assert (marginals(table, federal_law())["tax"] == MISSING).all()
    with pytest.raises(ValueError, match="2030 is not kept"):
        marginal(replace(household(1), year=2030), federal_law())
