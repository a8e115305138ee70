"""Experiment: what harvesting is worth a year, by how often it is looked for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.measures import (
    AtTheEnd,
    cost_a_year,
    growth_a_year,
    growth_of_target,
    lives_in_years,
    tax_drag,
    tracking_error,
)
from lotwise.lab.cohorts.policies import Looks, Policy, engine, ordinary
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.targets import CapIndex, OneFund
from lotwise.lab.experiments.markets import start_rows
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Picture, Setting, Table, Verdict
from lotwise.lab.market_panel import Floats
from lotwise.reports.lab_pictures import Pair, paired_bars
from lotwise.savings.shadow_rule import Schedule

__all__ = ["HARVEST_FREQUENCY"]

# Khang, Cummings and Paradise (2022), basis points a year over ten years.
_PUBLISHED = {
    "ordinary": {"yearly": 38.0, "quarterly": 107.0, "monthly": 123.0, "daily": 136.0},
    "very wealthy": {"yearly": 164.0, "quarterly": 264.0, "monthly": 284.0, "daily": 310.0},
}
_FREQUENCIES = (Looks.YEARLY, Looks.QUARTERLY, Looks.MONTHLY, Looks.DAILY)
_DOLLARS = 1_000_000.0


class _Kind(NamedTuple):
    """A kind of client: rates, and per year, as parts of the first value, gains outside and what is brought in."""

    name: str
    short: float
    long: float
    state: float
    outside_short: float = 0.0
    outside_long: float = 0.0
    saves: float = 0.0

    def in_words(self) -> str:
        """Say it in a sentence."""
        outside = "no gains outside: losses beyond its own gains and $3,000 a year are carried on"
        if self.outside_short:
            outside = f"short-term gains of {self.outside_short:.0%} of the first value a year outside"
        if self.outside_long:
            outside = f"long-term gains of {self.outside_long:.0%} of the first value a year outside"
        saves = f"; brings in {self.saves:.0%} of the first value a year, in equal parts every 21 trading days"
        return (
            f"{self.short:.1%} on short-term and {self.long:.1%} on long-term gains, {self.state:.0%} state; "
            f"{outside}{saves if self.saves else ''}"
        )

    def client(self, start: int, policy: int, rows: int, target: int) -> Client:
        """A client of this kind that begins on a row of a market of so many."""
        part = round(_DOLLARS * self.saves / 12, 2)
        flows = tuple((row, part) for row in range(start + 21, rows, 21)) if part else ()
        return Client(
            start,
            _DOLLARS,
            policy=policy,
            target=target,
            short_rate=self.short,
            long_rate=self.long,
            state_rate=self.state,
            outside_short=self.outside_short * _DOLLARS,
            outside_long=self.outside_long * _DOLLARS,
            flows=flows,
        )


_KINDS = (
    _Kind("ordinary", 0.24, 0.15, 0.05, outside_long=0.10),
    _Kind("very wealthy", 0.408, 0.238, 0.05, outside_short=0.25),
    _Kind("nothing to offset", 0.24, 0.15, 0.05),
    _Kind("very wealthy, saving", 0.408, 0.238, 0.05, outside_short=0.25, saves=0.12),
)


def _policies() -> tuple[Policy, ...]:
    none = engine("no harvesting", Looks.MONTHLY, 'harvest = "none"')
    fund = ordinary("index fund", Schedule.NEVER)
    return (none, *(engine(each.value, each) for each in _FREQUENCIES), fund)


def _cohort(setting: Setting, target: CapIndex) -> Cohort:
    policies = _policies()
    fund = len(policies) - 1
    rows = len(setting.panel.days)
    clients = [
        kind.client(start, number, rows, 1 if number == fund else 0)
        for kind in _KINDS
        for start in start_rows(6 if setting.full else 2)
        for number in range(len(policies))
    ]
    return cohort_of(policies, (target, OneFund()), clients)


def _mean(values: Floats, cohort: Cohort, kind: int, policy: int) -> float:
    """Mean over starts of one kind of client under one policy."""
    each = len(cohort.start) // len(_KINDS)
    of_kind = np.arange(len(cohort.start)) // each == kind
    return float(values[of_kind & (cohort.policy == policy)].mean())


def _figures(lived: Lived, cohort: Cohort) -> dict[str, float]:
    """Alpha in basis points a year by client, frequency and end; what of it is harvesting, and what it cost."""
    drags = {end: tax_drag(lived, end) for end in (AtTheEnd.LIQUIDATION, AtTheEnd.STEP_UP)}
    cost, tracking, growth = cost_a_year(lived), tracking_error(lived), growth_a_year(lived)
    figures, fund = {}, len(cohort.policies) - 1
    for kind, client in enumerate(_KINDS):
        for number, looks in enumerate(_FREQUENCIES, start=1):
            stem = f"{client.name} {looks.value}"
            for end, drag in drags.items():
                saved = _mean(drag, cohort, kind, fund) - _mean(drag, cohort, kind, number)
                figures[f"{stem} {end.value}"] = 1e4 * saved
            own = drags[AtTheEnd.LIQUIDATION]
            harvested = _mean(own, cohort, kind, 0) - _mean(own, cohort, kind, number)
            figures[f"{stem} of harvesting"] = 1e4 * harvested
            more = _mean(cost, cohort, kind, number) - _mean(cost, cohort, kind, 0)
            figures[f"{stem} cost"] = 1e4 * more
            figures[f"{stem} tracking"] = 1e4 * _mean(tracking, cohort, kind, number)
            earned = _mean(growth, cohort, kind, number) - _mean(growth, cohort, kind, 0)
            figures[f"{stem} before tax"] = 1e4 * earned
    return figures


def _judged(figures: dict[str, float]) -> tuple[Verdict, str]:
    """Apply the rule."""
    alphas = {kind: [figures[f"{kind} {looks.value} liquidation"] for looks in _FREQUENCIES] for kind in _PUBLISHED}
    rises = all(np.all(np.diff(each) > 0) for each in alphas.values())
    richer = all(rich > plain for rich, plain in zip(alphas["very wealthy"], alphas["ordinary"], strict=True))
    near = all(0.5 <= alphas[kind][-1] / published["daily"] <= 2.0 for kind, published in _PUBLISHED.items())
    daily = "; ".join(
        f"{kind}, daily: {alphas[kind][-1]:.0f} bp, and {figures[f'{kind} daily step-up']:.0f} bp where nothing is "
        f"taxed at the end, against {published['daily']:.0f}"
        for kind, published in _PUBLISHED.items()
    )
    if rises and richer:
        words = "More often is worth more at every step, and more to those with gains to offset"
        return (Verdict.REPRODUCED if near else Verdict.IN_PART), f"{words}; {daily}. {_WHY}"
    wrong = [] if richer else ["those with gains outside do not always have more of it"]
    wrong += [] if rises else ["it does not rise at every step"]
    some = all(each[-1] > each[0] for each in alphas.values())
    return (Verdict.IN_PART if some else Verdict.NOT), f"{'; '.join(wrong).capitalize()}; {daily}. {_WHY}"


_WHY = (
    "What stands in the way of size: an account that nobody adds to has few losses left after two or three years of a "
    "rising market, the gains that harvesting puts off are taxed at the end, and the harvest waits for depth and pays "
    "for tracking."
)


def _run(setting: Setting) -> Finding:
    target = CapIndex(500 if setting.full else 100)
    cohort = _cohort(setting, target)
    lived = setting.live("harvest_frequency", cohort)
    figures = _figures(lived, cohort)
    verdict, because = _judged(figures)
    rows: list[tuple[str, ...]] = []
    pairs: dict[str, list[Pair]] = {"liquidation": [], "step-up": []}
    for kind in _KINDS:
        for looks in _FREQUENCIES:
            stem = f"{kind.name} {looks.value}"
            published = _PUBLISHED.get(kind.name, {}).get(looks.value)
            names = ("liquidation", "step-up", "of harvesting", "cost", "before tax", "tracking")
            said = "" if published is None else f"{published:.0f}"
            rows.append((kind.name, looks.value, said, *(f"{figures[f'{stem} {name}']:.1f}" for name in names)))
            if published is not None:
                for end, drawn in pairs.items():
                    drawn.append(Pair(f"{kind.name}, {looks.value}", figures[f"{stem} {end}"], published))
    years = lives_in_years(lived)
    settings = (
        ("Target", target.in_words()),
        ("Accounts", f"{len(cohort.start)} of ${_DOLLARS:,.0f}, for {years.min():.1f} to {years.max():.1f} years"),
        ("The target in these years", f"{growth_of_target(lived):+.1%} a year before tax"),
        *((f"Client: {kind.name}", kind.in_words()) for kind in _KINDS),
        *((policy.name, policy.in_words()) for policy in cohort.policies),
    )
    columns = (
        "client", "looks", "published", "alpha, bp/yr", "with step-up", "of harvesting", "cost", "before tax",
        "tracking, bp",
    )  # fmt: skip
    note = (
        "Alpha is against the index fund; of harvesting, cost and the difference before tax are against the same "
        "account without harvesting; means over starts. The difference before tax is chance and cost, and no part of "
        "alpha."
    )
    table = Table("Harvesting alpha by frequency", columns, tuple(rows), note)
    ends = {"liquidation": "everything is sold at the end", "step-up": "nothing is taxed at the end"}
    pictures = []
    for end, drawn in pairs.items():
        title = f"Harvesting alpha where {ends[end]}, basis points a year: measured, and published beside it"
        pictures.append(Picture(paired_bars(drawn, ("measured", "published"), "bp", title), title))
    return Finding(verdict, because, settings, (table,), tuple(pictures), figures, (Life("lives", cohort, lived),))


_CLAIM = (
    "Ten-year alpha of harvesting in basis points a year: yearly 38, quarterly 107, monthly 123, daily 136; for the "
    "very wealthy 164, 264, 284, 310."
)
_RULE = (
    "Reproduced if alpha rises from yearly to daily at every step for the ordinary and the very wealthy client, is "
    "larger for the latter at every step, and daily alpha is within half and double of the published for both. In "
    "part if it rises and is larger, or if daily exceeds yearly for both. Else not."
)
_ALPHA = (
    "Drag of taxes on growth a year of an index fund that is bought and held, less the same of the account. The drag "
    "is the growth that each year's tax, as a fraction of that year's last value, and the tax of selling everything on "
    "the last day take."
)
_NONE = (
    "What of alpha harvesting makes: against the same engine, profile and target, looking monthly, to which a loss is "
    "worth nothing. It realises losses all the same where it follows its index."
)

HARVEST_FREQUENCY = Experiment(
    name="harvest-frequency",
    title="Harvesting by how often it is looked for",
    claim=_CLAIM,
    source="Khang, Cummings and Paradise, Vanguard (2022)",
    rule=_RULE,
    definitions=(
        ("Alpha", _ALPHA),
        ("Tax", "What the household owes with the account less what it owes without, by the law, at its own rates."),
        ("With step-up", "The same where nothing is taxed at the end."),
        ("Of harvesting", _NONE),
        ("Cost", "Half the spread of every trade, paid in the price; more than without harvesting, a year."),
    ),
    run=_run,
)
