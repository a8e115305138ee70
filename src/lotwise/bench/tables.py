"""A table of measurements: what a bench prints, and what the documentation shows, letter by letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["MeasuredTable"]


@dataclass(frozen=True, slots=True)
class MeasuredTable:
    """Rows of cells under a heading; `note` says how the figures came about, in a sentence or two.

    `missed` are the bars that these figures miss, in words; a bench with any ends with exit status 1.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    missed: Sequence[str] = ()

    def markdown(self) -> str:
        """Write the table in Markdown, aligned for a terminal: first column to the left, others to the right."""
        widths = [max(len(row[column]) for row in (self.header, *self.rows)) for column in range(len(self.header))]

        def line(cells: Sequence[str]) -> str:
            aligned = [
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ]
            return f"| {' | '.join(aligned)} |"

        rule = "|" + "|".join("-" * (w + 1) + (":" if column else "-") for column, w in enumerate(widths)) + "|"
        parts = [f"### {self.title}", "", line(self.header), rule, *(line(row) for row in self.rows)]
        parts += ["", self.note] if self.note else []
        parts += ["", *(f"**Missed:** {each}" for each in self.missed)] if self.missed else []
        return "\n".join(parts) + "\n"
