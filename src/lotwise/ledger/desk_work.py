"""Folding at one desk after the other: the compiled loop over taxpayers and families of securities."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import WASH_DAYS
from lotwise.kernels import Records, inner_kernel, kernel
from lotwise.ledger.booking import Posting, correct_basis, give_up, open_lot, sell
from lotwise.ledger.desk import (
    FULL,
    LOTS,
    OPENED,
    PENDING,
    POSITIONS,
    REALIZED_ROWS,
    SHORTS,
    WASHES,
    Desk,
    Rules,
    clear,
    desk_for,
)
from lotwise.ledger.disposition_order import disposed_later
from lotwise.ledger.events import EventKind, Table
from lotwise.ledger.matching import match_day
from lotwise.ledger.open_lots import insert_recent, link_lot
from lotwise.ledger.reorganizations import reorganize
from lotwise.ledger.short_sales import begin_on_sale, cover, sell_short
from lotwise.ledger.tables import ABSORBED, LOT, REALIZED, REPLACEMENT, WASH, Origin, Refusal
from lotwise.money import IntArray

__all__ = ["Stack", "Tray", "fold_stack"]

# A part of the stack is folded by one thread at a time; small enough that threads finish together.
_EVENTS_OF_PART = 200_000
_FIRST_ROWS = 512  # room of a new desk and of a new outcome; what is too small is made larger and begun again
_ALL_DONE, _DESK_SMALL, _OUTCOME_SMALL = 0, 1, 2


class Stack(NamedTuple):
    """Events of many desks, sorted by desk, day and order of work; desk d has rows start[d] to start[d + 1]."""

    events: Records
    details: Records  # the last row is one in which nothing is given
    number: IntArray  # (E,) number of each event in the record
    start: IntArray  # (D + 1,)
    lots: Records  # open lots of before, sorted by desk
    lot_start: IntArray
    realized: Records  # realised rows of before that new events can still reach, sorted by desk
    realized_start: IntArray


class Tray(NamedTuple):
    """What becomes of the events of a stack."""

    status: NDArray[np.uint8]
    cash: IntArray


class _Outcome(NamedTuple):
    """Tables of what desks leave behind."""

    lots: Records
    realized: Records
    washes: Records
    rows_used: IntArray  # (3,)


@inner_kernel
def _lay_out(desk: Desk, stack: Stack, d: int) -> None:
    """Put a desk's open lots and recent realised rows before it."""
    clear(desk)
    first_day = stack.events[stack.start[d]].day
    count = stack.lot_start[d + 1] - stack.lot_start[d]
    if count > desk.lots.size:
        desk.used[FULL] = 1
        return
    for k in range(count):
        desk.lots[k] = stack.lots[stack.lot_start[d] + k]
        desk.used[LOTS] = k + 1
        link_lot(desk, k)
        lot = desk.lots[k]
        candidate = lot.marks & (REPLACEMENT | ABSORBED) == REPLACEMENT
        if candidate and lot.acquired >= first_day - WASH_DAYS:
            insert_recent(desk, k)
    rows = stack.realized_start[d + 1] - stack.realized_start[d]
    if rows > desk.realized.size:
        desk.used[FULL] = 1
        return
    for k in range(rows):
        desk.realized[k] = stack.realized[stack.realized_start[d] + k]
        desk.place[k] = 0
        row = desk.realized[k]
        if row.matchable > row.matched:
            desk.pending[desk.used[PENDING]] = k
            desk.used[PENDING] += 1
    desk.used[REALIZED_ROWS] = rows


@inner_kernel
def _post(desk: Desk, rules: Rules, posting: Posting) -> int:
    """Post one event: whole, or refused and nothing changed."""
    kind = posting.event.kind
    if kind in (EventKind.BUY, EventKind.REINVEST, EventKind.TRANSFER_IN):
        return open_lot(desk, rules, posting)
    if kind in (EventKind.GIFT_IN, EventKind.INHERITANCE):
        return open_lot(desk, rules, posting)
    if kind in (EventKind.SELL, EventKind.CASH_IN_LIEU):
        first_row = desk.used[REALIZED_ROWS]
        status = sell(desk, rules, posting, Origin.SALE if kind == EventKind.SELL else Origin.CASH_IN_LIEU)
        if desk.used[SHORTS] and not desk.used[FULL]:
            begin_on_sale(desk, rules, first_row)
        return status
    if kind in (EventKind.TRANSFER_OUT, EventKind.DONATION):
        return give_up(desk, rules, posting)
    if kind == EventKind.SELL_SHORT:
        return sell_short(desk, rules, posting)
    if kind == EventKind.COVER:
        return cover(desk, rules, posting)
    if kind == EventKind.BASIS_CORRECTION:
        return correct_basis(desk, posting)
    if EventKind.SPLIT <= kind <= EventKind.RETURN_OF_CAPITAL:
        return reorganize(desk, posting)
    return Refusal.UNKNOWN_KIND


@inner_kernel
def _take_order(desk: Desk) -> None:
    """Bring pending losses of before into the order in which they were disposed of: by the first fill of their sale."""
    count = desk.used[PENDING]
    for k in range(1, count):
        r = desk.pending[k]
        j = k
        while j > 0 and disposed_later(desk, desk.pending[j - 1], r):
            desk.pending[j] = desk.pending[j - 1]
            j -= 1
        desk.pending[j] = r


