"""A column's function of one variable, as pieces: how they are made from lots, evaluated and minimised.

Every function here is O(pieces of one column), and nearly always touches one or two of them: the piece on which the
column was last found is where the next search starts.
"""

from __future__ import annotations

import numpy as np

from lotwise.kernels import Records, inlined_kernel, inner_kernel
from lotwise.optimizer.problem import AccountProblem, Columns

__all__ = [
    "DUST",
    "add_bounded",
    "add_names",
    "add_piece",
    "add_slack",
    "branch_minimum",
    "least_from",
    "least_on",
    "least_piece",
    "most_of",
    "piece_from",
    "true_value",
    "value_at",
    "value_from",
    "value_on",
]

# A lot below this fraction of the account (a hundredth of a cent in a million dollars) cannot be told from rounding;
# as a piece it would only make a name look non-convex.
DUST = 1e-14


@inlined_kernel
def value_on(columns: Columns, column: int, piece: int, weight: float) -> float:
    """Value of a column's function at a weight on a known piece."""
    away = weight - columns.table[column].anchor
    return float(
        columns.pieces[piece].value
        + columns.pieces[piece].slope * (weight - columns.pieces[piece].left)
        + 0.5 * columns.pieces[piece].curved * away * away
    )


@inner_kernel
def value_at(columns: Columns, column: int, first: int, stop: int, weight: float) -> float:
    """Value of a column's function at a weight, searching pieces first .. stop."""
    piece = first
    while piece < stop - 1 and weight > columns.pieces[piece].right:
        piece += 1
    return value_on(columns, column, piece, weight)


@inlined_kernel
def piece_from(columns: Columns, among: tuple[int, int], piece: int, weight: float) -> int:
    """The piece that a weight is on, of those from `among`[0] up to `among`[1], searched from `piece` outward."""
    first, last = among[0], among[1] - 1
    p = min(max(piece, first), last)
    while p > first and weight < columns.pieces[p].left:
        p -= 1
    while p < last and weight > columns.pieces[p].right:
        p += 1
    return p


@inner_kernel
def value_from(columns: Columns, column: int, piece: int, weight: float) -> float:
    """Value of a column's function at a weight over the pieces in force, searched from a piece outward."""
    among = (columns.table[column].start, columns.table[column].stop)
    return value_on(columns, column, piece_from(columns, among, piece, weight), weight)


@inlined_kernel
def true_value(columns: Columns, column: int, weight: float) -> float:
    """Value of a column's true function at a weight, searched from where its buy begins: few trades go far."""
    among = (columns.table[column].own_start, columns.table[column].own_stop)
    return value_on(columns, column, piece_from(columns, among, columns.table[column].hinge, weight), weight)


@inner_kernel
def least_piece(columns: Columns, column: int, among: tuple[int, int], piece: int, price: float) -> int:
    """The piece, of those from `among`[0] up to `among`[1], on which function + price x w is least.

    They must be convex together: where no neighbour of a piece falls lower there is no lower one at all. The search
    goes outward from `piece`.
    """
    b = columns.table[column].anchor
    first, last = among[0], among[1] - 1
    p = min(max(piece, first), last)
    while (
        p > first
        and columns.pieces[p - 1].curved * (columns.pieces[p].left - b) + columns.pieces[p - 1].slope + price > 0.0
    ):
        p -= 1
    while (
        p < last
        and columns.pieces[p + 1].curved * (columns.pieces[p].right - b) + columns.pieces[p + 1].slope + price < 0.0
    ):
        p += 1
    return p


@inner_kernel
def least_on(columns: Columns, column: int, piece: int, price: float) -> tuple[float, float]:
    """Least of a column's function + price x w on one piece, and the w that gives it."""
    b = columns.table[column].anchor
    slope = columns.pieces[piece].slope + price
    curved = columns.pieces[piece].curved
    w = columns.pieces[piece].left
    if curved * (w - b) + slope < 0.0:
        w = columns.pieces[piece].right
        if curved * (w - b) + slope > 0.0:
            w = b - slope / curved
    return value_on(columns, column, piece, w) + price * w, w


@inner_kernel
def least_from(columns: Columns, column: int, piece: int, price: float) -> float:
    """Least of a column's function + price x w over the pieces in force, searched from a piece outward."""
    among = (columns.table[column].start, columns.table[column].stop)
    return least_on(columns, column, least_piece(columns, column, among, piece, price), price)[0]


