"""What a transition proposal is made of: today, the choices and the curve between them, the plan by year.

Money is in ten-thousandths of a dollar, tracking, overlap and turnover are fractions. Tax is positive where it is owed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import pairwise

__all__ = [
    "BudgetPlan",
    "Choice",
    "CurveStep",
    "Legacy",
    "LotGain",
    "Outside",
    "PlanYear",
    "Purchase",
    "Range",
    "Role",
    "Sale",
    "TransitionChoices",
]


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
    short_gain: int  # unrealised, net, of taxable lots
    long_gain: int
    cost_unknown: int  # value of taxable lots whose cost is not known; what is assumed of it is in the gains
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
    pays_after: float | None = 0.0  # years of less tracking that pay for tax and trading; None: never


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
class BudgetPlan:
    """What the move takes under a yearly limit on tax, in simulated futures: of each the 10%, 50% and 90% of them."""

    budget: int | None  # money a year; None: no limit
    tax_this_year: int
    years: tuple[int | None, int | None, int | None]  # tax years, this one the first; None: more than `most`
    tax: tuple[int, int, int]  # of all years
    most: int  # years that were simulated
    complete: float  # part of the futures in which it is done within them


@dataclass(frozen=True, slots=True)
class Outside:
    """A holding that the target does not have: held, sold, or some of both."""

    symbol: str
    name: str
    kind: str  # stock, fund, etf, bond
    value: int
    gain: int  # unrealised, in taxable accounts
    kept: int  # value of it that is held on
    why: str


@dataclass(frozen=True, slots=True)
class LotGain:
    """A taxable lot's unrealised gain, the days it has been held, and its term."""

    gain: int
    days: int
    long_term: bool


@dataclass(frozen=True, slots=True)
class Sale:
    """What the recommended move sells from a lot; no gain outside taxable accounts."""

    account: str
    symbol: str
    acquired: date | None
    shares: int
    value: int
    gain: int | None
    long_term: bool
    assumed: bool  # its cost or its date


@dataclass(frozen=True, slots=True)
class Purchase:
    """What the recommended move buys of a name."""

    symbol: str
    name: str
    value: int


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
    outside: tuple[Outside, ...]
    reasons: tuple[str, ...]  # why the recommended point
    advice: tuple[str, ...]  # break-even advice, "keep what you have" included
    assumptions: tuple[str, ...]
    keep: str = ""  # why to keep what there is; "": the recommended move pays
    missing: tuple[str, ...] = ()  # what is to be asked for
    budgets: tuple[BudgetPlan, ...] = ()
    lots: tuple[LotGain, ...] = ()
    sales: tuple[Sale, ...] = ()  # of the recommended choice, lot by lot
    purchases: tuple[Purchase, ...] = ()

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
