"""Blocks of HTML for a notebook's cell: self-contained, in the project's look, everything in them escaped.

A block is one line: no script, no request, no blank line that a Markdown page would take for the end of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape

import polars as pl

from lotwise.reports.amounts import basis_points, count, dollars, percent, plain
from lotwise.reports.look import BLUE, FAINT, FONT, INK, MUTED

__all__ = ["block", "cell_words", "heading", "paragraph", "table", "tiles"]

_STYLE = (
    f".lotwise{{background:#fff;color:{INK};font:14px/1.45 {FONT};max-width:980px;padding:8px 12px}}"
    ".lotwise h4{margin:10px 0 2px;font-size:16px;font-weight:650}"
    f".lotwise p{{margin:2px 0 8px;color:{MUTED}}}"
    ".lotwise .scroll{overflow-x:auto}"
    "div.lotwise .scroll table{border-collapse:collapse;border:0;margin:6px 0 10px;font-size:13px;"
    "font-variant-numeric:tabular-nums}"
    f"div.lotwise .scroll table th{{border:0;border-bottom:1.5px solid {INK};font-weight:600}}"
    f"div.lotwise .scroll table td{{border:0;border-bottom:1px solid {FAINT};vertical-align:top}}"
    "div.lotwise .scroll table th,div.lotwise .scroll table td{text-align:left;padding:4px 10px 4px 0;background:#fff;"
    f"color:{INK};font-size:13px;white-space:normal}}"
    "div.lotwise .scroll table .n{text-align:right;white-space:nowrap}"
    "div.lotwise .scroll table .w{min-width:200px}"
    ".lotwise .tiles{display:flex;flex-wrap:wrap;gap:8px;margin:8px 0}"
    f".lotwise .tiles div{{padding:8px 12px;background:#f6f8fa;border-top:3px solid {BLUE};"
    "min-width:110px}"
    f".lotwise .tiles span{{display:block;color:{MUTED};font-size:12px}}"
    ".lotwise .tiles b{font-size:18px;font-weight:650}"
)

_FRACTIONS = frozenset({"target", "before", "after", "required", "reached", "te_before", "te_after", "gain"})
_SENTENCES = frozenset({"reason", "why", "message", "must_be", "was", "to_do", "restriction"})


def block(parts: Sequence[str]) -> str:
    """Put parts into one block with its style."""
    return f'<div class="lotwise"><style>{_STYLE}</style>{"".join(parts)}</div>'


def heading(text: str) -> str:
    """Write a heading."""
    return f"<h4>{_escaped(text)}</h4>"


def paragraph(text: str) -> str:
    """Write a paragraph, or nothing where there is no text."""
    return f"<p>{_escaped(text)}</p>" if text else ""


def tiles(figures: Mapping[str, str]) -> str:
    """Show figures under their names, side by side."""
    cells = (f"<div><span>{_escaped(name)}</span><b>{_escaped(words)}</b></div>" for name, words in figures.items())
    return f'<div class="tiles">{"".join(cells)}</div>'


def table(frame: pl.DataFrame, most: int = 20) -> str:
    """Show the first rows of a frame, its figures as people read them; what is left out is counted below."""
    kinds = list(frame.schema.items())
    sides = [' class="n"' if kind.is_numeric() else ' class="w"' if name in _SENTENCES else "" for name, kind in kinds]
    head = "".join(
        f"<th{side}>{_escaped(name.replace('_', ' '))}</th>" for (name, _), side in zip(kinds, sides, strict=True)
    )
    rows = []
    for cells in frame.head(most).iter_rows():
        words = (cell_words(name, cell) for (name, _), cell in zip(kinds, cells, strict=True))
        rows.append("".join(f"<td{side}>{_escaped(word)}</td>" for word, side in zip(words, sides, strict=True)))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    shown = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    if frame.height > most:
        shown += paragraph(f"and {count(frame.height - most, 'more row')}")
    return shown


def cell_words(name: str, cell: object) -> str:
    """Write a cell as people read it, by the name of its column: fractions in percent, money in dollars."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        if name in _FRACTIONS:
            return percent(cell)
        return basis_points(cell) if name.endswith("_bps") else f"{cell:,.4g}"
    if isinstance(cell, Decimal):
        if name == "shares":
            digits = f"{cell:,f}"
            return digits.rstrip("0").rstrip(".") if "." in digits else digits
        return f"${cell:,.2f}" if name == "price" else dollars(cell)
    return count(cell) if isinstance(cell, int) else str(cell)


def _escaped(text: str) -> str:
    return escape(plain(text, 2_000), quote=True)
