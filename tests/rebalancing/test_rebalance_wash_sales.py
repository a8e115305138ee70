"""Wash sales of a night: what the past and the other accounts bar, each with the day or name that bars nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lotwise.rebalancing.book import LotFlag
from lotwise.rebalancing.proposal import Status
from tests.rebalancing.tenth_of_a import LOSING, ON_TARGET, one, several
from tests.rebalancing.written_book import (
    REST,
    AccountOf,
    Name,
    WrittenBook,
    held_away,
    ira,
    lot,
    rest,
    roth,
    taxable,
)


@pytest.mark.parametrize("later", [ira, roth, taxable])
def test_a_name_sold_at_a_loss_tonight_is_bought_in_no_later_account(later: AccountOf) -> None:
    night = several(taxable(*LOSING), later(rest(100_000))).night()
    assert night.sold("A", account=0) == pytest.approx(10_000)
    assert night.bought("A") == 0


@pytest.mark.parametrize("later", [ira, roth, taxable])
def test_a_name_sold_without_a_loss_is_bought_in_a_later_account(later: AccountOf) -> None:
    too_much = (lot("A", 20_000), rest(80_000))
    night = several(taxable(*too_much), later(rest(100_000))).night()
    assert night.sold("A", account=0) == pytest.approx(10_000)
    assert night.bought("A", account=1) == pytest.approx(10_000)


def test_a_purchase_in_an_earlier_account_bars_the_loss_of_a_later_one() -> None:
    night = several(taxable(rest(90_000), cash=10_000), taxable(*LOSING)).night()
    assert night.bought("A", account=0) == pytest.approx(10_000)
    assert night.sold("A", account=1) == 0


def test_without_a_purchase_the_loss_of_the_later_account_is_sold() -> None:
    night = several(taxable(*ON_TARGET), taxable(*LOSING)).night()
    assert night.sold("A", account=1) == pytest.approx(10_000)


def test_a_purchase_of_the_twin_bars_the_loss_too() -> None:
    book = several(taxable(rest(90_000), cash=10_000), taxable(*LOSING))
    night = replace(book, model={"TWIN": 0.1, REST: 0.9}).night()
    assert night.bought("TWIN", account=0) == pytest.approx(10_000)
    assert night.sold("A", account=1) == 0


@pytest.mark.parametrize("account", [taxable, ira, roth])
@pytest.mark.parametrize(("sold", "wanted"), [("A", "A"), ("A", "TWIN"), ("TWIN", "A")])
@pytest.mark.parametrize(("days", "may_buy"), [(0, False), (10, False), (30, False), (31, True)])
def test_a_loss_sold_in_the_last_thirty_days_bars_buying_the_name_and_its_twin(
    account: AccountOf, sold: str, wanted: str, days: int, may_buy: bool
) -> None:
    book = several(account(rest(90_000), cash=10_000))
    book = replace(book, model={wanted: 0.1, REST: 0.9}, loss_sales=((sold, days),))
    assert book.night().bought(wanted) == (pytest.approx(10_000) if may_buy else 0)


def test_a_loss_sold_in_the_last_thirty_days_bars_no_other_name() -> None:
    book = replace(several(taxable(rest(90_000), cash=10_000)), loss_sales=(("B", 10),))
    assert book.night().bought("A") == pytest.approx(10_000)


@pytest.mark.parametrize("elsewhere", [ira, roth, taxable])
@pytest.mark.parametrize("bought", ["A", "TWIN"])
@pytest.mark.parametrize(("days", "may_sell"), [(0, False), (10, False), (30, False), (31, True)])
def test_shares_bought_in_the_last_thirty_days_bar_a_loss_elsewhere(
    elsewhere: AccountOf, bought: str, days: int, may_sell: bool
) -> None:
    replacement = elsewhere(lot(bought, 10_000, days=days), rest(90_000))
    night = several(taxable(*LOSING), held_away(replacement)).night()
    assert night.sold("A", account=0) == (pytest.approx(10_000) if may_sell else 0)


def test_a_recent_gift_is_no_purchase_and_bars_nothing() -> None:
    gift = ira(lot("A", 10_000, days=10, flags=LotFlag(0)), rest(90_000))
    night = several(taxable(*LOSING), gift).night()
    assert night.sold("A", account=0) == pytest.approx(10_000)


def test_the_very_lot_just_bought_does_not_bar_itself() -> None:
    night = one(lot("A", 10_000, basis=30_000, days=10), rest(90_000)).night()
    assert night.sold("A") == pytest.approx(10_000)


def test_of_two_recent_purchases_each_bars_the_other() -> None:
    bought = (lot("A", 5_000, basis=10_000, days=10), lot("A", 5_000, basis=10_000, days=20))
    assert one(*bought, rest(90_000)).night().status is Status.HOLD


@pytest.mark.parametrize(("twin", "swaps"), [("A", False), ("", True)])
def test_a_twin_is_not_bought_where_its_like_is_sold_at_a_loss(twin: str, swaps: bool) -> None:
    names = {"A": Name(loading=0.3), "B": Name(loading=0.3, twin=twin)}
    model = {"B": 0.1, REST: 0.9}
    night = WrittenBook(names, model, (taxable(*LOSING),)).night()
    assert (night.sold("A") > 0 and night.bought("B") > 0) == swaps
    assert night.sold("A") + night.bought("B") > 0
