"""Daily log returns with the habits of stock markets: fat tails, clustered volatility, common factors.

A return is  beta x market + styles + sector + own.  Every source is a GARCH(1,1) process (Bollerslev 1986) with
Student t innovations; the own part's volatility moves partly with the market's, as it does in a crisis.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.lab.market_panel import YEAR_ROWS, Floats
from lotwise.lab.simulated_companies import FAILURE, SECTORS, TAKEOVER, Companies

__all__ = ["CommonReturns", "clustered_shocks", "common_returns", "company_returns", "pin"]

# Annual volatilities. The market's is what the decade realises (see `pin`); the index of large companies comes out
# a little above it, by what sectors and concentration add.
MARKET_VOLATILITY = 0.165
SECTOR_VOLATILITY = 0.065
STYLE_VOLATILITY = 0.03
STYLES = 3
OWN_VOLATILITY = 0.255  # median over companies
OWN_DISPERSION = 0.28  # standard deviation of its logarithm over companies

# Log price drift of a company per year before dividends. With the volatilities above about 36% of the companies fall
# in a calendar year, as in 2016-2025 among the large US companies (prices, mean over the years).
LOG_DRIFT = 0.122

# GARCH: weight of the last shock and of the last variance. Their sum is how slowly a storm passes: half in 34 days.
REACTION = 0.09
MEMORY = 0.89
# Beyond these a single draw would rule a decade: innovations are cut here (standard deviations), and so are
# conditional variances (multiples of the mean), about the worst of the last fifty years.
WORST_INNOVATION = 9.0
WORST_VARIANCE = 12.0
# Degrees of freedom of Student t.
COMMON_TAILS = 5.0
OWN_TAILS = 3.8
# A failing company loses its value over this many rows before it leaves the index and until its last day; an
# announced takeover is done after so many rows.
DECLINE_ROWS = (150, 300)
BID_ROWS = (30, 90)
# Share of the own variance that follows the market's variance.
SHARED_VARIANCE = 0.4


class CommonReturns(NamedTuple):
    """What all companies share, log returns per day."""

    market: Floats  # (T,) without drift
    variance: Floats  # (T,) conditional variance of the market, 1 on average
    sectors: Floats  # (T, S)
    styles: Floats  # (T, STYLES)


def clustered_shocks(rng: np.random.Generator, rows: int, width: int, tails: float) -> tuple[Floats, Floats, Floats]:
    """GARCH(1,1) shocks of unit variance: innovations, conditional variances and their products, each (rows, width)."""
    innovations = rng.standard_t(tails, size=(rows, width)) * np.sqrt((tails - 2) / tails)
    innovations = np.clip(innovations, -WORST_INNOVATION, WORST_INNOVATION)
    variances = np.empty((rows, width))
    variance = np.ones(width)
    floor = 1 - REACTION - MEMORY
    for row in range(rows):
        variances[row] = variance
        variance = np.minimum(floor + variance * (REACTION * innovations[row] ** 2 + MEMORY), WORST_VARIANCE)
    return innovations, variances, innovations * np.sqrt(variances)


def pin(shocks: Floats, volatility: float) -> Floats:
    """Shift and scale a column of daily shocks so that it realises exactly this annual volatility and no drift.

    Ten years are short: their mean return alone has a standard error of 5% a year. Pinning makes every seed a decade
    of the same mean and volatility that differs in everything else.
    """
    centred = shocks - shocks.mean(axis=0)
    pinned: Floats = centred / centred.std(axis=0) * (volatility / np.sqrt(YEAR_ROWS))
    return pinned


def common_returns(rng: np.random.Generator, rows: int) -> CommonReturns:
    """Draw the market, the sectors and the styles."""
    _, variance, shocks = clustered_shocks(rng, rows, 1, COMMON_TAILS)
    sectors = clustered_shocks(rng, rows, len(SECTORS), COMMON_TAILS)[2]
    styles = clustered_shocks(rng, rows, STYLES, COMMON_TAILS)[2]
    return CommonReturns(
        market=pin(shocks[:, 0], MARKET_VOLATILITY),
        variance=variance[:, 0] / variance.mean(),
        sectors=pin(sectors, SECTOR_VOLATILITY),
        styles=pin(styles, STYLE_VOLATILITY),
    )


def company_returns(rng: np.random.Generator, common: CommonReturns, companies: Companies) -> Floats:
    """(T, C) daily log price returns, dividends excluded from neither: what a company's total value does.

    Rows outside a company's listing are drawn like the others and mean nothing.
    """
    rows, count = len(common.market), len(companies.symbols)
    sector_beta = np.array([sector.beta for sector in SECTORS])[companies.sector]
    beta = np.clip(sector_beta + rng.normal(0, 0.2, count), 0.3, 2.0)
    loadings = rng.normal(0, 1, (STYLES, count))
    volatility = OWN_VOLATILITY * np.exp(rng.normal(0, OWN_DISPERSION, count)) / np.sqrt(YEAR_ROWS)
    innovations, variances, _ = clustered_shocks(rng, rows, count, OWN_TAILS)
    scale = np.sqrt((1 - SHARED_VARIANCE) * variances + SHARED_VARIANCE * common.variance[:, None])
    own = innovations * scale * volatility
    for company in np.flatnonzero(companies.fate == FAILURE):
        _collapse(rng, own[:, company], companies, int(company))
    returns: Floats = LOG_DRIFT / YEAR_ROWS + np.outer(common.market, beta) + own
    returns += common.sectors[:, companies.sector]
    for style in range(STYLES):
        returns += np.outer(common.styles[:, style], loadings[style])
    for company in np.flatnonzero(companies.fate == TAKEOVER):
        _bid(rng, returns[:, company], int(companies.left[company]))
    return returns


def _collapse(rng: np.random.Generator, own: Floats, companies: Companies, company: int) -> None:
    """Let a failing company lose 94-99% of its value up to its last day, in wilder moves than before."""
    left, end = int(companies.left[company]), int(companies.delisted[company])
    begin = max(int(companies.listed[company]) + 1, left - int(rng.integers(*DECLINE_ROWS)))
    own[begin:end] *= 1.7
    own[begin:end] += (np.log(rng.uniform(0.01, 0.06)) - own[begin:end].sum()) / (end - begin)


def _bid(rng: np.random.Generator, returns: Floats, left: int) -> None:
    """Let a company jump on the day a bid for it is announced and hardly move from then on."""
    announced = left - int(rng.integers(*BID_ROWS))
    returns[announced] += np.log(rng.uniform(1.15, 1.45))
    returns[announced + 1 : left] = rng.normal(0, 0.0015, left - announced - 1)
