"""What was saved for a household, for its page of taxes saved: out of what was told of the firm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from lotwise.dates import from_day_number
from lotwise.ledger.events import MISSING
from lotwise.money import DOLLAR, IntArray
from lotwise.nightly.savings import SavingsRun, outside_position
from lotwise.reports.documents.figures import Measured, MonthOfSavings, Split, TaxesSaved, YearOfTax
from lotwise.savings.years import FIGURES, taxed
from lotwise.tax.liability import load_law

__all__ = ["CAVEATS", "SavedRecord", "saved_record"]

CAVEATS = (
    'Tax that is put off is not gone: a part of it is paid when the lots are sold. "After later taxes" counts that.',
    "The comparison is with one stated rule; a weaker rule would make for a larger number.",
    "Income, filing status, gains elsewhere, rates and law are those of this year, in every year.",
    "The ordinary rebalance trades at closing prices without cost; what was done is counted at what was really paid.",
    "Targets of days for which none is recorded are those of today.",
)
_INCOME = 3  # figures of income, the last ones
_REFUSED = "Some events of the ordinary rebalance could not be reproduced: the figures are near, not exact."


@dataclass(frozen=True, slots=True)
class SavedRecord:
    """What was told of a firm, household by household."""

    _run: SavingsRun
    _rows: dict[str, dict[str, Any]]  # of the table of households
    _months: dict[str, list[MonthOfSavings]]
    _without: IntArray  # (Y, H) tax without the portfolio's sales

    def of(self, row: int) -> TaxesSaved | None:
        """What was saved for one household; None where it has no record."""
        run = self._run
        household = str(run.firm.labels.households[row])
        found = self._rows.get(household)
        if found is None:
            return None
        began = from_day_number(int(run.told.begins[row]))
        refused = (_REFUSED,) if run.told.refused[row] else ()
        return TaxesSaved(
            household_id=household,
            name=run.firm.household_names[row],
            as_of=run.firm.as_of,
            inception=began,
            year_to_date=_measured(found, "_ytd"),
            since_inception=_measured(found, ""),
            months=tuple(self._months.get(household, ())),
            years=self._years(row, began),
            shadow_rule=_statements(run.rule.in_words()),
            caveats=(*CAVEATS, *refused),
        )

    def _years(self, row: int, began: date) -> tuple[YearOfTax, ...]:
        told = self._run.told
        return tuple(
            YearOfTax(year, *(int(side.total[place, row]) - without for side in (told.saved.shadow, told.saved.record)))
            for place, (year, without) in enumerate(
                zip(told.years.tolist(), self._without[:, row].tolist(), strict=True)
            )
            if year >= began.year
        )


def saved_record(run: SavingsRun) -> SavedRecord:
    """Gather what was told by household."""
    without = _tax_without(run)
    months: dict[str, list[MonthOfSavings]] = {}
    columns = ("household_id", "day", "deferral", "harvesting", "location")
    for name, day, *parts in run.tables.months.select(columns).sort("day", maintain_order=True).iter_rows():
        months.setdefault(name, []).append(MonthOfSavings(day, Split(*(_units(part) for part in parts))))
    rows = {row["household_id"]: row for row in run.tables.households.iter_rows(named=True)}
    return SavedRecord(run, rows, months, np.where(without == MISSING, 0, without))


def _tax_without(run: SavingsRun) -> IntArray:
    """Tax of each year and household without the portfolio's sales, (Y, H); of each from its first year on."""
    began = run.told.begins
    position, law, years = outside_position(run.firm), load_law(), run.told.years
    without = np.zeros((years.size, began.size), np.int64)
    first = began.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    for place, year in enumerate(years.tolist()):
        rows = np.flatnonzero((began > 0) & (first == year))
        if rows.size:
            nothing = np.zeros((years.size - place, rows.size, len(FIGURES)), np.int64)
            without[place:, rows] = taxed(position[rows], nothing, nothing[:, :, -_INCOME:], law).total
    return without


def _units(amount: Decimal) -> int:
    return int(amount * DOLLAR)


def _measured(row: dict[str, Any], period: str) -> Measured:
    def split(name: str) -> Split:
        # The rule of thumb knows no location.
        parts = (row.get(f"{name}_{part}{period}", Decimal(0)) for part in ("deferral", "harvesting", "location"))
        return Split(*(_units(part) for part in parts))

    fee = row[f"fee{period}"]
    return Measured(
        split("rule_of_thumb"), split("shadow"), split("present_value"), None if fee is None else _units(fee)
    )


def _statements(words: str) -> tuple[str, ...]:
    """A rule said in one sentence as one statement for each of its parts."""
    return tuple(f"{part[0].upper()}{part[1:]}." for part in words.split("; "))
