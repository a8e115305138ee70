"""The run in a terminal: totals, the largest trades, what needs a person, and where the files are."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lotwise.reports.amounts import basis_points, count, dollars, percent, plain, short_dollars
from lotwise.reports.run import Figures, Run, figures, file_wide_errors, largest_trades

__all__ = ["summary"]

# Rows of each table: a terminal shows some forty lines.
_TRADES = 8
_PROBLEMS = 6
_NAMED = 3  # households named in a row of several

_STATUS_STYLES = {"proposed": "cyan", "hold": "default", "refused": "yellow", "failed": "bold red"}


def summary(run: Run, folder: Path | None = None) -> RenderableType:
    """Build the summary of a run, whose files are in `folder` if they are anywhere; print it with a rich console."""
    totals = figures(run)
    title = Text(f"{plain(run.firm)}, close of {run.as_of}", style="bold")
    parts: list[RenderableType] = [title, _headline(totals)]
    if run.trades.height:
        parts.append(_largest(run.trades))
    if totals.statuses["refused"] + totals.statuses["failed"]:
        parts.append(_troubled(run.households))
    if run.relaxations.height:
        parts.append(_relaxed(run.relaxations))
    if run.findings.height:
        words = ", ".join(count(number, severity) for severity, number in totals.findings.items() if number)
        parts.append(Text(f"Findings in the firm's files: {words}", style="yellow"))
        for row in file_wide_errors(run.findings).head(_PROBLEMS).iter_rows(named=True):
            sentence = f"  {row['file']}: must be {row['must_be']}; was {row['was']}; {row['to_do']}"
            parts.append(Text(plain(sentence), style="yellow"))
    if folder is not None:
        files = f": {', '.join(run.files)}" if run.files else ""
        parts.append(Text(f"Written to {folder}{files}"))
    return Group(*parts)


def _headline(totals: Figures) -> Table:
    """Lay the totals out as names and figures."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    statuses = Text(", ").join(
        Text(f"{number:,} {status}", style=_STATUS_STYLES[status])
        for status, number in totals.statuses.items()
        if number
    )
    table.add_row("Households", statuses)
    moved = f"{short_dollars(totals.sold)} sold, {short_dollars(totals.bought)} bought"
    table.add_row("Trades", Text(f"{totals.trades:,}: {moved}"))
    saved = totals.tax < 0
    tax = f"{short_dollars(-totals.tax)} saved" if saved else short_dollars(totals.tax)
    of_value = f" ({basis_points(totals.tax_bps)} of value)" if totals.tax_bps is not None else ""
    table.add_row("Tax now", Text(tax + of_value, style="green" if saved else "default"))
    if totals.te_before is not None:
        table.add_row("Tracking error", Text(f"{percent(totals.te_before)} to {percent(totals.te_after)}"))
    if totals.improvement_bps is not None:
        worth = f"{basis_points(totals.improvement_bps)} of value, {short_dollars(totals.improvement)}"
        table.add_row("Improvement", Text(worth))
    if totals.worst_gap_bps is not None:
        table.add_row("Proved within", Text(f"{basis_points(totals.worst_gap_bps)} in the convex part"))
    if totals.trade_gap_bps is not None:
        worst = f"{basis_points(totals.worst_trade_gap_bps)} at most ({plain(totals.worst_trade_gap_household)})"
        table.add_row("As written within", Text(f"{basis_points(totals.trade_gap_bps)} on average by value, {worst}"))
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def _largest(trades: pl.DataFrame) -> Table:
    table = _table(f"Largest of {count(trades.height, 'trade')}")
    for name in ("Household", "Side", "Symbol"):
        table.add_column(name)
    for name in ("Value", "Tax"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Reason", ratio=1)
    shown = largest_trades(trades, _TRADES)
    columns = ("household_id", "side", "symbol", "value", "tax", "reason")
    for household, side, symbol, value, tax, reason in shown.select(columns).iter_rows():
        words = (household, side, symbol, dollars(value), dollars(tax) if side == "sell" else "", reason)
        table.add_row(*(Text(plain(word)) for word in words))
    return table


def _troubled(households: pl.DataFrame) -> Table:
    """Show why households are failed or refused, failed ones first; those of one message share a row."""
    troubled = households.filter(pl.col("status").is_in(["failed", "refused"]))
    groups = (
        troubled.sort(pl.col("status") == "refused", maintain_order=True)
        .group_by("status", "message", maintain_order=True)
        .agg("household_id")
    )
    table = _table(f"{count(troubled.height, 'household')} refused or failed")
    table.add_column("Household")
    table.add_column("Why", ratio=1)
    for status, message, names in groups.head(_PROBLEMS).iter_rows():
        who = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
        table.add_row(Text(plain(who)), Text(plain(message), style=_STATUS_STYLES[status]))
    _say_rest(table, groups.height)
    return table


def _relaxed(relaxations: pl.DataFrame) -> Table:
    """Show the restrictions missed by most."""
    table = _table(f"{count(relaxations.height, 'restriction')} not kept in full")
    table.add_column("Account or household")
    table.add_column("Restriction", ratio=1)
    table.add_column("Asked for", justify="right")
    table.add_column("Reached", justify="right")
    missed = (pl.col("reached") - pl.col("required")).abs()
    shown = relaxations.sort(missed, descending=True, maintain_order=True).head(_PROBLEMS)
    whose = pl.coalesce("account_id", "household_id")  # one of the household has no account
    for owner, restriction, required, reached in shown.select(whose, "restriction", "required", "reached").iter_rows():
        table.add_row(Text(plain(owner)), Text(plain(restriction)), percent(required), percent(reached))
    _say_rest(table, relaxations.height)
    return table


def _say_rest(table: Table, rows: int) -> None:
    if rows > _PROBLEMS:
        table.caption = f"and {rows - _PROBLEMS:,} more in the files"
        table.caption_justify = "left"
