"""The command line of `lotwise`: demo, rebalance, explain, frontier, savings, transition, documents and others.

Exit status: 0 all well, 1 some households refused or failed, 2 nothing could be done, 130 interrupted.

A command loads what it needs when it is called: `lotwise --help` loads no compiler, and a run no form of the tax year.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

from lotwise import __version__
from lotwise.cli_documents import documents
from lotwise.cli_savings import savings
from lotwise.cli_session import (
    INTERRUPTED,
    AsOf,
    Folder,
    Only,
    Out,
    Threads,
    day_of,
    err_console,
    interruptible,
    out_console,
    reported,
    show_findings,
    watched,
)
from lotwise.cli_transition import transition
from lotwise.errors import Severity

if TYPE_CHECKING:
    from lotwise.nightly.run import RunReport, Watch

__all__ = ["app", "main"]


def _group_of(module: str, name: str) -> type[TyperGroup]:
    """Make a group of commands that are loaded, with their module, when one of them or their help is asked for."""

    class Late(TyperGroup):
        def _group(self) -> TyperGroup:
            with interruptible():
                group = typer.main.get_command(getattr(import_module(module), name))
            assert isinstance(group, TyperGroup)
            return group

        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's own
            return self._group().list_commands(ctx)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
            return self._group().get_command(ctx, cmd_name)

    return Late


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Tax-lot portfolio management for every household of an advisory firm.",
)
app.add_typer(
    typer.Typer(cls=_group_of("lotwise.cli_ledger", "ledger_app"), no_args_is_help=True),
    name="ledger",
    help="The exact record of a firm's lots: post transactions, list lots, gains and wash sales, reconcile, forms.",
)
app.add_typer(
    typer.Typer(cls=_group_of("lotwise.cli_bench", "bench_app"), no_args_is_help=True),
    name="bench",
    help="Measure this engine on this machine: speed, quality, hostile accounts, throughput, risk forecasts.",
)

app.add_typer(
    typer.Typer(cls=_group_of("lotwise.cli_lab", "lab_app"), no_args_is_help=True),
    name="lab",
    help="Claims of the field, each rerun by one command on a simulated or a real market.",
)


def _run(folder: Path, out: Path, watch: Watch, threads: int | None, **asked: Any) -> RunReport:  # noqa: ANN401
    """Run a folder by the settings of the machine, and by what else was `asked` of `run_folder`."""
    from lotwise.nightly.run import run_folder
    from lotwise.settings import read_settings

    settings = read_settings()
    formats = tuple(name for name, wanted in (("csv", settings.csv), ("parquet", settings.parquet)) if wanted)
    workers = settings.threads if threads is None else threads
    return run_folder(folder, out, threads=workers, formats=formats, watch=watch, **asked)


def _finish(report: RunReport, out: Path) -> None:
    """Show what a run did and leave with its exit status."""
    from lotwise.reports.summary import summary

    out_console.print(summary(report.run, out))
    count = len(report.proposals.outcomes.status)
    seconds = ", ".join(f"{name} {time:.1f}" for name, time in report.seconds.items())
    solve = report.seconds.get("solve", 0.0)
    rate = f" ({count / solve:,.0f} households/s)" if solve > 0 else ""
    out_console.print(f"[dim]seconds: {seconds}{rate}[/]")
    raise typer.Exit(report.exit_status)


@app.command(epilog="Example: lotwise demo --households 50 --out demo")
def demo(
    out: Out = Path("demo"),
    seed: Annotated[int, typer.Option(help="Seed of the simulated market and firm.")] = 1,
    households: Annotated[int, typer.Option(min=1, help="How many households.")] = 200,
    market: Annotated[Path | None, typer.Option(help="Folder of real market data to build the firm on.")] = None,
    history: Annotated[bool, typer.Option(help="Give it fifteen months under management, and a posted ledger.")] = True,
    threads: Threads = None,
) -> None:
    """Write a demo firm into OUT/firm, rebalance it, and write the results into OUT/results.

    One of its households is refused on purpose, so a demo of the usual size leaves with status 1.
    """
    with reported():
        from lotwise.lab.demo_firm import write_demo_firm
        from lotwise.nightly.run import decided_trades
        from lotwise.rebalancing.proposal import Status
        from lotwise.reports.summary import summary
        from lotwise.settings import read_settings

        read_settings()  # a wrong one is said before anything is written
        with watched() as watch:
            with watch.phase("demo"):
                decide = decided_trades if history else None
                write_demo_firm(out / "firm", seed=seed, households=households, market=market, decide=decide)
            report = _run(out / "firm", out / "results", watch, threads)
        out_console.print(summary(report.run, out / "results"))
        out_console.print(f"Open [bold]{out / 'results' / 'run.html'}[/] in a browser.")
        out_console.print(f"Next: lotwise explain {out / 'firm'} {report.firm.labels.households[0]}")
        if history:
            out_console.print(f"      lotwise savings {out / 'firm'}")
            out_console.print(f"      lotwise documents {out / 'firm'} --out {out / 'documents'}")
        # One household of the demo is refused on purpose; that is what it shows, not what went wrong.
        failed = (report.proposals.outcomes.status == Status.FAILED).any()
        raise typer.Exit(int(failed))


@app.command(epilog="Example: lotwise rebalance firm --out results --household H001 --household H002")
def rebalance(
    folder: Folder,
    out: Out = Path("results"),
    day: AsOf = None,
    household: Only = None,
    threads: Threads = None,
) -> None:
    """Read a firm folder and write certified lot-level trades, outcomes, findings and the page of the run."""
    with reported():
        with watched() as watch:
            report = _run(folder, out, watch, threads, as_of=day_of(day), households=household)
        _finish(report, out)


@app.command(epilog="Example: lotwise explain firm H001 AAPL")
def explain(
    folder: Folder,
    household: Annotated[str, typer.Argument(help="The household.", show_default=False)],
    symbol: Annotated[str | None, typer.Argument(help="Only this security.", show_default=False)] = None,
    day: AsOf = None,
) -> None:
    """Say for each trade, and each trade not made, what it saves, what it costs and what would change it."""
    with reported():
        from lotwise.nightly.run import household_row, prepared_firm
        from lotwise.rebalancing.explain import explain_netted
        from lotwise.reports.explanation import explanation

        with watched() as watch:
            # All of the firm, not the household alone: what a spouse's household trades bars things in this one.
            firm, _ = prepared_firm(folder, day_of(day), None, watch)
            row = household_row(household, firm.labels.households.tolist())
            with watch.phase("solve"):
                found = explain_netted(firm.book, firm.market, row)
        show_findings(tuple(f for f in firm.findings if f.household == household))
        out_console.print(explanation(found, firm.labels, firm.market_labels, symbol))


@app.command(epilog="Example: lotwise frontier firm --household H001 --out frontier.svg")
def frontier(
    folder: Folder,
    household: Annotated[str, typer.Option("--household", help="Whose.", show_default=False)],
    points: Annotated[int, typer.Option(min=3, max=1000, help="How many prices of tracking.")] = 50,
    day: AsOf = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every point as JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the picture (.svg) or every point (.csv) here.")
    ] = None,
    near: Annotated[
        float | None,
        typer.Option("--at", min=1e-6, help="Solve the point nearest to this price by its true tax, not the chosen."),
    ] = None,
) -> None:
    """Show how near its target a household can be, and what each step nearer costs in tax."""
    if out is not None and out.suffix.lower() not in (".svg", ".csv"):
        raise typer.BadParameter(f"must end in .svg or .csv, was {str(out)!r}", param_hint="--out")
    with reported():
        import json

        from lotwise.nightly.frontier import frontier_of
        from lotwise.reports.frontier import drawn_frontier, frontier_frame, frontier_json, frontier_table

        with watched() as watch:
            firm, drawn = frontier_of(folder, day_of(day), household, points, watch, near)
        show_findings(tuple(f for f in firm.findings if f.household == household))
        if isinstance(drawn, ValueError):
            raise drawn
        found = drawn[0]
        if out is not None:
            picture = out.suffix.lower() == ".svg"
            out.write_text(drawn_frontier(household, *drawn) if picture else frontier_frame(found).write_csv(), "utf-8")
        if as_json:
            sys.stdout.write(json.dumps(frontier_json(household, *drawn), indent=1) + "\n")
        else:
            out_console.print(frontier_table(household, *drawn))
            if out is not None:
                out_console.print(f"Written to {escape(str(out))}", highlight=False)


@app.command(epilog="Example: lotwise profile firm --household H001")
def profile(
    folder: Folder,
    household: Annotated[str | None, typer.Option("--household", help="Whose; default: the firm's own.")] = None,
    day: AsOf = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON instead of a table.")] = False,
) -> None:
    """Print every key of a policy with its value, its unit and the layer that says it, and the policy's version."""
    with reported():
        from lotwise.interchange.firm_folder.policy_of import firm_policy, household_policy
        from lotwise.reports.policy import policy_json, policy_table

        found = firm_policy(folder) if household is None else household_policy(folder, household, day_of(day))
        show_findings(tuple(f for f in found.findings if f.severity is Severity.ERROR))
        if found.profile is None:
            err_console.print("[bold red]its policy cannot be used[/] until the errors above are corrected")
            raise typer.Exit(1)
        if as_json:
            sys.stdout.write(policy_json(found.owner, found.profile))
        else:
            out_console.print(policy_table(found.owner, found.profile))


