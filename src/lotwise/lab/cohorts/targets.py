"""Target portfolios through time, each day's from what was known then, without memory of their own.

A target is asked on a day and answers from `MarketSoFar` alone, so that a replay that is resumed gets the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from lotwise.lab.cohorts.market import GONE_ROWS, MarketSoFar
from lotwise.lab.market_panel import YEAR_ROWS, Floats, FundRole, Int32Array

__all__ = ["ActiveList", "Blend", "CalmList", "CapIndex", "FundMix", "FundPair", "OneFund", "Target", "Weights"]

_QUARTER = 3  # months


class Weights(NamedTuple):
    """A target on a day: what is not in securities is cash.

    `stand_ins` names what may be held instead of a security while that may not be bought: (security, substitute).
    """

    security: Int32Array  # ascending
    weight: Floats  # fractions; with cash they sum to 1
    cash: float
    stand_ins: tuple[tuple[int, int], ...] = ()


class Target(Protocol):
    """A target portfolio through time."""

    def on(self, market: MarketSoFar) -> Weights:
        """Weights at today's close."""

    def names_until(self, market: MarketSoFar, row: int) -> Int32Array:
        """All securities that were a target's up to a day so far, ascending: whose risk is asked for."""

    def in_words(self) -> str:
        """Say in a phrase what it is."""


def _quarters(market: MarketSoFar, row: int) -> Int32Array:
    """First rows of the quarters up to a row."""
    starts = market.first_rows_of(_QUARTER)
    return starts[starts <= row]


def _there(market: MarketSoFar) -> Int32Array:
    """Securities that can still be held: a close within the last days."""
    return np.flatnonzero((market.price > 0) & (market.waited <= GONE_ROWS)).astype(np.int32)


@dataclass(frozen=True)
class CapIndex:
    """The largest companies by market value, drawn up on the first day of each quarter; weights are today's values.

    `names` at most, of those that are in the index of large companies that day, but the so many largest of all
    (`above`). What leaves that index goes with the next quarter, what is no longer traded at once.
    """

    names: int = 500
    cash: float = 0.005
    above: int = 0
    _drawn: dict[int, Int32Array] = field(default_factory=dict, compare=False, repr=False)

    def on(self, market: MarketSoFar) -> Weights:
        """Weights at today's close."""
        row = market.first_row_of(_QUARTER)
        return _by_value(market, row, self._list_of(market, row), self.cash)

    def _list_of(self, market: MarketSoFar, row: int) -> Int32Array:
        if row not in self._drawn:
            largest = _largest(market, row, self.above + self.names)[self.above :]
            self._drawn[row] = np.sort(largest).astype(np.int32)
        return self._drawn[row]

    def names_until(self, market: MarketSoFar, row: int) -> Int32Array:
        """All securities that were in it up to a day so far."""
        lists = [self._list_of(market, start) for start in _quarters(market, row).tolist()]
        return np.unique(np.concatenate(lists))

    def in_words(self) -> str:
        """Say in a phrase what it is."""
        which = f"{self.names} largest companies" + (f" after the {self.above} largest" if self.above else "")
        return f"the {which} by market value, drawn up every quarter, {self.cash:.1%} cash"


@dataclass(frozen=True)
class CalmList:
    """The names of lowest volatility among the largest, drawn up on the first day of each quarter, weighted by value.

    Volatility is that of the year before, as far as there are prices. Its names are others' names, too.
    """

    names: int = 50
    largest: int = 250
    cash: float = 0.005
    _drawn: dict[int, Int32Array] = field(default_factory=dict, compare=False, repr=False)

    def on(self, market: MarketSoFar) -> Weights:
        """Weights at today's close."""
        row = market.first_row_of(_QUARTER)
        return _by_value(market, row, self._list_of(market, row), self.cash)

    def _list_of(self, market: MarketSoFar, row: int) -> Int32Array:
        if row not in self._drawn:
            among = np.sort(_largest(market, row, self.largest))
            adjusted = market.adjusted[max(0, row - YEAR_ROWS) : row + 1, among]
            daily = np.diff(np.log(adjusted), axis=0)
            known = np.isfinite(daily)
            days = known.sum(axis=0)
            variance = np.where(known, daily, 0.0) ** 2
            # What has been there for less than half of the days is not known to be calm.
            calm = np.where(days * 2 >= len(daily), variance.sum(axis=0) / np.maximum(days, 1), np.inf)
            self._drawn[row] = np.sort(among[np.argsort(calm, kind="stable")[: self.names]]).astype(np.int32)
        return self._drawn[row]

    def names_until(self, market: MarketSoFar, row: int) -> Int32Array:
        """All securities that were on it up to a day so far."""
        return np.unique(np.concatenate([self._list_of(market, start) for start in _quarters(market, row).tolist()]))

    def in_words(self) -> str:
        """Say in a phrase what it is."""
        return (
            f"the {self.names} least volatile of the {self.largest} largest companies, by market value, drawn up every "
            f"quarter, {self.cash:.1%} cash"
        )


