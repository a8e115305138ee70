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

from lotwise.kernels import kernel
from lotwise.rebalancing.account_by_account import Rows
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.draft import Draft, draft_for, proposals_of
from lotwise.rebalancing.household_night import rebalance_household
from lotwise.rebalancing.proposal import AccountResults, Outcomes, Proposals, Relaxations, Trades
from lotwise.rebalancing.scratch import Scratch, scratch_for
from lotwise.rebalancing.tax_of_trades import tax_of_trades
from lotwise.rebalancing.wash_windows import forget_tonight
from lotwise.securities.market import Market

__all__ = ["Rebalancer", "compile_kernels", "joined", "rebalance"]

Column: TypeAlias = NDArray[Any]
Columns: TypeAlias = tuple[Column, ...]
Join: TypeAlias = Callable[[Columns], Column]


@kernel
def _rebalance_range(
    book: Book,
    market: Market,
    first: int,
    last: int,
    scratch: Scratch,
    draft: Draft,
) -> Rows:
    rows = Rows(0, 0, first, book.households.account_start[first])
    for household in range(first, last):
        if household == first or book.households.taxpayer[household] != book.households.taxpayer[household - 1]:
            forget_tonight(scratch.household)
        rows = rebalance_household(book, market, household, scratch, draft, rows)
    return rows


def rebalance(book: Book, market: Market, first: int = 0, last: int | None = None) -> Proposals:
    """Propose trades for households first .. last of a book (default: all).

    Outcome and account arrays have a row for each of the range, trades and relaxations for what was found; household,
    account and lot numbers are the book's. Deterministic: the same bytes for the same input.

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
) -> Proposals:
    rows = _rebalance_range(book, market, *span, scratch, draft)
    proposals = proposals_of(draft, rows.trade, rows.relaxed)
    proposals.outcomes.tax[:] = tax_of_trades(book, draft.gains, span[0])
    return proposals


def compile_kernels(book: Book, market: Market) -> None:
    """Compile everything `rebalance` will run, or load it from the cache, without solving any household."""
    scratch = scratch_for(book, market, 0, 0)
    draft = draft_for(book, 0, 0)
    _rebalance_range(book, market, 0, 0, scratch, draft)
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
