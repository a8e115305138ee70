"""The frontier of a household: every point as good as a solve of its own, and in order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.households import household_problem_of, ordinary_household
from lotwise.optimizer.household.frontier import points_for, solve_frontier
from lotwise.optimizer.household.problem import workspace
from lotwise.optimizer.household.solve import solve_household
from lotwise.optimizer.problem import SolveStatus

PRICES = np.geomspace(1000.0, 0.5, 12)


@given(st.integers(0, 1000))
def test_every_point_is_as_good_as_a_solve_of_its_own(seed: int) -> None:
    problem = household_problem_of(ordinary_household(seed=seed, names=12, accounts=3))
    points = points_for(problem, PRICES.size)
    assert solve_frontier(problem, PRICES, workspace(problem), points) == SolveStatus.SOLVED
    for at, price in enumerate(PRICES):
        alone = solve_household(problem._replace(risk_price=float(price)))
        assert points.objective[at] == pytest.approx(alone.objective, abs=2e-6)
        assert points.lower_bound[at] <= alone.objective + 1e-8
        assert points.objective[at] - points.lower_bound[at] <= 2e-6


@given(st.integers(0, 1000))
def test_dearer_tracking_is_closer_and_costs_more(seed: int) -> None:
    problem = household_problem_of(ordinary_household(seed=seed, names=12, accounts=3))
    points = points_for(problem, PRICES.size)
    solve_frontier(problem, PRICES, workspace(problem), points)
    name = np.repeat(np.arange(problem.target.size), np.diff(problem.position_start))
    variance = []
    for weights in points.weights:
        away = np.bincount(name, weights, problem.target.size) - problem.target
        exposure = away @ problem.loadings
        variance.append(0.5 * exposure @ exposure + problem.specific @ away**2)
    price = points.objective - PRICES * np.array(variance)
    room = 4e-6 / PRICES
    assert np.all(np.diff(variance) >= -room[1:] - room[:-1])
    assert np.all(np.diff(price) <= 4e-6)


def test_lots_that_are_sold_are_what_positions_lose() -> None:
    problem = household_problem_of(ordinary_household(seed=3, names=12, accounts=3))
    points = points_for(problem, PRICES.size)
    solve_frontier(problem, PRICES, workspace(problem), points)
    starts = np.minimum(problem.lot_start[:-1], len(problem.lot_quantity) - 1)
    for weights, sold in zip(points.weights, points.sold, strict=True):
        by_position = np.add.reduceat(sold, starts) * (np.diff(problem.lot_start) > 0)
        lost = np.maximum(problem.held - weights, 0.0)
        assert by_position == pytest.approx(lost, abs=1e-9)


def test_numbers_that_cannot_be_are_said() -> None:
    problem = household_problem_of(ordinary_household(seed=1, names=5, accounts=2))
    points = points_for(problem, 2)
    assert solve_frontier(problem, np.array([50.0, np.nan]), workspace(problem), points) == SolveStatus.BAD_INPUT
    assert points.status.tolist() == [SolveStatus.SOLVED, SolveStatus.BAD_INPUT]
