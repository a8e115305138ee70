"""Writing down what was decided of a household as one portfolio; cf. `recording`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inner_kernel, kernel
from lotwise.money import DOLLAR, price_of_shares
from lotwise.optimizer.household.problem import HouseholdProblem
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.joint_formulation import JointSizes, joint_problem_of
from lotwise.rebalancing.joint_scratch import JointArrays
from lotwise.rebalancing.recording import add_active, relaxed, risk_slope
from lotwise.rebalancing.scratch import HouseholdState
from lotwise.rebalancing.trade_lines import Why, write_purchase, write_sale
from lotwise.rebalancing.wash_windows import mark_traded
from lotwise.securities.market import Market

__all__ = ["add_joint_active_weights", "record_joint_relaxations", "record_joint_trades"]

# A bound is missed if by more than this fraction of the household, beyond one share.
_TOLERANCE = 1e-6


@inner_kernel
def _pulls(problem: HouseholdProblem, theta: NDArray[np.float64], pull: NDArray[np.float64]) -> None:
    """Add what a dollar less of each position is worth to bounds on groups, at the last solve's multipliers."""
    first = problem.loadings.shape[1]
    for g in range(problem.group_low.size):
        price = problem.risk_price * theta[first + g]
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            name = problem.group_name[entry]
            for p in range(problem.position_start[name], problem.position_start[name + 1]):
                pull[p] += price * problem.group_coefficient[entry]
    first += problem.group_low.size + problem.value.size
    for h in range(problem.own_group_low.size):
        price = problem.risk_price * theta[first + h]
        for entry in range(problem.own_group_start[h], problem.own_group_start[h + 1]):
            pull[problem.own_group_position[entry]] += price * problem.own_group_coefficient[entry]


@kernel
def _cash_sides(problem: HouseholdProblem, sides: NDArray[np.int64]) -> None:
    """Write -1 where an account's cash was below its band, 1 where it was above, 0 within."""
    cash = problem.value.copy()
    for p in range(problem.held.size):
        cash[problem.account[p]] -= problem.held[p]
    for a in range(cash.size):
        above = cash[a] > problem.cash_high[a] + _TOLERANCE
        sides[a] = int(above) - int(cash[a] < problem.cash_low[a] - _TOLERANCE)


@kernel
def _reasons(
    sizes: JointSizes, arrays: JointArrays, per_dollar: NDArray[np.float64], beyond: NDArray[np.int64]
) -> None:
    """Write the risk charge that a dollar less of each position saves, and which way bounds press it.

    `beyond` is 1 where it, or its name, is above its greatest weight, -1 where below its least.
    """
    problem = joint_problem_of(arrays, sizes)
    for i in range(sizes.names):
        before, after = arrays.total[0, i], arrays.total[1, i]
        slope = risk_slope(problem, arrays.exposure, i, 0.5 * (before + after))
        above, below = before > problem.high[i] + _TOLERANCE, before < problem.low[i] - _TOLERANCE
        for p in range(problem.position_start[i], problem.position_start[i + 1]):
            held = problem.held[p]
            per_dollar[p] = slope
            if above or held > problem.position_high[p] + _TOLERANCE:
                beyond[p] = 1
            elif below or held < problem.position_low[p] - _TOLERANCE:
                beyond[p] = -1


@kernel
def record_joint_trades(
    book: Book,
    market: Market,
    household: int,
    sizes: JointSizes,
    memory: tuple[HouseholdState, JointArrays, NDArray[np.float64]],
    at: int,
    trades: Records,
) -> int:
    """Write the lines of every account (sells, then buys), mark what they bar the taxpayer; returns the next free row.

    Lines come in the order of the book's accounts. `memory` = (state, arrays, multipliers of the last solve).
    """
    state, arrays, theta = memory
    problem = joint_problem_of(arrays, sizes)
    count = sizes.positions
    pull, slope, beyond = np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
    cash_side = np.zeros(sizes.accounts, np.int64)
    _pulls(problem, theta, pull)
    _cash_sides(problem, cash_side)
    _reasons(sizes, arrays, slope, beyond)
    for a in range(sizes.accounts):
        account = arrays.accounts[a].row
        for p in range(count):
            delta, security = arrays.positions[p].delta, arrays.positions[p].security
            if delta >= 0 or problem.account[p] != a:
                continue
            sold = (problem.held[p] - arrays.written[p]) * sizes.value / DOLLAR
            scale = sold / max(price_of_shares(-delta, market.price[security]), 1)
            why = Why(slope[p] * scale, problem.hold_cost[p] * scale, pull[p], beyond[p] > 0, cash_side[a])
            for lot in range(problem.lot_start[p], problem.lot_start[p + 1]):
                if arrays.lots[lot].sold == 0:
                    continue
                write_sale(book, market, (household, account, p, lot), arrays, why, at, trades)
                at += 1
                if arrays.lots[lot].loss:
                    mark_traded(state, market.identical[security], False, True)
        for p in range(count):
            if arrays.positions[p].delta <= 0 or problem.account[p] != a:
                continue
            bought = (arrays.written[p] - problem.held[p]) * sizes.value / DOLLAR
            why = Why(-slope[p] * bought, -problem.hold_cost[p] * bought, pull[p], beyond[p] < 0, cash_side[a])
            write_purchase(market, (household, account, p), arrays, why, at, trades)
            at += 1
            mark_traded(state, market.identical[arrays.positions[p].security], True, False)
    return at


