"""Transactions as rows of the journal: every cell that is wrong or missing is a finding and keeps its row out.

Signs: shares and amounts are stored as the journal has them, never negative; a file may give those that go out with a
minus. The cash that moved is the amount and the fee: paid with a purchase, kept back from a sale.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lotwise.dates import NO_DATE, from_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.contract import MOST_MONEY
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.ratios import read_ratios
from lotwise.interchange.firm_folder.register import report_broken, report_cells
from lotwise.interchange.firm_folder.row_names import named_rows
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.interchange.firm_folder.transaction_kinds import NEEDS, PAYS, RECEIVES, RELIEVED, SHARES_OUT
from lotwise.ledger.cash import traded_amounts
from lotwise.money import DOLLAR, SHARE
from lotwise.rebalancing.book import AccountKind
from lotwise.storage.journal import COLUMNS, SCHEMA, STANDING
from lotwise.storage.register import Register

__all__ = ["TERM_OF_A_SALE", "UNDATED_SALE", "JournalRows", "completed_rows", "journal_rows"]

_NOT_POSTED = "the row is not posted"
_TWO_YEARS = 2 * 366  # days: a start that is long term whatever the calendar, for sales that state only their term
_IN_FILE = tuple(
    name for name in SCHEMA if name not in {*STANDING, "ratio_new", "ratio_old", "settled", "source", "line"}
)
# What a row says, for ids of rows that have none.
_CONTENT = tuple(name for name in SCHEMA if name not in {*STANDING, "transaction_id", "sequence", "source", "line"})
# Rows of the journal that sell what was never held, and say neither when it was acquired nor for which term.
UNDATED_SALE = (
    (pl.col("kind") == "sell")
    & pl.col("stated").fill_null(value=False)
    & pl.all_horizontal(pl.col("acquired", "holding_period_start", "term").is_null())
)
TERM_OF_A_SALE = "short or long, of a stated sale without a day of acquisition"


@dataclass(frozen=True, slots=True)
class JournalRows:
    """Rows that can be posted, in the order of posting, and how many of the file cannot."""

    rows: pl.DataFrame  # journal.SCHEMA
    refused: int


def journal_rows(
    table: TypedTable, register: Register, findings: FindingList, last_day: int | None = None
) -> JournalRows:
    """Read a table of transactions; sorted by day, sequence and line. What lies after `last_day` is refused."""
    ratios = read_ratios(table.frame["ratio"])
    columns = tuple(column.name for column in table.contract.columns)
    wrong = report_cells(table, columns, findings, _NOT_POSTED)
    report_broken(table, findings, _NOT_POSTED)
    frame = table.frame.with_columns(ratios["ratio_new"], ratios["ratio_old"])
    checks = _Checks(table, frame, findings)
    checks.refuse(ratios["wrong"], "ratio", "a ratio above zero: 2, 1.5, 3/2 or 3:2", table.frame["ratio"])
    if last_day is not None:
        # A slipped year would close the account to every row of the days between.
        days = frame["date"].cast(pl.Date)
        checks.refuse(frame["date"] > last_day, "date", f"on or before {from_day_number(last_day)}", days)
    _check_accounts(checks, register)
    _check_needs(checks)
    _check_signs(checks)
    _check_transfers(checks, register)
    wrong |= checks.wrong
    sound = (frame.filter(~wrong) if wrong.any() else frame).with_columns(
        pl.lit(table.file).alias("source"),
        pl.col(LINE).alias("line"),
        pl.when(pl.col("counter_account").is_in(register.accounts["account_id"].implode())).then("counter_account"),
    )
    made = completed_rows(sound.select(*_IN_FILE, "ratio_new", "ratio_old", "source", "line"), register)
    return JournalRows(made, int(wrong.sum()) + len(table.broken))


def completed_rows(rows: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Add what the journal holds beside the file's cells, and put the rows in the order of posting."""
    standing = register.accounts.select(
        "account_id", standing_relief="relief", standing_short_rate="short_rate", standing_long_rate="long_rate"
    )
    by_relief = pl.col("kind").is_in(RELIEVED) & pl.col("lot_id").is_null()
    by_tax = by_relief & (pl.coalesce("relief", "standing_relief") == "lowest_tax")
    made = (
        rows.join(standing, on="account_id", how="left", maintain_order="left")
        .with_columns(
            pl.when(by_relief & pl.col("relief").is_null()).then("standing_relief"),
            pl.when(by_tax).then("standing_short_rate"),
            pl.when(by_tax).then("standing_long_rate"),
            _holding_start(),
            _settled(rows),
            # Interest paid keeps its sign: it is told from interest received by it.
            pl.when(pl.col("kind") == "interest").then("amount").otherwise(pl.col("amount").abs()),
            pl.col("shares").abs(),
        )
        .select(COLUMNS)
    )
    made = made.with_columns(named_rows(made, _CONTENT).alias("transaction_id"))
    if made["date"].is_sorted() and made["sequence"].null_count() == made.height:
        return made  # as in the file: large files are, and a sort would copy them
    return made.sort("date", "sequence", "line", nulls_last=True, maintain_order=True)


