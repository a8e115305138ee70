"""A layer of factors: found in some securities, and the exposures of all others to them.

A risk model has one layer from stocks and, where there are funds, one from what the first leaves unexplained in them.
Symbols: T days, N securities, k factors; all figures daily, at the level of volatility of the last day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.risk.estimation_settings import EstimationSettings
from lotwise.risk.factors import statistical_factors
from lotwise.risk.peers import Peers
from lotwise.risk.regression import Expectation, regress
from lotwise.risk.returns import CalmReturns, calm_returns, exponential_weights, weighted_mean_square

__all__ = ["FactorLayer", "Roles", "factor_layer"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# A security that is not like the others (a fund among stocks) may have exposures this many times as large as would
# explain all its variance, before its own returns speak.
_WIDE = 10.0

_LEAST_VARIANCE = 1e-12


class Roles(NamedTuple):
    """What each of N securities does in a layer; the rest is regressed, starting from the average of its peers."""

    core: Flags  # the factors are found in these
    unlike: Flags  # these are regressed on the factors with no expectation
    peers: Peers  # of all; members are core or unlike
    stock: Flags  # peers of stocks and of funds vary by different amounts


class FactorLayer(NamedTuple):
    """k factors of N securities."""

    exposures: Floats  # (N, k)
    covariance: Floats  # (k, k)
    specific: Floats  # (N,) variance that these factors do not explain; NaN where there is no return
    residuals: Floats  # (T, N) returns that they do not explain, at the level of volatility of their day


def factor_layer(returns: Floats, roles: Roles, limit: int, settings: EstimationSettings) -> FactorLayer:
    """Find at most `limit` factors in the core securities' returns (T, N) and the exposures of all to them."""
    w = exponential_weights(len(returns), settings.correlation_half_life)
    w_specific = exponential_weights(len(returns), settings.specific_half_life)
    calm = calm_returns(returns, w, roles.core, settings.clip, settings.smoothing_half_life)
    U, core = calm.values, roles.core
    size = np.sqrt(weighted_mean_square(U, w))
    found = statistical_factors(U[:, core] / size[core], w, limit)
    F = found.returns
    X = np.zeros((U.shape[1], F.shape[1]))
    X[core] = found.exposures * size[core, None]
    residuals = np.full(U.shape, np.nan)
    residuals[:, core] = U[:, core] - F @ X[core].T
    specific = np.full(U.shape[1], np.nan)
    specific[core] = weighted_mean_square(residuals[:, core], w_specific)

    rest = ~core & ~roles.unlike
    for some in (roles.unlike, rest):
        if np.any(some):
            expected = _expect_nothing(F, w, size[some]) if some is not rest else _expect_peers(X, specific, roles)
            outcome = regress(U[:, some], F, w, w_specific, expected)
            X[some], specific[some], residuals[:, some] = outcome

    variances = _echoed_variances(F, exponential_weights(len(F), settings.factor_half_life), settings.serial_lags)
    level = _coming_level(calm, w, core & roles.stock, settings)
    # What chance adds to a factor is variance that the securities really have, only not in common. It came from their
    # specific risk, so two funds on gold, which have next to none, must not be given more than they have.
    chance = np.minimum((X * X) @ ((1.0 - found.kept) * variances), specific)
    return FactorLayer(
        exposures=X,
        covariance=level * _covariance(F, w, found.kept * variances),
        specific=level * (specific + chance),
        residuals=residuals * calm.level[:, None],
    )


def _coming_level(calm: CalmReturns, w: Floats, stocks: Flags, settings: EstimationSettings) -> float:
    """Level of variance to come: that of late, days on which the stocks of the core fell counting for more.

    Volatility rises after falls (Black 1976). Each side counts relative to what it does in the long run, so that on
    average nothing is added.
    """
    w_level = exponential_weights(len(calm.level), settings.level_half_life)
    seen = np.isfinite(calm.values[:, stocks])
    together = np.sum(np.where(seen, calm.values[:, stocks], 0.0), axis=1)
    side = 1.0 - settings.asymmetry * np.sign(together)
    variance = calm.level**2
    usual = np.sum(w * variance * side) / np.sum(w * variance)
    return float(np.sum(w_level * variance * side) / np.sum(w_level) / usual)


def _expect_nothing(F: Floats, w: Floats, size: Floats) -> Expectation:
    """Exposures around zero, as wide as the securities' own volatility (M,) allows."""
    own = np.maximum(size * size, _LEAST_VARIANCE)
    factor = np.maximum(weighted_mean_square(F, w), _LEAST_VARIANCE)
    spread = _WIDE * own[:, None] / factor
    return Expectation(exposures=np.zeros_like(spread), spread=spread, specific=own)


def _expect_peers(X: Floats, specific: Floats, roles: Roles) -> Expectation:
    """Exposures around the average of the peers, as wide as known securities lie around theirs."""
    known = roles.core | roles.unlike
    rest = ~known
    means = roles.peers.average(X)
    squares = (X - means) ** 2
    spread = np.tile(squares[known].mean(axis=0), (len(X), 1))
    for stocks in (True, False):
        alike = roles.stock == stocks
        if np.any(known & alike):
            spread[alike] = squares[known & alike].mean(axis=0)
    middle = roles.peers.quantile(np.maximum(specific, _LEAST_VARIANCE), 0.5)
    return Expectation(exposures=means[rest], spread=spread[rest] + _LEAST_VARIANCE, specific=middle[rest])


def _echoed_variances(F: Floats, w: Floats, lags: int) -> Floats:
    """Variances of factor returns (T, k) with their echo on following days, Bartlett weights (Newey and West 1987).

    Prices that catch up late make a month's variance larger than the sum of its days'.
    """
    total = np.sum(w)
    variances = np.sum(w[:, None] * F * F, axis=0) / total
    long = variances.copy()
    for lag in range(1, min(lags, len(F) - 1) + 1):
        echo = np.sum(np.sqrt(w[lag:] * w[:-lag])[:, None] * F[lag:] * F[:-lag], axis=0) / total
        long += 2.0 * (1.0 - lag / (lags + 1.0)) * echo
    # Half a variance at least: an estimate of echoes from few days is noise.
    result: Floats = np.maximum(long, 0.5 * variances)
    return result


def _covariance(F: Floats, w: Floats, variances: Floats) -> Floats:
    """Covariance with these variances (k,) and the correlations of the factor returns (T, k) under the weights."""
    raw = (w[:, None] * F).T @ F
    size = np.sqrt(np.maximum(np.diag(raw), _LEAST_VARIANCE**2))
    root = np.sqrt(variances) / size
    covariance = raw * np.outer(root, root)
    result: Floats = 0.5 * (covariance + covariance.T)
    return result
