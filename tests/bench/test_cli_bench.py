"""`lotwise bench`: tables on the screen and in a file, exit statuses, and words for what is missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lotwise import cli_bench
from lotwise.bench.tables import MeasuredTable
from lotwise.cli_bench import CannotMeasureError, Chosen, bench_app

runner = CliRunner()


def test_speed_of_small_accounts_is_shown_and_written(tmp_path: Path) -> None:
    out = tmp_path / "measured.md"
    for _ in range(2):
        done = runner.invoke(
            bench_app, ["speed", "--names", "20", "--seeds", "1", "--size", "quick", "--out", str(out)]
        )
        assert done.exit_code == 0, done.output
    assert "Speed: one account, simulated accounts" in done.stdout
    written = out.read_text(encoding="utf-8")
    assert written.count("### Speed: one account") == 1  # of the second run alone
    assert "### Profile: the phases of a solve" in written
    assert "piqp" in written
    assert "| 20 " in written


def test_speed_on_the_yardstick_compares_the_formulations(yardstick_dir: Path) -> None:
    arguments = ["speed", "--names", "100", "--seeds", "1", "--size", "quick", "--yardstick", str(yardstick_dir)]
    done = runner.invoke(bench_app, arguments)
    assert done.exit_code in {0, 1}, done.output  # a busy machine may miss a bar of speed
    assert "ours / its" in done.stdout


def test_a_folder_that_is_no_yardstick_is_named(tmp_path: Path) -> None:
    done = runner.invoke(bench_app, ["speed", "--names", "20", "--seeds", "1", "--yardstick", str(tmp_path)])
    assert done.exit_code == 2
    assert "lacks ['workload', 'qpform', 'solvers']" in " ".join(done.stderr.split())


@pytest.mark.parametrize("topic", ["speed", "quality", "hostile"])
def test_a_missing_library_is_named_with_the_remedy(topic: str) -> None:
    code = f"import sys; sys.modules['piqp'] = None; from lotwise.cli_bench import bench_app; bench_app(['{topic}'])"
    done = subprocess.run(  # noqa: S603 - this interpreter, code of this file
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "piqp is not installed: pip install 'lotwise[bench]'" in done.stderr


def _kept(_: Chosen) -> Iterable[MeasuredTable]:
    return [MeasuredTable("Kept", ("a",), [("1",)])]


def _missed(_: Chosen) -> Iterable[MeasuredTable]:
    return [MeasuredTable("Missed", ("a",), [("1",)], missed=("too slow",))]


def _lacking(_: Chosen) -> Iterable[MeasuredTable]:
    raise CannotMeasureError("needs --market DIR")


def test_all_leaves_out_what_lacks_its_data_and_ends_with_1_where_a_bar_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli_bench, "TOPICS", {"lacking": _lacking, "kept": _kept})
    done = runner.invoke(bench_app, ["all"])
    assert done.exit_code == 0
    assert "### Kept" in done.stdout
    assert "lacking is left out: needs --market DIR" in done.stderr
    monkeypatch.setattr(cli_bench, "TOPICS", {"missed": _missed, "kept": _kept})
    done = runner.invoke(bench_app, ["all"])
    assert done.exit_code == 1
    assert "**Missed:** too slow" in done.stdout
    monkeypatch.setattr(cli_bench, "TOPICS", {"lacking": _lacking})
    assert runner.invoke(bench_app, ["all"]).exit_code == 2


@pytest.mark.parametrize("command", [["quality"], ["all"]])
def test_a_file_that_cannot_be_written_is_said_before_anything_is_measured(tmp_path: Path, command: list[str]) -> None:
    for out, reason in ((tmp_path / "nope" / "x.md", "No such file"), (tmp_path, "Is a directory")):
        done = runner.invoke(bench_app, [*command, "--size", "quick", "--out", str(out)])
        assert done.exit_code == 2
        said = " ".join(done.stderr.split())
        assert "error: --out must be a file that can be written" in said
        assert reason in said
        assert "name one in a folder that exists" in said
        assert done.stdout == ""


def test_an_earlier_report_stays_until_something_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, new = tmp_path / "measured.md", tmp_path / "new.md"
    out.write_text("earlier\n", encoding="utf-8")
    monkeypatch.setattr(cli_bench, "TOPICS", {"lacking": _lacking})
    assert runner.invoke(bench_app, ["all", "--out", str(out)]).exit_code == 2
    assert out.read_text(encoding="utf-8") == "earlier\n"
    assert runner.invoke(bench_app, ["all", "--out", str(new)]).exit_code == 2
    assert not new.exists()
    monkeypatch.setattr(cli_bench, "TOPICS", {"lacking": _lacking, "kept": _kept, "missed": _missed})
    assert runner.invoke(bench_app, ["all", "--out", str(out)]).exit_code == 1
    written = out.read_text(encoding="utf-8")
    assert written.startswith("### Kept")
    assert "### Missed" in written


def test_a_file_that_goes_away_while_measuring_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "folder" / "measured.md"
    out.parent.mkdir()

    def gone(_: Chosen) -> Iterable[MeasuredTable]:
        out.parent.rmdir()
        return _kept(_)

    monkeypatch.setattr(cli_bench, "TOPICS", {"gone": gone, "kept": _kept})
    done = runner.invoke(bench_app, ["all", "--out", str(out)])
    assert done.exit_code == 2
    assert "error: --out must be a file that can be written" in " ".join(done.stderr.split())
    assert "### Kept" in done.stdout  # measured, and seen


def test_importing_the_benchmarks_command_line_loads_none_of_their_libraries() -> None:
    code = "import sys, lotwise.cli_bench; print(*{'piqp', 'clarabel'} & set(sys.modules))"
    done = subprocess.run(  # noqa: S603 - this interpreter, code of this file
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
