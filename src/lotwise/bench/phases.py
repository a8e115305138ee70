"""Where the time of a solve goes, phase by phase, without a clock inside any kernel.

Each phase is repeated many times on the state that a solved account leaves, and timed from outside; how often a solve
runs it is counted while the same solve runs once as plain Python. Times count makes the profile; what it leaves of
the whole solve is said.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from lotwise.bench.accounts import ordinary, problem_of
from lotwise.bench.machine import machine
from lotwise.bench.solving import solve_repeatedly
from lotwise.bench.tables import MeasuredTable
from lotwise.kernels import kernel
from lotwise.optimizer.active_pieces import (
    find_active_piece,
    minimise_columns,
    plain_value_and_gap,
    slope_and_curvature,
)
from lotwise.optimizer.choices import choose_pieces
from lotwise.optimizer.convex import Aim, solve_convex
from lotwise.optimizer.dual import write_prices, write_row_values
from lotwise.optimizer.newton_system import accept_responses, solve_newton_step
from lotwise.optimizer.problem import STEEPEST, AccountProblem, Choice, Workspace, fitted, workspace
from lotwise.optimizer.single_account import prepare, solve_chosen
from lotwise.optimizer.splitting import Limits, search_choices

__all__ = ["phases"]

_FREE = int(Choice.FREE)
_GAP, _TOLERANCE = 1e-9, 1e-9  # asked of each solve, and of the search; fractions of value
_LEAST_MS = 5.0
_ROUNDS = 9

_BUILD, _ENVELOPES, _FIRST = 0, 1, 2
_PRICES, _MINIMISE, _SLOPES, _LOOK_UP, _HESSIAN, _FOLLOW, _SYSTEM, _ROWS, _GAPS = range(3, 12)


# Inner phases: what is repeated, and the function whose calls are counted.
_INNER = {
    "prices": _PRICES,
    "columns minimised": _MINIMISE,
    "slopes along the step": _SLOPES,
    "pieces looked up": _LOOK_UP,
    "responses taken over": _FOLLOW,
    "factors and step": _SYSTEM,
    "gradient, exposures": _ROWS,
    "gap of a certificate": _GAPS,
    "Hessian anew": _HESSIAN,
}
_FUNCTIONS = {
    "prices": "write_prices",
    "columns minimised": "minimise_columns",
    "slopes along the step": "slope_and_curvature",
    "pieces looked up": "find_active_piece",
    "responses taken over": "accept_responses",
    "factors and step": "solve_newton_step",
    "gradient, exposures": "write_row_values",
    "gap of a certificate": "plain_value_and_gap",
}


@kernel
def _repeat(which: int, problem: AccountProblem, space: Workspace, times: int) -> float:
    """Repeat one phase on the state there is; what it returns keeps the compiler from leaving it out."""
    n, k = problem.loadings.shape
    fit = fitted(space, n, k, problem.group_low.size)
    columns, state = fit.columns, fit.state
    total = 0.0
    at = prepare(problem, columns, state.weight_next) if which == _ENVELOPES else 0
    for _ in range(times):
        if which == _BUILD:
            total += prepare(problem, columns, state.weight_next)
        elif which == _ENVELOPES:
            fit.choice[:] = _FREE
            choose_pieces(columns, fit.choice, at)
        elif which == _FIRST:
            at = prepare(problem, columns, state.weight_next)
            fit.choice[:] = _FREE
            state.theta[:] = 0.0
            for j in range(columns.table.size):
                state.piece[j] = columns.table[j].hinge
            total += solve_chosen(problem, fit, at).bound
        elif which == _PRICES:
            write_prices(columns, state.theta, k, state.price_step)
        elif which == _MINIMISE:
            minimise_columns(columns, state, 0.0)
        elif which == _SLOPES:
            total += slope_and_curvature(state)[0]
        elif which == _LOOK_UP:
            for j in range(columns.table.size):
                find_active_piece(columns, state, j, state.price[j])
        elif which == _HESSIAN:
            accept_responses(columns, state, k, True)
        elif which == _FOLLOW:
            accept_responses(columns, state, k, False)
        elif which == _SYSTEM:
            solve_newton_step(state, k, columns.scales[STEEPEST], lone=True)
        elif which == _ROWS:
            write_row_values(columns, state.weight, state.step)
        elif which == _GAPS:
            total += plain_value_and_gap(state)[0]
    return total


@dataclass(frozen=True, slots=True)
class _Profile:
    """One account: microseconds of whole phases, and of each inner phase; how often inner ones run."""

    whole: float
    build: float
    envelopes: float
    first: float  # the first solve, build and envelopes included
    inner: dict[str, float]  # microseconds an account
    calls: dict[str, float]
    first_steps: int
    steps: int
    solves: int


def phases(names: Sequence[int], seeds: int) -> list[MeasuredTable]:
    """Profile so many ordinary accounts of each size."""
    measured = {n: [_profile(problem_of(ordinary(seed, n))) for seed in range(seeds)] for n in names}
    return [_outer_table(measured, seeds), _inner_table(measured, seeds)]


def _microseconds(runs: Mapping[str, Callable[[int], object]]) -> dict[str, float]:
    """Least time of each, over rounds in which they take turns: a busy machine only adds, and to all alike."""
    times: dict[str, int] = {}
    for name, run in runs.items():
        run(1)
        begin = time.perf_counter()
        run(10)
        times[name] = max(10, int(10 * _LEAST_MS / (1e3 * (time.perf_counter() - begin))))
    least = dict.fromkeys(runs, np.inf)
    for _ in range(_ROUNDS):
        for name, run in runs.items():
            begin = time.perf_counter()
            run(times[name])
            least[name] = min(least[name], (time.perf_counter() - begin) / times[name])
    return {name: 1e6 * float(each) for name, each in least.items()}


def _profile(problem: AccountProblem) -> _Profile:
    n, k = problem.loadings.shape
    groups = problem.group_low.size
    space = workspace(n, problem.lot_quantity.size, k, groups)

    def phase(which: int) -> Callable[[int], object]:
        return lambda times: _repeat(which, problem, space, times)

    outer = _microseconds(
        {
            "whole": lambda times: solve_repeatedly(problem, space, times),
            "build": phase(_BUILD),
            "envelopes": phase(_ENVELOPES),
            "first": phase(_FIRST),
        }
    )
    solve_repeatedly(problem, space, 1)
    inside = int((np.asarray(fitted(space, n, k, groups).state.response[:n]) > 0).sum())
    inner = _microseconds({name: phase(which) for name, which in _INNER.items()})
    counted = _counted(problem)
    calls: dict[str, float] = {name: counted.calls[function] for name, function in _FUNCTIONS.items()}
    calls["Hessian: names added"] = counted.added
    per_call = {name: inner[name] for name in _FUNCTIONS}
    per_call["pieces looked up"] /= n + 1 + groups  # all columns are looked up in one repetition
    per_call["Hessian: names added"] = max(inner["Hessian anew"] - inner["responses taken over"], 0.0) / max(inside, 1)
    return _Profile(
        whole=outer["whole"],
        build=outer["build"],
        envelopes=outer["envelopes"],
        first=outer["first"],
        inner={name: calls[name] * cost for name, cost in per_call.items()},
        calls=calls,
        first_steps=counted.first_steps,
        steps=counted.steps,
        solves=counted.solves,
    )


@dataclass(slots=True)
class _Counted:
    """Calls by name, names added to the Hessian, Newton steps, convex solves."""

    calls: Counter[str]
    added: int
    first_steps: int
    steps: int
    solves: int


def _counted(problem: AccountProblem) -> _Counted:
    """Solve once as plain Python, counting the calls of the optimizer's functions."""
    n, k = problem.loadings.shape
    fit = fitted(workspace(n, problem.lot_quantity.size, k, problem.group_low.size), n, k, problem.group_low.size)
    columns, state, gamma = fit.columns, fit.state, problem.risk_price
    found = _Counted(Counter(), 0, 0, 0, 0)

    def notice(frame: FrameType, event: str, _: Any) -> None:  # noqa: ANN401 - what sys.setprofile hands over
        if event == "call":
            found.calls[frame.f_code.co_name] += 1
            if frame.f_code.co_name == "add_to_hessian":
                found.added += frame.f_locals["chosen"].size

    before = sys.getprofile()
    with np.errstate(all="ignore"):
        at = prepare(problem, columns, state.weight)
        fit.choice[:] = _FREE
        state.piece[:] = columns.table["hinge"]
        choose_pieces(columns, fit.choice, at)
        sys.setprofile(notice)
        try:
            first = solve_convex(columns, state, k, Aim(_GAP / gamma, -np.inf, np.inf), True)
            split = search_choices(
                columns, state, fit.cases, fit.marked, Limits(k, _GAP / gamma, _TOLERANCE / gamma), first
            )
        finally:
            sys.setprofile(before)
    found.first_steps, found.steps, found.solves = first.steps, first.steps + split.steps, 1 + split.solves
    return found


