"""`lotwise savings`: what was saved in tax, against an ordinary rule and against the fee."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lotwise.cli_session import AsOf, Folder, Only, day_of, err_console, out_console, reported, show_findings, watched
from lotwise.savings.shadow_rule import Order, Schedule

__all__ = ["savings"]


def savings(
    folder: Folder,
    household: Only = None,
    day: AsOf = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Tell from this day on (YYYY-MM-DD); default: the first of the record."),
    ] = None,
    schedule: Annotated[Schedule, typer.Option(help="How often the ordinary rule rebalances.")] = Schedule.YEARLY,
    month: Annotated[int, typer.Option(min=1, max=12, help="Month at whose end a yearly one does.")] = 12,
    band: Annotated[float, typer.Option(min=0, max=1, help="Part of its target within which a name stays.")] = 0.0,
    relief: Annotated[Order, typer.Option(help="Which lots it sells first.")] = Order.FIFO,
    trace: Annotated[bool, typer.Option("--trace", help="Show every credit, lot by lot and day by day.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the page of the firm and all tables into this folder.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", help="Hold what --out wrote into this folder against the figures of now.")
    ] = None,
) -> None:
    """Say what was saved in tax: by the rule of thumb, against a shadow ledger, and at present value.

    Needs a posted ledger: what happened is told from it alone. Every figure is recomputed from the record each time.
    --out writes a page for the whole firm, and tables. Leaves with status 1 where the data of a household has errors:
    that one gets no figures, all others do.
    """
    with reported():
        from lotwise.nightly.savings import compare_savings, page_of, told_savings, write_savings
        from lotwise.reports.savings import comparison_words, savings_json, savings_summary, trace_table
        from lotwise.savings.shadow_rule import ShadowRule

        rule = ShadowRule(schedule, month, band, relief=relief)
        with watched() as watch:
            run = told_savings(
                folder, day_of(day), household or [], rule, since=day_of(since), traced=trace, watch=watch
            )
        show_findings(tuple(each for each in run.firm.findings if each.household in (household or ())))
        page = write_savings(out, run) if out is not None else None
        if check is not None:
            found = compare_savings(check, run)
            words = comparison_words(found.changed_households, found.changed_inputs, found.changed_settings)
            out_console.print(words, highlight=False)
            raise typer.Exit(int(not found.is_same))
        if as_json:
            typer.echo(savings_json(page_of(run)))
        elif trace:
            out_console.print(trace_table(run.tables.credits))
        else:
            out_console.print(savings_summary(page_of(run)))
        if page is not None:
            (err_console if as_json else out_console).print(
                f"page: {page}", highlight=False, markup=False, soft_wrap=True
            )
        if run.without_sound_data:
            raise typer.Exit(1)
