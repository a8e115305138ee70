"""Small firms as objects, with the lines of a proposal: what the tests of the exact checks build and break."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, from_day_number
from lotwise.ledger.holding_period import is_long_term
from lotwise.ledger.wash_sales import PurchaseColumns, SaleColumns, open_windows
from lotwise.money import DOLLAR, FULL_RATE, SHARE, Money, Rate, exact_mul_div
from lotwise.rebalancing.book import (
    Accounts,
    Book,
    Groups,
    Households,
    LotFlag,
    Lots,
    Models,
    Policies,
    RateOrigin,
    RuleSets,
    no_limits,
    no_preferences,
    no_requests,
    no_substitutes,
)
from lotwise.rebalancing.proposal import (
    AccountResults,
    Outcomes,
    Proposals,
    Relaxations,
    Side,
    Status,
    Trades,
)
from lotwise.securities.market import Market
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import TaxPosition, positions


@dataclass(slots=True)
class Security:
    price: int
    spread: int
    identical: int
    tradable: bool = True


@dataclass(slots=True)
class Lot:
    security: int
    shares: int
    basis: int
    acquired: int
    holding_start: int
    flags: int = int(LotFlag.REPLACEMENT)


@dataclass(slots=True)
class Account:
    kind: int
    cash: int
    lots: list[Lot] = field(default_factory=list)
    trades: bool = True


@dataclass(slots=True)
class Household:
    accounts: list[Account]
    short_rate: int
    long_rate: int
    policy: int = 0
    rules: int = 0
    blocked: bool = False
    taxpayer: int = -1  # -1: its own
    loss_rates: tuple[int, int] | None = None  # short and long; None: those of gains
    gains: tuple[int, int] = (0, 0)  # short and long, of the year before tonight
    carried: tuple[int, int] = (0, 0)
    deferred: int = FULL_RATE  # what a dollar of a traditional account counts

    def rate(self, *, loss: bool, long_term: bool) -> int:
        """Rate of a line, by its sign and term."""
        rates = (self.short_rate, self.long_rate)
        if loss and self.loss_rates is not None:
            rates = self.loss_rates
        return rates[int(long_term)]

    def tax_position(self) -> TaxPosition:
        """Its year: rates of its own, in 2025."""
        return TaxPosition(
            year=2025,
            filing_status=FilingStatus.SINGLE,
            short_gains=Money(self.gains[0]),
            long_gains=Money(self.gains[1]),
            short_carryforward=Money(self.carried[0]),
            long_carryforward=Money(self.carried[1]),
            short_rate=Rate(self.short_rate),
            long_rate=Rate(self.long_rate),
        )


@dataclass(slots=True)
class Policy:
    minimum: int
    fractional: bool
    joint: bool = False


@dataclass(slots=True)
class Restriction:
    security: int
    account: int = -1
    flags: int = 0
    high: float = 1.0


@dataclass(slots=True)
class Line:
    """One line of a proposal; accounts and lots by their rows in the book. `fill_figures` sets the figures."""

    household: int
    account: int
    security: int
    lot: int
    side: int
    shares: int
    value: int = 0
    basis: int = 0
    gain: int = 0
    long_term: int = 0
    tax: int = 0
    cost: int = 0


@dataclass(slots=True)
class Outcome:
    status: int = int(Status.HOLD)
    tax: int = 0
    cost: int = 0
    trades: int = 0


@dataclass(slots=True)
class Firm:
    as_of: int
    securities: list[Security]
    households: list[Household]
    policies: list[Policy]
    rule_sets: list[list[Restriction]]
    purchases: list[tuple[int, int, int, int]] = field(default_factory=list)  # household, group, day, shares
    loss_sales: list[tuple[int, int, int]] = field(default_factory=list)  # household, group, day
    lines: list[Line] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def accounts(self) -> list[tuple[int, Account]]:
        """All accounts in the order of the book, with their household."""
        return [(h, account) for h, household in enumerate(self.households) for account in household.accounts]

    def lots(self) -> list[tuple[int, Lot]]:
        """All lots in the order of the book, with their account."""
        return [(a, lot) for a, (_, account) in enumerate(self.accounts()) for lot in account.lots]


def figures_of(firm: Firm, line: Line) -> Line:
    """The line with the figures that it should have, in Python's integers and dates."""
    security = firm.securities[line.security]
    value = exact_mul_div(line.shares, security.price, SHARE)
    cost = exact_mul_div(value, security.spread, 2 * FULL_RATE)
    basis, gain, long_term, tax = value, 0, False, 0
    if line.side == Side.SELL:
        lot = firm.lots()[line.lot][1]
        household, account = firm.accounts()[line.account]
        basis = exact_mul_div(lot.basis, line.shares, lot.shares)
        gain = value - basis
        if lot.holding_start != NO_DATE:
            long_term = is_long_term(from_day_number(lot.holding_start), from_day_number(firm.as_of))
        if account.kind == 0:
            rate = firm.households[household].rate(loss=gain < 0, long_term=long_term)
            tax = exact_mul_div(gain, rate, FULL_RATE)
    place = (line.household, line.account, line.security, line.lot, line.side, line.shares)
    return Line(*place, value, basis, gain, int(long_term), tax, cost)


