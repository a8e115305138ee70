"""What a life came to: tax as a drag on growth, tracking, dispersion among accounts, cost.

Tax is told as a drag, so that the luck of a portfolio's own returns is no part of it. Each year's tax is a fraction of
the account's value at its end; the drag is the growth a year that these fractions, and the tax at the end, take from
any return whatever. The tax at the end is that of an account of the same basis that has earned what its target has: who
was lucky has more gain to tax. A tax below zero (a loss deducted from other income) adds to growth. What a portfolio
earned before tax is told beside it, never within.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.market_panel import YEAR_ROWS, Floats
from lotwise.money import DOLLAR, FULL_RATE

__all__ = [
    "AtTheEnd",
    "by_age",
    "cost_a_year",
    "costs_by_year",
    "dispersion",
    "dividend_tax",
    "gains_tax_a_year",
    "growth_a_year",
    "growth_of_target",
    "lives_in_years",
    "paid_in_by_year",
    "part_left",
    "tax_drag",
    "taxes_by_year",
    "tracking_error",
    "values_by_year",
]

_DAYS_A_YEAR = 365.25
_STUB_DAYS = 31  # of a calendar year that are no year of an account's own


class AtTheEnd(StrEnum):
    """What becomes of an account on its last day."""

    LIQUIDATION = "liquidation"  # everything is sold, and taxed with the last year
    STEP_UP = "step-up"  # an estate: nothing is taxed any more (26 U.S.C. 1014)
    GIFT = "gift"  # somebody else gets the shares with their basis (26 U.S.C. 1015), sells, and is taxed at own rates


def lives_in_years(lived: Lived) -> Floats:
    """(H,) years from each household's first day to the last."""
    begun = lived.days[np.maximum(lived.start - lived.first, 0)]
    years: Floats = (lived.days[-1] - begun) / _DAYS_A_YEAR
    return years


def values_by_year(lived: Lived) -> Floats:
    """(Y, H) dollars at the end of each year, or on the last day; 0 before a household begins."""
    year = lived.days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    last = np.searchsorted(year, lived.years, side="right") - 1
    values: Floats = lived.daily["value"][last]
    return values


def by_age(lived: Lived, values: Floats) -> Floats:
    """Figures by calendar year (Y, H) as figures by age: row 0 is the year in which each household begins.

    The next one, where it begins in the last month of a year, whose own figures are left out then. NaN where a
    household has not lived that long.
    """
    begun = lived.days[np.maximum(lived.start - lived.first, 0)].astype("datetime64[D]")
    begun = (begun + _STUB_DAYS).astype("datetime64[Y]")
    row = np.arange(lived.years.size)[:, None] + (begun.astype(np.int64) + 1970 - lived.years[0])[None, :]
    there = np.minimum(row, lived.years.size - 1)
    aged: Floats = np.where(row < lived.years.size, np.take_along_axis(values, there, axis=0), np.nan)
    return aged


def taxes_by_year(lived: Lived) -> Floats:
    """(Y, H) each year's tax as a fraction of its last value: losses deducted are below zero."""
    return _fractions(lived, lived.tax / DOLLAR)


def costs_by_year(lived: Lived) -> Floats:
    """(Y, H) half spreads paid in each year as a fraction of its last value, the first day's purchases included."""
    year = lived.days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    cost = np.zeros((lived.years.size, lived.daily.shape[1]))
    np.add.at(cost, year - lived.years[0], lived.daily["cost"])
    return _fractions(lived, cost)


def paid_in_by_year(lived: Lived) -> Floats:
    """(Y, H) dollars brought in less taken out, the opening included, until the end of each year."""
    year = lived.days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    last = np.searchsorted(year, lived.years, side="right") - 1
    so_far: Floats = np.cumsum(lived.daily["flow"], axis=0)[last]
    return so_far


def _fractions(lived: Lived, tax: Floats) -> Floats:
    """Tax (Y, H) as fractions of each year's last value; 0 where there is none."""
    value = values_by_year(lived)
    return np.divide(tax, value, out=np.zeros_like(value), where=value > 0)


def tax_drag(lived: Lived, end: AtTheEnd = AtTheEnd.LIQUIDATION, donee_rate: float = 0.15, target: int = 0) -> Floats:
    """(H,) growth a year that taxes take, fraction; `donee_rate` is the tax on a gift's gains, none on its losses.

    `target` is the one whose growth all accounts are taken to have had when they end.
    """
    whole = (1.0 - taxes_by_year(lived)).prod(axis=0) * (1.0 - part_left(lived, end, donee_rate, target))
    drag: Floats = 1.0 - np.maximum(whole, 0.0) ** (1.0 / lives_in_years(lived))
    return drag


