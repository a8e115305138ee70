"""prices: the close of each security on the day, and the total-return history up to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import is_trading_day, to_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report, shown_cell
from lotwise.interchange.firm_folder.securities import Securities, code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.money import IntArray
from lotwise.securities.market import Market, PriceHistory, asset_classes_of

__all__ = ["STALE_AFTER", "Prices", "market_of", "oldest_fresh_day", "read_prices"]

STALE_AFTER = 5  # trading days: a week without a price is no longer the price one trades at (issue of the contract)
_ENDS = ("cash_merger", "stock_merger", "mixed_merger", "symbol_change")  # corporate actions after which none trades
_HISTORY_YEARS = 6  # what the risk estimation can use: five years and a margin for returns and warm-up


@dataclass(frozen=True, slots=True)
class Prices:
    """Close per security (0 = none), its day, whether it can be traded at, and the history."""

    close: IntArray
    day: NDArray[np.int32]  # of the close; any value where there is none
    fresh: NDArray[np.bool_]
    history: PriceHistory


def oldest_fresh_day(as_of: date) -> int:
    """First day on which a close is at most `STALE_AFTER` trading days old on `as_of`."""
    day, passed = as_of, 0
    while True:
        passed += is_trading_day(day)
        if passed > STALE_AFTER:
            return to_day_number(day)
        day -= timedelta(days=1)


def read_prices(
    table: TypedTable, securities: Securities, as_of: date, findings: FindingList, actions: TypedTable
) -> Prices | None:
    """Read the prices known on the day; None, with a fatal finding, if no security has one.

    A security that one of the corporate `actions` ended since its last price needs none, and is only counted.
    A wrong or doubled row newer than the last sound price of its security makes that price doubtful: the security is
    then held as it is, like one whose price is stale.
    """
    table.report_cells(findings)
    for row in table.broken:
        message = Message(Severity.WARNING, "a row as wide as the header", "correct the row; it is not used")
        findings.add(Place(table.file, row.line), message, row.why)
    today = to_day_number(as_of)
    wrong_close = table.wrong("close")
    rows = table.frame.with_columns(
        code_of(table.frame["symbol"], securities.labels.symbols).alias("security"),
        wrong_close.alias("wrong"),
    )
    _note_left_out(table.file, rows, today, findings)
    rows = rows.filter(pl.col("security").is_not_null() & (pl.col("date") <= today))
    rows = _without_doubles(table.file, rows, findings)
    sound = rows.filter(pl.col("close").is_not_null())
    if sound.is_empty():
        message = Message(Severity.ERROR, f"prices on or before {as_of}", "add prices, or correct the date")
        findings.stop(Place(table.file), message, "none for any security")
        return None
    last = sound.group_by("security").agg(pl.col("date").max(), pl.col("close").sort_by("date").last())
    doubt = rows.filter(pl.col("wrong")).group_by("security").agg(pl.col("date").max())
    close = np.zeros(securities.count, dtype=np.int64)
    day = np.zeros(securities.count, dtype=np.int32)
    doubtful = np.full(securities.count, np.iinfo(np.int32).min, dtype=np.int32)
    at = last["security"].to_numpy()
    close[at], day[at] = last["close"].to_numpy(), last["date"].to_numpy()
    doubtful[doubt["security"].to_numpy()] = doubt["date"].to_numpy()
    priced = close > 0
    stale = priced & (day < oldest_fresh_day(as_of))
    unsure = priced & ~stale & (doubtful >= day)
    ended = stale & _ended_since(actions, securities, today, day)
    _note_ended(table.file, securities, ended, findings)
    _report_untradable(table.file, securities, stale & ~ended, unsure, day, findings)
    history = _history(rows, securities, today)
    return Prices(close, day, priced & ~stale & ~unsure, history)


def _note_left_out(file: str, rows: pl.DataFrame, today: int, findings: FindingList) -> None:
    """Say what is not looked at: later days, securities that are not listed, empty cells."""
    later = rows.filter(pl.col("date") > today)
    if later.height:
        message = Message(Severity.NOTICE, "on or before the day of the run", "later rows are not looked at")
        findings.add(Place(file, None, "date"), message, f"{later.height} later rows")
    strangers = rows.filter(pl.col("security").is_null() & pl.col("symbol").is_not_null())["symbol"].unique().sort()
    if len(strangers):
        message = Message(Severity.NOTICE, "in the securities file", "prices of others are not looked at")
        few = ", ".join(strangers.head(5).to_list()) + (", ..." if len(strangers) > 5 else "")
        findings.add(Place(file, None, "symbol"), message, f"{len(strangers)} others: {shown_cell(few)}")
    empty = rows.filter(pl.col("close").is_null() & ~pl.col("wrong"))
    if empty.height:
        message = Message(Severity.NOTICE, "filled", "an empty close is no price")
        findings.add(Place(file, None, "close"), message, f"{empty.height} empty")


def _without_doubles(file: str, rows: pl.DataFrame, findings: FindingList) -> pl.DataFrame:
    key = rows["security"] * 1_000_000 + rows["date"].cast(pl.Int64)
    if key.n_unique() == len(key):
        return rows
    again = ~key.is_first_distinct()
    message = Message(Severity.WARNING, "one row per security and day", "remove one; the first one counts")
    was = rows.filter(again).select(pl.col("symbol") + pl.lit(" twice on this day")).to_series()
    findings.rows(Place(file, None, "date"), message, rows_to_report(rows[LINE].filter(again), was))
    doubled = key.is_duplicated()
    return rows.with_columns(wrong=pl.col("wrong") | doubled).filter(~again)


def _ended_since(actions: TypedTable, securities: Securities, today: int, day: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether each security was merged away or renamed after the day of its last price, (N,)."""
    rows = actions.frame.select("kind", "date", code_of(actions.frame["symbol"], securities.labels.symbols).alias("at"))
    rows = rows.filter(pl.col("kind").is_in(_ENDS) & (pl.col("date") <= today)).drop_nulls()
    last = np.full(day.size, np.iinfo(np.int32).min, np.int32)
    np.maximum.at(last, rows["at"].to_numpy(), rows["date"].to_numpy().astype(np.int32))
    ended: NDArray[np.bool_] = last > day
    return ended


