"""firm.toml and profiles.toml: the firm's name and day, its default rates, and every investment policy."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import NamedTuple

from lotwise.errors import Severity
from lotwise.households.location_reading import classes_preferred
from lotwise.households.profile import Profile
from lotwise.households.profile_keys import LOCATION
from lotwise.households.profile_reading import read_profile
from lotwise.households.toml_text import TomlText, TomlUnreadable
from lotwise.households.toml_values import closest, shown
from lotwise.interchange.firm_folder.findings import EVERY_HOUSEHOLD, FindingList, Message, Place
from lotwise.money import FULL_RATE, Rate

__all__ = [
    "FirmHeader",
    "NamedProfiles",
    "OwnDay",
    "Preferred",
    "cash_target_of",
    "day_of",
    "own_day",
    "preferred_by",
    "read_default_rates",
    "read_header",
    "read_profiles",
    "read_toml",
]

_FIRM = "firm.toml"
_PROFILES = "profiles.toml"
_TOP = ("version", "name", "as_of", "profile", "rates", "ledger")
_RATES = ("federal_short_rate", "federal_long_rate", "state_rate")
_VERSION = 1
# Trading days are known from 1970 (days count from there) as far ahead as anyone asks.
_FIRST, _LAST = date(1970, 1, 1), date(2199, 12, 31)


class Preferred(NamedTuple):
    """An asset class that a profile has a preference for, and where it says so."""

    place: Place
    asset_class: str


@dataclass(frozen=True, slots=True)
class FirmHeader:
    """What firm.toml says. `profile` is None where the firm's own is wrong; a rate is None where none is given.

    Where the file cannot be used, `as_of` is None, and so are the rates where nothing is known of them.
    """

    name: str
    as_of: date | None
    profile: Profile | None
    rates: Mapping[str, Rate | None] | None
    cash_target: Place | None  # where [profile] gives one
    preferred: tuple[Preferred, ...] = ()


class OwnDay(NamedTuple):
    """The day that firm.toml says, None where it says none, and where it does."""

    day: date | None
    place: Place


class NamedProfiles(NamedTuple):
    """The named profiles (a wrong one is None), and where the ones that give a cash_target of their own give it."""

    profiles: Mapping[str, Profile | None]
    cash_targets: Mapping[str, Place]
    preferred: tuple[Preferred, ...] = ()


def read_toml(folder: Path, file: str) -> TomlText | TomlUnreadable | None:
    """Read a TOML file of the folder: its text, why it cannot be read, or None if there is none."""
    path = folder / file
    if not path.exists():
        return None
    try:
        return TomlText.read(file, path.read_bytes())
    except TomlUnreadable as error:
        return error
    except OSError as error:
        return TomlUnreadable(error.strerror or type(error).__name__, None)


# Stands in for a firm's profile that cannot be read: whatever a named profile leaves to the firm's, it has.
_ANY_PROFILE = Profile(
    deferral_discount=None, deferral_years=Decimal(10), discount_rate=Decimal(0), step_up_probability=Decimal(0)
)
_UNREADABLE = FirmHeader("", None, _ANY_PROFILE, None, None)


def read_header(folder: Path, as_of: date | None, findings: FindingList) -> FirmHeader:
    """Read firm.toml; `as_of` replaces its own day. If it cannot be used there is a fatal finding, and no day."""
    source = read_toml(folder, _FIRM)
    if source is None:
        findings.stop(Place(_FIRM), Message(Severity.ERROR, "there", "add the file"), "missing")
        return _UNREADABLE
    if isinstance(source, TomlUnreadable):
        findings.stop(Place(_FIRM, source.line), Message(Severity.ERROR, "TOML", "correct it"), str(source))
        return _UNREADABLE
    version = source.values.get("version")
    if version != _VERSION or isinstance(version, bool):
        message = Message(Severity.ERROR, str(_VERSION), "say version = 1 if the files keep that contract")
        was = "missing" if version is None else shown(version)
        findings.stop(Place(_FIRM, source.line_of("", "version"), "version"), message, was)
        return _UNREADABLE
    for key in source.values:
        if key not in _TOP:
            message = Message(Severity.NOTICE, "a key of firm.toml", f"{closest(key, _TOP)}it is not looked at")
            findings.add(Place(_FIRM, source.line_of("", key) or source.line_of(key), key), message, shown(key))
    day = as_of if as_of is not None else _day(source, findings)
    if day is not None and not _FIRST <= day <= _LAST:
        message = Message(Severity.ERROR, f"a day from {_FIRST} to {_LAST}", "correct the date")
        findings.stop(Place(_FIRM, source.line_of("", "as_of"), "as_of"), message, str(day))
        day = None
    profile = _own_profile(source, findings)
    own = source.values.get("profile")
    cash, preferred = cash_target_of(source, "profile", own), preferred_by(source, "profile", own)
    return FirmHeader(_name(source, findings), day, profile, read_default_rates(source, findings), cash, preferred)


def _name(source: TomlText, findings: FindingList) -> str:
    name = source.values.get("name")
    if isinstance(name, str):
        return name
    message = Message(Severity.NOTICE, "the firm's name", "say name = ...")
    findings.add(Place(_FIRM, source.line_of("", "name"), "name"), message, "missing" if name is None else shown(name))
    return ""


def day_of(value: object) -> date | None:
    """Read a date of a TOML file, which may be written as text; None where it is none."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value)
    return None


