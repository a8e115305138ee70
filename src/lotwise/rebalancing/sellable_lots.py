"""The lots of a name in one account that may be sold tonight: priced, cheapest first.

Part of the way in (`formulation`, `joint_formulation`): shares and basis become weights and prices per dollar here.
"""

from __future__ import annotations

from typing import NamedTuple

from lotwise.kernels import inlined_kernel, inner_kernel
from lotwise.ledger.holding_period import first_long_term_day_number, is_long_term_number
from lotwise.money import FULL_RATE, SHARE
from lotwise.rebalancing.book import AccountKind, Book, LotFlag
from lotwise.rebalancing.lot_costs import lot_price
from lotwise.rebalancing.scratch import Arrays, HouseholdState
from lotwise.rebalancing.wash_windows import loss_is_barred
from lotwise.securities.market import Market

__all__ = ["Added", "Holder", "add_lots", "holder_of", "trading_cost"]

_TAXABLE = int(AccountKind.TAXABLE)
_NEVER_SOLD = int(LotFlag.UNKNOWN_TAX | LotFlag.KEPT)


class Holder(NamedTuple):
    """Whose lots they are, and what prices them: rates per dollar of gain and of loss, short then long; the policy."""

    before: int  # row of the household's first lot
    capped: tuple[int, int]  # the lot that is sold in part at most (-1 = none), and how many shares of it
    taxable: bool
    multiplier: float  # of trading costs
    turnover: float  # what a dollar traded is charged beside its cost
    rates: tuple[float, float, float, float]
    policy: tuple[float, float, float]  # delta, harvest depth, cap on the weight of waiting


class Added(NamedTuple):
    """Where the next lots go, and what is held of the name: shares and weight."""

    at: int
    shares: int
    weight: float


@inlined_kernel
def trading_cost(market: Market, security: int, multiplier: float, turnover: float) -> float:
    """What a dollar traded costs, as it is charged: half the spread, and what keeps turnover within its cap."""
    return float(multiplier * market.spread[security] / (2 * FULL_RATE) + turnover)


@inner_kernel
def holder_of(book: Book, household: int, account: int, before: int) -> Holder:
    """What prices the lots of an account; `before` is the row of the household's first lot."""
    policies, owner = book.policies, book.households
    policy = owner.policy[household]
    capped = owner.capped_lot[household]
    return Holder(
        before,
        (before + capped if capped >= 0 else -1, owner.capped_shares[household]),
        bool(book.accounts.kind[account] == _TAXABLE),
        policies.trading_cost_multiplier[policy],
        policies.trading_price[policy],
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
def _price_of_lot(book: Book, market: Market, holder: Holder, lot: int, value: int) -> float:
    """Tax per dollar sold of a lot in a taxable account."""
    start = book.lots.holding_start[lot]
    long_term = is_long_term_number(start, int(market.as_of))
    # Only where waiting is weighted does it matter how long it takes.
    waits = not long_term and holder.policy[2] > 1.0
    days = float(first_long_term_day_number(start) - market.as_of) if waits else 1.0
    return lot_price((value - book.lots.basis[lot]) / value, (bool(long_term), days), holder.rates, holder.policy)


@inlined_kernel
def _insert_lot(
    arrays: Arrays, first: int, at: int, lot: tuple[int, int, bool, float], priced: tuple[float, float]
) -> None:
    """Put a lot among those of its name, first .. at, which are sorted by price, cheapest first (few lots: insertion).

    `lot` = (row, shares that may be sold, whether it is a loss, tax); `priced` = (quantity, price).
    """
    price, quantity = arrays.problem.lot_price, arrays.problem.lot_quantity
    j = at
    while j > first and price[j - 1] > priced[1]:
        price[j] = price[j - 1]
        quantity[j] = quantity[j - 1]
        arrays.lots[j].row = arrays.lots[j - 1].row
        arrays.lots[j].shares = arrays.lots[j - 1].shares
        arrays.lots[j].loss = arrays.lots[j - 1].loss
        arrays.lots[j].tax = arrays.lots[j - 1].tax
        j -= 1
    quantity[j], price[j] = priced
    arrays.lots[j].row, arrays.lots[j].shares, arrays.lots[j].loss, arrays.lots[j].tax = lot


@inlined_kernel
def add_lots(
    book: Book,
    market: Market,
    state: HouseholdState,
    lots: tuple[int, int],
    holder: Holder,
    terms: tuple[bool, float],
    at: int,
    arrays: Arrays,
) -> Added:
    """Add lots of one name in one account, from the first of `lots` up to the second: what is held, what may be sold.

    `terms` = (whether the name may be sold there, weight of one share).
    """
    may_sell, unit = terms
    security = book.lots.security[lots[0]]
    cost = trading_cost(market, security, holder.multiplier, holder.turnover)
    first, shares_held, held = at, 0, 0.0
    for lot in range(lots[0], lots[1]):
        shares, worth = book.lots.shares[lot], state.worth[lot - holder.before]
        shares_held += shares
        weight = shares / SHARE * unit
        held += weight
        if not may_sell or worth <= 0 or book.lots.flags[lot] & _NEVER_SOLD:
            continue
        if lot == holder.capped[0] and holder.capped[1] <= 0:
            continue
        loss = bool(holder.taxable and worth < book.lots.basis[lot])
        if loss and loss_is_barred(book, market, state, lot):
            continue
        tax = _price_of_lot(book, market, holder, lot, worth) if holder.taxable else 0.0
        if lot == holder.capped[0] and holder.capped[1] < shares:
            shares = holder.capped[1]
            weight = shares / SHARE * unit
        _insert_lot(arrays, first, at, (lot, shares, loss, tax), (weight, tax + cost))
        at += 1
    return Added(at, shares_held, held)
