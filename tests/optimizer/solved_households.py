"""Households solved in memory, so that pins, whole shares and bounds can go on from there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.bench.households import household_problem_of
from lotwise.bench.reference.household import ReferenceHousehold
from lotwise.bench.reference.household_objective import judge_household
from lotwise.optimizer.convex import Certified
from lotwise.optimizer.household.input_checks import checked
from lotwise.optimizer.household.problem import HouseholdProblem, HouseholdWorkspace, workspace
from lotwise.optimizer.household.solve import fitted_to, solve_in_memory
from lotwise.optimizer.problem import Choice
from lotwise.optimizer.splitting import Split


class Solved(NamedTuple):
    household: ReferenceHousehold
    problem: HouseholdProblem
    fit: HouseholdWorkspace
    first: Certified
    split: Split

    @property
    def buys(self) -> np.ndarray:
        """Names with two sides that took their buy side, (n,)."""
        return np.asarray(self.fit.choice == Choice.BUY_ONLY)

    @property
    def bars(self) -> np.ndarray:
        """Positions whose name took its sell side: nobody may buy it, (C,)."""
        return np.asarray((self.fit.choice == Choice.SELL_ONLY)[self.household.name])

    @property
    def found(self) -> np.ndarray:
        return self.fit.state.found.copy()


def solved(household: ReferenceHousehold) -> Solved:
    problem = checked(household_problem_of(household))
    space = workspace(problem)
    first, split = solve_in_memory(problem, space)
    return Solved(household, problem, fitted_to(problem, space), first, split)


def sold_from_lots(case: Solved, weights: np.ndarray) -> np.ndarray:
    """What each lot sells, cheapest first; on a buy side, of the lots that bar no purchase."""
    household = case.household
    sold = np.zeros(household.lots)
    left = np.maximum(household.held - weights, 0.0)
    for lot in range(household.lots):
        position = household.lot_position[lot]
        if not (case.buys[household.name[position]] and household.barring[lot]):
            sold[lot] = min(left[position], household.lot_quantity[lot])
            left[position] -= sold[lot]
    return sold


def sellable(case: Solved) -> np.ndarray:
    """The most that each position may sell on the side of its name, (C,)."""
    household = case.household
    kept = case.buys[household.name[household.lot_position]] & household.barring
    return household.by_position(np.where(kept, 0.0, household.lot_quantity))


def charged(case: Solved, weights: np.ndarray) -> float:
    """The objective with violations charged, by the reference, of weights on the sides that names took."""
    buy = np.maximum(weights - case.household.held, 0.0)
    return judge_household(case.household, buy, sold_from_lots(case, weights)).charged


def units(household: ReferenceHousehold, seed: int, value: float) -> np.ndarray:
    """Weight of one share of each position's name in a household worth so many dollars, (C,)."""
    price = np.exp(np.random.default_rng(seed).normal(4.5, 0.8, household.names))
    return np.asarray((price / value)[household.name])
