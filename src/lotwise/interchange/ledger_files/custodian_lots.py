"""A custodian's lots, as a file like lots.csv, beside the ledger's: what matches, what is explained, what is broken."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from lotwise.dates import NO_DATE
from lotwise.errors import Finding, FolderError, Severity
from lotwise.interchange.firm_folder.client_files import LOTS
from lotwise.interchange.firm_folder.contract import FileContract
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.register import open_table, report_broken, report_cells
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.ledger.events import MISSING, Table
from lotwise.ledger.reconciliation import (
    CUSTODIAN_LOT,
    TRANSACTION_COLUMNS,
    Labels,
    Outcome,
    Reconciliation,
    reconcile,
    transactions,
    words,
)
from lotwise.ledger.reconciliation_rows import positions_of
from lotwise.ledger.tables import LotMark, State
from lotwise.money import SHARE
from lotwise.storage.journal import SCHEMA
from lotwise.storage.ledger import Ledger
from lotwise.storage.listings import decimals
from lotwise.storage.names import Names, codes_of, with_names

__all__ = ["Comparison", "compare_lots"]

_UNTIL = "the row is not compared"
_READ = ("account_id", "lot_id", "symbol", "shares", "acquired", "basis", "original_basis")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A reconciliation with the words for it."""

    found: Reconciliation
    labels: Labels
    findings: tuple[Finding, ...]

    def count(self, outcome: Outcome) -> int:
        """Number of rows with an outcome."""
        return int((self.found.rows["outcome"] == outcome).sum())

    def said(self, outcome: Outcome) -> list[str]:
        """Every row of an outcome in words."""
        rows = np.flatnonzero(self.found.rows["outcome"] == outcome)
        return [words(self.found, int(row), self.labels) for row in rows]

    def mending(self) -> str:
        """Transactions, as CSV, that would make the ledger's lots the custodian's: to be looked at, then posted."""
        text = io.StringIO()
        writer = csv.DictWriter(text, TRANSACTION_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(transactions(self.found, self.labels))
        return text.getvalue()


def compare_lots(ledger: Ledger, path: Path, day: int) -> Comparison:
    """Compare the ledger's lots with a custodian's at the close of a day, of the accounts that the file names.

    Raises FolderError where the file cannot be read.
    """
    findings = FindingList()
    frame = _read(ledger, path, findings)
    if findings.fatal:
        raise FolderError(findings.fatal[0], findings.all_sorted(()))
    standing = ledger.standing()
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in SCHEMA.items() if name not in frame.columns]
    names = with_names(standing.names, frame.with_columns(missing))
    custodian = _table(frame, names)
    named = np.zeros(len(names.accounts), np.bool_)
    named[custodian["account"]] = True
    lots = standing.state.lots
    state = standing.state._replace(lots=lots[named[lots["account"]]])
    _report_negative(frame, custodian, state, findings)
    # A row of no shares says that the account is theirs, and nothing else.
    custodian = custodian[custodian["shares"] != 0]
    found = reconcile(state, custodian, ledger.register.world(names), day)
    labels = Labels(names.accounts.to_list(), names.securities.to_list(), names.lots.to_list())
    return Comparison(found, labels, findings.all_sorted(()))


def _contract(stem: str) -> FileContract:
    """The contract of lots, of which a custodian need not give all, nor only shares held long."""
    columns = tuple(
        replace(
            column,
            required=column.name in ("account_id", "symbol", "shares"),
            filled=column.name in ("account_id", "symbol", "shares"),
            low="-1000000000" if column.name == "shares" else column.low,
        )
        for column in LOTS.columns
    )
    return replace(LOTS, stem=stem, columns=columns)


def _read(ledger: Ledger, path: Path, findings: FindingList) -> pl.DataFrame:
    table = open_table(path.parent, _contract(path.stem), findings)
    if table is None:
        return pl.DataFrame()
    wrong = report_cells(table, _READ, findings, _UNTIL)
    report_broken(table, findings, _UNTIL)
    frame = table.frame
    unknown = ~wrong & ~frame["account_id"].is_in(ledger.register.accounts["account_id"].implode())
    message = Message(Severity.ERROR, "an account of the accounts file", f"correct it; until then {_UNTIL}")
    rows = rows_to_report(frame[LINE].filter(unknown), frame["account_id"].filter(unknown))
    findings.rows(Place(table.file, None, "account_id"), message, rows)
    sound = frame.filter(~(wrong | unknown)).with_columns(pl.lit(table.file).alias("source"))
    empty = sound.filter(pl.col("shares") == 0)
    message = Message(Severity.NOTICE, "shares held, or with a minus sold short", "nothing: no shares are no lot")
    findings.rows(Place(table.file, None, "shares"), message, rows_to_report(empty[LINE], "0"))
    return sound


def _report_negative(frame: pl.DataFrame, custodian: Table, state: State, findings: FindingList) -> None:
    """Warn of shares below zero where neither the row nor the ledger tells of a short sale."""
    short = state.lots[(state.lots["marks"] & LotMark.SHORT) != 0]
    sold_short = np.isin(positions_of(custodian), positions_of(short))
    said = (frame["acquisition"].str.to_lowercase() == "short").fill_null(value=False).to_numpy()
    rows = frame.filter(pl.Series((custodian["shares"] < 0) & ~sold_short & ~said))
    to_do = "write shares held without the minus, or post the sell_short; until then it is compared as sold short"
    message = Message(Severity.WARNING, "above 0, or of a short sale that the ledger knows", to_do)
    for (file,), part in rows.group_by("source"):
        shares = decimals(part["shares"].to_numpy(), SHARE)
        findings.rows(
            Place(str(file), None, "shares"), message, rows_to_report(part[LINE], shares + " " + part["symbol"])
        )


def _table(frame: pl.DataFrame, names: Names) -> Table:
    table = np.empty(frame.height, CUSTODIAN_LOT)
    table["shares"] = frame["shares"].to_numpy()
    table["basis"] = frame["basis"].fill_null(MISSING).to_numpy()
    table["original_basis"] = frame["original_basis"].fill_null(MISSING).to_numpy()
    table["account"] = codes_of(frame["account_id"], names.accounts)
    table["security"] = codes_of(frame["symbol"], names.securities)
    table["name"] = codes_of(frame["lot_id"], names.lots)
    table["acquired"] = frame["acquired"].fill_null(NO_DATE).to_numpy()
    table["line"] = frame[LINE].to_numpy()
    return table
