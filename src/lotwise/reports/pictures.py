"""The charts of pages and PDFs, as SVG text: arrows, a histogram, horizontal bars, a strip of shares.

Each takes plain numbers and words and knows nothing of households. Data outside the frame of a chart is
drawn at its edge and counted in the chart's own words, never left out silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.reports.amounts import count, plain
from lotwise.reports.axes import BOTTOM, HEIGHT, RIGHT, TOP, WIDTH, Axis, Frame, frame_of
from lotwise.reports.look import (
    BLUE,
    FAINT,
    GREY,
    INK,
    ORANGE,
    Scale,
    document,
    label,
    line,
    number,
    ticks,
)

__all__ = ["Arrow", "Axis", "Bar", "Layer", "Share", "arrows", "bars", "histogram", "strip"]

# Share of the points that a frame must hold: one household in fifty far out would squeeze all others.
_INSIDE = 0.98

# Stems beyond this many hide each other: the largest are drawn, every dot stays.
_STEMS = 250


class Arrow(NamedTuple):
    """One case before and after."""

    x_before: float
    y_before: float
    x_after: float
    y_after: float
    name: str


class Bar(NamedTuple):
    """One horizontal bar."""

    name: str
    length: float
    words: str


class Layer(NamedTuple):
    """One group of values in a stacked histogram."""

    name: str
    values: NDArray[np.float64]
    colour: str


class Share(NamedTuple):
    """One part of a whole."""

    name: str
    size: float
    colour: str


def arrows(cases: Sequence[Arrow], whole: Arrow | None, x: Axis, y: Axis, title: str) -> str:
    """Draw each case as a thin stem from before to a dot after, and the whole of them as one strong arrow.

    Dots above zero are orange, below blue, at zero grey. Cases are given in the order of their importance:
    where there are many, only the first get a stem. A dot tells its name when pointed at.
    """
    if not cases:
        return _empty(title, "Nothing to show: no household is to trade.")
    xs = np.array([value for case in cases for value in (case.x_before, case.x_after)])
    ys = np.array([case.y_after for case in cases])
    x_ticks = ticks(min(0.0, float(xs.min())), _within(xs), 7)
    low, high = min(0.0, -_within(-ys)), max(0.0, _within(ys))
    y_ticks = ticks(low, high if high > low else low + 1.0)
    frame = frame_of(x_ticks, y_ticks, x, y)
    if y_ticks[0] < 0 < y_ticks[-1]:
        frame.parts.append(line(frame.x.start, frame.y(0), frame.x.end, frame.y(0), stroke=GREY, width=1.2))
    for colour in (GREY, BLUE, ORANGE):
        stems = "".join(
            f"M{number(frame.x(case.x_before))} {number(frame.y(case.y_before))}"
            f"L{number(frame.x(case.x_after))} {number(frame.y(case.y_after))}"
            for case in cases[:_STEMS]
            if _colour(frame, case) == colour
        )
        if stems:
            look = f'fill="none" stroke="{colour}" stroke-opacity="0.3" stroke-width="0.9"'
            frame.parts.append(f'<path d="{stems}" {look}/>')
    frame.parts.extend(_dot(frame, case) for case in cases)
    if whole is not None:
        frame.parts.append(_strong_arrow(frame, whole))
        frame.parts.append(_key([(whole.name, INK)], HEIGHT - BOTTOM - 12))
    outside = sum(
        max(case.x_before, case.x_after) > x_ticks[-1] or not y_ticks[0] <= case.y_after <= y_ticks[-1]
        for case in cases
    )
    if outside:
        words = f"{count(outside)} outside the frame, drawn at its edge"
        frame.parts.append(label(WIDTH - RIGHT, TOP + 10, words, anchor="end", size=11))
    return document(WIDTH, HEIGHT, title, frame.parts)


def _colour(frame: Frame, case: Arrow) -> str:
    """Grey where a case ends within a pixel or so of zero, else by the sign."""
    if abs(frame.y(case.y_after) - frame.y(0)) < 1:
        return GREY
    return ORANGE if case.y_after > 0 else BLUE


def _dot(frame: Frame, case: Arrow) -> str:
    return (
        f'<circle cx="{number(frame.x(case.x_after))}" cy="{number(frame.y(case.y_after))}" r="2.4"'
        f' fill="{_colour(frame, case)}" fill-opacity="0.65"><title>{escape(plain(case.name))}</title></circle>'
    )


def _strong_arrow(frame: Frame, whole: Arrow) -> str:
    """Draw a thick arrow with a white rim and a ring at its foot."""
    start = np.array([frame.x(whole.x_before), frame.y(whole.y_before)])
    end = np.array([frame.x(whole.x_after), frame.y(whole.y_after)])
    length = float(np.hypot(*(end - start)))
    along = (end - start) / length if length > 1 else np.array([-1.0, 0.0])
    across = np.array([-along[1], along[0]])
    neck = end - along * 11
    corners = " ".join(f"{number(px)},{number(py)}" for px, py in (end, neck + across * 6, neck - across * 6))
    shaft = f"M{number(start[0])} {number(start[1])}L{number(neck[0])} {number(neck[1])}"
    return (
        f'<path d="{shaft}" stroke="#ffffff" stroke-width="6.5"/>'
        f'<path d="{shaft}" stroke="{INK}" stroke-width="3"/>'
        f'<circle cx="{number(start[0])}" cy="{number(start[1])}" r="4.5" fill="#ffffff" stroke="{INK}"'
        f' stroke-width="2"/><polygon points="{corners}" fill="{INK}" stroke="#ffffff"/>'
    )


def histogram(layers: Sequence[Layer], x: Axis, noun: str, title: str, bins: int = 32) -> str:
    """Stack the counts of groups of values over common bins; the last bin holds all beyond it too."""
    values = np.concatenate([layer.values for layer in layers]) if layers else np.empty(0)
    if not len(values):
        return _empty(title, f"Nothing to show: no {noun} has a value.")
    x_ticks = ticks(min(0.0, -_within(-values)), max(_within(values), 1e-9), 6)
    edges = np.linspace(x_ticks[0], x_ticks[-1], bins + 1)
    inside = [np.histogram(np.clip(layer.values, edges[0], edges[-1]), edges)[0] for layer in layers]
    tallest = float(max(np.sum(inside, axis=0).max(), 1))
    outside = int((values > edges[-1]).sum() + (values < edges[0]).sum())
    above = 18.0 * (len(layers) + bool(outside))  # the key has a place of its own: no column is so low that it is sure
    frame = frame_of(x_ticks, ticks(0, tallest, 4), x, Axis(f"{noun}s", _whole), top=TOP + above)
    floor = np.zeros(bins, np.int64)
    for layer, counts in zip(layers, inside, strict=True):
        for (left, right), low, size in zip(pairwise(edges.tolist()), floor.tolist(), counts.tolist(), strict=True):
            if size:
                frame.parts.append(_column(frame, (left, right), (low, low + size), layer))
        floor += counts
    if outside:
        words = f"{count(outside)} beyond the frame, counted in its outer bins"
        frame.parts.append(label(WIDTH - RIGHT, TOP + 10, words, anchor="end", size=11))
    frame.parts.append(_key([(layer.name, layer.colour) for layer in layers], TOP + (28 if outside else 10)))
    return document(WIDTH, HEIGHT, title, frame.parts)


def _column(frame: Frame, across: tuple[float, float], upright: tuple[int, int], layer: Layer) -> str:
    left, right = frame.x(across[0]), frame.x(across[1])
    foot, head = frame.y(upright[0]), frame.y(upright[1])
    return (
        f'<rect x="{number(left + 0.5)}" y="{number(head)}" width="{number(right - left - 1)}"'
        f' height="{number(foot - head)}" fill="{layer.colour}"><title>{escape(plain(layer.name))}:'
        f" {upright[1] - upright[0]:,}</title></rect>"
    )


def _key(entries: list[tuple[str, str]], top: float) -> str:
    """Draw the key of the colours at the right, one line each, with a white rim to be read over dots."""
    parts = []
    for row, (name, colour) in enumerate(entries):
        y = top + row * 18
        parts.append(f'<rect x="{number(WIDTH - RIGHT - 11)}" y="{number(y - 9)}" width="11" height="11"')
        words = label(WIDTH - RIGHT - 17, y, name, anchor="end", fill=INK)
        rim = words.replace("<text ", '<text stroke="#ffffff" stroke-width="4" stroke-linejoin="round" ')
        parts.append(f' fill="{colour}"/>{rim}{words}')
    return "".join(parts)


def bars(rows: Sequence[Bar], title: str) -> str:
    """Draw a horizontal bar per row, its name at the left and its words beside it; below zero in blue."""
    if not rows:
        return _empty(title, "Nothing to show.")
    pitch, words = 30.0, 100.0
    names = max(190.0, *(12.0 + 6.7 * len(row.name) for row in rows))
    low, high = min(0.0, *(row.length for row in rows)), max(0.0, *(row.length for row in rows))
    left = names + (words if low < 0 else 0)
    scale = Scale(low, high if high > low else low + 1.0, left, WIDTH - (words if high > 0 else 10.0))
    zero = scale(0.0)
    parts = []
    for place, row in enumerate(rows):
        y = place * pitch + 4
        end = scale(row.length)
        fill = ORANGE if row.length > 0 else BLUE
        parts.append(label(0, y + 15, row.name, fill=INK, size=12.5))
        parts.append(
            f'<rect x="{number(min(zero, end))}" y="{number(y)}" width="{number(max(abs(end - zero), 0.8))}"'
            f' height="21" rx="1.5" fill="{fill}"/>'
        )
        side = ("start", 7.0) if row.length >= 0 else ("end", -7.0)
        parts.append(label(end + side[1], y + 15, row.words, anchor=side[0], fill=INK, size=12.5))
    parts.append(line(zero, 0, zero, len(rows) * pitch, stroke=GREY))
    return document(WIDTH, len(rows) * pitch + 2, title, parts)


def strip(shares: Sequence[Share], title: str) -> str:
    """Draw the parts of a whole as one strip; a part that is there is never too narrow to see."""
    present = [share for share in shares if share.size > 0]
    total = sum(share.size for share in present)
    if not present:
        return _empty(title, "Nothing to show.")
    least = 5.0
    spare = WIDTH - least * len(present)
    x = 0.0
    parts = []
    for share in present:
        width = least + spare * share.size / total
        parts.append(
            f'<rect x="{number(x)}" y="0" width="{number(max(width - 1.5, 1))}" height="16"'
            f' fill="{share.colour}"><title>{escape(plain(share.name))}</title></rect>'
        )
        x += width
    return document(WIDTH, 16, title, parts, stretched=True)


def _within(values: NDArray[np.float64]) -> float:
    """Upper end of a frame: the greatest value unless it stands far beyond the rest."""
    top = float(values.max())
    bulk = float(np.quantile(values, _INSIDE))
    middle = float(np.median(values))
    return top if top - middle <= 2 * (bulk - middle) else bulk


def _empty(title: str, words: str) -> str:
    frame = f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="79" fill="none" stroke="{FAINT}"/>'
    return document(WIDTH, 80, title, [frame, label(WIDTH / 2, 45, words, anchor="middle")])


def _whole(value: float) -> str:
    return f"{value:,.0f}" if abs(value - round(value)) < 1e-9 else ""