@app.command(epilog="Example: lotwise screens firm --household H001")
def screens(
    folder: Folder,
    household: Annotated[str | None, typer.Option("--household", help="Price each screen of this household.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every restriction, not screens alone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    day: AsOf = None,
) -> None:
    """List each household's screens and what they keep out of its model; for one household, what each costs."""
    with reported():
        import json

        from lotwise.nightly.screens import listed_screens, priced_screens
        from lotwise.reports.screens import screens_json, screens_table

        scope = "" if every else "screen"
        with watched() as watch:
            if household is None:
                firm, lines = listed_screens(folder, day_of(day), scope, watch)
            else:
                firm, lines = priced_screens(folder, day_of(day), household, scope, watch)
        about = ("restrictions", "screens")
        found = (f for f in firm.findings if f.file.startswith(about) or f.column == "industry")
        show_findings(tuple(found))
        if as_json:
            typer.echo(json.dumps(screens_json(lines, firm.market_labels.symbols), indent=1))
        else:
            out_console.print(screens_table(lines))


@app.command(epilog="Example: lotwise risk firm --save firm")
def risk(
    folder: Folder,
    save: Annotated[Path | None, typer.Option(help="Write the model into this folder as risk/*.csv.")] = None,
    day: AsOf = None,
) -> None:
    """Estimate (or check) the risk model of a firm folder and describe it."""
    with reported():
        from lotwise.nightly.run import prepared_firm

        with watched() as watch:
            firm, model = prepared_firm(folder, day_of(day), None, watch)
        show_findings(tuple(f for f in firm.findings if f.file.startswith(("risk", "(risk model)"))))
        table = Table(title=f"Risk model of {escape(firm.name)}, {model.as_of}", show_header=False)
        volatility = (model.specific + ((model.loadings() ** 2).sum(axis=1)) / 2) ** 0.5
        origins = ", ".join(f"{model.origin.count(o)} {o}" for o in sorted(set(model.origin)))
        table.add_row("Securities", f"{len(model.symbols):,} ({escape(origins)})")
        table.add_row("Factors", f"{len(model.factors)}")
        table.add_row("Volatility, median", f"{sorted(volatility)[len(volatility) // 2]:.1%} a year")
        table.add_row("Specific, median", f"{sorted(model.specific)[len(model.specific) // 2] ** 0.5:.1%} a year")
        out_console.print(table)
        if save:
            model.save(save)
            out_console.print(f"Written to {save / 'risk'}")


app.command(epilog="Example: lotwise savings firm --household H001 --trace")(savings)
app.command(epilog="Example: lotwise transition lots.csv --firm firm --model CORE --income 250000")(transition)
app.command(epilog="Example: lotwise documents firm --household H001 --out documents")(documents)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        out_console.print(f"lotwise {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; Ctrl-C wherever it comes is said in a line and leaves with 130."""
    try:
        app()
    except KeyboardInterrupt:
        err_console.print("interrupted: nothing was written")
        raise SystemExit(INTERRUPTED) from None


if __name__ == "__main__":
    main()
