"""However a book is cut and on however many threads it is solved, the bytes are the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.lab.demo_firm import write_demo_firm
from lotwise.nightly import engines
from lotwise.nightly.engines import net_in_threads, partitions, rebalance_in_threads
from lotwise.nightly.run import prepared_firm
from lotwise.rebalancing.book import Accounts, Book, Households
from lotwise.rebalancing.netting import rebalance_netted, with_steering
from lotwise.rebalancing.proposal import Proposals
from lotwise.rebalancing.rebalance import Rebalancer, rebalance
from lotwise.securities.market import Market
from tests.rebalancing.random_book import random_book


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Market]:
    folder = tmp_path_factory.mktemp("engines") / "firm"
    write_demo_firm(folder, seed=3, households=16)
    read, _ = prepared_firm(folder)
    return read.book, read.market


def as_bytes(proposals: Proposals) -> list[bytes]:
    return [column.tobytes() for table in proposals for column in table]


def test_threads_do_not_change_a_byte(firm: tuple[Book, Market], monkeypatch: pytest.MonkeyPatch) -> None:
    book, market = firm
    monkeypatch.setattr(engines, "partitions", lambda book: partitions(book, 1_500))
    assert len(engines.partitions(book)) > 4
    alone = rebalance(book, market)
    assert alone.trades.shares.size > 100
    for threads in (1, 2, 5):
        assert as_bytes(rebalance_in_threads(book, market, threads)) == as_bytes(alone)


def test_threads_do_not_change_a_byte_of_a_netted_night(
    firm: tuple[Book, Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    book, market = firm
    monkeypatch.setattr(engines, "partitions", lambda book: partitions(book, 1_500))
    alone = rebalance_netted(book, market)
    assert alone.solves.max() > 1
    for threads in (1, 2, 5):
        netted = net_in_threads(book, market, threads)
        assert as_bytes(netted.proposals) == as_bytes(alone.proposals)
        assert [column.tobytes() for column in netted.steering] == [column.tobytes() for column in alone.steering]
    assert as_bytes(rebalance(with_steering(book, alone.steering), market)) == as_bytes(alone.proposals)


def test_every_household_is_told_as_done_once_its_chunk_is(
    firm: tuple[Book, Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    book, market = firm
    monkeypatch.setattr(engines, "partitions", lambda book: partitions(book, 1_500))
    done: list[int] = []
    rebalance_in_threads(book, market, 2, done.append)
    assert done == [last - first for first, last in engines.partitions(book)]


def test_a_book_without_households_has_empty_proposals() -> None:
    book, market = random_book(1)
    nobody = {name: column[:0] for name, column in book.households._asdict().items()}
    nowhere = {name: column[:0] for name, column in book.accounts._asdict().items()}
    start = np.zeros(1, np.int64)
    empty = book._replace(
        households=Households(**nobody | {"account_start": start}),
        accounts=Accounts(**nowhere | {"lot_start": start}),
    )
    assert partitions(empty) == []
    for proposals in (rebalance_in_threads(empty, market), net_in_threads(empty, market).proposals):
        assert all(column.size == 0 for table in proposals for column in table)


def test_an_error_in_one_chunk_reaches_the_caller(firm: tuple[Book, Market], monkeypatch: pytest.MonkeyPatch) -> None:
    book, market = firm

    class Broken(Rebalancer):
        def rebalance(self, first: int, last: int) -> Proposals:
            if first > 0:
                raise MemoryError
            return super().rebalance(first, last)

    monkeypatch.setattr(engines, "partitions", lambda book: partitions(book, 1_500))
    monkeypatch.setattr(engines, "Rebalancer", Broken)
    with pytest.raises(MemoryError):
        rebalance_in_threads(book, market, 2)


@given(st.integers(0, 1_000_000))
def test_kept_memory_changes_nothing(seed: int) -> None:
    book, market = random_book(seed)
    kept = Rebalancer(book, market)
    ranges = partitions(book, 1)
    for first, last in [*ranges, (0, len(book.households.model)), *reversed(ranges)]:
        assert as_bytes(kept.rebalance(first, last)) == as_bytes(rebalance(book, market, first, last))


@given(st.integers(0, 1_000_000), st.integers(1, 60))
def test_partitions_cover_every_household_once_and_in_order(seed: int, columns: int) -> None:
    book, _ = random_book(seed)
    ranges = partitions(book, columns)
    assert [row for first, last in ranges for row in range(first, last)] == list(range(len(book.households.model)))
    assert all(first < last for first, last in ranges)


def test_small_chunks_are_single_households_and_one_large_chunk_is_the_book() -> None:
    book, _ = random_book(5)
    total = len(book.households.model)
    assert total > 1
    assert partitions(book, 1) == [(row, row + 1) for row in range(total)]
    assert partitions(book, 10**9) == [(0, total)]
