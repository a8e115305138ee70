"""Days of which something can be told: those that the folder has prices for."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from lotwise.dates import from_day_number, is_trading_day, to_day_number
from lotwise.errors import Finding, FolderError, LotwiseError, Severity
from lotwise.interchange.firm_folder import STALE_AFTER, Firm, oldest_fresh_day, own_day

__all__ = ["require_no_later_year", "require_priced", "require_tradable"]


def require_priced(folder: Path, firm: Firm) -> None:
    """Raise where the exchange had opened again between the last price and the day that a firm was read as of.

    FolderError with the line of firm.toml where that says the day, ValueError where somebody asked for it.
    """
    last = _last_price(firm)
    following = last + timedelta(days=1)
    while following <= firm.as_of and not is_trading_day(following):
        following += timedelta(days=1)
    if following <= firm.as_of:
        must_be = f"at most {last}, the day of the last price, or one without trading right after it"
        raise _refused(folder, firm, must_be)


def require_tradable(folder: Path, firm: Firm) -> None:
    """Raise as `require_priced` does where the last price of all is too old to trade at: nothing could be decided."""
    last = _last_price(firm)
    if to_day_number(last) < oldest_fresh_day(firm.as_of):
        raise _refused(folder, firm, f"within {STALE_AFTER} trading days of the last price, which is of {last}")


def _last_price(firm: Firm) -> date:
    """Day of the last price; the firm's own day where it has no history (a firm without any price is not read)."""
    days = firm.history.days
    return from_day_number(int(days[-1])) if days.size else firm.as_of


def _refused(folder: Path, firm: Firm, must_be: str) -> LotwiseError | ValueError:
    own = own_day(folder)
    to_do = "add prices until then, or {} an earlier day"
    if own.day != firm.as_of:
        return ValueError(f"date must be {must_be}, was {firm.as_of}; {to_do.format('ask for')}")
    finding = Finding(*own.place, Severity.ERROR, must_be, str(firm.as_of), to_do.format("say"))
    return FolderError(str(finding), (*firm.findings, finding))


def require_no_later_year(year: int | None, day: date) -> None:
    """Raise ValueError for a year after that of the day of which is told."""
    if year is not None and year > day.year:
        raise ValueError(f"year must be at most {day.year}, that of the folder's day {day}, was {year}")
