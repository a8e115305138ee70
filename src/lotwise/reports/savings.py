"""What was saved, on a terminal and as JSON: the household's three numbers, or the firm's against its fees."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from lotwise.reports.amounts import brief_dollars, count, plain
from lotwise.reports.firm_savings import YOUNG_DAYS, FirmSavings, against_fees

if TYPE_CHECKING:
    from rich.console import RenderableType


__all__ = ["comparison_words", "savings_json", "savings_summary", "trace_table"]

_MOST_HOUSEHOLDS, _MOST_CREDITS, _MOST_NAMED = 25, 60, 10
_PARTS = ("deferral", "harvesting", "location")
_NUMBERS = (
    ("rule_of_thumb", "A  rule of thumb"),
    ("shadow", "B  against the shadow"),
    ("present_value", "C  present value"),
)
_CAVEATS = """A compares each day's trades with an ordinary rebalance to target on that day; a deferral is credited once
and taken back when the gain is realised. B is the tax of a shadow ledger less that of the record, by law: wash sales,
netting, the $3,000 limit and what is carried on. Income, outside gains and the law are those of this year, in every
year. C is B less the growth of the tax that waits in the lots, as the policy discounts it. Targets of days for which
the folder gives none are those of today.""".replace("\n", " ")


def _dollars(amount: Decimal | None) -> str:
    if amount is None:
        return "not known"
    return f"{'-' if amount < 0 else ''}${abs(amount):,.0f}"


def savings_summary(saved: FirmSavings) -> RenderableType:
    """Table of what was saved: of one household number by number, of several a line each and the firm's total."""
    households, rule, refused = saved.households, saved.rule, saved.refused
    parts: list[RenderableType] = []
    if not households.height:
        return Group(Text("nothing to tell: none of these households has a posted record"), *_untold(saved.untold))
    if households.height == 1:
        parts.append(_one(households.row(0, named=True)))
    else:
        parts += [_several(households), _fees(against_fees(households, saved.as_of))]
    parts.append(Text(f"The shadow: {rule.in_words()}.", style="dim"))
    parts.append(Text(_CAVEATS, style="dim"))
    parts += _untold(saved.untold)
    if refused:
        parts.append(Text(f"{refused:,} events of the shadow could not be posted: its figures are near, not exact"))
    if saved.stopped:
        parts.append(Text(plain(saved.stopped_words)))
    return Group(*parts)


def _cell(cell: object) -> str:
    return _dollars(cell if isinstance(cell, Decimal) else None)


def _untold(untold: pl.DataFrame) -> list[RenderableType]:
    """Name households without figures, and why."""
    if not untold.height:
        return []
    lines = [f"  {plain(name)}: {plain(why)}" for name, why in untold.head(_MOST_NAMED).iter_rows()]
    more = [f"  and {untold.height - _MOST_NAMED:,} more"] if untold.height > _MOST_NAMED else []
    return [Text("\n".join([f"Without figures ({untold.height:,}):", *lines, *more]))]


def _one(row: Mapping[str, object]) -> Table:
    title = f"Taxes saved for {plain(str(row['household_id']))} since {row['since']}"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    table.add_column("")
    for name in ("last trading day", "year to date", "since the beginning"):
        table.add_column(name, justify="right")

    def add(words: str, key: str, style: str = "") -> None:
        if f"{key}_ytd" in row and key in row:
            day = _cell(row[f"{key}_day"]) if f"{key}_day" in row else ""
            table.add_row(words, day, *(_cell(row[name]) for name in (f"{key}_ytd", key)), style=style)

    for key, words in _NUMBERS:
        add(words, key, "bold")
        for part in _PARTS:
            add(f"     {part}", f"{key}_{part}")
    add("Fee", "fee")
    return table


def _several(households: pl.DataFrame) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Taxes saved since the beginning", title_justify="left")
    table.add_column("household", overflow="fold")  # gives way where it is too narrow; amounts are never cut
    for name in ("A", "B", *_PARTS, "C", "fee"):
        table.add_column(name, justify="right", no_wrap=True)
    keys = ("rule_of_thumb", "shadow", *(f"shadow_{part}" for part in _PARTS), "present_value", "fee")
    shown = households.sort(pl.col("shadow").abs(), descending=True).head(_MOST_HOUSEHOLDS)
    for row in shown.iter_rows(named=True):
        table.add_row(plain(row["household_id"]), *(_brief(row[key]) for key in keys))
    if households.height > shown.height:
        table.add_row(f"and {households.height - shown.height:,} more")
    totals = households.select(pl.col(keys).sum()).row(0)
    table.add_row("all", *(_brief(total) for total in totals), style="bold")
    return table


