"""The door between two worlds: an account's exact lots become a problem of fractions, and its solution exact trades.

No other module turns integers of shares and money into floats for the optimizer, or its weights back into shares. On
the way in nothing is lost that matters (a share is a millionth, a fraction has 53 bits); on the way out every weight
becomes a whole number of millionths of a share, and money follows from shares and price exactly (`lotwise.money`).
"""

from __future__ import annotations

from typing import NamedTuple

from lotwise.kernels import inlined_kernel, inner_kernel, kernel
from lotwise.ledger.holding_period import first_long_term_day_number, is_long_term_number
from lotwise.money import FULL_RATE, SHARE
from lotwise.optimizer.problem import AccountProblem
from lotwise.rebalancing.book import AccountKind, Book, LotFlag, NameRule
from lotwise.rebalancing.lot_costs import lot_price
from lotwise.rebalancing.scratch import AccountArrays, HouseholdState, Scratch
from lotwise.rebalancing.wash_windows import first_lot, loss_is_barred, may_buy_tonight
from lotwise.securities.market import Market

__all__ = ["Sizes", "account_value", "clear_account", "formulate", "problem_of"]

_TAXABLE = int(AccountKind.TAXABLE)
_NO_BUY = int(NameRule.NO_BUY)
_NO_SELL = int(NameRule.NO_SELL)
_NEVER_SOLD = int(LotFlag.UNKNOWN_TAX | LotFlag.KEPT)


class Sizes(NamedTuple):
    """How much of the buffers one account uses, and its scalars."""

    names: int
    lots: int
    groups: int
    value: int  # money
    cash_low: float
    cash_high: float
    risk_price: float


@kernel
def account_value(book: Book, account: int, state: HouseholdState) -> int:
    """Market value of the lots and cash of an account of the open household, exact money."""
    total = int(book.accounts.cash[account])
    first = first_lot(book, book.accounts.household[account])
    for lot in range(book.accounts.lot_start[account], book.accounts.lot_start[account + 1]):
        total += state.worth[lot - first]
    return total


@inner_kernel
def _apply_rules(book: Book, household: int, account: int, arrays: AccountArrays) -> int:
    """Write the rules that hold for this account; returns how many group rows apply."""
    rules = book.rules
    row = book.households.rules[household]
    for entry in range(rules.name_start[row], rules.name_start[row + 1]):
        if rules.name_account[entry] not in (-1, account):
            continue
        security = rules.name_security[entry]
        arrays.securities[security].forbidden |= rules.name_flags[entry]
        if rules.name_low[entry] > arrays.securities[security].low:
            arrays.securities[security].low = rules.name_low[entry]
            arrays.securities[security].low_source = rules.name_source[entry]
        if rules.name_high[entry] < arrays.securities[security].high:
            arrays.securities[security].high = rules.name_high[entry]
            arrays.securities[security].high_source = rules.name_source[entry]
    groups = 0
    for entry in range(rules.group_start[row], rules.group_start[row + 1]):
        if rules.group_account[entry] in (-1, account):
            arrays.group_source[groups] = rules.group_source[entry]
            arrays.problem.group_low[groups] = rules.group_low[entry]
            arrays.problem.group_high[groups] = rules.group_high[entry]
            groups += 1
    return groups


@kernel
def clear_account(book: Book, household: int, names: int, arrays: AccountArrays) -> None:
    """Empty the dense arrays that `formulate` filled for an account."""
    rules = book.rules
    row = book.households.rules[household]
    for entry in range(rules.name_start[row], rules.name_start[row + 1]):
        security = rules.name_security[entry]
        arrays.securities[security].forbidden = 0
        arrays.securities[security].low = 0.0
        arrays.securities[security].high = 1.0
        arrays.securities[security].low_source = -1
        arrays.securities[security].high_source = -1
    for name in range(names):
        arrays.securities[arrays.names[name].security].slot = -1


@inlined_kernel
def _insert_lot(
    arrays: AccountArrays, first: int, at: int, lot: tuple[int, bool, float], priced: tuple[float, float]
) -> None:
    """Put a lot among those of its name, first .. at, which are sorted by price, cheapest first (few lots: insertion).

    `lot` = (row, whether it is a loss, tax); `priced` = (quantity, price).
    """
    price, quantity = arrays.problem.lot_price, arrays.problem.lot_quantity
    j = at
    while j > first and price[j - 1] > priced[1]:
        price[j] = price[j - 1]
        quantity[j] = quantity[j - 1]
        arrays.lots[j].row = arrays.lots[j - 1].row
        arrays.lots[j].loss = arrays.lots[j - 1].loss
        arrays.lots[j].tax = arrays.lots[j - 1].tax
        j -= 1
    quantity[j], price[j] = priced
    arrays.lots[j].row, arrays.lots[j].loss, arrays.lots[j].tax = lot


class _Terms(NamedTuple):
    """What prices the lots of one account: rates per dollar of gains and of losses, short then long; its policy."""

    rates: tuple[float, float, float, float]
    policy: tuple[float, float, float]  # delta, harvest depth, cap on the weight of waiting


@inner_kernel
def _terms_of(book: Book, household: int) -> _Terms:
    policies, owner = book.policies, book.households
    policy = owner.policy[household]
    return _Terms(
        (
            owner.short_rate[household] / FULL_RATE,
            owner.long_rate[household] / FULL_RATE,
            owner.loss_short_rate[household] / FULL_RATE,
            owner.loss_long_rate[household] / FULL_RATE,
        ),
        (
            policies.deferral_discount[policy],
            policies.harvest_depth[policy],
            policies.short_term_wait_cap[policy],
        ),
    )


