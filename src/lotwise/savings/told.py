"""What was saved, told of some households: three numbers, each from the same walk through the record and its shadow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number, is_trading_day
from lotwise.ledger.events import EventFlag, EventKind, Table
from lotwise.ledger.receipts import reinvested_alone
from lotwise.ledger.tables import SHORT
from lotwise.money import SHARE, IntArray
from lotwise.savings.history import Floats, History
from lotwise.savings.present_value import growth_by_cause, unrealised
from lotwise.savings.rule_of_thumb import CREDIT, DEFERRED, Evening, credits_of_day
from lotwise.savings.shadow_rule import ShadowRule
from lotwise.savings.walk import Walk
from lotwise.savings.years import Saved, figures_of, saved
from lotwise.tax.liability import Law

__all__ = ["Asked", "Months", "Told", "tell"]


class Asked(NamedTuple):
    """What is told, and by what."""

    rule: ShadowRule
    until: int  # last day
    since: int  # first day on which the sides may part; NO_DATE = each household's first
    position: Table  # (H,) POSITION of the year of `until`, without gains that are managed
    later: Floats  # (H,) delta: what a dollar of tax paid later costs today
    law: Law
    daily: bool = False  # whether what is deferred is told day by day, or at month ends and on days with trades


class Months(NamedTuple):
    """How things stand at the end of M months, and on the last day; money."""

    days: IntArray  # (M,)
    value: IntArray  # (M, H) of the record
    saved: IntArray  # (M, H, 3) number B since the beginning, by Cause
    gains: IntArray  # (M, H, 2) unrealised, of the record and of its shadow
    waiting: IntArray  # (M, H, 3) growth of the tax that waits, against the shadow's, by Cause

    @property
    def present_value(self) -> IntArray:
        """Number C since the beginning by Cause, (M, H, 3)."""
        present: IntArray = self.saved - self.waiting
        return present


class Told(NamedTuple):
    """Three numbers of H households; those without a record have none of them (begins = 0)."""

    begins: IntArray  # (H,) day on which the sides part; 0 = there is no record
    credits: Table  # (C,) CREDIT: number A, by day
    years: IntArray  # (Y,)
    saved: Saved  # number B
    months: Months
    refused: int  # events of the shadow that its ledger did not take
    folded: IntArray  # rows of the history's events as they were folded: lots of CREDIT are numbered by their places


def _days(history: History, walk: Walk, until: int) -> Iterator[tuple[int, bool, bool]]:
    """Every day to go through: (day, whether a month ends, whether it trades)."""
    events = walk.days.days[walk.days.days <= until]
    begins = events[0] if events.size else until  # before the first event there is nothing to go through
    trading = history.market.days[(history.market.days >= begins) & (history.market.days <= until)]
    for day in np.union1d(trading, events).tolist():
        today = from_day_number(day)
        yield day, is_trading_day(today) and _next_trading_day(today).month != today.month, day in trading


def _next_trading_day(day: date) -> date:
    following = day + timedelta(days=1)
    while not is_trading_day(following):
        following += timedelta(days=1)
    return following


def _merged(earlier: Table, now: Table, chosen: NDArray[np.bool_]) -> Table:
    """What is deferred by all accounts: `now` of the chosen ones, `earlier` of the others."""
    both = np.concatenate((earlier[~chosen[earlier["account"]]], now))
    merged: Table = both[np.argsort(both["lot"], kind="stable")]
    return merged


class _Teller:
    """Goes through the days and keeps what is told."""

    def __init__(self, history: History, chosen: NDArray[np.bool_], asked: Asked) -> None:
        self.history = history
        self.asked = asked
        self.chosen = chosen[np.maximum(history.accounts.household, 0)] & (history.accounts.household >= 0)
        self.walk = Walk(history, self.chosen, asked.rule, asked.since)
        self.deferred = np.zeros(0, DEFERRED)
        self.credits = [np.zeros(0, CREDIT)]
        self.stands: list[tuple[int, IntArray, IntArray]] = []  # day, value, unrealised gains of both sides

    def go(self, on_day: Callable[[int], None]) -> None:
        for day, month_ends, trades in _days(self.history, self.walk, self.asked.until):
            last = day == self.asked.until
            following = _next_trading_day(from_day_number(day))
            due = trades and self.asked.rule.is_due(from_day_number(day), following)
            self.walk.step(day, due=due)
            self._credit(day, everybody=month_ends or last or self.asked.daily)
            if month_ends or last:
                self._stand(day)
            on_day(day)
        if not self.stands or self.stands[-1][0] != self.asked.until:
            self._credit(self.asked.until, everybody=True)
            self._stand(self.asked.until)

    def _stand(self, day: int) -> None:
        sides = (self.walk.record, self.walk.shadow)
        gains = np.stack([unrealised(self.history, side.state, day) for side in sides], axis=1)
        self.stands.append((day, self._worth(day), gains))

    def _credit(self, day: int, *, everybody: bool) -> None:
        """Tell what the day's trades saved by the rule of thumb, of those that traded or of everybody."""
        chosen = self.chosen.copy()
        if not everybody:
            rows = self.walk.events_on(day)
            traded = np.unique(self.history.accounts.household[rows["account"]])
            chosen &= np.isin(self.history.accounts.household, traded)
        chosen &= self.walk.begins <= day
        if not chosen.any() or self.history.market.row(day) < 0:
            return
        evening = Evening(day, self.walk.record.state, self.walk.record.cash, chosen)
        earlier = self.deferred[chosen[self.deferred["account"]]]
        made, now = credits_of_day(self.history, evening, earlier, self.asked.rule.relief)
        self.credits.append(made)
        self.deferred = _merged(self.deferred, now, chosen)

    def _worth(self, day: int) -> IntArray:
        """Money of the record of each household."""
        side, history = self.walk.record, self.history
        households = history.targets.of.shape[0]
        row = history.market.row(day)
        mine = np.flatnonzero(self.chosen)
        worth = np.zeros(households)
        worth += np.bincount(history.accounts.household[mine], side.cash[mine].astype(np.float64), households)
        if row >= 0:
            lots = side.state.lots[side.state.lots["marks"] & SHORT == 0]
            lots = lots[self.chosen[lots["account"]]]
            value = lots["shares"] / SHARE * history.market.price[row][lots["security"]]
            worth += np.bincount(history.accounts.household[lots["account"]], value, households)
        return np.rint(worth).astype(np.int64)


