"""Two rates of every household: what a dollar more of ordinary investment income and of qualified dividends costs.

Each is the tax of the year with a thousand dollars more of that income less the tax without, per dollar: federal
brackets and preferential rates, net investment income tax and the state's law come out as the return has them, for
gains, losses and carryforwards as they stand. A thousand dollars, since lines of tax are rounded to a ten-thousandth
of one; where a threshold lies within them the rate is the average over it.

A household with federal rates of its own has its short-term rate on ordinary income, its long-term rate on qualified
dividends. Not modelled: what the payment itself changes of state deductions or credits; interest exempt from tax.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.ledger.events import MISSING, Table
from lotwise.money import DOLLAR, FULL_RATE, IntArray
from lotwise.tax.liability import liabilities
from lotwise.tax.position import LARGEST
from lotwise.tax.return_lines import Law

__all__ = ["DividendRates", "dividend_rates"]

_PAID = 1_000 * DOLLAR


class DividendRates(NamedTuple):
    """(H,) each, billionths per dollar, 0 to 1; zero where the law does not cover a household."""

    ordinary: IntArray
    qualified: IntArray


def _with(households: Table, *columns: str) -> Table:
    """The same households with a payment more in some columns; what is not known stays so."""
    after = households.copy()
    for column in columns:
        known = households[column] != MISSING
        after[column] = np.where(known, np.minimum(households[column] + _PAID, LARGEST), MISSING)
    return after


def dividend_rates(households: Table, law: Law) -> DividendRates:
    """Rates of every household: rows of POSITION to two columns."""
    before = liabilities(households, law)["total"]

    def rise(paid: Table) -> IntArray:
        after = liabilities(paid, law)["total"]
        known = (before != MISSING) & (after != MISSING)
        rate: IntArray = np.where(known, (after - before) * (FULL_RATE // _PAID), 0)
        return rate

    ordinary = rise(_with(households, "ordinary_income", "magi", "investment_income"))
    qualified = rise(_with(households, "qualified_dividends"))
    # The return of a household with rates of its own has no line for ordinary income.
    own = (before != MISSING) & (households["short_rate"] != MISSING)
    ordinary += np.where(own, households["short_rate"], 0)
    ordinary += np.where(own & (households["state_rate"] != MISSING), households["state_rate"], 0)
    return DividendRates(np.clip(ordinary, 0, FULL_RATE), np.clip(qualified, 0, FULL_RATE))
