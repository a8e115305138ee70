"""What an account holds besides its model: legacy positions, reinvested dividends, a fund brought along."""

from __future__ import annotations

import numpy as np

from lotwise.dates import from_day_number, is_trading_day
from lotwise.lab.demo_tape import GIFT, INHERITANCE, PURCHASE, REINVEST, LotColumns, Tape
from lotwise.lab.market_panel import FundRole

__all__ = ["legacy_lots", "outside_fund", "reinvested"]

# Names per account whose dividends are reinvested, and how far back single lots are kept (trading days).
REINVEST_NAMES = 25
REINVEST_ROWS = 440
# Part of the account that the fund from outside takes.
OUTSIDE_PART = 0.03


def _open_day(day: int) -> int:
    """Last trading day up to this one."""
    while not is_trading_day(from_day_number(day)):
        day -= 1
    return day


def legacy_lots(rng: np.random.Generator, tape: Tape, value: float) -> LotColumns:
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


def reinvested(tape: Tape, lots: LotColumns) -> LotColumns:
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


def outside_fund(rng: np.random.Generator, tape: Tape, value: float) -> LotColumns:
    """One lot of a fund that is in no model, for a small part of `value`."""
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
