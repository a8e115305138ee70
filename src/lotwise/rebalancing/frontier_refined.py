"""One point of a household's frontier solved again by its true tax, beside what it is at frozen rates.

A frontier is drawn at the household's rates of the night. A point that somebody means to go to is worth more: its
household is solved by itself at that price of tracking with the exact tax in the loop (`netting`), under what the
frontier takes for granted, so that the rates are all that differs. Hard limits and requests to harvest are left aside:
they would move the price of tracking.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.money import DOLLAR, FULL_RATE
from lotwise.rebalancing.book import AccountKind, Book, Policies, no_limits, no_requests
from lotwise.rebalancing.exact_tax import Terms, exact_tax, net_of_carryovers, terms_of
from lotwise.rebalancing.frontier import Frontier
from lotwise.rebalancing.netting import rebalance_netted
from lotwise.rebalancing.proposal import Proposals, Side, Status, Trades
from lotwise.securities.market import Market

__all__ = ["PointFigures", "RefinedPoint", "refined_point"]

Column = NDArray[Any]


class PointFigures(NamedTuple):
    """What a portfolio comes to; money is in units of `lotwise.money`, below zero = saved."""

    tracking: float  # predicted annual tracking error
    tax: int  # by law: this year's liability with the trades, less without
    tax_in_all: float  # that, less what the losses carried on by it are worth
    tax_at_rates: int  # gains at the rates of the night, losses at what they are worth
    short_gains: int  # realised in taxable accounts
    long_gains: int
    cost: int  # of trading: half the spread
    sold: int  # value sold
    bought: int


class RefinedPoint(NamedTuple):
    """A point of a frontier as it was drawn and by its true tax."""

    point: int  # of the frontier
    risk_price: float
    frozen: PointFigures
    true: PointFigures
    solves: int  # 1: the rates of the night hold
    gained: float  # dollars by which the true one is better by the exact tax; 0: both are the same trades
    trades: Trades  # of the true one, line by line

    @property
    def is_better(self) -> bool:
        """Whether other rates than those of the night lead to better trades."""
        return self.gained > 0


def refined_point(book: Book, market: Market, frontier: Frontier, point: int | None = None) -> RefinedPoint:
    """Solve a point of a frontier of this book again by its true tax; without `point` the one chosen by the profile.

    Raises IndexError for a point outside the frontier, ValueError where the household cannot be solved.
    """
    point = frontier.chosen if point is None else point
    if not 0 <= point < frontier.tax.size:
        raise IndexError(f"point must lie within 0 .. {frontier.tax.size - 1}, was {point}")
    household, price = frontier.household, float(frontier.risk_price[point])
    netted = rebalance_netted(_at_price(book, household, price), market, household, household + 1)
    if netted.proposals.outcomes.status[0] not in (Status.PROPOSED, Status.HOLD):
        raise ValueError("the household cannot be solved by its true tax: explain it to see why")
    terms = terms_of(book, household, household + 1)
    gains = int(frontier.short_gains[point]), int(frontier.long_gains[point])
    tax = int(frontier.tax[point])
    frozen = PointFigures(
        tracking=float(frontier.tracking[point]),
        tax=tax,
        tax_in_all=_in_all(book, household, terms, gains, tax),
        tax_at_rates=int(frontier.tax_at_rates[point]),
        short_gains=gains[0],
        long_gains=gains[1],
        cost=int(frontier.cost[point]),
        sold=int(frontier.sold[point]),
        bought=int(frontier.bought[point]),
    )
    true = _figures(book, household, terms, netted.proposals)
    gained = float(netted.improvement[0])
    return RefinedPoint(point, price, frozen, true, int(netted.solves[0]), gained, netted.proposals.trades)


def _like(column: Column, values: Column) -> Column:
    """Values in an array of the very kind of `column`: kernels are compiled for kinds of arrays."""
    made = np.array(values, column.dtype, order="C")
    made.flags.writeable = column.flags.writeable
    return made


def _at_price(book: Book, household: int, risk_price: float) -> Book:
    """The book in which a household has a policy of its own: this price of tracking, and what a frontier assumes."""
    owner, last = book.households, len(book.policies.risk_price)
    row = int(owner.policy[household])
    own = {name: np.append(column, column[row]) for name, column in book.policies._asdict().items()}
    assumed = {"risk_price": risk_price, "fractional_shares": 1, "minimum_trade": 0, "worth_it": -1.0, "joint": 1}
    for name, value in assumed.items():
        own[name][last] = value
    policies = Policies(**{name: _like(getattr(book.policies, name), column) for name, column in own.items()})
    policy = owner.policy.copy()
    policy[household] = last
    return book._replace(
        households=owner._replace(policy=_like(owner.policy, policy)),
        policies=policies,
        limits=no_limits(last + 1),
        requests=no_requests(len(owner.model)),
    )


def _in_all(book: Book, household: int, terms: Terms, gains: tuple[int, int], tax: int) -> float:
    """Tax of the year less the worth of losses that these gains carry on, money; `tax` where the law is not kept."""
    if not terms.known[0]:
        return float(tax)
    year = book.tax[household : household + 1]
    net = net_of_carryovers(year, np.array([gains[0]]), np.array([gains[1]]))
    return float(exact_tax(year, terms.carried, net)[0] - exact_tax(year, terms.carried)[0]) * DOLLAR


def _figures(book: Book, household: int, terms: Terms, proposals: Proposals) -> PointFigures:
    lines, outcomes = proposals.trades, proposals.outcomes
    sells = lines.side == Side.SELL
    taxed = sells & (book.accounts.kind[lines.account] == AccountKind.TAXABLE)
    gain, long_term = lines.gain[taxed], lines.long_term[taxed] > 0
    gains = int(gain[~long_term].sum()), int(gain[long_term].sum())
    owner = book.households
    of_gain = np.where(long_term, owner.long_rate[household], owner.short_rate[household])
    of_loss = np.where(long_term, owner.loss_long_rate[household], owner.loss_short_rate[household])
    rate = np.where(gain < 0, of_loss, of_gain) / FULL_RATE
    tax = int(outcomes.tax[0])
    return PointFigures(
        tracking=float(outcomes.te_after[0]),
        tax=tax,
        tax_in_all=_in_all(book, household, terms, gains, tax),
        tax_at_rates=round(float(gain @ rate)),
        short_gains=gains[0],
        long_gains=gains[1],
        cost=int(outcomes.cost[0]),
        sold=int(lines.value[sells].sum()),
        bought=int(lines.value[~sells].sum()),
    )
