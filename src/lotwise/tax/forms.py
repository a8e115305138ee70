"""Form 8949: the lines of one taxpayer's year, from what the ledger realised.

Part I is short term, Part II long term; the box says what the broker's Form 1099-B told the Internal Revenue Service:

| box | 1099-B | basis reported |
|---|---|---|
| A, D | yes | yes |
| B, E | yes | no |
| C, F | none | no |

Columns: (a) description, (b) acquired, (c) sold, (d) proceeds, (e) basis, (f) codes in alphabetical order, (g)
adjustment, (h) = d - e + g. Codes that the ledger's facts can need: W, loss of a wash sale, disallowed, positive in
(g); B, the broker's basis is not ours; E, the broker's proceeds are before selling expenses. A loss disallowed in part
stays one line. Source: instructions for Form 8949, columns (a) to (h).

Amounts are exact `Money` in whole cents (form_cells says how they are rounded). Not modelled: boxes G to L, digital
assets from 2025 on; codes of facts that the ledger does not have (T, N, H, Q, X, R, L, S, C, M, O, Z, D); a
property's earlier owner in column (b) beyond "INHERITED".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple

import numpy as np

from lotwise.dates import NO_DATE, from_day_number
from lotwise.ledger.events import NO_CODE, Table
from lotwise.ledger.tables import ALWAYS_LONG, LotMark, Origin
from lotwise.money import format_shares
from lotwise.tax.broker_statement import Statement, adjusted, as_reported
from lotwise.tax.form_cells import NOTHING, Cells, add_up, to_cents

__all__ = [
    "Box",
    "FormLine",
    "Lines",
    "form_lines",
    "form_totals",
    "on_form_8949",
]

VARIOUS = "VARIOUS"
INHERITED = "INHERITED"
NO_LOT = -1  # REALIZED.lot of shares that were never in the ledger


class Box(StrEnum):
    """The box checked at the top of a page of Form 8949."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"

    @property
    def long_term(self) -> bool:
        """Whether it is a box of Part II."""
        return self in (Box.D, Box.E, Box.F)

    @property
    def basis_reported(self) -> bool:
        """Whether the basis went to the Internal Revenue Service."""
        return self in (Box.A, Box.D)


class Lines(Enum):
    """What makes one line: each lot of a sale, or all lots of a sale of the same term ("VARIOUS")."""

    PER_LOT = "lot"
    PER_SALE = "sale"


@dataclass(frozen=True, slots=True)
class FormLine:
    """One line of Form 8949; amounts are Money, column (h) follows."""

    box: Box
    description: str  # (a)
    acquired: str  # (b) MM/DD/YYYY, VARIOUS or INHERITED
    sold: str  # (c) MM/DD/YYYY
    cells: Cells  # (d), (e), (g)
    code: str = ""  # (f)

    @property
    def direct(self) -> bool:
        """Whether it may go straight to Schedule D line 1a or 8a: basis reported, and nothing to adjust."""
        return self.box.basis_reported and not self.code and self.cells.adjustment == 0


class _Key(NamedTuple):
    """What the realised rows of one line have in common."""

    box: Box
    code: str
    sold: int
    order: int  # of the fills of one sale; NO_CODE = the event is the sale
    event: int
    account: int
    security: int
    origin: int
    lot: int
    alone: int


class _Exact(NamedTuple):
    """A line before it is rounded."""

    box: Box
    description: str
    acquired: str
    sold: int
    code: str
    cells: Cells


def _printed_day(number: int) -> str:
    """Write a day as forms do: MM/DD/YYYY."""
    return f"{from_day_number(number):%m/%d/%Y}"


def _acquired(row: np.void) -> str:
    """Column (b) of one lot; of a short sale closed by a purchase, the day of that purchase."""
    if row["holding_start"] == ALWAYS_LONG:
        return INHERITED
    day = row["sold"] if row["marks"] & LotMark.SHORT else row["acquired"]
    return VARIOUS if day == NO_DATE else _printed_day(day)


def _description(origin: int, shares: int, symbol: str) -> str:
    """Column (a): 400 sh. XYZ."""
    if origin == Origin.RETURN_OF_CAPITAL:
        return f"{symbol}, return of capital beyond basis"
    if origin == Origin.BOOT:
        return f"{symbol}, cash received in a reorganization"
    return f"{format_shares(shares)} sh. {symbol}"


def _box(row: np.void, reporting: int) -> Box:
    """Box of a realised row."""
    return Box("DEF"[reporting] if row["long_term"] else "ABC"[reporting])


def _key(row: np.void, i: int, box: Box, code: str, lines: Lines) -> _Key:
    """Say which line row i belongs to."""
    lot = int(row["lot"]) if lines is Lines.PER_LOT else NO_LOT
    alone = i if row["lot"] == NO_LOT else NO_LOT  # shares that were never in the ledger have a line of their own
    order = int(row["sold_by"])
    event = int(row["event"]) if order == NO_CODE else NO_CODE
    return _Key(box, code, int(row["sold"]), order, event, int(row["account"]), int(row["security"]),
                int(row["origin"]), lot, alone)  # fmt: skip


def _exact_lines(rows: Table, symbols: Sequence[str], statement: Statement, lines: Lines) -> list[_Exact]:
    """Gather realised rows into lines, not rounded."""
    gathered: dict[_Key, list[tuple[np.void, Cells]]] = {}
    for i, row in enumerate(rows):
        code, cells = adjusted(row, statement, i)
        key = _key(row, i, _box(row, int(statement.reporting[i])), code, lines)
        gathered.setdefault(key, []).append((row, cells))
    made: list[_Exact] = []
    for key, members in gathered.items():
        acquired = {_acquired(row) for row, _ in members}
        shares = sum(int(row["shares"]) for row, _ in members)
        description = _description(key.origin, shares, symbols[key.security])
        day = acquired.pop() if len(acquired) == 1 else VARIOUS
        made.append(_Exact(key.box, description, day, key.sold, key.code, add_up([cells for _, cells in members])))
    return made


def form_lines(
    rows: Table,
    symbols: Sequence[str],
    statement: Statement | None = None,
    lines: Lines = Lines.PER_LOT,
) -> tuple[FormLine, ...]:
    """Write the lines of a year, by box and then by the day of sale.

    `rows` is what one taxpayer's return reports (gains.taxable_rows), `symbols` the name of every security code.
    Raises ValueError where the statement does not have an entry a row.
    """
    said = as_reported(rows) if statement is None else statement
    for column in said:
        if column.size != rows.size:
            raise ValueError(f"the statement must have {rows.size} entries, one a realised row, had {column.size}")
    exact = sorted(_exact_lines(rows, symbols, said, lines), key=lambda line: (line.box, line.sold))
    made: list[FormLine] = []
    for long_term in (False, True):
        part = [line for line in exact if line.box.long_term == long_term]
        printed = to_cents([line.cells for line in part], [line.box for line in part])
        made += [
            FormLine(line.box, line.description, line.acquired, _printed_day(line.sold), cells, line.code)
            for line, cells in zip(part, printed, strict=True)
        ]
    return tuple(made)


def on_form_8949(lines: Sequence[FormLine], *, direct: bool = True) -> tuple[FormLine, ...]:
    """Lines that Form 8949 lists: all but those that go straight to Schedule D; all, unless `direct`."""
    return tuple(line for line in lines if not (direct and line.direct))


def form_totals(lines: Sequence[FormLine]) -> dict[Box, Cells]:
    """Line 2 of each page of Form 8949: totals of the lines of a box; a box with none has zeros."""
    return {box: add_up([line.cells for line in lines if line.box is box] or [NOTHING]) for box in Box}
