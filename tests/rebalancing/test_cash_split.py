"""Cash that is asked of a household is raised where it costs least, against every split on a grid."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import NO_DATE
from lotwise.money import DOLLAR
from lotwise.rebalancing.book import AccountKind, Book, RequestKind, Requests
from lotwise.rebalancing.cash_split import split_cash, with_split_cash
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.mandates import with_mandates
from lotwise.rebalancing.rebalance import rebalance
from lotwise.securities.market import Market
from tests.rebalancing.test_as_one_portfolio import crowd
from tests.rebalancing.written_book import (
    AS_OF,
    Name,
    Rule,
    WrittenBook,
    ira,
    lot,
    never_sell,
    rest,
    roth,
    taxable,
)


def asking(
    written: WrittenBook,
    *asked: tuple[RequestKind, float, int],
    reserve: float = 0.0,
    cost: float = 0.34,
) -> tuple[Book, Market]:
    """A household that asks so many dollars of an account (-1: of itself); a withdrawal costs 34 cents a dollar."""
    book, market = written.columns()
    count = len(asked)
    requests = Requests(
        np.array([0, count]),
        np.array([account for _, _, account in asked], np.int32),
        np.array([kind for kind, _, _ in asked], np.uint8),
        np.array([round(amount * DOLLAR) for _, amount, _ in asked], np.int64),
        np.zeros(count, np.uint8),
        np.full(count, AS_OF, np.int32),
        np.full(count, NO_DATE, np.int32),
    )
    policies = book.policies._replace(cash_reserve=np.array([round(reserve * DOLLAR)]))
    households = book.households._replace(withdrawal_cost=np.array([cost]))
    return with_mandates(book._replace(requests=requests, policies=policies, households=households), market), market


RAISE, RMD = RequestKind.RAISE_CASH, RequestKind.RMD


def split(book: Book, market: Market) -> list[float]:
    """Dollars that each account is asked for."""
    return [float(each) / DOLLAR for each in split_cash(book, market).wanted]


def gaining(gain: float, **steering: float) -> WrittenBook:
    """A taxable account all of A at a gain of so many cents a dollar, and an IRA and a Roth account of REST."""
    accounts = (taxable(lot("A", 100_000, basis=100_000 * (1 - gain))), ira(rest(100_000)), roth(rest(100_000)))
    return WrittenBook({"A": Name()}, {"A": 1 / 3, "REST": 2 / 3}, accounts).steered(**steering)


def test_without_a_reason_taxable_accounts_pay() -> None:
    written = gaining(0.0)
    assert split(*asking(written, (RAISE, 30_000, -1))) == pytest.approx([30_000, 0, 0], abs=0.01)


def test_a_dear_gain_is_not_realised_where_withdrawals_are_free() -> None:
    """A is near its target: a dollar sold costs 0.238 x 0.9 = 21 cents, one of the IRA what is said; Roth is last."""
    written = gaining(0.9)
    free = split(*asking(written, (RAISE, 30_000, -1), cost=0.0))
    assert free == pytest.approx([0, 30_000, 0], abs=0.01)
    dear = split(*asking(written, (RAISE, 30_000, -1), cost=0.34))
    assert dear == pytest.approx([30_000, 0, 0], abs=0.01)


def test_roth_accounts_pay_when_the_traditional_have_nothing_left() -> None:
    accounts = (taxable(lot("A", 100_000, basis=10_000)), ira(rest(20_000)), roth(rest(180_000)))
    written = replace(gaining(0.9), accounts=accounts)
    assert split(*asking(written, (RAISE, 30_000, -1), cost=0.0)) == pytest.approx([0, 20_000, 10_000], abs=0.01)


def test_the_account_whose_names_are_too_much_pays() -> None:
    """Two taxable accounts without gains: REST is at its target, A is 10% above; the account that holds it pays."""
    accounts = (taxable(lot("A", 30_000)), taxable(rest(70_000)))
    written = WrittenBook({"A": Name(spread_bps=20)}, {"A": 0.2, "REST": 0.8}, accounts)
    rests = replace(never_sell("REST"))
    paid = split(*asking(replace(written, rules=(rests,)), (RAISE, 10_000, -1)))
    assert paid == pytest.approx([10_000, 0], abs=0.01)


def test_a_distribution_is_split_among_traditional_accounts() -> None:
    """One IRA is all of A, whose spread is 2%, the other of REST: that one pays, and no other account.

    What is left of 200,000 makes the target of A 25% x 96%, which is what is held.
    """
    accounts = (taxable(rest(102_000)), ira(lot("A", 48_000)), ira(rest(50_000)))
    written = WrittenBook({"A": Name(spread_bps=200)}, {"A": 0.25, "REST": 0.75}, accounts)
    assert split(*asking(written, (RMD, 8_000, -1))) == pytest.approx([0, 0, 8_000], abs=0.01)


def test_a_reserve_and_a_request_are_asked_together() -> None:
    book, market = asking(gaining(0.0), (RAISE, 12_345.67, -1), (RAISE, 1_000, 1), reserve=500.0)
    assert split(book, market) == pytest.approx([12_845.67, 1_000, 0], abs=1e-9)


def test_what_is_asked_of_one_account_stays_there_and_nothing_is_decided() -> None:
    book, market = asking(gaining(0.9), (RAISE, 30_000, 0), cost=0.0)
    found = split_cash(book, market)
    assert found.decided.size == 0
    assert found.wanted.tolist() == book.accounts.cash_wanted.tolist()


def test_accounts_by_themselves_keep_the_order_of_kinds() -> None:
    book, market = asking(gaining(0.9, joint=False), (RAISE, 30_000, -1), cost=0.0)
    assert split_cash(book, market).decided.size == 0
    assert split(book, market) == pytest.approx([30_000, 0, 0], abs=0.01)


def test_what_cannot_be_had_where_it_costs_least_is_asked_of_the_others() -> None:
    """Nothing of the taxable account may be sold: 20,000 come from the IRA though they cost 34 cents a dollar."""
    rule = Rule(("A",), never_sell("A").flags)
    book, market = asking(replace(gaining(0.0), rules=(rule,)), (RAISE, 20_000, -1))
    assert split(book, market) == pytest.approx([0, 20_000, 0], abs=0.01)


def test_after_tax_the_amount_is_asked_in_dollars_before_tax() -> None:
    accounts = (taxable(lot("A", 30_000, basis=3_000)), ira(rest(100_000)))
    written = replace(gaining(0.9), accounts=accounts, deferred=0.6)
    assert split(*asking(written, (RAISE, 10_000, -1), cost=0.0)) == pytest.approx([0, 10_000], abs=0.01)


def cost_of(book: Book, market: Market, wanted: tuple[float, ...]) -> float:
    """The objective of a night in which accounts are asked for so many dollars, and what paying them out costs, bp."""
    asked = np.array([round(each * DOLLAR) for each in wanted], np.int64)
    night = rebalance(book._replace(accounts=book.accounts._replace(cash_wanted=asked)), market)
    value = float(night.outcomes.value[0]) / DOLLAR
    price = {AccountKind.TAXABLE: 0.0, AccountKind.TRADITIONAL: float(book.households.withdrawal_cost[0])}
    price[AccountKind.ROTH] = price[AccountKind.TRADITIONAL] + 1e-3
    paid = sum(price[AccountKind(kind)] * each for kind, each in zip(book.accounts.kind, wanted, strict=True))
    # what is short of what was asked for is no better split
    short = sum(float(abs(required - reached)) for required, reached in zip(*night.relaxations[3:5], strict=True))
    results = night.accounts.objective[book.accounts.trades]
    return float(results[0]) * 1e4 + paid / value * 1e4 + (1e6 * short if short > 1e-5 else 0.0)


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.05, 0.34]), st.floats(0.02, 0.3))
def test_no_split_on_a_grid_is_better(seed: int, cost: float, part: float) -> None:
    """To a tenth of a basis point, over splits in tenths of the amount."""
    written = replace(crowd(seed), rules=()).steered(worth_it=-1.0, cash_target=0.0, cash_band=0.0)
    trading = [row for row, account in enumerate(written.accounts) if account.trades]
    amount = round(part * sum(written.value_of(row) for row in trading), 2)
    book, market = asking(written, (RAISE, amount, -1), cost=cost)
    if len(trading) < 2:
        return
    found = split(book, market)
    assert sum(found) == pytest.approx(amount, abs=1e-4)
    assert all(found[row] == 0 for row in range(len(found)) if row not in trading)
    best = cost_of(book, market, tuple(found))
    tenths = 5 if len(trading) > 2 else 10
    for shares in product(range(tenths + 1), repeat=len(trading) - 1):
        if sum(shares) > tenths:
            continue
        paid = [0.0] * len(found)
        for row, share in zip(trading, (*shares, tenths - sum(shares)), strict=True):
            paid[row] = amount * share / tenths
        if all(each <= written.value_of(row) for row, each in enumerate(paid)):
            assert best <= cost_of(book, market, tuple(paid)) + 0.1


@given(st.integers(0, 10_000))
def test_what_follows_passes_the_exact_checks_and_does_not_depend_on_ranges(seed: int) -> None:
    written = crowd(seed)
    book, market = asking(written, (RAISE, 3_000, -1), (RMD, 500, -1), reserve=400.0)
    decided = with_split_cash(book, market)
    assert decided.accounts.cash_wanted.sum() == book.accounts.cash_wanted.sum()
    proposals = rebalance(decided, market)
    assert len(verify(decided, market, proposals).violations.rule) == 0
    assert with_split_cash(decided, market).accounts.cash_wanted.tolist() == decided.accounts.cash_wanted.tolist()
