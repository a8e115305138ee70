"""Seeded accounts to solve: ordinary ones, and every hostile kind that is known to break solvers.

An ordinary account holds part of a capital-weighted index, drifted, in three to five lots per name bought
over some years, under a market, style and industry factor model: the statistical make of a direct-indexing
account. A hostile one is an ordinary one with one thing wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tests.reference.account import Floats, Ints, ReferenceAccount

__all__ = ["HOSTILE", "hostile", "ordinary", "small"]

_SHORT_RATE, _LONG_RATE = 0.408, 0.238  # federal 37% and 20%, each with the 3.8% of 26 U.S.C. 1411
_RISK_PRICE = 50.0
_CASH = 0.005
_HELD = {100: 80, 500: 300, 1000: 500, 3000: 1000}  # names held of an index of so many


def ordinary(seed: int, names: int = 100, factors: int = 20) -> ReferenceAccount:
    """Make an account of so many index names; at least 3 factors (market, styles, industries)."""
    rng = np.random.default_rng([seed, names, factors, 1])
    size = np.sort(rng.lognormal(0.0, 1.25, names))[::-1]
    target = size / size.sum() * (1 - _CASH)
    loadings, specific = _risk_model(rng, names, factors)
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


def hostile(kind: str, seed: int, names: int = 40, factors: int = 8) -> ReferenceAccount:
    """Make an ordinary account and spoil it; `kind` is a key of HOSTILE."""
    rng = np.random.default_rng([seed, names, factors, 2])
    factors = 60 if kind == "sixty factors" else factors
    return HOSTILE[kind](ordinary(seed, names, factors), rng)


def _risk_model(rng: np.random.Generator, names: int, factors: int) -> tuple[Floats, Floats]:
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
    parts: list[tuple[Ints, Floats, Floats]] = []
    for i in np.flatnonzero(held > 0):
        count = int(rng.integers(3, 6))
        age = np.sort(np.clip(rng.gamma(1.6, 330.0, count), 32, 2500).astype(np.int64)) + np.arange(count)
        years = np.diff(age, prepend=0) / 365.25
        basis = np.exp(np.cumsum(rng.normal(-0.1 * years, np.sqrt((specific[i] + 0.0256) * years))))
        tax = np.where(age > 365, _LONG_RATE, _SHORT_RATE) * (1 - basis)
        cheapest_first = np.argsort(tax)
        quantity = held[i] * rng.dirichlet(np.full(count, 2.0))
        parts.append((np.full(count, i), quantity[cheapest_first], tax[cheapest_first] + cost[i]))
    names, quantities, prices = zip(*parts, strict=True)
    return np.concatenate(names), np.concatenate(quantities), np.concatenate(prices)


def _with_prices(account: ReferenceAccount, price: Floats) -> ReferenceAccount:
    """Reprice the lots, cheapest first again."""
    order = np.lexsort((price, account.lot_name))
    return replace(account, lot_price=price[order], lot_quantity=account.lot_quantity[order])


def _with_groups(account: ReferenceAccount, members: list[Ints], low: Floats, high: Floats) -> ReferenceAccount:
    """Add rows of group bounds with coefficient 1."""
    return replace(
        account,
        group_start=np.concatenate([[0], np.cumsum([each.size for each in members])]),
        group_name=np.concatenate(members),
        group_coefficient=np.ones(sum(each.size for each in members)),
        group_low=low,
        group_high=high,
    )


def _duplicates(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Give every second name the risk of the one before it."""
    twin = np.arange(account.names) // 2 * 2
    return replace(
        account,
        loadings=account.loadings[twin],
        specific=account.specific[twin],
        buy_cost=account.buy_cost[twin],
    )


