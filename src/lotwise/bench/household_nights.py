"""What a household of several accounts takes in a night: envelope, wash rules, netting and whole shares, all of it.

Households are made of accounts as the large firm has them: 125 of the 500 names in 500 lots, drifted. A few names of
each were sold at a loss or bought within 30 days. A household is solved by itself by a `Netter` whose memory is kept,
as a thread of the nightly run has it; then all of them as the run does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lotwise.bench.large_firm import DEFAULT, FirmSize, book_of, raw_firms
from lotwise.bench.machine import machine
from lotwise.bench.tables import MeasuredTable
from lotwise.dates import NO_DATE
from lotwise.ledger.wash_sales import Windows
from lotwise.money import SHARE
from lotwise.nightly.engines import net_in_threads
from lotwise.rebalancing.book import AccountKind, Book, Households, no_requests
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.netting import Netted, Netter, with_rates
from lotwise.rebalancing.proposal import Status
from lotwise.rebalancing.rebalance import Rebalancer
from lotwise.securities.market import Market

__all__ = ["household_nights", "nights_of"]

Floats: TypeAlias = NDArray[np.float64]

_SIZE = FirmSize(names=500, held=125)  # of an account: 500 lots
_BOUGHT = 5 * SHARE
_THREADS = 2
_BASIS_POINT = 1e-4

# What the accounts of a household are, from the first on; in a book they stand in the order of their kinds.
_KINDS = (AccountKind.TAXABLE, AccountKind.TRADITIONAL, AccountKind.TAXABLE, AccountKind.ROTH)

# Names of a household with an open window, half of them sold at a loss and half bought, and days until they close.
_OPEN, _DAYS = 10, 15


class _Nights(NamedTuple):
    """What households of one shape took, (H,) each."""

    plain: Floats  # ms of processor time at the rates of the night
    netted: Floats  # ms by the true tax
    found: Netted
    broken: int  # rules, by the exact checks
    together: float  # ms a household of both threads, where all are solved as the run does it


def nights_of(households: int, accounts: int, size: FirmSize, seed: int) -> tuple[Book, Market]:
    """Make so many households of so many accounts; `size` says what an account holds of how many names."""
    total = households * accounts
    firm = next(raw_firms(FirmSize(total, size.names, size.held), total, seed, DEFAULT))
    book = book_of(firm, 1)
    columns = [column[:households].copy() for column in book.households]
    columns[0] = np.arange(households + 1, dtype=np.int64) * accounts
    kinds = np.sort(np.resize(np.array(_KINDS, np.uint8), accounts))
    return (
        book._replace(
            households=Households._make(columns),
            accounts=book.accounts._replace(
                household=np.repeat(np.arange(households, dtype=np.int32), accounts), kind=np.tile(kinds, households)
            ),
            windows=_windows(firm.market, households, seed),
            tax=book.tax[:households].copy(),
            requests=no_requests(households),
        ),
        firm.market,
    )


def _windows(market: Market, households: int, seed: int) -> Windows:
    """Open windows of a few names of every household."""
    rng = np.random.default_rng([seed, households])
    groups = int(market.identical.max()) + 1
    count = min(_OPEN, groups)
    identical = np.sort([rng.choice(groups, count, replace=False) for _ in range(households)], axis=1)
    sold = rng.random((households, count)) < 0.5
    until = np.int32(market.as_of + _DAYS)
    return Windows(
        start=np.arange(households + 1, dtype=np.int64) * count,
        identical=identical.ravel().astype(np.int32),
        no_buy_until=np.where(sold, until, NO_DATE).ravel().astype(np.int32),
        bought_shares=np.where(sold, 0, _BOUGHT).ravel().astype(np.int64),
        no_loss_until=np.where(sold, NO_DATE, until).ravel().astype(np.int32),
    )


def _least_ms(run: Callable[[int], object], households: int, rounds: int) -> list[Floats]:
    """Milliseconds of each household, in each round."""
    spent = []
    for _ in range(rounds):
        each = np.zeros(households)
        for household in range(households):
            begin = time.thread_time()
            run(household)
            each[household] = 1e3 * (time.thread_time() - begin)
        spent.append(each)
    return spent


def _measured(book: Book, market: Market, rounds: int) -> _Nights:
    count = len(book.households.model)
    engine, netter = Rebalancer(book, market), Netter(book, market)
    found = net_in_threads(book, market, _THREADS)  # compiles, too
    broken = verify(with_rates(book, found.steering), market, found.proposals).violations.rule.size
    spent: list[list[Floats]] = [[], []]
    for _ in range(rounds):  # in turn: a busy moment is everyone's
        spent[0] += _least_ms(lambda one: engine.rebalance(one, one + 1), count, 1)
        spent[1] += _least_ms(lambda one: netter.rebalance(one, one + 1), count, 1)
    together = []
    for _ in range(rounds):
        begin = time.process_time()
        net_in_threads(book, market, _THREADS)
        together.append(1e3 * (time.process_time() - begin) / count)
    plain, netted = (np.min(each, axis=0) for each in spent)
    return _Nights(plain, netted, found, int(broken), min(together))


def household_nights(
    shapes: Sequence[tuple[int, int]], rounds: int, seed: int, size: FirmSize = _SIZE
) -> MeasuredTable:
    """Time the night of (accounts of a household, households) shapes."""
    rows, missed = [], []
    for accounts, households in shapes:
        book, market = nights_of(households, accounts, size, seed)
        nights = _measured(book, market, rounds)
        outcomes = nights.found.proposals.outcomes
        unsolved = int((outcomes.status > Status.HOLD).sum())
        rows.append(
            (
                f"{size.names} in {accounts}",
                f"{households:,}",
                f"{book.lots.shares.size / households:,.0f}",
                *(f"{np.quantile(nights.plain, at):.1f}" for at in (0.5, 0.99)),
                *(f"{np.quantile(nights.netted, at):.1f}" for at in (0.5, 0.99)),
                f"{np.median(nights.netted / nights.plain):.2f}",
                f"{nights.found.solves.mean():.2f}",
                f"{np.mean(outcomes.gap) / _BASIS_POINT:.3f}",
                f"{np.max(outcomes.gap) / _BASIS_POINT:.2f}",
                f"{nights.together:.1f}",
            )
        )
        if nights.broken or unsolved:
            missed.append(f"{accounts} accounts: {nights.broken} broken rules, {unsolved} households not solved")
    spent = ("plain, median ms", "p99", "netted, median ms", "p99", "ratio")
    header = ("names in accounts", "households", "lots", *spent, "solves", "gap, mean bp", "worst", "all at once, ms")
    note = (
        f"{machine('numpy', 'numba')}. Milliseconds of processor time. Default profile: whole shares, $100 at least,"
        f" the cost of barred losses; {_OPEN} names with an open window; nothing realised yet this year. One household"
        f" at a time, one thread, memory kept as in a run, least of {rounds} rounds, plain and netted in turn. Plain:"
        " one solve at the rates of the night, from raw lots to lines; netted: by the true tax, `solves` of them. Gap:"
        f" of the whole shares, to the bound of fractions. All at once: the night's way, {_THREADS} threads, a"
        " household's part."
    )
    return MeasuredTable("A household's night, netting and rounding included", header, rows, note, missed)
