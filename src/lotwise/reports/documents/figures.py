"""What the page of taxes saved is made of: numbers A, B and C with their parts, fees, months and years.

Money is in ten-thousandths of a dollar; a saving is positive, a cost negative. What must add up is checked here: a
page must not be printed of figures that contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from lotwise.money import to_dollars

__all__ = ["Measured", "MonthOfSavings", "Split", "TaxesSaved", "YearOfTax"]


@dataclass(frozen=True, slots=True)
class Split:
    """An amount by what it comes from."""

    deferral: int
    harvesting: int
    location: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.deferral + self.harvesting + self.location

    @property
    def parts(self) -> tuple[int, int, int]:
        """Deferral, harvesting, location."""
        return self.deferral, self.harvesting, self.location


@dataclass(frozen=True, slots=True)
class Measured:
    """A stretch of time by all three measures, and its fee."""

    rule_of_thumb: Split  # A
    shadow: Split  # B
    present_value: Split  # C
    fee: int | None  # None: not known


@dataclass(frozen=True, slots=True)
class MonthOfSavings:
    """Number B since inception, as it stood on the last day of a month."""

    day: date
    saved: Split


@dataclass(frozen=True, slots=True)
class YearOfTax:
    """Tax of a calendar year: of the ordinary rebalance, and of what was done."""

    year: int
    shadow: int
    actual: int

    @property
    def saved(self) -> int:
        """Number B of the year."""
        return self.shadow - self.actual


@dataclass(frozen=True, slots=True)
class TaxesSaved:
    """Taxes saved of one household, year to date and since inception."""

    household_id: str
    name: str
    as_of: date
    inception: date
    year_to_date: Measured
    since_inception: Measured
    months: tuple[MonthOfSavings, ...]
    years: tuple[YearOfTax, ...]
    shadow_rule: tuple[str, ...]  # the ordinary rebalance that B compares with: schedule, bands, lots; a statement each
    caveats: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse figures that contradict each other; raises ValueError that says which."""
        if self.inception > self.as_of:
            raise self._wrong("inception", f"on or before {self.as_of}", str(self.inception))
        for what, entries in (
            ("months", [month.day.toordinal() for month in self.months]),
            ("years", [year.year for year in self.years]),
        ):
            if any(one >= other for one, other in pairwise(entries)):
                raise self._wrong(what, "in ascending order", str(entries))
        whole = self.since_inception.shadow
        if self.months and self.months[-1].saved != whole:
            raise self._wrong("the last month", f"B since inception, {whole}", str(self.months[-1].saved))
        if self.years:
            self._require_equal("tax saved of all years", sum(year.saved for year in self.years), whole.total)
            own = [year.saved for year in self.years if year.year == self.as_of.year]
            self._require_equal("tax saved of the year", sum(own), self.year_to_date.shadow.total)

    def _require_equal(self, what: str, was: int, wanted: int) -> None:
        if was != wanted:
            raise self._wrong(what, f"number B, ${to_dollars(wanted):,}", f"${to_dollars(was):,}")

    def _wrong(self, what: str, must_be: str, was: str) -> ValueError:
        return ValueError(f"{self.household_id}: {what} must be {must_be}; was {was}")
