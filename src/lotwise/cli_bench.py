"""The command line of the measurements: `lotwise bench TOPIC --size quick|full`.

Exit status: 0 all bars kept, 1 one was missed (the table says which), 2 nothing could be measured.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lotwise.bench.tables import MeasuredTable
from lotwise.cli_session import COMPILING
from lotwise.errors import LotwiseError
from lotwise.kernels import told_when_compiling

__all__ = ["bench_app"]

bench_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Measure this engine on this machine: speed, quality, hostile accounts, throughput, risk forecasts.",
)
_err = Console(stderr=True)
_MISSED, _NOTHING_MEASURED = 1, 2


class Size(StrEnum):
    """How much is measured."""

    QUICK = "quick"  # minutes
    FULL = "full"  # what the documentation shows


SizeOption = Annotated[Size, typer.Option("--size", help="How much to measure.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="The first account; the same seed, the same accounts.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Write the tables into this Markdown file, too.")]
YardstickOption = Annotated[
    Path | None,
    typer.Option(
        "--yardstick",
        help="A folder with workload.py, qpform.py and solvers.py: measure on its accounts.",
        exists=True,
        file_okay=False,
    ),
]
MarketOption = Annotated[
    Path | None,
    typer.Option(
        "--market", help="A folder of real prices, for the topics that need one.", exists=True, file_okay=False
    ),
]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked for on the command line, for the topics to take what they know."""

    size: Size
    seed: int = 0
    yardstick: Path | None = None
    market: Path | None = None


class CannotMeasureError(Exception):
    """A topic lacks something: the words say what, and what to do."""


class CannotWriteError(Exception):
    """The file of --out cannot be written: the words say why, and what to do."""


def _topic(module: str) -> Any:  # noqa: ANN401 - a module
    """Import what measures a topic; it may need libraries that a run does not."""
    try:
        return import_module(f"lotwise.bench.{module}")
    except ModuleNotFoundError as missing:
        if missing.name and missing.name.partition(".")[0] == "lotwise":
            raise
        raise CannotMeasureError(f"{missing.name} is not installed: pip install 'lotwise[bench]'") from missing


def _speed(chosen: Chosen, names: list[int] | None = None, seeds: int | None = None) -> Iterator[MeasuredTable]:
    quick = chosen.size is Size.QUICK
    sizes = names or ([100, 500] if quick else [100, 500, 1000, 3000])
    count, rounds = (3, 3) if quick else (5, 5)
    yield from _topic("speed").speed(sizes, seeds or count, rounds, chosen.yardstick)
    if not chosen.yardstick:
        yield from _topic("phases").phases(sizes, 1 if quick else 3)


def _quality(chosen: Chosen) -> Iterator[MeasuredTable]:
    accounts = {100: 200, 500: 50} if chosen.size is Size.QUICK else {100: 2_000, 500: 2_000}
    compared = {100: 20, 500: 5} if chosen.size is Size.QUICK else accounts
    yield from _topic("quality").quality(accounts, compared, chosen.seed, chosen.yardstick)


def _hostile(chosen: Chosen) -> Iterator[MeasuredTable]:
    each, mixed = (8, 500) if chosen.size is Size.QUICK else (170, 10_140)
    yield from _topic("hostility").hostility(each, mixed, chosen.seed)


def _household(chosen: Chosen) -> Iterator[MeasuredTable]:
    quick = chosen.size is Size.QUICK
    shapes = [(100, 4), (500, 4)] if quick else [(100, 4), (500, 2), (500, 4), (500, 8), (500, 12), (3000, 4)]
    households, each, mixed = (3, 2, 100) if quick else (5, 40, 3_080)
    yield from _topic("household_tables").household_tables(shapes, households, each, mixed, chosen.seed)
    yield _topic("household_quality").household_quality(5 if quick else 125, chosen.seed)
    yield _topic("household_quality").household_bounds(1 if quick else 50, chosen.seed)
    nights = [(2, 20), (4, 20)] if quick else [(2, 200), (4, 200), (6, 100), (8, 50), (12, 25)]
    yield _topic("household_nights").household_nights(nights, 1 if quick else 3, chosen.seed)


