"""The record of a firm and its shadow, side by side, day after day.

Both are folded by the ledger, each day once: the shadow's events of a day are those from outside, folded to see what
they leave, and then what the rule trades upon that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.ledger.events import EVENT, NO_CODE, Table
from lotwise.ledger.fold import empty_state, fold
from lotwise.ledger.tables import Refusal, State
from lotwise.money import IntArray
from lotwise.savings.history import Days, History, days_of
from lotwise.savings.shadow import Holdings, dividends_of, events_from_outside, holdings_of, trades_of_rule
from lotwise.savings.shadow_rule import ShadowRule

__all__ = ["Side", "Walk"]


class Side(NamedTuple):
    """The record, or its shadow, at the end of a day."""

    state: State
    cash: IntArray  # (A,) money of each account
    rows: int  # events folded so far
    refused: int = 0  # of them, those that the ledger did not take


class Walk:
    """Goes through some accounts' days in order; `record` and `shadow` are where it stands.

    `begins` (A,) is the day on which each account's two sides part: at the end of its first day, or of `since` if that
    is later. Until then the shadow is the record.
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
        np.minimum.at(first, self._events["account"], self._events["day"])
        self.begins = np.maximum(first, since)
        cash = np.where(chosen, history.accounts.cash, 0)
        self.record = Side(empty_state(), cash, 0)
        self.shadow = Side(empty_state(), cash.copy(), 0)
        self._shadow_events: list[Table] = []  # of each day

    @property
    def days(self) -> Days:
        """Days of the record's events."""
        return self._days

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
        if not rows.size and not due and not self.history.market.pays_on(day):
            return
        before = holdings_of(self.record.state)
        record = self._folded(self.record, rows, self.history.details)
        self._shadow_day(day, rows, (record, before), due=due)
        self.record = record

    def _folded(self, side: Side, events: Table, details: Table) -> Side:
        if not events.size:
            return side
        folded = fold(*_with_own(events, details), self.history.world, side.state, first_event=side.rows)
        cash = side.cash.copy()
        np.add.at(cash, events["account"], folded.cash)
        refused = int(np.sum(folded.status != Refusal.POSTED))
        return Side(folded.state, cash, side.rows + events.size, side.refused + refused)

    def _shadow_day(self, day: int, rows: Table, record: tuple[Side, Holdings], *, due: bool) -> None:
        """Go through a day of the shadow."""
        managed = self._accounts[self.begins[self._accounts] < day]
        opening = self.begins >= day
        held = holdings_of(self.shadow.state)
        outside = events_from_outside(self.history, rows, opening, (record[1], held), self.rule)
        paid = dividends_of(self.history, held, day)
        paid = paid[self.begins[paid["account"]] < day]
        given = np.concatenate((outside.events, paid)) if rows.size or paid.size else np.zeros(0, EVENT)
        side = self._folded(self.shadow, given, outside.details)
        to_look_at = managed if due else np.intersect1d(managed, given["account"])
        trades = trades_of_rule(
            self.history, day, to_look_at, holdings_of(side.state), side.cash, due=due, rule=self.rule
        )
        if trades.size:
            given = np.concatenate((given, trades))
            side = self._folded(self.shadow, given, outside.details)
        if given.size:
            self._shadow_events.append(given)
        self.shadow = side


def _with_own(events: Table, details: Table) -> tuple[Table, Table]:
    """Events beside their own details alone: folding copies what it is given, and the record has one a dividend."""
    own = np.flatnonzero(events["detail"] != NO_CODE)
    made = events.copy()
    made["detail"][own] = np.arange(own.size)
    return made, details[events["detail"][own]]
