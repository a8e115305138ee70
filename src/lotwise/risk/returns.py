"""Daily returns ready for estimation: gaps left open, errors cut, and the weather of the whole market taken out.

Volatility comes and goes for all securities together. A crisis three years ago would otherwise be most of a
covariance matrix; so every day is divided by the level of volatility around it, correlations are estimated from what
is left, and the level expected for the coming year is multiplied back at the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DAYS_PER_YEAR",
    "CalmReturns",
    "calm_returns",
    "daily_returns",
    "effective_count",
    "exponential_weights",
    "weighted_mean_square",
]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Trading days of a year of the New York Stock Exchange, on average since 1990.
DAYS_PER_YEAR = 252.0

# A day counts when at least this share of the securities listed around it has a price: a fund quoted on a Saturday
# would otherwise cost every stock its return of Monday.
_SHARE_PRICED = 0.5

# 95% of normal returns lie within this many standard deviations; the quantile ignores up to 5% of bad prices.
_NORMAL_95 = 1.96

# A stretch of stale prices has no level of volatility; dividing by less than this would make noise of it.
_LEAST_LEVEL = 0.1


class CalmReturns(NamedTuple):
    """T days of returns of N securities divided by the market's level of volatility on each day."""

    values: Floats  # (T, N); NaN where there is no return
    level: Floats  # (T,) the level by which a day was divided; mean square 1 under the weights of estimation


def exponential_weights(days: int, half_life: float) -> Floats:
    """Weight of each of T days, the last one 1, halving every `half_life` days back; (T,)."""
    age = np.arange(days - 1, -1, -1, dtype=np.float64)
    weights: Floats = np.exp2(-age / half_life)
    return weights


def effective_count(weights: Floats) -> float:
    """How many equally weighted observations tell as much as these; 0 for none."""
    square = float(np.sum(weights * weights))
    return float(np.sum(weights)) ** 2 / square if square > 0.0 else 0.0


def weighted_mean_square(values: Floats, weights: Floats) -> Floats:
    """Mean square of each column under the weights of the days that have a value; (T, N), (T,) to (N,), 0 for none."""
    seen = np.isfinite(values)
    total = np.sum(seen * weights[:, None], axis=0)
    squares = np.sum(np.where(seen, values * values, 0.0) * weights[:, None], axis=0)
    result: Floats = squares / np.where(total > 0.0, total, 1.0)
    return result


def daily_returns(prices: Floats) -> Floats:
    """Simple returns from one trading day to the next; (T, N) prices to (T' - 1, N), NaN where either is missing.

    Days on which few of the securities then listed have a price are left out first.
    """
    present = np.isfinite(prices)
    since_first = np.maximum.accumulate(present, axis=0)
    until_last = np.maximum.accumulate(present[::-1], axis=0)[::-1]
    listed = np.sum(since_first & until_last, axis=1)
    priced = np.sum(present, axis=1)
    kept = prices[(priced > 0) & (priced >= _SHARE_PRICED * listed)]
    if len(kept) < 2:
        return np.empty((0, prices.shape[1]))
    returns: Floats = kept[1:] / kept[:-1] - 1.0
    return returns


def _typical_size(returns: Floats) -> Floats:
    """Volatility of each security by the 95% quantile of its absolute returns; (N,), 0 where it never moves."""
    ordered = np.sort(np.abs(returns), axis=0)  # NaN last
    count = np.sum(np.isfinite(returns), axis=0)
    place = 0.95 * np.maximum(count - 1, 0)
    below = place.astype(np.intp)
    columns = np.arange(returns.shape[1])
    low = ordered[below, columns]
    high = ordered[np.minimum(below + 1, np.maximum(count - 1, 0)), columns]
    size: Floats = np.where(count > 0, low + (high - low) * (place - below), 0.0) / _NORMAL_95
    still = (size == 0.0) & (count > 0)
    if np.any(still):
        mean_square = np.nansum(returns[:, still] ** 2, axis=0) / count[still]
        size[still] = np.sqrt(mean_square)
    return size


def _level_of_volatility(standard: Floats, weights: Floats, half_life: float) -> Floats:
    """Level of volatility around each day, from that day and those before it; (T,), weighted mean square 1."""
    seen = np.isfinite(standard)
    squares = np.where(seen, standard * standard, 0.0)
    count = seen.sum(axis=1)
    of_day = np.where(count > 0, squares.sum(axis=1) / np.maximum(count, 1), 1.0)
    keep = float(np.exp2(-1.0 / half_life))
    smooth = np.empty(len(of_day))
    state = float(of_day[: max(1, int(2 * half_life))].mean())
    for t, square in enumerate(of_day):
        state = keep * state + (1.0 - keep) * square
        smooth[t] = state
    mean = float(np.sum(weights * smooth) / np.sum(weights))
    level: Floats = np.sqrt(np.maximum(smooth / mean, _LEAST_LEVEL**2)) if mean > 0.0 else np.ones(len(of_day))
    return level


def calm_returns(returns: Floats, weights: Floats, leaders: Flags, clip: float, half_life: float) -> CalmReturns:
    """Divide each day by its level of volatility and cut each security's returns at `clip` times its volatility.

    returns (T, N) with NaN; weights (T,); leaders (N,) the securities that show the level. The cut is made after the
    division, so that a crash of everything is not taken for an error of everything.
    """
    size = _typical_size(returns)
    leading = leaders & (size > 0.0)
    standard = np.clip(returns[:, leading] / size[leading], -clip, clip)
    level = _level_of_volatility(standard, weights, half_life)
    calm = returns / level[:, None]
    limit = clip * _typical_size(calm)
    return CalmReturns(values=np.clip(calm, -limit, limit), level=level)
