"""Number B's other half, the shadow: the same accounts, flows and prices, managed by the client's ordinary rule.

What comes from outside is the same: what is deposited, drawn, transferred and given, and what companies do to their
shares. What was traded is left out; the rule trades instead, at the close. Dividends are those of what the shadow
holds. Everything becomes events of the ledger, and is folded like the record itself: relief, wash sales and dates are
the law's, not an approximation. Short sales are left out.

A sale of shares that the ledger never held is nothing that the rule could have done: both sides have it.

What leaves in kind leaves the shadow as far as it holds it, by its relief rule; the rest leaves as cash of that worth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import EVENT, NO_CODE, EventFlag, EventKind, Relief, Table
from lotwise.ledger.fold import empty_state
from lotwise.ledger.tables import SHORT, State
from lotwise.money import SHARE, IntArray
from lotwise.savings.history import Floats, History, stated_sales
from lotwise.savings.shadow_rule import Order, ShadowRule

__all__ = [
    "Holdings",
    "Outside",
    "dividends_of",
    "events_from_outside",
    "holdings_of",
    "holdings_with",
    "trades_of_rule",
]

_RELIEF = {Order.FIFO: Relief.FIFO, Order.LIFO: Relief.LIFO, Order.HIFO: Relief.HIFO}

_SAME = (
    EventKind.DEPOSIT,
    EventKind.WITHDRAWAL,
    EventKind.FEE,
    EventKind.INTEREST,
    EventKind.TRANSFER_IN,
    EventKind.GIFT_IN,
    EventKind.INHERITANCE,
)
_IN_KIND = (EventKind.TRANSFER_OUT, EventKind.DONATION)
_AT_A_TIME = 256  # accounts whose holdings are a dense table together


class Holdings(NamedTuple):
    """What accounts hold, each security of each once, by account and security; not what is sold short."""

    account: NDArray[np.int32]
    security: NDArray[np.int32]
    shares: IntArray


def holdings_of(state: State) -> Holdings:
    """Add up the open lots of each account and security."""
    lots = state.lots[state.lots["marks"] & SHORT == 0]
    if not lots.size:
        none = np.zeros(0, np.int32)
        return Holdings(none, none, np.zeros(0, np.int64))
    key = lots["account"].astype(np.int64) << 32 | lots["security"]
    first = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    return Holdings(lots["account"][first], lots["security"][first], np.add.reduceat(lots["shares"], first))


def holdings_with(held: Holdings, changed: NDArray[np.bool_], lots: Table) -> Holdings:
    """Holdings after those of some accounts (A,) became what these lots of theirs are."""
    kept, now = _of_accounts(held, ~changed), holdings_of(empty_state()._replace(lots=lots))
    place = np.searchsorted(kept.account, now.account)
    return Holdings(
        np.insert(kept.account, place, now.account),
        np.insert(kept.security, place, now.security),
        np.insert(kept.shares, place, now.shares),
    )


def _of_accounts(held: Holdings, chosen: NDArray[np.bool_]) -> Holdings:
    rows = chosen[held.account]
    return Holdings(held.account[rows], held.security[rows], held.shares[rows])


def _blank(rows: int, kind: EventKind, day: int) -> Table:
    events = np.zeros(rows, EVENT)
    for name in ("lot", "order", "detail", "security"):
        events[name] = NO_CODE
    events["kind"], events["day"] = kind, day
    return events


def _worth(shares: IntArray | Floats, price: IntArray) -> IntArray:
    """Money of shares at a price, to the nearest unit (far below 2 ** 53)."""
    worth: IntArray = np.rint(shares / SHARE * price).astype(np.int64)
    return worth


def dividends_of(history: History, held: Holdings, day: int) -> Table:
    """Dividends of what is held when they go ex."""
    row = history.market.row(day)
    if row < 0 or history.market.days[row] != day:
        return _blank(0, EventKind.DIVIDEND, day)
    payout = history.market.payout[row, held.security]
    paid = np.flatnonzero(payout > 0)
    events = _blank(paid.size, EventKind.DIVIDEND, day)
    events["account"], events["security"] = held.account[paid], held.security[paid]
    events["amount"] = np.rint(held.shares[paid] / SHARE * payout[paid] * 10_000)
    events["facts"] = np.where(history.market.qualified[held.security[paid]], EventFlag.QUALIFIED, 0)
    return events


def _reorganised(history: History, day: int, shadow: Holdings) -> tuple[Table, Table]:
    """What companies did on a day to shares that the shadow holds: events, and the actions' details."""
    acts = history.actions.on(day)
    at = np.flatnonzero(np.isin(shadow.security, acts["security"]))
    pairs = [
        (act, place) for place in at.tolist() for act in np.flatnonzero(acts["security"] == shadow.security[place])
    ]
    made = acts[[act for act, _ in pairs]]
    made["account"] = shadow.account[[place for _, place in pairs]]
    return made, history.actions.details


