"""One side of the comparison, the record or its shadow: what is folded of it, kept taxpayer by taxpayer.

Taxpayers have nothing to do with each other in the fold. A day's events are folded onto what their taxpayers hold; what
all others hold is not touched, however many they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.ledger.events import EventKind, Table
from lotwise.ledger.fold import empty_state, fold
from lotwise.ledger.tables import LOT, REALIZED, Refusal, State
from lotwise.money import IntArray
from lotwise.savings.history import History
from lotwise.savings.parts import with_own_details

__all__ = ["PAYMENTS", "DayFolded", "Side"]

# They touch no lot.
PAYMENTS = (
    EventKind.DIVIDEND,
    EventKind.CAPITAL_GAIN_DISTRIBUTION,
    EventKind.INTEREST,
    EventKind.DEPOSIT,
    EventKind.WITHDRAWAL,
    EventKind.FEE,
)


def _in_a_row(tables: list[Table], record: np.dtype[np.void]) -> Table:
    """Concatenate tables of one kind as bytes: numpy compares the fields of each with the next otherwise."""
    raw = np.dtype((np.void, record.itemsize))
    return np.concatenate([np.empty(0, raw), *(table.view(raw) for table in tables)]).view(record)


class DayFolded(NamedTuple):
    """What a day makes of some taxpayers, before it is kept."""

    taxpayers: IntArray  # whose lots it touches, ascending
    state: State  # of those, with the wash sales of the day alone
    cash: IntArray  # (A,)
    events: int
    refused: Table  # account of each event that the ledger did not take


class Side:
    """The record, or its shadow, at the end of a day; `cash` (A,) is money of each account."""

    def __init__(self, history: History, cash: IntArray) -> None:
        self.cash = cash
        self.taxpayer = np.unique(history.world.accounts["taxpayer"], return_inverse=True)[1].astype(np.int64)
        self._history = history
        self._rows = 0  # events folded so far
        nothing = empty_state()
        self._lots = [nothing.lots] * (int(self.taxpayer.max(initial=-1)) + 1)
        self._realized = [nothing.realized] * len(self._lots)
        self._washes = nothing.washes
        self._whole: State | None = None

    @property
    def state(self) -> State:
        """All of it."""
        if self._whole is None:
            self._whole = self.of(np.arange(len(self._lots)))
        return self._whole

    def of(self, taxpayers: IntArray) -> State:
        """Lots and sales of some taxpayers, and all wash sales."""
        lots, realized = (
            _in_a_row([shelf[each] for each in taxpayers.tolist()], table)
            for shelf, table in ((self._lots, LOT), (self._realized, REALIZED))
        )
        by_account, by_event = (np.argsort(key, kind="stable") for key in (lots["account"], realized["event"]))
        return State(lots[by_account], realized[by_event], self._washes)

    def folded(self, events: Table, more: Table) -> DayFolded:
        """Fold a day's events; details beyond those of the history are `more`."""
        at_desk = events[~np.isin(events["kind"], PAYMENTS)]
        own_events, own = with_own_details(events, self._history.details, more)
        other = own["counter_account"]
        touched = np.unique(np.concatenate((self.taxpayer[at_desk["account"]], self.taxpayer[other[other >= 0]])))
        before = self.of(touched)._replace(washes=empty_state().washes)
        made = fold(own_events, own, self._history.world, before, first_event=self._rows)
        cash = self.cash.copy()
        np.add.at(cash, events["account"], made.cash)
        return DayFolded(touched, made.state, cash, events.size, events["account"][made.status != Refusal.POSTED])

    def keep(self, day: DayFolded) -> None:
        """Go on from a day that was folded."""
        self.cash = day.cash
        self._rows += day.events
        if not day.taxpayers.size:
            return
        self._whole = None
        for shelf, table in ((self._lots, day.state.lots), (self._realized, day.state.realized)):
            of = self.taxpayer[table["account"]]
            order = np.argsort(of, kind="stable")
            rows, starts = table[order], np.searchsorted(of[order], day.taxpayers)
            ends = np.append(starts[1:], of.size)
            for taxpayer, start, end in zip(day.taxpayers.tolist(), starts.tolist(), ends.tolist(), strict=True):
                shelf[taxpayer] = rows[start:end]
        if day.state.washes.size:
            washes = np.concatenate((self._washes, day.state.washes))
            self._washes = washes[np.lexsort((washes["lot"], washes["sale"], washes["day"]))]
