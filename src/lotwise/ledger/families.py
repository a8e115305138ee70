"""Families of securities: those that a reorganisation or the firm's identical groups tie together.

Only inside a family can an event act on two securities, or one replace another sold at a loss. So families can be
folded one after the other, in any order.
"""

from __future__ import annotations

import itertools

import numpy as np

from lotwise.ledger.events import NO_CODE, Table
from lotwise.ledger.tables import World
from lotwise.money import IntArray

__all__ = ["families_of"]


def families_of(events: Table, details: Table, world: World) -> IntArray:
    """Family of every security of the world: the lowest security in it."""
    root = np.arange(world.funds.size, dtype=np.int64)

    def find(security: int) -> int:
        while root[security] != security:
            root[security] = root[root[security]]
            security = int(root[security])
        return security

    def tie(one: int, other: int) -> None:
        a, b = find(one), find(other)
        root[max(a, b)] = min(a, b)

    with_detail = events[events["detail"] != NO_CODE]
    new = details["new_security"][with_detail["detail"]]
    pairs = np.stack([with_detail["security"], new], axis=1)[new != NO_CODE]
    for one, other in np.unique(pairs, axis=0).tolist():
        tie(one, other)
    grouped = world.identical[np.argsort(world.identical["group"], kind="stable")]
    for one, other in itertools.pairwise(grouped):
        if one["group"] == other["group"]:
            tie(int(one["security"]), int(other["security"]))
    return np.array([find(security) for security in range(root.size)], dtype=np.int64)
