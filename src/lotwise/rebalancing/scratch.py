"""Memory of one worker: what is known of the household in hand, and the account being formulated.

Dense arrays over securities and identical groups are filled for one household or account and emptied again by their
own list of what was touched, so that their size does not enter the time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.optimizer.problem import AccountProblem, Workspace, workspace
from lotwise.rebalancing.book import Book
from lotwise.securities.market import Market

__all__ = ["AccountArrays", "HouseholdState", "Scratch", "scratch_for"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Int32Array = NDArray[np.int32]
Flags = NDArray[np.uint8]
Booleans = NDArray[np.bool_]


class HouseholdState(NamedTuple):
    """What tonight's trades and the open windows of the household in hand say, by identical group or by security."""

    no_buy_until: Int32Array  # by identical group
    no_loss_until: Int32Array  # by identical group
    bought_shares: Ints  # by identical group
    sold_at_loss: Booleans  # by identical group, tonight
    bought: Booleans  # by identical group, tonight
    barred_cost: Floats  # by identical group: cost per dollar bought of the losses it bars
    marked: Int32Array  # identical groups traded tonight
    active_before: Floats  # by security: fraction of household value off target, all solved accounts
    active_after: Floats
    seen: Booleans  # by security: whether it is in `touched`
    touched: Int32Array  # securities with an entry in active_before / active_after
    counts: Ints  # (2,) how many are in `marked` and in `touched`


class AccountArrays(NamedTuple):
    """Buffers behind one `AccountProblem`, and what its names and lots are in the book and the market."""

    problem: AccountProblem  # arrays at full capacity; the account uses their beginnings
    slot: Int32Array  # by security: the account's name, -1 = none
    security: Int32Array  # (n,) of each name
    position: Ints  # (n,) shares held
    lot_row: Ints  # (L,) row of Lots
    lot_loss: Booleans  # (L,) below basis in a taxable account
    lot_tax: Floats  # (L,) tax per dollar alone, without cost
    low: Floats  # by security: least weight while this account is in hand
    high: Floats
    flags: Flags  # by security: NameRule
    low_source: Int32Array  # by security: restriction behind the bound, -1 = none
    high_source: Int32Array
    group_source: Int32Array  # (g,)
    deltas: Ints  # (n,) shares to trade, signed
    unit: Floats  # (n,) weight of one share
    written: Floats  # (n,) weights after the trades as written
    side: Flags  # by identical group: 1 bought, 2 sold at a loss in this account
    lot_sold: Ints  # (L,) shares sold of each lot


class Scratch(NamedTuple):
    """All memory of one worker."""

    household: HouseholdState
    account: AccountArrays
    solver: Workspace


def _most(starts: NDArray[np.int64]) -> int:
    return int(np.max(np.diff(starts), initial=0))


def scratch_for(book: Book, market: Market, first: int, last: int) -> Scratch:
    """Allocate for households first .. last of a book."""
    securities = len(market.price)
    factors = market.loadings.shape[1]
    groups = int(market.identical.max(initial=-1)) + 1
    accounts = slice(book.households.account_start[first], book.households.account_start[last] + 1)
    lots = _most(book.accounts.lot_start[accounts])
    names = min(securities, _most(book.models.start) + lots + _most(book.rules.name_start))
    rows = _most(book.rules.group_start)
    entries = int(np.sum(np.diff(book.groups.start)[np.unique(book.rules.group)])) * rows if rows else 0
    floats = [np.zeros(names) for _ in range(6)]
    problem = AccountProblem(
        target=floats[0],
        held=floats[1],
        loadings=np.zeros((names, factors)),
        specific=floats[2],
        buy_cost=floats[3],
        lot_start=np.zeros(names + 1, np.int64),
        lot_quantity=np.zeros(lots),
        lot_price=np.zeros(lots),
        may_buy=np.zeros(names, np.bool_),
        low=floats[4],
        high=floats[5],
        group_start=np.zeros(rows + 1, np.int64),
        group_name=np.zeros(entries, np.int64),
        group_coefficient=np.zeros(entries),
        group_low=np.zeros(rows),
        group_high=np.zeros(rows),
        cash_low=0.0,
        cash_high=0.0,
        risk_price=1.0,
    )
    household = HouseholdState(
        np.full(groups, NO_DATE, np.int32),
        np.full(groups, NO_DATE, np.int32),
        np.zeros(groups, np.int64),
        np.zeros(groups, np.bool_),
        np.zeros(groups, np.bool_),
        np.zeros(groups),
        np.zeros(groups, np.int32),
        np.zeros(securities),
        np.zeros(securities),
        np.zeros(securities, np.bool_),
        np.zeros(securities, np.int32),
        np.zeros(2, np.int64),
    )
    account = AccountArrays(
        problem,
        np.full(securities, -1, np.int32),
        np.zeros(names, np.int32),
        np.zeros(names, np.int64),
        np.zeros(lots, np.int64),
        np.zeros(lots, np.bool_),
        np.zeros(lots),
        np.zeros(securities),
        np.ones(securities),
        np.zeros(securities, np.uint8),
        np.full(securities, -1, np.int32),
        np.full(securities, -1, np.int32),
        np.full(rows, -1, np.int32),
        np.zeros(names, np.int64),
        np.zeros(names),
        np.zeros(names),
        np.zeros(groups, np.uint8),
        np.zeros(lots, np.int64),
    )
    return Scratch(household, account, workspace(names, lots, factors, rows))
