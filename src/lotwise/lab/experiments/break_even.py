"""Experiment: a direct index, or keep the fund? Years until a move is ahead, by the gain that the fund has."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from lotwise.lab.cohorts.clients import Client, Cohort, OpeningLot, cohort_of
from lotwise.lab.cohorts.forgone import forgone, opening_part
from lotwise.lab.cohorts.measures import AtTheEnd, growth_of_target
from lotwise.lab.cohorts.policies import Looks, engine, ordinary
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.targets import CapIndex, OneFund
from lotwise.lab.experiments.break_even_words import (
    CLAIM,
    DEFINITIONS,
    RULE,
    WHY,
    Key,
    Measured,
    Of,
    pictures_of,
    tables_of,
)
from lotwise.lab.experiments.markets import start_rows
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Setting, Verdict
from lotwise.lab.market_panel import Floats, FundRole
from lotwise.money import SHARE
from lotwise.savings.shadow_rule import Schedule

__all__ = ["BREAK_EVEN"]

_DOLLARS = 1_000_000.0
_GAINS = (0.0, 0.2, 0.4, 0.6)  # of the fund's worth
_FEES = (0.0005, 0.0017, 0.0037)  # of the direct index a year, less the fund's own 0.03%, which is in its price
_FEE = 0.0017  # 0.20% against 0.03%
_HELD_DAYS = 3 * 365
_ENDS = (AtTheEnd.LIQUIDATION, AtTheEnd.STEP_UP)
_MONEY = {"no new money": 0.0, "new money": 0.12}  # a year, as a part of the first value
_INDEX, _FUND = 0, 1  # policies and targets


class _Person(NamedTuple):
    """Rates, and gains outside as parts of the first value a year."""

    name: str
    short: float
    long: float
    state: float
    outside_short: float = 0.0
    outside_long: float = 0.0

    def in_words(self) -> str:
        """Say it in a sentence."""
        term, part = ("short", self.outside_short) if self.outside_short else ("long", self.outside_long)
        return (
            f"{self.short:.1%} on short-term and {self.long:.1%} on long-term gains, {self.state:.0%} state; "
            f"{term}-term gains of {part:.0%} of the first value a year outside"
        )


_PERSONS = (
    _Person("very wealthy", 0.408, 0.238, 0.05, outside_short=0.25),
    _Person("ordinary", 0.24, 0.15, 0.05, outside_long=0.10),
)


class _Way(NamedTuple):
    """An account of the experiment: whose, with or without new money, how it goes on, from which gain."""

    person: _Person
    money: str
    how: str  # "keep", "priced" (the engine moves it), "at once" (begins in cash, after the fund was sold)
    gain: float


def _ways() -> list[_Way]:
    made = []
    for person in _PERSONS:
        for money in _MONEY:
            made += [_Way(person, money, how, gain) for how in ("keep", "priced") for gain in _GAINS]
            made.append(_Way(person, money, "at once", 0.0))
    return made


def _client(way: _Way, start: int, rows: int, fund: int) -> Client:
    """The client of a way, who begins on a row of a market of so many."""
    part = round(_DOLLARS * _MONEY[way.money] / 12, 2)
    lots = (OpeningLot(fund, _DOLLARS, (1.0 - way.gain) * _DOLLARS, _HELD_DAYS),)
    own = _FUND if way.how == "keep" else _INDEX
    return Client(
        start,
        _DOLLARS if way.how == "at once" else 0.0,
        policy=own,
        target=own,
        short_rate=way.person.short,
        long_rate=way.person.long,
        state_rate=way.person.state,
        outside_short=way.person.outside_short * _DOLLARS,
        outside_long=way.person.outside_long * _DOLLARS,
        flows=tuple((row, part) for row in range(start + 21, rows, 21)) if part else (),
        lots=() if way.how == "at once" else lots,
    )


def _cohort(setting: Setting, start: int) -> Cohort:
    fund, rows = setting.panel.fund(FundRole.BROAD), len(setting.panel.days)
    policies = (
        engine("direct index", Looks.WEEKLY),
        ordinary("fund, kept", Schedule.NEVER, cash_band=0.001, reinvests=True),
    )
    targets = (CapIndex(500 if setting.full else 100), OneFund(cash=0.0))
    return cohort_of(policies, targets, [_client(way, start, rows, fund) for way in _ways()])


def _ends_of(setting: Setting, start: int) -> list[tuple[int, int]]:
    """Years that are looked at, and the row on which each ends: days later, so that the first lots are long term."""
    days, made = setting.panel.days, []
    for years in (1, 2, 3, 4, 5, 7, 10) if setting.full else (1, 2, 3, 4, 5):
        day = days[start] + round(365.25 * years) + 2
        if day - days[-1] < 31:  # a market that ends within a month of it counts
            made.append((years, min(int(np.searchsorted(days, day)), len(days) - 1)))
    return made


def _ahead(lived: Lived, fee: float, end: AtTheEnd) -> dict[tuple[str, str, str, float], float]:
    """By how much moving is ahead of keeping on the last day, by (person, money, how, gain): a part of worth."""
    ways = _ways()
    kept, moved = forgone(lived, end, target=_FUND), forgone(lived, end, fee, target=_FUND)
    grown = opening_part(lived, _FUND)
    place = {way: number for number, way in enumerate(ways)}
    found = {}
    for way, number in place.items():
        if way.how != "keep":
            continue
        key = (way.person.name, way.money)
        priced, at_once = place[way._replace(how="priced")], place[way._replace(how="at once", gain=0.0)]
        tax = way.gain * (way.person.long + way.person.state) * grown[at_once]
        found[(*key, "priced", way.gain)] = float(kept[number] - moved[priced])
        found[(*key, "at once", way.gain)] = float(kept[number] - moved[at_once] - tax)
    return found


def _still_in_fund(lived: Lived, setting: Setting) -> dict[tuple[str, str, float], float]:
    """Part of the value of accounts that the engine moves which is in the fund on the last day."""
    fund = setting.panel.fund(FundRole.BROAD)
    price = setting.panel.close[lived.first + len(lived.days) - 1, fund]
    own = lived.lots[lived.lots["security"] == fund]
    worth = np.bincount(own["account"], own["shares"] / SHARE * price, len(lived.start))
    part: Floats = worth / lived.daily["value"][-1]
    return {
        (way.person.name, way.money, way.gain): float(part[number])
        for number, way in enumerate(_ways())
        if way.how == "priced"
    }


def _first_ahead(years: list[int], ahead: list[float]) -> float:
    """First of the years from which on a move is ahead in every later one, too; infinite where there is none."""
    first = np.inf
    for year, value in zip(reversed(years), reversed(ahead), strict=True):
        if not value > 0:
            break
        first = float(year)
    return first


def _measured(setting: Setting) -> tuple[Measured, Life]:
    """Live every start to every year's end; the last life is told."""
    starts = start_rows(4 if setting.full else 1)
    ahead: dict[Key, list[list[float]]] = {}
    in_fund: list[dict[tuple[str, str, float], float]] = []
    years = [year for year, _ in _ends_of(setting, starts[-1])]
    if not years:
        raise ValueError(f"a market must go on for a year after the last start, had {len(setting.panel.days)} days")
    for start in starts:
        cohort = _cohort(setting, start)
        for place, (year, last) in enumerate(_ends_of(setting, start)[: len(years)]):
            lived = setting.live(f"break_even, {year} years", cohort, last=last)
            if not place:
                in_fund.append(_still_in_fund(lived, setting))
            for end in _ENDS:
                for fee in _FEES:
                    for key, value in _ahead(lived, fee, end).items():
                        rows = ahead.setdefault((*key, end.value, fee), [[] for _ in years])
                        rows[place].append(value)
    means = {key: [float(np.mean(each)) for each in rows] for key, rows in ahead.items()}
    first = {key: _first_ahead(years, values) for key, values in means.items()}
    part = {key: float(np.mean([each[key] for each in in_fund])) for key in in_fund[0]}
    return Measured(years, first, means, part), Life("lives", cohort, lived)