def _holding_start() -> pl.Expr:
    """A stated sale that says only its term gets a start that makes it so."""
    undated = pl.col("holding_period_start").is_null() & pl.col("acquired").is_null()
    return (
        pl.when(pl.col("stated").fill_null(value=False) & undated & (pl.col("term") == "long"))
        .then(pl.col("date") - _TWO_YEARS)
        .otherwise("holding_period_start")
        .alias("holding_period_start")
    )


def _settled(rows: pl.DataFrame) -> pl.Expr:
    """Cash that moved: the amount, or shares x price, with the fee; 0 where the kind moves none."""
    unpriced = (rows["amount"].is_null() & rows["price"].is_not_null() & rows["shares"].is_not_null()).arg_true()
    gross = rows["amount"].abs()
    if len(unpriced):
        shares, price = (rows[name].gather(unpriced).to_numpy() for name in ("shares", "price"))
        gross = gross.scatter(unpriced, pl.Series(traded_amounts(shares, price)))
    fee = rows["fee"].fill_null(0)
    out = rows["kind"].is_in(PAYS) | ((rows["kind"] == "interest") & (rows["amount"] < 0)).fill_null(value=False)
    cash = rows["kind"].is_in((*PAYS, *RECEIVES)) | (
        rows["kind"].str.starts_with("transfer") & rows["symbol"].is_null()
    )
    gross = gross.fill_null(0)
    fee = pl.select(pl.when(rows["amount"].is_null() & (gross == 0)).then(0).otherwise(fee)).to_series()
    return pl.when(cash).then(pl.when(out).then(gross + fee).otherwise(gross - fee)).otherwise(0).alias("settled")


class _Checks:
    """Checks of the rows of one file: what fails is a finding."""

    def __init__(self, table: TypedTable, frame: pl.DataFrame, findings: FindingList) -> None:
        self.frame = frame
        self.wrong = pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
        self._table = table
        self._findings = findings

    def was_wrong(self, column: str) -> pl.Series:
        """Whether a cell could not be read: that has been said."""
        return self._table.wrong(column)

    def as_written(self, column: str) -> pl.Series | str:
        """Cells of a column as they came."""
        return self._table.was[column] if column in self._table.was.columns else ""

    def refuse(self, mask: pl.Series, column: str, must_be: str, was: pl.Series | str, to_do: str = "") -> None:
        """Record an error for each row of a mask, and keep the row out."""
        mask = mask.fill_null(value=False)
        if mask.any():
            message = Message(Severity.ERROR, must_be, f"{to_do or 'correct it'}; until then {_NOT_POSTED}")
            self._report(mask, column, message, was)
            self.wrong |= mask

    def note(self, mask: pl.Series, column: str, message: Message, was: pl.Series | str) -> None:
        """Record something of each row of a mask that keeps none out."""
        mask = mask.fill_null(value=False)
        if mask.any():
            self._report(mask, column, message, was)

    def _report(self, mask: pl.Series, column: str, message: Message, was: pl.Series | str) -> None:
        shown = was if isinstance(was, str) else was.filter(mask).cast(pl.String)
        rows = rows_to_report(self.frame[LINE].filter(mask), shown)
        self._findings.rows(Place(self._table.file, None, column), message, rows)


def _check_accounts(checks: _Checks, register: Register) -> None:
    account = checks.frame["account_id"]
    unknown = account.is_not_null() & ~account.is_in(register.accounts["account_id"].implode())
    checks.refuse(unknown, "account_id", "an account of the accounts file", account, "correct it or add the account")


