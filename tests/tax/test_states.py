"""State tax: cases worked by hand from each kind of law, an exact reference in fractions, and what must always hold."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.money import DOLLAR, FULL_RATE, to_dollars
from lotwise.tax.state_law import StateFile
from lotwise.tax.state_reading import state_files
from lotwise.tax.states import (
    LESS_LONG,
    LESS_ORDINARY,
    LESS_SHORT,
    MORE_LONG,
    MORE_ORDINARY,
    MORE_SHORT,
    NEVER,
    UNKNOWN,
    load_states,
    next_change,
    state_ordinary,
    state_slope,
    state_tax,
    thresholds,
    why_unknown,
)

LAW = load_states()
SINGLE, JOINT, SEPARATE, HEAD = range(4)
DIRECTIONS = (MORE_SHORT, MORE_LONG, LESS_SHORT, LESS_LONG, MORE_ORDINARY, LESS_ORDINARY)


def file_of(state: str) -> StateFile:
    return next(file for file in state_files() if file.state == state)


def tax(state: str, year: int, status: int, ordinary: int, short: int = 0, long: int = 0, qualified: int = 0) -> str:
    """State tax of whole dollars of income, in dollars and cents."""
    row = LAW.row(state, year)
    assert row != UNKNOWN, why_unknown(state, year)
    units = state_tax(LAW, row, status, ordinary * DOLLAR, short * DOLLAR, long * DOLLAR, qualified * DOLLAR)
    return str(to_dollars(units).quantize(Decimal("0.01")))


# state, year, status, (ordinary, short, long, qualified), tax, arithmetic from the law
WORKED = [
    # No tax.
    ("TX", 2024, SINGLE, (900_000, 50_000, 50_000, 9_000), "0.00", "Tex. Const. art. VIII, sec. 24-a"),
    # Flat: everything bears one rate.
    ("IL", 2024, JOINT, (100_000, 10_000, 50_000, 0), "7920.00", "160,000 x 4.95%"),
    ("PA", 2018, SINGLE, (50_000, 0, 0, 10_000), "1842.00", "60,000 x 3.07%"),
    ("NC", 2026, HEAD, (100_000, 0, 0, 0), "3990.00", "100,000 x 3.99%"),
    ("CO", 2024, SINGLE, (80_000, 0, 20_000, 0), "4250.00", "100,000 x 4.25%"),
    # Brackets; the fixed amounts are those printed in the departments' own schedules.
    ("CA", 2024, SINGLE, (100_000, 0, 0, 0), "5842.36", "Schedule X: 3,108.72 + 9.3% of (100,000 - 70,606)"),
    ("NJ", 2024, SINGLE, (150_000, 20_000, 30_000, 0), "10613.75", "200,000 x 6.37% - 2,126.25"),
    ("MN", 2026, JOINT, (100_000, 0, 0, 0), "6093.85", "48,700 x 5.35% = 2,605.45; + 51,300 x 6.8% = 3,488.40"),
    ("VA", 2020, SINGLE, (20_000, 0, 0, 0), "892.50", "60 + 60 + 600 + 3,000 x 5.75% = 720 + 172.50"),
    ("OR", 2023, SINGLE, (50_000, 0, 0, 0), "4090.00", "4,050 x 4.75% + 6,150 x 6.75% + 39,800 x 8.75%"),
    ("GA", 2018, JOINT, (30_000, 0, 0, 0), "1540.00", "10 + 40 + 60 + 80 + 150 + 20,000 x 6%"),
    ("NY", 2023, JOINT, (200_000, 0, 0, 0), "10859.75", "686 + 290.25 + 225.75 + 133,650 x 5.5% + 38,450 x 6%"),
    # Surtaxes with one threshold for every status.
    (
        "CA",
        2022,
        JOINT,
        (0, 0, 1_200_000, 0),
        "116206.89",
        "from 812,728: 70,445.15 + 11.3% of rest, + 1% over a million",
    ),
    (
        "MA",
        2024,
        JOINT,
        (1_000_000, 100_000, 50_000, 0),
        "64850.00",
        "5% of 1,050,000 + 8.5% of 100,000 + 4% of 96,250",
    ),
    (
        "MN",
        2025,
        SINGLE,
        (0, 500_000, 1_500_000, 0),
        "201431.74",
        "13,996.79 + 9.85% over 198,630, + 1% over a million",
    ),
    # A rate of its own for short gains.
    ("MA", 2022, SINGLE, (100_000, 10_000, 10_000, 0), "6700.00", "5% of 110,000 + 12% of 10,000"),
    ("MA", 2018, SINGLE, (100_000, 0, 0, 10_000), "5610.00", "5.1% of 110,000"),
    # A share of long gains left out.
    ("WI", 2024, SINGLE, (50_000, 0, 10_000, 0), "2634.36", "14,320 x 3.5% + 14,320 x 4.4% + 28,360 x 5.3%"),
    ("AZ", 2024, SINGLE, (100_000, 0, 40_000, 0), "3250.00", "(100,000 + 75% of 40,000) x 2.5%"),
    ("SC", 2024, SINGLE, (17_330, 0, 100_000, 0), "3888.10", "13,870 x 3% + 56,000 x 6.2%"),
    ("ND", 2023, JOINT, (74_750, 0, 50_000, 10_000), "702.00", "(60% of 60,000) x 1.95%"),
    ("MO", 2025, SINGLE, (1_313, 90_000, 900_000, 0), "0.00", "from 2025 no gain is taxed"),
    ("MO", 2024, SINGLE, (8_911, 0, 1_000, 0), "296.24", "1,273 x (2 + 2.5 + 3 + 3.5 + 4 + 4.5)% = 248.235; + 48"),
    # Long gains at most at 7.25 percent; long gains at their own rates on top of other income.
    ("HI", 2024, SINGLE, (100_000, 0, 50_000, 0), "11128.60", "regular tax of 100,000 is 7,503.60; + 50,000 x 7.25%"),
    ("MT", 2024, SINGLE, (10_000, 0, 30_000, 0), "1584.50", "10,000 x 4.7% + 10,500 x 3% + 19,500 x 4.1%"),
    # Excise on long gains only.
    ("WA", 2023, JOINT, (900_000, 90_000, 300_000, 0), "2660.00", "(300,000 - 262,000) x 7%"),
    ("WA", 2025, SINGLE, (0, 0, 1_500_000, 0), "91978.00", "1,222,000 over: 7% of the first million, 9.9% of 222,000"),
    ("WA", 2024, SEPARATE, (0, 0, 200_000, 0), "4550.00", "half of one deduction of 270,000"),
    ("WA", 2021, SINGLE, (0, 0, 9_000_000, 0), "0.00", "the tax begins in 2022"),
    # Dividends only.
    ("NH", 2024, JOINT, (100_000, 10_000, 10_000, 10_000), "156.00", "(10,000 - 4,800) x 3%"),
    ("NH", 2025, JOINT, (100_000, 10_000, 10_000, 10_000), "0.00", "repealed"),
    ("TN", 2019, SINGLE, (100_000, 0, 0, 11_250), "200.00", "(11,250 - 1,250) x 2%"),
    # Deductions larger than income.
    ("IN", 2025, SINGLE, (-20_000, 0, 50_000, 0), "900.00", "30,000 x 3%"),
    ("IN", 2025, SINGLE, (-20_000, 0, 10_000, 0), "0.00", "nothing left"),
]


@pytest.mark.parametrize(("state", "year", "status", "income", "expected", "arithmetic"), WORKED)
def test_cases_worked_by_hand(
    state: str, year: int, status: int, income: tuple[int, int, int, int], expected: str, arithmetic: str
) -> None:
    assert tax(state, year, status, *income) == expected, arithmetic


def test_ohio_above_its_first_threshold_is_the_printed_schedule() -> None:
    """2024: 2,394.32 plus 3.5% over 100,000; the jump at 26,050 is spread below, to a hundredth of a cent."""
    row = LAW.row("OH", 2024)
    units = state_tax(LAW, row, SINGLE, 200_000 * DOLLAR, 0, 0, 0)
    assert abs(units - Fraction("5894.32") * DOLLAR) < DOLLAR // 100
    assert abs(state_tax(LAW, row, SINGLE, 26_050 * DOLLAR, 0, 0, 0) - Fraction("360.69") * DOLLAR) < DOLLAR // 100


@given(st.integers(0, 600_000), st.integers(0, 600_000), st.sampled_from((2018, 2025)), st.integers(0, 3))
def test_hawaii_is_the_lesser_of_regular_and_alternative_tax(ordinary: int, long: int, year: int, status: int) -> None:
    """Haw. Rev. Stat. 235-51(f), as its words have it: tax on the larger of income without the gain and the income
    taxed below 7.25 percent, plus 7.25 percent of the rest."""
    regular = next(s for s in file_of("HI").in_force(year) if s.tax == "income tax")
    lower = [Fraction(x, DOLLAR) for x in regular.lower[status]]
    rates = [Fraction(x, FULL_RATE) for x in regular.rates]
    cap = Fraction(725, 10_000)

    def by_schedule(income: Fraction) -> Fraction:
        ends = [*lower[1:], income]
        return sum(
            (r * max(min(e, income) - b, Fraction(0)) for r, b, e in zip(rates, lower, ends, strict=True)), Fraction(0)
        )

    income = Fraction(ordinary + long)
    below_cap = min(income, next(b for b, r in zip(lower, rates, strict=True) if r > cap))
    start = max(Fraction(ordinary), below_cap)
    expected = min(by_schedule(income), by_schedule(start) + cap * (income - start))
    units = state_tax(LAW, LAW.row("HI", year), status, ordinary * DOLLAR, 0, long * DOLLAR, 0)
    assert abs(units - expected * DOLLAR) <= 3


def test_unknown_rows_are_a_tax_of_zero() -> None:
    assert state_tax(LAW, UNKNOWN, SINGLE, 10**9, 10**9, 10**9, 10**9) == 0
    assert state_slope(LAW, UNKNOWN, SINGLE, 10**9, 0, 0, 0, MORE_SHORT) == 0
    assert next_change(LAW, UNKNOWN, SINGLE, 10**9, 0, 0, 0, MORE_SHORT) == NEVER


@pytest.mark.parametrize(
    ("state", "year", "follows"),
    [
        ("CA", 2024, True),
        ("PA", 2024, False),
        ("NJ", 2024, False),
        ("MA", 2024, False),
        ("WI", 2022, False),
        ("WI", 2023, True),
    ],
)
def test_capital_losses_reduce_other_income_only_where_the_state_follows(state: str, year: int, follows: bool) -> None:
    row = LAW.row(state, year)
    after = 97_000 * DOLLAR
    assert state_ordinary(LAW, row, after, 3_000 * DOLLAR) == (after if follows else 100_000 * DOLLAR)


# --- what always holds -------------------------------------------------------------------------------------------


@cache
def exact_parts(row: int, status: int) -> tuple[tuple[int, list[Fraction], list[Fraction], list[Fraction]], ...]:
    """Sign, weights, thresholds (units) and rates of a row's schedules, straight from the files."""
    code = int(LAW.rows["state"][row]).to_bytes(2, "big").decode()
    return tuple(
        (
            s.sign,
            [Fraction(w, FULL_RATE) for w in s.weights],
            [Fraction(x) for x in s.lower[status]],
            [Fraction(r, FULL_RATE) for r in s.rates],
        )
        for s in file_of(code).in_force(int(LAW.rows["year"][row]))
    )


