"""The end of a life: the tax of the last year, and what selling everything on the last day would add to it."""

from __future__ import annotations

import numpy as np

from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.market import MarketSoFar
from lotwise.lab.cohorts.recording import Ending
from lotwise.lab.cohorts.standing import Standing
from lotwise.lab.cohorts.taxes import Taxes
from lotwise.ledger.holding_period import first_long_term_day_numbers
from lotwise.money import SHARE, IntArray

__all__ = ["ending_of", "taxed_to_the_end"]


def ending_of(
    cohort: Cohort, standing: Standing, taxes: Taxes, market: MarketSoFar, gains: IntArray
) -> tuple[IntArray, Ending]:
    """Tax of every year, (Y, H), the open ones as if they ended today, and what is left, told as `Ending`.

    `gains` are those recognised so far, (Y, H, 5). Everything sold is priced at today's close, without cost.
    """
    return taxed_to_the_end(taxes, gains, _unrealised(cohort, standing, market))


def taxed_to_the_end(taxes: Taxes, gains: IntArray, unrealised: tuple[IntArray, IntArray]) -> tuple[IntArray, Ending]:
    """The same of gains recognised, (Y, H, 5), and of those unrealised on the last day, short and long, (H,)."""
    tax, last = taxes.owed.copy(), gains.shape[0] + taxes.first_year - 1
    taxes.close(last, gains)
    tax[:-1] = taxes.owed[:-1]
    tax[-1] = taxes.of_open_year(gains)
    short, long = unrealised
    sold = gains.copy()
    sold[-1, :, 0] += short
    sold[-1, :, 1] += long
    liquidation = taxes.of_open_year(sold) - tax[-1]
    carried = taxes.carried_after(last, gains)
    return tax, Ending(short, long, carried.short, carried.long, liquidation)


def _unrealised(cohort: Cohort, standing: Standing, market: MarketSoFar) -> tuple[IntArray, IntArray]:
    """Unrealised gains less losses of taxable accounts, short and long, (H,) money."""
    lots = standing.state.lots
    lots = lots[cohort.taxable[lots["account"]]]
    worth = np.rint(lots["shares"] / SHARE * market.price[lots["security"]]).astype(np.int64)
    starts = np.ascontiguousarray(lots["holding_start"])
    long = first_long_term_day_numbers(starts) <= market.day
    made = np.zeros((2, len(cohort.start)), np.int64)
    np.add.at(made, (long.astype(np.int64), cohort.household[lots["account"]]), worth - lots["basis"])
    return made[0], made[1]
