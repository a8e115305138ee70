"""Fills the demo's accounts with lots: years of investing, legacy positions, reinvested dividends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number, is_trading_day, to_day_number
from lotwise.lab.demo_history import Habits, History, Schedule, live_through
from lotwise.lab.demo_households import SMALL, AccountPlan, HouseholdPlan
from lotwise.lab.demo_models import targets
from lotwise.lab.market_panel import (
    CashDividends,
    Floats,
    FundRole,
    Int32Array,
    MarketPanel,
    first_rows_of_months,
    last_known,
)

__all__ = ["ACQUISITIONS", "AccountHoldings", "LotColumns", "Tape", "fill_account", "join_lots", "pick_lots"]

ACQUISITIONS = ("purchase", "reinvest", "inheritance", "gift")
PURCHASE, REINVEST, INHERITANCE, GIFT = range(4)

# How an account is fed: chances, and months between deposits (a year: one deposit at the start, a yearly rebalance).
RHYTHMS = ((0.5, 12), (0.35, 3), (0.15, 1))
# Most trading days by which an account's day trails the first of the month.
LATEST_IN_MONTH = 8
# Legacy positions: chance, part of the account, and how many of the largest companies they come from.
LEGACY_CHANCE = 0.18
LEGACY_PART = (0.06, 0.30)
LEGACY_LARGEST = 150
# Reinvested dividends: chance, names per account, and how far back single lots are kept (trading days).
REINVEST_CHANCE = 0.2
REINVEST_NAMES = 25
REINVEST_ROWS = 440
# Households of every hundred that brought along a fund whose price is no longer delivered, and its part of them.
OUTSIDE_FUND = (8, 58)
OUTSIDE_PART = 0.03


class LotColumns(NamedTuple):
    """L lots of one account."""

    security: Int32Array
    day: Int32Array  # day number of the acquisition
    shares: Floats
    basis: Floats  # dollars, whole lot
    acquisition: NDArray[np.uint8]  # position in ACQUISITIONS
    legacy: NDArray[np.bool_]


class AccountHoldings(NamedTuple):
    """One filled account; realised gains are this calendar year's, in dollars."""

    plan: AccountPlan
    lots: LotColumns
    cash: float
    short_gains: float
    long_gains: float


class _Path(NamedTuple):
    columns: NDArray[np.intp]  # securities that the model ever wants
    targets: Floats  # (G, S)
    growth: Floats  # (G,) value on the last day of a dollar invested in month g


class Tape:
    """A market prepared for filling accounts: its months, and the path of each model through them."""

    def __init__(self, panel: MarketPanel) -> None:
        self.panel = panel
        self.months = first_rows_of_months(panel.days)
        self.last_prices = last_known(panel.close)
        self.year_start = to_day_number(panel.as_of.replace(month=1, day=1))
        size = np.where(panel.live & panel.member[-1], np.nan_to_num(panel.caps[-1]), 0.0)
        self.largest = np.argsort(-size, kind="stable")[: min(LEGACY_LARGEST, int((size > 0).sum()))]
        self._paths: dict[str, _Path] = {}
        order = np.lexsort((panel.dividends.row, panel.dividends.security))
        paid = panel.dividends
        self._paid = CashDividends(paid.row[order], paid.security[order], paid.per_share[order])

    def path(self, model: str) -> _Path:
        """Targets of a model month by month; made once."""
        if model not in self._paths:
            every = targets(self.panel, self.months, model)
            columns = np.flatnonzero(every.any(axis=0))
            every = np.ascontiguousarray(every[:, columns])
            price = self.panel.close[self.months][:, columns]
            ahead = np.vstack([price[1:], self.panel.close[-1:, columns]])
            ratio = np.nan_to_num(ahead / price, nan=1.0)
            step = (every * ratio).sum(axis=1) / every.sum(axis=1)
            growth = np.cumprod(step[::-1])[::-1]
            self._paths[model] = _Path(columns, every, growth)
        return self._paths[model]

    def dividends_of(self, security: int) -> tuple[Int32Array, Floats]:
        """Rows and dollars per share of what one security paid."""
        first, end = np.searchsorted(self._paid.security, [security, security + 1])
        return self._paid.row[first:end], self._paid.per_share[first:end]


