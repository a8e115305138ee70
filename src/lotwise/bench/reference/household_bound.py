"""A lower bound for a household at any multipliers, from the raw lots, where bounds may be missed at the price P.

Once every row of factors, groups and accounts has its price, what is left falls apart into names. A name's positions
stay together, since its specific risk and its sides are common: at a weight t of the name they share it out by
taking the segments of all positions (lots, purchases, cut where a position's bounds bite) in the order of their
slopes. That sorted line is exact, so the least over t is at the end of a segment, at a bound of the name, or where
the slope vanishes; all names at once, one row each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.bench.reference.account import CASH_SHORT, CASH_SURPLUS, Floats, Ints, Sparse
from lotwise.bench.reference.household import HouseholdMultipliers, ReferenceHousehold
from lotwise.bench.reference.soft_bound import SoftBound

__all__ = ["household_bound"]


def household_bound(
    household: ReferenceHousehold, multipliers: HouseholdMultipliers, sides: Ints | None = None
) -> SoftBound:
    """Bound the objective plus the charges of missed bounds, in dollars per dollar of value.

    `sides` (n,) restrict names: -1 buys nowhere, 1 sells no barring lot anywhere, 0 takes the better of both.
    """
    factor, group, cash, own_group = multipliers
    of_name = household.loadings @ factor + household.group_matrix.T @ group
    of_position = cash[household.account] + household.own_matrix.T @ own_group
    side = np.zeros(household.names, np.int64) if sides is None else sides
    free = household.two_sided & (side == 0)
    price = of_name[household.name] + of_position
    least, weight = _names_least(household, price, np.where(free, -1, side))
    other, other_weight = _names_least(household, price, np.where(free, 1, side))
    parts = np.concatenate(
        [
            [
                -float(factor @ factor) / (2 * household.risk_price),
                -float(factor @ household.loadings.T @ household.target),
            ],
            -cash * household.value,
            _cash_least(household, cash),
            _rows_least(household, household.group_matrix, group, (household.group_low, household.group_high)),
            _rows_least(
                household, household.own_matrix, own_group, (household.own_group_low, household.own_group_high)
            ),
            np.minimum(least, other),
        ]
    )
    summed = np.abs(household.loadings) @ np.abs(factor) + abs(household.group_matrix).T @ np.abs(group)
    owned = np.abs(cash)[household.account] + abs(household.own_matrix).T @ np.abs(own_group)
    dearest = np.zeros(household.names)
    np.maximum.at(dearest, household.name, owned)
    size = float(np.abs(parts).sum() + (summed + dearest) @ np.maximum(weight, other_weight))
    return SoftBound(float(parts.sum()), size)


def _cash_least(household: ReferenceHousehold, price: Floats) -> Floats:
    """Least of price x cash plus the charge of missing its band, (A,), from owing the most to all in cash."""
    ends = -household.most_owed, np.maximum(household.value, household.cash_held)
    cash = np.stack([*ends, household.cash_low, household.cash_high]).clip(*ends)
    short = np.maximum(household.cash_low - cash, 0.0) * CASH_SHORT
    surplus = np.maximum(cash - household.cash_high, 0.0) * CASH_SURPLUS
    return np.asarray((household.violation_price * (short + surplus) + price * cash).min(axis=0))


def _rows_least(household: ReferenceHousehold, rows: Sparse, price: Floats, bounds: tuple[Floats, Floats]) -> Floats:
    """Least of the charge of missing a row's bounds less price x value of the row.

    A row ranges as far as its coefficients let it: all that can be invested, in one member.
    """
    if price.size == 0:
        return np.zeros(0)
    low, high = bounds
    reach = np.asarray(abs(rows).max(axis=1).todense()).ravel() * household.most_invested
    value = np.stack([-reach, reach, low, high]).clip(-reach, reach)
    missed = np.maximum(low - value, 0.0) + np.maximum(value - high, 0.0)
    return np.asarray((household.violation_price * missed - price * value).min(axis=0))


class _Line(NamedTuple):
    """Every name's positions as one sorted line of segments, a row per name; short rows end in empty segments."""

    start: Floats  # (n,) weight where it begins: all sold that may be
    cost: Floats  # (n,) there
    length: Floats  # (n, most segments)
    slope: Floats


