"""Lots of one name that change places where the tax turns, and the cap that lets each of them give a part.

A name is sold from its cheapest lot on. At rates at which two of its lots cost the same, the one or the other goes
first: what is realised jumps by all that both could give, and no rates end in between, though the best trades may lie
there (a short-term gain up to the loss that it is netted against, the rest from a long-term one). So the rates are set
where the two are level, to within a billionth on the side of one of them, and no more of that one may be sold than
brings the household to the turn. All that is not the choice of the lot stays the same whatever the cap, so what is
realised is linear in it, and the second solve at the latest ends on the turn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.holding_period import first_long_term_day_number, is_long_term_number
from lotwise.money import DOLLAR, FULL_RATE, SHARE
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.lot_costs import lot_price
from lotwise.rebalancing.proposal import Side, Trades
from lotwise.securities.market import Market

__all__ = ["Ends", "Swap", "corrected_cap", "rates_at", "sold_of_lots", "swap_between"]

Floats = NDArray[np.float64]

# A swap is looked for where it makes up this much of the jump.
_MOST_OF_IT = 0.5

# The rates are this far from where the lots are level, as a part of the way between the two pairs.
_BESIDE = 1e-6


class Ends(NamedTuple):
    """Two solves of a household between whose rates the best lies."""

    sold: tuple[Trades, Trades]  # the lines of the household
    rates: Floats  # (2, 2) of the pair: dollars per dollar, short and long
    part: tuple[float, float]  # of the second pair in each solve's rates
    apart: tuple[float, float]  # how far the second plane lies above the first where each ended, dollars


class Swap(NamedTuple):
    """A lot to be capped."""

    lot: int  # row of Lots
    other: int  # the one that gives the rest
    part: float  # at which the two cost the same
    shares: int  # no more of it than so many
    slope: float  # dollars that planes move apart per share of the other that it gives instead
    slack: float  # dollars by which rates beside the turn may understate what other trades cost


class _Lot(NamedTuple):
    """What prices a lot: gain and worth of a share in dollars, its term, and the policy's own numbers."""

    gain: float  # of a dollar sold
    worth: float  # dollars of a share
    term: tuple[bool, float]
    counts: bool  # its gain or loss counts in the year
    policy: tuple[float, float]  # harvest depth, cap on waiting

    def price(self, rates: Floats, later: float) -> float:
        """Tax of a dollar sold at a rate for short-term and one for long-term; `later` as in `Terms`."""
        short, long = float(rates[0]), max(float(rates[1]), 1.0 / FULL_RATE)
        return lot_price(self.gain, self.term, (short, long, short, long), (later / long, *self.policy))

    def net(self) -> Floats:
        """Dollars of gain that a share realises, short-term and long-term."""
        made = self.gain * self.worth if self.counts else 0.0
        return np.array((0.0, made) if self.term[0] else (made, 0.0))


def _lot_of(book: Book, market: Market, household: int, lot: int, depth: float) -> _Lot:
    worth = float(market.price[book.lots.security[lot]]) / DOLLAR
    basis = float(book.lots.basis[lot]) / float(book.lots.shares[lot]) * SHARE / DOLLAR
    gain = (worth - basis) / worth
    start = int(book.lots.holding_start[lot])
    long_term = bool(is_long_term_number(start, int(market.as_of)))
    days = 1.0 if long_term else float(first_long_term_day_number(start) - market.as_of)
    cap = float(book.policies.short_term_wait_cap[book.households.policy[household]])
    return _Lot(gain, worth, (long_term, days), gain >= 0.0 or 1.0 / (1.0 - gain) <= depth, (depth, cap))


def sold_of_lots(book: Book, lines: Trades) -> dict[int, int]:
    """Shares sold of each lot in a taxable account."""
    counts = (lines.side == Side.SELL) & (book.accounts.kind[lines.account] == AccountKind.TAXABLE)
    return dict(zip(lines.lot[counts].tolist(), lines.shares[counts].tolist(), strict=True))


