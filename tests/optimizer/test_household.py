"""The joint solve of a household, held against references that share nothing with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.bench.accounts import ordinary
from lotwise.bench.household_checks import examine_household
from lotwise.bench.households import (
    household_problem_of,
    ordinary_household,
    single_account_household,
    small_household,
)
from lotwise.bench.households_hostile import HOSTILE_HOUSEHOLDS, hostile_household, spoiled_household
from lotwise.bench.reference.general_solvers import by_clarabel
from lotwise.bench.reference.household_programs import fixed_program
from lotwise.optimizer.household.problem import HouseholdProblem, workspace
from lotwise.optimizer.household.solve import solve_fixed, solve_household
from lotwise.optimizer.problem import AccountProblem, SolveStatus
from lotwise.optimizer.single_account import solve_account
from tests.reference.household_brute_force import true_household_optimum

_BASIS_POINT = 1e-4


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("names", "accounts"), [(100, 4), (60, 1), (40, 12)])
def test_ordinary_households_are_proved(names: int, accounts: int, seed: int) -> None:
    examined = examine_household("ordinary", ordinary_household(seed, names, accounts))
    assert examined.faults == ()
    assert examined.gap < 1e-3  # bp; of the choice of sides too


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", HOSTILE_HOUSEHOLDS)
def test_hostile_households_keep_every_claim(kind: str, seed: int) -> None:
    assert examine_household(kind, spoiled_household(kind, seed)).faults == ()


@given(seed=st.integers(0, 10**6))
@settings(max_examples=40)
def test_mixtures_of_what_is_hostile_keep_every_claim(seed: int) -> None:
    kind, household = hostile_household(seed, 60)
    assert examine_household(kind, household).faults == ()


@pytest.mark.parametrize("seed", range(12))
def test_small_households_end_at_the_best_of_all_sides(seed: int) -> None:
    household = small_household(seed)
    solution = solve_household(household_problem_of(household))
    best = true_household_optimum(household)
    room = 1e-8 + solution.objective - solution.lower_bound
    assert solution.objective == pytest.approx(best.judgement.charged, abs=room)
    assert solution.lower_bound <= best.judgement.charged + 1e-8


@pytest.mark.parametrize("seed", range(3))
def test_one_account_is_solved_as_the_kernel_of_accounts_does(seed: int) -> None:
    account = ordinary(seed, 60)
    alone = solve_account(AccountProblem(**{name: getattr(account, name) for name in AccountProblem._fields}))
    household = solve_household(household_problem_of(single_account_household(account)))
    assert household.objective == pytest.approx(alone.objective, abs=2e-8)
    assert household.lower_bound <= alone.objective + 1e-9
    assert alone.lower_bound <= household.objective + 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_fixed_sides_end_where_a_general_solver_does(seed: int) -> None:
    household = ordinary_household(seed, 40, 3)
    problem = household_problem_of(household)
    buys = np.random.default_rng(seed).random(household.names) < 0.5
    solved = solve_fixed(problem, workspace(problem), buys)
    program = fixed_program(household, buys)
    assert solved.status == SolveStatus.SOLVED
    assert solved.primal * problem.risk_price == pytest.approx(program.value(by_clarabel(program).x), abs=1e-8)


def _reordered(problem: HouseholdProblem, order: np.ndarray) -> HouseholdProblem:
    """The same household, its accounts named in another order."""
    place = np.argsort(order)
    return problem._replace(
        account=place[problem.account],
        value=problem.value[order],
        cash_low=problem.cash_low[order],
        cash_high=problem.cash_high[order],
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_accounts_does_not_matter(seed: int) -> None:
    problem = household_problem_of(ordinary_household(seed, 30, 4))
    one = solve_household(problem)
    other = solve_household(_reordered(problem, np.random.default_rng(seed).permutation(4)))
    assert other.objective == pytest.approx(one.objective, abs=2e-8)


@pytest.mark.parametrize("seed", range(4))
def test_a_tighter_restriction_never_lowers_the_bound(seed: int) -> None:
    problem = household_problem_of(ordinary_household(seed, 30, 3))
    largest = np.argmax(problem.target)
    high = problem.high.copy()
    free = solve_household(problem)
    for weight in (0.8, 0.5, 0.2):
        high[largest] = weight * problem.target[largest]
        bounded = solve_household(problem._replace(high=high.copy()))
        assert bounded.lower_bound >= free.lower_bound - 1e-8
        free = bounded


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"account": lambda p: np.zeros_like(p.account)}, "account must name each account once"),
        ({"account": lambda p: p.account + 7}, "account must be from 0 to 2, got 7"),
        ({"value": lambda p: p.value[:2]}, r"cash_low must have shape \(2,\), got \(3,\)"),
        ({"lot_start": lambda p: p.lot_start[:-1]}, "lot_start must have shape"),
        ({"lot_price": lambda p: -p.lot_price}, "lots must be cheapest first within a position"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Callable[[HouseholdProblem], Any]], message: str) -> None:
    problem = household_problem_of(ordinary_household(0, 12, 3))
    changed = problem._replace(**{name: make(problem) for name, make in change.items()})
    with pytest.raises(ValueError, match=message):
        solve_household(changed)


@pytest.mark.parametrize(
    "change",
    [
        {"value": lambda p: np.zeros_like(p.value)},
        {"risk_price": lambda _: 1e-310},
        {"lot_price": lambda p: p.lot_price * 1e307, "risk_price": lambda _: 1e-3},
        {"loadings": lambda p: p.loadings * 1e12},
    ],
)
def test_absurd_problems_trade_nothing(change: dict[str, Callable[[HouseholdProblem], Any]]) -> None:
    problem = household_problem_of(ordinary_household(0, 12, 3))
    solution = solve_household(problem._replace(**{name: make(problem) for name, make in change.items()}))
    assert solution.status == SolveStatus.BAD_INPUT
    assert (solution.weights == problem.held).all()
    assert not solution.sold.any()
    assert not solution.bought.any()


@pytest.mark.parametrize("field", ["held", "specific", "value", "lot_quantity", "hold_cost", "loadings"])
def test_numbers_that_cannot_be_trade_nothing(field: str) -> None:
    problem = household_problem_of(ordinary_household(0, 12, 3))
    spoiled = getattr(problem, field).copy()
    spoiled.flat[3 % spoiled.size] = np.nan
    solution = solve_household(problem._replace(**{field: spoiled}))
    assert solution.status == SolveStatus.BAD_INPUT
    assert not solution.sold.any()
    assert not solution.bought.any()
