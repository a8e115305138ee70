"""How figures of many accounts are spread: a row of dots for each kind, larger ones for larger accounts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from lotwise.reports.amounts import plain
from lotwise.reports.look import BLUE, INK, MUTED, ORANGE, Scale, document, label, line, number, ticks

__all__ = ["Strip", "strips"]

_WIDTH, _NAMES, _RIGHT = 720.0, 130.0, 24.0
_PITCH, _TOP, _BOTTOM = 56.0, 24.0, 44.0
_SMALLEST, _LARGEST = 2.5, 9.0  # radius of a dot; its area grows with the size
_GOLDEN = 0.6180339887  # spreads neighbours within a row
# Values beyond these parts of all lie on the edge: one account would take the room of all others.
_INNER = (0.02, 0.98)


class Strip(NamedTuple):
    """A kind: values of its accounts, and how large each of them is."""

    name: str
    values: Sequence[float]
    sizes: Sequence[float]


def strips(rows: Sequence[Strip], mark: tuple[float, str], axis: str, title: str) -> str:
    """Draw a dot for every finite value, and a line with words where the mark is."""
    values = np.array([value for row in rows for value in row.values if np.isfinite(value)])
    low, high = np.quantile(values, _INNER) if values.size else (0.0, 1.0)
    edges = ticks(min(float(low), 0.0), max(float(high), mark[0] * 1.1), 7)
    scale = Scale(edges[0], edges[-1], _NAMES, _WIDTH - _RIGHT)
    bottom = _TOP + len(rows) * _PITCH
    parts = []
    for tick in edges:
        parts.append(line(scale(tick), _TOP, scale(tick), bottom))
        parts.append(label(scale(tick), bottom + 16, _figure(tick), anchor="middle"))
    parts.append(label((_NAMES + _WIDTH - _RIGHT) / 2, bottom + 36, axis, anchor="middle", fill=INK))
    largest = max((size for row in rows for size in row.sizes), default=1.0)
    for place, row in enumerate(rows):
        middle = _TOP + (place + 0.5) * _PITCH
        parts.append(label(_NAMES - 12, middle + 4, row.name, anchor="end", fill=INK))
        parts.append(line(_NAMES, middle, _WIDTH - _RIGHT, middle))
        for at, (value, size) in enumerate(zip(row.values, row.sizes, strict=True)):
            if not np.isfinite(value):
                continue
            y = middle + ((at * _GOLDEN) % 1.0 - 0.5) * (_PITCH - 22.0)
            radius = max(_LARGEST * (max(size, 0.0) / largest) ** 0.5, _SMALLEST)
            hint = escape(plain(f"{row.name}: {_figure(value)} {axis}, ${size:,.0f}"))
            parts.append(
                f'<circle cx="{number(scale(value))}" cy="{number(y)}" r="{number(radius)}" fill="{BLUE}"'
                f' fill-opacity="0.6" stroke="#ffffff" stroke-width="0.5"><title>{hint}</title></circle>'
            )
    parts.append(line(scale(mark[0]), _TOP - 4, scale(mark[0]), bottom, stroke=ORANGE, width=2))
    parts.append(label(scale(mark[0]), _TOP - 9, mark[1], anchor="middle", fill=MUTED))
    return document(_WIDTH, bottom + _BOTTOM, title, parts)


def _figure(value: float) -> str:
    return f"{value:,.3g}".replace("-", "\N{MINUS SIGN}")
