"""Opening a ledger from a custodian's lots: each is transferred in on the firm's day, as it stands there.

Basis and acquired are kept. A lot that was bought can still replace shares sold at a loss, unless its original basis
says that it has: a basis that already contains a loss must never get it twice. Sales of the past whose basis the
transactions state are posted before, as stated: they open wash windows and belong to the year's gains. So are
dividends, interest and capital-gain distributions, which are the year's income. A reinvestment is in the lots: what it
was made with counts where it has a row of its own.
A gift below its donor's basis is opened as a gift, and given its own day of receipt by a correction right behind it:
from there its days count for a loss (Reg. 1.1015-1(a)).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.client_files import LOTS, TRANSACTIONS
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.journal_rows import JournalRows, completed_rows, journal_rows
from lotwise.interchange.firm_folder.register import open_table, report_broken, report_cells
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.rebalancing.book import AccountKind
from lotwise.storage.income import PAYMENT_WORDS
from lotwise.storage.journal import COLUMNS, SCHEMA, STANDING, Journal
from lotwise.storage.register import Register

__all__ = ["DAYS_PREFIX", "after_opening", "earlier_rows", "opening_rows"]

# Of the transaction ids of rows made here: lots, and corrections that give gifts their days.
_PREFIX = "open "
DAYS_PREFIX = "opening days "

_UNTIL = "the lot is not opened"
_READ = (
    "account_id",
    "lot_id",
    "symbol",
    "shares",
    "acquired",
    "basis",
    "original_basis",
    "holding_period_start",
    "acquisition",
    "loss_basis",
)


def opening_rows(folder: Path, day: int, register: Register, findings: FindingList) -> JournalRows:
    """Read the lots file as transfers in on `day`; without one there is a fatal finding."""
    table = open_table(folder, LOTS, findings)
    if table is None:
        return JournalRows(pl.DataFrame(schema=SCHEMA), 0)
    wrong = report_cells(table, _READ, findings, _UNTIL)
    report_broken(table, findings, _UNTIL)
    table.report_rounded(findings)
    deferred = register.accounts.filter(pl.col("kind") != int(AccountKind.TAXABLE))["account_id"]
    untaxed = table.frame["account_id"].is_in(deferred.implode())
    account, basis = table.frame["account_id"], table.frame["basis"]
    checks = (
        ("account_id", ~account.is_in(register.accounts["account_id"].implode()), "an account of the accounts file"),
        ("basis", basis.is_null() & ~untaxed & ~table.wrong("basis"), "the total adjusted basis in dollars"),
        (
            "lot_id",
            ~table.frame.select(pl.struct("account_id", "lot_id").is_first_distinct()).to_series(),
            "a lot once",
        ),
        ("acquired", table.frame["acquired"] > day, "a date on or before the day of the opening"),
    )
    for column, mask, must_be in checks:
        wrong |= _refuse(table, mask & ~wrong, column, must_be, findings)
    frame = table.frame.filter(~wrong)
    gift = (pl.col("loss_basis") < pl.col("basis")).fill_null(value=False)
    given = pl.col("original_basis").is_not_null() & (pl.col("original_basis") < pl.col("basis"))
    rows = frame.with_columns(pl.col("basis").fill_null(0)).with_columns(
        date=pl.lit(day, dtype=pl.Int32),
        kind=pl.when(gift).then(pl.lit("gift_in")).otherwise(pl.lit("transfer_in")),
        transaction_id=pl.format(f"{_PREFIX}{{}}", "lot_id"),
        donor_basis=pl.when(gift).then("basis"),
        donor_acquired=pl.when(gift).then(pl.coalesce("holding_period_start", "acquired")),
        fair_value=pl.when(gift).then("loss_basis"),
        replaced=pl.when(given).then(statement=True),
        acquisition=pl.col("acquisition").str.to_lowercase(),
        source=pl.lit(table.file),
        line=pl.col(LINE),
    )
    days = frame.filter(gift & pl.col("acquired").is_not_null()).select(
        "account_id",
        "symbol",
        "lot_id",
        "acquired",
        "holding_period_start",
        date=pl.lit(day, dtype=pl.Int32),
        kind=pl.lit("basis_correction"),
        transaction_id=pl.format(f"{DAYS_PREFIX}{{}}", "lot_id"),
        source=pl.lit(table.file),
        line=pl.col(LINE),
    )
    rows = pl.concat([rows, days], how="diagonal")  # of one line: the lot, then its days
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in SCHEMA.items() if name not in rows.columns]
    made = rows.with_columns(missing).select(COLUMNS).cast(pl.Schema(SCHEMA)).drop(*STANDING, "settled")
    return JournalRows(completed_rows(made, register), int(wrong.sum()) + len(table.broken))


def after_opening(rows: pl.DataFrame, journal: Journal, findings: FindingList) -> pl.DataFrame:
    """Leave out what happened up to the opening of its account: the opening lots hold it already."""
    if not rows.height:
        return rows
    first = journal.first_posting(("account_id", "transaction_id", "date"))  # nothing is posted before the opening
    opened = (
        first.filter(pl.col("transaction_id").str.starts_with(_PREFIX))
        .group_by("account_id")
        .agg(pl.col("date").max().alias("opened"))
    )
    days = rows.join(opened, on="account_id", how="left", maintain_order="left")["opened"]
    before = (rows["date"] <= days).fill_null(value=False)
    message = Message(
        Severity.NOTICE, "after the day on which its account was opened", "nothing: the opening lots hold it"
    )
    for file in rows["source"].filter(before).unique(maintain_order=True):
        mask = before & (rows["source"] == file)
        was = f"{int(mask.sum())} rows on or before it"
        findings.add(Place(str(file), int(rows["line"].filter(mask)[0]), "date"), message, was)
    return rows.filter(~before) if before.any() else rows


def earlier_rows(folder: Path, day: int, register: Register, findings: FindingList) -> JournalRows:
    """Read what the folder's transactions tell of the days up to `day` beside the lots: stated sales, and payments.

    A sale whose basis is stated is one of shares never held.
    """
    table = open_table(folder, replace(TRANSACTIONS, blocks_all=False), findings)
    if table is None:
        return JournalRows(pl.DataFrame(schema=SCHEMA), 0)
    sold = (pl.col("kind") == "sell") & pl.col("basis").is_not_null()
    keep = (sold | pl.col("kind").is_in(PAYMENT_WORDS)) & (pl.col("date") <= day)
    kept = table.frame.select(keep.fill_null(value=False)).to_series()
    part = TypedTable(
        table.contract,
        table.file,
        table.frame.filter(kept).with_columns(stated=pl.when(pl.col("kind") == "sell").then(statement=True)),
        table.was.filter(kept),
        {name: mask.filter(kept) for name, mask in table.bad.items()},
        (),
        {},
    )
    return journal_rows(part, register, findings)


def _refuse(table: TypedTable, mask: pl.Series, column: str, must_be: str, findings: FindingList) -> pl.Series:
    mask = mask.fill_null(value=False)
    message = Message(Severity.ERROR, must_be, f"correct it; until then {_UNTIL}")
    was = table.was[column].filter(mask).cast(pl.String) if column in table.was.columns else "empty"
    findings.rows(Place(table.file, None, column), message, rows_to_report(table.frame[LINE].filter(mask), was))
    return mask
