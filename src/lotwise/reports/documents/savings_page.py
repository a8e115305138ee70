"""Taxes saved: one headline, where it comes from, three ways to count it, the fee, and what it is measured by."""

from __future__ import annotations

from lotwise.money import DOLLAR
from lotwise.reports.amounts import dollars
from lotwise.reports.documents.adding_up import rounded, shared_out
from lotwise.reports.documents.blocks import (
    Block,
    Column,
    Document,
    Heading,
    NewPage,
    NoteList,
    Picture,
    Points,
    Row,
    Side,
    Table,
    Tile,
    Tiles,
)
from lotwise.reports.documents.figures import Measured, Split, TaxesSaved
from lotwise.reports.documents.printed import long_day, whole
from lotwise.reports.look import INK
from lotwise.reports.savings_pictures import SOURCES, Level, Step, savings_over_time, waterfall

__all__ = ["savings_document"]

_MOST_YEARS = 12


def savings_document(saved: TaxesSaved) -> Document:
    """Write the document of taxes saved."""
    note = NoteList()
    blocks: list[Block] = [
        _tiles(saved, note),
        Side(_over_time(saved), _waterfall(saved, note)),
        Side(_sources(saved, note), _by_year(saved, note)),
        Heading("The ordinary rebalance that we compare with"),
        Points(saved.shadow_rule),
    ]
    if saved.caveats:
        blocks += [Heading("What to know about these figures"), Points(saved.caveats)]
    # The first page is for the client; what it rests on has one of its own.
    blocks += [NewPage(), _measures(saved, note), Heading("What the figures mean"), note.block()]
    return Document(
        kind="savings",
        title="Taxes saved",
        household_id=saved.household_id,
        name=saved.name,
        as_of=saved.as_of,
        headline=_headline(saved),
        blocks=tuple(blocks),
    )


def _headline(saved: TaxesSaved) -> str:
    whole_time = saved.since_inception
    dollars_saved = rounded(whole_time.shadow.total)
    if saved.inception >= saved.as_of and dollars_saved == 0:
        return f"The record begins today, {long_day(saved.as_of)}: from here on we count what is saved."
    since = f"Since {long_day(saved.inception)}, "
    if dollars_saved == 0:
        return since + "tax-aware management has neither saved nor cost you tax."
    if dollars_saved < 0:
        return (
            since + f"tax-aware management has cost you {dollars(-dollars_saved)} more tax than an ordinary rebalance."
        )
    text = since + f"tax-aware management has saved you {dollars(dollars_saved)} of tax"
    fee = 0 if whole_time.fee is None else rounded(whole_time.fee)
    if fee <= 0:
        return text + "."
    if dollars_saved >= fee:
        return text + f": {dollars_saved / fee:.1f} times the fee of {dollars(fee)}."
    return text + f", less than the fee of {dollars(fee)}."


def _tiles(saved: TaxesSaved, note: NoteList) -> Tiles:
    year, always = saved.year_to_date, saved.since_inception
    return Tiles(
        (
            Tile(
                "Saved since inception", whole(always.shadow.total), f"since {saved.inception:%m/%d/%Y}", note("saved")
            ),
            Tile("Saved this year", whole(year.shadow.total), f"{saved.as_of.year} to date", note("saved")),
            _fee_tile(saved, note),
            Tile(
                "After later taxes",
                whole(always.present_value.total),
                "net present benefit since inception",
                note("present_value"),
            ),
        )
    )


def _fee_tile(saved: TaxesSaved, note: NoteList) -> Tile:
    year, always = saved.year_to_date.fee, saved.since_inception.fee
    if year is None or always is None:
        return Tile("Fee", "not known", "", note("fee"))
    return Tile("Fee", whole(always), f"{whole(year)} of it this year", note("fee"))


def _over_time(saved: TaxesSaved) -> Picture:
    levels = []
    for month in saved.months:
        deferral, harvesting, location = (part / DOLLAR for part in month.saved.parts)
        levels.append(Level(month.day, (deferral, harvesting, location)))
    title = "Saved since inception, by source"
    return Picture(savings_over_time(levels, title), title, "What had been saved by the end of each month.")