@dataclass(frozen=True)
class Blend:
    """Several targets in fixed proportions: what an account without sleeves is to look like."""

    parts: tuple[tuple[Target, float], ...]  # proportions sum to 1

    @property
    def cash(self) -> float:
        """Cash of all parts."""
        return sum(share * float(getattr(target, "cash", 0.0)) for target, share in self.parts)

    def on(self, market: MarketSoFar) -> Weights:
        """Weights at today's close."""
        weights = [(target.on(market), share) for target, share in self.parts]
        security, place = np.unique(np.concatenate([each.security for each, _ in weights]), return_inverse=True)
        weight = np.zeros(security.size)
        np.add.at(weight, place, np.concatenate([share * each.weight for each, share in weights]))
        return Weights(security, weight, sum(share * each.cash for each, share in weights))

    def names_until(self, market: MarketSoFar, row: int) -> Int32Array:
        """All securities of its parts up to a day so far."""
        return np.unique(np.concatenate([target.names_until(market, row) for target, _ in self.parts]))

    def in_words(self) -> str:
        """Say in a phrase what it is."""
        return "; ".join(f"{share:.0%} {target.in_words()}" for target, share in self.parts)


@dataclass(frozen=True)
class OneFund:
    """A fund and nothing else: what most people hold instead. A market without its role has no such target."""

    role: FundRole = FundRole.BROAD
    cash: float = 0.005

    def on(self, market: MarketSoFar) -> Weights:
        """Weights at today's close."""
        return Weights(self.names_until(market, market.row), np.array([1.0 - self.cash]), self.cash)

    def names_until(self, market: MarketSoFar, row: int) -> Int32Array:  # noqa: ARG002 - the same on every day
        """Its one security."""
        return np.array([market.universe.roles.index(self.role)], np.int32)

    def in_words(self) -> str:
        """Say in a phrase what it is."""
        return f"the {self.role.value} fund, {self.cash:.1%} cash"


@dataclass(frozen=True)
class FundMix:
    """Funds in fixed proportions, day by day. A market without their roles has no such target."""

    parts: tuple[tuple[FundRole, float], ...]  # proportions of what is not cash, which sum to 1
    cash: float = 0.005

    def on(self, market: MarketSoFar) -> Weights:
        """Weights at today's close."""
        places = np.array([market.universe.roles.index(role) for role, _ in self.parts], np.int32)
        order = np.argsort(places)
        weight = np.array([share for _, share in self.parts]) * (1.0 - self.cash)
        return Weights(places[order], weight[order], self.cash)

    def names_until(self, market: MarketSoFar, row: int) -> Int32Array:  # noqa: ARG002 - the same on every day
        """Its funds."""
        return np.sort(np.array([market.universe.roles.index(role) for role, _ in self.parts], np.int32))

    def in_words(self) -> str:
        """Say in a phrase what it is."""
        return ", ".join(f"{share:.0%} {role.value}" for role, share in self.parts) + f", {self.cash:.1%} cash"


@dataclass(frozen=True)
class FundPair:
    """A fund, and a second one that may stand for it where its loss is taken: a pair that can be swapped.

    An engine sees a target of the first with the second as its substitute; `lab.cohorts.swapping` holds either.
    """

    role: FundRole = FundRole.BROAD
    other: FundRole = FundRole.TOTAL
    cash: float = 0.005

    def on(self, market: MarketSoFar) -> Weights:
        """Weights at today's close: the first of the pair alone."""
        first, second = (market.universe.roles.index(role) for role in (self.role, self.other))
        return Weights(np.array([first], np.int32), np.array([1.0 - self.cash]), self.cash, ((first, second),))

    def names_until(self, market: MarketSoFar, row: int) -> Int32Array:  # noqa: ARG002 - the same on every day
        """Both of the pair."""
        return np.sort([market.universe.roles.index(role) for role in (self.role, self.other)]).astype(np.int32)

    def in_words(self) -> str:
        """Say in a phrase what it is."""
        return f"the {self.role.value} fund, for which the {self.other.value} fund may stand; {self.cash:.1%} cash"


