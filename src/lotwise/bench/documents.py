"""How many client documents a minute: from figures in memory to files on the disk, by kind and size."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from lotwise.bench.document_figures import invented_choices, invented_gains, invented_holdings, invented_savings
from lotwise.bench.machine import machine
from lotwise.bench.tables import MeasuredTable
from lotwise.nightly.documents import Printer
from lotwise.reports.documents.blocks import Document
from lotwise.reports.documents.gains_page import gains_document
from lotwise.reports.documents.holdings_page import holdings_document
from lotwise.reports.documents.savings_page import savings_document
from lotwise.reports.documents.theme import Theme
from lotwise.reports.documents.transition_page import transition_document

__all__ = ["CASES", "Case", "document_tables"]

_THEME = Theme(name="An advisory firm", contact="1 Street", disclosures=("Not tax advice.",))


class Case(NamedTuple):
    """A kind and size of document: what makes that of a household."""

    name: str
    make: Callable[[int, int], Document]  # of a seed and a household


CASES = (
    Case("Taxes saved", lambda seed, one: savings_document(invented_savings(seed, one))),
    Case("Transition proposal", lambda seed, one: transition_document(invented_choices(seed, one))),
    Case("Realised gains, 40 lines", lambda seed, one: gains_document(invented_gains(seed, one, lines=40))),
    Case(
        "Holdings, one page, of 500 lots",
        lambda seed, one: holdings_document(invented_holdings(seed, one, positions=170), appendix=False),
    ),
    Case("Holdings, 100 lots", lambda seed, one: holdings_document(invented_holdings(seed, one, positions=34))),
    Case("Holdings, 500 lots", lambda seed, one: holdings_document(invented_holdings(seed, one, positions=170))),
    Case(
        "Holdings, 2,000 lots",
        lambda seed, one: holdings_document(invented_holdings(seed, one, positions=420, lots=5)),
    ),
)


def document_tables(households: int, seed: int = 0) -> Iterator[MeasuredTable]:
    """Print every case for so many households (a tenth of them where a document has thousands of rows)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    rows = []
    for case in CASES:
        count = max(households // 10, 1) if "2,000" in case.name else households
        pages, size = _weight(case, seed)
        pdf = _measured(case, seed, count, ("pdf",), cores)
        html = _measured(case, seed, count, ("html",), cores)
        free = f"{cores * 60 * count / pdf.cpu:,.0f}"
        rows.append((case.name, f"{pages}", f"{size / 1000:,.0f}", *_speed(pdf, count), free, _speed(html, count)[0]))
    header = (
        "document",
        "pages",
        "kB",
        "PDFs a minute",
        "CPU ms a PDF",
        f"a minute on {cores} idle cores",
        "HTML a minute",
    )
    note = (
        f"{machine('typst')}; {cores} threads; {households:,} households of invented figures. From figures to files"
        " on the disk: the document, its pictures, typesetting, writing. CPU is that of all threads,"
        " and what it comes to where nothing else runs."
    )
    yield MeasuredTable("Documents a minute", header, rows, note)


class _Took(NamedTuple):
    wall: float
    cpu: float


def _speed(took: _Took, count: int) -> tuple[str, str]:
    return f"{count / took.wall * 60:,.0f}", f"{took.cpu / count * 1000:.0f}"


def _weight(case: Case, seed: int) -> tuple[int, int]:
    """Pages and bytes of the first one."""
    with tempfile.TemporaryDirectory() as folder:
        printer = Printer(_THEME, ("pdf",), Path(folder))
        document = case.make(seed, 1)
        printer.write(document, "one")
        content = (Path(folder) / "one" / f"{document.kind}.pdf").read_bytes()
    found = re.search(rb"/Type/Pages/Count (\d+)", content)
    return int(found[1]) if found else 0, len(content)


def _measured(case: Case, seed: int, count: int, formats: tuple[str, ...], threads: int) -> _Took:
    """Print a case for households of their own, so that nothing is set from memory; one before, to load what loads."""
    with tempfile.TemporaryDirectory() as folder:
        printer = Printer(_THEME, formats, Path(folder))
        printer.write(case.make(seed, 0), "before")

        def one(household: int) -> None:
            printer.write(case.make(seed, household), f"H{household}")

        with ThreadPoolExecutor(max_workers=threads) as pool:
            wall, cpu = time.perf_counter(), time.process_time()
            list(pool.map(one, range(1, count + 1)))
            return _Took(time.perf_counter() - wall, time.process_time() - cpu)
