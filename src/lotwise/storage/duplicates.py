"""Transactions that come again: the same id of the same account is the same transaction (idempotent posting)."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.storage.journal import SCHEMA, STANDING

__all__ = ["Repeated", "repeated_rows"]

_KEY = ("account_id", "transaction_id")

# What a row is, apart from where it stood and what the register added.
_CONTENT = tuple(name for name in SCHEMA if name not in {*_KEY, *STANDING, "sequence", "source", "line"})


class Repeated(IntEnum):
    """What a row is to the rows before it."""

    NEW = 0
    SAME = 1  # the same id, and the same row
    DIFFERENT = 2  # the same id of another row


def repeated_rows(rows: pl.DataFrame, journalled: pl.DataFrame) -> NDArray[np.uint8]:
    """Compare each row with the first of its id, in the journal or earlier among the rows: (rows,) `Repeated`."""
    place = pl.col("place").min().over(_KEY)
    own = rows.select(*_KEY, *_CONTENT)
    if journalled.height:
        own = pl.concat([journalled.select(own.columns), own])
    first = own.with_row_index("place").select(place).to_series()[journalled.height :]
    again = (first != pl.int_range(journalled.height, own.height, eager=True)).to_numpy()
    result = np.zeros(rows.height, np.uint8)
    which = np.flatnonzero(again)
    if which.size:
        now = own[which + journalled.height].select(_CONTENT)
        before = own[first.to_numpy()[which]].select(_CONTENT)
        differs = np.zeros(which.size, np.bool_)
        for name in _CONTENT:
            differs |= now[name].ne_missing(before[name]).to_numpy()
        result[which] = np.where(differs, Repeated.DIFFERENT, Repeated.SAME)
    return result
