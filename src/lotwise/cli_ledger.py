"""The command line of the ledger: `lotwise ledger open | post | lots | gains | income | washes | reconcile | form8949`.

Exit status: 0 all well, 1 some rows were refused or some lots are broken, 2 nothing could be done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lotwise import __version__
from lotwise.dates import from_day_number
from lotwise.errors import Finding, FolderError, LotwiseError, Severity
from lotwise.households.accounts import AccountKind
from lotwise.interchange.atomic import write_whole
from lotwise.interchange.ledger_files.custodian_lots import compare_lots
from lotwise.interchange.ledger_files.open_windows import list_windows
from lotwise.interchange.ledger_files.posting import OpenLedger, PostReport, open_from_lots, open_ledger, post_files
from lotwise.interchange.ledger_files.short_sales import short_sale_findings
from lotwise.interchange.ledger_files.year_forms import HouseholdForms, forms_of_year
from lotwise.interchange.results import findings_csv
from lotwise.kernels import told_when_compiling
from lotwise.ledger.reconciliation import Outcome
from lotwise.money import format_money
from lotwise.reports.listing import MOST_ROWS, figures_table, listing_table
from lotwise.storage.income import YearPayments, list_income, payments_of_year
from lotwise.storage.listings import chosen_accounts, list_lots, list_realized, list_washes
from lotwise.tax.form_files import form_8949_csv, schedule_d_csv
from lotwise.tax.gains import Gains, Totals, gains
from lotwise.tax.income import Income, income_of
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
# Columns that a terminal has room for; CSV has all of them.
_LOTS = ("account_id", "lot_id", "symbol", "shares", "acquired", "basis", "acquisition")
_GAINS = ("account_id", "symbol", "shares", "acquired", "sold", "gain", "disallowed", "recognised", "term")
_INCOME = ("account_id", "symbol", "kind", "date", "ex_date", "amount", "qualified", "expected", "ordinary")
_WASHES = ("sale_date", "sale_account", "sale_symbol", "shares", "disallowed", "purchase_account", "becomes")

Folder = Annotated[Path, typer.Argument(help="The firm folder.", show_default=False)]
Household = Annotated[str | None, typer.Option("--household", help="Only this household.")]
Account = Annotated[str | None, typer.Option("--account", help="Only this account.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Write all rows as CSV to the standard output.")]
FindingsFile = Annotated[Path | None, typer.Option("--findings", help="Write all findings as CSV here.")]
Year = Annotated[int, typer.Option("--year", min=1970, max=2199, help="The calendar year.", show_default=False)]


def _say_compiling() -> None:
    _err.print("compiling the ledger's kernels (once, about a minute)", highlight=False)


@contextmanager
def _reported(findings: Path | None = None) -> Iterator[None]:
    """Turn what ends a command into words and an exit status; its findings go into the file too, if there is one."""
    try:
        with told_when_compiling(_say_compiling, "lotwise.ledger.desk_work"):
            yield
    except (LotwiseError, OSError, ValueError) as error:
        if isinstance(error, FolderError):
            others = tuple(each for each in error.findings if str(each) not in str(error))
            _show_findings(others)
            _write_findings(findings, error.findings)
        _err.print(f"[bold red]nothing could be done:[/] {escape(str(error))}", highlight=False)
        raise typer.Exit(_NOTHING_DONE) from error


def _show_findings(findings: tuple[Finding, ...], most: int = 20, *, rest: str = "") -> None:
    """Show findings, the worst first; `rest` says where those are that are not shown."""
    worst_first = sorted(findings, key=lambda finding: list(Severity).index(finding.severity))
    for finding in worst_first[:most]:
        _err.print(f"  {finding.severity}: {finding}", markup=False, highlight=False)
    if len(findings) > most:
        _err.print(f"  and {len(findings) - most:,} more{rest}", markup=False, highlight=False, soft_wrap=True)


def _tell_findings(findings: tuple[Finding, ...], file: Path | None) -> None:
    """Show findings, and write all of them where that is asked for."""
    _show_findings(findings, rest=f": all are in {file}" if file else ": --findings FILE writes all")
    _write_findings(file, findings)


def _write_findings(file: Path | None, findings: tuple[Finding, ...]) -> None:
    """Write findings where they are asked for; a file that cannot be written is said, and stops nothing."""
    if file is None:
        return
    try:
        write_whole(file, findings_csv(findings))
    except OSError as error:
        _err.print(f"  the findings are not written to {file}: {error.strerror or error}", markup=False, soft_wrap=True)


def _opened(folder: Path) -> OpenLedger:
    opened = open_ledger(folder)
    _show_findings(opened.findings)
    return opened


def _day(opened: OpenLedger) -> int:
    """Day of the ledger: the firm's, or the last on which anything was posted."""
    last_day = opened.ledger.standing().last_day
    latest = int(last_day.max()) if last_day.size else 0
    return latest if opened.policy.as_of is None else opened.policy.as_of