def _in_kind(history: History, rows: Table, held: Holdings, rule: ShadowRule) -> Table:
    """What leaves in kind: shares as far as they are held, the rest as cash."""
    leaving = rows[np.isin(rows["kind"], _IN_KIND)]
    if not leaving.size:
        return leaving
    key = held.account.astype(np.int64) << 32 | held.security
    left = dict(zip(key.tolist(), held.shares.tolist(), strict=True))
    price = history.market.price[max(history.market.row(int(leaving["day"][0])), 0)]
    shares, cash = leaving.copy(), _blank(leaving.size, EventKind.WITHDRAWAL, int(leaving["day"][0]))
    counter = np.full(leaving.size, NO_CODE, np.int32)
    detailed = leaving["detail"] != NO_CODE
    counter[detailed] = history.details["counter_account"][leaving["detail"][detailed]]
    for row, event in enumerate(shares):
        place = int(event["account"]) << 32 | int(event["security"])
        taken = min(int(event["shares"]), left.get(place, 0))
        left[place] = left.get(place, 0) - taken
        cash["account"][row] = event["account"]
        cash["amount"][row] = _worth(np.array([int(event["shares"]) - taken]), price[event["security"]])[0]
        event["shares"], event["lot"], event["relief"] = taken, NO_CODE, _RELIEF[rule.relief]
    arriving = cash[(counter != NO_CODE) & (cash["amount"] > 0)]  # moved to another account of the record
    arriving["kind"], arriving["account"] = EventKind.DEPOSIT, counter[(counter != NO_CODE) & (cash["amount"] > 0)]
    return np.concatenate((shares[shares["shares"] > 0], cash[cash["amount"] > 0], arriving))


class Outside(NamedTuple):
    """Events of a day that do not come of any management."""

    events: Table
    more: Table  # details beyond those of the history


def events_from_outside(
    history: History, day: int, rows: Table, opening: NDArray[np.bool_], shadow: Holdings, rule: ShadowRule
) -> Outside:
    """What happens to the shadow on a day before it is managed.

    `rows` are the record's events of the day, `opening` (A,) accounts whose first day it is: those begin with the
    record as it is. `shadow` is what it held before the day.
    """
    first = opening[rows["account"]]
    kept = first | np.isin(rows["kind"], _SAME) | stated_sales(rows)
    later = rows[~first]
    # The others have what happens to them among the rows that are kept.
    reorganised, given = _reorganised(history, day, _of_accounts(shadow, ~opening))
    reorganised["detail"] += history.details.size
    return Outside(np.concatenate((reorganised, rows[kept], _in_kind(history, later, shadow, rule))), given)


def trades_of_rule(
    history: History, day: int, accounts: IntArray, held: Holdings, cash: IntArray, *, due: bool, rule: ShadowRule
) -> Table:
    """What the rule trades on a day in some accounts that hold `held` and `cash` (A,): sales, then purchases.

    To the target where it is `due`; otherwise only what flows of cash ask for.
    """
    made = [
        _trades_of_some(history, day, accounts[first : first + _AT_A_TIME], held, cash, due=due, rule=rule)
        for first in range(0, accounts.size, _AT_A_TIME)
    ]
    return np.concatenate([_blank(0, EventKind.BUY, day), *made])


