"""Fold speed: events per second, memory, the next day's events, and how wash matching grows.

    python bench/ledger_fold.py [--households 5000] [--events 10000000] [--threads 2]

Three tables. The first folds a firm: purchases and sales of ten years, spread over households, accounts and securities,
half of the sales by FIFO and half by HIFO, prices a random walk, so that wash sales are as frequent as daily trading
makes them. The second posts one more day of 50,000 events onto what came out. The third folds one account trading one
security ever faster, which is the worst case of wash matching: by FIFO, events per second should stay about the same;
by HIFO every sale looks at every open lot, and lots break into ever more parts.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from lotwise.ledger.events import EVENT, NO_CODE, EventKind, Relief, Table, no_details
from lotwise.ledger.fold import Folded, fold
from lotwise.ledger.tables import ACCOUNT, IDENTICAL, Refusal, World
from lotwise.money import DOLLAR, SHARE

_ACCOUNTS = 3  # of a household: two taxable, one traditional
_SECURITIES = 500
_OF_HOUSEHOLD = 60  # securities that one household trades
YEARS = 10
FIRST_DAY = 16_071  # 2014-01-01


def world_of(households: int) -> World:
    accounts = np.zeros(households * _ACCOUNTS, ACCOUNT)
    number = np.arange(accounts.size)
    accounts["taxpayer"] = number // _ACCOUNTS
    accounts["kind"] = number % _ACCOUNTS == _ACCOUNTS - 1
    accounts["relief"] = np.where(number % 2, Relief.FIFO, Relief.HIFO)
    return World(accounts, np.zeros(_SECURITIES, np.bool_), np.empty(0, IDENTICAL))


def prices(rng: np.random.Generator, days: int) -> Table:
    steps = rng.normal(0.0003, 0.018, (days, _SECURITIES))
    return np.round(100 * DOLLAR * np.exp(np.cumsum(steps, axis=0))).astype(np.int64)


def record(rng: np.random.Generator, households: int, count: int, first: int, last: int, close: Table) -> Table:
    """Trades of `count` events on days `first` to `last`; a third are sales of part of what was bought."""
    events = np.zeros(count, EVENT)
    events["lot"] = events["order"] = events["detail"] = NO_CODE
    household = rng.integers(0, households, count)
    events["account"] = household * _ACCOUNTS + rng.integers(0, _ACCOUNTS, count)
    events["security"] = (household * 7 + rng.integers(0, _OF_HOUSEHOLD, count)) % _SECURITIES
    events["day"] = np.sort(rng.integers(first, last + 1, count))
    sale = rng.random(count) < 1 / 3
    events["kind"] = np.where(sale, EventKind.SELL, EventKind.BUY)
    lot = rng.integers(5, 60, count)
    events["shares"] = np.where(sale, lot * 3 // 4 + 1, lot) * SHARE
    events["amount"] = events["shares"] // SHARE * close[events["day"] - FIRST_DAY, events["security"]]
    return events


def timed(events: Table, world: World, before: Folded | None, first: int, threads: int) -> tuple[Folded, float]:
    start = time.perf_counter()
    state = before.state if before else None
    done = fold(events, no_details(0), world, state, first_event=first, threads=threads)
    return done, time.perf_counter() - start


def shown(name: str, events: int, seconds: float, done: Folded) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    refused = np.count_nonzero(done.status != Refusal.POSTED)
    print(
        f"{name:34} {events:>11,} {seconds:>8.2f} {events / seconds:>12,.0f} {refused:>9,} {done.state.lots.size:>11,}"
        f" {done.state.washes.size:>10,} {peak:>6.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=5000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    days = 365 * YEARS
    close = prices(rng, days + 2)
    world = world_of(given.households)
    small = record(rng, given.households, 1000, FIRST_DAY, FIRST_DAY + 5, close)
    _, compiling = timed(small, world, None, 0, given.threads)
    print(f"first call (compiled or read from the cache): {compiling:.1f} s")
    print(f"{'':34} {'events':>11} {'seconds':>8} {'events/s':>12} {'refused':>9} {'open lots':>11} {'washes':>10} GiB")
    events = record(rng, given.households, given.events, FIRST_DAY, FIRST_DAY + days - 1, close)
    done, seconds = timed(events, world, None, 0, given.threads)
    shown(f"{given.households:,} households, {YEARS} years", events.size, seconds, done)
    tomorrow = FIRST_DAY + days
    more = record(rng, given.households, 50_000, tomorrow, tomorrow, close)
    after, seconds = timed(more, world, done, events.size, given.threads)
    shown("the next day", more.size, seconds, after)
    for relief, most in ((Relief.FIFO, 100_000), (Relief.HIFO, 10_000)):
        world.accounts["relief"] = relief
        for count in (1_000, 10_000, 100_000):
            if count > most:
                break
            busy = record(rng, 1, count, FIRST_DAY, FIRST_DAY + days - 1, close)
            busy["account"] = 0
            busy["security"] = 0
            busy["amount"] = busy["shares"] // SHARE * close[busy["day"] - FIRST_DAY, 0]
            done, seconds = timed(busy, world, None, 0, 1)
            shown(f"one security, one account, {relief.name}", count, seconds, done)


if __name__ == "__main__":
    main()
