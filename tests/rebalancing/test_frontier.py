"""The frontier of a household: on paper, in order, and each point against the night and the law."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.money import DOLLAR, SHARE
from lotwise.optimizer.household.solve import solve_household
from lotwise.rebalancing.book import AccountKind
from lotwise.rebalancing.frontier import Frontier, tax_tracking_frontier
from lotwise.rebalancing.proposal import Cause, Status
from lotwise.rebalancing.rebalance import rebalance
from lotwise.rebalancing.scratch import scratch_for
from tests.rebalancing.checks_firm import tax_owed
from tests.rebalancing.random_book import random_book
from tests.rebalancing.test_as_one_portfolio import crowd, problem_of
from tests.rebalancing.written_book import Name, Steering, WrittenBook, at_most, held_away, ira, lot, rest, taxable

# 40% of A where 20% is wanted, half of it gain: 0.119 of tax per dollar sold at 23.8%, specific variance 0.04.
HEAVY = (lot("A", 40_000, basis=20_000), rest(60_000))
REFERENCE = Steering()


def one_name(steering: Steering = REFERENCE) -> WrittenBook:
    return WrittenBook({"A": Name()}, {"A": 0.2, "REST": 0.8}, (taxable(*HEAVY),), steering)


def frontier_of(written: WrittenBook, points: int = 50, prices: list[float] | None = None) -> Frontier:
    book, market = written.columns()
    return tax_tracking_frontier(book, market, 0, points, prices)


# --- on paper -----------------------------------------------------------------------------------------------------


def test_two_points_of_one_name_are_those_worked_out_on_paper() -> None:
    # gamma x 0.04 x (w - 0.2)^2 + 0.119 (0.4 - w) is least at w = 0.2 + 0.119 / (0.08 gamma)
    found = frontier_of(one_name(), prices=[100.0, 25.0])
    assert found.risk_price.tolist() == [100.0, 50.0, 25.0]
    assert found.chosen == 1
    weights = 0.2 + 0.119 / (0.08 * found.risk_price)
    assert found.tracking == pytest.approx(0.2 * (weights - 0.2), rel=1e-4)
    assert found.sold / DOLLAR == pytest.approx(100_000 * (0.4 - weights), abs=1.0)
    assert found.long_gains / DOLLAR == pytest.approx(50_000 * (0.4 - weights), abs=0.5)
    assert found.tax / DOLLAR == pytest.approx(11_900 * (0.4 - weights), abs=0.2)
    assert found.tax_at_rates.tolist() == pytest.approx(found.tax.tolist(), abs=1)
    assert found.turnover == pytest.approx(0.4 - weights, abs=1e-5)
    assert not found.short_gains.any()


def test_nothing_is_sold_below_the_price_at_which_risk_pays_for_no_tax() -> None:
    # the first dollar saves gamma x 0.08 x 0.2 and costs 0.119: as much at 7.4375
    found = frontier_of(one_name(), prices=[7.5, 7.4])
    assert found.sold[found.risk_price == 7.5] > 0
    assert found.sold[found.risk_price == 7.4] == 0
    assert found.tracking[-1] == pytest.approx(found.tracking_today)
    assert found.tracking_today == pytest.approx(0.04)


def test_prices_chosen_reach_from_nearly_nothing_to_nearly_all() -> None:
    found = frontier_of(one_name())
    assert found.tax.size == 50
    assert found.sold[0] / DOLLAR == pytest.approx(20_000, rel=0.02)
    assert found.sold[-1] / DOLLAR < 200
    assert found.nearest == 0
    assert np.all(np.diff(found.risk_price) < 0)


def test_the_law_parts_from_the_rates_where_losses_are_more_than_the_year_can_use() -> None:
    losing = taxable(lot("A", 40_000, basis=80_000), rest(60_000))
    written = replace(one_name(), accounts=(losing,))
    found = frontier_of(written)
    # all of A is sold at every price below that of a year far from target: a loss of 40,000, of which 3,000 count now
    assert found.long_gains.min() / DOLLAR == pytest.approx(-40_000, abs=1)
    assert found.tax.min() / DOLLAR == pytest.approx(-3_000 * 0.408, abs=0.01)
    assert found.tax_at_rates.min() / DOLLAR == pytest.approx(-40_000 * 0.238, abs=0.5)


# --- whatever a household is made of ------------------------------------------------------------------------------


@given(st.integers(0, 10_000))
def test_tax_falls_as_tracking_error_grows(seed: int) -> None:
    found = frontier_of(crowd(seed), points=12)
    order = np.argsort(found.tracking[found.efficient])
    assert np.all(np.diff(found.tax_at_rates[found.efficient][order]) < 0)
    # what the points are optimal for: nearer is never cheaper, up to what each is proved to
    price = found.objective - found.risk_price * found.tracking**2
    room = (found.gap + 1e-9) / found.risk_price
    assert np.all(np.diff(found.tracking**2) >= -room[1:] - room[:-1])
    assert np.all(np.diff(price) <= found.gap[1:] + found.gap[:-1] + 1e-8)


@given(st.integers(0, 10_000))
def test_what_another_point_beats_is_marked(seed: int) -> None:
    found = frontier_of(crowd(seed), points=12)
    for one in range(found.tax.size):
        nearer = found.tracking <= found.tracking[one]
        cheaper = found.tax_at_rates <= found.tax_at_rates[one]
        better = (
            nearer & cheaper & ((found.tracking < found.tracking[one]) | (found.tax_at_rates < found.tax_at_rates[one]))
        )
        assert found.efficient[one] <= (not better.any())


@given(st.integers(0, 10_000))
def test_the_chosen_point_is_the_solve_at_the_households_own_price(seed: int) -> None:
    written = crowd(seed)
    found = frontier_of(written, points=8)
    alone = solve_household(problem_of(written))
    assert found.risk_price[found.chosen] == written.steering.risk_price
    assert found.objective[found.chosen] == pytest.approx(alone.objective, abs=found.gap[found.chosen] + 2e-6)
    assert (
        found.lower_bound[found.chosen] <= alone.objective + 2e-6
    )  # shares are millionths, prices hundredths of cents
    assert np.all(found.gap <= 2e-6)


@given(st.integers(0, 10_000))
def test_each_account_keeps_its_own_cash_and_no_lot_is_oversold(seed: int) -> None:
    written = crowd(seed)
    found = frontier_of(written, points=8)
    trades, value = found.trades, found.value
    firm = written.firm()
    as_held = [account.cash / DOLLAR for account in firm.households[0].accounts]
    for account_row, each in firm.lots():
        as_held[account_row] += each.shares / SHARE * firm.securities[each.security].price / DOLLAR
    for a, account in enumerate(written.accounts):
        own = trades.account == a
        worth = as_held[a]
        cash = worth - trades.weight[:, own].sum(axis=1) * value / DOLLAR
        if account.trades:
            target, band = written.steering.cash_target, written.steering.cash_band
            assert np.all(cash <= worth * (target + band) + 0.01)
            assert np.all(cash >= worth * max(target - band, 0.0) - 0.01)
        else:
            assert trades.weight[:, own] == pytest.approx(np.tile(trades.held[own], (8, 1)))
    assert np.all((trades.sold >= 0) & (trades.sold <= 1 + 1e-12))
    moved = (trades.weight - trades.held) * value
    assert found.bought - found.sold == pytest.approx(moved.sum(axis=1), abs=2)


@given(st.integers(0, 10_000))
def test_tax_is_the_liability_with_the_gains_less_without(seed: int) -> None:
    written = crowd(seed)
    firm = written.firm()
    random = np.random.default_rng(seed)
    firm.households[0].gains = (
        int(random.integers(-9_000, 9_000)) * DOLLAR,
        int(random.integers(-9_000, 9_000)) * DOLLAR,
    )
    book, market = written.columns()
    year = book.tax.copy()
    year["short_gains"], year["long_gains"] = firm.households[0].gains
    found = tax_tracking_frontier(book._replace(tax=year), market, 0, 8)
    lots = [each for _, each in firm.lots()]
    owner = [account for account in written.accounts for _ in account.lots]
    for point in range(8):
        realised = [0.0, 0.0]
        for row, part in zip(found.trades.lot.tolist(), found.trades.sold[point].tolist(), strict=True):
            if owner[row].kind == AccountKind.TAXABLE:
                value = lots[row].shares * firm.securities[lots[row].security].price / SHARE
                realised[firm.as_of - lots[row].acquired > 366] += (value - lots[row].basis) * part
        gains = int(found.short_gains[point]), int(found.long_gains[point])
        assert gains == pytest.approx(realised, abs=20)
        assert found.tax[point] == tax_owed(firm, 0, gains)


def test_cost_is_half_the_spread_of_what_is_traded() -> None:
    names = {"A": Name(spread_bps=20.0)}
    written = WrittenBook(names, {"A": 0.2, "REST": 0.8}, (taxable(*HEAVY), ira(rest(50_000))), Steering())
    found = frontier_of(written, prices=[50.0])
    sold = float((found.trades.held - found.trades.weight)[0, found.trades.security == 0].clip(0).sum()) * found.value
    assert found.cost[0] == pytest.approx(sold * 20e-4 / 2, abs=2)


# --- what is assumed, and what cannot be --------------------------------------------------------------------------


def test_accounts_with_targets_of_their_own_are_drawn_as_one_and_it_is_said() -> None:
    accounts = (taxable(*HEAVY), ira(lot("A", 20_000), rest(80_000)))
    together, apart = (
        frontier_of(replace(one_name(Steering(joint=joint)), accounts=accounts), points=5) for joint in (True, False)
    )
    assert together.tax.tolist() == apart.tax.tolist()
    assert not any("as_one_portfolio" in words for words in together.assumes)
    assert any("as_one_portfolio" in words for words in apart.assumes)


def test_doing_nothing_that_is_nearer_than_any_point_misses_a_bound() -> None:
    at_target = (taxable(lot("A", 20_000), rest(80_000)),)
    inside = replace(one_name(Steering()), accounts=at_target)
    assert not frontier_of(inside, points=5).breaks_today
    assert frontier_of(replace(inside, rules=(at_most(0.05, "A"),)), points=5).breaks_today


def test_what_cannot_be_is_said_with_what_to_do() -> None:
    book, market = one_name().columns()
    with pytest.raises(IndexError, match=r"must lie within 0 .. 0, was 1"):
        tax_tracking_frontier(book, market, 1)
    with pytest.raises(ValueError, match=r"points must be at least 3: .*, was 2"):
        tax_tracking_frontier(book, market, 0, 2)
    with pytest.raises(ValueError, match=r"risk_prices must be positive numbers, .*was \[1.0, -2.0\]"):
        tax_tracking_frontier(book, market, 0, risk_prices=[1.0, -2.0])
    with pytest.raises(ValueError, match="refused for bad data: correct"):
        frontier_of(replace(one_name(), blocked=True))
    with pytest.raises(ValueError, match="worth less than nothing: correct its cash"):
        frontier_of(replace(one_name(), accounts=(taxable(*HEAVY), taxable(cash=-5_000))))
    with pytest.raises(ValueError, match="nothing to choose from"):
        frontier_of(replace(one_name(), accounts=(held_away(taxable(*HEAVY)),)))


@given(st.integers(0, 1_000_000))
def test_any_household_has_a_frontier_or_a_reason(seed: int) -> None:
    book, market = random_book(seed)
    outcomes = rebalance(book, market).outcomes
    for household in range(len(book.households.model)):
        if outcomes.status[household] == Status.REFUSED or outcomes.cause[household] == Cause.NOTHING_TO_TRADE:
            with pytest.raises(ValueError, match="household"):
                tax_tracking_frontier(book, market, household, 5)
            continue
        found = tax_tracking_frontier(book, market, household, 5)
        assert np.all(np.isfinite(found.tracking))
        assert np.all(found.gap >= -1e-9)


@given(st.integers(0, 1_000_000))
def test_there_is_room_for_all_households_of_a_taxpayer_who_has_one_portfolio(seed: int) -> None:
    book, market = random_book(seed)
    total = len(book.households.model)
    one = book.households._replace(taxpayer=np.zeros(total, np.int32))
    joint = np.zeros(len(book.policies.joint), np.uint8)
    joint[book.households.policy[0]] = 1
    book = book._replace(households=one, policies=book.policies._replace(joint=joint))
    accounts = np.diff(book.households.account_start)
    if not np.any((accounts > 1) & (joint[book.households.policy] != 0)):
        return
    room = scratch_for(book, market, 0, total).joint
    lots = np.diff(book.accounts.lot_start[book.households.account_start])
    assert room.lots.size >= lots.max()
    assert room.accounts.size >= accounts.max()
