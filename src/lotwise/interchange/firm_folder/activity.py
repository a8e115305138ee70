"""transactions and pending orders: which wash windows they open, which cash and lots they use up."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.lots import LotContext
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.ledger.wash_sales import PurchaseColumns, SaleColumns, Windows, open_windows
from lotwise.money import DOLLAR, SHARE, exact_mul_div
from lotwise.rebalancing.book import AccountKind, LotFlag

__all__ = ["PendingOrders", "loss_sales", "read_pending_orders", "report_oversold", "windows_of"]

_MOST_VALUE = 10**12 * DOLLAR  # as for a lot: beyond it sums leave 64 bits

_SALES = {"account": pl.Int64, "security": pl.Int64, "day": pl.Int32}


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


def _recent(table: TypedTable, accounts: AccountTable, today: int, findings: FindingList) -> pl.DataFrame:
    """Transactions of the wash window, validated; older ones are validated and change nothing."""
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
    return frame.filter(in_run & ~old & ~later & ~again & pl.col("account").is_not_null())


def loss_sales(table: TypedTable, context: LotContext, findings: FindingList) -> pl.DataFrame:
    """Sales at a loss in taxable accounts in the last 30 days: columns account, security, day.

    A sale whose basis or proceeds are not known counts as one at a loss: buying back is then barred for nothing at
    worst. Sales in tax-deferred accounts deduct nothing and open no window.
    """
    accounts = context.accounts
    recent = _recent(table, accounts, context.today, findings)
    sells = recent.filter(
        (pl.col("kind") == "sell")
        & pl.Series(accounts.kind == AccountKind.TAXABLE).gather(recent["account"]).alias("taxable")
    )
    sells = sells.with_columns(code_of(sells["symbol"], context.securities.labels.symbols).alias("security"))
    losses: list[tuple[int, int, int]] = []
    columns = ("account", "security", "symbol", "date", "amount", "shares", "price", "fee", "basis")
    for line, account, security, symbol, day, amount, shares, price, fee, basis in sells.select(
        LINE, *columns
    ).iter_rows():
        owner = accounts.roster.ids[accounts.household[account]]
        place = Place(table.file, line, "symbol")
        if symbol is None:
            message = Message(Severity.ERROR, "what was sold", "fill it; until then the household is refused")
            findings.add(place, message, "empty", owner)
            continue
        if security is None:
            message = Message(Severity.NOTICE, "a symbol of the securities file", "its wash window is not looked at")
            findings.add(place, message, symbol, owner)
            continue
        if day is None:
            continue
        proceeds = amount
        if proceeds is None and shares is not None and price is not None:
            proceeds = exact_mul_div(abs(shares), price, SHARE)
        if basis is None or proceeds is None:
            message = Message(
                Severity.WARNING,
                "a sale with amount and basis",
                f"fill them; until then it counts as a loss and {symbol} is not bought back for {WASH_DAYS} days",
            )
            findings.add(place._replace(column="basis"), message, "empty", owner)
            losses.append((account, security, day))
        elif proceeds - (fee or 0) < basis:
            losses.append((account, security, day))
    return pl.DataFrame(losses, schema=_SALES, orient="row")


def _pending_losses(lots: pl.DataFrame, orders: PendingOrders, today: int) -> pl.DataFrame:
    """Pending sells of which some taxable lot is below its basis, or its basis is not known."""
    value = pl.col("shares").cast(pl.Float64) * pl.col("price").cast(pl.Float64) / SHARE
    below = (value < pl.col("basis").cast(pl.Float64)) | (pl.col("flags") & int(LotFlag.UNKNOWN_TAX) > 0)
    return (
        lots.join(orders.sell_frame(), on=["account", "security"], how="semi")
        .filter(pl.col("taxable") & below)
        .select("account", "security", pl.lit(today, dtype=pl.Int32).alias("day"))
    )


def windows_of(context: LotContext, lots: pl.DataFrame, orders: PendingOrders, losses: pl.DataFrame) -> Windows:
    """List the open windows of the chosen households; households of one wash group share theirs.

    A purchase whose day is not known counts as made today: it then bars losses, which costs a loss at worst.
    """
    accounts, roster = context.accounts, context.accounts.roster
    taxpayers = int(roster.taxpayer.max()) + 1 if len(roster.taxpayer) else 0
    today = context.today
    unknown = pl.col("acquired") == int(NO_DATE)
    day = pl.when(unknown).then(pl.lit(today, dtype=pl.Int32)).otherwise(pl.col("acquired"))
    bought = (
        lots.with_columns(day.alias("day"))
        .filter((pl.col("flags") & int(LotFlag.REPLACEMENT) > 0) & pl.col("day").is_between(today - WASH_DAYS, today))
        .select("account", "security", "day", "shares")
    )
    pending = pl.DataFrame(
        orders.buys, schema={"account": pl.Int64, "security": pl.Int64, "shares": pl.Int64}, orient="row"
    )
    bought = pl.concat(
        [
            bought,
            pending.select("account", "security", pl.lit(today, dtype=pl.Int32).alias("day"), "shares"),
        ]
    )
    sold = pl.concat([losses, _pending_losses(lots, orders, today)]) if orders.sells else losses

    def of(frame: pl.DataFrame) -> SaleColumns:
        household = roster.taxpayer[accounts.household[frame["account"].to_numpy()]]
        identical = context.securities.identical[frame["security"].to_numpy()]
        return SaleColumns(household, identical, frame["day"].to_numpy().astype(np.int32))

    purchases = PurchaseColumns(*of(bought), bought["shares"].to_numpy())
    return _for_households(open_windows(today, taxpayers, purchases, of(sold)), context)


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
