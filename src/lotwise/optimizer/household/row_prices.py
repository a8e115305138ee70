"""The prices that the multipliers of rows put on names and on positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inlined_kernel, inner_kernel, summing_kernel
from lotwise.optimizer.household.problem import HouseholdColumns

__all__ = ["has_one_link", "slack_sign", "sum_of_products", "write_all_prices"]


@summing_kernel
def _write_name_prices(rows: np.ndarray, theta: np.ndarray, out: np.ndarray) -> None:
    """Write the price that exposures and groups put on every name."""
    m, n = rows.shape
    out[:] = 0.0
    whole = m - m % 4
    for r in range(0, whole, 4):
        t, u, v, x = theta[r], theta[r + 1], theta[r + 2], theta[r + 3]
        one, two, three, four = rows[r], rows[r + 1], rows[r + 2], rows[r + 3]
        for i in range(n):
            out[i] += t * one[i] + u * two[i] + (v * three[i] + x * four[i])
    for r in range(whole, m):
        t = theta[r]
        one = rows[r]
        for i in range(n):
            out[i] += t * one[i]


@summing_kernel
def sum_of_products(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """Sum of products, the second array being as long as the first."""
    total = 0.0
    for i in range(one.size):
        total += one[i] * two[i]
    return total


@inner_kernel
def slack_sign(columns: HouseholdColumns, row: int) -> float:
    """1 for the cash of an account, which its row adds to what is invested; -1 for groups, whose value it is."""
    names_rows = columns.base.rows.shape[0]
    return 1.0 if names_rows <= row < names_rows + columns.account_scale.size else -1.0


@inlined_kernel
def has_one_link(columns: HouseholdColumns, count: int) -> bool:
    """Whether every column of a position is linked to its account's cash alone, no group of accounts holding any."""
    return bool(columns.link_start[count] == count)


@inner_kernel
def write_all_prices(
    columns: HouseholdColumns,
    theta: NDArray[np.float64],
    factors: int,
    names: NDArray[np.float64],
    prices: NDArray[np.float64],
) -> None:
    """Write s of every name and p of every column (a column's without its name's r; slacks' whole)."""
    _write_name_prices(columns.base.rows, theta, names)
    slack = prices.size - theta.size + factors
    for run in range(columns.runs[0]):
        first, stop = columns.run_start[run], columns.run_start[run + 1]
        prices[first:stop] = theta[columns.link_row[first]]
    for c in range(0 if columns.runs[0] == 0 else slack, slack):
        total = 0.0
        for link in range(columns.link_start[c], columns.link_start[c + 1]):
            total += columns.link_coefficient[link] * theta[columns.link_row[link]]
        prices[c] = total
    for r in range(factors, theta.size):
        prices[slack + r - factors] = slack_sign(columns, r) * theta[r]
