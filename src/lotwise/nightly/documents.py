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

from lotwise.errors import Finding, FolderError, LotwiseError, Severity
from lotwise.interchange.atomic import write_whole
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.nightly.held_on_day import holdings_of
from lotwise.nightly.realized_in_year import has_ledger, realized_record
from lotwise.nightly.run import Watch, household_row
from lotwise.reports.documents.blocks import Document
from lotwise.reports.documents.gains_page import gains_document
from lotwise.reports.documents.holdings_page import holdings_document
from lotwise.reports.documents.html import document_html
from lotwise.reports.documents.pdf import Press, why_no_picture
from lotwise.reports.documents.theme import Theme, read_theme

__all__ = ["FORMATS", "KINDS", "NotPrinted", "PrintReport", "Printer", "Source", "print_documents", "printed_packs"]

KINDS = ("holdings", "gains")
FORMATS = ("pdf", "html")

# Makes the document of a household, by its row in the book.
Source = Callable[[int], Document]


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


def print_documents(
    folder: Path,
    out: Path,
    *,
    households: Sequence[str] = (),
    kinds: Sequence[str] = (),
    formats: Sequence[str] = FORMATS,
    as_of: date | None = None,
    year: int | None = None,
    threads: int = 0,
    watch: Watch | None = None,
) -> PrintReport:
    """Write documents of all or of the given households into `out`, a folder for each.

    `kinds`: default all that the folder has data for (realised gains need a posted ledger). Raises FolderError where
    nothing can be done, ValueError for a household that is not there, PressError for PDF without typst.
    """
    if (out / "firm.toml").exists():
        raise FolderError(f"{out}: must be a folder for documents; it is a firm folder")
    watch = watch or Watch()
    with watch.phase("read"):
        firm = read_firm(folder, as_of)
        rows = _rows(firm, households)
        sources, ledger_findings = _sources(folder, firm, kinds, year)
        wants_pdf = "pdf" in formats
        theme, wrong = read_theme(folder, firm.name, why_no_picture if wants_pdf else lambda _: "")
    with watch.phase("print", len(rows)):
        files, failures = printed_packs(firm, rows, sources, Printer(theme, formats, out), threads, watch.on_done)
    chosen = {str(firm.labels.households[row]) for row in rows} | {None}
    found = tuple(finding for finding in firm.findings if finding.household in chosen)
    return PrintReport(len(rows), files, failures, (*wrong, *ledger_findings, *found))


def _rows(firm: Firm, households: Sequence[str]) -> list[int]:
    known = firm.labels.households.tolist()
    return [household_row(name, known) for name in dict.fromkeys(households)] or list(range(len(known)))


def _sources(
    folder: Path, firm: Firm, kinds: Sequence[str], year: int | None
) -> tuple[dict[str, Source], tuple[Finding, ...]]:
    """What makes each kind; the ledger is read only where realised gains are wanted and can be had."""
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, was {kind!r}")
    sources: dict[str, Source] = {}
    findings: tuple[Finding, ...] = ()
    if not kinds or "holdings" in kinds:
        sources["holdings"] = lambda row: holdings_document(holdings_of(firm, row))
    if "gains" in kinds or (not kinds and has_ledger(folder)):
        record = realized_record(folder, firm.as_of, year or firm.as_of.year)
        names = firm.labels.households
        sources["gains"] = lambda row: gains_document(record.of(str(names[row]), firm.household_names[row]))
        findings = record.findings
    return sources, findings


class Printer:
    """Prints documents of one theme in the given formats into a folder."""

    def __init__(self, theme: Theme, formats: Sequence[str], out: Path) -> None:
        for ending in formats:
            if ending not in FORMATS:
                raise ValueError(f"format must be one of {', '.join(FORMATS)}, was {ending!r}")
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
                files += printer.write(source(row), folders[place])
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
