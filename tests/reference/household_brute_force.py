"""The true optimum of a small household: every choice of sides, each an exact quadratic program."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from lotwise.bench.reference.account import Bools, Floats
from lotwise.bench.reference.general_solvers import by_clarabel
from lotwise.bench.reference.household import ReferenceHousehold
from lotwise.bench.reference.household_objective import HouseholdJudgement, judge_household
from lotwise.bench.reference.household_programs import fixed_program

__all__ = ["HouseholdOptimum", "true_household_optimum"]

# 2^10 programs of a small household take a few seconds.
_MOST_TWO_SIDED = 10


class HouseholdOptimum(NamedTuple):
    """The best of all choices."""

    buy: Floats  # (C,)
    sell: Floats  # (L,)
    buys: Bools  # (n,) two-sided names on their buy side
    judgement: HouseholdJudgement
    charged: float  # of the program: objective with missed bounds at their price


def true_household_optimum(household: ReferenceHousehold) -> HouseholdOptimum:
    """Enumerate the sides of all two-sided names; raises ValueError beyond 10 of them."""
    chosen = np.flatnonzero(household.two_sided)
    if chosen.size > _MOST_TWO_SIDED:
        raise ValueError(f"at most {_MOST_TWO_SIDED} two-sided names can be enumerated, got {chosen.size}")
    best: HouseholdOptimum | None = None
    for sides in product([False, True], repeat=chosen.size):
        buys = np.zeros(household.names, dtype=np.bool_)
        buys[chosen] = sides
        program = fixed_program(household, buys)
        x = by_clarabel(program).x
        if best is None or program.value(x) < best.charged:
            buy, sell = program.trades(x, household)
            best = HouseholdOptimum(buy, sell, buys, judge_household(household, buy, sell), program.value(x))
    assert best is not None
    return best
