"""A household as one convex program: with every two-sided name fixed to a side, or as a mixture of both.

    minimise   x'Px / 2 + q'x + constant    subject to  A x = r,  least <= x <= most

Columns: per side of a name its active weight x = t - b (of a mixture: of its part), exposures y = loadings'(t - b),
purchases per position, sales per lot, and slacks. What holding costs is charged on purchases and sales, so positions
need no column. Specific risk is diagonal in x, factor risk in y. Columns that cannot move are left out.

**Mixtures** (`mixed_program`). The convex hull of a union of two convex functions is the perspective form: a name is
a share p of a name that buys nowhere and a share 1 - p of one that sells no barring lot, each with its own purchases,
sales and fines, none of them larger than the share allows, and with specific risk

    d x_sell^2 / p  +  d x_buy^2 / (1 - p),     rotated cones  x^2 <= e x share  at the cost d x e.

`shared` are rows S x <= 0 and `cones` rows of which every three, C x, lie in the second-order cone. Without mixtures
there are none, and the program is a quadratic one, which `by_piqp` and `by_clarabel` solve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from lotwise.bench.reference.account import CASH_SHORT, CASH_SURPLUS, Bools, Floats, Ints, Sparse
from lotwise.bench.reference.household import HouseholdMultipliers, ReferenceHousehold
from lotwise.bench.reference.household_sides import Sides, sides_of
from lotwise.bench.reference.program_parts import Columns, Rows

__all__ = ["HouseholdProgram", "fixed_program", "mixed_program"]

# Weights in the cones are counted in hundredths, so that their squares are not far below one.
_MAGNIFIED = 100.0


@dataclass(frozen=True)
class HouseholdProgram:
    """The arrays of a program, and how to read trades and multipliers out of its solution."""

    P: Sparse  # diagonal
    q: Floats
    constant: float
    A: Sparse
    r: Floats
    least: Floats
    most: Floats
    shared: Sparse
    cones: Sparse
    buy_column: tuple[Ints, Ints]  # positions bought, and their columns
    sell_column: tuple[Ints, Ints]  # lots sold, and their columns
    priced: tuple[Ints, Ints, Ints, Ints]  # rows of exposures, groups, cash, accounts' groups
    share: Ints  # columns of shares: of each mixed name that of its side that buys nowhere, then the other
    side_name: Ints  # name of each of the first columns, the active weights

    def value(self, x: Floats) -> float:
        """Objective with the charges of missed bounds, at a solution."""
        return float(0.5 * x @ (self.P @ x) + self.q @ x) + self.constant

    def trades(self, x: Floats, household: ReferenceHousehold) -> tuple[Floats, Floats]:
        """Purchases (C,) and sales (L,) at a solution, cut to their ranges; of mixtures both parts together."""
        x = x.clip(self.least, self.most)
        buy = np.bincount(self.buy_column[0], x[self.buy_column[1]], household.positions)
        sell = np.bincount(self.sell_column[0], x[self.sell_column[1]], household.lots)
        return np.asarray(buy, dtype=np.float64), np.asarray(sell, dtype=np.float64)

    def multipliers(self, prices: Floats) -> HouseholdMultipliers:
        """Take the multipliers of the equality rows apart."""
        return HouseholdMultipliers(*(prices[rows] for rows in self.priced))


def fixed_program(household: ReferenceHousehold, buys: Bools, *, soft_cash: bool = True) -> HouseholdProgram:
    """Fix every two-sided name to its buy side where `buys` (n,), else to its sell side; others stay free.

    Without `soft_cash` the cash bands must be kept: fewer columns, for those whose time is measured.
    """
    side = np.where(household.two_sided, np.where(buys, 1, -1), 0)
    return _Assembly(household, sides_of(household, side)).program(soft_cash=soft_cash)


def mixed_program(household: ReferenceHousehold, sides: Ints | None = None) -> HouseholdProgram:
    """Write the convex hull of both sides of every two-sided name: its minimum bounds the true one from below.

    `sides` (n,) fix names to their sell side (-1) or buy side (1), as in `household_bound`.
    """
    side = np.zeros(household.names, np.int64) if sides is None else sides
    return _Assembly(household, sides_of(household, side)).program(soft_cash=True)


class _Assembly:
    """Columns and rows of one program as they are gathered."""

    def __init__(self, household: ReferenceHousehold, sides: Sides) -> None:
        self.household, self.sides = household, sides
        self.columns, self.equal, self.shared, self.cones = Columns(), Rows(), Rows(), Rows()
        s = sides.name.size
        curved = 2 * household.risk_price * household.specific[sides.name]
        self.active = self.columns.add(s, 0.0, (-np.inf, np.inf), np.where(sides.share < 0, curved, 0.0))
        self.exposure = self.columns.add(household.loadings.shape[1], 0.0, (-np.inf, np.inf), household.risk_price)
        self.buy, self.bought = self._purchases()
        self.sell, self.sold = self._sales()
        self.share = self.columns.add(int((sides.share >= 0).sum()), 0.0, (0.0, 1.0))

    def _purchases(self) -> tuple[Ints, tuple[Ints, Ints]]:
        side, position = self.sides.position
        household = self.household
        room = (household.top - household.held)[position]
        moving = (self.sides.kind[side] >= 0) & (room > 0)
        side, position, room = side[moving], position[moving], room[moving]
        cost = household.buy_cost[position] + household.hold_cost[position]
        return self.columns.add(side.size, cost, (0.0, room)), (side, position)

    def _sales(self) -> tuple[Ints, tuple[Ints, Ints]]:
        side, lot = self.sides.lot
        household = self.household
        kept = (self.sides.kind[side] > 0) & household.barring[lot]
        moving = ~kept & (household.lot_quantity[lot] > 0)
        side, lot = side[moving], lot[moving]
        cost = household.lot_price[lot] - household.hold_cost[household.lot_position[lot]]
        return self.columns.add(side.size, cost, (0.0, household.lot_quantity[lot])), (side, lot)

    def _times_share(self, rows: Ints, side: Ints, value: Floats) -> Floats:
        """Write value x share of the side into rows; returns what belongs on the right where the side is whole."""
        mixed = self.sides.share[side] >= 0
        self.equal.put(rows[mixed], self.share[self.sides.share[side[mixed]]], value[mixed])
        return np.where(mixed, 0.0, -value)

    def program(self, *, soft_cash: bool) -> HouseholdProgram:
        """Gather the rows and close the program."""
        household = self.household
        self._balances()
        exposures = self._exposures()
        groups = self._groups()
        cash = self._cash(soft_cash=soft_cash)
        own_groups = self._own_groups()
        self._name_bounds()
        self._position_bounds()
        if self.share.size:
            self._mixtures()
        cost, curved, least, most = self.columns.gathered()
        total = self.columns.size
        return HouseholdProgram(
            P=sp.csc_matrix(sp.diags(curved)),
            q=cost,
            constant=float(household.hold_cost @ household.held),
            A=self.equal.matrix(total),
            r=self.equal.right(),
            least=least,
            most=most,
            shared=self.shared.matrix(total),
            cones=self.cones.matrix(total),
            buy_column=(self.bought[1], self.buy),
            sell_column=(self.sold[1], self.sell),
            priced=(exposures, groups, cash, own_groups),
            share=self.share,
            side_name=self.sides.name,
        )

    def _balances(self) -> None:
        """On every side x = share x (held - target) + purchases - sales."""
        household, name = self.household, self.sides.name
        start = (household.by_name(household.held) - household.target)[name]
        whole = self.sides.share < 0
        rows = self.equal.add(np.where(whole, start, 0.0))
        self.equal.put(rows, self.active, 1.0)
        self.equal.put(rows[self.bought[0]], self.buy, -1.0)
        self.equal.put(rows[self.sold[0]], self.sell, 1.0)
        self._times_share(rows, np.arange(name.size), -start)

    def _exposures(self) -> Ints:
        loadings = self.household.loadings[self.sides.name]
        s, k = loadings.shape
        rows = self.equal.add(np.zeros(k))
        self.equal.put(np.tile(rows, s), np.repeat(self.active, k), loadings.ravel())
        self.equal.put(rows, self.exposure, -1.0)
        return rows

    def _cash(self, *, soft_cash: bool) -> Ints:
        household, account = self.household, self.household.account
        a, penalty = household.accounts, household.violation_price
        rows = self.equal.add(household.cash_held - household.cash_low)
        self.equal.put(rows[account[self.bought[1]]], self.buy, 1.0)
        self.equal.put(rows[account[household.lot_position[self.sold[1]]]], self.sell, -1.0)
        banded = np.flatnonzero(household.cash_high > household.cash_low)
        band = self.columns.add(banded.size, 0.0, (0.0, (household.cash_high - household.cash_low)[banded]))
        self.equal.put(rows[banded], band, 1.0)
        if soft_cash:
            most = np.maximum(0.0, household.cash_low + household.most_owed)
            self.equal.put(rows, self.columns.add(a, CASH_SHORT * penalty, (0.0, most)), -1.0)
            self.equal.put(rows, self.columns.add(a, CASH_SURPLUS * penalty, (0.0, np.inf)), 1.0)
        return rows

    def _band(self, rows: Ints, low: Floats, high: Floats) -> None:
        """Let rows take any value of a band, or miss it at the price of a violation."""
        self.equal.put(rows, self.columns.add(rows.size, 0.0, (low, high)), -1.0)
        for sign in (1.0, -1.0):
            self.equal.put(rows, self.columns.add(rows.size, self.household.violation_price, (0.0, np.inf)), sign)

    def _groups(self) -> Ints:
        household, name = self.household, self.sides.name
        rows = self.equal.add(-np.asarray(household.group_matrix @ household.target))
        entries = sp.coo_matrix(sp.csc_matrix(household.group_matrix)[:, name])
        self.equal.put(rows[entries.row], self.active[entries.col], entries.data)
        self._band(rows, household.group_low, household.group_high)
        return rows

    def _own_groups(self) -> Ints:
        household = self.household
        rows = self.equal.add(-np.asarray(household.own_matrix @ household.held))
        for position, moved, sign in (
            (self.bought[1], self.buy, 1.0),
            (household.lot_position[self.sold[1]], self.sell, -1.0),
        ):
            entries = sp.coo_matrix(sp.csc_matrix(household.own_matrix)[:, position])
            self.equal.put(rows[entries.row], moved[entries.col], sign * entries.data)
        self._band(rows, household.own_group_low, household.own_group_high)
        return rows

    def _bound(self, rows: Ints, sign: float) -> None:
        """Give rows (value - bound) a slack on the side that is allowed (sign 1 = above), a charge on the other."""
        self.equal.put(rows, self.columns.add(rows.size, 0.0, (0.0, np.inf)), -sign)
        self.equal.put(rows, self.columns.add(rows.size, self.household.violation_price, (0.0, np.inf)), sign)

    def _name_bounds(self) -> None:
        """Charge what a name misses of its bounds, those that are within reach; of a mixture, share by share."""
        household = self.household
        bottom = household.by_name(household.bottom)
        top = household.by_name(household.top)
        for bound, bites, sign in (
            (household.low, household.low > bottom, 1.0),
            (household.high, household.high < top, -1.0),
        ):
            side = np.flatnonzero(bites[self.sides.name])
            name = self.sides.name[side]
            beyond = household.target[name] - bound[name]
            rows = self.equal.size + np.arange(side.size)
            self.equal.put(rows, self.active[side], 1.0)
            self.equal.add(self._times_share(rows, side, beyond))
            self._bound(rows, sign)

    def _position_bounds(self) -> None:
        """Charge what a position misses of its bounds, likewise."""
        household = self.household
        side_of, position_of = self.sides.position
        for bound, bites, sign in (
            (household.position_low, household.position_low > household.bottom, 1.0),
            (household.position_high, household.position_high < household.top, -1.0),
        ):
            chosen = np.flatnonzero(bites[position_of])
            side, position = side_of[chosen], position_of[chosen]
            row_of = np.full(side_of.size, -1)
            row_of[chosen] = rows = self.equal.size + np.arange(side.size)
            self.equal.add(self._times_share(rows, side, (household.held - bound)[position]))
            sold = (self.sold[0], household.lot_position[self.sold[1]])
            for moves, moved, way in ((self.bought, self.buy, 1.0), (sold, self.sell, -1.0)):
                row = row_of[self._place(*moves)]
                self.equal.put(row[row >= 0], moved[row >= 0], way)
            self._bound(rows, sign)

    def _place(self, side: Ints, position: Ints) -> Ints:
        """Place of positions of sides among all such, which are in order."""
        count = self.household.positions
        every = self.sides.position[0] * count + self.sides.position[1]
        return np.searchsorted(every, side * count + position)

    def _mixtures(self) -> None:
        """Add shares up to 1, keep what moves within its share, and write x^2 <= e x share."""
        household, share = self.household, self.sides.share
        rows = self.equal.add(np.ones(self.share.size // 2))
        self.equal.put(np.repeat(rows, 2), self.share, 1.0)
        room = household.top - household.held
        for side, moved, most in (
            (self.bought[0], self.buy, room[self.bought[1]]),
            (self.sold[0], self.sell, household.lot_quantity[self.sold[1]]),
        ):
            mixed = share[side] >= 0
            within = self.shared.add(np.zeros(int(mixed.sum())))
            self.shared.put(within, moved[mixed], 1.0)
            self.shared.put(within, self.share[share[side[mixed]]], -most[mixed])
        specific = household.specific[self.sides.name]
        curved = np.flatnonzero((share >= 0) & (specific > 0))
        cost = household.risk_price * specific[curved] / _MAGNIFIED**2
        epigraph = self.columns.add(curved.size, cost, (-np.inf, np.inf))
        of_share = self.share[share[curved]]
        first = self.cones.add(np.zeros(3 * curved.size))[::3]
        self.cones.put(first, epigraph, 1.0)
        self.cones.put(first, of_share, 1.0)
        self.cones.put(first + 1, self.active[curved], 2 * _MAGNIFIED)
        self.cones.put(first + 2, epigraph, 1.0)
        self.cones.put(first + 2, of_share, -1.0)
