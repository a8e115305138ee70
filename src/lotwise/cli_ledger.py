"""The command line of the ledger: `lotwise ledger open | post | lots | gains | washes | reconcile | form8949`.

Exit status: 0 all well, 1 some rows were refused or some lots are broken, 2 nothing could be done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lotwise import __version__
from lotwise.dates import from_day_number
from lotwise.errors import Finding, FolderError, LotwiseError, Severity
from lotwise.interchange.atomic import write_whole
from lotwise.interchange.ledger_files.custodian_lots import compare_lots
from lotwise.interchange.ledger_files.open_windows import list_windows
from lotwise.interchange.ledger_files.posting import OpenLedger, PostReport, open_from_lots, open_ledger, post_files
from lotwise.ledger.reconciliation import Outcome
from lotwise.money import format_money
from lotwise.storage.listings import chosen_accounts, list_lots, list_realized, list_washes
from lotwise.tax.broker_statement import as_reported
from lotwise.tax.form_files import form_8949_csv
from lotwise.tax.forms import form_lines
from lotwise.tax.gains import Totals, gains, taxable_rows
from lotwise.tax.txf import txf

__all__ = ["ledger_app"]

ledger_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="The exact record of a firm's lots: post transactions, list lots, gains and wash sales, reconcile, forms.",
)
_out = Console()
_err = Console(stderr=True)
_NOTHING_DONE = 2
_MOST_SHOWN = 40  # rows of a table on the terminal: all of them with --csv
# Columns that a terminal has room for; CSV has all of them.
_LOTS = ("account_id", "lot_id", "symbol", "shares", "acquired", "basis", "acquisition")
_GAINS = ("account_id", "symbol", "shares", "acquired", "sold", "gain", "disallowed", "recognised", "term")
_WASHES = ("sale_date", "sale_account", "sale_symbol", "shares", "disallowed", "purchase_account", "becomes")
_NUMBERS = ("shares", "basis", "proceeds", "gain", "disallowed", "gone_for_ever", "recognised")

Folder = Annotated[Path, typer.Argument(help="The firm folder.", show_default=False)]
Household = Annotated[str | None, typer.Option("--household", help="Only this household.")]
Account = Annotated[str | None, typer.Option("--account", help="Only this account.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Write all rows as CSV to the standard output.")]
Year = Annotated[int, typer.Option("--year", min=1970, max=2199, help="The calendar year.", show_default=False)]


@contextmanager
def _reported() -> Iterator[None]:
    """Turn what ends a command into words and an exit status."""
    try:
        yield
    except (LotwiseError, OSError, ValueError) as error:
        if isinstance(error, FolderError):
            _show_findings(tuple(each for each in error.findings if str(each) not in str(error)))
        _err.print(f"[bold red]nothing could be done:[/] {escape(str(error))}", highlight=False)
        raise typer.Exit(_NOTHING_DONE) from error


def _show_findings(findings: tuple[Finding, ...], most: int = 20) -> None:
    """Show findings, the worst first."""
    worst_first = sorted(findings, key=lambda finding: list(Severity).index(finding.severity))
    for finding in worst_first[:most]:
        _err.print(f"  {finding.severity}: {finding}", markup=False, highlight=False)
    if len(findings) > most:
        _err.print(f"  and {len(findings) - most} more")


def _opened(folder: Path) -> OpenLedger:
    opened = open_ledger(folder)
    _show_findings(opened.findings)
    return opened


def _day(opened: OpenLedger) -> int:
    """Day of the ledger: the firm's, or the last on which anything was posted."""
    last_day = opened.ledger.standing().last_day
    latest = int(last_day.max()) if last_day.size else 0
    return latest if opened.policy.as_of is None else opened.policy.as_of