def exact_tax(row: int, status: int, incomes: tuple[Fraction, ...]) -> Fraction:
    """Sum over schedules and brackets of (rate - rate below) x (base - threshold)+: no rounding, no search."""
    total = Fraction(0)
    for sign, weights, lower, rates in exact_parts(row, status):
        base = sum((w * x for w, x in zip(weights, incomes, strict=True)), Fraction(0))
        steps = [rates[0], *(b - a for a, b in pairwise(rates))]
        # Brackets of no width share a threshold: their steps add up.
        total += sign * sum((s * max(base - t, Fraction(0)) for s, t in zip(steps, lower, strict=True)), Fraction(0))
    return total


MILLION = 1_000_000 * DOLLAR
rows = st.integers(0, LAW.rows.size - 1)
statuses = st.integers(0, 3)
gains = st.one_of(
    st.just(0), st.integers(0, 300_000 * DOLLAR), st.integers(0, 3 * MILLION), st.integers(0, 40 * MILLION)
)
ordinaries = st.one_of(st.integers(-100_000 * DOLLAR, 300_000 * DOLLAR), st.integers(0, 30 * MILLION))


@given(rows, statuses, ordinaries, gains, gains, gains)
def test_the_tax_is_the_exact_sum_to_the_unit(
    row: int, status: int, ordinary: int, short: int, long: int, qualified: int
) -> None:
    exact = exact_tax(row, status, (Fraction(ordinary), Fraction(short), Fraction(long), Fraction(qualified)))
    units = state_tax(LAW, row, status, ordinary, short, long, qualified)
    assert abs(units - exact) <= 6, "brackets below, and bases of fractional weight, round to a unit each"


