"""Trails of the lab's report: lines through places between two axes, each with words beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from lotwise.reports.amounts import plain
from lotwise.reports.axes import LEFT, TOP, Axis, frame_of
from lotwise.reports.lab_pictures import HEIGHT, KEY, WIDTH, in_figures
from lotwise.reports.look import BLUE, GREEN, INK, ORANGE, document, label, line, number, ticks

__all__ = ["Trail", "trails"]

_LOOKS = ((BLUE, "circle"), (ORANGE, "square"), (GREEN, "triangle"))
_TAGS = {"circle": "circle", "square": "rect", "triangle": "polygon"}


class Trail(NamedTuple):
    """A named line through places between two axes, each with words beside it; a line of one place is a mark."""

    name: str
    places: tuple[tuple[float, float, str], ...]


def trails(lines: Sequence[Trail], axes: tuple[str, str], title: str) -> str:
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
        return document(WIDTH, 60.0, title, [label(WIDTH / 2, 34, "Nothing was measured.", anchor="middle")])
    x_values, y_values = [place[0] for place in every], [place[1] for place in every]
    frame = frame_of(
        ticks(min(x_values), max(x_values), 6),
        ticks(min(y_values), max(y_values), 5),
        Axis(axes[0], in_figures),
        Axis(axes[1], in_figures),
        (WIDTH, HEIGHT),
        top=2 * TOP + KEY,
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
            said = f"{each.name}, {words}: {in_figures(of_x)}, {in_figures(of_y)}"
            frame.parts.append(_mark(x, y, colour, shape, said))
            below = turn % 2  # words of lines that lie near each other do not
            place = (x - 9, y + 16) if below else (x + 9, y - 7)
            frame.parts.append(label(*place, words, anchor="end" if below else "start", size=11))
    return document(WIDTH, HEIGHT, title, frame.parts)


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
