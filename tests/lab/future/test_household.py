"""What of a household is carried over into a cohort, what is said to be left out, and that its rules hold on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from lotwise.dates import from_day_number, to_day_number
from lotwise.households.accounts import AccountKind
from lotwise.interchange.firm_folder import Firm
from lotwise.lab.cohorts.circumstances import tables_of
from lotwise.lab.cohorts.clients import part_of
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.replay import LiveSettings, live
from lotwise.lab.cohorts.taxes import Taxes
from lotwise.lab.future.household import CarriedOver, carried_over
from lotwise.lab.future.model import model_from_today
from lotwise.lab.future.prices import Future, RiskOfToday, prices_to_come
from lotwise.lab.future.ways import ways_of
from lotwise.ledger.events import EventKind
from lotwise.money import DOLLAR, SHARE
from tests.lab.future.family_firm import told_family

OWN = 1  # the policy of the own profile


@pytest.fixture(scope="module")
def firm() -> Firm:
    return told_family()


def carried(firm: Firm, household: int, policies: int = 2) -> CarriedOver:
    profile = firm.profiles[firm.book.households.policy[household]]
    return carried_over(firm, household, ways_of(profile)[:policies], model_from_today(firm, household)[0])


def test_accounts_lots_and_cash_are_there_once_for_each_policy(firm: Firm) -> None:
    cohort, _, value = carried(firm, 0)
    assert cohort.account_start.tolist() == [0, 2, 4]
    assert cohort.kind.tolist() == [AccountKind.TAXABLE, AccountKind.TRADITIONAL] * 2
    assert cohort.opening.tolist() == [1_000 * DOLLAR, 500 * DOLLAR] * 2
    assert cohort.said is not None
    lots = cohort.said.lots
    assert lots["account"].tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]
    one = lots[:5]
    assert one["basis"].tolist() == [each * DOLLAR for each in (20_000, 21_000, 15_000, 10_000, 10_000)]
    assert one["shares"].tolist() == [each * SHARE for each in (500, 200, 200, 300, 200)]
    assert from_day_number(int(one["acquired"][1])) == date(2024, 1, 2)
    assert one["kept"].tolist() == [True, False, False, False, False]
    assert value == pytest.approx(100 * (500 + 200 + 200 + 300 + 200) + 1_500)


def test_what_cannot_be_carried_over_is_said(firm: Firm) -> None:
    said = "; ".join(carried(firm, 0).left_out)
    assert "account W, held away" in said
    assert "1 lot without basis or date, $10,000: they are never sold" in said
    assert "its fee, which is not known" in said
    assert "changes of the model" in said
    assert "held away" not in "; ".join(carried(firm, 1).left_out)


def test_the_tax_year_goes_on_as_it_was(firm: Firm) -> None:
    """Gains outside recur, those of this year's sales do not; losses are carried in, with the accounts and without."""
    cohort = carried(firm, 0).cohort
    taxes = Taxes(cohort, 2026, 3)
    assert taxes.carried.long.tolist() == [50_000 * DOLLAR] * 2
    this_year, next_year = taxes.blank(2026), taxes.blank(2027)
    assert this_year["long_gains"].tolist() == [11_000 * DOLLAR] * 2
    assert next_year["long_gains"].tolist() == [7_000 * DOLLAR] * 2
    gains = np.zeros((3, 2, 5), np.int64)
    gains[0, 1, 1] = 30_000 * DOLLAR  # the second realises 30,000 more: all of it is offset by what is carried in
    taxes.close(2027, gains)
    assert taxes.owed[0].tolist() == [0, 0]
    # What is left: 50,000 - 11,000 - 3,000 of other income, and of the second 30,000 less.
    assert taxes.carried.long.tolist() == [36_000 * DOLLAR, 6_000 * DOLLAR]


def test_rules_are_those_of_its_own_accounts_in_every_part(firm: Firm) -> None:
    cohort = carried(firm, 0).cohort
    assert cohort.said is not None
    assert cohort.said.rules.name_start.tolist() == [0, 1, 2]
    assert cohort.said.rules.name_account.tolist() == [0, 2]
    second = part_of(cohort, 1, 2)
    assert second.said is not None
    assert second.said.rules.name_start.tolist() == [0, 1]
    assert second.said.rules.name_account.tolist() == [0]
    assert second.said.lots["account"].tolist() == [0, 0, 0, 1, 1]


