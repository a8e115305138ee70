"""Each side of each name at given multipliers: the price r at which its positions hold what its risk asks for.

With s and p given, a side is least where

    r = s + D (t - b) + fine,    t = sum of z_c(p_c + r) over its columns,

z_c being the minimiser of the column with its proximal term. The right side falls in r through t, so that there is one
root. All of it is piecewise linear, with steps: a lot is sold within a sliver of prices. Nearly always no column leaves
its piece, and a step of the multipliers says where r will be: all columns are minimised there at once, and sides
confirmed by their sums. The others walk from one change of a column to the next, and end at the root.

`fine` is the price of a bound on t where that is violated; where t is held at a bound, r is what makes the positions
add up to it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import Records, inner_kernel
from lotwise.optimizer.active_pieces import (
    ENTER,
    GIVE,
    LEAVE,
    LOWER,
    PULL,
    SLOPE,
    UPPER,
    VALUE,
    Places,
    find_piece,
    put_on_piece,
)
from lotwise.optimizer.household.problem import BOTH, NEVER, HouseholdColumns, HouseholdState
from lotwise.optimizer.preparation import penalty_of
from lotwise.optimizer.problem import Floats, Ints

__all__ = ["minimise_sides", "minimise_slacks", "mix", "write_answers", "write_price_steps"]

# Prices tried: as predicted, then by walks, which end at the root but for roundoff.
_MOST_TRIALS = 3
_MOST_EVENTS = 1000

# Parts of its terms that the residual of a price may be.
_ROUNDOFF = 4e-16

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
def _moving(columns: HouseholdColumns, state: HouseholdState) -> Moving:
    base = state.base
    return Moving(
        columns.base.table,
        columns.base.pieces,
        base.active,
        base.piece,
        base.price,
        base.price_step,
        base.weight_next,
        base.response_next,
    )


@inner_kernel
def _move(moving: Moving, among: tuple[int, int], price: float, length: float) -> tuple[float, float]:
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
        t, q = _move(moving, among, r, length)
        rest = r - s - curvature * (t - anchor)
        size = abs(r) + abs(s) + curvature * (abs(t) + abs(anchor))
        if abs(rest) <= _ROUNDOFF * size * (1.0 + curvature * q) or trial == _MOST_TRIALS - 1:
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
        t, q = _move(moving, among, r, length)
        if abs(t - bound) <= _TOUCHING or trial == _MOST_TRIALS - 1:
            break
        r = _walk(moving, among, (0.0, 1.0), (r, length, bound - t))
    return r, t, q


@inner_kernel
def _find_side(
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


@inner_kernel
def _answers(response: float, kept: int, curvature: float) -> tuple[float, float]:
    """How a side's price follows s, and what its columns answer to their own prices: (give, stiff)."""
    q = response
    if kept:
        return 0.0, 1.0 / q if q > 0.0 else 0.0
    give = 1.0 / (1.0 + curvature * q)
    return give, curvature * give


@inner_kernel
def write_answers(columns: HouseholdColumns) -> None:
    """Write give and stiff of every side in force."""
    at = columns.sides
    for side in range(at.size):
        if at[side].force != NEVER:
            at[side].give, at[side].stiff = _answers(at[side].response, at[side].kept, columns.curvature[at[side].name])


