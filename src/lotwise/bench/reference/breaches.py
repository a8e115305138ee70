"""Which soft bounds a portfolio misses, and by how much: the reason to give where not all of them can be kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.bench.reference.account import CASH_SHORT, CASH_SURPLUS, Floats, ReferenceAccount

__all__ = ["Breach", "breaches", "charged"]


class Breach(NamedTuple):
    """One bound that gave way: `missed` is how far its value lies beyond it, `weight` what one unit counts."""

    what: str  # in words: which bound, of how much, and what was reached
    missed: float
    weight: float


def breaches(account: ReferenceAccount, weights: Floats, tolerance: float = 1e-9) -> list[Breach]:
    """List every bound that these weights (n,) miss by more than `tolerance`, worst first."""
    row = np.repeat(np.arange(account.group_low.size), np.diff(account.group_start))
    rows = np.bincount(row, account.group_coefficient * weights[account.group_name], account.group_low.size)
    cash = 1.0 - float(weights.sum())
    found: list[Breach] = []
    for words, value, low, high, weight in (
        ("group", rows, account.group_low, account.group_high, (1.0, 1.0)),
        ("name", weights, account.low, account.high, (1.0, 1.0)),
        ("cash", np.array([cash]), np.array([account.cash_low]), np.array([account.cash_high]), None),
    ):
        below, above = weight or (CASH_SHORT, CASH_SURPLUS)
        found += [
            Breach(f"{words} {i} at least {low[i]:.6g}: {value[i]:.6g}", float(low[i] - value[i]), below)
            for i in np.flatnonzero(low - value > tolerance)
        ]
        found += [
            Breach(f"{words} {i} at most {high[i]:.6g}: {value[i]:.6g}", float(value[i] - high[i]), above)
            for i in np.flatnonzero(value - high > tolerance)
        ]
    return sorted(found, key=lambda each: -each.missed * each.weight)


def charged(account: ReferenceAccount, weights: Floats) -> float:
    """Sum of all breaches at their relative prices, however small: times `violation_price` it is their charge."""
    return float(sum(each.missed * each.weight for each in breaches(account, weights, 0.0)))
