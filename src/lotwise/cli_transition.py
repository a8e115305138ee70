"""`lotwise transition`: what moving a prospect in costs, from nothing but a file of lots."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from lotwise.cli_session import AsOf, day_of, out_console, reported, show_findings, watched
from lotwise.errors import Severity

__all__ = ["transition"]

_MOST = Decimal(10) ** 12  # dollars
_RATE = "Marginal rate as a fraction, instead of income; default: the firm's."


def transition(
    lots: Annotated[Path, typer.Argument(help="The prospect's lots: symbol, shares, basis, date.", show_default=False)],
    firm: Annotated[Path, typer.Option("--firm", help="Firm folder: its market and models.", show_default=False)],
    model: Annotated[str, typer.Option("--model", help="Model to move to.", show_default=False)],
    profile: Annotated[str, typer.Option("--profile", help="Named profile; default: the firm's own.")] = "",
    cash: Annotated[str, typer.Option("--cash", help="Dollars of cash beside the lots.")] = "0",
    short_rate: Annotated[str | None, typer.Option("--short-rate", help=f"Federal, short-term. {_RATE}")] = None,
    long_rate: Annotated[str | None, typer.Option("--long-rate", help=f"Federal, long-term. {_RATE}")] = None,
    state_rate: Annotated[str | None, typer.Option("--state-rate", help=f"State. {_RATE}")] = None,
    income: Annotated[str | None, typer.Option("--income", help="Ordinary taxable income, dollars.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Filing status, as in households.csv.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="State of residence, two letters.")] = None,
    assume_basis: Annotated[
        float, typer.Option(min=0, max=10, help="Part of value that stands for an unknown basis.")
    ] = 0.5,
    assume_date: Annotated[str, typer.Option(help="How long lots without a date were held: long or short.")] = "long",
    tax_budget: Annotated[
        list[str] | None, typer.Option("--tax-budget", help="Yearly budget of tax, dollars; may be repeated.")
    ] = None,
    horizon: Annotated[float, typer.Option(min=0.1, max=100, help="Years within which tax must be paid back.")] = 5.0,
    near: Annotated[
        float | None, typer.Option(min=0, help="Tracking error, percent, at which the move is complete.")
    ] = None,
    paths: Annotated[int, typer.Option(min=1, max=10_000, help="Simulated paths of prices.")] = 16,
    years: Annotated[int, typer.Option(min=1, max=100, help="Years that are simulated at most.")] = 10,
    drift: Annotated[float, typer.Option(min=-0.9, max=1, help="Growth of simulated prices a year.")] = 0.05,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 1,
    points: Annotated[int, typer.Option(min=3, max=1000, help="Points of the frontier.")] = 50,
    day: AsOf = None,
    threads: Annotated[int, typer.Option("--threads", min=0, help="Solver threads; 0 = one per core.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write JSON and tables into this folder.")] = None,
) -> None:
    """Show what moving in costs: do nothing, sell everything, and the best there is between; and how long it takes.

    The file may come as a custodian or a spreadsheet writes it. What is not certain is said, what is missing is asked
    for and assumed meanwhile.
    """
    with reported():
        from lotwise.interchange.prospect_file.as_firm import Prospect
        from lotwise.interchange.prospect_file.assuming import Assuming, Holding
        from lotwise.nightly.transition import Asked, transition_of, write_transition
        from lotwise.nightly.transition_years import Future
        from lotwise.reports.transition import transition_json, transition_summary

        if assume_date not in tuple(Holding):
            raise typer.BadParameter(f"must be long or short, was {assume_date!r}", param_hint="--assume-date")
        said = {
            "federal_short_rate": short_rate,
            "federal_long_rate": long_rate,
            "state_rate": state_rate,
            "ordinary_income": income,
            "filing_status": status,
            "state": state,
        }
        asked = Asked(
            Prospect(model, profile, _money(cash, "--cash"), {name: cell for name, cell in said.items() if cell}),
            day_of(day),
            Assuming(assume_basis, Holding(assume_date)),
            points,
            horizon,
            tuple(_money(each, "--tax-budget") for each in tax_budget or ()),
            Future(paths, years, seed, drift, None if near is None else near / 100),
            threads,
        )
        with watched() as watch:
            found = transition_of(lots, firm, asked, watch)
        show_findings(tuple(sorted(found.findings, key=lambda finding: list(Severity).index(finding.severity))))
        if out is not None:
            write_transition(out, found)
        if as_json:
            typer.echo(transition_json(found), nl=False)
        else:
            out_console.print(transition_summary(found))
            if out is not None:
                out_console.print(f"Written to {escape(str(out))}", highlight=False)


def _money(text: str, option: str) -> int:
    """Dollars of an option as money."""
    try:
        amount = Decimal(text.replace(",", "").replace("$", "").strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) > _MOST:
        raise typer.BadParameter(f"must be dollars, was {text!r}", param_hint=option)
    return round(amount * 10_000)
