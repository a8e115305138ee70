"""Trading days as the New York Stock Exchange kept them, and day numbers."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import (
    NO_DATE,
    WASH_DAYS,
    from_day_number,
    is_trading_day,
    to_day_number,
)

ONE_DAY = timedelta(days=1)
DATES = st.dates(date(1900, 1, 1), date(2100, 12, 31))
EXCHANGE_YEARS = st.dates(date(2000, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2001, 9, 11), "the attacks"),
        (date(2001, 9, 14), "the attacks"),
        (date(2004, 6, 11), "mourning, President Reagan"),
        (date(2012, 10, 29), "hurricane Sandy"),
        (date(2012, 10, 30), "hurricane Sandy"),
        (date(2018, 12, 5), "mourning, President Bush"),
        (date(2022, 6, 20), "Juneteenth, observed on Monday for the first time"),
        (date(2023, 6, 19), "Juneteenth"),
        (date(2024, 3, 29), "Good Friday"),
        (date(2025, 1, 9), "mourning, President Carter"),
        (date(2026, 4, 3), "Good Friday"),
        (date(2026, 7, 3), "Independence Day, observed"),
        (date(2026, 11, 26), "Thanksgiving"),
        (date(2026, 11, 22), "a Sunday"),
    ],
)
def test_the_exchange_was_closed(day: date, why: str) -> None:
    assert not is_trading_day(day), why


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2001, 9, 17), "reopened after the attacks"),
        (date(2012, 10, 31), "reopened after hurricane Sandy"),
        (date(2021, 6, 18), "Juneteenth was not kept in 2021"),
        (date(2021, 12, 31), "New Year's Day of 2022 fell on a Saturday and was not observed"),
        (date(2024, 10, 14), "Columbus Day is a bank holiday, not the exchange's"),
        (date(2024, 11, 11), "Veterans Day is a bank holiday, not the exchange's"),
        (date(2025, 11, 28), "a half day counts"),
        (date(2026, 11, 20), "a Friday"),
    ],
)
def test_the_exchange_was_open(day: date, why: str) -> None:
    assert is_trading_day(day), why


@pytest.mark.parametrize(
    ("year", "days"),
    [(2012, 250), (2019, 252), (2020, 253), (2021, 252), (2022, 251), (2023, 250), (2024, 252), (2025, 250)],
)
def test_trading_days_of_a_year(year: int, days: int) -> None:
    first = date(year, 1, 1)
    assert (
        sum(is_trading_day(first + number * ONE_DAY) for number in range((date(year, 12, 31) - first).days + 1)) == days
    )


@given(DATES)
def test_day_numbers_go_there_and_back(day: date) -> None:
    number = to_day_number(day)
    assert from_day_number(number) == day
    assert np.datetime64(day.isoformat(), "D").astype(np.int64) == number
    assert from_day_number(number + 1) - day == timedelta(days=1)
    assert number != NO_DATE


@given(EXCHANGE_YEARS)
def test_no_week_without_a_trading_day(day: date) -> None:
    """The longest closure in these years is the four weekdays and two weekends of September 2001."""
    assert any(is_trading_day(day + number * ONE_DAY) for number in range(7))


def test_no_date_fits_a_column_of_days_and_a_wash_window_is_thirty() -> None:
    assert np.int32(NO_DATE) == NO_DATE
    assert WASH_DAYS == 30
