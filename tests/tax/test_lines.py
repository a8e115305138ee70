"""Lines of a form: the slope on the side moved to, and the way to the next kink."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.money import FULL_RATE
from lotwise.tax.lines import NEVER, Line, by_brackets, fixed, larger, minus, plus, smaller, taxed

UP, DOWN = FULL_RATE, -FULL_RATE
STARTS = np.array([0, 1_000, 5_000], np.int64)
RATES = np.array([FULL_RATE // 10, FULL_RATE // 5, FULL_RATE // 2], np.int64)
TAXES = np.array([0, 100, 900], np.int64)


@pytest.mark.parametrize(
    ("line", "least", "greatest"),
    [
        (Line(3, UP, NEVER), Line(3, UP, 7), Line(10, 0, 7)),
        (Line(3, DOWN, NEVER), Line(3, DOWN, NEVER), Line(10, 0, NEVER)),
        (Line(10, UP, NEVER), Line(10, 0, NEVER), Line(10, UP, NEVER)),
        (Line(10, DOWN, 4), Line(10, DOWN, 4), Line(10, 0, 4)),
        (Line(13, DOWN, NEVER), Line(10, 0, 3), Line(13, DOWN, 3)),
        (Line(13, DOWN, 2), Line(10, 0, 2), Line(13, DOWN, 2)),
    ],
)
def test_the_smaller_and_the_larger(line: Line, least: Line, greatest: Line) -> None:
    assert smaller(line, fixed(10)) == smaller(fixed(10), line) == least
    assert larger(line, fixed(10)) == larger(fixed(10), line) == greatest


def test_sums_keep_the_shorter_reach() -> None:
    a, b = Line(5, UP, 9), Line(7, DOWN, 4)
    assert plus(a, b) == Line(12, 0, 4)
    assert minus(a, b) == Line(-2, 2 * FULL_RATE, 4)


def test_a_kink_between_two_units_is_said_at_one_of_them() -> None:
    """10 units apart, closing by 0.3 a unit: 33.33 units away."""
    slow = Line(0, 3 * FULL_RATE // 10, NEVER)
    assert smaller(slow, fixed(10)).reach in {33, 34}


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (Line(0, UP, NEVER), Line(0, FULL_RATE // 10, 1_000)),
        (Line(0, 0, NEVER), Line(0, 0, NEVER)),
        (Line(1_000, UP, NEVER), Line(100, FULL_RATE // 5, 4_000)),
        (Line(1_000, DOWN, NEVER), Line(100, -FULL_RATE // 10, 1_000)),
        (Line(3_000, UP, 50), Line(500, FULL_RATE // 5, 50)),
        (Line(3_000, DOWN, NEVER), Line(500, -FULL_RATE // 5, 2_000)),
        (Line(9_000, UP, NEVER), Line(2_900, FULL_RATE // 2, NEVER)),
    ],
)
def test_brackets(amount: Line, expected: Line) -> None:
    assert by_brackets(amount, STARTS, RATES, TAXES) == expected


def test_a_rate_is_rounded_half_to_even() -> None:
    assert taxed(Line(5, UP, 8), FULL_RATE // 2) == Line(2, FULL_RATE // 2, 8)
    assert taxed(Line(7, DOWN, 8), FULL_RATE // 2) == Line(4, -FULL_RATE // 2, 8)


@given(st.integers(-50, 50), st.integers(-50, 50), st.sampled_from([UP, 0, DOWN]), st.sampled_from([UP, 0, DOWN]))
def test_the_extremes_move_as_said(a: int, b: int, slope_a: int, slope_b: int) -> None:
    first, second = Line(a, slope_a, NEVER), Line(b, slope_b, NEVER)
    for line, extreme in ((smaller(first, second), min), (larger(first, second), max)):
        for by in range(min(line.reach, 120) + 1):
            moved = extreme(a + by * slope_a // FULL_RATE, b + by * slope_b // FULL_RATE)
            said = line.value + by * line.slope // FULL_RATE
            # Lines that close in by two units a unit meet between two: at the reach, a unit may be left.
            assert abs(moved - said) <= (1 if by == line.reach else 0)
