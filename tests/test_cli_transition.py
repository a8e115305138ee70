"""`lotwise transition`: what it prints, writes and leaves with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nightly.prospect_firm import PROSPECT, written
from tests.reports.documents.printed_pages import pages
from tests.test_cli import lotwise_says, words

QUICK = ("--points", 12, "--paths", 2, "--years", 2)


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path]:
    return written(tmp_path)


def says(place: tuple[Path, Path], *more: object) -> str:
    result = lotwise_says("transition", place[0], "--firm", place[1], "--model", "TWELVE", *QUICK, *more)
    assert result.exit_code == 0, result.output
    return words(result)


def test_the_help_has_an_example() -> None:
    assert "Example: lotwise transition" in words(lotwise_says("transition", "--help"))


def test_the_summary_has_the_choices_why_and_how_long(place: tuple[Path, Path]) -> None:
    said = says(place)
    for part in (
        "do nothing",
        "recommended",
        "sell everything",
        "One step farther",
        "years until tracking",
        "Assumed:",
    ):
        assert part in said
    assert "$5,780" in said  # 40% of 1,500, 20% of 25,900


def test_rates_cash_and_budgets_are_those_of_the_options(place: tuple[Path, Path]) -> None:
    rates = ("--short-rate", "0.1", "--long-rate", "0.1", "--state-rate", "0")
    said = json.loads(says(place, "--json", *rates, "--cash", "$8,000", "--tax-budget", "100", "--tax-budget", "1,000"))
    assert said["choices"][-1]["tax"] == pytest.approx(2_740)
    assert said["today"]["value"] == 60_000
    assert [row["yearly_budget"] for row in said["budgets"]] == [100, 1_000]
    assert all(row["most_in_a_year"] <= row["yearly_budget"] + 0.01 for row in said["budgets"])


def test_income_is_taxed_by_law(place: tuple[Path, Path]) -> None:
    said = json.loads(says(place, "--json", "--income", "20000", "--status", "married_joint", "--state", "TX"))
    # 20,000 and gains of 27,400 stay below the first bracket of long-term gains; the short-term ones are at 10 and 12%
    assert 0 <= said["choices"][-1]["tax"] <= 1_500 * 0.12


def test_doubts_are_printed_and_assumptions_said(tmp_path: Path) -> None:
    file, firm = written(tmp_path, PROSPECT.replace("2012-01-03", "various"))
    said = says((file, firm), "--assume-date", "short")
    assert "ask for it" in said
    assert "1 lot with something assumed" in said


def test_results_are_written_together(place: tuple[Path, Path], tmp_path: Path) -> None:
    says(place, "--out", tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    tables = ("budgets", "choices", "findings", "legacy", "plan", "years")
    assert names == [
        "proposal.html",
        "proposal.pdf",
        "transition.json",
        *(f"transition_{name}.csv" for name in tables),
    ]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--model", "THIRTEEN"), "a model of the models file"),
        (("--assume-date", "ever"), "long or short"),
        (("--cash", "much"), "must be dollars"),
        (("--firm", "nowhere"), "nothing could be done"),
        (("--short-rate", "forty"), "must be"),
    ],
)
def test_what_cannot_be_done_says_why_and_leaves_with_2(
    place: tuple[Path, Path], more: tuple[str, ...], word: str
) -> None:
    result = lotwise_says("transition", place[0], "--firm", place[1], "--model", "TWELVE", *QUICK, *more)
    assert result.exit_code == 2
    assert word in words(result)


# --- the proposal ---------------------------------------------------------------------------------------------------


def test_the_proposal_is_written_in_the_look_of_the_firm(place: tuple[Path, Path], tmp_path: Path) -> None:
    (place[1] / "theme.toml").write_text('name = "Harbour & Sons"\naccent = "#7a1f1f"\ndisclosures = ["No advice."]\n')
    says(place, "--out", tmp_path / "out", "--name", "A. Prospect")
    html = (tmp_path / "out" / "proposal.html").read_text()
    text = " ".join(pages((tmp_path / "out" / "proposal.pdf").read_bytes()))
    for part in ("Transition proposal", "A. Prospect", "No advice.", "FNDA", "Sell everything"):
        assert part in html
        assert part in text
    assert "Harbour &amp; Sons" in html
    assert "Harbour & Sons" in text
    assert "#7a1f1f" in html


def test_a_wrong_theme_is_said_and_the_default_stands_in(place: tuple[Path, Path], tmp_path: Path) -> None:
    (place[1] / "theme.toml").write_text('accent = "yellow"\n')
    assert "theme.toml" in says(place, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "proposal.pdf").exists()


def test_one_format_alone_and_no_proposal_of_an_earlier_run(place: tuple[Path, Path], tmp_path: Path) -> None:
    says(place, "--out", tmp_path / "out", "--format", "html, pdf")
    says(place, "--out", tmp_path / "out", "--format", "html")
    assert [path.name for path in (tmp_path / "out").glob("proposal*")] == ["proposal.html"]


def test_without_typst_html_is_written_and_it_is_said(place: tuple[Path, Path], tmp_path: Path) -> None:
    """In a process of its own, whose path begins with a `typst` that cannot be imported."""
    (tmp_path / "typst.py").write_text("raise ImportError('no typst here')\n")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    command = [sys.executable, "-m", "lotwise", "transition", place[0], "--firm", place[1], "--model", "TWELVE", *QUICK]

    def left(*more: object) -> subprocess.CompletedProcess[str]:
        said = [str(part) for part in (*command, "--out", tmp_path / "out", *more)]
        return subprocess.run(said, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)  # noqa: S603

    done = left()
    assert done.returncode == 0, done.stderr
    assert "no proposal.pdf: PDF needs typst: pip install 'lotwise[documents]'" in done.stderr
    assert [path.name for path in (tmp_path / "out").glob("proposal*")] == ["proposal.html"]
    refused = left("--format", "pdf")
    assert refused.returncode == 2
    assert "PDF needs typst" in refused.stderr


def test_a_format_that_is_none_is_refused_before_anything_is_solved(place: tuple[Path, Path], tmp_path: Path) -> None:
    result = lotwise_says(
        "transition", place[0], "--firm", place[1], "--model", "TWELVE", "--out", tmp_path / "out", "--format", "docx"
    )
    assert result.exit_code == 2
    assert "must be of pdf, html" in words(result)
    assert not (tmp_path / "out").exists()
