"""Whole shares: the continuous solution rounded down, topped up by largest remainder, then improved share by share.

Rounding is judged by the true objective, cash band and group bounds included (they are columns like any other), not
by distance: a share more of one name is worth what it does to the risk that all the others leave.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inlined_kernel, inner_kernel, kernel, summing_kernel
from lotwise.optimizer.dual import write_row_values
from lotwise.optimizer.pieces import piece_from, true_value, value_on
from lotwise.optimizer.problem import Columns, State

__all__ = ["objective_at", "round_to_shares"]

# Passes of single-share improvement; on ordinary accounts the second finds nothing.
_MOST_PASSES = 6

# A trade below this fraction of the account is none (a tenth of a cent in a million dollars).
_NO_TRADE = 1e-9

# An improvement below this fraction of value (divided by gamma) is rounding noise.
_LEAST_GAIN = 1e-15


@inner_kernel
def objective_at(columns: Columns, weights: NDArray[np.float64], rows: NDArray[np.float64], factors: int) -> float:
    """True objective divided by gamma of any weights, slacks following from them; `rows` is overwritten with A'w."""
    m, n = columns.rows.shape
    write_row_values(columns, weights, rows)
    total = 0.0
    for r in range(factors):
        away = rows[r] - columns.right_side[r]
        total += 0.5 * away * away
    for i in range(n):
        total += true_value(columns, i, weights[i])
    total += true_value(columns, n, 1.0 - rows[factors])
    for g in range(m - factors - 1):
        total += true_value(columns, n + 1 + g, rows[factors + 1 + g])
    return total


@summing_kernel
def _factor_pull(
    columns: Columns, loadings: NDArray[np.float64], name: int, rows: NDArray[np.float64]
) -> tuple[float, float]:
    """Slope and curvature that the factors give a name's weight at these rows: moves either way share them."""
    slope = 0.0
    curvature = 0.0
    x = loadings[name]
    for r in range(x.size):
        slope += x[r] * (rows[r] - columns.right_side[r])
        curvature += x[r] * x[r]
    return slope, curvature


@inlined_kernel
def _rise(columns: Columns, column: int, among: tuple[int, int], piece: int, weight: float, step: float) -> float:
    """Change of a column's function over pieces `among` when its weight, which is on `piece`, moves by `step`.

    Most moves stay on their piece: there it is one parabola.
    """
    after = weight + step
    if columns.pieces[piece].left <= after <= columns.pieces[piece].right:
        middle = weight + 0.5 * step - columns.table[column].anchor
        return float(step * (columns.pieces[piece].slope + columns.pieces[piece].curved * middle))
    p = piece_from(columns, among, piece, after)
    return value_on(columns, column, p, after) - value_on(columns, column, piece, weight)


@inlined_kernel
def _slack_rise(columns: Columns, column: int, value: float, step: float) -> float:
    """Change of a slack's function when its value moves by `step`."""
    among = (columns.table[column].own_start, columns.table[column].own_stop)
    return _rise(columns, column, among, piece_from(columns, among, among[0], value), value, step)


@inner_kernel
def _change(
    columns: Columns,
    name: int,
    weight: float,
    step: float,
    pull: tuple[float, float],
    rows: NDArray[np.float64],
) -> float:
    """Change of the objective / gamma when one name's weight moves by `step` and the slacks follow."""
    m, n = columns.rows.shape
    factors = m - 1 - (columns.table.size - n - 1)
    among = (columns.table[name].start, columns.table[name].stop)
    piece = piece_from(columns, among, columns.table[name].hinge, weight)
    total = _rise(columns, name, among, piece, weight, step)
    total += step * (pull[0] + 0.5 * step * pull[1])
    total += _slack_rise(columns, n, 1.0 - rows[factors], -step)
    for r in range(factors + 1, m):
        move = step * columns.rows[r, name]
        if move != 0.0:
            total += _slack_rise(columns, n + r - factors, rows[r], move)
    return total


@inlined_kernel
def _slack_slope(columns: Columns, column: int, value: float) -> float:
    """Slope of a slack's function."""
    among = (columns.table[column].own_start, columns.table[column].own_stop)
    return float(columns.pieces[piece_from(columns, among, among[0], value)].slope)


@inner_kernel
def _promising_step(
    columns: Columns,
    name: int,
    weight: float,
    unit: float,
    pull: tuple[float, float],
    rows: NDArray[np.float64],
) -> float:
    """The share more or less of a name that may be a gain, 0.0 where neither can be.

    The objective is convex in one weight while its pieces are in force: a move gains nothing uphill, nor where its
    slope is less than what the curvature takes back over half the way.
    """
    m, n = columns.rows.shape
    factors = m - 1 - (columns.table.size - n - 1)
    at = columns.table[name]
    piece = piece_from(columns, (at.start, at.stop), at.hinge, weight)
    slope = columns.pieces[piece].slope + columns.pieces[piece].curved * (weight - at.anchor) + pull[0]
    slope -= _slack_slope(columns, n, 1.0 - rows[factors])
    for r in range(factors + 1, m):
        if columns.rows[r, name] != 0.0:
            slope += columns.rows[r, name] * _slack_slope(columns, n + r - factors, rows[r])
    curvature = pull[1] + (at.curvature if at.bridge < 0 else 0.0)
    if abs(slope) <= 0.5 * unit * curvature:
        return 0.0
    return -unit if slope > 0.0 else unit


