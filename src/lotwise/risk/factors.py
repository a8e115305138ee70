"""Statistical factors: principal components of standardised returns, with what chance adds to them taken out.

Symbols of this file: Z (T, N) returns of unit variance, w (T,) weights, B (N, k) exposures, F (T, k) factor returns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.risk.returns import effective_count

__all__ = ["StatisticalFactors", "statistical_factors"]

Floats = NDArray[np.float64]

# Most rounds of factor analysis: each scales by the specific risk that the round before found, and fills what is
# missing with what its factors say. Stocks settle in three or four; two funds on one thing (gold) take all, for the
# specific risk that tells them from the others is small.
_ROUNDS = 12

# Specific variances, as shares of all variance, have settled when none moves by more than this.
_SETTLED = 0.005

# Share of a security's variance that stays specific while the rounds go on: keeps a perfectly explained security
# from taking over the next round.
_LEAST_SPECIFIC = 0.01

# No more factors than this share of the days: with more, nearly everything can be explained after the fact.
_SHARE_OF_DAYS = 0.25


class StatisticalFactors(NamedTuple):
    """k factors of N securities over T days; the factor variances are those of F under the weights."""

    exposures: Floats  # (N, k), of standardised returns
    returns: Floats  # (T, k)
    kept: Floats  # (k,) share of each factor's sample variance that is not chance, 0..1


def _true_strength(sample: Floats, ratio: float) -> tuple[Floats, Floats]:
    """Strength l of each factor behind sample eigenvalue lambda, and the squared cosine of its direction.

    In units of the noise variance, with `ratio` = securities / effective days: lambda = l (1 + ratio / (l - 1)) and
    cos^2 = (1 - ratio / (l - 1)^2) / (1 + ratio / (l - 1)), for l > 1 + sqrt(ratio) (Baik and Silverstein 2006; Paul
    2007). A sample eigenvalue at or below (1 + sqrt(ratio))^2 says nothing: strength 1, cosine 0.
    """
    edge = (1.0 + np.sqrt(ratio)) ** 2
    above = sample > edge
    spread = np.where(above, sample, edge) + 1.0 - ratio
    strength = 0.5 * (spread + np.sqrt(np.maximum(spread * spread - 4.0 * np.where(above, sample, edge), 0.0)))
    excess = np.maximum(strength - 1.0, 1e-12)
    cosine = np.clip((1.0 - ratio / excess**2) / (1.0 + ratio / excess), 0.0, 1.0)
    return np.where(above, strength, 1.0), np.where(above, cosine, 0.0)


def _above_chance(values: Floats, limit: int, ratio: float) -> tuple[int, float]:
    """Count the eigenvalues (descending) that stand above what chance makes of noise, and give the noise's variance.

    The noise is the mean of the eigenvalues that are not counted, so the two are found by turns, counting up.
    """
    number = 0
    while True:
        noise = float(np.mean(values[number:]))
        above = int(np.sum(values[:limit] > noise * (1.0 + np.sqrt(ratio)) ** 2))
        if above <= number:
            return number, noise
        number = above


def _orient(B: Floats, F: Floats) -> tuple[Floats, Floats]:
    """Fix the sign of every factor: its exposures do not sum to a negative number."""
    sign = np.where(B.sum(axis=0) < 0.0, -1.0, 1.0)
    return B * sign, F * sign


def _components(weighted: Floats, gram: Floats | None, scale: Floats, most: int) -> tuple[Floats, Floats]:
    """Eigenvalues (N,), descending, of the second moments of `weighted` / scale, and its first `most` directions.

    weighted (T, N); gram (N, N) its second moments, None where there are fewer days than securities: the same comes
    out of the days' (T, T) matrix then, for less.
    """
    T, N = weighted.shape
    if gram is not None:
        values, V = np.linalg.eigh(gram / np.outer(scale, scale))
        return np.maximum(values[::-1], 0.0), V[:, : -most - 1 : -1]
    scaled = weighted / scale
    by_day, U = np.linalg.eigh(scaled @ scaled.T)
    values = np.concatenate([np.maximum(by_day[::-1], 0.0), np.zeros(N - T)])
    size = np.sqrt(np.maximum(values[:most], np.finfo(np.float64).tiny))
    return values, scaled.T @ (U[:, : -most - 1 : -1] / size)


def statistical_factors(Z: Floats, w: Floats, limit: int) -> StatisticalFactors:
    """Find at most `limit` factors in standardised returns, missing ones NaN, at least one.

    Principal components of returns scaled by specific risk (so that quiet securities count for as much as loud
    ones), repeated; factors that chance alone could make are dropped, and of the others `kept` says how much of
    the sample variance is real: the rest belongs to specific risk.
    """
    T, N = Z.shape
    if N == 1:
        return StatisticalFactors(np.ones((1, 1)), np.where(np.isfinite(Z), Z, 0.0), np.ones(1))
    seen = np.isfinite(Z)
    filled = np.where(seen, Z, 0.0)
    gaps = np.flatnonzero(~seen.all(axis=0))
    days = max(effective_count(w), 1.0)
    ratio = N / days
    most = min(limit, N // 2, max(1, int(_SHARE_OF_DAYS * days)))
    root = np.sqrt(w / w.sum())[:, None]
    weighted = root * filled
    gram = weighted.T @ weighted if N <= T else None
    specific = np.ones(N)
    B, F, kept = np.zeros((N, 1)), np.zeros((T, 1)), np.zeros(1)
    for _ in range(_ROUNDS):
        scale = np.sqrt(specific)
        values, V = _components(weighted, gram, scale, most)
        number, noise = _above_chance(values, most, ratio)
        number = max(1, number)
        sample, V = values[:number], V[:, :number]
        strength, cosine = _true_strength(sample / noise, ratio)
        kept = np.clip((strength - 1.0) * cosine * noise / sample, 0.0, 1.0)
        B = V * scale[:, None]
        F = filled @ (V / scale[:, None])
        # By what is kept of a factor, not by its sample variance: else a security explained a little too well by chance
        # would be scaled up until it had a factor to itself.
        unexplained = np.clip(1.0 - (B * B) @ (kept * sample), _LEAST_SPECIFIC, 1.0)
        if np.max(np.abs(unexplained - specific)) < _SETTLED:
            break
        specific = unexplained
        if len(gaps):
            filled[:, gaps] = np.where(seen[:, gaps], filled[:, gaps], F @ (B[gaps] * kept).T)
            weighted[:, gaps] = root * filled[:, gaps]
            if gram is not None:
                gram[:, gaps] = weighted.T @ weighted[:, gaps]
                gram[gaps] = gram[:, gaps].T
    B, F = _orient(B, F)
    return StatisticalFactors(exposures=B, returns=F, kept=kept)