def join_lots(parts: list[LotColumns]) -> LotColumns:
    """Put lots one after the other."""
    return LotColumns(
        security=np.concatenate([part.security for part in parts]),
        day=np.concatenate([part.day for part in parts]),
        shares=np.concatenate([part.shares for part in parts]),
        basis=np.concatenate([part.basis for part in parts]),
        acquisition=np.concatenate([part.acquisition for part in parts]),
        legacy=np.concatenate([part.legacy for part in parts]),
    )


def pick_lots(lots: LotColumns, rows: NDArray[np.bool_] | NDArray[np.intp]) -> LotColumns:
    """Lots of these rows, in their order."""
    return LotColumns(
        security=lots.security[rows],
        day=lots.day[rows],
        shares=lots.shares[rows],
        basis=lots.basis[rows],
        acquisition=lots.acquisition[rows],
        legacy=lots.legacy[rows],
    )


def _schedule(rng: np.random.Generator, tape: Tape, content: str, value: float) -> tuple[Schedule, _Path]:
    """Draw the account's days and deposits; they grow to about `value` by the last day."""
    path = tape.path(content)
    months = len(tape.months)
    step = RHYTHMS[int(rng.choice(len(RHYTHMS), p=[chance for chance, _ in RHYTHMS]))][1]
    start = int((months - 2) * rng.beta(1.0, 1.6))
    when = np.arange(start, months, step)
    weight = np.full(len(when), 0.0 if step == max(every for _, every in RHYTHMS) else 1.0)
    first_part = float(rng.uniform(0.45, 0.9))
    rest = weight[1:].sum()
    weight[1:] *= (1 - first_part) / rest if rest > 0 else 0.0
    weight[0] = first_part if rest > 0 else 1.0
    deposits = weight * value / float(weight @ path.growth[when])
    rows = tape.months[when] + int(rng.integers(0, LATEST_IN_MONTH))
    inside = rows < len(tape.panel.days)
    rows, when, deposits = rows[inside], when[inside], deposits[inside]
    rebalances = (np.arange(len(when)) * step) % 12 == 0
    rebalances[0] = False
    prices = tape.panel.close[rows][:, path.columns]
    schedule = Schedule(
        days=tape.panel.days[rows],
        prices=prices,
        targets=path.targets[when],
        deposits=deposits,
        rebalances=rebalances,
        last_prices=tape.last_prices[path.columns],
    )
    return schedule, path


def _settle(history: History, schedule: Schedule, path: _Path, tape: Tape) -> tuple[LotColumns, float]:
    """Turn a history into lots; what died since its last day became cash."""
    security = path.columns[history.security].astype(np.int32)
    alive = tape.panel.live[security]
    cash = history.cash + float((history.shares * tape.last_prices[security])[~alive].sum())
    cost = history.shares * schedule.prices[history.event, history.security]
    lots = LotColumns(
        security=security,
        day=schedule.days[history.event],
        shares=history.shares,
        basis=np.round(cost, 2),
        acquisition=np.full(len(security), PURCHASE, dtype=np.uint8),
        legacy=np.zeros(len(security), dtype=np.bool_),
    )
    return pick_lots(lots, alive), cash


def _open_day(day: int) -> int:
    """Last trading day up to this one."""
    while not is_trading_day(from_day_number(day)):
        day -= 1
    return day


