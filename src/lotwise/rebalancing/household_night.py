"""One household of the night: opened, solved as its policy says, and its outcome written."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.kernels import Records, inner_kernel, kernel
from lotwise.rebalancing.account_by_account import Rows, solve_accounts
from lotwise.rebalancing.as_one_portfolio import solve_as_one
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.draft import Draft
from lotwise.rebalancing.formulation import account_value
from lotwise.rebalancing.proposal import Cause, Status
from lotwise.rebalancing.recording import household_tracking
from lotwise.rebalancing.scratch import HouseholdState, Scratch
from lotwise.rebalancing.wash_windows import close_household, open_household
from lotwise.securities.market import Market

__all__ = ["Values", "rebalance_household", "values_of"]

_TAXABLE = int(AccountKind.TAXABLE)
_PROPOSED, _HOLD, _REFUSED = (int(s) for s in (Status.PROPOSED, Status.HOLD, Status.REFUSED))
_CASH, _NOT_WORTH_IT, _NOTHING = (int(c) for c in (Cause.CASH, Cause.NOT_WORTH_IT, Cause.NOTHING_TO_TRADE))
_BAD_DATA, _NO_VALUE = int(Cause.BAD_DATA), int(Cause.NO_VALUE)


@inner_kernel
def _reset(tally: Records) -> None:
    """Begin a household."""
    tally[0].score = 0.0
    tally[0].gap = 0.0
    tally[0].gap_convex = 0.0
    tally[0].best = -np.inf
    tally[0].cash = 0.0
    tally[0].cause = 0
    tally[0].solved = 0


class Values(NamedTuple):
    """What a household's accounts are worth, money, and whether they are one portfolio."""

    every: int
    traded: int  # those that trade, where they are worth anything
    counted: int  # those that are worth anything
    least: int  # the least of those that trade
    joint: bool


@inner_kernel
def values_of(book: Book, household: int, state: HouseholdState) -> Values:
    """Value the accounts of the open household; that of each stays in `state`.

    They are one portfolio where the policy says so and more than one is worth anything, one that trades among them.
    """
    every, traded, counted, least, number = 0, 0, 0, 0, 0
    start = book.households.account_start[household]
    for account in range(start, book.households.account_start[household + 1]):
        value = account_value(book, account, state)
        state.value[account - start] = value
        every += value
        if value > 0:
            counted += value
            number += 1
        if book.accounts.trades[account]:
            traded += max(value, 0)
            least = min(least, value)
    joint = book.policies.joint[book.households.policy[household]] and number > 1 and traded > 0
    return Values(every, traded, counted, least, bool(joint))


@inner_kernel
def _add_lines(book: Book, draft: Draft, at: int, first: int, last: int) -> int:
    """Add up a household's lines first .. last: its taxable gains into the draft; returns what they cost to trade."""
    trades, gains = draft.trades, draft.gains
    cost = 0
    for row in range(first, last):
        cost += trades[row].cost
        if book.accounts.kind[trades[row].account] == _TAXABLE:
            gains[at].lines += 1
            if trades[row].long_term:
                gains[at].long += trades[row].gain
            else:
                gains[at].short += trades[row].gain
    return cost


@kernel
def _finish(book: Book, draft: Draft, household: int, first_trade: int, rows: Rows, solved_value: int) -> None:
    """Write the household's totals but its tax, and its status where all of its accounts were solved."""
    outcomes, tally = draft.outcomes, draft.tally
    at = household - rows.first_household
    cost = _add_lines(book, draft, at, first_trade, rows.trade)
    outcomes[at].cost = cost
    outcomes[at].trades = rows.trade - first_trade
    outcomes[at].score = tally[0].score / solved_value
    outcomes[at].gap = tally[0].gap / solved_value
    outcomes[at].gap_convex = tally[0].gap_convex / solved_value
    if rows.trade > first_trade:
        outcomes[at].status = _PROPOSED
        outcomes[at].cause = tally[0].cause
        outcomes[at].figure = tally[0].cash if tally[0].cause == _CASH else outcomes[at].score * 1e4
    else:
        outcomes[at].status = _HOLD
        outcomes[at].cause = _NOT_WORTH_IT
        outcomes[at].figure = max(tally[0].best, 0.0) * 1e4


@inner_kernel
def _forget_accounts(book: Book, household: int, draft: Draft, rows: Rows) -> None:
    """Leave nothing of accounts that were solved before another of their household failed: none of it is proposed."""
    start = book.households.account_start
    for account in range(start[household], start[household + 1]):
        row = draft.accounts[account - rows.first_account]
        row.steps = 0
        row.objective, row.objective_hold, row.lower_bound, row.gap_convex = 0.0, 0.0, 0.0, 0.0
        row.cash_before, row.cash_after = 0.0, 0.0


@kernel
def rebalance_household(
    book: Book,
    market: Market,
    household: int,
    scratch: Scratch,
    draft: Draft,
    rows: Rows,
) -> Rows:
    """Solve a household and write its outcome; on a failure nothing of it is proposed."""
    outcome, tally = draft.outcomes[household - rows.first_household], draft.tally
    outcome.te_before, outcome.te_after = np.nan, np.nan
    if book.households.blocked[household]:
        outcome.status, outcome.cause = _REFUSED, _BAD_DATA
        return rows
    open_household(book, market, household, scratch.household)
    values = values_of(book, household, scratch.household)
    outcome.value = values.every
    _reset(tally)
    start, solved = rows, False
    if values.joint and values.least < 0:
        outcome.status, outcome.cause, outcome.figure = _REFUSED, _NO_VALUE, values.least / 1e4
    elif values.joint:
        solved, rows = solve_as_one(book, market, household, values.counted, scratch, draft, rows)
    else:
        solved, rows = solve_accounts(book, market, household, values.traded, scratch, draft, rows)
    close_household(book, market, household, scratch.household)
    before, after = household_tracking(market, scratch.household)
    if not solved:
        _forget_accounts(book, household, draft, rows)
        return start
    if tally[0].solved == 0:
        outcome.status, outcome.cause = _HOLD, _NOTHING
        return start
    if not values.joint:
        outcome.te_before, outcome.te_after = before, after
    _finish(book, draft, household, start.trade, rows, values.counted if values.joint else values.traded)
    return rows
