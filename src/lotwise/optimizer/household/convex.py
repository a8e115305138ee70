"""The convex problem of a household, to a certified gap: proximal rounds around a semismooth Newton on the dual."""

from __future__ import annotations

import numpy as np

from lotwise.kernels import inner_kernel
from lotwise.optimizer.convex import (
    LEAST_NEARNESS,
    MORE,
    ROUNDOFF,
    UPDATED_NEARNESS,
    Aim,
    Certified,
)
from lotwise.optimizer.dual import Goal
from lotwise.optimizer.household.certifying import certify
from lotwise.optimizer.household.dual import maximise_dual
from lotwise.optimizer.household.laying import CENTRE, follow_centres, lay_out
from lotwise.optimizer.household.problem import BOTH, HouseholdColumns, HouseholdState, column_of
from lotwise.optimizer.household.repair import LEAST_RESIDUAL, repair
from lotwise.optimizer.household.row_prices import write_all_prices
from lotwise.optimizer.household.side_values import PRICE, PRICE_NEXT, SHARE, WEIGHT
from lotwise.optimizer.problem import NEARNESS, STEEPEST, SolveStatus, copy_values

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
def renew(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Begin anew at state.base.theta, everything centred where it is held, shares at a half."""
    base, table, pieces, at = state.base, columns.base.table, columns.base.pieces, columns.sides
    write_all_prices(columns, base.theta, factors, state.name_price, base.price)
    columns.base.scales[NEARNESS] = _FIRST_NEARNESS
    for j in range(base.price.size):
        base.piece[j] = table[j].start
        least, most = pieces[table[j].start].left, pieces[table[j].stop - 1].right
        state.lines[CENTRE, j] = min(max(table[j].held, least), most)
        base.best[j] = state.lines[CENTRE, j]
    for side in range(at.size):
        name = columns.name_of[side]
        held = 0.0
        for level in range(at[side].count):
            held += table[column_of(columns, side, level)].held
        price = state.name_price[name] + columns.curvature[name] * (held - columns.anchor[name])
        state.of_side[PRICE, side] = price
        state.of_side[PRICE_NEXT, side] = price
        state.of_side[WEIGHT, side] = held
        at[side].centre = 0.5
        at[side].nearness = 1.0
    lay_out(columns, state)


@inner_kernel
def _move_centres(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Centre proximal terms where the last round ended."""
    copy_values(state.base.repaired, state.lines[CENTRE])
    copy_values(state.of_side[PRICE_NEXT], state.of_side[PRICE])
    for side in range(columns.sides.size):
        if columns.force[side] == BOTH:
            columns.sides[side].centre = state.of_side[SHARE, side]
    follow_centres(columns, state)


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
        value, below = certify(columns, state, factors)
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
        lay_out(columns, state)
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
                columns.sides[side].best = state.of_side[SHARE, side]
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
        _move_centres(columns, state)
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
