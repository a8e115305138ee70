"""The tables of a fold and the objects of its reference, as the same plain rows.

A row is a tuple of integers; rows are compared as multisets. Left out is what only numbers rows: how a lot that was
split is numbered, and whether shares matched with two losses one after the other stand in one row or in two (rows of
washes are added up).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from lotwise.ledger.events import MISSING, Table
from lotwise.ledger.fold import Folded, fold
from lotwise.ledger.tables import Refusal, World
from tests.reference.ledger_parcels import Outcome
from tests.reference.ledger_reference import reference_fold, reference_is_long_term

Row = tuple[int, ...]

LOT_FIELDS = (
    "account",
    "security",
    "name",
    "bought_by",
    "acquired",
    "shares",
    "basis",
    "original_basis",
    "absorbed_loss",
    "loss_basis",
    "holding_start",
    "marks",
    "acquisition",
    "absorbed_from",
)
REALIZED_FIELDS = (
    "event",
    "account",
    "security",
    "name",
    "bought_by",
    "sold_by",
    "acquired",
    "sold",
    "shares",
    "proceeds",
    "basis",
    "disallowed",
    "permanent",
    "holding_start",
    "long_term",
    "origin",
    "acquisition",
    "matched_as",
)
WASH_FIELDS = ("sale", "purchase", "day", "held_days", "permanent", "shares", "loss")
CODES = {
    "acquisition": "event",
    "absorbed_from": "event",
    "event": "event",
    "sale": "event",
    "purchase": "event",
    "account": "account",
    "security": "security",
    "matched_as": "security",
    "name": "name",
}


class Rows(NamedTuple):
    """Everything that a record folds into, as rows in order."""

    lots: list[Row]
    realized: list[Row]
    washes: list[Row]
    status: list[int]


def _rows(table: Table, fields: tuple[str, ...]) -> list[Row]:
    return sorted(zip(*(table[name].tolist() for name in fields), strict=True))


def _added_up(washes: list[Row]) -> list[Row]:
    """Rows of washes without their shares and loss, and then the sum of both."""
    total: dict[Row, list[int]] = defaultdict(lambda: [0, 0])
    for *key, shares, loss in washes:
        total[tuple(key)][0] += shares
        total[tuple(key)][1] += loss
    return sorted((*key, *sums) for key, sums in total.items())


def rows_of_fold(folded: Folded) -> Rows:
    """Rows of the tables of a fold."""
    state = folded.state
    return Rows(
        lots=_rows(state.lots, LOT_FIELDS),
        realized=_rows(state.realized, REALIZED_FIELDS),
        washes=_added_up(_rows(state.washes, WASH_FIELDS)),
        status=folded.status.tolist(),
    )


def translated(rows: Rows, **codes: Mapping[int, int]) -> Rows:
    """Rows as they read when events, accounts, securities or names have other codes; those not given stay."""

    def translate(row: Row, fields: tuple[str, ...]) -> Row:
        kinds = [CODES.get(name, "") for name in fields]
        return tuple(codes.get(kind, {}).get(value, value) for value, kind in zip(row, kinds, strict=True))

    return Rows(
        lots=sorted(translate(row, LOT_FIELDS) for row in rows.lots),
        realized=sorted(translate(row, REALIZED_FIELDS) for row in rows.realized),
        washes=sorted(translate(row, WASH_FIELDS) for row in rows.washes),
        status=rows.status,
    )


def rows_of_reference(outcome: Outcome) -> Rows:
    """Rows of the objects of the reference."""
    lots = [
        (
            one.account,
            one.security,
            one.name,
            one.bought_by,
            one.acquired,
            one.shares,
            one.basis,
            one.original_basis,
            one.absorbed_loss,
            MISSING if one.loss_basis is None else one.loss_basis,
            one.holding_start,
            int(one.marks),
            one.acquisition,
            one.absorbed_from,
        )
        for one in outcome.parcels
    ]
    realized = [
        (
            one.event,
            one.parcel.account,
            one.parcel.security,
            one.parcel.name,
            one.parcel.bought_by,
            one.sold_by,
            one.parcel.acquired,
            one.sold,
            one.parcel.shares,
            one.proceeds,
            one.basis,
            one.disallowed,
            one.permanent,
            one.holding_start,
            int(reference_is_long_term(one.holding_start, one.sold)),
            int(one.origin),
            one.parcel.acquisition,
            one.called,
        )
        for one in outcome.disposals
    ]
    washes: list[Row] = [
        (one.sale, one.purchase, one.day, one.held_days, int(one.permanent), one.shares, one.loss)
        for one in outcome.matches
    ]
    return Rows(sorted(lots), sorted(realized), _added_up(washes), [int(status) for status in outcome.status])


def agreed(events: Table, details: Table, world: World) -> Outcome:
    """What a record folds into, after making sure that fold and reference give the same rows."""
    outcome = reference_fold(events, details, world)
    expected, rows = rows_of_reference(outcome), rows_of_fold(fold(events, details, world))
    for number, (code, other) in enumerate(zip(rows.status, expected.status, strict=True)):
        if code != other:
            raise AssertionError(f"event {number}: fold says {Refusal(code).name}, reference {Refusal(other).name}")
    _require_equal("realized", rows.realized, expected.realized, REALIZED_FIELDS)
    _require_equal("washes", rows.washes, expected.washes, WASH_FIELDS)
    _require_equal("lots", rows.lots, expected.lots, LOT_FIELDS)
    return outcome


def _require_equal(table: str, rows: list[Row], expected: list[Row], fields: tuple[str, ...]) -> None:
    """Raise an error that shows the rows that only one side has."""
    if rows == expected:
        return
    only_fold, only_reference = Counter(rows) - Counter(expected), Counter(expected) - Counter(rows)
    lines = [f"{table}: fold and reference differ"]
    lines += [f"  fold only      {dict(zip(fields, row, strict=True))}" for row in only_fold.elements()]
    lines += [f"  reference only {dict(zip(fields, row, strict=True))}" for row in only_reference.elements()]
    raise AssertionError("\n".join(lines))