def _brief(amount: Decimal | None) -> str:
    return "not known" if amount is None else brief_dollars(amount)


def _fees(found: Mapping[str, float | int]) -> Text:
    left = (
        (found["unknown"], "whose fee is not known (fee_bps of households)"),
        (found["young"], f"whose record is younger than {YOUNG_DAYS} days"),
    )
    without = "; ".join(f"{count(int(number), 'household')} {why}" for number, why in left if number)
    if not found["households"]:
        return Text(f"Nothing is compared with fees: {without}.")
    spread = ", ".join(f"{found[f'ratio_p{part}']:.1f}x at {part}%" for part in (10, 25, 50, 75, 90))
    return Text(
        f"B exceeds the fee for {found['above']:,} of {found['households']:,} households ({found['by_count']:.0%}; "
        f"{found['by_dollars']:.0%} by dollars of value). B as a multiple of the fee: {spread}."
        f"{' Left out: ' + without + '.' if without else ''}"
    )


def trace_table(lines: pl.DataFrame) -> RenderableType:
    """Table of credits, day by day and lot by lot, and what they add up to."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("day", "account", "security", "lot", "source", "term"):
        table.add_column(name, no_wrap=True)
    for name in ("gain", "credit", "deferred now"):
        table.add_column(name, justify="right", no_wrap=True)
    shown = lines.tail(_MOST_CREDITS)
    for row in shown.iter_rows(named=True):
        names = (str(row["day"]), *(plain(str(row[key])) for key in ("account_id", "symbol", "lot_id")))
        amounts = (f"{row[key]:,.2f}" for key in ("gain", "credit", "deferred"))
        table.add_row(*names, row["source"], row["term"], *amounts)
    total = lines["credit"].sum()
    words = f"{lines.height:,} credits, {_dollars(total if isinstance(total, Decimal) else Decimal(0))} in all"
    if lines.height > shown.height:
        words += f"; the last {shown.height} are shown, --out writes all of them"
    return Group(table, Text(words))


def comparison_words(households: Sequence[str], changed: Sequence[str], posted: tuple[int, int], day: date) -> Text:
    """Say whether an earlier telling came out the same again, and what it was made of that is another now.

    `posted` since: events, and those of them of days until `day`, the last that was told.
    """
    if not households:
        words = "every figure comes out as it was told, to the cent"
    else:
        few = ", ".join(plain(each) for each in households[:_MOST_NAMED])
        more = f" and {len(households) - _MOST_NAMED:,} more" if len(households) > _MOST_NAMED else ""
        words = f"other figures now: {few}{more}"
    words = f"{words}; changed since: {', '.join(plain(each) for each in changed) or 'nothing'}"
    later, late = posted
    if later:
        words += f"; {later:,} events were posted since and are left out"
    if late:
        words += f", {late:,} of them late, of days until {day}: a new telling has them"
    return Text(words)


def savings_json(saved: FirmSavings, lines: Mapping[str, pl.DataFrame] | None = None) -> str:
    """Everything as JSON, and `lines` where they were traced: dollars as numbers, null where not known."""
    return json.dumps(
        {
            "shadow_rule": saved.rule.in_words(),
            "inputs": dict(saved.inputs),
            "against_fees": against_fees(saved.households, saved.as_of),
            "firm": _plain_rows(saved.totals),
            "households": _plain_rows(saved.households),
            "months": _plain_rows(saved.months),
            "untold": _plain_rows(saved.untold),
            "unpriced": list(saved.stopped),
            **{name: _plain_rows(table) for name, table in (lines or {}).items()},
        },
        indent=1,
    )


def _plain_rows(frame: pl.DataFrame) -> list[dict[str, object]]:
    def plain_value(value: object) -> object:
        return (
            float(value)
            if isinstance(value, Decimal)
            else value
            if isinstance(value, str | int | float | None)
            else str(value)
        )

    return [{name: plain_value(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]
