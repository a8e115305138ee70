"""What clients ask for tonight, as money that accounts are to hold in cash on top of their target.

- `raise_cash` and `rmd` ask an account, or a household: then which of its accounts pay is decided where it costs
  least (`cash_split`). Where nothing decides it, as for accounts that go to the target by themselves, taxable accounts
  come first, after them the traditional and at last the Roth accounts, each kind in proportion to what its accounts are
  worth. `rmd` asks traditional accounts alone.
- A reserve of the policy is asked of the household likewise.
- `invest_cash` lowers what is to be held in cash, by no more than there is.
- `close` asks for everything.

A request acts from `DUE_DAYS` before its day on. What cannot be had is named with the cash that is reached.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.money import SHARE, IntArray
from lotwise.rebalancing.book import AccountKind, Book, RequestKind
from lotwise.securities.market import Market

__all__ = [
    "ALL_OF_IT",
    "DUE_DAYS",
    "Pool",
    "asked_of_accounts",
    "asking",
    "cash_wanted",
    "room_of",
    "spread",
    "with_mandates",
]

# Calendar days before its day on which a request begins to act: sales settle the next trading day.
DUE_DAYS = 7

# Asked of an account that is to be closed: more than any account is worth, and its sums fit 64 bits.
ALL_OF_IT = 1 << 56

_TRADITIONAL = int(AccountKind.TRADITIONAL)


def _account_values(book: Book, market: Market) -> IntArray:
    """Money in each account, to a money unit per lot: (A,)."""
    worth = np.rint(book.lots.shares / SHARE * market.price[book.lots.security])
    before = np.concatenate(([0.0], np.cumsum(worth)))
    lots = before[book.accounts.lot_start[1:]] - before[book.accounts.lot_start[:-1]]
    values: IntArray = (book.accounts.cash + lots).astype(np.int64)
    return values


def _spread(
    amount: int, accounts: NDArray[np.int64], room: IntArray, kind: NDArray[np.uint8], wanted: IntArray
) -> None:
    """Ask `accounts` for an amount, kind by kind, in proportion to the room each of a kind has; takes the room."""
    left = amount
    for each in AccountKind:
        own = accounts[kind[accounts] == each]
        there = int(room[own].sum())
        if left <= 0 or there <= 0:
            continue
        part = min(left, there)
        shares = np.floor(room[own] * (part / there)).astype(np.int64)
        shares[np.argmax(room[own])] += part - int(shares.sum())  # the units that rounding left
        wanted[own] += shares
        room[own] -= shares
        left -= part
    if left > 0 and accounts.size:  # more than there is: asked all the same, so that the shortfall is named
        wanted[accounts[-1]] += left


class Pool(NamedTuple):
    """Cash that is asked of several accounts together."""

    amount: int  # money
    accounts: NDArray[np.int64]  # rows of the book that may pay
    free: bool  # whether what is withdrawn costs no tax that would not be due anyhow


def asked_of_accounts(book: Book, market: Market, household: int, room: IntArray, wanted: IntArray) -> list[Pool]:
    """Write what single accounts of a household are to hold into `wanted` (A,); returns what is asked of several.

    Takes the room in each account, (A,).
    """
    first, last = book.households.account_start[household : household + 2].tolist()
    every, requests = np.arange(first, last), book.requests
    trading = every[book.accounts.trades[first:last]]
    traditional = trading[book.accounts.kind[trading] == _TRADITIONAL]
    pools = []
    for row in range(requests.start[household], requests.start[household + 1]):
        if requests.by[row] - DUE_DAYS > market.as_of:
            continue
        kind, amount = RequestKind(int(requests.kind[row])), int(requests.amount[row])
        if requests.account[row] < 0 and kind == RequestKind.RAISE_CASH:
            pools.append(Pool(amount, trading, free=False))
        elif requests.account[row] < 0 and kind == RequestKind.RMD:
            pools.append(Pool(amount, traditional, free=True))
        else:
            _ask(book, row, trading, room, wanted)
    reserve = int(book.policies.cash_reserve[book.households.policy[household]])
    return [*pools, Pool(reserve, trading, free=False)] if reserve > 0 else pools


def asking(book: Book, first: int, last: int) -> NDArray[np.int64]:
    """Households first .. last that have a request, or a reserve to keep."""
    reserve = book.policies.cash_reserve[book.households.policy[first:last]]
    return np.flatnonzero((np.diff(book.requests.start[first : last + 1]) > 0) | (reserve > 0)) + first


def room_of(book: Book, market: Market) -> IntArray:
    """Money that there is in each account that trades, (A,)."""
    room = np.maximum(_account_values(book, market), 0)
    room[~book.accounts.trades] = 0
    return room


def spread(book: Book, pools: Iterable[Pool], room: IntArray, wanted: IntArray) -> None:
    """Ask taxable accounts first, then traditional, then Roth ones, in proportion; takes the room."""
    for pool in pools:
        _spread(pool.amount, pool.accounts, room, book.accounts.kind, wanted)


def cash_wanted(book: Book, market: Market) -> IntArray:
    """Money that each account is to hold in cash on top of its target tonight, below zero where less: (A,)."""
    wanted = np.zeros(len(book.accounts.cash), np.int64)
    households = asking(book, 0, len(book.households.model)).tolist()
    if not households:
        return wanted
    room = room_of(book, market)
    for household in households:
        spread(book, asked_of_accounts(book, market, household, room, wanted), room, wanted)
    return wanted


def _ask(book: Book, row: int, trading: NDArray[np.int64], room: IntArray, wanted: IntArray) -> None:
    """Add one request that leaves no choice to what accounts are to hold."""
    requests, kind = book.requests, book.accounts.kind
    asked, amount = RequestKind(int(requests.kind[row])), int(requests.amount[row])
    account = int(requests.account[row])
    accounts = trading if account < 0 else np.array([account])
    if asked == RequestKind.CLOSE:
        wanted[accounts] = ALL_OF_IT
        room[accounts] = 0
    elif asked == RequestKind.INVEST_CASH:
        cash = np.maximum(book.accounts.cash[accounts], 0)
        if cash.sum() > 0:
            wanted[accounts] -= np.floor(cash * min(amount / cash.sum(), 1.0)).astype(np.int64)
    elif asked in (RequestKind.RMD, RequestKind.RAISE_CASH):
        _spread(amount, accounts, room, kind, wanted)


def with_mandates(book: Book, market: Market) -> Book:
    """The book with what its requests and reserves ask of each account."""
    return book._replace(accounts=book.accounts._replace(cash_wanted=cash_wanted(book, market)))
