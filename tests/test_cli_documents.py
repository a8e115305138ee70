"""`lotwise documents`: what it writes, what it says, how it leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lotwise.cli import app
from tests.interchange.small_firm import small_firm, write

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = small_firm()
    files["lots.csv"] += "A5,L7,NONE,1,2023-03-03,100,purchase,\n"
    return write(tmp_path_factory.mktemp("documents") / "firm", files | {"theme.toml": 'paper = "B5"\n'})


def run(*arguments: object, status: int = 0) -> str:
    """Run the command; its output, errors included, on one line."""
    done = RUNNER.invoke(app, ["documents", *(str(argument) for argument in arguments)])
    assert done.exit_code == status, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return " ".join(done.output.split())


def test_documents_of_some_households(folder: Path, tmp_path: Path) -> None:
    said = run(folder, "--household", "H1", "--household", "H2", "--kind", "holdings", "--out", tmp_path)
    assert f"4 files of 2 households written to {tmp_path}" in said
    assert 'theme.toml:1 [paper]: must be "letter" or "a4"; was \'B5\'' in said
    assert (tmp_path / "H1" / "holdings.pdf").read_bytes().startswith(b"%PDF")


def test_who_gets_none_is_said_and_leaves_with_1(folder: Path, tmp_path: Path) -> None:
    said = run(folder, "--out", tmp_path, "--format", "html", "--threads", "1", status=1)
    assert "H3 does not get anything: its data has errors: lots.csv:9 [symbol]" in said
    assert "2 files of 3 households written" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "gains"], "ledger: must be a posted ledger; was empty; begin it with `lotwise ledger open`"),
        (["--kind", "poems"], "kind must be one of holdings, gains, savings, was 'poems'"),
        (["--format", "docx"], "format must be one of pdf, html, was 'docx'"),
        (["--household", "H11"], "was 'H11'; did you mean H1?"),
        (["--date", "2031-01-01"], "date must be at most"),
        (["--kind", "gains", "--year", "2199"], "year must be at most"),
        (["--date", "yesterday"], "must be a date as YYYY-MM-DD, was 'yesterday'"),
    ],
)
def test_what_cannot_be_done_leaves_with_2(folder: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    assert said in run(folder, "--out", tmp_path, *arguments, status=2).replace("│ ", "").replace(" │", "")
    assert list(tmp_path.iterdir()) == []


def test_pdf_without_typst_says_what_to_install(folder: Path, tmp_path: Path) -> None:
    """As a machine sees it that has no typst: in a process that cannot import it."""
    code = (
        "import sys; sys.modules['typst'] = None\n"
        "from lotwise.cli import app\n"
        f"app(['documents', {str(folder)!r}, '--household', 'H1', '--out', {str(tmp_path)!r}] + sys.argv[1:])"
    )
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert failed.returncode == 2
    assert "PDF needs typst: pip install 'lotwise[documents]'" in " ".join(failed.stderr.split())
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, "--format", "html"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "H1" / "holdings.html").exists()
