"""Holding periods: from which day a sale is long term (26 U.S.C. 1222; Rev. Rul. 66-7, 1966-1 C.B. 188).

Trade dates count. The day of acquisition is excluded and the day of sale included, and the period runs by
calendar months, not by days: it begins on the day after the acquisition, and the sale is long term from the
day of that same number twelve months later. Where that month has no such day, from the first of the month
after. So property acquired on the last day of a month becomes long term on the first of the thirteenth month.

`start` below is the day that counts as the day of acquisition: the trade date of the purchase, or an earlier
day where the period of other property is added (a wash sale, a gift: 26 U.S.C. 1223).

The rule stands here twice, as dates for people and as day numbers for kernels, and tests hold the two equal.
Not modelled: property that is long term whatever its period (inherited property, distributions of a fund);
the ledger gives it an early start.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.kernels import kernel

__all__ = [
    "LONG_TERM_MONTHS",
    "NEVER",
    "first_long_term_day",
    "first_long_term_day_number",
    "first_long_term_day_numbers",
    "is_long_term",
    "is_long_term_number",
]

# 26 U.S.C. 1222(3): "more than 1 year" (since 1988; six months before, as older rulings say).
LONG_TERM_MONTHS = 12

# The first long-term day of property whose start is not known: a day that does not come, in columns of day numbers.
NEVER = np.iinfo(np.int32).max

# Days from 0000-03-01 to 1970-01-01. Years counted from March end with the leap day, so that neither the
# lengths of their months nor the day of the year depend on it.
_MARCH_EPOCH = 719_468
_FOUR_CENTURIES = 146_097  # days in 400 years


def first_long_term_day(start: date, months: int = LONG_TERM_MONTHS) -> date:
    """First day on which property counted from `start` is sold at a long-term gain or loss.

    `months` is the length of the period that must be exceeded: 12 today, 6 and 9 in the years of older cases.
    """
    after = start + timedelta(days=1)
    year, month = divmod(after.year * 12 + after.month - 1 + months, 12)
    try:
        return date(year, month + 1, after.day)
    except ValueError:  # no such day in that month
        following_year, following_month = divmod(year * 12 + month + 1, 12)
        return date(following_year, following_month + 1, 1)


def is_long_term(start: date, sold: date, months: int = LONG_TERM_MONTHS) -> bool:
    """Whether property counted from `start` and sold on `sold` was held for more than `months` months."""
    return sold >= first_long_term_day(start, months)


@kernel
def _first_of_month(year: int, month: int) -> int:
    """Day number of the first of a month; `month` counts from 0 = March of that year and may exceed 11."""
    year += month // 12
    month %= 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 - _MARCH_EPOCH


@kernel
def first_long_term_day_number(start: int) -> int:
    """`first_long_term_day` in days since 1970-01-01; of property of unknown date (`NO_DATE`), `NEVER`."""
    if start == NO_DATE:
        return NEVER
    after = int(start) + 1 + _MARCH_EPOCH
    year = 400 * after // _FOUR_CENTURIES  # right, or one off where a leap day moves the boundary
    if _first_of_month(year, 0) + _MARCH_EPOCH > after:
        year -= 1
    elif _first_of_month(year + 1, 0) + _MARCH_EPOCH <= after:
        year += 1
    day_of_year = after - _first_of_month(year, 0) - _MARCH_EPOCH
    month = (5 * day_of_year + 2) // 153  # months from March run 31, 30, 31, 30, 31: 153 days in five
    day = day_of_year - (153 * month + 2) // 5
    month += LONG_TERM_MONTHS
    return min(_first_of_month(year, month) + day, _first_of_month(year, month + 1))


@kernel
def is_long_term_number(start: int, sold: int) -> bool:
    """`is_long_term` on day numbers; property of unknown date (`NO_DATE`) is never long term.

    The first long-term day is the 366th or 367th after `start`: only lots just a year old need the calendar.
    """
    if start == NO_DATE:
        return False
    held = int(sold) - int(start)
    if held < 366:
        return False
    return held > 367 or sold >= first_long_term_day_number(start)


@kernel
def first_long_term_day_numbers(start: NDArray[np.int32]) -> NDArray[np.int32]:
    """`first_long_term_day_number` of every entry of a column of day numbers."""
    days = np.empty(start.size, dtype=np.int32)
    for i in range(start.size):
        days[i] = first_long_term_day_number(start[i])
    return days
