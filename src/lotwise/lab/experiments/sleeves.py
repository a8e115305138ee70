"""Experiment: three sleeves against one account without sleeves, of the same models, at the same tracking.

Sleeves are accounts of one taxpayer: the ledger washes what one sells at a loss by what another buys. They are managed
as if there were no others, as most are, or told each other's windows. What they are to be together one account follows
at several prices of tracking, so that both can be compared where the whole tracks alike.
"""

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
    values_by_year,
)
from lotwise.lab.cohorts.policies import Policy, engine
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.targets import Blend, CalmList, CapIndex, Target
from lotwise.lab.cohorts.taxpayers import by_taxpayer
from lotwise.lab.experiments.markets import start_rows
from lotwise.lab.experiments.protocol import Experiment, Finding, Life, Picture, Setting, Table, Verdict
from lotwise.lab.market_panel import Floats
from lotwise.ledger.events import EventKind
from lotwise.ledger.events import Table as Events
from lotwise.money import DOLLAR
from lotwise.reports.lab_trails import Trail, trails

__all__ = ["SLEEVES"]

_DOLLARS = 1_000_000.0
_PARTS = (0.5, 0.3, 0.2)  # of large, mid and calm names
_OUTSIDE = 0.25  # short-term gains a year beside the account, part of the first value
_SAVES = (0.0, 0.06)  # brought in a year, part of the first value
_PRICES = {"one account": (25, 50, 100, 200, 400), "blind sleeves": (25, 50, 100), "sleeves that know": (25, 50, 100)}
_ONE, _BLIND, _KNOW = _PRICES
_JUDGED_AT = 50  # the default price of tracking


class _Way(NamedTuple):
    """A way of managing at a price of tracking."""

    name: str
    price: int

    @property
    def policy(self) -> Policy:
        """The engine, every day, by the default profile but for its price."""
        knows = self.name != _BLIND
        return engine(f"{self.name}, {self.price}", keys=f"risk_price_bps = {self.price}", knows_others=knows)


_WAYS = tuple(_Way(name, price) for name, prices in _PRICES.items() for price in prices)


def _models(setting: Setting) -> tuple[Target, ...]:
    """Large, mid and calm names, of which calm ones are also one of the others, and all three as one."""
    large, mid, calm = (100, 300, 100) if setting.full else (40, 60, 25)
    parts = (CapIndex(large), CapIndex(mid, above=large), CalmList(calm, large + mid))
    return (*parts, Blend(tuple(zip(parts, _PARTS, strict=True))))


def _cohort(setting: Setting) -> Cohort:
    """Every way of managing for every client and start, in this order."""
    models = _models(setting)
    rows = len(setting.panel.days)
    clients: list[Client] = []
    for policy, way in enumerate(_WAYS):
        for saves in _SAVES:
            for start in start_rows(4 if setting.full else 1):
                number = len(clients)
                parts = ((len(_PARTS), 1.0),) if way.name == _ONE else tuple(enumerate(_PARTS))
                for target, part in parts:
                    comes = round(part * _DOLLARS * saves / 12, 2)
                    client = Client(
                        start,
                        part * _DOLLARS,
                        policy=policy,
                        target=target,
                        state_rate=0.05,
                        outside_short=part * _DOLLARS * _OUTSIDE,
                        flows=tuple((row, comes) for row in range(start + 21, rows, 21)) if saves else (),
                        taxpayer=number,
                        part=part,
                    )
                    clients.append(client)
    return cohort_of(tuple(way.policy for way in _WAYS), models, clients)


def crossed(trades: Events, cohort: Cohort) -> Floats:
    """Dollars that portfolios of each taxpayer traded against each other, by its first household, (H,).

    Of a name in a calendar month: what some bought on balance, as far as others sold it.
    """
    rows = trades[np.isin(trades["kind"], (EventKind.BUY, EventKind.SELL))]
    month = rows["day"].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    household = cohort.household[rows["account"]]
    signed = np.where(rows["kind"] == EventKind.BUY, rows["amount"], -rows["amount"]) / DOLLAR
    keys, place = np.unique(np.column_stack([household, month, rows["security"]]), axis=0, return_inverse=True)
    net = np.zeros(len(keys))
    np.add.at(net, place.ravel(), signed)
    keys[:, 0] = cohort.taxpayer[keys[:, 0]]
    together, place = np.unique(keys, axis=0, return_inverse=True)
    sides = np.zeros((2, len(together)))
    for side, amount in enumerate((np.maximum(net, 0.0), np.maximum(-net, 0.0))):
        np.add.at(sides[side], place.ravel(), amount)
    dollars = np.zeros(len(cohort.start))
    np.add.at(dollars, together[:, 0], sides.min(axis=0))
    return dollars


