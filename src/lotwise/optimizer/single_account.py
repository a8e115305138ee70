"""One account, solved and certified: envelopes first, then the choices to sell or to buy, split until they are proved.

The first stage solves the problem with the convex envelope of every name that may be sold at a loss or bought; its
dual value is a lower bound of the true problem. The search over choices (`splitting`) goes on from there until the
best portfolio is found and proved to the same gap, or has taken its most solves.

Columns without curvature of their own (flat pieces of envelopes, funds with next to no specific risk, cash, group
rows) get a proximal term around where they last stood, lowered round by round until the certified gap is small: a
proximal-point method whose inner problems are smooth in the dual.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel, kernel
from lotwise.optimizer.choices import choose_by_side, choose_pieces, choose_point
from lotwise.optimizer.convex import Aim, Certified, renew_column, renew_loose_columns, solve_convex, solve_warm
from lotwise.optimizer.dual import write_row_values
from lotwise.optimizer.input_checks import checked, is_possible
from lotwise.optimizer.preparation import is_solvable, prepare
from lotwise.optimizer.problem import (
    AccountProblem,
    Choice,
    SolveStatus,
    Workspace,
    copy_values,
    fitted,
    workspace,
)
from lotwise.optimizer.splitting import Limits, Split, search_choices

__all__ = [
    "GAP",
    "TOLERANCE",
    "AccountProblem",
    "AccountSolution",
    "Case",
    "Certified",
    "Multipliers",
    "choose_and_solve",
    "hold_and_solve",
    "is_solvable",
    "prepare",
    "prove_bound",
    "solve_account",
    "solve_chosen",
]

_FREE = int(Choice.FREE)
_HOLD = int(Choice.HOLD)
_BAD_INPUT = int(SolveStatus.BAD_INPUT)

# Certified gap asked of each convex solve, as a fraction of value: 1e-5 of a basis point.
GAP = 1e-9

# Gap asked of the search over choices: 5e-5 of a basis point.
TOLERANCE = 5e-9


class Multipliers(NamedTuple):
    """Prices of the rows of a problem, dollars per dollar."""

    factor: NDArray[np.float64]  # (k,) nu
    cash: float  # mu
    group: NDArray[np.float64]  # (g,) lambda


class Case(NamedTuple):
    """Part of the proof: a bound on all portfolios in which some names sell only or buy only."""

    sell_only: NDArray[np.int64]  # names
    buy_only: NDArray[np.int64]
    bound: float  # the dual value at `multipliers`
    multipliers: Multipliers


class AccountSolution(NamedTuple):
    """A solved account. Weights are fractions of its value; prices are dollars per dollar (multiplied by gamma)."""

    status: SolveStatus
    weights: NDArray[np.float64]  # (n,)
    sold: NDArray[np.float64]  # (L,) of each lot
    bought: NDArray[np.float64]  # (n,)
    cash: float
    objective: float  # J of these trades, violations of soft bounds charged at P
    lower_bound: float  # no portfolio, whatever its signs, is below this: the least bound of the cases
    envelope_bound: float  # what the convex first stage alone proves
    envelope_gap: float  # of the convex first stage
    steps: int  # Newton steps in all
    solves: int  # convex solves in all
    factor_price: NDArray[np.float64]  # (k,) nu of the solve that found these trades
    cash_price: float  # mu
    group_price: NDArray[np.float64]  # (g,) lambda
    certificate: tuple[Case, ...]  # together all portfolios: anyone can work the bound out again


@inner_kernel
def _to_the_gap(problem: AccountProblem) -> Aim:
    """A solve for its own sake."""
    return Aim(GAP / problem.risk_price, -np.inf, np.inf)


@inner_kernel
def _begin_where_held(problem: AccountProblem, fit: Workspace) -> None:
    """Begin at the multipliers that doing nothing has: its exposures, and no price on cash and groups."""
    columns, state = fit.columns, fit.state
    write_row_values(columns, problem.held, state.gradient)
    state.theta[:] = 0.0
    for r in range(problem.loadings.shape[1]):
        state.theta[r] = state.gradient[r] - columns.right_side[r]
    for j in range(columns.table.size):
        state.piece[j] = columns.table[j].hinge


@kernel
def prove_bound(problem: AccountProblem, fit: Workspace, at: int, enough: float) -> Certified:
    """Try to prove that no portfolio is below `enough` (divided by gamma); proved if the bound is as high.

    `at` is what `prepare` returned. Where it is not proved the account is to be solved by `choose_and_solve`. Most
    nights it is: then neither choices, whole shares nor minimum trades need be looked at.
    """
    fit.choice[:] = _FREE
    _begin_where_held(problem, fit)
    choose_pieces(fit.columns, fit.choice, at)
    aim = Aim(GAP / problem.risk_price, -np.inf, enough)
    return solve_convex(fit.columns, fit.state, problem.loadings.shape[1], aim, True)


@kernel
def solve_chosen(problem: AccountProblem, fit: Workspace, at: int) -> Certified:
    """Solve with every name's choice as in fit.choice (FREE = envelope), warm from state.theta.

    `at` is what `prepare` returned. Best weights are left in state.best, best multipliers in state.best_theta.
    """
    choose_pieces(fit.columns, fit.choice, at)
    return solve_convex(fit.columns, fit.state, problem.loadings.shape[1], _to_the_gap(problem), True)


@inner_kernel
def _solve_sides(problem: AccountProblem, fit: Workspace, split: Split) -> Split:
    """Solve once more with every name on the side it was found on, so that the multipliers support these trades.

    Needed where a name was found on the flat of its envelope: the prices there are those of the envelope.
    """
    columns, state = fit.columns, fit.state
    renew_loose_columns(columns, state)
    copy_values(state.found_theta, state.theta)
    last = solve_warm(columns, state, problem.loadings.shape[1], _to_the_gap(problem))
    if not last.primal <= split.value:
        copy_values(state.found, state.best)
        copy_values(state.found_theta, state.best_theta)
        return Split(split.value, split.short, split.bound, split.steps + last.steps, split.solves + 1)
    bound = min(split.bound, last.primal)
    return Split(last.primal, 0.0, bound, split.steps + last.steps, split.solves + 1)


@kernel
def choose_and_solve(problem: AccountProblem, fit: Workspace, at: int) -> tuple[Certified, Split]:
    """The envelope stage and the search, from the choices in fit.choice (they are overwritten by what was chosen).

    The final weights and multipliers are left in state.best and state.best_theta, the proof in fit.cases.
    """
    columns, state = fit.columns, fit.state
    _begin_where_held(problem, fit)
    first = solve_chosen(problem, fit, at)
    limits = Limits(problem.loadings.shape[1], GAP / problem.risk_price, TOLERANCE / problem.risk_price)
    split = search_choices(columns, state, fit.cases, fit.marked, limits, first)
    choose_by_side(columns, state.found, fit.choice)
    if split.short > 0.0:
        split = _solve_sides(problem, fit, split)
    else:
        copy_values(state.found, state.best)
        copy_values(state.found_theta, state.best_theta)
    return first, split


@kernel
def hold_and_solve(problem: AccountProblem, fit: Workspace) -> Certified:
    """Solve again, warm, with more names pinned to where they are held: those whose choice has become HOLD.

    For the account that `choose_and_solve` or this function solved last. Best weights and multipliers are left in
    state.best and state.best_theta.
    """
    columns, state = fit.columns, fit.state
    renew_loose_columns(columns, state)
    for j in range(columns.table.size):
        if fit.choice[j] == _HOLD and choose_point(columns, j):
            renew_column(columns, state, j)
    copy_values(state.best_theta, state.theta)
    return solve_warm(columns, state, problem.loadings.shape[1], _to_the_gap(problem))


@kernel
def _solve(problem: AccountProblem, space: Workspace) -> tuple[Certified, Split]:
    if not is_solvable(problem):
        return Certified(_BAD_INPUT, np.nan, np.nan, 0), Split(np.nan, np.nan, np.nan, 0, 0)
    n, k = problem.loadings.shape
    fit = fitted(space, n, k, problem.group_low.size)
    at = prepare(problem, fit.columns, fit.state.weight)
    fit.choice[:] = _FREE
    return choose_and_solve(problem, fit, at)


def _multipliers(theta: NDArray[np.float64], factors: int) -> Multipliers:
    return Multipliers(theta[:factors], float(theta[factors]), theta[factors + 1 :])


def _certificate(space: Workspace, problem: AccountProblem) -> tuple[Case, ...]:
    """The cases of a solved account, multiplied by gamma."""
    k, m = problem.loadings.shape[1], problem.loadings.shape[1] + 1 + len(problem.group_low)
    cases, gamma = space.cases, problem.risk_price
    thetas = cases.theta.reshape(-1)[: m * int(cases.closed[0])].reshape(-1, m) * gamma
    proof = []
    for at, theta in enumerate(thetas):
        said = cases.said[at, : cases.depth[at]]
        sell, buy = said[said % 2 == 0] // 2, said[said % 2 == 1] // 2
        proof.append(Case(sell, buy, float(cases.bound[at] * gamma), _multipliers(theta, k)))
    return tuple(proof)


def _refused(problem: AccountProblem) -> AccountSolution:
    """No trades and no figures: some number of the problem cannot be."""
    unknown = np.full(problem.loadings.shape[1] + 1 + problem.group_low.size, np.nan)
    prices = _multipliers(unknown, problem.loadings.shape[1])
    return AccountSolution(
        status=SolveStatus.BAD_INPUT,
        weights=problem.held.copy(),
        sold=np.zeros(problem.lot_quantity.size),
        bought=np.zeros(problem.target.size),
        cash=np.nan,
        objective=np.nan,
        lower_bound=np.nan,
        envelope_bound=np.nan,
        envelope_gap=np.nan,
        steps=0,
        solves=0,
        factor_price=prices.factor,
        cash_price=prices.cash,
        group_price=prices.group,
        certificate=(),
    )


def solve_account(problem: AccountProblem) -> AccountSolution:
    """Solve one account from plain arrays; the batch of a firm calls the same kernels without this function.

    Raises ValueError where shapes, places or the order of lots do not fit (`input_checks.checked`); numbers that cannot
    be give status BAD_INPUT and no trades. A first solve that does not reach its gap gives status GAVE_UP, with what
    was found and the bound that was proved. A search of choices that took its most solves is SOLVED all the same:
    the difference of `objective` and `lower_bound` says what it left open.
    """
    problem = checked(problem)
    if not is_possible(problem):
        return _refused(problem)
    n, k = problem.loadings.shape
    groups = len(problem.group_low)
    space = workspace(n, len(problem.lot_quantity), k, groups)
    first, split = _solve(problem, space)
    gamma = problem.risk_price
    weights = space.state.best[:n].copy()
    trade = weights - problem.held
    sold = np.zeros(len(problem.lot_quantity))
    left = np.maximum(-trade, 0.0)
    for i in np.flatnonzero(left > 0):
        for lot in range(problem.lot_start[i], problem.lot_start[i + 1]):
            sold[lot] = min(left[i], problem.lot_quantity[lot])
            left[i] -= sold[lot]
    prices = _multipliers(space.state.best_theta[: k + 1 + groups] * gamma, k)
    return AccountSolution(
        SolveStatus(first.status),
        weights,
        sold,
        np.maximum(trade, 0.0),
        float(space.state.best[n]),
        split.value * gamma,
        split.bound * gamma,
        first.bound * gamma,
        (first.primal - first.bound) * gamma,
        first.steps + split.steps,
        1 + split.solves,
        prices.factor,
        prices.cash,
        prices.group,
        _certificate(space, problem),
    )