@inner_kernel
def _move(
    columns: Columns,
    loadings: NDArray[np.float64],
    name: int,
    step: float,
    weights: NDArray[np.float64],
    rows: NDArray[np.float64],
) -> None:
    weights[name] += step
    factors = loadings.shape[1]
    for r in range(factors):
        rows[r] += step * loadings[name, r]
    for r in range(factors, rows.size):
        rows[r] += step * columns.rows[r, name]


@inner_kernel
def _allowed(columns: Columns, name: int, weight: float, rows: NDArray[np.float64], step: float, factors: int) -> bool:
    """Whether one more step keeps the name on its pieces and cash above its floor."""
    if (
        weight < columns.pieces[columns.table[name].start].left
        or weight > columns.pieces[columns.table[name].stop - 1].right
    ):
        return False
    cash_column = columns.rows.shape[1]
    return step <= 0.0 or 1.0 - rows[factors] - step >= columns.pieces[columns.table[cash_column].own_start].left


@inner_kernel
def _round_down(
    columns: Columns, unit: NDArray[np.float64], weights: NDArray[np.float64], remainder: NDArray[np.float64]
) -> None:
    """Round every trade toward the smaller weight; a name sold out stays sold out, an untraded one untraded."""
    for i in range(columns.rows.shape[1]):
        remainder[i] = -1.0
        h = columns.table[i].held
        trade = weights[i] - h
        floor = columns.pieces[columns.table[i].start].left
        if abs(trade) <= _NO_TRADE or unit[i] <= 0.0:
            weights[i] = h
            continue
        if floor <= 0.0 and weights[i] <= _NO_TRADE:
            weights[i] = 0.0
            continue
        shares = trade / unit[i]
        down = np.floor(shares + 1e-9)
        if h + down * unit[i] < floor:
            if floor <= 0.0:
                weights[i] = 0.0
                continue
            down = np.ceil((floor - h) / unit[i] - 1e-9)
        weights[i] = h + down * unit[i]
        remainder[i] = max(shares - down, 0.0)


@kernel
def _top_up(
    columns: Columns,
    loadings: NDArray[np.float64],
    unit: NDArray[np.float64],
    weights: NDArray[np.float64],
    rows: NDArray[np.float64],
    remainder: NDArray[np.float64],
) -> None:
    """Give the shares that rounding down left over to the largest remainders, while cash lasts."""
    n, factors = loadings.shape
    band = columns.table[n].own_start
    low = columns.pieces[band].right if columns.pieces[band].slope < 0.0 else columns.pieces[band].left
    for i in np.argsort(-remainder[:n]):
        if remainder[i] <= 0.0:
            break
        step = unit[i]
        if 1.0 - rows[factors] - step < low:
            continue
        if remainder[i] < 0.5:
            pull = _factor_pull(columns, loadings, i, rows)
            if _change(columns, i, weights[i], step, pull, rows) >= 0.0:
                continue
        if _allowed(columns, i, weights[i] + step, rows, step, factors):
            _move(columns, loadings, i, step, weights, rows)


@kernel
def round_to_shares(
    columns: Columns,
    state: State,
    loadings: NDArray[np.float64],
    unit: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> None:
    """Round `weights` (n, in place) so that every trade is a whole number of units (weight of one share) or a sale out.

    Works on the pieces in force, so that a name keeps the side it was given. `loadings` (n, k) are the problem's. Uses
    state.weight_next and state.gradient as memory.
    """
    n, factors = loadings.shape
    remainder = state.weight_next
    rows = state.gradient
    _round_down(columns, unit, weights, remainder)
    write_row_values(columns, weights, rows)
    _top_up(columns, loadings, unit, weights, rows, remainder)
    for _ in range(_MOST_PASSES):
        moved = False
        for i in range(n):
            if remainder[i] < 0.0:
                continue
            pull = _factor_pull(columns, loadings, i, rows)
            step = _promising_step(columns, i, weights[i], unit[i], pull, rows)
            if step == 0.0 or not _allowed(columns, i, weights[i] + step, rows, step, factors):
                continue
            if _change(columns, i, weights[i], step, pull, rows) < -_LEAST_GAIN:
                _move(columns, loadings, i, step, weights, rows)
                moved = True
        if not moved:
            break
