"""What becomes of a search whose best trades lie on a turn of the tax that no rates lead to.

Between two solves whose planes of tax cross, rates in between are tried (`search`). Where one name's choice makes most
of what lies between them, that choice is taken out of the rates: of two lots one is capped (`lot_swaps`), of two sides
one is pinned (`pinned_sides`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.rebalancing.book import Book
from lotwise.rebalancing.lot_swaps import Ends, Swap, corrected_cap, rates_at, sold_of_lots, swap_between
from lotwise.rebalancing.pinned_sides import Tried, better_side, flipped_group, keeps_side, next_part
from lotwise.rebalancing.proposal import Trades
from lotwise.rebalancing.search import Search
from lotwise.rebalancing.steering import Steering
from lotwise.securities.market import Market

__all__ = ["Turns"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Rates this near to a line, in all, are on it.
_ON_LINE = 1e-6


class _Plan(NamedTuple):
    """How a household is solved next."""

    pair: tuple[int, int]  # solves between whose rates the best is sought
    part: float  # of the second's
    swap: Swap | None
    side: int  # pinned; -1 = none


class Turns:
    """Caps and pinned sides of a range of households while their search goes on."""

    def __init__(self, book: Book, market: Market, first: int, rows: Ints, terms: tuple[Floats, Floats]) -> None:
        """Begin for the households `rows` of a range that begins at `first`; `terms` (H,): later, harvest depth."""
        self._book, self._market = book, market
        self._households, self._terms = first + rows, terms
        self._rows = rows
        self._planned: dict[int, _Plan] = {}  # of the solve that is next, by place in the search

    def plan(self, search: Search, places: Ints, rates: Floats, lines: list[Trades]) -> None:
        """Replace rates between two pairs by those of a plan, where there is one.

        `rates` (n, 3) as `choose_next` wrote them; `lines` are the trades of every night so far.
        """
        solved, self._planned = self._planned, {}
        for place in places[search.pair[places, 0] >= 0].tolist():
            first, second = search.pair[place].tolist()
            last = solved.get(place)
            plan = self._next(search, place, last if last and last.pair == (first, second) else None, lines)
            if plan is None:
                continue
            self._planned[place] = plan
            search.mix[place, 0] = plan.part
            if plan.side >= 0:  # what was known of the bracket was known of both sides
                search.mix[place, 1], search.mix[place, 2] = 0.0, 1.0
            rates[place, :2] = rates_at(search.rate[place, [first, second]], plan.part)
            plane = search.plane[place]
            rates[place, 2] = (1.0 - plan.part) * plane[first] + plan.part * plane[second]

    def _next(self, search: Search, place: int, solved: _Plan | None, lines: list[Trades]) -> _Plan | None:
        if solved is not None and solved.side >= 0:
            return self._on_side(search, place, solved.side, lines)
        if solved is not None and solved.swap is not None:
            last = int(search.solves[place]) - 1
            own, apart = self._lines(search, place, last, lines), self._apart(search, place, last)
            swap = corrected_cap(self._book, int(self._households[place]), solved.swap, own, apart)
            return _Plan(solved.pair, swap.part, swap, -1) if swap is not None else None
        first, second = search.pair[place].tolist()
        one, other = search.ends[place].tolist()
        ends = Ends(
            (self._lines(search, place, one, lines), self._lines(search, place, other, lines)),
            search.rate[place, search.pair[place]],
            (float(search.mix[place, 1]), float(search.mix[place, 2])),
            (self._apart(search, place, one), self._apart(search, place, other)),
        )
        row = int(self._rows[place])
        terms = float(self._terms[0][row]), float(self._terms[1][row])
        swap = swap_between(self._book, self._market, int(self._households[place]), ends, terms)
        if swap is not None:
            return _Plan((first, second), swap.part, swap, -1)
        group = flipped_group(self._book, self._market, ends)
        if group is None:
            return None
        sides = 2 * group, 2 * group + 1
        tried = self._tried(search, place, sides[0], lines), self._tried(search, place, sides[1], lines)
        return self._on_side(search, place, sides[better_side(tried)], lines) if all(tried) else None

    def _on_side(self, search: Search, place: int, side: int, lines: list[Trades]) -> _Plan | None:
        """Seek rates on a pinned side."""
        first, second = search.pair[place].tolist()
        part = next_part(self._tried(search, place, side, lines))
        return _Plan((first, second), part, None, side) if part is not None else None

    def _tried(self, search: Search, place: int, side: int, lines: list[Trades]) -> list[Tried]:
        """The solves between the pair of a household whose trades keep to a side."""
        rate = search.rate[place, search.pair[place]]
        way = rate[1] - rate[0]
        tried = []
        for solve in range(1, int(search.solves[place])):
            part = float((search.rate[place, solve] - rate[0]) @ way / (way @ way))
            off = np.abs(search.rate[place, solve] - rate[0] - part * way).max()
            own = self._lines(search, place, solve, lines)
            if off < _ON_LINE and keeps_side(self._book, self._market, own, side):
                tried.append(Tried(part, self._apart(search, place, solve)))
        return tried

    def _lines(self, search: Search, place: int, solve: int, lines: list[Trades]) -> Trades:
        """The lines of a household in one of its solves."""
        return _of_household(lines[search.night[place, solve]], int(self._households[place]))

    def _apart(self, search: Search, place: int, solve: int) -> float:
        """How far the plane of the pair's second lies above that of its first where a solve ended, dollars."""
        rate, plane = search.rate[place, search.pair[place]], search.plane[place, search.pair[place]]
        return float((rate[1] - rate[0]) @ search.net[place, solve] + plane[1] - plane[0])

    def steered(self, places: Ints, steering: Steering) -> Steering:
        """The steering of the households at `places` of the search, with what is planned of lots and sides."""
        lots, shares, sides = (
            column.copy() for column in (steering.capped_lot, steering.capped_shares, steering.pinned_side)
        )
        for at, place in enumerate(places.tolist()):
            if place in self._planned:
                plan, account = self._planned[place], self._book.households.account_start[self._households[place]]
                sides[at] = plan.side
                if plan.swap is not None:
                    lots[at] = plan.swap.lot - self._book.accounts.lot_start[account]
                    shares[at] = plan.swap.shares
        return steering._replace(capped_lot=lots, capped_shares=shares, pinned_side=sides)

    def slack(self, places: Ints, trades: Trades) -> Floats:
        """Dollars by which trades that nothing is planned of may cost less than those of a night, at its rates."""
        slack = np.zeros(places.size)
        for at, place in enumerate(places.tolist()):
            plan = self._planned.get(place)
            if plan is None:
                continue
            slack[at] = np.inf
            if plan.swap is not None:
                sold = sold_of_lots(self._book, _of_household(trades, int(self._households[place])))
                # Where the other lot is sold out, a third one or the weight itself had to give.
                if sold.get(plan.swap.other, 0) < self._book.lots.shares[plan.swap.other]:
                    slack[at] = plan.swap.slack
        return slack


def _of_household(trades: Trades, household: int) -> Trades:
    """The lines of one household; they stand together."""
    rows = slice(*np.searchsorted(trades.household, [household, household + 1]).tolist())
    columns: list[NDArray[Any]] = [column[rows] for column in trades]
    return Trades(*columns)
