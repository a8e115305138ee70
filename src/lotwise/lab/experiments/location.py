"""Experiment: what it is worth a year that each account holds what is taxed least there.

Households with a taxable, a traditional and a Roth account follow one mix of funds: account by account, as one
portfolio, and by the rule of thumb that bonds lie in the IRA first. All three hold the same after tax: a dollar in the
traditional account counts what the tax on its withdrawal leaves. Without that, who puts bonds there holds more stocks
than the mix says, and takes the pay for their risk for a gain of location.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lotwise.households.accounts import AccountKind
from lotwise.lab.cohorts.bonds_first import BondsFirst
from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.measures import (
    AtTheEnd,
    cost_a_year,
    dividend_tax,
    growth_a_year,
    growth_of_target,
    lives_in_years,
    tax_drag,
    tracking_error,
    values_by_year,
)
from lotwise.lab.cohorts.policies import Looks, Policy, engine
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.targets import FundMix, Target
from lotwise.lab.cohorts.taxpayers import as_counted, by_taxpayer
from lotwise.lab.experiments.markets import start_rows
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Picture, Setting, Table, Verdict
from lotwise.lab.market_panel import Floats, FundRole, MarketPanel
from lotwise.money import SHARE
from lotwise.reports.lab_pictures import Pair, paired_bars

__all__ = ["LOCATION"]

_LEAST, _MOST = 10.0, 82.0  # basis points a year; Betterment
_DOLLARS = 1_000_000.0
_ACCOUNTS = (AccountKind.TAXABLE, AccountKind.TRADITIONAL, AccountKind.ROTH)
_ABROAD = 0.3  # of stocks


class _Rates(NamedTuple):
    """Rates of a client; withdrawals bear income tax and no tax on investment income (26 U.S.C. 1411(c)(5))."""

    name: str
    short: float
    long: float
    state: float
    withdrawn: float

    def in_words(self) -> str:
        """Say them in a sentence."""
        return (
            f"{self.short:.1%} on interest and short-term gains, {self.long:.1%} on qualified dividends and long-term "
            f"gains, {self.state:.0%} state; {self.withdrawn:.0%} on withdrawals from the traditional account"
        )


_MIXES = tuple((f"{100 * stocks:.0f}/{100 * (1 - stocks):.0f}", stocks) for stocks in (0.8, 0.6, 0.4))
_RATES = (_Rates("24%", 0.24, 0.15, 0.05, 0.29), _Rates("40.8%", 0.408, 0.238, 0.05, 0.42))
_SPLITS = ((0.50, 0.35, 0.15), (0.70, 0.20, 0.10))
_ASIDE, _ONE, _ALIKE, _FIRST = range(4)
_WAYS = ("account by account", "as one portfolio", "as one, dollars alike", "bonds in the IRA first")


class _Kind(NamedTuple):
    """A kind of household: rows of _MIXES, _RATES and _SPLITS."""

    mix: int
    rates: int
    split: int

    @property
    def name(self) -> str:
        """Say it in a few words."""
        parts = "/".join(f"{100 * part:.0f}" for part in _SPLITS[self.split])
        return f"{_MIXES[self.mix][0]}, {_RATES[self.rates].name}, {parts}"


_KINDS = tuple(
    _Kind(mix, rates, split)
    for rates in range(len(_RATES))
    for split in range(len(_SPLITS))
    for mix in range(len(_MIXES))
)


def _mix(stocks: float) -> FundMix:
    home, abroad = (FundRole.TOTAL, stocks * (1.0 - _ABROAD)), (FundRole.INTERNATIONAL, stocks * _ABROAD)
    return FundMix((home, abroad, (FundRole.BONDS, 1.0 - stocks)))


def _policies() -> tuple[Policy, ...]:
    """Account by account, as one portfolio for each of the rates, the same with dollars alike, and the rule's."""
    aside = "as_one_portfolio = false"
    as_one = [
        engine(
            f"{_WAYS[_ONE]}, {rates.name}",
            Looks.MONTHLY,
            f"after_tax_weighting = true\nwithdrawal_rate = {rates.withdrawn}",
        )
        for rates in _RATES
    ]
    return (
        engine(_WAYS[_ASIDE], Looks.MONTHLY, aside),
        *as_one,
        engine(_WAYS[_ALIKE], Looks.MONTHLY),
        engine(_WAYS[_FIRST], Looks.MONTHLY, aside),
    )


