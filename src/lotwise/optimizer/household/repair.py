"""Weights of a round made to keep their rows: cash of every account exactly, bounds that hold a name, groups.

Prices tell weights only as well as they are known themselves: one of the size of a violated bound is known to 1e-15,
and a column that answers a million times that to 1e-9. What a weight must move by is known far better, from what rows
lack.
"""

from __future__ import annotations

from lotwise.kernels import inner_kernel
from lotwise.optimizer.active_pieces import LOWER, UPPER
from lotwise.optimizer.household.dual import write_row_gaps
from lotwise.optimizer.household.problem import BOTH, NEVER, HouseholdColumns, HouseholdState, column_of
from lotwise.optimizer.household.row_prices import slack_sign, write_all_prices
from lotwise.optimizer.household.side_values import KEPT, PRICE_STEP, SHARE, WEIGHT
from lotwise.optimizer.household.sides import write_price_steps
from lotwise.optimizer.newton_system import solve_newton_step
from lotwise.optimizer.problem import STEEPEST, copy_values

__all__ = ["LEAST_RESIDUAL", "account_of", "repair"]

LEAST_RESIDUAL = 1e-15  # of a row, fraction of value
# Cash beyond its range by no more is what rounding left of some hundred weights, and stays: where cash is held at the
# end of its range, mending it would move the whole account to what is held.
_NO_LACK = 1e-12
_MOST_REPAIRS = 4  # Newton steps for the rows alone; clipped at the ends of pieces, one is not always enough


