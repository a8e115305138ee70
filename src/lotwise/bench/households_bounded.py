"""Hostile bounds of households: on names, positions and groups of either, near, in conflict, out of reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lotwise.bench.households_edited import HouseholdSpoiler, with_groups, with_own_groups
from lotwise.bench.reference.household import ReferenceHousehold

__all__ = ["BOUNDED_HOUSEHOLDS"]


def _name_bounds(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Bound a third of the names near what is held, some so that they must be sold or bought."""
    bounded = rng.random(household.names) < 0.33
    middle = household.by_name(household.held) * rng.uniform(0.6, 1.3, household.names)
    low = np.where(bounded, 0.9 * middle, 0.0)
    return replace(household, low=low, high=np.where(bounded, np.maximum(1.1 * middle, 0.002), np.inf))


def _pinned(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Pin a third of the names to their target weight, a third to what is held."""
    drawn = rng.random(household.names)
    pin = np.where(drawn < 0.33, household.target, household.by_name(household.held))
    free = drawn >= 0.66
    return replace(household, low=np.where(free, -np.inf, pin), high=np.where(free, np.inf, pin))


def _position_bounds(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Bound a third of the positions near what is held, and a few more from above only."""
    drawn = rng.random(household.positions)
    middle = household.held * rng.uniform(0.6, 1.3, household.positions)
    low = np.where(drawn < 0.33, 0.9 * middle, 0.0)
    most = 0.002 * household.value[household.account]
    high = np.where(drawn < 0.33, np.maximum(1.1 * middle, most), np.where(drawn > 0.8, most, np.inf))
    return replace(household, position_low=low, position_high=high)


def _sectors(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Bound five overlapping groups of names near their target weight."""
    members = [np.flatnonzero(rng.random(household.names) < 0.3) for _ in range(5)]
    weight = np.array([float(household.target[each].sum()) for each in members])
    return with_groups(household, members, (np.maximum(weight - 0.02, 0.0), weight + 0.005))


def _equal_groups(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Pin three groups of names to their target weight exactly, and say one of them twice, magnified."""
    members = [np.flatnonzero(rng.random(household.names) < 0.3) for _ in range(3)]
    weight = np.array([float(household.target[each].sum()) for each in members])
    once = with_groups(household, members, (weight, weight))
    return with_groups(once, members[:1], (100.0 * weight[:1], 100.0 * weight[:1]), 100.0)


def _own_groups(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Bound in every account the part of two groups of its positions, half of them near what is held."""
    accounts = np.repeat(np.arange(household.accounts), 2)
    members = [np.flatnonzero((household.account == a) & (rng.random(household.positions) < 0.4)) for a in accounts]
    held = np.array([float(household.held[each].sum()) for each in members])
    value = household.value[accounts]
    low = np.where(rng.random(accounts.size) < 0.5, np.maximum(held - 0.01 * value, 0.0), 0.0)
    return with_own_groups(household, members, (low, np.maximum(low, held + rng.uniform(-0.05, 0.05) * value)))


def _conflicting(household: ReferenceHousehold, _: np.random.Generator) -> ReferenceHousehold:
    """Ask of the same half of the names: 70% of the household, at most 30%, at least 90% of the first account."""
    half = np.arange(0, household.names, 2)
    first = np.flatnonzero((household.account == 0) & (household.name % 2 == 0))
    grouped = with_groups(household, [half], (np.zeros(1), np.full(1, 0.3)))
    low = np.zeros(household.names)
    low[half] = 0.7 / half.size
    return with_own_groups(
        replace(grouped, low=low, high=np.full(household.names, np.inf)),
        [first],
        (0.9 * household.value[:1], np.full(1, np.inf)),
    )


def _unreachable(household: ReferenceHousehold, _: np.random.Generator) -> ReferenceHousehold:
    """Cap every name so low that nothing like all can be invested; ask for more of what nobody may buy."""
    barred = household.by_name(household.may_buy.astype(np.float64)) == 0
    low = np.where(barred, household.by_name(household.held) + 0.01, 0.0)
    return replace(household, low=low, high=np.maximum(np.full(household.names, 0.5 / household.names), low))


BOUNDED_HOUSEHOLDS: dict[str, HouseholdSpoiler] = {
    "name bounds": _name_bounds,
    "pinned names": _pinned,
    "position bounds": _position_bounds,
    "sectors": _sectors,
    "equal groups": _equal_groups,
    "groups of accounts": _own_groups,
    "conflicting bounds": _conflicting,
    "unreachable": _unreachable,
}
