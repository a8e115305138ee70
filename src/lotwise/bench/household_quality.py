"""How far the sides that a household takes are from the best there are: every choice enumerated on small households.

The reference shares no code with the kernel: each choice of sides is a quadratic program of its own (PIQP).
"""

from __future__ import annotations

from itertools import product

import numpy as np

from lotwise.bench.households import household_problem_of, small_household
from lotwise.bench.machine import machine
from lotwise.bench.reference.general_solvers import by_piqp
from lotwise.bench.reference.household import ReferenceHousehold
from lotwise.bench.reference.household_programs import fixed_program
from lotwise.bench.tables import MeasuredTable
from lotwise.optimizer.household.solve import solve_household

__all__ = ["BAR", "enumerated_optimum", "household_quality"]

BAR = 0.05  # bp, mean distance from the enumerated optimum

_TOLERANCE = 1e-10
_MOST_TWO_SIDED = 8  # 256 programs
_BASIS_POINT = 1e-4
_SHAPES = ((4, 2), (5, 3), (6, 2), (7, 4))


def enumerated_optimum(household: ReferenceHousehold) -> float | None:
    """Least objective over every choice of sides, missed bounds charged; None where there are too many choices."""
    chosen = np.flatnonzero(household.two_sided)
    if chosen.size > _MOST_TWO_SIDED:
        return None
    best = np.inf
    for sides in product([False, True], repeat=chosen.size):
        buys = np.zeros(household.names, np.bool_)
        buys[chosen] = sides
        program = fixed_program(household, buys)
        best = min(best, program.value(by_piqp(program, _TOLERANCE).x))
    return float(best)


def household_quality(households: int, seed: int) -> MeasuredTable:
    """Compare the kernel with the enumeration on `households` small households of each shape."""
    rows, missed = [], []
    for names, accounts in _SHAPES:
        away, programs, left = [], 0, 0
        for number in range(households):
            household = small_household(seed + number, names, accounts)
            best = enumerated_optimum(household)
            if best is None:
                left += 1
                continue
            programs += 2 ** int(household.two_sided.sum())
            away.append((solve_household(household_problem_of(household)).objective - best) / _BASIS_POINT)
        distance = np.array(away)
        rows.append(
            (
                f"{names} in {accounts}",
                f"{distance.size:,}",
                f"{programs:,}",
                f"{distance.mean():.1e}",
                f"{distance.max():.1e}",
                f"{distance.min():.1e}",
                f"{left:,}",
            )
        )
        if distance.mean() > BAR:
            missed.append(f"{names} names in {accounts} accounts: {distance.mean():.2g} bp on average, must be {BAR:g}")
    header = ("names in accounts", "households", "programs", "mean bp", "worst bp", "best bp", "left out")
    note = (
        f"{machine('numpy', 'numba', 'piqp')}. The kernel's objective less the least of all choices of sides, each a"
        f" quadratic program solved by PIQP at {_TOLERANCE:g}: below zero by what PIQP leaves. Left out: more than"
        f" {_MOST_TWO_SIDED} names with two sides."
    )
    return MeasuredTable("Sides against every choice", header, rows, note, missed)
