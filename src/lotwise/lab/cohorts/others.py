"""Other portfolios of the same taxpayer: what the law sees of them is one, what their managers see is another.

The ledger washes a loss by whatever the taxpayer buys, in any portfolio. A manager who knows of the others is told the
taxpayer's open windows, and what they buy tonight; one who does not is told of those of the own portfolio alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.market_panel import Int32Array
from lotwise.ledger.open_windows import windows_of_state
from lotwise.ledger.tables import State, World
from lotwise.ledger.wash_sales import Windows
from lotwise.money import IntArray

__all__ = ["Others"]


class Others:
    """What the households of a cohort know of each other."""

    def __init__(self, cohort: Cohort) -> None:
        knows = np.array([policy.knows_others for policy in cohort.policies], np.bool_)[cohort.policy]
        # Who acts as one: the taxpayer, or the household by itself.
        self._acts_as = np.where(knows, cohort.taxpayer, np.arange(knows.size)).astype(np.int32)
        self._of_account = self._acts_as[cohort.household]

    def of_interest(self, households: IntArray) -> NDArray[np.bool_]:
        """Whether windows of the chosen households (h,) can come of each household, (H,)."""
        found: NDArray[np.bool_] = np.isin(self._acts_as, self._acts_as[households])
        return found

    def taxpayers(self, households: IntArray) -> Int32Array:
        """Number those of the chosen households (h,) that act as one alike, from 0 on."""
        return np.unique(self._acts_as[households], return_inverse=True)[1].astype(np.int32)

    def windows(self, households: IntArray, state: State, world: World, today: tuple[int, Int32Array]) -> Windows:
        """Windows as the chosen households (h,) are told of them, one row each; `today` = (day, groups (N,))."""
        day, identical = today
        accounts = world.accounts.copy()
        accounts["taxpayer"] = self._of_account
        found = windows_of_state(state, world._replace(accounts=accounts), day, self._acts_as.size, identical)
        return _rows(found, self._acts_as[households])


def _rows(windows: Windows, rows: Int32Array) -> Windows:
    """Some rows of windows, in this order; one may be asked for twice."""
    sizes = np.diff(windows.start)[rows]
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    place = np.repeat(windows.start[rows] - start[:-1], sizes) + np.arange(start[-1])
    return Windows(start, *(column[place] for column in windows[1:]))
