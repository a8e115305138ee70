"""The tax of every household, year by year: what it owes with its accounts less what it would owe without them.

Both by the law (`tax.liability`) at the household's own rates, or at its income where its circumstances say that:
netting, the limit on the loss deducted, losses carried on. The gains that a household has outside count on both sides.
Dividends that do not qualify are taxed at the short-term rate, beside. Of one year's law, the last that is kept, since
a simulated client has the same rates always.

A year is closed when the last of its sales is settled, 30 days into the next; until then what is carried into the next
is what is known of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.lab.cohorts.circumstances import Circumstances
from lotwise.lab.cohorts.clients import Cohort
from lotwise.ledger.events import Table
from lotwise.money import FULL_RATE, IntArray
from lotwise.tax.liability import liabilities, load_law
from lotwise.tax.parameters import kept_year
from lotwise.tax.position import LARGEST, blank_positions

__all__ = ["Carried", "Taxes"]


class Carried(NamedTuple):
    """Losses carried into a year, (H,) money each, not negative."""

    short: IntArray
    long: IntArray


class Taxes:
    """Taxes of a cohort in years from `first_year` on."""

    def __init__(self, cohort: Cohort, first_year: int, years: int) -> None:
        count = len(cohort.start)
        self.first_year = first_year
        self.income = np.zeros((years, count, 2), np.int64)  # money: ordinary, qualified dividends of taxable accounts
        self.owed = np.zeros((years, count), np.int64)  # money; of closed years
        self.carried = Carried(np.zeros(count, np.int64), np.zeros(count, np.int64))  # into `year`
        self.alone = Carried(np.zeros(count, np.int64), np.zeros(count, np.int64))  # the same without the accounts
        self.year = first_year  # the first that is not closed
        self._cohort = cohort
        self._law = load_law()
        if cohort.said is not None:
            table = cohort.said.position
            self.carried = Carried(table["short_carryforward"].copy(), table["long_carryforward"].copy())
            self.alone = Carried(*(column.copy() for column in self.carried))

    def blank(self, year: int) -> Table:
        """Positions of a year before anything is realised: rates, and gains from outside."""
        said = self._cohort.said
        if said is not None:
            return _as_said(said, first=year == self.first_year)
        table = blank_positions(len(self._cohort.start), kept_year(self._law.federal, year))
        for column, name in enumerate(("short_rate", "long_rate", "state_rate")):
            table[name] = self._cohort.rates[:, column]
        table["short_gains"], table["long_gains"] = self._cohort.outside.T
        return table

    def position(self, year: int, gains: IntArray) -> Table:
        """Positions of a year so far, POSITION; `gains` (years, H, 5) are those recognised by what is known today.

        What is carried in is final, or by what is known of the year before.
        """
        carried = self.carried
        for earlier in range(self.year, year):
            carried = self._after(earlier, gains, carried)[1]
        return self._filled(year, gains, carried)

    def close(self, until: int, gains: IntArray) -> None:
        """Close all years before `until`: owe their taxes and carry on their losses."""
        while self.year < until:
            self.owed[self.year - self.first_year], self.carried = self._after(self.year, gains, self.carried)
            self.alone = self._alone(self.year)[1]
            self.year += 1

    def of_open_year(self, gains: IntArray) -> IntArray:
        """Tax of the first year that is not closed, on these gains, (H,)."""
        return self._after(self.year, gains, self.carried)[0]

    def carried_after(self, year: int, gains: IntArray) -> Carried:
        """Losses that the first year that is not closed carries on, were it to end here."""
        if year != self.year:
            raise ValueError(f"the open year must be {year}, was {self.year}")
        return self._after(year, gains, self.carried)[1]

    def _filled(self, year: int, gains: IntArray, carried: Carried) -> Table:
        table, place = self.blank(year), year - self.first_year
        table["short_gains"] = np.clip(table["short_gains"] + gains[place, :, 0], -LARGEST, LARGEST)
        table["long_gains"] = np.clip(table["long_gains"] + gains[place, :, 1], -LARGEST, LARGEST)
        table["qualified_dividends"] = self.income[place, :, 1]
        table["short_carryforward"], table["long_carryforward"] = carried
        return table

    def _after(self, year: int, gains: IntArray, carried: Carried) -> tuple[IntArray, Carried]:
        found = liabilities(self._filled(year, gains, carried), self._law)
        rate = (self._cohort.rates[:, 0] + self._cohort.rates[:, 2]) / FULL_RATE
        ordinary = np.rint(self.income[year - self.first_year, :, 0] * rate).astype(np.int64)
        return found["total"] + ordinary - self._alone(year)[0], _carried(found)

    def _alone(self, year: int) -> tuple[IntArray, Carried]:
        table = self.blank(year)
        table["short_carryforward"], table["long_carryforward"] = self.alone
        found = liabilities(table, self._law)
        return found["total"], _carried(found)


def _as_said(said: Circumstances, *, first: bool) -> Table:
    """Positions by law, at the income that was told of the first year; what was realised in it recurs in no other."""
    table = said.position.copy()
    for name in ("qualified_dividends", "short_carryforward", "long_carryforward"):
        table[name] = 0
    if not first:
        table["short_gains"] -= said.realised[:, 0]
        table["long_gains"] -= said.realised[:, 1]
    return table


def _carried(found: Table) -> Carried:
    return Carried(found["short_carryforward"].copy(), found["long_carryforward"].copy())
