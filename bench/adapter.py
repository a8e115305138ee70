"""Solve an account of the yardstick: `solve(account) -> (buy, sell, lower_bound)`.

An account is a dict of arrays, weights and quantities as fractions of its value V: b, h (n,) target and held;
X (n, k), Omega (k, k), d (n,) risk model, annual; kappa (n,) cost per dollar traded; lot_i, lot_q, lot_t (L,)
name, quantity and tax per dollar of every lot, in any order; nobuy (n,); gamma, cash_target. Its objective is
gamma TE^2 + tax + cost. This file needs nothing but numpy and lotwise, so it can be loaded from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lotwise.bench.yardstick import lot_order, to_problem
from lotwise.optimizer.single_account import solve_account

__all__ = ["lot_order", "solve", "to_problem"]

Account = Mapping[str, Any]
Floats = NDArray[np.float64]


def solve(account: Account) -> tuple[Floats, Floats, float]:
    """Return purchases (n,), sales (L,) in the account's own lot order, and a lower bound on any trade list."""
    solution = solve_account(to_problem(account))
    sell = np.zeros(len(account["lot_i"]))
    sell[lot_order(account)] = solution.sold
    return solution.bought, sell, solution.lower_bound
