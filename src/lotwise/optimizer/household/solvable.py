"""Whether the numbers of a household can be at all: what nothing can be done with is refused before it is laid out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel, summing_kernel
from lotwise.optimizer.household.problem import HouseholdProblem
from lotwise.optimizer.preparation import MOST_LOADINGS, is_bound, square_of_loadings, sum_of_lots

__all__ = ["is_solvable"]

# Dearest price of a dollar, over the price of tracking: beyond it nothing but prices is left of an objective.
_MOST_PRICE = 1e15


@inner_kernel
def _are_bounds(low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    wrong = 0
    for i in range(low.size):
        wrong += not is_bound(low[i], high[i])
    return wrong == 0


@summing_kernel
def _sum_of_positions(problem: HouseholdProblem) -> tuple[float, int]:
    """Sum of the numbers of positions and lots, finite only if each is, and how many are negative that may not be."""
    total, negative = 0.0, 0
    for p in range(problem.held.size):
        held, cost = problem.held[p], problem.buy_cost[p]
        total += held + cost + problem.hold_cost[p]
        negative += int(held < 0.0) + int(cost < 0.0)
    lots = problem.lot_start[problem.held.size]
    of_lots, negative_lots = sum_of_lots(problem.lot_quantity, problem.lot_price, lots)
    return total + of_lots, negative + negative_lots


@inner_kernel
def _dearest(problem: HouseholdProblem) -> float:
    """Greatest price of a dollar, of whatever sign."""
    dearest = 0.0
    for p in range(problem.held.size):
        dearest = max(dearest, problem.buy_cost[p], abs(problem.hold_cost[p]))
    for lot in range(problem.lot_start[problem.held.size]):
        dearest = max(dearest, abs(problem.lot_price[lot]))
    return dearest


@inner_kernel
def is_solvable(problem: HouseholdProblem) -> bool:
    """Whether every number can be: finite (bounds may be infinite), of the right sign, bounds in order, some value."""
    total, negative = _sum_of_positions(problem)
    total += problem.risk_price
    for i in range(problem.target.size):
        total += problem.target[i] + problem.specific[i]
        negative += int(problem.specific[i] < 0.0)
    for a in range(problem.value.size):
        total += problem.value[a] + problem.cash_low[a] + problem.cash_high[a]
        negative += int(problem.value[a] < 0.0 or problem.cash_low[a] > problem.cash_high[a])
    total += problem.group_coefficient.sum() + problem.own_group_coefficient.sum()
    in_order = (
        _are_bounds(problem.low, problem.high)
        and _are_bounds(problem.position_low, problem.position_high)
        and _are_bounds(problem.group_low, problem.group_high)
        and _are_bounds(problem.own_group_low, problem.own_group_high)
    )
    size = square_of_loadings(problem.loadings)
    if not (in_order and np.isfinite(total) and negative == 0 and size <= MOST_LOADINGS and problem.risk_price > 0.0):
        return False
    return bool(problem.value.sum() > 0.0 and _dearest(problem) <= _MOST_PRICE * problem.risk_price)
