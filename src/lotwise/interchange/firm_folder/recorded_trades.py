"""Trades of the record: rows of transactions and lots as rows of the journal, sales lined up with what they sold.

A sale takes shares of a purchase of the record where it says so (`lot_id`, or `acquired` = the purchase's day), or says
nothing and the shares of that purchase are not among tonight's lots any more. What it sells beside is stated: basis and
dates are its own. A sale that neither takes recorded shares nor states a basis is not in the rows, but in `unknown`.

A lot of tonight that the record does not see bought comes in on the day of its purchase. Stated sales of that day share
an order with it: the rest of one purchase does not replace it (Rev. Rul. 56-602).
Not modelled: splits and reorganisations between purchase and sale (post them to a ledger).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList
from lotwise.interchange.firm_folder.journal_rows import journal_rows
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.kernels import kernel
from lotwise.money import IntArray, mul_div
from lotwise.storage.journal import COLUMNS, SCHEMA
from lotwise.storage.register import Register

__all__ = ["BOUGHT_KINDS", "TRADED", "Trades", "lot_rows", "read_trades", "readable_rows", "rows_where"]

BOUGHT_KINDS = ("buy", "reinvest", "reinvestment")
TRADED = (*BOUGHT_KINDS, "sell")
_POSITION = ["account_id", "symbol"]


class Trades(NamedTuple):
    """Trades of the record, ready to be folded, and lines of those that cannot be."""

    rows: pl.DataFrame  # journal.SCHEMA; a purchase is named "buy LINE"
    purchases: pl.DataFrame  # account_id, symbol, date, label (its lot_id, null = none), name
    unknown: pl.Series  # lines of sales of which some shares have no known gain
    unread: pl.Series  # lines of purchases that are not in the rows


def rows_where(table: TypedTable, keep: pl.Series) -> TypedTable:
    """Part of a table of transactions."""
    return TypedTable(
        table.contract,
        table.file,
        table.frame.filter(keep),
        table.was.filter(keep),
        {name: mask.filter(keep) for name, mask in table.bad.items()},
        (),
        {},
    )


def readable_rows(table: TypedTable, register: Register) -> pl.DataFrame:
    """Rows of a table of transactions that the journal could take; what keeps one out is said by whoever asks."""
    return journal_rows(table, register, FindingList()).rows


def read_trades(table: TypedTable, register: Register, recent: pl.DataFrame) -> Trades:
    """Read purchases and sales; `recent` are tonight's lots: account_id, symbol, lot_id, acquired, shares."""
    table = rows_where(table, table.frame["kind"].is_in(TRADED).fill_null(value=False))
    if table.frame.is_empty():
        none = pl.DataFrame(schema=SCHEMA)
        lines = pl.Series([], dtype=pl.Int64)
        return Trades(none, none.select(*_POSITION, "date", label="lot_id", name="lot_id"), lines, lines)
    sells = table.frame["kind"] == "sell"
    stated = table.frame.with_columns(stated=sells & table.frame["basis"].is_not_null())
    posted = readable_rows(TypedTable(table.contract, table.file, stated, table.was, table.bad, (), {}), register)
    posted = posted.filter(pl.col("shares") > 0)
    unread = ~table.frame[LINE].is_in(posted["line"].implode())
    bought = posted.filter(pl.col("kind") != "sell")
    sold = posted.filter(pl.col("kind") == "sell")
    purchases = bought.select(
        *_POSITION, "date", label="lot_id", name=pl.format("buy {}", "line"), purchase="line", left="shares"
    )
    parts = _parts_sold(_sales(sold, recent), purchases, recent)
    made = sold.join(parts, left_on="line", right_on="sale", maintain_order="left")
    known = made["name"].is_not_null() | made["stated"].fill_null(value=False)
    rows = pl.concat(
        [
            bought.with_columns(pl.format("buy {}", "line").alias("lot_id")).select(COLUMNS),
            _rows_sold(made).filter(known).select(COLUMNS),
        ]
    )
    unknown = pl.concat([table.frame[LINE].filter(unread & sells), made["line"].filter(~known)])
    return Trades(rows, purchases.drop("purchase", "left"), unknown, table.frame[LINE].filter(unread & ~sells))


def _sales(sold: pl.DataFrame, recent: pl.DataFrame) -> pl.DataFrame:
    """Sales with the day on which what they name was bought: their own, or that of the lot of tonight they name."""
    lots = recent.select("account_id", "symbol", "lot_id", pl.col("acquired").alias("lot_acquired"))
    return sold.join(lots, on=[*_POSITION, "lot_id"], how="left", maintain_order="left").select(
        *_POSITION,
        "date",
        label="lot_id",
        acquired=pl.coalesce("acquired", "lot_acquired"),
        sale="line",
        left="shares",
    )


