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
    "MOST_CASES",
    "MOST_SPLITS",
    "NEARNESS",
    "STEEPEST",
    "STIFFNESS",
    "AccountProblem",
    "Cases",
    "Choice",
    "Columns",
    "SolveStatus",
    "State",
    "Workspace",
    "cases_for",
    "copy_values",
    "fitted",
    "fitted_cases",
    "fitted_state",
    "state_for",
    "workspace",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Places = NDArray[np.uint64]  # as an index never counted from the end, which saves a comparison at every access
Flags = NDArray[np.uint8]
Booleans = NDArray[np.bool_]

STEEPEST, STIFFNESS, NEARNESS = 0, 1, 2  # places of Columns.scales
BLOCK = 64  # names that are added to the Hessian at a time: their loadings stay in the nearest cache
WIDE = 4  # rows of the Hessian are padded to whole vectors of so many

# Solves that the search over choices may take after the first. Of 2,000 ordinary accounts of 100 names nine in ten took
# ten or fewer, and none more than 35 (docs/measured/quality.md); what is still open then keeps the bound it has.
MOST_SPLITS = 48
MOST_CASES = MOST_SPLITS + 1


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
    BAD_INPUT = 2  # a number came in that is not finite, or cannot be


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
    its envelope); bridge: the envelope's flat piece while that is in force, -1 = none; hull_start, hull_stop,
    hull_bridge: the envelope; proximal (e) and centre (z) of its proximal term.

    A record of `pieces` is one piece, on which the function is  value + slope (w - left) + curved (w - anchor)^2 / 2
    for left <= w <= right.
    """

    rows: Floats  # (m, n) A', row by row: loadings of every name, ones, coefficients of the groups
    right_side: Floats  # (m,) what A' w (with slacks) must reach: X'b, 1, zeros
    scales: Floats  # (3,) STEEPEST: bound on the slope of any column, the range of the multipliers of cash and groups;
    # STIFFNESS: curvature that proximal weights are measured by; NEARNESS: the weight now, relative to it
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
    active: Floats  # (11, N) the piece each column is on, as `active_pieces` describes
    piece: Ints  # (N,) its number
    loose: Ints  # (N,) the columns that may need a proximal term
    loose_count: Ints  # (1,)
    chosen: Places  # (N,) names whose response has changed
    change: Floats  # (N,) by how much
    block: Floats  # (2, m, BLOCK) loadings of some of them, plain and times the change
    gradient: Floats  # (m,)
    step: Floats  # (m,)
    pivot: Floats  # (m,) least that a pivot may be
    hessian: Floats  # (m, at least m + 1) upper triangle, rows padded to whole vectors
    factor: Floats  # (m, at least m + 1) its factors, and the gradient as column m
    repaired: Floats  # (N,) weights with cash exact
    best: Floats  # (N,) weights of the best feasible point of a solve
    best_theta: Floats  # (m,) multipliers of its best bound
    found: Floats  # (N,) weights of the best portfolio of the account so far
    found_theta: Floats  # (m,) multipliers of the solve that found it


class Cases(NamedTuple):
    """What proves an account's lower bound: cases that together are all portfolios, each with its own dual bound.

    A case says of some names that they sell only, or buy only; a saying is 2 x name, + 1 if it buys only.
    """

    closed: Ints  # (1,) how many are
    bound: Floats  # (l,) / gamma, of each closed case
    theta: Floats  # (l, m) multipliers at which its dual value is that
    depth: Ints  # (l,) how many sayings it has
    said: Ints  # (l, MOST_SPLITS) them
    open_said: Ints  # (MOST_SPLITS,) sayings of the case in hand
    open_other: Booleans  # (MOST_SPLITS,) whether the opposite of a saying is still to be looked at,
    open_bound: Floats  # (MOST_SPLITS,) and what bounds it from below
    open_theta: Floats  # (MOST_SPLITS, m) at these multipliers


class Workspace(NamedTuple):
    """Memory for problems of up to n names, g groups, k factors and L lots, reused from account to account.

    As allocated, matrices are flat buffers; `fitted` gives the arrays of one problem's exact size on them.
    """

    columns: Columns
    state: State
    cases: Cases
    choice: Flags  # (N,)
    marked: Booleans  # (N,)


def _columns(names: int, lots: int, rows: int, total: int) -> Columns:
    pieces = 2 * lots + 10 * names + 9 * (total - names)  # the last `total` are points at which columns are held
    integers = ("own_start", "own_stop", "hinge", "start", "stop", "bridge", "hull_start", "hull_stop", "hull_bridge")
    table: dict[str, type] = dict.fromkeys(("anchor", "curvature", "held", "proximal", "centre"), float)
    table |= dict.fromkeys((*integers, "kinked"), int)
    return Columns(
        np.zeros(names * rows),
        np.zeros(rows),
        np.zeros(3),
        records(total, **table),
        records(pieces, left=float, right=float, slope=float, curved=float, value=float),
    )


def state_for(rows: int, total: int) -> State:
    """Allocate for so many multipliers and columns."""

    def of_rows() -> Floats:
        return np.zeros(rows)

    def of_columns() -> Floats:
        return np.zeros(total)

    return State(
        theta=of_rows(),
        price=of_columns(),
        price_step=of_columns(),
        weight=of_columns(),
        response=of_columns(),
        weight_next=of_columns(),
        response_next=of_columns(),
        active=np.zeros(11 * total),
        piece=np.zeros(total, np.int64),
        loose=np.zeros(total, np.int64),
        loose_count=np.zeros(1, np.int64),
        chosen=np.zeros(total, np.uint64),
        change=of_columns(),
        block=np.zeros(2 * rows * BLOCK),
        gradient=of_rows(),
        step=of_rows(),
        pivot=of_rows(),
        hessian=np.zeros(rows * (rows + WIDE)),
        factor=np.zeros(rows * (rows + WIDE)),
        repaired=of_columns(),
        best=of_columns(),
        best_theta=of_rows(),
        found=of_columns(),
        found_theta=of_rows(),
    )


def cases_for(rows: int) -> Cases:
    """Allocate for so many multipliers."""
    return Cases(
        closed=np.zeros(1, np.int64),
        bound=np.zeros(MOST_CASES),
        theta=np.zeros(MOST_CASES * rows),
        depth=np.zeros(MOST_CASES, np.int64),
        said=np.zeros((MOST_CASES, MOST_SPLITS), np.int64),
        open_said=np.zeros(MOST_SPLITS, np.int64),
        open_other=np.zeros(MOST_SPLITS, np.bool_),
        open_bound=np.zeros(MOST_SPLITS),
        open_theta=np.zeros(MOST_SPLITS * rows),
    )


def workspace(names: int, lots: int, factors: int, groups: int) -> Workspace:
    """Allocate for at most so many names, lots, factors and group rows (about 0.5 MB at 500 names)."""
    total = names + 1 + groups
    rows = factors + 1 + groups
    flags = np.zeros(total, np.uint8), np.zeros(total, np.bool_)
    return Workspace(_columns(names, lots, rows, total), state_for(rows, total), cases_for(rows), *flags)


@inner_kernel
def copy_values(source: Floats, target: Floats) -> None:
    """Copy an array into another of its size (an assignment of slices would allocate where they may overlap)."""
    for i in range(source.size):
        target[i] = source[i]


@kernel
def fitted_state(t: State, size: int, m: int) -> State:
    """View of a state at so many columns and multipliers."""
    width = (m + WIDE) // WIDE * WIDE
    return State(
        t.theta[:m],
        t.price[:size],
        t.price_step[:size],
        t.weight[:size],
        t.response[:size],
        t.weight_next[:size],
        t.response_next[:size],
        t.active[: 11 * size].reshape((11, size)),
        t.piece[:size],
        t.loose[:size],
        t.loose_count,
        t.chosen[:size],
        t.change[:size],
        t.block[: 2 * m * BLOCK].reshape((2, m, BLOCK)),
        t.gradient[:m],
        t.step[:m],
        t.pivot[:m],
        t.hessian[: m * width].reshape((m, width)),
        t.factor[: m * width].reshape((m, width)),
        t.repaired[:size],
        t.best[:size],
        t.best_theta[:m],
        t.found[:size],
        t.found_theta[:m],
    )


@kernel
def fitted_cases(v: Cases, m: int) -> Cases:
    """View of cases at m multipliers."""
    return Cases(
        v.closed,
        v.bound,
        v.theta[: MOST_CASES * m].reshape((MOST_CASES, m)),
        v.depth,
        v.said,
        v.open_said,
        v.open_other,
        v.open_bound,
        v.open_theta[: MOST_SPLITS * m].reshape((MOST_SPLITS, m)),
    )


@kernel
def fitted(space: Workspace, names: int, factors: int, groups: int) -> Workspace:
    """View of a workspace at the size of one problem; matrices contiguous, pieces at full capacity."""
    n = names
    m = factors + 1 + groups
    size = n + 1 + groups
    c = space.columns
    columns = Columns(
        c.rows[: n * m].reshape((m, n)),
        c.right_side[:m],
        c.scales,
        c.table[:size],
        c.pieces,
    )
    cases = fitted_cases(space.cases, m)
    state = fitted_state(space.state, size, m)
    return Workspace(columns, state, cases, space.choice[:size], space.marked[:size])
