"""A household whose accounts are one portfolio: where it differs from accounts that go to the target by themselves."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lotwise.optimizer.household.solve import HouseholdProblem, solve_household
from lotwise.rebalancing.book import AccountKind
from lotwise.rebalancing.proposal import Cause, Reason, Status
from lotwise.rebalancing.rebalance import rebalance
from tests.rebalancing.booked_trades import booked
from tests.rebalancing.tenth_of_a import LOSING, TOLERANCE, as_one
from tests.rebalancing.written_book import (
    REST,
    AccountOf,
    HeldAccount,
    HeldLot,
    Name,
    Night,
    Steering,
    WrittenBook,
    at_least,
    at_most,
    held_away,
    ira,
    lot,
    never_buy,
    never_sell,
    rest,
    roth,
    taxable,
)


def household_weight(night: Night, symbol: str) -> float:
    """Weight of a name in all accounts together."""
    accounts = range(len(night.written.accounts))
    total = sum(night.value(account) for account in accounts)
    return sum(night.weight(symbol, account) * night.value(account) for account in accounts) / total


def only_relaxed(night: Night) -> tuple[int, object, object]:
    """The one restriction that gave way: its row, what it asked for, what was reached."""
    (only,) = night.relaxed
    return only


# --- one target ---------------------------------------------------------------------------------------------------


def test_accounts_that_meet_the_target_together_are_left_alone() -> None:
    accounts = (taxable(lot("A", 20_000), rest(80_000)), ira(rest(100_000)))
    assert as_one(*accounts).night().status is Status.HOLD
    assert as_one(*accounts, joint=False).night().status is Status.PROPOSED


def test_what_is_too_much_is_sold_where_no_tax_is_due() -> None:
    gaining = (lot("A", 20_000, basis=5_000), rest(80_000))
    night = as_one(taxable(*gaining), ira(lot("A", 20_000), rest(80_000))).night()
    assert night.sold("A", account=0) == 0
    assert night.sold("A", account=1) == pytest.approx(20_000, rel=1e-3)
    assert household_weight(night, "A") == pytest.approx(0.1, abs=1e-4)


def test_cash_is_invested_in_the_account_that_has_it() -> None:
    night = as_one(taxable(rest(80_000), cash=20_000), roth(rest(100_000))).night()
    assert night.bought("A") == pytest.approx(20_000, rel=1e-3)
    assert [night.cash(account) for account in (0, 1)] == pytest.approx([0.0, 0.0], abs=TOLERANCE)


@pytest.mark.parametrize("other", [ira, roth, taxable])
def test_what_an_account_held_away_holds_counts_in_the_target(other: AccountOf) -> None:
    away = held_away(other(lot("A", 20_000), rest(80_000)))
    night = as_one(taxable(rest(90_000), cash=10_000), away).night()
    assert night.bought("A") < 1.0
    assert night.bought(REST, account=0) == pytest.approx(10_000, abs=1.0)
    without = held_away(other(rest(100_000)))
    night = as_one(taxable(rest(80_000), cash=20_000), without).night()
    assert night.bought("A") == pytest.approx(20_000, rel=1e-3)


def test_cash_of_an_account_held_away_is_not_spent() -> None:
    night = as_one(taxable(rest(100_000)), held_away(ira(cash=100_000))).night()
    assert set(night.proposals.trades.account.tolist()) <= {0}
    assert night.bought("A") == pytest.approx(20_000, rel=1e-3)


def test_only_accounts_held_away_leave_nothing_to_trade() -> None:
    night = as_one(held_away(taxable(rest(50_000))), held_away(ira(rest(50_000)))).night()
    assert (night.status, night.cause) == (Status.HOLD, Cause.NOTHING_TO_TRADE)


def test_an_account_worth_less_than_nothing_is_refused() -> None:
    night = as_one(taxable(rest(100_000)), taxable(cash=-5_000), ira(rest(10_000))).night()
    assert (night.status, night.cause) == (Status.REFUSED, Cause.NO_VALUE)


@pytest.mark.parametrize("empty", [taxable(), ira(), held_away(roth())])
def test_an_account_without_value_changes_nothing(empty: HeldAccount) -> None:
    alone = as_one(taxable(*LOSING)).night().proposals
    with_it = as_one(taxable(*LOSING), empty).night().proposals
    assert with_it.trades.shares.tolist() == alone.trades.shares.tolist()
    assert with_it.outcomes.score.tolist() == alone.outcomes.score.tolist()


# --- wash sales between accounts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [ira, roth, taxable])
def test_a_name_is_sold_at_a_loss_or_bought_never_both(other: AccountOf) -> None:
    night = as_one(taxable(*LOSING), other(rest(90_000), cash=10_000)).night()
    assert night.sold("A", account=0) == pytest.approx(10_000)  # 4,760 of credit against a year of 20% too little
    assert night.bought("A") == 0


def test_where_tracking_is_worth_more_than_the_loss_it_is_bought_and_the_loss_kept() -> None:
    small = (lot("A", 1_000, basis=1_100), rest(99_000))
    night = as_one(taxable(*small), ira(rest(90_000), cash=10_000), risk_price=500.0).night()
    assert night.sold("A") == 0
    assert night.bought("A") == pytest.approx(19_000, rel=0.01)


def test_a_lot_at_a_gain_may_be_sold_in_one_account_and_bought_in_another() -> None:
    # the IRA must raise cash and has nothing but A; the other account takes its place
    accounts = (taxable(rest(80_000), cash=20_000), ira(lot("A", 20_000, basis=1_000), cash=-10_000))
    night = as_one(*accounts).night()
    assert night.sold("A", account=1) == pytest.approx(10_000, rel=0.01)
    assert night.bought("A", account=0) > 0


def test_a_twin_is_not_bought_in_another_account() -> None:
    book = as_one(taxable(*LOSING), ira(rest(90_000), cash=10_000))
    night = replace(book, model={"TWIN": 0.1, REST: 0.9}).night()
    assert not (night.sold("A") > 0 and night.bought("TWIN") > 0)
    assert night.sold("A") + night.bought("TWIN") > 0


# --- restrictions -------------------------------------------------------------------------------------------------


def test_a_greatest_weight_of_the_household_counts_all_accounts() -> None:
    accounts = (taxable(rest(80_000), cash=20_000), ira(lot("A", 6_000), rest(94_000)))
    night = as_one(*accounts, rules=(at_most(0.05, "A"),)).night()
    assert night.bought("A") == pytest.approx(4_000, abs=1.0)
    assert household_weight(night, "A") == pytest.approx(0.05, abs=TOLERANCE)


def test_a_least_weight_of_the_household_is_reached_by_all_accounts_together() -> None:
    accounts = (taxable(rest(100_000)), ira(rest(50_000)))
    night = as_one(*accounts, rules=(at_least(0.2, "A"),)).night()
    assert household_weight(night, "A") == pytest.approx(0.2, abs=TOLERANCE)


def test_a_weight_of_one_account_is_a_fraction_of_that_account() -> None:
    accounts = (taxable(rest(80_000), cash=20_000), ira(rest(300_000)))
    night = as_one(*accounts, rules=(replace(at_most(0.05, "A"), account=0),)).night()
    assert night.weight("A", account=0) <= 0.05 + TOLERANCE
    assert household_weight(night, "A") == pytest.approx(0.1, abs=1e-4)


def test_a_group_of_one_account_is_bounded_there_and_one_of_the_household_everywhere() -> None:
    accounts = (taxable(rest(100_000)), ira(rest(100_000)))
    model = {"A": 0.2, "B": 0.2, REST: 0.6}
    own = replace(at_most(0.1, "A", "B"), account=1)
    night = replace(as_one(*accounts, rules=(own,)), model=model).night()
    assert night.weight("A", 1) + night.weight("B", 1) <= 0.1 + TOLERANCE
    assert household_weight(night, "A") + household_weight(night, "B") == pytest.approx(0.4, abs=1e-4)
    night = replace(as_one(*accounts, rules=(at_most(0.1, "A", "B"),)), model=model).night()
    assert household_weight(night, "A") + household_weight(night, "B") == pytest.approx(0.1, abs=1e-5)


def test_a_rule_of_one_account_forbids_nothing_in_the_other() -> None:
    accounts = (taxable(rest(100_000)), ira(rest(100_000)))
    night = as_one(*accounts, rules=(replace(never_buy("A"), account=0),)).night()
    assert night.bought("A", account=0) == 0
    assert night.bought("A", account=1) == pytest.approx(20_000, rel=1e-3)


def test_what_cannot_be_kept_is_named_for_the_household() -> None:
    accounts = (taxable(lot("A", 40_000), rest(60_000)), ira(rest(100_000)))
    night = as_one(*accounts, rules=(never_sell("A"), at_most(0.1, "A"))).night()
    relaxations = night.proposals.relaxations
    assert (relaxations.household.tolist(), relaxations.account.tolist()) == ([0], [-1])
    assert only_relaxed(night) == (1, 0.1, pytest.approx(0.2))


def test_what_an_account_cannot_keep_is_named_as_its_own() -> None:
    accounts = (taxable(lot("A", 40_000), rest(60_000)), ira(rest(100_000)))
    own = replace(at_most(0.1, "A"), account=0)
    night = as_one(*accounts, rules=(never_sell("A"), own)).night()
    relaxations = night.proposals.relaxations
    assert relaxations.account.tolist() == [0]
    assert only_relaxed(night) == (1, 0.1, pytest.approx(0.4))


def test_an_account_that_has_nothing_to_sell_for_its_cash_is_named() -> None:
    accounts = (taxable(rest(100_000)), ira(lot("B", 50_000)))
    night = as_one(*accounts, rules=(never_sell("B"),), cash_target=0.1).night()
    assert night.proposals.relaxations.account.tolist() == [1]
    assert only_relaxed(night) == (-1, pytest.approx(0.1), pytest.approx(0.0, abs=1e-9))


# --- what is said -------------------------------------------------------------------------------------------------


def test_reasons_are_those_of_the_household() -> None:
    night = as_one(taxable(*LOSING), ira(rest(80_000), cash=20_000)).night()
    trades = night.proposals.trades
    reasons = dict(zip(trades.security.tolist(), trades.reason.tolist(), strict=True))
    assert reasons[night.written.position("A")] == Reason.HARVEST


def test_lines_come_in_the_order_of_the_accounts() -> None:
    accounts = (taxable(lot("B", 50_000), rest(50_000)), ira(lot("B", 50_000), rest(50_000)))
    trades = as_one(*accounts).night().proposals.trades
    assert set(trades.account.tolist()) == {0, 1}
    assert trades.account.tolist() == sorted(trades.account.tolist())


# --- against the same problem written down otherwise --------------------------------------------------------------


def crowd(seed: int) -> WrittenBook:
    """Two to four accounts of some kinds with six names off target, gains and losses, one factor among them."""
    random = Random(seed)
    names = {
        f"N{i}": Name(
            price=random.uniform(5, 500),
            variance=random.uniform(0.02, 0.2),
            spread_bps=random.uniform(1, 10),
            loading=random.uniform(0.1, 0.4),
        )
        for i in range(6)
    }

    def lots() -> list[HeldLot]:
        chosen = [symbol for symbol in names if random.random() < 0.7]
        return [
            lot(symbol, value, basis=value * random.uniform(0.4, 1.8), days=random.choice((200, 1000)))
            for symbol in chosen
            for value in (random.uniform(2_000, 10_000), random.uniform(2_000, 10_000))
        ]

    kinds = [taxable, *(random.choice((taxable, ira, roth)) for _ in range(random.randint(1, 3)))]
    accounts = [kind(*lots(), rest(random.uniform(1_000, 20_000)), cash=random.uniform(0, 5_000)) for kind in kinds]
    accounts.sort(key=lambda account: account.kind)
    if random.random() < 0.4:
        accounts[-1] = held_away(accounts[-1])
    raw = {symbol: random.uniform(0.5, 1.5) for symbol in names}
    model = {symbol: 0.9 * part / sum(raw.values()) for symbol, part in raw.items()}
    steering = Steering(cash_target=random.choice((0.0, 0.02)), cash_band=random.choice((0.0, 0.01)))
    return WrittenBook(names, model | {REST: 0.1}, tuple(accounts), steering)


def priced_lots(
    written: WrittenBook, account: HeldAccount, symbol: str, cost: float
) -> list[tuple[float, float, bool]]:
    """What may be sold of a name in an account, cheapest first: price per dollar, dollars, whether it is a loss."""
    taxed = account.kind == AccountKind.TAXABLE
    lots = []
    for one in account.lots if account.trades else ():
        if one.symbol == symbol:
            gain = 1 - one.basis / one.value
            rate = written.long_rate if (one.days or 0) > 366 else written.short_rate
            lots.append(((gain * rate if taxed else 0.0) + cost, one.value, taxed and gain < 0))
    return sorted(lots)


def problem_of(written: WrittenBook) -> HouseholdProblem:
    """The household's problem from what is written of it, in plain floats."""
    steering, symbols, accounts = written.steering, written.symbols, written.accounts
    worth = np.array([each.cash + sum(one.value for one in each.lots) for each in accounts])
    total = worth.sum()
    starts, account, held, may_buy, buy_cost = [0], [], [], [], []
    lot_start, quantity, price, loss = [0], [], [], []
    for symbol in symbols:
        cost = written.names[symbol].spread_bps / 2e4 if symbol in written.names else 0.0
        for a, each in enumerate(accounts):
            own = [one for one in each.lots if one.symbol == symbol]
            account.append(a)
            held.append(sum(one.value for one in own) / total)
            may_buy.append(each.trades and written.model.get(symbol, 0.0) > 0)
            buy_cost.append(cost)
            for priced in priced_lots(written, each, symbol, cost):
                price.append(priced[0])
                quantity.append(priced[1] / total)
                loss.append(priced[2])
            lot_start.append(len(price))
        starts.append(len(account))
    trades = np.array([each.trades for each in accounts])
    cash = np.array([each.cash for each in accounts]) / total
    low = np.maximum(steering.cash_target - steering.cash_band, 0.0) * worth / total
    high = (steering.cash_target + steering.cash_band) * worth / total
    count, none = len(account), np.zeros(0)
    securities = written.securities
    return HouseholdProblem(
        target=np.array([written.model.get(symbol, 0.0) for symbol in symbols]) * (1 - steering.cash_target),
        loadings=np.array([[name.loading] for name in securities]),
        specific=np.array([name.variance for name in securities]),
        low=np.zeros(len(symbols)),
        high=np.full(len(symbols), np.inf),
        position_start=np.array(starts),
        account=np.array(account),
        held=np.array(held),
        buy_cost=np.array(buy_cost),
        may_buy=np.array(may_buy),
        hold_cost=np.zeros(count),
        position_low=np.zeros(count),
        position_high=np.full(count, np.inf),
        lot_start=np.array(lot_start),
        lot_quantity=np.array(quantity),
        lot_price=np.array(price),
        lot_loss=np.array(loss, np.bool_),
        group_start=np.zeros(1, np.int64),
        group_name=none.astype(np.int64),
        group_coefficient=none,
        group_low=none,
        group_high=none,
        own_group_start=np.zeros(1, np.int64),
        own_group_position=none.astype(np.int64),
        own_group_coefficient=none,
        own_group_low=none,
        own_group_high=none,
        value=worth / total,
        cash_low=np.where(trades, low, cash),
        cash_high=np.where(trades, high, cash),
        risk_price=steering.risk_price,
    )


