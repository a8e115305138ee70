"""The market on which risk forecasts are judged: what was known at a close, and, apart from it, what came.

Reads a folder of Parquet tables: `prices` and `etfs` (ticker, date, adj_close), `membership` (price_ticker,
start_date, end_date, sector, sub_industry: when a company was in the index) and `liquidity_by_year` (ticker, year,
median_dollar_volume_musd).

Known on the day: prices up to it, who is in the index that day, dollar volumes of the calendar year before (the
weights of the benchmark). Not as of the day: sector and industry, which are those the table has of each company.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import from_day_number, to_day_number
from lotwise.errors import FolderError
from lotwise.risk.peers import SecurityStructure
from lotwise.securities.market import PriceHistory, SecurityKind

__all__ = ["FUND_PAIRS", "HORIZON", "WINDOW", "RiskDate", "RiskMarket", "read_risk_market"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Trading days that a forecast is judged on: a month.
HORIZON = 21

# Prices that every model may see: five years and a day.
WINDOW = 1261

# Two funds each on the same thing, or nearly: they must be seen to be near each other.
FUND_PAIRS = (
    ("SPY", "IVV"),
    ("SPY", "VTI"),
    ("XLK", "VGT"),
    ("EFA", "VEA"),
    ("AGG", "BND"),
    ("GLD", "IAU"),
    ("VNQ", "IYR"),
)

# Funds beside those of the pairs, so that rates and credit have more than one witness.
_MORE_FUNDS = ("ITOT", "LQD", "TLT", "IEF")


@dataclass(frozen=True, slots=True, eq=False)
class RiskDate:
    """What was known at the close of one day: N members of the index, then the funds."""

    day: date
    columns: Ints  # (N,) place of each member among the market's securities
    funds: Ints  # (F,) the same of the funds that had a price
    history: PriceHistory  # of members and funds
    structure: SecurityStructure
    benchmark: Floats  # (N,) weights of the members, sum 1

    @property
    def members(self) -> int:
        """N."""
        return len(self.columns)


@dataclass(frozen=True, slots=True, eq=False)
class RiskMarket:
    """Total-return prices of S securities over T trading days, and the index through time."""

    symbols: tuple[str, ...]  # S; stocks, then funds, whose names end in ' fund'
    stocks: int
    days: NDArray[np.int32]  # (T,)
    adjusted: Floats  # (T, S) NaN where there is no price
    membership: pl.DataFrame  # symbol, start, end (day numbers, end beyond the last day where open), sector, industry
    volume: dict[tuple[str, int], float]  # dollars a day by symbol and year

    def rows(self, first: int, last: int) -> list[int]:
        """Rows of the closes at which forecasts of the years first..last are made, `HORIZON` trading days apart."""
        start = int(np.searchsorted(self.days, to_day_number(date(first, 1, 1))))
        end = int(np.searchsorted(self.days, to_day_number(date(last + 1, 1, 1))))
        return [row for row in range(start, end, HORIZON) if row + HORIZON < len(self.days)]

    def known(self, row: int) -> RiskDate:
        """What was known at the close of a row; nothing after it is looked at."""
        number = int(self.days[row])
        day = from_day_number(number)
        inside = self.membership.filter((pl.col("start") <= number) & (pl.col("end") > number))
        place = {symbol: at for at, symbol in enumerate(self.symbols)}
        listed = {entry["symbol"]: entry for entry in inside.iter_rows(named=True)}
        priced = np.isfinite(self.adjusted[row])
        members = [symbol for symbol in sorted(listed) if priced[place[symbol]]]
        columns = np.array([place[symbol] for symbol in members], dtype=np.int64)
        funds = self.stocks + np.flatnonzero(priced[self.stocks :])
        both = np.concatenate([columns, funds])
        traded = np.array([self.volume.get((symbol, day.year - 1), np.nan) for symbol in members])
        traded = np.where(np.isfinite(traded), traded, np.nanmedian(traded))
        start = max(0, row + 1 - WINDOW)
        rest = len(funds)
        return RiskDate(
            day=day,
            columns=columns,
            funds=funds,
            history=PriceHistory(
                symbols=tuple(self.symbols[at] for at in both),
                days=self.days[start : row + 1],
                adjusted=self.adjusted[start : row + 1][:, both],
            ),
            structure=SecurityStructure(
                asset_class=("US stocks",) * len(members) + ("",) * rest,
                sector=(*(listed[symbol]["sector"] for symbol in members), *("",) * rest),
                industry=(*(listed[symbol]["industry"] for symbol in members), *("",) * rest),
                kind=(SecurityKind.STOCK,) * len(members) + (SecurityKind.ETF,) * rest,
            ),
            benchmark=traded / traded.sum(),
        )

    def growth(self, row: int, columns: Ints) -> Floats:
        """What a dollar in each security became on the `HORIZON` days after a row, (HORIZON + 1, n), 1 at first.

        A security that ends stays at its last price: it returns nothing from then on.
        """
        prices = self.adjusted[row : row + HORIZON + 1][:, columns].copy()
        for t in range(1, len(prices)):
            prices[t] = np.where(np.isfinite(prices[t]), prices[t], prices[t - 1])
        growth: Floats = prices / prices[0]
        return growth

    def with_prices(self, adjusted: Floats) -> RiskMarket:
        """The same market at other prices."""
        return replace(self, adjusted=adjusted)


def _table(folder: Path, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
    path = folder / f"{name}.parquet"
    try:
        return pl.read_parquet(path, columns=list(columns))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FolderError(
            f"{path}: must be a Parquet table with the columns {', '.join(columns)}; it cannot be read ({error})"
        ) from error


def _wide(table: pl.DataFrame, symbols: tuple[str, ...], days: pl.Series) -> Floats:
    """Prices by day and symbol, (T, S), NaN where there is none."""
    row = pl.DataFrame({"date": days}).with_row_index("row")
    column = pl.DataFrame({"ticker": pl.Series(symbols, dtype=pl.String)}).with_row_index("column")
    placed = table.join(row, on="date").join(column, on="ticker")
    prices = np.full((len(days), len(symbols)), np.nan)
    prices[placed["row"].to_numpy(), placed["column"].to_numpy()] = placed["adj_close"].to_numpy()
    return np.where(prices > 0.0, prices, np.nan)


def _membership(folder: Path, known: set[str]) -> pl.DataFrame:
    """Intervals of index membership of the securities that have prices; '' where sector or industry is unknown."""
    columns = ("price_ticker", "start_date", "end_date", "sector", "sub_industry")
    table = _table(folder, "membership", columns).filter(pl.col("price_ticker").is_in(sorted(known)))
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001 - the table's dates have no zone
    return table.select(
        pl.col("price_ticker").alias("symbol"),
        (pl.col("start_date") - epoch).dt.total_days().alias("start"),
        (pl.col("end_date") - epoch).dt.total_days().fill_null(2**31).alias("end"),
        pl.col("sector").fill_null("").alias("sector"),
        pl.col("sub_industry").fill_null("").alias("industry"),
    )


def read_risk_market(folder: Path) -> RiskMarket:
    """Read the folder; FolderError where a table is missing."""
    prices = _table(folder, "prices", ("ticker", "date", "adj_close"))
    counted = prices.group_by("date").len().sort("date")
    # A stray row of one security makes no trading day.
    days = counted.filter(pl.col("len") > pl.col("len").median() / 4)["date"]
    stocks = tuple(sorted(prices["ticker"].unique().to_list()))
    funds = tuple(sorted({*(fund for pair in FUND_PAIRS for fund in pair), *_MORE_FUNDS}))
    of_funds = _table(folder, "etfs", ("ticker", "date", "adj_close")).filter(pl.col("ticker").is_in(funds))
    volume = _table(folder, "liquidity_by_year", ("ticker", "year", "median_dollar_volume_musd")).drop_nulls()
    return RiskMarket(
        symbols=(*stocks, *(f"{fund} fund" for fund in funds)),
        stocks=len(stocks),
        days=np.array([to_day_number(day) for day in days.to_list()], dtype=np.int32),
        adjusted=np.hstack([_wide(prices, stocks, days), _wide(of_funds, funds, days)]),
        membership=_membership(folder, set(stocks)),
        volume={(ticker, year): float(dollars) for ticker, year, dollars in volume.iter_rows()},
    )
