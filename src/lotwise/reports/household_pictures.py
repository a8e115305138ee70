"""The charts of one household, as SVG text: where its weights go, and what its lots have gained.

Each takes plain numbers and words. Shape tells as much as colour: a ring is before, a dot after, a bar across the
target; a full bar is sold, a pale one kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

from lotwise.reports.amounts import dollars, percent, plain
from lotwise.reports.look import BLUE, FAINT, GREY, INK, MUTED, ORANGE, Scale, document, label, line, number, ticks

__all__ = ["LotGain", "Move", "lot_gains", "moves"]

_WIDTH = 640.0
_NAMES, _RIGHT, _PITCH, _TOP, _BOTTOM = 120.0, 16.0, 24.0, 26.0, 40.0
_LONGEST = 16  # characters of a name beside its row


class Move(NamedTuple):
    """One name: its weights, as fractions."""

    name: str
    before: float
    after: float
    target: float


class LotGain(NamedTuple):
    """One lot: what it has gained in dollars, and which fraction of it is sold."""

    name: str
    gain: float
    sold: float
    words: str


def moves(rows: Sequence[Move], title: str, rest: str = "") -> str:
    """Draw a row for each name: an arrow of its weight from before to after, and its target; `rest` below."""
    if not rows:
        return _nothing(title, "Nothing to show: the household holds and wants nothing.")
    weights = [weight for row in rows for weight in row[1:]]
    marks = ticks(min(0.0, *weights), max(weights), 6)
    height = _TOP + _PITCH * len(rows) + _BOTTOM
    x = Scale(marks[0], marks[-1], _NAMES, _WIDTH - _RIGHT)
    parts = _grid(x, marks, height, lambda mark: percent(mark, _digits(marks)))
    for place, row in enumerate(rows):
        y = _TOP + _PITCH * (place + 0.5)
        start, end, target = x(row.before), x(row.after), x(row.target)
        words = f"{row.name}: {percent(row.before)} to {percent(row.after)}, target {percent(row.target)}"
        parts.append(f"<g><title>{escape(plain(words))}</title>")
        parts.append(label(_NAMES - 12, y + 4, _short(row.name), anchor="end", fill=INK))
        parts.append(line(target, y - 8, target, y + 8, stroke=ORANGE, width=2.6))
        parts.append(line(start, y, end, y, stroke=GREY, width=2))
        parts.append(_circle(start, y, fill="#ffffff", stroke=MUTED))
        parts.append(_circle(end, y, fill=BLUE, stroke=BLUE) + "</g>")
    parts.append(_key_of_moves(rest, height))
    return document(_WIDTH, height, title, parts)


def lot_gains(rows: Sequence[LotGain], title: str, rest: str = "") -> str:
    """Draw a bar for each lot: losses left in blue, gains right in orange, what is sold full, what is kept pale."""
    if not rows:
        return _nothing(title, "Nothing to show: no taxable lot has a known basis and a price.")
    room = 96.0
    low, high = min(0.0, *(row.gain for row in rows)), max(0.0, *(row.gain for row in rows))
    x = Scale(low, high if high > low else low + 1.0, _NAMES + room, _WIDTH - room)
    height = _TOP + _PITCH * len(rows) + _BOTTOM
    zero = x(0.0)
    parts = []
    for place, row in enumerate(rows):
        y = _TOP + _PITCH * place + 4
        colour = ORANGE if row.gain > 0 else BLUE
        end = x(row.gain)
        sold = zero + (end - zero) * row.sold
        parts.append(f"<g><title>{escape(plain(row.words))}</title>")
        parts.append(label(_NAMES - 12, y + 12, _short(row.name), anchor="end", fill=INK))
        parts.append(_bar(zero, end, y, f'fill="{colour}" fill-opacity="0.18" stroke="{colour}" stroke-width="0.8"'))
        if row.sold > 0:
            parts.append(_bar(zero, sold, y, f'fill="{colour}"'))
        anchor, offset = ("start", 6.0) if row.gain >= 0 else ("end", -6.0)
        parts.append(label(end + offset, y + 12, dollars(row.gain), anchor=anchor, fill=INK) + "</g>")
    parts.append(line(zero, _TOP, zero, _TOP + _PITCH * len(rows), stroke=GREY))
    words = "full: sold tonight; pale: kept" + (f"; {rest}" if rest else "")
    parts.append(label(_NAMES - 12, height - 12, words))
    parts.append(label(zero - 6, _TOP - 10, "loss", anchor="end") + label(zero + 6, _TOP - 10, "gain"))
    return document(_WIDTH, height, title, parts)


def _short(name: str) -> str:
    return plain(name, _LONGEST)


def _digits(marks: Sequence[float]) -> int:
    """Decimals of a percentage that tell neighbouring ticks apart."""
    step = marks[1] - marks[0]
    return 0 if step > 0.0099 else 1 if step > 0.00099 else 2


def _grid(x: Scale, marks: Sequence[float], height: float, write: Callable[[float], str]) -> list[str]:
    floor = height - _BOTTOM
    parts = [line(x(mark), _TOP - 4, x(mark), floor, stroke=FAINT) for mark in marks]
    return parts + [label(x(mark), _TOP - 10, write(mark), anchor="middle") for mark in marks]


def _circle(x: float, y: float, *, fill: str, stroke: str) -> str:
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="4.6" fill="{fill}" stroke="{stroke}" stroke-width="1.8"/>'


def _bar(start: float, end: float, y: float, look: str) -> str:
    left, width = min(start, end), max(abs(end - start), 0.8)
    return f'<rect x="{number(left)}" y="{number(y)}" width="{number(width)}" height="16" {look}/>'


def _key_of_moves(rest: str, height: float) -> str:
    y = height - 12
    entries = ((_NAMES, "before"), (_NAMES + 86, "after"), (_NAMES + 162, "target"))
    parts = [
        _circle(entries[0][0], y - 4, fill="#ffffff", stroke=MUTED),
        _circle(entries[1][0], y - 4, fill=BLUE, stroke=BLUE),
        line(entries[2][0], y - 12, entries[2][0], y + 4, stroke=ORANGE, width=2.6),
    ]
    parts += [label(x + 10, y, words, fill=INK) for x, words in entries]
    if rest:
        parts.append(label(_WIDTH - _RIGHT, y, rest, anchor="end"))
    return "".join(parts)


def _nothing(title: str, words: str) -> str:
    frame = f'<rect x="0.5" y="0.5" width="{number(_WIDTH - 1)}" height="79" fill="none" stroke="{FAINT}"/>'
    return document(_WIDTH, 80, title, [frame, label(_WIDTH / 2, 45, words, anchor="middle")])
