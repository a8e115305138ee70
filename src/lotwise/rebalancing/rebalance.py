"""The heart: `rebalance(book, market) -> proposals`. Pure; columns in, columns out; one household or a million.

Households do not see each other, so an engine may split a book into ranges, call `rebalance` on each (the kernels
hold no lock) and join the results with `joined`; the bytes are the same however it is split.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import kernel
from lotwise.optimizer.problem import SolveStatus
from lotwise.rebalancing.account_solve import AccountNight, solve_account_night
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.formulation import Sizes, account_value, clear_account, formulate, problem_of
from lotwise.rebalancing.proposal import (
    AccountResults,
    Cause,
    Outcomes,
    Proposals,
    Relaxations,
    Status,
    Trades,
)
from lotwise.rebalancing.recording import (
    add_active_weights,
    household_tracking,
    record_relaxations,
    record_trades,
)
from lotwise.rebalancing.scratch import Scratch, scratch_for
from lotwise.rebalancing.wash_windows import close_household, open_household
from lotwise.securities.market import Market

__all__ = ["Tally", "compile_kernels", "empty_tally", "is_worthwhile", "joined", "rebalance", "volatility_of"]

_SOLVED = int(SolveStatus.SOLVED)
_PROPOSED, _HOLD, _REFUSED, _FAILED = (
    int(s) for s in (Status.PROPOSED, Status.HOLD, Status.REFUSED, Status.FAILED)
)
_IMPROVES, _CASH, _RESTRICTION = (int(c) for c in (Cause.IMPROVES, Cause.CASH, Cause.RESTRICTION))
_NOT_WORTH_IT, _NOTHING = int(Cause.NOT_WORTH_IT), int(Cause.NOTHING_TO_TRADE)
_BAD_DATA, _NO_VALUE, _NOT_SOLVED = (int(c) for c in (Cause.BAD_DATA, Cause.NO_VALUE, Cause.NOT_SOLVED))


Table = TypeVar("Table", Trades, Outcomes, AccountResults, Relaxations)


class Tally(NamedTuple):
    """Running totals of one household; arrays of one so that a kernel can add to them."""

    score: NDArray[np.float64]  # money
    gap: NDArray[np.float64]  # money
    gap_convex: NDArray[np.float64]  # money
    best: NDArray[np.float64]  # best score of an account, fraction of its value
    cause: NDArray[np.int64]
    cash: NDArray[np.float64]  # fraction of the account's value that was outside its band, as cash
    solved: NDArray[np.int64]  # accounts solved


class _Rows(NamedTuple):
    """Next free rows of trades and relaxations, and where the range begins in the book."""

    trade: int
    relaxed: int
    first_household: int
    first_account: int


@kernel
def empty_tally() -> Tally:
    """Begin a household."""
    return Tally(
        np.zeros(1),
        np.zeros(1),
        np.zeros(1),
        np.full(1, -np.inf),
        np.zeros(1, np.int64),
        np.zeros(1),
        np.zeros(1, np.int64),
    )


@kernel
def is_worthwhile(book: Book, household: int, night: AccountNight, cash: float, tally: Tally) -> bool:
    """Whether this account's trades are proposed: it must trade, or its objective improves by more than the threshold."""
    worth = book.policies.worth_it[book.households.policy[household]]
    tally.best[0] = max(tally.best[0], night.score)
    if night.breach > 0 and night.relief > max(worth, 0.0):
        tally.cause[0] = max(tally.cause[0], _RESTRICTION if night.breach == 2 else _CASH)
        if night.breach == 1:
            tally.cash[0] = cash
        return True
    return night.score > worth


