"""Where a year's tax turns: the regimes of short-term against long-term gain, and which rates to try next.

Tax is piecewise linear in the year's net short-term gain x and net long-term gain y. Five regimes have one pair of
slopes each, but for brackets: both are gains; a gain of one eats the loss of the other (two of them); the net loss is
deducted from other income; it is carried on. Where y changes sign below a net gain the tax is concave: each side may
have a best portfolio of its own, so every regime that is within reach is a start.

Which starts are worth a solve is proved, not guessed. A solve at rates m bounds all portfolios: whatever their gains
N, what is not tax costs them at least R + m.(N_m - N). So no portfolio of a regime is better than the least of that
bound plus its own tax, taken over the corners of the regime within reach.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel, kernel
from lotwise.ledger.events import Table
from lotwise.money import DOLLAR, FULL_RATE
from lotwise.rebalancing.exact_tax import exact_tax
from lotwise.tax.liability import load_law
from lotwise.tax.marginal import Direction, marginals

__all__ = ["MOST_SOLVES", "Regime", "Search", "Starts", "choose_next", "slopes", "starts_of"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Solves of a household, the one at the rates of the night included.
MOST_SOLVES = 7

# Rates closer than this are the same (dollars per dollar): a tenth of a percent of the gain.
SAME_RATE = 1e-3

# A representative point of a regime lies this far inside, dollars.
_INSIDE = 1.0

# What a net loss may take off other income in any year that is kept, dollars (26 U.S.C. 1211(b)); for one of 1,500 the
# regime between is only cut too long, which weakens a bound.
_LIMIT = 3_000.0

_FAR = 1e15  # dollars, beyond all gains


class Regime(IntEnum):
    """Signs of net short-term and net long-term gain, and what becomes of a net loss."""

    BOTH_GAINS = 0
    LONG_LOSS = 1  # net gain, all of it short-term
    SHORT_LOSS = 2  # net gain, all of it long-term
    DEDUCTED = 3  # net loss within the limit on its deduction
    CARRIED = 4  # net loss beyond it


class Starts(NamedTuple):
    """Regimes of n households: a point (x, y) of each in dollars, exact tax there, its slopes, and what is in reach."""

    point: Floats  # (n, 5, 2)
    tax: Floats  # (n, 5)
    slope: Floats  # (n, 5, 2)
    box: Floats  # (n, 4) least and greatest x, least and greatest y


class Search(NamedTuple):
    """What is known of n households: solve by solve, the first at the rates of the night."""

    count: NDArray[np.int64]  # (n,) solves so far
    rate: Floats  # (n, 7, 2) m: dollars per dollar of short-term and of long-term gain; of the first, only a hint
    net: Floats  # (n, 7, 2) x and y with the trades found, dollars
    tax: Floats  # (n, 7) exact tax there
    cost: Floats  # (n, 7) what the trades are worth by the exact tax, dollars; inf where they may not be proposed
    floor: Floats  # (n, 7) no trades cost less at those rates: the cost, or that of trades not worth proposing
    low: Floats  # (n, 7, 2) least and greatest slope there
    high: Floats
    tolerance: Floats  # (n,) dollars that are not worth another solve


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


@inner_kernel
def _sides(regime: int, lines: Floats) -> int:
    """Write the half-planes a x + b y <= c of a regime from row 4 of `lines` on; returns how many rows there are."""
    at = 4
    if regime in (Regime.BOTH_GAINS, Regime.LONG_LOSS, Regime.SHORT_LOSS):
        # Both gains: -x <= 0, -y <= 0. Else the loss: y <= 0 (or x <= 0), and a net gain: -x - y <= 0.
        lines[4] = np.array((-1.0, 0.0, 0.0)) if regime != Regime.SHORT_LOSS else np.array((1.0, 0.0, 0.0))
        lines[5] = np.array((0.0, -1.0, 0.0)) if regime != Regime.LONG_LOSS else np.array((0.0, 1.0, 0.0))
        lines[6] = np.array((-1.0, -1.0, 0.0))
        at = 7
    elif regime == Regime.DEDUCTED:
        lines[4] = np.array((1.0, 1.0, 0.0))
        lines[5] = np.array((-1.0, -1.0, _LIMIT))
        at = 6
    else:
        lines[4] = np.array((1.0, 1.0, -_LIMIT))
        at = 5
    return at


@kernel
def _least(regime: int, slope: tuple[float, float], box: Floats) -> float:
    """Least of slope . (x, y) over a regime within the box; infinite where they do not meet."""
    lines = np.empty((7, 3))
    lines[0] = np.array((-1.0, 0.0, -box[0]))
    lines[1] = np.array((1.0, 0.0, box[1]))
    lines[2] = np.array((0.0, -1.0, -box[2]))
    lines[3] = np.array((0.0, 1.0, box[3]))
    count = _sides(regime, lines)
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


@kernel
def bound_of(search: Search, starts: Starts, i: int, regime: int) -> float:
    """No trades of household i that end in a regime cost less, by the solves so far (brackets left aside)."""
    point, slope = starts.point[i, regime], starts.slope[i, regime]
    bound = -_FAR
    for k in range(1, search.count[i]):
        m_x, m_y = search.rate[i, k]
        if not np.isfinite(search.cost[i, k]):
            continue
        rest = search.floor[i, k] - search.tax[i, k] + m_x * search.net[i, k, 0] + m_y * search.net[i, k, 1]
        tax = starts.tax[i, regime] - slope[0] * point[0] - slope[1] * point[1]
        bound = max(bound, rest + tax + _least(regime, (slope[0] - m_x, slope[1] - m_y), starts.box[i]))
    if bound == -_FAR and _least(regime, (1.0, 1.0), starts.box[i]) == np.inf:
        return np.inf
    return bound


@inner_kernel
def _is_tried(search: Search, i: int, x: float, y: float) -> int:
    """Solve at these rates; -1 = none."""
    for k in range(1, search.count[i]):
        if abs(search.rate[i, k, 0] - x) < SAME_RATE and abs(search.rate[i, k, 1] - y) < SAME_RATE:
            return k
    return -1


@inner_kernel
def _follow(search: Search, i: int, out: Floats) -> bool:
    """Rates that hold where the last solve ended; where they were tried before, half way towards those."""
    last = search.count[i] - 1
    for term in range(2):
        here = search.rate[i, last, term]
        out[i, term] = min(max(here, search.low[i, last, term]), search.high[i, last, term])
    if last == 0:
        return True
    if abs(out[i, 0] - search.rate[i, last, 0]) + abs(out[i, 1] - search.rate[i, last, 1]) < SAME_RATE:
        return False
    if _is_tried(search, i, out[i, 0], out[i, 1]) < 0:
        return True
    for term in range(2):
        out[i, term] = 0.5 * (out[i, term] + search.rate[i, last, term])
    return _is_tried(search, i, out[i, 0], out[i, 1]) < 0


@kernel
def choose_next(search: Search, starts: Starts, out: Floats) -> NDArray[np.bool_]:
    """Rates to try next, written to `out` (n, 2), and for whom there are any.

    Those that hold where the last solve ended; else those of a regime that may hold something better. Nothing where
    no regime may, or the solves are used up.
    """
    n = search.count.size
    more = np.zeros(n, np.bool_)
    for i in range(n):
        if search.count[i] >= MOST_SOLVES:
            continue
        best = np.min(search.cost[i, : search.count[i]])
        chosen, least = -1, best - search.tolerance[i]
        alive = False
        for regime in range(len(Regime)):
            bound = bound_of(search, starts, i, regime)
            if bound >= best - search.tolerance[i]:
                continue
            alive = True
            tried = _is_tried(search, i, starts.slope[i, regime, 0], starts.slope[i, regime, 1]) >= 0
            if not tried and bound < least:
                chosen, least = regime, bound
        if not alive:
            continue
        if _follow(search, i, out):
            more[i] = True
        elif chosen >= 0:
            out[i] = starts.slope[i, chosen]
            more[i] = True
    return more
