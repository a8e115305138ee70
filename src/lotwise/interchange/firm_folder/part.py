"""Some households of a firm as a firm of their own: the same figures, fewer rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lotwise.interchange.firm_folder.findings import EVERY_HOUSEHOLD
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.rebalancing.book import Accounts, Book, Households, Lots, Requests, RuleSets, Windows

__all__ = ["part_of"]

# An account that is not in the part: no row has this number, so no rule of its household's can meet another's.
_NOT_HERE = np.iinfo(np.int32).max


def part_of(firm: Firm, chosen: NDArray[np.bool_]) -> Firm:
    """Return the firm with the chosen households (H,) alone, and with all of a taxpayer's if one of them is chosen.

    What spouses who file apart trade tonight bars things for each other, so they stay together. Findings that name
    another household are left out.
    """
    taxpayer = firm.book.households.taxpayer
    rows = np.flatnonzero(np.isin(taxpayer, taxpayer[chosen]))
    accounts = np.flatnonzero(np.isin(firm.book.accounts.household, rows))
    lots = _entries(firm.book.accounts.lot_start, accounts)
    labels = firm.labels
    names = set(labels.households[rows].tolist()) | {None, EVERY_HOUSEHOLD}
    return replace(
        firm,
        book=_book(firm.book, rows, accounts, lots),
        labels=replace(
            labels,
            households=labels.households[rows],
            accounts=labels.accounts[accounts],
            lots=labels.lots.gather(lots),
        ),
        household_names=tuple(firm.household_names[row] for row in rows.tolist()),
        fees=firm.fees[rows],
        outside_gains=firm.outside_gains[rows],
        findings=tuple(finding for finding in firm.findings if finding.household in names),
    )


def _book(book: Book, rows: NDArray[np.int64], accounts: NDArray[np.int64], lots: NDArray[np.int64]) -> Book:
    """Rows of households, accounts and lots of a book. Taxpayers keep their numbers."""
    starts, windows = book.households.account_start, _entries(book.windows.start, rows)
    new_household = np.searchsorted(rows, book.accounts.household[accounts]).astype(np.int32)
    own = book.accounts
    asked = _entries(book.requests.start, rows)
    new_account = np.full(len(own.kind) + 1, -1, np.int32)
    new_account[accounts] = np.arange(len(accounts), dtype=np.int32)
    return book._replace(
        households=Households(
            _starts(np.diff(starts)[rows]),
            *(_taken(column, rows) for column in book.households[1:]),
        ),
        accounts=Accounts(
            new_household,
            _taken(own.kind, accounts),
            _taken(own.cash, accounts),
            _taken(own.trades, accounts),
            _taken(own.cash_wanted, accounts),
            _starts(np.diff(own.lot_start)[accounts]),
        ),
        lots=Lots._make(_taken(column, lots) for column in book.lots),
        rules=_rules(book.rules, accounts, len(own.kind)),
        windows=Windows(
            _starts(np.diff(book.windows.start)[rows]),
            *(_taken(column, windows) for column in book.windows[1:]),
        ),
        tax=book.tax[rows],
        requests=Requests(
            _starts(np.diff(book.requests.start)[rows]),
            new_account[book.requests.account[asked]],
            *(_taken(column, asked) for column in book.requests[2:]),
        ),
    )


def _entries(starts: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which entries belong to these rows, row after row."""
    first, counts = starts[rows], np.diff(starts)[rows]
    new = np.cumsum(counts) - counts
    entries: NDArray[np.int64] = np.arange(int(counts.sum())) + np.repeat(first - new, counts)
    return entries


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _taken(column: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Rows of a column, read-only where it is: kernels compile once for such arrays."""
    taken = column[rows]
    taken.flags.writeable = column.flags.writeable
    return taken


def _rules(rules: RuleSets, accounts: NDArray[np.int64], count: int) -> RuleSets:
    """Number the accounts of rules anew; -1 is every account still."""
    row = np.full(count + 1, _NOT_HERE, np.int32)
    row[accounts] = np.arange(len(accounts), dtype=np.int32)
    row[-1] = -1
    return rules._replace(name_account=row[rules.name_account], group_account=row[rules.group_account])
