"""`lotwise lab`: what it lists, what it says of bad input, and with what it leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lotwise.lab.experiments import EXPERIMENTS
from tests.test_cli import lotwise_says, words


def test_the_help_has_an_example() -> None:
    assert "Example: lotwise lab run harvest-frequency" in words(lotwise_says("lab", "run", "--help"))


def test_the_experiments_are_listed_with_their_claims() -> None:
    said = lotwise_says("lab", "list")
    assert said.exit_code == 0
    for part in ("systematic", "harvest-frequency", "wash-sales", "Smartleaf", "64%"):
        assert part in words(said)


def test_an_unknown_experiment_is_refused_with_the_nearest(tmp_path: Path) -> None:
    said = lotwise_says("lab", "run", "harvest-frequenzy", "--out", tmp_path)
    assert said.exit_code == 2
    names = ", ".join(EXPERIMENTS)
    assert f"must be all or one of {names}, was 'harvest-frequenzy'" in words(said)
    assert "did you mean harvest-frequency?" in words(said)
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_market_is_refused(tmp_path: Path) -> None:
    said = lotwise_says("lab", "run", "wash-sales", "--market", tmp_path / "none", "--out", tmp_path / "out")
    assert said.exit_code == 2
    assert "must be there for a real market; it was not found" in words(said)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", [("run", "wash-sales"), ("report",)])
def test_a_file_is_no_folder_for_results(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "file"
    file.write_text("")
    said = lotwise_says("lab", *command, "--out", file)
    assert said.exit_code == 2
    assert "nothing could be done" in words(said)


def test_a_firm_is_no_folder_for_results(tmp_path: Path) -> None:
    (tmp_path / "firm.toml").write_text("version = 1\n")
    said = lotwise_says("lab", "run", "wash-sales", "--out", tmp_path)
    assert said.exit_code == 2
    assert "it is a firm folder" in words(said)


def test_a_report_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    said = lotwise_says("lab", "report", "--out", tmp_path)
    assert said.exit_code == 2
    assert "run an experiment with --out" in words(said)


def test_the_seed_must_not_be_negative(tmp_path: Path) -> None:
    assert lotwise_says("lab", "run", "wash-sales", "--seed", -1, "--out", tmp_path).exit_code == 2


def test_help_loads_no_compiler() -> None:
    code = "import lotwise.cli_lab, sys; assert not {'numpy', 'numba', 'polars'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own interpreter
