"""The lists of a transition proposal: years under limits on tax, what the target does not have, sales and purchases."""

from __future__ import annotations

from dataclasses import replace

from lotwise.money import DOLLAR
from lotwise.reports.amounts import dollars, dollars_and_cents, percent, plain
from lotwise.reports.documents.adding_up import CENT, shared_out
from lotwise.reports.documents.blocks import (
    Block,
    Column,
    Heading,
    NoteList,
    Paragraph,
    Picture,
    Row,
    Side,
    Table,
)
from lotwise.reports.documents.choices import Outside, Sale, TransitionChoices
from lotwise.reports.documents.printed import counted, day, identifier, shares, whole
from lotwise.reports.lot_ages import Aged, lot_ages

__all__ = ["appendix", "budget_table", "gains_today", "outside_table"]

_MOST_OUTSIDE = 15
_MOST_SALES = 300  # lines of a document; the table of the plan has all of them
_MOST_PURCHASES = 25
_NAME = 30  # letters of a security's name
_ALL, _NONE = 0.9995, 0.0005  # parts of a holding that are said as all and nothing of it


def gains_today(proposal: TransitionChoices, note: NoteList) -> Side:
    """Unrealised gains by the age of their lots, and the same by term in figures."""
    lots = [Aged(lot.gain / DOLLAR, lot.days, lot.long_term) for lot in proposal.lots]
    title = "Unrealised gains by age of the lots"
    return Side(Picture(lot_ages(lots, title), title, note=note("lot_age")), _by_term(proposal, note))


def _by_term(proposal: TransitionChoices, note: NoteList) -> Table:
    """Gains, losses and their sum, short-term and long-term."""
    parts = {
        (term, gains): sum(lot.gain for lot in proposal.lots if lot.long_term == term and (lot.gain > 0) == gains)
        for term in (False, True)
        for gains in (True, False)
    }
    shared = dict(zip(parts, shared_out(list(parts.values())), strict=True))
    rows = []
    for name, term in (("Short term", False), ("Long term", True)):
        gains, losses = shared[term, True], shared[term, False]
        rows.append(Row((name, *_amounts(gains, losses, gains + losses))))
    gains, losses = (sum(shared[term, up] for term in (False, True)) for up in (True, False))
    rows.append(Row(("Both", *_amounts(gains, losses, gains + losses)), "total"))
    columns = (
        Column("Term", number=False, wide=True, note=note("term")),
        Column("Gains"),
        Column("Losses"),
        Column("Net", note=note("embedded")),
    )
    return Table(columns, tuple(rows), "Unrealised gains by term")


def budget_table(proposal: TransitionChoices, note: NoteList) -> Table:
    """How long the move takes, and what it costs in all, under each yearly limit on tax."""
    rows = [
        Row(
            (
                "No limit" if each.budget is None else whole(each.budget),
                whole(each.tax_this_year),
                _within(each.years[1], each.most),
                _span(_within(each.years[0], each.most), _within(each.years[2], each.most)),
                whole(each.tax[1]),
                _span(whole(each.tax[0]), whole(each.tax[2])),
                percent(each.complete, 0),
            )
        )
        for each in proposal.budgets
    ]
    columns = (
        Column("Tax a year, at most", number=False, wide=True),
        Column("This year"),
        Column("Years", note=note("budget_years")),
        Column("Range", note=note("range")),
        Column("Tax in all", note=note("tax_today")),
        Column("Range", note=note("range")),
        Column(f"Done in {max(each.most for each in proposal.budgets)} years"),
    )
    return Table(columns, tuple(rows), "With a yearly limit on tax")


