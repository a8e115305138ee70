"""Days of which something can be told: those that the folder has prices for."""

from __future__ import annotations

from datetime import date, timedelta

from lotwise.dates import from_day_number, is_trading_day
from lotwise.interchange.firm_folder import Firm

__all__ = ["require_no_later_year", "require_priced"]


def require_priced(firm: Firm, asked: date | None) -> None:
    """Raise ValueError where a day is asked for by which the exchange had opened again since the last price."""
    if asked is None or not firm.history.days.size:
        return
    last = from_day_number(int(firm.history.days[-1]))
    following = last + timedelta(days=1)
    while following <= asked and not is_trading_day(following):
        following += timedelta(days=1)
    if following <= asked:
        raise ValueError(
            f"date must be at most {last}, the day of the last price, or one without trading right after it, was "
            f"{asked}; add prices until then, or ask for an earlier day"
        )


def require_no_later_year(year: int | None, day: date) -> None:
    """Raise ValueError for a year after that of the day of which is told."""
    if year is not None and year > day.year:
        raise ValueError(f"year must be at most {day.year}, that of the folder's day {day}, was {year}")
