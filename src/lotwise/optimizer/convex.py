"""A convex problem of pieces, solved to a certified gap: proximal rounds around a semismooth Newton on the dual."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import inner_kernel, summing_kernel
from lotwise.optimizer.active_pieces import LOWER, UPPER, find_active_piece, plain_value_and_gap
from lotwise.optimizer.dual import Goal, maximise_dual, write_prices, write_row_values
from lotwise.optimizer.newton_system import solve_newton_step
from lotwise.optimizer.pieces import least_from, value_from
from lotwise.optimizer.problem import NEARNESS, STEEPEST, STIFFNESS, Columns, SolveStatus, State, copy_values

__all__ = [
    "LEAST_NEARNESS",
    "MORE",
    "ROUNDOFF",
    "STALLED",
    "UPDATED_NEARNESS",
    "WARM_NEARNESS",
    "Aim",
    "Certified",
    "renew_column",
    "renew_columns",
    "renew_loose_columns",
    "solve_convex",
    "solve_warm",
]

_SOLVED = int(SolveStatus.SOLVED)
_GAVE_UP = int(SolveStatus.GAVE_UP)

# Proximal weight of the first round, relative to a name's own curvature. It falls by a part a round; by 0.01 rounds are
# fewer but inner solves fail (ALGORITHM, traps).
_FIRST_NEARNESS = 3e-3
_SHRINK = 0.1
LEAST_NEARNESS = 1e-9
_MOST_ROUNDS = 40
WARM_NEARNESS = 3e-5  # a warm solve begins with no less
UPDATED_NEARNESS = 1e-6  # below it responses are too large to be taken back from the Hessian: it is summed anew
_MOST_STEPS = 200

# A name whose specific risk is below this part of the account's mean is treated as having none: 1 / D would swamp
# the Hessian.
_STIFF = 1e-2

# Cash and group rows may miss by this fraction of value before the remainder is pushed into names inside a piece; by
# less where the price of missing them is so high that this alone would leave the gap open.
_RESIDUAL = 1e-11
_LEAST_RESIDUAL = 1e-15

# A solve that looks for a bound of a given height stops at this many times the rise it needs: the gain of its steps is
# an estimate, and that of the proximal dual, which is a little above the dual.
MORE = 1.05

# Roundoff of an objective: rounds go on while the gap is above the first part of it; where they stall, the second is
# enough.
ROUNDOFF = 1e-12
STALLED = 1e-11


class Certified(NamedTuple):
    """A convex solve: value of the best feasible point, the lower bound it is held against, Newton steps."""

    status: int  # SolveStatus
    primal: float  # divided by gamma
    bound: float  # divided by gamma
    steps: int


@inner_kernel
def renew_column(columns: Columns, state: State, column: int) -> None:
    """Give a column whose pieces in force have changed its proximal term, and find its active piece.

    Flats are centred at their middle, other columns without much curvature where they are held.
    """
    reference = columns.scales[STIFFNESS]
    curvature = columns.table[column].curvature
    bridge = columns.table[column].bridge
    columns.table[column].proximal = 0.0
    if bridge >= 0 or curvature < _STIFF * reference:
        columns.table[column].proximal = columns.scales[NEARNESS] * max(curvature, reference)
        if bridge >= 0:
            columns.table[column].centre = 0.5 * (columns.pieces[bridge].left + columns.pieces[bridge].right)
        else:
            first, last = columns.table[column].start, columns.table[column].stop - 1
            least, most = columns.pieces[first].left, columns.pieces[last].right
            columns.table[column].centre = min(max(columns.table[column].held, least), most)
    find_active_piece(columns, state, column, state.price[column])


@inner_kernel
def renew_columns(columns: Columns, state: State, factors: int) -> None:
    """Begin anew at state.theta: prices, proximal terms and active pieces of all columns."""
    write_prices(columns, state.theta, factors, state.price)
    columns.scales[NEARNESS] = _FIRST_NEARNESS
    count = 0
    for j in range(columns.table.size):
        renew_column(columns, state, j)
        state.best[j] = columns.table[j].held  # what remains if the solve comes to no number
        if columns.table[j].proximal > 0.0 or columns.table[j].kinked:
            state.loose[count] = j
            count += 1
    state.loose_count[0] = count


@inner_kernel
def renew_loose_columns(columns: Columns, state: State) -> None:
    """Renew the columns that may need a proximal term: those whose pieces in force a choice may have changed."""
    for k in range(state.loose_count[0]):
        renew_column(columns, state, state.loose[k])


@inner_kernel
def _move_centres(columns: Columns, state: State) -> bool:
    """Centre proximal terms where the last round ended, at another weight. Returns whether there are any."""
    reference = columns.scales[STIFFNESS]
    found = False
    for k in range(state.loose_count[0]):
        j = state.loose[k]
        if columns.table[j].proximal > 0.0:
            columns.table[j].centre = state.repaired[j]
            columns.table[j].proximal = columns.scales[NEARNESS] * max(columns.table[j].curvature, reference)
            find_active_piece(columns, state, j, state.price[j])
            found = True
    return found


@summing_kernel
def _missing_cash(state: State, names: int) -> tuple[float, float]:
    """What the weights (of names and cash) lack of 1, and how much their responses add up to."""
    total = 0.0
    room = 0.0
    for j in range(names + 1):
        total += state.repaired[j]
        room += state.response[j]
    return 1.0 - total, room


@inner_kernel
def _repair_groups(columns: Columns, state: State, factors: int) -> None:
    """Move the weights as one more Newton step would: where columns answer steeply, a price is too coarse for that.

    A price of the size of 1 is known to 1e-16, so that a weight with response 1e7 is known to 1e-9, and a row of group
    bounds with it. What weights must move by is known far better, from what the row lacks.
    """
    lower, upper = state.active[LOWER], state.active[UPPER]
    solve_newton_step(state, factors, columns.scales[STEEPEST], lone=True)
    write_prices(columns, state.step, factors, state.price_step)
    for j in range(state.repaired.size):
        w = state.repaired[j] - state.response[j] * state.price_step[j]
        state.repaired[j] = min(max(w, lower[j]), upper[j])


@inner_kernel
def _move_towards_held(columns: Columns, state: State, missing: float) -> None:
    """Move every name towards what is held, as far as it takes to have cash inside its range: doing nothing has."""
    n = columns.rows.shape[1]
    apart = 0.0
    for i in range(n):
        apart += columns.table[i].held - state.repaired[i]
    part = min(max(missing / apart, 0.0), 1.0) if apart != 0.0 else 0.0
    for i in range(n):
        state.repaired[i] += part * (columns.table[i].held - state.repaired[i])


@inner_kernel
def _repair(columns: Columns, state: State, factors: int) -> bool:
    """Copy the weights and push what rows lack into columns strictly inside a piece, softest first in effect.

    They stay on their pieces, so that nobody needs to look these up again. Returns whether that was enough; where it
    was not, names are moved off their pieces.
    """
    m, n = columns.rows.shape
    lower, upper = state.active[LOWER], state.active[UPPER]
    copy_values(state.weight, state.repaired)
    worst = 0.0
    for r in range(factors, m):
        worst = max(worst, abs(state.gradient[r]))
    if worst > _LEAST_RESIDUAL and m > factors + 1:
        _repair_groups(columns, state, factors)
    for _ in range(3):
        missing, room = _missing_cash(state, n)
        if missing == 0.0 or room <= 0.0:
            break
        share = missing / room
        for j in range(n + 1):
            state.repaired[j] = min(max(state.repaired[j] + share * state.response[j], lower[j]), upper[j])
    missing, _ = _missing_cash(state, n)
    least, most = (
        columns.pieces[columns.table[n].start].left,
        columns.pieces[columns.table[n].stop - 1].right,
    )
    cash = float(state.repaired[n] + missing)
    kept = float(min(max(cash, least), most))
    state.repaired[n] = kept
    enough = abs(cash - kept) <= _RESIDUAL
    if not enough:
        _move_towards_held(columns, state, cash - kept)
        missing, _ = _missing_cash(state, n)
        state.repaired[n] = min(max(kept + missing, least), most)
    return enough


@inner_kernel
def _certify(columns: Columns, state: State, factors: int, on_pieces: bool) -> tuple[float, float]:
    """Value of the repaired weights on the pieces in force, and the dual's at state.theta: no solution is below that.

    The gap is summed by itself, from what each column and each exposure adds to it, all of them at least 0: the
    difference of the two values would drown in their roundoff. Group slacks take the value that their rows have.
    `on_pieces`: columns without a proximal term are on the pieces they were minimised on, and need no walk.
    """
    m, n = columns.rows.shape
    exposure = state.gradient
    write_row_values(columns, state.repaired, exposure)
    for g in range(m - factors - 1):
        state.repaired[n + 1 + g] = exposure[factors + 1 + g]
    primal, gap = plain_value_and_gap(state) if on_pieces else (0.0, 0.0)
    gap -= state.theta[factors] * (exposure[factors] + state.repaired[n] - 1.0)
    for r in range(factors):
        away = exposure[r] - columns.right_side[r]
        primal += 0.5 * away * away
        gap += 0.5 * (away - state.theta[r]) * (away - state.theta[r])
    for k in range(state.loose_count[0] if on_pieces else columns.table.size):
        j = state.loose[k] if on_pieces else k
        if columns.table[j].proximal > 0.0 or not on_pieces:
            value = value_from(columns, j, state.piece[j], state.repaired[j])
            primal += value
            gap += value + state.price[j] * state.repaired[j] - least_from(columns, j, state.piece[j], state.price[j])
    return primal, primal - gap


@inner_kernel
def _forget(state: State, factors: int) -> None:
    """Leave nothing of a solve that came to no number for the next one."""
    state.price_step[:] = 0.0
    copy_values(state.best, state.repaired)
    state.response[:] = 0.0
    state.hessian[:] = 0.0
    for r in range(factors):
        state.hessian[r, r] = 1.0


class Aim(NamedTuple):
    """What a solve is for."""

    gap: float  # to reach, divided by gamma
    known: float  # bound at the multipliers it starts from, -inf = not known
    enough: float  # a bound that ends it too: nothing better than what is known can be here


@inner_kernel
def solve_convex(columns: Columns, state: State, factors: int, aim: Aim, fresh: bool) -> Certified:
    """Solve the pieces in force, warm from state.theta. Everything is divided by gamma.

    `fresh`: nothing is known of pieces and Hessian; otherwise every column changed since the last solve was renewed.
    The best weights are left in state.best, the multipliers of the best bound in state.best_theta. GAVE_UP means that
    neither the gap nor a bound that is enough was reached.
    """
    residual = min(_RESIDUAL, max(0.02 * aim.gap / columns.scales[STEEPEST], _LEAST_RESIDUAL))
    if fresh:
        renew_columns(columns, state, factors)
        copy_values(state.theta, state.best_theta)
    else:
        write_prices(columns, state.theta, factors, state.price)
        if columns.scales[NEARNESS] < WARM_NEARNESS:
            columns.scales[NEARNESS] = WARM_NEARNESS
            _move_centres(columns, state)
    primal, bound = np.inf, -np.inf
    known = aim.known
    steps = 0
    failures = 0
    for round_ in range(_MOST_ROUNDS):
        anew = (fresh and round_ == 0) or columns.scales[NEARNESS] < UPDATED_NEARNESS
        gain = MORE * (aim.enough - known) if known < aim.enough else np.inf
        goal = Goal(0.1 * aim.gap, residual, gain, _MOST_STEPS)
        reached, taken = maximise_dual(columns, state, factors, goal, anew)
        steps += taken
        on_pieces = _repair(columns, state, factors)
        value, below = _certify(columns, state, factors, on_pieces)
        if not np.isfinite(value - below):
            _forget(state, factors)
            break
        if value < primal:
            primal = value
            copy_values(state.repaired, state.best)
        if below > bound:
            bound = below
            copy_values(state.theta, state.best_theta)
        roundoff = ROUNDOFF * (abs(primal) + columns.scales[STEEPEST])
        if primal - bound <= max(aim.gap, roundoff) or bound >= aim.enough:
            return Certified(_SOLVED, primal, bound, steps)
        known = max(known, bound)
        nearness = columns.scales[NEARNESS]
        columns.scales[NEARNESS] = max(nearness * _SHRINK, LEAST_NEARNESS) if reached else min(10.0 * nearness, 1.0)
        if not _move_centres(columns, state):
            failures += 1
            if failures > 2:
                break
    stalled = bound > -np.inf and primal - bound <= max(aim.gap, STALLED * (abs(primal) + columns.scales[STEEPEST]))
    return Certified(_SOLVED if stalled else _GAVE_UP, primal, bound, steps)


@inner_kernel
def solve_warm(columns: Columns, state: State, factors: int, aim: Aim) -> Certified:
    """Solve as `solve_convex`, warm; where that gives up, once more from nothing: what is warm can also mislead."""
    warm = solve_convex(columns, state, factors, aim, False)
    if warm.status == _SOLVED:
        return warm
    state.theta[:] = 0.0
    cold = solve_convex(columns, state, factors, aim, True)
    return Certified(cold.status, cold.primal, cold.bound, warm.steps + cold.steps)
