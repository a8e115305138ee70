"""The press: the same bytes again, from several threads, tagged for screen readers, with the theme's look."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lotwise.bench.document_figures import invented_holdings, invented_savings
from lotwise.reports.documents.blocks import Column, Row, Table
from lotwise.reports.documents.column_widths import fitted, text_width, widths_of
from lotwise.reports.documents.holdings_page import holdings_document
from lotwise.reports.documents.pdf import Press, PressError, why_no_picture
from lotwise.reports.documents.savings_page import savings_document
from lotwise.reports.documents.theme import Logo, Theme
from tests.reports.documents.printed_pages import PLAIN, pages, pdf_of

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0L9 9" stroke="black"/></svg>'


def test_the_same_document_gives_the_same_bytes() -> None:
    document = savings_document(invented_savings(1))
    assert Press(PLAIN).pdf(document) == Press(PLAIN).pdf(document)


def test_threads_do_not_mix_documents() -> None:
    press = Press(PLAIN)
    documents = [savings_document(invented_savings(1, household)) for household in range(1, 25)]
    alone = [press.pdf(document) for document in documents]
    with ThreadPoolExecutor(max_workers=4) as pool:
        assert list(pool.map(press.pdf, documents)) == alone
    assert len(set(alone)) == len(alone)


def test_short_documents_are_tagged_and_long_ones_say_the_same_untagged() -> None:
    short, long = pdf_of(savings_document(invented_savings(1))), pdf_of(holdings_document(invented_holdings(1)))
    assert b"/StructTreeRoot" in short
    assert b"/StructTreeRoot" not in long


def test_disclosures_and_contact_are_printed_and_the_logo_is_drawn() -> None:
    document = savings_document(invented_savings(1))
    theme = Theme(
        name="Firm & Sons", contact="1 Street", disclosures=("First words.", "Second words."), accent="#7a1f5c"
    )
    text = " ".join(pages(pdf_of(document, theme)))
    assert "Firm & Sons" in text
    assert "First words. Second words. 1 Street" in text
    with_logo = pdf_of(document, Theme(name="Firm", logo=Logo("svg", SVG)))
    assert with_logo != pdf_of(document, Theme(name="Firm"))


@pytest.mark.parametrize(
    ("logo", "drawn"),
    [(Logo("svg", SVG), True), (Logo("svg", b"<svg"), False), (Logo("png", b"\x89PNG\r\n\x1a\nnothing"), False)],
)
def test_a_logo_that_cannot_be_drawn_is_found(logo: Logo, drawn: bool) -> None:
    assert (why_no_picture(logo) == "") is drawn


def test_a_document_that_cannot_be_set_names_its_household() -> None:
    press = Press(Theme(logo=Logo("svg", b"no picture")))
    with pytest.raises(PressError, match="H001: savings cannot be set"):
        press.pdf(savings_document(invented_savings(1)))


def test_no_template_asks_for_a_package() -> None:
    """Packages of typst's own registry are downloaded: none may be used."""
    templates = Path(__file__).parents[3] / "src" / "lotwise" / "reports" / "templates"
    assert (templates / "document.typ").exists()
    assert [path.name for path in templates.glob("*.typ") if "@preview" in path.read_text()] == []


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="a row must have 2 cells, had 1"):
        Table((Column("a"), Column("b")), (Row(("1",)),))


def test_columns_take_what_they_need_and_the_wide_one_the_rest() -> None:
    columns = (Column("Name", number=False, wide=True), Column("Value"))
    widths = widths_of(columns, (Row(("x", "$1,000,000.00")), Row(("y", "$1.00"))), 7.0, 3.0, 300.0)
    assert sum(widths) == pytest.approx(300.0)
    assert widths[1] == pytest.approx(text_width("$1,000,000.00", 7.0) + 6.0)


def test_what_does_not_fit_is_cut() -> None:
    assert fitted("short", 100.0, 7.0) == "short"
    cut = fitted("a text that is far too long for its column", 60.0, 7.0)
    assert cut.endswith("\u2026")
    assert text_width(cut, 7.0) <= 60.0
