"""Form 8949 and Schedule D of every household of a ledger, for one year.

Spouses who file separately share wash sales, not a return: forms go by household. Its filing status (for the loss limit
of Schedule D line 21) and the losses carried into the year of firm.toml's day (lines 6 and 14) come from
households.csv. Into no other year does the folder say what is carried: those lines are 0 then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.errors import Finding
from lotwise.households.accounts import AccountKind
from lotwise.interchange.firm_folder.client_files import HOUSEHOLDS
from lotwise.interchange.firm_folder.files import FILE_ORDER
from lotwise.interchange.firm_folder.findings import FindingList
from lotwise.interchange.firm_folder.register import open_table, report_cells
from lotwise.interchange.ledger_files.posting import OpenLedger
from lotwise.storage.income import payments_of_year
from lotwise.storage.ledger import Ledger
from lotwise.tax.broker_statement import as_reported
from lotwise.tax.forms import FormLine, form_lines
from lotwise.tax.gains import taxable_rows
from lotwise.tax.income import income_of
from lotwise.tax.parameters import FilingStatus, figure_of, filing_status, kept_year, load_federal
from lotwise.tax.schedule_d import ScheduleD, schedule_d

__all__ = ["HouseholdForms", "YearForms", "forms_of_year"]

_NOBODY = -1  # an account that accounts.csv no longer has


class HouseholdForms(NamedTuple):
    """Forms of one household; amounts in Money."""

    household: str
    lines: tuple[FormLine, ...]  # of Form 8949; none where nothing was sold
    schedule: ScheduleD
    loss_limit: int  # Schedule D line 21


@dataclass(frozen=True, slots=True)
class YearForms:
    """Forms of every household that sold something or received a capital-gain distribution, in order of their ids."""

    households: tuple[HouseholdForms, ...]
    carried: bool  # whether the folder says what was carried into the year; else lines 6 and 14 are 0
    findings: tuple[Finding, ...]


class _Stated(NamedTuple):
    """What households.csv says of one household's return."""

    status: FilingStatus = FilingStatus.SINGLE
    short_carried: int = 0
    long_carried: int = 0


def forms_of_year(opened: OpenLedger, folder: Path, year: int, as_of: int, household: str | None = None) -> YearForms:
    """Write the forms of a year of one household, or of all, with income judged as of a day.

    Every line stands on Form 8949, also those that may go straight to Schedule D: so its lines 1a and 8a are 0.
    """
    ledger, findings = opened.ledger, FindingList()
    stated = _stated(folder, findings)
    known = ledger.register.accounts["household_id"].unique().sort().to_list()
    wanted = known if household is None else [household]
    accounts = ledger.world().accounts.copy()
    accounts["taxpayer"] = owner = _households(ledger, wanted)
    realized = taxable_rows(ledger.standing().state.realized, accounts, year)
    realized = realized[np.argsort(owner[realized["account"]], kind="stable")]
    start = np.searchsorted(owner[realized["account"]], np.arange(len(wanted) + 1))
    symbols, funds = ledger.standing().names.securities.to_list(), ledger.world().funds
    distributed = _distributions(ledger, year, as_of, owner, len(wanted))
    day = opened.policy.as_of
    carried = day is not None and from_day_number(day).year == year
    made = []
    for number, name in enumerate(wanted):
        rows = realized[start[number] : start[number + 1]]
        if not rows.size and not distributed[number]:
            continue
        lines = form_lines(rows, symbols, as_reported(rows, funds))
        of_household = stated.get(name, _Stated())
        schedule = schedule_d(
            lines,
            short_carryover=of_household.short_carried if carried else 0,
            long_carryover=of_household.long_carried if carried else 0,
            distributions=int(distributed[number]),
            direct=False,
        )
        made.append(HouseholdForms(name, lines, schedule, _loss_limit(year, of_household.status)))
    return YearForms(tuple(made), carried, findings.all_sorted(FILE_ORDER))


def _households(ledger: Ledger, wanted: list[str]) -> NDArray[np.int32]:
    """Place of the household of each account of the ledger among the wanted ones; _NOBODY = another's, or nobody's."""
    accounts = ledger.standing().names.accounts.alias("account_id").to_frame()
    owners = accounts.join(ledger.register.accounts, on="account_id", how="left", maintain_order="left")
    places = pl.DataFrame({"household_id": wanted, "place": range(len(wanted))}, schema_overrides={"place": pl.Int32})
    found = owners.join(places, on="household_id", how="left", maintain_order="left")
    codes: NDArray[np.int32] = found["place"].fill_null(_NOBODY).to_numpy()
    return codes


def _distributions(
    ledger: Ledger, year: int, as_of: int, owner: NDArray[np.int32], households: int
) -> NDArray[np.int64]:
    """Capital-gain distributions of each household, in Money."""
    taxable = (ledger.world().accounts["kind"] == AccountKind.TAXABLE) & (owner != _NOBODY)
    return income_of(payments_of_year(ledger, year, as_of).paid, owner, taxable, households).distributions


def _loss_limit(year: int, status: FilingStatus) -> int:
    """Limit of Schedule D line 21; of the nearest year whose law is kept (the limit has been the same since 1978)."""
    law = load_federal()
    return figure_of(law, kept_year(law, year), status, "loss_limit")


def _stated(folder: Path, findings: FindingList) -> Mapping[str, _Stated]:
    """What households.csv says of each household; a wrong cell is a finding and counts as empty."""
    # The file as a whole was reported where the register was read.
    table = open_table(folder, replace(HOUSEHOLDS, needed=False, blocks_all=False), FindingList())
    if table is None:
        return {}
    report_cells(table, ("filing_status",), findings, "it counts as single on Schedule D")
    report_cells(table, ("short_carryforward", "long_carryforward"), findings, "it counts as 0 on Schedule D")
    frame = table.frame.filter(pl.col("household_id").is_not_null()).unique("household_id", keep="first")
    columns = ("household_id", "filing_status", "short_carryforward", "long_carryforward")
    return {
        name: _Stated(FilingStatus.SINGLE if status is None else filing_status(status), short or 0, long or 0)
        for name, status, short, long in frame.select(columns).iter_rows()
    }
