"""Amounts of a form: exact in the ledger, whole cents on Form 8949, whole dollars on Schedule D.

The ledger counts ten-thousandths of a dollar, since a sale of several lots divides its proceeds and a wash sale its
loss. A form has cents, and they must add up. So a part of Form 8949 is rounded from the top: the part's proceeds,
adjustment and gain are rounded from the exact totals, then shared out to its boxes and theirs to their lines, each
line getting the cent below or above (largest remainder). In every line and every total h = d - e + g holds in printed
cents, and the printed gains of a part add up to the exact total, rounded. The three cannot all be had with a
basis that is the exact one rounded: basis takes the odd cent, and is never below zero for it.

Schedule D rounds each cell on its own from these cents: half dollars and more up, by size (instructions for Form
1040, "Rounding off to whole dollars").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lotwise.money import DOLLAR, exact_mul_div, parse_decimal

__all__ = ["CENT", "NOTHING", "Cells", "add_up", "nearest_cent", "to_cents", "whole_dollars"]

CENT = parse_decimal("0.01", DOLLAR)


class Cells(NamedTuple):
    """The amounts of one line: columns d, e and g; h follows from them."""

    proceeds: int  # (d)
    basis: int  # (e)
    adjustment: int = 0  # (g) a disallowed loss is positive

    @property
    def gain(self) -> int:
        """Column (h): d - e + g."""
        return self.proceeds - self.basis + self.adjustment


NOTHING = Cells(0, 0, 0)


def add_up(rows: Sequence[Cells]) -> Cells:
    """Total of lines, column by column."""
    return Cells(sum(row.proceeds for row in rows), sum(row.basis for row in rows), sum(row.adjustment for row in rows))


def whole_dollars(money: int) -> int:
    """Round money to whole dollars as a return does: fifty cents and more away from zero."""
    dollars = (abs(money) + DOLLAR // 2) // DOLLAR
    return -dollars if money < 0 else dollars


def nearest_cent(money: int) -> int:
    """Round money to whole cents, half to even."""
    return exact_mul_div(money, 1, CENT) * CENT


def _share_out(exact: Sequence[int], target: int, counts: Sequence[bool]) -> list[int]:
    """Round amounts to whole cents that add up to `target`; those that do not count stay zero.

    Each goes to the cent below first; the cents left over go to the largest remainders, and cents too many come off
    the smallest, where there is a cent to take.
    """
    cents = [amount // CENT if count else 0 for amount, count in zip(exact, counts, strict=True)]
    left = target // CENT - sum(cents)
    step = 1 if left > 0 else -1
    order = sorted((i for i, count in enumerate(counts) if count), key=lambda i: exact[i] % CENT, reverse=left > 0)
    while left:
        before = left
        for i in order:
            if left and (step > 0 or cents[i] > 0 or exact[i] < 0):
                cents[i] += step
                left -= step
        if left == before:  # nothing to take from: a total below zero
            cents[order[0] if order else 0] += left
            left = 0
    return [amount * CENT for amount in cents]


def _divide(rows: Sequence[Cells], total: Cells) -> list[Cells]:
    """Share out a total in cents to the lines it is the total of."""
    proceeds = _share_out([row.proceeds for row in rows], total.proceeds, [row.proceeds != 0 for row in rows])
    adjustment = _share_out([row.adjustment for row in rows], total.adjustment, [row.adjustment != 0 for row in rows])
    # What each basis would have to be for an exact gain beside these proceeds and this adjustment.
    basis = [max(d + g - row.gain, 0) for row, d, g in zip(rows, proceeds, adjustment, strict=True)]
    shared = _share_out(basis, total.basis, [row.basis != 0 for row in rows])
    return [Cells(*cells) for cells in zip(proceeds, shared, adjustment, strict=True)]


def _part_total(exact: Cells) -> Cells:
    """Total of a part in cents: proceeds, adjustment and gain rounded, basis what makes them agree."""
    proceeds, adjustment, gain = (nearest_cent(money) for money in (exact.proceeds, exact.adjustment, exact.gain))
    if exact.basis == 0 and exact.adjustment != 0:
        return Cells(proceeds, 0, gain - proceeds)  # no basis to take the odd cent
    return Cells(proceeds, proceeds + adjustment - gain, adjustment)


def to_cents(rows: Sequence[Cells], box_of_row: Sequence[str]) -> list[Cells]:
    """Print the lines of one part of Form 8949 in whole cents: part, then boxes, then lines.

    Rounding from the top keeps each box within a few cents of its exact total however many lines it has.
    """
    boxes: dict[str, list[int]] = {}
    for i, box in enumerate(box_of_row):
        boxes.setdefault(box, []).append(i)
    exact = [add_up([rows[i] for i in members]) for members in boxes.values()]
    printed = list(rows)
    for members, total in zip(boxes.values(), _divide(exact, _part_total(add_up(rows))), strict=True):
        for i, cells in zip(members, _divide([rows[i] for i in members], total), strict=True):
            printed[i] = cells
    return printed
