"""A policy for people and for programs: every key with its value, its unit and the layer that says it."""

from __future__ import annotations

import json

from rich.markup import escape
from rich.table import Table

from lotwise.households.policy_version import policy_version, resolved_keys
from lotwise.households.profile import DEFAULT_LAYER, Profile

__all__ = ["policy_json", "policy_table"]


def policy_table(owner: str, profile: Profile) -> Table:
    """Show a policy as a table; what is not the default stands out."""
    named = f", profile {profile.name}" if profile.name else ""
    table = Table(title=escape(f"Policy of {owner}{named}, version {policy_version(profile)}"))
    for column in ("key", "value", "unit", "from"):
        table.add_column(column, overflow="fold")
    for each in resolved_keys(profile):
        layer = each.layer + ("" if each.used else " (not used yet)")
        style = "dim" if each.layer == DEFAULT_LAYER else ""
        table.add_row(*(escape(word) for word in (each.key, each.value, each.unit, layer)), style=style)
    return table


def policy_json(owner: str, profile: Profile) -> str:
    """Write a policy as JSON; values are as a profile writes them, null where nothing is set."""
    keys = [
        {
            "key": each.key,
            "value": None if each.value == "not set" else each.value,
            "unit": each.unit,
            "from": each.layer,
            "used": each.used,
        }
        for each in resolved_keys(profile)
    ]
    whole = {"owner": owner, "profile": profile.name or None, "version": policy_version(profile), "keys": keys}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
