"""What a round proved: the value of its portfolio, and the bound that its prices put under every other.

The gap is summed by itself, from what each side, exposure and slack adds to it, all of them at least 0: the difference
of the two values would drown in their roundoff. Columns are looked at together, on the pieces they are on; sides whose
columns have their least elsewhere, whose bounds are within reach, or which are mixed, are looked at one by one.
"""

from __future__ import annotations

import numpy as np

from lotwise.kernels import inlined_kernel, inner_kernel, summing_kernel
from lotwise.optimizer.active_pieces import LOWER, SLOPE, UPPER, VALUE
from lotwise.optimizer.household.laying import AFTER, BEFORE
from lotwise.optimizer.household.problem import ALONE, BOTH, NEVER, HouseholdColumns, HouseholdState, column_of
from lotwise.optimizer.household.side_values import (
    COST,
    CURVATURE,
    HIGH,
    LEAST,
    LEFT,
    LOW,
    PRICE_NEXT,
    PRICED,
    RIGHT,
    SHARE,
    TARGET,
    UNSURE,
    WEIGHT,
)
from lotwise.optimizer.pieces import least_from, value_from
from lotwise.optimizer.preparation import penalty_of

__all__ = ["certify"]


@inner_kernel
def _least_of_name(
    risk: tuple[float, float, float, float], penalty: float, price: float, ends: tuple[float, float]
) -> float:
    """Least over t in `ends` of D (t - b)^2 / 2 + fines + price x t; `risk` = (D, b, low, high)."""
    curvature, anchor, low, high = risk
    least, most = ends
    t = least if price > 0.0 else most
    best = np.inf
    for region in range(3):
        left = least if region == 0 else (low if region == 1 else high)
        right = low if region == 0 else (high if region == 1 else most)
        left, right = max(left, least), min(right, most)
        if left > right:
            continue
        slope = price + (penalty * (region - 1.0))
        t = left if curvature * (left - anchor) + slope >= 0.0 else right
        if curvature > 0.0 and t == right and curvature * (right - anchor) + slope > 0.0:
            t = min(max(anchor - slope / curvature, left), right)
        fine = penalty * (max(low - t, 0.0) + max(t - high, 0.0))
        best = min(best, 0.5 * curvature * (t - anchor) * (t - anchor) + fine + price * t)
    return best


