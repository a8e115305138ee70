"""Experiment: systematic management against once a year, by tax, dispersion among accounts and tracking together.

The once-a-year side decides what comes out, so it is not one but several, each spelt out: its date, its lots, its bands
and what cash does meanwhile. All accounts follow one list of names that changes every quarter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.measures import (
    cost_a_year,
    dispersion,
    gains_tax_a_year,
    growth_a_year,
    growth_of_target,
    tax_drag,
    tracking_error,
)
from lotwise.lab.cohorts.policies import Looks, Policy, engine, ordinary
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.targets import ActiveList
from lotwise.lab.experiments.markets import WARM_UP
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Picture, Setting, Table, Verdict
from lotwise.lab.market_panel import YEAR_ROWS, Floats
from lotwise.reports.lab_pictures import Dot, dots
from lotwise.savings.shadow_rule import Order, Schedule

__all__ = ["SYSTEMATIC"]

_TAX_CUT, _DISPERSION_CUT = 0.64, 0.60  # Smartleaf
_MONTHS = tuple(range(1, 13))
_WAITS = 1.0  # a cash band that holds whatever cash there is until the date


class _Variant(NamedTuple):
    """A way of managing, as one policy or one for each account's own month."""

    name: str
    words: str
    policies: tuple[Policy, ...]


def _each_month(name: str, **keys: object) -> tuple[Policy, ...]:
    return tuple(ordinary(f"{name} {month}", Schedule.YEARLY, month, **keys) for month in _MONTHS)


def _variants() -> tuple[_Variant, ...]:
    """The systematic side, the same with taxes left out of sight, and once a year in five ways."""
    blind = replace(engine("systematic, tax-blind", Looks.DAILY, 'harvest = "none"'), knows_tax=False)
    return (
        _Variant("systematic", "the engine looks every day, by the default profile", (engine("systematic"),)),
        _Variant("systematic, tax-blind", "the same engine, as if nothing were taxed", (blind,)),
        _Variant(
            "December, to target",
            "all accounts to target on the last trading day of December, oldest lots first; cash is invested at once",
            (ordinary("December, to target"),),
        ),
        _Variant(
            "own month, to target",
            "each account to target at the end of a month of its own, oldest lots first; cash is invested at once",
            _each_month("own month, to target"),
        ),
        _Variant(
            "own month, cash waits",
            "each account in its own month, oldest lots first; what comes in meanwhile waits in cash",
            _each_month("own month, cash waits", cash_band=_WAITS),
        ),
        _Variant(
            "own month, dearest lots",
            "each account in its own month, lots of the highest cost first; cash is invested at once",
            _each_month("own month, dearest lots", relief=Order.HIFO),
        ),
        _Variant(
            "own month, wide bands",
            "each account in its own month, names within 20% of target left alone, dearest lots first, cash waits",
            _each_month("own month, wide bands", relief=Order.HIFO, band=0.2, cash_band=_WAITS),
        ),
    )


def _clients(setting: Setting, policies: range) -> list[Client]:
    """The same accounts for every variant, under its policies in turn: sizes, starts and flows drawn by the seed."""
    count, begin = (36 if setting.full else 12), WARM_UP * YEAR_ROWS
    last = len(setting.panel.days) - 1
    made = []
    for number in range(count):
        draw = np.random.default_rng([setting.seed, 11, number])
        start = begin + int(draw.integers(0, YEAR_ROWS))
        dollars = float(np.exp(draw.normal(np.log(8e5), 0.6)))
        saves = draw.random()
        # A third saves 6% of the first value a year, a third spends 4%, in two parts a year on days of its own.
        part = 0.06 if saves < 1 / 3 else -0.04 if saves < 2 / 3 else 0.0
        days = start + int(draw.integers(20, 126)) + np.arange(0, last - start, 126)
        flows = tuple((int(day), part * dollars / 2) for day in days if start < day <= last and part)
        rates = Client(start, dollars, short_rate=0.37, long_rate=0.20, state_rate=0.05)
        made.append(replace(rates, policy=policies[number % len(policies)], flows=flows))
    return made


