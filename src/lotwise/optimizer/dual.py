"""The dual of an account's problem: its Newton steps and an exact line search.

With s = A theta the (proximal) dual is concave and once differentiable:

    Phi(theta) = -|nu|^2 / 2 - theta . r + sum_j min_w [ g_j(w) + s_j w + e_j (w - z_j)^2 / 2 ]
    gradient   = A' w(s) - r - (nu, 0, 0)
    -Hessian   = diag(1, ..., 1, 0, ..., 0) + sum_j q_j a_j a_j'

where w_j(s) is the minimiser and q_j = 1 / curvature if w_j lies strictly inside a piece, else 0. There are only
k + 1 + g unknowns however many names and lots there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import inner_kernel, summing_kernel
from lotwise.optimizer.active_pieces import minimise_columns, slope_and_curvature
from lotwise.optimizer.newton_system import REACH, accept_responses, solve_newton_step
from lotwise.optimizer.problem import STEEPEST, Columns, State

__all__ = [
    "MOST_IDLE",
    "MOST_TRIALS",
    "MOST_UPDATES",
    "SLOPE_HIGH",
    "SLOPE_LOW",
    "STUCK",
    "Goal",
    "maximise_dual",
    "next_length",
    "sizes_of",
    "write_prices",
    "write_row_values",
]

# Accepted slope at the end of a line search, relative to its start. Looser ones cycle (ALGORITHM, traps).
SLOPE_LOW = -0.1
SLOPE_HIGH = 0.3
MOST_TRIALS = 60

# Steps taken for the residual alone once the decrement is small: more would only stir roundoff.
MOST_IDLE = 3

# A step that ends at a smaller part of its length has gone nowhere.
STUCK = 1e-12

# Steps after which the Hessian is summed anew, before the roundoff of its updates tells.
MOST_UPDATES = 16


class Goal(NamedTuple):
    """When to stop."""

    tolerance: float  # of gradient . step (twice what the dual can still gain) and of |X'(w - b) - nu|^2 / 2, which is
    # part of the gap where names answer steeply though the dual is nearly flat
    residual: float  # largest violation of the cash and group rows, fraction of value
    gain: float  # of the dual, after which to stop anyway (about)
    most_steps: int


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
    whole = m - m % 4
    for r in range(0, whole, 4):
        one, two, three, four = columns.rows[r], columns.rows[r + 1], columns.rows[r + 2], columns.rows[r + 3]
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for i in range(n):
            w = weights[i]
            a += one[i] * w
            b += two[i] * w
            c += three[i] * w
            d += four[i] * w
        out[r], out[r + 1], out[r + 2], out[r + 3] = a, b, c, d
    for r in range(whole, m):
        one = columns.rows[r]
        a = 0.0
        for i in range(n):
            a += one[i] * weights[i]
        out[r] = a


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


@inner_kernel
def _slope_along(columns: Columns, state: State, length: float, start: float, square: float) -> tuple[float, float]:
    """Slope and curvature of Phi at theta + length x step; leaves the minimisers in weight_next.

    `start` is the part of the slope that no column answers for, at length 0; `square` is |nu part of the step|^2.
    """
    minimise_columns(columns, state, length)
    slope, curvature = slope_and_curvature(state)
    return start - length * square + slope, -square - curvature


@inner_kernel
def next_length(length: float, slope: float, curvature: float, low: float, high: float) -> float:
    """Length that a line search tries next: Newton's, inside of what is known to hold the root."""
    following = length - slope / curvature if curvature < 0.0 else np.inf
    if not low < following < high:
        return 0.5 * (low + high) if high < np.inf else 4.0 * length
    return min(following, 16.0 * length) if high == np.inf else following


@inner_kernel
def _line_search(columns: Columns, state: State, decrement: float, start: float, square: float) -> tuple[float, float]:
    """Find a length at which the slope has all but vanished (safeguarded Newton on a falling, continuous slope).

    Returns it and the slope there.
    """
    low = 0.0
    high = np.inf
    length = 1.0
    slope = 0.0
    for _ in range(MOST_TRIALS):
        slope, curvature = _slope_along(columns, state, length, start, square)
        if SLOPE_LOW * decrement <= slope <= SLOPE_HIGH * decrement:
            return length, slope
        if slope > 0.0:
            low = length
        else:
            high = length
        following = next_length(length, slope, curvature, low, high)
        if following == length or (high < np.inf and high - low <= 1e-15 * high):
            return length, slope
        length = following
    slope, _ = _slope_along(columns, state, length, start, square)
    return length, slope


@inner_kernel
def sizes_of(state: State, factors: int) -> tuple[float, float]:
    """Half the square of X'(w - b) - nu, and the largest violation of a cash or group row."""
    mismatch = 0.0
    worst = 0.0
    for r in range(state.gradient.size):
        if r < factors:
            mismatch += 0.5 * state.gradient[r] * state.gradient[r]
        else:
            worst = max(worst, abs(state.gradient[r]))
    return mismatch, worst


@inner_kernel
def _step_along(columns: Columns, state: State, factors: int, decrement: float) -> tuple[float, float]:
    """Search along state.step and go there: about what the dual has gained (by the trapezoid rule), and the length."""
    m = state.theta.size
    write_prices(columns, state.step, factors, state.price_step)
    start = 0.0
    square = 0.0
    for r in range(m):
        start -= columns.right_side[r] * state.step[r]
        if r < factors:
            start -= state.theta[r] * state.step[r]
            square += state.step[r] * state.step[r]
    length, slope = _line_search(columns, state, decrement, start, square)
    for r in range(m):
        state.theta[r] += length * state.step[r]
    for j in range(state.price.size):
        state.price[j] += length * state.price_step[j]
    return 0.5 * length * (decrement + slope), length


@inner_kernel
def maximise_dual(columns: Columns, state: State, factors: int, goal: Goal, anew: bool) -> tuple[bool, int]:
    """Semismooth Newton from state.theta until the goal is reached; returns (reached, steps).

    `state.price` must hold A theta and the active piece of every column be found; `anew`: nothing is known of the
    Hessian.
    """
    m = state.theta.size
    steepest = columns.scales[STEEPEST]
    minimise_columns(columns, state, 0.0)
    accept_responses(columns, state, factors, anew)
    _write_gradient(columns, state, factors)
    idle = 0
    gained = 0.0
    lone = True
    for steps in range(goal.most_steps):
        mismatch, worst = sizes_of(state, factors)
        if 2.0 * mismatch + REACH * steepest * worst <= goal.tolerance and worst <= goal.residual:
            return True, steps  # this bounds the decrement too: the Hessian is at least 1 for exposures
        solve_newton_step(state, factors, steepest, lone)
        decrement = 0.0
        for r in range(m):
            decrement += state.gradient[r] * state.step[r]
        if decrement <= goal.tolerance and mismatch <= goal.tolerance and worst <= goal.residual:
            return True, steps
        if decrement <= goal.tolerance:
            idle += 1
        if idle > MOST_IDLE or not decrement > 0.0:
            return decrement <= goal.tolerance, steps
        gain, length = _step_along(columns, state, factors, decrement)
        gained += gain
        lone = lone and length > STUCK
        accept_responses(columns, state, factors, steps % MOST_UPDATES == MOST_UPDATES - 1)
        _write_gradient(columns, state, factors)
        if gained >= goal.gain:
            return True, steps + 1
    return False, goal.most_steps
