"""The engine's solve, repeated in memory that is there, as the batch of a firm does it; and its first part alone."""

from __future__ import annotations

from typing import NamedTuple

from lotwise.kernels import kernel
from lotwise.optimizer.choices import choose_by_side
from lotwise.optimizer.problem import AccountProblem, Choice, Workspace, fitted, workspace
from lotwise.optimizer.single_account import choose_and_solve, prepare, solve_chosen

__all__ = ["Rounded", "signs_alone", "solve_repeatedly"]

_FREE = int(Choice.FREE)


class Rounded(NamedTuple):
    """The envelope's bound, and the portfolio of the signs that it indicates; dollars per dollar of value."""

    bound: float
    objective: float


@kernel
def solve_repeatedly(problem: AccountProblem, space: Workspace, times: int) -> float:
    """Solve so many times, from the account's arrays to the certificate."""
    bound = 0.0
    n, k = problem.loadings.shape
    fit = fitted(space, n, k, problem.group_low.size)
    for _ in range(times):
        at = prepare(problem, fit.columns, fit.state.weight)
        fit.choice[:] = _FREE
        bound += choose_and_solve(problem, fit, at)[1].bound
    return bound


@kernel
def _signs_alone(problem: AccountProblem, space: Workspace) -> tuple[float, float]:
    n, k = problem.loadings.shape
    fit = fitted(space, n, k, problem.group_low.size)
    at = prepare(problem, fit.columns, fit.state.weight)
    fit.choice[:] = _FREE
    fit.state.theta[:] = 0.0
    envelope = solve_chosen(problem, fit, at)
    choose_by_side(fit.columns, fit.state.best, fit.choice)
    fit.state.theta[:] = fit.state.best_theta
    return envelope.bound, solve_chosen(problem, fit, at).primal


def signs_alone(problem: AccountProblem) -> Rounded:
    """Solve the envelope and the signs it indicates, and nothing more: two solves, as general solvers do it."""
    n, k = problem.loadings.shape
    bound, objective = _signs_alone(problem, workspace(n, problem.lot_quantity.size, k, problem.group_low.size))
    return Rounded(bound * problem.risk_price, objective * problem.risk_price)
