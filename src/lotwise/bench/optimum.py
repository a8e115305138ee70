"""The true optimum of an account: best-first branch and bound over the names that may sell or buy.

A node has some names fixed to one side, the others free: its envelope bounds all portfolios below it, and the signs
that the envelope indicates give a portfolio. The name that is split is the one whose true cost lies furthest above
its envelope. Few names lie on the straight piece of their envelope at once, so few nodes are needed: four on average
for a hundred names. The solves are the engine's own; which of them are made is decided here, in another order than
the engine's own search has (`lotwise.optimizer.splitting`), every solve to its end, and for as long as it takes.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import kernel
from lotwise.optimizer.pieces import value_at
from lotwise.optimizer.problem import AccountProblem, Choice, Workspace, fitted, workspace
from lotwise.optimizer.single_account import Certified, prepare, solve_chosen

__all__ = ["Optimum", "Rounded", "optimum", "signs_alone"]

_FREE, _SELL_ONLY, _BUY_ONLY = int(Choice.FREE), int(Choice.SELL_ONLY), int(Choice.BUY_ONLY)


class Rounded(NamedTuple):
    """The envelope's bound, and the portfolio of the signs that it indicates; dollars per dollar of value."""

    bound: float
    objective: float
    bridged: int  # names on the straight piece of their envelope


class Optimum(NamedTuple):
    """The best objective found, what none can be below, and the nodes it took."""

    objective: float
    bound: float
    nodes: int


@kernel
def _ready(problem: AccountProblem, space: Workspace) -> int:
    n, k = problem.loadings.shape
    fit = fitted(space, n, k, problem.group_low.size)
    return prepare(problem, fit.columns, fit.state.weight)


@kernel
def _node(
    problem: AccountProblem, space: Workspace, at: int, choice: NDArray[np.uint8], theta: NDArray[np.float64]
) -> tuple[Certified, Certified, int, int]:
    """Solve the envelope at these choices, warm from theta (overwritten), and then with the signs it indicates.

    Returns both solves, the name to split (-1 = none) and how many are on their straight piece.
    """
    n, k = problem.loadings.shape
    fit = fitted(space, n, k, problem.group_low.size)
    columns, state = fit.columns, fit.state
    state.theta[:] = theta
    for j in range(columns.table.size):
        state.piece[j] = columns.table[j].hinge
    fit.choice[:] = choice
    envelope = solve_chosen(problem, fit, at)
    theta[:] = state.best_theta
    split = -1
    most = 0.0
    bridged = 0
    for j in range(n):
        if not columns.table[j].kinked or choice[j] != _FREE:
            continue
        w = state.best[j]
        buys = w > columns.table[j].held
        fit.choice[j] = _BUY_ONLY if buys else _SELL_ONLY
        start = columns.table[j].hinge if buys else columns.table[j].own_start
        stop = columns.table[j].own_stop if buys else columns.table[j].hinge
        above = value_at(columns, j, start, stop, w) - value_at(
            columns, j, columns.table[j].start, columns.table[j].stop, w
        )
        bridged += above > 1e-14
        if above > most:
            most = above
            split = j
    state.theta[:] = theta
    signed = solve_chosen(problem, fit, at)
    return envelope, signed, split, bridged


def _start(problem: AccountProblem) -> tuple[Workspace, int, NDArray[np.uint8], NDArray[np.float64]]:
    """Memory with the problem in it, where envelopes may go, all names free, multipliers at zero."""
    n, k = problem.loadings.shape
    groups = problem.group_low.size
    space = workspace(n, problem.lot_quantity.size, k, groups)
    return space, _ready(problem, space), np.zeros(n + 1 + groups, np.uint8), np.zeros(k + 1 + groups)


def signs_alone(problem: AccountProblem) -> Rounded:
    """Solve the envelope and the signs it indicates, and nothing more."""
    envelope, signed, _, bridged = _node(problem, *_start(problem))
    return Rounded(envelope.bound * problem.risk_price, signed.primal * problem.risk_price, bridged)


def optimum(problem: AccountProblem, tolerance: float = 1e-9, most_nodes: int = 2_000) -> Optimum:
    """Find the optimum to within `tolerance` (dollars per dollar of value), or as near as so many nodes come."""
    space, at, choice, theta = _start(problem)
    gamma = problem.risk_price
    envelope, signed, split, _ = _node(problem, space, at, choice, theta)
    best = signed.primal * gamma
    waiting = [(envelope.bound * gamma, 0, split, choice, theta)]
    proved = np.inf  # least bound of what was not followed further
    nodes = 1
    while waiting:
        bound, _, split, choice, theta = heapq.heappop(waiting)
        if split < 0 or nodes >= most_nodes or bound >= best - tolerance:
            proved = min(proved, bound)
            break
        for side in (_SELL_ONLY, _BUY_ONLY):
            child, child_theta = choice.copy(), theta.copy()
            child[split] = side
            envelope, signed, following, _ = _node(problem, space, at, child, child_theta)
            nodes += 1
            best = min(best, signed.primal * gamma)
            below = max(bound, envelope.bound * gamma)
            if below < best - tolerance:
                heapq.heappush(waiting, (below, nodes, following, child, child_theta))
            else:
                proved = min(proved, below)
    return Optimum(best, min(proved, best), nodes)
