"""What telling a firm's savings takes: two years of simulated accounts that trade every month, record and shadow.

Trades of a month are spread over its days, and hardly a day is without a dividend.

    python bench/savings.py [--households 500] [--names 100]

Prints seconds of processor time, households and account-days per second. Memory is that of the whole process.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from lotwise.dates import is_trading_day, to_day_number
from lotwise.ledger.events import EVENT, NO_CODE, EventFlag, EventKind, Relief, Table, no_details
from lotwise.ledger.tables import ACCOUNT, IDENTICAL, World
from lotwise.money import DOLLAR, FULL_RATE, SHARE
from lotwise.savings.history import Accounts, CorporateActions, History, MarketHistory, Targets
from lotwise.savings.shadow_rule import ShadowRule
from lotwise.savings.told import Asked, tell
from lotwise.tax.liability import load_law
from lotwise.tax.position import blank_positions

_FIRST, _LAST = np.datetime64("2024-01-02"), np.datetime64("2025-12-31")


def _trading_days() -> np.ndarray:
    days = np.arange(_FIRST, _LAST + 1).astype(object)
    return np.array([to_day_number(day) for day in days if is_trading_day(day)], np.int32)


class _Writer:
    """Collects events, in the order of their days."""

    def __init__(self) -> None:
        self.parts: list[Table] = []

    def add(self, kind: EventKind, day: int, rows: tuple[np.ndarray, np.ndarray], **columns: object) -> None:
        """Add events of one kind and day: `rows` = accounts and securities."""
        events = np.zeros(rows[0].size, EVENT)
        for name in ("lot", "order", "detail"):
            events[name] = NO_CODE
        events["kind"], events["day"], events["account"], events["security"] = kind, day, *rows
        for name, values in columns.items():
            events[name] = values
        self.parts.append(events)


def simulated(households: int, names: int, seed: int = 1) -> History:
    """One account a household; every month, each on a day of its own, it sells some of its losers and buys others.

    Every name pays a dividend a quarter, each on a day of its own: hardly a day is without events of every account.
    """
    rng = np.random.default_rng(seed)
    days = _trading_days()
    moves = rng.normal(0.0003, 0.018, (days.size, names))
    price = np.rint(100 * DOLLAR * np.exp(np.cumsum(moves, axis=0))).astype(np.int64)
    payout = np.where((np.arange(days.size)[:, None] - np.arange(names)) % 63 == 0, 0.35, 0.0)
    payout[0] = 0
    weight = rng.dirichlet(np.full(names, 2.0))
    shares = np.rint(1e6 * weight / (price[0] / DOLLAR) * SHARE).astype(np.int64)
    held = np.tile(shares, (households, 1))
    written, everything = _Writer(), np.divmod(np.arange(households * names), names)
    written.add(EventKind.TRANSFER_IN, int(days[0]), everything, shares=held.ravel(), detail=np.arange(held.size))
    details = no_details(households * names)
    basis = rng.uniform(0.4, 1.2, households * names) * np.tile(shares / SHARE * price[0], households)
    details["basis"] = details["original_basis"] = np.rint(basis)
    details["acquired"] = details["holding_start"] = days[0] - rng.integers(200, 2_000, households * names)
    for at in range(1, days.size):
        paying = np.flatnonzero(payout[at])
        rows = np.repeat(np.arange(households), paying.size), np.tile(paying, households)
        amount = np.rint(held[rows] / SHARE * payout[at][rows[1]] * DOLLAR)
        written.add(EventKind.DIVIDEND, int(days[at]), rows, amount=amount, facts=int(EventFlag.QUALIFIED))
        mine = np.arange(households)[:, None] % 21 == at % 21
        sold = np.where(mine & (rng.random((households, names)) < 0.05), held // 2, 0)
        held -= sold
        for kind, number in ((EventKind.SELL, sold), (EventKind.BUY, np.roll(sold, 1, axis=1))):
            rows = np.nonzero(number)
            relief = Relief.HIFO if kind == EventKind.SELL else Relief.DEFAULT
            worth = np.rint(number[rows] / SHARE * price[at][rows[1]])
            written.add(kind, int(days[at]), rows, shares=number[rows], amount=worth, relief=relief)
        held += np.roll(sold, 1, axis=1)
    accounts = np.zeros(households, ACCOUNT)
    accounts["relief"], accounts["taxpayer"] = Relief.FIFO, np.arange(households)
    world = World(accounts, np.zeros(names, np.bool_), np.empty(0, IDENTICAL))
    market = MarketHistory(days, price, np.ones(price.shape, np.bool_), payout, np.ones(names, np.bool_))
    targets = Targets(weight[None, :], np.zeros(1), np.zeros((households, days.size), np.int32))
    owners = Accounts(
        np.arange(households, dtype=np.int32), np.zeros(households, np.int64), np.ones(households, np.bool_)
    )
    rates = np.tile(np.array([[round(0.408 * FULL_RATE), round(0.238 * FULL_RATE)]]), (households, 1))
    no_actions = CorporateActions(np.zeros(0, EVENT), no_details(0))
    return History(np.concatenate(written.parts), details, world, owners, market, targets, rates, no_actions)


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
        asked = Asked(ShadowRule(), last, -(2**31), position, np.full(households, 0.5), load_law(), traced=False)
        began = time.process_time()
        told = tell(history, np.ones(households, np.bool_), asked)
        seconds = time.process_time() - began
    days = households * history.market.days.size
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    saved = told.saved.total.sum() / DOLLAR
    print(f"{households:,} households x {asked_for.names} names, {len(history.events):,} events")
    print(f"{seconds:.1f} s of processor time: {seconds / households * 1000:.1f} ms a household")
    print(f"{households / seconds:,.0f} households/s, {days / seconds:,.0f} account-days/s, {memory:.2f} GiB at most")
    print(f"number B {saved:,.0f} dollars, {told.refused.sum()} refused")


if __name__ == "__main__":
    main()