@given(st.integers(0, 10_000))
def test_a_night_finds_the_optimum_of_the_problem_as_it_is_written(seed: int) -> None:
    written = crowd(seed)
    proposals = written.night().proposals
    solution = solve_household(problem_of(written))
    trading = [a for a, account in enumerate(written.accounts) if account.trades]
    for account in trading:
        # shares are millionths and prices hundredths of cents: the last dollars of a crowd of 100,000
        assert proposals.accounts.objective[account] == pytest.approx(solution.objective, abs=2e-6)
        assert proposals.accounts.lower_bound[account] == pytest.approx(solution.lower_bound, abs=2e-6)


@given(st.integers(0, 10_000))
def test_accounts_as_one_are_never_worse_than_each_by_itself(seed: int) -> None:
    written = crowd(seed)
    together, apart = (written.steered(joint=joint, worth_it=-1.0).night() for joint in (True, False))
    problem = problem_of(written)
    assert cost_of(problem, together) <= cost_of(problem, apart) + 2e-6


def cost_of(problem: HouseholdProblem, night: Night) -> float:
    """Objective of the trades of a night for the household as one portfolio."""
    trades = night.proposals.trades
    accounts = range(len(night.written.accounts))
    worth = sum(night.value(account) for account in accounts)
    weights = np.array([household_weight(night, symbol) for symbol in night.written.symbols])
    away = weights - problem.target
    exposure = problem.loadings.T @ away
    variance = 0.5 * exposure @ exposure + problem.specific @ away**2
    return float(problem.risk_price * variance + (trades.tax.sum() + trades.cost.sum()) / 1e4 / worth)


