"""The tax of a household for a year, exact to the last unit: one household as an object, a firm's as columns.

Federal income tax with netting, the loss deduction and preferential rates, net investment income tax, state tax, and
the losses carried to the next year. The lines are written in `return_lines`; what is not modelled is listed there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import cast

import numpy as np

from lotwise.kernels import Records, kernel
from lotwise.ledger.events import MISSING, Table
from lotwise.money import Money
from lotwise.tax.lines import fixed
from lotwise.tax.position import TaxPosition, positions
from lotwise.tax.return_lines import Law, covers, household_records, load_law, return_lines

__all__ = ["LIABILITY", "Law", "Liability", "liabilities", "liability", "load_law"]

# One row per household; money. All MISSING where the law does not cover the year or the position lacks income.
LIABILITY = np.dtype(
    [
        ("net_short", np.int64),  # Schedule D line 7
        ("net_long", np.int64),  # Schedule D line 15
        ("capital_gain", np.int64),  # Form 1040 line 7: Schedule D line 16, or line 21 as a negative amount
        ("adjusted_gross_income", np.int64),  # Form 1040 line 11; an estimate where magi is one
        ("taxable_income", np.int64),  # Form 1040 line 15
        ("ordinary_taxable", np.int64),  # worksheet line 5
        ("ordinary_tax", np.int64),  # worksheet line 22
        ("preferential_tax", np.int64),  # line 25 less line 22: on long-term gains and qualified dividends
        ("income_tax", np.int64),  # Form 1040 line 16
        ("investment_tax", np.int64),  # Form 8960 line 17
        ("state_tax", np.int64),
        ("total", np.int64),
        ("short_carryforward", np.int64),  # carryover worksheet line 8: into the next year
        ("long_carryforward", np.int64),  # line 13
    ],
    align=True,
)


@dataclass(frozen=True, slots=True)
class Liability:
    """Tax of one household for a year; fields as the columns of LIABILITY."""

    net_short: Money
    net_long: Money
    capital_gain: Money
    adjusted_gross_income: Money
    taxable_income: Money
    ordinary_taxable: Money
    ordinary_tax: Money
    preferential_tax: Money
    income_tax: Money
    investment_tax: Money
    state_tax: Money
    total: Money
    short_carryforward: Money
    long_carryforward: Money


@kernel
def _fill(law: Law, households: Records, out: Records) -> None:
    for i in range(households.size):
        position, result = households[i], out[i]
        if not covers(law, position):
            continue
        lines = return_lines(law, position, fixed(position.short_gains), fixed(position.long_gains))
        netting, tax = lines.netting, lines.income_tax
        result.net_short = position.short_gains - position.short_carryforward
        result.net_long = position.long_gains - position.long_carryforward
        result.capital_gain = netting.gain.value - netting.deduction.value
        result.adjusted_gross_income = lines.adjusted_gross_income.value
        result.taxable_income = lines.taxable_income.value
        result.ordinary_taxable = tax.ordinary_taxable.value
        result.ordinary_tax = tax.ordinary_tax.value
        result.preferential_tax = tax.tax.value - tax.ordinary_tax.value
        result.income_tax = tax.tax.value
        result.investment_tax = lines.investment_tax.value
        result.state_tax = lines.state_tax.value
        result.total = lines.total.value
        result.short_carryforward = netting.short_carried.value
        result.long_carryforward = netting.long_carried.value


def liabilities(households: Table, law: Law) -> Table:
    """Tax of every household: rows of POSITION to rows of LIABILITY, in the same order; no object per household.

    A household whose year the law does not cover, that has neither income nor rates, or an amount beyond LARGEST, gets
    MISSING in every column. Raises ValueError for a table of another kind or a state's row of another year.
    """
    records = household_records(households, law)
    out = np.empty(len(households), LIABILITY)
    for name in LIABILITY.names or ():
        out[name] = MISSING
    _fill(law, records, cast("Records", out.view(np.recarray)))
    return out


def liability(position: TaxPosition, law: Law) -> Liability:
    """Tax of one household; ValueError where the federal law of its year is not kept."""
    row = liabilities(positions([position]), law)[0]
    if row["total"] == MISSING:
        raise ValueError(f"the federal law of {position.year} is not kept")
    return Liability(**{field.name: Money(int(row[field.name])) for field in fields(Liability)})
