"""A prospect's move for people and programs: the summary of a terminal, JSON, and the choices as a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lotwise.money import DOLLAR
from lotwise.reports.amounts import count, dollars, percent, plain, short_dollars

if TYPE_CHECKING:
    from lotwise.prospects.choices import Choice
    from lotwise.prospects.transition import BudgetYears, Transition

__all__ = ["budgets_frame", "choices_frame", "legacy_frame", "transition_json", "transition_summary"]

_ROWS = 8  # points of the frontier in the terminal: JSON and CSV have all of them
_MOST_LEGACY = 10
_PARTS = (0.1, 0.5, 0.9)
_MONEY = ("tax", "tax_at_rates", "short_gains", "long_gains", "cost", "sold")


def choices_frame(transition: Transition) -> pl.DataFrame:
    """Every choice, one row each: dollars and fractions; years are null where tracking never pays the tax."""
    choices = transition.choices
    return pl.DataFrame(
        {
            "choice": [str(choice.role) for choice in choices],
            "risk_price_bps": pl.Series([choice.risk_price for choice in choices], dtype=pl.Float64),
            **{name: [getattr(choice, name) / DOLLAR for choice in choices] for name in _MONEY},
            "tax_of_value": [choice.tax / transition.value for choice in choices],
            "tracking_error": [choice.tracking for choice in choices],
            "overlap": [choice.overlap for choice in choices],
            "turnover": [choice.turnover for choice in choices],
            "names": [choice.names for choice in choices],
            "by_true_tax": [choice.by_true_tax for choice in choices],
            "break_even_years": pl.Series([choice.break_even for choice in choices], dtype=pl.Float64),
        }
    )


def budgets_frame(transition: Transition) -> pl.DataFrame:
    """Every yearly budget, one row each: years and tax at 10%, 50% and 90% of the paths; null = not within them."""
    return pl.DataFrame([_budget_row(each) for each in transition.years], infer_schema_length=None)


def _budget_row(found: BudgetYears) -> dict[str, Any]:
    row: dict[str, Any] = {
        "yearly_budget": None if found.budget is None else found.budget / DOLLAR,
        "paths": found.years.size,
        "completed": found.completed,
    }
    for part in _PARTS:
        row[f"years_p{part * 100:.0f}"] = found.years_at(part)
    for part in _PARTS:
        row[f"tax_p{part * 100:.0f}"] = found.tax_at(part) / DOLLAR
    return row | {"most_in_a_year": int(found.tax.max(initial=0)) / DOLLAR, "kept_back": found.kept_back}


def legacy_frame(transition: Transition) -> pl.DataFrame:
    """What is held and is not in the target: value and gain in dollars, the part that the recommended point keeps."""
    return pl.DataFrame(
        [
            {"symbol": one.symbol, "kind": one.kind, "value": one.value / DOLLAR, "gain": one.gain / DOLLAR}
            | {"kept": one.kept}
            for one in transition.legacy
        ],
        schema={"symbol": pl.String, "kind": pl.String, "value": pl.Float64, "gain": pl.Float64, "kept": pl.Float64},
    )


def transition_json(transition: Transition) -> str:
    """Write everything as JSON: dollars, fractions, years; findings with line, column, what it was."""
    short, long = transition.standing.gains
    resting = transition.resting
    said = {
        "file": transition.file,
        "firm": transition.firm,
        "model": transition.model,
        "profile": transition.profile,
        "as_of": transition.as_of.isoformat(),
        "today": {
            "value": transition.value / DOLLAR,
            "cash": transition.standing.cash / DOLLAR,
            "lots": transition.lots,
            "unrealised_short": short / DOLLAR,
            "unrealised_long": long / DOLLAR,
        },
        "assumed": {
            "lots": resting.lots,
            "value_with_assumed_basis": resting.basis_value,
            "value_with_assumed_date": resting.date_value,
            "gains_on_assumed_basis": resting.gains,
            "basis": resting.basis,
            "holding": resting.holding,
        },
        "not_valued": [
            {"symbol": each.symbol, "line": each.line, "basis": None if each.basis is None else each.basis / DOLLAR}
            for each in transition.unknown
        ],
        "rows_left_out": transition.left_out,
        "choices": choices_frame(transition).to_dicts(),
        "reasons": list(transition.reasons),
        "advice": list(transition.advice),
        "horizon_years": transition.horizon,
        "legacy": legacy_frame(transition).to_dicts(),
        "near_enough": transition.near,
        "simulation": {"seed": transition.seed, "drift": transition.drift},
        "budgets": budgets_frame(transition).to_dicts(),
        "assumes": list(transition.assumes),
        "findings": [
            {name: getattr(finding, name) for name in ("file", "line", "column", "severity", "must_be", "was", "to_do")}
            for finding in transition.findings
        ],
    }
    return json.dumps(said, indent=1) + "\n"


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
            "" if choice is transition.nothing else years_in_words(choice.break_even).replace(" years", " y"),
            style="bold cyan" if recommended else "",
        )
    return table


def years_in_words(years: float | None) -> str:
    """Years until the tax is paid back."""
    if years is None or years <= 0:
        return "never" if years is None else "at once"
    return f"{years:.1f} years" if years >= 0.05 else "under 0.1 years"


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
        table.add_column(name, justify="left" if place < words else "right", no_wrap=True)
    return table


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _within(years: int | None, most: int) -> str:
    return f"over {most}" if years is None else str(years)
