"""Accounts of the bench are valid input, whatever is wrong with them, and the same from the same seed."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.accounts import ordinary
from lotwise.bench.accounts_hostile import HOSTILE, hostile
from lotwise.bench.accounts_mixed import mixture
from lotwise.bench.reference.account import ReferenceAccount

_KINDS = 50  # at least, for what is called hostile


def assert_valid(account: ReferenceAccount) -> None:
    """Finite numbers of the right sign, bounds in order, lots cheapest first and within what is held."""
    for field in fields(account):
        assert np.isfinite(np.asarray(getattr(account, field.name), dtype=np.float64)).all(), field.name
    for of_names in (account.held, account.specific, account.buy_cost, account.lot_quantity):
        assert (of_names >= 0).all()
    assert (account.low <= account.high).all()
    assert (account.group_low <= account.group_high).all()
    assert account.cash_low <= account.cash_high
    assert account.risk_price > 0
    assert (account.bottom >= -1e-15).all()
    same_name = np.diff(account.lot_name) == 0
    assert (np.diff(account.lot_price)[same_name] >= 0).all()
    assert account.lot_start[0] == account.group_start[0] == 0
    assert account.lot_start[-1] == account.lot_quantity.size == account.lot_price.size
    assert account.group_start[-1] == account.group_name.size == account.group_coefficient.size


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_hostile_kind_is_valid_input(kind: str) -> None:
    for names, factors in ((1, 0), (2, 1), (5, 40), (60, 8)):
        for seed in range(3):
            assert_valid(hostile(kind, seed, names, factors))


def test_there_are_many_kinds_and_each_differs_from_the_ordinary_account() -> None:
    assert len(HOSTILE) >= _KINDS
    plain = ordinary(1, 40, 8)
    for kind in HOSTILE:
        if kind != "sixty factors":
            account = hostile(kind, 1)
            changed = [
                f.name for f in fields(account) if not np.array_equal(getattr(account, f.name), getattr(plain, f.name))
            ]
            assert changed, kind


@given(seed=st.integers(0, 100_000))
def test_mixtures_are_valid_input(seed: int) -> None:
    kinds, account = mixture(seed, most_names=60)
    assert 2 <= len(kinds) <= 4
    assert_valid(account)


def test_the_same_seed_makes_the_same_account() -> None:
    for first, second in ((mixture(11)[1], mixture(11)[1]), (ordinary(5, 30), ordinary(5, 30))):
        for field in fields(first):
            assert np.array_equal(getattr(first, field.name), getattr(second, field.name))
    assert not np.array_equal(ordinary(5, 30).held, ordinary(6, 30).held)
