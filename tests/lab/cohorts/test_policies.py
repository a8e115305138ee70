"""Policies: the days on which they look, what they say of themselves, and what no policy can be."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from lotwise.dates import is_trading_day
from lotwise.errors import ProfileError
from lotwise.lab.cohorts.market import MarketSoFar, MarketTape
from lotwise.lab.cohorts.policies import Looks, Policy, engine, ordinary
from lotwise.lab.cohorts.rebuying import rebought
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.replay import LiveSettings, live
from lotwise.ledger.events import EVENT, EventKind
from lotwise.ledger.fold import empty_state
from lotwise.savings.shadow_rule import Schedule
from tests.lab.cohorts.small_market import small_cohort, small_panel, small_risk

YEAR = [date(2024, 1, 1) + timedelta(days=each) for each in range(366)]
TRADING = [day for day in YEAR if is_trading_day(day)]


@pytest.mark.parametrize(
    ("looks", "month", "days"),
    [
        (Looks.DAILY, 12, len(TRADING)),
        (Looks.WEEKLY, 12, 52),  # the week of 31 December ends in the next year
        (Looks.MONTHLY, 12, 12),
        (Looks.QUARTERLY, 12, 4),
        (Looks.YEARLY, 3, 1),
    ],
)
def test_the_engine_looks_on_the_last_trading_day_of_its_periods(looks: Looks, month: int, days: int) -> None:
    policy = engine("one", looks, month=month)
    due = [day for day in TRADING if policy.is_due(day)]
    assert len(due) == days
    if looks is Looks.YEARLY:
        assert due == [date(2024, 3, 28)]  # the 29th was Good Friday
    if looks is Looks.WEEKLY:
        assert {date(2024, 3, 28), date(2024, 12, 27)} < set(due)
        assert date(2024, 12, 31) not in due


def test_a_rule_has_its_own_dates() -> None:
    assert [day for day in TRADING if ordinary("one", Schedule.YEARLY, 6).is_due(day)] == [date(2024, 6, 28)]


def test_they_say_what_they_are() -> None:
    assert "looks monthly and whenever cash moves" in engine("one", Looks.MONTHLY).in_words()
    said = engine("one", keys='harvest = "any"', reinvests=True).in_words()
    assert "looks daily; profile: harvest = any; dividends are reinvested" in said
    assert "once a year, on the last trading day of May" in ordinary("one", month=5).in_words()


def test_wrong_keys_are_named_with_their_line() -> None:
    with pytest.raises(ProfileError, match=r"policy one:2 \[risk_prize_bps\].*did you mean risk_price_bps"):
        engine("one", keys="risk_prize_bps = 50")
    with pytest.raises(ValueError, match="either a rule or a profile"):
        Policy("neither")
    with pytest.raises(ValueError, match="month must be 1 to 12, was 13"):
        engine("one", month=13)


def test_an_engine_that_looks_monthly_trades_then_and_when_cash_moves() -> None:
    policies = (
        engine("waits", Looks.MONTHLY, "fractional_shares = true\nminimum_trade = 0", acts_on_flows=False),
        engine("acts", Looks.MONTHLY, "fractional_shares = true\nminimum_trade = 0"),
    )
    lived = live(small_cohort(policies), small_panel(), small_risk(), LiveSettings(keeps_lines=True))
    assert lived.trades is not None
    orders = lived.trades[np.isin(lived.trades["kind"], (EventKind.BUY, EventKind.SELL))]
    cash = (EventKind.DEPOSIT, EventKind.WITHDRAWAL, EventKind.CASH_MERGER)
    flows = lived.trades[np.isin(lived.trades["kind"], cash)]
    for account in (0, 1):
        days = set(orders["day"][orders["account"] == account].tolist())
        moved = set(flows["day"][flows["account"] == account].tolist())
        ends = {day for day in days if policies[0].is_due(date(1970, 1, 1) + timedelta(days=day))}
        opening = {min(moved)}
        assert days - ends - moved == set() if account else days - ends == opening
        assert ends
    acted = set(orders["day"][orders["account"] == 1].tolist())
    assert acted & (set(flows["day"][flows["account"] == 1].tolist()) - {int(flows["day"].min())})


def rebuying_life() -> Lived:
    policies = tuple(
        engine(name, Looks.MONTHLY, 'fractional_shares = true\nminimum_trade = 0\nharvest = "none"', rebuys=again)
        for name, again in (("keeps", False), ("rebuys", True))
    )
    return live(small_cohort(policies), small_panel(1, 0.03), small_risk(), LiveSettings(keeps_lines=True))


def test_without_wash_sales_losses_are_realised_and_nothing_is_disallowed() -> None:
    lived = rebuying_life()
    assert lived.realized is not None
    mine = lived.realized[lived.realized["account"] == 1]
    assert not mine["disallowed"].any()
    kept, again = lived.gains[:, :, :2].sum(axis=(0, 2))
    assert again < kept
    assert again < 0


def test_what_is_bought_back_is_what_was_sold() -> None:
    panel = small_panel()
    tape, market = MarketTape(panel), MarketSoFar(panel.universe, len(panel.days))
    lived = live(small_cohort(), panel, small_risk(), LiveSettings(last=140))
    for row in range(141):
        market.add(tape.at(row))
    state = empty_state()._replace(lots=lived.lots)
    everyone = np.ones(lived.cash.size, np.bool_)
    events = rebought(state, market, everyone, np.zeros(0, EVENT))
    assert events.size
    sold, bought = (events[events["kind"] == kind] for kind in (EventKind.SELL, EventKind.BUY))
    for name in ("shares", "amount"):
        assert sold[name].sum() == bought[name].sum()
    price = market.price[lived.lots["security"]]
    below = lived.lots["shares"] / 1e6 * price < lived.lots["basis"] - 1
    assert sold.size == int((below & market.quoted[lived.lots["security"]]).sum())
    assert not rebought(state, market, everyone, events).size  # what trades today is left alone
