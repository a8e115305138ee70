"""A picture of the lab: for each name the range of a figure over simulated paths, and its median."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from lotwise.reports.amounts import plain
from lotwise.reports.look import BLUE, FAINT, GREY, INK, MUTED, ORANGE, Scale, document, label, line, number, ticks

__all__ = ["Range", "ranges"]

_WIDTH, _NAMES, _WORDS = 720.0, 220.0, 16.0
_TOP, _PITCH, _BAR = 26.0, 30.0, 9.0
_MOST = 34  # letters of a name


class Range(NamedTuple):
    """A name with the low end, the median and the high end of its figure; a strong one is of another colour."""

    name: str
    low: float
    median: float
    high: float
    strong: bool = False


def ranges(rows: Sequence[Range], unit: str, title: str) -> str:
    """Draw a bar from low to high for each row, a mark at its median, and a line at zero."""
    ends = [0.0, *(value for row in rows for value in (row.low, row.high))]
    marks = ticks(min(ends), max(ends), 6)
    scale = Scale(marks[0], marks[-1], _NAMES, _WIDTH - _WORDS)
    bottom = _TOP + len(rows) * _PITCH
    parts = []
    for tick in marks:
        parts.append(line(scale(tick), _TOP - 8, scale(tick), bottom, stroke=FAINT))
        parts.append(label(scale(tick), _TOP - 13, _written(tick, unit), anchor="middle", fill=MUTED, size=11))
    parts.append(line(scale(0.0), _TOP - 8, scale(0.0), bottom, stroke=GREY))
    for place, row in enumerate(rows):
        middle = _TOP + place * _PITCH + _PITCH / 2
        colour = ORANGE if row.strong else BLUE
        low, median, high = (scale(value) for value in (row.low, row.median, row.high))
        words = ", ".join(_written(value, unit) for value in (row.low, row.median, row.high))
        name = row.name if len(row.name) <= _MOST else f"{row.name[: _MOST - 1]}\N{HORIZONTAL ELLIPSIS}"
        parts.append(label(_NAMES - 12, middle + 4, name, anchor="end", fill=INK, bold=row.strong))
        parts.append(
            f'<rect x="{number(low)}" y="{number(middle - _BAR / 2)}" width="{number(max(high - low, 1.0))}"'
            f' height="{number(_BAR)}" rx="3" fill="{colour}" fill-opacity="0.4">'
            f"<title>{escape(plain(f'{row.name}: {words}'))}</title></rect>"
        )
        parts.append(f'<circle cx="{number(median)}" cy="{number(middle)}" r="5.5" fill="{colour}" stroke="#ffffff"/>')
    return document(_WIDTH, bottom + 4, title, parts)


def _written(value: float, unit: str) -> str:
    return f"{value:,.4g}{unit}".replace("-", "\N{MINUS SIGN}")
