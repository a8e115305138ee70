"""The lower bound held against trades that cash or a bound moved: whole shares never meet them to the cent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel
from lotwise.optimizer.choices import branch_least, name_least
from lotwise.optimizer.pieces import branch_minimum, most_of, value_at, value_on
from lotwise.optimizer.preparation import penalty_of
from lotwise.optimizer.problem import AccountProblem, Cases, Choice, Columns

__all__ = ["bound_as_reached"]

_SELL_ONLY = int(Choice.SELL_ONLY)
_BUY_ONLY = int(Choice.BUY_ONLY)

# Weights that are summed in another order differ by this much: pieces that nearly touch an interval touch it.
_TOUCHING = 1e-12


@inner_kernel
def _unfined_least(columns: Columns, name: int, ends: tuple[float, float], fine: float, price: float) -> float:
    """Least of a name's function + price x w between a bound and a weight beyond it, violation free of charge.

    `ends` = (bound, weight); `fine` = P / gamma.
    """
    bound, weight = ends
    sign = 1.0 if weight > bound else -1.0
    low, high = min(bound, weight), max(bound, weight)
    least = np.inf
    for p in range(columns.table[name].own_start, columns.table[name].own_stop):
        left, right = max(columns.pieces[p].left, low), min(columns.pieces[p].right, high)
        if left > right + _TOUCHING:
            continue
        right = max(left, right)
        curved, anchor = columns.pieces[p].curved, columns.table[name].anchor
        slope = columns.pieces[p].slope + price - sign * fine
        w = left
        if curved * (left - anchor) + slope < 0.0:
            w = right
            if curved * (right - anchor) + slope > 0.0:
                w = anchor - slope / curved
        least = min(least, value_on(columns, name, p, w) + price * w - fine * abs(w - bound))
    return least


@inner_kernel
def _least_in_case(columns: Columns, cases: Cases, case: int, name: int, price: float) -> float:
    """Least of a name's function + price x w over what a case allows it."""
    for d in range(cases.depth[case]):
        if cases.said[case, d] // 2 == name:
            return branch_least(columns, name, _BUY_ONLY if cases.said[case, d] % 2 == 1 else _SELL_ONLY, price)
    return name_least(columns, name, price)


@inner_kernel
def _rows_as_reached(columns: Columns, theta: NDArray[np.float64], rows: NDArray[np.float64], factors: int) -> float:
    """How much the dual value rises when cash and group values are taken as they are."""
    m, n = columns.rows.shape
    total = 0.0
    for r in range(factors, m):
        j = n + r - factors
        price = theta[r] if r == factors else -theta[r]
        value = 1.0 - rows[r] if r == factors else rows[r]
        start, stop = columns.table[j].own_start, columns.table[j].own_stop
        least, _ = branch_minimum(columns, j, start, stop, price)
        total += value_at(columns, j, start, stop, value) + price * value - least
    return total


@inner_kernel
def _names_as_reached(
    problem: AccountProblem, columns: Columns, cases: Cases, case: int, weights: NDArray[np.float64], fine: float
) -> float:
    """How much a case's dual value falls when bounds on names are as wide as `weights` miss them."""
    m, n = columns.rows.shape
    total = 0.0
    for i in range(n):
        nearest = min(max(weights[i], problem.low[i]), most_of(problem, i))
        if weights[i] == nearest:
            continue
        price = 0.0
        for r in range(m):
            price += columns.rows[r, i] * cases.theta[case, r]
        least = _least_in_case(columns, cases, case, i, price)
        total += min(least, _unfined_least(columns, i, (nearest, weights[i]), fine, price)) - least
    return total


@inner_kernel
def bound_as_reached(
    problem: AccountProblem,
    columns: Columns,
    cases: Cases,
    weights: NDArray[np.float64],
    rows: NDArray[np.float64],
) -> tuple[float, float]:
    """Lower bound / gamma over all portfolios that end with these rows (sum of weights, group values).

    From the cases that proved the account's bound; bounds on names that `weights` miss are taken as wide as they were
    missed. What cash or a bound moved is neither a gain nor a loss of the optimizer. Also returns the fines / gamma
    that `weights` pay for those names.
    """
    fine = penalty_of(columns)
    fines = 0.0
    for i in range(weights.size):
        fines += fine * abs(weights[i] - min(max(weights[i], problem.low[i]), most_of(problem, i)))
    bound = np.inf
    for case in range(cases.closed[0]):
        value = cases.bound[case] + _rows_as_reached(columns, cases.theta[case], rows, problem.loadings.shape[1])
        if fines > 0.0:
            value += _names_as_reached(problem, columns, cases, case, weights, fine)
        bound = min(bound, value)
    return bound, fines
