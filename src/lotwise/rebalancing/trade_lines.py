"""One line of a proposal: a lot sold or a name bought, with its figures and its reason."""

from __future__ import annotations

from typing import NamedTuple

from lotwise.kernels import Records, inlined_kernel
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.money import DOLLAR, at_half_rate, at_rate, mul_div, price_of_shares
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.proposal import Reason, Side
from lotwise.rebalancing.scratch import Arrays
from lotwise.securities.market import Market

__all__ = ["Why", "write_purchase", "write_sale"]

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
_LOCATE_SELL = int(Reason.LOCATE_SELL)
_LOCATE_BUY = int(Reason.LOCATE_BUY)
_SUBSTITUTE = int(Reason.SUBSTITUTE)


class Why(NamedTuple):
    """What speaks for the trade of a position."""

    risk: float  # yearly risk charge that it saves, dollars; of a sale per unit of money sold
    place: float  # tax that another kind of account saves on what the name yields, likewise
    pull: float  # worth of a dollar less of the position to bounds on groups
    beyond: bool  # whether its own bounds, or its name's, ask for it
    cash_side: int  # of the account's cash: -1 below its band, 1 above, 0 within


@inlined_kernel
def _sell_reason(why: Why, credit: bool, figures: tuple[float, float, float, float]) -> int:
    """Reason of selling a lot; `figures` = (price, risk and place it saves, what bounds on groups add), dollars."""
    price, risk, place, pull = figures
    if credit:
        return _HARVEST
    if why.beyond or (why.pull > 0.0 and risk + place < price <= risk + place + pull):
        return _RESTRICTED
    if risk >= price:
        return _REBALANCE_SELL
    if place > 0.0 and risk + place >= price:
        return _LOCATE_SELL
    return _RAISE_CASH if why.cash_side < 0 else _EXCHANGE_SELL


@inlined_kernel
def _buy_reason(why: Why, cost: float) -> int:
    """Reason of buying a name that is wanted for itself at a cost in dollars."""
    if why.beyond:
        return _RESTRICTED
    if why.risk >= cost:
        return _REBALANCE_BUY
    if why.pull < 0.0:
        return _RESTRICTED
    if why.place > 0.0 and why.risk + why.place >= cost:
        return _LOCATE_BUY
    return _INVEST_CASH if why.cash_side > 0 else _EXCHANGE_BUY


@inlined_kernel
def _rate_of(book: Book, household: int, loss: bool, long_term: bool) -> int:
    """Rate of a gain, or what a dollar of loss is worth, by term."""
    rates = book.households
    if loss:
        return int(rates.loss_long_rate[household] if long_term else rates.loss_short_rate[household])
    return int(rates.long_rate[household] if long_term else rates.short_rate[household])


@inlined_kernel
def write_sale(
    book: Book,
    market: Market,
    place: tuple[int, int, int, int],
    arrays: Arrays,
    why: Why,
    at: int,
    trades: Records,
) -> None:
    """Write one sell line; `place` = (household, account, position, lot of the problem)."""
    household, account, position, index = place
    row = arrays.lots[index].row
    security = arrays.positions[position].security
    taken = arrays.lots[index].sold
    held = book.lots.shares[row]
    value = price_of_shares(taken, market.price[security])
    basis = book.lots.basis[row] if taken == held else mul_div(book.lots.basis[row], taken, held)
    long_term = is_long_term_number(book.lots.holding_start[row], int(market.as_of))
    tax = 0
    if book.accounts.kind[account] == _TAXABLE:
        tax = at_rate(value - basis, _rate_of(book, household, bool(value < basis), bool(long_term)))
    cost = at_half_rate(value, market.spread[security])
    risk, spared = why.risk * value, why.place * value
    credit = tax < 0 and arrays.lots[index].tax < 0.0
    reason = _sell_reason(why, credit, ((tax + cost) / DOLLAR, risk, spared, why.pull * value / DOLLAR))
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
    trades[at].figure_2 = spared if reason == _LOCATE_SELL else risk


@inlined_kernel
def write_purchase(
    market: Market,
    place: tuple[int, int, int],
    arrays: Arrays,
    why: Why,
    at: int,
    trades: Records,
) -> None:
    """Write one buy line; `place` = (household, account, position)."""
    household, account, position = place
    security = arrays.positions[position].security
    shares = arrays.positions[position].delta
    value = price_of_shares(shares, market.price[security])
    cost = at_half_rate(value, market.spread[security])
    stands_for = arrays.positions[position].stands_for
    reason = _SUBSTITUTE if stands_for >= 0 else _buy_reason(why, cost / DOLLAR)
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
    trades[at].reason = reason
    trades[at].figure_1 = stands_for if reason == _SUBSTITUTE else cost / DOLLAR
    trades[at].figure_2 = why.place if reason == _LOCATE_BUY else why.risk
