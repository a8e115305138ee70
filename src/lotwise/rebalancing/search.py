"""Which rates a household is solved at next: those that hold where it ended, between two pairs, of another regime.

Which regimes are worth a solve is proved, not guessed. A solve at rates m bounds all portfolios: whatever their gains
N, what is not tax costs them at least R + m.(N_m - N). So no portfolio of a regime is better than the least of that
bound plus its own tax, taken over the corners of the regime within reach.

Where tax is convex the best portfolio may lie on the line on which two regimes meet, at rates between theirs. Its sign:
each of the two solves ends where the other's tax is the greater. The part of the one in the other is found as the root
of how far their planes are apart at what was realised (regula falsi, the end that stays weighed by a half).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel, kernel
from lotwise.rebalancing.regimes import REGIMES, Starts, least_in

__all__ = ["MOST_SOLVES", "Search", "choose_next", "left_at_most", "search_for"]

Floats = NDArray[np.float64]

# Solves of a household, the one at the rates of the night included.
MOST_SOLVES = 9

# Rates closer than this are the same (dollars per dollar): a tenth of a percent of the gain.
SAME_RATE = 1e-3

# The mix of two pairs of rates is not told apart further than this.
_SAME_PART = 0.01

_FAR = 1e15  # dollars, beyond all gains


class Search(NamedTuple):
    """What is known of n households: solve by solve, the first at the rates of the night."""

    solves: NDArray[np.int64]  # (n,) so far
    rate: Floats  # (n, 9, 2) m: dollars per dollar of short-term and of long-term gain; of the first, only a hint
    net: Floats  # (n, 9, 2) x and y with the trades found, dollars
    tax: Floats  # (n, 9) exact tax there
    cost: Floats  # (n, 9) what the trades are worth by the exact tax, dollars; inf where they may not be proposed
    floor: Floats  # (n, 9) no trades cost less at those rates: the cost, or that of trades not worth proposing
    low: Floats  # (n, 9, 2) least and greatest slope there
    high: Floats
    plane: Floats  # (n, 9) m and this are the tax m.(x, y) + plane of the regime that the solve is meant for
    tolerance: Floats  # (n,) dollars that are not worth another solve
    pair: NDArray[np.int64]  # (n, 2) solves between whose rates the best is sought; -1: none
    mixed: NDArray[np.bool_]  # (n, 9, 9) pairs that need not be looked at any more
    ends: NDArray[np.int64]  # (n, 2) solves between whose parts of the pair it is sought
    night: NDArray[np.int64]  # (n, 9) of the range, in which each solve was made
    mix: Floats  # (n, 6) part of the second in the last solve; bounds of it, how far planes are apart there; last side


def search_for(tolerance: Floats) -> Search:
    """Begin with nothing known of n households; `tolerance` (n,) dollars."""
    n, most = tolerance.size, MOST_SOLVES
    return Search(
        solves=np.zeros(n, np.int64),
        rate=np.zeros((n, most, 2)),
        net=np.zeros((n, most, 2)),
        tax=np.zeros((n, most)),
        cost=np.zeros((n, most)),
        floor=np.zeros((n, most)),
        low=np.zeros((n, most, 2)),
        high=np.zeros((n, most, 2)),
        plane=np.zeros((n, most)),
        tolerance=tolerance,
        pair=np.full((n, 2), -1, np.int64),
        mixed=np.zeros((n, most, most), np.bool_),
        ends=np.zeros((n, 2), np.int64),
        night=np.zeros((n, most), np.int64),
        mix=np.zeros((n, 6)),
    )


@kernel
def _bound_of(search: Search, starts: Starts, i: int, regime: int) -> float:
    """No trades of household i that end in a regime cost less, by the solves so far (brackets left aside)."""
    point, slope = starts.point[i, regime], starts.slope[i, regime]
    bound = -_FAR
    for k in range(1, search.solves[i]):
        m_x, m_y = search.rate[i, k]
        if not np.isfinite(search.cost[i, k]) or not np.isfinite(search.floor[i, k]):
            continue
        rest = search.floor[i, k] - search.tax[i, k] + m_x * search.net[i, k, 0] + m_y * search.net[i, k, 1]
        tax = starts.tax[i, regime] - slope[0] * point[0] - slope[1] * point[1]
        bound = max(bound, rest + tax + least_in(regime, (slope[0] - m_x, slope[1] - m_y), starts.box[i]))
    if bound == -_FAR and least_in(regime, (1.0, 1.0), starts.box[i]) == np.inf:
        return np.inf
    return bound


@inner_kernel
def _is_tried(search: Search, i: int, x: float, y: float) -> int:
    """Solve at these rates; -1 = none."""
    for k in range(1, search.solves[i]):
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
    for code in range(search.solves[i] * MOST_SOLVES):
        first, second = code // MOST_SOLVES, code % MOST_SOLVES
        if first < 1 or second < 1 or second >= search.solves[i] or search.mixed[i, first, second]:
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
    search.ends[i, 0], search.ends[i, 1] = first, second
    search.mixed[i, first, second] = True
    search.mixed[i, second, first] = True
    search.mix[i, 1], search.mix[i, 2], search.mix[i, 5] = 0.0, 1.0, 0.0
    search.mix[i, 3], search.mix[i, 4] = _apart(search, i, first), _apart(search, i, second)
    return True


@inner_kernel
def _narrow_mix(search: Search, i: int) -> bool:
    """Take the last solve into account; whether there is more to find between the two."""
    mix = search.mix[i]
    apart = _apart(search, i, search.solves[i] - 1)
    side = 1.0 if apart > 0.0 else -1.0
    again = 0.5 if mix[5] == side else 1.0  # an end that stays twice is weighed less: else the parts creep up to it
    mix[5] = side
    search.ends[i, 0 if apart > 0.0 else 1] = search.solves[i] - 1
    if apart > 0.0:
        mix[1], mix[3], mix[4] = mix[0], apart, again * mix[4]
    else:
        mix[2], mix[4], mix[3] = mix[0], apart, again * mix[3]
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
    last = search.solves[i] - 1
    search.mixed[i, last, :] = True
    search.mixed[i, :, last] = True


@inner_kernel
def _follow(search: Search, i: int, out: Floats) -> bool:
    """Rates that hold where the last solve ended; where they were tried before, rates between two that were."""
    last = search.solves[i] - 1
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
    n = search.solves.size
    more = np.zeros(n, np.bool_)
    for i in range(n):
        if search.solves[i] >= MOST_SOLVES:
            continue
        best = np.min(search.cost[i, : search.solves[i]])
        chosen, least = -1, best - search.tolerance[i]
        alive = False
        for regime in range(REGIMES):
            bound = _bound_of(search, starts, i, regime)
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


@kernel
def left_at_most(search: Search, starts: Starts) -> Floats:
    """By how much any other trades may be better, dollars (n,), by the solves so far; brackets are left aside."""
    left = np.full(search.solves.size, np.inf)
    for i in range(left.size):
        best = float(np.min(search.cost[i, : search.solves[i]]))
        least = best
        for regime in range(REGIMES):
            least = min(least, _bound_of(search, starts, i, regime))
        if least > -_FAR:
            left[i] = best - least
    return left
