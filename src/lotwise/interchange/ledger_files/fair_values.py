"""Fair value of the shares that a mixed merger gives: the cell, else a close of the folder's prices, else refused.

26 U.S.C. 356(a)(1) caps the gain by the cash; the gain itself needs what the new shares were worth on the day. Where no
cell says it, it is the close of the new symbol on that day, or the last one of the seven days before. Prices are on the
share basis of their last day: where the actions tell of a split of the new symbol since, a close is not what it was
worth.

A row that comes again keeps the value that was posted, whatever the prices say by then.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from lotwise.dates import from_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.journal_rows import JournalRows
from lotwise.interchange.firm_folder.market_files import PRICES
from lotwise.interchange.firm_folder.register import open_table
from lotwise.money import to_dollars
from lotwise.storage.journal import EVERY_ACCOUNT, Journal

__all__ = ["with_fair_values"]

_DAYS_BACK = 7  # of a close that still stands for the day: a long weekend, a security that was halted
_RECOUNTED = ("split", "stock_dividend")
_KEY = ("account_id", "transaction_id")


def with_fair_values(
    rows: pl.DataFrame, journal: Journal, actions: pl.DataFrame, folder: Path, findings: FindingList
) -> JournalRows:
    """Fill in the fair value of mixed mergers among rows of `journal.SCHEMA`; those that have none are refused.

    `actions` are the market's, of all days. Every value that is taken from the prices is a finding.
    """
    empty = ((pl.col("kind") == "mixed_merger") & pl.col("fair_value").is_null()).fill_null(value=False)
    open_rows = rows.with_row_index("place").filter(empty)
    if not open_rows.height:
        return JournalRows(rows, 0)
    before = journal.matching(open_rows).select(*_KEY, before="fair_value").unique(_KEY, keep="first")
    closes = _closes(folder, open_rows["new_symbol"], actions, findings)
    found = (
        open_rows.join(before, on=_KEY, how="left", maintain_order="left")
        .sort("date", maintain_order=True)
        .join_asof(
            closes.with_columns(priced="date"),
            on="date",
            by_left="new_symbol",
            by_right="symbol",
            strategy="backward",
            tolerance=_DAYS_BACK,
            check_sortedness=False,  # both are sorted, which polars cannot see of groups
        )
        .with_columns(recounted=(pl.col("recounted") > pl.col("date")).fill_null(value=False))
        .with_columns(value=pl.coalesce("before", pl.when(~pl.col("recounted")).then("close")))
        .sort("place")
    )
    _report(found, findings)
    values = rows["fair_value"].scatter(found["place"], found["value"])
    refused = found["place"].filter(found["value"].is_null())
    filled = rows.with_columns(values).with_row_index("place").filter(~pl.col("place").is_in(refused.implode()))
    return JournalRows(filled.drop("place"), len(refused))


def _closes(folder: Path, symbols: pl.Series, actions: pl.DataFrame, findings: FindingList) -> pl.DataFrame:
    """Closes of some symbols by day: date, symbol, close, recounted (last day on which a split changed what they mean).

    A row with a cell that cannot be read gives no close; of two rows of a day the first counts, as in rebalancing.
    """
    table = open_table(folder, replace(PRICES, needed=False), findings)
    schema = {"date": pl.Int32, "symbol": pl.String, "close": pl.Int64, "recounted": pl.Int32}
    if table is None:
        return pl.DataFrame(schema=schema)
    wanted = pl.col("symbol").is_in(symbols.unique().implode())
    closes = table.frame.filter(wanted).drop_nulls(["date", "close"]).unique(["symbol", "date"], keep="first")
    last = closes.group_by("symbol").agg(pl.col("date").max().alias("last"))
    splits = (
        actions.filter(pl.col("kind").is_in(_RECOUNTED))
        .join(last, on="symbol")
        .filter(pl.col("date") <= pl.col("last"))
        .group_by("symbol")
        .agg(pl.col("date").max().alias("recounted"))
    )
    return closes.join(splits, on="symbol", how="left").select(schema.keys()).cast(pl.Schema(schema)).sort("date")


def _report(found: pl.DataFrame, findings: FindingList) -> None:
    """Say what was taken, and of what nothing is known: once for each row that comes for the first time."""
    groups = ("source", "new_symbol", "date", "close", "priced", "recounted")
    fresh = found.filter(pl.col("before").is_null())
    for (source, symbol, day, close, priced, recounted), part in fresh.group_by(groups, maintain_order=True):
        must_be = f"the fair value of one share of {symbol} on {from_day_number(day)}"
        market = part["account_id"][0] == EVERY_ACCOUNT
        until = f"until then the {'action is not applied' if market else 'row is not posted'}"
        severity = Severity.ERROR
        if close is None:
            to_do = f"fill it, or add a close of {from_day_number(day - _DAYS_BACK)} or later to the prices; {until}"
        elif recounted:
            to_do = f"fill it: the prices count {symbol} as after a later split; {until}"
        else:
            severity = Severity.NOTICE
            close_said = f"{to_dollars(close):f} of {from_day_number(priced)}"
            to_do = f"nothing, if it was the close, {close_said}, which is posted; fill it otherwise"
        findings.rows(
            Place(source, None, "fair_value"), Message(severity, must_be, to_do), rows_to_report(part["line"], "")
        )
