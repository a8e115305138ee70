"""Whole shares of a household: whole, within what may be sold and paid for, and no single share would be better."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.households import ordinary_household
from lotwise.bench.households_hostile import HOSTILE_HOUSEHOLDS, spoiled_household
from lotwise.optimizer.household.holding import hold_and_solve
from lotwise.optimizer.household.reached_bound import bound_as_reached, objective_at
from lotwise.optimizer.household.rounding import round_to_shares

from .solved_households import Solved, charged, sellable, solved, units

_NO_TRADE = 1e-9


def _noise(case: Solved, objective: float) -> float:
    """What the order of sums does to an objective: also to the fines of groups, which are differences of large ones."""
    largest = np.max(np.abs(case.household.group_coefficient), initial=1.0)
    return 1e-12 * (1.0 + abs(objective)) + 1e-13 * case.household.violation_price * float(largest)


def _down(case: Solved, unit: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Plain rounding down of buys and up of sales, as far as lots reach."""
    held, room = case.household.held, sellable(case)
    count = np.floor((weights - held) / unit + 1e-9)
    after = held + count * unit
    over = after < held - room - 1e-9 * unit
    rest = held - np.floor(room / unit + 1e-9) * unit
    after = np.where(over, np.where(room >= held - 1e-14, 0.0, rest), after)
    after = np.where((weights <= _NO_TRADE) & (room >= held - 1e-14), 0.0, after)
    return np.asarray(np.where(np.abs(weights - held) <= _NO_TRADE, held, after))


def _rounded(case: Solved, unit: np.ndarray, weights: np.ndarray) -> np.ndarray:
    after = weights.copy()
    round_to_shares(case.problem, case.fit, unit, after)
    return after


def _cash(case: Solved, weights: np.ndarray) -> np.ndarray:
    return np.asarray(case.household.value - case.household.by_account(weights))