def part_left(lived: Lived, end: AtTheEnd = AtTheEnd.LIQUIDATION, donee_rate: float = 0.15, target: int = 0) -> Floats:
    """(H,) tax at the end as a fraction of value, had each account grown like the target since it began.

    Tax on a gain moves with the gain, at the rate at which it was taxed; a refund of a loss stays as it is.
    """
    left = {
        AtTheEnd.LIQUIDATION: lived.ending.liquidation,
        AtTheEnd.STEP_UP: np.zeros_like(lived.ending.liquidation),
        AtTheEnd.GIFT: donee_rate * np.maximum(lived.ending.short + lived.ending.long, 0),
    }[end] / DOLLAR
    counted = np.arange(lived.days.size)[:, None] + lived.first > lived.start[None, :]
    like = np.prod(np.where(counted, 1.0 + lived.target[:, [target]], 1.0), axis=0)
    value, gain = lived.daily["value"][-1], (lived.ending.short + lived.ending.long) / DOLLAR
    even = value * like / np.prod(1.0 + lived.returns(), axis=0)
    moved = np.divide(np.maximum(gain + even - value, 0.0), gain, out=np.ones_like(value), where=gain > 0)
    part: Floats = np.where(left > 0, left * moved, left) / even
    return part


def dividend_tax(lived: Lived, cohort: Cohort) -> Floats:
    """(Y, H) dollars of tax on dividends alone: the same for whoever holds the same."""
    short, long, state = (cohort.rates[:, at] / FULL_RATE for at in range(3))
    paid = lived.income / DOLLAR
    tax: Floats = paid[:, :, 0] * (short + state) + paid[:, :, 1] * (long + state)
    return tax


def gains_tax_a_year(lived: Lived, cohort: Cohort, *, refunded: bool) -> Floats:
    """(H,) tax on gains a year, as a fraction of value: without that on dividends.

    `refunded`: a year's tax below zero (losses deducted) counts as such; else it counts as nothing.
    """
    tax = lived.tax / DOLLAR - dividend_tax(lived, cohort)
    if not refunded:
        tax = np.maximum(tax, 0.0)
    a_year: Floats = _fractions(lived, tax).sum(axis=0) / lives_in_years(lived)
    return a_year


def cost_a_year(lived: Lived) -> Floats:
    """(H,) half spreads paid a year, as a fraction of value; the first day's purchases do not count."""
    cost, value = lived.daily["cost"].copy(), lived.daily["value"]
    cost[np.maximum(lived.start - lived.first, 0), np.arange(cost.shape[1])] = 0.0
    part = np.divide(cost, value, out=np.zeros_like(value), where=value > 0)
    a_year: Floats = part.sum(axis=0) / lives_in_years(lived)
    return a_year


def growth_a_year(lived: Lived) -> Floats:
    """(H,) return a year before tax, after costs and fees."""
    growth: Floats = np.prod(1.0 + lived.returns(), axis=0) ** (1.0 / lives_in_years(lived)) - 1.0
    return growth


def growth_of_target(lived: Lived, target: int = 0) -> float:
    """Total return a year of a target, from the first day on which somebody lives."""
    return float(np.prod(1.0 + lived.target[:, target]) ** (_DAYS_A_YEAR / (lived.days[-1] - lived.days[0])) - 1.0)


def tracking_error(lived: Lived) -> Floats:
    """(H,) annual tracking error realised: of daily returns against the target's, from a household's second day on."""
    away = lived.returns() - lived.target[:, lived.target_of]
    counted = np.arange(away.shape[0])[:, None] + lived.first > lived.start[None, :]
    days = counted.sum(axis=0)
    variance = (np.where(counted, away, 0.0) ** 2).sum(axis=0) / np.maximum(days, 1)
    error: Floats = np.sqrt(variance * YEAR_ROWS)
    return error


def dispersion(lived: Lived, chosen: np.ndarray) -> Floats:
    """(Y,) standard deviation of a calendar year's returns among chosen households (H,) that lived all of it.

    NaN in years that fewer than three lived. The accounts must follow one target.
    """
    year = lived.days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    daily = lived.returns()
    made = np.full(lived.years.size, np.nan)
    for place, each in enumerate(lived.years.tolist()):
        rows = np.flatnonzero(year == each)
        whole = chosen & (lived.start - lived.first < rows[0])
        if whole.sum() >= 3 and rows.size > YEAR_ROWS * 0.9:
            made[place] = float(np.std(np.prod(1.0 + daily[rows][:, whole], axis=0), ddof=1))
    return made
