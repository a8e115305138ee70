"""Rows of a reconciliation from groups of lots: sums of both sides, and every difference that columns can show.

What is flagged here as a break of basis, day or shares is only a difference; whether it is a known one is looked at
afterwards (reconciliation_causes), lot by lot, since few rows have any.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.ledger.events import MISSING, Table
from lotwise.ledger.reconciliation_matching import Side, same_rows, sums_by_group
from lotwise.ledger.reconciliation_tables import RECONCILED, Cause, Tolerance
from lotwise.money import IntArray

__all__ = ["GroupedRows", "positions_of", "rows_of_groups"]


class GroupedRows(NamedTuple):
    """Rows, and the lots of each side in the order of the rows."""

    rows: Table  # (R,) RECONCILED without outcome
    our_lots: IntArray
    their_lots: IntArray

    def ours_of(self, row: int) -> IntArray:
        """Rows of our lots that one row is about."""
        first, count = self.rows[row][["our_first", "our_count"]].tolist()
        return self.our_lots[first : first + count]

    def theirs_of(self, row: int) -> IntArray:
        """Rows of their lots that one row is about."""
        first, count = self.rows[row][["their_first", "their_count"]].tolist()
        return self.their_lots[first : first + count]


def rows_of_groups(ours: Side, theirs: Side, groups: tuple[IntArray, IntArray], tolerance: Tolerance) -> GroupedRows:
    """Add up the lots of each group and flag how the two sides differ."""
    of_ours, of_theirs, size = _in_order(ours, theirs, groups)
    rows = np.zeros(size, RECONCILED)
    for column in ("account", "security"):
        rows[column][of_ours] = getattr(ours, column)
        rows[column][of_theirs] = getattr(theirs, column)
    rows["our_count"] = np.bincount(of_ours, minlength=size)
    rows["their_count"] = np.bincount(of_theirs, minlength=size)
    rows["our_first"] = np.cumsum(rows["our_count"]) - rows["our_count"]
    rows["their_first"] = np.cumsum(rows["their_count"]) - rows["their_count"]
    rows["our_shares"] = sums_by_group(of_ours, ours.shares, size)
    rows["their_shares"] = sums_by_group(of_theirs, theirs.shares, size)
    rows["our_basis"] = sums_by_group(of_ours, ours.basis, size)
    stated = theirs.basis != MISSING
    rows["their_basis"] = sums_by_group(of_theirs[stated], theirs.basis[stated], size)
    rows["their_basis"][np.bincount(of_theirs[~stated], minlength=size) > 0] = MISSING
    rows["causes"] = _counts_and_amounts(rows, tolerance) | _days(ours, theirs, of_ours, of_theirs, rows)
    return GroupedRows(rows, np.argsort(of_ours, kind="stable"), np.argsort(of_theirs, kind="stable"))


def positions_of(table: Table) -> IntArray:
    """Account and security of each row as one number, which sorts as they do."""
    positions: IntArray = (table["account"].astype(np.int64) << 32) | table["security"]
    return positions


def _in_order(ours: Side, theirs: Side, groups: tuple[IntArray, IntArray]) -> tuple[IntArray, IntArray, int]:
    """Renumber groups by account, security, first lot of ours, first of theirs."""
    size = 1 + max((int(numbers.max()) for numbers in groups if numbers.size), default=-1)
    keys = np.full((4, size), np.iinfo(np.int64).max)
    for place, side, numbers in ((2, ours, groups[0]), (3, theirs, groups[1])):
        keys[0][numbers] = side.account
        keys[1][numbers] = side.security
        np.minimum.at(keys[place], numbers, np.arange(numbers.size))
    new = np.empty(size, dtype=np.int64)
    new[np.lexsort(keys[::-1])] = np.arange(size)
    return new[groups[0]], new[groups[1]], size


def _counts_and_amounts(rows: Table, tolerance: Tolerance) -> IntArray:
    """Flag how many lots each side has, and whether shares and basis agree."""
    causes = np.zeros(rows.size, dtype=np.int64)
    ours, theirs = rows["our_count"], rows["their_count"]
    causes[theirs == 0] = Cause.ONLY_OURS
    causes[ours == 0] = Cause.ONLY_THEIRS
    both = (ours > 0) & (theirs > 0)
    most = np.maximum(ours, theirs).astype(np.int64)
    causes[both & (ours > 1)] |= Cause.AGGREGATED
    causes[both & (theirs > 1)] |= Cause.SPLIT
    apart = np.abs(rows["their_shares"] - rows["our_shares"])
    differs = both & (apart > tolerance.shares * most)
    causes[differs] |= Cause.SHARES
    causes[both & ~differs & (apart > 0)] |= Cause.ROUNDING
    unstated = rows["their_basis"] == MISSING
    causes[both & unstated] |= Cause.UNSTATED
    compared = both & ~unstated & ~differs
    apart = np.abs(np.where(compared, rows["their_basis"] - rows["our_basis"], 0))
    causes[apart > tolerance.basis * most] |= Cause.BASIS
    causes[(apart > 0) & (apart <= tolerance.basis * most)] |= Cause.ROUNDING
    return causes


def _days(ours: Side, theirs: Side, of_ours: IntArray, of_theirs: IntArray, rows: Table) -> IntArray:
    """Flag days of theirs that are no day of ours, the other way round, and days that they do not state."""
    size = rows.size
    undated = _any(of_theirs[theirs.acquired == NO_DATE], size)
    numbers = same_rows(
        np.concatenate((of_ours, of_ours, of_theirs)), np.concatenate((ours.acquired, ours.start, theirs.acquired))
    )
    came, counted, said = numbers[: of_ours.size], numbers[of_ours.size : 2 * of_ours.size], numbers[2 * of_ours.size :]
    span = int(numbers.max(initial=-1)) + 1
    day_came, day_counted, day_said = _any(came, span), _any(counted, span), _any(said, span)
    by_start = ~day_came[said] & day_counted[said]
    foreign = ~day_came[said] & ~day_counted[said] & (theirs.acquired != NO_DATE)
    unsaid = ~day_said[came] & ~day_said[counted]
    causes = np.zeros(size, dtype=np.int64)
    causes[undated] |= Cause.UNSTATED
    causes[_any(of_theirs[by_start & (theirs.acquired != NO_DATE)], size)] |= Cause.TACKED
    causes[_any(of_theirs[foreign], size) | (_any(of_ours[unsaid], size) & ~undated)] |= Cause.DAY
    causes[(rows["our_count"] == 0) | (rows["their_count"] == 0)] = 0
    return causes


def _any(numbers: IntArray, size: int) -> NDArray[np.bool_]:
    """Whether each number from 0 to size - 1 occurs."""
    occurs = np.zeros(size, dtype=np.bool_)
    occurs[numbers] = True
    return occurs
