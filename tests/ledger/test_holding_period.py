"""Holding periods: dates, day numbers and columns say the same, for every day of two centuries."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import NO_DATE, to_day_number
from lotwise.ledger.holding_period import (
    NEVER,
    first_long_term_day,
    first_long_term_day_number,
    first_long_term_day_numbers,
    is_long_term,
    is_long_term_number,
)

_FIRST, _LAST = date(1900, 1, 1), date(2100, 12, 31)
_DAYS = st.dates(_FIRST, _LAST)


def test_day_numbers_say_what_dates_say_on_every_day_from_1900_to_2100() -> None:
    numbers = np.arange(to_day_number(_FIRST), to_day_number(_LAST) + 1, dtype=np.int32)
    expected = [to_day_number(first_long_term_day(_FIRST + timedelta(days=i))) for i in range(numbers.size)]
    assert first_long_term_day_numbers(numbers).tolist() == expected


@given(_DAYS, st.integers(-2, 3))
def test_the_test_of_term_turns_on_the_first_long_term_day(start: date, days: int) -> None:
    sold = first_long_term_day(start) + timedelta(days=days)
    assert is_long_term(start, sold) == (days >= 0)
    assert is_long_term_number(to_day_number(start), to_day_number(sold)) == (days >= 0)


@given(_DAYS, _DAYS)
def test_day_numbers_and_dates_agree_on_the_term(start: date, sold: date) -> None:
    assert is_long_term_number(to_day_number(start), to_day_number(sold)) == is_long_term(start, sold)


@given(_DAYS)
def test_a_year_and_a_day(start: date) -> None:
    """The period is the 366th or 367th day after the acquisition, never earlier for a later acquisition."""
    first = first_long_term_day(start)
    assert (first - start).days in {366, 367}
    assert first <= first_long_term_day(start + timedelta(days=1))


@given(_DAYS, st.integers(1, 36))
def test_months_add_up_where_the_day_exists(start: date, months: int) -> None:
    """Counting twelve months is counting any months first and the rest from there, on days that each month has."""
    start = start.replace(day=min(start.day, 27))
    part = first_long_term_day(start, months) - timedelta(days=1)
    assert first_long_term_day(part, 12) == first_long_term_day(start, months + 12)


def test_property_of_unknown_date_is_never_long_term() -> None:
    assert first_long_term_day_number(NO_DATE) == NEVER
    assert first_long_term_day_numbers(np.array([NO_DATE, 0], dtype=np.int32)).tolist() == [NEVER, 366]
    assert not is_long_term_number(NO_DATE, to_day_number(_LAST))
