"""Whole shares of a household: rounded down, topped up by largest remainder, then improved share by share.

Judged, as in `optimizer.rounding`, by the true objective. A name's risk is that of all its positions together, so that
a share that one account sells and another buys changes only costs and cash: that is tried too. Every move lowers the
objective; the result is never worse than plain rounding down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inlined_kernel, inner_kernel, kernel
from lotwise.optimizer.household.position_weights import side_taken, write_rows
from lotwise.optimizer.household.problem import HouseholdProblem, HouseholdWorkspace, column_of
from lotwise.optimizer.household.shares import (
    AT_FLOOR,
    PART,
    Shares,
    common_change,
    leaves_cash,
    move,
    own_change,
    pull_of,
    shares_of,
    step_of,
)
from lotwise.optimizer.problem import Ints

__all__ = ["round_to_shares"]

# Passes of improvement; on ordinary households the third finds next to nothing.
_MOST_PASSES = 6

# Shares of one name that move in one pass.
_MOST_MOVES = 8

# A trade below this fraction of the household is none (a tenth of a cent in a million dollars).
_NO_TRADE = 1e-9

# An improvement below this fraction of value (divided by gamma) is rounding noise.
_LEAST_GAIN = 1e-15


@inlined_kernel
def _round_down(shares: Shares, position: int) -> None:
    """Round a trade toward the smaller weight; what is sold out stays sold out, what is not traded untraded."""
    c, unit = shares.column[position], shares.unit[position]
    h, w = shares.held[position], shares.weights[position]
    least = shares.pieces[shares.table[c].start].left
    shares.remainder[position] = -1.0
    if abs(w - h) <= _NO_TRADE or not unit > 0.0:
        shares.weights[position] = h
        return
    if least <= 0.0 and w <= _NO_TRADE:
        shares.weights[position] = 0.0
        return
    count = (w - h) / unit
    down = np.floor(count + PART)
    if h + down * unit < least - PART * unit:
        if least <= 0.0:
            shares.weights[position] = 0.0
            return
        down = np.ceil((least - h) / unit - PART)
    shares.weights[position] = h + down * unit if down != 0.0 else h
    shares.remainder[position] = max(count - down, 0.0)


@inner_kernel
def _write_floors(problem: HouseholdProblem, shares: Shares) -> None:
    """Write the least cash of each account: its band's floor, or what it has if less."""
    first_row = shares.groups.shape[0]
    slack = shares.table.size - shares.rows.size
    for a in range(problem.value.size):
        row = first_row + a
        shares.floor[a] = min(problem.cash_low[a], shares.table[slack + row].held)
        shares.kept[a] = min(shares.floor[a], shares.right_side[row] - shares.rows[row])


@inner_kernel
def _round_all_down(problem: HouseholdProblem, fit: HouseholdWorkspace, shares: Shares) -> None:
    """Round every position down."""
    for i in range(problem.target.size):
        start = problem.position_start[i]
        side = side_taken(fit.columns, fit.choice, i)
        for p in range(start, problem.position_start[i + 1]):
            shares.column[p] = column_of(fit.columns, side, p - start)
            shares.name[p] = i
            _round_down(shares, p)


@inner_kernel
def _keep_cash(shares: Shares) -> None:
    """Take back the shares that matter least where an account would end below its floor.

    Rounding down leaves cash, but for trades too small to be any, and where fewer whole shares may be sold than shares.
    """
    for a in range(shares.kept.size):
        row = shares.groups.shape[0] + a
        while shares.right_side[row] - shares.rows[row] < shares.kept[a] - AT_FLOOR:
            least, best, size = np.inf, -1, 0.0
            for p in range(shares.held.size):
                if shares.remainder[p] < 0.0 or shares.link_row[shares.link_start[shares.column[p]]] != row:
                    continue
                step = step_of(shares, p, -1.0)
                if step < 0.0:
                    i = int(shares.name[p])
                    pull = pull_of(shares.loadings, i, shares.rows, shares.right_side)
                    change = own_change(shares, p, step) + common_change(shares, i, step, pull)
                    if change < least:
                        least, best, size = change, p, step
            if best < 0:
                break
            move(shares, best, size)


@inner_kernel
def _top_up(shares: Shares, order: Ints) -> None:
    """Give the shares that rounding down left over, in this order, where they are a gain and while cash lasts."""
    for p in order:
        step = step_of(shares, p, 1.0)
        if step <= 0.0 or not leaves_cash(shares, p, step):
            continue
        i = int(shares.name[p])
        pull = pull_of(shares.loadings, i, shares.rows, shares.right_side)
        if own_change(shares, p, step) + common_change(shares, i, step, pull) < -_LEAST_GAIN:
            move(shares, p, step)