@inner_kernel
def _fold_desk(desk: Desk, rules: Rules, stack: Stack, tray: Tray, d: int) -> bool:
    """Fold all events of desk d; False where the desk was too small and nothing of it counts.

    Rows of before stand first in `desk.realized`; `desk.used[OPENED]` says how many events were posted.
    """
    _lay_out(desk, stack, d)
    if desk.used[FULL]:
        return False
    _take_order(desk)
    first, last = stack.start[d], stack.start[d + 1]
    day_row = desk.used[REALIZED_ROWS]
    posted = 0
    for k in range(first, last):
        event = stack.events[k]
        if k > first and event.day != stack.events[k - 1].day:
            if desk.used[REALIZED_ROWS] > day_row:
                match_day(desk, rules, day_row)
            day_row = desk.used[REALIZED_ROWS]
        detail = stack.details[event.detail if event.detail >= 0 else stack.details.size - 1]
        posting = Posting(event, detail, stack.number[k], k - first, tray.cash[first:last])
        status = _post(desk, rules, posting)
        tray.status[k] = status
        if status == Refusal.POSTED:
            posted += 1
        if desk.used[FULL]:
            return False
    if desk.used[REALIZED_ROWS] > day_row:
        match_day(desk, rules, day_row)
    desk.used[OPENED] = posted
    return not desk.used[FULL]


@kernel
def _keep(desk: Desk, outcome: _Outcome) -> bool:
    """Put what a desk leaves behind with the rest; False, and nothing kept, where there is no room."""
    lots, rows, washes = outcome.rows_used[0], outcome.rows_used[1], outcome.rows_used[2]
    if rows + desk.used[REALIZED_ROWS] > outcome.realized.size or washes + desk.used[WASHES] > outcome.washes.size:
        return False
    for p in range(desk.used[POSITIONS]):
        i = desk.positions[p].first
        while i >= 0:
            if desk.lots[i].shares > 0:
                if lots == outcome.lots.size:
                    return False
                outcome.lots[lots] = desk.lots[i]
                lots += 1
            i = desk.following[i]
    for r in range(desk.used[REALIZED_ROWS]):
        outcome.realized[rows + r] = desk.realized[r]
    for w in range(desk.used[WASHES]):
        outcome.washes[washes + w] = desk.washes[w]
    outcome.rows_used[0] = lots
    outcome.rows_used[1] = rows + desk.used[REALIZED_ROWS]
    outcome.rows_used[2] = washes + desk.used[WASHES]
    return True


@kernel
def _fold_desks(
    desk: Desk, rules: Rules, stack: Stack, tray: Tray, outcome: _Outcome, first: int, last: int
) -> tuple[int, int]:
    """Fold desks from `first` on until all are done or room runs out: the desk that needs it, and why.

    Where the outcome is too small, that desk is folded and only waits to be kept.
    """
    for d in range(first, last):
        events = stack.start[d + 1] - stack.start[d]
        if events > desk.opened.size or not _fold_desk(desk, rules, stack, tray, d):
            return d, _DESK_SMALL
        if not _keep(desk, outcome):
            return d, _OUTCOME_SMALL
    return last, _ALL_DONE


def _larger(outcome: _Outcome) -> _Outcome:
    def table(old: Records, used: int) -> Table:
        new = np.empty(2 * max(old.size, _FIRST_ROWS), old[:0].dtype).view(np.recarray)
        new[:used] = old[:used]
        return new

    lots, rows, washes = (int(used) for used in outcome.rows_used)
    return _Outcome(
        table(outcome.lots, lots), table(outcome.realized, rows), table(outcome.washes, washes), outcome.rows_used
    )


def _fold_part(rules: Rules, stack: Stack, tray: Tray, first: int, last: int) -> tuple[Table, Table, Table]:
    """Fold desks `first` to `last`, with as much room as that takes."""
    events = int(stack.start[last] - stack.start[first])
    most = int(np.max(stack.start[first + 1 : last + 1] - stack.start[first:last]))
    rows = _FIRST_ROWS
    desk = desk_for(rows, most)
    lots = int(stack.lot_start[last] - stack.lot_start[first]) + events
    realized = int(stack.realized_start[last] - stack.realized_start[first]) + events
    sizes = ((LOT, lots), (REALIZED, realized), (WASH, max(events // 4, _FIRST_ROWS)))
    lots_out, realized_out, washes_out = (np.empty(size, kind).view(np.recarray) for kind, size in sizes)
    outcome = _Outcome(lots_out, realized_out, washes_out, np.zeros(3, np.int64))
    while first < last:
        first, why = _fold_desks(desk, rules, stack, tray, outcome, first, last)
        if why == _DESK_SMALL:
            rows *= 2
            desk = desk_for(rows, most)
        elif why == _OUTCOME_SMALL:
            while not _keep(desk, outcome):
                outcome = _larger(outcome)
            first += 1
    used = outcome.rows_used
    # Copies: a view would keep the whole of a large table alive.
    return (
        np.array(outcome.lots[: used[0]]),
        np.array(outcome.realized[: used[1]]),
        np.array(outcome.washes[: used[2]]),
    )


def fold_stack(rules: Rules, stack: Stack, tray: Tray, threads: int) -> tuple[Table, Table, Table]:
    """Fold every desk of a stack; its lots, realised rows (those laid out before included) and wash sales."""
    desks = stack.start.size - 1
    marks = np.arange(0, int(stack.start[-1]), _EVENTS_OF_PART)
    cuts = np.unique(np.append(np.searchsorted(stack.start[:-1], marks), desks))
    parts = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))

    def folded(part: tuple[int, int]) -> tuple[Table, Table, Table]:
        return _fold_part(rules, stack, tray, *part)

    if threads <= 1 or len(parts) == 1:  # a day of a replay: a pool would cost more than the fold
        done = [folded(part) for part in parts]
    else:
        with ThreadPoolExecutor(threads) as pool:
            done = list(pool.map(folded, parts))
    lots, realized, washes = (np.concatenate(tables) for tables in zip(*done, strict=True))
    return lots, realized, washes