def lived(firm: Firm, household: int, days: int) -> Lived:
    cohort = carried(firm, household).cohort
    panel = prices_to_come(firm.market, firm.market_labels, Future(years=1, growth=0.0), 0)
    return live(cohort, panel, RiskOfToday(firm.market), LiveSettings(last=days, keeps_lines=True))


@pytest.fixture(scope="module")
def second(firm: Firm) -> Lived:
    return lived(firm, 1, 60)


def test_a_name_sold_at_a_loss_is_not_bought_back_before_its_window_ends(firm: Firm, second: Lived) -> None:
    ccc = firm.market_labels.symbols.index("CCC")
    assert second.trades is not None
    bought = second.trades[(second.trades["kind"] == EventKind.BUY) & (second.trades["security"] == ccc)]
    own = bought[bought["account"] == OWN]
    first = to_day_number(date(2026, 12, 11))  # the 31st day after 2026-11-10
    assert own.size > 0
    assert own["day"].min() >= first
    # What was lost then is in the year's gains already; what bars the name counts for nothing.
    assert abs(second.gains[0, OWN, 3:].sum()) < DOLLAR or second.gains[0, OWN, 3:].sum() < 0


def test_a_restriction_holds_to_the_end_and_the_ordinary_rule_knows_none(firm: Firm, second: Lived) -> None:
    aaa = firm.market_labels.symbols.index("AAA")
    assert second.trades is not None
    sold = second.trades[np.isin(second.trades["kind"], (EventKind.SELL,)) & (second.trades["security"] == aaa)]
    assert OWN not in sold["account"].tolist()
    assert 0 in sold["account"].tolist()


def test_a_rule_waits_for_its_date_with_what_was_brought(second: Lived) -> None:
    assert second.trades is not None
    trades = second.trades[np.isin(second.trades["kind"], (EventKind.BUY, EventKind.SELL))]
    ordinary = trades[(trades["account"] == 0) & (trades["shares"] != SHARE)]
    days = {from_day_number(int(day)) for day in ordinary["day"]}
    assert date(2026, 12, 31) in days
    assert all(day >= date(2026, 12, 31) for day in (from_day_number(int(d)) for d in _sold(ordinary)))


def _sold(trades: np.ndarray) -> list[int]:
    days: list[int] = trades["day"][trades["kind"] == EventKind.SELL].tolist()
    return days


def test_kept_lots_are_held_and_an_account_is_spared_what_it_may_not_buy(firm: Firm) -> None:
    life = lived(firm, 0, 40)
    symbols = firm.market_labels.symbols
    own = life.lots[life.lots["account"] == 2]
    old = own[(own["security"] == symbols.index("AAA")) & (own["acquired"] == to_day_number(date(2020, 1, 2)))]
    assert old["shares"].tolist() == [500 * SHARE]
    assert symbols.index("DDD") not in own["security"].tolist()
    assert symbols.index("DDD") in life.lots["security"][life.lots["account"] == 3].tolist()  # in the IRA it may be


def test_who_holds_nothing_is_refused(firm: Firm) -> None:
    book = firm.book
    empty = book.lots._replace(shares=np.zeros_like(book.lots.shares))
    cash = book.accounts._replace(cash=np.zeros_like(book.accounts.cash))
    with pytest.raises(ValueError, match="household H2 must hold something of worth, had nothing"):
        carried(replace(firm, book=book._replace(lots=empty, accounts=cash)), 1)


def test_what_lies_between_columns_is_no_part_of_a_fingerprint(firm: Firm) -> None:
    said = carried(firm, 0).cohort.said
    assert said is not None
    other = said.lots.copy()
    other.view(np.uint8)[:] = 255
    for name in other.dtype.names or ():
        other[name] = said.lots[name]
    assert other.tobytes() != said.lots.tobytes()
    one, two = (tables_of(each) for each in (said, said._replace(lots=other)))
    assert [each.tobytes() for each in one] == [each.tobytes() for each in two]
