"""The tax/tracking frontier of a household: how near the target it can be, and what each step nearer costs in tax.

One problem, solved at one price of tracking after the other, each warm (`optimizer.household.frontier`). Every point is
the best there is at its price. What is between two of them is not drawn up by any price: where a name must choose
between a loss and a purchase the true frontier may lie beyond the line that joins them.

It is the continuous frontier: shares are not whole, no trade is too small and none is not worth it. Tax is priced at
the household's rates of the night, as in the nightly run; `tax` is what the law says of the same gains. The two part
where losses are more than the year can use: the law's tax stands still, and what is carried forward has its worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.holding_period import is_long_term_number
from lotwise.money import FULL_RATE, IntArray
from lotwise.optimizer.household.frontier import FrontierPoints, points_for, solve_frontier
from lotwise.optimizer.household.problem import HouseholdProblem
from lotwise.optimizer.problem import SolveStatus
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.frontier_prices import prices_of_tracking
from lotwise.rebalancing.household_night import values_of
from lotwise.rebalancing.joint_formulation import JointSizes, clear_joint, formulate_joint, joint_problem_of
from lotwise.rebalancing.joint_scratch import JointArrays, portfolio_scratch
from lotwise.rebalancing.scratch import scratch_for
from lotwise.rebalancing.tax_of_trades import tax_of_gains
from lotwise.rebalancing.wash_windows import close_household, first_lot, open_household
from lotwise.securities.market import Market

__all__ = ["Frontier", "FrontierTrades", "tax_tracking_frontier"]

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


class FrontierTrades(NamedTuple):
    """What is held at each of F points: C positions (a security in an account), L lots that may be sold."""

    account: IntArray  # (C,) row of the book
    security: IntArray  # (C,)
    held: Floats  # (C,) weight today, fraction of the household's value
    weight: Floats  # (F, C)
    lot: IntArray  # (L,) row of the book
    sold: Floats  # (F, L) part of the lot, 0 to 1


@dataclass(frozen=True, slots=True)
class Frontier:
    """F points, dearest price of tracking first; money is in units of `lotwise.money`, below zero = saved."""

    household: int
    value: int  # money, of all accounts that are worth anything, as it counts
    risk_price: Floats  # (F,) price of tracking, as `Policies.risk_price`
    tracking: Floats  # (F,) predicted annual tracking error
    tax: IntArray  # (F,) by law: the year's liability with the trades, less without
    tax_at_rates: IntArray  # (F,) gains at the rates of the night, losses at what they are worth, this year and later
    short_gains: IntArray  # (F,) realised in taxable accounts
    long_gains: IntArray
    cost: IntArray  # (F,) of trading: half the spread
    sold: IntArray  # (F,) value sold
    bought: IntArray  # (F,)
    objective: Floats  # (F,) tracking, tax and cost at the point's price, as a fraction of value
    lower_bound: Floats  # (F,) no trades are below this at that price
    efficient: Booleans  # (F,) no other point is as near for less `tax_at_rates`, or nearer for as little
    chosen: int  # the point at the household's own price
    tracking_today: float  # if nothing is traded, at no tax
    trades: FrontierTrades
    assumes: tuple[str, ...]  # what is taken for granted, in sentences

    @property
    def turnover(self) -> Floats:
        """Half of what is sold and bought, as a fraction of value, (F,)."""
        return (self.sold + self.bought) / (2 * self.value)

    @property
    def gap(self) -> Floats:
        """How far each point may be from the best at its price, fraction of value, (F,)."""
        return self.objective - self.lower_bound

    @property
    def breaks_today(self) -> bool:
        """Whether doing nothing is nearer than any point, as only what misses a bound can be."""
        return self.tracking_today < float(self.tracking.min()) - _NO_NEARER

    @property
    def nearest(self) -> int:
        """The point that is nearest to the target, at any tax."""
        return int(np.argmin(self.tracking))


# Tracking error below which a difference is what the ends of the frontier leave.
_NO_NEARER = 1e-4

_APART = (
    "as_one_portfolio is false: the nightly run takes each account to the target by itself, this takes them as one"
    " portfolio"
)
_ASSUMED = (
    "nothing else of the same taxpayer is traded tonight",
    "shares need not be whole and no trade is too small",
    "each point is the best at the household's rates of the night; its tax is by law",
)


def tax_tracking_frontier(
    book: Book,
    market: Market,
    household: int,
    points: int = 50,
    risk_prices: Sequence[float] | Floats | None = None,
) -> Frontier:
    """Solve a household at `points` prices of tracking, from very dear to nearly free, its own among them.

    `risk_prices` are prices to solve at in the place of those; the household's own is added where it is not one of
    them. Raises IndexError for a household outside the book, ValueError for prices that cannot be and for a household
    that is refused or has nothing to trade.
    """
    _require_household(book, household)
    own = float(book.policies.risk_price[book.households.policy[household]])
    given = _given_prices(own, risk_prices) if risk_prices is not None else None
    if given is None and points < 3:
        raise ValueError(f"points must be at least 3: both ends and the household's own, was {points}")
    scratch = scratch_for(book, market, household, household + 1)
    arrays, solver = portfolio_scratch(book, market, household)
    state, securities = scratch.household, scratch.account.securities
    open_household(book, market, household, state)
    values = values_of(book, household, state)
    _require_value(values.least, values.traded)
    first, last = (int(book.households.account_start[household + end]) for end in range(2))
    sizes = formulate_joint(book, market, household, (first, last), values.counted, state, arrays, securities)
    problem = joint_problem_of(arrays, sizes)
    prices = given if given is not None else prices_of_tracking(problem, own, points)
    found = points_for(problem, prices.size)
    status = solve_frontier(problem, prices, solver, found)
    worth = state.worth[arrays.lots["row"][: sizes.lots] - first_lot(book, household)]
    clear_joint(book, household, sizes.names, arrays, securities)
    close_household(book, market, household, state)
    if status == SolveStatus.BAD_INPUT:
        raise ValueError(
            "the household's numbers cannot be solved: explain it to see which of them is out of all bounds"
        )
    apart = values.joint or int(book.accounts.trades[first:last].sum()) < 2
    assumed = _ASSUMED if apart else (*_ASSUMED, _APART)
    return _described(book, market, household, (prices, own, found), (arrays, sizes, worth), assumed)


def _require_household(book: Book, household: int) -> None:
    total = len(book.households.model)
    if not 0 <= household < total:
        raise IndexError(f"the household must lie within 0 .. {total - 1}, was {household}")
    if book.households.blocked[household]:
        raise ValueError("the household is refused for bad data: correct the errors that its findings name")


def _require_value(least: int, traded: int) -> None:
    if least < 0:
        raise ValueError("an account of the household is worth less than nothing: correct its cash or its lots")
    if traded <= 0:
        raise ValueError("no account of the household that trades is worth anything: there is nothing to choose from")


def _given_prices(own: float, asked: Sequence[float] | Floats) -> Floats:
    """Prices as asked for and the household's own, dearest first, each once."""
    prices = np.asarray(asked, np.float64).ravel()
    if not prices.size or not np.all(np.isfinite(prices) & (prices > 0)):
        raise ValueError(f"risk_prices must be positive numbers, at least one of them, was {prices.tolist()}")
    return np.unique(np.append(prices, own))[::-1].copy()


