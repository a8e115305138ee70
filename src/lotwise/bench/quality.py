"""How good the trades are: distance from the certified bound, and from what two quadratic programs find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from lotwise.bench.accounts import ordinary, problem_of
from lotwise.bench.reference.account import ReferenceAccount
from lotwise.bench.reference.objective import judge
from lotwise.bench.reference.two_stage import two_stage
from lotwise.bench.solving import signs_alone
from lotwise.bench.tables import MeasuredTable
from lotwise.bench.yardstick import Yardstick, to_problem
from lotwise.optimizer.problem import SolveStatus
from lotwise.optimizer.single_account import solve_account

__all__ = ["BARS", "quality"]

_BASIS_POINT = 1e-4
_NOTHING = 1e-12

BARS = {100: 0.045, 500: 0.0015}  # mean gap in bp
_WORSE_ALLOWED = 1e-4  # bp above two quadratic programs


@dataclass(frozen=True, slots=True)
class _Measured:
    """One account; gaps and differences in bp of its value."""

    signs_gap: float  # two solves and no search, as general solvers do it
    gap: float
    gained: float  # by the search: objective of the signs alone minus ours
    proved: float  # by the search: our bound minus the envelope's
    difference: float  # our objective minus that of two programs, nan where they were not solved
    cash: float
    rules: float  # largest breach of any rule
    steps: float
    solves: float
    cases: float  # of the certificate
    solved: float


def quality(
    accounts: dict[int, int], against: dict[int, int], seed: int = 0, yardstick: Path | None = None
) -> Iterator[MeasuredTable]:
    """Measure so many accounts per number of names, the first `against` of them against two programs of PIQP too."""
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
    signs = signs_alone(problem)
    solution = solve_account(problem)
    judged = judge(account, solution.bought, solution.sold)
    difference = np.nan
    if compared:
        reference = two_stage(account)
        difference = judged.objective - judge(account, reference.buy, reference.sell).objective
    return _Measured(
        signs_gap=(signs.objective - signs.bound) / _BASIS_POINT,
        gap=(judged.objective - solution.lower_bound) / _BASIS_POINT,
        gained=(signs.objective - judged.objective) / _BASIS_POINT,
        proved=(solution.lower_bound - signs.bound) / _BASIS_POINT,
        difference=difference / _BASIS_POINT,
        cash=abs(1.0 - float(solution.weights.sum()) - solution.cash) + judged.cash,
        rules=max(judged.oversold, judged.bought_barred, judged.both_ways),
        steps=float(solution.steps),
        solves=float(solution.solves),
        cases=float(len(solution.certificate)),
        solved=float(solution.status == SolveStatus.SOLVED),
    )


def _table(title: str, measured: list[_Measured], names: int) -> MeasuredTable:
    of = dict(zip(_Measured.__slots__, np.array([astuple(each) for each in measured]).T, strict=True))
    compared = of["difference"][np.isfinite(of["difference"])]
    fine: Callable[[float], str] = "{:.6f}".format
    whole: Callable[[float], str] = "{:.2f}".format
    small: Callable[[float], str] = "{:.1e}".format
    rows = [
        _row("gap to the bound, two solves, bp", of["signs_gap"], fine),
        _row("gap to the bound, as returned, bp", of["gap"], fine),
        _row("objective gained by the search, bp", of["gained"], fine),
        _row("bound raised by the search, bp", of["proved"], fine),
        _row("Newton steps", of["steps"], whole),
        _row("convex solves", of["solves"], whole),
        _row("cases of the certificate", of["cases"], whole),
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
        "Gaps are of the true objective of the trades, worked out from raw lots. Two solves: the envelope, then the "
        "signs it indicates. The search splits the choices that are left until they are proved."
    )
    return MeasuredTable(title, ("", "mean", "median", "90%", "99%", "max"), rows, note, tuple(missed))


def _row(label: str, values: np.ndarray, written: Callable[[float], str]) -> tuple[str, ...]:
    figures = (values.mean(), *np.quantile(values, [0.5, 0.9, 0.99]), values.max())
    return (label, *(written(float(each)) for each in figures))
