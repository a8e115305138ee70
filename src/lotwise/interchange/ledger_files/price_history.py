"""Prices of every day as they were traded then, and what was paid out, from the prices file and the splits.

The file has closes on the share basis of its last day. Shares of the ledger are counted as they were on each day; so a
close of before a split of two for one is twice what the file says. What a share paid out is what its total return
exceeds its price return by.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.interchange.firm_folder import market_files
from lotwise.interchange.firm_folder.findings import FindingList
from lotwise.interchange.firm_folder.register import open_table
from lotwise.ledger.events import EventKind, Table
from lotwise.money import DOLLAR, IntArray
from lotwise.savings.corporate import closes_of_the_living
from lotwise.savings.history import UNVALUED_AFTER, CorporateActions, Floats

__all__ = ["Carried", "Closes", "as_traded", "carried_on", "payouts_of", "read_closes"]

# A payout below this part of the price is rounding of the adjusted closes.
_LEAST_PAYOUT = 2e-5

_DISTRIBUTIONS = (EventKind.DIVIDEND, EventKind.CAPITAL_GAIN_DISTRIBUTION, EventKind.REINVEST)


class Closes(NamedTuple):
    """T days of N securities, on the share basis of the last day."""

    days: NDArray[np.int32]
    close: IntArray  # (T, N) money; 0 = none on that day
    adjusted: Floats  # (T, N); nan = none
    last: int  # day of the file; what is looked at may end before it


class Carried(NamedTuple):
    """Prices of every day (T, N), those of days without one carried on."""

    price: IntArray  # money by the share; 0 = none
    quoted: NDArray[np.bool_]  # (T, N) whether it is the day's own
    stopped: NDArray[np.bool_]  # (N,) whether its closes stopped long before the last day, and nothing ended it


def read_closes(folder: Path, symbols: pl.Series, until: int) -> Closes:
    """Read the closes of some symbols up to a day; what is wrong in the file is reported where it is read first."""
    table = open_table(folder, market_files.PRICES, FindingList())
    if table is None:
        return Closes(np.zeros(0, np.int32), np.zeros((0, len(symbols)), np.int64), np.zeros((0, len(symbols))), until)
    last = table.frame["date"].max()
    place = pl.DataFrame({"symbol": symbols, "place": np.arange(len(symbols))})
    rows = table.frame.select("date", "symbol", "close", "adj_close").join(place, on="symbol", how="inner")
    rows = rows.filter((pl.col("date") <= until) & pl.col("close").is_not_null())
    rows = rows.unique(["date", "place"], keep="first")
    days, at = np.unique(rows["date"].to_numpy(), return_inverse=True)
    close = np.zeros((days.size, len(symbols)), np.int64)
    adjusted = np.full(close.shape, np.nan)
    where = (at, rows["place"].to_numpy())
    close[where] = rows["close"].to_numpy()
    adjusted[where] = rows["adj_close"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return Closes(days.astype(np.int32), close, adjusted, last if isinstance(last, int) else until)


def as_traded(closes: Closes, actions: CorporateActions) -> tuple[IntArray, Floats]:
    """Closes as they were traded (T, N), and the factor from the file's basis to each day's (T, N)."""
    factor = np.ones(closes.close.shape)
    kinds = (EventKind.SPLIT, EventKind.STOCK_DIVIDEND)
    for act in actions.events[np.isin(actions.events["kind"], kinds)]:
        given = actions.details[act["detail"]]
        ratio = int(given["ratio_new"]) / max(int(given["ratio_old"]), 1)
        more = ratio if act["kind"] == EventKind.SPLIT else 1.0 + ratio
        factor[closes.days < act["day"], act["security"]] *= more
    return np.rint(closes.close * factor).astype(np.int64), factor


def carried_on(price: IntArray, days: NDArray[np.int32], actions: CorporateActions, events: Table) -> Carried:
    """Fill days without a price with the last one known, until the security has ended.

    What has not been priced for `UNVALUED_AFTER` days has no price from then on. Before a change of symbol the price is
    that of the new one.
    """
    filled = price.copy()
    for act in actions.events[actions.events["kind"] == EventKind.SYMBOL_CHANGE]:
        old, new = int(act["security"]), int(actions.details["new_security"][act["detail"]])
        before = (days < act["day"]) & (filled[:, old] == 0)
        filled[before, old] = price[before, new]
    filled, ends = closes_of_the_living(filled, days, actions, events)
    known = np.where((filled > 0) | ends, np.arange(days.size)[:, None], 0)
    np.maximum.accumulate(known, axis=0, out=known)
    carried: IntArray = filled[known, np.arange(filled.shape[1])]
    lost = (carried > 0) & (days[:, None] - days[known] > UNVALUED_AFTER)
    carried[lost] = 0
    return Carried(carried, filled > 0, lost[-1] if days.size else np.zeros(price.shape[1], np.bool_))


def payouts_of(closes: Closes, factor: Floats, events: Table) -> Floats:
    """Dollars that each share pays out on each day (T, N), as shares were counted then.

    Nothing where the record has no distribution at all: what one side does not show, the other must not have either.
    """
    paid = np.zeros(closes.close.shape)
    if not np.isin(events["kind"], _DISTRIBUTIONS).any() or closes.days.size < 2:
        return paid
    close = np.where(closes.close > 0, closes.close / DOLLAR, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        total, price = closes.adjusted[1:] / closes.adjusted[:-1], close[1:] / close[:-1]
        part = total - price  # of the close before
    found = np.where(np.isfinite(part) & (part > _LEAST_PAYOUT), part * close[:-1], 0.0)
    paid[1:] = found * factor[1:]
    return paid
