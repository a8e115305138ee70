"""General solvers called directly on a quadratic program, one thread each."""

from __future__ import annotations

import importlib
import time
from typing import Any, NamedTuple

import numpy as np
import piqp
import scipy.sparse as sp

from lotwise.bench.reference.account import Floats, Sparse
from lotwise.bench.reference.scaling import ConeProgram, Program, scaled

__all__ = [
    "GeneralSolution",
    "NotSolvedError",
    "by_clarabel",
    "by_clarabel_cones",
    "by_piqp",
    "clarabel",
    "quiet_settings",
]

# Clarabel's compiled module declares none of its names, so it is imported as an object of unknown type.
clarabel: Any = importlib.import_module("clarabel")


class NotSolvedError(Exception):
    """A general solver gave up on a reference program: the comparison says nothing."""


class GeneralSolution(NamedTuple):
    """What came out and what it took."""

    x: Floats
    seconds: float  # of setting up and solving; not of assembling the program
    steps: int
    prices: Floats  # multipliers of the equality rows: L = ... + prices . (A x - r)


def by_piqp(program: Program, tolerance: float = 1e-8) -> GeneralSolution:
    """Solve with PIQP's sparse interior-point method."""
    begin = time.perf_counter()
    solver = piqp.SparseSolver()
    solver.settings.eps_abs = tolerance
    solver.settings.eps_rel = tolerance
    solver.setup(program.P, program.q, program.A, program.r, x_l=program.least, x_u=program.most)
    status = solver.solve()
    x = np.array(solver.result.x)
    seconds = time.perf_counter() - begin
    if status != piqp.PIQP_SOLVED:
        raise NotSolvedError(f"PIQP: {status} after {solver.result.info.iter} steps")
    return GeneralSolution(x, seconds, int(solver.result.info.iter), np.array(solver.result.y))


def by_clarabel(program: Program, tolerance: float = 1e-10) -> GeneralSolution:
    """Solve with Clarabel's interior-point method; bounds become rows of the nonnegative cone."""
    nothing = sp.csc_matrix((0, program.q.size))
    return _by_clarabel(program, nothing, nothing, quiet_settings(tolerance))


def by_clarabel_cones(program: ConeProgram, tolerance: float = 1e-10) -> GeneralSolution:
    """Solve a program with cones, as `by_clarabel` does without, but scaled here.

    With Clarabel's own scaling of rows and columns the gap of mixtures stays near 1e-6, without near 1e-10.
    """
    units = scaled(program)
    settings = quiet_settings(tolerance)
    settings.equilibrate_enable = False
    found = _by_clarabel(units, units.shared, units.cones, settings)
    return found._replace(x=found.x * units.column, prices=found.prices * units.row)


def _by_clarabel(program: Program, shared: Sparse, cones: Sparse, settings: Any) -> GeneralSolution:  # noqa: ANN401
    begin = time.perf_counter()
    below, above = np.isfinite(program.least), np.isfinite(program.most)
    unit = sp.identity(program.q.size, format="csr")
    rows = sp.csc_matrix(sp.vstack([program.A, -unit[below], unit[above], shared, -cones]))
    linear = np.concatenate([-program.least[below], program.most[above], np.zeros(shared.shape[0])])
    right = np.concatenate([program.r, linear, np.zeros(cones.shape[0])])
    kinds = [clarabel.ZeroConeT(program.r.size), clarabel.NonnegativeConeT(linear.size)]
    kinds += [clarabel.SecondOrderConeT(3)] * (cones.shape[0] // 3)
    answer = clarabel.DefaultSolver(program.P, program.q, rows, right, kinds, settings).solve()
    seconds = time.perf_counter() - begin
    if str(answer.status) not in {"Solved", "AlmostSolved"}:
        raise NotSolvedError(f"Clarabel: {answer.status} after {answer.iterations} steps")
    prices = np.array(answer.z)[: program.r.size]
    return GeneralSolution(np.array(answer.x), seconds, int(answer.iterations), prices)


def quiet_settings(tolerance: float) -> Any:  # noqa: ANN401 - of a module without types
    """One thread, one tolerance for Clarabel's gap and feasibility, nothing printed."""
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    return settings
