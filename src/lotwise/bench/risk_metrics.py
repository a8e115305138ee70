"""How good a risk forecast was: the bias statistic and QLIKE.

Symbols: M periods, P portfolios; r the active return of a period, s its predicted standard deviation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bias", "Outcomes", "bias_of", "bias_statistics", "mean_qlike", "outcome_of"]

Floats = NDArray[np.float64]


class Outcomes(NamedTuple):
    """What P portfolios did in one period beside what was predicted."""

    standardised: Floats  # (P,) r / s
    ratio: Floats  # (P,) realised variance, from daily active returns, / predicted variance


class Bias(NamedTuple):
    """Bias statistics of P portfolios, and how often a period was far out."""

    mean: float
    low: float  # 5% and 95% of the portfolios
    high: float
    beyond_2: float  # share of |r / s| > 2; 4.6% if normal
    beyond_3: float  # share of |r / s| > 3; 0.27% if normal


def outcome_of(active: Floats, growth: Floats, benchmark: Floats, annual: Floats, days_per_year: float) -> Outcomes:
    """Follow portfolios bought and held through a period.

    active (P, N) weights less the benchmark's (N,) at its start; growth (H + 1, N) of a dollar in each security; annual
    (P,) the predicted variance of a year. What is not invested is cash, which earns nothing.
    """
    days = len(growth) - 1
    index = 1.0 + (growth - 1.0) @ benchmark
    portfolio = index + (growth - 1.0) @ active.T if active.ndim == 1 else index[:, None] + (growth - 1.0) @ active.T
    daily = portfolio[1:] / portfolio[:-1] - (index[1:] / index[:-1])[:, None]
    predicted = annual * (days / days_per_year)
    return Outcomes(
        standardised=(portfolio[-1] - index[-1]) / np.sqrt(predicted),
        ratio=np.sum(daily * daily, axis=0) / predicted,
    )


def bias_statistics(standardised: Floats) -> Floats:
    """Standard deviation over the periods of r / s: 1 where the forecast is right, above where it is too low.

    (M, P) to (P,).
    """
    deviations: Floats = np.std(standardised, axis=0, ddof=1)
    return deviations


def bias_of(standardised: Floats) -> Bias:
    """Sum up the bias statistics of P portfolios over M periods, (M, P)."""
    each, size = bias_statistics(standardised), np.abs(standardised)
    low, high = np.quantile(each, (0.05, 0.95))
    return Bias(
        mean=float(each.mean()),
        low=float(low),
        high=float(high),
        beyond_2=float(np.mean(size > 2.0)),
        beyond_3=float(np.mean(size > 3.0)),
    )


def mean_qlike(ratio: Floats) -> float:
    """Mean of x - ln x - 1, x = realised / predicted variance: 0 where all is foreseen.

    Least in expectation at the true variance whatever noise the realised one carries (Patton 2011); too low a forecast
    costs more than one too high by the same factor. A portfolio that did not move all month is left out.
    """
    moved = ratio[ratio > 0.0]
    return float(np.mean(moved - np.log(moved) - 1.0))
