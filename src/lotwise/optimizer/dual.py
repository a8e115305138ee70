"""The dual of an account's problem: its value, its Newton steps, and an exact line search.

With s = A theta the (proximal) dual is concave and once differentiable:

    Phi(theta) = -|nu|^2 / 2 - theta . r + sum_j min_w [ g_j(w) + s_j w + e_j (w - z_j)^2 / 2 ]
    gradient   = A' w(s) - r - (nu, 0, 0)
    -Hessian   = diag(1, ..., 1, 0, ..., 0) + sum_j q_j a_j a_j'

where w_j(s) is the minimiser and q_j = 1 / curvature if w_j lies strictly inside a piece, else 0. There are only
k + 1 + g unknowns however many names and lots there are.
"""

from __future__ import annotations

import numpy as np

from lotwise.kernels import kernel
from lotwise.optimizer.pieces import branch_minimum, settle
from lotwise.optimizer.problem import Columns, State

__all__ = ["dual_bound", "maximise_dual"]

# Accepted slope at the end of a line search, relative to its start. Looser ones cycle (ALGORITHM, traps).
_SLOPE_LOW = -0.1
_SLOPE_HIGH = 0.3
_MOST_TRIALS = 60

# Steps taken for the residual alone once the decrement is small: more would only stir roundoff.
_MOST_IDLE = 3

# Relative ridge under which a pivot counts as zero: no name inside a piece answers in that direction.
_RIDGE = 1e-12

# Where no column answers to a cash or group row, its multiplier may move this many times the range of slopes in one
# step. The term is proportional to the row's residual, so that it vanishes, and Newton's speed returns, at the end.
_REACH = 50.0


@kernel
def _prices(columns: Columns, theta: np.ndarray, factors: int, out: np.ndarray) -> None:
    """Write s = A theta for every column: names, then cash, then one slack per group row."""
    n, m = columns.coupling.shape
    for i in range(n):
        total = 0.0
        for r in range(m):
            total += columns.coupling[i, r] * theta[r]
        out[i] = total
    out[n] = theta[factors]
    for g in range(m - factors - 1):
        out[n + 1 + g] = -theta[factors + 1 + g]


@kernel
def _settle_all(columns: Columns, state: State) -> None:
    """Minimise every column at the prices in `state.price`."""
    for j in range(state.price.size):
        w, q, p = settle(columns, j, state.price[j], state.piece[j])
        state.weight[j] = w
        state.response[j] = q
        state.piece[j] = p


@kernel
def _gradient(columns: Columns, state: State, factors: int) -> None:
    """Write A'w - r - (nu, 0, 0)."""
    n, m = columns.coupling.shape
    for r in range(m):
        state.gradient[r] = -columns.right_side[r]
    for r in range(factors):
        state.gradient[r] -= state.theta[r]
    for i in range(n):
        w = state.weight[i]
        if w != 0.0:
            for r in range(m):
                state.gradient[r] += w * columns.coupling[i, r]
    state.gradient[factors] += state.weight[n]
    for g in range(m - factors - 1):
        state.gradient[factors + 1 + g] -= state.weight[n + 1 + g]


@kernel
def _add_outer(coupling: np.ndarray, name: int, amount: float, hessian: np.ndarray) -> None:
    """Add amount x a a' of one name; whole rows, though the matrix is symmetric, since they vectorise."""
    m = coupling.shape[1]
    for r in range(m):
        scaled = amount * coupling[name, r]
        for c in range(m):
            hessian[r, c] += scaled * coupling[name, c]