@kernel
def _solve_one(
    book: Book,
    market: Market,
    place: tuple[int, int, int, int],
    scratch: Scratch,
    proposals: Proposals,
    rows: _Rows,
    tally: Tally,
) -> tuple[int, _Rows]:
    """Solve one account and record it; returns (status, next free rows). `place` ends with its and its household's value."""
    household, account, value, total = place
    arrays = scratch.account
    sizes: Sizes = formulate(book, market, household, account, value, scratch)
    night = solve_account_night(book, market, household, account, sizes, scratch)
    trade, relaxed = rows.trade, rows.relaxed
    if night.status == _SOLVED:
        problem = problem_of(arrays, sizes)
        cash = book.accounts.cash[account] / value
        keep = is_worthwhile(book, household, night, cash, tally)
        after = arrays.written[: sizes.names]
        if keep:
            trade = record_trades(
                book, market, (household, account), sizes, arrays, scratch.household, trade, proposals.trades
            )
            tally.score[0] += night.score * value
        else:
            after[:] = problem.held
        relaxed = record_relaxations(account, sizes, arrays, after, relaxed, proposals.relaxations)
        add_active_weights(sizes, arrays, after, value / total, scratch.household)
        tally.gap[0] += (night.objective - night.lower_bound) * value
        tally.gap_convex[0] += night.gap_convex * value
        tally.solved[0] += 1
        results = proposals.accounts
        row = account - rows.first_account
        results.steps[row] = night.steps
        results.objective[row] = night.objective
        results.objective_hold[row] = night.objective + night.relief
        results.lower_bound[row] = night.lower_bound
        results.gap_convex[row] = night.gap_convex
        results.cash_before[row] = cash
        results.cash_after[row] = night.cash / value if keep else cash
    clear_account(book, household, sizes.names, arrays)
    return night.status, _Rows(trade, relaxed, rows.first_household, rows.first_account)


@kernel
def _household_value(book: Book, market: Market, household: int) -> tuple[int, int]:
    """Money in all accounts, and in those that are solved."""
    every, solved = 0, 0
    for account in range(
        book.households.account_start[household], book.households.account_start[household + 1]
    ):
        value = account_value(book, market, account)
        every += value
        if book.accounts.trades[account] and value > 0:
            solved += value
    return every, solved


@kernel
def _finish(
    proposals: Proposals, household: int, first_trade: int, rows: _Rows, tally: Tally, solved_value: int
) -> None:
    """Write the household's totals, and its status where all of its accounts were solved."""
    trades, outcomes = proposals.trades, proposals.outcomes
    at = household - rows.first_household
    tax, cost = 0, 0
    for row in range(first_trade, rows.trade):
        tax += trades.tax[row]
        cost += trades.cost[row]
    outcomes.tax[at] = tax
    outcomes.cost[at] = cost
    outcomes.trades[at] = rows.trade - first_trade
    outcomes.score[at] = tally.score[0] / solved_value
    outcomes.gap[at] = tally.gap[0] / solved_value
    outcomes.gap_convex[at] = tally.gap_convex[0] / solved_value
    if rows.trade > first_trade:
        outcomes.status[at] = _PROPOSED
        outcomes.cause[at] = tally.cause[0]
        outcomes.figure[at] = tally.cash[0] if tally.cause[0] == _CASH else outcomes.score[at] * 1e4
    else:
        outcomes.status[at] = _HOLD
        outcomes.cause[at] = _NOT_WORTH_IT
        outcomes.figure[at] = max(tally.best[0], 0.0) * 1e4


@kernel
def _rebalance_household(
    book: Book,
    market: Market,
    household: int,
    volatility: NDArray[np.float64],
    scratch: Scratch,
    proposals: Proposals,
    rows: _Rows,
) -> _Rows:
    """Solve a household's accounts in order; on a failure of one nothing of the household is proposed."""
    outcomes = proposals.outcomes
    at = household - rows.first_household
    outcomes.te_before[at] = np.nan
    outcomes.te_after[at] = np.nan
    if book.households.blocked[household]:
        outcomes.status[at] = _REFUSED
        outcomes.cause[at] = _BAD_DATA
        return rows
    every, solved_value = _household_value(book, market, household)
    outcomes.value[at] = every
    tally = empty_tally()
    start = rows
    failed = False
    open_household(book, market, household, scratch.household, volatility)
    for account in range(
        book.households.account_start[household], book.households.account_start[household + 1]
    ):
        value = account_value(book, market, account)
        if not book.accounts.trades[account] or value == 0:
            continue
        if value < 0:
            outcomes.status[at] = _REFUSED
            outcomes.cause[at] = _NO_VALUE
            outcomes.figure[at] = value / 1e4
            failed = True
            break
        place = (household, account, value, solved_value)
        status, rows = _solve_one(book, market, place, scratch, proposals, rows, tally)
        if status != _SOLVED:
            outcomes.status[at] = _FAILED
            outcomes.cause[at] = _NOT_SOLVED
            outcomes.figure[at] = status
            failed = True
            break
    close_household(book, market, household, scratch.household)
    before, after = household_tracking(market, scratch.household)
    if failed:
        return start
    if tally.solved[0] == 0:
        outcomes.status[at] = _HOLD
        outcomes.cause[at] = _NOTHING
        return start
    outcomes.te_before[at] = before
    outcomes.te_after[at] = after
    _finish(proposals, household, start.trade, rows, tally, solved_value)
    return rows


