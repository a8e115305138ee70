"""What is told: numbers A, B and C of households, as they came about and as they stood at the end of each month."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import Table
from lotwise.ledger.tables import LOTS_OF_EVENT
from lotwise.money import IntArray
from lotwise.savings.parts import Part
from lotwise.savings.rule_of_thumb import CREDIT
from lotwise.savings.years import Cause, Saved, Taxed

__all__ = ["Months", "Period", "Told", "blank", "joined"]


class Period(IntEnum):
    """Time of which is told."""

    SINCE = 0  # the beginning of each household
    YEAR = 1  # of the last day
    DAY = 2  # the last trading day


class Months(NamedTuple):
    """How things stand at the end of M months, and on the last day; money."""

    days: IntArray  # (M,)
    value: IntArray  # (M, H) of the record
    saved: IntArray  # (M, H, 3) number B since the beginning, by Cause
    gains: IntArray  # (M, H, 2) unrealised, of the record and of its shadow
    waiting: IntArray  # (M, H, 3) growth of the tax that waits, against the shadow's, by Cause

    @property
    def present_value(self) -> IntArray:
        """Number C since the beginning by Cause, (M, H, 3)."""
        present: IntArray = self.saved - self.waiting
        return present


class Told(NamedTuple):
    """Three numbers of H households; those without a record have none of them (begins = 0)."""

    begins: IntArray  # (H,) day on which the sides part; 0 = there is no record
    thumb: IntArray  # (3, H, 3) number A by Period and Cause
    credits: Table  # (C,) CREDIT: number A, by day; lots are numbered by the rows of the history's events
    years: IntArray  # (Y,)
    saved: Saved  # number B
    months: Months
    eve: Months  # how things stood on the trading day before the last one: M = 1, or 0 where there is none
    refused: IntArray  # (H,) events of the shadow that its ledger did not take


def blank(households: int, years: IntArray, days: IntArray, eve: IntArray) -> Told:
    """Nothing told of so many households."""

    def months(of: IntArray) -> Months:
        shape = (of.size, households)
        by_cause = (*shape, len(Cause))
        return Months(of, *(np.zeros(each, np.int64) for each in (shape, by_cause, (*shape, 2), by_cause)))

    def taxed() -> Taxed:
        return Taxed(np.zeros((years.size, households), np.int64), *(np.zeros((2, households), np.int64)))

    return Told(
        np.zeros(households, np.int64),
        np.zeros((len(Period), households, len(Cause)), np.int64),
        np.zeros(0, CREDIT),
        years,
        Saved(np.zeros((years.size, households, len(Cause)), np.int64), taxed(), taxed()),
        months(days),
        months(eve),
        np.zeros(households, np.int64),
    )


def joined(households: int, parts: list[tuple[Part, Told]], chosen: NDArray[np.bool_]) -> Told:
    """Put parts together: what was told of the chosen ones (H,) of so many households."""
    first = parts[0][1]
    whole = blank(households, first.years, first.months.days, first.eve.days)
    lines_of_all = []
    for part, told in parts:
        own = chosen[part.households]
        rows = part.households[own]
        whole.begins[rows] = told.begins[own]
        whole.refused[rows] = told.refused[own]
        for mine, its in (
            (whole.thumb, told.thumb),
            (whole.saved.parts, told.saved.parts),
            *zip(whole.months[1:], told.months[1:], strict=True),
            *zip(whole.eve[1:], told.eve[1:], strict=True),
        ):
            mine[:, rows] = its[:, own]
        for side, its_side in ((whole.saved.record, told.saved.record), (whole.saved.shadow, told.saved.shadow)):
            side.total[:, rows] = its_side.total[:, own]
            side.short_carried[rows], side.long_carried[rows] = its_side.short_carried[own], its_side.long_carried[own]
        lines = told.credits[own[told.credits["household"]]]
        event = lines["lot"] // LOTS_OF_EVENT
        lines["lot"] = np.where(
            lines["lot"] >= 0, part.events[event] * LOTS_OF_EVENT + lines["lot"] % LOTS_OF_EVENT, lines["lot"]
        )
        lines["account"], lines["household"] = part.accounts[lines["account"]], part.households[lines["household"]]
        lines_of_all.append(lines)
    return whole._replace(credits=np.concatenate(lines_of_all))