@given(st.integers(0, 10_000))
def test_whole_shares_and_least_trades_are_kept_and_cost_little(seed: int) -> None:
    written = crowd(seed).steered(whole_shares=True, minimum_trade=300.0, worth_it=-1.0)
    night = written.night()  # the exact checks judge shares and sizes
    outcomes = night.proposals.outcomes
    assert outcomes.status[0] in (Status.PROPOSED, Status.HOLD)
    assert outcomes.gap[0] >= -1e-7


@example(2736, True)  # at its optimum already
@given(st.integers(0, 10_000), st.booleans())
def test_after_its_trades_are_booked_a_household_has_nothing_more_to_do(seed: int, joint: bool) -> None:
    written = crowd(seed).steered(joint=joint, worth_it=1e-6)
    night = written.night()
    again = rebalance(booked(night.book, night.market, night.proposals), night.market)
    assert again.outcomes.status[0] == Status.HOLD, again.outcomes.score * 1e4


def test_a_solve_that_begins_at_its_optimum_proves_it() -> None:
    written = crowd(2736).steered(joint=True, worth_it=1e-6)  # rounds once ended where they began, 0.012 bp away
    night = written.night()
    again = rebalance(booked(night.book, night.market, night.proposals), night.market)
    assert 0.0 <= again.outcomes.gap_convex[0] <= 1e-8


def test_a_model_that_loses_a_name_never_means_all_cash() -> None:
    accounts = (taxable(lot("A", 50_000), rest(50_000)), ira(lot("A", 50_000), rest(50_000)))
    night = replace(as_one(*accounts), model={REST: 1.0}).night()
    assert [night.cash(account) for account in (0, 1)] == pytest.approx([0.0, 0.0], abs=TOLERANCE)
    assert night.sold("A") > 90_000
