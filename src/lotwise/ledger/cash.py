"""Cash of trades that state shares and a price."""

from __future__ import annotations

import numpy as np

from lotwise.kernels import kernel
from lotwise.money import SHARE, IntArray, mul_div

__all__ = ["traded_amounts"]


@kernel
def _traded_amounts(shares: IntArray, price: IntArray) -> IntArray:
    made = np.empty(shares.size, np.int64)
    for row in range(made.size):
        made[row] = mul_div(shares[row], price[row], SHARE)
    return made


def traded_amounts(shares: IntArray, price: IntArray) -> IntArray:
    """Shares x price, rounded half to even, of whatever sign; `money.OVERFLOW` where it does not fit."""
    made: IntArray = _traded_amounts(np.abs(shares.astype(np.int64)), price.astype(np.int64))
    return made
