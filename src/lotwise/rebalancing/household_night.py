"""A household of the night: opened, and closed with its outcome; its portfolios, in between, are solved elsewhere.

A portfolio is an account, or all accounts of a household as one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.dates import NO_DATE
from lotwise.kernels import Records, inner_kernel, kernel
from lotwise.rebalancing.book import AccountKind, Book, RequestKind
from lotwise.rebalancing.draft import Draft
from lotwise.rebalancing.formulation import account_value, counted_part
from lotwise.rebalancing.mandates import DUE_DAYS
from lotwise.rebalancing.proposal import Cause, Status
from lotwise.rebalancing.recording import household_tracking
from lotwise.rebalancing.scratch import HouseholdState
from lotwise.rebalancing.wash_windows import close_household, forget_tonight, open_household
from lotwise.securities.market import Market

__all__ = [
    "Night",
    "Reckoning",
    "Rows",
    "Values",
    "begin_household",
    "end_household",
    "is_worthwhile",
    "rests_tonight",
    "values_of",
]

_TAXABLE = int(AccountKind.TAXABLE)
_PROPOSED, _HOLD, _REFUSED = (int(s) for s in (Status.PROPOSED, Status.HOLD, Status.REFUSED))
_CASH, _RESTRICTION, _NOT_WORTH_IT = (int(c) for c in (Cause.CASH, Cause.RESTRICTION, Cause.NOT_WORTH_IT))
_NOTHING, _BAD_DATA, _RESTS = int(Cause.NOTHING_TO_TRADE), int(Cause.BAD_DATA), int(Cause.TRADED_LATELY)
_HARVEST, _INVEST = int(RequestKind.HARVEST), int(RequestKind.INVEST_CASH)

# What is out of bounds before trading, see `Night.breach`.
_TOO_MUCH_CASH, _TOO_LITTLE_CASH, _BROKEN_RULE = 1, 2, 3


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
    tally[0].rests, tally[0].waits = False, False


class Rows(NamedTuple):
    """Next free rows of trades and relaxations, and where the range begins in the book."""

    trade: int
    relaxed: int
    first_household: int
    first_account: int


class Reckoning(NamedTuple):
    """What trades (or none) come to; fractions of the portfolio's value."""

    objective: float  # J: tracking, tax and cost
    charged: float  # J with violations of soft bounds at their price
    gap: float  # to the lower bound of the continuous problem at the same cash, group values and missed bounds


class Night(NamedTuple):
    """How the problem of a portfolio went; fractions of its value."""

    status: int  # SolveStatus
    steps: int
    gap_convex: float
    written: Reckoning  # the trades as written
    hold: Reckoning  # doing nothing
    breach: int  # at the start: 0 none, 1 cash above its band, 2 cash below it, 3 a restriction


class Values(NamedTuple):
    """What a household's accounts are worth, money, and whether they are one portfolio."""

    every: int
    traded: int  # those that trade, where they are worth anything
    counted: int  # those that are worth anything, as they count together (`counted_part`)
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
            counted += int(np.round(counted_part(book, account) * value))
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
        outcomes[at].cause = _RESTS if tally[0].waits else _NOT_WORTH_IT
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


@inner_kernel
def rests_tonight(book: Book, market: Market, household: int) -> bool:
    """Whether a household traded so lately that it trades only if it must; a request of its client ends that.

    Requests for cash need not: what they ask for is cash below its band.
    """
    last = book.households.last_trade[household]
    if last == NO_DATE or market.as_of - last >= book.policies.days_between[book.households.policy[household]]:
        return False
    requests = book.requests
    for row in range(requests.start[household], requests.start[household + 1]):
        kind = requests.kind[row]
        if kind in (_HARVEST, _INVEST) and requests.by[row] - DUE_DAYS <= market.as_of:
            return False
    return True


@kernel
def begin_household(
    book: Book, market: Market, household: int, state: HouseholdState, draft: Draft, rows: Rows
) -> tuple[bool, Values]:
    """Open a household; returns whether it is to be solved, and what it is worth. Where it is not, its outcome says so.

    One that begins another taxpayer, as the first of a range does, forgets what was traded tonight.
    """
    taxpayer = book.households.taxpayer
    if household == rows.first_household or taxpayer[household] != taxpayer[household - 1]:
        forget_tonight(state)
    outcome = draft.outcomes[household - rows.first_household]
    outcome.te_before, outcome.te_after = np.nan, np.nan
    if book.households.blocked[household]:
        outcome.status, outcome.cause = _REFUSED, _BAD_DATA
        return False, Values(0, 0, 0, 0, False)
    open_household(book, market, household, state)
    values = values_of(book, household, state)
    outcome.value = values.every
    _reset(draft.tally)
    draft.tally[0].rests = rests_tonight(book, market, household)
    return True, values


@kernel
def end_household(
    book: Book,
    market: Market,
    household: int,
    solved: tuple[bool, Values],
    spans: tuple[Rows, Rows],
    state: HouseholdState,
    draft: Draft,
) -> Rows:
    """Close a household and write its totals; returns the next free rows.

    `solved` = (whether all of its portfolios were, what it is worth), `spans` = the free rows before it and after it.
    Where one was not, nothing of the household is proposed.
    """
    well, values = solved
    start, rows = spans
    outcome = draft.outcomes[household - rows.first_household]
    close_household(book, market, household, state)
    before, after = household_tracking(market, state)
    if not well:
        _forget_accounts(book, household, draft, rows)
        return start
    if draft.tally[0].solved == 0:
        outcome.status, outcome.cause = _HOLD, _NOTHING
        return start
    outcome.te_before, outcome.te_after = before, after
    _finish(book, draft, household, start.trade, rows, values.counted if values.joint else values.traded)
    return rows


@kernel
def is_worthwhile(book: Book, household: int, night: Night, cash: float, tally: Records) -> bool:
    """Whether the trades of a portfolio are proposed: it must trade, or gains more than the threshold.

    A household that rests (see `rests_tonight`) must for a restriction and for cash below its band alone. `cash` is its
    fraction before, of the account that was furthest outside its band.
    """
    worth = book.policies.worth_it[book.households.policy[household]]
    score = night.hold.objective - night.written.objective
    tally[0].best = max(tally[0].best, score)
    least = _TOO_LITTLE_CASH if tally[0].rests else _TOO_MUCH_CASH
    if night.breach >= least and night.hold.charged - night.written.charged > max(worth, 0.0):
        tally[0].cause = max(tally[0].cause, _RESTRICTION if night.breach == _BROKEN_RULE else _CASH)
        if night.breach < _BROKEN_RULE:
            tally[0].cash = cash
        return True
    if score > worth and tally[0].rests:
        tally[0].waits = True
        return False
    return bool(score > worth)
