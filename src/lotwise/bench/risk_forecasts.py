"""What is judged: the risk model of Lotwise beside forecasts that anyone would try first, all from the same returns.

Each becomes a `Forecast` of the N members of the index at one close. The peers need complete returns: a missing one is
taken to be the mean of the others that day (`complete_returns`). They weigh all days of the window alike, as they are
defined; their covariance of daily returns times 252 is the annual one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf

from lotwise.bench.risk_market import RiskDate
from lotwise.risk.estimation import EstimationSettings, estimate
from lotwise.risk.factor_model import FactorModel
from lotwise.risk.returns import DAYS_PER_YEAR, daily_returns

__all__ = [
    "OURS",
    "Forecast",
    "Forecaster",
    "ModelWatch",
    "complete_returns",
    "forecasters",
    "of_covariance",
    "of_lotwise",
    "of_model",
]

Floats = NDArray[np.float64]

OURS = "Lotwise"

# Components that plain PCA keeps: as many as Lotwise may find among stocks.
_COMPONENTS = 20

# With fewer days than this a member has no volatility of its own.
_FEW_DAYS = 60

# Share of the largest diagonal that can be taken off a covariance matrix as specific variance.
_OFF_DIAGONAL = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """The annual covariance V of N members, and, where it has few factors, its factors.

    V = loadings loadings' / 2 + diag(specific): the form the optimizer takes.
    """

    covariance: Floats  # (N, N)
    loadings: Floats | None  # (N, k), None: V has no few factors
    specific: Floats | None  # (N,)

    def variances(self, active: Floats) -> Floats:
        """Annual variance of active weights, (P, N) to (P,)."""
        result: Floats = np.einsum("pi,pi->p", active @ self.covariance, active)
        return result

    def within(self, chosen: NDArray[np.int64], benchmark: Floats) -> tuple[Floats, Floats, Floats]:
        """Loadings (n, n), specific variances (n,) and target (n,) of a few members that must track all (N,).

        With t = 0 elsewhere, (t - b)'V(t - b) is a constant plus (t - a)'V(t - a) over the few, where a is b plus what
        of the rest they can stand for: a = b + V_few^-1 V_few,rest b_rest. V_few is taken apart into a diagonal and the
        eigenvectors of what is left, which is exact.
        """
        few = self.covariance[np.ix_(chosen, chosen)]
        left = benchmark.copy()
        left[chosen] = 0.0
        # Two members of no history are one to a sample covariance: of all solutions the smallest.
        stand_in, *_ = np.linalg.lstsq(few, self.covariance[chosen] @ left, rcond=1e-12)
        target = benchmark[chosen] + stand_in
        size = np.sqrt(np.diag(few))
        least = max(float(np.linalg.eigvalsh(few / np.outer(size, size))[0]), 0.0)
        specific = _OFF_DIAGONAL * least * size * size
        values, vectors = np.linalg.eigh(few - np.diag(specific))
        return vectors * np.sqrt(2.0 * np.maximum(values, 0.0)), specific, target


Forecaster = Callable[[RiskDate], Forecast]
ModelWatch = Callable[[RiskDate, FactorModel], None]


def of_model(model: FactorModel, members: int) -> Forecast:
    """Forecast of the first `members` securities of a factor model."""
    loadings, specific = model.loadings()[:members], model.specific[:members]
    return Forecast(0.5 * loadings @ loadings.T + np.diag(specific), loadings, specific)


def of_covariance(daily: Floats) -> Forecast:
    """Forecast of a covariance matrix of daily returns."""
    return Forecast(DAYS_PER_YEAR * 0.5 * (daily + daily.T), None, None)


def complete_returns(known: RiskDate) -> Floats:
    """Daily returns of the members over the window, (T, N), gaps filled with the mean of the day.

    Each series is then scaled back to the volatility of its own days (the median one, where there are few), or else
    the youngest members would look the safest.
    """
    returns = daily_returns(known.history.adjusted)[:, : known.members]
    seen = np.isfinite(returns)
    count = seen.sum(axis=0)
    mean = np.where(seen, returns, 0.0).sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    filled = np.where(seen, returns, mean)
    own = np.sqrt((np.where(seen, returns, 0.0) ** 2).sum(axis=0) / np.maximum(count, 1))
    own = np.where(count >= _FEW_DAYS, own, np.median(own[count >= _FEW_DAYS]))
    complete: Floats = filled * (own / np.sqrt(np.mean(filled * filled, axis=0)))
    return complete


def _sample(known: RiskDate) -> Forecast:
    return of_covariance(np.cov(complete_returns(known), rowvar=False))


def _ledoit_wolf(known: RiskDate) -> Forecast:
    covariance, _ = ledoit_wolf(complete_returns(known))
    return of_covariance(np.asarray(covariance, dtype=np.float64))


def _principal_components(known: RiskDate) -> Forecast:
    """The largest components of the sample covariance, and what they leave of each variance."""
    covariance = np.cov(complete_returns(known), rowvar=False) * DAYS_PER_YEAR
    values, vectors = np.linalg.eigh(covariance)
    loadings = vectors[:, -_COMPONENTS:] * np.sqrt(2.0 * np.maximum(values[-_COMPONENTS:], 0.0))
    specific = np.maximum(np.diag(covariance) - 0.5 * np.sum(loadings * loadings, axis=1), 1e-8)
    return Forecast(0.5 * loadings @ loadings.T + np.diag(specific), loadings, specific)


def of_lotwise(settings: EstimationSettings, look: ModelWatch = lambda _known, _model: None) -> Forecaster:
    """The risk model of Lotwise; `look` is shown every model."""

    def forecast(known: RiskDate) -> Forecast:
        model = estimate(known.history, known.structure, settings, as_of=known.day)
        look(known, model)
        return of_model(model, known.members)

    return forecast


def forecasters(look: ModelWatch = lambda _known, _model: None) -> dict[str, Forecaster]:
    """Every forecast that is compared, by the name it has in the tables; `look` is shown every model of Lotwise."""
    return {
        OURS: of_lotwise(EstimationSettings(), look),
        "sample covariance": _sample,
        "Ledoit-Wolf": _ledoit_wolf,
        "plain PCA": _principal_components,
    }
