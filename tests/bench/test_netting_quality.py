"""The bench of netting: its reference is no worse than the engine, and the engine not far from it."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.bench.netted_households import netted_households
from lotwise.bench.netting_quality import measured, netting_quality, trades_of
from lotwise.bench.netting_reference import best_of, small_household
from lotwise.rebalancing.netting import rebalance_netted, with_steering
from lotwise.rebalancing.rebalance import rebalance
from lotwise.rebalancing.steering import steering_of


def test_netted_households_end_near_the_enumerated_optimum_and_never_beyond_it() -> None:
    book, market = netted_households(36, seed=4, names=4)
    plain, netted = rebalance(book, market), rebalance_netted(book, market)
    found = list(measured(book, market, plain, netted))
    ours = np.array([one.netted for one in found])
    fixed = np.array([one.fixed for one in found])
    assert ours.min() > -1e-3
    assert ours.max() < 0.2
    assert ours.mean() < 0.01
    assert fixed.mean() > 10 * ours.mean()
    assert (ours <= fixed + 1e-6).all()


@pytest.mark.parametrize(("names", "seed", "household"), [(5, 3, 70), (7, 2, 220)])
def test_between_selling_a_name_at_a_loss_and_buying_it_rates_are_sought_on_one_side(
    names: int, seed: int, household: int
) -> None:
    """At the rates that are best for the one side the other costs less: rates alone end 0.9 and 2.4 bp away."""
    book, market = netted_households(300, seed, names)
    netted = rebalance_netted(book, market, household, household + 1)
    own = small_household(book, market, household)
    best, _ = best_of(own)
    assert own.judge(trades_of(own, book, netted.proposals, household)) - best < 5e-6  # 0.05 bp
    assert netted.steering.pinned_side[0] >= 0
    whole = steering_of(book, 0, 300).replaced(np.array([household]), netted.steering)
    again = rebalance(with_steering(book, whole), market, household, household + 1)
    assert again.trades.shares.tolist() == netted.proposals.trades.shares.tolist()
    assert again.trades.lot.tolist() == netted.proposals.trades.lot.tolist()


def test_rates_that_hold_on_one_side_of_a_turn_do_not_end_the_search() -> None:
    """The first solve ends where its rates hold, 1.4 bp from the best: a long-term gain there is better made a loss."""
    book, market = netted_households(500, 0, 5)
    netted = rebalance_netted(book, market, 84, 85)
    own = small_household(book, market, 84)
    best, _ = best_of(own)
    assert own.judge(trades_of(own, book, netted.proposals, 84)) - best < 5e-6  # 0.05 bp
    assert netted.improvement[0] > 1e-4 * own.value


def test_the_improvement_is_what_the_exact_tax_of_another_hand_says() -> None:
    book, market = netted_households(24, seed=5, names=4)
    plain, netted = rebalance(book, market), rebalance_netted(book, market)
    assert netted.solves.max() > 2
    for household in range(24):
        own = small_household(book, market, household)
        before, after = (own.judge(trades_of(own, book, each, household)) for each in (plain, netted.proposals))
        assert (before - after) * own.value == pytest.approx(netted.improvement[household], abs=0.02)


def test_the_reference_beats_every_trade_that_is_drawn_at_random() -> None:
    """Feasible trades: lots sold in part, the proceeds into one name that is not sold."""
    book, market = netted_households(6, seed=6, names=3)
    rng = np.random.default_rng(0)
    for household in range(6):
        own = small_household(book, market, household)
        best, _ = best_of(own)
        lots, names = own.name.size, own.target.size
        for _ in range(300):
            bought = rng.integers(names)
            sold = np.where(own.name == bought, 0.0, own.quantity * rng.random(lots) * (rng.random(lots) < 0.6))
            moved = np.concatenate((sold, np.zeros(names)))
            moved[lots + bought] = sold.sum()
            assert own.judge(moved) >= best - 1e-9


def test_the_tables_name_what_they_show() -> None:
    distance, cost = netting_quality(12, [3], 4, 1)
    assert "Netting: distance from the optimum, 3 names" in distance.markdown()
    assert distance.rows[-1][0] == "all"
    assert len(cost.rows) == 3
    assert not distance.missed
