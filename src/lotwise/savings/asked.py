"""What is asked to be told of a history, and the days that are gone through for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from lotwise.dates import from_day_number, is_trading_day, to_day_number
from lotwise.ledger.events import Table
from lotwise.savings.history import Floats, History
from lotwise.savings.shadow_rule import ShadowRule
from lotwise.tax.liability import Law

__all__ = ["Asked", "Calendar", "Today", "calendar_of"]


class Asked(NamedTuple):
    """What is told, and by what."""

    rule: ShadowRule
    until: int  # last day
    since: int  # first day on which the sides may part; NO_DATE = each household's first
    position: Table  # (H,) POSITION of the year of `until`, without gains that are managed
    later: Floats  # (H,) delta: what a dollar of tax paid later costs today
    law: Law
    daily: bool = False  # whether what is deferred is told day by day, or at month ends and on days with trades
    traced: bool = True  # whether every credit is kept, or their sums alone


class Today(NamedTuple):
    """A day that is gone through."""

    day: int
    due: bool  # whether the shadow goes to its target
    stands: bool  # whether it is told how things stand at its end


class Calendar(NamedTuple):
    """The days until the last one; the same for every household, whatever happened to it."""

    days: tuple[Today, ...]
    until: int
    eve: int  # the trading day before the last one; -1 = there is none
    eve_is_month: bool  # whether the eve ends a month
    year_start: int  # first day of the last day's year


def calendar_of(history: History, until: int, rule: ShadowRule) -> Calendar:
    """Every day on which something may happen until a day: trading days, and days of events."""
    market = history.market
    events = np.unique(history.events["day"])
    acts = history.actions.events["day"]
    row = market.row(until)
    eve = int(market.days[row - 1]) if row > 0 else -1
    begins = min(int(events[0]) if events.size else until, eve)  # before the first event nothing happens to anybody
    trading = market.days[(market.days >= begins) & (market.days <= until)]
    trades = set(trading.tolist())
    days, eve_is_month = [], False
    for day in np.union1d(trading, np.union1d(events, acts[acts >= begins])).tolist():
        if day > until:
            break
        today = from_day_number(day)
        following = _next_trading_day(today)
        month_ends = is_trading_day(today) and following.month != today.month
        eve_is_month |= day == eve and month_ends
        due = day in trades and rule.is_due(today, following)
        days.append(Today(day, due, month_ends or day in (until, eve)))
    if not days or days[-1].day != until:
        days.append(Today(until, due=False, stands=True))
    year = from_day_number(until).year
    return Calendar(tuple(days), until, eve, eve_is_month, to_day_number(date(year, 1, 1)))


def _next_trading_day(day: date) -> date:
    following = day + timedelta(days=1)
    while not is_trading_day(following):
        following += timedelta(days=1)
    return following
