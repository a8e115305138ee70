"""One account of the night: solved, made tradable (minimum trades, whole shares, wash groups), priced as written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inlined_kernel, inner_kernel, kernel
from lotwise.optimizer.pieces import value_at
from lotwise.optimizer.problem import AccountProblem, Choice, SolveStatus, Workspace, fitted
from lotwise.optimizer.reached_bound import bound_as_reached
from lotwise.optimizer.rounding import objective_at, round_to_shares
from lotwise.optimizer.single_account import choose_and_solve, hold_and_solve, is_solvable, prepare, prove_bound
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.formulation import Sizes, problem_of
from lotwise.rebalancing.household_night import Night, Reckoning
from lotwise.rebalancing.scratch import AccountArrays, Scratch
from lotwise.rebalancing.share_trades import (
    HALF_A_CENT,
    Tonight,
    hold_groups_in_conflict,
    keep_cash,
    price_of_trades,
    take_from_lots,
    tonight_of,
    too_small,
    write_deltas,
    write_weights,
)
from lotwise.securities.market import Market

__all__ = [
    "FEW",
    "MOST_HALVINGS",
    "MOST_ROUNDS",
    "TOLERANCE",
    "WORTH_LITTLE",
    "solve_account_night",
    "variance_of",
]

_FREE = int(Choice.FREE)
_HOLD = int(Choice.HOLD)
_SOLVED = int(SolveStatus.SOLVED)
_BAD_INPUT = int(SolveStatus.BAD_INPUT)
_GAVE_UP = int(SolveStatus.GAVE_UP)

# Rounds of "drop what is too small, solve again". Two suffice nearly always; what is left after the last is dropped.
MOST_ROUNDS = 5

# So few trades below the minimum are dropped together; more of them by halves, or by more than half where the
# multipliers say that together they are worth no more than this fraction of value (0.2 bp). On 300 accounts of 500
# names with a minimum of $100 that takes 3.9 solves instead of 5.5; they end 0.0014 bp further from their bound, of
# 1.6 bp on average.
FEW = 4
WORTH_LITTLE = 2e-5
MOST_HALVINGS = 40  # eleven halve 3,000 names away; names that fall below the minimum on the way may take more

# A weight is off its bound if it misses by more than this fraction of the account (a dollar in a million).
TOLERANCE = 1e-6


@inner_kernel
def variance_of(problem: AccountProblem, weights: NDArray[np.float64], exposure: NDArray[np.float64]) -> float:
    """Annual tracking variance of weights; leaves X'(w - b) in `exposure` (k,)."""
    k = problem.loadings.shape[1]
    exposure[:k] = 0.0
    total = 0.0
    for i in range(problem.target.size):
        away = weights[i] - problem.target[i]
        total += problem.specific[i] * away * away
        for r in range(k):
            exposure[r] += away * problem.loadings[i, r]
    for r in range(k):
        total += 0.5 * exposure[r] * exposure[r]
    return total


@inner_kernel
def _breach(problem: AccountProblem, value: int, minimum: int, rows: NDArray[np.float64]) -> int:
    """What is out of bounds before trading, as far as a trade of the minimum size can mend it; see `Night.breach`."""
    factors = problem.loadings.shape[1]
    for i in range(problem.target.size):
        if problem.held[i] > problem.high[i] + TOLERANCE or problem.held[i] < problem.low[i] - TOLERANCE:
            return 3
    for g in range(problem.group_low.size):
        reached = rows[factors + 1 + g]
        if reached > problem.group_high[g] + TOLERANCE or reached < problem.group_low[g] - TOLERANCE:
            return 3
    cash = 1.0 - rows[factors]
    beyond = max(problem.cash_low - cash, cash - problem.cash_high)
    if beyond <= TOLERANCE or beyond * value <= minimum:
        return 0
    return 2 if cash < problem.cash_low else 1


@inlined_kernel
def _is_small(problem: AccountProblem, fit: Workspace, name: int, least: tuple[float, float]) -> bool:
    """Whether a continuous trade is below the least and does not sell the name out, which may be of any size.

    `least` = (fraction of value of a trade, what may be left of a name that is sold out).
    """
    if fit.choice[name] == _HOLD or fit.state.best[name] <= least[1]:
        return False
    move = abs(fit.state.best[name] - problem.held[name])
    return bool(0.0 < move < least[0])


