"""The two branches of a name's cost, minimised against a price per unit of weight, lot by lot.

A name costs risk_price x specific x (w - target)^2 plus its trades. On the branch of sales w runs down from
what is held, lot by lot; on the branch of purchases it runs up to the top.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.bench.reference.account import Floats, ReferenceAccount

__all__ = ["Branch", "buy_branch", "sell_branch"]


class Branch(NamedTuple):
    """Where cost + price x w is least on one branch of each name."""

    value: Floats  # (n,) without the price term
    weight: Floats  # (n,)
    lot_sold: Floats  # (L,) zeros on the branch of purchases


def _curvature(account: ReferenceAccount) -> Floats:
    return 2.0 * account.risk_price * account.specific


def _clipped_ratio(numerator: Floats, curvature: Floats) -> Floats:
    """Numerator / curvature; a linear piece runs to the end its slope points to (0 stays 0)."""
    flat = np.where(numerator == 0, 0.0, np.sign(numerator) * 1e300)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return np.where(curvature > 0, np.clip(numerator / curvature, -1e300, 1e300), flat)


def _risk(account: ReferenceAccount, weight: Floats) -> Floats:
    return 0.5 * _curvature(account) * (weight - account.target) ** 2


def sell_branch(account: ReferenceAccount, price: Floats, least: Floats | None = None) -> Branch:
    """Minimise over w <= held (and w >= `least`) the cost of sales and specific risk plus price x w.

    Lots are cheapest first, so marginal cost rises along the branch and each lot's sale is a clipped
    stationary point: d/ds [risk(held - s) + lot_price s - price s] = 0.
    """
    name = account.lot_name
    room = account.held - (account.bottom if least is None else np.maximum(least, account.bottom))
    slope = price[name] - account.lot_price
    wanted = (account.held - account.target)[name] + _clipped_ratio(slope, _curvature(account)[name])
    most = np.minimum(account.lot_quantity, np.maximum(room[name] - account.sold_before, 0.0))
    lot_sold = np.clip(wanted - account.sold_before, 0.0, most)
    weight = account.held - account.by_name(lot_sold)
    value = _risk(account, weight) + account.by_name(account.lot_price * lot_sold)
    return Branch(value, weight, lot_sold)


def buy_branch(account: ReferenceAccount, price: Floats, most: Floats | None = None) -> Branch:
    """Minimise over held <= w <= top (and `most`) the cost of purchase and specific risk plus price x w."""
    top = account.top if most is None else np.minimum(most, account.top)
    wanted = account.target - _clipped_ratio(account.buy_cost + price, _curvature(account))
    weight = np.clip(wanted, account.held, np.maximum(top, account.held))
    value = _risk(account, weight) + account.buy_cost * (weight - account.held)
    return Branch(value, weight, np.zeros(account.lots))
