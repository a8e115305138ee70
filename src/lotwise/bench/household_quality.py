"""How far the sides that a household takes are from the best: enumeration on small households, HiGHS on larger ones.

The references share no code with the kernel: each choice of sides is a quadratic program of its own (PIQP), the bound
that of a mixed-integer program (HiGHS).
"""

from __future__ import annotations

import time
from itertools import product

import numpy as np

from lotwise.bench.household_integers import integer_bound
from lotwise.bench.households import household_problem_of, ordinary_household, small_household
from lotwise.bench.machine import machine
from lotwise.bench.reference.general_solvers import by_piqp
from lotwise.bench.reference.household import ReferenceHousehold
from lotwise.bench.reference.household_programs import fixed_program
from lotwise.bench.tables import MeasuredTable
from lotwise.optimizer.household.solve import solve_household

__all__ = ["BAR", "enumerated_optimum", "household_bounds", "household_quality"]

BAR = 0.05  # bp, mean distance from the enumerated optimum

_TOLERANCE = 1e-10
_MOST_TWO_SIDED = 8  # 256 programs
_BASIS_POINT = 1e-4
_SHAPES = ((4, 2), (5, 3), (6, 2), (7, 4))
_BOUNDED_SHAPES = ((20, 2), (30, 3), (40, 3), (60, 4))
_BOUNDED_FACTORS = 4


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


def household_bounds(households: int, seed: int) -> MeasuredTable:
    """Compare the kernel with the bound of a mixed-integer program on `households` households of each shape."""
    rows, missed = [], []
    for names, accounts in _BOUNDED_SHAPES:
        found = []
        for number in range(seed, seed + households):
            household = ordinary_household(number, names, accounts, _BOUNDED_FACTORS)
            ours = solve_household(household_problem_of(household))
            begin = time.perf_counter()
            bound = integer_bound(household, household.by_name(ours.weights), ours.objective)
            spent = time.perf_counter() - begin
            gaps = [ours.objective - least for least in (bound.bound, ours.lower_bound, bound.best)]
            found.append((household.two_sided.sum(), *(gap / _BASIS_POINT for gap in gaps), bound.rounds, spent))
            missed += [f"household {number} of {names} in {accounts}: {fault}" for fault in bound.faults]
        two_sided, away, own, against, rounds, seconds = np.array(found).T
        rows.append(
            (
                f"{names} in {accounts}",
                f"{away.size:,}",
                f"{two_sided.mean():.1f}",
                f"{away.mean():.1e}",
                f"{away.max():.1e}",
                f"{own.mean():.1e}",
                f"{own.max():.1e}",
                f"{against.max():.1e}",
                f"{rounds.mean():.1f}",
                f"{np.median(seconds):.1f}",
                f"{seconds.max():.0f}",
            )
        )
        if away.mean() > BAR:
            missed.append(f"{names} names in {accounts} accounts: {away.mean():.2g} bp on average, must be {BAR:g}")
    figures = ("above HiGHS, mean bp", "worst", "above our bound, mean bp", "worst", "above its sides, worst")
    header = ("names in accounts", "households", "two-sided", *figures, "rounds", "median s", "worst s")
    note = (
        f"{machine('numpy', 'numba', 'scipy', 'piqp')}. The kernel's objective less three figures: the bound of HiGHS"
        " for a mixed-integer linear program, tangents in the place of squares, more of them until the bound is within"
        " 0.001 bp of our trades; the kernel's own bound; the objective of the sides that HiGHS took, solved by PIQP at"
        f" {_TOLERANCE:g} (above zero: HiGHS found better ones). Two-sided: names with the choice. Each answer of HiGHS"
        " is worked out again; what it claims that is not so is a miss. Seconds are its own, all rounds."
    )
    return MeasuredTable("Sides against branch and bound", header, rows, note, missed)
