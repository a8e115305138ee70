"""One account's problem as plain arrays: what the kernel is given, before it does anything with it.

The fields carry the names and meanings of `lotwise.optimizer.single_account.AccountProblem`, but nothing here
imports it: references and kernel meet only at these numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Sparse: TypeAlias = "sp.csc_matrix[np.float64]"

# Prices of missing the cash band, in units of `violation_price`: owing cash is worse than missing a bound on weights,
# and a bound is not broken to get rid of cash.
CASH_SHORT, CASH_SURPLUS = 2.0, 0.5

__all__ = ["CASH_SHORT", "CASH_SURPLUS", "Bools", "Floats", "Ints", "ReferenceAccount", "Sparse"]


@dataclass(frozen=True)
class ReferenceAccount:
    """Minimise risk_price x variance(w - target) + buy_cost . buy + lot_price . sell.

    Weights and quantities are fractions of account value. n names, k factors, L lots (of a name: cheapest
    first), m group rows. A name whose cheapest lot satisfies lot_price + buy_cost < 0 and which may be bought
    is *two-sided*: it is bought or sold below what is held, not both.
    """

    target: Floats  # (n,)
    held: Floats  # (n,)
    loadings: Floats  # (n, k): variance of x is |loadings' x|^2 / 2 + specific . x^2
    specific: Floats  # (n,)
    buy_cost: Floats  # (n,) dollars per dollar bought
    lot_start: Ints  # (n + 1,)
    lot_quantity: Floats  # (L,)
    lot_price: Floats  # (L,) tax and trading cost per dollar sold
    may_buy: Bools  # (n,)
    low: Floats  # (n,) soft
    high: Floats  # (n,) soft
    group_start: Ints  # (m + 1,)
    group_name: Ints
    group_coefficient: Floats
    group_low: Floats  # (m,) soft
    group_high: Floats  # (m,) soft
    cash_low: float  # soft
    cash_high: float  # soft
    risk_price: float

    @property
    def names(self) -> int:
        """Number n."""
        return int(self.target.size)

    @property
    def lots(self) -> int:
        """Number L."""
        return int(self.lot_quantity.size)

    @cached_property
    def lot_name(self) -> Ints:
        """Name of every lot, (L,)."""
        return np.repeat(np.arange(self.names), np.diff(self.lot_start))

    @cached_property
    def sold_before(self) -> Floats:
        """Quantity of the cheaper lots of the same name, (L,)."""
        total = np.concatenate([[0.0], np.cumsum(self.lot_quantity)])
        before: Floats = total[:-1] - total[self.lot_start[self.lot_name]]
        return before.clip(min=0.0)

    def by_name(self, of_lots: Floats) -> Floats:
        """Sum an amount per lot (L,) over the lots of each name, (n,)."""
        return np.asarray(np.bincount(self.lot_name, of_lots, self.names), dtype=np.float64)

    @cached_property
    def bottom(self) -> Floats:
        """Least weight that sales can reach, (n,)."""
        return self.held - self.by_name(self.lot_quantity)

    @cached_property
    def top(self) -> Floats:
        """Greatest weight that purchases can reach, (n,): the whole account, or what is held."""
        return np.where(self.may_buy, np.maximum(self.held, 1.0), self.held)

    @cached_property
    def most_owed(self) -> float:
        """Cash goes no lower than minus this: what is owed already, or what the band lets be owed."""
        return max(0.0, float(self.held.sum()) - 1.0, -self.cash_high)

    @cached_property
    def cheapest(self) -> Floats:
        """Price of the cheapest lot that has a quantity, (n,); +inf for a name without one."""
        price = np.full(self.names, np.inf)
        real = self.lot_quantity > 0
        np.minimum.at(price, self.lot_name[real], self.lot_price[real])
        return price

    @cached_property
    def two_sided(self) -> Bools:
        """Names that are either bought or sold, (n,)."""
        return self.may_buy & (self.cheapest + self.buy_cost < 0)

    @cached_property
    def lot_matrix(self) -> Sparse:
        """Sum over the lots of each name, (n, L)."""
        ones = np.ones(self.lots)
        return sp.csc_matrix((ones, (self.lot_name, np.arange(self.lots))), shape=(self.names, self.lots))

    @cached_property
    def soft_rows(self) -> tuple[Sparse, Floats, Floats]:
        """Every soft bound as rows low <= R w <= high: the groups, then the single names that have one."""
        groups = self.group_low.size
        bounded = np.flatnonzero((self.low > 0) | (self.high < np.maximum(self.held, 1.0)))
        row = np.concatenate(
            [np.repeat(np.arange(groups), np.diff(self.group_start)), groups + np.arange(bounded.size)]
        )
        column = np.concatenate([self.group_name, bounded])
        value = np.concatenate([self.group_coefficient, np.ones(bounded.size)])
        matrix = sp.csc_matrix((value, (row, column)), shape=(groups + bounded.size, self.names))
        low = np.concatenate([self.group_low, self.low[bounded]])
        high = np.concatenate([self.group_high, self.high[bounded]])
        return matrix, low, high

    @cached_property
    def violation_price(self) -> float:
        """Price P per unit of violation of a soft bound: sixteen times the steepest slope of any column.

        It is part of the problem, so that objectives with violations can be compared: the dearest lot or purchase,
        plus what a whole weight off target adds by specific risk, plus the pull of the factors, |L_i| |L'x| with
        |x|_1 <= 2; the factor 16 is room, since a row's multiplier may exceed a single name's slope.
        """
        longest = float(np.max(np.sum(self.loadings**2, axis=1), initial=0.0))
        risk = 2 * self.risk_price * (longest + float(np.max(self.specific, initial=0.0)))
        dearest = max(float(np.max(np.abs(self.lot_price), initial=0.0)), float(np.max(self.buy_cost, initial=0.0)))
        return 16.0 * (dearest + risk + 1e-6 * self.risk_price)
