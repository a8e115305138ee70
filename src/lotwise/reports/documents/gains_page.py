"""Realised gains: short and long term in totals, wash sales, earlier years, and every line of the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lotwise.money import DOLLAR
from lotwise.reports.amounts import dollars_and_cents
from lotwise.reports.documents.adding_up import CENT, rounded
from lotwise.reports.documents.blocks import (
    Block,
    Column,
    Document,
    Heading,
    NewPage,
    NoteList,
    Paragraph,
    Picture,
    Row,
    Side,
    Table,
    Tile,
    Tiles,
)
from lotwise.reports.documents.printed import cents, counted, day, identifier, long_day, shares
from lotwise.reports.documents.realized import RealizedGains, RealizedLine, WashLine, YearTotals
from lotwise.reports.gain_bars import GainBar, gain_bars
from lotwise.tax.form_cells import NOTHING, Cells, add_up, to_cents

__all__ = ["gains_document"]

_FIRST_WASHES = 12  # wash sales on the first page; the others follow after the lines


class _Printed(NamedTuple):
    """A line and its amounts in whole cents, which add up."""

    line: RealizedLine
    cells: Cells


def gains_document(gains: RealizedGains, *, appendix: bool = True) -> Document:
    """Write the document of a year's realised gains; every line and wash sale stands in its appendix."""
    note = NoteList()
    lines = [*_in_cents(gains, long_term=False), *_in_cents(gains, long_term=True)]
    blocks: list[Block] = [_tiles(gains, lines, note), Side(_totals(lines, note), _bars(lines))]
    if gains.years or lines:
        blocks.append(_by_year(gains, lines, note))
    blocks += _wash_blocks(gains.washes[:_FIRST_WASHES], len(gains.washes), note, appendix=appendix)
    blocks += [Heading("What the figures mean"), note.block()]
    if lines and appendix:
        blocks += [NewPage(), *_line_tables(lines)]
    if len(gains.washes) > _FIRST_WASHES and appendix:
        blocks.append(_wash_table(gains.washes, "All wash sales", 0))
    return Document(
        kind=f"gains-{gains.year}",
        title=f"Realised gains {gains.year}",
        household_id=gains.household_id,
        name=gains.name,
        as_of=gains.as_of,
        headline=_headline(gains, lines),
        blocks=tuple(blocks),
    )


def _in_cents(gains: RealizedGains, *, long_term: bool) -> list[_Printed]:
    """Lines of one term by the day of sale, rounded as Form 8949 rounds them."""
    own = sorted((line for line in gains.lines if line.long_term is long_term), key=lambda line: line.sold)
    if not own:
        return []
    return [_Printed(*pair) for pair in zip(own, to_cents([line.cells for line in own], [""] * len(own)), strict=True)]


def _total(lines: Sequence[_Printed], *, long_term: bool | None = None) -> Cells:
    own = [each.cells for each in lines if long_term is None or each.line.long_term is long_term]
    return add_up(own) if own else NOTHING


def _headline(gains: RealizedGains, lines: Sequence[_Printed]) -> str:
    total = _total(lines).gain
    until = "" if gains.known_until.year > gains.year else f" until {long_day(gains.known_until)}"
    if not lines:
        return f"Nothing was sold in taxable accounts in {gains.year}{until}."
    amount = cents(abs(total))
    what = "a net gain" if total > 0 else "a net loss" if total < 0 else "neither gain nor loss"
    of = "" if total == 0 else f" of {amount}"
    return f"Sales in taxable accounts in {gains.year}{until} realised {what}{of} for tax."


def _tiles(gains: RealizedGains, lines: Sequence[_Printed], note: NoteList) -> Tiles:
    both = _total(lines)
    numbers = [sum(each.line.long_term is term for each in lines) for term in (False, True)]
    return Tiles(
        (
            Tile("Short term", cents(_total(lines, long_term=False).gain), counted(numbers[0], "line"), note("term")),
            Tile("Long term", cents(_total(lines, long_term=True).gain), counted(numbers[1], "line"), note("term")),
            Tile("Together", cents(both.gain), f"counts for tax in {gains.year}", note("counts")),
            Tile(
                "Disallowed",
                cents(both.adjustment),
                counted(len(gains.washes), "wash sale"),
                note("disallowed"),
            ),
        )
    )


def _cells(cells: Cells) -> tuple[str, ...]:
    return (
        cents(cells.proceeds),
        cents(cells.basis),
        cents(cells.proceeds - cells.basis),
        cents(cells.adjustment),
        cents(cells.gain),
    )


