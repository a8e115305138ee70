"""Telling one part of a firm: going through its days, and comparing the taxes of both sides as they stood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.ledger.events import Table
from lotwise.ledger.tables import LOTS_OF_EVENT, SHORT
from lotwise.money import SHARE, IntArray
from lotwise.savings.asked import Asked, Calendar
from lotwise.savings.history import History
from lotwise.savings.present_value import growth_by_cause, unrealised
from lotwise.savings.rule_of_thumb import CREDIT, DEFERRED, Evening, Motive, credits_of_day
from lotwise.savings.side import PAYMENTS
from lotwise.savings.standing import Months, Period, Told
from lotwise.savings.walk import Walk
from lotwise.savings.years import FIGURES, Cause, Saved, Taxed, figures_of, income_of, saved

__all__ = ["told_part"]

_NEVER = np.iinfo(np.int32).max


def _merged(earlier: Table, now: Table, chosen: NDArray[np.bool_]) -> Table:
    """What is deferred by all accounts: `now` of the chosen ones, `earlier` of the others."""
    merged: Table = np.concatenate((earlier[~chosen[earlier["account"]]], now))
    return merged


class _Teller:
    """Goes through the days and keeps what is told."""

    def __init__(self, history: History, asked: Asked, calendar: Calendar) -> None:
        self.history = history
        self.asked = asked
        self.calendar = calendar
        owner = history.accounts.household
        self.chosen = owner >= 0
        self.households = history.targets.of.shape[0]
        self.walk = Walk(history, np.ones(owner.size, np.bool_), asked.rule, asked.since)
        self.deferred = np.zeros(0, DEFERRED)
        self.credits = [np.zeros(0, CREDIT)]
        self.thumb = np.zeros((len(Period), self.households, len(Cause)), np.int64)
        self.stands: list[tuple[IntArray, IntArray]] = []  # value, unrealised gains of both sides

    def go(self, on_day: Callable[[int], None]) -> None:
        for today in self.calendar.days:
            self.walk.step(today.day, due=today.due)
            self._credit(today.day, everybody=today.stands or self.asked.daily)
            if today.stands:
                sides = (self.walk.record, self.walk.shadow)
                gains = np.stack([unrealised(self.history, side.state, today.day) for side in sides], axis=1)
                self.stands.append((self._worth(today.day), gains))
            on_day(today.day)

    def _credit(self, day: int, *, everybody: bool) -> None:
        """Tell what the day's trades saved by the rule of thumb, of those that traded or of everybody."""
        chosen, record = self.chosen & (self.walk.begins <= day), self.walk.record
        if not everybody:
            # Payments change what an ordinary rebalance would have sold, but nothing that was: the end of the month
            # tells of them. A taxpayer's purchase washes what another household of his sold.
            rows = self.walk.events_on(day)
            traded = np.unique(record.taxpayer[rows["account"][~np.isin(rows["kind"], PAYMENTS)]])
            chosen &= np.isin(record.taxpayer, traded)
        if not chosen.any() or self.history.market.row(day) < 0:
            return
        evening = Evening(day, record.state if everybody else record.of(traded), record.cash, chosen)
        earlier = self.deferred[chosen[self.deferred["account"]]]
        made, now = credits_of_day(self.history, evening, earlier, self.asked.rule.relief)
        self.deferred = _merged(self.deferred, now, chosen)
        cause = np.where(np.isin(made["motive"], (Motive.HARVEST, Motive.WASH)), Cause.HARVESTING, Cause.DEFERRAL)
        for period, since in ((Period.YEAR, self.calendar.year_start), (Period.DAY, self.calendar.eve + 1)):
            if day >= since:
                np.add.at(self.thumb[period], (made["household"], cause), made["credit"])
        np.add.at(self.thumb[Period.SINCE], (made["household"], cause), made["credit"])
        if self.asked.traced:
            self.credits.append(made)

    def _worth(self, day: int) -> IntArray:
        """Money of the record of each household."""
        side, history = self.walk.record, self.history
        row = history.market.row(day)
        mine = np.flatnonzero(self.chosen)
        worth = np.zeros(self.households)
        worth += np.bincount(history.accounts.household[mine], side.cash[mine].astype(np.float64), self.households)
        if row >= 0:
            lots = side.state.lots
            mine = np.flatnonzero((lots["marks"] & SHORT == 0) & self.chosen[lots["account"]])
            value = lots["shares"][mine] / SHARE * history.market.price[row][lots["security"][mine]]
            worth += np.bincount(history.accounts.household[lots["account"][mine]], value, self.households)
        return np.rint(worth).astype(np.int64)

    def traced_credits(self) -> Table:
        """Credits, their lots numbered by the rows of the history's events."""
        lines = np.concatenate(self.credits)
        order, event = self.walk.folded_rows(), lines["lot"] // LOTS_OF_EVENT
        known = (lines["lot"] >= 0) & (event < order.size)
        row = order[np.where(known, event, 0)] if order.size else event
        lines["lot"] = np.where(known, row * LOTS_OF_EVENT + lines["lot"] % LOTS_OF_EVENT, -1)
        return lines


