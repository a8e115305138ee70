"""One household, solved and certified."""

from __future__ import annotations

import numpy as np

from lotwise.kernels import kernel
from lotwise.optimizer.convex import Aim, Certified
from lotwise.optimizer.household.convex import solve_convex
from lotwise.optimizer.household.preparation import columns_needed, is_solvable, prepare
from lotwise.optimizer.household.problem import HouseholdProblem, HouseholdWorkspace, fitted
from lotwise.optimizer.problem import SolveStatus

__all__ = ["solve_root"]

_BAD_INPUT = int(SolveStatus.BAD_INPUT)
_GAP = 1e-9


@kernel
def solve_root(problem: HouseholdProblem, space: HouseholdWorkspace) -> Certified:
    """Solve the convex first stage."""
    if not is_solvable(problem):
        return Certified(_BAD_INPUT, np.nan, np.nan, 0)
    count, sides = columns_needed(problem)
    rows = (problem.group_low.size, problem.own_group_low.size, problem.value.size)
    fit = fitted(space, problem.loadings.shape, (count, sides, problem.held.size), rows)
    prepare(problem, fit.columns, fit.state.name_price)
    fit.state.base.theta[:] = 0.0
    aim = Aim(_GAP / problem.risk_price, -np.inf, np.inf)
    return solve_convex(fit.columns, fit.state, problem.loadings.shape[1], aim, True)
