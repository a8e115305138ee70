"""One household's problem as plain arrays: what the kernel is given, before it does anything with it.

The fields carry the names and meanings of `lotwise.optimizer.household.problem.HouseholdProblem`, but nothing here
imports it: references and kernel meet only at these numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from lotwise.bench.reference.account import Bools, Floats, Ints, Sparse

__all__ = ["HouseholdMultipliers", "ReferenceHousehold"]


class HouseholdMultipliers(NamedTuple):
    """Prices in dollars per unit, each added to the objective times what its row reaches."""

    factor: Floats  # (k,) of loadings' (t - target)
    group: Floats  # (g,) of the groups of names
    cash: Floats  # (A,) of what an account holds, cash included
    own_group: Floats  # (h,) of the groups of positions


@dataclass(frozen=True)
class ReferenceHousehold:
    """Minimise risk_price x variance(t - target) + buy_cost . buy + lot_price . sell + hold_cost . z.

    Weights and quantities are fractions of the household's value. A position is a name in an account, z its weight
    after trading, t the sum of a name's positions. n names, C positions (name by name), L lots (position by position,
    cheapest first), A accounts, g groups of names, h groups of positions. A *barring* lot is one after whose sale
    nobody may buy its name: a loss, or what pays more than buying it back costs. A name that has a barring lot and may
    be bought somewhere is *two-sided*: it is bought nowhere, or no barring lot of it is sold anywhere.
    """

    target: Floats  # (n,)
    loadings: Floats  # (n, k): variance of x is |loadings' x|^2 / 2 + specific . x^2
    specific: Floats  # (n,)
    low: Floats  # (n,) soft, on t
    high: Floats  # (n,)
    position_start: Ints  # (n + 1,)
    account: Ints  # (C,)
    held: Floats  # (C,)
    buy_cost: Floats  # (C,) dollars per dollar bought
    may_buy: Bools  # (C,)
    hold_cost: Floats  # (C,) dollars per dollar held after trading
    position_low: Floats  # (C,) soft, on z
    position_high: Floats  # (C,)
    lot_start: Ints  # (C + 1,)
    lot_quantity: Floats  # (L,)
    lot_price: Floats  # (L,) tax and trading cost per dollar sold
    lot_loss: Bools  # (L,)
    group_start: Ints  # (g + 1,)
    group_name: Ints
    group_coefficient: Floats
    group_low: Floats  # (g,) soft
    group_high: Floats  # (g,)
    own_group_start: Ints  # (h + 1,)
    own_group_position: Ints
    own_group_coefficient: Floats
    own_group_low: Floats  # (h,) soft
    own_group_high: Floats  # (h,)
    value: Floats  # (A,)
    cash_low: Floats  # (A,) soft
    cash_high: Floats  # (A,)
    risk_price: float

    @property
    def names(self) -> int:
        """Number n."""
        return int(self.target.size)

    @property
    def positions(self) -> int:
        """Number C."""
        return int(self.held.size)

    @property
    def lots(self) -> int:
        """Number L."""
        return int(self.lot_quantity.size)

    @property
    def accounts(self) -> int:
        """Number A."""
        return int(self.value.size)

    @cached_property
    def name(self) -> Ints:
        """Name of every position, (C,)."""
        return np.repeat(np.arange(self.names), np.diff(self.position_start))

    @cached_property
    def lot_position(self) -> Ints:
        """Position of every lot, (L,)."""
        return np.repeat(np.arange(self.positions), np.diff(self.lot_start))

    def by_position(self, of_lots: Floats) -> Floats:
        """Sum an amount per lot (L,) over the lots of each position, (C,)."""
        return np.asarray(np.bincount(self.lot_position, of_lots, self.positions), dtype=np.float64)

    def by_name(self, of_positions: Floats) -> Floats:
        """Sum an amount per position (C,) over the positions of each name, (n,)."""
        return np.asarray(np.bincount(self.name, of_positions, self.names), dtype=np.float64)

    def by_account(self, of_positions: Floats) -> Floats:
        """Sum an amount per position (C,) over the positions in each account, (A,)."""
        return np.asarray(np.bincount(self.account, of_positions, self.accounts), dtype=np.float64)

    @cached_property
    def barring(self) -> Bools:
        """Lots after whose sale nobody may buy their name, (L,); an empty lot bars nothing."""
        pays = self.lot_price < -self.buy_cost[self.lot_position]
        return (self.lot_quantity > 0) & (self.lot_loss | pays)

    @cached_property
    def two_sided(self) -> Bools:
        """Names that some account may buy and some account may sell at a loss, (n,)."""
        bars = self.by_name(self.by_position(self.barring.astype(np.float64))) > 0
        return bars & (self.by_name(self.may_buy.astype(np.float64)) > 0)

    @cached_property
    def bottom(self) -> Floats:
        """Least weight that sales can reach, (C,): never below 0, whatever the sum of the lots was rounded to."""
        return np.maximum(self.held - self.by_position(self.lot_quantity), 0.0)

    @cached_property
    def top(self) -> Floats:
        """Greatest weight that purchases can reach, (C,): the whole account, or what is held."""
        return np.where(self.may_buy, np.maximum(self.held, self.value[self.account]), self.held)

    @cached_property
    def cash_held(self) -> Floats:
        """Cash before any trade, (A,)."""
        return self.value - self.by_account(self.held)

    @cached_property
    def most_owed(self) -> Floats:
        """Cash of an account goes no lower than minus this, (A,): what is owed already, or what its band lets be."""
        return np.maximum(0.0, np.maximum(-self.cash_held, -self.cash_high))

    @cached_property
    def most_invested(self) -> float:
        """All positions together can be no more than this."""
        return float((self.value + self.most_owed).sum())

    @cached_property
    def group_matrix(self) -> Sparse:
        """Rows of groups over names, (g, n); entries of one name in one row add up."""
        row = np.repeat(np.arange(self.group_low.size), np.diff(self.group_start))
        shape = (self.group_low.size, self.names)
        return sp.csc_matrix((self.group_coefficient, (row, self.group_name)), shape=shape)

    @cached_property
    def own_matrix(self) -> Sparse:
        """Rows of accounts' groups over positions, (h, C)."""
        row = np.repeat(np.arange(self.own_group_low.size), np.diff(self.own_group_start))
        shape = (self.own_group_low.size, self.positions)
        return sp.csc_matrix((self.own_group_coefficient, (row, self.own_group_position)), shape=shape)

    @cached_property
    def violation_price(self) -> float:
        """Price P per unit of violation of a soft bound: sixteen times the steepest slope of any column.

        As in `account.ReferenceAccount.violation_price`; what a position costs to hold adds to the slope of its trades.
        """
        longest = float(np.max(np.sum(self.loadings**2, axis=1), initial=0.0))
        risk = 2 * self.risk_price * (longest + float(np.max(self.specific, initial=0.0)))
        holding = np.abs(self.hold_cost)
        dearest = max(
            float(np.max(np.abs(self.lot_price) + holding[self.lot_position], initial=0.0)),
            float(np.max(self.buy_cost + holding, initial=0.0)),
        )
        return 16.0 * (dearest + risk + 1e-6 * self.risk_price)
