"""Markets made from a factor model that is known, so that an estimate can be compared with the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lotwise.risk.peers import SecurityStructure
from lotwise.securities.market import PriceHistory, SecurityKind

Floats = NDArray[np.float64]

LAST_DAY = 19_000  # 2022-01-08, as good as any

SECTORS = ("Energy", "Health", "Banks", "Software")


@dataclass(frozen=True, slots=True)
class SimulatedMarket:
    """Prices of stocks and the annual covariance from which their returns were drawn."""

    history: PriceHistory
    structure: SecurityStructure
    covariance: Floats


def history_of(returns: Floats, symbols: tuple[str, ...] | None = None) -> PriceHistory:
    """Prices that start at 100 and have these daily returns, one day more than there are returns."""
    days, n = returns.shape
    prices = 100.0 * np.vstack([np.ones(n), np.cumprod(1.0 + returns, axis=0)])
    names = symbols or tuple(f"S{i:03d}" for i in range(n))
    return PriceHistory(names, np.arange(LAST_DAY - days, LAST_DAY + 1, dtype=np.int32), prices)


def stocks(sectors: tuple[str, ...]) -> SecurityStructure:
    """Structure of stocks of these sectors."""
    n = len(sectors)
    return SecurityStructure(("Equity",) * n, sectors, ("",) * n, (SecurityKind.STOCK,) * n)


def simulated_market(n: int, days: int, seed: int) -> SimulatedMarket:
    """Draw normal returns: a market factor, a factor for each of four sectors, specific risk of 15% to 45%."""
    rng = np.random.default_rng(seed)
    sector = np.arange(n) % len(SECTORS)
    X = np.zeros((n, 1 + len(SECTORS)))
    X[:, 0] = rng.normal(1.0, 0.25, n)
    X[np.arange(n), 1 + sector] = rng.normal(1.0, 0.3, n)
    omega = np.diag([0.16, 0.18, 0.10, 0.12, 0.14]) ** 2
    specific = rng.uniform(0.15, 0.45, n) ** 2
    covariance = X @ omega @ X.T + np.diag(specific)
    factors = rng.normal(size=(days, X.shape[1])) * np.sqrt(np.diag(omega) / 252.0)
    returns = factors @ X.T + rng.normal(size=(days, n)) * np.sqrt(specific / 252.0)
    return SimulatedMarket(history_of(returns), stocks(tuple(SECTORS[s] for s in sector)), covariance)
