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

from lotwise.kernels import inlined_kernel, inner_kernel, summing_kernel
from lotwise.optimizer.active_pieces import ENTER, GIVE, LEAVE, LOWER, PULL, UPPER
from lotwise.optimizer.household.mixtures import minimise_mixtures
from lotwise.optimizer.household.problem import NEVER, HouseholdColumns, HouseholdState, column_of
from lotwise.optimizer.household.side_prices import ROUNDOFF, Moving, find_side, move_column
from lotwise.optimizer.household.side_values import (
    ASKED,
    ASKED_STEP,
    BEND_ALONG,
    CURVATURE,
    FINE,
    FOLLOWS,
    HIGH,
    KEPT,
    LEAN,
    LOW,
    PRICE,
    PRICE_NEXT,
    PRICE_STEP,
    RESPONSE,
    SHARE,
    SLOPE_ALONG,
    STIFF,
    TARGET,
    WEIGHT,
)
from lotwise.optimizer.preparation import penalty_of

__all__ = ["answers", "minimise_sides", "minimise_sides_here", "minimise_slacks", "write_price_steps"]


@inlined_kernel
def _moving(columns: HouseholdColumns, state: HouseholdState) -> Moving:
    base = state.base
    return Moving(
        columns.base.table,
        columns.base.pieces,
        base.active,
        state.lines,
        base.piece,
        columns.level_start,
        base.price,
        base.price_step,
        base.weight_next,
        base.response_next,
    )


@inlined_kernel
def answers(response: float, kept: float, curvature: float) -> tuple[float, float]:
    """How a side's price follows s, and what its columns answer to their own prices: (FOLLOWS, STIFF)."""
    if kept != 0.0:
        return 0.0, 1.0 / response if response > 0.0 else 0.0
    follows = 1.0 / (1.0 + curvature * response)
    return follows, curvature * follows


