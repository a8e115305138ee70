"""What telling a firm's savings takes: two years of simulated accounts that trade every month, record and shadow.

    python bench/savings.py [--households 500] [--names 100]

Prints seconds, households and account-days per second, and how many lots both sides ended with. Memory is that of the
whole process.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from lotwise.dates import is_trading_day, to_day_number
from lotwise.ledger.events import EVENT, NO_CODE, EventKind, Relief, no_details
from lotwise.ledger.tables import ACCOUNT, IDENTICAL, World
from lotwise.money import DOLLAR, FULL_RATE, SHARE
from lotwise.savings.history import Accounts, History, MarketHistory, Targets
from lotwise.savings.shadow_rule import ShadowRule
from lotwise.savings.told import Asked, tell
from lotwise.tax.liability import load_law
from lotwise.tax.position import blank_positions

_FIRST, _LAST = np.datetime64("2024-01-02"), np.datetime64("2025-12-31")


def _trading_days() -> np.ndarray:
    days = np.arange(_FIRST, _LAST + 1).astype(object)
    return np.array([to_day_number(day) for day in days if is_trading_day(day)], np.int32)


def simulated(households: int, names: int, seed: int = 1) -> History:
    """One account a household; every month each sells some of its losers and buys what the cash allows."""
    rng = np.random.default_rng(seed)
    days = _trading_days()
    moves = rng.normal(0.0003, 0.018, (days.size, names))
    price = np.rint(100 * DOLLAR * np.exp(np.cumsum(moves, axis=0))).astype(np.int64)
    weight = rng.dirichlet(np.full(names, 2.0))
    rows, details = [], no_details(households * names)
    shares = np.rint(1e6 * weight / (price[0] / DOLLAR) * SHARE).astype(np.int64)
    opening = np.zeros(households * names, EVENT)
    opening["kind"], opening["day"] = EventKind.TRANSFER_IN, days[0]
    opening["account"] = np.repeat(np.arange(households), names)
    opening["security"] = np.tile(np.arange(names), households)
    opening["shares"], opening["detail"] = np.tile(shares, households), np.arange(households * names)
    basis = rng.uniform(0.4, 1.2, households * names) * np.tile(shares / SHARE * price[0], households)
    details["basis"] = details["original_basis"] = np.rint(basis)
    details["acquired"] = details["holding_start"] = days[0] - rng.integers(200, 2_000, households * names)
    rows.append(opening)
    held = np.tile(shares, (households, 1))
    for at in range(20, days.size - 1, 21):
        sold = np.where(rng.random((households, names)) < 0.05, held // 2, 0)
        held -= sold
        for kind, number in ((EventKind.SELL, sold), (EventKind.BUY, np.roll(sold, 1, axis=1))):
            account, security = np.nonzero(number)
            events = np.zeros(account.size, EVENT)
            events["kind"], events["day"], events["account"], events["security"] = kind, days[at], account, security
            events["shares"] = number[account, security]
            events["amount"] = np.rint(events["shares"] / SHARE * price[at][security])
            events["relief"] = Relief.HIFO if kind == EventKind.SELL else Relief.DEFAULT
            events["detail"] = NO_CODE
            rows.append(events)
        held += np.roll(sold, 1, axis=1)
    events = np.concatenate(rows)
    for name in ("lot", "order"):
        events[name] = NO_CODE
    accounts = np.zeros(households, ACCOUNT)
    accounts["relief"], accounts["taxpayer"] = Relief.FIFO, np.arange(households)
    world = World(accounts, np.zeros(names, np.bool_), np.empty(0, IDENTICAL))
    market = MarketHistory(days, price, np.zeros(price.shape), np.ones(names, np.bool_))
    targets = Targets(weight[None, :], np.zeros(1), np.zeros((households, days.size), np.int32))
    owners = Accounts(
        np.arange(households, dtype=np.int32), np.zeros(households, np.int64), np.ones(households, np.bool_)
    )
    rates = np.tile(np.array([[round(0.408 * FULL_RATE), round(0.238 * FULL_RATE)]]), (households, 1))
    return History(events, details, world, owners, market, targets, rates)


def main() -> None:
    """Tell a small firm once to load the kernels, then the one that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--households", type=int, default=500)
    parser.add_argument("--names", type=int, default=100)
    asked_for = parser.parse_args()
    for households in (2, asked_for.households):
        history = simulated(households, asked_for.names)
        position = blank_positions(households, 2025)
        position["short_rate"], position["long_rate"] = history.rates[:, 0], history.rates[:, 1]
        last = int(history.market.days[-1])
        asked = Asked(ShadowRule(), last, -(2**31), position, np.full(households, 0.5), load_law())
        began = time.perf_counter()
        told = tell(history, np.ones(households, np.bool_), asked)
        seconds = time.perf_counter() - began
    days = households * history.market.days.size
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    saved = told.saved.total.sum() / DOLLAR
    print(f"{households:,} households x {asked_for.names} names, {len(history.events):,} events: {seconds:.1f} s")
    print(f"{households / seconds:,.0f} households/s, {days / seconds:,.0f} account-days/s, {memory:.2f} GiB at most")
    print(f"number B {saved:,.0f} dollars, {len(told.credits):,} credits, {told.refused} refused")


if __name__ == "__main__":
    main()
