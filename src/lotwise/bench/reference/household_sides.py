"""The sides of a household's names that a program has columns for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lotwise.bench.reference.account import Ints
from lotwise.bench.reference.household import ReferenceHousehold

__all__ = ["Sides", "sides_of"]


@dataclass(frozen=True)
class Sides:
    """The sides in force, S in all, name by name."""

    name: Ints  # (S,)
    kind: Ints  # (S,) -1 buys nowhere, 1 sells no barring lot, 0 both allowed
    share: Ints  # (S,) number of the share's column among shares, -1 = whole
    position: tuple[Ints, Ints]  # positions of every side: (side, position)
    lot: tuple[Ints, Ints]  # and lots: (side, lot)


def sides_of(household: ReferenceHousehold, side: Ints) -> Sides:
    """Put both sides of every two-sided name in force, but for names fixed to one: `side` (n,) -1 or 1.

    Of a mixture the side that sells comes first, and their shares are neighbours.
    """
    mixed = household.two_sided & (side == 0)
    name = np.repeat(np.arange(household.names), 1 + mixed)
    first = np.diff(name, prepend=-1) > 0
    kind = np.where(mixed[name], np.where(first, -1, 1), side[name])
    share = np.where(mixed[name], np.cumsum(mixed[name]) - 1, -1)
    start = household.position_start
    side_of, position = _spread(start[:-1][name], np.diff(start)[name])
    of, lot = _spread(household.lot_start[:-1][position], np.diff(household.lot_start)[position])
    return Sides(name, kind, share, (side_of, position), (side_of[of], lot))


def _spread(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Number each owner's members from its first one on: (owner, member)."""
    owner = np.repeat(np.arange(first.size), count)
    before = np.cumsum(count) - count
    return owner, np.arange(owner.size) - before[owner] + first[owner]
