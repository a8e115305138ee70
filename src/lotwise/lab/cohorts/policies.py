"""Policies as data: who decides, how often it is looked at, and what becomes of dividends.

An ordinary rule is blind to tax and goes to the target on its dates (savings.shadow_rule, the same as in `lotwise
savings`). The engine decides by a profile, as in the nightly run, on the days on which it looks. A pair of funds can be
swapped by a rule of its own (lab.cohorts.swapping).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

from lotwise.dates import is_trading_day
from lotwise.errors import ProfileError, Severity
from lotwise.households.profile import Profile
from lotwise.households.profile_reading import read_profile
from lotwise.households.toml_text import TomlText
from lotwise.savings.shadow_rule import Schedule, ShadowRule

__all__ = ["Looks", "Policy", "engine", "next_trading_day", "ordinary", "swapping"]


class Looks(StrEnum):
    """How often somebody looks at an account."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"

    @property
    def schedule(self) -> Schedule | None:
        """The same as a schedule of dates; None: every day, or every week, which no schedule has."""
        return None if self in (Looks.DAILY, Looks.WEEKLY) else Schedule(self.value)


@dataclass(frozen=True, slots=True)
class Policy:
    """What an account is managed by: an ordinary rule, the engine with a profile, or swaps of two funds.

    The engine looks on the last trading day of its periods (`month`: that of a yearly look), on the account's first
    day, and, where `acts_on_flows`, on every day on which cash came or is to go. `knows_tax` = False: the engine trades
    as if nothing were taxed. `reinvests`: dividends buy more of what paid them, else they are cash. `rebuys`: in a
    world without wash sales, every lot below its basis is sold and bought back on each look. `knows_others` = False:
    of several portfolios of one taxpayer each is managed as if there were no others. `swaps`: depth,
    as value / basis, at which a fund is swapped for the other one of its pair.
    """

    name: str
    rule: ShadowRule | None = None
    profile: Profile | None = None
    looks: Looks = Looks.DAILY
    month: int = 12
    acts_on_flows: bool = True
    knows_tax: bool = True
    reinvests: bool = False
    rebuys: bool = False
    knows_others: bool = True
    swaps: float | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.rule, self.profile, self.swaps)) != 1:
            raise ValueError(f"policy {self.name} must have either a rule or a profile, or swap a pair of funds")
        if self.swaps is not None and not 0 < self.swaps <= 1:
            raise ValueError(f"swaps must be above 0 and at most 1, was {self.swaps}")
        if not 1 <= self.month <= 12:
            raise ValueError(f"month must be 1 to 12, was {self.month}")

    def is_due(self, day: date) -> bool:
        """Whether a trading day is one of its dates."""
        following = next_trading_day(day)
        if self.rule is not None:
            return self.rule.is_due(day, following)
        if self.looks is Looks.WEEKLY:
            return day.isocalendar()[:2] != following.isocalendar()[:2]
        schedule = self.looks.schedule
        return schedule is None or ShadowRule(schedule, self.month).is_due(day, following)

    def in_words(self) -> str:
        """Say it in a sentence."""
        paid = "; dividends are reinvested in what paid them" if self.reinvests else ""
        if self.rule is not None:
            return self.rule.in_words() + paid
        if self.swaps is not None:
            return (
                f"looks {self.looks.value}: lots of a fund at {self.swaps:.0%} of their basis or less are sold and the "
                "other fund is bought, unless it was sold at a loss in the last 30 days; what was bought of the fund "
                f"within 30 days goes with them; cash buys the fund that was bought last{paid}"
            )
        assert self.profile is not None
        said = {name: getattr(self.profile, name) for name in self.profile.layers}
        keys = ", ".join(f"{name} = {value}" for name, value in sorted(said.items())) or "the defaults"
        blind = "" if self.knows_tax else ", as if nothing were taxed"
        when = f"{self.looks.value}" + (f" (month {self.month})" if self.looks is Looks.YEARLY else "")
        flows = " and whenever cash moves" if self.acts_on_flows and self.looks is not Looks.DAILY else ""
        again = (
            "; what is below its basis is sold and bought back, as if there were no wash sales" if self.rebuys else ""
        )
        alone = "" if self.knows_others else "; it knows nothing of the taxpayer's other portfolios"
        return f"the engine looks {when}{flows}{blind}; profile: {keys}{paid}{again}{alone}"


@cache
def next_trading_day(day: date) -> date:
    """The trading day after a day, by the exchange's calendar."""
    following = day + timedelta(days=1)
    while not is_trading_day(following):
        following += timedelta(days=1)
    return following


def ordinary(name: str, schedule: Schedule = Schedule.YEARLY, month: int = 12, **keys: object) -> Policy:
    """Make a policy of an ordinary rule; `keys` are those of ShadowRule, and `reinvests`."""
    reinvests = bool(keys.pop("reinvests", False))
    return Policy(name, rule=ShadowRule(schedule, month, **keys), reinvests=reinvests)  # type: ignore[arg-type]


def engine(name: str, looks: Looks = Looks.DAILY, keys: str = "", **said: object) -> Policy:
    """Make a policy of the engine; `keys` are lines of a profile, as in profiles.toml, `said` fields of Policy.

    Raises ProfileError for a key or value that no profile can have.
    """
    text = TomlText.read(f"policy {name}", f"[profile]\n{keys}\n".encode())
    table = text.values["profile"]
    assert isinstance(table, Mapping)
    profile, findings = read_profile(name, table, Profile(), text, "profile", name)
    if profile is None:
        raise ProfileError(tuple(each for each in findings if each.severity is Severity.ERROR))
    return Policy(name, profile=profile, looks=looks, **said)  # type: ignore[arg-type]


def swapping(name: str, depth: float, looks: Looks = Looks.DAILY) -> Policy:
    """Make a policy that swaps a pair of funds at a depth, as value / basis."""
    return Policy(name, swaps=depth, looks=looks)
