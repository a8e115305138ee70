"""Experiment: what looking every day is worth beyond looking every month, by the end of an account and by its age."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np

from lotwise.dates import to_day_number
from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.measures import (
    AtTheEnd,
    by_age,
    cost_a_year,
    growth_of_target,
    lives_in_years,
    tax_drag,
    taxes_by_year,
    tracking_error,
)
from lotwise.lab.cohorts.policies import Looks, Policy, engine
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.experiments.markets import WARM_UP, start_rows
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Picture, Setting, Table, Verdict
from lotwise.lab.market_panel import YEAR_ROWS, Floats, MarketPanel
from lotwise.reports.lab_pictures import Curve, curves

__all__ = ["DAILY_MONTHLY"]

_PUBLISHED = 30.0  # JPMorgan Asset Management, 2018-21, basis points a year
_NEAR = (15.0, 60.0)  # half and double
_SURE = 2.0  # standard errors
_DOLLARS = 1_000_000.0
_CLAIMED = (date(2018, 1, 2), date(2018, 12, 31), date(2021, 12, 31))  # first and last start, end
_MONTHLY, _WEEKLY, _DAILY, _NONE_MONTHLY, _NONE_DAILY = range(5)
_WHERE = {
    AtTheEnd.STEP_UP: "nothing is taxed at the end",
    AtTheEnd.LIQUIDATION: "everything is sold at the end",
}
_ENDS = {AtTheEnd.STEP_UP: "nothing taxed at the end", AtTheEnd.LIQUIDATION: "sold at the end"}


class _Span(NamedTuple):
    """On which rows accounts begin, and the last they live."""

    starts: list[int]
    last: int | None
    words: str


def _span(panel: MarketPanel, full: bool) -> _Span:
    """The years of the claim where a real market has them, with what comes before; else what there is."""
    count = 8 if full else 6
    first, until, last = (int(np.searchsorted(panel.days, to_day_number(day))) for day in _CLAIMED)
    if panel.source == "real" and first >= WARM_UP * YEAR_ROWS and last < len(panel.days):
        starts = [int(row) for row in np.linspace(first, until, count, endpoint=False)]
        return _Span(starts, last, "begun over 2018, until the end of 2021: the years of the claim")
    words = "begun over the year after the warm-up, until the market's last day: not the years of the claim"
    return _Span(start_rows(count), None, words)


def _policies() -> tuple[Policy, ...]:
    none = 'harvest = "none"'
    return (
        engine("monthly", Looks.MONTHLY),
        engine("weekly", Looks.WEEKLY),
        engine("daily", Looks.DAILY),
        engine("monthly, no harvesting", Looks.MONTHLY, none),
        engine("daily, no harvesting", Looks.DAILY, none),
    )


def _cohort(target: CapIndex, starts: list[int]) -> Cohort:
    policies = _policies()
    clients = [
        Client(start, _DOLLARS, policy=number, state_rate=0.05, outside_short=0.25 * _DOLLARS)
        for start in starts
        for number in range(len(policies))
    ]
    return cohort_of(policies, (target,), clients)


def _over(values: Floats, cohort: Cohort, more: int, less: int) -> Floats:
    """Drags (..., H) under one policy less those under another, start by start, in basis points: what the latter saves.

    Households come by start, the policies of each in order.
    """
    of_less, of_more = (np.flatnonzero(cohort.policy == number) for number in (less, more))
    difference: Floats = 1e4 * (values[..., of_less] - values[..., of_more])
    return difference


def _error(values: Floats) -> float:
    """Standard error of a mean over starts, as if they had nothing to do with each other."""
    return float(np.std(values, ddof=1) / np.sqrt(values.size)) if values.size > 1 else float("nan")


def _figures(lived: Lived, cohort: Cohort) -> dict[str, float]:
    """Mean differences and their standard errors over starts, basis points a year."""
    figures = {}
    cost, tracking = cost_a_year(lived), tracking_error(lived)
    pairs = {
        "daily": (_DAILY, _MONTHLY),
        "weekly": (_WEEKLY, _MONTHLY),
        "no harvesting": (_NONE_DAILY, _NONE_MONTHLY),
    }
    for name, pair in pairs.items():
        for end in _ENDS:
            each = _over(tax_drag(lived, end), cohort, *pair)
            figures[f"{name} {end.value}"] = float(each.mean())
            figures[f"{name} {end.value} error"] = _error(each)
        figures[f"{name} cost"] = -float(_over(cost, cohort, *pair).mean())
        figures[f"{name} tracking"] = -float(_over(tracking, cohort, *pair).mean())
    return figures


def _judged(figures: dict[str, float]) -> tuple[Verdict, str]:
    """Apply the rule."""
    found = {end: (figures[f"daily {end.value}"], figures[f"daily {end.value} error"]) for end in _ENDS}
    sure = {end: value > _SURE * error for end, (value, error) in found.items()}
    near = _NEAR[0] <= found[AtTheEnd.STEP_UP][0] <= _NEAR[1]
    words = ", ".join(
        f"{value:.0f} bp a year (standard error {error:.0f}) where {_WHERE[end]}"
        for end, (value, error) in found.items()
    ).replace("-", "\N{MINUS SIGN}")
    said = f"Daily is worth {words}, against 30 published; it costs {figures['daily cost']:.1f} bp more. {_WHY}"
    if near and all(sure.values()):
        return Verdict.REPRODUCED, said
    return (Verdict.IN_PART if any(sure.values()) else Verdict.NOT), said


_WHY = (
    "Daily finds losses that have closed again by the end of the month; but each takes its name away for a month, and "
    "a monthly look finds many of the same losses a little later. It is worth most while an account is young and where "
    "prices fall and recover within weeks. Starts of one market share its days: the standard error is less than the "
    "true one."
)


def _run(setting: Setting) -> Finding:
    target = CapIndex(500 if setting.full else 100)
    span = _span(setting.panel, setting.full)
    cohort = _cohort(target, span.starts)
    lived = setting.live("daily_monthly", cohort, last=span.last)
    figures = _figures(lived, cohort)
    verdict, because = _judged(figures)
    years = lives_in_years(lived)
    settings = (
        ("Target", target.in_words()),
        (
            "Accounts",
            (
                f"{len(span.starts)} of ${_DOLLARS:,.0f}, {span.words}: {years.min():.1f} to {years.max():.1f} years; "
                "each under every policy"
            ),
        ),
        ("The target in these years", f"{growth_of_target(lived):+.1%} a year before tax"),
        ("Client", "40.8% and 23.8%, 5% state; short-term gains of 25% of the first value a year outside"),
        *((policy.name, policy.in_words()) for policy in cohort.policies),
    )
    title = "What looking more often is worth, by the year of an account, nothing taxed at the end"
    by_year = _by_age(lived, cohort)
    drawn = [
        Curve(name, tuple((float(age + 1), float(value)) for age, value in enumerate(means)))
        for name, means in by_year.items()
    ]
    known = np.flatnonzero(np.isfinite(by_year["daily over monthly"])) + 1.0
    drawn.append(Curve("published", tuple((float(age), _PUBLISHED) for age in known)))
    picture = Picture(curves(drawn, ("calendar year of an account", "bp of value"), title), title)
    tables = (_table(figures), _table_by_age(by_year))
    return Finding(verdict, because, settings, tables, (picture,), figures, (Life("lives", cohort, lived),))


def _by_age(lived: Lived, cohort: Cohort) -> dict[str, Floats]:
    """Tax saved in each year of age, basis points of value, (Y,): means over starts, in years that all lived."""
    aged = by_age(lived, taxes_by_year(lived))
    return {
        "daily over monthly": _over(aged, cohort, _DAILY, _MONTHLY).mean(axis=1),
        "weekly over monthly": _over(aged, cohort, _WEEKLY, _MONTHLY).mean(axis=1),
    }


def _signed(value: float) -> str:
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "\N{MINUS SIGN}")


def _table(figures: dict[str, float]) -> Table:
    rows = []
    for name, words in (
        ("daily", "daily over monthly"),
        ("weekly", "weekly over monthly"),
        ("no harvesting", "daily over monthly, no harvesting"),
    ):
        stems = [f"{name} {end.value}" for end in _ENDS]
        cells = [f"{_signed(figures[stem])} ± {figures[f'{stem} error']:.1f}" for stem in stems]
        published = f"{_PUBLISHED:.0f}" if name == "daily" else ""
        rows.append((words, published, *cells, *(_signed(figures[f"{name} {more}"]) for more in ("cost", "tracking"))))
    columns = ("", "published", "nothing taxed at the end", "sold at the end", "cost", "tracking, bp")
    note = (
        "Alpha of the one less alpha of the other, basis points a year; mean over starts and its standard error. Cost "
        "and tracking: more of it. The last row is what following the index more often does by itself."
    )
    return Table("What looking more often is worth", columns, tuple(rows), note)


def _table_by_age(by_year: dict[str, Floats]) -> Table:
    rows = tuple(
        (str(age + 1), *(_signed(values[age]) for values in by_year.values()))
        for age in range(len(by_year["daily over monthly"]))
        if all(np.isfinite(values[age]) for values in by_year.values())
    )
    note = (
        "Tax saved in a calendar year as a part of its last value, bp; year 1 is the one in which an account begins "
        "(in December: the next one). Years that every account lived. What is sold at the end is in none of it."
    )
    return Table("By year of age", ("year", *by_year), rows, note)


_RULE = (
    "Reproduced if alpha by daily looks exceeds that by monthly looks by 15 to 60 bp a year where nothing is taxed at "
    "the end, and exceeds it under both ends, each by more than two standard errors over starts. In part if it exceeds "
    "it by more than two standard errors under one of them. Else not."
)
_ALPHA = (
    "Drag of taxes on growth a year under monthly looks less the same under daily ones, start by start: the index fund "
    "that alpha is measured against is the same for both and cancels."
)

DAILY_MONTHLY = Experiment(
    name="daily-monthly",
    title="Looking daily instead of monthly",
    claim="Looking for losses daily instead of monthly is worth about 30 bp a year more, after tax.",
    source="JPMorgan Asset Management, 2018-21",
    rule=_RULE,
    definitions=(
        ("Daily less monthly", _ALPHA),
        ("Nothing taxed at the end", "What is left is never taxed: each year's tax alone counts."),
        ("Sold at the end", "Everything is sold on the last day and taxed with the last year."),
        (
            "Standard error",
            (
                "Standard deviation of the differences over starts, by the root of their number: as if starts had "
                "nothing to do with each other."
            ),
        ),
        (
            "Monthly",
            (
                "The engine looks on the last trading day of each month, on an account's first day and when cash is "
                "brought in or taken out; here none is. Dividends are no such occasion."
            ),
        ),
    ),
    run=_run,
)