def _check_shares(case: Solved, unit: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Round, and check everything that must hold however hostile the household; returns the weights."""
    household, gamma = case.household, case.problem.risk_price
    after = _rounded(case, unit, weights)
    count = (after - household.held) / unit
    assert np.all((np.abs(count - np.rint(count)) < 1e-6) | (after == 0.0))
    assert np.all((after == household.held) | (np.rint(count) != 0.0) | (after == 0.0))
    assert np.all(after >= 0.0)
    assert np.all(household.held - after <= sellable(case) + 1e-9 * unit + 1e-14)
    assert np.all((after <= household.held + 1e-14) | household.may_buy)
    assert np.all((after <= household.held + 1e-14) | ~case.bars)
    assert np.all(
        after[np.abs(weights - household.held) <= _NO_TRADE]
        == household.held[np.abs(weights - household.held) <= _NO_TRADE]
    )
    floor = np.minimum(household.cash_low, household.cash_held)
    down = _down(case, unit, weights)
    kept = _cash(case, after) >= np.minimum(floor, _cash(case, weights)) - 1e-12
    could_sell = (np.abs(weights - household.held) > _NO_TRADE) & (after > 0.0)
    could_sell &= household.held - after <= sellable(case) - unit * (1 + 1e-6)
    assert np.all(kept | (household.by_account(could_sell.astype(float)) == 0))
    expected = charged(case, after)
    if np.all(_cash(case, down) >= np.minimum(floor, _cash(case, weights)) - 1e-12):  # nothing had to be taken back
        assert expected <= charged(case, down) + _noise(case, charged(case, down))
    reached = objective_at(case.problem, case.fit, after) * gamma
    assert reached == pytest.approx(expected, abs=_noise(case, expected))
    return after


def _check_bound(case: Solved, weights: np.ndarray) -> float:
    """The bound as reached is not above what these weights are charged without what they miss; returns the gap."""
    gamma = case.problem.risk_price
    reached = objective_at(case.problem, case.fit, weights)
    bound, fines = bound_as_reached(case.problem, case.fit, weights)
    assert fines >= 0.0
    size = 1.0 + abs(reached * gamma)
    assert bound * gamma <= (reached - fines) * gamma + 1e-11 * size
    return (reached - fines - bound) * gamma


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("value", [3e4, 1e6])
def test_ordinary_households(seed: int, value: float) -> None:
    case = solved(ordinary_household(seed, 40, 3))
    unit = units(case.household, seed, value)
    after = _check_shares(case, unit, case.found)
    assert (np.abs(after - case.household.held) > _NO_TRADE).sum() > 10
    assert _check_bound(case, after) >= 0.0


@given(
    kind=st.sampled_from(sorted(HOSTILE_HOUSEHOLDS)),
    seed=st.integers(0, 10_000),
    value=st.sampled_from([1e3, 1e5, 1e8]),
)
def test_hostile_households(kind: str, seed: int, value: float) -> None:
    case = solved(spoiled_household(kind, seed, names=12, accounts=3, factors=4))
    unit = units(case.household, seed, value)
    _check_bound(case, case.household.held)
    _check_bound(case, case.found)
    before = bound_as_reached(case.problem, case.fit, case.found)
    _check_bound(case, _check_shares(case, unit, case.found))
    hold = np.random.default_rng(seed).random(case.household.positions) < 0.4
    hold_and_solve(case.problem, case.fit, hold)
    assert bound_as_reached(case.problem, case.fit, case.found) == before  # pins restrict trades, not the bound
    settled = case.fit.state.settled.copy()
    after = _check_shares(case, unit, settled)
    assert np.all(after[hold] == case.household.held[hold])
    _check_bound(case, after)


def _single_moves(case: Solved, unit: np.ndarray, before: np.ndarray, after: np.ndarray) -> list[np.ndarray]:
    """Weights with a share more or less of one traded position, or a share sold here and bought there."""
    household = case.household
    room = sellable(case)
    top = np.where(
        household.may_buy & ~case.bars,
        np.maximum(household.value[household.account], household.held),
        household.held,
    )
    traded = (np.abs(before - household.held) > _NO_TRADE) & (after > 0.0)
    floor = np.minimum(household.cash_low, household.cash_held)
    steps: list[list[tuple[int, float]]] = []
    for p in np.flatnonzero(traded).tolist():
        steps += [[(p, unit[p])], [(p, -unit[p])]]
        steps += [
            [(p, -unit[p]), (q, unit[q])]
            for q in np.flatnonzero(traded & (household.name == household.name[p])).tolist()
            if q != p
        ]
    moves = []
    for each in steps:
        other = after.copy()
        for p, step in each:
            other[p] += step
        lots = np.all(other >= household.held - room - 1e-14) and np.all(other <= top + 1e-14)
        lower = (_cash(case, other) < floor) & (_cash(case, other) < _cash(case, after))
        if lots and not lower.any():
            moves.append(other)
    return moves


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("band", [0.0, 0.02])
def test_no_single_share_would_be_better(seed: int, band: float) -> None:
    """Neither more or less of one position, nor sold in one account and bought in another."""
    household = ordinary_household(seed, 25, 3)
    household = replace(household, cash_high=household.cash_high + band * household.value)
    case = solved(household)
    unit = units(household, seed, 2e5)
    after = _rounded(case, unit, case.found)
    reached = objective_at(case.problem, case.fit, after)
    moves = _single_moves(case, unit, case.found, after)
    assert len(moves) > 20
    for other in moves:
        assert objective_at(case.problem, case.fit, other) >= reached - _noise(case, reached) / household.risk_price


@pytest.mark.parametrize("seed", range(4))
def test_shares_move_to_where_they_are_cheaper_to_hold(seed: int) -> None:
    """What a share more or less would do to risk outweighs what it costs; between accounts it does nothing to it."""
    household = spoiled_household("all deferred", seed, names=12, accounts=3, factors=4)
    drag = np.random.default_rng(seed).uniform(0.0, 0.02, household.positions)
    low, high = household.cash_low * 0.0, household.value * 0.2
    case = solved(replace(household, hold_cost=drag, cash_low=low, cash_high=high))
    unit = units(household, seed, 5e3)
    started = case.found + 3 * unit * np.random.default_rng(seed).integers(-1, 2, household.positions)
    started = np.where((case.found > 4 * unit) & household.may_buy, np.maximum(started, 0.0), case.found)
    after = _rounded(case, unit, started)
    reached = objective_at(case.problem, case.fit, after)
    for other in _single_moves(case, unit, started, after):
        assert objective_at(case.problem, case.fit, other) >= reached - _noise(case, reached) / household.risk_price


def test_trades_too_small_to_be_any_pay_for_nothing() -> None:
    """Forty sales of less than a tenth of a cent in a million pay for three shares, which cannot be bought then.

    However much the shares are wanted: by three bounds, which together are dearer than cash below its floor.
    """
    household = ordinary_household(3, 80, 2)
    free = household.may_buy & ~household.two_sided[household.name] & (household.account == 1)
    bought = int(np.flatnonzero(free)[0])
    name, unit = int(household.name[bought]), np.full(household.positions, 1.2e-8)
    low, position_low = household.low.copy(), household.position_low.copy()
    position_low[bought] = household.held[bought] + 3 * unit[bought]
    low[name] = household.by_name(household.held)[name] + 3 * unit[bought]
    household = replace(
        household,
        low=low,
        position_low=position_low,
        group_start=np.array([0, 1]),
        group_name=np.array([name]),
        group_coefficient=np.ones(1),
        group_low=low[name : name + 1],
        group_high=np.full(1, np.inf),
        cash_low=household.cash_held,
        cash_high=household.cash_held + 1e-3,
    )
    case = solved(household)
    dust = np.flatnonzero((household.account == 1) & (sellable(case) > 1e-6) & (household.name != name))[:40]
    weights = household.held.copy()
    weights[dust] -= 0.9e-9
    weights[bought] += 3 * unit[bought]
    assert dust.size == 40
    after = _rounded(case, unit, weights)
    assert np.all(_cash(case, after) >= household.cash_low - 1e-12)
    assert after[dust].tolist() == household.held[dust].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_large_households_come_near_their_bound(seed: int) -> None:
    """What whole shares cost vanishes with the weight of a share."""
    case = solved(ordinary_household(seed, 40, 3))
    gaps = []
    for value in (1e5, 1e7, 1e9):
        after = _rounded(case, units(case.household, seed, value), case.found)
        gaps.append(_check_bound(case, after))
    assert gaps[0] > 1e-5
    assert gaps[1] < gaps[0] / 10
    assert gaps[2] < 1e-6


@given(kind=st.sampled_from(sorted(HOSTILE_HOUSEHOLDS)), seed=st.integers(0, 10_000))
def test_the_optimum_reaches_its_own_bound(kind: str, seed: int) -> None:
    """At the continuous optimum the bound as reached is the proven one, but for the fines of missed bounds."""
    case = solved(spoiled_household(kind, seed, names=12, accounts=3, factors=4))
    gamma = case.problem.risk_price
    bound, fines = bound_as_reached(case.problem, case.fit, case.found)
    proven = (case.split.value - case.split.bound) * gamma
    size = 1.0 + abs(case.split.value * gamma)
    assert (bound + fines) * gamma >= case.split.bound * gamma - 1e-9 * size
    assert (bound + fines) * gamma <= case.split.value * gamma + 1e-9 * size
    assert proven >= -1e-9 * size


def test_cash_and_groups_move_the_bound() -> None:
    """Held against less invested, the bound is that of a household that must keep that cash."""
    household = ordinary_household(2, 30, 3)
    case = solved(household)
    gamma = household.risk_price
    weights = case.found
    largest = int(np.argmax(np.where(weights < household.held, weights, 0.0)))
    weights[largest] *= 0.9
    bound, _ = bound_as_reached(case.problem, case.fit, weights)
    cash = _cash(case, weights)
    kept = solved(replace(household, cash_low=cash, cash_high=cash))
    moved = float(np.max(cash - household.cash_high))
    price = 0.5 * household.violation_price  # of cash above its band
    assert moved > 1e-6
    assert bound * gamma <= kept.split.value * gamma + price * moved + 1e-9
    assert bound * gamma > case.split.bound * gamma + 0.5 * price * moved