def _parts_sold(sales: pl.DataFrame, purchases: pl.DataFrame, recent: pl.DataFrame) -> pl.DataFrame:
    """Parts of sales: sale (line), part_shares, part_name (null = of no purchase of the record), in order."""
    by_day = purchases.with_columns(acquired="date")
    found = [_lined_up(sales, purchases, [*_POSITION, "label"])]
    sales, by_day = _less(sales, by_day, found[-1])
    found.append(_lined_up(sales, by_day, [*_POSITION, "acquired"]))
    sales, by_day = _less(sales, by_day, found[-1])
    silent = sales.filter(pl.col("acquired").is_null())
    found.append(_lined_up(silent, _gone(by_day, recent), _POSITION))
    sales, _ = _less(sales, by_day, found[-1])
    pieces = pl.concat(found).join(purchases.select("purchase", "name"), on="purchase").drop("purchase")
    rest = sales.filter(pl.col("left") > 0).select("sale", shares="left", name=pl.lit(None, dtype=pl.String))
    parts = pl.concat([pieces, rest]).select("sale", "name", part="shares")
    return parts.sort("sale", "name", nulls_last=True)


def _lined_up(sales: pl.DataFrame, purchases: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Pair shares sold with shares bought of equal keys, both in order; none is sold before it is bought."""
    own = pl.col("left").cum_sum().over(keys)
    known = pl.all_horizontal(pl.col(key).is_not_null() for key in keys) & (pl.col("left") > 0)
    one, other = (frame.filter(known).with_columns(end=own) for frame in (sales, purchases))
    begin = pl.max_horizontal(pl.col("end") - pl.col("left"), pl.col("end_bought") - pl.col("left_bought"))
    return (
        one.join(other, on=keys, suffix="_bought", maintain_order="left_right")
        .filter(pl.col("date") >= pl.col("date_bought"))
        .with_columns(shares=pl.min_horizontal("end", "end_bought") - begin)
        .filter(pl.col("shares") > 0)
        .select("sale", "purchase", "shares")
    )


def _less(sales: pl.DataFrame, purchases: pl.DataFrame, pieces: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take pieces off what is left of sales and purchases."""
    left = []
    for frame, key in ((sales, "sale"), (purchases, "purchase")):
        taken = pieces.group_by(key).agg(pl.col("shares").sum().alias("taken"))
        joined = frame.join(taken, on=key, how="left", maintain_order="left")
        left.append(joined.with_columns(left=pl.col("left") - pl.col("taken").fill_null(0)).drop("taken"))
    return left[0], left[1]


def _gone(purchases: pl.DataFrame, recent: pl.DataFrame) -> pl.DataFrame:
    """Shares of purchases that tonight's lots do not hold any more, the first bought first."""
    keys = [*_POSITION, "acquired"]
    held = recent.group_by(keys).agg(pl.col("shares").sum().alias("held"))
    total, end = pl.col("left").sum().over(keys), pl.col("left").cum_sum().over(keys)
    gone = total - pl.col("held").fill_null(0)
    return purchases.join(held, on=keys, how="left", maintain_order="left").with_columns(
        left=(gone - (end - pl.col("left"))).clip(0, pl.col("left"))
    )


@kernel
def _shares_of_amounts(total: IntArray, upto: IntArray, whole: IntArray) -> IntArray:
    """Return total x upto / whole, entry by entry."""
    made = np.empty(total.size, np.int64)
    for row in range(total.size):
        made[row] = mul_div(total[row], upto[row], whole[row])
    return made


def _rows_sold(made: pl.DataFrame) -> pl.DataFrame:
    """One row for each part of a sale; amounts by shares, and together the whole."""
    upto = made.select(pl.col("part").cum_sum().over("line")).to_series()
    amounts = {}
    for name in ("settled", "basis"):
        total, whole = made[name].fill_null(0).to_numpy(), made["shares"].to_numpy()
        later, earlier = upto.to_numpy(), (upto - made["part"]).to_numpy()
        amounts[name] = _shares_of_amounts(total, later, whole) - _shares_of_amounts(total, earlier, whole)
    taken = pl.col("name").is_not_null()
    fresh = pl.col("order_id").is_null() & pl.col("acquired").is_not_null() & ~taken
    return made.with_columns(
        pl.Series("settled", amounts["settled"]),
        pl.when(~taken).then(pl.Series("basis", amounts["basis"])).alias("basis"),
        shares="part",
        lot_id="name",
        stated=~taken,
        order_id=pl.when(fresh).then(_order("acquired")).otherwise("order_id"),
    )


def _order(day: str) -> pl.Expr:
    """Name what was bought of a security on one day as one acquisition."""
    return pl.format("bought {} {}", day, "symbol")


def lot_rows(lots: pl.DataFrame, file: str) -> pl.DataFrame:
    """Tonight's lots as transfers in on the day of their purchase, named "lot LOT_ID".

    Columns: account_id, symbol, lot_id, acquired, shares, basis, holding_start, used (has replaced others already).
    """
    made = lots.with_row_index(LINE).select(
        "account_id",
        "symbol",
        "shares",
        "basis",
        "acquired",
        date="acquired",
        kind=pl.lit("transfer_in"),
        transaction_id=pl.format("lot {}", "lot_id"),
        lot_id=pl.format("lot {}", "lot_id"),
        order_id=_order("acquired"),
        holding_period_start="holding_start",
        replaced="used",
        source=pl.lit(file),
        line=pl.lit(-1),
        settled=pl.lit(0),
    )
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in SCHEMA.items() if name not in made.columns]
    return made.with_columns(missing).select(COLUMNS).cast(pl.Schema(SCHEMA))
