"""The least total violation of soft bounds that any trades can leave: a linear program in the weights alone.

Sell-or-buy does not restrict which weights can be reached, so this is exact for the true problem too.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from tests.reference.account import CASH_SHORT, CASH_SURPLUS, ReferenceAccount
from tests.reference.general_solvers import NotSolvedError

__all__ = ["least_violation"]


def least_violation(account: ReferenceAccount) -> float:
    """Least breach of all soft bounds and of the cash band, at their relative prices, in fractions of value."""
    rows, low, high = account.soft_rows
    m, n = low.size, account.names
    cash = np.ones((1, n))
    of_weights = np.vstack([rows.toarray(), -rows.toarray(), cash, -cash])
    of_breaches = np.zeros((2 * m + 2, m + 2))
    of_breaches[:m, :m] = of_breaches[m : 2 * m, :m] = -np.identity(m)
    of_breaches[2 * m, m] = of_breaches[2 * m + 1, m + 1] = -1.0
    least = np.concatenate([account.bottom, np.zeros(m + 2)])
    most = np.concatenate([account.top, np.full(m + 2, np.inf)])
    answer = linprog(
        np.concatenate([np.zeros(n), np.ones(m), [CASH_SHORT, CASH_SURPLUS]]),
        A_ub=np.hstack([of_weights, of_breaches]),
        b_ub=np.concatenate([high, -low, [1 - account.cash_low, account.cash_high - 1]]),
        bounds=list(zip(least.tolist(), most.tolist(), strict=True)),
        method="highs",
    )
    if answer.status != 0 or answer.fun is None:
        raise NotSolvedError(f"HiGHS: {answer.message}")
    return float(answer.fun)
