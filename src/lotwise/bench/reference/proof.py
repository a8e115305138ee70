"""A certificate made of cases, checked: each case's bound from the raw lots, and that together they are all portfolios.

A case says of some names that they sell only, of others that they buy only. Its bound holds for the portfolios that
keep to that; the least of the bounds holds for all, if no portfolio is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from lotwise.bench.reference.account import Floats, Ints, ReferenceAccount
from lotwise.bench.reference.soft_bound import soft_bound

__all__ = ["ClaimedCase", "Prices", "Proof", "are_all_portfolios", "proof_of"]


class Prices(Protocol):
    """Multipliers: of exposures (k,), of cash, of groups (m,)."""

    @property
    def factor(self) -> Floats: ...  # noqa: D102
    @property
    def cash(self) -> float: ...  # noqa: D102
    @property
    def group(self) -> Floats: ...  # noqa: D102


class ClaimedCase(Protocol):
    """A case as an engine claims it."""

    @property
    def sell_only(self) -> Ints: ...  # noqa: D102
    @property
    def buy_only(self) -> Ints: ...  # noqa: D102
    @property
    def bound(self) -> float: ...  # noqa: D102
    @property
    def multipliers(self) -> Prices: ...  # noqa: D102


class Proof(NamedTuple):
    """What a certificate proves."""

    value: float  # no portfolio is below
    magnitude: float  # of the terms it was summed from, by which roundoff is measured
    above: float  # the most that a case claims above what its multipliers prove, in parts of its magnitude
    below: float  # the most that a case claims below it, where a multiplier is not beyond the price of missing a bound
    complete: bool  # whether the cases are all portfolios


def proof_of(account: ReferenceAccount, certificate: Sequence[ClaimedCase]) -> Proof:
    """Work every case out again.

    Beyond the price of missing a bound a multiplier proves only what the range of its row lets it, which an engine
    may take wider than it is: what is claimed may then be below.
    """
    value, magnitude, above, below = np.inf, 0.0, 0.0, 0.0
    for case in certificate:
        side = np.zeros(account.names, np.int64)
        side[case.sell_only], side[case.buy_only] = -1, 1
        prices = case.multipliers
        bound = soft_bound(account, prices.factor, prices.cash, prices.group, side)
        value = min(value, bound.value)
        magnitude = max(magnitude, bound.magnitude)
        off = (case.bound - bound.value) / (1.0 + bound.magnitude)
        above = max(above, off)
        if not (np.abs(prices.group) > account.violation_price).any():
            below = max(below, -off)
    sayings = [
        {**dict.fromkeys(case.sell_only.tolist(), -1), **dict.fromkeys(case.buy_only.tolist(), 1)}
        for case in certificate
    ]
    return Proof(value, magnitude, above, below, are_all_portfolios(sayings))


def are_all_portfolios(cases: Sequence[Mapping[int, int]]) -> bool:
    """Whether any way to give every name a side is allowed by some case; a case maps names to sides."""
    if not cases:
        return False
    if not all(cases):  # one that says nothing
        return True
    name = next(iter(cases[0]))
    return all(
        are_all_portfolios(
            [
                {other: said for other, said in case.items() if other != name}
                for case in cases
                if case.get(name, side) == side
            ]
        )
        for side in (-1, 1)
    )
