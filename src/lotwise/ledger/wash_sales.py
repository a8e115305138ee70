"""Wash sales (26 U.S.C. 1091): which windows are open on a day, per household and substantially identical group."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.money import IntArray

__all__ = ["Windows"]


class Windows(NamedTuple):
    """Open wash-sale windows, per household and substantially identical group."""

    start: IntArray  # (H + 1,)
    identical: NDArray[np.int32]  # sorted within a household
    no_buy_until: NDArray[np.int32]  # last day on which a purchase would wash a past loss sale; dates.NO_DATE = free
    bought_shares: IntArray  # replacement shares bought in the last 30 days (lots still held, and pending buys)
    no_loss_until: NDArray[np.int32]  # last day on which selling at a loss would be washed by those purchases
