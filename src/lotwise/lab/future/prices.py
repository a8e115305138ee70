"""Prices to come of a firm's own securities: its risk model of today, and one growth for all of them.

A day's log return is what the factors give by the loadings, and the security's own part. Both are GARCH(1,1) with
Student t innovations, as those of the simulated market, of the variances that the risk model says. Every security is
expected to grow alike, whatever its risk: nobody gains by what he holds, and what policies differ by is tax, cost and
chance. Dividends are paid four times a year at today's yields and are part of the growth.

Not modelled: companies that end, split or pay out gains of a fund; changes of the risk itself; funds follow their own
loadings and not what they hold.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np

from lotwise.dates import from_day_number
from lotwise.lab.cohorts.market import MarketSoFar
from lotwise.lab.cohorts.risk import RiskThen
from lotwise.lab.market_panel import (
    YEAR_ROWS,
    CashDividends,
    Floats,
    Int32Array,
    Lookthrough,
    MarketPanel,
    Splits,
    Universe,
)
from lotwise.lab.simulated_market import QUARTER_ROWS, trading_days
from lotwise.lab.simulated_returns import COMMON_TAILS, OWN_TAILS, clustered_shocks
from lotwise.money import DOLLAR, FULL_RATE
from lotwise.securities.market import Market, MarketLabels, SecurityKind

__all__ = ["Future", "RiskOfToday", "prices_to_come"]

_MOST_YEARS, _MOST_PATHS = 40, 1_000
_GROWTH = (-0.2, 0.3)
# Dollars below which no price falls: a share of less is not traded.
_LEAST_PRICE = 0.01
_PLACES = 4


@dataclass(frozen=True, slots=True)
class Future:
    """How far and how often; raises ValueError for a number outside its bounds.

    It ends with the calendar year in which `years` are over: a rule that acts at the end of a year would miss its last
    date, and its tax the year in which it is due.
    """

    years: int = 10
    paths: int = 4
    growth: float = 0.07  # expected total return a year, before tax
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.years <= _MOST_YEARS:
            raise ValueError(f"years must be 1 to {_MOST_YEARS}, was {self.years}")
        if not 1 <= self.paths <= _MOST_PATHS:
            raise ValueError(f"paths must be 1 to {_MOST_PATHS:,}, was {self.paths:,}")
        if not _GROWTH[0] <= self.growth <= _GROWTH[1]:
            raise ValueError(f"growth must be {_GROWTH[0]} to {_GROWTH[1]} a year, was {self.growth}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, was {self.seed}")

    def days_from(self, today: date) -> Int32Array:
        """Today and the trading days after it."""
        later = trading_days(today + timedelta(days=1), date(today.year + self.years, 12, 31))
        return np.concatenate([[np.int32((today - date(1970, 1, 1)).days)], later]).astype(np.int32)


def prices_to_come(market: Market, labels: MarketLabels, future: Future, path: int) -> MarketPanel:
    """Simulate one path; its first day is today, at today's prices. Securities without a price never have one."""
    rng = np.random.default_rng([future.seed, 7, path])
    days = future.days_from(from_day_number(int(market.as_of)))
    rows, count = len(days), len(market.price)
    growth = np.vstack([np.ones((1, count)), np.exp(_log_returns(rng, market, future.growth, rows - 1))])
    rates = _dividend_rates(rng, market, rows)
    price = np.where(market.price > 0, market.price / DOLLAR, np.nan)
    close = np.maximum(np.round(price * np.cumprod(growth - rates, axis=0), _PLACES), _LEAST_PRICE)
    close[0] = price
    total = np.cumprod(growth, axis=0)
    row, security = np.nonzero((rates > 0) & (market.price > 0))
    per_share = np.round(rates[row, security] * close[row - 1, security], _PLACES)
    nothing = np.zeros(0, np.int32)
    return MarketPanel(
        "simulated",
        _universe(market, labels),
        days,
        close,
        total * (close[-1] / total[-1]),
        np.full((rows, count), np.nan),
        np.zeros((rows, count), np.bool_),
        CashDividends(row.astype(np.int32), security.astype(np.int32), per_share),
        Splits(nothing, nothing.copy(), np.zeros(0)),
        Lookthrough(nothing.copy(), nothing.copy(), np.zeros(0)),
    )


