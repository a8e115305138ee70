"""The record of a folder, folded: open windows, the year's gains and income, and tonight's lots put right by it.

Where the folder has a posted ledger, that is the record. Otherwise it is made of this year's transactions (and those of
the weeks before) and of the lots bought since: as far back as a wash sale of this year or an open window can reach.
Transactions of every account of a taxpayer count: of spouses, retirement accounts and accounts held away.

What lots hold tonight is what the lots file says. Bought shares that the record does not know count on top of it.
A file of transactions that begins after January does not say what the year realised.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, WASH_DAYS, from_day_number, to_day_number
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.carried_losses import KEY, folded_lots, with_carried_losses
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList
from lotwise.interchange.firm_folder.folding_record import (
    FoldedRecord,
    fold_trades,
    households_of,
    posted_record,
    tonight_register,
)
from lotwise.interchange.firm_folder.lots import LotContext
from lotwise.interchange.firm_folder.record_findings import (
    report_contradictions,
    report_ledger,
    report_purchases,
    report_sales,
    report_undated_sales,
)
from lotwise.interchange.firm_folder.recorded_income import income_of_ledger, income_of_transactions
from lotwise.interchange.firm_folder.recorded_trades import read_trades
from lotwise.interchange.firm_folder.tax_positions import YearToDate
from lotwise.ledger.open_windows import windows_of_state
from lotwise.ledger.wash_sales import PurchaseColumns, SaleColumns
from lotwise.rebalancing.book import AccountKind, LotFlag
from lotwise.storage.income import PAYMENT_WORDS
from lotwise.storage.journal import Journal
from lotwise.storage.register import Register
from lotwise.tax.gains import year_to_date
from lotwise.tax.income import Income

__all__ = [
    "Record",
    "RecordRows",
    "columns_of",
    "first_day",
    "original_bases",
    "read_record",
    "with_purchases",
    "with_sales",
]

_LATEST_BEGIN = 30  # days into the year: a record that begins later does not tell the whole year


class RecordRows(NamedTuple):
    """Transactions that belong to the record, validated."""

    table: TypedTable  # since `first_day`, each once; with the column account (position)
    begins: int | None  # first day of the whole file
    households: NDArray[np.bool_]  # of the roster: whether the file has a row of theirs


class Record(NamedTuple):
    """What the record says tonight."""

    lots: pl.DataFrame  # as read, put right
    bought: PurchaseColumns  # by taxpayer of the roster and identical group of the market
    lost: SaleColumns
    year_to_date: YearToDate


def first_day(today: int) -> int:
    """First day of the record: wash sales of this year and of open windows reach back no further."""
    new_year = to_day_number(date(from_day_number(today).year, 1, 1))
    return min(new_year - WASH_DAYS, today - 2 * WASH_DAYS - 1)


def original_bases(table: TypedTable, today: int, *, all_days: bool) -> pl.DataFrame:
    """Bases before wash-sale adjustments that the lots file states (of lots bought since the record begins)."""
    keep = pl.col("original_basis").is_not_null()
    if not all_days:
        keep &= pl.col("acquired") >= first_day(today)
    return table.frame.filter(keep).select("account_id", "lot_id", "original_basis").unique(["account_id", "lot_id"])


def read_record(
    folder: Path,
    rows: RecordRows,
    lots: pl.DataFrame,
    originals: pl.DataFrame,
    context: LotContext,
    findings: FindingList,
    *,
    compare: bool = True,
) -> Record:
    """Fold the folder's record. `compare`: whether the lots are those of the file, and can contradict it."""
    record = posted_record(folder, context, findings)
    if record is None:
        register = tonight_register(folder, context, findings)
        record, lost, parts = _fold_transactions(register, rows, lots, originals, context, findings, compare=compare)
        income = income_of_transactions(rows.table, register, record, lots, context, findings)
        begins, told = rows.begins, rows.households & ~_unsure(rows.table, lost, context)
    else:
        lost, parts = _no_sales(), folded_lots(record.state, record.names)
        if compare:
            report_ledger(record, lots, rows.table, context, findings)
        begins, told = _begin_of_ledger(folder), _posted_households(record, context.accounts)
        income = income_of_ledger(folder, record, context, findings)
    beyond = _beyond(lots, parts, context.today)
    bought, sold = _windows(record, context)
    return Record(
        with_carried_losses(lots, parts, originals, context.accounts, "lots.csv", findings),
        with_purchases(bought, columns_of(beyond, context), beyond["shares"]),
        with_sales(sold, columns_of(lost, context)),
        _year_to_date(record, income, begins, told, context),
    )


