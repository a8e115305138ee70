"""A seeded simulated US market: 500 live stocks, their dead, and a dozen funds over ten years of trading days.

Fat tails, clustered volatility, factors, births and deaths, splits and quarterly dividends. What it is calibrated to,
and how closely, is in `tests/lab/test_simulated_market.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from lotwise.dates import is_trading_day, to_day_number
from lotwise.lab.market_panel import (
    CashDividends,
    Floats,
    Int32Array,
    MarketPanel,
    Splits,
    Universe,
)
from lotwise.lab.simulated_companies import FAILURE, SECTORS, Companies, list_companies
from lotwise.lab.simulated_funds import Funds, simulate_funds
from lotwise.lab.simulated_returns import common_returns, company_returns

__all__ = ["SimulatedShape", "simulate_market", "trading_days"]

# Rows between two dividends of a company.
QUARTER_ROWS = 63
# Share of the companies of each sector that pay no dividend.
NO_DIVIDEND = 0.25
# First prices and market values: median and standard deviation of the logarithm.
FIRST_PRICE = (85.0, 0.6)
FIRST_CAP = (2.2e10, 1.05)
NEWCOMER_CAP = (1.6e10, 0.7)
# Companies split once the price as traded passes a level of their own: median dollars and standard deviation of its
# logarithm, and the chances of each ratio.
SPLIT_LEVEL = (330.0, 0.45)
SPLIT_RATIOS = (2.0, 3.0, 4.0, 10.0)
SPLIT_CHANCES = (0.55, 0.2, 0.15, 0.1)
SPLIT_DELAY = (20, 80)


@dataclass(frozen=True, slots=True)
class SimulatedShape:
    """Which decade to simulate."""

    first: date = date(2016, 1, 4)
    as_of: date = date(2025, 12, 15)
    members: int = 500


class _Stocks(NamedTuple):
    close: Floats  # (T, C) share basis of the last day
    adjusted: Floats
    total: Floats  # (T, C) daily total return, 0 where not listed
    caps: Floats
    dividends: CashDividends
    splits: Splits


def trading_days(first: date, last: date) -> Int32Array:
    """Day numbers of the exchange's trading days from `first` to `last`, both included."""
    days = (first + timedelta(days=step) for step in range((last - first).days + 1))
    return np.array([to_day_number(day) for day in days if is_trading_day(day)], dtype=np.int32)


def _dividend_rates(rng: np.random.Generator, companies: Companies, rows: int) -> Floats:
    """(T, C) dividend as a fraction of the last close on ex-dates, else 0."""
    count = len(companies.symbols)
    typical = np.array([sector.dividend_yield for sector in SECTORS])[companies.sector]
    yields = typical * np.exp(rng.normal(0, 0.35, count)) * (rng.random(count) >= NO_DIVIDEND) / (1 - NO_DIVIDEND)
    yields[companies.fate == FAILURE] = 0.0
    phase = rng.integers(1, QUARTER_ROWS, count)
    ex_date = (np.arange(rows)[:, None] - phase[None, :]) % QUARTER_ROWS == 0
    rates: Floats = np.where(ex_date, yields / 4, 0.0)
    return rates


def _split_prices(rng: np.random.Generator, traded: Floats, listed: Int32Array, delisted: Int32Array) -> Splits:
    """Find the splits of companies from what their price would be without any.

    A split follows when the price has passed the company's level, some weeks later.
    """
    found: list[tuple[int, int, float]] = []
    level = SPLIT_LEVEL[0] * np.exp(rng.normal(0, SPLIT_LEVEL[1], traded.shape[1]))
    for company in np.flatnonzero(np.nanmax(traded, axis=0) > level):
        row, whole = int(listed[company]), 1.0
        while True:
            above = np.flatnonzero(traded[row : delisted[company], company] / whole > level[company])
            if not above.size:
                break
            row += int(above[0]) + int(rng.integers(*SPLIT_DELAY))
            if row >= delisted[company]:
                break
            ratio = float(rng.choice(SPLIT_RATIOS, p=SPLIT_CHANCES))
            whole *= ratio
            found.append((row, int(company), ratio))
    found.sort()
    return Splits(
        np.array([row for row, _, _ in found], dtype=np.int32),
        np.array([company for _, company, _ in found], dtype=np.int32),
        np.array([ratio for _, _, ratio in found], dtype=np.float64),
    )


