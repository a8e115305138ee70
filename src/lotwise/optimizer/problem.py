"""The problem of one account and the arrays it is solved in; the symbols of this package are defined here, once.

Everything is a fraction of the account's value. Over weights w of n names after trading:

    minimise    gamma * ( |X'(w - b)|^2 / 2 + sum_i D_i (w_i - b_i)^2 / 2 )  +  sum_i f_i(w_i)
    subject to  sum_i w_i + c = 1,   c within the cash band,   lo <= G w <= hi

| symbol | is | shape |
|---|---|---|
| b, h | target and held weights | (n,) |
| X | loadings, scaled so that X X' is twice the factor covariance of the names | (n, k) |
| D | twice the annual specific variance | (n,) |
| gamma | price of tracking, dollars per dollar and unit of annual variance | |
| f | dearer with every lot sold, at h zero, dearer with every dollar bought: piecewise linear | |
| G | rows of group bounds | (g, n) |
| theta = (nu, mu, lambda) | multipliers of exposures, of cash, of groups: the dual unknowns | (m,) = k + 1 + g |
| s | A theta, the price that theta puts on a dollar of each name | (n,) |

Bounds on groups and names and the cash band are soft at a price P that no finite slope reaches: what can be kept is
kept, what cannot is violated least. Cash and each row's value are columns of their own (slacks) beside the names, so
that every column j, of N = n + 1 + g, has one function of one variable, made of pieces (`pieces`), and the dual
couples them through A alone. All of it is divided by gamma, so that A does not depend on it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inner_kernel, kernel, records

__all__ = [
    "BLOCK",
    "STEEPEST",
    "STIFFNESS",
    "AccountProblem",
    "Choice",
    "Columns",
    "SolveStatus",
    "State",
    "Workspace",
    "copy_values",
    "fitted",
    "workspace",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.uint8]
Booleans = NDArray[np.bool_]

STEEPEST, STIFFNESS = 0, 1  # places of Columns.scales
BLOCK = 64  # names that are added to the Hessian at a time: their loadings stay in the nearest cache


class Choice(IntEnum):
    """What a name may do in a solve."""

    FREE = 0  # sell or buy, as the envelope indicates
    SELL_ONLY = 1
    BUY_ONLY = 2
    HOLD = 3


class SolveStatus(IntEnum):
    """How a solve ended."""

    SOLVED = 0
    GAVE_UP = 1  # the certified gap stayed above what was asked
    BAD_INPUT = 2  # a number that is not finite came in


class AccountProblem(NamedTuple):
    """One account; weights and costs per dollar of its value. A name's lots are sorted cheapest first."""

    target: Floats  # (n,) b
    held: Floats  # (n,) h
    loadings: Floats  # (n, k) X
    specific: Floats  # (n,) annual specific variance, D / 2
    buy_cost: Floats  # (n,) per dollar bought
    lot_start: Ints  # (n + 1,) lots of name i: lot_start[i] .. lot_start[i + 1]; what may be sold
    lot_quantity: Floats  # (L,) fraction of the account
    lot_price: Floats  # (L,) tax and cost per dollar sold, negative = credit
    may_buy: Booleans  # (n,)
    low: Floats  # (n,) least weight (soft)
    high: Floats  # (n,) greatest weight (soft)
    group_start: Ints  # (g + 1,) rows of G, sparse
    group_name: Ints
    group_coefficient: Floats
    group_low: Floats  # (g,) soft
    group_high: Floats
    cash_low: float  # soft band of cash
    cash_high: float
    risk_price: float  # gamma


class Columns(NamedTuple):
    """The N columns of a problem divided by gamma: functions of one variable, as pieces, and their coupling A.

    A record of `table` holds of each column: anchor (b, 0 for slacks), curvature (D), held (h); own_start, own_stop
    and hinge: the pieces of its true function, from which one on they buy; kinked: whether sell or buy is a choice,
    the function not being convex at h; start, stop: the pieces now in force (the true function, one branch of it, or
    its envelope); bridge: the envelope's flat piece, -1 = none; proximal (e) and centre (z) of its proximal term.

    A record of `pieces` is one piece, on which the function is  value + slope (w - left) + curved (w - anchor)^2 / 2
    for left <= w <= right.
    """

    rows: Floats  # (m, n) A', row by row: loadings of every name, ones, coefficients of the groups
    coupling: Floats  # (n, m) A, name by name: written by `write_coupling` for those who walk from name to name
    right_side: Floats  # (m,) what A' w (with slacks) must reach: X'b, 1, zeros
    scales: Floats  # (2,) STEEPEST: bound on the slope of any column, the range of the multipliers of cash and groups;
    # STIFFNESS: curvature that proximal weights are measured by
    table: Records  # (N,)
    pieces: Records


