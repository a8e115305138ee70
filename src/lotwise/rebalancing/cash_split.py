"""Which accounts of a household raise the cash that is asked of it: those where it costs least.

Cash that is asked of the household, and a reserve, are a name more in its problem while the split is sought: a name
without risk, of which each account that may pay holds what it pays, and all of them together as much as is asked for.
What an account holds of it costs what a withdrawal from its kind of account does. So one solve weighs gains, losses,
tracking and withdrawal tax of every split against each other, and its proof holds for the split too. What it finds is
rounded to cents and becomes the cash that each account is asked for; the ordinary solve follows.

| kind | what a dollar paid out costs |
|---|---|
| taxable | nothing beside what selling costs |
| traditional | `Households.withdrawal_cost`: income tax, and the penalty of an early withdrawal |
| Roth | the same and a tenth of a cent: last, since what it earns would never be taxed |

A required distribution costs nothing: it is due anyhow. Where accounts are no one portfolio the order of `mandates`
holds. The split is that of the rates of the night; a household that is solved again at other rates keeps it. What
another household of the same taxpayer trades tonight is not known yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.money import DOLLAR, IntArray
from lotwise.optimizer.problem import SolveStatus
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.formulation import cash_band, model_scale
from lotwise.rebalancing.household_night import values_of
from lotwise.rebalancing.joint_formulation import JointSizes, clear_joint, formulate_joint
from lotwise.rebalancing.joint_scratch import JointArrays, cash_scratch
from lotwise.rebalancing.joint_solve import begin_joint_night
from lotwise.rebalancing.mandates import Pool, asked_of_accounts, asking, room_of, spread
from lotwise.rebalancing.scratch import Scratch, scratch_for
from lotwise.rebalancing.wash_windows import close_household, forget_tonight, open_household
from lotwise.securities.market import Market

__all__ = ["CashSplit", "split_cash", "with_cash", "with_split_cash"]

Floats = NDArray[np.float64]

_ROTH_LAST = 1e-3  # dollars per dollar: a tenth of a cent
_CENT = DOLLAR // 100
_MOST_POOLS = 2  # what any account may pay, what traditional ones must


class CashSplit(NamedTuple):
    """What households are to hold in cash in each account, and for whom it was decided by a solve."""

    wanted: IntArray  # (A,) money, as `Accounts.cash_wanted`
    decided: NDArray[np.int64]  # rows of households
    undecided: NDArray[np.int64]  # of those whose problem was not solved: they pay in the order of `mandates`


class _Household(NamedTuple):
    """A household in hand."""

    row: int
    span: tuple[int, int]  # its accounts
    base: IntArray  # (its accounts,) money that single accounts are asked for
    pools: list[Pool]


def _chooses(pools: Sequence[Pool], room: IntArray) -> bool:
    """Whether there is something to decide: an amount that several accounts can pay."""
    return any(
        pool.amount > 0 and (room[pool.accounts] > 0).sum() > 1 and pool.amount < room[pool.accounts].sum()
        for pool in pools
    )


def _merged(pools: Sequence[Pool]) -> list[Pool]:
    """Pools that the same accounts pay on the same terms, put together."""
    merged: dict[tuple[bool, tuple[int, ...]], Pool] = {}
    for pool in pools:
        key = pool.free, tuple(pool.accounts.tolist())
        merged[key] = pool._replace(amount=pool.amount + (merged[key].amount if key in merged else 0))
    return list(merged.values())


def _withdrawal_cost(book: Book, household: int, account: int, pool: Pool) -> float:
    kind = int(book.accounts.kind[account])
    if pool.free or kind == AccountKind.TAXABLE:
        return 0.0
    cost = float(book.households.withdrawal_cost[household])
    return cost + (_ROTH_LAST if kind == AccountKind.ROTH else 0.0)


def _write_target(book: Book, of: _Household, sizes: JointSizes, arrays: JointArrays) -> None:
    """Scale the target to what cash of the household leaves; cash bands are those of what single accounts are asked."""
    policy = book.households.policy[of.row]
    target, band = (float(column[policy]) for column in (book.policies.cash_target, book.policies.cash_band))
    asked, alone, stated = sum(pool.amount for pool in of.pools) / sizes.value, 0.0, 0.0
    for a in range(sizes.accounts):
        account, part = int(arrays.accounts[a].row), float(arrays.problem.value[a])
        if not book.accounts.trades[account]:
            continue
        worth = part * sizes.value / float(arrays.accounts[a].counts)
        wanted = min(float(of.base[account - of.span[0]]) / worth, 1.0)
        low, high = cash_band(target, band, wanted)
        arrays.problem.cash_low[a], arrays.problem.cash_high[a] = low * part, high * part
        alone += wanted * part
        stated += min(float(book.accounts.cash_wanted[account]) / worth, 1.0) * part
    before = model_scale(book, of.row, stated)
    if before > 0.0:
        arrays.problem.target[: sizes.names] *= model_scale(book, of.row, alone + asked) / before


def _add_pools(book: Book, of: _Household, sizes: JointSizes, arrays: JointArrays) -> tuple[JointSizes, list[IntArray]]:
    """Add a name for each pool; returns the sizes with them, and the place of each account's position (-1 = none)."""
    problem, places = arrays.problem, []
    name, at, row = sizes.names, sizes.positions, sizes.own_groups
    entry = int(problem.own_group_start[row]) if row else 0
    for pool in of.pools:
        problem.target[name] = problem.specific[name] = problem.low[name] = 0.0
        problem.high[name], problem.loadings[name] = np.inf, 0.0
        problem.position_start[name], problem.own_group_start[row] = at, entry
        problem.own_group_low[row] = problem.own_group_high[row] = pool.amount / sizes.value
        place = np.full(sizes.accounts, -1, np.int64)
        for a in range(sizes.accounts):
            account, counts = int(arrays.accounts[a].row), float(arrays.accounts[a].counts)
            if account not in pool.accounts:
                continue
            place[a] = at
            problem.account[at], problem.held[at], problem.buy_cost[at], problem.may_buy[at] = a, 0.0, 0.0, True
            problem.hold_cost[at] = _withdrawal_cost(book, of.row, account, pool) / counts
            problem.position_low[at], problem.position_high[at] = 0.0, np.inf
            problem.lot_start[at] = sizes.lots
            arrays.positions[at].account = a
            problem.own_group_position[entry], problem.own_group_coefficient[entry] = at, 1.0 / counts
            at, entry = at + 1, entry + 1
        places.append(place)
        name, row = name + 1, row + 1
    problem.position_start[name], problem.lot_start[at], problem.own_group_start[row] = at, sizes.lots, entry
    return sizes._replace(names=name, positions=at, own_groups=row), places


