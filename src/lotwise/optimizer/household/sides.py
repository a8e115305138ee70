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

import numpy as np

from lotwise.kernels import inner_kernel
from lotwise.optimizer.active_pieces import ENTER, GIVE, LEAVE, LOWER, PULL, SLOPE, UPPER, VALUE
from lotwise.optimizer.household.problem import BOTH, NEVER, HouseholdColumns, HouseholdState
from lotwise.optimizer.household.side_prices import ROUNDOFF, Moving, find_side, move_columns
from lotwise.optimizer.preparation import penalty_of

__all__ = ["minimise_sides", "minimise_slacks", "mix", "write_answers", "write_price_steps"]


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
        if not abs(rest) <= ROUNDOFF * size * (1.0 + curvature * q) or at[side].bounded:
            bounds = (columns.low[name], columns.high[name], penalty)
            among = (at[side].first, at[side].stop)
            r, t, q, kept, fine = find_side(_moving(columns, state), among, (s, curvature, anchor), bounds, (r, length))
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
            move_columns(_moving(columns, state), (j, j + 1), 0.0, length)
        slope += base.weight_next[j] * base.price_step[j]
        curvature += base.response_next[j] * base.price_step[j] * base.price_step[j]
    return slope, curvature