def tax_owed(firm: Firm, household: int, gains: tuple[int, int]) -> int:
    """Tax on short and long gains tonight: the year's liability with them, less without, in Python's integers."""
    owner = firm.households[household]

    def liability(short: int, long: int) -> int:
        net_short = short - owner.carried[0]
        net_long = long - owner.carried[1]
        total = net_short + net_long
        if total < 0:
            return round(Fraction(max(total, -3_000 * DOLLAR) * owner.short_rate, FULL_RATE))
        long_part = min(max(net_long, 0), total)
        short_tax = round(Fraction((total - long_part) * owner.short_rate, FULL_RATE))
        return short_tax + round(Fraction(long_part * owner.long_rate, FULL_RATE))

    year = owner.gains
    return liability(year[0] + gains[0], year[1] + gains[1]) - liability(*year)


def gains_of(firm: Firm, lines: Iterable[Line]) -> tuple[int, int]:
    """Short and long gains that lines realise in taxable accounts."""
    accounts = firm.accounts()
    taxable = [line for line in lines if line.side == Side.SELL and accounts[line.account][1].kind == 0]
    short, long = (sum(line.gain for line in taxable if line.long_term == term) for term in (0, 1))
    return short, long


def fill_figures(firm: Firm) -> None:
    """Set the figures of all lines, and the outcomes to what they add up to."""
    firm.lines = [figures_of(firm, line) for line in firm.lines]
    firm.outcomes = []
    for h in range(len(firm.households)):
        own = [line for line in firm.lines if line.household == h]
        status = Status.PROPOSED if own else Status.HOLD
        tax, cost = tax_owed(firm, h, gains_of(firm, own)), sum(line.cost for line in own)
        firm.outcomes.append(Outcome(int(status), tax, cost, len(own)))


def _offsets(sizes: Iterable[int]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(list(sizes)))).astype(np.int64)


def as_market(firm: Firm) -> Market:
    n = len(firm.securities)
    return Market(
        as_of=np.int32(firm.as_of),
        price=np.array([s.price for s in firm.securities], dtype=np.int64),
        spread=np.array([s.spread for s in firm.securities], dtype=np.int64),
        tradable=np.array([s.tradable for s in firm.securities], dtype=np.bool_),
        identical=np.array([s.identical for s in firm.securities], dtype=np.int32),
        kind=np.zeros(n, dtype=np.uint8),
        asset_class=np.zeros(n, dtype=np.int32),
        dividend_yield=np.zeros(n),
        qualified_share=np.ones(n),
        gain_distribution=np.zeros(n),
        loadings=np.zeros((n, 1)),
        specific=np.zeros(n),
    )


