"""The way out of the door: weights become shares to trade, taken from lots; cash is kept to the last unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inlined_kernel, inner_kernel
from lotwise.money import SHARE, mul_div, price_of_shares
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.formulation import Sizes
from lotwise.rebalancing.scratch import AccountArrays, Scratch
from lotwise.securities.market import Market

__all__ = [
    "cash_after",
    "hold_groups_in_conflict",
    "keep_cash",
    "take_from_lots",
    "too_small",
    "traded_value",
    "write_deltas",
]

# A trade worth less than half a cent is none (money is counted in hundredths of a cent).
_HALF_A_CENT = 50.0

# A weight below this is a position sold out: a hundredth of a cent in ten million dollars.
_SOLD_OUT = 1e-9


@inlined_kernel
def _sellable(book: Book, arrays: AccountArrays, name: int) -> int:
    total = 0
    for lot in range(arrays.problem.lot_start[name], arrays.problem.lot_start[name + 1]):
        total += book.lots.shares[arrays.lots[lot].row]
    return total


@inner_kernel
def write_deltas(
    book: Book, market: Market, arrays: AccountArrays, sizes: Sizes, weights: NDArray[np.float64], whole: bool
) -> None:
    """Write the signed shares that take each name to its weight; whole shares, or everything sellable of it."""
    for name in range(sizes.names):
        arrays.names[name].delta = 0
        move = weights[name] - arrays.problem.held[name]
        if abs(move) * sizes.value < _HALF_A_CENT:
            continue
        price = market.price[arrays.names[name].security]
        shares = int(np.round(abs(move) * sizes.value / price * SHARE))
        if whole:
            shares = (shares + SHARE // 2) // SHARE * SHARE
        if move < 0.0:
            sellable = _sellable(book, arrays, name)
            if weights[name] <= _SOLD_OUT and sellable == arrays.names[name].position:
                shares = sellable
            elif whole:
                shares = min(shares, sellable // SHARE * SHARE)
            else:
                shares = min(shares, sellable)
        arrays.names[name].delta = shares if move > 0.0 else -shares


@inner_kernel
def take_from_lots(book: Book, arrays: AccountArrays, sizes: Sizes) -> None:
    """Take what each name sells from its lots, cheapest first (specific identification)."""
    for name in range(sizes.names):
        left = max(-arrays.names[name].delta, 0)
        for lot in range(arrays.problem.lot_start[name], arrays.problem.lot_start[name + 1]):
            taken = min(left, book.lots.shares[arrays.lots[lot].row]) if left > 0 else 0
            arrays.lots[lot].sold = taken
            left -= taken


@inlined_kernel
def traded_value(market: Market, arrays: AccountArrays, name: int) -> int:
    """Money traded in one name."""
    return price_of_shares(abs(arrays.names[name].delta), market.price[arrays.names[name].security])


@inlined_kernel
def too_small(market: Market, arrays: AccountArrays, name: int, minimum: int) -> bool:
    """Whether a trade is below the minimum; a position sold out may be of any size."""
    delta = arrays.names[name].delta
    if delta == 0 or arrays.names[name].position + delta == 0:
        return False
    return traded_value(market, arrays, name) < minimum


@inlined_kernel
def _sells_loss(arrays: AccountArrays, name: int) -> bool:
    """Whether a name sells a lot at a loss; what is sold of a name are its first lots."""
    if arrays.names[name].delta >= 0:
        return False
    for lot in range(arrays.problem.lot_start[name], arrays.problem.lot_start[name + 1]):
        if arrays.lots[lot].sold == 0:
            return False
        if arrays.lots[lot].loss:
            return True
    return False


@inner_kernel
def hold_groups_in_conflict(market: Market, scratch: Scratch, sizes: Sizes, hold: NDArray[np.bool_]) -> int:
    """Mark buys of a name whose identical group is sold at a loss in this account; returns how many."""
    arrays, state = scratch.account, scratch.household
    found, losses = 0, 0
    for name in range(sizes.names):
        if _sells_loss(arrays, name):
            state.groups[market.identical[arrays.names[name].security]].losing = True
            losses += 1
    if losses == 0:
        return 0
    for name in range(sizes.names):
        if arrays.names[name].delta > 0 and state.groups[market.identical[arrays.names[name].security]].losing:
            hold[name] = True
            found += 1
    for name in range(sizes.names):
        if arrays.names[name].delta < 0:
            state.groups[market.identical[arrays.names[name].security]].losing = False
    return found


@inner_kernel
def cash_after(book: Book, market: Market, account: int, arrays: AccountArrays, sizes: Sizes) -> int:
    """Cash after the trades as written, lot by lot, exact."""
    cash = int(book.accounts.cash[account])
    for name in range(sizes.names):
        delta, price = arrays.names[name].delta, market.price[arrays.names[name].security]
        if delta > 0:
            cash -= price_of_shares(delta, price)
        elif delta < 0:
            for lot in range(arrays.problem.lot_start[name], arrays.problem.lot_start[name + 1]):
                if arrays.lots[lot].sold == 0:
                    break
                cash += price_of_shares(arrays.lots[lot].sold, price)
    return cash


@inner_kernel
def keep_cash(book: Book, market: Market, account: int, arrays: AccountArrays, sizes: Sizes, whole: bool) -> int:
    """Shrink the largest buys until the account does not overdraw (beyond what it was overdrawn); returns its cash.

    Rounding to a millionth of a share moves cash by less than a cent, so this touches at most a share of one buy.
    """
    floor = min(0, book.accounts.cash[account])
    cash = cash_after(book, market, account, arrays, sizes)
    while cash < floor:
        largest, most = -1, 0
        for name in range(sizes.names):
            worth = traded_value(market, arrays, name) if arrays.names[name].delta > 0 else 0
            if worth > most:
                largest, most = name, worth
        if largest < 0:
            return cash
        price = market.price[arrays.names[largest].security]
        short = mul_div(floor - cash, SHARE, price) + 1
        if whole:
            short = (short + SHARE - 1) // SHARE * SHARE
        arrays.names[largest].delta = max(arrays.names[largest].delta - short, 0)
        cash = cash_after(book, market, account, arrays, sizes)
    return cash
