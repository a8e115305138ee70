"""The same door for accounts as one portfolio: all of them that are worth anything, as one problem.

Weights are fractions of what these accounts are worth together, a dollar of each as it counts (`counted_part`). A
position is a name in an account: what it holds, and what it could buy. Accounts that are held away hold what they
hold: their positions can neither be sold nor bought and their cash is fixed, but all of it counts in the target, in
bounds and in risk.

Restrictions of the household bound names and groups over all accounts, those of an account its positions alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inlined_kernel, inner_kernel, kernel
from lotwise.optimizer.household.problem import HouseholdProblem
from lotwise.rebalancing.book import AccountKind, Accounts, Book, NameRule
from lotwise.rebalancing.formulation import apply_name_rules, cash_band, clear_rules, counted_part, model_scale
from lotwise.rebalancing.joint_names import add_held_names, add_substitutes, add_wanted_names, describe_names
from lotwise.rebalancing.joint_rules import PositionRules, add_groups, add_own_groups, rules_of
from lotwise.rebalancing.joint_scratch import JointArrays
from lotwise.rebalancing.location_costs import hold_cost
from lotwise.rebalancing.scratch import HouseholdState
from lotwise.rebalancing.sellable_lots import add_lots, holder_of, trading_cost
from lotwise.rebalancing.wash_windows import first_lot, may_buy_tonight
from lotwise.securities.market import Market

__all__ = ["JointSizes", "clear_joint", "formulate_joint", "joint_problem_of"]

_TAXABLE, _TRADITIONAL, _ROTH = (int(kind) for kind in AccountKind)
_NO_BUY = int(NameRule.NO_BUY)
_NO_SELL = int(NameRule.NO_SELL)


class JointSizes(NamedTuple):
    """How much of the buffers one household uses, and its scalars."""

    names: int
    positions: int
    lots: int
    groups: int
    own_groups: int
    accounts: int
    value: int  # money of these accounts, as it counts
    risk_price: float
    trading_price: float


class _Household(NamedTuple):
    """The household in hand."""

    household: int
    rules: int  # its set of rules
    names: int
    accounts: int
    value: int  # money of these accounts, as it counts
    first_lot: int  # row of its first lot
    kinds: tuple[float, float, float]  # parts of the value in taxable, traditional and Roth accounts
    multiplier: float  # of trading costs
    turnover: float  # what a dollar traded is charged beside its cost


class _Values(NamedTuple):
    """Money: of each account, and of those that are worth anything together."""

    each: NDArray[np.int64]  # from the first of the portfolio's accounts on
    total: int


@inner_kernel
def _add_accounts(
    book: Book, rows: tuple[int, int], band: tuple[float, float], values: _Values, arrays: JointArrays
) -> tuple[int, float]:
    """List the accounts `rows` that are worth anything, with their parts of the value and their bands of cash.

    Returns how many there are, and the cash that is wanted beside the target, as a fraction of the value.
    """
    count, all_wanted, accounts = 0, 0.0, book.accounts
    for account in range(rows[0], rows[1]):
        worth = values.each[account - rows[0]]
        if worth <= 0:
            continue
        counts = counted_part(book, account) if rows[1] - rows[0] > 1 else 1.0
        part = counts * worth / values.total
        wanted = min(accounts.cash_wanted[account] / worth, 1.0)
        low, high = cash_band(band[0], band[1], wanted)
        if accounts.trades[account]:
            low, high = low * part, high * part
            all_wanted += wanted * part
        else:
            low = high = counts * accounts.cash[account] / values.total
        arrays.accounts[count].row, arrays.accounts[count].counts = account, counts
        arrays.problem.value[count] = part
        arrays.problem.cash_low[count] = low
        arrays.problem.cash_high[count] = high
        count += 1
    return count, all_wanted


@inner_kernel
def _lots_until(lot_security: NDArray[np.int32], first: int, last: int) -> int:
    """Row after the last lot of the name whose first lot in an account is given."""
    stop = first + 1
    while stop < last and lot_security[stop] == lot_security[first]:
        stop += 1
    return stop


@inlined_kernel
def _place_costs(book: Book, market: Market, of: _Household, security: int) -> tuple[float, float, float]:
    """What a dollar of a security costs in each kind of account, less what it costs spread over all accounts.

    So a place has a price where there is another one, and the price moves names between accounts rather than out of
    the portfolio.
    """
    taxable, traditional, roth = of.kinds
    if max(taxable, traditional, roth) >= 1.0:
        return 0.0, 0.0, 0.0
    here = hold_cost(book, market, of.household, security, _TAXABLE)
    deferred = hold_cost(book, market, of.household, security, _TRADITIONAL)
    free = hold_cost(book, market, of.household, security, _ROTH)
    mean = taxable * here + traditional * deferred + roth * free
    return here - mean, deferred - mean, free - mean


@inner_kernel
def _kinds_of(accounts: Accounts, count: int, arrays: JointArrays) -> tuple[float, float, float]:
    """Parts of what the accounts that trade are worth that lie in each kind of account."""
    taxable, traditional, roth = 0.0, 0.0, 0.0
    for a in range(count):
        row, part = arrays.accounts[a].row, arrays.problem.value[a]
        if accounts.trades[row]:
            taxable += part * (accounts.kind[row] == _TAXABLE)
            traditional += part * (accounts.kind[row] == _TRADITIONAL)
            roth += part * (accounts.kind[row] == _ROTH)
    total = max(taxable + traditional + roth, 1e-300)
    return taxable / total, traditional / total, roth / total


@inner_kernel
def _add_positions(
    book: Book,
    market: Market,
    of: _Household,
    state: HouseholdState,
    arrays: JointArrays,
    securities: Records,
) -> tuple[int, int]:
    """Add what each account holds of every name, or could buy of it; returns how many positions and lots.

    Everything is in this one loop: it runs for every name in every account, and a call would hand on the whole book.
    """
    problem, positions = arrays.problem, arrays.positions
    at, lots = 0, 0
    for name in range(of.names):
        problem.position_start[name] = at
        security = arrays.names[name].security
        group = state.groups[market.identical[security]]
        places = _place_costs(book, market, of, security)
        buy_cost = trading_cost(market, security, of.multiplier, of.turnover) + group.barred_cost
        may_trade, shared = market.tradable[security], securities[security]
        can_buy = may_trade and market.price[security] > 0 and may_buy_tonight(market, state, security)
        stands_for = arrays.names[name].stands_for
        for a in range(of.accounts):
            account = arrays.accounts[a].row
            rules = PositionRules(0 | shared.forbidden, 0.0, np.inf, -1, -1)
            if shared.own_rule:
                place = (of.rules, security, account)
                rules = rules_of(book.rules, place, problem.value[a], 0 | shared.forbidden)
            trades = book.accounts.trades[account]
            wanted = problem.target[name] > 0.0 or problem.low[name] > 0.0 or rules.low > 0.0 or stands_for >= 0
            may_buy = bool(trades and wanted and can_buy and not rules.forbidden & _NO_BUY)
            first = arrays.first_lot[name * of.accounts + a]
            if first < 0 and not may_buy:
                continue
            positions[at].security, positions[at].account, positions[at].shares = security, a, 0
            positions[at].low, positions[at].low_source = rules.low, rules.low_source
            positions[at].high_source, positions[at].stands_for = rules.high_source, stands_for
            arrays.unit[at] = arrays.accounts[a].counts * market.price[security] / of.value
            problem.account[at] = a
            problem.held[at] = 0.0
            problem.may_buy[at] = may_buy
            problem.buy_cost[at] = buy_cost
            problem.hold_cost[at] = places[book.accounts.kind[account]] if trades else 0.0
            problem.position_low[at], problem.position_high[at] = min(rules.low, rules.high), rules.high
            problem.lot_start[at] = lots
            if first >= 0:
                holder = holder_of(book, of.household, account, of.first_lot)
                terms = (bool(trades and may_trade and not rules.forbidden & _NO_SELL), arrays.unit[at])
                stop = _lots_until(book.lots.security, first, book.accounts.lot_start[account + 1])
                held = add_lots(book, market, state, (first, stop), holder, terms, lots, arrays)
                for lot in range(lots, held.at):
                    problem.lot_loss[lot] = arrays.lots[lot].loss
                positions[at].shares = held.shares
                problem.held[at] = held.weight
                lots = held.at
            at += 1
    problem.position_start[of.names] = at
    problem.lot_start[at] = lots
    return at, lots


@kernel
def formulate_joint(
    book: Book,
    market: Market,
    household: int,
    span: tuple[int, int],
    value: int,
    state: HouseholdState,
    arrays: JointArrays,
    securities: Records,
) -> JointSizes:
    """Write the problem of a household's accounts span[0] .. span[1] into `arrays`.

    `value` is what those of them that are worth anything are worth, as they count. O(names x (factors + accounts) +
    lots).
    """
    policies, policy = book.policies, book.households.policy[household]
    rules, model = book.households.rules[household], book.households.model[household]
    apply_name_rules(book, household, -1, securities)
    before = book.households.account_start[household]
    band = (policies.cash_target[policy], policies.cash_band[policy])
    accounts, cash = _add_accounts(book, span, band, _Values(state.value[span[0] - before :], value), arrays)
    names = add_held_names(book.accounts.lot_start, book.lots.security, accounts, arrays, securities)
    wanted = (model, rules, model_scale(book, household, cash))
    names = add_wanted_names(book.models, book.rules, wanted, (accounts, names), arrays, securities)
    names = add_substitutes(book, market, (household, accounts, names), state, arrays, securities)
    describe_names(market, names, arrays, securities)
    multiplier, turnover = policies.trading_cost_multiplier[policy], policies.trading_price[policy]
    kinds = _kinds_of(book.accounts, accounts, arrays)
    before_it = first_lot(book, household)
    of = _Household(household, rules, names, accounts, value, before_it, kinds, multiplier, turnover)
    positions, lots = _add_positions(book, market, of, state, arrays, securities)
    groups = add_groups(book.rules, rules, book.groups, arrays, securities)
    own = (accounts, book.accounts.trades)
    own_groups = add_own_groups(book.rules, rules, book.groups, own, arrays, securities)
    price = policies.risk_price[policy]
    return JointSizes(names, positions, lots, groups, own_groups, accounts, value, price, turnover)


@kernel
def clear_joint(book: Book, household: int, names: int, arrays: JointArrays, securities: Records) -> None:
    """Empty the dense table that `formulate_joint` filled."""
    clear_rules(book, household, securities)
    for name in range(names):
        securities[arrays.names[name].security].slot = -1


@kernel
def joint_problem_of(arrays: JointArrays, sizes: JointSizes) -> HouseholdProblem:
    """View of the buffers at one household's size."""
    n, count, lots = sizes.names, sizes.positions, sizes.lots
    groups, own_groups, accounts = sizes.groups, sizes.own_groups, sizes.accounts
    whole = arrays.problem
    entries = whole.group_start[groups] if groups > 0 else 0
    own_entries = whole.own_group_start[own_groups] if own_groups > 0 else 0
    return HouseholdProblem(
        whole.target[:n],
        whole.loadings[:n],
        whole.specific[:n],
        whole.low[:n],
        whole.high[:n],
        whole.position_start[: n + 1],
        whole.account[:count],
        whole.held[:count],
        whole.buy_cost[:count],
        whole.may_buy[:count],
        whole.hold_cost[:count],
        whole.position_low[:count],
        whole.position_high[:count],
        whole.lot_start[: count + 1],
        whole.lot_quantity[:lots],
        whole.lot_price[:lots],
        whole.lot_loss[:lots],
        whole.group_start[: groups + 1],
        whole.group_name[:entries],
        whole.group_coefficient[:entries],
        whole.group_low[:groups],
        whole.group_high[:groups],
        whole.own_group_start[: own_groups + 1],
        whole.own_group_position[:own_entries],
        whole.own_group_coefficient[:own_entries],
        whole.own_group_low[:own_groups],
        whole.own_group_high[:own_groups],
        whole.value[:accounts],
        whole.cash_low[:accounts],
        whole.cash_high[:accounts],
        sizes.risk_price,
    )
