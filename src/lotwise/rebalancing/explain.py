"""Why each lot was sold or kept and each name bought or not: the KKT line of every lot, in dollars.

A dollar of a name is worth selling when what it saves exceeds what it costs. It saves the risk it carries (priced at
gamma a year), the worth of the cash it raises and of the bounds it relieves: the multipliers of the solve. It costs
tax and spread: the price of its lot. Where the saving is smaller the lot stays, and the line says at which weight or
which gain that would change, all else as it is.

This runs the same kernels as the nightly run on one household and reads their numbers; it decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.holding_period import first_long_term_day_number
from lotwise.money import SHARE, exact_mul_div
from lotwise.optimizer.problem import Choice, SolveStatus
from lotwise.rebalancing.account_solve import AccountNight, solve_account_night, variance_of
from lotwise.rebalancing.book import AccountKind, Book, LotFlag, NameRule
from lotwise.rebalancing.draft import empty_tally, trade_records
from lotwise.rebalancing.formulation import Sizes, account_value, clear_account, formulate, problem_of
from lotwise.rebalancing.rebalance import is_worthwhile
from lotwise.rebalancing.recording import record_trades
from lotwise.rebalancing.scratch import Scratch, scratch_for
from lotwise.rebalancing.tax_story import TaxStory, tax_story
from lotwise.rebalancing.wash_windows import close_household, loss_is_barred, open_household
from lotwise.securities.market import Market

__all__ = ["AccountStory", "Hindrance", "HouseholdStory", "LotLine", "NameLine", "explain_household"]


class Hindrance(StrEnum):
    """What kept a lot from being sold or a name from being bought, other than its price."""

    NONE = ""
    UNKNOWN_TAX = "its basis or date is unknown"
    KEPT = "it is kept (a lot restriction, its purpose or a pending order)"
    NEVER_SELL = "a restriction forbids selling it"
    NEVER_BUY = "a restriction forbids buying it"
    NOT_TRADABLE = "it has no fresh price or no risk"
    NOT_IN_MODEL = "it is not in the model"
    WASHED = "selling it at a loss would be a wash sale"
    WASHES = "buying it would wash a loss sold by the household"
    TOO_SMALL = "the trade would be below the minimum"


@dataclass(frozen=True, slots=True)
class LotLine:
    """One lot. Prices are dollars per dollar sold; weights fractions of the account."""

    lot: int  # row of Lots
    shares: int
    sold: int
    value: int
    gain: float  # fraction of value, negative = loss; nan where the basis is unknown
    long_term: bool
    tax: float  # price of its tax, now less later
    cost: float  # trading cost as charged
    risk: float  # yearly risk charge saved per dollar sold
    needs: float  # worth of the cash that a dollar sold raises and of the bounds it relieves
    hindrance: Hindrance
    sold_above: float  # weight of the name above which the lot would be sold; nan = at none
    sold_below: float  # gain below which it would be sold; nan = at none


@dataclass(frozen=True, slots=True)
class NameLine:
    """One name of an account. Weights are fractions of the account's value, prices dollars per dollar."""

    security: int
    target: float
    before: float
    after: float
    risk: float  # yearly risk charge that a dollar less of it saves, after the trades
    cash: float  # worth of a dollar of cash
    bounds: float  # worth of a dollar less to the group bounds
    buy_cost: float
    bought: int  # shares
    hindrance: Hindrance  # to buying
    bought_below: float  # weight below which it would be bought; nan = at none
    overweight_tax: float  # dollars: price of the tax of selling down to target, cheapest lots first
    overweight_risk: float  # dollars a year: risk charge that selling down to target would save
    lots: tuple[LotLine, ...]


@dataclass(frozen=True, slots=True)
class AccountStory:
    """One account: how it was solved and its names, largest distance from target first."""

    account: int
    value: int
    night: AccountNight | None  # None: it does not trade
    proposed: bool
    te_before: float
    te_after: float
    names: tuple[NameLine, ...]


@dataclass(frozen=True, slots=True)
class HouseholdStory:
    """One household, account by account, in the order in which they were solved."""

    household: int
    blocked: bool
    tax: TaxStory
    accounts: tuple[AccountStory, ...]


class _Prices:
    """Multipliers of a solved account in dollars per dollar, by name."""

    def __init__(self, scratch: Scratch, sizes: Sizes) -> None:
        problem = problem_of(scratch.account, sizes)
        n, k = problem.loadings.shape
        gamma = sizes.risk_price
        written = scratch.account.written[:n]
        exposure = np.empty(k)
        variance_of(problem, written, exposure)
        theta = scratch.solver.state.best_theta[: k + 1 + sizes.groups] * gamma
        self.risk = gamma * (problem.loadings @ exposure + 2 * problem.specific * (written - problem.target))
        self.cash = float(theta[k])
        self.bounds = np.zeros(n)
        for g in range(sizes.groups):
            rows = slice(problem.group_start[g], problem.group_start[g + 1])
            np.add.at(self.bounds, problem.group_name[rows], theta[k + 1 + g] * problem.group_coefficient[rows])
        self.stiffness = 2 * gamma * problem.specific
        self.exposure = exposure
        self.gamma = gamma


