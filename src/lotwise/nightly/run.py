"""One run of a firm: read, give the market its risk, solve, verify again exactly, write. Nothing is half done."""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np

from lotwise.errors import Finding, FolderError, ProposalError, RiskModelError, Severity
from lotwise.interchange.atomic import require_no_firm
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.interchange.inputs import digests, input_files, journal_files
from lotwise.interchange.results import (
    PAGE,
    RUN_FILE,
    ResultTables,
    file_names,
    result_tables,
    write_findings,
    write_tables,
)
from lotwise.nightly.compiling import compile_night
from lotwise.nightly.engines import net_in_threads, split_in_threads
from lotwise.nightly.limit_findings import limit_findings
from lotwise.nightly.priced_days import require_tradable
from lotwise.nightly.risk import with_risk
from lotwise.nightly.run_file import said_of, seal_of
from lotwise.nightly.savings_note import saved_so_far
from lotwise.nightly.split_findings import split_findings
from lotwise.rebalancing.book import Book, RateOrigin
from lotwise.rebalancing.cash_split import with_cash
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.netting import with_rates
from lotwise.rebalancing.proposal import Cause, Proposals, Relaxations, Status, Trades
from lotwise.rebalancing.violations import broken_households, phrase
from lotwise.reports.run import Run
from lotwise.reports.run_page import run_page
from lotwise.risk.factor_model import FactorModel

__all__ = [
    "Proposed",
    "RunReport",
    "Watch",
    "decided_trades",
    "household_row",
    "prepared_firm",
    "proposed_trades",
    "run_folder",
    "run_of",
    "tables_of",
    "with_market_risk",
    "write_run",
]


@dataclass(slots=True)
class Watch:
    """What a caller sees of a run while it goes: the phase, and how many of how many are done in it."""

    on_phase: Callable[[str, int], None] = lambda _phase, _total: None
    on_done: Callable[[int], None] = lambda _done: None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str, total: int = 0) -> Iterator[None]:
        """Time a phase and announce it."""
        self.on_phase(name, total)
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did: the firm as read, its proposals, the tables as written, and the seconds of each phase."""

    firm: Firm
    proposals: Proposals
    tables: ResultTables
    run: Run
    seconds: dict[str, float]

    @property
    def exit_status(self) -> int:
        """0 all well, 1 some households refused or failed."""
        status = self.proposals.outcomes.status
        return int(np.any((status == Status.REFUSED) | (status == Status.FAILED)))


def prepared_firm(
    folder: Path,
    as_of: date | None = None,
    households: Sequence[str] | None = None,
    watch: Watch | None = None,
) -> tuple[Firm, FactorModel]:
    """Read a firm folder and give its market risk; findings of both are in the firm.

    Raises FolderError where nothing can be done with it, ValueError where a day long after the last price is asked for.
    """
    watch = watch or Watch()
    with watch.phase("read"):
        firm = read_firm(folder, as_of, households)
        require_tradable(folder, firm)
    with watch.phase("risk"):
        return with_market_risk(firm)


def with_market_risk(firm: Firm) -> tuple[Firm, FactorModel]:
    """Give a firm's market its risk; raises FolderError, with all findings, where no risk model can be had."""
    try:
        return with_risk(firm)
    except RiskModelError as error:
        finding = Finding("prices", None, None, Severity.ERROR, "enough to estimate a risk model", "not", str(error))
        raise FolderError(str(finding), (*firm.findings, finding)) from error


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a firm's households should trade: every proposal verified, and findings of those that were not sound."""

    book: Book  # with the rates at which each household was solved in the end
    proposals: Proposals
    faults: tuple[Finding, ...]


def proposed_trades(firm: Firm, threads: int = 0, watch: Watch | None = None) -> Proposed:
    """Solve every household of a firm whose market has its risk, and verify every proposal exactly.

    What breaks a rule is not proposed but recorded as failed, with a finding. 0 threads = one per core.
    """
    watch = watch or Watch()
    workers = threads or os.cpu_count() or 1
    with watch.phase("compile"):
        compile_night(firm.book, firm.market)
    with watch.phase("solve", len(firm.book.households.model)):
        split = split_in_threads(firm.book, firm.market, workers)
        firm = replace(firm, book=with_cash(firm.book, split.wanted))
        netted = net_in_threads(firm.book, firm.market, workers, watch.on_done)
        firm = replace(firm, book=with_rates(firm.book, netted.steering))
    with watch.phase("verify"):
        proposals, faults = _without_broken(firm, netted.proposals, workers)
        return Proposed(firm.book, proposals, (*split_findings(firm, split), *limit_findings(firm, netted), *faults))


def decided_trades(folder: Path, households: Sequence[str] = (), threads: int = 0) -> tuple[Firm, Trades]:
    """Read a firm folder and decide its night as any other: the firm, and what its households (none named: all) trade.

    Raises FolderError where nothing can be done.
    """
    firm, _ = prepared_firm(folder, None, households or None)
    proposed = proposed_trades(firm, threads)
    return replace(firm, book=proposed.book), proposed.proposals.trades


def tables_of(firm: Firm, proposed: Proposed, threads: int = 0) -> ResultTables:
    """Put what is proposed into the tables of the files, in words."""
    return result_tables(
        book=proposed.book,
        labels=firm.labels,
        market=firm.market,
        market_labels=firm.market_labels,
        proposals=proposed.proposals,
        findings=(*firm.findings, *proposed.faults),
        threads=threads or os.cpu_count() or 1,
    )


