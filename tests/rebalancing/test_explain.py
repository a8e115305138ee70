"""The explanation of a household against what the nightly run does with it, and its thresholds against new nights."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lotwise.money import DOLLAR, SHARE
from lotwise.rebalancing.book import LotFlag
from lotwise.rebalancing.explain import (
    AccountStory,
    Hindrance,
    HouseholdStory,
    LotLine,
    NameLine,
    explain_household,
)
from lotwise.rebalancing.proposal import Cause, Side, Status
from lotwise.rebalancing.rebalance import rebalance
from lotwise.reports.explanation import lot_words
from tests.rebalancing.random_book import random_book
from tests.rebalancing.written_book import (
    REST,
    HeldLot,
    Name,
    Rule,
    Steering,
    WrittenBook,
    at_most,
    held_away,
    ira,
    lot,
    never_buy,
    never_sell,
    rest,
    taxable,
)

# Thresholds are floats of a solve that is exact to a millionth of a share.
_JUST = 1e-5


def story_of(written: WrittenBook) -> HouseholdStory:
    return explain_household(*written.columns(), 0)


def name_line(written: WrittenBook, symbol: str, account: int = 0) -> NameLine:
    lines = story_of(written).accounts[account].names
    (line,) = (line for line in lines if line.security == written.position(symbol))
    return line


def lot_line(written: WrittenBook, symbol: str) -> LotLine:
    (line,) = name_line(written, symbol).lots
    return line


def overweight(weight: float, gain: float, *rules: Rule, **steering: float | bool) -> WrittenBook:
    """A name over its target of a tenth by a gain per dollar of value: every dollar sold costs 23.8% of it."""
    value = 100_000 * weight
    names = {"A": Name(spread_bps=10.0), "B": Name(spread_bps=10.0)}
    accounts = (taxable(lot("A", value, basis=value * (1 - gain)), rest(100_000 - value)),)
    book = WrittenBook(names, {"A": 0.1, REST: 0.9}, accounts, rules=rules)
    return book.steered(**steering)


# --- it says what the night does ----------------------------------------------------------------------------------


@given(st.integers(0, 1_000_000))
@example(37112)  # an account that is held away owes money
def test_an_explanation_sells_the_same_shares_of_the_same_lots_as_the_nightly_run(seed: int) -> None:
    book, market = random_book(seed)
    proposals = rebalance(book, market)
    trades = proposals.trades
    for household in range(len(book.households.model)):
        story = explain_household(book, market, household)
        status, cause = proposals.outcomes.status[household], proposals.outcomes.cause[household]
        if cause in (Cause.NO_VALUE, Cause.NOT_SOLVED):
            continue  # nothing is traded at all, whatever single accounts would do
        sold, bought = said_to_trade(story)
        own = trades.household == household
        sells, buys = own & (trades.side == Side.SELL), own & (trades.side == Side.BUY)
        assert sold == dict(zip(trades.lot[sells].tolist(), trades.shares[sells].tolist(), strict=True))
        places = zip(trades.account[buys].tolist(), trades.security[buys].tolist(), strict=True)
        assert bought == dict(zip(places, trades.shares[buys].tolist(), strict=True))
        assert story.blocked == (status == Status.REFUSED)


def said_to_trade(story: HouseholdStory) -> tuple[dict[int, int], dict[tuple[int, int], int]]:
    """Shares by lot sold, and by account and security bought, in the accounts that are proposed."""
    sold: dict[int, int] = {}
    bought: dict[tuple[int, int], int] = {}
    for account in story.accounts:
        for name in account.names if account.proposed else ():
            sold |= {line.lot: line.sold for line in name.lots if line.sold}
            if name.bought:
                bought[account.account, name.security] = name.bought
    return sold, bought


@given(st.integers(0, 1_000_000))
def test_every_lot_of_a_solved_account_has_one_line(seed: int) -> None:
    book, market = random_book(seed)
    for household in range(len(book.households.model)):
        for account in explain_household(book, market, household).accounts:
            if not account.names:
                continue
            first, last = book.accounts.lot_start[account.account : account.account + 2].tolist()
            lines = [line for name in account.names for line in name.lots]
            assert sorted(line.lot for line in lines) == list(range(first, last))
            for line in lines:
                assert line.shares == book.lots.shares[line.lot]
                assert 0 <= line.sold <= line.shares


@given(st.integers(0, 1_000_000))
def test_the_parts_of_a_score_add_up_to_it(seed: int) -> None:
    book, market = random_book(seed)
    for household in range(len(book.households.model)):
        for account in explain_household(book, market, household).accounts:
            if account.score is not None and account.night is not None:
                night = account.night
                assert account.score.total == pytest.approx(night.hold.objective - night.written.objective, abs=1e-9)


def test_a_score_says_what_a_sale_saves_in_risk_and_costs_in_tax() -> None:
    """The name is 20% of value too much: some is sold, at 2.38 cents of tax a dollar."""
    (account,) = story_of(overweight(0.3, 0.1)).accounts
    assert account.score is not None
    sold = sum(line.sold / line.shares * line.value for name in account.names for line in name.lots) / 1e9
    assert account.score.tax == pytest.approx(-0.0238 * sold)
    assert account.score.trading == pytest.approx(-0.0005 * sold)  # half the spread; what is bought instead has none
    assert account.score.tracking == pytest.approx(50 * 0.04 * (0.2**2 - (0.2 - sold) ** 2))
    assert account.score.place == 0


def test_the_tracking_of_an_account_is_that_of_the_night() -> None:
    written = overweight(0.3, 0.1)
    outcomes = written.night().proposals.outcomes
    (account,) = story_of(written).accounts
    assert account.te_before == pytest.approx(outcomes.te_before[0])
    assert account.te_after == pytest.approx(outcomes.te_after[0])
    assert account.te_before == pytest.approx(0.2 * math.sqrt(0.04))


def test_figures_of_a_lot_are_its_price_and_what_it_saves() -> None:
    written = overweight(0.11, 0.6)
    line = lot_line(written, "A")
    assert line.gain == pytest.approx(0.6)
    assert line.tax == pytest.approx(0.6 * 0.238)
    assert line.cost == pytest.approx(0.0005)  # half of ten basis points
    assert line.risk == pytest.approx(2 * 50 * 0.04 * 0.01)
    assert line.long_term
    assert line.value == 11_000 * DOLLAR
    assert line.shares == 110 * SHARE


def test_the_overweight_is_priced_whole_tax_against_a_year_of_risk() -> None:
    line = name_line(overweight(0.11, 0.6), "A")
    assert line.overweight_tax == pytest.approx(1_000 * 0.6 * 0.238)
    assert line.overweight_risk == pytest.approx(100_000 * 50 * 0.04 * 0.01**2)


# --- what would change it, does -----------------------------------------------------------------------------------


def test_a_lot_is_sold_just_above_the_weight_named_and_kept_just_below() -> None:
    threshold = lot_line(overweight(0.11, 0.6), "A").sold_above
    assert threshold == pytest.approx(0.1 + (0.6 * 0.238 + 0.0005) / (2 * 50 * 0.04))
    assert overweight(threshold + _JUST, 0.6).night().sold("A") > 0
    assert overweight(threshold - _JUST, 0.6).night().sold("A") == 0


def test_a_lot_is_sold_just_below_the_gain_named_and_kept_just_above() -> None:
    threshold = lot_line(overweight(0.11, 0.6), "A").sold_below
    assert threshold == pytest.approx((2 * 50 * 0.04 * 0.01 - 0.0005) / 0.238)
    assert overweight(0.11, threshold - _JUST).night().sold("A") > 0
    assert overweight(0.11, threshold + _JUST).night().sold("A") == 0


@given(weight=st.floats(0.1001, 0.2), gain=st.floats(0.3, 0.95), delta=st.floats(0.0, 0.5))
def test_the_weight_named_is_right_for_any_lot_that_is_kept(weight: float, gain: float, delta: float) -> None:
    written = overweight(weight, gain, deferral_discount=delta)
    line = lot_line(written, "A")
    if line.sold or line.sold_above > 0.95:
        return
    assert overweight(line.sold_above + _JUST, gain, deferral_discount=delta).night().sold("A") > 0
    assert overweight(line.sold_above - _JUST, gain, deferral_discount=delta).night().sold("A") == 0


def test_a_lot_sold_in_part_stays_at_the_weight_named_for_the_rest() -> None:
    written = overweight(0.3, 0.6)
    line = lot_line(written, "A")
    assert 0 < line.sold < line.shares
    assert line.sold_above == pytest.approx(written.night().weight("A"), abs=1e-6)


def test_a_lot_sold_whole_names_nothing_that_would_have_it_sold() -> None:
    written = overweight(0.3, 0.1, at_most(0.0, "A"))
    line = lot_line(written, "A")
    assert line.sold == line.shares
    assert math.isnan(line.sold_above)
    assert math.isnan(line.sold_below)


def test_a_name_is_bought_just_below_the_weight_named_and_not_above() -> None:
    threshold = name_line(overweight(0.09999, 0.0), "A").bought_below
    assert threshold == pytest.approx(0.1 - 0.0005 / (2 * 50 * 0.04))
    assert overweight(threshold - _JUST, 0.0).night().bought("A") > 0
    assert overweight(threshold + _JUST, 0.0).night().bought("A") == 0


def test_a_lot_beside_a_cheaper_one_is_sold_above_the_weight_named_too() -> None:
    def two(weight: float) -> WrittenBook:
        book = overweight(weight, 0.0)
        cheap = lot("A", 1_000, basis=990, days=2000)
        dear = lot("A", 100_000 * weight - 1_000, basis=50_000 * weight - 500)
        return replace(book, accounts=(taxable(cheap, dear, rest(100_000 * (1 - weight))),))

    cheap, dear = name_line(two(0.12), "A").lots
    assert (cheap.sold, dear.sold) == (cheap.shares, 0)
    threshold = dear.sold_above + 0.01  # beside the cheap lot, sold already
    assert np.count_nonzero(two(threshold + 1e-4).night().proposals.trades.security == 0) == 2
    assert np.count_nonzero(two(threshold - 1e-4).night().proposals.trades.security == 0) == 1


# --- hindrances ---------------------------------------------------------------------------------------------------


def hindered(
    lot_of_a: HeldLot, *rules: Rule, a: Name | None = None, loss_sales: tuple[tuple[str, int], ...] = ()
) -> WrittenBook:
    names = {"A": a or Name(), "B": Name(), "TWIN": Name(twin="A")}
    accounts = (taxable(lot_of_a, rest(100_000 - lot_of_a.value)),)
    return WrittenBook(names, {"A": 0.1, REST: 0.9}, accounts, rules=rules, loss_sales=loss_sales)


@pytest.mark.parametrize(
    ("written", "hindrance"),
    [
        (hindered(lot("A", 20_000, flags=LotFlag.UNKNOWN_TAX)), Hindrance.UNKNOWN_TAX),
        (hindered(lot("A", 20_000, flags=LotFlag.KEPT)), Hindrance.KEPT),
        (hindered(lot("A", 20_000), never_sell("A")), Hindrance.NEVER_SELL),
        (hindered(lot("A", 20_000), a=Name(tradable=False)), Hindrance.NOT_TRADABLE),
        (hindered(lot("A", 20_000)), Hindrance.NONE),
        (hindered(lot("A", 20_000, basis=60_000)), Hindrance.NONE),
    ],
)
def test_what_keeps_a_lot_from_being_sold_is_named(written: WrittenBook, hindrance: Hindrance) -> None:
    line = lot_line(written, "A")
    assert line.hindrance is hindrance
    assert (line.sold > 0) == (hindrance is Hindrance.NONE)


@pytest.mark.parametrize("bought", ["A", "TWIN"])
def test_a_loss_that_a_recent_purchase_would_wash_is_named(bought: str) -> None:
    book = hindered(lot("A", 20_000, basis=60_000))
    written = replace(book, accounts=(*book.accounts, held_away(ira(lot(bought, 5_000, days=3)))))
    assert lot_line(written, "A").hindrance is Hindrance.WASHED
    gaining = replace(
        hindered(lot("A", 20_000)), accounts=(taxable(lot("A", 20_000), rest(80_000)), written.accounts[1])
    )
    assert lot_line(gaining, "A").hindrance is Hindrance.NONE


@pytest.mark.parametrize(
    ("written", "symbol", "hindrance"),
    [
        (hindered(lot("A", 5_000), never_buy("A")), "A", Hindrance.NEVER_BUY),
        (hindered(lot("A", 5_000), a=Name(tradable=False)), "A", Hindrance.NOT_TRADABLE),
        (hindered(lot("A", 5_000), loss_sales=(("A", 30),)), "A", Hindrance.WASHES),
        (hindered(lot("A", 5_000), loss_sales=(("TWIN", 1),)), "A", Hindrance.WASHES),
        (hindered(lot("A", 5_000), loss_sales=(("A", 31),)), "A", Hindrance.NONE),
        (hindered(lot("B", 5_000)), "B", Hindrance.NOT_IN_MODEL),
        (hindered(lot("A", 9_000)).steered(minimum_trade=2_000.0), "A", Hindrance.TOO_SMALL),
        (hindered(lot("A", 9_000)).steered(minimum_trade=500.0), "A", Hindrance.NONE),
    ],
)
def test_what_keeps_a_name_from_being_bought_is_named(written: WrittenBook, symbol: str, hindrance: Hindrance) -> None:
    line = name_line(written, symbol)
    assert line.hindrance is hindrance
    assert (line.bought > 0) == (hindrance is Hindrance.NONE)


def test_a_loss_sold_tonight_by_an_earlier_account_is_what_keeps_a_later_one_from_buying() -> None:
    book = hindered(lot("A", 10_000, basis=30_000))
    written = replace(book, accounts=(*book.accounts, ira(rest(100_000))))
    assert name_line(written, "A", account=1).hindrance is Hindrance.WASHES


def test_the_worth_of_a_dollar_less_to_a_group_that_binds_is_named() -> None:
    free = name_line(overweight(0.1, 0.6), "A")
    bound = name_line(overweight(0.1, 0.6, at_most(0.08, "A", "B")), "A")
    assert free.bounds == pytest.approx(0.0, abs=1e-9)
    assert bound.bounds == pytest.approx(0.6 * 0.238 + 0.0005 + 2 * 50 * 0.04 * 0.02, rel=1e-4)  # what it costs to keep


def test_the_worth_of_cash_that_must_be_raised_is_the_price_of_the_lot_that_raises_it() -> None:
    accounts = (taxable(lot("A", 100_000, basis=40_000)),)
    written = WrittenBook({"A": Name()}, {"A": 1.0}, accounts, Steering(cash_target=0.05, risk_price=1e-6))
    assert name_line(written, "A").cash == pytest.approx(0.6 * 0.238, rel=1e-4)


def test_cash_that_must_stay_is_not_priced_in_dollars_that_nobody_could_save() -> None:
    accounts = (taxable(lot("A", 80_000, basis=40_000), cash=20_000),)
    written = WrittenBook({"A": Name()}, {"A": 1.0}, accounts, rules=(never_buy("A"),))
    line = lot_line(written, "A")
    assert abs(line.risk) < 1.0  # a dollar sold, a dollar at most
    assert "and cash or a bound that forbids it" in lot_words(line)


# --- accounts without a story -------------------------------------------------------------------------------------


def only_account(written: WrittenBook) -> AccountStory:
    (account,) = story_of(written).accounts
    return account


def test_trades_not_worth_making_are_told_as_not_proposed() -> None:
    written = overweight(0.3, 0.1, worth_it=1.0)
    account = only_account(written)
    assert not account.proposed
    assert account.te_after < account.te_before
    assert written.night().status is Status.HOLD


def test_an_account_that_does_not_trade_has_no_names() -> None:
    account = only_account(replace(overweight(0.3, 0.1), accounts=(held_away(taxable(rest(1_000))),)))
    assert account.night is None
    assert account.names == ()
    assert account.value == 1_000 * DOLLAR


def test_a_blocked_household_has_no_accounts() -> None:
    story = story_of(replace(overweight(0.3, 0.1), blocked=True))
    assert story.blocked
    assert story.accounts == ()


def test_a_household_outside_the_book_is_refused() -> None:
    with pytest.raises(IndexError, match=r"must lie within 0 \.\. 0"):
        explain_household(*overweight(0.3, 0.1).columns(), 1)
