"""What a firm saved its households: three numbers each, from its posted ledger, against their fees."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise import __version__
from lotwise.dates import NO_DATE, from_day_number, to_day_number
from lotwise.interchange.atomic import replaced_files, require_no_firm
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.interchange.inputs import digests, input_files, journal_files
from lotwise.interchange.ledger_files.posting import open_ledger
from lotwise.interchange.ledger_files.recorded_history import Posted, Recorded, recorded_history
from lotwise.interchange.savings_positions import TaxedBy, positions_table, with_positions
from lotwise.interchange.savings_tables import SavingsTables, savings_tables
from lotwise.interchange.savings_trace import TraceTables, trace_tables
from lotwise.ledger.events import MISSING, NO_CODE, Table
from lotwise.money import FULL_RATE, IntArray
from lotwise.nightly.priced_days import require_priced
from lotwise.nightly.run import Watch, household_row
from lotwise.nightly.savings_note import PAGE
from lotwise.reports.firm_savings import FirmSavings
from lotwise.reports.firm_savings_page import firm_savings_page
from lotwise.savings.both_sides import both_sides
from lotwise.savings.shadow_rule import ShadowRule
from lotwise.savings.told import Asked, Told, days_to_tell, tell
from lotwise.tax.liability import load_law

__all__ = [
    "PAGE",
    "SavingsRun",
    "When",
    "fees_of",
    "inputs_of",
    "outside_position",
    "page_of",
    "settings_of",
    "tell_firm",
    "told_savings",
    "write_savings",
]


_POSITIONS = "positions"


@dataclass(frozen=True, slots=True)
class SavingsRun:
    """What was told, and by what."""

    firm: Firm
    recorded: Recorded
    told: Told
    rule: ShadowRule
    tables: SavingsTables
    inputs: dict[str, str]  # digest of every file it depends on
    since: date | None = None  # first day that was told
    traced: bool = False  # whether every credit was kept
    households: tuple[str, ...] = ()  # that were asked for; none: all
    trace: TraceTables | None = None  # lines of numbers B and C, where they were kept
    taxed_by: pl.DataFrame | None = None  # a row per household that was told

    @property
    def without_sound_data(self) -> int:
        """How many of the households asked for have no figures since their data has errors."""
        blocked = set(self.firm.labels.households[self.firm.book.households.blocked].tolist())
        return len(blocked & set(self.tables.untold["household_id"].to_list()))


class When(NamedTuple):
    """From which day on it is told, whether every line is kept, day by day, and of how much of the journal."""

    since: date | None = None
    traced: bool = False
    posted: Posted | None = None  # None: all of it
    taxed_by: pl.DataFrame | None = None  # of households that were told earlier; None: by what the folder says


def told_savings(
    folder: Path,
    as_of: date | None,
    households: Sequence[str],
    rule: ShadowRule,
    *,
    since: date | None = None,
    traced: bool = False,
    watch: Watch | None = None,
) -> SavingsRun:
    """Tell what was saved for some households of a firm folder with a posted ledger, or for all of it.

    Raises FolderError where nothing can be done with the folder or nothing has been posted, ValueError for a household
    that it does not have or for a day after the last price (FolderError where firm.toml says that day).
    """
    watch = watch or Watch()
    with watch.phase("read"):
        firm = read_firm(folder, as_of)
    return tell_firm(folder, firm, households, rule, When(since, traced), watch)


def tell_firm(
    folder: Path,
    firm: Firm,
    households: Sequence[str],
    rule: ShadowRule,
    when: When | None = None,
    watch: Watch | None = None,
) -> SavingsRun:
    """Tell what was saved for some or all households of a firm that was read from a folder.

    A household whose data has errors gets no figures, and is named with the reason. Raises as `told_savings` does.
    """
    watch, when = watch or Watch(), when or When()
    require_priced(folder, firm)
    if when.since is not None and when.since > firm.as_of:
        raise ValueError(f"since must be on or before the day that is told, {firm.as_of}; was {when.since}")
    with watch.phase("read"):
        recorded = recorded_history(folder, firm, open_ledger(folder), when.posted)
    names = firm.labels.households.tolist()
    chosen = np.ones(len(names), np.bool_)
    if households:
        chosen[:] = False
        chosen[[household_row(each, names) for each in households]] = True
    by = _taxed_by(firm, recorded, when)
    recorded = recorded._replace(history=recorded.history._replace(rates=by.rates))
    sound = ~firm.book.households.blocked
    if when.taxed_by is not None:
        # Later lots and orders of the folder stop a household on the day that is told again; the record knows its day.
        sound |= np.isin(firm.labels.households, when.taxed_by["household_id"].to_list())
    sound &= chosen
    since = int(NO_DATE) if when.since is None else to_day_number(when.since)
    asked = Asked(
        rule, to_day_number(firm.as_of), since, by.position, by.later, load_law(), daily=when.traced, traced=when.traced
    )
    with watch.phase("tell", days_to_tell(recorded.history, sound, asked)):
        told = tell(recorded.history, sound, asked, lambda _day: watch.on_done(1))
        sides = both_sides(recorded.history, sound, asked) if when.traced else None
    tables = savings_tables(firm, recorded, told, chosen, fees_of(told, firm.fees))
    trace = trace_tables(firm, recorded, told, sides, asked.later) if sides else None
    return SavingsRun(
        firm,
        recorded,
        told,
        rule,
        tables,
        inputs_of(folder),
        when.since,
        when.traced,
        tuple(households),
        trace,
        positions_table(names, np.flatnonzero(told.begins > 0), by),
    )


def _taxed_by(firm: Firm, recorded: Recorded, when: When) -> TaxedBy:
    """What each household is taxed by: as the folder says, or as was told."""
    later = firm.book.policies.deferral_discount[firm.book.households.policy]
    by = TaxedBy(outside_position(firm), recorded.history.rates, later)
    return by if when.taxed_by is None else with_positions(firm.labels.households.tolist(), by, when.taxed_by)


def outside_position(firm: Firm) -> Table:
    """Tax positions of the year without what is managed: gains outside alone."""
    position = firm.book.tax.copy()
    position["short_gains"], position["long_gains"] = firm.outside_gains[:, 0], firm.outside_gains[:, 1]
    return position


def fees_of(told: Told, fees: IntArray) -> IntArray:
    """Fee of each household since the beginning and in the year of the last day, money (H, 2); MISSING = not known.

    The yearly fee on the value at the end of each month, for its days.
    """
    months = told.months
    year_start = to_day_number(date(from_day_number(int(months.days[-1])).year, 1, 1))
    total = np.zeros((fees.size, 2))
    before = told.begins.astype(np.float64)
    for day, value in zip(months.days.tolist(), months.value, strict=True):
        held = (told.begins > 0) & (day > before)
        for column, start in enumerate((before, np.maximum(before, year_start - 1))):
            part = np.where(held, np.maximum(day - start, 0.0), 0.0) / 365.0
            total[:, column] += part * value * (fees / FULL_RATE)
        before = np.where(held, day, before)
    known = (fees != MISSING) & (told.begins > 0)
    return np.where(known[:, None], np.rint(total), MISSING).astype(np.int64)


def inputs_of(folder: Path) -> dict[str, str]:
    """Digest of every file that the savings depend on, the parts of the journal among them, and the version."""
    return {"lotwise": __version__, **digests(folder, (*input_files(folder), *journal_files(folder)))}


def page_of(run: SavingsRun) -> FirmSavings:
    """What the page of a firm says."""
    tables = run.tables
    return FirmSavings(
        run.firm.name,
        run.firm.as_of,
        tables.households,
        tables.months,
        tables.firm,
        tables.untold,
        run.rule,
        int(run.told.refused.sum()),
        run.inputs,
        stopped=_stopped(run),
    )


def _stopped(run: SavingsRun) -> tuple[str, ...]:
    """Securities in the record of those who are told whose closes stopped, though nothing ended them."""
    events, owner = run.recorded.history.events, run.recorded.history.accounts.household
    account = events["account"]
    told = (account != NO_CODE) & (owner[account] >= 0) & (run.told.begins[owner[account]] > 0)
    rows = run.recorded.stopped[np.isin(run.recorded.stopped, events["security"][told])]
    return tuple(run.recorded.names.securities.gather(rows).sort().to_list())


def write_savings(out: Path, run: SavingsRun) -> Path:
    """Write what was told into a folder and return its page: tables as CSV and Parquet, what they came of as JSON.

    Lines of all three numbers are among the tables where they were traced. The same files give the same bytes again.
    Raises OSError where `out` cannot be written, FolderError where it is a firm folder.
    """
    require_no_firm(out)
    out.mkdir(parents=True, exist_ok=True)
    with replaced_files(out, _files((*SavingsTables._fields, *TraceTables._fields, _POSITIONS))) as folder:
        tables: dict[str, pl.DataFrame] = run.tables._asdict()
        if run.trace is None:
            del tables["credits"]
        else:
            tables |= run.trace._asdict()
        if run.taxed_by is not None:
            tables[_POSITIONS] = run.taxed_by
        for name, table in tables.items():
            csv, parquet = _files((name,))[:2]
            table.write_csv(folder / csv)
            table.write_parquet(folder / parquet)
        said = {**settings_of(run), **_scope(run), "totals": _totals(run.tables.firm), "inputs": run.inputs}
        (folder / "savings.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        (folder / PAGE).write_text(firm_savings_page(page_of(run)), encoding="utf-8")
    return out / PAGE


def _files(tables: Sequence[str]) -> list[str]:
    """Files of tables: CSV and Parquet of each, in their order."""
    stems = ("savings" if name == "households" else f"savings_{name}" for name in tables)
    return [f"{stem}.{kind}" for stem in stems for kind in ("csv", "parquet")]


def _totals(firm: pl.DataFrame) -> dict[str, dict[str, str]]:
    """Totals of the firm by number and period, in dollars to the last digit."""
    found: dict[str, dict[str, str]] = {}
    for number, period, total in firm.select("number", "period", "total").iter_rows():
        found.setdefault(number, {})[period] = str(total)
    return found


def _scope(run: SavingsRun) -> dict[str, object]:
    """Of whom it was told, and how far the journal had come."""
    return {"households": list(run.households), "journal_rows": run.recorded.rows}


def settings_of(run: SavingsRun) -> dict[str, object]:
    """Day, first day and rule, as JSON has them."""
    rule = {name: value if isinstance(value, int | float) else str(value) for name, value in asdict(run.rule).items()}
    since = None if run.since is None else run.since.isoformat()
    return {"as_of": run.firm.as_of.isoformat(), "since": since, "shadow_rule": rule}
