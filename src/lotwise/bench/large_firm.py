"""A large firm made of whole arrays, in memory or as a Parquet firm folder: seeded.

Households have one taxable account, or up to so many accounts of all kinds. Every account holds 300 of 500 index names,
drifted, each in four lots: 1,200 lots an account. Bases run along each name's path back in time. The risk model
(market, nine styles, ten industries) is brought along.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.money import DOLLAR, SHARE
from lotwise.nightly.run import prepared_firm
from lotwise.rebalancing.book import Accounts, Book, Households, LotFlag, no_requests
from lotwise.rebalancing.lot_order import RawLots, sorted_lots
from lotwise.securities.market import Market

__all__ = ["DEFAULT", "FRACTIONAL", "LEAN", "FirmSize", "RawFirm", "book_of", "raw_firms", "write_large_firm"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_AS_OF = date(2025, 6, 30)
_AS_OF_NUMBER = (_AS_OF - date(1970, 1, 1)).days
_CASH = 0.005  # target; accounts have three times as much on average
_LOTS_PER_NAME = 4
_CHUNK = 500  # accounts made at a time: about 50 MB of arrays

_FIRM = """version = 1
name = "Large firm"
as_of = {as_of}

[profile]
risk_price_bps = 50
cash_target = {cash}
cash_band = 0.002
{profile}

[rates]
federal_short_rate = 0.408
federal_long_rate = 0.238
state_rate = 0.05
"""


# What the solver alone does: shares of any size, no least trade, no cost of barred losses.
LEAN = "fractional_shares = true\nminimum_trade = 0\nbuy_opportunity_cost = false"
FRACTIONAL = "fractional_shares = true"
DEFAULT = ""  # a profile says nothing of it: whole shares, $100 at least


@dataclass(frozen=True, slots=True)
class FirmSize:
    """How large: accounts, names of the index, names held by each account (four lots each), accounts of a household."""

    accounts: int = 5000
    names: int = 500
    held: int = 300
    together: int = 1  # at most: households of 1 to so many accounts, all sizes alike; the first is taxable

    @property
    def lots(self) -> int:
        """Lots of all accounts."""
        return self.accounts * self.held * _LOTS_PER_NAME


@dataclass(frozen=True, slots=True)
class _Market:
    symbols: NDArray[np.str_]
    price: Floats
    target: Floats
    specific: Floats


class _LotArrays(NamedTuple):
    """Lots of a chunk of accounts, account by account."""

    account: Ints
    number: Ints  # in its account
    security: Ints
    shares: Floats
    acquired: NDArray[np.int32]
    basis: Floats


def write_large_firm(folder: Path, size: FirmSize, seed: int = 0, profile: str = FRACTIONAL) -> None:
    """Write the folder; the same size and seed give the same bytes of data."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, size.accounts, size.names])
    (folder / "firm.toml").write_text(
        _FIRM.format(as_of=_AS_OF.isoformat(), cash=_CASH, profile=profile), encoding="utf-8"
    )
    market = _write_market(rng, folder, size.names)
    value = _values(rng, size.accounts)
    owner_of, kinds = _households(size, seed)
    ids = [f"H{a:06d}" for a in range(int(owner_of[-1]) + 1)]
    households = pl.DataFrame({"household_id": ids, "model": ["index"] * len(ids)})
    households.write_parquet(folder / "households.parquet")
    accounts = [f"A{a:06d}" for a in range(size.accounts)]
    lots = pl.concat(_lot_table(lots, market, size) for lots in _lot_chunks(rng, market, value, size.held))
    owner = pl.Series("account_id", accounts).gather(lots["account"])
    lots.drop("account").insert_column(0, owner).write_parquet(folder / "lots.parquet")
    pl.DataFrame(
        {
            "account_id": accounts,
            "household_id": households["household_id"].gather(owner_of),
            "kind": kinds,
            "cash": _cash(rng, value),
        }
    ).write_parquet(folder / "accounts.parquet")


def _households(size: FirmSize, seed: int) -> tuple[Ints, list[str]]:
    """Household of every account, in order, and its kind."""
    if size.together == 1:
        return np.arange(size.accounts), ["taxable"] * size.accounts
    rng = np.random.default_rng([seed, size.accounts, size.together])
    counts = rng.integers(1, size.together + 1, size.accounts)
    owner = np.repeat(np.arange(size.accounts), counts)[: size.accounts]
    first = np.diff(owner, prepend=-1) > 0
    kinds = np.array(["taxable", "traditional", "roth"])[rng.integers(0, 3, size.accounts)]
    kinds[first] = "taxable"
    return owner, kinds.tolist()


