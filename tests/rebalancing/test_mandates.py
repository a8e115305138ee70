"""What clients ask for: cash raised where it costs least, accounts closed, reserves kept, shortfalls named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lotwise.dates import NO_DATE
from lotwise.money import DOLLAR
from lotwise.rebalancing.book import RequestKind, Requests
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.mandates import DUE_DAYS, with_mandates
from lotwise.rebalancing.proposal import Cause, Status
from lotwise.rebalancing.rebalance import rebalance
from tests.rebalancing.tenth_of_a import as_one, several
from tests.rebalancing.written_book import AS_OF, Night, WrittenBook, ira, lot, never_sell, rest, roth, taxable


def asked(
    written: WrittenBook,
    kind: RequestKind,
    amount: float = 0.0,
    account: int = -1,
    by: int = AS_OF,
    reserve: float = 0.0,
) -> Night:
    """The night of a household that asks one thing, and keeps a reserve."""
    book, market = written.columns()
    requests = Requests(
        np.array([0, 1]),
        np.array([account], np.int32),
        np.array([kind], np.uint8),
        np.array([round(amount * DOLLAR)]),
        np.zeros(1, np.uint8),
        np.array([by], np.int32),
        np.array([NO_DATE], np.int32),
    )
    policies = book.policies._replace(cash_reserve=np.array([round(reserve * DOLLAR)]))
    book = with_mandates(book._replace(requests=requests, policies=policies), market)
    proposals = rebalance(book, market)
    assert len(verify(book, market, proposals).violations.rule) == 0
    return Night(written, book, market, proposals)


def cash_of(night: Night, account: int) -> float:
    """Dollars in cash after the trades."""
    return night.cash(account) * night.value(account)


TWO = (taxable(lot("A", 10_000), rest(90_000)), ira(lot("A", 10_000), rest(90_000)))


@pytest.mark.parametrize("joint", [True, False])
def test_cash_is_raised_in_the_account_that_is_asked(joint: bool) -> None:
    night = asked(as_one(*TWO, joint=joint), RequestKind.RAISE_CASH, 20_000, account=1)
    assert cash_of(night, 1) == pytest.approx(20_000, abs=1.0)
    assert cash_of(night, 0) == pytest.approx(0, abs=1.0)
    assert night.cause is Cause.CASH


def test_a_household_raises_cash_in_taxable_accounts_first() -> None:
    night = asked(as_one(*TWO), RequestKind.RAISE_CASH, 30_000)
    assert [cash_of(night, account) for account in (0, 1)] == pytest.approx([30_000, 0], abs=1.0)
    night = asked(as_one(*TWO), RequestKind.RAISE_CASH, 130_000)
    assert [cash_of(night, account) for account in (0, 1)] == pytest.approx([100_000, 30_000], abs=1.0)


def test_what_is_raised_comes_from_lots_without_tax_first() -> None:
    gaining = taxable(lot("A", 20_000, basis=2_000), rest(80_000))
    night = asked(as_one(gaining, ira(rest(100_000))), RequestKind.RAISE_CASH, 30_000, account=0)
    assert night.sold("A") < 3_000
    assert cash_of(night, 0) == pytest.approx(30_000, abs=1.0)


def test_cash_that_is_there_already_is_kept_rather_than_invested() -> None:
    written = as_one(taxable(lot("A", 20_000), rest(60_000), cash=20_000), ira(rest(100_000)))
    assert cash_of(written.night(), 0) == pytest.approx(0, abs=1.0)
    assert cash_of(asked(written, RequestKind.RAISE_CASH, 20_000, account=0), 0) == pytest.approx(20_000, abs=1.0)


def test_a_required_distribution_is_raised_in_traditional_accounts() -> None:
    written = as_one(taxable(rest(100_000)), ira(rest(100_000)), roth(rest(100_000)))
    night = asked(written, RequestKind.RMD, 4_000)
    assert [cash_of(night, account) for account in range(3)] == pytest.approx([0, 4_000, 0], abs=1.0)


@pytest.mark.parametrize(("days", "acts"), [(0, True), (DUE_DAYS, True), (DUE_DAYS + 1, False)])
def test_a_request_acts_when_its_day_is_near(days: int, acts: bool) -> None:
    night = asked(as_one(*TWO), RequestKind.RAISE_CASH, 20_000, account=0, by=AS_OF + days)
    assert (cash_of(night, 0) > 10_000) == acts


@pytest.mark.parametrize("joint", [True, False])
def test_an_account_that_is_closed_sells_all_it_has(joint: bool) -> None:
    night = asked(as_one(*TWO, joint=joint), RequestKind.CLOSE, account=0)
    assert night.cash(0) == pytest.approx(1.0, abs=1e-6)
    assert night.bought("A", account=0) == 0
    assert not night.relaxed


def test_what_cannot_be_sold_stays_in_an_account_that_is_closed_and_is_named() -> None:
    night = asked(as_one(*TWO, rules=(never_sell("A"),)), RequestKind.CLOSE, account=0)
    assert night.cash(0) == pytest.approx(0.9, abs=1e-6)
    ((source, required, reached),) = night.relaxed
    assert (source, required) == (-1, 1.0)
    assert reached == pytest.approx(0.9, abs=1e-6)


def test_cash_that_is_to_be_invested_leaves_the_band() -> None:
    written = as_one(taxable(rest(96_000), cash=4_000), ira(rest(96_000), cash=4_000), cash_target=0.04, cash_band=0.01)
    night = asked(written, RequestKind.INVEST_CASH, 3_000, account=0)
    assert cash_of(night, 0) <= 2_001
    assert cash_of(night, 1) >= 2_999


@pytest.mark.parametrize("joint", [True, False])
def test_a_reserve_is_kept_in_taxable_accounts(joint: bool) -> None:
    nothing = replace(as_one(*TWO, joint=joint))
    night = asked(nothing, RequestKind.RAISE_CASH, 0.0, reserve=15_000)
    assert [cash_of(night, account) for account in (0, 1)] == pytest.approx([15_000, 0], abs=1.0)


def test_more_than_there_is_is_raised_as_far_as_it_goes() -> None:
    night = asked(several(taxable(rest(10_000), lot("A", 10_000))), RequestKind.RAISE_CASH, 50_000, account=0)
    assert night.status is Status.PROPOSED
    assert night.cash(0) == pytest.approx(1.0, abs=1e-6)
