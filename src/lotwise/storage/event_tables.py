"""Rows of the journal as the tables that are folded: EVENT and DETAIL (lotwise.ledger.events).

A lot that was opened without a name goes by the number of its event, `#12.0`: where somebody has called it so, the
event that opened it gets that name. Of two lots of an account that could be meant, the one that was called so first.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.ledger.events import DETAIL, EVENT, MISSING, NO_CODE, EventFlag, EventKind, Relief, Table
from lotwise.ledger.tables import ALWAYS_LONG
from lotwise.storage.journal import COLUMNS, NUMBER
from lotwise.storage.names import Names, codes_of, order_texts

__all__ = ["BOUGHT", "FOLDED", "KINDS", "event_tables", "joined", "opens_lot"]

# Words of the kinds in files; where an event has two, both mean the same.
KINDS: dict[str, EventKind] = {
    **{kind.name.lower(): kind for kind in EventKind if kind is not EventKind.STOCK_DIVIDEND_OTHER},
    "reinvestment": EventKind.REINVEST,
    "gift_out": EventKind.DONATION,
    "stock_dividend_other_class": EventKind.STOCK_DIVIDEND_OTHER,
}

# Columns of the journal that become events; the others say where a row came from, or are for who reads it.
_ASIDE = ("transaction_id", "sequence", "price", "fee", "settle_date", "term", "source", "line")
FOLDED = tuple(name for name in COLUMNS if name not in _ASIDE)

# Acquisitions of a lot transferred in that were purchases (lots.csv and transactions.csv; empty = purchase).
BOUGHT = ("purchase", "buy", "reinvest", "reinvestment")

# Kinds that open a lot of their own.
_OPENS = (
    EventKind.BUY,
    EventKind.REINVEST,
    EventKind.TRANSFER_IN,
    EventKind.GIFT_IN,
    EventKind.INHERITANCE,
    EventKind.SELL_SHORT,
)

# Kinds that need no row of DETAIL, but where rates were kept for relief by lowest tax.
_PLAIN = (
    EventKind.BUY,
    EventKind.REINVEST,
    EventKind.DEPOSIT,
    EventKind.WITHDRAWAL,
    EventKind.FEE,
    EventKind.DONATION,
    EventKind.CASH_IN_LIEU,
    EventKind.SELL_SHORT,
    EventKind.COVER,
)


def event_tables(rows: pl.DataFrame, names: Names) -> tuple[Table, Table]:
    """Encode rows of the journal (`FOLDED`), whose names all are in `names`, as EVENT and DETAIL."""
    kind = _kinds(rows)
    events = np.zeros(rows.height, EVENT)
    events["kind"] = kind
    events["shares"] = rows["shares"].fill_null(0).to_numpy()
    events["amount"] = rows["settled"].fill_null(0).to_numpy()
    events["day"] = rows["date"].to_numpy()
    events["account"] = codes_of(rows["account_id"], names.accounts)
    events["security"] = codes_of(rows["symbol"], names.securities)
    events["lot"] = _lots(rows, kind, names)
    events["order"] = codes_of(order_texts(rows), names.orders)
    events["relief"] = _relief(rows)
    events["facts"] = _flags(rows, kind)
    plain = np.isin(kind, _PLAIN) | ((kind == EventKind.SELL) & ~_true(rows["stated"]))
    plain &= rows["standing_short_rate"].is_null().to_numpy()
    of_row = np.cumsum(~plain) - 1
    events["detail"] = np.where(plain, NO_CODE, of_row)
    return events, _details(rows.filter(pl.Series(~plain)), kind[~plain], names)


def opens_lot(kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether events of these kinds open a lot of their own."""
    opens: NDArray[np.bool_] = np.isin(kinds, _OPENS)
    return opens


def joined(first: tuple[Table, Table], second: tuple[Table, Table]) -> tuple[Table, Table]:
    """Put the events of one pair of tables behind those of another."""
    events = np.concatenate((first[0], second[0]))
    behind = events["detail"][first[0].size :]
    behind[behind != NO_CODE] += first[1].size
    return events, np.concatenate((first[1], second[1]))


