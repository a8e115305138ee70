"""Folding: a record of events becomes lots, realised gains and wash sales, the same way every time.

Events are parted by taxpayer and family of securities; each part is folded by itself (`desk_work`), day after day:
reorganisations of the day first, then everything else as recorded, then the wash sales of the day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.ledger.desk import Rules
from lotwise.ledger.desk_work import Stack, Tray, fold_stack
from lotwise.ledger.events import NO_CODE, EventKind, Table, no_details
from lotwise.ledger.families import families_of
from lotwise.ledger.merging import merge_tables
from lotwise.ledger.tables import LOT, REALIZED, WASH, Refusal, State, World
from lotwise.money import IntArray

__all__ = ["Folded", "empty_state", "fold"]

# Cash comes in with these and goes out with the others that touch no lot.
_CASH_ONLY = (
    (EventKind.DIVIDEND, 1),
    (EventKind.CAPITAL_GAIN_DISTRIBUTION, 1),
    (EventKind.INTEREST, 1),
    (EventKind.DEPOSIT, 1),
    (EventKind.WITHDRAWAL, -1),
    (EventKind.FEE, -1),
)

_ABOUT_ALL_SOLD = (EventKind.SPLIT, EventKind.STOCK_DIVIDEND, EventKind.SYMBOL_CHANGE)


class Folded(NamedTuple):
    """What a record of events folds into."""

    state: State
    status: NDArray[np.uint8]  # (E,) tables.Refusal of every event
    cash: IntArray  # (E,) money that each event moved into its account (negative: out of it); 0 where refused


def empty_state() -> State:
    """Return the state before the first event."""
    return State(np.empty(0, LOT), np.empty(0, REALIZED), np.empty(0, WASH))


def fold(
    events: Table, details: Table, world: World, state: State | None = None, *, first_event: int = 0, threads: int = 1
) -> Folded:
    """Fold events onto a state; each is posted whole or refused whole.

    `events` is EVENT in the order in which they were recorded, their numbers counted from `first_event`; they are
    taken by day and, within a day, in this order, reorganisations first. Every day must be later than what the state
    of its taxpayer was folded from. The result does not depend on `threads`. Raises ValueError where a code is outside
    its table.
    """
    before = state or empty_state()
    _require_codes(events, details, world)
    status, cash = _fold_cash(events)
    at_desk = np.flatnonzero(status == Refusal.UNKNOWN_KIND)
    if not at_desk.size:
        return Folded(before, status, cash)
    families = families_of(events[at_desk], details, world)
    desks = _Desks(world.accounts["taxpayer"].astype(np.int64), families)
    key = desks.of(events["account"][at_desk], events["security"][at_desk])
    day = events["day"][at_desk].astype(np.int64)
    kind = events["kind"][at_desk]
    later = ~((kind >= EventKind.SPLIT) & (kind <= EventKind.RETURN_OF_CAPITAL))
    order = _sorted(key, day, later)
    rows, key = at_desk[order], key[order]
    keys, start = np.unique(key, return_index=True)
    first_day = np.minimum.reduceat(_reaches_back(events[rows], details), start)
    old_lots, lots_taken, lot_start = desks.taken(before.lots, keys)
    old_realized, realized_taken, realized_start = desks.taken(
        before.realized, keys, first_day - WASH_DAYS, "matched_as"
    )
    stack = Stack(
        events[rows].view(np.recarray),
        np.concatenate([details, no_details(1)]).view(np.recarray),
        rows.astype(np.int64) + first_event,
        np.append(start, rows.size).astype(np.int64),
        old_lots.view(np.recarray),
        lot_start,
        old_realized.view(np.recarray),
        realized_start,
    )
    tray = Tray(np.zeros(rows.size, np.uint8), np.zeros(rows.size, np.int64))
    lots, realized, washes = fold_stack(_rules(world, families.size), stack, tray, threads)
    status[rows] = tray.status
    cash[rows] = tray.cash
    made = State(
        _with_lots(before.lots[~lots_taken], lots, families.size),
        _with_realized(before.realized[~realized_taken], realized),
        _with_washes(before.washes, washes),
    )
    return Folded(made, status, cash)


def _require_codes(events: Table, details: Table, world: World) -> None:
    """Raise ValueError where an event points outside the tables."""
    securities = world.funds.size
    for name, table, least, size in (
        ("account", events, 0, world.accounts.size),
        ("security", events, NO_CODE, securities),
        ("detail", events, NO_CODE, details.size),
        ("new_security", details, NO_CODE, securities),
        ("counter_account", details, NO_CODE, world.accounts.size),
    ):
        codes = table[name]
        if codes.size and (codes.min() < least or codes.max() >= size):
            raise ValueError(f"{name} must be {least} to {size - 1}, was {codes.min()} to {codes.max()}")


def _fold_cash(events: Table) -> tuple[NDArray[np.uint8], IntArray]:
    """Post what touches no lot; the rest is UNKNOWN_KIND for now."""
    status = np.full(events.size, Refusal.UNKNOWN_KIND, np.uint8)
    cash = np.zeros(events.size, np.int64)
    for kind, sign in _CASH_ONLY:
        rows = np.flatnonzero(events["kind"] == kind)
        amount = events["amount"][rows]
        status[rows] = np.where(amount >= 0, Refusal.POSTED, Refusal.NEGATIVE)
        cash[rows] = np.where(amount >= 0, sign * amount, 0)
    unnamed = (status == Refusal.UNKNOWN_KIND) & (events["security"] == NO_CODE)
    status[unnamed] = Refusal.MISSING_DETAIL
    return status, cash


def _reaches_back(events: Table, details: Table) -> IntArray:
    """First day that each event is about: its own; of a purchase made elsewhere that comes in only now, that day.

    Splits and changes of name are about everything sold before: a late purchase may replace it.
    """
    day = events["day"].astype(np.int64)
    day[np.isin(events["kind"], _ABOUT_ALL_SOLD)] = NO_DATE
    late = np.flatnonzero((events["kind"] == EventKind.TRANSFER_IN) & (events["detail"] != NO_CODE))
    acquired = details["acquired"][events["detail"][late]].astype(np.int64)
    day[late] = np.where(acquired == NO_DATE, day[late], np.minimum(day[late], acquired))
    return day


def _sorted(key: IntArray, day: IntArray, later: NDArray[np.bool_]) -> IntArray:
    """Order of work: by desk, day, reorganisations first, then as recorded."""
    work = ((key << 1) * (1 << 20) + ((day - day.min()) << 1)) + later
    return np.argsort(work, kind="stable")


class _Desks(NamedTuple):
    """Which desk a row belongs to: taxpayer and family as one number."""

    taxpayer: IntArray
    family: IntArray

    def of(self, account: IntArray, security: IntArray) -> IntArray:
        """Desk of rows."""
        desk: IntArray = self.taxpayer[account] * self.family.size + self.family[security]
        return desk

    def taken(
        self, table: Table, keys: IntArray, since: IntArray | None = None, security: str = "security"
    ) -> tuple[Table, NDArray[np.bool_], IntArray]:
        """Rows of the desks `keys` (sold on or after a day of each) by desk: rows, their mask and where each starts."""
        key = self.of(table["account"], table[security])
        place = np.minimum(np.searchsorted(keys, key), keys.size - 1)
        mask = keys[place] == key
        if since is not None:
            mask &= table["sold"] >= since[place]
        order = np.argsort(place[mask], kind="stable")
        start = np.searchsorted(place[mask][order], np.arange(keys.size + 1)).astype(np.int64)
        return table[mask][order], mask, start


def _rules(world: World, securities: int) -> Rules:
    rows = world.identical[np.argsort(world.identical["security"], kind="stable")]
    start = np.searchsorted(rows["security"], np.arange(securities + 1)).astype(np.int32)
    return Rules(world.accounts.view(np.recarray), world.funds, rows.view(np.recarray), start, int(world.reading))


def _with_lots(old: Table, new: Table, securities: int) -> Table:
    """Add the lots of the desks that were folded, by account and security; those of one as they stand in its chain."""
    new = new[np.lexsort((new["security"], new["account"]))]
    old_key, new_key = (table["account"].astype(np.int64) * securities + table["security"] for table in (old, new))
    return merge_tables(old, new, old_key, new_key)


def _with_realized(old: Table, new: Table) -> Table:
    """Add the realised rows of the desks that were folded, by event; those of one event as they were taken."""
    new = new[np.argsort(new["event"], kind="stable")]
    return merge_tables(old, new, old["event"], new["event"])


def _with_washes(old: Table, new: Table) -> Table:
    """Add wash sales, by day, sale and lot."""
    if not new.size:
        return old
    if old.size and old["day"][-1] >= new["day"].min():
        new, old = np.concatenate([old, new]), old[:0]
    return np.concatenate([old, new[np.lexsort((new["lot"], new["sale"], new["day"]))]])
