"""Preferences of location: read cell by cell, laid over what is inherited, wrong ones found in their lines."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lotwise.errors import Finding, Severity
from lotwise.households.accounts import AccountKind
from lotwise.households.location_reading import LOCATION_REFERENCE, over
from lotwise.households.profile import Profile
from lotwise.households.profile_keys import Preference
from lotwise.households.profile_reading import read_profile
from lotwise.households.toml_text import TomlText

TAXABLE, TRADITIONAL, ROTH = AccountKind


def read(text: str, inherits: Profile | None = None) -> tuple[Profile | None, tuple[Finding, ...]]:
    source = TomlText.read("profiles.toml", text.encode())
    table = source.values["mine"]
    assert isinstance(table, dict)
    return read_profile("mine", table, inherits or Profile(), source, "mine", "profile mine")


@pytest.mark.parametrize(
    "text",
    [
        '[mine.location]\n"US bonds" = {taxable = 20, roth = -2.5}\n',
        '[mine.location."US bonds"]\ntaxable = 20\nroth = -2.5\n',
        '[mine]\nlocation = {"US bonds" = {taxable = 20, roth = -2.5}}\n',
        '[mine]\nlocation."US bonds".taxable = 20\nlocation."US bonds".roth = -2.5\n',
    ],
)
def test_however_it_is_written_it_says_the_same(text: str) -> None:
    profile, findings = read(text)
    assert profile is not None
    assert not findings
    assert profile.location == (
        Preference("US bonds", TAXABLE, Decimal(20)),
        Preference("US bonds", ROTH, Decimal("-2.5")),
    )


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("[mine.location]\nA = {taxable = 1}\nB = {taxabel = 1}\n", 3, "location.B.taxabel"),
        ('[mine.location]\nA = {taxable = 1}\nB = {taxable = "1"}\n', 3, "location.B.taxable"),
        ("[mine.location]\nA = {taxable = true}\n", 2, "location.A.taxable"),
        ("[mine.location]\nA = {taxable = nan}\n", 2, "location.A.taxable"),
        ("[mine.location]\nA = {roth = -10001}\n", 2, "location.A.roth"),
        ("[mine.location]\n\nA = 5\n", 3, "location.A"),
        ("[mine.location.A]\nroth = 1\ntraditional = []\n", 3, "location.A.traditional"),
        ("[mine]\ncash_band = 0.1\nlocation = 5\n", 3, "location"),
    ],
)
def test_a_wrong_cell_is_found_in_its_line_and_spoils_the_profile(text: str, line: int, column: str) -> None:
    profile, findings = read(text)
    assert profile is None
    assert [(f.line, f.column, f.severity) for f in findings] == [(line, column, Severity.ERROR)]


def test_a_kind_is_guessed() -> None:
    _, findings = read("[mine.location]\nA = {rath = 1}\n")
    assert "did you mean roth?" in findings[0].to_do


def test_cells_lie_over_those_inherited_and_0_takes_one_away() -> None:
    firm, _ = read("[mine.location]\nA = {taxable = 1, roth = 2}\nB = {roth = 3}\n")
    assert firm is not None
    profile, _ = read("[mine.location]\nA = {roth = 5}\nB = {roth = 0}\n", firm)
    assert profile is not None
    assert profile.location == (Preference("A", TAXABLE, Decimal(1)), Preference("A", ROTH, Decimal(5)))
    assert over((), (Preference("A", ROTH, Decimal(0)),)) == ()


def test_the_reference_lists_every_kind() -> None:
    assert all(f"`CLASS.{kind.name.lower()}`" in LOCATION_REFERENCE for kind in AccountKind)
