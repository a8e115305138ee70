"""A year's gains and losses netted, the loss deducted, and what is carried to the next year (Schedule D, Form 1040).

| line | what |
|---|---|
| Schedule D 7, 15 | net short-term and long-term gain, carryovers taken off first (lines 6 and 14) |
| Schedule D 16 | their sum |
| Schedule D 21 | loss deducted: at most 3,000 dollars, or 1,500 (26 U.S.C. 1211(b)) |
| worksheet 8, 13 | carryovers, short and long, each keeping its character (26 U.S.C. 1212(b)) |

The worksheet is the Capital Loss Carryover Worksheet of the instructions to Schedule D. A loss is used up only as far
as there is income to use it: its lines 1 to 4 start from taxable income before the floor of zero.

Not modelled: gains at 28 percent and unrecaptured section 1250 gains (lines 18 and 19), capital-gain distributions
apart from long-term gains (line 13 is part of line 15 here).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lotwise.kernels import kernel
from lotwise.money import Money
from lotwise.tax.lines import Line, fixed, larger, minus, plus, smaller

__all__ = ["Netting", "NettingLines", "net_gains", "netting_lines"]


class NettingLines(NamedTuple):
    """Netting of one household as lines that know how they move."""

    net: Line  # Schedule D line 16
    gain: Line  # line 16 where it is a gain, else zero
    long_gain: Line  # part of it at preferential rates: the smaller of lines 15 and 16, not below zero
    deduction: Line  # line 21, positive
    short_carried: Line  # worksheet line 8
    long_carried: Line  # worksheet line 13


@kernel
def netting_lines(short: Line, long: Line, other_income: Line, loss_limit: int) -> NettingLines:
    """Net short against long (Schedule D lines 7, 15, 16, 21) and carry the rest (carryover worksheet).

    `short` and `long` are lines 7 and 15, `other_income` the taxable income before net capital gain or loss and
    before the floor of zero (Form 1040 line 15, with Schedule D line 16 or 21 left out).
    """
    zero = fixed(0)
    net = plus(short, long)
    gain = larger(net, zero)
    long_gain = larger(smaller(long, net), zero)
    loss = larger(minus(zero, net), zero)
    deduction = smaller(loss, fixed(loss_limit))
    # Worksheet lines 1-4: the smaller of line 21 and (taxable income + line 21), not below zero.
    used = smaller(deduction, larger(other_income, zero))
    short_loss = larger(minus(zero, short), zero)  # line 5
    short_gain = larger(short, zero)
    long_loss = larger(minus(zero, long), zero)  # line 9
    long_gain_15 = larger(long, zero)
    # Lines 5-8: the loss used comes out of the short-term loss first.
    short_carried = larger(minus(short_loss, plus(used, long_gain_15)), zero)
    # Lines 9-13: what of it is left (line 11) comes out of the long-term loss.
    left = larger(minus(used, short_loss), zero)
    long_carried = larger(minus(long_loss, plus(short_gain, left)), zero)
    return NettingLines(net, gain, long_gain, deduction, short_carried, long_carried)


@dataclass(frozen=True, slots=True)
class Netting:
    """What became of one year's gains and losses; amounts in money, none but `net` negative."""

    net: Money
    deduction: Money
    long_gain: Money
    short_carryforward: Money
    long_carryforward: Money


def net_gains(short: Money, long: Money, taxable_income: Money, loss_limit: Money) -> Netting:
    """Net a year's gains and losses and carry what is not used.

    `short` and `long` are Schedule D lines 7 and 15 (carryovers taken off), `taxable_income` Form 1040 line 15 as it
    is after Schedule D, negative where deductions exceed income. `loss_limit` comes from the law of the year.
    """
    net = short + long
    other_income = taxable_income - net if net >= 0 else taxable_income + min(-net, loss_limit)
    lines = netting_lines(fixed(short), fixed(long), fixed(other_income), loss_limit)
    return Netting(
        net=Money(lines.net.value),
        deduction=Money(lines.deduction.value),
        long_gain=Money(lines.long_gain.value),
        short_carryforward=Money(lines.short_carried.value),
        long_carryforward=Money(lines.long_carried.value),
    )
