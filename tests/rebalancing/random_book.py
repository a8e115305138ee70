"""Random books with risk, models, policies and bounds on groups: whatever `rebalance` must cope with."""

from __future__ import annotations

from random import Random

import numpy as np

from lotwise.money import DOLLAR
from lotwise.rebalancing.book import Book, Groups, Models, Policies, RuleSets
from lotwise.securities.market import Market
from tests.rebalancing.checks_firm import as_book, as_market
from tests.rebalancing.checks_random import random_firm

__all__ = ["random_book"]


def _random_models(random: Random, securities: int) -> Models:
    starts, names, weights, cash = [0], [], [], []
    for _ in range(2):
        chosen = sorted(random.sample(range(securities), random.randint(0, securities)))
        parts = np.array([random.random() + 0.01 for _ in chosen])
        part_cash = random.choice((0.0, 0.02, 0.3)) if chosen else 1.0
        names += chosen
        weights += list(parts / max(parts.sum(), 1e-9) * (1 - part_cash)) if chosen else []
        cash.append(part_cash)
        starts.append(len(names))
    return Models(np.array(starts, np.int64), np.array(names, np.int32), np.array(weights, np.float64), np.array(cash))


def _random_policies(random: Random, count: int, whole: np.ndarray) -> Policies:
    def pick(*values: float) -> np.ndarray:
        return np.array([random.choice(values) for _ in range(count)], np.float64)

    return Policies(
        risk_price=pick(0.5, 50.0, 5000.0),
        deferral_discount=pick(0.0, 0.5, 1.0),
        harvest_depth=pick(0.0, 0.9, 1.0),
        trading_cost_multiplier=pick(0.0, 1.0, 4.0),
        short_term_wait_cap=pick(1.0, 4.0),
        buy_opportunity_cost=np.array([random.randrange(2) for _ in range(count)], np.uint8),
        cash_target=pick(0.0, 0.01, 0.2),
        cash_band=pick(0.0, 0.01),
        minimum_trade=np.array([random.choice((0, 100 * DOLLAR, 3000 * DOLLAR)) for _ in range(count)], np.int64),
        fractional_shares=whole,
        joint=np.array([random.randrange(2) for _ in range(count)], np.uint8),
        worth_it=pick(0.0, 1e-4, -1.0),
        cash_reserve=np.zeros(count, np.int64),
        location_years=np.zeros(count),
        preferences=np.zeros(count, np.int32),
        carried_loss_value=np.resize([0.8, 0.0, 1.0, np.nan], count),
        days_between=np.resize([0.0, 10.0, 0.0], count),
        trading_price=np.zeros(count),
    )


def _random_groups(random: Random, securities: int, rules: RuleSets) -> tuple[RuleSets, Groups]:
    starts, names, coefficients = [0], [], []
    for _ in range(2):
        chosen = sorted(random.sample(range(securities), random.randint(1, securities)))
        names += chosen
        coefficients += [random.choice((1.0, 0.4)) for _ in chosen]
        starts.append(len(names))
    sets = len(rules.name_start) - 1
    counts = [random.randrange(3) for _ in range(sets)]
    total = sum(counts)
    low = np.array([random.choice((0.0, 0.0, 0.1, 0.6)) for _ in range(total)])
    high = np.maximum(low, np.array([random.choice((0.05, 0.3, 1.0)) for _ in range(total)]))
    replaced = rules._replace(
        name_low=np.minimum(np.array([random.choice((0.0, 0.0, 0.1)) for _ in rules.name_high]), rules.name_high),
        group_start=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        group=np.array([random.randrange(2) for _ in range(total)], np.int32),
        group_account=np.full(total, -1, np.int32),
        group_low=low,
        group_high=high,
        group_source=np.arange(total, dtype=np.int32),
    )
    return replaced, Groups(np.array(starts, np.int64), np.array(names, np.int32), np.array(coefficients))


def random_book(seed: int) -> tuple[Book, Market]:
    """A book of one to three households and a market with a few factors: every array legal, little of it sane."""
    random = Random(seed)
    firm = random_firm(random)
    for household in firm.households:
        household.accounts.sort(key=lambda account: account.kind)
        for account in household.accounts:
            account.lots.sort(key=lambda lot: (lot.security, lot.acquired))
            account.lots[:] = [lot for lot in account.lots if firm.securities[lot.security].price > 0]
    book, market = as_book(firm), as_market(firm)
    n, k = len(firm.securities), random.randint(1, 3)
    draw = np.random.default_rng(seed)
    market = market._replace(
        loadings=draw.normal(0, 0.2, (n, k)),
        specific=np.array([random.choice((0.0, 1e-6, 0.04, 0.3)) for _ in range(n)]),
    )
    rules, groups = _random_groups(random, n, book.rules)
    households = book.households._replace(model=np.array([random.randrange(2) for _ in firm.households], np.int32))
    policies = _random_policies(random, len(firm.policies), book.policies.fractional_shares)
    book = book._replace(
        households=households, models=_random_models(random, n), policies=policies, rules=rules, groups=groups
    )
    return book, market
