"""What any weights of positions come to: names and rows, and the true objective on the sides that names took."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inlined_kernel, inner_kernel, kernel
from lotwise.optimizer.dual import write_row_values
from lotwise.optimizer.household.problem import HouseholdColumns, HouseholdProblem, HouseholdWorkspace, column_of
from lotwise.optimizer.household.row_prices import slack_sign
from lotwise.optimizer.pieces import value_at
from lotwise.optimizer.preparation import penalty_of
from lotwise.optimizer.problem import Choice

__all__ = [
    "begin_where_held",
    "missed",
    "most_of_position",
    "objective_at",
    "side_taken",
    "slack_value",
    "write_rows",
]

_BUY_ONLY = int(Choice.BUY_ONLY)


@inlined_kernel
def side_taken(columns: HouseholdColumns, choice: NDArray[np.uint8], name: int) -> int:
    """The side a name took: the only one, or of two the one it chose (the sell side where it is free)."""
    side = columns.side_of[name]
    return int(side + (columns.sides[side].other >= 0 and choice[name] == _BUY_ONLY))


@inner_kernel
def most_of_position(problem: HouseholdProblem, position: int) -> float:
    """Greatest weight that a bound lets a position have; infinite where its whole account is within it."""
    whole = max(problem.value[problem.account[position]], problem.held[position])
    return float(problem.position_high[position] if problem.position_high[position] < whole else np.inf)


@inner_kernel
def missed(reached: float, low: float, high: float) -> float:
    """By how much a value is outside its bounds."""
    return max(low - reached, reached - high, 0.0)


@inlined_kernel
def slack_value(columns: HouseholdColumns, row: int, rows: NDArray[np.float64]) -> float:
    """What the slack of a row is where the row's weights add up to rows[row]: cash left, or a group's value."""
    return float(slack_sign(columns, row) * (columns.base.right_side[row] - rows[row]))


@inner_kernel
def write_rows(problem: HouseholdProblem, fit: HouseholdWorkspace, weights: NDArray[np.float64]) -> None:
    """Write weights of names into state.name_weight, and what rows reach without slacks into state.base.gradient."""
    names, rows = fit.state.name_weight, fit.state.base.gradient
    first_row = fit.columns.base.rows.shape[0]
    accounts = problem.value.size
    for r in range(first_row, rows.size):
        rows[r] = 0.0
    for i in range(problem.target.size):
        names[i] = 0.0
        for p in range(problem.position_start[i], problem.position_start[i + 1]):
            names[i] += weights[p]
            rows[first_row + problem.account[p]] += weights[p]
    write_row_values(fit.columns.base, names, rows)
    for h in range(problem.own_group_low.size):
        for entry in range(problem.own_group_start[h], problem.own_group_start[h + 1]):
            part = problem.own_group_coefficient[entry] * weights[problem.own_group_position[entry]]
            rows[first_row + accounts + h] += part


@inner_kernel
def begin_where_held(problem: HouseholdProblem, fit: HouseholdWorkspace) -> None:
    """Write the multipliers that doing nothing has into state.base.theta: its exposures, and no price on other rows.

    At them the prices of names are what tracking costs where they are held, and most sides are found there.
    """
    write_rows(problem, fit, problem.held)
    theta, rows = fit.state.base.theta, fit.state.base.gradient
    theta[:] = 0.0
    for r in range(problem.loadings.shape[1]):
        theta[r] = rows[r] - fit.columns.base.right_side[r]


@kernel
def objective_at(problem: HouseholdProblem, fit: HouseholdWorkspace, weights: NDArray[np.float64]) -> float:
    """True objective / gamma of weights of positions (C,), missed bounds charged, slacks following from them.

    Lots are sold as the side of fit.choice says. What rows reach is left in state.base.gradient (m,), without slacks:
    X't, values of groups, what accounts have invested, values of accounts' groups; t in state.name_weight.
    """
    write_rows(problem, fit, weights)
    columns = fit.columns
    base, rows = columns.base, fit.state.base.gradient
    penalty = penalty_of(base)
    factors = problem.loadings.shape[1]
    total = 0.0
    for r in range(factors):
        away = rows[r] - base.right_side[r]
        total += 0.5 * away * away
    for i in range(problem.target.size):
        t = fit.state.name_weight[i]
        away = t - columns.anchor[i]
        total += 0.5 * columns.curvature[i] * away * away + penalty * missed(t, columns.low[i], columns.high[i])
        side = side_taken(columns, fit.choice, i)
        for p in range(problem.position_start[i], problem.position_start[i + 1]):
            c = column_of(columns, side, p - problem.position_start[i])
            total += value_at(base, c, base.table[c].own_start, base.table[c].own_stop, weights[p])
    slack = base.table.size - rows.size + factors
    for r in range(factors, rows.size):
        j = slack + r - factors
        reached = slack_value(columns, r, rows)
        total += value_at(base, j, base.table[j].own_start, base.table[j].own_stop, reached)
    return total
