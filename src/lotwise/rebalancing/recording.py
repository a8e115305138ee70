"""Writing down what was decided: trades line by line with their reason, relaxed restrictions, totals of a household."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inlined_kernel, inner_kernel, kernel, summing_kernel
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.money import DOLLAR, at_half_rate, at_rate, mul_div, price_of_shares
from lotwise.optimizer.problem import AccountProblem
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.formulation import Sizes, problem_of
from lotwise.rebalancing.proposal import Reason, Side
from lotwise.rebalancing.scratch import AccountArrays, HouseholdState, Scratch
from lotwise.rebalancing.wash_windows import mark_traded
from lotwise.securities.market import Market

__all__ = ["add_active_weights", "household_tracking", "record_relaxations", "record_trades", "risk_saved"]

_TAXABLE = int(AccountKind.TAXABLE)
_BUY = int(Side.BUY)
_SELL = int(Side.SELL)
_HARVEST = int(Reason.HARVEST)
_REBALANCE_SELL = int(Reason.REBALANCE_SELL)
_REBALANCE_BUY = int(Reason.REBALANCE_BUY)
_RESTRICTED = int(Reason.RESTRICTED)
_RAISE_CASH = int(Reason.RAISE_CASH)
_INVEST_CASH = int(Reason.INVEST_CASH)
_EXCHANGE_SELL = int(Reason.EXCHANGE_SELL)
_EXCHANGE_BUY = int(Reason.EXCHANGE_BUY)

# A bound is missed if by more than this fraction of the account, beyond one share.
_TOLERANCE = 1e-6


@summing_kernel
def risk_saved(
    problem: AccountProblem, written: NDArray[np.float64], exposure: NDArray[np.float64], name: int
) -> float:
    """Part of the yearly risk charge that one name's trade saves, as a fraction of value.

    `exposure` (2, k) is X'(w - b) before and after. Risk is quadratic, so the mean of its slopes before and after times
    each move adds up to the whole change exactly.
    """
    before, after, x = exposure[0], exposure[1], problem.loadings[name]
    slope = 0.0
    for r in range(x.size):
        slope += (before[r] + after[r]) * x[r]
    middle = 0.5 * (problem.held[name] + written[name]) - problem.target[name]
    slope = 0.5 * slope + 2.0 * problem.specific[name] * middle
    return float(problem.risk_price * slope * (problem.held[name] - written[name]))


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


@inlined_kernel
def _sell_reason(problem: AccountProblem, name: int, facts: tuple[bool, bool, bool], cash_side: int) -> int:
    """Reason of selling a lot.

    `facts` = (it earns a credit; the risk it saves alone outweighs its tax and cost; a bound on a group makes up the
    difference).
    """
    harvest, worthwhile, for_bound = facts
    if harvest:
        return _HARVEST
    if for_bound or problem.held[name] > problem.high[name] + _TOLERANCE:
        return _RESTRICTED
    if worthwhile:
        return _REBALANCE_SELL
    return _RAISE_CASH if cash_side < 0 else _EXCHANGE_SELL


@inlined_kernel
def _buy_reason(problem: AccountProblem, name: int, facts: tuple[bool, bool], cash_side: int) -> int:
    """Reason of buying a name; `facts` = (the risk it saves outweighs its cost; a bound on a group asks for it)."""
    worthwhile, for_bound = facts
    if problem.held[name] < problem.low[name] - _TOLERANCE:
        return _RESTRICTED
    if worthwhile:
        return _REBALANCE_BUY
    if for_bound:
        return _RESTRICTED
    return _INVEST_CASH if cash_side > 0 else _EXCHANGE_BUY


@inlined_kernel
def _rate_of(book: Book, household: int, loss: bool, long_term: bool) -> int:
    """Rate of a gain, or what a dollar of loss is worth, by term."""
    rates = book.households
    if loss:
        return int(rates.loss_long_rate[household] if long_term else rates.loss_short_rate[household])
    return int(rates.long_rate[household] if long_term else rates.short_rate[household])


@inlined_kernel
def _record_sale(
    book: Book,
    market: Market,
    place: tuple[int, int, int, int],
    arrays: AccountArrays,
    cause: tuple[float, float, int],
    at: int,
    trades: Records,
) -> None:
    """Write one sell line; `cause` = (yearly risk saved per money unit sold, in dollars; pull of bounds; cash)."""
    household, account, name, index = place
    saved, pull, cash_side = cause
    row = arrays.lots[index].row
    security = arrays.names[name].security
    taken = arrays.lots[index].sold
    held = book.lots.shares[row]
    value = price_of_shares(taken, market.price[security])
    basis = book.lots.basis[row] if taken == held else mul_div(book.lots.basis[row], taken, held)
    long_term = is_long_term_number(book.lots.holding_start[row], int(market.as_of))
    tax = 0
    if book.accounts.kind[account] == _TAXABLE:
        tax = at_rate(value - basis, _rate_of(book, household, bool(value < basis), bool(long_term)))
    cost = at_half_rate(value, market.spread[security])
    risk = saved * value
    harvest = tax < 0 and arrays.lots[index].tax < 0.0
    price = (tax + cost) / DOLLAR
    for_bound = pull > 0.0 and risk < price <= risk + pull * value / DOLLAR
    reason = _sell_reason(arrays.problem, name, (harvest, risk >= price, for_bound), cash_side)
    trades[at].household = household
    trades[at].account = account
    trades[at].security = security
    trades[at].lot = row
    trades[at].side = _SELL
    trades[at].shares = taken
    trades[at].value = value
    trades[at].basis = basis
    trades[at].gain = value - basis
    trades[at].long_term = long_term
    trades[at].tax = tax
    trades[at].cost = cost
    trades[at].reason = reason
    trades[at].figure_1 = -tax / DOLLAR if reason == _HARVEST else tax / DOLLAR
    trades[at].figure_2 = risk


@inlined_kernel
def _record_purchase(
    market: Market,
    place: tuple[int, int, int],
    arrays: AccountArrays,
    cause: tuple[float, float, int],
    at: int,
    trades: Records,
) -> None:
    """Write one buy line; `cause` = (yearly risk the name saves, in dollars; pull of bounds; side of the cash band)."""
    household, account, name = place
    saved, pull, cash_side = cause
    security = arrays.names[name].security
    shares = arrays.names[name].delta
    value = price_of_shares(shares, market.price[security])
    cost = at_half_rate(value, market.spread[security])
    trades[at].household = household
    trades[at].account = account
    trades[at].security = security
    trades[at].lot = -1
    trades[at].side = _BUY
    trades[at].shares = shares
    trades[at].value = value
    trades[at].basis = value
    trades[at].gain = 0
    trades[at].long_term = 0
    trades[at].tax = 0
    trades[at].cost = cost
    trades[at].reason = _buy_reason(arrays.problem, name, (saved >= cost / DOLLAR, pull < 0.0), cash_side)
    trades[at].figure_1 = cost / DOLLAR
    trades[at].figure_2 = saved


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
        delta, security = arrays.names[name].delta, arrays.names[name].security
        if delta >= 0:
            continue
        saved = risk_saved(problem, written, arrays.exposure, name)
        total = price_of_shares(-delta, market.price[security])
        rate = saved * sizes.value / DOLLAR / max(total, 1)
        for lot in range(problem.lot_start[name], problem.lot_start[name + 1]):
            if arrays.lots[lot].sold == 0:
                break
            _record_sale(
                book, market, (household, account, name, lot), arrays, (rate, pull[name], cash_side), at, trades
            )
            at += 1
            if arrays.lots[lot].loss:
                mark_traded(state, market.identical[security], False, True)
    for name in range(sizes.names):
        if arrays.names[name].delta > 0:
            dollars = risk_saved(problem, written, arrays.exposure, name) * sizes.value / DOLLAR
            _record_purchase(market, (household, account, name), arrays, (dollars, pull[name], cash_side), at, trades)
            at += 1
            mark_traded(state, market.identical[arrays.names[name].security], True, False)
    return at


@kernel
def _relaxed(out: Records, at: int, account: int, source: int, required: float, reached: float) -> int:
    out[at].account = account
    out[at].source = source
    out[at].required = required
    out[at].reached = reached
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
    household, account = place
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
        security = arrays.names[name].security
        rule = arrays.securities[security]
        if w > rule.high + slack:
            at = _relaxed(out, at, account, rule.high_source, rule.high, w)
        if w < rule.low - slack:
            at = _relaxed(out, at, account, rule.low_source, rule.low, w)
    for g in range(sizes.groups):
        reached = 0.0
        slack = _TOLERANCE
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            member, part = problem.group_name[entry], problem.group_coefficient[entry]
            reached += part * weights[member]
            if arrays.names[member].delta != 0:
                slack = max(slack, whole * part * arrays.unit[member])
        if reached > problem.group_high[g] + slack:
            at = _relaxed(out, at, account, arrays.group_source[g], problem.group_high[g], reached)
        elif reached < problem.group_low[g] - slack:
            at = _relaxed(out, at, account, arrays.group_source[g], problem.group_low[g], reached)
    mendable = _TOLERANCE + dearest + book.policies.minimum_trade[policy] / sizes.value
    if cash > sizes.cash_high + mendable:
        at = _relaxed(out, at, account, -1, sizes.cash_high, cash)
    elif cash < sizes.cash_low - mendable:
        at = _relaxed(out, at, account, -1, sizes.cash_low, cash)
    return at


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
        security = arrays.names[name].security
        if not state.securities[security].seen:
            state.securities[security].seen = True
            state.touched[state.counts[1]] = security
            state.counts[1] += 1
        state.securities[security].active_before += share * (problem.held[name] - problem.target[name])
        state.securities[security].active_after += share * (after[0][name] - problem.target[name])
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