def _line(household: ReferenceHousehold, price: Floats, side: Ints) -> _Line:
    """Cost and price of a name's positions as a function of its weight; `price` (C,) is per dollar of a position."""
    lot_side = side[household.name][household.lot_position]
    quantity = np.where(household.barring & (lot_side > 0), 0.0, household.lot_quantity)
    sold = household.by_position(quantity)
    bottom = household.held - sold
    right = household.held[household.lot_position] - _before(household, quantity)
    top = np.where(side[household.name] < 0, household.held, household.top)
    position = np.concatenate([household.lot_position, np.arange(household.positions)])
    left = np.concatenate([right - quantity, household.held])
    right = np.concatenate([right, top])
    each = household.hold_cost + price
    slope = np.concatenate([-household.lot_price, household.buy_cost]) + each[position]
    low, high = household.position_low, household.position_high
    first, last = (bound[position].clip(left, right) for bound in (low, high))
    charge = household.violation_price
    pieces = [(first - left, slope - charge), (last - first, slope), (right - last, slope + charge)]
    length, slope = (np.concatenate([piece[j] for piece in pieces]) for j in range(2))
    missed = np.maximum(low - bottom, 0.0) + np.maximum(bottom - high, 0.0)
    cost = household.by_position(household.lot_price * quantity) + each * bottom + charge * missed
    name = np.tile(household.name[position], len(pieces))
    return _Line(household.by_name(bottom), household.by_name(cost), *_in_rows(name, length, slope, household.names))


def _before(household: ReferenceHousehold, quantity: Floats) -> Floats:
    """Quantity of the cheaper lots of the same position, (L,)."""
    total = np.append(0.0, np.cumsum(quantity))
    before: Floats = total[:-1] - total[household.lot_start[household.lot_position]]
    return before.clip(min=0.0)


def _in_rows(name: Ints, length: Floats, slope: Floats, names: int) -> tuple[Floats, Floats]:
    """Sort segments by slope within each name and lay them out, a row per name."""
    real = np.flatnonzero(length > 0)
    order = real[np.lexsort((slope[real], name[real]))]
    row = name[order]
    count = np.bincount(row, minlength=names)
    column = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    rows = np.zeros((2, names, max(1, int(np.max(count, initial=0)))))
    rows[0, row, column], rows[1, row, column] = length[order], slope[order]
    return rows[0], rows[1]


def _names_least(household: ReferenceHousehold, price: Floats, side: Ints) -> tuple[Floats, Floats]:
    """Least of each name's cost, specific risk, charge of missed bounds and price x weight, (n,), and t there."""
    line = _line(household, price, side)
    right = line.start[:, None] + np.cumsum(line.length, axis=1)
    left = np.column_stack([line.start, right[:, :-1]])
    spent = line.cost[:, None] + np.cumsum(line.slope * line.length, axis=1)  # at `right`
    before = np.column_stack([line.cost, spent[:, :-1]])
    curvature, target, low, high = (
        each[:, None]
        for each in (2 * household.risk_price * household.specific, household.target, household.low, household.high)
    )
    charge = household.violation_price
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        still = [np.where(curvature > 0, target - (line.slope + x) / curvature, left) for x in (-charge, 0.0, charge)]
    weight = np.stack([left, right, *np.broadcast_arrays(low + 0 * left, high + 0 * left), *still]).clip(left, right)
    missed = np.maximum(low - weight, 0.0) + np.maximum(weight - high, 0.0)
    value = before + line.slope * (weight - left) + 0.5 * curvature * (weight - target) ** 2 + charge * missed
    value, weight = (np.moveaxis(each, 1, 0).reshape(household.names, -1) for each in (value, weight))
    best = value.argmin(axis=1)
    at = np.arange(household.names)
    return value[at, best], weight[at, best]
