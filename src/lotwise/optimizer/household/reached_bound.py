"""A household's lower bound held against trades that cash or a bound moved: whole shares never meet them to the cent.

The cases that proved the bound are taken again, each at its multipliers: cash and groups are what they have become,
and bounds on names and positions as wide as they were missed. Between a name and its positions stands the price r, and
any r gives a bound (weak duality), the best of them the least of the name's side: found by halving.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inlined_kernel, inner_kernel, kernel
from lotwise.optimizer.household.position_weights import missed, most_of_position, objective_at, slack_value, write_rows
from lotwise.optimizer.household.problem import HouseholdColumns, HouseholdProblem, HouseholdWorkspace, column_of
from lotwise.optimizer.household.row_prices import slack_sign
from lotwise.optimizer.pieces import branch_minimum, value_at
from lotwise.optimizer.preparation import penalty_of
from lotwise.optimizer.problem import Cases

__all__ = ["bound_as_reached", "objective_at"]

# A bound missed by less than this fraction of value is kept: what rounding misses is fined, and bounded, as before.
_KEPT = 1e-12

# Halvings of the range of a name's price: enough for its last bit.
_MOST_HALVINGS = 100


@inlined_kernel
def _vertex(curvature: float, anchor: float, price: float) -> float:
    """Where D (t - b)^2 / 2 + price x t is least."""
    if curvature > 0.0:
        return anchor - price / curvature
    return np.inf if price < 0.0 else -np.inf


@inner_kernel
def _least_of_name(
    risk: tuple[float, float], bounds: tuple[float, float, float], price: float, ends: tuple[float, float]
) -> tuple[float, float]:
    """Least over t in `ends` of D (t - b)^2 / 2 + fines + price x t, and where; `bounds` = (low, high, penalty)."""
    curvature, anchor = risk
    low, high, penalty = bounds
    t = _vertex(curvature, anchor, price - penalty)
    if not t < low:
        t = max(_vertex(curvature, anchor, price), low)
        if t > high:
            t = max(_vertex(curvature, anchor, price + penalty), high)
    t = min(max(t, ends[0]), ends[1])
    away = t - anchor
    return 0.5 * curvature * away * away + penalty * missed(t, low, high) + price * t, t


@inner_kernel
def _least_of_column(
    columns: HouseholdColumns, column: int, price: float, refund: tuple[float, float, float, float]
) -> tuple[float, float]:
    """Least of a position's true function + price x w, and where; lines are least where they end.

    `refund` = (low, high, weight, fine): what misses a bound no further than `weight` pays no fine, what misses it
    further is refunded that much. A fine of 0 refunds nothing.
    """
    table, pieces = columns.base.table, columns.base.pieces
    low, high, weight, fine = refund
    least, at = np.inf, 0.0
    for p in range(table[column].own_start, table[column].own_stop):
        left, right = pieces[p].left, pieces[p].right
        for end in range(3):
            w = left if end == 0 else (right if end == 1 else min(max(weight, left), right))
            total = pieces[p].value + pieces[p].slope * (w - left) + price * w
            if fine > 0.0 and weight > high:
                total -= fine * min(max(w - high, 0.0), weight - high)
            elif fine > 0.0 and weight < low:
                total -= fine * min(max(low - w, 0.0), low - weight)
            if total < least:
                least, at = total, w
    return least, at


@inner_kernel
def _price_on(columns: HouseholdColumns, column: int, theta: NDArray[np.float64]) -> float:
    """Price that multipliers put on a column, without its name's."""
    total = 0.0
    for link in range(columns.link_start[column], columns.link_start[column + 1]):
        total += columns.link_coefficient[link] * theta[columns.link_row[link]]
    return total


@inner_kernel
def _ends_of_side(columns: HouseholdColumns, side: int) -> tuple[float, float]:
    """What a side's columns can add up to, whatever is pinned by now."""
    table, pieces, at = columns.base.table, columns.base.pieces, columns.sides
    least, most = 0.0, 0.0
    for level in range(at[side].count):
        c = column_of(columns, side, level)
        least += pieces[table[c].own_start].left
        most += pieces[table[c].own_stop - 1].right
    return least, most


