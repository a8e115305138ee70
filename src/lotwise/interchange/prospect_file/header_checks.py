"""Doubts of a whole table: a column that may be a cost per share, rows wider than their header."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log
from statistics import median

from lotwise.errors import Severity
from lotwise.interchange.prospect_file.cells import plain
from lotwise.interchange.prospect_file.header import Role
from lotwise.interchange.prospect_file.known import Known
from lotwise.interchange.prospect_file.lots import ProspectLot
from lotwise.interchange.prospect_file.text import Row, Sheet
from lotwise.money import SHARE

__all__ = ["as_wide", "with_unit_bases"]

Say = Callable[[int | None, Role | None, Severity, str, str, str], None]

_FIRST_PART = re.compile(r"[-$(]*\d{1,3}")
_NEXT_PART = re.compile(r"\d{3}(\.\d+)?[)\-]?")
_MOST_JOINED = 6

# A cost per share is what it is taken for where it is so many times nearer to the price than to the value.
_TIMES_NEARER = 3.0
_MOST_CONTRARY = 0.1  # of the lots may say the opposite as clearly


def as_wide(
    row: Row, width: int, mended: Callable[[int, str, str], None], drop: Callable[[int, None, str, str, str], None]
) -> list[str] | None:
    """The cells of a row as wide as the header; None, and said, where that cannot be told.

    What is too narrow is filled; `1,600.00` without quotation marks is joined where only one way of that fits.
    """
    cells = list(row.cells)
    while width and len(cells) > width and not plain(cells[-1]):
        cells.pop()
    if not width or len(cells) <= width:
        return cells + [""] * (width - len(cells))
    ways = _joined(cells, len(cells) - width)
    if len(ways) == 1:
        mended(row.line, f"{len(cells)} cells", " | ".join(map(plain, ways[0])) + ": thousands without quotation marks")
        return ways[0]
    drop(row.line, None, f"{width} cells, as the header has", f"{len(cells)}", "put quotation marks around amounts")
    return None


def _joined(cells: Sequence[str], surplus: int) -> list[list[str]]:
    """Every way of joining `surplus` pairs of neighbours that look like one number cut at its comma."""
    pairs = [
        at
        for at in range(len(cells) - 1)
        if _FIRST_PART.fullmatch(plain(cells[at]) if at else "") or _NEXT_PART.fullmatch(plain(cells[at]))
        if _NEXT_PART.fullmatch(plain(cells[at + 1]))
    ]
    if surplus > _MOST_JOINED or len(pairs) < surplus:
        return []
    found = []
    for chosen in itertools.combinations(pairs, surplus):
        row: list[str] = []
        for at, cell in enumerate(cells):
            if at - 1 in chosen:
                row[-1] = f"{row[-1].strip()},{cell.strip()}"
            else:
                row.append(cell)
        found.append(row)
    return found


def with_unit_bases(lots: list[ProspectLot], sheet: Sheet, known: Known, say: Say) -> list[ProspectLot]:
    """Lots whose column `cost` says what was paid for one share, where the prices leave no doubt of that."""
    if Role.ANY_BASIS not in sheet.roles or Role.BASIS in sheet.roles:
        return lots
    apart: list[float] = []
    for lot in lots:
        price = known.price.get(lot.symbol, 0) or lot.price or 0
        if lot.basis and price and lot.shares != SHARE:
            whole, unit = lot.basis / (price * lot.shares / SHARE), lot.basis / price
            apart.append(abs(log(whole)) - abs(log(unit)))
    if len(apart) < 2 or median(apart) < log(_TIMES_NEARER):
        return lots
    if sum(each < -log(_TIMES_NEARER) for each in apart) > _MOST_CONTRARY * len(apart):
        return lots  # old lots with hardly any basis look like it; what cost as much as it is worth says no
    must_be, was = "what was paid for the lot", "amounts near the price of one share"
    say(sheet.header.line or None, Role.ANY_BASIS, Severity.WARNING, must_be, was, "taken for the cost per share")
    return [lot if lot.basis is None else replace(lot, basis=round(lot.basis * lot.shares / SHARE)) for lot in lots]
