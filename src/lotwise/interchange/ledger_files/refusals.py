"""What became of rows that were not posted, in words with figures: which row, what it must be, was, what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from lotwise.dates import NO_DATE, from_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.ledger_files.corporate_actions import ACTION_PREFIX
from lotwise.ledger.tables import Refusal
from lotwise.money import format_money, format_shares
from lotwise.storage.duplicates import Repeated
from lotwise.storage.journal import NUMBER
from lotwise.storage.ledger import Ledger, Posting
from lotwise.storage.looking_back import Moment, shares_held
from lotwise.storage.names import codes_of

__all__ = ["refused_rows", "report_refusals"]

Row = Mapping[str, Any]  # one row of the journal's columns
Words = tuple[str, str, str, str]  # column, must be, was, to do

# Rows of one posting that are told what was held: each costs a fold of its taxpayer.
_MOST_FIGURES = 60
_STAYS_OUT = "until then it is not posted"
_OPENS = ("buy", "reinvest", "reinvestment", "transfer_in", "gift_in", "inheritance")


def refused_rows(rows: pl.DataFrame, posting: Posting) -> pl.Series:
    """Whether a row is refused for a reason that somebody must look at.

    The same transaction again is not, nor a market's action of what the account does not hold.
    """
    action = rows["transaction_id"].str.starts_with(ACTION_PREFIX)
    status = pl.Series(posting.status)
    again = (status == Refusal.DUPLICATE) & ((pl.Series(posting.repeated) == Repeated.SAME) | action)
    return (status != Refusal.POSTED) & ~again & ~(action & (status == Refusal.NOT_HELD))


def report_refusals(ledger: Ledger, rows: pl.DataFrame, posting: Posting, findings: FindingList) -> None:
    """Record a finding for every row that was not posted (and needs one); of those posted before one a file."""
    frame = rows.with_columns(
        pl.Series("status", posting.status),
        pl.Series("repeated", posting.repeated),
        pl.Series("breaks", posting.breaks),
        # Events of this posting that came before the row.
        pl.Series("before", ledger_rows_before(ledger, posting)),
    )
    action = pl.col("transaction_id").str.starts_with(ACTION_PREFIX)
    refused = frame.filter(refused_rows(rows, posting))
    same = frame.filter((pl.col("repeated") == int(Repeated.SAME)) & ~action)
    for file, count in same["source"].value_counts(sort=False).sort("source").iter_rows():
        rows_again = "1 row" if count == 1 else f"{count:,} rows"
        message = Message(Severity.NOTICE, "transactions that are new", "nothing: each has been posted once")
        findings.add(Place(file, None, "transaction_id"), message, f"{rows_again} that came before, and the same")
    different = refused.filter((pl.col("repeated") == int(Repeated.DIFFERENT)) & ~action)
    to_do = f"give the row an id of its own, or correct what was posted by a new event; {_STAYS_OUT}"
    message = Message(Severity.ERROR, "a transaction once, or the same row again", to_do)
    _by_file(findings, different, "transaction_id", message, different["transaction_id"])
    _report_order(ledger, refused, findings)
    others = refused.filter(~pl.col("status").is_in([int(Refusal.DUPLICATE), int(Refusal.OUT_OF_ORDER)]))
    _report_others(ledger, others, findings)


def ledger_rows_before(ledger: Ledger, posting: Posting) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Number of the first event of the journal that was not posted before each row."""
    posted = posting.status == Refusal.POSTED
    first = int(posting.number[posted].min()) if posted.any() else ledger.standing().rows
    made: np.ndarray[Any, np.dtype[np.int64]] = first + np.cumsum(posted) - posted
    return made


def _by_file(findings: FindingList, rows: pl.DataFrame, column: str, message: Message, was: pl.Series) -> None:
    for file in rows["source"].unique(maintain_order=True):
        mask = rows["source"] == file
        findings.rows(Place(file, None, column), message, rows_to_report(rows["line"].filter(mask), was.filter(mask)))


