"""What moving a single share of a position does, and the move: the steps that rounding to whole shares is made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inlined_kernel, inner_kernel, summing_kernel
from lotwise.optimizer.household.position_weights import missed
from lotwise.optimizer.household.problem import HouseholdProblem, HouseholdWorkspace
from lotwise.optimizer.preparation import penalty_of
from lotwise.optimizer.problem import Floats, Ints, Places

__all__ = [
    "AT_FLOOR",
    "PART",
    "Shares",
    "common_change",
    "leaves_cash",
    "move",
    "own_change",
    "pull_of",
    "shares_of",
    "step_of",
]

# Parts of a share that are rounding noise.
PART = 1e-9

# Cash that is below its floor by no more than this fraction of value is at it.
AT_FLOOR = 1e-14


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
def shares_of(
    problem: HouseholdProblem, fit: HouseholdWorkspace, unit: NDArray[np.float64], weights: NDArray[np.float64]
) -> Shares:
    """What moving shares takes, on the memory of a solved household; columns, names and remainders to be written."""
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
def own_change(shares: Shares, position: int, step: float) -> float:
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
        by = sign * step * shares.link_coefficient[link]
        total += _rise(shares.table, shares.pieces, j, shares.table[j].start, reached, by)
    return total


@summing_kernel
def pull_of(loadings: NDArray[np.float64], name: int, rows: Floats, right_side: Floats) -> tuple[float, float]:
    """Slope and curvature that the factors give a name's weight at these rows."""
    slope, curvature = 0.0, 0.0
    x = loadings[name]
    for r in range(x.size):
        slope += x[r] * (rows[r] - right_side[r])
        curvature += x[r] * x[r]
    return slope, curvature


@inlined_kernel
def common_change(shares: Shares, name: int, step: float, pull: tuple[float, float]) -> float:
    """What moving a name's weight does to risk, its bounds and groups, in whatever account it moves."""
    if step == 0.0:
        return 0.0
    t, low, high = shares.name_weight[name], shares.low[name], shares.high[name]
    total = step * (pull[0] + 0.5 * step * pull[1])
    total += shares.curvature[name] * step * (t - shares.target[name] + 0.5 * step)
    total += shares.penalty * (missed(t + step, low, high) - missed(t, low, high))
    slack = shares.table.size - shares.rows.size
    for r in range(shares.loadings.shape[1], shares.groups.shape[0]):
        by = step * shares.groups[r, name]
        if by != 0.0:
            total += _rise(shares.table, shares.pieces, slack + r, shares.table[slack + r].start, shares.rows[r], by)
    return float(total)


@inlined_kernel
def step_of(shares: Shares, position: int, sign: float) -> float:
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
    if after > most + PART * unit:
        return 0.0
    if after <= PART * unit and least <= 0.0:
        return float(-w)
    if after < least - PART * unit:
        return 0.0
    return float(after - w)


@inlined_kernel
def leaves_cash(shares: Shares, position: int, step: float) -> bool:
    """Whether an account has the cash for a step."""
    row = shares.link_row[shares.link_start[shares.column[position]]]
    account = row - shares.groups.shape[0]
    return bool(step <= 0.0 or shares.right_side[row] - shares.rows[row] - step >= shares.floor[account] - AT_FLOOR)


@inner_kernel
def move(shares: Shares, position: int, step: float) -> None:
    """Move a position, and with it names, rows and what is to be moved further."""
    name, c = int(shares.name[position]), shares.column[position]
    factors = shares.loadings.shape[1]
    shares.weights[position] += step
    if abs(shares.weights[position] - shares.held[position]) <= PART * shares.unit[position]:
        shares.weights[position] = shares.held[position]  # to the last bit: no trade is left
    if shares.weights[position] == 0.0:
        shares.remainder[position] = -1.0  # sold out, and stays so
    shares.name_weight[name] += step
    for r in range(factors):
        shares.rows[r] += step * shares.loadings[name, r]
    for r in range(factors, shares.groups.shape[0]):
        shares.rows[r] += step * shares.groups[r, name]
    for link in range(shares.link_start[c], shares.link_start[c + 1]):
        shares.rows[shares.link_row[link]] += step * shares.link_coefficient[link]
