"""What the recommended move trades, lot by lot: sales from lots, and purchases by account and name.

Money is in units of `lotwise.money`. Shares need not be whole: an adviser begins with this, it is no list of orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lotwise.money import SHARE, IntArray, exact_mul_div
from lotwise.prospects.choices import Floats, Standing
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.frontier import Frontier
from lotwise.rebalancing.proposal import Side, Trades
from lotwise.securities.market import Market

__all__ = ["Move", "moves_of_point", "moves_of_trades", "part_kept"]

_LEAST = 50  # money: half a cent, below which nothing would be printed


class Move(NamedTuple):
    """A sale from a lot, or a purchase."""

    account: int  # row of the book
    security: int
    lot: int  # row of the book, -1 for a purchase
    shares: int
    value: int
    gain: int  # 0 for a purchase, and outside taxable accounts
    long_term: bool


def moves_of_point(book: Book, market: Market, frontier: Frontier, standing: Standing) -> tuple[Move, ...]:
    """The moves of a frontier's chosen point, of a book of one household."""
    trades, part = frontier.trades, frontier.trades.sold[frontier.chosen]
    account = _accounts_of_lots(book)
    sales = []
    for lot, share in zip(trades.lot.tolist(), part.tolist(), strict=True):
        value = round(share * int(standing.worth[lot]))
        if value < _LEAST:
            continue
        shares, gain = (round(share * int(column[lot])) for column in (book.lots.shares, standing.gain))
        long_term = bool(standing.long_term[lot])
        sales.append(Move(int(account[lot]), int(book.lots.security[lot]), lot, shares, value, gain, long_term))
    return (*sales, *_purchases(book, market, frontier, standing))


def _accounts_of_lots(book: Book) -> IntArray:
    return np.repeat(np.arange(len(book.accounts.kind)), np.diff(book.accounts.lot_start)).astype(np.int64)


def _purchases(book: Book, market: Market, frontier: Frontier, standing: Standing) -> list[Move]:
    """Positions that grow; of an account that counts after tax a weight stands for more than its part of the value."""
    trades = frontier.trades
    accounts = len(book.accounts.kind)
    worth = np.bincount(_accounts_of_lots(book), standing.worth, accounts)
    counted = np.bincount(trades.account, trades.held, accounts) * frontier.value
    counts: Floats = np.divide(counted, worth, out=np.ones(accounts), where=(worth > 0) & (counted > 0))
    grown = np.maximum(trades.weight[frontier.chosen] - trades.held, 0.0) * frontier.value / counts[trades.account]
    made = []
    for account, security, amount in zip(
        trades.account.tolist(), trades.security.tolist(), grown.tolist(), strict=True
    ):
        value = round(amount)
        if value >= _LEAST:
            shares = exact_mul_div(value, SHARE, int(market.price[security]))
            made.append(Move(account, security, -1, shares, value, 0, False))
    return made


def moves_of_trades(book: Book, trades: Trades) -> tuple[Move, ...]:
    """The same of lot-level trades, those of a point by its true tax."""
    columns = (trades.account, trades.security, trades.lot, trades.shares, trades.value, trades.gain)
    taxable = (book.accounts.kind[trades.account] == AccountKind.TAXABLE).tolist()
    sells = (trades.side == Side.SELL).tolist()
    made = []
    for row, cells in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        account, security, lot, shares, value, gain = cells
        counted = gain if sells[row] and taxable[row] else 0
        long_term = bool(trades.long_term[row]) and sells[row]
        made.append(Move(account, security, lot if sells[row] else -1, shares, value, counted, long_term))
    return tuple(made)


def part_kept(moves: Sequence[Move], standing: Standing) -> Floats:
    """The part of today's value of each security that is held on, (N,); 1 where nothing of it is sold."""
    securities = standing.weight.size
    rows = [move.security for move in moves if move.lot >= 0]
    sold = np.bincount(rows, [move.value for move in moves if move.lot >= 0], securities)
    value = standing.weight * standing.value
    kept: Floats = 1.0 - np.divide(sold, value, out=np.zeros(securities), where=value > 0)
    return np.clip(kept, 0.0, 1.0)
