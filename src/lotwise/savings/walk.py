"""The record of a firm and its shadow, side by side, day after day.

Both are folded by the ledger, each day once: the shadow's events of a day are those from outside, folded to see what
they leave, and then what the rule trades upon that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.ledger.events import EVENT, Table, no_details
from lotwise.ledger.fold import empty_state
from lotwise.money import IntArray
from lotwise.savings.history import Days, History, days_of, stated_sales
from lotwise.savings.shadow import (
    Holdings,
    dividends_of,
    events_from_outside,
    holdings_of,
    holdings_with,
    trades_of_rule,
)
from lotwise.savings.shadow_rule import ShadowRule
from lotwise.savings.side import DayFolded, Side

__all__ = ["Walk"]


class Walk:
    """Goes through some accounts' days in order; `record` and `shadow` are where it stands.

    `begins` (A,) is the day on which each account's two sides part: at the end of its first day, or of `since` if that
    is later. Until then the shadow is the record; that of an account which is not managed it stays for ever.
    """

    def __init__(
        self, history: History, chosen: NDArray[np.bool_], rule: ShadowRule, since: int = int(NO_DATE)
    ) -> None:
        self.history = history
        self.rule = rule
        self._mine = chosen[history.events["account"]]
        self._events = history.events[self._mine]
        self._days = days_of(self._events)
        self._accounts = np.flatnonzero(chosen)
        first = np.full(chosen.size, np.iinfo(np.int32).max, np.int64)
        begun = self._events[~stated_sales(self._events)]  # what was sold before is no beginning
        np.minimum.at(first, begun["account"], begun["day"])
        first = np.maximum(first, since)
        self.begins = np.where(history.accounts.household >= 0, first, np.iinfo(np.int32).max)
        self.refused = np.zeros(chosen.size, np.int64)  # of each account, shadow's events that its ledger did not take
        cash = np.where(chosen, history.accounts.cash, 0)
        self.record = Side(history, cash)
        self.shadow = Side(history, cash.copy())
        self._shadow_events: list[Table] = []  # of each day
        self._held = holdings_of(empty_state())

    @property
    def days(self) -> Days:
        """Days of the record's events."""
        return self._days

    @property
    def events(self) -> Table:
        """The record's events."""
        events: Table = self._events
        return events

    def folded_rows(self) -> IntArray:
        """Rows of the history's events in the order in which the record is folded: lots are numbered by it."""
        rows: IntArray = np.flatnonzero(self._mine)[self._days.order]
        return rows

    def events_on(self, day: int) -> Table:
        """The record's events of a day."""
        rows: Table = self._events[self._days.on(day)]
        return rows

    def all_shadow_events(self) -> Table:
        """Events of the shadow, day after day."""
        return np.concatenate([np.zeros(0, EVENT), *self._shadow_events])

    def step(self, day: int, *, due: bool) -> None:
        """Go through a day, on which the shadow goes to its target if that is `due`. Days ascend."""
        rows = self._events[self._days.on(day)]
        acted = np.isin(self.history.actions.on(day)["security"], self._held.security).any()
        if not (rows.size or acted or due or self.history.market.pays_on(day)):
            return
        # The shadow asks what was held before the day.
        self._shadow_day(day, rows, due=due)
        if rows.size:
            self.record.keep(self.record.folded(rows, no_details(0)))

    def _held_then(self, folded: DayFolded) -> Holdings:
        """What the shadow holds after a day; a day of payments alone leaves it as it was."""
        if not folded.taxpayers.size:
            return self._held
        changed = np.isin(self.shadow.taxpayer, folded.taxpayers)
        return holdings_with(self._held, changed, folded.state.lots)

    def _shadow_day(self, day: int, rows: Table, *, due: bool) -> None:
        """Go through a day of the shadow."""
        managed = self._accounts[self.begins[self._accounts] < day]
        opening = self.begins >= day
        outside = events_from_outside(self.history, day, rows, opening, self._held, self.rule)
        paid = dividends_of(self.history, self._held, day)
        paid = paid[self.begins[paid["account"]] < day]
        given = np.concatenate((outside.events, paid))
        folded = self.shadow.folded(given, outside.more)
        held = self._held_then(folded)
        to_look_at = managed if due else np.intersect1d(managed, given["account"])
        trades = trades_of_rule(self.history, day, to_look_at, held, folded.cash, due=due, rule=self.rule)
        if trades.size:
            given = np.concatenate((given, trades))
            folded = self.shadow.folded(given, outside.more)
            held = self._held_then(folded)
        if given.size:
            self._shadow_events.append(given)
        np.add.at(self.refused, folded.refused, 1)
        self.shadow.keep(folded)
        self._held = held
