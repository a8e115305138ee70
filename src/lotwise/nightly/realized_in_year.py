"""What households realised in a year, for their page of realised gains: out of the posted ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lotwise.dates import NO_DATE, from_day_number, to_day_number
from lotwise.errors import Finding, FolderError, Severity
from lotwise.households.accounts import AccountKind
from lotwise.interchange.ledger_files.posting import open_ledger
from lotwise.ledger.events import Table
from lotwise.ledger.tables import ALWAYS_LONG, LotMark, Origin
from lotwise.reports.documents.realized import RealizedGains, RealizedLine, WashLine, YearTotals
from lotwise.storage.journal import NUMBER
from lotwise.storage.ledger import Ledger
from lotwise.tax.form_cells import Cells
from lotwise.tax.gains import recognised

__all__ = ["RealizedRecord", "has_ledger", "realized_record"]

_EARLIER = 9  # years before the one of the page


@dataclass(frozen=True, slots=True)
class RealizedRecord:
    """The ledger's realised rows and wash sales of taxable accounts, each household's together."""

    year: int
    as_of: date
    known_until: date
    findings: tuple[Finding, ...]
    _rows: dict[str, Table]  # REALIZED of every year, by household
    _washes: dict[str, tuple[WashLine, ...]]  # of the year
    _accounts: list[str]
    _securities: list[str]

    def of(self, household: str, name: str) -> RealizedGains:
        """What one household realised; nothing, where the ledger has no sale of it."""
        rows = self._rows.get(household)
        lines: tuple[RealizedLine, ...] = ()
        years: tuple[YearTotals, ...] = ()
        if rows is not None:
            sold_in = rows["sold"].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
            lines = tuple(self._line(row) for row in rows[sold_in == self.year])
            years = tuple(
                _totals(year, rows[sold_in == year])
                for year in np.unique(sold_in).tolist()
                if self.year - _EARLIER <= year < self.year
            )
        washes = self._washes.get(household, ())
        return RealizedGains(household, name, self.as_of, self.year, lines, washes, years, self.known_until)

    def _line(self, row: Any) -> RealizedLine:  # noqa: ANN401 - a row of REALIZED
        # Of a short sale closed by a purchase, the day of that purchase, as on Form 8949.
        day = int(row["sold"] if row["marks"] & LotMark.SHORT else row["acquired"])
        known = day != NO_DATE and row["holding_start"] != ALWAYS_LONG
        return RealizedLine(
            account_id=self._accounts[row["account"]],
            symbol=self._securities[row["security"]],
            shares=int(row["shares"]),
            acquired=from_day_number(day) if known else None,
            sold=from_day_number(int(row["sold"])),
            long_term=bool(row["long_term"]),
            cells=Cells(int(row["proceeds"]), int(row["basis"]), int(row["disallowed"])),
            permanent=int(row["permanent"]),
            origin=Origin(row["origin"]).name.lower(),
        )


def _totals(year: int, rows: Table) -> YearTotals:
    long = rows["long_term"] == 1
    return YearTotals(year, int(recognised(rows[~long]).sum()), int(recognised(rows[long]).sum()))


def has_ledger(folder: Path) -> bool:
    """Whether anything has been posted to the ledger of a firm folder."""
    return any((folder / "ledger" / "journal").glob("*.parquet"))


def realized_record(folder: Path, as_of: date, year: int) -> RealizedRecord:
    """Read the ledger of a firm folder; raises FolderError where nothing has been posted to it."""
    if not has_ledger(folder):  # before it is opened, which writes
        to_do = "begin it with `lotwise ledger open`, then `lotwise ledger post`"
        finding = Finding("ledger", None, None, Severity.ERROR, "a posted ledger", "empty", to_do)
        raise FolderError(str(finding), (finding,))
    opened = open_ledger(folder)
    ledger = opened.ledger
    standing = ledger.standing()
    realized = standing.state.realized
    accounts = standing.names.accounts.to_list()
    household_of = dict(ledger.register.accounts.select("account_id", "household_id").iter_rows())
    households = [household_of.get(account) for account in accounts]
    taxable = ledger.world().accounts["kind"] == AccountKind.TAXABLE
    rows = _by_household(realized[taxable[realized["account"]]], households)
    last = int(standing.last_day.max(initial=to_day_number(as_of)))
    return RealizedRecord(
        year=year,
        as_of=as_of,
        known_until=max(as_of, from_day_number(last)),
        findings=opened.findings,
        _rows=rows,
        _washes=_washes(ledger, year, taxable, households),
        _accounts=accounts,
        _securities=standing.names.securities.to_list(),
    )


def _by_household(rows: Table, households: list[str | None]) -> dict[str, Table]:
    """Rows of each household together, in the ledger's order."""
    names = sorted({name for name in households if name is not None})
    code_of = {name: code for code, name in enumerate(names)}
    codes = np.array([-1 if name is None else code_of[name] for name in households], np.int64)[rows["account"]]
    order = np.argsort(codes, kind="stable")
    rows, codes = rows[order], codes[order]
    starts = np.searchsorted(codes, np.arange(len(names) + 1))
    return {
        name: rows[starts[code] : starts[code + 1]]
        for code, name in enumerate(names)
        if starts[code] < starts[code + 1]
    }


def _washes(ledger: Ledger, year: int, taxable: Any, households: list[str | None]) -> dict[str, tuple[WashLine, ...]]:  # noqa: ANN401
    """Wash sales of a year's sales, by the household that sold."""
    standing = ledger.standing()
    realized, washes = standing.state.realized, standing.state.washes
    sales = realized[np.searchsorted(realized["event"], washes["sale"])]
    first, after = (to_day_number(date(each, 1, 1)) for each in (year, year + 1))
    own = taxable[sales["account"]] & (sales["sold"] >= first) & (sales["sold"] < after)
    sales, washes = sales[own], washes[own]
    bought = _purchases(ledger, washes["purchase"])
    accounts, securities = standing.names.accounts.to_list(), standing.names.securities.to_list()
    found: dict[str, list[WashLine]] = {}
    for sale, wash in zip(sales, washes, strict=True):
        household = households[sale["account"]]
        replaced, replaced_in = bought.get(int(wash["purchase"]), (None, ""))
        if household is not None:
            line = WashLine(
                sold=from_day_number(int(sale["sold"])),
                account_id=accounts[sale["account"]],
                symbol=securities[sale["security"]],
                shares=int(wash["shares"]),
                disallowed=int(wash["loss"]),
                replaced=replaced,
                replaced_in=replaced_in,
                permanent=bool(wash["permanent"]),
            )
            found.setdefault(household, []).append(line)
    return {name: tuple(sorted(lines, key=lambda line: line.sold)) for name, lines in found.items()}


def _purchases(ledger: Ledger, events: Any) -> dict[int, tuple[date | None, str]]:  # noqa: ANN401 - a column
    """Day and account of purchases, by their number in the journal."""
    wanted = pl.Series(np.unique(events))
    read = ledger.journal.read(columns=("account_id", "date")).filter(pl.col(NUMBER).is_in(wanted.implode()))
    return {
        number: (day, account)
        for number, day, account in read.select(NUMBER, pl.col("date").cast(pl.Date), "account_id").iter_rows()
    }
