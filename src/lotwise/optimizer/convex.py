"""A convex problem of pieces, solved to a certified gap: proximal rounds around a semismooth Newton on the dual."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import kernel
from lotwise.optimizer.dual import dual_bound, maximise_dual
from lotwise.optimizer.pieces import value_at
from lotwise.optimizer.problem import Columns, SolveStatus, State

__all__ = ["Certified", "solve_convex"]

_SOLVED = int(SolveStatus.SOLVED)
_GAVE_UP = int(SolveStatus.GAVE_UP)

# Proximal weight falls by this a round; by 0.01 rounds are fewer but inner solves fail (ALGORITHM, traps).
_SHRINK = 0.1
_LEAST_NEARNESS = 1e-7
_MOST_ROUNDS = 40
_MOST_STEPS = 200

# A name whose specific risk is below this part of the account's mean is treated as having none: 1 / D would swamp
# the Hessian.
_STIFF = 1e-2

# Part of the factors' curvature that proximal weights are measured by where there is little specific risk.
_COMMON_PART = 0.1

# Cash and group rows may miss by this fraction of value before the remainder is pushed into names inside a piece; by
# less where the price of missing them is so high that this alone would leave the gap open.
_RESIDUAL = 1e-11
_LEAST_RESIDUAL = 1e-15

# Roundoff of an objective: a gap below this part of it cannot be told from zero.
_ROUNDOFF = 1e-11


class Certified(NamedTuple):
    """A convex solve: value of the best feasible point, the lower bound it is held against, Newton steps."""

    status: int  # SolveStatus
    primal: float  # divided by gamma
    bound: float  # divided by gamma
    steps: int


@kernel
def _reference_curvature(columns: Columns, factors: int) -> float:
    """Scale of proximal weights: mean curvature of the names, at least a part of what the factors give them."""
    n = columns.coupling.shape[0]
    own, common = 0.0, 0.0
    for i in range(n):
        own += columns.table[i].curvature
        for r in range(factors):
            common += columns.coupling[i, r] * columns.coupling[i, r]
    scale = max(own, _COMMON_PART * common) / max(n, 1)
    return scale if scale > 0.0 else 1.0


@kernel
def _needs_proximal(columns: Columns, column: int, reference: float) -> bool:
    return bool(columns.table[column].bridge >= 0) or columns.table[column].curvature < _STIFF * reference


@kernel
def _set_proximal(columns: Columns, nearness: float, reference: float) -> None:
    """Weight of every column's proximal term; none where its own curvature does the work."""
    for j in range(columns.table.size):
        columns.table[j].proximal = 0.0
        if _needs_proximal(columns, j, reference):
            columns.table[j].proximal = nearness * max(columns.table[j].curvature, reference)


@kernel
def _first_centres(columns: Columns, reference: float) -> bool:
    """Start flats at their middle, other columns where they are held; returns whether any column needs a centre."""
    needed = False
    for j in range(columns.table.size):
        if columns.table[j].bridge >= 0:
            p = columns.table[j].bridge
            columns.table[j].centre = 0.5 * (columns.pieces[p].left + columns.pieces[p].right)
        else:
            first, last = columns.table[j].start, columns.table[j].stop - 1
            columns.table[j].centre = min(
                max(columns.table[j].held, columns.pieces[first].left), columns.pieces[last].right
            )
        needed = needed or _needs_proximal(columns, j, reference)
    return needed


@kernel
def _repair_cash(columns: Columns, state: State) -> None:
    """Copy the weights and push what cash is missing into columns strictly inside a piece, softest first in effect."""
    n = columns.coupling.shape[0]
    state.repaired[:] = state.weight
    missing = 1.0 - state.weight[n]
    for i in range(n):
        missing -= state.weight[i]
    for _ in range(3):
        room = 0.0
        for j in range(n + 1):
            room += state.response[j]
        if missing == 0.0 or room <= 0.0:
            break
        share = missing / room
        for j in range(n + 1):
            if state.response[j] > 0.0:
                first, last = columns.table[j].start, columns.table[j].stop - 1
                w = state.repaired[j] + share * state.response[j]
                w = min(max(w, columns.pieces[first].left), columns.pieces[last].right)
                missing -= w - state.repaired[j]
                state.repaired[j] = w
    if missing != 0.0:
        first, last = columns.table[n].start, columns.table[n].stop - 1
        state.repaired[n] = min(
            max(state.repaired[n] + missing, columns.pieces[first].left), columns.pieces[last].right
        )


@kernel
def _primal(columns: Columns, state: State, factors: int) -> float:
    """Objective of the repaired weights on the pieces in force; group slacks take the value their rows have."""
    n, m = columns.coupling.shape
    total = 0.0
    exposure = state.gradient
    for r in range(m):
        exposure[r] = 0.0
    for i in range(n):
        w = state.repaired[i]
        for r in range(m):
            exposure[r] += w * columns.coupling[i, r]
    for r in range(factors):
        away = exposure[r] - columns.right_side[r]
        total += 0.5 * away * away
    for g in range(m - factors - 1):
        state.repaired[n + 1 + g] = exposure[factors + 1 + g]
    for j in range(state.repaired.size):
        total += value_at(columns, j, columns.table[j].start, columns.table[j].stop, state.repaired[j])
    return total


@kernel
def solve_convex(columns: Columns, state: State, factors: int, gamma: float, gap: float, nearness: float) -> Certified:
    """Solve the pieces in force, warm from state.theta, to a gap (fraction of value; times 1 / gamma inside).

    `nearness` is the first round's proximal weight relative to a name's own curvature. The best weights are left in
    state.best, the multipliers of the best bound in state.best_theta. GAVE_UP means the gap was not reached.
    """
    wanted = gap / gamma
    residual = min(_RESIDUAL, max(0.02 * wanted / columns.steepest[0], _LEAST_RESIDUAL))
    reference = _reference_curvature(columns, factors)
    proximal = _first_centres(columns, reference)
    primal, bound = np.inf, -np.inf
    steps = 0
    failures = 0
    for _ in range(_MOST_ROUNDS):
        _set_proximal(columns, nearness, reference)
        reached, taken = maximise_dual(columns, state, factors, 0.1 * wanted, residual, _MOST_STEPS)
        steps += taken
        _repair_cash(columns, state)
        value = _primal(columns, state, factors)
        if value < primal:
            primal = value
            state.best[:] = state.repaired
        value = dual_bound(columns, state, state.theta, factors, True)
        if value > bound:
            bound = value
            state.best_theta[:] = state.theta
        if primal - bound <= max(wanted, _ROUNDOFF * (abs(primal) + columns.steepest[0])):
            return Certified(_SOLVED, primal, bound, steps)
        if not proximal:
            failures += 1
            if failures > 2:
                break
        for j in range(columns.table.size):
            columns.table[j].centre = state.repaired[j]
        nearness = max(nearness * _SHRINK, _LEAST_NEARNESS) if reached else min(10.0 * nearness, 1.0)
    return Certified(_GAVE_UP, primal, bound, steps)
