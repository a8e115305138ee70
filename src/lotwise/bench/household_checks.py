"""Every claim of a solved household, checked from its raw numbers by what shares no code with the engine."""

from __future__ import annotations

import time
from dataclasses import dataclass

from lotwise.bench.households import household_problem_of
from lotwise.bench.reference.household import ReferenceHousehold
from lotwise.bench.reference.household_objective import HouseholdJudgement, judge_household
from lotwise.bench.reference.household_proof import proof_of_household
from lotwise.optimizer.household.solve import HouseholdSolution, solve_household
from lotwise.optimizer.problem import SolveStatus

__all__ = ["CONVEX_GAP_BP", "ExaminedHousehold", "examine_household"]

CONVEX_GAP_BP = 1e-3

_BASIS_POINT = 1e-4
_SAME = 1e-10  # parts of the terms that a bound is summed from
_CASH = 1e-10
_NOTHING = 1e-10  # fractions of value that count as not traded
_LAST_BITS = 1e-12  # of a weight, at the price of missing a bound


@dataclass(frozen=True, slots=True)
class ExaminedHousehold:
    """What came out for one household; gaps in bp of its value."""

    label: str
    names: int
    accounts: int
    faults: tuple[str, ...]  # claims that do not hold, in words
    envelope_gap: float
    gap: float  # objective minus proved bound
    cash_residual: float
    steps: int
    solves: int
    seconds: float


def examine_household(label: str, household: ReferenceHousehold) -> ExaminedHousehold:
    """Solve a household and check every claim."""
    begin = time.perf_counter()
    solution = solve_household(household_problem_of(household))
    seconds = time.perf_counter() - begin
    judged = judge_household(household, solution.bought, solution.sold)
    left = household.value - household.by_account(solution.weights)
    cash_residual = float(abs(left - solution.cash).max(initial=0.0))
    return ExaminedHousehold(
        label=label,
        names=household.names,
        accounts=household.value.size,
        faults=_faults(household, solution, judged, cash_residual),
        envelope_gap=solution.envelope_gap / _BASIS_POINT,
        gap=(solution.objective - solution.lower_bound) / _BASIS_POINT,
        cash_residual=cash_residual,
        steps=solution.steps,
        solves=solution.solves,
        seconds=seconds,
    )


def _faults(
    household: ReferenceHousehold, solution: HouseholdSolution, judged: HouseholdJudgement, cash_residual: float
) -> tuple[str, ...]:
    proof = proof_of_household(household, solution.certificate)
    roundoff = _SAME * (1.0 + proof.magnitude) + _LAST_BITS * household.violation_price * household.positions
    lower_off = (solution.lower_bound - min(proof.value, judged.charged)) / (1.0 + proof.magnitude)
    claims = {
        f"status {solution.status.name}": solution.status == SolveStatus.SOLVED,
        f"bound {proof.above:.1e} of its terms above what its multipliers prove": proof.above <= _SAME,
        "cases that are not all portfolios": proof.complete,
        f"bound above that of a case by {lower_off:.1e} of its terms": lower_off <= _SAME,
        f"objective off by {judged.charged - solution.objective:.1e}": (
            abs(judged.charged - solution.objective) <= roundoff
        ),
        f"convex gap {solution.envelope_gap / _BASIS_POINT:.1e} bp": (
            solution.envelope_gap <= CONVEX_GAP_BP * _BASIS_POINT + roundoff
        ),
        f"cash residual {cash_residual:.1e}": cash_residual <= _CASH,
        f"owes {judged.owed:.1e} more than it may": judged.owed <= _CASH,
        f"oversold by {judged.oversold:.1e}": judged.oversold <= _NOTHING,
        f"bought {judged.bought_barred:.1e} where nothing may be bought": judged.bought_barred <= _NOTHING,
        f"washed {judged.washed:.1e}": judged.washed <= _NOTHING,
    }
    return tuple(words for words, holds in claims.items() if not holds)
