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

from lotwise.optimizer.single_account import AccountProblem, solve_account

__all__ = ["lot_order", "solve", "to_problem"]

Account = Mapping[str, Any]
Floats = NDArray[np.float64]


def lot_order(account: Account) -> NDArray[np.int64]:
    """Order of the account's lots by name, cheapest first, as the optimizer takes them."""
    return np.lexsort((account["lot_t"], account["lot_i"]))


def to_problem(account: Account) -> AccountProblem:
    """Write the account as the optimizer's problem; trading cost joins the tax of a lot."""
    n = int(account["n"])
    order = lot_order(account)
    name = np.asarray(account["lot_i"])[order]
    variances, axes = np.linalg.eigh(account["Omega"])  # may be singular
    root = axes * np.sqrt(np.maximum(variances, 0.0))
    cost = np.ascontiguousarray(account["kappa"], dtype=np.float64)
    cash = float(account["cash_target"])
    return AccountProblem(
        target=np.ascontiguousarray(account["b"], dtype=np.float64),
        held=np.ascontiguousarray(account["h"], dtype=np.float64),
        loadings=np.ascontiguousarray(np.sqrt(2.0) * account["X"] @ root),
        specific=np.ascontiguousarray(account["d"], dtype=np.float64),
        buy_cost=cost,
        lot_start=np.searchsorted(name, np.arange(n + 1)).astype(np.int64),
        lot_quantity=np.asarray(account["lot_q"], dtype=np.float64)[order],
        lot_price=np.asarray(account["lot_t"], dtype=np.float64)[order] + cost[name],
        may_buy=~np.asarray(account["nobuy"], dtype=np.bool_),
        low=np.zeros(n),
        high=np.ones(n),
        group_start=np.zeros(1, dtype=np.int64),
        group_name=np.zeros(0, dtype=np.int64),
        group_coefficient=np.zeros(0),
        group_low=np.zeros(0),
        group_high=np.zeros(0),
        cash_low=cash,
        cash_high=cash,
        risk_price=float(account["gamma"]),
    )


def solve(account: Account) -> tuple[Floats, Floats, float]:
    """Return purchases (n,), sales (L,) in the account's own lot order, and a lower bound on any trade list."""
    solution = solve_account(to_problem(account))
    sell = np.zeros(len(account["lot_i"]))
    sell[lot_order(account)] = solution.sold
    return solution.bought, sell, solution.lower_bound
