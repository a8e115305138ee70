"""Substitutes of one rank, the one first that follows the security most closely: asked of the risk model, once a run.

How closely is the annual variance of the security less its substitute. A fund whose holdings are known is looked
through: what both hold cancels, and only what differs is at risk; without them it stands for itself alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lotwise.rebalancing.book import Substitutes
from lotwise.securities.market import Market

__all__ = ["Lookthrough", "nearest_first"]

Floats: TypeAlias = NDArray[np.float64]
Lookthrough: TypeAlias = Mapping[int, tuple[NDArray[np.int64], Floats]]  # of each fund: securities and weights in it


def _holdings(security: int, lookthrough: Lookthrough, securities: int) -> Floats:
    """What a security consists of, (N,): what it holds, and itself for the rest; weights sum to 1."""
    weights = np.zeros(securities)
    if security in lookthrough:
        held, parts = lookthrough[security]
        np.add.at(weights, held, parts)
    weights[security] += 1.0 - weights.sum()
    return weights


def _variance_between(market: Market, difference: Floats) -> float:
    """Annual variance of a difference of holdings (N,)."""
    exposure = difference @ market.loadings
    return float(0.5 * exposure @ exposure + market.specific @ difference**2)


def nearest_first(substitutes: Substitutes, market: Market, lookthrough: Lookthrough) -> Substitutes:
    """Order the substitutes of one rank by how closely they follow; those without risk come last, ties as they were.

    A market without a risk model (no factor, no specific variance) changes nothing.
    """
    order = np.arange(len(substitutes.security))
    for security in np.flatnonzero(np.diff(substitutes.start) > 1).tolist():
        row = slice(int(substitutes.start[security]), int(substitutes.start[security + 1]))
        wanted = _holdings(security, lookthrough, len(market.price))
        others = substitutes.security[row]
        away = [
            _variance_between(market, wanted - _holdings(other, lookthrough, len(market.price)))
            for other in others.tolist()
        ]
        far = np.where(market.tradable[others], away, np.inf)
        order[row] = row.start + np.lexsort((far, substitutes.rank[row]))
    return Substitutes(substitutes.start, substitutes.security[order], substitutes.rank[order])