def _in_cents(paid: Floats, amount: int, least: int) -> IntArray:
    """Parts of an amount in whole cents, by largest remainder; what is below the least trade is left to the others."""
    paid = np.where(paid >= min(least, amount), paid, 0.0)
    if paid.sum() <= 0.0:
        return np.zeros(paid.size, np.int64)
    exact = paid * (min(amount, paid.sum()) / paid.sum())
    if abs(paid.sum() - amount) <= max(DOLLAR, least, 1e-4 * amount):  # all of it, but for roundoff and small parts
        exact = paid * (amount / paid.sum())
    parts: IntArray = np.floor(exact / _CENT).astype(np.int64) * _CENT
    left = round(float(exact.sum())) - int(parts.sum())
    order = np.argsort(parts - exact, kind="stable")
    for place in order[: left // _CENT].tolist():
        parts[place] += _CENT
    parts[order[0]] += left % _CENT
    return parts


class _Splitter:
    """Decides for one household after the other, in memory that is kept between them."""

    def __init__(self, book: Book, market: Market, households: NDArray[np.int64]) -> None:
        self._book, self._market = book, market
        self._scratch: Scratch = scratch_for(book, market, 0, len(book.households.model))
        self._arrays, self._solver = cash_scratch(book, market, households, _MOST_POOLS)

    def paid(self, of: _Household) -> list[Floats] | None:
        """Money that each of a household's accounts pays into each pool; None where nothing was decided."""
        book, market, state = self._book, self._market, self._scratch.household
        forget_tonight(state)
        open_household(book, market, of.row, state)
        values = values_of(book, of.row, state)
        found = self._solved(of, values.counted) if values.joint and values.least >= 0 else None
        close_household(book, market, of.row, state)
        return found

    def _solved(self, of: _Household, value: int) -> list[Floats] | None:
        book, arrays, solver = self._book, self._arrays, self._solver
        state, securities = self._scratch.household, self._scratch.account.securities
        sizes = formulate_joint(book, self._market, of.row, of.span, value, state, arrays, securities)
        _write_target(book, of, sizes, arrays)
        larger, places = _add_pools(book, of, sizes, arrays)
        begun = begin_joint_night(larger, arrays, solver)
        clear_joint(book, of.row, sizes.names, arrays, securities)
        if begun.status != SolveStatus.SOLVED:
            return None
        weights = solver.state.settled[: larger.positions].copy()
        found = []
        for place in places:
            paid = np.zeros(of.span[1] - of.span[0])
            for a in np.flatnonzero(place >= 0).tolist():
                account, counts = int(arrays.accounts[a].row), float(arrays.accounts[a].counts)
                paid[account - of.span[0]] = max(float(weights[place[a]]), 0.0) * sizes.value / counts
            found.append(paid)
        return found


def split_cash(book: Book, market: Market, first: int = 0, last: int | None = None) -> CashSplit:
    """Decide which accounts of households first .. last (default: all) pay; the others are asked for what they are.

    Of a market that has its risk. Deterministic, and the same however households are put into ranges.
    """
    last = len(book.households.model) if last is None else last
    wanted, decided, undecided = book.accounts.cash_wanted.copy(), [], []
    households = asking(book, first, last)
    households = households[book.policies.joint[book.households.policy[households]] != 0]
    households = households[~book.households.blocked[households]]
    if not households.size:
        return CashSplit(wanted, households, households)
    room, splitter = room_of(book, market), None
    for household in households.tolist():
        span = int(book.households.account_start[household]), int(book.households.account_start[household + 1])
        own, left = np.zeros(len(wanted), np.int64), room.copy()
        pools = asked_of_accounts(book, market, household, left, own)
        if not _chooses(pools, left):
            continue
        there, empty = ([pool for pool in pools if bool(left[pool.accounts].any()) == some] for some in (True, False))
        of = _Household(household, span, own[slice(*span)].copy(), _merged(there))
        splitter = splitter or _Splitter(book, market, households)
        paid = splitter.paid(of)
        if paid is None:
            undecided.append(household)
            continue
        least = int(book.policies.minimum_trade[book.households.policy[household]])
        for pool, parts in zip(of.pools, paid, strict=True):
            asked = _in_cents(parts, pool.amount, max(least, DOLLAR))
            own[slice(*span)] += asked
            left[slice(*span)] = np.maximum(left[slice(*span)] - asked, 0)
            spread(book, [pool._replace(amount=pool.amount - int(asked.sum()))], left, own)
        spread(book, empty, left, own)
        wanted[slice(*span)] = own[slice(*span)]
        decided.append(household)
    return CashSplit(wanted, np.array(decided, np.int64), np.array(undecided, np.int64))


def with_cash(book: Book, wanted: IntArray) -> Book:
    """The book in which accounts are to hold this money on top of their target, (A,)."""
    wanted.flags.writeable = book.accounts.cash_wanted.flags.writeable  # kernels are compiled for kinds of arrays
    return book._replace(accounts=book.accounts._replace(cash_wanted=wanted))


def with_split_cash(book: Book, market: Market, first: int = 0, last: int | None = None) -> Book:
    """The book in which households first .. last raise cash where it costs least."""
    split = split_cash(book, market, first, last)
    return with_cash(book, split.wanted) if split.decided.size else book