def _stocks(rng: np.random.Generator, companies: Companies, returns: Floats) -> _Stocks:
    """Turn log returns into closes, total-return closes, market values, dividends and splits."""
    rows, count = returns.shape
    row = np.arange(rows)[:, None]
    listed = (row >= companies.listed) & (row < companies.delisted)
    first = row == companies.listed
    growth = np.where(listed & ~first, np.exp(returns), 1.0)
    rates = np.where(listed & ~first, _dividend_rates(rng, companies, rows), 0.0)
    value = np.cumprod(growth - rates, axis=0)
    price = FIRST_PRICE[0] * np.exp(rng.normal(0, FIRST_PRICE[1], count)) * value
    splits = _split_prices(rng, np.where(listed, price, np.nan), companies.listed, companies.delisted)
    whole = np.ones(count)
    np.multiply.at(whole, splits.security, splits.ratio)
    # As traded, prices are whole cents; earlier splits leave ten-thousandths.
    close = np.where(listed, np.maximum(np.round(price / whole, 4), 0.01), np.nan)
    close[-1] = np.maximum(np.round(close[-1], 2), 0.01)
    total = np.cumprod(growth, axis=0)
    end = companies.delisted - 1
    adjusted = total * (close[end, np.arange(count)] / total[end, np.arange(count)])
    # Newcomers grow with the market until they come, so that they fit among the members they join.
    risen = np.cumsum(np.where(listed, returns, 0.0).sum(axis=1) / listed.sum(axis=1))
    newcomer = companies.joined > 0
    spread = np.where(newcomer, NEWCOMER_CAP[1], FIRST_CAP[1])
    start = np.where(newcomer, NEWCOMER_CAP[0] * np.exp(risen[companies.listed]), FIRST_CAP[0])
    caps = np.where(listed, start * np.exp(rng.normal(0, 1, count) * spread) * value, np.nan)
    before = np.vstack([close[:1], close[:-1]])
    paid_row, paid = np.nonzero(rates)
    dividends = CashDividends(
        paid_row.astype(np.int32),
        paid.astype(np.int32),
        np.round(rates[paid_row, paid] * before[paid_row, paid], 4),
    )
    adjusted = np.where(listed, np.round(adjusted, 6), np.nan)
    return _Stocks(close, adjusted, growth - 1.0, caps, dividends, splits)


def _stock_spreads(rng: np.random.Generator, caps: Floats) -> Floats:
    """Full bid-ask spreads in basis points: about 2 for the largest companies and 12 for the smallest."""
    size = np.nan_to_num(np.nanmax(caps, axis=0))
    rank = np.argsort(np.argsort(-size)) / len(size)
    return np.round((2 + 10 * rank) * np.exp(rng.normal(0, 0.15, len(size))), 1)


def simulate_market(seed: int = 1, shape: SimulatedShape | None = None) -> MarketPanel:
    """Draw a market; the same seed and shape give the same market to the last digit.

    Raises ValueError if the last day is not a trading day or the decade is shorter than about two years.
    """
    shape = shape or SimulatedShape()
    if not is_trading_day(shape.as_of):
        raise ValueError(f"the last day must be a trading day, was {shape.as_of}")
    days = trading_days(shape.first, shape.as_of)
    rng = np.random.default_rng([seed, 1])
    companies = list_companies(rng, len(days), shape.members)
    common = common_returns(rng, len(days))
    stocks = _stocks(rng, companies, company_returns(rng, common, companies))
    row = np.arange(len(days))[:, None]
    member = (row >= companies.joined) & (row < companies.left)
    sectors = tuple(SECTORS[place].name for place in companies.sector)
    funds = simulate_funds(rng, common, stocks.total, np.where(member, stocks.caps, np.nan), sectors)
    return _assemble(days, companies, stocks, funds, member, sectors, _stock_spreads(rng, stocks.caps))


def _assemble(
    days: Int32Array,
    companies: Companies,
    stocks: _Stocks,
    funds: Funds,
    member: np.ndarray,
    sectors: tuple[str, ...],
    spreads: Floats,
) -> MarketPanel:
    """Put companies and funds side by side."""
    count, extra = len(companies.symbols), len(funds.symbols)
    blank = ("",) * count
    universe = Universe(
        symbols=companies.symbols + funds.symbols,
        names=companies.names + funds.names,
        kinds=("stock",) * count + funds.kinds,
        asset_classes=("US equity",) * count + funds.asset_classes,
        sectors=sectors + funds.sectors,
        industries=companies.industries + ("",) * extra,
        roles=blank + funds.roles,
        identical_groups=blank + funds.identical_groups,
        spread_bps=np.concatenate([spreads, funds.spread_bps]),
    )
    paid, also = stocks.dividends, funds.dividends
    return MarketPanel(
        source="simulated",
        universe=universe,
        days=days,
        close=np.hstack([stocks.close, funds.close]),
        adjusted=np.hstack([stocks.adjusted, funds.adjusted]),
        caps=np.hstack([stocks.caps, np.full((len(days), extra), np.nan)]),
        member=np.hstack([member, np.zeros((len(days), extra), dtype=np.bool_)]),
        dividends=CashDividends(
            np.concatenate([paid.row, also.row]),
            np.concatenate([paid.security, also.security + np.int32(count)]),
            np.concatenate([paid.per_share, also.per_share]),
        ),
        splits=stocks.splits,
        lookthrough=funds.lookthrough._replace(fund=funds.lookthrough.fund + np.int32(count)),
    )
