"""What a household's screens cost: its night solved with them and, once for each, without it.

A screen's price is what the night would be without it, less what it is with it: tracking error, the year's tax,
trading cost, and the objective in which all of them are weighed. Rules are told apart by the row of restrictions.csv
they come from (`name_source`, `group_source`), and a night is what `rebalance` says, however that solves it. Screens
work together: the prices of two need not add up to the price of both.

Not here: lots that a restriction keeps from sale (scope lot) are marks of the lots, not rules.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from lotwise.money import IntArray
from lotwise.rebalancing.book import Book, BookLabels, NameRule, RuleSets
from lotwise.rebalancing.proposal import Status
from lotwise.rebalancing.rebalance import rebalance
from lotwise.securities.market import Market

__all__ = ["Barred", "Night", "Restricted", "RulePrice", "barred", "prices_of_rules", "restricted", "without_rules"]


class Restricted(NamedTuple):
    """What a household restricts, and the rows of restrictions.csv that do it."""

    name: str  # "screen tobacco", "sector Energy"
    sources: tuple[int, ...]


class Barred(NamedTuple):
    """Names of a household's model that rules keep out or bound, and their weight in it."""

    securities: tuple[int, ...]
    weight: float  # of a bounded group: of what it counts of each name


class Night(NamedTuple):
    """What `rebalance` makes of a household."""

    status: Status
    tracking: float  # annual tracking error after the trades, NaN where nothing was solved
    tax: int  # money, the year's liability with the trades less without them
    cost: int  # money
    score: float  # improvement of the objective over doing nothing, fraction of value
    gap: float  # the objective is within this of the best, fraction of value


class RulePrice(NamedTuple):
    """A household's night with all its rules, and without those of these rows."""

    sources: tuple[int, ...]
    kept: Night
    dropped: Night

    @property
    def is_known(self) -> bool:
        """Whether both nights were solved."""
        return all(night.status in (Status.PROPOSED, Status.HOLD) for night in (self.kept, self.dropped))

    @property
    def tracking(self) -> float:
        """Tracking error that the rules add."""
        return self.kept.tracking - self.dropped.tracking

    @property
    def tax(self) -> int:
        """Tax of the year that they add, money."""
        return self.kept.tax - self.dropped.tax

    @property
    def cost(self) -> int:
        """Trading cost that they add, money."""
        return self.kept.cost - self.dropped.cost

    @property
    def objective(self) -> float:
        """Basis points of value by which the objective would be better without them."""
        return (self.dropped.score - self.kept.score) * 1e4

    @property
    def within(self) -> float:
        """Basis points by which `objective` may be off: neither night is proved to be nearer to the best."""
        return (self.dropped.gap + self.kept.gap) * 1e4


def _rows(start: IntArray, household_set: int) -> slice:
    return slice(int(start[household_set]), int(start[household_set + 1]))


def restricted(book: Book, labels: BookLabels, household: int, scope: str = "") -> tuple[Restricted, ...]:
    """What the rules of a household are about, each once, in the order of the file; only one `scope` if it is given."""
    own = int(book.households.rules[household])
    names = book.rules.name_source[_rows(book.rules.name_start, own)]
    groups = book.rules.group_source[_rows(book.rules.group_start, own)]
    found: dict[str, list[int]] = {}
    for source in sorted({*names.tolist(), *groups.tolist()}):
        if labels.restricted[source].startswith(f"{scope} " if scope else ""):
            found.setdefault(labels.restricted[source], []).append(source)
    return tuple(Restricted(name, tuple(sources)) for name, sources in found.items())


def barred(book: Book, household: int, sources: Collection[int]) -> Barred:
    """Names of the household's model that rules from these rows keep it from buying, cap, or count in a bound."""
    rules, groups = book.rules, book.groups
    own = int(book.households.rules[household])
    counted: dict[int, float] = {}
    rows = _rows(rules.name_start, own)
    for row in range(rows.start, rows.stop):
        kept_out = rules.name_flags[row] & NameRule.NO_BUY or rules.name_high[row] < 1.0
        if kept_out and int(rules.name_source[row]) in sources:
            counted[int(rules.name_security[row])] = 1.0
    rows = _rows(rules.group_start, own)
    for row in range(rows.start, rows.stop):
        if rules.group_high[row] < 1.0 and int(rules.group_source[row]) in sources:
            entries = _rows(groups.start, int(rules.group[row]))
            share = zip(groups.security[entries].tolist(), groups.coefficient[entries].tolist(), strict=True)
            for security, part in share:
                counted[security] = max(counted.get(security, 0.0), part)
    entries = _rows(book.models.start, int(book.households.model[household]))
    model = zip(book.models.security[entries].tolist(), book.models.weight[entries].tolist(), strict=True)
    within = [(security, weight * counted[security]) for security, weight in model if security in counted]
    return Barred(tuple(security for security, _ in within), float(sum(weight for _, weight in within)))


def without_rules(book: Book, household: int, sources: Collection[int]) -> Book:
    """The book in which one household has a set of rules of its own: its set without what comes from these rows."""
    rules = book.rules
    own = int(book.households.rules[household])
    gone = np.array(sorted(sources), dtype=np.int64)
    names, groups = (np.arange(len(rows)) for rows in (rules.name_source, rules.group_source))
    names = names[_rows(rules.name_start, own)]
    groups = groups[_rows(rules.group_start, own)]
    names = names[~np.isin(rules.name_source[names], gone)]
    groups = groups[~np.isin(rules.group_source[groups], gone)]
    columns = {}
    for column, values in rules._asdict().items():
        if column.endswith("_start"):
            kept = names if column == "name_start" else groups
            columns[column] = np.append(values, values[-1] + len(kept)).astype(values.dtype)
        else:
            kept = names if column.startswith("name_") else groups
            columns[column] = np.concatenate([values, values[kept]])
    sets = book.households.rules.copy()
    sets[household] = len(rules.name_start) - 1
    return book._replace(households=book.households._replace(rules=sets), rules=RuleSets(**columns))


def prices_of_rules(
    book: Book, market: Market, household: int, rules: Sequence[Collection[int]]
) -> tuple[RulePrice, ...]:
    """Solve a household with all its rules and once without each of these collections of rows of restrictions.csv.

    All households of its taxpayer are solved with it, since they see each other's trades. Raises IndexError for a
    household outside the book.
    """
    total = len(book.households.model)
    if not 0 <= household < total:
        raise IndexError(f"the household must lie within 0 .. {total - 1}, was {household}")
    kept = _night(book, market, household) if rules else None
    return tuple(
        RulePrice(tuple(sorted(sources)), kept, _night(without_rules(book, household, sources), market, household))
        for sources in rules
        if kept is not None
    )


def _night(book: Book, market: Market, household: int) -> Night:
    taxpayer = book.households.taxpayer
    together = np.flatnonzero(taxpayer == taxpayer[household])
    first, last = int(together[0]), int(together[-1]) + 1
    outcomes = rebalance(book, market, first, last).outcomes
    row = household - first
    return Night(
        Status(int(outcomes.status[row])),
        float(outcomes.te_after[row]),
        int(outcomes.tax[row]),
        int(outcomes.cost[row]),
        float(outcomes.score[row]),
        float(outcomes.gap[row]),
    )
