"""Moving a firm's worth of legacy books on one day: one book, the nightly run's solve by the true tax, on threads.

What the accounts hold is posted to a ledger of their own, whose lots become the book as on any night of a replay.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.lab.cohorts.books import BookMaker
from lotwise.lab.cohorts.clients import Cohort, cohort_of
from lotwise.lab.cohorts.deciding import market_without_risk
from lotwise.lab.cohorts.ending import ending_of
from lotwise.lab.cohorts.market import MarketSoFar, MarketTape
from lotwise.lab.cohorts.policies import Policy
from lotwise.lab.cohorts.recording import Ending
from lotwise.lab.cohorts.risk import RiskThen
from lotwise.lab.cohorts.standing import GAINS, Standing, world_of
from lotwise.lab.cohorts.targets import Target
from lotwise.lab.cohorts.taxes import Taxes
from lotwise.lab.experiments.legacy import Legacy, events_of
from lotwise.lab.market_panel import Floats, MarketPanel
from lotwise.ledger.events import no_details
from lotwise.money import DOLLAR, SHARE, IntArray
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.netting import Netted, Netter, joined_netted
from lotwise.rebalancing.proposal import Outcomes, Proposals, Status
from lotwise.rebalancing.rebalance import Rebalancer, compile_kernels, joined
from lotwise.securities.market import Market, SecurityKind, asset_classes_of

__all__ = ["Arrived", "Moves", "arrived", "move"]

Found = TypeVar("Found", Proposals, Netted)
Found_co = TypeVar("Found_co", bound=Proposals | Netted, covariant=True)

# Households that a thread solves at a time.
_RANGE = 50


class Arrived(NamedTuple):
    """N legacy accounts on the day on which they come: their book, and what it costs to sell all of it."""

    book: Book
    market: Market
    value: Floats  # (N,) dollars
    gain: Floats  # (N,) unrealised gain less loss, fraction of value
    worth_names: Floats  # (N,) so many equal names are as concentrated: 1 / sum of squares of parts of what is invested
    liquidation: Floats  # (N,) tax of selling everything, by law, fraction of value
    seconds: float  # to post, read and tax them


class Moves(NamedTuple):
    """What becomes of N accounts at one price of tracking; fractions of value, but for tracking."""

    tax: Floats  # (N,) by law: the year's with the trades less without; below zero = saved
    cost: Floats  # (N,) half the spread
    turnover: Floats  # (N,) half of what is bought and sold
    before: Floats  # (N,) predicted annual tracking error
    after: Floats
    solved: NDArray[np.bool_]  # (N,) False: refused, or not proved
    seconds: float  # to solve, by the clock
    processor: float  # the same of the processor, over all threads: what the clock would say of one free core


def arrived(legacy: Legacy, panel: MarketPanel, risk: RiskThen, target: Target, policy: Policy) -> Arrived:
    """Post legacy accounts to a ledger and make the book of the market's last day, at one policy and target."""
    so_far, qualified = _until_today(panel)
    cohort = cohort_of((policy,), (target,), legacy.clients)
    market = risk.with_risk(market_without_risk(so_far, qualified), so_far, cohort.targets)
    begun = time.perf_counter()
    world = world_of(cohort, market.kind != SecurityKind.STOCK, market.identical)
    standing = Standing(cohort, world, 1)
    events = events_of(legacy, panel)
    standing.keep(standing.folded(events, no_details(0)), events)
    year = int(np.datetime64(so_far.day, "D").astype("datetime64[Y]").astype(int)) + 1970
    taxes, everyone = Taxes(cohort, year, 1), np.arange(len(cohort.start))
    nothing = np.zeros((1, everyone.size, len(GAINS)), np.int64)
    classes = asset_classes_of(panel.universe.asset_classes).names
    night = BookMaker(cohort, classes).night(
        everyone,
        (standing, standing.state, standing.cash),
        market,
        [target.on(so_far)],
        taxes.position(year, nothing),
        np.full(everyone.size, NO_DATE, np.int32),
    )
    _, ending = ending_of(cohort, standing, taxes, so_far, nothing)
    return _described(night.book, market, cohort, standing, ending, begun)


