"""Putting sorted tables of a state together without sorting them again: most of a ledger stays where it is."""

from __future__ import annotations

import numpy as np

from lotwise.ledger.events import Table
from lotwise.ledger.tables import State
from lotwise.money import IntArray

__all__ = ["merge_states", "merge_tables"]

_SALES = 1 << 40  # more than a journal has events


def merge_tables(one: Table, other: Table, one_key: IntArray, other_key: IntArray) -> Table:
    """Merge two tables sorted by a key of which they have no value in common; rows of one key keep their order."""
    place = np.searchsorted(one_key, other_key)
    made = np.empty(one.size + other.size, one.dtype)
    is_other = np.zeros(made.size, np.bool_)
    is_other[place + np.arange(other.size)] = True
    made[is_other] = other
    made[~is_other] = one
    return made


def merge_states(one: State, other: State) -> State:
    """Put two states of different taxpayers together."""
    tables = []
    for name, (a, b) in zip(State._fields, zip(one, other, strict=True), strict=True):
        more, less = (a, b) if a.size >= b.size else (b, a)
        tables.append(merge_tables(more, less, _key(name, more), _key(name, less)) if less.size else more)
    return State(*tables)


def _key(name: str, table: Table) -> IntArray:
    """What a table of a state is sorted by, as far as tables of different taxpayers go."""
    if name == "washes":
        key: IntArray = table["day"].astype(np.int64) * _SALES + table["sale"]
        return key
    return np.ascontiguousarray(table["account" if name == "lots" else "event"])
