"""A pair of funds is swapped at a loss and back, by the engine or by its rule, and never within a window."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.lab.cohorts.clients import Client, cohort_of
from lotwise.lab.cohorts.market import MarketSoFar, MarketTape
from lotwise.lab.cohorts.policies import Looks, Policy, engine, swapping
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.replay import LiveSettings, live
from lotwise.lab.cohorts.risk import RiskThen
from lotwise.lab.cohorts.targets import FundPair, OneFund, Target
from lotwise.lab.market_panel import FundRole, MarketPanel
from lotwise.ledger.events import EventKind
from tests.lab.cohorts.small_market import BEGIN, DAYS, STOCKS, small_panel

BROAD, TOTAL = STOCKS, STOCKS + 1
KEYS = "fractional_shares = true\nminimum_trade = 0\nrisk_price_bps = 1\nharvest = 0.97"


def with_funds(falls: dict[int, float]) -> MarketPanel:
    """The small market and two funds of the same moves, which fall on some rows and hardly move on others."""
    panel, draw = small_panel(), np.random.default_rng(4)
    moves = np.zeros(len(DAYS))
    for row, fall in falls.items():
        moves[row] = fall
    noise = draw.normal(0, 0.0004, (len(DAYS), 2)) + draw.normal(0, 0.0004, (len(DAYS), 1))
    close = np.round(100 * np.exp(np.cumsum(np.log1p(moves)[:, None] + noise, axis=0)), 4)
    universe, beside = panel.universe, np.full(close.shape, np.nan)
    return replace(
        panel,
        close=np.hstack([panel.close, close]),
        adjusted=np.hstack([panel.adjusted, close]),
        caps=np.hstack([panel.caps, beside]),
        member=np.hstack([panel.member, np.zeros(close.shape, np.bool_)]),
        universe=replace(
            universe,
            symbols=(*universe.symbols, "BRD", "TOT"),
            names=(*universe.names, "", ""),
            kinds=(*universe.kinds, "etf", "etf"),
            asset_classes=(*universe.asset_classes, "US equity", "US equity"),
            sectors=(*universe.sectors, "", ""),
            industries=(*universe.industries, "", ""),
            roles=(*universe.roles, FundRole.BROAD.value, FundRole.TOTAL.value),
            identical_groups=(*universe.identical_groups, "", ""),
            spread_bps=np.append(universe.spread_bps, [0.5, 0.5]),
        ),
    )


def by_engine(looks: Looks = Looks.DAILY) -> Policy:
    return engine("pair", looks, KEYS)


def by_rule(looks: Looks = Looks.DAILY) -> Policy:
    return swapping("pair", 0.97, looks)


def lived_with(target: Target, falls: dict[int, float], policy: Policy, saves: float = 0.0) -> Lived:
    flows = tuple((row, saves) for row in range(BEGIN + 10, len(DAYS), 10)) if saves else ()
    client = Client(BEGIN, 100_000.0, outside_short=50_000.0, flows=flows)
    cohort = cohort_of((policy,), (target,), [client])
    return live(cohort, with_funds(falls), RiskThen(months=3), LiveSettings(keeps_lines=True))


# A fall; another one within the window of the first; a third one after the second swap.
FALLS = {100: -0.05, 110: -0.05, 180: -0.06}


@pytest.mark.parametrize("policy", [by_engine(), by_rule()], ids=["engine", "rule"])
def test_it_is_swapped_back_when_the_window_has_closed(policy: Policy) -> None:
    lived = lived_with(FundPair(), FALLS, policy)
    assert lived.realized is not None
    assert lived.trades is not None
    large = lived.trades[lived.trades["amount"] > 20_000 * 10_000]
    sold = large[large["kind"] == EventKind.SELL]
    days = [int(np.flatnonzero(day == DAYS)[0]) for day in sold["day"]]
    assert sold["security"].tolist() == [BROAD, TOTAL, BROAD]
    # The second fall is there to be taken from row 110 on, but the fund that was sold may not come back yet.
    assert days[0] == 100
    assert DAYS[days[1] - 1] - DAYS[100] <= 30 < DAYS[days[1]] - DAYS[100]
    assert days[2] == 180
    assert not lived.realized["disallowed"].any()
    assert lived.realized["proceeds"].sum() < 0.97 * lived.realized["basis"].sum()
    # What is held is one of the two, nearly whole, on every day.
    assert lived.daily["cash"][1:].max() < 0.02 * 100_000


def test_one_fund_that_has_no_other_keeps_its_loss() -> None:
    lived = lived_with(OneFund(), FALLS, by_engine())
    assert lived.realized is not None
    assert lived.realized["proceeds"].sum() < 0.02 * 100_000 * 10_000  # beyond the cash band nothing can be sold
    with pytest.raises(ValueError, match="must have a target of a pair of funds, which names the second"):
        lived_with(OneFund(), FALLS, by_rule())


@pytest.mark.parametrize("policy", [by_engine(), by_rule()], ids=["engine", "rule"])
def test_a_fall_that_is_too_shallow_is_left_alone(policy: Policy) -> None:
    lived = lived_with(FundPair(), {100: -0.02}, policy)
    assert lived.realized is not None
    assert not (lived.realized["proceeds"] > 1_000 * 10_000).any()


@pytest.mark.parametrize("looks", [Looks.WEEKLY, Looks.MONTHLY])
def test_who_looks_less_often_swaps_later(looks: Looks) -> None:
    policies = (by_rule(looks), by_rule())
    lived, daily = (lived_with(FundPair(), {97: -0.05}, each) for each in policies)  # a Tuesday
    first = [each.realized["sold"].min() for each in (lived, daily) if each.realized is not None]
    assert first[0] > first[1]


def test_the_second_fund_stands_for_the_first() -> None:
    panel = with_funds({})
    tape, market = MarketTape(panel), MarketSoFar(panel.universe, len(DAYS))
    for row in range(3):
        market.add(tape.at(row))
    weights = FundPair(cash=0.01).on(market)
    assert weights.security.tolist() == [BROAD]
    assert weights.weight.tolist() == [0.99]
    assert weights.stand_ins == ((BROAD, TOTAL),)
    assert FundPair().names_until(market, 2).tolist() == [BROAD, TOTAL]
    assert all(later > earlier for earlier, later in pairwise(FundPair().names_until(market, 2).tolist()))


def test_whoever_saves_every_fortnight_needs_a_rule_that_sells_new_lots_too() -> None:
    """A purchase within 30 days bars every loss of a fund to the engine; the rule sells what was bought with it."""
    ruled, engined = (lived_with(FundPair(), FALLS, policy, saves=2_000.0) for policy in (by_rule(), by_engine()))
    for lived in (ruled, engined):
        assert lived.realized is not None
        assert not lived.realized["disallowed"].any()
    losses = [-int(lived.gains[:, 0, :2].sum()) for lived in (ruled, engined)]
    assert losses[0] > 1.5 * losses[1]


@settings(max_examples=12, deadline=None)
@given(
    falls=st.dictionaries(st.integers(BEGIN + 1, len(DAYS) - 1), st.floats(-0.12, 0.10), max_size=14),
    saves=st.sampled_from([0.0, 500.0, 9_000.0]),
    depth=st.sampled_from([0.9, 0.97, 1.0]),
)
def test_nothing_is_washed_and_nothing_is_lost_whatever_prices_do(
    falls: dict[int, float], saves: float, depth: float
) -> None:
    lived = lived_with(FundPair(), falls, swapping("pair", depth), saves)
    assert lived.realized is not None
    assert lived.trades is not None
    # What is bought of a fund within 30 days is sold on the same day, so what it took over is not lost.
    assert lived.gains[:, 0, 2].sum() == lived.realized["disallowed"].sum()
    kept = lived.lots["basis"].sum() - lived.lots["original_basis"].sum()
    assert kept == 0
    trades = lived.trades
    came = trades["amount"][trades["kind"] == EventKind.DEPOSIT].sum()
    bought = trades["amount"][trades["kind"] == EventKind.BUY].sum()
    sold = trades["amount"][trades["kind"] == EventKind.SELL].sum()
    assert lived.cash.sum() == came - bought + sold
    assert lived.cash.sum() >= 0
    for fund in (BROAD, TOTAL):
        own = trades[trades["security"] == fund]
        sign = np.where(own["kind"] == EventKind.SELL, -1, 1)
        assert (sign * own["shares"]).sum() == lived.lots["shares"][lived.lots["security"] == fund].sum()
