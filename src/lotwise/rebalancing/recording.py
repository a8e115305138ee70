"""Writing down what was decided of an account: trades line by line, relaxed restrictions, its part of the tracking."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inlined_kernel, inner_kernel, kernel, summing_kernel
from lotwise.money import DOLLAR, price_of_shares
from lotwise.optimizer.household.problem import HouseholdProblem
from lotwise.optimizer.problem import AccountProblem
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.formulation import Sizes, problem_of
from lotwise.rebalancing.scratch import AccountArrays, HouseholdState, Scratch
from lotwise.rebalancing.trade_lines import Why, write_purchase, write_sale
from lotwise.rebalancing.wash_windows import mark_traded
from lotwise.securities.market import Market

__all__ = [
    "add_active",
    "add_active_weights",
    "household_tracking",
    "record_relaxations",
    "record_trades",
    "relaxed",
    "risk_saved",
    "risk_slope",
]

# A bound is missed if by more than this fraction of the account, beyond one share.
_TOLERANCE = 1e-6


@summing_kernel
def risk_slope(
    problem: AccountProblem | HouseholdProblem, exposure: NDArray[np.float64], name: int, middle: float
) -> float:
    """Yearly risk charge per dollar of a name, on average over a night's trades; `middle` = its mean weight.

    `exposure` (2, k) is X'(w - b) before and after. Risk is quadratic, so the mean of its slopes before and after times
    each move adds up to the whole change exactly.
    """
    before, after, x = exposure[0], exposure[1], problem.loadings[name]
    slope = 0.0
    for r in range(x.size):
        slope += (before[r] + after[r]) * x[r]
    slope = 0.5 * slope + 2.0 * problem.specific[name] * (middle - problem.target[name])
    return float(problem.risk_price * slope)


@inlined_kernel
def risk_saved(
    problem: AccountProblem, written: NDArray[np.float64], exposure: NDArray[np.float64], name: int
) -> float:
    """Part of the yearly risk charge that one name's trade saves, as a fraction of value; see `risk_slope`."""
    held = problem.held[name]
    return float(risk_slope(problem, exposure, name, 0.5 * (held + written[name])) * (held - written[name]))


@inner_kernel
def _bounds_pull(problem: AccountProblem, theta: NDArray[np.float64], pull: NDArray[np.float64]) -> None:
    """Add what a dollar less of each name is worth to the bounds on its groups, at the last solve's multipliers."""
    first = problem.loadings.shape[1] + 1
    for g in range(problem.group_low.size):
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            price = problem.risk_price * theta[first + g]
            pull[problem.group_name[entry]] += price * problem.group_coefficient[entry]


@inner_kernel
def _cash_side(problem: AccountProblem) -> int:
    """-1 where cash was below its band, 1 where it was above, 0 within."""
    cash = 1.0
    for weight in problem.held:
        cash -= weight
    if cash < problem.cash_low - _TOLERANCE:
        return -1
    return 1 if cash > problem.cash_high + _TOLERANCE else 0


@kernel
def record_trades(
    book: Book,
    market: Market,
    place: tuple[int, int],
    sizes: Sizes,
    scratch: Scratch,
    at: int,
    trades: Records,
) -> int:
    """Write the account's lines (sells, then buys), mark what they bar in later accounts; returns the next free row."""
    household, account = place
    arrays, state = scratch.account, scratch.household
    problem = problem_of(arrays, sizes)
    cash_side = _cash_side(problem)
    pull = np.zeros(sizes.names)
    _bounds_pull(problem, scratch.solver.state.best_theta, pull)
    written = arrays.written[: sizes.names]
    for name in range(sizes.names):
        delta, security = arrays.positions[name].delta, arrays.positions[name].security
        if delta >= 0:
            continue
        saved = risk_saved(problem, written, arrays.exposure, name) * sizes.value / DOLLAR
        beyond = problem.held[name] > problem.high[name] + _TOLERANCE
        why = Why(saved / max(price_of_shares(-delta, market.price[security]), 1), 0.0, pull[name], beyond, cash_side)
        for lot in range(problem.lot_start[name], problem.lot_start[name + 1]):
            if arrays.lots[lot].sold == 0:
                break
            write_sale(book, market, (household, account, name, lot), arrays, why, at, trades)
            at += 1
            if arrays.lots[lot].loss:
                mark_traded(state, market.identical[security], False, True)
    for name in range(sizes.names):
        if arrays.positions[name].delta > 0:
            saved = risk_saved(problem, written, arrays.exposure, name) * sizes.value / DOLLAR
            beyond = problem.held[name] < problem.low[name] - _TOLERANCE
            why = Why(saved, 0.0, pull[name], beyond, cash_side)
            write_purchase(market, (household, account, name), arrays, why, at, trades)
            at += 1
            mark_traded(state, market.identical[arrays.positions[name].security], True, False)
    return at