def _tracking(problem: HouseholdProblem, weights: Floats) -> Floats:
    """Annual tracking error of rows of weights of positions, (F, C) to (F,)."""
    n, points = problem.target.size, weights.shape[0]
    name = np.repeat(np.arange(n), np.diff(problem.position_start))
    row = (np.arange(points)[:, None] * n + name).ravel()
    away = np.bincount(row, weights.ravel(), points * n).reshape(points, n) - problem.target
    exposure = away @ problem.loadings
    tracking: Floats = np.sqrt(0.5 * (exposure**2).sum(axis=1) + away**2 @ problem.specific)
    return tracking


def _whole(amounts: Floats) -> IntArray:
    return np.rint(amounts).astype(np.int64)


class _LotTerms(NamedTuple):
    """Of each lot that may be sold: its gain in money, nought outside taxable accounts, and how it is taxed."""

    gain: Floats
    long_term: Booleans
    rate: Floats  # of a gain, or what a dollar of loss is worth


def _lot_terms(
    book: Book, market: Market, household: int, lot: IntArray, account: IntArray, worth: IntArray
) -> _LotTerms:
    taxable = book.accounts.kind[account] == AccountKind.TAXABLE
    gain = np.where(taxable, worth - book.lots.basis[lot], 0)
    starts = book.lots.holding_start[lot].tolist()
    long_term = np.array([bool(is_long_term_number(start, int(market.as_of))) for start in starts], np.bool_)
    rates = book.households
    of_gain = np.where(long_term, rates.long_rate[household], rates.short_rate[household])
    of_loss = np.where(long_term, rates.loss_long_rate[household], rates.loss_short_rate[household])
    return _LotTerms(gain.astype(np.float64), long_term, np.where(gain < 0, of_loss, of_gain) / FULL_RATE)


