"""Memory of one worker: what is known of the household in hand, and the account being formulated.

Dense arrays over securities and identical groups are filled for one household or account and emptied again by their
own list of what was touched, so that their size does not enter the time.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.kernels import Records, kernel, records
from lotwise.optimizer.household.problem import HouseholdWorkspace
from lotwise.optimizer.problem import AccountProblem, Workspace, workspace
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.joint_scratch import (
    JointArrays,
    joint_scratch,
    lot_records,
    most_substitutes,
    position_records,
)
from lotwise.securities.market import Market

__all__ = ["AccountArrays", "Arrays", "HouseholdState", "JointArrays", "Scratch", "scratch_for"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Int32Array = NDArray[np.int32]
Flags = NDArray[np.uint8]
Booleans = NDArray[np.bool_]


class HouseholdState(NamedTuple):
    """What tonight's trades and the open windows of the household in hand say.

    A record of `groups` (by identical group): no_buy_until, bought_shares of the open window; bought, sold_at_loss:
    tonight; barred_cost: per dollar bought, of the losses that bars; losing: whether the account in hand sells it at a
    loss. A record of `securities`: active_before, active_after: fraction of household value off target, all solved
    accounts; seen: whether it is in `touched`; volatility: annual, 0 until it is asked for (it stays the market's).
    """

    groups: Records
    securities: Records
    marked: Int32Array  # identical groups traded tonight
    touched: Int32Array  # securities with an entry in active_before / active_after
    exposure: Floats  # (2, k) loadings' x active weights of the household, before and after
    counts: Ints  # (2,) how many are in `marked` and in `touched`
    value: Ints  # (most accounts of a household,) money of each account of the household in hand
    worth: Ints  # (most lots of a household,) money of each of its lots


class AccountArrays(NamedTuple):
    """Buffers behind one `AccountProblem`, and what its names and lots are in the book and the market.

    A record of `securities`: slot: its name in what is in hand, -1 = none; low, high, forbidden (NameRule) there, and
    low_source, high_source: the restriction behind each bound, -1 = none; own_rule: whether rules that are not written
    there name it, of other accounts or of one where the household is in hand as a whole. A record of `positions`, here
    one for each name: security; account (0); shares held; delta: shares to trade, signed; stands_for: the security it
    may be bought instead of, -1 = it is wanted for itself, or not at all. A record of `lots`: row of Lots; shares of it
    that may be sold; loss: below basis in a taxable account; barred: not to be sold on the side that its name takes;
    tax per dollar alone, without cost; sold: shares.
    """

    problem: AccountProblem  # arrays at full capacity; the account uses their beginnings
    securities: Records
    positions: Records
    lots: Records
    unit: Floats  # (n,) weight of one share
    written: Floats  # (n,) weights after the trades as written
    exposure: Floats  # (2, k) X'(w - b) of the weights held and of those written
    group_source: Int32Array  # (g,) restriction behind each group row


Arrays: TypeAlias = AccountArrays | JointArrays


class Scratch(NamedTuple):
    """All memory of one worker."""

    household: HouseholdState
    account: AccountArrays
    solver: Workspace
    joint: JointArrays
    joint_solver: HouseholdWorkspace


def _most(starts: NDArray[np.int64]) -> int:
    return int(np.max(np.diff(starts), initial=0))


@kernel
def _most_names(security: Int32Array, lot_start: Ints) -> int:
    """Most securities that one of some accounts holds; lots come by security."""
    most = 0
    for account in range(lot_start.size - 1):
        own = security[lot_start[account] : lot_start[account + 1]]
        held = min(own.size, 1)
        for lot in range(1, own.size):
            held += own[lot] != own[lot - 1]
        most = max(most, held)
    return most


def _household_state(market: Market, accounts: int, lots: int) -> HouseholdState:
    groups, securities = int(market.identical.max(initial=-1)) + 1, len(market.price)
    by_group = records(
        groups,
        bought_shares=int,
        barred_cost=float,
        no_buy_until=np.int32,
        sold_at_loss=np.bool_,
        bought=np.bool_,
        losing=np.bool_,
    )
    by_group["no_buy_until"] = NO_DATE
    return HouseholdState(
        by_group,
        records(securities, active_before=float, active_after=float, volatility=float, seen=np.bool_),
        np.zeros(groups, np.int32),
        np.zeros(securities, np.int32),
        np.zeros((2, market.loadings.shape[1])),
        np.zeros(2, np.int64),
        np.zeros(accounts, np.int64),
        np.zeros(lots, np.int64),
    )


def _account_tables(securities: int, names: int, lots: int) -> tuple[Records, Records, Records]:
    places = dict.fromkeys(("slot", "low_source", "high_source"), np.int32)
    by_security = records(securities, low=float, high=float, **places, forbidden=np.uint8, own_rule=np.bool_)
    by_security["high"] = 1.0
    for field in places:
        by_security[field] = -1
    return (
        by_security,
        position_records(names),
        lot_records(lots),
    )


def _problem_buffers(names: int, factors: int, lots: int, rows: int, entries: int) -> AccountProblem:
    floats = [np.zeros(names) for _ in range(6)]
    return AccountProblem(
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


def scratch_for(book: Book, market: Market, first: int, last: int) -> Scratch:
    """Allocate for households first .. last of a book."""
    securities, factors = len(market.price), market.loadings.shape[1]
    accounts = slice(book.households.account_start[first], book.households.account_start[last] + 1)
    lot_start = book.accounts.lot_start[accounts]
    lots = _most(lot_start)
    held = _most_names(book.lots.security, lot_start)
    substitutes = most_substitutes(book, np.arange(first, last))
    names = min(securities, _most(book.models.start) + held + _most(book.rules.name_start) + substitutes)
    rows = _most(book.rules.group_start)
    entries = int(np.sum(np.diff(book.groups.start)[np.unique(book.rules.group)])) * rows if rows else 0
    problem = _problem_buffers(names, factors, lots, rows, entries)
    tables = _account_tables(securities, names, lots)
    sources = np.full(rows, -1, np.int32)
    account = AccountArrays(problem, *tables, np.zeros(names), np.zeros(names), np.zeros((2, factors)), sources)
    account_start = book.households.account_start[first : last + 1]
    state = _household_state(market, _most(account_start), _most(book.accounts.lot_start[account_start]))
    joint = joint_scratch(book, market, first, last)
    return Scratch(state, account, workspace(names, lots, factors, rows), *joint)
