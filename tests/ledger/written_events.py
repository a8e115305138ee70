"""Records of events written by hand, in dollars, shares and names, and cast into the tables that fold.

    record = Record()
    record.account("ira", AccountKind.TRADITIONAL)
    record.buy("2025-01-15", "own", "X", 100, 5000, lot="first")
    record.sell("2025-03-20", "own", "X", 100, 4000, lots=["first"])
    record.reinvest("2025-03-25", "ira", "X", 2, 82, lot="second")
    events, details, world = record.tables()

Every method appends one event and returns its number (`sell` of several lots appends one each, joined by an order).
Accounts, symbols, lots and orders get their code when they are first named. An account not described is taxable,
first in first out, and of the taxpayer "us". Numbers are int, Decimal, Fraction or decimal text, never binary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from lotwise.dates import to_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import EVENT, MISSING, NO_CODE, EventFlag, EventKind, Relief, Table, no_details
from lotwise.ledger.tables import ACCOUNT, IDENTICAL, Reading, World
from lotwise.money import DOLLAR, FULL_RATE, SHARE, split_by_largest_remainder

__all__ = ["Day", "Details", "Named", "Number", "Record", "as_day", "as_units"]

Number: TypeAlias = int | str | Decimal | Fraction
Day: TypeAlias = date | str
Named: TypeAlias = str | tuple[str, Number]  # a lot, or a lot and how many shares of it

NO_FLAG = EventFlag(0)
# Highest federal rates of 2018-2025 with the 3.8% of 26 U.S.C. 1411: what lowest tax weighs unless a test says more.
SHORT_RATE = Decimal("0.408")
LONG_RATE = Decimal("0.238")


def as_units(value: Number, unit: int) -> int:
    """Convert a number to integer units of `unit` per one, rounded half to even."""
    return round(Fraction(value) * unit)


def as_day(day: Day) -> int:
    """Day number of a date or of its ISO text."""
    return to_day_number(date.fromisoformat(day) if isinstance(day, str) else day)


@dataclass(frozen=True, slots=True)
class Details:
    """What only some events have, in dollars, fractions and names; None = not given."""

    basis: Number | None = None
    original_basis: Number | None = None
    fair_value: Number | None = None
    cash: Number | None = None
    ratio: Number | None = None  # of new to old: 2, "3/2", Decimal("0.241917")
    fraction: Number | None = None
    acquired: Day | None = None
    holding_start: Day | None = None
    ex_day: Day | None = None
    new_symbol: str | None = None
    counter_account: str | None = None


@dataclass(frozen=True, slots=True)
class _Account:
    kind: AccountKind
    taxpayer: str
    relief: Relief
    short_rate: Number
    long_rate: Number


@dataclass(slots=True)
class Record:
    """Events in the order in which they are written."""

    reading: Reading = Reading.HELD_AT_END_OF_DAY
    accounts: dict[str, int] = field(default_factory=dict)  # name to code, as the three below
    symbols: dict[str, int] = field(default_factory=dict)
    lots: dict[str, int] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)
    _described: dict[str, _Account] = field(default_factory=dict)
    _funds: set[str] = field(default_factory=set)
    _identical: list[tuple[int, int, int, int]] = field(default_factory=list)
    _groups: int = 0
    _events: list[tuple[int, ...]] = field(default_factory=list)
    _details: list[Details] = field(default_factory=list)

    @property
    def written(self) -> int:
        """Number of events written so far."""
        return len(self._events)

    def account(
        self,
        name: str,
        kind: AccountKind = AccountKind.TAXABLE,
        *,
        taxpayer: str = "us",
        relief: Relief = Relief.FIFO,
        short_rate: Number = SHORT_RATE,
        long_rate: Number = LONG_RATE,
    ) -> int:
        """Describe an account; spouses are one taxpayer."""
        self._described[name] = _Account(kind, taxpayer, relief, short_rate, long_rate)
        return _code(self.accounts, name)

    def fund(self, symbol: str) -> None:
        """Say that a security is a fund."""
        _code(self.symbols, symbol)
        self._funds.add(symbol)

    def identical(self, *symbols: str, first: Day = date.min, last: Day = date.max) -> None:
        """Say that securities are substantially identical, on days from `first` to `last`."""
        for symbol in symbols:
            self._identical.append((_code(self.symbols, symbol), self._groups, as_day(first), as_day(last)))
        self._groups += 1

    def event(
        self,
        kind: EventKind,
        day: Day,
        account: str,
        symbol: str | None = None,
        shares: Number = 0,
        amount: Number = 0,
        *,
        lot: str | None = None,
        order: str | None = None,
        relief: Relief = Relief.DEFAULT,
        flags: EventFlag = NO_FLAG,
        details: Details | None = None,
    ) -> int:
        """Append any event; the methods below say it in fewer words."""
        self._events.append(
            (
                as_units(shares, SHARE),
                as_units(amount, DOLLAR),
                as_day(day),
                _code(self.accounts, account),
                _code(self.symbols, symbol),
                _code(self.lots, lot),
                _code(self.orders, order),
                NO_CODE if details is None else len(self._details),
                int(kind),
                int(relief),
                int(flags),
            )
        )
        if details is not None:
            if details.new_symbol is not None:
                _code(self.symbols, details.new_symbol)
            if details.counter_account is not None:
                _code(self.accounts, details.counter_account)
            self._details.append(details)
        return len(self._events) - 1

    def buy(
        self,
        day: Day,
        account: str,
        symbol: str,
        shares: Number,
        amount: Number,
        *,
        lot: str | None = None,
        order: str | None = None,
        flags: EventFlag = NO_FLAG,
    ) -> int:
        """Buy for `amount`, fees included."""
        return self.event(EventKind.BUY, day, account, symbol, shares, amount, lot=lot, order=order, flags=flags)

    def reinvest(
        self, day: Day, account: str, symbol: str, shares: Number, amount: Number, *, lot: str | None = None
    ) -> int:
        """Buy with a distribution."""
        return self.event(EventKind.REINVEST, day, account, symbol, shares, amount, lot=lot)

    def sell(
        self,
        day: Day,
        account: str,
        symbol: str,
        shares: Number,
        amount: Number,
        *,
        lots: Sequence[Named] = (),
        relief: Relief = Relief.DEFAULT,
        order: str | None = None,
    ) -> list[int]:
        """Sell for `amount`, fees deducted; of several lots, each for its part of it by shares, in one order."""
        if not lots:
            return [self.event(EventKind.SELL, day, account, symbol, shares, amount, relief=relief, order=order)]
        named = [(lot, shares) if isinstance(lot, str) else lot for lot in lots]
        parts = [as_units(part, SHARE) for _, part in named]
        if sum(parts) != as_units(shares, SHARE):
            raise ValueError(f"the shares of the lots must add up to {shares}, were {[str(part) for _, part in named]}")
        amounts = split_by_largest_remainder(as_units(amount, DOLLAR), parts)
        joined = order if order is not None or len(named) == 1 else f"sale at event {len(self._events)}"
        return [
            self.event(EventKind.SELL, day, account, symbol, part, Fraction(cash, DOLLAR), lot=lot, order=joined)
            for (lot, part), cash in zip(named, amounts, strict=True)
        ]

    def transfer_in(
        self,
        day: Day,
        account: str,
        symbol: str,
        shares: Number,
        *,
        lot: str | None = None,
        flags: EventFlag = NO_FLAG,
        **details: Number | Day,
    ) -> int:
        """Receive a lot; details: basis, original_basis, acquired, holding_start."""
        kind = EventKind.TRANSFER_IN
        return self.event(kind, day, account, symbol, shares, lot=lot, flags=flags, details=_details(details))

    def gift_in(
        self,
        day: Day,
        account: str,
        symbol: str,
        shares: Number,
        *,
        lot: str | None = None,
        **details: Number | Day,
    ) -> int:
        """Receive a gift; details: basis and acquired of the donor, fair_value on the day of the gift."""
        return self.event(EventKind.GIFT_IN, day, account, symbol, shares, lot=lot, details=_details(details))

    def inherit(
        self, day: Day, account: str, symbol: str, shares: Number, fair_value: Number, *, lot: str | None = None
    ) -> int:
        """Inherit shares worth `fair_value` in all at death."""
        details = Details(fair_value=fair_value)
        return self.event(EventKind.INHERITANCE, day, account, symbol, shares, lot=lot, details=details)

    def donate(self, day: Day, account: str, symbol: str, shares: Number, *, lot: str | None = None) -> int:
        """Give shares away."""
        return self.event(EventKind.DONATION, day, account, symbol, shares, lot=lot)

    def reorganise(self, kind: EventKind, day: Day, account: str, symbol: str, **details: Number | str) -> int:
        """Split, merge, spin off or rename all lots of an account's security; details: ratio, cash, new_symbol, ..."""
        return self.event(kind, day, account, symbol, details=_details(details))

    def split(self, day: Day, account: str, symbol: str, ratio: Number) -> int:
        """Split: `ratio` new shares for an old one."""
        return self.reorganise(EventKind.SPLIT, day, account, symbol, ratio=ratio)

    def stock_dividend(self, day: Day, account: str, symbol: str, ratio: Number) -> int:
        """Receive `ratio` further shares for each share held."""
        return self.reorganise(EventKind.STOCK_DIVIDEND, day, account, symbol, ratio=ratio)

    def spin_off(self, day: Day, account: str, symbol: str, new_symbol: str, *, ratio: Number, fraction: Number) -> int:
        """Receive `ratio` shares of a company spun off for each share held, with `fraction` of the basis."""
        kind = EventKind.SPIN_OFF
        return self.reorganise(kind, day, account, symbol, new_symbol=new_symbol, ratio=ratio, fraction=fraction)

    def return_of_capital(self, day: Day, account: str, symbol: str, amount: Number) -> int:
        """Receive `amount` in all that is no dividend."""
        return self.event(EventKind.RETURN_OF_CAPITAL, day, account, symbol, 0, amount)

    def cash_in_lieu(
        self, day: Day, account: str, symbol: str, shares: Number, amount: Number, *, lot: str | None = None
    ) -> int:
        """Sell a fraction of a share for cash."""
        return self.event(EventKind.CASH_IN_LIEU, day, account, symbol, shares, amount, lot=lot)

    def sell_short(self, day: Day, account: str, symbol: str, shares: Number, amount: Number) -> int:
        """Sell borrowed shares."""
        return self.event(EventKind.SELL_SHORT, day, account, symbol, shares, amount)

    def cover(
        self, day: Day, account: str, symbol: str, shares: Number, amount: Number = 0, *, lot: str | None = None
    ) -> int:
        """Close a short sale by buying for `amount`, or by delivering a lot."""
        return self.event(EventKind.COVER, day, account, symbol, shares, amount, lot=lot)

    def tables(self) -> tuple[Table, Table, World]:
        """Cast what was written into the tables that fold."""
        events = np.array(self._events, EVENT)
        details = no_details(len(self._details))
        for row, given in zip(details, self._details, strict=True):
            self._cast(row, given)
        return events, details, self.world()

    def world(self) -> World:
        """Describe what the events refer to."""
        taxpayers: dict[str, int] = {}
        ordinary = _Account(AccountKind.TAXABLE, "us", Relief.FIFO, SHORT_RATE, LONG_RATE)
        rows = []
        for name in self.accounts:
            it = self._described.get(name, ordinary)
            rates = as_units(it.short_rate, FULL_RATE), as_units(it.long_rate, FULL_RATE)
            rows.append((*rates, _code(taxpayers, it.taxpayer), int(it.kind), int(it.relief)))
        funds = np.array([symbol in self._funds for symbol in self.symbols], np.bool_)
        identical = np.array(sorted(self._identical), IDENTICAL)
        return World(np.array(rows, ACCOUNT), funds, identical, self.reading)

    def _cast(self, row: Table, given: Details) -> None:
        """Write the details of an event into its row."""
        for name in ("basis", "original_basis", "fair_value", "cash"):
            value = getattr(given, name)
            row[name] = MISSING if value is None else as_units(value, DOLLAR)
        for name in ("acquired", "holding_start", "ex_day"):
            if getattr(given, name) is not None:
                row[name] = as_day(getattr(given, name))
        if given.fraction is not None:
            row["fraction"] = as_units(given.fraction, FULL_RATE)
        if given.ratio is not None:
            row["ratio_new"], row["ratio_old"] = Fraction(given.ratio).as_integer_ratio()
        row["new_security"] = _code(self.symbols, given.new_symbol)
        row["counter_account"] = _code(self.accounts, given.counter_account)


def _code(codes: dict[str, int], name: str | None) -> int:
    """Code of a name, new names counted on; None has none."""
    return NO_CODE if name is None else codes.setdefault(name, len(codes))


def _details(given: Mapping[str, Number | Day]) -> Details:
    return Details(**given)  # type: ignore[arg-type]  # names and kinds are checked where they are cast