def _cohort(setting: Setting) -> Cohort:
    """Every kind of household and start in the four ways, in this order; the rule's accounts are households each."""
    policies = _policies()
    targets: list[Target] = [_mix(stocks) for _, stocks in _MIXES]
    clients: list[Client] = []
    for kind in _KINDS:
        rates, split = _RATES[kind.rates], _SPLITS[kind.split]
        sizes = tuple(_DOLLARS * part for part in split)
        for start in start_rows(6 if setting.full else 2):
            client = Client(
                start,
                _DOLLARS,
                target=kind.mix,
                kinds=_ACCOUNTS,
                short_rate=rates.short,
                long_rate=rates.long,
                state_rate=rates.state,
                sizes=sizes,
                withdrawal_rate=rates.withdrawn,
            )
            ways = (0, 1 + kind.rates, 1 + len(_RATES))
            clients += [replace(client, policy=policy) for policy in ways]
            worth = (sizes[0], sizes[1] * (1.0 - rates.withdrawn), sizes[2])
            number = len(clients)
            for account, dollars in zip(_ACCOUNTS, sizes, strict=True):
                targets.append(BondsFirst(_mix(_MIXES[kind.mix][1]), worth, account, start))
                own = replace(client, kinds=(account,), sizes=(dollars,), target=len(targets) - 1)
                clients.append(replace(own, policy=2 + len(_RATES), taxpayer=number))
    return cohort_of(policies, tuple(targets), clients)


class _Measured(NamedTuple):
    """Of every household, (T,) each: basis points a year, or as said."""

    sold: Floats  # drag of all taxes, everything sold at the end
    kept: Floats  # the same, nothing taxed at the end
    income: Floats  # of it on dividends and interest
    growth: Floats  # of what counts, before tax
    tracking: Floats  # of what counts, bp
    cost: Floats
    bonds: Floats  # percent of what counts, on the last day


def _measured(lived: Lived, cohort: Cohort, panel: MarketPanel) -> _Measured:
    """Measure households told by taxpayers, in dollars that count."""
    drags = []
    for end in (AtTheEnd.LIQUIDATION, AtTheEnd.STEP_UP):
        by_mix = np.array([tax_drag(lived, end, target=mix) for mix in range(len(_MIXES))])
        drags.append(1e4 * by_mix[lived.target_of, np.arange(len(lived.start))])
    value = values_by_year(lived)
    paid = np.divide(dividend_tax(lived, cohort), value, out=np.zeros_like(value), where=value > 0)
    lots, roles = lived.lots, np.array(panel.universe.roles)
    close = np.nan_to_num(panel.close[-1])
    worth = lots["shares"] / SHARE * close[lots["security"]] * cohort.counts[lots["account"]]
    of_bonds = np.where(roles[lots["security"]] == FundRole.BONDS.value, worth, 0.0)
    bonds = np.bincount(cohort.household[lots["account"]], of_bonds, len(lived.start))
    return _Measured(
        drags[0],
        drags[1],
        1e4 * paid.sum(axis=0) / lives_in_years(lived),
        1e4 * growth_a_year(lived),
        1e4 * tracking_error(lived),
        1e4 * cost_a_year(lived),
        100 * bonds / lived.daily["value"][-1],
    )


def _by_kind(values: Floats) -> Floats:
    """Means over starts: (kinds, ways)."""
    means: Floats = values.reshape(len(_KINDS), -1, len(_WAYS)).mean(axis=1)
    return means


