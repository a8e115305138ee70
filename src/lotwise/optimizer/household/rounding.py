"""Whole shares of a household: rounded down, topped up by largest remainder, then improved share by share.

Judged, as in `optimizer.rounding`, by the true objective. A name's risk is that of all its positions together, so that
a share that one account sells and another buys changes only costs and cash: that is tried too. Every move lowers the
objective; the result is never worse than plain rounding down.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inlined_kernel, inner_kernel, kernel, summing_kernel
from lotwise.optimizer.household.position_weights import missed, side_taken, write_rows
from lotwise.optimizer.household.problem import HouseholdProblem, HouseholdWorkspace
from lotwise.optimizer.preparation import penalty_of
from lotwise.optimizer.problem import Floats, Ints, Places

__all__ = ["round_to_shares"]

# Passes of improvement; on ordinary households the third finds next to nothing.
_MOST_PASSES = 6

# Shares of one name that move in one pass.
_MOST_MOVES = 8

# A trade below this fraction of the household is none (a tenth of a cent in a million dollars).
_NO_TRADE = 1e-9

# An improvement below this fraction of value (divided by gamma) is rounding noise.
_LEAST_GAIN = 1e-15

# Parts of a share that are rounding noise.
_PART = 1e-9

# Cash that is below its floor by no more than this fraction of value is at it.
_AT_FLOOR = 1e-14


class Shares(NamedTuple):
    """What moving a share takes, on the memory of a solve."""

    table: Records
    pieces: Records
    piece: Ints  # (N,) about where a column is
    curvature: Floats  # (n,) of names
    target: Floats
    low: Floats
    high: Floats
    loadings: Floats  # (n, k)
    groups: Floats  # (k + g, n) rows of names
    right_side: Floats  # (m,)
    link_start: Ints
    link_row: Ints
    link_coefficient: Floats
    held: Floats  # (C,)
    unit: Floats  # (C,)
    weights: Floats  # (C,)
    column: Ints  # (C,) of each position on the side of its name
    name: Places  # (C,)
    remainder: Floats  # (C,) of a share, rounded down; -1 = the position is not to be moved
    rows: Floats  # (m,) what rows reach
    name_weight: Floats  # (n,)
    floor: Floats  # (A,) least cash of accounts
    kept: Floats  # (A,) that, or what the continuous solution leaves if less
    penalty: float


@inlined_kernel
def _shares(
    problem: HouseholdProblem, fit: HouseholdWorkspace, unit: NDArray[np.float64], weights: NDArray[np.float64]
) -> Shares:
    columns, base = fit.columns, fit.state.base
    return Shares(
        columns.base.table,
        columns.base.pieces,
        base.piece,
        columns.curvature,
        columns.anchor,
        columns.low,
        columns.high,
        problem.loadings,
        columns.base.rows,
        columns.base.right_side,
        columns.link_start,
        columns.link_row,
        columns.link_coefficient,
        problem.held,
        unit,
        weights,
        base.loose,
        base.chosen,
        base.weight_next,
        base.gradient,
        fit.state.name_weight,
        fit.state.lacks,
        fit.state.room,
        penalty_of(columns.base),
    )


@inlined_kernel
def _rise(table: Records, pieces: Records, column: int, guess: int, weight: float, step: float) -> float:
    """Change of a column's function (lines) over the pieces in force when its weight moves by `step`."""
    first, last = table[column].start, table[column].stop - 1
    p = min(max(guess, first), last)
    while p > first and weight < pieces[p].left:
        p -= 1
    while p < last and weight > pieces[p].right:
        p += 1
    after, q = weight + step, p
    while q > first and after < pieces[q].left:
        q -= 1
    while q < last and after > pieces[q].right:
        q += 1
    if p == q:
        return float(step * pieces[p].slope)
    before = pieces[p].value + pieces[p].slope * (weight - pieces[p].left)
    return float(pieces[q].value + pieces[q].slope * (after - pieces[q].left) - before)


