"""Households account by account: each to its own target; what an earlier one trades bars things in the later ones."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import kernel
from lotwise.optimizer.problem import SolveStatus
from lotwise.rebalancing.account_solve import solve_account_night
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.draft import Draft
from lotwise.rebalancing.formulation import Sizes, clear_account, formulate, problem_of
from lotwise.rebalancing.household_night import Rows, begin_household, end_household, is_worthwhile
from lotwise.rebalancing.proposal import Cause, Status
from lotwise.rebalancing.recording import add_active_weights, record_relaxations, record_trades
from lotwise.rebalancing.scratch import Scratch
from lotwise.securities.market import Market

__all__ = ["Asked", "rebalance_accounts"]


class Asked(IntEnum):
    """What is asked of the accounts of a household."""

    NOTHING = 0
    TRADES = 1
    PROOF_FIRST = 2  # hold at once where it is proved that no trades are worth it


_SOLVED = int(SolveStatus.SOLVED)
_NO_VALUE, _NOT_SOLVED = int(Cause.NO_VALUE), int(Cause.NOT_SOLVED)
_NOT, _PROOF_FIRST = int(Asked.NOTHING), int(Asked.PROOF_FIRST)
_REFUSED, _FAILED = int(Status.REFUSED), int(Status.FAILED)


@kernel
def _solve_one(
    book: Book,
    market: Market,
    place: tuple[int, int, int, int, bool],
    scratch: Scratch,
    draft: Draft,
    rows: Rows,
) -> tuple[int, Rows]:
    """Solve one account and record it; returns (status, next free rows).

    `place` ends with its value, that of all, and whether to prove first.
    """
    household, account, value, total, proves = place
    arrays, tally = scratch.account, draft.tally
    sizes: Sizes = formulate(book, market, household, account, value, scratch)
    night, cash_after = solve_account_night(book, market, (household, account), sizes, scratch, proves)
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
        results[row].cash_after = cash_after / value if keep else cash
    else:
        tally[0].gap_convex = night.gap_convex * value
    clear_account(book, household, sizes.names, arrays)
    return night.status, Rows(trade, relaxed, rows.first_household, rows.first_account)


@kernel
def rebalance_accounts(
    book: Book, market: Market, asked: NDArray[np.uint8], scratch: Scratch, draft: Draft, rows: Rows
) -> Rows:
    """Solve those of the households from rows.first_household on that are `asked` for (`Asked`), accounts in order.

    Returns the next free rows. On a failure of one account nothing of its household is proposed.
    """
    state = scratch.household
    for at in range(asked.size):
        if asked[at] == _NOT:
            continue
        household = rows.first_household + at
        begun, values = begin_household(book, market, household, state, draft, rows)
        if not begun:
            continue
        outcome, start, well = draft.outcomes[at], rows, True
        first_account = book.households.account_start[household]
        for account in range(first_account, book.households.account_start[household + 1]):
            value = state.value[account - first_account]
            if not book.accounts.trades[account] or value == 0:
                continue
            if value < 0:
                outcome.status, outcome.cause, outcome.figure = _REFUSED, _NO_VALUE, value / 1e4
                well = False
                break
            place = (household, account, value, values.traded, asked[at] == _PROOF_FIRST)
            status, rows = _solve_one(book, market, place, scratch, draft, rows)
            if status != _SOLVED:
                outcome.status, outcome.cause, outcome.figure = _FAILED, _NOT_SOLVED, status
                outcome.gap_convex = draft.tally[0].gap_convex / values.traded
                well = False
                break
        rows = end_household(book, market, household, (well, values), (start, rows), state, draft)
    return rows
