"""Branch and bound finds what enumeration finds."""

from __future__ import annotations

import pytest

from lotwise.bench.accounts import ordinary, problem_of, small
from lotwise.bench.accounts_hostile import hostile
from lotwise.bench.optimum import optimum, signs_alone
from tests.reference.brute_force import true_optimum


@pytest.mark.parametrize("seed", range(10))
def test_the_optimum_is_that_of_all_choices_enumerated(seed: int) -> None:
    account = small(seed, names=9)
    found, enumerated = optimum(problem_of(account)), true_optimum(account)
    assert found.objective == pytest.approx(enumerated.judgement.objective, abs=1e-8)
    assert found.bound <= enumerated.judgement.objective + 1e-8
    assert found.objective - found.bound <= 1e-9 + 1e-8


@pytest.mark.parametrize("kind", ["all losses", "no specific risk", "sectors"])
def test_hostile_accounts_have_their_optimum_found_too(kind: str) -> None:
    for seed in range(3):
        account = hostile(kind, seed, names=7, factors=4)
        enumerated = true_optimum(account)
        if enumerated.judgement.breach < 1e-7:
            found = optimum(problem_of(account))
            assert found.objective == pytest.approx(enumerated.judgement.objective, abs=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_bound_and_signs_enclose_the_optimum(seed: int) -> None:
    problem = problem_of(ordinary(seed, 60))
    rounded, found = signs_alone(problem), optimum(problem)
    assert rounded.bound <= found.bound + 1e-9
    assert found.objective <= rounded.objective + 1e-9
