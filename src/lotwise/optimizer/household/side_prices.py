"""The price r of one side, wherever its columns are: walked to from one change of a column to the next.

The residual of a price rises with r, piecewise linearly and with steps: a lot is sold within a sliver of prices, where
Newton's method would jump from side to side. A walk knows at each r what the columns answer towards the root, and where
that changes next; it ends at the root but for roundoff.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import Records, inlined_kernel, inner_kernel
from lotwise.optimizer.active_pieces import ENTER, GIVE, LEAVE, LOWER, PULL, UPPER
from lotwise.optimizer.household.laying import Lines, find_line, put_on_line
from lotwise.optimizer.problem import Floats, Ints

__all__ = ["ROUNDOFF", "Found", "Moving", "find_side", "move_column"]

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
    lines: Floats
    piece: Ints
    level_start: Ints
    price: Floats
    price_step: Floats
    weight: Floats
    response: Floats


@inlined_kernel
def _lines(moving: Moving) -> Lines:
    return Lines(moving.table, moving.pieces, moving.active, moving.lines, moving.piece)


class Found(NamedTuple):
    """Where a side was found: price r, weight t, response Q, whether a bound holds it, slope of a violated bound."""

    price: float
    weight: float
    response: float
    kept: int
    fine: float


@inlined_kernel
def move_column(moving: Moving, c: int, s: float) -> None:
    """Minimise a column at a price, wherever that is."""
    active = moving.active
    if s > active[LEAVE, c] or s < active[ENTER, c]:
        find_line(_lines(moving), c, s)
    w = (active[PULL, c] - s) * active[GIVE, c]
    moving.response[c] = active[GIVE, c] if active[LOWER, c] < w < active[UPPER, c] else 0.0
    moving.weight[c] = min(max(w, active[LOWER, c]), active[UPPER, c])


@inlined_kernel
def _move_columns(moving: Moving, among: tuple[int, int], price: float, length: float) -> tuple[float, float]:
    """Minimise columns at a price on top of their own; their (weight, response). `among` = (side, its columns)."""
    weight, response = 0.0, 0.0
    for level in range(among[1]):
        c = moving.level_start[level] + among[0]
        move_column(moving, c, moving.price[c] + length * moving.price_step[c] + price)
        weight += moving.weight[c]
        response += moving.response[c]
    return weight, response


@inlined_kernel
def _begin_walk(moving: Moving, among: tuple[int, int], at: tuple[float, float, float]) -> None:
    """Write where each column changes what it answers next, and what it answers until then, into weight and response.

    `at` = (r, length, -1 falling or 1 rising); places are `sign` x r, so that they are always ahead. Prices between
    which a column answers are those of its piece; before them it stands on the near end of it (-1), beyond them on the
    far end until the next piece is reached (0).
    """
    active, event, answer = moving.active, moving.weight, moving.response
    r, length, sign = at
    falling = sign < 0.0
    for level in range(among[1]):
        c = moving.level_start[level] + among[0]
        own = moving.price[c] + length * moving.price_step[c]
        stiff = 1.0 / active[GIVE, c]
        top = sign * (active[PULL, c] - stiff * active[UPPER, c] - own)
        bottom = sign * (active[PULL, c] - stiff * active[LOWER, c] - own)
        beyond = sign * ((active[ENTER, c] if falling else active[LEAVE, c]) - own)
        near, far = (bottom, top) if falling else (top, bottom)
        before, within = sign * r < near, sign * r < far
        event[c] = near if before else (far if within else beyond)
        answer[c] = -1.0 if before else (active[GIVE, c] if within else 0.0)


@inlined_kernel
def _change_column(moving: Moving, c: int, length: float, sign: float) -> None:
    """Let a column change what it answers: onto its piece, off it, or onto the next."""
    active, event, answer = moving.active, moving.weight, moving.response
    own = moving.price[c] + length * moving.price_step[c]
    falling = sign < 0.0
    if answer[c] > 0.0:
        event[c] = sign * ((active[ENTER, c] if falling else active[LEAVE, c]) - own)
        answer[c] = 0.0
        return
    if answer[c] == 0.0:
        put_on_line(_lines(moving), c, moving.piece[c] + (1 if falling else -1))
    end = active[UPPER, c] if falling else active[LOWER, c]
    event[c] = sign * (active[PULL, c] - end / active[GIVE, c] - own)
    answer[c] = active[GIVE, c]


@inlined_kernel
def _walk(moving: Moving, among: tuple[int, int], rates: tuple[float, float], at: tuple[float, float, float]) -> float:
    """Follow a residual that rises with r from one change of a column to the next, to its root; returns that.

    `at` = (r, length, residual). It rises at the first of `rates` plus the second x what columns answer.
    """
    r, length, rest = at
    sign = -1.0 if rest > 0.0 else 1.0
    event, answer = moving.weight, moving.response
    _begin_walk(moving, among, (r, length, sign))
    for _ in range(_MOST_EVENTS):
        following, first, response = np.inf, among[0], 0.0
        for level in range(among[1]):
            c = moving.level_start[level] + among[0]
            response += max(answer[c], 0.0)
            sooner = event[c] < following
            following = event[c] if sooner else following
            first = c if sooner else first
        rate = rates[0] + rates[1] * response
        target = r - rest / rate if rate > 0.0 else sign * np.inf
        if sign * target <= following:
            r = target if rate > 0.0 else r
            break
        following = max(following, sign * r)
        rest += (sign * following - r) * rate
        r = sign * following
        if sign * rest >= 0.0:
            break
        _change_column(moving, first, length, sign)
    return r


@inner_kernel
def _find_root(
    moving: Moving,
    among: tuple[int, int],
    rates: tuple[float, float],
    lies: tuple[float, float],
    start: tuple[float, float, float, float],
) -> tuple[float, float, float]:
    """Find the root of own x r - s + per x (b - t); returns (r, t, Q). `rates` = (own, per), `lies` = (s, b).

    `start` = (r to try, length, t and Q there), Q being NaN where these are not known.
    """
    own, per = rates
    s, anchor = lies
    r, length, t, q = start
    for trial in range(_MOST_TRIALS):
        if trial > 0 or np.isnan(q):
            t, q = _move_columns(moving, among, r, length)
        rest = own * r - s + per * (anchor - t)
        size = own * abs(r) + abs(s) + per * (abs(t) + abs(anchor))
        enough = ROUNDOFF * size * (own + per * q) if own > 0.0 else _TOUCHING
        if abs(rest) <= enough or trial == _MOST_TRIALS - 1:
            break
        r = _walk(moving, among, rates, (r, length, rest))
    return r, t, q


@inner_kernel
def find_side(
    moving: Moving,
    among: tuple[int, int],
    risk: tuple[float, float, float],
    bounds: tuple[float, float, float],
    start: tuple[float, float, float, float],
) -> Found:
    """Find a side wherever its columns are. `risk` = (s, D, b), `bounds` = (low, high, price of missing them).

    `start` = (r to try, length, t and Q there), Q being NaN where these are not known.
    """
    s, curvature, anchor = risk
    low, high, penalty = bounds
    length, rates = start[1], (1.0, curvature)
    if curvature == 0.0:
        start = (s, length, 0.0, np.nan)
    r, t, q = _find_root(moving, among, rates, (s, anchor), start)
    if low - _TOUCHING <= t <= high + _TOUCHING:
        return Found(r, t, q, 0, 0.0)
    bound = high if t > high else low
    sign = 1.0 if t > high else -1.0
    fine = sign * penalty
    inner, outer = s + curvature * (bound - anchor), s + fine + curvature * (bound - anchor)
    beyond = s + fine if curvature == 0.0 else outer
    r, t, q = _find_root(moving, among, rates, (s + fine, anchor), (beyond, length, 0.0, np.nan))
    if sign * (t - bound) >= 0.0:
        return Found(r, t, q, 0, fine)
    r = min(max(r, min(inner, outer)), max(inner, outer))
    r, t, q = _find_root(moving, among, (0.0, 1.0), (0.0, bound), (r, length, 0.0, np.nan))
    return Found(r, t, q, 1, 0.0)
