"""A firm as it was read: its book and market, what people call things, and everything that was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lotwise.errors import Finding
from lotwise.households.profile import Profile
from lotwise.money import IntArray
from lotwise.rebalancing.book import Book, BookLabels
from lotwise.rebalancing.nearest_substitutes import Lookthrough
from lotwise.risk.factor_model import FactorModel
from lotwise.securities.market import Market, MarketLabels, PriceHistory

__all__ = ["Firm"]


@dataclass(frozen=True, slots=True)
class Firm:
    """Everything a firm folder says of the chosen households at one close.

    The market carries no risk yet (loadings of no factors, specific variances zero): attach a model to it.
    """

    name: str
    as_of: date
    book: Book
    labels: BookLabels
    market: Market
    market_labels: MarketLabels
    history: PriceHistory
    risk_model: FactorModel | None  # brought along in risk/, else to be estimated
    findings: tuple[Finding, ...]
    household_names: tuple[str, ...]  # what people call the book's households, '' where unknown
    profiles: tuple[Profile, ...]  # one per row of Policies: the profile it was made of
    lookthrough: Lookthrough  # what funds hold, where that is known
    fees: IntArray  # (H,) yearly fee of each household, billionths of value; events.MISSING where it is not known
    outside_gains: IntArray  # (H, 2) short-term and long-term gains that no managed account realised, money
