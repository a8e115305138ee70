"""A bound by branch and bound on a household's best trades: another solver's word on the sides that ours took.

Whether a name is sold at a loss or bought is a number, 0 or 1; the share of a mixture (`reference.household_programs`)
that may not lie between. Variance is convex, so each of its squares lies above all of its tangents:

    d x^2 >= d (2 x0 x - x0^2 s),     s = the share of the side, 1 where the name has but one

and with tangents in the place of squares the problem is a mixed-integer linear one, whose optimum is below that of the
household. HiGHS solves it; tangents are added where its answer lies until they, or our trades, are close enough to it.

HiGHS takes what is below its tolerances for nothing and says nothing of it, so weights are counted in thousandths and
the objective in basis points, and every answer is worked out again: rows, bounds, whole numbers, its objective and that
its bound is not above it, nor above what trades are known to reach. The bound itself is HiGHS's word: how it branched
is not to be had from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from lotwise.bench.reference.account import Bools, Floats, Ints, Sparse
from lotwise.bench.reference.general_solvers import by_piqp
from lotwise.bench.reference.household import ReferenceHousehold
from lotwise.bench.reference.household_programs import HouseholdProgram, fixed_program, mixed_program

__all__ = ["IntegerBound", "integer_bound"]

_BASIS_POINT = 1e-4
_WEIGHT = 1e-3  # weights are counted in thousandths

# Where the first tangents touch, as weights from where our trades lie.
_GRID = np.array([0.0, *(sign * width for width in (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1) for sign in (-1, 1))])

_MOST_ROUNDS = 30
_SECONDS = 60.0  # of one call of HiGHS
_CLOSE = 1e-3  # bp that the tangents may leave
_FEASIBLE = 2e-6  # HiGHS keeps rows, bounds and whole numbers to 1e-6
_PIQP = 1e-10


class IntegerBound(NamedTuple):
    """What branch and bound says of a household."""

    bound: float  # no trades cost less, fraction of value, to the tolerances of HiGHS
    best: float  # the least objective of the sides that it took, each solved as a quadratic program
    rounds: int  # of tangents
    faults: tuple[str, ...]  # what an answer claims that is not so


@dataclass(frozen=True)
class _Linear:
    """The program in the units of HiGHS: columns of the household's program, then one for each whole square."""

    cost: Floats
    rows: Sparse
    right: Floats
    bounds: tuple[Floats, Floats]
    whole: Ints  # 1: 0 or 1, nothing between
    shared: Sparse
    squares: Squares
    constant: float  # bp


class Squares(NamedTuple):
    """Terms weight x^2 / s of the objective, bp, x in thousandths: columns of x, of s (-1: 1), of the term."""

    x: Ints
    share: Ints
    term: Ints
    weight: Floats


def _squares(program: HouseholdProgram, scale: Floats) -> tuple[Squares, int]:
    """The squares of a program, and how many columns its linear form has."""
    columns = program.q.size
    curved = program.P.diagonal()
    whole = np.flatnonzero(curved > 0)
    of = 0.5 * curved[whole] * scale[whole] ** 2 / _BASIS_POINT
    first, second = program.cones[0::3], program.cones[1::3]
    count = first.shape[0]
    if not count:
        nothing = np.full(whole.size, -1)
        return Squares(whole, nothing, columns + np.arange(whole.size), of), columns + whole.size
    # Of every three rows: term + share, 2 m x, term - share; so term x share >= (m x)^2.
    x = sp.coo_matrix(second)
    x_column, magnified = np.zeros(count, np.int64), np.zeros(count)
    x_column[x.row], magnified[x.row] = x.col, x.data / 2
    difference = sp.coo_matrix(program.cones[2::3])
    term, share = np.zeros(count, np.int64), np.zeros(count, np.int64)
    term[difference.row[difference.data > 0]] = difference.col[difference.data > 0]
    share[difference.row[difference.data < 0]] = difference.col[difference.data < 0]
    mixed = program.q[term] * magnified**2 * scale[x_column] ** 2 / _BASIS_POINT
    return (
        Squares(
            np.concatenate((whole, x_column)),
            np.concatenate((np.full(whole.size, -1), share)),
            np.concatenate((columns + np.arange(whole.size), term)),
            np.concatenate((of, mixed)),
        ),
        columns + whole.size,
    )


