"""The choices of a prospect: do nothing, sell everything, and the frontier between, each with the same figures.

Money is in units of `lotwise.money`; tracking, overlap and turnover are fractions. Tax is owed where it is above zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.holding_period import is_long_term_number
from lotwise.money import FULL_RATE, IntArray, exact_mul_div
from lotwise.money import SHARE as _SHARE
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.frontier import Frontier
from lotwise.rebalancing.tax_of_trades import tax_of_gains
from lotwise.securities.market import Market

__all__ = [
    "Choice",
    "Floats",
    "Role",
    "Standing",
    "break_even",
    "choices_of",
    "held_names",
    "overlap_of",
    "standing_of",
    "with_recommended",
]

Floats = NDArray[np.float64]

# Of a household's value: what is held of a name below this is not counted as a name (a dollar in ten million).
_HELD = 1e-7


class Role(StrEnum):
    """What a choice is."""

    NOTHING = "do nothing"
    BETWEEN = "between"
    RECOMMENDED = "recommended"
    LIQUIDATE = "sell everything"


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to move in."""

    role: Role
    risk_price: float | None  # price of tracking at which it is best; None of the two ends
    tax: int  # by law, of the year
    tax_at_rates: int  # losses at what they are worth, this year and later
    short_gains: int
    long_gains: int
    cost: int  # of trading: half the spread
    sold: int  # value sold
    tracking: float
    overlap: float  # sum of what portfolio and target have in common
    turnover: float  # half of what is sold and bought, of value
    names: int  # securities held afterwards
    break_even: float | None  # years until the tracking that is saved pays tax and cost; None = never
    by_true_tax: bool = False  # solved with the exact tax in the loop; else at the rates of the night


@dataclass(frozen=True, slots=True)
class Standing:
    """What a prospect has today, lot by lot and name by name."""

    value: int  # money, cash included
    cash: int
    taxable: int  # value of lots in taxable accounts
    worth: IntArray  # (L,) of each lot
    gain: IntArray  # (L,) unrealised, 0 outside taxable accounts
    long_term: NDArray[np.bool_]  # (L,)
    days: IntArray  # (L,) that each lot has been held for tax
    weight: Floats  # (N,) of each security
    target: Floats  # (N,)

    @property
    def gains(self) -> tuple[int, int]:
        """Net unrealised gain, short-term and long-term."""
        return int(self.gain[~self.long_term].sum()), int(self.gain[self.long_term].sum())


def standing_of(book: Book, market: Market, household: int = 0) -> Standing:
    """Value a household: its lots to the last unit, its weights, and the target it would move to."""
    first, last = (int(book.households.account_start[household + end]) for end in range(2))
    start, end = int(book.accounts.lot_start[first]), int(book.accounts.lot_start[last])
    security, basis = book.lots.security[start:end], book.lots.basis[start:end]
    shares, price = book.lots.shares[start:end].tolist(), market.price[security].tolist()
    worth = np.array([exact_mul_div(a, b, _SHARE) for a, b in zip(shares, price, strict=True)], np.int64)
    kind = np.repeat(book.accounts.kind[first:last], np.diff(book.accounts.lot_start[first : last + 1]))
    cash = int(book.accounts.cash[first:last].sum())
    value, securities = cash + int(worth.sum()), market.price.size
    today = int(market.as_of)
    starts = book.lots.holding_start[start:end].tolist()
    long_term = np.array([bool(is_long_term_number(each, today)) for each in starts], np.bool_)
    gain = np.where(kind == AccountKind.TAXABLE, worth - basis, 0)
    weight = np.bincount(security, worth, securities) / max(value, 1)
    model, policy = int(book.households.model[household]), int(book.households.policy[household])
    entries = slice(int(book.models.start[model]), int(book.models.start[model + 1]))
    target = np.zeros(securities)
    target[book.models.security[entries]] = book.models.weight[entries]
    total = float(target.sum())
    if total > 0:
        target *= (1.0 - float(book.policies.cash_target[policy])) / total
    taxable = int(worth[kind == AccountKind.TAXABLE].sum())
    days = today - np.array(starts, np.int64)
    return Standing(value, cash, taxable, worth, gain, long_term, days, weight, target)


