"""Everything that can go wrong, as one tree of exceptions and one kind of finding.

    LotwiseError
    ├── FolderError        nothing can be done with this firm folder (exit status 2); carries its findings
    ├── SettingsError      an environment variable LOTWISE_* has a value it cannot have
    ├── RiskModelError     a risk model cannot be estimated, read or used
    ├── StateLawError      a state's tax file is misspelt or lacks something (lotwise.tax.state_law)
    ├── ProposalError      a proposal failed its exact re-verification: a bug of Lotwise, never the user's
    ├── ProfileError       keys of a profile that a program gives are wrong; carries its findings (also a ValueError)
    └── UnknownNameError   a household or security that a program names is not there (also a KeyError)

Bad data is not an exception: it is a `Finding`, collected with all others, and blocks only the account or household
it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Finding",
    "FolderError",
    "LotwiseError",
    "ProfileError",
    "ProposalError",
    "RiskModelError",
    "SettingsError",
    "Severity",
    "UnknownNameError",
]


class Severity(StrEnum):
    """How much a finding stops: an error blocks what it names, a warning changes what is done, a notice nothing."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with the data: where, what it must be, what it was, what to do.

    `line` counts from 1 (the header of a CSV file is line 1); None where a file as a whole, or a Parquet file's row
    that has no line, is meant. `household` is the household it blocks or changes, if it is one.
    """

    file: str
    line: int | None
    column: str | None
    severity: Severity
    must_be: str
    was: str
    to_do: str
    household: str | None = None

    def __str__(self) -> str:
        """Say it in one line, as the terminal shows it."""
        where = self.file + (f":{self.line}" if self.line else "") + (f" [{self.column}]" if self.column else "")
        return f"{where}: must be {self.must_be}; was {self.was}; {self.to_do}"


class LotwiseError(Exception):
    """Root of every exception that Lotwise raises on purpose."""


class FolderError(LotwiseError):
    """Nothing can be done with this firm folder."""

    def __init__(self, message: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


class RiskModelError(LotwiseError):
    """A risk model cannot be estimated, read or used."""


class SettingsError(LotwiseError):
    """An environment variable LOTWISE_* has a value it cannot have."""


class ProposalError(LotwiseError):
    """A proposal failed its exact re-verification."""


class ProfileError(LotwiseError, ValueError):
    """Keys of a profile that a program gives are wrong: nothing is done with any of them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class UnknownNameError(LotwiseError, KeyError):
    """A household or security that a program names is not there."""

    def __str__(self) -> str:
        """Say it as it is: a KeyError would put it in quotes."""
        return str(self.args[0]) if self.args else ""