def _linear(program: HouseholdProgram) -> _Linear:
    scale = np.full(program.q.size, _WEIGHT)
    scale[program.share] = 1.0
    squares, total = _squares(program, scale)
    cost = np.zeros(total)
    cost[: scale.size] = program.q * scale / _BASIS_POINT
    cost[squares.term] = 1.0
    least, most = np.zeros(total), np.full(total, np.inf)
    least[: scale.size], most[: scale.size] = program.least / scale, program.most / scale
    least[squares.term], most[squares.term] = 0.0, np.inf
    whole = np.zeros(total, np.int64)
    whole[program.share] = 1

    def rows(matrix: Sparse) -> Sparse:
        """Rows of weights, in thousandths."""
        within = sp.csc_matrix(matrix @ sp.csc_matrix(sp.diags(scale / _WEIGHT)))
        return sp.csc_matrix(sp.hstack([within, sp.csc_matrix((matrix.shape[0], total - scale.size))]))

    constant = program.constant / _BASIS_POINT
    bounds = least, most
    return _Linear(cost, rows(program.A), program.r / _WEIGHT, bounds, whole, rows(program.shared), squares, constant)


def _tangents(squares: Squares, chosen: Ints, at: Floats, total: int) -> tuple[Sparse, Floats]:
    """Rows term - 2 w x0 x + w x0^2 s >= 0, or with s = 1 on the right, of chosen squares at points x0."""
    weight, x, share, term = squares.weight[chosen], squares.x[chosen], squares.share[chosen], squares.term[chosen]
    row = np.arange(chosen.size)
    mixed = share >= 0
    entries = (
        np.concatenate((np.ones(chosen.size), -2 * weight * at, (weight * at**2)[mixed])),
        (np.concatenate((row, row, row[mixed])), np.concatenate((term, x, share[mixed]))),
    )
    return sp.csc_matrix(entries, shape=(chosen.size, total)), np.where(mixed, 0.0, -weight * at**2)


def _is_kept(linear: _Linear, x: Floats, cuts: Sparse, floor: Floats) -> str:
    """What an answer does not keep, in words."""
    least, most = linear.bounds
    kept: dict[str, Floats] = {
        "rows": np.abs(np.asarray(linear.rows @ x) - linear.right),
        "bounds": np.maximum(least - x, x - most),
        "shares": np.asarray(linear.shared @ x),
        "tangents": floor - np.asarray(cuts @ x),
        "whole numbers": np.abs(x - np.rint(x))[linear.whole > 0],
    }
    missed = {name: float(np.max(amount, initial=0.0)) for name, amount in kept.items()}
    return ", ".join(f"{name} by {amount:.1e}" for name, amount in missed.items() if amount > _FEASIBLE)


def _first_points(
    household: ReferenceHousehold, program: HouseholdProgram, weights: Floats, squares: Squares
) -> Floats:
    """Where each square's x lies with trades that lead to `weights` of names, thousandths."""
    active = weights - household.target
    x = np.zeros(program.q.size)
    x[: program.side_name.size] = active[program.side_name]
    x[program.side_name.size :][: household.loadings.shape[1]] = household.loadings.T @ active
    return np.asarray(x[squares.x] / _WEIGHT, np.float64)


