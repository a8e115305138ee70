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
from lotwise.reports.documents.printed import counted, whole
from lotwise.reports.documents.transition_lists import appendix, budget_table, gains_today, outside_table
from lotwise.reports.frontier_picture import CHOSEN, NEAREST, TODAY, CurvePoint, Named, frontier_picture
from lotwise.reports.savings_pictures import compact

__all__ = ["transition_document"]

_SOON = 0.05  # years
_SIZE = (430.0, 292.0)  # of the picture: its letters are to be read on a telephone

_LOOKS = {
    Role.RECOMMENDED: ("disc", CHOSEN),
    Role.LIQUIDATE: ("diamond", NEAREST),
    Role.NOTHING: ("ring", TODAY),
}


def transition_document(proposal: TransitionChoices) -> Document:
    """Write the document of a transition proposal."""
    note = NoteList()
    blocks: list[Block] = [
        _tiles(proposal, note),
        _picture(proposal, note),
        _choices(proposal, note),
        *_points("Why this point", proposal.reasons),
        *_points("When it pays", proposal.advice),
    ]
    if proposal.plan:
        blocks += [_plan(proposal, note), Paragraph(_budget(proposal), small=True)]
    if _limited(proposal):
        blocks.append(budget_table(proposal, note))
    if proposal.lots:
        blocks.append(gains_today(proposal, note))
    if proposal.outside:
        blocks.append(outside_table(proposal, note))
    blocks += _points("What we would like to know", proposal.missing)
    blocks += _points("What had to be assumed", proposal.assumptions)
    blocks += [Heading("What the figures mean"), note.block(), *appendix(proposal)]
    return Document(
        kind="transition",
        title="Transition proposal",
        household_id=proposal.household_id,
        name=proposal.name,
        as_of=proposal.as_of,
        headline=_headline(proposal),
        blocks=tuple(blocks),
    )


def _points(title: str, items: tuple[str, ...]) -> list[Block]:
    return [Heading(title), Points(items)] if items else []


def _headline(proposal: TransitionChoices) -> str:
    best = proposal.recommended
    if proposal.keep:
        return f"Keep what you have. {proposal.keep}"
    tax = rounded(best.tax)
    cost = f"costs {dollars(tax)} of tax" if tax > 0 else f"saves {dollars(-tax)} of tax" if tax < 0 else "costs no tax"
    return (
        f"Moving to {plain(proposal.target)} {cost}{_beside_everything(proposal, tax)}. In two years of three"
        f" its return is then expected to be within {percent(best.tracking, 1)} of the target's."
    )


def _beside_everything(proposal: TransitionChoices, tax: int) -> str:
    """Say what selling everything would cost or save, where that is another amount."""
    for choice in proposal.choices:
        other = rounded(choice.tax)
        if choice.role is Role.LIQUIDATE and other != tax:
            if tax > 0 and other >= 0:
                return f" instead of {dollars(other)} for selling everything"
            return f", where selling everything would {'cost' if other >= 0 else 'save'} {dollars(abs(other))}"
    return ""


def _tiles(proposal: TransitionChoices, note: NoteList) -> Tiles:
    today, best = proposal.today, proposal.recommended
    gain = rounded(today.short_gain + today.long_gain)
    part = percent(gain / rounded(today.value), 1) + " of value" if rounded(today.value) else ""
    if today.cost_unknown:
        part = f"cost of {whole(today.cost_unknown)} assumed"
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
        Axis("Tax of the move; below zero: saved", compact),
        Axis("Predicted tracking, % a year", lambda value: f"{value * 100:g}"),
    )
    title = "The choices"
    caption = "Left costs less tax, down is closer to the target. Every point of the curve can be had."
    if curve and not _is_drawn(proposal):
        caption += " The recommended one is solved by its exact tax, better than the curve."
    return Picture(frontier_picture(curve, (), places, axes, title, _SIZE), title, caption, note("tracking"))


def _is_drawn(proposal: TransitionChoices) -> bool:
    """Whether the recommended choice is a point of the curve."""
    best = proposal.recommended
    return any((step.tax, step.tracking) == (best.tax, best.tracking) for step in proposal.curve)


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
                _pays(choice),
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
        Column("Pays after", note=note("pays_after")),
    )
    return Table(columns, tuple(rows), "The choices in figures")


def _part(choice: Choice, proposal: TransitionChoices) -> str:
    value = proposal.today.value
    return percent(choice.tax / value) if value else ""


def _years(choice: Choice) -> str:
    if choice.years is None:
        return "never done"
    return "\u2013" if choice.years == 0 else str(choice.years)


def _pays(choice: Choice) -> str:
    """Say when closer tracking has paid for a choice; a dash of one that changes nothing."""
    if choice.role is Role.NOTHING:
        return "\u2013"
    if choice.pays_after is None:
        return "never"
    if choice.pays_after <= 0:
        return "at once"
    return f"{choice.pays_after:.1f} years" if choice.pays_after >= _SOON else "under 0.1 years"


def _plan(proposal: TransitionChoices, note: NoteList) -> Table:
    plan = proposal.plan
    ranged = any(year.tax_range for year in plan)
    columns_of_money = [
        shared_out([getattr(year, name) for year in plan]) for name in ("sold", "short_gain", "long_gain")
    ]
    taxes = shared_out([year.tax for year in plan], rounded(proposal.recommended.tax))
    rows = []
    for place, year in enumerate(plan):
        span = year.tax_range
        between = ("" if span is None else f"{whole(span.low)} to {whole(span.high)}",) if ranged else ()
        money = [dollars(column[place]) for column in (*columns_of_money, taxes)]
        after = (percent(year.tracking_after), percent(year.overlap_after, 0))
        rows.append(Row((str(year.year), *money, *between, *after)))
    if len(plan) > 1:
        totals = [dollars(sum(column)) for column in (*columns_of_money, taxes)]
        rows.append(Row(("All years", *totals, *([""] * (3 if ranged else 2))), "total"))
    columns = (
        Column("Year", number=False, wide=True),
        Column("Sold"),
        Column("Short gain"),
        Column("Long gain"),
        Column("Tax", note=note("tax_today")),
        *((Column("Range", note=note("range")),) if ranged else ()),
        Column("Tracking", note=note("tracking")),
        Column("Overlap", note=note("overlap")),
    )
    return Table(columns, tuple(rows), "The plan, year by year")


def _limited(proposal: TransitionChoices) -> bool:
    """Whether there is a limit on a year's tax to tell of: a move that costs none has none."""
    return any(each.budget is not None for each in proposal.budgets)


def _budget(proposal: TransitionChoices) -> str:
    if proposal.yearly_budget is None:
        later = " What it takes with a limit on each year's tax is below." if _limited(proposal) else ""
        return f"The recommended choice, made at once and without a limit on this year's tax.{later}"
    return (
        f"No year's tax exceeds the budget of {whole(proposal.yearly_budget)}. Tracking and overlap are those at the"
        " end of the year."
    )
