"""Holdings: one page, then every lot; groups, accounts, positions and lots add up; PDF and HTML say them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.document_figures import invented_holdings
from lotwise.money import DOLLAR, SHARE
from lotwise.reports.documents.blocks import Row
from lotwise.reports.documents.holdings_page import holdings_document
from lotwise.reports.documents.positions import HeldAccount, HeldLot, HeldPosition, HoldingsOnDay
from lotwise.reports.documents.theme import Theme
from tests.reports.documents.printed_pages import (
    amount,
    first_page_tables,
    html_of,
    html_tables,
    missing_rows,
    pages,
    pdf_of,
    table_named,
    words,
)


def many(classes: int, accounts: int, positions: int, name: str = "") -> HoldingsOnDay:
    """Holdings that fill every table of the first page; a third of the lots have no cost, some no price."""
    names = tuple(
        HeldAccount(f"H010-{place:03d}", "taxable", 12_345 * place, place % 5 == 0) for place in range(accounts)
    )
    held = []
    for place in range(positions):
        basis = None if place % 3 == 0 else 1_234_567 * place
        lot = HeldLot(
            names[place % accounts].account_id, f"L{place}", (place + 1) * SHARE, 100_003 * place, basis,
            date(2020, 1, 1), 2_000, long_term=True, taxable=True,
        )  # fmt: skip
        price = 100_003 * place or None
        held.append(
            HeldPosition(
                f"S{place}",
                f"A security whose name is long, of number {place}",
                f"Class {place % classes}",
                price,
                (lot,),
            )
        )
    return HoldingsOnDay("H010", name, date(2026, 11, 20), names, tuple(held))


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 6))
def test_every_money_figure_adds_up(seed: int, positions: int, lots: int) -> None:
    held = invented_holdings(seed, positions=positions, lots=lots)
    document = holdings_document(held)
    *classes, total = (
        [amount(row.cells[place]) for place in (1, 3, 4, 5)] for row in table_named(document, "By asset class").rows
    )
    assert [sum(column) for column in zip(*classes, strict=True)] == total
    assert all(taxable - cost == gain for _, taxable, cost, gain in (*classes, total))
    *accounts, whole = (amount(row.cells[2]) for row in table_named(document, "By account").rows)
    assert sum(accounts) == whole == total[0]
    assert abs(whole * DOLLAR - held.value) <= DOLLAR // 2
    for row in table_named(document, "Largest positions").rows:
        assert amount(row.cells[4]) - amount(row.cells[5]) == amount(row.cells[6])
    check_appendix(held)


def check_appendix(held: HoldingsOnDay) -> None:
    """Lots add up to positions and positions to classes, in cents, and those to all that is held but cash."""
    document = holdings_document(held)
    appendix = document.tables()[len(first_page_tables(document)) :]
    whole = Decimal(0)
    for table in appendix:
        *rows, total = table.rows
        heads = [place for place, row in enumerate(rows) if row.kind == "group"]
        for first, last in pairwise([*heads, len(rows)]):
            lots = [lot_amounts(row) for row in rows[first + 1 : last]]
            assert [sum(column) for column in zip(*lots, strict=True)] == [
                amount(cell) for cell in rows[first].cells[4:7]
            ]
        assert sum(amount(rows[place].cells[4]) for place in heads) == amount(total.cells[4])
        whole += amount(total.cells[4])
    exact = sum(position.value for position in held.positions)
    assert abs(whole * DOLLAR - exact) <= DOLLAR // 200


def lot_amounts(row: Row) -> tuple[Decimal, Decimal, Decimal]:
    """Value, cost and gain of a lot, zero where not known; where there is a gain it is value less cost."""
    value, cost, gain = row.cells[4:7]
    printed = amount(value), Decimal(0) if cost == "not known" else amount(cost), amount(gain) if gain else Decimal(0)
    if gain:
        assert printed[0] - printed[1] == printed[2]
    return printed


@pytest.mark.parametrize("paper", ["letter", "a4"])
def test_the_first_page_is_one_page_however_much_there_is(paper: str) -> None:
    document = holdings_document(many(20, 30, 200, "A name " * 60))
    printed = pages(pdf_of(document, Theme(name="Small firm", paper=paper)))
    assert "Appendix: every position and its lots" in printed[1]
    assert "What the figures mean" in printed[0]
    assert "Without a price, and counted as zero" in printed[0]
    assert "13 other asset classes" in printed[0]
    assert "24 others" in printed[0]


def test_without_its_appendix_it_is_one_page() -> None:
    document = holdings_document(many(3, 2, 60), appendix=False)
    assert len(pages(pdf_of(document))) == 1
    assert document.tables() == first_page_tables(holdings_document(many(3, 2, 60)))


def test_pdf_and_html_say_every_lot() -> None:
    held = invented_holdings(5, positions=40)
    document = holdings_document(held)
    text, root = " ".join(pages(pdf_of(document))), html_of(document)
    assert [rows[1:] for rows in html_tables(root)] == [[row.cells for row in t.rows] for t in document.tables()]
    assert document.headline in words(root)
    assert missing_rows(document, text) == []


def test_two_thousand_lots_are_set() -> None:
    held = invented_holdings(6, positions=420, lots=5)
    lots = sum(len(position.lots) for position in held.positions)
    assert lots > 1_800
    text = " ".join(pages(pdf_of(holdings_document(held))))
    assert f"{lots:,} lots" in text
    assert [lot.lot_id for position in held.positions for lot in position.lots if lot.lot_id not in text] == []


def test_what_is_not_known_is_said() -> None:
    held = many(2, 1, 9)
    text = " ".join(pages(pdf_of(holdings_document(held))))
    unknown = sum(lot.value for each in held.positions for lot in each.lots if lot.basis is None)
    assert f"The cost of 3 taxable lots worth ${round(unknown / DOLLAR):,} is not known" in text
    assert "counted as zero: S0." in text


def test_a_household_that_holds_nothing_has_a_page() -> None:
    nothing = HoldingsOnDay("H009", "", date(2026, 11, 20), (), ())
    (text,) = pages(pdf_of(holdings_document(nothing)))
    assert "Nothing was held on November 20, 2026." in text
    cash = replace(nothing, accounts=(HeldAccount("A1", "roth", -12_500_000, held_away=False),))
    (text,) = pages(pdf_of(holdings_document(cash)))
    assert "A1 Roth \u2212$1,250" in text


def test_a_lot_of_no_listed_account_is_refused() -> None:
    held = invented_holdings(1)
    with pytest.raises(ValueError, match="is of no listed account"):
        replace(held, accounts=held.accounts[1:])