def _show(title: str, frame: pl.DataFrame, columns: tuple[str, ...] = (), *, as_csv: bool = False) -> None:
    """Show a table: the first rows and chosen columns for people, or all of it as CSV."""
    if as_csv:
        typer.echo(frame.write_csv(), nl=False)
        return
    more = f" (the first {_MOST_SHOWN} of {frame.height:,}; --csv has all)" if frame.height > _MOST_SHOWN else ""
    caption = None if frame.height else "none"
    table = Table(title=f"{escape(title)}{more}", caption=caption, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown = frame.select(columns or frame.columns).head(_MOST_SHOWN)
    for name in shown.columns:
        table.add_column(name.replace("_", " "), justify="right" if name in _NUMBERS else "left")
    for row in shown.iter_rows():
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    _out.print(table)


def _finish(report: PostReport) -> None:
    _show_findings(report.findings)
    table = Table(title="Posted", show_header=False)
    table.add_row("posted", f"{report.posted:,}")
    table.add_row("from corporate actions", f"{report.actions:,}")
    table.add_row("posted before", f"{report.duplicates:,}")
    table.add_row("refused", f"{report.refused:,}")
    _out.print(table)
    raise typer.Exit(report.exit_status)


@ledger_app.command("open", epilog="Example: lotwise ledger open firm")
def open_(folder: Folder) -> None:
    """Begin a ledger with the lots of lots.csv as of the day of firm.toml, and the sales whose basis is stated."""
    with _reported():
        report = open_from_lots(folder)
    _finish(report)


@ledger_app.command(epilog="Example: lotwise ledger post firm downloads/2026-11-20.csv")
def post(
    folder: Folder,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files like transactions.csv; default: the folder's own.")
    ] = None,
    backdated: Annotated[
        bool, typer.Option("--backdated", help="Post rows dated before what was posted: their taxpayers fold again.")
    ] = False,
) -> None:
    """Post transactions, and the corporate actions whose day has come; what was posted before is not posted again."""
    with _reported():
        report = post_files(folder, files or (), backdated=backdated)
    _finish(report)


@ledger_app.command(epilog="Example: lotwise ledger lots firm --household H001 --csv > lots.csv")
def lots(folder: Folder, household: Household = None, account: Account = None, as_csv: AsCsv = False) -> None:
    """List the open lots, in the columns of lots.csv."""
    with _reported():
        ledger = _opened(folder).ledger
        _show("Open lots", list_lots(ledger, chosen_accounts(ledger, household, account)), _LOTS, as_csv=as_csv)


@ledger_app.command("gains", epilog="Example: lotwise ledger gains firm --year 2026")
def gains_(
    folder: Folder, year: Year, household: Household = None, account: Account = None, as_csv: AsCsv = False
) -> None:
    """Report the gains that taxable accounts realised in a year, lot by lot and in totals."""
    with _reported():
        ledger = _opened(folder).ledger
        chosen = chosen_accounts(ledger, household, account)
        state = ledger.standing().state
        own = state._replace(realized=state.realized[chosen[state.realized["account"]]])
        found = gains(own, ledger.world().accounts, year)
        _show(f"Realised gains of {year}", list_realized(ledger, found.rows), _GAINS, as_csv=as_csv)
        if not as_csv:
            _out.print(_totals({"short": found.short, "long": found.long}))


