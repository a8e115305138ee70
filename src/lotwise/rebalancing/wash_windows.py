"""What the open wash-sale windows and tonight's own trades bar in one household.

Accounts are solved one after the other (taxable, traditional, Roth; then the next household of the same taxpayer).
What an earlier one sold at a loss tonight no later one may buy, IRAs included; what an earlier one bought bars the
losses of the later ones.
"""

from __future__ import annotations

import numpy as np

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.kernels import inlined_kernel, inner_kernel, kernel, summing_kernel
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.money import FULL_RATE, price_of_shares
from lotwise.rebalancing.book import AccountKind, Book, LotFlag
from lotwise.rebalancing.lot_costs import barred_loss_cost
from lotwise.rebalancing.scratch import HouseholdState
from lotwise.securities.market import Market

__all__ = [
    "close_household",
    "first_lot",
    "forget_tonight",
    "loss_is_barred",
    "mark_traded",
    "may_buy_tonight",
    "open_household",
    "volatility_of",
]

_TAXABLE = int(AccountKind.TAXABLE)
_REPLACEMENT = int(LotFlag.REPLACEMENT)
_UNKNOWN_TAX = int(LotFlag.UNKNOWN_TAX)
_NO_DATE = int(NO_DATE)


@inlined_kernel
def first_lot(book: Book, household: int) -> int:
    """Row of a household's first lot; of the household after the last, the number of lots."""
    return int(book.accounts.lot_start[book.households.account_start[household]])


@inlined_kernel
def _nearest(ratio: float, depth: float, nearest: tuple[float, float]) -> tuple[float, float]:
    """Keep the strikes nearest to today's price from below and from above, as basis / value."""
    below, above = nearest
    if ratio * depth <= 1.0:
        return max(below, ratio), above
    return below, min(above, ratio)


@inner_kernel
def _dearest(
    short: tuple[float, float], long: tuple[float, float], rates: tuple[float, float], depth: float, volatility: float
) -> float:
    """Cost of the dearest of the nearest strikes (below, above) of short-term and of long-term lots, at their `rates`.

    Of two strikes on one side, the nearer one at no lower rate is the dearer: the other one costs no logarithm.
    """
    cost = 0.0
    if short[0] > 0.0 and (rates[0] > rates[1] or short[0] > long[0]):
        cost = max(cost, barred_loss_cost(short[0], depth, volatility, rates[0]))
    if long[0] > 0.0 and (rates[1] >= rates[0] or long[0] >= short[0]):
        cost = max(cost, barred_loss_cost(long[0], depth, volatility, rates[1]))
    if short[1] < np.inf and (rates[0] > rates[1] or short[1] < long[1]):
        cost = max(cost, barred_loss_cost(short[1], depth, volatility, rates[0]))
    if long[1] < np.inf and (rates[1] >= rates[0] or long[1] <= short[1]):
        cost = max(cost, barred_loss_cost(long[1], depth, volatility, rates[1]))
    return cost


@summing_kernel
def volatility_of(market: Market, security: int, state: HouseholdState) -> float:
    """Annual volatility of a security, from the risk model; worked out the first time, then kept."""
    known = state.securities[security].volatility
    if known > 0.0:
        return float(known)
    common = 0.0
    x = market.loadings[security]
    for r in range(x.size):
        common += x[r] * x[r]
    found = np.sqrt(0.5 * common + market.specific[security])
    state.securities[security].volatility = found
    return float(found)


