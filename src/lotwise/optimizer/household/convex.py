"""The convex problem of a household, to a certified gap: proximal rounds around a semismooth Newton on the dual."""

from __future__ import annotations

import numpy as np

from lotwise.kernels import inner_kernel
from lotwise.optimizer.active_pieces import LOWER, UPPER, find_active_piece
from lotwise.optimizer.convex import Aim, Certified
from lotwise.optimizer.dual import Goal
from lotwise.optimizer.household.dual import (
    maximise_dual,
    slack_sign,
    write_all_prices,
    write_row_gaps,
)
from lotwise.optimizer.household.problem import BOTH, NEVER, HouseholdColumns, HouseholdState
from lotwise.optimizer.household.sides import write_price_steps
from lotwise.optimizer.newton_system import solve_newton_step
from lotwise.optimizer.pieces import least_from, value_from
from lotwise.optimizer.preparation import penalty_of
from lotwise.optimizer.problem import NEARNESS, STEEPEST, STIFFNESS, SolveStatus, copy_values

__all__ = ["renew", "solve_convex", "solve_warm"]

_SOLVED = int(SolveStatus.SOLVED)
_GAVE_UP = int(SolveStatus.GAVE_UP)

_FIRST_NEARNESS = 3e-3
_SHRINK = 0.3
_LEAST_NEARNESS = 1e-9
_WARM_NEARNESS = 3e-5
_UPDATED_NEARNESS = 1e-6
_MOST_ROUNDS = 60
_MOST_STEPS = 400  # of a solve
_MOST_STEPS_OF_ROUND = 80

_RESIDUAL = 1e-11
_LOOSE_RESIDUAL = 1e-7
_EARLY = 1e-3
_EARLIEST = 1e3
_LEAST_RESIDUAL = 1e-15
_MORE = 1.05
_MOST_REPAIRS = 4
_ROUNDOFF = 1e-12
_STALLED = 1e-11


@inner_kernel
def _proximal_of(columns: HouseholdColumns, column: int) -> float:
    """Proximal weight of a column of a position: stiffer in small accounts, whose whole is small."""
    scale = columns.account_scale[_account_of(columns, column)]
    return float(columns.base.scales[NEARNESS] * columns.base.scales[STIFFNESS] * scale)


@inner_kernel
def _renew_columns(columns: HouseholdColumns, state: HouseholdState, first: int, stop: int, r: float) -> None:
    for c in range(first, stop):
        find_active_piece(columns.base, state.base, c, state.base.price[c] + r)