def _mean(measured: Sequence[_Profile], figure: Callable[[_Profile], float]) -> float:
    return float(np.mean([figure(each) for each in measured]))


def _outer_table(measured: dict[int, list[_Profile]], seeds: int) -> MeasuredTable:
    figures: list[tuple[str, Callable[[_Profile], float]]] = [
        ("build of pieces and rows", lambda p: p.build),
        ("envelopes", lambda p: p.envelopes),
        ("first solve, of the envelopes", lambda p: p.first - p.build - p.envelopes),
        ("search of the choices", lambda p: p.whole - p.first),
        ("whole", lambda p: p.whole),
    ]
    rows = [
        (label, *(f"{_mean(each, figure):.1f} ({_share(each, figure):.0%})" for each in measured.values()))
        for label, figure in figures
    ]
    counts: list[tuple[str, Callable[[_Profile], float]]] = [
        ("Newton steps of the first solve", lambda p: p.first_steps),
        ("Newton steps in all", lambda p: p.steps),
        ("convex solves", lambda p: p.solves),
    ]
    rows += [(label, *(f"{_mean(each, figure):.1f}" for each in measured.values())) for label, figure in counts]
    how = f"Microseconds an account, mean of {seeds}, least of {_ROUNDS} rounds in turn"
    note = f"{how}. {machine('numpy', 'numba')}; one thread."
    return MeasuredTable("Profile: the phases of a solve", ("", *(f"n = {n:,}" for n in measured)), rows, note)


