"""Tables of the ledger on a terminal: every figure whole, whatever the width.

What a terminal has no room for is left out column by column, the least needed first, and named below the table. Text
that is still too long folds; dates, figures and the words of headings never break.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

__all__ = ["MOST_ROWS", "figures_table", "listing_table"]

MOST_ROWS = 40  # of a table on the terminal: CSV has all of them

_FIGURES = (
    "shares", "basis", "proceeds", "gain", "disallowed", "gone_for_ever", "recognised",
    "amount", "qualified", "expected", "ordinary",
)  # fmt: skip

# The first goes first: what the other columns nearly say, then days. Names of accounts and securities, and what the
# command was asked for, stay.
_LEAST_NEEDED = (
    "acquisition", "becomes", "ex_date", "term", "acquired", "expected", "purchase_account", "shares", "sold", "gain",
    "kind", "date",
)  # fmt: skip

_UNBOUNDED = 1_000_000  # columns of a terminal on which nothing is ever cut


def listing_table(console: Console, title: str, frame: pl.DataFrame, columns: Sequence[str] = ()) -> Table:
    """Table of the first rows of a frame, of the chosen columns those that this terminal has room for."""
    more = f" (the first {MOST_ROWS} of {frame.height:,}; --csv has all)" if frame.height > MOST_ROWS else ""
    heading = f"{escape(title)}{more}"
    shown = frame.select(columns or frame.columns).head(MOST_ROWS)
    made, left_out = _drawn(shown, heading, " "), list[str]()
    if _measured(console, made).maximum > console.width:
        made = _drawn(shown, heading, "\n")
        for name in _LEAST_NEEDED:
            if _measured(console, made).minimum <= console.width:
                break
            if name in shown.columns:
                shown = shown.drop(name)
                left_out.append(name.replace("_", " "))
                made = _drawn(shown, heading, "\n")
    said = [] if frame.height else ["none"]
    if left_out:
        said.append(f"no room for {', '.join(left_out)}: --csv has all columns")
    made.caption = "; ".join(said) or None
    return made


def figures_table(console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Table of figures, the first cell of a row its name; turned on its side where the terminal has no room for it."""
    lines = [list(headings), *(list(row) for row in rows)]
    wide = _figures(title, lines)
    if _measured(console, wide).minimum <= console.width:
        return wide
    turned = [list(row) for row in zip(*lines, strict=True)]
    return _figures(title, turned)


def _drawn(shown: pl.DataFrame, heading: str, between: str) -> Table:
    """Draw a table, with what stands between the words of a heading: a space, or the end of a line."""
    table = Table(title=heading, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in shown.columns:
        table.add_column(
            name.replace("_", between),
            justify="right" if name in _FIGURES else "left",
            overflow="fold",
            # Rich takes room from whatever may wrap, the widest first, and would break the only word of a cell.
            no_wrap=not shown[name].cast(pl.String).str.contains(" ", literal=True).any(),
        )
    for row in shown.iter_rows():
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    return table


def _figures(title: str, lines: list[list[str]]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for words in lines[0]:
        table.add_column(words, justify="right", overflow="fold")
    for line in lines[1:]:
        table.add_row(*line)
    return table


def _measured(console: Console, table: Table) -> Measurement:
    """Least width at which no word of a table breaks, and that at which no line does."""
    return Measurement.get(console, console.options.update_width(_UNBOUNDED), table)