def _cohort(setting: Setting) -> tuple[Cohort, NDArray[np.int64]]:
    """All accounts under every variant; returns the variant of each household."""
    policies: list[Policy] = []
    clients: list[Client] = []
    variant_of: list[int] = []
    for place, variant in enumerate(_variants()):
        policies += variant.policies
        own = _clients(setting, range(len(policies) - len(variant.policies), len(policies)))
        clients += own
        variant_of += [place] * len(own)
    target = ActiveList(seed=setting.seed)
    return cohort_of(tuple(policies), (target,), clients), np.array(variant_of)


class _Measured(NamedTuple):
    """A variant's figures, (V,) each."""

    refunded: Floats  # tax on gains a year, bp of value, losses deducted count
    paid: Floats  # the same, where a tax below zero counts as nothing
    drag: Floats  # of all taxes, liquidation included, bp a year
    dispersion: Floats  # mean over years, bp
    tracking: Floats  # mean over accounts, bp
    cost: Floats  # bp a year
    growth: Floats  # before tax, bp a year


def _measured(lived: Lived, cohort: Cohort, variant_of: NDArray[np.int64], variants: int) -> _Measured:
    def means(values: Floats) -> Floats:
        return 1e4 * np.array([values[variant_of == each].mean() for each in range(variants)])

    by_year = [dispersion(lived, variant_of == each) for each in range(variants)]
    spread = [float(each[np.isfinite(each)].mean()) if np.isfinite(each).any() else np.nan for each in by_year]
    return _Measured(
        means(gains_tax_a_year(lived, cohort, refunded=True)),
        means(gains_tax_a_year(lived, cohort, refunded=False)),
        means(tax_drag(lived)),
        1e4 * np.array(spread),
        means(tracking_error(lived)),
        means(cost_a_year(lived)),
        means(growth_a_year(lived)),
    )


def _cuts(measured: _Measured) -> tuple[Floats, Floats, Floats]:
    """By how much the systematic side cuts tax paid, dispersion and tracking against each variant: fractions."""
    return _cut(measured.paid), _cut(measured.dispersion), _cut(measured.tracking)


def _cut(values: Floats) -> Floats:
    """By how much the first is lower than each; NaN where there is nothing to cut."""
    rest = np.divide(values[0], values, out=np.full_like(values, np.nan), where=values > 0)
    return np.asarray(1.0 - rest)


def _span(cuts: Floats) -> str:
    """Least and greatest cut in words."""
    known = cuts[np.isfinite(cuts)]
    if not known.size:
        return "an amount that was not measured"
    return f"{known.min():.0%} to {known.max():.0%}".replace("-", "\N{MINUS SIGN}")


def _judged(variants: tuple[_Variant, ...], measured: _Measured) -> tuple[Verdict, str]:
    """Apply the rule to the variants that are once a year."""
    tax, spread, tracking = (cut[2:] for cut in _cuts(measured))
    names = [variant.name for variant in variants[2:]]
    both = [name for name, t, d in zip(names, tax, spread, strict=True) if t >= _TAX_CUT and d >= _DISPERSION_CUT]
    words = (
        f"Against once a year tax paid falls by {_span(tax)}, dispersion by {_span(spread)}, tracking error by "
        f"{_span(tracking)}, depending on how once a year is done"
    )
    if len(both) == len(names):
        return Verdict.REPRODUCED, f"{words}."
    if both:
        return Verdict.IN_PART, f"{words}; both published figures are reached against {', '.join(both)} alone. {_WHY}"
    if (tax > 0).all() and ((spread > 0) | (tracking > 0)).all():
        return Verdict.IN_PART, f"{words}; the published figures are reached together against none. {_WHY}"
    return Verdict.NOT, f"{words}. {_WHY}"


