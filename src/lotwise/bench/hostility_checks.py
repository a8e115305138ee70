"""One solved account held against its raw numbers: every claim of the engine recomputed by code that shares nothing.

The bound of every case of the certificate is worked out again from the lots at the multipliers that came back, and the
cases must together be all portfolios; the objective and the rules come from the trades; and where bounds gave way, a
linear program says whether they had to.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lotwise.bench.accounts import problem_of
from lotwise.bench.reference.account import ReferenceAccount
from lotwise.bench.reference.breaches import breaches
from lotwise.bench.reference.least_violation import least_violation
from lotwise.bench.reference.objective import Judgement, judge
from lotwise.bench.reference.soft_bound import SoftBound, soft_bound
from lotwise.optimizer.problem import SolveStatus
from lotwise.optimizer.single_account import AccountSolution, Case, solve_account

__all__ = ["CONVEX_GAP_BP", "Examined", "examine", "held_to_account"]

_BASIS_POINT = 1e-4

CONVEX_GAP_BP = 1e-3  # of the envelope stage, and of the final solve with its signs
# Claims and what is recomputed are sums of thousands of terms: they may differ by this part of the terms' magnitudes,
# and by what the last bits of a weight or a row cost at the price of missing a bound.
_SAME = 1e-11
_LAST_BITS = 1e-14
_CASH = 1e-11
_NOTHING = 1e-12
# Bounds missed by less than this are kept; general linear programs are right to about this, too.
_KEPT = 1e-9
_AS_LITTLE = 1e-7
# P is finite: where missing one row a little more spares several others (thirty rows that overlap), the sum missed can
# be above the least by so much of it.
_AS_LITTLE_PART = 0.01
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
    cash_residual: float
    objective: float  # of the trades, breaches charged; dollars per dollar of value
    gap: float  # objective of the trades minus the certified bound
    bound_off: float  # claimed bound minus the recomputed one, in parts of its terms' magnitude
    steps: int
    solves: int
    cases: int
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
    proofs = [_proof(account, case) for case in solution.certificate]
    magnitude = max((proof.magnitude for proof in proofs), default=0.0)
    off = [
        (case.bound - proof.value) / (1.0 + proof.magnitude)
        for case, proof in zip(solution.certificate, proofs, strict=True)
    ]
    bound_off = max(off, key=abs, default=np.inf)
    # Beyond the price of missing a bound a multiplier proves only what the range of its row lets it, which the
    # engine takes wider than it is.
    prices = [abs(price) for case in solution.certificate for price in case.multipliers.group]
    beyond = max(prices, default=0.0) > account.violation_price
    least = min((case.bound for case in solution.certificate), default=np.inf)
    given = breaches(account, solution.weights, _KEPT)
    cash_residual = abs(1.0 - float(solution.weights.sum()) - solution.cash)
    roundoff = _SAME * (1.0 + magnitude) + _LAST_BITS * account.violation_price * _longest_row(account)
    envelope_gap = solution.envelope_gap / _BASIS_POINT
    allowed = CONVEX_GAP_BP + roundoff / _BASIS_POINT
    claims = {
        f"status {solution.status.name}": solution.status == SolveStatus.SOLVED,
        f"bound {bound_off:.1e} of its terms above what its multipliers prove": max(off, default=1.0) <= _SAME,
        f"bound {-bound_off:.1e} of its terms below what its multipliers prove": min(off, default=0.0) >= -_SAME
        or beyond,
        "bound above that of a case": solution.lower_bound <= least,
        "cases that are not all portfolios": _cover_all(solution.certificate),
        f"bound above the objective by {-(objective - solution.lower_bound) / _BASIS_POINT:.1e} bp": (
            solution.lower_bound <= objective + roundoff
        ),
        f"objective off by {objective - solution.objective:.1e}": abs(objective - solution.objective) <= roundoff,
        f"convex gap {envelope_gap:.1e} bp": envelope_gap <= allowed,
        f"cash residual {cash_residual:.1e}": cash_residual <= _CASH,
        **_rules(account, solution, judged),
    }
    claims |= _least(account, judged.breach) if given else {}
    return Examined(
        label=label,
        names=account.names,
        faults=tuple(words for words, holds in claims.items() if not holds),
        unreachable=tuple(each.what for each in given),
        envelope_gap=envelope_gap,
        cash_residual=cash_residual,
        objective=objective,
        gap=(objective - solution.lower_bound) / _BASIS_POINT,
        bound_off=bound_off,
        steps=solution.steps,
        solves=solution.solves,
        cases=len(solution.certificate),
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


def _least(account: ReferenceAccount, breach: float) -> dict[str, bool]:
    """Whether no portfolio would have missed less."""
    least = least_violation(account)
    allowed = least * (1 + _AS_LITTLE_PART) + _AS_LITTLE
    return {f"bounds missed by {breach:.3e} where {least:.3e} would do": breach <= allowed}


def _proof(account: ReferenceAccount, case: Case) -> SoftBound:
    """The bound of a case from the raw lots, its names kept to what it says of them."""
    side = np.zeros(account.names, dtype=np.int64)
    side[case.sell_only] = -1
    side[case.buy_only] = 1
    return soft_bound(account, *case.multipliers, side)


def _cover_all(cases: Sequence[Case]) -> bool:
    """Whether every portfolio is in one of the cases: one says nothing, or all speak of a name that divides them so."""
    if any(not case.sell_only.size and not case.buy_only.size for case in cases):
        return True
    said = [set(case.sell_only.tolist()) | set(case.buy_only.tolist()) for case in cases]
    common = set.intersection(*said) if said else set()
    for name in common:
        sells = [
            case._replace(sell_only=np.setdiff1d(case.sell_only, name)) for case in cases if name in case.sell_only
        ]
        buys = [case._replace(buy_only=np.setdiff1d(case.buy_only, name)) for case in cases if name in case.buy_only]
        if sells and buys and _cover_all(sells) and _cover_all(buys):
            return True
    return False
