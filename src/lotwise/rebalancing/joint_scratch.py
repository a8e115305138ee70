"""Memory for a household in hand that is solved as one portfolio; empty where no household of a range is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, records
from lotwise.optimizer.household.problem import HouseholdProblem, HouseholdWorkspace, workspace_for
from lotwise.rebalancing.book import Book
from lotwise.securities.market import Market

__all__ = [
    "JointArrays",
    "cash_scratch",
    "joint_scratch",
    "lot_records",
    "most_substitutes",
    "portfolio_scratch",
    "position_records",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Int32Array = NDArray[np.int32]


class JointArrays(NamedTuple):
    """Buffers behind one `HouseholdProblem`: a household's accounts as one portfolio.

    What it knows of securities stands in `AccountArrays.securities`. A record of `positions` as in `AccountArrays`, its
    account a place in `accounts`; low: the least weight that restrictions of that account ask for, even where they
    allow less; low_source, high_source: which ones, -1 = none; dropped: whether its trade was below the
    minimum or would have washed a loss. A record of `names`: security; stands_for: the security it may be bought
    instead of, -1 = it is wanted for itself, or not at all. A record of `accounts`:
    row of the book; cash: money after the trades; counts: what a dollar of it counts in weights.
    """

    problem: HouseholdProblem  # arrays at full capacity
    positions: Records
    lots: Records
    names: Records
    accounts: Records
    unit: Floats  # (C,) weight of one share
    written: Floats  # (C,) weights after the trades as written
    total: Floats  # (2, n) weights of names before and after the trades
    exposure: Floats  # (2, k) X'(t - b) of the weights held and of those written
    first_lot: Ints  # (n x accounts,) row of the first lot of a name in an account, -1 = it has none
    group_source: Int32Array  # (g,) restriction behind each group row
    own_group_source: Int32Array  # (h,)
    own_group_account: Int32Array  # (h,) place in `accounts`


def position_records(rows: int) -> Records:
    """Allocate for so many positions, see `JointArrays`."""
    places = dict.fromkeys(("low_source", "high_source", "stands_for"), np.int32)
    return records(rows, security=int, account=int, shares=int, delta=int, low=float, **places, dropped=np.bool_)


def lot_records(rows: int) -> Records:
    """Allocate for so many lots."""
    return records(rows, row=int, loss=int, sold=int, shares=int, tax=float, barred=np.bool_)


def _joint_problem_buffers(
    shape: tuple[int, int], positions: tuple[int, int], rows: tuple[int, int, int], entries: tuple[int, int]
) -> HouseholdProblem:
    (n, k), (count, lots), (groups, own_groups, accounts) = shape, positions, rows

    def floats(size: int, number: int) -> list[Floats]:
        return [np.zeros(size) for _ in range(number)]

    target, specific, low, high = floats(n, 4)
    held, buy_cost, hold_cost, position_low, position_high = floats(count, 5)
    value, cash_low, cash_high = floats(accounts, 3)
    return HouseholdProblem(
        target=target,
        loadings=np.zeros((n, k)),
        specific=specific,
        low=low,
        high=high,
        position_start=np.zeros(n + 1, np.int64),
        account=np.zeros(count, np.int64),
        held=held,
        buy_cost=buy_cost,
        may_buy=np.zeros(count, np.bool_),
        hold_cost=hold_cost,
        position_low=position_low,
        position_high=position_high,
        lot_start=np.zeros(count + 1, np.int64),
        lot_quantity=np.zeros(lots),
        lot_price=np.zeros(lots),
        lot_loss=np.zeros(lots, np.bool_),
        group_start=np.zeros(groups + 1, np.int64),
        group_name=np.zeros(entries[0], np.int64),
        group_coefficient=np.zeros(entries[0]),
        group_low=np.zeros(groups),
        group_high=np.zeros(groups),
        own_group_start=np.zeros(own_groups + 1, np.int64),
        own_group_position=np.zeros(entries[1], np.int64),
        own_group_coefficient=np.zeros(entries[1]),
        own_group_low=np.zeros(own_groups),
        own_group_high=np.zeros(own_groups),
        value=value,
        cash_low=cash_low,
        cash_high=cash_high,
        risk_price=1.0,
    )


class _Room(NamedTuple):
    """The most that one household of some takes when it is solved as one portfolio; zeros where none is."""

    names: int
    positions: int
    lots: int
    groups: int
    own_groups: int
    accounts: int
    entries: int


def most_substitutes(book: Book, households: NDArray[np.int64]) -> int:
    """Most names that substitutes add to the problem of any of some households: one for each that a model wants."""
    named = np.diff(book.substitutes.start) > 0
    if not named.any() or not households.size:
        return 0
    models, rules = book.models, book.rules
    wanted = [
        int(np.sum(named[models.security[models.start[row] : models.start[row + 1]]]))
        for row in np.unique(book.households.model[households]).tolist()
    ]
    asked = np.diff(rules.name_start)[book.households.rules[households]]
    return max(wanted) + int(asked.max())


def _solved_as_portfolios(book: Book, first: int, last: int) -> NDArray[np.int64]:
    """Households of first .. last whose taxpayer has one that is solved as one portfolio: they all pass this door."""
    households = book.households
    accounts = np.diff(households.account_start[first : last + 1])
    joint = (book.policies.joint[households.policy[first:last]] != 0) & (accounts > 1)
    taxpayers = households.taxpayer[first:last]
    return np.flatnonzero(np.isin(taxpayers, taxpayers[joint])) + first


def _joint_room(book: Book, market: Market, joint: NDArray[np.int64]) -> _Room:
    """Room for any of some households, ascending."""
    if not joint.size:
        return _Room(0, 0, 0, 0, 0, 0, 0)
    starts = book.households.account_start
    lot_start = book.accounts.lot_start
    accounts = starts[joint + 1] - starts[joint]
    lots = lot_start[starts[joint + 1]] - lot_start[starts[joint]]
    rules = book.households.rules[joint]
    wanted = np.diff(book.models.start)[book.households.model[joint]] + np.diff(book.rules.name_start)[rules]
    wanted += most_substitutes(book, joint)
    held = _positions_held(book, int(joint[0]), int(joint[-1]) + 1)[joint - joint[0]]
    names = np.minimum(wanted + held, len(market.price))
    groups = int(np.diff(book.rules.group_start)[rules].max())
    entries = int(np.sum(np.diff(book.groups.start)[np.unique(book.rules.group)])) * groups if groups else 0
    positions = int((np.minimum(wanted, len(market.price)) * accounts + held).max())
    return _Room(int(names.max()), positions, int(lots.max()), groups, groups, int(accounts.max()), entries)


def _positions_held(book: Book, first: int, last: int) -> NDArray[np.int64]:
    """How many positions each of households first .. last holds."""
    starts = book.households.account_start[first : last + 1]
    lot_start = book.accounts.lot_start[starts[0] : starts[-1] + 1]
    own = book.lots.security[lot_start[0] : lot_start[-1]]
    begins = np.ones(own.size + 1, np.int64)
    begins[1:-1] = own[1:] != own[:-1]
    begins[lot_start - lot_start[0]] = 1
    before = np.concatenate(([0], np.cumsum(begins[:-1])))
    at: NDArray[np.int64] = before[lot_start[starts - starts[0]] - lot_start[0]]
    return np.diff(at)


def joint_scratch(book: Book, market: Market, first: int, last: int) -> tuple[JointArrays, HouseholdWorkspace]:
    """Allocate for every household of first .. last of a book that is solved by this door."""
    return _scratch_of(market, _joint_room(book, market, _solved_as_portfolios(book, first, last)))


def portfolio_scratch(book: Book, market: Market, household: int) -> tuple[JointArrays, HouseholdWorkspace]:
    """Allocate for one household as one portfolio, whatever its policy says and however many accounts it has."""
    return _scratch_of(market, _joint_room(book, market, np.array([household])))


def cash_scratch(
    book: Book, market: Market, households: NDArray[np.int64], pools: int
) -> tuple[JointArrays, HouseholdWorkspace]:
    """Allocate for any of some households as one portfolio, with a name more for each of so many pools of cash."""
    room = _joint_room(book, market, households)
    positions = pools * room.accounts
    return _scratch_of(
        market,
        room._replace(
            names=room.names + pools,
            positions=room.positions + positions,
            own_groups=room.own_groups + pools,
            entries=room.entries + positions,
        ),
    )


def _scratch_of(market: Market, room: _Room) -> tuple[JointArrays, HouseholdWorkspace]:
    factors = market.loadings.shape[1]
    rows = (room.groups, room.own_groups, room.accounts)
    shape, positions = (room.names, factors), (room.positions, room.lots)
    arrays = JointArrays(
        problem=_joint_problem_buffers(shape, positions, rows, (room.entries, room.entries)),
        positions=position_records(room.positions),
        lots=lot_records(room.lots),
        names=records(room.names, security=int, stands_for=int),
        accounts=records(room.accounts, row=int, cash=int, counts=float),
        unit=np.zeros(room.positions),
        written=np.zeros(room.positions),
        total=np.zeros((2, room.names)),
        exposure=np.zeros((2, factors)),
        first_lot=np.zeros(room.names * room.accounts, np.int64),
        group_source=np.full(room.groups, -1, np.int32),
        own_group_source=np.full(room.own_groups, -1, np.int32),
        own_group_account=np.zeros(room.own_groups, np.int32),
    )
    return arrays, workspace_for(shape, positions, rows, room.entries)