@inner_kernel
def _add_columns(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Sum COST, PRICED and LEAST over columns at repaired weights; UNSURE where one has its least elsewhere."""
    base, active, of_side = state.base, state.base.active, state.of_side
    cost, priced, least = of_side[COST], of_side[PRICED], of_side[LEAST]
    unsure, r = of_side[UNSURE], of_side[PRICE_NEXT]
    cost[:] = 0.0
    priced[:] = 0.0
    least[:] = 0.0
    unsure[:] = 0.0
    for level in range(columns.level_start.size - 1):
        first, stop = columns.level_start[level], columns.level_start[level + 1]
        lower, upper = active[LOWER, first:stop], active[UPPER, first:stop]
        value, slope = active[VALUE, first:stop], active[SLOPE, first:stop]
        before, after = state.lines[BEFORE, first:stop], state.lines[AFTER, first:stop]
        price, repaired = base.price[first:stop], base.repaired[first:stop]
        for side in range(lower.size):
            w = repaired[side]
            s = price[side] + r[side]
            own = value[side] + slope[side] * (w - lower[side])
            rises = slope[side] + s > 0.0
            beyond = before[side] + s <= 0.0 if rises else after[side] + s >= 0.0
            end = lower[side] if rises else upper[side]
            cost[side] += own
            priced[side] += own + price[side] * w
            least[side] += value[side] + slope[side] * (end - lower[side]) + s * end
            unsure[side] += 0.0 if beyond & (lower[side] <= w) & (w <= upper[side]) else 1.0


@inlined_kernel
def _add_columns_of(columns: HouseholdColumns, state: HouseholdState, side: int) -> tuple[float, float, float]:
    """Sum over a side's columns wherever they are: their functions, these and what prices put on them, their least."""
    base, r = state.base, state.of_side[PRICE_NEXT, side]
    cost, priced, least = 0.0, 0.0, 0.0
    for level in range(columns.sides[side].count):
        c = column_of(columns, side, level)
        own = value_from(columns.base, c, base.piece[c], base.repaired[c])
        cost += own
        priced += own + base.price[c] * base.repaired[c]
        least += least_from(columns.base, c, base.piece[c], base.price[c] + r)
    return cost, priced, least


@inner_kernel
def _write_alone(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Add the risk of the name to every side, no bound being within reach."""
    of_side, risk = state.of_side, columns.risk
    for side in range(columns.sides.size):
        d, b, t = risk[CURVATURE, side], risk[TARGET, side], of_side[WEIGHT, side]
        s = state.name_price[columns.name_of[side]]
        rest = s - of_side[PRICE_NEXT, side]
        left, right = risk[LEFT, side], risk[RIGHT, side]
        best = min(max(b - rest / d, left), right) if d > 0.0 else (left if rest > 0.0 else right)
        own = 0.5 * d * (t - b) * (t - b)
        of_side[COST, side] += own
        of_side[PRICED, side] += own + s * t
        of_side[LEAST, side] += 0.5 * d * (best - b) * (best - b) + rest * best


@inlined_kernel
def _look_at(columns: HouseholdColumns, state: HouseholdState, side: int) -> None:
    """Write a side's true function at the repaired weights, that plus what prices put on them, and its least."""
    of_side, name = state.of_side, columns.name_of[side]
    t, r, s = of_side[WEIGHT, side], of_side[PRICE_NEXT, side], state.name_price[name]
    curvature, anchor, low, high = columns.curvature[name], columns.anchor[name], columns.low[name], columns.high[name]
    penalty = penalty_of(columns.base)
    cost, priced, least = _add_columns_of(columns, state, side)
    own = 0.5 * curvature * (t - anchor) * (t - anchor) + penalty * (max(low - t, 0.0) + max(t - high, 0.0))
    ends = columns.risk[LEFT, side], columns.risk[RIGHT, side]
    of_side[COST, side] = cost + own
    of_side[PRICED, side] = priced + own + s * t
    of_side[LEAST, side] = least + _least_of_name((curvature, anchor, low, high), penalty, s - r, ends)


@inner_kernel
def _look_at_others(columns: HouseholdColumns, state: HouseholdState) -> tuple[float, float]:
    """Look at the sides that are unsure, bounded or mixed; value and gap of the mixed ones."""
    at, share, risk = columns.sides, state.of_side[SHARE], columns.risk
    cost, priced = state.of_side[COST], state.of_side[PRICED]
    least, unsure = state.of_side[LEAST], state.of_side[UNSURE]
    primal, gap = 0.0, 0.0
    for side in range(at.size):
        force = columns.force[side]
        bounded = risk[LOW, side] > -np.inf or risk[HIGH, side] < np.inf
        if force != NEVER and (unsure[side] > 0.0 or bounded):
            _look_at(columns, state, side)
        if force != BOTH:
            continue
        at[side].value = least[side]
        if at[side].buys:
            first = side - 1
            primal += share[first] * cost[first] + share[side] * cost[side]
            gap += share[first] * priced[first] + share[side] * priced[side] - min(least[first], least[side])
    return primal, gap


@summing_kernel
def _sum_alone(columns: HouseholdColumns, state: HouseholdState) -> tuple[float, float]:
    """Value and gap of the sides that are in force alone."""
    cost, priced, least, force = state.of_side[COST], state.of_side[PRICED], state.of_side[LEAST], columns.force
    primal, gap = 0.0, 0.0
    for side in range(cost.size):
        alone = force[side] == ALONE
        primal += cost[side] if alone else 0.0
        gap += priced[side] - least[side] if alone else 0.0
    return primal, gap


@inner_kernel
def certify(columns: HouseholdColumns, state: HouseholdState, factors: int) -> tuple[float, float]:
    """Value of the repaired mixture, and the dual's at state.base.theta: no solution is below that."""
    base = state.base
    primal, gap = 0.0, 0.0
    for r in range(factors):
        away = base.gradient[r]
        primal += 0.5 * away * away
        gap += 0.5 * (away - base.theta[r]) * (away - base.theta[r])
    _add_columns(columns, state)
    _write_alone(columns, state)
    mixed, mixed_gap = _look_at_others(columns, state)
    alone, alone_gap = _sum_alone(columns, state)
    primal += alone + mixed
    gap += alone_gap + mixed_gap
    slack = base.price.size - base.theta.size + factors
    for j in range(slack, base.price.size):
        value = value_from(columns.base, j, base.piece[j], base.repaired[j])
        primal += value
        gap += value + base.price[j] * base.repaired[j] - least_from(columns.base, j, base.piece[j], base.price[j])
        gap -= base.theta[factors + j - slack] * base.gradient[factors + j - slack]
    return primal, primal - gap
