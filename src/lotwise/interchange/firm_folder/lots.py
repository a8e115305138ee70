"""lots: every tax lot of the run, with what is special about it; sorted as the book wants them.

A lot whose basis or date is not known is kept and never sold; any other wrong lot blocks its household. In
tax-deferred accounts no tax depends on basis or date, so an empty cell there changes nothing.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import polars as pl

from lotwise.dates import NO_DATE
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.columns import Owners, TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.prices import Prices
from lotwise.interchange.firm_folder.securities import Securities, code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.money import DOLLAR, SHARE
from lotwise.rebalancing.book import AccountKind, LotFlag

__all__ = ["LotContext", "read_lots"]

# Acquisitions that Reg. 1.1091-1 and the rulings do not count as buying: received, not bought.
_RECEIVED = (
    "gift",
    "gift_in",
    "inheritance",
    "merger",
    "stock_merger",
    "mixed_merger",
    "spin_off",
    "split",
    "stock_dividend",
    "symbol_change",
)
_BOUGHT = ("purchase", "buy", "reinvest", "reinvestment")
_MOST_VALUE = 10**12  # dollars of one lot: above it a decimal point has slipped, and products would leave 64 bits
_MOST_HOUSEHOLD = 10**14  # dollars of one household: sums of its money stay within 64 bits
_ALWAYS_LONG = 2 * 366  # days: inherited shares are long term at once (26 U.S.C. 1223(9))


@dataclass(frozen=True, slots=True)
class LotContext:
    """What a lot refers to."""

    accounts: AccountTable
    securities: Securities
    prices: Prices
    today: int


def read_lots(table: TypedTable, context: LotContext, findings: FindingList) -> pl.DataFrame:
    """Read the lots of the run; rows that no book can hold are left out, each with a finding.

    Columns: account, security, household (positions), lot_id, shares, basis, acquired, holding_start, flags, price,
    taxable.
    """
    accounts, securities = context.accounts, context.securities
    with ThreadPoolExecutor(max_workers=1) as beside:
        security = beside.submit(code_of, table.frame["symbol"], securities.labels.symbols)
        account = code_of(table.frame["account_id"], accounts.ids)
    frame = table.frame.with_columns(account.alias("account"), security.result().alias("security"))
    with ThreadPoolExecutor(max_workers=1) as beside:
        distinct = beside.submit(_all_distinct, frame)
        return _sound_lots(replace(table, frame=frame), context, distinct, findings)


def _sound_lots(table: TypedTable, context: LotContext, distinct: Future[bool], findings: FindingList) -> pl.DataFrame:
    accounts, frame = context.accounts, table.frame
    owners = accounts.owners(frame["account"])
    frame = frame.with_columns(owners.code.alias("household"))
    in_run = accounts.in_run(frame["account"])
    table.report_cells(findings, owners, in_run)
    accounts.report_broken(table.file, table.broken, findings)
    accounts.report_strangers(table.file, frame, frame["account"], findings)
    unusable = pl.col("account").is_null() | pl.col("lot_id").is_null() | pl.col("shares").is_null()
    frame = frame.with_columns(
        pl.Series(accounts.kind == AccountKind.TAXABLE).gather(frame["account"]).alias("taxable"),
        pl.Series(context.prices.close).gather(frame["security"]).alias("price"),
        table.wrong("acquired").alias("wrong_date"),
        (table.wrong("basis") | table.wrong("holding_period_start") | table.wrong("loss_basis")).alias("wrong_tax"),
    )
    report = _Report(table.file, frame, owners, in_run, findings)
    _report_symbols(report, context.securities)
    _report_days(report, context.today)
    if not distinct.result():
        _report_doubles(report)
    _report_values(report)
    tax_unknown = _report_unknown_tax(report)
    _report_acquisitions(report)
    _report_unknown_days(report)
    flags = _flags(frame, tax_unknown)
    frame = frame.with_columns(flags).filter(in_run & ~unusable & pl.col("security").is_not_null())
    frame = frame.filter(pl.struct("account", "lot_id").is_first_distinct()) if report.doubled else frame
    return frame.select(
        "account",
        "security",
        "household",
        "lot_id",
        "shares",
        pl.col("basis").fill_null(0),
        pl.col("acquired").fill_null(NO_DATE),
        _holding_start(context.today),
        "flags",
        "price",
        "taxable",
    )


class _Report:
    """Findings about rows of the lots file."""

    def __init__(
        self, file: str, frame: pl.DataFrame, owners: Owners, in_run: pl.Series, findings: FindingList
    ) -> None:
        self.file = file
        self.frame = frame
        self.doubled = False
        self._owners = owners
        self._in_run = in_run
        self._findings = findings

    def rows(self, mask: pl.Expr, column: str, message: Message, was: pl.Expr | str) -> None:
        """Record one kind of finding for the rows of the run that a mask keeps."""
        marked = self.frame.select((mask & self._in_run).fill_null(value=False).alias("marked")).to_series()
        if not marked.any():
            return
        rows = self.frame.filter(marked)
        shown = was if isinstance(was, str) else rows.select(was.cast(pl.String)).to_series()
        self._findings.rows(
            Place(self.file, None, column),
            message,
            rows_to_report(rows[LINE], shown, self._owners.of(marked)),
        )

    def count(self, mask: pl.Expr, column: str, message: Message) -> None:
        """Record one finding for all rows of the run that a mask keeps."""
        number = self.frame.select((mask & self._in_run).sum()).item()
        if number:
            self._findings.add(Place(self.file, None, column), message, f"{number} lots")


def _refused(must_be: str, to_do: str) -> Message:
    return Message(Severity.ERROR, must_be, f"{to_do}; until then the household is refused")


def _never_sold(must_be: str, to_do: str) -> Message:
    return Message(Severity.WARNING, must_be, f"{to_do}; until then the lot is never sold")


def _report_symbols(report: _Report, securities: Securities) -> None:
    unknown = pl.col("security").is_null() & pl.col("symbol").is_not_null()
    is_cash = pl.col("symbol").is_in(list(securities.cash))
    symbol = pl.col("symbol")
    message = _refused("a symbol of the securities file", "add the security or correct the symbol")
    report.rows(unknown & ~is_cash, "symbol", message, symbol)
    message = _refused("a security", "put cash into the accounts file, column cash")
    report.rows(is_cash, "symbol", message, symbol)
    message = _refused("a security with a price", "add its price to the prices file")
    report.rows(pl.col("price") == 0, "symbol", message, symbol)


def _report_days(report: _Report, today: int) -> None:
    for column in ("acquired", "holding_period_start"):
        message = _refused("a date on or before the day of the run", "correct the date")
        report.rows(pl.col(column) > today, column, message, pl.col(column).cast(pl.Date))


def _all_distinct(frame: pl.DataFrame) -> bool:
    """Whether no lot can be there twice; by hashes of its names, so that False may be wrong, and True cannot."""
    hashes = frame.select(pl.struct("account", "lot_id").hash()).to_series()
    return hashes.n_unique() == len(hashes)


def _report_doubles(report: _Report) -> None:
    key = pl.struct("account", "lot_id")
    known = pl.col("account").is_not_null() & pl.col("lot_id").is_not_null()
    report.doubled = True
    message = _refused("a lot once in its account", "remove one of the rows or name it apart")
    report.rows(known & key.is_duplicated(), "lot_id", message, pl.col("lot_id"))


def _report_values(report: _Report) -> None:
    value = pl.col("shares").cast(pl.Float64) * pl.col("price").cast(pl.Float64) / (SHARE * DOLLAR)
    most, together = report.frame.select(value.max().fill_null(0.0), value.sum().alias("together")).row(0)
    if most <= _MOST_VALUE and together <= _MOST_HOUSEHOLD:  # no household has more than all of them
        return
    message = _refused(f"shares worth at most ${_MOST_VALUE:,}", "correct the shares or the price")
    report.rows(value > _MOST_VALUE, "shares", message, pl.col("shares") / SHARE)
    total = report.frame.group_by("household").agg(value.sum()).filter(pl.col("shares") > _MOST_HOUSEHOLD)
    large = total["household"].drop_nulls().to_list()
    if large:
        message = _refused(f"a household worth at most ${_MOST_HOUSEHOLD:,}", "correct its lots")
        first = pl.col("household").is_first_distinct()
        report.rows(pl.col("household").is_in(large) & first, "shares", message, "more")


def _report_unknown_tax(report: _Report) -> pl.Series:
    """Report lots whose tax cannot be known; whether each row is one."""
    no_date = pl.col("acquired").is_null() & ~pl.col("wrong_date")
    no_basis = pl.col("basis").is_null() & ~pl.col("wrong_tax")
    taxable = pl.col("taxable").fill_null(value=True)
    message = _never_sold("the trade date of the acquisition", "fill it")
    report.rows(no_date & taxable, "acquired", message, "empty")
    message = _never_sold("the total adjusted basis in dollars", "fill it")
    report.rows(no_basis & taxable, "basis", message, "empty")
    for column, empty in (("acquired", no_date), ("basis", no_basis)):
        message = Message(Severity.NOTICE, "filled", "in tax-deferred accounts no tax depends on it: they are traded")
        report.count(empty & ~taxable, column, message)
    above = pl.col("loss_basis") > pl.col("basis")
    message = _never_sold("at most the basis", "correct the gift's basis for losses")
    report.rows(above, "loss_basis", message, pl.col("loss_basis") / DOLLAR)
    value = pl.col("shares").cast(pl.Float64) * pl.col("price").cast(pl.Float64) / SHARE
    dual = taxable & (pl.col("loss_basis") < pl.col("basis")) & (value < pl.col("basis").cast(pl.Float64))
    message = Message(Severity.NOTICE, "a lot at a gain", "a gift below its donor's basis is not sold by this version")
    report.rows(dual, "loss_basis", message, pl.col("loss_basis") / DOLLAR)
    unknown = (pl.col("wrong_date") | pl.col("wrong_tax") | ((no_date | no_basis) & taxable) | above | dual).fill_null(
        value=False
    )
    return report.frame.select(unknown.alias("tax_unknown")).to_series()


def _report_acquisitions(report: _Report) -> None:
    word = pl.col("acquisition").str.to_lowercase()
    strange = word.is_not_null() & ~word.is_in([*_RECEIVED, *_BOUGHT])
    message = Message(Severity.NOTICE, f"one of {', '.join(_BOUGHT + _RECEIVED)}", "counts as bought in wash sales")
    report.rows(strange, "acquisition", message, pl.col("acquisition"))


def _report_unknown_days(report: _Report) -> None:
    """Warn, once per account, of purchases whose day is not known: wash sales take them as made today."""
    word = pl.col("acquisition").str.to_lowercase()
    undated = pl.col("acquired").is_null() & ~word.is_in(_RECEIVED).fill_null(value=False)
    undated &= pl.col("account").is_not_null() & pl.col("security").is_not_null() & pl.col("shares").is_not_null()
    if not report.frame.select(undated.any()).item():
        return
    message = Message(
        Severity.WARNING,
        "the day of every purchase, in every account",
        "give the date; until then losses of this name are not sold in the household (it may have been bought today)",
    )
    found = report.frame.with_columns(undated.alias("undated"))
    of_account = {
        account: f"{count} {'lot' if count == 1 else 'lots'} of {account} without a date: {', '.join(symbols)}"
        for account, count, symbols in found.filter(pl.col("undated"))
        .group_by("account_id")
        .agg(pl.len(), pl.col("symbol").unique().sort().head(5))
        .iter_rows()
    }
    first = undated & pl.col("account_id").is_first_distinct().over(undated)
    was = pl.col("account_id").replace_strict(of_account, default=None, return_dtype=pl.String)
    report.rows(first, "acquired", message, was)


def _flags(frame: pl.DataFrame, tax_unknown: pl.Series) -> pl.Series:
    word = pl.col("acquisition").str.to_lowercase()
    received = word.is_in(_RECEIVED).fill_null(value=False)
    flags = (
        pl.when(tax_unknown).then(int(LotFlag.UNKNOWN_TAX)).otherwise(0)
        + pl.when(pl.col("purpose").is_not_null()).then(int(LotFlag.KEPT)).otherwise(0)
        + pl.when(received).then(0).otherwise(int(LotFlag.REPLACEMENT))
    )
    return frame.select(flags.cast(pl.UInt8).alias("flags")).to_series()


def _holding_start(today: int) -> pl.Expr:
    """Day from which the holding period counts: as given, else the acquisition; inherited shares are long at once."""
    start = pl.coalesce("holding_period_start", "acquired")
    inherited = pl.col("acquisition").str.to_lowercase() == "inheritance"
    start = (
        pl.when(inherited.fill_null(value=False))
        .then(pl.min_horizontal(start, pl.lit(today - _ALWAYS_LONG, dtype=pl.Int32)))
        .otherwise(start)
    )
    return start.fill_null(NO_DATE).cast(pl.Int32).alias("holding_start")