def _lots(rows: pl.DataFrame, kind: NDArray[np.uint8], names: Names) -> NDArray[np.int32]:
    """Code of the lot that each row names or opens; of the journal's rows also of those that go by their number."""
    codes = codes_of(rows["lot_id"], names.lots)
    called = names.lots.filter(names.lots.str.starts_with("#"))
    if NUMBER not in rows.columns or not len(called):
        return codes
    opens = opens_lot(kind)
    on = ["account_id", "lot_id"]
    first = rows.select(*on, given=pl.Series(opens)).filter(pl.col("lot_id").is_in(called.implode()))
    given = first.unique(on, keep="first", maintain_order=True).filter("given")
    numbered = rows.select("account_id", lot_id=pl.format("#{}.0", NUMBER))
    free = numbered.join(given, on=on, how="left", maintain_order="left")["given"].is_null().to_numpy()
    return np.where(opens & (codes == NO_CODE) & free, codes_of(numbered["lot_id"], names.lots), codes)


def _true(column: pl.Series) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = column.fill_null(value=False).to_numpy()
    return mask


def _kinds(rows: pl.DataFrame) -> NDArray[np.uint8]:
    """Kind of each row; shares and cash are transferred by the same word, and interest paid is a fee."""
    words = {word: int(kind) for word, kind in KINDS.items()}
    cash = pl.col("symbol").is_null()
    kind = (
        pl.when(cash & (pl.col("kind") == "transfer_in"))
        .then(int(EventKind.DEPOSIT))
        .when(cash & (pl.col("kind") == "transfer_out"))
        .then(int(EventKind.WITHDRAWAL))
        .when((pl.col("kind") == "interest") & (pl.col("amount") < 0))
        .then(int(EventKind.FEE))
        .otherwise(pl.col("kind").replace_strict(words, return_dtype=pl.Int32))
    )
    codes: NDArray[np.uint8] = rows.select(kind.cast(pl.UInt8)).to_series().to_numpy()
    return codes


def _relief(rows: pl.DataFrame) -> NDArray[np.uint8]:
    words = {relief.name.lower(): int(relief) for relief in Relief}
    chosen = pl.coalesce("relief", "standing_relief", pl.lit("fifo"))
    codes: NDArray[np.uint8] = rows.select(chosen.replace_strict(words, return_dtype=pl.UInt8)).to_series().to_numpy()
    return codes


def _flags(rows: pl.DataFrame, kind: NDArray[np.uint8]) -> NDArray[np.uint8]:
    bought = rows["acquisition"].str.to_lowercase().fill_null(BOUGHT[0]).is_in(BOUGHT).to_numpy()
    flags = np.zeros(rows.height, np.uint8)
    flags[_true(rows["qualified"])] |= int(EventFlag.QUALIFIED)
    flags[_true(rows["stated"])] |= int(EventFlag.STATED)
    flags[_true(rows["replaced"])] |= int(EventFlag.USED)
    flags[bought & (kind == EventKind.TRANSFER_IN)] |= int(EventFlag.PURCHASE)
    return flags


def _details(rows: pl.DataFrame, kind: NDArray[np.uint8], names: Names) -> Table:
    """Encode the details of the rows that have some."""
    gift = pl.Series(kind == EventKind.GIFT_IN)
    death = pl.Series(kind == EventKind.INHERITANCE)
    inherited = (rows["acquisition"].str.to_lowercase() == "inheritance").fill_null(value=False)
    columns = rows.select(
        basis=pl.when(gift).then(pl.coalesce("donor_basis", "basis")).otherwise("basis"),
        original_basis="original_basis",
        fair_value=pl.when(death).then(pl.coalesce("fair_value", "basis")).otherwise("fair_value"),
        cash="cash_per_share",
        ratio_new="ratio_new",
        ratio_old="ratio_old",
        fraction="fraction",
        short_rate="standing_short_rate",
        long_rate="standing_long_rate",
        acquired=pl.when(gift).then(pl.coalesce("donor_acquired", "acquired")).otherwise("acquired"),
        holding_start=pl.when(inherited).then(ALWAYS_LONG).otherwise("holding_period_start"),
        ex_day="ex_date",
    )
    details = np.empty(rows.height, DETAIL)
    for name in columns.columns:
        missing = MISSING if DETAIL[name] == np.int64 else NO_DATE
        details[name] = columns[name].fill_null(missing).to_numpy()
    details["new_security"] = codes_of(rows["new_symbol"], names.securities)
    details["counter_account"] = codes_of(rows["counter_account"], names.accounts)
    return details
