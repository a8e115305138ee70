"""What a result came of: every file of a firm folder that its readers open, each with a digest of its content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lotwise.interchange.firm_folder.files import FILE_ORDER

__all__ = ["digest_of", "digests", "input_files", "journal_files"]

_LOOK = "theme.toml"  # of documents: no figure depends on it


def input_files(folder: Path) -> list[Path]:
    """Files of a folder that reading the firm opens: those of the contract and its settings, as far as they are there.

    `read_firm` opens every file of the contract, whatever it is asked for; what it does not know, it does not open.
    """
    return [path for name in FILE_ORDER if name != _LOOK and (path := folder / name).is_file()]


def journal_files(folder: Path) -> list[Path]:
    """Parts of the posted journal, in order."""
    return sorted((folder / "ledger" / "journal").glob("*.parquet"))


def digests(folder: Path, files: Iterable[Path], threads: int = 0) -> dict[str, str]:
    """Digest of each file by its place in the folder; hashing holds no lock, so threads (0 = one per core) share it.

    Of a file that cannot be read it is `unreadable`: what that means for the result is a finding of its reader.
    """
    paths = list(files)
    with ThreadPoolExecutor(max_workers=threads or os.cpu_count() or 1) as pool:
        return dict(
            zip((path.relative_to(folder).as_posix() for path in paths), pool.map(_digest_or_none, paths), strict=True)
        )


def _digest_or_none(path: Path) -> str:
    try:
        return digest_of(path)
    except OSError:
        return "unreadable"


def digest_of(path: Path) -> str:
    """Digest of a file's content (BLAKE2b, 16 bytes), read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
