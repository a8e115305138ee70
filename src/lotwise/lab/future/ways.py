"""The ways in which a household may be managed: an ordinary rule, its own profile, and alternatives to that."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from lotwise.errors import Finding, ProfileError, Severity
from lotwise.households.profile import Profile
from lotwise.households.profile_reading import read_profile
from lotwise.households.toml_text import TomlText, TomlUnreadable
from lotwise.lab.cohorts.policies import Looks, Policy, ordinary

__all__ = ["ORDINARY", "OWN", "alternative", "ways_of"]

ORDINARY, OWN = "ordinary rule", "own profile"

# What is said of an alternative beside the keys of a profile.
_LOOKS = "looks"
_SOURCE = "--alternative"
# Keys are divided by semicolons as well as by lines; not those within quotes.
_DIVIDES = re.compile(r""";(?=(?:[^"]*"[^"]*")*[^"]*$)""")
_FACTOR = Decimal(2)


def ways_of(profile: Profile, alternatives: Sequence[str] = ()) -> tuple[Policy, ...]:
    """Policies to be compared, the ordinary rule first and the own profile second.

    Raises ProfileError where an alternative is no line of a profile, or is there twice.
    """
    price = profile.risk_price_bps
    made = [
        ordinary(ORDINARY),
        Policy(OWN, profile=profile),
        _with(profile, "looks once a month", {}, Looks.MONTHLY),
        _with(profile, "no harvesting", {"harvest": "none"}),
        _with(profile, f"risk price {_plain(price / _FACTOR)}", {"risk_price_bps": price / _FACTOR}),
        _with(profile, f"risk price {_plain(price * _FACTOR)}", {"risk_price_bps": price * _FACTOR}),
        *(alternative(text, profile) for text in alternatives),
    ]
    names = [policy.name for policy in made]
    for name in names:
        if names.count(name) > 1:
            raise ProfileError((_wrong("said once", name, "leave one of the two out"),))
    return tuple(made)


def alternative(text: str, profile: Profile) -> Policy:
    """Make a policy of lines of a profile that come last, over the household's own; `looks` says how often.

    `risk_price_bps = 20; looks = "monthly"`. Raises ProfileError for what no profile can have.
    """
    lines = "\n".join(part.strip() for part in _DIVIDES.split(text))
    try:
        table = TomlText.read(_SOURCE, lines.encode()).values
    except TomlUnreadable as error:
        must_be = 'keys of a profile, as in profiles.toml: harvest = "none"; risk_price_bps = 20'
        raise ProfileError((_wrong(must_be, text, f"correct it ({error})"),)) from error
    if not table:
        raise ProfileError((_wrong("one key of a profile at least", repr(text), "say what is to be otherwise"),))
    said = dict(table)
    looks = str(said.pop(_LOOKS, Looks.DAILY.value))
    if looks not in tuple(Looks):
        must_be = f"one of {', '.join(Looks)}"
        raise ProfileError((_wrong(must_be, repr(looks), "correct it or leave it out", _LOOKS),))
    return _with(profile, "; ".join(lines.split("\n")), said, Looks(looks))


def _with(profile: Profile, name: str, keys: Mapping[str, object], looks: Looks = Looks.DAILY) -> Policy:
    read, findings = read_profile(name, keys, profile, TomlText(_SOURCE, "", {}), "", "alternative")
    if read is None:
        raise ProfileError(tuple(each for each in findings if each.severity is Severity.ERROR))
    return Policy(name, profile=read, looks=looks)


def _wrong(must_be: str, was: str, to_do: str, key: str | None = None) -> Finding:
    return Finding(_SOURCE, None, key, Severity.ERROR, must_be, was, to_do)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
