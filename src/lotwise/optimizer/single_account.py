"""One account, solved and certified: envelopes, then signs, then single flips that the multipliers suggest.

Stage 1 solves the problem with the convex envelope of every name that may be sold at a loss or bought; its dual value
is a lower bound of the true problem. Stage 2 makes each such name sell-only or buy-only by the side on which stage 1
left it, and solves again, warm. The flip search then asks the multipliers which single choice would be better the
other way round, and keeps what improves.

Columns without curvature of their own (flat pieces of envelopes, funds with next to no specific risk, cash, group
rows) get a proximal term around where they last stood, lowered round by round until the certified gap is small: a
proximal-point method whose inner problems are smooth in the dual.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel, kernel
from lotwise.optimizer.convex import Certified, solve_convex
from lotwise.optimizer.envelope import add_envelope
from lotwise.optimizer.pieces import branch_minimum, value_at, value_on
from lotwise.optimizer.preparation import is_solvable, penalty_of, prepare
from lotwise.optimizer.problem import (
    AccountProblem,
    Choice,
    Columns,
    SolveStatus,
    State,
    Workspace,
    fitted,
    workspace,
)

__all__ = [
    "AccountProblem",
    "AccountSolution",
    "Certified",
    "Multipliers",
    "bound_as_reached",
    "choose_and_solve",
    "is_solvable",
    "prepare",
    "solve_account",
    "solve_chosen",
]

_FREE = int(Choice.FREE)
_SELL_ONLY = int(Choice.SELL_ONLY)
_BUY_ONLY = int(Choice.BUY_ONLY)
_HOLD = int(Choice.HOLD)
_SOLVED = int(SolveStatus.SOLVED)
_GAVE_UP = int(SolveStatus.GAVE_UP)
_BAD_INPUT = int(SolveStatus.BAD_INPUT)

# Certified gap asked of each convex solve, as a fraction of value: 1e-5 of a basis point.
_GAP = 1e-9

# Weights that are summed in another order differ by this much: pieces that nearly touch an interval touch it.
_TOUCHING = 1e-12

# Most single flips tried on one account; on ordinary accounts fewer than five are ever suggested.
_MOST_FLIPS = 40


class Multipliers(NamedTuple):
    """Prices of the rows of a problem, dollars per dollar."""

    factor: NDArray[np.float64]  # (k,) nu
    cash: float  # mu
    group: NDArray[np.float64]  # (g,) lambda


class AccountSolution(NamedTuple):
    """A solved account. Weights are fractions of its value; prices are dollars per dollar (multiplied by gamma)."""

    status: SolveStatus
    weights: NDArray[np.float64]  # (n,)
    sold: NDArray[np.float64]  # (L,) of each lot
    bought: NDArray[np.float64]  # (n,)
    cash: float
    objective: float  # J of these trades, violations of soft bounds charged at P
    lower_bound: float  # no portfolio, whatever its signs, is below this
    envelope_gap: float  # of the convex first stage
    steps: int  # Newton steps in all
    flips: int  # single flips kept
    factor_price: NDArray[np.float64]  # (k,) nu of the final solve
    cash_price: float  # mu
    group_price: NDArray[np.float64]  # (g,) lambda
    certificate: Multipliers  # at which the dual value is `lower_bound`: anyone can work it out again


@inner_kernel
def _put_branch(columns: Columns, column: int, choice: int) -> None:
    """Choose the pieces of a column that sells only, or buys only."""
    columns.table[column].bridge = -1
    columns.table[column].start = columns.table[column].own_start
    columns.table[column].stop = columns.table[column].own_stop
    if choice == _SELL_ONLY:
        columns.table[column].stop = columns.table[column].hinge
    else:
        columns.table[column].start = columns.table[column].hinge


@inner_kernel
def _put_in_force(columns: Columns, choice: NDArray[np.uint8], at: int) -> None:
    """Choose the pieces of every column by its choice, writing envelopes from `at` on."""
    for j in range(columns.table.size):
        columns.table[j].bridge = -1
        columns.table[j].start = columns.table[j].own_start
        columns.table[j].stop = columns.table[j].own_stop
        if not columns.table[j].kinked and choice[j] != _HOLD:
            continue
        if choice[j] == _FREE:
            at = add_envelope(columns, j, at)
        elif choice[j] == _HOLD:
            at = _add_point(columns, j, at)
        else:
            _put_branch(columns, j, choice[j])


@inner_kernel
def _add_point(columns: Columns, column: int, at: int) -> int:
    """Pin a column to where it is held; returns where the next piece goes."""
    h = columns.table[column].held
    p = columns.table[column].own_start
    while p < columns.table[column].own_stop - 1 and h > columns.pieces[p].right:
        p += 1
    columns.pieces[at].left = h
    columns.pieces[at].right = h
    columns.pieces[at].slope = 0.0
    columns.pieces[at].curved = columns.table[column].curvature
    columns.pieces[at].value = columns.pieces[p].value + columns.pieces[p].slope * (h - columns.pieces[p].left)
    columns.table[column].start = at
    columns.table[column].stop = at + 1
    return at + 1


@inner_kernel
def _name_minimum(columns: Columns, name: int, price: float) -> float:
    """Least of a name's true function + price x w over both branches."""
    start, hinge, stop = columns.table[name].own_start, columns.table[name].hinge, columns.table[name].own_stop
    if not columns.table[name].kinked:
        least, _ = branch_minimum(columns, name, start, stop, price)
        return least
    least, _ = branch_minimum(columns, name, start, hinge, price)
    other, _ = branch_minimum(columns, name, hinge, stop, price)
    return min(least, other)


