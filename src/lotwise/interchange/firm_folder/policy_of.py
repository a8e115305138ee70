"""The policy of a firm or of one of its households, as it holds, with what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lotwise.errors import Finding, FolderError, Severity
from lotwise.households.profile import Profile
from lotwise.interchange.firm_folder.findings import EVERY_HOUSEHOLD, FindingList
from lotwise.interchange.firm_folder.header import read_header
from lotwise.interchange.firm_folder.reading import read_firm

__all__ = ["Policy", "firm_policy", "household_policy"]

_SAYS_IT = ("firm.toml", "profiles.toml", "overrides.toml")


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose policy, the profile that says it (None: it cannot be used), and the findings about it."""

    owner: str
    profile: Profile | None
    findings: tuple[Finding, ...]


def firm_policy(folder: Path) -> Policy:
    """Read the firm's own policy from firm.toml; raises FolderError if the file is of no use."""
    findings = FindingList()
    header = read_header(folder, None, findings)
    found = findings.all_sorted(())
    if header.rates is None:  # nothing could be read
        raise FolderError(findings.fatal[0], found)
    return Policy("the firm", header.profile, found)


def household_policy(folder: Path, household: str, as_of: date | None = None) -> Policy:
    """Read the policy of a household on a day, in all its layers; raises FolderError as `read_firm` does."""
    firm = read_firm(folder, as_of, [household])
    row = firm.labels.households.tolist().index(household)
    about = tuple(
        finding
        for finding in firm.findings
        if (finding.file in _SAYS_IT and finding.household in (None, EVERY_HOUSEHOLD, household))
        or (finding.household == household and finding.column == "profile")
    )
    wrong = any(finding.severity is Severity.ERROR and finding.household is not None for finding in about)
    profile = None if wrong else firm.profiles[firm.book.households.policy[row]]
    return Policy(household, profile, about)
