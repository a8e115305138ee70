"""A market through time, as columns: what a demo firm buys on and what a replay walks through.

T trading days by N securities, dead ones included. Prices stand on the share basis of the last day, so that a lot
bought at yesterday's close and the position of today count the same shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number

__all__ = [
    "CashDividends",
    "FundRole",
    "Lookthrough",
    "MarketPanel",
    "Splits",
    "Universe",
    "first_rows_of_months",
    "last_known",
    "trailing_yield",
]

Floats = NDArray[np.float64]
Int32Array = NDArray[np.int32]

# Trading days in a year, for trailing sums: 365.25 x 5/7 less about nine holidays.
YEAR_ROWS = 252


class FundRole(StrEnum):
    """What a fund is held for; models ask for roles, so that they read the same on any market."""

    BROAD = "broad"
    TWIN = "twin"  # follows the same index as BROAD: substantially identical by policy
    TOTAL = "total"
    GROWTH = "growth"
    VALUE = "value"
    TECHNOLOGY = "technology"
    HEALTH = "health"
    ENERGY = "energy"
    INTERNATIONAL = "international"
    EMERGING = "emerging"
    BONDS = "bonds"
    SHORT_BONDS = "short_bonds"
    OUTSIDE = "outside"  # in no model: what a client brought along


@dataclass(frozen=True, slots=True)
class Universe:
    """What the N securities are; '' where a text is unknown. `kind` is written as in securities.csv."""

    symbols: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]  # stock, etf, fund
    asset_classes: tuple[str, ...]
    sectors: tuple[str, ...]
    industries: tuple[str, ...]
    roles: tuple[str, ...]  # FundRole, '' for a stock
    identical_groups: tuple[str, ...]  # '' = identical to nothing else
    spread_bps: Floats  # (N,) full bid-ask spread
    qualified: Floats | None = None  # (N,) part of dividends that is qualified; None: by asset class


class CashDividends(NamedTuple):
    """Ordinary cash dividends, one row each, by ex-date."""

    row: Int32Array  # row of MarketPanel.days
    security: Int32Array
    per_share: Floats  # dollars, on the share basis of the last day


class Splits(NamedTuple):
    """Share splits, one row each: from that day on, one old share is `ratio` shares."""

    row: Int32Array
    security: Int32Array
    ratio: Floats


class Lookthrough(NamedTuple):
    """What funds hold on the last day, one row per holding."""

    fund: Int32Array
    security: Int32Array
    weight: Floats  # fraction of the fund


@dataclass(frozen=True, slots=True)
class MarketPanel:
    """T trading days by N securities, with what is known of them."""

    source: str  # "simulated" or "real"
    universe: Universe
    days: Int32Array  # (T,) ascending day numbers
    close: Floats  # (T, N) dollars, on the share basis of the last day; NaN where not listed
    adjusted: Floats  # (T, N) total return, equal to close on the last day of each security
    caps: Floats  # (T, N) market value in dollars; NaN for funds and where unknown
    member: NDArray[np.bool_]  # (T, N) True: in the index of large companies that day
    dividends: CashDividends
    splits: Splits
    lookthrough: Lookthrough

    @property
    def as_of(self) -> date:
        """The last day."""
        return from_day_number(int(self.days[-1]))

    @property
    def live(self) -> NDArray[np.bool_]:
        """(N,) securities with a close on the last day."""
        seen: NDArray[np.bool_] = np.isfinite(self.close[-1])
        return seen

    def fund(self, role: FundRole) -> int:
        """Position of the fund with this role; KeyError if the market has none."""
        try:
            return self.universe.roles.index(role)
        except ValueError:
            raise KeyError(f"this market has no fund with the role {role.value!r}") from None


def last_known(values: Floats) -> Floats:
    """Last finite value of each column of a (T, N) array; NaN where there is none."""
    finite = np.isfinite(values)
    last = values.shape[0] - 1 - np.argmax(finite[::-1], axis=0)
    found: Floats = values[last, np.arange(values.shape[1])]
    return np.where(finite.any(axis=0), found, np.nan)


def trailing_yield(panel: MarketPanel, row: int) -> Floats:
    """(N,) dividends of the year up to `row` per dollar of its close; 0 where there is no close."""
    paid = panel.dividends
    inside = (paid.row <= row) & (paid.row > row - YEAR_ROWS)
    dollars = np.bincount(paid.security[inside], weights=paid.per_share[inside], minlength=panel.close.shape[1])
    close = panel.close[row]
    return np.where(np.isfinite(close), dollars / np.where(close > 0, close, 1.0), 0.0)


def first_rows_of_months(days: Int32Array) -> Int32Array:
    """Rows of the first trading day of each calendar month, ascending."""
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    starts = np.concatenate([[True], months[1:] != months[:-1]])
    return np.flatnonzero(starts).astype(np.int32)
