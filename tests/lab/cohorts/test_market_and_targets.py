"""What a day of the market brings, what is known of it afterwards, and what targets make of that."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lotwise.lab.cohorts.market import GONE_ROWS, MarketSoFar, MarketTape
from lotwise.lab.cohorts.targets import ActiveList, CapIndex
from lotwise.lab.simulated_market import trading_days
from lotwise.money import DOLLAR
from tests.lab.cohorts.small_market import BIRTH_ROW, DEATH_ROW, GAP, LAST, SPLIT_ROW, STOCKS, small_panel


def so_far(row: int) -> MarketSoFar:
    panel = small_panel()
    tape, market = MarketTape(panel), MarketSoFar(panel.universe, len(panel.days))
    for each in range(row + 1):
        market.add(tape.at(each))
    return market


def test_prices_are_as_they_were_before_later_splits() -> None:
    panel = small_panel()
    before, after = so_far(SPLIT_ROW - 1), so_far(SPLIT_ROW)
    # Three for one on that day, in closes on the share basis of the last day.
    assert before.price[1] == pytest.approx(3 * panel.close[SPLIT_ROW - 1, 1] * DOLLAR, abs=1)
    assert after.price[1] == pytest.approx(panel.close[SPLIT_ROW, 1] * DOLLAR, abs=1)
    assert before.price[2] == pytest.approx(0.25 * panel.close[SPLIT_ROW - 1, 2] * DOLLAR, abs=1)
    assert MarketTape(panel).at(SPLIT_ROW).splits == ((1, 3, 1),)
    assert MarketTape(panel).at(SPLIT_ROW + 20).splits == ((2, 1, 4),)


def test_what_has_no_close_keeps_its_price_until_it_is_gone() -> None:
    last = so_far(DEATH_ROW - 1).price[3]
    for waited in range(1, GONE_ROWS + 1):
        market = so_far(DEATH_ROW - 1 + waited)
        assert market.price[3] == last
        assert not market.quoted[3]
        assert market.waited[3] == waited
    assert so_far(DEATH_ROW + GONE_ROWS).price[3] == 0


def test_a_gap_of_a_few_days_is_no_end() -> None:
    within, behind = so_far(GAP[0] + 1), so_far(GAP[1])
    assert within.price[5] > 0
    assert not within.quoted[5]
    assert behind.quoted[5]


def test_the_yield_is_of_the_last_year() -> None:
    assert so_far(79).dividend_yield.sum() == 0
    assert so_far(100).dividend_yield[0] == pytest.approx(0.004, rel=1e-3)
    assert so_far(LAST).dividend_yield[0] == pytest.approx(0.012, rel=1e-3)
    assert so_far(100).dividend_yield[4] == 0  # it went ex before it was there


def test_the_spread_is_by_todays_size() -> None:
    market = so_far(100)
    caps = np.nan_to_num(market.caps_on(100))
    assert market.spread[np.argmax(caps)] == 2e5
    order = np.argsort(-caps)
    assert np.all(np.diff(market.spread[order]) >= 0)
    assert market.spread.max() <= 10e5


def test_an_index_is_drawn_up_each_quarter_and_weighs_by_value() -> None:
    market, index = so_far(LAST), CapIndex(5, cash=0.02)
    weights = index.on(market)
    quarter = market.first_row_of(3)
    caps = np.where(market.members_on(quarter), np.nan_to_num(market.caps_on(quarter)), 0)
    assert set(weights.security.tolist()) == set(np.argsort(-caps, kind="stable")[:5].tolist())
    today = market.caps_on(LAST)[weights.security]
    assert weights.weight == pytest.approx(0.98 * today / today.sum())
    assert weights.weight.sum() + weights.cash == pytest.approx(1.0)


def test_what_is_gone_leaves_at_once_and_what_is_new_waits_for_the_quarter() -> None:
    index = CapIndex(STOCKS)
    assert 3 in index.on(so_far(DEATH_ROW - 1)).security
    assert 3 not in index.on(so_far(DEATH_ROW + GONE_ROWS)).security
    born = so_far(BIRTH_ROW)
    if born.first_row_of(3) < BIRTH_ROW:
        assert 4 not in index.on(born).security
    assert 4 in index.on(so_far(LAST)).security


def test_a_list_exchanges_so_many_names_a_quarter_by_chance() -> None:
    market = so_far(LAST)
    months = market.days.astype("datetime64[D]").astype("datetime64[M]").astype(int) // 3
    starts = np.flatnonzero(np.diff(months, prepend=-1))
    lists = [set(ActiveList(6, 2, 12, seed=4).on(so_far(int(row))).security.tolist()) for row in starts]
    assert all(len(each) == 6 for each in lists)
    assert all(len(a - b) == 2 for a, b in pairwise(lists))
    other = set(ActiveList(6, 2, 12, seed=5).on(market).security.tolist())
    assert other != lists[-1]
    assert ActiveList(6, 2, 12, seed=4).names_until(market, LAST).tolist() == sorted(set().union(*lists))


def test_a_list_has_equal_weights_when_it_is_drawn_up_and_moves_with_returns() -> None:
    target, market = ActiveList(6, 2, 12, seed=4), so_far(LAST)
    first = target.on(so_far(market.first_row_of(3)))
    assert first.weight == pytest.approx(np.full(6, 0.995 / 6))
    later = target.on(market)
    grown = market.adjusted[-1, later.security] / market.adjusted[market.first_row_of(3), later.security]
    assert later.weight == pytest.approx(0.995 * grown / grown.sum())


def test_the_days_are_trading_days() -> None:
    market = so_far(30)
    assert market.days.tolist() == trading_days(*(np.array(market.days[[0, -1]], "datetime64[D]").tolist())).tolist()
