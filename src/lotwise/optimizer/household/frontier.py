"""The tax/tracking frontier of a household: its problem at one price of tracking after the other, each warm.

Prices of tax and trading are what they are; only gamma moves. Multipliers of exposures do not depend on gamma, those of
cash and groups are divided by it, so that one solve begins where the last one ended.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import kernel
from lotwise.optimizer.convex import Aim
from lotwise.optimizer.household.convex import solve_convex
from lotwise.optimizer.household.position_weights import begin_where_held
from lotwise.optimizer.household.preparation import prepare
from lotwise.optimizer.household.problem import HouseholdProblem, HouseholdWorkspace
from lotwise.optimizer.household.solvable import is_solvable
from lotwise.optimizer.household.solve import fitted_to, take_lots
from lotwise.optimizer.household.splitting import choose_sides, search_sides
from lotwise.optimizer.problem import Choice, SolveStatus, copy_values
from lotwise.optimizer.single_account import GAP
from lotwise.optimizer.splitting import Limits

__all__ = ["FrontierPoints", "points_for", "solve_frontier"]

_FREE = int(Choice.FREE)
_BUY_ONLY = int(Choice.BUY_ONLY)
_BAD_INPUT = int(SolveStatus.BAD_INPUT)
_SOLVED = int(SolveStatus.SOLVED)

# Gap at which the search over sides of a point ends: a hundredth of a basis point of value at that point's prices.
_TOLERANCE = 1e-6


class FrontierPoints(NamedTuple):
    """F points, in the order of the prices of tracking asked for; fractions of the household's value."""

    weights: NDArray[np.float64]  # (F, C) of each position
    sold: NDArray[np.float64]  # (F, L) of each lot
    objective: NDArray[np.float64]  # (F,) at the point's own price of tracking, missed bounds charged
    lower_bound: NDArray[np.float64]  # (F,) no portfolio is below this at that price
    status: NDArray[np.int64]  # (F,) SolveStatus


def points_for(problem: HouseholdProblem, points: int) -> FrontierPoints:
    """Allocate for a frontier of so many points."""
    return FrontierPoints(
        np.zeros((points, len(problem.account))),
        np.zeros((points, len(problem.lot_quantity))),
        np.zeros(points),
        np.zeros(points),
        np.zeros(points, np.int64),
    )


@kernel
def _at_price(p: HouseholdProblem, risk_price: float) -> HouseholdProblem:
    """The same household at another price of tracking."""
    return HouseholdProblem(
        p.target,
        p.loadings,
        p.specific,
        p.low,
        p.high,
        p.position_start,
        p.account,
        p.held,
        p.buy_cost,
        p.may_buy,
        p.hold_cost,
        p.position_low,
        p.position_high,
        p.lot_start,
        p.lot_quantity,
        p.lot_price,
        p.lot_loss,
        p.group_start,
        p.group_name,
        p.group_coefficient,
        p.group_low,
        p.group_high,
        p.own_group_start,
        p.own_group_position,
        p.own_group_coefficient,
        p.own_group_low,
        p.own_group_high,
        p.value,
        p.cash_low,
        p.cash_high,
        risk_price,
    )


@kernel
def solve_frontier(
    problem: HouseholdProblem, risk_prices: NDArray[np.float64], space: HouseholdWorkspace, out: FrontierPoints
) -> int:
    """Solve a household at each of `risk_prices` (F,), positive; returns the worst status.

    `out` is from `points_for`. The order of the prices is the order in which they are solved: neighbours should be
    near each other.
    """
    worst, factors = _SOLVED, problem.loadings.shape[1]
    fit = fitted_to(problem, space)
    columns, state, base = fit.columns, fit.state, fit.state.base
    for f in range(risk_prices.size):
        gamma = risk_prices[f]
        here = _at_price(problem, gamma)
        out.status[f] = _SOLVED
        if not is_solvable(here):
            out.status[f] = worst = _BAD_INPUT
            continue
        prepare(here, columns, state.name_price, fit.choice[:0])
        if f == 0:
            begin_where_held(here, fit)
        else:
            copy_values(base.found_theta, base.theta)
            for r in range(factors, base.theta.size):
                base.theta[r] *= risk_prices[f - 1] / gamma
        fit.choice[:] = _FREE
        choose_sides(columns, fit.choice)
        aim = Aim(GAP / gamma, -np.inf, np.inf)
        first = solve_convex(columns, state, factors, aim, f == 0)
        if first.status != _SOLVED and f > 0:
            base.theta[:] = 0.0
            first = solve_convex(columns, state, factors, aim, True)
        split = search_sides(
            columns, state, fit.cases, fit.choice, Limits(factors, GAP / gamma, _TOLERANCE / gamma), first
        )
        out.status[f] = first.status
        worst = max(worst, first.status)
        copy_values(state.found, out.weights[f])
        take_lots(here, out.weights[f], fit.choice == _BUY_ONLY, out.sold[f])
        out.objective[f] = split.value * gamma
        out.lower_bound[f] = split.bound * gamma
    return worst
