"""Savings over time stacked by their source, and the way from the ordinary rebalance's tax to that of what was done.

Drawn for half a page: their letters are readable in print at that width. A source has one colour in both; the colours
differ in lightness too, and each source is named in words, so that nobody has to tell them by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import NamedTuple

from lotwise.reports.amounts import dollars, plain
from lotwise.reports.axes import Axis, Frame, frame_of
from lotwise.reports.look import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    MUTED,
    YELLOW,
    Scale,
    document,
    label,
    line,
    number,
    ticks,
)

__all__ = ["SOURCES", "Level", "Step", "compact", "savings_over_time", "waterfall"]

# Deferral, harvesting, location: dark, light, between.
SOURCES = (("Deferral", BLUE), ("Harvesting", YELLOW), ("Location", GREEN))

_SIZE = (380.0, 232.0)
_TOP = 26.0  # room for the key
_WIDEST = 48.0  # a column: one month alone is no wall
_MOST_COLUMNS = 60  # more are too thin to see: of each so many in a row the last is drawn


class Level(NamedTuple):
    """Amounts by source, in dollars, as they stood on a day."""

    day: date
    parts: tuple[float, float, float]


class Step(NamedTuple):
    """A bar of a waterfall: an amount of tax, or what changes it (`change`)."""

    name: str
    amount: float
    change: bool
    colour: str = GREY


def compact(value: float) -> str:
    """Write dollars of an axis in few letters: $250k, $1.5m."""
    size = abs(value)
    sign = "\u2212" if value < 0 else ""
    for unit, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if size >= unit:
            return f"{sign}${size / unit:.3g}{letter}"
    return f"{sign}${size:.3g}"


def savings_over_time(levels: Sequence[Level], title: str) -> str:
    """Stack the sources month by month, what saved above zero and what cost below, with a line through their sum."""
    if not levels:
        return _nothing(title, "Nothing to show: no month has ended yet.")
    if not any(part for level in levels for part in level.parts):
        return _nothing(title, "Nothing saved and nothing lost so far.")
    step = -(-len(levels) // _MOST_COLUMNS)
    shown = levels[::-1][::step][::-1]
    highs = [sum(max(part, 0.0) for part in level.parts) for level in shown]
    lows = [sum(min(part, 0.0) for part in level.parts) for level in shown]
    y_ticks = ticks(min(0.0, *lows), max(*highs, 1.0 if not any(lows) else 0.0), 4)
    frame = frame_of((0.0, float(len(shown))), y_ticks, Axis("", lambda _: ""), Axis("", compact), _SIZE, _TOP)
    half = min((frame.x(1) - frame.x(0)) / 2, _WIDEST / 2)
    for place, level in enumerate(shown):
        middle = frame.x(place + 0.5)
        frame.parts.append(_column(frame, (middle - half * 0.84, middle + half * 0.84), level))
    sums = " ".join(
        f"{number(frame.x(place + 0.5))},{number(frame.y(sum(level.parts)))}" for place, level in enumerate(shown)
    )
    if y_ticks[0] < 0:
        frame.parts.append(line(frame.x.start, frame.y(0), frame.x.end, frame.y(0), stroke=MUTED, width=1.2))
        rim = f'<polyline points="{sums}" fill="none" stroke="#ffffff" stroke-width="4.5" stroke-linejoin="round"/>'
        own = f'<polyline points="{sums}" fill="none" stroke="{INK}" stroke-width="2" stroke-linejoin="round"/>'
        frame.parts.append(rim + own)
    frame.parts.extend(_dates(frame, shown))
    frame.parts.append(_key(y_ticks[0] < 0, any(level.parts[2] for level in levels)))
    return document(*_SIZE, title, frame.parts)


def _column(frame: Frame, across: tuple[float, float], level: Level) -> str:
    """Stack one month: savings upwards from zero, costs downwards, thin white lines between."""
    left, width = across[0], across[1] - across[0]
    words = ", ".join(f"{name} {dollars(part)}" for (name, _), part in zip(SOURCES, level.parts, strict=True))
    parts = [f"<g><title>{escape(plain(f'{level.day}: {words}, in all {dollars(sum(level.parts))}'))}</title>"]
    up = down = 0.0
    for (_, colour), part in zip(SOURCES, level.parts, strict=True):
        if not part:
            continue
        foot = up if part > 0 else down
        top, bottom = frame.y(max(foot, foot + part)), frame.y(min(foot, foot + part))
        if part > 0:
            up += part
        else:
            down += part
        parts.append(
            f'<rect x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(bottom - top)}"'
            f' fill="{colour}" stroke="#ffffff" stroke-width="0.5"/>'
        )
    return "".join(parts) + "</g>"


def _dates(frame: Frame, shown: Sequence[Level]) -> list[str]:
    """Write years below their first month; where there are few months, the first and the last."""
    floor = frame.y.start
    years = [place for place, level in enumerate(shown) if place and level.day.year != shown[place - 1].day.year]
    if len(years) < 2:
        ends = [(0, frame.x.start, "start"), (len(shown) - 1, frame.x.end, "end")]
        if len(shown) == 1:
            ends = [(0, frame.x(0.5), "middle")]
        return [label(x, floor + 19, f"{shown[place].day:%b %Y}", anchor=anchor) for place, x, anchor in ends]
    every = -(-len(years) // 6)
    return [
        line(frame.x(place), floor, frame.x(place), floor + 5, stroke=GREY)
        + label(min(frame.x(place), frame.x.end - 15), floor + 19, str(shown[place].day.year), anchor="middle")
        for place in years[::every]
    ]


def _key(below_zero: bool, located: bool) -> str:
    """Name the sources above the chart, in the order in which they are stacked."""
    parts = []
    x = 64.0
    for name, colour in SOURCES[: 3 if located else 2]:
        parts.append(f'<rect x="{number(x)}" y="2" width="11" height="11" fill="{colour}"/>')
        parts.append(label(x + 16, 12, name, fill=INK))
        x += 34 + 6.4 * len(name)
    if below_zero:
        parts.append(line(x, 8, x + 14, 8, stroke=INK, width=2) + label(x + 19, 12, "in all", fill=INK))
    return "".join(parts)


def waterfall(steps: Sequence[Step], title: str) -> str:
    """Draw amounts from zero and changes between them, one below the other; each says its dollars."""
    names, room, pitch, top = 132.0, 70.0, 37.0, 4.0
    level, spans = 0.0, []
    for step in steps:
        start = level if step.change else 0.0
        level = start + step.amount
        spans.append((start, level))
    low, high = min(0.0, *(min(span) for span in spans)), max(0.0, *(max(span) for span in spans))
    height = top + pitch * len(steps) + 6
    x = Scale(low, high if high > low else low + 1.0, names + (room if low < 0 else 4.0), _SIZE[0] - room)
    parts = [line(x(0.0), top, x(0.0), height - 6, stroke=GREY)]
    for place, (step, (start, end)) in enumerate(zip(steps, spans, strict=True)):
        y = top + pitch * place + 6
        left, right = sorted((x(start), x(end)))
        rows = _two_lines(step.name)
        for row, words in enumerate(rows):
            parts.append(label(names - 10, y + 18 - 7 * (len(rows) - 1) + 14 * row, words, anchor="end", fill=INK))
        parts.append(
            f'<rect x="{number(left)}" y="{number(y)}" width="{number(max(right - left, 1.0))}" height="26"'
            f' fill="{step.colour}"><title>{escape(plain(f"{step.name}: {dollars(step.amount)}"))}</title></rect>'
        )
        if place + 1 < len(steps):
            parts.append(line(x(end), y + 26, x(end), y + pitch, stroke=MUTED, width=0.9))
        after = max(start, end) > 0 or (start == end == 0)
        place_of = (right + 6, "start") if after else (left - 6, "end")
        parts.append(label(place_of[0], y + 18, _words(step), anchor=place_of[1], fill=INK))
    return document(_SIZE[0], height, title, parts)


def _words(step: Step) -> str:
    text = dollars(step.amount) if abs(step.amount) < 1e6 else compact(step.amount)  # there is room for no more
    return f"+{text}" if step.change and step.amount > 0 else text


def _two_lines(name: str) -> list[str]:
    """Break a name of more than a column's width at the blank nearest its middle."""
    if len(name) <= 16 or " " not in name:
        return [name]
    blanks = [place for place, letter in enumerate(name) if letter == " "]
    at = min(blanks, key=lambda place: abs(place - len(name) / 2))
    return [name[:at], name[at + 1 :]]


def _nothing(title: str, words: str) -> str:
    frame = f'<rect x="0.5" y="0.5" width="{number(_SIZE[0] - 1)}" height="79" fill="none" stroke="{FAINT}"/>'
    return document(_SIZE[0], 80, title, [frame, label(_SIZE[0] / 2, 45, words, anchor="middle")])
