"""The law of each state in words and numbers: dated, cited schedules whose sum is the state's tax.

A schedule taxes a base (a weighted sum of the four kinds of income) by brackets; the tax of a year is the sum of the
schedules in force, some of them subtracted. That one form holds every kind of state law kept here: a flat rate;
brackets; a share of long gains left out (weight below one); a rate of its own for short gains (a second base); a surtax
(a bracket that starts high); a capped or own rate for long gains on top of other income (the schedule of the whole
less the same schedule of the income below).

A year with no schedule is unknown, and `why_unknown` says why. Nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from lotwise.errors import LotwiseError

__all__ = ["INCOMES", "STATUSES", "VERIFIED", "StateFile", "StateLawError", "StateSchedule"]

# Order of the codes of FilingStatus.
STATUSES = ("single", "married_joint", "married_separate", "head_of_household")
INCOMES = ("ordinary", "short", "long", "qualified")

# Where the figures of a schedule come from, best first.
VERIFIED = {
    "statute": "rates and thresholds are fixed by the statute cited",
    "department": "as the state's revenue department published them",
    "secondary": "statute cited, indexed figures from a published collection",
    "carried": "rates by the statute cited, thresholds of the year before until the new ones are entered",
}


class StateLawError(LotwiseError):
    """A file of state law is wrong: says the file, the year and what must be there."""


@dataclass(frozen=True, slots=True)
class StateSchedule:
    """One schedule of one state in the years it is in force.

    `weights` is the share (Rate) of each of INCOMES in the base; `lower` the thresholds (Money) per filing status, in
    the order of STATUSES; `rates` (Rate) are one list for all statuses. `sign` is -1 where it is subtracted: the second
    half of a schedule that taxes only what lies on top of another base.
    """

    first_year: int
    last_year: int
    tax: str
    citation: str
    verified: str
    weights: tuple[int, int, int, int]
    sign: int
    rates: tuple[int, ...]
    lower: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class StateFile:
    """What is known of one state: years, schedules, and in words how it treats gains and losses.

    `follows_loss_deduction`: the first and last year in which a net capital loss reduces other income as in the federal
    law (26 U.S.C. 1211(b)); None where the state has a rule of its own, which is not modelled: no deduction then.
    """

    state: str
    name: str
    tax: str
    gains: str
    losses: str
    follows_loss_deduction: tuple[int, int] | None
    not_modelled: tuple[str, ...]
    known: tuple[int, int] | None
    schedules: tuple[StateSchedule, ...]
    absent: tuple[tuple[int, int, str], ...]

    def in_force(self, year: int) -> tuple[StateSchedule, ...]:
        """Schedules whose sum is the tax of a year; empty if the year is unknown."""
        return tuple(s for s in self.schedules if s.first_year <= year <= s.last_year)

    def years(self) -> range:
        """Years whose law is known."""
        return range(self.known[0], self.known[1] + 1) if self.known else range(0)