@inlined_kernel
def relaxed(out: Records, at: int, whose: tuple[int, int], source: int, bound: tuple[float, float]) -> int:
    """Write one restriction that gave way; `whose` = (household, account or -1), `bound` = (required, reached)."""
    out[at].household, out[at].account = whose
    out[at].source = source
    out[at].required, out[at].reached = bound
    return at + 1


@inner_kernel
def record_relaxations(
    book: Book,
    place: tuple[int, int],
    sizes: Sizes,
    arrays: AccountArrays,
    weights: NDArray[np.float64],
    at: int,
    out: Records,
) -> int:
    """Write every bound that `weights` miss by more than trades can mend; returns the next free row.

    That is one share where shares are whole, and for cash the minimum trade.
    """
    household, _ = place
    policy = book.households.policy[household]
    whole = 1.0 - book.policies.fractional_shares[policy]
    problem = problem_of(arrays, sizes)
    cash = 1.0
    dearest = 0.0
    for name in range(sizes.names):
        w = weights[name]
        cash -= w
        if w > 0.0:
            dearest = max(dearest, whole * arrays.unit[name])
        slack = _TOLERANCE + whole * arrays.unit[name]
        security = arrays.positions[name].security
        rule = arrays.securities[security]
        if w > rule.high + slack:
            at = relaxed(out, at, place, rule.high_source, (rule.high, w))
        if w < rule.low - slack:
            at = relaxed(out, at, place, rule.low_source, (rule.low, w))
    for g in range(sizes.groups):
        reached = 0.0
        slack = _TOLERANCE
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            member, part = problem.group_name[entry], problem.group_coefficient[entry]
            reached += part * weights[member]
            if arrays.positions[member].delta != 0:
                slack = max(slack, whole * part * arrays.unit[member])
        if reached > problem.group_high[g] + slack:
            at = relaxed(out, at, place, arrays.group_source[g], (problem.group_high[g], reached))
        elif reached < problem.group_low[g] - slack:
            at = relaxed(out, at, place, arrays.group_source[g], (problem.group_low[g], reached))
    mendable = _TOLERANCE + dearest + book.policies.minimum_trade[policy] / sizes.value
    if cash > sizes.cash_high + mendable:
        at = relaxed(out, at, place, -1, (sizes.cash_high, cash))
    elif cash < sizes.cash_low - mendable:
        at = relaxed(out, at, place, -1, (sizes.cash_low, cash))
    return at


@inlined_kernel
def add_active(state: HouseholdState, security: int, before: float, after: float) -> None:
    """Add distances from target, fractions of the household's value, to those of a security."""
    if not state.securities[security].seen:
        state.securities[security].seen = True
        state.touched[state.counts[1]] = security
        state.counts[1] += 1
    state.securities[security].active_before += before
    state.securities[security].active_after += after


@inner_kernel
def add_active_weights(
    sizes: Sizes,
    arrays: AccountArrays,
    after: tuple[NDArray[np.float64], NDArray[np.float64]],
    share: float,
    state: HouseholdState,
) -> None:
    """Add an account's distances from target, before and after, to the household's; `share` = its part of the value.

    `after` = (weights, their X'(w - b)).
    """
    problem = problem_of(arrays, sizes)
    for name in range(sizes.names):
        target = problem.target[name]
        before, then = share * (problem.held[name] - target), share * (after[0][name] - target)
        add_active(state, arrays.positions[name].security, before, then)
    for r in range(state.exposure.shape[1]):
        state.exposure[0, r] += share * arrays.exposure[0, r]
        state.exposure[1, r] += share * after[1][r]


@inner_kernel
def household_tracking(market: Market, state: HouseholdState) -> tuple[float, float]:
    """Annual tracking error of the household before and after; empties the accumulators."""
    before, after = 0.0, 0.0
    for i in range(state.counts[1]):
        security = state.touched[i]
        x, y = state.securities[security].active_before, state.securities[security].active_after
        before += market.specific[security] * x * x
        after += market.specific[security] * y * y
        state.securities[security].active_before = 0.0
        state.securities[security].active_after = 0.0
        state.securities[security].seen = False
    state.counts[1] = 0
    for r in range(state.exposure.shape[1]):
        before += 0.5 * state.exposure[0, r] * state.exposure[0, r]
        after += 0.5 * state.exposure[1, r] * state.exposure[1, r]
    state.exposure[:] = 0.0
    return np.sqrt(before), np.sqrt(after)
