"""Experiment: what harvesting is worth a year with the wash-sale rule, and what it would be worth without it."""

from __future__ import annotations

import numpy as np

from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.measures import (
    AtTheEnd,
    cost_a_year,
    growth_of_target,
    lives_in_years,
    tax_drag,
    tracking_error,
)
from lotwise.lab.cohorts.policies import Looks, Policy, engine
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.experiments.markets import start_rows
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Picture, Setting, Table, Verdict
from lotwise.lab.market_panel import Floats
from lotwise.money import DOLLAR
from lotwise.reports.lab_pictures import Pair, paired_bars

__all__ = ["WASH_SALES"]

# Chaudhuri, Burnham and Lo (2020), basis points a year.
_PUBLISHED = {"without the rule": 108.0, "with the rule": 82.0}
_DOLLARS = 1_000_000.0
_OUTSIDE = 0.5  # of the first value a year, of each term: every loss finds a gain of its term to offset
_NONE, _WITH, _ALL, _WITHOUT = range(4)


def _policies() -> tuple[Policy, ...]:
    none = 'harvest = "none"'
    return (
        engine("no harvesting", Looks.MONTHLY, none),
        engine("with the rule", Looks.MONTHLY),
        engine("with the rule, any loss", Looks.MONTHLY, 'harvest = "any"\ntrading_cost_multiplier = 1'),
        engine("without the rule", Looks.MONTHLY, none, rebuys=True),
    )


def _figures(lived: Lived, cohort: Cohort) -> dict[str, float]:
    def mean(values: Floats, policy: int) -> float:
        return 1e4 * float(values[cohort.policy == policy].mean())

    drags = {end: tax_drag(lived, end) for end in (AtTheEnd.STEP_UP, AtTheEnd.LIQUIDATION)}
    cost, tracking = cost_a_year(lived), tracking_error(lived)
    losses = -np.minimum(lived.gains[:, :, 0] + lived.gains[:, :, 1], 0) / DOLLAR
    harvested = losses.sum(axis=0) / _DOLLARS / lives_in_years(lived)
    figures = {}
    for number, policy in enumerate(cohort.policies):
        for end, drag in drags.items():
            figures[f"{policy.name} {end.value}"] = mean(drag, _NONE) - mean(drag, number)
        figures[f"{policy.name} cost"] = mean(cost, number) - mean(cost, _NONE)
        figures[f"{policy.name} tracking"] = mean(tracking, number)
        figures[f"{policy.name} losses"] = mean(harvested, number)
    return figures


def _judged(figures: dict[str, float]) -> tuple[Verdict, str]:
    """Apply the rule."""
    found = {name: figures[f"{name} step-up"] for name in _PUBLISHED}
    ordered = found["without the rule"] > found["with the rule"] > 0
    near = all(0.5 <= found[name] / published <= 2.0 for name, published in _PUBLISHED.items())
    lost = found["without the rule"] - found["with the rule"]
    words = (
        f"{found['with the rule']:.0f} bp a year with the rule (published 82) and {found['without the rule']:.0f} "
        f"without it (published 108): the rule costs {lost:.0f} bp"
    )
    if ordered:
        return (Verdict.REPRODUCED if near else Verdict.IN_PART), f"{words}. {_WHY}"
    return Verdict.NOT, f"{words}. {_WHY}"


_WHY = (
    "The published study is of 1926-2018; what can be harvested depends on the years, and most of it falls into the "
    "first ones of an account."
)


def _run(setting: Setting) -> Finding:
    target, policies = CapIndex(500 if setting.full else 100), _policies()
    clients = [
        Client(
            start,
            _DOLLARS,
            policy=number,
            short_rate=0.35,
            long_rate=0.15,
            outside_short=_OUTSIDE * _DOLLARS,
            outside_long=_OUTSIDE * _DOLLARS,
        )
        for start in start_rows(8 if setting.full else 4)
        for number in range(len(policies))
    ]
    cohort = cohort_of(policies, (target,), clients)
    lived = setting.live("wash_sales", cohort)
    figures = _figures(lived, cohort)
    verdict, because = _judged(figures)
    names = ("step-up", "liquidation", "losses", "cost", "tracking")
    rows = tuple(
        (
            policy.name,
            f"{_PUBLISHED[policy.name]:.0f}" if policy.name in _PUBLISHED else "",
            *(f"{figures[f'{policy.name} {name}']:.1f}" for name in names),
        )
        for policy in policies
    )
    columns = ("", "published", "alpha, bp/yr", "sold at the end", "net losses, bp/yr", "cost", "tracking, bp")
    note = "Alpha and cost are against no harvesting; means over starts. Net losses are those of years that end in one."
    table = Table("Harvesting alpha with and without wash sales", columns, rows, note)
    title = "Harvesting alpha before the end, basis points a year: measured, and published beside it"
    pairs = [Pair(name, figures[f"{name} step-up"], published) for name, published in _PUBLISHED.items()]
    years = lives_in_years(lived)
    settings = (
        ("Target", target.in_words()),
        ("Accounts", f"{len(clients)} of ${_DOLLARS:,.0f}, for {years.min():.1f} to {years.max():.1f} years"),
        ("The target in these years", f"{growth_of_target(lived):+.1%} a year before tax"),
        ("Client", f"35% and 15%, no state; short- and long-term gains of {_OUTSIDE:.0%} of the first value a year"),
        *((policy.name, policy.in_words()) for policy in policies),
    )
    picture = Picture(paired_bars(pairs, ("measured", "published"), "bp", title), title)
    return Finding(verdict, because, settings, (table,), (picture,), figures, (Life("lives", cohort, lived),))


_RULE = (
    "Reproduced if alpha without the rule exceeds that with it, both are above zero and both within half and double of "
    "the published. In part if they stand in that order above zero. Else not."
)
_ALPHA = (
    "Drag of taxes on growth a year without harvesting, less the same with it; nothing is taxed at the end. Each "
    "year's tax counts as a fraction of that year's last value."
)
_WITH_WORDS = (
    "The engine looks at the end of each month; what it sells at a loss it replaces by other names, by their risk, and "
    "buys nothing that would wash a loss."
)
_WITHOUT_WORDS = (
    "At the end of each month every lot below its basis is sold and bought back at the same close, and no loss is "
    "disallowed. The account is managed as without harvesting otherwise."
)

WASH_SALES = Experiment(
    name="wash-sales",
    title="Harvesting with and without the wash-sale rule",
    claim="Harvesting alpha of 1.08% a year without the wash-sale rule, 0.82% with it, at rates of 35% and 15%.",
    source="Chaudhuri, Burnham and Lo (2020), CRSP 1926-2018, monthly",
    rule=_RULE,
    definitions=(
        ("Alpha", _ALPHA),
        ("Sold at the end", "The same where everything is sold on the last day and taxed."),
        ("With the rule", _WITH_WORDS),
        ("Without the rule", _WITHOUT_WORDS),
        ("Cost", "Half the spread of every trade, paid in the price; more than without harvesting, a year."),
    ),
    run=_run,
)
