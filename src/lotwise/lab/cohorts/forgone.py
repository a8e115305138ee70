"""What accounts of one kind of money have lost to taxes, trades and fees by the end, so that they can be compared.

Every account is taken to be worth what a target would have made of the same money on the same days: none is ahead by
luck. Each year's tax, half spreads and fee, as fractions of the account's own value, are taken from that worth at the
year's end, and what they would have earned until the last day with them. What accounts have lost is a part of that
worth on the last day; the difference of two accounts is by how much one is ahead of the other.
"""

from __future__ import annotations

import numpy as np

from lotwise.lab.cohorts.measures import AtTheEnd, costs_by_year, part_left, taxes_by_year
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.market_panel import Floats

__all__ = ["forgone", "opening_part"]

_DAYS_A_YEAR = 365.25


def _even_worth(lived: Lived, target: int) -> Floats:
    """(R, H) dollars that the target would have made of what was brought in, at the end of each day."""
    flow, grown = lived.daily["flow"], 1.0 + lived.target[:, target]
    worth = np.zeros(flow.shape)
    worth[0] = flow[0]
    for row in range(1, len(flow)):
        worth[row] = worth[row - 1] * grown[row] + flow[row]
    return worth


def _growth_to_end(lived: Lived, target: int) -> Floats:
    """(R,) growth of the target from the close of each day to the last."""
    grown = np.cumprod(1.0 + lived.target[:, target])
    left: Floats = grown[-1] / grown
    return left


def forgone(lived: Lived, end: AtTheEnd, fee: float = 0.0, target: int = 0) -> Floats:
    """(H,) what taxes, trades and a fee (fraction of value a year) have taken by the last day, as a part of worth."""
    year = lived.days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    last = np.searchsorted(year, lived.years, side="right") - 1
    worth, growth = _even_worth(lived, target), _growth_to_end(lived, target)
    begun = lived.days[np.maximum(lived.start - lived.first, 0)]
    until = np.maximum(lived.days[last][:, None] - begun[None, :], 0) / _DAYS_A_YEAR
    charged = fee * np.diff(until, axis=0, prepend=0.0)
    parts = taxes_by_year(lived) + costs_by_year(lived) + charged
    taken = (parts * worth[last] * growth[last][:, None]).sum(axis=0) / worth[-1]
    whole: Floats = taken + part_left(lived, end, target=target)
    return whole


def opening_part(lived: Lived, target: int = 0) -> Floats:
    """(H,) what a dollar's tax on the first day has grown to, for each dollar of the opening, as a part of worth."""
    opened = np.maximum(lived.start - lived.first, 0)
    first = lived.daily["flow"][opened, np.arange(len(opened))]
    part: Floats = first * _growth_to_end(lived, target)[opened] / _even_worth(lived, target)[-1]
    return part