def _totals(totals: dict[str, Totals]) -> Table:
    table = Table(title="Totals", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("term", "proceeds", "basis", "gain", "disallowed", "gone for ever", "recognised"):
        table.add_column(name, justify="right")
    for term, total in totals.items():
        amounts = (total.proceeds, total.basis, total.gain, total.disallowed, total.permanent, total.recognised)
        table.add_row(term, *(format_money(amount) for amount in amounts))
    return table


@ledger_app.command(epilog="Example: lotwise ledger washes firm --household H001")
def washes(
    folder: Folder,
    household: Household = None,
    account: Account = None,
    windows: Annotated[bool, typer.Option("--windows", help="Only the windows that are open.")] = False,
    as_csv: AsCsv = False,
) -> None:
    """List wash sales, and the windows that are open: what may not be bought, which losses would not count."""
    with _reported():
        opened = _opened(folder)
        ledger = opened.ledger
        chosen = chosen_accounts(ledger, household, account)
        if not windows:
            _show("Wash sales", list_washes(ledger, chosen), _WASHES, as_csv=as_csv)
        if windows or not as_csv:
            day = _day(opened)
            title = f"Windows open on {from_day_number(day)} (--windows)"
            _show(title, list_windows(ledger, day, chosen), as_csv=as_csv)


@ledger_app.command(epilog="Example: lotwise ledger reconcile firm custodian-lots.csv --mend mending.csv")
def reconcile(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="The custodian's lots, in columns of lots.csv.", show_default=False)],
    mend: Annotated[Path | None, typer.Option("--mend", help="Write the transactions that would mend here.")] = None,
) -> None:
    """Compare the ledger's lots with a custodian's: matched, explained, broken; what would mend it can be posted."""
    with _reported():
        opened = _opened(folder)
        found = compare_lots(opened.ledger, file, _day(opened))
        _show_findings(found.findings)
        for outcome in (Outcome.EXPLAINED, Outcome.BROKEN):
            said = found.said(outcome)
            for line in said[:_MOST_SHOWN]:
                _out.print(f"{outcome.name.lower()}: {line}", markup=False, highlight=False)
            if len(said) > _MOST_SHOWN:
                _out.print(f"and {len(said) - _MOST_SHOWN:,} more {outcome.name.lower()}")
        counts = ", ".join(f"{found.count(outcome):,} {outcome.name.lower()}" for outcome in Outcome)
        _out.print(counts)
        if mend:
            write_whole(mend, found.mending())
            _out.print(f"Written to {mend}: look at it, then post it with lotwise ledger post", markup=False)
    broken = found.count(Outcome.BROKEN) or any(each.severity is Severity.ERROR for each in found.findings)
    raise typer.Exit(int(bool(broken)))


@ledger_app.command(epilog="Example: lotwise ledger form8949 firm --year 2026 --household H001 --out forms")
def form8949(
    folder: Folder,
    year: Year,
    out: Annotated[Path, typer.Option("--out", help="Where the forms go.")] = Path("forms"),
    household: Household = None,
) -> None:
    """Write Form 8949 of each household with sales, as CSV and as TXF for tax software."""
    with _reported():
        opened = _opened(folder)
        ledger = opened.ledger
        standing = ledger.standing()
        accounts = ledger.world().accounts.copy()
        known = ledger.register.accounts
        if household is not None:
            chosen_accounts(ledger, household)
        households = [household] if household is not None else known["household_id"].unique().sort().to_list()
        owner = standing.names.accounts.alias("account_id").to_frame()
        owner = owner.join(known, on="account_id", how="left", maintain_order="left")
        # Spouses who file separately share wash sales, not a return: forms go by household.
        code = owner["household_id"].cast(pl.Enum(households), strict=False).to_physical().cast(pl.Int32)
        accounts["taxpayer"] = code.fill_null(-1).to_numpy()
        realized = taxable_rows(standing.state.realized, accounts, year)
        payer = accounts["taxpayer"][realized["account"]]
        symbols = standing.names.securities.to_list()
        exported = from_day_number(_day(opened))
        funds = ledger.world().funds
        written = 0
        for number in np.unique(payer[payer >= 0]):
            rows = realized[payer == number]
            lines = form_lines(rows, symbols, as_reported(rows, funds))
            stem = re.sub(r"[^\w.-]", "_", households[number])
            write_whole(out / f"{stem}-{year}-form8949.csv", form_8949_csv(lines))
            made = txf(lines, exported, f"Lotwise {__version__}")
            write_whole(out / f"{stem}-{year}.txf", made.text)
            for line in made.left_out:
                _err.print(f"  not in the TXF file, enter by hand: {line.description} code {line.code}", markup=False)
            written += 1
        _out.print(f"{written:,} households written to {out}", markup=False)
