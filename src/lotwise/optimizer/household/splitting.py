"""The search over a household's sides: cases are split until the best portfolio is proved, or it has gone on enough.

The first solve mixes both sides of every name that has two. Where it ends with every share at an end, its portfolio is
the best there is. Otherwise all names take the side of their larger share, for a portfolio to measure by, and the name
that mixes the most is split: one case in which it sells, one in which it buys, the others as before. Cases are solved
warm, and left where their bound shows that they cannot hold anything better. As in `optimizer.splitting`, the least of
the bounds of the cases left bounds the household.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel
from lotwise.optimizer.convex import Aim, Certified
from lotwise.optimizer.household.convex import solve_warm
from lotwise.optimizer.household.problem import ALONE, BOTH, NEVER, HouseholdColumns, HouseholdState, column_of
from lotwise.optimizer.household.side_values import WEIGHT
from lotwise.optimizer.problem import MOST_SPLITS, Cases, Choice, copy_values
from lotwise.optimizer.splitting import Limits, Split, close_case

__all__ = ["choose_sides", "search_sides"]

_FREE = int(Choice.FREE)
_SELL_ONLY = int(Choice.SELL_ONLY)
_BUY_ONLY = int(Choice.BUY_ONLY)

# A share closer than this to an end is there: a millionth of a dollar of each million moved.
_WHOLE = 1e-12


@inner_kernel
def _say(columns: HouseholdColumns, saying: int) -> None:
    """Put one side of a name in force: that of `saying` = 2 x its sell side, + 1 if it buys."""
    sells, buys = saying // 2, saying % 2
    columns.force[sells] = NEVER if buys else ALONE
    columns.force[sells + 1] = ALONE if buys else NEVER


@inner_kernel
def _take_back(columns: HouseholdColumns, saying: int) -> None:
    """Mix both sides of a saying's name again."""
    columns.force[saying // 2] = BOTH
    columns.force[saying // 2 + 1] = BOTH


@inner_kernel
def choose_sides(columns: HouseholdColumns, choice: NDArray[np.uint8]) -> None:
    """Put the sides that names chose in force; a name that is FREE mixes both."""
    at = columns.sides
    for side in range(at.size):
        if at[side].other >= 0 and not at[side].buys:
            if choice[columns.name_of[side]] == _FREE:
                _take_back(columns, 2 * side)
            else:
                _say(columns, 2 * side + (choice[columns.name_of[side]] == _BUY_ONLY))


@inner_kernel
def _most_mixed(columns: HouseholdColumns, state: HouseholdState) -> int:
    """The sell side of the name whose best portfolio mixes its sides the most, by weight moved; -1 = none does."""
    at, weight = columns.sides, state.of_side[WEIGHT]
    most, found = 0.0, -1
    for side in range(at.size):
        if columns.force[side] != BOTH or at[side].buys:
            continue
        part = min(at[side].best, 1.0 - at[side].best)
        if part <= _WHOLE:
            continue
        mixed = part * (abs(weight[side] - weight[side + 1]) + _WHOLE)
        if mixed > most:
            most, found = mixed, side
    return found


@inner_kernel
def _keep_better(
    columns: HouseholdColumns, state: HouseholdState, choice: NDArray[np.uint8], value: float, best: float
) -> float:
    """Keep the portfolio of the last solve, whose shares are whole, if it is better; returns the better value."""
    if value >= best:
        return best
    base, at = state.base, columns.sides
    for side in range(at.size):
        if columns.force[side] == NEVER or (columns.force[side] == BOTH and at[side].best < 0.5):
            continue
        if at[side].other >= 0:
            choice[columns.name_of[side]] = _BUY_ONLY if at[side].buys else _SELL_ONLY
        for level in range(at[side].count):
            c = column_of(columns, side, level)
            state.found[columns.position[c]] = base.best[c]
    copy_values(base.best_theta, base.found_theta)
    return value


@inner_kernel
def _solve_case(
    columns: HouseholdColumns, state: HouseholdState, theta: NDArray[np.float64], limits: Limits, aim: Aim
) -> Certified:
    copy_values(theta, state.base.theta)
    return solve_warm(columns, state, limits.factors, aim)


@inner_kernel
def _guess(
    columns: HouseholdColumns, state: HouseholdState, choice: NDArray[np.uint8], limits: Limits, best: float
) -> tuple[float, int]:
    """Solve with every name that mixes on the side of its larger share; returns (the better value, Newton steps)."""
    at = columns.sides
    for side in range(at.size):
        at[side].mixes = columns.force[side] == BOTH
        if at[side].mixes and at[side].buys:
            _say(columns, 2 * (side - 1) + (at[side].best > 0.5))
    guess = _solve_case(columns, state, state.base.best_theta, limits, Aim(limits.gap, -np.inf, np.inf))
    best = _keep_better(columns, state, choice, guess.primal, best)
    for side in range(at.size):
        if at[side].mixes:
            columns.force[side] = BOTH
    return best, guess.steps


@inner_kernel
def _split(
    columns: HouseholdColumns, state: HouseholdState, cases: Cases, depth: int, sells: int, bound: float
) -> float:
    """Say of a name what raises the bound less, and leave the opposite for later. Returns the bound of what is said."""
    at = columns.sides
    least = min(at[sells].floor, at[sells + 1].floor)
    sell, buy = at[sells].floor - least, at[sells + 1].floor - least
    copy_values(state.base.best_theta, cases.open_theta[depth])
    cases.open_said[depth] = 2 * sells + (buy < sell)
    cases.open_other[depth] = True
    cases.open_bound[depth] = bound + max(sell, buy)
    _say(columns, cases.open_said[depth])
    return float(bound + min(sell, buy))


@inner_kernel
def _next_case(columns: HouseholdColumns, cases: Cases, depth: int, cutoff: float, may_solve: bool) -> int:
    """Go back to the last saying whose opposite must be solved, and say that; returns the depth, 0 = there is none."""
    while depth > 0:
        last = depth - 1
        _take_back(columns, cases.open_said[last])
        if cases.open_other[last]:
            cases.open_other[last] = False
            cases.open_said[last] += 1 - 2 * (cases.open_said[last] % 2)
            if may_solve and cases.open_bound[last] < cutoff:
                _say(columns, cases.open_said[last])
                return depth
            close_case(cases, depth, cases.open_bound[last], cases.open_theta[last])
        depth = last
    return 0


@inner_kernel
def _begin_with_held(columns: HouseholdColumns, state: HouseholdState, choice: NDArray[np.uint8]) -> None:
    """Doing nothing is what is found until a solve finds something better."""
    at = columns.sides
    for side in range(at.size):
        if at[side].other >= 0:
            choice[columns.name_of[side]] = _SELL_ONLY
        for level in range(at[side].count):
            c = column_of(columns, side, level)
            state.found[columns.position[c]] = columns.base.table[c].held


@inner_kernel
def search_sides(
    columns: HouseholdColumns,
    state: HouseholdState,
    cases: Cases,
    choice: NDArray[np.uint8],
    limits: Limits,
    first: Certified,
) -> Split:
    """Find the best portfolio and prove it, from the solve of the mixtures; cases proved are left in `cases`.

    Sayings of `cases` are 2 x side, + 1 if it buys. After MOST_SPLITS solves what is open keeps the bound it has. The
    best weights are left in state.found, the sides they are on in `choice`.
    """
    cases.closed[0] = 0
    _begin_with_held(columns, state, choice)
    best, bound = np.inf, first.bound
    depth, steps, solves = 0, 0, 0
    mixed = _most_mixed(columns, state)
    if mixed < 0:
        best = _keep_better(columns, state, choice, first.primal, best)
    else:
        copy_values(state.base.best_theta, cases.open_theta[0])
        for side in range(columns.sides.size):
            columns.sides[side].kept_floor = columns.sides[side].floor
        best, steps = _guess(columns, state, choice, limits, best)
        solves = 1
        copy_values(cases.open_theta[0], state.base.best_theta)
        for side in range(columns.sides.size):
            columns.sides[side].floor = columns.sides[side].kept_floor
    while True:
        if mixed >= 0 and bound < best - limits.tolerance and solves < MOST_SPLITS:
            known = _split(columns, state, cases, depth, mixed, bound)
            depth += 1
        else:
            close_case(cases, depth, bound, state.base.best_theta)
            depth = _next_case(columns, cases, depth, best - limits.tolerance, solves < MOST_SPLITS)
            if depth == 0:
                break
            known = cases.open_bound[depth - 1]
        aim = Aim(limits.gap, known, best - limits.tolerance)
        case = _solve_case(columns, state, cases.open_theta[depth - 1], limits, aim)
        steps += case.steps
        solves += 1
        bound = case.bound
        if bound < known - limits.gap:  # the solve failed: what was known of the case before it still holds
            bound = known
            copy_values(cases.open_theta[depth - 1], state.base.best_theta)
            mixed = -1
        else:
            mixed = _most_mixed(columns, state)
        if case.primal < best and _most_mixed(columns, state) < 0:
            best = _keep_better(columns, state, choice, case.primal, best)
    least = best
    for at in range(cases.closed[0]):
        least = min(least, cases.bound[at])
    return Split(best, 0.0, least, steps, solves)
