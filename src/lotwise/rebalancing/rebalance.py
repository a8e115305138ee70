"""The heart: `rebalance(book, market) -> proposals`. Pure; columns in, columns out; one household or a million.

Only households of one taxpayer see each other, and they stand together; so an engine may split a book between
taxpayers into ranges, call `rebalance` on each (the kernels
hold no lock) and join the results with `joined`; the bytes are the same however it is split.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lotwise.rebalancing.account_by_account import Asked, rebalance_accounts
from lotwise.rebalancing.as_one_portfolio import rebalance_portfolios
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.draft import Draft, draft_for, proposals_of
from lotwise.rebalancing.household_night import Rows
from lotwise.rebalancing.proposal import AccountResults, Outcomes, Proposals, Relaxations, Trades
from lotwise.rebalancing.scratch import Scratch, scratch_for
from lotwise.rebalancing.tax_of_trades import tax_of_trades
from lotwise.securities.market import Market

__all__ = ["Rebalancer", "compile_kernels", "joined", "rebalance", "solved_as_portfolios"]

Column: TypeAlias = NDArray[Any]
Columns: TypeAlias = tuple[Column, ...]
Join: TypeAlias = Callable[[Columns], Column]


def solved_as_portfolios(book: Book, first: int, last: int) -> NDArray[np.bool_]:
    """Which of households first .. last are solved as one portfolio, (last - first,): a taxpayer's are all or none."""
    households = book.households
    accounts = np.diff(households.account_start[first : last + 1])
    joint = (book.policies.joint[households.policy[first:last]] != 0) & (accounts > 1)
    taxpayers = households.taxpayer[first:last]
    return np.isin(taxpayers, taxpayers[joint])


def rebalance(
    book: Book, market: Market, first: int = 0, last: int | None = None, *, proves_first: bool = False
) -> Proposals:
    """Propose trades for households first .. last of a book (default: all).

    Outcome and account arrays have a row for each of the range, trades and relaxations for what was found; household,
    account and lot numbers are the book's. Deterministic: the same bytes for the same input.

    `proves_first`: an account by itself of which a bound proves that no trades within its restrictions are worth it is
    held at once. The trades are the same; what the best of them would have been worth is not found then, and the gap of
    what is held is that of the proof, up to the threshold. For a replay, whose days are mostly such.

    Raises ValueError for a range outside the book, or one that parts the households of a taxpayer.
    """
    last = len(book.households.model) if last is None else last
    _require_range(book, first, last)
    return _rebalanced(
        book,
        market,
        (first, last),
        scratch_for(book, market, first, last),
        draft_for(book, first, last),
        proves_first=proves_first,
    )


class Rebalancer:
    """`rebalance` for ranges of one book, one call after the other, in memory that is kept between them.

    For a household at a time (a page, an adviser's what-if) the memory of a call costs more than its arithmetic where
    the market is large. Says what `rebalance` says, to the byte. Not for several threads at once.
    """

    def __init__(self, book: Book, market: Market) -> None:
        """Keep a book and a market, neither of which may change, and memory for the largest household."""
        self._book = book
        self._market = market
        self._scratch = scratch_for(book, market, 0, len(book.households.model))
        self._draft: Draft | None = None

    def rebalance(self, first: int, last: int) -> Proposals:
        """Propose trades for households first .. last; see `rebalance`."""
        _require_range(self._book, first, last)
        self._draft = draft_for(self._book, first, last, self._draft.trades if self._draft else None)
        return _rebalanced(self._book, self._market, (first, last), self._scratch, self._draft)


def _require_range(book: Book, first: int, last: int) -> None:
    total = len(book.households.model)
    if not 0 <= first <= last <= total:
        raise ValueError(f"the range must lie within 0 .. {total}, was {first} .. {last}")
    taxpayer = book.households.taxpayer
    for cut in (first, last):
        if 0 < cut < total and taxpayer[cut] == taxpayer[cut - 1]:
            raise ValueError(f"a range must not part households of one taxpayer, but {cut - 1} and {cut} are")


def _rebalanced(
    book: Book,
    market: Market,
    span: tuple[int, int],
    scratch: Scratch,
    draft: Draft,
    *,
    proves_first: bool = False,
) -> Proposals:
    first, last = span
    as_one = solved_as_portfolios(book, first, last)
    rows = Rows(0, 0, first, int(book.households.account_start[first]))
    if not as_one.all():
        asked = Asked.PROOF_FIRST if proves_first else Asked.TRADES
        each = np.where(as_one, Asked.NOTHING, asked).astype(np.uint8)
        rows = rebalance_accounts(book, market, each, scratch, draft, rows)
    if as_one.any():
        rows = rebalance_portfolios(book, market, as_one, scratch, draft, rows)
    proposals = proposals_of(draft, rows.trade, rows.relaxed)
    proposals.outcomes.tax[:] = tax_of_trades(book, draft.gains, first)
    return proposals


def compile_kernels(book: Book, market: Market) -> None:
    """Compile everything `rebalance` will run on a book, or load it from the cache, without solving any household."""
    scratch = scratch_for(book, market, 0, 0)
    draft = draft_for(book, 0, 0)
    as_one = solved_as_portfolios(book, 0, len(book.households.model))
    nobody, rows = np.zeros(0, np.bool_), Rows(0, 0, 0, 0)
    if not as_one.all():
        rebalance_accounts(book, market, nobody.astype(np.uint8), scratch, draft, rows)
    if as_one.any():
        rebalance_portfolios(book, market, nobody, scratch, draft, rows)
    proposals_of(draft, 0, 0)
    tax_of_trades(book, draft.gains, 0)


def joined(parts: list[Proposals], each: Callable[[Join, Iterable[Columns]], Iterable[Column]] = map) -> Proposals:
    """Join the proposals of consecutive ranges, given in the order of the book; `each` maps, on threads or as `map`."""
    columns = [column for tables in zip(*parts, strict=True) for column in zip(*tables, strict=True)]
    whole = iter(each(np.concatenate, columns))
    return Proposals(
        Trades(*itertools.islice(whole, len(Trades._fields))),
        Outcomes(*itertools.islice(whole, len(Outcomes._fields))),
        AccountResults(*itertools.islice(whole, len(AccountResults._fields))),
        Relaxations(*whole),
    )