def _log_returns(rng: np.random.Generator, market: Market, growth: float, rows: int) -> Floats:
    """(rows, N) daily log returns, dividends included, of the market's risk and the same expected growth for all."""
    exposures = market.loadings / np.sqrt(2.0)  # inner products are the factors' covariance, a year
    factors, common = _shocks(rng, rows, exposures.shape[1], COMMON_TAILS)
    own, alone = _shocks(rng, rows, market.specific.size, OWN_TAILS)
    moves = (factors @ exposures.T + own * np.sqrt(market.specific)) / np.sqrt(YEAR_ROWS)
    # Half of each day's own variance, since that of a calm decade is not that of a stormy one.
    variance = common @ (exposures**2).T + alone * market.specific
    returns: Floats = moves + (np.log1p(growth) - variance / 2.0) / YEAR_ROWS
    return returns


def _shocks(rng: np.random.Generator, rows: int, width: int, tails: float) -> tuple[Floats, Floats]:
    """Clustered shocks of variance 1 over all paths, and the variance that each day's has, (rows, width) both."""
    of_innovations, of_shocks = _variances(tails)
    _, variances, shocks = clustered_shocks(rng, rows, width, tails)
    return shocks / np.sqrt(of_shocks), variances * (of_innovations / of_shocks)


@cache
def _variances(tails: float) -> tuple[float, float]:
    """Variance of innovations, and of shocks: below 1, since what would rule a decade is cut."""
    innovations, _, shocks = clustered_shocks(np.random.default_rng(0), 2_520, 1_000, tails)
    return float(innovations.var()), float(shocks.var())


def _dividend_rates(rng: np.random.Generator, market: Market, rows: int) -> Floats:
    """(rows, N) dividends as fractions of the close before, a quarter of a year's on every 63rd day of each."""
    phase = rng.integers(1, QUARTER_ROWS + 1, market.dividend_yield.size)
    pays = (np.arange(rows)[:, None] - phase[None, :]) % QUARTER_ROWS == 0
    pays[0] = False
    a_quarter = market.dividend_yield * QUARTER_ROWS / YEAR_ROWS
    rates: Floats = np.where(pays, np.clip(a_quarter, 0.0, 0.5), 0.0)
    return rates


def _universe(market: Market, labels: MarketLabels) -> Universe:
    count = len(labels.symbols)
    alike = np.bincount(market.identical, minlength=int(market.identical.max(initial=0)) + 1)[market.identical] > 1
    groups = tuple(f"group {group}" if many else "" for group, many in zip(market.identical, alike, strict=True))
    return Universe(
        labels.symbols,
        labels.names,
        tuple(SecurityKind(int(kind)).name.lower() for kind in market.kind),
        labels.asset_classes,
        labels.sectors,
        labels.industries,
        ("",) * count,
        groups,
        market.spread / FULL_RATE * 1e4,
        market.qualified_share,
    )


class RiskOfToday(RiskThen):
    """The firm's risk model of today on every day to come: it is what the prices are simulated from."""

    def __init__(self, market: Market) -> None:
        super().__init__()
        self._today = market

    def made_of(self) -> str:
        """All that decides it, as text: for a fingerprint."""
        of = self._today
        said = hashlib.sha256()
        for column in (of.loadings, of.specific, of.tradable, of.dividend_yield):
            said.update(np.ascontiguousarray(column).tobytes())
        return f"risk of today {said.hexdigest()}"

    def with_risk(self, market: Market, so_far: MarketSoFar, targets: object) -> Market:  # noqa: ARG002 - the same for all
        """Put the risk and today's yields into a day's market; what cannot be traded today can from tomorrow on."""
        of = self._today
        tradable = market.tradable & (of.specific > 0)
        if so_far.row == 0:
            tradable &= of.tradable
        return market._replace(
            loadings=of.loadings, specific=of.specific, tradable=tradable, dividend_yield=of.dividend_yield
        )
