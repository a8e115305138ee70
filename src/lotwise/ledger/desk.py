"""The desk: working tables of one taxpayer's related securities while their events are folded.

All events of one taxpayer in one family of securities (related by reorganisations or substantially identical) are
folded at one desk, whatever the account. Tables have room for a number of rows; where that runs out, `count[FULL]` is
set, what follows is written over the last row, and the caller clears the desk, makes it larger and begins again.

Open lots of one account and security form a position: a chain through `following`, earliest acquisition first. A sold
lot stays in its chain with no shares until somebody walks past it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, kernel
from lotwise.ledger.events import Table
from lotwise.ledger.tables import FRESH_LOSS, LOT, LOTS_OF_EVENT, REALIZED, REINVESTED, SHORT, WASH
from lotwise.money import IntArray, mul_div

__all__ = [
    "FULL",
    "LOTS",
    "OPENED",
    "PENDING",
    "PENDING_FIRST",
    "POSITIONS",
    "REALIZED_ROWS",
    "RECENT",
    "RECENT_FIRST",
    "SHORTS",
    "WASHES",
    "Desk",
    "Rules",
    "clear",
    "close_shares",
    "desk_for",
    "identical_on",
    "insert_recent",
    "link_lot",
    "new_lot",
    "new_row",
    "position_of",
    "same_acquisition",
    "split_off",
    "split_row",
]

# Places of `Desk.count`.
LOTS, REALIZED_ROWS, WASHES, POSITIONS = 0, 1, 2, 3
RECENT_FIRST, RECENT, PENDING_FIRST, PENDING = 4, 5, 6, 7
FULL, OPENED, SHORTS = 8, 9, 10  # SHORTS: lots sold short, open or not
_COUNTS = 11

_POSITION = np.dtype(
    [
        ("shares", np.int64),
        ("account", np.int32),
        ("security", np.int32),
        ("first", np.int32),
        ("last", np.int32),
        ("short", np.int32),
        ("reinvested", np.int32),
    ],
    align=True,
)


class Rules(NamedTuple):
    """What the law and the firm say about the accounts and securities of a fold."""

    accounts: Records  # tables.ACCOUNT
    funds: NDArray[np.bool_]
    identical: Records  # tables.IDENTICAL
    identical_start: NDArray[np.int32]  # (S + 1,) rows of each security
    reading: int


class Desk(NamedTuple):
    """Working tables; how much of each is used stands in `count`."""

    lots: Records  # LOT
    following: NDArray[np.int32]  # next lot of the same position; -1 = last
    realized: Records  # REALIZED
    washes: Records  # WASH
    positions: Records
    recent: NDArray[np.int32]  # lots that may replace shares sold at a loss, earliest acquisition first
    pending: NDArray[np.int32]  # realised rows with a loss that replacements may still be found for, as disposed of
    today: NDArray[np.int32]  # realised rows of the day in the order in which their losses are matched
    taken: NDArray[np.int32]  # lots that the disposition in hand takes, in this order
    rank: IntArray  # (lots, 3) what decides that order
    opened: NDArray[np.int32]  # (events,) lots that each event has opened
    place: NDArray[np.int32]  # (realised rows,) event of today that made the row
    count: IntArray


def desk_for(rows: int, events: int) -> Desk:
    """Make a desk with room for `rows` lots, realised rows and wash sales each, and for `events` events."""

    def table(kind: np.dtype[np.void]) -> Table:
        return np.zeros(rows, kind).view(np.recarray)

    def indices(size: int) -> NDArray[np.int32]:
        return np.zeros(size, np.int32)

    return Desk(
        lots=table(LOT),
        following=indices(rows),
        realized=table(REALIZED),
        washes=table(WASH),
        positions=table(_POSITION),
        recent=indices(rows),
        pending=indices(rows),
        today=indices(rows),
        taken=indices(rows),
        rank=np.zeros((rows, 3), np.int64),
        opened=indices(events),
        place=indices(rows),
        count=np.zeros(_COUNTS, np.int64),
    )


@kernel
def clear(desk: Desk) -> None:
    """Empty the desk."""
    desk.count[:] = 0
    desk.opened[:] = 0


@kernel
def _next_row(desk: Desk, table: int, size: int) -> int:
    """Row after the last of a table; its last row, and FULL set, where there is no room."""
    row = desk.count[table]
    if row >= size:
        desk.count[FULL] = 1
        return size - 1
    desk.count[table] = row + 1
    return int(row)


@kernel
def new_lot(desk: Desk, event: int, place: int) -> int:
    """Open a lot of `event`, which stands at `place` among the desk's events; its fields are the caller's to fill."""
    i = _next_row(desk, LOTS, desk.lots.size)
    desk.lots[i].number = event * LOTS_OF_EVENT + desk.opened[place]
    desk.opened[place] += 1
    desk.following[i] = -1
    return i


@kernel
def new_row(desk: Desk, place: int) -> int:
    """Add a realised row; its fields are the caller's to fill."""
    r = _next_row(desk, REALIZED_ROWS, desk.realized.size)
    desk.place[r] = place
    return r


