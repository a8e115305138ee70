"""The straight piece of a two-sided name's convex envelope, from its sales to its purchases.

For a slope m let D(m) = min over purchases of (cost - m w) - min over sales of (cost - m w). D falls as m
rises, by the distance of the two minimisers, and is zero at the common tangent. m lies between the two
one-sided derivatives at the weight held, which bracket it: halve.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.bench.reference.account import Floats, ReferenceAccount
from lotwise.bench.reference.branches import buy_branch, sell_branch

__all__ = ["Bitangent", "bitangent"]

# 2^-80 of any bracket met here is below the last bit of its ends; halving stops by itself there.
_HALVINGS = 80


class Bitangent(NamedTuple):
    """Per name (n,); meaningful for two-sided names only."""

    slope: Floats
    left: Floats  # weight where the straight piece begins, <= held
    right: Floats  # weight where it ends, >= held
    left_value: Floats  # cost of trades and specific risk at `left`
    lot_sold: Floats  # (L,) sold of each lot at `left`


def bitangent(account: ReferenceAccount) -> Bitangent:
    """Find the common tangent of both branches for every two-sided name at once."""
    two = account.two_sided
    at_held = 2 * account.risk_price * account.specific * (account.held - account.target)
    low = np.where(two, at_held + account.buy_cost, 0.0)
    high = np.where(two, at_held - np.where(two, account.cheapest, 0.0), 0.0)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        down, up = sell_branch(account, -middle), buy_branch(account, -middle)
        rising = up.value - middle * up.weight > down.value - middle * down.weight
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    slope = 0.5 * (low + high)
    down, up = sell_branch(account, -slope), buy_branch(account, -slope)
    return Bitangent(slope, down.weight, up.weight, down.value, down.lot_sold)