def _share(measured: Sequence[_Profile], figure: Callable[[_Profile], float]) -> float:
    return _mean(measured, figure) / _mean(measured, lambda p: p.whole)


def _inner_table(measured: dict[int, list[_Profile]], seeds: int) -> MeasuredTable:
    labels = list(next(iter(measured.values()))[0].inner)
    rows = [(label, *(_inner_cell(each, label) for each in measured.values())) for label in labels]
    rest = [
        _share(each, lambda p: p.whole - p.build - p.envelopes - sum(p.inner.values())) for each in measured.values()
    ]
    rows.append(("the rest: proximal terms, repairs, choices", *(f"{share:.0%}" for share in rest)))
    note = (
        f"How often a phase runs in one account, microseconds an account in all, share of the whole; mean of {seeds}. "
        "Each phase is timed by itself, repeated on a solved account's state, where fewer columns change their piece "
        "than during a solve; counts come from the same solve run as plain Python."
    )
    return MeasuredTable("Profile: inside the Newton steps", ("", *(f"n = {n:,}" for n in measured)), rows, note)


def _inner_cell(measured: Sequence[_Profile], label: str) -> str:
    calls = _mean(measured, lambda p: p.calls[label])
    cost = _mean(measured, lambda p: p.inner[label])
    return f"{calls:.0f} x, {cost:.1f} ({cost / _mean(measured, lambda p: p.whole):.0%})"
