"""Whatever a household is called is printed as text: no markup, no code, no control characters."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.bench.document_figures import invented_choices, invented_gains, invented_holdings, invented_savings
from lotwise.reports.documents.blocks import Document
from lotwise.reports.documents.gains_page import gains_document
from lotwise.reports.documents.holdings_page import holdings_document
from lotwise.reports.documents.savings_page import savings_document
from lotwise.reports.documents.theme import Theme
from lotwise.reports.documents.transition_page import transition_document
from tests.reports.documents.printed_pages import html_of, pages, pdf_of, words

NAMES = [
    '#panic("x")',
    '#import "/etc/passwd"',
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "*bold* _it_ $x^2$ @ref `raw` // gone /* gone */ = Heading",
    "{{ 7 * 7 }} {% raw %}",
    "\\u{1f600} \\",
    "a -- b --- c ~ d 'e' \"f\"",
]


def documents(name: str) -> list[Document]:
    """One of every kind, with the name wherever people can write something."""
    held, gains = invented_holdings(1, positions=4), invented_gains(1, lines=3)
    first = replace(held.positions[0], symbol=name[:20], name=name, asset_class=name)
    sold = replace(gains.lines[0], symbol=name[:20], account_id=name[:20])
    proposal = invented_choices(1)
    return [
        savings_document(replace(invented_savings(1), name=name, caveats=(name,))),
        holdings_document(replace(held, name=name, positions=(first, *held.positions[1:]))),
        gains_document(replace(gains, name=name, lines=(sold, *gains.lines[1:]))),
        transition_document(
            replace(
                proposal,
                name=name,
                target=name,
                reasons=(name,),
                outside=tuple(replace(each, name=name, why=name) for each in proposal.outside),
                missing=(name,),
                sales=tuple(replace(each, account=name, symbol=name) for each in proposal.sales[:3]),
                purchases=tuple(replace(each, name=name) for each in proposal.purchases[:3]),
                choices=tuple(replace(choice, name=name) for choice in proposal.choices),
            )
        ),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_names_come_out_as_text(name: str) -> None:
    theme = Theme(name=name, contact=name, disclosures=(name,))
    one_line = " ".join(name.split())
    for document in documents(name):
        text = " ".join(pages(pdf_of(document, theme)))
        assert f"{one_line} ({document.household_id})" in text
        root = html_of(document, theme)
        assert f"{one_line} ({document.household_id})" in words(root)
        assert [element.tag for element in root.iter() if element.tag.rpartition("}")[2] in ("script", "iframe")] == []
        assert [image.get("src") for image in root.iter("img")] == []
        assert text.count(one_line) >= 4  # the firm, whose, disclosure, contact, and where else it stands


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=60))
def test_any_text_can_be_printed(name: str) -> None:
    for document in documents(name):
        assert pdf_of(document).startswith(b"%PDF")
        html_of(document)


def test_control_characters_are_marked() -> None:
    (document, *_) = documents("a\x07b\u202ec")
    assert "a\ufffdb\ufffdc (H001)" in words(html_of(document))


def test_long_words_stay_on_the_page() -> None:
    """Nothing is lost though no blank lets the word break."""
    word = "X" * 130
    document = holdings_document(replace(invented_holdings(1, positions=3), name=word))
    (first, *_) = pages(pdf_of(document))
    assert first.replace(" ", "").count("X") >= 130


def test_letters_that_the_font_does_not_have_do_not_stop_a_document() -> None:
    for document in documents("\u6771\u4eac \u0e01\u0e23 \U0001f600"):
        assert pdf_of(document).startswith(b"%PDF")