@given(rows, statuses, ordinaries, gains, gains, gains, st.integers(0, 3))
def test_the_tax_never_jumps_and_never_falls_with_income(
    row: int, status: int, ordinary: int, short: int, long: int, qualified: int, which: int
) -> None:
    incomes = [ordinary, short, long, qualified]
    before = state_tax(LAW, row, status, *incomes)
    incomes[which] += 1
    assert abs(state_tax(LAW, row, status, *incomes) - before) <= 2, "a unit of income moves the tax by a unit or two"
    incomes[which] += DOLLAR - 1
    more = state_tax(LAW, row, status, *incomes) - before
    assert -2 <= more <= DOLLAR * 15 // 100 * 2


@given(rows, statuses, gains, gains, st.integers(0, 3), st.integers(0, 20), st.integers(-2, 2))
def test_the_tax_never_jumps_at_a_threshold(
    row: int, status: int, short: int, long: int, which: int, index: int, off: int
) -> None:
    """The same next to the law's own thresholds, where a jump would be."""
    marks = thresholds(LAW, row, status)
    incomes = [0, short, long, 0]
    incomes[which] = max(marks[index % len(marks)] + off, 0)
    before = state_tax(LAW, row, status, *incomes)
    incomes[which] += 1
    assert abs(state_tax(LAW, row, status, *incomes) - before) <= 2


