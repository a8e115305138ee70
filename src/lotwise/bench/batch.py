"""How many accounts a second: from raw lots in no order, in memory, to proposals; and what one household costs.

Sorting the lots belongs to the time. Growth is measured on firms of 5,000 accounts made, sorted and solved one after
the other, as a platform would: no more than one is in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from lotwise.bench.large_firm import DEFAULT, FRACTIONAL, LEAN, FirmSize, RawFirm, book_of, raw_firms
from lotwise.bench.machine import peak_memory
from lotwise.bench.tables import MeasuredTable
from lotwise.nightly.engines import rebalance_in_threads
from lotwise.rebalancing.rebalance import Rebalancer, compile_kernels, rebalance
from lotwise.securities.market import Market

__all__ = ["BARS", "batch_tables"]

# Accounts a second of the leanest setting, by the clock; GiB of the process; milliseconds of a call for one household
# beyond its part of a batch.
BARS = {"accounts/s": 4_000.0, "peak GiB": 4.0, "ms beyond": 1.0}

_THREADS = 2
_AT_ONCE = 5_000  # accounts in memory: 6 million lots
_SETTINGS = (
    ("shares of any size, no least trade", LEAN),
    ("shares of any size, $100 at least", FRACTIONAL),
    ("default profile: whole shares, $100 at least", DEFAULT),
)


class _Spent(NamedTuple):
    """Seconds of a firm."""

    accounts: int
    lots: int
    sort: float
    solve: float
    processor: float

    @property
    def rate(self) -> float:
        return self.accounts / (self.sort + self.solve)

    @property
    def rate_alone(self) -> float:
        """Accounts a second if nothing else ran."""
        return _THREADS * self.accounts / self.processor


def _run(firm: RawFirm, threads: int) -> _Spent:
    processor = time.process_time()
    begin = time.perf_counter()
    book = book_of(firm, threads)
    middle = time.perf_counter()
    rebalance_in_threads(book, firm.market, threads)
    end = time.perf_counter()
    spent = time.process_time() - processor
    return _Spent(len(book.accounts.kind), len(book.lots.shares), middle - begin, end - middle, spent)


def _row(name: str, spent: _Spent) -> tuple[str, ...]:
    per_account = 1e6 / spent.accounts
    return (
        name,
        f"{spent.accounts:,}",
        f"{spent.lots:,}",
        f"{per_account * spent.sort:,.0f}",
        f"{per_account * spent.solve:,.0f}",
        f"{per_account * spent.processor:,.0f}",
        f"{spent.rate:,.0f}",
        f"{spent.rate_alone:,.0f}",
    )


_HEADER = ("", "accounts", "lots", "sort, us", "solve, us", "processor, us", "accounts/s", "by processor time")


def _settings(accounts: int, rounds: int) -> MeasuredTable:
    """Each setting on the same accounts, in turn, `rounds` times; the best round counts: others share the machine."""
    firms = [next(raw_firms(FirmSize(accounts), accounts, profile=profile)) for _, profile in _SETTINGS]
    for firm in firms:
        compile_kernels(firm.book, firm.market)
        _run(firm, _THREADS)
    spent: list[list[_Spent]] = [[] for _ in firms]
    for _ in range(rounds):
        for number, firm in enumerate(firms):
            spent[number].append(_run(firm, _THREADS))
    best = [max(each, key=lambda one: one.rate) for each in spent]
    rows = [_row(name, one) for (name, _), one in zip(_SETTINGS, best, strict=True)]
    lean, missed = best[0], []
    if lean.rate < BARS["accounts/s"]:
        missed.append(
            f"{_SETTINGS[0][0]}: {lean.rate:,.0f} accounts/s by the clock ({lean.rate_alone:,.0f} by processor time), "
            f"must be at least {BARS['accounts/s']:,.0f}"
        )
    note = (
        f"500 names, 300 of them held in 1,200 lots; raw lots in random order to proposals, {_THREADS} threads,"
        f" microseconds an account (processor: of all threads together), best of {rounds} rounds. Accounts a second by"
        " the clock, and as they would be if nothing else ran: by the processor time of two cores."
    )
    return MeasuredTable("Batch from raw unsorted lots in memory", _HEADER, rows, note, missed)


def _growth(sizes: tuple[int, ...]) -> MeasuredTable:
    rows = []
    for accounts in sizes:
        parts: list[_Spent] = []
        for firm in raw_firms(FirmSize(accounts), _AT_ONCE):
            if not parts:
                compile_kernels(firm.book, firm.market)
            parts.append(_run(firm, _THREADS))
        whole = _Spent(*(sum(column) for column in zip(*parts, strict=True)))
        rows.append(_row(f"{accounts:,} accounts", whole))
    peak = peak_memory()
    note = (
        f"Shares of any size, $100 at least, {_THREADS} threads; sorted and solved {_AT_ONCE:,} accounts at a time."
        f" Peak memory of the process until here, all it measured before included: {peak:.2f} GiB."
    )
    missed = [f"peak memory is {peak:.2f} GiB, must be below {BARS['peak GiB']:g}"] if peak >= BARS["peak GiB"] else []
    return MeasuredTable("Growth with the firm, in memory", _HEADER, rows, note, missed)


def _milliseconds(run: Callable[[], object], times: int) -> float:
    run()
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        spent.append(1e3 * (time.perf_counter() - begin))
    return min(spent)


def _wider(market: Market, securities: int) -> Market:
    """A market with more securities than the model has, of no use to it: what a call's memory grows with."""
    more = securities - len(market.price)
    columns = {
        name: np.concatenate((column, np.repeat(column[-1:], more, axis=0)))
        for name, column in market._asdict().items()
        if name != "as_of"
    }
    columns["identical"] = np.arange(securities, dtype=np.int32)
    return Market(as_of=market.as_of, **columns)


def _one_household(markets: tuple[int, ...], times: int) -> MeasuredTable:
    """A household by itself: the call, the call with memory kept, and its part of a call for all."""
    households = 50
    firm = next(raw_firms(FirmSize(households), households))
    book = book_of(firm, 1)
    rows, missed = [], []
    for securities in markets:
        market = _wider(firm.market, securities)
        kept = Rebalancer(book, market)
        calls, again = [], []
        for one in range(0, households, 5):
            calls.append(_milliseconds(partial(rebalance, book, market, one, one + 1), times))
            again.append(_milliseconds(partial(kept.rebalance, one, one + 1), times))
        kernel = _milliseconds(partial(kept.rebalance, 0, households), times) / households
        call, less = sum(calls) / len(calls), sum(again) / len(again)
        figures = (kernel, call, less, call - kernel, less - kernel)
        rows.append((f"{securities:,} securities", *(f"{figure:.2f}" for figure in figures)))
        if call - kernel >= BARS["ms beyond"]:
            missed.append(
                f"a call in a market of {securities:,} costs {call - kernel:.2f} ms beyond its part of a batch, must "
                f"be below {BARS['ms beyond']:g}"
            )
    header = ("market of", "in a batch, ms", "one call, ms", "memory kept, ms", "call beyond, ms", "kept beyond, ms")
    note = (
        f"500 names, 300 held in 1,200 lots, $100 at least; one thread; mean of 10 households, best of {times} calls."
    )
    return MeasuredTable("One household", header, rows, note, missed)


def batch_tables(*, full: bool) -> list[MeasuredTable]:
    """Measure; a minute when not full, some five when full."""
    return [
        _settings(5_000 if full else 500, 3),
        _growth((500, 5_000, 50_000) if full else (500, 2_000)),
        _one_household((500, 10_000), 50 if full else 10),
    ]
