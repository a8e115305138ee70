"""`lotwise lab household`: what it says of bad input, and with what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interchange.small_firm import small_firm, write
from tests.test_cli import lotwise_says, words


@pytest.fixture
def firm(tmp_path: Path) -> Path:
    return write(tmp_path / "firm", small_firm())


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("H9",), "must be a household of the file; was 'H9'"),
        (("H3", "--years", 0), "years must be 1 to 40, was 0"),
        (("H3", "--paths", 0), "paths must be 1 to 1,000, was 0"),
        (("H3", "--growth", 2), "growth must be -0.2 to 0.3 a year, was 2"),
        (("H3", "--alternative", "harvesst = 'any'"), "did you mean harvest?"),
        (("H3", "--alternative", "looks = 'never'"), "one of daily"),
        (("H3", "--date", "june"), "must be a date as YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_is_named(firm: Path, options: tuple[object, ...], why: str) -> None:
    out = firm.parent / "out"
    said = lotwise_says("lab", "household", firm, *options, "--out", out)
    assert said.exit_code == 2
    assert why in words(said)
    assert not list(out.rglob("*.html"))


def test_a_firm_is_no_folder_for_results(firm: Path) -> None:
    said = lotwise_says("lab", "household", firm, "H3", "--out", firm)
    assert said.exit_code == 2
    assert "it is a firm folder" in words(said)


def test_a_household_is_lived_on(firm: Path) -> None:
    out = firm.parent / "out"
    said = lotwise_says("lab", "household", firm, "H3", "--years", 1, "--paths", 1, "--out", out)
    assert said.exit_code == 0
    for part in ("own profile", "left out: account A4, held away", "page: "):
        assert part in words(said)
    folder = out / "household-H3"
    page = (folder / "household.html").read_bytes()
    lotwise_says("lab", "household", firm, "H3", "--years", 1, "--paths", 1, "--out", out)
    assert (folder / "household.html").read_bytes() == page
    assert len(list((folder / "checkpoints").iterdir())) == 1  # it was not lived again
