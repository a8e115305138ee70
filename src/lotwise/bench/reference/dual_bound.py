"""A lower bound on every feasible trade list, at any multipliers, from the raw lots.

Give the factor exposures y = L'(w - b), the cash of the account and the group rows their prices and minimise
what is left: it falls apart into the exposures, the cash, the rows and one function of one weight per name.
Each is minimised exactly, both branches of a two-sided name included, so the sum is a bound whatever the
prices are worth.
"""

from __future__ import annotations

import numpy as np

from lotwise.bench.reference.account import Floats, ReferenceAccount
from lotwise.bench.reference.branches import buy_branch, sell_branch

__all__ = ["dual_bound"]


def dual_bound(account: ReferenceAccount, factor_price: Floats, cash_price: float, group_price: Floats) -> float:
    """Return the bound in dollars per dollar of value.

    Prices are dollars per unit: `factor_price` (k,) of L'(w - b), `cash_price` of sum(w), `group_price` (m,)
    of G w. Group rows and name bounds count as hard here (a name's own bounds as far as its lots and
    purchases can reach them), so the result bounds every solution that keeps them, and those only.
    """
    groups = account.group_low.size
    rows = account.soft_rows[0][:groups]
    price = account.loadings @ factor_price + cash_price + rows.T @ group_price
    least = np.clip(account.low, account.bottom, account.top)
    most = np.clip(account.high, account.bottom, account.top)
    total = -float(factor_price @ factor_price) / (2 * account.risk_price)
    total -= float(factor_price @ (account.loadings.T @ account.target))
    total -= cash_price * 1.0 - min(cash_price * account.cash_low, cash_price * account.cash_high)
    total -= float(np.maximum(group_price * account.group_low, group_price * account.group_high).sum())
    return total + float(np.minimum(*_branch_minima(account, price, least, most)).sum())


def _branch_minima(account: ReferenceAccount, price: Floats, least: Floats, most: Floats) -> tuple[Floats, Floats]:
    """Return the minimum over the sales and over the purchases; +inf where bounds leave a branch empty.

    A bound above what is held leaves only purchases, beyond `least`; one below leaves only sales, down to
    `most` at least. Sales and purchases are never mixed: for a one-sided name mixing does not pay, for a
    two-sided one it is forbidden.
    """
    sale = sell_branch(account, price, np.minimum(least, account.held))
    down = sale.value + price * sale.weight
    purchase = buy_branch(account, price, most)
    up = purchase.value + price * purchase.weight
    for i in np.flatnonzero((most < account.held) | (least > account.held)):
        down[i], up[i] = _bounded_minimum(account, int(i), float(price[i]), float(least[i]), float(most[i]))
    return down, np.where(account.may_buy | (least > account.held), up, np.inf)


def _bounded_minimum(account: ReferenceAccount, i: int, price: float, least: float, most: float) -> tuple[float, float]:
    """Minimise one name whose bounds exclude what is held: its breakpoints and stationary points."""
    lots = slice(account.lot_start[i], account.lot_start[i + 1])
    quantity, lot_price = account.lot_quantity[lots], account.lot_price[lots]
    held, target = account.held[i], account.target[i]
    curvature = 2 * account.risk_price * account.specific[i]

    def cost(weight: Floats) -> Floats:
        sold = np.maximum(held - weight, 0.0)
        tax = np.clip(sold[:, None] - account.sold_before[lots][None, :], 0.0, quantity[None, :]) @ lot_price
        bought = np.maximum(weight - held, 0.0)
        return np.asarray(
            0.5 * curvature * (weight - target) ** 2 + tax + account.buy_cost[i] * bought + price * weight
        )

    points = [
        np.array([least, most]),
        held - account.sold_before[lots],
        held - account.sold_before[lots] - quantity,
    ]
    if curvature > 0:
        points += [
            target + (lot_price - price) / curvature,
            np.array([target - (account.buy_cost[i] + price) / curvature]),
        ]
    lowest = float(cost(np.clip(np.concatenate(points), least, most)).min())
    return (np.inf, lowest) if least > held else (lowest, np.inf)
