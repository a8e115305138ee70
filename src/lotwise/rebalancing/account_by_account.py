"""A household account by account: each to its own target, what an earlier one trades bars things in the later ones."""

from __future__ import annotations

from typing import NamedTuple

from lotwise.kernels import Records, kernel
from lotwise.optimizer.problem import SolveStatus
from lotwise.rebalancing.account_solve import AccountNight, solve_account_night
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.draft import Draft
from lotwise.rebalancing.formulation import Sizes, clear_account, formulate, problem_of
from lotwise.rebalancing.joint_solve import HouseholdNight
from lotwise.rebalancing.proposal import Cause, Status
from lotwise.rebalancing.recording import (
    add_active_weights,
    record_relaxations,
    record_trades,
)
from lotwise.rebalancing.scratch import Scratch
from lotwise.securities.market import Market

__all__ = ["Rows", "is_worthwhile", "solve_accounts"]

_SOLVED = int(SolveStatus.SOLVED)
_CASH, _RESTRICTION = int(Cause.CASH), int(Cause.RESTRICTION)
_NO_VALUE, _NOT_SOLVED = int(Cause.NO_VALUE), int(Cause.NOT_SOLVED)
_REFUSED, _FAILED = int(Status.REFUSED), int(Status.FAILED)


class Rows(NamedTuple):
    """Next free rows of trades and relaxations, and where the range begins in the book."""

    trade: int
    relaxed: int
    first_household: int
    first_account: int


@kernel
def is_worthwhile(
    book: Book, household: int, night: AccountNight | HouseholdNight, cash: float, tally: Records
) -> bool:
    """Whether trades of an account, or of accounts as one portfolio, are proposed: they must be, or gain enough."""
    worth = book.policies.worth_it[book.households.policy[household]]
    score = night.hold.objective - night.written.objective
    tally[0].best = max(tally[0].best, score)
    if night.breach > 0 and night.hold.charged - night.written.charged > max(worth, 0.0):
        tally[0].cause = max(tally[0].cause, _RESTRICTION if night.breach == 2 else _CASH)
        if night.breach == 1:
            tally[0].cash = cash
        return True
    return bool(score > worth)


@kernel
def _solve_one(
    book: Book,
    market: Market,
    place: tuple[int, int, int, int],
    scratch: Scratch,
    draft: Draft,
    rows: Rows,
) -> tuple[int, Rows]:
    """Solve one account and record it; returns (status, next free rows). `place` ends with its value and all."""
    household, account, value, total = place
    arrays, tally = scratch.account, draft.tally
    sizes: Sizes = formulate(book, market, household, account, value, scratch)
    night = solve_account_night(book, market, household, account, sizes, scratch)
    trade, relaxed = rows.trade, rows.relaxed
    if night.status == _SOLVED:
        problem = problem_of(arrays, sizes)
        cash = book.accounts.cash[account] / value
        keep = is_worthwhile(book, household, night, cash, tally)
        after = arrays.written[: sizes.names]
        if keep:
            trade = record_trades(book, market, (household, account), sizes, scratch, trade, draft.trades)
            tally[0].score += (night.hold.objective - night.written.objective) * value
        else:
            after[:] = problem.held
        relaxed = record_relaxations(book, (household, account), sizes, arrays, after, relaxed, draft.relaxations)
        exposure = arrays.exposure[1 if keep else 0]
        add_active_weights(sizes, arrays, (after, exposure), value / total, scratch.household)
        reckoning = night.written if keep else night.hold
        tally[0].gap += reckoning.gap * value
        tally[0].gap_convex += night.gap_convex * value
        tally[0].solved += 1
        results = draft.accounts
        row = account - rows.first_account
        results[row].steps = night.steps
        results[row].objective = reckoning.objective
        results[row].objective_hold = night.hold.objective
        results[row].lower_bound = reckoning.objective - reckoning.gap
        results[row].gap_convex = night.gap_convex
        results[row].cash_before = cash
        results[row].cash_after = night.cash / value if keep else cash
    else:
        tally[0].gap_convex = night.gap_convex * value
    clear_account(book, household, sizes.names, arrays)
    return night.status, Rows(trade, relaxed, rows.first_household, rows.first_account)


@kernel
def solve_accounts(
    book: Book,
    market: Market,
    household: int,
    solved_value: int,
    scratch: Scratch,
    draft: Draft,
    rows: Rows,
) -> tuple[bool, Rows]:
    """Solve a household's accounts in order; returns whether all went well and the next free rows.

    Where one did not, the household's status and cause are written.
    """
    outcome = draft.outcomes[household - rows.first_household]
    first_account = book.households.account_start[household]
    for account in range(first_account, book.households.account_start[household + 1]):
        value = scratch.household.value[account - first_account]
        if not book.accounts.trades[account] or value == 0:
            continue
        if value < 0:
            outcome.status, outcome.cause, outcome.figure = _REFUSED, _NO_VALUE, value / 1e4
            return False, rows
        place = (household, account, value, solved_value)
        status, rows = _solve_one(book, market, place, scratch, draft, rows)
        if status != _SOLVED:
            outcome.status, outcome.cause, outcome.figure = _FAILED, _NOT_SOLVED, status
            outcome.gap_convex = draft.tally[0].gap_convex / solved_value
            return False, rows
    return True, rows