def _figures(measured: _Measured) -> dict[str, float]:
    """Gains against account by account and all that stands beside them, by kind and way."""
    tables = {name: _by_kind(values) for name, values in measured._asdict().items()}
    figures = {}
    for row, kind in enumerate(_KINDS):
        for way, words in enumerate(_WAYS):
            stem = f"{kind.name}, {words}"
            for name in ("sold", "kept", "income"):
                figures[f"{stem} {name}"] = float(tables[name][row, _ASIDE] - tables[name][row, way])
            figures[f"{stem} before tax"] = float(tables["growth"][row, way] - tables["growth"][row, _ASIDE])
            for name in ("tracking", "cost", "bonds"):
                figures[f"{stem} {name}"] = float(tables[name][row, way])
    return figures


def _gains(figures: dict[str, float], way: int, name: str = "sold") -> Floats:
    return np.array([figures[f"{kind.name}, {_WAYS[way]} {name}"] for kind in _KINDS])


def _span(values: Floats) -> str:
    return f"{round(float(values.min()))} to {round(float(values.max()))}"


def _judged(gains: Floats, by_rule: Floats, beside: Floats) -> tuple[Verdict, str]:
    """Apply the rule to the gains of every kind of household; `by_rule` are those of the rule of thumb.

    `beside` (2, kinds): the gain on dividends and interest alone, and that where nothing is taxed at the end.
    """
    within = int(((gains >= _LEAST) & (gains <= _MOST)).sum())
    words = (
        f"As one portfolio the {gains.size} kinds of household keep {_span(gains)} bp a year more after tax than "
        f"account by account, {within} of them within the published 10 to 82. On dividends and interest alone it is "
        f"{_span(beside[0])}, and {_span(beside[1])} where nothing is taxed at the end. Bonds in the IRA first is "
        f"worth {_span(by_rule)}. {_WHY}"
    ).replace(" -", " \N{MINUS SIGN}")
    if (gains > 0).all() and 2 * within >= gains.size:
        return Verdict.REPRODUCED, words
    return (Verdict.IN_PART if gains.mean() > 0 else Verdict.NOT), words


_WHY = (
    "To put what pays most interest and dividends into the retirement accounts saves tax every year, and fills the "
    "taxable account with stocks: what they gain is taxed when they are sold, at the end or because accounts full of "
    "bonds leave no room to rebalance free of tax. The less stocks gain, the longer they are kept and the more bonds "
    "yield, the more is there to gain. The published range is a firm's own, over decades."
)


def _tables(figures: dict[str, float]) -> tuple[Table, ...]:
    gains: list[tuple[str, ...]] = []
    for kind in _KINDS:
        one, first, alike = (f"{kind.name}, {_WAYS[way]}" for way in (_ONE, _FIRST, _ALIKE))
        names = (f"{one} sold", f"{one} income", f"{one} kept", f"{first} sold", f"{alike} sold")
        gains.append((*kind.name.split(", "), *(f"{figures[name]:.1f}" for name in names)))
    columns = (
        "mix", "rate", "accounts", "as one", "interest, dividends", "no tax at the end", "bonds first", "dollars alike",
    )  # fmt: skip
    note = (
        "Gain after tax over account by account, bp a year; means over starts. As one: everything sold at the end; "
        "beside it what of that is less tax on interest and dividends, and the gain where nothing is taxed at the end. "
        "Bonds first and dollars alike: everything sold at the end. Mix: percent of stocks and bonds. Accounts: "
        "percent of the first value in the taxable, the traditional and the Roth account."
    )
    beside: list[tuple[str, ...]] = []
    for mix, (name, _) in enumerate(_MIXES):
        for words in _WAYS:
            rows = [f"{kind.name}, {words}" for kind in _KINDS if kind.mix == mix]
            shown = ("tracking", "before tax", "cost", "bonds")
            means = (np.mean([figures[f"{row} {name}"] for row in rows]) for name in shown)
            beside.append((name, words, *(f"{mean:.1f}" for mean in means)))
    return (
        Table("What location is worth", columns, tuple(gains), note),
        Table(
            "What stands beside it",
            ("mix", "managed", "tracking, bp", "before tax, bp/yr", "cost, bp/yr", "bonds at end, %"),
            tuple(beside),
            _BESIDE,
        ),
    )


def _grown(lived: Lived, mix: int) -> str:
    return f"{growth_of_target(lived, mix):+.1%} a year before tax"


