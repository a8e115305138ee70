"""Layers of a policy, and its version: equal content, equal version, wherever it was said."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from lotwise.households.accounts import AccountKind
from lotwise.households.policy_version import policy_version, resolved_keys
from lotwise.households.profile import KEYS, Profile
from lotwise.households.profile_keys import Preference
from lotwise.households.profile_reading import read_profile
from lotwise.households.toml_text import TomlText


def layered(*texts: str) -> Profile:
    """A profile of layers: the firm's, a named one, a household's."""
    profile = Profile()
    for number, text in enumerate(texts):
        source = TomlText.read("x.toml", ("[t]\n" + text).encode())
        table = source.values["t"]
        assert isinstance(table, dict)
        read, findings = read_profile("", table, profile, source, "t", ("firm", "profile p", "household H")[number])
        assert read is not None, findings
        profile = read
    return profile


def layers(profile: Profile) -> dict[str, tuple[str, str]]:
    return {each.key: (each.value, each.layer) for each in resolved_keys(profile) if each.layer != "default"}


def test_each_key_says_its_layer() -> None:
    profile = layered("cash_band = 0.01\nrisk_price_bps = 40", "risk_price_bps = 30", "minimum_trade = 250.5")
    assert layers(profile) == {
        "cash_band": ("0.01", "firm"),
        "risk_price_bps": ("30", "profile p"),
        "minimum_trade": ("250.5", "household H"),
    }
    assert len(resolved_keys(profile)) == len(KEYS)


def test_a_key_that_says_the_same_again_is_said_by_the_lower_layer() -> None:
    assert layers(layered("cash_band = 0.01", "cash_band = 0.01")) == {"cash_band": ("0.01", "profile p")}


def test_the_other_form_of_deferral_is_taken_back_by_the_layer_that_gives_one() -> None:
    by_years = "deferral_years = 10\ndiscount_rate = 0.05\nstep_up_probability = 0.2"
    found = layers(layered(by_years, "deferral_discount = 0.5"))
    assert found["deferral_years"] == ("not set", "profile p")
    assert found["deferral_discount"] == ("0.5", "profile p")
    assert layers(layered(by_years))["deferral_discount"] == ("not set", "firm")


def test_preferences_say_their_layer_cell_by_cell() -> None:
    profile = layered("location.A = {roth = 5, taxable = 1}", "", "location.A.roth = -5")
    assert layers(profile) == {"location.A.taxable": ("1", "firm"), "location.A.roth": ("-5", "household H")}


def test_equal_content_has_one_version() -> None:
    assert policy_version(layered("cash_band = 0.50", "")) == policy_version(layered("", "cash_band = 0.5"))
    assert policy_version(Profile(name="a")) == policy_version(Profile(name="b", notes="Call first."))
    assert policy_version(layered("risk_price_bps = 100")) == policy_version(layered("risk_price_bps = 1e2"))


@pytest.mark.parametrize("name", [name for name, key in KEYS.items() if not key.text])
def test_every_key_counts(name: str) -> None:
    key = KEYS[name]
    other: dict[str, Any] = {name: (not key.default) if key.flag else 7 if key.money else Decimal("0.123")}
    assert policy_version(replace(Profile(), **other)) != policy_version(Profile())


def test_preferences_count() -> None:
    one = Profile(location=(Preference("A", AccountKind.ROTH, Decimal(5)),))
    two = Profile(location=(Preference("A", AccountKind.TAXABLE, Decimal(5)),))
    assert len({policy_version(each) for each in (Profile(), one, two)}) == 3
