"""What the next dollar of gain or loss costs or saves a household, and how many dollars until that changes.

Tax is piecewise linear in short-term and in long-term gain. Every line of the return knows its slope and how far the
slope holds (`lines`); where the nearest kink leaves tax and carryforwards moving as before, the next one is looked for.
So the reach said here is the true one: where short and long net to zero, where a loss is netted out or the limit on
its deduction is met, at bracket and rate thresholds, at that of the net investment income tax, at zero taxable income,
and at the state's.

Slopes are exact (billionths of a dollar per dollar), to the side that the direction points to. The reach is exact for
amounts in whole cents, but for kinks that lie between two units of money: these are said at one of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, cast

import numpy as np

from lotwise.kernels import Records, kernel
from lotwise.ledger.events import MISSING, Table
from lotwise.money import FULL_RATE, Money, Rate
from lotwise.tax.lines import NEVER, Line
from lotwise.tax.position import PositionRecord, TaxPosition, positions
from lotwise.tax.return_lines import Law, covers, household_records, return_lines

__all__ = [
    "MARGINAL",
    "NEVER",
    "Direction",
    "Marginal",
    "Slope",
    "marginal",
    "marginals",
]


class Direction(IntEnum):
    """Which way gains move; the column of a table of MARGINAL."""

    SHORT_GAIN = 0
    LONG_GAIN = 1
    SHORT_LOSS = 2
    LONG_LOSS = 3


_DIRECTIONS = len(Direction)

# One record per household and direction. `tax` is MISSING where the law does not cover the household.
MARGINAL = np.dtype(
    [
        ("tax", np.int64),  # billionths: tax per dollar; below zero where a loss saves
        ("reach", np.int64),  # money until tax or a carryforward moves otherwise; NEVER = no end
        ("short_carried", np.int64),  # billionths of the dollar that join (below zero: leave) the short carryforward
        ("long_carried", np.int64),
    ],
    align=True,
)


class _Point(NamedTuple):
    """Slopes at one point in one direction, and how far they hold at least."""

    tax: int
    short_carried: int
    long_carried: int
    reach: int


@dataclass(frozen=True, slots=True)
class Slope:
    """Tax and carryforwards per next dollar in one direction; `reach` is None where it never changes."""

    tax: Rate
    reach: Money | None
    short_carried: Rate
    long_carried: Rate


@dataclass(frozen=True, slots=True)
class Marginal:
    """The four directions of one household."""

    short_gain: Slope
    long_gain: Slope
    short_loss: Slope
    long_loss: Slope


@kernel
def _point(law: Law, position: PositionRecord, direction: int, moved: int) -> _Point:
    """Slopes of a household's return in a direction, after `moved` units of money that way."""
    forward = FULL_RATE if direction in (Direction.SHORT_GAIN, Direction.LONG_GAIN) else -FULL_RATE
    change = moved if forward > 0 else -moved
    if direction in (Direction.SHORT_GAIN, Direction.SHORT_LOSS):
        short = Line(position.short_gains + change, forward, NEVER)
        long = Line(position.long_gains, 0, NEVER)
    else:
        short = Line(position.short_gains, 0, NEVER)
        long = Line(position.long_gains + change, forward, NEVER)
    lines = return_lines(law, position, short, long)
    carried_short, carried_long = lines.netting.short_carried, lines.netting.long_carried
    reach = min(lines.total.reach, carried_short.reach, carried_long.reach)
    return _Point(lines.total.slope, carried_short.slope, carried_long.slope, reach)


@kernel
def _fill(law: Law, households: Records, out: Records) -> None:
    for i in range(households.size):
        position = households[i]
        if not covers(law, position):
            continue
        for direction in range(_DIRECTIONS):
            first = _point(law, position, direction, 0)
            reach = first.reach
            while reach < NEVER:
                ahead = _point(law, position, direction, reach)
                moves_as_before = (
                    ahead.tax == first.tax
                    and ahead.short_carried == first.short_carried
                    and ahead.long_carried == first.long_carried
                )
                if not moves_as_before:
                    break
                reach = reach + ahead.reach if ahead.reach < NEVER else NEVER
            result = out[i, direction]
            result.tax = first.tax
            result.reach = reach
            result.short_carried = first.short_carried
            result.long_carried = first.long_carried


def marginals(households: Table, law: Law) -> Table:
    """Marginal tax of every household: rows of POSITION to (H, 4) MARGINAL, one column a `Direction`."""
    out = np.full((len(households), len(Direction)), np.array((MISSING, 0, 0, 0), MARGINAL))
    _fill(law, household_records(households, law), cast("Records", out.view(np.recarray)))
    return out


def marginal(position: TaxPosition, law: Law) -> Marginal:
    """Marginal tax of one household; ValueError where the federal law of its year is not kept."""
    row = marginals(positions([position]), law)[0]
    if row[0]["tax"] == MISSING:
        raise ValueError(f"the federal law of {position.year} is not kept")
    slopes = [
        Slope(
            tax=Rate(int(entry["tax"])),
            reach=None if entry["reach"] == NEVER else Money(int(entry["reach"])),
            short_carried=Rate(int(entry["short_carried"])),
            long_carried=Rate(int(entry["long_carried"])),
        )
        for entry in row
    ]
    return Marginal(*slopes)