def _run(setting: Setting) -> Finding:
    cohort = _cohort(setting)
    lived = setting.live("location", cohort)
    starts = len(np.unique(cohort.start))
    target = np.repeat([kind.mix for kind in _KINDS], starts * len(_WAYS))
    told, wholes = by_taxpayer(lived, cohort, target)
    counted = as_counted(told)
    figures = _figures(_measured(counted, wholes, setting.panel))
    gains, by_rule = _gains(figures, _ONE), _gains(figures, _FIRST)
    beside = np.array([_gains(figures, _ONE, "income"), _gains(figures, _ONE, "kept")])
    verdict, because = _judged(gains, by_rule, beside)
    title = "After-tax gain of location, basis points a year: as one portfolio, and bonds in the IRA first below it"
    pairs = [Pair(kind.name, *both) for kind, *both in zip(_KINDS, gains.tolist(), by_rule.tolist(), strict=True)]
    picture = Picture(paired_bars(pairs, ("as one portfolio", "bonds in the IRA first"), "bp", title), title)
    years = lives_in_years(counted)
    settings = (
        ("Households", f"${_DOLLARS:,.0f}, in {len(_KINDS)} kinds, for {years.min():.1f} to {years.max():.1f} years"),
        *((f"Mix: {name}", _mix(stocks).in_words()) for name, stocks in _MIXES),
        *((f"{name} in these years", _grown(counted, mix)) for mix, (name, _) in enumerate(_MIXES)),
        *((f"Rates: {rates.name}", rates.in_words()) for rates in _RATES),
        *((policy.name, policy.in_words()) for policy in cohort.policies),
    )
    tables, life = _tables(figures), Life("lives", cohort, lived)
    return Finding(verdict, because, settings, tables, (picture,), figures, (life,))


_RULE = (
    "Reproduced if a household as one portfolio keeps more after tax than account by account in every kind, and the "
    "gain of at least half of the kinds lies within 10 to 82 bp a year. In part if it keeps more on average. Else not."
)
_GAIN = (
    "Drag of all taxes on growth a year account by account, less the same as one portfolio, everything sold at the "
    "end. A year's tax counts as a fraction of what the household is worth after tax on withdrawals."
)
_COUNTS = (
    "A dollar in the traditional account counts what income tax on its withdrawal leaves, on every day, at one rate "
    "that is known: then its growth is free of tax, as in the Roth account, and who ends with more or less in it has "
    "gained or lost nothing by that alone. Growth that was earned by another mix is told beside the gain."
)
_INCOME = (
    "Interest of bond funds is ordinary income in full, dividends of stock funds are qualified, those of funds abroad, "
    "too (the engine reckons with 70%); each is taxed in the year in which it is paid."
)
_BESIDE = (
    "Means over kinds of household. Tracking, growth before tax (less that of account by account) and bonds are of "
    "what counts after tax: growth that differs comes of another mix and of chance, and is no gain here."
)
_ONE_WORDS = (
    "The engine solves all accounts together, each dollar of a security at the yearly tax that it draws where it lies "
    "(`location_years` = 1)."
)
_ALIKE_WORDS = (
    "The same where a dollar in the traditional account counts as any other, as most people count: bonds that lie "
    "there are fewer after tax than the mix says."
)
_FIRST_WORDS = (
    "Bonds fill the traditional, then the Roth, then the taxable account until the household has its mix after tax; "
    "the room that is left holds stocks alike. Filled anew each quarter; the engine manages each account."
)

LOCATION = Experiment(
    name="location",
    title="Asset location",
    claim="Holding each asset where it is taxed least adds 0.10% to 0.82% a year after tax.",
    source="Betterment",
    rule=_RULE,
    definitions=(
        ("Gain", _GAIN),
        ("What counts", _COUNTS),
        ("Income", _INCOME),
        ("As one portfolio", _ONE_WORDS),
        ("Dollars alike", _ALIKE_WORDS),
        ("Bonds in the IRA first", _FIRST_WORDS),
    ),
    run=_run,
)
