"""A problem as it comes becomes columns: pieces of every name, slacks of cash and groups, their coupling."""

from __future__ import annotations

import numpy as np

from lotwise.kernels import kernel
from lotwise.optimizer.pieces import add_name, add_slack
from lotwise.optimizer.problem import AccountProblem, Columns

__all__ = ["is_solvable", "penalty_of", "prepare"]

# Price P of violating a soft bound, in steepest slopes: what any single trade can gain is four times outbid.
_PENALTY = 4.0

# A slack of a group row ranges this many times the largest value the row can take.
_SLACK_ROOM = 2.0


@kernel
def _steepest_slope(problem: AccountProblem) -> float:
    """Bound on the slope of any column's function, divided by gamma.

    It is made of the dearest lot or buy, plus D (a whole weight off target), plus the pull of the
    factors: |x| |nu| with |nu| <= 2 max |x|, since weights and targets are each at most 1.
    """
    steepest = 0.0
    for price in problem.lot_price:
        steepest = max(steepest, abs(price))
    curvature = 0.0
    pull = 0.0
    n, k = problem.loadings.shape
    for i in range(n):
        steepest = max(steepest, problem.buy_cost[i])
        curvature = max(curvature, 2.0 * problem.specific[i])
        square = 0.0
        for r in range(k):
            square += problem.loadings[i, r] * problem.loadings[i, r]
        pull = max(pull, square)
    return steepest / problem.risk_price + curvature + 2.0 * pull + 1e-6


@kernel
def is_solvable(problem: AccountProblem) -> bool:
    """Whether every number is finite and of the right sign."""
    total = problem.risk_price + problem.cash_low + problem.cash_high
    for i in range(problem.target.size):
        total += problem.target[i] + problem.held[i] + problem.specific[i] + problem.buy_cost[i]
        total += problem.low[i] + problem.high[i]
        for r in range(problem.loadings.shape[1]):
            total += problem.loadings[i, r]
        if problem.specific[i] < 0.0 or problem.held[i] < 0.0:
            return False
    for lot in range(problem.lot_start[problem.target.size]):
        total += problem.lot_quantity[lot] + problem.lot_price[lot]
    return np.isfinite(total) and problem.risk_price > 0.0


@kernel
def _write_coupling(problem: AccountProblem, columns: Columns) -> None:
    """Fill A and the right side."""
    n, k = problem.loadings.shape
    columns.right_side[:] = 0.0
    columns.right_side[k] = 1.0
    for i in range(n):
        for r in range(k):
            columns.coupling[i, r] = problem.loadings[i, r]
            columns.right_side[r] += problem.loadings[i, r] * problem.target[i]
        columns.coupling[i, k] = 1.0
        for g in range(problem.group_low.size):
            columns.coupling[i, k + 1 + g] = 0.0
    for g in range(problem.group_low.size):
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            columns.coupling[problem.group_name[entry], k + 1 + g] += problem.group_coefficient[entry]


@kernel
def penalty_of(columns: Columns) -> float:
    """P / gamma of a problem whose steepest slope is known."""
    return float(_PENALTY * columns.steepest[0])


@kernel
def prepare(problem: AccountProblem, columns: Columns) -> int:
    """Write the problem into its columns; returns where further pieces (envelopes) may be written."""
    n = problem.target.size
    groups = problem.group_low.size
    columns.steepest[0] = _steepest_slope(problem)
    penalty = penalty_of(columns)
    _write_coupling(problem, columns)
    at = 0
    held = 0.0
    for i in range(n):
        at = add_name(problem, columns, i, at, penalty)
        held += problem.held[i]
    cash = 1.0 - held
    at = add_slack(
        columns,
        n,
        at,
        (min(0.0, cash), max(1.0, cash)),
        (problem.cash_low, problem.cash_high),
        (2.0 * penalty, 0.5 * penalty),
    )
    for g in range(groups):
        reach = 1.0
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            reach = max(reach, abs(problem.group_coefficient[entry]))
        reach *= _SLACK_ROOM * max(1.0, held)
        band = (problem.group_low[g], problem.group_high[g])
        at = add_slack(columns, n + 1 + g, at, (-reach, reach), band, (penalty, penalty))
    return at
