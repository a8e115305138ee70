"""A life told by taxpayers: portfolios of one are added up, and taxed together by the law."""

from __future__ import annotations

import numpy as np

from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.ending import taxed_to_the_end
from lotwise.lab.cohorts.recording import Ending, Lived
from lotwise.lab.cohorts.taxes import Taxes
from lotwise.money import IntArray

__all__ = ["as_counted", "by_taxpayer"]

_SUMMED = ("value", "counted", "flow", "cash", "latent", "traded", "cost", "fee", "lines")


def by_taxpayer(lived: Lived, cohort: Cohort, target: IntArray) -> tuple[Lived, Cohort]:
    """Tell a life as if each of T taxpayers were a household; `target` (T,) is what each is to follow as a whole.

    Gains and losses of all its portfolios are netted, and what is left at the end is taxed as one. What portfolios hand
    to each other is no flow any more. Accounts, lots and lines stay as they are numbered. Rates are those of the first,
    gains outside are added up.
    """
    firsts, whole = np.unique(cohort.taxpayer, return_inverse=True)
    summed = {name: getattr(lived.ending, name) for name in ("short", "long")}

    def added(values: np.ndarray, axis: int) -> np.ndarray:
        return np.add.reduceat(values, firsts, axis=axis)

    daily = np.zeros((lived.daily.shape[0], firsts.size), lived.daily.dtype)
    for name in _SUMMED:
        daily[name] = added(lived.daily[name], 1)
    # What is predicted of parts says nothing of the whole.
    alone = np.bincount(whole) == 1
    daily["tracking"] = np.where(alone, lived.daily["tracking"][:, firsts], np.nan)
    wholes = cohort._replace(
        start=cohort.start[firsts],
        policy=cohort.policy[firsts],
        target=target.astype(np.int32),
        rates=cohort.rates[firsts],
        outside=added(cohort.outside, 0),
        fee=cohort.fee[firsts],
        account_start=np.append(cohort.account_start[firsts], cohort.account_start[-1]),
        household=whole[cohort.household].astype(np.int32),
        taxpayer=np.arange(firsts.size, dtype=np.int32),
        agreed=np.zeros(firsts.size),
    )
    taxes = Taxes(wholes, int(lived.years[0]), lived.years.size)
    taxes.income = added(lived.income, 1)
    gains = added(lived.gains, 1)
    tax, ending = taxed_to_the_end(taxes, gains, (added(summed["short"], 0), added(summed["long"], 0)))
    told = lived._replace(
        daily=daily,
        gains=gains,
        income=taxes.income,
        tax=tax,
        start=wholes.start,
        policy=wholes.policy,
        target_of=wholes.target,
        ending=Ending(*ending),
    )
    return told, wholes


def as_counted(lived: Lived) -> Lived:
    """The same life in dollars that count: those in traditional accounts after the tax on their withdrawal.

    Such an account, taxed at one rate whenever it is drawn, is a Roth account of what that tax leaves: what counts
    grows as the account does.
    """
    daily = lived.daily.copy()
    daily["value"] = daily["counted"]
    return lived._replace(daily=daily)