@inner_kernel
def _price_barred_losses(book: Book, market: Market, household: int, state: HouseholdState) -> None:
    """Cost per dollar bought of each identical group: its dearest taxable lot, any account of the household.

    A right is worth the more the nearer its strike, so of a name's lots at one rate only the nearest are priced.
    """
    policy = book.households.policy[household]
    rates = book.households
    depth = book.policies.harvest_depth[policy]
    lots = book.lots
    if depth <= 0.0:
        return
    loss_rates = (rates.loss_short_rate[household] / FULL_RATE, rates.loss_long_rate[household] / FULL_RATE)
    for account in range(rates.account_start[household], rates.account_start[household + 1]):
        if book.accounts.kind[account] != _TAXABLE:
            continue
        lot, last = book.accounts.lot_start[account], book.accounts.lot_start[account + 1]
        while lot < last:
            security = lots.security[lot]
            short, long = (0.0, np.inf), (0.0, np.inf)
            while lot < last and lots.security[lot] == security:
                known = not lots.flags[lot] & _UNKNOWN_TAX and lots.shares[lot] > 0
                value = state.worth[lot - first_lot(book, household)] if known else 0
                if value > 0 and is_long_term_number(lots.holding_start[lot], int(market.as_of)):
                    long = _nearest(lots.basis[lot] / value, depth, long)
                elif value > 0:
                    short = _nearest(lots.basis[lot] / value, depth, short)
                lot += 1
            volatility = volatility_of(market, security, state)
            cost = _dearest(short, long, loss_rates, depth, volatility)
            group = market.identical[security]
            state.groups[group].barred_cost = max(state.groups[group].barred_cost, cost)


@kernel
def open_household(book: Book, market: Market, household: int, state: HouseholdState) -> None:
    """Write what each of the household's lots is worth, its windows and a side that is pinned into the dense tables."""
    windows = book.windows
    first, last = first_lot(book, household), first_lot(book, household + 1)
    for lot in range(first, last):
        state.worth[lot - first] = price_of_shares(book.lots.shares[lot], market.price[book.lots.security[lot]])
    for row in range(windows.start[household], windows.start[household + 1]):
        group = windows.identical[row]
        state.groups[group].no_buy_until = windows.no_buy_until[row]
        state.groups[group].bought_shares = windows.bought_shares[row]
    if book.policies.buy_opportunity_cost[book.households.policy[household]]:
        _price_barred_losses(book, market, household, state)
    pinned = book.households.pinned_side[household]
    if pinned >= 0:  # as if the group had been bought already, or sold at a loss
        mark_traded(state, pinned // 2, pinned % 2 == 1, pinned % 2 == 0)


@kernel
def close_household(book: Book, market: Market, household: int, state: HouseholdState) -> None:
    """Empty what `open_household` wrote."""
    windows = book.windows
    for row in range(windows.start[household], windows.start[household + 1]):
        group = windows.identical[row]
        state.groups[group].no_buy_until = _NO_DATE
        state.groups[group].bought_shares = 0
    if book.policies.buy_opportunity_cost[book.households.policy[household]]:
        for lot in range(first_lot(book, household), first_lot(book, household + 1)):
            state.groups[market.identical[book.lots.security[lot]]].barred_cost = 0.0


@inner_kernel
def forget_tonight(state: HouseholdState) -> None:
    """Begin another taxpayer: nothing has been traded tonight."""
    for i in range(state.counts[0]):
        state.groups[state.marked[i]].sold_at_loss = False
        state.groups[state.marked[i]].bought = False
    state.counts[0] = 0


@inlined_kernel
def mark_traded(state: HouseholdState, group: int, bought: bool, sold_at_loss: bool) -> None:
    """Remember that this identical group was bought, or sold at a loss, tonight."""
    if not state.groups[group].bought and not state.groups[group].sold_at_loss:
        state.marked[state.counts[0]] = group
        state.counts[0] += 1
    state.groups[group].bought = state.groups[group].bought or bought
    state.groups[group].sold_at_loss = state.groups[group].sold_at_loss or sold_at_loss


@inlined_kernel
def may_buy_tonight(market: Market, state: HouseholdState, security: int) -> bool:
    """Whether a purchase tonight would wash no loss of the household, past or of tonight."""
    group = market.identical[security]
    return not state.groups[group].sold_at_loss and state.groups[group].no_buy_until < market.as_of


@inlined_kernel
def loss_is_barred(book: Book, market: Market, state: HouseholdState, lot: int) -> bool:
    """Whether selling this lot at a loss tonight would be washed by shares bought tonight or in the last 30 days.

    The lot's own purchase does not count: the rest of one purchase is never its own replacement (Rev. Rul. 56-602).
    """
    group = market.identical[book.lots.security[lot]]
    if state.groups[group].bought:
        return True
    others = state.groups[group].bought_shares
    if book.lots.flags[lot] & _REPLACEMENT and book.lots.acquired[lot] >= market.as_of - WASH_DAYS:
        others -= book.lots.shares[lot]
    return bool(others > 0)