def _known_until(opened: OpenLedger) -> int:
    """Day up to which the ledger knows what was sold: that of the firm, or the last posted if it is later."""
    return max(_day(opened), int(opened.ledger.standing().last_day.max(initial=0)))


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _show(title: str, frame: pl.DataFrame, columns: tuple[str, ...] = (), *, as_csv: bool = False) -> None:
    """Show a table: the first rows and chosen columns for people, or all of it as CSV."""
    if as_csv:
        typer.echo(frame.write_csv(), nl=False)
    else:
        _out.print(listing_table(_out, title, frame, columns))


def _finish(report: PostReport, findings: Path | None) -> None:
    _tell_findings(report.findings, findings)
    table = Table(title="Posted", show_header=False)
    table.add_row("posted", f"{report.posted:,}")
    table.add_row("from corporate actions", f"{report.actions:,}")
    table.add_row("posted before", f"{report.duplicates:,}")
    table.add_row("refused", f"{report.refused:,}")
    table.add_row("corporate actions refused", f"{report.actions_refused:,}")
    _out.print(table)
    raise typer.Exit(report.exit_status)


@ledger_app.command("open", epilog="Example: lotwise ledger open firm")
def open_(folder: Folder, findings: FindingsFile = None) -> None:
    """Begin a ledger with the lots of lots.csv as of the day of firm.toml, and the sales whose basis is stated."""
    with _reported(findings):
        report = open_from_lots(folder)
    _finish(report, findings)


@ledger_app.command(epilog="Example: lotwise ledger post firm downloads/2026-11-20.csv")
def post(
    folder: Folder,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files like transactions.csv; default: the folder's own.")
    ] = None,
    backdated: Annotated[
        bool, typer.Option("--backdated", help="Post rows dated before what was posted: their taxpayers fold again.")
    ] = False,
    findings: FindingsFile = None,
) -> None:
    """Post transactions, and the corporate actions whose day has come; what was posted before is not posted again."""
    with _reported(findings):
        report = post_files(folder, files or (), backdated=backdated)
    _finish(report, findings)


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
    """Report the gains that taxable accounts realised in a year, lot by lot and in totals, and the year's income."""
    with _reported():
        opened = _opened(folder)
        ledger = opened.ledger
        chosen = chosen_accounts(ledger, household, account)
        state = ledger.standing().state
        own = state._replace(realized=state.realized[chosen[state.realized["account"]]])
        found = gains(own, ledger.world().accounts, year)
        _show(f"Realised gains of {year}", list_realized(ledger, found.rows), _GAINS, as_csv=as_csv)
        if not as_csv:
            income = _total_income(_payments(opened, year, chosen).paid)
            _out.print(_totals(_with_distributions(found, income)))
            _out.print(_income_table(income))


@ledger_app.command(epilog="Example: lotwise ledger income firm --year 2026 --household H001")
def income(
    folder: Folder, year: Year, household: Household = None, account: Account = None, as_csv: AsCsv = False
) -> None:
    """List what taxable accounts received in a year: dividends and what of them qualifies, interest, distributions."""
    with _reported():
        opened = _opened(folder)
        found = _payments(opened, year, chosen_accounts(opened.ledger, household, account))
        _show(f"Income of {year}", list_income(found), _INCOME, as_csv=as_csv)
        if not as_csv:
            _out.print(_income_table(_total_income(found.paid)))


def _payments(opened: OpenLedger, year: int, chosen: NDArray[np.bool_]) -> YearPayments:
    """Payments of a year to the chosen accounts, if they are taxable; says which dividends cannot be judged."""
    found = payments_of_year(opened.ledger, year, _known_until(opened))
    counted = chosen & (opened.ledger.world().accounts["kind"] == AccountKind.TAXABLE)
    found = found._replace(paid=found.paid[counted[found.paid["account"]]])
    unseen = int(((found.paid["called"] == 1) & (found.paid["shares"] == 0)).sum())
    if unseen:
        words = "called qualified, of shares not held on the ex-date as far as the ledger knows: counted as ordinary"
        _err.print(f"  {_counted(unseen, 'dividend')} {words}", markup=False, highlight=False, soft_wrap=True)
    return found


