"""A market that happens day by day: what a day brings, and what is known so far.

`MarketTape` holds the whole market and gives one day after the other; only the replay has it. Whoever decides gets
`MarketSoFar`, whose memory holds the days that the tape has given and nothing else: there is no later day to look at.
Prices and dividends are as they were then, before later splits.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.lab.demo_market_tables import qualified_shares
from lotwise.lab.known_then import shares_since
from lotwise.lab.market_panel import YEAR_ROWS, Floats, MarketPanel, Universe
from lotwise.money import DOLLAR, IntArray
from lotwise.securities.market import MarketLabels, SecurityKind, asset_classes_of

__all__ = ["GONE_ROWS", "DayOfMarket", "MarketSoFar", "MarketTape", "labels_of"]

# So many trading days without a close, and a security counts as gone: holders get its last close.
GONE_ROWS = 5

# Full bid-ask spread of stocks by their rank in size on the day, basis points: as lab.real_market has it.
_LARGEST, _SMALLEST = 2.0, 10.0

# Parts of a split ratio: 1.196 new shares for one are 299 for 250.
_MOST_PARTS = 10_000


class DayOfMarket(NamedTuple):
    """What one trading day brings to N securities."""

    row: int
    day: int  # days since 1970-01-01
    price: IntArray  # (N,) close, money per share as traded; 0 = none
    adjusted: Floats  # (N,) total return, comparable between days; NaN = none
    caps: Floats  # (N,) market value, dollars; NaN = unknown
    member: NDArray[np.bool_]  # (N,)
    splits: tuple[tuple[int, int, int], ...]  # security, new shares, for so many old ones; at the opening
    paid: NDArray[np.int32]  # (D,) securities that go ex
    dividend: Floats  # (D,) dollars per share as traded


class MarketTape:
    """The whole market, a day at a time; `days` (T,) are its trading days."""

    def __init__(self, panel: MarketPanel) -> None:
        self.universe = panel.universe
        self.days = panel.days
        self.qualified = qualified_shares(panel)
        self._panel = panel
        self._paid = np.argsort(panel.dividends.row, kind="stable")
        self._paid_rows = panel.dividends.row[self._paid]
        self._splits = np.argsort(panel.splits.row, kind="stable")
        self._split_rows = panel.splits.row[self._splits]
        self._factor = (-1, np.ones(0))  # first row after the last split looked at, and the factor since

    def at(self, row: int) -> DayOfMarket:
        """Read the day at a row."""
        panel = self._panel
        factor = self._factor_on(row)
        close = panel.close[row]
        price = np.where(np.isfinite(close), np.rint(np.nan_to_num(close) * factor * DOLLAR), 0.0)
        paid = self._paid[slice(*np.searchsorted(self._paid_rows, [row, row + 1]))]
        paid = paid[np.argsort(panel.dividends.security[paid], kind="stable")]
        split = self._splits[slice(*np.searchsorted(self._split_rows, [row, row + 1]))]
        ratios = [(int(panel.splits.security[at]), Fraction(float(panel.splits.ratio[at]))) for at in sorted(split)]
        parts = [(security, ratio.limit_denominator(_MOST_PARTS)) for security, ratio in ratios]
        security = panel.dividends.security[paid]
        return DayOfMarket(
            row,
            int(panel.days[row]),
            np.maximum(price, np.isfinite(close)).astype(np.int64),
            panel.adjusted[row],
            panel.caps[row],
            panel.member[row],
            tuple((security, ratio.numerator, ratio.denominator) for security, ratio in parts),
            security,
            panel.dividends.per_share[paid] * factor[security],
        )

    def _factor_on(self, row: int) -> Floats:
        """Shares of the last day that one share of a day has become; the same from one split to the next."""
        seen = int(np.searchsorted(self._split_rows, row, side="right"))
        if self._factor[0] != seen:
            self._factor = (seen, shares_since(self._panel, row))
        return self._factor[1]


def labels_of(universe: Universe) -> MarketLabels:
    """What people call the securities."""
    return MarketLabels(universe.symbols, universe.names, universe.asset_classes, universe.sectors, universe.industries)


class MarketSoFar:
    """What is known of a market at the close of its last day so far.

    `row` is that day's (-1: none yet), `days` (row + 1,) all so far. Of N securities: `price` (money per share, the
    last one known; 0 = none yet, or gone), `quoted` (whether it has a close today), `waited` (trading days since its
    last close), `caps` and `member` of today, `spread` (billionths), `dividend_yield` (of the last year).
    """

    def __init__(self, universe: Universe, rows: int) -> None:
        """Make room for so many days, of which nothing is known yet."""
        count = len(universe.symbols)
        self.universe = universe
        self.row = -1
        self._days = np.zeros(rows, np.int32)
        self._adjusted = np.full((rows, count), np.nan)
        self._caps = np.full((rows, count), np.nan)
        self._member = np.zeros((rows, count), np.bool_)
        self._paid = np.zeros((YEAR_ROWS, count))
        self.price = np.zeros(count, np.int64)
        self.quoted = np.zeros(count, np.bool_)
        self.waited = np.full(count, GONE_ROWS, np.int64)
        self.kind = np.array([int(SecurityKind[kind.upper()]) for kind in universe.kinds], np.uint8)
        self.asset_class = asset_classes_of(universe.asset_classes).codes
        self.identical = _identical(universe.identical_groups)
        self._fund_spread = np.where(self.kind == SecurityKind.STOCK, 0.0, universe.spread_bps)

    def add(self, today: DayOfMarket) -> None:
        """Let a day become known; days come in order. Raises ValueError for another day than the next."""
        if today.row != self.row + 1:
            raise ValueError(f"the next day must be row {self.row + 1}, was {today.row}")
        self.row = today.row
        self._days[today.row] = today.day
        self._adjusted[today.row] = today.adjusted
        self._caps[today.row] = today.caps
        self._member[today.row] = today.member
        self.quoted = today.price > 0
        self.waited = np.where(self.quoted, 0, np.minimum(self.waited + 1, GONE_ROWS + 1))
        price = self.price.copy()
        for security, new, old in today.splits:
            price[security] = price[security] * old // new
        self.price = np.where(self.quoted, today.price, np.where(self.waited > GONE_ROWS, 0, price))
        self._paid[today.row % YEAR_ROWS] = 0.0
        worth = np.maximum(self.price[today.paid], 1) / DOLLAR
        np.add.at(self._paid[today.row % YEAR_ROWS], today.paid, today.dividend / worth)

    @property
    def day(self) -> int:
        """Today."""
        return int(self._days[self.row])

    @property
    def days(self) -> NDArray[np.int32]:
        """(row + 1,) trading days so far."""
        return self._days[: self.row + 1]

    @property
    def adjusted(self) -> Floats:
        """(row + 1, N) total-return prices so far."""
        return self._adjusted[: self.row + 1]

    def caps_on(self, row: int) -> Floats:
        """(N,) market values on a day so far."""
        self._require(row)
        caps: Floats = self._caps[row]
        return caps

    def members_on(self, row: int) -> NDArray[np.bool_]:
        """(N,) whether each was in the index of large companies on a day so far."""
        self._require(row)
        members: NDArray[np.bool_] = self._member[row]
        return members

    def _require(self, row: int) -> None:
        if not 0 <= row <= self.row:
            raise ValueError(f"the day must be one of rows 0 to {self.row}, was {row}")

    @property
    def dividend_yield(self) -> Floats:
        """(N,) dividends of the last year, each as a fraction of the price on its day."""
        total: Floats = self._paid.sum(axis=0)
        return total

    @property
    def spread(self) -> IntArray:
        """(N,) full bid-ask spread, billionths of the price: of stocks by today's rank in size, of funds their own.

        Where no size is known at all, everything has its own.
        """
        caps = np.nan_to_num(self._caps[self.row])
        known = caps > 0
        if not known.any():
            return np.rint(self.universe.spread_bps * 1e5).astype(np.int64)
        rank = np.argsort(np.argsort(-caps, kind="stable"), kind="stable") / max(int(known.sum()), 1)
        stocks = np.where(known, _LARGEST + (_SMALLEST - _LARGEST) * np.minimum(rank, 1.0), _SMALLEST)
        bps = np.where(self.kind == SecurityKind.STOCK, stocks, self._fund_spread)
        return np.rint(bps * 1e5).astype(np.int64)

    def first_row_of(self, months: int) -> int:
        """First row of the period of so many calendar months that today lies in (1: month, 3: quarter, 12: year)."""
        month = self.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // months
        return int(np.searchsorted(month, month[-1]))

    def first_rows_of(self, months: int) -> NDArray[np.int32]:
        """First rows of all such periods so far, ascending."""
        month = self.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // months
        return np.flatnonzero(np.diff(month, prepend=-1) > 0).astype(np.int32)


def _identical(groups: tuple[str, ...]) -> NDArray[np.int32]:
    """Number of each security's substantially identical group: its own position, or that of the first of its group."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(name, place) if name else place for place, name in enumerate(groups)], np.int32)
