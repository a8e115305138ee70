"""The dual of an account's problem: its Newton steps and an exact line search.

With s = A theta the (proximal) dual is concave and once differentiable:

    Phi(theta) = -|nu|^2 / 2 - theta . r + sum_j min_w [ g_j(w) + s_j w + e_j (w - z_j)^2 / 2 ]
    gradient   = A' w(s) - r - (nu, 0, 0)
    -Hessian   = diag(1, ..., 1, 0, ..., 0) + sum_j q_j a_j a_j'

where w_j(s) is the minimiser and q_j = 1 / curvature if w_j lies strictly inside a piece, else 0. There are only
k + 1 + g unknowns however many names and lots there are.
"""

from __future__ import annotations

import numpy as np

from lotwise.kernels import inner_kernel, summing_kernel
from lotwise.optimizer.active_pieces import minimise_columns, slope_and_curvature
from lotwise.optimizer.problem import BLOCK, STEEPEST, Columns, State, copy_values

__all__ = ["maximise_dual", "write_prices", "write_row_values"]

# Accepted slope at the end of a line search, relative to its start. Looser ones cycle (ALGORITHM, traps).
_SLOPE_LOW = -0.1
_SLOPE_HIGH = 0.3
_MOST_TRIALS = 60

# Steps taken for the residual alone once the decrement is small: more would only stir roundoff.
_MOST_IDLE = 3

# Steps after which the Hessian is summed anew, before the roundoff of its updates tells.
_MOST_UPDATES = 16

# Relative ridge under which a pivot counts as zero: no name inside a piece answers in that direction.
_RIDGE = 1e-12

# Where no column answers to a cash or group row, its multiplier may move this many times the range of slopes in one
# step. The term is proportional to the row's residual, so that it vanishes, and Newton's speed returns, at the end.
_REACH = 50.0


@summing_kernel
def write_prices(columns: Columns, theta: np.ndarray, factors: int, out: np.ndarray) -> None:
    """Write s = A theta for every column: names, then cash, then one slack per group row."""
    m, n = columns.rows.shape
    prices = out[:n]
    prices[:] = theta[factors]
    whole = factors - factors % 4
    for r in range(0, whole, 4):
        t, u, v, x = theta[r], theta[r + 1], theta[r + 2], theta[r + 3]
        one, two, three, four = columns.rows[r], columns.rows[r + 1], columns.rows[r + 2], columns.rows[r + 3]
        for i in range(n):
            prices[i] += t * one[i] + u * two[i] + (v * three[i] + x * four[i])
    for r in range(whole, m):
        if r != factors:
            t = theta[r]
            one = columns.rows[r]
            for i in range(n):
                prices[i] += t * one[i]
    out[n] = theta[factors]
    for g in range(m - factors - 1):
        out[n + 1 + g] = -theta[factors + 1 + g]


@summing_kernel
def write_row_values(columns: Columns, weights: np.ndarray, out: np.ndarray) -> None:
    """Write A'w: exposures, the sum of the names' weights, group values."""
    m, n = columns.rows.shape
    for r in range(m):
        row = columns.rows[r]
        total = 0.0
        for i in range(n):
            total += row[i] * weights[i]
        out[r] = total


@inner_kernel
def _write_gradient(columns: Columns, state: State, factors: int) -> None:
    """Write A'w - r - (nu, 0, 0)."""
    m, n = columns.rows.shape
    write_row_values(columns, state.weight, state.gradient)
    for r in range(m):
        state.gradient[r] -= columns.right_side[r]
        if r < factors:
            state.gradient[r] -= state.theta[r]
    state.gradient[factors] += state.weight[n]
    for g in range(m - factors - 1):
        state.gradient[factors + 1 + g] -= state.weight[n + 1 + g]


@summing_kernel
def _add_names(
    rows: np.ndarray, chosen: np.ndarray, change: np.ndarray, block: np.ndarray, hessian: np.ndarray
) -> None:
    """Add change x a a' of the chosen names to the lower triangle, a block of names at a time."""
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
            whole = (r + 1) - (r + 1) % 4
            for c in range(0, whole, 4):
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
            for c in range(whole, r + 1):
                one = plain[c]
                a = 0.0
                for t in range(size):
                    a += own[t] * one[t]
                hessian[r, c] += a


