"""The problem of a household: its accounts as one portfolio, and the arrays it is solved in.

Everything is a fraction of the household's value. A *position* is a name in an account; z_p is its weight after
trading, t_i = sum of z_p over the positions of name i:

    minimise    gamma * ( |X'(t - b)|^2 / 2 + sum_i D_i (t_i - b_i)^2 / 2 )  +  sum_p f_p(z_p)
    subject to  sum_p z_p + c_a = V_a  in every account a,   c_a within its band,   lo <= G t <= hi

Symbols are those of `optimizer.problem`; V_a is the account's part of the value. New here:

| symbol | is | shape |
|---|---|---|
| theta = (nu, lambda, mu, kappa) | multipliers of exposures, groups, accounts' cash, accounts' own groups | (m,) |
| s | price that nu and lambda put on a dollar of each name | (n,) |
| p | price that mu and kappa put on a dollar of each position | (N,) |
| r | price of a name: s + D (t - b), what one more dollar of it costs in risk | per side |

**Sides.** A name of which some account may sell at a loss and some account may buy has two sides, and takes one: no
account sells it at a loss (*buy side*; lots at a gain may be sold) or no account buys it (*sell side*). Each side is
convex. Their common envelope, in all of the name's positions at once, is the mixture of a point of either side by
shares that add up to 1; so the first stage solves for the shares too. Columns of a name with two sides stand twice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import Records, inlined_kernel, kernel, records
from lotwise.optimizer.household.side_values import RISK_ROWS, SIDE_ROWS
from lotwise.optimizer.problem import (
    Booleans,
    Cases,
    Columns,
    Flags,
    Floats,
    Ints,
    State,
    cases_for,
    fitted_cases,
    fitted_state,
    state_for,
)

__all__ = [
    "ALONE",
    "BOTH",
    "NEVER",
    "HouseholdColumns",
    "HouseholdProblem",
    "HouseholdState",
    "HouseholdWorkspace",
    "column_of",
    "fitted",
    "workspace",
]

# Whether a side is in force: not at all, alone, or as one of two.
NEVER, ALONE, BOTH = 0, 1, 2


class HouseholdProblem(NamedTuple):
    """One household; weights and costs per dollar of its value. A position's lots are sorted cheapest first."""

    target: Floats  # (n,) b
    loadings: Floats  # (n, k) X
    specific: Floats  # (n,) annual specific variance, D / 2
    low: Floats  # (n,) least weight of the name in the household (soft)
    high: Floats  # (n,) greatest (soft)
    position_start: Ints  # (n + 1,) positions of name i: position_start[i] .. position_start[i + 1]
    account: Ints  # (C,) account of each position; of a name each account at most once
    held: Floats  # (C,)
    buy_cost: Floats  # (C,) per dollar bought
    may_buy: Booleans  # (C,)
    hold_cost: Floats  # (C,) per dollar held after trading: what this kind of account makes of the name's income
    position_low: Floats  # (C,) least weight of the position (soft)
    position_high: Floats  # (C,)
    lot_start: Ints  # (C + 1,) lots of position p: lot_start[p] .. lot_start[p + 1]; what may be sold
    lot_quantity: Floats  # (L,)
    lot_price: Floats  # (L,) tax and cost per dollar sold, negative = credit
    lot_loss: Booleans  # (L,) sold at a loss in a taxable account: nobody of the household may buy the name then
    group_start: Ints  # (g + 1,) rows of G over names, sparse
    group_name: Ints
    group_coefficient: Floats
    group_low: Floats  # (g,) soft
    group_high: Floats
    own_group_start: Ints  # (h + 1,) rows over positions: bounds that hold within one account
    own_group_position: Ints
    own_group_coefficient: Floats
    own_group_low: Floats  # (h,) soft
    own_group_high: Floats
    value: Floats  # (A,) V_a, the accounts' parts of the household's value
    cash_low: Floats  # (A,) soft band of each account's cash
    cash_high: Floats
    risk_price: float  # gamma