def _waterfall(saved: TaxesSaved, note: NoteList) -> Picture:
    taken = [-part for part in shared_out(saved.since_inception.shadow.parts)]
    ordinary = rounded(sum(year.actual for year in saved.years)) - sum(taken)
    title = "From the ordinary rebalance to what was done"
    steps = [Step("Tax of the ordinary rebalance", ordinary, change=False)]
    steps += [
        Step(name, amount, change=True, colour=colour) for (name, colour), amount in zip(SOURCES, taken, strict=True)
    ]
    steps.append(Step("Tax of what was done", ordinary + sum(taken), change=False, colour=INK))
    caption = "Tax since inception. What a source saved goes to the left, what it cost to the right."
    return Picture(waterfall(steps, title), title, caption, note("waterfall"))


def _dollar_columns(year: tuple[int, ...], always: tuple[int, ...]) -> list[tuple[str, str]]:
    """Parts of both times in dollars that add up."""
    return [(dollars(one), dollars(other)) for one, other in zip(shared_out(year), shared_out(always), strict=True)]


def _sources(saved: TaxesSaved, note: NoteList) -> Table:
    year, always = saved.year_to_date, saved.since_inception
    parts = _dollar_columns(year.shadow.parts, always.shadow.parts)
    numbers = [note(key) for key in ("deferral", "harvesting", "location")]
    rows = [Row((name, *cells), note=number) for (name, _), number, cells in zip(SOURCES, numbers, parts, strict=True)]
    totals = [rounded(measured.shadow.total) for measured in (year, always)]
    rows.append(Row(("Saved", *(dollars(total) for total in totals)), "total"))
    fees = [measured.fee for measured in (year, always) if measured.fee is not None]
    if len(fees) == len(totals):
        rows.append(Row(("Fee", *(whole(fee) for fee in fees))))
        beyond = (dollars(total - rounded(fee)) for total, fee in zip(totals, fees, strict=True))
        rows.append(Row(("Saved beyond the fee", *beyond), "total"))
    columns = (Column("Source", number=False, wide=True), Column("Year to date"), Column("Since inception"))
    return Table(columns, tuple(rows), "Where it comes from, and the fee", note("saved"))


def _by_year(saved: TaxesSaved, note: NoteList) -> Table:
    """Tax of the last years; those before in one row, so that the columns add up."""
    years = saved.years
    total_saved = rounded(saved.since_inception.shadow.total)
    total_actual = rounded(sum(year.actual for year in years))
    current = [rounded(saved.year_to_date.shadow.total)] if years and years[-1].year == saved.as_of.year else []
    before = years[: len(years) - len(current)]
    saved_by = shared_out([year.saved for year in before], total_saved - sum(current)) if before else []
    saved_by += current
    actual_by = shared_out([year.actual for year in years], total_actual)
    lines = [(str(year.year), one, other) for year, one, other in zip(years, actual_by, saved_by, strict=True)]
    if len(lines) > _MOST_YEARS:
        early = lines[: 1 - _MOST_YEARS]
        name = f"{early[0][0]}\u2013{early[-1][0]}"
        lines = [(name, sum(line[1] for line in early), sum(line[2] for line in early)), *lines[1 - _MOST_YEARS :]]
    rows = [
        Row((name, dollars(actual + difference), dollars(actual), dollars(difference)))
        for name, actual, difference in lines
    ]
    whole_row = (dollars(total_actual + total_saved), dollars(total_actual), dollars(total_saved))
    rows.append(Row(("All years", *whole_row), "total"))
    columns = (Column("Year", number=False, wide=True), Column("Ordinary"), Column("Actual"), Column("Saved"))
    return Table(columns, tuple(rows), "Tax by year", note("year_tax"))


def _measures(saved: TaxesSaved, note: NoteList) -> Table:
    """A, B and C for both times; never one without the others."""
    rows = []
    for name, measured in (("Year to date", saved.year_to_date), ("Since inception", saved.since_inception)):
        rows.append(Row((name, "", "", "", ""), "group"))
        rows += [Row((words, *_split_cells(split)), note=number) for words, split, number in _named(measured, note)]
    columns = (
        Column("Measure", number=False, wide=True),
        Column("Deferral"),
        Column("Harvesting"),
        Column("Location"),
        Column("Saved"),
    )
    return Table(columns, tuple(rows), "Three ways to count it")


def _named(measured: Measured, note: NoteList) -> list[tuple[str, Split, int]]:
    return [
        ("A, rule of thumb", measured.rule_of_thumb, note("rule_of_thumb")),
        ("B, shadow ledger", measured.shadow, note("shadow")),
        ("C, net present benefit", measured.present_value, note("present_value")),
    ]


def _split_cells(split: Split) -> tuple[str, ...]:
    parts = shared_out(split.parts)
    return (*(dollars(part) for part in parts), dollars(sum(parts)))