def _judged(first: dict[Key, float]) -> tuple[Verdict, str]:
    """Apply the rule."""

    def of(gain: float, end: AtTheEnd, fee: float = _FEE) -> float:
        return first[("very wealthy", "no new money", "priced", gain, end.value, fee)]

    pays = all(np.isfinite(of(0.0, end)) for end in _ENDS)
    kept = all(not np.isfinite(of(_GAINS[-1], end)) for end in _ENDS)
    by_gain = all(of(low, end) <= of(high, end) for end in _ENDS for low, high in pairwise(_GAINS))
    by_fee = all(
        of(gain, end, low) <= of(gain, end, high) for end in _ENDS for gain in _GAINS for low, high in pairwise(_FEES)
    )
    said = (
        "At 0.20% against 0.03% a year and without new money a very wealthy client who has no gain in the fund is "
        f"ahead {_when(of(0.0, _ENDS[0]))} if everything is sold at the end, {_when(of(0.0, _ENDS[1]))} if nothing is "
        f"ever taxed; with a gain of 60% {_when(of(_GAINS[-1], _ENDS[0]))} and {_when(of(_GAINS[-1], _ENDS[1]))}. {WHY}"
    )
    if pays and kept and by_gain and by_fee:
        return Verdict.REPRODUCED, said
    return (Verdict.IN_PART if by_gain and (pays or kept) else Verdict.NOT), said


def _when(years: float) -> str:
    if not np.isfinite(years):
        return "in none of the years lived (keep what you have)"
    return f"from year {years:.0f} on"


def _run(setting: Setting) -> Finding:
    measured, life = _measured(setting)
    verdict, because = _judged(measured.first)
    settings = (
        ("Direct index", life.cohort.targets[_INDEX].in_words()),
        ("Fund", f"{setting.panel.universe.names[setting.panel.fund(FundRole.BROAD)]}, held for three years"),
        ("Accounts", f"of ${_DOLLARS:,.0f}, {len(_ways())} ways from each start, sold at the end of each year in turn"),
        ("The fund in these years", f"{growth_of_target(life.lived, _FUND):+.1%} a year before tax"),
        ("New money", f"{_MONEY['new money']:.0%} of the first value a year, in equal parts every 21 trading days"),
        *((f"Client: {person.name}", person.in_words()) for person in _PERSONS),
        *((policy.name, policy.in_words()) for policy in life.cohort.policies),
    )
    figures = {
        f"{person}, {money}, {how}, {gain:.0%}, {end}, {fee:.2%} {name}": value
        for name, told in (("years", measured.first), ("ahead", {k: v[-1] for k, v in measured.ahead.items()}))
        for (person, money, how, gain, end, fee), value in told.items()
    }
    clients = tuple((person.name, money) for person in _PERSONS for money in _MONEY)
    of = Of(clients, _GAINS, _FEES, _FEE)
    return Finding(verdict, because, settings, tables_of(measured, of), pictures_of(measured, of), figures, (life,))


BREAK_EVEN = Experiment(
    name="break-even",
    title="A direct index, or keep the fund?",
    claim=CLAIM,
    source="nobody has published it; the expectation is ours",
    rule=RULE,
    definitions=DEFINITIONS,
    run=_run,
)
