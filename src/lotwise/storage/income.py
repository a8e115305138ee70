"""Income from the journal: the year's payments as the tax code reads them, and as a table for people."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.dates import to_day_number
from lotwise.ledger.events import EventKind, Table
from lotwise.ledger.receipts import INCOME_KINDS, READ_DAYS, READ_KINDS
from lotwise.money import DOLLAR, SHARE
from lotwise.storage.event_tables import KINDS, event_tables
from lotwise.storage.folded import Standing
from lotwise.storage.journal import NUMBER, Journal
from lotwise.storage.ledger import Ledger
from lotwise.storage.listings import decimals
from lotwise.storage.names import Names
from lotwise.tax.income import PAYMENT, ordinary, payments

__all__ = [
    "PAYMENT_WORDS",
    "READ_WORDS",
    "RENAMED",
    "YearPayments",
    "income_events",
    "journal_rows_of_year",
    "list_income",
    "payments_of_year",
]

# Words of the journal: for payments, and for all that the income of a year depends on.
PAYMENT_WORDS = tuple(word for word, kind in KINDS.items() if kind in INCOME_KINDS)
READ_WORDS = tuple(word for word, kind in KINDS.items() if kind in READ_KINDS)
# Of any day: what was paid under one name may be held under another.
RENAMED = EventKind.SYMBOL_CHANGE.name.lower()


class YearPayments(NamedTuple):
    """What counts as income of a year, beside the rows of the journal that say so."""

    rows: pl.DataFrame  # of the journal, sorted by day
    paid: Table  # (P,) PAYMENT; `row` is a place in `rows`


def journal_rows_of_year(journal: Journal, standing: Standing, year: int) -> pl.DataFrame:
    """Read the rows that the income of a year depends on, and changes of name, by day; those refused are left out."""
    first, last = to_day_number(date(year, 1, 1)), to_day_number(date(year, 12, 31))
    # Those of the year and near it, and the changes of name of all years, of which there are few.
    near = journal.of_kinds(READ_WORDS, first - READ_DAYS, last + READ_DAYS)
    rows = pl.concat([near, journal.of_kinds((RENAMED,), to_day_number(date.min), to_day_number(date.max))])
    return rows.filter(~pl.col(NUMBER).is_in(pl.Series(standing.refused).implode())).sort("date", maintain_order=True)


def income_events(rows: pl.DataFrame, names: Names) -> tuple[Table, Table]:
    """Encode rows of the journal as EVENT and DETAIL, with payments as they were before the fee.

    A custodian's fee lowers the cash, not the income: Form 1099-DIV states what was paid. A reinvestment that stands
    for its own payment is what was invested and the fee.
    """
    events, details = event_tables(rows, names)
    whole = rows["amount"].fill_null(0).to_numpy()
    events["amount"] = np.where(events["kind"] == EventKind.REINVEST, events["amount"], whole)
    return events, details


def payments_of_year(ledger: Ledger, year: int, as_of: int) -> YearPayments:
    """List what counts as income of a year, with dividends judged as of a day (`tax.income.payments`)."""
    standing = ledger.standing()
    rows = journal_rows_of_year(ledger.journal, standing, year)
    if not rows.height:
        return YearPayments(rows, np.zeros(0, PAYMENT))
    events, details = income_events(rows, standing.names)
    return YearPayments(rows, payments(events, details, standing.state, ledger.world(), year, as_of))


def list_income(found: YearPayments) -> pl.DataFrame:
    """Payments with names and exact decimals; what only a dividend has is empty for the others."""
    rows, paid = found.rows[found.paid["row"]], found.paid
    kinds = {int(kind): kind.name.lower() for kind in EventKind}
    dividend = pl.Series(paid["kind"] == EventKind.DIVIDEND)
    return pl.DataFrame(
        {
            "account_id": rows["account_id"],
            "symbol": rows["symbol"],
            "kind": pl.Series(paid["kind"]).cast(pl.Int64).replace_strict(kinds, return_dtype=pl.String),
            "date": rows["date"].cast(pl.Date),
            "ex_date": rows["ex_date"].cast(pl.Date),
            "counts_on": pl.Series(paid["day"]).cast(pl.Date),
            "amount": decimals(paid["amount"], DOLLAR, cents=True),
            "qualified": _of_dividends(dividend, decimals(paid["qualified"], DOLLAR, cents=True)),
            "expected": _of_dividends(dividend, decimals(paid["expected"], DOLLAR, cents=True)),
            "ordinary": _of_dividends(dividend, decimals(ordinary(paid), DOLLAR, cents=True)),
            "shares_on_ex_date": _of_dividends(dividend, decimals(paid["shares"], SHARE)),
            "recorded_as": rows["kind"],
            "transaction_id": rows["transaction_id"],
        }
    )


def _of_dividends(dividend: pl.Series, cells: pl.Series) -> pl.Series:
    return cells.set(~dividend, None)
