"""Every field of a problem with every thing that can be wrong with it: said at once, never solved, never a crash."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lotwise.bench.accounts_hostile import hostile
from lotwise.bench.reference.account import ReferenceAccount
from lotwise.optimizer.problem import SolveStatus
from lotwise.optimizer.single_account import AccountProblem, solve_account

_FLOATS = (
    "target",
    "held",
    "loadings",
    "specific",
    "buy_cost",
    "lot_quantity",
    "lot_price",
    "low",
    "high",
    "group_coefficient",
    "group_low",
    "group_high",
)
_SCALARS = ("cash_low", "cash_high", "risk_price")
_MAY_BE_INFINITE = {("low", -np.inf), ("high", np.inf), ("group_low", -np.inf), ("group_high", np.inf)}
_NOT_NEGATIVE = ("held", "specific", "buy_cost", "lot_quantity", "risk_price")
_BAD_VALUES = [
    (field, value)
    for field in (*_FLOATS, *_SCALARS)
    for value in (np.nan, np.inf, -np.inf)
    if (field, value) not in _MAY_BE_INFINITE
] + [(field, -1.0) for field in _NOT_NEGATIVE]

_ARRAYS = [field for field in AccountProblem._fields if field not in _SCALARS]


def _problem(account: ReferenceAccount, **changed: Any) -> AccountProblem:
    return AccountProblem(**{field: getattr(account, field) for field in AccountProblem._fields} | changed)


@pytest.fixture(scope="module")
def account() -> ReferenceAccount:
    return hostile("sectors", 0, names=20)


@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize(("field", "value"), _BAD_VALUES)
def test_a_number_that_cannot_be_is_bad_input(account: ReferenceAccount, field: str, value: float, place: int) -> None:
    changed: Any = value
    if field in _FLOATS:
        changed = getattr(account, field).copy()
        changed.flat[place] = value
    assert solve_account(_problem(account, **{field: changed})).status == SolveStatus.BAD_INPUT


@pytest.mark.parametrize(("low", "high"), [("cash_low", "cash_high"), ("low", "high"), ("group_low", "group_high")])
def test_bounds_in_the_wrong_order_are_bad_input(account: ReferenceAccount, low: str, high: str) -> None:
    changed: Any = 0.5
    if low != "cash_low":
        changed = getattr(account, low).copy()
        changed[-1] = getattr(account, high)[-1] + 0.25
    assert solve_account(_problem(account, **{low: changed})).status == SolveStatus.BAD_INPUT


def test_more_lots_than_are_held_are_bad_input(account: ReferenceAccount) -> None:
    quantity = account.lot_quantity.copy()
    quantity[0] += 0.01
    assert solve_account(_problem(account, lot_quantity=quantity)).status == SolveStatus.BAD_INPUT


@pytest.mark.parametrize("field", _ARRAYS)
@pytest.mark.parametrize("change", ["one more", "one less", "a dimension more", "none"])
def test_an_array_of_the_wrong_shape_is_named(account: ReferenceAccount, field: str, change: str) -> None:
    array = getattr(account, field)
    changed = {
        "one more": np.concatenate([array, array[-1:]]),
        "one less": array[:-1],
        "a dimension more": array[:, None],
        "none": array[:0],
    }[change]
    problem = _problem(account, **{field: changed})
    with pytest.raises(ValueError, match=r"must have shape") as raised:
        solve_account(problem)
    words = str(raised.value)
    partners = {
        "target": ("loadings", "target"),  # of two that do not fit either may be blamed
        "lot_quantity": ("lot_quantity", "lot_start", "lot_price"),
        "group_name": ("group_name", "group_coefficient", "group_start"),
        "group_low": ("group_low", "group_high", "group_start"),
    }
    assert any(name in words for name in partners.get(field, (field,)))


@pytest.mark.parametrize(
    ("field", "place", "value", "words"),
    [
        ("lot_start", 1, 10_000, "lot_start"),
        ("lot_start", 3, 0, "lot_start"),
        ("lot_start", 0, -1, "lot_start"),
        ("lot_start", -1, 1, "lot_start"),
        ("group_start", 1, 10_000, "group_start"),
        ("group_start", -1, 0, "group_start"),
        ("group_name", 0, 20, "group_name"),
        ("group_name", -1, -1, "group_name"),
    ],
)
def test_a_place_outside_the_arrays_is_named(
    account: ReferenceAccount, field: str, place: int, value: int, words: str
) -> None:
    changed = getattr(account, field).copy()
    changed[place] = value
    with pytest.raises(ValueError, match=words):
        solve_account(_problem(account, **{field: changed}))


def test_lots_that_are_not_cheapest_first_are_named(account: ReferenceAccount) -> None:
    price = account.lot_price.copy()
    name = int(np.flatnonzero(np.diff(account.lot_start) > 1)[0])
    first = int(account.lot_start[name])
    price[[first, first + 1]] = price[first] + 0.2, price[first] + 0.1
    with pytest.raises(ValueError, match="cheapest first"):
        solve_account(_problem(account, lot_price=price))


def test_arrays_of_another_type_or_order_are_taken_as_they_are_meant(account: ReferenceAccount) -> None:
    plain = solve_account(_problem(account))
    other = solve_account(
        _problem(
            account,
            loadings=np.asfortranarray(account.loadings),
            lot_start=account.lot_start.astype(np.int32),
            may_buy=account.may_buy.astype(np.int64),
            target=np.repeat(account.target, 2)[::2],
        )
    )
    assert other.objective == plain.objective
    assert np.array_equal(other.weights, plain.weights)


def test_an_infinite_bound_is_no_bound(account: ReferenceAccount) -> None:
    wide = np.ones_like(account.high)
    plain = solve_account(_problem(account, low=np.zeros_like(account.low), high=wide))
    none = solve_account(_problem(account, low=np.full_like(account.low, -np.inf), high=np.full_like(wide, np.inf)))
    assert none.status == plain.status == SolveStatus.SOLVED
    assert none.weights == pytest.approx(plain.weights, abs=1e-9)


def test_loadings_beyond_all_measure_are_bad_input(account: ReferenceAccount) -> None:
    for size in (1e30, 1e100, 1e155):
        assert solve_account(_problem(account, loadings=size * account.loadings)).status == SolveStatus.BAD_INPUT
