"""Codes of names: accounts, securities, lots and orders as numbers, in the order in which they were first named.

Names are only added to, so a folded state keeps its codes while the journal grows. Codes hold for one list of names:
a state that was folded again from the journal may have others, since rows that were refused named things too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.ledger.events import NO_CODE

__all__ = ["NO_NAMES", "Names", "codes_of", "order_texts", "with_lots", "with_names"]


class Names(NamedTuple):
    """Distinct texts by code."""

    accounts: pl.Series
    securities: pl.Series
    lots: pl.Series
    orders: pl.Series  # account and order id: an order belongs to one account


_NONE = pl.Series([], dtype=pl.String)
NO_NAMES = Names(_NONE, _NONE, _NONE, _NONE)


def codes_of(texts: pl.Series, names: pl.Series) -> NDArray[np.int32]:
    """Code of each text; `NO_CODE` where there is none or it is not among the names."""
    known = pl.DataFrame({"text": names, "code": pl.int_range(len(names), dtype=pl.Int32, eager=True)})
    found = texts.alias("text").to_frame().join(known, on="text", how="left", maintain_order="left")
    codes: NDArray[np.int32] = found["code"].fill_null(NO_CODE).to_numpy()
    return codes


def order_texts(rows: pl.DataFrame) -> pl.Series:
    """Name the order of each row: account and order id, null where there is none."""
    return rows.select(pl.format("{}\0{}", "account_id", "order_id")).to_series()


def with_names(names: Names, rows: pl.DataFrame) -> Names:
    """Add what rows of the journal name for the first time."""
    return Names(
        _added(names.accounts, rows["account_id"], rows["counter_account"]),
        _added(names.securities, rows["symbol"], rows["new_symbol"]),
        _added(names.lots, rows["lot_id"]),
        _added(names.orders, order_texts(rows)),
    )


def with_lots(names: Names, lots: pl.Series) -> Names:
    """Add names of lots."""
    return names._replace(lots=_added(names.lots, lots))


def _added(known: pl.Series, *columns: pl.Series) -> pl.Series:
    texts = pl.concat([column.alias("") for column in columns]).drop_nulls().unique(maintain_order=True)
    fresh = texts.filter(~texts.is_in(known.implode())) if len(known) else texts
    return pl.concat([known.alias(""), fresh]) if len(fresh) else known
