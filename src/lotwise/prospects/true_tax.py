"""The recommended point by its true tax: a frontier is drawn at the rates of the night, and tax is not.

What losses offset changes the rate of the gains beside them. So the point that somebody is to go to is solved again
with the exact tax in the loop (`rebalancing.frontier_refined`), at the same price of tracking.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.prospects.choices import Choice, Floats, Role, Standing, break_even, held_names, overlap_of
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.frontier import Frontier
from lotwise.rebalancing.frontier_refined import refined_point
from lotwise.rebalancing.proposal import Side, Trades
from lotwise.securities.market import Market

__all__ = ["ByTrueTax", "by_true_tax"]


class ByTrueTax(NamedTuple):
    """A point by its true tax: the choice, by how many dollars it is better, and its trades."""

    choice: Choice
    better: float
    trades: Trades


def by_true_tax(book: Book, market: Market, frontier: Frontier, standing: Standing) -> ByTrueTax | None:
    """The chosen point of a frontier of a book of one household by its true tax, if other rates lead to better trades.

    None where the rates of the night hold. Raises ValueError where the household cannot be solved.
    """
    refined = refined_point(book, market, frontier)
    if not refined.is_better:
        return None
    true, trades = refined.true, refined.trades
    moved = np.bincount(
        trades.security, np.where(trades.side == Side.SELL, -trades.value, trades.value), market.price.size
    )
    weights: Floats = standing.weight + moved / standing.value
    choice = Choice(
        role=Role.RECOMMENDED,
        risk_price=refined.risk_price,
        tax=true.tax,
        tax_at_rates=true.tax_at_rates,
        short_gains=true.short_gains,
        long_gains=true.long_gains,
        cost=true.cost,
        sold=true.sold,
        tracking=true.tracking,
        overlap=overlap_of(weights, standing.target),
        turnover=(true.sold + true.bought) / (2 * standing.value),
        names=held_names(weights),
        break_even=break_even(
            true.tax + true.cost, (frontier.tracking_today, true.tracking), refined.risk_price, standing.value
        ),
        by_true_tax=True,
    )
    return ByTrueTax(choice, refined.gained, trades)
