"""The piece that each column is on, laid out so that all columns are minimised at once, without a branch.

On its piece a column's minimiser at price s is (pull - s) x give, held between the piece's ends. Only a price beyond
`leave` or below `enter` moves the column to another piece; those few are looked up one by one. Most columns stay on
their piece from one Newton step to the next.

| row of `State.active` | is |
|---|---|
| LOWER, UPPER | ends of the piece |
| PULL | curvature x anchor + proximal weight x centre - slope |
| GIVE | 1 / (curvature + proximal weight) |
| ENTER | price below which the next piece begins, -inf on the last |
| LEAVE | price above which the piece before begins, inf on the first |
| VALUE, SLOPE, CURVED, ANCHOR | the piece: value + slope (w - lower) + curved (w - anchor)^2 / 2 |
| PLAIN | 1 without a proximal term, 0 with one |
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import Records, inner_kernel, summing_kernel
from lotwise.optimizer.problem import Columns, Floats, Ints, State

__all__ = [
    "LOWER",
    "UPPER",
    "Places",
    "find_active_piece",
    "find_piece",
    "minimise_columns",
    "plain_value_and_gap",
    "put_on_piece",
    "slope_and_curvature",
]

LOWER, UPPER, PULL, GIVE, ENTER, LEAVE, VALUE, SLOPE, CURVED, ANCHOR, PLAIN = range(11)


class Places(NamedTuple):
    """What finding the piece of a column takes: no more, since a call hands over every array of a tuple by value."""

    table: Records
    pieces: Records
    active: Floats  # (11, N)
    piece: Ints  # (N,)


@inner_kernel
def _pull_at(places: Places, column: int, piece: int, weight: float) -> float:
    """Price at which a piece of a column has its minimum at a weight."""
    at = places.table[column]
    return float(
        at.proximal * (at.centre - weight)
        - places.pieces[piece].curved * (weight - at.anchor)
        - places.pieces[piece].slope
    )


@inner_kernel
def find_piece(places: Places, column: int, price: float) -> None:
    """Look up the piece on which a column has its minimum at a price, from the one it is on, and lay it out."""
    first = places.table[column].start
    last = places.table[column].stop - 1
    p = min(max(places.piece[column], first), last)
    while p > first and price > _pull_at(places, column, p - 1, places.pieces[p].left):
        p -= 1
    while p < last and price < _pull_at(places, column, p + 1, places.pieces[p].right):
        p += 1
    put_on_piece(places, column, p)


@inner_kernel
def put_on_piece(places: Places, column: int, p: int) -> None:
    """Lay out a piece of a column as the one it is on."""
    active = places.active
    first = places.table[column].start
    last = places.table[column].stop - 1
    left, right = places.pieces[p].left, places.pieces[p].right
    proximal, curved = places.table[column].proximal, places.pieces[p].curved
    slope, anchor = places.pieces[p].slope, places.table[column].anchor
    places.piece[column] = p
    active[LOWER, column] = left
    active[UPPER, column] = right
    active[PULL, column] = curved * anchor + proximal * places.table[column].centre - slope
    active[GIVE, column] = 1.0 / (curved + proximal)
    active[ENTER, column] = _pull_at(places, column, p + 1, right) if p < last else -np.inf
    active[LEAVE, column] = _pull_at(places, column, p - 1, left) if p > first else np.inf
    active[VALUE, column] = places.pieces[p].value
    active[SLOPE, column] = slope
    active[CURVED, column] = curved
    active[ANCHOR, column] = anchor
    active[PLAIN, column] = 1.0 if proximal == 0.0 else 0.0


@inner_kernel
def find_active_piece(columns: Columns, state: State, column: int, price: float) -> None:
    """Find the piece of a column as `find_piece` does."""
    find_piece(Places(columns.table, columns.pieces, state.active, state.piece), column, price)


@inner_kernel
def _minimise_on_active(state: State, length: float) -> int:
    """Minimise every column on the piece it is on; how many should be on another."""
    lower, upper, pull, give = state.active[LOWER], state.active[UPPER], state.active[PULL], state.active[GIVE]
    enter, leave = state.active[ENTER], state.active[LEAVE]
    price, price_step = state.price, state.price_step
    weight, response = state.weight_next, state.response_next
    elsewhere = 0
    for j in range(price.size):
        s = price[j] + length * price_step[j]
        w = (pull[j] - s) * give[j]
        inside = (w > lower[j]) & (w < upper[j])
        weight[j] = min(max(w, lower[j]), upper[j])
        response[j] = give[j] if inside else 0.0
        elsewhere += (s > leave[j]) | (s < enter[j])
    return elsewhere


@inner_kernel
def minimise_columns(columns: Columns, state: State, length: float) -> None:
    """Minimise every column at price + length x price_step, into weight_next and response_next."""
    if _minimise_on_active(state, length) == 0:
        return
    for j in range(state.price.size):
        s = state.price[j] + length * state.price_step[j]
        if s > state.active[LEAVE, j] or s < state.active[ENTER, j]:
            find_active_piece(columns, state, j, s)
            w = (state.active[PULL, j] - s) * state.active[GIVE, j]
            inside = state.active[LOWER, j] < w < state.active[UPPER, j]
            state.weight_next[j] = min(max(w, state.active[LOWER, j]), state.active[UPPER, j])
            state.response_next[j] = state.active[GIVE, j] if inside else 0.0


@summing_kernel
def slope_and_curvature(state: State) -> tuple[float, float]:
    """Sums of weight_next x price_step and of response_next x price_step squared."""
    slope = 0.0
    curvature = 0.0
    for j in range(state.price_step.size):
        ds = state.price_step[j]
        slope += state.weight_next[j] * ds
        curvature += state.response_next[j] * ds * ds
    return slope, curvature


@summing_kernel
def plain_value_and_gap(state: State) -> tuple[float, float]:
    """Over the columns without a proximal term: their values at `repaired`, and what these are above their least.

    `weight` minimises such a column at its price, and `repaired` is on the same piece, so that the difference is that
    of one parabola: no value needs to be taken from another of nearly its size.
    """
    lower, value, slope = state.active[LOWER], state.active[VALUE], state.active[SLOPE]
    curved, anchor, pull, plain = state.active[CURVED], state.active[ANCHOR], state.active[PULL], state.active[PLAIN]
    total = 0.0
    gap = 0.0
    for j in range(state.price.size):
        w = state.repaired[j]
        away = w - anchor[j]
        total += plain[j] * (value[j] + slope[j] * (w - lower[j]) + 0.5 * curved[j] * away * away)
        move = w - state.weight[j]
        rise = curved[j] * (state.weight[j] + 0.5 * move) - pull[j] + state.price[j]
        gap += plain[j] * move * rise
    return total, gap
