"""Schedule D of Form 1040: Parts I to III from the lines of Form 8949, carryovers and distributions.

| short | long | from |
|---|---|---|
| 1a | 8a | basis reported, no adjustment: may leave out Form 8949 |
| 1b | 8b | Form 8949 with box A / D |
| 2 | 9 | box B / E |
| 3 | 10 | box C / F |
| 6 | 14 | loss carried over from last year, in parentheses on the form: here the positive amount |
| - | 13 | capital-gain distributions |
| 7 | 15 | net short-term / long-term gain or loss |

Line 16 is 7 + 15; where it is a loss, line 21 is what of it may be deducted (26 U.S.C. 1211(b)), again the positive
amount. All amounts are exact `Money`; `printed` rounds each cell to whole dollars on its own, so a printed line need
not add up to the dollar (instructions for Schedule D, "Rounding").

Not modelled: lines 4, 5, 11 and 12 (other forms, partnerships and estates), 18 and 19 (28% and unrecaptured gain).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lotwise.tax.form_cells import Cells, add_up, nearest_cent, whole_dollars
from lotwise.tax.forms import Box, FormLine

__all__ = ["PrintedLine", "ScheduleD", "schedule_d"]


class PrintedLine(NamedTuple):
    """One line as printed, in whole dollars; None where the form has no such cell."""

    line: str
    proceeds: int | None  # (d)
    basis: int | None  # (e)
    adjustment: int | None  # (g)
    amount: int  # (h), or the line's one amount; 6, 14 and 21 are positive


@dataclass(frozen=True, slots=True)
class ScheduleD:
    """Schedule D; lines of the table above, amounts in Money."""

    line_1a: Cells
    line_1b: Cells
    line_2: Cells
    line_3: Cells
    line_6: int
    line_8a: Cells
    line_8b: Cells
    line_9: Cells
    line_10: Cells
    line_13: int
    line_14: int

    @property
    def line_7(self) -> int:
        """Net short-term gain or loss."""
        return add_up((self.line_1a, self.line_1b, self.line_2, self.line_3)).gain - self.line_6

    @property
    def line_15(self) -> int:
        """Net long-term gain or loss."""
        lines = (self.line_8a, self.line_8b, self.line_9, self.line_10)
        return add_up(lines).gain + self.line_13 - self.line_14

    @property
    def line_16(self) -> int:
        """Net gain or loss of the year."""
        return self.line_7 + self.line_15

    def line_21(self, loss_limit: int) -> int:
        """Loss that may be deducted: the loss of line 16, up to the limit of the filing status; 0 of a gain."""
        return min(max(-self.line_16, 0), loss_limit)

    def printed(self, loss_limit: int) -> tuple[PrintedLine, ...]:
        """All lines in whole dollars, each cell rounded on its own."""
        return (
            _printed("1a", self.line_1a, adjusted=False),
            _printed("1b", self.line_1b),
            _printed("2", self.line_2),
            _printed("3", self.line_3),
            _amount("6", self.line_6),
            _amount("7", self.line_7),
            _printed("8a", self.line_8a, adjusted=False),
            _printed("8b", self.line_8b),
            _printed("9", self.line_9),
            _printed("10", self.line_10),
            _amount("13", self.line_13),
            _amount("14", self.line_14),
            _amount("15", self.line_15),
            _amount("16", self.line_16),
            _amount("21", self.line_21(loss_limit)),
        )


def _printed(line: str, cells: Cells, *, adjusted: bool = True) -> PrintedLine:
    """Print a line with columns; lines 1a and 8a have no column (g)."""
    adjustment = whole_dollars(cells.adjustment) if adjusted else None
    return PrintedLine(line, whole_dollars(cells.proceeds), whole_dollars(cells.basis), adjustment,
                       whole_dollars(cells.gain))  # fmt: skip


def _amount(line: str, money: int) -> PrintedLine:
    """Print a line that is one amount."""
    return PrintedLine(line, None, None, None, whole_dollars(money))


def schedule_d(
    lines: Sequence[FormLine],
    *,
    short_carryover: int = 0,
    long_carryover: int = 0,
    distributions: int = 0,
    direct: bool = True,
) -> ScheduleD:
    """Fill Schedule D from the lines of a year.

    Carryovers are losses as positive Money; `distributions` (tax.income) are rounded to whole cents. `direct` sends
    lines with basis reported and nothing to adjust straight to lines 1a and 8a, as the form allows; otherwise Form 8949
    lists them, and they are in 1b and 8b.
    Raises ValueError where a carryover is negative.
    """
    if min(short_carryover, long_carryover) < 0:
        raise ValueError(f"carryovers must be positive losses or 0, were {short_carryover} and {long_carryover}")

    def total(box: Box, *, straight: bool | None = None) -> Cells:
        wanted = [line for line in lines if line.box is box]
        return add_up([line.cells for line in wanted if straight is None or (direct and line.direct) == straight])

    return ScheduleD(
        line_1a=total(Box.A, straight=True),
        line_1b=total(Box.A, straight=False),
        line_2=total(Box.B),
        line_3=total(Box.C),
        line_6=short_carryover,
        line_8a=total(Box.D, straight=True),
        line_8b=total(Box.D, straight=False),
        line_9=total(Box.E),
        line_10=total(Box.F),
        line_13=nearest_cent(distributions),
        line_14=long_carryover,
    )
