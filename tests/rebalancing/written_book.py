"""Books written by hand: one household in dollars, fractions and days, and its night read back in the same words.

Every name of a book costs 100 dollars a share and carries specific risk only, unless it is said otherwise. REST stands
for all that nobody quarrels about: no risk, no spread, no gain, so that it takes up whatever the other names leave.
The policy is the reference objective (DESIGN section 3), so that each case can be worked out on paper.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Protocol

import numpy as np

from lotwise.dates import NO_DATE, to_day_number
from lotwise.money import DOLLAR, FULL_RATE, SHARE
from lotwise.rebalancing.book import (
    AccountKind,
    Book,
    Groups,
    LotFlag,
    Models,
    NameRule,
    Policies,
    RuleSets,
    Substitutes,
)
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.proposal import Cause, Proposals, Side, Status
from lotwise.rebalancing.rebalance import rebalance
from lotwise.rebalancing.violations import Rule as CheckedRule
from lotwise.securities.market import Market
from tests.rebalancing.checks_firm import Account, Firm, Household, Lot, Policy, Security, as_book, as_market

__all__ = [
    "AS_OF",
    "REST",
    "AccountOf",
    "HeldAccount",
    "HeldLot",
    "Name",
    "Night",
    "Rule",
    "Steering",
    "WrittenBook",
    "at_least",
    "at_most",
    "held_away",
    "ira",
    "lot",
    "never_buy",
    "never_sell",
    "rest",
    "roth",
    "taxable",
]

AS_OF = to_day_number(date(2025, 6, 30))
REST = "REST"

_NOTHING_FORBIDDEN = NameRule(0)


@dataclass(frozen=True, slots=True)
class Name:
    """A security: dollars a share, annual specific variance, full spread, and what it is identical to."""

    price: float = 100.0
    variance: float = 0.04
    spread_bps: float = 0.0
    twin: str = ""
    tradable: bool = True
    loading: float = 0.0  # on the one factor, as the market scales it


@dataclass(frozen=True, slots=True)
class HeldLot:
    """A lot in dollars; bought `days` ago (None: nobody knows when)."""

    symbol: str
    value: float
    basis: float
    days: int | None = 1000
    flags: LotFlag = LotFlag.REPLACEMENT


@dataclass(frozen=True, slots=True)
class HeldAccount:
    kind: AccountKind
    lots: tuple[HeldLot, ...]
    cash: float = 0.0
    trades: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """A restriction on one name, or on the sum of several (coefficient 1)."""

    symbols: tuple[str, ...]
    flags: NameRule = _NOTHING_FORBIDDEN
    low: float = 0.0
    high: float = 1.0
    account: int = -1
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Steering:
    """The policy's numbers; the defaults are the reference objective with no cash and no thresholds."""

    risk_price: float = 50.0
    deferral_discount: float = 0.0
    harvest_depth: float = 1.0
    loss_usability: float = 1.0
    trading_cost_multiplier: float = 1.0
    short_term_wait_cap: float = 1.0
    buy_opportunity_cost: bool = False
    cash_target: float = 0.0
    cash_band: float = 0.0
    minimum_trade: float = 0.0  # dollars
    whole_shares: bool = False
    joint: bool = True
    worth_it: float = 0.0
    location_years: float = 0.0
    days_between: float = 0.0
    trading_price: float = 0.0


def lot(
    symbol: str,
    value: float,
    basis: float | None = None,
    days: int | None = 1000,
    flags: LotFlag = LotFlag.REPLACEMENT,
) -> HeldLot:
    """A lot worth so many dollars; without a basis it has neither gain nor loss."""
    return HeldLot(symbol, value, value if basis is None else basis, days, flags)


def rest(value: float) -> HeldLot:
    """So many dollars of what nobody quarrels about, bought by no purchase that could wash anything."""
    return HeldLot(REST, value, value, 1000, LotFlag(0))


def taxable(*lots: HeldLot, cash: float = 0.0) -> HeldAccount:
    return HeldAccount(AccountKind.TAXABLE, lots, cash)


def ira(*lots: HeldLot, cash: float = 0.0) -> HeldAccount:
    return HeldAccount(AccountKind.TRADITIONAL, lots, cash)


def roth(*lots: HeldLot, cash: float = 0.0) -> HeldAccount:
    return HeldAccount(AccountKind.ROTH, lots, cash)


class AccountOf(Protocol):
    """`taxable`, `ira` or `roth`."""

    def __call__(self, *lots: HeldLot, cash: float = 0.0) -> HeldAccount: ...


def held_away(account: HeldAccount) -> HeldAccount:
    return replace(account, trades=False)


def never_buy(symbol: str) -> Rule:
    return Rule((symbol,), NameRule.NO_BUY)


def never_sell(symbol: str) -> Rule:
    return Rule((symbol,), NameRule.NO_SELL)


def at_least(weight: float, *symbols: str) -> Rule:
    return Rule(symbols, low=weight, is_group=len(symbols) > 1)


