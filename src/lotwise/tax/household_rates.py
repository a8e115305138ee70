"""Four rates of every household: what the next dollar of gain costs, and what a dollar of tonight's losses is worth.

The rates of gain are those of the next dollar (`marginal`): a carryforward not yet used up makes it free. A loss is
worth its average over all that could be lost tonight: [tax now - tax with the loss + the part of it that is carried
into the next year x the share of the long-term rate that a carried dollar is worth] per dollar of loss. So the first
dollars save at full rates, those beyond the year's gains and the limit on the deduction (26 U.S.C. 1211(b)) little.

What is carried is valued at the long-term rate of tonight: where a carryforward makes gains free already, more of it
counts nothing. A pair of a gain and a loss is then never worth more than its parts.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from lotwise.kernels import Records, kernel
from lotwise.ledger.events import MISSING, Table
from lotwise.money import DOLLAR, FULL_RATE, IntArray, mul_div
from lotwise.tax.liability import liabilities
from lotwise.tax.marginal import Direction, marginals
from lotwise.tax.position import LARGEST
from lotwise.tax.return_lines import Law

__all__ = ["RATES", "household_rates"]

# One row per household, billionths per dollar, 0 to 1.
RATES = np.dtype(
    [("short", np.int64), ("long", np.int64), ("loss_short", np.int64), ("loss_long", np.int64)],
    align=True,
)


@kernel
def _within(rate: int) -> int:
    return int(min(max(rate, 0), FULL_RATE))


@kernel
def _worth(before: Records, after: Records, i: int, loss: int, carried_worth: int) -> int:
    """Worth per dollar of a loss (money, positive) that turns the liability `before` into `after`, billionths."""
    saved = before[i].total - after[i].total
    carried = (
        after[i].short_carryforward
        + after[i].long_carryforward
        - before[i].short_carryforward
        - before[i].long_carryforward
    )
    part = mul_div(carried, FULL_RATE, loss)
    return _within(mul_div(saved, FULL_RATE, loss) + mul_div(part, carried_worth, FULL_RATE))


@kernel
def _fill(
    slopes: Records,
    taxes: tuple[Records, Records, Records],
    losses: IntArray,
    worths: tuple[IntArray, IntArray],
    out: Records,
) -> None:
    """Write the rates; `taxes` = (as it is, with the loss short, with the loss long), `worths` as the arguments."""
    before, lost_short, lost_long = taxes
    carried_value, usability = worths
    for i in range(out.size):
        if before[i].total == MISSING:
            continue
        short = _within(slopes[i, Direction.SHORT_GAIN].tax)
        long = _within(slopes[i, Direction.LONG_GAIN].tax)
        out[i].short = short
        out[i].long = long
        if usability[i] != MISSING:
            out[i].loss_short = mul_div(short, usability[i], FULL_RATE)
            out[i].loss_long = mul_div(long, usability[i], FULL_RATE)
            continue
        carried_worth = mul_div(long, carried_value[i], FULL_RATE)
        out[i].loss_short = _worth(before, lost_short, i, losses[i], carried_worth)
        out[i].loss_long = _worth(before, lost_long, i, losses[i], carried_worth)


def _liabilities(households: Table, law: Law) -> Records:
    return cast("Records", liabilities(households, law).view(np.recarray))


def _with_loss(households: Table, column: str, losses: IntArray) -> Table:
    after = households.copy()
    after[column] = np.maximum(households[column] - losses, -LARGEST)
    return after


def household_rates(
    households: Table, law: Law, losses: IntArray, carried_value: IntArray, usability: IntArray
) -> Table:
    """Rates of every household: rows of POSITION to rows of RATES, all households at once.

    Per household: `losses` that could be realised tonight (money; a dollar at least is taken, better many: lines of tax
    are rounded to a ten-thousandth of one); `carried_value` of a carried dollar of loss as a share of the long-term
    rate (billionths); `usability` (billionths): the rates of losses are this share of those of gains, MISSING = as the
    law says. Zero where the law does not cover a household.
    """
    over = np.clip(losses, DOLLAR, LARGEST)
    taxes = (
        _liabilities(households, law),
        _liabilities(_with_loss(households, "short_gains", over), law),
        _liabilities(_with_loss(households, "long_gains", over), law),
    )
    slopes = cast("Records", marginals(households, law).view(np.recarray))
    out = np.zeros(len(households), RATES)
    _fill(slopes, taxes, over, (carried_value, usability), cast("Records", out.view(np.recarray)))
    return out