def _netting(chosen: Chosen) -> Iterator[MeasuredTable]:
    quick = chosen.size is Size.QUICK
    households, names, accounts, rounds = (60, [5], 50, 2) if quick else (500, [5, 7], 500, 3)
    yield from _topic("netting_quality").netting_quality(households, names, accounts, rounds, chosen.seed)


def _batch(chosen: Chosen) -> Iterable[MeasuredTable]:
    tables: Iterable[MeasuredTable] = _topic("batch").batch_tables(full=chosen.size is Size.FULL)
    return tables


def _process(chosen: Chosen, accounts: int | None = None, folder: Path | None = None) -> Iterable[MeasuredTable]:
    measure = _topic("whole_process").process_tables
    tables: Iterable[MeasuredTable] = measure(full=chosen.size is Size.FULL, accounts=accounts, folder=folder)
    return tables


def _risk(chosen: Chosen, first: int | None = None, last: int | None = None) -> Iterator[MeasuredTable]:
    if chosen.market is None:
        raise CannotMeasureError("it needs a folder of real prices: --market DIR")
    topic = _topic("risk_report")
    size = topic.QUICK if chosen.size is Size.QUICK else topic.FULL
    size = size._replace(first=first or size.first, last=last or size.last)
    months = 12 * (size.last - size.first + 1)
    try:
        with typer.progressbar(length=months, label="months", file=sys.stderr) as bar:
            tables = topic.measure_risk(chosen.market, size, lambda _known: bar.update(1))
    except LotwiseError as trouble:
        raise CannotMeasureError(str(trouble)) from trouble
    yield from tables


def _documents(chosen: Chosen) -> Iterable[MeasuredTable]:
    try:
        tables: Iterable[MeasuredTable] = list(
            _topic("documents").document_tables(20 if chosen.size is Size.QUICK else 100, chosen.seed)
        )
    except LotwiseError as trouble:
        raise CannotMeasureError(str(trouble)) from trouble
    return tables


# What `lotwise bench all` runs, in this order.
TOPICS: dict[str, Callable[[Chosen], Iterable[MeasuredTable]]] = {
    "speed": _speed,
    "quality": _quality,
    "hostile": _hostile,
    "household": _household,
    "netting": _netting,
    "batch": _batch,
    "process": _process,
    "risk": _risk,
    "documents": _documents,
}


class _Report:
    """Tables as they come: on the screen, in a file where one is named, and whether their bars were kept."""

    def __init__(self, out: Path | None = None) -> None:
        self._out = out
        self.shown = 0
        self.kept = True
        if out:
            self._try(out)

    def show(self, tables: Iterable[MeasuredTable]) -> None:
        """Show each table once it is measured, so that a long run that is interrupted leaves what it has."""
        for table in tables:
            typer.echo(table.markdown())
            if self._out:
                self._write(self._out, table)
            self.shown += 1
            self.kept &= not table.missed

    def _try(self, out: Path) -> None:
        """Fail now and not after hours, where the file cannot be written; whatever it holds stays."""
        with _written(out):
            there = out.exists()
            out.open("a", encoding="utf-8").close()
            if not there:
                out.unlink()

    def _write(self, out: Path, table: MeasuredTable) -> None:
        """Add a table; the first one takes the place of what an earlier run left."""
        with _written(out), out.open("a" if self.shown else "w", encoding="utf-8") as file:
            file.write(table.markdown() + "\n")

    @property
    def status(self) -> int:
        """Exit status of the command."""
        if not self.shown:
            return _NOTHING_MEASURED
        return 0 if self.kept else _MISSED


@contextmanager
def _written(out: Path) -> Iterator[None]:
    """Say in words why the file cannot be written."""
    try:
        yield
    except OSError as trouble:
        reason = trouble.strerror or str(trouble)
        raise CannotWriteError(
            f"--out must be a file that can be written, was {out} ({reason}): name one in a folder that exists, or "
            "leave --out away to see the tables alone"
        ) from trouble


@contextmanager
def _measuring() -> Iterator[None]:
    """Say when kernels are compiled; turn what stands in the way into words and exit status 2."""
    try:
        with told_when_compiling(_say_compiling):
            yield
    except (CannotMeasureError, CannotWriteError, FileNotFoundError) as trouble:
        _err.print(f"error: {trouble}", style="red", highlight=False, markup=False)
        raise typer.Exit(_NOTHING_MEASURED) from None


