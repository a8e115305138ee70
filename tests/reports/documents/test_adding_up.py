"""Printed parts add up to printed totals, and none is more than a unit from what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.money import DOLLAR
from lotwise.reports.documents.adding_up import CENT, rounded, shared_out

MONEY = st.integers(-(10**13), 10**13)
UNITS = st.sampled_from([DOLLAR, CENT])


@given(st.lists(MONEY, max_size=40), UNITS)
def test_parts_add_up_and_stay_within_a_unit(parts: list[int], unit: int) -> None:
    printed = shared_out(parts, unit=unit)
    assert sum(printed) == rounded(sum(parts), unit)
    for part, units in zip(parts, printed, strict=True):
        assert abs(units * unit - part) < unit


@given(st.lists(MONEY, min_size=1, max_size=40), UNITS)
def test_what_comes_out_even_stays_as_it_is(parts: list[int], unit: int) -> None:
    even = [part // unit * unit for part in parts]
    assert shared_out(even, unit=unit) == [part // unit for part in even]


@given(st.lists(MONEY, min_size=1, max_size=12), st.lists(MONEY, min_size=1, max_size=12), UNITS)
def test_groups_share_out_what_they_were_given(one: list[int], other: list[int], unit: int) -> None:
    """Two levels: the total to groups, a group's part to its own."""
    first, second = shared_out([sum(one), sum(other)], unit=unit)
    assert sum(shared_out(one, first, unit)) == first
    assert sum(shared_out(other, second, unit)) == second


def test_a_total_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="must add up to 12 units, was 10"):
        shared_out([4 * DOLLAR, 6 * DOLLAR], 12)
    with pytest.raises(ValueError, match="no parts can add up to 1 units"):
        shared_out([], 1)


def test_a_total_one_off_goes_to_the_largest_part() -> None:
    """The difference of two printed totals can be a unit off though every part is even."""
    assert shared_out([4 * DOLLAR, -6 * DOLLAR], -1) == [4, -5]