class _Measured(NamedTuple):
    """Of each way (W,): means over clients and starts; basis points of value a year, or as said."""

    tracking: Floats  # of the whole against all models as one, bp
    sold: Floats  # drag of all taxes, everything sold at the end
    kept: Floats  # the same, nothing taxed at the end
    cost: Floats
    turnover: Floats  # percent a year, half of what is bought and sold, without the first day
    trades: Floats  # a year, lot by lot
    disallowed: Floats  # losses washed
    crossed: Floats  # percent a year that sleeves trade against each other
    growth: Floats  # before tax


def _measured(lived: Lived, cohort: Cohort) -> _Measured:
    whole = len(_PARTS)
    count = np.unique(cohort.taxpayer).size
    told, wholes = by_taxpayer(lived, cohort, np.full(count, whole))
    assert lived.trades is not None
    years, value = lives_in_years(told), told.daily["value"]
    later = np.arange(value.shape[0])[:, None] + told.first > told.start[None, :]
    traded = np.divide(told.daily["traded"], 2 * value, out=np.zeros_like(value), where=later & (value > 0))
    lines = np.where(later, told.daily["lines"], 0)
    by_year = values_by_year(told)
    washed = np.divide(told.gains[:, :, 2] / DOLLAR, by_year, out=np.zeros_like(by_year), where=by_year > 0)
    mean_value = np.array([value[each, place].mean() for place, each in enumerate(told.alive.T)])
    against = crossed(lived.trades, cohort)[np.unique(cohort.taxpayer)] / mean_value

    def means(values: Floats) -> Floats:
        return np.array([values[wholes.policy == way].mean() for way in range(len(_WAYS))])

    return _Measured(
        1e4 * means(tracking_error(told)),
        1e4 * means(tax_drag(told, AtTheEnd.LIQUIDATION, target=whole)),
        1e4 * means(tax_drag(told, AtTheEnd.STEP_UP, target=whole)),
        1e4 * means(cost_a_year(told)),
        100 * means(traded.sum(axis=0) / years),
        means(lines.sum(axis=0) / years),
        1e4 * means(washed.sum(axis=0) / years),
        100 * means(against / years),
        1e4 * means(growth_a_year(told)),
    )


def _place(name: str, price: int) -> int:
    return _WAYS.index(_Way(name, price))


def _at_equal_tracking(measured: _Measured, place: int) -> _Measured:
    """One account without sleeves at the tracking of a way, between the prices that it was managed at: (1,) each.

    Beyond the loosest and the tightest of them: those themselves.
    """
    ones = np.array([row for row, way in enumerate(_WAYS) if way.name == _ONE])
    order = ones[np.argsort(measured.tracking[ones])]
    at = measured.tracking[place]
    return _Measured(*(np.array([np.interp(at, measured.tracking[order], each[order])]) for each in measured))


def _judged(measured: _Measured) -> tuple[Verdict, str]:
    """Apply the rule at the default price of tracking of the sleeves."""
    less, turns, said = {}, {}, []
    for name in (_BLIND, _KNOW):
        place = _place(name, _JUDGED_AT)
        one = _at_equal_tracking(measured, place)
        less[name] = float(measured.sold[place] - one.sold[0])
        turns[name] = float(measured.turnover[place] - one.turnover[0])
        said.append(
            f"at the tracking error of {name} ({measured.tracking[place]:.0f} bp) one account owes {less[name]:.0f} bp "
            f"a year less tax, everything sold at the end, and {measured.kept[place] - one.kept[0]:.0f} bp where "
            f"nothing is taxed at the end, and turns over {one.turnover[0]:.0f}% a year against "
            f"{measured.turnover[place]:.0f}%"
        )
    blind = _place(_BLIND, _JUDGED_AT)
    words = (
        f"{'; '.join(said)}. Between blind sleeves {measured.disallowed[blind]:.0f} bp of losses a year are washed, "
        f"and {measured.crossed[blind]:.1f}% of value a year is sold in one and bought in another. {_WHY}"
    ).replace(" -", " \N{MINUS SIGN}")
    words = words[0].upper() + words[1:]
    if min(less.values()) > 0 and min(turns.values()) > 0:
        return Verdict.REPRODUCED, words
    return (Verdict.IN_PART if less[_BLIND] > 0 else Verdict.NOT), words


_WHY = (
    "A sleeve has to sell what leaves its model though the next one buys it, cannot let one model's overweight stand "
    "for another's, and tracks each model more closely than the whole needs."
)


