"""requests.csv: what clients ask for (mandates), checked as a whole and sorted as the book has it.

A row asks one thing of one account, or of a household: which account then does it is the solve's choice.

- raise_cash and invest_cash: an amount. rmd: an amount, of traditional accounts. close: an account, and no amount.
- harvest: an amount of losses and their term, of taxable accounts; `preserve_until` says how long they are kept.
- `by` is the last day; none, or a day that has passed, means tonight.

A row that cannot be read, or asks what cannot be asked, blocks its household: a client's wish cannot be kept. One that
asks for more than there is stays, and what is short is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, from_day_number
from lotwise.errors import Severity
from lotwise.households.toml_values import shown
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.request_means import Means, Wanted, means_of
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.money import format_money
from lotwise.rebalancing.book import AccountKind, RequestKind, Requests

__all__ = ["RequestTable", "read_requests", "request_columns"]

_REFUSED = "until then the household is refused"
_KINDS = {kind.name.lower(): kind for kind in RequestKind}
_ONLY = {RequestKind.RMD: AccountKind.TRADITIONAL, RequestKind.HARVEST: AccountKind.TAXABLE}
_WHAT = {
    RequestKind.RAISE_CASH: "cash and lots that may be sold",
    RequestKind.RMD: "cash and lots that may be sold",
    RequestKind.INVEST_CASH: "cash",
    RequestKind.HARVEST: "{term}-term losses in lots that may be sold",
}


class _Row(NamedTuple):
    line: int
    request_id: str
    account_id: str | None
    household_id: str | None
    kind: RequestKind
    amount: int | None
    term: str | None
    by: int | None
    preserve_until: int | None
    account: int | None
    household: int  # of the account, else the one named


@dataclass(frozen=True, slots=True)
class RequestTable:
    """The sound requests, in the order of the file; accounts and households are positions in their tables."""

    rows: tuple[_Row, ...]
    today: int


class _Problem(NamedTuple):
    column: str
    must_be: str
    was: str


def read_requests(
    table: TypedTable,
    accounts: AccountTable,
    held: tuple[pl.DataFrame, Mapping[int, int]] | None,
    today: int,
    findings: FindingList,
) -> RequestTable:
    """Read the requests; `held` are the lots and the cash that pending orders use (None: not known, not compared)."""
    frame = _identified(table, accounts, findings)
    reader = _Reader(table, accounts, today, findings, kinds_known=held is not None)
    columns = [LINE, *(column.name for column in table.contract.columns if column.name in _Row._fields)]
    picked = frame.select(*columns, "account", "household").rename({LINE: "line"})
    rows = [_Row(**row | {"kind": _KINDS[row["kind"]]}) for row in picked.iter_rows(named=True)]
    rows = [row for row in rows if reader.is_sound(row)]
    rows = reader.without_contradictions(rows)
    if held is not None and rows:
        lots, used = held
        concerned = {account for row in rows for account in reader.accounts_of(row)}
        cash = {account: int(accounts.cash[account]) - used.get(account, 0) for account in concerned}
        reader.compare(rows, means_of(concerned, lots, cash, today))
    return RequestTable(tuple(rows), today)


def _identified(table: TypedTable, accounts: AccountTable, findings: FindingList) -> pl.DataFrame:
    """Rows of the run whose cells are sound and whose owner is known, with positions of account and household."""
    frame = table.frame
    roster = accounts.roster
    account, own = code_of(frame["account_id"], accounts.ids), code_of(frame["household_id"], roster.ids)
    of_account = pl.Series(accounts.household).gather(account)
    household = pl.select(pl.coalesce(of_account, own)).to_series()
    owners = roster.owners(household)
    in_run = pl.Series(roster.loaded).gather(household).fill_null(value=True)
    table.report_cells(findings, owners, in_run)
    accounts.report_broken(table.file, table.broken, findings)
    accounts.report_strangers(table.file, frame, account, findings)
    stranger = own.is_null() & (frame["household_id"].is_not_null() | frame["account_id"].is_null())
    message = Message(Severity.ERROR, "a known account or household", "say whose request it is; it is not used")
    rows = rows_to_report(frame[LINE].filter(stranger), frame["household_id"].filter(stranger))
    findings.rows(Place(table.file, None, "household_id"), message, rows)
    again = in_run & ~frame["request_id"].is_first_distinct() & frame["request_id"].is_not_null()
    message = Message(Severity.ERROR, "a request once", f"give it another name or remove it; {_REFUSED}")
    rows = rows_to_report(frame[LINE].filter(again), frame["request_id"].filter(again), owners.of(again))
    findings.rows(Place(table.file, None, "request_id"), message, rows)
    unknown_account = account.is_null() & frame["account_id"].is_not_null()
    kept = in_run & household.is_not_null() & ~stranger & ~unknown_account & ~again & ~table.errors()
    return frame.with_columns(account.alias("account"), household.alias("household")).filter(kept)


class _Reader:
    """Checks rows against each other and against what there is."""

    def __init__(
        self, table: TypedTable, accounts: AccountTable, today: int, findings: FindingList, *, kinds_known: bool
    ) -> None:
        self._table = table
        self._accounts = accounts
        self._today = today
        self._findings = findings
        self._kinds_known = kinds_known

    def accounts_of(self, row: _Row) -> tuple[int, ...]:
        """Accounts that a request may take from: its own, or those of its household that trade and are of the kind."""
        if row.account is not None:
            return (row.account,)
        found = (self._accounts.household == row.household) & ~self._accounts.held_away
        if row.kind in _ONLY:
            found &= self._accounts.kind == _ONLY[row.kind]
        return tuple(np.flatnonzero(found).tolist())

    def is_sound(self, row: _Row) -> bool:
        """Report what is wrong with one row, and what of it is not looked at; whether it can be used."""
        problems = [*self._of_cells(row), *self._of_account(row)]
        for problem in problems:
            self._wrong(row, problem)
        if not problems:
            self._note_ignored(row)
        return not problems

    def _of_cells(self, row: _Row) -> Iterator[_Problem]:
        if row.kind is not RequestKind.CLOSE and not row.amount:
            yield _Problem("amount", "dollars, more than 0", "empty" if row.amount is None else "0")
        if row.kind is RequestKind.HARVEST and row.term is None:
            yield _Problem("term", "short or long, of the losses to harvest", "empty")
        if row.kind is RequestKind.CLOSE and row.account is None:
            yield _Problem("account_id", "the account to close", "empty")
        if row.kind is RequestKind.HARVEST and row.preserve_until is not None and row.preserve_until < (row.by or 0):
            was = f"{from_day_number(row.preserve_until)} and {from_day_number(row.by or 0)}"
            yield _Problem("preserve_until", "a day on or after `by`", was)

    def _of_account(self, row: _Row) -> Iterator[_Problem]:
        accounts = self._accounts
        if row.account is None:
            if self._kinds_known and not self.accounts_of(row):
                yield _Problem("household_id", f"a household with {self._suited(row)}", shown(row.household_id or ""))
            return
        roster = accounts.roster
        if row.household_id is not None and row.household_id != roster.ids[row.household]:
            owner = roster.ids[row.household]
            yield _Problem("household_id", f"the household of {row.account_id}, {owner}", shown(row.household_id))
        if not self._kinds_known:
            return
        wrong_kind = row.kind in _ONLY and accounts.kind[row.account] != _ONLY[row.kind]
        if wrong_kind or accounts.held_away[row.account]:
            kind = AccountKind(int(accounts.kind[row.account])).name.lower()
            away = ", held away" if accounts.held_away[row.account] else ""
            yield _Problem("account_id", self._suited(row), f"{row.account_id} ({kind}{away})")

    @staticmethod
    def _suited(row: _Row) -> str:
        kind = f"a {_ONLY[row.kind].name.lower()}" if row.kind in _ONLY else "an"
        return f"{kind} account that trades, for {row.kind.name.lower()}"

    def _note_ignored(self, row: _Row) -> None:
        is_harvest = row.kind is RequestKind.HARVEST
        ignored = {
            "amount": row.kind is RequestKind.CLOSE and bool(row.amount),
            "term": not is_harvest and row.term is not None,
            "preserve_until": not is_harvest and row.preserve_until is not None,
        }
        for column, there in ignored.items():
            if there:
                message = Message(Severity.WARNING, "empty", f"{row.kind.name.lower()} has none; it is not looked at")
                self._add(row, column, message, "filled")
        if row.by is not None and row.by < self._today:
            message = Message(Severity.NOTICE, "a day to come", "it is due tonight")
            self._add(row, "by", message, str(from_day_number(row.by)))
        if is_harvest and row.preserve_until is not None and row.preserve_until < self._today:
            message = Message(Severity.WARNING, "a day to come", "its losses are not kept")
            self._add(row, "preserve_until", message, str(from_day_number(row.preserve_until)))

    def without_contradictions(self, rows: list[_Row]) -> list[_Row]:
        """Leave out what an account that is to be closed cannot do besides."""
        closing: dict[int, str] = {}
        for row in rows:
            if row.kind is RequestKind.CLOSE and row.account is not None:
                closing.setdefault(row.account, row.request_id)
        kept = []
        for row in rows:
            closed_by = closing.get(row.account) if row.account is not None else None
            if closed_by is None or closed_by == row.request_id:
                kept.append(row)
            elif row.kind is RequestKind.CLOSE:
                self._wrong(
                    row, _Problem("account_id", f"an account that {closed_by} does not close", row.account_id or "")
                )
            elif row.kind is RequestKind.INVEST_CASH:
                self._wrong(
                    row, _Problem("kind", f"no investment in an account that {closed_by} closes", "invest_cash")
                )
            else:
                kept.append(row)
        return kept

    def compare(self, rows: list[_Row], means: Means) -> None:
        """Say which requests there is not enough for."""
        for row in rows:
            accounts = self.accounts_of(row)
            if row.kind is RequestKind.CLOSE:
                self._note_kept(row, means)
                continue
            short = means.take(Wanted(row.kind, accounts, row.term == "long", row.amount or 0))
            if short is not None:
                there, asked = (format_money(money) for money in short)
                whose = row.account_id or row.household_id
                what = _WHAT[row.kind].format(term=row.term)
                message = Message(
                    Severity.WARNING,
                    f"at most the {there} that {whose} has of {what}",
                    "ask for less; what can be done will be done, and the shortfall named",
                )
                was = format_money(row.amount or 0)
                self._add(row, "amount", message, was if asked == was else f"{was}, {asked} with those before it")

    def _note_kept(self, row: _Row, means: Means) -> None:
        of_account = means.accounts[row.account if row.account is not None else -1]
        if of_account.kept_lots:
            message = Message(
                Severity.WARNING, "an account whose lots may all be sold", "they stay, and the account with them"
            )
            was = f"{of_account.kept_lots} of {of_account.lots} lots of {row.account_id} are never sold"
            self._add(row, "account_id", message, was)

    def _wrong(self, row: _Row, problem: _Problem) -> None:
        message = Message(Severity.ERROR, problem.must_be, f"correct it; {_REFUSED}")
        self._add(row, problem.column, message, problem.was)

    def _add(self, row: _Row, column: str, message: Message, was: str) -> None:
        place = Place(self._table.file, row.line, column)
        self._findings.add(place, message, was, self._accounts.roster.ids[row.household])


def request_columns(
    table: RequestTable, chosen: NDArray[np.bool_], account_rows: NDArray[np.int32]
) -> tuple[Requests, tuple[str, ...]]:
    """Columns of the book's requests and their names; `chosen` are its households, `account_rows` the account rows."""
    place = np.cumsum(chosen) - 1
    rows = sorted((row for row in table.rows if chosen[row.household]), key=lambda row: int(place[row.household]))
    counts = np.bincount([int(place[row.household]) for row in rows], minlength=int(chosen.sum()))
    harvest = RequestKind.HARVEST
    requests = Requests(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.array([-1 if row.account is None else account_rows[row.account] for row in rows], dtype=np.int32),
        np.array([int(row.kind) for row in rows], dtype=np.uint8),
        np.array([0 if row.kind is RequestKind.CLOSE else row.amount for row in rows], dtype=np.int64),
        np.array([row.kind is harvest and row.term == "long" for row in rows], dtype=np.uint8),
        np.array([max(row.by or table.today, table.today) for row in rows], dtype=np.int32),
        np.array(
            [NO_DATE if row.kind is not harvest or row.preserve_until is None else row.preserve_until for row in rows],
            dtype=np.int32,
        ),
    )
    return requests, tuple(row.request_id for row in rows)
