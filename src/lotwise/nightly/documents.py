"""Client documents of a firm folder: a pack for every household, written by a few threads.

A household whose data has errors gets none: a page of a part of what it holds would be handed over as all of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from lotwise.errors import Finding, LotwiseError, Severity
from lotwise.interchange.atomic import require_no_firm, write_whole
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.nightly.held_on_day import holdings_of
from lotwise.nightly.priced_days import require_no_later_year, require_priced
from lotwise.nightly.realized_in_year import has_ledger, realized_record
from lotwise.nightly.run import Watch, household_row
from lotwise.nightly.saved_since import saved_record
from lotwise.nightly.savings import SavingsRun, told_savings
from lotwise.reports.documents.blocks import Document
from lotwise.reports.documents.gains_page import gains_document
from lotwise.reports.documents.holdings_page import holdings_document
from lotwise.reports.documents.html import document_html
from lotwise.reports.documents.pdf import Press, why_no_picture
from lotwise.reports.documents.savings_page import savings_document
from lotwise.reports.documents.theme import Theme, read_theme
from lotwise.savings.shadow_rule import ShadowRule

__all__ = [
    "FORMATS",
    "KINDS",
    "NotPrinted",
    "PrintReport",
    "Printer",
    "Source",
    "Wanted",
    "print_documents",
    "printed_packs",
]

KINDS = ("holdings", "gains", "savings")
FORMATS = ("pdf", "html")

# Makes the document of a household, by its row in the book; None where it has nothing of that kind.
Source = Callable[[int], Document | None]


class NotPrinted(NamedTuple):
    """A household, what it does not get, and why."""

    household: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class PrintReport:
    """What was written, what was not and why, and what was found in the folder."""

    households: int
    files: int
    failures: tuple[NotPrinted, ...]
    findings: tuple[Finding, ...]

    @property
    def exit_status(self) -> int:
        """0 all well, 1 some documents were not written."""
        return int(bool(self.failures))


class Wanted(NamedTuple):
    """What is asked for."""

    households: Sequence[str] = ()  # none: all
    kinds: Sequence[str] = ()  # none: all that the folder has data for; what comes from the ledger needs a posted one
    formats: Sequence[str] = FORMATS
    as_of: date | None = None
    year: int | None = None  # of realised gains; None: that of the day
    rule: ShadowRule = ShadowRule()  # that taxes saved are measured against
    appendix: bool = True  # whether every lot and every line are listed


def print_documents(
    folder: Path, out: Path, wanted: Wanted | None = None, threads: int = 0, watch: Watch | None = None
) -> PrintReport:
    """Write documents of a firm folder into `out`, a folder for each household.

    Raises FolderError where nothing can be done, ValueError for a household that is not there, a day after the last
    price or a later year, PressError for PDF without typst.
    """
    require_no_firm(out, "documents")
    watch, wanted = watch or Watch(), wanted or Wanted()
    kinds = _kinds(folder, wanted)
    told = (
        told_savings(folder, wanted.as_of, wanted.households, wanted.rule, watch=watch) if "savings" in kinds else None
    )
    with watch.phase("read"):
        firm = told.firm if told else read_firm(folder, wanted.as_of)
        require_priced(folder, firm)
        require_no_later_year(wanted.year, firm.as_of)
        rows = _rows(firm, wanted.households)
        sources, ledger_findings = _sources(folder, firm, kinds, wanted)
        if told:
            sources["savings"] = _savings_of(told)
        can_draw = why_no_picture if "pdf" in wanted.formats else lambda _: ""
        theme, wrong = read_theme(folder, firm.name, can_draw)
    with watch.phase("print", len(rows)):
        printer = Printer(theme, wanted.formats, out)
        files, failures = printed_packs(firm, rows, sources, printer, threads, watch.on_done)
    chosen = {str(firm.labels.households[row]) for row in rows} | {None}
    found = tuple(finding for finding in firm.findings if finding.household in chosen)
    return PrintReport(len(rows), files, failures, (*wrong, *ledger_findings, *found))


def _kinds(folder: Path, wanted: Wanted) -> tuple[str, ...]:
    """The kinds that are asked for, or all that there is data for."""
    for words, known in ((wanted.kinds, KINDS), (wanted.formats, FORMATS)):
        for word in words:
            if word not in known:
                what = "kind" if known is KINDS else "format"
                raise ValueError(f"{what} must be one of {', '.join(known)}, was {word!r}")
    return tuple(wanted.kinds) or (KINDS if has_ledger(folder) else ("holdings",))


def _rows(firm: Firm, households: Sequence[str]) -> list[int]:
    known = firm.labels.households.tolist()
    return [household_row(name, known) for name in dict.fromkeys(households)] or list(range(len(known)))


def _sources(
    folder: Path, firm: Firm, kinds: Sequence[str], wanted: Wanted
) -> tuple[dict[str, Source], tuple[Finding, ...]]:
    """What makes holdings and realised gains; the ledger is read only for these."""
    sources: dict[str, Source] = {}
    findings: tuple[Finding, ...] = ()
    if "holdings" in kinds:
        sources["holdings"] = lambda row: holdings_document(holdings_of(firm, row), appendix=wanted.appendix)
    if "gains" in kinds:
        record = realized_record(folder, firm.as_of, wanted.year or firm.as_of.year)
        names = firm.labels.households
        sources["gains"] = lambda row: gains_document(
            record.of(str(names[row]), firm.household_names[row]), appendix=wanted.appendix
        )
        findings = record.findings
    return sources, findings


def _savings_of(run: SavingsRun) -> Source:
    """What makes taxes saved of what was told."""
    record = saved_record(run)

    def made(row: int) -> Document | None:
        saved = record.of(row)
        return None if saved is None else savings_document(saved)

    return made


class Printer:
    """Prints documents of one theme in the given formats into a folder."""

    def __init__(self, theme: Theme, formats: Sequence[str], out: Path) -> None:
        self._theme = theme
        self._formats = tuple(dict.fromkeys(formats))
        self._press = Press(theme) if "pdf" in formats else None
        self.out = out

    def write(self, document: Document, folder: str) -> int:
        """Write a document in every format; returns how many files that are."""
        for ending in self._formats:
            path = self.out / folder / f"{document.kind}.{ending}"
            made = (
                self._press.pdf(document) if self._press and ending == "pdf" else document_html(document, self._theme)
            )
            write_whole(path, made)
        return len(self._formats)


def printed_packs(
    firm: Firm,
    rows: Sequence[int],
    sources: Mapping[str, Source],
    printer: Printer,
    threads: int = 0,
    on_done: Callable[[int], None] = lambda _: None,
) -> tuple[int, tuple[NotPrinted, ...]]:
    """Print what `sources` make of each household; returns the number of files, and what was not printed.

    typst holds no lock while it sets a page, so threads share the cores. What fails stops its own document alone.
    """
    folders = _folder_names(str(firm.labels.households[row]) for row in rows)

    def pack(place: int) -> tuple[int, list[NotPrinted]]:
        row = rows[place]
        name = str(firm.labels.households[row])
        if firm.book.households.blocked[row]:
            errors = [f for f in firm.findings if f.severity is Severity.ERROR and f.household in (name, "*")]
            why = f"its data has errors: {errors[0]}" if errors else "its data has errors"
            return 0, [NotPrinted(name, "anything", why)]
        files, failures = 0, []
        for kind, source in sources.items():
            try:
                document = source(row)
                files += printer.write(document, folders[place]) if document else 0
            except (LotwiseError, ValueError) as error:
                failures.append(NotPrinted(name, kind, str(error)))
        return files, failures

    files, failed = 0, dict[int, list[NotPrinted]]()
    with ThreadPoolExecutor(max_workers=threads or os.cpu_count() or 1) as pool:
        places = {pool.submit(pack, place): place for place in range(len(rows))}
        try:
            for done in as_completed(places):
                written, failed[places[done]] = done.result()
                files += written
                on_done(1)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return files, tuple(each for place in range(len(rows)) for each in failed[place])


def _folder_names(households: Iterable[str]) -> list[str]:
    """Names of folders for households: safe on every system, and different where they differ."""
    taken: set[str] = set()
    names = []
    for household in households:
        stem = re.sub(r"[^\w.-]", "_", household).strip(".")[:80] or "_"
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names
