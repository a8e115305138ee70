"""Number A, the rule of thumb: what the day's trades saved against an ordinary rebalance to target on that day.

Lot by lot, with o the dollars that an ordinary rebalance would sell of it before the day's trades, p those that it
would still sell after them, and g the gain in a dollar:

- what the ordinary rebalance would have realised and the day's trades did not is a credit, (o - p) g tau; what they
  realised themselves is a debit, their gain x tau: so a loss sold beyond the ordinary sale is a credit, a gain beyond
  it a debit;
- what an ordinary rebalance would still sell is deferred. Deferral is a stock, p g tau for a loss or a long-term gain,
  p g (tau short - tau long) for a short-term gain, which waits for its anniversary; the day's credit is the change of
  the stock, so a deferral is credited once and taken back when the gain is realised, or gone;
- a loss that a later purchase washes is taken back on the day it is known.

Shares that the ledger never held, of which a source states that they were sold, do not count: what an ordinary
rebalance would have sold of them is not known, and most are of a time before the record.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import Table
from lotwise.ledger.holding_period import first_long_term_day_numbers
from lotwise.ledger.tables import SHORT, State
from lotwise.money import FULL_RATE, SHARE, IntArray
from lotwise.savings.history import History
from lotwise.savings.ordinary import in_order, ordinary_sales
from lotwise.savings.shadow_rule import Order

__all__ = ["CREDIT", "DEFERRED", "Evening", "Motive", "credits_of_day"]

Floats = NDArray[np.float64]

_TAXABLE = 0
_NEVER_HELD = -1  # lot of a sale of shares that the ledger never held


class Motive(IntEnum):
    """What a credit is for."""

    HARVEST = 0  # a loss realised, or not
    LOT_CHOICE = 1  # a gain realised that an ordinary rebalance would not have, or the other way round
    DEFERRAL = 2  # change of what is deferred
    WASH = 3  # a loss that was credited and is disallowed


# One credit of one lot on one day; money, negative = a debit.
CREDIT = np.dtype(
    [
        ("lot", np.int64),  # number of the lot in the ledger
        ("credit", np.int64),
        ("gain", np.int64),  # that the credit is about: realised or not, deferred now
        ("stock", np.int64),  # tax deferred by it at the end of the day; 0 of other motives
        ("day", np.int32),
        ("household", np.int32),
        ("account", np.int32),
        ("security", np.int32),
        ("motive", np.uint8),
        ("long_term", np.uint8),
    ],
    align=True,
)


# Tax that a lot defers at the end of a day; money. A row per lot, in no order.
DEFERRED = np.dtype(
    [
        ("lot", np.int64),
        ("stock", np.int64),
        ("gain", np.int64),  # that it is of
        ("account", np.int32),
        ("security", np.int32),
        ("long_term", np.uint8),
    ],
    align=True,
)


class Evening(NamedTuple):
    """Accounts at the end of a day, after its trades."""

    day: int
    state: State
    cash: IntArray  # (A,) money
    chosen: NDArray[np.bool_]  # (A,) accounts to look at; those of a household all or none


class _Lots(NamedTuple):
    """Lots that were there before the day's trades or are there after them, each once; dollars."""

    lot: IntArray
    account: NDArray[np.int32]
    security: NDArray[np.int32]
    acquired: NDArray[np.int32]
    long_term: NDArray[np.bool_]
    basis: Floats  # per share
    before: Floats  # shares
    after: Floats
    realised: Floats  # gain of the day's sales, money