def _trades_of_some(
    history: History, day: int, accounts: IntArray, held: Holdings, cash: IntArray, *, due: bool, rule: ShadowRule
) -> Table:
    """What the rule trades in a few accounts, as a table of accounts by securities."""
    row = history.market.row(day)
    if row < 0:
        return _blank(0, EventKind.BUY, day)
    price = np.where(history.market.quoted[row] & (history.market.days[row] == day), history.market.price[row], 0)
    shares = np.zeros((accounts.size, price.size))
    mine = np.isin(held.account, accounts)
    place = np.searchsorted(accounts, held.account[mine])
    shares[place, held.security[mine]] = held.shares[mine]
    value = shares / SHARE * price  # of what can be traded
    kept = (shares / SHARE * np.where(price > 0, 0, history.market.price[row])).sum(axis=1)
    target = history.targets.of[history.accounts.household[accounts], row]
    total = value.sum(axis=1) + kept + cash[accounts]
    # What can be traded gets the weight of all, in proportion, but for what is held and cannot.
    weight, there = history.targets.shared_out(target, price > 0)
    asked, known = np.maximum(weight * total - kept, 0.0), there * total
    scale = np.divide(asked, known, out=np.zeros_like(known), where=known > 0)
    wanted = np.where(price > 0, history.targets.weight[target], 0.0) * (scale * np.maximum(total, 0.0))[:, None]
    spare = cash[accounts] - history.targets.cash[target] * total
    sold, bought = _to_target(value, wanted, spare, rule) if due else _for_flows(value, wanted, spare, total, rule)
    sold, bought = np.where(price > 0, sold, 0.0), np.where(price > 0, bought, 0.0)
    made = []
    for kind, dollars in ((EventKind.SELL, sold), (EventKind.BUY, bought)):
        number = np.floor(np.divide(dollars * SHARE, price, out=np.zeros_like(dollars), where=price > 0))
        if kind is EventKind.SELL:
            everything = (dollars >= value * (1 - 1e-12)) & (price > 0)
            number = np.where(everything, shares, np.minimum(number, shares))
        which, security = np.nonzero(number >= 1)
        events = _blank(which.size, kind, day)
        events["account"], events["security"] = accounts[which], security
        events["shares"] = number[which, security].astype(np.int64)
        events["amount"] = _worth(events["shares"], price[security])
        events["relief"] = _RELIEF[rule.relief] if kind is EventKind.SELL else Relief.DEFAULT
        made.append(events)
    return np.concatenate(made)


def _to_target(value: Floats, wanted: Floats, spare: Floats, rule: ShadowRule) -> tuple[Floats, Floats]:
    """Money to sell and to buy, (accounts, N): all the way to the target, but what is within its band."""
    away = np.where(np.abs(value - wanted) <= rule.band * wanted, 0.0, value - wanted)
    sold, bought = np.maximum(away, 0.0), np.maximum(-away, 0.0)
    asked = bought.sum(axis=1)
    there = np.maximum(spare + sold.sum(axis=1), 0.0)
    part = np.divide(there, asked, out=np.zeros_like(asked), where=asked > 0)
    return sold, bought * np.minimum(part, 1.0)[:, None]


def _for_flows(value: Floats, wanted: Floats, spare: Floats, total: Floats, rule: ShadowRule) -> tuple[Floats, Floats]:
    """Money to sell and to buy, (accounts, N): what cash beyond its band buys, or what must be raised."""
    lacks = np.maximum(wanted - value, 0.0)
    asked, there = lacks.sum(axis=1), value.sum(axis=1)
    outside = np.abs(spare) > rule.cash_band * np.maximum(total, 0.0)
    invested = np.where(outside, np.minimum(np.maximum(spare, 0.0), asked), 0.0)
    raised = np.where(outside, np.minimum(np.maximum(-spare, 0.0), there), 0.0)
    bought = lacks * np.divide(invested, asked, out=np.zeros_like(asked), where=asked > 0)[:, None]
    sold = value * np.divide(raised, there, out=np.zeros_like(there), where=there > 0)[:, None]
    return sold, bought
