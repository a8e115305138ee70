"""The day on which each household traded last: what `days_between_trades` counts from.

A trade is a purchase or a sale in an account that is traded here, of the folder's transactions or of its ledger, or a
pending order, which counts as one of tonight; and a lot that was purchased by the lots file, which knows no reinvested
dividend where `acquisition` does not say so. Dividends that are reinvested, transfers, and what happens in accounts
held away are none.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.activity import PendingOrders
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.lots import LotContext
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.storage.journal import Journal

__all__ = ["last_trades", "latest_purchases"]

_TRADES = ("buy", "sell")
_PURCHASES = ("purchase", "buy", "bought")


def _recorded(frame: pl.DataFrame, accounts: AccountTable) -> pl.DataFrame:
    """Purchases and sales of a table of account_id, date and kind: account (position) and day."""
    traded = frame.filter(pl.col("kind").is_in(_TRADES) & pl.col("date").is_not_null())
    return traded.select(code_of(traded["account_id"], accounts.ids).alias("account"), day="date").drop_nulls()


def latest_purchases(lots: TypedTable) -> pl.DataFrame:
    """The last day on which a lot of each account was purchased, by the lots file: account_id, date, kind."""
    word = pl.col("acquisition").str.to_lowercase()
    bought = pl.col("acquired").is_not_null() & (word.is_null() | word.is_in(_PURCHASES))
    latest = lots.frame.filter(bought).group_by("account_id").agg(pl.col("acquired").max().alias("date"))
    return latest.with_columns(kind=pl.lit("buy"))


def last_trades(
    folder: Path, transactions: TypedTable, purchases: pl.DataFrame, orders: PendingOrders, context: LotContext
) -> NDArray[np.int32]:
    """Day of the last trade of every household of the roster up to tonight; NO_DATE where none is known.

    `purchases` = `latest_purchases` of tonight's lots.
    """
    accounts = context.accounts
    parts = [_recorded(transactions.frame.select("account_id", "date", "kind"), accounts)]
    if (folder / "ledger").is_dir():
        rows = Journal(folder / "ledger" / "journal").read(columns=("account_id", "date", "kind"))
        parts.append(_recorded(rows, accounts))
    parts.append(_recorded(purchases, accounts))
    waiting = [
        *orders.cash_used,
        *(account for account, _, _ in orders.buys),
        *(account for account, _ in orders.sells),
    ]
    parts.append(pl.DataFrame({"account": waiting, "day": [context.today] * len(waiting)}))
    types = {"account": pl.Int64, "day": pl.Int32}
    found = pl.concat([part.cast(types) for part in parts])  # type: ignore[arg-type]
    account, day = found["account"].to_numpy(), found["day"].to_numpy()
    counts = ~accounts.held_away[account] & (day <= context.today)
    last = np.full(len(accounts.roster.ids), NO_DATE, np.int32)
    np.maximum.at(last, accounts.household[account[counts]], day[counts])
    return last