def moved(incomes: tuple[int, int, int, int], direction: int, by: Fraction) -> tuple[Fraction, ...]:
    """Incomes after a change by `by` in a direction."""
    which = {MORE_SHORT: 1, LESS_SHORT: 1, MORE_LONG: 2, LESS_LONG: 2, MORE_ORDINARY: 0, LESS_ORDINARY: 0}[direction]
    sign = 1 if direction in (MORE_SHORT, MORE_LONG, MORE_ORDINARY) else -1
    return tuple(x + (sign * by if i == which else 0) for i, x in enumerate(map(Fraction, incomes)))


def exact_slope(row: int, status: int, incomes: tuple[int, int, int, int], direction: int, away: Fraction) -> Fraction:
    """One-sided slope `away` units along a direction, by a difference far shorter than any distance between kinks."""
    tiny = Fraction(1, 10**9)
    here = exact_tax(row, status, moved(incomes, direction, away))
    there = exact_tax(row, status, moved(incomes, direction, away + tiny))
    return (there - here) / tiny * (1 if direction in (MORE_SHORT, MORE_LONG, MORE_ORDINARY) else -1)


@given(rows, statuses, st.sampled_from(DIRECTIONS), st.integers(0, 3), st.integers(0, 12), st.integers(-1, 1))
def test_slopes_and_their_reach_at_the_thresholds(
    row: int, status: int, direction: int, which: int, index: int, off: int
) -> None:
    """One income alone stands on a threshold, or a unit beside it."""
    marks = thresholds(LAW, row, status)
    incomes = [0, 0, 0, 0]
    incomes[which] = max(marks[index % len(marks)] + off, 0)
    slopes_and_reach(row, status, (incomes[0], incomes[1], incomes[2], incomes[3]), direction)


