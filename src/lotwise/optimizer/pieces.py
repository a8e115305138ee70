"""A column's function of one variable, as pieces: how they are made from lots, evaluated and minimised.

Every function here is O(pieces of one column), and nearly always touches one or two of them: the piece on which the
column was last found is where the next search starts.
"""

from __future__ import annotations

from lotwise.kernels import kernel
from lotwise.optimizer.problem import AccountProblem, Columns

__all__ = ["add_name", "add_slack", "branch_minimum", "settle", "value_at", "value_on"]

# A lot below this fraction of the account (a hundredth of a cent in a million dollars) cannot be told from rounding;
# as a piece it would only make a name look non-convex.
_DUST = 1e-14


@kernel
def value_on(columns: Columns, column: int, piece: int, weight: float) -> float:
    """Value of a column's function at a weight on a known piece."""
    away = weight - columns.table[column].anchor
    return float(
        columns.pieces[piece].value
        + columns.pieces[piece].slope * (weight - columns.pieces[piece].left)
        + 0.5 * columns.pieces[piece].curved * away * away
    )


@kernel
def value_at(columns: Columns, column: int, first: int, stop: int, weight: float) -> float:
    """Value of a column's function at a weight, searching pieces first .. stop."""
    piece = first
    while piece < stop - 1 and weight > columns.pieces[piece].right:
        piece += 1
    return value_on(columns, column, piece, weight)


@kernel
def settle(columns: Columns, column: int, price: float, piece: int) -> tuple[float, float, int]:
    """Minimise a column's function + price x w + e (w - z)^2 / 2 over the pieces in force.

    Returns (w, q, piece): q = 1 / curvature strictly inside a piece, 0 on a kink or an end. Starts at `piece`.
    """
    e = columns.table[column].proximal
    z = columns.table[column].centre
    b = columns.table[column].anchor
    first = columns.table[column].start
    last = columns.table[column].stop - 1
    p = min(max(piece, first), last)
    while True:
        curved = columns.pieces[p].curved
        slope = columns.pieces[p].slope + price
        x = columns.pieces[p].right
        if curved * (x - b) + e * (x - z) + slope < 0.0:
            if p == last:
                return x, 0.0, p
            p += 1
            if columns.pieces[p].curved * (x - b) + e * (x - z) + columns.pieces[p].slope + price >= 0.0:
                return x, 0.0, p
            continue
        x = columns.pieces[p].left
        if curved * (x - b) + e * (x - z) + slope > 0.0:
            if p == first:
                return x, 0.0, p
            p -= 1
            if columns.pieces[p].curved * (x - b) + e * (x - z) + columns.pieces[p].slope + price <= 0.0:
                return x, 0.0, p
            continue
        stiffness = curved + e
        if stiffness <= 0.0:
            return x, 0.0, p
        w = (curved * b + e * z - slope) / stiffness
        return min(max(w, columns.pieces[p].left), columns.pieces[p].right), 1.0 / stiffness, p


@kernel
def branch_minimum(columns: Columns, column: int, first: int, stop: int, price: float) -> tuple[float, float]:
    """Minimise the true function + price x w over pieces first .. stop, which must be convex among themselves.

    Returns (minimum, w). No proximal term: this is what the dual bound is made of.
    """
    b = columns.table[column].anchor
    p = first
    while (
        p < stop - 1
        and columns.pieces[p].curved * (columns.pieces[p].right - b) + columns.pieces[p].slope + price < 0.0
    ):
        p += 1
    slope = columns.pieces[p].slope + price
    curved = columns.pieces[p].curved
    w = columns.pieces[p].left
    if curved * (w - b) + slope < 0.0:
        w = columns.pieces[p].right
        if curved * (w - b) + slope > 0.0:
            w = b - slope / curved
    return value_on(columns, column, p, w) + price * w, w


@kernel
def _add_piece(columns: Columns, at: int, left: float, right: float, slope: float, curved: float, value: float) -> int:
    """Append a piece unless it is empty; returns where the next one goes."""
    columns.pieces[at].left = left
    columns.pieces[at].right = right
    columns.pieces[at].slope = slope
    columns.pieces[at].curved = curved
    columns.pieces[at].value = value
    return at + 1


@kernel
def _add_bounded(
    columns: Columns,
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
        return _add_piece(columns, at, x, right, slope, curved, cost)
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
        at = _add_piece(columns, at, x, end, slope + extra, curved, cost + fine)
        cost += slope * (end - x)
        x = end
        if x >= right:
            return at


@kernel
def add_name(problem: AccountProblem, columns: Columns, name: int, at: int, penalty: float) -> int:
    """Write the pieces of one name, divided by gamma, from `at` on; returns where the next column's begin.

    From the least weight upward: the lots, dearest first, then the buy. Lots of no quantity are dropped: a zero-sized
    loss lot must not make a name non-convex. `penalty` is P / gamma.
    """
    scale = 1.0 / problem.risk_price
    h = problem.held[name]
    curved = 2.0 * problem.specific[name]
    bounds = (problem.low[name], problem.high[name], penalty)
    total = 0.0
    cost = 0.0
    first_lot = problem.lot_start[name]
    last_lot = problem.lot_start[name + 1]
    for lot in range(first_lot, last_lot):
        if problem.lot_quantity[lot] > _DUST:
            total += problem.lot_quantity[lot]
            cost += problem.lot_quantity[lot] * problem.lot_price[lot] * scale
    columns.table[name].own_start = at
    x = h - total
    if x < _DUST:
        x = 0.0
    sold = total
    for backwards in range(last_lot - first_lot):
        lot = last_lot - 1 - backwards
        quantity = problem.lot_quantity[lot]
        if quantity <= _DUST:
            continue
        price = problem.lot_price[lot] * scale
        sold -= quantity
        right = h - sold if sold > _DUST else h
        at = _add_bounded(columns, at, (x, right), (-price, cost), curved, bounds)
        cost -= price * quantity
        x = right
    columns.table[name].hinge = at
    upper = max(1.0, h)
    if problem.may_buy[name] and upper > h:
        at = _add_bounded(columns, at, (h, upper), (problem.buy_cost[name] * scale, 0.0), curved, bounds)
    elif at == columns.table[name].own_start:
        at = _add_bounded(columns, at, (h, h), (0.0, 0.0), curved, bounds)
        columns.table[name].hinge = columns.table[name].own_start
    columns.table[name].own_stop = at
    columns.table[name].anchor = problem.target[name]
    columns.table[name].curvature = curved
    columns.table[name].held = h
    hinge = columns.table[name].hinge
    both = columns.table[name].own_start < hinge < at
    columns.table[name].kinked = both and columns.pieces[hinge - 1].slope > columns.pieces[hinge].slope
    return at


@kernel
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
        at = _add_piece(columns, at, left, low, -penalty[0], 0.0, penalty[0] * (low - left))
    if low < high:
        at = _add_piece(columns, at, low, high, 0.0, 0.0, 0.0)
    if high < right:
        at = _add_piece(columns, at, high, right, penalty[1], 0.0, 0.0)
    if at == columns.table[column].own_start:
        at = _add_piece(columns, at, left, right, 0.0, 0.0, 0.0)
    columns.table[column].own_stop = at
    columns.table[column].hinge = columns.table[column].own_start
    columns.table[column].kinked = False
    columns.table[column].anchor = 0.0
    columns.table[column].curvature = 0.0
    columns.table[column].held = 0.0
    return at