def _change_at(weight: float, price: float, saves: float, stiffness: float) -> float:
    """Weight at which what a name saves equals a price, all else fixed."""
    return weight + (price - saves) / stiffness if stiffness > 0 else float("nan")


def _lot_hindrance(book: Book, market: Market, place: tuple[int, int], lot: int, scratch: Scratch) -> Hindrance:
    """What keeps a lot from being sold whatever its price."""
    _, account = place
    security = book.lots.security[lot]
    flags = int(book.lots.flags[lot])
    if not market.tradable[security]:
        return Hindrance.NOT_TRADABLE
    if scratch.account.securities[security].forbidden & NameRule.NO_SELL:
        return Hindrance.NEVER_SELL
    if flags & LotFlag.UNKNOWN_TAX:
        return Hindrance.UNKNOWN_TAX
    if flags & LotFlag.KEPT:
        return Hindrance.KEPT
    worth = exact_mul_div(int(book.lots.shares[lot]), int(market.price[security]), SHARE)
    loss = book.accounts.kind[account] == AccountKind.TAXABLE and worth < book.lots.basis[lot]
    if loss and loss_is_barred(book, market, scratch.household, lot):
        return Hindrance.WASHED
    return Hindrance.NONE


def _lot_lines(
    book: Book,
    market: Market,
    place: tuple[int, int],
    name: int,
    worth: tuple[float, float, float, bool],
    context: tuple[Scratch, Sizes],
) -> tuple[LotLine, ...]:
    """Every lot of a name, sellable ones in the order in which they would be sold.

    `worth` = (risk and needs per dollar, stiffness of the name, whether its trade was dropped as too small).
    """
    scratch, sizes = context
    risk, needs, stiffness, dropped = worth
    saves = risk + needs
    arrays = scratch.account
    problem = problem_of(arrays, sizes)
    security = int(arrays.names[name].security)
    _, account = place
    listed = {int(arrays.lots[i].row): i for i in range(problem.lot_start[name], problem.lot_start[name + 1])}
    held = [
        lot
        for lot in range(book.accounts.lot_start[account], book.accounts.lot_start[account + 1])
        if book.lots.security[lot] == security and lot not in listed
    ]
    lines = []
    for lot in [*listed, *held]:
        shares = int(book.lots.shares[lot])
        value = exact_mul_div(shares, int(market.price[security]), SHARE)
        known = not book.lots.flags[lot] & LotFlag.UNKNOWN_TAX and value > 0
        gain = (value - int(book.lots.basis[lot])) / value if known else float("nan")
        index = listed.get(lot, -1)
        tax = float(arrays.lots[index].tax) if index >= 0 else float("nan")
        price = float(problem.lot_price[index]) if index >= 0 else float("nan")
        per_gain = tax / gain if gain > 0 else float("nan")
        sold = int(arrays.lots[index].sold) if index >= 0 else 0
        kept = index >= 0 and sold < shares
        lines.append(
            LotLine(
                lot=lot,
                shares=shares,
                sold=sold,
                value=value,
                gain=gain,
                long_term=bool(market.as_of >= first_long_term_day_number(book.lots.holding_start[lot])),
                tax=tax,
                cost=price - tax,
                risk=risk,
                needs=needs,
                hindrance=Hindrance.TOO_SMALL
                if dropped and price < saves
                else _lot_hindrance(book, market, place, lot, scratch),
                sold_above=_change_at(float(arrays.written[name]), price, saves, stiffness) if kept else float("nan"),
                sold_below=(saves - price + tax) / per_gain if kept and per_gain > 0 else float("nan"),
            )
        )
    return tuple(lines)


def _buy_hindrance(market: Market, scratch: Scratch, sizes: Sizes, name: int, before: NDArray[np.bool_]) -> Hindrance:
    """What keeps a name from being bought whatever its price; `before` = what the household had sold at a loss."""
    arrays = scratch.account
    security = int(arrays.names[name].security)
    group = market.identical[security]
    problem = problem_of(arrays, sizes)
    if problem.may_buy[name]:
        return Hindrance.NONE
    if not market.tradable[security]:
        return Hindrance.NOT_TRADABLE
    if arrays.securities[security].forbidden & NameRule.NO_BUY:
        return Hindrance.NEVER_BUY
    if before[group] or scratch.household.groups[group].no_buy_until >= market.as_of:
        return Hindrance.WASHES
    return Hindrance.NOT_IN_MODEL


