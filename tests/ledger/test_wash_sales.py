"""Wash-sale windows: what is open on a day, against the rule said trade by trade."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import NO_DATE
from lotwise.ledger.wash_sales import PurchaseColumns, SaleColumns, Windows, in_window, open_windows

TODAY = 20_000


class Purchase(NamedTuple):
    household: int
    identical: int
    day: int
    shares: int


class Sale(NamedTuple):
    household: int
    identical: int
    day: int


class Window(NamedTuple):
    household: int
    identical: int
    no_buy_until: int
    bought_shares: int
    no_loss_until: int


def columns_of(purchases: list[Purchase], sales: list[Sale]) -> tuple[PurchaseColumns, SaleColumns]:
    bought = np.array(purchases, dtype=np.int64).reshape(-1, 4).T
    sold = np.array(sales, dtype=np.int32).reshape(-1, 3).T
    days = bought[:3].astype(np.int32)
    return PurchaseColumns(days[0], days[1], days[2], bought[3]), SaleColumns(sold[0], sold[1], sold[2])


def rows_of(windows: Windows) -> list[Window]:
    columns = [column.tolist() for column in windows[1:]]
    household = np.repeat(np.arange(windows.start.size - 1), np.diff(windows.start)).tolist()
    return [Window(*row) for row in zip(household, *columns, strict=True)]


def opened(purchases: list[Purchase], sales: list[Sale], households: int = 3) -> list[Window]:
    return rows_of(open_windows(TODAY, households, *columns_of(purchases, sales)))


def test_a_loss_bars_purchases_for_thirty_days() -> None:
    assert opened([], [Sale(1, 5, TODAY - 30)]) == [Window(1, 5, TODAY, 0, NO_DATE)]
    assert opened([], [Sale(1, 5, TODAY - 31)]) == []


def test_a_purchase_bars_losses_for_thirty_days() -> None:
    assert opened([Purchase(2, 5, TODAY - 30, 7)], []) == [Window(2, 5, NO_DATE, 7, TODAY)]
    assert opened([Purchase(2, 5, TODAY - 31, 7)], []) == []


def test_the_last_trade_decides_until_when_and_shares_add_up() -> None:
    purchases = [
        Purchase(0, 4, TODAY - 3, 10),
        Purchase(0, 4, TODAY - 20, 5),
        Purchase(0, 4, TODAY - 40, 100),
    ]
    sales = [Sale(0, 4, TODAY - 9), Sale(0, 4, TODAY - 25), Sale(0, 4, TODAY - 900)]
    assert opened(purchases, sales) == [Window(0, 4, TODAY + 21, 15, TODAY + 27)]


def test_a_pending_buy_of_tonight_counts_and_nothing_bought_does_not() -> None:
    assert opened([Purchase(0, 4, TODAY, 10), Purchase(0, 5, TODAY, 0)], []) == [Window(0, 4, NO_DATE, 10, TODAY + 30)]


def test_an_unknown_date_is_in_no_window() -> None:
    assert opened([Purchase(0, 4, NO_DATE, 10)], [Sale(0, 4, NO_DATE)]) == []
    assert not in_window(np.array([NO_DATE], dtype=np.int32), NO_DATE).any()


def test_no_trades_open_no_windows() -> None:
    windows = open_windows(TODAY, 3, *columns_of([], []))
    assert windows.start.tolist() == [0, 0, 0, 0]
    assert [column.dtype for column in windows] == [np.int64, np.int32, np.int32, np.int64, np.int32]


_GROUPS = st.sampled_from([0, 1, 2, 2**31 - 1])
_DAYS = st.integers(TODAY - 40, TODAY)
_PURCHASES = st.lists(st.builds(Purchase, st.integers(0, 2), _GROUPS, _DAYS, st.integers(0, 10**15)))
_SALES = st.lists(st.builds(Sale, st.integers(0, 2), _GROUPS, _DAYS))


@given(_PURCHASES, _SALES)
def test_windows_are_those_of_the_rule_said_trade_by_trade(purchases: list[Purchase], sales: list[Sale]) -> None:
    expected = []
    for key in sorted({trade[:2] for trade in purchases} | {trade[:2] for trade in sales}):
        bought = [p for p in purchases if p[:2] == key and TODAY - p.day <= 30 and p.shares]
        sold = [s for s in sales if s[:2] == key and TODAY - s.day <= 30]
        if bought or sold:
            no_buy = max((s.day + 30 for s in sold), default=NO_DATE)
            no_loss = max((p.day + 30 for p in bought), default=NO_DATE)
            expected.append(Window(*key, no_buy, sum(p.shares for p in bought), no_loss))
    assert opened(purchases, sales) == expected


@given(_PURCHASES, _SALES)
def test_the_order_of_trades_does_not_matter(purchases: list[Purchase], sales: list[Sale]) -> None:
    assert opened(purchases[::-1], sales[::-1]) == opened(purchases, sales)


def test_what_cannot_be_is_refused() -> None:
    bought, sold = columns_of([Purchase(0, 1, TODAY, 1)], [Sale(0, 1, TODAY)])
    with pytest.raises(ValueError, match="purchases must be of one length, had lengths"):
        open_windows(TODAY, 1, bought._replace(shares=np.ones(2, dtype=np.int64)), sold)
    with pytest.raises(ValueError, match="loss sales must be of households 0 to 0, were of 1 to 1"):
        open_windows(TODAY, 1, bought, sold._replace(household=np.array([1], dtype=np.int32)))
    with pytest.raises(ValueError, match="must not be negative, were -1"):
        open_windows(TODAY, 1, bought._replace(shares=-np.ones(1, dtype=np.int64)), sold)
    with pytest.raises(ValueError, match="identical groups of loss sales must not be negative"):
        open_windows(TODAY, 1, bought, sold._replace(identical=np.array([-1], dtype=np.int32)))
