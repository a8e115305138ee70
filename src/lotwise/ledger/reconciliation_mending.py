"""Events that make our lots a custodian's, for rows of a reconciliation that are broken.

The custodian is taken to be right: these are proposals to look at, and then to post. They move lots and correct their
basis; they cannot know that shares were sold, or for how much. Where a break comes from a trade that was never
posted, the trade itself is the better event.

- One lot against one, and the lot has a name of its own: TRANSFER_OUT of what they do not have, TRANSFER_IN of what we
  do not, BASIS_CORRECTION of basis or day.
- Anything else (sub-lots that share a name, lots without one, several against several): the position is taken out
  whole and brought in again, their lots for the broken rows and our own for the others.

Nothing is proposed for shares sold short, for a gift with a basis of its own for losses (neither event can say it),
for lots whose basis they do not state, and for a sale of today whose basis differs: the list of tomorrow will tell.
A position is not brought in again while a loss of its security waits for a replacement (see `_would_wash`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import DETAIL, EVENT, MISSING, NO_CODE, EventFlag, EventKind, Relief, Table, no_details
from lotwise.ledger.reconciliation_causes import Books
from lotwise.ledger.reconciliation_rows import GroupedRows, positions_of
from lotwise.ledger.reconciliation_tables import Cause, Outcome
from lotwise.ledger.tables import LotMark
from lotwise.money import IntArray, exact_mul_div

__all__ = ["Mending", "mend"]


class Mending(NamedTuple):
    """Events that mend, and the row that each one mends."""

    events: Table  # (E,) EVENT
    details: Table  # (D,) DETAIL
    event_row: IntArray  # (E,)


class _Draft(NamedTuple):
    """An event to be."""

    row: int
    kind: EventKind
    account: int
    security: int
    name: int
    shares: int = 0
    basis: int = MISSING
    original: int = MISSING
    acquired: int = NO_DATE
    start: int = NO_DATE
    flags: EventFlag = EventFlag(0)


def mend(grouped: GroupedRows, books: Books) -> Mending:
    """Draft the events for every broken row, what leaves before what comes.

    They are of the day after: the day that is compared is closed, and its wash sales stay as they were matched.
    """
    broken = np.flatnonzero(grouped.rows["outcome"] == Outcome.BROKEN)
    positions: dict[tuple[int, int], list[int]] = {}
    for row in broken.tolist():
        record = grouped.rows[row]
        positions.setdefault((int(record["account"]), int(record["security"])), []).append(row)
    drafts: list[_Draft] = []
    desk = _Mending(grouped, books)
    for position, rows in positions.items():
        drafts.extend(desk.position(position, rows))
    drafts.sort(key=lambda draft: _ORDER[draft.kind])
    return _as_tables(drafts, books.as_of + 1)


_ORDER = {EventKind.TRANSFER_OUT: 0, EventKind.BASIS_CORRECTION: 1, EventKind.TRANSFER_IN: 2}


class _Mending:
    """Drafts the events of one position after the other."""

    def __init__(self, grouped: GroupedRows, books: Books) -> None:
        self._grouped = grouped
        self._books = books
        self._positions = positions_of(books.ours)
        self._order = np.argsort(self._positions, kind="stable")
        self._positions = self._positions[self._order]
        realized = books.realized
        waiting = (realized["matched"] < realized["matchable"]) & (realized["sold"] >= books.as_of - WASH_DAYS)
        payers = books.accounts["taxpayer"][realized["account"][waiting]]
        self._losses = set(zip(payers.tolist(), realized["matched_as"][waiting].tolist(), strict=True))

    def position(self, position: tuple[int, int], broken: list[int]) -> list[_Draft]:
        """Draft the events of a position: row by row if every lot can be named, else as a whole."""
        account, security = position
        place = (account << 32) | security
        held = self._books.ours[self._order[slice(*np.searchsorted(self._positions, (place, place + 1)))]]
        theirs = [lot for row in broken for lot in self._theirs(row)]
        unsaid = self._books.accounts["kind"][account] == AccountKind.TAXABLE and any(
            lot["basis"] == MISSING for lot in theirs
        )
        if np.any(held["marks"] & LotMark.SHORT) or any(lot["shares"] <= 0 for lot in theirs):
            return []
        names = held["name"].tolist()
        if all(self._is_plain(row, names) and self._grows_alone(row, held) for row in broken):
            return _named_once([draft for row in broken for draft in self._one_to_one(row, unsaid)], names)
        waits = any(self._grouped.rows[row]["causes"] & Cause.PENDING_SALE for row in broken)
        if unsaid or waits or np.any(held["marks"] & LotMark.FRESH_LOSS) or self._would_wash(position, held):
            return []
        return self._whole(position, held, broken)

    def _would_wash(self, position: tuple[int, int], held: Table) -> bool:
        """Whether lots of ours that come in again could take over a loss that the law did not let them replace.

        The rest of the purchase that was sold is no replacement (Rev. Rul. 56-602), and coming in it is a new lot.
        """
        account, security = position
        fresh = (held["marks"] & (LotMark.REPLACEMENT | LotMark.ABSORBED)) == LotMark.REPLACEMENT
        near = fresh & (held["acquired"] >= self._books.as_of - 2 * WASH_DAYS)
        return bool(near.any()) and (int(self._books.accounts["taxpayer"][account]), security) in self._losses

    def _ours(self, row: int) -> Table:
        return self._books.ours[self._grouped.ours_of(row)]

    def _theirs(self, row: int) -> Table:
        return self._books.theirs[self._grouped.theirs_of(row)]

    def _is_plain(self, row: int, names: list[int]) -> bool:
        """Whether a row has at most one lot of each side, ours with a name that no other lot of the position has."""
        ours, theirs = self._ours(row), self._theirs(row)
        if ours.size > 1 or theirs.size > 1:
            return False
        return not ours.size or (ours["name"][0] != NO_CODE and names.count(ours["name"][0]) == 1)

    def _grows_alone(self, row: int, held: Table) -> bool:
        """Whether shares that come in beside our lot, without a name, will be seen as one with it: by its day alone."""
        record = self._grouped.rows[row]
        if not int(record["their_shares"]) > int(record["our_shares"]) > 0:
            return True
        lot, theirs = self._ours(row)[0], self._theirs(row)[0]
        day = lot["acquired"] if theirs["acquired"] == NO_DATE else theirs["acquired"]
        if theirs["basis"] < lot["basis"]:
            return False
        if day not in (lot["acquired"], lot["holding_start"]) and not record["causes"] & Cause.DAY:
            return False
        others = held[held["number"] != lot["number"]]
        return not np.any((others["acquired"] == day) | (others["holding_start"] == day))

    def _one_to_one(self, row: int, unsaid: bool) -> list[_Draft]:
        """Draft the events of one lot against one, or none; `unsaid`: they state not every basis that is needed."""
        record = self._grouped.rows[row]
        if record["causes"] & Cause.PENDING_SALE:
            return []
        account, security = int(record["account"]), int(record["security"])
        ours, theirs = self._ours(row), self._theirs(row)
        if not ours.size:
            return [] if unsaid and theirs["basis"][0] == MISSING else [_incoming(row, theirs[0])]
        name = int(ours["name"][0])
        if not theirs.size:
            return [_Draft(row, EventKind.TRANSFER_OUT, account, security, name, int(ours["shares"][0]))]
        held, listed = int(ours["shares"][0]), int(theirs["shares"][0])
        basis, drafts = int(ours["basis"][0]), []
        if listed < held:
            drafts.append(_Draft(row, EventKind.TRANSFER_OUT, account, security, name, held - listed))
            basis -= exact_mul_div(basis, held - listed, held)
        elif listed > held and not record["causes"] & Cause.ROUNDING:
            drafts.append(_grown(row, ours[0], theirs[0]))
            basis = int(theirs["basis"][0])
        return drafts + self._corrected(row, basis)

    def _corrected(self, row: int, basis: int) -> list[_Draft]:
        """Correct basis and day of our lot where they differ from theirs; `basis` is what ours is by then."""
        record = self._grouped.rows[row]
        lot, theirs = self._ours(row)[0], self._theirs(row)[0]
        listed = int(theirs["basis"])
        same_basis = listed == MISSING or abs(listed - basis) <= self._books.tolerance.basis
        same_day = not record["causes"] & Cause.DAY
        if (same_basis and same_day) or lot["marks"] & LotMark.FRESH_LOSS:
            return []
        day = NO_DATE if same_day else int(theirs["acquired"])
        return [
            _Draft(
                row,
                EventKind.BASIS_CORRECTION,
                int(record["account"]),
                int(record["security"]),
                int(lot["name"]),
                basis=basis if same_basis else listed,
                original=int(theirs["original_basis"]),
                acquired=day,
                start=day,
            )
        ]

    def _whole(self, position: tuple[int, int], held: Table, broken: list[int]) -> list[_Draft]:
        """Draft the events that bring a position in again: our lots as they are, theirs for the broken rows."""
        drafts = []
        if held.size:
            shares = sum(held["shares"].tolist())
            drafts.append(_Draft(broken[0], EventKind.TRANSFER_OUT, *position, NO_CODE, shares))
        gone = {int(number) for row in broken for number in self._ours(row)["number"]}
        incoming = [_again(broken[0], lot) for lot in held if int(lot["number"]) not in gone]
        for row in broken:
            replaced = self._ours(row)
            incoming += [_incoming(row, lot, replaced) for lot in self._theirs(row)]
        return drafts + _named_once(incoming, [])


def _named_once(drafts: list[_Draft], names: list[int]) -> list[_Draft]:
    """Leave out the name of a lot that comes in where a lot of the position has it: names are for one lot."""
    taken = set(names)
    made = []
    for draft in drafts:
        again = draft.kind is EventKind.TRANSFER_IN and draft.name in taken
        made.append(draft._replace(name=NO_CODE) if again else draft)
        taken.add(draft.name)
    return made


def _incoming(row: int, lot: np.void, replaced: Table | None = None) -> _Draft:
    """Bring in a lot of theirs; one that nothing says otherwise of was bought.

    A basis adjusted already has taken over a loss: it must not take over another (26 U.S.C. 1091(d)).
    """
    basis, original = int(lot["basis"]), int(lot["original_basis"])
    flags = EventFlag.PURCHASE
    if replaced is not None and replaced.size and not np.any(replaced["marks"] & LotMark.REPLACEMENT):
        flags = EventFlag(0)
    used = replaced is not None and np.any(replaced["marks"] & LotMark.ABSORBED)
    if used or original not in (MISSING, basis):
        flags |= EventFlag.USED
    day = int(lot["acquired"])
    position = int(lot["account"]), int(lot["security"]), int(lot["name"])
    return _Draft(row, EventKind.TRANSFER_IN, *position, int(lot["shares"]), basis, original, day, day, flags)


def _again(row: int, lot: np.void) -> _Draft:
    """Bring in a lot of ours as it is."""
    flags = EventFlag(0)
    if lot["marks"] & LotMark.REPLACEMENT:
        flags |= EventFlag.PURCHASE
    if lot["marks"] & LotMark.ABSORBED:
        flags |= EventFlag.USED
    position = int(lot["account"]), int(lot["security"]), int(lot["name"])
    amounts = int(lot["shares"]), int(lot["basis"]), int(lot["original_basis"])
    days = int(lot["acquired"]), int(lot["holding_start"])
    return _Draft(row, EventKind.TRANSFER_IN, *position, *amounts, *days, flags)


def _grown(row: int, ours: np.void, theirs: np.void) -> _Draft:
    """Bring in the shares by which their lot is larger than ours, with the basis that ours lacks."""
    day = int(theirs["acquired"]) if theirs["acquired"] != NO_DATE else int(ours["acquired"])
    account, security = int(ours["account"]), int(ours["security"])
    shares, basis = int(theirs["shares"] - ours["shares"]), int(theirs["basis"] - ours["basis"])
    kind = EventKind.TRANSFER_IN
    return _Draft(row, kind, account, security, NO_CODE, shares, basis, MISSING, day, day, EventFlag.PURCHASE)


def _as_tables(drafts: list[_Draft], day: int) -> Mending:
    """Cast drafts into the tables that fold."""
    events = np.zeros(len(drafts), EVENT)
    said = [draft for draft in drafts if draft.kind is not EventKind.TRANSFER_OUT]
    details = no_details(len(said)) if said else np.empty(0, DETAIL)
    for event, draft in zip(events, drafts, strict=True):
        event["shares"], event["day"], event["kind"] = draft.shares, day, draft.kind
        event["account"], event["security"], event["lot"] = draft.account, draft.security, draft.name
        event["order"], event["detail"] = NO_CODE, NO_CODE
        event["relief"], event["facts"] = Relief.DEFAULT, draft.flags
        if draft.kind is EventKind.TRANSFER_OUT and draft.name == NO_CODE:
            event["relief"] = Relief.FIFO  # all leave: the order is nothing, but an average may not be taken of stock
    events["detail"][[draft.kind is not EventKind.TRANSFER_OUT for draft in drafts]] = np.arange(len(said))
    for detail, draft in zip(details, said, strict=True):
        detail["basis"], detail["original_basis"] = draft.basis, draft.original
        detail["acquired"], detail["holding_start"] = draft.acquired, draft.start
    return Mending(events, details, np.array([draft.row for draft in drafts], dtype=np.int64))
