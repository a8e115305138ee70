"""Time the kernel on single accounts against two quadratic programs solved by PIQP, interleaved in one run.

    python bench/account_speed.py [--names 100 500] [--seeds 5] [--rounds 5] [--yardstick DIR]

Ours is the whole solve from the account's arrays: build, both stages, flip search, certificate. PIQP's time
is setting up and solving its two programs (1e-8), without assembling them. With --yardstick the accounts are
DIR's, and the reference formulation itself is held against DIR's: its time within 10%, its objective equal.
Exit status 1 if an objective is worse than the reference's by more than 0.01 bp, or if the reference fails
that check.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # bench and tests are folders, not installed

from bench.adapter import to_problem
from bench.yardstick import Yardstick

from lotwise.bench.accounts import ordinary
from lotwise.bench.reference.account import ReferenceAccount
from lotwise.bench.reference.objective import judge
from lotwise.bench.reference.two_stage import TwoStage, two_stage
from lotwise.kernels import kernel
from lotwise.optimizer.problem import Choice, Workspace, fitted, workspace
from lotwise.optimizer.single_account import (
    AccountProblem,
    choose_and_solve,
    prepare,
    solve_account,
)

_BASIS_POINT = 1e-4
_WORSE_ALLOWED = 0.01  # bp
_SLOWER_ALLOWED = 1.1
_FREE = int(Choice.FREE)


@kernel
def _solve_repeatedly(problem: AccountProblem, space: Workspace, times: int) -> float:
    """Solve so many times in memory that is already there, as the batch of a firm does."""
    bound = 0.0
    n, k = problem.loadings.shape
    fit = fitted(space, n, k, problem.group_low.size)
    for _ in range(times):
        at = prepare(problem, fit.columns, fit.state.weight)
        fit.choice[:] = _FREE
        bound += choose_and_solve(problem, fit.columns, fit.state, (fit.choice, fit.tried), at)[0].bound
    return bound


@dataclass(frozen=True)
class Measurement:
    """One account: times in ms, differences and gaps in bp."""

    kernel: float
    call: float  # of solve_account: memory and Python objects included
    piqp: float
    piqp_least: float
    difference: float  # our objective minus that of the two programs
    gap: float  # our objective minus our lower bound
    yardstick: float  # least time of DIR's PIQP; nan without
    formulation: float  # reference objective minus DIR's; nan without

    @property
    def ratio(self) -> float:
        return self.piqp / self.kernel


def _milliseconds(run: Callable[[], object], times: int = 1) -> float:
    begin = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - begin) / times


def measure(problem: AccountProblem, rounds: int, peer: Callable[[], tuple[float, float]] | None) -> Measurement:
    """Time each in turn, `rounds` times over, and keep the medians; `peer` gives DIR's seconds and objective."""
    account = ReferenceAccount(**problem._asdict())
    n, k = problem.loadings.shape
    space = workspace(n, problem.lot_quantity.size, k, problem.group_low.size)
    _solve_repeatedly(problem, space, 1)
    times = max(1, int(20.0 / _milliseconds(lambda: _solve_repeatedly(problem, space, 1))))
    reference: TwoStage = two_stage(account)
    seconds: list[tuple[float, float, float, float]] = []
    theirs = float("nan")
    for _ in range(rounds):
        ours = _milliseconds(lambda: _solve_repeatedly(problem, space, times), times)
        call = _milliseconds(lambda: solve_account(problem))
        reference = two_stage(account)
        peer_seconds, theirs = peer() if peer else (float("nan"), float("nan"))
        seconds.append((ours, call, 1e3 * reference.seconds, 1e3 * peer_seconds))
    kernel_time, call_time, piqp_time, _ = np.median(np.array(seconds), axis=0)
    _, _, piqp_least, peer_least = np.min(np.array(seconds), axis=0)
    solution = solve_account(problem)
    objective = judge(account, solution.bought, solution.sold).objective
    two_programs = judge(account, reference.buy, reference.sell).objective
    return Measurement(
        kernel=float(kernel_time),
        call=float(call_time),
        piqp=float(piqp_time),
        piqp_least=float(piqp_least),
        difference=(objective - two_programs) / _BASIS_POINT,
        gap=(objective - solution.lower_bound) / _BASIS_POINT,
        yardstick=float(peer_least),
        formulation=(two_programs - theirs) / _BASIS_POINT,
    )


def _show(names: int, measured: list[Measurement], checked: bool) -> None:
    def middle(field: str) -> float:
        return float(np.median([getattr(each, field) for each in measured]))

    worst = max(each.difference for each in measured)
    gaps = [each.gap for each in measured]
    line = f"{names:6d} {middle('kernel'):10.3f} {middle('call'):10.3f} {middle('piqp'):10.2f}"
    line += f" {middle('ratio'):8.1f} {worst:14.6f} {np.mean(gaps):11.5f} {max(gaps):11.5f}"
    if checked:
        unequal = max((each.formulation for each in measured), key=abs)
        line += f" {middle('yardstick'):13.2f} {_relative_time(measured):9.2f} {unequal:10.1e}"
    print(line, flush=True)


def _relative_time(measured: list[Measurement]) -> float:
    """Reference formulation's time over the yardstick's: least times, since a busy machine only adds."""
    return sum(each.piqp_least for each in measured) / sum(each.yardstick for each in measured)


def main() -> int:
    parser = argparse.ArgumentParser(description="Time single accounts against two-stage PIQP.")
    parser.add_argument("--names", type=int, nargs="+", default=[100, 500, 1000, 3000])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--yardstick", type=Path, help="folder with workload.py, qpform.py and solvers.py")
    chosen = parser.parse_args()
    yardstick = Yardstick(chosen.yardstick) if chosen.yardstick else None
    print(" names  kernel ms    call ms    PIQP ms    ratio  worst diff bp mean gap bp  max gap bp", end="")
    print("  yardstick ms  ours/its   diff bp" if yardstick else "")
    sound = True
    for names in chosen.names:
        measured = []
        for seed in range(chosen.seeds):
            if yardstick:
                theirs = yardstick.account(names, seed)
                problem = to_problem(theirs)
                measured.append(measure(problem, chosen.rounds, partial(yardstick.two_stage, theirs)))
            else:
                fields = {name: getattr(ordinary(seed, names), name) for name in AccountProblem._fields}
                measured.append(measure(AccountProblem(**fields), chosen.rounds, None))
        _show(names, measured, yardstick is not None)
        sound &= all(each.difference <= _WORSE_ALLOWED for each in measured)
        if yardstick:
            sound &= all(abs(each.formulation) <= _WORSE_ALLOWED for each in measured)
            sound &= _relative_time(measured) <= _SLOWER_ALLOWED
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
