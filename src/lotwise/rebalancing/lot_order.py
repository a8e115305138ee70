"""Raw lots in any order become the lots of a book: by account, security, acquisition date and number.

A counting sort by account (one pass to count, one to place, each on ranges of rows, so that threads share them), then
every account by itself, near in memory: by the digits of its securities, and the lots of one name by date and number.
Linear in lots. What comes out depends neither on the order of what came in nor on how it was split.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inlined_kernel, inner_kernel, kernel
from lotwise.money import IntArray
from lotwise.rebalancing.book import Lots

__all__ = ["RawLots", "sorted_lots"]

Int32Array = NDArray[np.int32]

_DIGIT_BITS = 11  # securities are sorted by so many bits at a time: the counts stay in the nearest cache
_PLACE_BITS = 32  # a key is a date and, below it, the place of the lot in its account

# Steps of the sort of one name's lots (Ciura 2001): a name has few lots, but a fund reinvested daily thousands.
_GAPS = (701, 301, 132, 57, 23, 10, 4, 1)


class RawLots(NamedTuple):
    """L lots in any order; `Lots` says what the columns are."""

    account: Int32Array  # (L,) row of the book's accounts
    security: Int32Array
    shares: IntArray
    basis: IntArray
    acquired: Int32Array
    holding_start: Int32Array
    flags: NDArray[np.uint8]
    number: IntArray  # (L,) tells lots of one account, security and day apart: the smaller comes first


@kernel
def _count_lots(account: Int32Array, first: int, last: int, counts: IntArray) -> None:
    """Add the lots of rows first .. last to the counts of their accounts, (A,)."""
    for row in range(first, last):
        counts[account[row]] += 1


def _places(counts: list[IntArray]) -> tuple[IntArray, list[IntArray]]:
    """Where each account's lots begin (A + 1,), and where each range of rows puts its own of them, by account.

    `counts` are those of consecutive ranges of rows.
    """
    start = np.concatenate(([0], np.cumsum(np.sum(counts, axis=0, dtype=np.int64)))).astype(np.int64)
    at = start[:-1].copy()
    first = []
    for count in counts:
        first.append(at.copy())
        at += count
    return start, first


def _placed_lots(rows: int) -> Records:
    """Allocate for lots brought together by account, one record each."""
    small = [(name, np.int32) for name in ("security", "acquired", "holding_start", "flags")]
    large = [(name, np.int64) for name in ("shares", "basis", "number")]
    return cast("Records", np.empty(rows, np.dtype([*small, *large])).view(np.recarray))


@kernel
def _place_lots(raw: RawLots, first: int, last: int, at: IntArray, placed: Records) -> None:
    """Bring the lots of rows first .. last to their account; `at` says where its next one goes, and moves on."""
    for row in range(first, last):
        account = raw.account[row]
        place = at[account]
        at[account] = place + 1
        placed[place].security = raw.security[row]
        placed[place].acquired = raw.acquired[row]
        placed[place].holding_start = raw.holding_start[row]
        placed[place].flags = raw.flags[row]
        placed[place].shares = raw.shares[row]
        placed[place].basis = raw.basis[row]
        placed[place].number = raw.number[row]


def _empty_lots(rows: int) -> tuple[Lots, IntArray]:
    """Allocate sorted lots, and the number of each."""
    days = [np.empty(rows, np.int32) for _ in range(3)]
    money = [np.empty(rows, np.int64) for _ in range(3)]
    return Lots(days[0], money[0], money[1], days[1], days[2], np.empty(rows, np.uint8)), money[2]


@inlined_kernel
def _place_of(key: int) -> int:
    return key & ((1 << _PLACE_BITS) - 1)


@inner_kernel
def _first_places(counts: IntArray) -> None:
    """Turn how many there are of each digit into where the first of them goes."""
    at = 0
    for digit in range(counts.size):
        count = counts[digit]
        counts[digit] = at
        at += count


@inner_kernel
def _by_first_digit(placed: Records, first: int, keys: IntArray, counts: IntArray) -> None:
    """Write the keys of the lots from `first` on, sorted by the lowest digit of their securities."""
    counts[:] = 0
    last = counts.size - 1
    for i in range(keys.size):
        counts[placed[first + i].security & last] += 1
    _first_places(counts)
    for i in range(keys.size):
        digit = placed[first + i].security & last
        keys[counts[digit]] = (np.int64(placed[first + i].acquired) << _PLACE_BITS) | i
        counts[digit] += 1


@inner_kernel
def _by_digit(placed: Records, first: int, keys: IntArray, out: IntArray, counts: IntArray, shift: int) -> None:
    """Write keys into `out`, sorted by one digit of the securities, keeping the order of equal ones."""
    counts[:] = 0
    last = counts.size - 1
    for key in keys:
        counts[(placed[first + _place_of(key)].security >> shift) & last] += 1
    _first_places(counts)
    for key in keys:
        digit = (placed[first + _place_of(key)].security >> shift) & last
        out[counts[digit]] = key
        counts[digit] += 1


@inlined_kernel
def _comes_after(placed: Records, first: int, one: int, other: int) -> bool:
    """Whether a key of one name belongs behind another: by date, then by number."""
    if one >> _PLACE_BITS != other >> _PLACE_BITS:
        return one > other
    return bool(placed[first + _place_of(one)].number > placed[first + _place_of(other)].number)


@inlined_kernel
def _by_date(placed: Records, first: int, keys: IntArray, start: int, stop: int) -> None:
    """Sort the keys start .. stop of the account whose lots begin at `first`, all of one name (Shell's sort)."""
    for gap in _GAPS:
        if gap >= stop - start:
            continue
        for i in range(start + gap, stop):
            key = keys[i]
            j = i
            while j >= start + gap and _comes_after(placed, first, keys[j - gap], key):
                keys[j] = keys[j - gap]
                j -= gap
            keys[j] = key


@inner_kernel
def _write_lots(placed: Records, first: int, keys: IntArray, lots: Lots, numbers: IntArray) -> None:
    """Sort the lots of each name, which stand together, by date and write them."""
    start = 0
    while start < keys.size:
        security = placed[first + _place_of(keys[start])].security
        stop = start + 1
        while stop < keys.size and placed[first + _place_of(keys[stop])].security == security:
            stop += 1
        _by_date(placed, first, keys, start, stop)
        for i in range(start, stop):
            lot, at = first + _place_of(keys[i]), first + i
            lots.security[at] = security
            lots.shares[at] = placed[lot].shares
            lots.basis[at] = placed[lot].basis
            lots.acquired[at] = placed[lot].acquired
            lots.holding_start[at] = placed[lot].holding_start
            lots.flags[at] = placed[lot].flags
            numbers[at] = placed[lot].number
        start = stop


@kernel
def _sort_accounts(
    placed: Records, start: IntArray, accounts: tuple[int, int], bits: int, lots: Lots, numbers: IntArray
) -> None:
    """Write the lots of accounts first .. last in their order, and the number of each; securities have `bits` bits."""
    most = 0
    for account in range(accounts[0], accounts[1]):
        most = max(most, start[account + 1] - start[account])
    room, spare = np.empty(most, np.int64), np.empty(most, np.int64)
    counts = np.empty(1 << min(max(bits, 1), _DIGIT_BITS), np.int64)
    for account in range(accounts[0], accounts[1]):
        first = start[account]
        size = start[account + 1] - first
        _by_first_digit(placed, first, room[:size], counts)
        for shift in range(_DIGIT_BITS, bits, _DIGIT_BITS):
            _by_digit(placed, first, room[:size], spare[:size], counts, shift)
            room, spare = spare, room
        _write_lots(placed, first, room[:size], lots, numbers)


def sorted_lots(raw: RawLots, accounts: int, threads: int = 1) -> tuple[Lots, IntArray, IntArray]:
    """Sort raw lots: the lots, where each account's begin (A + 1,), and the number of each (L,)."""
    total = len(raw.account)
    rows = _ranges(total, threads)
    counts = [np.zeros(accounts, np.int64) for _ in rows]
    placed = _placed_lots(total)
    lots, numbers = _empty_lots(total)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        _all_of(pool.submit(_count_lots, raw.account, *span, count) for span, count in zip(rows, counts, strict=True))
        start, at = _places(counts)
        _all_of(pool.submit(_place_lots, raw, *span, first, placed) for span, first in zip(rows, at, strict=True))
        bits = int(raw.security.max(initial=0)).bit_length()
        _all_of(
            pool.submit(_sort_accounts, placed, start, span, bits, lots, numbers) for span in _ranges(accounts, threads)
        )
    return lots, start, numbers


def _ranges(total: int, parts: int) -> list[tuple[int, int]]:
    edges = [total * part // parts for part in range(parts + 1)]
    return list(itertools.pairwise(edges))


def _all_of(waiting: Iterable[Future[None]]) -> None:
    for each in list(waiting):
        each.result()
