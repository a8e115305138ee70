"""A market prepared for filling accounts, and the columns in which lots are drawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import to_day_number
from lotwise.lab.demo_models import targets
from lotwise.lab.market_panel import (
    CashDividends,
    Floats,
    Int32Array,
    MarketPanel,
    first_rows_of_months,
    last_known,
)

__all__ = [
    "ACQUISITIONS",
    "GIFT",
    "INHERITANCE",
    "PURCHASE",
    "REINVEST",
    "LotColumns",
    "ModelPath",
    "Tape",
    "join_lots",
    "pick_lots",
]

ACQUISITIONS = ("purchase", "reinvest", "inheritance", "gift")
PURCHASE, REINVEST, INHERITANCE, GIFT = range(4)

# Legacy positions come from this many of the largest companies.
LEGACY_LARGEST = 150


class LotColumns(NamedTuple):
    """L lots of one account."""

    security: Int32Array
    day: Int32Array  # day number of the acquisition
    shares: Floats
    basis: Floats  # dollars, whole lot
    acquisition: NDArray[np.uint8]  # position in ACQUISITIONS
    legacy: NDArray[np.bool_]


class ModelPath(NamedTuple):
    """A model through the G months of a panel, for the S securities it ever wants."""

    columns: NDArray[np.intp]  # securities that the model ever wants
    targets: Floats  # (G, S)
    growth: Floats  # (G,) value on the last day of a dollar invested in month g


class Tape:
    """A market prepared for filling accounts: its months, and the path of each model through them."""

    def __init__(self, panel: MarketPanel) -> None:
        self.panel = panel
        self.months = first_rows_of_months(panel.days)
        self.last_prices = last_known(panel.close)
        self.year_start = to_day_number(panel.as_of.replace(month=1, day=1))
        size = np.where(panel.live & panel.member[-1], np.nan_to_num(panel.caps[-1]), 0.0)
        self.largest = np.argsort(-size, kind="stable")[: min(LEGACY_LARGEST, int((size > 0).sum()))]
        self._paths: dict[str, ModelPath] = {}
        order = np.lexsort((panel.dividends.row, panel.dividends.security))
        paid = panel.dividends
        self._paid = CashDividends(paid.row[order], paid.security[order], paid.per_share[order])

    def path(self, model: str) -> ModelPath:
        """Targets of a model month by month; made once."""
        if model not in self._paths:
            every = targets(self.panel, self.months, model)
            columns = np.flatnonzero(every.any(axis=0))
            every = np.ascontiguousarray(every[:, columns])
            price = self.panel.close[self.months][:, columns]
            ahead = np.vstack([price[1:], self.panel.close[-1:, columns]])
            ratio = np.nan_to_num(ahead / price, nan=1.0)
            step = (every * ratio).sum(axis=1) / every.sum(axis=1)
            growth = np.cumprod(step[::-1])[::-1]
            self._paths[model] = ModelPath(columns, every, growth)
        return self._paths[model]

    def dividends_of(self, security: int) -> tuple[Int32Array, Floats]:
        """Rows and dollars per share of what one security paid."""
        first, end = np.searchsorted(self._paid.security, [security, security + 1])
        return self._paid.row[first:end], self._paid.per_share[first:end]


def join_lots(parts: list[LotColumns]) -> LotColumns:
    """Put lots one after the other."""
    return LotColumns(
        security=np.concatenate([part.security for part in parts]),
        day=np.concatenate([part.day for part in parts]),
        shares=np.concatenate([part.shares for part in parts]),
        basis=np.concatenate([part.basis for part in parts]),
        acquisition=np.concatenate([part.acquisition for part in parts]),
        legacy=np.concatenate([part.legacy for part in parts]),
    )


def pick_lots(lots: LotColumns, rows: NDArray[np.bool_] | NDArray[np.intp]) -> LotColumns:
    """Lots of these rows, in their order."""
    return LotColumns(
        security=lots.security[rows],
        day=lots.day[rows],
        shares=lots.shares[rows],
        basis=lots.basis[rows],
        acquisition=lots.acquisition[rows],
        legacy=lots.legacy[rows],
    )