def _values(rng: np.random.Generator, accounts: int) -> Floats:
    value: Floats = np.exp(rng.normal(np.log(6e5), 0.8, accounts)).clip(1e5, 2e7)
    return value


def _cash(rng: np.random.Generator, value: Floats) -> Floats:
    return np.round(value * rng.uniform(0.0, 6 * _CASH, value.size), 2)


def _lot_chunks(rng: np.random.Generator, market: _Market, value: Floats, held: int) -> Iterator[_LotArrays]:
    for first in range(0, value.size, _CHUNK):
        yield _lots(rng, market, value[first : first + _CHUNK], held, first)


def _lot_table(lots: _LotArrays, market: _Market, size: FirmSize) -> pl.DataFrame:
    names = pl.Series("lot_id", [f"L{lot:04d}" for lot in range(size.held * _LOTS_PER_NAME)])
    return pl.DataFrame(
        {
            "account": lots.account,
            "lot_id": names.gather(lots.number),
            "symbol": pl.Series(market.symbols).gather(lots.security),
            "shares": lots.shares,
            "acquired": pl.Series(lots.acquired).cast(pl.Date),
            "basis": lots.basis,
        }
    )


@dataclass(frozen=True, slots=True)
class RawFirm:
    """A firm in memory whose lots are columns in no order; its book has none of them yet."""

    book: Book
    market: Market
    lots: RawLots


def raw_firms(size: FirmSize, at_once: int, seed: int = 0, profile: str = FRACTIONAL) -> Iterator[RawFirm]:
    """Make firms of at most `at_once` accounts that together have the size: no more than one is in memory."""
    rng = np.random.default_rng([seed, size.accounts, size.names])
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_large_firm(folder, FirmSize(1, size.names, size.held), seed, profile)
        firm, _ = prepared_firm(folder)
        market = _write_market(np.random.default_rng([seed, 1, size.names]), folder, size.names)
    for first in range(0, size.accounts, at_once):
        value = _values(rng, min(at_once, size.accounts - first))
        lots = _shuffled(rng, list(_lot_chunks(rng, market, value, size.held)))
        cash = np.rint(_cash(rng, value) * DOLLAR).astype(np.int64)
        yield RawFirm(_tiled(firm.book, cash), firm.market, lots)


def _shuffled(rng: np.random.Generator, chunks: list[_LotArrays]) -> RawLots:
    account, number, security, shares, acquired, basis = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    order = rng.permutation(account.size)
    days = acquired[order].astype(np.int32)
    return RawLots(
        account[order].astype(np.int32),
        security[order].astype(np.int32),
        np.rint(shares[order] * SHARE).astype(np.int64),
        np.rint(basis[order] * DOLLAR).astype(np.int64),
        days,
        days.copy(),
        np.full(order.size, LotFlag.REPLACEMENT, np.uint8),
        number[order].astype(np.int64),
    )


def _tiled(book: Book, cash: NDArray[np.int64]) -> Book:
    """As many households as there is cash for, each like the only one of a book; their lots are still to come."""
    count = cash.size
    rows = np.arange(count, dtype=np.int32)
    edges = np.arange(count + 1, dtype=np.int64)
    households = Households._make(np.repeat(column[:1], count) for column in book.households)
    accounts = Accounts._make(np.repeat(column[:1], count) for column in book.accounts)
    return book._replace(
        households=households._replace(account_start=edges, taxpayer=rows),
        accounts=accounts._replace(household=rows, cash=cash, lot_start=np.zeros(count + 1, np.int64)),
        windows=book.windows._replace(start=np.zeros(count + 1, np.int64)),
        tax=np.repeat(book.tax[:1], count),
        requests=no_requests(count),
    )


def book_of(firm: RawFirm, threads: int) -> Book:
    """Sort a firm's raw lots and put them into its book."""
    lots, start, _ = sorted_lots(firm.lots, len(firm.book.accounts.kind), threads)
    return firm.book._replace(lots=lots, accounts=firm.book.accounts._replace(lot_start=start))


