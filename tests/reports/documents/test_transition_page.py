"""Transition proposal: the choices, the plan and the picture against the figures."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.document_figures import invented_choices
from lotwise.money import DOLLAR
from lotwise.reports.documents.adding_up import rounded
from lotwise.reports.documents.choices import Outside, Role
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
    for title, places in (
        ("What the target does not have", (3, 4, 5)),
        ("What it buys", (2,)),
        ("Unrealised gains by term", (1, 2, 3)),
    ):
        *parts, whole_of_it = table_named(document, title).rows
        for place in places:
            assert sum(amount(row.cells[place]) for row in parts) == amount(whole_of_it.cells[place])
    (sales,) = (table for table in document.tables() if table.dense)
    *lots, sold = sales.rows
    assert sum(amount(row.cells[4]) for row in lots) == amount(sold.cells[4])
    assert sum(amount(row.cells[5]) for row in lots if row.cells[5]) == amount(sold.cells[5])
    for row in table_named(document, "Unrealised gains by term").rows:
        assert amount(row.cells[1]) + amount(row.cells[2]) == amount(row.cells[3])


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
        *proposal.missing,
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


def test_what_the_target_does_not_have_is_held_or_sold_and_added_up() -> None:
    dollars = [place * DOLLAR for place in range(40)]
    outside = tuple(Outside(f"S{place}", "", "fund", dollars[place], 0, dollars[place], "dear") for place in range(40))
    cut = replace(outside[2], kept=DOLLAR, why="some of it")
    outside = (outside[0], replace(outside[1], kept=0, why=""), cut, *outside[3:])
    proposal = replace(invented_choices(1), outside=outside)
    rows = table_named(transition_document(proposal), "What the target does not have").rows
    assert len(rows) == 17
    assert [row.cells[-1] for row in rows[1:4]] == ["sold", "50% sold: some of it", "held: dear"]
    assert rows[15].cells[:4] == ("25 others", "", "", f"${sum(range(15, 40)):,}")
    assert amount(rows[16].cells[5]) == sum(range(40)) - 1 - 1


def test_the_headline_says_to_keep_what_does_not_pay() -> None:
    proposal = invented_choices(4)
    assert transition_document(proposal).headline.startswith("Moving to")
    kept = replace(proposal, keep="It would take 9.0 years.")
    assert transition_document(kept).headline == "Keep what you have. It would take 9.0 years."


@pytest.mark.parametrize(
    ("tax", "everything", "words"),
    [
        (10, 50, "costs $10 of tax instead of $50 for selling everything. In"),
        (0, 50, "costs no tax, where selling everything would cost $50. In"),
        (-10, 50, "saves $10 of tax, where selling everything would cost $50. In"),
        (-10, -50, "saves $10 of tax, where selling everything would save $50. In"),
        (-10, -10, "saves $10 of tax. In"),
    ],
)
def test_the_headline_says_costs_and_savings_as_such(tax: int, everything: int, words: str) -> None:
    proposal = replace(invented_choices(1), plan=())
    taxes = {Role.RECOMMENDED: tax * DOLLAR, Role.LIQUIDATE: everything * DOLLAR}
    choices = tuple(replace(each, tax=taxes.get(each.role, each.tax)) for each in proposal.choices)
    assert words in transition_document(replace(proposal, choices=choices)).headline


def test_without_a_limit_there_is_no_table_of_limits() -> None:
    proposal = replace(invented_choices(1), budgets=invented_choices(1).budgets[1:], yearly_budget=None)
    document = transition_document(proposal)
    assert "With a yearly limit on tax" not in [table.title for table in document.tables()]


def test_years_under_a_limit_are_in_words_where_there_is_no_end_to_them() -> None:
    row, free = table_named(transition_document(invented_choices(1)), "With a yearly limit on tax").rows
    assert row.cells[2:4] == ("3", "2 to over 10")
    assert row.cells[6] == "88%"
    assert free.cells[0] == "No limit"
    assert free.cells[3] == "1"


def test_accounts_of_sales_are_named_where_there_are_several() -> None:
    proposal = invented_choices(1)
    one = replace(proposal, sales=tuple(replace(sale, account="IRA-1") for sale in proposal.sales))
    two = replace(one, sales=(replace(one.sales[0], account="IRA-2"), *one.sales[1:]))
    for sold, named in ((one, False), (two, True)):
        (table,) = (table for table in transition_document(sold).tables() if table.dense)
        assert ("Account" in [column.title for column in table.columns]) is named
        assert all(len(row.cells) == len(table.columns) for row in table.rows)
        assert ("IRA-1" in " ".join(pages(pdf_of(transition_document(sold))))) is named


def test_a_long_list_of_sales_is_cut_and_added_up() -> None:
    proposal = invented_choices(1)
    many = replace(proposal, sales=proposal.sales * 20)
    (table,) = (table for table in transition_document(many).tables() if table.dense)
    assert len(table.rows) == 302
    assert table.rows[300].cells[0] == f"{len(many.sales) - 300} others"
    assert sum(amount(row.cells[4]) for row in table.rows[:-1]) == amount(table.rows[-1].cells[4])


def test_a_proposal_without_plan_or_budget_has_a_page() -> None:
    bare = replace(
        invented_choices(2), plan=(), outside=(), advice=(), assumptions=(), curve=(), yearly_budget=None,
        missing=(), budgets=(), lots=(), sales=(), purchases=(), reasons=(),
    )  # fmt: skip
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
