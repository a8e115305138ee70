"""The desk: working tables of one taxpayer's related securities while their events are folded.

All events of one taxpayer in one family of securities (related by reorganisations or substantially identical) are
folded at one desk, whatever the account. Tables have room for a number of rows; where that runs out, `used[FULL]` is
set, what follows is written over the last row, and the caller clears the desk, makes it larger and begins again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inner_kernel
from lotwise.ledger.events import Table
from lotwise.ledger.tables import (
    LOT,
    LOTS_OF_EVENT,
    REALIZED,
    WASH,
)
from lotwise.money import IntArray

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
    "desk_for",
    "identical_on",
    "new_lot",
    "new_row",
    "next_row",
    "same_acquisition",
]

# Places of `Desk.used`.
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
    """Working tables; how much of each is used stands in `used`."""

    lots: Records  # LOT
    following: NDArray[np.int32]  # next lot of the same position; -1 = last
    realized: Records  # REALIZED
    washes: Records  # WASH
    positions: Records
    recent: NDArray[np.int32]  # lots that may replace shares sold at a loss, earliest acquisition first
    pending: NDArray[np.int32]  # realised rows with a loss that replacements may still be found for, as disposed of
    today: NDArray[np.int32]  # realised rows of the day in the order in which their losses are matched
    taken: NDArray[np.int32]  # lots that the disposition in hand takes, in this order
    gathered: NDArray[np.int32]  # lots that it may take
    rank: IntArray  # (lots, 3) what decides in which order
    heap: NDArray[np.int32]  # places in `gathered`, the lot that goes first on top
    opened: NDArray[np.int32]  # (events,) lots that each event has opened
    place: NDArray[np.int32]  # (realised rows,) event of today that made the row
    used: IntArray


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
        gathered=indices(rows),
        rank=np.zeros((rows, 3), np.int64),
        heap=indices(rows),
        opened=indices(events),
        place=indices(rows),
        used=np.zeros(_COUNTS, np.int64),
    )


@inner_kernel
def clear(desk: Desk) -> None:
    """Empty the desk."""
    desk.used[:] = 0
    desk.opened[:] = 0


@inner_kernel
def next_row(desk: Desk, table: int, size: int) -> int:
    """Row after the last of a table; its last row, and FULL set, where there is no room."""
    row = desk.used[table]
    if row >= size:
        desk.used[FULL] = 1
        return size - 1
    desk.used[table] = row + 1
    return int(row)


@inner_kernel
def new_lot(desk: Desk, event: int, place: int) -> int:
    """Open a lot of `event`, which stands at `place` among the desk's events; its fields are the caller's to fill."""
    i = next_row(desk, LOTS, desk.lots.size)
    desk.lots[i].number = event * LOTS_OF_EVENT + desk.opened[place]
    desk.opened[place] += 1
    desk.following[i] = -1
    return i


@inner_kernel
def new_row(desk: Desk, place: int) -> int:
    """Add a realised row; its fields are the caller's to fill."""
    r = next_row(desk, REALIZED_ROWS, desk.realized.size)
    desk.place[r] = place
    return r


@inner_kernel
def same_acquisition(one: int, one_order: int, other: int, other_order: int) -> bool:
    """Whether two purchases are one: the same event, or fills of one order (Rev. Rul. 56-602)."""
    return one == other or (one_order >= 0 and one_order == other_order)


@inner_kernel
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