_WHY = (
    "Accounts that all go to target on one day have little dispersion, however far they stray together in between; "
    "gains that are deferred keep each account off target in its own way, and that is dispersion."
)


def _run(setting: Setting) -> Finding:
    variants = _variants()
    cohort, variant_of = _cohort(setting)
    lived = setting.live("systematic", cohort)
    measured = _measured(lived, cohort, variant_of, len(variants))
    verdict, because = _judged(variants, measured)
    rows = [(variant.name, *(f"{values[place]:.1f}" for values in measured)) for place, variant in enumerate(variants)]
    columns = (
        "managed", "tax on gains, bp/yr", "if not refunded", "drag of all taxes", "dispersion, bp", "tracking, bp",
        "cost, bp/yr", "before tax, bp/yr",
    )  # fmt: skip
    cuts = _cuts(measured)
    against = tuple(
        (variant.name, *(f"{cut[place]:+.0%}".replace("-", "\N{MINUS SIGN}") for cut in cuts))
        for place, variant in enumerate(variants)
        if place
    )
    tables = (
        Table("What each way of managing came to", columns, tuple(rows), "Means over accounts; dispersion over years."),
        Table(
            "By how much the systematic side is lower",
            ("against", "tax paid", "dispersion", "tracking error"),
            against,
            "Published: 64% of tax, 60% of dispersion. Below zero: the systematic side has more of it.",
        ),
    )
    figures = {
        f"{variant.name} {name}": float(values[place])
        for place, variant in enumerate(variants)
        for name, values in measured._asdict().items()
    }
    title = "Tax paid on gains against dispersion among accounts"
    places = [
        Dot(variant.name, float(measured.dispersion[place]), float(measured.paid[place]), strong=place == 0)
        for place, variant in enumerate(variants)
    ]
    picture = Picture(
        dots(places, ("dispersion of a year's returns, bp", "tax paid on gains, bp of value a year"), title),
        f"{title}: lower left is better in both.",
    )
    accounts = int((variant_of == 0).sum())
    settings = (
        ("Target", cohort.targets[0].in_words()),
        ("Accounts", f"{accounts}, the same under each way of managing; a third saves, a third spends"),
        ("The target in these years", f"{growth_of_target(lived):+.1%} a year before tax"),
        ("Rates", "37% on short-term, 20% on long-term gains, 5% state; no gains outside"),
        *((variant.name, variant.words) for variant in variants),
    )
    return Finding(verdict, because, settings, tables, (picture,), figures, (Life("lives", cohort, lived),))


_CLAIM = (
    "Against rebalancing once a year, systematic management lowers tax by 64% and the dispersion of returns among "
    "accounts of one objective by 60%."
)
_RULE = (
    "Reproduced if tax paid is lower by 64% and dispersion by 60% against every way of rebalancing once a year. In "
    "part if both are reached against some, or if tax is lower against all, and dispersion or tracking error with it. "
    "Else not."
)
_TAX = (
    "What a household owes for a year with the account less what it owes without, less the tax on its dividends, as a "
    "fraction of the year's last value; summed and divided by years. If not refunded: a year in which losses lower the "
    "tax on other income counts as nothing. Tax paid is the latter."
)
_SPREAD = "Standard deviation of calendar-year returns among accounts that lived the year; mean over years."

SYSTEMATIC = Experiment(
    name="systematic",
    title="Systematic management against once a year",
    claim=_CLAIM,
    source="Smartleaf",
    rule=_RULE,
    definitions=(
        ("Tax on gains", _TAX),
        (
            "Drag of all taxes",
            "Growth a year that all taxes take, also those of selling everything on the last day.",
        ),
        ("Dispersion", _SPREAD),
        ("Tracking error", "Of an account's daily returns against the target's, annual; mean over accounts."),
        ("Growth before tax", "Different names in one era: luck, and no part of what management is worth."),
    ),
    run=_run,
)