class HouseholdColumns(NamedTuple):
    """Positions (twice where a name has two sides), then slacks of cash, groups and accounts' groups: N columns.

    Columns of positions lie level by level: the first of every side, then the second of every side that has one, and
    so on, so that sums over the columns of all S sides are sums of whole rows. Sides with more columns come first, the
    two sides of a name together, the sell side before the buy side.

    `base.rows` are the loadings and group coefficients of names, (k + g, n); `base.table` and `base.pieces` are those
    of the columns, without the names' own curvature. A record of `sides`: count of its columns; kind; other: the
    name's other side, -1 = none; buys: whether it is the buy side; mixes: memory for it. In a solve: centre and
    nearness of the share's proximal term; value: least of its function where it is mixed. Of a solve: best: its share
    in the best mixture; floor, kept_floor: what bounds its function from below at the best multipliers.
    """

    base: Columns
    sides: Records
    name_of: Ints  # (S,) name of every side
    side_of: Ints  # (n,) the first side of every name
    level_start: Ints  # (A + 1,) where the columns of a level begin
    run_start: Ints  # (R + 1 or more,) where runs of columns of one level and account begin
    run_side: Ints  # (R or more,) sides of their first columns
    runs: Ints  # (1,) R; 0 where groups of accounts hold columns too, which are then looked at one by one
    force: Ints  # (S,) NEVER, ALONE, BOTH
    risk: Floats  # (RISK_ROWS, S) `household.side_values`
    anchor: Floats  # (n,) b
    curvature: Floats  # (n,) D
    low: Floats  # (n,) bounds on t
    high: Floats
    position: Ints  # (N,) position of a column; -1 for slacks
    link_start: Ints  # (N + 1,) rows that put a price on a column besides its name's: its account's cash, and groups
    link_row: Ints
    link_coefficient: Floats
    account_scale: Floats  # (A,) mean V / V_a: small accounts get stiffer proximal terms
    scale: Floats  # (N,) that of every column of a position


class HouseholdState(NamedTuple):
    """Where a solve stands; `base.price` and `base.price_step` of a column are p, without its name's r."""

    base: State
    of_side: Floats  # (SIDE_ROWS, S) `household.side_values`
    lines: Floats  # (4, N) `household.laying`
    whole: Floats  # (N,) p + r of a column, and its slope along the step
    whole_step: Floats
    direct: Floats  # (N,) slope of p + s along the step
    unconfirmed: Ints  # (S,) sides whose price is not the one predicted
    name_price: Floats  # (n,) s
    name_step: Floats  # (n,)
    name_weight: Floats  # (n,) t, sides mixed
    response: Floats  # (n,) what `base.hessian` is made of: response of t to s
    response_next: Floats
    leans: Floats  # (A + h, S) what the columns of sides answer to the rows of accounts
    cross: Floats  # (A + h, n) response of the rows of accounts to s
    own: Floats  # (A + h, A + h) and to each other
    lean: Floats  # (A + h,) memory
    lacks: Floats  # (A,) what repaired weights and cash of an account lack of its value
    room: Floats  # (A,) what its columns and cash answer together
    found: Floats  # (C,) weights of the best portfolio so far
    settled: Floats  # (C,) weights of the last solve in which positions were pinned (`household.holding`)


class HouseholdWorkspace(NamedTuple):
    """Memory for one household's problem."""

    columns: HouseholdColumns
    state: HouseholdState
    cases: Cases
    choice: Flags  # (n,)


def _sides(names: int) -> Records:
    """Allocate two sides a name."""
    columns: dict[str, type] = dict.fromkeys(("count", "kind", "other", "buys", "mixes"), int)
    columns |= dict.fromkeys(("centre", "nearness", "value", "best", "floor", "kept_floor"), float)
    return records(2 * names, **columns)


@inlined_kernel
def column_of(columns: HouseholdColumns, side: int, level: int) -> int:
    """The column of a side's position: a name's first, second and so on."""
    return int(columns.level_start[level] + side)


def workspace(problem: HouseholdProblem) -> HouseholdWorkspace:
    """Allocate for a household's problem (some 2 MB at 500 names in 4 accounts)."""
    n, k = problem.loadings.shape
    return workspace_for(
        (n, k),
        (len(problem.account), len(problem.lot_quantity)),
        (len(problem.group_low), len(problem.own_group_low), len(problem.value)),
        len(problem.own_group_position),
    )


