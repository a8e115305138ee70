"""Transition proposal: today, the choices as a picture and a table, the plan by year, why, and what was assumed."""

from __future__ import annotations

from lotwise.money import DOLLAR
from lotwise.reports.amounts import dollars, percent, plain
from lotwise.reports.axes import Axis
from lotwise.reports.documents.adding_up import rounded, shared_out
from lotwise.reports.documents.blocks import (
    Block,
    Column,
    Document,
    Heading,
    NoteList,
    Paragraph,
    Picture,
    Points,
    Row,
    Table,
    Tile,
    Tiles,
)
from lotwise.reports.documents.choices import Choice, Role, TransitionChoices
from lotwise.reports.documents.printed import counted, identifier, whole
from lotwise.reports.frontier_picture import CHOSEN, NEAREST, TODAY, CurvePoint, Named, frontier_picture

__all__ = ["transition_document"]

_LOOKS = {
    Role.RECOMMENDED: ("disc", CHOSEN),
    Role.LIQUIDATE: ("diamond", NEAREST),
    Role.NOTHING: ("ring", TODAY),
}
_MOST_KEPT = 15


def transition_document(proposal: TransitionChoices) -> Document:
    """Write the document of a transition proposal."""
    note = NoteList()
    blocks: list[Block] = [
        _tiles(proposal, note),
        _picture(proposal, note),
        _choices(proposal, note),
        Heading("Why this point"),
        Points(proposal.reasons),
    ]
    if proposal.plan:
        blocks += [_plan(proposal, note), Paragraph(_budget(proposal), small=True)]
    if proposal.kept:
        blocks.append(_kept(proposal))
    for title, items in (("When it pays", proposal.advice), ("What had to be assumed", proposal.assumptions)):
        if items:
            blocks += [Heading(title), Points(items)]
    blocks += [Heading("What the figures mean"), note.block()]
    return Document(
        kind="transition",
        title="Transition proposal",
        household_id=proposal.household_id,
        name=proposal.name,
        as_of=proposal.as_of,
        headline=_headline(proposal),
        blocks=tuple(blocks),
    )


def _headline(proposal: TransitionChoices) -> str:
    best = proposal.recommended
    tax = rounded(best.tax)
    cost = f"costs {dollars(tax)} of tax" if tax > 0 else f"saves {dollars(-tax)} of tax" if tax < 0 else "costs no tax"
    text = f"Moving to {plain(proposal.target)} {cost}"
    everything = [choice for choice in proposal.choices if choice.role is Role.LIQUIDATE]
    if everything and rounded(everything[0].tax) != tax:
        text += f" instead of {whole(everything[0].tax)} for selling everything"
    return f"{text}, and is expected to stay within {percent(best.tracking, 1)} of it a year."


def _tiles(proposal: TransitionChoices, note: NoteList) -> Tiles:
    today, best = proposal.today, proposal.recommended
    gain = rounded(today.short_gain + today.long_gain)
    part = percent(gain / rounded(today.value), 1) + " of value" if rounded(today.value) else ""
    return Tiles(
        (
            Tile(
                "Value today", whole(today.value), f"{counted(today.holdings, 'holding')}, {counted(today.lots, 'lot')}"
            ),
            Tile("Unrealised gain", dollars(gain), part, note("embedded")),
            Tile(
                "Overlap with the target",
                percent(today.overlap, 0),
                f"{percent(best.overlap, 0)} after the move",
                note("overlap"),
            ),
            Tile(
                "Predicted tracking",
                percent(today.tracking, 1),
                f"{percent(best.tracking, 1)} after the move",
                note("tracking"),
            ),
        )
    )


