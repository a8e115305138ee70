"""The true objective of a list of trades, from the raw numbers, and every rule that it breaks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.bench.reference.account import CASH_SHORT, CASH_SURPLUS, Floats, ReferenceAccount

__all__ = ["Judgement", "judge", "weights_after"]


class Judgement(NamedTuple):
    """Objective in dollars per dollar of value; the rest are violations, 0 when the rule is kept."""

    objective: float
    cash: float  # distance of the remaining cash from its band
    soft: float  # total violation of the name and group bounds
    breach: float  # both, at their relative prices
    oversold: float  # largest quantity sold beyond a lot, or sold or bought negatively
    bought_barred: float  # bought where buying is not allowed
    both_ways: float  # smaller of bought and sold, summed over two-sided names


def weights_after(account: ReferenceAccount, buy: Floats, sell: Floats) -> Floats:
    """Weights after the trades, (n,)."""
    return account.held + buy - account.by_name(sell)


def judge(account: ReferenceAccount, buy: Floats, sell: Floats) -> Judgement:
    """Evaluate risk, tax and cost of these purchases (n,) and sales (L,), trusting nobody."""
    weights = weights_after(account, buy, sell)
    active = weights - account.target
    exposure = account.loadings.T @ active
    variance = 0.5 * float(exposure @ exposure) + float(account.specific @ active**2)
    cost = float(account.buy_cost @ buy) + float(account.lot_price @ sell)
    cash = 1.0 - float(weights.sum())
    rows, low, high = account.soft_rows
    reached = rows @ weights
    sold = account.by_name(sell)
    short, surplus = max(0.0, account.cash_low - cash), max(0.0, cash - account.cash_high)
    soft = float(np.maximum(np.maximum(low - reached, reached - high), 0.0).sum())
    return Judgement(
        objective=account.risk_price * variance + cost,
        cash=max(short, surplus),
        soft=soft,
        breach=soft + CASH_SHORT * short + CASH_SURPLUS * surplus,
        oversold=float(max(np.max(sell - account.lot_quantity, initial=0.0), -np.min(sell, initial=0.0), -buy.min())),
        bought_barred=float(buy[~account.may_buy].sum()),
        both_ways=float(np.minimum(buy, sold)[account.two_sided].sum()),
    )
