"""Which of a range's households are solved again, at which rates, and which of their proposals is best.

A household's solves and what they taught are a row of `regimes.Search`. Households of one taxpayer are solved again
together, each at its own rates, and the best night of all of them stays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records
from lotwise.ledger.events import Table
from lotwise.money import DOLLAR, FULL_RATE
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.exact_tax import Terms
from lotwise.rebalancing.limits import Kept, nothing_kept
from lotwise.rebalancing.proposal import AccountResults, Outcomes, Proposals, Relaxations, Trades
from lotwise.rebalancing.rebalance import Column
from lotwise.rebalancing.regimes import Starts, slopes, starts_of
from lotwise.rebalancing.search import MOST_SOLVES, choose_next, left_at_most, search_for
from lotwise.rebalancing.steering import Steering, steering_at
from lotwise.rebalancing.turns import Turns
from lotwise.securities.market import Market

__all__ = ["Netted", "Night", "Pursuit", "best_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# A household is solved again where the rates of the night, times all it could still realise at them, are this wrong
# together (fraction of value).
WRONG = 2e-4

# What another solve must promise, as a fraction of value: a tenth of a basis point.
_WORTH_A_SOLVE = 1e-5

# What a solve must promise to a household whose rates hold where its first one ended: its bound is as good as they are.
_WORTH_A_DOUBT = 5e-5

# Less than a cent is no reason to leave the rates of the night.
_BETTER = 0.01

# A restriction may be missed by this much more than by the first proposal, as a fraction of the account.
_MISSED = 1e-6


class Night(NamedTuple):
    """One solve of a range, weighed: (H,) each."""

    proposals: Proposals
    cost: Floats  # by the exact tax, dollars; doing nothing is 0; inf where it was not solved
    floor: Floats  # no trades cost less at the rates of the solve
    net: Floats  # (H, 2) gains of the year after carryovers, dollars
    tax: Floats  # exact tax of the year, dollars


class Netted(NamedTuple):
    """A range of households, netted."""

    proposals: Proposals
    steering: Steering  # at which each of them was found
    solves: NDArray[np.int32]  # (H,) of each household
    improvement: Floats  # (H,) dollars by the exact tax, against the first proposal
    left: Floats  # (H,) dollars by which any other trades may be better, but for brackets; nan: not searched
    kept: Kept  # (H,) what hard limits did


def _missed(proposals: Proposals, first: int, count: int) -> Floats:
    """By how much the restrictions and cash bands of each household are missed, fractions of accounts together."""
    rows = proposals.relaxations
    return np.bincount(rows.household - first, np.abs(rows.required - rows.reached), count).astype(np.float64)


def _changed(table: Table, net: Floats) -> Table:
    """Rows of POSITION with these gains of the year after carryovers, dollars (n, 2)."""
    year = table.copy()
    for column, term in enumerate(("short", "long")):
        year[f"{term}_gains"] = np.rint(net[:, column] * DOLLAR).astype(np.int64) + table[f"{term}_carryforward"]
    return year


def _may_turn(box: Floats) -> Bools:
    """Where a net long-term gain of the year may become a loss below a net gain, or the other way round (n,).

    Tax is concave there: rates that hold on one side say nothing of the other.
    """
    return np.asarray((box[:, 1] > 0.0) & (box[:, 2] < 0.0) & (box[:, 3] > 0.0))


class Pursuit:
    """The households of a range that are worth other rates, from the first night to the last."""

    def __init__(
        self,
        book: Book,
        market: Market,
        span: tuple[int, int],
        known: tuple[Terms, Steering, Records],
        night: Night,
    ) -> None:
        """Choose whom to solve again; `known` = (terms, the steering of the night, what can be realised)."""
        terms, base, room = known
        self._book, self._first, self._terms = book, span[0], terms
        taxpayer = book.households.taxpayer[slice(*span)]
        self._group = np.cumsum(np.diff(taxpayer, prepend=taxpayer[:1]) != 0)
        self._nights, self._steerings = [night], [base]
        count = span[1] - span[0]
        self._fair = _missed(night.proposals, span[0], count)
        self._winner = np.zeros(count, np.int64)
        self._best = self._of_group(night.cost)
        self._solves = np.ones(count, np.int32)
        self._table = book.tax[slice(*span)]
        worth = terms.known & np.isfinite(night.cost)
        box = self._within_reach(room)
        holds = np.zeros(count, np.bool_)
        if worth.any():
            rows = np.flatnonzero(worth)
            wrong = self._is_wrong(rows, base, room, night)
            holds[rows] = ~wrong & _may_turn(box[rows])
            worth[rows] = wrong | holds[rows]
        self._rows = np.flatnonzero(worth)
        self.active = np.isin(self._group, self._group[self._rows])
        self._turns = Turns(book, market, span[0], self._rows, (terms.later, base.harvest_depth))
        if self._rows.size:
            self._open(room, night, base, box[self._rows])
            self._doubt(np.flatnonzero(holds[self._rows]), night)

    def _of_group(self, cost: Floats) -> Floats:
        """Sums of the households of each taxpayer."""
        return np.bincount(self._group, cost)[self._group] if cost.size else cost

    def _slopes(self, rows: Ints, night: Night) -> tuple[Floats, Floats]:
        return slopes(_changed(self._table[rows], night.net[rows]), self._terms.carried[rows])

    def _is_wrong(self, rows: Ints, base: Steering, room: Records, night: Night) -> Bools:
        """Whether the rates of the night are too far from those that hold where it ended."""
        down, up = self._slopes(rows, night)
        low, high = np.minimum(down, up), np.maximum(down, up)
        wrong = np.zeros(rows.size)
        spared = base.deferral_discount[rows] * (base.long_rate[rows] / FULL_RATE) - self._terms.later[rows]
        for term, name in enumerate(("short", "long")):
            for kind, column in (("gain", f"{name}_rate"), ("loss", f"loss_{name}_rate")):
                rate = getattr(base, column)[rows] / FULL_RATE - spared
                off = np.maximum(np.maximum(low[:, term] - rate, rate - high[:, term]), 0.0)
                wrong += off * (room[f"{name}_{kind}"][rows] / DOLLAR)
        return np.asarray(wrong > WRONG * (room["value"][rows] / DOLLAR))

    def _within_reach(self, room: Records) -> Floats:
        """Least and greatest net short-term gain of the year, least and greatest long-term one, dollars (n, 4)."""
        before = self._realised_before(np.arange(len(self._table)))
        box = np.empty((len(self._table), 4))
        for term, name in enumerate(("short", "long")):
            box[:, 2 * term] = before[:, term] - room[f"{name}_loss"] / DOLLAR
            box[:, 2 * term + 1] = before[:, term] + room[f"{name}_gain"] / DOLLAR
        return box

    def _realised_before(self, rows: Ints) -> Floats:
        """Net short-term and long-term gain of the year so far, after carryovers, dollars (n, 2)."""
        table = self._table[rows]
        gains = [(table[f"{term}_gains"] - table[f"{term}_carryforward"]) / DOLLAR for term in ("short", "long")]
        return np.stack(gains, 1)

    def _open(self, room: Records, night: Night, base: Steering, box: Floats) -> None:
        """Begin the search with the first night."""
        rows, n = self._rows, self._rows.size
        self._search = search_for(_WORTH_A_SOLVE * (room["value"][rows] / DOLLAR))
        table, carried = self._table[rows], self._terms.carried[rows]
        before = self._realised_before(rows)
        self._starts: Starts = starts_of(table, carried, night.net[rows], box)
        realised = night.net[rows] - before
        rates = np.stack(
            [
                np.where(
                    realised[:, term] < 0, getattr(base, f"loss_{name}_rate")[rows], getattr(base, f"{name}_rate")[rows]
                )
                for term, name in enumerate(("short", "long"))
            ],
            1,
        )
        self._note(np.arange(n), night, np.column_stack((rates / FULL_RATE, np.zeros(n))))

    def _doubt(self, places: Ints, night: Night) -> None:
        """Take the first night of households whose rates hold as the solve at them that it is: regimes get a bound."""
        if not places.size:
            return
        found = self._search
        rates = np.clip(found.rate[places, 0], found.low[places, 0], found.high[places, 0])
        plane = found.tax[places, 0] - (rates * found.net[places, 0]).sum(1)
        self._note(places, night, np.column_stack((rates, plane)))
        found.tolerance[places] *= _WORTH_A_DOUBT / _WORTH_A_SOLVE

    def _note(self, places: Ints, night: Night, rates: Floats) -> None:
        """Add a night to what is known of some households; `places` in the search."""
        rows, found = self._rows[places], self._search
        at = places, found.solves[places]
        down, up = self._slopes(rows, night)
        found.rate[at], found.plane[at] = rates[:, :2], rates[:, 2]
        found.net[at], found.tax[at] = night.net[rows], night.tax[rows]
        found.cost[at] = night.cost[rows]
        found.floor[at] = night.floor[rows] - self._turns.slack(places, night.proposals.trades)
        found.night[at] = len(self._nights) - 1
        found.low[at], found.high[at] = np.minimum(down, up), np.maximum(down, up)
        found.solves[places] += 1

    def next_steering(self) -> Steering | None:
        """Rates of the next night for those that are still `active`; None where nobody is."""
        if not self.active.any() or len(self._nights) >= MOST_SOLVES:
            return None
        rates = np.zeros((self._rows.size, 3))
        more = choose_next(self._search, self._starts, rates)
        self._places = np.flatnonzero(more & self.active[self._rows])
        self._turns.plan(self._search, self._places, rates, [night.proposals.trades for night in self._nights])
        self._rates = rates[self._places]
        rows = self._rows[self._places]
        self.active = np.isin(self._group, self._group[rows])
        if not rows.size:
            return None
        steering = steering_at(self._rates[:, :2], self._terms.later[rows], self._steerings[0].taken(rows))
        return self._won().replaced(rows, self._turns.steered(self._places, steering))

    def _won(self) -> Steering:
        """The steering of each household's best night."""
        won = self._steerings[0]
        for number, steering in enumerate(self._steerings[1:], 1):
            rows = np.flatnonzero(self._winner == number)
            won = won.replaced(rows, steering.taken(rows))
        return won

    def add(self, night: Night, steering: Steering) -> None:
        """Add the night that was solved at `next_steering`, and keep what is better."""
        number = len(self._nights)
        missed = _missed(night.proposals, self._first, self.active.size)
        unfair = missed > self._fair + _MISSED
        night = night._replace(cost=np.where(unfair, np.inf, night.cost))
        self._nights.append(night)
        self._steerings.append(steering)
        self._solves[self.active] += 1
        self._note(self._places, night, self._rates)
        cost = self._of_group(night.cost)
        better = self.active & (cost < self._best - _BETTER)
        self._winner[better] = number
        self._best = np.where(better, cost, self._best)

    def best(self) -> Netted:
        """The best proposal of every household."""
        first = self._nights[0].cost
        cost = np.choose(self._winner, [night.cost for night in self._nights]) if first.size else first
        solved = np.isfinite(first)
        improvement = np.where(solved, first, 0.0) - np.where(solved, cost, 0.0)
        left = np.full(first.size, np.nan)
        if self._rows.size:
            left[self._rows] = left_at_most(self._search, self._starts)
        return Netted(self._joined(), self._won(), self._solves, improvement, left, nothing_kept(first.size))

    def _joined(self) -> Proposals:
        """Every household's rows of the night that it was best in, in the order of the book."""
        return best_of(self._book, self._first, [night.proposals for night in self._nights], self._winner)


