"""The enumeration of a household's sides: what it finds is the best, and the kernel finds it too."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.bench.household_integers import integer_bound
from lotwise.bench.household_quality import enumerated_optimum, household_bounds, household_quality
from lotwise.bench.households import household_problem_of, ordinary_household, small_household
from lotwise.bench.reference.household_objective import judge_household
from lotwise.optimizer.household.solve import solve_household
from tests.reference.household_brute_force import true_household_optimum


def test_the_enumeration_finds_what_another_solver_finds() -> None:
    for seed in range(5):
        household = small_household(seed, 5, 2)
        assert enumerated_optimum(household) == pytest.approx(true_household_optimum(household).charged, abs=1e-8)


def test_too_many_choices_are_left_out() -> None:
    household = next(h for h in (small_household(seed, 40, 4) for seed in range(9)) if np.sum(h.two_sided) > 8)
    assert enumerated_optimum(household) is None


def test_the_kernel_finds_the_best_sides() -> None:
    table = household_quality(4, 0)
    assert table.missed == []
    assert all(abs(float(row[4])) < 1e-3 for row in table.rows)


def test_branch_and_bound_from_far_away_ends_at_the_enumerated_optimum() -> None:
    """Its first tangents touch where nothing is traded; what it ends at must not depend on that."""
    for seed in range(4):
        household = small_household(seed, 6, 2)
        best = enumerated_optimum(household)
        assert best is not None
        nothing = judge_household(household, np.zeros(household.positions), np.zeros(household.lots)).charged
        found = integer_bound(household, household.by_name(household.held), nothing)
        assert found.faults == ()
        assert found.best == pytest.approx(best, abs=1e-8)
        assert best - 2e-7 < found.bound < best + 1e-9  # 0.002 bp


def test_a_bound_above_known_trades_is_a_fault() -> None:
    household = ordinary_household(0, 20, 2, 4)
    ours = solve_household(household_problem_of(household))
    weights = household.by_name(ours.weights)
    assert integer_bound(household, weights, ours.objective).faults == ()
    faults = integer_bound(household, weights, ours.objective - 1e-6).faults
    assert len(faults) == 1
    assert "above known trades" in faults[0]


def test_the_table_of_bounds_misses_nothing() -> None:
    table = household_bounds(1, 1)
    assert table.missed == []
    assert all(abs(float(row[3])) < 2e-3 for row in table.rows)
