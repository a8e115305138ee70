"""The price r of one side, wherever its columns are: walked to from one change of a column to the next.

The residual of a price rises with r, piecewise linearly and with steps: a lot is sold within a sliver of prices, where
Newton's method would jump from side to side. A walk knows at each r what the columns answer towards the root, and where
that changes next; it ends at the root but for roundoff.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import Records, inner_kernel
from lotwise.optimizer.active_pieces import ENTER, GIVE, LEAVE, LOWER, PULL, UPPER, Places, find_piece, put_on_piece
from lotwise.optimizer.problem import Floats, Ints

__all__ = ["ROUNDOFF", "Found", "Moving", "find_side", "move_columns"]

# Prices tried: as predicted, then by walks, which end at the root but for roundoff.
_MOST_TRIALS = 3
_MOST_EVENTS = 1000

# Parts of its terms that the residual of a price may be.
ROUNDOFF = 4e-16

# A weight this far beyond a bound is at it.
_TOUCHING = 1e-15


class Moving(NamedTuple):
    """What moving columns takes: no more, since a call hands over every array of a tuple by value."""

    table: Records
    pieces: Records
    active: Floats
    piece: Ints
    price: Floats
    price_step: Floats
    weight: Floats
    response: Floats


class Found(NamedTuple):
    """Where a side was found: price r, weight t, response Q, whether a bound holds it, slope of a violated bound."""

    price: float
    weight: float
    response: float
    kept: int
    fine: float


@inner_kernel
def move_columns(moving: Moving, among: tuple[int, int], price: float, length: float) -> tuple[float, float]:
    """Minimise columns from `among`[0] up to `among`[1] at a price on top of their own; their (weight, response)."""
    active = moving.active
    weight, response = 0.0, 0.0
    for c in range(among[0], among[1]):
        s = moving.price[c] + length * moving.price_step[c] + price
        if s > active[LEAVE, c] or s < active[ENTER, c]:
            find_piece(Places(moving.table, moving.pieces, active, moving.piece), c, s)
        w = (active[PULL, c] - s) * active[GIVE, c]
        q = active[GIVE, c] if active[LOWER, c] < w < active[UPPER, c] else 0.0
        w = min(max(w, active[LOWER, c]), active[UPPER, c])
        moving.weight[c] = w
        moving.response[c] = q
        weight += w
        response += q
    return weight, response


@inner_kernel
def _response_towards(moving: Moving, among: tuple[int, int], at: tuple[float, float, float]) -> tuple[float, float]:
    """What columns answer to a price that leaves r for one side, and where the next of them changes that.

    `at` = (r, length, -1 falling or 1 rising). Prices between which a column answers are those of its piece; beyond
    them it stands on an end of it until the price of the next piece is reached.
    """
    active = moving.active
    r, length, sign = at
    response, event = 0.0, sign * np.inf
    for c in range(among[0], among[1]):
        own = moving.price[c] + length * moving.price_step[c]
        step = 1 if sign < 0.0 else -1
        # All in terms of r, so that a price that was reached is reached whatever the rounding.
        first, last = moving.table[c].start, moving.table[c].stop - 1
        while (
            moving.piece[c] < last and active[ENTER, c] - own >= r
            if sign < 0.0
            else moving.piece[c] > first and active[LEAVE, c] - own <= r
        ):
            put_on_piece(Places(moving.table, moving.pieces, active, moving.piece), c, moving.piece[c] + step)
        stiff = moving.table[c].proximal
        top = active[PULL, c] - stiff * active[UPPER, c] - own
        bottom = active[PULL, c] - stiff * active[LOWER, c] - own
        if sign < 0.0:
            inside = top < r <= bottom
            event = max(event, bottom if r > bottom else (top if inside else active[ENTER, c] - own))
        else:
            inside = top <= r < bottom
            event = min(event, top if r < top else (bottom if inside else active[LEAVE, c] - own))
        response += active[GIVE, c] if inside else 0.0
    return response, event


@inner_kernel
def _walk(moving: Moving, among: tuple[int, int], rates: tuple[float, float], at: tuple[float, float, float]) -> float:
    """Follow a residual that rises with r from one change of a column to the next, to its root; returns that.

    `at` = (r, length, residual). It rises at the first of `rates` plus the second x what columns answer.
    """
    r, length, rest = at
    sign = -1.0 if rest > 0.0 else 1.0
    for _ in range(_MOST_EVENTS):
        response, event = _response_towards(moving, among, (r, length, sign))
        rate = rates[0] + rates[1] * response
        target = r - rest / rate if rate > 0.0 else sign * np.inf
        if sign * target <= sign * event:
            return target if rate > 0.0 else r
        rest += (event - r) * rate
        r = event
        if sign * rest >= 0.0:
            break
    return r


@inner_kernel
def _find_price(
    moving: Moving, among: tuple[int, int], risk: tuple[float, float, float], start: tuple[float, float]
) -> tuple[float, float, float]:
    """Find the root of r - s - D (t - b); returns (r, t, Q). `risk` = (s, D, b), `start` = (r to try, length)."""
    s, curvature, anchor = risk
    r, length = start
    if curvature == 0.0:
        r = s
    t, q = 0.0, 0.0
    for trial in range(_MOST_TRIALS):
        t, q = move_columns(moving, among, r, length)
        rest = r - s - curvature * (t - anchor)
        size = abs(r) + abs(s) + curvature * (abs(t) + abs(anchor))
        if abs(rest) <= ROUNDOFF * size * (1.0 + curvature * q) or trial == _MOST_TRIALS - 1:
            break
        r = _walk(moving, among, (1.0, curvature), (r, length, rest))
    return r, t, q


@inner_kernel
def _price_at_bound(
    moving: Moving, among: tuple[int, int], bound: float, start: tuple[float, float]
) -> tuple[float, float, float]:
    """Find the price at which the columns' weights add up to a bound; returns (r, t, Q). `start` = (r, length)."""
    r, length = start
    t, q = 0.0, 0.0
    for trial in range(_MOST_TRIALS):
        t, q = move_columns(moving, among, r, length)
        if abs(t - bound) <= _TOUCHING or trial == _MOST_TRIALS - 1:
            break
        r = _walk(moving, among, (0.0, 1.0), (r, length, bound - t))
    return r, t, q


@inner_kernel
def find_side(
    moving: Moving,
    among: tuple[int, int],
    risk: tuple[float, float, float],
    bounds: tuple[float, float, float],
    start: tuple[float, float],
) -> Found:
    """Find a side wherever its columns are; `bounds` = (low, high, price of missing them)."""
    s, curvature, anchor = risk
    low, high, penalty = bounds
    r, t, q = _find_price(moving, among, risk, start)
    if low - _TOUCHING <= t <= high + _TOUCHING:
        return Found(r, t, q, 0, 0.0)
    bound = high if t > high else low
    sign = 1.0 if t > high else -1.0
    fine = sign * penalty
    inner, outer = s + curvature * (bound - anchor), s + fine + curvature * (bound - anchor)
    r, t, q = _find_price(moving, among, (s + fine, curvature, anchor), (outer, start[1]))
    if sign * (t - bound) >= 0.0:
        return Found(r, t, q, 0, fine)
    r, t, q = _price_at_bound(moving, among, bound, (min(max(r, min(inner, outer)), max(inner, outer)), start[1]))
    return Found(r, t, q, 1, 0.0)
