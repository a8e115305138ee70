"""The tax of the record and of its shadow, year by year, and what of the difference each cause made.

A year's figures are gains and losses realised, by term, and income. The tax on them is the law's, with netting, the
loss limit and what is carried on from one year into the next, each side its own. Income, filing status and law are
those of the position given, the same in every year: what is not managed cannot be what management saved.

Three causes: gains realised or not (deferral), losses realised or not (harvesting), income earned here or there
(location). What each saves depends on the others, so each gets the average, over the six orders in which the shadow's
figures can be replaced by the record's, of what its own replacement saves (Shapley 1953). The three add up exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import EventFlag, EventKind, Table
from lotwise.ledger.receipts import reinvested_alone
from lotwise.money import IntArray
from lotwise.tax.gains import recognised
from lotwise.tax.liability import Law, liabilities
from lotwise.tax.position import LARGEST

__all__ = ["FIGURES", "Cause", "Saved", "Taxed", "figures_of", "income_of", "saved", "taxed"]

# What decides a household's tax of a year, as far as it is managed; money.
FIGURES = ("short_gain", "long_gain", "short_loss", "long_loss", "ordinary", "qualified", "distributed")


class Cause(IntEnum):
    """Why the record paid another tax than its shadow."""

    DEFERRAL = 0  # gains
    HARVESTING = 1  # losses
    LOCATION = 2  # income


# The figures that each cause replaces.
_OF_CAUSE = {Cause.DEFERRAL: slice(0, 2), Cause.HARVESTING: slice(2, 4), Cause.LOCATION: slice(4, 7)}


class Taxed(NamedTuple):
    """Tax of Y years of H households, one after the other; money."""

    total: IntArray  # (Y, H)
    short_carried: IntArray  # (H,) loss carried on after the last year
    long_carried: IntArray  # (H,)


class Saved(NamedTuple):
    """What the record saved against its shadow; money, negative = it paid more."""

    parts: IntArray  # (Y, H, 3) by Cause
    record: Taxed
    shadow: Taxed

    @property
    def total(self) -> IntArray:
        """(Y, H)."""
        total: IntArray = self.shadow.total - self.record.total
        return total


def income_of(events: Table) -> tuple[Table, IntArray]:
    """Payments among events, and of each whether it is ordinary, qualified or distributed gain (0, 1, 2)."""
    kind = np.where(reinvested_alone(events), EventKind.DIVIDEND, events["kind"])
    paid = np.isin(kind, (EventKind.DIVIDEND, EventKind.INTEREST, EventKind.CAPITAL_GAIN_DISTRIBUTION))
    qualified = (events["facts"] & EventFlag.QUALIFIED) != 0
    word = np.where(kind == EventKind.CAPITAL_GAIN_DISTRIBUTION, 2, qualified & (kind == EventKind.DIVIDEND))
    return events[paid], word[paid].astype(np.int64)


def figures_of(
    realized: Table,
    income: tuple[Table, IntArray],
    of_account: tuple[NDArray[np.int32], NDArray[np.bool_]],
    years: IntArray,
    households: int,
) -> IntArray:
    """Figures of each year and household, (Y, H, 7): sales of taxable accounts, and their income.

    `income` = payments (events), and for each which of ordinary, qualified and distributed it is (0, 1, 2).
    `of_account` = household of each account (-1 = none), and whether it is taxable; `years` are ascending.
    """
    household, taxable = of_account
    made = np.zeros((years.size, households, len(FIGURES)), np.int64)

    def add(table: Table, day: str, amount: IntArray, column: IntArray) -> None:
        year = table[day].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
        owner = household[table["account"]]
        place = np.searchsorted(years, year)
        counted = (owner >= 0) & taxable[table["account"]] & (place < years.size)
        counted &= years[np.minimum(place, years.size - 1)] == year
        np.add.at(made, (place[counted], owner[counted], column[counted]), amount[counted])

    gain = recognised(realized)
    add(realized, "sold", gain, np.where(gain < 0, 2, 0) + (realized["long_term"] == 1))
    paid, word = income
    add(paid, "day", paid["amount"], 4 + word)
    return made


def taxed(position: Table, figures: IntArray, beside: IntArray, law: Law) -> Taxed:
    """Tax of each year on these figures (Y, H, 7) and on what the household has beside them.

    `position` is POSITION without what is managed but for the income in `beside` (Y, H, 3), which it holds already.
    """
    row = position.copy()
    total = np.zeros(figures.shape[:2], np.int64)
    for year in range(figures.shape[0]):
        own = figures[year]
        extra = own[:, 4:] - beside[year]
        row["short_gains"] = position["short_gains"] + own[:, 0] + own[:, 2]
        row["long_gains"] = position["long_gains"] + own[:, 1] + own[:, 3] + extra[:, 2]
        row["qualified_dividends"] = np.maximum(position["qualified_dividends"] + extra[:, 1], 0)
        known = position["ordinary_income"] > -LARGEST
        row["ordinary_income"] = np.where(known, position["ordinary_income"] + extra[:, 0], position["ordinary_income"])
        row["investment_income"] = position["investment_income"] + extra[:, 0]
        found = liabilities(row, law)
        total[year] = found["total"]
        row["short_carryforward"], row["long_carryforward"] = found["short_carryforward"], found["long_carryforward"]
    return Taxed(total, row["short_carryforward"].copy(), row["long_carryforward"].copy())


def _mixed(record: IntArray, shadow: IntArray, replaced: Sequence[Cause]) -> IntArray:
    """The shadow's figures with those of some causes replaced by the record's."""
    made = shadow.copy()
    for cause in replaced:
        made[:, :, _OF_CAUSE[cause]] = record[:, :, _OF_CAUSE[cause]]
    return made


def saved(position: Table, record: IntArray, shadow: IntArray, law: Law) -> Saved:
    """Compare the tax of two sets of figures (Y, H, 7), and part the difference by cause."""
    beside = record[:, :, 4:].copy()
    beside[:, :, 2] = 0  # distributions are gains, of which the position has none that are managed
    known: dict[frozenset[Cause], Taxed] = {}

    def with_replaced(causes: frozenset[Cause]) -> Taxed:
        if causes not in known:
            known[causes] = taxed(position, _mixed(record, shadow, sorted(causes)), beside, law)
        return known[causes]

    sixths = np.zeros((*record.shape[:2], len(Cause)), np.int64)
    for order in permutations(Cause):
        for place, cause in enumerate(order):
            before, after = (with_replaced(frozenset(order[: place + more])) for more in (0, 1))
            sixths[:, :, cause] += before.total - after.total
    parts = sixths // 6
    left = sixths.sum(axis=2) // 6 - parts.sum(axis=2)  # the units that rounding down left, 0 to 2
    rank = np.argsort(np.argsort(-(sixths - 6 * parts), axis=2, kind="stable"), axis=2, kind="stable")
    parts += rank < left[:, :, None]
    return Saved(parts, with_replaced(frozenset(Cause)), with_replaced(frozenset()))
