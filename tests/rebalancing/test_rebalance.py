"""What a night does to households written by hand: each rule with the case that shows it and the one without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lotwise.rebalancing.book import LotFlag
from lotwise.rebalancing.proposal import Cause, Reason, Status
from tests.rebalancing.tenth_of_a import GAINING, LOSING, ON_TARGET, TOLERANCE, one, several
from tests.rebalancing.written_book import (
    REST,
    AccountOf,
    HeldAccount,
    HeldLot,
    Name,
    Night,
    Rule,
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
    taxable,
)

# --- tax against tracking -----------------------------------------------------------------------------------------


def ibm(basis: float, days: int) -> WrittenBook:
    """A million dollars with 4% of IBM against 3%: p = 10, delta = 0.5, specific variance 0.088, at least 1%."""
    return WrittenBook(
        {"IBM": Name(variance=0.088)},
        {"IBM": 0.03, REST: 0.97},
        (taxable(lot("IBM", 40_000, basis, days), rest(960_000)),),
        Steering(risk_price=10.0, deferral_discount=0.5),
        (at_least(0.01, "IBM"),),
    )


def test_a_short_term_loss_is_sold_down_to_the_least_weight() -> None:
    night = ibm(basis=50_000, days=100).night()
    assert night.weight("IBM") == pytest.approx(0.01, abs=TOLERANCE)
    # 3% sold: credit 0.07225 a dollar; the risk of 1% over becomes that of 2% under
    assert night.score == pytest.approx(0.03 * 0.07225 - 10 * 0.088 * (0.02**2 - 0.01**2), rel=1e-6)
    assert night.proposals.trades.reason[0] == Reason.HARVEST


@pytest.mark.parametrize("days", [100, 1000])
def test_a_gain_one_percent_over_target_is_held_short_term_or_long(days: int) -> None:
    night = ibm(basis=30_000, days=days).night()
    assert night.status is Status.HOLD
    assert night.weight("IBM") == 0.04


def test_a_long_term_loss_is_sold_to_where_the_next_dollar_saves_no_more() -> None:
    night = ibm(basis=50_000, days=1000).night()
    # credit 0.25 x 0.238 / 2 = 2 p d (0.03 - w)
    assert night.weight("IBM") == pytest.approx(0.03 - 0.02975 / (2 * 10 * 0.088), abs=TOLERANCE)


def test_without_tax_or_cost_an_account_goes_to_its_target() -> None:
    night = replace(one(), accounts=(ira(lot("A", 60_000, basis=1_000), rest(40_000)),)).night()
    assert night.weight("A") == pytest.approx(0.1, abs=TOLERANCE)


def test_the_cheapest_lots_go_first() -> None:
    lots = (
        lot("A", 10_000, basis=9_000),
        lot("A", 10_000, basis=10_000, days=900),
        lot("A", 10_000, basis=1_000),
    )
    night = one(*lots, rest(70_000), risk_price=20.0).night()
    gains = sorted((night.proposals.trades.gain[night.proposals.trades.security == 0] / 1e4).tolist())
    assert night.weight("A") == pytest.approx(0.1 + 0.0238 / (2 * 20 * 0.04), abs=TOLERANCE)
    assert len(gains) == 2  # all of the lot without gain, part of the one with the small gain, nothing of the third
    assert gains[0] == 0.0
    assert 0 < gains[1] < 1_000


# --- lots and names that stay -------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", [taxable, ira])
@pytest.mark.parametrize("flag", [LotFlag.UNKNOWN_TAX, LotFlag.KEPT])
def test_lots_of_unknown_basis_and_kept_lots_are_never_sold(account: AccountOf, flag: LotFlag) -> None:
    lots = (lot("B", 20_000, basis=40_000, flags=flag), lot("B", 20_000, basis=40_000), *ON_TARGET)
    night = several(account(*lots)).night()
    assert night.sold("B") == pytest.approx(20_000)  # it is not in the model: the other lot goes
    assert {int(row) for row in night.proposals.trades.lot if row >= 0}.isdisjoint(
        np.flatnonzero(night.book.lots.flags & flag).tolist()
    )


def test_a_name_never_to_be_bought_is_not_bought() -> None:
    assert one(rest(90_000), cash=10_000).night().bought("A") == pytest.approx(10_000)
    night = one(rest(90_000), cash=10_000, rules=(never_buy("A"),)).night()
    assert night.bought("A") == 0
    assert night.bought(REST) == pytest.approx(10_000)


def test_a_name_never_to_be_sold_is_not_sold_whatever_it_would_save() -> None:
    assert one(*LOSING).night().sold("A") > 0
    assert one(*LOSING, rules=(never_sell("A"),)).night().sold("A") == 0


def test_a_rule_of_one_account_leaves_the_others_alone() -> None:
    book = several(ira(rest(100_000)), ira(rest(100_000)))
    night = replace(book, rules=(replace(never_buy("A"), account=0),)).night()
    assert night.bought("A", account=0) == 0
    assert night.bought("A", account=1) == pytest.approx(10_000)


def test_what_cannot_be_traded_stays() -> None:
    book = one(lot("A", 20_000, basis=60_000), rest(80_000))
    assert book.night().sold("A") > 0
    frozen = replace(book, names=book.names | {"A": Name(tradable=False)})
    assert frozen.night().sold("A") == 0


def test_a_name_outside_the_model_is_never_bought() -> None:
    night = one(rest(90_000), cash=10_000).night()
    assert night.bought("B") == 0


def gave_way(night: Night) -> tuple[int, object, object]:
    """The one restriction that gave way: its row (-1: the cash band), what it asked for, what was reached."""
    (only,) = night.relaxed
    return only


# --- weights ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lots", "rule", "weight"),
    [
        (GAINING, at_most(0.05, "A"), 0.05),  # although the gain would rather stay
        (LOSING, at_least(0.07, "A"), 0.07),  # although the loss would rather go
        (ON_TARGET, at_least(0.25, "A"), 0.25),
        (ON_TARGET, at_most(0.0, "A"), 0.0),
    ],
)
def test_a_weight_that_can_be_reached_is_reached(lots: tuple[HeldLot, ...], rule: Rule, weight: float) -> None:
    night = one(*lots, rules=(rule,)).night()
    assert night.weight("A") == pytest.approx(weight, abs=TOLERANCE)
    assert night.relaxed == []


def group_book(*rules: Rule, a: float = 10_000, b: float = 10_000) -> WrittenBook:
    """A and B at a tenth each, with gains, and the rest."""
    lots = (lot("A", a, basis=a / 2), lot("B", b, basis=b / 2), rest(100_000 - a - b))
    return replace(one(*lots, rules=rules), model={"A": 0.1, "B": 0.1, REST: 0.8})


@pytest.mark.parametrize(
    ("rule", "weight"),
    [(at_most(0.08, "A", "B"), 0.08), (at_least(0.5, "A", "B"), 0.5), (at_most(0.2, "A", "B"), 0.2)],
)
def test_a_weight_of_a_group_that_can_be_reached_is_reached(rule: Rule, weight: float) -> None:
    night = group_book(rule).night()
    assert night.weight("A") + night.weight("B") == pytest.approx(weight, abs=TOLERANCE)
    assert night.weight("A") == pytest.approx(night.weight("B"), abs=TOLERANCE)  # alike in every way
    assert night.relaxed == []


def test_mending_a_breached_restriction_is_said_to_be_the_cause() -> None:
    assert one(*GAINING, rules=(at_most(0.05, "A"),)).night().cause is Cause.RESTRICTION
    assert one(*LOSING, rules=(at_most(0.2, "A"),)).night().cause is Cause.IMPROVES


def test_a_greatest_weight_gives_way_by_what_must_not_be_sold_and_no_more() -> None:
    kept = lot("A", 3_000, basis=1_000, flags=LotFlag.KEPT)
    night = one(lot("A", 7_000, basis=5_000), kept, rest(90_000), rules=(at_most(0.02, "A"),)).night()
    assert night.weight("A") == pytest.approx(0.03, abs=TOLERANCE)
    assert gave_way(night) == (0, pytest.approx(0.02), pytest.approx(0.03))


def test_a_least_weight_gives_way_where_the_name_must_not_be_bought() -> None:
    night = one(*ON_TARGET, rules=(at_least(0.2, "A"), never_buy("A"))).night()
    assert night.weight("A") == pytest.approx(0.1, abs=TOLERANCE)
    assert gave_way(night) == (0, pytest.approx(0.2), pytest.approx(0.1))


def test_a_least_weight_of_a_group_gives_way_to_the_greatest_weights_of_its_members_and_no_more() -> None:
    rules = (at_least(0.3, "A", "B"), never_buy("A"), at_most(0.15, "B"))
    night = group_book(*rules).night()
    together = night.weight("A") + night.weight("B")
    gives = {row for row, _, _ in night.relaxed}
    assert gives <= {0, 2}  # a bound of the group or of its member, never the ban
    missed = max(0.3 - together, 0.0) + max(night.weight("B") - 0.15, 0.0)
    assert missed == pytest.approx(0.05, abs=TOLERANCE)


def test_of_two_weights_that_contradict_each_other_one_gives_way_and_it_is_recorded() -> None:
    night = one(*ON_TARGET, rules=(at_least(0.2, "A"), at_most(0.05, "A"))).night()
    assert [row for row, _, _ in night.relaxed] in ([0], [1])


def test_a_bound_that_gives_way_is_recorded_when_nothing_is_traded_too() -> None:
    frozen = one(lot("A", 10_000, flags=LotFlag.KEPT), rest(90_000), rules=(at_most(0.05, "A"),))
    night = frozen.night()
    assert night.status is Status.HOLD
    assert gave_way(night) == (0, pytest.approx(0.05), pytest.approx(0.1))


# --- cash ---------------------------------------------------------------------------------------------------------


def test_missing_cash_is_raised_to_the_edge_of_the_band_and_said() -> None:
    everything_gains = (lot("A", 10_000, basis=5_000), lot("B", 90_000, basis=50_000))
    book = replace(one(*everything_gains), model={"A": 0.1, "B": 0.9})
    night = book.steered(cash_target=0.05, cash_band=0.01, risk_price=0.1).night()
    assert (night.status, night.cause) == (Status.PROPOSED, Cause.CASH)
    assert night.cash() == pytest.approx(0.04, abs=TOLERANCE)  # not further: every dollar more costs tax
    assert night.proposals.outcomes.figure[0] == 0.0  # the cash it began with
    assert set(night.proposals.trades.reason.tolist()) == {Reason.RAISE_CASH}


def test_a_debt_is_paid() -> None:
    night = one(*GAINING, cash=-1_000).night()
    assert night.cause is Cause.CASH
    assert night.cash() == pytest.approx(0.0, abs=TOLERANCE)


def test_cash_above_the_band_is_invested() -> None:
    night = one(*GAINING, cash=20_000, cash_target=0.02, cash_band=0.01).night()
    assert night.cause is Cause.CASH
    assert 0.01 - TOLERANCE <= night.cash() <= 0.03 + TOLERANCE


def test_cash_inside_its_band_is_no_reason_to_trade() -> None:
    lots = (lot("A", 9_800, basis=5_000), rest(88_200))
    night = one(*lots, cash=2_000, cash_target=0.02, cash_band=0.01).night()
    assert night.status is Status.HOLD


def test_cash_that_cannot_be_raised_is_named() -> None:
    kept = lot("A", 98_000, flags=LotFlag.KEPT)
    night = one(kept, rest(2_000), cash_target=0.05, cash_band=0.01).night()
    assert night.cash() == pytest.approx(0.02, abs=TOLERANCE)
    assert gave_way(night) == (-1, pytest.approx(0.04), pytest.approx(0.02))


# --- worth it? ----------------------------------------------------------------------------------------------------


def test_a_household_trades_when_it_improves_by_more_than_its_threshold_and_holds_below() -> None:
    improves = one(*LOSING).night().score
    assert improves > 0.01
    assert one(*LOSING, worth_it=improves * (1 - 1e-9)).night().status is Status.PROPOSED
    night = one(*LOSING, worth_it=improves * (1 + 1e-9)).night()
    assert (night.status, night.cause) == (Status.HOLD, Cause.NOT_WORTH_IT)
    assert night.proposals.outcomes.figure[0] == pytest.approx(improves * 1e4)
    assert night.proposals.trades.shares.size == 0
    assert night.score == 0


def test_what_must_be_mended_is_mended_though_it_does_not_pay() -> None:
    breached = one(*GAINING, rules=(at_most(0.05, "A"),), worth_it=1e-4).night()
    assert breached.status is Status.PROPOSED
    assert breached.score < 0


def test_a_household_at_its_target_holds() -> None:
    night = one(*ON_TARGET).night()
    assert (night.status, night.cause) == (Status.HOLD, Cause.NOT_WORTH_IT)
    assert night.proposals.outcomes.te_after[0] == night.proposals.outcomes.te_before[0] == 0


# --- households that do not trade ---------------------------------------------------------------------------------


def test_a_blocked_household_is_refused() -> None:
    night = replace(one(*LOSING), blocked=True).night()
    assert (night.status, night.cause) == (Status.REFUSED, Cause.BAD_DATA)
    assert night.proposals.trades.shares.size == 0


def test_an_account_worth_less_than_nothing_refuses_its_household_whole() -> None:
    night = several(taxable(*LOSING), taxable(rest(1_000), cash=-2_000)).night()
    assert (night.status, night.cause) == (Status.REFUSED, Cause.NO_VALUE)
    assert night.proposals.outcomes.figure[0] == pytest.approx(-1_000)
    assert night.proposals.trades.shares.size == 0
    # The first account was solved before: nothing of it may stand beside a household that trades nothing.
    for column in night.proposals.accounts:
        assert not column.any()


def test_an_account_held_away_does_not_trade() -> None:
    night = several(taxable(*LOSING), held_away(ira(lot("B", 10_000)))).night()
    assert night.sold("A", account=0) > 0
    assert night.sold("B") == 0


@pytest.mark.parametrize("account", [held_away(taxable(*LOSING)), taxable()])
def test_a_household_with_nothing_to_trade_holds(account: HeldAccount) -> None:
    night = several(account).night()
    assert (night.status, night.cause) == (Status.HOLD, Cause.NOTHING_TO_TRADE)
