"""`lotwise savings`: what was saved in tax, against an ordinary rule and against the fee."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lotwise.cli_rule import Band, Month, Often, Relief
from lotwise.cli_session import (
    AsOf,
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
    from lotwise.nightly.savings import SavingsRun
    from lotwise.nightly.savings_archive import Archive

__all__ = ["savings"]


def savings(
    context: typer.Context,
    folder: Folder,
    household: Only = None,
    day: AsOf = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Tell from this day on (YYYY-MM-DD); default: the first of the record."),
    ] = None,
    schedule: Often = Schedule.YEARLY,
    month: Month = 12,
    band: Band = 0.0,
    relief: Relief = Order.FIFO,
    trace: Annotated[bool, typer.Option("--trace", help="Show every line, lot by lot and day by day.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the page of the firm and all tables into this folder.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", help="Tell again what --out wrote into this folder, and compare.")
    ] = None,
) -> None:
    """Say what was saved in tax: by the rule of thumb, against a shadow ledger, and at present value.

    Needs a posted ledger: what happened is told from it alone. Every figure is recomputed from the record each time.
    --out writes a page for the whole firm, and tables. --check takes day, rule and households from what was written.
    Leaves with status 1 where the data of a household has errors: that one gets no figures, all others do.
    """
    with reported():
        from lotwise.nightly.savings import told_savings, write_savings
        from lotwise.nightly.savings_archive import read_archive, told_again
        from lotwise.savings.shadow_rule import ShadowRule

        require_folder(out, "--out")
        rule, first, last = ShadowRule(schedule, month, band, relief=relief), day_of(since, "--since"), day_of(day)
        archive = None if check is None else read_archive(check)
        if archive is not None:
            given = {"day": last, "since": first, "schedule": schedule, "month": month, "band": band, "relief": relief}
            _require_same(context, archive, given)
        with watched() as watch:
            if archive is not None:
                run = told_again(folder, archive, household or (), traced=trace, watch=watch)
            else:
                run = told_savings(folder, last, household or [], rule, since=first, traced=trace, watch=watch)
        if archive is None:  # what of the folder is later than a day that is told again is no fault
            show_findings(tuple(each for each in run.firm.findings if each.household in (household or ())))
        page = write_savings(out, run) if out is not None else None
        if archive is not None:
            raise typer.Exit(_compared(archive, run))
        _show(run, trace=trace, as_json=as_json)
        if page is not None:
            (err_console if as_json else out_console).print(
                f"page: {page}", highlight=False, markup=False, soft_wrap=True
            )
        if run.without_sound_data:
            raise typer.Exit(1)


def _require_same(context: typer.Context, archive: Archive, given: Mapping[str, object]) -> None:
    """Raise ValueError for an option of the command line that says otherwise than what is checked."""
    rule = archive.rule
    told: dict[str, object] = {"day": archive.as_of, "since": archive.since, "schedule": rule.schedule}
    told |= {"month": rule.month, "band": rule.band, "relief": rule.relief}
    for name, value in given.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and value != told[name]:
            option = "--date" if name == "day" else f"--{name}"
            was = "not given" if told[name] is None else told[name]
            raise ValueError(
                f"{option} must be as {archive.folder} was told, {was}, was {value}; leave it out: --check takes it "
                "from there"
            )


def _compared(archive: Archive, run: SavingsRun) -> int:
    """Say how what was told compares with what is told now; returns the exit status."""
    from lotwise.nightly.savings_archive import compare_savings
    from lotwise.reports.savings import comparison_words

    found = compare_savings(archive.folder, run)
    changed = (*found.changed_inputs, *found.changed_settings)
    words = comparison_words(found.changed_households, changed, (found.later, found.late), archive.as_of)
    out_console.print(words, highlight=False)
    return int(not found.is_same)


def _show(run: SavingsRun, *, trace: bool, as_json: bool) -> None:
    """Print what was told: numbers, or every line of them."""
    from lotwise.nightly.savings import page_of
    from lotwise.reports.savings import savings_json, savings_summary, trace_table
    from lotwise.reports.savings_trace import both_sides_table

    lines = {"credits": run.tables.credits, **run.trace._asdict()} if run.trace else {}
    if as_json:
        typer.echo(savings_json(page_of(run), lines))
    elif trace:
        out_console.print(trace_table(run.tables.credits))
        if lines and run.tables.households.height == 1:
            out_console.print(both_sides_table(lines))
        else:
            out_console.print("Lines of B and C: ask for one household, or write all of them with --out.")
    else:
        out_console.print(savings_summary(page_of(run)))
