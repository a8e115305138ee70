"""Why a custodian's lots differ from ours though neither side is wrong.

Custodians adjust basis for wash sales only within one account and for one security of the same identifier (Treas. Reg.
1.6045-1(d)(6)(iii)), while the law looks at every account of the taxpayer and spouse: their basis and ours may
rightly differ by a loss that one side moved and the other did not. Where they state an original basis, that is what
must agree. Where they do not, the difference must be exactly such a loss, to the tolerance.

Their day of a replacement lot is often the earlier one from which the holding period counts (26 U.S.C. 1223(3)). The
law does not fix how days are added, so a day more or less is not a break.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import MISSING, NO_CODE, Table
from lotwise.ledger.reconciliation_rows import GroupedRows, positions_of
from lotwise.ledger.reconciliation_tables import BROKEN_CAUSES, Cause, Outcome, Tolerance
from lotwise.ledger.tables import LotMark
from lotwise.money import SHARE, IntArray, exact_mul_div

__all__ = ["Books", "explain"]

_TACKING_APART = 1  # days: holding periods counted with or without the day of the sale


class Books(NamedTuple):
    """Both sides of a reconciliation."""

    ours: Table  # LOT
    theirs: Table  # CUSTODIAN_LOT
    realized: Table  # REALIZED
    accounts: Table  # ACCOUNT
    as_of: int
    tolerance: Tolerance


class _Sums(NamedTuple):
    """What our side of a row amounts to, shares sold today included where they still list them."""

    basis: int
    original: int
    absorbed: int


def explain(grouped: GroupedRows, books: Books) -> None:
    """Replace breaks by what explains them, and set the outcome of every row; `grouped.rows` is written to."""
    rows = grouped.rows
    untaxed = (books.accounts["kind"] != AccountKind.TAXABLE)[rows["account"]]
    untaxed &= rows["causes"] & (Cause.BASIS | Cause.DAY) != 0
    rows["causes"][untaxed] = rows["causes"][untaxed] & ~(Cause.BASIS | Cause.DAY) | Cause.UNTAXED
    suspects = np.flatnonzero(rows["causes"] & BROKEN_CAUSES)
    desk = _Explaining(grouped, books, suspects)
    for row in suspects.tolist():
        desk.pending(row)
        desk.washed(row)
    desk.averaged(np.flatnonzero(rows["causes"] & Cause.BASIS))
    causes = rows["causes"]
    rows["outcome"] = np.where(
        causes == 0, Outcome.MATCHED, np.where(causes & BROKEN_CAUSES, Outcome.BROKEN, Outcome.EXPLAINED)
    )


class _Explaining:
    """Looks at one row after the other; a sale of today explains one row only."""

    def __init__(self, grouped: GroupedRows, books: Books, suspects: IntArray) -> None:
        self._grouped = grouped
        self._books = books
        self._sold: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._positions = positions_of(grouped.rows)
        for row in np.flatnonzero(np.isin(positions_of(books.realized), self._positions[suspects])).tolist():
            record = books.realized[row]
            self._sold[int(record["account"]), int(record["security"])].append(row)
        self._used: set[int] = set()
        self._taken: dict[int, list[int]] = {}

    def _ours(self, row: int) -> Table:
        return self._books.ours[self._grouped.ours_of(row)]

    def _theirs(self, row: int) -> Table:
        return self._books.theirs[self._grouped.theirs_of(row)]

    def pending(self, row: int) -> None:
        """Explain what was traded today and is not on their list yet."""
        record = self._grouped.rows[row]
        causes = int(record["causes"])
        ours = self._ours(row)
        if causes & Cause.ONLY_OURS:
            bought = (ours["acquired"] == self._books.as_of) & (ours["marks"] & LotMark.REPLACEMENT != 0)
            if bought.all():
                record["causes"] = Cause.PENDING_BUY
            return
        if not causes & (Cause.SHARES | Cause.ONLY_THEIRS):
            return
        missing = int(record["their_shares"] - record["our_shares"])
        sold = self._sold_today(row, missing)
        if not sold:
            return
        self._used.update(sold)
        self._taken[row] = sold
        causes = causes & ~(Cause.SHARES | Cause.ONLY_THEIRS) | Cause.PENDING_SALE
        if record["their_basis"] == MISSING:
            causes |= Cause.UNSTATED
        else:
            apart = abs(int(record["their_basis"]) - self._sums(row).basis)
            causes |= Cause.BASIS if apart > self._allowed(row) else Cause.ROUNDING if apart else 0
        record["causes"] = causes

    def _sold_today(self, row: int, missing: int) -> list[int]:
        """Realised rows of today that make up exactly the shares we lack: of their name, else of their day."""
        record = self._grouped.rows[row]
        theirs = self._theirs(row)
        realized = self._books.realized
        today = [
            sale
            for sale in self._sold[int(record["account"]), int(record["security"])]
            if realized[sale]["sold"] == self._books.as_of and sale not in self._used
        ]
        names = set(theirs["name"].tolist()) - {NO_CODE}
        days = set(theirs["acquired"].tolist())
        named = [sale for sale in today if int(realized[sale]["name"]) in names]
        dated = [sale for sale in today if {int(realized[sale][d]) for d in ("acquired", "holding_start")} & days]
        undated = today if days == {NO_DATE} else []
        for sales in (named, dated, undated):
            if sales and sum(_signed_shares(realized[sale]) for sale in sales) == missing:
                return sales
        return []

    def _allowed(self, row: int) -> int:
        record = self._grouped.rows[row]
        return self._books.tolerance.basis * max(int(record["our_count"]), int(record["their_count"]), 1)

    def _sums(self, row: int) -> _Sums:
        ours = self._ours(row)
        sold = [self._books.realized[sale] for sale in self._taken.get(row, ())]
        closed = sum(int(sale["basis"]) for sale in sold)
        basis = sum(ours["basis"].tolist()) + closed
        original = sum(ours["original_basis"].tolist()) + closed
        return _Sums(basis, original, sum(ours["absorbed_loss"].tolist()))

    def washed(self, row: int) -> None:
        """Explain a basis that differs by a wash-sale loss, and a day that differs by its holding period."""
        record = self._grouped.rows[row]
        causes = int(record["causes"])
        if not causes & (Cause.BASIS | Cause.DAY):
            return
        ours, theirs = self._ours(row), self._theirs(row)
        if causes & Cause.BASIS and self._is_wash(row, theirs):
            causes = causes & ~Cause.BASIS | Cause.WASH_ADJUSTMENT
        if causes & Cause.DAY and _days_are_tacked(ours, theirs, bool(causes & Cause.WASH_ADJUSTMENT)):
            causes = causes & ~Cause.DAY | Cause.TACKED
        record["causes"] = causes

    def _is_wash(self, row: int, theirs: Table) -> bool:
        """Whether the difference in basis is a wash adjustment: by their original basis, else by the loss itself."""
        sums = self._sums(row)
        basis = sum(theirs["basis"].tolist())
        allowed = self._allowed(row)
        if MISSING not in theirs["original_basis"]:
            original = sum(theirs["original_basis"].tolist())
            return bool(abs(original - sums.original) <= allowed and basis >= original - allowed)
        ours = self._ours(row)
        without = {0, sums.absorbed, sums.basis - sums.original, *ours["absorbed_loss"].tolist()}
        taken_over = {0, *self._losses_near(row, ours)}
        apart = basis - sums.basis
        moved = {more - less for more in taken_over for less in without} - {0}
        return any(abs(apart - loss) <= allowed for loss in moved)

    def _losses_near(self, row: int, ours: Table) -> Iterable[int]:
        """Losses of the same account and security that they may have moved into these lots, whole or in proportion."""
        record = self._grouped.rows[row]
        held = int(record["our_shares"])
        for place in self._sold[int(record["account"]), int(record["security"])]:
            sale = self._books.realized[place]
            loss, sold = int(sale["basis"] - sale["proceeds"]), int(sale["shares"])
            if loss <= 0:
                continue
            if np.any(np.abs(ours["acquired"].astype(np.int64) - int(sale["sold"])) <= WASH_DAYS):
                yield loss
                yield exact_mul_div(loss, min(abs(held), sold), sold)

    def averaged(self, rows: IntArray) -> None:
        """Explain rows whose basis differs only since they spread that of the position evenly over its shares."""
        table = self._grouped.rows
        for position in np.unique(self._positions[rows]):
            members = np.arange(*np.searchsorted(self._positions, (position, position + 1)))
            if self._is_averaged(table[members], members):
                for row in members:
                    causes = int(table[row]["causes"])
                    if causes & Cause.BASIS:
                        table[row]["causes"] = causes & ~Cause.BASIS | Cause.AVERAGE_COST

    def _is_averaged(self, members: Table, rows: IntArray) -> bool:
        """Whether all lots of theirs have the position's basis per share, and the position the same basis as ours."""
        other = Cause.SHARES | Cause.ONLY_OURS | Cause.ONLY_THEIRS | Cause.PENDING_BUY | Cause.PENDING_SALE
        if members.size < 2 or np.any(members["causes"] & other) or np.any(members["their_basis"] == MISSING):
            return False
        shares, basis = sum(members["their_shares"].tolist()), sum(members["their_basis"].tolist())
        allowed = sum(self._allowed(row) for row in rows.tolist())
        if shares <= 0 or abs(basis - sum(members["our_basis"].tolist())) > allowed:
            return False
        lots = (lot for row in rows.tolist() for lot in self._theirs(row))
        # The average is printed to the ten-thousandth: each share may be half of one off.
        return all(
            abs(int(lot["basis"]) - exact_mul_div(basis, int(lot["shares"]), shares))
            <= self._books.tolerance.basis + exact_mul_div(int(lot["shares"]), 1, 2 * SHARE)
            for lot in lots
        )


def _days_are_tacked(ours: Table, theirs: Table, washed: bool) -> bool:
    """Whether each day of theirs fits a lot of ours, and the other way round, where wash sales may move it back."""

    def fits(lot: np.void, day: int) -> bool:
        acquired, start = int(lot["acquired"]), int(lot["holding_start"])
        if day in (acquired, start):
            return True
        if NO_DATE in (acquired, day):
            return False
        moved = bool(lot["marks"] & LotMark.ABSORBED) and abs(day - start) <= _TACKING_APART
        return moved or (washed and day < acquired)

    days = theirs["acquired"].tolist()
    return all(any(fits(lot, day) for lot in ours) for day in days) and all(
        any(fits(lot, day) for day in days) for lot in ours
    )


def _signed_shares(sale: np.void) -> int:
    return -int(sale["shares"]) if sale["marks"] & LotMark.SHORT else int(sale["shares"])
