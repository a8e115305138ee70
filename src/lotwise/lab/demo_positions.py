"""Fills the demo's accounts with lots: years of investing, and what came from before or from elsewhere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.lab.demo_additions import legacy_lots, outside_fund, reinvested
from lotwise.lab.demo_history import Habits, History, Schedule, live_through
from lotwise.lab.demo_households import SMALL, AccountPlan, HouseholdPlan
from lotwise.lab.demo_tape import PURCHASE, LotColumns, ModelPath, Tape, join_lots, pick_lots

__all__ = ["AccountHoldings", "fill_account"]

# How an account is fed: chances, and months between deposits (a year: one deposit at the start, a yearly rebalance).
RHYTHMS = ((0.5, 12), (0.35, 3), (0.15, 1))
# Most trading days by which an account's day trails the first of the month.
LATEST_IN_MONTH = 8
# Legacy positions: chance, and part of the account.
LEGACY_CHANCE = 0.18
LEGACY_PART = (0.06, 0.30)
# Chance that a taxable account reinvests dividends.
REINVEST_CHANCE = 0.2
# Households of every hundred that brought along a fund whose price is no longer delivered.
OUTSIDE_FUND = (8, 58)


class AccountHoldings(NamedTuple):
    """One filled account; realised gains are this calendar year's, in dollars."""

    plan: AccountPlan
    lots: LotColumns
    cash: float
    short_gains: float
    long_gains: float


def _schedule(rng: np.random.Generator, tape: Tape, content: str, value: float) -> tuple[Schedule, ModelPath]:
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


def _settle(history: History, schedule: Schedule, path: ModelPath, tape: Tape) -> tuple[LotColumns, float]:
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


def fill_account(rng: np.random.Generator, tape: Tape, household: HouseholdPlan, plan: AccountPlan) -> AccountHoldings:
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
        parts.append(legacy_lots(rng, tape, plan.value * part))
    if plan.kind == "taxable" and lots.security.size and rng.random() < REINVEST_CHANCE:
        parts.append(reinvested(tape, lots))
    if main and household.number % 100 in OUTSIDE_FUND:
        parts.append(outside_fund(rng, tape, plan.value))
    # Dividends and new money of the last weeks wait in cash; in some accounts a deposit has just arrived.
    cash += plan.value * float(rng.uniform(0.0, 0.012))
    if rng.random() < 0.08:
        cash += plan.value * float(rng.uniform(0.02, 0.08))
    return AccountHoldings(plan, join_lots(parts), round(cash, 2), history.short_gains, history.long_gains)