@inner_kernel
def _least_of_side(
    problem: HouseholdProblem,
    columns: HouseholdColumns,
    side: int,
    theta: NDArray[np.float64],
    missing: tuple[float, NDArray[np.float64], float],
) -> float:
    """Least of a side's function + what multipliers put on it; `missing` = (weight t, weights, refunded fine).

    With a fine to refund, bounds are as wide as the weights miss them.
    """
    t, weights, fine = missing
    name, penalty = columns.name_of[side], penalty_of(columns.base)
    low, high = columns.low[name], columns.high[name]
    if fine > 0.0:
        low, high = min(low, t), max(high, t)
    s = 0.0
    for r in range(columns.base.rows.shape[0]):
        s += columns.base.rows[r, name] * theta[r]
    curvature, anchor = columns.curvature[name], columns.anchor[name]
    ends = _ends_of_side(columns, side)
    down = s + curvature * (ends[0] - anchor) - penalty
    up = s + curvature * (ends[1] - anchor) + penalty
    best = -np.inf
    for _ in range(_MOST_HALVINGS):
        r = 0.5 * (down + up)
        value, wanted = _least_of_name((curvature, anchor), (low, high, penalty), s - r, ends)
        for level in range(columns.sides[side].count):
            c = column_of(columns, side, level)
            p = columns.position[c]
            refund = (problem.position_low[p], most_of_position(problem, p), weights[p], fine)
            least, w = _least_of_column(columns, c, _price_on(columns, c, theta) + r, refund)
            value += least
            wanted -= w
        best = max(best, value)
        if wanted == 0.0 or r in (down, up):
            break
        if wanted < 0.0:
            down = r
        else:
            up = r
    return best


@inner_kernel
def _said_of(cases: Cases, case: int, sells: int) -> int:
    """The side that a case allows a name whose sell side is `sells`; -1 = either."""
    for d in range(cases.depth[case]):
        if cases.said[case, d] // 2 == sells:
            return int(sells + cases.said[case, d] % 2)
    return -1


@inner_kernel
def _fall_of_name(
    problem: HouseholdProblem, fit: HouseholdWorkspace, case: int, name: int, weights: NDArray[np.float64]
) -> float:
    """How much a case's dual value falls (0 or less) when a name's bounds are as wide as `weights` miss them."""
    columns, theta = fit.columns, fit.cases.theta[case]
    first = columns.side_of[name]
    said = _said_of(fit.cases, case, first) if columns.sides[first].other >= 0 else -1
    t, penalty = fit.state.name_weight[name], penalty_of(columns.base)
    kept, wide = np.inf, np.inf
    for side in range(first, first + (2 if columns.sides[first].other >= 0 else 1)):
        if said in (-1, side):
            kept = min(kept, _least_of_side(problem, columns, side, theta, (t, weights, 0.0)))
            wide = min(wide, _least_of_side(problem, columns, side, theta, (t, weights, penalty)))
    return min(wide - kept, 0.0)


@inner_kernel
def _fines_of(problem: HouseholdProblem, name: int, t: float, weights: NDArray[np.float64]) -> float:
    """By how much a name and its positions miss their bounds."""
    total = missed(t, problem.low[name], problem.high[name])
    total = total if total > _KEPT else 0.0
    for p in range(problem.position_start[name], problem.position_start[name + 1]):
        off = missed(weights[p], problem.position_low[p], most_of_position(problem, p))
        total += off if off > _KEPT else 0.0
    return total


@inner_kernel
def _rows_as_reached(
    columns: HouseholdColumns, theta: NDArray[np.float64], rows: NDArray[np.float64], factors: int
) -> float:
    """How much the dual value rises when cash and values of groups are taken as they are."""
    base, table = columns.base, columns.base.table
    slack = table.size - rows.size + factors
    total = 0.0
    for r in range(factors, rows.size):
        j = slack + r - factors
        price, value = slack_sign(columns, r) * theta[r], slack_value(columns, r, rows)
        start, stop = table[j].own_start, table[j].own_stop
        least, _ = branch_minimum(base, j, start, stop, price)
        total += value_at(base, j, start, stop, value) + price * value - least
    return total


@kernel
def bound_as_reached(
    problem: HouseholdProblem, fit: HouseholdWorkspace, weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Lower bound / gamma over all portfolios that end with the cash and the values of groups that `weights` (C,) do.

    From the cases that proved the household's bound; bounds on names and positions that `weights` miss are taken as
    wide as they were missed. What cash or a bound moved is neither a gain nor a loss of the optimizer. Also returns the
    fines / gamma that `weights` pay for those names and positions. What rows reach is left in state.base.gradient.
    """
    write_rows(problem, fit, weights)
    columns, cases, rows = fit.columns, fit.cases, fit.state.base.gradient
    fines = 0.0
    for i in range(problem.target.size):
        fines += penalty_of(columns.base) * _fines_of(problem, i, fit.state.name_weight[i], weights)
    bound = np.inf
    for case in range(cases.closed[0]):
        value = cases.bound[case] + _rows_as_reached(columns, cases.theta[case], rows, problem.loadings.shape[1])
        if fines > 0.0:
            for i in range(problem.target.size):
                if _fines_of(problem, i, fit.state.name_weight[i], weights) > 0.0:
                    value += _fall_of_name(problem, fit, case, i, weights)
        bound = min(bound, value)
    return bound, fines
