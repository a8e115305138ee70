"""A household's frontier as a picture: tax across, tracking error up, and the places on it that have a name.

Left and down is better. Labels look for a place of their own: beside, above or below their mark, where they cover
neither another label nor a mark and least of the curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from lotwise.reports.amounts import plain
from lotwise.reports.axes import HEIGHT, WIDTH, Axis, Frame, frame_of
from lotwise.reports.look import BLUE, GREY, INK, MUTED, ORANGE, document, label, line, number, ticks

__all__ = ["CHOSEN", "NEAREST", "TODAY", "CurvePoint", "Named", "frontier_picture"]

# Colours of the places that a frontier names.
TODAY, CHOSEN, NEAREST = INK, ORANGE, BLUE

# Room between a mark and its label, and what a label's letters take: of the fonts in the look, in parts of their size.
_AWAY = 11.0
_LETTER = 0.56
_SIZE = 12.0
_PITCH = 15.0

_MOST = 44  # letters of a line
# Where the lowest point is above this part of the highest, tracking error does not start at zero.
_FLAT = 0.6

_TICK = 95.0  # of width for each tick across: their words must not meet
_LEAST_SPAN = 5.0  # dollars across, where no point has a tax

# How far from its mark a label may lie, and how much of the curve it may cover before it goes there.
_REACHES = ((_AWAY, 0.0), (2.5 * _AWAY, 2.0), (5 * _AWAY, 4.0), (8 * _AWAY, 6.0))


class CurvePoint(NamedTuple):
    """A point of a curve, and what it says when pointed at."""

    tax: float
    tracking: float
    name: str


class Named(NamedTuple):
    """A place with a mark of its own: what it is, its figures, and the shape and colour of its mark."""

    tax: float
    tracking: float
    name: str
    figures: str
    shape: str  # "disc", "ring", "diamond"; "" = a label alone
    colour: str


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def covers(self, other: _Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def shared(self, other: _Box) -> float:
        """Area that lies in both."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(wide, 0.0) * max(high, 0.0)


def frontier_picture(
    curve: Sequence[CurvePoint],
    law: Sequence[CurvePoint],
    places: Sequence[Named],
    axes: tuple[Axis, Axis],
    title: str,
    size: tuple[float, float] = (WIDTH, HEIGHT),
) -> str:
    """Draw the curve, the same points at their `law`'s tax as a dashed line, and the `places` with their labels.

    Letters have one size whatever the `size`: a smaller picture has larger ones where it fills the same place.
    """
    xs = [*(point.tax for point in (*curve, *law)), *(place.tax for place in places)]
    ys = [*(point.tracking for point in curve), *(place.tracking for place in places)]
    low = min(0.0, *xs)
    x_ticks = ticks(low, max(low + _LEAST_SPAN, *xs), round(size[0] / _TICK))
    lowest, highest = min(ys), max(*ys, 1e-9)
    y_ticks = ticks(lowest - 0.1 * (highest - lowest) if lowest > _FLAT * highest else 0.0, highest, 6)
    frame = frame_of(x_ticks, y_ticks, *axes, size)
    if x_ticks[0] < 0 < x_ticks[-1]:
        frame.parts.append(line(frame.x(0), frame.y.start, frame.x(0), frame.y.end, stroke=GREY, width=1.2))
    if law:
        frame.parts.append(_path(frame, law, f'stroke="{GREY}" stroke-width="1.6" stroke-dasharray="5 4"'))
    frame.parts.append(_path(frame, curve, f'stroke="{BLUE}" stroke-width="2.4"'))
    frame.parts.extend(_dot(frame, point) for point in curve)
    leaders, words = _labels(frame, (*curve, *law), places)
    frame.parts.extend((*leaders, *(_mark(frame, place) for place in reversed(places)), *words))
    return document(*size, title, frame.parts)


def _path(frame: Frame, points: Sequence[CurvePoint], look: str) -> str:
    steps = " ".join(f"{number(frame.x(point.tax))},{number(frame.y(point.tracking))}" for point in points)
    return f'<polyline points="{steps}" fill="none" {look} stroke-linejoin="round"/>'


def _dot(frame: Frame, point: CurvePoint) -> str:
    return (
        f'<circle cx="{number(frame.x(point.tax))}" cy="{number(frame.y(point.tracking))}" r="2.2" fill="{BLUE}">'
        f"<title>{escape(plain(point.name))}</title></circle>"
    )