def _totals(lines: Sequence[_Printed], note: NoteList) -> Table:
    terms = {"Short term": False, "Long term": True}
    parts = {name: _total(lines, long_term=term) for name, term in terms.items()}
    both = add_up(list(parts.values()))
    names = ("Proceeds", "Cost", "Gain or loss", "Disallowed", "Counts for tax")
    keys = ("", "cost", "", "disallowed", "counts")
    rows = [
        Row((name, *cells), "total" if name == "Counts for tax" else "", note=note(key) if key else 0)
        for name, key, cells in zip(
            names, keys, zip(*(_cells(each) for each in (*parts.values(), both)), strict=True), strict=True
        )
    ]
    columns = (Column("", number=False, wide=True), *(Column(name) for name in (*parts, "Together")))
    return Table(columns, tuple(rows), "Totals of the year")


def _bars(lines: Sequence[_Printed]) -> Picture:
    bars = []
    for name, term in (("Short term", False), ("Long term", True)):
        own = [each.cells.gain for each in lines if each.line.long_term is term]
        bars.append(GainBar(name, sum(g for g in own if g > 0) / DOLLAR, sum(g for g in own if g < 0) / DOLLAR))
    title = "Gains and losses that count for tax"
    return Picture(gain_bars(bars, title), title)


def _by_year(gains: RealizedGains, lines: Sequence[_Printed], note: NoteList) -> Table:
    own = YearTotals(gains.year, *(_total(lines, long_term=term).gain for term in (False, True)))
    rows = []
    for year in (*gains.years, own):
        printed = (rounded(year.short, CENT), rounded(year.long, CENT))
        cells = (dollars_and_cents(amount) for amount in (*printed, sum(printed)))
        rows.append(Row((str(year.year), *cells)))
    columns = (
        Column("Year", number=False, wide=True),
        Column("Short term", note=note("term")),
        Column("Long term"),
        Column("Counts for tax", note=note("counts")),
    )
    return Table(columns, tuple(rows), "By year")


def _wash_blocks(shown: Sequence[WashLine], number: int, note: NoteList, *, appendix: bool) -> list[Block]:
    if not number:
        return [Heading("Wash sales", note("disallowed")), Paragraph("None.")]
    table = _wash_table(shown, "Wash sales", note("disallowed"))
    if number == len(shown):
        return [table]
    more = counted(number - len(shown), "more wash sale")
    return [table, Paragraph(f"{more}: all are listed at the end." if appendix else f"{more}.", small=True)]


def _wash_table(washes: Sequence[WashLine], title: str, number: int) -> Table:
    columns = (
        Column("Sold", number=False),
        Column("Security", number=False),
        Column("Account", number=False),
        Column("Shares"),
        Column("Loss disallowed"),
        Column("Replaced", number=False),
        Column("In account", number=False),
        Column("What becomes of it", number=False, wide=True),
    )
    rows = tuple(
        Row(
            (
                day(wash.sold),
                identifier(wash.symbol),
                identifier(wash.account_id),
                shares(wash.shares),
                cents(wash.disallowed),
                day(wash.replaced),
                identifier(wash.replaced_in),
                "gone for ever" if wash.permanent else "cost of the replacement",
            )
        )
        for wash in washes
    )
    return Table(columns, rows, title, number, dense=True)


def _line_tables(lines: Sequence[_Printed]) -> list[Block]:
    """Every line, short term first, with totals below."""
    blocks: list[Block] = []
    for name, term in (("Short term", False), ("Long term", True)):
        own = [each for each in lines if each.line.long_term is term]
        if not own:
            continue
        rows = [
            Row(
                (
                    identifier(line.symbol),
                    identifier(line.account_id),
                    shares(line.shares),
                    day(line.acquired),
                    day(line.sold),
                    *_cells(cells),
                )
            )
            for line, cells in own
        ]
        rows.append(Row(("Total", "", "", "", "", *_cells(_total(own))), "total"))
        columns = (
            Column("Security", number=False),
            Column("Account", number=False, wide=True),
            Column("Shares"),
            Column("Acquired", number=False),
            Column("Sold", number=False),
            *(Column(title) for title in ("Proceeds", "Cost", "Gain or loss", "Disallowed", "Counts for tax")),
        )
        blocks.append(Table(columns, tuple(rows), f"{name}: every line", dense=True))
    return blocks
