"""How far realised tracking lies from what the risk model predicted, on the members of the S&P 500 of each day.

    python bench/risk_bias.py --market DIR [--from 2012] [--to 2024]

At the start of each January and July a model is estimated from the prices known then, and three kinds of
portfolios are followed for the next 252 trading days, rebalanced daily: 50 names at random, the double of one
sector, and 120 names at random with the long-only weights that the model itself thinks track best. The
benchmark is weighted by dollar volume of the year before. The table shows realised / predicted tracking
error: root of the mean variances of the kind. Pairs of funds follow: funds of the same index must be
seen to be near each other.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import nnls

from lotwise.dates import to_day_number
from lotwise.risk.estimation import SecurityStructure, estimate
from lotwise.risk.factor_model import FactorModel
from lotwise.securities.market import PriceHistory, SecurityKind

Floats = NDArray[np.float64]

HORIZON = 252
WINDOW = 1261
FUNDS = (
    "SPY",
    "IVV",
    "VTI",
    "ITOT",
    "XLK",
    "VGT",
    "EFA",
    "VEA",
    "AGG",
    "BND",
    "LQD",
    "TLT",
    "IEF",
    "GLD",
    "IAU",
    "VNQ",
    "IYR",
)
PAIRS = (
    ("SPY", "IVV"),
    ("SPY", "VTI"),
    ("XLK", "VGT"),
    ("EFA", "VEA"),
    ("AGG", "BND"),
    ("GLD", "IAU"),
    ("VNQ", "IYR"),
)


@dataclass(frozen=True, slots=True)
class Prices:
    """Total-return prices of a market: symbols and days by price."""

    symbols: tuple[str, ...]
    days: NDArray[np.int32]
    adjusted: Floats

    @classmethod
    def read(cls, path: Path) -> Prices:
        """Read a table of ticker, date, adj_close."""
        table = pl.read_parquet(path, columns=["ticker", "date", "adj_close"])
        wide = table.pivot(on="ticker", index="date", values="adj_close").sort("date")
        symbols = tuple(sorted(column for column in wide.columns if column != "date"))
        days = np.array([to_day_number(day) for day in wide["date"].to_list()], dtype=np.int32)
        return cls(symbols, days, wide.select(symbols).to_numpy().astype(np.float64))

    def joined(self, other: Prices) -> Prices:
        """The same days with the securities of another table beside; NaN where it has no price."""
        row = {int(day): t for t, day in enumerate(other.days)}
        at = np.array([row.get(int(day), -1) for day in self.days])
        added = np.where(at[:, None] >= 0, other.adjusted[at], np.nan)
        return Prices(self.symbols + other.symbols, self.days, np.hstack([self.adjusted, added]))


@dataclass(frozen=True, slots=True)
class Case:
    """One date: what was known, and what came."""

    day: date
    stocks: int  # the first so many securities; the rest are funds
    history: PriceHistory
    structure: SecurityStructure
    benchmark: Floats
    future: Floats


def cases(market: Path, years: range) -> Iterator[Case]:
    """Cases of January and July of these years."""
    stocks = Prices.read(market / "prices.parquet")
    prices = stocks.joined(Prices.read(market / "etfs.parquet"))
    place = {symbol: i for i, symbol in reversed(list(enumerate(prices.symbols)))}
    membership = pl.read_parquet(market / "membership.parquet").filter(pl.col("price_ticker").is_not_null())
    volume = {(row[0], row[1]): row[2] for row in pl.read_parquet(market / "liquidity_by_year.parquet").iter_rows()}
    for year in years:
        for month in (1, 7):
            day = datetime(year, month, 2)  # noqa: DTZ001 - the table's dates have no zone
            inside = (pl.col("start_date") <= day) & (pl.col("end_date").is_null() | (pl.col("end_date") > day))
            rows = {row["price_ticker"]: row for row in membership.filter(inside).iter_rows(named=True)}
            t = int(np.searchsorted(prices.days, to_day_number(day.date()), side="right")) - 1
            members = [s for s in sorted(rows) if s in place and np.isfinite(prices.adjusted[t, place[s]])]
            funds = [s for s in FUNDS if s in place]
            columns = [place[s] for s in (*members, *funds)]
            traded = np.array([volume.get((s, year - 1)) or np.nan for s in members])
            traded = np.where(np.isfinite(traded), traded, np.nanmedian(traded))
            future = prices.adjusted[t : t + HORIZON + 1][:, columns]
            returns = future[1:] / future[:-1] - 1.0
            yield Case(
                day=day.date(),
                stocks=len(members),
                history=PriceHistory(
                    symbols=(*members, *(f"{s} fund" for s in funds)),
                    days=prices.days[max(0, t + 1 - WINDOW) : t + 1],
                    adjusted=prices.adjusted[max(0, t + 1 - WINDOW) : t + 1][:, columns],
                ),
                structure=SecurityStructure(
                    asset_class=("US stocks",) * len(members) + ("",) * len(funds),
                    sector=(*((rows[s]["sector"] or "") for s in members), *("" for _ in funds)),
                    industry=(*((rows[s]["sub_industry"] or "") for s in members), *("" for _ in funds)),
                    kind=(SecurityKind.STOCK,) * len(members) + (SecurityKind.ETF,) * len(funds),
                ),
                benchmark=np.concatenate([traded / traded.sum(), np.zeros(len(funds))]),
                future=np.where(np.isfinite(returns), returns, 0.0),
            )


def active_portfolios(case: Case, model: FactorModel, seed: int) -> dict[str, Floats]:
    """Active weights of the three kinds; (number, securities) each."""
    rng = np.random.default_rng(seed)
    n, total = case.stocks, len(case.benchmark)
    sector = np.array(case.structure.sector[:n])
    random, tilted, optimised = [], [], []
    for _ in range(20):
        weights = np.zeros(total)
        weights[rng.choice(n, 50, replace=False)] = 1.0 / 50.0
        random.append(weights)
    for name in sorted(set(sector.tolist()) - {""}):
        weights = case.benchmark.copy()
        weights[:n] *= np.where(sector == name, 2.0, 1.0)
        tilted.append(weights / weights.sum())
    variance = model.exposures @ model.covariance @ model.exposures.T + np.diag(model.specific)
    root = np.linalg.cholesky(variance[:n, :n]).T
    for _ in range(12):
        chosen = rng.choice(n, 120, replace=False)
        rows = np.vstack([root[:, chosen], np.full(120, 100.0)])
        found, _ = nnls(rows, np.append(root @ case.benchmark[:n], 100.0))
        weights = np.zeros(total)
        weights[chosen] = found / found.sum()
        optimised.append(weights)
    return {
        "random": np.array(random) - case.benchmark,
        "sector": np.array(tilted) - case.benchmark,
        "optimised": np.array(optimised) - case.benchmark,
    }


def variances(case: Case, model: FactorModel, active: Floats) -> tuple[Floats, Floats]:
    """Annual realised and predicted variance of each active portfolio."""
    realised = np.mean((active @ case.future.T) ** 2, axis=1) * 252.0
    predicted = np.array([model.portfolio_variance(weights) for weights in active])
    return realised, predicted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--market", type=Path, required=True, help="folder of prices, etfs and membership tables")
    parser.add_argument("--from", dest="first", type=int, default=2012)
    parser.add_argument("--to", dest="last", type=int, default=2024)
    arguments = parser.parse_args()
    print("date        names  k  seconds   random  sector  optimised   (realised / predicted tracking)")
    logs: dict[str, list[float]] = {}
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for seed, case in enumerate(cases(arguments.market, range(arguments.first, arguments.last + 1))):
        start = perf_counter()
        model = estimate(case.history, case.structure, as_of=case.day)
        seconds = perf_counter() - start
        line = []
        for kind, active in active_portfolios(case, model, seed).items():
            realised, predicted = variances(case, model, active)
            line.append(float(np.sqrt(realised.mean() / predicted.mean())))
            logs.setdefault(kind, []).extend(np.log(realised / predicted).tolist())
        print(f"{case.day}  {case.stocks:5d} {len(model.factors):2d}  {seconds:7.2f}   "
              f"{line[0]:6.2f}  {line[1]:6.2f}  {line[2]:9.2f}", flush=True)  # fmt: skip
        for pair in PAIRS:
            one, two = (case.history.symbols.index(f"{fund} fund") for fund in pair)
            if np.all(np.isfinite(case.history.adjusted[-250:, [one, two]])):
                weights = np.zeros(len(case.history.symbols))
                weights[[one, two]] = 1.0, -1.0
                realised, predicted = variances(case, model, weights[None, :])
                pairs.setdefault(pair, []).append((realised[0], predicted[0]))
    for kind, values in logs.items():
        ratio = np.exp(0.5 * np.array(values))
        print(f"{kind:10s} geometric mean {np.exp(np.log(ratio).mean()):.3f}, root mean square "
              f"{np.sqrt(np.mean(ratio**2)):.3f}, 5% to 95% {np.quantile(ratio, 0.05):.2f} to "
              f"{np.quantile(ratio, 0.95):.2f}")  # fmt: skip
    for pair, seen in pairs.items():
        realised, predicted = np.sqrt(np.mean(np.array(seen), axis=0))
        print(f"{pair[0]} - {pair[1]}: realised {realised:.2%}, predicted {predicted:.2%} a year")


if __name__ == "__main__":
    main()
