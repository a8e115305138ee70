"""The ordinary way with general solvers: solve the envelope, fix the signs that it indicates, solve again."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lotwise.bench.reference.account import Floats, ReferenceAccount
from lotwise.bench.reference.general_solvers import GeneralSolution, by_piqp
from lotwise.bench.reference.programs import QuadraticProgram, envelope_program, signed_program

__all__ = ["TwoStage", "two_stage"]


class TwoStage(NamedTuple):
    """A feasible trade list and the envelope's value, which no trade list can beat."""

    buy: Floats  # (n,)
    sell: Floats  # (L,)
    objective: float  # of the second program; J plus the priced violations of soft bounds
    envelope: float
    seconds: float  # both solves, without assembling


def two_stage(account: ReferenceAccount, solver: Callable[[QuadraticProgram], GeneralSolution] = by_piqp) -> TwoStage:
    """Solve an account by two quadratic programs; raises NotSolvedError where the solver gives up."""
    reached = 1.0 - float(account.top.sum()), 1.0 - float(account.bottom.sum())
    out_of_reach = reached[0] > account.cash_high or reached[1] < account.cash_low
    soft_cash = out_of_reach or account.soft_rows[1].size > 0  # bounds may leave the cash band out of reach
    relaxed = envelope_program(account, soft_cash=soft_cash)
    first = solver(relaxed)
    signed = signed_program(account, relaxed.weights(first.x) > account.held, soft_cash=soft_cash)
    second = solver(signed)
    buy, sell = signed.trades(second.x, account.names, account.lots)
    return TwoStage(buy, sell, signed.value(second.x), relaxed.value(first.x), first.seconds + second.seconds)
