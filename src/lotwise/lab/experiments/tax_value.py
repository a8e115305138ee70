"""Experiment: for how many households the tax saved exceeds the fee, by count, by dollars and by kind of client."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.measures import growth_of_target, lives_in_years, tax_drag
from lotwise.lab.cohorts.policies import Looks, engine, ordinary
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.experiments.markets import WARM_UP
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Picture, Rows, Setting, Table, Verdict
from lotwise.lab.market_panel import YEAR_ROWS, Floats
from lotwise.money import DOLLAR, FULL_RATE, IntArray
from lotwise.reports.lab_strips import Strip, strips

__all__ = ["TAX_VALUE"]

_BY_COUNT = 0.68  # Smartleaf, one firm; 90% by dollars
_THEIR_FEE = 0.0025  # Wealthfront, 2024: 96% of clients, 7.6 times the fee
# From here on it counts as published: ten points below the shares, half of the multiple.
_LEAST_COUNT, _LEAST_DOLLARS, _LEAST_CLIENTS, _LEAST_TIMES = 0.58, 0.80, 0.86, 3.8
_ENGINE, _RULE_ONCE = range(2)
_ACCOUNTS = {"full": 200, "quick": 40}
_LEAST = 50_000.0  # dollars of an account
_SPREAD = 0.6  # standard deviation of the logarithm of an account's size within its kind
# Fee a year on the first value, by the dollars up to which it holds.
_FEES = ((2.5e5, 0.0125), (5e5, 0.011), (1e6, 0.010), (2e6, 0.0085), (5e6, 0.007), (np.inf, 0.005))
_FLAT = (0.0025, 0.005, 0.0075, 0.01, 0.0125)


class _Kind(NamedTuple):
    """A kind of client: rates, and per year, as parts of the first value, gains outside and money in or out."""

    name: str
    chance: float
    short: float
    long: float
    state: float
    dollars: float  # median
    outside_short: float = 0.0
    outside_long: float = 0.0
    flow: float = 0.0

    def in_words(self) -> str:
        """Say it in a sentence."""
        gains = [
            f"{term}-term gains of {part:.0%} of the first value a year outside"
            for term, part in (("short", self.outside_short), ("long", self.outside_long))
            if part
        ]
        moves = (
            f"; {'brings in' if self.flow > 0 else 'takes out'} {abs(self.flow):.0%} of it a year" if self.flow else ""
        )
        return (
            f"{self.chance:.0%} of all, median ${self.dollars:,.0f}; {self.short:.1%} and {self.long:.1%}, "
            f"{self.state:.0%} state; {' and '.join(gains) or 'no gains outside'}{moves}"
        )


_KINDS = (
    _Kind("saving", 0.35, 0.22, 0.15, 0.04, 250_000.0, flow=0.06),
    _Kind("professional", 0.30, 0.358, 0.188, 0.05, 900_000.0, outside_long=0.05),
    _Kind("wealthy", 0.15, 0.408, 0.238, 0.05, 3_000_000.0, outside_short=0.05, outside_long=0.10),
    _Kind("retired", 0.20, 0.24, 0.15, 0.05, 800_000.0, flow=-0.04),
)


def _fee_of(dollars: float) -> float:
    """Fee a year of an account of this first value, fraction."""
    return next(fee for until, fee in _FEES if dollars < until)


def _clients(setting: Setting) -> tuple[list[Client], NDArray[np.int64]]:
    """Each account twice, by the engine and by the rule; returns the kind of every account."""
    begin, last = WARM_UP * YEAR_ROWS, len(setting.panel.days) - 1
    starts = min(2 * YEAR_ROWS, (last - begin) // 2)
    made, kinds = [], []
    for number in range(_ACCOUNTS[setting.size.value]):
        draw = np.random.default_rng([setting.seed, 17, number])
        place = int(draw.choice(len(_KINDS), p=[kind.chance for kind in _KINDS]))
        kind = _KINDS[place]
        start = begin + int(draw.integers(0, starts))
        dollars = max(round(float(np.exp(draw.normal(np.log(kind.dollars), _SPREAD))), 2), _LEAST)
        days = range(start + int(draw.integers(5, 63)), last, 63)
        flows = tuple((row, round(kind.flow * dollars / 4, 2)) for row in days if kind.flow)
        made += [
            Client(
                start,
                dollars,
                policy=policy,
                short_rate=kind.short,
                long_rate=kind.long,
                state_rate=kind.state,
                outside_short=kind.outside_short * dollars,
                outside_long=kind.outside_long * dollars,
                fee=_fee_of(dollars),
                flows=flows,
            )
            for policy in (_ENGINE, _RULE_ONCE)
        ]
        kinds.append(place)
    return made, np.array(kinds)


class _Measured(NamedTuple):
    """Of every account, (N,) dollars a year but for `value`."""

    value: Floats  # mean, dollars
    fee: Floats
    saved: Floats  # number B: the rule's tax less the engine's
    kept: Floats  # the same where both are sold and taxed on the last day, by drags
    harvested: Floats  # losses that the engine realised, at the rates of their terms


def _measured(lived: Lived, cohort: Cohort) -> _Measured:
    record, rule = np.flatnonzero(cohort.policy == _ENGINE), np.flatnonzero(cohort.policy == _RULE_ONCE)
    years, value = lives_in_years(lived)[record], _mean_value(lived, record)
    tax = lived.tax.sum(axis=0) / DOLLAR
    drag = tax_drag(lived)
    losses = -lived.gains[:, record, 3:].sum(axis=0) / DOLLAR
    rates = (cohort.rates[record, :2] + cohort.rates[record, 2:]) / FULL_RATE
    return _Measured(
        value,
        lived.daily["fee"][:, record].sum(axis=0) / years,
        (tax[rule] - tax[record]) / years,
        (drag[rule] - drag[record]) * value,
        (losses * rates).sum(axis=1) / years,
    )


def _mean_value(lived: Lived, chosen: IntArray) -> Floats:
    days = lived.alive[:, chosen].sum(axis=0)
    mean: Floats = lived.daily["value"][:, chosen].sum(axis=0) / np.maximum(days, 1)
    return mean


class _Shares(NamedTuple):
    """For how many something exceeds the fee, and how many times the fee it is over all of them."""

    count: float
    dollars: float  # each account by its value
    times: float  # the sum over the sum of the fees


def _shares(benefit: Floats, fee: Floats, value: Floats) -> _Shares:
    above = benefit > fee
    paid = float(fee.sum())
    return _Shares(
        float(above.mean()), float(value[above].sum() / value.sum()), float(benefit.sum()) / paid if paid else np.nan
    )


def _judged(own: _Shares, theirs: _Shares) -> tuple[Verdict, str]:
    """Apply the rule: `own` by number B against the tiered fee, `theirs` by losses at their rates against 0.25%."""
    first = own.count >= _LEAST_COUNT and own.dollars >= _LEAST_DOLLARS
    second = theirs.count >= _LEAST_CLIENTS and theirs.times >= _LEAST_TIMES
    words = (
        f"The tax saved exceeds the fee for {own.count:.0%} of households and {own.dollars:.0%} by dollars (published "
        f"68% and 90%), and is {_times(own.times)} the fee over all; losses harvested, at their rates, exceed a fee of "
        f"0.25% for {theirs.count:.0%} and are {_times(theirs.times)} it (published 96% and 7.6 times)"
    )
    if first and second:
        return Verdict.REPRODUCED, f"{words}. {_WHY}"
    some = first or second or (own.dollars > max(own.count, 0.5))
    return (Verdict.IN_PART if some else Verdict.NOT), f"{words}. {_WHY}"


def _times(value: float) -> str:
    return f"{value:.1f} times".replace("-", "\N{MINUS SIGN}")


_WHY = (
    "The share is a matter of the fee as much as of the tax: it is told for several fees. What is put off counts as "
    "saved here, and is owed when it is sold; and accounts that begin in cash have little to put off at first."
)


def _bp(values: Floats, value: Floats) -> str:
    """Basis points of all value a year."""
    return f"{1e4 * float(values.sum() / value.sum()):.0f}".replace("-", "\N{MINUS SIGN}")


def _kinds_table(measured: _Measured, kinds: NDArray[np.int64]) -> Table:
    value, rows = measured.value, []
    groups = [(kind.name, kinds == place) for place, kind in enumerate(_KINDS)]
    for name, own in [*groups, ("all", np.ones(kinds.size, np.bool_))]:
        if not own.any():
            continue
        saved = _shares(measured.saved[own], measured.fee[own], value[own])
        kept = _shares(measured.kept[own], measured.fee[own], value[own])
        amounts = (measured.fee, measured.saved, measured.kept, measured.harvested)
        rows.append(
            (
                name,
                f"{int(own.sum())}",
                *(_bp(each[own], value[own]) for each in amounts),
                f"{saved.count:.0%}",
                f"{saved.dollars:.0%}",
                f"{kept.count:.0%}",
            )
        )
    columns = (
        "clients", "accounts", "fee, bp/yr", "tax saved", "if sold at the end", "losses at their rates",
        "saved above fee", "by dollars", "if sold, above fee",
    )  # fmt: skip
    return Table("By kind of client", columns, tuple(rows), "Basis points of all value of a kind, a year.")


def _fees_table(measured: _Measured) -> Table:
    """For how many households the benefit exceeds a flat fee."""
    rows = []
    for fee in _FLAT:
        paid = fee * measured.value
        own, kept, losses = (
            _shares(each, paid, measured.value) for each in (measured.saved, measured.kept, measured.harvested)
        )
        shares = (own.count, own.dollars, kept.count, losses.count)
        rows.append((f"{1e4 * fee:.0f} bp", *(f"{share:.0%}" for share in shares), _times(losses.times)))
    columns = (
        "flat fee",
        "saved",
        "by dollars",
        "if sold at the end",
        "losses at their rates",
        "losses, times the fee",
    )
    note = "Households whose benefit exceeds the fee."
    return Table("The same at other fees", columns, tuple(rows), note)


def _picture(measured: _Measured, kinds: NDArray[np.int64]) -> Picture:
    times = measured.saved / measured.fee
    rows = [
        Strip(kind.name, times[kinds == place].tolist(), measured.value[kinds == place].tolist())
        for place, kind in enumerate(_KINDS)
    ]
    title = "Tax saved a year as a multiple of the fee, by household; larger dots are larger accounts"
    return Picture(strips(rows, (1.0, "the fee"), "times the fee", title), title)


def _run(setting: Setting) -> Finding:
    target = CapIndex(500 if setting.full else 100)
    looks = Looks.DAILY if setting.full else Looks.MONTHLY
    policies = (engine("systematic", looks), ordinary("once a year"))
    clients, kinds = _clients(setting)
    cohort = cohort_of(policies, (target,), clients)
    lived = setting.live("tax_value", cohort)
    measured = _measured(lived, cohort)
    own = _shares(measured.saved, measured.fee, measured.value)
    theirs = _shares(measured.harvested, _THEIR_FEE * measured.value, measured.value)
    kept = _shares(measured.kept, measured.fee, measured.value)
    verdict, because = _judged(own, theirs)
    figures = {
        f"{name} {what}": value
        for name, shares in (("saved", own), ("kept", kept), ("losses at 25 bp", theirs))
        for what, value in shares._asdict().items()
    }
    figures["fee that 68% exceed, bp"] = 1e4 * float(np.quantile(measured.saved / measured.value, 1 - _BY_COUNT))
    tiers = ", ".join(f"{fee:.2%} below ${until:,.0f}" for until, fee in _FEES[:-1])
    years = lives_in_years(lived)
    settings = (
        ("Target", target.in_words()),
        ("Accounts", f"{kinds.size}, each under both policies, for {years.min():.1f} to {years.max():.1f} years"),
        ("Fees", f"of the first value: {tiers}, {_FEES[-1][1]:.2%} from there on; drawn quarterly, no part of any tax"),
        ("68% of households", f"save more than {figures['fee that 68% exceed, bp']:.0f} bp of value a year"),
        *((f"Clients: {kind.name}", kind.in_words()) for kind in _KINDS),
        ("The target in these years", f"{growth_of_target(lived):+.1%} a year before tax"),
        *((policy.name, policy.in_words()) for policy in policies),
    )
    frame = pl.DataFrame({"kind": [_KINDS[place].name for place in kinds.tolist()], **measured._asdict()})
    return Finding(
        verdict,
        because,
        settings,
        (_kinds_table(measured, kinds), _fees_table(measured)),
        (_picture(measured, kinds),),
        figures,
        (Life("lives", cohort, lived),),
        (Rows("households", frame),),
    )


_CLAIM = (
    "The value of tax management exceeds the fee for 68% of the households of a firm, 90% by dollars; for 96% of the "
    "clients of another, for whom losses harvested are worth 7.6 times the fee."
)
_RULE_WORDS = (
    "Reproduced if the tax saved exceeds the fee for at least 58% of households and 80% by dollars (ten points below "
    "the published), and losses harvested, at their rates, exceed a fee of 0.25% for at least 86% and are at least 3.8 "
    "times it (half the published). In part if one of both is so, or if more than half of dollars, and more of them "
    "than of households, are above the fee. Else not."
)
_SAVED = (
    "Tax of the same account under an ordinary rule once a year less its tax under the engine, in all its years, with "
    "netting, the limit on losses and carryforwards: number B of `lotwise savings`; divided by its years."
)
_KEPT = (
    "The same if both accounts are sold and taxed on the last day: the difference of the drags of all taxes on growth, "
    "times the account's mean value. What is only put off is not saved then."
)
_LOSSES = (
    "All losses that the engine realised, short- and long-term, at the rate on gains of their term: what providers "
    "call the benefit of harvesting. Neither netting nor the tax of later is in it."
)

TAX_VALUE = Experiment(
    name="tax-value",
    title="Tax value against the fee",
    claim=_CLAIM,
    source="Smartleaf (one firm); Wealthfront (2024)",
    rule=_RULE_WORDS,
    definitions=(
        ("Tax saved", _SAVED),
        ("If sold at the end", _KEPT),
        ("Losses at their rates", _LOSSES),
        ("By dollars", "Each household counts by the mean value of its account."),
        ("Fee", "What is drawn from the account. It is not deducted from any tax (26 U.S.C. 67(g))."),
    ),
    run=_run,
)
