"""The dual of a household's problem: gradient, Hessian, Newton steps and an exact line search.

    Phi(theta) = -|nu|^2 / 2 - theta . right side + sum over names of the least of their sides + slacks

Its unknowns are k + g + A + h however many names, positions and lots there are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel
from lotwise.optimizer.dual import (
    MOST_IDLE,
    MOST_UPDATES,
    SLOPE_HIGH,
    SLOPE_LOW,
    STUCK,
    Goal,
    next_length,
    sizes_of,
    write_row_values,
)
from lotwise.optimizer.household.mixtures import set_mixtures
from lotwise.optimizer.household.problem import HouseholdColumns, HouseholdState, column_of
from lotwise.optimizer.household.responses import accept_sides
from lotwise.optimizer.household.row_prices import slack_sign, sum_of_products, write_all_prices
from lotwise.optimizer.household.side_values import SHARE
from lotwise.optimizer.household.sides import (
    minimise_sides,
    minimise_sides_here,
    minimise_slacks,
    write_price_steps,
)
from lotwise.optimizer.newton_system import REACH, solve_newton_step
from lotwise.optimizer.problem import STEEPEST

__all__ = ["maximise_dual", "write_row_gaps"]

_MOST_TRIALS = 30  # lengths along a step


@inner_kernel
def _minimise_all(columns: HouseholdColumns, state: HouseholdState, factors: int, length: float) -> tuple[float, float]:
    """Minimise sides and slacks; slope and curvature of what they add to the dual along the step."""
    base = state.base
    slope, curvature = minimise_sides(columns, state, length)
    rise, bend = minimise_slacks(columns, state, base.price.size - base.theta.size + factors, length)
    return slope + rise, curvature + bend


@inner_kernel
def write_row_gaps(
    columns: HouseholdColumns, state: HouseholdState, weights: NDArray[np.float64], factors: int
) -> None:
    """Write into the gradient by how much each row misses its right side, slacks included.

    At the weights of names in state.name_weight and those of columns, `weights`.
    """
    out = state.base.gradient
    slack = weights.size - out.size + factors
    write_row_values(columns.base, state.name_weight, out)
    for r in range(columns.base.rows.shape[0], out.size):
        out[r] = 0.0
    at, share = columns.sides, state.of_side[SHARE]
    for run in range(columns.runs[0]):
        first, stop, side = columns.run_start[run], columns.run_start[run + 1], columns.run_side[run]
        row = columns.link_row[first]
        out[row] += sum_of_products(share[side : side + stop - first], weights[first:stop])
    for side in range(0 if columns.runs[0] == 0 else at.size, at.size):
        for level in range(at[side].count):
            c = column_of(columns, side, level)
            w = share[side] * weights[c]
            for link in range(columns.link_start[c], columns.link_start[c + 1]):
                out[columns.link_row[link]] += w * columns.link_coefficient[link]
    for r in range(out.size):
        out[r] -= columns.base.right_side[r]
        if r >= factors:
            out[r] += slack_sign(columns, r) * weights[slack + r - factors]


@inner_kernel
def _write_gradient(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    base = state.base
    write_row_gaps(columns, state, base.weight, factors)
    for r in range(factors):
        base.gradient[r] -= base.theta[r]


@inner_kernel
def _line_search(
    columns: HouseholdColumns, state: HouseholdState, factors: int, decrement: float, start: float, square: float
) -> tuple[float, float]:
    """Find a length at which the slope has all but vanished; returns it and the slope there."""
    low, high, length, slope = 0.0, np.inf, 1.0, 0.0
    at_low, at_high = decrement, 0.0
    for _ in range(_MOST_TRIALS):
        rise, bend = _minimise_all(columns, state, factors, length)
        slope, curvature = start - length * square + rise, -square - bend
        if SLOPE_LOW * decrement <= slope <= SLOPE_HIGH * decrement:
            return length, slope
        if slope > 0.0:
            low, at_low = length, slope
        else:
            high, at_high = length, slope
        following = next_length(length, slope, curvature, low, high)
        if high < np.inf and following == 0.5 * (low + high):
            part = min(max(at_low / (at_low - at_high), 0.1), 0.9)
            following = low + part * (high - low)
        if following == length or (high < np.inf and high - low <= 1e-15 * high):
            return length, slope
        length = following
    rise, _ = _minimise_all(columns, state, factors, length)
    return length, start - length * square + rise


@inner_kernel
def _write_steps(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Write how all prices will move along the step whose parts are written."""
    base = state.base
    write_price_steps(columns, state)
    for j in range(base.price.size - base.theta.size + factors, base.price.size):
        state.whole[j] = base.price[j]
        state.whole_step[j] = base.price_step[j]


