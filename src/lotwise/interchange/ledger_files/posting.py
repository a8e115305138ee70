"""Opening a firm's ledger and posting files to it: everything that can be posted is, the rest are findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.dates import to_day_number
from lotwise.errors import Finding, FolderError, Severity
from lotwise.interchange.firm_folder.client_files import TRANSACTIONS
from lotwise.interchange.firm_folder.columns import type_table
from lotwise.interchange.firm_folder.files import FILE_ORDER
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.interchange.firm_folder.journal_rows import JournalRows, journal_rows
from lotwise.interchange.firm_folder.ledger_policy import Policy, read_policy
from lotwise.interchange.firm_folder.register import read_register
from lotwise.interchange.firm_folder.register_changes import report_changed_years
from lotwise.interchange.firm_folder.tables import is_there, read_file, read_table
from lotwise.interchange.ledger_files.corporate_actions import (
    ACTION_PREFIX,
    applied_rows,
    due_actions,
    own_rows_kept,
    read_actions,
)
from lotwise.interchange.ledger_files.fair_values import with_fair_values
from lotwise.interchange.ledger_files.opening import DAYS_PREFIX, after_opening, earlier_rows, opening_rows
from lotwise.interchange.ledger_files.refusals import refused_rows, report_refusals
from lotwise.interchange.ledger_files.short_sales import short_sale_findings
from lotwise.interchange.ledger_files.symbols import report_unknown_symbols
from lotwise.interchange.ledger_files.undated import report_undated
from lotwise.ledger.tables import Refusal
from lotwise.storage.duplicates import Repeated
from lotwise.storage.journal import COLUMNS, SCHEMA
from lotwise.storage.ledger import Ledger

__all__ = ["OpenLedger", "PostReport", "open_from_lots", "open_ledger", "post_files"]


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A ledger under the register of its folder, and what was found in reading that."""

    ledger: Ledger
    policy: Policy
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PostReport:
    """What a posting did: rows by what became of them, and every finding."""

    posted: int  # rows of the files
    actions: int  # rows of accounts that corporate actions were applied to
    duplicates: int  # posted before, the same row
    refused: int  # rows of the files
    actions_refused: int  # corporate actions that are wrong, or that an account could not take
    findings: tuple[Finding, ...]

    @property
    def exit_status(self) -> int:
        """0 all well, 1 some rows or corporate actions were refused."""
        return int(any(finding.severity is Severity.ERROR for finding in self.findings))


def open_ledger(folder: Path) -> OpenLedger:
    """Open the ledger of a firm folder, which may be empty; raises FolderError where the accounts cannot be read."""
    findings = FindingList()
    ledger, policy = _opened(Path(folder), findings)
    _report_unsaved(ledger, findings)
    return OpenLedger(ledger, policy, findings.all_sorted(FILE_ORDER))


def post_files(
    folder: Path, files: Sequence[Path] = (), *, backdated: bool = False, today: date | None = None
) -> PostReport:
    """Post files of transactions (default: the folder's own) and the corporate actions whose day has come.

    Rows of days that have not come are refused: later than `today` (by default the clock's) and the folder's own day.
    """
    findings = FindingList()
    folder = Path(folder)
    ledger, policy = _opened(folder, findings)
    last_day = max(to_day_number(today or datetime.now(tz=UTC).date()) + 1, policy.as_of or 0)  # a day for time zones
    read = [_read_file(Path(file), ledger, last_day, findings) for file in files or _own_file(folder)]
    _stop(findings)
    given = _together([each.rows for each in read])
    rows = own_rows_kept(after_opening(given, ledger.journal, findings), ledger.journal, findings)
    again = given.height - rows.height
    actions = read_actions(folder, findings)
    valued = with_fair_values(rows, ledger.journal, actions.rows, folder, findings)
    posted_until = ledger.standing().last_day.tolist()
    days = [day for day in (policy.as_of, valued.rows["date"].max(), *posted_until) if isinstance(day, int)]
    applied = ledger.journal.market_actions()
    coming = due_actions(actions.rows, applied, max(days, default=None), findings)
    due = with_fair_values(coming.rows, ledger.journal, actions.rows, folder, findings)
    made = applied_rows(ledger.journal, due.rows, applied.select(COLUMNS), valued.rows, findings)
    report_unknown_symbols(folder, given, actions.rows, ledger.journal, findings)
    refused = _Refused(
        sum(each.refused for each in read) + valued.refused, actions.refused + coming.refused + due.refused
    )
    rows = _together([made, valued.rows])
    return _post(ledger, rows, findings, refused, again, backdated=backdated, due=due.rows)


def open_from_lots(folder: Path) -> PostReport:
    """Begin an empty ledger with the folder's lots on its day, earlier sales that state their basis, and payments.

    Raises FolderError where the ledger is not empty, or where lots or the firm's day cannot be read.
    """
    findings = FindingList()
    folder = Path(folder)
    ledger, policy = _opened(folder, findings)
    if ledger.journal.parts():
        why = f"{ledger.folder}: must be empty to be opened from lots, has postings; post transactions"
        raise FolderError(why, findings.all_sorted(FILE_ORDER))
    if policy.as_of is None:
        message = Message(Severity.ERROR, "a date as YYYY-MM-DD", "say as_of = YYYY-MM-DD: the day of the lots")
        findings.stop(Place("firm.toml", None, "as_of"), message, "missing")
        _stop(findings)
        raise FolderError("firm.toml: as_of must be a date")
    earlier = earlier_rows(folder, policy.as_of, ledger.register, findings)
    lots = opening_rows(folder, policy.as_of, ledger.register, findings)
    _stop(findings)
    rows = _together([earlier.rows, lots.rows])
    return _post(ledger, rows, findings, _Refused(earlier.refused + lots.refused), 0)


