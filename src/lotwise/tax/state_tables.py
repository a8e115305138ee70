"""The law of the states as tables that kernels read.

| table | one record is | fields |
|---|---|---|
| rows | a state in a year | state, year (code), first, end (its parts), loss_deduction (1 as federal, 0 own rule) |
| parts | a schedule in force | ordinary, short, long, qualified (weights, Rate), sign, first (bracket), count |
| brackets | a bracket for one filing status | lower (Money), rate (Rate), below (Money: the tax up to lower) |

The brackets of a part stand status by status, in the order of FilingStatus: single, married jointly, married
separately, head of household.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from lotwise.kernels import Records, records
from lotwise.money import FULL_RATE, exact_mul_div
from lotwise.tax.state_law import STATUSES, StateFile, StateSchedule
from lotwise.tax.state_reading import state_files

__all__ = ["UNKNOWN", "StateLaw", "load_states", "state_code", "state_tables", "thresholds"]

UNKNOWN = -1


def state_code(state: str) -> int:
    """The number that stands for a state in tables: its letters as bytes."""
    return int.from_bytes(state.encode(), "big")


class StateLaw(NamedTuple):
    """Tables of state law for kernels; the fields are described at the head of the module."""

    rows: Records
    parts: Records
    brackets: Records

    def row(self, state: str, year: int) -> int:
        """Row of a state's tax in a year; -1 where it is unknown (`why_unknown` says why)."""
        found = np.flatnonzero((self.rows["state"] == state_code(state)) & (self.rows["year"] == year))
        return int(found[0]) if found.size else UNKNOWN


def _fill_brackets(brackets: Records, first: int, schedule: StateSchedule) -> None:
    """Write one schedule's brackets, status by status, with the tax that is due below each."""
    at = first
    for lower in schedule.lower:
        below = 0
        for k, rate in enumerate(schedule.rates):
            if k:
                below += exact_mul_div(lower[k] - lower[k - 1], schedule.rates[k - 1], FULL_RATE)
            brackets[at] = (lower[k], rate, below)
            at += 1


def state_tables(files: tuple[StateFile, ...]) -> StateLaw:
    """Lay the law of states out as tables; rows by state and year."""
    kept = [(file, year) for file in files for year in file.years()]
    schedules = [schedule for file in files for schedule in file.schedules]
    used = sum(len(file.in_force(year)) for file, year in kept)
    held = sum(len(schedule.rates) for schedule in schedules)
    rows = records(len(kept), state=int, year=int, first=int, end=int, loss_deduction=int)
    parts = records(used, ordinary=int, short=int, long=int, qualified=int, sign=int, first=int, count=int)
    brackets = records(held * len(STATUSES), lower=int, rate=int, below=int)
    first_bracket: dict[StateSchedule, int] = {}
    filled = 0
    for schedule in schedules:
        first_bracket[schedule] = filled
        _fill_brackets(brackets, filled, schedule)
        filled += len(schedule.rates) * len(STATUSES)
    part = 0
    for at, (file, year) in enumerate(kept):
        first = part
        for schedule in file.in_force(year):
            parts[part] = (*schedule.weights, schedule.sign, first_bracket[schedule], len(schedule.rates))
            part += 1
        follows = file.follows_loss_deduction
        rows[at] = (state_code(file.state), year, first, part, follows is not None and follows[0] <= year <= follows[1])
    return StateLaw(rows, parts, brackets)


@cache
def load_states() -> StateLaw:
    """Tables of every state whose law is kept; read once.

    Raises StateLawError where a file is wrong.
    """
    return state_tables(state_files())


def thresholds(law: StateLaw, row: int, status: int) -> tuple[int, ...]:
    """Thresholds (Money, each once, rising) at which a row's schedules change their rate for a filing status.

    They are values of the schedules' bases, not of one income: `next_change` measures the way there.
    """
    found: set[int] = set()
    for part in range(law.rows[row].first, law.rows[row].end):
        count = int(law.parts[part].count)
        first = int(law.parts[part].first) + status * count
        found.update(int(lower) for lower in law.brackets["lower"][first : first + count])
    return tuple(sorted(found))
