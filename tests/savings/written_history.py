"""A few accounts and what happened to them, written down by hand, as the savings engine takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from lotwise.dates import is_trading_day, to_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import EVENT, NO_CODE, EventFlag, EventKind, Relief, no_details
from lotwise.ledger.tables import ACCOUNT, IDENTICAL, World
from lotwise.money import DOLLAR, FULL_RATE, SHARE, Money, Rate
from lotwise.savings.corporate import actions_of
from lotwise.savings.history import Accounts, History, MarketHistory, Targets
from lotwise.savings.shadow_rule import ShadowRule
from lotwise.savings.told import Asked
from lotwise.tax.liability import load_law
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import TaxPosition, positions

__all__ = ["LONG_RATE", "Happened", "Written", "bought", "deposited", "drawn", "held", "sold"]

SHORT_RATE, LONG_RATE = 0.408, 0.238


@dataclass(frozen=True)
class Happened:
    """One event; dollars and shares. A lot that is held already states its day and basis; so does a sale of others."""

    kind: EventKind
    day: str
    symbol: str = ""
    shares: float = 0.0
    amount: float = 0.0
    account: int = 0
    basis: float | None = None
    acquired: str = ""
    lot: str = ""
    qualified: bool = False
    ratio: tuple[int, int] | None = None


def held(day: str, symbol: str, shares: float, basis: float, acquired: str, account: int = 0) -> Happened:
    return Happened(EventKind.TRANSFER_IN, day, symbol, shares, account=account, basis=basis, acquired=acquired)


def bought(day: str, symbol: str, shares: float, amount: float, account: int = 0) -> Happened:
    return Happened(EventKind.BUY, day, symbol, shares, amount, account)


def sold(day: str, symbol: str, shares: float, amount: float, account: int = 0) -> Happened:
    return Happened(EventKind.SELL, day, symbol, shares, amount, account)


def deposited(day: str, amount: float, account: int = 0) -> Happened:
    return Happened(EventKind.DEPOSIT, day, amount=amount, account=account)


def drawn(day: str, amount: float, account: int = 0) -> Happened:
    return Happened(EventKind.WITHDRAWAL, day, amount=amount, account=account)


@dataclass
class Written:
    """One household: prices by symbol (a number, or one by day from which it holds), weights of its target."""

    prices: dict[str, dict[str, float]]
    target: dict[str, float]
    happened: list[Happened]
    first: str
    last: str
    kinds: tuple[AccountKind, ...] = (AccountKind.TAXABLE,)
    as_one: bool = True
    relief: Relief = Relief.HIFO
    payouts: dict[tuple[str, str], float] = field(default_factory=dict)  # (symbol, day): dollars a share
    silent: dict[str, str] = field(default_factory=dict)  # symbol: day from which it has no close of its own
    rule: ShadowRule = field(default_factory=ShadowRule)
    later: float = 0.5
    carried: tuple[float, float] = (0.0, 0.0)

    @property
    def symbols(self) -> list[str]:
        return list(self.prices)

    def _days(self) -> np.ndarray:
        day, last, days = date.fromisoformat(self.first), date.fromisoformat(self.last), []
        while day <= last:
            if is_trading_day(day):
                days.append(to_day_number(day))
            day += timedelta(days=1)
        return np.array(days, np.int32)

    def market(self) -> MarketHistory:
        days = self._days()
        price = np.zeros((days.size, len(self.symbols)), np.int64)
        for column, changes in enumerate(self.prices.values()):
            for start, dollars in sorted(changes.items()):
                price[days >= to_day_number(date.fromisoformat(start)), column] = round(dollars * DOLLAR)
        payout = np.zeros(price.shape)
        for (symbol, day), dollars in self.payouts.items():
            at = int(np.searchsorted(days, to_day_number(date.fromisoformat(day))))
            payout[at, self.symbols.index(symbol)] = dollars
        quoted = price > 0
        for symbol, silent in self.silent.items():
            quoted[days >= to_day_number(date.fromisoformat(silent)), self.symbols.index(symbol)] = False
        return MarketHistory(days, price, quoted, payout, np.ones(len(self.symbols), np.bool_))

    def history(self) -> History:
        rows = sorted(self.happened, key=lambda each: each.day)
        events, details = np.zeros(len(rows), EVENT), no_details(len(rows))
        for name in ("lot", "order", "detail", "security"):
            events[name] = NO_CODE
        lots = sorted({each.lot for each in rows if each.lot})
        for at, each in enumerate(rows):
            event, detail = events[at], details[at]
            event["kind"], event["day"] = each.kind, to_day_number(date.fromisoformat(each.day))
            event["shares"], event["amount"] = round(each.shares * SHARE), round(each.amount * DOLLAR)
            event["account"], event["detail"] = each.account, at
            if each.symbol:
                event["security"] = self.symbols.index(each.symbol)
            if each.lot:
                event["lot"] = lots.index(each.lot)
            event["relief"] = self.relief if each.kind == EventKind.SELL else Relief.DEFAULT
            event["facts"] = EventFlag.QUALIFIED if each.qualified else EventFlag.PURCHASE
            if each.kind == EventKind.SELL and each.basis is not None:
                event["facts"] |= EventFlag.STATED
            if each.basis is not None:
                detail["basis"] = detail["original_basis"] = round(each.basis * DOLLAR)
                detail["acquired"] = detail["holding_start"] = to_day_number(date.fromisoformat(each.acquired))
            if each.ratio is not None:
                detail["ratio_new"], detail["ratio_old"] = each.ratio
        accounts = np.zeros(len(self.kinds), ACCOUNT)
        accounts["kind"], accounts["relief"] = self.kinds, Relief.FIFO
        world = World(accounts, np.zeros(len(self.symbols), np.bool_), np.empty(0, IDENTICAL))
        market = self.market()
        weights = np.array([[self.target.get(symbol, 0.0) for symbol in self.symbols]])
        targets = Targets(weights, 1.0 - weights.sum(axis=1), np.zeros((1, market.days.size), np.int32))
        owners = Accounts(
            np.zeros(len(self.kinds), np.int32),
            np.zeros(len(self.kinds), np.int64),
            np.full(len(self.kinds), self.as_one),
        )
        rates = np.array([[round(SHORT_RATE * FULL_RATE), round(LONG_RATE * FULL_RATE)]])
        return History(events, details, world, owners, market, targets, rates, actions_of(events, details, world))

    def asked(self, *, daily: bool = False) -> Asked:
        last = date.fromisoformat(self.last)
        position = positions(
            [
                TaxPosition(
                    year=last.year,
                    filing_status=FilingStatus.SINGLE,
                    short_rate=Rate(round(SHORT_RATE * FULL_RATE)),
                    long_rate=Rate(round(LONG_RATE * FULL_RATE)),
                    short_carryforward=Money(round(self.carried[0] * DOLLAR)),
                    long_carryforward=Money(round(self.carried[1] * DOLLAR)),
                )
            ]
        )
        since = int(np.iinfo(np.int32).min)
        return Asked(self.rule, to_day_number(last), since, position, np.array([self.later]), load_law(), daily)