@kernel
def position_of(desk: Desk, account: int, security: int, short: int) -> int:
    """Position of an account in a security, or in shares of it sold short; -1 = none yet."""
    for p in range(desk.count[POSITIONS]):
        position = desk.positions[p]
        if position.account == account and position.security == security and position.short == short:
            return p
    return -1


@kernel
def _opened_position(desk: Desk, account: int, security: int, short: int) -> int:
    p = position_of(desk, account, security, short)
    if p >= 0:
        return p
    p = _next_row(desk, POSITIONS, desk.positions.size)
    position = desk.positions[p]
    position.account = account
    position.security = security
    position.short = short
    position.shares = 0
    position.reinvested = 0
    position.first = -1
    position.last = -1
    return p


@kernel
def _comes_before(desk: Desk, i: int, j: int) -> bool:
    """Whether lot i was acquired before lot j; of one day, the purchase recorded first."""
    one, other = desk.lots[i], desk.lots[j]
    if one.acquired != other.acquired:
        return bool(one.acquired < other.acquired)
    if one.acquisition != other.acquisition:
        return bool(one.acquisition < other.acquisition)
    return bool(one.number < other.number)


@kernel
def link_lot(desk: Desk, i: int) -> None:
    """Put an open lot into the chain of its position, and count its shares."""
    if desk.count[FULL]:
        return
    lot = desk.lots[i]
    short = 1 if lot.marks & SHORT else 0
    desk.count[SHORTS] += short
    p = _opened_position(desk, lot.account, lot.security, short)
    if desk.count[FULL]:
        return
    position = desk.positions[p]
    position.shares += lot.shares
    if lot.marks & REINVESTED:
        position.reinvested = 1
    last = position.last
    if last < 0:
        position.first = i
        position.last = i
        desk.following[i] = -1
    elif not _comes_before(desk, i, last):
        desk.following[last] = i
        desk.following[i] = -1
        position.last = i
    else:
        before = -1
        j = position.first
        while j >= 0 and not _comes_before(desk, i, j):
            before = j
            j = desk.following[j]
        desk.following[i] = j
        if before < 0:
            position.first = i
        else:
            desk.following[before] = i


@kernel
def _link_beside(desk: Desk, i: int, j: int) -> None:
    """Put lot j, a part of open lot i, into the chain after it, among the parts of the same purchase."""
    lot = desk.lots[j]
    p = position_of(desk, lot.account, lot.security, 1 if lot.marks & SHORT else 0)
    before = i
    after = desk.following[i]
    while after >= 0 and not _comes_before(desk, j, after):
        before = after
        after = desk.following[after]
    desk.following[before] = j
    desk.following[j] = after
    if after < 0:
        desk.positions[p].last = j
    desk.positions[p].shares += lot.shares


@kernel
def insert_recent(desk: Desk, i: int) -> None:
    """Put a lot among those that may replace shares sold at a loss."""
    n = desk.count[RECENT]
    if n >= desk.recent.size:
        # Room is given back by what has left the window.
        first = desk.count[RECENT_FIRST]
        if first == 0:
            desk.count[FULL] = 1
            return
        desk.recent[: n - first] = desk.recent[first:n].copy()
        n -= first
        desk.count[RECENT_FIRST] = 0
    k = n
    while k > desk.count[RECENT_FIRST] and _comes_before(desk, i, desk.recent[k - 1]):
        desk.recent[k] = desk.recent[k - 1]
        k -= 1
    desk.recent[k] = i
    desk.count[RECENT] = n + 1


