"""A household lived on, as a program sees it: the figures of the command line, a picture, and errors by name."""

from __future__ import annotations

from pathlib import Path

import pytest

import lotwise
from tests.library.written_frames import HOSTILE, family_firm


@pytest.fixture(scope="module")
def lived() -> lotwise.LivedOn:
    return family_firm(name=HOSTILE).lived_on("H2", ["harvest = 'any'"], years=1, paths=1)


def test_policies_are_told_above_the_ordinary_rule(lived: lotwise.LivedOn) -> None:
    table = lived.policies
    assert table["policy"].to_list()[:2] == ["ordinary rule", "own profile"]
    assert table["policy"].to_list()[-1] == "harvest = 'any'"
    assert table.row(0, named=True)["sold"] == 0.0
    assert (table["tracking"] > 0).all()
    assert lived.paths.height == table.height
    own = lived.paths.row(1, named=True)
    assert table.row(1, named=True)["sold"] == pytest.approx(own["sold"])


def test_a_notebook_shows_it_and_a_folder_keeps_it(lived: lotwise.LivedOn, tmp_path: Path) -> None:
    assert "<LivedOn H2: After 1.1 years" in repr(lived)
    html = lived._repr_html_()
    assert "<svg" in html
    assert "Left out" in html
    assert "<script" not in html
    page = lived.write(tmp_path / "out").read_text(encoding="utf-8")
    assert "<script" not in page
    assert lived.plot().save(tmp_path / "picture.svg").read_text().count("<circle") == 6


def test_what_cannot_be_is_named() -> None:
    firm = family_firm()
    with pytest.raises(lotwise.UnknownNameError, match="was 'H9'"):
        firm.lived_on("H9", years=1, paths=1)
    with pytest.raises(lotwise.ProfileError, match="did you mean harvest"):
        firm.lived_on("H2", ["harvesst = 'any'"], years=1, paths=1)
    with pytest.raises(ValueError, match="years must be 1 to 40, was 99"):
        firm.lived_on("H2", years=99)
