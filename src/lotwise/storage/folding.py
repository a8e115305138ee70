"""Folding new events onto what stands, taxpayer by taxpayer: extended where they come last, else folded again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.ledger.events import Table
from lotwise.ledger.fold import empty_state, fold
from lotwise.ledger.merging import merge_states
from lotwise.ledger.tables import Refusal, State, World
from lotwise.money import IntArray
from lotwise.storage.event_tables import event_tables, joined
from lotwise.storage.folded import Standing, added_by_account, last_days, of_accounts, renumbered
from lotwise.storage.journal import NUMBER, Journal
from lotwise.storage.names import Names

__all__ = ["Candidates", "Outcome", "fold_onto"]


class Candidates(NamedTuple):
    """E events that may be posted, in their order, with all that they refer to."""

    events: Table
    details: Table
    names: Names
    world: World
    renaming: NDArray[np.bool_]  # (E,) whether it names a lot that the state does not know by that name yet


class Outcome(NamedTuple):
    """What became of the candidates, and where the ledger stands with those that were posted."""

    status: NDArray[np.uint8]  # (E,) tables.Refusal
    breaks: IntArray  # (E,) event of the journal that could not stand beside it; -1 = none
    standing: Standing


class _Part(NamedTuple):
    """What one fold of some taxpayers came to. Events are counted from `first`: the journal's `old`, then the new."""

    state: State
    first: int
    old: Table
    old_numbers: IntArray
    old_status: NDArray[np.uint8]
    old_cash: IntArray
    chosen: IntArray  # the new ones, positions among the candidates
    status: NDArray[np.uint8]
    cash: IntArray


def fold_onto(standing: Standing, candidates: Candidates, journal: Journal) -> Outcome:
    """Fold the candidates; what the journal holds keeps standing, and a candidate against that is OUT_OF_ORDER.

    `standing` has room for every account that the candidates name.
    """
    events = candidates.events
    status = np.zeros(events.size, np.uint8)
    breaks = np.full(events.size, -1, np.int64)
    if not events.size:
        return Outcome(status, breaks, standing)
    taxpayer = candidates.world.accounts["taxpayer"]
    folded_until = np.full(int(taxpayer.max()) + 1, NO_DATE, np.int32)
    np.maximum.at(folded_until, taxpayer, standing.last_day)
    named = np.isin(np.arange(folded_until.size), taxpayer[events["account"]])
    again = np.zeros(folded_until.size, np.bool_)
    again[taxpayer[events["account"]][events["day"] <= folded_until[taxpayer[events["account"]]]]] = True
    again[taxpayer[events["account"][candidates.renaming]]] = True
    parts = []
    touched, rest = of_accounts(standing.state, named[taxpayer])
    if (named & ~again).any():
        earlier, _ = of_accounts(touched, ~again[taxpayer])
        chosen = np.flatnonzero(~again[taxpayer[events["account"]]])
        parts.append(_extended(earlier, standing.rows, candidates, chosen))
    if again.any():
        part = _Refolding(standing, candidates, journal, again[taxpayer]).admit(breaks)
        parts.append(part)
    for part in parts:
        status[part.chosen] = part.status
    status[breaks >= 0] = Refusal.OUT_OF_ORDER
    return Outcome(status, breaks, _after(standing, candidates, status, parts, rest))


def _extended(state: State, first: int, candidates: Candidates, chosen: IntArray) -> _Part:
    folded = fold(candidates.events[chosen], candidates.details, candidates.world, state, first_event=first)
    none = np.empty(0, np.int64)
    return _Part(
        folded.state,
        first,
        candidates.events[:0],
        none,
        none.astype(np.uint8),
        none,
        chosen,
        folded.status,
        folded.cash,
    )