class State(NamedTuple):
    """Where a solve stands."""

    theta: Floats  # (m,)
    price: Floats  # (N,) s
    price_step: Floats  # (N,)
    weight: Floats  # (N,) w
    response: Floats  # (N,) q = -dw/ds inside a piece, 0 on a kink: what `hessian` is made of
    weight_next: Floats
    response_next: Floats
    active: Floats  # (6, N) the piece each column is on, as `active_pieces` describes
    piece: Ints  # (N,) its number
    chosen: Ints  # (N,) names whose response has changed
    change: Floats  # (N,) by how much
    block: Floats  # (2, m, BLOCK) loadings of some of them, plain and times the change
    gradient: Floats  # (m,)
    step: Floats  # (m,)
    pivot: Floats  # (m,) column of the factor in hand
    ridge: Floats  # (m,) added to the diagonal; zero for exposures
    hessian: Floats  # (m, m)
    factor: Floats  # (m, m) its Cholesky factor
    repaired: Floats  # (N,) weights with cash exact
    best: Floats  # (N,) weights of the best feasible point
    best_theta: Floats  # (m,)
    bound_theta: Floats  # (m,) multipliers at which the first stage proved the account's lower bound


class Workspace(NamedTuple):
    """Memory for problems of up to n names, g groups, k factors and L lots, reused from account to account.

    As allocated, matrices are flat buffers; `fitted` gives the arrays of one problem's exact size on them.
    """

    columns: Columns
    state: State
    choice: Flags  # (N,)
    tried: Booleans  # (N,)


def workspace(names: int, lots: int, factors: int, groups: int) -> Workspace:
    """Allocate for at most so many names, lots, factors and group rows (about 0.4 MB at 500 names)."""
    total = names + 1 + groups
    rows = factors + 1 + groups
    pieces = 2 * lots + 9 * names + 8 * (groups + 1)
    columns = Columns(
        np.zeros(names * rows),
        np.zeros(names * rows),
        np.zeros(rows),
        np.zeros(2),
        records(
            total,
            anchor=float,
            curvature=float,
            held=float,
            proximal=float,
            centre=float,
            own_start=int,
            own_stop=int,
            hinge=int,
            start=int,
            stop=int,
            bridge=int,
            kinked=int,
        ),
        records(pieces, left=float, right=float, slope=float, curved=float, value=float),
    )
    by_row = [np.zeros(rows) for _ in range(7)]
    by_column = [np.zeros(total) for _ in range(9)]
    state = State(
        theta=by_row[0],
        price=by_column[0],
        price_step=by_column[1],
        weight=by_column[2],
        response=by_column[3],
        weight_next=by_column[4],
        response_next=by_column[5],
        active=np.zeros(6 * total),
        piece=np.zeros(total, np.int64),
        chosen=np.zeros(total, np.int64),
        change=by_column[8],
        block=np.zeros(2 * rows * BLOCK),
        gradient=by_row[1],
        step=by_row[2],
        pivot=by_row[6],
        ridge=by_row[3],
        hessian=np.zeros(rows * rows),
        factor=np.zeros(rows * rows),
        repaired=by_column[6],
        best=by_column[7],
        best_theta=by_row[4],
        bound_theta=by_row[5],
    )
    return Workspace(columns, state, np.zeros(total, np.uint8), np.zeros(total, np.bool_))


@inner_kernel
def copy_values(source: Floats, target: Floats) -> None:
    """Copy an array into another of its size (an assignment of slices would allocate where they may overlap)."""
    for i in range(source.size):
        target[i] = source[i]


@kernel
def fitted(space: Workspace, names: int, factors: int, groups: int) -> Workspace:
    """View of a workspace at the size of one problem; matrices contiguous, pieces at full capacity."""
    n = names
    m = factors + 1 + groups
    size = n + 1 + groups
    c = space.columns
    columns = Columns(
        c.rows[: n * m].reshape((m, n)),
        c.coupling[: n * m].reshape((n, m)),
        c.right_side[:m],
        c.scales,
        c.table[:size],
        c.pieces,
    )
    t = space.state
    state = State(
        t.theta[:m],
        t.price[:size],
        t.price_step[:size],
        t.weight[:size],
        t.response[:size],
        t.weight_next[:size],
        t.response_next[:size],
        t.active[: 6 * size].reshape((6, size)),
        t.piece[:size],
        t.chosen[:size],
        t.change[:size],
        t.block[: 2 * m * BLOCK].reshape((2, m, BLOCK)),
        t.gradient[:m],
        t.step[:m],
        t.pivot[:m],
        t.ridge[:m],
        t.hessian[: m * m].reshape((m, m)),
        t.factor[: m * m].reshape((m, m)),
        t.repaired[:size],
        t.best[:size],
        t.best_theta[:m],
        t.bound_theta[:m],
    )
    return Workspace(columns, state, space.choice[:size], space.tried[:size])