@inner_kernel
def _unfined_minimum(columns: Columns, name: int, ends: tuple[float, float], fine: float, price: float) -> float:
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
def bound_as_reached(
    problem: AccountProblem,
    columns: Columns,
    state: State,
    first: Certified,
    weights: NDArray[np.float64],
    rows: NDArray[np.float64],
) -> tuple[float, float]:
    """Lower bound / gamma over all portfolios that end with these rows (sum of weights, group values).

    From the first stage's multipliers; bounds on names that `weights` miss are taken as wide as they were missed.
    Whole shares cannot meet a cash target to the cent, nor a bound to the share: what cash or a bound moved is neither
    a gain nor a loss of the optimizer. Also returns the fines / gamma that `weights` pay for those names.
    """
    m, n = columns.rows.shape
    factors = problem.loadings.shape[1]
    bound = first.bound
    for r in range(factors, m):
        j = n + r - factors
        price = state.bound_theta[r] if r == factors else -state.bound_theta[r]
        value = 1.0 - rows[r] if r == factors else rows[r]
        start, stop = columns.table[j].own_start, columns.table[j].own_stop
        least, _ = branch_minimum(columns, j, start, stop, price)
        bound += value_at(columns, j, start, stop, value) + price * value - least
    fine = penalty_of(columns)
    fines = 0.0
    for i in range(n):
        nearest = min(max(weights[i], problem.low[i]), problem.high[i])
        if weights[i] == nearest:
            continue
        price = 0.0
        for r in range(m):
            price += columns.rows[r, i] * state.bound_theta[r]
        least = _name_minimum(columns, i, price)
        bound += min(least, _unfined_minimum(columns, i, (nearest, weights[i]), fine, price)) - least
        fines += fine * abs(weights[i] - nearest)
    return bound, fines


@inner_kernel
def solve_chosen(
    problem: AccountProblem,
    columns: Columns,
    state: State,
    choice: NDArray[np.uint8],
    at: int,
    nearness: float,
) -> Certified:
    """Solve with every name's choice as given (FREE = envelope), warm from state.theta.

    `at` is what `prepare` returned. Best weights are left in state.best, best multipliers in state.best_theta.
    """
    _put_in_force(columns, choice, at)
    return solve_convex(columns, state, problem.loadings.shape[1], problem.risk_price, _GAP, nearness, True)


@inner_kernel
def _solve_signs(
    problem: AccountProblem, columns: Columns, state: State, choice: NDArray[np.uint8], nearness: float
) -> Certified:
    """Solve as solve_chosen, where since the last solve only names with a choice have taken a side or changed it."""
    for j in range(choice.size):
        if columns.table[j].kinked and choice[j] != _HOLD:
            _put_branch(columns, j, choice[j])
    return solve_convex(columns, state, problem.loadings.shape[1], problem.risk_price, _GAP, nearness, False)


@inner_kernel
def _choose_signs(columns: Columns, weights: NDArray[np.float64], choice: NDArray[np.uint8]) -> None:
    for j in range(columns.table.size):
        if columns.table[j].kinked and choice[j] == _FREE:
            choice[j] = _BUY_ONLY if weights[j] > columns.table[j].held else _SELL_ONLY


@inner_kernel
def _best_flip(
    columns: Columns, theta: NDArray[np.float64], choice: NDArray[np.uint8], tried: NDArray[np.bool_]
) -> int:
    """The kinked name whose other branch would lower the bound most at these multipliers, -1 = none would."""
    m, n = columns.rows.shape
    found = -1
    most = -1e-14
    for i in range(n):
        if not columns.table[i].kinked or tried[i] or choice[i] == _HOLD:
            continue
        s = 0.0
        for r in range(m):
            s += columns.rows[r, i] * theta[r]
        sell, _ = branch_minimum(columns, i, columns.table[i].own_start, columns.table[i].hinge, s)
        buy, _ = branch_minimum(columns, i, columns.table[i].hinge, columns.table[i].own_stop, s)
        change = buy - sell if choice[i] == _SELL_ONLY else sell - buy
        if change < most:
            most = change
            found = i
    return found


