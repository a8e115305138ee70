"""A household's problem becomes columns: pieces of every position and side, slacks, and what couples them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inlined_kernel, inner_kernel
from lotwise.optimizer.household.problem import ALONE, BOTH, HouseholdColumns, HouseholdProblem
from lotwise.optimizer.household.row_prices import has_one_link
from lotwise.optimizer.household.side_values import CURVATURE, HIGH, LEFT, LOW, RIGHT, TARGET
from lotwise.optimizer.pieces import DUST, add_bounded, add_slack
from lotwise.optimizer.preparation import (
    COMMON_PART,
    SLACK_ROOM,
    penalty_of,
    write_loadings,
)
from lotwise.optimizer.problem import STEEPEST, STIFFNESS, Choice

__all__ = ["bars_purchases", "bound_sides", "columns_needed", "prepare"]

# Kinds of sides: of names with one, and of those with two.
_ONLY, _SELLS, _BUYS = 0, 1, 2

_FREE = int(Choice.FREE)
_BUY_ONLY = int(Choice.BUY_ONLY)


@inlined_kernel
def _sells_at_a_loss(problem: HouseholdProblem, position: int) -> bool:
    """Whether some lot of a position bars purchases of its name once it is sold.

    By its flag; or because it is worth more sold than what it costs to buy, which no convex function says.
    """
    cost = problem.buy_cost[position]
    for lot in range(problem.lot_start[position], problem.lot_start[position + 1]):
        if problem.lot_quantity[lot] > DUST and bars_purchases(problem, lot, cost):
            return True
    return False


@inlined_kernel
def bars_purchases(problem: HouseholdProblem, lot: int, buy_cost: float) -> bool:
    """Whether nobody may buy the name of a lot that is sold: by its flag, or since selling it pays for buying."""
    return bool(problem.lot_loss[lot] or problem.lot_price[lot] < -buy_cost)


@inlined_kernel
def _has_two_sides(problem: HouseholdProblem, name: int) -> bool:
    """Whether some account may buy a name and some may sell it at a loss."""
    first, stop = problem.position_start[name], problem.position_start[name + 1]
    buys = False
    for position in range(first, stop):
        buys = buys or problem.may_buy[position]
    if buys:
        for position in range(first, stop):
            if _sells_at_a_loss(problem, position):
                return True
    return False


@inlined_kernel
def _kinds(problem: HouseholdProblem, name: int, choice: NDArray[np.uint8]) -> tuple[int, int]:
    """First kind of side of a name, and how many: the ONLY one; or that which SELLS, and that which BUYS.

    `choice` (n,) says which of two sides is to be laid out; empty, or where a name is FREE, both are.
    """
    if not _has_two_sides(problem, name):
        return _ONLY, 1
    if choice.size == 0 or choice[name] == _FREE:
        return _SELLS, 2
    return _BUYS if choice[name] == _BUY_ONLY else _SELLS, 1


@inner_kernel
def columns_needed(problem: HouseholdProblem, choice: NDArray[np.uint8]) -> tuple[int, int]:
    """How many columns of positions and how many sides a problem has, laid out for a `choice` (n,) of sides or none."""
    columns, sides = 0, 0
    for name in range(problem.target.size):
        _, count = _kinds(problem, name, choice)
        sides += count
        columns += count * (problem.position_start[name + 1] - problem.position_start[name])
    return columns, sides


@inner_kernel
def _write_names(problem: HouseholdProblem, columns: HouseholdColumns, memory: NDArray[np.float64]) -> None:
    """Write rows of loadings and groups, X'b, and the scales of slopes and curvatures."""
    n, k = problem.loadings.shape
    base = columns.base
    rows = base.rows
    base.right_side[:] = 0.0
    price, curvature, pull, own, common = 0.0, 0.0, 0.0, 0.0, 0.0
    write_loadings(problem.loadings, problem.target, base, memory)
    for i in range(n):
        square = memory[i]
        columns.anchor[i] = problem.target[i]
        columns.curvature[i] = 2.0 * problem.specific[i]
        columns.low[i] = problem.low[i]
        columns.high[i] = problem.high[i]
        curvature = max(curvature, columns.curvature[i])
        pull = max(pull, square)
        own += columns.curvature[i]
        common += square
    for g in range(problem.group_low.size):
        for i in range(n):
            rows[k + g, i] = 0.0
        for entry in range(problem.group_start[g], problem.group_start[g + 1]):
            rows[k + g, problem.group_name[entry]] += problem.group_coefficient[entry]
    for p in range(problem.held.size):
        price = max(price, problem.buy_cost[p] + abs(problem.hold_cost[p]))
        for lot in range(problem.lot_start[p], problem.lot_start[p + 1]):
            price = max(price, abs(problem.lot_price[lot]) + abs(problem.hold_cost[p]))
    base.scales[STEEPEST] = price / problem.risk_price + curvature + 2.0 * pull + 1e-6
    scale = max(own, COMMON_PART * common) / max(n, 1)
    base.scales[STIFFNESS] = scale if scale > 0.0 else 1.0
    accounts = problem.value.size
    mean = problem.value.sum() / max(accounts, 1)
    for a in range(accounts):
        columns.account_scale[a] = mean / max(problem.value[a], 1e-9 * mean)
        base.right_side[k + problem.group_low.size + a] = problem.value[a]


