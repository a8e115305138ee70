"""The convex problem of a household, to a certified gap: proximal rounds around a semismooth Newton on the dual."""

from __future__ import annotations

import numpy as np

from lotwise.kernels import inlined_kernel, inner_kernel
from lotwise.optimizer.active_pieces import LOWER, SLOPE, UPPER, VALUE, Places, find_active_piece
from lotwise.optimizer.convex import (
    LEAST_NEARNESS,
    MORE,
    ROUNDOFF,
    UPDATED_NEARNESS,
    Aim,
    Certified,
)
from lotwise.optimizer.dual import Goal
from lotwise.optimizer.household.dual import maximise_dual
from lotwise.optimizer.household.laying import lay_out_sides
from lotwise.optimizer.household.problem import BOTH, NEVER, HouseholdColumns, HouseholdState
from lotwise.optimizer.household.repair import LEAST_RESIDUAL, account_of, repair
from lotwise.optimizer.household.row_prices import write_all_prices
from lotwise.optimizer.pieces import least_from, value_from
from lotwise.optimizer.preparation import penalty_of
from lotwise.optimizer.problem import NEARNESS, STEEPEST, STIFFNESS, SolveStatus, copy_values

__all__ = ["renew", "solve_convex", "solve_warm"]

_SOLVED = int(SolveStatus.SOLVED)
_GAVE_UP = int(SolveStatus.GAVE_UP)

# Proximal weight of the first round, in parts of the mean curvature, and what it falls by a round. With a thirtieth of
# it the dual is so steep where many accounts tie that line searches bisect; with less of a fall rounds are more.
_FIRST_NEARNESS = 0.1
_SHRINK = 0.15
_WARM_NEARNESS = 1e-5  # a warm solve begins with no less; with more it undoes what is known of ties
_WARM_SHRINK = 0.3
_MOST_ROUNDS = 60
_MOST_STEPS = 500  # of a solve
_MOST_STEPS_OF_ROUND = 60  # ordinary rounds take up to 40; one that does not settle is tried with stiffer weights

# Cash and group rows may miss by this fraction of value before they are repaired; by more in rounds that others follow,
# which end at a part of the gap there was (`_EARLY`), or at so many times the gap asked for (`_EARLIEST`). Warm solves
# are nearly as steep as they get: ended as early as others they took twice the steps.
_RESIDUAL = 1e-11
_LOOSE_RESIDUAL, _EARLY, _EARLIEST = 1e-4, 0.03, 1e5
_WARM_LOOSE_RESIDUAL, _WARM_EARLY, _WARM_EARLIEST = 1e-7, 1e-3, 1e3

# Where a gap has not fallen to this part of the one before, the next round ends as tightly as the last: one that ends
# early can leave the multipliers where they are, and then every round after it ends there too.
_FALLS = 0.5

# A round whose gap is this many times what is asked for is not repaired: its weights are centres of the next, no more.
# Not in later rounds, of which one may be the last.
_FAR = 100.0
_UNREPAIRED_ROUNDS = 6

# Part of an objective that the gap may be where rounds stall: with many accounts, and names without risk of their own,
# the last prices are known less well than those of one account. At p = 50 it is some 1e-4 bp of value.
_STALLED = 1e-10


@inner_kernel
def _proximal_of(columns: HouseholdColumns, column: int) -> float:
    """Proximal weight of a column of a position: stiffer in small accounts, whose whole is small."""
    scale = columns.account_scale[account_of(columns, column)]
    return float(columns.base.scales[NEARNESS] * columns.base.scales[STIFFNESS] * scale)