def _lots_of(evening: Evening) -> _Lots:
    """Put what is open and what was sold on the day together, lot by lot."""
    lots = evening.state.lots
    lots = lots[evening.chosen[lots["account"]] & (lots["marks"] & SHORT == 0)]
    sold = evening.state.realized
    sold = sold[np.flatnonzero(sold["sold"] == evening.day)]
    sold = sold[evening.chosen[sold["account"]] & (sold["marks"] & SHORT == 0) & (sold["lot"] != _NEVER_HELD)]
    number, first, place = np.unique(
        np.concatenate((lots["number"], sold["lot"])), return_index=True, return_inverse=True
    )
    of_lot, of_sale = place[: lots.size], place[lots.size :]

    def either(name: str) -> Table:
        column: Table = np.concatenate((lots[name], sold[name]))[first]
        return column

    def summed(at: NDArray[np.intp], values: Table) -> Floats:
        return np.bincount(at, values.astype(np.float64), number.size).astype(np.float64)

    after = summed(of_lot, lots["shares"])
    bought = summed(of_lot, np.where(lots["acquired"] == evening.day, lots["shares"], 0))
    gone = summed(of_sale, sold["counted"])
    shares = after + gone
    basis = summed(of_lot, lots["basis"]) + summed(of_sale, sold["basis"])
    return _Lots(
        number,
        either("account"),
        either("security"),
        either("acquired"),
        evening.day >= first_long_term_day_numbers(np.ascontiguousarray(either("holding_start"))),
        np.divide(basis, shares, out=np.zeros(number.size), where=shares > 0),
        shares - bought,
        after,
        summed(of_sale, sold["proceeds"] - sold["basis"]),
    )


def _portfolio_of(history: History) -> IntArray:
    """Number of the portfolio that each account belongs to, (A,): its household, or an account by itself."""
    accounts = history.accounts
    households = history.targets.of.shape[0]
    number: IntArray = np.where(
        accounts.as_one, accounts.household, households + np.arange(accounts.household.size)
    ).astype(np.int64)
    return number


class _Sides(NamedTuple):
    """Money of each lot that an ordinary rebalance sells before the day's trades, and would still sell after them."""

    before: Floats
    after: Floats


def _ordinary(history: History, evening: Evening, lots: _Lots, price: Floats, order: Order) -> _Sides:
    """Ask what an ordinary rebalance to target would sell of each lot; in the order of `lots`."""
    portfolio = _portfolio_of(history)
    size = int(portfolio.max(initial=0)) + 1
    chosen = np.flatnonzero(evening.chosen)
    worth = np.zeros(size)  # bincount of nothing counts in integers, whatever its weights
    worth += np.bincount(portfolio[lots.account], lots.after * price, size)
    worth += np.bincount(portfolio[chosen], evening.cash[chosen].astype(np.float64), size)
    sort = in_order(portfolio[lots.account], lots.security, lots.acquired, lots.basis, order)
    securities = history.market.price.shape[1]
    key = portfolio[lots.account][sort] * securities + lots.security[sort]
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    account, security = lots.account[sort][first], lots.security[sort][first]
    row = history.targets.of[history.accounts.household[account], history.market.row(evening.day)]
    wanted = _weights(history, row, security, price_row=history.market.row(evening.day)) * worth[portfolio[account]]
    taxable = history.world.accounts["kind"][lots.account[sort]] == _TAXABLE
    sides = []
    for shares in (lots.before, lots.after):
        sold = np.empty(sort.size)
        sold[sort] = ordinary_sales(group, (shares * price)[sort], taxable, wanted)
        sides.append(sold)
    return _Sides(*sides)


def _weights(history: History, targets: NDArray[np.int32], security: NDArray[np.int32], price_row: int) -> Floats:
    """Weight of each security in its target; those of securities that have no price are shared out over the others."""
    known, place = np.unique(targets, return_inverse=True)
    weight, there = history.targets.shared_out(known, history.market.price[price_row] > 0)
    scale = np.divide(weight, there, out=np.zeros_like(there), where=there > 0)
    weights: Floats = history.targets.weight[targets, security] * scale[place]
    return weights


