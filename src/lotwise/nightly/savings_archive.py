"""What was told of taxes saved, told again: the same day and rule, from the journal as it stood, to the cent.

What `lotwise savings --out` wrote says by what it was told. A later night, with a later day in firm.toml and more
posted, comes to the same figures; what was posted since, late corrections of days that were told among it, is named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import polars as pl

from lotwise.errors import FolderError
from lotwise.interchange.firm_folder import read_firm
from lotwise.interchange.ledger_files.recorded_history import Posted
from lotwise.money import DOLLAR
from lotwise.nightly.run import Watch
from lotwise.nightly.savings import SavingsRun, When, settings_of, tell_firm
from lotwise.savings.shadow_rule import Order, Schedule, ShadowRule

__all__ = ["Archive", "Compared", "compare_savings", "read_archive", "told_again"]

_JOURNAL = "ledger/journal/"


class Archive(NamedTuple):
    """What an earlier telling says of itself."""

    folder: Path
    as_of: date
    since: date | None
    rule: ShadowRule
    households: tuple[str, ...]  # that were asked for; none: all
    posted: Posted
    taxed_by: pl.DataFrame  # tax positions of the households that were told
    settings: Mapping[str, object]
    inputs: Mapping[str, str]
    figures: tuple[str, ...]  # lines of savings.csv


@dataclass(frozen=True, slots=True)
class Compared:
    """An earlier telling against the same one made again."""

    changed_inputs: tuple[str, ...]  # files that are others now, gone or new; "lotwise" where the version is another
    changed_settings: tuple[str, ...]
    changed_households: tuple[str, ...]  # whose figures are others now
    later: int = 0  # events posted since, which were left out
    late: int = 0  # of these, events of days that were told

    @property
    def is_same(self) -> bool:
        """Whether every figure came out as it was told."""
        return not self.changed_households


def read_archive(folder: Path) -> Archive:
    """Read what `write_savings` wrote; raises FolderError where the folder holds no telling."""
    try:
        said = json.loads((folder / "savings.json").read_text(encoding="utf-8"))
        figures = (folder / "savings.csv").read_text(encoding="utf-8").splitlines()
        rule = said["shadow_rule"]
        return Archive(
            folder,
            date.fromisoformat(said["as_of"]),
            said["since"] and date.fromisoformat(said["since"]),
            ShadowRule(**{**rule, "schedule": Schedule(rule["schedule"]), "relief": Order(rule["relief"])}),
            tuple(said["households"]),
            Posted(int(said["journal_rows"]), _opening_cash(folder / "savings_accounts.csv")),
            pl.read_parquet(folder / "savings_positions.parquet"),
            {name: said[name] for name in ("as_of", "since", "shadow_rule")},
            dict(said["inputs"]),
            tuple(figures),
        )
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError, pl.exceptions.PolarsError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise FolderError(f"{folder}: must hold what `lotwise savings --out` wrote, was not that: {why}") from error


def _opening_cash(path: Path) -> dict[str, int]:
    rows = pl.read_csv(path, infer_schema=False).select("account_id", "opening_cash").iter_rows()
    return {account: int(Decimal(cash) * DOLLAR) for account, cash in rows}


def told_again(
    folder: Path,
    archive: Archive,
    households: Sequence[str] = (),
    *,
    traced: bool = False,
    watch: Watch | None = None,
) -> SavingsRun:
    """Tell what an archive tells, or some of its households, from the folder and the journal as it stood then.

    Raises as `told_savings` does, ValueError for a household that the archive does not tell of.
    """
    strangers = sorted(set(households) - set(archive.households)) if archive.households else []
    if strangers:
        told = ", ".join(archive.households)
        raise ValueError(f"household must be one of those that {archive.folder} tells of, {told}; was {strangers[0]!r}")
    watch = watch or Watch()
    with watch.phase("read"):
        firm = read_firm(folder, archive.as_of)
    when = When(archive.since, traced, archive.posted, archive.taxed_by)
    return tell_firm(folder, firm, tuple(households) or archive.households, archive.rule, when, watch)


def compare_savings(folder: Path, run: SavingsRun) -> Compared:
    """Hold what `write_savings` wrote against a run: which figures are others, and what they came of that is another.

    Households that were not asked for, then or now, are left out. Raises FolderError where the folder holds no telling.
    """
    archive = read_archive(folder)
    now = run.tables.households.write_csv().splitlines()
    rows = [{line.partition(",")[0]: line for line in lines[1:]} for lines in (archive.figures, now)]
    households = {*rows[0], *rows[1]}
    for asked in (archive.households, run.households):
        households &= set(asked) or households
    same_columns = list(archive.figures[:1]) == now[:1]
    settings = settings_of(run)
    names = {*archive.inputs, *run.inputs}
    if archive.posted.rows == run.recorded.rows:  # parts that were posted since were not looked at
        names -= {name for name in run.inputs if name.startswith(_JOURNAL) and name not in archive.inputs}
    return Compared(
        tuple(sorted(name for name in names if archive.inputs.get(name) != run.inputs.get(name))),
        tuple(sorted(name for name in settings if archive.settings.get(name) != settings[name])),
        tuple(sorted(each for each in households if not same_columns or rows[0].get(each) != rows[1].get(each))),
        run.recorded.later,
        run.recorded.late,
    )