@inlined_kernel
def _own_change(shares: Shares, position: int, step: float) -> float:
    """What moving a position does to its own costs, its account's cash and its account's groups."""
    c = shares.column[position]
    total = _rise(shares.table, shares.pieces, c, shares.piece[c], shares.weights[position], step)
    slack = shares.table.size - shares.rows.size
    first = shares.link_start[c]
    for link in range(first, shares.link_start[c + 1]):
        row = shares.link_row[link]
        j = slack + row
        sign = -1.0 if link == first else 1.0  # the first link is that of cash, which is what the row leaves
        reached = sign * (shares.rows[row] - shares.right_side[row])
        move = sign * step * shares.link_coefficient[link]
        total += _rise(shares.table, shares.pieces, j, shares.table[j].start, reached, move)
    return total


@summing_kernel
def _pull(loadings: NDArray[np.float64], name: int, rows: Floats, right_side: Floats) -> tuple[float, float]:
    """Slope and curvature that the factors give a name's weight at these rows."""
    slope, curvature = 0.0, 0.0
    x = loadings[name]
    for r in range(x.size):
        slope += x[r] * (rows[r] - right_side[r])
        curvature += x[r] * x[r]
    return slope, curvature


@inlined_kernel
def _common_change(shares: Shares, name: int, step: float, pull: tuple[float, float]) -> float:
    """What moving a name's weight does to risk, its bounds and groups, in whatever account it moves."""
    if step == 0.0:
        return 0.0
    t, low, high = shares.name_weight[name], shares.low[name], shares.high[name]
    total = step * (pull[0] + 0.5 * step * pull[1])
    total += shares.curvature[name] * step * (t - shares.target[name] + 0.5 * step)
    total += shares.penalty * (missed(t + step, low, high) - missed(t, low, high))
    slack = shares.table.size - shares.rows.size
    for r in range(shares.loadings.shape[1], shares.groups.shape[0]):
        move = step * shares.groups[r, name]
        if move != 0.0:
            total += _rise(shares.table, shares.pieces, slack + r, shares.table[slack + r].start, shares.rows[r], move)
    return total


@inlined_kernel
def _step_of(shares: Shares, position: int, sign: float) -> float:
    """How the weight moves with a share more (sign 1) or less (-1), 0 where that cannot be.

    Counted from what is held, so that no trade is left of a share there and back. What is less than a share is sold
    with the last one where all may be sold.
    """
    c, unit = shares.column[position], shares.unit[position]
    least = shares.pieces[shares.table[c].start].left
    most = shares.pieces[shares.table[c].stop - 1].right
    h, w = shares.held[position], shares.weights[position]
    count = np.rint((w - h) / unit) + sign
    after = h + count * unit
    if after > most + _PART * unit:
        return 0.0
    if after <= _PART * unit and least <= 0.0:
        return float(-w)
    if after < least - _PART * unit:
        return 0.0
    return float(after - w)


@inlined_kernel
def _leaves_cash(shares: Shares, position: int, step: float, floor: NDArray[np.float64]) -> bool:
    """Whether an account has the cash for a step."""
    row = shares.link_row[shares.link_start[shares.column[position]]]
    account = row - shares.groups.shape[0]
    return bool(step <= 0.0 or shares.right_side[row] - shares.rows[row] - step >= floor[account] - _AT_FLOOR)


@inner_kernel
def _move(shares: Shares, position: int, step: float) -> None:
    name, c = int(shares.name[position]), shares.column[position]
    factors = shares.loadings.shape[1]
    shares.weights[position] += step
    if shares.weights[position] == 0.0:
        shares.remainder[position] = -1.0  # sold out, and stays so
    shares.name_weight[name] += step
    for r in range(factors):
        shares.rows[r] += step * shares.loadings[name, r]
    for r in range(factors, shares.groups.shape[0]):
        shares.rows[r] += step * shares.groups[r, name]
    for link in range(shares.link_start[c], shares.link_start[c + 1]):
        shares.rows[shares.link_row[link]] += step * shares.link_coefficient[link]


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
    down = np.floor(count + _PART)
    if h + down * unit < least - _PART * unit:
        if least <= 0.0:
            shares.weights[position] = 0.0
            return
        down = np.ceil((least - h) / unit - _PART)
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
        first = fit.columns.sides[side_taken(fit.columns, fit.choice, i)].first
        for p in range(start, problem.position_start[i + 1]):
            shares.column[p] = first + p - start
            shares.name[p] = i
            _round_down(shares, p)


