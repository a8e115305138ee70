"""run.json: what a run came of and what it wrote, so that its folder is its archive."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from lotwise import __version__
from lotwise.interchange.inputs import digests
from lotwise.interchange.results import RUN_FILE

__all__ = ["said_of", "seal_of"]


def said_of(as_of: date, households: Sequence[str] | None, inputs: Mapping[str, str]) -> dict[str, object]:
    """Say what a run came of: version, day, households that were asked for (null = all), digest of every file read."""
    asked = None if households is None else list(households)
    return {"lotwise": __version__, "as_of": as_of.isoformat(), "households": asked, "inputs": dict(inputs)}


def seal_of(came_of: Mapping[str, object], threads: int = 0) -> Callable[[Path], None]:
    """What writes run.json into a folder of results: what they came of, and the digest of each of them."""

    def seal(folder: Path) -> None:
        outputs = digests(folder, sorted(path for path in folder.iterdir() if path.is_file()), threads)
        said = {**came_of, "outputs": outputs}
        (folder / RUN_FILE).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")

    return seal
