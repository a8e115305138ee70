"""The Newton system of the dual: its Hessian follows the names whose response changes, and is solved as L D L'.

Only the upper triangle is kept, row by row. Rows are padded with zeros to whole vectors, so that inner loops have no
remainder: at 21 unknowns a third of the time would go into remainders.
"""

from __future__ import annotations

import numpy as np

from lotwise.kernels import inner_kernel, summing_kernel
from lotwise.optimizer.problem import BLOCK, WIDE, Columns, State, copy_values

__all__ = ["REACH", "accept_responses", "add_to_hessian", "solve_newton_step"]

# Relative ridge under which a pivot counts as zero: no name inside a piece answers in that direction.
_RIDGE = 1e-12

# Where no column answers to a cash or group row, its multiplier may move this many times the range of slopes in one
# step. The term is proportional to the row's residual, so that it vanishes, and Newton's speed returns, at the end.
REACH = 50.0


@summing_kernel
def add_to_hessian(
    rows: np.ndarray, chosen: np.ndarray, change: np.ndarray, block: np.ndarray, hessian: np.ndarray
) -> None:
    """Add change x a a' of the chosen names to the upper triangle, a block of names at a time."""
    m = rows.shape[0]
    plain, scaled = block[0], block[1]
    for start in range(0, chosen.size, BLOCK):
        size = min(BLOCK, chosen.size - start)
        for r in range(m):
            row = rows[r]
            for t in range(size):
                value = row[chosen[start + t]]
                plain[r, t] = value
                scaled[r, t] = value * change[start + t]
        for r in range(m):
            own = scaled[r]
            whole = m - (m - r) % 4
            for c in range(r, whole, 4):
                one, two, three, four = plain[c], plain[c + 1], plain[c + 2], plain[c + 3]
                a, b, d, e = 0.0, 0.0, 0.0, 0.0
                for t in range(size):
                    x = own[t]
                    a += x * one[t]
                    b += x * two[t]
                    d += x * three[t]
                    e += x * four[t]
                hessian[r, c] += a
                hessian[r, c + 1] += b
                hessian[r, c + 2] += d
                hessian[r, c + 3] += e
            for c in range(whole, m):
                one = plain[c]
                a = 0.0
                for t in range(size):
                    a += own[t] * one[t]
                hessian[r, c] += a


@inner_kernel
def accept_responses(columns: Columns, state: State, factors: int, anew: bool) -> None:
    """Take weight_next and response_next over, and let the Hessian follow; `anew`: sum all of it."""
    m, n = columns.rows.shape
    changed = 0
    inside = 0
    for j in range(n):
        changed += state.response_next[j] != state.response[j]
        inside += state.response_next[j] != 0.0
    if anew or changed > inside:
        state.response[:] = 0.0
        state.hessian[:] = 0.0
        for r in range(factors):
            state.hessian[r, r] = 1.0
    count = 0
    for j in range(n):
        difference = state.response_next[j] - state.response[j]
        if difference != 0.0:
            state.chosen[count] = j
            state.change[count] = difference
            count += 1
    add_to_hessian(columns.rows, state.chosen[:count], state.change[:count], state.block, state.hessian)
    for r in range(factors, m):
        state.hessian[r, r] += state.response_next[n + r - factors] - state.response[n + r - factors]
    copy_values(state.response_next, state.response)
    copy_values(state.weight_next, state.weight)


@inner_kernel
def _write_system(state: State, factors: int, steepest: float, lone: bool) -> None:
    """Copy the Hessian, with a ridge where nothing answers, and the gradient as column m."""
    m, width = state.factor.shape
    factor = state.factor
    for r in range(m):
        for c in range(r // WIDE * WIDE, width, WIDE):
            for t in range(WIDE):
                factor[r, c + t] = state.hessian[r, c + t]
        factor[r, m] = state.gradient[r]
    for r in range(factors, m):
        if not lone and state.hessian[r, r] == 0.0:
            factor[r, m] = 0.0
        factor[r, r] += abs(state.gradient[r]) / (REACH * steepest)
    for p in range(m):
        state.pivot[p] = _RIDGE * max(factor[p, p], 1e-6)


@summing_kernel
def _eliminate(factor: np.ndarray, pivot: np.ndarray) -> None:
    """Eliminate below the diagonal, two pivots at a time, the right side along; the diagonal becomes 1 / D."""
    m, width = factor.shape
    for p in range(0, m - 1, 2):
        one = 1.0 / max(factor[p, p], pivot[p])
        part = factor[p, p + 1] * one
        for c in range(p + 1, m + 1):
            factor[p + 1, c] -= part * factor[p, c]
        two = 1.0 / max(factor[p + 1, p + 1], pivot[p + 1])
        for r in range(p + 2, m):
            a, b = factor[p, r] * one, factor[p + 1, r] * two
            for c in range(r // WIDE * WIDE, width, WIDE):
                for t in range(WIDE):
                    factor[r, c + t] -= a * factor[p, c + t] + b * factor[p + 1, c + t]
        factor[p, p] = one
        factor[p + 1, p + 1] = two
    if m % 2 == 1:
        factor[m - 1, m - 1] = 1.0 / max(factor[m - 1, m - 1], pivot[m - 1])


@summing_kernel
def _substitute(factor: np.ndarray, step: np.ndarray) -> None:
    """Solve for the step from the last unknown back to the first."""
    m = step.size
    for back in range(m):
        p = m - 1 - back
        total = factor[p, m]
        for c in range(p + 1, m):
            total -= factor[p, c] * step[c]
        step[p] = total * factor[p, p]


@inner_kernel
def solve_newton_step(state: State, factors: int, steepest: float, lone: bool) -> None:
    """Solve H p = gradient into state.step; where nothing answers, a ridge bounds the step.

    `lone`: whether rows that nothing answers to take part. However little they miss, their step is as long as any
    other: where a price at which something begins to answer is met at once, they keep the line search from what the
    other rows need (an account whose names are fixed, with dust of cash that prices cannot tell).
    """
    _write_system(state, factors, steepest, lone)
    _eliminate(state.factor, state.pivot)
    _substitute(state.factor, state.step)
