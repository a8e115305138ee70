"""The references judge the kernel of households, so they are first held against each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lotwise.bench.accounts import ordinary, small
from lotwise.bench.accounts_hostile import HOSTILE, hostile
from lotwise.bench.households import ordinary_household, single_account_household, small_household
from lotwise.bench.households_hostile import HOSTILE_HOUSEHOLDS, hostile_household, spoiled_household
from lotwise.bench.reference.account import Floats, Ints
from lotwise.bench.reference.general_solvers import by_clarabel, by_clarabel_cones, by_piqp
from lotwise.bench.reference.household import HouseholdMultipliers, ReferenceHousehold
from lotwise.bench.reference.household_bound import household_bound
from lotwise.bench.reference.household_objective import (
    HouseholdJudgement,
    judge_household,
    weights_of_names,
    weights_of_positions,
)
from lotwise.bench.reference.household_programs import fixed_program, mixed_program
from lotwise.bench.reference.household_proof import proof_of_household
from lotwise.bench.reference.objective import judge
from lotwise.bench.reference.programs import envelope_program
from lotwise.bench.reference.scaling import scaled
from lotwise.bench.reference.soft_bound import soft_bound
from tests.reference.brute_force import true_optimum
from tests.reference.household_brute_force import true_household_optimum

# Fractions of value: 1e-8 is 1e-4 basis points.
_TENTH_OF_A_THOUSANDTH_BP = 1e-8

kinds = st.sampled_from(list(HOSTILE_HOUSEHOLDS))
seeds = st.integers(0, 10_000)


class _Case(NamedTuple):
    sell_only: Ints
    buy_only: Ints
    bound: float
    multipliers: HouseholdMultipliers


def _drawn_multipliers(household: ReferenceHousehold, seed: int, size: float) -> HouseholdMultipliers:
    rng = np.random.default_rng(seed)
    most = household.violation_price * size
    return HouseholdMultipliers(
        np.asarray(rng.normal(0, size, household.loadings.shape[1])),
        rng.uniform(-most, most, household.group_low.size),
        rng.uniform(-most, most, household.accounts),
        rng.uniform(-most, most, household.own_group_low.size),
    )


def _drawn_trades(household: ReferenceHousehold, seed: int) -> tuple[Floats, Floats]:
    """Purchases and sales drawn at random that break no rule but may miss cash and bounds."""
    rng = np.random.default_rng(seed)
    sells_losses = rng.random(household.names) < 0.5
    side = household.name[household.lot_position]
    part = rng.choice([0.0, 0.5, 1.0], household.lots) * rng.random(household.lots)
    sell = np.where(household.barring & ~sells_losses[side], 0.0, part * household.lot_quantity)
    barred = household.by_name(household.by_position(np.where(household.barring, sell, 0.0))) > 0
    buys = household.may_buy & ~barred[household.name] & (rng.random(household.positions) < 0.5)
    wanted = np.where(buys, rng.random(household.positions) * household.target[household.name], 0.0)
    cash = household.cash_held + household.by_account(household.by_position(sell)) + household.most_owed
    asked = household.by_account(wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(asked > 0, np.minimum(1.0, cash / asked), 0.0).clip(min=0.0)
    room = household.top - household.held
    return np.minimum(wanted * times[household.account], room), sell


def _keeps_all_rules(judgement: HouseholdJudgement) -> bool:
    return max(judgement.owed, judgement.oversold, judgement.bought_barred, judgement.washed) < 1e-9


def _optimum(household: ReferenceHousehold) -> float:
    best = true_household_optimum(household)
    assert _keeps_all_rules(best.judgement)
    assert best.judgement.charged == pytest.approx(best.charged, abs=_TENTH_OF_A_THOUSANDTH_BP)
    return best.charged


def _small(seed: int) -> ReferenceHousehold:
    household = small_household(seed, names=6, accounts=3)
    assert household.two_sided.any()
    return household


@pytest.mark.parametrize("kind", list(HOSTILE_HOUSEHOLDS))
@pytest.mark.parametrize("buys", [False, True])
def test_the_value_of_a_fixed_program_is_the_judged_objective_of_its_trades(kind: str, *, buys: bool) -> None:
    household = spoiled_household(kind, 1)
    program = fixed_program(household, np.full(household.names, buys))
    x = by_clarabel(program).x
    judgement = judge_household(household, *program.trades(x, household))
    near = _TENTH_OF_A_THOUSANDTH_BP * (1 + household.violation_price)
    assert judgement.charged == pytest.approx(program.value(x), abs=near, rel=1e-7)
    assert _keeps_all_rules(judgement)


@pytest.mark.parametrize("kind", list(HOSTILE_HOUSEHOLDS))
def test_the_bound_of_fixed_sides_at_the_program_s_multipliers_is_its_value(kind: str) -> None:
    household = spoiled_household(kind, 2)
    buys = np.random.default_rng(2).random(household.names) < 0.5
    program = fixed_program(household, buys)
    found = by_clarabel(program)
    side = np.where(household.two_sided, np.where(buys, 1, -1), 0)
    bound = household_bound(household, program.multipliers(found.prices), side)
    value = program.value(found.x)
    assert bound.value == pytest.approx(value, rel=1e-6, abs=1e-7 * (1 + household.violation_price / 1e3))


@pytest.mark.parametrize("seed", range(4))
def test_both_general_solvers_agree_with_fixed_sides(seed: int) -> None:
    household = ordinary_household(seed, 60, 3)
    program = fixed_program(household, household.two_sided, soft_cash=False)
    piqp, clarabel = by_piqp(program), by_clarabel(program)
    assert program.value(piqp.x) == pytest.approx(program.value(clarabel.x), abs=_TENTH_OF_A_THOUSANDTH_BP)
    soft = fixed_program(household, household.two_sided)
    assert soft.value(by_clarabel(soft).x) == pytest.approx(program.value(clarabel.x), abs=_TENTH_OF_A_THOUSANDTH_BP)


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_at_the_mixture_s_multipliers_is_its_optimum(seed: int) -> None:
    household = ordinary_household(seed, 60, 1 + seed)
    program = mixed_program(household)
    found = by_clarabel_cones(program)
    value = program.value(found.x)
    bound = household_bound(household, program.multipliers(found.prices))
    assert bound.value == pytest.approx(value, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_a_mixture_bounds_the_enumerated_optimum_and_is_it_once_all_sides_are_fixed(seed: int) -> None:
    household = _small(seed)
    mixed = mixed_program(household)
    assert mixed.value(by_clarabel_cones(mixed).x) <= _optimum(household) + _TENTH_OF_A_THOUSANDTH_BP
    fixed = mixed_program(household, np.where(household.two_sided, 1, 0))
    assert fixed.cones.shape[0] == fixed.shared.shape[0] == 0
    same = fixed_program(household, household.two_sided)
    assert fixed.value(by_clarabel(fixed).x) == pytest.approx(same.value(by_clarabel(same).x), abs=1e-10)


@pytest.mark.parametrize("kind", list(HOSTILE_HOUSEHOLDS))
def test_the_bound_at_the_mixture_s_multipliers_is_its_optimum_whatever_the_household(kind: str) -> None:
    household = spoiled_household(kind, 3)
    program = mixed_program(household)
    found = by_clarabel_cones(program)
    bound = household_bound(household, program.multipliers(found.prices))
    near = 1e-9 * (1 + household.violation_price)
    assert bound.value == pytest.approx(program.value(found.x), rel=1e-6, abs=near)


@pytest.mark.parametrize("seed", range(3))
def test_the_least_bound_over_all_sides_is_the_bound_without_sides(seed: int) -> None:
    household = _small(seed)
    multipliers = _drawn_multipliers(household, seed, 0.01)
    chosen = np.flatnonzero(household.two_sided)
    bounds = []
    for sides in product([-1, 1], repeat=chosen.size):
        side = np.zeros(household.names, np.int64)
        side[chosen] = sides
        bounds.append(household_bound(household, multipliers, side).value)
    assert min(bounds) == pytest.approx(household_bound(household, multipliers).value, abs=1e-12)
    assert max(bounds) > min(bounds)


@given(kind=kinds, seed=seeds, drawn=seeds, size=st.floats(0, 1))
def test_no_trades_are_below_the_bound_at_any_multipliers(kind: str, seed: int, drawn: int, size: float) -> None:
    household = spoiled_household(kind, seed, names=8)
    buy, sell = _drawn_trades(household, drawn)
    judgement = judge_household(household, buy, sell)
    assume(judgement.owed <= 1e-15)
    assert _keeps_all_rules(judgement)
    bound = household_bound(household, _drawn_multipliers(household, drawn, size))
    assert bound.value <= judgement.charged + 1e-12 * (1 + bound.magnitude)


@given(seed=seeds, drawn=seeds)
def test_a_side_s_bound_holds_for_the_trades_of_that_side(seed: int, drawn: int) -> None:
    household = small_household(seed)
    buy, sell = _drawn_trades(household, drawn)
    barred = household.by_name(household.by_position(np.where(household.barring, sell, 0.0))) > 0
    side = np.where(barred, -1, 1)
    judgement = judge_household(household, buy, sell)
    assume(judgement.owed <= 1e-15)
    bound = household_bound(household, _drawn_multipliers(household, drawn, 0.01), side)
    assert bound.value <= judgement.charged + 1e-12 * (1 + bound.magnitude)


@given(kind=st.sampled_from(list(HOSTILE)), seed=seeds, drawn=seeds)
def test_of_one_account_the_bound_is_that_of_the_account(kind: str, seed: int, drawn: int) -> None:
    account = hostile(kind, seed, names=10, factors=4)
    household = single_account_household(account)
    assert household.violation_price == pytest.approx(account.violation_price, rel=1e-14)
    assert np.array_equal(household.two_sided, account.two_sided)
    multipliers = _drawn_multipliers(household, drawn, 0.1)
    mine = household_bound(household, multipliers)
    its = soft_bound(account, multipliers.factor, float(multipliers.cash[0]), multipliers.group)
    assert mine.value == pytest.approx(its.value, abs=1e-11 * (1 + its.magnitude))


@pytest.mark.parametrize("seed", range(3))
def test_of_one_account_the_optimum_is_that_of_the_account(seed: int) -> None:
    account = small(seed)
    optimum = true_optimum(account)
    household = single_account_household(account)
    assert _optimum(household) == pytest.approx(optimum.charged, abs=_TENTH_OF_A_THOUSANDTH_BP)
    judgement = judge_household(household, optimum.buy, optimum.sell)
    assert judgement.objective == pytest.approx(judge(account, optimum.buy, optimum.sell).objective, abs=1e-14)


@pytest.mark.parametrize("seed", range(3))
def test_of_one_account_the_mixture_is_its_envelope(seed: int) -> None:
    account = ordinary(seed, 40)
    mixed, glued = mixed_program(single_account_household(account)), envelope_program(account)
    envelope = glued.value(by_clarabel(glued).x)
    assert mixed.value(by_clarabel_cones(mixed).x) == pytest.approx(envelope, abs=_TENTH_OF_A_THOUSANDTH_BP)


def test_every_broken_rule_is_seen() -> None:
    household = ordinary_household(0, 30, 3)
    barring = int(np.flatnonzero(household.barring & household.two_sided[household.name[household.lot_position]])[0])
    name = household.name[household.lot_position[barring]]
    other = np.flatnonzero((household.name == name) & household.may_buy)[-1]
    barred = np.flatnonzero(~household.may_buy)[0]
    buy, sell = np.zeros(household.positions), np.zeros(household.lots)
    buy[other], buy[barred] = 0.02, 0.01
    sell[barring] = household.lot_quantity[barring] + 0.001
    capped = replace(household, high=np.full(household.names, 0.005))
    judgement = judge_household(capped, buy, sell)
    assert judgement.washed == pytest.approx(min(0.02, float(sell[barring])))
    assert judgement.bought_barred == pytest.approx(0.01)
    assert judgement.oversold == pytest.approx(0.001)
    assert judgement.cash.max() > 0
    assert judgement.soft > 0
    assert judgement.charged == pytest.approx(judgement.objective + household.violation_price * judgement.breach)
    nothing = judge_household(household, np.zeros(household.positions), np.zeros(household.lots))
    assert _keeps_all_rules(nothing)


def test_what_bars_purchases_and_how_far_they_reach() -> None:
    """Two accounts of 0.25 and 0.75 of one name: a loss, a gain, an empty loss, and what pays more than a purchase."""
    one = replace(
        ordinary_household(0, 1, 2, 3),
        value=np.array([0.25, 0.75]),
        held=np.array([0.3, 0.2]),
        buy_cost=np.array([0.001, 0.002]),
        may_buy=np.array([True, False]),
        lot_start=np.array([0, 2, 4]),
        lot_quantity=np.array([0.1, 0.2, 0.0, 0.2]),
        lot_price=np.array([-0.0005, 0.1, -0.1, 0.05]),
        lot_loss=np.array([True, False, True, False]),
    )
    assert one.barring.tolist() == [True, False, False, False]
    assert one.two_sided.tolist() == [True]
    assert replace(one, may_buy=np.zeros(2, dtype=np.bool_)).two_sided.tolist() == [False]
    unsaid = replace(one, lot_loss=np.zeros(4, dtype=np.bool_))
    assert unsaid.two_sided.tolist() == [False]
    assert replace(unsaid, lot_price=np.array([-0.0011, 0.1, 0.2, 0.3])).barring.tolist() == [True, False, False, False]
    assert replace(unsaid, lot_price=np.array([0.0, 0.1, 0.2, -0.0019])).two_sided.tolist() == [False]
    assert one.top.tolist() == [0.3, 0.2]  # overdrawn already; barred
    assert replace(one, held=np.array([0.2, 0.2])).top.tolist() == [0.25, 0.2]
    assert one.cash_held.tolist() == pytest.approx([-0.05, 0.55])
    assert replace(one, cash_high=np.array([0.0, -0.1])).most_owed.tolist() == pytest.approx([0.05, 0.1])


def test_the_price_of_a_violation_is_sixteen_times_the_steepest_slope() -> None:
    household = ordinary_household(1, 20, 3)
    k = household.risk_price
    risk = k * (2 * household.specific.max() + 2 * (household.loadings**2).sum(axis=1).max() + 1e-6)
    dearest = 0.0
    for p in range(household.positions):
        prices = household.lot_price[household.lot_start[p] : household.lot_start[p + 1]]
        dearest = max(
            [dearest, household.buy_cost[p] + household.hold_cost[p], *np.abs(prices) + household.hold_cost[p]]
        )
    assert household.violation_price == pytest.approx(16 * (dearest + risk))


def test_a_program_in_other_units_has_the_same_solution() -> None:
    household = spoiled_household("one-dollar accounts", 0)
    program = mixed_program(household)
    units = scaled(program)
    found = by_clarabel_cones(program)
    x = found.x / units.column
    assert 0.5 * x @ (units.P @ x) + units.q @ x + program.constant == pytest.approx(program.value(found.x))
    assert np.abs(units.A @ x - units.r).max() < 1e-8
    assert units.column.min() < 1e-6
    assert np.abs(program.A @ found.x - program.r).max() < 1e-8


def test_a_sale_of_a_gain_washes_nothing() -> None:
    household = ordinary_household(0, 30, 3)
    gain = int(np.flatnonzero(~household.barring & household.two_sided[household.name[household.lot_position]])[0])
    position = household.lot_position[gain]
    other = np.flatnonzero((household.name == household.name[position]) & household.may_buy)[0]
    buy, sell = np.zeros(household.positions), np.zeros(household.lots)
    buy[other], sell[gain] = 0.01, household.lot_quantity[gain]
    assert judge_household(household, buy, sell).washed == 0


def test_a_certificate_is_worked_out_again() -> None:
    household = _small(0)
    multipliers = _drawn_multipliers(household, 0, 0.001)
    name = np.flatnonzero(household.two_sided)[:1]
    none = np.zeros(0, np.int64)
    cases = []
    for sell_only, buy_only in ((name, none), (none, name)):
        side = np.zeros(household.names, np.int64)
        side[sell_only], side[buy_only] = -1, 1
        cases.append(_Case(sell_only, buy_only, household_bound(household, multipliers, side).value, multipliers))
    proof = proof_of_household(household, cases)
    assert proof.complete
    assert proof.value == pytest.approx(household_bound(household, multipliers).value, abs=1e-14)
    assert max(proof.above, proof.below) == 0
    assert not proof_of_household(household, cases[:1]).complete
    above = [cases[0]._replace(bound=cases[0].bound + 0.01), cases[1]]
    assert proof_of_household(household, above).above > 1e-4
    assert proof_of_household(household, above).value == proof.value


@given(seed=seeds)
def test_hostile_households_are_valid_input(seed: int) -> None:
    _, household = hostile_household(seed, 30)
    assert household.value.sum() == pytest.approx(1.0)
    assert np.all(household.by_position(household.lot_quantity) <= household.held + 1e-12)
    cheaper = np.diff(household.lot_price) < 0
    assert not np.any(cheaper & (np.diff(household.lot_position) == 0))
    of_name = household.name * household.accounts + household.account
    assert np.all(np.diff(of_name) > 0)  # of a name each account at most once
    for low, high in (
        (household.low, household.high),
        (household.position_low, household.position_high),
        (household.group_low, household.group_high),
        (household.own_group_low, household.own_group_high),
        (household.cash_low, household.cash_high),
    ):
        assert np.all(low <= high)
    for each in (household.held, household.lot_price, household.hold_cost, household.loadings, household.cash_high):
        assert np.all(np.isfinite(each))
    untouched = np.zeros(household.positions), np.zeros(household.lots)
    assert weights_of_positions(household, *untouched).sum() == pytest.approx(
        weights_of_names(household, *untouched).sum()
    )