def _total_income(paid: NDArray[np.void]) -> Income:
    everyone = int(paid["account"].max(initial=-1)) + 1
    return income_of(paid, np.zeros(everyone, np.int32), np.ones(everyone, np.bool_), 1)


def _with_distributions(found: Gains, income: Income) -> dict[str, Totals]:
    """Rows of totals: sales by term, what funds distributed (long term, Schedule D line 13), and the whole year."""
    distributed = int(income.distributions[0])
    rows = {
        "short": found.short,
        "long": found.long,
        "distributed": Totals(0, 0, distributed, 0, 0, distributed),
    }
    whole = Totals(*(sum(column) for column in zip(*(astuple(row) for row in rows.values()), strict=True)))
    return {**rows, "year": whole}


def _totals(totals: dict[str, Totals]) -> Table:
    headings = ("term", "proceeds", "basis", "gain", "disallowed", "gone for ever", "recognised")
    rows = [(term, *(format_money(amount) for amount in astuple(total))) for term, total in totals.items()]
    return figures_table(_out, "Totals", headings, rows)


def _income_table(income: Income) -> Table:
    """Income of the year, one row a kind; dividends in the parts that are taxed differently."""
    table = Table(title="Income", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("kind", "amount"):
        table.add_column(name, justify="right")
    rows = {
        "qualified dividends": income.qualified,
        "expected to qualify, if kept": income.expected,
        "ordinary dividends": income.ordinary,
        "interest": income.interest,
        "capital gain distributions": income.distributions,
    }
    for kind, amount in rows.items():
        table.add_row(kind, format_money(int(amount[0])))
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
        _show_findings(short_sale_findings(ledger, chosen, _day(opened)))
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
    findings: FindingsFile = None,
) -> None:
    """Compare the ledger's lots with a custodian's: matched, explained, broken; what would mend it can be posted."""
    with _reported(findings):
        opened = open_ledger(folder)
        found = compare_lots(opened.ledger, file, _day(opened))
        _tell_findings((*opened.findings, *found.findings), findings)
        for outcome in (Outcome.EXPLAINED, Outcome.BROKEN):
            said = found.said(outcome)
            for line in said[:MOST_ROWS]:
                _out.print(f"{outcome.name.lower()}: {line}", markup=False, highlight=False)
            if len(said) > MOST_ROWS:
                _out.print(f"and {len(said) - MOST_ROWS:,} more {outcome.name.lower()}")
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
    """Write Form 8949 (CSV, and TXF for tax software) and Schedule D of each household with sales or distributions."""
    with _reported():
        opened = _opened(folder)
        if household is not None:
            chosen_accounts(opened.ledger, household)
        found = forms_of_year(opened, folder, year, _known_until(opened), household)
        _show_findings(found.findings)
        for forms in found.households:
            _write_forms(out, forms, year, exported=from_day_number(_day(opened)))
        if found.households and not found.carried:
            words = f"lines 6 and 14 of Schedule D are 0: households.csv does not say what was carried into {year}"
            _err.print(f"  {words}, only into the year of as_of in firm.toml", markup=False, soft_wrap=True)
        _out.print(f"{_counted(len(found.households), 'household')} written to {out}", markup=False)


def _write_forms(out: Path, forms: HouseholdForms, year: int, exported: date) -> None:
    """Write the files of one household; a household without sales has no Form 8949."""
    stem = re.sub(r"[^\w.-]", "_", forms.household)
    write_whole(out / f"{stem}-{year}-schedule-d.csv", schedule_d_csv(forms.schedule, forms.loss_limit))
    if not forms.lines:
        return
    write_whole(out / f"{stem}-{year}-form8949.csv", form_8949_csv(forms.lines))
    made = txf(forms.lines, exported, f"Lotwise {__version__}")
    write_whole(out / f"{stem}-{year}.txf", made.text)
    for line in made.left_out:
        _err.print(f"  not in the TXF file, enter by hand: {line.description} code {line.code}", markup=False)
