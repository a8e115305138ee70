"""Dates as days since 1970-01-01, trading days of the New York Stock Exchange, and periods that the law counts."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays
import numpy as np

__all__ = [
    "NO_DATE",
    "WASH_DAYS",
    "from_day_number",
    "is_trading_day",
    "to_day_number",
]

# A date that is not known, in columns of day numbers.
NO_DATE = np.iinfo(np.int32).min

# 26 U.S.C. 1091(a): "beginning 30 days before the date of such sale and ending 30 days after such date".
WASH_DAYS = 30

_EPOCH = date(1970, 1, 1)


def to_day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def from_day_number(number: int) -> date:
    """Date of a day number."""
    return _EPOCH + timedelta(days=int(number))


@lru_cache(maxsize=64)
def _closed(year: int) -> frozenset[date]:
    return frozenset(holidays.financial_holidays("NYSE", years=year))


def is_trading_day(day: date) -> bool:
    """Whether the exchange is open on this day (half days count)."""
    return day.weekday() < 5 and day not in _closed(day.year)
