"""trades.csv, line by line: written by a kernel on threads, since a platform has millions of lines.

The letters are those that a data frame of the same table would write: a text is quoted where it holds a comma, a
quotation mark or the end of a line; exact numbers have no zeros at their end; days are ISO 8601; unknown is empty.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.interchange.letters import (
    Letters,
    TextColumn,
    longest,
    put_exact,
    put_text,
    put_two,
)
from lotwise.interchange.trade_reasons import row_ranges
from lotwise.kernels import inner_kernel, kernel
from lotwise.money import DOLLAR, SHARE, IntArray

__all__ = ["TradeWords", "quoted", "trade_lines"]

_SEPARATOR = ord(",")
_QUOTE = ord('"')
_END = ord("\n")
_DASH = ord("-")

_SHARE_DECIMALS = len(str(SHARE)) - 1
_MONEY_DECIMALS = len(str(DOLLAR)) - 1
_NUMBERS = 8 * 24  # letters of a line's numbers, separators and day at most
_NO_DATE = int(NO_DATE)
_EPOCH = 719_468  # days from 0000-03-01 to 1970-01-01
_FOUR_CENTURIES = 146_097


class TradeWords(NamedTuple):
    """T lines: exact columns as integers, texts as rows of small columns of text."""

    household: NDArray[np.int32]
    account: NDArray[np.int32]
    security: NDArray[np.int32]
    side: NDArray[np.uint8]
    kind: NDArray[np.uint8]  # of the account
    motive: NDArray[np.uint8]
    term: NDArray[np.uint8]
    shares: IntArray
    price: IntArray
    value: IntArray
    basis: IntArray
    gain: IntArray
    tax: IntArray
    cost: IntArray
    acquired: NDArray[np.int32]  # day, or `NO_DATE`
    households: TextColumn
    accounts: TextColumn
    symbols: TextColumn
    sides: TextColumn
    kinds: TextColumn
    motives: TextColumn
    terms: TextColumn
    lots: TextColumn  # (T,)
    reasons: TextColumn  # (T,)


def quoted(texts: pl.Series) -> pl.Series:
    """Texts as they stand in a CSV file."""
    needs = texts.str.contains('[,"\\n\\r]')
    if not needs.any():
        return texts
    return pl.select(
        pl.when(needs).then(pl.format('"{}"', texts.str.replace_all('"', '""', literal=True))).otherwise(texts)
    ).to_series()


@inner_kernel
def _put_day(out: Letters, at: int, number: int) -> int:
    """Write a day number as YYYY-MM-DD; years counted from March, so that leap days come last."""
    days = number + _EPOCH
    century = days // _FOUR_CENTURIES
    day = days - century * _FOUR_CENTURIES
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    month = month + 3 if month < 10 else month - 9
    year += 400 * century + (1 if month <= 2 else 0)
    at = put_two(out, put_two(out, at, year // 100), year % 100)
    out[at] = _DASH
    at = put_two(out, at + 1, month)
    out[at] = _DASH
    return put_two(out, at + 1, day + 1)


@inner_kernel
def _put_reason(out: Letters, at: int, reasons: TextColumn, row: int) -> int:
    """Copy a sentence, in quotation marks if it holds a comma (it never holds a quotation mark)."""
    comma = False
    for i in range(reasons.start[row], reasons.start[row + 1]):
        comma = comma or reasons.letters[i] == _SEPARATOR
    if not comma:
        return put_text(out, at, reasons, row)
    out[at] = _QUOTE
    at = put_text(out, at + 1, reasons, row)
    out[at] = _QUOTE
    return at + 1


@inner_kernel
def _part(out: Letters, at: int, column: TextColumn, row: int) -> int:
    """Copy a text and end the cell."""
    at = put_text(out, at, column, row)
    out[at] = _SEPARATOR
    return at + 1


@inner_kernel
def _amount(out: Letters, at: int, units: int, decimals: int) -> int:
    """Write an exact number and end the cell."""
    at = put_exact(out, at, units, decimals)
    out[at] = _SEPARATOR
    return at + 1


@kernel
def _write_lines(trades: TradeWords, first: int, last: int, out: Letters) -> int:
    """Write the lines of rows first .. last; returns the letters."""
    at = 0
    for t in range(first, last):
        at = _part(out, at, trades.households, trades.household[t])
        at = _part(out, at, trades.accounts, trades.account[t])
        at = _part(out, at, trades.sides, trades.side[t])
        at = _part(out, at, trades.symbols, trades.security[t])
        at = _part(out, at, trades.lots, t)
        at = _amount(out, at, trades.shares[t], _SHARE_DECIMALS)
        at = _amount(out, at, trades.price[t], _MONEY_DECIMALS)
        at = _amount(out, at, trades.value[t], _MONEY_DECIMALS)
        at = _amount(out, at, trades.basis[t], _MONEY_DECIMALS)
        at = _amount(out, at, trades.gain[t], _MONEY_DECIMALS)
        at = _part(out, at, trades.terms, trades.term[t])
        at = _amount(out, at, trades.tax[t], _MONEY_DECIMALS)
        at = _amount(out, at, trades.cost[t], _MONEY_DECIMALS)
        at = _put_reason(out, at, trades.reasons, t)
        out[at] = _SEPARATOR
        at = _part(out, at + 1, trades.motives, trades.motive[t])
        at = _part(out, at, trades.kinds, trades.kind[t])
        if trades.acquired[t] != _NO_DATE:
            at = _put_day(out, at, trades.acquired[t])
        out[at] = _END
        at += 1
    return at


def _room(trades: TradeWords) -> int:
    """Letters of a line at most, but for its reason and lot."""
    texts = ("households", "accounts", "symbols", "sides", "kinds", "motives", "terms")
    return _NUMBERS + sum(longest(getattr(trades, name)) for name in texts)


def trade_lines(trades: TradeWords, threads: int = 1) -> Iterator[Letters]:
    """Lines of all trades, in order, a block of letters at a time; few blocks are in memory at once."""
    each = _room(trades)

    def write(span: tuple[int, int]) -> Letters:
        first, last = span
        texts = sum(int(column.start[last] - column.start[first]) for column in (trades.lots, trades.reasons))
        out = np.empty((last - first) * each + texts, np.uint8)
        return out[: _write_lines(trades, first, last, out)]

    spans = list(row_ranges(len(trades.side)))
    at_once = 2 * max(threads, 1)
    with ThreadPoolExecutor(max_workers=max(threads, 1)) as pool:
        waiting = deque(pool.submit(write, span) for span in spans[:at_once])
        for following in [*spans[at_once:], *[None] * at_once]:
            if not waiting:
                return
            yield waiting.popleft().result()
            if following is not None:
                waiting.append(pool.submit(write, following))
