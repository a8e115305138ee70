"""accounts.csv: the accounts of every household, and whose the rows of other files are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.columns import Owners, TypedTable
from lotwise.interchange.firm_folder.csv_text import BrokenRow
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.households import Roster
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.money import IntArray
from lotwise.rebalancing.book import AccountKind

__all__ = ["AccountTable", "read_accounts"]

_KINDS = {kind.name.lower(): int(kind) for kind in AccountKind}


@dataclass(frozen=True, slots=True)
class AccountTable:
    """Every account of a known household, once, in the order of the file."""

    ids: tuple[str, ...]
    household: NDArray[np.int64]  # position in the roster
    kind: NDArray[np.uint8]
    cash: IntArray
    held_away: NDArray[np.bool_]
    roster: Roster

    def owners(self, account: pl.Series) -> Owners:
        """Households of the rows of a table whose accounts are at these positions (null = unknown)."""
        return self.roster.owners(pl.Series(self.household).gather(account))

    def in_run(self, account: pl.Series) -> pl.Series:
        """Whether rows with these accounts concern the run; rows of an unknown account do."""
        return pl.Series(self.roster.loaded[self.household]).gather(account).fill_null(value=True)

    def owner_of(self, cells: tuple[str, ...]) -> str | None:
        """Household of a row that cannot be read: the first cell that names an account or a household."""
        known = self._places()
        for cell in cells:
            place = known.get(cell.strip())
            if place is not None:
                return self.roster.ids[place]
        return None

    def _places(self) -> dict[str, int]:
        """Households by name and accounts by theirs (an account of the same name wins)."""
        places = {name: number for number, name in enumerate(self.roster.ids)}
        places.update(zip(self.ids, self.household.tolist(), strict=True))
        return places

    def report_broken(self, file: str, broken: tuple[BrokenRow, ...], findings: FindingList) -> None:
        """Record rows that cannot be read; each blocks the household that one of its cells names."""
        if not broken:
            return
        places = self._places()
        for row in broken:
            place = next((places[cell.strip()] for cell in row.cells if cell.strip() in places), None)
            if place is not None and not self.roster.loaded[place]:
                continue
            message = Message(
                Severity.ERROR,
                "a row as wide as the header",
                "correct the row; until then the household is refused"
                if place is not None
                else "correct the row; it names no known account and is not used",
            )
            owner = None if place is None else self.roster.ids[place]
            findings.add(Place(file, row.line), message, row.why, owner)

    def report_strangers(self, file: str, frame: pl.DataFrame, account: pl.Series, findings: FindingList) -> None:
        """Record rows of accounts that nobody knows."""
        stranger = account.is_null() & frame["account_id"].is_not_null()
        message = Message(Severity.ERROR, "an account of the accounts file", "correct it; the row is not used")
        rows = rows_to_report(frame[LINE].filter(stranger), frame["account_id"].filter(stranger))
        findings.rows(Place(file, None, "account_id"), message, rows)


def read_accounts(table: TypedTable, roster: Roster, findings: FindingList) -> AccountTable:
    """Read the accounts of the households that are known; a wrong one blocks its household."""
    frame = table.frame.with_columns(code_of(table.frame["household_id"], roster.ids).alias("household"))
    owners = roster.owners(frame["household"])
    in_run = pl.Series(roster.loaded).gather(frame["household"]).fill_null(value=True)
    table.report_cells(findings, owners, in_run)
    stranger = frame["household"].is_null() & frame["household_id"].is_not_null()
    message = Message(
        Severity.ERROR,
        "a household of the households file",
        "correct it or add the household; it is not used",
    )
    findings.rows(
        Place(table.file, None, "household_id"),
        message,
        rows_to_report(frame[LINE].filter(stranger), frame["household_id"].filter(stranger)),
    )
    usable = frame["household"].is_not_null() & frame["account_id"].is_not_null()
    doubled = usable & in_run & frame["account_id"].is_duplicated()
    message = Message(Severity.ERROR, "an account once", "remove one of the rows; until then it is refused")
    findings.rows(
        Place(table.file, None, "account_id"),
        message,
        rows_to_report(frame[LINE].filter(doubled), frame["account_id"].filter(doubled), owners.of(doubled)),
    )
    frame = frame.filter(usable)
    frame = frame.filter(pl.col("account_id").is_first_distinct())
    accounts = AccountTable(
        tuple(frame["account_id"].to_list()),
        frame["household"].to_numpy(),
        frame["kind"].fill_null("taxable").replace_strict(_KINDS, return_dtype=pl.UInt8).to_numpy(),
        frame["cash"].fill_null(0).to_numpy().copy(),
        frame["held_away"].fill_null(value=False).to_numpy(),
        roster,
    )
    accounts.report_broken(table.file, table.broken, findings)
    return accounts
