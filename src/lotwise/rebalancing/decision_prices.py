"""What a dollar less of every position is worth once its portfolio is solved: the prices that explain it.

The portfolio is one account or, solved as one, the accounts of a household; the reader need not know which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lotwise.money import IntArray
from lotwise.optimizer.household.problem import HouseholdProblem
from lotwise.optimizer.problem import AccountProblem, Choice
from lotwise.rebalancing.formulation import Sizes, problem_of
from lotwise.rebalancing.joint_formulation import JointSizes, joint_problem_of
from lotwise.rebalancing.scratch import Arrays, Scratch

__all__ = ["Portfolio", "Score", "account_portfolio", "household_portfolio", "score_of"]

Floats: TypeAlias = NDArray[np.float64]


class Score(NamedTuple):
    """What trades improve the objective by, part by part: fractions of the portfolio's value, negative = worse."""

    tracking: float
    tax: float
    trading: float  # spread, and the losses that purchases bar
    place: float  # tax on what names yield, in their kinds of account

    @property
    def total(self) -> float:
        """The score, when the trades are those that were weighed."""
        return self.tracking + self.tax + self.trading + self.place


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Positions of a solved portfolio, C of them; weights are fractions of its value, prices dollars per dollar."""

    arrays: Arrays
    problem: AccountProblem | HouseholdProblem  # lots, costs and what is held of its positions
    written: Floats
    target: Floats  # of its name
    before: Floats  # of its name, in all of the portfolio
    after: Floats
    risk: Floats  # yearly risk charge that a dollar less saves, after the trades
    cash: Floats  # worth of a dollar of its account's cash
    bounds: Floats  # worth of a dollar less to bounds on groups
    place: Floats  # tax on what it yields in its kind of account, over the years of the policy
    stiffness: Floats  # how fast `risk` falls as the name's weight does
    sells_at_a_loss: NDArray[np.bool_]  # of its name, which nobody buys then
    dropped: NDArray[np.bool_]  # its trade was below the minimum
    counts: Floats  # what a dollar of its account counts in weights
    value: int  # money

    @property
    def saves(self) -> Floats:
        """What a dollar less saves in all, (C,)."""
        return self.risk + self.cash + self.bounds + self.place


def _spread(problem: AccountProblem | HouseholdProblem, prices: Floats, bounds: Floats) -> None:
    """Add the prices of group rows to the names that are in them."""
    for g in range(problem.group_low.size):
        rows = slice(problem.group_start[g], problem.group_start[g + 1])
        np.add.at(bounds, problem.group_name[rows], prices[g] * problem.group_coefficient[rows])


def account_portfolio(scratch: Scratch, sizes: Sizes) -> Portfolio:
    """Read the prices of the account that was solved last: its positions are its names."""
    arrays = scratch.account
    problem = problem_of(arrays, sizes)
    n, k = problem.loadings.shape
    written = arrays.written[:n]
    exposure = (written - problem.target) @ problem.loadings
    theta = scratch.solver.state.best_theta[: k + 1 + sizes.groups] * sizes.risk_price
    bounds = np.zeros(n)
    _spread(problem, theta[k + 1 :], bounds)
    return Portfolio(
        arrays,
        problem,
        written,
        problem.target,
        problem.held,
        written,
        sizes.risk_price * (problem.loadings @ exposure + 2 * problem.specific * (written - problem.target)),
        np.full(n, theta[k]),
        bounds,
        np.zeros(n),
        2 * sizes.risk_price * problem.specific,
        np.zeros(n, np.bool_),
        scratch.solver.choice[:n] == Choice.HOLD,
        np.ones(n),
        sizes.value,
    )


def household_portfolio(scratch: Scratch, sizes: JointSizes) -> Portfolio:
    """Read the prices of the household that was solved last."""
    arrays = scratch.joint
    problem = joint_problem_of(arrays, sizes)
    k, gamma, count = problem.loadings.shape[1], sizes.risk_price, sizes.positions
    name = np.repeat(np.arange(sizes.names), np.diff(problem.position_start))
    before, after = (arrays.total[row, : sizes.names] for row in range(2))
    rows = k + sizes.groups + sizes.accounts + sizes.own_groups
    theta = scratch.joint_solver.state.base.found_theta[:rows] * gamma
    shared, own = np.zeros(sizes.names), np.zeros(count)
    _spread(problem, theta[k:], shared)
    for h in range(sizes.own_groups):
        entries = slice(problem.own_group_start[h], problem.own_group_start[h + 1])
        price = theta[k + sizes.groups + sizes.accounts + h]
        np.add.at(own, problem.own_group_position[entries], price * problem.own_group_coefficient[entries])
    away = after - problem.target
    risk = gamma * (problem.loadings @ (away @ problem.loadings) + 2 * problem.specific * away)
    lots = arrays.lots[: sizes.lots]
    lot_name = np.repeat(name, np.diff(problem.lot_start))
    losing = np.zeros(sizes.names, np.bool_)
    losing[lot_name[(lots["sold"] > 0) & (lots["loss"] != 0)]] = True
    return Portfolio(
        arrays,
        problem,
        arrays.written[:count],
        problem.target[name],
        before[name],
        after[name],
        risk[name],
        theta[k + sizes.groups :][problem.account],
        shared[name] + own,
        problem.hold_cost,
        2 * gamma * problem.specific[name],
        losing[name],
        arrays.positions["dropped"][:count],
        arrays.accounts["counts"][problem.account],
        sizes.value,
    )


def score_of(
    portfolio: Portfolio, lot_shares: IntArray, prices: tuple[float, float], tracking: tuple[float, float]
) -> Score:
    """Split what the trades as written improve: `lot_shares` (L,) of the book, `tracking` errors before and after.

    `prices` of tracking and of trading; what the latter charges is in no score.
    """
    risk_price, turnover = prices
    problem, lots = portfolio.problem, portfolio.arrays.lots[: portfolio.problem.lot_quantity.size]
    sold = problem.lot_quantity * lots["sold"] / np.maximum(lot_shares[lots["row"]], 1)
    bought = np.maximum(portfolio.written - problem.held, 0.0)
    return Score(
        risk_price * (tracking[0] ** 2 - tracking[1] ** 2),
        -float(sold @ lots["tax"]),
        -float(sold @ (problem.lot_price - turnover - lots["tax"])) - float(bought @ (problem.buy_cost - turnover)),
        float(portfolio.place @ (problem.held - portfolio.written)),
    )
