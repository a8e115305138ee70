"""What a household is managed by, key by key with the layer that says it, and the version of all of it together."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import NamedTuple

from lotwise.households.profile import DEFAULT_LAYER, KEYS, Profile
from lotwise.households.profile_keys import LOCATION, in_words

__all__ = ["ResolvedKey", "policy_version", "resolved_keys"]

_DIGITS = 12  # of the version: two of a million policies agree by chance once in five hundred such sets


class ResolvedKey(NamedTuple):
    """One key of a profile as it holds."""

    key: str
    value: str  # as a profile writes it; "not set" where nothing is
    unit: str
    layer: str  # "default", "firm", "profile NAME", "household ID" or "model"
    used: bool  # False: validated, and nothing is done with it yet


def resolved_keys(profile: Profile) -> tuple[ResolvedKey, ...]:
    """Every key in the order of `Profile`, then every preference of location."""

    def layer_of(key: str) -> str:
        return profile.layers.get(key, DEFAULT_LAYER)

    keys = [
        ResolvedKey(key.name, in_words(key, getattr(profile, key.name)), key.unit, layer_of(key.name), key.used)
        for key in KEYS.values()
    ]
    for each in profile.location:
        name = f"{LOCATION}.{each.asset_class}.{each.kind.name.lower()}"
        keys.append(ResolvedKey(name, f"{each.bps.normalize():f}", "bp a year", layer_of(name), used=True))
    return tuple(keys)


def _canonical(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def policy_version(profile: Profile) -> str:
    """Fingerprint of what a profile says: equal for equal content, whatever it is called and whichever layer says it.

    Numbers count by their value (0.5 is 0.50); notes do not count, since they change nothing. A version of Lotwise that
    adds a key or moves a default makes new fingerprints.
    """
    said = [(name, _canonical(getattr(profile, name))) for name in sorted(KEYS) if not KEYS[name].text]
    preferred = [(p.asset_class, int(p.kind), _canonical(p.bps)) for p in profile.location]
    return hashlib.sha256(repr((said, preferred)).encode()).hexdigest()[:_DIGITS]
