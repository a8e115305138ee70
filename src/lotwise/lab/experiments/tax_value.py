"""Experiment: for how many households the tax saved exceeds the fee, by count, by dollars and by kind of client."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.lab.cohorts.clients import Cohort, cohort_of
from lotwise.lab.cohorts.measures import growth_of_target, lives_in_years, tax_drag
from lotwise.lab.cohorts.policies import Looks, engine, ordinary
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.targets import ActiveList, CapIndex
from lotwise.lab.experiments.fee_payers import ENGINE, FEES, INDEX, KINDS, LIST, RULE_ONCE, fee_payers
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Picture, Rows, Setting, Table, Verdict
from lotwise.lab.market_panel import Floats
from lotwise.money import DOLLAR, FULL_RATE, IntArray
from lotwise.reports.lab_strips import Strip, strips

__all__ = ["TAX_VALUE"]

_BY_COUNT = 0.68  # Smartleaf, one firm; 90% by dollars
_THEIR_FEE = 0.0025  # Wealthfront, 2024: 96% of clients, 7.6 times the fee
# From here on it counts as published: ten points below the shares, half of the multiple.
_LEAST_COUNT, _LEAST_DOLLARS, _LEAST_CLIENTS, _LEAST_TIMES = 0.58, 0.80, 0.86, 3.8
_ACCOUNTS = {"full": 100, "quick": 32}
_TARGETS = ("a list of names that changes", "an index")
_FLAT = (0.0025, 0.005, 0.0075, 0.01, 0.0125)


class _Measured(NamedTuple):
    """Of every household with one target, (N,) dollars a year but for `value`."""

    value: Floats  # mean, dollars
    fee: Floats
    saved: Floats  # number B: the rule's tax less the engine's
    kept: Floats  # the same where both are sold and taxed on the last day, by drags
    harvested: Floats  # losses that the engine realised, at the rates of their terms


def _measured(lived: Lived, cohort: Cohort, target: int) -> _Measured:
    own = cohort.target == target
    record, rule = (np.flatnonzero(own & (cohort.policy == policy)) for policy in (ENGINE, RULE_ONCE))
    years, value = lives_in_years(lived)[record], _mean_value(lived, record)
    tax = lived.tax.sum(axis=0) / DOLLAR
    drag = tax_drag(lived, target=target)
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

    households: float
    dollars: float  # each account by its value
    times: float  # the sum over the sum of the fees


def _shares(benefit: Floats, fee: Floats, value: Floats) -> _Shares:
    above = benefit > fee
    paid = float(fee.sum())
    return _Shares(
        float(above.mean()), float(value[above].sum() / value.sum()), float(benefit.sum()) / paid if paid else np.nan
    )


class _Found(NamedTuple):
    """What the rule looks at, and what is told beside it."""

    by_list: _Shares  # tax saved with a firm's list, against the tiered fee
    by_index: _Shares  # the same with an index
    losses: _Shares  # losses at their rates with an index, against 0.25%
    kept: _Shares  # as `by_list`, if both accounts are sold at the end: told, not judged


def _found(own: _Measured, index: _Measured) -> _Found:
    return _Found(
        _shares(own.saved, own.fee, own.value),
        _shares(index.saved, index.fee, index.value),
        _shares(index.harvested, _THEIR_FEE * index.value, index.value),
        _shares(own.kept, own.fee, own.value),
    )


def _judged(found: _Found) -> tuple[Verdict, str]:
    """Apply the rule."""
    own, index, losses, kept = found
    holds = [each.households >= _LEAST_COUNT and each.dollars >= _LEAST_DOLLARS for each in (own, index)]
    holds.append(losses.households >= _LEAST_CLIENTS and losses.times >= _LEAST_TIMES)
    words = (
        f"The tax saved exceeds the fee for {own.households:.0%} of households and {own.dollars:.0%} by dollars where "
        f"a firm's list of names is followed, for {index.households:.0%} and {index.dollars:.0%} with an index "
        f"(published 68% and 90%); if all is sold at the end, for {kept.households:.0%} with the list. Losses "
        f"harvested, at their rates, exceed a fee of 0.25% for {losses.households:.0%} and are {_times(losses.times)} "
        "it (published 96% and 7.6 times)"
    )
    if all(holds):
        return Verdict.REPRODUCED, f"{words}. {_WHY}"
    return (Verdict.IN_PART if any(holds) else Verdict.NOT), f"{words}. {_WHY}"


def _times(value: float) -> str:
    return f"{value:.1f} times".replace("-", "\N{MINUS SIGN}")


_WHY = (
    "What is followed decides: an index hardly makes an ordinary rule realise gains, a list that changes does so every "
    "year, and putting them off counts as saved until they are sold. The fee decides as much, so several are told. "
    "Accounts begin in cash here; the firms' had gains of earlier years to put off."
)


def _bp(values: Floats, value: Floats) -> str:
    """Basis points of all value a year."""
    return f"{1e4 * float(values.sum() / value.sum()):.0f}".replace("-", "\N{MINUS SIGN}")


def _kinds_table(measured: _Measured, kinds: NDArray[np.int64], followed: str) -> Table:
    value, rows = measured.value, []
    groups = [(kind.name, kinds == place) for place, kind in enumerate(KINDS)]
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
                f"{saved.households:.0%}",
                f"{saved.dollars:.0%}",
                f"{kept.households:.0%}",
            )
        )
    columns = (
        "clients", "households", "fee, bp/yr", "tax saved", "if sold at the end", "losses at their rates",
        "saved above fee", "by dollars", "if sold, above fee",
    )  # fmt: skip
    return Table(
        f"By kind of client, who follow {followed}",
        columns,
        tuple(rows),
        "Basis points of all value of a kind, a year.",
    )


def _fees_table(by_target: tuple[_Measured, ...]) -> Table:
    """For how many households the benefit exceeds a flat fee, with each target."""
    rows = []
    for fee in _FLAT:
        cells: list[str] = []
        for measured in by_target:
            paid = fee * measured.value
            own, kept = (_shares(each, paid, measured.value) for each in (measured.saved, measured.kept))
            cells += [f"{share:.0%}" for share in (own.households, own.dollars, kept.households)]
        losses = _shares(by_target[INDEX].harvested, fee * by_target[INDEX].value, by_target[INDEX].value)
        rows.append((f"{1e4 * fee:.0f} bp", *cells, f"{losses.households:.0%}", _times(losses.times)))
    columns = (
        "flat fee", "list: saved", "by dollars", "if sold at the end", "index: saved", "by dollars",
        "if sold at the end", "losses at their rates", "times the fee",
    )  # fmt: skip
    return Table("The same at other fees", columns, tuple(rows), "Households whose benefit exceeds the fee.")


def _picture(measured: _Measured, kinds: NDArray[np.int64], followed: str) -> Picture:
    times = measured.saved / measured.fee
    rows = [
        Strip(kind.name, times[kinds == place].tolist(), measured.value[kinds == place].tolist())
        for place, kind in enumerate(KINDS)
    ]
    title = f"Tax saved a year as a multiple of the fee, by households who follow {followed}; larger dots have more"
    return Picture(strips(rows, (1.0, "the fee"), "times the fee", title), title)


def _figures(own: _Measured, index: _Measured) -> dict[str, float]:
    """Shares by all definitions, and the fee that as many households exceed as was published."""
    names = ("list saved", "index saved", "index losses at 25 bp", "list kept", "index kept")
    found = (*_found(own, index), _shares(index.kept, index.fee, index.value))
    figures = {
        f"{name} {what}": value
        for name, shares in zip(names, found, strict=True)
        for what, value in shares._asdict().items()
    }
    for name, each in (("list", own), ("index", index)):
        figures[f"{name}, bp that 68% save"] = 1e4 * float(np.quantile(each.saved / each.value, 1 - _BY_COUNT))
    return figures


def _run(setting: Setting) -> Finding:
    targets = ActiveList(seed=setting.seed), CapIndex(500 if setting.full else 100)
    looks = Looks.DAILY if setting.full else Looks.MONTHLY
    policies = (engine("systematic", looks), ordinary("once a year"))
    clients, kinds = fee_payers(setting.panel, _ACCOUNTS[setting.size.value], setting.seed)
    cohort = cohort_of(policies, targets, clients)
    lived = setting.live("tax_value", cohort)
    own, index = by_target = tuple(_measured(lived, cohort, target) for target in (LIST, INDEX))
    verdict, because = _judged(_found(own, index))
    figures = _figures(own, index)
    tiers = ", ".join(f"{fee:.2%} below ${until:,.0f}" for until, fee in FEES[:-1])
    least = tuple(f"{figures[f'{name}, bp that 68% save']:.0f} bp" for name in ("list", "index"))
    years = lives_in_years(lived)
    settings = (
        *zip(("A list of names", "An index"), (target.in_words() for target in targets), strict=True),
        (
            "Households",
            f"{kinds.size}, each with both targets and policies, for {years.min():.1f} to {years.max():.1f} years",
        ),
        ("Fees", f"of the first value: {tiers}, {FEES[-1][1]:.2%} from there on; drawn quarterly"),
        ("68% of households", f"save more than {least[0]} of value a year with the list, {least[1]} with the index"),
        *((f"Clients: {kind.name}", kind.in_words()) for kind in KINDS),
        *(
            (f"The {name} in these years", f"{growth_of_target(lived, target):+.1%} a year before tax")
            for target, name in enumerate(("list", "index"))
        ),
        *((policy.name, policy.in_words()) for policy in policies),
    )
    frames = [
        pl.DataFrame({"target": name, "kind": [KINDS[place].name for place in kinds.tolist()], **measured._asdict()})
        for name, measured in zip(("list", "index"), by_target, strict=True)
    ]
    tables = tuple(_kinds_table(each, kinds, name) for each, name in zip(by_target, _TARGETS, strict=True))
    pictures = tuple(_picture(each, kinds, name) for each, name in zip(by_target, _TARGETS, strict=True))
    return Finding(
        verdict,
        because,
        settings,
        (*tables, _fees_table(by_target)),
        pictures,
        figures,
        (Life("lives", cohort, lived),),
        (Rows("households", pl.concat(frames)),),
    )


_CLAIM = (
    "The value of tax management exceeds the fee for 68% of the households of a firm, 90% by dollars; for 96% of the "
    "clients of another, for whom losses harvested are worth 7.6 times the fee."
)
_RULE_WORDS = (
    "Three things: the tax saved exceeds the fee for at least 58% of households and 80% by dollars (ten points below "
    "the published) with an index, the same with a firm's list of names, and losses harvested with an index, at their "
    "rates, exceed a fee of 0.25% for at least 86% and are at least 3.8 times it (half the published). Reproduced if "
    "all three are so. In part if one is. Else not."
)
_FOLLOWED = (
    "The first firm manages models that change: its households follow a list of names, as in the experiments on "
    "systematic management and on deferral. The other provider's clients follow an index. Every household is lived "
    "with both."
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
_CHANGED = (
    "At first all households followed an index, and the rule asked for no more: it was not kept. The list was added, "
    "and so that it alone cannot turn the verdict, the rule now asks for both."
)

TAX_VALUE = Experiment(
    name="tax-value",
    title="Tax value against the fee",
    claim=_CLAIM,
    source="Smartleaf (one firm); Wealthfront (2024)",
    rule=_RULE_WORDS,
    definitions=(
        ("What is followed", _FOLLOWED),
        ("Tax saved", _SAVED),
        ("If sold at the end", _KEPT),
        ("Losses at their rates", _LOSSES),
        ("By dollars", "Each household counts by the mean value of its account."),
        ("Changed after a first look", _CHANGED),
        ("Fee", "What is drawn from the account. It is not deducted from any tax (26 U.S.C. 67(g))."),
    ),
    run=_run,
)
