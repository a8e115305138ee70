"""Tables of a firm in memory: the small firm of the folder tests, and a family with something to decide."""

from __future__ import annotations

import io
import tomllib
from typing import Any

import polars as pl

import lotwise
from tests.interchange.small_firm import small_firm

Tables = dict[str, Any]

HOSTILE = '<script>alert("1")</script>&\'\x00\u202e'


def tables_of_small_firm() -> Tables:
    """Every table of the small firm as text cells, its TOML files as dicts."""
    files = small_firm()
    tables: Tables = {
        name.removesuffix(".csv").removeprefix("risk/"): pl.read_csv(io.StringIO(text), infer_schema=False)
        for name, text in files.items()
        if name.endswith(".csv")
    }
    header = tomllib.loads(files["firm.toml"])
    tables |= {"name": header["name"], "as_of": header["as_of"], "profile": header["profile"], "rates": header["rates"]}
    return tables | {"profiles": tomllib.loads(files["profiles.toml"])}


def family() -> Tables:
    """A household with one company far above its target, most of it at a gain: tracking against tax."""
    names = ("AAA", "BBB", "CCC", "DDD")
    risk = [{"symbol": name, "variance": 0.06} for name in names]
    return {
        "name": "Family",
        "as_of": "2026-11-20",
        "households": [
            {
                "household_id": household,
                "model": "four",
                "federal_short_rate": 0.37,
                "federal_long_rate": 0.2,
                "state_rate": 0.05,
            }
            for household in ("H1", "H2")
        ],
        "accounts": [
            {"account_id": "T", "household_id": "H1", "kind": "taxable", "cash": 1_000},
            {"account_id": "I", "household_id": "H1", "kind": "traditional", "cash": 500},
            {"account_id": "U", "household_id": "H2", "kind": "taxable", "cash": 300},
        ],
        "lots": [
            {"account_id": account, "lot_id": lot, "symbol": symbol, "shares": shares, "acquired": day, "basis": basis}
            for account, lot, symbol, shares, day, basis in (
                ("T", "t1", "AAA", 500, "2020-01-02", 20_000),
                ("T", "t2", "AAA", 200, "2024-01-02", 21_000),
                ("T", "t3", "BBB", 200, "2021-01-04", 15_000),
                ("I", "i1", "AAA", 300, "2020-01-02", 10_000),
                ("I", "i2", "CCC", 200, "2020-01-02", 10_000),
                ("U", "u1", "AAA", 200, "2020-01-02", 8_000),
                ("U", "u2", "DDD", 100, "2020-01-02", 12_000),
            )
        ],
        "securities": [{"symbol": name, "kind": "stock", "asset_class": "stocks", "spread_bps": 2} for name in names],
        "prices": [{"date": "2026-11-20", "symbol": name, "close": 100} for name in names],
        "models": [{"model": "four", "symbol": name, "weight": 0.25} for name in names],
        "profile": {"risk_price_bps": 20, "cash_target": 0.01, "fractional_shares": True},
        "exposures": [{"symbol": name, "factor": "market", "value": 1} for name in names],
        "covariance": [{"factor": "market", "factor2": "market", "value": 0.03}],
        "specific": risk,
    }


def family_firm(**changes: Any) -> lotwise.Firm:
    return lotwise.firm_from_frames(**{**family(), **changes})
