"""The true optimum of a small account: every choice of sell or buy, each an exact quadratic program."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from lotwise.bench.reference.account import Floats, ReferenceAccount
from lotwise.bench.reference.general_solvers import by_clarabel
from lotwise.bench.reference.objective import Judgement, judge
from lotwise.bench.reference.programs import signed_program

__all__ = ["Optimum", "true_optimum"]

# 2^10 programs of a small account take a few seconds.
_MOST_TWO_SIDED = 10


class Optimum(NamedTuple):
    """The best of all choices."""

    buy: Floats  # (n,)
    sell: Floats  # (L,)
    judgement: Judgement
    charged: float  # objective with violations of soft bounds at their price


def true_optimum(account: ReferenceAccount) -> Optimum:
    """Enumerate the signs of all two-sided names; raises ValueError beyond 10 of them."""
    chosen = np.flatnonzero(account.two_sided)
    if chosen.size > _MOST_TWO_SIDED:
        raise ValueError(f"at most {_MOST_TWO_SIDED} two-sided names can be enumerated, got {chosen.size}")
    best: Optimum | None = None
    for signs in product([False, True], repeat=chosen.size):
        buys = np.zeros(account.names, dtype=np.bool_)
        buys[chosen] = signs
        program = signed_program(account, buys, soft_cash=True)
        x = by_clarabel(program).x
        if best is None or program.value(x) < best.charged:
            buy, sell = program.trades(x, account.names, account.lots)
            best = Optimum(buy, sell, judge(account, buy, sell), program.value(x))
    assert best is not None
    return best
