"""`lotwise transition`: what moving a prospect in costs, from nothing but a file of lots."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from lotwise.cli_session import AsOf, day_of, err_console, out_console, reported, require_folder, show_findings, watched
from lotwise.errors import Severity

if TYPE_CHECKING:
    from lotwise.prospects.transition import Transition

__all__ = ["transition"]

_MOST = Decimal(10) ** 12  # dollars
_RATE = "Marginal rate as a fraction, instead of income; default: the firm's."

Lots = Annotated[Path, typer.Argument(help="The prospect's lots: symbol, shares, basis, date.", show_default=False)]
FirmFolder = Annotated[Path, typer.Option("--firm", help="Firm folder: its market and models.", show_default=False)]
ToModel = Annotated[str, typer.Option("--model", help="Model to move to.", show_default=False)]
Profile = Annotated[str, typer.Option("--profile", help="Named profile; default: the firm's own.")]
Cash = Annotated[str, typer.Option("--cash", help="Dollars of cash beside the lots.")]
ShortRate = Annotated[str | None, typer.Option("--short-rate", help=f"Federal, short-term. {_RATE}")]
LongRate = Annotated[str | None, typer.Option("--long-rate", help=f"Federal, long-term. {_RATE}")]
StateRate = Annotated[str | None, typer.Option("--state-rate", help=f"State. {_RATE}")]
Income = Annotated[str | None, typer.Option("--income", help="Ordinary taxable income, dollars.")]
Status = Annotated[str | None, typer.Option("--status", help="Filing status, as in households.csv.")]
State = Annotated[str | None, typer.Option("--state", help="State of residence, two letters.")]
AssumeBasis = Annotated[float, typer.Option(min=0, max=10, help="Part of value that stands for an unknown basis.")]
AssumeDate = Annotated[str, typer.Option(help="How long lots without a date were held: long or short.")]
Budgets = Annotated[list[str] | None, typer.Option("--tax-budget", help="Dollars of tax a year; may be repeated.")]
Horizon = Annotated[float, typer.Option(min=0.1, max=100, help="Years within which tax must be paid back.")]
Near = Annotated[float | None, typer.Option(min=0, help="Tracking error, percent, at which the move is complete.")]
Paths = Annotated[int, typer.Option(min=1, max=10_000, help="Simulated paths of prices.")]
Years = Annotated[int, typer.Option(min=1, max=100, help="Years that are simulated at most.")]
Drift = Annotated[float, typer.Option(min=-0.9, max=1, help="Growth of simulated prices a year.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the simulation.")]
Points = Annotated[int, typer.Option(min=3, max=1000, help="Points of the frontier.")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="Solver threads; 0 = one per core.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]
OutFolder = Annotated[
    Path | None, typer.Option("--out", help="Write the proposal (PDF, HTML), JSON and tables into this folder.")
]
Formats = Annotated[
    str | None, typer.Option("--format", help="Of the proposal: pdf, html, with commas; default: both.")
]
Called = Annotated[str, typer.Option("--name", help="What the proposal calls the prospect; default: as the file.")]


def transition(
    lots: Lots,
    firm: FirmFolder,
    model: ToModel,
    profile: Profile = "",
    cash: Cash = "0",
    short_rate: ShortRate = None,
    long_rate: LongRate = None,
    state_rate: StateRate = None,
    income: Income = None,
    status: Status = None,
    state: State = None,
    assume_basis: AssumeBasis = 0.5,
    assume_date: AssumeDate = "long",
    tax_budget: Budgets = None,
    horizon: Horizon = 5.0,
    near: Near = None,
    paths: Paths = 50,
    years: Years = 10,
    drift: Drift = 0.05,
    seed: Seed = 1,
    points: Points = 50,
    day: AsOf = None,
    threads: Threads = 0,
    as_json: AsJson = False,
    out: OutFolder = None,
    formats: Formats = None,
    name: Called = "",
) -> None:
    """Show what moving in costs: do nothing, sell everything, and the best there is between; and how long it takes.

    The file may come as a custodian or a spreadsheet writes it. What is not certain is said, what is missing is asked
    for and assumed meanwhile.
    """
    with reported():
        from lotwise.interchange.prospect_file.as_firm import Prospect
        from lotwise.interchange.prospect_file.assuming import Assuming, Holding
        from lotwise.nightly.transition import Asked, transition_of
        from lotwise.nightly.transition_years import Future

        require_folder(out, "--out")
        wanted = _formats(formats) if out else ()

        if assume_date not in tuple(Holding):
            raise typer.BadParameter(f"must be long or short, was {assume_date!r}", param_hint="--assume-date")
        tax = _tax(short_rate, long_rate, state_rate, income, status, state)
        prospect = Prospect(model, profile, _money(cash, "--cash"), tax)
        assuming = Assuming(assume_basis, Holding(assume_date))
        budgets = tuple(_money(each, "--tax-budget") for each in tax_budget or ())
        future = Future(paths, years, seed, drift, None if near is None else near / 100)
        asked = Asked(prospect, day_of(day), assuming, points, horizon, budgets, future, threads)
        with watched() as watch:
            found = transition_of(lots, firm, asked, watch)
        if out is not None:
            _write(found, firm, out, wanted, name)
        _show(found, as_json, out)


def _tax(*cells: str | None) -> dict[str, str]:
    """What options say of a prospect's taxes, by column of households.csv."""
    columns = ("federal_short_rate", "federal_long_rate", "state_rate", "ordinary_income", "filing_status", "state")
    return {column: cell for column, cell in zip(columns, cells, strict=True) if cell}


def _formats(asked: str | None) -> tuple[str, ...]:
    """The formats of the proposal. PDF that was asked for and cannot be had is said before anything is solved."""
    from lotwise.nightly.transition_document import FORMATS
    from lotwise.reports.documents.pdf import PressError, require_typst

    words = FORMATS if asked is None else tuple(word.strip() for word in asked.split(",") if word.strip())
    for word in words:
        if word not in FORMATS:
            raise typer.BadParameter(f"must be of {', '.join(FORMATS)}, was {word!r}", param_hint="--format")
    if "pdf" in words:
        try:
            require_typst()
        except PressError as error:
            if asked is not None:
                raise
            err_console.print(f"  no proposal.pdf: {error}", markup=False, highlight=False)
            return tuple(word for word in words if word != "pdf")
    return words


def _write(found: Transition, firm: Path, out: Path, formats: tuple[str, ...], name: str) -> None:
    """Write the proposal in the firm's look, JSON and tables."""
    from lotwise.nightly.transition_document import proposal_files, theme_of
    from lotwise.nightly.transition_writing import write_transition

    theme, wrong = theme_of(firm, found.firm, formats)
    show_findings(wrong)
    write_transition(out, found, proposal_files(found, theme, formats, name))


def _show(found: Transition, as_json: bool, out: Path | None) -> None:
    """Print what was found."""
    from lotwise.reports.transition import transition_summary
    from lotwise.reports.transition_tables import transition_json

    show_findings(tuple(sorted(found.findings, key=lambda finding: list(Severity).index(finding.severity))))
    if as_json:
        typer.echo(transition_json(found), nl=False)
        return
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
