"""What a firm saved its households: three numbers each, from its posted ledger, against their fees."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np

from lotwise import __version__
from lotwise.dates import NO_DATE, from_day_number, to_day_number
from lotwise.errors import FolderError
from lotwise.interchange.atomic import write_whole
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.interchange.ledger_files.posting import open_ledger
from lotwise.interchange.ledger_files.recorded_history import Recorded, recorded_history
from lotwise.interchange.savings_tables import SavingsTables, savings_tables
from lotwise.ledger.events import MISSING, Table
from lotwise.money import FULL_RATE, IntArray
from lotwise.nightly.run import Watch, household_row
from lotwise.savings.shadow_rule import ShadowRule
from lotwise.savings.told import Asked, Told, tell
from lotwise.tax.liability import load_law

__all__ = [
    "Compared",
    "SavingsRun",
    "compare_savings",
    "fees_of",
    "outside_position",
    "told_savings",
    "write_savings",
]

_INPUTS = ("prices", "models", "households", "accounts", "firm", "profiles", "overrides", "identical")


@dataclass(frozen=True, slots=True)
class SavingsRun:
    """What was told, and by what."""

    firm: Firm
    recorded: Recorded
    told: Told
    rule: ShadowRule
    tables: SavingsTables
    inputs: dict[str, str]  # digest of every file it depends on


def told_savings(
    folder: Path,
    as_of: date | None,
    households: Sequence[str],
    rule: ShadowRule,
    *,
    since: date | None = None,
    daily: bool = False,
    watch: Watch | None = None,
) -> SavingsRun:
    """Tell what was saved for some households of a firm folder with a posted ledger, or for all of it.

    Raises FolderError where nothing can be done with the folder or nothing has been posted, ValueError for a household
    that it does not have.
    """
    watch = watch or Watch()
    with watch.phase("read"):
        firm = read_firm(folder, as_of)
        recorded = recorded_history(folder, firm, open_ledger(folder))
    chosen = np.ones(len(firm.labels.households), np.bool_)
    if households:
        chosen[:] = False
        known = firm.labels.households.tolist()
        chosen[[household_row(each, known) for each in households]] = True
    until = to_day_number(firm.as_of)
    asked = Asked(
        rule,
        until,
        int(NO_DATE) if since is None else to_day_number(since),
        outside_position(firm),
        firm.book.policies.deferral_discount[firm.book.households.policy],
        load_law(),
        daily,
    )
    days, begins = recorded.history.market.days, recorded.history.events["day"].min(initial=until)
    with watch.phase("tell", int(((days >= begins) & (days <= until)).sum())):
        told = tell(recorded.history, chosen, asked, lambda _day: watch.on_done(1))
    tables = savings_tables(firm, recorded, told, chosen, fees_of(told, firm.fees))
    return SavingsRun(firm, recorded, told, rule, tables, _inputs(folder))


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


def _inputs(folder: Path) -> dict[str, str]:
    """Digest of every file that the savings depend on, the parts of the journal among them, and the version."""
    found = {"lotwise": __version__}
    journal = sorted((folder / "ledger" / "journal").glob("*.parquet"))
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and path.stem in _INPUTS]
    for path in (*files, *journal):
        found[path.relative_to(folder).as_posix()] = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    return found


def write_savings(out: Path, run: SavingsRun) -> None:
    """Write what was told into a folder: the tables as CSV and Parquet, and what they were made of as JSON.

    The same files give the same bytes again. Raises OSError where `out` cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name, table in run.tables._asdict().items():
        stem = "savings" if name == "households" else f"savings_{name}"
        write_whole(out / f"{stem}.csv", table.write_csv().encode())
        content = io.BytesIO()
        table.write_parquet(content)
        write_whole(out / f"{stem}.parquet", content.getvalue())
    said = {**_settings(run), "inputs": run.inputs}
    write_whole(out / "savings.json", (json.dumps(said, indent=1) + "\n").encode())


def _settings(run: SavingsRun) -> dict[str, object]:
    rule = {name: value if isinstance(value, int | float) else str(value) for name, value in asdict(run.rule).items()}
    return {"as_of": run.firm.as_of.isoformat(), "shadow_rule": rule}


@dataclass(frozen=True, slots=True)
class Compared:
    """An earlier telling against the same one made again."""

    changed_inputs: tuple[str, ...]  # files that are others now, gone or new; "lotwise" where the version is another
    changed_settings: tuple[str, ...]
    changed_households: tuple[str, ...]  # whose figures are others now

    @property
    def is_same(self) -> bool:
        """Whether every figure came out as it was told."""
        return not self.changed_households


def compare_savings(archive: Path, run: SavingsRun) -> Compared:
    """Hold what `write_savings` wrote against a run: which figures are others, and what they came of that is another.

    Raises FolderError where the folder holds no telling.
    """
    said, told = archive / "savings.json", archive / "savings.csv"
    try:
        earlier, figures = json.loads(said.read_text()), told.read_text().splitlines()
        inputs = dict(earlier["inputs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{archive}: must hold what `lotwise savings --out` wrote, was not that: {error}") from error
    now = run.tables.households.write_csv().splitlines()
    rows = [{line.partition(",")[0]: line for line in lines[1:]} for lines in (figures, now)]
    households = sorted({*rows[0], *rows[1]})
    settings = {**_settings(run)}
    return Compared(
        tuple(sorted(name for name in {*inputs, *run.inputs} if inputs.get(name) != run.inputs.get(name))),
        tuple(sorted(name for name in settings if earlier.get(name) != settings[name])),
        tuple(each for each in households if figures[:1] != now[:1] or rows[0].get(each) != rows[1].get(each)),
    )
