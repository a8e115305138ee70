"""Real prices as a market panel: the members of the S&P 500 through ten years, and a dozen funds.

Reads a folder laid out like this (Parquet): `prices` (ticker, date, close adjusted for splits, adj_close), `actions`
(ticker, date, type, value), `membership` (ticker, price_ticker, start_date, end_date, name, sector, sub_industry),
`constituents` (ticker, market cap and weight on a day), `index_weights` (date, ticker, weight_pct),
`market_caps_2012_2018` (snapshot, ticker, market_cap), `etfs` (ticker, date, close, adj_close), `etf_dividends`
(ticker, date, dividend). Nothing of it is copied anywhere but into the firm folder that is asked for.

Spin-offs: where the source books one as a split of the parent, earlier closes are already scaled by it, which
allocates the basis of an earlier purchase to parent and child by value. Where it is booked as a dividend, the
closes before it are scaled here in the same way. The child is not delivered: it counts as sold off that day.

Not modelled: members of the index whose prices the folder lacks (see its own notes on survivorship).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import to_day_number
from lotwise.errors import FolderError
from lotwise.lab.market_folder import events_on, pivot, read_table
from lotwise.lab.market_panel import (
    CashDividends,
    Floats,
    Lookthrough,
    MarketPanel,
    Splits,
    Universe,
)
from lotwise.lab.real_caps import market_values
from lotwise.lab.real_funds import INDEX_PAIR, REAL_FUNDS

__all__ = ["load_real_market"]

YEARS = 10
# Types of the actions table that change the number of shares, and that are ordinary cash.
SHARE_FACTORS = ("split", "split_other")
CASH_TYPES = ("dividend", "special_dividend")
SPIN_OFF = "spinoff"
# Fewest rows of prices that a security needs, about a quarter.
LEAST_ROWS = 60


class _Stocks(NamedTuple):
    symbols: tuple[str, ...]
    names: tuple[str, ...]
    sectors: tuple[str, ...]
    industries: tuple[str, ...]
    member: NDArray[np.bool_]  # (T, S)


def _members(folder: Path, prices: pl.DataFrame, days: pl.Series) -> _Stocks:
    """Every company that was a member on one of the days and has prices then."""
    spans = read_table(
        folder,
        "membership",
        ("price_ticker", "start_date", "end_date", "name", "sector", "sub_industry"),
    )
    first, last = days[0], days[-1]
    spans = spans.filter(
        pl.col("price_ticker").is_not_null()
        & (pl.col("start_date") <= last)
        & (pl.col("end_date").is_null() | (pl.col("end_date") > first))
    ).sort("price_ticker", "start_date")
    rows = prices.filter(pl.col("date") >= first).group_by("ticker").len()
    priced = set(rows.filter(pl.col("len") >= LEAST_ROWS)["ticker"])
    known = (
        spans.filter(pl.col("price_ticker").is_in(list(priced)))
        .group_by("price_ticker", maintain_order=True)
        .agg(pl.col("name", "sector", "sub_industry").drop_nulls().last())
    )
    symbols = tuple(known["price_ticker"])
    place = {symbol: position for position, symbol in enumerate(symbols)}
    member = np.zeros((len(days), len(symbols)), dtype=np.bool_)
    dates = days.to_numpy()
    for symbol, start, end in spans.select("price_ticker", "start_date", "end_date").iter_rows():
        if symbol in place:
            inside = dates >= np.datetime64(start)
            if end is not None:
                inside &= dates < np.datetime64(end)
            member[:, place[symbol]] |= inside
    texts = known.select("name", "sector", "sub_industry").fill_null("")
    return _Stocks(symbols, tuple(texts["name"]), tuple(texts["sector"]), tuple(texts["sub_industry"]), member)


def _rebase(close: Floats, actions: pl.DataFrame, symbols: tuple[str, ...], days: pl.Series) -> tuple[Floats, Floats]:
    """Put closes on the share basis of the last of `days`; returns them with the factor (S,) that did it.

    The source counts shares as of its own last day: splits after `days` are taken back. Spin-offs that it books as
    dividends scale the closes before them.
    """
    place = {symbol: position for position, symbol in enumerate(symbols)}
    later = np.ones(len(symbols))
    factors = actions.filter(pl.col("type").is_in(SHARE_FACTORS) & (pl.col("date") > days[-1]))
    for symbol, value in factors.select("ticker", "value").iter_rows():
        if symbol in place:
            later[place[symbol]] *= value
    result = close * later
    dates = days.to_numpy()
    for symbol, day, value in actions.filter(pl.col("type") == SPIN_OFF).select("ticker", "date", "value").iter_rows():
        if symbol not in place or not days[0] < day <= days[-1]:
            continue
        column = result[:, place[symbol]]
        before = np.flatnonzero((dates < np.datetime64(day)) & np.isfinite(column))
        if before.size:
            column[before] *= 1 - value * later[place[symbol]] / column[before[-1]]
    return result, later


def _index_holdings(folder: Path, symbols: tuple[str, ...], stocks: int, as_of: date) -> Lookthrough:
    """What the funds of the index hold: its last published weights up to the day, among what has a price."""
    weights = read_table(folder, "index_weights", ("date", "ticker", "weight_pct"))
    weights = weights.filter(pl.col("date") <= as_of)
    if weights.is_empty():
        nothing = np.zeros(0, dtype=np.int32)
        return Lookthrough(nothing, nothing, np.zeros(0))
    latest = weights.filter(pl.col("date") == weights["date"].max()).group_by("ticker").agg(pl.col("weight_pct").sum())
    share = dict(latest.select("ticker", "weight_pct").iter_rows())
    held = [place for place in range(stocks) if share.get(symbols[place], 0) > 0]
    each = np.array([share[symbols[place]] for place in held]) / 100
    pair = [symbols.index(fund.symbol) for fund in REAL_FUNDS if fund.identical_group == INDEX_PAIR]
    return Lookthrough(
        np.repeat(np.array(pair, dtype=np.int32), len(held)),
        np.tile(np.array(held, dtype=np.int32), len(pair)),
        np.tile(each, len(pair)),
    )


def _trading_days(prices: pl.DataFrame) -> pl.Series:
    """Days on which the market was open: a stray row of one security makes no trading day."""
    counted = prices.group_by("date").len().sort("date")
    most = counted["len"].max()
    assert isinstance(most, int)
    return counted.filter(pl.col("len") > most // 2)["date"]


def _fund_prices(folder: Path, days: pl.Series) -> tuple[Floats, Floats]:
    """(T, F) closes and total-return closes of the funds; every fund must have a close on the last day."""
    frame = read_table(folder, "etfs", ("ticker", "date", "close", "adj_close"))
    symbols = tuple(fund.symbol for fund in REAL_FUNDS)
    close = pivot(frame, symbols, days, "close")
    lacking = [symbol for symbol, price in zip(symbols, close[-1], strict=True) if not np.isfinite(price)]
    if lacking:
        raise FolderError(
            f"{folder}/etfs.parquet: must have a close on {days[-1]} of {', '.join(lacking)}; it has none"
        )
    return close, np.where(np.isfinite(close), pivot(frame, symbols, days, "adj_close"), np.nan)


def load_real_market(folder: Path, *, as_of: date | None = None, years: int = YEARS) -> MarketPanel:
    """Read so many years of real prices up to `as_of` (default: the last day of the folder's prices).

    A day without trading counts as the one before it. Raises FolderError where a table or a column is missing or
    no prices are left.
    """
    prices = read_table(folder, "prices", ("ticker", "date", "close", "adj_close"))
    end = as_of or prices["date"].max()
    assert isinstance(end, date)
    start = date(end.year - years, end.month, min(end.day, 28))
    prices = prices.filter(pl.col("date") >= start)
    if prices.filter(pl.col("date") <= end).height < LEAST_ROWS:
        raise FolderError(f"{folder}/prices.parquet: must have prices between {start} and {end}; had none")
    every_day = _trading_days(prices)
    days = every_day.filter(every_day <= end)
    stocks = _members(folder, prices, days)
    actions = read_table(folder, "actions", ("ticker", "date", "type", "value"))
    # Market values come from closes as the source has them: later splits change share counts and closes alike.
    raw = pivot(prices, stocks.symbols, every_day, "close")
    open_rows = np.zeros((len(every_day), len(stocks.symbols)), dtype=np.bool_)
    open_rows[: len(days)] = stocks.member
    caps = market_values(folder, stocks.symbols, every_day, raw, open_rows & np.isfinite(raw))[: len(days)]
    close, later = _rebase(raw[: len(days)], actions, stocks.symbols, days)
    fund_close, fund_adjusted = _fund_prices(folder, days)
    adjusted = pivot(prices, stocks.symbols, days, "adj_close")
    symbols = stocks.symbols + tuple(fund.symbol for fund in REAL_FUNDS)
    everything = np.hstack([close, fund_close]).round(4)
    outside = np.zeros(fund_close.shape, dtype=np.bool_)
    return MarketPanel(
        source="real",
        universe=_universe(stocks, caps),
        days=np.array([to_day_number(day) for day in days], dtype=np.int32),
        close=everything,
        adjusted=_end_at_close(np.hstack([adjusted, fund_adjusted]), everything),
        caps=np.hstack([caps, np.full(fund_close.shape, np.nan)]),
        member=np.hstack([stocks.member & np.isfinite(close), outside]),
        dividends=_dividends(folder, actions, symbols, days, later),
        splits=Splits(*events_on(actions.filter(pl.col("type").is_in(SHARE_FACTORS)), symbols, days)),
        lookthrough=_index_holdings(folder, symbols, len(stocks.symbols), end),
    )


def _dividends(
    folder: Path, actions: pl.DataFrame, symbols: tuple[str, ...], days: pl.Series, later: Floats
) -> CashDividends:
    """Ordinary cash of stocks, on the share basis of the last day, and of funds."""
    paid = actions.filter(pl.col("type").is_in(CASH_TYPES)).select("ticker", "date", "value")
    funds = read_table(folder, "etf_dividends", ("ticker", "date", "dividend"))
    funds = funds.select("ticker", "date", value="dividend")
    row, security, per_share = events_on(pl.concat([paid, funds]), symbols, days)
    factor = np.concatenate([later, np.ones(len(REAL_FUNDS))])
    return CashDividends(row, security, np.round(per_share * factor[security], 6))


def _end_at_close(adjusted: Floats, close: Floats) -> Floats:
    """Scale total-return prices so that each ends at its close; returns stay as they are."""
    both = np.isfinite(adjusted) & np.isfinite(close)
    last = len(both) - 1 - np.argmax(both[::-1], axis=0)
    columns = np.arange(close.shape[1])
    with np.errstate(invalid="ignore"):
        scale = close[last, columns] / adjusted[last, columns]
    ends: Floats = np.where(both, adjusted * scale, np.nan)
    return ends.round(6)


def _universe(stocks: _Stocks, caps: Floats) -> Universe:
    """Stocks with spreads by their rank in size (2 to 10 basis points), then the funds."""
    count = len(stocks.symbols)
    size = np.nan_to_num(caps[-1])
    rank = np.argsort(np.argsort(-size)) / count
    return Universe(
        symbols=stocks.symbols + tuple(fund.symbol for fund in REAL_FUNDS),
        names=stocks.names + tuple(fund.name for fund in REAL_FUNDS),
        kinds=("stock",) * count + ("etf",) * len(REAL_FUNDS),
        asset_classes=("US equity",) * count + tuple(fund.asset_class for fund in REAL_FUNDS),
        sectors=stocks.sectors + tuple(fund.sector for fund in REAL_FUNDS),
        industries=stocks.industries + ("",) * len(REAL_FUNDS),
        roles=("",) * count + tuple(fund.role.value for fund in REAL_FUNDS),
        identical_groups=("",) * count + tuple(fund.identical_group for fund in REAL_FUNDS),
        spread_bps=np.round(np.concatenate([2 + 8 * rank, [fund.spread_bps for fund in REAL_FUNDS]]), 1),
    )
