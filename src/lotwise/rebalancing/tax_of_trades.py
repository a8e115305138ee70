"""The tax of a household's trades: its liability for the year with them, less its liability without.

Exact, by the law: netting, the limit on the deduction of losses, carryforwards, brackets and thresholds all count.
The `tax` of a single trade is its gain or loss at one rate of the night (`lotwise.tax.household_rates`); the sum of
those may differ, and only this is the tax.
"""

from __future__ import annotations

import numpy as np

from lotwise.money import IntArray
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.proposal import Trades
from lotwise.tax.liability import liabilities, load_law
from lotwise.tax.position import LARGEST

__all__ = ["tax_of_trades"]


def tax_of_trades(book: Book, trades: Trades, first: int, last: int) -> IntArray:
    """Tax of tonight's trades of households first .. last, money: (last - first,). Below zero where tax is saved."""
    owed = np.zeros(last - first, np.int64)
    taxable = book.accounts.kind[trades.account] == AccountKind.TAXABLE
    traders = np.unique(trades.household[taxable])
    before = book.tax[traders]
    after = before.copy()
    for column, term in (("short_gains", 0), ("long_gains", 1)):
        chosen = taxable & (trades.long_term == term)
        gains = np.zeros(len(traders), np.int64)
        np.add.at(gains, np.searchsorted(traders, trades.household[chosen]), trades.gain[chosen])
        after[column] = np.clip(before[column] + gains, -LARGEST, LARGEST)
    law = load_law()
    owed[traders - first] = liabilities(after, law)["total"] - liabilities(before, law)["total"]
    return owed
