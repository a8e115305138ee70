"""Which pieces of a column are in force: its true function, one branch, its envelope, or the point it is held at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel
from lotwise.optimizer.envelope import add_envelope
from lotwise.optimizer.pieces import branch_minimum
from lotwise.optimizer.problem import Choice, Columns

__all__ = [
    "branch_least",
    "choose_branch",
    "choose_by_side",
    "choose_envelope",
    "choose_pieces",
    "choose_point",
    "name_least",
]

_FREE = int(Choice.FREE)
_SELL_ONLY = int(Choice.SELL_ONLY)
_BUY_ONLY = int(Choice.BUY_ONLY)
_HOLD = int(Choice.HOLD)


@inner_kernel
def choose_branch(columns: Columns, column: int, choice: int) -> None:
    """Put the pieces of a column that sells only, or buys only, in force."""
    columns.table[column].bridge = -1
    columns.table[column].start = columns.table[column].own_start
    columns.table[column].stop = columns.table[column].own_stop
    if choice == _SELL_ONLY:
        columns.table[column].stop = columns.table[column].hinge
    else:
        columns.table[column].start = columns.table[column].hinge


@inner_kernel
def choose_by_side(columns: Columns, weights: NDArray[np.float64], choice: NDArray[np.uint8]) -> None:
    """Give every kinked column that is free the branch its weight is on, and put that in force."""
    for j in range(choice.size):
        if columns.table[j].kinked and choice[j] == _FREE:
            choice[j] = _BUY_ONLY if weights[j] > columns.table[j].held else _SELL_ONLY
            choose_branch(columns, j, choice[j])


@inner_kernel
def choose_envelope(columns: Columns, column: int) -> None:
    """Put the envelope of a kinked column, written before, in force again."""
    columns.table[column].bridge = columns.table[column].hull_bridge
    columns.table[column].start = columns.table[column].hull_start
    columns.table[column].stop = columns.table[column].hull_stop


@inner_kernel
def choose_point(columns: Columns, column: int) -> bool:
    """Pin a column to where it is held, by a piece of its own among the last; returns whether it was not pinned yet."""
    at = columns.pieces.size - columns.table.size + column
    if columns.table[column].start == at:
        return False
    h = columns.table[column].held
    p = columns.table[column].own_start
    while p < columns.table[column].own_stop - 1 and h > columns.pieces[p].right:
        p += 1
    columns.pieces[at].left = h
    columns.pieces[at].right = h
    columns.pieces[at].slope = 0.0
    columns.pieces[at].curved = columns.table[column].curvature
    columns.pieces[at].value = columns.pieces[p].value + columns.pieces[p].slope * (h - columns.pieces[p].left)
    columns.table[column].bridge = -1
    columns.table[column].start = at
    columns.table[column].stop = at + 1
    return True


@inner_kernel
def choose_pieces(columns: Columns, choice: NDArray[np.uint8], at: int) -> None:
    """Put the pieces of every column in force by its choice, writing envelopes from `at` on."""
    for j in range(columns.table.size):
        columns.table[j].bridge = -1
        columns.table[j].start = columns.table[j].own_start
        columns.table[j].stop = columns.table[j].own_stop
        if not columns.table[j].kinked and choice[j] != _HOLD:
            continue
        if choice[j] == _FREE:
            at = add_envelope(columns, j, at)
        elif choice[j] == _HOLD:
            choose_point(columns, j)
        else:
            choose_branch(columns, j, choice[j])


@inner_kernel
def branch_least(columns: Columns, name: int, choice: int, price: float) -> float:
    """Least of a kinked name's true function + price x w on the branch of a choice."""
    start, hinge, stop = columns.table[name].own_start, columns.table[name].hinge, columns.table[name].own_stop
    if choice == _SELL_ONLY:
        return branch_minimum(columns, name, start, hinge, price)[0]
    return branch_minimum(columns, name, hinge, stop, price)[0]


@inner_kernel
def name_least(columns: Columns, name: int, price: float) -> float:
    """Least of a name's true function + price x w over both branches."""
    start, hinge, stop = columns.table[name].own_start, columns.table[name].hinge, columns.table[name].own_stop
    if not columns.table[name].kinked:
        return branch_minimum(columns, name, start, stop, price)[0]
    least = branch_minimum(columns, name, start, hinge, price)[0]
    return min(least, branch_minimum(columns, name, hinge, stop, price)[0])