@inner_kernel
def _set_nearness(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Give every column and every mixture the proximal weight of now, around its centre."""
    base, table, at = state.base, columns.base.table, columns.sides
    slack = base.price.size - base.theta.size + factors
    for side in range(at.size):
        if at[side].force == NEVER:
            continue
        for c in range(at[side].first, at[side].stop):
            table[c].proximal = _proximal_of(columns, c)
        _renew_columns(columns, state, at[side].first, at[side].stop, at[side].price)
    for j in range(slack, base.price.size):
        table[j].proximal = columns.base.scales[NEARNESS] * columns.base.scales[STIFFNESS]
        row = factors + j - slack - columns.base.rows.shape[0]
        if 0 <= row < columns.account_scale.size:
            table[j].proximal *= columns.account_scale[row]
    _renew_columns(columns, state, slack, base.price.size, 0.0)


@inner_kernel
def renew(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Begin anew at state.base.theta, everything centred where it is held, shares at a half."""
    base, table, at = state.base, columns.base.table, columns.sides
    write_all_prices(columns, base.theta, factors, state.name_price, base.price)
    columns.base.scales[NEARNESS] = _FIRST_NEARNESS
    for j in range(base.price.size):
        base.piece[j] = table[j].start
        table[j].centre = min(
            max(table[j].held, columns.base.pieces[table[j].start].left), columns.base.pieces[table[j].stop - 1].right
        )
        base.best[j] = table[j].centre
    for side in range(at.size):
        name = at[side].name
        held = 0.0
        for c in range(at[side].first, at[side].stop):
            held += table[c].held
        at[side].price = state.name_price[name] + columns.curvature[name] * (held - columns.anchor[name])
        at[side].price_next = at[side].price
        at[side].weight = held
        at[side].centre = 0.5
        at[side].nearness = 1.0
    _set_nearness(columns, state, factors)


@inner_kernel
def _move_centres(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Centre proximal terms where the last round ended."""
    at = columns.sides
    for j in range(state.base.repaired.size):
        columns.base.table[j].centre = state.base.repaired[j]
    for side in range(at.size):
        at[side].price = at[side].price_next
        if at[side].force == BOTH:
            at[side].centre = at[side].share
    _set_nearness(columns, state, factors)


@inner_kernel
def _write_names(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Write the weight of every side and name of the repaired columns."""
    at = columns.sides
    state.name_weight[:] = 0.0
    for side in range(at.size):
        if at[side].force == NEVER:
            continue
        total = 0.0
        for c in range(at[side].first, at[side].stop):
            total += state.base.repaired[c]
        at[side].weight = total
        state.name_weight[at[side].name] += at[side].share * total


@inner_kernel
def _move_shares(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Move shares between their ends by what the step changes the difference of the two sides."""
    at = columns.sides
    for side in range(at.size):
        if at[side].force != BOTH or at[side].buys or not 0.0 < at[side].share < 1.0:
            continue
        apart = 0.0
        for each in range(2):
            sign = 1.0 - 2.0 * each
            apart += sign * at[side + each].weight * state.name_step[at[side].name]
            for c in range(at[side + each].first, at[side + each].stop):
                apart += sign * state.base.repaired[c] * state.base.price_step[c]
        at[side].share = min(max(at[side].share - apart / at[side].nearness, 0.0), 1.0)
        at[side + 1].share = 1.0 - at[side].share


@inner_kernel
def _move_by_newton(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Move repaired weights as one more Newton step would: what rows lack is known better than prices are."""
    base, at = state.base, columns.sides
    lower, upper = base.active[LOWER], base.active[UPPER]
    solve_newton_step(base, factors, columns.base.scales[STEEPEST])
    write_all_prices(columns, base.step, factors, state.name_step, base.price_step)
    write_price_steps(columns, state)
    _move_shares(columns, state)
    for side in range(at.size):
        if at[side].force == NEVER:
            continue
        for c in range(at[side].first, at[side].stop):
            w = base.repaired[c] - base.response[c] * (at[side].price_step + base.price_step[c])
            base.repaired[c] = min(max(w, lower[c]), upper[c])
    for j in range(base.price.size - base.theta.size + factors, base.price.size):
        w = base.repaired[j] - base.response[j] * base.price_step[j]
        base.repaired[j] = min(max(w, lower[j]), upper[j])


@inner_kernel
def _account_of(columns: HouseholdColumns, column: int) -> int:
    return int(columns.link_row[columns.link_start[column]] - columns.base.rows.shape[0])


@inner_kernel
def _keep_bounds(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Bring names that a bound holds back to it exactly: off it by what prices cannot tell, they would pay for it."""
    base, at = state.base, columns.sides
    lower, upper = base.active[LOWER], base.active[UPPER]
    for side in range(at.size):
        if at[side].force == NEVER or not at[side].kept:
            continue
        low, high = columns.low[at[side].name], columns.high[at[side].name]
        bound = low if abs(at[side].weight - low) < abs(at[side].weight - high) else high
        for _ in range(2):
            off, room = bound, 0.0
            for c in range(at[side].first, at[side].stop):
                off -= base.repaired[c]
                room += base.response[c]
            part = off / room if room > 0.0 else 0.0
            for c in range(at[side].first, at[side].stop):
                base.repaired[c] = min(max(base.repaired[c] + part * base.response[c], lower[c]), upper[c])


@inner_kernel
def _write_lacks(columns: HouseholdColumns, state: HouseholdState, cash: int) -> None:
    """Write what every account's weights and cash lack of its value, and how much responses add up to."""
    base, at = state.base, columns.sides
    lacks, room = state.lacks, state.room
    for a in range(lacks.size):
        lacks[a] = columns.base.right_side[columns.base.rows.shape[0] + a] - base.repaired[cash + a]
        room[a] = base.response[cash + a]
    for side in range(at.size):
        if at[side].force == NEVER or at[side].share == 0.0:
            continue
        soft = 0.0 if at[side].kept else at[side].share
        for c in range(at[side].first, at[side].stop):
            account = _account_of(columns, c)
            lacks[account] -= at[side].share * base.repaired[c]
            room[account] += soft * base.response[c]


@inner_kernel
def _push_cash(columns: HouseholdColumns, state: HouseholdState, cash: int) -> None:
    """Push what accounts lack into their columns inside a piece, each by its response."""
    base, at = state.base, columns.sides
    lower, upper = base.active[LOWER], base.active[UPPER]
    lacks, room = state.lacks, state.room
    for a in range(lacks.size):
        room[a] = lacks[a] / room[a] if room[a] > 0.0 else 0.0
        w = base.repaired[cash + a] + room[a] * base.response[cash + a]
        base.repaired[cash + a] = min(max(w, lower[cash + a]), upper[cash + a])
    for side in range(at.size):
        if at[side].force == NEVER or at[side].kept:
            continue
        for c in range(at[side].first, at[side].stop):
            w = base.repaired[c] + room[_account_of(columns, c)] * base.response[c]
            base.repaired[c] = min(max(w, lower[c]), upper[c])


@inner_kernel
def _move_towards_held(columns: HouseholdColumns, state: HouseholdState, account: int, part: float) -> None:
    """Move an account part of the way to what is held, which leaves it the cash it has."""
    base, table = state.base, columns.base.table
    for side in range(columns.sides.size):
        if columns.sides[side].force == NEVER:
            continue
        for c in range(columns.sides[side].first, columns.sides[side].stop):
            if _account_of(columns, c) == account:
                base.repaired[c] += part * (table[c].held - base.repaired[c])


@inner_kernel
def _repair_cash(columns: HouseholdColumns, state: HouseholdState, cash: int) -> None:
    """Make accounts' cash what their weights leave, inside its range: by soft columns, else towards what is held."""
    base, table, pieces = state.base, columns.base.table, columns.base.pieces
    _write_lacks(columns, state, cash)
    for _ in range(3):
        most = 0.0
        for a in range(state.lacks.size):
            most = max(most, abs(state.lacks[a]) if state.room[a] > 0.0 else 0.0)
        if most <= _LEAST_RESIDUAL:
            break
        _push_cash(columns, state, cash)
        _write_lacks(columns, state, cash)
    for a in range(state.lacks.size):
        j = cash + a
        least, most = pieces[table[j].start].left, pieces[table[j].stop - 1].right
        wanted = base.repaired[j] + state.lacks[a]
        kept = min(max(wanted, least), most)
        base.repaired[j] = wanted
        if wanted != kept and table[j].held != wanted:
            part = min(max((kept - wanted) / (table[j].held - wanted), 0.0), 1.0)
            _move_towards_held(columns, state, a, part)
            _write_lacks(columns, state, cash)
            base.repaired[j] += state.lacks[a]
        base.repaired[j] = min(max(base.repaired[j], least), most)


@inner_kernel
def _repair(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Copy the weights and move them so that all rows hold exactly; group slacks take their row's value."""
    base = state.base
    copy_values(base.weight, base.repaired)
    _keep_bounds(columns, state)
    for _ in range(_MOST_REPAIRS):
        worst = 0.0
        for r in range(factors, base.gradient.size):
            worst = max(worst, abs(base.gradient[r]))
        if worst <= _LEAST_RESIDUAL:
            break
        _move_by_newton(columns, state, factors)
        _keep_bounds(columns, state)
        _write_names(columns, state)
        write_row_gaps(columns, state.name_weight, base.repaired, factors, base.gradient)
        for r in range(factors):
            base.gradient[r] -= base.theta[r]
    slack = base.price.size - base.theta.size + factors
    first_row = columns.base.rows.shape[0]
    _repair_cash(columns, state, slack + first_row - factors)
    _write_names(columns, state)
    write_row_gaps(columns, state.name_weight, base.repaired, factors, base.gradient)
    for r in range(factors, base.gradient.size):
        if slack_sign(columns, r) < 0.0:
            base.repaired[slack + r - factors] += base.gradient[r]
            base.gradient[r] = 0.0


@inner_kernel
def least_of_name(
    risk: tuple[float, float, float, float], penalty: float, price: float, ends: tuple[float, float]
) -> float:
    """Least over t in `ends` of D (t - b)^2 / 2 + fines + price x t; `risk` = (D, b, low, high)."""
    curvature, anchor, low, high = risk
    least, most = ends
    t = least if price > 0.0 else most
    best = np.inf
    for region in range(3):
        left = least if region == 0 else (low if region == 1 else high)
        right = low if region == 0 else (high if region == 1 else most)
        left, right = max(left, least), min(right, most)
        if left > right:
            continue
        slope = price + (penalty * (region - 1.0))
        t = left if curvature * (left - anchor) + slope >= 0.0 else right
        if curvature > 0.0 and t == right and curvature * (right - anchor) + slope > 0.0:
            t = min(max(anchor - slope / curvature, left), right)
        fine = penalty * (max(low - t, 0.0) + max(t - high, 0.0))
        best = min(best, 0.5 * curvature * (t - anchor) * (t - anchor) + fine + price * t)
    return best


@inner_kernel
def _side_value_and_least(columns: HouseholdColumns, state: HouseholdState, side: int) -> tuple[float, float, float]:
    """A side's true function at the repaired weights, that plus what prices put on them, and a bound from below."""
    base, at = state.base, columns.sides
    name = at[side].name
    t, r, s = at[side].weight, at[side].price_next, state.name_price[name]
    curvature, anchor = columns.curvature[name], columns.anchor[name]
    low, high = columns.low[name], columns.high[name]
    penalty = penalty_of(columns.base)
    away = t - anchor
    value = 0.5 * curvature * away * away + penalty * (max(low - t, 0.0) + max(t - high, 0.0))
    priced = value + s * t
    risk = (curvature, anchor, low, high)
    least = least_of_name(risk, penalty, s - r, (at[side].least, at[side].most))
    for c in range(at[side].first, at[side].stop):
        w = base.repaired[c]
        own = value_from(columns.base, c, base.piece[c], w)
        value += own
        priced += own + base.price[c] * w
        least += least_from(columns.base, c, base.piece[c], base.price[c] + r)
    return value, priced, least


@inner_kernel
def _certify(columns: HouseholdColumns, state: HouseholdState, factors: int) -> tuple[float, float]:
    """Value of the repaired mixture, and the dual's at state.base.theta: no solution is below that."""
    base, at = state.base, columns.sides
    primal, gap = 0.0, 0.0
    for r in range(factors):
        away = base.gradient[r]
        primal += 0.5 * away * away
        gap += 0.5 * (away - base.theta[r]) * (away - base.theta[r])
    side = 0
    while side < at.size:
        if at[side].force == NEVER:
            side += 1
            continue
        value, priced, least = _side_value_and_least(columns, state, side)
        at[side].value = least
        if at[side].force == BOTH:
            value_2, priced_2, least_2 = _side_value_and_least(columns, state, side + 1)
            at[side + 1].value = least_2
            share, rest = at[side].share, at[side + 1].share
            value, priced, least = share * value + rest * value_2, share * priced + rest * priced_2, min(least, least_2)
            side += 1
        primal += value
        gap += priced - least
        side += 1
    slack = base.price.size - base.theta.size + factors
    for j in range(slack, base.price.size):
        value = value_from(columns.base, j, base.piece[j], base.repaired[j])
        primal += value
        gap += value + base.price[j] * base.repaired[j] - least_from(columns.base, j, base.piece[j], base.price[j])
        gap -= base.theta[factors + j - slack] * base.gradient[factors + j - slack]
    return primal, primal - gap


@inner_kernel
def solve_convex(columns: HouseholdColumns, state: HouseholdState, factors: int, aim: Aim, fresh: bool) -> Certified:
    """Solve the sides in force, warm from state.base.theta; see `optimizer.convex.solve_convex`."""
    base = state.base
    steps = 0
    residual = min(_RESIDUAL, max(0.02 * aim.gap / columns.base.scales[STEEPEST], _LEAST_RESIDUAL))
    if fresh:
        renew(columns, state, factors)
        copy_values(base.theta, base.best_theta)
    else:
        write_all_prices(columns, base.theta, factors, state.name_price, base.price)
        columns.base.scales[NEARNESS] = max(columns.base.scales[NEARNESS], _WARM_NEARNESS)
        _set_nearness(columns, state, factors)
    primal, bound = np.inf, -np.inf
    known = aim.known
    for round_ in range(_MOST_ROUNDS):
        anew = round_ == 0 or columns.base.scales[NEARNESS] < _UPDATED_NEARNESS
        gain = _MORE * (aim.enough - known) if known < aim.enough else np.inf
        loose = min(max(_EARLY * (primal - bound), 0.1 * aim.gap), _EARLIEST * aim.gap)
        goal = Goal(loose, residual if loose < aim.gap else _LOOSE_RESIDUAL, gain, _MOST_STEPS_OF_ROUND)
        reached, taken = maximise_dual(columns, state, factors, goal, anew)
        steps += taken
        _repair(columns, state, factors)
        value, below = _certify(columns, state, factors)
        if not np.isfinite(value - below):
            break
        if value < primal:
            primal = value
            copy_values(base.repaired, base.best)
            for side in range(columns.sides.size):
                columns.sides[side].best = columns.sides[side].share
        if below > bound:
            bound = below
            copy_values(base.theta, base.best_theta)
            for side in range(columns.sides.size):
                columns.sides[side].floor = columns.sides[side].value
        roundoff = _ROUNDOFF * (abs(primal) + columns.base.scales[STEEPEST])
        if primal - bound <= max(aim.gap, roundoff) or bound >= aim.enough:
            return Certified(_SOLVED, primal, bound, steps)
        known = max(known, bound)
        nearness = columns.base.scales[NEARNESS]
        columns.base.scales[NEARNESS] = (
            max(nearness * _SHRINK, _LEAST_NEARNESS) if reached else min(10.0 * nearness, 1.0)
        )
        if steps > _MOST_STEPS:
            break
        _move_centres(columns, state, factors)
    stalled = bound > -np.inf and primal - bound <= max(
        aim.gap, _STALLED * (abs(primal) + columns.base.scales[STEEPEST])
    )
    return Certified(_SOLVED if stalled else _GAVE_UP, primal, bound, steps)


@inner_kernel
def solve_warm(columns: HouseholdColumns, state: HouseholdState, factors: int, aim: Aim) -> Certified:
    """Solve as `solve_convex`, warm; where that gives up, once more from nothing: what is warm can also mislead."""
    warm = solve_convex(columns, state, factors, aim, False)
    if warm.status == _SOLVED:
        return warm
    state.base.theta[:] = 0.0
    cold = solve_convex(columns, state, factors, aim, True)
    return Certified(cold.status, cold.primal, cold.bound, warm.steps + cold.steps)
