"""Files appear whole or not at all."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lotwise.interchange.atomic import replaced_files, write_whole


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def write(folder: Path, texts: dict[str, str], supersedes: tuple[str, ...] = ("a", "b", "c")) -> None:
    with replaced_files(folder, supersedes) as partial:
        for name, text in texts.items():
            (partial / name).write_text(text, encoding="utf-8")


def test_a_new_folder_appears_whole_with_the_usual_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    with replaced_files(folder, ()) as partial:
        (partial / "a").write_text("1", encoding="utf-8")
        assert not folder.exists()
    assert contents(folder) == {"a": "1"}
    (tmp_path / "usual").mkdir()
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_superseded_files_go_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine", encoding="utf-8")
    write(tmp_path, {"a": "1", "b": "1"})
    write(tmp_path, {"b": "2", "c": "2"})
    assert contents(tmp_path) == {"b": "2", "c": "2", "notes": "mine"}


def test_of_two_runs_into_one_new_folder_the_later_one_stands(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with replaced_files(folder, ("a", "b")) as partial:
        (partial / "a").write_text("1", encoding="utf-8")
        write(folder, {"a": "2", "b": "2"})
    assert contents(folder) == {"a": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interruption_while_writing_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    folder = tmp_path / "out"
    write(folder, {"a": "1", "b": "1"})

    def interrupted() -> None:
        with replaced_files(folder, ("a", "b")) as partial:
            (partial / "a").write_text("2", encoding="utf-8")
            raise error

    with pytest.raises(error):
        interrupted()
    assert contents(folder) == {"a": "1", "b": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_error_between_two_renames_puts_everything_back(tmp_path: Path) -> None:
    write(tmp_path, {"a": "1", "c": "1"})
    (tmp_path / "b").mkdir()  # in the way: the new a is in its place already when b cannot go to its own
    with pytest.raises(IsADirectoryError):
        write(tmp_path, {"a": "2", "b": "2", "c": "2"})
    (tmp_path / "b").rmdir()
    assert contents(tmp_path) == {"a": "1", "c": "1"}


def test_a_new_folder_in_a_files_place_is_taken_away_again(tmp_path: Path) -> None:
    write(tmp_path, {"a": "1", "c": "1"})
    (tmp_path / "b").mkdir()

    def blocked() -> None:
        with replaced_files(tmp_path, ("a", "b", "c")) as partial:
            (partial / "a").mkdir()
            (partial / "a" / "page").write_text("2", encoding="utf-8")
            (partial / "b").write_text("2", encoding="utf-8")

    with pytest.raises(IsADirectoryError):
        blocked()
    (tmp_path / "b").rmdir()
    assert contents(tmp_path) == {"a": "1", "c": "1"}


def test_one_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    write_whole(path, "é")
    write_whole(path, b"2")
    assert path.read_bytes() == b"2"
    assert [each.name for each in path.parent.iterdir()] == ["page.html"]


def test_other_threads_may_write_too(tmp_path: Path) -> None:
    thread = threading.Thread(target=write, args=(tmp_path / "out", {"a": "1"}))
    thread.start()
    thread.join()
    assert contents(tmp_path / "out") == {"a": "1"}


_CHILD = """
import sys
from pathlib import Path
from lotwise.interchange.atomic import replaced_files
folder = Path(sys.argv[1])
run = 0
while True:
    run += 1
    with replaced_files(folder, [f"f{i}" for i in range(40)]) as partial:
        for i in range(20):
            (partial / f"f{i + 20 * (run % 2)}").write_text(str(run))
    if run == 1:
        print("ready", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal as Ctrl-C does")
def test_ctrl_c_at_any_moment_leaves_the_files_of_one_run(tmp_path: Path) -> None:
    for attempt in range(6):
        folder = tmp_path / str(attempt)
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-c", _CHILD, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(0.013 * attempt)
            child.send_signal(signal.SIGINT)
            assert child.wait(timeout=20) != 0
        found = contents(folder)
        assert len(found) == 20
        assert len(set(found.values())) == 1
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