def _opened(folder: Path, findings: FindingList) -> tuple[Ledger, Policy]:
    if not folder.is_dir():
        findings.stop(Place(str(folder)), Message(Severity.ERROR, "a folder", "give a firm's folder"), "none")
        _stop(findings)
    policy = read_policy(folder, findings)
    register = read_register(folder, policy, findings)
    _stop(findings)
    ledger = Ledger(folder, register)
    _report_strangers(ledger, findings)
    report_changed_years(ledger, findings)
    return ledger, policy


def _stop(findings: FindingList) -> None:
    if findings.fatal:
        raise FolderError(findings.fatal[0], findings.all_sorted(FILE_ORDER))


def _report_strangers(ledger: Ledger, findings: FindingList) -> None:
    """Say what of the journal the folder no longer supports: accounts that are gone, events that cannot stand."""
    standing = ledger.standing()
    names = standing.names.accounts
    gone = names.filter(~names.is_in(ledger.register.accounts["account_id"].implode()))
    to_do = "add them again; until then each is a taxable account of a taxpayer of its own"
    if len(gone):
        message = Message(Severity.WARNING, "every account that the ledger knows", to_do)
        findings.add(Place("accounts.csv"), message, f"{len(gone)} missing: {', '.join(gone.head(5))}")
    if standing.refused.size:
        to_do = "put accounts, funds and identical groups back as they were, or post corrections"
        message = Message(Severity.ERROR, "events that all stand under the folder's accounts and securities", to_do)
        listed = ", ".join(str(number) for number in standing.refused[:5])
        findings.add(Place("ledger"), message, f"{standing.refused.size} do not: journal rows {listed}")


def _own_file(folder: Path) -> tuple[Path, ...]:
    """The folder's own transactions; none where it has none: corporate actions are applied all the same."""
    return (folder / TRANSACTIONS.name,) if is_there(folder, TRANSACTIONS) else ()


def _read_file(path: Path, ledger: Ledger, last_day: int, findings: FindingList) -> JournalRows:
    """Read one file of transactions; a missing or unreadable one is fatal, before anything is posted."""
    empty = JournalRows(pl.DataFrame(schema=SCHEMA), 0)
    if path.suffix.lower() not in (".csv", ".parquet"):
        message = Message(Severity.ERROR, "a .csv or .parquet file of transactions", "give such a file")
        findings.stop(Place(path.name), message, path.suffix or "no ending")
        return empty
    contract = replace(TRANSACTIONS, stem=path.stem, needed=True)
    capitals = path.suffix != path.suffix.lower()
    raw = read_file(path, contract, findings) if capitals else read_table(path.parent, contract, findings)
    if raw is None:
        return empty
    table = type_table(raw)
    table.report_rounded(findings)
    return journal_rows(table, ledger.register, findings, last_day)


def _together(tables: list[pl.DataFrame]) -> pl.DataFrame:
    """Rows of several tables in the order of posting."""
    filled = [table.select(COLUMNS) for table in tables if table.height]
    if len(filled) < 2:
        return filled[0] if filled else pl.DataFrame(schema=SCHEMA)
    return pl.concat(filled).sort("date", "sequence", nulls_last=True, maintain_order=True)


class _Refused(NamedTuple):
    """What was refused before anything was posted."""

    rows: int  # of the files
    actions: int = 0  # of corporate_actions


def _post(
    ledger: Ledger,
    rows: pl.DataFrame,
    findings: FindingList,
    refused: _Refused,
    again: int,
    *,
    backdated: bool = False,
    due: pl.DataFrame | None = None,
) -> PostReport:
    posting = ledger.post(rows, backdated=backdated, market_actions=due)
    report_refusals(ledger, rows, posting, findings)
    _report_unsaved(ledger, findings)
    action = rows["transaction_id"].str.starts_with(ACTION_PREFIX).to_numpy()
    days = rows["transaction_id"].str.starts_with(DAYS_PREFIX).to_numpy()  # counted with their lots
    posted = posting.status == Refusal.POSTED
    report_undated(rows.filter(pl.Series(posted)), ledger.register, findings)
    if posted.any():
        everyone = np.ones(len(ledger.standing().names.accounts), np.bool_)
        day = int(ledger.standing().last_day.max())
        # Of this posting: what was known before has been said, and ledger washes says all of it.
        findings.extend(short_sale_findings(ledger, everyone, day, since=int(posting.number[posted].min())))
    same = (posting.repeated == Repeated.SAME) & ~action
    out = refused_rows(rows, posting).to_numpy()
    return PostReport(
        posted=int((posted & ~(action | days)).sum()),
        actions=int((posted & action).sum()),
        duplicates=int(same.sum()) + again,
        refused=refused.rows + int((out & ~(action | days)).sum()),
        # An action is one, however many accounts could not take it.
        actions_refused=refused.actions + rows["transaction_id"].filter(pl.Series(out & action)).n_unique(),
        findings=findings.all_sorted(FILE_ORDER),
    )


def _report_unsaved(ledger: Ledger, findings: FindingList) -> None:
    """Say that what was folded could not be kept: nothing is lost but time."""
    if ledger.unsaved:
        to_do = "give the right to write it; until then every command folds the journal again"
        message = Message(Severity.NOTICE, "a folder that can be written", to_do)
        findings.add(Place("ledger/state"), message, ledger.unsaved)
