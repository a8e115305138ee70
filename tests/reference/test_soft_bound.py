"""The bound that may miss bounds, held against the one that may not, and against portfolios drawn at random."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lotwise.bench.accounts import ordinary
from lotwise.bench.accounts_bounded import BOUNDED
from lotwise.bench.accounts_hostile import HOSTILE, hostile
from lotwise.bench.reference.account import Floats, ReferenceAccount
from lotwise.bench.reference.breaches import breaches, charged
from lotwise.bench.reference.dual_bound import dual_bound
from lotwise.bench.reference.objective import judge, weights_after
from lotwise.bench.reference.soft_bound import soft_bound

kinds = st.sampled_from(list(HOSTILE))
seeds = st.integers(0, 10_000)


def _prices(account: ReferenceAccount, seed: int, size: float) -> tuple[Floats, float, Floats]:
    rng = np.random.default_rng(seed)
    most = account.violation_price
    factor = np.asarray(rng.normal(0, size, account.loadings.shape[1]), dtype=np.float64)
    return factor, float(rng.uniform(-most, most) * size), rng.uniform(-most, most, account.group_low.size) * size


def _portfolio(account: ReferenceAccount, seed: int) -> tuple[Floats, Floats]:
    """Purchases and sales drawn at random that break no rule but may miss cash and bounds."""
    rng = np.random.default_rng(seed)
    share = rng.random(account.names) * (rng.random(account.names) < 0.5)
    sells = rng.random(account.names) < 0.5
    room = account.by_name(account.lot_quantity) * share * sells
    sell = np.clip(room[account.lot_name] - account.sold_before, 0.0, account.lot_quantity)
    owed = float((account.held - account.by_name(sell)).sum())
    wanted = account.target * share * ~sells * account.may_buy
    room_to_buy = max(0.0, 1.0 + account.most_owed - owed)
    buy = wanted * min(1.0, room_to_buy / wanted.sum()) if wanted.sum() > 0 else wanted
    return np.minimum(buy, account.top - account.held), sell


@given(kind=kinds, seed=seeds, drawn=seeds, size=st.floats(0, 1))
def test_no_portfolio_is_below_the_bound_at_any_prices(kind: str, seed: int, drawn: int, size: float) -> None:
    account = hostile(kind, seed, names=12, factors=4)
    buy, sell = _portfolio(account, drawn)
    bound = soft_bound(account, *_prices(account, drawn, size))
    reached = judge(account, buy, sell)
    weights = weights_after(account, buy, sell)
    assume(weights.sum() <= 1.0 + account.most_owed + 1e-12)  # cash goes no lower
    objective = reached.objective + account.violation_price * charged(account, weights)
    assert bound.value <= objective + 1e-12 * (1 + bound.magnitude)


@given(kind=st.sampled_from([kind for kind in HOSTILE if kind not in BOUNDED]), seed=seeds, drawn=seeds)
def test_without_bounds_it_is_the_hard_bound(kind: str, seed: int, drawn: int) -> None:
    account = hostile(kind, seed, names=12, factors=4)
    assume(account.soft_rows[1].size == 0)
    factor, cash, group = _prices(account, drawn, 0.1)
    bound = soft_bound(account, factor, cash, group)
    assert bound.value == pytest.approx(dual_bound(account, factor, cash, group), abs=1e-12 * (1 + bound.magnitude))


@given(kind=kinds, seed=seeds, drawn=seeds)
def test_fewer_sides_bound_no_less(kind: str, seed: int, drawn: int) -> None:
    account = hostile(kind, seed, names=12, factors=4)
    prices = _prices(account, drawn, 0.1)
    sides = np.random.default_rng(drawn).integers(-1, 2, account.names)
    free, kept = soft_bound(account, *prices), soft_bound(account, *prices, sides)
    assert kept.value >= free.value - 1e-12 * (1 + free.magnitude)


def test_sides_are_what_they_say() -> None:
    """At a price that pays for selling everything, a name that may only buy stays where it is."""
    account = ordinary(0, 10)
    dear = 1e6
    free = soft_bound(account, np.zeros(20), dear, np.zeros(0))
    stays = soft_bound(account, np.zeros(20), dear, np.zeros(0), np.ones(10, np.int64))
    earned = dear * account.held.sum()  # by selling all, beside which tax and risk are nothing
    assert stays.value - free.value == pytest.approx(earned, rel=1e-4)


@given(kind=kinds, seed=seeds, drawn=seeds)
def test_breaches_are_those_of_the_judge_and_name_the_bound(kind: str, seed: int, drawn: int) -> None:
    account = hostile(kind, seed, names=12, factors=4)
    buy, sell = _portfolio(account, drawn)
    weights = weights_after(account, buy, sell)
    assert charged(account, weights) == pytest.approx(judge(account, buy, sell).breach, abs=1e-12)
    found = breaches(account, weights)
    assert all(each.missed > 0 for each in found)
    assert [each.missed * each.weight for each in found] == sorted(
        (each.missed * each.weight for each in found), reverse=True
    )
