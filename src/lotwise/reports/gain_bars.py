"""Gains and losses side by side for each group: bars to the right are gains, to the left losses, with their net."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from lotwise.reports.amounts import dollars, plain
from lotwise.reports.look import BLUE, GREY, INK, ORANGE, Scale, document, label, line, number
from lotwise.reports.savings_pictures import compact

__all__ = ["GainBar", "gain_bars"]

_WIDTH, _PITCH, _TOP = 380.0, 58.0, 20.0
_LONG = 999_999.5  # dollars: from here on all of its digits are too many


class GainBar(NamedTuple):
    """A group's gains and its losses (not positive), in dollars."""

    name: str
    gains: float
    losses: float


def gain_bars(groups: Sequence[GainBar], title: str) -> str:
    """Draw a row for each group, losses left of zero, gains right of it, the net as a bar across."""
    names, room = 84.0, 66.0
    low = min(0.0, *(group.losses for group in groups))
    high = max(0.0, *(group.gains for group in groups))
    x = Scale(low, high if high > low else low + 1.0, names + room, _WIDTH - room)
    zero, height = x(0.0), _TOP + _PITCH * len(groups) + 4
    parts = [label(zero - 7, 13, "losses", anchor="end"), label(zero + 7, 13, "gains")]
    for place, group in enumerate(groups):
        y = _TOP + _PITCH * place + 8
        parts.append(label(names - 12, y + 17, group.name, anchor="end", fill=INK))
        for amount, colour in ((group.losses, BLUE), (group.gains, ORANGE)):
            end = x(amount)
            left, width = min(zero, end), abs(end - zero)
            words = escape(plain(f"{group.name}: {dollars(amount)}"))
            if width:
                shape = f'x="{number(left)}" y="{number(y)}" width="{number(max(width, 0.8))}" height="24"'
                parts.append(f'<rect {shape} fill="{colour}"><title>{words}</title></rect>')
            side = ("start", 7.0) if amount > 0 or colour == ORANGE else ("end", -7.0)
            parts.append(label(end + side[1], y + 16, _written(amount), anchor=side[0], fill=INK))
        net = group.gains + group.losses
        at = x(net)
        parts.append(line(at, y - 4, at, y + 28, stroke=INK, width=2.4))
        anchor = "end" if at > _WIDTH - room else "start" if at < names + room else "middle"
        words = label(at, y + 42, f"net {_written(net)}", anchor=anchor, fill=INK, bold=True)
        rim = words.replace("<text ", '<text stroke="#ffffff" stroke-width="4" stroke-linejoin="round" ')
        parts.append(rim + words)
    parts.insert(0, line(zero, _TOP - 2, zero, height - 4, stroke=GREY))
    return document(_WIDTH, height, title, parts)


def _written(amount: float) -> str:
    """Dollars beside a bar, where there is room for nine letters."""
    return dollars(amount) if abs(amount) < _LONG else compact(amount)
