"""One household, solved and certified: mixtures of sides first, then the sides, split until they are proved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import kernel
from lotwise.optimizer.convex import Aim, Certified
from lotwise.optimizer.household.convex import solve_convex, solve_warm
from lotwise.optimizer.household.input_checks import checked, is_possible
from lotwise.optimizer.household.position_weights import begin_where_held
from lotwise.optimizer.household.preparation import bars_purchases, columns_needed, prepare
from lotwise.optimizer.household.problem import HouseholdProblem, HouseholdWorkspace, fitted, workspace
from lotwise.optimizer.household.solvable import is_solvable
from lotwise.optimizer.household.splitting import choose_sides, search_sides
from lotwise.optimizer.problem import Choice, SolveStatus, copy_values
from lotwise.optimizer.single_account import GAP, TOLERANCE
from lotwise.optimizer.splitting import Limits, Split

__all__ = [
    "HouseholdCase",
    "HouseholdMultipliers",
    "HouseholdProblem",
    "HouseholdSolution",
    "fitted_to",
    "search_and_solve",
    "solve_fixed",
    "solve_household",
    "solve_in_memory",
    "solve_root",
    "solve_with_sides",
    "take_lots",
]

_BAD_INPUT = int(SolveStatus.BAD_INPUT)
_FREE = int(Choice.FREE)
_SELL_ONLY = int(Choice.SELL_ONLY)
_BUY_ONLY = int(Choice.BUY_ONLY)


class HouseholdMultipliers(NamedTuple):
    """Prices of the rows of a household's problem, dollars per dollar."""

    factor: NDArray[np.float64]  # (k,) nu
    group: NDArray[np.float64]  # (g,) lambda
    cash: NDArray[np.float64]  # (A,) mu
    own_group: NDArray[np.float64]  # (h,) kappa


class HouseholdCase(NamedTuple):
    """Part of the proof: a bound on all portfolios in which some names take their sell side or their buy side."""

    sell_only: NDArray[np.int64]  # names
    buy_only: NDArray[np.int64]
    bound: float  # the dual value at `multipliers`
    multipliers: HouseholdMultipliers


class HouseholdSolution(NamedTuple):
    """A solved household. Weights are fractions of its value; prices are dollars per dollar (multiplied by gamma)."""

    status: SolveStatus
    weights: NDArray[np.float64]  # (C,) of each position
    sold: NDArray[np.float64]  # (L,) of each lot
    bought: NDArray[np.float64]  # (C,)
    cash: NDArray[np.float64]  # (A,)
    objective: float  # J of these trades, violations of soft bounds charged at P
    lower_bound: float  # no portfolio, whatever its sides, is below this: the least bound of the cases
    envelope_bound: float  # what the convex first stage alone proves
    envelope_gap: float  # of the convex first stage
    steps: int  # Newton steps in all
    solves: int  # convex solves in all
    multipliers: HouseholdMultipliers  # of the solve that found these trades
    buys: NDArray[np.bool_]  # (n,) names with two sides that took their buy side
    certificate: tuple[HouseholdCase, ...]  # together all portfolios: anyone can work the bound out again


@kernel
def fitted_to(problem: HouseholdProblem, space: HouseholdWorkspace) -> HouseholdWorkspace:
    """View of memory at the size of one problem, both sides of every name that has two laid out."""
    return _fitted(problem, space, space.choice[:0])


@kernel
def _fitted(problem: HouseholdProblem, space: HouseholdWorkspace, choice: NDArray[np.uint8]) -> HouseholdWorkspace:
    rows = (problem.group_low.size, problem.own_group_low.size, problem.value.size)
    columns, sides = columns_needed(problem, choice)
    return fitted(space, problem.loadings.shape, (columns, sides, problem.held.size), rows)


