"""All that is said of a prospect's move, as one frozen object; money in units of `lotwise.money`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from lotwise.errors import Finding
from lotwise.money import IntArray
from lotwise.prospects.choices import Choice, Floats, Role, Standing
from lotwise.rebalancing.frontier import Frontier

__all__ = ["BudgetYears", "Legacy", "Planned", "Resting", "Transition", "Unknown"]


@dataclass(frozen=True, slots=True)
class BudgetYears:
    """How long the move takes under a yearly budget of tax, over P simulated paths."""

    budget: int | None  # money a year; None = no budget
    years: IntArray  # (P,) visits until tracking is near enough; one more than `most` = not within them
    tax: IntArray  # (P, most) money, of each year
    tracking: Floats  # (P, most) at the end of the year's trades; as it was last once a path is complete
    most: int
    kept_back: int  # years of paths in which nothing was traded because nothing keeps within the budget

    @property
    def completed(self) -> int:
        """Paths that came near enough."""
        return int((self.years <= self.most).sum())

    def years_at(self, part: float) -> int | None:
        """Years within which this part of the paths was complete; None = it was not within `most`."""
        found = int(np.quantile(self.years, part, method="inverted_cdf"))
        return found if found <= self.most else None

    def complete_in(self, year: int) -> float:
        """Part of the paths that is complete after so many years."""
        return float((self.years <= year).mean())

    def tax_in(self, year: int, part: float) -> int:
        """Tax of one year, 1 the first, at this part of the paths; those that are complete pay none."""
        return int(np.quantile(self.tax[:, year - 1], part, method="inverted_cdf"))

    def tracking_in(self, year: int, part: float) -> float:
        """Tracking error after one year's trades, at this part of the paths."""
        return float(np.quantile(self.tracking[:, year - 1], part, method="inverted_cdf"))

    def tax_at(self, part: float) -> int:
        """Tax of all years, at this part of the paths."""
        return int(np.quantile(self.tax.sum(axis=1), part, method="inverted_cdf"))


@dataclass(frozen=True, slots=True)
class Legacy:
    """A holding that the target does not have: what becomes of it at the recommended point."""

    symbol: str
    name: str
    kind: str
    value: int
    gain: int  # unrealised, in taxable accounts
    kept: float  # part of it that is held, 0 to 1


@dataclass(frozen=True, slots=True)
class Planned:
    """A sale from a lot of the prospect's file, or a purchase, of the recommended move."""

    sells: bool
    account: str
    symbol: str
    name: str
    line: int | None  # of the prospect's file; None for a purchase
    acquired: date | None
    shares: int
    value: int
    gain: int  # 0 for a purchase, and outside taxable accounts
    long_term: bool
    taxable: bool
    assumed: bool  # its basis or its date is not known


@dataclass(frozen=True, slots=True)
class Unknown:
    """What is held and cannot be valued."""

    symbol: str
    line: int
    basis: int | None


@dataclass(frozen=True, slots=True)
class Resting:
    """How much rests on what was assumed: value of lots, and the sizes of their gains."""

    lots: int
    basis_value: float  # part of the value of all lots whose basis is assumed
    date_value: float
    gains: float  # part of the sizes of all unrealised gains and losses that rests on an assumed basis
    basis: float  # what was assumed, part of value
    holding: str
    no_basis: tuple[str, ...] = ()  # symbols to ask for, in the order of the file
    no_date: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transition:
    """A prospect's move to a model."""

    file: str
    firm: str
    model: str
    profile: str
    as_of: date
    standing: Standing
    lots: int
    resting: Resting
    unknown: tuple[Unknown, ...]
    left_out: int
    choices: tuple[Choice, ...]  # do nothing, ever nearer points of the frontier, sell everything
    frontier: Frontier
    horizon: float  # years
    reasons: tuple[str, ...]
    advice: tuple[str, ...]
    keep: str  # why to keep what one has; '' where the recommended move pays
    plan: tuple[Planned, ...]  # of the recommended move: sales, then purchases
    legacy: tuple[Legacy, ...]
    years: tuple[BudgetYears, ...]
    near: float  # tracking error at which the move is complete
    seed: int
    drift: float
    assumes: tuple[str, ...]
    findings: tuple[Finding, ...]

    def _only(self, role: Role) -> Choice:
        return next(choice for choice in self.choices if choice.role is role)

    @property
    def nothing(self) -> Choice:
        """Do nothing."""
        return self._only(Role.NOTHING)

    @property
    def liquidate(self) -> Choice:
        """Sell everything."""
        return self._only(Role.LIQUIDATE)

    @property
    def recommended(self) -> Choice:
        """The choice at the policy's own prices."""
        return self._only(Role.RECOMMENDED)

    @property
    def between(self) -> tuple[Choice, ...]:
        """The frontier: the cheapest point first, the nearest last, the recommended one among them."""
        return self.choices[1:-1]

    @property
    def value(self) -> int:
        """Value of all that could be valued, cash included."""
        return self.standing.value
