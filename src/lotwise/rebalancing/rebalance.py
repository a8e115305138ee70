"""The heart: `rebalance(book, market) -> proposals`. Pure; columns in, columns out; one household or a million.

Only households of one taxpayer see each other, and they stand together; so an engine may split a book between
taxpayers into ranges, call `rebalance` on each (the kernels
hold no lock) and join the results with `joined`; the bytes are the same however it is split.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inner_kernel, kernel
from lotwise.optimizer.problem import SolveStatus
from lotwise.rebalancing.account_solve import AccountNight, solve_account_night
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.draft import Draft, draft_for, proposals_of
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
from lotwise.rebalancing.scratch import HouseholdState, Scratch, scratch_for
from lotwise.rebalancing.tax_of_trades import tax_of_trades
from lotwise.rebalancing.wash_windows import close_household, forget_tonight, open_household
from lotwise.securities.market import Market

__all__ = ["Rebalancer", "compile_kernels", "is_worthwhile", "joined", "rebalance"]

_SOLVED = int(SolveStatus.SOLVED)
_TAXABLE = int(AccountKind.TAXABLE)
_PROPOSED, _HOLD, _REFUSED, _FAILED = (int(s) for s in (Status.PROPOSED, Status.HOLD, Status.REFUSED, Status.FAILED))
_IMPROVES, _CASH, _RESTRICTION = (int(c) for c in (Cause.IMPROVES, Cause.CASH, Cause.RESTRICTION))
_NOT_WORTH_IT, _NOTHING = int(Cause.NOT_WORTH_IT), int(Cause.NOTHING_TO_TRADE)
_BAD_DATA, _NO_VALUE, _NOT_SOLVED = (int(c) for c in (Cause.BAD_DATA, Cause.NO_VALUE, Cause.NOT_SOLVED))


Column: TypeAlias = NDArray[Any]
Columns: TypeAlias = tuple[Column, ...]
Join: TypeAlias = Callable[[Columns], Column]


class _Rows(NamedTuple):
    """Next free rows of trades and relaxations, and where the range begins in the book."""

    trade: int
    relaxed: int
    first_household: int
    first_account: int


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


@kernel
def is_worthwhile(book: Book, household: int, night: AccountNight, cash: float, tally: Records) -> bool:
    """Whether this account's trades are proposed: it must trade, or gains more than the threshold."""
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
    rows: _Rows,
    tally: Records,
) -> tuple[int, _Rows]:
    """Solve one account and record it; returns (status, next free rows). `place` ends with its value and all."""
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
    return night.status, _Rows(trade, relaxed, rows.first_household, rows.first_account)


@inner_kernel
def _household_value(book: Book, household: int, state: HouseholdState) -> tuple[int, int]:
    """Money in all accounts, and in those that are solved; that of each account stays in `state`."""
    every, solved = 0, 0
    start = book.households.account_start[household]
    for account in range(start, book.households.account_start[household + 1]):
        value = account_value(book, account, state)
        state.value[account - start] = value
        every += value
        if book.accounts.trades[account] and value > 0:
            solved += value
    return every, solved


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
def _finish(
    book: Book, draft: Draft, household: int, first_trade: int, rows: _Rows, tally: Records, solved_value: int
) -> None:
    """Write the household's totals but its tax, and its status where all of its accounts were solved."""
    outcomes = draft.outcomes
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
def _forget_accounts(book: Book, household: int, draft: Draft, rows: _Rows) -> None:
    """Leave nothing of accounts that were solved before another of their household failed: none of it is proposed."""
    start = book.households.account_start
    for account in range(start[household], start[household + 1]):
        row = draft.accounts[account - rows.first_account]
        row.steps = 0
        row.objective, row.objective_hold, row.lower_bound, row.gap_convex = 0.0, 0.0, 0.0, 0.0
        row.cash_before, row.cash_after = 0.0, 0.0


@kernel
def _rebalance_household(
    book: Book,
    market: Market,
    household: int,
    scratch: Scratch,
    draft: Draft,
    rows: _Rows,
) -> _Rows:
    """Solve a household's accounts in order; on a failure of one nothing of the household is proposed."""
    outcomes = draft.outcomes
    at = household - rows.first_household
    outcomes[at].te_before = np.nan
    outcomes[at].te_after = np.nan
    if book.households.blocked[household]:
        outcomes[at].status = _REFUSED
        outcomes[at].cause = _BAD_DATA
        return rows
    open_household(book, market, household, scratch.household)
    every, solved_value = _household_value(book, household, scratch.household)
    outcomes[at].value = every
    tally = draft.tally
    _reset(tally)
    start = rows
    failed = False
    first_account = book.households.account_start[household]
    for account in range(first_account, book.households.account_start[household + 1]):
        value = scratch.household.value[account - first_account]
        if not book.accounts.trades[account] or value == 0:
            continue
        if value < 0:
            outcomes[at].status = _REFUSED
            outcomes[at].cause = _NO_VALUE
            outcomes[at].figure = value / 1e4
            failed = True
            break
        place = (household, account, value, solved_value)
        status, rows = _solve_one(book, market, place, scratch, draft, rows, tally)
        if status != _SOLVED:
            outcomes[at].status = _FAILED
            outcomes[at].cause = _NOT_SOLVED
            outcomes[at].figure = status
            outcomes[at].gap_convex = tally[0].gap_convex / solved_value
            failed = True
            break
    close_household(book, market, household, scratch.household)
    before, after = household_tracking(market, scratch.household)
    if failed:
        _forget_accounts(book, household, draft, rows)
        return start
    if tally[0].solved == 0:
        outcomes[at].status = _HOLD
        outcomes[at].cause = _NOTHING
        return start
    outcomes[at].te_before = before
    outcomes[at].te_after = after
    _finish(book, draft, household, start.trade, rows, tally, solved_value)
    return rows