@given(rows, statuses, ordinaries, gains, gains, gains, st.sampled_from(DIRECTIONS))
def test_slopes_and_their_reach_are_those_of_the_exact_tax(
    row: int, status: int, ordinary: int, short: int, long: int, qualified: int, direction: int
) -> None:
    slopes_and_reach(row, status, (ordinary, short, long, qualified), direction)


def slopes_and_reach(row: int, status: int, incomes: tuple[int, int, int, int], direction: int) -> None:
    """Compare slope and reach with differences of the exact tax, here, on the way and beyond."""
    _, short, long, _ = incomes
    room = {LESS_SHORT: short, LESS_LONG: long}.get(direction)
    if room == 0:
        return
    # A base of fractional weight is rounded to a unit: the exact slope is taken where that cannot matter.
    whole = all(weight.denominator == 1 for _, weights, _, _ in exact_parts(row, status) for weight in weights)
    nudge = Fraction(0) if whole else Fraction(5)
    slope = state_slope(LAW, row, status, *incomes, direction)
    reach = next_change(LAW, row, status, *incomes, direction)
    assert 0 <= slope < FULL_RATE * 15 // 100
    limit = Fraction(room if room is not None else 10**14) if reach == NEVER else Fraction(reach)
    for part in (nudge, limit / 3, limit / 2, limit - max(nudge, Fraction(1))):
        if nudge <= part < limit - nudge:
            assert exact_slope(row, status, incomes, direction, part) * FULL_RATE == slope
    if reach != NEVER:
        beyond = Fraction(reach) + nudge
        assert exact_slope(row, status, incomes, direction, beyond) * FULL_RATE != slope
        assert room is None or reach < room


def test_every_threshold_of_a_walk_is_found() -> None:
    """California 2025, joint, more long gains from nothing: the walk stops at each bracket and at the surtax."""
    row = LAW.row("CA", 2025)
    walked, at = [], 0
    while (step := next_change(LAW, row, JOINT, 0, 0, at, 0, MORE_LONG)) != NEVER:
        at += step
        walked.append(at // DOLLAR)
    assert walked == [22_158, 52_528, 82_904, 115_084, 145_448, 742_958, 891_542, 1_000_000, 1_485_906]
    assert [0, *walked] == [x // DOLLAR for x in thresholds(LAW, row, JOINT)]


def test_thresholds_that_change_nothing_are_passed_over() -> None:
    """New Jersey single has no 2.45 percent bracket: its threshold coincides; gains in Missouri have none at all."""
    row = LAW.row("NJ", 2024)
    assert next_change(LAW, row, SINGLE, 30_000 * DOLLAR, 0, 0, 0, MORE_LONG) == 5_000 * DOLLAR
    assert next_change(LAW, row, SINGLE, 35_000 * DOLLAR, 0, 0, 0, MORE_LONG) == 5_000 * DOLLAR
    assert next_change(LAW, LAW.row("MO", 2025), SINGLE, 0, 0, 0, 0, MORE_LONG) == NEVER
    # Hawaii below the cap: the two halves of the tax on long gains cancel for ordinary income.
    hawaii = LAW.row("HI", 2025)
    assert next_change(LAW, hawaii, SINGLE, 100_000 * DOLLAR, 0, 10**9, 0, MORE_LONG) == NEVER