@inner_kernel
def _worth_of(problem: AccountProblem, fit: Workspace, name: int) -> float:
    """What dropping a trade costs at the multipliers of the last solve, as a fraction of value; at least 0."""
    columns, weight, held = fit.columns, fit.state.best[name], problem.held[name]
    price = 0.0
    for r in range(columns.rows.shape[0]):
        price += columns.rows[r, name] * fit.state.best_theta[r]
    first, stop = columns.table[name].own_start, columns.table[name].own_stop
    change = value_at(columns, name, first, stop, held) - value_at(columns, name, first, stop, weight)
    return float(max(change + price * (held - weight), 0.0) * problem.risk_price)


@kernel
def _hold_small(
    problem: AccountProblem, fit: Workspace, least: tuple[float, float], few: int, moves: NDArray[np.float64]
) -> int:
    """Pin the smaller half of the names that trade below the least (see `_is_small`); returns how many were below.

    More than half where those that are pinned are worth little together, all where there are no more than `few`. The
    rest may grow when the problem is solved again without them: an account too small for its model's 500 names
    ends with fewer and larger positions rather than with none. `moves` is memory (n,).
    """
    found = 0
    for i in range(problem.target.size):
        if _is_small(problem, fit, i, least):
            moves[found] = abs(fit.state.best[i] - problem.held[i])
            found += 1
    if found == 0:
        return 0
    limit = np.inf
    if found > few:
        names = np.empty(found, np.int64)
        found = 0
        for i in range(problem.target.size):
            if _is_small(problem, fit, i, least):
                names[found] = i
                found += 1
        worth = 0.0
        for place, at in enumerate(np.argsort(moves[:found])):
            worth += _worth_of(problem, fit, names[at])
            if place > found // 2 and worth > WORTH_LITTLE:
                break
            limit = moves[at]
    for i in range(problem.target.size):
        if _is_small(problem, fit, i, least) and abs(fit.state.best[i] - problem.held[i]) <= limit:
            fit.choice[i] = _HOLD
    return found


@kernel
def _write_shares(tonight: Tonight, arrays: AccountArrays, sizes: Sizes, fit: Workspace, whole: bool) -> None:
    """Round the current solution to tradable shares and take them from lots."""
    weights = arrays.written[: sizes.names]
    weights[:] = fit.state.best[: sizes.names]
    if whole:
        round_to_shares(fit.columns, fit.state, arrays.problem.loadings[: sizes.names], arrays.unit, weights)
    write_deltas(tonight, arrays, sizes.names, weights, whole)
    take_from_lots(arrays, sizes.names)


@kernel
def _make_tradable(
    book: Book,
    market: Market,
    place: tuple[int, int],
    sizes: Sizes,
    scratch: Scratch,
    fit: Workspace,
) -> tuple[int, int, int]:
    """Drop what is too small or would wash, solving again each time; returns (Newton steps, cash, worst status)."""
    household, account = place
    arrays = scratch.account
    problem = problem_of(arrays, sizes)
    tonight = tonight_of(market)
    policy = book.households.policy[household]
    minimum = book.policies.minimum_trade[policy]
    whole = book.policies.fractional_shares[policy] == 0
    steps, status = 0, _SOLVED
    for attempt in range(MOST_HALVINGS):
        few = FEW if attempt < MOST_HALVINGS - MOST_ROUNDS else sizes.names
        if _hold_small(problem, fit, (minimum / sizes.value, HALF_A_CENT / sizes.value), few, arrays.written) == 0:
            break
        again = hold_and_solve(problem, fit)
        steps, status = steps + again.steps, max(status, again.status)
    hold = fit.marked[: sizes.names]
    for attempt in range(MOST_ROUNDS):
        _write_shares(tonight, arrays, sizes, fit, whole)
        hold[:] = False
        found = hold_groups_in_conflict(tonight, arrays, scratch.household.groups, sizes.names, hold)
        for name in range(sizes.names):
            if minimum > 0 and too_small(tonight, arrays, name, minimum):
                hold[name] = True
                found += 1
        if found == 0:
            break
        for name in range(sizes.names):
            if hold[name]:
                fit.choice[name] = _HOLD
                arrays.positions[name].delta = 0
        if attempt < MOST_ROUNDS - 1:
            again = hold_and_solve(problem, fit)
            steps, status = steps + again.steps, max(status, again.status)
        else:
            take_from_lots(arrays, sizes.names)
    cash = keep_cash(tonight, book.accounts.cash[account], 0, arrays, sizes.names, whole)
    return steps, cash, status


