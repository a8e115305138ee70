"""Seeded households to solve: one index over several accounts, taxable and deferred, each with cash of its own.

About a third of the accounts are taxable, with one to five lots per name held at gains and losses and a yearly cost of
holding what pays income; the others hold each name as one lot without tax. Hostile ones are made of these
(`households_hostile`).
"""

from __future__ import annotations

import numpy as np

from lotwise.bench.accounts import risk_model
from lotwise.bench.reference.account import Bools, Floats, ReferenceAccount
from lotwise.bench.reference.household import ReferenceHousehold
from lotwise.optimizer.household.problem import HouseholdProblem

__all__ = ["household_problem_of", "ordinary_household", "single_account_household", "small_household"]

_SHORT_RATE, _LONG_RATE = 0.408, 0.238  # federal 37% and 20%, each with the 3.8% of 26 U.S.C. 1411
_INCOME_RATE = 0.2  # of what a name yields, taken from it in a taxable account
_MOST_YIELD = 0.04
_RISK_PRICE = 50.0
_CASH = 0.005  # of every account
_HELD = 0.6  # part of the names that an account holds


def household_problem_of(household: ReferenceHousehold) -> HouseholdProblem:
    """Hand the numbers of a household to the engine, field by field."""
    return HouseholdProblem(**{name: getattr(household, name) for name in HouseholdProblem._fields})


def ordinary_household(seed: int, names: int = 100, accounts: int = 4, factors: int = 20) -> ReferenceHousehold:
    """Make a household that may hold every name in every account; at least 3 factors."""
    rng = np.random.default_rng([seed, names, accounts, factors, 4])
    size = np.sort(rng.lognormal(0.0, 1.25, names))[::-1]
    target = size / size.sum() * (1 - _CASH)
    loadings, specific = risk_model(rng, names, factors)
    value = rng.dirichlet(np.full(accounts, 2.0)) if accounts > 1 else np.ones(1)
    taxable = rng.random(accounts) < 1 / 3
    taxable[int(np.argmax(value))] |= not taxable.any()
    cost = np.repeat((2 + 10 * np.arange(names) / names) * 1e-4, accounts)
    account = np.tile(np.arange(accounts), names)
    held = _holdings(rng, target, value)
    lots = _lots(rng, held, taxable[account], cost)
    position, quantity, price, loss = lots
    income = np.repeat(rng.uniform(0, _MOST_YIELD, names), accounts) * _INCOME_RATE
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    return ReferenceHousehold(
        target=target,
        loadings=loadings,
        specific=specific,
        low=np.zeros(names),
        high=np.full(names, np.inf),
        position_start=np.arange(names + 1) * accounts,
        account=account,
        held=held,
        buy_cost=cost,
        may_buy=rng.random(account.size) > 0.03,
        hold_cost=np.where(taxable[account], income, 0.0),
        position_low=np.zeros(account.size),
        position_high=np.full(account.size, np.inf),
        lot_start=np.searchsorted(position, np.arange(account.size + 1)),
        lot_quantity=quantity,
        lot_price=price,
        lot_loss=loss,
        group_start=np.zeros(1, np.int64),
        group_name=none,
        group_coefficient=nothing,
        group_low=nothing,
        group_high=nothing,
        own_group_start=np.zeros(1, np.int64),
        own_group_position=none,
        own_group_coefficient=nothing,
        own_group_low=nothing,
        own_group_high=nothing,
        value=value,
        cash_low=value * _CASH,
        cash_high=value * _CASH,
        risk_price=_RISK_PRICE,
    )


def small_household(seed: int, names: int = 5, accounts: int = 2, factors: int = 4) -> ReferenceHousehold:
    """Make a household small enough to enumerate the sides of all its names."""
    return ordinary_household(seed, names, accounts, factors)


def single_account_household(account: ReferenceAccount) -> ReferenceHousehold:
    """Write one account's problem as a household of one: the optimum is the same."""
    n = account.names
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    return ReferenceHousehold(
        target=account.target,
        loadings=account.loadings,
        specific=account.specific,
        low=account.low,
        high=account.high,
        position_start=np.arange(n + 1),
        account=np.zeros(n, np.int64),
        held=account.held,
        buy_cost=account.buy_cost,
        may_buy=account.may_buy,
        hold_cost=np.zeros(n),
        position_low=np.full(n, -np.inf),
        position_high=np.full(n, np.inf),
        lot_start=account.lot_start,
        lot_quantity=account.lot_quantity,
        lot_price=account.lot_price,
        lot_loss=account.lot_price < -account.buy_cost[account.lot_name],
        group_start=account.group_start,
        group_name=account.group_name,
        group_coefficient=account.group_coefficient,
        group_low=account.group_low,
        group_high=account.group_high,
        own_group_start=np.zeros(1, np.int64),
        own_group_position=none,
        own_group_coefficient=nothing,
        own_group_low=nothing,
        own_group_high=nothing,
        value=np.ones(1),
        cash_low=np.array([account.cash_low]),
        cash_high=np.array([account.cash_high]),
        risk_price=account.risk_price,
    )


def _holdings(rng: np.random.Generator, target: Floats, value: Floats) -> Floats:
    """Drifted parts of the index in every account, invested but for some cash, (C,) name by name."""
    held = np.zeros((target.size, value.size))
    likely = target + target.mean()
    count = max(1, int(_HELD * target.size))
    for a in range(value.size):
        chosen = rng.choice(target.size, count, replace=False, p=likely / likely.sum())
        weight = target[chosen] * np.exp(rng.normal(0.0, 0.4, count))
        held[chosen, a] = weight / weight.sum() * value[a] * (1 - 3 * _CASH)
    return held.ravel()


def _lots(
    rng: np.random.Generator, held: Floats, taxable: Bools, cost: Floats
) -> tuple[np.ndarray, Floats, Floats, Bools]:
    """Positions, quantities, prices and losses of the lots, of a position cheapest first."""
    owned = np.flatnonzero(held > 0)
    count = np.where(taxable[owned], rng.integers(1, 6, owned.size), 1)
    position = np.repeat(owned, count)
    part = rng.gamma(2.0, 1.0, position.size)
    quantity = held[position] * part / np.bincount(position, part, held.size)[position]
    gain = 1 - np.exp(rng.normal(-0.15, 0.35, position.size))  # of a dollar sold
    tax = np.where(rng.random(position.size) < 0.6, _LONG_RATE, _SHORT_RATE) * gain
    tax = np.where(taxable[position], tax, 0.0)
    order = np.lexsort((tax, position))
    return position, quantity[order], tax[order] + cost[position], tax[order] < 0
