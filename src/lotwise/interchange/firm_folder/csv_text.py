"""CSV text into rows with the exact line each one starts at; a row that cannot be read costs that row only.

Python's csv module reads in strict mode, chunk by chunk. Where every line is one row (nearly always) a chunk is read
at once; where quotes join or break lines, row by row. A quote that never closes would swallow the rest of the file:
such a line is given up alone, and reading goes on with the next one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

__all__ = ["BrokenRow", "Rows", "open_text", "read_header", "read_rows"]

_CHUNK = 50_000  # lines read at once: about 10 MB of text, far below what a finished column needs

# Lines that one quoted cell may span. A stray quote is given up after so many, which bounds the work on a hostile
# file; addresses and notes have a handful.
_LONGEST_CELL = 200


class BrokenRow(NamedTuple):
    """A row that is not one: its line, its cells as far as they can be told, and why."""

    line: int
    cells: tuple[str, ...]
    why: str


class Rows(NamedTuple):
    """Rows of equal width, the line each starts at, the rows that are broken, and which go over several lines."""

    lines: list[int]
    cells: list[list[str]]
    broken: list[BrokenRow]
    joined: list[int]


def open_text(path: Path) -> io.TextIOWrapper:
    """Open a CSV file as text: a BOM is skipped, bytes that are not UTF-8 become U+FFFD (found later, per cell)."""
    return io.TextIOWrapper(path.open("rb"), encoding="utf-8-sig", errors="replace", newline="")


def read_header(stream: io.TextIOWrapper) -> tuple[list[str], int]:
    """Read the first row that is not blank: its cells without surrounding blanks, and the line after it.

    A file with no such row has no cells; a header that cannot be read as CSV is split at its commas.
    """
    for line, text in enumerate(stream, start=1):
        if not text.strip():
            continue
        try:
            cells = next(csv.reader([text], strict=True))
        except csv.Error:
            cells = _split(text)
        return [cell.strip() for cell in cells], line + 1
    return [], 1


def read_rows(stream: io.TextIOWrapper, width: int, first_line: int) -> Iterator[Rows]:
    """Read the rows after the header, a chunk at a time; blank lines are no rows."""
    line = first_line
    while lines := list(islice(stream, _CHUNK)):
        rows = _all_at_once(lines, width, line)
        if rows is None:
            rows = _one_by_one(lines, stream, width, line)
        yield rows
        line += len(lines)


def _split(text: str) -> list[str]:
    return [cell.strip().strip('"') for cell in text.rstrip("\r\n").split(",")]


def _is_blank(cells: list[str]) -> bool:
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _wrong_width(cells: list[str], width: int, line: int) -> BrokenRow:
    return BrokenRow(line, tuple(cells), f"{len(cells)} cells where the header has {width}")


def _all_at_once(lines: list[str], width: int, line: int) -> Rows | None:
    """Read lines that are one row each; None if any is not."""
    try:
        cells = list(csv.reader(lines, strict=True))
    except csv.Error:
        return None
    if len(cells) != len(lines):
        return None
    if set(map(len, cells)) == {width}:
        return Rows(list(range(line, line + len(lines))), cells, [], [])
    rows = Rows([], [], [], [])
    for number, row in enumerate(cells, start=line):
        _keep(rows, row, width, number)
    return rows


def _keep(rows: Rows, cells: list[str], width: int, line: int) -> None:
    if len(cells) == width:
        rows.lines.append(line)
        rows.cells.append(cells)
    elif not _is_blank(cells):
        rows.broken.append(_wrong_width(cells, width, line))


def _one_by_one(lines: list[str], stream: io.TextIOWrapper, width: int, line: int) -> Rows:
    """Read row by row; `lines` grows where the last cell goes on beyond the chunk."""
    rows = Rows([], [], [], [])
    at = 0
    while at < len(lines):
        reader = csv.reader(_following(lines, stream, at), strict=True)
        try:
            cells = next(reader)
        except csv.Error as error:
            rows.broken.append(BrokenRow(line + at, tuple(_split(lines[at])), f"not CSV ({error})"))
            at += 1
            continue
        used = reader.line_num
        if used > 1 and len(cells) != width:
            # A quote that was not meant as one: only its own line is given up.
            why = "a quote that does not close in its row"
            rows.broken.append(BrokenRow(line + at, tuple(_split(lines[at])), why))
            used = 1
        else:
            _keep(rows, cells, width, line + at)
            if used > 1:
                rows.joined.append(line + at)
        at += used
    return rows


def _following(lines: list[str], stream: io.TextIOWrapper, at: int) -> Iterator[str]:
    for offset in range(_LONGEST_CELL):
        if at + offset >= len(lines):
            more = stream.readline()
            if not more:
                return
            lines.append(more)
        yield lines[at + offset]
