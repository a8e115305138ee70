"""The dual of a household's problem: gradient, Hessian, Newton steps and an exact line search.

    Phi(theta) = -|nu|^2 / 2 - theta . right side + sum over names of the least of their sides + slacks

Its unknowns are k + g + A + h however many names, positions and lots there are. With q the responses of a side's
columns inside their pieces and Q their sum, a step moves the name's price by

    dr = give ds - stiff sum_c q_c dp_c,    give = 1 / (1 + D Q),   stiff = D give

and its columns by -q_c (dr + dp_c); a side held at a bound has give = 0, stiff = 1 / Q. Two sides in one mixture add
the square of what the step changes their difference by, over the nearness of the share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inlined_kernel, inner_kernel, summing_kernel
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
from lotwise.optimizer.household.problem import BOTH, NEVER, HouseholdColumns, HouseholdState
from lotwise.optimizer.household.row_prices import has_one_link, slack_sign, write_all_prices
from lotwise.optimizer.household.sides import (
    minimise_sides,
    minimise_slacks,
    mix,
    write_price_steps,
)
from lotwise.optimizer.newton_system import REACH, add_to_hessian, solve_newton_step
from lotwise.optimizer.problem import NEARNESS, STEEPEST, STIFFNESS, copy_values

__all__ = ["maximise_dual", "write_row_gaps"]

_MOST_TRIALS = 30  # lengths along a step

# Sides of a name that are no further apart than this part of the household's value are mixed as if they were.
_LEAST_APART = 1e-5

# Proximal weight of a mixture's share, times that of its columns: with less, shares jump from end to end.
_MIXED = 10.0


@inner_kernel
def _minimise_all(columns: HouseholdColumns, state: HouseholdState, factors: int, length: float) -> tuple[float, float]:
    """Minimise sides and slacks; slope and curvature of what they add to the dual along the step."""
    base = state.base
    slope, curvature = minimise_sides(columns, state, length)
    rise, bend = minimise_slacks(columns, state, base.price.size - base.theta.size + factors, length)
    return slope + rise, curvature + bend


@inlined_kernel
def _add_side(columns: HouseholdColumns, state: HouseholdState, side: int, first_row: int) -> None:
    """Add what a side in force answers: to response_next, cross and own."""
    base, at = state.base, columns.sides
    name, share = at[side].name, at[side].share
    if at[side].response == 0.0:
        return
    state.response_next[name] += share * at[side].response * at[side].give
    inside, last = 0, 0
    for c in range(at[side].first, at[side].stop):
        if base.response_next[c] != 0.0:
            inside += 1
            last = c
    if inside == 1 and columns.link_start[last + 1] - columns.link_start[last] == 1:
        part = share * at[side].response * at[side].give
        row = columns.link_row[columns.link_start[last]] - first_row
        state.cross[row, name] += part
        state.own[row, row] += part
        return
    lean = state.lean
    lean[:] = 0.0
    for c in range(at[side].first, at[side].stop):
        q = base.response_next[c]
        if q == 0.0:
            continue
        for link in range(columns.link_start[c], columns.link_start[c + 1]):
            row = columns.link_row[link] - first_row
            part = q * columns.link_coefficient[link]
            lean[row] += part
            for other in range(columns.link_start[c], columns.link_start[c + 1]):
                state.own[row, columns.link_row[other] - first_row] += share * part * columns.link_coefficient[other]
    for a in range(lean.size):
        if lean[a] != 0.0:
            state.cross[a, name] += share * at[side].give * lean[a]
            for b in range(lean.size):
                state.own[a, b] -= share * at[side].stiff * lean[a] * lean[b]


@inlined_kernel
def _add_mixture(columns: HouseholdColumns, state: HouseholdState, side: int, first_row: int) -> None:
    """Add what a share strictly between its ends answers; `side` is the sell side."""
    base, at = state.base, columns.sides
    per = 1.0 / at[side].nearness
    apart = at[side].weight - at[side + 1].weight
    lean = state.lean
    lean[:] = 0.0
    for each in range(2):
        sign = 1.0 - 2.0 * each
        for c in range(at[side + each].first, at[side + each].stop):
            for link in range(columns.link_start[c], columns.link_start[c + 1]):
                row = columns.link_row[link] - first_row
                lean[row] += sign * columns.link_coefficient[link] * base.weight_next[c]
    name = at[side].name
    state.response_next[name] += per * apart * apart
    for a in range(lean.size):
        state.cross[a, name] += per * apart * lean[a]
        for b in range(lean.size):
            state.own[a, b] += per * lean[a] * lean[b]


@summing_kernel
def _write_cross(rows: np.ndarray, cross: np.ndarray, hessian: np.ndarray) -> None:
    """Write the Hessian between the rows of names and those of accounts."""
    m, n = rows.shape
    for a in range(cross.shape[0]):
        part = cross[a]
        for r in range(m):
            row = rows[r]
            total = 0.0
            for i in range(n):
                total += row[i] * part[i]
            hessian[r, m + a] = total


@inner_kernel
def accept_sides(columns: HouseholdColumns, state: HouseholdState, factors: int, anew: bool) -> None:
    """Take over what was minimised last, and let the Hessian follow; `anew`: sum all of it."""
    base, at = state.base, columns.sides
    first_row = columns.base.rows.shape[0]
    slack = base.price.size - base.theta.size + factors
    state.response_next[:] = 0.0
    state.name_weight[:] = 0.0
    state.cross[:, :] = 0.0
    state.own[:, :] = 0.0
    for side in range(at.size):
        if at[side].force == NEVER or at[side].share == 0.0:
            continue
        state.name_weight[at[side].name] += at[side].share * at[side].weight
        _add_side(columns, state, side, first_row)
        if at[side].force == BOTH and not at[side].buys and at[side].share < 1.0:
            _add_mixture(columns, state, side, first_row)
    if anew:
        state.response[:] = 0.0
        base.response[:] = 0.0
        base.hessian[:] = 0.0
        for r in range(factors):
            base.hessian[r, r] = 1.0
    count = 0
    for i in range(state.response.size):
        difference = state.response_next[i] - state.response[i]
        if difference != 0.0:
            base.chosen[count] = i
            base.change[count] = difference
            count += 1
    add_to_hessian(columns.base.rows, base.chosen[:count], base.change[:count], base.block, base.hessian)
    for r in range(factors, first_row):
        base.hessian[r, r] += base.response_next[slack + r - factors] - base.response[slack + r - factors]
    _write_cross(columns.base.rows, state.cross, base.hessian)
    for a in range(state.own.shape[0]):
        for b in range(state.own.shape[0]):
            base.hessian[first_row + a, first_row + b] = state.own[a, b]
        r = first_row + a
        base.hessian[r, r] += base.response_next[slack + r - factors]
    copy_values(state.response_next, state.response)
    copy_values(base.response_next, base.response)
    copy_values(base.weight_next, base.weight)


@inner_kernel
def write_row_gaps(
    columns: HouseholdColumns,
    names: NDArray[np.float64],
    weights: NDArray[np.float64],
    factors: int,
    out: NDArray[np.float64],
) -> None:
    """Write by how much each row misses its right side, slacks included, at weights of names and of columns."""
    slack = weights.size - out.size + factors
    write_row_values(columns.base, names, out)
    for r in range(columns.base.rows.shape[0], out.size):
        out[r] = 0.0
    at = columns.sides
    one_link = has_one_link(columns, slack)
    for side in range(at.size):
        if at[side].force == NEVER or at[side].share == 0.0:
            continue
        if one_link:
            for c in range(at[side].first, at[side].stop):
                out[columns.link_row[c]] += at[side].share * weights[c]
            continue
        for c in range(at[side].first, at[side].stop):
            w = at[side].share * weights[c]
            for link in range(columns.link_start[c], columns.link_start[c + 1]):
                out[columns.link_row[link]] += w * columns.link_coefficient[link]
    for r in range(out.size):
        out[r] -= columns.base.right_side[r]
        if r >= factors:
            out[r] += slack_sign(columns, r) * weights[slack + r - factors]


@inner_kernel
def _write_gradient(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    base = state.base
    write_row_gaps(columns, state.name_weight, base.weight, factors, base.gradient)
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
def _set_mixtures(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Give every mixture its proximal weight, and mix again: a whole share is as far as its two sides are apart."""
    base, table, at = state.base, columns.base.table, columns.sides
    near = columns.base.scales[NEARNESS]
    least = near * columns.base.scales[STIFFNESS] * _LEAST_APART * _LEAST_APART
    for side in range(at.size):
        if at[side].force != BOTH or at[side].buys:
            continue
        spread = 0.0
        for each in range(at[side].stop - at[side].first):
            c, d = at[side].first + each, at[side + 1].first + each
            off = base.weight_next[c] - base.weight_next[d]
            spread += table[c].proximal * off * off
        off = at[side].weight - at[side + 1].weight
        spread += near * columns.curvature[at[side].name] * off * off
        at[side].nearness = max(_MIXED * spread, least)
        mix(columns, side)


@inner_kernel
def _minimise_here(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Minimise everything at state.base.theta, whose prices are written."""
    base, at = state.base, columns.sides
    base.price_step[:] = 0.0
    state.name_step[:] = 0.0
    state.whole_step[:] = 0.0
    copy_values(base.price, state.whole)
    for side in range(at.size):
        at[side].price_step = 0.0
        at[side].price = at[side].price_next
        for c in range(at[side].first, at[side].stop):
            state.whole[c] += at[side].price
    _minimise_all(columns, state, factors, 0.0)
    _set_mixtures(columns, state)


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