def _within(years: int | None, most: int) -> str:
    return f"over {most}" if years is None else str(years)


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def outside_table(proposal: TransitionChoices, note: NoteList) -> Table:
    """Every holding that the target does not have, held or sold; none is left out of the sums."""
    values, gains, kept = (
        shared_out([getattr(each, name) for each in proposal.outside]) for name in ("value", "gain", "kept")
    )
    lines = list(zip(proposal.outside, values, gains, kept, strict=True))
    rows = [
        Row((identifier(one.symbol), plain(one.name, _NAME), one.kind, *_amounts(*money), _what(one)))
        for one, *money in lines[:_MOST_OUTSIDE]
    ]
    if rest := lines[_MOST_OUTSIDE:]:
        sums = [sum(column) for column in list(zip(*rest, strict=True))[1:]]
        rows.append(Row((counted(len(rest), "other"), "", "", *_amounts(*sums), "")))
    rows.append(Row(("Total", "", "", *_amounts(sum(values), sum(gains), sum(kept)), ""), "total"))
    columns = (
        Column("Symbol", number=False),
        Column("Name", number=False),
        Column("Kind", number=False),
        Column("Value"),
        Column("Gain", note=note("embedded")),
        Column("Held on"),
        Column("What becomes of it", number=False, wide=True),
    )
    return Table(columns, tuple(rows), "What the target does not have", note("outside"))


def _amounts(*money: int) -> tuple[str, ...]:
    return tuple(dollars(each) for each in money)


def _what(one: Outside) -> str:
    part = one.kept / one.value if one.value else 1.0
    done = "held" if part > _ALL else "sold" if part < _NONE else f"{percent(1 - part, 0)} sold"
    return f"{done}: {plain(one.why, 120)}" if one.why else done


def appendix(proposal: TransitionChoices) -> list[Block]:
    """What the recommended move sells, lot by lot, and what it buys."""
    blocks: list[Block] = []
    if proposal.sales:
        blocks += [Heading("What the recommended move sells"), _sales(proposal)]
        if any(sale.assumed for sale in proposal.sales):
            blocks.append(Paragraph("* The cost or the date of the lot is assumed.", small=True))
    if proposal.purchases:
        blocks.append(_purchases(proposal))
    return blocks


def _sales(proposal: TransitionChoices) -> Table:
    sales = proposal.sales
    values = shared_out([sale.value for sale in sales], unit=CENT)
    gains = shared_out([sale.gain or 0 for sale in sales], unit=CENT)
    lines = list(zip(sales, values, gains, strict=True))
    rows = [_sale_row(*line) for line in lines[:_MOST_SALES]]
    if rest := lines[_MOST_SALES:]:
        value, gain = sum(line[1] for line in rest), sum(line[2] for line in rest)
        others = counted(len(rest), "other")
        rows.append(Row((others, "", "", "", dollars_and_cents(value), dollars_and_cents(gain), "")))
    total = ("Total", "", "", "", dollars_and_cents(sum(values)), dollars_and_cents(sum(gains)), "")
    rows.append(Row(total, "total"))
    columns = [
        Column("Symbol", number=False),
        Column("Account", number=False, wide=True),
        Column("Acquired", number=False),
        Column("Shares"),
        Column("Proceeds"),
        Column("Gain"),
        Column("Term", number=False),
    ]
    if len({sale.account for sale in sales}) == 1:  # a column of one word throughout says nothing
        del columns[1]
        columns[0] = replace(columns[0], wide=True)
        rows = [replace(row, cells=(row.cells[0], *row.cells[2:])) for row in rows]
    return Table(tuple(columns), tuple(rows), dense=True)


def _sale_row(sale: Sale, value: int, gain: int) -> Row:
    taxed = sale.gain is not None
    term = ("long" if sale.long_term else "short") if taxed else "not taxed"
    cells = (
        identifier(sale.symbol),
        identifier(sale.account),
        day(sale.acquired) + ("*" if sale.assumed else ""),
        shares(sale.shares),
        dollars_and_cents(value),
        dollars_and_cents(gain) if taxed else "",
        term,
    )
    return Row(cells)


def _purchases(proposal: TransitionChoices) -> Table:
    values = shared_out([each.value for each in proposal.purchases])
    lines = list(zip(proposal.purchases, values, strict=True))
    rows = [
        Row((identifier(each.symbol), plain(each.name, _NAME), dollars(value)))
        for each, value in lines[:_MOST_PURCHASES]
    ]
    if rest := lines[_MOST_PURCHASES:]:
        rows.append(Row((counted(len(rest), "other"), "", dollars(sum(value for _, value in rest)))))
    rows.append(Row(("Total", "", dollars(sum(values))), "total"))
    columns = (Column("Symbol", number=False), Column("Name", number=False, wide=True), Column("Bought"))
    return Table(columns, tuple(rows), "What it buys")