def _mark(frame: Frame, place: Named) -> str:
    """Shapes differ as well as colours: nobody has to tell them by colour alone."""
    x, y = frame.x(place.tax), frame.y(place.tracking)
    if not place.shape:
        return ""
    words = f"<title>{escape(plain(f'{place.name}: {place.figures}'))}</title>"
    if place.shape == "diamond":
        corners = " ".join(f"{number(px)},{number(py)}" for px, py in ((x, y - 8), (x + 8, y), (x, y + 8), (x - 8, y)))
        return (
            f'<polygon points="{corners}" fill="{place.colour}" stroke="#ffffff" stroke-width="1.5">{words}</polygon>'
        )
    hollow = place.shape == "ring"
    look = f'fill="#ffffff" stroke="{place.colour}" stroke-width="2.6"'
    if not hollow:
        look = f'fill="{place.colour}" stroke="#ffffff" stroke-width="1.5"'
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(5.5 if hollow else 7)}" {look}>{words}</circle>'


def _labels(frame: Frame, points: Sequence[CurvePoint], places: Sequence[Named]) -> tuple[list[str], list[str]]:
    """Set each label where it covers nothing that is set already, if there is such a place; leaders, words."""
    marks = [_around(frame.x(place.tax), frame.y(place.tracking), 8) for place in places if place.shape]
    curve = [_around(frame.x(point.tax), frame.y(point.tracking), 3) for point in _dense(points)]
    taken: list[_Box] = []
    lines, words = [], []
    for place in places:
        rows = [plain(row, _MOST) for row in (place.name, place.figures) if row]
        width = max(len(row) for row in rows) * _LETTER * _SIZE
        x, y = frame.x(place.tax), frame.y(place.tracking)
        best = min(
            (
                (reach, box)
                for reach in _REACHES
                for box in _candidates(frame, (x, y), reach[0], (width, len(rows) * _PITCH))
            ),
            key=lambda found: found[0][1] + _cost(found[1], taken, marks, curve),
        )
        taken.append(best[1])
        if best[0] != _REACHES[0] and place.shape:
            lines.append(_leader((x, y), best[1]))
        words.extend(_words(rows, best[1], place.shape))
    return lines, words


def _leader(mark: tuple[float, float], box: _Box) -> str:
    """Draw a thin line from a mark to the nearest place of a label that stands away from it."""
    x, y = mark
    return line(x, y, min(max(x, box.left), box.right), min(max(y, box.top), box.bottom), stroke=MUTED, width=0.8)


def _words(rows: Sequence[str], box: _Box, shape: str) -> list[str]:
    """Write the lines of a label, each over a white rim of its own."""
    parts = []
    for row, words in enumerate(rows):
        first = bool(shape) and not row
        x, y = (box.left + box.right) / 2, box.top + _PITCH * (row + 1) - 4
        text = label(x, y, words, anchor="middle", fill=INK if first else MUTED, size=_SIZE, bold=first)
        parts.append(text.replace("<text ", '<text stroke="#ffffff" stroke-width="4" stroke-linejoin="round" ') + text)
    return parts


def _around(x: float, y: float, reach: float) -> _Box:
    return _Box(x - reach, y - reach, x + reach, y + reach)


def _dense(points: Sequence[CurvePoint], between: int = 8) -> list[CurvePoint]:
    """Points of a curve and places between them."""
    parts = [part / between for part in range(between)]
    return [
        CurvePoint(one.tax + part * (other.tax - one.tax), one.tracking + part * (other.tracking - one.tracking), "")
        for one, other in pairwise(points)
        for part in parts
    ]


def _candidates(frame: Frame, mark: tuple[float, float], away: float, size: tuple[float, float]) -> list[_Box]:
    """Places for a label so far from its mark, each moved into the frame."""
    (x, y), (width, height) = mark, size
    corners = (
        (x + away, y - height / 2),
        (x + away, y - away - height),
        (x + away, y + away),
        (x - width / 2, y - away - height),
        (x - width / 2, y + away),
        (x - away - width, y - height / 2),
        (x - away - width, y - away - height),
        (x - away - width, y + away),
    )
    found = []
    for left, top in corners:
        inside_left = min(max(left, frame.x.start + 4), frame.x.end - width)
        inside_top = min(max(top, frame.y.end), frame.y.start - height - 4)
        found.append(_Box(inside_left, inside_top, inside_left + width, inside_top + height))
    return found


def _cost(box: _Box, labels: list[_Box], marks: list[_Box], curve: list[_Box]) -> float:
    """What a label covers there: another label above all, then marks, then the curve."""
    return (
        1e6 * sum(box.shared(other) for other in labels)
        + 1e3 * sum(box.covers(mark) for mark in marks)
        + sum(box.covers(step) for step in curve)
    )
