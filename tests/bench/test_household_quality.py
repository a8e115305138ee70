"""The enumeration of a household's sides: what it finds is the best, and the kernel finds it too."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.bench.household_quality import enumerated_optimum, household_quality
from lotwise.bench.households import small_household
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
