"""The tax of a household's trades: its liability for the year with them, less its liability without.

Exact, by the law: netting, the limit on the deduction of losses, carryforwards, brackets and thresholds all count.
The `tax` of a single trade is its gain or loss at one rate of the night (`lotwise.tax.household_rates`); the sum of
those may differ, and only this is the tax.
"""

from __future__ import annotations

import numpy as np

from lotwise.kernels import Records
from lotwise.money import IntArray
from lotwise.rebalancing.book import Book
from lotwise.tax.liability import liabilities, load_law
from lotwise.tax.position import LARGEST

__all__ = ["tax_of_trades"]


def tax_of_trades(book: Book, gains: Records, first: int) -> IntArray:
    """Tax of tonight's trades, money, of the households that `gains` has rows of, the first of them `first`.

    A row holds the sums of a household's taxable lines, short and long, and how many they are. Below zero where tax is
    saved.
    """
    owed = np.zeros(gains.size, np.int64)
    traders = np.flatnonzero(gains["lines"])
    before = book.tax[first + traders]
    after = before.copy()
    after["short_gains"] = np.clip(before["short_gains"] + gains["short"][traders], -LARGEST, LARGEST)
    after["long_gains"] = np.clip(before["long_gains"] + gains["long"][traders], -LARGEST, LARGEST)
    total = liabilities(np.concatenate((after, before)), load_law())["total"]
    owed[traders] = total[: traders.size] - total[traders.size :]
    return owed
