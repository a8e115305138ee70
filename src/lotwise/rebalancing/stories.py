"""What is told of a household that was solved: why each of its lots moves or stays, and each name is bought or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lotwise.dates import NO_DATE
from lotwise.rebalancing.decision_prices import Score
from lotwise.rebalancing.household_night import Night
from lotwise.rebalancing.limits import Limit
from lotwise.rebalancing.tax_story import TaxStory

__all__ = ["AccountStory", "Hindrance", "HouseholdStory", "LotLine", "NameLine"]


class Hindrance(StrEnum):
    """What kept a lot from being sold or a name from being bought, other than its price."""

    NONE = ""
    UNKNOWN_TAX = "its basis or date is unknown"
    KEPT = "it is kept (a lot restriction, its purpose or a pending order)"
    NEVER_SELL = "a restriction forbids selling it"
    NEVER_BUY = "a restriction forbids buying it"
    NOT_TRADABLE = "it has no fresh price or no risk"
    NOT_IN_MODEL = "it is not in the model"
    WASHED = "selling it at a loss would be a wash sale"
    BOUGHT = "the household buys it tonight, which would wash its loss"
    WASHES = "buying it would wash a loss sold by the household"
    TOO_SMALL = "the trade would be below the minimum"
    NETTED = "the year's tax turns there, and another lot of the name gives the rest"


@dataclass(frozen=True, slots=True)
class LotLine:
    """One lot. Prices are dollars per dollar sold; weights fractions of its portfolio."""

    lot: int  # row of Lots
    shares: int
    sold: int
    value: int
    gain: float  # fraction of value, negative = loss; nan where the basis is unknown
    long_term: bool
    tax: float  # price of its tax, now less later
    cost: float  # trading cost as charged
    risk: float  # yearly risk charge saved per dollar sold
    needs: float  # worth of the cash that a dollar sold raises and of the bounds it relieves
    place: float  # tax on what it yields that a dollar sold spares, in its kind of account
    counts: float  # what a dollar of its account counts in all these, beside other accounts
    hindrance: Hindrance
    sold_above: float  # weight of the name above which the lot would be sold; nan = at none
    sold_below: float  # gain below which it would be sold; nan = at none


@dataclass(frozen=True, slots=True)
class NameLine:
    """One name of an account. Prices are dollars per dollar.

    Weights are fractions of the portfolio: the account, or all accounts of a household that are solved as one.
    """

    security: int
    target: float
    before: float  # in all of the portfolio
    after: float
    own_before: float  # in this account
    own_after: float
    risk: float  # yearly risk charge that a dollar less of it saves, after the trades
    cash: float  # worth of a dollar of cash
    bounds: float  # worth of a dollar less to the group bounds
    buy_cost: float
    bought: int  # shares
    hindrance: Hindrance  # to buying
    bought_below: float  # weight below which it would be bought; nan = at none
    overweight_tax: float  # dollars: price of the tax of selling down to target, cheapest lots first
    overweight_risk: float  # dollars a year: risk charge that selling down to target would save
    lots: tuple[LotLine, ...]
    stands_for: int = -1  # security that it may be bought instead of; -1 = it is wanted for itself, or not at all
    place: float = 0.0  # tax on what it yields that a dollar less spares, in its kind of account


@dataclass(frozen=True, slots=True)
class AccountStory:
    """One account: how its portfolio was solved and its names, largest distance from target first."""

    account: int
    value: int
    night: Night | None  # None: it does not trade
    as_one: bool  # whether its portfolio is the household
    proposed: bool
    te_before: float
    te_after: float
    names: tuple[NameLine, ...]
    score: Score | None = None  # of its portfolio's trades, part by part; None: not solved
    waits: bool = False  # not proposed though it is worth it: the household traded lately


@dataclass(frozen=True, slots=True)
class HouseholdStory:
    """One household, account by account, in the order in which they were solved."""

    household: int
    blocked: bool
    tax: TaxStory
    accounts: tuple[AccountStory, ...]
    trading_price: float = 0.0  # dollars per dollar traded beside its cost, so that turnover keeps its cap
    last_trade: int = NO_DATE  # day of the last trade, where it is so near that only what must be is traded
    days_between: float = 0.0  # days from it on for which that holds
    limit: Limit = Limit.NONE  # the hard limit that moved its price of tracking
    limit_price: float = 1.0  # by how much that price is multiplied then
    missed: Limit = Limit.NONE  # the limit that is not kept all the same
    beyond: bool = False  # whether turnover is above its cap all the same