@inlined_kernel
def _may_sell(problem: HouseholdProblem, lot: int, buy_cost: float, side: int) -> bool:
    """Whether a lot is among the pieces of a kind of side."""
    return bool(problem.lot_quantity[lot] > DUST and not (side == _BUYS and bars_purchases(problem, lot, buy_cost)))


@inlined_kernel
def _add_position(problem: HouseholdProblem, pieces: Records, penalty: float, place: tuple[int, int], at: int) -> int:
    """Write the pieces of a position on a side (`place`), from the least weight up; returns where the next begin."""
    position, side = place
    scale = 1.0 / problem.risk_price
    h, buy_cost = problem.held[position], problem.buy_cost[position]
    hold = problem.hold_cost[position] * scale
    limit = problem.value[problem.account[position]]
    bounds = (problem.position_low[position], problem.position_high[position], penalty)
    first, last = problem.lot_start[position], problem.lot_start[position + 1]
    total, cost = 0.0, 0.0
    for lot in range(first, last):
        if _may_sell(problem, lot, buy_cost, side):
            total += problem.lot_quantity[lot]
            cost += problem.lot_quantity[lot] * problem.lot_price[lot] * scale
    x = h - total
    if x < DUST:
        x = 0.0
    cost += hold * x
    start, sold = at, total
    for backwards in range(last - first):
        lot = last - 1 - backwards
        if not _may_sell(problem, lot, buy_cost, side):
            continue
        price = problem.lot_price[lot] * scale
        sold -= problem.lot_quantity[lot]
        right = h - sold if sold > DUST else h
        at = add_bounded(pieces, at, (x, right), (hold - price, cost), 0.0, bounds)
        cost += (hold - price) * (right - x)
        x = right
    upper = max(limit, h)
    if problem.may_buy[position] and side != _SELLS and upper > h:
        at = add_bounded(pieces, at, (h, upper), (buy_cost * scale + hold, hold * h), 0.0, bounds)
    elif at == start:
        at = add_bounded(pieces, at, (h, h), (0.0, hold * h), 0.0, bounds)
    return at


@inlined_kernel
def _describe(columns: HouseholdColumns, column: int, start: int, stop: int, held: float) -> None:
    table = columns.base.table
    table[column].own_start = start
    table[column].own_stop = stop
    table[column].start = start
    table[column].stop = stop
    table[column].anchor = 0.0
    table[column].curvature = 0.0
    table[column].held = held


