"""Whole shares: every trade is a whole number of them, and no single share more or less would be better."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.bench.accounts import ordinary, problem_of
from lotwise.optimizer.problem import AccountProblem, Choice, Workspace, fitted, workspace
from lotwise.optimizer.rounding import objective_at, round_to_shares
from lotwise.optimizer.single_account import choose_and_solve, prepare

_NOISE = 1e-12  # an objective of some hundredths, summed in another order


def _solved(problem: AccountProblem) -> Workspace:
    n, k = problem.loadings.shape
    groups = problem.group_low.size
    fit = fitted(workspace(n, problem.lot_quantity.size, k, groups), n, k, groups)
    at = prepare(problem, fit.columns, fit.state.weight)
    fit.choice[:] = Choice.FREE
    choose_and_solve(problem, fit, at)
    return fit


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [1e-4, 2e-3])
def test_no_single_share_more_or_less_would_be_better(seed: int, share: float) -> None:
    problem = problem_of(ordinary(seed, 40))
    fit = _solved(problem)
    n, k = problem.loadings.shape
    unit = share * (0.5 + 1.5 * np.random.default_rng(seed).random(int(n)))
    best = fit.state.best[:n].copy()
    weights = best.copy()
    round_to_shares(fit.columns, fit.state, problem.loadings, unit, weights)
    traded = np.abs(weights - problem.held) > 1e-9
    assert traded.sum() > 3
    shares = (weights - problem.held) / unit
    assert np.all((np.abs(shares - np.rint(shares)) < 1e-6) | (weights == 0.0))
    rows = np.empty(k + 1 + problem.group_low.size)
    reached = objective_at(fit.columns, weights, rows, k)
    table, pieces = fit.columns.table, fit.columns.pieces
    tried = 0
    for name in np.flatnonzero(np.abs(best - problem.held) > 1e-9):
        low, high = pieces[table[name].start].left, pieces[table[name].stop - 1].right
        for step in (unit[name], -unit[name]):
            other = weights.copy()
            other[name] += step
            if weights[name] > 0.0 and low <= other[name] <= high and other.sum() <= 1.0:
                tried += 1
                assert objective_at(fit.columns, other, rows, k) >= reached - _NOISE
    assert tried > 10