def _described(book: Book, market: Market, cohort: Cohort, standing: Standing, ending: Ending, begun: float) -> Arrived:
    count, held = len(cohort.start), standing.held
    worth = held.shares / SHARE * market.price[held.security] / DOLLAR
    invested = np.bincount(held.account, worth, count)
    squares = np.bincount(held.account, worth**2, count)
    value = invested + standing.cash / DOLLAR
    return Arrived(
        book,
        market,
        value,
        (ending.short + ending.long) / DOLLAR / value,
        np.divide(invested**2, squares, out=np.ones(count), where=squares > 0),
        ending.liquidation / DOLLAR / value,
        time.perf_counter() - begun,
    )


def _until_today(panel: MarketPanel) -> tuple[MarketSoFar, Floats]:
    """The market as it is known at the close of its last day, and how qualified its dividends are."""
    tape, so_far = MarketTape(panel), MarketSoFar(panel.universe, len(panel.days))
    for row in range(len(panel.days)):
        so_far.add(tape.at(row))
    return so_far, tape.qualified


def move(
    there: Arrived,
    risk_price: float | None = None,
    on_done: Callable[[int], None] = lambda _: None,
    threads: int = 0,
    *,
    by_true_tax: bool = True,
) -> Moves:
    """Move all accounts as a night would, by their true tax, at a price of tracking; None: that of their policy.

    Without the true tax they are solved once, at the rates of the night. On `threads` threads (0 = one per core); the
    bytes do not depend on how many.
    """
    book = there.book
    if risk_price is not None:
        dear = np.full_like(book.policies.risk_price, risk_price)
        book = book._replace(policies=book.policies._replace(risk_price=dear))
    compile_kernels(book, there.market)
    begun, spent = time.perf_counter(), time.process_time()
    threads = threads or os.cpu_count() or 1
    if by_true_tax:
        parts = _in_threads(lambda: Netter(book, there.market), there.value.size, threads, on_done)
        proposals = joined_netted(parts).proposals
    else:
        proposals = joined(_in_threads(lambda: Rebalancer(book, there.market), there.value.size, threads, on_done))
    seconds, processor = time.perf_counter() - begun, time.process_time() - spent
    outcomes, trades = proposals.outcomes, proposals.trades
    kept = outcomes.status[trades.household] == Status.PROPOSED
    traded = np.bincount(trades.household[kept], trades.value[kept].astype(np.float64), there.value.size)
    proposed = outcomes.status == Status.PROPOSED

    def part(amounts: IntArray | Floats) -> Floats:
        fraction: Floats = np.where(proposed, amounts, 0) / DOLLAR / there.value
        return fraction

    return Moves(
        part(outcomes.tax),
        part(outcomes.cost),
        part(traded / 2),
        outcomes.te_before.copy(),
        np.where(proposed, outcomes.te_after, outcomes.te_before),
        _is_solved(outcomes),
        seconds,
        processor,
    )


def _is_solved(outcomes: Outcomes) -> NDArray[np.bool_]:
    solved: NDArray[np.bool_] = (outcomes.status == Status.PROPOSED) | (outcomes.status == Status.HOLD)
    return solved


class _Solver(Protocol[Found_co]):
    """What solves ranges of a book, one after the other."""

    def rebalance(self, first: int, last: int) -> Found_co: ...


def _in_threads(
    hire: Callable[[], _Solver[Found]], households: int, threads: int, on_done: Callable[[int], None]
) -> list[Found]:
    """Solve ranges of a book, each thread with a solver of its own; what is found comes in the order of the book."""
    ranges = [(first, min(first + _RANGE, households)) for first in range(0, households, _RANGE)]
    threads = min(threads, len(ranges))
    found: dict[int, Found] = {}

    def work(own: int) -> None:
        solver = hire()
        for place in range(own, len(ranges), threads):
            found[place] = solver.rebalance(*ranges[place])
            on_done(ranges[place][1] - ranges[place][0])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return [found[place] for place in range(len(ranges))]
