"""Which lots of ours stand for which lots of the custodian's: passes from the plainest match to the loosest.

Each pass looks only at what the passes before it left over, always within one account and security, long with long
and short with short:

1. name, day, shares and basis are all the same;
2. name and shares; then names whose lots add up to the same shares (sub-lots after a wash sale);
3. day and shares; the day may be the one our holding period counts from;
4. days whose lots add up to the same shares, again by either day;
5. shares, where basis agrees or they state none or no day;
6. the rest of a position where they state no day and the shares add up;
7. what shares a name, then what shares a day, though the shares differ: one break rather than two;
8. every other lot by itself.

A pass is sorts and joins over whole columns: a million plain lots take seconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.ledger.events import MISSING, NO_CODE, Table
from lotwise.ledger.reconciliation_tables import Tolerance
from lotwise.ledger.tables import LotMark
from lotwise.money import IntArray

__all__ = ["Side", "group_lots", "same_rows", "side_of_custodian", "side_of_ledger", "sums_by_group"]

_UNASSIGNED = -1


class Side(NamedTuple):
    """The lots of one side as columns that both sides have."""

    account: IntArray
    security: IntArray
    short: IntArray  # 1 = sold short
    name: IntArray
    acquired: IntArray
    start: IntArray  # day the holding period counts from; of the custodian's the day acquired
    shares: IntArray  # short ones negative
    basis: IntArray  # MISSING = not stated
    original: IntArray  # MISSING = not stated

    def of(self, rows: IntArray) -> Side:
        """Take some of the lots."""
        return Side(*(column[rows] for column in self))


def side_of_ledger(lots: Table) -> Side:
    """Columns of our lots (LOT)."""
    short = (lots["marks"] & LotMark.SHORT) != 0
    shares = np.where(short, -lots["shares"], lots["shares"])
    return _side(lots, shares, lots["holding_start"])


def side_of_custodian(lots: Table) -> Side:
    """Columns of a custodian's lots (CUSTODIAN_LOT)."""
    return _side(lots, lots["shares"], lots["acquired"])


def _side(lots: Table, shares: IntArray, start: IntArray) -> Side:
    account, security, name, acquired = (
        lots[column].astype(np.int64) for column in ("account", "security", "name", "acquired")
    )
    short = (shares < 0).astype(np.int64)
    days = start.astype(np.int64)
    return Side(account, security, short, name, acquired, days, shares, lots["basis"], lots["original_basis"])


def same_rows(*columns: IntArray) -> IntArray:
    """Number rows from 0 so that two rows have one number if they are equal in every column."""
    size = columns[0].size
    order = np.lexsort(columns[::-1])
    changed = np.zeros(size, dtype=np.int64)
    for column in columns:
        ordered = column[order]
        changed[1:] |= ordered[1:] != ordered[:-1]
    numbers = np.empty(size, dtype=np.int64)
    numbers[order] = np.cumsum(changed)
    return numbers