def _picture(proposal: TransitionChoices, note: NoteList) -> Picture:
    curve = [
        CurvePoint(step.tax / DOLLAR, step.tracking, f"{percent(step.tracking)}, tax {whole(step.tax)}")
        for step in proposal.curve
    ]
    order = list(_LOOKS)
    named = sorted((c for c in proposal.choices if c.role in _LOOKS), key=lambda choice: order.index(choice.role))
    places = [
        Named(
            choice.tax / DOLLAR,
            choice.tracking,
            choice.name,
            f"{whole(choice.tax)}, {percent(choice.tracking)} a year",
            *_LOOKS[choice.role],
        )
        for choice in named
    ]
    axes = (
        Axis("Tax of the move; below zero: saved", dollars),
        Axis("Predicted tracking, % a year", lambda value: f"{value * 100:g}"),
    )
    title = "The choices"
    caption = "Left costs less tax, down is closer to the target. Every point of the curve can be had."
    return Picture(frontier_picture(curve, (), places, axes, title), title, caption, note("tracking"))


def _choices(proposal: TransitionChoices, note: NoteList) -> Table:
    rows = [
        Row(
            (
                plain(choice.name, 40),
                whole(choice.tax),
                _part(choice, proposal),
                percent(choice.tracking),
                percent(choice.overlap, 0),
                percent(choice.turnover, 0),
                _years(choice),
            ),
            "total" if choice.role is Role.RECOMMENDED else "",
        )
        for choice in proposal.choices
    ]
    columns = (
        Column("Choice", number=False, wide=True),
        Column("Tax", note=note("tax_today")),
        Column("of value"),
        Column("Tracking", note=note("tracking")),
        Column("Overlap", note=note("overlap")),
        Column("Turnover", note=note("turnover")),
        Column("Years", note=note("years")),
    )
    return Table(columns, tuple(rows), "The choices in figures")


def _part(choice: Choice, proposal: TransitionChoices) -> str:
    value = proposal.today.value
    return percent(choice.tax / value) if value else ""


def _years(choice: Choice) -> str:
    if choice.years is None:
        return "never done"
    return "\u2013" if choice.years == 0 else str(choice.years)


def _plan(proposal: TransitionChoices, note: NoteList) -> Table:
    plan = proposal.plan
    columns_of_money = [
        shared_out([getattr(year, name) for year in plan]) for name in ("sold", "short_gain", "long_gain")
    ]
    taxes = shared_out([year.tax for year in plan], rounded(proposal.recommended.tax))
    rows = []
    for place, year in enumerate(plan):
        span = year.tax_range
        between = "" if span is None else f"{whole(span.low)} to {whole(span.high)}"
        money = [dollars(column[place]) for column in (*columns_of_money, taxes)]
        rows.append(
            Row((str(year.year), *money, between, percent(year.tracking_after), percent(year.overlap_after, 0)))
        )
    totals = [dollars(sum(column)) for column in (*columns_of_money, taxes)]
    rows.append(Row(("All years", *totals, "", "", ""), "total"))
    columns = (
        Column("Year", number=False, wide=True),
        Column("Sold"),
        Column("Short gain"),
        Column("Long gain"),
        Column("Tax", note=note("tax_today")),
        Column("Range", note=note("range")),
        Column("Tracking", note=note("tracking")),
        Column("Overlap", note=note("overlap")),
    )
    return Table(columns, tuple(rows), "The plan, year by year")


def _budget(proposal: TransitionChoices) -> str:
    if proposal.yearly_budget is None:
        return "No yearly limit on tax was asked for. Tracking and overlap are those at the end of the year."
    return (
        f"No year's tax exceeds the budget of {whole(proposal.yearly_budget)}. Tracking and overlap are those at the"
        " end of the year."
    )


def _kept(proposal: TransitionChoices) -> Table:
    values = shared_out([each.value for each in proposal.kept])
    lines = list(zip(proposal.kept, values, strict=True))
    rows = [
        Row((identifier(each.symbol), plain(each.name, 34), dollars(value), plain(each.why, 120)))
        for each, value in lines[:_MOST_KEPT]
    ]
    rest = lines[_MOST_KEPT:]
    if rest:
        rows.append(Row((f"{len(rest)} others", "", dollars(sum(value for _, value in rest)), "")))
    rows.append(Row(("Total", "", dollars(sum(values)), ""), "total"))
    columns = (
        Column("Symbol", number=False),
        Column("Name", number=False),
        Column("Value"),
        Column("Why", number=False, wide=True),
    )
    return Table(columns, tuple(rows), "What is kept")
