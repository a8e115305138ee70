"""Households as one portfolio: all accounts towards one target, and what one buys is sold at a loss in none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, kernel
from lotwise.optimizer.problem import SolveStatus
from lotwise.rebalancing.book import Accounts, Book
from lotwise.rebalancing.draft import Draft
from lotwise.rebalancing.household_night import (
    Night,
    Reckoning,
    Rows,
    begin_household,
    end_household,
    is_worthwhile,
)
from lotwise.rebalancing.joint_formulation import JointSizes, clear_joint, formulate_joint, joint_problem_of
from lotwise.rebalancing.joint_recording import (
    add_joint_active_weights,
    record_joint_relaxations,
    record_joint_trades,
)
from lotwise.rebalancing.joint_scratch import JointArrays
from lotwise.rebalancing.joint_solve import begin_joint_night, judge_joint_night, make_joint_tradable
from lotwise.rebalancing.proposal import Cause, Status
from lotwise.rebalancing.scratch import Scratch
from lotwise.rebalancing.share_trades import tonight_of
from lotwise.securities.market import Market

__all__ = ["rebalance_portfolios"]

_SOLVED, _BAD_INPUT = int(SolveStatus.SOLVED), int(SolveStatus.BAD_INPUT)
_REFUSED, _FAILED = int(Status.REFUSED), int(Status.FAILED)
_NO_VALUE, _NOT_SOLVED = int(Cause.NO_VALUE), int(Cause.NOT_SOLVED)


@kernel
def _write_results(
    accounts: Accounts,
    sizes: JointSizes,
    night: Night,
    keep: bool,
    arrays: JointArrays,
    results: Records,
    first_account: int,
) -> None:
    """Write how the problem went, into the row of each of its accounts."""
    reckoning = night.written if keep else night.hold
    for a in range(sizes.accounts):
        account = arrays.accounts[a].row
        before = accounts.cash[account]
        after = arrays.accounts[a].cash if keep else before
        worth = arrays.problem.value[a] * sizes.value / arrays.accounts[a].counts
        result = results[account - first_account]
        if accounts.trades[account]:
            result.steps = night.steps
            result.objective = reckoning.objective
            result.objective_hold = night.hold.objective
            result.lower_bound = reckoning.objective - reckoning.gap
            result.gap_convex = night.gap_convex
        result.cash_before, result.cash_after = before / worth, after / worth


@kernel
def _record(
    book: Book,
    market: Market,
    household: int,
    solved: tuple[JointSizes, Night, float, int],
    scratch: Scratch,
    draft: Draft,
    rows: Rows,
) -> tuple[bool, Rows]:
    """Write down a portfolio that was solved; returns whether it went well and the next free rows.

    `solved` = (its sizes, how it went, a fraction of cash, money of all that is solved of the household).
    """
    sizes, night, cash, total = solved
    outcome, tally = draft.outcomes[household - rows.first_household], draft.tally
    arrays, state, securities = scratch.joint, scratch.household, scratch.account.securities
    trade, gave_way = rows.trade, rows.relaxed
    tally[0].gap_convex += night.gap_convex * sizes.value
    if night.status != _SOLVED:
        outcome.status, outcome.cause, outcome.figure = _FAILED, _NOT_SOLVED, night.status
        outcome.gap_convex = tally[0].gap_convex / total
        clear_joint(book, household, sizes.names, arrays, securities)
        return False, rows
    keep = is_worthwhile(book, household, night, cash, tally)
    weights = joint_problem_of(arrays, sizes).held
    if keep:
        memory = (state, arrays, scratch.joint_solver.state.base.found_theta)
        trade = record_joint_trades(book, market, household, sizes, memory, trade, draft.trades)
        weights = arrays.written[: sizes.positions]
        tally[0].score += (night.hold.objective - night.written.objective) * sizes.value
    pair = (arrays.total[int(keep), : sizes.names], weights)
    tables = (arrays, securities)
    gave_way = record_joint_relaxations(book, household, sizes, tables, pair, gave_way, draft.relaxations)
    add_joint_active_weights(sizes, arrays, int(keep), sizes.value / total, state)
    reckoning = night.written if keep else night.hold
    tally[0].gap += reckoning.gap * sizes.value
    tally[0].solved += 1
    _write_results(book.accounts, sizes, night, keep, arrays, draft.accounts, rows.first_account)
    clear_joint(book, household, sizes.names, arrays, securities)
    return True, Rows(trade, gave_way, rows.first_household, rows.first_account)


@kernel
def rebalance_portfolios(
    book: Book, market: Market, chosen: NDArray[np.bool_], scratch: Scratch, draft: Draft, rows: Rows
) -> Rows:
    """Solve the `chosen` of the households from rows.first_household on, each as one portfolio.

    Or each of its accounts as one, where its policy asks for that or no second account is worth anything: households of
    one taxpayer stand together, and one of them may be of either kind. Returns the next free rows.
    """
    arrays, state, securities = scratch.joint, scratch.household, scratch.account.securities
    solver, tonight, cash_of = scratch.joint_solver, tonight_of(market), book.accounts.cash
    nothing = Reckoning(np.nan, np.nan, np.nan)
    for at in range(chosen.size):
        if not chosen[at]:
            continue
        household = rows.first_household + at
        to_solve, values = begin_household(book, market, household, state, draft, rows)
        if not to_solve:
            continue
        outcome, start, well = draft.outcomes[at], rows, values.least >= 0
        first, last = book.households.account_start[household], book.households.account_start[household + 1]
        if not well:
            outcome.status, outcome.cause, outcome.figure = _REFUSED, _NO_VALUE, values.least / 1e4
        policy = book.households.policy[household]
        least = (book.policies.minimum_trade[policy], book.policies.fractional_shares[policy] == 0)
        for each in range(1 if values.joint else last - first):
            span, value = (first, last), values.counted
            if not values.joint:
                span, value = (first + each, first + each + 1), state.value[each]
            if not well or value <= 0 or not (values.joint or book.accounts.trades[first + each]):
                continue
            sizes = formulate_joint(book, market, household, span, value, state, arrays, securities)
            begun = begin_joint_night(sizes, arrays, solver)
            status, steps, written, hold, breach, cash = begun.status, begun.steps, nothing, nothing, 0, 0.0
            if begun.status != _BAD_INPUT:
                more, worst = make_joint_tradable(tonight, cash_of, least, sizes, state.groups, arrays, solver)
                status, steps = max(status, worst), steps + more
                written, hold, breach, cash = judge_joint_night(cash_of, least[0], sizes, arrays, solver)
            night = Night(status, steps, begun.gap_convex, written, hold, breach)
            solved = (sizes, night, cash, values.counted if values.joint else values.traded)
            well, rows = _record(book, market, household, solved, scratch, draft, rows)
        rows = end_household(book, market, household, (well, values), (start, rows), state, draft)
    return rows
