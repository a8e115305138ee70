"""A risk market made from a covariance that is known: an index of simulated stocks, and a few funds of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.bench.risk_market import FUND_PAIRS, RiskMarket
from lotwise.dates import to_day_number

Floats = NDArray[np.float64]

SECTORS = tuple(f"Sector {letter}" for letter in "ABCDEF")
FIRST = date(2001, 1, 1)


@dataclass(frozen=True, slots=True)
class SimulatedIndex:
    market: RiskMarket
    covariance: Floats  # (N, N) annual, of the stocks


def simulated_index(stocks: int, days: int, seed: int) -> SimulatedIndex:
    """Normal returns of one market factor, six sectors and specific risk, on working days from 2001 on."""
    rng = np.random.default_rng(seed)
    sector = np.arange(stocks) % len(SECTORS)
    X = np.zeros((stocks, 1 + len(SECTORS)))
    X[:, 0] = rng.normal(1.0, 0.25, stocks)
    X[np.arange(stocks), 1 + sector] = rng.normal(1.0, 0.3, stocks)
    omega = np.array([0.16, *np.linspace(0.08, 0.18, len(SECTORS))]) ** 2
    specific = rng.uniform(0.15, 0.4, stocks) ** 2
    factors = rng.normal(size=(days, len(omega))) * np.sqrt(omega / 252.0)
    returns = factors @ X.T + rng.normal(size=(days, stocks)) * np.sqrt(specific / 252.0)
    funds = sorted({fund for pair in FUND_PAIRS for fund in pair})
    of_funds = returns.mean(axis=1)[:, None] + rng.normal(size=(days, len(funds))) * 0.01 / np.sqrt(252.0)
    names = tuple(f"S{i:03d}" for i in range(stocks))
    weekdays = [day for n in range(2 * days) if (day := FIRST + timedelta(days=n)).weekday() < 5][: days + 1]
    growth = np.cumprod(1.0 + np.hstack([returns, of_funds]), axis=0)
    membership = pl.DataFrame(
        {
            "symbol": names,
            "start": [0] * stocks,
            "end": [2**31] * stocks,
            "sector": [SECTORS[s] for s in sector],
            "industry": [""] * stocks,
        }
    )
    volume = {
        (name, year): float(size)
        for name, size in zip(names, rng.lognormal(0.0, 0.7, stocks), strict=True)
        for year in range(2000, 2031)
    }
    market = RiskMarket(
        symbols=(*names, *(f"{fund} fund" for fund in funds)),
        stocks=stocks,
        days=np.array([to_day_number(day) for day in weekdays], dtype=np.int32),
        adjusted=100.0 * np.vstack([np.ones(growth.shape[1]), growth]),
        membership=membership,
        volume=volume,
    )
    return SimulatedIndex(market, X @ np.diag(omega) @ X.T + np.diag(specific))
