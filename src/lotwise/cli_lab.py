"""The command line of the lab: `lotwise lab list | run NAME | report | calibrate | household FOLDER H`.

Exit status: 0 all well (whatever the verdict), 2 nothing could be done, 130 interrupted: what was lived until the last
checkpoint is kept, and the same command goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from lotwise.cli_session import (
    COMPILING,
    INTERRUPTED,
    AsOf,
    Folder,
    day_of,
    err_console,
    out_console,
    reported,
    require_folder,
)
from lotwise.errors import UnknownNameError

if TYPE_CHECKING:
    from lotwise.lab.experiments.protocol import Experiment
    from lotwise.lab.experiments.running import OnDone, OnPhase, Ran
    from lotwise.reports.future_page import FuturePage

__all__ = ["lab_app"]

lab_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Claims of the field, each rerun by one command on a simulated or a real market.",
)
_ALL = "all"

OutOption = Annotated[Path, typer.Option("--out", help="Folder of results, one folder an experiment.")]


@lab_app.command("list")
def list_experiments() -> None:
    """List the experiments, with what was published."""
    from lotwise.lab.experiments import EXPERIMENTS

    table = Table("experiment", "published", "source", show_lines=True)
    for each in EXPERIMENTS.values():
        table.add_row(each.name, each.claim, each.source)
    out_console.print(table)


@lab_app.command("run", epilog="Example: lotwise lab run harvest-frequency --out lab")
def run(
    name: Annotated[str, typer.Argument(help="An experiment of `lotwise lab list`, or all.", show_default=False)],
    market: Annotated[
        Path | None, typer.Option("--market", help="Folder of real market data; none: simulated.")
    ] = None,
    full: Annotated[bool, typer.Option("--full/--quick", help="Everything, or a look that takes minutes.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the simulated market and of the accounts.")] = 1,
    out: OutOption = Path("lab"),
) -> None:
    """Run an experiment, or all of them, and write what came out into OUT/NAME, and the page of all into OUT.

    What was interrupted goes on from its last checkpoint when the same command is given again.
    """
    with reported():
        from lotwise.interchange.atomic import require_no_firm
        from lotwise.lab.experiments import EXPERIMENTS
        from lotwise.lab.experiments.markets import market_for
        from lotwise.lab.experiments.protocol import Size
        from lotwise.lab.experiments.running import Asked, run_experiment, write_report

        chosen = _chosen(name, EXPERIMENTS)
        require_folder(out, "--out")
        require_no_firm(out)
        asked = Asked(out, Size.FULL if full else Size.QUICK, market, seed)
        panel = market_for(market, asked.size, seed)
        for each in chosen:
            with _progress() as (on_phase, on_done):
                ran = run_experiment(each, asked, panel, on_phase, on_done)
            _show(ran)
        page = write_report(out, _all_experiments())
        out_console.print(f"page: {page}", highlight=False, markup=False, soft_wrap=True)


@lab_app.command("report", epilog="Example: lotwise lab report --out lab")
def report(
    out: OutOption = Path("lab"),
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Write report.pdf beside the page; needs lotwise[documents].")
    ] = False,
) -> None:
    """Write the page of all experiments whose results lie in OUT."""
    with reported():
        from lotwise.lab.experiments.running import write_report

        page = write_report(out, _all_experiments(), pdf=pdf)
        out_console.print(f"page: {page}", highlight=False, markup=False, soft_wrap=True)


@lab_app.command(
    "household", epilog="Example: lotwise lab household demo H0001 --years 10 --alternative 'risk_price_bps = 10'"
)
def household(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="HOUSEHOLD", help="One of the folder's.", show_default=False)],
    years: Annotated[int, typer.Option(help="Years to live on, to the end of the calendar year.")] = 10,
    paths: Annotated[int, typer.Option(help="Simulated paths of prices, minutes each.")] = 4,
    alternative: Annotated[
        list[str] | None,
        typer.Option(help="Keys of a profile that come last, as harvest = 'any'; looks says how often; repeatable."),
    ] = None,
    growth: Annotated[float, typer.Option(help="Expected return of every security, a year.")] = 0.07,
    seed: Annotated[int, typer.Option(help="Seed of the paths.")] = 1,
    as_of: AsOf = None,
    out: OutOption = Path("lab"),
) -> None:
    """Live a household of a firm folder on: under its own profile, an ordinary rule and alternatives.

    Writes a page and every path's figures into OUT/household-HOUSEHOLD. What was interrupted goes on from its last
    checkpoint when the same command is given again.
    """
    with reported():
        from lotwise.interchange.atomic import require_no_firm
        from lotwise.lab.future.living import futures_of
        from lotwise.lab.future.prices import Future
        from lotwise.lab.future.telling import folder_of, page_of, write_futures
        from lotwise.nightly.run import prepared_firm

        asked = Future(years, paths, growth, seed)
        require_folder(out, "--out")
        require_no_firm(out)
        firm, _ = prepared_firm(folder, day_of(as_of), [name])
        place = folder_of(out, name)
        with _progress() as (on_phase, on_done):

            def on_path(words: str, days: int) -> OnDone:
                on_phase(words, days)
                return on_done

            futures = futures_of(firm, name, asked, alternative or (), place / "checkpoints", on_path)
        _show_future(page_of(futures))
        page = write_futures(futures, place)
        out_console.print(f"page: {page}", highlight=False, markup=False, soft_wrap=True)


@lab_app.command("calibrate", epilog="Example: lotwise lab calibrate --market prices --full")
def calibrate(
    market: Annotated[
        Path | None, typer.Option("--market", help="Folder of real market data; none: simulated.")
    ] = None,
    full: Annotated[bool, typer.Option("--full/--quick", help="Everything, or a look that takes minutes.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the simulated market.")] = 1,
    out: OutOption = Path("lab"),
) -> None:
    """Choose every setting of the default profile on one half of history, and show it on the other.

    Changes no default. Writes what came out into OUT/calibrate, and the page of all results into OUT.
    """
    with reported():
        from lotwise.interchange.atomic import require_no_firm
        from lotwise.lab.calibration.calibrating import CALIBRATION, YEARS
        from lotwise.lab.experiments.markets import market_for
        from lotwise.lab.experiments.protocol import Size
        from lotwise.lab.experiments.running import Asked, run_experiment, write_report

        require_folder(out, "--out")
        require_no_firm(out)
        asked = Asked(out, Size.FULL if full else Size.QUICK, market, seed)
        panel = market_for(market, asked.size, seed, YEARS[int(full)])
        with _progress() as (on_phase, on_done):
            ran = run_experiment(CALIBRATION, asked, panel, on_phase, on_done)
        _show(ran)
        page = write_report(out, _all_experiments())
        out_console.print(f"page: {page}", highlight=False, markup=False, soft_wrap=True)


def _all_experiments() -> list[Experiment]:
    """Every experiment that a report can have: the claims, and the calibration."""
    from lotwise.lab.calibration.calibrating import CALIBRATION
    from lotwise.lab.experiments import EXPERIMENTS

    return [*EXPERIMENTS.values(), CALIBRATION]


def _show_future(page: FuturePage) -> None:
    """Print what became of a household."""
    from lotwise.reports.future_page import COLUMNS, IN_SHORT, cells, in_short

    out_console.print(in_short(page), highlight=False, markup=False)
    table = Table(title="Above the ordinary rule on the same path: medians")
    for column in IN_SHORT:
        table.add_column(COLUMNS[column], justify="right" if column else "left", no_wrap=False)
    for row in cells(page):
        table.add_row(*(escape(row[column]) for column in IN_SHORT))
    out_console.print(table)
    for each in page.left_out:
        out_console.print(f"left out: {each}", highlight=False, markup=False)


def _chosen(name: str, experiments: dict[str, Experiment]) -> list[Experiment]:
    """Experiments of a name; raises UnknownNameError, with the nearest that is, for one that is not there."""
    from lotwise.households.toml_values import closest

    if name == _ALL:
        return list(experiments.values())
    if name not in experiments:
        hint = closest(name, [*experiments, _ALL])
        raise UnknownNameError(f"NAME must be all or one of {', '.join(experiments)}, was {name!r}. {hint}".rstrip())
    return [experiments[name]]


def _show(ran: Ran) -> None:
    """Print what came out."""
    out_console.print(f"[bold]{ran.experiment.title}[/]: [bold]{ran.finding.verdict}[/]")
    out_console.print(ran.finding.because, highlight=False, markup=False)
    for each in ran.finding.tables:
        table = Table(*each.columns, title=each.title)
        for row in each.rows:
            table.add_row(*row)
        out_console.print(table)
    if not ran.account_years:
        out_console.print(f"[dim]{ran.seconds:,.0f} s[/]", highlight=False)
        return
    rate = ran.account_years / ran.seconds if ran.seconds else 0.0
    out_console.print(
        f"[dim]{ran.account_years:,.0f} account-years in {ran.seconds:,.0f} s: {rate:,.1f} a second[/]", highlight=False
    )


@contextmanager
def _progress() -> Iterator[tuple[OnPhase, OnDone]]:
    """Show a bar for the days of a replay."""
    from lotwise.kernels import told_when_compiling

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, console=err_console, transient=True) as progress:
            task = progress.add_task("", total=None)

            def on_phase(name: str, total: int) -> None:
                progress.reset(task, description=name, total=total or None)

            said = COMPILING
            with told_when_compiling(lambda: progress.console.print(said)):
                yield on_phase, lambda done: progress.advance(task, done)
    except KeyboardInterrupt as error:
        err_console.print("interrupted: the same command goes on from the last checkpoint")
        raise typer.Exit(INTERRUPTED) from error
