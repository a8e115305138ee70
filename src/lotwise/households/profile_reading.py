"""Reading profiles from TOML: every wrong key and value is a finding with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from lotwise.errors import Finding, Severity
from lotwise.households.location_reading import over, read_location
from lotwise.households.profile import KEYS, Profile
from lotwise.households.profile_keys import LOCATION, Preference, ProfileKey
from lotwise.households.toml_text import TomlText
from lotwise.households.toml_values import as_number, closest, shown
from lotwise.money import DOLLAR

__all__ = ["read_profile"]

_FORM_B = ("deferral_years", "discount_rate", "step_up_probability")


def _value_of(key: ProfileKey, value: object) -> Decimal | str | int | None:
    """Return the value in the key's own type, or None if it is none of it."""
    if key.flag:
        return value if isinstance(value, bool) else None
    if isinstance(value, str) and value in key.words:
        return value
    if key.text:
        return value if isinstance(value, str) and len(value) <= key.high else None
    number = as_number(value)
    if number is None or not key.low <= number <= key.high:
        return None
    if key.money:
        return int((number * DOLLAR).to_integral_value(rounding=ROUND_HALF_EVEN))
    return number


def _deferral(values: dict[str, Any], inherits: Profile) -> tuple[dict[str, Any], str]:
    """Settle the two forms of deferral: (values to set, what is wrong or ''); the lower table's form wins."""
    given_b = [name for name in _FORM_B if name in values]
    if not given_b:
        return (dict.fromkeys(_FORM_B) if "deferral_discount" in values else {}), ""
    if "deferral_discount" in values:
        return {}, f"both forms at once: deferral_discount and {', '.join(given_b)}"
    missing = [name for name in _FORM_B if name not in values and getattr(inherits, name) is None]
    if missing:
        return {}, f"{', '.join(given_b)} without {', '.join(missing)}"
    return {"deferral_discount": None}, ""


def read_profile(
    name: str, table: Mapping[str, object], inherits: Profile, source: TomlText, place: str, layer: str
) -> tuple[Profile | None, tuple[Finding, ...]]:
    """Read one table of keys over the profile it inherits from.

    `place` is the table's name in the file, `layer` what its keys are said to come from. The profile is None if any key
    is unknown, of the wrong type, out of its bounds, or if both forms of deferral are given: a policy is never used in
    part.
    """
    findings: list[Finding] = []
    values: dict[str, Any] = {}
    preferred: tuple[Preference, ...] = ()

    def wrong(key: str, must_be: str, was: str, to_do: str, severity: Severity = Severity.ERROR) -> None:
        line = source.line_of(place, key) or source.line_of(place)
        findings.append(Finding(source.file, line, key, severity, must_be, was, to_do))

    for name_of_key, value in table.items():
        if name_of_key == LOCATION:
            preferred, found = read_location(value, source, place)
            findings.extend(found)
            continue
        key = KEYS.get(name_of_key)
        if key is None:
            hint = closest(name_of_key, [*KEYS, LOCATION])
            wrong(name_of_key, "a key of a profile", shown(name_of_key), f"{hint}correct the key or remove it")
            continue
        read = _value_of(key, value)
        if read is None:
            wrong(name_of_key, key.must_be, shown(value), "correct the value or remove the key")
            continue
        values[name_of_key] = read
        if not key.used:
            wrong(
                name_of_key,
                key.must_be,
                shown(value),
                "validated and not used yet",
                Severity.NOTICE,
            )
    settled, problem = _deferral(values, inherits)
    if problem:
        wrong(
            next(name for name in _FORM_B if name in values),
            f"deferral_discount alone, or all of {', '.join(_FORM_B)}",
            problem,
            "keep one form, complete",
        )
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None, tuple(findings)
    changed = {**values, **settled}
    named = [*changed, *(f"{LOCATION}.{each.asset_class}.{each.kind.name.lower()}" for each in preferred)]
    layers = {**inherits.layers, **dict.fromkeys(named, layer)}
    made = replace(inherits, name=name, layers=layers, location=over(inherits.location, preferred), **changed)
    return made, tuple(findings)