class _Taxes:
    """Taxes of both sides until a day, after day: what is realised and paid is added up once."""

    def __init__(self, history: History, asked: Asked, years: IntArray, begins: IntArray) -> None:
        self.owners = (history.accounts.household, history.world.accounts["kind"] == 0)
        self.asked = asked
        self.years = years
        self.first = np.array([from_day_number(int(day)).year if day else years[0] for day in begins], np.int64)
        self.households = begins.size

    def figures(self, realized: Table, events: Table, days: IntArray) -> Iterator[IntArray]:
        """Figures of a side until each day, (Y, H, 7); the same array, added to."""
        so_far = np.zeros((self.years.size, self.households, len(FIGURES)), np.int64)
        paid, word = income_of(events)
        place, paid_place = np.searchsorted(days, realized["sold"]), np.searchsorted(days, paid["day"])
        order, paid_order = np.argsort(place, kind="stable"), np.argsort(paid_place, kind="stable")
        start = np.searchsorted(place[order], np.arange(days.size + 1))
        paid_start = np.searchsorted(paid_place[paid_order], np.arange(days.size + 1))
        for at in range(days.size):
            rows, own = order[start[at] : start[at + 1]], paid_order[paid_start[at] : paid_start[at + 1]]
            so_far += figures_of(realized[rows], (paid[own], word[own]), self.owners, self.years, self.households)
            yield so_far

    def compared(self, record: IntArray, shadow: IntArray, until: int) -> Saved:
        """Compare the taxes of both sides until a day; each household's years are those since its first."""
        count = int((self.years <= from_day_number(until).year).sum())
        shape = (self.years.size, self.households)
        parts = np.zeros((*shape, len(Cause)), np.int64)
        sides = [
            Taxed(np.zeros(shape, np.int64), *np.zeros((2, self.households), np.int64)) for _ in ("record", "shadow")
        ]
        for first in np.unique(self.first):
            place = int(np.searchsorted(self.years, first))
            if place >= count:
                continue
            rows, span = np.flatnonzero(self.first == first), slice(place, count)
            found = saved(self.asked.position[rows], record[span, rows], shadow[span, rows], self.asked.law)
            parts[span, rows] = found.parts
            for mine, its in zip(sides, (found.record, found.shadow), strict=True):
                mine.total[span, rows] = its.total
                mine.short_carried[rows], mine.long_carried[rows] = its.short_carried, its.long_carried
        return Saved(parts, *sides)


class _Stand(NamedTuple):
    saved: Saved
    waiting: IntArray


def _stands(teller: _Teller, taxes: _Taxes, days: IntArray) -> Iterator[_Stand]:
    """Taxes, and the growth of the tax that waits, at the end of each day on which that is told."""
    walk = teller.walk
    sides = ((walk.record.state.realized, walk.events), (walk.shadow.state.realized, walk.all_shadow_events()))
    both = zip(*(taxes.figures(realized, events, days) for realized, events in sides), strict=True)
    for day, (_, gains), (record, shadow) in zip(days.tolist(), teller.stands, both, strict=True):
        found = taxes.compared(record, shadow, day)
        losses = np.stack([figures[:, :, 2:4].sum(axis=(0, 2)) for figures in (record, shadow)])
        yield _Stand(found, growth_by_cause(teller.history, gains, found, losses, teller.asked.later))


def told_part(
    history: History, asked: Asked, calendar: Calendar, years: IntArray, on_day: Callable[[int], None]
) -> Told:
    """Tell what was saved for every household of a history, whose `asked.position` and `later` are of the same rows."""
    teller = _Teller(history, asked, calendar)
    teller.go(on_day)
    walk, owner = teller.walk, history.accounts.household
    first = np.full(teller.households, _NEVER, np.int64)
    np.minimum.at(first, owner[teller.chosen], walk.begins[teller.chosen])
    begins = np.where(first < _NEVER, first, 0)
    days = np.array([today.day for today in calendar.days if today.stands], np.int64)
    stands = list(_stands(teller, _Taxes(history, asked, years, begins), days))
    months = Months(
        days,
        np.stack([worth for worth, _ in teller.stands]),
        np.stack([stand.saved.parts.sum(axis=0) for stand in stands]),
        np.stack([gains for _, gains in teller.stands]),
        np.stack([stand.waiting for stand in stands]),
    )
    is_eve = days == calendar.eve
    kept = ~is_eve | calendar.eve_is_month
    refused = np.zeros(teller.households, np.int64)
    np.add.at(refused, owner[teller.chosen], walk.refused[teller.chosen])
    return Told(
        begins,
        teller.thumb,
        teller.traced_credits(),
        years,
        stands[-1].saved,
        Months(*(column[kept] for column in months)),
        Months(*(column[is_eve] for column in months)),
        refused,
    )
