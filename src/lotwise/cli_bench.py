"""The command line of the measurements: `lotwise bench TOPIC --size quick|full`.

Exit status: 0 all bars kept, 1 one was missed (the table says which), 2 nothing could be measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from lotwise.bench.tables import MeasuredTable

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
