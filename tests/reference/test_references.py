"""The references judge the kernel, so they are first held against each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.bench.accounts import ordinary, small
from lotwise.bench.accounts_hostile import HOSTILE, OUT_OF_REACH, hostile
from lotwise.bench.reference.account import Floats, ReferenceAccount
from lotwise.bench.reference.dual_bound import dual_bound
from lotwise.bench.reference.general_solvers import by_clarabel
from lotwise.bench.reference.least_violation import least_violation
from lotwise.bench.reference.objective import judge
from lotwise.bench.reference.programs import envelope_program, signed_program
from lotwise.bench.reference.two_stage import two_stage
from tests.reference.brute_force import true_optimum
from tests.reference.perspective import envelope_value

# Fractions of value: 1e-8 is 1e-4 basis points.
_TENTH_OF_A_THOUSANDTH_BP = 1e-8

_WITHIN_REACH = [kind for kind in HOSTILE if kind not in OUT_OF_REACH]
_WITHOUT_SOFT_BOUNDS = [kind for kind in _WITHIN_REACH if hostile(kind, 0, names=12, factors=4).soft_rows[1].size == 0]
# Interior points of cones whose sizes differ by nine powers of ten are not right to the last digits asked.
_CONES = [kind for kind in _WITHOUT_SOFT_BOUNDS if kind != "specific risks far apart"]


def _multipliers(account: ReferenceAccount) -> tuple[Floats, float, Floats]:
    """Return the prices of exposures, cash and groups that Clarabel finds for the envelope."""
    n, k = account.loadings.shape
    prices = by_clarabel(envelope_program(account)).prices
    return prices[n : n + k], float(prices[n + k]), prices[n + k + 1 : n + k + 1 + account.group_low.size]


@pytest.mark.parametrize("kind", _CONES)
def test_the_glued_quadratic_program_and_the_mixture_of_cones_have_the_same_minimum(kind: str) -> None:
    account = hostile(kind, 3, names=30, factors=5)
    by_gluing = envelope_program(account)
    value = by_gluing.value(by_clarabel(by_gluing).x)
    assert value == pytest.approx(envelope_value(account), abs=_TENTH_OF_A_THOUSANDTH_BP, rel=1e-7)


@pytest.mark.parametrize("kind", _WITHOUT_SOFT_BOUNDS)
def test_the_dual_bound_at_the_solver_s_multipliers_is_the_envelope(kind: str) -> None:
    account = hostile(kind, 4, names=30, factors=5)
    program = envelope_program(account)
    value = program.value(by_clarabel(program).x)
    assert dual_bound(account, *_multipliers(account)) == pytest.approx(value, abs=1e-7, rel=1e-6)


@pytest.mark.parametrize("kind", _WITHIN_REACH)
def test_the_dual_bound_is_below_the_true_optimum(kind: str) -> None:
    account = hostile(kind, 5, names=7, factors=4)
    optimum = true_optimum(account)
    factor_price, cash_price, group_price = _multipliers(account)
    bound = dual_bound(account, factor_price, cash_price, group_price)
    assert bound <= optimum.judgement.objective + 1e-9


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 30),
    scale=st.floats(0.0, 3.0),
    cash_price=st.floats(-1.0, 1.0),
    drawn=st.integers(0, 10_000),
)
def test_the_dual_bound_holds_at_any_multipliers(seed: int, scale: float, cash_price: float, drawn: int) -> None:
    account = small(seed, names=5)
    direction = np.random.default_rng(drawn).normal(0, 1, (account.loadings.shape[1],))
    bound = dual_bound(account, scale * direction, cash_price, np.zeros(0))
    assert bound <= true_optimum(account).judgement.objective + 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_two_stages_lie_between_the_envelope_and_nothing_better_than_the_optimum(seed: int) -> None:
    account = small(seed)
    found, optimum = two_stage(account), true_optimum(account)
    assert found.envelope <= optimum.charged + _TENTH_OF_A_THOUSANDTH_BP
    assert found.objective >= optimum.charged - _TENTH_OF_A_THOUSANDTH_BP


@pytest.mark.parametrize("seed", range(3))
def test_both_general_solvers_agree_and_the_programs_value_is_the_objective_of_their_trades(
    seed: int,
) -> None:
    account = ordinary(seed, 100)
    piqp, clarabel = two_stage(account), two_stage(account, by_clarabel)
    assert piqp.objective == pytest.approx(clarabel.objective, abs=_TENTH_OF_A_THOUSANDTH_BP)
    judgement = judge(account, piqp.buy, piqp.sell)
    assert judgement.objective == pytest.approx(piqp.objective, abs=1e-10)
    assert max(judgement.cash, judgement.oversold, judgement.bought_barred, judgement.both_ways) < 1e-9


def test_the_envelope_is_the_plain_program_where_nothing_is_two_sided() -> None:
    account = hostile("all gains", 0)
    assert not account.two_sided.any()
    relaxed = envelope_program(account)
    signed = signed_program(account, np.zeros(account.names, dtype=np.bool_))
    assert relaxed.value(by_clarabel(relaxed).x) == pytest.approx(signed.value(by_clarabel(signed).x), abs=1e-10)


@pytest.mark.parametrize(("kind", "least"), [("sectors", 0.0), ("name bounds", 0.0), ("conflicting groups", 0.4)])
def test_soft_bounds_are_kept_where_they_can_be_and_else_violated_least(kind: str, least: float) -> None:
    account = hostile(kind, 1, names=40)
    found = two_stage(account, by_clarabel)
    assert least_violation(account) == pytest.approx(least, abs=1e-9)
    assert judge(account, found.buy, found.sell).breach == pytest.approx(least, abs=1e-7)


def test_what_cannot_be_reached_is_violated_no_more_than_the_linear_program_says() -> None:
    account = hostile("unreachable", 1)
    found = two_stage(account, by_clarabel)
    least = least_violation(account)
    assert least > 0.1
    assert judge(account, found.buy, found.sell).breach == pytest.approx(least, abs=1e-7)


def test_every_broken_rule_is_seen() -> None:
    account = ordinary(0, 30)
    barred = int(np.flatnonzero(~account.may_buy)[0])
    two_sided = int(np.flatnonzero(account.two_sided)[0])
    buy, sell = np.zeros(account.names), np.zeros(account.lots)
    buy[barred], buy[two_sided] = 0.01, 0.02
    sell[account.lot_start[two_sided]] = account.lot_quantity[account.lot_start[two_sided]] + 0.001
    judgement = judge(replace(account, high=np.full(account.names, 0.005)), buy, sell)
    assert judgement.bought_barred == pytest.approx(0.01)
    assert judgement.oversold == pytest.approx(0.001)
    assert judgement.both_ways > 0
    assert judgement.cash > 0
    assert judgement.soft > 0