@inner_kernel
def _improve_name(shares: Shares, name: int, first: int, stop: int) -> bool:
    """Move the share of a name whose move gains the most: more of it, less of it, or from one account to another."""
    pull = pull_of(shares.loadings, name, shares.rows, shares.right_side)
    gain, sells, buys = -_LEAST_GAIN, -1, -1
    sell_change, seller, sell_next, next_seller = np.inf, -1, np.inf, -1
    buy_change, buyer, buy_next, next_buyer = np.inf, -1, np.inf, -1
    for p in range(first, stop):
        if shares.remainder[p] < 0.0:
            continue
        step = step_of(shares, p, -1.0)
        if step < 0.0:
            own = own_change(shares, p, step)
            change = own + common_change(shares, name, step, pull)
            if change < gain:
                gain, sells, buys = change, p, -1
            if own < sell_change:
                sell_change, seller, sell_next, next_seller = own, p, sell_change, seller
            elif own < sell_next:
                sell_next, next_seller = own, p
        step = step_of(shares, p, 1.0)
        if step > 0.0 and leaves_cash(shares, p, step):
            own = own_change(shares, p, step)
            change = own + common_change(shares, name, step, pull)
            if change < gain:
                gain, sells, buys = change, -1, p
            if own < buy_change:
                buy_change, buyer, buy_next, next_buyer = own, p, buy_change, buyer
            elif own < buy_next:
                buy_next, next_buyer = own, p
    for each in range(2):
        s, b = (seller, buyer) if seller != buyer else ((seller, next_buyer) if each == 0 else (next_seller, buyer))
        if s < 0 or b < 0:
            continue
        own = (sell_change if s == seller else sell_next) + (buy_change if b == buyer else buy_next)
        step = step_of(shares, s, -1.0) + step_of(shares, b, 1.0)
        change = own + common_change(shares, name, step, pull)
        if change < gain:
            gain, sells, buys = change, s, b
    less = step_of(shares, sells, -1.0) if sells >= 0 else 0.0
    more = step_of(shares, buys, 1.0) if buys >= 0 else 0.0
    if sells >= 0:
        move(shares, sells, less)
    if buys >= 0:
        move(shares, buys, more)
    return sells >= 0 or buys >= 0


@inner_kernel
def _improve(problem: HouseholdProblem, shares: Shares) -> None:
    for _ in range(_MOST_PASSES):
        moved = False
        for i in range(problem.target.size):
            first, stop = problem.position_start[i], problem.position_start[i + 1]
            tradable = False
            for p in range(first, stop):
                tradable = tradable or shares.remainder[p] >= 0.0
            if not tradable:
                continue
            for _move in range(_MOST_MOVES):
                if not _improve_name(shares, i, first, stop):
                    break
                moved = True
        if not moved:
            break


@inner_kernel
def _begin(
    problem: HouseholdProblem, fit: HouseholdWorkspace, unit: NDArray[np.float64], weights: NDArray[np.float64]
) -> int:
    """Round down, with the cash of every account kept; returns how many positions have a remainder."""
    shares = shares_of(problem, fit, unit, weights)
    write_rows(problem, fit, weights)
    _write_floors(problem, shares)
    _round_all_down(problem, fit, shares)
    write_rows(problem, fit, weights)
    _keep_cash(shares)
    count = 0
    for p in range(weights.size):
        count += shares.remainder[p] > 0.0
    return count


@inner_kernel
def _finish(
    problem: HouseholdProblem,
    fit: HouseholdWorkspace,
    unit: NDArray[np.float64],
    weights: NDArray[np.float64],
    order: NDArray[np.int64],
) -> None:
    """Top up in this order, and improve."""
    shares = shares_of(problem, fit, unit, weights)
    _top_up(shares, order)
    _improve(problem, shares)


@kernel
def round_to_shares(
    problem: HouseholdProblem,
    fit: HouseholdWorkspace,
    unit: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> None:
    """Round `weights` (C,) in place so that every trade is a whole number of units, or a sale out.

    `unit` (C,) is the weight of a share. Works on the sides of fit.choice and the pieces in force, so that a name keeps
    its side and what is pinned stays.
    No account's cash falls below its band's floor, or what it has if less, or what `weights` leave if less still;
    unless nothing is left of its trades that could be undone or sold.
    Uses memory of the state; state.name_weight and state.base.gradient are left at what names and rows reach.
    """
    count = _begin(problem, fit, unit, weights)
    remainder, found, parts = fit.state.base.weight_next, np.empty(count, np.int64), np.empty(count)
    count = 0
    for p in range(weights.size):
        if remainder[p] > 0.0 and count < found.size:
            found[count] = p
            parts[count] = -remainder[p]
            count += 1
    _finish(problem, fit, unit, weights, found[np.argsort(parts)])
