"""What a program asks for by name, and what it is told while it waits."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from io import StringIO

from rich.console import Console, RenderableType

from lotwise.errors import UnknownNameError
from lotwise.households.toml_values import closest
from lotwise.kernels import told_when_compiling

__all__ = ["day_asked", "told_once", "words_of", "wrong_name", "wrong_names"]

_WIDTH = 110  # columns of a repr: what a notebook shows without wrapping

_SAID: set[str] = set()


def wrong_name(what: str, name: object, known: Sequence[str]) -> UnknownNameError:
    """Make the error for a name that is not there, with the nearest that is."""
    hint = closest(str(name), list(known)).strip()
    return UnknownNameError(f"{what} must be one of the {len(known):,} that are there, was {name!r}. {hint}".rstrip())


def wrong_names(what: str, names: Iterable[str], known: Sequence[str]) -> None:
    """Raise the error for the first of these names that is not there, if one is not."""
    there = set(known)
    for name in names:
        if name not in there:
            raise wrong_name(what, name, known)


def day_asked(day: date | str | None, name: str = "as_of") -> date | None:
    """Read a day that may be text; raises ValueError, with the name of what was asked for, for text that is none."""
    if not isinstance(day, str):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise ValueError(f"{name} must be a date as YYYY-MM-DD, was {day!r}") from None


@contextmanager
def told_once() -> Iterator[None]:
    """Say on stderr, once in a process, that kernels are being compiled; nothing where they are kept from before."""

    def say() -> None:
        if not _SAID:
            _SAID.add("compiling")
            sys.stderr.write("lotwise: compiling the kernels (once on this machine, three to six minutes)\n")
            sys.stderr.flush()

    with told_when_compiling(say):
        yield


def words_of(renderable: RenderableType) -> str:
    """Write what a terminal would show as plain text."""
    console = Console(file=StringIO(), width=_WIDTH, color_system=None, force_terminal=False, force_jupyter=False)
    with console.capture() as captured:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n")