def run_of(firm: Firm, model: FactorModel, tables: ResultTables, formats: Sequence[str] = ()) -> Run:
    """Describe a run for the reports; `formats` are those its tables are written in."""
    origin = "brought along" if firm.risk_model is not None else "estimated from prices"
    if any(finding.file == "risk" for finding in firm.findings):
        origin += " in place of the one brought along, which is of no use"
    return Run(
        firm=firm.name,
        as_of=firm.as_of,
        trades=tables.trades,
        households=tables.households,
        relaxations=tables.relaxations,
        findings=tables.findings,
        files=(*file_names(formats), PAGE) if formats else (),
        notes=(("Risk model", f"{len(model.factors)} factors, {origin}"), ("Tax rates", _rates_note(firm))),
    )


def write_run(
    out: Path,
    run: Run,
    tables: ResultTables,
    formats: Sequence[str],
    threads: int = 0,
    came_of: Mapping[str, object] | None = None,
) -> None:
    """Write the tables of a run and its page into `out`: all of them or none.

    Where it is said what it came of, run.json, too.

    Raises OSError where `out` cannot be written, FolderError where it is a firm folder.
    """
    require_no_firm(out)
    workers = threads or os.cpu_count() or 1
    write_tables(
        out,
        tables,
        formats=formats,
        pages={PAGE: lambda: run_page(run)},
        threads=workers,
        seal=None if came_of is None else seal_of(came_of, workers),
    )


def household_row(household: str, known: list[str]) -> int:
    """Find a household's row; raises ValueError that names the nearest."""
    if household in known:
        return known.index(household)
    near = difflib.get_close_matches(household, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"household must be one of the {len(known)} of households.csv, was {household!r}{hint}")


def _without_broken(firm: Firm, proposals: Proposals, threads: int) -> tuple[Proposals, tuple[Finding, ...]]:
    """Verify every proposal exactly; what breaks a rule is not proposed but recorded as failed, with the rule."""
    verification = verify(firm.book, firm.market, proposals, threads)
    violations = verification.violations
    if not len(violations.rule):
        return proposals, ()
    broken = broken_households(violations, len(firm.book.households.model))
    texts = [phrase(violations, row, firm.labels, firm.market_labels) for row in range(len(violations.rule))]
    if np.any(violations.household < 0):
        raise ProposalError(f"a trade belongs to no household: {texts[0]}")
    outcomes = proposals.outcomes
    outcomes.status[broken] = Status.FAILED
    outcomes.cause[broken] = Cause.NOT_VERIFIED
    for column in (outcomes.tax, outcomes.cost, outcomes.score, outcomes.trades):
        column[broken] = 0
    outcomes.te_after[broken] = outcomes.te_before[broken]
    trades = Trades._make(column[~broken[proposals.trades.household]] for column in proposals.trades)
    failed = broken[firm.book.accounts.household]
    for column in proposals.accounts:
        column[failed] = 0
    kept = ~broken[proposals.relaxations.household]
    relaxations = Relaxations._make(column[kept] for column in proposals.relaxations)
    findings = tuple(
        Finding(
            file="(verification)",
            line=None,
            column=None,
            severity=Severity.ERROR,
            must_be="a proposal that keeps every rule",
            was=text,
            to_do="nothing of this household is traded; report it, it is a fault of Lotwise",
            household=str(firm.labels.households[household]),
        )
        for text, household in zip(texts, violations.household.tolist(), strict=True)
    )
    return proposals._replace(trades=trades, relaxations=relaxations), findings


def _rates_note(firm: Firm) -> str:
    """Say how many households are taxed by which rates."""
    words = {
        RateOrigin.INCOME: "by the law at their income",
        RateOrigin.OWN: "their own",
        RateOrigin.DEFAULT: "default",
    }
    counts = {origin: int((firm.book.households.rate_origin == origin).sum()) for origin in words}
    return ", ".join(f"{counts[origin]:,} {text}" for origin, text in words.items() if counts[origin]) or "none"


def _write_findings(out: Path, error: FolderError, formats: Sequence[str]) -> None:
    """Write what was found into `out`, alone; where that cannot be, the error says so too."""
    try:
        write_findings(out, error.findings, formats=formats)
    except OSError as problem:
        raise FolderError(f"{error}; nor could the findings be written: {problem}", error.findings) from problem


def run_folder(
    folder: Path,
    out: Path,
    *,
    as_of: date | None = None,
    households: Sequence[str] | None = None,
    threads: int = 0,
    formats: Sequence[str] = ("csv", "parquet"),
    watch: Watch | None = None,
) -> RunReport:
    """Rebalance a firm folder and write trades, households, accounts, findings, page and run.json into `out`.

    Raises FolderError where nothing can be done (exit status 2): `out` then holds the findings alone. Raises OSError
    where `out` cannot be written, FolderError where it is a firm folder.
    """
    require_no_firm(out)
    watch = watch or Watch()
    with ThreadPoolExecutor(max_workers=1) as beside:  # the run does not wait for what it came of to be hashed
        inputs = beside.submit(digests, folder, (*input_files(folder), *journal_files(folder)), 1)
        try:
            firm, model = prepared_firm(folder, as_of, households, watch)
        except FolderError as error:
            if folder.is_dir():
                _write_findings(out, error, formats)
            raise
        proposed = proposed_trades(firm, threads, watch)
        with watch.phase("write"):
            tables = tables_of(firm, proposed, threads)
            run = run_of(firm, model, tables, formats)
            saved = saved_so_far(folder, out, firm.as_of)
            run = replace(run, files=(*run.files, RUN_FILE) if run.files else (), saved=saved)
            came_of = said_of(firm.as_of, households, inputs.result())
            write_run(out, run, tables, formats, threads, came_of)
    return RunReport(replace(firm, book=proposed.book), proposed.proposals, tables, run, dict(watch.seconds))