def _one_heavy(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Hold 60% in one name."""
    heavy = int(np.argmax(account.held))
    scale = np.full(account.names, 0.4 / (1 - account.held[heavy]))
    scale[heavy] = 0.6 / account.held[heavy]
    return replace(account, held=account.held * scale, lot_quantity=account.lot_quantity * scale[account.lot_name])


def _empty_lots(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Empty the cheapest lot of most names: a loss without a share."""
    first = np.diff(account.lot_name, prepend=-1) > 0
    emptied = first & (rng.random(account.lots) < 0.7)
    quantity = np.where(emptied, 0.0, account.lot_quantity)
    return replace(account, lot_quantity=quantity, held=account.by_name(quantity))


def _sectors(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Bound five overlapping groups near their target weight."""
    members = [np.flatnonzero(rng.random(account.names) < 0.3) for _ in range(5)]
    members = [each if each.size else np.arange(1) for each in members]
    weight = np.array([account.target[each].sum() for each in members])
    return _with_groups(account, members, np.maximum(weight - 0.02, 0.0), np.minimum(weight + 0.005, 1.0))


def _conflicting_groups(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Ask at least 70% and at most 30% of the same half."""
    half = np.arange(0, account.names, 2)
    return _with_groups(account, [half, half], np.array([0.7, 0.0]), np.array([1.0, 0.3]))


def _unreachable(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Cap every name so low that the account cannot be invested; ask for more of barred names."""
    low = np.where(account.may_buy, 0.0, account.held + 0.01)
    return replace(account, low=low, high=np.maximum(np.full(account.names, 0.5 / account.names), low))


def _name_bounds(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Bound a third of the names, some so that they must be sold or bought."""
    bounded = rng.random(account.names) < 0.33
    middle = account.held * rng.uniform(0.6, 1.3, account.names)
    low = np.where(bounded & account.may_buy, 0.9 * middle, 0.0)
    high = np.where(bounded, np.maximum(1.1 * middle, 0.002), 1.0)
    return replace(account, low=np.minimum(low, high), high=high)


def _locked(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Take a third of the lots off the table: held, but not for sale."""
    return replace(account, lot_quantity=np.where(rng.random(account.lots) < 0.33, 0.0, account.lot_quantity))


def _all_cash(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Hold nothing yet."""
    return replace(
        account,
        held=np.zeros(account.names),
        lot_start=np.zeros(account.names + 1, dtype=np.int64),
        lot_quantity=np.zeros(0),
        lot_price=np.zeros(0),
    )


def _overdrawn(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Owe 4% of the value: more must be sold than the trades alone would ask for."""
    scale = 1.04 / account.held.sum()
    return replace(account, held=account.held * scale, lot_quantity=account.lot_quantity * scale)


Spoiler = Callable[[ReferenceAccount, np.random.Generator], ReferenceAccount]

HOSTILE: dict[str, Spoiler] = {
    "cheap tracking": lambda a, _: replace(a, risk_price=0.01 * a.risk_price),
    "dear tracking": lambda a, _: replace(a, risk_price=100.0 * a.risk_price),
    "funds": lambda a, _: replace(a, specific=1e-3 * a.specific),  # about 0.8% a year, as index funds have
    "tiny specific risk": lambda a, _: replace(a, specific=1e-9 * a.specific),
    "some without specific risk": lambda a, g: replace(a, specific=a.specific * (g.random(a.names) < 0.5)),
    "no specific risk": lambda a, _: replace(a, specific=np.zeros(a.names)),
    "singular covariance": lambda a, _: replace(a, loadings=a.loadings[:, [0] * a.loadings.shape[1]]),
    "no factor risk": lambda a, _: replace(a, loadings=np.zeros_like(a.loadings)),
    "duplicates": _duplicates,
    "free trading": lambda a, _: replace(
        _with_prices(a, a.lot_price - a.buy_cost[a.lot_name]), buy_cost=np.zeros(a.names)
    ),
    "ties": lambda a, _: _with_prices(replace(a, buy_cost=np.full(a.names, 1e-3)), np.round(a.lot_price, 1)),
    "all gains": lambda a, _: _with_prices(a, np.abs(a.lot_price)),
    "all losses": lambda a, _: _with_prices(a, -np.abs(a.lot_price)),
    "one heavy name": _one_heavy,
    "empty lots": _empty_lots,
    "sixty factors": lambda a, _: a,
    "cash band": lambda a, _: replace(a, cash_low=0.0, cash_high=0.03),
    "raise cash": lambda a, _: replace(a, cash_low=0.3, cash_high=0.3),
    "overdrawn": _overdrawn,
    "all cash": _all_cash,
    "locked lots": _locked,
    "name bounds": _name_bounds,
    "sectors": _sectors,
    "conflicting groups": _conflicting_groups,
    "unreachable": _unreachable,
}
