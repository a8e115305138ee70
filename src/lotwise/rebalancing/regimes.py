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

# The mix of two pairs of rates is not told apart further than this.
_SAME_PART = 0.01

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


_REGIMES = len(Regime)


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
    plane: Floats  # (n, 7) m and this are the tax m.(x, y) + plane of the regime that the solve is meant for
    tolerance: Floats  # (n,) dollars that are not worth another solve
    pair: NDArray[np.int64]  # (n, 2) solves between whose rates the best is sought; -1: none
    mixed: NDArray[np.bool_]  # (n, 7, 7) pairs that need not be looked at any more
    mix: Floats  # (n, 5) part of the second in the last solve, then bounds of the part and how far planes are apart there


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
def _least(regime: int, slope: tuple[float, float], box: Floats) -> float:
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
def _apart(search: Search, i: int, solve: int) -> float:
    """How far the plane of the pair's second lies above that of the first where a solve ended, dollars."""
    first, second = search.pair[i]
    x, y = search.net[i, solve, 0], search.net[i, solve, 1]
    one = search.rate[i, first, 0] * x + search.rate[i, first, 1] * y + search.plane[i, first]
    other = search.rate[i, second, 0] * x + search.rate[i, second, 1] * y + search.plane[i, second]
    return float(other - one)


@inner_kernel
def _begin_mix(search: Search, i: int) -> bool:
    """Seek the best between two solves, where the first ended where the rates of the second hold; whether there is one.

    Of each of the two, what it found must lie where the other's plane is above its own: there is a portfolio between
    them where both are equal. Of several pairs, that with the best trades; each is looked at once.
    """
    chosen, least = -1, np.inf
    for code in range(search.count[i] * MOST_SOLVES):
        first, second = code // MOST_SOLVES, code % MOST_SOLVES
        if first < 1 or second < 1 or second >= search.count[i] or search.mixed[i, first, second]:
            continue
        towards = 0.0
        for term in range(2):
            rate = search.rate[i, second, term]
            towards += max(search.low[i, first, term] - rate, rate - search.high[i, first, term], 0.0)
        search.pair[i, 0], search.pair[i, 1] = first, second
        fits = towards < SAME_RATE and _apart(search, i, first) > 0.0 and _apart(search, i, second) < 0.0
        cost = min(search.cost[i, first], search.cost[i, second])
        if fits and cost < least:
            chosen, least = code, cost
    search.pair[i, 0] = -1
    if chosen < 0:
        return False
    first, second = chosen // MOST_SOLVES, chosen % MOST_SOLVES
    search.pair[i, 0], search.pair[i, 1] = first, second
    search.mixed[i, first, second] = True
    search.mixed[i, second, first] = True
    search.mix[i, 1], search.mix[i, 2] = 0.0, 1.0
    search.mix[i, 3], search.mix[i, 4] = _apart(search, i, first), _apart(search, i, second)
    return True


@inner_kernel
def _narrow_mix(search: Search, i: int) -> bool:
    """Take the last solve into account; whether there is more to find between the two."""
    mix = search.mix[i]
    apart = _apart(search, i, search.count[i] - 1)
    if apart > 0.0:
        mix[1], mix[3] = mix[0], apart
        mix[4] *= 0.5  # the end that stays is weighed less: without it the parts creep up to it
    else:
        mix[2], mix[4] = mix[0], apart
        mix[3] *= 0.5
    if abs(apart) <= search.tolerance[i] or mix[2] - mix[1] < _SAME_PART:
        search.pair[i, 0] = -1
        return False
    return True


@inner_kernel
def _write_mix(search: Search, i: int, out: Floats) -> None:
    """Rates between those of the pair, where their planes should meet at what is realised."""
    mix = search.mix[i]
    part = mix[1] + (mix[2] - mix[1]) * min(max(mix[3] / (mix[3] - mix[4]), 0.1), 0.9)
    mix[0] = part
    first, second = search.pair[i]
    for term in range(2):
        out[i, term] = (1.0 - part) * search.rate[i, first, term] + part * search.rate[i, second, term]
    out[i, 2] = (1.0 - part) * search.plane[i, first] + part * search.plane[i, second]


@inner_kernel
def _mark_mixed(search: Search, i: int) -> None:
    """Leave the last solve, which stands between others, out of all pairs."""
    last = search.count[i] - 1
    search.mixed[i, last, :] = True
    search.mixed[i, :, last] = True


@inner_kernel
def _follow(search: Search, i: int, out: Floats) -> bool:
    """Rates that hold where the last solve ended; where they were tried before, rates between two that were."""
    last = search.count[i] - 1
    if search.pair[i, 0] >= 0:
        _mark_mixed(search, i)
        if _narrow_mix(search, i):
            _write_mix(search, i, out)
            return True
    else:
        for term in range(2):
            here = search.rate[i, last, term]
            out[i, term] = min(max(here, search.low[i, last, term]), search.high[i, last, term])
        out[i, 2] = search.tax[i, last] - out[i, 0] * search.net[i, last, 0] - out[i, 1] * search.net[i, last, 1]
        if last == 0:
            return True
        moved = abs(out[i, 0] - search.rate[i, last, 0]) + abs(out[i, 1] - search.rate[i, last, 1])
        if moved >= SAME_RATE and _is_tried(search, i, out[i, 0], out[i, 1]) < 0:
            return True
    if not _begin_mix(search, i):
        return False
    _write_mix(search, i, out)
    return True


@kernel
def choose_next(search: Search, starts: Starts, out: Floats) -> NDArray[np.bool_]:
    """Rates to try next and their plane, written to `out` (n, 3), and for whom there are any.

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
        for regime in range(_REGIMES):
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
            out[i, :2] = starts.slope[i, chosen]
            at, slope = starts.point[i, chosen], starts.slope[i, chosen]
            out[i, 2] = starts.tax[i, chosen] - slope[0] * at[0] - slope[1] * at[1]
            more[i] = True
    return more