@kernel
def _search_flips(
    problem: AccountProblem,
    columns: Columns,
    state: State,
    work: tuple[NDArray[np.uint8], NDArray[np.bool_]],
    at: int,
    current: Certified,
) -> tuple[Certified, int]:
    """Flip single choices, most promising first, keeping those that improve; returns the last solve and how many."""
    choice, tried = work
    tried[:] = False
    kept = 0
    steps = current.steps
    weights = state.best.copy()
    theta = state.best_theta.copy()
    for _ in range(_MOST_FLIPS):
        i = _best_flip(columns, theta, choice, tried)
        if i < 0:
            break
        tried[i] = True
        before = choice[i]
        choice[i] = _BUY_ONLY if before == _SELL_ONLY else _SELL_ONLY
        state.theta[:] = theta
        trial = _solve_signs(problem, columns, state, choice, 1e-2)
        steps += trial.steps
        if trial.primal < current.primal and trial.status == _SOLVED:
            current = trial
            weights[:] = state.best
            theta[:] = state.best_theta
            kept += 1
        else:
            choice[i] = before
    _put_in_force(columns, choice, at)
    state.best[:] = weights
    state.best_theta[:] = theta
    return Certified(current.status, current.primal, current.bound, steps), kept


@kernel
def choose_and_solve(
    problem: AccountProblem,
    columns: Columns,
    state: State,
    work: tuple[NDArray[np.uint8], NDArray[np.bool_]],
    at: int,
) -> tuple[Certified, Certified, int]:
    """Both stages and the flip search, from the choices given in work[0] (they are overwritten by what was chosen).

    Returns the envelope stage, the final solve (its weights and multipliers in state.best, state.best_theta), flips.
    """
    choice = work[0]
    state.theta[:] = 0.0
    for j in range(columns.table.size):
        state.piece[j] = columns.table[j].hinge
    first = solve_chosen(problem, columns, state, choice, at, 3e-3)
    state.bound_theta[:] = state.best_theta
    kinked = False
    for j in range(columns.table.size):
        kinked = kinked or (columns.table[j].kinked and choice[j] == _FREE)
    if not kinked:
        return first, first, 0
    _choose_signs(columns, state.best, choice)
    state.theta[:] = state.best_theta
    second = _solve_signs(problem, columns, state, choice, 1e-2)
    final, flips = _search_flips(problem, columns, state, work, at, second)
    return first, final, flips


@kernel
def _solve(problem: AccountProblem, space: Workspace) -> tuple[Certified, Certified, int]:
    if not is_solvable(problem):
        bad = Certified(_BAD_INPUT, np.nan, np.nan, 0)
        return bad, bad, 0
    n, k = problem.loadings.shape
    fit = fitted(space, n, k, problem.group_low.size)
    at = prepare(problem, fit.columns, fit.state.weight)
    fit.choice[:] = _FREE
    return choose_and_solve(problem, fit.columns, fit.state, (fit.choice, fit.tried), at)


def solve_account(problem: AccountProblem) -> AccountSolution:
    """Solve one account from plain arrays; the batch of a firm calls the same kernels without this function.

    Raises ValueError where shapes do not fit. A solve that does not reach its gap returns status GAVE_UP with what it
    found and the bound it proved.
    """
    n, k = problem.loadings.shape
    groups = len(problem.group_low)
    if len(problem.lot_start) != n + 1:
        raise ValueError(f"lot_start must have {n + 1} entries (one more than names), got {len(problem.lot_start)}")
    space = workspace(n, len(problem.lot_quantity), k, groups)
    first, final, flips = _solve(problem, space)
    gamma = problem.risk_price
    weights = space.state.best[:n].copy()
    trade = weights - problem.held
    sold = np.zeros(len(problem.lot_quantity))
    left = np.maximum(-trade, 0.0)
    for i in np.flatnonzero(left > 0):
        for lot in range(problem.lot_start[i], problem.lot_start[i + 1]):
            sold[lot] = min(left[i], problem.lot_quantity[lot])
            left[i] -= sold[lot]
    theta = space.state.best_theta[: k + 1 + groups] * gamma
    proof = space.state.bound_theta[: k + 1 + groups] * gamma
    return AccountSolution(
        SolveStatus(max(first.status, final.status)),
        weights,
        sold,
        np.maximum(trade, 0.0),
        float(space.state.best[n]),
        final.primal * gamma,
        first.bound * gamma,
        (first.primal - first.bound) * gamma,
        first.steps + (final.steps if final is not first else 0),
        flips,
        theta[:k],
        float(theta[k]),
        theta[k + 1 :],
        Multipliers(proof[:k], float(proof[k]), proof[k + 1 :]),
    )
