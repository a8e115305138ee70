"""Four rates of every household: what a dollar of tonight's gains costs, and what one of tonight's losses is worth.

The rates of gain are those of the next dollar (`marginal`) where they hold for all that may be realised tonight, else
the average over that: a carryforward makes the gains free that it can absorb, and no others. A loss is worth its
average over all that may be lost tonight: [tax now - tax with the loss + the part of it that is carried into the next
year x the share of the long-term rate that a carried dollar is worth] per dollar of loss. So the first dollars save at
full rates, those beyond the year's gains and the limit on the deduction (26 U.S.C. 1211(b)) little.

What is carried is valued at the rate of a first long-term gain, and no higher than long-term gains of tonight: where
a carryforward makes these free already, more of it counts nothing. So no pair of a gain and a loss seems to pay for
itself out of a carryforward.
"""

from __future__ import annotations

from typing import Protocol, cast

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


class SlopeRecord(Protocol):
    """A record of MARGINAL as kernels see it."""

    tax: int
    reach: int


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
def _cost(slope: SlopeRecord, tax: int, gain: int) -> int:
    """Tax per dollar of a gain that costs `tax`: exactly the slope, where it holds so far."""
    return _within(slope.tax if slope.reach >= gain else mul_div(tax, FULL_RATE, gain))


@kernel
def _fill(
    slopes: tuple[Records, Records],
    taxes: tuple[Records, Records, Records, Records, Records],
    amounts: tuple[IntArray, IntArray],
    worths: tuple[IntArray, IntArray],
    out: Records,
) -> None:
    """Write the rates; `taxes` as it is, with the loss, then with the gain, each short and then long.

    `slopes` as it is, and without anything to net; `amounts` = (losses, gains); `worths` = (carried value, usability).
    """
    here, alone = slopes
    before, lost_short, lost_long, gained_short, gained_long = taxes
    losses, gains = amounts
    carried_value, usability = worths
    for i in range(out.size):
        if before[i].total == MISSING:
            continue
        short = _cost(here[i, Direction.SHORT_GAIN], gained_short[i].total - before[i].total, gains[i])
        long = _cost(here[i, Direction.LONG_GAIN], gained_long[i].total - before[i].total, gains[i])
        out[i].short = short
        out[i].long = long
        if usability[i] != MISSING:
            out[i].loss_short = mul_div(short, usability[i], FULL_RATE)
            out[i].loss_long = mul_div(long, usability[i], FULL_RATE)
            continue
        later = min(long, _within(alone[i, Direction.LONG_GAIN].tax))
        carried_worth = mul_div(later, carried_value[i], FULL_RATE)
        out[i].loss_short = _worth(before, lost_short, i, losses[i], carried_worth)
        out[i].loss_long = _worth(before, lost_long, i, losses[i], carried_worth)


def _liabilities(households: Table, law: Law) -> Records:
    return cast("Records", liabilities(households, law).view(np.recarray))


def _slopes(households: Table, law: Law) -> Records:
    return cast("Records", marginals(households, law).view(np.recarray))


def _without_gains(households: Table) -> Table:
    """Households with neither gain nor loss: the year's gains are just what is carried into it."""
    even = households.copy()
    for term in ("short", "long"):
        even[f"{term}_gains"] = even[f"{term}_carryforward"]
    return even


def _with_gain(households: Table, column: str, gains: IntArray) -> Table:
    after = households.copy()
    after[column] = np.clip(households[column] + gains, -LARGEST, LARGEST)
    return after


def household_rates(
    households: Table,
    law: Law,
    amounts: tuple[IntArray, IntArray],
    carried_value: IntArray,
    usability: IntArray,
) -> Table:
    """Rates of every household: rows of POSITION to rows of RATES, all households at once.

    Per household: `amounts` = (losses, gains) that may be realised tonight (positive money; a dollar at least is taken,
    better many: lines of tax are rounded to a ten-thousandth of one); `carried_value` of a carried dollar of loss as a
    share of the long-term rate (billionths); `usability` (billionths): the rates of losses are this share of those of
    gains, MISSING = as the law says. Zero where the law does not cover a household.
    """
    losses, gains = (np.clip(amount, DOLLAR, LARGEST) for amount in amounts)
    taxes = (
        _liabilities(households, law),
        _liabilities(_with_gain(households, "short_gains", -losses), law),
        _liabilities(_with_gain(households, "long_gains", -losses), law),
        _liabilities(_with_gain(households, "short_gains", gains), law),
        _liabilities(_with_gain(households, "long_gains", gains), law),
    )
    slopes = _slopes(households, law), _slopes(_without_gains(households), law)
    out = np.zeros(len(households), RATES)
    _fill(slopes, taxes, (losses, gains), (carried_value, usability), cast("Records", out.view(np.recarray)))
    return out