def _check_needs(checks: _Checks) -> None:
    """Refuse rows that lack a cell which their kind needs."""
    wanted: dict[str, list[str]] = {}
    for kind, needs in NEEDS.items():
        for need in needs:
            wanted.setdefault(need, []).append(kind)
    for need, kinds in wanted.items():
        names = need.split("|")
        empty = checks.frame["kind"].is_in(kinds)
        for name in names:
            column = "ratio_new" if name == "ratio" else name
            empty &= checks.frame[column].is_null() & ~checks.was_wrong(name)
        if "ratio" in names:
            empty &= ~checks.wrong
        for kind in kinds if empty.any() else []:
            rows = empty & (checks.frame["kind"] == kind)
            checks.refuse(rows, names[0], f"filled in a {kind} ({' or '.join(names)})", "empty", "fill it")
    moved = checks.frame["kind"].is_in(["transfer_in", "transfer_out"]) & checks.frame["symbol"].is_not_null()
    no_shares = moved & checks.frame["shares"].is_null() & ~checks.was_wrong("shares")
    checks.refuse(no_shares, "shares", "filled where lots are transferred", "empty", "fill it")
    stated = checks.frame["stated"] & checks.frame["basis"].is_null() & ~checks.was_wrong("basis")
    checks.refuse(stated, "basis", "filled in a stated sale", "empty", "fill it, or take stated away")


def _check_signs(checks: _Checks) -> None:
    """Refuse shares and amounts below zero where they do not go out."""
    shares, amount, kind = (checks.frame[name] for name in ("shares", "amount", "kind"))
    reversal = "post what happened; a reversal is posted as its opposite"
    wrong = (shares < 0) & ~kind.is_in(SHARES_OUT)
    checks.refuse(wrong, "shares", "0 or more shares of this kind", checks.as_written("shares"), reversal)
    wrong = (amount < 0) & ~kind.is_in((*PAYS, "interest"))
    checks.refuse(wrong, "amount", "0 or more dollars of this kind", checks.as_written("amount"), reversal)
    value = shares.cast(pl.Float64).abs() * checks.frame["price"].cast(pl.Float64) / SHARE
    wrong = amount.is_null() & (value > int(MOST_MONEY) * DOLLAR)
    checks.refuse(wrong, "price", f"of a trade below {int(MOST_MONEY):,} dollars", checks.as_written("price"))
    wrong = (checks.frame["fee"] > 0) & ~kind.is_in((*PAYS, *RECEIVES))
    checks.refuse(wrong, "fee", "empty where no cash moves", checks.as_written("fee"), "post a row of kind fee")
    future = checks.frame["acquired"].fill_null(NO_DATE) > checks.frame["date"]
    acquired = checks.frame["acquired"].cast(pl.Date)
    checks.refuse(future, "acquired", "a date on or before the transaction's", acquired)


def _check_transfers(checks: _Checks, register: Register) -> None:
    """Lots that move between two accounts of the firm move once: by the row of the account that gives them."""
    counter, kind = checks.frame["counter_account"], checks.frame["kind"]
    inside = counter.is_in(register.accounts["account_id"].implode())
    lots = checks.frame["symbol"].is_not_null()
    outside = counter.is_not_null() & ~inside & (kind == "transfer_out") & lots
    message = Message(Severity.NOTICE, "an account of the accounts file", "the lots leave the ledger")
    checks.note(outside, "counter_account", message, counter)
    twice = inside & (kind == "transfer_in") & lots
    to_do = "nothing: the transfer_out of that account brings the lots"
    message = Message(Severity.NOTICE, "an account outside the firm", to_do)
    checks.note(twice, "counter_account", message, counter)
    checks.wrong |= twice.fill_null(value=False)
    taxable = register.accounts.filter(pl.col("kind") == int(AccountKind.TAXABLE))["account_id"]
    no_basis = checks.frame["basis"].is_null() & ~checks.was_wrong("basis") & ~checks.wrong
    no_basis &= checks.frame["account_id"].is_in(taxable.implode()) & (kind == "transfer_in") & lots
    must_be = "the total adjusted basis in dollars, of lots that come into a taxable account"
    checks.refuse(no_basis, "basis", must_be, "", "fill it")
