"""A prospect as the one household of a firm: a folder with the firm's market, models and policies, and these lots.

Written for the one reader of firm folders, so that every rule of the contract and of the engine holds. Of the firm's
own clients nothing comes along; restrictions that hold for all of them do.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from lotwise.households.accounts import AccountKind
from lotwise.interchange.prospect_file.assuming import AssumedLot
from lotwise.interchange.prospect_file.known import Known, table_of
from lotwise.money import DOLLAR, SHARE

__all__ = ["PROSPECT", "Prospect", "write_as_firm"]

PROSPECT = "PROSPECT"  # the household

_OF_CLIENTS = frozenset(
    {"households", "accounts", "lots", "requests", "transactions", "pending_orders", "glide", "overrides"}
)
_MADE = frozenset({"securities", "prices", "restrictions"})

# Full spread of a security that the firm does not know, basis points: what trading such things usually costs.
_SPREAD = {"stock": 10, "etf": 5, "fund": 0, "bond": 50, "cash": 0}


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is said of a prospect beside the lots, as households.csv says it: `tax` are cells by column."""

    model: str
    profile: str = ""
    cash: int = 0  # money, beside what the file says
    tax: Mapping[str, str] | None = None


def write_as_firm(
    target: Path,
    source: Path,
    prospect: Prospect,
    lots: Sequence[AssumedLot],
    cash: Iterable[tuple[str, AccountKind, int]],
    known: Known,
    today: date,
) -> list[int]:
    """Write the folder; returns the line of the prospect's file that each row of lots.csv comes from."""
    for path in sorted(source.iterdir()):
        if path.stem not in _OF_CLIENTS | _MADE and (path.is_file() or path.name == "risk"):
            _brought(path, target / path.name)
    _write_market(target, source, lots, known, today)
    _write_restrictions(target, source)
    accounts: dict[str, tuple[AccountKind, int]] = {}
    for name, kind, amount in (*((each.lot.account, each.lot.account_kind, 0) for each in lots), *cash):
        kept, before = accounts.get(name, (kind, 0))
        accounts[name] = kept, before + amount
    first = min(accounts, key=lambda name: accounts[name][0])  # a taxable one if there is one
    accounts[first] = accounts[first][0], accounts[first][1] + prospect.cash
    household = {"household_id": PROSPECT, "model": prospect.model, "profile": prospect.profile, **(prospect.tax or {})}
    _write(target / "households.csv", list(household), [list(household.values())])
    rows = [[name, PROSPECT, kind.name.lower(), _money(amount)] for name, (kind, amount) in accounts.items()]
    _write(target / "accounts.csv", ["account_id", "household_id", "kind", "cash"], rows)
    header = ["account_id", "lot_id", "symbol", "shares", "acquired", "basis"]
    cells = [
        (
            each.lot.account,
            f"L{number}",
            each.lot.symbol,
            f"{Decimal(each.lot.shares) / SHARE:f}",
            each.acquired.isoformat(),
            _money(each.basis),
        )
        for number, each in enumerate(lots, 1)
    ]
    _write(target / "lots.csv", header, cells)
    return [each.lot.line for each in lots]


def _money(amount: int) -> str:
    return f"{Decimal(amount) / DOLLAR:f}"


def _brought(path: Path, target: Path) -> None:
    """Link a file or folder, or copy it where that cannot be."""
    with suppress(OSError, NotImplementedError):  # no links here, or not for everybody: a copy says what else is wrong
        target.symlink_to(path.resolve(), target_is_directory=path.is_dir())
        return
    (shutil.copytree if path.is_dir() else shutil.copy2)(path, target)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *rows])
    path.write_text(text.getvalue(), "utf-8")


def _write_market(target: Path, source: Path, lots: Sequence[AssumedLot], known: Known, today: date) -> None:
    """Securities and prices of the firm, with what the prospect's file says of those it does not know or price."""
    strangers = {each.lot.symbol: each.lot for each in reversed(lots) if not each.lot.known}
    unpriced = {each.lot.symbol: each.lot for each in reversed(lots) if not known.price.get(each.lot.symbol)}
    securities = [
        {"symbol": symbol, "name": lot.name, "kind": lot.kind, "asset_class": lot.asset_class}
        | {"spread_bps": str(_SPREAD[lot.kind])}
        for symbol, lot in strangers.items()
    ]
    prices = [
        {
            "date": today.isoformat(),
            "symbol": symbol,
            "close": _money(lot.price or 0),
            "adj_close": _money(lot.price or 0),
        }
        for symbol, lot in unpriced.items()
    ]
    for stem, rows in (("securities", securities), ("prices", prices)):
        path = table_of(source, stem)
        if path is not None and rows:
            _extended(path, target / path.name, rows)
        elif path is not None:
            _brought(path, target / path.name)


def _extended(path: Path, target: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write a table with rows more, in its own columns."""
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
        own = {name: [row.get(name.lower(), "") or None for row in rows] for name in frame.columns}
        more = pl.DataFrame(own, schema=dict.fromkeys(frame.columns, pl.String))
        cast = [_as(pl.col(name), kind) for name, kind in frame.schema.items()]
        pl.concat([frame, more.select(cast)]).write_parquet(target)
        return
    text = path.read_bytes().decode("utf-8-sig", "replace")
    header = [name.strip() for name in next(csv.reader(io.StringIO(text.lstrip())), [])]
    added = io.StringIO()
    csv.writer(added, lineterminator="\n").writerows([row.get(name.lower(), "") for name in header] for row in rows)
    target.write_text(text.rstrip("\r\n") + "\n" + added.getvalue(), "utf-8")


def _as(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Text as a column of another type."""
    return column.str.to_date("%Y-%m-%d").cast(kind) if kind.is_temporal() else column.cast(kind)


def _write_restrictions(target: Path, source: Path) -> None:
    """What the firm bars for everyone, in every account."""
    path = table_of(source, "restrictions")
    if path is None:
        return
    frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    frame = frame.select(pl.col(name).cast(pl.String).alias(name.strip().lower()) for name in frame.columns)
    everyone = pl.col("household_id").str.strip_chars() == "*"
    if "account_id" in frame.columns:
        everyone &= pl.col("account_id").fill_null("").str.strip_chars() == ""
    frame = frame.filter(everyone)
    if frame.height:
        frame.write_csv(target / "restrictions.csv")