def _as_rule_sets(firm: Firm) -> RuleSets:
    rows = [rule for rules in firm.rule_sets for rule in rules]
    none = np.zeros(0, dtype=np.int32)
    return RuleSets(
        name_start=_offsets(len(rules) for rules in firm.rule_sets),
        name_security=np.array([r.security for r in rows], dtype=np.int32),
        name_account=np.array([r.account for r in rows], dtype=np.int32),
        name_flags=np.array([r.flags for r in rows], dtype=np.uint8),
        name_low=np.zeros(len(rows)),
        name_high=np.array([r.high for r in rows], dtype=np.float64),
        name_source=np.zeros(len(rows), dtype=np.int32),
        group_start=np.zeros(len(firm.rule_sets) + 1, dtype=np.int64),
        group=none,
        group_account=none,
        group_low=np.zeros(0),
        group_high=np.zeros(0),
        group_source=none,
    )


def _as_policies(firm: Firm) -> Policies:
    ones = np.ones(len(firm.policies))
    return Policies(
        *(ones,) * 5,
        buy_opportunity_cost=np.zeros(len(firm.policies), dtype=np.uint8),
        cash_target=0 * ones,
        cash_band=0 * ones,
        minimum_trade=np.array([p.minimum for p in firm.policies], dtype=np.int64),
        fractional_shares=np.array([p.fractional for p in firm.policies], dtype=np.uint8),
        joint=np.array([p.joint for p in firm.policies], dtype=np.uint8),
        worth_it=0 * ones,
        cash_reserve=np.zeros(len(firm.policies), dtype=np.int64),
        location_years=0 * ones,
        preferences=np.zeros(len(firm.policies), dtype=np.int32),
        carried_loss_value=np.nan * ones,
        days_between=0 * ones,
        trading_price=0 * ones,
    )


def _as_households(firm: Firm) -> Households:
    households = firm.households
    return Households(
        account_start=_offsets(len(h.accounts) for h in households),
        model=np.zeros(len(households), dtype=np.int32),
        policy=np.array([h.policy for h in households], dtype=np.int32),
        rules=np.array([h.rules for h in households], dtype=np.int32),
        short_rate=np.array([h.short_rate for h in households], dtype=np.int64),
        long_rate=np.array([h.long_rate for h in households], dtype=np.int64),
        loss_short_rate=np.array([h.rate(loss=True, long_term=False) for h in households], dtype=np.int64),
        loss_long_rate=np.array([h.rate(loss=True, long_term=True) for h in households], dtype=np.int64),
        ordinary_rate=np.array([h.short_rate for h in households], dtype=np.int64),
        qualified_rate=np.array([h.long_rate for h in households], dtype=np.int64),
        deferred_weight=np.array([h.deferred / FULL_RATE for h in households]),
        withdrawal_cost=np.array([h.short_rate / FULL_RATE for h in households]),
        rate_origin=np.full(len(households), RateOrigin.OWN, dtype=np.uint8),
        taxpayer=np.array([h.taxpayer if h.taxpayer >= 0 else row for row, h in enumerate(households)], dtype=np.int32),
        last_trade=np.full(len(households), NO_DATE, dtype=np.int32),
        blocked=np.array([h.blocked for h in households], dtype=np.bool_),
        capped_lot=np.full(len(households), -1),
        capped_shares=np.zeros(len(households), np.int64),
        pinned_side=np.full(len(households), -1),
    )


