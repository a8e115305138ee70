"""Years of prices by the market's own risk model: factors and specific risk, log-normal, the same for the same seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.securities.market import Market

__all__ = ["growth_factors"]

Floats = NDArray[np.float64]


def growth_factors(market: Market, seed: int, path: int, year: int, drift: float) -> Floats:
    """What a dollar of each security is worth a year later, (N,); every one grows by `drift` on average.

    Log returns have the covariance of the risk model, L L' / 2 + diag d. A path's years depend on seed, path and year
    alone, not on how many paths there are.
    """
    draws = np.random.default_rng([seed, path, year])
    loadings, specific = market.loadings, market.specific
    common = loadings @ draws.standard_normal(loadings.shape[1]) / np.sqrt(2.0)
    own = np.sqrt(specific) * draws.standard_normal(specific.size)
    variance = 0.5 * (loadings**2).sum(axis=1) + specific
    factors: Floats = (1.0 + drift) * np.exp(common + own - 0.5 * variance)
    return factors