@kernel
def _add_all_outer(coupling: np.ndarray, response: np.ndarray, chosen: np.ndarray, hessian: np.ndarray) -> None:
    """Add q a a' of every name inside a piece, four at a time: the matrix is read and written a quarter as often."""
    n, m = coupling.shape
    count = 0
    for i in range(n):
        if response[i] != 0.0:
            chosen[count] = i
            count += 1
    whole = count - count % 4
    for p in range(0, whole, 4):
        i, j, k, t = chosen[p], chosen[p + 1], chosen[p + 2], chosen[p + 3]
        for r in range(m):
            at_i = response[i] * coupling[i, r]
            at_j = response[j] * coupling[j, r]
            at_k = response[k] * coupling[k, r]
            at_t = response[t] * coupling[t, r]
            for c in range(m):
                hessian[r, c] += (
                    at_i * coupling[i, c] + at_j * coupling[j, c] + at_k * coupling[k, c] + at_t * coupling[t, c]
                )
    for p in range(whole, count):
        _add_outer(coupling, chosen[p], response[chosen[p]], hessian)


@kernel
def _add_to_hessian(columns: Columns, state: State, column: int, amount: float, factors: int) -> None:
    """Add amount x a_j a_j' of one column."""
    n = columns.coupling.shape[0]
    if column >= n:
        row = factors + column - n
        state.hessian[row, row] += amount
    else:
        _add_outer(columns.coupling, column, amount, state.hessian)


@kernel
def _rebuild_hessian(columns: Columns, state: State, factors: int) -> None:
    state.hessian[:] = 0.0
    for r in range(factors):
        state.hessian[r, r] = 1.0
    n = columns.coupling.shape[0]
    _add_all_outer(columns.coupling, state.response, state.chosen, state.hessian)
    for j in range(n, state.response.size):
        _add_to_hessian(columns, state, j, state.response[j], factors)


@kernel
def _newton_step(state: State, factors: int, steepest: float) -> None:
    """Solve H p = gradient by Cholesky; where nothing answers a ridge bounds the step."""
    m = state.gradient.size
    factor = state.factor
    for r in range(factors, m):
        state.ridge[r] = abs(state.gradient[r]) / (_REACH * steepest)
    for r in range(m):
        for c in range(r + 1):
            total = state.hessian[c, r]
            if r == c:
                total += state.ridge[r]
            for t in range(c):
                total -= factor[r, t] * factor[c, t]
            if r == c:
                least = _RIDGE * max(state.hessian[r, r] + state.ridge[r], 1e-6)
                factor[r, r] = np.sqrt(max(total, least))
            else:
                factor[r, c] = total / factor[c, c]
    step = state.step
    for r in range(m):
        total = state.gradient[r]
        for t in range(r):
            total -= factor[r, t] * step[t]
        step[r] = total / factor[r, r]
    for back in range(m):
        r = m - 1 - back
        total = step[r]
        for t in range(r + 1, m):
            total -= factor[t, r] * step[t]
        step[r] = total / factor[r, r]


@kernel
def _slope_along(columns: Columns, state: State, length: float, start: float, square: float) -> tuple[float, float]:
    """Slope and curvature of Phi at theta + length x step; leaves the minimisers in weight_next.

    `start` is the part of the slope that no column answers for, at length 0; `square` is |nu part of the step|^2.
    """
    slope = start - length * square
    curvature = -square
    for j in range(state.price.size):
        ds = state.price_step[j]
        w, q, p = settle(columns, j, state.price[j] + length * ds, state.piece[j])
        state.weight_next[j] = w
        state.response_next[j] = q
        state.piece[j] = p
        slope += w * ds
        curvature -= q * ds * ds
    return slope, curvature


@kernel
def _line_search(columns: Columns, state: State, decrement: float, start: float, square: float) -> float:
    """Find a length at which the slope has all but vanished (safeguarded Newton on a falling, continuous slope)."""
    low = 0.0
    high = np.inf
    length = 1.0
    for _ in range(_MOST_TRIALS):
        slope, curvature = _slope_along(columns, state, length, start, square)
        if _SLOPE_LOW * decrement <= slope <= _SLOPE_HIGH * decrement:
            return length
        if slope > 0.0:
            low = length
        else:
            high = length
        following = length - slope / curvature if curvature < 0.0 else np.inf
        if not low < following < high:
            following = 0.5 * (low + high) if high < np.inf else 4.0 * length
        elif high == np.inf:
            following = min(following, 16.0 * length)
        if following == length or high - low <= 1e-15 * high:
            return length
        length = following
    _slope_along(columns, state, length, start, square)
    return length