@inner_kernel
def branch_minimum(columns: Columns, column: int, first: int, stop: int, price: float) -> tuple[float, float]:
    """Minimise the true function + price x w over pieces first .. stop, which must be convex among themselves.

    Returns (minimum, w). No proximal term: this is what the dual bound is made of.
    """
    return least_on(columns, column, least_piece(columns, column, (first, stop), first, price), price)


@inlined_kernel
def add_piece(pieces: Records, at: int, left: float, right: float, slope: float, curved: float, value: float) -> int:
    """Write a piece; returns where the next one goes."""
    pieces[at].left = left
    pieces[at].right = right
    pieces[at].slope = slope
    pieces[at].curved = curved
    pieces[at].value = value
    return at + 1


@inlined_kernel
def add_bounded(
    pieces: Records,
    at: int,
    ends: tuple[float, float],
    line: tuple[float, float],
    curved: float,
    bounds: tuple[float, float, float],
) -> int:
    """Append a line over [left, right], cut where the soft bounds (low, high, penalty) begin to bite."""
    x, right = ends
    slope, cost = line
    low, high, penalty = bounds
    if low <= x and right <= high:
        return add_piece(pieces, at, x, right, slope, curved, cost)
    while True:
        end = right
        if x < low < end:
            end = low
        elif low <= x < high < end:
            end = high
        extra = 0.0
        fine = 0.0
        if x < low:
            extra = -penalty
            fine = penalty * (low - x)
        elif x >= high and right > x:
            extra = penalty
            fine = penalty * (x - high)
        elif x > high:
            fine = penalty * (x - high)
        at = add_piece(pieces, at, x, end, slope + extra, curved, cost + fine)
        cost += slope * (end - x)
        x = end
        if x >= right:
            return at


@inner_kernel
def _add_lots(problem: AccountProblem, columns: Columns, name: int, at: int) -> int:
    """Write the lots of a name without bounds, from h downward: the cheapest lot is the last piece."""
    scale = 1.0 / problem.risk_price
    first, stop = problem.lot_start[name], problem.lot_start[name + 1]
    count = 0
    for lot in range(first, stop):
        count += problem.lot_quantity[lot] > DUST
    p = at + count
    right = problem.held[name]
    left = right
    cost = 0.0
    for lot in range(first, stop):
        quantity = problem.lot_quantity[lot]
        if quantity <= DUST:
            continue
        p -= 1
        price = problem.lot_price[lot] * scale
        left = right - quantity
        if p == at and left < DUST:
            left = 0.0
        cost += price * quantity
        add_piece(columns.pieces, p, left, right, -price, 2.0 * problem.specific[name], cost)
        right = left
    return at + count


@inner_kernel
def _add_bounded_name(problem: AccountProblem, columns: Columns, name: int, at: int, penalty: float) -> tuple[int, int]:
    """Write the pieces of a name with bounds, from the least weight upward: (where the buy begins, where it ends)."""
    bounds = (problem.low[name], problem.high[name], penalty)
    start = at
    scale = 1.0 / problem.risk_price
    h = problem.held[name]
    curved = 2.0 * problem.specific[name]
    total = 0.0
    cost = 0.0
    first_lot = problem.lot_start[name]
    last_lot = problem.lot_start[name + 1]
    for lot in range(first_lot, last_lot):
        if problem.lot_quantity[lot] > DUST:
            total += problem.lot_quantity[lot]
            cost += problem.lot_quantity[lot] * problem.lot_price[lot] * scale
    x = h - total
    if x < DUST:
        x = 0.0
    sold = total
    for backwards in range(last_lot - first_lot):
        lot = last_lot - 1 - backwards
        quantity = problem.lot_quantity[lot]
        if quantity <= DUST:
            continue
        price = problem.lot_price[lot] * scale
        sold -= quantity
        right = h - sold if sold > DUST else h
        at = add_bounded(columns.pieces, at, (x, right), (-price, cost), curved, bounds)
        cost -= price * quantity
        x = right
    hinge = at
    upper = max(1.0, h)
    if problem.may_buy[name] and upper > h:
        at = add_bounded(columns.pieces, at, (h, upper), (problem.buy_cost[name] * scale, 0.0), curved, bounds)
    elif at == start:
        at = add_bounded(columns.pieces, at, (h, h), (0.0, 0.0), curved, bounds)
        hinge = start
    return hinge, at


