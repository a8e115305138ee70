"""A convex problem of pieces, solved to a certified gap: proximal rounds around a semismooth Newton on the dual."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import inner_kernel
from lotwise.optimizer.active_pieces import LOWER, UPPER, find_active_piece
from lotwise.optimizer.dual import maximise_dual, write_prices, write_row_values
from lotwise.optimizer.pieces import least_from, value_from
from lotwise.optimizer.problem import STEEPEST, STIFFNESS, Columns, SolveStatus, State, copy_values

__all__ = ["Certified", "solve_convex"]

_SOLVED = int(SolveStatus.SOLVED)
_GAVE_UP = int(SolveStatus.GAVE_UP)

# Proximal weight falls by this a round; by 0.01 rounds are fewer but inner solves fail (ALGORITHM, traps).
_SHRINK = 0.1
_LEAST_NEARNESS = 1e-7
_MOST_ROUNDS = 40
_ROUNDS_OF_UPDATES = 4  # rounds over which the Hessian is updated; later ones have weights too large to take back
_MOST_STEPS = 200

# A name whose specific risk is below this part of the account's mean is treated as having none: 1 / D would swamp
# the Hessian.
_STIFF = 1e-2

# Cash and group rows may miss by this fraction of value before the remainder is pushed into names inside a piece; by
# less where the price of missing them is so high that this alone would leave the gap open.
_RESIDUAL = 1e-11
_LEAST_RESIDUAL = 1e-15

# Roundoff of an objective: rounds go on while the gap is above the first part of it; where they stall, the second is
# enough.
_ROUNDOFF = 1e-12
_STALLED = 1e-11


class Certified(NamedTuple):
    """A convex solve: value of the best feasible point, the lower bound it is held against, Newton steps."""

    status: int  # SolveStatus
    primal: float  # divided by gamma
    bound: float  # divided by gamma
    steps: int


@inner_kernel
def _needs_proximal(columns: Columns, column: int, reference: float) -> bool:
    return bool(columns.table[column].bridge >= 0) or columns.table[column].curvature < _STIFF * reference


@inner_kernel
def _set_proximal(columns: Columns, state: State, nearness: float, every: bool) -> bool:
    """Give columns their proximal terms, and find the active piece of all (or of those with a choice or such a term).

    Flats are centred at their middle, other columns where they are held. Returns whether any has a proximal term.
    """
    reference = columns.scales[STIFFNESS]
    found = False
    for j in range(columns.table.size):
        had = columns.table[j].proximal > 0.0
        needs = _needs_proximal(columns, j, reference)
        columns.table[j].proximal = 0.0
        if needs:
            columns.table[j].proximal = nearness * max(columns.table[j].curvature, reference)
            found = True
            if columns.table[j].bridge >= 0:
                p = columns.table[j].bridge
                columns.table[j].centre = 0.5 * (columns.pieces[p].left + columns.pieces[p].right)
            else:
                first, last = columns.table[j].start, columns.table[j].stop - 1
                least, most = columns.pieces[first].left, columns.pieces[last].right
                columns.table[j].centre = min(max(columns.table[j].held, least), most)
        if every or had or needs or columns.table[j].kinked:
            find_active_piece(columns, state, j, state.price[j])
    return found


@inner_kernel
def _move_centres(columns: Columns, state: State, nearness: float) -> None:
    """Centre proximal terms where the last round ended, at another weight."""
    reference = columns.scales[STIFFNESS]
    for j in range(columns.table.size):
        if columns.table[j].proximal > 0.0:
            columns.table[j].centre = state.repaired[j]
            columns.table[j].proximal = nearness * max(columns.table[j].curvature, reference)
            find_active_piece(columns, state, j, state.price[j])


@inner_kernel
def _repair_cash(columns: Columns, state: State) -> None:
    """Copy the weights and push what cash is missing into columns strictly inside a piece, softest first in effect.

    They stay on their pieces, so that nobody needs to look these up again.
    """
    n = columns.rows.shape[1]
    copy_values(state.weight, state.repaired)
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
                w = state.repaired[j] + share * state.response[j]
                w = min(max(w, state.active[LOWER, j]), state.active[UPPER, j])
                missing -= w - state.repaired[j]
                state.repaired[j] = w
    if missing != 0.0:
        first, last = columns.table[n].start, columns.table[n].stop - 1
        state.repaired[n] = min(
            max(state.repaired[n] + missing, columns.pieces[first].left), columns.pieces[last].right
        )


@inner_kernel
def _certify(columns: Columns, state: State, factors: int) -> tuple[float, float]:
    """Value of the repaired weights on the pieces in force, and the dual's at state.theta: no solution is below that.

    The gap is summed by itself, from what each column and each exposure adds to it, all of them at least 0: the
    difference of the two values would drown in their roundoff. Group slacks take the value that their rows have. What
    the solver believed of pieces and responses is not used.
    """
    m, n = columns.rows.shape
    exposure = state.gradient
    write_row_values(columns, state.repaired, exposure)
    primal = 0.0
    gap = -state.theta[factors] * (exposure[factors] + state.repaired[n] - 1.0)
    for r in range(factors):
        away = exposure[r] - columns.right_side[r]
        primal += 0.5 * away * away
        gap += 0.5 * (away - state.theta[r]) * (away - state.theta[r])
    for g in range(m - factors - 1):
        state.repaired[n + 1 + g] = exposure[factors + 1 + g]
    for j in range(state.repaired.size):
        value = value_from(columns, j, state.piece[j], state.repaired[j])
        primal += value
        gap += value + state.price[j] * state.repaired[j] - least_from(columns, j, state.piece[j], state.price[j])
    return primal, primal - gap


@inner_kernel
def solve_convex(
    columns: Columns, state: State, factors: int, gamma: float, gap: float, nearness: float, every: bool
) -> Certified:
    """Solve the pieces in force, warm from state.theta, to a gap (fraction of value; times 1 / gamma inside).

    `nearness` is the first round's proximal weight relative to a name's own curvature; `every`: pieces of any column
    may be others than in the solve before, otherwise only of those with a choice. The best weights are left in
    state.best, the multipliers of the best bound in state.best_theta. GAVE_UP means the gap was not reached.
    """
    wanted = gap / gamma
    residual = min(_RESIDUAL, max(0.02 * wanted / columns.scales[STEEPEST], _LEAST_RESIDUAL))
    write_prices(columns, state.theta, factors, state.price)
    proximal = _set_proximal(columns, state, nearness, every)
    primal, bound = np.inf, -np.inf
    steps = 0
    failures = 0
    for round_ in range(_MOST_ROUNDS):
        anew = every if round_ == 0 else round_ >= _ROUNDS_OF_UPDATES
        reached, taken = maximise_dual(columns, state, factors, 0.1 * wanted, residual, _MOST_STEPS, anew)
        steps += taken
        _repair_cash(columns, state)
        value, below = _certify(columns, state, factors)
        if value < primal:
            primal = value
            copy_values(state.repaired, state.best)
        if below > bound:
            bound = below
            copy_values(state.theta, state.best_theta)
        if primal - bound <= max(wanted, _ROUNDOFF * (abs(primal) + columns.scales[STEEPEST])):
            return Certified(_SOLVED, primal, bound, steps)
        if not proximal:
            failures += 1
            if failures > 2:
                break
        nearness = max(nearness * _SHRINK, _LEAST_NEARNESS) if reached else min(10.0 * nearness, 1.0)
        _move_centres(columns, state, nearness)
    stalled = primal - bound <= max(wanted, _STALLED * (abs(primal) + columns.scales[STEEPEST]))
    return Certified(_SOLVED if stalled else _GAVE_UP, primal, bound, steps)
