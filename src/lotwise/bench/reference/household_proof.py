"""A household's certificate made of cases, checked as that of an account is (`proof`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from lotwise.bench.reference.account import Floats, Ints
from lotwise.bench.reference.household import HouseholdMultipliers, ReferenceHousehold
from lotwise.bench.reference.household_bound import household_bound
from lotwise.bench.reference.proof import Proof, are_all_portfolios

__all__ = ["ClaimedHouseholdCase", "HouseholdPrices", "proof_of_household"]


class HouseholdPrices(Protocol):
    """Multipliers as `HouseholdMultipliers` has them."""

    @property
    def factor(self) -> Floats: ...  # noqa: D102
    @property
    def group(self) -> Floats: ...  # noqa: D102
    @property
    def cash(self) -> Floats: ...  # noqa: D102
    @property
    def own_group(self) -> Floats: ...  # noqa: D102


class ClaimedHouseholdCase(Protocol):
    """A case as an engine claims it: names that are bought nowhere, names of which no barring lot is sold."""

    @property
    def sell_only(self) -> Ints: ...  # noqa: D102
    @property
    def buy_only(self) -> Ints: ...  # noqa: D102
    @property
    def bound(self) -> float: ...  # noqa: D102
    @property
    def multipliers(self) -> HouseholdPrices: ...  # noqa: D102


def proof_of_household(household: ReferenceHousehold, certificate: Sequence[ClaimedHouseholdCase]) -> Proof:
    """Work every case out again.

    Beyond the price of missing a bound a multiplier proves only what the range of its row lets it, which an engine
    may take wider than it is: what is claimed may then be below.
    """
    value, magnitude, above, below = np.inf, 0.0, 0.0, 0.0
    for case in certificate:
        side = np.zeros(household.names, np.int64)
        side[case.sell_only], side[case.buy_only] = -1, 1
        prices = case.multipliers
        multipliers = HouseholdMultipliers(prices.factor, prices.group, prices.cash, prices.own_group)
        bound = household_bound(household, multipliers, side)
        value = min(value, bound.value)
        magnitude = max(magnitude, bound.magnitude)
        off = (case.bound - bound.value) / (1.0 + bound.magnitude)
        above = max(above, off)
        if not (np.abs(np.concatenate([prices.group, prices.own_group])) > household.violation_price).any():
            below = max(below, -off)
    sayings = [
        {**dict.fromkeys(case.sell_only.tolist(), -1), **dict.fromkeys(case.buy_only.tolist(), 1)}
        for case in certificate
    ]
    return Proof(value, magnitude, above, below, are_all_portfolios(sayings))
