"""TXF: sales as tax programs import them (Tax Exchange Format, version 042 of November 2011).

The file is lines of one letter and its value; `^` ends the header and every record. A sale is a detail record:

    TD            detail
    N321          where it goes: part and box of Form 8949
    C1  L1        copy and line, always 1 for sales
    P400 XYZ      description
    D01/05/2011   acquired; empty where there is no date to give
    D10/01/2011   sold
    $1000.00      basis, before proceeds
    $2000.00      proceeds
    $50.00        record format 5 only: loss of a wash sale, disallowed
    ^

References: box A 321, B 711, C 712; box D 323, E 713, F 714. The format knows no other adjustment than the wash sale:
lines with another code are left out, and named, since a program would compute another gain from them. Nor has it
words for dates: VARIOUS and INHERITED become an empty line, to be filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from lotwise.tax.form_files import format_cents
from lotwise.tax.forms import Box, FormLine

__all__ = ["TxfFile", "txf", "txf_record"]

_REFERENCES = {Box.A: "321", Box.B: "711", Box.C: "712", Box.D: "323", Box.E: "713", Box.F: "714"}
_SAYABLE = ("", "W")  # codes of column (f)


class TxfFile(NamedTuple):
    """The text of a file, and the lines that the format cannot say."""

    text: str
    left_out: tuple[FormLine, ...]


def _one_line(text: str) -> str:
    """Text that cannot end its line: the format is plain text in ASCII, a field a line."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return printable.encode("ascii", "replace").decode()


def _day(printed: str) -> str:
    """Return a date, or nothing where the form has a word in its place."""
    return printed if "/" in printed else ""


def txf_record(line: FormLine) -> list[str]:
    """One sale: record format 5 with the loss disallowed for code W, format 4 otherwise.

    Raises ValueError for a line that the format cannot say: one with another code.
    """
    if line.code not in _SAYABLE:
        raise ValueError(f"TXF has no adjustment but W; {line.description} has code {line.code}: enter it by hand")
    record = [
        "TD",
        f"N{_REFERENCES[line.box]}",
        "C1",
        "L1",
        f"P{_one_line(line.description)}",
        f"D{_day(line.acquired)}",
        f"D{_day(line.sold)}",
        f"${format_cents(line.cells.basis)}",
        f"${format_cents(line.cells.proceeds)}",
    ]
    if line.code:
        record.append(f"${format_cents(line.cells.adjustment)}")
    return [*record, "^"]


def txf(lines: Sequence[FormLine], exported: date, program: str) -> TxfFile:
    """Write the file of a year's sales; lines end as in DOS, where the format comes from.

    All lines belong in it, those that go straight to Schedule D too: the program that reads it decides.
    """
    left_out = tuple(line for line in lines if line.code not in _SAYABLE)
    written = ["V042", f"A{_one_line(program)}", f"D{exported:%m/%d/%Y}", "^"]
    for line in lines:
        if line.code in _SAYABLE:
            written += txf_record(line)
    return TxfFile("".join(f"{text}\r\n" for text in written), left_out)