@inner_kernel
def _keep_cash(shares: Shares) -> None:
    """Take single shares back where trades too small to be any were the cash of an account."""
    for a in range(shares.kept.size):
        row = shares.groups.shape[0] + a
        while shares.right_side[row] - shares.rows[row] < shares.kept[a] - _AT_FLOOR:
            least, best, size = np.inf, -1, 0.0
            for p in range(shares.held.size):
                if shares.remainder[p] < 0.0 or shares.link_row[shares.link_start[shares.column[p]]] != row:
                    continue
                step = _step_of(shares, p, -1.0)
                if step < 0.0:
                    i = int(shares.name[p])
                    pull = _pull(shares.loadings, i, shares.rows, shares.right_side)
                    change = _own_change(shares, p, step) + _common_change(shares, i, step, pull)
                    if change < least:
                        least, best, size = change, p, step
            if best < 0:
                break
            _move(shares, best, size)


@inner_kernel
def _top_up(shares: Shares, order: Ints) -> None:
    """Give the shares that rounding down left over, in this order, where they are a gain and while cash lasts."""
    for p in order:
        step = _step_of(shares, p, 1.0)
        if step <= 0.0 or not _leaves_cash(shares, p, step, shares.floor):
            continue
        i = int(shares.name[p])
        pull = _pull(shares.loadings, i, shares.rows, shares.right_side)
        if _own_change(shares, p, step) + _common_change(shares, i, step, pull) < -_LEAST_GAIN:
            _move(shares, p, step)


@inner_kernel
def _improve_name(shares: Shares, name: int, first: int, stop: int) -> bool:
    """Move the share of a name whose move gains the most: more of it, less of it, or from one account to another."""
    pull = _pull(shares.loadings, name, shares.rows, shares.right_side)
    gain, sells, buys = -_LEAST_GAIN, -1, -1
    sell_change, seller, sell_next, next_seller = np.inf, -1, np.inf, -1
    buy_change, buyer, buy_next, next_buyer = np.inf, -1, np.inf, -1
    for p in range(first, stop):
        if shares.remainder[p] < 0.0:
            continue
        step = _step_of(shares, p, -1.0)
        if step < 0.0:
            own = _own_change(shares, p, step)
            change = own + _common_change(shares, name, step, pull)
            if change < gain:
                gain, sells, buys = change, p, -1
            if own < sell_change:
                sell_change, seller, sell_next, next_seller = own, p, sell_change, seller
            elif own < sell_next:
                sell_next, next_seller = own, p
        step = _step_of(shares, p, 1.0)
        if step > 0.0 and _leaves_cash(shares, p, step, shares.floor):
            own = _own_change(shares, p, step)
            change = own + _common_change(shares, name, step, pull)
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
        step = _step_of(shares, s, -1.0) + _step_of(shares, b, 1.0)
        change = own + _common_change(shares, name, step, pull)
        if change < gain:
            gain, sells, buys = change, s, b
    less = _step_of(shares, sells, -1.0) if sells >= 0 else 0.0
    more = _step_of(shares, buys, 1.0) if buys >= 0 else 0.0
    if sells >= 0:
        _move(shares, sells, less)
    if buys >= 0:
        _move(shares, buys, more)
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
            for _move_of in range(_MOST_MOVES):
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
    shares = _shares(problem, fit, unit, weights)
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
    shares = _shares(problem, fit, unit, weights)
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

    `unit` (C,) is the weight of a share. Works on the sides of fit.choice and the pieces in force, so that a name keeps its side and what is pinned stays.
    No account's cash falls below its band's floor, or what it has if less; or what the weights leave if less still.
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
