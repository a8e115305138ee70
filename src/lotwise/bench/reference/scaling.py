"""A program with cones in units in which its numbers are near one.

Accounts of one dollar beside millions make rows and columns that differ by seven powers of ten, on which interior
points end at 1e-6; a solver's own scaling, which may not change the proportions within a cone, makes it worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sp

from lotwise.bench.reference.account import Floats, Sparse

__all__ = ["ConeProgram", "Program", "Scaled", "scaled"]


class Program(Protocol):
    """Minimise x'Px / 2 + q'x subject to A x = r and least <= x <= most."""

    @property
    def P(self) -> Sparse: ...  # noqa: D102
    @property
    def q(self) -> Floats: ...  # noqa: D102
    @property
    def A(self) -> Sparse: ...  # noqa: D102
    @property
    def r(self) -> Floats: ...  # noqa: D102
    @property
    def least(self) -> Floats: ...  # noqa: D102
    @property
    def most(self) -> Floats: ...  # noqa: D102


class ConeProgram(Program, Protocol):
    """That, and S x <= 0, and every three rows of C x in the second-order cone."""

    @property
    def shared(self) -> Sparse: ...  # noqa: D102
    @property
    def cones(self) -> Sparse: ...  # noqa: D102


@dataclass(frozen=True)
class Scaled:
    """The same program in other units: x = column x its x, multipliers of rows = row x its multipliers."""

    P: Sparse
    q: Floats
    A: Sparse
    r: Floats
    least: Floats
    most: Floats
    shared: Sparse
    cones: Sparse
    column: Floats
    row: Floats


def scaled(program: ConeProgram) -> Scaled:
    """Count what moves in parts of its range, rows by their largest coefficient, slacks as their rows.

    Columns within cones keep their unit. A slack is a column of one row without a range.
    """
    in_cone = _largest(program.cones, 0) > 0
    width = program.most - program.least
    ranged = ~in_cone & np.isfinite(width) & (width > 0)
    column = np.where(ranged, np.where(ranged, width, 1.0), 1.0)
    slack = ~in_cone & ~ranged & (np.diff(program.A.indptr) == 1)
    row = _inverse(_largest(sp.csc_matrix(program.A @ sp.diags(np.where(slack, 0.0, column))), 1))
    column = np.where(slack, _inverse(_largest(sp.csc_matrix(sp.diags(row) @ program.A), 0)), column)
    each = sp.diags(column)
    shared = program.shared @ each
    return Scaled(
        P=sp.csc_matrix(each @ program.P @ each),
        q=program.q * column,
        A=sp.csc_matrix(sp.diags(row) @ program.A @ each),
        r=program.r * row,
        least=program.least / column,
        most=program.most / column,
        shared=sp.csc_matrix(sp.diags(_inverse(_largest(shared, 1))) @ shared),
        cones=sp.csc_matrix(program.cones @ each),
        column=column,
        row=row,
    )


def _largest(matrix: Sparse, axis: int) -> Floats:
    """Largest coefficient, whatever its sign, of every column (axis 0) or row (axis 1)."""
    if 0 in matrix.shape:
        return np.zeros(matrix.shape[1 - axis])
    return np.asarray(abs(matrix).max(axis=axis).todense(), dtype=np.float64).ravel()


def _inverse(size: Floats) -> Floats:
    return np.where(size > 0, 1 / np.where(size > 0, size, 1.0), 1.0)
