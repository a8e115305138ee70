"""Accounts with some of their numbers replaced, still valid: lots cheapest first, holdings at least what is in lots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lotwise.bench.reference.account import Floats, Ints, ReferenceAccount

__all__ = ["Spoiler", "with_groups", "with_lots", "with_prices"]

Spoiler = Callable[[ReferenceAccount, np.random.Generator], ReferenceAccount]


def with_prices(account: ReferenceAccount, price: Floats) -> ReferenceAccount:
    """Reprice the lots, cheapest first again."""
    order = np.lexsort((price, account.lot_name))
    return replace(account, lot_price=price[order], lot_quantity=account.lot_quantity[order])


def with_lots(account: ReferenceAccount, quantity: Floats) -> ReferenceAccount:
    """Hold other quantities in the lots; what is held outside of lots stays."""
    outside = np.maximum(account.bottom, 0.0)
    return replace(account, lot_quantity=quantity, held=account.by_name(quantity) + outside)


def with_groups(
    account: ReferenceAccount,
    members: list[Ints],
    bounds: tuple[Floats, Floats],
    coefficients: list[Floats] | None = None,
) -> ReferenceAccount:
    """Add rows of group bounds to those it has; coefficients are 1 where none are given."""
    values = [np.ones(each.size) for each in members] if coefficients is None else coefficients
    return replace(
        account,
        group_start=np.concatenate(
            [account.group_start, account.group_start[-1] + np.cumsum([each.size for each in members])]
        ).astype(np.int64),
        group_name=np.concatenate([account.group_name, *members]).astype(np.int64),
        group_coefficient=np.concatenate([account.group_coefficient, *values]),
        group_low=np.concatenate([account.group_low, bounds[0]]),
        group_high=np.concatenate([account.group_high, bounds[1]]),
    )
