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

from lotwise.kernels import inlined_kernel, inner_kernel
from lotwise.optimizer.active_pieces import ENTER, GIVE, LEAVE, LOWER, PULL, SLOPE, UPPER, VALUE
from lotwise.optimizer.household.problem import BOTH, NEVER, HouseholdColumns, HouseholdState
from lotwise.optimizer.household.side_prices import ROUNDOFF, Moving, find_side, move_columns
from lotwise.optimizer.preparation import penalty_of

__all__ = ["minimise_sides", "minimise_slacks", "mix", "write_price_steps"]


@inlined_kernel
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


@inlined_kernel
def _answers(response: float, kept: int, curvature: float) -> tuple[float, float]:
    """How a side's price follows s, and what its columns answer to their own prices: (give, stiff)."""
    q = response
    if kept:
        return 0.0, 1.0 / q if q > 0.0 else 0.0
    give = 1.0 / (1.0 + curvature * q)
    return give, curvature * give


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


@inlined_kernel
def _find_elsewhere(
    columns: HouseholdColumns, state: HouseholdState, side: int, length: float, tried: tuple[float, float, float]
) -> None:
    """Find a side whose predicted price did not hold; `tried` = (r, t, Q) of the last price tried, Q NaN if unknown."""
    at = columns.sides
    name = at[side].name
    s = state.name_price[name] + length * state.name_step[name]
    risk = (s, columns.curvature[name], columns.anchor[name])
    bounds = (columns.low[name], columns.high[name], penalty_of(columns.base))
    among = (at[side].first, at[side].stop)
    found = find_side(_moving(columns, state), among, risk, bounds, (tried[0], length, tried[1], tried[2]))
    at[side].price_next = found.price
    at[side].weight = found.weight
    at[side].response = found.response
    at[side].kept = found.kept
    at[side].fine = found.fine


@inlined_kernel
def _try_newton(
    columns: HouseholdColumns, state: HouseholdState, side: int, length: float, tried: tuple[float, float, float, float]
) -> tuple[float, float, float]:
    """Take one Newton step in the price of a side, on the pieces its columns are on; returns (r, t, Q).

    `tried` = (r, s, t, Q) before. Enough where all that moved are centres, or one column reached an end of its piece.
    """
    base, at = state.base, columns.sides
    active, weight, answer = base.active, base.weight_next, base.response_next
    r, s, t, q = tried
    curvature = columns.curvature[at[side].name]
    r -= (r - s - curvature * (t - columns.anchor[at[side].name])) / (1.0 + curvature * q)
    t, q = 0.0, 0.0
    for c in range(at[side].first, at[side].stop):
        own = base.price[c] + length * base.price_step[c] + r
        w = (active[PULL, c] - own) * active[GIVE, c]
        inside = (w > active[LOWER, c]) & (w < active[UPPER, c])
        elsewhere = (own > active[LEAVE, c]) | (own < active[ENTER, c])
        weight[c] = min(max(w, active[LOWER, c]), active[UPPER, c])
        answer[c] = np.nan if elsewhere else (active[GIVE, c] if inside else 0.0)
        t += weight[c]
        q += answer[c]
    return r, t, q


@inlined_kernel
def _is_as_predicted(columns: HouseholdColumns, side: int, predicted: tuple[float, float, float, float]) -> bool:
    """Whether a price answers what it asks for, within bounds; `predicted` = (r, s, t, Q), Q NaN if not known."""
    r, s, t, q = predicted
    at = columns.sides
    name = at[side].name
    curvature, anchor = columns.curvature[name], columns.anchor[name]
    rest = r - s - curvature * (t - anchor)
    size = abs(r) + abs(s) + curvature * (abs(t) + abs(anchor))
    if not abs(rest) <= ROUNDOFF * size * (1.0 + curvature * q):
        return False
    return not at[side].bounded or columns.low[name] <= t <= columns.high[name]


@inlined_kernel
def _move_side(columns: HouseholdColumns, state: HouseholdState, side: int, length: float) -> tuple[float, float]:
    """Take a side over as predicted if that holds, else look for its price; what it adds to the slope and curvature.

    The dual's slope along the step, and its curvature (not negative). A price that was looked for is predicted anew
    from there: the next length tried is near.
    """
    base, at = state.base, columns.sides
    weight, answer, step = base.weight_next, base.response_next, base.price_step
    name = at[side].name
    ds = state.name_step[name]
    s = state.name_price[name] + length * ds
    r = at[side].price + length * at[side].price_step
    first, stop = at[side].first, at[side].stop
    t, q, along, pull, square = 0.0, 0.0, 0.0, 0.0, 0.0
    for c in range(first, stop):
        t += weight[c]
        q += answer[c]
        along += weight[c] * step[c]
        pull += answer[c] * step[c]
        square += answer[c] * step[c] * step[c]
    predicted = _is_as_predicted(columns, side, (r, s, t, q))
    if not predicted and not np.isnan(q):
        r, t, q = _try_newton(columns, state, side, length, (r, s, t, q))
    if predicted or _is_as_predicted(columns, side, (r, s, t, q)):
        at[side].price_next = r
        at[side].weight = t
        at[side].response = q
        at[side].kept = 0
        at[side].fine = 0.0
    else:
        _find_elsewhere(columns, state, side, length, (r, t, q))
    if predicted:
        at[side].give, at[side].stiff = _answers(q, 0, columns.curvature[name])
        dr = at[side].give * ds - at[side].stiff * pull
    else:
        along, pull, square = 0.0, 0.0, 0.0
        for c in range(first, stop):
            along += weight[c] * step[c]
            pull += answer[c] * step[c]
            square += answer[c] * step[c] * step[c]
        at[side].give, at[side].stiff = _answers(at[side].response, at[side].kept, columns.curvature[name])
        dr = at[side].give * ds - at[side].stiff * pull
        at[side].price_step = dr
        at[side].price = at[side].price_next - length * dr
        for c in range(first, stop):
            state.whole[c] = base.price[c] + at[side].price
            state.whole_step[c] = step[c] + dr
    bend = dr * ds * at[side].response + (dr + ds) * pull + square
    return at[side].weight * ds + along, bend


@inlined_kernel
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
    slope, curvature = 0.0, 0.0
    rise, bend = 0.0, 0.0
    for side in range(at.size):
        if at[side].force == NEVER:
            continue
        before, bend_before = rise, bend
        rise, bend = _move_side(columns, state, side, length)
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
