"""The true tax in the loop: households are solved again at other rates until their exact tax is best.

A night prices every lot at rates that are fixed beforehand. Where what was realised leaves the range in which these
hold, the household is solved again at the rates that hold there, and from other regimes of its tax (`regimes`), at
most nine times in all; the exact tax (`exact_tax`) decides, and the best proposal stays. It is never worse than the
first, whose rates stay where nothing is better.

The rates that won belong into the book afterwards (`with_steering`): solved at them, plainly, a household has the same
proposal to the byte, and the exact checks find every line's tax. Households of one taxpayer are solved again together.
What comes out does not depend on how a book is split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from lotwise.money import DOLLAR
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.cash_split import with_split_cash
from lotwise.rebalancing.exact_tax import Terms, bars_charged, exact_tax, line_sums, net_of_carryovers, terms_of
from lotwise.rebalancing.limits import Kept, allowed_tonight, missed_limits, with_harvests, within_limits
from lotwise.rebalancing.proposal import Cause, Proposals, Status
from lotwise.rebalancing.pursuit import Netted, Night, Pursuit, best_of
from lotwise.rebalancing.rebalance import Column, Columns, Join, Rebalancer, joined
from lotwise.rebalancing.scratch import scratch_for
from lotwise.rebalancing.steering import PIN_COLUMNS, RATE_COLUMNS, Steering, steering_of, with_rates, with_steering
from lotwise.rebalancing.turnover import Capped, most_traded, within_turnover
from lotwise.rebalancing.unrealised import realisable
from lotwise.securities.market import Market

__all__ = [
    "Netted",
    "Netter",
    "joined_netted",
    "netted_and_kept",
    "netted_household",
    "rebalance_netted",
    "with_rates",
    "with_steering",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Netter:
    """`rebalance_netted` for ranges of one book, one after the other, in memory that is kept between them.

    Not for several threads at once.
    """

    def __init__(self, book: Book, market: Market) -> None:
        """Keep a book and a market, neither of which may change, and a copy of the book that is steered."""
        self._book = book
        self._market = market
        total = len(book.households.model)
        steered = with_steering(book, steering_of(book, 0, total))
        self._steered = steered._replace(households=steered.households._replace(blocked=book.households.blocked.copy()))
        self._engine = Rebalancer(self._steered, market)
        self._state = scratch_for(book, market, 0, total).household

    def rebalance(self, first: int, last: int) -> Netted:
        """Propose trades for households first .. last; see `rebalance_netted`."""
        span = (first, last)
        base = with_harvests(self._book, self._market, span, steering_of(self._book, first, last))
        blocked = self._book.households.blocked[first:last]
        self._steer(span, base, blocked)
        proposals = self._engine.rebalance(first, last)
        terms = terms_of(self._book, first, last)
        room = realisable(self._book, self._market, first, last)
        value = room["counted"] / DOLLAR
        night = self._weighed(span, proposals, terms, value)
        pursuit = Pursuit(self._book, self._market, span, (terms, base, room), night)
        while (steering := pursuit.next_steering()) is not None:
            idle = ~pursuit.active
            self._steer(span, steering, idle)
            again = self._weighed(span, self._engine.rebalance(first, last), terms, value)
            bars = self._bars_beyond(span, again.proposals, (base, steering), idle)
            pursuit.add(again._replace(cost=again.cost + bars), steering)
        netted = self._within_limits(span, pursuit.best(), room["value"] / DOLLAR, value)
        self._steer(span, base, blocked)
        return netted

    def _within_limits(self, span: tuple[int, int], netted: Netted, value: Floats, counted: Floats) -> Netted:
        """Keep the hard limits of the range's households, at the rates that they were found at.

        Turnover first, then what the price of tracking keeps; dearer tracking may trade more, so turnover again.
        """

        def solve(steering: Steering, idle: Bools) -> Proposals:
            self._steer(span, steering, idle | self._book.households.blocked[slice(*span)])
            return self._engine.rebalance(*span)

        allowed = allowed_tonight(self._book, self._market, *span, value)
        most = most_traded(self._book, *span, value * DOLLAR)

        def capped(begun: tuple[Proposals, Steering], most: Floats) -> tuple[Proposals, Steering, Capped]:
            found = within_turnover(self._book, span, begun, (most, counted * DOLLAR), solve)
            return best_of(self._book, span[0], found.nights, found.winner), found.steering, found

        proposals, steering, first = capped((netted.proposals, netted.steering), most)
        nights, winner, steering, kept = within_limits(self._book, span, (proposals, steering), allowed, solve)
        again = kept.limit > 0
        begun = best_of(self._book, span[0], nights, winner), steering
        proposals, steering, last = capped(begun, np.where(again, most, np.inf))
        missed = missed_limits(self._book, proposals, span, allowed)
        beyond = np.where(again, last.missed, first.missed)
        kept = kept._replace(missed=missed, trading=steering.trading_price, beyond=beyond)
        return netted._replace(proposals=proposals, steering=steering, kept=kept)

    def _steer(self, span: tuple[int, int], steering: Steering, idle: Bools) -> None:
        """Set the rates of a range, and who is left out of the next solve."""
        rows = slice(*span)
        households = self._steered.households
        for name in (*RATE_COLUMNS, *PIN_COLUMNS):
            _write(getattr(households, name), rows, getattr(steering, name))
        _write(self._steered.policies.deferral_discount, rows, steering.deferral_discount)
        _write(self._steered.policies.risk_price, rows, steering.risk_price)
        _write(self._steered.policies.harvest_depth, rows, steering.harvest_depth)
        _write(self._steered.policies.trading_price, rows, steering.trading_price)
        _write(households.blocked, rows, idle)

    def _bars_beyond(
        self, span: tuple[int, int], proposals: Proposals, rates: tuple[Steering, Steering], idle: Bools
    ) -> Floats:
        """What buys cost for the losses they bar at the rates of the night, less what they were charged, dollars."""
        charged = []
        for steering in rates:
            self._steer(span, steering, idle)
            charged.append(bars_charged(self._steered, self._market, proposals.trades, span, ~idle, self._state))
        return charged[0] - charged[1]

    def _weighed(self, span: tuple[int, int], proposals: Proposals, terms: Terms, value: Floats) -> Night:
        """Weigh a solve by the exact tax, but for what its buys bar; the book is steered as it was for the solve."""
        outcomes, table = proposals.outcomes, self._book.tax[slice(*span)]
        sums = line_sums(self._steered, self._market, proposals.trades, span)
        net = net_of_carryovers(table, sums["short"], sums["long"])
        tax = exact_tax(table, terms.carried, net)
        spared = terms.later * ((sums["short"] + sums["long"]) / DOLLAR) - terms.wait * sums["waits"]
        beyond = tax - exact_tax(table, terms.carried) - spared - sums["charged"]
        cost = np.where(terms.known, beyond, 0.0) - outcomes.score * value
        solved = (outcomes.status == Status.PROPOSED) | (outcomes.status == Status.HOLD)
        held = (outcomes.cause == Cause.NOT_WORTH_IT) | (outcomes.cause == Cause.TRADED_LATELY)
        floor = np.where(held, cost - np.nan_to_num(outcomes.figure) * 1e-4 * value, cost)
        return Night(proposals, np.where(solved, cost, np.inf), floor, net, tax)


def _write(column: NDArray[np.generic], rows: slice, values: NDArray[np.generic]) -> None:
    """Write into a column of the steered book, which may look like one that nobody may write to."""
    writeable = column.flags.writeable
    column.flags.writeable = True
    column[rows] = values
    column.flags.writeable = writeable


def rebalance_netted(book: Book, market: Market, first: int = 0, last: int | None = None) -> Netted:
    """Propose trades for households first .. last of a book (default: all) by their true tax.

    As `rebalance`, with the rates at which each proposal was found. Deterministic. Raises ValueError as `rebalance`.
    """
    last = len(book.households.model) if last is None else last
    return Netter(book, market).rebalance(first, last)


def netted_household(book: Book, market: Market, household: int) -> Book:
    """The book with what a household, and those of the same taxpayer, are solved with in the end: rates, split cash.

    What is to be told about one household (`explain_household`) is told of this book. Raises ValueError for a household
    that is not in the book.
    """
    return netted_and_kept(book, market, household)[0]


def netted_and_kept(book: Book, market: Market, household: int) -> tuple[Book, Kept]:
    """`netted_household`, and what hard limits did to that household: (1,) each. Raises ValueError as it does."""
    total = len(book.households.model)
    if not 0 <= household < total:
        raise ValueError(f"household must be a row from 0 to {total - 1}, was {household}")
    own = np.flatnonzero(book.households.taxpayer == book.households.taxpayer[household])
    first, last = int(own[0]), int(own[-1]) + 1
    book = with_split_cash(book, market, first, last)
    netted = rebalance_netted(book, market, first, last)
    own_row = slice(household - first, household - first + 1)
    kept = Kept._make(column[own_row] for column in netted.kept)
    rates = steering_of(book, 0, total).replaced(np.arange(first, last), netted.steering)
    return with_steering(book, rates), kept


def joined_netted(parts: list[Netted], each: Callable[[Join, Iterable[Columns]], Iterable[Column]] = map) -> Netted:
    """Join the nights of consecutive ranges, given in the order of the book; `each` as in `joined`."""
    return Netted(
        joined([part.proposals for part in parts], each),
        Steering(*(np.concatenate(columns) for columns in zip(*(part.steering for part in parts), strict=True))),
        np.concatenate([part.solves for part in parts]),
        np.concatenate([part.improvement for part in parts]),
        np.concatenate([part.left for part in parts]),
        Kept(*(np.concatenate(columns) for columns in zip(*(part.kept for part in parts), strict=True))),
    )
