"""Taxes saved: what is printed against the figures, in the blocks, the PDF and the HTML."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.document_figures import invented_savings
from lotwise.money import DOLLAR
from lotwise.reports.amounts import dollars
from lotwise.reports.documents.adding_up import rounded
from lotwise.reports.documents.blocks import Notes, Tiles
from lotwise.reports.documents.figures import Split, TaxesSaved, YearOfTax
from lotwise.reports.documents.savings_page import savings_document
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


@given(st.integers(0, 10_000), st.integers(1, 160), st.sampled_from([-1.0, 0.001, 1.0]))
def test_every_money_figure_adds_up(seed: int, months: int, luck: float) -> None:
    saved = invented_savings(seed, months=months, luck=luck)
    document = savings_document(saved)
    sources = [[amount(cell) for cell in row.cells[1:]] for row in table_named(document, *SOURCES).rows]
    for column in zip(*sources, strict=True):
        deferral, harvesting, location, total, fee, beyond = column
        assert deferral + harvesting + location == total
        assert total - fee == beyond
    years = [[amount(cell) for cell in row.cells[1:]] for row in table_named(document, "Tax by year").rows]
    assert all(ordinary - actual == difference for ordinary, actual, difference in years)
    assert [sum(column) for column in zip(*years[:-1], strict=True)] == years[-1]
    measures = [row.cells[1:] for row in table_named(document, "Three ways to count it").rows if row.kind == ""]
    for row in measures:
        *parts, whole = (amount(cell) for cell in row)
        assert sum(parts) == whole
    # The same figure is the same wherever it stands.
    whole = amount(tile(document, "Saved since inception"))
    assert whole == sources[3][1] == years[-1][2] == amount(measures[4][3])
    assert amount(tile(document, "Saved this year")) == sources[3][0] == years[-2][2] == amount(measures[1][3])
    assert abs(whole * DOLLAR - saved.since_inception.shadow.total) <= DOLLAR


SOURCES = ("Where it comes from, and the fee",)


def tile(document: object, name: str) -> str:
    (tiles,) = (block for block in document.blocks if isinstance(block, Tiles))  # type: ignore[attr-defined]
    (found,) = (each for each in tiles.tiles if each.name == name)
    assert isinstance(found.figure, str)
    return found.figure


def test_pdf_and_html_say_every_figure() -> None:
    saved = invented_savings(3)
    document = savings_document(saved)
    text, root = " ".join(pages(pdf_of(document))), html_of(document)
    shown = words(root)
    said = [
        document.headline,
        dollars(rounded(saved.since_inception.shadow.total)),
        dollars(rounded(saved.since_inception.present_value.total)),
        dollars(rounded(saved.year_to_date.rule_of_thumb.total)),
        *saved.shadow_rule,
        *saved.caveats,
    ]
    assert [words for words in said if words not in text] == []
    assert [words for words in said if words not in shown] == []
    assert missing_rows(document, text) == []
    assert [rows[1:] for rows in html_tables(root)] == [[row.cells for row in t.rows] for t in document.tables()]


def test_every_note_is_there_and_pointed_at() -> None:
    document = savings_document(invented_savings(3))
    (notes,) = (block for block in document.blocks if isinstance(block, Notes))
    root = html_of(document)
    pointed = {link.get("href") for link in root.iter("a")}
    assert pointed == {f"#note-{number}" for number in range(1, len(notes.notes) + 1)}
    text = " ".join(pages(pdf_of(document)))
    assert [note.term for note in notes.notes if f"{note.term}." not in text] == []


@pytest.mark.parametrize(
    ("luck", "said"),
    [(-1.0, "has cost you"), (1.0, "times the fee of"), (0.02, "less than the fee of")],
)
def test_the_headline_says_what_happened(luck: float, said: str) -> None:
    assert said in savings_document(invented_savings(1, luck=luck)).headline


def test_a_fee_that_is_not_known_is_compared_with_nothing() -> None:
    saved = invented_savings(1)
    measured = (replace(each, fee=None) for each in (saved.year_to_date, saved.since_inception))
    year, always = measured
    document = savings_document(replace(saved, year_to_date=year, since_inception=always))
    assert tile(document, "Fee") == "not known"
    assert "fee" not in document.headline
    assert [row.cells[0] for row in table_named(document, *SOURCES).rows][3:] == ["Saved"]


def test_the_waterfall_ends_where_the_table_does() -> None:
    document = savings_document(invented_savings(2, luck=-1.0))
    last = table_named(document, "Tax by year").rows[-1].cells
    text = " ".join(html_of(document).itertext())
    assert f"Tax of the ordinary rebalance: {last[1]}" in text
    assert f"Tax of what was done: {last[2]}" in text


def test_figures_that_contradict_each_other_are_refused() -> None:
    saved = invented_savings(1)
    wrong: dict[str, dict[str, object]] = {
        "tax saved of all years must be number B": {
            "years": (*saved.years[:-2], YearOfTax(2025, 5, 0), saved.years[-1]),
        },
        "tax saved of the year must be number B": {"years": (YearOfTax(2024, saved.since_inception.shadow.total, 0),)},
        "the last month must be B since inception": {
            "months": (replace(saved.months[-1], saved=Split(1, 2, 3)),),
        },
        "years must be in ascending order": {"years": saved.years[::-1]},
        "inception must be on or before": {"inception": date(2030, 1, 1)},
    }
    for message, change in wrong.items():
        with pytest.raises(ValueError, match=f"H001: {message}"):
            replace(saved, **change)  # type: ignore[arg-type]


def test_the_first_page_is_the_clients_and_the_second_says_how_it_is_counted() -> None:
    first, second = pages(pdf_of(savings_document(invented_savings(1))))
    for words_of_page in ("times the fee", "Where it comes from", "What to know about these figures"):
        assert words_of_page in first
    for words_of_page in ("Three ways to count it", "What the figures mean", "Below zero: what was done cost more tax"):
        assert words_of_page in second
        assert words_of_page not in first


def test_a_household_of_today_has_a_page() -> None:
    nothing = Split(0, 0, 0)
    saved = invented_savings(1)
    measured = replace(saved.year_to_date, rule_of_thumb=nothing, shadow=nothing, present_value=nothing, fee=0)
    new = replace(
        saved, inception=saved.as_of, year_to_date=measured, since_inception=measured, months=(), years=(), caveats=()
    )
    document = savings_document(new)
    text = " ".join(pages(pdf_of(document)))
    assert "The record begins today, November 20, 2026: from here on we count what is saved." in text
    assert "no month has ended yet" in text


def test_long_histories_put_early_years_together() -> None:
    saved: TaxesSaved = invented_savings(1, months=240)
    rows = table_named(savings_document(saved), "Tax by year").rows
    assert len(rows) == 13
    assert rows[0].cells[0] == f"{saved.years[0].year}\u2013{saved.as_of.year - 11}"