def _tables(measured: _Measured) -> tuple[Table, ...]:
    rows, equal = [], []
    for place, way in enumerate(_WAYS):
        figures = [each[place] for each in measured]
        rows.append((way.name, f"{way.price}", *(f"{figure:.1f}" for figure in figures)))
        if way.name != _ONE:
            one = _at_equal_tracking(measured, place)
            names = ("sold", "kept", "cost", "turnover", "trades")
            more = [f"{getattr(measured, name)[place] - getattr(one, name)[0]:+.1f}" for name in names]
            equal.append((way.name, f"{way.price}", f"{measured.tracking[place]:.1f}", *more))
    columns = (
        "managed", "price", "tracking", "drag", "no tax at the end", "cost", "turnover, %", "trades", "washed",
        "crossed, %", "before tax",
    )  # fmt: skip
    note = (
        "A year, bp of value where nothing else is said; means over clients and starts. Tracking is that of the whole "
        "against all models as one; drag is of all taxes, everything sold at the end; crossed is what sleeves trade "
        "against each other."
    )
    return (
        Table("What each way of managing came to", columns, tuple(rows), note),
        Table(
            "More than one account at the same tracking",
            (
                "managed", "price", "tracking", "drag", "no tax at the end", "cost", "turnover, %", "trades",
            ),
            tuple(equal),
            "Between the prices at which the one account was managed; beyond them, against the nearest of them.",
        ),
    )  # fmt: skip


def _run(setting: Setting) -> Finding:
    cohort = _cohort(setting)
    lived = setting.live("sleeves", cohort, keeps_lines=True)
    measured = _measured(lived, cohort)
    verdict, because = _judged(measured)
    figures = {
        f"{way.name} {way.price} {name}": float(values[place])
        for place, way in enumerate(_WAYS)
        for name, values in measured._asdict().items()
    }
    title = "Drag of all taxes against tracking of the whole, everything sold at the end; beside each its risk price"
    drawn = [
        Trail(
            name,
            tuple(
                (float(measured.tracking[row]), float(measured.sold[row]), str(way.price))
                for row, way in enumerate(_WAYS)
                if way.name == name
            ),
        )
        for name in _PRICES
    ]
    axes = ("tracking error, bp", "drag of all taxes, bp a year")
    years = lives_in_years(lived)
    large, mid, calm, _ = cohort.targets
    settings = (
        *zip(("Large", "Mid", "Calm"), (each.in_words() for each in (large, mid, calm)), strict=True),
        ("Proportions", ", ".join(f"{part:.0%}" for part in _PARTS) + "; sleeves come back to them every quarter"),
        (
            "Accounts",
            f"${_DOLLARS:,.0f}, for {years.min():.1f} to {years.max():.1f} years, under every way of managing",
        ),
        ("All models as one in these years", f"{growth_of_target(lived, len(_PARTS)):+.1%} a year before tax"),
        ("Client", _CLIENT),
        *((policy.name, policy.in_words()) for policy in cohort.policies),
    )
    picture = Picture(trails(drawn, axes, title), f"{title}: lower left is better in both.")
    life = Life("lives", cohort, lived)
    return Finding(verdict, because, settings, _tables(measured), (picture,), figures, (life,))


_CLAIM = (
    "Without sleeves the same models cost less: a mid cap that has become a large one just stays. Said by many; "
    "nobody has published figures."
)
_RULE = (
    "Reproduced if, at the tracking error that the sleeves have as a whole at the default price, one account without "
    "sleeves has a lower drag of all taxes, everything sold at the end, and turns over less, than sleeves that know "
    "nothing of each other and than sleeves that know each other's windows. In part if its drag is lower than that of "
    "blind sleeves. Else not."
)
_SLEEVES_WORDS = (
    "Three accounts of one taxpayer, each to its own model by the engine, every day. At the end of each quarter those "
    "that have grown beyond their part hand cash to the others, and sell for it; what the client brings in is parted "
    "in these proportions. Taxes are those of all three together, wash sales between them included."
)
_BLIND_WORDS = (
    "Each is managed as if there were no others: what one buys can wash what another sells at a loss, and none knows. "
    "A loss washed is added to the basis of what was bought."
)
_KNOW_WORDS = "The same, but each is told the windows that the others' trades have opened, those of tonight included."
_ONE_WORDS = (
    "One account that follows the three models as one, in the same proportions on every day; a name that passes from "
    "one model to another stays where it is."
)
_EQUAL_WORDS = (
    "The one account is managed at five prices of tracking; its figures at the sleeves' tracking error are read "
    "between them, in a straight line."
)
_CLIENT = (
    f"40.8% and 23.8%, 5% state; short-term gains of {_OUTSIDE:.0%} of the first value a year outside; one brings in "
    f"nothing, one {max(_SAVES):.0%} of the first value a year in equal parts every 21 trading days"
)

SLEEVES = Experiment(
    name="sleeves",
    title="Sleeves against one account without",
    claim=_CLAIM,
    source="None published",
    rule=_RULE,
    definitions=(
        ("Sleeves", _SLEEVES_WORDS),
        ("Blind sleeves", _BLIND_WORDS),
        ("Sleeves that know", _KNOW_WORDS),
        ("One account", _ONE_WORDS),
        ("At the same tracking", _EQUAL_WORDS),
        (
            "Traded against each other",
            "Of a name in a calendar month, what some sleeves bought on balance, as far as others sold it.",
        ),
        ("Losses washed", "Losses that wash sales disallow in the year in which they were realised."),
    ),
    run=_run,
)
