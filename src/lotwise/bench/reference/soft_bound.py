"""A lower bound at any multipliers, from the raw lots, where bounds may be missed at the price P.

As in `dual_bound`, what is left once every row has its price falls apart into exposures, cash, rows and one function
of one weight per name. Here the cash band, group rows and bounds of names are charged at their price instead of kept,
so that the bound holds for accounts whose bounds conflict or cannot be reached too. All names at once: every lot and
every purchase is a segment, and a segment's least value is at one of its ends, at a bound, or where its slope vanishes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.bench.reference.account import CASH_SHORT, CASH_SURPLUS, Floats, Ints, ReferenceAccount

__all__ = ["SoftBound", "soft_bound"]


class SoftBound(NamedTuple):
    """The bound, and the sum of the magnitudes that it was summed from, by which its roundoff is measured.

    The price of a name counts with all that was summed to make it, however much of that cancelled.
    """

    value: float
    magnitude: float


def soft_bound(
    account: ReferenceAccount, factor_price: Floats, cash_price: float, group_price: Floats, *sides: Ints
) -> SoftBound:
    """Bound J plus the charges of missed bounds, in dollars per dollar of value.

    Prices as in `dual_bound`. `sides` (n,) restrict names: -1 to their sales, 1 to their purchases, 0 not at all; of
    several, each name takes the one that gives the greatest bound.
    """
    entries = np.repeat(group_price, np.diff(account.group_start)) * account.group_coefficient
    at_price = account.loadings @ factor_price + cash_price + np.bincount(account.group_name, entries, account.names)
    summed = np.abs(account.loadings) @ np.abs(factor_price) + abs(cash_price)
    summed += np.bincount(account.group_name, np.abs(entries), account.names)
    every = [_names_least(account, at_price, side) for side in sides or (np.zeros(account.names, np.int64),)]
    names = np.max([least for least, _ in every], axis=0)
    weights = np.max([weight for _, weight in every], axis=0)
    parts = [
        -float(factor_price @ factor_price) / (2 * account.risk_price),
        -float(factor_price @ (account.loadings.T @ account.target)),
        -cash_price,
        _cash_least(account, cash_price),
        *_groups_least(account, group_price).tolist(),
        *names.tolist(),
    ]
    return SoftBound(float(np.sum(parts)), float(np.abs(parts).sum() + summed @ weights))


def _cash_least(account: ReferenceAccount, price: float) -> float:
    """Least of price x cash plus the charge of missing its band, from owing what is owed now to all in cash."""
    ends = -account.most_owed, max(1.0, 1.0 - float(account.held.sum()))
    cash = np.array([*ends, account.cash_low, account.cash_high]).clip(*ends)
    short = np.maximum(account.cash_low - cash, 0.0) * CASH_SHORT
    surplus = np.maximum(cash - account.cash_high, 0.0) * CASH_SURPLUS
    return float((account.violation_price * (short + surplus) + price * cash).min())


def _groups_least(account: ReferenceAccount, price: Floats) -> Floats:
    """Least of the charge of missing a row's bounds less price x value of the row, (m,).

    A row ranges as far as its coefficients let it: the whole account, and what is owed, in one member.
    """
    row = np.repeat(np.arange(price.size), np.diff(account.group_start))
    place, entry = np.unique(row * account.names + account.group_name, return_inverse=True)
    reach = np.zeros(price.size)  # entries of one name in one row add up
    np.maximum.at(reach, place // account.names, np.abs(np.bincount(entry, account.group_coefficient, place.size)))
    reach *= 1.0 + account.most_owed
    value = np.stack([-reach, reach, account.group_low, account.group_high])
    value = value.clip(-reach, reach)
    missed = np.maximum(account.group_low - value, 0.0) + np.maximum(value - account.group_high, 0.0)
    return np.asarray((account.violation_price * missed - price * value).min(axis=0))


def _names_least(account: ReferenceAccount, price: Floats, side: Ints) -> tuple[Floats, Floats]:
    """Least of each name's cost, specific risk, charge of missed bounds and price x weight, (n,), and the weight there.

    The cost of selling down to w is that of the cheapest lots; purchases and sales are never mixed.
    """
    n = account.names
    name = np.concatenate([account.lot_name, np.arange(n)])
    right = np.concatenate([account.held[account.lot_name] - account.sold_before, account.top])
    left = np.concatenate([right[: account.lots] - account.lot_quantity, account.held])
    slope = np.concatenate([-account.lot_price, account.buy_cost])
    spent = np.concatenate([_spent_before(account), account.buy_cost * (account.top - account.held)])  # at `right`
    sells = np.arange(name.size) < account.lots
    point = np.where(side[name] > 0, sells, (side[name] < 0) & ~sells)  # only where it touches what is held
    left, right = np.where(point, account.held[name], left), np.where(point, account.held[name], right)
    spent = np.where(point, 0.0, spent)
    curvature, target, low, high = (
        each[name] for each in (2 * account.risk_price * account.specific, account.target, account.low, account.high)
    )
    charge = account.violation_price
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        still = [target - (slope + price[name] + extra) / curvature for extra in (-charge, 0.0, charge)]
    weight = np.stack([left, right, low, high, *(np.where(curvature > 0, each, left) for each in still)])
    weight = weight.clip(left, right)
    missed = np.maximum(low - weight, 0.0) + np.maximum(weight - high, 0.0)
    value = spent + slope * (weight - right) + 0.5 * curvature * (weight - target) ** 2
    value += charge * missed + price[name] * weight
    best = value.argmin(axis=0), np.arange(name.size)
    order = np.lexsort((value[best], name))
    first = order[np.searchsorted(name[order], np.arange(n))]
    return value[best][first], weight[best][first]


def _spent_before(account: ReferenceAccount) -> Floats:
    """Tax and cost of selling all cheaper lots of the same name, (L,)."""
    total = np.append(0.0, np.cumsum(account.lot_price * account.lot_quantity))
    return np.asarray(total[:-1] - total[account.lot_start[account.lot_name]])