def _fold_transactions(
    register: Register,
    rows: RecordRows,
    lots: pl.DataFrame,
    originals: pl.DataFrame,
    context: LotContext,
    findings: FindingList,
    *,
    compare: bool,
) -> tuple[FoldedRecord, pl.DataFrame, pl.DataFrame]:
    """Fold transactions and recent lots: the record, sales whose gain is not known, and its bought lots."""
    recent = _recent_lots(lots, originals, context)
    trades = read_trades(rows.table, register, recent)
    record = fold_trades(trades, recent, register, context)
    parts = folded_lots(record.state, record.names)
    lost = report_sales(rows.table, pl.concat([trades.unknown, record.refused]), context, findings)
    report_purchases(rows.table, trades.unread, context.accounts, findings)
    report_undated_sales(rows.table.file, trades, context, findings)
    if compare:
        report_contradictions(
            rows.table.file, trades, parts, _bought(lots, first_day(context.today)), context, findings
        )
    return record, lost, parts


def _bought(lots: pl.DataFrame, since: int) -> pl.DataFrame:
    return lots.filter((pl.col("acquired") >= since) & (pl.col("flags") & int(LotFlag.REPLACEMENT) > 0))


def _recent_lots(lots: pl.DataFrame, originals: pl.DataFrame, context: LotContext) -> pl.DataFrame:
    """Tonight's lots bought since the record begins, in names, with the original basis where it is stated."""
    recent = _bought(lots, first_day(context.today)).filter(pl.col("acquired") <= context.today)
    ids = pl.Series(context.accounts.ids, dtype=pl.String)
    symbols = pl.Series(context.securities.labels.symbols, dtype=pl.String)
    return recent.select(
        ids.gather(recent["account"]).alias("account_id"),
        symbols.gather(recent["security"]).alias("symbol"),
        "lot_id",
        "acquired",
        "shares",
        "basis",
        "holding_start",
    ).join(originals, on=["account_id", "lot_id"], how="left", maintain_order="left")


def _no_sales() -> pl.DataFrame:
    return pl.DataFrame(schema={"account": pl.Int64, "security": pl.Int64, "day": pl.Int32})


def _beyond(lots: pl.DataFrame, parts: pl.DataFrame, today: int) -> pl.DataFrame:
    """Bought shares of tonight's window that the folded record does not hold: account, security, day, shares.

    A purchase whose day is not known counts as made today: it then bars losses, which costs a loss at worst.
    """
    undated = pl.col("acquired") == int(NO_DATE)
    near = undated | pl.col("acquired").is_between(today - WASH_DAYS, today)
    held = lots.filter((pl.col("flags") & int(LotFlag.REPLACEMENT) > 0) & near)
    held = held.group_by(KEY, maintain_order=True).agg(pl.col("shares").sum())
    known = parts.group_by(KEY).agg(pl.col("shares").sum().alias("known"))
    beyond = held.join(known, on=KEY, how="left", maintain_order="left").with_columns(
        pl.col("shares") - pl.col("known").fill_null(0),
        day=pl.when(undated).then(pl.lit(today, dtype=pl.Int32)).otherwise("acquired"),
    )
    return beyond.filter(pl.col("shares") > 0).select("account", "security", "day", "shares")


def columns_of(frame: pl.DataFrame, context: LotContext) -> SaleColumns:
    """Taxpayer, identical group and day of rows of account, security (rows without one are left out) and day."""
    frame = frame.drop_nulls("security")
    household = context.accounts.household[frame["account"].to_numpy()]
    identical = context.securities.identical[frame["security"].to_numpy()]
    return SaleColumns(context.accounts.roster.taxpayer[household], identical, frame["day"].to_numpy().astype(np.int32))


def with_sales(one: SaleColumns, other: SaleColumns) -> SaleColumns:
    """Put sales together."""
    return SaleColumns(*(np.concatenate(pair) for pair in zip(one, other, strict=True)))