def _overweight(problem_prices: _Prices, scratch: Scratch, sizes: Sizes, name: int) -> tuple[float, float]:
    """Dollars of tax and trading cost, and of risk a year, of selling what is above target, as the account stands."""
    problem = problem_of(scratch.account, sizes)
    weight = float(scratch.account.written[name])
    left = excess = weight - float(problem.target[name])
    if excess <= 0:
        return 0.0, 0.0
    price = 0.0
    for i in range(problem.lot_start[name], problem.lot_start[name + 1]):
        lot_left = float(problem.lot_quantity[i])
        taken = min(left, lot_left)
        price += taken * float(scratch.account.lots[i].tax)
        left -= taken
    risk = excess * float(problem_prices.risk[name]) - 0.5 * float(problem_prices.stiffness[name]) * excess**2
    dollars = sizes.value / 1e4
    return price * dollars, risk * dollars


def _name_lines(
    book: Book,
    market: Market,
    place: tuple[int, int],
    context: tuple[Scratch, Sizes],
    sold_before: NDArray[np.bool_],
) -> tuple[NameLine, ...]:
    scratch, sizes = context
    arrays = scratch.account
    problem = problem_of(arrays, sizes)
    prices = _Prices(scratch, sizes)
    lines = []
    for name in range(sizes.names):
        saves = float(prices.risk[name] + prices.cash + prices.bounds[name])
        stiffness = float(prices.stiffness[name])
        hindrance = _buy_hindrance(market, scratch, sizes, name, sold_before)
        dropped = bool(scratch.solver.choice[name] == Choice.HOLD)
        after = float(arrays.written[name])
        buy_cost = float(problem.buy_cost[name])
        tax, risk = _overweight(prices, scratch, sizes, name)
        lines.append(
            NameLine(
                security=int(arrays.names[name].security),
                target=float(problem.target[name]),
                before=float(problem.held[name]),
                after=after,
                risk=float(prices.risk[name]),
                cash=prices.cash,
                bounds=float(prices.bounds[name]),
                buy_cost=buy_cost,
                bought=max(int(arrays.names[name].delta), 0),
                hindrance=Hindrance.TOO_SMALL if dropped and not hindrance else hindrance,
                bought_below=_change_at(after, -buy_cost, saves, stiffness) if not hindrance else float("nan"),
                overweight_tax=tax,
                overweight_risk=risk,
                lots=_lot_lines(
                    book,
                    market,
                    place,
                    name,
                    (float(prices.risk[name]), saves - float(prices.risk[name]), stiffness, dropped),
                    context,
                ),
            )
        )
    return tuple(sorted(lines, key=lambda line: -abs(line.before - line.target)))


def _account_story(book: Book, market: Market, household: int, account: int, scratch: Scratch) -> AccountStory:
    value = int(account_value(book, account, scratch.household))
    if not book.accounts.trades[account] or value <= 0:
        return AccountStory(account, value, None, False, float("nan"), float("nan"), ())
    sold_before = scratch.household.groups["sold_at_loss"].astype(np.bool_)
    sizes = formulate(book, market, household, account, value, scratch)
    night = solve_account_night(book, market, household, account, sizes, scratch)
    if night.status != SolveStatus.SOLVED:
        clear_account(book, household, sizes.names, scratch.account)
        return AccountStory(account, value, night, False, float("nan"), float("nan"), ())
    problem = problem_of(scratch.account, sizes)
    exposure = np.empty(problem.loadings.shape[1])
    before = float(np.sqrt(variance_of(problem, problem.held, exposure)))
    after = float(np.sqrt(variance_of(problem, scratch.account.written[: sizes.names], exposure)))
    names = _name_lines(book, market, (household, account), (scratch, sizes), sold_before)
    keep = bool(is_worthwhile(book, household, night, book.accounts.cash[account] / value, empty_tally()))
    if keep:
        rows = sizes.names + sizes.lots
        trades = trade_records(rows)
        record_trades(book, market, (household, account), sizes, scratch, 0, trades)
    clear_account(book, household, sizes.names, scratch.account)
    return AccountStory(account, value, night, keep, before, after, names)


def explain_household(book: Book, market: Market, household: int) -> HouseholdStory:
    """Solve one household as the nightly run does and say why each of its lots moves or stays.

    Raises IndexError for a household outside the book.
    """
    total = len(book.households.model)
    if not 0 <= household < total:
        raise IndexError(f"the household must lie within 0 .. {total - 1}, was {household}")
    if book.households.blocked[household]:
        return HouseholdStory(household, True, tax_story(book, household), ())
    taxpayer = book.households.taxpayer
    first = household
    while first > 0 and taxpayer[first - 1] == taxpayer[household]:
        first -= 1
    scratch = scratch_for(book, market, first, household + 1)
    stories: tuple[AccountStory, ...] = ()
    for one in range(first, household + 1):  # what the same taxpayer trades in earlier households bars things here
        if not book.households.blocked[one]:
            stories = _household_stories(book, market, one, scratch)
    return HouseholdStory(household, False, tax_story(book, household), stories)


def _household_stories(book: Book, market: Market, household: int, scratch: Scratch) -> tuple[AccountStory, ...]:
    open_household(book, market, household, scratch.household)
    accounts = range(book.households.account_start[household], book.households.account_start[household + 1])
    stories = tuple(_account_story(book, market, household, account, scratch) for account in accounts)
    close_household(book, market, household, scratch.household)
    return stories
