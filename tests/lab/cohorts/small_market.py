"""A small market of twelve stocks with splits, dividends, a death, a newcomer and a gap in prices, and its clients."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.policies import Looks, Policy, engine, ordinary
from lotwise.lab.cohorts.risk import RiskThen
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.market_panel import CashDividends, Lookthrough, MarketPanel, Splits, Universe
from lotwise.lab.simulated_market import trading_days
from lotwise.savings.shadow_rule import Order, Schedule

STOCKS = 12
BEGIN = 70
DAYS = trading_days(date(2023, 9, 1), date(2024, 8, 30))
LAST = len(DAYS) - 1
SPLIT_ROW, DEATH_ROW, BIRTH_ROW, GAP = 110, 150, 95, (130, 133)
FRACTIONS = 'fractional_shares = true\nminimum_trade = 0\nworth_it_bps = 0.1\nharvest = "any"'


def small_panel(seed: int = 0, volatility: float = 0.02) -> MarketPanel:
    """Closes on the share basis of the last day, as every panel has them."""
    draw = np.random.default_rng([seed, 5])
    rows = len(DAYS)
    common = draw.normal(0.0002, volatility / 2, rows)
    moves = common[:, None] + draw.normal(0.0, volatility, (rows, STOCKS))
    total = np.exp(np.cumsum(moves, axis=0)) * draw.uniform(20, 200, STOCKS)
    paid_row = np.repeat([80, 120, 190], STOCKS).astype(np.int32)
    paid = np.tile(np.arange(STOCKS), 3).astype(np.int32)
    close = total.copy()
    close[DEATH_ROW:, 3] = np.nan
    close[:BIRTH_ROW, 4] = np.nan
    close[GAP[0] : GAP[1], 5] = np.nan
    close = np.round(close, 4)
    there = np.isfinite(close[paid_row, paid])
    per_share = np.round(close[paid_row, paid] * 0.004, 4)
    member = np.isfinite(close)
    blank = ("",) * STOCKS
    return MarketPanel(
        "simulated",
        Universe(
            tuple(f"S{each:02d}" for each in range(STOCKS)),
            blank,
            ("stock",) * STOCKS,
            ("US equity",) * STOCKS,
            ("Energy", "Health") * (STOCKS // 2),
            blank,
            blank,
            blank,
            np.full(STOCKS, 4.0),
        ),
        DAYS,
        close,
        close.copy(),
        close * 1e8,
        member,
        CashDividends(paid_row[there], paid[there], per_share[there]),
        Splits(np.array([SPLIT_ROW, SPLIT_ROW + 20], np.int32), np.array([1, 2], np.int32), np.array([3.0, 0.25])),
        Lookthrough(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0)),
    )


def other_future(panel: MarketPanel, row: int, seed: int = 9) -> MarketPanel:
    """The same market up to a row; after it other prices, values, members and dividends."""
    draw = np.random.default_rng(seed)

    def shuffled(table: np.ndarray) -> np.ndarray:
        later = table[row + 1 :][draw.permutation(len(table) - row - 1)]
        return np.vstack([table[: row + 1], later[:, draw.permutation(table.shape[1])]])

    paid = panel.dividends
    later = paid.row > row
    return replace(
        panel,
        close=shuffled(panel.close),
        adjusted=shuffled(panel.adjusted),
        caps=shuffled(panel.caps),
        member=shuffled(panel.member),
        dividends=paid._replace(per_share=np.where(later, paid.per_share * 7, paid.per_share)),
    )


POLICIES: tuple[Policy, ...] = (
    engine("daily", keys=FRACTIONS),
    engine("monthly", Looks.MONTHLY, "fractional_shares = true\nminimum_trade = 0", reinvests=True),
    ordinary("quarterly", Schedule.QUARTERLY),
    ordinary("yearly", Schedule.YEARLY, 12, relief=Order.HIFO, band=0.1, reinvests=True),
)
TARGET = CapIndex(10, cash=0.01)


def small_cohort(policies: tuple[Policy, ...] = POLICIES, **keys: object) -> Cohort:
    """A client of each policy; the second half begins later. Each brings in money once, and takes some out."""
    clients = [
        Client(
            BEGIN + 15 * (number % 2),
            50_000.0 * (1 + number),
            policy=number,
            outside_short=2_000.0,
            fee=0.01,
            flows=((100, 4_000.0), (160, -6_000.5)),
            **keys,  # type: ignore[arg-type]
        )
        for number in range(len(policies))
    ]
    return cohort_of(policies, (replace(TARGET, _drawn={}),), clients)


def small_risk() -> RiskThen:
    return RiskThen(months=1)
