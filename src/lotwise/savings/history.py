"""What a firm's savings are told from: the record of its accounts, the market and the targets, day by day.

Everything is known as it stood on its day. Shares, prices and payouts of a day are counted as shares were counted then.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import EventFlag, EventKind, Table
from lotwise.ledger.tables import World
from lotwise.money import IntArray

__all__ = [
    "UNVALUED_AFTER",
    "Accounts",
    "CorporateActions",
    "Days",
    "History",
    "MarketHistory",
    "Targets",
    "days_of",
    "stated_sales",
]

UNVALUED_AFTER = 90  # days: what has not been priced for a quarter has merged, failed or left the market

Floats = NDArray[np.float64]
Int32Array = NDArray[np.int32]


class MarketHistory(NamedTuple):
    """T trading days of the N securities that the record names."""

    days: Int32Array  # (T,) ascending
    price: IntArray  # (T, N) close, money per share; the last one known where there is none; 0 = none
    quoted: NDArray[np.bool_]  # (T, N) whether the close is the day's own: what is not quoted cannot be traded
    payout: Floats  # (T, N) dollars per share that go ex on that day
    qualified: NDArray[np.bool_]  # (N,) whether its dividends count as qualified

    def row(self, day: int) -> int:
        """The last trading day that is not after a day; -1 = all are."""
        return int(np.searchsorted(self.days, day, side="right")) - 1

    def pays_on(self, day: int) -> bool:
        """Whether any security goes ex on a day."""
        row = self.row(day)
        return row >= 0 and int(self.days[row]) == day and bool((self.payout[row] > 0).any())


class Targets(NamedTuple):
    """What households want to hold: K distinct targets."""

    weight: Floats  # (K, N) fractions of value
    cash: Floats  # (K,)
    of: Int32Array  # (H, T) target of each household on each day

    def shared_out(self, rows: IntArray | Int32Array, there: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Of some targets (R,): what securities weigh in all, and the part of it of those that are `there` (N,)."""
        weight = self.weight[rows]
        return weight.sum(axis=1), np.where(there, weight, 0.0).sum(axis=1)


class CorporateActions(NamedTuple):
    """What companies did to their shares, each once, by day; of no account."""

    events: Table  # (C,) EVENT
    details: Table  # DETAIL, with cash by the share

    def on(self, day: int) -> Table:
        """Those of a day."""
        first, last = np.searchsorted(self.events["day"], [day, day + 1])
        acts: Table = self.events[first:last]
        return acts


class Accounts(NamedTuple):
    """The A accounts of the record."""

    household: Int32Array  # (A,) -1 = of no household that is asked for
    cash: IntArray  # (A,) money before the first event
    as_one: NDArray[np.bool_]  # (A,) whether its household's accounts are one portfolio


class History(NamedTuple):
    """The record of a firm's accounts, and all that it is told by."""

    events: Table  # (E,) EVENT in the order in which they were recorded
    details: Table  # DETAIL
    world: World
    accounts: Accounts
    market: MarketHistory
    targets: Targets
    rates: IntArray  # (H, 2) tax on a dollar of short-term and of long-term gain, billionths
    actions: CorporateActions  # of all securities, whoever holds them in the record


class Days(NamedTuple):
    """Events by day: those of the day at place i are order[start[i] : start[i + 1]], as recorded."""

    days: Int32Array
    start: IntArray
    order: IntArray

    def on(self, day: int) -> IntArray:
        """Rows of the events of a day."""
        place = int(np.searchsorted(self.days, day))
        if place == self.days.size or self.days[place] != day:
            return self.order[:0]
        return self.order[self.start[place] : self.start[place + 1]]


def stated_sales(events: Table) -> NDArray[np.bool_]:
    """Which events are sales of shares that the ledger never held, with the basis that their source states."""
    stated: NDArray[np.bool_] = (events["kind"] == EventKind.SELL) & (events["facts"] & EventFlag.STATED != 0)
    return stated


def days_of(events: Table) -> Days:
    """Index events by their day."""
    order = np.argsort(events["day"], kind="stable").astype(np.int64)
    days, start = np.unique(events["day"][order], return_index=True)
    return Days(days.astype(np.int32), np.append(start, order.size).astype(np.int64), order)
