"""What the ledger's commands say when something is in the way: where it is, what to do, and how they leave."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interchange.ledger_folder import HEADER, folder_with
from tests.test_cli_ledger import ROWS, run

ALL = (("lots",), ("gains", "--year", "2024"), ("washes",))
MORE = "2024-11-01,other,deposit,T9,,,500,,"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = folder_with(tmp_path / "firm", transactions__csv="\n".join([HEADER, *ROWS]) + "\n")
    (made / "more.csv").write_text(f"{HEADER}\n{MORE}\n")
    return made


def words(text: str) -> str:
    return " ".join(text.split())


def test_corporate_actions_that_are_refused_have_a_line_of_their_own(folder: Path) -> None:
    run("post", folder)
    (folder / "corporate_actions.csv").write_text("date,symbol,kind,ratio\n2024-03-01,A,split,\n2024-03-02,A,split,x\n")
    said = words(run("post", folder, folder / "more.csv", status=1).replace("│", " "))
    assert "refused 0" in said
    assert "corporate actions refused 2" in said


def test_a_damaged_journal_leaves_every_command_with_2_and_its_name(folder: Path) -> None:
    run("post", folder)
    (folder / "ledger" / "journal" / "000001.parquet").write_bytes(b"PAR1 and nothing more")
    for command in (*ALL, ("post",)):
        said = words(run(command[0], folder, *command[1:], status=2)).replace(" ", "")
        assert "nothingcouldbedone" in said
        assert "000001.parquet:mustbeawholepartofthejournal,wasdamaged" in said
        assert "bringitbackfromabackup" in said


def test_a_state_that_cannot_be_kept_is_a_line_and_no_more(folder: Path) -> None:
    run("post", folder)
    listed = run("lots", folder, "--csv")
    state = folder / "ledger" / "state"
    for path in state.iterdir():
        path.unlink()
    state.rmdir()
    state.write_text("a file in its place")
    for command in ALL:
        assert words(run(command[0], folder, *command[1:])).count("ledger/state: must be a folder") == 1
    assert run("lots", folder, "--csv").endswith(listed)
    assert words(run("post", folder, folder / "more.csv")).count("ledger/state: must be a folder") == 1


def test_a_journal_that_cannot_be_written_leaves_post_with_2(folder: Path) -> None:
    (folder / "ledger").mkdir()
    (folder / "ledger" / "journal").write_text("a file in its place")
    said = words(run("post", folder, status=2))
    assert "nothing could be done" in said
    assert "Not a directory" in said


def test_doubtful_short_sales_are_said_by_washes_and_by_the_post_that_makes_them(folder: Path) -> None:
    run("post", folder)
    (folder / "short.csv").write_text(f"{HEADER}\n2024-11-04,own,sell_short,T7,A,10,900,,\n")
    assert "26 U.S.C. 1259" in words(run("post", folder, folder / "short.csv"))
    assert "26 U.S.C. 1259" in words(run("washes", folder))
    assert "26 U.S.C. 1259" in words(run("washes", folder, "--household", "H1"))
    assert "26 U.S.C. 1259" not in words(run("washes", folder, "--household", "H3"))
    assert "26 U.S.C. 1259" not in words(run("post", folder, folder / "more.csv"))


@pytest.mark.nightly
def test_a_fresh_machine_is_told_that_kernels_are_compiled(folder: Path, tmp_path: Path) -> None:
    said = []
    for _ in range(2):
        done = subprocess.run(  # noqa: S603 - this interpreter, the package's own command
            [sys.executable, "-m", "lotwise", "ledger", "post", str(folder), "--backdated"],
            env={**os.environ, "LOTWISE_CACHE": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(done.stderr.count("compiling the ledger's kernels (once, about a minute)"))
    assert said == [1, 0]