@inner_kernel
def _write_names(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Write the weight of every side and name of the repaired columns."""
    at = columns.sides
    state.name_weight[:] = 0.0
    for side in range(at.size):
        if columns.force[side] == NEVER:
            continue
        total = 0.0
        for level in range(at[side].count):
            c = column_of(columns, side, level)
            total += state.base.repaired[c]
        state.of_side[WEIGHT, side] = total
        state.name_weight[columns.name_of[side]] += state.of_side[SHARE, side] * total


@inner_kernel
def _move_shares(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Move shares between their ends by what the step changes the difference of the two sides."""
    at = columns.sides
    for side in range(at.size):
        if columns.force[side] != BOTH or at[side].buys or not 0.0 < state.of_side[SHARE, side] < 1.0:
            continue
        apart = 0.0
        for each in range(2):
            sign = 1.0 - 2.0 * each
            apart += sign * state.of_side[WEIGHT, side + each] * state.name_step[columns.name_of[side]]
            for level in range(at[side + each].count):
                c = column_of(columns, side + each, level)
                apart += sign * state.base.repaired[c] * state.base.price_step[c]
        state.of_side[SHARE, side] = min(max(state.of_side[SHARE, side] - apart / at[side].nearness, 0.0), 1.0)
        state.of_side[SHARE, side + 1] = 1.0 - state.of_side[SHARE, side]


@inner_kernel
def _move_by_newton(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Move repaired weights as one more Newton step would: what rows lack is known better than prices are."""
    base, at = state.base, columns.sides
    lower, upper = base.active[LOWER], base.active[UPPER]
    solve_newton_step(base, factors, columns.base.scales[STEEPEST], lone=True)
    write_all_prices(columns, base.step, factors, state.name_step, base.price_step)
    write_price_steps(columns, state)
    _move_shares(columns, state)
    for side in range(at.size):
        if columns.force[side] == NEVER:
            continue
        for level in range(at[side].count):
            c = column_of(columns, side, level)
            w = base.repaired[c] - base.response[c] * (state.of_side[PRICE_STEP, side] + base.price_step[c])
            base.repaired[c] = min(max(w, lower[c]), upper[c])
    for j in range(base.price.size - base.theta.size + factors, base.price.size):
        w = base.repaired[j] - base.response[j] * base.price_step[j]
        base.repaired[j] = min(max(w, lower[j]), upper[j])


@inner_kernel
def account_of(columns: HouseholdColumns, column: int) -> int:
    """Account of a column of a position: the first row it is linked to is that of its cash."""
    return int(columns.link_row[columns.link_start[column]] - columns.base.rows.shape[0])


@inner_kernel
def _keep_bounds(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Bring names that a bound holds back to it exactly: off it by what prices cannot tell, they would pay for it."""
    base, at = state.base, columns.sides
    lower, upper = base.active[LOWER], base.active[UPPER]
    for side in range(at.size):
        if columns.force[side] == NEVER or state.of_side[KEPT, side] == 0.0:
            continue
        low, high = columns.low[columns.name_of[side]], columns.high[columns.name_of[side]]
        bound = low if abs(state.of_side[WEIGHT, side] - low) < abs(state.of_side[WEIGHT, side] - high) else high
        for _ in range(2):
            off, room = bound, 0.0
            for level in range(at[side].count):
                c = column_of(columns, side, level)
                off -= base.repaired[c]
                room += base.response[c]
            part = off / room if room > 0.0 else 0.0
            for level in range(at[side].count):
                c = column_of(columns, side, level)
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
        if columns.force[side] == NEVER or state.of_side[SHARE, side] == 0.0:
            continue
        soft = 0.0 if state.of_side[KEPT, side] != 0.0 else state.of_side[SHARE, side]
        for level in range(at[side].count):
            c = column_of(columns, side, level)
            account = account_of(columns, c)
            lacks[account] -= state.of_side[SHARE, side] * base.repaired[c]
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
        if columns.force[side] == NEVER or state.of_side[KEPT, side] != 0.0:
            continue
        for level in range(at[side].count):
            c = column_of(columns, side, level)
            w = base.repaired[c] + room[account_of(columns, c)] * base.response[c]
            base.repaired[c] = min(max(w, lower[c]), upper[c])


@inner_kernel
def _move_towards_held(columns: HouseholdColumns, state: HouseholdState, account: int, part: float) -> None:
    """Move an account part of the way to what is held, which leaves it the cash it has."""
    base, table = state.base, columns.base.table
    for side in range(columns.sides.size):
        if columns.force[side] == NEVER:
            continue
        for level in range(columns.sides[side].count):
            c = column_of(columns, side, level)
            if account_of(columns, c) == account:
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
        if most <= LEAST_RESIDUAL:
            break
        _push_cash(columns, state, cash)
        _write_lacks(columns, state, cash)
    for a in range(state.lacks.size):
        j = cash + a
        least, most = pieces[table[j].start].left, pieces[table[j].stop - 1].right
        wanted = base.repaired[j] + state.lacks[a]
        kept = min(max(wanted, least), most)
        base.repaired[j] = wanted
        if abs(wanted - kept) > _NO_LACK and table[j].held != wanted:
            part = min(max((kept - wanted) / (table[j].held - wanted), 0.0), 1.0)
            _move_towards_held(columns, state, a, part)
            _write_lacks(columns, state, cash)
            base.repaired[j] += state.lacks[a]
        base.repaired[j] = min(max(base.repaired[j], least), most)


@inner_kernel
def repair(columns: HouseholdColumns, state: HouseholdState, factors: int) -> None:
    """Copy the weights and move them so that all rows hold exactly; group slacks take their row's value."""
    base = state.base
    copy_values(base.weight, base.repaired)
    _keep_bounds(columns, state)
    for _ in range(_MOST_REPAIRS):
        worst = 0.0
        for r in range(factors, base.gradient.size):
            worst = max(worst, abs(base.gradient[r]))
        if worst <= LEAST_RESIDUAL:
            break
        _move_by_newton(columns, state, factors)
        _keep_bounds(columns, state)
        _write_names(columns, state)
        write_row_gaps(columns, state, base.repaired, factors)
        for r in range(factors):
            base.gradient[r] -= base.theta[r]
    slack = base.price.size - base.theta.size + factors
    first_row = columns.base.rows.shape[0]
    _repair_cash(columns, state, slack + first_row - factors)
    _write_names(columns, state)
    write_row_gaps(columns, state, base.repaired, factors)
    for r in range(factors, base.gradient.size):
        if slack_sign(columns, r) < 0.0:
            base.repaired[slack + r - factors] += base.gradient[r]
            base.gradient[r] = 0.0