def _legacy_lots(rng: np.random.Generator, tape: Tape, value: float) -> LotColumns:
    """Draw one or two old positions that together are worth about `value`, mostly bought before prices begin."""
    names = rng.choice(tape.largest, size=min(1 + int(rng.random() < 0.35), len(tape.largest)), replace=False)
    close = tape.panel.close
    columns: list[tuple[int, int, float, float, int]] = []
    for name in names:
        first = int(np.argmax(np.isfinite(close[:, name])))
        for _ in range(int(rng.integers(1, 4))):
            dollars = value / len(names) / 2
            shares = max(1.0, float(np.floor(dollars / close[-1, name])))
            if rng.random() < 0.7:
                day = _open_day(int(tape.panel.days[first]) - int(rng.integers(200, 6000)))
                price = float(close[first, name]) * float(rng.uniform(0.12, 0.9))
            else:
                row = int(rng.integers(first, first + (len(close) - first) // 3 + 1))
                row += int(np.argmax(np.isfinite(close[row:, name])))
                day, price = int(tape.panel.days[row]), float(close[row, name])
            how = int(rng.choice([PURCHASE, INHERITANCE, GIFT], p=[0.7, 0.15, 0.15]))
            columns.append((int(name), day, shares, round(shares * price, 2), how))
    security, day_of, count, basis, acquisition = zip(*columns, strict=True)
    return LotColumns(
        np.array(security, dtype=np.int32),
        np.array(day_of, dtype=np.int32),
        np.array(count, dtype=np.float64),
        np.array(basis, dtype=np.float64),
        np.array(acquisition, dtype=np.uint8),
        np.ones(len(columns), dtype=np.bool_),
    )


def _reinvested(tape: Tape, lots: LotColumns) -> LotColumns:
    """Small lots from the dividends of the largest positions over the last seven quarters."""
    days, close = tape.panel.days, tape.panel.close
    value = np.bincount(lots.security, weights=lots.shares * tape.last_prices[lots.security])
    held = np.argsort(-value, kind="stable")[:REINVEST_NAMES]
    made: list[tuple[int, int, float, float]] = []
    for security in held[value[held] > 0]:
        own = lots.security == security
        shares, bought = lots.shares[own], lots.day[own]
        for row, per_share in zip(*tape.dividends_of(int(security)), strict=True):
            price = close[row, security]
            if row < len(days) - REINVEST_ROWS or not np.isfinite(price):
                continue
            dollars = round(float(shares[bought < days[row]].sum()) * float(per_share), 2)
            if dollars >= 1.0:
                made.append((int(security), int(days[row]), round(dollars / float(price), 4), dollars))
    kept = [lot for lot in made if lot[2] > 0]
    return LotColumns(
        np.array([lot[0] for lot in kept], dtype=np.int32),
        np.array([lot[1] for lot in kept], dtype=np.int32),
        np.array([lot[2] for lot in kept], dtype=np.float64),
        np.array([lot[3] for lot in kept], dtype=np.float64),
        np.full(len(kept), REINVEST, dtype=np.uint8),
        np.zeros(len(kept), dtype=np.bool_),
    )


def _outside_fund(rng: np.random.Generator, tape: Tape, value: float) -> LotColumns:
    fund = tape.panel.fund(FundRole.OUTSIDE)
    row = int(rng.integers(0, len(tape.panel.days) // 2))
    row += int(np.argmax(np.isfinite(tape.panel.close[row:, fund])))
    shares = max(1.0, float(np.floor(value * OUTSIDE_PART / tape.last_prices[fund])))
    return LotColumns(
        np.array([fund], dtype=np.int32),
        tape.panel.days[row : row + 1],
        np.array([shares]),
        np.array([round(shares * float(tape.panel.close[row, fund]), 2)]),
        np.array([PURCHASE], dtype=np.uint8),
        np.ones(1, dtype=np.bool_),
    )


def fill_account(
    rng: np.random.Generator, tape: Tape, household: HouseholdPlan, plan: AccountPlan
) -> AccountHoldings:
    """Draw the lots and the cash of one account."""
    main = plan is household.accounts[0]
    old = main and plan.kind == "taxable" and household.value >= SMALL and rng.random() < LEGACY_CHANCE
    part = float(rng.uniform(*LEGACY_PART)) if old else 0.0
    schedule, path = _schedule(rng, tape, plan.content, plan.value * (1 - part))
    habits = Habits(
        highest_cost_first=bool(rng.random() < 0.4),
        share_unit=0.001 if household.value < SMALL else 1.0,
        cash=float(rng.uniform(0.003, 0.012)),
        year_start=tape.year_start,
    )
    history = live_through(schedule, habits)
    lots, cash = _settle(history, schedule, path, tape)
    parts = [lots]
    if old:
        parts.append(_legacy_lots(rng, tape, plan.value * part))
    if plan.kind == "taxable" and lots.security.size and rng.random() < REINVEST_CHANCE:
        parts.append(_reinvested(tape, lots))
    if main and household.number % 100 in OUTSIDE_FUND:
        parts.append(_outside_fund(rng, tape, plan.value))
    # Dividends and new money of the last weeks wait in cash; in some accounts a deposit has just arrived.
    cash += plan.value * float(rng.uniform(0.0, 0.012))
    if rng.random() < 0.08:
        cash += plan.value * float(rng.uniform(0.02, 0.08))
    return AccountHoldings(plan, join_lots(parts), round(cash, 2), history.short_gains, history.long_gains)
