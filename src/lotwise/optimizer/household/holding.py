"""Positions pinned to what is held, for what is too small to trade, and the household solved again around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel, kernel
from lotwise.optimizer.convex import Aim, Certified
from lotwise.optimizer.household.convex import solve_warm
from lotwise.optimizer.household.preparation import bound_sides
from lotwise.optimizer.household.problem import (
    NEVER,
    HouseholdColumns,
    HouseholdProblem,
    HouseholdWorkspace,
    column_of,
)
from lotwise.optimizer.household.splitting import choose_sides
from lotwise.optimizer.pieces import value_at
from lotwise.optimizer.problem import copy_values
from lotwise.optimizer.single_account import GAP

__all__ = ["hold_and_solve"]


@inner_kernel
def _pin(columns: HouseholdColumns, column: int) -> None:
    """Put one point in force, what is held, by a piece of the column's own among the last."""
    table, pieces = columns.base.table, columns.base.pieces
    at = pieces.size - table.size + column
    if table[column].start == at:
        return
    held = table[column].held
    pieces[at].left = held
    pieces[at].right = held
    pieces[at].slope = 0.0
    pieces[at].curved = 0.0
    pieces[at].value = value_at(columns.base, column, table[column].own_start, table[column].own_stop, held)
    table[column].start = at
    table[column].stop = at + 1


@inner_kernel
def _hold(columns: HouseholdColumns, hold: NDArray[np.bool_]) -> None:
    """Pin the columns of held positions, on either side, let the others go, and say what sides still can reach."""
    table = columns.base.table
    for c in range(columns.level_start[columns.level_start.size - 1]):
        if hold[columns.position[c]]:
            _pin(columns, c)
        else:
            table[c].start = table[c].own_start
            table[c].stop = table[c].own_stop
    bound_sides(columns)


@kernel
def hold_and_solve(problem: HouseholdProblem, fit: HouseholdWorkspace, hold: NDArray[np.bool_]) -> Certified:
    """Solve again, warm, with the positions of `hold` (C,) pinned to what is held and every name on its side.

    For a household that `search_and_solve` solved, or this function with other pins. Sides are those in fit.choice.
    Weights of positions are left in state.settled, the multipliers that support them in state.base.best_theta; they
    take the place of state.base.found_theta as well, so that the next call starts from there. Where the solve came to
    no number, state.settled is what is held.
    """
    columns, state = fit.columns, fit.state
    choose_sides(columns, fit.choice)
    _hold(columns, hold)
    copy_values(state.base.found_theta, state.base.theta)
    aim = Aim(GAP / problem.risk_price, -np.inf, np.inf)
    solved = solve_warm(columns, state, problem.loadings.shape[1], aim)
    at = columns.sides
    for side in range(at.size):
        if columns.force[side] == NEVER:
            continue
        for level in range(at[side].count):
            c = column_of(columns, side, level)
            table = columns.base.table
            state.settled[columns.position[c]] = state.base.best[c] if solved.primal < np.inf else table[c].held
    copy_values(state.base.best_theta, state.base.found_theta)
    return solved
