"""What is said of the record: sales without a known gain, and where transactions, ledger and lots contradict.

None of it refuses a household but a sale of the last thirty days that does not say what was sold: what is not known
bars purchases or losses until it is, and leaves the year's gains to households.csv.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from lotwise.dates import WASH_DAYS, from_day_number, to_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.folding_record import FoldedRecord
from lotwise.interchange.firm_folder.journal_rows import TERM_OF_A_SALE, UNDATED_SALE
from lotwise.interchange.firm_folder.lots import LotContext
from lotwise.interchange.firm_folder.recorded_trades import BOUGHT_KINDS, Trades
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.ledger.tables import LotMark
from lotwise.money import SHARE
from lotwise.rebalancing.book import AccountKind

__all__ = ["report_contradictions", "report_ledger", "report_purchases", "report_sales", "report_undated_sales"]

_KEY = ["account", "security", "acquired"]


def report_sales(table: TypedTable, unknown: pl.Series, context: LotContext, findings: FindingList) -> pl.DataFrame:
    """Report taxable sales that say too little; those of which a gain is not known: account, security, day.

    The security is null where the securities file does not have it. A sale whose gain is not known counts as one at a
    loss: buying back is then barred for nothing at worst.
    """
    accounts, today = context.accounts, context.today
    taxable = pl.Series(accounts.kind == AccountKind.TAXABLE).gather(table.frame["account"])
    sells = table.frame.filter((table.frame["kind"] == "sell").fill_null(value=False) & taxable)
    sells = sells.with_columns(
        code_of(sells["symbol"], context.securities.labels.symbols).alias("security"),
        pl.col(LINE).is_in(unknown.implode()).alias("unknown"),
        (pl.col("date") >= today - WASH_DAYS).fill_null(value=False).alias("recent"),
    )
    recent, unknown_gain = pl.col("recent"), pl.col("unknown")
    unnamed, strange = pl.col("symbol").is_null(), pl.col("symbol").is_not_null() & pl.col("security").is_null()
    filled = "a sale with shares, amount and basis"
    barred = f"fill them; until then it counts as a loss and the security is not bought back for {WASH_DAYS} days"
    left_out = "fill them; until then the year's gains are those of households.csv"
    unsold = "fill it; until then the household is refused"
    for mask, column, message, was in (
        (recent & unnamed, "symbol", Message(Severity.ERROR, "what was sold", unsold), pl.lit("empty")),
        (
            recent & strange,
            "symbol",
            Message(Severity.NOTICE, "a symbol of the securities file", "its wash window is not looked at"),
            pl.col("symbol"),
        ),
        (
            recent & unknown_gain & pl.col("security").is_not_null(),
            "basis",
            Message(Severity.WARNING, filled, barred),
            pl.format("{}: not known", "symbol"),
        ),
        (
            ~recent & unknown_gain,
            "basis",
            Message(Severity.WARNING, filled, left_out),
            pl.format("{}: not known", pl.col("symbol").fill_null("a sale")),
        ),
    ):
        rows = sells.filter(mask)
        if rows.height:
            owners = accounts.owners(rows["account"])
            names = owners.names.gather(owners.code)
            shown = rows.select(was.alias("was")).to_series()
            findings.rows(Place(table.file, None, column), message, rows_to_report(rows[LINE], shown, names))
    lost = sells.filter(unknown_gain & pl.col("date").is_not_null())
    return lost.select("account", "security", day="date")


def report_undated_sales(file: str, trades: Trades, context: LotContext, findings: FindingList) -> None:
    """Warn of this year's stated sales of taxable accounts that say no term: their gains count as short term."""
    accounts = context.accounts
    new_year = to_day_number(date(from_day_number(context.today).year, 1, 1))
    rows = trades.rows.filter(UNDATED_SALE & pl.col("date").is_between(new_year, context.today)).unique("line")
    rows = rows.with_columns(code_of(rows["account_id"], accounts.ids).alias("account")).drop_nulls("account")
    taxable = pl.Series(accounts.kind == AccountKind.TAXABLE).gather(rows["account"])
    rows = rows.filter(taxable).sort("line")
    if rows.height:
        message = Message(Severity.WARNING, TERM_OF_A_SALE, "say term or acquired; until then its gain is short term")
        owners = accounts.owners(rows["account"])
        found = rows_to_report(rows["line"], "", owners.names.gather(owners.code))
        findings.rows(Place(file, None, "term"), message, found)


def report_purchases(table: TypedTable, unread: pl.Series, accounts: AccountTable, findings: FindingList) -> None:
    """Report purchases that the record cannot take."""
    rows = table.frame.filter(pl.col(LINE).is_in(unread.implode()) & pl.col("kind").is_in(BOUGHT_KINDS))
    if rows.height:
        message = Message(
            Severity.WARNING,
            "a purchase with symbol, shares and amount",
            "correct it; until then only the lots say what was bought",
        )
        owners = accounts.owners(rows["account"])
        found = rows_to_report(rows[LINE], rows["symbol"].fill_null("empty"), owners.names.gather(owners.code))
        findings.rows(Place(table.file, None, "symbol"), message, found)