@kernel
def _rebalance_range(
    book: Book,
    market: Market,
    first: int,
    last: int,
    volatility: NDArray[np.float64],
    scratch: Scratch,
    proposals: Proposals,
) -> _Rows:
    rows = _Rows(0, 0, first, book.households.account_start[first])
    for household in range(first, last):
        rows = _rebalance_household(book, market, household, volatility, scratch, proposals, rows)
    return rows


def _empty(book: Book, first: int, last: int) -> Proposals:
    """Proposals with room for every trade and relaxation that households first .. last can have."""
    accounts = slice(book.households.account_start[first], book.households.account_start[last] + 1)
    lot_start = book.accounts.lot_start[accounts]
    count = len(lot_start) - 1
    household = book.accounts.household[accounts.start : accounts.stop - 1]
    names = np.diff(book.models.start)[book.households.model[household]]
    names = names + np.diff(book.rules.name_start)[book.households.rules[household]]
    rules = np.diff(book.rules.group_start)[book.households.rules[household]]
    room = int(2 * (lot_start[-1] - lot_start[0]) + names.sum())
    slack = int(
        rules.sum() + 2 * count + np.diff(book.rules.name_start)[book.households.rules[household]].sum()
    )
    total = last - first
    every = count
    ints = (
        np.int32,
        np.int32,
        np.int32,
        np.int64,
        np.uint8,
        *[np.int64] * 4,
        np.uint8,
        np.int64,
        np.int64,
        np.uint8,
    )
    trades = Trades(*(np.zeros(room, kind) for kind in ints), np.zeros(room), np.zeros(room))
    outcomes = Outcomes(
        np.zeros(total, np.uint8),
        np.zeros(total, np.uint8),
        np.zeros(total),
        np.zeros(total, np.int64),
        np.full(total, np.nan),
        np.full(total, np.nan),
        np.zeros(total, np.int64),
        np.zeros(total, np.int64),
        *(np.zeros(total) for _ in range(3)),
        np.zeros(total, np.int32),
    )
    results = AccountResults(np.zeros(every, np.int32), *(np.zeros(every) for _ in range(6)))
    relaxations = Relaxations(
        np.zeros(slack, np.int32), np.zeros(slack, np.int32), np.zeros(slack), np.zeros(slack)
    )
    return Proposals(trades, outcomes, results, relaxations)


def volatility_of(market: Market) -> NDArray[np.float64]:
    """Annual volatility of each security, from the risk model."""
    factor = 0.5 * np.einsum("ij,ij->i", market.loadings, market.loadings)
    return np.asarray(np.sqrt(factor + market.specific), dtype=np.float64)


def rebalance(book: Book, market: Market, first: int = 0, last: int | None = None) -> Proposals:
    """Propose trades for households first .. last of a book (default: all).

    Outcome and account arrays have a row for each of the range, trades and relaxations for what was found; household,
    account and lot numbers are the book's. Deterministic: the same bytes for the same input.

    Raises ValueError for a range outside the book.
    """
    total = len(book.households.model)
    last = total if last is None else last
    if not 0 <= first <= last <= total:
        raise ValueError(f"the range must lie within 0 .. {total}, was {first} .. {last}")
    proposals = _empty(book, first, last)
    if first == last:
        return proposals
    scratch = scratch_for(book, market, first, last)
    rows = _rebalance_range(book, market, first, last, volatility_of(market), scratch, proposals)
    return Proposals(
        Trades(*(column[: rows.trade].copy() for column in proposals.trades)),
        proposals.outcomes,
        proposals.accounts,
        Relaxations(*(column[: rows.relaxed].copy() for column in proposals.relaxations)),
    )


def compile_kernels(book: Book, market: Market) -> None:
    """Compile everything `rebalance` will run, or load it from the cache, without solving any household."""
    scratch = scratch_for(book, market, 0, 0)
    _rebalance_range(book, market, 0, 0, volatility_of(market), scratch, _empty(book, 0, 0))


def joined(parts: list[Proposals]) -> Proposals:
    """Join the proposals of consecutive ranges, given in the order of the book."""

    def stacked(kind: type[Table], tables: list[Table]) -> Table:
        return kind(*(np.concatenate(columns) for columns in zip(*tables, strict=True)))

    return Proposals(
        stacked(Trades, [part.trades for part in parts]),
        stacked(Outcomes, [part.outcomes for part in parts]),
        stacked(AccountResults, [part.accounts for part in parts]),
        stacked(Relaxations, [part.relaxations for part in parts]),
    )