def _exchanges(book: Book, first: dict[int, int], second: dict[int, int]) -> list[tuple[int, int, int]]:
    """Of each name in an account: the lot of which the second sells more, the one of which it sells less, shares."""
    moved: dict[tuple[int, int], tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
    for lot in sorted(first.keys() | second.keys()):
        more = second.get(lot, 0) - first.get(lot, 0)
        account = int(np.searchsorted(book.accounts.lot_start, lot, side="right")) - 1
        up, down = moved.setdefault((account, int(book.lots.security[lot])), ([], []))
        if more > 0:
            up.append((more, lot))
        elif more < 0:
            down.append((-more, lot))
    return [(max(up)[1], max(down)[1], min(max(up)[0], max(down)[0])) for up, down in moved.values() if up and down]


def swap_between(book: Book, market: Market, household: int, ends: Ends, terms: tuple[float, float]) -> Swap | None:
    """Find the two lots of one name whose change of places makes most of the jump between two solves; None = no such.

    `terms` = (tax spared later by a dollar of gain, harvest depth).
    """
    later, depth = terms
    first, second = (sold_of_lots(book, lines) for lines in ends.sold)
    jump = ends.apart[0] - ends.apart[1]
    chosen, least = None, _MOST_OF_IT * abs(jump)
    for lot, other, shares in _exchanges(book, first, second):
        one, two = (_lot_of(book, market, household, row, depth) for row in (lot, other))
        # Dollar for dollar: shares of one name are worth the same.
        slope = float((ends.rates[1] - ends.rates[0]) @ (one.net() - two.net()))
        if -slope * shares / SHARE <= least:
            continue
        part = _level(ends, (one, two), later)
        if part is not None:
            chosen, least = (lot, other, one, two, slope, part, shares), -slope * shares / SHARE
    if chosen is None:
        return None
    lot, other, one, two, slope, part, shares = chosen
    rates = rates_at(ends.rates, part)
    given = first.get(lot, 0) + round(ends.apart[0] / jump * shares)
    slack = abs(one.price(rates, later) - two.price(rates, later)) * one.worth * shares / SHARE
    return Swap(lot, other, part, _whole(book, household, given), slope, slack)


def rates_at(rates: Floats, part: float) -> Floats:
    """Rates between two pairs, as they will be written: in billionths."""
    mixed = (1.0 - part) * rates[0] + part * rates[1]
    return np.asarray(np.rint(mixed * FULL_RATE) / FULL_RATE, np.float64)


def _level(ends: Ends, lots: tuple[_Lot, _Lot], later: float) -> float | None:
    """The part at which the two cost the same, so little beyond it that the first is the cheaper one; None = none."""
    one, two = lots

    def dearer(part: float) -> float:
        rates = rates_at(ends.rates, part)
        return one.price(rates, later) - two.price(rates, later)

    low, high = ends.part
    at_low, at_high = dearer(low), dearer(high)
    if not at_low > 0.0 > at_high:
        return None
    part = low + (high - low) * at_low / (at_low - at_high) + _BESIDE
    return part if low < part < high and dearer(part) < 0.0 else None


def _whole(book: Book, household: int, shares: int) -> int:
    """Whole shares where the policy has no others."""
    if book.policies.fractional_shares[book.households.policy[household]]:
        return max(shares, 0)
    return max(shares + SHARE // 2, 0) // SHARE * SHARE


def corrected_cap(book: Book, household: int, swap: Swap, lines: Trades, apart: float) -> Swap | None:
    """The cap that brings planes together which were `apart` where a solve with it ended; None = there is none.

    The cap must bind, and both lots give a part: else the rates at which they are level are not those of the turn.
    """
    sold = sold_of_lots(book, lines)
    if sold.get(swap.lot, 0) != swap.shares:
        return None
    shares = _whole(book, household, swap.shares - round(apart / swap.slope * SHARE))
    other = sold.get(swap.other, 0) + swap.shares - shares
    if shares == swap.shares or shares <= 0 or not 0 < other < book.lots.shares[swap.other]:
        return None
    return swap._replace(shares=shares)
