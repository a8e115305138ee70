"""The way out of the door: weights become shares to trade, taken from lots; cash is kept to the last unit.

For the positions of an account solved alone, and for those of a household solved as one portfolio: a position is a
name in an account. `count` is how many positions are in hand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inlined_kernel, inner_kernel, kernel
from lotwise.money import SHARE, IntArray, mul_div, price_of_shares
from lotwise.rebalancing.scratch import Arrays
from lotwise.securities.market import Market

__all__ = [
    "HALF_A_CENT",
    "Tonight",
    "hold_groups_in_conflict",
    "keep_cash",
    "price_of_trades",
    "take_from_lots",
    "tonight_of",
    "too_small",
    "traded_value",
    "write_deltas",
    "write_weights",
]

# A trade worth less than half a cent is none (money is counted in hundredths of a cent), and a position that would be
# left with less is sold out: solutions are not exact to the last unit.
HALF_A_CENT = 50.0


class Tonight(NamedTuple):
    """The few columns of book and market that trades are made of: handing on all of them takes time to compile."""

    price: IntArray  # (N,) of a share, money
    identical: NDArray[np.int32]  # (N,)


@kernel
def tonight_of(market: Market) -> Tonight:
    """Pick what trades are made of."""
    return Tonight(market.price, market.identical)


@inlined_kernel
def _sellable(arrays: Arrays, position: int) -> int:
    total = 0
    for lot in range(arrays.problem.lot_start[position], arrays.problem.lot_start[position + 1]):
        if not arrays.lots[lot].barred:
            total += arrays.lots[lot].shares
    return total


@inner_kernel
def write_deltas(tonight: Tonight, arrays: Arrays, count: int, weights: NDArray[np.float64], whole: bool) -> None:
    """Write the signed shares that take each position to its weight; whole shares, or everything sellable of it."""
    for i in range(count):
        arrays.positions[i].delta = 0
        move, unit = weights[i] - arrays.problem.held[i], arrays.unit[i]
        price = tonight.price[arrays.positions[i].security]
        if not unit > 0.0 or abs(move) / unit * price < HALF_A_CENT:
            continue
        shares = int(np.round(abs(move) / unit * SHARE))
        if whole:
            shares = (shares + SHARE // 2) // SHARE * SHARE
        if move < 0.0:
            sellable = _sellable(arrays, i)
            if weights[i] / unit * price < HALF_A_CENT and sellable == arrays.positions[i].shares:
                shares = sellable
            elif whole:
                shares = min(shares, sellable // SHARE * SHARE)
            else:
                shares = min(shares, sellable)
        arrays.positions[i].delta = shares if move > 0.0 else -shares


@inner_kernel
def take_from_lots(arrays: Arrays, count: int) -> None:
    """Take what each position sells from its lots, cheapest first (specific identification)."""
    for i in range(count):
        left = max(-arrays.positions[i].delta, 0)
        for lot in range(arrays.problem.lot_start[i], arrays.problem.lot_start[i + 1]):
            free = left > 0 and not arrays.lots[lot].barred
            taken = min(left, arrays.lots[lot].shares) if free else 0
            arrays.lots[lot].sold = taken
            left -= taken


@inner_kernel
def write_weights(arrays: Arrays, count: int) -> None:
    """Write the weight each position has after its trades."""
    for i in range(count):
        arrays.written[i] = (arrays.positions[i].shares + arrays.positions[i].delta) / SHARE * arrays.unit[i]


@inner_kernel
def price_of_trades(arrays: Arrays, count: int, turnover: float) -> float:
    """Tax and cost of the trades as written, lots as sold: their part of the objective, fraction of value.

    Without `turnover`, what a dollar traded is charged beside: it keeps a cap and is paid to nobody.
    """
    problem, total, traded = arrays.problem, 0.0, 0.0
    for i in range(count):
        delta = arrays.positions[i].delta
        if delta > 0:
            bought = delta / SHARE * arrays.unit[i]
            total += problem.buy_cost[i] * bought
            traded += bought
        elif delta < 0:
            for lot in range(problem.lot_start[i], problem.lot_start[i + 1]):
                part = arrays.lots[lot].sold / arrays.lots[lot].shares
                total += problem.lot_price[lot] * problem.lot_quantity[lot] * part
                traded += problem.lot_quantity[lot] * part
    return total - turnover * traded


@inlined_kernel
def traded_value(tonight: Tonight, arrays: Arrays, position: int) -> int:
    """Money traded in one position."""
    return price_of_shares(abs(arrays.positions[position].delta), tonight.price[arrays.positions[position].security])


@inlined_kernel
def too_small(tonight: Tonight, arrays: Arrays, position: int, minimum: int) -> bool:
    """Whether a trade is below the minimum; a position sold out may be of any size."""
    delta = arrays.positions[position].delta
    if delta == 0 or arrays.positions[position].shares + delta == 0:
        return False
    return traded_value(tonight, arrays, position) < minimum


@inlined_kernel
def _sells_loss(arrays: Arrays, position: int) -> bool:
    """Whether a position sells a lot at a loss."""
    if arrays.positions[position].delta >= 0:
        return False
    for lot in range(arrays.problem.lot_start[position], arrays.problem.lot_start[position + 1]):
        if arrays.lots[lot].loss and arrays.lots[lot].sold > 0:
            return True
    return False


@inner_kernel
def hold_groups_in_conflict(
    tonight: Tonight, arrays: Arrays, groups: Records, count: int, hold: NDArray[np.bool_]
) -> int:
    """Mark buys of a name whose identical group is sold at a loss by one of these positions; returns how many."""
    found, losses = 0, 0
    for i in range(count):
        if _sells_loss(arrays, i):
            groups[tonight.identical[arrays.positions[i].security]].losing = True
            losses += 1
    if losses == 0:
        return 0
    for i in range(count):
        if arrays.positions[i].delta > 0 and groups[tonight.identical[arrays.positions[i].security]].losing:
            hold[i] = True
            found += 1
    for i in range(count):
        if arrays.positions[i].delta < 0:
            groups[tonight.identical[arrays.positions[i].security]].losing = False
    return found


@inner_kernel
def _cash_after(tonight: Tonight, cash: int, account: int, arrays: Arrays, count: int) -> int:
    """Cash of an account that has `cash` after its trades as written, lot by lot, exact."""
    for i in range(count):
        delta = arrays.positions[i].delta
        if delta == 0 or arrays.positions[i].account != account:
            continue
        price = tonight.price[arrays.positions[i].security]
        if delta > 0:
            cash -= price_of_shares(delta, price)
        else:
            for lot in range(arrays.problem.lot_start[i], arrays.problem.lot_start[i + 1]):
                cash += price_of_shares(arrays.lots[lot].sold, price)
    return cash


@inner_kernel
def keep_cash(tonight: Tonight, before: int, account: int, arrays: Arrays, count: int, whole: bool) -> int:
    """Shrink the largest buys until an account does not overdraw (beyond what it was overdrawn); returns its cash.

    `before` is its cash before the trades, `account` what its positions call it. Rounding to a millionth of a share
    moves cash by less than a cent, so this touches at most a share of one buy.
    """
    floor = min(0, before)
    cash = _cash_after(tonight, before, account, arrays, count)
    while cash < floor:
        largest, most = -1, 0
        for i in range(count):
            buys = arrays.positions[i].delta > 0 and arrays.positions[i].account == account
            worth = traded_value(tonight, arrays, i) if buys else 0
            if worth > most:
                largest, most = i, worth
        if largest < 0:
            return cash
        price = tonight.price[arrays.positions[largest].security]
        short = mul_div(floor - cash, SHARE, price) + 1
        if whole:
            short = (short + SHARE - 1) // SHARE * SHARE
        arrays.positions[largest].delta = max(arrays.positions[largest].delta - short, 0)
        cash = _cash_after(tonight, before, account, arrays, count)
    return cash
