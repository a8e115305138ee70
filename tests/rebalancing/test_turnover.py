"""A cap on turnover, kept by the price of trading; and days between trades, in which only what must be is traded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import NO_DATE
from lotwise.money import DOLLAR
from lotwise.rebalancing.book import Book, RequestKind, Requests, no_limits
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.explain import explain_household
from lotwise.rebalancing.limits import Limit
from lotwise.rebalancing.mandates import with_mandates
from lotwise.rebalancing.netting import Netted, rebalance_netted, with_rates, with_steering
from lotwise.rebalancing.proposal import Cause, Side, Status
from lotwise.rebalancing.rebalance import rebalance
from lotwise.securities.market import Market
from tests.rebalancing.random_book import random_book
from tests.rebalancing.tenth_of_a import one
from tests.rebalancing.test_as_one_portfolio import crowd
from tests.rebalancing.written_book import AS_OF, Name, WrittenBook, at_most, lot, rest, taxable


def night(written: WrittenBook | tuple[Book, Market], **limits: float) -> Netted:
    """The night of a household with limits."""
    book, market = written.columns() if isinstance(written, WrittenBook) else written
    table = no_limits(1)
    for name, value in limits.items():
        table[name] = value
    book = book._replace(limits=table)
    netted = rebalance_netted(book, market)
    assert len(verify(with_rates(book, netted.steering), market, netted.proposals).violations.rule) == 0
    return netted


def turnover(netted: Netted) -> float:
    """Half of what is bought and sold, dollars."""
    return float(netted.proposals.trades.value.sum() / DOLLAR / 2)


def sold(netted: Netted, written: WrittenBook, symbol: str) -> float:
    trades = netted.proposals.trades
    chosen = (trades.security == written.position(symbol)) & (trades.side == Side.SELL)
    return float(trades.value[chosen].sum() / DOLLAR)


def two_overweights(**steering: float | bool) -> WrittenBook:
    """A and B at 30% of 100,000 without a gain, 10% of each wanted; what A risks is four times what B does.

    A dollar of A over its target costs 2 x 50 x 0.04 x (30% - 10%) = 80 cents a year at the outset, one of B 20 cents.
    """
    names = {"A": Name(variance=0.04), "B": Name(variance=0.01)}
    held = (lot("A", 30_000), lot("B", 30_000), rest(40_000))
    written = WrittenBook(names, {"A": 0.1, "B": 0.1, "REST": 0.8}, (taxable(*held),))
    return written.steered(**steering)


def test_a_cap_on_turnover_sells_first_what_is_worth_most() -> None:
    """At a charge c a dollar (bought and sold: 2c) A is held at 10% + 2c / 4, B at 10% + 2c / 1.

    A cap of 10% of value: (20% - c / 2) + (20% - 2c) = 10% gives c = 12%, but B would then be above what it is: it
    keeps its 30% from c = 10% on. So A alone is sold, by 10,000, and its charge is 4 x (20% - 10%) / 2 = 20 cents.
    """
    written = two_overweights()
    free = night(written)
    assert (sold(free, written, "A"), sold(free, written, "B")) == pytest.approx((20_000, 20_000), abs=1.0)
    netted = night(written, turnover=0.10)
    assert sold(netted, written, "B") == 0
    assert sold(netted, written, "A") == pytest.approx(10_000, rel=0.03)
    assert netted.kept.trading[0] == pytest.approx(0.20, rel=0.03)
    assert turnover(netted) <= 10_000
    assert not netted.kept.beyond.any()


def test_a_wider_cap_reaches_what_is_worth_less() -> None:
    """A cap of 25%: (20% - c / 2) + (20% - 2c) = 25% gives c = 6%: A is sold by 17%, B by 8%."""
    written = two_overweights()
    netted = night(written, turnover=0.25)
    assert sold(netted, written, "A") == pytest.approx(17_000, rel=0.03)
    assert sold(netted, written, "B") == pytest.approx(8_000, rel=0.06)
    assert netted.kept.trading[0] == pytest.approx(0.06, rel=0.1)
    assert turnover(netted) <= 25_000


def test_a_cap_that_does_not_bind_changes_nothing() -> None:
    written = two_overweights()
    free, capped = night(written), night(written, turnover=0.41)
    assert capped.kept.trading.tolist() == [0.0]
    assert capped.proposals.trades.shares.tolist() == free.proposals.trades.shares.tolist()


def test_a_cap_of_nothing_holds() -> None:
    netted = night(two_overweights(), turnover=0.0)
    assert Status(int(netted.proposals.outcomes.status[0])) is Status.HOLD
    assert not netted.kept.beyond.any()


def test_the_charge_is_in_no_score() -> None:
    """A from 30% to 20%: 50 x 0.04 x (0.2^2 - 0.1^2) = 6% of value; the charge would take 4% of it."""
    netted = night(two_overweights(), turnover=0.10)
    assert float(netted.proposals.outcomes.score[0]) == pytest.approx(0.06, rel=0.03)


def test_what_is_proposed_is_the_best_at_its_turnover() -> None:
    """No trades of as little turnover are better than the bound says, which a search over both sells confirms."""
    netted = night(two_overweights(), turnover=0.25)
    results, reached = netted.proposals.accounts, turnover(netted) / 100_000
    best = min(
        50 * (0.04 * (0.2 - a) ** 2 + 0.01 * (0.2 - b) ** 2)
        for a in np.linspace(0, 0.2, 401)
        for b in (min(max(reached - a, 0.0), 0.2),)
    )
    assert float(results.lower_bound[0]) <= best + 1e-9
    assert float(results.objective[0]) == pytest.approx(best, abs=1e-5)


def test_cash_that_must_be_raised_comes_before_the_cap_and_is_named() -> None:
    written = one(lot("A", 100_000), cash_target=0.3)
    netted = night(written, turnover=0.10)
    assert sold(netted, written, "A") == pytest.approx(30_000, rel=1e-3)
    assert netted.kept.beyond.tolist() == [True]


def test_a_restriction_comes_before_the_cap() -> None:
    written = replace(two_overweights(), rules=(at_most(0.05, "B"),))
    netted = night(written, turnover=0.10)
    assert sold(netted, written, "B") == pytest.approx(25_000, rel=1e-3)
    assert sold(netted, written, "A") == 0
    assert netted.kept.beyond.tolist() == [True]


def test_a_cap_on_tracking_gives_way_to_the_cap_on_turnover() -> None:
    netted = night(two_overweights(), turnover=0.10, tracking=0.001)
    assert turnover(netted) <= 10_000
    assert netted.kept.missed.tolist() == [Limit.TRACKING]
    assert not netted.kept.beyond.any()


def test_whole_shares_keep_the_cap_too() -> None:
    netted = night(two_overweights(whole_shares=True, minimum_trade=250.0), turnover=0.101)
    assert 0.9 * 10_100 <= turnover(netted) <= 10_100


def test_a_plain_solve_at_what_was_found_gives_the_same_trades_and_explain_tells_the_price() -> None:
    book, market = two_overweights().columns()
    netted = night((book, market), turnover=0.10)
    steered = with_steering(book, netted.steering)
    assert rebalance(steered, market).trades.shares.tolist() == netted.proposals.trades.shares.tolist()
    story = explain_household(steered, market, 0)
    assert story.trading_price == netted.kept.trading[0] > 0
    score = story.accounts[0].score
    assert score is not None
    assert score.total == pytest.approx(float(netted.proposals.outcomes.score[0]), abs=1e-9)


@given(st.integers(0, 10_000), st.floats(0.0, 0.9))
def test_the_cap_holds_for_households_as_one_portfolio(seed: int, part: float) -> None:
    written = crowd(seed).steered(worth_it=-1.0)
    free = turnover(night(written))
    value = sum(written.value_of(account) for account in range(len(written.accounts)))
    netted = night(written, turnover=part * free / value)
    assert turnover(netted) <= part * free + 0.01 or netted.kept.beyond[0]


@given(st.integers(0, 10_000))
def test_whatever_the_cap_every_proposal_passes_the_exact_checks(seed: int) -> None:
    book, market = random_book(seed)
    random = np.random.default_rng(seed)
    table = no_limits(book.policies.worth_it.size)
    for name, low, high in (("turnover", 0.0, 0.3), ("tax", 0.0, 5_000.0), ("tracking", 0.001, 0.3)):
        drawn = random.uniform(low, high, table.size)
        table[name] = np.where(random.random(table.size) < 0.6, drawn, np.inf)
    book = book._replace(limits=table)
    netted = rebalance_netted(book, market)
    assert len(verify(with_rates(book, netted.steering), market, netted.proposals).violations.rule) == 0
    households, traded = book.households, netted.proposals.trades
    cap = table["turnover"][households.policy]
    for row in np.flatnonzero(np.isfinite(cap) & ~netted.kept.beyond).tolist():
        worth = netted.proposals.outcomes.value[row]
        assert traded.value[traded.household == row].sum() <= 2 * cap[row] * max(worth, 0) + 10_000


# days between trades


def lately(written: WrittenBook, days_ago: int, days_between: float) -> tuple[Book, Market]:
    """A household that traded so many days ago."""
    book, market = written.steered(days_between=days_between).columns()
    last = np.array([AS_OF - days_ago], np.int32)
    return book._replace(households=book.households._replace(last_trade=last)), market


@pytest.mark.parametrize(("days_ago", "rests"), [(0, True), (6, True), (7, False), (30, False)])
def test_a_household_rests_for_so_many_days_after_a_trade(days_ago: int, rests: bool) -> None:
    outcomes = rebalance(*lately(two_overweights(), days_ago, 7)).outcomes
    assert (Cause(int(outcomes.cause[0])) is Cause.TRADED_LATELY) == rests
    assert (Status(int(outcomes.status[0])) is Status.HOLD) == rests


def test_what_it_would_gain_is_told() -> None:
    """50 x (0.04 + 0.01) x 0.2^2 = 10% of value."""
    outcomes = rebalance(*lately(two_overweights(), 3, 7)).outcomes
    assert float(outcomes.figure[0]) == pytest.approx(1_000.0)


def test_a_household_whose_last_trade_nobody_knows_does_not_rest() -> None:
    book, market = lately(two_overweights(), 0, 7)
    book = book._replace(households=book.households._replace(last_trade=np.array([NO_DATE], np.int32)))
    assert rebalance(book, market).outcomes.trades[0] > 0


def test_what_is_not_worth_it_is_not_said_to_rest() -> None:
    at_target = one(lot("A", 10_000), rest(90_000), worth_it=1e-4)
    assert Cause(int(rebalance(*lately(at_target, 1, 7)).outcomes.cause[0])) is Cause.NOT_WORTH_IT


@pytest.mark.parametrize(("cash", "cause"), [(0.0, Cause.CASH), (12_000.0, Cause.TRADED_LATELY)])
def test_cash_below_its_band_ends_the_rest_and_cash_above_it_does_not(cash: float, cause: Cause) -> None:
    held = taxable(lot("A", 30_000), rest(70_000 - cash), cash=cash)
    written = WrittenBook({"A": Name()}, {"A": 0.1, "REST": 0.9}, (held,)).steered(cash_target=0.05, cash_band=0.01)
    assert Cause(int(rebalance(*lately(written, 1, 7)).outcomes.cause[0])) is cause


def test_a_breached_restriction_ends_the_rest() -> None:
    written = replace(two_overweights(), rules=(at_most(0.2, "A"),))
    assert Cause(int(rebalance(*lately(written, 1, 7)).outcomes.cause[0])) is Cause.RESTRICTION


def asking(book: Book, market: Market, kind: RequestKind, by: int) -> Book:
    requests = Requests(
        np.array([0, 1]),
        np.array([-1], np.int32),
        np.array([kind], np.uint8),
        np.array([5_000 * DOLLAR]),
        np.zeros(1, np.uint8),
        np.array([by], np.int32),
        np.array([NO_DATE], np.int32),
    )
    return with_mandates(book._replace(requests=requests), market)


@pytest.mark.parametrize("kind", [RequestKind.RAISE_CASH, RequestKind.HARVEST, RequestKind.INVEST_CASH])
@pytest.mark.parametrize(("by", "trades"), [(AS_OF, True), (AS_OF + 60, False)])
def test_a_request_that_acts_ends_the_rest(kind: RequestKind, by: int, trades: bool) -> None:
    book, market = lately(two_overweights(), 1, 7)
    assert (rebalance(asking(book, market, kind, by), market).outcomes.trades[0] > 0) == trades


def test_the_explanation_knows_that_it_rests() -> None:
    book, market = lately(two_overweights(), 3, 7)
    story = explain_household(book, market, 0)
    assert (story.last_trade, story.days_between) == (AS_OF - 3, 7.0)
    assert (story.accounts[0].proposed, story.accounts[0].waits) == (False, True)