def _say_compiling() -> None:
    _err.print(COMPILING, highlight=False)


def _measure(tables: Callable[[], Iterable[MeasuredTable]], out: Path | None) -> None:
    with _measuring():
        report = _Report(out)
        report.show(tables())
    raise typer.Exit(report.status)


@bench_app.command("speed")
def speed_command(
    names: Annotated[list[int] | None, typer.Option("--names", min=2, help="Only this many names; repeatable.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="Accounts of each size.")] = None,
    yardstick: YardstickOption = None,
    size: SizeOption = Size.FULL,
    out: OutOption = None,
) -> None:
    """Time one account against two quadratic programs solved by PIQP, interleaved, and profile it by phase."""
    _measure(lambda: _speed(Chosen(size, yardstick=yardstick), names, seeds), out)


@bench_app.command("quality")
def quality_command(
    yardstick: YardstickOption = None, size: SizeOption = Size.FULL, seed: SeedOption = 0, out: OutOption = None
) -> None:
    """Compare the trades with their certified bound, and with what two programs of PIQP find."""
    _measure(lambda: _quality(Chosen(size, seed, yardstick)), out)


@bench_app.command("hostile")
def hostile_command(size: SizeOption = Size.FULL, seed: SeedOption = 0, out: OutOption = None) -> None:
    """Solve thousands of accounts with something wrong, and check every claim about each."""
    _measure(lambda: _hostile(Chosen(size, seed)), out)


@bench_app.command("household")
def household_command(size: SizeOption = Size.FULL, seed: SeedOption = 0, out: OutOption = None) -> None:
    """Time the joint solve of a household's accounts against general solvers, and check thousands of hostile ones."""
    _measure(lambda: _household(Chosen(size, seed)), out)


@bench_app.command("netting")
def netting_command(size: SizeOption = Size.FULL, seed: SeedOption = 0, out: OutOption = None) -> None:
    """Compare the true tax in the loop with the enumerated optimum of small households, and time it."""
    _measure(lambda: _netting(Chosen(size, seed)), out)


@bench_app.command("batch")
def batch_command(size: SizeOption = Size.FULL, out: OutOption = None) -> None:
    """Time the solve of many accounts from raw lots in memory, its growth, and one household by itself."""
    _measure(lambda: _batch(Chosen(size)), out)


@bench_app.command("process")
def process_command(
    accounts: Annotated[int | None, typer.Option("--accounts", min=1, help="Accounts of the firm.")] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="Make the firm here and keep it.")] = None,
    size: SizeOption = Size.FULL,
    out: OutOption = None,
) -> None:
    """Time `lotwise rebalance` of a large Parquet firm as a process: phases, memory, growth, cold start."""
    _measure(lambda: _process(Chosen(size), accounts, folder), out)


@bench_app.command("risk", epilog="Example: lotwise bench risk --market prices --size full")
def risk_command(
    market: MarketOption = None,
    first: Annotated[int | None, typer.Option("--first", help="First year; as --size says, if not given.")] = None,
    last: Annotated[int | None, typer.Option("--last", help="Last year.")] = None,
    size: SizeOption = Size.FULL,
    out: OutOption = None,
) -> None:
    """Judge risk forecasts out of sample: bias and QLIKE of random, tilted and optimised portfolios."""
    _measure(lambda: _risk(Chosen(size, market=market), first, last), out)


@bench_app.command("documents")
def documents_command(size: SizeOption = Size.FULL, seed: SeedOption = 0, out: OutOption = None) -> None:
    """Count how many client documents can be printed in a minute, by kind and size."""
    _measure(lambda: _documents(Chosen(size, seed)), out)


@bench_app.command("all")
def all_command(
    yardstick: YardstickOption = None,
    market: MarketOption = None,
    size: SizeOption = Size.FULL,
    seed: SeedOption = 0,
    out: OutOption = None,
) -> None:
    """Measure every topic; one that lacks its data or libraries is left out, and says so."""
    chosen = Chosen(size, seed, yardstick, market)
    with _measuring():
        report = _Report(out)
        for name, tables in TOPICS.items():
            try:
                report.show(tables(chosen))
            except (CannotMeasureError, FileNotFoundError) as trouble:
                _err.print(f"{name} is left out: {trouble}", highlight=False, markup=False)
    raise typer.Exit(report.status)
