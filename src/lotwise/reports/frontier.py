"""A household's frontier for people and programs: a table of some points, all of them as JSON or CSV, the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lotwise.money import DOLLAR
from lotwise.reports.amounts import dollars, percent, plain, short_dollars
from lotwise.reports.axes import Axis
from lotwise.reports.frontier_picture import CHOSEN, NEAREST, TODAY, CurvePoint, Named, frontier_picture
from lotwise.reports.look import MUTED

if TYPE_CHECKING:
    from lotwise.rebalancing.frontier import Frontier
    from lotwise.rebalancing.frontier_refined import PointFigures, RefinedPoint

__all__ = ["drawn_frontier", "frontier_frame", "frontier_json", "frontier_table", "shown_points"]

_ROWS = 10  # points in the terminal: JSON and CSV have all of them
_MONEY = ("tax", "tax_at_rates", "short_gains", "long_gains", "cost", "sold", "bought")


def frontier_frame(frontier: Frontier) -> pl.DataFrame:
    """All points as a data frame, one row each: fractions, and dollars."""
    columns: dict[str, Any] = {"risk_price_bps": frontier.risk_price, "tracking_error": frontier.tracking}
    columns |= {name: getattr(frontier, name) / DOLLAR for name in _MONEY}
    columns |= {
        "turnover": frontier.turnover,
        "objective": frontier.objective,
        "lower_bound": frontier.lower_bound,
        "efficient": frontier.efficient,
        "chosen": np.arange(frontier.tax.size) == frontier.chosen,
    }
    return pl.DataFrame(columns)


def _figures_json(figures: PointFigures) -> dict[str, float]:
    money = (*_MONEY, "tax_in_all")
    return {"tracking_error": figures.tracking} | {name: getattr(figures, name) / DOLLAR for name in money}


def _refined_json(refined: RefinedPoint) -> dict[str, Any]:
    return {
        "point": refined.point,
        "risk_price_bps": refined.risk_price,
        "solves": refined.solves,
        "gained": refined.gained,
        "at_frozen_rates": _figures_json(refined.frozen),
        "by_true_tax": _figures_json(refined.true),
    }


def frontier_json(household: str, frontier: Frontier, refined: RefinedPoint | None = None) -> Mapping[str, Any]:
    """Give all points as plain values for JSON: fractions and dollars; `refined` is one of them by its true tax."""
    return {
        "household_id": household,
        "value": frontier.value / DOLLAR,
        "today": {"tracking_error": frontier.tracking_today, "tax": 0.0, "misses_bounds": frontier.breaks_today},
        "chosen": frontier.chosen,
        "nearest": frontier.nearest,
        "assumes": list(frontier.assumes),
        "refined": _refined_json(refined) if refined is not None else None,
        "points": frontier_frame(frontier).to_dicts(),
    }


def shown_points(frontier: Frontier, most: int = _ROWS) -> list[int]:
    """Some points for the eye: both ends of what is efficient, the chosen one, others evenly along the curve."""
    efficient = np.flatnonzero(frontier.efficient)
    steps = np.zeros(efficient.size)
    for values in (frontier.tracking[efficient], frontier.tax_at_rates[efficient]):
        span = float(np.ptp(values))
        if span > 0:
            steps[1:] += np.abs(np.diff(values)) / span
    along = np.cumsum(steps)
    wanted = np.linspace(0.0, along[-1], most - 1)
    picked = {int(efficient[np.argmin(np.abs(along - place))]) for place in wanted}
    return sorted({*picked, frontier.chosen})


def _money_cells(figures: PointFigures) -> list[str]:
    money = ("tax_at_rates", "tax", "short_gains", "long_gains", "cost")
    return [dollars(float(getattr(figures, name)) / DOLLAR) for name in money]


def _refined_words(frontier: Frontier, refined: RefinedPoint) -> str:
    """Say what a point comes to by its true tax, beside what it was drawn at."""
    price = f"price of tracking {refined.risk_price:g}"
    which = f"The chosen point, {price}," if refined.point == frontier.chosen else f"The point at the {price}"
    if not refined.is_better:
        why = "tonight's rates hold there" if refined.solves == 1 else "no other rates lead to better ones"
        return f"{which} keeps its trades by its true tax: {why}."
    true, frozen = refined.true, refined.frozen
    tax, was = (dollars(figures.tax_in_all / DOLLAR) for figures in (true, frozen))
    return (
        f"{which} by its true tax, {refined.solves} solves: tracking error {percent(true.tracking, 3)} (at tonight's"
        f" rates {percent(frozen.tracking, 3)}), tax {tax} with what is carried on (the drawn trades: {was}), and"
        f" {dollars(refined.gained)} better in all."
    )


def frontier_table(household: str, frontier: Frontier, refined: RefinedPoint | None = None) -> RenderableType:
    """Some ten points for a terminal, dearest price of tracking first; print it with a rich console.

    With `refined` a row after its point has what it comes to by its true tax.
    """
    title = f"Household {plain(household)}, {short_dollars(frontier.value / DOLLAR)}"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.padding = (0, 1, 0, 0)  # so that all of it is within 80 columns
    for name in ("", "tracking error", "tax, at rates", "tax, by law", "short gains", "long gains", "cost", "turnover"):
        table.add_column(name, justify="right" if name else "left", no_wrap=not name)
    rows = shown_points(frontier)
    if refined is not None:
        rows = sorted({*rows, refined.point})
    for row in rows:
        chosen = row == frontier.chosen
        words = "chosen" if chosen else "nearest" if row == frontier.nearest else ""
        money = ("tax_at_rates", "tax", "short_gains", "long_gains", "cost")
        cells = [dollars(float(getattr(frontier, name)[row]) / DOLLAR) for name in money]
        turnover = percent(float(frontier.turnover[row]), 1)
        style = "bold cyan" if chosen else ""
        table.add_row(words, percent(float(frontier.tracking[row]), 3), *cells, turnover, style=style)
        if refined is not None and refined.point == row and refined.is_better:
            turnover = percent((refined.true.sold + refined.true.bought) / (2 * frontier.value), 1)
            cells = _money_cells(refined.true)
            table.add_row("by true tax", percent(refined.true.tracking, 3), *cells, turnover, style="cyan")
    table.add_row("today", percent(frontier.tracking_today, 3), *[dollars(0)] * 5, percent(0.0, 1), style="dim")
    worst = float(frontier.gap.max()) * 1e4
    count = int(frontier.efficient.sum())
    said = (
        f"{len(rows)} of {frontier.tax.size} points, {count} of which no other one beats; each proved within"
        f" {worst:.2g} bp of the best at its price. Chosen: at the profile's own price of tracking,"
        f" {frontier.risk_price[frontier.chosen]:g}. Tax at rates counts losses at what they are worth, this year and"
        " later; by law it is this year's."
    )
    if frontier.breaks_today:
        said += " Today is nearer than any point because it misses bounds on cash or holdings that every point keeps."
    assumed = f"Assumed: {'; '.join(frontier.assumes)}."
    truly = [Text(_refined_words(frontier, refined))] if refined is not None else []
    return Group(table, *truly, Text(said, style="dim"), Text(assumed, style="dim"))


def _point_words(frontier: Frontier, row: int) -> str:
    tax, law = (float(values[row]) / DOLLAR for values in (frontier.tax_at_rates, frontier.tax))
    return f"{percent(frontier.tracking[row], 3)}, tax {dollars(tax)}, this year by law {dollars(law)}"


def drawn_frontier(household: str, frontier: Frontier, refined: RefinedPoint | None = None) -> str:
    """Draw the frontier as SVG: the efficient points, the same at this year's tax by law, and the places with names.

    With `refined`, where its true tax leads to other trades, a place of its own at that tax.
    """
    efficient = np.flatnonzero(frontier.efficient)

    def points(taxes: Any) -> list[CurvePoint]:  # noqa: ANN401 - a column of money
        return [
            CurvePoint(float(taxes[row]) / DOLLAR, float(frontier.tracking[row]), _point_words(frontier, row))
            for row in efficient.tolist()
        ]

    def place(row: int, name: str, shape: str, colour: str) -> Named:
        tax, tracking = float(frontier.tax_at_rates[row]) / DOLLAR, float(frontier.tracking[row])
        return Named(tax, tracking, name, _figures(tax, tracking), shape, colour)

    places = [place(frontier.chosen, "Chosen by the profile", "disc", CHOSEN)]
    if frontier.nearest != frontier.chosen:
        places.append(place(frontier.nearest, "To the target at any tax", "diamond", NEAREST))
    if refined is not None and refined.is_better:
        tax, tracking = refined.true.tax_in_all / DOLLAR, refined.true.tracking
        whose = "Chosen" if refined.point == frontier.chosen else f"Price {refined.risk_price:g}"
        places.append(Named(tax, tracking, f"{whose}, by true tax", _figures(tax, tracking), "ring", CHOSEN))
    today = frontier.tracking_today
    name = "Today, bounds missed" if frontier.breaks_today else "Today, nothing traded"
    places.append(Named(0.0, today, name, _figures(0.0, today), "ring", TODAY))
    axes = (
        Axis("Tax of the trades at tonight's rates; below zero: saved", dollars),
        Axis("Tracking error, % a year", lambda value: f"{value * 100:g}"),
    )
    same = np.array_equal(frontier.tax[efficient], frontier.tax_at_rates[efficient])
    law = [] if same else points(frontier.tax)
    if law:
        end = min(law, key=lambda point: (point.tax, -point.tracking))
        places.append(Named(end.tax, end.tracking, "This year's, by law", "", "", MUTED))
    title = f"Tax and tracking error of household {household}"
    return frontier_picture(points(frontier.tax_at_rates), law, places, axes, title)


def _figures(tax: float, tracking: float) -> str:
    return f"{percent(tracking)} a year, {dollars(tax)}"
