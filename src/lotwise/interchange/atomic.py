"""Files appear whole or not at all, and a set of files is replaced as a set.

Everything is written beside its place under a hidden name and renamed when it is complete. Ctrl-C or a full
disk on the way leaves what was there before. Between two renames of a set, interruptions wait for the
milliseconds that it takes, and an error puts the earlier files back, so that no reader ever finds files of
two runs side by side.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from lotwise.errors import FolderError

__all__ = ["replaced_files", "require_no_firm", "write_whole"]

_ASIDE = "superseded"  # where files of an earlier run wait until the new ones are in their places


def require_no_firm(out: Path, what: str = "results") -> None:
    """Raise FolderError where a place for results is a firm folder: some of its files have the names of theirs."""
    if (out / "firm.toml").exists():
        raise FolderError(
            f"{out}: must be a folder for {what}; it is a firm folder, whose files they could replace; name another"
        )


def write_whole(path: Path, content: str | bytes) -> None:
    """Write one file so that `path` holds either what it held before or all of `content` (text as UTF-8)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial-{secrets.token_hex(4)}")
    try:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def replaced_files(folder: Path, supersedes: Iterable[str]) -> Iterator[Path]:
    """Yield an empty folder to write into; its files move to `folder` together when the block ends well.

    `supersedes` names every file that an earlier run may have left (with a slash at its end: a folder): those go when
    the new ones come, so that a file which this run does not write cannot survive from that one. Other files of
    `folder` stay as they are. A folder that does not exist yet appears in one rename. Raises OSError where the folder
    cannot be written.
    """
    exists = folder.exists()
    parent = folder if exists else folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    partial = parent / f".{folder.name}.partial-{secrets.token_hex(4)}"
    aside = partial / _ASIDE
    done = False
    try:
        partial.mkdir()
        yield partial
        with _interruptions_wait():
            if folder.exists():  # by now, another run's results may stand where there were none
                _exchange(partial, folder, supersedes)
            else:
                partial.rename(folder)
            done = True
    finally:
        with _interruptions_wait():
            # What could not be put back is all there is of an earlier run.
            if done or not aside.is_dir() or not any(aside.iterdir()):
                shutil.rmtree(partial, ignore_errors=True)


def _exchange(partial: Path, folder: Path, supersedes: Iterable[str]) -> None:
    """Move the new files in and the superseded ones out; on an error everything goes back."""
    supersedes = tuple(supersedes)
    new = sorted(path.name for path in partial.iterdir())
    folders = {name.rstrip("/") for name in supersedes if name.endswith("/")}
    old = sorted(name for name in {*supersedes, *new} if (folder / name).is_file())
    old += sorted(name for name in folders if (folder / name).is_dir())
    aside = partial / _ASIDE
    aside.mkdir()
    placed: list[str] = []
    try:
        for name in old:
            (folder / name).rename(aside / name)
        for name in new:
            (partial / name).rename(folder / name)
            placed.append(name)
    except BaseException as trouble:
        for name in placed:
            _take_away(folder / name)
        for name in old:
            with suppress(FileNotFoundError):  # not yet moved when the error came: it is still in its place
                _put_back(aside / name, folder / name, trouble)
        raise


def _take_away(path: Path) -> None:
    """Take a new file away again; what cannot go is in the way of what was there, and that is said then."""
    with suppress(OSError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _put_back(aside: Path, place: Path, trouble: BaseException) -> None:
    """Put an earlier file back; one that cannot go back stays aside, and the error says where."""
    try:
        aside.replace(place)
    except FileNotFoundError:
        raise
    except OSError as error:
        trouble.add_note(f"{place}: what was there could not be put back ({error}); it is kept as {aside}")


@contextmanager
def _interruptions_wait() -> Iterator[None]:
    """Hold back Ctrl-C and termination until the block is over (signals reach the main thread only)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []

    def hold(number: int, _frame: FrameType | None) -> None:
        held.append(number)

    previous = {number: signal.signal(number, hold) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            # None: the handler was not installed from Python and cannot be put back from here.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for caught in held:
            signal.raise_signal(caught)
