"""The command line of client documents: `lotwise documents`.

Exit status: 0 all well, 1 some documents were not written, 2 nothing could be done, 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lotwise.errors import Finding, FolderError, LotwiseError, Severity

if TYPE_CHECKING:
    from lotwise.nightly.documents import PrintReport
    from lotwise.nightly.run import Watch

__all__ = ["documents"]

_out = Console()
_err = Console(stderr=True)
_PHASES = {"read": "reading the firm", "print": "printing"}
_NOTHING_DONE, _INTERRUPTED = 2, 130
_MOST = 12  # findings and failures that a terminal shows


@contextmanager
def _reported() -> Iterator[None]:
    """Turn what ends the command into words and an exit status."""
    try:
        yield
    except KeyboardInterrupt as error:
        _err.print("interrupted: documents that are written are whole, the others are missing")
        raise typer.Exit(_INTERRUPTED) from error
    except (LotwiseError, OSError, ValueError) as error:
        if isinstance(error, FolderError):
            _show(tuple(each for each in error.findings if str(each) not in str(error)))
        _err.print(f"[bold red]nothing could be done:[/] {escape(str(error))}", highlight=False)
        raise typer.Exit(_NOTHING_DONE) from error


@contextmanager
def _watched() -> Iterator[Watch]:
    """Show a bar of the households that are done."""
    from lotwise.kernels import told_when_compiling  # noqa: PLC0415 - a command loads what it needs
    from lotwise.nightly.run import Watch  # noqa: PLC0415

    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    )  # fmt: skip
    with Progress(*columns, console=_err, transient=True) as progress:
        task = progress.add_task("", total=None)

        def on_phase(name: str, total: int) -> None:
            progress.reset(task, description=_PHASES.get(name, name), total=total or None)

        with told_when_compiling(lambda: progress.console.print("compiling the kernels (once, about a minute)")):
            yield Watch(on_phase=on_phase, on_done=lambda done: progress.advance(task, done))


def _show(findings: tuple[Finding, ...]) -> None:
    order = list(Severity)
    for finding in sorted(findings, key=lambda each: order.index(each.severity))[:_MOST]:
        _err.print(f"  {finding.severity}: {finding}", markup=False, highlight=False)
    if len(findings) > _MOST:
        _err.print(f"  and {len(findings) - _MOST:,} more", highlight=False)


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def documents(
    folder: Annotated[Path, typer.Argument(help="The firm folder.", show_default=False)],
    household: Annotated[
        list[str] | None, typer.Option("--household", help="Only this household; may be repeated.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="holdings, gains, with commas; default: all there is data for.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Where the documents go, a folder for each household.")] = Path(
        "documents"
    ),
    formats: Annotated[str, typer.Option("--format", help="pdf, html, with commas.")] = "pdf,html",
    day: Annotated[
        str | None, typer.Option("--date", help="Day of the documents (YYYY-MM-DD); default: firm.toml.")
    ] = None,
    year: Annotated[
        int | None, typer.Option("--year", min=1970, max=2199, help="Year of realised gains; default: that of the day.")
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=0, help="Threads; 0 = one per core.")] = 0,
) -> None:
    """Write client documents, PDF and HTML, of every household: holdings and, from the ledger, realised gains."""
    try:
        as_of = None if day is None else date.fromisoformat(day)
    except ValueError as error:
        raise typer.BadParameter(f"must be a date as YYYY-MM-DD, was {day!r}", param_hint="--date") from error
    with _reported():
        from lotwise.nightly.documents import print_documents  # noqa: PLC0415 - a command loads what it needs

        with _watched() as watch:
            report = print_documents(
                folder,
                out,
                households=household or (),
                kinds=_words(kind),
                formats=_words(formats),
                as_of=as_of,
                year=year,
                threads=threads,
                watch=watch,
            )
        _finish(report, out, watch.seconds.get("print", 0.0))


def _finish(report: PrintReport, out: Path, seconds: float) -> None:
    """Say what was written and what was not, and leave with the exit status."""
    _show(tuple(each for each in report.findings if each.file.startswith(("theme", "ledger"))))
    for failure in report.failures[:_MOST]:
        _err.print(f"  {failure.household} does not get {failure.what}: {failure.why}", markup=False, highlight=False)
    if len(report.failures) > _MOST:
        _err.print(f"  and {len(report.failures) - _MOST:,} more", highlight=False)
    words = f"{report.files:,} files of {report.households:,} households written to {out}"
    rate = f" ({report.files / seconds * 60:,.0f} a minute)" if seconds > 1 else ""
    _out.print(words + rate, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(report.exit_status)