def _report_order(ledger: Ledger, refused: pl.DataFrame, findings: FindingList) -> None:
    """Report rows dated before what was posted; of a market's action only once, whoever holds it."""
    late = refused.filter(pl.col("status") == int(Refusal.OUT_OF_ORDER))
    action = pl.col("transaction_id").str.starts_with(ACTION_PREFIX)
    once = late.filter(~action | pl.col("transaction_id").is_first_distinct())
    day = once["date"].cast(pl.Date).cast(pl.String)
    # The usual way here: a row was refused, the rest of its file was posted, the row has been corrected since.
    to_do = f"if it is right (late, or corrected after it was refused), post with --backdated; {_STAYS_OUT}"
    message = Message(Severity.ERROR, "on or after the last posted day of its account", to_do)
    names = ledger.standing().names.accounts
    plain = once["breaks"] < 0
    last = pl.Series(ledger.standing().last_day[np.maximum(codes_of(once["account_id"], names), 0)])
    was = day + " (posted until " + last.cast(pl.Date).cast(pl.String) + ")"
    _by_file(findings, once.filter(plain), "date", message, was.filter(plain))
    broken = once.filter(~plain)
    if not broken.height:
        return
    events = ledger.journal.read(broken["account_id"].unique()).select(NUMBER, "transaction_id", "date")
    known = {number: (name, from_day_number(day)) for number, name, day in events.iter_rows()}
    for row in broken.iter_rows(named=True):
        name, other = known.get(row["breaks"], ("an event", "another account"))
        message = Message(
            Severity.ERROR,
            "a row beside which all that was posted since still stands",
            f"correct it, or correct {name} of {other}, which could not stand beside it; {_STAYS_OUT}",
        )
        findings.add(Place(row["source"], row["line"], "date"), message, _said(row))


def _report_others(ledger: Ledger, rows: pl.DataFrame, findings: FindingList) -> None:
    listed = rows.rows(named=True)
    if not listed:
        return
    figured = [row for row in listed if row["status"] in _WITH_FIGURES][:_MOST_FIGURES]
    held: dict[int, int] = {}
    for short in (False, True):
        chosen = [row for row in figured if (row["status"] == Refusal.NO_SHORT) == short]
        moments = [Moment(row["account_id"], row["symbol"], _lot_of(row), row["date"], row["before"]) for row in chosen]
        held.update(zip(map(id, chosen), shares_held(ledger, moments, short=short), strict=True))
    later = _opened_later(ledger, rows)
    standing = ledger.standing()
    posted_until = dict(zip(standing.names.accounts.to_list(), standing.last_day.tolist(), strict=True))
    for row in listed:
        status = Refusal(row["status"])
        unheld = status is Refusal.UNKNOWN_LOT or (status is Refusal.OVERSOLD and held.get(id(row)) == 0)
        if unheld and later.get((row["account_id"], row["symbol"], _lot_of(row)), NO_DATE) > row["date"]:
            status = Refusal.BEFORE_PURCHASE
        column, must_be, was, to_do = _WORDS[status](row, held.get(id(row)))
        until = posted_until.get(row["account_id"], row["date"])
        if until > row["date"]:
            to_do += f", then post with --backdated: the account is posted until {from_day_number(until)}"
        message = Message(Severity.ERROR, must_be, f"{to_do}; {_STAYS_OUT}")
        findings.add(Place(row["source"], row["line"], column), message, was)


def _opened_later(ledger: Ledger, rows: pl.DataFrame) -> dict[tuple[str, str, str | None], int]:
    """Last day on which lots of an account and security were opened: by name, and of any name (None)."""
    wanted = rows.filter(pl.col("status").is_in([int(Refusal.UNKNOWN_LOT), int(Refusal.OVERSOLD)]))
    if not wanted.height:
        return {}
    columns = ("account_id", "symbol", "lot_id", "kind", "date")
    opened = ledger.journal.read(wanted["account_id"].unique(), columns).filter(pl.col("kind").is_in(_OPENS))
    named = opened.drop_nulls("lot_id").group_by("account_id", "symbol", "lot_id").agg(pl.col("date").max())
    any_name = opened.group_by("account_id", "symbol").agg(pl.col("date").max())
    found: dict[tuple[str, str, str | None], int] = {(a, s, lot): day for a, s, lot, day in named.iter_rows()}
    found.update({(a, s, None): day for a, s, day in any_name.iter_rows()})
    return found


def _lot_of(row: Row) -> str | None:
    lot: str | None = row["lot_id"]
    return lot


def _said(row: Row) -> str:
    """Say a row in a few words."""
    shares = f" {format_shares(row['shares'])}" if row["shares"] is not None else ""
    symbol = f" {row['symbol']}" if row["symbol"] else ""
    return f"{row['kind']}{shares}{symbol} on {from_day_number(row['date'])}"


