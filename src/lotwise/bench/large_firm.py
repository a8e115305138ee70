"""A large firm as a Parquet firm folder, made of whole arrays: seeded, one taxable account per household.

Every account holds 300 of 500 index names, drifted, each in four lots: 1,200 lots an account. Bases run along
each name's path back in time. The risk model (market, nine styles, ten industries) is brought along.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["FirmSize", "write_large_firm"]

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
fractional_shares = true

[rates]
federal_short_rate = 0.408
federal_long_rate = 0.238
state_rate = 0.05
"""


@dataclass(frozen=True, slots=True)
class FirmSize:
    """How large: accounts, names of the index, names held by each account (four lots each)."""

    accounts: int = 5000
    names: int = 500
    held: int = 300

    @property
    def lots(self) -> int:
        return self.accounts * self.held * _LOTS_PER_NAME


@dataclass(frozen=True, slots=True)
class _Market:
    symbols: NDArray[np.str_]
    price: Floats
    target: Floats
    specific: Floats


def write_large_firm(folder: Path, size: FirmSize, seed: int = 0) -> None:
    """Write the folder; the same size and seed give the same bytes of data."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, size.accounts, size.names])
    (folder / "firm.toml").write_text(_FIRM.format(as_of=_AS_OF.isoformat(), cash=_CASH), encoding="utf-8")
    market = _write_market(rng, folder, size.names)
    value = np.exp(rng.normal(np.log(6e5), 0.8, size.accounts)).clip(1e5, 2e7)
    number = [f"{a:06d}" for a in range(size.accounts)]
    households = pl.DataFrame({"household_id": [f"H{a}" for a in number], "model": ["index"] * size.accounts})
    households.write_parquet(folder / "households.parquet")
    accounts = [f"A{a}" for a in number]
    chunks = [
        _lots(rng, market, value[first : first + _CHUNK], size.held, first) for first in range(0, size.accounts, _CHUNK)
    ]
    lots = pl.concat(chunks)
    owner = pl.Series("account_id", accounts).gather(lots["account"])
    lots.drop("account").insert_column(0, owner).write_parquet(folder / "lots.parquet")
    pl.DataFrame(
        {
            "account_id": accounts,
            "household_id": households["household_id"],
            "kind": ["taxable"] * size.accounts,
            "cash": np.round(value * rng.uniform(0.0, 6 * _CASH, size.accounts), 2),
        }
    ).write_parquet(folder / "accounts.parquet")


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


def _lots(rng: np.random.Generator, market: _Market, value: Floats, held: int, first: int) -> pl.DataFrame:
    """Lots of a chunk of accounts: which names, how much, in which lots, bought when and for how much."""
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
    lot_ids = pl.Series("lot_id", [f"L{lot:04d}" for lot in range(per_account)])
    return pl.DataFrame(
        {
            "account": np.repeat(np.arange(first, first + accounts), per_account),
            "lot_id": lot_ids.gather(np.tile(np.arange(per_account), accounts)),
            "symbol": pl.Series(market.symbols).gather(np.repeat(chosen.ravel(), _LOTS_PER_NAME)),
            "shares": shares.ravel(),
            "acquired": pl.Series((_AS_OF_NUMBER - age).ravel().astype(np.int32)).cast(pl.Date),
            "basis": np.round(shares * price * basis, 2).ravel(),
        }
    )