@inner_kernel
def _write_leans(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Write what the columns of every side answer to the step of their own prices."""
    lean, answer, step = state.of_side[LEAN], state.base.response_next, state.base.price_step
    lean[:] = 0.0
    for level in range(columns.level_start.size - 1):
        first, stop = columns.level_start[level], columns.level_start[level + 1]
        q, dp = answer[first:stop], step[first:stop]
        for side in range(q.size):
            lean[side] += q[side] * dp[side]


@inner_kernel
def _write_asked(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Write s of every side's name, and its slope along the step."""
    asked, asked_step = state.of_side[ASKED], state.of_side[ASKED_STEP]
    for side in range(asked.size):
        asked[side] = state.name_price[columns.name_of[side]]
        asked_step[side] = state.name_step[columns.name_of[side]]


@inner_kernel
def write_price_steps(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Accept the prices found last, and write how they, and those of columns, will move along the step.

    What sides answer must be written (`household.responses`).
    """
    base, of_side = state.base, state.of_side
    price, price_step, price_next = of_side[PRICE], of_side[PRICE_STEP], of_side[PRICE_NEXT]
    asked_step, follows, stiff, lean = of_side[ASKED_STEP], of_side[FOLLOWS], of_side[STIFF], of_side[LEAN]
    _write_asked(columns, state)
    _write_leans(columns, state)
    for side in range(price.size):
        price[side] = price_next[side]
        price_step[side] = follows[side] * asked_step[side] - stiff[side] * lean[side]
    for level in range(columns.level_start.size - 1):
        first, stop = columns.level_start[level], columns.level_start[level + 1]
        p, dp = base.price[first:stop], base.price_step[first:stop]
        whole, whole_step, direct = state.whole[first:stop], state.whole_step[first:stop], state.direct[first:stop]
        for side in range(p.size):
            whole[side] = p[side] + price[side]
            whole_step[side] = dp[side] + price_step[side]
            direct[side] = dp[side] + asked_step[side]


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
def _add_up_sides(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Add the weights and responses of columns up to those of their sides."""
    total, response = state.of_side[WEIGHT], state.of_side[RESPONSE]
    total[:] = 0.0
    response[:] = 0.0
    for level in range(columns.level_start.size - 1):
        first, stop = columns.level_start[level], columns.level_start[level + 1]
        w, q = state.base.weight_next[first:stop], state.base.response_next[first:stop]
        for side in range(w.size):
            total[side] += w[side]
            response[side] += q[side]


@inner_kernel
def _confirm(columns: HouseholdColumns, state: HouseholdState, length: float) -> int:
    """Take every side over whose predicted price answers what it asks for, within bounds.

    Returns how many do not, which are listed in state.unconfirmed.
    """
    of_side, force = state.of_side, columns.force
    price, price_step, price_next = of_side[PRICE], of_side[PRICE_STEP], of_side[PRICE_NEXT]
    asked, asked_step, kept, fine = of_side[ASKED], of_side[ASKED_STEP], of_side[KEPT], of_side[FINE]
    total, response, off = of_side[WEIGHT], of_side[RESPONSE], of_side[LEAN]
    curvature, target, low, high = columns.risk[CURVATURE], columns.risk[TARGET], columns.risk[LOW], columns.risk[HIGH]
    for side in range(price.size):
        r, s = price[side] + length * price_step[side], asked[side] + length * asked_step[side]
        t, q, d = total[side], response[side], curvature[side]
        rest = r - s - d * (t - target[side])
        size = abs(r) + abs(s) + d * (abs(t) + abs(target[side]))
        holds = (abs(rest) <= ROUNDOFF * size * (1.0 + d * q)) & (t >= low[side]) & (t <= high[side])
        price_next[side] = r
        kept[side] = 0.0
        fine[side] = 0.0
        off[side] = 0.0 if holds | (force[side] == NEVER) else 1.0
    count = 0
    for side in range(price.size):
        state.unconfirmed[count] = side
        count += int(off[side])
    return count


@inlined_kernel
def _find_elsewhere(
    columns: HouseholdColumns, state: HouseholdState, side: int, length: float, tried: tuple[float, float, float]
) -> None:
    """Find a side whose predicted price did not hold; `tried` = (r, t, Q) of the last price tried, Q NaN if unknown."""
    of_side, at = state.of_side, columns.sides
    name = columns.name_of[side]
    s = of_side[ASKED, side] + length * of_side[ASKED_STEP, side]
    risk = (s, columns.risk[CURVATURE, side], columns.risk[TARGET, side])
    bounds = (columns.low[name], columns.high[name], penalty_of(columns.base))
    among = (side, at[side].count)
    found = find_side(_moving(columns, state), among, risk, bounds, (tried[0], length, tried[1], tried[2]))
    of_side[PRICE_NEXT, side] = found.price
    of_side[WEIGHT, side] = found.weight
    of_side[RESPONSE, side] = found.response
    of_side[KEPT, side] = found.kept
    of_side[FINE, side] = found.fine


@inlined_kernel
def _try_newton(
    columns: HouseholdColumns, state: HouseholdState, side: int, length: float, tried: tuple[float, float, float, float]
) -> tuple[float, float, float]:
    """Take one Newton step in the price of a side, on the pieces its columns are on; returns (r, t, Q).

    `tried` = (r, s, t, Q) before. Enough where all that moved are centres, or one column reached an end of its piece.
    """
    base = state.base
    active, weight, answer = base.active, base.weight_next, base.response_next
    r, s, t, q = tried
    curvature = columns.risk[CURVATURE, side]
    r -= (r - s - curvature * (t - columns.risk[TARGET, side])) / (1.0 + curvature * q)
    t, q = 0.0, 0.0
    for level in range(columns.sides[side].count):
        c = column_of(columns, side, level)
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
def _is_found(columns: HouseholdColumns, side: int, tried: tuple[float, float, float, float]) -> bool:
    """Whether a price answers what it asks for, within bounds; `tried` = (r, s, t, Q), Q NaN if not known."""
    r, s, t, q = tried
    curvature, target = columns.risk[CURVATURE, side], columns.risk[TARGET, side]
    rest = r - s - curvature * (t - target)
    size = abs(r) + abs(s) + curvature * (abs(t) + abs(target))
    within = columns.risk[LOW, side] <= t <= columns.risk[HIGH, side]
    return bool(abs(rest) <= ROUNDOFF * size * (1.0 + curvature * q) and within)


@inlined_kernel
def _find_side(columns: HouseholdColumns, state: HouseholdState, side: int, length: float) -> None:
    """Look for the price of a side that is not the one predicted, and predict it anew from there."""
    base, of_side = state.base, state.of_side
    s = of_side[ASKED, side] + length * of_side[ASKED_STEP, side]
    r, t, q = of_side[PRICE_NEXT, side], of_side[WEIGHT, side], of_side[RESPONSE, side]
    if not np.isnan(q):
        r, t, q = _try_newton(columns, state, side, length, (r, s, t, q))
    if _is_found(columns, side, (r, s, t, q)):
        of_side[PRICE_NEXT, side] = r
        of_side[WEIGHT, side] = t
        of_side[RESPONSE, side] = q
    else:
        _find_elsewhere(columns, state, side, length, (r, t, q))
    pull = 0.0
    for level in range(columns.sides[side].count):
        c = column_of(columns, side, level)
        pull += base.response_next[c] * base.price_step[c]
    curvature = columns.risk[CURVATURE, side]
    follows, stiff = answers(of_side[RESPONSE, side], of_side[KEPT, side], curvature)
    step = follows * of_side[ASKED_STEP, side] - stiff * pull
    of_side[PRICE_STEP, side] = step
    of_side[PRICE, side] = of_side[PRICE_NEXT, side] - length * step
    for level in range(columns.sides[side].count):
        c = column_of(columns, side, level)
        state.whole[c] = base.price[c] + of_side[PRICE, side]
        state.whole_step[c] = base.price_step[c] + step


@inner_kernel
def _write_slopes(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Write what sides add to the dual's slope along the step, and to its curvature (not negative)."""
    base, along, bend = state.base, state.of_side[SLOPE_ALONG], state.of_side[BEND_ALONG]
    along[:] = 0.0
    bend[:] = 0.0
    for level in range(columns.level_start.size - 1):
        first, stop = columns.level_start[level], columns.level_start[level + 1]
        weight, answer = base.weight_next[first:stop], base.response_next[first:stop]
        direct, whole_step = state.direct[first:stop], state.whole_step[first:stop]
        for side in range(weight.size):
            along[side] += weight[side] * direct[side]
            bend[side] += answer[side] * whole_step[side] * direct[side]


@summing_kernel
def _slope_and_curvature(state: HouseholdState) -> tuple[float, float]:
    """Sums over all sides, by their shares."""
    share, along, bend = state.of_side[SHARE], state.of_side[SLOPE_ALONG], state.of_side[BEND_ALONG]
    slope, curvature = 0.0, 0.0
    for side in range(share.size):
        slope += share[side] * along[side]
        curvature += share[side] * bend[side]
    return slope, curvature


@inner_kernel
def minimise_sides(columns: HouseholdColumns, state: HouseholdState, length: float) -> tuple[float, float]:
    """Minimise all sides at name_price + length x name_step and so on; slope and curvature of the dual along the step.

    Only what names add to them. Weights and responses of columns are left in weight_next and response_next. A price
    that had to be looked for is predicted anew from there: the next length tried is near.
    """
    _minimise_on_active(state, length)
    _add_up_sides(columns, state)
    for k in range(_confirm(columns, state, length)):
        _find_side(columns, state, state.unconfirmed[k], length)
    _write_slopes(columns, state)
    bend = minimise_mixtures(columns, state, length)
    slope, curvature = _slope_and_curvature(state)
    return slope, curvature + bend


@inner_kernel
def minimise_sides_here(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Minimise all sides at name_price from the prices found last, as a new round begins; state.price_step is 0.

    Centres having moved, hardly any price is as it was; one Newton step of all together finds most.
    """
    base, of_side = state.base, state.of_side
    price, price_next, asked = of_side[PRICE], of_side[PRICE_NEXT], of_side[ASKED]
    total, response, shift = of_side[WEIGHT], of_side[RESPONSE], of_side[LEAN]
    curvature, target = columns.risk[CURVATURE], columns.risk[TARGET]
    of_side[PRICE_STEP][:] = 0.0
    state.whole_step[:] = 0.0
    state.direct[:] = 0.0
    _write_asked(columns, state)
    for side in range(price.size):
        price[side] = price_next[side]
    for attempt in range(2):
        for level in range(columns.level_start.size - 1):
            first, stop = columns.level_start[level], columns.level_start[level + 1]
            p, whole = base.price[first:stop], state.whole[first:stop]
            for side in range(p.size):
                whole[side] = p[side] + price[side]
        if attempt == 0:
            _minimise_on_active(state, 0.0)
            _add_up_sides(columns, state)
            for side in range(price.size):
                d, q = curvature[side], response[side]
                rest = price[side] - asked[side] - d * (total[side] - target[side])
                shift[side] = rest / (1.0 + d * q) if q >= 0.0 else 0.0
                price[side] -= shift[side]
    minimise_sides(columns, state, 0.0)


@inner_kernel
def minimise_slacks(columns: HouseholdColumns, state: HouseholdState, first: int, length: float) -> tuple[float, float]:
    """Bring slacks, which are minimised with the other columns, onto the right piece; what they add to the dual."""
    base = state.base
    slope, curvature = 0.0, 0.0
    for j in range(first, base.price.size):
        if not base.response_next[j] >= 0.0:
            move_column(_moving(columns, state), j, base.price[j] + length * base.price_step[j])
        slope += base.weight_next[j] * base.price_step[j]
        curvature += base.response_next[j] * base.price_step[j] * base.price_step[j]
    return slope, curvature
