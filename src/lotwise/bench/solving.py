"""The engine's solve, repeated in memory that is already there, as the batch of a firm does it."""

from __future__ import annotations

from lotwise.kernels import kernel
from lotwise.optimizer.problem import AccountProblem, Choice, Workspace, fitted
from lotwise.optimizer.single_account import choose_and_solve, prepare

__all__ = ["solve_repeatedly"]

_FREE = int(Choice.FREE)


@kernel
def solve_repeatedly(problem: AccountProblem, space: Workspace, times: int) -> float:
    """Solve so many times, from the account's arrays to the certificate."""
    bound = 0.0
    n, k = problem.loadings.shape
    fit = fitted(space, n, k, problem.group_low.size)
    for _ in range(times):
        at = prepare(problem, fit.columns, fit.state.weight)
        fit.choice[:] = _FREE
        bound += choose_and_solve(problem, fit, at)[0].bound
    return bound
