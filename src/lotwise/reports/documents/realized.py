"""What the page of realised gains is made of: lines of the ledger, wash sales, and totals of every year.

Money is in ten-thousandths of a dollar, shares in millionths.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lotwise.tax.form_cells import Cells

__all__ = ["RealizedGains", "RealizedLine", "WashLine", "YearTotals"]


@dataclass(frozen=True, slots=True)
class RealizedLine:
    """Shares of one lot sold, or what else realised a gain."""

    account_id: str
    symbol: str
    shares: int
    acquired: date | None  # None: not known, or inherited
    sold: date
    long_term: bool
    cells: Cells  # proceeds, basis, loss disallowed
    permanent: int  # part of the loss disallowed that is gone for ever
    origin: str = "sale"


@dataclass(frozen=True, slots=True)
class WashLine:
    """Part of a loss that a purchase disallows."""

    sold: date
    account_id: str
    symbol: str
    shares: int
    disallowed: int
    replaced: date | None
    replaced_in: str  # account
    permanent: bool


@dataclass(frozen=True, slots=True)
class YearTotals:
    """What a calendar year realised, after wash sales."""

    year: int
    short: int
    long: int


@dataclass(frozen=True, slots=True)
class RealizedGains:
    """Realised gains of a household's taxable accounts in one year, and the years before in totals."""

    household_id: str
    name: str
    as_of: date
    year: int
    lines: tuple[RealizedLine, ...]
    washes: tuple[WashLine, ...]
    years: tuple[YearTotals, ...]  # those before `year`, ascending
    known_until: date  # last day the record knows

    def __post_init__(self) -> None:
        """Refuse a line of another year (ValueError): the totals would be of something else."""
        for line in self.lines:
            if line.sold.year != self.year:
                raise ValueError(f"{self.household_id}: a sale must be of {self.year}, was of {line.sold}")
        for totals in self.years:
            if totals.year >= self.year:
                raise ValueError(f"{self.household_id}: earlier years must be before {self.year}, was {totals.year}")
