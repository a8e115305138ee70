"""Engines map `rebalance` over partitions of a book and join what comes back; they decide nothing.

Threads serve one machine: the kernels hold no lock, the columns are shared, nothing is copied. A chunk takes about a
quarter of a second, so that progress shows, an interrupt is obeyed, and memory for trades stays small.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Protocol, TypeVar

import numpy as np

from lotwise.rebalancing.book import Book
from lotwise.rebalancing.cash_split import CashSplit, split_cash
from lotwise.rebalancing.mandates import asking
from lotwise.rebalancing.netting import Netted, Netter, joined_netted, rebalance_netted
from lotwise.rebalancing.proposal import Proposals
from lotwise.rebalancing.rebalance import Column, Columns, Join, Rebalancer, joined, rebalance
from lotwise.securities.market import Market

__all__ = ["net_in_threads", "partitions", "rebalance_in_threads", "split_in_threads"]

Found = TypeVar("Found", Proposals, Netted)
Found_co = TypeVar("Found_co", bound=Proposals | Netted, covariant=True)

# Lots plus target names solved in about a quarter of a second on one core of a laptop of 2024 (lotwise bench batch).
_CHUNK_COLUMNS = 150_000


def partitions(book: Book, columns: int = _CHUNK_COLUMNS) -> list[tuple[int, int]]:
    """Split the households into consecutive ranges of about so many lots and target names; never inside a taxpayer."""
    starts = book.households.account_start
    lots = np.diff(book.accounts.lot_start[starts])
    names = np.diff(book.models.start)[book.households.model] * np.diff(starts)
    last_of_chunk = np.cumsum(lots + names + 1) // columns
    taxpayer = book.households.taxpayer
    first = np.flatnonzero(np.diff(taxpayer, prepend=-1))  # of each taxpayer
    cuts = first[1:][np.diff(last_of_chunk[first]) > 0]
    edges = [0, *cuts.tolist(), len(lots)]
    return [(a, b) for a, b in itertools.pairwise(edges) if b > a]


def rebalance_in_threads(
    book: Book, market: Market, threads: int = 0, on_done: Callable[[int], None] | None = None
) -> Proposals:
    """Propose trades for a whole book on `threads` threads (0 = one per core); the bytes do not depend on how many.

    `on_done` is called in this thread with the number of households of each finished chunk. An interrupt leaves after
    the chunks in hand.
    """
    ranges = partitions(book)
    if not ranges:
        return rebalance(book, market)
    return _mapped(ranges, lambda: Rebalancer(book, market), joined, threads, on_done)


def net_in_threads(
    book: Book, market: Market, threads: int = 0, on_done: Callable[[int], None] | None = None
) -> Netted:
    """Propose trades by the true tax (`rebalancing.netting`); otherwise as `rebalance_in_threads`."""
    ranges = partitions(book)
    if not ranges:
        return rebalance_netted(book, market)
    return _mapped(ranges, lambda: Netter(book, market), joined_netted, threads, on_done)


def split_in_threads(book: Book, market: Market, threads: int = 0) -> CashSplit:
    """Decide which accounts raise the cash that households are asked for (`rebalancing.cash_split`), on threads."""
    ranges = [span for span in partitions(book) if asking(book, *span).size]
    wanted, nobody = book.accounts.cash_wanted.copy(), np.zeros(0, np.int64)
    if not ranges:
        return CashSplit(wanted, nobody, nobody)
    with ThreadPoolExecutor(max_workers=min(threads or os.cpu_count() or 1, len(ranges))) as pool:
        parts = list(pool.map(lambda span: split_cash(book, market, *span), ranges))
    for (first, last), part in zip(ranges, parts, strict=True):
        own = slice(book.households.account_start[first], book.households.account_start[last])
        wanted[own] = part.wanted[own]
    decided, undecided = (np.concatenate([part[column] for part in parts]) for column in (1, 2))
    return CashSplit(wanted, decided, undecided)


class _Worker(Protocol[Found_co]):
    """What solves ranges of a book, one after the other."""

    def rebalance(self, first: int, last: int) -> Found_co: ...


class _Joining(Protocol[Found]):
    """What joins the results of consecutive ranges."""

    def __call__(self, parts: list[Found], each: Callable[[Join, Iterable[Columns]], Iterable[Column]]) -> Found: ...


def _mapped(
    ranges: list[tuple[int, int]],
    hire: Callable[[], _Worker[Found]],
    join: _Joining[Found],
    threads: int,
    on_done: Callable[[int], None] | None,
) -> Found:
    """Map workers, one for each thread, over the ranges and join what comes back."""
    threads = min(threads or os.cpu_count() or 1, len(ranges))
    free: SimpleQueue[_Worker[Found]] = SimpleQueue()
    for _ in range(threads):
        free.put(hire())

    def work(first: int, last: int) -> Found:
        worker = free.get()
        try:
            return worker.rebalance(first, last)
        finally:
            free.put(worker)

    pool = ThreadPoolExecutor(max_workers=threads)
    try:
        waiting = [pool.submit(work, first, last) for first, last in ranges]
        parts = []
        for (first, last), future in zip(ranges, waiting, strict=True):
            parts.append(future.result())
            if on_done:
                on_done(last - first)
        return join(parts, pool.map)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
