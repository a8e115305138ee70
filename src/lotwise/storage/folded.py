"""What has been folded, cut by taxpayer: parts of it are taken out, put back and numbered as the journal numbers.

A fold counts its events from a first number on. The journal's own numbers of the same events, ascending, are put in
their place afterwards; since both ascend, whatever was sorted stays sorted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.ledger.events import Table
from lotwise.ledger.fold import empty_state
from lotwise.ledger.tables import LOTS_OF_EVENT, State
from lotwise.money import IntArray
from lotwise.storage.names import NO_NAMES, Names

__all__ = ["NOTHING", "Standing", "added_by_account", "last_days", "of_accounts", "renumbered", "room_for"]

# Columns that hold the number of an event, and the number of a lot (event x LOTS_OF_EVENT + count).
_EVENTS = (("acquisition", "absorbed_from"), ("event", "acquisition"), ("sale", "purchase"))
_LOTS = (("number", "parent"), ("lot",), ("sold_lot", "lot"))


class Standing(NamedTuple):
    """Where a ledger stands: everything folded, by code of account (A accounts)."""

    names: Names
    state: State
    last_day: NDArray[np.int32]  # (A,) day of the last event; dates.NO_DATE = none
    cash: IntArray  # (A,) money that all events moved
    refused: IntArray  # events of the journal that the present register does not let stand
    rows: int  # of the journal


NOTHING = Standing(
    NO_NAMES,
    empty_state(),
    np.empty(0, np.int32),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    0,
)


def room_for(standing: Standing, names: Names) -> Standing:
    """Make room for accounts that are named for the first time."""
    more = len(names.accounts) - standing.last_day.size
    last_day = np.concatenate((standing.last_day, np.full(more, NO_DATE, np.int32)))
    return standing._replace(names=names, last_day=last_day, cash=np.concatenate((standing.cash, np.zeros(more, int))))


def of_accounts(state: State, chosen: NDArray[np.bool_]) -> tuple[State, State]:
    """Split a state into what belongs to the chosen accounts ((A,) flags) and the rest.

    A wash sale belongs to the accounts of its sale.
    """
    if chosen.all():  # a day on which every taxpayer trades: nothing is copied
        return state, empty_state()
    if not chosen.any():
        return empty_state(), state
    lots, realized = chosen[state.lots["account"]], chosen[state.realized["account"]]
    place = np.searchsorted(state.realized["event"], state.washes["sale"])
    washes = realized[place]
    return (
        State(state.lots[lots], state.realized[realized], state.washes[washes]),
        State(state.lots[~lots], state.realized[~realized], state.washes[~washes]),
    )


def renumbered(state: State, first: int, numbers: IntArray) -> State:
    """Put `numbers[k]` in the place of event `first + k`, in every table; earlier events keep their numbers."""
    if np.array_equal(numbers, np.arange(first, first + numbers.size)):
        return state
    made = []
    for table, events, lots in zip(state, _EVENTS, _LOTS, strict=True):
        fresh = table.copy()
        for name in events:
            fresh[name] = _moved(table[name], first, numbers)
        for name in lots:
            event = np.where(table[name] < 0, -1, table[name] // LOTS_OF_EVENT)
            count = table[name] - event * LOTS_OF_EVENT
            fresh[name] = np.where(event < 0, table[name], _moved(event, first, numbers) * LOTS_OF_EVENT + count)
        made.append(fresh)
    return State(*made)


def _moved(events: IntArray, first: int, numbers: IntArray) -> IntArray:
    later = events >= first
    moved = events.copy()
    moved[later] = numbers[events[later] - first]
    return moved


def last_days(last_day: NDArray[np.int32], events: Table) -> NDArray[np.int32]:
    """Last day of each account after more events."""
    later = last_day.copy()
    np.maximum.at(later, events["account"], events["day"])
    return later


def added_by_account(cash: IntArray, events: Table, moved: IntArray) -> IntArray:
    """Cash of each account after more events have moved some."""
    total = cash.copy()
    np.add.at(total, events["account"], moved)
    return total
