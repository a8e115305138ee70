"""What a transition proposal is made of: today, the choices and the curve between them, the plan by year.

Money is in ten-thousandths of a dollar, tracking, overlap and turnover are fractions. Tax is positive where it is owed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import pairwise

__all__ = ["Choice", "CurveStep", "Kept", "Legacy", "PlanYear", "Range", "Role", "TransitionChoices"]


class Role(Enum):
    """What a choice is."""

    LIQUIDATE = "liquidate everything"
    NOTHING = "do nothing"
    RECOMMENDED = "recommended"
    OTHER = "between"


@dataclass(frozen=True, slots=True)
class Legacy:
    """What the client has today."""

    value: int
    taxable_value: int
    short_gain: int  # unrealised, net, of taxable lots whose cost and date are known
    long_gain: int
    cost_unknown: int  # value of taxable lots whose cost is not known
    holdings: int
    lots: int
    overlap: float
    tracking: float


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to move."""

    role: Role
    name: str
    tax: int
    tracking: float
    overlap: float
    turnover: float
    years: int | None  # None: never complete under the yearly budget


@dataclass(frozen=True, slots=True)
class CurveStep:
    """One point of the frontier between doing nothing and liquidating everything."""

    tax: int
    tracking: float


@dataclass(frozen=True, slots=True)
class Range:
    """A simulated range of money."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class PlanYear:
    """What the recommended plan does in one calendar year."""

    year: int
    sold: int
    short_gain: int
    long_gain: int
    tax: int
    tax_range: Range | None  # None: this year's, which is not simulated
    tracking_after: float
    overlap_after: float


@dataclass(frozen=True, slots=True)
class Kept:
    """A legacy holding that is kept: a fund, a bond, a stock too dear to sell."""

    symbol: str
    name: str
    value: int
    why: str


@dataclass(frozen=True, slots=True)
class TransitionChoices:
    """A transition proposal for one household or prospect."""

    household_id: str
    name: str
    as_of: date
    target: str  # what people call it
    today: Legacy
    choices: tuple[Choice, ...]
    curve: tuple[CurveStep, ...]
    plan: tuple[PlanYear, ...]
    yearly_budget: int | None  # tax per year that the plan keeps to; None = none
    kept: tuple[Kept, ...]
    reasons: tuple[str, ...]  # why the recommended point
    advice: tuple[str, ...]  # break-even advice, "keep what you have" included
    assumptions: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a proposal without exactly one recommended choice, or whose plan contradicts it (ValueError)."""
        recommended = [choice for choice in self.choices if choice.role is Role.RECOMMENDED]
        if len(recommended) != 1:
            raise ValueError(f"{self.household_id}: one choice must be recommended; {len(recommended)} were")
        if any(one.year >= other.year for one, other in pairwise(self.plan)):
            raise ValueError(f"{self.household_id}: years of the plan must ascend; were {[y.year for y in self.plan]}")
        planned = sum(year.tax for year in self.plan)
        if self.plan and planned != recommended[0].tax:
            raise ValueError(
                f"{self.household_id}: taxes of the plan must add up to that of the recommended choice,"
                f" {recommended[0].tax}; were {planned}"
            )

    @property
    def recommended(self) -> Choice:
        """The choice that is recommended."""
        return next(choice for choice in self.choices if choice.role is Role.RECOMMENDED)
