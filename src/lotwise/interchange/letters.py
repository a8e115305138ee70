"""Text as letters in an array, for kernels: numbers written exactly, words copied, columns of text as one block.

Millions of rows of text are made by kernels, on threads, where a data frame would make each of its parts as a column.
All text is UTF-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pyarrow.lib import Array, concat_arrays, large_string, py_buffer

from lotwise.kernels import inner_kernel
from lotwise.money import IntArray

__all__ = [
    "Letters",
    "TextColumn",
    "as_series",
    "longest",
    "put",
    "put_exact",
    "put_text",
    "put_two",
    "put_whole",
    "text_column",
    "word",
]

Letters = NDArray[np.uint8]

_ZERO = np.uint64(ord("0"))
_TEN, _HUNDRED, _THOUSAND = np.uint64(10), np.uint64(100), np.uint64(1000)
_POINT = ord(".")
_MINUS = ord("-")


class TextColumn(NamedTuple):
    """n texts: text i is letters start[i] .. start[i + 1]."""

    letters: Letters
    start: IntArray  # (n + 1,)


def word(text: str) -> Letters:
    """Letters of a text, to be copied by kernels."""
    return np.frombuffer(text.encode(), np.uint8)


def text_column(texts: pl.Series | Sequence[str]) -> TextColumn:
    """Lay texts out as letters; empty where there is none."""
    series = texts if isinstance(texts, pl.Series) else pl.Series(texts, dtype=pl.String)
    block = concat_arrays([series.fill_null("").rechunk().to_arrow().cast(large_string())])
    start, letters = block.buffers()[1:]
    return TextColumn(
        np.frombuffer(letters, np.uint8) if letters else np.zeros(0, np.uint8),
        np.frombuffer(start, np.int64)[block.offset : block.offset + len(series) + 1],
    )


def as_series(column: TextColumn) -> pl.Series:
    """A column of text for a data frame; the letters are shared, not copied."""
    buffers = [None, py_buffer(column.start), py_buffer(column.letters)]
    array = Array.from_buffers(large_string(), len(column.start) - 1, buffers)
    return cast("pl.Series", pl.from_arrow(array))


def longest(column: TextColumn) -> int:
    """Letters of the longest text."""
    return int(np.diff(column.start).max(initial=0))


@inner_kernel
def put(out: Letters, at: int, text: Letters) -> int:
    """Copy a word; returns where the next letter goes, as all of these do."""
    for i in range(text.size):
        out[at + i] = text[i]
    return at + text.size


@inner_kernel
def put_text(out: Letters, at: int, column: TextColumn, row: int) -> int:
    """Copy a text of a column."""
    first, last = int(column.start[row]), int(column.start[row + 1])
    for i in range(first, last):
        out[at + i - first] = column.letters[i]
    return at + last - first


@inner_kernel
def _digits(number: np.uint64) -> int:
    digits = 1
    while number >= _THOUSAND:
        number //= _THOUSAND
        digits += 3
    if number >= _HUNDRED:
        return digits + 2
    return digits + 1 if number >= _TEN else digits


@inner_kernel
def put_whole(out: Letters, at: int, number: int) -> int:
    """Write a whole number of at least 0."""
    rest = np.uint64(number)
    stop = at + _digits(rest)
    for i in range(stop - 1, at - 1, -1):
        following = rest // _TEN
        out[i] = _ZERO + (rest - following * _TEN)
        rest = following
    return stop


@inner_kernel
def put_two(out: Letters, at: int, number: int) -> int:
    """Write a number of 0 .. 99 with two digits."""
    out[at] = _ZERO + number // 10
    out[at + 1] = _ZERO + number % 10
    return at + 2


@inner_kernel
def put_exact(out: Letters, at: int, units: int, decimals: int) -> int:
    """Write an exact decimal number, `units` of its last decimal, without zeros at its end."""
    if units < 0:
        out[at] = _MINUS
        at += 1
    rest = np.uint64(abs(units))
    while decimals > 0:
        following = rest // _TEN
        if following * _TEN != rest:
            break
        rest = following
        decimals -= 1
    if decimals == 0:
        return put_whole(out, at, int(np.int64(rest)))
    stop = at + max(_digits(rest), decimals + 1) + 1
    point = stop - 1 - decimals
    for i in range(stop - 1, at - 1, -1):
        if i == point:
            out[i] = _POINT
            continue
        following = rest // _TEN
        out[i] = _ZERO + (rest - following * _TEN)
        rest = following
    return stop
