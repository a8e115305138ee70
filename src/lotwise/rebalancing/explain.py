"""Why each lot was sold or kept and each name bought or not: the KKT line of every lot, in dollars.

A dollar of a name is worth selling when what it saves exceeds what it costs. It saves the risk it carries (priced at
gamma a year), the worth of the cash it raises and of the bounds it relieves: the multipliers of the solve. It costs
tax and spread: the price of its lot. Where the saving is smaller the lot stays, and the line says at which weight or
which gain that would change, all else as it is.

This runs the same kernels as the nightly run on one household and reads their numbers; it decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.ledger.holding_period import first_long_term_day_number
from lotwise.money import SHARE, exact_mul_div
from lotwise.optimizer.household.problem import HouseholdProblem
from lotwise.optimizer.problem import AccountProblem, SolveStatus
from lotwise.rebalancing.account_solve import solve_account_night
from lotwise.rebalancing.book import AccountKind, Book, LotFlag, NameRule
from lotwise.rebalancing.decision_prices import Portfolio, account_portfolio, household_portfolio, score_of
from lotwise.rebalancing.draft import empty_tally, trade_records
from lotwise.rebalancing.formulation import account_value, clear_account, counted_part, formulate, problem_of
from lotwise.rebalancing.household_night import Night, is_worthwhile, rests_tonight, values_of
from lotwise.rebalancing.joint_formulation import clear_joint, formulate_joint, joint_problem_of
from lotwise.rebalancing.joint_recording import record_joint_trades
from lotwise.rebalancing.joint_solve import solve_joint_night
from lotwise.rebalancing.limits import Limit
from lotwise.rebalancing.netting import netted_and_kept
from lotwise.rebalancing.rebalance import solved_as_portfolios
from lotwise.rebalancing.recording import record_trades
from lotwise.rebalancing.scratch import Scratch, scratch_for
from lotwise.rebalancing.stories import AccountStory, Hindrance, HouseholdStory, LotLine, NameLine
from lotwise.rebalancing.tax_story import tax_story
from lotwise.rebalancing.wash_windows import close_household, loss_is_barred, open_household
from lotwise.securities.market import Market

__all__ = ["AccountStory", "Hindrance", "HouseholdStory", "LotLine", "NameLine", "explain_household", "explain_netted"]


def _change_at(weight: float, price: float, saves: float, stiffness: float) -> float:
    """Weight at which what a name saves equals a price, all else fixed."""
    return weight + (price - saves) / stiffness if stiffness > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class _Solved:
    """What is known after a portfolio is solved: its household, its prices, and what was barred before it."""

    book: Book
    market: Market
    household: int
    scratch: Scratch
    portfolio: Portfolio
    sold_before: NDArray[np.bool_]  # identical groups that the taxpayer had sold at a loss tonight


def _forbidden(book: Book, household: int, account: int, security: int) -> int:
    """What restrictions forbid of a security in an account."""
    rules, row = book.rules, book.households.rules[household]
    span = slice(rules.name_start[row], rules.name_start[row + 1])
    mine = (rules.name_security[span] == security) & np.isin(rules.name_account[span], (-1, account))
    return int(np.bitwise_or.reduce(rules.name_flags[span][mine], initial=0))


def _lot_hindrance(solved: _Solved, account: int, lot: int) -> Hindrance:
    """What keeps a lot from being sold whatever its price."""
    book, market = solved.book, solved.market
    security = int(book.lots.security[lot])
    flags = int(book.lots.flags[lot])
    if not market.tradable[security]:
        return Hindrance.NOT_TRADABLE
    if _forbidden(book, solved.household, account, security) & NameRule.NO_SELL:
        return Hindrance.NEVER_SELL
    if flags & LotFlag.UNKNOWN_TAX:
        return Hindrance.UNKNOWN_TAX
    if flags & LotFlag.KEPT:
        return Hindrance.KEPT
    worth = exact_mul_div(int(book.lots.shares[lot]), int(market.price[security]), SHARE)
    loss = book.accounts.kind[account] == AccountKind.TAXABLE and worth < book.lots.basis[lot]
    if loss and loss_is_barred(book, market, solved.scratch.household, lot):
        return Hindrance.WASHED
    return Hindrance.NONE


def _is_capped(solved: _Solved, lot: int, sold: int) -> bool:
    """Whether as much of a lot is sold as a turn of the tax lets it give."""
    owner, household = solved.book.households, solved.household
    capped = int(owner.capped_lot[household])
    first = int(solved.book.accounts.lot_start[owner.account_start[household]])
    return capped >= 0 and lot == first + capped and sold >= owner.capped_shares[household]


def _lot_line(solved: _Solved, account: int, p: int, lot: int, index: int) -> LotLine:
    """One lot of a position; `index` is its place among the lots that may be sold, -1 = it may not."""
    book, portfolio = solved.book, solved.portfolio
    shares = int(book.lots.shares[lot])
    value = exact_mul_div(shares, int(solved.market.price[book.lots.security[lot]]), SHARE)
    known = not book.lots.flags[lot] & LotFlag.UNKNOWN_TAX and value > 0
    gain = (value - int(book.lots.basis[lot])) / value if known else float("nan")
    tax = float(portfolio.arrays.lots[index].tax) if index >= 0 else float("nan")
    price = float(portfolio.problem.lot_price[index]) if index >= 0 else float("nan")
    sold = int(portfolio.arrays.lots[index].sold) if index >= 0 else 0
    per_gain = tax / gain if gain > 0 else float("nan")
    saves, stiffness = float(portfolio.saves[p]), float(portfolio.stiffness[p])
    hindrance = _lot_hindrance(solved, account, lot)
    if index >= 0 and portfolio.arrays.lots[index].barred:
        hindrance = Hindrance.BOUGHT
    elif portfolio.dropped[p] and price < saves:
        hindrance = Hindrance.TOO_SMALL
    elif _is_capped(solved, lot, sold):
        hindrance = Hindrance.NETTED
    kept = index >= 0 and sold < shares
    return LotLine(
        lot=lot,
        shares=shares,
        sold=sold,
        value=value,
        gain=gain,
        long_term=bool(solved.market.as_of >= first_long_term_day_number(book.lots.holding_start[lot])),
        tax=tax,
        cost=price - tax,
        risk=float(portfolio.risk[p]),
        needs=float(portfolio.cash[p] + portfolio.bounds[p]),
        place=float(portfolio.place[p]),
        counts=float(portfolio.counts[p]),
        hindrance=hindrance,
        sold_above=_change_at(float(portfolio.after[p]), price, saves, stiffness) if kept else float("nan"),
        sold_below=(saves - price + tax) / per_gain if kept and per_gain > 0 else float("nan"),
    )


def _lot_lines(solved: _Solved, account: int, p: int) -> tuple[LotLine, ...]:
    """Every lot of a position, those that may be sold in the order in which they would be."""
    book, portfolio = solved.book, solved.portfolio
    security = int(portfolio.arrays.positions[p].security)
    span = range(portfolio.problem.lot_start[p], portfolio.problem.lot_start[p + 1])
    listed = {int(portfolio.arrays.lots[i].row): i for i in span}
    first, last = book.accounts.lot_start[account], book.accounts.lot_start[account + 1]
    own = np.flatnonzero(book.lots.security[first:last] == security) + first
    rows = [*listed, *(lot for lot in own.tolist() if lot not in listed)]
    return tuple(_lot_line(solved, account, p, lot, listed.get(lot, -1)) for lot in rows)


def _buy_hindrance(solved: _Solved, account: int, p: int) -> Hindrance:
    """What keeps a position from being bought whatever its price."""
    portfolio = solved.portfolio
    if portfolio.problem.may_buy[p]:
        return Hindrance.WASHES if portfolio.sells_at_a_loss[p] else Hindrance.NONE
    return _bar_to_buying(solved, account, int(portfolio.arrays.positions[p].security))


def _bar_to_buying(solved: _Solved, account: int, security: int) -> Hindrance:
    """What bars an account from buying a security that it may not buy."""
    market = solved.market
    group = market.identical[security]
    if not market.tradable[security]:
        return Hindrance.NOT_TRADABLE
    if _forbidden(solved.book, solved.household, account, security) & NameRule.NO_BUY:
        return Hindrance.NEVER_BUY
    if solved.sold_before[group] or solved.scratch.household.groups[group].no_buy_until >= market.as_of:
        return Hindrance.WASHES
    return Hindrance.NOT_IN_MODEL


def _overweight(portfolio: Portfolio, p: int) -> tuple[float, float]:
    """Dollars of tax, and of risk a year, of selling what is above target, as the position stands."""
    excess = min(float(portfolio.after[p] - portfolio.target[p]), float(portfolio.written[p]))
    if excess <= 0:
        return 0.0, 0.0
    price, left = 0.0, excess
    for i in range(portfolio.problem.lot_start[p], portfolio.problem.lot_start[p + 1]):
        taken = min(left, float(portfolio.problem.lot_quantity[i]))
        price += taken * float(portfolio.arrays.lots[i].tax)
        left -= taken
    risk = excess * float(portfolio.risk[p]) - 0.5 * float(portfolio.stiffness[p]) * excess**2
    dollars = portfolio.value / 1e4
    return price * dollars, risk * dollars


def _name_line(solved: _Solved, account: int, p: int) -> NameLine:
    """What is to be said of one position."""
    portfolio = solved.portfolio
    hindrance = _buy_hindrance(solved, account, p)
    if portfolio.dropped[p] and not hindrance:
        hindrance = Hindrance.TOO_SMALL
    after, buy_cost = float(portfolio.after[p]), float(portfolio.problem.buy_cost[p])
    saves, stiffness = float(portfolio.saves[p]), float(portfolio.stiffness[p])
    tax, risk = _overweight(portfolio, p)
    return NameLine(
        security=int(portfolio.arrays.positions[p].security),
        target=float(portfolio.target[p]),
        before=float(portfolio.before[p]),
        after=after,
        own_before=float(portfolio.problem.held[p]),
        own_after=float(portfolio.written[p]),
        risk=float(portfolio.risk[p]),
        cash=float(portfolio.cash[p]),
        bounds=float(portfolio.bounds[p]),
        buy_cost=buy_cost,
        bought=max(int(portfolio.arrays.positions[p].delta), 0),
        hindrance=hindrance,
        bought_below=_change_at(after, -buy_cost, saves, stiffness) if not hindrance else float("nan"),
        overweight_tax=tax,
        overweight_risk=risk,
        lots=_lot_lines(solved, account, p),
        stands_for=int(portfolio.arrays.positions[p].stands_for),
        place=float(portfolio.place[p]),
    )


def _unreachable(solved: _Solved, account: int, security: int, target: float) -> NameLine:
    """A name of the model that no account holds and none may buy."""
    nan = float("nan")
    hindrance = _bar_to_buying(solved, account, security)
    return NameLine(security, target, 0.0, 0.0, 0.0, 0.0, nan, nan, nan, nan, 0, hindrance, nan, 0.0, 0.0, ())


def _name_lines(
    solved: _Solved, account: int, positions: NDArray[np.int64], out_of_reach: tuple[tuple[int, float], ...] = ()
) -> tuple[NameLine, ...]:
    """Lines of positions, and of names (security, target) that have none."""
    lines = [_name_line(solved, account, p) for p in positions.tolist()]
    lines += [_unreachable(solved, account, security, target) for security, target in out_of_reach]
    return tuple(sorted(lines, key=lambda line: -abs(line.before - line.target)))


def _untold(account: int, value: int, night: Night | None = None, *, as_one: bool = False) -> AccountStory:
    """An account of which nothing is to be told: it does not trade, or its problem was not solved."""
    return AccountStory(account, value, night, as_one, False, float("nan"), float("nan"), ())


def _tracking(problem: AccountProblem | HouseholdProblem, weights: NDArray[np.float64]) -> float:
    """Annual tracking error of weights of names."""
    away = weights - problem.target
    exposure = away @ problem.loadings
    return float(np.sqrt(0.5 * exposure @ exposure + problem.specific @ away**2))


def _verdict(book: Book, market: Market, household: int, night: Night, cash: float) -> tuple[bool, bool]:
    """Whether the trades of a portfolio are proposed, and whether they would be but for a trade of late."""
    tally = empty_tally()
    tally[0].rests = rests_tonight(book, market, household)
    keep = bool(is_worthwhile(book, household, night, cash, tally))
    return keep, bool(tally[0].waits)


def _account_story(book: Book, market: Market, household: int, account: int, scratch: Scratch) -> AccountStory:
    """Solve and tell one account that is a portfolio of its own."""
    value = int(account_value(book, account, scratch.household))
    if not book.accounts.trades[account] or value <= 0:
        return _untold(account, value)
    sold_before = scratch.household.groups["sold_at_loss"].astype(np.bool_)
    sizes = formulate(book, market, household, account, value, scratch)
    night, _ = solve_account_night(book, market, (household, account), sizes, scratch, False)
    if night.status != SolveStatus.SOLVED:
        clear_account(book, household, sizes.names, scratch.account)
        return _untold(account, value, night)
    problem, written = problem_of(scratch.account, sizes), scratch.account.written[: sizes.names]
    before, after = _tracking(problem, problem.held), _tracking(problem, written)
    portfolio = account_portfolio(scratch, sizes)
    solved = _Solved(book, market, household, scratch, portfolio, sold_before)
    score = score_of(portfolio, book.lots.shares, (sizes.risk_price, sizes.trading_price), (before, after))
    names = _name_lines(solved, account, np.arange(sizes.names))
    keep, waits = _verdict(book, market, household, night, book.accounts.cash[account] / value)
    if keep:
        trades = trade_records(sizes.names + sizes.lots)
        record_trades(book, market, (household, account), sizes, scratch, 0, trades)
    clear_account(book, household, sizes.names, scratch.account)
    return AccountStory(account, value, night, False, keep, before, after, names, score, waits)


def _stories_as_one(
    book: Book, market: Market, household: int, span: tuple[int, int], scratch: Scratch
) -> tuple[AccountStory, ...]:
    """Solve accounts `span` of a household as one portfolio and tell each of them."""
    arrays, state, securities = scratch.joint, scratch.household, scratch.account.securities
    start = book.households.account_start[household]
    values = state.value[span[0] - start : span[1] - start].tolist()
    together = span[1] - span[0] > 1
    parts = [counted_part(book, account) if together else 1.0 for account in range(*span)]
    total = sum(int(np.round(part * max(value, 0))) for part, value in zip(parts, values, strict=True))
    trading = book.accounts.trades[span[0] : span[1]]
    least = min((value for value, trades in zip(values, trading.tolist(), strict=True) if trades), default=-1)
    if total <= 0 or least < 0:  # one that is held away may owe: it is not solved
        return tuple(_untold(span[0] + at, worth, as_one=together) for at, worth in enumerate(values))
    sold_before = state.groups["sold_at_loss"].astype(np.bool_)
    sizes = formulate_joint(book, market, household, span, total, state, arrays, securities)
    night, cash = solve_joint_night(book, market, household, sizes, scratch)
    if night.status != SolveStatus.SOLVED:
        clear_joint(book, household, sizes.names, arrays, securities)
        return tuple(_untold(span[0] + at, worth, night, as_one=together) for at, worth in enumerate(values))
    keep, waits = _verdict(book, market, household, night, cash)
    problem = joint_problem_of(arrays, sizes)
    before, after = (_tracking(problem, arrays.total[row, : sizes.names]) for row in range(2))
    portfolio = household_portfolio(scratch, sizes)
    solved = _Solved(book, market, household, scratch, portfolio, sold_before)
    score = score_of(portfolio, book.lots.shares, (sizes.risk_price, sizes.trading_price), (before, after))
    rows = {int(arrays.accounts[a].row): a for a in range(sizes.accounts)}
    empty = np.flatnonzero((np.diff(problem.position_start) == 0) & (problem.target > 0)).tolist()
    out_of_reach = tuple((int(arrays.names[name].security), float(problem.target[name])) for name in empty)
    stories = []
    for account, worth in zip(range(*span), values, strict=True):
        if account not in rows or not book.accounts.trades[account]:
            stories.append(_untold(account, worth, as_one=together))
            continue
        names = _name_lines(solved, account, np.flatnonzero(problem.account == rows[account]), out_of_reach)
        stories.append(AccountStory(account, worth, night, together, keep, before, after, names, score, waits))
    if keep:
        trades = trade_records(sizes.positions + sizes.lots)
        memory = (state, arrays, scratch.joint_solver.state.base.found_theta)
        record_joint_trades(book, market, household, sizes, memory, 0, trades)
    clear_joint(book, household, sizes.names, arrays, securities)
    return tuple(stories)


def explain_household(book: Book, market: Market, household: int) -> HouseholdStory:
    """Solve one household as the nightly run does and say why each of its lots moves or stays.

    Raises IndexError for a household outside the book.
    """
    total = len(book.households.model)
    if not 0 <= household < total:
        raise IndexError(f"the household must lie within 0 .. {total - 1}, was {household}")
    if book.households.blocked[household]:
        return HouseholdStory(household, True, tax_story(book, household), ())
    policies, policy = book.policies, book.households.policy[household]
    taxpayer = book.households.taxpayer
    first = household
    while first > 0 and taxpayer[first - 1] == taxpayer[household]:
        first -= 1
    scratch = scratch_for(book, market, first, household + 1)
    stories: tuple[AccountStory, ...] = ()
    as_one = bool(solved_as_portfolios(book, first, household + 1)[-1])
    for one in range(first, household + 1):  # what the same taxpayer trades in earlier households bars things here
        if not book.households.blocked[one]:
            stories = _household_stories(book, market, one, scratch, as_one=as_one)
    last = book.households.last_trade[household] if rests_tonight(book, market, household) else NO_DATE
    priced = float(policies.trading_price[policy]), int(last), float(policies.days_between[policy])
    return HouseholdStory(household, False, tax_story(book, household), stories, *priced)


def explain_netted(book: Book, market: Market, household: int) -> HouseholdStory:
    """Explain one household by its true tax and within its hard limits: those that bind are told with their price.

    Raises ValueError for a household that is not in the book.
    """
    steered, kept = netted_and_kept(book, market, household)
    return replace(
        explain_household(steered, market, household),
        limit=Limit(int(kept.limit[0])),
        limit_price=float(kept.price[0]),
        missed=Limit(int(kept.missed[0])),
        beyond=bool(kept.beyond[0]),
    )


def _household_stories(
    book: Book, market: Market, household: int, scratch: Scratch, *, as_one: bool
) -> tuple[AccountStory, ...]:
    open_household(book, market, household, scratch.household)
    values = values_of(book, household, scratch.household)
    first, last = (int(book.households.account_start[household + end]) for end in range(2))
    if values.joint:
        stories = _stories_as_one(book, market, household, (first, last), scratch)
    elif as_one:
        spans = ((account, account + 1) for account in range(first, last))
        stories = tuple(story for span in spans for story in _stories_as_one(book, market, household, span, scratch))
    else:
        stories = tuple(_account_story(book, market, household, account, scratch) for account in range(first, last))
    close_household(book, market, household, scratch.household)
    return stories
