"""How the keys of a profile are described: unit, bounds and meaning, as metadata of the fields of `Profile`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, cast

from lotwise.households.accounts import AccountKind
from lotwise.money import DOLLAR

__all__ = ["LOCATION", "PRESETS", "Preference", "ProfileKey", "flag", "harvest", "in_words", "money", "number", "text"]

LOCATION = "location"  # the table of preferences within a profile
PRESETS = ("any", "year_round", "none")  # of harvest

_MOST_MONEY = "1000000000000"
_LONGEST = 2_000  # characters of a text


class Preference(NamedTuple):
    """What it costs a year to hold an asset class in accounts of a kind, in basis points; negative = preferred."""

    asset_class: str
    kind: AccountKind
    bps: Decimal


@dataclass(frozen=True, slots=True)
class ProfileKey:
    """One key of a profile: `low` and `high` bound a number and belong to it; `words` may stand instead."""

    name: str
    default: object
    unit: str
    low: Decimal
    high: Decimal
    meaning: str
    flag: bool = False
    words: tuple[str, ...] = ()
    used: bool = True
    money: bool = False
    text: bool = False

    @property
    def must_be(self) -> str:
        """What a value must be, for a finding."""
        if self.flag:
            return "true or false"
        if self.text:
            return f"text of at most {self.high:,} characters"
        words = " or ".join(f'"{word}"' for word in self.words)
        number = f"a number from {self.low} to {self.high} ({self.unit})"
        return f"{words} or {number}" if words else number


def number(unit: str, bounds: tuple[str, str], meaning: str, *, used: bool = True) -> dict[str, object]:
    """Describe a number."""
    return {"unit": unit, "bounds": bounds, "meaning": meaning, "used": used}


def money(meaning: str, *, unit: str = "dollars", high: str = _MOST_MONEY, used: bool = True) -> dict[str, object]:
    """Describe an amount in dollars, held as `Money`."""
    return number(unit, ("0", high), meaning, used=used) | {"money": True}


def flag(meaning: str, *, used: bool = True) -> dict[str, object]:
    """Describe a true or false."""
    return number("true or false", ("0", "1"), meaning, used=used) | {"flag": True}


def text(meaning: str) -> dict[str, object]:
    """Describe words for people."""
    return number("text", ("0", str(_LONGEST)), meaning) | {"text": True}


def harvest(meaning: str) -> dict[str, object]:
    """Describe a depth of harvest, which may be a preset."""
    return number("value / basis", ("0", "1"), meaning) | {"words": PRESETS}


def in_words(key: ProfileKey, value: object) -> str:
    """Write a value of a key as a profile does; 'not set' for none."""
    if value is None:
        return "not set"
    if key.flag:
        return "true" if value else "false"
    if key.money:
        return f"{(Decimal(cast('int', value)) / DOLLAR).normalize():f}"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
