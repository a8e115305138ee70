"""Transition proposal: the choices, the plan and the picture against the figures."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.document_figures import invented_choices
from lotwise.money import DOLLAR
from lotwise.reports.documents.adding_up import rounded
from lotwise.reports.documents.choices import Kept, Role
from lotwise.reports.documents.printed import whole
from lotwise.reports.documents.transition_page import transition_document
from tests.reports.documents.printed_pages import amount, html_of, html_tables, pages, pdf_of, table_named, words


@given(st.integers(0, 10_000))
def test_every_money_figure_adds_up(seed: int) -> None:
    proposal = invented_choices(seed)
    document = transition_document(proposal)
    *years, total = table_named(document, "The plan, year by year").rows
    for place in range(1, 5):
        assert sum(amount(row.cells[place]) for row in years) == amount(total.cells[place])
    (recommended,) = (row for row in table_named(document, "The choices in figures").rows if row.kind == "total")
    assert amount(recommended.cells[1]) == amount(total.cells[4]) == rounded(proposal.recommended.tax)
    *kept, all_kept = table_named(document, "What is kept").rows
    assert sum(amount(row.cells[2]) for row in kept) == amount(all_kept.cells[2])


def test_pdf_and_html_say_every_figure() -> None:
    proposal = invented_choices(3)
    document = transition_document(proposal)
    text, root = " ".join(pages(pdf_of(document))), html_of(document)
    shown = words(root)
    assert [rows[1:] for rows in html_tables(root)] == [[row.cells for row in t.rows] for t in document.tables()]
    for said in (
        *proposal.reasons,
        *proposal.advice,
        *proposal.assumptions,
        document.headline,
        whole(proposal.today.value),
    ):
        assert said in text
        assert said in shown
    for choice in proposal.choices:
        assert f"{choice.name} {whole(choice.tax)}" in text
    for role, name in ((Role.LIQUIDATE, "Sell everything"), (Role.NOTHING, "Keep everything")):
        (choice,) = (each for each in proposal.choices if each.role is role)
        picture = " ".join(next(root.iter("{http://www.w3.org/2000/svg}svg")).itertext())
        assert f"{name}: {whole(choice.tax)}" in picture


def test_many_kept_holdings_are_added_up() -> None:
    kept = tuple(Kept(f"S{place}", "", place * DOLLAR, "too dear") for place in range(40))
    rows = table_named(transition_document(replace(invented_choices(1), kept=kept)), "What is kept").rows
    assert len(rows) == 17
    assert rows[15].cells[:3] == ("25 others", "", f"${sum(range(15, 40)):,}")


def test_a_proposal_without_plan_or_budget_has_a_page() -> None:
    bare = replace(invented_choices(2), plan=(), kept=(), advice=(), assumptions=(), curve=(), yearly_budget=None)
    assert "The choices" in " ".join(pages(pdf_of(transition_document(bare))))


def test_proposals_that_contradict_themselves_are_refused() -> None:
    proposal = invented_choices(1)
    others = tuple(choice for choice in proposal.choices if choice.role is not Role.RECOMMENDED)
    with pytest.raises(ValueError, match="H001: one choice must be recommended; 0 were"):
        replace(proposal, choices=others)
    with pytest.raises(ValueError, match="taxes of the plan must add up"):
        replace(proposal, plan=proposal.plan[:-1])
    with pytest.raises(ValueError, match="years of the plan must ascend"):
        replace(proposal, plan=proposal.plan[::-1])
