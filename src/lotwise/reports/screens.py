"""Screens on a terminal: whose they are, what they keep out of the model, and what each of them costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from lotwise.money import DOLLAR, format_money
from lotwise.reports.amounts import basis_points, percent, plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lotwise.rebalancing.screen_costs import Barred, RulePrice

__all__ = ["ScreenLine", "screens_json", "screens_table"]

_MOST = 40  # lines on the terminal: JSON has all of them


class ScreenLine(NamedTuple):
    """One screen of one household; its price where it was asked for."""

    household: str
    refused: bool
    name: str  # "screen tobacco", or ALL
    rules: tuple[str, ...]  # as they stand in restrictions.csv
    barred: Barred
    price: RulePrice | None = None


def _signed(text: str, amount: float) -> str:
    return f"+{text}" if amount > 0 else text


def _price_cells(price: RulePrice | None) -> list[str]:
    if price is None:
        return []
    if not price.is_known:
        nights = {night.status.name.lower() for night in (price.kept, price.dropped)}
        return [f"not known ({' and '.join(sorted(nights))})", "", "", "", ""]
    tracking = "" if math.isnan(price.tracking) else _signed(percent(price.tracking, 3), price.tracking)
    return [
        tracking,
        _signed(format_money(price.tax), price.tax),
        _signed(format_money(price.cost), price.cost),
        _signed(basis_points(price.objective), price.objective),
        basis_points(price.within),
    ]


def screens_table(lines: Sequence[ScreenLine]) -> RenderableType:
    """Table of screens, with the price of each where it is known; print it with a rich console."""
    if not lines:
        return Text("no screen")
    priced = any(line.price is not None for line in lines)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("household", no_wrap=True)
    table.add_column("restricts")
    table.add_column("by")
    for title in ("names of the model", "their weight"):
        table.add_column(title, justify="right")
    if priced:
        for title in ("tracking error", "tax", "trading cost", "objective", "within"):
            table.add_column(title, justify="right")
    for line in lines[:_MOST]:
        table.add_row(
            plain(line.household) + (" (refused)" if line.refused else ""),
            plain(line.name),
            plain("; ".join(dict.fromkeys(rule.split(" ", 1)[0] for rule in line.rules))),
            f"{len(line.barred.securities):,}",
            percent(line.barred.weight),
            *_price_cells(line.price),
        )
    parts: list[RenderableType] = [table]
    if len(lines) > _MOST:
        parts.append(Text(f"and {len(lines) - _MOST:,} more: --json has all", style="dim"))
    if priced:
        words = (
            "What each adds to tonight: with it, less without it. The objective weighs tracking, tax and cost, and is "
            "proved within the last column. Prices need not add up."
        )
        parts.append(Text(words, style="dim"))
    return Group(*parts)


def screens_json(lines: Sequence[ScreenLine], symbols: Sequence[str]) -> list[Mapping[str, Any]]:
    """Give the same as plain values for JSON: fractions, dollars and basis points; null where not known."""
    return [
        {
            "household_id": line.household,
            "refused": line.refused,
            "restricts": line.name,
            "rules": list(line.rules),
            "model_names": [symbols[security] for security in line.barred.securities],
            "model_weight": line.barred.weight,
            **({} if line.price is None else {"price": _price_json(line.price)}),
        }
        for line in lines
    ]


def _price_json(price: RulePrice) -> Mapping[str, Any]:
    known = price.is_known
    figures = {
        "te_with": price.kept.tracking,
        "te_without": price.dropped.tracking,
        "tax_with": price.kept.tax / DOLLAR,
        "tax_without": price.dropped.tax / DOLLAR,
        "cost_with": price.kept.cost / DOLLAR,
        "cost_without": price.dropped.cost / DOLLAR,
        "objective_bps": price.objective,
        "within_bps": price.within,
    }
    return {
        "status_with": price.kept.status.name.lower(),
        "status_without": price.dropped.status.name.lower(),
        **{name: value if known and math.isfinite(value) else None for name, value in figures.items()},
    }