@inner_kernel
def _add_plain_name(problem: AccountProblem, columns: Columns, name: int, at: int) -> tuple[int, int]:
    """Write the pieces of a name without bounds: (where the buy begins, where it ends)."""
    h = problem.held[name]
    upper = max(1.0, h)
    hinge = _add_lots(problem, columns, name, at)
    buys = problem.may_buy[name] and upper > h
    slope = problem.buy_cost[name] / problem.risk_price if buys else 0.0
    # Written in any case, and overwritten by the next name where it does not count.
    add_piece(columns.pieces, hinge, h, upper if buys else h, slope, 2.0 * problem.specific[name], 0.0)
    stop = hinge + (buys or hinge == at)
    return hinge, stop


@inner_kernel
def _describe_name(problem: AccountProblem, columns: Columns, name: int, start: int, hinge: int, stop: int) -> None:
    """Write the row of a name whose pieces stand."""
    columns.table[name].own_start = start
    columns.table[name].hinge = hinge
    columns.table[name].own_stop = stop
    columns.table[name].anchor = problem.target[name]
    columns.table[name].curvature = 2.0 * problem.specific[name]
    columns.table[name].held = problem.held[name]
    both = start < hinge < stop
    columns.table[name].kinked = both and columns.pieces[hinge - 1].slope > columns.pieces[hinge].slope


@inlined_kernel
def most_of(problem: AccountProblem, name: int) -> float:
    """Greatest weight that a bound lets a name have; infinite where the whole account is within it.

    Pieces end at the whole account without a fine: a weight beyond it is the roundoff of what cash owes.
    """
    return problem.high[name] if problem.high[name] < max(1.0, problem.held[name]) else np.inf


@inner_kernel
def add_names(problem: AccountProblem, columns: Columns, penalty: float) -> int:
    """Write the pieces of every name, divided by gamma; returns where the next column's begin.

    From the least weight upward: the lots, dearest first, then the buy. Lots of no quantity are dropped: a zero-sized
    loss lot must not make a name non-convex. `penalty` is P / gamma. Names with bounds come after the others.
    """
    at = 0
    bounded = 0
    for name in range(problem.target.size):
        if problem.low[name] > 0.0 or most_of(problem, name) < np.inf:
            bounded += 1
        else:
            hinge, stop = _add_plain_name(problem, columns, name, at)
            _describe_name(problem, columns, name, at, hinge, stop)
            at = stop
    return _add_bounded_names(problem, columns, at, penalty) if bounded else at


@inner_kernel
def _add_bounded_names(problem: AccountProblem, columns: Columns, at: int, penalty: float) -> int:
    for name in range(problem.target.size):
        if problem.low[name] > 0.0 or most_of(problem, name) < np.inf:
            hinge, stop = _add_bounded_name(problem, columns, name, at, penalty)
            _describe_name(problem, columns, name, at, hinge, stop)
            at = stop
    return at


@inner_kernel
def add_slack(
    columns: Columns,
    column: int,
    at: int,
    ends: tuple[float, float],
    band: tuple[float, float],
    penalty: tuple[float, float],
) -> int:
    """Write a slack: free inside its band, at a price outside it, never beyond its ends.

    `penalty` holds the prices below and above the band.
    """
    left, right = ends
    low = min(max(band[0], left), right)
    high = min(max(band[1], low), right)
    columns.table[column].own_start = at
    if left < low:
        at = add_piece(columns.pieces, at, left, low, -penalty[0], 0.0, penalty[0] * (low - left))
    if low < high:
        at = add_piece(columns.pieces, at, low, high, 0.0, 0.0, 0.0)
    if high < right:
        at = add_piece(columns.pieces, at, high, right, penalty[1], 0.0, 0.0)
    if at == columns.table[column].own_start:
        at = add_piece(columns.pieces, at, left, right, 0.0, 0.0, 0.0)
    columns.table[column].own_stop = at
    columns.table[column].hinge = columns.table[column].own_start
    columns.table[column].kinked = False
    columns.table[column].anchor = 0.0
    columns.table[column].curvature = 0.0
    columns.table[column].held = 0.0
    return at
