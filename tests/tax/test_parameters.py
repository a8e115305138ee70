"""The files of federal law: complete, cited, plausible, and refused with a reason where they are not."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lotwise.ledger.events import NO_CODE
from lotwise.money import DOLLAR, FULL_RATE
from lotwise.tax import parameters
from lotwise.tax.parameters import (
    FIGURES,
    FilingStatus,
    citations,
    federal_row,
    figure_of,
    filing_status,
    load_federal,
)
from tests.tax.households import YEARS

FOLDER = Path(parameters.__file__).parent / "law"
ROWS = [(year, status) for year in YEARS for status in FilingStatus]


def test_every_year_and_status_has_its_own_row() -> None:
    law = load_federal()
    assert [federal_row(law, year, int(status)) for year, status in ROWS] == list(range(len(ROWS)))
    assert law.figures.size == len(ROWS)
    for year, status in ((2017, 0), (2027, 0), (2024, -1), (2024, 4), (-(2**40), 0), (2**40, 3)):
        assert federal_row(law, year, status) == NO_CODE


def test_every_table_has_a_source_and_a_unit() -> None:
    found = list(citations())
    assert {entry.file for entry in found} == {path.name for path in FOLDER.glob("federal_*.toml")}
    assert len(found) == 3 * len(YEARS) + 2
    for entry in found:
        assert "U.S.C." in entry.citation, entry
        assert "dollars" in entry.unit, entry


@pytest.mark.parametrize("status", FilingStatus)
def test_thresholds_rise_with_the_years(status: FilingStatus) -> None:
    """Amounts are indexed (26 U.S.C. 1(f)); since 2018 no year has brought a lower one."""
    law = load_federal()
    for earlier, later in pairwise(federal_row(law, year, int(status)) for year in YEARS):
        assert (law.bracket_start[later][1:] > law.bracket_start[earlier][1:]).all()
        for name in ("zero_up_to", "middle_up_to", "standard_deduction"):
            assert law.figures[later][name] > law.figures[earlier][name], name


@pytest.mark.parametrize("year", YEARS)
def test_separate_is_half_of_joint(year: int) -> None:
    """26 U.S.C. 1(j)(2)(D), 1(h), 63(c)(2), 1211(b)(1), 1411(b)(2): spouses apart have half of the couple's amounts.

    The standard deduction, the end of the 15 percent rate and some brackets are rounded on their own.
    """
    law = load_federal()
    joint = federal_row(law, year, int(FilingStatus.MARRIED_JOINT))
    separate = federal_row(law, year, int(FilingStatus.MARRIED_SEPARATE))
    assert (law.bracket_start[separate] * 2 == law.bracket_start[joint]).all()
    for name in ("zero_up_to", "standard_deduction", "loss_limit", "investment_threshold"):
        assert 2 * law.figures[separate][name] == law.figures[joint][name], name
    assert abs(2 * law.figures[separate]["middle_up_to"] - law.figures[joint]["middle_up_to"]) <= 50 * DOLLAR


@pytest.mark.parametrize(("year", "status"), ROWS)
def test_the_zero_rate_ends_where_the_12_percent_bracket_nearly_does(year: int, status: FilingStatus) -> None:
    """26 U.S.C. 1(j)(5): set by the brackets before 2018, these amounts lie just below the new ones."""
    law = load_federal()
    row = federal_row(law, year, int(status))
    gap = int(law.bracket_start[row][2]) - int(law.figures[row]["zero_up_to"])
    assert 0 < gap <= 2_000 * DOLLAR


def test_rates_are_the_statutes() -> None:
    law = load_federal()
    percents = np.array([10, 12, 22, 24, 32, 35, 37]) * FULL_RATE // 100
    assert (law.bracket_rate == percents).all()
    assert (law.figures["middle_rate"] == 15 * FULL_RATE // 100).all()
    assert (law.figures["top_rate"] == 20 * FULL_RATE // 100).all()
    assert (law.figures["investment_rate"] == 38 * FULL_RATE // 1000).all()


def test_standard_deductions_of_2025_are_those_of_the_later_act() -> None:
    """26 U.S.C. 63(c)(7)(A) as P.L. 119-21, section 70102 left it: not the 15,000 of Rev. Proc. 2024-40."""
    amounts = [figure_of(load_federal(), 2025, status, "standard_deduction") // DOLLAR for status in FilingStatus]
    assert amounts == [15_750, 31_500, 15_750, 23_625]


def test_a_figure_of_a_year_that_is_not_kept_is_refused() -> None:
    with pytest.raises(ValueError, match="covers 2018 to 2026, not 2030"):
        figure_of(load_federal(), 2030, FilingStatus.SINGLE, "loss_limit")


@pytest.mark.parametrize(("text", "status"), [("single", 0), (" Married_Joint ", 1), ("SURVIVING_SPOUSE", 1)])
def test_names_of_filing_statuses(text: str, status: int) -> None:
    assert filing_status(text) == status


def test_a_strange_filing_status_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=r"one of single, married_joint, .*surviving_spouse; was 'both'"):
        filing_status("both")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("federal_2024.toml", "0.12,", "0.09,", r"federal_2024.toml \[ordinary\] single: .*both increasing"),
        ("federal_2024.toml", "single = [0, 11_600,", "single = [0,", r"\[ordinary\] single: must have as many"),
        ("federal_2024.toml", "0.00,", "0.01,", r"\[preferential\]: the first rate must be zero"),
        ("federal_2024.toml", "single = 14_600", "single = -1", r"\[standard_deduction\] single: .* not negative"),
        ("federal_2024.toml", "single = 14_600", 'single = "x"', r"standard_deduction\] single: must be a number"),
        ("federal_2024.toml", "single = 14_600\n", "", r"\[standard_deduction\]: must have single"),
        ("federal_2024.toml", "[preferential]", "[other]", r"must have a table \[preferential\]"),
        ("federal_2024.toml", "0.12,", "0.1200000001,", r"rates: must be a whole number of 1/1000000000"),
        ("federal_2024.toml", "0.12,", "0.120000001,", r"is no whole unit"),
        ("federal_2024.toml", "year = 2024", "year = 2023", "the years must follow one another"),
        ("federal_statute.toml", "rate = 0.038\n", "", r"\[net_investment_income\]: must have rate"),
    ],
)
def test_a_file_that_cannot_be_the_law_is_refused(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    folder = tmp_path / "law"
    folder.mkdir()
    for path in FOLDER.glob("federal_*.toml"):
        shutil.copy(path, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_federal(folder)


def test_every_figure_is_a_whole_number() -> None:
    assert all(np.issubdtype(FIGURES[name], np.integer) for name in FIGURES.names or ())