def with_purchases(one: PurchaseColumns, other: SaleColumns, shares: pl.Series) -> PurchaseColumns:
    """Put purchases together."""
    sums = with_sales(SaleColumns(one.household, one.identical, one.day), other)
    return PurchaseColumns(*sums, np.concatenate((one.shares, shares.to_numpy())))


def _windows(record: FoldedRecord, context: LotContext) -> tuple[PurchaseColumns, SaleColumns]:
    """Windows that the folded record leaves open, each as one purchase and one sale on its last day less thirty."""
    securities, roster = context.securities, context.accounts.roster
    groups = int(securities.identical.max(initial=-1)) + 1
    place = record.names.security
    strange = groups + np.arange(len(place), dtype=np.int32)
    known = place.is_not_null().to_numpy()
    identical = np.where(known, securities.identical[place.fill_null(0).to_numpy()], strange).astype(np.int32)
    payers = int(record.world.accounts["taxpayer"].max(initial=-1)) + 1
    windows = windows_of_state(record.state, record.world, context.today, payers, identical)
    taxpayer = np.repeat(np.arange(payers, dtype=np.int32), np.diff(windows.start))
    own = (taxpayer <= roster.taxpayer.max(initial=-1)) & (windows.identical < groups)
    bought = own & (windows.no_loss_until != NO_DATE)
    sold = own & (windows.no_buy_until != NO_DATE)
    back = np.int32(WASH_DAYS)
    return (
        PurchaseColumns(
            taxpayer[bought],
            windows.identical[bought],
            windows.no_loss_until[bought] - back,
            windows.bought_shares[bought],
        ),
        SaleColumns(taxpayer[sold], windows.identical[sold], windows.no_buy_until[sold] - back),
    )


def _unsure(table: TypedTable, lost: pl.DataFrame, context: LotContext) -> NDArray[np.bool_]:
    """Households of which a taxable sale of this year has no known gain, or a row cannot be told from one."""
    accounts, frame = context.accounts, table.frame
    new_year = to_day_number(date(from_day_number(context.today).year, 1, 1))
    unread = (frame["kind"].is_null() | frame["date"].is_null()) & (frame["date"].fill_null(new_year) >= new_year)
    unnamed = ((frame["kind"] == "sell") & (frame["symbol"].is_null())).fill_null(value=False)
    named = pl.concat([frame["account"].filter(unread | unnamed), lost["account"].filter(lost["day"] >= new_year)])
    unsure = np.zeros(len(accounts.roster.ids), np.bool_)
    unsure[accounts.household[named.to_numpy()]] = True
    return unsure


def _begin_of_ledger(folder: Path) -> int | None:
    """First day of the folder's ledger, but for payments: one opened from lots has those of the whole year."""
    rows = Journal(folder / "ledger" / "journal").read(columns=("date", "kind"))
    first = rows.filter(~pl.col("kind").is_in(PAYMENT_WORDS))["date"].min()
    return first if isinstance(first, int) else None


def _posted_households(record: FoldedRecord, accounts: AccountTable) -> NDArray[np.bool_]:
    """Households that have a taxable account, every one of which the ledger knows."""
    posted = np.zeros(len(accounts.ids), np.bool_)
    posted[record.names.account.drop_nulls().to_numpy()] = True
    taxable = accounts.kind == AccountKind.TAXABLE
    known = np.zeros(len(accounts.roster.ids), np.bool_)
    known[accounts.household[taxable]] = True
    known[accounts.household[taxable & ~posted]] = False
    return known


def _year_to_date(
    record: FoldedRecord, income: Income, begins: int | None, told: NDArray[np.bool_], context: LotContext
) -> YearToDate:
    """Recognised gains of the year, household by household: spouses who file apart have each their own.

    What funds distributed of their long-term gains is long-term gain of whoever received it.
    """
    count, year = len(context.accounts.roster.ids), from_day_number(context.today).year
    taxable = record.world.accounts["kind"] == AccountKind.TAXABLE
    realized = record.state.realized[record.state.realized["sold"] <= context.today]
    net = year_to_date(realized, households_of(record, context.accounts), taxable, year, count + 1)
    whole = begins is not None and begins <= to_day_number(date(year, 1, 1)) + _LATEST_BEGIN
    return YearToDate(net.short[:count], net.long[:count] + income.distributions, told & whole, income)
