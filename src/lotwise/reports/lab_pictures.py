"""Pictures of the lab's report: pairs of bars, named dots between two axes, and named curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from lotwise.reports.amounts import plain, with_minus
from lotwise.reports.axes import Axis, frame_of
from lotwise.reports.look import BLUE, GREEN, GREY, INK, ORANGE, YELLOW, Scale, document, label, line, number, ticks

__all__ = ["HEIGHT", "KEY", "WIDTH", "Curve", "Dot", "Pair", "curves", "dots", "in_figures", "paired_bars"]

WIDTH = 720.0
_NAMES, _WORDS = 170.0, 64.0  # least room for names at the left, room for figures at either end
_LETTER = 6.6  # width of one, on average
_PITCH, _BAR, KEY = 38.0, 13.0, 26.0
HEIGHT, _KEYS = 340.0, 190.0  # of dots, and room for their key at the right

# Curves in turn: colours that stay distinct, and dashes for those who see none.
_LINES = ((BLUE, ""), (ORANGE, "9 4"), (GREEN, "3 3"), (YELLOW, "12 4 3 4"), (INK, "1 4"), (GREY, ""))


class Pair(NamedTuple):
    """Two figures of one name."""

    name: str
    first: float
    second: float


class Dot(NamedTuple):
    """A named place between two axes."""

    name: str
    x: float
    y: float
    strong: bool = False


class Curve(NamedTuple):
    """Named points that are joined, by x."""

    name: str
    points: tuple[tuple[float, float], ...]


def paired_bars(pairs: Sequence[Pair], names: tuple[str, str], unit: str, title: str) -> str:
    """Draw two horizontal bars for each pair: what was measured, and below it, paler, what it is held against."""
    values = [value for pair in pairs for value in (pair.first, pair.second)]
    low, high = min(0.0, *values), max(0.0, *values)
    room = max([_NAMES, *(16 + _LETTER * len(pair.name) for pair in pairs)])
    scale = Scale(low, high if high > low else low + 1.0, room + (_WORDS if low < 0 else 0.0), WIDTH - _WORDS)
    parts, x = [], room
    for name, colour in zip(names, (BLUE, GREY), strict=True):
        parts.append(f'<rect x="{number(x)}" y="3" width="11" height="11" fill="{colour}"/>')
        parts.append(label(x + 16, 13, name, fill=INK))
        x += 40 + _LETTER * len(name)
    for place, pair in enumerate(pairs):
        top = KEY + place * _PITCH
        parts.append(label(room - 10, top + 17, pair.name, anchor="end", fill=INK))
        for row, (value, colour) in enumerate(((pair.first, BLUE), (pair.second, GREY))):
            y, end, zero = top + row * (_BAR + 2), scale(value), scale(0.0)
            words = with_minus(f"{round(value):,} {unit}")
            parts.append(
                f'<rect x="{number(min(zero, end))}" y="{number(y)}" width="{number(max(abs(end - zero), 0.8))}"'
                f' height="{number(_BAR)}" fill="{colour}">'
                f"<title>{escape(plain(f'{pair.name}, {names[row]}: {words}'))}</title></rect>"
            )
            side = ("start", 6.0) if value >= 0 else ("end", -6.0)
            parts.append(label(end + side[1], y + 11, words, anchor=side[0], fill=INK, size=11))
    bottom = KEY + len(pairs) * _PITCH
    parts.append(line(scale(0.0), KEY - 4, scale(0.0), bottom - 6, stroke=GREY))
    return document(WIDTH, bottom, title, parts)


def dots(places: Sequence[Dot], axes: tuple[str, str], title: str) -> str:
    """Draw numbered dots, with a key of their names beside them; the strong one is of another colour.

    A dot without a figure is left out.
    """
    places = [dot for dot in places if math.isfinite(dot.x) and math.isfinite(dot.y)]
    if not places:
        return document(WIDTH, 60.0, title, [label(WIDTH / 2, 34, "Nothing was measured.", anchor="middle")])
    x_ticks = ticks(min(0.0, *(dot.x for dot in places)), max(dot.x for dot in places) * 1.02, 6)
    y_ticks = ticks(min(0.0, *(dot.y for dot in places)), max(dot.y for dot in places) * 1.05, 5)
    frame = frame_of(x_ticks, y_ticks, Axis(axes[0], in_figures), Axis(axes[1], in_figures), (WIDTH - _KEYS, HEIGHT))
    for place, dot in enumerate(places, start=1):
        words = f"{dot.name}: {in_figures(dot.x)}, {in_figures(dot.y)}"
        row = 26 + 21 * place
        for x, y in ((frame.x(dot.x), frame.y(dot.y)), (WIDTH - _KEYS + 18, row)):
            colour = ORANGE if dot.strong else BLUE
            frame.parts.append(
                f'<circle cx="{number(x)}" cy="{number(y)}" r="8.5" fill="{colour}" stroke="#ffffff">'
                f"<title>{escape(plain(words))}</title></circle>"
            )
            frame.parts.append(label(x, y + 4, str(place), anchor="middle", fill="#ffffff", size=11, bold=True))
        frame.parts.append(label(WIDTH - _KEYS + 34, row + 4, dot.name, fill=INK, bold=dot.strong))
    return document(WIDTH, HEIGHT, title, frame.parts)


def curves(drawn: Sequence[Curve], axes: tuple[str, str], title: str) -> str:
    """Draw curves, at most six, with a key of their names beside them. A point without a figure is left out."""
    if len(drawn) > len(_LINES):
        raise ValueError(f"there must be at most {len(_LINES)} curves, were {len(drawn)}")
    kept = [
        (curve.name, [point for point in curve.points if math.isfinite(point[0]) and math.isfinite(point[1])])
        for curve in drawn
    ]
    places = [point for _, points in kept for point in points]
    if not places:
        return document(WIDTH, 60.0, title, [label(WIDTH / 2, 34, "Nothing was measured.", anchor="middle")])
    xs, ys = [x for x, _ in places], [y for _, y in places]
    x_ticks, y_ticks = ticks(min(xs), max(xs), 6), ticks(min(0.0, *ys), max(0.0, *ys), 5)
    frame = frame_of(x_ticks, y_ticks, Axis(axes[0], in_figures), Axis(axes[1], in_figures), (WIDTH - _KEYS, HEIGHT))
    frame.parts.append(line(frame.x.start, frame.y(0.0), frame.x.end, frame.y(0.0), stroke=GREY))
    for place, (name, points) in enumerate(kept):
        colour, dashes = _LINES[place]
        look = f'fill="none" stroke="{colour}" stroke-width="2.2"' + (f' stroke-dasharray="{dashes}"' if dashes else "")
        way = " ".join(f"{number(frame.x(x))},{number(frame.y(y))}" for x, y in points)
        frame.parts.append(f'<polyline points="{way}" {look} stroke-linejoin="round"/>')
        for x, y in points:
            words = escape(plain(f"{name}: {in_figures(x)}, {in_figures(y)}"))
            frame.parts.append(
                f'<circle cx="{number(frame.x(x))}" cy="{number(frame.y(y))}" r="3.2" fill="{colour}">'
                f"<title>{words}</title></circle>"
            )
        row, left = 26 + 21 * place, WIDTH - _KEYS + 8
        key = f"{number(left)},{number(row)} {number(left + 22)},{number(row)}"
        frame.parts.append(f'<polyline points="{key}" {look}/>')
        frame.parts.append(label(left + 28, row + 4, name, fill=INK))
    return document(WIDTH, HEIGHT, title, frame.parts)


def in_figures(value: float) -> str:
    """Say a figure as axes and hints do."""
    return f"{value:,.4g}".replace("-", "\N{MINUS SIGN}")
