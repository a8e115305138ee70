"""The frame of a chart with two axes: its size, its grid, its ticks and the titles of both axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from lotwise.reports.look import GREY, INK, MUTED, Scale, label, line, number

__all__ = ["BOTTOM", "HEIGHT", "LEFT", "RIGHT", "TOP", "WIDTH", "Axis", "Frame", "frame_of"]

WIDTH, HEIGHT = 560.0, 360.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 14.0, 14.0, 46.0

# Half of what a letter of a tick takes: the last one must not run out of the picture.
_HALF_LETTER = 3.4


class Axis(NamedTuple):
    """What an axis shows, and how its ticks are written."""

    title: str
    write: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Frame:
    """A chart in the making: where values lie on it, and what is drawn so far."""

    x: Scale
    y: Scale
    parts: list[str]


def frame_of(
    x_ticks: tuple[float, ...],
    y_ticks: tuple[float, ...],
    x: Axis,
    y: Axis,
    size: tuple[float, float] = (WIDTH, HEIGHT),
    top: float = TOP,
) -> Frame:
    """Draw the grid, the ticks and the titles of both axes; without a title across, the chart has its room.

    The chart begins `top` below the upper edge: a key has its place there.
    """
    width, height = size
    bottom = BOTTOM if x.title else BOTTOM - 18
    across = Scale(x_ticks[0], x_ticks[-1], LEFT, width - RIGHT)
    up = Scale(y_ticks[0], y_ticks[-1], height - bottom, top)
    parts = []
    for tick in y_ticks:
        parts.append(line(across.start, up(tick), across.end, up(tick)))
        parts.append(label(across.start - 8, up(tick) + 4, y.write(tick), anchor="end"))
    for tick in x_ticks:
        parts.append(line(across(tick), up.start, across(tick), up.start + 5, stroke=GREY))
        words = x.write(tick)
        place = min(across(tick), width - 2 - len(words) * _HALF_LETTER)
        parts.append(label(place, up.start + 19, words, anchor="middle"))
    parts.append(line(across.start, up.start, across.end, up.start, stroke=MUTED))
    if x.title:
        parts.append(label((across.start + across.end) / 2, height - 6, x.title, anchor="middle", fill=INK, size=12.5))
    if y.title:
        parts.append(
            f'<g transform="translate(13 {number((up.start + up.end) / 2)}) rotate(-90)">'
            f"{label(0, 0, y.title, anchor='middle', fill=INK, size=12.5)}</g>"
        )
    return Frame(across, up, parts)
