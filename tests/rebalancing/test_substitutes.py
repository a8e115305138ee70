"""Named substitutes: bought where the security itself may not be, as far as the risk model says, and no further.

The golden figure is worked out by hand. A is a tenth of the model, of loading l and specific variance v; S has the same
loading and the specific variance u, and nothing else moves with them. With none of A, s of S costs
p (l^2 / 2 (s - 0.1)^2 + v 0.1^2 + u s^2), least at s = 0.1 l^2 / (l^2 + 2u): 0.08 for l^2 = 0.08 and u = 0.01.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.rebalancing.book import LotFlag, Substitutes
from lotwise.rebalancing.nearest_substitutes import nearest_first
from lotwise.rebalancing.proposal import Reason, Status
from tests.rebalancing.tenth_of_a import TENTH, TOLERANCE
from tests.rebalancing.written_book import (
    HeldAccount,
    Name,
    Night,
    WrittenBook,
    ira,
    lot,
    never_buy,
    rest,
    taxable,
)

LOADING = math.sqrt(0.08)
NAMES = {
    "A": Name(loading=LOADING),
    "S": Name(variance=0.01, loading=LOADING),
    "T": Name(variance=0.01, loading=LOADING),
}
GOLDEN = 0.08
DEEP = (lot("A", 10_000, basis=50_000), rest(90_000))
JOINT = pytest.mark.parametrize("joint", [False, True])


def household(*accounts: HeldAccount, joint: bool = False, named: tuple[str, ...] = ("S",)) -> WrittenBook:
    return WrittenBook(NAMES, TENTH, accounts, substitutes={"A": named}).steered(joint=joint)


def second(joint: bool) -> tuple[HeldAccount, ...]:
    """A second account, so that the household is solved as one portfolio; it is too small to matter."""
    return (ira(rest(0.01)),) if joint else ()


def reasons(night: Night, symbol: str) -> set[Reason]:
    trades = night.proposals.trades
    return {Reason(int(code)) for code in trades.reason[trades.security == night.written.position(symbol)]}


@JOINT
def test_what_is_sold_at_a_loss_is_replaced_by_its_substitute(joint: bool) -> None:
    night = household(taxable(*DEEP), *second(joint), joint=joint).night()
    assert night.sold("A") == pytest.approx(10_000)
    assert night.weight("S") == pytest.approx(GOLDEN, abs=1e-5)
    assert reasons(night, "S") == {Reason.SUBSTITUTE}
    trades = night.proposals.trades
    stands_for = trades.figure_1[trades.reason == Reason.SUBSTITUTE]
    assert stands_for.tolist() == [night.written.position("A")] * len(stands_for)


@JOINT
def test_what_a_window_bars_is_replaced(joint: bool) -> None:
    book = household(taxable(rest(100_000)), *second(joint), joint=joint)
    night = replace(book, loss_sales=(("A", 10),)).night()
    assert night.bought("A") == 0.0
    assert night.weight("S") == pytest.approx(GOLDEN, abs=1e-5)


@JOINT
@pytest.mark.parametrize("lots", [(), (lot("A", 5_000, basis=2_000),), (lot("A", 5_000, 9_000, 1000, LotFlag.KEPT),)])
def test_what_may_be_bought_itself_is_not_replaced(joint: bool, lots: tuple[object, ...]) -> None:
    held = tuple(each for each in lots)
    account = taxable(*held, rest(100_000 - 5_000 * len(held)))  # type: ignore[arg-type]
    night = household(account, *second(joint), joint=joint).night()
    assert night.bought("S") == 0
    assert night.weight("A") == pytest.approx(0.1, abs=TOLERANCE)


@JOINT
def test_a_restriction_bars_too(joint: bool) -> None:
    book = household(taxable(rest(100_000)), *second(joint), joint=joint)
    night = replace(book, rules=(never_buy("A"),)).night()
    assert night.weight("S") == pytest.approx(GOLDEN, abs=1e-5)


@JOINT
@pytest.mark.parametrize("reason", ["window", "restriction", "price"])
def test_of_several_the_first_that_may_be_bought_is(joint: bool, reason: str) -> None:
    book = household(taxable(rest(100_000)), *second(joint), joint=joint, named=("S", "T"))
    book = replace(book, loss_sales=(("A", 10),))
    assert book.night().bought("T") == 0.0
    assert book.night().weight("S") == pytest.approx(GOLDEN, abs=1e-5)
    if reason == "window":
        book = replace(book, loss_sales=(("A", 10), ("S", 10)))
    elif reason == "restriction":
        book = replace(book, rules=(never_buy("S"),))
    else:
        book = replace(book, names=NAMES | {"S": replace(NAMES["S"], tradable=False)})
    night = book.night()
    assert night.bought("S") == 0.0
    assert night.weight("T") == pytest.approx(GOLDEN, abs=1e-5)


@JOINT
def test_without_one_that_may_be_bought_the_model_does_what_it_can(joint: bool) -> None:
    book = household(taxable(rest(100_000)), *second(joint), joint=joint)
    night = replace(book, loss_sales=(("A", 10), ("S", 10))).night()
    assert night.status is Status.HOLD


@JOINT
def test_once_it_may_be_bought_again_the_way_back_is_a_trade_like_any_other(joint: bool) -> None:
    def back(basis: float) -> Night:
        return household(taxable(lot("S", 8_000, basis), rest(92_000)), *second(joint), joint=joint).night()

    free, taxed = back(8_000), back(1_000)
    assert free.weight("S") == pytest.approx(0.0, abs=1e-12)
    assert free.weight("A") == pytest.approx(0.1, abs=TOLERANCE)
    assert taxed.weight("S") > 0.05
    assert taxed.weight("A") < 0.07


def test_an_ira_holds_the_substitute_of_what_the_taxable_account_sells() -> None:
    accounts = (taxable(*DEEP), ira(rest(100_000)))
    for joint in (False, True):
        night = household(*accounts, joint=joint).night()
        assert night.sold("A") == pytest.approx(10_000)
        assert night.bought("A") == 0
        total = sum(night.weight("S", account) for account in (0, 1)) / 2
        assert total == pytest.approx(GOLDEN, abs=1e-5)


def test_a_substitute_that_the_model_wants_keeps_its_own_target() -> None:
    book = replace(household(taxable(rest(100_000))), model={"A": 0.1, "S": 0.1, "REST": 0.8})
    night = replace(book, loss_sales=(("A", 10),)).night()
    assert night.weight("S") == pytest.approx(0.1 + GOLDEN, abs=1e-5)
    assert reasons(night, "S") == {Reason.REBALANCE_BUY}


@given(thousandths=st.lists(st.integers(1, 200), min_size=3, max_size=6, unique=True), ranked=st.integers(0, 5))
def test_of_one_rank_the_one_with_the_least_risk_against_it_comes_first(thousandths: list[int], ranked: int) -> None:
    variances = [each / 1_000 for each in thousandths]
    names = {f"N{at}": Name(variance=variance, loading=LOADING) for at, variance in enumerate(variances)}
    _, market = WrittenBook({"A": Name(loading=LOADING), **names}, TENTH, (taxable(rest(1.0)),)).columns()
    first = min(ranked, len(variances) - 1)  # named before all others
    ranks = np.array([int(at != first) for at in range(len(variances))], np.int32)
    order = np.argsort(ranks, kind="stable")
    given_order = Substitutes(
        np.array([0, *[len(order)] * (len(order) + 2)]), (order + 1).astype(np.int32), ranks[order]
    )
    found = nearest_first(given_order, market, {}).security - 1
    rest_of_them = sorted(set(range(len(variances))) - {first}, key=lambda at: variances[at])
    assert found.tolist() == [first, *rest_of_them]


def test_a_fund_is_looked_through_where_its_holdings_are_known() -> None:
    """S holds A itself, T only resembles it: without look-through T, of less specific variance, is the nearer one."""
    names = {"A": Name(loading=LOADING), "S": Name(variance=0.02, loading=LOADING), "T": NAMES["T"]}
    _, market = WrittenBook(names, TENTH, (taxable(rest(1.0)),)).columns()
    named = Substitutes(np.array([0, 2, 2, 2, 2]), np.array([1, 2], np.int32), np.zeros(2, np.int32))
    assert nearest_first(named, market, {}).security.tolist() == [2, 1]
    lookthrough = {1: (np.array([0, 3]), np.array([0.9, 0.1]))}
    assert nearest_first(named, market, lookthrough).security.tolist() == [1, 2]
