"""Lots, gains and wash sales of a ledger as tables with names, dates and exact decimals: for people and for files.

The columns of open lots are those of lots.csv, so that what the ledger holds can be read as a firm's lots.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.ledger.events import MISSING, NO_CODE, Table
from lotwise.ledger.tables import ALWAYS_LONG, LotMark, Origin
from lotwise.money import DOLLAR, FULL_RATE, SHARE, IntArray
from lotwise.storage.journal import NUMBER
from lotwise.storage.ledger import Ledger

__all__ = ["chosen_accounts", "decimals", "list_lots", "list_realized", "list_washes"]

_UNITS = {SHARE: 6, DOLLAR: 4, FULL_RATE: 9}


def decimals(values: IntArray, unit: int, *, cents: bool = False) -> pl.Series:
    """Integer units as exact decimal text, without trailing zeros (but two places where `cents`)."""
    number = pl.Series("number", values)
    size = number.abs()
    text = pl.DataFrame({"whole": size // unit, "rest": size % unit, "negative": number < 0}).select(
        pl.format(
            "{}{}.{}",
            pl.when("negative").then(pl.lit("-")).otherwise(pl.lit("")),
            "whole",
            pl.col("rest").cast(pl.String).str.zfill(_UNITS[unit]),
        )
    )
    stripped = text.to_series().str.strip_chars_end("0")
    if not cents:
        return stripped.str.strip_chars_end(".")
    short = stripped.str.replace(r"^(-?\d+\.)$", "${1}00")
    return short.str.replace(r"^(-?\d+\.\d)$", "${1}0")


def chosen_accounts(ledger: Ledger, household: str | None = None, account: str | None = None) -> NDArray[np.bool_]:
    """Which accounts of the ledger are asked for; raises ValueError for a household or account that nobody knows."""
    known = ledger.register.accounts
    for name, column in ((household, "household_id"), (account, "account_id")):
        if name is not None and name not in known[column].to_list():
            raise ValueError(f"{column} must be one of accounts.csv, was {name!r}")
    names = ledger.standing().names.accounts.alias("account_id").to_frame()
    frame = names.join(known, on="account_id", how="left", maintain_order="left")
    keep = pl.lit(value=True)
    if household is not None:
        keep = keep & (pl.col("household_id") == household)
    if account is not None:
        keep = keep & (pl.col("account_id") == account)
    mask: NDArray[np.bool_] = (
        frame.select(keep.alias("keep").fill_null(value=False) & pl.col("account_id").is_not_null())
        .to_series()
        .to_numpy()
    )
    return mask


def list_lots(ledger: Ledger, chosen: NDArray[np.bool_]) -> pl.DataFrame:
    """Open lots of the chosen accounts; shares sold short are negative, and have no basis for a loss."""
    lots = ledger.standing().state.lots
    lots = lots[chosen[lots["account"]]]
    short = (lots["marks"] & LotMark.SHORT) != 0
    # Lots sold short keep a count of shares in this column (ledger.short_sales).
    without = short | (lots["loss_basis"] == MISSING)
    loss_basis = np.where(without, 0, lots["loss_basis"])
    return pl.DataFrame(
        {
            "account_id": _named(ledger.standing().names.accounts, lots["account"]),
            "lot_id": _lot_names(ledger, lots, lots["number"]),
            "symbol": _named(ledger.standing().names.securities, lots["security"]),
            "shares": decimals(np.where(short, -lots["shares"], lots["shares"]), SHARE),
            "acquired": _days(lots["acquired"]),
            "basis": decimals(lots["basis"], DOLLAR, cents=True),
            "original_basis": decimals(lots["original_basis"], DOLLAR, cents=True),
            "holding_period_start": _days(lots["holding_start"]),
            "acquisition": _acquisitions(lots),
            "loss_basis": decimals(loss_basis, DOLLAR, cents=True),
        }
    ).with_columns(
        pl.when(pl.Series(without)).then(None).otherwise("loss_basis").alias("loss_basis"),
        # Two sub-lots of one name: a name of lots.csv is one lot.
        pl.when(pl.int_range(pl.len()).over("account_id", "lot_id") > 0)
        .then(pl.format("{}~{}", "lot_id", pl.int_range(pl.len()).over("account_id", "lot_id") + 1))
        .otherwise("lot_id")
        .alias("lot_id"),
    )


def list_realized(ledger: Ledger, rows: Table) -> pl.DataFrame:
    """Rows of REALIZED with names: what was sold, what of the gain counts, what of the loss does not."""
    names = ledger.standing().names
    recognised = rows["proceeds"] - rows["basis"] + rows["disallowed"]
    return pl.DataFrame(
        {
            "account_id": _named(names.accounts, rows["account"]),
            "symbol": _named(names.securities, rows["security"]),
            "lot_id": _lot_names(ledger, rows, rows["lot"]),
            "shares": decimals(rows["shares"], SHARE),
            "acquired": _days(rows["acquired"]),
            "sold": _days(rows["sold"]),
            "term": pl.Series(np.where(rows["long_term"] == 1, "long", "short")),
            "proceeds": decimals(rows["proceeds"], DOLLAR, cents=True),
            "basis": decimals(rows["basis"], DOLLAR, cents=True),
            "gain": decimals(rows["proceeds"] - rows["basis"], DOLLAR, cents=True),
            "disallowed": decimals(rows["disallowed"], DOLLAR, cents=True),
            "gone_for_ever": decimals(rows["permanent"], DOLLAR, cents=True),
            "recognised": decimals(recognised, DOLLAR, cents=True),
            "origin": pl.Series([origin.name.lower() for origin in Origin]).gather(rows["origin"].astype(np.int64)),
        }
    )


def list_washes(ledger: Ledger, chosen: NDArray[np.bool_]) -> pl.DataFrame:
    """Wash sales of the chosen accounts' sales: which, what replaced it, how much is disallowed."""
    standing = ledger.standing()
    realized, washes = standing.state.realized, standing.state.washes
    place = np.searchsorted(realized["event"], washes["sale"])
    washes = washes[chosen[realized["account"][place]]]
    wanted = pl.Series(np.unique(np.concatenate((washes["sale"], washes["purchase"]))))
    columns = ("account_id", "symbol", "date", "transaction_id")
    events = ledger.journal.read(columns=columns).filter(pl.col(NUMBER).is_in(wanted.implode()))
    listed = pl.DataFrame(
        {
            "sale": washes["sale"],
            "purchase": washes["purchase"],
            "shares": decimals(washes["shares"], SHARE),
            "disallowed": decimals(washes["loss"], DOLLAR, cents=True),
            "known": _days(washes["day"]),
            "becomes": pl.Series(np.where(washes["permanent"] == 1, "gone for ever", "basis of the replacement")),
        }
    )
    for side in ("sale", "purchase"):
        named = events.select(
            pl.col(NUMBER).alias(side),
            pl.col("date").cast(pl.Date).alias(f"{side}_date"),
            pl.col("account_id").alias(f"{side}_account"),
            pl.col("symbol").alias(f"{side}_symbol"),
            pl.col("transaction_id").alias(f"{side}_id"),
        )
        listed = listed.join(named, on=side, how="left", maintain_order="left").drop(side)
    return listed.select(
        *(f"sale_{name}" for name in ("date", "account", "symbol", "id")),
        "shares",
        "disallowed",
        *(f"purchase_{name}" for name in ("date", "account", "symbol", "id")),
        "becomes",
        "known",
    )


