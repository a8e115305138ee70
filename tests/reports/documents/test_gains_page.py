"""Realised gains: lines, terms and years add up in cents; PDF and HTML say them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.document_figures import invented_gains
from lotwise.money import DOLLAR
from lotwise.reports.documents.gains_page import gains_document
from lotwise.reports.documents.printed import cents
from lotwise.tax.form_cells import Cells
from tests.reports.documents.printed_pages import (
    amount,
    html_of,
    html_tables,
    missing_rows,
    pages,
    pdf_of,
    table_named,
    words,
)


@given(st.integers(0, 10_000), st.integers(0, 120))
def test_every_money_figure_adds_up(seed: int, lines: int) -> None:
    gains = invented_gains(seed, lines=lines)
    document = gains_document(gains)
    totals = [[amount(cell) for cell in row.cells[1:]] for row in table_named(document, "Totals of the year").rows]
    proceeds, cost, gain, disallowed, counts = totals
    assert [p - c for p, c in zip(proceeds, cost, strict=True)] == gain
    assert [g + d for g, d in zip(gain, disallowed, strict=True)] == counts
    assert all(short + long == both for short, long, both in totals)
    for place, name in enumerate(("Short term", "Long term")):
        own = [table for table in document.tables() if table.title == f"{name}: every line"]
        if not own:
            assert counts[place] == 0
            continue
        rows = [[amount(cell) for cell in row.cells[5:]] for row in own[0].rows]
        assert all(p - c == g and g + d == h for p, c, g, d, h in rows)
        assert [sum(column) for column in zip(*rows[:-1], strict=True)] == rows[-1]
        assert rows[-1] == [column[place] for column in totals]
        exact = sum(line.cells.gain for line in gains.lines if line.long_term is (place == 1))
        assert abs(counts[place] * DOLLAR - exact) <= DOLLAR // 200
    years = [[amount(cell) for cell in row.cells[1:]] for row in table_named(document, "By year").rows]
    assert all(short + long == both for short, long, both in years)
    assert years[-1] == counts


def test_pdf_and_html_say_every_line() -> None:
    gains = invented_gains(4, lines=70)
    document = gains_document(gains)
    printed = pages(pdf_of(document))
    text, root = " ".join(printed), html_of(document)
    assert [rows[1:] for rows in html_tables(root)] == [[row.cells for row in t.rows] for t in document.tables()]
    assert document.headline in words(root)
    assert missing_rows(document, text) == []
    assert gains.washes
    for wash in gains.washes:
        assert f"{wash.sold:%m/%d/%Y} {wash.symbol} {wash.account_id}" in text
        assert cents(wash.disallowed) in text
    assert ("gone for ever" in text) == any(wash.permanent for wash in gains.washes)


def test_many_wash_sales_stand_at_the_end() -> None:
    gains = invented_gains(4, lines=400)
    document = gains_document(gains)
    assert len(gains.washes) > 12
    assert len(table_named(document, "Wash sales").rows) == 12
    assert len(table_named(document, "All wash sales").rows) == len(gains.washes)


def test_without_its_appendix_the_rest_is_counted() -> None:
    gains = invented_gains(4, lines=400)
    document = gains_document(gains, appendix=False)
    text = " ".join(pages(pdf_of(document)))
    assert f"{len(gains.washes) - 12} more wash sales." in text
    assert [table.title for table in document.tables()] == ["Totals of the year", "By year", "Wash sales"]


def test_a_year_without_sales_says_so() -> None:
    gains = replace(invented_gains(1), lines=(), washes=(), years=())
    text = " ".join(pages(pdf_of(gains_document(gains))))
    assert "Nothing was sold in taxable accounts in 2026 until November 20, 2026." in text
    assert "None." in text


def test_a_year_that_is_over_is_not_said_to_end_early() -> None:
    gains = replace(invented_gains(1), known_until=date(2027, 3, 1))
    assert "in 2026 realised" in gains_document(gains).headline


def test_a_line_of_another_year_is_refused() -> None:
    gains = invented_gains(1)
    with pytest.raises(ValueError, match="H001: a sale must be of 2026, was of 2025-01-02"):
        replace(gains, lines=(replace(gains.lines[0], sold=date(2025, 1, 2)),))


def test_a_known_sale() -> None:
    """400 sold for 2,399.00 at a cost of 3,000.60, of whose loss 300.80 is disallowed."""
    gains = invented_gains(1)
    line = replace(gains.lines[0], long_term=False, cells=Cells(23_990_000, 30_006_000, 3_008_000))
    document = gains_document(replace(gains, lines=(line,), washes=(), years=()))
    cells = table_named(document, "Short term: every line").rows[0].cells[5:]
    assert [amount(cell) for cell in cells] == [
        Decimal(text) for text in ("2399.00", "3000.60", "-601.60", "300.80", "-300.80")
    ]
    assert "a net loss of $300.80" in document.headline
