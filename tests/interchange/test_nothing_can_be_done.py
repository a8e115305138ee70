"""A run that can do nothing: what it leaves in the folder of the results, and what the terminal says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from lotwise.cli import app
from tests.interchange.small_firm import small_firm, write


def rebalanced(folder: Path, out: Path) -> Result:
    return CliRunner().invoke(app, ["rebalance", str(folder), "--out", str(out)], terminal_width=4000)


def test_findings_are_written_alone_in_place_of_earlier_results(tmp_path: Path) -> None:
    files = small_firm()
    files["restrictions.csv"] = files["restrictions.csv"].replace("sector,Tech,0.4", "sector,Tech,40")
    del files["lots.csv"]
    out = tmp_path / "out"
    out.mkdir()
    for name in ("trades.csv", "trades.parquet", "households.csv", "run.html", "notes.txt"):
        (out / name).write_text("earlier")
    result = rebalanced(write(tmp_path / "firm", files), out)
    assert result.exit_code == 2
    assert sorted(path.name for path in out.iterdir()) == ["findings.csv", "findings.parquet", "notes.txt"]
    found = pl.read_csv(out / "findings.csv").filter(pl.col("severity") == "error")
    assert found.select("file", "line").rows() == [("lots.csv", None), ("restrictions.csv", 3)]


def test_what_stops_the_run_is_said_once(tmp_path: Path) -> None:
    files = small_firm()
    del files["lots.csv"]
    said = " ".join(rebalanced(write(tmp_path / "firm", files), tmp_path / "out").output.split())
    assert said.count("lots.csv: must be there") == 1
    assert "nothing could be done: lots.csv: must be there" in said


def test_too_few_prices_for_a_risk_model_are_said_once(tmp_path: Path) -> None:
    files = {name: text for name, text in small_firm().items() if not name.startswith("risk/")}
    result = rebalanced(write(tmp_path / "firm", files), tmp_path / "out")
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert said.count("a risk model needs prices of at least") == 1
    assert (tmp_path / "out" / "findings.csv").is_file()


def test_results_do_not_replace_the_files_of_a_firm(tmp_path: Path) -> None:
    folder = write(tmp_path / "firm", small_firm())
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    result = rebalanced(folder, folder)
    assert result.exit_code == 2
    assert "must be a folder for results" in " ".join(result.output.split())
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_folder_that_is_not_there_leaves_earlier_results_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "trades.csv").write_text("earlier")
    assert rebalanced(tmp_path / "nowhere", tmp_path / "out").exit_code == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["trades.csv"]


# Importing what a command needs takes a while; the child says when it is in the middle of it.
_CHILD = """
import sys

slow = sys.argv[1]

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == slow:
            import time
            print("here", flush=True)
            time.sleep(60)

sys.meta_path.insert(0, Slow())
sys.argv = ["lotwise", *sys.argv[2:]]
from lotwise.__main__ import main
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal as Ctrl-C does")
@pytest.mark.parametrize(
    "words",
    [
        ("rich.progress", "--version"),  # the command line itself
        ("lotwise.cli_ledger", "ledger", "lots", "firm"),  # a group of commands
        ("lotwise.tax.form_files", "ledger", "lots", "firm"),
        ("lotwise.rebalancing.checks", "rebalance", "firm"),  # what a command needs
        ("lotwise.rebalancing.explain", "explain", "firm", "H1"),
    ],
)
def test_ctrl_c_while_it_loads_shows_no_traceback(words: tuple[str, ...]) -> None:
    with subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", _CHILD, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
        assert child.returncode == 130
    assert said == "interrupted: nothing was written\n"
