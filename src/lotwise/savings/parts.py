"""A firm is told in parts: households that nothing connects have nothing to do with each other.

What connects is a taxpayer (a purchase of one washes the other's loss), a household and a transfer between accounts.
Accounts that are not managed come along with those of their taxpayer: what they buy washes, too. A part is a history of
its own, small enough for the fold of a day to stay in the processor's cache, whatever the size of the firm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import NO_CODE, Table
from lotwise.money import IntArray
from lotwise.savings.history import History

__all__ = ["MOST_EVENTS", "Part", "groups_of", "part_of", "with_own_details"]

# Of a part, unless what is connected has more: some 900 accounts of 100 names in two years. A part costs some 10 ms a
# day whatever is in it; it must fit into memory.
MOST_EVENTS = 1_000_000


class Part(NamedTuple):
    """A history of some accounts and their households, numbered by themselves, and what they are in the whole."""

    history: History
    households: IntArray  # rows
    accounts: IntArray
    events: IntArray


def groups_of(history: History, chosen: NDArray[np.bool_], most_events: int = MOST_EVENTS) -> list[IntArray]:
    """Accounts to tell together for the chosen households (H,), part by part; one part at least."""
    owner = history.accounts.household
    label = _connected(history)
    wanted = np.unique(label[(owner >= 0) & chosen[np.maximum(owner, 0)]]) if owner.size else label
    if not wanted.size:
        return [np.zeros(0, np.int64)]
    place = np.searchsorted(wanted, label)
    known = (place < wanted.size) & (wanted[np.minimum(place, wanted.size - 1)] == label)
    events = np.bincount(history.events["account"], minlength=owner.size) + 1
    size = np.bincount(place[known], events[known], wanted.size)
    part = np.floor((np.cumsum(size) - size) / most_events).astype(np.int64)
    accounts = np.flatnonzero(known)
    of = part[place[accounts]]
    order = np.argsort(of, kind="stable")
    starts = np.flatnonzero(np.diff(of[order])) + 1
    return [np.sort(each) for each in np.split(accounts[order], starts)]


def _connected(history: History) -> IntArray:
    """The least account that each is connected with, (A,)."""
    owner = history.accounts.household.astype(np.int64)
    events = history.events[history.events["detail"] != NO_CODE]
    other = history.details["counter_account"][events["detail"]].astype(np.int64)
    moved = (other >= 0) & (other != events["account"])
    pairs = np.unique(np.stack((events["account"][moved].astype(np.int64), other[moved])), axis=1)
    alone = owner.max(initial=0) + 1 + np.arange(owner.size)
    sets = [
        np.unique(of, return_inverse=True)[1]
        for of in (history.world.accounts["taxpayer"], np.where(owner >= 0, owner, alone))
    ]
    label: IntArray = np.arange(owner.size, dtype=np.int64)
    while True:
        before = label.copy()
        for of in sets:
            least = np.full(owner.size, owner.size, np.int64)
            np.minimum.at(least, of, label)
            label = least[of]
        for one, another in (pairs, pairs[::-1]):
            np.minimum.at(label, one, label[another])
        if (label == before).all():
            return label


def with_own_details(events: Table, details: Table, more: Table | None = None) -> tuple[Table, Table]:
    """Events with the details that they have, renumbered: what folds a few need not carry those of all.

    A number beyond `details` is one of `more`.
    """
    detailed = np.flatnonzero(events["detail"] != NO_CODE)
    code = events["detail"][detailed]
    if more is None or not more.size:
        own: Table = details[code]
    else:
        is_more = code >= details.size
        own = np.empty(code.size, details.dtype)
        own[~is_more], own[is_more] = details[code[~is_more]], more[code[is_more] - details.size]
    renumbered = events.copy()
    renumbered["detail"][detailed] = np.arange(detailed.size)
    return renumbered, own


def part_of(history: History, accounts: IntArray) -> Part:
    """The history of some accounts (ascending) by themselves."""
    number = np.full(history.accounts.household.size + 1, -1, np.int32)  # the last: of no account
    number[accounts] = np.arange(accounts.size)
    rows = np.flatnonzero(number[history.events["account"]] >= 0)
    events, details = with_own_details(history.events[rows], history.details)
    events["account"] = number[events["account"]]
    other = details["counter_account"]
    details["counter_account"] = np.where(other >= 0, number[other], other)
    owner = history.accounts.household[accounts]
    households = np.unique(owner[owner >= 0]).astype(np.int64)
    part = History(
        events,
        details,
        history.world._replace(accounts=history.world.accounts[accounts]),
        history.accounts._replace(
            household=np.where(owner >= 0, np.searchsorted(households, owner), -1).astype(np.int32),
            cash=history.accounts.cash[accounts],
            as_one=history.accounts.as_one[accounts],
        ),
        history.market,
        history.targets._replace(of=history.targets.of[households]),
        history.rates[households],
        history.actions,
    )
    return Part(part, households, accounts.astype(np.int64), rows.astype(np.int64))
