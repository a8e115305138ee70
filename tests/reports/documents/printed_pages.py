"""What a reader finds in a printed document: the text of a PDF, and the tables and words of its HTML."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from xml.etree import ElementTree as ET

import pytest

from lotwise.reports.documents.blocks import Document, NewPage, Side, Table
from lotwise.reports.documents.html import document_html
from lotwise.reports.documents.pdf import Press
from lotwise.reports.documents.theme import Theme

__all__ = ["amount", "html_of", "html_tables", "missing_rows", "pages", "pdf_of", "press", "table_named", "words"]

PLAIN = Theme(name="Small firm")


@cache
def press(theme: Theme = PLAIN) -> Press:
    return Press(theme)


def pdf_of(document: Document, theme: Theme = PLAIN) -> bytes:
    return press(theme).pdf(document)


def pages(pdf: bytes) -> list[str]:
    """The text of every page, with single spaces and without places where words may break."""
    pdfium = pytest.importorskip("pypdfium2")
    opened = pdfium.PdfDocument(pdf)
    found = []
    for page in opened:
        text = page.get_textpage().get_text_bounded()
        found.append(" ".join(text.replace("\u200b", "").replace("\ufffe", "-").split()))
    opened.close()
    return found


def html_of(document: Document, theme: Theme = PLAIN) -> ET.Element:
    """The page as XML: every element closed, every attribute quoted, nothing unescaped."""
    page = document_html(document, theme)
    return ET.fromstring(page[page.index("<html") :])  # noqa: S314 - our own text


def words(root: ET.Element) -> str:
    """What a reader sees, with single spaces."""
    body = root.find("body")
    assert body is not None
    return " ".join(" ".join(body.itertext()).split())


def html_tables(root: ET.Element) -> list[list[tuple[str, ...]]]:
    """Every table: its rows of cells, without the numbers of notes."""
    found = []
    for table in root.iter("table"):
        rows = []
        for row in table.iter("tr"):
            cells = []
            for cell in row:
                for note in cell.findall("sup"):
                    cell.remove(note)
                cells.append(" ".join("".join(cell.itertext()).split()))
            rows.append(tuple(cells))
        found.append(rows)
    return found


def missing_rows(document: Document, text: str) -> list[tuple[str, ...]]:
    """Rows of which the text does not have all cells one after the other, the number of a note after the first."""
    missing = []
    for table in document.tables():
        for row in table.rows:
            first, *rest = (cell for cell in row.cells if cell)
            noted = f"{first} {row.note}" if row.note else first
            if " ".join((noted, *rest)) not in text:
                missing.append(row.cells)
    return missing


def table_named(document: Document, title: str) -> Table:
    (found,) = (table for table in document.tables() if table.title == title)
    return found


def amount(cell: str) -> Decimal:
    """A printed amount of money."""
    found = re.fullmatch(r"(\u2212?)\$([\d,]+(?:\.\d\d)?)", cell)
    assert found, f"no amount of money: {cell!r}"
    return Decimal(found[2].replace(",", "")) * (-1 if found[1] else 1)


def first_page_tables(document: Document) -> list[Table]:
    """Tables before the first new page."""
    found: list[Table] = []
    for block in document.blocks:
        if isinstance(block, NewPage):
            break
        inner = (block.left, block.right) if isinstance(block, Side) else (block,)
        found += [each for each in inner if isinstance(each, Table)]
    return found
