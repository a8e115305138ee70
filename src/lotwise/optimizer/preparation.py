"""A problem as it comes becomes columns: pieces of every name, slacks of cash and groups, their coupling."""

from __future__ import annotations

import numpy as np

from lotwise.kernels import inner_kernel, summing_kernel
from lotwise.optimizer.pieces import add_names, add_slack
from lotwise.optimizer.problem import STEEPEST, STIFFNESS, AccountProblem, Columns

__all__ = [
    "COMMON_PART",
    "MOST_LOADINGS",
    "SLACK_ROOM",
    "is_bound",
    "is_solvable",
    "penalty_of",
    "prepare",
    "square_of_loadings",
    "sum_of_lots",
    "write_loadings",
]

# Price P of violating a soft bound, in steepest slopes: what any single trade can gain is outbid, with room for rows
# that overlap. With 4 more of them were missed by more than the least possible; with 64 a solve gave up.
_PENALTY = 16.0

# Sum of squared loadings beyond which doubles no longer tell a weight: a volatility of a million a year, and more.
MOST_LOADINGS = 1e18

# A slack of a group row ranges this many times the largest value the row can take.
SLACK_ROOM = 2.0

# Part of the factors' curvature that proximal weights are measured by where there is little specific risk.
COMMON_PART = 0.1


@inner_kernel
def _write_scales(problem: AccountProblem, columns: Columns, squares: np.ndarray) -> None:
    """Bound the slope of any column's function, divided by gamma, and find the scale of proximal weights.

    The slope is made of the dearest lot or buy, plus D (a whole weight off target), plus the pull of the factors:
    |x| |nu| with |nu| <= 2 max |x|, since weights and targets are each at most 1. The scale is the mean curvature of
    the names, at least a part of what the factors give them. `squares` (n,) holds |x|^2 of every name.
    """
    n = problem.target.size
    price = 0.0
    for lot in range(problem.lot_start[0], problem.lot_start[n]):
        price = max(price, abs(problem.lot_price[lot]))
    curvature, pull = 0.0, 0.0
    own, common = 0.0, 0.0
    for i in range(n):
        price = max(price, problem.buy_cost[i])
        curvature = max(curvature, 2.0 * problem.specific[i])
        pull = max(pull, squares[i])
        own += 2.0 * problem.specific[i]
        common += squares[i]
    columns.scales[STEEPEST] = price / problem.risk_price + curvature + 2.0 * pull + 1e-6
    scale = max(own, COMMON_PART * common) / max(n, 1)
    columns.scales[STIFFNESS] = scale if scale > 0.0 else 1.0


@summing_kernel
def square_of_loadings(loadings: np.ndarray) -> float:
    """Sum of their squares: finite only if every loading is, and however rounded."""
    total = 0.0
    every = loadings.reshape(loadings.size)
    for i in range(every.size):
        total += every[i] * every[i]
    return total


@inner_kernel
def is_bound(low: float, high: float) -> bool:
    """Whether two numbers can be a lower and an upper bound; infinite ones are none."""
    return low < np.inf and high > -np.inf and low <= high


@summing_kernel
def sum_of_lots(quantity: np.ndarray, price: np.ndarray, lots: int) -> tuple[float, int]:
    """Sum of the numbers of the first `lots` lots, and how many quantities are negative."""
    total, negative = 0.0, 0
    for lot in range(lots):
        total += quantity[lot] + price[lot]
        negative += int(quantity[lot] < 0.0)
    return total, negative


@summing_kernel
def _sum_and_negative(problem: AccountProblem) -> tuple[float, int]:
    """Sum of the numbers of names and lots, finite only if every one is, and how many are negative that may not be."""
    total, negative = 0.0, 0
    for i in range(problem.target.size):
        specific, held, cost = problem.specific[i], problem.held[i], problem.buy_cost[i]
        total += problem.target[i] + held + specific + cost
        negative += int(specific < 0.0) + int(held < 0.0) + int(cost < 0.0)
    lots = problem.lot_start[problem.target.size]
    of_lots, negative_lots = sum_of_lots(problem.lot_quantity, problem.lot_price, lots)
    return total + of_lots, negative + negative_lots


