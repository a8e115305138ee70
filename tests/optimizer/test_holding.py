"""Names pinned after a solve: the warm solve that pins more and more of them ends where a cold one does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.accounts import ordinary, problem_of
from lotwise.bench.accounts_hostile import HOSTILE, OUT_OF_REACH, hostile
from lotwise.optimizer.problem import AccountProblem, Choice, SolveStatus, Workspace, fitted, workspace
from lotwise.optimizer.single_account import choose_and_solve, hold_and_solve, prepare, solve_chosen

_SAME = 3e-9  # fractions of value: each solve may be 1e-9 from its optimum


def _space(problem: AccountProblem) -> tuple[Workspace, int]:
    n, k = problem.loadings.shape
    groups = problem.group_low.size
    fit = fitted(workspace(n, problem.lot_quantity.size, k, groups), n, k, groups)
    at = prepare(problem, fit.columns, fit.state.weight)
    fit.choice[:] = Choice.FREE
    return fit, at


def _hold_round_by_round(problem: AccountProblem, seed: int) -> None:
    rng = np.random.default_rng(seed)
    warm, at = _space(problem)
    choose_and_solve(problem, warm, at)
    n = problem.target.size
    for _ in range(3):
        warm.choice[:n][rng.random(n) < 0.3] = Choice.HOLD
        found = hold_and_solve(problem, warm)
        cold, at = _space(problem)
        cold.choice[:] = warm.choice
        cold.state.theta[:] = 0.0
        expected = solve_chosen(problem, cold, at)
        assert found.status == expected.status == SolveStatus.SOLVED
        size = 1.0 + abs(expected.primal * problem.risk_price)
        assert found.primal * problem.risk_price == pytest.approx(
            expected.primal * problem.risk_price, abs=_SAME * size
        )
        held = warm.choice[:n] == Choice.HOLD
        assert (warm.state.best[:n][held] == problem.held[held]).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("names", [30, 100])
def test_ordinary_accounts(names: int, seed: int) -> None:
    _hold_round_by_round(problem_of(ordinary(seed, names)), seed)


@pytest.mark.parametrize(("seed", "names", "factors"), [(10, 3, 5), (17516, 5, 1), (3, 40, 5), (4, 40, 2)])
def test_accounts_of_many_group_rows(seed: int, names: int, factors: int) -> None:
    """Where a warm solve misleads, a cold one takes its place."""
    for draw in range(5):
        _hold_round_by_round(problem_of(hostile("many groups", seed, names, factors)), draw)


@given(kind=st.sampled_from([kind for kind in HOSTILE if kind not in OUT_OF_REACH]), seed=st.integers(0, 10_000))
def test_hostile_accounts(kind: str, seed: int) -> None:
    _hold_round_by_round(problem_of(hostile(kind, seed, names=20, factors=5)), seed)
