"""What names and the rows of accounts answer to prices: the Hessian of a household's dual.

With q the responses of a side's columns inside their pieces and Q their sum, a step moves the side's price by

    dr = follows ds - stiff sum_c q_c dp_c,    follows = 1 / (1 + D Q),   stiff = D follows

and its columns by -q_c (dr + dp_c); a side held at a bound has follows = 0, stiff = 1 / Q. Two sides in one mixture add
the square of what the step changes their difference by, over the nearness of the share.

What each row of accounts answers is laid out by sides, all of which are taken together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inlined_kernel, inner_kernel, summing_kernel
from lotwise.optimizer.household.problem import BOTH, HouseholdColumns, HouseholdState, column_of
from lotwise.optimizer.household.row_prices import sum_of_products
from lotwise.optimizer.household.side_values import CURVATURE, FOLLOWS, KEPT, LEAN, RESPONSE, SHARE, STIFF, WEIGHT
from lotwise.optimizer.household.sides import answers
from lotwise.optimizer.newton_system import add_to_hessian
from lotwise.optimizer.problem import copy_values

__all__ = ["accept_sides"]


@inner_kernel
def _accept_names(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Write how prices of sides follow, and the weights and responses of names, their sides by their shares."""
    of_side, risk = state.of_side, columns.risk
    follows, stiff, response, kept = of_side[FOLLOWS], of_side[STIFF], of_side[RESPONSE], of_side[KEPT]
    weight, share = of_side[WEIGHT], of_side[SHARE]
    curvature = risk[CURVATURE]
    for side in range(follows.size):
        follows[side], stiff[side] = answers(response[side], 0.0, curvature[side])
    for side in range(follows.size):
        if kept[side] != 0.0:
            follows[side], stiff[side] = answers(response[side], kept[side], curvature[side])
    state.response_next[:] = 0.0
    state.name_weight[:] = 0.0
    for side in range(follows.size):
        name = columns.name_of[side]
        state.name_weight[name] += share[side] * weight[side]
        state.response_next[name] += share[side] * response[side] * follows[side]


@inner_kernel
def _write_leans(columns: HouseholdColumns, state: HouseholdState, first_row: int) -> None:
    """Write what the columns of each side answer to each row of accounts; of rows that share columns, to each other."""
    leans, own, share, answer = state.leans, state.own, state.of_side[SHARE], state.base.response_next
    leans[:, :] = 0.0
    for run in range(columns.runs[0]):
        first, stop, side = columns.run_start[run], columns.run_start[run + 1], columns.run_side[run]
        copy_values(answer[first:stop], leans[columns.link_row[first] - first_row, side : side + stop - first])
    for side in range(0 if columns.runs[0] == 0 else share.size, share.size):
        for level in range(columns.sides[side].count):
            c = column_of(columns, side, level)
            for link in range(columns.link_start[c], columns.link_start[c + 1]):
                row, part = columns.link_row[link] - first_row, answer[c] * columns.link_coefficient[link]
                leans[row, side] += part
                for other in range(columns.link_start[c], columns.link_start[c + 1]):
                    shared = share[side] * part * columns.link_coefficient[other]
                    own[row, columns.link_row[other] - first_row] += shared


@inner_kernel
def _accept_rows(columns: HouseholdColumns, state: HouseholdState, first_row: int) -> None:
    """Write what rows of accounts answer to s and to each other, at given shares."""
    cross, own, leans, part = state.cross, state.own, state.leans, state.of_side[LEAN]
    share, follows, stiff = state.of_side[SHARE], state.of_side[FOLLOWS], state.of_side[STIFF]
    own[:, :] = 0.0
    cross[:, :] = 0.0
    _write_leans(columns, state, first_row)
    for a in range(own.shape[0]):
        lean = leans[a]
        if columns.runs[0] > 0:
            own[a, a] = sum_of_products(share, lean)
        for side in range(part.size):
            part[side] = share[side] * stiff[side] * lean[side]
        for b in range(a, own.shape[0]):
            own[a, b] -= sum_of_products(part, leans[b])
        for side in range(part.size):
            part[side] = share[side] * follows[side] * lean[side]
        for side in range(part.size):
            cross[a, columns.name_of[side]] += part[side]


@inlined_kernel
def _add_mixture(columns: HouseholdColumns, state: HouseholdState, side: int, first_row: int) -> None:
    """Add what a share strictly between its ends answers; `side` is the sell side."""
    base, at, lean = state.base, columns.sides, state.lean
    per = 1.0 / at[side].nearness
    apart = state.of_side[WEIGHT, side] - state.of_side[WEIGHT, side + 1]
    lean[:] = 0.0
    for each in range(2):
        sign = 1.0 - 2.0 * each
        for level in range(at[side + each].count):
            c = column_of(columns, side + each, level)
            for link in range(columns.link_start[c], columns.link_start[c + 1]):
                row = columns.link_row[link] - first_row
                lean[row] += sign * columns.link_coefficient[link] * base.weight_next[c]
    name = columns.name_of[side]
    state.response_next[name] += per * apart * apart
    for a in range(lean.size):
        state.cross[a, name] += per * apart * lean[a]
        for b in range(a, lean.size):
            state.own[a, b] += per * lean[a] * lean[b]


@summing_kernel
def _write_cross(rows: NDArray[np.float64], cross: NDArray[np.float64], hessian: NDArray[np.float64]) -> None:
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
def _accept_mixtures(columns: HouseholdColumns, state: HouseholdState, first_row: int) -> None:
    """Add what shares strictly between their ends answer."""
    share = state.of_side[SHARE]
    for side in range(columns.sides.size):
        if columns.force[side] == BOTH and not columns.sides[side].buys and 0.0 < share[side] < 1.0:
            _add_mixture(columns, state, side, first_row)


@inner_kernel
def accept_sides(columns: HouseholdColumns, state: HouseholdState, factors: int, anew: bool) -> None:
    """Take over what was minimised last, and let the Hessian follow; `anew`: sum all of it."""
    base = state.base
    first_row = columns.base.rows.shape[0]
    slack = base.price.size - base.theta.size + factors
    _accept_names(columns, state)
    _accept_rows(columns, state, first_row)
    _accept_mixtures(columns, state, first_row)
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
        for b in range(a, state.own.shape[0]):
            base.hessian[first_row + a, first_row + b] = state.own[a, b]
        r = first_row + a
        base.hessian[r, r] += base.response_next[slack + r - factors]
    copy_values(state.response_next, state.response)
    copy_values(base.response_next, base.response)
    copy_values(base.weight_next, base.weight)
