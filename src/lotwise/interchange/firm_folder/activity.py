"""transactions and pending orders: rows of the record, windows with tonight's orders, cash and lots they use up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from lotwise.dates import WASH_DAYS
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.lots import LotContext
from lotwise.interchange.firm_folder.record import (
    Record,
    RecordRows,
    columns_of,
    first_day,
    with_purchases,
    with_sales,
)
from lotwise.interchange.firm_folder.recorded_trades import rows_where
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.ledger.wash_sales import Windows, open_windows
from lotwise.money import DOLLAR, SHARE, exact_mul_div
from lotwise.rebalancing.book import LotFlag

__all__ = ["PendingOrders", "read_pending_orders", "record_rows", "report_oversold", "windows_of"]

_MOST_VALUE = 10**12 * DOLLAR  # as for a lot: beyond it sums leave 64 bits


@dataclass(slots=True)
class PendingOrders:
    """Orders not yet filled, by position of account and security."""

    cash_used: dict[int, int] = field(default_factory=dict)  # account -> money
    buys: list[tuple[int, int, int]] = field(default_factory=list)  # account, security, shares
    sells: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)  # account, security: shares, line

    def sell_frame(self) -> pl.DataFrame:
        """Accounts and securities with a pending sell."""
        rows = sorted(self.sells)
        return pl.DataFrame(rows, schema={"account": pl.Int64, "security": pl.Int64}, orient="row")


def read_pending_orders(table: TypedTable, context: LotContext, findings: FindingList) -> PendingOrders:
    """Read the pending orders; a wrong one blocks its household, since its cash or its lots are not what they seem."""
    accounts, securities = context.accounts, context.securities
    frame = table.frame.with_columns(
        code_of(table.frame["account_id"], accounts.ids).alias("account"),
        code_of(table.frame["symbol"], securities.labels.symbols).alias("security"),
    )
    owners = accounts.owners(frame["account"])
    in_run = accounts.in_run(frame["account"])
    table.report_cells(findings, owners, in_run)
    accounts.report_broken(table.file, table.broken, findings)
    accounts.report_strangers(table.file, frame, frame["account"], findings)
    orders = PendingOrders()
    rows = frame.filter(in_run & pl.col("account").is_not_null()).select(
        LINE, "account", "security", "symbol", "side", "shares"
    )
    for line, account, security, symbol, side, shares in rows.iter_rows():
        owner = accounts.roster.ids[accounts.household[account]]
        if symbol is None or side is None or shares is None:
            continue
        if security is None:
            message = Message(
                Severity.ERROR,
                "a symbol of the securities file",
                "add the security; until then it is refused",
            )
            findings.add(Place(table.file, line, "symbol"), message, symbol, owner)
        elif side == "sell":
            before, first_line = orders.sells.get((account, security), (0, line))
            orders.sells[account, security] = (before + shares, first_line)
        else:
            price = int(context.prices.close[security])
            cost = exact_mul_div(shares, price, SHARE)
            if price <= 0 or cost > _MOST_VALUE:
                message = Message(
                    Severity.ERROR,
                    "an order of a security with a price, below a trillion dollars",
                    "correct the order or add the price; until then the household is refused",
                )
                findings.add(Place(table.file, line, "shares"), message, f"{symbol} {shares / SHARE:g}", owner)
                continue
            orders.cash_used[account] = orders.cash_used.get(account, 0) + cost
            orders.buys.append((account, security, shares))
    return orders


def report_oversold(
    file: str, orders: PendingOrders, lots: pl.DataFrame, context: LotContext, findings: FindingList
) -> None:
    """Warn of pending sells of more than their account holds: one of the two files is not of the day."""
    if not orders.sells:
        return
    held = {
        (account, security): shares
        for account, security, shares in lots.join(orders.sell_frame(), on=["account", "security"], how="semi")
        .group_by("account", "security")
        .agg(pl.col("shares").cast(pl.Int128).sum())
        .iter_rows()
    }
    accounts, symbols = context.accounts, context.securities.labels.symbols
    for (account, security), (shares, line) in sorted(orders.sells.items()):
        holds = held.get((account, security), 0)
        if shares > holds:
            message = Message(
                Severity.WARNING,
                f"at most the {holds / SHARE:g} shares of {symbols[security]} that {accounts.ids[account]} holds",
                "correct the order or the lots; what is held of it is not sold",
            )
            owner = accounts.roster.ids[accounts.household[account]]
            findings.add(Place(file, line, "shares"), message, f"{shares / SHARE:g} on sale", owner)


def _report_repeated(
    file: str, frame: pl.DataFrame, again: pl.Series, households: pl.Series, findings: FindingList
) -> None:
    """Report rows whose transaction was there before: a notice if the row is the same, a warning if it differs."""
    if not again.any():
        return
    rows = again.arg_true()
    place = pl.col("place").min().over("account", "transaction_id")
    first = frame.with_row_index("place").select(place).to_series().gather(rows)
    columns = frame.drop(LINE)
    pairs = zip(columns[rows].iter_columns(), columns[first].iter_columns(), strict=True)
    differs = pl.Series([False] * len(rows), dtype=pl.Boolean)
    for one, other in pairs:
        differs |= one.ne_missing(other)
    same = Message(Severity.NOTICE, "a transaction once", "the first row of an id counts")
    other_row = Message(
        Severity.WARNING,
        "a transaction once, or the same row again",
        "correct the row or give it an id of its own; until then the first row of an id counts and this one does not",
    )
    lines, names = frame[LINE].gather(rows), frame["transaction_id"].gather(rows)
    for mask, message in ((~differs, same), (differs, other_row)):
        found = rows_to_report(lines.filter(mask), names.filter(mask), households.filter(mask))
        findings.rows(Place(file, None, "transaction_id"), message, found)


def record_rows(table: TypedTable, accounts: AccountTable, today: int, findings: FindingList) -> RecordRows:
    """Validate the transactions; those since the record begins, each once, are its rows.

    A wrong cell of the last thirty days blocks its household, since a window may depend on it; an older one does not.
    """
    frame = table.frame.with_columns(code_of(table.frame["account_id"], accounts.ids).alias("account"))
    owners = accounts.owners(frame["account"])
    in_run = accounts.in_run(frame["account"])
    old = (frame["date"] < today - WASH_DAYS).fill_null(value=False)
    table.report_cells(findings, owners, in_run & ~old)
    table.report_cells(findings, owners, in_run & old, Severity.WARNING)
    accounts.report_broken(table.file, table.broken, findings)
    accounts.report_strangers(table.file, frame, frame["account"], findings)
    later = in_run & (frame["date"] > today).fill_null(value=False)
    message = Message(Severity.WARNING, "on or before the day of the run", "later transactions are not looked at")
    rows = rows_to_report(
        frame[LINE].filter(later), frame["date"].filter(later).cast(pl.Date).cast(pl.String), owners.of(later)
    )
    findings.rows(Place(table.file, None, "date"), message, rows)
    keyed = frame["transaction_id"].is_not_null() & frame["account"].is_not_null() & in_run
    again = keyed & ~frame.select(pl.struct("account", "transaction_id").is_first_distinct()).to_series()
    _report_repeated(table.file, frame, again, owners.of(again), findings)
    whose = np.zeros(len(accounts.roster.ids), dtype=np.bool_)
    whose[owners.code.drop_nulls().to_numpy()] = True
    begins = frame["date"].min()
    before = (frame["date"] < first_day(today)).fill_null(value=False)
    kept = in_run & ~before & ~later & ~again & frame["account"].is_not_null()
    part = rows_where(replace(table, frame=frame), kept)
    return RecordRows(part, begins if isinstance(begins, int) else None, whose)


def _pending_losses(lots: pl.DataFrame, orders: PendingOrders, today: int) -> pl.DataFrame:
    """Pending sells of which some taxable lot is below its basis, or its basis is not known."""
    value = pl.col("shares").cast(pl.Float64) * pl.col("price").cast(pl.Float64) / SHARE
    below = (value < pl.col("basis").cast(pl.Float64)) | (pl.col("flags") & int(LotFlag.UNKNOWN_TAX) > 0)
    return (
        lots.join(orders.sell_frame(), on=["account", "security"], how="semi")
        .filter(pl.col("taxable") & below)
        .select("account", "security", pl.lit(today, dtype=pl.Int32).alias("day"))
    )


def windows_of(context: LotContext, record: Record, orders: PendingOrders) -> Windows:
    """List the open windows of the chosen households; households of one wash group share theirs.

    Pending orders count as made today, on top of the record.
    """
    roster = context.accounts.roster
    taxpayers = int(roster.taxpayer.max()) + 1 if len(roster.taxpayer) else 0
    today = context.today
    pending = pl.DataFrame(
        orders.buys, schema={"account": pl.Int64, "security": pl.Int64, "shares": pl.Int64}, orient="row"
    ).with_columns(day=pl.lit(today, dtype=pl.Int32))
    bought = with_purchases(record.bought, columns_of(pending, context), pending["shares"])
    lost = record.lost
    if orders.sells:
        lost = with_sales(lost, columns_of(_pending_losses(record.lots, orders, today), context))
    return _for_households(open_windows(today, taxpayers, bought, lost), context)


def _for_households(windows: Windows, context: LotContext) -> Windows:
    """Give each chosen household the windows of its taxpayer."""
    roster = context.accounts.roster
    taxpayer = roster.taxpayer[roster.chosen]
    first, last = windows.start[taxpayer], windows.start[taxpayer + 1]
    start = np.concatenate([[0], np.cumsum(last - first)]).astype(np.int64)
    rows = np.arange(start[-1]) - np.repeat(start[:-1] - first, last - first)
    return Windows(
        start,
        windows.identical[rows],
        windows.no_buy_until[rows],
        windows.bought_shares[rows],
        windows.no_loss_until[rows],
    )
