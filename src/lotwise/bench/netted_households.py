"""Small households whose tax turns within reach: few names, gains and losses of both terms, a year already begun."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from lotwise.dates import NO_DATE
from lotwise.ledger.events import MISSING
from lotwise.ledger.wash_sales import Windows
from lotwise.money import DOLLAR, FULL_RATE, SHARE
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
    nothing_pinned,
)
from lotwise.rebalancing.unrealised import gains_of_a_move, unrealised_losses
from lotwise.securities.market import Market
from lotwise.tax.household_rates import household_rates
from lotwise.tax.liability import load_law
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import blank_positions

__all__ = ["CARRIED_VALUE", "netted_households"]

CARRIED_VALUE = 0.8

_AS_OF = (date(2025, 6, 30) - date(1970, 1, 1)).days
_SECURITIES = 40
_LEAST = 1_000 * DOLLAR  # over which rates are averaged, as in a firm folder
_CASH, _BAND = 0.01, 0.005


def _market(rng: np.random.Generator) -> Market:
    return Market(
        as_of=np.int32(_AS_OF),
        price=np.full(_SECURITIES, 100 * DOLLAR),
        spread=rng.integers(2, 20, _SECURITIES) * (FULL_RATE // 10_000),
        tradable=np.ones(_SECURITIES, np.bool_),
        identical=np.arange(_SECURITIES, dtype=np.int32),
        kind=np.zeros(_SECURITIES, np.uint8),
        asset_class=np.zeros(_SECURITIES, np.int32),
        dividend_yield=np.zeros(_SECURITIES),
        qualified_share=np.ones(_SECURITIES),
        gain_distribution=np.zeros(_SECURITIES),
        loadings=rng.normal(0.2, 0.05, (_SECURITIES, 1)),
        specific=rng.uniform(0.03, 0.12, _SECURITIES),
    )


def _policies() -> Policies:
    """One row for each delta, depth and price of risk."""
    rows = [(delta, depth, price) for delta in (0.0, 0.5, 0.75) for depth in (1.0, 0.97) for price in (20.0, 100.0)]
    delta, depth, price = (np.array(column) for column in zip(*rows, strict=True))
    ones = np.ones(len(rows))
    return Policies(
        risk_price=price,
        deferral_discount=delta,
        harvest_depth=depth,
        trading_cost_multiplier=ones,
        short_term_wait_cap=ones.copy(),
        buy_opportunity_cost=np.zeros(len(rows), np.uint8),
        cash_target=_CASH * ones,
        cash_band=_BAND * ones,
        minimum_trade=np.zeros(len(rows), np.int64),
        fractional_shares=np.ones(len(rows), np.uint8),
        joint=np.zeros(len(rows), np.uint8),
        worth_it=-ones,
        cash_reserve=np.zeros(len(rows), np.int64),
        location_years=0 * ones,
        preferences=np.zeros(len(rows), np.int32),
        carried_loss_value=CARRIED_VALUE * ones,
        days_between=0 * ones,
        trading_price=0 * ones,
    )


def _positions(rng: np.random.Generator, value: np.ndarray[Any, np.dtype[np.float64]]) -> Any:  # noqa: ANN401 - a table
    """Years already begun: half by the law at an income, half at rates of their own; gains, losses, carryforwards."""
    count = value.size
    table = blank_positions(count, 2025)
    own = np.arange(count) % 2 == 0
    short = rng.integers(300, 450, count) * 1_000_000
    table["short_rate"] = np.where(own, short, MISSING)
    table["long_rate"] = np.where(own, rng.integers(150, 250, count) * 1_000_000, MISSING)
    table["state_rate"] = rng.integers(0, 90, count) * 1_000_000
    income = rng.integers(30, 700, count) * 1_000 * DOLLAR
    table["ordinary_income"] = np.where(own, MISSING, income)
    table["magi"] = np.where(own, MISSING, income + 15_000 * DOLLAR)
    table["filing_status"] = rng.choice([int(FilingStatus.SINGLE), int(FilingStatus.MARRIED_JOINT)], count)
    for term in ("short", "long"):
        gains = rng.normal(0.0, 0.08, count) * value * (rng.random(count) < 0.6)
        table[f"{term}_gains"] = np.rint(gains * DOLLAR).astype(np.int64)
        carried = rng.uniform(0.0, 0.08, count) * value * (rng.random(count) < 0.3)
        table[f"{term}_carryforward"] = np.rint(carried * DOLLAR).astype(np.int64)
    return table


def _lots(
    rng: np.random.Generator, value: np.ndarray[Any, np.dtype[np.float64]], names: int
) -> tuple[Lots, Any, Models]:
    """Lots of accounts, where those of each begin, and a model of as many names as each holds."""
    rows: list[tuple[int, int, int, int]] = []
    start, chosen, weights = [0], [], []
    for dollars in value:
        own = np.sort(rng.choice(_SECURITIES, names, replace=False))
        target = rng.dirichlet(np.full(names, 3.0)) * (1 - _CASH)
        held = target * np.exp(rng.normal(0.0, 0.6, names)) * (rng.random(names) < 0.85)
        held *= (1 - _CASH) / max(held.sum(), 1e-9)
        for security, weight in zip(own, held, strict=True):
            if weight <= 0:
                continue
            ages = sorted(rng.choice([100, 200, 300, 500, 900], int(rng.integers(1, 3)), replace=False), reverse=True)
            for age in ages:
                worth = dollars * weight / len(ages)
                basis = worth * (1 - rng.uniform(-0.6, 0.7))
                rows.append((security, round(worth / 100 * SHARE), round(basis * DOLLAR), _AS_OF - int(age)))
        start.append(len(rows))
        chosen.append(own)
        weights.append(target)
    security, shares, basis, day = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    lots = Lots(
        security.astype(np.int32),
        shares,
        basis,
        day.astype(np.int32),
        day.astype(np.int32),
        np.full(len(rows), LotFlag.REPLACEMENT, np.uint8),
    )
    edges = np.arange(value.size + 1, dtype=np.int64) * names
    models = Models(edges, np.concatenate(chosen).astype(np.int32), np.concatenate(weights), np.full(value.size, _CASH))
    return lots, np.array(start, np.int64), models


def _nothing(households: int) -> tuple[RuleSets, Groups, Windows]:
    """No restriction, no open window."""
    edge, int32, floats = np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros(0)
    rules = RuleSets(
        edge, int32, int32, np.zeros(0, np.uint8), floats, floats, int32, edge, int32, int32, floats, floats, int32
    )
    nobody = Windows(
        start=np.zeros(households + 1, np.int64),
        identical=int32,
        no_buy_until=np.full(0, NO_DATE, np.int32),
        bought_shares=np.zeros(0, np.int64),
        no_loss_until=int32,
    )
    return rules, Groups(np.zeros(1, np.int64), int32, floats), nobody


def netted_households(count: int, seed: int = 0, names: int = 5) -> tuple[Book, Market]:
    """Make households of one taxable account each, all in fractions of shares and without thresholds."""
    rng = np.random.default_rng([seed, count, names])
    market = _market(rng)
    value = np.exp(rng.uniform(np.log(3e4), np.log(2e6), count))
    lots, start, models = _lots(rng, value, names)
    rows = np.arange(count, dtype=np.int32)
    accounts = Accounts(
        rows,
        np.zeros(count, np.uint8),
        np.rint(_CASH * value * DOLLAR).astype(np.int64),
        np.ones(count, np.bool_),
        np.zeros(count, np.int64),
        start,
    )
    policies, table = _policies(), _positions(rng, value)
    losses = np.maximum(unrealised_losses(count, accounts, lots, market.price), _LEAST)
    gains = np.maximum(gains_of_a_move(accounts, lots, market.price, models, rows), _LEAST)
    carried = np.full(count, round(CARRIED_VALUE * FULL_RATE))
    rates = household_rates(table, load_law(), (losses, gains), carried, np.full(count, MISSING))
    households = Households(
        np.arange(count + 1, dtype=np.int64),
        rows,
        (rows % policies.risk_price.size).astype(np.int32),
        np.zeros(count, np.int32),
        rates["short"].copy(),
        rates["long"].copy(),
        rates["loss_short"].copy(),
        rates["loss_long"].copy(),
        rates["short"].copy(),
        rates["long"].copy(),
        np.ones(count),
        np.zeros(count),
        np.full(count, RateOrigin.OWN, np.uint8),
        rows,
        np.full(count, NO_DATE, np.int32),
        np.zeros(count, np.bool_),
        *nothing_pinned(count),
    )
    rules, groups, windows = _nothing(count)
    book = Book(
        households,
        accounts,
        lots,
        models,
        policies,
        rules,
        groups,
        windows,
        table,
        no_preferences(),
        no_requests(count),
        no_substitutes(_SECURITIES),
        no_limits(policies.risk_price.size),
    )
    return book, market