def _efficient(tracking: Floats, tax: IntArray) -> Booleans:
    """Which points no other one beats, the first of those that are the same."""
    order = np.lexsort((tax, tracking))
    least = np.minimum.accumulate(tax[order])
    better = np.concatenate(([True], tax[order][1:] < least[:-1]))
    efficient = np.zeros(tax.size, np.bool_)
    efficient[order[better]] = True
    return efficient


def _described(
    book: Book,
    market: Market,
    household: int,
    solved: tuple[Floats, float, FrontierPoints],
    formulated: tuple[JointArrays, JointSizes, IntArray],
    assumed: tuple[str, ...],
) -> Frontier:
    """What the solved points come to in money; `solved` = (prices, the household's own, points)."""
    (prices, own, found), (arrays, sizes, worth) = solved, formulated
    problem = joint_problem_of(arrays, sizes)
    position_account = arrays.accounts["row"][problem.account]
    security = arrays.positions["security"][: sizes.positions].copy()
    lot_position = np.repeat(np.arange(sizes.positions), np.diff(problem.lot_start))
    lot = arrays.lots["row"][: sizes.lots].copy()
    terms = _lot_terms(book, market, household, lot, position_account[lot_position], worth)
    part = found.sold / problem.lot_quantity
    short, long = (_whole(part[:, chosen] @ terms.gain[chosen]) for chosen in (~terms.long_term, terms.long_term))
    counts = arrays.accounts["counts"][problem.account]  # a dollar of its account, in weights
    sold = found.sold * sizes.value / counts[lot_position]
    bought = np.maximum(found.weights - problem.held, 0.0) * sizes.value / counts
    half_spread = market.spread[security] / (2 * FULL_RATE)
    year = np.repeat(book.tax[household : household + 1], prices.size)
    at_rates, tracking = _whole(part @ (terms.gain * terms.rate)), _tracking(problem, found.weights)
    return Frontier(
        household=household,
        value=sizes.value,
        risk_price=prices,
        tracking=tracking,
        tax=tax_of_gains(year, short, long),
        tax_at_rates=at_rates,
        short_gains=short,
        long_gains=long,
        cost=_whole(sold @ half_spread[lot_position] + bought @ half_spread),
        sold=_whole(sold.sum(axis=1)),
        bought=_whole(bought.sum(axis=1)),
        objective=found.objective,
        lower_bound=found.lower_bound,
        efficient=_efficient(tracking, at_rates),
        chosen=int(np.flatnonzero(prices == own)[0]),
        tracking_today=float(_tracking(problem, problem.held[None, :])[0]),
        trades=FrontierTrades(position_account, security, problem.held.copy(), found.weights, lot, part),
        assumes=assumed,
    )