def overlap_of(weights: Floats, target: Floats) -> float:
    """What portfolio and target have in common: the sum of the lesser of both weights, cash included."""
    common = float(np.minimum(weights, target).sum())
    return common + max(min(1.0 - float(weights.sum()), 1.0 - float(target.sum())), 0.0)


def held_names(weights: Floats) -> int:
    """How many securities are held."""
    return int((weights > _HELD).sum())


def break_even(cost: int, tracking: tuple[float, float], price: float, value: int) -> float | None:
    """Years until what is saved in tracking pays a cost; None where it never does, 0 where there is nothing to pay.

    `tracking` is that of doing nothing and that of the choice; a year of tracking TE costs price x TE^2 x value.
    """
    if cost <= 0:
        return 0.0
    saved = price * (tracking[0] ** 2 - tracking[1] ** 2) * value
    return cost / saved if saved > 0 else None


def choices_of(book: Book, market: Market, frontier: Frontier, standing: Standing) -> tuple[Choice, ...]:
    """Do nothing, the frontier from the cheapest point to the nearest, and sell everything, in this order."""
    price = float(frontier.risk_price[frontier.chosen])
    today = frontier.tracking_today

    def paid_back(cost: int, tracking: float) -> float | None:
        return break_even(cost, (today, tracking), price, standing.value)

    nothing = Choice(
        Role.NOTHING, None, 0, 0, 0, 0, 0, 0, today, overlap_of(standing.weight, standing.target), 0.0,
        int((standing.weight > 0).sum()), 0.0,
    )  # fmt: skip
    between = []
    for point in range(frontier.tax.size)[::-1]:
        if not (frontier.efficient[point] or point == frontier.chosen):
            continue
        held = np.bincount(frontier.trades.security, frontier.trades.weight[point], market.price.size)
        weights = held.astype(np.float64)
        cost, tracking = int(frontier.cost[point]), float(frontier.tracking[point])
        between.append(
            Choice(
                Role.RECOMMENDED if point == frontier.chosen else Role.BETWEEN,
                float(frontier.risk_price[point]),
                int(frontier.tax[point]),
                int(frontier.tax_at_rates[point]),
                int(frontier.short_gains[point]),
                int(frontier.long_gains[point]),
                cost,
                int(frontier.sold[point]),
                tracking,
                overlap_of(weights, standing.target),
                float(frontier.turnover[point]),
                held_names(weights),
                paid_back(int(frontier.tax[point]) + cost, tracking),
            )
        )
    return nothing, *between, _liquidated(book, market, standing, paid_back)


def _liquidated(
    book: Book, market: Market, standing: Standing, paid_back: Callable[[int, float], float | None]
) -> Choice:
    """Sell every lot and buy the target with what it brings: tax by law on all lots, no tracking left."""
    short, long = standing.gains
    tax = int(tax_of_gains(book.tax[:1], np.array([short]), np.array([long]))[0])
    rates = book.households
    at_rates = sum(
        gain * int((of_loss if gain < 0 else of_gain)[0]) // FULL_RATE
        for gain, of_gain, of_loss in (
            (short, rates.short_rate, rates.loss_short_rate),
            (long, rates.long_rate, rates.loss_long_rate),
        )
    )
    moved = standing.weight + standing.target
    half = market.spread / (2 * FULL_RATE)
    cost = round(float((moved * half).sum()) * standing.value)
    return Choice(
        role=Role.LIQUIDATE,
        risk_price=None,
        tax=tax,
        tax_at_rates=at_rates,
        short_gains=short,
        long_gains=long,
        cost=cost,
        sold=standing.value - standing.cash,
        tracking=0.0,
        overlap=1.0,
        turnover=float(moved.sum()) / 2,
        names=held_names(standing.target),
        break_even=paid_back(tax + cost, 0.0),
    )


def with_recommended(choices: tuple[Choice, ...], better: Choice) -> tuple[Choice, ...]:
    """The choices with a better one recommended in the place of a point of the frontier, which stays between."""
    first, *between, last = (
        replace(choice, role=Role.BETWEEN) if choice.role is Role.RECOMMENDED else choice for choice in choices
    )
    return first, *sorted([*between, better], key=lambda choice: -choice.tracking), last
