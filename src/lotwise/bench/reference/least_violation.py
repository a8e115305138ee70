"""The least total violation of soft bounds that any trades can leave: a linear program in the weights alone.

Sell-or-buy does not restrict which weights can be reached, so this is exact for the true problem too.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from lotwise.bench.reference.account import CASH_SHORT, CASH_SURPLUS, ReferenceAccount, Sparse
from lotwise.bench.reference.general_solvers import NotSolvedError

__all__ = ["least_violation"]


def least_violation(account: ReferenceAccount) -> float:
    """Least breach of all soft bounds and of the cash band, at their relative prices, in fractions of value."""
    rows, low, high = account.soft_rows
    m, n = low.size, account.names
    cash, each, one = (sp.csc_matrix(part) for part in (np.ones((1, n)), sp.identity(m), np.ones((1, 1))))
    of_rows: list[list[Sparse | None]] = [[rows, -each, None, None], [-rows, -each, None, None]]
    of_cash: list[list[Sparse | None]] = [[cash, None, -one, None], [-cash, None, None, -one]]
    if m == 0:
        of_rows, of_cash = [], [[cash, -one, None], [-cash, None, -one]]
    matrix = sp.csr_matrix(sp.bmat([*of_rows, *of_cash]))
    right = np.concatenate([high, -low, [1 - account.cash_low, account.cash_high - 1]])
    asked = np.isfinite(right)
    least = np.concatenate([account.bottom, np.zeros(m + 2)])
    most = np.concatenate([account.top, np.full(m + 2, np.inf)])
    most[-2] = max(0.0, account.cash_low + account.most_owed)
    answer = linprog(
        np.concatenate([np.zeros(n), np.ones(m), [CASH_SHORT, CASH_SURPLUS]]),
        A_ub=matrix[asked],
        b_ub=right[asked],
        bounds=list(zip(least.tolist(), np.maximum(least, most).tolist(), strict=True)),
        method="highs",
    )
    if answer.status != 0 or answer.fun is None:
        raise NotSolvedError(f"HiGHS: {answer.message}")
    return float(answer.fun)
