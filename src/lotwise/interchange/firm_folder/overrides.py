"""overrides.toml: what single households want otherwise than their profile, a table per household.

    [H001]
    cash_reserve = 25000
    notes = "Sells the house in spring."

A household's own keys come last: over the defaults, the firm's, and its named profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from lotwise.errors import Finding, Severity
from lotwise.households.profile import Profile
from lotwise.households.profile_reading import read_profile
from lotwise.households.toml_text import TomlText, TomlUnreadable
from lotwise.households.toml_values import closest, shown
from lotwise.interchange.firm_folder.findings import EVERY_HOUSEHOLD, FindingList, Message, Place
from lotwise.interchange.firm_folder.header import NamedProfiles, Preferred, cash_target_of, preferred_by, read_toml
from lotwise.interchange.firm_folder.households import Roster

__all__ = ["Overrides", "read_overrides"]

OVERRIDES = "overrides.toml"


@dataclass(frozen=True, slots=True)
class Overrides:
    """Profiles of the households that have keys of their own, and where those that give a cash_target give it."""

    profiles: Mapping[str, Profile]
    cash_targets: Mapping[str, Place]
    preferred: tuple[Preferred, ...]


def read_overrides(
    folder: Path, roster: Roster, named: NamedProfiles, firm: Profile, findings: FindingList, *, stands_in: bool
) -> Overrides:
    """Read the households' own keys over their profiles; a wrong table is an error that blocks its household.

    A file that cannot be read blocks every household: it cannot be known whose wishes are in it. A household whose
    named profile is wrong is blocked already, and its keys are checked all the same. `stands_in`: the households are
    not known, so nobody is a stranger.
    """
    source = read_toml(folder, OVERRIDES)
    if source is None:
        return Overrides({}, {}, ())
    if isinstance(source, TomlUnreadable):
        message = Message(Severity.ERROR, "TOML", "correct it; until then every household is refused")
        findings.add(Place(OVERRIDES, source.line), message, str(source), EVERY_HOUSEHOLD)
        return Overrides({}, {}, ())
    profile_of = dict(zip(roster.ids, roster.frame["profile"].fill_null("").to_list(), strict=True))
    loaded = set(roster.names.filter(pl.Series(roster.loaded)))
    profiles: dict[str, Profile] = {}
    cash_targets: dict[str, Place] = {}
    preferred: list[Preferred] = []
    for household, table in source.values.items():
        if household not in profile_of and not stands_in:
            _report_stranger(source, household, roster, findings)
        elif not isinstance(table, Mapping):
            message = Message(Severity.ERROR, "a table, one per household", "put the key below the [name] of its owner")
            findings.add(Place(OVERRIDES, source.line_of("", household), household), message, shown(table))
        elif household in loaded or stands_in:
            inherits = named.profiles.get(profile_of.get(household, "")) or firm
            read, found = read_profile(inherits.name, table, inherits, source, household, f"household {household}")
            findings.extend(found if stands_in else _owned(found, household))
            preferred += preferred_by(source, household, table)
            cash = cash_target_of(source, household, table)
            if read is not None:
                profiles[household] = read
            if cash is not None:
                cash_targets[household] = cash
    return Overrides(profiles, cash_targets, tuple(preferred))


def _owned(found: tuple[Finding, ...], household: str) -> list[Finding]:
    return [replace(each, household=household) for each in found]


def _report_stranger(source: TomlText, household: str, roster: Roster, findings: FindingList) -> None:
    hint = closest(household, roster.ids)
    message = Message(Severity.ERROR, "a household of the file", f"{hint}correct the name; the table is not used")
    place = Place(OVERRIDES, source.line_of(household) or source.line_of("", household), household)
    findings.add(place, message, shown(household))