@kernel
def solve_root(problem: HouseholdProblem, space: HouseholdWorkspace) -> Certified:
    """Solve the convex first stage alone."""
    if not is_solvable(problem):
        return Certified(_BAD_INPUT, np.nan, np.nan, 0)
    fit = fitted_to(problem, space)
    prepare(problem, fit.columns, fit.state.name_price, fit.choice[:0])
    begin_where_held(problem, fit)
    aim = Aim(GAP / problem.risk_price, -np.inf, np.inf)
    return solve_convex(fit.columns, fit.state, problem.loadings.shape[1], aim, True)


@kernel
def search_and_solve(problem: HouseholdProblem, fit: HouseholdWorkspace) -> tuple[Certified, Split]:
    """The mixtures and the search over sides, of a prepared problem; proof in fit.cases, sides in fit.choice.

    The final weights of positions are left in state.found, the multipliers that support them in state.base.found_theta.
    """
    columns, state = fit.columns, fit.state
    begin_where_held(problem, fit)
    fit.choice[:] = _FREE
    choose_sides(columns, fit.choice)
    factors, gamma = problem.loadings.shape[1], problem.risk_price
    first = solve_convex(columns, state, factors, Aim(GAP / gamma, -np.inf, np.inf), True)
    limits = Limits(factors, GAP / gamma, TOLERANCE / gamma)
    split = search_sides(columns, state, fit.cases, fit.choice, limits, first)
    return first, split


@kernel
def solve_fixed(problem: HouseholdProblem, space: HouseholdWorkspace, buys: NDArray[np.bool_]) -> Certified:
    """Solve from nothing with every name that has two sides on the one that `buys` (n,) says: a convex problem.

    The other sides are not laid out, so that no search can follow.
    """
    if not is_solvable(problem):
        return Certified(_BAD_INPUT, np.nan, np.nan, 0)
    choice = space.choice[: buys.size]
    for name in range(buys.size):
        choice[name] = _BUY_ONLY if buys[name] else _SELL_ONLY
    fit = _fitted(problem, space, choice)
    prepare(problem, fit.columns, fit.state.name_price, choice)
    begin_where_held(problem, fit)
    aim = Aim(GAP / problem.risk_price, -np.inf, np.inf)
    return solve_convex(fit.columns, fit.state, problem.loadings.shape[1], aim, True)


@kernel
def solve_with_sides(problem: HouseholdProblem, fit: HouseholdWorkspace) -> Certified:
    """Solve again, warm, with the sides in fit.choice; best weights of columns are left in state.base.best."""
    choose_sides(fit.columns, fit.choice)
    copy_values(fit.state.base.found_theta, fit.state.base.theta)
    aim = Aim(GAP / problem.risk_price, -np.inf, np.inf)
    return solve_warm(fit.columns, fit.state, problem.loadings.shape[1], aim)


@kernel
def solve_in_memory(problem: HouseholdProblem, space: HouseholdWorkspace) -> tuple[Certified, Split]:
    """Solve, from the household's arrays to the proof, in memory that is there; see `search_and_solve`."""
    if not is_solvable(problem):
        return Certified(_BAD_INPUT, np.nan, np.nan, 0), Split(np.nan, np.nan, np.nan, 0, 0)
    fit = fitted_to(problem, space)
    prepare(problem, fit.columns, fit.state.name_price, fit.choice[:0])
    return search_and_solve(problem, fit)


@kernel
def take_lots(
    problem: HouseholdProblem, weights: NDArray[np.float64], buys: NDArray[np.bool_], sold: NDArray[np.float64]
) -> None:
    """Take what each position sells from its lots, cheapest first; on a buy side from those that bar no purchase."""
    for name in range(problem.target.size):
        for position in range(problem.position_start[name], problem.position_start[name + 1]):
            left = max(problem.held[position] - weights[position], 0.0)
            for lot in range(problem.lot_start[position], problem.lot_start[position + 1]):
                kept = buys[name] and bars_purchases(problem, lot, problem.buy_cost[position])
                sold[lot] = 0.0 if kept else min(left, problem.lot_quantity[lot])
                left -= sold[lot]


