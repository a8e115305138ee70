"""Hostile accounts: every claim is checked, and the checker itself notices every claim that is false."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lotwise.bench.accounts import problem_of
from lotwise.bench.accounts_hostile import HOSTILE, hostile
from lotwise.bench.hostility import cases, hostility
from lotwise.bench.hostility_checks import examine, held_to_account
from lotwise.bench.reference.account import ReferenceAccount
from lotwise.optimizer.problem import SolveStatus
from lotwise.optimizer.single_account import AccountSolution, solve_account


def _faults(account: ReferenceAccount, solution: AccountSolution, **changed: Any) -> str:
    return "; ".join(held_to_account("", account, solution._replace(**changed), 0.0).faults)


@pytest.fixture(scope="module")
def solved() -> tuple[ReferenceAccount, AccountSolution]:
    """An account whose proof has several cases."""
    for seed in range(100):
        account = hostile("all losses", seed, names=60)
        solution = solve_account(problem_of(account))
        if len(solution.certificate) > 1:
            return account, solution
    raise AssertionError("no account of a hundred needs several cases")


@pytest.fixture(scope="module")
def account(solved: tuple[ReferenceAccount, AccountSolution]) -> ReferenceAccount:
    return solved[0]


@pytest.fixture(scope="module")
def solution(solved: tuple[ReferenceAccount, AccountSolution]) -> AccountSolution:
    return solved[1]


def test_a_true_solution_has_no_fault(account: ReferenceAccount, solution: AccountSolution) -> None:
    assert not _faults(account, solution)


def test_false_claims_are_noticed(account: ReferenceAccount, solution: AccountSolution) -> None:
    assert "status GAVE_UP" in _faults(account, solution, status=SolveStatus.GAVE_UP)
    first, *others = solution.certificate
    higher = (first._replace(bound=first.bound + 1e-8), *others)
    lower = (first._replace(bound=first.bound - 1e-8), *others)
    assert "above what its multipliers prove" in _faults(account, solution, certificate=higher)
    assert "below what its multipliers prove" in _faults(account, solution, certificate=lower)
    assert "bound above that of a case" in _faults(account, solution, lower_bound=first.bound + 1.0)
    assert "not all portfolios" in _faults(account, solution, certificate=solution.certificate[1:])
    assert "not all portfolios" in _faults(account, solution, certificate=())
    assert "objective off" in _faults(account, solution, objective=solution.objective - 1e-8)
    assert "convex gap" in _faults(account, solution, envelope_gap=1.1e-7)
    assert "cash residual" in _faults(account, solution, cash=solution.cash + 1e-10)
    off = solution._replace(cash_price=solution.cash_price + 1.0)
    assert held_to_account("", account, solution, 0.0).unsupported < 1e-3
    assert held_to_account("", account, off, 0.0).unsupported > 1.0
    assert "trades do not make the weights" in _faults(account, solution, weights=solution.weights + 1e-10)


def test_false_trades_are_noticed(account: ReferenceAccount, solution: AccountSolution) -> None:
    sold = solution.sold.copy()
    sold[0] = account.lot_quantity[0] + 1e-9
    assert "oversold" in _faults(account, solution, sold=sold)
    bought = solution.bought.copy()
    bought[np.flatnonzero(~account.may_buy)[0]] = 1e-9
    assert "barred" in _faults(account, solution, bought=bought)
    sells = int(np.flatnonzero(account.by_name(solution.sold) * account.two_sided > 1e-6)[0])
    bought = solution.bought.copy()
    bought[sells] = 1e-9
    assert "bought and sold" in _faults(account, solution, bought=bought)


def test_bounds_missed_by_more_than_must_be_are_noticed_and_named() -> None:
    account = hostile("conflicting groups", 1)
    solution = solve_account(problem_of(account))
    found = examine("", account)
    assert found.faults == ()
    assert found.unreachable[0].startswith("group")
    nothing = np.zeros(account.lots)
    idle = _faults(account, solution, weights=account.held, bought=np.zeros(account.names), sold=nothing)
    assert "would do" in idle


def test_the_cases_are_all_kinds_and_mixtures_and_the_same_every_time() -> None:
    made = list(cases(each=1, mixed=4))
    assert [case.group for case in made[: len(HOSTILE)]] == list(HOSTILE)
    assert [case.label for case in made] == [case.label for case in cases(each=1, mixed=4)]
    assert made[-1].label.startswith("mixture(3)")


def test_a_slice_of_the_hostile_accounts_has_no_fault() -> None:
    faulty = [(found.label, found.faults) for found in _examined(each=2, mixed=60) if found.faults]
    assert faulty == []


@pytest.mark.nightly
def test_thousands_of_hostile_accounts_have_no_fault() -> None:
    faulty = [(found.label, found.faults) for found in _examined(each=40, mixed=2_500) if found.faults]
    assert faulty == []


def _examined(each: int, mixed: int) -> list[Any]:
    return [examine(case.label, case.account) for case in cases(each, mixed)]


def test_the_tables_count_what_was_examined() -> None:
    tables = {table.title: table for table in hostility(each=1, mixed=20)}
    claims = {row[0]: row[1] for row in tables["Hostile accounts"].rows}
    assert claims["accounts"] == str(len(HOSTILE) + 20)
    by_kind = tables["Gap as returned, by kind"].rows
    assert sum(int(row[1]) for row in by_kind) == len(HOSTILE) + 20
    assert sum(int(row[1]) for row in tables["Gap as returned, by size"].rows) == len(HOSTILE) + 20
    assert "conflicting groups" in {row[0] for row in tables["What gave way, one account of each kind"].rows}
