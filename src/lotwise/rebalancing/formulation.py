"""The door between two worlds: an account's exact lots become a problem of fractions, and its solution exact trades.

No other module turns integers of shares and money into floats for the optimizer, or its weights back into shares. On
the way in nothing is lost that matters (a share is a millionth, a fraction has 53 bits); on the way out every weight
becomes a whole number of millionths of a share, and money follows from shares and price exactly (`lotwise.money`).
"""

from __future__ import annotations

from typing import NamedTuple

from lotwise.kernels import Records, inlined_kernel, inner_kernel, kernel
from lotwise.optimizer.problem import AccountProblem
from lotwise.rebalancing.book import AccountKind, Book, NameRule
from lotwise.rebalancing.scratch import AccountArrays, HouseholdState, Scratch
from lotwise.rebalancing.sellable_lots import add_lots, holder_of, trading_cost
from lotwise.rebalancing.substitution import has_substitutes, may_be_bought, substitute_of
from lotwise.rebalancing.wash_windows import first_lot
from lotwise.securities.market import Market

__all__ = [
    "Sizes",
    "account_value",
    "apply_name_rules",
    "cash_band",
    "clear_account",
    "clear_rules",
    "counted_part",
    "formulate",
    "model_scale",
    "problem_of",
]

_TRADITIONAL = int(AccountKind.TRADITIONAL)
_NO_SELL = int(NameRule.NO_SELL)


class Sizes(NamedTuple):
    """How much of the buffers one account uses, and its scalars."""

    names: int
    lots: int
    groups: int
    value: int  # money
    cash_low: float
    cash_high: float
    risk_price: float
    trading_price: float


@kernel
def account_value(book: Book, account: int, state: HouseholdState) -> int:
    """Market value of the lots and cash of an account of the open household, exact money."""
    total = int(book.accounts.cash[account])
    first = first_lot(book, book.accounts.household[account])
    for lot in range(book.accounts.lot_start[account], book.accounts.lot_start[account + 1]):
        total += state.worth[lot - first]
    return total


@inner_kernel
def counted_part(book: Book, account: int) -> float:
    """What a dollar of an account counts beside those of the other accounts of its household, in which it has others.

    In a traditional account what tax leaves of it, where the policy asks for that; a household's only account is the
    measure of itself.
    """
    household = book.accounts.household[account]
    start = book.households.account_start
    if book.accounts.kind[account] != _TRADITIONAL or start[household + 1] - start[household] < 2:
        return 1.0
    return float(book.households.deferred_weight[household])


@inner_kernel
def apply_name_rules(book: Book, household: int, account: int, securities: Records) -> None:
    """Write what rules on single names say of an account of a household (-1: of the household as a whole)."""
    rules = book.rules
    row = book.households.rules[household]
    for entry in range(rules.name_start[row], rules.name_start[row + 1]):
        rule = securities[rules.name_security[entry]]
        if rules.name_account[entry] not in (-1, account):
            rule.own_rule = True
            continue
        rule.forbidden |= rules.name_flags[entry]
        if rules.name_low[entry] > rule.low:
            rule.low = rules.name_low[entry]
            rule.low_source = rules.name_source[entry]
        if rules.name_high[entry] < rule.high:
            rule.high = rules.name_high[entry]
            rule.high_source = rules.name_source[entry]


@inner_kernel
def _apply_group_rules(book: Book, household: int, account: int, arrays: AccountArrays) -> int:
    """Write the bounds on groups that hold for this account; returns how many rows that makes."""
    rules = book.rules
    row = book.households.rules[household]
    groups = 0
    for entry in range(rules.group_start[row], rules.group_start[row + 1]):
        if rules.group_account[entry] in (-1, account):
            arrays.group_source[groups] = rules.group_source[entry]
            arrays.problem.group_low[groups] = rules.group_low[entry]
            arrays.problem.group_high[groups] = rules.group_high[entry]
            groups += 1
    return groups


@inner_kernel
def clear_rules(book: Book, household: int, securities: Records) -> None:
    """Empty what `apply_name_rules` wrote."""
    rules = book.rules
    row = book.households.rules[household]
    for entry in range(rules.name_start[row], rules.name_start[row + 1]):
        rule = securities[rules.name_security[entry]]
        rule.forbidden = 0
        rule.own_rule = False
        rule.low, rule.high = 0.0, 1.0
        rule.low_source, rule.high_source = -1, -1


