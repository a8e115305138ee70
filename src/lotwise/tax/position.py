"""The tax position of households: what of a year decides the tax on their next dollar of gain, as columns.

Income is stated without the gains: `ordinary_income` is taxable income after deductions but before net capital gain or
loss and before qualified dividends (negative where deductions are not used up). Gains are the year's, realised, outside
and expected together, before carryovers.

A household's tax comes from the federal law and a state's by default. Where it states rates of its own, they stand
instead: `short_rate` and `long_rate` (federal, net investment income tax included) replace brackets and thresholds,
`state_rate` replaces the state's law. Netting, the loss limit and carryovers hold in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from lotwise.ledger.events import MISSING, NO_CODE, Table
from lotwise.money import DOLLAR, OVERFLOW, Money, Rate
from lotwise.tax.parameters import FilingStatus

__all__ = ["LARGEST", "POSITION", "PositionRecord", "TaxPosition", "blank_positions", "position_of", "positions"]

# The largest amount a position may hold, some 92 billion dollars: sums of a few stay far inside 64 bits.
LARGEST = -OVERFLOW // DOLLAR

POSITION = np.dtype(
    [
        ("ordinary_income", np.int64),  # money; MISSING = not known, which only a household with its own rates may be
        ("magi", np.int64),  # modified adjusted gross income before gains and qualified dividends; MISSING = estimated
        ("short_gains", np.int64),  # net, of the year, before carryovers
        ("long_gains", np.int64),
        ("qualified_dividends", np.int64),
        ("investment_income", np.int64),  # other net investment income, part of ordinary_income (Form 8960)
        ("short_carryforward", np.int64),  # loss carried into the year, positive
        ("long_carryforward", np.int64),
        ("short_rate", np.int64),  # billionths; MISSING = by law
        ("long_rate", np.int64),
        ("state_rate", np.int64),
        ("year", np.int32),
        ("filing_status", np.int32),
        ("state", np.int32),  # row of the state's law in that year; NO_CODE = none
    ],
    align=True,
)

_NONE = Money(0)
_NEVER_NEGATIVE = (
    "qualified_dividends",
    "short_carryforward",
    "long_carryforward",
    "short_rate",
    "long_rate",
    "state_rate",
)


class PositionRecord(Protocol):
    """A row of POSITION as kernels see it."""

    ordinary_income: int
    magi: int
    short_gains: int
    long_gains: int
    qualified_dividends: int
    investment_income: int
    short_carryforward: int
    long_carryforward: int
    short_rate: int
    long_rate: int
    state_rate: int
    year: int
    filing_status: int
    state: int


@dataclass(frozen=True, slots=True)
class TaxPosition:
    """Tax position of one household in one year; fields and units as the columns of POSITION.

    Raises ValueError for a carryforward, dividend or rate below zero, an amount beyond LARGEST, one own rate without
    the other, and where neither income nor own rates are known.
    """

    year: int
    filing_status: FilingStatus
    ordinary_income: Money | None = None
    magi: Money | None = None
    short_gains: Money = _NONE
    long_gains: Money = _NONE
    qualified_dividends: Money = _NONE
    investment_income: Money = _NONE
    short_carryforward: Money = _NONE
    long_carryforward: Money = _NONE
    short_rate: Rate | None = None
    long_rate: Rate | None = None
    state_rate: Rate | None = None
    state: int = NO_CODE

    def __post_init__(self) -> None:
        for name in _NEVER_NEGATIVE:
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} must not be negative, was {value}")
        for column in fields(self):
            value = getattr(self, column.name)
            if value is not None and abs(value) > LARGEST:
                raise ValueError(f"{column.name} must be at most {LARGEST} units, was {value}")
        if (self.short_rate is None) != (self.long_rate is None):
            raise ValueError("short_rate and long_rate must be given together")
        if self.short_rate is None and self.ordinary_income is None:
            raise ValueError("either ordinary_income or short_rate and long_rate must be given")


def blank_positions(count: int, year: int, status: FilingStatus = FilingStatus.SINGLE) -> Table:
    """Make `count` rows of POSITION: no income, gains or losses; income, rates and state not known."""
    made = np.zeros(count, POSITION)
    for name in ("ordinary_income", "magi", "short_rate", "long_rate", "state_rate"):
        made[name] = MISSING
    made["state"] = NO_CODE
    made["year"] = year
    made["filing_status"] = int(status)
    return made


def positions(households: Sequence[TaxPosition]) -> Table:
    """Put positions of households into one table, in order."""
    made = np.zeros(len(households), POSITION)
    for column in fields(TaxPosition):
        values = [getattr(household, column.name) for household in households]
        made[column.name] = [MISSING if value is None else int(value) for value in values]
    return made


def position_of(row: np.void) -> TaxPosition:
    """Read one row of POSITION back."""
    values = {name: int(row[name]) for name in POSITION.names or ()}
    given = {name: None if value == MISSING else value for name, value in values.items()}
    return TaxPosition(**given | {"filing_status": FilingStatus(values["filing_status"])})  # type: ignore[arg-type]
