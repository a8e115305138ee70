"""A prospect's move for people: the summary of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lotwise.money import DOLLAR
from lotwise.reports.amounts import count, dollars, percent, plain, short_dollars

if TYPE_CHECKING:
    from lotwise.prospects.choices import Choice
    from lotwise.prospects.transition import Transition

__all__ = ["transition_summary", "years_in_words"]

_ROWS = 8  # points of the frontier in the terminal: JSON and CSV have all of them
_MOST_LEGACY = 10
_PARTS = (0.1, 0.5, 0.9)


def _shown(transition: Transition) -> list[Choice]:
    """Both ends, the recommended point, and some evenly along the curve between."""
    between = transition.between
    places = {round(place) for place in np.linspace(0, len(between) - 1, _ROWS)} if between else set()
    rows = [one for at, one in enumerate(between) if at in places or one is transition.recommended]
    return [transition.nothing, *rows, transition.liquidate]


def transition_summary(transition: Transition) -> RenderableType:
    """Everything that matters in a terminal: today, the choices, why, how long it takes, what rests on assumptions."""
    parts: list[RenderableType] = [Text(_today(transition)), *map(Text, _resting(transition)), _choices(transition)]
    parts += [Text(f"  {line}") for line in (*transition.reasons, *transition.advice)]
    if transition.legacy:
        parts += [Text("\nAt the recommended point:"), _legacy(transition)]
    paths = transition.years[0].years.size if transition.years else 0
    said = f"Tax years until tracking is within {percent(transition.near)}, this one the first; {count(paths, 'path')}:"
    parts += [Text(said), _budgets(transition), Text(f"Assumed: {'; '.join(transition.assumes)}.", style="dim")]
    return Group(*parts)


def _today(transition: Transition) -> str:
    short, long = transition.standing.gains
    return (
        f"{plain(transition.file)}: {short_dollars(transition.value / DOLLAR)} in {count(transition.lots, 'lot')} of"
        f" {count(transition.nothing.names, 'name')}, {dollars(transition.standing.cash / DOLLAR)} of it cash;"
        f" unrealised {dollars(short / DOLLAR)} short-term, {dollars(long / DOLLAR)} long-term. To"
        f" {plain(transition.model)}, at the close of {transition.as_of}."
    )


def _resting(transition: Transition) -> list[str]:
    resting, said = transition.resting, []
    if resting.lots:
        said.append(
            f"{count(resting.lots, 'lot')} with something assumed: the basis of {percent(resting.basis_value, 1)} of"
            f" value and {percent(resting.gains, 1)} of gains, the date of {percent(resting.date_value, 1)} of value."
            " Ask for them: see the findings."
        )
    if transition.unknown:
        names = ", ".join(plain(each.symbol) for each in transition.unknown[:8])
        said.append(f"Not valued, for want of a price, and in no figure: {names}.")
    if transition.left_out:
        said.append(f"{count(transition.left_out, 'row')} of the file left out: see the findings.")
    return said


def _choices(transition: Transition) -> Table:
    table = _table(("", "tax", "of value", "tracking", "overlap", "turnover", "names", "pays in"), 1)
    for choice in _shown(transition):
        recommended = choice is transition.recommended
        table.add_row(
            "" if choice.role == "between" else str(choice.role),
            dollars(choice.tax / DOLLAR),
            percent(choice.tax / transition.value),
            percent(choice.tracking),
            percent(choice.overlap, 0),
            percent(choice.turnover, 0),
            f"{choice.names:,}",
            "" if choice is transition.nothing else _short(years_in_words(choice.break_even)),
            style="bold cyan" if recommended else "",
        )
    return table


def years_in_words(years: float | None) -> str:
    """Years until the tax is paid back."""
    if years is None or years <= 0:
        return "never" if years is None else "at once"
    return f"{years:.1f} years" if years >= 0.05 else "under 0.1 years"


def _short(words: str) -> str:
    return words.replace("under ", "<").replace(" years", " y")


def _legacy(transition: Transition) -> Table:
    table = _table(("not in the target", "kind", "value", "gain", "kept"), 2)
    for one in transition.legacy[:_MOST_LEGACY]:
        kept = "held" if one.kept > 0.999 else "sold" if one.kept == 0 else percent(one.kept, 0)
        table.add_row(plain(one.symbol), one.kind, dollars(one.value / DOLLAR), dollars(one.gain / DOLLAR), kept)
    more = len(transition.legacy) - _MOST_LEGACY
    if more > 0:
        table.add_row(f"and {more} more")
    return table


def _budgets(transition: Transition) -> Table:
    paths = transition.years[0].years.size if transition.years else 0
    table = _table(("tax a year", "years", "10% to 90%", "tax in all", "10% to 90%", "complete"), 0)
    for each in transition.years:
        low, middle, high = (each.years_at(part) for part in _PARTS)
        taxes = [dollars(each.tax_at(part) / DOLLAR) for part in _PARTS]
        table.add_row(
            "no budget" if each.budget is None else dollars(each.budget / DOLLAR),
            _within(middle, each.most),
            _range(_within(low, each.most), _within(high, each.most)),
            taxes[1],
            _range(taxes[0], taxes[2]),
            percent(each.completed / paths, 0),
        )
    return table


def _table(names: tuple[str, ...], words: int) -> Table:
    """A table whose first `words` columns are words, narrow enough for a terminal of 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(names):
        # Words give way where it is too narrow: an amount without its last digits is another amount.
        table.add_column(name, justify="left" if place < words else "right", no_wrap=place >= words)
    return table


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _within(years: int | None, most: int) -> str:
    return f"over {most}" if years is None else str(years)