def own_day(folder: Path) -> OwnDay:
    """Look up the day that firm.toml says, without a word on what is wrong with it."""
    source = read_toml(folder, _FIRM)
    if not isinstance(source, TomlText):
        return OwnDay(None, Place(_FIRM))
    return OwnDay(day_of(source.values.get("as_of")), Place(_FIRM, source.line_of("", "as_of"), "as_of"))


def _day(source: TomlText, findings: FindingList) -> date | None:
    value = source.values.get("as_of")
    day = day_of(value)
    if day is not None:
        return day
    message = Message(Severity.ERROR, "a date as YYYY-MM-DD", "say as_of = YYYY-MM-DD, or give a date to the run")
    was = "missing" if value is None else shown(value)
    findings.stop(Place(_FIRM, source.line_of("", "as_of"), "as_of"), message, was)
    return None


def _table(source: TomlText, name: str, findings: FindingList) -> Mapping[str, object] | None:
    value = source.values.get(name, {})
    if isinstance(value, Mapping):
        return value
    message = Message(Severity.ERROR, "a table", f"write [{name}] and its keys below it")
    findings.add(Place(source.file, source.line_of("", name), name), message, shown(value))
    return None


def _own_profile(source: TomlText, findings: FindingList) -> Profile | None:
    table = _table(source, "profile", findings)
    profile = None
    if table is not None:
        profile, found = read_profile("", table, Profile(), source, "profile", "firm")
        findings.extend(found)
    if profile is None:
        message = Message(Severity.ERROR, "a sound profile", "correct it; until then every household is refused")
        findings.add(Place(_FIRM, source.line_of("profile"), "profile"), message, "wrong keys", EVERY_HOUSEHOLD)
    return profile


def cash_target_of(source: TomlText, table: str, values: object) -> Place | None:
    """Where a table gives a cash_target, if it does."""
    if not isinstance(values, Mapping) or "cash_target" not in values:
        return None
    return Place(source.file, source.line_of(table, "cash_target"), "cash_target")


def preferred_by(source: TomlText, table: str, values: object) -> tuple[Preferred, ...]:
    """Which asset classes a profile's table has preferences for, and where."""
    return tuple(
        Preferred(Place(source.file, source.line_of_path(table, LOCATION, name), f"{LOCATION}.{name}"), name)
        for name in classes_preferred(values)
    )


def read_default_rates(source: TomlText, findings: FindingList) -> dict[str, Rate | None]:
    """Read the rates of households that give none, from firm.toml; a wrong one is an error and counts as not given."""
    rates: dict[str, Rate | None] = dict.fromkeys(_RATES)
    for key, value in (_table(source, "rates", findings) or {}).items():
        place = Place(_FIRM, source.line_of("rates", key) or source.line_of("rates"), key)
        if key not in _RATES:
            message = Message(
                Severity.ERROR, f"one of {', '.join(_RATES)}", f"{closest(key, _RATES)}it is not looked at"
            )
            findings.add(place, message, shown(key))
            continue
        sound = isinstance(value, int | Decimal) and not isinstance(value, bool)
        number = Decimal(value) if sound and isinstance(value, int | Decimal) else Decimal("NaN")
        if not number.is_finite() or not 0 <= number <= 1:
            message = Message(Severity.ERROR, "a fraction, 0 to 1", "correct it; until then it counts as not given")
            findings.add(place, message, shown(value))
            continue
        rates[key] = Rate(int((number * FULL_RATE).to_integral_value(rounding=ROUND_HALF_EVEN)))
    return rates


def read_profiles(folder: Path, firm: Profile, findings: FindingList) -> NamedProfiles | None:
    """Read the named profiles over the firm's own; a wrong one is None, an unreadable file None as a whole."""
    source = read_toml(folder, _PROFILES)
    if source is None:
        return NamedProfiles({}, {})
    if isinstance(source, TomlUnreadable):
        message = Message(Severity.ERROR, "TOML", "correct it; until then households that name a profile are refused")
        findings.add(Place(_PROFILES, source.line), message, str(source))
        return None
    profiles: dict[str, Profile | None] = {}
    cash_targets: dict[str, Place] = {}
    preferred: list[Preferred] = []
    for name, table in source.values.items():
        if not isinstance(table, Mapping):
            message = Message(Severity.ERROR, "a table, one per profile", "put the key below the [name] of its profile")
            findings.add(Place(_PROFILES, source.line_of("", name), name), message, shown(table))
            continue
        profiles[name], found = read_profile(name, table, firm, source, name, f"profile {name}")
        findings.extend(found)
        preferred += preferred_by(source, name, table)
        cash = cash_target_of(source, name, table)
        if cash is not None:
            cash_targets[name] = cash
    return NamedProfiles(profiles, cash_targets, tuple(preferred))
