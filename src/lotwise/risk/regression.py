"""Exposures of single securities to known factor returns, by regression that starts from what their peers look like.

Symbols: U (T, M) returns with NaN, w (T,) weights, F (T, k) factor returns, X (M, k) exposures, d (M,) daily specific
variance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.risk.returns import weighted_mean_square

__all__ = ["Expectation", "Regression", "regress"]

Floats = NDArray[np.float64]

# Rounds between exposures and the noise that says how far to trust them; the second changes them by little.
_ROUNDS = 2

_LEAST_VARIANCE = 1e-12


class Expectation(NamedTuple):
    """What is believed of M securities before their own returns are looked at."""

    exposures: Floats  # (M, k)
    spread: Floats  # (M, k) variance of the true exposures around it; positive
    specific: Floats  # (M,) daily specific variance; positive


class Regression(NamedTuple):
    """What is believed of M securities after it."""

    exposures: Floats  # (M, k)
    specific: Floats  # (M,) daily specific variance of the observations alone; NaN where there is none
    residuals: Floats  # (T, M), NaN where there is no return


def regress(U: Floats, F: Floats, w: Floats, w_specific: Floats, expected: Expectation) -> Regression:
    """Weigh the expectation against the observations: normal prior, normal likelihood, each by its precision.

    Without observations the exposures are the expected ones; with many they are those of weighted least squares.
    The specific variance counts the degrees of freedom that the exposures used up.
    """
    M, k = U.shape[1], F.shape[1]
    seen = np.isfinite(U)
    filled = np.where(seen, U, 0.0)
    mask = seen.astype(np.float64) * w[:, None]
    squares = (F[:, :, None] * F[:, None, :]).reshape(len(F), k * k)
    gram = (mask.T @ squares).reshape(M, k, k)
    moment = (filled * mask).T @ F
    count = mask.sum(axis=0)
    X = expected.exposures
    noise = np.maximum(expected.specific, _LEAST_VARIANCE)
    used = np.zeros(M)
    for _ in range(_ROUNDS):
        precision = gram / noise[:, None, None]
        prior = np.zeros_like(gram)
        prior[:, np.arange(k), np.arange(k)] = 1.0 / expected.spread
        right = moment / noise[:, None] + expected.exposures / expected.spread
        inverse = np.linalg.inv(precision + prior)
        X = np.einsum("mkl,ml->mk", inverse, right)
        used = np.einsum("mkl,mlk->m", inverse, precision)
        residual = np.where(seen, filled - F @ X.T, 0.0)
        free = np.maximum(count - used, 1.0)
        own = (mask * residual**2).sum(axis=0) / free
        # One more observation than there is, at the expected variance: a single day decides nothing.
        noise = np.maximum((free * own + expected.specific) / (free + 1.0), _LEAST_VARIANCE)
    residuals = np.where(seen, filled - F @ X.T, np.nan)
    mean_square = weighted_mean_square(residuals, w_specific)
    lost = np.maximum(count, 1.0) / np.maximum(count - used, 0.5 * np.maximum(count, 1.0))
    specific = np.where(seen.any(axis=0), mean_square * lost, np.nan)
    return Regression(exposures=X, specific=specific, residuals=residuals)
