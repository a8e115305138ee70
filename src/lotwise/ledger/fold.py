"""Folding: a record of events becomes lots, realised gains and wash sales, the same way every time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import Table
from lotwise.ledger.tables import LOT, REALIZED, WASH, State, World

__all__ = ["Folded", "empty_state", "fold"]


class Folded(NamedTuple):
    """What a record of events folds into."""

    state: State
    status: NDArray[np.uint8]  # (E,) tables.Refusal of every event


def empty_state() -> State:
    """Return the state before the first event."""
    return State(np.empty(0, LOT), np.empty(0, REALIZED), np.empty(0, WASH))


def fold(events: Table, details: Table, world: World, state: State | None = None, *, first_event: int = 0) -> Folded:
    """Fold events onto a state; each is posted whole or refused whole.

    `events` is EVENT in the order in which they were recorded, their numbers counted from `first_event`; they are
    taken by day and, within a day, in this order. Every day must be later than what `state` was folded from.
    """
    raise NotImplementedError
