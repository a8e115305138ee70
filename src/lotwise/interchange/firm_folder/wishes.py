"""Every profile that a folder has, by layer: the firm's, the named ones, and those of single households."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lotwise.errors import Severity
from lotwise.households.profile import Profile
from lotwise.households.toml_values import closest, shown
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.interchange.firm_folder.header import FirmHeader, NamedProfiles, Preferred, read_profiles
from lotwise.interchange.firm_folder.households import Roster, report_profiles
from lotwise.interchange.firm_folder.overrides import Overrides, read_overrides

__all__ = ["Wishes", "read_wishes", "report_unknown_classes"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """Every profile there is; `given`: where a named one ('' = the firm's) gives a cash_target itself."""

    firm: Profile
    named: Mapping[str, Profile | None]  # None: it is wrong
    given: Mapping[str, Place]
    overrides: Overrides
    preferred: tuple[Preferred, ...]


def read_wishes(
    folder: Path, header: FirmHeader, households: tuple[str, Roster], findings: FindingList, *, stands_in: bool
) -> Wishes:
    """Read profiles.toml and overrides.toml over the firm's own policy, and block households whose profile is wrong.

    `households` are their file and roster; `stands_in`: the file is of no use.
    """
    file, roster = households
    firm = header.profile or Profile()
    read = read_profiles(folder, firm, findings)
    report_profiles(file, roster, None if read is None else read.profiles, findings)
    named = read or NamedProfiles({}, {})
    overrides = read_overrides(folder, roster, named, firm, findings, stands_in=stands_in)
    given = dict(named.cash_targets)
    if header.cash_target is not None:
        given[""] = header.cash_target
    preferred = (*header.preferred, *named.preferred, *overrides.preferred)
    return Wishes(firm, named.profiles, given, overrides, preferred)


def report_unknown_classes(
    preferred: Sequence[Preferred], asset_classes: tuple[str, ...], findings: FindingList
) -> None:
    """Warn of every preference for an asset class that no security has."""
    for place, asset_class in preferred:
        if asset_class == "" or asset_class not in asset_classes:
            hint = closest(asset_class, asset_classes[1:])
            message = Message(Severity.WARNING, "an asset_class of the securities file", f"{hint}it has no effect")
            findings.add(place, message, shown(asset_class))