@kernel
def maximise_dual(
    columns: Columns, state: State, factors: int, tolerance: float, residual: float, most_steps: int
) -> tuple[bool, int]:
    """Semismooth Newton from state.theta until the decrement and the hard rows' residual are small.

    Returns (reached, steps). `tolerance` bounds gradient . step (twice what the dual can still gain) and half the
    square of X'(w - b) - nu, which is part of the gap where names answer steeply though the dual is nearly flat;
    `residual` the largest violation of the cash and group rows, as fractions of value.
    """
    m = state.theta.size
    _prices(columns, state.theta, factors, state.price)
    _settle_all(columns, state)
    _gradient(columns, state, factors)
    _rebuild_hessian(columns, state, factors)
    idle = 0
    for steps in range(most_steps):
        _newton_step(state, factors, columns.steepest[0])
        decrement = 0.0
        worst = 0.0
        mismatch = 0.0
        for r in range(m):
            decrement += state.gradient[r] * state.step[r]
            if r >= factors:
                worst = max(worst, abs(state.gradient[r]))
            else:
                mismatch += 0.5 * state.gradient[r] * state.gradient[r]
        if decrement <= tolerance and mismatch <= tolerance and worst <= residual:
            return True, steps
        if decrement <= tolerance:
            idle += 1
        if idle > _MOST_IDLE or not decrement > 0.0:
            return decrement <= tolerance, steps
        _prices(columns, state.step, factors, state.price_step)
        start = 0.0
        square = 0.0
        for r in range(m):
            start -= columns.right_side[r] * state.step[r]
            if r < factors:
                start -= state.theta[r] * state.step[r]
                square += state.step[r] * state.step[r]
        length = _line_search(columns, state, decrement, start, square)
        changed = 0
        inside = 0
        for j in range(state.price.size):
            changed += state.response_next[j] != state.response[j]
            inside += state.response_next[j] != 0.0
        rebuild = 2 * changed > inside or steps % 16 == 15
        for r in range(m):
            state.theta[r] += length * state.step[r]
        for j in range(state.price.size):
            state.price[j] += length * state.price_step[j]
            difference = state.response_next[j] - state.response[j]
            if difference != 0.0 and not rebuild:
                _add_to_hessian(columns, state, j, difference, factors)
            state.response[j] = state.response_next[j]
            state.weight[j] = state.weight_next[j]
        if rebuild:
            _rebuild_hessian(columns, state, factors)
        _gradient(columns, state, factors)
    return False, most_steps


@kernel
def dual_bound(columns: Columns, state: State, theta: np.ndarray, factors: int, branches: bool) -> float:
    """Dual value at any multipliers, from the true functions: a lower bound that trusts no solver.

    A kinked name takes the better of its two branches, which is what makes the bound hold for the non-convex problem.
    With `branches` the pieces in force are used instead (the bound of one choice of signs).
    """
    _prices(columns, theta, factors, state.price_step)
    total = 0.0
    for r in range(theta.size):
        total -= theta[r] * columns.right_side[r]
        if r < factors:
            total -= 0.5 * theta[r] * theta[r]
    for j in range(state.price.size):
        s = state.price_step[j]
        if branches:
            best, _ = branch_minimum(columns, j, columns.table[j].start, columns.table[j].stop, s)
        elif columns.table[j].kinked:
            best, _ = branch_minimum(columns, j, columns.table[j].own_start, columns.table[j].hinge, s)
            other, _ = branch_minimum(columns, j, columns.table[j].hinge, columns.table[j].own_stop, s)
            best = min(best, other)
        else:
            best, _ = branch_minimum(columns, j, columns.table[j].own_start, columns.table[j].own_stop, s)
        total += best
    return total