def _oversold(row: Row, held: int | None) -> Words:
    lot = f" of lot {row['lot_id']}" if row["lot_id"] else ""
    most = "the shares" if held is None else f"the {format_shares(held)} shares"
    must_be = f"at most {most}{lot} of {row['symbol']} that {row['account_id']} holds on {from_day_number(row['date'])}"
    return "shares", must_be, _said(row), "correct it, or post the missing purchase or transfer first"


def _unknown_lot(row: Row, _held: int | None) -> Words:
    must_be = f"an open lot of {row['symbol']} in {row['account_id']}"
    to_do = "correct the name, or leave it empty to take lots by relief or standing order"
    if row["lot_id"] and row["lot_id"].startswith("#"):
        to_do += "; lots without a name are called #EVENT.0 in ledger lots"
    if row["lot_id"] and "~" in row["lot_id"]:
        to_do += "; parts of a lot (~2) are taken under its own name, those of the highest basis first"
    return "lot_id", must_be, f"lot {row['lot_id']}", to_do


def _before_purchase(row: Row, _held: int | None) -> Words:
    lot = f"lot {row['lot_id']}" if row["lot_id"] else f"{row['symbol']} in {row['account_id']}"
    return "date", f"on or after the purchase of {lot}", _said(row), "correct the date of one of the two"


def _not_held(row: Row, _held: int | None) -> Words:
    must_be = f"a security that {row['account_id']} holds on {from_day_number(row['date'])}"
    return "symbol", must_be, _said(row), "correct the symbol or the account"


def _negative(row: Row, _held: int | None) -> Words:
    if row["settled"] is not None and row["settled"] < 0:
        return "fee", "at most the amount", format_money(row["fee"] or 0), "correct the amount or the fee"
    if row["shares"] is not None and row["shares"] <= 0:
        return "shares", "more than 0 shares", format_shares(row["shares"]), "correct it"
    return "basis", "a basis of 0 or more, and shares above 0", _said(row), "correct it"


def _missing(row: Row, _held: int | None) -> Words:
    must_be = f"a {row['kind']} with every cell that it needs (basis, dates, ratio, new symbol)"
    return "kind", must_be, _said(row), "fill them"


def _no_short(row: Row, held: int | None) -> Words:
    most = "the shares" if held is None else f"the {format_shares(held)} shares"
    must_be = f"at most {most} of {row['symbol']} that {row['account_id']} has sold short"
    return "shares", must_be, _said(row), "correct it, or post the missing short sale first"


def _plain(column: str, must_be: str, to_do: str) -> Callable[[Row, int | None], Words]:
    def words(row: Row, _held: int | None) -> Words:
        was = row.get(column) if column in ("relief", "lot_id", "counter_account", "kind") else None
        return column, must_be, str(was) if was is not None else _said(row), to_do

    return words


_WITH_FIGURES = (Refusal.OVERSOLD, Refusal.NO_SHORT)
_WORDS: dict[Refusal, Callable[[Row, int | None], Words]] = {
    Refusal.OVERSOLD: _oversold,
    Refusal.UNKNOWN_LOT: _unknown_lot,
    Refusal.BEFORE_PURCHASE: _before_purchase,
    Refusal.NOT_HELD: _not_held,
    Refusal.NOT_A_FUND: _plain(
        "relief", "average basis of a fund's shares only", "choose another relief, or mark the security as a fund"
    ),
    Refusal.NEGATIVE: _negative,
    Refusal.MISSING_DETAIL: _missing,
    Refusal.TOO_LARGE: _plain("shares", "shares, basis and value below 2^63 units", "correct the shares or the ratio"),
    Refusal.OTHER_TAXPAYER: _plain(
        "counter_account", "an account of the same taxpayer and tax kind", "post it as a gift, a sale or a distribution"
    ),
    Refusal.NO_SHORT: _no_short,
    Refusal.SOLD_SHORT: _plain(
        "symbol", "of shares that the account is not short of", "cover the short sale, or enter by hand what it owes"
    ),
    Refusal.LOT_TWICE: _plain("lot_id", "a name that no open lot of the account has", "name the lot apart"),
    Refusal.UNKNOWN_KIND: _plain("kind", "a kind of transaction", "correct it"),
}
