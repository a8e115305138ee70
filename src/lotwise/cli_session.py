"""What every command shares: its progress, its findings, how it ends, and the options that many of them have.

A command loads what it needs when it is called; so do these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from lotwise.errors import Finding, FolderError, LotwiseError, Severity

if TYPE_CHECKING:
    from lotwise.nightly.run import Watch

__all__ = [
    "COMPILING",
    "INTERRUPTED",
    "AsOf",
    "Folder",
    "Only",
    "Out",
    "Threads",
    "day_of",
    "err_console",
    "interruptible",
    "out_console",
    "reported",
    "require_folder",
    "show_findings",
    "watched",
]

# Said once on a machine, before what would otherwise look like nothing.
COMPILING = "compiling the kernels (once, three to six minutes)"

out_console = Console()
err_console = Console(stderr=True)

# What a person reads while a phase runs.
_PHASES = {
    "demo": "making the demo firm",
    "read": "reading the firm",
    "risk": "risk model",
    "compile": "loading the kernels",
    "solve": "solving households",
    "tell": "going through the record and its shadow",
    "verify": "verifying exactly",
    "print": "printing documents",
    "write": "writing results",
}

NOTHING_DONE = 2
INTERRUPTED = 130

Folder = Annotated[Path, typer.Argument(help="The firm folder.", show_default=False)]
AsOf = Annotated[str | None, typer.Option("--date", help="Day to rebalance for (YYYY-MM-DD); default: firm.toml.")]
Only = Annotated[list[str] | None, typer.Option("--household", help="Only this household; may be repeated.")]
Out = Annotated[Path, typer.Option("--out", help="Where the results go.")]
Threads = Annotated[int | None, typer.Option("--threads", min=0, help="Solver threads; 0 = one per core.")]


@contextmanager
def watched() -> Iterator[Watch]:
    """Show a progress bar for the phases of a run."""
    from lotwise.kernels import told_when_compiling
    from lotwise.nightly.run import Watch

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err_console, transient=True) as progress:
        task = progress.add_task("", total=None)

        def on_phase(name: str, total: int) -> None:
            progress.reset(task, description=_PHASES.get(name, name), total=total or None)

        with told_when_compiling(lambda: progress.console.print(COMPILING)):
            yield Watch(on_phase=on_phase, on_done=lambda done: progress.advance(task, done))


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn Ctrl-C into words and an exit status."""
    try:
        yield
    except KeyboardInterrupt as error:
        err_console.print("interrupted: nothing was written")
        raise typer.Exit(INTERRUPTED) from error


@contextmanager
def reported() -> Iterator[None]:
    """Turn what ends a command into words and an exit status."""
    try:
        with interruptible():
            yield
    except FolderError as error:
        # The message is a finding itself; the others come first, the worst of them before all.
        others = [finding for finding in error.findings if str(finding) not in str(error)]
        show_findings(tuple(sorted(others, key=lambda finding: list(Severity).index(finding.severity))))
        err_console.print(f"[bold red]nothing could be done:[/] {escape(str(error))}", highlight=False)
        raise typer.Exit(NOTHING_DONE) from error
    except (LotwiseError, OSError, ValueError) as error:
        err_console.print(f"[bold red]nothing could be done:[/] {escape(str(error))}")
        raise typer.Exit(NOTHING_DONE) from error


def require_folder(out: Path | None, option: str) -> None:
    """Raise FolderError where an option for a folder names a file, or a place within one."""
    for place in () if out is None else (out, *out.parents):
        if place.exists():
            if not place.is_dir():
                raise FolderError(f"{option} must be a folder, was {out}: {place} is a file; name another place")
            return


def show_findings(findings: tuple[Finding, ...], most: int = 12) -> None:
    """Print findings for a person: the first of them, and how many more there are.

    Warnings and notices that differ in nothing but their rows are one line with their count.
    """
    alike: dict[object, list[Finding]] = {}
    for place, each in enumerate(findings):
        key = (each.file, each.column, each.severity, each.must_be, each.to_do)
        alike.setdefault(place if each.severity is Severity.ERROR else key, []).append(each)
    lines = [(same[0], len(same) - 1) for same in alike.values()]
    for finding, others in lines[:most]:
        more = f" (and {others:,} more like this one)" if others else ""
        err_console.print(f"  {finding.severity}: {finding}{more}", markup=False, highlight=False)
    if len(lines) > most:
        err_console.print(f"  and {sum(1 + others for _, others in lines[most:])} more")


def day_of(text: str | None, option: str = "--date") -> date | None:
    """Read the day of an option; None where none is given. Raises typer.BadParameter for what is no date."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no time zone
    except ValueError as error:
        raise typer.BadParameter(f"must be a date as YYYY-MM-DD, was {text!r}", param_hint=option) from error
