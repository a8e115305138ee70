"""Positions pinned after a solve: the warm solves end where a household ends in which those may not trade at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.households import ordinary_household
from lotwise.bench.households_hostile import HOSTILE_HOUSEHOLDS, spoiled_household
from lotwise.bench.reference.household import ReferenceHousehold
from lotwise.optimizer.household.holding import hold_and_solve
from lotwise.optimizer.household.problem import HouseholdProblem
from lotwise.optimizer.household.reached_bound import objective_at
from lotwise.optimizer.household.solve import solve_household

from .solved_households import Solved, solved

_SAME = 1e-9  # fractions of value, beside what solves prove of themselves: sums in another order
_PROVEN = 1e-7  # the largest gap a solve may leave, a thousandth of a basis point


def _without_choice(case: Solved, hold: np.ndarray) -> HouseholdProblem:
    """The problem in which names cannot but take the sides they took, and held positions cannot trade."""
    household = case.household
    buys = case.buys[household.name[household.lot_position]]
    kept = hold[household.lot_position] | (buys & household.barring)
    return case.problem._replace(
        may_buy=household.may_buy & ~hold & ~case.bars, lot_quantity=np.where(kept, 0.0, household.lot_quantity)
    )


def _hold_round_by_round(household: ReferenceHousehold, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = solved(household)
    gamma = household.risk_price
    hold = np.zeros(household.positions, np.bool_)
    for _ in range(3):
        hold |= rng.random(household.positions) < 0.3
        found = hold_and_solve(case.problem, case.fit, hold)
        settled = case.fit.state.settled.copy()
        expected = solve_household(_without_choice(case, hold))
        tolerance = _SAME * (1.0 + abs(expected.objective))
        assert found.primal * gamma - found.bound * gamma <= _PROVEN * (1.0 + abs(expected.objective))
        assert found.primal * gamma >= expected.lower_bound - tolerance
        assert found.bound * gamma <= expected.objective + tolerance
        reached = objective_at(case.problem, case.fit, settled) * gamma
        assert reached == pytest.approx(found.primal * gamma, abs=tolerance)
        assert (settled[hold] == household.held[hold]).all()
    hold[:] = False
    again = hold_and_solve(case.problem, case.fit, hold)
    tolerance = _SAME * (1.0 + abs(case.split.value * gamma))
    assert again.primal * gamma >= case.split.bound * gamma - tolerance
    assert again.bound * gamma <= case.split.value * gamma + tolerance


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("names", "accounts"), [(20, 2), (60, 4)])
def test_ordinary_households(names: int, accounts: int, seed: int) -> None:
    _hold_round_by_round(ordinary_household(seed, names, accounts), seed)


@given(kind=st.sampled_from(sorted(HOSTILE_HOUSEHOLDS)), seed=st.integers(0, 10_000))
def test_hostile_households(kind: str, seed: int) -> None:
    _hold_round_by_round(spoiled_household(kind, seed, names=12, accounts=3, factors=4), seed)


def test_pins_change_what_is_found() -> None:
    household = ordinary_household(1, 40, 3)
    case = solved(household)
    moved = np.abs(case.found - household.held) > 1e-6
    found = hold_and_solve(case.problem, case.fit, moved & (np.arange(moved.size) % 2 == 0))
    assert found.primal > case.split.value + 1e-7
