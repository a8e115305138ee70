"""Experiment: how much of the taxes saved comes of gains put off and how much of losses harvested, as accounts age."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.measures import growth_of_target
from lotwise.lab.cohorts.policies import engine, ordinary
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.targets import ActiveList
from lotwise.lab.cohorts.taxes import Taxes
from lotwise.lab.experiments.markets import start_rows
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Picture, Setting, Table, Verdict
from lotwise.lab.market_panel import Floats
from lotwise.money import DOLLAR, IntArray
from lotwise.reports.lab_pictures import Pair, paired_bars
from lotwise.savings.years import Cause, saved
from lotwise.tax.liability import load_law

__all__ = ["DEFERRAL"]

_PUBLISHED = 0.78  # of deferral; Smartleaf, 2018
_NEAR = 0.10
_DOLLARS = 1_000_000.0


def _figures_of(lived: Lived, rows: IntArray) -> IntArray:
    """Figures of each year as `savings.years` has them, (Y, H, 7)."""
    short, long, _, short_losses, long_losses = np.moveaxis(lived.gains[:, rows], 2, 0)
    ordinary_paid, qualified = np.moveaxis(lived.income[:, rows], 2, 0)
    nothing = np.zeros_like(short)
    made = (short - short_losses, long - long_losses, short_losses, long_losses, ordinary_paid, qualified, nothing)
    return np.stack(made, axis=2)


def _parts(lived: Lived, cohort: Cohort) -> Floats:
    """Taxes saved in each year by cause, dollars of all accounts, (Y, 2): deferral, harvesting."""
    record, shadow = np.flatnonzero(cohort.policy == 0), np.flatnonzero(cohort.policy == 1)
    year = int(lived.years[-1])
    position = Taxes(cohort, int(lived.years[0]), lived.years.size).blank(year)[record]
    found = saved(position, _figures_of(lived, record), _figures_of(lived, shadow), load_law())
    by_cause: Floats = found.parts.sum(axis=1)[:, [Cause.DEFERRAL, Cause.HARVESTING]] / DOLLAR
    return by_cause


def _judged(share: float, total: float) -> tuple[Verdict, str]:
    """Apply the rule to deferral's share of what was saved, and the dollars of that."""
    if not total > 0:
        return Verdict.NOT, f"Nothing was saved: {total:,.0f} dollars in all."
    words = f"Deferral makes {share:.0%} of what was saved, harvesting {1 - share:.0%} (published 78% and 22%). {_WHY}"
    if abs(share - _PUBLISHED) <= _NEAR:
        return Verdict.REPRODUCED, words
    return (Verdict.IN_PART if share > 0.5 else Verdict.NOT), words


_WHY = (
    "The split moves with age: losses are harvested while an account is young, gains are put off as long as it lives. "
    "The published figure is of a firm's accounts as they stood, by its rule of thumb; these begin in cash, without "
    "the gains of earlier years that others come with."
)


def _run(setting: Setting) -> Finding:
    target = ActiveList(seed=setting.seed)
    policies = (engine("systematic"), ordinary("once a year"))
    client = Client(0, _DOLLARS, short_rate=0.37, long_rate=0.20, state_rate=0.05, outside_long=0.1 * _DOLLARS)
    clients = [
        replace(client, start=start, policy=policy)
        for start in start_rows(24 if setting.full else 8)
        for policy in range(len(policies))
    ]
    cohort = cohort_of(policies, (target,), clients)
    lived = setting.live("deferral", cohort)
    parts = _parts(lived, cohort)
    so_far = np.cumsum(parts, axis=0)
    total = so_far.sum(axis=1)
    share = np.divide(so_far[:, 0], total, out=np.full(total.size, np.nan), where=total > 0)
    verdict, because = _judged(float(share[-1]), float(total[-1]))
    accounts = len(clients) // len(policies)
    rows = tuple(
        (
            str(year),
            *(f"{value / accounts:,.0f}" for value in (*parts[place], *so_far[place])),
            f"{share[place]:.0%}" if np.isfinite(share[place]) else "",
        )
        for place, year in enumerate(lived.years.tolist())
    )
    columns = ("year", "deferral, $", "harvesting, $", "deferral so far", "harvesting so far", "deferral's share")
    table = Table("Taxes saved by an account, by cause", columns, rows, "Means over accounts. Below zero: it cost tax.")
    title = "Taxes saved so far by an account, dollars: deferral, and harvesting below it"
    pairs = [
        Pair(str(year), *(float(value) / accounts for value in so_far[place]))
        for place, year in enumerate(lived.years.tolist())
    ]
    figures = {"share": float(share[-1]), "saved": float(total[-1]) / accounts}
    settings = (
        ("Target", target.in_words()),
        (
            "Accounts",
            f"{accounts} of ${_DOLLARS:,.0f}, begun over the year after the warm-up, each under both policies",
        ),
        ("The target in these years", f"{growth_of_target(lived):+.1%} a year before tax"),
        ("Client", "37% and 20%, 5% state; long-term gains of 10% of the first value a year outside"),
        *((policy.name, policy.in_words()) for policy in policies),
    )
    picture = Picture(paired_bars(pairs, ("deferral", "harvesting"), "$", title), title)
    return Finding(verdict, because, settings, (table,), (picture,), figures, (Life("lives", cohort, lived),))


_RULE = (
    "Reproduced if deferral makes 68% to 88% of the taxes saved over all years. In part if it makes more than half. "
    "Else not, and not where nothing is saved."
)
_SAVED = (
    "Tax of the same account under an ordinary rule once a year less its tax under the engine, year by year, with "
    "netting, the limit on losses and carryforwards: number B of `lotwise savings`."
)
_CAUSES = (
    "What replacing the rule's gains (deferral) or losses (harvesting) by the engine's saves, averaged over the orders "
    "in which they can be replaced; they add up to what was saved but for dividends, which are left out."
)

DEFERRAL = Experiment(
    name="deferral",
    title="Deferral against harvesting",
    claim="Of taxes saved or deferred, 78% come of deferring gains and 22% of harvesting losses.",
    source="Smartleaf (2018)",
    rule=_RULE,
    definitions=(
        ("Taxes saved", _SAVED),
        ("Deferral and harvesting", _CAUSES),
        ("Account age", "All accounts begin within a year: the calendar years of the table are their ages."),
        ("Not counted", "The tax that waits: what is put off is saved only as long as it is not sold."),
    ),
    run=_run,
)