@kernel
def close_shares(desk: Desk, i: int, shares: int) -> tuple[int, int, int, int]:
    """Take shares out of a lot and its position: their basis, original basis, loss taken over and basis for losses.

    What is taken is rounded, what stays is the rest: nothing is lost. `basis for losses` is the basis where the lot
    has none of its own.
    """
    lot = desk.lots[i]
    held = lot.shares
    short = 1 if lot.marks & SHORT else 0
    p = position_of(desk, lot.account, lot.security, short)
    desk.positions[p].shares -= shares
    fresh = lot.marks & FRESH_LOSS
    if shares == held:
        basis, original, absorbed = lot.basis, lot.original_basis, lot.absorbed_loss
        loss_basis = lot.loss_basis if fresh else basis
        lot.shares = 0
        return basis, original, absorbed, loss_basis
    basis = mul_div(lot.basis, shares, held)
    absorbed = mul_div(lot.absorbed_loss, shares, held)
    # Where the basis is what was paid and what was taken over, its part is so too, to the last unit.
    plain = lot.basis == lot.original_basis + lot.absorbed_loss
    original = basis - absorbed if plain else mul_div(lot.original_basis, shares, held)
    loss_basis = basis
    if fresh:
        loss_basis = mul_div(lot.loss_basis, shares, held)
        lot.loss_basis -= loss_basis
    lot.basis -= basis
    lot.original_basis -= original
    lot.absorbed_loss -= absorbed
    lot.shares = held - shares
    return basis, original, absorbed, loss_basis


@kernel
def split_off(desk: Desk, i: int, shares: int, event: int, place: int) -> int:
    """Split shares off a lot into a lot of their own, linked and otherwise alike; the lot itself if it is all."""
    if shares == desk.lots[i].shares:
        return i
    j = new_lot(desk, event, place)
    if desk.count[FULL]:
        return i
    number = desk.lots[j].number
    desk.lots[j] = desk.lots[i]
    part = desk.lots[j]
    basis, original, absorbed, loss_basis = close_shares(desk, i, shares)
    part.number = number
    part.parent = desk.lots[i].number
    part.shares = shares
    part.basis = basis
    part.original_basis = original
    part.absorbed_loss = absorbed
    if part.marks & FRESH_LOSS:
        part.loss_basis = loss_basis
    _link_beside(desk, i, j)
    return j


@kernel
def split_row(desk: Desk, q: int, shares: int) -> int:
    """Keep `shares` in a row of today and put the rest into a row of its own; -1 = there is no rest."""
    row = desk.realized[q]
    if shares == row.shares:
        return -1
    rest = new_row(desk, desk.place[q])
    if desk.count[FULL]:
        return -1
    desk.realized[rest] = row
    other = desk.realized[rest]
    proceeds, basis = mul_div(row.proceeds, shares, row.shares), mul_div(row.basis, shares, row.shares)
    other.shares = row.shares - shares
    other.proceeds = row.proceeds - proceeds
    other.basis = row.basis - basis
    row.shares, row.proceeds, row.basis = shares, proceeds, basis
    return rest


@kernel
def same_acquisition(one: int, one_order: int, other: int, other_order: int) -> bool:
    """Whether two purchases are one: the same event, or fills of one order (Rev. Rul. 56-602)."""
    return one == other or (one_order >= 0 and one_order == other_order)


@kernel
def identical_on(rules: Rules, one: int, other: int, day: int) -> bool:
    """Whether two securities are substantially identical on a day, by the firm's dated groups."""
    if one == other:
        return True
    for i in range(rules.identical_start[one], rules.identical_start[one + 1]):
        a = rules.identical[i]
        if day < a.first or day > a.last:
            continue
        for j in range(rules.identical_start[other], rules.identical_start[other + 1]):
            b = rules.identical[j]
            if a.group == b.group and b.first <= day <= b.last:
                return True
    return False