def _income(events: Table) -> tuple[Table, IntArray]:
    """Payments among events, and of each whether it is ordinary, qualified or distributed gain (0, 1, 2)."""
    kind = np.where(reinvested_alone(events), EventKind.DIVIDEND, events["kind"])
    paid = np.isin(kind, (EventKind.DIVIDEND, EventKind.INTEREST, EventKind.CAPITAL_GAIN_DISTRIBUTION))
    qualified = (events["facts"] & EventFlag.QUALIFIED) != 0
    word = np.where(kind == EventKind.CAPITAL_GAIN_DISTRIBUTION, 2, qualified & (kind == EventKind.DIVIDEND))
    return events[paid], word[paid].astype(np.int64)


def tell(
    history: History, chosen: NDArray[np.bool_], asked: Asked, on_day: Callable[[int], None] = lambda _day: None
) -> Told:
    """Tell what was saved for the chosen households (H,), from their first day (or `since`) until a day.

    `on_day` is called after each day that was gone through.
    """
    teller = _Teller(history, chosen, asked)
    teller.go(on_day)
    walk, accounts = teller.walk, history.accounts
    begins = np.zeros(chosen.size, np.int64)
    mine = np.flatnonzero(teller.chosen & (walk.begins < np.iinfo(np.int32).max))
    if mine.size:
        first = np.full(chosen.size, np.iinfo(np.int64).max, np.int64)
        np.minimum.at(first, accounts.household[mine], walk.begins[mine])
        begins = np.where(first < np.iinfo(np.int64).max, first, 0)
    start = int(begins[begins > 0].min(initial=asked.until))
    years = np.arange(from_day_number(start).year, from_day_number(asked.until).year + 1)
    owners = (np.where(teller.chosen, accounts.household, -1), history.world.accounts["kind"] == 0)
    record_events = history.events[teller.chosen[history.events["account"]]]
    sides = ((walk.record.state.realized, record_events), (walk.shadow.state.realized, walk.all_shadow_events()))

    def until(day: int) -> tuple[Saved, IntArray]:
        """Compare the taxes of both sides so far; losses realised by each, (2, H)."""
        made, so_far = [], years[years <= from_day_number(day).year]
        for realized, events in sides:
            sold, paid = realized[realized["sold"] <= day], events[events["day"] <= day]
            made.append(figures_of(sold, _income(paid), owners, so_far, chosen.size))
        losses = np.stack([figures[:, :, 2:4].sum(axis=(0, 2)) for figures in made])
        return saved(asked.position, made[0], made[1], asked.law), losses

    days = np.array([day for day, _, _ in teller.stands], np.int64)
    gains = np.stack([gain for _, _, gain in teller.stands])
    at_end = [until(day) for day in days.tolist()]
    waiting = np.stack(
        [
            growth_by_cause(history, gains[month], each, losses, asked.later)
            for month, (each, losses) in enumerate(at_end)
        ]
    )
    value = np.stack([worth for _, worth, _ in teller.stands])
    parts = np.stack([each.parts.sum(axis=0) for each, _ in at_end])
    return Told(
        begins,
        np.concatenate(teller.credits),
        years,
        at_end[-1][0],
        Months(days, value, parts, gains, waiting),
        walk.shadow.refused,
        walk.folded_rows(),
    )
