"""Income of the record: the year's dividends, interest and capital-gain distributions, household by household.

The journal of a posted ledger says what was received; without one the year's transactions do. Dividends of transactions
are judged by tonight's lots and by the sales of the record: shares of an earlier sale that the record does not know
are not seen, and the dividend is parted by the shares that are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from lotwise.dates import from_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.folding_record import FoldedRecord, households_of
from lotwise.interchange.firm_folder.lots import LotContext
from lotwise.interchange.firm_folder.recorded_trades import readable_rows, rows_where
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.ledger.events import Table
from lotwise.ledger.tables import LOT, State, World
from lotwise.money import DOLLAR
from lotwise.rebalancing.book import AccountKind
from lotwise.securities.market import SecurityKind
from lotwise.storage.income import PAYMENT_WORDS, READ_WORDS, RENAMED, income_events, journal_rows_of_year
from lotwise.storage.journal import Journal
from lotwise.storage.names import with_names
from lotwise.storage.register import Register
from lotwise.tax.income import PAYMENT, Income, income_of, payments

__all__ = ["income_of_ledger", "income_of_transactions"]

_FUNDS = (SecurityKind.ETF, SecurityKind.FUND)


def income_of_ledger(folder: Path, record: FoldedRecord, context: LotContext, findings: FindingList) -> Income:
    """Income of the year up to today of every household of the roster, from the folder's journal."""
    posted, today = record.posted, context.today
    assert posted is not None, "only a posted record has a journal"
    year = from_day_number(today).year
    rows = journal_rows_of_year(Journal(folder / "ledger" / "journal"), posted, year)
    rows = rows.filter(pl.col("date") <= today)
    _report_unmarked("ledger", None, rows, findings)
    return _of_households(_paid(rows, record, record.state, record.world, today), record, context.accounts)


def income_of_transactions(
    table: TypedTable,
    register: Register,
    record: FoldedRecord,
    lots: pl.DataFrame,
    context: LotContext,
    findings: FindingList,
) -> Income:
    """Income of the year up to today of every household of the roster, from the rows of the record; `lots` tonight's.

    A payment without an amount, or below zero, is a finding and does not count.
    """
    kind, day = table.frame["kind"], table.frame["date"]
    part = rows_where(table, (kind.is_in((*READ_WORDS, RENAMED)) & day.is_not_null()).fill_null(value=False))
    part = rows_where(part, ~_report_amounts(part, context.accounts, findings))
    # A cell that cannot be read is unknown, and has been reported: an ex-date, say, without which the payment counts.
    rows = readable_rows(TypedTable(part.contract, part.file, part.frame, part.was, {}, (), {}), register)
    dividends = part.frame.filter(pl.col("kind") == "dividend")
    _report_unmarked(part.file, dividends[LINE].min(), part.frame, findings)
    state = record.state._replace(lots=_held(lots, part.frame, context))
    kinds = context.securities.kind
    funds = np.zeros(len(with_names(record.codes, rows).securities), np.bool_)
    funds[: kinds.size] = np.isin(kinds, _FUNDS)
    world = record.world._replace(funds=funds)
    return _of_households(_paid(rows, record, state, world, context.today), record, context.accounts)


def _paid(rows: pl.DataFrame, record: FoldedRecord, state: State, world: World, today: int) -> Table:
    """Payments of the year of today, in codes of the record."""
    if rows.is_empty():
        return np.zeros(0, PAYMENT)
    events, details = income_events(rows, with_names(record.codes, rows))
    return payments(events, details, state, world, from_day_number(today).year, today)


def _of_households(paid: Table, record: FoldedRecord, accounts: AccountTable) -> Income:
    """Sum payments by household of the roster; what an account that is not in the folder received is left out."""
    count = len(accounts.roster.ids)
    taxable = record.world.accounts["kind"] == AccountKind.TAXABLE
    income = income_of(paid, households_of(record, accounts), taxable, count + 1)
    return Income(*(column[:count] for column in income))


def _held(lots: pl.DataFrame, paid: pl.DataFrame, context: LotContext) -> Table:
    """Tonight's lots of what paid, as LOT as far as dividends look at them, in codes of the record.

    Shares that are still held earn a qualified dividend, now or once they have been kept, whatever days they took over.
    """
    symbols = context.securities.labels.symbols
    # Of every account: where one held no share, those of the taxpayer's others are looked at.
    names = [paid.select(security=code_of(paid[name], symbols)) for name in ("symbol", "new_symbol")]
    lots = lots.join(pl.concat(names).drop_nulls().unique(), on="security", how="semi")
    held = np.zeros(lots.height, LOT)
    for name in ("account", "security", "shares", "acquired"):
        held[name] = lots[name].to_numpy()
    held["holding_start"] = held["acquired"]
    return held


def _report_amounts(table: TypedTable, accounts: AccountTable, findings: FindingList) -> pl.Series:
    """Report payments of which the amount is missing or below zero; whether each row is one that does not count."""
    amount, kind = table.frame["amount"], table.frame["kind"]
    paid = kind.is_in(PAYMENT_WORDS)
    wrong = paid & (amount.is_null() | ((amount < 0) & (kind != "interest")))
    unsaid = wrong & ~table.wrong("amount")
    if unsaid.any():
        rows = table.frame.filter(unsaid)
        owners = accounts.owners(rows["account"])
        message = Message(
            Severity.WARNING, "a payment of 0 or more dollars", "correct it; until then it is not in the year's income"
        )
        was = (rows["amount"] / DOLLAR).cast(pl.String)
        found = rows_to_report(rows[LINE], was, owners.names.gather(owners.code))
        findings.rows(Place(table.file, None, "amount"), message, found)
    return wrong


def _report_unmarked(file: str, line: object, rows: pl.DataFrame, findings: FindingList) -> None:
    """Notice, once, that no dividend of the year says whether its payer calls it qualified."""
    dividends = rows.filter(pl.col("kind") == "dividend")["qualified"]
    if not len(dividends) or dividends.null_count() < len(dividends):
        return
    message = Message(
        Severity.NOTICE, "true or false for dividends", "fill it; until then they count as ordinary dividends"
    )
    count = f"{len(dividends)} {'dividend' if len(dividends) == 1 else 'dividends'} without it"
    findings.add(Place(file, line if isinstance(line, int) else None, "qualified"), message, count)
