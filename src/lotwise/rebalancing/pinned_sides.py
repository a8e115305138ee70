"""Names that change sides where the tax turns: sold at a loss at some rates, bought at the next.

A name is sold at a loss or bought, so at rates at which both cost the same what is realised jumps, as it does where two
lots change places (`lot_swaps`), and the best trades may lie in between: on one of the two sides, at rates that would
lead to the other. So the side is pinned that reaches the turn at the lesser cost, and rates are sought on it. Of the
solves so far all count whose trades keep to that side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.money import DOLLAR
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.lot_swaps import Ends
from lotwise.rebalancing.proposal import Side, Trades
from lotwise.securities.market import Market

__all__ = ["Tried", "better_side", "flipped_group", "keeps_side", "next_part"]

Floats = NDArray[np.float64]

# A flip is looked for where its losses alone make up this much of the jump: what they pay for moves too.
_MUCH_OF_IT = 0.25

# Sides are looked at once the parts of the two solves are no further apart: before, several names change them.
_NEAR = 0.2

# Without two solves on the side to tell where it ends, this part of the way to the far pair of rates.
_STEP = 0.25

# Steps beyond what is known go this much further than a line would: what is left lies between two solves then.
_BEYOND = 1.3

_SAME_PART = 1e-4


class Tried(NamedTuple):
    """A solve on the line between two pairs of rates: part of the second, and how far planes are apart there."""

    part: float
    apart: float


def _moves(book: Book, market: Market, lines: Trades) -> tuple[dict[int, Floats], set[int]]:
    """Net gains by term of losses that are sold, dollars by identical group, and the groups that are bought."""
    lost: dict[int, Floats] = {}
    taxed = (lines.side == Side.SELL) & (book.accounts.kind[lines.account] == AccountKind.TAXABLE) & (lines.gain < 0)
    for line in np.flatnonzero(taxed).tolist():
        group = int(market.identical[lines.security[line]])
        sums = lost.setdefault(group, np.zeros(2))
        sums[int(lines.long_term[line])] += lines.gain[line] / DOLLAR
    return lost, set(market.identical[lines.security[lines.side == Side.BUY]].tolist())


def flipped_group(book: Book, market: Market, ends: Ends) -> int | None:
    """The identical group whose change of sides makes much of a jump; None = none does, or the ends are far apart."""
    if ends.part[1] - ends.part[0] > _NEAR:
        return None
    lost, bought = zip(*(_moves(book, market, lines) for lines in ends.sold), strict=True)
    chosen, least = None, _MUCH_OF_IT * abs(ends.apart[0] - ends.apart[1])
    for one in range(2):
        for group in sorted(lost[one].keys() & bought[1 - one]):
            effect = abs(float((ends.rates[1] - ends.rates[0]) @ lost[one][group]))
            if effect > least:
                chosen, least = group, effect
    return chosen


def keeps_side(book: Book, market: Market, lines: Trades, side: int) -> bool:
    """Whether trades keep to a pinned side."""
    lost, bought = _moves(book, market, lines)
    return side // 2 not in (bought if side % 2 == 0 else lost)


def better_side(sides: tuple[list[Tried], list[Tried]]) -> int:
    """On which of two sides the turn is reached at the lesser cost, by the solves on each of them (at least one).

    From where sides change, rates go on by as much as it takes: half of what is apart, times so far. How far is told
    by two solves on a side; where there is but one, as fast as on the other side.
    """
    ends, speeds = [], []
    for tried in sides:
        known = sorted(tried, key=lambda one: abs(one.apart))
        ends.append(abs(known[0].apart))
        parts = len(known) > 1 and abs(known[1].part - known[0].part) > _SAME_PART
        speeds.append(abs((known[1].apart - known[0].apart) / (known[1].part - known[0].part)) if parts else np.nan)
    first, second = (np.nan_to_num(speed, nan=np.nan_to_num(other, nan=1.0)) for speed, other in (speeds, speeds[::-1]))
    return 0 if ends[0] ** 2 * second <= ends[1] ** 2 * first else 1


def next_part(tried: list[Tried]) -> float | None:
    """Where planes should meet, from the solves on one side; None = there is nowhere else to look."""
    if not tried:
        return None
    below = max((each for each in tried if each.apart > 0), default=None)
    above = min((each for each in tried if each.apart <= 0), default=None)
    if below and above:
        found = below.part + (above.part - below.part) * below.apart / (below.apart - above.apart)
        return found if above.part - below.part > _SAME_PART else None
    known = sorted(tried)
    end, inner = (known[-1], known[-2:-1]) if below else (known[0], known[1:2])
    far = 1.0 if below else 0.0
    slope = (end.apart - inner[0].apart) / (end.part - inner[0].part) if inner and inner[0].part != end.part else 0.0
    found = end.part - _BEYOND * end.apart / slope if slope < 0 else end.part + _STEP * (far - end.part)
    found = min(max(found, 0.0), 1.0)
    return found if abs(found - end.part) > _SAME_PART else None
