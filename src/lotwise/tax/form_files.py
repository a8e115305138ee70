"""Forms as files: Form 8949 and Schedule D as CSV, for a preparer and for the eye.

Form 8949 keeps its cents, Schedule D has whole dollars; a loss has a minus sign instead of parentheses, lines 6, 14
and 21 are the positive amounts that the form prints in parentheses. Encoding and place are the caller's: text in,
text out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from lotwise.money import to_dollars
from lotwise.tax.form_cells import Cells
from lotwise.tax.forms import Box, FormLine, form_totals
from lotwise.tax.schedule_d import ScheduleD

__all__ = ["form_8949_csv", "format_cents", "schedule_d_csv"]

_FORM_8949_COLUMNS = ("part", "box", "description", "acquired", "sold", "proceeds", "basis", "code", "adjustment",
                      "gain")  # fmt: skip
_SCHEDULE_D_COLUMNS = ("line", "proceeds", "basis", "adjustment", "amount")


def format_cents(money: int) -> str:
    """Money with two digits after the point, no sign of the dollar, no thousands."""
    return f"{to_dollars(money):.2f}"


def _part(box: Box) -> str:
    """Part of Form 8949 that a box is in."""
    return "II" if box.long_term else "I"


def _amounts(cells: Cells, code: str) -> list[str]:
    """Columns (d) to (h); (g) is empty where there is no code."""
    adjustment = format_cents(cells.adjustment) if code or cells.adjustment else ""
    return [format_cents(cells.proceeds), format_cents(cells.basis), code, adjustment, format_cents(cells.gain)]


def form_8949_csv(lines: Sequence[FormLine]) -> str:
    """Write Form 8949: the lines of each box, then its line 2, the totals; boxes without lines are left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_FORM_8949_COLUMNS)
    for box, total in form_totals(lines).items():
        own = [line for line in lines if line.box is box]
        for line in own:
            writer.writerow([_part(box), box.value, line.description, line.acquired, line.sold,
                             *_amounts(line.cells, line.code)])  # fmt: skip
        if own:
            writer.writerow([_part(box), box.value, "line 2 totals", "", "", *_amounts(total, "")])
    return text.getvalue()


def schedule_d_csv(schedule: ScheduleD, loss_limit: int) -> str:
    """Write Schedule D in whole dollars; cells that the form does not have are empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_SCHEDULE_D_COLUMNS)
    writer.writerows(schedule.printed(loss_limit))
    return text.getvalue()