@inner_kernel
def _lay_out_levels(problem: HouseholdProblem, columns: HouseholdColumns, choice: NDArray[np.uint8]) -> None:
    """Write which sides there are, those with the most columns first, and where each level of columns begins."""
    sides, level_start = columns.sides, columns.level_start
    side, levels = 0, level_start.size - 1
    level_start[0] = 0
    for fewer in range(levels + 1):
        count = levels - fewer
        for name in range(problem.target.size):
            if problem.position_start[name + 1] - problem.position_start[name] != count:
                continue
            first, kinds = _kinds(problem, name, choice)
            columns.side_of[name] = side
            for kind in range(first, first + kinds):
                columns.name_of[side] = name
                sides[side].count = count
                sides[side].kind = kind
                sides[side].buys = kind == _BUYS
                sides[side].other = -1 if kinds == 1 else (side - 1 if kind == _BUYS else side + 1)
                columns.force[side] = ALONE if kinds == 1 else BOTH
                side += 1
        if count > 0:
            level_start[count] = side  # how many sides have a column on the level before, for now
    for level in range(levels):
        level_start[level + 1] += level_start[level]


@inner_kernel
def bound_sides(columns: HouseholdColumns) -> None:
    """Write what the columns of every side can add up to on the pieces in force, and bounds within that."""
    table, pieces = columns.base.table, columns.base.pieces
    left, right = columns.risk[LEFT], columns.risk[RIGHT]
    left[:] = 0.0
    right[:] = 0.0
    for level in range(columns.level_start.size - 1):
        first = columns.level_start[level]
        for side in range(columns.level_start[level + 1] - first):
            left[side] += pieces[table[first + side].start].left
            right[side] += pieces[table[first + side].stop - 1].right
    _write_bounds(columns)


@inner_kernel
def _write_bounds(columns: HouseholdColumns) -> None:
    """Write bounds of names that are within reach of a side's columns."""
    risk = columns.risk
    left, right = risk[LEFT], risk[RIGHT]
    for side in range(left.size):
        low, high = columns.low[columns.name_of[side]], columns.high[columns.name_of[side]]
        bounded = left[side] < low or right[side] > high
        risk[LOW, side] = low if bounded else -np.inf
        risk[HIGH, side] = high if bounded else np.inf


@inner_kernel
def _add_sides(problem: HouseholdProblem, columns: HouseholdColumns, choice: NDArray[np.uint8]) -> tuple[int, int]:
    """Write the columns of every side of every name; returns (columns, where further pieces go)."""
    _lay_out_levels(problem, columns, choice)
    at, pieces, sides = 0, columns.base.pieces, columns.sides
    penalty = penalty_of(columns.base)
    left, right = columns.risk[LEFT], columns.risk[RIGHT]
    left[:] = 0.0
    right[:] = 0.0
    for side in range(sides.size):
        columns.risk[CURVATURE, side] = columns.curvature[columns.name_of[side]]
        columns.risk[TARGET, side] = columns.anchor[columns.name_of[side]]
    for level in range(columns.level_start.size - 1):
        first = columns.level_start[level]
        for side in range(columns.level_start[level + 1] - first):
            position, column = problem.position_start[columns.name_of[side]] + level, first + side
            start = at
            at = _add_position(problem, pieces, penalty, (position, sides[side].kind), at)
            _describe(columns, column, start, at, problem.held[position])
            columns.position[column] = position
            columns.scale[column] = columns.account_scale[problem.account[position]]
            left[side] += pieces[start].left
            right[side] += pieces[at - 1].right
    _write_bounds(columns)
    return int(columns.level_start[columns.level_start.size - 1]), at


