"""Random records of a few households: Hypothesis draws small steps, and a script casts them into events.

The script knows roughly what each account holds, so that most sales sell something, and leaves the rest to the fold:
some events must be refused. Amounts are odd and shares fractional on purpose. Accounts, of two taxpayers:

| code | owner | kind |
|---|---|---|
| 0, 1 | a couple | taxable |
| 2 | the couple | traditional |
| 3 | the couple | Roth |
| 4 | a stranger | taxable |

Securities 0 and 1 are substantially identical for a while, 2 stands alone and may come to be called 4, 3 is a fund.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import EVENT, NO_CODE, EventFlag, EventKind, Relief, Table, no_details
from lotwise.ledger.tables import ACCOUNT, IDENTICAL, Reading, World

FIRST_DAY = 19_631  # 2023-10-01: a year end lies ahead
KINDS = (
    AccountKind.TAXABLE,
    AccountKind.TAXABLE,
    AccountKind.TRADITIONAL,
    AccountKind.ROTH,
    AccountKind.TAXABLE,
)
TAXPAYERS = (0, 0, 0, 0, 1)
SECURITIES = 5
FUND = 3
RENAMED, NEW_NAME = 2, 4
MILLION = 1_000_000


class Sequence(NamedTuple):
    """A record of events, ready to fold."""

    events: Table
    details: Table
    world: World

    def __repr__(self) -> str:
        """Write the events one to a line, as a failing test shows them."""
        lines = [f"reading {self.world.reading.name}, relief {self.world.accounts['relief'].tolist()}"]
        for number, event in enumerate(self.events):
            detail = self.details[event["detail"]] if event["detail"] != NO_CODE else None
            more = {} if detail is None else said(detail, no_details(1)[0])
            given = said(event, NOTHING)
            lines.append(f"{number}: {EventKind(int(event['kind'])).name} {given} {more}")
        return "\n".join(lines)


NOTHING = np.zeros(1, EVENT)[0]
for _code in ("security", "lot", "order", "detail"):
    NOTHING[_code] = NO_CODE


def said(row: np.void, nothing: np.void) -> dict[str, int]:
    """Columns of a row that say something."""
    return {name: int(row[name]) for name in row.dtype.names or () if row[name] != nothing[name]}


@dataclass(frozen=True, slots=True)
class Mix:
    """What may happen in a record: the script draws one of `actions`, as often as it is named."""

    actions: tuple[str, ...]
    reliefs: tuple[Relief, ...] = (Relief.FIFO, Relief.LIFO, Relief.HIFO, Relief.LOWEST_TAX)
    readings: tuple[Reading, ...] = (Reading.HELD_AT_END_OF_DAY,)


TRADES = ("buy", "buy", "buy", "buy", "sell", "sell", "sell", "sell", "sell", "reinvest", "round_trip", "fills")
REST = ("split", "rename", "transfer_in", "gift", "inherit", "donate", "move", "cash", "bad")
LEAVING = ("sell", "donate", "move")
ALL_READINGS = tuple(Reading)


def record_of(rows: list[dict[str, int]]) -> tuple[Table, Table]:
    """Cast events written as field = value into tables; fields of DETAIL open a row of it."""
    events, details = np.zeros(len(rows), EVENT), no_details(len(rows))
    for number, row in enumerate(rows):
        events[number]["security"] = events[number]["lot"] = events[number]["order"] = NO_CODE
        events[number]["detail"] = NO_CODE
        for name, value in row.items():
            if name in (EVENT.names or ()):
                events[number][name] = value
            else:
                details[number][name] = value
                events[number]["detail"] = number
    return events, details


@dataclass(slots=True)
class Script:
    """Casts steps into events, and keeps an idea of what is held."""

    mix: Mix
    day: int = FIRST_DAY
    rows: list[dict[str, int]] = field(default_factory=list)
    held: dict[tuple[int, int], int] = field(default_factory=dict)
    names: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    orders: int = 0
    split_on: int = 0
    renamed: set[int] = field(default_factory=set)  # accounts in which security 2 is called 4

    def step(self, gap: int, action: int, place: int, size: int, price: int, flavour: int) -> None:
        """One thing happens, `gap` days after the one before."""
        self.day += gap
        account, security = place % len(KINDS), place // len(KINDS) % NEW_NAME
        name = self.mix.actions[action % len(self.mix.actions)]
        places = sorted(where for where, shares in self.held.items() if shares)
        if name in LEAVING and flavour % 20 and places:
            account, security = places[place % len(places)]
        if security == RENAMED and account in self.renamed:
            security = NEW_NAME
        getattr(self, name)(account, security, size, price, flavour)

    def add(self, kind: EventKind, account: int, security: int, **given: int) -> None:
        self.rows.append({"kind": kind, "day": self.day, "account": account, "security": security, **given})

    def hold(self, account: int, security: int, shares: int) -> None:
        self.held[account, security] = self.held.get((account, security), 0) + shares

    def part_of_holding(self, account: int, security: int, flavour: int) -> int:
        """All, some odd part, or sometimes a little too much of what is held."""
        held = self.held.get((account, security), 0)
        part = (held, held * 3 // 7, held // 2, held // 3, held, held // 2, held + 1)[flavour % 7]
        return max(part, 1)

    def buy(self, account: int, security: int, size: int, price: int, flavour: int, **given: int) -> None:
        shares = shares_of(size)
        name = NO_CODE
        if flavour % 3 == 0:
            name = account * 4 + flavour % 4
            self.names.setdefault((account, security), []).append(name)
        kind = EventKind(given.pop("kind", EventKind.BUY))
        self.add(kind, account, security, shares=shares, amount=amount_of(shares, price), lot=name, **given)
        self.hold(account, security, shares)

    def reinvest(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        self.buy(account, security, size % 50 + 1, price, flavour, kind=EventKind.REINVEST)

    def sell(self, account: int, security: int, size: int, price: int, flavour: int, **given: int) -> None:
        del size
        shares = self.part_of_holding(account, security, flavour)
        names = self.names.get((account, security), [])
        name = names[flavour % len(names)] if names and flavour % 2 else NO_CODE
        relief = self.mix.reliefs[flavour % len(self.mix.reliefs)] if flavour % 4 == 2 else Relief.DEFAULT
        given = {"relief": relief, "lot": name, **given}
        self.add(EventKind.SELL, account, security, shares=shares, amount=amount_of(shares, price), **given)
        self.hold(account, security, -min(shares, self.held.get((account, security), 0)))

    def round_trip(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        """Buy, sell, buy again and sell again on one day."""
        for i, act in enumerate((self.buy, self.sell, self.buy, self.sell)[: 2 + flavour % 3]):
            act(account, security, size, max(price - i, 1), flavour + i)

    def fills(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        """Buy or sell in several fills of one order; the last purchase may be filled a day later."""
        self.orders += 1
        for i in range(2 + flavour % 2):
            act = self.buy if flavour % 4 < 2 else self.sell
            act(account, security, size + i, price + i, flavour // 4 + i, order=self.orders)
            if flavour % 8 == 0:
                self.day += 1

    def split(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        """Split the shares of every account, once a day."""
        del account, size, price
        if self.split_on == self.day:
            return
        self.split_on = self.day
        new, old = ((2, 1), (3, 2), (1, 4), (21, 20))[flavour % 4]
        for owner in range(len(KINDS)):
            held = self.held.get((owner, security), 0)
            if held or flavour % 8 == 7:
                kind, more = (EventKind.STOCK_DIVIDEND, new - old) if new > old else (EventKind.SPLIT, new)
                self.add(kind, owner, security, ratio_new=more, ratio_old=old)
                self.held[owner, security] = held * new // old

    def rename(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        """Give security 2 its new name in every account, or in all but one, whose custodian is late."""
        del security, size, price
        for owner in range(len(KINDS)):
            if owner in self.renamed or (owner == account and flavour % 2):
                continue
            self.renamed.add(owner)
            self.add(EventKind.SYMBOL_CHANGE, owner, RENAMED, new_security=NEW_NAME)
            self.hold(owner, NEW_NAME, self.held.pop((owner, RENAMED), 0))

    def transfer_in(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        shares = shares_of(size)
        basis = amount_of(shares, price)
        facts = EventFlag.PURCHASE if flavour % 2 else EventFlag(0)
        acquired = self.day - flavour % 500
        self.add(
            EventKind.TRANSFER_IN, account, security, shares=shares, basis=basis, acquired=acquired, facts=int(facts)
        )
        self.hold(account, security, shares)

    def gift(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        shares = shares_of(size)
        basis = amount_of(shares, price)
        value = basis * (5 + flavour % 10) // 10
        acquired = self.day - flavour % 700
        self.add(EventKind.GIFT_IN, account, security, shares=shares, basis=basis, fair_value=value, acquired=acquired)
        self.hold(account, security, shares)

    def inherit(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        del flavour
        shares = shares_of(size)
        self.add(EventKind.INHERITANCE, account, security, shares=shares, fair_value=amount_of(shares, price))
        self.hold(account, security, shares)

    def donate(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        del size, price
        shares = self.part_of_holding(account, security, flavour)
        self.add(EventKind.DONATION, account, security, shares=shares)
        self.hold(account, security, -min(shares, self.held.get((account, security), 0)))

    def move(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        """Move shares to another account, which may not be one they can go to; or out of the ledger."""
        del size, price
        shares = self.part_of_holding(account, security, flavour)
        given = {} if flavour % 3 == 0 else {"counter_account": (account + 1) % 2 if flavour % 7 else flavour % 5}
        self.add(EventKind.TRANSFER_OUT, account, security, shares=shares, **given)

    def cash(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        kinds = (EventKind.DEPOSIT, EventKind.WITHDRAWAL, EventKind.FEE, EventKind.INTEREST, EventKind.DIVIDEND)
        kind = kinds[flavour % 5]
        self.add(kind, account, security if kind == EventKind.DIVIDEND else NO_CODE, amount=size * price)

    def bad(self, account: int, security: int, size: int, price: int, flavour: int) -> None:
        """Write what must be refused."""
        sell: dict[str, Any] = {"shares": size, "amount": price}
        wrong: list[tuple[EventKind, dict[str, int]]] = [
            (EventKind.SELL, {**sell, "shares": 10**15}),
            (EventKind.SELL, {**sell, "lot": 999}),
            (EventKind.SELL, {**sell, "shares": -size}),
            (EventKind.BUY, {**sell, "shares": 0}),
            (EventKind.BUY, {**sell, "amount": -price}),
            (EventKind.DEPOSIT, {"amount": -price}),
        ]
        kind, given = wrong[flavour % len(wrong)]
        self.add(kind, account, security, **given)


def shares_of(size: int) -> int:
    """Shares of a size: whole, fractional or a sliver."""
    return size * (MILLION, MILLION, 333_333, 1_001)[size % 4]


def amount_of(shares: int, price: int) -> int:
    """Money for shares, `price` dollars each and an odd bit."""
    return round(Fraction(shares * price * 10_000, MILLION)) + shares % 7


def world_of(reliefs: list[Relief], reading: Reading) -> World:
    """Describe the accounts and securities of every record."""
    accounts = np.zeros(len(KINDS), ACCOUNT)
    accounts["taxpayer"], accounts["kind"], accounts["relief"] = TAXPAYERS, KINDS, reliefs
    accounts["short_rate"], accounts["long_rate"] = 408_000_000, 238_000_000
    identical = np.array([(0, 7, 0, FIRST_DAY + 60), (1, 7, 0, FIRST_DAY + 60)], IDENTICAL)
    funds = np.arange(SECURITIES) == FUND
    return World(accounts, funds, identical, reading)


@st.composite
def sequences(draw: st.DrawFn, mix: Mix, *, steps: int = 25) -> Sequence:
    """Draw a record of up to so many steps."""
    step = st.tuples(
        st.sampled_from((0, 0, 0, 1, 2, 5, 9, 20, 30, 31, 150)),
        st.integers(0, len(mix.actions) - 1),
        st.sampled_from((0, 0, 0, 1, 2, 3, 4, 5, 5, 6, 7, 10)),
        st.integers(1, 400),
        st.integers(1, 60),
        st.integers(0, 839),
    )
    script = Script(mix)
    fewest = draw(st.sampled_from((1, steps // 2, steps * 4 // 5)))
    for one in draw(st.lists(step, min_size=fewest, max_size=steps)):
        script.step(*one)
    reliefs = [draw(st.sampled_from(mix.reliefs)) for _ in KINDS]
    events, details = record_of(script.rows or [{"kind": EventKind.DEPOSIT, "day": FIRST_DAY, "amount": 1}])
    return Sequence(events, details, world_of(reliefs, draw(st.sampled_from(mix.readings))))
