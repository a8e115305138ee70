"""Each rule of the exact checks: a proposal that keeps all of them, one thing changed, that one rule broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from lotwise.dates import NO_DATE
from lotwise.money import DOLLAR, SHARE
from lotwise.rebalancing.book import AccountKind, BookLabels, LotFlag, NameRule
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.proposal import Side, Status
from lotwise.rebalancing.violations import Rule, broken_households, phrase
from lotwise.securities.market import MarketLabels
from tests.rebalancing.checks_firm import (
    Account,
    Firm,
    Household,
    Line,
    Lot,
    Policy,
    Restriction,
    Security,
    as_book,
    as_market,
    as_proposals,
    figures_of,
    fill_figures,
)

TODAY = 20_000
SELL, BUY = int(Side.SELL), int(Side.BUY)


def the_firm() -> Firm:
    """Two households. Lines: 0 a long-term gain sold out, 1 part of a short-term loss, 2 a purchase, 3 in the IRA.

    Household 0 owns a taxable account and an IRA; household 1 does nothing.
    """
    securities = [
        Security(price=100 * DOLLAR, spread=2_000_000, identical=0),
        Security(price=50 * DOLLAR, spread=4_000_000, identical=1),
        Security(price=20 * DOLLAR, spread=1_000_000, identical=2),
        Security(price=10 * DOLLAR, spread=1_000_000, identical=3),
    ]
    taxable = Account(
        AccountKind.TAXABLE,
        cash=1_000 * DOLLAR,
        lots=[
            Lot(0, 10 * SHARE, 400 * DOLLAR, acquired=TODAY - 900, holding_start=TODAY - 900),
            Lot(1, 30 * SHARE, 2_500 * DOLLAR, acquired=TODAY - 90, holding_start=TODAY - 90),
            Lot(1, 10 * SHARE, 100 * DOLLAR, acquired=TODAY - 2000, holding_start=TODAY - 2000),
        ],
    )
    ira = Account(
        AccountKind.TRADITIONAL,
        cash=5_000 * DOLLAR,
        lots=[Lot(3, 500 * SHARE, 9_000 * DOLLAR, acquired=TODAY - 90, holding_start=TODAY - 90)],
    )
    other = Account(
        AccountKind.TAXABLE,
        cash=0,
        lots=[Lot(0, 5 * SHARE, 100 * DOLLAR, acquired=TODAY - 9, holding_start=TODAY - 9)],
    )
    households = [
        Household([taxable, ira], short_rate=408_000_000, long_rate=238_000_000),
        Household([other], short_rate=408_000_000, long_rate=238_000_000),
    ]
    firm = Firm(TODAY, securities, households, [Policy(100 * DOLLAR, fractional=False)], [[], []])
    firm.lines = [
        Line(0, 0, 0, 0, SELL, 10 * SHARE),
        Line(0, 0, 1, 1, SELL, 12 * SHARE),
        Line(0, 0, 2, -1, BUY, 80 * SHARE),
        Line(0, 1, 3, 3, SELL, 100 * SHARE),
    ]
    fill_figures(firm)
    return firm


def broken(firm: Firm) -> list[Rule]:
    found = verify(as_book(firm), as_market(firm), as_proposals(firm)).violations
    return [Rule(int(rule)) for rule in found.rule]


def test_a_proposal_that_keeps_all_rules_passes_with_its_figures_and_cash() -> None:
    firm = the_firm()
    checked = verify(as_book(firm), as_market(firm), as_proposals(firm))
    assert broken(firm) == []
    assert checked.cash_after.tolist() == [1_000 * DOLLAR, 6_000 * DOLLAR, 0]
    # 10 at $100 for a basis of $400, long: 23.8% of $600. 12 of 30 at $50, basis $1,000 of $2,500: 40.8% of -$400.
    assert [line.tax for line in firm.lines] == [1_428_000, -1_632_000, 0, 0]
    assert [line.cost for line in firm.lines] == [10_000, 12_000, 8_000, 5_000]


Change = Callable[[Firm], None]
CHANGES: dict[str, tuple[Rule, Change, bool]] = {}


def breaks(rule: Rule, *, figures_follow: bool = False) -> Callable[[Change], Change]:
    """Register a change that breaks one rule only; figures and totals may be worked out again after it."""

    def register(change: Change) -> Change:
        CHANGES[change.__name__] = (rule, change, figures_follow)
        return change

    return register


@breaks(Rule.REFERENCE)
def no_such_account(firm: Firm) -> None:
    firm.lines[0].account = 3


@breaks(Rule.REFERENCE)
def negative_account(firm: Firm) -> None:
    firm.lines[0].account = -1


@breaks(Rule.REFERENCE)
def account_of_another_household(firm: Firm) -> None:
    firm.lines[2].account = 2


@breaks(Rule.REFERENCE)
def no_such_security(firm: Firm) -> None:
    firm.lines[2].security = 4


@breaks(Rule.REFERENCE)
def lot_of_another_security(firm: Firm) -> None:
    firm.lines[0].lot = 1


@breaks(Rule.REFERENCE)
def lot_of_another_account(firm: Firm) -> None:
    firm.lines[0].lot = 4


@breaks(Rule.REFERENCE)
def purchase_with_a_lot(firm: Firm) -> None:
    firm.lines[2].lot = 0


@breaks(Rule.REFERENCE)
def no_such_side(firm: Firm) -> None:
    firm.lines[0].side = 2


@breaks(Rule.ORDER)
def accounts_out_of_order(firm: Firm) -> None:
    firm.lines.insert(0, firm.lines.pop())
    del firm.lines[2:]
    fill_figures(firm)


@breaks(Rule.SHARES)
def nothing_sold(firm: Firm) -> None:
    firm.lines[1].shares = 0


@breaks(Rule.SHARES)
def less_than_nothing_bought(firm: Firm) -> None:
    firm.lines[2].shares = -SHARE


@breaks(Rule.BLOCKED)
def household_refused(firm: Firm) -> None:
    firm.households[0].blocked = True


@breaks(Rule.HELD_AWAY)
def account_held_away(firm: Firm) -> None:
    firm.households[0].accounts[1].trades = False


@breaks(Rule.NO_PRICE, figures_follow=True)
def no_price(firm: Firm) -> None:
    firm.policies[0].minimum = 0
    firm.securities[3].price = 0


@breaks(Rule.UNTRADABLE)
def stale_price(firm: Firm) -> None:
    firm.securities[2].tradable = False


@breaks(Rule.UNKNOWN_TAX)
def basis_unknown(firm: Firm) -> None:
    firm.households[0].accounts[0].lots[0].flags |= int(LotFlag.UNKNOWN_TAX)


@breaks(Rule.UNKNOWN_TAX)
def date_unknown_though_not_flagged(firm: Firm) -> None:
    firm.households[0].accounts[0].lots[1].holding_start = int(NO_DATE)


@breaks(Rule.KEPT)
def lot_to_be_kept(firm: Firm) -> None:
    firm.households[0].accounts[1].lots[0].flags |= int(LotFlag.KEPT)


@breaks(Rule.REPEATED, figures_follow=True)
def two_lines_of_one_lot(firm: Firm) -> None:
    firm.lines[1].shares = 6 * SHARE
    firm.lines.insert(1, replace(firm.lines[1]))


@breaks(Rule.REPEATED, figures_follow=True)
def two_purchases_of_one_name(firm: Firm) -> None:
    firm.lines[2].shares = 40 * SHARE
    firm.lines.insert(2, replace(firm.lines[2]))


@breaks(Rule.OVERSOLD, figures_follow=True)
def more_sold_than_there_is(firm: Firm) -> None:
    firm.lines[1].shares = 31 * SHARE


@breaks(Rule.VALUE)
def value_off_by_one(firm: Firm) -> None:
    firm.lines[2].value += 1


@breaks(Rule.COST)
def cost_of_the_whole_spread(firm: Firm) -> None:
    firm.lines[3].cost *= 2


@breaks(Rule.BASIS)
def basis_of_the_whole_lot(firm: Firm) -> None:
    firm.lines[1].basis = 2_500 * DOLLAR


@breaks(Rule.BASIS)
def cost_basis_of_a_purchase(firm: Firm) -> None:
    firm.lines[2].basis += 1


@breaks(Rule.GAIN)
def gain_of_a_purchase(firm: Firm) -> None:
    firm.lines[2].gain = 1


@breaks(Rule.TERM)
def long_term_too_soon(firm: Firm) -> None:
    firm.lines[1].long_term = 1


@breaks(Rule.TAX)
def tax_at_the_other_rate(firm: Firm) -> None:
    firm.lines[0].tax = 6_000_000 * 408 // 1000


@breaks(Rule.TAX)
def tax_in_an_ira(firm: Firm) -> None:
    firm.lines[3].tax = -1


@breaks(Rule.SOLD_AND_BOUGHT, figures_follow=True)
def loss_bought_back_in_the_ira(firm: Firm) -> None:
    firm.lines.append(Line(0, 1, 1, -1, BUY, 2 * SHARE))


@breaks(Rule.SOLD_AND_BOUGHT, figures_follow=True)
def loss_replaced_by_an_identical_fund(firm: Firm) -> None:
    firm.securities[2].identical = firm.securities[1].identical


@breaks(Rule.BUY_BARRED)
def bought_thirty_days_after_a_loss(firm: Firm) -> None:
    firm.loss_sales.append((0, 2, TODAY - 30))


@breaks(Rule.LOSS_BARRED)
def loss_thirty_days_after_a_purchase(firm: Firm) -> None:
    firm.purchases.append((0, 1, TODAY - 30, SHARE))


@breaks(Rule.LOSS_BARRED)
def loss_of_a_fresh_lot_with_another_bought(firm: Firm) -> None:
    firm.households[0].accounts[0].lots[1].acquired = TODAY - 20
    firm.purchases += [(0, 1, TODAY - 20, 30 * SHARE), (0, 1, TODAY - 3, 1)]


@breaks(Rule.NO_BUY)
def never_buy(firm: Firm) -> None:
    firm.rule_sets[0].append(Restriction(2, flags=int(NameRule.NO_BUY)))


@breaks(Rule.NO_SELL)
def never_sell_in_this_account(firm: Firm) -> None:
    firm.rule_sets[0].append(Restriction(3, account=1, flags=int(NameRule.NO_SELL)))


@breaks(Rule.MAX_WEIGHT)
def bought_above_the_greatest_weight(firm: Firm) -> None:
    # The account is worth $4,000: 80 shares at $20 are 40%; one share and 0.01% above 39.4% would be 79.95 shares.
    firm.rule_sets[0].append(Restriction(2, high=0.394))


@breaks(Rule.BOTH_SIDES, figures_follow=True)
def bought_and_sold(firm: Firm) -> None:
    firm.lines.insert(1, Line(0, 0, 0, -1, BUY, 2 * SHARE))
    firm.lines[0].shares = 8 * SHARE


@breaks(Rule.WHOLE_SHARES, figures_follow=True)
def part_of_a_share(firm: Firm) -> None:
    firm.lines[2].shares -= 1


@breaks(Rule.MINIMUM_TRADE, figures_follow=True)
def below_the_minimum_trade(firm: Firm) -> None:
    firm.lines[3].shares = 9 * SHARE


@breaks(Rule.CASH, figures_follow=True)
def more_bought_than_there_is_cash(firm: Firm) -> None:
    firm.lines[2].shares = 131 * SHARE  # $2,620 against $1,000 and sales of $1,600


@breaks(Rule.STATUS)
def trades_of_a_household_that_holds(firm: Firm) -> None:
    firm.outcomes[0].status = int(Status.HOLD)


@breaks(Rule.STATUS)
def proposed_without_trades(firm: Firm) -> None:
    firm.outcomes[1].status = int(Status.PROPOSED)


@breaks(Rule.TOTAL_TAX)
def tax_of_a_household_that_holds(firm: Firm) -> None:
    firm.outcomes[1].tax = 1


@breaks(Rule.TOTAL_COST)
def cost_of_the_household(firm: Firm) -> None:
    firm.outcomes[0].cost -= 1


@breaks(Rule.TOTAL_TRADES)
def number_of_trades(firm: Firm) -> None:
    firm.outcomes[0].trades = 3


@pytest.mark.parametrize("name", CHANGES)
def test_one_change_breaks_one_rule(name: str) -> None:
    rule, change, figures_follow = CHANGES[name]
    firm = the_firm()
    change(firm)
    if figures_follow:
        fill_figures(firm)
    assert broken(firm) == [rule]


def test_every_rule_is_broken_by_some_change() -> None:
    assert {rule for rule, _, _ in CHANGES.values()} == set(Rule)


def test_a_line_of_no_household_is_missing_in_the_sums_of_its_account_s_household() -> None:
    firm = the_firm()
    firm.lines[0].household = 2
    totals = [Rule.TOTAL_TAX, Rule.TOTAL_COST, Rule.TOTAL_TRADES]
    assert broken(firm) == [Rule.REFERENCE, *totals]


def keep_the_rules(firm: Firm) -> list[Rule]:
    fill_figures(firm)
    return broken(firm)


def test_what_stands_just_inside_the_rules_passes() -> None:
    firm = the_firm()
    firm.loss_sales.append((0, 2, TODAY - 31))  # the window of a loss closed yesterday
    firm.purchases.append((0, 1, TODAY - 31, SHARE))
    firm.loss_sales.append((1, 2, TODAY))  # another household's
    firm.purchases.append((0, 3, TODAY, SHARE))  # a loss in an IRA is no loss
    firm.rule_sets[0].append(Restriction(2, high=0.395))  # within a share of 40%
    firm.rule_sets[0].append(Restriction(3, account=0, flags=3))  # another account's
    firm.rule_sets[1].append(Restriction(0, flags=3))  # another set
    firm.lines[2].shares = 130 * SHARE  # the last dollar
    firm.rule_sets[0][0].high = 0.65
    assert keep_the_rules(firm) == []


def test_the_very_lot_bought_may_be_sold_at_a_loss() -> None:
    firm = the_firm()
    firm.households[0].accounts[0].lots[1].acquired = TODAY - 20
    firm.purchases.append((0, 1, TODAY - 20, 30 * SHARE))
    assert keep_the_rules(firm) == []
    firm.households[0].accounts[0].lots[1].flags = 0  # not a purchase: then those 30 shares were bought elsewhere
    assert keep_the_rules(firm) == [Rule.LOSS_BARRED]


def test_a_position_may_be_closed_below_the_minimum_and_in_fractions() -> None:
    firm = the_firm()
    firm.households[0].accounts[1].lots[0].shares = 3 * SHARE + 5
    firm.lines[3].shares = 3 * SHARE + 5
    assert keep_the_rules(firm) == []


def test_in_an_ira_a_lot_of_unknown_date_may_be_sold_and_counts_as_short_term() -> None:
    firm = the_firm()
    firm.households[0].accounts[1].lots[0].holding_start = int(NO_DATE)
    assert keep_the_rules(firm) == []
    assert firm.lines[3].long_term == 0


def test_an_overdrawn_account_may_stay_overdrawn_but_not_more() -> None:
    firm = the_firm()
    firm.households[0].accounts[0].cash = -10 * DOLLAR
    firm.lines[2].shares = 80 * SHARE
    assert keep_the_rules(firm) == []
    firm.lines[2].shares = 81 * SHARE
    assert keep_the_rules(firm) == [Rule.CASH]


def test_a_value_beyond_64_bits_is_wrong_whatever_the_line_says() -> None:
    firm = the_firm()
    firm.lines = [Line(0, 0, 2, -1, BUY, 2**62)]
    firm.outcomes[0].trades, firm.outcomes[0].tax, firm.outcomes[0].cost = 1, 0, 0
    firm.securities[2].price = 2**62
    assert Rule.VALUE in broken(firm)


def test_more_violations_than_there_is_room_for_at_first_are_all_reported() -> None:
    firm = the_firm()
    firm.lines = [replace(firm.lines[0], household=7) for _ in range(200)]
    for outcome in firm.outcomes:
        outcome.status, outcome.tax, outcome.cost, outcome.trades = int(Status.HOLD), 0, 0, 0
    found = verify(as_book(firm), as_market(firm), as_proposals(firm)).violations
    assert found.trade.tolist() == list(range(200))
    assert set(found.household.tolist()) == {-1}


def test_broken_households_are_those_named() -> None:
    firm = the_firm()
    firm.outcomes[1].tax = 1
    firm.lines[0].household = 9
    found = verify(as_book(firm), as_market(firm), as_proposals(firm)).violations
    assert broken_households(found, 2).tolist() == [True, True]  # 0 misses the line that names household 9
    assert broken_households(found, 2).dtype == np.bool_


def test_an_empty_book_has_nothing_to_verify() -> None:
    firm = Firm(TODAY, the_firm().securities, [], [Policy(0, fractional=False)], [[]])
    assert broken(firm) == []


def test_columns_of_different_lengths_are_a_bug() -> None:
    firm = the_firm()
    proposals = as_proposals(firm)
    short = proposals._replace(trades=proposals.trades._replace(tax=proposals.trades.tax[:1]))
    with pytest.raises(ValueError, match="column tax of trades must have 4 rows, had 1"):
        verify(as_book(firm), as_market(firm), short)


def test_a_violation_in_words() -> None:
    firm = the_firm()
    firm.lines[1] = figures_of(firm, replace(firm.lines[1], shares=31 * SHARE))
    firm.outcomes[0].trades = 5
    found = verify(as_book(firm), as_market(firm), as_proposals(firm)).violations
    labels = BookLabels(
        households=np.array(["H-1", "H-2"]),
        accounts=np.array(["A-1", "A-2", "A-3"]),
        lots=pl.Series(["L-1", "L-2", "L-3", "L-4", "L-5"]),
        models=(),
        groups=(),
        restrictions=(),
    )
    symbols = MarketLabels(("AAA", "BBB", "CCC", "DDD"), *(("",) * 4 for _ in range(4)))
    said = [phrase(found, row, labels, symbols) for row in range(found.rule.size)]
    assert said[0] == (
        "household H-1, account A-1, BBB, lot L-2: must not sell more of a lot than there is; sold 1 shares too many"
    )
    assert said[-1] == "household H-1: the household's number of trades must be right; was off by 1"
    firm.lines[0].household = 9
    found = verify(as_book(firm), as_market(firm), as_proposals(firm)).violations
    assert phrase(found, 0, labels, symbols).startswith("trade 0: must name a household, account, security")
    firm.lines[0].household = 0
    for rule in Rule:
        one = found._replace(rule=np.full(found.rule.size, rule, dtype=np.uint8))
        assert "; " in phrase(one, 0, labels, symbols)