def credits_of_day(history: History, evening: Evening, earlier: Table, order: Order) -> tuple[Table, Table]:
    """Credits of a day (CREDIT) and what is deferred at its end (DEFERRED); `earlier` is what was before it.

    O(lots log lots) of the chosen accounts. A day on which nothing trades has credits for what is deferred alone.
    """
    lots = _lots_of(evening)
    close = history.market.price[history.market.row(evening.day)].astype(np.float64) / SHARE
    price = close[lots.security]
    household = history.accounts.household[lots.account]
    rates = history.rates[household] / FULL_RATE
    rate = np.where(lots.long_term, rates[:, 1], rates[:, 0])
    taxable = history.world.accounts["kind"][lots.account] == _TAXABLE
    gain = np.divide(price - lots.basis, price, out=np.zeros(price.size), where=price > 0)
    sides = _ordinary(history, evening, lots, price, order)
    missed = (sides.before - sides.after) * gain
    realised = np.where(taxable, np.rint((missed - lots.realised) * rate), 0.0).astype(np.int64)
    waiting = np.where((gain > 0) & ~lots.long_term, rates[:, 0] - rates[:, 1], rate)
    held = sides.after * gain
    stock = np.rint(held * waiting).astype(np.int64)
    kept = stock != 0
    standing = np.zeros(int(kept.sum()), DEFERRED)
    standing["lot"], standing["account"], standing["security"] = (column[kept] for column in lots[:3])
    standing["stock"], standing["long_term"] = stock[kept], lots.long_term[kept]
    standing["gain"] = np.rint(held[kept])
    traded = np.flatnonzero(realised)
    lines = np.zeros(traded.size, CREDIT)
    lines["lot"], lines["account"], lines["security"] = (column[traded] for column in lots[:3])
    lines["credit"], lines["long_term"] = realised[traded], lots.long_term[traded]
    lines["gain"] = np.rint(missed[traded] - lots.realised[traded])
    lines["motive"] = np.where(gain[traded] < 0, Motive.HARVEST, Motive.LOT_CHOICE)
    made = np.concatenate((lines, _changes(earlier, standing), _washed(history, evening)))
    made["day"] = evening.day
    made["household"] = history.accounts.household[made["account"]]
    return made, standing


def _changes(earlier: Table, now: Table) -> Table:
    """Credits for what is deferred, lot by lot: the change of the stock."""
    lot = np.union1d(earlier["lot"], now["lot"])
    lines = np.zeros(lot.size, CREDIT)
    lines["lot"], lines["motive"] = lot, Motive.DEFERRAL
    for stock, sign in ((earlier, -1), (now, 1)):
        at = np.searchsorted(lot, stock["lot"])
        lines["credit"][at] += sign * stock["stock"]
        for name in ("account", "security", "long_term"):
            lines[name][at] = stock[name]
        lines["gain"][at], lines["stock"][at] = (0, 0) if sign < 0 else (stock["gain"], stock["stock"])
    changed: Table = lines[lines["credit"] != 0]
    return changed


def _washed(history: History, evening: Evening) -> Table:
    """Debits for losses of which it is known since this day that they are disallowed."""
    washes, realized = evening.state.washes, evening.state.realized
    washes = washes[(washes["day"] == evening.day) & (washes["sold_lot"] != _NEVER_HELD)]
    if not washes.size:
        return np.zeros(0, CREDIT)
    at = np.searchsorted(realized["event"], washes["sale"])
    while (moving := realized["lot"][at] != washes["sold_lot"]).any():
        at = at + moving  # the lots of one sale stand together
    rows = realized[at]
    mine = evening.chosen[rows["account"]] & (history.world.accounts["kind"][rows["account"]] == _TAXABLE)
    washes, rows = washes[mine], rows[mine]
    rates = history.rates[history.accounts.household[rows["account"]], (rows["long_term"] == 1).astype(int)]
    lines = np.zeros(washes.size, CREDIT)
    lines["lot"], lines["account"], lines["security"] = rows["lot"], rows["account"], rows["security"]
    lines["credit"] = -np.rint(washes["loss"] * (rates / FULL_RATE)).astype(np.int64)
    lines["gain"], lines["motive"], lines["long_term"] = -washes["loss"], Motive.WASH, rows["long_term"]
    return lines