@kernel
def _rebalance_range(
    book: Book,
    market: Market,
    first: int,
    last: int,
    scratch: Scratch,
    draft: Draft,
) -> _Rows:
    rows = _Rows(0, 0, first, book.households.account_start[first])
    for household in range(first, last):
        if household == first or book.households.taxpayer[household] != book.households.taxpayer[household - 1]:
            forget_tonight(scratch.household)
        rows = _rebalance_household(book, market, household, scratch, draft, rows)
    return rows


def rebalance(book: Book, market: Market, first: int = 0, last: int | None = None) -> Proposals:
    """Propose trades for households first .. last of a book (default: all).

    Outcome and account arrays have a row for each of the range, trades and relaxations for what was found; household,
    account and lot numbers are the book's. Deterministic: the same bytes for the same input.

    Raises ValueError for a range outside the book, or one that parts the households of a taxpayer.
    """
    last = len(book.households.model) if last is None else last
    _require_range(book, first, last)
    return _rebalanced(
        book,
        market,
        (first, last),
        scratch_for(book, market, first, last),
        draft_for(book, first, last),
    )


class Rebalancer:
    """`rebalance` for ranges of one book, one call after the other, in memory that is kept between them.

    For a household at a time (a page, an adviser's what-if) the memory of a call costs more than its arithmetic where
    the market is large. Says what `rebalance` says, to the byte. Not for several threads at once.
    """

    def __init__(self, book: Book, market: Market) -> None:
        """Keep a book and a market, neither of which may change, and memory for the largest household."""
        self._book = book
        self._market = market
        self._scratch = scratch_for(book, market, 0, len(book.households.model))
        self._draft: Draft | None = None

    def rebalance(self, first: int, last: int) -> Proposals:
        """Propose trades for households first .. last; see `rebalance`."""
        _require_range(self._book, first, last)
        self._draft = draft_for(self._book, first, last, self._draft.trades if self._draft else None)
        return _rebalanced(self._book, self._market, (first, last), self._scratch, self._draft)


def _require_range(book: Book, first: int, last: int) -> None:
    total = len(book.households.model)
    if not 0 <= first <= last <= total:
        raise ValueError(f"the range must lie within 0 .. {total}, was {first} .. {last}")
    taxpayer = book.households.taxpayer
    for cut in (first, last):
        if 0 < cut < total and taxpayer[cut] == taxpayer[cut - 1]:
            raise ValueError(f"a range must not part households of one taxpayer, but {cut - 1} and {cut} are")


def _rebalanced(
    book: Book,
    market: Market,
    span: tuple[int, int],
    scratch: Scratch,
    draft: Draft,
) -> Proposals:
    rows = _rebalance_range(book, market, *span, scratch, draft)
    proposals = proposals_of(draft, rows.trade, rows.relaxed)
    proposals.outcomes.tax[:] = tax_of_trades(book, draft.gains, span[0])
    return proposals


def compile_kernels(book: Book, market: Market) -> None:
    """Compile everything `rebalance` will run, or load it from the cache, without solving any household."""
    scratch = scratch_for(book, market, 0, 0)
    draft = draft_for(book, 0, 0)
    _rebalance_range(book, market, 0, 0, scratch, draft)
    proposals_of(draft, 0, 0)
    tax_of_trades(book, draft.gains, 0)


def joined(parts: list[Proposals], each: Callable[[Join, Iterable[Columns]], Iterable[Column]] = map) -> Proposals:
    """Join the proposals of consecutive ranges, given in the order of the book; `each` maps, on threads or as `map`."""
    columns = [column for tables in zip(*parts, strict=True) for column in zip(*tables, strict=True)]
    whole = iter(each(np.concatenate, columns))
    return Proposals(
        Trades(*itertools.islice(whole, len(Trades._fields))),
        Outcomes(*itertools.islice(whole, len(Outcomes._fields))),
        AccountResults(*itertools.islice(whole, len(AccountResults._fields))),
        Relaxations(*whole),
    )
