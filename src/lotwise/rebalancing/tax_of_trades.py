"""The tax of a household's trades: its liability for the year with them, less its liability without.

Exact, by the law: netting, the limit on the deduction of losses, carryforwards, brackets and thresholds all count.
The `tax` of a single trade is its gain or loss at one rate of the night (`lotwise.tax.household_rates`); the sum of
those may differ, and only this is the tax.
"""

from __future__ import annotations

import numpy as np

from lotwise.kernels import Records
from lotwise.ledger.events import Table
from lotwise.money import IntArray
from lotwise.rebalancing.book import Book
from lotwise.tax.liability import liabilities, load_law
from lotwise.tax.position import LARGEST

__all__ = ["tax_of_gains", "tax_of_trades"]


def tax_of_gains(before: Table, short: IntArray, long: IntArray) -> IntArray:
    """Tax of gains on top of a year, money, row by row; below zero where tax is saved.

    `before` has rows of POSITION, `short` and `long` the net gains by term that come to each.
    """
    after = before.copy()
    after["short_gains"] = np.clip(before["short_gains"] + short, -LARGEST, LARGEST)
    after["long_gains"] = np.clip(before["long_gains"] + long, -LARGEST, LARGEST)
    total = liabilities(np.concatenate((after, before)), load_law())["total"]
    owed: IntArray = total[: short.size] - total[short.size :]
    return owed


def tax_of_trades(book: Book, gains: Records, first: int) -> IntArray:
    """Tax of tonight's trades, money, of the households that `gains` has rows of, the first of them `first`.

    A row holds the sums of a household's taxable lines, short and long, and how many they are. Below zero where tax is
    saved.
    """
    owed = np.zeros(gains.size, np.int64)
    traders = np.flatnonzero(gains["lines"])
    owed[traders] = tax_of_gains(book.tax[first + traders], gains["short"][traders], gains["long"][traders])
    return owed