def _named(names: pl.Series, codes: NDArray[np.int32]) -> pl.Series:
    return names.gather(pl.Series(codes.astype(np.int64)))


def _days(days: NDArray[np.int32]) -> pl.Series:
    """Day numbers as dates; null where not known, and where a lot is long term whatever its day."""
    known = (days != NO_DATE) & (days != ALWAYS_LONG)
    return pl.Series(np.where(known, days, 0)).cast(pl.Int32).cast(pl.Date).set(pl.Series(~known), None)


def _lot_names(ledger: Ledger, rows: Table, numbers: IntArray) -> pl.Series:
    """Names of lots; one without, and all its parts, is called by the event that opened it: `#EVENT.0`."""
    named = rows["name"] != NO_CODE
    names = pl.concat([ledger.standing().names.lots.alias(""), pl.Series([""], dtype=pl.String)])
    given = names.gather(pl.Series(np.where(named, rows["name"], len(names) - 1).astype(np.int64)))
    made = pl.DataFrame({"event": rows["acquisition"]}).select(
        pl.when(pl.Series(numbers) < 0).then(pl.lit("")).otherwise(pl.format("#{}.0", "event"))
    )
    return pl.select(pl.when(pl.Series(named)).then(given).otherwise(made.to_series())).to_series()


def _acquisitions(lots: Table) -> pl.Series:
    """How a lot came, in the words of lots.csv: what could replace shares sold at a loss was bought."""
    marks = lots["marks"]
    conditions = [
        (marks & LotMark.SHORT) != 0,
        (marks & LotMark.REINVESTED) != 0,
        (marks & LotMark.REPLACEMENT) != 0,
        lots["holding_start"] == ALWAYS_LONG,
        lots["loss_basis"] != MISSING,
    ]
    return pl.Series(np.select(conditions, ["short", "reinvest", "purchase", "inheritance", "gift"], "merger"))
