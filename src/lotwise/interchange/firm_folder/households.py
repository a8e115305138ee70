"""households and glide: who is managed, by which model and profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import Severity
from lotwise.households.profile import Profile
from lotwise.households.toml_values import closest, shown
from lotwise.interchange.firm_folder.columns import Owners, TypedTable
from lotwise.interchange.firm_folder.findings import (
    EVERY_HOUSEHOLD,
    FindingList,
    Message,
    Place,
    rows_to_report,
)
from lotwise.interchange.firm_folder.models import ModelTable
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.interchange.firm_folder.tables import LINE

__all__ = [
    "Roster",
    "follow_glide",
    "read_roster",
    "report_models",
    "report_profiles",
]


@dataclass(frozen=True, slots=True)
class Roster:
    """Every household of the file, once: in its order, a wash group together where its first member stands.

    `chosen` are those of the run; `loaded` adds the ones that share their wash sales. `taxpayer` numbers the
    households in this order so that those of one wash group are one. Books and labels keep the order.
    """

    ids: tuple[str, ...]
    names: pl.Series  # the ids again, as a column
    frame: pl.DataFrame
    chosen: NDArray[np.bool_]
    loaded: NDArray[np.bool_]
    taxpayer: NDArray[np.int32]

    def owners(self, code: pl.Series) -> Owners:
        """Households of the rows of another table."""
        return Owners(self.names, code)


def read_roster(table: TypedTable, only: Sequence[str] | None, findings: FindingList) -> Roster | None:
    """Read the households; if none is left to run there is a fatal finding, if there are none at all None."""
    frame = table.frame.with_columns(wrong=table.errors())
    everyone = (frame["household_id"] == EVERY_HOUSEHOLD).fill_null(value=False)
    if everyone.any():
        message = Message(Severity.ERROR, "a name other than *, which means all", "rename it; it is not in the run")
        findings.rows(
            Place(table.file, None, "household_id"),
            message,
            rows_to_report(frame[LINE].filter(everyone), "*"),
        )
    named = frame["household_id"].is_not_null() & ~everyone
    unique, taxpayer = _groups_together(frame.filter(named & frame["household_id"].is_first_distinct()))
    ids = tuple(unique["household_id"].to_list())
    chosen = _chosen(table.file, ids, only, findings)
    loaded = np.isin(taxpayer, taxpayer[chosen])
    roster = Roster(ids, pl.Series(ids, dtype=pl.String), unique, chosen, loaded, taxpayer)

    code = code_of(frame["household_id"], ids)
    in_run = pl.Series(loaded).gather(code).fill_null(value=True)
    table.report_cells(findings, roster.owners(code), in_run)
    again = named & in_run & ~frame["household_id"].is_first_distinct()
    message = Message(Severity.ERROR, "a household once", "remove one of the rows; until then it is refused")
    rows = rows_to_report(frame[LINE].filter(again), frame["household_id"].filter(again), roster.owners(code).of(again))
    findings.rows(Place(table.file, None, "household_id"), message, rows)
    for row in table.broken:
        _report_broken(table.file, row.line, row.why, row.cells, ids, findings)
    if not chosen.any():
        message = Message(Severity.ERROR, "one household at least", "add households, or ask for one that is there")
        findings.stop(Place(table.file), message, "none" if only is None else f"none of {shown(', '.join(only))}")
    return roster if ids else None


def _report_broken(
    file: str, line: int, why: str, cells: Sequence[str], ids: Sequence[str], findings: FindingList
) -> None:
    known = set(ids)
    named = next((cell.strip() for cell in cells if cell.strip() in known), None)
    message = Message(Severity.ERROR, "a row as wide as the header", "correct the row; its household is not in the run")
    findings.add(Place(file, line), message, why, named)


def _chosen(file: str, ids: tuple[str, ...], only: Sequence[str] | None, findings: FindingList) -> NDArray[np.bool_]:
    if only is None:
        return np.ones(len(ids), dtype=np.bool_)
    wanted = set(only)
    for name in sorted(wanted.difference(ids)):
        message = Message(Severity.ERROR, "a household of the file", f"{closest(name, ids)}ask for one that is there")
        findings.add(Place(file, None, "household_id"), message, shown(name))
    return np.array([name in wanted for name in ids], dtype=np.bool_)


def _groups_together(frame: pl.DataFrame) -> tuple[pl.DataFrame, NDArray[np.int32]]:
    """Put each wash group together where its first member stands, and number the taxpayers in that order."""
    own = pl.lit("\0") + pl.col("household_id")
    place = pl.col("place").min().over(pl.coalesce(pl.col("wash_group"), own))
    first = frame.with_row_index("place").select(place).to_series()
    order = np.argsort(first.to_numpy(), kind="stable")  # members keep the order of the file
    return frame[order], np.unique(first.to_numpy()[order], return_inverse=True)[1].astype(np.int32)


@dataclass(frozen=True, slots=True)
class Followed:
    """Model of each household of the roster on the day, and the glide row (its line) that says so, if one does."""

    model: pl.Series
    glide_line: pl.Series


def follow_glide(table: TypedTable, roster: Roster, today: int, findings: FindingList) -> Followed:
    """Find the model of each household on the day: the latest of its glide rows that has come, else its own."""
    frame = table.frame.with_columns(code_of(table.frame["household_id"], roster.ids).alias("code"))
    in_run = pl.Series(roster.loaded).gather(frame["code"]).fill_null(value=True)
    table.report_cells(findings, roster.owners(frame["code"]), in_run)
    stranger = frame["code"].is_null() & frame["household_id"].is_not_null()
    message = Message(Severity.ERROR, "a household of the file", "correct the name; the row is not used")
    rows = rows_to_report(frame[LINE].filter(stranger), frame["household_id"].filter(stranger))
    findings.rows(Place(table.file, None, "household_id"), message, rows)
    for row in table.broken:
        _report_broken(table.file, row.line, row.why, row.cells, roster.ids, findings)
    sound = frame.filter(in_run).drop_nulls(["code", "date", "model"])
    again = ~sound.select(pl.struct("code", "date").is_first_distinct()).to_series()
    message = Message(Severity.ERROR, "one model a day", "remove one of the rows; until then it is refused")
    owners = roster.owners(sound["code"]).of(again)
    rows = rows_to_report(sound[LINE].filter(again), sound["model"].filter(again), owners)
    findings.rows(Place(table.file, None, "date"), message, rows)
    latest = sound.filter(pl.col("date") <= today).group_by("code").agg(pl.col("model", LINE).sort_by("date").last())
    own = roster.frame["model"]
    line = pl.repeat(None, len(own), dtype=pl.Int64, eager=True)
    if latest.is_empty():
        return Followed(own, line)
    return Followed(own.scatter(latest["code"], latest["model"]), line.scatter(latest["code"], latest[LINE]))


def report_models(
    household_file: str,
    glide: TypedTable,
    roster: Roster,
    followed: Followed,
    table: ModelTable,
    findings: FindingList,
) -> None:
    """Block the households whose model of the day is not there or not sound; other such models are warnings."""
    loaded = pl.Series(roster.loaded)
    by_glide = followed.glide_line.is_not_null()
    own = roster.frame["model"]
    line = pl.select(pl.coalesce(followed.glide_line, roster.frame[LINE])).to_series()
    code, own_code = code_of(followed.model, table.names), code_of(own, table.names)
    unsound = ~pl.Series(table.sound).gather(code).fill_null(value=True)
    unknown = code.is_null() & followed.model.is_not_null()
    refused = "until then the household is refused"
    missing = Message(Severity.ERROR, "a model of the models file", f"correct the name or add the model; {refused}")
    wrong = Message(Severity.ERROR, "a sound model", f"correct the model; {refused}")
    later = Message(Severity.WARNING, "a model of the models file", "correct it; it is not followed today")
    for file, mask, message in (
        (household_file, unknown & ~by_glide, missing),
        (glide.file, unknown & by_glide, missing),
        (household_file, unsound & ~by_glide, wrong),
        (glide.file, unsound & by_glide, wrong),
    ):
        rows = loaded & mask
        found = rows_to_report(line.filter(rows), followed.model.filter(rows), roster.names.filter(rows))
        findings.rows(Place(file, None, "model"), message, found)
    rows = loaded & by_glide & own_code.is_null() & own.is_not_null()
    found = rows_to_report(roster.frame[LINE].filter(rows), own.filter(rows), roster.names.filter(rows))
    findings.rows(Place(household_file, None, "model"), later, found)
    other = glide.frame.filter(
        code_of(glide.frame["model"], table.names).is_null()
        & pl.col("model").is_not_null()
        & ~pl.col(LINE).is_in(followed.glide_line.drop_nulls().implode())
    )
    findings.rows(Place(glide.file, None, "model"), later, rows_to_report(other[LINE], other["model"]))


def report_profiles(
    file: str, roster: Roster, profiles: Mapping[str, Profile | None] | None, findings: FindingList
) -> None:
    """Block the households whose profile is not there or wrong."""
    named = roster.frame["profile"]
    for number in (named.is_not_null() & pl.Series(roster.loaded)).arg_true():
        name = named[number]
        if profiles is None:
            must_be, to_do = "a profile that can be read", "correct profiles.toml"
        elif name not in profiles:
            must_be = "a profile of profiles.toml, or empty"
            to_do = f"{closest(name, list(profiles))}correct the name or add the profile"
        elif profiles[name] is None:
            must_be, to_do = "a sound profile", "correct its keys in profiles.toml"
        else:
            continue
        message = Message(Severity.ERROR, must_be, f"{to_do}; until then the household is refused")
        place = Place(file, roster.frame[LINE][number], "profile")
        findings.add(place, message, shown(name), roster.ids[number])