@kernel
def _reckon(
    problem: AccountProblem,
    fit: Workspace,
    weights: NDArray[np.float64],
    price: float,
    exposure: NDArray[np.float64],
) -> Reckoning:
    """What weights come to whose trades cost `price`, held against the bound.

    Leaves X'(w - b) in `exposure` (k,), and A'w in fit.state.gradient.
    """
    rows, gamma = fit.state.gradient, problem.risk_price
    charged = objective_at(fit.columns, weights, rows, exposure.size)
    bound, fines = bound_as_reached(problem, fit.columns, fit.cases, weights, rows)
    variance = 0.0
    for r in range(exposure.size):
        exposure[r] = rows[r] - fit.columns.right_side[r]
        variance += 0.5 * exposure[r] * exposure[r]
    for i in range(weights.size):
        away = weights[i] - problem.target[i]
        variance += problem.specific[i] * away * away
    return Reckoning(gamma * variance + price, charged * gamma, (charged - fines - bound) * gamma)


@inner_kernel
def _proved_night(
    problem: AccountProblem, fit: Workspace, at: int, exposure: NDArray[np.float64], least: tuple[float, int, int]
) -> Night:
    """Prove that doing nothing is best but for what is not worth it; its status is GAVE_UP where that is not proved.

    `least` = (least gain that is worth it, the account's value, its minimum trade). Leaves X'(w - b) of what is held in
    `exposure` (k,).
    """
    worth, value, minimum = least
    rows, gamma, nothing = fit.state.gradient, problem.risk_price, Reckoning(np.nan, np.nan, np.nan)
    charged = objective_at(fit.columns, problem.held, rows, exposure.size)
    breach = _breach(problem, value, minimum, rows)
    for r in range(exposure.size):
        exposure[r] = rows[r] - fit.columns.right_side[r]
    if breach != 0 or not worth >= 0.0:
        return Night(_GAVE_UP, 0, np.nan, nothing, nothing, breach)
    enough = charged - worth / gamma
    proof = prove_bound(problem, fit, at, enough)
    if not proof.bound >= enough:
        return Night(_GAVE_UP, proof.steps, np.nan, nothing, nothing, breach)
    hold = Reckoning(
        gamma * variance_of(problem, problem.held, exposure), gamma * charged, gamma * (charged - proof.bound)
    )
    return Night(_SOLVED, proof.steps, hold.gap, hold, hold, breach)


@kernel
def solve_account_night(
    book: Book, market: Market, place: tuple[int, int], sizes: Sizes, scratch: Scratch, proves: bool
) -> tuple[Night, int]:
    """Solve a formulated account, `place` = (household, account); returns how it went, and its cash afterwards, money.

    Trades are left in scratch.account (delta of names, sold of lots, written). `proves`: where it can be proved that
    nothing is worth it no more is looked for; what is written is what is held, its gap that of the proof.
    """
    household, account = place
    arrays = scratch.account
    problem = problem_of(arrays, sizes)
    if not is_solvable(problem):
        nothing = Reckoning(np.nan, np.nan, np.nan)
        return Night(_BAD_INPUT, 0, np.nan, nothing, nothing, 0), 0
    n, k = problem.loadings.shape
    fit = fitted(scratch.solver, n, k, sizes.groups)
    at = prepare(problem, fit.columns, fit.state.weight)
    policy = book.households.policy[household]
    if proves:
        least = (book.policies.worth_it[policy], sizes.value, book.policies.minimum_trade[policy])
        proved = _proved_night(problem, fit, at, arrays.exposure[0], least)
        if proved.status == _SOLVED:
            return proved, book.accounts.cash[account]
    fit.choice[:] = _FREE
    first, split = choose_and_solve(problem, fit, at)
    more, cash, status = _make_tradable(book, market, (household, account), sizes, scratch, fit)
    write_weights(arrays, n)
    price = price_of_trades(arrays, n, sizes.trading_price)
    written = _reckon(problem, fit, arrays.written[:n], price, arrays.exposure[1])
    hold = _reckon(problem, fit, problem.held, 0.0, arrays.exposure[0])
    minimum = book.policies.minimum_trade[policy]
    night = Night(
        max(first.status, status),
        first.steps + split.steps + more,
        (first.primal - first.bound) * problem.risk_price,
        written,
        hold,
        _breach(problem, sizes.value, minimum, fit.state.gradient),
    )
    return night, cash
