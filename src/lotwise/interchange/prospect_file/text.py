"""The bytes of a prospect's file as rows: encoding, delimiter, and where its table begins, found out and said."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

from lotwise.households.toml_values import shown
from lotwise.interchange.prospect_file.cells import amount, is_missing, plain
from lotwise.interchange.prospect_file.header import Role, roles_of

__all__ = ["Row", "Sheet", "nearest_header", "open_sheet"]

_DELIMITERS = ",;\t|"
_HEADER_WITHIN = 60  # rows: what precedes a table is a title, an address, a date
_LONG_CELL = 20  # lines in one cell: a quotation mark that never closes
_WITHOUT_HEADER = (Role.SYMBOL, Role.SHARES, Role.BASIS, Role.ACQUIRED)


# What people send in place of text, by how such files begin.
_NO_TEXT = {
    b"PK\x03\x04": "a spreadsheet's own file (or a zip): save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet's own file: save it as CSV",
    b"%PDF": "a PDF: ask for the same as CSV",
}


class Row(NamedTuple):
    """Cells of a row, and the line it begins at."""

    line: int
    cells: list[str]


class Sheet(NamedTuple):
    """A table: its header, which column is what, its rows, what stood before it, and what was not certain."""

    header: Row  # of no cells where the file has none
    roles: dict[Role, int]
    spare: list[int]
    rows: list[Row]
    before: list[Row]
    doubts: list[str]
    delimiter: str


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """The text, and what was not certain about it."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, "replace"), []
    head = content[:400]
    if head.count(b"\0") > len(head) // 4:
        encoding = "utf-16-le" if head[1::2].count(b"\0") >= head[::2].count(b"\0") else "utf-16-be"
        return content.decode(encoding, "replace"), ["UTF-16 without a mark"]
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace"), ["Windows text (code page 1252)"]


def _rows(text: str, delimiter: str) -> list[Row]:
    """Rows as quotation marks join lines; where one never closes they are signs like others."""
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        rows, line = [], 1
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, skipinitialspace=True)
        try:
            for cells in reader:
                rows.append(Row(line, cells))
                line = reader.line_num + 1
        except csv.Error:
            continue
        if quoting == csv.QUOTE_NONE or not any(cell.count("\n") > _LONG_CELL for row in rows for cell in row.cells):
            return rows
    return [Row(line, each.split(delimiter)) for line, each in enumerate(text.splitlines(), 1)]


def _found_header(rows: Sequence[Row]) -> tuple[int, int]:
    """How many roles the best header has, and its place; (0, 0) where there is none."""
    best = (0, 0)
    for place, row in enumerate(rows[:_HEADER_WITHIN]):
        roles, _ = roles_of(row.cells)
        if Role.SYMBOL in roles and (Role.SHARES in roles or Role.VALUE in roles) and len(roles) > best[0]:
            best = len(roles), place
    return best


def _is_lot(row: Row) -> bool:
    """Whether a row without a header may be symbol, shares, basis and date."""
    cells = [plain(cell) for cell in row.cells]
    if not 2 <= len(cells) <= 4 or not cells[0] or len(cells[0]) > 12 or amount(cells[0]) is not None:
        return False
    return amount(cells[1]) is not None and (len(cells) < 3 or is_missing(cells[2]) or amount(cells[2]) is not None)


def nearest_header(content: bytes) -> str:
    """Say which row of a file without a table comes nearest to a header, and what it lacks; "none" where none does.

    What is no text at all is called what it is.
    """
    for mark, words in _NO_TEXT.items():
        if content.startswith(mark):
            return words
    text, _ = _decoded(content)
    best: tuple[int, Row, dict[Role, int]] = (1, Row(0, []), {})
    for delimiter in _DELIMITERS:
        for row in _rows(text.replace("\0", ""), delimiter)[:_HEADER_WITHIN]:
            roles, _ = roles_of(row.cells)
            if len(roles) > best[0]:
                best = len(roles), row, roles
    _, row, roles = best
    if not roles:
        return "none"
    said = ", ".join(f"{shown(plain(row.cells[place]))} for {role}" for role, place in roles.items())
    needed = (Role.SYMBOL not in roles, "symbol"), (Role.SHARES not in roles and Role.VALUE not in roles, "shares")
    return f"line {row.line}, with {said}, and no {' nor '.join(word for lacks, word in needed if lacks)}"


def open_sheet(content: bytes) -> Sheet | None:
    """Find the table in a file; None where there is none that has symbols and shares."""
    text, doubts = _decoded(content)
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    read = [(delimiter, _rows(text, delimiter)) for delimiter in _DELIMITERS]
    scores = [(*_found_header(rows), delimiter, rows) for delimiter, rows in read]
    score, place, delimiter, rows = max(scores, key=lambda found: found[0])
    if score:
        header = rows[place]
        roles, spare = roles_of(header.cells)
        before = [row for row in rows[:place] if any(map(plain, row.cells))]
        return Sheet(header, roles, spare, rows[place + 1 :], before, doubts, delimiter)
    for delimiter, rows in read:
        filled = [row for row in rows if any(map(plain, row.cells))]
        if filled and _is_lot(filled[0]):
            width = max(len(row.cells) for row in filled)
            roles = {role: column for column, role in enumerate(_WITHOUT_HEADER[:width])}
            doubts.append("no header: symbol, shares, basis and date, in this order")
            return Sheet(Row(0, []), roles, [], rows, [], doubts, delimiter)
    return None
