"""The command line of the lab: `lotwise lab list | run NAME | report`.

Exit status: 0 all well (whatever the verdict), 2 nothing could be done, 130 interrupted: what was lived until the last
checkpoint is kept, and the same command goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from lotwise.cli_session import INTERRUPTED, err_console, out_console, reported, require_folder
from lotwise.errors import UnknownNameError

if TYPE_CHECKING:
    from lotwise.lab.experiments.protocol import Experiment
    from lotwise.lab.experiments.running import OnDone, OnPhase, Ran

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
        page = write_report(out, EXPERIMENTS.values())
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
        from lotwise.lab.experiments import EXPERIMENTS
        from lotwise.lab.experiments.running import write_report

        page = write_report(out, EXPERIMENTS.values(), pdf=pdf)
        out_console.print(f"page: {page}", highlight=False, markup=False, soft_wrap=True)


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

            said = "compiling the kernels (once, two to four minutes)"
            with told_when_compiling(lambda: progress.console.print(said)):
                yield on_phase, lambda done: progress.advance(task, done)
    except KeyboardInterrupt as error:
        err_console.print("interrupted: the same command goes on from the last checkpoint")
        raise typer.Exit(INTERRUPTED) from error