@inner_kernel
def is_solvable(problem: AccountProblem) -> bool:
    """Whether every number can be: finite (bounds may be infinite), of the right sign, bounds in order."""
    total, negative = _sum_and_negative(problem)
    total += problem.risk_price + problem.cash_low + problem.cash_high
    for i in range(problem.target.size):
        if not is_bound(problem.low[i], problem.high[i]):
            return False
    for g in range(problem.group_low.size):
        if not is_bound(problem.group_low[g], problem.group_high[g]):
            return False
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            total += problem.group_coefficient[entry]
    size = square_of_loadings(problem.loadings)
    return bool(np.isfinite(total) and negative == 0 and size <= MOST_LOADINGS and problem.risk_price > 0.0)


@summing_kernel
def write_loadings(loadings: np.ndarray, target: np.ndarray, columns: Columns, squares: np.ndarray) -> None:
    """Turn the loadings, which come name by name, into rows; write X'b, and |x|^2 of every name into `squares` (n,)."""
    n, k = loadings.shape
    rows, product = columns.rows, columns.right_side
    whole = n - n % 8
    for start in range(0, whole, 8):
        x = loadings[start : start + 8]
        a, b, c, d, e, f, g, h = x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
        for r in range(k):
            row = rows[r, start : start + 8]
            row[0], row[1], row[2], row[3] = a[r], b[r], c[r], d[r]
            row[4], row[5], row[6], row[7] = e[r], f[r], g[r], h[r]
    for i in range(whole, n):
        for r in range(k):
            rows[r, i] = loadings[i, r]
    squares[:] = 0.0
    for r in range(k):
        row, total = rows[r], 0.0
        for i in range(n):
            total += target[i] * row[i]
            squares[i] += row[i] * row[i]
        product[r] = total


@inner_kernel
def _write_other_rows(problem: AccountProblem, columns: Columns) -> None:
    """Write the rows of cash and groups."""
    k = problem.loadings.shape[1]
    rows = columns.rows
    rows[k] = 1.0
    columns.right_side[k] = 1.0
    for g in range(problem.group_low.size):
        rows[k + 1 + g] = 0.0
        columns.right_side[k + 1 + g] = 0.0
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            rows[k + 1 + g, problem.group_name[entry]] += problem.group_coefficient[entry]


@inner_kernel
def penalty_of(columns: Columns) -> float:
    """P / gamma of a problem whose steepest slope is known."""
    return float(_PENALTY * columns.scales[STEEPEST])


@inner_kernel
def prepare(problem: AccountProblem, columns: Columns, memory: np.ndarray) -> int:
    """Write the problem into its columns; returns where further pieces (envelopes) may be written.

    `memory` is (n,) or more, overwritten.
    """
    n = problem.target.size
    groups = problem.group_low.size
    squares = memory[:n]
    write_loadings(problem.loadings, problem.target, columns, squares)
    _write_other_rows(problem, columns)
    _write_scales(problem, columns, squares)
    penalty = penalty_of(columns)
    at = add_names(problem, columns, penalty)
    held = 0.0
    for i in range(n):
        held += problem.held[i]
    cash = 1.0 - held
    at = add_slack(
        columns,
        n,
        at,
        (min(0.0, cash, problem.cash_high), max(1.0, cash)),
        (problem.cash_low, problem.cash_high),
        (2.0 * penalty, 0.5 * penalty),
    )
    for g in range(groups):
        reach = 1.0
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            reach = max(reach, abs(columns.rows[problem.loadings.shape[1] + 1 + g, problem.group_name[entry]]))
        reach *= SLACK_ROOM * max(1.0, held)
        band = (problem.group_low[g], problem.group_high[g])
        at = add_slack(columns, n + 1 + g, at, (-reach, reach), band, (penalty, penalty))
    return at
