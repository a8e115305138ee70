"""Seeded accounts to solve, of the statistical make of a direct-indexing account.

An ordinary account holds part of a capital-weighted index, drifted, in three to five lots per name bought over some
years, under a market, style and industry factor model. Hostile ones are made of it (`accounts_hostile`).
"""

from __future__ import annotations

import numpy as np

from lotwise.bench.reference.account import Floats, Ints, ReferenceAccount
from lotwise.optimizer.single_account import AccountProblem

__all__ = ["ordinary", "problem_of", "risk_model", "small"]

_SHORT_RATE, _LONG_RATE = 0.408, 0.238  # federal 37% and 20%, each with the 3.8% of 26 U.S.C. 1411
_RISK_PRICE = 50.0
_CASH = 0.005
_HELD = {100: 80, 500: 300, 1000: 500, 3000: 1000}  # names held of an index of so many


def problem_of(account: ReferenceAccount) -> AccountProblem:
    """Hand the numbers of an account to the engine, field by field."""
    return AccountProblem(**{name: getattr(account, name) for name in AccountProblem._fields})


def ordinary(seed: int, names: int = 100, factors: int = 20) -> ReferenceAccount:
    """Make an account of so many index names; at least 3 factors (market, styles, industries)."""
    rng = np.random.default_rng([seed, names, factors, 1])
    size = np.sort(rng.lognormal(0.0, 1.25, names))[::-1]
    target = size / size.sum() * (1 - _CASH)
    loadings, specific = risk_model(rng, names, factors)
    cost = (2 + 10 * np.arange(names) / names) * 1e-4 * np.exp(rng.normal(0, 0.15, names))
    likely = target + target.mean()
    count = _HELD.get(names, max(1, int(0.6 * names)))
    chosen = rng.choice(names, count, replace=False, p=likely / likely.sum())
    held = np.zeros(names)
    held[chosen] = target[chosen] * np.exp(rng.normal(0, 0.3, count))
    held *= (1 - 3 * _CASH) / held.sum()
    lot_name, quantity, price = _lots(rng, held, specific, cost)
    may_buy = np.ones(names, dtype=np.bool_)
    may_buy[rng.choice(names, max(1, names * 3 // 100), replace=False)] = False
    nothing = np.zeros(0)
    return ReferenceAccount(
        target=target,
        held=held,
        loadings=loadings,
        specific=specific,
        buy_cost=cost,
        lot_start=np.searchsorted(lot_name, np.arange(names + 1)),
        lot_quantity=quantity,
        lot_price=price,
        may_buy=may_buy,
        low=np.zeros(names),
        high=np.ones(names),
        group_start=np.zeros(1, dtype=np.int64),
        group_name=np.zeros(0, dtype=np.int64),
        group_coefficient=nothing,
        group_low=nothing,
        group_high=nothing,
        cash_low=_CASH,
        cash_high=_CASH,
        risk_price=_RISK_PRICE,
    )


def small(seed: int, names: int = 7, factors: int = 4) -> ReferenceAccount:
    """Make an account small enough to enumerate every choice of sell or buy."""
    return ordinary(seed, names, factors)


def risk_model(rng: np.random.Generator, names: int, factors: int) -> tuple[Floats, Floats]:
    """Loadings sqrt(2) X Omega^(1/2) of a market, styles and industries, and specific variances."""
    styles = max(1, (factors - 1) // 2)
    industries = max(1, factors - 1 - styles)
    exposures = np.zeros((names, 1 + styles + industries))
    exposures[:, 0] = rng.normal(1.0, 0.3, names)
    exposures[:, 1 : 1 + styles] = rng.normal(0.0, 1.0, (names, styles))
    exposures[np.arange(names), 1 + styles + rng.integers(0, industries, names)] = 1.0
    volatility = np.concatenate([[0.16], rng.uniform(0.015, 0.045, styles), rng.uniform(0.05, 0.1, industries)])
    sample = rng.normal(size=(volatility.size, 3 * volatility.size))
    covariance = np.corrcoef(sample) * np.outer(volatility, volatility)
    root = np.linalg.cholesky(covariance + 1e-8 * np.eye(volatility.size))
    specific = np.clip(rng.lognormal(np.log(0.26), 0.35, names), 0.1, 0.9) ** 2
    return np.ascontiguousarray(np.sqrt(2.0) * exposures @ root), specific


def _lots(rng: np.random.Generator, held: Floats, specific: Floats, cost: Floats) -> tuple[Ints, Floats, Floats]:
    """Names, quantities and prices of the lots; bases run along each name's path back in time."""
    owned = np.flatnonzero(held > 0)
    name = np.repeat(owned, rng.integers(3, 6, owned.size))
    first = np.flatnonzero(np.diff(name, prepend=-1))
    of = np.cumsum(np.diff(name, prepend=-1) > 0) - 1  # place of a lot's name among those owned
    rank = np.arange(name.size) - first[of]
    drawn = np.clip(rng.gamma(1.6, 330.0, name.size), 32, 2500).astype(np.int64)
    age = drawn[np.lexsort((drawn, name))] + rank
    years = np.diff(age, prepend=0) / 365.25
    years[first] = age[first] / 365.25
    path = np.cumsum(rng.normal(-0.1 * years, np.sqrt((specific[name] + 0.0256) * years)))
    basis = np.exp(path - np.append(0.0, path)[first][of])
    tax = np.where(age > 365, _LONG_RATE, _SHORT_RATE) * (1 - basis)
    part = rng.gamma(2.0, 1.0, name.size)
    quantity = held[name] * part / np.bincount(of, part)[of]
    order = np.lexsort((tax, name))
    return name, quantity[order], tax[order] + cost[name]