def _note_ended(file: str, securities: Securities, ended: NDArray[np.bool_], findings: FindingList) -> None:
    names = [securities.labels.symbols[number] for number in np.flatnonzero(ended)]
    if names:
        few = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        message = Message(Severity.NOTICE, "of securities that still exist", "nothing: a corporate action ended them")
        findings.add(Place(file, None, "date"), message, f"{len(names)} without a later price: {shown_cell(few)}")


def _report_untradable(
    file: str,
    securities: Securities,
    stale: NDArray[np.bool_],
    unsure: NDArray[np.bool_],
    day: NDArray[np.int32],
    findings: FindingList,
) -> None:
    days = pl.Series(day).cast(pl.Date).to_list()
    symbols = securities.labels.symbols
    for number in np.flatnonzero(stale):
        message = Message(
            Severity.WARNING,
            f"at most {STALE_AFTER} trading days old",
            f"add prices of {symbols[number]}; until then it is neither bought nor sold",
        )
        findings.add(Place(file, None, "date"), message, f"{symbols[number]} last on {days[number]}")
    for number in np.flatnonzero(unsure):
        message = Message(
            Severity.WARNING,
            "one sound price on the last day",
            f"correct the row of {symbols[number]}; until then it is neither bought nor sold",
        )
        findings.add(Place(file, None, "close"), message, f"{symbols[number]} wrong after {days[number]}")


def _history(rows: pl.DataFrame, securities: Securities, today: int) -> PriceHistory:
    """Arrange total-return prices by day and security; a security without any adj_close has its closes."""
    rows = rows.filter(pl.col("date") > today - _HISTORY_YEARS * 366)
    adjusted = set(rows.filter(pl.col("adj_close").is_not_null())["security"].unique().to_list())
    has = np.zeros(securities.count, dtype=np.bool_)
    has[list(adjusted)] = True
    security = rows["security"].to_numpy()
    days, place = np.unique(rows["date"].to_numpy(), return_inverse=True)
    given = rows["adj_close"].to_numpy()
    plain = rows["close"].cast(pl.Float64).to_numpy() / 10_000
    table = np.full((len(days), securities.count), np.nan)
    table[place, security] = np.where(has[security], given, plain)
    seen = np.isfinite(table).any(axis=1)
    return PriceHistory(securities.labels.symbols, days[seen].astype(np.int32), np.ascontiguousarray(table[seen]))


def market_of(securities: Securities, prices: Prices, today: int) -> Market:
    """The market of the day, without risk."""
    count = securities.count
    return Market(
        np.int32(today),
        prices.close,
        securities.spread.astype(np.int64),
        prices.fresh & securities.sound,
        securities.identical.astype(np.int32),
        securities.kind.astype(np.uint8),
        asset_classes_of(securities.labels.asset_classes).codes,
        *securities.payouts,
        np.zeros((count, 0)),
        np.zeros(count),
    )
