"""Ten years of ordinary investing in one account: deposits buy what is underweight, once a year overweights are sold.

What is left are the lots that an adviser finds when the firm moves to Lotwise. Prices stand on the share basis of the
last day, so splits need nothing. What is delisted is sold at its last price.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.lab.market_panel import Floats, Int32Array

__all__ = ["Habits", "History", "Schedule", "live_through"]

# A yearly rebalance sells what stands above this multiple of its target.
TOO_MUCH = 1.2
# Smallest purchase: fraction of the account, and dollars.
LEAST_PURCHASE = (0.0004, 100.0)
# Days after which a sale counts as long term in the year's figures (near enough for a demo).
LONG_TERM_DAYS = 366


class Schedule(NamedTuple):
    """E days on which something happens in the account, for S securities."""

    days: Int32Array  # (E,) day numbers
    prices: Floats  # (E, S) closes; NaN where not listed
    targets: Floats  # (E, S) weights wanted that day
    deposits: Floats  # (E,) dollars that come in
    rebalances: NDArray[np.bool_]  # (E,)
    last_prices: Floats  # (S,) last price known of each


class Habits(NamedTuple):
    """How the account is run."""

    highest_cost_first: bool  # lot relief of sales; else first in, first out
    share_unit: float  # 1 = whole shares
    cash: float  # fraction kept in cash
    year_start: int  # day number from which realised gains are counted


class History(NamedTuple):
    """The lots that are left, one per day of purchase and security, and the year's realised gains in dollars."""

    event: Int32Array  # (L,) which of the E days
    security: Int32Array  # (L,) which of the S securities
    shares: Floats  # (L,)
    cash: float
    short_gains: float
    long_gains: float


class _Account:
    """One account on its way through the years."""

    def __init__(self, schedule: Schedule, habits: Habits) -> None:
        self.schedule = schedule
        self.habits = habits
        self.shares = np.zeros(schedule.prices.shape)
        self.held = np.zeros(schedule.prices.shape[1])
        self.cash = 0.0
        self.short_gains = 0.0
        self.long_gains = 0.0

    def sell(self, event: int, names: NDArray[np.intp], quantity: Floats, price: Floats) -> None:
        """Sell `quantity` of each name at `price`, lots in the order of the account's relief."""
        if not names.size:
            return
        lots = self.shares[: event + 1, names]
        cost = self.schedule.prices[: event + 1, names]
        order = np.argsort(np.where(lots > 0, -cost, np.inf), axis=0, kind="stable")
        if not self.habits.highest_cost_first:
            order = np.broadcast_to(np.arange(event + 1)[:, None], lots.shape)
        ordered = np.take_along_axis(lots, order, axis=0)
        before = np.cumsum(ordered, axis=0) - ordered
        sold = np.zeros_like(lots)
        np.put_along_axis(sold, order, np.clip(quantity - before, 0.0, ordered), axis=0)
        self.shares[: event + 1, names] = lots - sold
        self.held[names] = self.shares[: event + 1, names].sum(axis=0)
        self.cash += float((sold * price).sum())
        days = self.schedule.days
        if days[event] >= self.habits.year_start:
            gains = np.where(sold > 0, sold * (price - cost), 0.0).sum(axis=1)
            long_term = days[event] - days[: event + 1] >= LONG_TERM_DAYS
            self.short_gains += float(gains[~long_term].sum())
            self.long_gains += float(gains[long_term].sum())

    def buy(self, event: int, value: float, price: Floats, wanted: Floats) -> None:
        """Spend the cash above what is kept on the largest shortfalls; whole shares where the account has them.

        Shortfalls too small to trade leave their share to the larger ones, as a sample of an index does.
        """
        budget = self.cash - self.habits.cash * value
        least = max(LEAST_PURCHASE[0] * value, LEAST_PURCHASE[1])
        short = np.where(wanted > 0, wanted * value - self.held * price, 0.0)
        short[short < least] = 0.0
        if budget < least or not short.any():
            return
        order = np.argsort(-short, kind="stable")
        reached = np.cumsum(short[order])
        short[order[reached - short[order] > budget]] = 0.0
        short *= budget / short.sum()
        unit = self.habits.share_unit
        safe = np.where(price > 0, price, 1.0)
        bought = np.floor(short / safe / unit) * unit
        left = budget - float((bought * safe).sum())
        rest = np.argsort(bought * safe - short, kind="stable")
        extra = rest[np.cumsum(np.where(short[rest] > 0, safe[rest] * unit, np.inf)) <= left]
        bought[extra] += unit
        self.shares[event] = bought
        self.held += bought
        self.cash -= float((bought * safe).sum())

    def pass_day(self, event: int) -> None:
        """Let one of the account's days happen."""
        schedule = self.schedule
        self.cash += float(schedule.deposits[event])
        price = schedule.prices[event]
        gone = np.flatnonzero((self.held > 0) & np.isnan(price))
        self.sell(event, gone, self.held[gone], schedule.last_prices[gone])
        price = np.nan_to_num(price)
        value = self.cash + float(self.held @ price)
        wanted = np.where(price > 0, schedule.targets[event], 0.0)
        if wanted.sum() <= 0:
            return
        wanted = wanted / wanted.sum() * (1 - self.habits.cash)
        if schedule.rebalances[event]:
            dollars = self.held * price
            names = np.flatnonzero(dollars > wanted * value * TOO_MUCH)
            unit = self.habits.share_unit
            excess = np.floor((dollars[names] - wanted[names] * value) / price[names] / unit) * unit
            excess = np.where(wanted[names] > 0, excess, self.held[names])
            self.sell(event, names, excess, price[names])
        self.buy(event, value, price, wanted)


def live_through(schedule: Schedule, habits: Habits) -> History:
    """Run an account through its schedule and return the lots it holds at the end."""
    account = _Account(schedule, habits)
    for event in range(len(schedule.days)):
        account.pass_day(event)
    shares = np.round(account.shares, 6)
    event_of, security = np.nonzero(shares > 0)
    return History(
        event_of.astype(np.int32),
        security.astype(np.int32),
        shares[event_of, security],
        account.cash,
        account.short_gains,
        account.long_gains,
    )
