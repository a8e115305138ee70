"""A line of a form that knows how it moves: its amount, its slope along one direction, and how far the slope holds.

Every figure of an income tax return is made of sums, of the smaller and the larger of two lines, and of rates applied
to lines. So each line is piecewise linear in the household's gains, and the return needs to be written only once: its
amounts are the liability, its slopes the marginal tax, and the shortest reach says how many dollars until they change.

`value` is money (ten-thousandths of a dollar), `slope` billionths per unit along the direction, to the side that the
direction points to (at a kink, beyond it), `reach` the units of money until the slope of a line it was made of changes.
Amounts move by whole units, so that their kinks are exact; the kink of a tax may lie between two units of money, and
is then said at one of the two.
"""

from __future__ import annotations

from typing import NamedTuple

from lotwise.kernels import kernel
from lotwise.money import FULL_RATE, OVERFLOW, IntArray, mul_div

__all__ = ["NEVER", "Line", "by_brackets", "fixed", "larger", "minus", "plus", "smaller", "taxed"]

# A reach without end.
NEVER = -(OVERFLOW + 1)


class Line(NamedTuple):
    """Amount of a line, its slope along the direction looked at, and how far that slope holds."""

    value: int
    slope: int
    reach: int


@kernel
def fixed(value: int) -> Line:
    """Make a line that does not move."""
    return Line(value, 0, NEVER)


@kernel
def plus(a: Line, b: Line) -> Line:
    """Add two lines."""
    return Line(a.value + b.value, a.slope + b.slope, min(a.reach, b.reach))


@kernel
def minus(a: Line, b: Line) -> Line:
    """Subtract the second line from the first."""
    return Line(a.value - b.value, a.slope - b.slope, min(a.reach, b.reach))


@kernel
def _units_to(gap: int, closing: int) -> int:
    """Units along the direction until a gap closes that shrinks by `closing` billionths a unit; both positive."""
    if closing == FULL_RATE:
        return gap
    units = mul_div(gap, FULL_RATE, closing)
    if units == OVERFLOW:
        return NEVER
    if mul_div(units, closing, FULL_RATE) < gap:
        units += 1
    return max(units, 1)


@kernel
def smaller(a: Line, b: Line) -> Line:
    """Take the smaller of two lines."""
    reach = min(a.reach, b.reach)
    if a.value == b.value:
        return Line(a.value, min(a.slope, b.slope), reach)
    low, high = (a, b) if a.value < b.value else (b, a)
    closing = low.slope - high.slope
    if closing > 0:
        reach = min(reach, _units_to(high.value - low.value, closing))
    return Line(low.value, low.slope, reach)


@kernel
def larger(a: Line, b: Line) -> Line:
    """Take the larger of two lines."""
    reach = min(a.reach, b.reach)
    if a.value == b.value:
        return Line(a.value, max(a.slope, b.slope), reach)
    low, high = (a, b) if a.value < b.value else (b, a)
    closing = low.slope - high.slope
    if closing > 0:
        reach = min(reach, _units_to(high.value - low.value, closing))
    return Line(high.value, high.slope, reach)


@kernel
def taxed(amount: Line, rate: int) -> Line:
    """Apply a rate (billionths) to a line; rounded half to even, once."""
    return Line(mul_div(amount.value, rate, FULL_RATE), mul_div(amount.slope, rate, FULL_RATE), amount.reach)


@kernel
def by_brackets(amount: Line, start: IntArray, rate: IntArray, tax_at_start: IntArray) -> Line:
    """Apply a schedule of rates to a line that is not negative.

    `start` (K,) money at which each rate begins, `rate` (K,) billionths, `tax_at_start` (K,) tax on `start`, exact: so
    one product is rounded, whatever the number of brackets. At a threshold the rate is that of the side moved to.
    """
    k = start.size - 1
    while k > 0 and (start[k] > amount.value or (start[k] == amount.value and amount.slope < 0)):
        k -= 1
    reach = amount.reach
    if amount.slope < 0 and amount.value > start[k]:
        reach = min(reach, _units_to(amount.value - start[k], -amount.slope))
    elif amount.slope > 0 and k + 1 < start.size:
        reach = min(reach, _units_to(start[k + 1] - amount.value, amount.slope))
    tax = tax_at_start[k] + mul_div(amount.value - start[k], rate[k], FULL_RATE)
    return Line(tax, mul_div(amount.slope, rate[k], FULL_RATE), reach)