def sums_by_group(groups: IntArray, values: IntArray, size: int) -> IntArray:
    """Exact sum of the values of each group; groups are 0 to size - 1."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, groups, values)
    return sums


def group_lots(ours: Side, theirs: Side, tolerance: Tolerance) -> tuple[IntArray, IntArray]:
    """Number the group of each of our lots and of each of theirs: the lots of one group are one row of the result."""
    grouping = _Grouping(ours, theirs, tolerance)
    grouping.pair("name", "acquired", "shares", "basis")
    grouping.pair("name", "shares", only=_NAMED)
    grouping.pool("name", only=_NAMED)
    grouping.pair("acquired", "shares")
    grouping.pair("start", "shares")
    grouping.pool("acquired", only=_DATED)
    grouping.pool("start", only=_DATED)
    grouping.pair("shares", "basis")
    grouping.pair("shares", alike=True)
    grouping.pool(undated=True)
    grouping.pool("name", only=_NAMED, equal=False)
    grouping.pool("acquired", only=_DATED, equal=False)
    return grouping.finish()


_NAMED = ("name", NO_CODE)
_DATED = ("start", int(NO_DATE))


class _Grouping:
    """Which lots are grouped so far; every pass adds groups."""

    def __init__(self, ours: Side, theirs: Side, tolerance: Tolerance) -> None:
        self._sides = (ours, theirs)
        self._groups = (
            np.full(ours.shares.size, _UNASSIGNED, dtype=np.int64),
            np.full(theirs.shares.size, _UNASSIGNED, dtype=np.int64),
        )
        self._tolerance = tolerance
        self._count = 0

    def _left(self, columns: tuple[str, ...], only: tuple[str, int] | None) -> tuple[IntArray, IntArray, IntArray]:
        """Rows left on our side, on theirs, and a number of each (ours first), equal where all columns are."""
        rows: list[IntArray] = []
        for side, groups in zip(self._sides, self._groups, strict=True):
            left = groups == _UNASSIGNED
            if only is not None:
                left &= getattr(side, only[0]) != only[1]
            rows.append(np.flatnonzero(left))
        keys = [
            np.concatenate([getattr(side, name)[kept] for side, kept in zip(self._sides, rows, strict=True)])
            for name in ("account", "security", "short", *columns)
        ]
        return rows[0], rows[1], same_rows(*keys)

    def pair(self, *columns: str, only: tuple[str, int] | None = None, alike: bool = False) -> None:
        """Group one of ours with one of theirs where the columns are equal; among equals by day, then by basis.

        With `alike`, only where basis agrees too or they leave basis or day open.
        """
        ours, theirs, numbers = self._left(columns, only)
        if not (ours.size and theirs.size):
            return
        of_ours, of_theirs = numbers[: ours.size], numbers[ours.size :]
        ranks = [_ranks(of_ours, self._sides[0].of(ours)), _ranks(of_theirs, self._sides[1].of(theirs))]
        places = same_rows(numbers, np.concatenate(ranks))
        at = np.full((2, int(places.max()) + 1), _UNASSIGNED, dtype=np.int64)
        at[0, places[: ours.size]] = ours
        at[1, places[ours.size :]] = theirs
        one, other = at[:, (at != _UNASSIGNED).all(axis=0)]
        if alike:
            keep = self._alike(one, other)
            one, other = one[keep], other[keep]
        new = self._count + np.arange(one.size)
        self._groups[0][one], self._groups[1][other] = new, new
        self._count += one.size

    def _alike(self, one: IntArray, other: IntArray) -> NDArray[np.bool_]:
        basis = self._sides[1].basis[other]
        open_basis: NDArray[np.bool_] = basis == MISSING
        open_day: NDArray[np.bool_] = self._sides[1].acquired[other] == NO_DATE
        apart = np.where(open_basis, 0, basis) - self._sides[0].basis[one]
        near: NDArray[np.bool_] = np.abs(apart) <= self._tolerance.basis
        return near | open_basis | open_day

    def pool(
        self, *columns: str, only: tuple[str, int] | None = None, undated: bool = False, equal: bool = True
    ) -> None:
        """Group all lots that are equal in the columns, where both sides have some and their shares add up equally.

        `undated`: only where they state no day for any of them. `equal` False: though the shares differ.
        """
        ours, theirs, numbers = self._left(columns, only)
        if not (ours.size and theirs.size):
            return
        of_ours, of_theirs = numbers[: ours.size], numbers[ours.size :]
        size = int(numbers.max()) + 1
        count = np.bincount(of_ours, minlength=size), np.bincount(of_theirs, minlength=size)
        good: NDArray[np.bool_] = (count[0] > 0) & (count[1] > 0)
        if equal:
            apart = sums_by_group(of_ours, self._sides[0].shares[ours], size)
            apart -= sums_by_group(of_theirs, self._sides[1].shares[theirs], size)
            good &= np.abs(apart) <= self._tolerance.shares * np.maximum(*count)
        if undated:
            stated = self._sides[1].acquired[theirs] != NO_DATE
            good &= np.bincount(of_theirs[stated], minlength=size) == 0
        new = self._count + np.cumsum(good) - 1
        self._groups[0][ours[good[of_ours]]] = new[of_ours[good[of_ours]]]
        self._groups[1][theirs[good[of_theirs]]] = new[of_theirs[good[of_theirs]]]
        self._count += int(np.count_nonzero(good))

    def finish(self) -> tuple[IntArray, IntArray]:
        """Give every lot that is left a group of its own."""
        for groups in self._groups:
            alone = np.flatnonzero(groups == _UNASSIGNED)
            groups[alone] = self._count + np.arange(alone.size)
            self._count += alone.size
        return self._groups


def _ranks(numbers: IntArray, side: Side) -> IntArray:
    """Place of each lot among those of its number, by day, then basis, then whatever else tells them apart."""
    order = np.lexsort((side.original, side.name, side.start, side.shares, side.basis, side.acquired, numbers))
    ordered = numbers[order]
    first = np.searchsorted(ordered, ordered)
    ranks = np.empty(numbers.size, dtype=np.int64)
    ranks[order] = np.arange(numbers.size) - first
    return ranks
