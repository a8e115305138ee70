"""Time the engine on single accounts against two quadratic programs solved by PIQP, interleaved in one run.

Ours is the whole solve from the account's arrays: build, both stages, search of choices, certificate. PIQP's time is
setting up and solving its two programs (1e-8), without assembling them. With a yardstick the accounts are its, and our
reference formulation is itself held against the yardstick's: its time within 10%, its objective equal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from lotwise.bench.accounts import ordinary, problem_of
from lotwise.bench.machine import machine
from lotwise.bench.reference.account import ReferenceAccount
from lotwise.bench.reference.objective import judge
from lotwise.bench.reference.two_stage import TwoStage, two_stage
from lotwise.bench.solving import solve_repeatedly
from lotwise.bench.tables import MeasuredTable
from lotwise.bench.yardstick import Yardstick, to_problem
from lotwise.optimizer.problem import AccountProblem, workspace
from lotwise.optimizer.single_account import solve_account

__all__ = ["BARS", "speed"]

BARS = {100: 17.0, 500: 40.0, 1000: 55.0, 3000: 100.0}  # times as fast as PIQP
_BASIS_POINT = 1e-4
_WORSE_ALLOWED = 1e-4  # bp above two quadratic programs
_UNEQUAL_ALLOWED = 0.01  # bp between the reference formulation and the yardstick's
_SLOWER_ALLOWED = 1.1  # times the yardstick's formulation
_LEAST_MS = 20.0  # our solve is repeated until a measurement takes about so long


@dataclass(frozen=True, slots=True)
class _Measured:
    """One account: times in ms, differences and gaps in bp."""

    kernel: float
    call: float  # of solve_account: memory and Python objects included
    piqp: float
    piqp_least: float
    difference: float  # our objective minus that of the two programs
    gap: float  # our objective minus our lower bound
    yardstick: float  # least time of the yardstick's PIQP; nan without
    formulation: float  # reference objective minus the yardstick's; nan without

    @property
    def ratio(self) -> float:
        return self.piqp / self.kernel


def speed(names: Sequence[int], seeds: int, rounds: int = 5, yardstick: Path | None = None) -> Iterator[MeasuredTable]:
    """Time `seeds` accounts of each size, `rounds` times over in turn with PIQP, and keep the medians."""
    theirs = Yardstick(yardstick) if yardstick else None
    measured: dict[int, list[_Measured]] = {}
    for size in names:
        measured[size] = []
        for seed in range(seeds):
            if theirs:
                account = theirs.account(size, seed)
                measured[size].append(_measure(to_problem(account), rounds, partial(theirs.two_stage, account)))
            else:
                measured[size].append(_measure(problem_of(ordinary(seed, size)), rounds, None))
    yield _table(measured, seeds, theirs is not None)


def _milliseconds(run: Callable[[], object], times: int = 1) -> float:
    begin = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - begin) / times


def _measure(problem: AccountProblem, rounds: int, peer: Callable[[], tuple[float, float]] | None) -> _Measured:
    """Time each in turn, `rounds` times over, and keep the medians; `peer` gives its seconds and objective."""
    account = ReferenceAccount(**problem._asdict())
    n, k = problem.loadings.shape
    space = workspace(n, problem.lot_quantity.size, k, problem.group_low.size)
    solve_repeatedly(problem, space, 1)
    times = max(1, int(_LEAST_MS / _milliseconds(lambda: solve_repeatedly(problem, space, 1))))
    reference: TwoStage = two_stage(account)
    seconds: list[tuple[float, float, float, float]] = []
    theirs = float("nan")
    for _ in range(rounds):
        ours = _milliseconds(lambda: solve_repeatedly(problem, space, times), times)
        call = _milliseconds(lambda: solve_account(problem))
        reference = two_stage(account)
        peer_seconds, theirs = peer() if peer else (float("nan"), float("nan"))
        seconds.append((ours, call, 1e3 * reference.seconds, 1e3 * peer_seconds))
    kernel_time, call_time, piqp_time, _ = np.median(np.array(seconds), axis=0)
    _, _, piqp_least, peer_least = np.min(np.array(seconds), axis=0)
    solution = solve_account(problem)
    objective = judge(account, solution.bought, solution.sold).objective
    two_programs = judge(account, reference.buy, reference.sell).objective
    return _Measured(
        kernel=float(kernel_time),
        call=float(call_time),
        piqp=float(piqp_time),
        piqp_least=float(piqp_least),
        difference=(objective - two_programs) / _BASIS_POINT,
        gap=(objective - solution.lower_bound) / _BASIS_POINT,
        yardstick=float(peer_least),
        formulation=(two_programs - theirs) / _BASIS_POINT,
    )


def _table(measured: dict[int, list[_Measured]], seeds: int, checked: bool) -> MeasuredTable:
    rows, missed = [], []
    for size, accounts in measured.items():
        row, failed = _row(size, accounts, checked)
        rows.append(row)
        missed += failed
    header = ["names", "kernel ms", "call ms", "PIQP ms", "ratio", "bar", "worst minus PIQP, bp", "mean gap, bp"]
    header += ["yardstick's PIQP ms", "ours / its", "minus its, bp"] if checked else []
    note = (
        f"{machine('numpy', 'numba', 'piqp')}; one thread; {seeds} accounts a size, k = 20. Kernel: the whole solve "
        "from the account's arrays, in memory that is there. Call: `solve_account` once. PIQP: setting up and solving "
        "two programs at 1e-8, without assembling them. Ratio: median over accounts of PIQP / kernel, interleaved."
    )
    whose = "yardstick's accounts" if checked else "simulated accounts"
    return MeasuredTable(f"Speed: one account, {whose}", header, rows, note, missed)


def _row(size: int, accounts: list[_Measured], checked: bool) -> tuple[list[str], list[str]]:
    """Write the row of one size, and which bars it misses."""

    def middle(field: str) -> float:
        return float(np.median([getattr(each, field) for each in accounts]))

    worst = max(each.difference for each in accounts)
    bar = BARS.get(size)
    row = [f"{size:,}", f"{middle('kernel'):.3f}", f"{middle('call'):.3f}", f"{middle('piqp'):.2f}"]
    row += [f"{middle('ratio'):.1f}", f"{bar:.0f}" if bar else "", f"{worst:.1e}"]
    row.append(f"{np.mean([each.gap for each in accounts]):.5f}")
    missed = []
    if bar and middle("ratio") < bar:
        missed.append(f"at {size:,} names {middle('ratio'):.1f} times as fast as PIQP, must be at least {bar:.0f}")
    if worst > _WORSE_ALLOWED:
        missed.append(f"at {size:,} names worse than PIQP by {worst:.1e} bp, must be at most {_WORSE_ALLOWED}")
    if checked:
        unequal = max((each.formulation for each in accounts), key=abs)
        # Least times, since a busy machine only adds.
        slower = sum(each.piqp_least for each in accounts) / sum(each.yardstick for each in accounts)
        row += [f"{middle('yardstick'):.2f}", f"{slower:.2f}", f"{unequal:.1e}"]
        if slower > _SLOWER_ALLOWED:
            missed.append(f"at {size:,} names our formulation takes {slower:.2f} of the yardstick's time, at most 1.1")
        if abs(unequal) > _UNEQUAL_ALLOWED:
            missed.append(f"at {size:,} names our formulation differs from the yardstick's by {unequal:.1e} bp")
    return row, missed
