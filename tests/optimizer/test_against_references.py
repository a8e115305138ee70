"""The kernel against solvers that share nothing with it: general programs, enumeration, and a bound from raw lots.

Objectives are fractions of account value: 1e-4 is a basis point, 1e-8 is 1e-4 bp. Where an objective is
itself large (dear tracking), general solvers at a relative tolerance of 1e-10 agree to about 1e-7 of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lotwise.bench.accounts import ordinary, small
from lotwise.bench.accounts_bounded import BOUNDED
from lotwise.bench.accounts_hostile import HOSTILE, OUT_OF_REACH, hostile
from lotwise.bench.reference.account import CASH_SHORT, CASH_SURPLUS, Ints, ReferenceAccount
from lotwise.bench.reference.dual_bound import dual_bound
from lotwise.bench.reference.general_solvers import by_clarabel
from lotwise.bench.reference.least_violation import least_violation
from lotwise.bench.reference.objective import judge
from lotwise.bench.reference.soft_bound import soft_bound
from lotwise.bench.reference.two_stage import two_stage
from lotwise.optimizer.problem import SolveStatus
from lotwise.optimizer.single_account import AccountProblem, AccountSolution, Case, solve_account
from tests.reference.brute_force import true_optimum
from tests.reference.perspective import envelope_value

_AGREE = 1e-8
_RELATIVE = 1e-7
_BASIS_POINT = 1e-4

_UNREACHABLE = ("conflicting groups", "unreachable", "nothing may be bought", "empty groups")
_UNBOUNDED = [kind for kind in HOSTILE if kind not in OUT_OF_REACH | set(BOUNDED)]

kinds = st.sampled_from([kind for kind in HOSTILE if kind not in OUT_OF_REACH])
seeds = st.integers(0, 10_000)


def _solve(account: ReferenceAccount) -> AccountSolution:
    return solve_account(AccountProblem(**{name: getattr(account, name) for name in AccountProblem._fields}))


def _room(value: float) -> float:
    return _AGREE + _RELATIVE * abs(value)


def _assert_rules_kept(account: ReferenceAccount, solution: AccountSolution) -> None:
    judgement = judge(account, solution.bought, solution.sold)
    if least_violation(account) < 1e-9:
        assert judgement.cash <= 1e-12
    assert judgement.oversold <= 1e-12
    assert judgement.bought_barred == 0
    assert judgement.both_ways == 0
    after = account.held + solution.bought - account.by_name(solution.sold)
    assert after == pytest.approx(solution.weights, abs=1e-12)
    assert solution.weights.min() >= -1e-15


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("names", [100, 500])
def test_ordinary_accounts_are_solved_as_well_as_by_two_quadratic_programs(names: int, seed: int) -> None:
    account = ordinary(seed, names)
    solution, reference = _solve(account), two_stage(account)
    assert solution.status == SolveStatus.SOLVED
    _assert_rules_kept(account, solution)
    reached = judge(account, solution.bought, solution.sold).objective
    assert reached == pytest.approx(solution.objective, abs=1e-12)
    assert reached <= reference.objective + _AGREE
    assert solution.envelope_bound == pytest.approx(reference.envelope, abs=_AGREE)
    assert -1e-14 <= solution.envelope_gap <= _AGREE


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_accounts_are_solved_as_well_as_by_two_quadratic_programs(kind: str, seed: int) -> None:
    account = hostile(kind, seed)
    solution, reference = _solve(account), two_stage(account, by_clarabel)
    assert solution.status == SolveStatus.SOLVED
    _assert_rules_kept(account, solution)
    ours = judge(account, solution.bought, solution.sold)
    theirs = judge(account, reference.buy, reference.sell)
    assert ours.breach <= theirs.breach + 1e-7
    assert ours.objective <= theirs.objective + _room(theirs.objective)
    assert solution.envelope_gap <= _room(solution.objective)


@pytest.mark.parametrize("kind", _UNBOUNDED)
def test_the_lower_bound_is_the_envelope_that_a_cone_program_finds(kind: str) -> None:
    account = hostile(kind, 2, names=25)
    value = envelope_value(account)
    assert _solve(account).envelope_bound == pytest.approx(value, abs=_room(value))


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE if kind not in OUT_OF_REACH])
def test_bound_and_objective_enclose_the_optimum_found_by_enumeration(kind: str) -> None:
    for seed in range(3):
        account = hostile(kind, seed, names=7, factors=4)
        solution, optimum = _solve(account), true_optimum(account)
        ours = judge(account, solution.bought, solution.sold)
        assert ours.breach <= optimum.judgement.breach + 1e-7
        if optimum.judgement.breach > 1e-7:  # groups of seven names cannot always be balanced
            continue
        value = optimum.judgement.objective
        assert solution.lower_bound <= value + _room(value)
        assert ours.objective >= value - _room(value)
        assert ours.objective <= value + _room(value)


@pytest.mark.parametrize("kind", _UNBOUNDED)
def test_no_bound_from_raw_lots_at_the_reported_prices_contradicts_the_certificate(kind: str) -> None:
    for seed in range(3):
        account = hostile(kind, seed)
        solution = _solve(account)
        bound = dual_bound(account, solution.factor_price, solution.cash_price, solution.group_price)
        assert bound <= solution.objective + 1e-12
        assert bound <= solution.envelope_bound + solution.envelope_gap + 1e-12


@pytest.mark.parametrize("kind", ["all gains", "all cash", "sectors"])
def test_without_a_choice_the_reported_prices_prove_the_optimum_from_raw_lots(kind: str) -> None:
    account = hostile(kind, 3)
    account = replace(account, may_buy=account.may_buy & (account.cheapest + account.buy_cost >= 0))
    assert not account.two_sided.any()
    solution = _solve(account)
    bound = dual_bound(account, solution.factor_price, solution.cash_price, solution.group_price)
    assert bound == pytest.approx(solution.objective, abs=_AGREE)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", _UNREACHABLE)
def test_what_cannot_be_reached_is_violated_least(kind: str, seed: int) -> None:
    account = hostile(kind, seed)
    solution = _solve(account)
    assert judge(account, solution.bought, solution.sold).breach == pytest.approx(least_violation(account), abs=1e-8)


@given(kind=kinds, seed=seeds, names=st.integers(2, 30))
def test_no_lot_is_oversold_and_no_rule_broken(kind: str, seed: int, names: int) -> None:
    account = hostile(kind, seed, names=names, factors=5)
    solution = _solve(account)
    _assert_rules_kept(account, solution)
    assert solution.lower_bound <= solution.objective + 1e-12
    assert judge(account, solution.bought, solution.sold).breach <= least_violation(account) + 1e-7


@given(kind=kinds, seed=seeds, factor=st.floats(1e-2, 1e2))
def test_scaling_every_price_scales_the_objective_alone(kind: str, seed: int, factor: float) -> None:
    account = hostile(kind, seed, names=20, factors=5)
    scaled = replace(
        account,
        risk_price=factor * account.risk_price,
        buy_cost=factor * account.buy_cost,
        lot_price=factor * account.lot_price,
    )
    plain, other = _solve(account), _solve(scaled)
    room = _room(plain.objective) / min(factor, 1.0)  # the gap is promised as a fraction of value, whatever its price
    assert other.lower_bound / factor == pytest.approx(plain.lower_bound, abs=room)
    reached = judge(account, other.bought, other.sold).objective
    assert reached == pytest.approx(plain.objective, abs=room)


@given(kind=st.sampled_from(_UNBOUNDED), seed=seeds)
def test_the_order_of_the_names_does_not_matter(kind: str, seed: int) -> None:
    account = hostile(kind, seed, names=20, factors=5)
    order = np.random.default_rng(seed).permutation(account.names)
    plain, permuted = _solve(account), _solve(_reordered(account, order))
    assert permuted.lower_bound == pytest.approx(plain.lower_bound, abs=_room(plain.objective))
    assert permuted.objective == pytest.approx(plain.objective, abs=_room(plain.objective))
    if (account.specific > 1e-3).all():  # then the optimum is one point
        assert permuted.weights == pytest.approx(plain.weights[order], abs=1e-4)


def _reordered(account: ReferenceAccount, order: Ints) -> ReferenceAccount:
    lots = [np.arange(account.lot_start[i], account.lot_start[i + 1]) for i in order]
    return replace(
        account,
        target=account.target[order],
        held=account.held[order],
        loadings=np.ascontiguousarray(account.loadings[order]),
        specific=account.specific[order],
        buy_cost=account.buy_cost[order],
        may_buy=account.may_buy[order],
        low=account.low[order],
        high=account.high[order],
        lot_start=np.concatenate([[0], np.cumsum([each.size for each in lots])]),
        lot_quantity=account.lot_quantity[np.concatenate(lots)],
        lot_price=account.lot_price[np.concatenate(lots)],
    )


@given(
    kind=st.sampled_from(["cash band", "ties", "all losses", "sectors", "duplicates"]),
    seed=seeds,
    how=st.sampled_from(["cap a name", "bar a purchase", "narrow the cash", "cap a group"]),
)
def test_tightening_never_improves_the_bound(kind: str, seed: int, how: str) -> None:
    account = hostile(kind, seed, names=20, factors=5)
    wide, narrow = _solve(account), _solve(_tightened(account, seed, how))
    assert narrow.envelope_bound >= wide.envelope_bound - narrow.envelope_gap - 1e-10
    assert narrow.objective >= wide.lower_bound - 1e-10


def _tightened(account: ReferenceAccount, seed: int, how: str) -> ReferenceAccount:
    i = seed % account.names
    if how == "cap a name":
        high = account.high.copy()
        high[i] = 0.9 * account.held[i] + 0.001
        return replace(account, high=high)
    if how == "bar a purchase":
        may_buy = account.may_buy.copy()
        may_buy[i] = False
        return replace(account, may_buy=may_buy)
    if how == "narrow the cash" or account.group_low.size == 0:
        return replace(account, cash_high=account.cash_low)
    return replace(account, group_high=0.5 * (account.group_low + account.group_high))


@pytest.mark.parametrize("seed", range(20))
def test_small_ordinary_accounts_reach_the_true_optimum(seed: int) -> None:
    account = small(seed, names=10)
    solution, optimum = _solve(account), true_optimum(account)
    assert solution.lower_bound <= optimum.judgement.objective + 1e-12
    assert solution.objective <= optimum.judgement.objective + _AGREE
    assert solution.objective - solution.lower_bound <= _AGREE


@pytest.mark.nightly
@pytest.mark.parametrize("kind", HOSTILE)
def test_thousands_of_hostile_accounts_are_solved(kind: str) -> None:
    for seed in range(500):
        account = hostile(kind, seed, names=5 + seed % 150)
        solution = _solve(account)
        assert solution.status == SolveStatus.SOLVED, f"{kind}, seed {seed}"
        _assert_rules_kept(account, solution)
        assert solution.envelope_gap <= _room(solution.objective), f"{kind}, seed {seed}"


def _within(account: ReferenceAccount, case: Case) -> ReferenceAccount:
    """The account in which the names of a case sell only, or buy only."""
    may_buy = account.may_buy.copy()
    may_buy[case.sell_only] = False
    kept = np.isin(account.lot_name, case.buy_only)
    return replace(account, may_buy=may_buy, lot_quantity=np.where(kept, 0.0, account.lot_quantity))


@given(kind=st.sampled_from(("ordinary", "all gains", "all losses", "ties")), seed=seeds, names=st.integers(2, 40))
@example(kind="ties", seed=191, names=2)  # a case that cash rules out, left with cash priced beyond missing its band
def test_anyone_can_work_out_the_lower_bound_again(kind: str, seed: int, names: int) -> None:
    account = ordinary(seed, names + 40) if kind == "ordinary" else hostile(kind, seed, names=names, factors=5)
    solution = _solve(account)
    room = 1e-10 * (1 + abs(solution.lower_bound))
    charge = account.violation_price
    for case in solution.certificate:
        side = np.zeros(account.names, np.int64)
        side[case.sell_only], side[case.buy_only] = -1, 1
        prices = case.multipliers
        charged = soft_bound(account, prices.factor, prices.cash, prices.group, side).value
        kept = dual_bound(_within(account, case), prices.factor, prices.cash, prices.group)
        assert charged == pytest.approx(case.bound, abs=room)
        assert kept >= case.bound - room
        if -CASH_SURPLUS * charge <= prices.cash <= CASH_SHORT * charge:
            assert kept == pytest.approx(case.bound, abs=room)
    least = min(case.bound for case in solution.certificate)
    assert min(least, solution.objective) == solution.lower_bound


@given(kind=st.sampled_from(("ordinary", "all losses", "cheap tracking", "ties")), seed=seeds, names=st.integers(4, 60))
def test_the_cases_of_a_certificate_are_all_portfolios(kind: str, seed: int, names: int) -> None:
    """Whatever each name does, one case allows it."""
    account = ordinary(seed, names + 40) if kind == "ordinary" else hostile(kind, seed, names=names, factors=5)
    cases = _solve(account).certificate
    said = sorted({int(name) for case in cases for name in (*case.sell_only, *case.buy_only)})
    rng = np.random.default_rng(seed)
    for _ in range(200):
        buys = dict(zip(said, rng.random(len(said)) < rng.random(), strict=True))
        allowed = [
            all(not buys[int(i)] for i in case.sell_only) and all(buys[int(i)] for i in case.buy_only) for case in cases
        ]
        assert sum(allowed) == 1
