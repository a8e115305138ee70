"""The prices of tracking at which a household's frontier is drawn: where nearly nothing is sold to where all of it is.

Both ends are read off the problem at first order: what a dollar less of a name saves in risk where the household stands
today, beside what it costs. Between them prices are geometric.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.optimizer.household.problem import HouseholdProblem

__all__ = ["prices_of_tracking"]

Floats = NDArray[np.float64]

# Next to nothing: the cheap end is where lots of so much of the household begin to be worth selling.
_NOTHING = 1e-3

# As near as it can be: what the dear end leaves of tracking error, of today's or in all (half a basis point).
_LEFT, _LEAST_LEFT = 0.01, 5e-5

# Specific variance below which a name may lie away from its target without being seen.
_RISKLESS = 1e-4

# Prices are kept within these, whatever a household is made of: a tracking error of 1% costs 0.001 bp, or all there is.
_CHEAPEST, _DEAREST = 1e-3, 1e6

# The ends are at least so many times the household's own price apart from it.
_ROOM = 4.0


def prices_of_tracking(problem: HouseholdProblem, own: float, points: int) -> Floats:
    """Choose `points` prices of tracking, dearest first, the household's `own` among them; at least 3."""
    name = np.repeat(np.arange(problem.target.size), np.diff(problem.position_start))
    lot_name = np.repeat(name, np.diff(problem.lot_start))
    away = np.bincount(name, problem.held, problem.target.size) - problem.target
    exposure = away @ problem.loadings
    slope = problem.loadings @ exposure + 2 * problem.specific * away
    tracking = float(np.sqrt(0.5 * exposure @ exposure + problem.specific @ away**2))
    cheap = min(max(_cheapest(problem, slope[lot_name]), _CHEAPEST), own / _ROOM)
    dear = max(min(_dearest(problem, lot_name, tracking), _DEAREST), own * _ROOM)
    prices = np.geomspace(dear, cheap, points - 1)
    return np.sort(np.append(prices, own))[::-1].copy()


def _cheapest(problem: HouseholdProblem, slope: Floats) -> float:
    """Price below which next to nothing is sold for the sake of tracking; `slope` is what a dollar of a lot saves."""
    sells = (problem.lot_price > 0) & (slope > 0)
    begins = problem.lot_price[sells] / slope[sells]
    order = np.argsort(begins)
    passed = np.cumsum(problem.lot_quantity[sells][order])
    at = int(np.searchsorted(passed, _NOTHING))
    return float(begins[order][at]) if at < order.size else float("inf")


def _dearest(problem: HouseholdProblem, lot_name: NDArray[np.int64], tracking: float) -> float:
    """Price above which what tax and cost keep from the target is too little to be seen.

    A name stays P / (gamma D) above its target, with D twice its specific variance and P the price of its dearest lot.
    """
    price = np.zeros(problem.target.size)
    np.maximum.at(price, lot_name, problem.lot_price)
    seen = problem.specific > _RISKLESS
    variance = float((price[seen] ** 2 / problem.specific[seen]).sum()) / 4
    return float(np.sqrt(variance)) / max(_LEFT * tracking, _LEAST_LEFT)