@inner_kernel
def _step_along(
    columns: HouseholdColumns, state: HouseholdState, factors: int, decrement: float
) -> tuple[float, float]:
    """Search along the step and go there: about what the dual has gained (by the trapezoid rule), and the length."""
    base = state.base
    write_all_prices(columns, base.step, factors, state.name_step, base.price_step)
    _write_steps(columns, state, factors)
    start, square = 0.0, 0.0
    for r in range(base.theta.size):
        start -= columns.base.right_side[r] * base.step[r]
        if r < factors:
            start -= base.theta[r] * base.step[r]
            square += base.step[r] * base.step[r]
    length, slope = _line_search(columns, state, factors, decrement, start, square)
    for r in range(base.theta.size):
        base.theta[r] += length * base.step[r]
    for i in range(state.name_price.size):
        state.name_price[i] += length * state.name_step[i]
    for j in range(base.price.size):
        base.price[j] += length * base.price_step[j]
    return 0.5 * length * (decrement + slope), length


@inner_kernel
def _minimise_here(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Minimise everything at state.base.theta, whose prices are written."""
    base = state.base
    base.price_step[:] = 0.0
    state.name_step[:] = 0.0
    slack = base.price.size - base.theta.size + factors
    for j in range(slack, base.price.size):
        state.whole[j] = base.price[j]
    minimise_sides_here(columns, state)
    minimise_slacks(columns, state, slack, 0.0)
    set_mixtures(columns, state)


@inner_kernel
def maximise_dual(
    columns: HouseholdColumns, state: HouseholdState, factors: int, goal: Goal, anew: bool
) -> tuple[bool, int]:
    """Semismooth Newton from state.base.theta until the goal is reached; returns (reached, steps).

    Prices must be written and active pieces be found; `anew`: nothing is known of the Hessian.
    """
    base = state.base
    steepest = columns.base.scales[STEEPEST]
    _minimise_here(columns, state, factors)
    accept_sides(columns, state, factors, anew)
    _write_gradient(columns, state, factors)
    idle, gained, lone = 0, 0.0, True
    for steps in range(goal.most_steps):
        mismatch, worst = sizes_of(base, factors)
        if 2.0 * mismatch + REACH * steepest * worst <= goal.tolerance and worst <= goal.residual:
            return True, steps
        solve_newton_step(base, factors, steepest, lone)
        decrement = 0.0
        for r in range(base.theta.size):
            decrement += base.gradient[r] * base.step[r]
        if decrement <= goal.tolerance and mismatch <= goal.tolerance and worst <= goal.residual:
            return True, steps
        if decrement <= goal.tolerance:
            idle += 1
        if idle > MOST_IDLE or not decrement > 0.0:
            return decrement <= goal.tolerance, steps
        gain, length = _step_along(columns, state, factors, decrement)
        gained += gain
        lone = lone and length > STUCK
        accept_sides(columns, state, factors, steps % MOST_UPDATES == MOST_UPDATES - 1)
        _write_gradient(columns, state, factors)
        if gained >= goal.gain:
            return True, steps + 1
    return False, goal.most_steps