@kernel
def clear_account(book: Book, household: int, names: int, arrays: AccountArrays) -> None:
    """Empty the dense arrays that `formulate` filled for an account."""
    clear_rules(book, household, arrays.securities)
    for name in range(names):
        arrays.securities[arrays.positions[name].security].slot = -1


@inlined_kernel
def _add_name(market: Market, security: int, name: int, value: int, arrays: AccountArrays) -> None:
    """Start a name of the account: everything that does not depend on lots or target."""
    arrays.securities[security].slot = name
    arrays.positions[name].security = security
    arrays.positions[name].shares = 0
    arrays.positions[name].account = 0
    arrays.positions[name].stands_for = -1
    arrays.unit[name] = market.price[security] / value
    problem = arrays.problem
    problem.target[name] = 0.0
    problem.held[name] = 0.0
    problem.specific[name] = market.specific[security]
    for r in range(market.loadings.shape[1]):
        problem.loadings[name, r] = market.loadings[security, r]


@inner_kernel
def _add_holdings(book: Book, market: Market, place: tuple[int, int], value: int, scratch: Scratch) -> tuple[int, int]:
    """Add every held name with its sellable lots, priced and sorted; returns (names, lots). Lots come by security."""
    household, account = place
    holder = holder_of(book, household, account, first_lot(book, household))
    arrays = scratch.account
    name, at = 0, 0
    first, last = book.accounts.lot_start[account], book.accounts.lot_start[account + 1]
    while first < last:
        security = book.lots.security[first]
        stop = first + 1
        while stop < last and book.lots.security[stop] == security:
            stop += 1
        _add_name(market, security, name, value, arrays)
        arrays.problem.lot_start[name] = at
        may_sell = bool(market.tradable[security] and not arrays.securities[security].forbidden & _NO_SELL)
        terms = (may_sell, arrays.unit[name])
        added = add_lots(book, market, scratch.household, (first, stop), holder, terms, at, arrays)
        arrays.positions[name].shares = added.shares
        arrays.problem.held[name] = added.weight
        at = added.at
        name += 1
        first = stop
    return name, at


@inlined_kernel
def model_scale(book: Book, household: int, wanted: float) -> float:
    """By how much the model's weights are scaled: to what the cash target leaves, and cash that is wanted beside it."""
    cash = book.policies.cash_target[book.households.policy[household]] + max(wanted, 0.0)
    return float(max(1.0 - cash, 0.0) / max(1.0 - book.models.cash[book.households.model[household]], 1e-12))


@inlined_kernel
def cash_band(target: float, band: float, wanted: float) -> tuple[float, float]:
    """Least and greatest cash of an account, fractions of its value; all of it where all is wanted."""
    if wanted >= 1.0:
        return 1.0, 1.0
    return min(max(target - band + wanted, 0.0), 1.0), min(max(target + band + wanted, 0.0), 1.0)


@inner_kernel
def _add_targets(
    book: Book, market: Market, place: tuple[int, float], value: int, added: tuple[int, int], arrays: AccountArrays
) -> int:
    """Add the model's names, weights scaled to what cash leaves, and names a rule asks for; returns their number.

    `place` = (household, cash that is wanted), `added` = (names, lots) so far.
    """
    household, wanted = place
    names, lots = added
    model = book.households.model[household]
    scale = model_scale(book, household, wanted)
    for entry in range(book.models.start[model], book.models.start[model + 1]):
        security = book.models.security[entry]
        name = arrays.securities[security].slot
        if name < 0:
            name = names
            names += 1
            _add_name(market, security, name, value, arrays)
            arrays.problem.lot_start[name] = lots
        arrays.problem.target[name] = book.models.weight[entry] * scale
    rules = book.rules
    row = book.households.rules[household]
    for entry in range(rules.name_start[row], rules.name_start[row + 1]):
        security = rules.name_security[entry]
        if arrays.securities[security].low > 0.0 and arrays.securities[security].slot < 0:
            _add_name(market, security, names, value, arrays)
            arrays.problem.lot_start[names] = lots
            names += 1
    arrays.problem.lot_start[names] = lots
    return names


