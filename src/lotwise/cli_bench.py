"""The command line of the measurements: `lotwise bench TOPIC --size quick|full`.

Exit status: 0 all bars kept, 1 one was missed (the table says which), 2 nothing could be measured.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lotwise.bench.risk_report import FULL, QUICK, measure_risk
from lotwise.bench.tables import MeasuredTable
from lotwise.errors import LotwiseError

__all__ = ["bench_app"]

bench_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Measure this engine on this machine: speed, quality, hostile accounts, throughput, risk forecasts.",
)


class Size(StrEnum):
    """How much is measured."""

    QUICK = "quick"  # minutes
    FULL = "full"  # what the documentation shows


SizeOption = Annotated[Size, typer.Option("--size", help="How much to measure.")]


def _show(tables: Iterable[MeasuredTable]) -> None:
    for table in tables:
        typer.echo(table.markdown())


@bench_app.command(epilog="Example: lotwise bench risk --market prices --size full")
def risk(
    market: Annotated[Path, typer.Option("--market", help="Folder of prices, etfs, membership and dollar volumes.")],
    size: SizeOption = Size.QUICK,
    first: Annotated[int | None, typer.Option("--first", help="First year.", show_default="2012; quick 2018")] = None,
    last: Annotated[int | None, typer.Option("--last", help="Last year.", show_default="2025; quick 2020")] = None,
) -> None:
    """Judge risk forecasts out of sample: bias and QLIKE of random, tilted and optimised portfolios."""
    chosen = FULL if size is Size.FULL else QUICK
    chosen = chosen._replace(first=first or chosen.first, last=last or chosen.last)
    try:
        with typer.progressbar(length=12 * (chosen.last - chosen.first + 1), label="months", file=sys.stderr) as bar:
            measured = measure_risk(market, chosen, lambda _known: bar.update(1))
    except LotwiseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    _show(measured.tables)
    if size is Size.FULL and not measured.kept:
        typer.echo(f"missed: the mean bias of optimised portfolios is {measured.optimised:.2f}", err=True)
        raise typer.Exit(1)
