"""A household of the night as one portfolio: solved, made tradable, priced as written; cf. `account_solve`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inlined_kernel, inner_kernel, kernel
from lotwise.money import IntArray
from lotwise.optimizer.convex import Certified
from lotwise.optimizer.household.holding import hold_and_solve
from lotwise.optimizer.household.position_weights import objective_at, side_taken
from lotwise.optimizer.household.preparation import bars_purchases, prepare
from lotwise.optimizer.household.problem import HouseholdProblem, HouseholdWorkspace, column_of
from lotwise.optimizer.household.reached_bound import bound_as_reached
from lotwise.optimizer.household.rounding import round_to_shares
from lotwise.optimizer.household.solvable import is_solvable
from lotwise.optimizer.household.solve import fitted_to, search_and_solve
from lotwise.optimizer.pieces import value_at
from lotwise.optimizer.problem import Choice, SolveStatus
from lotwise.rebalancing.account_solve import (
    FEW,
    MOST_HALVINGS,
    MOST_ROUNDS,
    TOLERANCE,
    WORTH_LITTLE,
)
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.household_night import Night, Reckoning
from lotwise.rebalancing.joint_formulation import JointSizes, joint_problem_of
from lotwise.rebalancing.joint_scratch import JointArrays
from lotwise.rebalancing.scratch import Scratch
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

__all__ = ["begin_joint_night", "judge_joint_night", "make_joint_tradable", "solve_joint_night"]

_SOLVED = int(SolveStatus.SOLVED)
_BAD_INPUT = int(SolveStatus.BAD_INPUT)
_BUY_ONLY = int(Choice.BUY_ONLY)

# A solve that stalls is good enough where it is proved this close: a tenth of a basis point of value. Its gap is
# reported. Portfolios that are at their optimum already may stall at a hundredth.
_NEAR_ENOUGH = 1e-5


@inlined_kernel
def _is_small(
    problem: HouseholdProblem,
    weights: NDArray[np.float64],
    hold: NDArray[np.bool_],
    position: int,
    least: tuple[float, float],
) -> bool:
    """Whether a continuous trade is below the least and does not sell the position out, which may be of any size.

    `least` = (fraction of value of a trade, what may be left of a position that is sold out).
    """
    if hold[position] or weights[position] <= least[1]:
        return False
    move = abs(weights[position] - problem.held[position])
    return bool(0.0 < move < least[0])


@inlined_kernel
def _status_of(solved: Certified, risk_price: float) -> int:
    """Status of a solve: solved too where it stalled near enough to its bound."""
    near = (solved.primal - solved.bound) * risk_price <= _NEAR_ENOUGH
    return _SOLVED if near and solved.status != _BAD_INPUT else int(solved.status)


@inner_kernel
def _worth_of(problem: HouseholdProblem, fit: HouseholdWorkspace, name: int, position: int) -> float:
    """What dropping a trade costs at the multipliers of the last solve, as a fraction of value; at least 0."""
    columns, state = fit.columns, fit.state
    theta, weights = state.base.found_theta, state.settled
    rows = columns.base.rows
    price = 0.0
    for r in range(rows.shape[0]):
        price += rows[r, name] * theta[r]
    total = 0.0
    for p in range(problem.position_start[name], problem.position_start[name + 1]):
        total += weights[p]
    price += columns.curvature[name] * (total - columns.anchor[name])
    c = column_of(columns, side_taken(columns, fit.choice, name), position - problem.position_start[name])
    for link in range(columns.link_start[c], columns.link_start[c + 1]):
        price += columns.link_coefficient[link] * theta[columns.link_row[link]]
    first, stop = columns.base.table[c].own_start, columns.base.table[c].own_stop
    weight, held = weights[position], problem.held[position]
    change = value_at(columns.base, c, first, stop, held) - value_at(columns.base, c, first, stop, weight)
    return float(max(change + price * (held - weight), 0.0) * problem.risk_price)


@kernel
def _hold_small(
    problem: HouseholdProblem,
    fit: HouseholdWorkspace,
    least: tuple[float, float, NDArray[np.float64]],
    few: int,
    hold: NDArray[np.bool_],
) -> int:
    """Pin the smaller half of the positions that trade below the least (see `_is_small`); cf. `account_solve`.

    `least` ends with what a dollar of each account counts, (A,).

    More than half where those that are pinned are worth little together, all where there are no more than `few`.
    Returns how many were below.
    """
    weights = fit.state.settled
    places, names = np.empty(weights.size, np.int64), np.empty(weights.size, np.int64)
    found = 0
    for i in range(problem.target.size):
        for p in range(problem.position_start[i], problem.position_start[i + 1]):
            part = least[2][problem.account[p]]
            if _is_small(problem, weights, hold, p, (least[0] * part, least[1] * part)):
                places[found], names[found] = p, i
                found += 1
    if found <= few:
        for at in range(found):
            hold[places[at]] = True
        return found
    moves = np.empty(found)
    for at in range(found):
        moves[at] = abs(weights[places[at]] - problem.held[places[at]])
    worth = 0.0
    for rank, at in enumerate(np.argsort(moves)):
        worth += _worth_of(problem, fit, names[at], places[at])
        if rank > found // 2 and worth > WORTH_LITTLE:
            break
        hold[places[at]] = True
    return found


@inner_kernel
def _bar_lots(problem: HouseholdProblem, fit: HouseholdWorkspace, arrays: JointArrays) -> None:
    """Mark the lots that are not for sale on the side that their name takes."""
    for i in range(problem.target.size):
        buys = fit.choice[i] == _BUY_ONLY and fit.columns.sides[fit.columns.side_of[i]].other >= 0
        for p in range(problem.position_start[i], problem.position_start[i + 1]):
            for lot in range(problem.lot_start[p], problem.lot_start[p + 1]):
                arrays.lots[lot].barred = buys and bars_purchases(problem, lot, problem.buy_cost[p])


@kernel
def _write_shares(
    tonight: Tonight, problem: HouseholdProblem, fit: HouseholdWorkspace, arrays: JointArrays, whole: bool
) -> None:
    """Round the current solution to tradable shares and take them from lots."""
    count = problem.held.size
    weights = arrays.written[:count]
    weights[:] = fit.state.settled
    if whole:
        round_to_shares(problem, fit, arrays.unit[:count], weights)
    write_deltas(tonight, arrays, count, weights, whole)
    take_from_lots(arrays, count)


@kernel
def make_joint_tradable(
    tonight: Tonight,
    cash: IntArray,
    least: tuple[int, bool],
    sizes: JointSizes,
    groups: Records,
    arrays: JointArrays,
    solver: HouseholdWorkspace,
) -> tuple[int, int]:
    """Drop what is too small or would wash, solving again each time; returns (Newton steps, worst status).

    `cash` is that of the book's accounts, `least` = (money of the least trade, whether shares are whole).
    """
    count = sizes.positions
    minimum, whole = least
    problem = joint_problem_of(arrays, sizes)
    fit = fitted_to(problem, solver)
    hold, marked = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    steps, status = 0, _SOLVED
    counts = np.empty(sizes.accounts)
    for a in range(sizes.accounts):
        counts[a] = arrays.accounts[a].counts
    for attempt in range(MOST_HALVINGS):
        few = FEW if attempt < MOST_HALVINGS - MOST_ROUNDS else count
        if _hold_small(problem, fit, (minimum / sizes.value, HALF_A_CENT / sizes.value, counts), few, hold) == 0:
            break
        again = hold_and_solve(problem, fit, hold)
        steps, status = steps + again.steps, max(status, _status_of(again, problem.risk_price))
    for attempt in range(MOST_ROUNDS):
        _write_shares(tonight, problem, fit, arrays, whole)
        marked[:] = False
        found = hold_groups_in_conflict(tonight, arrays, groups, count, marked)
        for i in range(count):
            if minimum > 0 and too_small(tonight, arrays, i, minimum):
                marked[i] = True
                found += 1
        if found == 0:
            break
        for i in range(count):
            if marked[i]:
                hold[i] = True
                arrays.positions[i].delta = 0
        if attempt < MOST_ROUNDS - 1:
            again = hold_and_solve(problem, fit, hold)
            steps, status = steps + again.steps, max(status, _status_of(again, problem.risk_price))
        else:
            take_from_lots(arrays, count)
    for i in range(count):
        arrays.positions[i].dropped = hold[i]
    for a in range(sizes.accounts):
        arrays.accounts[a].cash = keep_cash(tonight, cash[arrays.accounts[a].row], a, arrays, count, whole)
    return steps, status


@kernel
def _reckon(
    problem: HouseholdProblem,
    fit: HouseholdWorkspace,
    weights: NDArray[np.float64],
    price: float,
    exposure: NDArray[np.float64],
    total: NDArray[np.float64],
) -> Reckoning:
    """What weights of positions come to whose trades cost `price`, held against the bound.

    Leaves X'(t - b) in `exposure` (k,), t in `total` (n,), and what rows reach in fit.state.base.gradient.
    """
    rows, gamma = fit.state.base.gradient, problem.risk_price
    charged = objective_at(problem, fit, weights)
    bound, fines = bound_as_reached(problem, fit, weights)
    variance = 0.0
    for r in range(exposure.size):
        exposure[r] = rows[r] - fit.columns.base.right_side[r]
        variance += 0.5 * exposure[r] * exposure[r]
    for i in range(total.size):
        total[i] = fit.state.name_weight[i]
        away = total[i] - problem.target[i]
        variance += problem.specific[i] * away * away
    location = 0.0
    for p in range(weights.size):
        location += problem.hold_cost[p] * weights[p]
    return Reckoning(gamma * variance + price + location, charged * gamma, (charged - fines - bound) * gamma)


@inlined_kernel
def _is_off(reached: float, low: float, high: float) -> bool:
    return bool(reached > high + TOLERANCE or reached < low - TOLERANCE)


@inner_kernel
def _breaks_a_rule(problem: HouseholdProblem, total: NDArray[np.float64], rows: NDArray[np.float64]) -> bool:
    """Whether what is held misses a bound; `rows` are what it reaches."""
    for i in range(total.size):
        if _is_off(total[i], problem.low[i], problem.high[i]):
            return True
    for p in range(problem.held.size):
        if _is_off(problem.held[p], problem.position_low[p], problem.position_high[p]):
            return True
    factors, groups = problem.loadings.shape[1], problem.group_low.size
    for g in range(groups):
        if _is_off(rows[factors + g], problem.group_low[g], problem.group_high[g]):
            return True
    for h in range(problem.own_group_low.size):
        reached = rows[factors + groups + problem.value.size + h]
        if _is_off(reached, problem.own_group_low[h], problem.own_group_high[h]):
            return True
    return False


@inner_kernel
def _worst_cash(
    cash_of: IntArray, problem: HouseholdProblem, arrays: JointArrays, value: int, minimum: int
) -> tuple[int, float]:
    """Whether cash of an account is further outside its band than the least trade, and the worst one's fraction.

    2 where it is below its band, 1 where it is above and none is below, 0 else.
    """
    worst, fraction, found = 0.0, 0.0, 0
    for a in range(problem.value.size):
        counts = arrays.accounts[a].counts
        cash = counts * cash_of[arrays.accounts[a].row] / value
        beyond = max(problem.cash_low[a] - cash, cash - problem.cash_high[a])
        if beyond > TOLERANCE * problem.value[a] and beyond * value > minimum * counts:
            found = max(found, 2 if cash < problem.cash_low[a] else 1)
        if beyond > worst:
            worst, fraction = beyond, cash / problem.value[a]
    return found, fraction


class Begun(NamedTuple):
    """The first solve of a portfolio and the search over its sides."""

    status: int  # SolveStatus
    steps: int
    gap_convex: float  # fraction of value


@kernel
def begin_joint_night(sizes: JointSizes, arrays: JointArrays, solver: HouseholdWorkspace) -> Begun:
    """Solve a formulated portfolio of accounts, in any fractions of shares."""
    problem = joint_problem_of(arrays, sizes)
    if not is_solvable(problem):
        return Begun(_BAD_INPUT, 0, np.nan)
    fit = fitted_to(problem, solver)
    prepare(problem, fit.columns, fit.state.name_price, fit.choice[:0])
    first, split = search_and_solve(problem, fit)
    fit.state.settled[:] = fit.state.found
    _bar_lots(problem, fit, arrays)
    gap = (first.primal - first.bound) * problem.risk_price
    return Begun(_status_of(first, problem.risk_price), first.steps + split.steps, gap)


@kernel
def judge_joint_night(
    cash_of: IntArray,
    minimum: int,
    sizes: JointSizes,
    arrays: JointArrays,
    solver: HouseholdWorkspace,
) -> tuple[Reckoning, Reckoning, int, float]:
    """What the trades as written come to, and doing nothing; what is out of bounds, and a fraction of cash before.

    That is of the account that was furthest outside its band.
    """
    problem = joint_problem_of(arrays, sizes)
    fit = fitted_to(problem, solver)
    count, n = sizes.positions, sizes.names
    write_weights(arrays, count)
    price = price_of_trades(arrays, count, sizes.trading_price)
    written = _reckon(problem, fit, arrays.written[:count], price, arrays.exposure[1], arrays.total[1, :n])
    hold = _reckon(problem, fit, problem.held, 0.0, arrays.exposure[0], arrays.total[0, :n])
    off_band, cash = _worst_cash(cash_of, problem, arrays, sizes.value, minimum)
    breaks = _breaks_a_rule(problem, arrays.total[0, :n], fit.state.base.gradient)
    return written, hold, 3 if breaks else off_band, cash


def solve_joint_night(
    book: Book, market: Market, household: int, sizes: JointSizes, scratch: Scratch
) -> tuple[Night, float]:
    """Solve a formulated portfolio of accounts; returns how it went, and a fraction of cash before.

    Trades are left in scratch.joint (delta of positions, sold of lots, written). The three kernels that this calls are
    called one by one in a night: a kernel that calls them contains them all once more, and takes as long to compile.
    """
    arrays, solver, tonight = scratch.joint, scratch.joint_solver, tonight_of(market)
    begun = begin_joint_night(sizes, arrays, solver)
    if begun.status == SolveStatus.BAD_INPUT:
        nothing = Reckoning(np.nan, np.nan, np.nan)
        return Night(begun.status, 0, begun.gap_convex, nothing, nothing, 0), 0.0
    policy = book.households.policy[household]
    minimum = int(book.policies.minimum_trade[policy])
    least = (minimum, bool(book.policies.fractional_shares[policy] == 0))
    cash_of, groups = book.accounts.cash, scratch.household.groups
    steps, status = make_joint_tradable(tonight, cash_of, least, sizes, groups, arrays, solver)
    written, hold, breach, cash = judge_joint_night(cash_of, minimum, sizes, arrays, solver)
    night = Night(max(begun.status, status), begun.steps + steps, begun.gap_convex, written, hold, breach)
    return night, cash