def _answer(linear: _Linear, cuts: Sparse, floor: Floats) -> tuple[Floats, float] | str:
    """What HiGHS finds, with the bound that it claims (bp, without the constant), or its words where it has nothing."""
    limits = [LinearConstraint(linear.rows, linear.right, linear.right), LinearConstraint(cuts, floor, np.inf)]
    if linear.shared.shape[0]:
        limits.append(LinearConstraint(linear.shared, -np.inf, 0.0))
    found: Any = milp(
        linear.cost,
        integrality=linear.whole,
        bounds=Bounds(*linear.bounds),
        constraints=limits,
        options={"mip_rel_gap": 1e-7, "time_limit": _SECONDS},
    )
    if found.x is None:
        return f"HiGHS: {found.message}"
    claimed = found.fun if found.mip_dual_bound is None else found.mip_dual_bound  # without a whole number: the first
    return np.asarray(found.x, np.float64), float(claimed)


def integer_bound(household: ReferenceHousehold, weights: Floats, known: float) -> IntegerBound:
    """Bound the objective of a household from below; `weights` (n,) of names and `known`, their objective, are ours."""
    program = mixed_program(household)
    linear = _linear(program)
    squares, total = linear.squares, linear.cost.size
    start = _first_points(household, program, weights, squares)
    every = np.arange(squares.x.size)
    cuts, floor = _tangents(squares, np.repeat(every, _GRID.size), (start[:, None] + _GRID / _WEIGHT).ravel(), total)
    faults: list[str] = []
    best, bound, tried = np.inf, -np.inf, set[bytes]()
    rounds = 0
    while rounds < _MOST_ROUNDS:
        rounds += 1
        answer = _answer(linear, cuts, floor)
        if isinstance(answer, str):
            faults.append(answer)
            break
        x, claimed = answer
        faults += _doubts(linear, x, cuts, floor, claimed, known)
        bound = max(bound, claimed + linear.constant)
        buys = _buys(household, program, x)
        if buys.tobytes() not in tried:
            tried.add(buys.tobytes())
            fixed = fixed_program(household, buys)
            best = min(best, fixed.value(by_piqp(fixed, _PIQP).x))
        away = _beyond_tangents(squares, x)
        if away.sum() < _CLOSE or known / _BASIS_POINT - bound < _CLOSE:
            break
        chosen = np.flatnonzero(away > 0.1 * _CLOSE / every.size)
        more, less = _tangents(squares, chosen, x[squares.x[chosen]], total)
        cuts, floor = sp.csc_matrix(sp.vstack([cuts, more])), np.concatenate((floor, less))
    return IntegerBound(bound * _BASIS_POINT, best, rounds, tuple(dict.fromkeys(faults)))


def _beyond_tangents(squares: Squares, x: Floats) -> Floats:
    """How far each square lies above what its tangents say of it, bp."""
    share = np.where(squares.share >= 0, x[squares.share], 1.0)
    taken = share > 0.5
    true = squares.weight * np.divide(x[squares.x] ** 2, share, out=np.zeros(share.size), where=taken)
    return np.asarray(np.where(taken, true - x[squares.term], 0.0), np.float64)


def _doubts(linear: _Linear, x: Floats, cuts: Sparse, floor: Floats, claimed: float, known: float) -> list[str]:
    """What an answer claims that is not so."""
    missed = _is_kept(linear, x, cuts, floor)
    reached = float(linear.cost @ x)
    doubts = [f"it misses {missed}"] if missed else []
    if claimed > reached + _CLOSE:
        doubts.append(f"its bound {claimed:.5f} is above what it reaches, {reached:.5f}")
    if claimed + linear.constant > known / _BASIS_POINT + _CLOSE:
        doubts.append(f"its bound is {claimed + linear.constant - known / _BASIS_POINT:.1e} bp above known trades")
    return doubts


def _buys(household: ReferenceHousehold, program: HouseholdProgram, x: Floats) -> Bools:
    """Which two-sided names an answer buys: of each, the second share is that of the side that buys."""
    buys = np.zeros(household.names, np.bool_)
    buys[household.two_sided] = x[program.share[1::2]] > 0.5
    return buys
