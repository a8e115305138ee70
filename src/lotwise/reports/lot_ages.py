"""Unrealised gains and losses by how long their lots have been held, with the line between short and long term."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from lotwise.reports.amounts import dollars, plain
from lotwise.reports.axes import Axis, Frame, frame_of
from lotwise.reports.look import BLUE, GREY, INK, MUTED, ORANGE, document, label, line, number, ticks
from lotwise.reports.savings_pictures import compact

__all__ = ["AGES", "Aged", "lot_ages"]

_SIZE = (380.0, 228.0)
_TOP = 26.0  # room for the key

# Name, and the days from which on it counts; long-term ones begin with the fourth, whatever their days (leap years).
AGES = (
    ("0\u20133", 0),
    ("3\u20136", 91),
    ("6\u201312", 182),
    ("1\u20132", 366),
    ("2\u20135", 731),
    ("5\u201310", 1826),
    ("10+", 3652),
)
_LONG = 3  # the first of the long-term ones


class Aged(NamedTuple):
    """A lot's gain in dollars, the days it has been held, and its term."""

    gain: float
    days: int
    long_term: bool


def lot_ages(lots: Sequence[Aged], title: str) -> str:
    """Draw gains upwards and losses downwards, for each age one of each."""
    gains, losses = [0.0] * len(AGES), [0.0] * len(AGES)
    for lot in lots:
        (gains if lot.gain >= 0 else losses)[_age(lot)] += lot.gain
    frame = frame_of(
        (0.0, float(len(AGES))),
        ticks(min(0.0, *losses), max(*gains, 0.0 if min(losses) < -1.0 else 1.0), 4),  # a dollar at least
        Axis("", lambda _: ""),
        Axis("", compact),
        _SIZE,
        _TOP,
    )
    width = frame.x(1) - frame.x(0)
    for place, (name, _) in enumerate(AGES):
        unit = "months" if place < _LONG else "years"
        frame.parts.append(_bar(frame, place, gains[place], f"{name} {unit}: gains", ORANGE))
        frame.parts.append(_bar(frame, place, losses[place], f"{name} {unit}: losses", BLUE))
        frame.parts.append(label(frame.x(place) + width / 2, frame.y.start + 15, name, anchor="middle"))
    frame.parts.append(line(frame.x.start, frame.y(0), frame.x.end, frame.y(0), stroke=MUTED, width=1.2))
    border = frame.x(_LONG)
    rule = f' stroke-dasharray="4 3" stroke="{GREY}"'
    frame.parts.append(line(border, frame.y.end, border, frame.y.start + 30).replace(' stroke="#dde3e8"', rule))
    frame.parts.append(label(border - 8, frame.y.start + 29, "months: short term", anchor="end", fill=INK))
    frame.parts.append(label(border + 8, frame.y.start + 29, "years: long term", fill=INK))
    key = ((frame.x.start, ORANGE, "gains"), (frame.x.start + 66, BLUE, "losses"))
    for x, colour, words in key:
        frame.parts.append(f'<rect x="{number(x + 6)}" y="2" width="11" height="11" fill="{colour}"/>')
        frame.parts.append(label(x + 22, 12, words, fill=INK))
    return document(_SIZE[0], _SIZE[1] + 6, title, frame.parts)


def _age(lot: Aged) -> int:
    place = max(place for place, (_, days) in enumerate(AGES) if place == 0 or lot.days >= days)
    return max(place, _LONG) if lot.long_term else min(place, _LONG - 1)


def _bar(frame: Frame, place: int, amount: float, words: str, colour: str) -> str:
    if not amount:
        return ""
    left, right = frame.x(place + 0.16), frame.x(place + 0.84)
    top, bottom = frame.y(max(amount, 0.0)), frame.y(min(amount, 0.0))
    return (
        f'<rect x="{number(left)}" y="{number(top)}" width="{number(right - left)}"'
        f' height="{number(max(bottom - top, 0.8))}" fill="{colour}">'
        f"<title>{escape(plain(f'{words} {dollars(amount)}'))}</title></rect>"
    )