def report_contradictions(
    file: str, trades: Trades, folded: pl.DataFrame, lots: pl.DataFrame, context: LotContext, findings: FindingList
) -> None:
    """Warn, once per account, of purchases of the window of which the lots hold more or less than the transactions."""
    if trades.purchases.is_empty():
        return
    accounts, securities = context.accounts, context.securities
    bought = trades.purchases.select(
        code_of(trades.purchases["account_id"], accounts.ids).alias("account"),
        code_of(trades.purchases["symbol"], securities.labels.symbols).alias("security"),
        acquired="date",
    ).filter(pl.col("acquired") >= context.today - WASH_DAYS)
    held = bought.unique().drop_nulls()
    for frame, name in ((folded, "recorded"), (lots, "held")):
        shares = frame.group_by(_KEY).agg(pl.col("shares").sum().alias(name))
        held = held.join(shares, on=_KEY, how="left").with_columns(pl.col(name).fill_null(0))
    differing = held.filter(pl.col("recorded") != pl.col("held")).sort(_KEY)
    _warn(
        differing.select("account", "security", one="recorded", other="held", day="acquired"),
        Place(file, None, "shares"),
        Message(
            Severity.WARNING,
            "the shares that the lots hold of every purchase of the last 30 days",
            "correct the one that is wrong, or name lot_id or acquired in the sales; until then both count as bought",
        ),
        ("by the transactions", "by the lots"),
        context,
        findings,
    )


def report_ledger(
    record: FoldedRecord, lots: pl.DataFrame, table: TypedTable, context: LotContext, findings: FindingList
) -> None:
    """Warn, once per account, of shares that ledger and lots do not agree on, and of trades that nobody posted."""
    if record.posted is None:
        return
    state, accounts = record.state, context.accounts
    own = state.lots[state.lots["marks"] & LotMark.SHORT == 0]
    posted = pl.DataFrame(
        {
            "account": record.names.account.gather(own["account"]),
            "security": record.names.security.gather(own["security"]),
            "shares": own["shares"],
        }
    ).drop_nulls()
    totals = [frame.group_by("account", "security").agg(pl.col("shares").sum()) for frame in (posted, lots)]
    both = totals[0].join(totals[1], on=["account", "security"], how="full", suffix="_lots", coalesce=True)
    both = both.select(
        "account", "security", one=pl.col("shares").fill_null(0), other=pl.col("shares_lots").fill_null(0)
    )
    in_run = accounts.in_run(both["account"])
    message = Message(
        Severity.WARNING,
        "the shares that the ledger holds",
        "run lotwise ledger reconcile; until then the lots say what is held and the ledger what was gained",
    )
    differing = both.filter(in_run & (pl.col("one") != pl.col("other"))).sort("account", "security")
    _warn(differing, Place("lots.csv", None, "shares"), message, ("in the ledger", "in the lots"), context, findings)
    _report_unposted(record, table, accounts, findings)


def _warn(
    differing: pl.DataFrame,
    place: Place,
    message: Message,
    words: tuple[str, str],
    context: LotContext,
    findings: FindingList,
) -> None:
    """Warn once per account of differing shares: account, security, one, other (and day)."""
    accounts, symbols = context.accounts, context.securities.labels.symbols
    first = differing.group_by("account", maintain_order=True).agg(pl.len(), pl.col("security", "one", "other").first())
    for account, count, security, one, other in first.iter_rows():
        more = f" (and {count - 1} more)" if count > 1 else ""
        was = (
            f"{symbols[security]} in {accounts.ids[account]}: {one / SHARE:g} {words[0]}, {other / SHARE:g} {words[1]}"
        )
        findings.add(place, message, was + more, accounts.roster.ids[accounts.household[account]])


def _report_unposted(record: FoldedRecord, table: TypedTable, accounts: AccountTable, findings: FindingList) -> None:
    if record.posted is None or not record.posted.last_day.size:
        return
    last = np.full(len(accounts.ids), np.iinfo(np.int32).max, np.int32)
    known = record.names.account.is_not_null().to_numpy()
    last[record.names.account.drop_nulls().to_numpy()] = record.posted.last_day[known]
    later = table.frame["date"] > pl.Series(last).gather(table.frame["account"])
    rows = table.frame[LINE].filter(later.fill_null(value=False))
    if len(rows):
        message = Message(
            Severity.WARNING, "posted to the ledger", "run lotwise ledger post; until then it is not counted"
        )
        findings.add(Place(table.file, int(rows[0]), "date"), message, f"{len(rows)} later than what is posted")