def _after(
    standing: Standing, candidates: Candidates, status: NDArray[np.uint8], parts: list[_Part], rest: State
) -> Standing:
    """Put the parts together; the posted candidates follow the rows of the journal."""
    posted = status == Refusal.POSTED
    number = standing.rows + np.cumsum(posted) - 1
    state, cash, refused = rest, standing.cash.copy(), [standing.refused]
    for part in parts:
        state = merge_states(
            state, renumbered(part.state, part.first, np.concatenate((part.old_numbers, number[part.chosen])))
        )
        cash[np.unique(part.old["account"])] = 0
        cash = added_by_account(cash, part.old, part.old_cash)
        cash = added_by_account(cash, candidates.events[part.chosen], part.cash)
        refused.append(part.old_numbers[part.old_status != Refusal.POSTED])
    return standing._replace(
        names=candidates.names,
        state=state,
        last_day=last_days(standing.last_day, candidates.events[posted]),
        cash=cash,
        refused=np.unique(np.concatenate(refused)),
    )


class _Refolding:
    """Folds some taxpayers again: their events of the journal, and those candidates beside which all these stand."""

    def __init__(self, standing: Standing, candidates: Candidates, journal: Journal, chosen: NDArray[np.bool_]) -> None:
        rows = journal.read(candidates.names.accounts.filter(pl.Series(chosen)))
        self._candidates = candidates
        self._old, self._old_details = event_tables(rows, candidates.names)
        self._numbers = rows[NUMBER].to_numpy()
        self._fallen = np.isin(self._numbers, standing.refused)  # already, under this register
        self._new = np.flatnonzero(chosen[candidates.events["account"]])
        self._taxpayer = candidates.world.accounts["taxpayer"]

    def admit(self, breaks: IntArray) -> _Part:
        """Fold with every candidate that can be admitted; `breaks` says of the others what could not stand."""
        part = self._fold(self._new)
        against = self._against(part)
        if not against.any():
            return part
        spoiled = np.unique(self._taxpayer[self._old["account"][against]])
        given = self._new[~np.isin(self._taxpayer[self._candidates.events["account"][self._new]], spoiled)]
        for payer in spoiled:
            own = self._new[self._taxpayer[self._candidates.events["account"][self._new]] == payer]
            given = np.sort(np.concatenate((given, self._admitted(own, given[:0], breaks))))
        return self._fold(given)

    def _admitted(self, rows: IntArray, given: IntArray, breaks: IntArray) -> IntArray:
        """Those of one taxpayer's candidates that can join the ones already given; halving finds the others."""
        part = self._fold(np.sort(np.concatenate((given, rows))), only=rows[:1])
        against = self._against(part)
        if not against.any():
            return rows
        if rows.size == 1:
            breaks[rows[0]] = part.old_numbers[np.flatnonzero(against)[0]]
            return rows[:0]
        first = self._admitted(rows[: rows.size // 2], given, breaks)
        second = self._admitted(rows[rows.size // 2 :], np.concatenate((given, first)), breaks)
        return np.concatenate((first, second))

    def _against(self, part: _Part) -> NDArray[np.bool_]:
        """Events of the journal that stood and would not any more."""
        stood = ~self._fallen[np.isin(self._numbers, part.old_numbers)]
        against: NDArray[np.bool_] = (part.old_status != Refusal.POSTED) & stood
        return against

    def _fold(self, chosen: IntArray, only: IntArray | None = None) -> _Part:
        """Fold the journal's events and the chosen candidates, of the taxpayer of `only` or of all."""
        old = np.ones(self._old.size, np.bool_)
        if only is not None:
            payer = self._taxpayer[self._candidates.events["account"][only[0]]]
            old = self._taxpayer[self._old["account"]] == payer
        kept = self._old[old]
        events, details = joined((kept, self._old_details), (self._candidates.events[chosen], self._candidates.details))
        folded = fold(events, details, self._candidates.world, empty_state())
        return _Part(
            folded.state,
            0,
            kept,
            self._numbers[old],
            folded.status[: kept.size],
            folded.cash[: kept.size],
            chosen,
            folded.status[kept.size :],
            folded.cash[kept.size :],
        )
