"""The market at one close, as columns: prices, spreads, wash groups, payouts and the risk of every security.

Exact columns are integers (`lotwise.money`); the risk columns are float64. The order of securities is the order of
`MarketLabels.symbols`; every other table refers to a security by its position in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.money import IntArray

__all__ = ["AssetClasses", "Market", "MarketLabels", "PriceHistory", "SecurityKind", "asset_classes_of"]


class SecurityKind(IntEnum):
    """Kind of a security (column `kind` of securities.csv)."""

    STOCK = 0
    ETF = 1
    FUND = 2
    BOND = 3
    CASH = 4


class Market(NamedTuple):
    """N securities at one close, with k risk factors.

    The variance of a portfolio of weights x is  |loadings' x|^2 / 2 + specific . x^2 : the loadings are scaled so
    that their inner products are twice the factor covariance, which is the form the optimizer wants (ALGORITHM: one
    account, step 1).
    """

    as_of: np.int32  # the day, days since 1970-01-01
    price: IntArray  # (N,) ten-thousandths of a dollar per share; 0 = no price
    spread: IntArray  # (N,) full bid-ask spread as a fraction of price, billionths; one trade costs half of it
    tradable: NDArray[np.bool_]  # (N,) False: no fresh price or no risk; held as it is, neither bought nor sold
    identical: NDArray[np.int32]  # (N,) substantially identical group: securities of one number wash each other
    kind: NDArray[np.uint8]  # (N,) SecurityKind
    asset_class: NDArray[np.int32]  # (N,) position among the names of `asset_classes_of`; 0 = none given
    dividend_yield: NDArray[np.float64]  # (N,) dividends and interest of a year as a fraction of value; 0 = unknown
    qualified_share: NDArray[np.float64]  # (N,) part of them that is taxed as qualified dividends
    gain_distribution: NDArray[np.float64]  # (N,) long-term gains that a fund pays out a year, fraction of value
    loadings: NDArray[np.float64]  # (N, k) sqrt(2) x exposures x square root of the annual factor covariance
    specific: NDArray[np.float64]  # (N,) annual specific variance


@dataclass(frozen=True, slots=True)
class MarketLabels:
    """What people call the securities; never needed by a kernel. Tuples of N, '' where unknown."""

    symbols: tuple[str, ...]
    names: tuple[str, ...]
    asset_classes: tuple[str, ...]
    sectors: tuple[str, ...]
    industries: tuple[str, ...]


class AssetClasses(NamedTuple):
    """The distinct asset classes, '' before all others, and the position of each security's (N,)."""

    names: tuple[str, ...]
    codes: NDArray[np.int32]


def asset_classes_of(words: Sequence[str]) -> AssetClasses:
    """Number the asset classes of securities, by name; 0 stands for none."""
    names = ("", *sorted(set(words) - {""}))
    row_of = {name: row for row, name in enumerate(names)}
    return AssetClasses(names, np.array([row_of[word] for word in words], np.int32))


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Total-return prices of the securities up to a day, as known on that day: T trading days by N securities."""

    symbols: tuple[str, ...]  # N, the order of MarketLabels.symbols
    days: NDArray[np.int32]  # (T,) ascending day numbers
    adjusted: NDArray[np.float64]  # (T, N) adj_close; NaN where there is no price that day