def _write_market(rng: np.random.Generator, folder: Path, names: int) -> _Market:
    """Write securities, prices, the model and the risk model."""
    symbols = np.array([f"S{i:04d}" for i in range(names)])
    weight = np.sort(rng.lognormal(0.0, 1.25, names))[::-1]
    target = weight / weight.sum() * (1 - _CASH)
    price: Floats = np.exp(rng.normal(np.log(80), 0.8, names)).round(2)
    industry = rng.integers(0, 10, names)
    spread = (4 + 20 * np.arange(names) / names) * np.exp(rng.normal(0, 0.15, names))
    pl.DataFrame(
        {
            "symbol": symbols,
            "kind": ["stock"] * names,
            "asset_class": ["US equity"] * names,
            "sector": [f"Sector {s}" for s in industry],
            "spread_bps": np.round(spread, 4),
        }
    ).write_parquet(folder / "securities.parquet")
    pl.DataFrame({"date": [_AS_OF] * names, "symbol": symbols, "close": price, "adj_close": price}).write_parquet(
        folder / "prices.parquet"
    )
    model = pl.DataFrame({"model": ["index"] * names, "symbol": symbols, "weight": target})
    cash = pl.DataFrame({"model": ["index"], "symbol": ["CASH"], "weight": [1.0 - target.sum()]})
    pl.concat([model, cash.with_columns(pl.col("symbol").cast(model.schema["symbol"]))]).write_parquet(
        folder / "models.parquet"
    )
    specific = np.clip(rng.lognormal(np.log(0.26), 0.35, names), 0.1, 0.9) ** 2
    _write_risk(rng, folder / "risk", symbols, industry, specific)
    return _Market(symbols, price, target, specific)


def _write_risk(
    rng: np.random.Generator, folder: Path, symbols: NDArray[np.str_], industry: Ints, specific: Floats
) -> None:
    folder.mkdir(exist_ok=True)
    names, styles, industries = symbols.size, 9, 10
    exposures = np.zeros((names, 1 + styles + industries))
    exposures[:, 0] = rng.normal(1.0, 0.3, names)
    exposures[:, 1 : 1 + styles] = rng.normal(0.0, 1.0, (names, styles))
    exposures[np.arange(names), 1 + styles + industry] = 1.0
    volatility = np.concatenate([[0.16], rng.uniform(0.015, 0.045, styles), rng.uniform(0.05, 0.1, industries)])
    k = volatility.size
    covariance = np.corrcoef(rng.normal(size=(k, 3 * k))) * np.outer(volatility, volatility)
    factors = np.array([f"F{f:02d}" for f in range(k)])
    pl.DataFrame(
        {"symbol": np.repeat(symbols, k), "factor": np.tile(factors, names), "value": exposures.ravel()}
    ).write_csv(folder / "exposures.csv")
    pl.DataFrame(
        {"factor": np.repeat(factors, k), "factor2": np.tile(factors, k), "value": covariance.ravel()}
    ).write_csv(folder / "covariance.csv")
    pl.DataFrame({"symbol": symbols, "variance": specific}).write_csv(folder / "specific.csv")


def _lots(rng: np.random.Generator, market: _Market, value: Floats, held: int, first: int) -> _LotArrays:
    """Make lots for a chunk of accounts: which names, how much, in which lots, bought when and for how much."""
    accounts = value.size
    names = market.target.size
    # The largest of log(weight) + Gumbel noise are a draw without replacement in proportion to weight.
    keys = np.log(market.target + market.target.mean()) + rng.gumbel(size=(accounts, names))
    chosen = np.sort(np.argpartition(-keys, held - 1, axis=1)[:, :held], axis=1)
    weight = market.target[chosen] * np.exp(rng.normal(0.0, 0.3, (accounts, held)))
    weight *= (1 - 3 * _CASH) / weight.sum(axis=1, keepdims=True)
    shape = (accounts, held, _LOTS_PER_NAME)
    part = rng.gamma(2.0, size=shape)
    part /= part.sum(axis=2, keepdims=True)
    age = np.sort(rng.gamma(1.6, 330.0, shape).clip(32, 2500).astype(np.int64), axis=2)
    years = np.diff(age, axis=2, prepend=0) / 365.25
    volatility = np.sqrt(market.specific[chosen] + 0.0256)[:, :, None]
    basis = np.exp(np.cumsum(rng.normal(-0.1 * years, volatility * np.sqrt(years)), axis=2))
    dollars = value[:, None, None] * weight[:, :, None] * part
    price = market.price[chosen][:, :, None]
    # A lot of a small account keeps at least a thousandth of a share.
    shares = np.round(np.maximum(dollars / price, 1e-3), 4)
    per_account = held * _LOTS_PER_NAME
    return _LotArrays(
        np.repeat(np.arange(first, first + accounts), per_account),
        np.tile(np.arange(per_account), accounts),
        np.repeat(chosen.ravel(), _LOTS_PER_NAME),
        np.asarray(shares, np.float64).ravel(),
        (_AS_OF_NUMBER - age).ravel().astype(np.int32),
        np.round(shares * price * basis, 2).ravel(),
    )
