"""The recommended point solved again by its true tax: a frontier is drawn at the rates of the night, and tax is not.

What losses offset changes the rate of the gains beside them. So the point that somebody is to go to is solved with the
exact tax in the loop (`rebalancing.netting`), at the same price of tracking and under what the frontier takes for
granted: shares need not be whole, no trade is too small, none is held back, no hard limit binds.
"""

from __future__ import annotations

import numpy as np

from lotwise.prospects.choices import Choice, Floats, Role, Standing, break_even, held_names, overlap_of
from lotwise.rebalancing.book import AccountKind, Book, Policies, no_limits, no_requests
from lotwise.rebalancing.frontier import Frontier
from lotwise.rebalancing.netting import rebalance_netted
from lotwise.rebalancing.proposal import Side, Status
from lotwise.securities.market import Market

__all__ = ["by_true_tax"]


def _as_drawn(book: Book) -> Book:
    """The book of one household with its policy as a frontier takes it."""
    row = int(book.households.policy[0])
    own = Policies._make(column[row : row + 1].copy() for column in book.policies)
    own.fractional_shares[:], own.minimum_trade[:], own.worth_it[:], own.joint[:] = 1, 0, -1.0, 1
    households = book.households._replace(policy=np.zeros(1, np.int32))
    return book._replace(policies=own, limits=no_limits(1), requests=no_requests(1), households=households)


def by_true_tax(
    book: Book, market: Market, frontier: Frontier, standing: Standing
) -> tuple[Choice, Floats, float] | None:
    """The chosen point of a frontier of a book of one household by its true tax, if other rates lead to better trades.

    With it come the weights it ends at, (N,), and by how many dollars it is better; None where the rates of the night
    hold.
    """
    netted = rebalance_netted(_as_drawn(book), market)
    outcomes, trades, better = netted.proposals.outcomes, netted.proposals.trades, float(netted.improvement[0])
    if outcomes.status[0] not in (Status.PROPOSED, Status.HOLD) or better <= 0:
        return None
    sells = trades.side == Side.SELL
    moved = np.bincount(trades.security, np.where(sells, -trades.value, trades.value), market.price.size)
    weights: Floats = standing.weight + moved / standing.value
    taxed = sells & (book.accounts.kind[trades.account] == AccountKind.TAXABLE)
    gain, long_term = trades.gain[taxed], trades.long_term[taxed] > 0
    tax, cost, tracking = int(outcomes.tax[0]), int(outcomes.cost[0]), float(outcomes.te_after[0])
    price = float(frontier.risk_price[frontier.chosen])
    choice = Choice(
        role=Role.RECOMMENDED,
        risk_price=price,
        tax=tax,
        tax_at_rates=int(trades.tax[taxed].sum()),
        short_gains=int(gain[~long_term].sum()),
        long_gains=int(gain[long_term].sum()),
        cost=cost,
        sold=int(trades.value[sells].sum()),
        tracking=tracking,
        overlap=overlap_of(weights, standing.target),
        turnover=float(trades.value.sum()) / (2 * standing.value),
        names=held_names(weights),
        break_even=break_even(tax + cost, (frontier.tracking_today, tracking), price, standing.value),
        by_true_tax=True,
    )
    return choice, weights, better