@inner_kernel
def write_price_steps(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Accept the prices found last, and write how they, and those of columns, will move along the step."""
    base, at = state.base, columns.sides
    for side in range(at.size):
        if at[side].force == NEVER:
            continue
        at[side].price = at[side].price_next
        pull = 0.0
        for c in range(at[side].first, at[side].stop):
            pull += base.response_next[c] * base.price_step[c]
        dr = at[side].give * state.name_step[at[side].name] - at[side].stiff * pull
        at[side].price_step = dr
        for c in range(at[side].first, at[side].stop):
            state.whole[c] = base.price[c] + at[side].price
            state.whole_step[c] = base.price_step[c] + dr


@inner_kernel
def _minimise_on_active(state: HouseholdState, length: float) -> None:
    """Minimise every column on the piece it is on, all at once; a response of NaN says that it should be on another."""
    base = state.base
    lower, upper, pull, give = base.active[LOWER], base.active[UPPER], base.active[PULL], base.active[GIVE]
    enter, leave = base.active[ENTER], base.active[LEAVE]
    whole, whole_step, weight, answer = state.whole, state.whole_step, base.weight_next, base.response_next
    for c in range(whole.size):
        s = whole[c] + length * whole_step[c]
        w = (pull[c] - s) * give[c]
        inside = (w > lower[c]) & (w < upper[c])
        elsewhere = (s > leave[c]) | (s < enter[c])
        weight[c] = min(max(w, lower[c]), upper[c])
        answer[c] = np.nan if elsewhere else (give[c] if inside else 0.0)


@inner_kernel
def _confirm_sides(columns: HouseholdColumns, state: HouseholdState, length: float) -> None:
    """Take every side over as predicted if that holds, else look for its price."""
    base, at = state.base, columns.sides
    weight, answer = base.weight_next, base.response_next
    penalty = penalty_of(columns.base)
    for side in range(at.size):
        if at[side].force == NEVER:
            continue
        name = at[side].name
        s = state.name_price[name] + length * state.name_step[name]
        r = at[side].price + length * at[side].price_step
        t, q = 0.0, 0.0
        for c in range(at[side].first, at[side].stop):
            t += weight[c]
            q += answer[c]
        curvature, anchor = columns.curvature[name], columns.anchor[name]
        rest = r - s - curvature * (t - anchor)
        size = abs(r) + abs(s) + curvature * (abs(t) + abs(anchor))
        kept, fine = 0, 0.0
        if not abs(rest) <= _ROUNDOFF * size * (1.0 + curvature * q) or at[side].bounded:
            bounds = (columns.low[name], columns.high[name], penalty)
            among = (at[side].first, at[side].stop)
            r, t, q, kept, fine = _find_side(
                _moving(columns, state), among, (s, curvature, anchor), bounds, (r, length)
            )
        at[side].price_next = r
        at[side].weight = t
        at[side].response = q
        at[side].kept = kept
        at[side].fine = fine


@inner_kernel
def _value_of(columns: HouseholdColumns, state: HouseholdState, side: int, s: float, length: float) -> float:
    """Least of a side's function, proximal terms included, where its columns now are."""
    base, table, at = state.base, columns.base.table, columns.sides
    name = at[side].name
    t, total = at[side].weight, 0.0
    if at[side].kept:
        # Its columns add up to the bound as well as prices can tell; what is missing costs r.
        bound = columns.low[name] if abs(t - columns.low[name]) < abs(t - columns.high[name]) else columns.high[name]
        total -= at[side].price_next * (bound - t)
        t = bound
    away = t - columns.anchor[name]
    total += 0.5 * columns.curvature[name] * away * away + s * t
    if at[side].fine != 0.0:
        total += at[side].fine * (t - (columns.high[name] if at[side].fine > 0.0 else columns.low[name]))
    for c in range(at[side].first, at[side].stop):
        w = base.weight_next[c]
        off = w - table[c].centre
        price = base.price[c] + length * base.price_step[c]
        total += base.active[VALUE, c] + base.active[SLOPE, c] * (w - base.active[LOWER, c]) + price * w
        total += 0.5 * table[c].proximal * off * off
    return float(total)


@inner_kernel
def _along(columns: HouseholdColumns, state: HouseholdState, side: int) -> tuple[float, float]:
    """Slope of a side's least along the step, and its curvature (not negative)."""
    base, at = state.base, columns.sides
    ds = state.name_step[at[side].name]
    slope = at[side].weight * ds
    pull = 0.0
    for c in range(at[side].first, at[side].stop):
        slope += base.weight_next[c] * base.price_step[c]
        pull += base.response_next[c] * base.price_step[c]
    give, stiff = _answers(at[side].response, at[side].kept, columns.curvature[at[side].name])
    dr = give * ds - stiff * pull
    curvature = 0.0
    for c in range(at[side].first, at[side].stop):
        curvature += base.response_next[c] * (dr + base.price_step[c]) * (ds + base.price_step[c])
    return slope, curvature


@inner_kernel
def mix(columns: HouseholdColumns, side: int) -> float:
    """Write the shares of a name's two sides, the sell side coming first; returns that of the sell side."""
    at = columns.sides
    apart = at[side].value - at[side + 1].value
    share = min(max(at[side].centre - apart / at[side].nearness, 0.0), 1.0)
    at[side].share = share
    at[side + 1].share = 1.0 - share
    return float(share)


@inner_kernel
def minimise_sides(columns: HouseholdColumns, state: HouseholdState, length: float) -> tuple[float, float]:
    """Minimise all sides at name_price + length x name_step and so on; slope and curvature of the dual along the step.

    Only what names add to them. Weights and responses of columns are left in weight_next and response_next.
    """
    at = columns.sides
    _minimise_on_active(state, length)
    _confirm_sides(columns, state, length)
    slope, curvature = 0.0, 0.0
    rise, bend = 0.0, 0.0
    for side in range(at.size):
        if at[side].force == NEVER:
            continue
        before, bend_before = rise, bend
        rise, bend = _along(columns, state, side)
        if at[side].force != BOTH:
            at[side].share = 1.0
            slope += rise
            curvature += bend
            continue
        name = at[side].name
        s = state.name_price[name] + length * state.name_step[name]
        at[side].value = _value_of(columns, state, side, s, length)
        if at[side].buys:
            share = mix(columns, side - 1)
            slope += share * before + (1.0 - share) * rise
            curvature += share * bend_before + (1.0 - share) * bend
            if 0.0 < share < 1.0:
                curvature += (before - rise) * (before - rise) / at[side - 1].nearness
    return slope, curvature


@inner_kernel
def minimise_slacks(columns: HouseholdColumns, state: HouseholdState, first: int, length: float) -> tuple[float, float]:
    """Bring slacks, which are minimised with the other columns, onto the right piece; what they add to the dual."""
    base = state.base
    slope, curvature = 0.0, 0.0
    for j in range(first, base.price.size):
        if not base.response_next[j] >= 0.0:
            _move(_moving(columns, state), (j, j + 1), 0.0, length)
        slope += base.weight_next[j] * base.price_step[j]
        curvature += base.response_next[j] * base.price_step[j] * base.price_step[j]
    return slope, curvature