@dataclass(frozen=True)
class ActiveList:
    """A list of names of equal weight when it is drawn up, of which some are exchanged every quarter.

    What an investment committee does, without its skill: the names that go and come are drawn by chance (`seed`), the
    newcomers among the `largest` members of the index. Between quarters weights move with total returns.
    """

    names: int = 50
    changes: int = 4  # names exchanged in a quarter
    largest: int = 250
    cash: float = 0.005
    seed: int = 0
    _drawn: dict[int, Int32Array] = field(default_factory=dict, compare=False, repr=False)

    def on(self, market: MarketSoFar) -> Weights:
        """Weights at today's close."""
        row = market.first_row_of(_QUARTER)
        security = np.intersect1d(self._list_of(market, row), _there(market))
        then, now = market.adjusted[row, security], _last(market, security)
        grown = np.where(np.isfinite(then) & np.isfinite(now), now / np.where(np.isfinite(then), then, 1.0), 1.0)
        return Weights(security, grown / grown.sum() * (1.0 - self.cash), self.cash)

    def _list_of(self, market: MarketSoFar, row: int) -> Int32Array:
        """List of the quarter that begins at a row, from those of the quarters before it."""
        if row not in self._drawn:
            held = np.zeros(0, np.int32)
            for start in _quarters(market, row).tolist():
                if start not in self._drawn:
                    self._drawn[start] = self._exchanged(market, start, held)
                held = self._drawn[start]
        return self._drawn[row]

    def _exchanged(self, market: MarketSoFar, row: int, held: Int32Array) -> Int32Array:
        """The next list: some that go are drawn by chance, and as many that come."""
        draw = np.random.default_rng([self.seed, int(market.days[row])])
        kept = held[np.isfinite(market.adjusted[row, held])]
        kept = np.sort(draw.permutation(kept)[: max(self.names - self.changes, 0)])
        # What has just gone comes back only where there are no others.
        others = np.setdiff1d(_largest(market, row, self.largest), kept)
        fresh = draw.permutation(np.setdiff1d(others, held))
        again = draw.permutation(np.intersect1d(others, held))
        came = np.concatenate([fresh, again])[: self.names - kept.size]
        return np.sort(np.concatenate([kept, came])).astype(np.int32)

    def names_until(self, market: MarketSoFar, row: int) -> Int32Array:
        """All securities that were on it up to a day so far."""
        lists = [self._list_of(market, start) for start in _quarters(market, row).tolist()]
        return np.unique(np.concatenate(lists))

    def in_words(self) -> str:
        """Say in a phrase what it is."""
        return (
            f"{self.names} names of equal weight, {self.changes} of them exchanged every quarter by chance among the "
            f"{self.largest} largest, {self.cash:.1%} cash"
        )


def _by_value(market: MarketSoFar, row: int, listed: Int32Array, cash: float) -> Weights:
    """What is still there of a list drawn up at a row, weighted by today's market values."""
    security = np.intersect1d(listed, _there(market))
    then, now = market.caps_on(row)[security], market.caps_on(market.row)[security]
    value = np.where(np.isfinite(now), now, then)
    return Weights(security, value / value.sum() * (1.0 - cash), cash)


def _largest(market: MarketSoFar, row: int, count: int) -> Int32Array:
    """So many members of the index, the largest first."""
    size = np.where(market.members_on(row), np.nan_to_num(market.caps_on(row)), 0.0)
    largest = np.argsort(-size, kind="stable")[:count]
    return largest[size[largest] > 0].astype(np.int32)


def _last(market: MarketSoFar, security: Int32Array) -> Floats:
    """Last total-return price of each, of the days in which it may be late."""
    recent = market.adjusted[-GONE_ROWS - 1 :, security]
    seen = np.isfinite(recent)
    last = recent.shape[0] - 1 - np.argmax(seen[::-1], axis=0)
    found: Floats = recent[last, np.arange(security.size)]
    return found
