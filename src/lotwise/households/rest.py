"""Until when a household rests after a trade (`days_between_trades`), in words."""

from __future__ import annotations

import math
from decimal import Decimal

from lotwise.dates import NO_DATE, from_day_number

__all__ = ["rest_words"]


def rest_words(last: int, days: Decimal) -> str:
    """Say when a household traded last and until when it rests; '' where no last trade is known."""
    if last == NO_DATE:
        return ""
    again = from_day_number(last + math.ceil(days))
    return f"it traded on {from_day_number(last)} and rests until {again} (days_between_trades = {days.normalize():f})"
