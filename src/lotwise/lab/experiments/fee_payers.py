"""Households that pay a fee: kinds of clients by rates, gains outside, money in and out, and what they are charged."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.lab.cohorts.clients import Client
from lotwise.lab.experiments.markets import WARM_UP
from lotwise.lab.market_panel import YEAR_ROWS, MarketPanel

__all__ = ["ENGINE", "FEES", "INDEX", "KINDS", "LIST", "RULE_ONCE", "Kind", "fee_of", "fee_payers"]

ENGINE, RULE_ONCE = range(2)  # policies of a household
LIST, INDEX = range(2)  # its targets
_LEAST = 50_000.0  # dollars of an account
_SPREAD = 0.6  # standard deviation of the logarithm of an account's size within its kind
# Fee a year on the first value, by the dollars up to which it holds.
FEES = ((2.5e5, 0.0125), (5e5, 0.011), (1e6, 0.010), (2e6, 0.0085), (5e6, 0.007), (np.inf, 0.005))


class Kind(NamedTuple):
    """A kind of client: rates, and per year, as parts of the first value, gains outside and money in or out."""

    name: str
    chance: float
    short: float
    long: float
    state: float
    dollars: float  # median
    outside_short: float = 0.0
    outside_long: float = 0.0
    flow: float = 0.0

    def in_words(self) -> str:
        """Say it in a sentence."""
        gains = [
            f"{term}-term gains of {part:.0%} of the first value a year outside"
            for term, part in (("short", self.outside_short), ("long", self.outside_long))
            if part
        ]
        moves = (
            f"; {'brings in' if self.flow > 0 else 'takes out'} {abs(self.flow):.0%} of it a year" if self.flow else ""
        )
        return (
            f"{self.chance:.0%} of all, median ${self.dollars:,.0f}; {self.short:.1%} and {self.long:.1%}, "
            f"{self.state:.0%} state; {' and '.join(gains) or 'no gains outside'}{moves}"
        )


KINDS = (
    Kind("saving", 0.35, 0.22, 0.15, 0.04, 250_000.0, flow=0.06),
    Kind("professional", 0.30, 0.358, 0.188, 0.05, 900_000.0, outside_long=0.05),
    Kind("wealthy", 0.15, 0.408, 0.238, 0.05, 3_000_000.0, outside_short=0.05, outside_long=0.10),
    Kind("retired", 0.20, 0.24, 0.15, 0.05, 800_000.0, flow=-0.04),
)


def fee_of(dollars: float) -> float:
    """Fee a year of an account of this first value, fraction."""
    return next(fee for until, fee in FEES if dollars < until)


def fee_payers(panel: MarketPanel, count: int, seed: int) -> tuple[list[Client], NDArray[np.int64]]:
    """Each household with both targets, by the engine and by the rule; returns the kind of every household."""
    begin, last = WARM_UP * YEAR_ROWS, len(panel.days) - 1
    starts = min(2 * YEAR_ROWS, (last - begin) // 2)
    made, kinds = [], []
    for number in range(count):
        draw = np.random.default_rng([seed, 17, number])
        place = int(draw.choice(len(KINDS), p=[kind.chance for kind in KINDS]))
        kind = KINDS[place]
        start = begin + int(draw.integers(0, starts))
        dollars = max(round(float(np.exp(draw.normal(np.log(kind.dollars), _SPREAD))), 2), _LEAST)
        days = range(start + int(draw.integers(5, 63)), last, 63)
        flows = tuple((row, round(kind.flow * dollars / 4, 2)) for row in days if kind.flow)
        made += [
            Client(
                start,
                dollars,
                policy=policy,
                target=target,
                short_rate=kind.short,
                long_rate=kind.long,
                state_rate=kind.state,
                outside_short=kind.outside_short * dollars,
                outside_long=kind.outside_long * dollars,
                fee=fee_of(dollars),
                flows=flows,
            )
            for target in (LIST, INDEX)
            for policy in (ENGINE, RULE_ONCE)
        ]
        kinds.append(place)
    return made, np.array(kinds)
