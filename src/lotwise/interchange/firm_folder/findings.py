"""Collecting findings: every one is kept, and an error that names a household blocks it.

The list and the blocking are one thing, so that no household is ever blocked without a finding that says why.
The household `*` means every household (as in restrictions.csv).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from lotwise.errors import Finding, Severity
from lotwise.households.toml_values import shown

__all__ = ["EVERY_HOUSEHOLD", "NOBODY", "FindingList", "Message", "Place", "rows_to_report"]

EVERY_HOUSEHOLD = "*"

# The household of what belongs to none that is known, where the file that would say is of no use (`stand_ins`).
NOBODY = "\0"

# One wrong format in a file of millions of rows is millions of equal findings. The first thousand of one kind
# are listed row by row; beyond it each household is listed once, with the number of its rows: nobody is left out
# and the list stays readable (at most 1,000 + households per kind).
_ROW_BY_ROW = 1000

_NO_ROWS = pl.DataFrame(schema={"line": pl.Int64, "was": pl.String, "household": pl.String})


class Place(NamedTuple):
    """Where something stands: file, line (None = the file as a whole), column."""

    file: str
    line: int | None = None
    column: str | None = None


class Message(NamedTuple):
    """What a kind of finding says of every row it concerns."""

    severity: Severity
    must_be: str
    to_do: str


def rows_to_report(lines: pl.Series, was: pl.Series | str, households: pl.Series | str | None = None) -> pl.DataFrame:
    """Table of rows with the same kind of finding: columns line, was (text) and household (null = none)."""
    if lines.is_empty():
        return _NO_ROWS
    return pl.DataFrame(
        {
            "line": lines.cast(pl.Int64),
            "was": was if isinstance(was, pl.Series) else pl.repeat(was, len(lines), dtype=pl.String, eager=True),
            "household": households
            if isinstance(households, pl.Series)
            else pl.repeat(households, len(lines), dtype=pl.String, eager=True),
        }
    )


class FindingList:
    """Every finding so far, the households that errors block, and what stops the whole folder."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self.blocked: set[str] = set()
        self.fatal: list[str] = []
        self._closed: set[str] = set()

    def add(self, place: Place, message: Message, was: str, household: str | None = None) -> None:
        """Record one finding; an error with a household blocks it."""
        if place.file in self._closed:
            return
        if household == NOBODY:
            household = None
        self._found.append(
            Finding(
                place.file,
                place.line,
                place.column,
                message.severity,
                message.must_be,
                was,
                message.to_do,
                household,
            )
        )
        if household is not None and message.severity is Severity.ERROR:
            self.blocked.add(household)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Record findings made elsewhere."""
        for finding in findings:
            if finding.file in self._closed:
                continue
            self._found.append(finding)
            if finding.household is not None and finding.severity is Severity.ERROR:
                self.blocked.add(finding.household)

    def close(self, file: str) -> None:
        """Record nothing more about a file: something stands in for it of which there is nothing to say."""
        self._closed.add(file)

    def stop(self, place: Place, message: Message, was: str) -> None:
        """Record a finding after which nothing can be done with the folder."""
        if place.file in self._closed:
            return
        self.add(place, message, was)
        self.fatal.append(str(self._found[-1]))

    def rows(self, place: Place, message: Message, rows: pl.DataFrame) -> None:
        """Record one kind of finding for each of many rows (see `rows_to_report` and `_ROW_BY_ROW`)."""
        if rows.is_empty():
            return
        for line, was, household in rows.head(_ROW_BY_ROW).iter_rows():
            self.add(Place(place.file, line, place.column), message, shown_cell(was), household)
        rest = rows.slice(_ROW_BY_ROW)
        if rest.is_empty():
            return
        summed = rest.group_by("household", maintain_order=True).agg(
            pl.col("line").first(), pl.col("was").first(), pl.len().alias("rows")
        )
        for household, line, was, count in summed.iter_rows():
            more = f" (and {count - 1:,} more such rows)" if count > 1 else ""
            self.add(Place(place.file, line, place.column), message, shown_cell(was) + more, household)

    def all_sorted(self, files: tuple[str, ...]) -> tuple[Finding, ...]:
        """Every finding: by file in the order of `files`, then line, then column; file-wide ones first."""
        rank = {file: number for number, file in enumerate(files)}
        return tuple(
            sorted(
                self._found,
                key=lambda found: (
                    rank.get(found.file, len(rank)),
                    found.file,
                    found.line or 0,
                    found.column or "",
                ),
            )
        )

    def is_blocked(self, household: str) -> bool:
        """Whether an error blocks this household."""
        return household in self.blocked or EVERY_HOUSEHOLD in self.blocked


def shown_cell(was: str | None) -> str:
    """Show a cell as a finding repeats it; an empty one is called empty."""
    return "empty" if was is None or not was.strip() else shown(was)