def best_of(book: Book, first: int, parts: list[Proposals], winner: Ints) -> Proposals:
    """Join the proposals of several solves of a range that begins at `first`: of each household those of its winner."""
    if not winner.any():
        return parts[0]
    accounts = book.accounts.household
    of_trade = [part.trades.household - first for part in parts]
    of_relaxed = [part.relaxations.household - first for part in parts]
    start = book.households.account_start[first]
    of_account = accounts[start : start + parts[0].accounts.steps.size] - first
    return Proposals(
        Trades(*_picked([part.trades for part in parts], of_trade, winner)),
        Outcomes(*_chosen([part.outcomes for part in parts], winner)),
        AccountResults(*_chosen([part.accounts for part in parts], winner[of_account])),
        Relaxations(*_picked([part.relaxations for part in parts], of_relaxed, winner)),
    )


def _picked(tables: list[tuple[Column, ...]], households: list[Column], winner: Ints) -> list[Column]:
    """Rows of the winning solves of tables that have any number of them for a household."""
    masks = [winner[owner] == number for number, owner in enumerate(households)]
    order = np.argsort(
        np.concatenate([owner[mask] for owner, mask in zip(households, masks, strict=True)]), kind="stable"
    )
    return [
        np.concatenate([column[mask] for column, mask in zip(columns, masks, strict=True)])[order]
        for columns in zip(*tables, strict=True)
    ]


def _chosen(tables: list[tuple[Column, ...]], winner: Ints) -> list[Column]:
    """Rows of the winning solves of tables that have one row for each winner."""
    made = []
    for columns in zip(*tables, strict=True):
        column = columns[0].copy()
        for number, other in enumerate(columns[1:], 1):
            column[winner == number] = other[winner == number]
        made.append(column)
    return made
