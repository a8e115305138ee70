"""Numbers B and C from the headline to the lot and the day, on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from lotwise.reports.amounts import plain

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["both_sides_table"]

_MOST = 20  # lines of one side
_SIDES = ("record", "shadow")
_FIGURES = ("short_gain", "long_gain", "short_loss", "long_loss", "ordinary", "qualified", "distributed", "tax")
_SHOWN = {  # title, names, amounts and which of them are added up; the tables have more columns
    "realized": ("B: sales of the", ("day", "account_id", "symbol", "lot_id", "term"), ("shares", "gain"), "gain"),
    "income": ("B: payments of the", ("day", "account_id", "symbol", "income"), ("amount",), "amount"),
    "lots": ("C: lots of the", ("account_id", "symbol", "lot_id", "acquired"), ("shares", "basis", "gain"), "gain"),
}


def both_sides_table(lines: Mapping[str, pl.DataFrame]) -> RenderableType:
    """Tables of the lines of B and C: years first, then what they are sums of; `lines` by name, as they are written."""
    parts: list[RenderableType] = [_year(part) for part in lines["years"].partition_by("year", maintain_order=True)]
    for name in _SHOWN:
        parts += [part for side in _SIDES for part in _lines(lines[name].filter(pl.col("side") == side), name, side)]
    parts += [_waiting(row) for row in lines["waiting"].iter_rows(named=True)]
    return Group(*parts)


def _table(title: str) -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")


def _year(rows: pl.DataFrame) -> Table:
    """Figures of a year of one household on both sides, and the tax on them."""
    table = _table(f"B: {rows['year'][0]}, tax of the shadow less that of the record")
    table.add_column("")
    by_side = {row["side"]: row for row in rows.iter_rows(named=True)}
    for side in _SIDES:
        table.add_column(side, justify="right", no_wrap=True)
    for key in _FIGURES:
        style = "bold" if key == "tax" else ""
        table.add_row(key.replace("_", " "), *(_amount(by_side[side][key]) for side in _SIDES), style=style)
    return table


def _lines(rows: pl.DataFrame, name: str, side: str) -> list[RenderableType]:
    title, keys, amounts, added = _SHOWN[name]
    table = _table(f"{title} {side}")
    for key in keys:
        table.add_column(key.removesuffix("_id"), no_wrap=True)
    for key in amounts:
        table.add_column(key, justify="right", no_wrap=True)
    for row in rows.tail(_MOST).iter_rows(named=True):
        names = ("" if row[key] is None else plain(str(row[key])) for key in keys)
        table.add_row(*names, *(_amount(row[key], shares=key == "shares") for key in amounts))
    words = f"{rows.height:,} lines, {_amount(rows[added].sum()) or '0.00'} in all"
    if rows.height > _MOST:
        words += f"; the last {_MOST} are shown, --out writes all of them"
    return [table, Text(words)]


def _amount(amount: object, *, shares: bool = False) -> str:
    if not isinstance(amount, Decimal):
        return ""
    return f"{round(amount, 4).normalize():,f}" if shares else f"{amount:,.2f}"


def _waiting(row: Mapping[str, object]) -> RenderableType:
    """Arithmetic of C of one household."""
    table = _table(f"C of {plain(str(row['household_id']))}")
    table.add_column("")
    for side in _SIDES:
        table.add_column(side, justify="right")
    for key, words in (
        ("unrealised", "unrealised gains"),
        ("losses", "losses realised"),
        ("carried", "losses carried on"),
        ("waits", "tax that waits"),
    ):
        table.add_row(words, *(_amount(row[f"{key}_{side}"]) for side in _SIDES))
    grown = {key: _amount(row[f"growth{key}"]) for key in ("", "_deferral", "_harvesting")}
    words = (
        f"Tax that waits = {row['long_rate']:.4f} x ({row['later']:.4f} x unrealised gains - losses carried on). It "
        f"grew by {grown['']} against the shadow's: deferral {grown['_deferral']}, harvesting {grown['_harvesting']}. "
        f"C = B {_amount(row['shadow'])} - that = {_amount(row['present_value'])}."
    )
    return Group(table, Text(words))