@inlined_kernel
def _price_of_lot(book: Book, market: Market, terms: _Terms, lot: int, value: int) -> float:
    """Tax per dollar sold of a lot in a taxable account."""
    start = book.lots.holding_start[lot]
    long_term = is_long_term_number(start, int(market.as_of))
    # Only where waiting is weighted does it matter how long it takes.
    waits = not long_term and terms.policy[2] > 1.0
    days = float(first_long_term_day_number(start) - market.as_of) if waits else 1.0
    return lot_price((value - book.lots.basis[lot]) / value, (bool(long_term), days), terms.rates, terms.policy)


@inlined_kernel
def _add_name(market: Market, security: int, name: int, value: int, arrays: AccountArrays) -> None:
    """Start a name of the account: everything that does not depend on lots or target."""
    arrays.securities[security].slot = name
    arrays.names[name].security = security
    arrays.names[name].position = 0
    arrays.unit[name] = market.price[security] / value
    problem = arrays.problem
    problem.target[name] = 0.0
    problem.held[name] = 0.0
    problem.specific[name] = market.specific[security]
    for r in range(market.loadings.shape[1]):
        problem.loadings[name, r] = market.loadings[security, r]


class _Holder(NamedTuple):
    """Whose lots are being added."""

    before: int  # row of the household's first lot
    taxable: bool
    multiplier: float  # of trading costs
    terms: _Terms


@inlined_kernel
def _add_lots(
    book: Book, market: Market, name: int, lots: tuple[int, int], at: int, holder: _Holder, scratch: Scratch
) -> int:
    """Add the lots of one name, from the first of `lots` up to the second: what is held, and those that may be sold."""
    arrays, state = scratch.account, scratch.household
    problem = arrays.problem
    security = arrays.names[name].security
    may_sell = bool(market.tradable[security] and not arrays.securities[security].forbidden & _NO_SELL)
    cost = holder.multiplier * market.spread[security] / (2 * FULL_RATE)
    first, position, held, unit = at, 0, 0.0, arrays.unit[name]
    for lot in range(lots[0], lots[1]):
        shares, worth = book.lots.shares[lot], state.worth[lot - holder.before]
        position += shares
        weight = shares / SHARE * unit
        held += weight
        if not may_sell or worth <= 0 or book.lots.flags[lot] & _NEVER_SOLD:
            continue
        loss = bool(holder.taxable and worth < book.lots.basis[lot])
        if loss and loss_is_barred(book, market, state, lot):
            continue
        tax = _price_of_lot(book, market, holder.terms, lot, worth) if holder.taxable else 0.0
        _insert_lot(arrays, first, at, (lot, loss, tax), (weight, tax + cost))
        at += 1
    arrays.names[name].position = position
    problem.held[name] = held
    return at


@inner_kernel
def _add_holdings(book: Book, market: Market, place: tuple[int, int], value: int, scratch: Scratch) -> tuple[int, int]:
    """Add every held name with its sellable lots, priced and sorted; returns (names, lots). Lots come by security."""
    household, account = place
    holder = _Holder(
        first_lot(book, household),
        bool(book.accounts.kind[account] == _TAXABLE),
        book.policies.trading_cost_multiplier[book.households.policy[household]],
        _terms_of(book, household),
    )
    name, at = 0, 0
    first, last = book.accounts.lot_start[account], book.accounts.lot_start[account + 1]
    while first < last:
        security = book.lots.security[first]
        stop = first + 1
        while stop < last and book.lots.security[stop] == security:
            stop += 1
        _add_name(market, security, name, value, scratch.account)
        scratch.account.problem.lot_start[name] = at
        at = _add_lots(book, market, name, (first, stop), at, holder, scratch)
        name += 1
        first = stop
    return name, at


@inner_kernel
def _add_targets(
    book: Book, market: Market, household: int, value: int, added: tuple[int, int], arrays: AccountArrays
) -> int:
    """Add the model's names, weights scaled to what cash leaves, and names a rule asks for; returns their number.

    `added` = (names, lots) so far.
    """
    names, lots = added
    model = book.households.model[household]
    cash_target = book.policies.cash_target[book.households.policy[household]]
    scale = (1.0 - cash_target) / max(1.0 - book.models.cash[model], 1e-12)
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
def _finish_names(book: Book, market: Market, household: int, names: int, scratch: Scratch) -> None:
    """Write what each name costs to buy, whether it may be bought, and its bounds."""
    arrays, state = scratch.account, scratch.household
    problem = arrays.problem
    multiplier = book.policies.trading_cost_multiplier[book.households.policy[household]]
    for name in range(names):
        security = arrays.names[name].security
        low, high = arrays.securities[security].low, arrays.securities[security].high
        problem.low[name] = min(low, high)  # where rules contradict each other, the least weight gives, and is named
        problem.high[name] = high
        problem.buy_cost[name] = (
            multiplier * market.spread[security] / (2 * FULL_RATE)
            + state.groups[market.identical[security]].barred_cost
        )
        wanted = problem.target[name] > 0.0 or low > 0.0
        allowed = (
            market.tradable[security]
            and market.price[security] > 0
            and not arrays.securities[security].forbidden & _NO_BUY
        )
        problem.may_buy[name] = wanted and allowed and may_buy_tonight(market, state, security)


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
    groups = _apply_rules(book, household, account, arrays)
    names, lots = _add_holdings(book, market, (household, account), value, scratch)
    names = _add_targets(book, market, household, value, (names, lots), arrays)
    _finish_names(book, market, household, names, scratch)
    _add_groups(book, household, account, arrays)
    policy = book.households.policy[household]
    target = book.policies.cash_target[policy]
    band = book.policies.cash_band[policy]
    return Sizes(
        names,
        lots,
        groups,
        value,
        max(target - band, 0.0),
        min(target + band, 1.0),
        book.policies.risk_price[policy],
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
