"""`lotwise documents`: what clients are handed, as PDF and HTML, for every household of a firm folder.

Exit status: 0 all well, 1 some documents were not written, 2 nothing could be done, 130 interrupted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lotwise.cli_rule import Band, Month, Often, Relief
from lotwise.cli_session import (
    INTERRUPTED,
    Folder,
    Only,
    day_of,
    err_console,
    out_console,
    reported,
    require_folder,
    show_findings,
    watched,
)
from lotwise.savings.shadow_rule import Order, Schedule

if TYPE_CHECKING:
    from lotwise.nightly.documents import PrintReport

__all__ = ["documents"]

_MOST = 12  # households without documents that a terminal shows


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def documents(
    folder: Folder,
    household: Only = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="holdings, gains, savings, with commas; default: all there is data for."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Where they go, a folder for each household.")] = Path("documents"),
    formats: Annotated[str, typer.Option("--format", help="pdf, html, with commas.")] = "pdf,html",
    day: Annotated[
        str | None, typer.Option("--date", help="Day of the documents (YYYY-MM-DD); default: firm.toml.")
    ] = None,
    year: Annotated[
        int | None, typer.Option("--year", min=1970, max=2199, help="Year of realised gains; default: that of the day.")
    ] = None,
    schedule: Often = Schedule.YEARLY,
    month: Month = 12,
    band: Band = 0.0,
    relief: Relief = Order.FIFO,
    appendix: Annotated[bool, typer.Option("--appendix/--no-appendix", help="List every lot and every sale.")] = True,
    threads: Annotated[int, typer.Option("--threads", min=0, help="Threads; 0 = one per core.")] = 0,
) -> None:
    """Write client documents, PDF and HTML, of every household: holdings and, from the ledger, gains and savings."""
    with reported():
        from lotwise.nightly.documents import Wanted, print_documents
        from lotwise.savings.shadow_rule import ShadowRule

        require_folder(out, "--out")
        rule = ShadowRule(schedule, month, band, relief=relief)
        wanted = Wanted(household or (), _words(kind), _words(formats), day_of(day), year, rule, appendix)
        with watched() as watch:
            try:
                report = print_documents(folder, out, wanted, threads, watch)
            except KeyboardInterrupt as error:
                err_console.print("interrupted: what is written is whole, the rest is missing")
                raise typer.Exit(INTERRUPTED) from error
        _finish(report, out, watch.seconds.get("print", 0.0))


def _finish(report: PrintReport, out: Path, seconds: float) -> None:
    """Say what was written and what was not, and leave with the exit status."""
    show_findings(tuple(each for each in report.findings if each.file.startswith(("theme", "ledger"))))
    for failure in report.failures[:_MOST]:
        words = f"  {failure.household} does not get {failure.what}: {failure.why}"
        err_console.print(words, markup=False, highlight=False)
    if len(report.failures) > _MOST:
        err_console.print(f"  and {len(report.failures) - _MOST:,} more", highlight=False)
    words = f"{report.files:,} files of {report.households:,} households written to {out}"
    rate = f" ({report.files / seconds * 60:,.0f} a minute)" if seconds > 1 else ""
    out_console.print(words + rate, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(report.exit_status)
