"""How good the trades are: distance from the certified bound, from two programs of PIQP, and from the true optimum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from lotwise.bench.accounts import ordinary, problem_of
from lotwise.bench.optimum import optimum, signs_alone
from lotwise.bench.reference.account import ReferenceAccount
from lotwise.bench.reference.objective import judge
from lotwise.bench.reference.two_stage import two_stage
from lotwise.bench.tables import MeasuredTable
from lotwise.bench.yardstick import Yardstick, to_problem
from lotwise.optimizer.problem import SolveStatus
from lotwise.optimizer.single_account import solve_account

__all__ = ["BARS", "quality"]

_BASIS_POINT = 1e-4
_NOTHING = 1e-12

BARS = {100: 0.045, 500: 0.0015}  # mean gap in bp
_WORSE_ALLOWED = 1e-4  # bp above two quadratic programs
# Gaps below this are not split into choice and bound: nothing to be gained.
_WORTH_SPLITTING = 2e-4  # bp


@dataclass(frozen=True, slots=True)
class _Measured:
    """One account; gaps and differences in bp of its value."""

    rounded_gap: float  # of the signs that the envelope indicates, without a search
    gap: float
    choice: float  # our objective minus the optimum
    bound: float  # the optimum minus our bound
    difference: float  # our objective minus that of two programs, nan where they were not solved
    cash: float
    rules: float  # largest breach of any rule
    steps: float
    solves: float
    bridged: float  # names on the straight piece of their envelope
    solved: float


def quality(
    accounts: dict[int, int], against: dict[int, int], seed: int = 0, yardstick: Path | None = None
) -> Iterator[MeasuredTable]:
    """Measure so many accounts per number of names, the first `against` of them against PIQP too."""
    theirs = Yardstick(yardstick) if yardstick else None
    for names, count in accounts.items():
        compared = against.get(names, 0)
        measured = [_measure(_account(theirs, names, seed + i), i < compared) for i in range(count)]
        whose = "yardstick" if theirs else "ordinary"
        yield _table(f"Quality: {count:,} {whose} accounts of {names} names", measured, names)


def _account(theirs: Yardstick | None, names: int, seed: int) -> ReferenceAccount:
    if theirs is None:
        return ordinary(seed, names)
    return ReferenceAccount(**to_problem(theirs.account(names, seed))._asdict())


def _measure(account: ReferenceAccount, compared: bool) -> _Measured:
    problem = problem_of(account)
    rounded = signs_alone(problem)
    solution = solve_account(problem)
    judged = judge(account, solution.bought, solution.sold)
    gap = judged.objective - solution.lower_bound
    choice = 0.0
    if gap > _WORTH_SPLITTING * _BASIS_POINT:
        choice = judged.objective - optimum(problem).objective
    difference = np.nan
    if compared:
        reference = two_stage(account)
        difference = judged.objective - judge(account, reference.buy, reference.sell).objective
    return _Measured(
        rounded_gap=(rounded.objective - rounded.bound) / _BASIS_POINT,
        gap=gap / _BASIS_POINT,
        choice=choice / _BASIS_POINT,
        bound=(gap - choice) / _BASIS_POINT,
        difference=difference / _BASIS_POINT,
        cash=abs(1.0 - float(solution.weights.sum()) - solution.cash) + judged.cash,
        rules=max(judged.oversold, judged.bought_barred, judged.both_ways),
        steps=float(solution.steps),
        solves=float(solution.solves),
        bridged=float(rounded.bridged),
        solved=float(solution.status == SolveStatus.SOLVED),
    )


def _table(title: str, measured: list[_Measured], names: int) -> MeasuredTable:
    of = dict(zip(_Measured.__slots__, np.array([astuple(each) for each in measured]).T, strict=True))
    compared = of["difference"][np.isfinite(of["difference"])]
    fine: Callable[[float], str] = "{:.6f}".format
    whole: Callable[[float], str] = "{:.2f}".format
    small: Callable[[float], str] = "{:.1e}".format
    rows = [
        _row("gap to the bound, signs alone, bp", of["rounded_gap"], fine),
        _row("gap to the bound, as returned, bp", of["gap"], fine),
        _row("... of it choice: ours minus the optimum", of["choice"], fine),
        _row("... of it bound: the optimum minus ours", of["bound"], fine),
        _row("names on their envelope's straight piece", of["bridged"], whole),
        _row("Newton steps", of["steps"], whole),
        _row("convex solves", of["solves"], whole),
        _row("cash residual", of["cash"], small),
        _row("largest breach of a rule", of["rules"], small),
    ]
    if compared.size:
        rows.insert(4, _row(f"minus two programs of PIQP ({compared.size:,} accounts), bp", compared, small))
    missed = []
    if (of["solved"] < 1).any():
        missed.append(f"{int((of['solved'] < 1).sum())} accounts were not solved")
    if names in BARS and of["gap"].mean() > BARS[names]:
        missed.append(f"mean gap at {names} names is {of['gap'].mean():.5f} bp, must be at most {BARS[names]}")
    if compared.size and compared.max() > _WORSE_ALLOWED:
        missed.append(f"worse than two programs by {compared.max():.1e} bp, must be at most {_WORSE_ALLOWED}")
    if max(of["cash"].max(), of["rules"].max()) > _NOTHING:
        missed.append(f"a rule or the cash target is missed by more than {_NOTHING}")
    note = (
        "Gaps are of the true objective of the trades, worked out from raw lots. The optimum is found by branch and "
        f"bound where the gap is above {_WORTH_SPLITTING} bp (below, all of it counts as bound)."
    )
    return MeasuredTable(title, ("", "mean", "median", "90%", "99%", "max"), rows, note, tuple(missed))


def _row(label: str, values: np.ndarray, written: Callable[[float], str]) -> tuple[str, ...]:
    figures = (values.mean(), *np.quantile(values, [0.5, 0.9, 0.99]), values.max())
    return (label, *(written(float(each)) for each in figures))