@inner_kernel
def _accept(columns: Columns, state: State, factors: int, anew: bool) -> None:
    """Take weight_next and response_next over, and let the Hessian follow; `anew`: sum all of it."""
    m, n = columns.rows.shape
    changed = 0
    inside = 0
    for j in range(n):
        changed += state.response_next[j] != state.response[j]
        inside += state.response_next[j] != 0.0
    anew = anew or changed > inside
    if anew:
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
    _add_names(columns.rows, state.chosen[:count], state.change[:count], state.block, state.hessian)
    for r in range(factors, m):
        state.hessian[r, r] += state.response_next[n + r - factors] - state.response[n + r - factors]
    copy_values(state.response_next, state.response)
    copy_values(state.weight_next, state.weight)


@inner_kernel
def _factorise(state: State, factors: int, steepest: float) -> None:
    """Cholesky factor of the Hessian; where nothing answers a ridge bounds the step."""
    m = state.gradient.size
    factor, pivot = state.factor, state.pivot
    for r in range(m):
        for c in range(r + 1):
            factor[r, c] = state.hessian[r, c]
    for r in range(factors, m):
        factor[r, r] += abs(state.gradient[r]) / (_REACH * steepest)
    for p in range(m):
        pivot[p] = _RIDGE * max(factor[p, p], 1e-6)  # least that may be left of it
    for p in range(m):
        root = np.sqrt(max(factor[p, p], pivot[p]))
        factor[p, p] = root
        for r in range(p + 1, m):
            factor[r, p] /= root
        for r in range(p + 1, m):
            at_p = factor[r, p]
            for c in range(p + 1, r + 1):
                factor[r, c] -= at_p * factor[c, p]


@inner_kernel
def _newton_step(state: State, factors: int, steepest: float) -> None:
    """Solve H p = gradient."""
    _factorise(state, factors, steepest)
    m = state.gradient.size
    factor, step = state.factor, state.step
    for r in range(m):
        total = state.gradient[r]
        for t in range(r):
            total -= factor[r, t] * step[t]
        step[r] = total / factor[r, r]
    for back in range(m):
        r = m - 1 - back
        step[r] /= factor[r, r]
        for t in range(r):
            step[t] -= factor[r, t] * step[r]


@inner_kernel
def _slope_along(columns: Columns, state: State, length: float, start: float, square: float) -> tuple[float, float]:
    """Slope and curvature of Phi at theta + length x step; leaves the minimisers in weight_next.

    `start` is the part of the slope that no column answers for, at length 0; `square` is |nu part of the step|^2.
    """
    minimise_columns(columns, state, length)
    slope, curvature = slope_and_curvature(state)
    return start - length * square + slope, -square - curvature


@inner_kernel
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


@inner_kernel
def maximise_dual(
    columns: Columns, state: State, factors: int, tolerance: float, residual: float, most_steps: int, anew: bool
) -> tuple[bool, int]:
    """Semismooth Newton from state.theta until the decrement and the hard rows' residual are small.

    Returns (reached, steps). `tolerance` bounds gradient . step (twice what the dual can still gain) and half the
    square of X'(w - b) - nu, which is part of the gap where names answer steeply though the dual is nearly flat;
    `residual` the largest violation of the cash and group rows, as fractions of value. `state.price` must hold
    A theta and the active piece of every column be found; `anew`: nothing is known of the Hessian.
    """
    m = state.theta.size
    minimise_columns(columns, state, 0.0)
    _accept(columns, state, factors, anew)
    _write_gradient(columns, state, factors)
    idle = 0
    for steps in range(most_steps):
        _newton_step(state, factors, columns.scales[STEEPEST])
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
        write_prices(columns, state.step, factors, state.price_step)
        start = 0.0
        square = 0.0
        for r in range(m):
            start -= columns.right_side[r] * state.step[r]
            if r < factors:
                start -= state.theta[r] * state.step[r]
                square += state.step[r] * state.step[r]
        length = _line_search(columns, state, decrement, start, square)
        for r in range(m):
            state.theta[r] += length * state.step[r]
        for j in range(state.price.size):
            state.price[j] += length * state.price_step[j]
        _accept(columns, state, factors, steps % _MOST_UPDATES == _MOST_UPDATES - 1)
        _write_gradient(columns, state, factors)
    return False, most_steps
