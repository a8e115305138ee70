"""The pieces of a household's positions laid out: functions of positions are lines on their pieces.

As `optimizer.active_pieces` does, with less to look up: besides the piece itself a line knows the slopes of those
before and after it, so that all columns follow at once where nothing but proximal terms has moved.

| row of `HouseholdState.lines` | is |
|---|---|
| PROXIMAL, CENTRE | weight of the column's proximal term, and where it is least |
| BEFORE, AFTER | slopes of the pieces before and after the one it is on: -inf before the first, inf after the last |
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import Records, inlined_kernel, inner_kernel
from lotwise.optimizer.active_pieces import ENTER, GIVE, LEAVE, LOWER, PULL, SLOPE, UPPER, VALUE
from lotwise.optimizer.household.problem import ALONE, BOTH, NEVER, HouseholdColumns, HouseholdState, column_of
from lotwise.optimizer.household.side_values import PRICE, SHARE
from lotwise.optimizer.problem import NEARNESS, STIFFNESS, Floats, Ints

__all__ = ["AFTER", "BEFORE", "CENTRE", "PROXIMAL", "Lines", "find_line", "follow_centres", "lay_out", "put_on_line"]

PROXIMAL, CENTRE, BEFORE, AFTER = range(4)


class Lines(NamedTuple):
    """What finding the piece of a column takes: no more, since a call hands over every array of a tuple by value."""

    table: Records
    pieces: Records
    active: Floats  # (11, N)
    lines: Floats  # (4, N)
    piece: Ints  # (N,)


@inlined_kernel
def put_on_line(places: Lines, c: int, p: int) -> None:
    """Lay out a piece of a column as the one it is on."""
    pieces, active, lines = places.pieces, places.active, places.lines
    first, last = places.table[c].start, places.table[c].stop - 1
    stiff, centre = lines[PROXIMAL, c], lines[CENTRE, c]
    left, right, slope = pieces[p].left, pieces[p].right, pieces[p].slope
    before = pieces[p - 1].slope if p > first else -np.inf
    after = pieces[p + 1].slope if p < last else np.inf
    places.piece[c] = p
    lines[BEFORE, c] = before
    lines[AFTER, c] = after
    active[LOWER, c] = left
    active[UPPER, c] = right
    active[PULL, c] = stiff * centre - slope
    active[GIVE, c] = 1.0 / stiff
    active[ENTER, c] = stiff * (centre - right) - after
    active[LEAVE, c] = stiff * (centre - left) - before
    active[VALUE, c] = pieces[p].value
    active[SLOPE, c] = slope


@inlined_kernel
def find_line(places: Lines, c: int, price: float) -> None:
    """Look up the piece on which a column has its minimum at a price, from the one it is on, and lay it out."""
    pieces = places.pieces
    first, last = places.table[c].start, places.table[c].stop - 1
    stiff, centre = places.lines[PROXIMAL, c], places.lines[CENTRE, c]
    p = min(max(places.piece[c], first), last)
    while p > first and price > stiff * (centre - pieces[p].left) - pieces[p - 1].slope:
        p -= 1
    while p < last and price < stiff * (centre - pieces[p].right) - pieces[p + 1].slope:
        p += 1
    put_on_line(places, c, p)


@inlined_kernel
def _stand_still(places: Lines, c: int) -> None:
    """Keep a column at its centre wherever prices go."""
    active, lines = places.active, places.lines
    for row in range(active.shape[0]):
        active[row, c] = 0.0
    active[LOWER, c] = lines[CENTRE, c]
    active[UPPER, c] = lines[CENTRE, c]
    active[ENTER, c] = -np.inf
    active[LEAVE, c] = np.inf
    lines[BEFORE, c] = -np.inf
    lines[AFTER, c] = np.inf


@inner_kernel
def lay_out(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Lay slacks, and every column of a side in force, out at its price and its name's.

    Columns of other sides stay at their centre. Sides in force alone have the whole share.
    """
    base, lines = state.base, state.lines
    places = Lines(columns.base.table, columns.base.pieces, base.active, lines, base.piece)
    near = columns.base.scales[NEARNESS] * columns.base.scales[STIFFNESS]
    for c in range(base.price.size):
        lines[PROXIMAL, c] = near * columns.scale[c]
    for side in range(columns.sides.size):
        for level in range(columns.sides[side].count):
            c = column_of(columns, side, level)
            if columns.force[side] != NEVER:
                find_line(places, c, base.price[c] + state.of_side[PRICE, side])
                continue
            _stand_still(places, c)
        if columns.force[side] != BOTH:
            state.of_side[SHARE, side] = 1.0 if columns.force[side] == ALONE else 0.0
    for c in range(columns.level_start[columns.level_start.size - 1], base.price.size):
        find_line(places, c, base.price[c])


@inner_kernel
def _follow(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Give all lines the proximal weight of now, around their centres."""
    active, lines = state.base.active, state.lines
    lower, upper, pull, give = active[LOWER], active[UPPER], active[PULL], active[GIVE]
    enter, leave, slope = active[ENTER], active[LEAVE], active[SLOPE]
    proximal, centre, before, after = lines[PROXIMAL], lines[CENTRE], lines[BEFORE], lines[AFTER]
    near = columns.base.scales[NEARNESS] * columns.base.scales[STIFFNESS]
    scale = columns.scale
    for c in range(proximal.size):
        stiff, z = near * scale[c], centre[c]
        proximal[c] = stiff
        pull[c] = stiff * z - slope[c]
        give[c] = 1.0 / stiff
        enter[c] = stiff * (z - upper[c]) - after[c]
        leave[c] = stiff * (z - lower[c]) - before[c]


@inner_kernel
def follow_centres(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Lay all columns out as proximal weights and centres have become, and those that leave their piece on another."""
    base, active, price = state.base, state.base.active, state.of_side[PRICE]
    _follow(columns, state)
    places = Lines(columns.base.table, columns.base.pieces, active, state.lines, base.piece)
    for level in range(columns.level_start.size - 1):
        first, stop = columns.level_start[level], columns.level_start[level + 1]
        own, enter, leave = base.price[first:stop], active[ENTER, first:stop], active[LEAVE, first:stop]
        for side in range(own.size):
            s = own[side] + price[side]
            if s > leave[side] or s < enter[side]:
                find_line(places, first + side, s)
    for c in range(columns.level_start[columns.level_start.size - 1], base.price.size):
        if base.price[c] > active[LEAVE, c] or base.price[c] < active[ENTER, c]:
            find_line(places, c, base.price[c])