def _multipliers(problem: HouseholdProblem, theta: NDArray[np.float64]) -> HouseholdMultipliers:
    k, g, a = problem.loadings.shape[1], problem.group_low.size, problem.value.size
    return HouseholdMultipliers(theta[:k], theta[k : k + g], theta[k + g : k + g + a], theta[k + g + a :])


def _certificate(space: HouseholdWorkspace, problem: HouseholdProblem, rows: int) -> tuple[HouseholdCase, ...]:
    """The cases of a solved household, multiplied by gamma."""
    cases, gamma = space.cases, problem.risk_price
    thetas = cases.theta[: rows * int(cases.closed[0])].reshape(-1, rows) * gamma
    side_name = space.columns.name_of
    proof = []
    for at, theta in enumerate(thetas):
        said = cases.said[at, : cases.depth[at]]
        sell, buy = side_name[said[said % 2 == 0] // 2], side_name[said[said % 2 == 1] // 2]
        proof.append(HouseholdCase(sell, buy, float(cases.bound[at] * gamma), _multipliers(problem, theta)))
    return tuple(proof)


def _refused(problem: HouseholdProblem) -> HouseholdSolution:
    """No trades and no figures: some number of the problem cannot be."""
    rows = problem.loadings.shape[1] + problem.group_low.size + problem.value.size + problem.own_group_low.size
    return HouseholdSolution(
        status=SolveStatus.BAD_INPUT,
        weights=problem.held.copy(),
        sold=np.zeros(problem.lot_quantity.size),
        bought=np.zeros(problem.held.size),
        cash=np.full(problem.value.size, np.nan),
        objective=np.nan,
        lower_bound=np.nan,
        envelope_bound=np.nan,
        envelope_gap=np.nan,
        steps=0,
        solves=0,
        multipliers=_multipliers(problem, np.full(rows, np.nan)),
        buys=np.zeros(problem.target.size, np.bool_),
        certificate=(),
    )


def solve_household(problem: HouseholdProblem) -> HouseholdSolution:
    """Solve one household from plain arrays; the batch of a firm calls the same kernels without this function.

    Raises ValueError where shapes, places or the order of lots do not fit (`input_checks.checked`); numbers that cannot
    be give status BAD_INPUT and no trades. A first solve that does not reach its gap gives status GAVE_UP, with what
    was found and the bound that was proved. A search of sides that took its most solves is SOLVED all the same: the
    difference of `objective` and `lower_bound` says what it left open.
    """
    problem = checked(problem)
    if not is_possible(problem):
        return _refused(problem)
    space = workspace(problem)
    first, split = solve_in_memory(problem, space)
    if first.status == _BAD_INPUT:
        return _refused(problem)
    gamma = problem.risk_price
    weights = space.state.found.copy()
    buys = space.choice == Choice.BUY_ONLY
    sold = np.zeros(problem.lot_quantity.size)
    take_lots(problem, weights, buys, sold)
    by_position = np.add.reduceat(np.append(sold, 0.0), problem.lot_start[:-1])
    by_position[problem.lot_start[:-1] == problem.lot_start[1:]] = 0.0
    rows = problem.loadings.shape[1] + problem.group_low.size + problem.value.size + problem.own_group_low.size
    return HouseholdSolution(
        SolveStatus(first.status),
        weights,
        sold,
        np.where(problem.may_buy, np.maximum(weights - problem.held + by_position, 0.0), 0.0),
        problem.value - np.bincount(problem.account, weights, problem.value.size),
        split.value * gamma,
        split.bound * gamma,
        first.bound * gamma,
        (first.primal - first.bound) * gamma,
        first.steps + split.steps,
        1 + split.solves,
        _multipliers(problem, space.state.base.found_theta[:rows] * gamma),
        buys,
        _certificate(space, problem, rows),
    )
