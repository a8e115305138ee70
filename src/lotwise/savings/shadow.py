"""Number B's other half, the shadow: the same accounts, flows and prices, managed by the client's ordinary rule.

What comes from outside is the same: what is deposited, drawn, transferred and given, and what companies do to their
shares. What was traded is left out; the rule trades instead, at the close. Dividends are those of what the shadow
holds. Everything becomes events of the ledger, and is folded like the record itself: relief, wash sales and dates are
the law's, not an approximation. Short sales are left out.

What leaves in kind leaves the shadow as far as it holds it, by its relief rule; the rest leaves as cash of that worth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import EVENT, MISSING, NO_CODE, EventFlag, EventKind, Relief, Table, no_details
from lotwise.ledger.tables import SHORT, State
from lotwise.money import SHARE, IntArray
from lotwise.savings.history import Floats, History
from lotwise.savings.shadow_rule import Order, ShadowRule

__all__ = ["Holdings", "Outside", "dividends_of", "events_from_outside", "holdings_of", "trades_of_rule"]

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

_REORGANISATIONS = range(EventKind.SPLIT, EventKind.RETURN_OF_CAPITAL + 1)


class Holdings(NamedTuple):
    """What accounts hold, each security of each once, by account and security; not what is sold short."""

    account: NDArray[np.int32]
    security: NDArray[np.int32]
    shares: IntArray


def holdings_of(state: State) -> Holdings:
    """Add up the open lots of each account and security."""
    lots, short = state.lots, state.lots["marks"] & SHORT != 0
    if short.any():  # to leave them out copies all others
        lots = lots[~short]
    if not lots.size:
        none = np.zeros(0, np.int32)
        return Holdings(none, none, np.zeros(0, np.int64))
    key = lots["account"].astype(np.int64) << 32 | lots["security"]
    first = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    return Holdings(lots["account"][first], lots["security"][first], np.add.reduceat(lots["shares"], first))


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


def _reorganised(rows: Table, details: Table, record: Holdings, shadow: Holdings) -> tuple[Table, Table]:
    """What companies did on a day to shares that the shadow holds: events and their details.

    `rows` are the record's of all accounts; of each security and kind one is enough, its cash by the share.
    """
    acts = rows[np.isin(rows["kind"], _REORGANISATIONS)]
    if not acts.size:
        return acts, no_details(0)
    key = acts["security"].astype(np.int64) << 8 | acts["kind"]
    acts = acts[np.unique(key, return_index=True)[1]]
    given = details[acts["detail"]]
    total = acts["amount"] > 0
    held = dict(zip(zip(record.account.tolist(), record.security.tolist(), strict=True), record.shares, strict=True))
    shares = np.array(
        [held.get(pair, 0) for pair in zip(acts["account"].tolist(), acts["security"].tolist(), strict=True)]
    )
    each = np.divide(acts["amount"] * float(SHARE), shares, out=np.zeros(acts.size), where=shares > 0)
    given["cash"] = np.where(total & (given["cash"] == MISSING), np.rint(each), given["cash"]).astype(np.int64)
    at = np.flatnonzero(np.isin(shadow.security, acts["security"]))
    pairs = [
        (act, place) for place in at.tolist() for act in np.flatnonzero(acts["security"] == shadow.security[place])
    ]
    made = acts[[act for act, _ in pairs]]
    made["account"] = shadow.account[[place for _, place in pairs]]
    made["amount"], made["lot"] = 0, NO_CODE
    made["detail"] = [act for act, _ in pairs]
    return made, given


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
    """Events of a day that do not come of any management, and their details."""

    events: Table
    details: Table


def events_from_outside(
    history: History, rows: Table, opening: NDArray[np.bool_], sides: tuple[Holdings, Holdings], rule: ShadowRule
) -> Outside:
    """What happens to the shadow on a day before it is managed.

    `rows` are the record's events of the day, `opening` (A,) accounts whose first day it is: those begin with the
    record as it is. `sides` = what the record and the shadow held before the day.
    """
    record, shadow = sides
    day = int(rows["day"][0]) if rows.size else 0
    first = opening[rows["account"]]
    kept = first | np.isin(rows["kind"], _SAME)
    later = rows[~first]
    reorganised, given = _reorganised(later, history.details, record, shadow)
    reorganised["detail"] += history.details.size
    parts = (reorganised, rows[kept], _in_kind(history, later, shadow, rule))
    made = np.concatenate(parts) if day else rows[:0]
    # Copied only where something joins them: there are as many details as dividends, and as many days.
    return Outside(made, np.concatenate((history.details, given)) if given.size else history.details)


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
    price = history.market.price[row]
    shares = np.zeros((accounts.size, price.size))
    mine = np.isin(held.account, accounts)
    place = np.searchsorted(accounts, held.account[mine])
    shares[place, held.security[mine]] = held.shares[mine]
    value = shares / SHARE * price
    target = history.targets.of[history.accounts.household[accounts], row]
    total = value.sum(axis=1) + cash[accounts]
    wanted = np.where(price > 0, history.targets.weight[target], 0.0) * np.maximum(total, 0.0)[:, None]
    spare = cash[accounts] - history.targets.cash[target] * total
    sold, bought = _to_target(value, wanted, spare, rule) if due else _for_flows(value, wanted, spare, total, rule)
    sold, bought = np.where(price > 0, sold, 0.0), np.where(price > 0, bought, 0.0)
    made = []
    for kind, dollars in ((EventKind.SELL, sold), (EventKind.BUY, bought)):
        number = np.floor(np.divide(dollars * SHARE, price, out=np.zeros_like(dollars), where=price > 0))
        if kind is EventKind.SELL:
            number = np.where(dollars >= value * (1 - 1e-12), shares, np.minimum(number, shares))
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
