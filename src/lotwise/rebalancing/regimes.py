"""Where a year's tax turns: the regimes of short-term against long-term gain.

Tax is piecewise linear in the year's net short-term gain x and net long-term gain y. Five regimes have one pair of
slopes each, but for brackets: both are gains; a gain of one eats the loss of the other (two of them); the net loss is
deducted from other income; it is carried on. Where y changes sign below a net gain the tax is concave: each side may
have a best portfolio of its own, so every regime that is within reach is a start.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import kernel
from lotwise.ledger.events import Table
from lotwise.money import DOLLAR, FULL_RATE
from lotwise.rebalancing.exact_tax import exact_tax
from lotwise.tax.liability import load_law
from lotwise.tax.marginal import Direction, marginals

__all__ = ["REGIMES", "Regime", "Starts", "least_in", "slopes", "starts_of"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# A representative point of a regime lies this far inside, dollars.
_INSIDE = 1.0

# What a net loss may take off other income in any year that is kept, dollars (26 U.S.C. 1211(b)); for one of 1,500 the
# regime between is only cut too long, which weakens a bound.
_LIMIT = 3_000.0


class Regime(IntEnum):
    """Signs of net short-term and net long-term gain, and what becomes of a net loss."""

    BOTH_GAINS = 0
    LONG_LOSS = 1  # net gain, all of it short-term
    SHORT_LOSS = 2  # net gain, all of it long-term
    DEDUCTED = 3  # net loss within the limit on its deduction
    CARRIED = 4  # net loss beyond it


REGIMES = len(Regime)


class Starts(NamedTuple):
    """Regimes of n households: a point (x, y) of each in dollars, exact tax there, its slopes, and what is in reach."""

    point: Floats  # (n, 5, 2)
    tax: Floats  # (n, 5)
    slope: Floats  # (n, 5, 2)
    box: Floats  # (n, 4) least and greatest x, least and greatest y


def slopes(table: Table, carried: Floats) -> tuple[Floats, Floats]:
    """Worth of the next dollar of loss and cost of the next one of gain, short and long: (n, 2) each.

    By `exact_tax`: what is carried on counts.
    """
    found = marginals(table, load_law())
    moved = found["short_carried"] + found["long_carried"]
    change = (found["tax"] - carried[:, None] * moved) / FULL_RATE
    down = -change[:, [Direction.SHORT_LOSS, Direction.LONG_LOSS]]
    up = change[:, [Direction.SHORT_GAIN, Direction.LONG_GAIN]]
    return np.clip(down, 0.0, 1.0), np.clip(up, 0.0, 1.0)


def starts_of(table: Table, carried: Floats, net: Floats, box: Floats) -> Starts:
    """Regimes around where households are, `net` (n, 2); `table` are their positions."""
    x, y = net[:, 0], net[:, 1]
    points = np.empty((len(table), len(Regime), 2))
    gain_x, gain_y = np.maximum(x, _INSIDE), np.maximum(y, _INSIDE)
    loss_x, loss_y = np.minimum(x, -_INSIDE), np.minimum(y, -_INSIDE)
    points[:, Regime.BOTH_GAINS] = np.stack((gain_x, gain_y), 1)
    points[:, Regime.LONG_LOSS] = np.stack((np.maximum(x, _INSIDE - loss_y), loss_y), 1)
    points[:, Regime.SHORT_LOSS] = np.stack((loss_x, np.maximum(y, _INSIDE - loss_x)), 1)
    points[:, Regime.DEDUCTED] = -_LIMIT / 8
    points[:, Regime.CARRIED] = np.stack((np.minimum(x, -2 * _LIMIT), np.minimum(y, -2 * _LIMIT)), 1)
    flat = points.reshape(-1, 2)
    rows = np.repeat(np.arange(len(table)), len(Regime))
    there, worth = table[rows], carried[rows]
    for column, term in enumerate(("short", "long")):
        gains = np.rint(flat[:, column] * DOLLAR).astype(np.int64) + there[f"{term}_carryforward"]
        there[f"{term}_gains"] = gains
    _, up = slopes(there, worth)
    return Starts(points, exact_tax(there, worth).reshape(-1, len(Regime)), up.reshape(points.shape), box)


# Half-planes a x + b y <= c of each regime; the last of some says nothing.
_NOTHING = (0.0, 0.0, 1.0)
_NET_GAIN = (-1.0, -1.0, 0.0)
_SIDES = np.array(
    [
        [(-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), _NET_GAIN],
        [(-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), _NET_GAIN],
        [(1.0, 0.0, 0.0), (0.0, -1.0, 0.0), _NET_GAIN],
        [(1.0, 1.0, 0.0), (-1.0, -1.0, _LIMIT), _NOTHING],
        [(1.0, 1.0, -_LIMIT), _NOTHING, _NOTHING],
    ]
)

_BOX = np.array([(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)])


@kernel
def least_in(regime: int, slope: tuple[float, float], box: Floats) -> float:
    """Least of slope . (x, y) over a regime within the box; infinite where they do not meet."""
    count = len(_BOX) + len(_SIDES[0])
    lines = np.empty((count, 3))
    lines[:4, :2] = _BOX
    for i in range(4):
        lines[i, 2] = box[i] if _BOX[i].sum() > 0.0 else -box[i]
    lines[4:] = _SIDES[regime]
    least = np.inf
    for i in range(count):
        for j in range(i + 1, count):
            cross = lines[i, 0] * lines[j, 1] - lines[i, 1] * lines[j, 0]
            if cross == 0.0:
                continue
            x = (lines[i, 2] * lines[j, 1] - lines[i, 1] * lines[j, 2]) / cross
            y = (lines[i, 0] * lines[j, 2] - lines[i, 2] * lines[j, 0]) / cross
            inside = True
            for k in range(count):
                inside = inside and lines[k, 0] * x + lines[k, 1] * y <= lines[k, 2] + 0.01
            if inside:
                least = min(least, slope[0] * x + slope[1] * y)
    return float(least)
