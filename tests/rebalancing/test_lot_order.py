"""Raw lots in any order, however split, become the same sorted lots: those that a sort by all keys gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.rebalancing.lot_order import RawLots, sorted_lots
from lotwise.rebalancing.rebalance import rebalance
from tests.rebalancing.random_book import random_book

ACCOUNTS = 7


def raw_lots(seed: int, count: int, securities: int, days: int) -> RawLots:
    random = np.random.default_rng(seed)
    return RawLots(
        random.integers(0, ACCOUNTS, count).astype(np.int32),
        random.integers(0, securities, count).astype(np.int32),
        random.integers(1, 10**12, count),
        random.integers(0, 10**12, count),
        random.integers(-days, days, count).astype(np.int32),
        random.integers(-days, days, count).astype(np.int32),
        random.integers(0, 8, count).astype(np.uint8),
        random.permutation(count).astype(np.int64),
    )


# Securities of one to three digits of the sort; few days, so that names have equal ones; names with thousands of lots.
@pytest.mark.parametrize(
    ("count", "securities", "days"), [(0, 1, 1), (1, 1, 1), (500, 3, 2), (3_000, 1, 900), (2_000, 5_000_000, 9_000)]
)
@pytest.mark.parametrize("threads", [1, 3])
def test_lots_come_by_account_security_day_and_number(count: int, securities: int, days: int, threads: int) -> None:
    raw = raw_lots(count + threads, count, securities, days)
    order = np.lexsort((raw.number, raw.acquired, raw.security, raw.account))
    lots, start, number = sorted_lots(raw, ACCOUNTS, threads)
    for name, column in lots._asdict().items():
        assert column.tolist() == getattr(raw, name)[order].tolist(), name
    assert number.tolist() == raw.number[order].tolist()
    assert start.tolist() == np.searchsorted(raw.account[order], np.arange(ACCOUNTS + 1)).tolist()


@given(st.integers(0, 1_000_000), st.integers(0, 300), st.integers(1, 4))
def test_the_order_of_raw_lots_and_the_threads_do_not_matter(seed: int, count: int, threads: int) -> None:
    raw = raw_lots(seed, count, 20, 3)
    shuffled = np.random.default_rng(seed + 1).permutation(count)
    one = sorted_lots(raw, ACCOUNTS)
    other = sorted_lots(RawLots._make(column[shuffled] for column in raw), ACCOUNTS, threads)
    assert [column.tobytes() for column in (*one[0], *one[1:])] == [
        column.tobytes() for column in (*other[0], *other[1:])
    ]


@given(st.integers(0, 1_000_000))
def test_a_book_of_shuffled_lots_is_the_book(seed: int) -> None:
    book, market = random_book(seed)
    lots, start = book.lots, book.accounts.lot_start
    account = np.repeat(np.arange(len(start) - 1, dtype=np.int32), np.diff(start))
    order = np.random.default_rng(seed).permutation(len(account))
    numbers = np.arange(len(account), dtype=np.int64)
    raw = RawLots._make((account, *lots, numbers))
    sorted_, first, number = sorted_lots(RawLots._make(column[order] for column in raw), len(start) - 1, 2)
    again = book._replace(lots=sorted_, accounts=book.accounts._replace(lot_start=first))
    in_order = np.lexsort((numbers, lots.acquired, lots.security, account))
    assert number.tolist() == in_order.tolist()
    if (in_order == numbers).all():
        assert [c.tobytes() for t in rebalance(book, market) for c in t] == [
            c.tobytes() for t in rebalance(again, market) for c in t
        ]