def at_most(weight: float, *symbols: str) -> Rule:
    return Rule(symbols, high=weight, is_group=len(symbols) > 1)


@dataclass(frozen=True, slots=True)
class WrittenBook:
    """One household. Accounts are written in the order in which they are solved; REST is a name of every book."""

    names: dict[str, Name]
    model: dict[str, float]
    accounts: tuple[HeldAccount, ...]
    steering: Steering = Steering()
    rules: tuple[Rule, ...] = ()
    loss_sales: tuple[tuple[str, int], ...] = ()  # symbol, days ago
    short_rate: float = 0.408  # federal: 37% and 20%, each with the 3.8% of 26 U.S.C. 1411
    long_rate: float = 0.238
    deferred: float = 1.0  # what a dollar in a traditional account counts
    blocked: bool = False
    substitutes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of a symbol, the first choice first
    symbols: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "symbols", (*(s for s in self.names if s != REST), REST))

    @property
    def securities(self) -> tuple[Name, ...]:
        resting = Name(variance=0.0)
        return tuple(self.names.get(symbol, resting) for symbol in self.symbols)

    def position(self, symbol: str) -> int:
        """Row of a symbol in the market."""
        return self.symbols.index(symbol)

    def group(self, symbol: str) -> int:
        """Substantially identical group of a symbol."""
        return self.position(self.names.get(symbol, Name()).twin or symbol)

    def value_of(self, account: int) -> float:
        """Dollars in an account, cash included."""
        own = self.accounts[account]
        return own.cash + sum(each.value for each in own.lots)

    def _account(self, written: HeldAccount) -> Account:
        lots = [self._lot(each) for each in written.lots]
        lots.sort(key=lambda each: (each.security, each.acquired))
        return Account(int(written.kind), round(written.cash * DOLLAR), lots, written.trades)

    def _lot(self, written: HeldLot) -> Lot:
        price = self.securities[self.position(written.symbol)].price
        acquired = NO_DATE if written.days is None else AS_OF - written.days
        shares = round(written.value / price * SHARE)
        basis = round(written.basis * DOLLAR)
        return Lot(self.position(written.symbol), shares, basis, acquired, acquired, int(written.flags))

    def firm(self) -> Firm:
        """The same household in the objects of the exact checks."""
        securities = [
            Security(
                round(name.price * DOLLAR),
                round(name.spread_bps * FULL_RATE / 1e4),
                self.group(symbol),
                name.tradable,
            )
            for symbol, name in zip(self.symbols, self.securities, strict=True)
        ]
        accounts = [self._account(each) for each in self.accounts]
        rates = (round(self.short_rate * FULL_RATE), round(self.long_rate * FULL_RATE))
        worth = round(self.steering.loss_usability * rates[0]), round(self.steering.loss_usability * rates[1])
        household = Household(accounts, *rates, blocked=self.blocked, loss_rates=worth)
        household.deferred = round(self.deferred * FULL_RATE)
        firm = Firm(AS_OF, securities, [household], [Policy(0, fractional=True)], [[]])
        firm.loss_sales = [(0, self.group(symbol), AS_OF - days) for symbol, days in self.loss_sales]
        firm.purchases = [
            (0, securities[each.security].identical, each.acquired, each.shares)
            for _, each in firm.lots()
            if each.flags & LotFlag.REPLACEMENT and each.acquired != NO_DATE
        ]
        return firm

    def _models(self) -> Models:
        chosen = sorted((self.position(symbol), weight) for symbol, weight in self.model.items())
        weights = np.array([weight for _, weight in chosen], np.float64)
        names = np.array([name for name, _ in chosen], np.int32)
        return Models(np.array([0, len(chosen)]), names, weights, np.array([1.0 - weights.sum()]))

    def _policies(self) -> Policies:
        s = self.steering

        def one(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
            return np.array([value], np.float64)

        return Policies(
            risk_price=one(s.risk_price),
            deferral_discount=one(s.deferral_discount),
            harvest_depth=one(s.harvest_depth),
            trading_cost_multiplier=one(s.trading_cost_multiplier),
            short_term_wait_cap=one(s.short_term_wait_cap),
            buy_opportunity_cost=np.array([s.buy_opportunity_cost], np.uint8),
            cash_target=one(s.cash_target),
            cash_band=one(s.cash_band),
            minimum_trade=np.array([round(s.minimum_trade * DOLLAR)], np.int64),
            fractional_shares=np.array([not s.whole_shares], np.uint8),
            joint=np.array([s.joint], np.uint8),
            worth_it=one(s.worth_it),
            cash_reserve=np.zeros(1, np.int64),
            location_years=one(s.location_years),
            preferences=np.zeros(1, np.int32),
            carried_loss_value=one(np.nan),
            days_between=one(s.days_between),
            trading_price=one(s.trading_price),
        )

    def _rules(self) -> tuple[RuleSets, Groups]:
        named = [(row, rule) for row, rule in enumerate(self.rules) if not rule.is_group]
        grouped = [(row, rule) for row, rule in enumerate(self.rules) if rule.is_group]
        members = [sorted(self.position(symbol) for symbol in rule.symbols) for _, rule in grouped]
        flat = [each for group in members for each in group]
        rules = RuleSets(
            name_start=np.array([0, len(named)]),
            name_security=np.array([self.position(rule.symbols[0]) for _, rule in named], np.int32),
            name_account=np.array([rule.account for _, rule in named], np.int32),
            name_flags=np.array([int(rule.flags) for _, rule in named], np.uint8),
            name_low=np.array([rule.low for _, rule in named], np.float64),
            name_high=np.array([rule.high for _, rule in named], np.float64),
            name_source=np.array([row for row, _ in named], np.int32),
            group_start=np.array([0, len(grouped)]),
            group=np.arange(len(grouped), dtype=np.int32),
            group_account=np.array([rule.account for _, rule in grouped], np.int32),
            group_low=np.array([rule.low for _, rule in grouped], np.float64),
            group_high=np.array([rule.high for _, rule in grouped], np.float64),
            group_source=np.array([row for row, _ in grouped], np.int32),
        )
        starts = np.concatenate(([0], np.cumsum([len(group) for group in members]))).astype(np.int64)
        return rules, Groups(starts, np.array(flat, np.int32), np.ones(len(flat)))

    def _substitutes(self) -> Substitutes:
        rows = [self.substitutes.get(symbol, ()) for symbol in self.symbols]
        start = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
        named = [self.position(symbol) for row in rows for symbol in row]
        ranks = [rank for row in rows for rank in range(len(row))]
        return Substitutes(start, np.array(named, np.int32), np.array(ranks, np.int32))

    def columns(self) -> tuple[Book, Market]:
        """The household as the engine takes it."""
        firm = self.firm()
        rules, groups = self._rules()
        book = as_book(firm)._replace(
            models=self._models(),
            policies=self._policies(),
            rules=rules,
            groups=groups,
            substitutes=self._substitutes(),
        )
        market = as_market(firm)._replace(
            loadings=np.array([[name.loading] for name in self.securities]),
            specific=np.array([name.variance for name in self.securities]),
        )
        return book, market

    def steered(self, **changes: float | bool) -> WrittenBook:
        """The same household under another policy."""
        return replace(self, steering=replace(self.steering, **changes))  # type: ignore[arg-type]

    def night(self) -> Night:
        """Rebalance it; whatever is proposed has passed the exact checks."""
        book, market = self.columns()
        proposals = rebalance(book, market)
        broken = verify(book, market, proposals).violations
        assert [CheckedRule(rule).name for rule in broken.rule] == []
        return Night(self, book, market, proposals)


@dataclass(frozen=True)
class Night:
    """What was proposed for a written household, in dollars and weights."""

    written: WrittenBook
    book: Book
    market: Market
    proposals: Proposals

    @property
    def status(self) -> Status:
        return Status(int(self.proposals.outcomes.status[0]))

    @property
    def cause(self) -> Cause:
        return Cause(int(self.proposals.outcomes.cause[0]))

    @property
    def score(self) -> float:
        """Improvement of the objective, fraction of value."""
        return float(self.proposals.outcomes.score[0])

    def _traded(self, symbol: str, account: int | None, side: Side) -> float:
        trades = self.proposals.trades
        chosen = (trades.security == self.written.position(symbol)) & (trades.side == side)
        if account is not None:
            chosen &= trades.account == account
        return float(trades.value[chosen].sum() / DOLLAR)

    def bought(self, symbol: str, account: int | None = None) -> float:
        """Dollars bought, in one account or in all."""
        return self._traded(symbol, account, Side.BUY)

    def sold(self, symbol: str, account: int | None = None) -> float:
        """Dollars sold, in one account or in all."""
        return self._traded(symbol, account, Side.SELL)

    def _held(self, symbol: str, account: int) -> float:
        return sum(each.value for each in self.written.accounts[account].lots if each.symbol == symbol)

    def value(self, account: int = 0) -> float:
        """Dollars in an account, cash included."""
        return self.written.value_of(account)

    def weight(self, symbol: str, account: int = 0) -> float:
        """Weight of a name in an account after the trades."""
        after = self._held(symbol, account) + self.bought(symbol, account) - self.sold(symbol, account)
        return after / self.value(account)

    def cash(self, account: int = 0) -> float:
        """Weight of cash in an account after the trades."""
        return 1.0 - sum(self.weight(symbol, account) for symbol in self.written.symbols)

    @cached_property
    def relaxed(self) -> list[tuple[int, float, float]]:
        """Restrictions that gave way: row as written (-1: the cash band), what was asked for, what was reached."""
        rows = self.proposals.relaxations
        return [
            (int(source), float(required), float(reached))
            for source, required, reached in zip(rows.source, rows.required, rows.reached, strict=True)
        ]
