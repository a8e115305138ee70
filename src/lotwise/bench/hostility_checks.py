"""One solved account held against its raw numbers: every claim of the engine recomputed by code that shares nothing.

The bound is worked out again from the lots, case by case, at the multipliers that came back; the objective and the
rules from the trades; and where bounds gave way, whether they had to, by a linear program.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from lotwise.bench.accounts import problem_of
from lotwise.bench.reference.account import ReferenceAccount
from lotwise.bench.reference.breaches import breaches
from lotwise.bench.reference.least_violation import least_violation
from lotwise.bench.reference.objective import Judgement, judge
from lotwise.bench.reference.proof import proof_of
from lotwise.bench.reference.soft_bound import soft_bound
from lotwise.optimizer.problem import SolveStatus
from lotwise.optimizer.single_account import AccountSolution, solve_account

__all__ = ["CONVEX_GAP_BP", "Examined", "examine", "held_to_account"]

_BASIS_POINT = 1e-4

CONVEX_GAP_BP = 1e-3  # of the envelope stage
# Claims and what is recomputed are sums of thousands of terms: they may differ by this part of the terms' magnitudes,
# and by what the last bits of a weight or a row cost at the price of missing a bound.
_SAME = 1e-10
_LAST_BITS = 1e-14
_CASH = 1e-11
_NOTHING = 1e-12
# Bounds missed by less than this are kept; general linear programs are right to about this, too.
_KEPT = 1e-9
_AS_LITTLE = 1e-7
# P is finite: where missing one row a little more spares several others (thirty rows that overlap), the sum missed can
# be above the least by so much of it.
_AS_LITTLE_PART = 0.01
# P is per unit of a row: a whole unit of weight at this coefficient is charged 1.6 steepest slopes.
_SLIGHT = 0.1
# A bound below what its multipliers prove is safe, and only roundoff of terms far larger than the sum.
_SAFE = 1e-9


@dataclass(frozen=True, slots=True)
class Examined:
    """What became of one account; gaps in basis points of its value."""

    label: str  # which account: kinds, seed, sizes
    names: int
    faults: tuple[str, ...]  # claims that do not hold, in words; () = none
    unreachable: tuple[str, ...]  # bounds that had to give way, worst first
    envelope_gap: float
    unsupported: float  # what the prices that came back lack of supporting the trades, names kept to their sides
    cash_residual: float
    objective: float  # of the trades, breaches charged; dollars per dollar of value
    gap: float  # objective of the trades minus the certified bound
    bound_off: float  # of any case, what is claimed and what is recomputed differ by, in parts of its magnitude
    cases: int
    steps: int
    solves: int
    seconds: float


def examine(label: str, account: ReferenceAccount) -> Examined:
    """Solve an account and check every claim."""
    problem = problem_of(account)
    begin = time.perf_counter()
    solution = solve_account(problem)
    return held_to_account(label, account, solution, time.perf_counter() - begin)


def held_to_account(label: str, account: ReferenceAccount, solution: AccountSolution, seconds: float) -> Examined:
    """Check every claim of a solution, from the raw numbers of the account."""
    judged = judge(account, solution.bought, solution.sold)
    objective = judged.objective + account.violation_price * judged.breach
    proof = proof_of(account, solution.certificate)
    lower_off = (solution.lower_bound - min(proof.value, objective)) / (1.0 + proof.magnitude)
    given = breaches(account, solution.weights, _KEPT)
    cash_residual = abs(1.0 - float(solution.weights.sum()) - solution.cash)
    unsupported = (objective - _bound_of_signs(account, solution)) / _BASIS_POINT
    roundoff = _SAME * (1.0 + proof.magnitude) + _LAST_BITS * account.violation_price * _longest_row(account)
    envelope_gap = solution.envelope_gap / _BASIS_POINT
    allowed = CONVEX_GAP_BP + roundoff / _BASIS_POINT
    claims = {
        f"status {solution.status.name}": solution.status == SolveStatus.SOLVED,
        f"bound {proof.above:.1e} of its terms above what its multipliers prove": proof.above <= _SAME,
        f"bound {proof.below:.1e} of its terms below what its multipliers prove": proof.below <= _SAFE,
        "cases that are not all portfolios": proof.complete,
        f"bound above that of a case by {lower_off:.1e} of its terms": lower_off <= _SAME,
        f"bound above the objective by {-(objective - solution.lower_bound) / _BASIS_POINT:.1e} bp": (
            solution.lower_bound <= objective + roundoff
        ),
        f"objective off by {objective - solution.objective:.1e}": abs(objective - solution.objective) <= roundoff,
        f"convex gap {envelope_gap:.1e} bp": envelope_gap <= allowed,
        f"cash residual {cash_residual:.1e}": cash_residual <= _CASH,
        **_rules(account, solution, judged),
    }
    if given and not _has_slight_coefficients(account):
        claims |= _least(account, judged.breach)
    return Examined(
        label=label,
        names=account.names,
        faults=tuple(words for words, holds in claims.items() if not holds),
        unreachable=tuple(each.what for each in given),
        envelope_gap=envelope_gap,
        unsupported=unsupported,
        cash_residual=cash_residual,
        objective=objective,
        gap=(objective - solution.lower_bound) / _BASIS_POINT,
        bound_off=max(proof.above, proof.below),
        cases=len(solution.certificate),
        steps=solution.steps,
        solves=solution.solves,
        seconds=seconds,
    )


def _longest_row(account: ReferenceAccount) -> float:
    return max(1.0, float(np.max(np.abs(account.group_coefficient), initial=0.0)))


def _rules(account: ReferenceAccount, solution: AccountSolution, judged: Judgement) -> dict[str, bool]:
    after = account.held + solution.bought - account.by_name(solution.sold)
    off = float(np.max(np.abs(after - solution.weights), initial=0.0))
    return {
        f"oversold {judged.oversold:.1e}": judged.oversold <= _NOTHING,
        f"bought {judged.bought_barred:.1e} of what is barred": judged.bought_barred <= _NOTHING,
        f"bought and sold {judged.both_ways:.1e}": judged.both_ways <= _NOTHING,
        f"trades do not make the weights: {off:.1e}": off <= _NOTHING,
    }


def _has_slight_coefficients(account: ReferenceAccount) -> bool:
    """Whether a name counts so little in a row that moving it may cost more than the row's miss is charged."""
    size = np.abs(account.group_coefficient)
    return bool(((size > 0.0) & (size < _SLIGHT)).any())


def _least(account: ReferenceAccount, breach: float) -> dict[str, bool]:
    """Whether no portfolio would have missed less."""
    least = least_violation(account)
    allowed = least * (1 + _AS_LITTLE_PART) + _AS_LITTLE
    return {f"bounds missed by {breach:.3e} where {least:.3e} would do": breach <= allowed}


def _bound_of_signs(account: ReferenceAccount, solution: AccountSolution) -> float:
    """Bound on all portfolios that keep to the sides these trades are on.

    A two-sided name that does not trade was kept to one of its sides: to the one that gives the better bound.
    """
    trade = np.sign(solution.weights - account.held).astype(np.int64)
    side = np.where(account.two_sided, trade, 0)
    prices = solution.factor_price, solution.cash_price, solution.group_price
    untraded = account.two_sided & (trade == 0)
    sides = [np.where(untraded, one, side) for one in (-1, 1)] if untraded.any() else [side]
    return soft_bound(account, *prices, *sides).value
