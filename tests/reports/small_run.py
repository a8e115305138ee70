"""Runs to report on, made by hand or by a seeded generator: no solver has to work for a test of words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl

from lotwise.dates import NO_DATE, to_day_number
from lotwise.errors import Finding, Severity
from lotwise.interchange.results import ResultTables, result_tables
from lotwise.ledger.events import Table
from lotwise.ledger.wash_sales import Windows
from lotwise.money import DOLLAR, SHARE, IntArray
from lotwise.rebalancing.book import (
    AccountKind,
    Accounts,
    Book,
    BookLabels,
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
    Cause,
    Outcomes,
    Proposals,
    Reason,
    Relaxations,
    Side,
    Status,
    Trades,
)
from lotwise.reports.run import Run
from lotwise.securities.market import Market, MarketLabels, SecurityKind
from lotwise.tax.position import blank_positions

AS_OF = date(2026, 3, 31)


@dataclass(frozen=True, slots=True)
class SmallRun:
    """All that the tables of a run are made of."""

    book: Book
    labels: BookLabels
    market: Market
    market_labels: MarketLabels
    proposals: Proposals
    findings: tuple[Finding, ...]

    def tables(self) -> ResultTables:
        return result_tables(
            book=self.book,
            labels=self.labels,
            market=self.market,
            market_labels=self.market_labels,
            proposals=self.proposals,
            findings=self.findings,
        )

    def run(self, firm: str = "Example Advisers") -> Run:
        tables = self.tables()
        return Run(
            firm=firm,
            as_of=AS_OF,
            trades=tables.trades,
            households=tables.households,
            relaxations=tables.relaxations,
            findings=tables.findings,
            files=("trades.csv", "households.csv", "findings.csv"),
            notes=(("Risk model", "20 statistical factors"),),
        )


def units(*amounts: str, unit: int = DOLLAR) -> IntArray:
    """Exact units of decimal amounts."""
    return np.array([int(Decimal(amount) * unit) for amount in amounts], np.int64)


def market(prices: IntArray, symbols: tuple[str, ...]) -> tuple[Market, MarketLabels]:
    """Securities that differ in price and symbol only."""
    count = len(symbols)
    columns = Market(
        as_of=np.int32(to_day_number(AS_OF)),
        price=prices,
        spread=np.full(count, 1_000_000, np.int64),
        tradable=np.ones(count, np.bool_),
        identical=np.arange(count, dtype=np.int32),
        kind=np.full(count, SecurityKind.STOCK, np.uint8),
        asset_class=np.zeros(count, np.int32),
        dividend_yield=np.zeros(count),
        qualified_share=np.ones(count),
        gain_distribution=np.zeros(count),
        loadings=np.zeros((count, 2)),
        specific=np.full(count, 0.04),
    )
    return columns, MarketLabels(symbols, symbols, ("",) * count, ("",) * count, ("",) * count)


def book(kinds: list[list[AccountKind]], lots: Lots, lot_start: IntArray, worth_it: float = 1e-4) -> Book:
    """Households with accounts of these kinds, one model, one policy, no rules."""
    sizes = [len(accounts) for accounts in kinds]
    count = len(kinds)
    households = Households(
        account_start=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        model=np.zeros(count, np.int32),
        policy=np.zeros(count, np.int32),
        rules=np.zeros(count, np.int32),
        short_rate=np.full(count, 408_000_000, np.int64),
        long_rate=np.full(count, 238_000_000, np.int64),
        loss_short_rate=np.full(count, 408_000_000, np.int64),
        loss_long_rate=np.full(count, 238_000_000, np.int64),
        ordinary_rate=np.full(count, 408_000_000, np.int64),
        qualified_rate=np.full(count, 238_000_000, np.int64),
        deferred_weight=np.ones(count),
        withdrawal_cost=np.full(count, 0.408),
        rate_origin=np.full(count, RateOrigin.OWN, np.uint8),
        taxpayer=np.arange(count, dtype=np.int32),
        last_trade=np.full(count, NO_DATE, np.int32),
        blocked=np.zeros(count, np.bool_),
        capped_lot=np.full(count, -1),
        capped_shares=np.zeros(count, np.int64),
        pinned_side=np.full(count, -1),
    )
    total = sum(sizes)
    accounts = Accounts(
        household=np.repeat(np.arange(count, dtype=np.int32), sizes),
        kind=np.array([kind for each in kinds for kind in each], np.uint8),
        cash=np.zeros(total, np.int64),
        trades=np.ones(total, np.bool_),
        cash_wanted=np.zeros(total, np.int64),
        lot_start=lot_start,
    )
    none, no_floats, no_rows = np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.int64)
    return Book(
        households=households,
        accounts=accounts,
        lots=lots,
        models=Models(np.array([0, 0], np.int64), none, no_floats, np.ones(1)),
        policies=_one_policy(worth_it),
        rules=RuleSets(
            np.zeros(2, np.int64),
            none,
            none,
            np.zeros(0, np.uint8),
            no_floats,
            no_floats,
            none,
            np.zeros(2, np.int64),
            none,
            none,
            no_floats,
            no_floats,
            none,
        ),
        groups=Groups(np.zeros(1, np.int64), none, no_floats),
        windows=Windows(np.zeros(count + 1, np.int64), none, none, no_rows, none),
        tax=_own_rates(count),
        preferences=no_preferences(),
        requests=no_requests(count),
        substitutes=no_substitutes(3),
        limits=no_limits(1),
    )


def _own_rates(count: int) -> Table:
    table = blank_positions(count, AS_OF.year)
    table["short_rate"], table["long_rate"] = 408_000_000, 238_000_000
    return table


def _one_policy(worth_it: float) -> Policies:
    one, flag = np.ones(1), np.ones(1, np.uint8)
    return Policies(
        risk_price=one * 0.5,
        deferral_discount=one * 0.5,
        harvest_depth=one,
        trading_cost_multiplier=one,
        short_term_wait_cap=one,
        buy_opportunity_cost=flag,
        cash_target=one * 0.01,
        cash_band=one * 0.01,
        minimum_trade=np.array([100 * DOLLAR], np.int64),
        fractional_shares=flag,
        joint=flag,
        worth_it=one * worth_it,
        cash_reserve=np.zeros(1, np.int64),
        location_years=one * 0.0,
        preferences=np.zeros(1, np.int32),
        carried_loss_value=one * np.nan,
        days_between=one * 0.0,
        trading_price=one * 0.0,
    )


def small_run() -> SmallRun:
    """Five households: two proposed (one of them with an IRA), one held, one refused, one failed."""
    columns, market_labels = market(units("50", "30", "123.4567"), ("AAA", "BBB", "C&C"))
    kinds = [
        [AccountKind.TAXABLE, AccountKind.ROTH],
        [AccountKind.TAXABLE],
        [AccountKind.TAXABLE],
        [AccountKind.TAXABLE],
        [AccountKind.TRADITIONAL],
    ]
    lots = Lots(
        security=np.array([0, 1, 2, 0], np.int32),
        shares=units("100", "40.5", "10", "7", unit=SHARE),
        basis=units("6234", "415", "900", "0"),
        acquired=np.array([15_000, 20_400, 19_000, NO_DATE], np.int32),
        holding_start=np.array([15_000, 20_400, 19_000, NO_DATE], np.int32),
        flags=np.array([0, 0, 0, LotFlag.UNKNOWN_TAX], np.uint8),
    )
    contents = book(kinds, lots, np.array([0, 2, 3, 4, 4, 4, 4], np.int64))
    labels = BookLabels(
        households=np.array(["H1", "H2", "H3", "H4", "H5"]),
        accounts=np.array(["H1-taxable", "H1-roth", "A2", "A3", "A4", "A5"]),
        lots=pl.Series(["lot-1", "lot-2", "lot-3", "lot-4"]),
        models=("core",),
        groups=(),
        restrictions=("* max_weight sector Energy 0.1",),
    )
    proposals = Proposals(_small_trades(), _small_outcomes(), _account_results(6), _small_relaxations())
    return SmallRun(contents, labels, columns, market_labels, proposals, _small_findings())


def _small_trades() -> Trades:
    return Trades(
        household=np.array([0, 0, 0, 0, 4], np.int32),
        account=np.array([0, 0, 0, 1, 5], np.int32),
        security=np.array([0, 1, 2, 2, 1], np.int32),
        lot=np.array([0, 1, -1, 2, -1], np.int64),
        side=np.array([Side.SELL, Side.SELL, Side.BUY, Side.SELL, Side.BUY], np.uint8),
        shares=units("100", "20.25", "40.123456", "10", "3", unit=SHARE),
        value=units("5000", "607.5", "4953.5111", "1234.567", "90"),
        basis=units("6234", "207.5", "4953.5111", "900", "90"),
        gain=units("-1234", "400", "0", "334.567", "0"),
        long_term=np.array([1, 0, 0, 1, 0], np.uint8),
        tax=units("-293.692", "163.2", "0", "0", "0"),
        cost=units("2.5", "0.3038", "2.4768", "0.6173", "0.045"),
        reason=np.array(
            [
                Reason.HARVEST,
                Reason.REBALANCE_SELL,
                Reason.REBALANCE_BUY,
                Reason.REBALANCE_SELL,
                Reason.INVEST_CASH,
            ],
            np.uint8,
        ),
        figure_1=np.array([293.692, 163.2, 2.4768, 0.0, 0.045]),
        figure_2=np.array([0.0, 338.4, 1_250_000.0, -3.125, 0.0]),
    )


def _small_outcomes() -> Outcomes:
    nan = np.nan
    return Outcomes(
        status=np.array([Status.PROPOSED, Status.HOLD, Status.REFUSED, Status.FAILED, Status.PROPOSED], np.uint8),
        cause=np.array([Cause.IMPROVES, Cause.NOT_WORTH_IT, Cause.BAD_DATA, Cause.NOT_VERIFIED, Cause.CASH], np.uint8),
        figure=np.array([12.34, 0.3, 0.0, 0.0, 0.052]),
        value=units("1000000", "250000.1234", "80000", "70000", "500000"),
        te_before=np.array([0.02, 0.008, nan, 0.03, 0.01]),
        te_after=np.array([0.012, 0.008, nan, nan, 0.01]),
        tax=units("-130.492", "0", "0", "0", "0"),
        cost=units("5.8979", "0", "0", "0", "0.045"),
        score=np.array([12.34e-4, 0.3e-4, 0.0, 0.0, 2e-4]),
        gap_convex=np.array([1e-9, 2e-9, 0.0, 3e-3, 5e-10]),
        gap=np.array([1e-6, 0.0, 0.0, 0.0, 4e-7]),
        trades=np.array([4, 0, 0, 0, 1], np.int32),
    )


def _account_results(count: int) -> AccountResults:
    return AccountResults(
        steps=np.arange(count, dtype=np.int32),
        objective=np.linspace(1e-3, 2e-3, count),
        objective_hold=np.linspace(2e-3, 4e-3, count),
        lower_bound=np.linspace(9e-4, 1.9e-3, count),
        gap_convex=np.full(count, 1e-9),
        cash_before=np.full(count, 0.05),
        cash_after=np.full(count, 0.01),
    )


def _small_relaxations() -> Relaxations:
    return Relaxations(
        household=np.array([0, 4], np.int32),
        account=np.array([0, 5], np.int32),
        source=np.array([0, -1], np.int32),
        required=np.array([0.1, 0.02]),
        reached=np.array([0.112, 0.0199]),
    )


def _small_findings() -> tuple[Finding, ...]:
    return (
        Finding("lots.csv", 17, "shares", Severity.ERROR, "positive", "-3", "correct the shares", "H3"),
        Finding("lots.csv", 18, "shares", Severity.ERROR, "positive", "-4", "correct the shares", "H3"),
        Finding("lots.csv", 4, "basis", Severity.WARNING, "known", "", "give the basis", "H3"),
        Finding("securities.csv", None, "colour", Severity.NOTICE, "a known column", "colour", "nothing"),
        Finding("households.csv", 3, "state", Severity.WARNING, "a state", "XX", "give the state", "H2"),
    )


def simulated_run(households: int, trades_each: int, seed: int = 0) -> SmallRun:
    """Plausible outcomes of a whole firm: about 60% proposed, 35% held, 3% refused, 2% failed."""
    random = np.random.default_rng(seed)
    symbols = tuple(f"S{number:03d}" for number in range(500))
    prices = (random.uniform(5, 400, 500) * 100).astype(np.int64) * 100
    columns, market_labels = market(prices, symbols)
    status = random.choice(4, households, p=[0.6, 0.35, 0.03, 0.02]).astype(np.uint8)
    rows = np.repeat(np.flatnonzero(status == Status.PROPOSED), trades_each)
    count = len(rows)
    lots_count = max(count, 1)
    lots = Lots(
        security=random.integers(0, 500, lots_count).astype(np.int32),
        shares=np.full(lots_count, SHARE, np.int64),
        basis=np.full(lots_count, DOLLAR, np.int64),
        acquired=random.integers(16_000, 20_500, lots_count).astype(np.int32),
        holding_start=random.integers(16_000, 20_500, lots_count).astype(np.int32),
        flags=np.zeros(lots_count, np.uint8),
    )
    lot_start = np.minimum(np.arange(households + 1, dtype=np.int64) * trades_each, lots_count)
    contents = book([[AccountKind.TAXABLE]] * households, lots, lot_start)
    side = random.integers(0, 2, count).astype(np.uint8)
    gain = np.where(side == Side.SELL, random.normal(-300, 1_500, count) * DOLLAR, 0).astype(np.int64)
    long_term = random.integers(0, 2, count).astype(np.uint8)
    value = (random.lognormal(8, 1, count) * DOLLAR).astype(np.int64)
    tax = (gain * np.where(long_term == 1, 0.238, 0.408)).astype(np.int64)
    sell_reason = np.where(gain < 0, Reason.HARVEST, Reason.REBALANCE_SELL)
    security = random.integers(0, 500, count).astype(np.int32)
    trades = Trades(
        household=rows.astype(np.int32),
        account=rows.astype(np.int32),
        security=security,
        lot=np.where(side == Side.SELL, np.arange(count), -1).astype(np.int64),
        side=side,
        shares=random.integers(1, 500, count) * SHARE,
        value=value,
        basis=np.where(side == Side.SELL, value - gain, value),
        gain=gain,
        long_term=np.where(side == Side.SELL, long_term, 0).astype(np.uint8),
        tax=tax,
        cost=value // 2_000,
        reason=np.where(side == Side.SELL, sell_reason, Reason.REBALANCE_BUY).astype(np.uint8),
        figure_1=np.abs(tax) / DOLLAR,
        figure_2=random.lognormal(5, 1, count),
    )
    outcomes = _simulated_outcomes(random, status, trades)
    labels = BookLabels(
        households=np.array([f"H{number:05d}" for number in range(households)]),
        accounts=np.array([f"A{number:05d}" for number in range(households)]),
        lots=pl.Series([f"L{number:07d}" for number in range(lots_count)]),
        models=("core",),
        groups=(),
        restrictions=("* max_weight sector Energy 0.1", "* max_weight screen tobacco 0"),
    )
    relaxed = np.flatnonzero((status == Status.PROPOSED) & (random.random(households) < 0.01))
    relaxations = Relaxations(
        household=relaxed.astype(np.int32),
        account=relaxed.astype(np.int32),
        source=random.integers(-1, 2, len(relaxed)).astype(np.int32),
        required=np.full(len(relaxed), 0.1),
        reached=0.1 + random.exponential(0.02, len(relaxed)),
    )
    proposals = Proposals(trades, outcomes, _account_results(households), relaxations)
    findings = tuple(
        Finding("lots.csv", int(row) + 2, "shares", Severity.ERROR, "positive", "-3", "correct it", f"H{row:05d}")
        for row in np.flatnonzero(status == Status.REFUSED)
    ) + tuple(
        Finding("lots.csv", int(row), "basis", Severity.WARNING, "known", "''", "give the basis", f"H{row:05d}")
        for row in range(0, households, 17)
    )
    return SmallRun(contents, labels, columns, market_labels, proposals, findings)


def _simulated_outcomes(random: np.random.Generator, status: np.ndarray, trades: Trades) -> Outcomes:
    count = len(status)
    proposed = status == Status.PROPOSED
    causes = np.array([Cause.IMPROVES, Cause.NOT_WORTH_IT, Cause.BAD_DATA, Cause.NOT_VERIFIED], np.uint8)
    before = random.lognormal(-4.1, 0.5, count)
    after = np.where(proposed, before * random.uniform(0.4, 1.0, count), before)
    tax = np.zeros(count, np.int64)
    np.add.at(tax, trades.household, trades.tax)
    cost = np.zeros(count, np.int64)
    np.add.at(cost, trades.household, trades.cost)
    score = np.where(proposed, random.lognormal(2.6, 0.9, count) + 1, random.uniform(0, 1, count)) * 1e-4
    return Outcomes(
        status=status,
        cause=causes[status],
        figure=score * 1e4,
        value=(random.lognormal(13.8, 0.8, count) * DOLLAR).astype(np.int64),
        te_before=before,
        te_after=after,
        tax=tax,
        cost=cost,
        score=score,
        gap_convex=random.exponential(1e-9, count),
        gap=random.exponential(5e-7, count),
        trades=np.bincount(trades.household, minlength=count).astype(np.int32),
    )
