"""What an ordinary rebalance to target would sell of each lot: the excess of its name, by the stated relief rule.

It knows no tax: what stands above its target is sold down to it, spread over the accounts that hold the name in
proportion to what each holds, and inside an account from the lots that come first by the relief rule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.money import IntArray
from lotwise.savings.shadow_rule import Order

__all__ = ["in_order", "ordinary_sales"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]


def in_order(scope: IntArray, security: Codes, acquired: Codes, basis_per_share: Floats, order: Order) -> IntArray:
    """Sort lots (P,) by scope, security and the relief rule; equals stay as they are."""
    first: Floats = -basis_per_share
    if order is not Order.HIFO:
        first = (acquired if order is Order.FIFO else -acquired).astype(np.float64)
    return np.lexsort((first, security, scope)).astype(np.int64)


def ordinary_sales(group: IntArray, value: Floats, taxable: NDArray[np.bool_], wanted: Floats) -> Floats:
    """Dollars that an ordinary rebalance sells of each lot, (P,).

    `group` numbers the names of each portfolio 0 .. G - 1, ascending; lots of one group stand in the order in which
    they are sold. `wanted` (G,) are the dollars of each group's target. What is not taxable counts, and is sold in its
    proportion, but not by lot: theirs is 0.
    """
    groups = wanted.size
    held = np.bincount(group, value, groups)
    taxed = np.bincount(group, np.where(taxable, value, 0.0), groups)
    excess = np.maximum(held - wanted, 0.0)
    part = np.divide(taxed, held, out=np.zeros(groups), where=held > 0)
    own = np.where(taxable, value, 0.0)
    before = np.cumsum(own) - own
    if own.size:
        before -= before[np.searchsorted(group, np.arange(groups))][group]
    sold: Floats = np.clip((excess * part)[group] - before, 0.0, own)
    return sold
