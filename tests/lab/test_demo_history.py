"""An account's years conserve cash and shares, whatever the market does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.lab.demo_history import Habits, Schedule, live_through
from lotwise.lab.market_panel import last_known


def _schedule(seed: int, events: int, names: int) -> Schedule:
    rng = np.random.default_rng(seed)
    prices = np.exp(rng.normal(4, 0.5, names) + np.cumsum(rng.normal(0, 0.15, (events, names)), axis=0))
    for name in np.flatnonzero(rng.random(names) < 0.3):  # some are listed late, some die early
        edge = int(rng.integers(1, events)) if events > 1 else 0
        if rng.random() < 0.5:
            prices[edge:, name] = np.nan
        elif edge:
            prices[:edge, name] = np.nan
    targets = rng.random((events, names)) * (rng.random((events, names)) < 0.7)
    return Schedule(
        days=np.arange(events, dtype=np.int32) * 30 + 15_000,
        prices=prices,
        targets=targets,
        deposits=np.where(rng.random(events) < 0.6, rng.uniform(100, 100_000, events), 0.0),
        rebalances=rng.random(events) < 0.3,
        last_prices=last_known(prices),
    )


@given(
    seed=st.integers(0, 2**32),
    events=st.integers(1, 25),
    names=st.integers(1, 12),
    highest=st.booleans(),
    unit=st.sampled_from([1.0, 0.001]),
)
def test_every_dollar_is_cash_or_basis_or_a_realised_loss(
    seed: int, events: int, names: int, highest: bool, unit: float
) -> None:
    schedule = _schedule(seed, events, names)
    history = live_through(schedule, Habits(highest, unit, 0.01, year_start=0))
    basis = float((history.shares * schedule.prices[history.event, history.security]).sum())
    put_in = float(schedule.deposits.sum())
    gains = history.short_gains + history.long_gains
    assert history.cash + basis == pytest.approx(put_in + gains, rel=1e-7, abs=1e-3 * names * events)
    assert (history.shares > 0).all()
    assert history.cash >= -1e-6
    assert np.round(history.shares / unit) == pytest.approx(history.shares / unit, abs=1e-3)
    seen = list(zip(history.event.tolist(), history.security.tolist(), strict=True))
    assert len(set(seen)) == len(seen)


def _one_name(prices: list[float], deposits: list[float]) -> Schedule:
    count = len(prices)
    return Schedule(
        days=np.arange(count, dtype=np.int32) * 100,
        prices=np.array(prices)[:, None] * np.array([[1.0, 1.0]]),
        targets=np.array([[0.9, 0.1]] * (count - 1) + [[0.7, 0.3]]),
        deposits=np.array(deposits),
        rebalances=np.array([False] * (count - 1) + [True]),
        last_prices=np.array([prices[-1]] * 2),
    )


def test_relief_sells_the_dearest_or_the_oldest_lots_first() -> None:
    schedule = _one_name([100.0, 200.0, 50.0, 100.0], [10_000.0, 10_000.0, 10_000.0, 0.0])
    oldest = live_through(schedule, Habits(False, 1.0, 0.0, year_start=0))
    dearest = live_through(schedule, Habits(True, 1.0, 0.0, year_start=0))
    assert oldest.short_gains + oldest.long_gains > dearest.short_gains + dearest.long_gains
    assert oldest.shares[(oldest.security == 0) & (oldest.event == 0)] < 50
    assert 1 in oldest.event[oldest.security == 0]
    assert 1 not in dearest.event[dearest.security == 0]


def test_what_is_delisted_is_sold_at_its_last_price() -> None:
    schedule = Schedule(
        days=np.array([0, 100, 200], dtype=np.int32),
        prices=np.array([[10.0, 10.0], [np.nan, 10.0], [np.nan, 10.0]]),
        targets=np.array([[0.5, 0.5], [0.0, 1.0], [0.0, 1.0]]),
        deposits=np.array([10_000.0, 0.0, 0.0]),
        rebalances=np.array([False, False, False]),
        last_prices=np.array([1.0, 10.0]),
    )
    history = live_through(schedule, Habits(False, 1.0, 0.0, year_start=50))
    assert history.security.tolist() == [1, 1]
    assert history.short_gains == pytest.approx(-500 * 9.0)
    assert history.shares.sum() == pytest.approx(550)


def test_gains_before_the_year_are_not_counted() -> None:
    schedule = _one_name([100.0, 200.0], [10_000.0, 0.0])
    assert live_through(schedule, Habits(False, 1.0, 0.0, year_start=101)).short_gains == 0
    assert live_through(schedule, Habits(False, 1.0, 0.0, year_start=100)).short_gains > 0
