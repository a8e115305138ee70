"""What each household could lose tonight: the losses of its taxable lots that may be sold.

Wash-sale windows are not looked at: a barred loss is a loss of next month.
"""

from __future__ import annotations

import numpy as np

from lotwise.kernels import kernel
from lotwise.money import SHARE, IntArray, mul_div
from lotwise.rebalancing.book import AccountKind, Accounts, LotFlag, Lots

__all__ = ["unrealised_losses"]

_TAXABLE = int(AccountKind.TAXABLE)
_NEVER_SOLD = int(LotFlag.UNKNOWN_TAX | LotFlag.KEPT)


@kernel
def _add_losses(accounts: Accounts, lots: Lots, price: IntArray, losses: IntArray) -> None:
    for account in range(accounts.kind.size):
        if accounts.kind[account] != _TAXABLE or not accounts.trades[account]:
            continue
        household = accounts.household[account]
        for lot in range(accounts.lot_start[account], accounts.lot_start[account + 1]):
            if lots.flags[lot] & _NEVER_SOLD or price[lots.security[lot]] <= 0:
                continue
            loss = lots.basis[lot] - mul_div(lots.shares[lot], price[lots.security[lot]], SHARE)
            if loss > 0:
                losses[household] += loss


def unrealised_losses(households: int, accounts: Accounts, lots: Lots, price: IntArray) -> IntArray:
    """Unrealised losses of each of `households` households at these prices, positive money (H,); O(lots)."""
    losses = np.zeros(households, np.int64)
    _add_losses(accounts, lots, price, losses)
    return losses