def _columns_for(
    shape: tuple[int, int], positions: tuple[int, int], rows: tuple[int, int, int], entries: int
) -> HouseholdColumns:
    (n, k), (count, lots), (groups, own_groups, accounts) = shape, positions, rows
    m = k + groups + accounts + own_groups
    total = 2 * count + m - k
    pieces = 2 * lots + 12 * count + 3 * (m - k) + total  # the last are points at which columns are held
    table: dict[str, type] = dict.fromkeys(("anchor", "curvature", "held"), float)
    table |= dict.fromkeys(("own_start", "own_stop", "hinge", "start", "stop", "kinked"), int)
    base = Columns(
        np.zeros(n * (k + groups)),
        np.zeros(m),
        np.zeros(3),
        records(total, **table),
        records(pieces, left=float, right=float, slope=float, curved=float, value=float),
    )
    return HouseholdColumns(
        base,
        _sides(n),
        np.zeros(2 * n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(accounts + 1, np.int64),
        np.zeros(total + 1, np.int64),
        np.zeros(total, np.int64),
        np.zeros(1, np.int64),
        np.zeros(2 * n, np.int64),
        np.zeros(RISK_ROWS * 2 * n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(total, np.int64),
        np.zeros(total + 1, np.int64),
        np.zeros(total + 2 * entries, np.int64),
        np.zeros(total + 2 * entries),
        np.zeros(accounts),
        np.zeros(total),
    )


def _state_for(shape: tuple[int, int], count: int, rows: tuple[int, int, int]) -> HouseholdState:
    (n, k), (groups, own_groups, accounts) = shape, rows
    owned = accounts + own_groups
    m = k + groups + owned
    total = 2 * count + groups + owned
    return HouseholdState(
        state_for(m, max(total, n)),
        np.zeros(SIDE_ROWS * 2 * n),
        np.zeros(4 * total),
        np.zeros(total),
        np.zeros(total),
        np.zeros(total),
        np.zeros(2 * n, np.int64),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(2 * owned * n),
        np.zeros(owned * n),
        np.zeros(owned * owned),
        np.zeros(owned),
        np.zeros(accounts),
        np.zeros(accounts),
        np.zeros(count),
        np.zeros(count),
    )


def workspace_for(
    shape: tuple[int, int], positions: tuple[int, int], rows: tuple[int, int, int], entries: int
) -> HouseholdWorkspace:
    """Allocate for at most (names, factors), (positions, lots), (groups, own groups, accounts), own group entries."""
    m = shape[1] + sum(rows)
    columns = _columns_for(shape, positions, rows, entries)
    state = _state_for(shape, positions[0], rows)
    return HouseholdWorkspace(columns, state, cases_for(m), np.zeros(shape[0], np.uint8))


@kernel
def _fitted_columns(
    c: HouseholdColumns, shape: tuple[int, int], columns: tuple[int, int, int], rows: tuple[int, int, int]
) -> HouseholdColumns:
    n, k = shape
    groups, own_groups, accounts = rows
    m = k + groups + accounts + own_groups
    total = columns[0] + m - k
    base = Columns(
        c.base.rows[: n * (k + groups)].reshape((k + groups, n)),
        c.base.right_side[:m],
        c.base.scales,
        c.base.table[:total],
        c.base.pieces,
    )
    return HouseholdColumns(
        base,
        c.sides[: columns[1]],
        c.name_of[: columns[1]],
        c.side_of[:n],
        c.level_start[: accounts + 1],
        c.run_start,
        c.run_side,
        c.runs,
        c.force[: columns[1]],
        c.risk[: RISK_ROWS * columns[1]].reshape((RISK_ROWS, columns[1])),
        c.anchor[:n],
        c.curvature[:n],
        c.low[:n],
        c.high[:n],
        c.position[:total],
        c.link_start[: total + 1],
        c.link_row,
        c.link_coefficient,
        c.account_scale[:accounts],
        c.scale[:total],
    )


@kernel
def _fitted_state(
    s: HouseholdState, shape: tuple[int, int], columns: tuple[int, int, int], rows: tuple[int, int, int]
) -> HouseholdState:
    n, k = shape
    groups, own_groups, accounts = rows
    owned = accounts + own_groups
    m = k + groups + owned
    total = columns[0] + groups + owned
    return HouseholdState(
        fitted_state(s.base, total, m),
        s.of_side[: SIDE_ROWS * columns[1]].reshape((SIDE_ROWS, columns[1])),
        s.lines[: 4 * total].reshape((4, total)),
        s.whole[:total],
        s.whole_step[:total],
        s.direct[:total],
        s.unconfirmed[: columns[1]],
        s.name_price[:n],
        s.name_step[:n],
        s.name_weight[:n],
        s.response[:n],
        s.response_next[:n],
        s.leans[: owned * columns[1]].reshape((owned, columns[1])),
        s.cross[: owned * n].reshape((owned, n)),
        s.own[: owned * owned].reshape((owned, owned)),
        s.lean[:owned],
        s.lacks[:accounts],
        s.room[:accounts],
        s.found[: columns[2]],
        s.settled[: columns[2]],
    )


@kernel
def fitted(
    space: HouseholdWorkspace, shape: tuple[int, int], columns: tuple[int, int, int], rows: tuple[int, int, int]
) -> HouseholdWorkspace:
    """View at (names, factors), (columns of positions, sides, positions), (groups, own groups, accounts)."""
    fitted_columns = _fitted_columns(space.columns, shape, columns, rows)
    state = _fitted_state(space.state, shape, columns, rows)
    cases = fitted_cases(space.cases, shape[1] + rows[0] + rows[1] + rows[2])
    return HouseholdWorkspace(fitted_columns, state, cases, space.choice[: shape[0]])
