"""What a place costs, worked by hand: tax drag by kind of account, preferences on top, years of both."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.kernels import kernel
from lotwise.rebalancing.book import AccountKind, Book, Preferences
from lotwise.rebalancing.location_costs import hold_cost, yearly_drag
from lotwise.securities.market import Market
from tests.rebalancing.written_book import Name, WrittenBook, taxable

STOCK, BOND, FUND = 0, 1, 2
ORDINARY, QUALIFIED, LONG = 0.408, 0.238, 0.238


def written(years: float = 1.0) -> tuple[Book, Market]:
    """A stock that yields 2%, qualified; a bond that yields 5%; a fund that yields 3%, half of it, and pays out 4%."""
    names = {"A": Name(), "B": Name(), "C": Name()}
    book, market = WrittenBook(names, {"A": 1.0}, (taxable(cash=1_000.0),)).steered(location_years=years).columns()
    market = market._replace(
        asset_class=np.array([1, 2, 1, 0], np.int32),
        dividend_yield=np.array([0.02, 0.05, 0.03, 0.0]),
        qualified_share=np.array([1.0, 0.0, 0.5, 0.0]),
        gain_distribution=np.array([0.0, 0.0, 0.04, 0.0]),
    )
    cost = np.zeros((2, 3, 3))
    cost[1, 2, AccountKind.ROTH] = 0.0010  # bonds not in the Roth account: 10 bp a year
    cost[1, 2, AccountKind.TAXABLE] = -0.0300
    return book._replace(preferences=Preferences(cost)), market


@kernel
def compiled(book: Book, market: Market, household: int, security: int, kind: int) -> float:
    return hold_cost(book, market, household, security, kind)


def with_preferences(book: Book) -> Book:
    return book._replace(policies=book.policies._replace(preferences=np.ones(1, np.int32)))


@pytest.mark.parametrize(
    ("security", "cost"),
    [
        (STOCK, 0.02 * 0.238),
        (BOND, 0.05 * 0.408),
        (FUND, 0.03 * (0.5 * 0.238 + 0.5 * 0.408) + 0.04 * 0.238),
    ],
)
def test_a_taxable_account_pays_tax_on_what_is_paid_out(security: int, cost: float) -> None:
    book, market = written()
    assert hold_cost(book, market, 0, security, AccountKind.TAXABLE) == pytest.approx(cost, rel=1e-12)


def test_each_kind_of_payment_has_its_own_rate() -> None:
    book, market = written()
    households = book.households._replace(
        ordinary_rate=np.array([500_000_000]), qualified_rate=np.array([100_000_000]), long_rate=np.array([200_000_000])
    )
    found = hold_cost(book._replace(households=households), market, 0, FUND, AccountKind.TAXABLE)
    assert found == pytest.approx(0.03 * (0.5 * 0.1 + 0.5 * 0.5) + 0.04 * 0.2, rel=1e-12)


@pytest.mark.parametrize("kind", [AccountKind.TRADITIONAL, AccountKind.ROTH])
def test_retirement_accounts_pay_none(kind: AccountKind) -> None:
    book, market = written()
    assert [hold_cost(book, market, 0, security, kind) for security in (STOCK, BOND, FUND)] == [0.0, 0.0, 0.0]


def test_preferences_come_on_top_and_may_outweigh_the_tax() -> None:
    book, market = written()
    book = with_preferences(book)
    found = [hold_cost(book, market, 0, BOND, kind) for kind in AccountKind]
    assert found == pytest.approx([0.0204 - 0.03, 0.0, 0.001], rel=1e-12)
    assert hold_cost(book, market, 0, STOCK, AccountKind.ROTH) == 0.0


def test_years_multiply_all_of_it_and_none_is_nothing() -> None:
    one, ten, none = (with_preferences(written(years)[0]) for years in (1.0, 10.0, 0.0))
    market = written()[1]
    for kind in AccountKind:
        cost = hold_cost(one, market, 0, BOND, kind)
        assert hold_cost(ten, market, 0, BOND, kind) == pytest.approx(10 * cost, rel=1e-12)
        assert hold_cost(none, market, 0, BOND, kind) == 0.0


def test_a_security_without_an_asset_class_meets_no_preference() -> None:
    book, market = written()
    unclassed = market._replace(asset_class=np.zeros(4, np.int32))
    assert hold_cost(with_preferences(book), unclassed, 0, BOND, AccountKind.ROTH) == 0.0


def test_compiled_it_is_the_same() -> None:
    book, market = written(3.0)
    book = with_preferences(book)
    for security in (STOCK, BOND, FUND):
        for kind in AccountKind:
            found = compiled(book, market, 0, security, int(kind))
            assert found == hold_cost(book, market, 0, security, kind)


def test_drag_is_linear_in_each_payment() -> None:
    rates = (ORDINARY, QUALIFIED, LONG)
    parts = yearly_drag((0.03, 0.25, 0.0), rates) + yearly_drag((0.0, 0.25, 0.02), rates)
    assert yearly_drag((0.03, 0.25, 0.02), rates) == pytest.approx(parts, rel=1e-12)