@inner_kernel
def _add_substitutes(book: Book, market: Market, value: int, names: int, scratch: Scratch) -> int:
    """Add what may stand for wanted names that may not be bought, or be sold at a loss; returns how many names."""
    arrays, state, count = scratch.account, scratch.household, names
    problem, lots = arrays.problem, arrays.problem.lot_start
    for name in range(names):
        security = arrays.positions[name].security
        wanted = problem.target[name] > 0.0 or arrays.securities[security].low > 0.0
        if not wanted or not has_substitutes(book, security):
            continue
        needed = not may_be_bought(market, state, arrays.securities, security)
        for lot in range(lots[name], lots[name + 1]):
            needed = needed or (arrays.lots[lot].loss and arrays.lots[lot].tax < 0.0)
        found = substitute_of(book, market, state, arrays.securities, security) if needed else -1
        if found < 0:
            continue
        if arrays.securities[found].slot < 0:
            _add_name(market, found, count, value, arrays)
            lots[count + 1] = lots[count]
            count += 1
        at = arrays.securities[found].slot
        if problem.target[at] == 0.0:
            arrays.positions[at].stands_for = security
    return count


@inner_kernel
def _finish_names(book: Book, market: Market, household: int, names: int, scratch: Scratch) -> None:
    """Write what each name costs to buy, whether it may be bought, and its bounds."""
    arrays, state = scratch.account, scratch.household
    problem = arrays.problem
    policy = book.households.policy[household]
    multiplier = book.policies.trading_cost_multiplier[policy]
    turnover = book.policies.trading_price[policy]
    for name in range(names):
        security = arrays.positions[name].security
        low, high = arrays.securities[security].low, arrays.securities[security].high
        problem.low[name] = min(low, high)  # where rules contradict each other, the least weight gives, and is named
        problem.high[name] = high
        barred = state.groups[market.identical[security]].barred_cost
        problem.buy_cost[name] = trading_cost(market, security, multiplier, turnover) + barred
        wanted = problem.target[name] > 0.0 or low > 0.0 or arrays.positions[name].stands_for >= 0
        problem.may_buy[name] = wanted and may_be_bought(market, state, arrays.securities, security)


@inner_kernel
def _add_groups(book: Book, household: int, account: int, arrays: AccountArrays) -> None:
    """Write the sparse rows of the group bounds over the account's names."""
    rules = book.rules
    row = book.households.rules[household]
    problem = arrays.problem
    at, index = 0, 0
    for entry in range(rules.group_start[row], rules.group_start[row + 1]):
        if rules.group_account[entry] not in (-1, account):
            continue
        problem.group_start[index] = at
        group = rules.group[entry]
        for member in range(book.groups.start[group], book.groups.start[group + 1]):
            name = arrays.securities[book.groups.security[member]].slot
            if name >= 0:
                problem.group_name[at] = name
                problem.group_coefficient[at] = book.groups.coefficient[member]
                at += 1
        index += 1
    problem.group_start[index] = at


@kernel
def formulate(book: Book, market: Market, household: int, account: int, value: int, scratch: Scratch) -> Sizes:
    """Write one account's problem into the scratch; `value` is its positive exact value. O(names x factors + lots)."""
    arrays = scratch.account
    apply_name_rules(book, household, account, arrays.securities)
    groups = _apply_group_rules(book, household, account, arrays)
    names, lots = _add_holdings(book, market, (household, account), value, scratch)
    wanted = book.accounts.cash_wanted[account] / value
    names = _add_targets(book, market, (household, wanted), value, (names, lots), arrays)
    names = _add_substitutes(book, market, value, names, scratch)
    _finish_names(book, market, household, names, scratch)
    _add_groups(book, household, account, arrays)
    policy = book.households.policy[household]
    cash_low, cash_high = cash_band(book.policies.cash_target[policy], book.policies.cash_band[policy], wanted)
    return Sizes(
        names,
        lots,
        groups,
        value,
        cash_low,
        cash_high,
        book.policies.risk_price[policy],
        book.policies.trading_price[policy],
    )


@kernel
def problem_of(arrays: AccountArrays, sizes: Sizes) -> AccountProblem:
    """View of the buffers at one account's size."""
    n, lots, groups = sizes.names, sizes.lots, sizes.groups
    whole = arrays.problem
    entries = whole.group_start[groups] if groups > 0 else 0
    return AccountProblem(
        whole.target[:n],
        whole.held[:n],
        whole.loadings[:n],
        whole.specific[:n],
        whole.buy_cost[:n],
        whole.lot_start[: n + 1],
        whole.lot_quantity[:lots],
        whole.lot_price[:lots],
        whole.may_buy[:n],
        whole.low[:n],
        whole.high[:n],
        whole.group_start[: groups + 1],
        whole.group_name[:entries],
        whole.group_coefficient[:entries],
        whole.group_low[:groups],
        whole.group_high[:groups],
        sizes.cash_low,
        sizes.cash_high,
        sizes.risk_price,
    )