@inner_kernel
def _add_slacks(problem: HouseholdProblem, columns: HouseholdColumns, column: int, at: int) -> None:
    """Write slacks in the order of their rows: groups, cash of every account, groups of accounts."""
    base = columns.base
    k = problem.loadings.shape[1]
    penalty = penalty_of(base)
    invested = problem.held.sum()
    for slack in range(column, columns.scale.size):
        columns.scale[slack] = 1.0
    for g in range(problem.group_low.size):
        reach = 1.0
        for i in range(problem.target.size):
            reach = max(reach, abs(base.rows[k + g, i]))
        reach *= SLACK_ROOM * max(1.0, invested)
        band = (problem.group_low[g], problem.group_high[g])
        at = add_slack(base, column, at, (-reach, reach), band, (penalty, penalty))
        column += 1
    first = column
    for a in range(problem.value.size):
        base.table[first + a].held = problem.value[a]
    for p in range(problem.held.size):
        base.table[first + problem.account[p]].held -= problem.held[p]
    for a in range(problem.value.size):
        cash = base.table[column].held
        ends = (min(0.0, cash, problem.cash_high[a]), max(problem.value[a], cash))
        at = add_slack(
            base, column, at, ends, (problem.cash_low[a], problem.cash_high[a]), (2.0 * penalty, 0.5 * penalty)
        )
        base.table[column].held = cash
        columns.scale[column] = columns.account_scale[a]
        column += 1
    for h in range(problem.own_group_low.size):
        reach = 1.0
        for entry in range(problem.own_group_start[h], problem.own_group_start[h + 1]):
            reach = max(reach, abs(problem.own_group_coefficient[entry]))
        reach *= SLACK_ROOM * max(1.0, invested)
        band = (problem.own_group_low[h], problem.own_group_high[h])
        at = add_slack(base, column, at, (-reach, reach), band, (penalty, penalty))
        column += 1
    for slack in range(columns.position.size):
        table = base.table
        if slack >= columns.position.size - problem.value.size - problem.group_low.size - problem.own_group_low.size:
            columns.position[slack] = -1
            table[slack].start = table[slack].own_start
            table[slack].stop = table[slack].own_stop


@inner_kernel
def _link(problem: HouseholdProblem, columns: HouseholdColumns, count: int) -> None:
    """Write which rows of accounts put a price on which column."""
    first_row = problem.loadings.shape[1] + problem.group_low.size
    accounts = problem.value.size
    at = 0
    for column in range(count):
        position = columns.position[column]
        columns.link_start[column] = at
        columns.link_row[at] = first_row + problem.account[position]
        columns.link_coefficient[at] = 1.0
        at += 1
        for h in range(problem.own_group_low.size):
            for entry in range(problem.own_group_start[h], problem.own_group_start[h + 1]):
                if problem.own_group_position[entry] == position:
                    columns.link_row[at] = first_row + accounts + h
                    columns.link_coefficient[at] = problem.own_group_coefficient[entry]
                    at += 1
    for column in range(count, columns.position.size + 1):
        columns.link_start[column] = at


@inner_kernel
def _lay_out_runs(columns: HouseholdColumns) -> None:
    """Write runs of columns of one level and account, if rows of cash are all that columns are linked to."""
    columns.runs[0] = 0
    levels = columns.level_start.size - 1
    count = columns.level_start[levels]
    if not has_one_link(columns, count):
        return
    run = 0
    for level in range(levels):
        first = columns.level_start[level]
        for side in range(columns.level_start[level + 1] - first):
            c = first + side
            if side == 0 or columns.link_row[c] != columns.link_row[c - 1]:
                columns.run_start[run] = c
                columns.run_side[run] = side
                run += 1
    columns.run_start[run] = count
    columns.runs[0] = run


@inner_kernel
def prepare(
    problem: HouseholdProblem, columns: HouseholdColumns, memory: NDArray[np.float64], choice: NDArray[np.uint8]
) -> None:
    """Write the problem into its columns, fitted to `columns_needed`; `memory` is (n,), overwritten."""
    _write_names(problem, columns, memory)
    count, at = _add_sides(problem, columns, choice)
    _add_slacks(problem, columns, count, at)
    _link(problem, columns, count)
    _lay_out_runs(columns)
