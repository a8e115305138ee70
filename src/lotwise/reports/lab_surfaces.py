"""A surface as a table of coloured cells: two things that vary together, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.reports.amounts import plain
from lotwise.reports.look import FAINT, INK, MUTED, ORANGE, document, label, number

__all__ = ["Surface", "heat_map"]

_WIDTH = 720.0
_NAMES, _CELL = 150.0, 44.0  # room for names at the left, height of a cell
_TOP, _BOTTOM = 8.0, 46.0
_LIGHT, _DARK = (0xE8, 0xF1, 0xF8), (0x00, 0x4C, 0x7A)  # ends of one hue, that of look.BLUE: light is little
_WHITE_FROM = 0.5  # part of the scale from which words in a cell are white


class Surface(NamedTuple):
    """R rows of C cells; NaN: nothing there."""

    rows: Sequence[str]
    columns: Sequence[str]
    values: NDArray[np.float64]  # (R, C), what colours a cell
    words: Sequence[Sequence[str]]  # (R, C), what is written in it
    marked: tuple[int, int] | None = None  # a cell that is outlined


def heat_map(surface: Surface, axes: tuple[str, str], title: str) -> str:
    """Draw cells, darker where more; `axes` name what varies across, and downwards."""
    values = surface.values
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    span = high - low if high > low else 1.0
    wide = (_WIDTH - _NAMES - 8.0) / max(len(surface.columns), 1)
    parts = []
    for row, name in enumerate(surface.rows):
        top = _TOP + row * _CELL
        parts.append(label(_NAMES - 10, top + _CELL / 2 + 4, name, anchor="end", fill=INK))
        for column, other in enumerate(surface.columns):
            left, value = _NAMES + column * wide, float(values[row, column])
            there = np.isfinite(value)
            share = (value - low) / span if there else 0.0
            fill = _shade(share) if there else "#ffffff"
            words = surface.words[row][column]
            hint = escape(plain(f"{name}, {other}: {words or 'none'}"))
            parts.append(
                f'<rect x="{number(left + 1)}" y="{number(top + 1)}" width="{number(wide - 2)}"'
                f' height="{number(_CELL - 2)}" fill="{fill}" stroke="{FAINT}">'
                f"<title>{hint}</title></rect>"
            )
            ink = "#ffffff" if share >= _WHITE_FROM else INK
            parts.append(label(left + wide / 2, top + _CELL / 2 + 4, words, anchor="middle", fill=ink))
    bottom = _TOP + len(surface.rows) * _CELL
    for column, other in enumerate(surface.columns):
        parts.append(label(_NAMES + (column + 0.5) * wide, bottom + 16, other, anchor="middle", fill=MUTED))
    parts.append(label((_NAMES + _WIDTH) / 2, bottom + 36, axes[0], anchor="middle", fill=INK))
    parts.append(label(_NAMES - 10, bottom + 16, axes[1], anchor="end", fill=INK))
    if surface.marked is not None:
        row, column = surface.marked
        parts.append(
            f'<rect x="{number(_NAMES + column * wide + 2)}" y="{number(_TOP + row * _CELL + 2)}"'
            f' width="{number(wide - 4)}" height="{number(_CELL - 4)}" fill="none" stroke="{ORANGE}"'
            ' stroke-width="3"/>'
        )
    return document(_WIDTH, bottom + _BOTTOM, title, parts)


def _shade(share: float) -> str:
    mixed = (round(light + share * (dark - light)) for light, dark in zip(_LIGHT, _DARK, strict=True))
    return "#" + "".join(f"{each:02x}" for each in mixed)