@inner_kernel
def _set_nearness(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Give every column and every mixture the proximal weight of now, around its centre."""
    base, table, at = state.base, columns.base.table, columns.sides
    slack = base.price.size - base.theta.size + factors
    for side in range(at.size):
        if at[side].force == NEVER:
            continue
        for c in range(at[side].first, at[side].stop):
            table[c].proximal = _proximal_of(columns, c)
    lay_out_sides(Places(table, columns.base.pieces, base.active, base.piece), at, base.price)
    for j in range(slack, base.price.size):
        table[j].proximal = columns.base.scales[NEARNESS] * columns.base.scales[STIFFNESS]
        row = factors + j - slack - columns.base.rows.shape[0]
        if 0 <= row < columns.account_scale.size:
            table[j].proximal *= columns.account_scale[row]
        find_active_piece(columns.base, base, j, base.price[j])


@inner_kernel
def renew(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Begin anew at state.base.theta, everything centred where it is held, shares at a half."""
    base, table, at = state.base, columns.base.table, columns.sides
    write_all_prices(columns, base.theta, factors, state.name_price, base.price)
    columns.base.scales[NEARNESS] = _FIRST_NEARNESS
    for j in range(base.price.size):
        base.piece[j] = table[j].start
        table[j].centre = min(
            max(table[j].held, columns.base.pieces[table[j].start].left), columns.base.pieces[table[j].stop - 1].right
        )
        base.best[j] = table[j].centre
    for side in range(at.size):
        name = at[side].name
        held = 0.0
        for c in range(at[side].first, at[side].stop):
            held += table[c].held
        at[side].price = state.name_price[name] + columns.curvature[name] * (held - columns.anchor[name])
        at[side].price_next = at[side].price
        at[side].weight = held
        at[side].centre = 0.5
        at[side].nearness = 1.0
    _set_nearness(columns, state, factors)


@inner_kernel
def _move_centres(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Centre proximal terms where the last round ended."""
    at = columns.sides
    for j in range(state.base.repaired.size):
        columns.base.table[j].centre = state.base.repaired[j]
    for side in range(at.size):
        at[side].price = at[side].price_next
        if at[side].force == BOTH:
            at[side].centre = at[side].share
    _set_nearness(columns, state, factors)


@inner_kernel
def least_of_name(
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


@inlined_kernel
def _column_value_and_least(
    columns: HouseholdColumns, state: HouseholdState, c: int, price: float
) -> tuple[float, float]:
    """A column's function at its repaired weight, and the least of that plus price x w: nearly always on its piece."""
    base, active, pieces = state.base, state.base.active, columns.base.pieces
    w, left, right = base.repaired[c], active[LOWER, c], active[UPPER, c]
    p, slope = base.piece[c], active[SLOPE, c]
    own = active[VALUE, c] + slope * (w - left) if left <= w <= right else value_from(columns.base, c, p, w)
    rises = slope + price > 0.0
    if rises:
        ends = p == columns.base.table[c].start or pieces[p - 1].slope + price <= 0.0
    else:
        ends = p == columns.base.table[c].stop - 1 or pieces[p + 1].slope + price >= 0.0
    if not ends:
        return own, least_from(columns.base, c, p, price)
    end = left if rises else right
    return own, active[VALUE, c] + slope * (end - left) + price * end


@inner_kernel
def _side_value_and_least(columns: HouseholdColumns, state: HouseholdState, side: int) -> tuple[float, float, float]:
    """A side's true function at the repaired weights, that plus what prices put on them, and a bound from below."""
    base, at = state.base, columns.sides
    name = at[side].name
    t, r, s = at[side].weight, at[side].price_next, state.name_price[name]
    curvature, anchor = columns.curvature[name], columns.anchor[name]
    low, high = columns.low[name], columns.high[name]
    penalty = penalty_of(columns.base)
    away = t - anchor
    value = 0.5 * curvature * away * away + penalty * (max(low - t, 0.0) + max(t - high, 0.0))
    priced = value + s * t
    risk = (curvature, anchor, low, high)
    least = least_of_name(risk, penalty, s - r, (at[side].least, at[side].most))
    for c in range(at[side].first, at[side].stop):
        own, below = _column_value_and_least(columns, state, c, base.price[c] + r)
        value += own
        priced += own + base.price[c] * base.repaired[c]
        least += below
    return value, priced, least


@inner_kernel
def _certify(columns: HouseholdColumns, state: HouseholdState, factors: int) -> tuple[float, float]:
    """Value of the repaired mixture, and the dual's at state.base.theta: no solution is below that."""
    base, at = state.base, columns.sides
    primal, gap = 0.0, 0.0
    for r in range(factors):
        away = base.gradient[r]
        primal += 0.5 * away * away
        gap += 0.5 * (away - base.theta[r]) * (away - base.theta[r])
    side = 0
    while side < at.size:
        if at[side].force == NEVER:
            side += 1
            continue
        value, priced, least = _side_value_and_least(columns, state, side)
        at[side].value = least
        if at[side].force == BOTH:
            value_2, priced_2, least_2 = _side_value_and_least(columns, state, side + 1)
            at[side + 1].value = least_2
            share, rest = at[side].share, at[side + 1].share
            value, priced, least = share * value + rest * value_2, share * priced + rest * priced_2, min(least, least_2)
            side += 1
        primal += value
        gap += priced - least
        side += 1
    slack = base.price.size - base.theta.size + factors
    for j in range(slack, base.price.size):
        value = value_from(columns.base, j, base.piece[j], base.repaired[j])
        primal += value
        gap += value + base.price[j] * base.repaired[j] - least_from(columns.base, j, base.piece[j], base.price[j])
        gap -= base.theta[factors + j - slack] * base.gradient[factors + j - slack]
    return primal, primal - gap


@inner_kernel
def _end_round(columns: HouseholdColumns, state: HouseholdState, factors: int, far: float) -> tuple[float, float, bool]:
    """Certify where a round ended; returns (value, bound, whether rows hold: not where the gap is beyond `far`)."""
    base, value, below = state.base, np.inf, -np.inf
    for repaired in range(0 if far < np.inf else 1, 2):
        sign = -1.0 if repaired else 1.0
        if far < np.inf:  # a gradient has -nu in it, what rows lack has not
            for r in range(factors):
                base.gradient[r] += sign * base.theta[r]
        if repaired:
            repair(columns, state, factors)
        else:
            copy_values(base.weight, base.repaired)
        value, below = _certify(columns, state, factors)
        if not repaired and value - below > far:
            return value, below, False
    return value, below, True


@inner_kernel
def solve_convex(columns: HouseholdColumns, state: HouseholdState, factors: int, aim: Aim, fresh: bool) -> Certified:
    """Solve the sides in force, warm from state.base.theta; see `optimizer.convex.solve_convex`."""
    base = state.base
    steps = 0
    residual = min(_RESIDUAL, max(0.02 * aim.gap / columns.base.scales[STEEPEST], LEAST_RESIDUAL))
    if fresh:
        renew(columns, state, factors)
        copy_values(base.theta, base.best_theta)
    else:
        write_all_prices(columns, base.theta, factors, state.name_price, base.price)
        columns.base.scales[NEARNESS] = max(columns.base.scales[NEARNESS], _WARM_NEARNESS)
        _set_nearness(columns, state, factors)
    primal, bound = np.inf, -np.inf
    known, gap, falls = aim.known, np.inf, True
    shrink = _SHRINK if fresh else _WARM_SHRINK
    early, earliest = (_EARLY, _EARLIEST) if fresh else (_WARM_EARLY, _WARM_EARLIEST)
    loose_residual = _LOOSE_RESIDUAL if fresh else _WARM_LOOSE_RESIDUAL
    for round_ in range(_MOST_ROUNDS):
        anew = round_ == 0 or columns.base.scales[NEARNESS] < UPDATED_NEARNESS
        gain = MORE * (aim.enough - known) if known < aim.enough else np.inf
        loose = min(max(early * gap if falls else 0.0, 0.1 * aim.gap), earliest * aim.gap)
        goal = Goal(loose, residual if loose < aim.gap else loose_residual, gain, _MOST_STEPS_OF_ROUND)
        reached, taken = maximise_dual(columns, state, factors, goal, anew)
        steps += taken
        value, below, holds = _end_round(
            columns, state, factors, _FAR * aim.gap if fresh and round_ < _UNREPAIRED_ROUNDS else np.inf
        )
        if not np.isfinite(value - below):
            break
        falls = value - below < _FALLS * gap
        gap = value - below
        if holds and value < primal:
            primal = value
            copy_values(base.repaired, base.best)
            for side in range(columns.sides.size):
                columns.sides[side].best = columns.sides[side].share
        if below > bound:
            bound = below
            copy_values(base.theta, base.best_theta)
            for side in range(columns.sides.size):
                columns.sides[side].floor = columns.sides[side].value
        roundoff = ROUNDOFF * (abs(value) + columns.base.scales[STEEPEST])
        if (holds and primal - bound <= max(aim.gap, roundoff)) or bound >= aim.enough:
            return Certified(_SOLVED, primal, bound, steps)
        known = max(known, bound)
        nearness = columns.base.scales[NEARNESS]
        columns.base.scales[NEARNESS] = max(nearness * shrink, LEAST_NEARNESS) if reached else min(30.0 * nearness, 1.0)
        if steps > _MOST_STEPS:
            break
        _move_centres(columns, state, factors)
    stalled = bound > -np.inf and primal - bound <= max(
        aim.gap, _STALLED * (abs(primal) + columns.base.scales[STEEPEST])
    )
    return Certified(_SOLVED if stalled else _GAVE_UP, primal, bound, steps)


@inner_kernel
def solve_warm(columns: HouseholdColumns, state: HouseholdState, factors: int, aim: Aim) -> Certified:
    """Solve as `solve_convex`, warm; where that gives up, once more from nothing: what is warm can also mislead."""
    warm = solve_convex(columns, state, factors, aim, False)
    if warm.status == _SOLVED:
        return warm
    state.base.theta[:] = 0.0
    cold = solve_convex(columns, state, factors, aim, True)
    return Certified(cold.status, cold.primal, cold.bound, warm.steps + cold.steps)