def as_book(firm: Firm) -> Book:
    accounts, lots = firm.accounts(), [lot for _, lot in firm.lots()]
    households = firm.households
    empty = np.zeros(0, dtype=np.int32)
    purchases = np.array(firm.purchases, dtype=np.int64).reshape(-1, 4).T
    sales = np.array(firm.loss_sales, dtype=np.int32).reshape(-1, 3).T
    return Book(
        households=_as_households(firm),
        accounts=Accounts(
            household=np.array([h for h, _ in accounts], dtype=np.int32),
            kind=np.array([a.kind for _, a in accounts], dtype=np.uint8),
            cash=np.array([a.cash for _, a in accounts], dtype=np.int64),
            trades=np.array([a.trades for _, a in accounts], dtype=np.bool_),
            cash_wanted=np.zeros(len(accounts), dtype=np.int64),
            lot_start=_offsets(len(a.lots) for _, a in accounts),
        ),
        lots=Lots(
            security=np.array([lot.security for lot in lots], dtype=np.int32),
            shares=np.array([lot.shares for lot in lots], dtype=np.int64),
            basis=np.array([lot.basis for lot in lots], dtype=np.int64),
            acquired=np.array([lot.acquired for lot in lots], dtype=np.int32),
            holding_start=np.array([lot.holding_start for lot in lots], dtype=np.int32),
            flags=np.array([lot.flags for lot in lots], dtype=np.uint8),
        ),
        models=Models(np.zeros(2, dtype=np.int64), empty, np.zeros(0), np.ones(1)),
        policies=_as_policies(firm),
        rules=_as_rule_sets(firm),
        groups=Groups(np.zeros(1, dtype=np.int64), empty, np.zeros(0)),
        windows=open_windows(
            firm.as_of,
            len(households),
            PurchaseColumns(
                purchases[0].astype(np.int32),
                purchases[1].astype(np.int32),
                purchases[2].astype(np.int32),
                purchases[3],
            ),
            SaleColumns(sales[0], sales[1], sales[2]),
        ),
        tax=positions([h.tax_position() for h in households]),
        preferences=no_preferences(),
        requests=no_requests(len(households)),
        substitutes=no_substitutes(len(firm.securities)),
        limits=no_limits(len(firm.policies)),
    )


def as_proposals(firm: Firm) -> Proposals:
    lines, outcomes, accounts = firm.lines, firm.outcomes, len(firm.accounts())
    zeros = np.zeros(len(outcomes))
    none = np.zeros(0)
    trades = Trades(
        household=np.array([x.household for x in lines], dtype=np.int32),
        account=np.array([x.account for x in lines], dtype=np.int32),
        security=np.array([x.security for x in lines], dtype=np.int32),
        lot=np.array([x.lot for x in lines], dtype=np.int64),
        side=np.array([x.side for x in lines], dtype=np.uint8),
        shares=np.array([x.shares for x in lines], dtype=np.int64),
        value=np.array([x.value for x in lines], dtype=np.int64),
        basis=np.array([x.basis for x in lines], dtype=np.int64),
        gain=np.array([x.gain for x in lines], dtype=np.int64),
        long_term=np.array([x.long_term for x in lines], dtype=np.uint8),
        tax=np.array([x.tax for x in lines], dtype=np.int64),
        cost=np.array([x.cost for x in lines], dtype=np.int64),
        reason=np.zeros(len(lines), dtype=np.uint8),
        figure_1=np.zeros(len(lines)),
        figure_2=np.zeros(len(lines)),
    )
    return Proposals(
        trades=trades,
        outcomes=Outcomes(
            status=np.array([o.status for o in outcomes], dtype=np.uint8),
            cause=np.zeros(len(outcomes), dtype=np.uint8),
            figure=zeros,
            value=np.zeros(len(outcomes), dtype=np.int64),
            te_before=zeros,
            te_after=zeros,
            tax=np.array([o.tax for o in outcomes], dtype=np.int64),
            cost=np.array([o.cost for o in outcomes], dtype=np.int64),
            score=zeros,
            gap_convex=zeros,
            gap=zeros,
            trades=np.array([o.trades for o in outcomes], dtype=np.int32),
        ),
        accounts=AccountResults(np.zeros(accounts, dtype=np.int32), *(np.zeros(accounts),) * 6),
        relaxations=Relaxations(*(none.astype(np.int32),) * 3, none, none),
    )