@inner_kernel
def _record_weights(
    household: int,
    problem: HouseholdProblem,
    tables: tuple[JointArrays, Records],
    weights: tuple[NDArray[np.float64], NDArray[np.float64]],
    whole: float,
    at: int,
    out: Records,
) -> int:
    """Write the bounds on names and positions that `weights` (of names, of positions) miss."""
    arrays, securities = tables
    total, own = weights
    for i in range(problem.target.size):
        rule = securities[arrays.names[i].security]
        slack = _TOLERANCE
        for p in range(problem.position_start[i], problem.position_start[i + 1]):
            slack = max(slack, _TOLERANCE + whole * arrays.unit[p])
            part, place = problem.value[problem.account[p]], arrays.positions[p]
            whose = (household, arrays.accounts[problem.account[p]].row)
            if own[p] > problem.position_high[p] + whole * arrays.unit[p] + _TOLERANCE:
                at = relaxed(out, at, whose, place.high_source, (problem.position_high[p] / part, own[p] / part))
            if own[p] < place.low - whole * arrays.unit[p] - _TOLERANCE:
                at = relaxed(out, at, whose, place.low_source, (place.low / part, own[p] / part))
        if total[i] > problem.high[i] + slack:
            at = relaxed(out, at, (household, -1), rule.high_source, (rule.high, total[i]))
        if total[i] < rule.low - slack:
            at = relaxed(out, at, (household, -1), rule.low_source, (rule.low, total[i]))
    return at


@inner_kernel
def _record_groups(
    household: int,
    problem: HouseholdProblem,
    arrays: JointArrays,
    weights: tuple[NDArray[np.float64], NDArray[np.float64]],
    whole: float,
    at: int,
    out: Records,
) -> int:
    """Write the bounds on groups, of the household and of single accounts, that weights miss."""
    total, own = weights
    for g in range(problem.group_low.size):
        reached, slack = 0.0, _TOLERANCE
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            name, part = problem.group_name[entry], problem.group_coefficient[entry]
            reached += part * total[name]
            for p in range(problem.position_start[name], problem.position_start[name + 1]):
                if arrays.positions[p].delta != 0:
                    slack = max(slack, whole * part * arrays.unit[p])
        low, high = problem.group_low[g], problem.group_high[g]
        if reached > high + slack or reached < low - slack:
            bound = high if reached > high else low
            at = relaxed(out, at, (household, -1), arrays.group_source[g], (bound, reached))
    for h in range(problem.own_group_low.size):
        reached, slack = 0.0, _TOLERANCE
        for entry in range(problem.own_group_start[h], problem.own_group_start[h + 1]):
            p, part = problem.own_group_position[entry], problem.own_group_coefficient[entry]
            reached += part * own[p]
            if arrays.positions[p].delta != 0:
                slack = max(slack, whole * part * arrays.unit[p])
        low, high = problem.own_group_low[h], problem.own_group_high[h]
        a = arrays.own_group_account[h]
        share, whose = problem.value[a], (household, arrays.accounts[a].row)
        if reached > high + slack or reached < low - slack:
            bound = high if reached > high else low
            at = relaxed(out, at, whose, arrays.own_group_source[h], (bound / share, reached / share))
    return at


@kernel
def record_joint_relaxations(
    book: Book,
    household: int,
    sizes: JointSizes,
    tables: tuple[JointArrays, Records],
    weights: tuple[NDArray[np.float64], NDArray[np.float64]],
    at: int,
    out: Records,
) -> int:
    """Write every bound that `weights` (of names, of positions) miss by more than trades can mend; next free row.

    That is one share where shares are whole, and for cash the minimum trade. Accounts held away have no band.
    `tables` = (arrays, what is known of securities).
    """
    arrays = tables[0]
    problem = joint_problem_of(arrays, sizes)
    policy = book.households.policy[household]
    whole = 1.0 - book.policies.fractional_shares[policy]
    at = _record_weights(household, problem, tables, weights, whole, at, out)
    at = _record_groups(household, problem, arrays, weights, whole, at, out)
    for a in range(sizes.accounts):
        account, share = arrays.accounts[a].row, problem.value[a]
        if not book.accounts.trades[account]:
            continue
        cash, dearest = share, 0.0
        for p in range(sizes.positions):
            if problem.account[p] == a:
                cash -= weights[1][p]
                if weights[1][p] > 0.0:
                    dearest = max(dearest, whole * arrays.unit[p])
        mendable = _TOLERANCE + dearest + book.policies.minimum_trade[policy] * arrays.accounts[a].counts / sizes.value
        low, high = problem.cash_low[a], problem.cash_high[a]
        if cash > high + mendable or cash < low - mendable:
            bound = high if cash > high else low
            at = relaxed(out, at, (household, account), -1, (bound / share, cash / share))
    return at


@inner_kernel
def add_joint_active_weights(
    sizes: JointSizes, arrays: JointArrays, after: int, share: float, state: HouseholdState
) -> None:
    """Add the portfolio's distances from target to the household's; `share` = its part of the value.

    `after` = 1: the trades as written, 0: nothing is traded.
    """
    for name in range(sizes.names):
        security, target = arrays.names[name].security, arrays.problem.target[name]
        add_active(
            state, security, share * (arrays.total[0, name] - target), share * (arrays.total[after, name] - target)
        )
    for r in range(state.exposure.shape[1]):
        state.exposure[0, r] += share * arrays.exposure[0, r]
        state.exposure[1, r] += share * arrays.exposure[after, r]
