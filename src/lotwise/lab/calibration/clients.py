"""For whom: four kinds of client, each beginning on several days of each half of history."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.dates import from_day_number
from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.policies import Policy
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.experiments.markets import WARM_UP
from lotwise.lab.market_panel import YEAR_ROWS, Floats, MarketPanel

__all__ = ["KINDS", "Half", "Kind", "by_kind_start_policy", "cohort_in", "halves"]

_DOLLARS = 1_000_000.0
_MONTH = 21  # trading days between two parts of what is brought in


class Kind(NamedTuple):
    """Rates, and per year, as parts of the first value, gains outside and what is brought in."""

    name: str
    short: float
    long: float
    state: float = 0.05
    outside_short: float = 0.0
    outside_long: float = 0.0
    saves: float = 0.0

    def in_words(self) -> str:
        """Say it in a sentence."""
        gains = "no gains outside"
        if self.outside_short or self.outside_long:
            part, term = max((self.outside_short, "short"), (self.outside_long, "long"))
            gains = f"{term}-term gains of {part:.0%} of the first value a year outside"
        saves = f"; brings in {self.saves:.0%} of the first value a year" if self.saves else ""
        return f"{self.short:.1%} and {self.long:.1%}, {self.state:.0%} state; {gains}{saves}"


KINDS = (
    Kind("ordinary", 0.24, 0.15, outside_long=0.10),
    Kind("very wealthy", 0.408, 0.238, outside_short=0.25),
    Kind("no gains outside", 0.24, 0.15),
    Kind("saver", 0.24, 0.15, outside_long=0.10, saves=0.12),
)


class Half(NamedTuple):
    """A part of history: rows on which accounts begin, and the row on which all end."""

    name: str
    starts: tuple[int, ...]
    last: int

    def in_words(self, panel: MarketPanel) -> str:
        """Say when it is."""
        first, last = (from_day_number(int(panel.days[row])) for row in (self.starts[0], self.last))
        return f"{first} to {last}, accounts begin on {len(self.starts)} days of its first half-year"


def halves(panel: MarketPanel, starts: int) -> tuple[Half, Half]:
    """Cut what follows the warm-up into two, at the end of the calendar year nearest to its middle.

    Raises ValueError for a market too short for it.
    """
    first, last = WARM_UP * YEAR_ROWS, len(panel.days) - 1
    year = panel.days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    ends = np.flatnonzero(np.diff(year) > 0)
    ends = ends[(ends >= first + YEAR_ROWS) & (ends <= last - YEAR_ROWS)]
    if not ends.size:
        raise ValueError(
            f"a market must have {WARM_UP} years of prices and a year in either half, had {len(panel.days)} days"
        )
    middle = int(ends[np.argmin(np.abs(ends - (first + last) / 2))])

    def beginning(row: int) -> tuple[int, ...]:
        return tuple(int(each) for each in np.linspace(row, row + YEAR_ROWS // 2, starts, endpoint=False))

    return Half("first half", beginning(first), middle), Half("second half", beginning(middle), last)


def cohort_in(half: Half, policies: tuple[Policy, ...], target: CapIndex) -> Cohort:
    """Every kind of client from every start under every policy, in this order."""
    clients = []
    for kind in KINDS:
        part = round(_DOLLARS * kind.saves * _MONTH / YEAR_ROWS, 2)
        for start in half.starts:
            flows = tuple((row, part) for row in range(start + _MONTH, half.last + 1, _MONTH)) if part else ()
            clients += [
                Client(
                    start,
                    _DOLLARS,
                    policy=number,
                    short_rate=kind.short,
                    long_rate=kind.long,
                    state_rate=kind.state,
                    outside_short=kind.outside_short * _DOLLARS,
                    outside_long=kind.outside_long * _DOLLARS,
                    flows=flows,
                )
                for number in range(len(policies))
            ]
    return cohort_of(policies, (target,), clients)


def by_kind_start_policy(values: Floats, half: Half) -> Floats:
    """Figures of a cohort (H,) as (kinds, starts, policies)."""
    return values.reshape(len(KINDS), len(half.starts), -1)
