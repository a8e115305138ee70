"""What is said of cash that a client asks of the household: which accounts pay how much of it, and why."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lotwise.errors import Finding, Severity
from lotwise.interchange.firm_folder import Firm
from lotwise.money import Money, format_money
from lotwise.rebalancing.book import RequestKind
from lotwise.rebalancing.cash_split import CashSplit
from lotwise.rebalancing.mandates import DUE_DAYS

__all__ = ["split_findings"]


def _asks_the_household(firm: Firm, household: int) -> bool:
    """Whether a request that acts tonight asks cash of the household and of no account."""
    requests = firm.book.requests
    rows = slice(requests.start[household], requests.start[household + 1])
    cash = np.isin(requests.kind[rows], (RequestKind.RAISE_CASH, RequestKind.RMD)) & (requests.account[rows] < 0)
    return bool((cash & (requests.by[rows] - DUE_DAYS <= firm.market.as_of)).any())


def split_findings(firm: Firm, split: CashSplit) -> Iterator[Finding]:
    """Say of each household that is asked for cash which of its accounts hold how much of it, reserves included."""
    decided = dict.fromkeys(split.decided.tolist(), True) | dict.fromkeys(split.undecided.tolist(), False)
    for household, known in sorted(decided.items()):
        if not _asks_the_household(firm, household):
            continue
        first, last = firm.book.households.account_start[household : household + 2].tolist()
        paying = [account for account in range(first, last) if split.wanted[account] > 0]
        words = [f"{firm.labels.accounts[a]} {format_money(Money(int(split.wanted[a])))}" for a in paying]
        why = "at the rates of the night" if known else "taxable accounts first, since no better split was proved"
        yield Finding(
            file="(requests)",
            line=None,
            column="amount",
            severity=Severity.NOTICE,
            must_be="cash that is asked of the household, raised where it costs least",
            was=f"{', '.join(words)}: {why}",
            to_do="nothing; ask an account instead of the household where another one is to pay",
            household=str(firm.labels.households[household]),
        )
