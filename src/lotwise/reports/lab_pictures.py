"""Pictures of the lab's report: pairs of bars, and named dots and lines between two axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from lotwise.reports.amounts import plain
from lotwise.reports.axes import LEFT, TOP, Axis, frame_of
from lotwise.reports.look import BLUE, GREEN, GREY, INK, ORANGE, Scale, document, label, line, number, ticks

__all__ = ["Curve", "Dot", "Pair", "curves", "dots", "paired_bars"]

_WIDTH = 720.0
_NAMES, _WORDS = 170.0, 64.0  # room for names at the left, for figures at either end
_PITCH, _BAR, _KEY = 38.0, 13.0, 26.0
_HEIGHT, _KEYS = 340.0, 190.0  # of dots, and room for their key at the right


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


def paired_bars(pairs: Sequence[Pair], names: tuple[str, str], unit: str, title: str) -> str:
    """Draw two horizontal bars for each pair: what was measured, and below it, paler, what it is held against."""
    values = [value for pair in pairs for value in (pair.first, pair.second)]
    low, high = min(0.0, *values), max(0.0, *values)
    scale = Scale(low, high if high > low else low + 1.0, _NAMES + (_WORDS if low < 0 else 0.0), _WIDTH - _WORDS)
    parts, x = [], _NAMES
    for name, colour in zip(names, (BLUE, GREY), strict=True):
        parts.append(f'<rect x="{number(x)}" y="3" width="11" height="11" fill="{colour}"/>')
        parts.append(label(x + 16, 13, name, fill=INK))
        x += 40 + 6.6 * len(name)
    for place, pair in enumerate(pairs):
        top = _KEY + place * _PITCH
        parts.append(label(_NAMES - 10, top + 17, pair.name, anchor="end", fill=INK))
        for row, (value, colour) in enumerate(((pair.first, BLUE), (pair.second, GREY))):
            y, end, zero = top + row * (_BAR + 2), scale(value), scale(0.0)
            words = f"{value:,.0f} {unit}".replace("-", "\N{MINUS SIGN}")
            parts.append(
                f'<rect x="{number(min(zero, end))}" y="{number(y)}" width="{number(max(abs(end - zero), 0.8))}"'
                f' height="{number(_BAR)}" fill="{colour}">'
                f"<title>{escape(plain(f'{pair.name}, {names[row]}: {words}'))}</title></rect>"
            )
            side = ("start", 6.0) if value >= 0 else ("end", -6.0)
            parts.append(label(end + side[1], y + 11, words, anchor=side[0], fill=INK, size=11))
    bottom = _KEY + len(pairs) * _PITCH
    parts.append(line(scale(0.0), _KEY - 4, scale(0.0), bottom - 6, stroke=GREY))
    return document(_WIDTH, bottom, title, parts)


def dots(places: Sequence[Dot], axes: tuple[str, str], title: str) -> str:
    """Draw numbered dots, with a key of their names beside them; the strong one is of another colour.

    A dot without a figure is left out.
    """
    places = [dot for dot in places if math.isfinite(dot.x) and math.isfinite(dot.y)]
    if not places:
        return document(_WIDTH, 60.0, title, [label(_WIDTH / 2, 34, "Nothing was measured.", anchor="middle")])
    x_ticks = ticks(min(0.0, *(dot.x for dot in places)), max(dot.x for dot in places) * 1.02, 6)
    y_ticks = ticks(min(0.0, *(dot.y for dot in places)), max(dot.y for dot in places) * 1.05, 5)
    frame = frame_of(x_ticks, y_ticks, Axis(axes[0], _figure), Axis(axes[1], _figure), (_WIDTH - _KEYS, _HEIGHT))
    for place, dot in enumerate(places, start=1):
        words = f"{dot.name}: {_figure(dot.x)}, {_figure(dot.y)}"
        row = 26 + 21 * place
        for x, y in ((frame.x(dot.x), frame.y(dot.y)), (_WIDTH - _KEYS + 18, row)):
            colour = ORANGE if dot.strong else BLUE
            frame.parts.append(
                f'<circle cx="{number(x)}" cy="{number(y)}" r="8.5" fill="{colour}" stroke="#ffffff">'
                f"<title>{escape(plain(words))}</title></circle>"
            )
            frame.parts.append(label(x, y + 4, str(place), anchor="middle", fill="#ffffff", size=11, bold=True))
        frame.parts.append(label(_WIDTH - _KEYS + 34, row + 4, dot.name, fill=INK, bold=dot.strong))
    return document(_WIDTH, _HEIGHT, title, frame.parts)


def _figure(value: float) -> str:
    return f"{value:,.4g}".replace("-", "\N{MINUS SIGN}")


class Curve(NamedTuple):
    """A named line through places between two axes, each with words beside it; a line of one place is a mark."""

    name: str
    places: tuple[tuple[float, float, str], ...]


def curves(lines: Sequence[Curve], axes: tuple[str, str], title: str) -> str:
    """Draw lines whose places are marked, told apart by colour and by the shape of the marks, with a key above.

    The axes begin near the least figures, not at zero. A place without a figure is left out.
    """
    lines = [
        each._replace(
            places=tuple(place for place in each.places if math.isfinite(place[0]) and math.isfinite(place[1]))
        )
        for each in lines
    ]
    every = [place for each in lines for place in each.places]
    if not every:
        return document(_WIDTH, 60.0, title, [label(_WIDTH / 2, 34, "Nothing was measured.", anchor="middle")])
    x_values, y_values = [place[0] for place in every], [place[1] for place in every]
    frame = frame_of(
        ticks(min(x_values), max(x_values), 6),
        ticks(min(y_values), max(y_values), 5),
        Axis(axes[0], _figure),
        Axis(axes[1], _figure),
        (_WIDTH, _HEIGHT),
        top=2 * TOP + _KEY,
    )
    across = LEFT
    for turn, (each, (colour, shape)) in enumerate(zip(lines, _LOOKS, strict=False)):
        frame.parts.append(_mark(across + 6, 9, colour, shape, each.name))
        frame.parts.append(label(across + 18, 13, each.name, fill=INK))
        across += 44 + 6.6 * len(each.name)
        drawn = [(frame.x(x), frame.y(y), words) for x, y, words in each.places]
        for (x_1, y_1, _), (x_2, y_2, _) in pairwise(drawn):
            frame.parts.append(line(x_1, y_1, x_2, y_2, stroke=colour, width=1.5))
        for (x, y, words), (of_x, of_y, _) in zip(drawn, each.places, strict=True):
            said = f"{each.name}, {words}: {_figure(of_x)}, {_figure(of_y)}"
            frame.parts.append(_mark(x, y, colour, shape, said))
            below = turn % 2  # words of lines that lie near each other do not
            place = (x - 9, y + 16) if below else (x + 9, y - 7)
            frame.parts.append(label(*place, words, anchor="end" if below else "start", size=11))
    return document(_WIDTH, _HEIGHT, title, frame.parts)


def _mark(x: float, y: float, colour: str, shape: str, words: str) -> str:
    """Draw a circle, a square or a triangle."""
    places = {
        "circle": f'<circle cx="{number(x)}" cy="{number(y)}" r="5.5"',
        "square": f'<rect x="{number(x - 5)}" y="{number(y - 5)}" width="10" height="10"',
        "triangle": (
            f'<polygon points="{number(x)},{number(y - 6.5)} {number(x + 6)},{number(y + 5)}'
            f' {number(x - 6)},{number(y + 5)}"'
        ),
    }
    return f'{places[shape]} fill="{colour}" stroke="#ffffff"><title>{escape(plain(words))}</title></{_TAGS[shape]}>'


_LOOKS = ((BLUE, "circle"), (ORANGE, "square"), (GREEN, "triangle"))
_TAGS = {"circle": "circle", "square": "rect", "triangle": "polygon"}
