"""Accounts that Lotwise optimises month by month, each with one risk forecast: where errors of a forecast add up.

An account follows the index with some of its members and pays tax by the lot: it harvests losses, defers gains, may
not buy back within a month what it sold at a loss, does not touch a sector that its owner rules out, keeps some cash.
Its lots live on from month to month, so that its active weights are those of a product that has been run for years.
What leaves the index is sold at its last price.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from lotwise.bench.risk_forecasts import Forecast
from lotwise.bench.risk_market import RiskDate
from lotwise.optimizer.problem import SolveStatus
from lotwise.optimizer.single_account import AccountProblem, solve_account

__all__ = ["AccountTerms", "OptimisedAccount", "standing", "terms"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Tax of a dollar of short-term and long-term gain: the highest federal rates, 37% and 20%, with 3.8% on both.
_SHORT, _LONG = 0.408, 0.238

# What a dollar of long-term tax costs when it is paid now and not decades from now: half.
_DEFERRED = 0.5

# Months of 21 trading days after which a gain is long-term.
_LONG_AFTER = 12

# Half a spread of 4 basis points.
_COST = 2e-4

_LEAST_HELD = 1e-9

# A standing behind all others.
_NEVER = 2.0


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What makes one account other than the next."""

    number: int
    names: int  # members of the index it may buy
    risk_price: float  # dollars per dollar and unit of annual variance
    taxed: bool  # False: a retirement account, which trades at cost
    avoided: int  # sector it does not buy, by number; -1 = none
    cash: float  # most cash


def terms(count: int) -> list[AccountTerms]:
    """Terms of `count` accounts: 60 to 150 names, risk prices of 25 to 400, four fifths taxed, a third restricted."""
    return [
        AccountTerms(
            number=number,
            names=(60, 80, 100, 120, 150)[number % 5],
            risk_price=(25.0, 50.0, 100.0, 200.0, 400.0)[number // 5 % 5],
            taxed=number % 5 != (number // 5 + 2) % 5,
            avoided=number // 3 % 11 if number % 3 == 0 else -1,
            cash=(0.0, 0.005, 0.01, 0.02)[number % 4],
        )
        for number in range(count)
    ]


def standing(symbols: tuple[str, ...], purpose: str) -> Floats:
    """A number in 0..1 for each symbol, the same on every day and whatever else is listed; (N,)."""
    digests = (blake2b(f"{purpose}:{symbol}".encode(), digest_size=6).digest() for symbol in symbols)
    return np.array([int.from_bytes(digest, "big") / 2.0**48 for digest in digests])


@dataclass(slots=True)
class _Lots:
    """Lots of one account; values are fractions of the account."""

    security: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    value: Floats = field(default_factory=lambda: np.empty(0))
    basis: Floats = field(default_factory=lambda: np.empty(0))
    months: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def keep(self, chosen: Flags | Ints) -> None:
        self.security, self.value = self.security[chosen], self.value[chosen]
        self.basis, self.months = self.basis[chosen], self.months[chosen]

    def add(self, security: Ints, value: Floats) -> None:
        self.security = np.concatenate([self.security, security])
        self.value = np.concatenate([self.value, value])
        self.basis = np.concatenate([self.basis, value])
        self.months = np.concatenate([self.months, np.zeros(len(security), np.int64)])


class OptimisedAccount:
    """One account through time: `rebalanced` at a close, then `grown` until the next."""

    def __init__(self, account: AccountTerms) -> None:
        self.terms = account
        self.unsolved = 0  # months whose solve did not reach its gap
        self._lots = _Lots()
        self._barred = np.empty(0, np.int64)  # securities sold at a loss last month

    def rebalanced(self, known: RiskDate, forecast: Forecast) -> Floats:
        """Trade to what the forecast and the taxes ask for; weights of the members after it, (N,)."""
        lots = self._lots
        place = np.full(max(int(known.columns.max()), int(lots.security.max(initial=0))) + 1, -1, dtype=np.int64)
        place[known.columns] = np.arange(known.members)
        lots.keep(place[lots.security] >= 0)
        column, price = place[lots.security], self._price()
        order = np.lexsort((price, column))
        lots.keep(order)
        column, price = column[order], price[order]
        held = np.bincount(column, weights=lots.value, minlength=known.members).astype(np.float64)
        may_buy = self._may_buy(known, place)
        problem, chosen = _problem(self.terms, known, forecast, (held, may_buy), (column, lots.value, price))
        solution = solve_account(problem)
        self.unsolved += solution.status is not SolveStatus.SOLVED
        at_loss = lots.value < lots.basis
        self._barred = np.unique(lots.security[(solution.sold > _LEAST_HELD) & at_loss])
        left = np.maximum(lots.value - solution.sold, 0.0)
        lots.basis = lots.basis * left / np.maximum(lots.value, _LEAST_HELD)
        lots.value = left
        lots.keep(left > _LEAST_HELD)
        bought = solution.bought > _LEAST_HELD
        lots.add(known.columns[chosen[bought]], solution.bought[bought])
        weights: Floats = np.bincount(place[lots.security], weights=lots.value, minlength=known.members).astype(float)
        return weights

    def grown(self, columns: Ints, growth: Floats) -> None:
        """Let a month pass in which a dollar in `columns` became `growth` dollars; both (N,)."""
        factor = np.ones(int(columns.max()) + 1)
        factor[columns] = growth
        lots = self._lots
        cash = max(1.0 - float(lots.value.sum()), 0.0)
        lots.value = lots.value * factor[lots.security]
        whole = float(lots.value.sum()) + cash
        lots.value /= whole
        lots.basis /= whole
        lots.months += 1

    def _price(self) -> Floats:
        """Tax and cost per dollar sold of each lot."""
        lots = self._lots
        if not self.terms.taxed:
            return np.full(len(lots.value), _COST)
        gain = (lots.value - lots.basis) / lots.value
        rate = np.where(lots.months < _LONG_AFTER, _SHORT, np.where(gain > 0.0, _DEFERRED * _LONG, _LONG))
        return gain * rate + _COST

    def _may_buy(self, known: RiskDate, place: Ints) -> Flags:
        """The first so many members by the account's own standing, outside the sector that it avoids; (N,)."""
        symbols = known.history.symbols[: known.members]
        order = standing(symbols, f"account {self.terms.number}")
        sector = np.array(known.structure.sector[: known.members])
        if self.terms.avoided >= 0:
            large = sorted({name for name in sector.tolist() if name and np.sum(sector == name) > 1})
            order[sector == large[self.terms.avoided % len(large)]] = _NEVER
        may_buy = np.zeros(known.members, dtype=np.bool_)
        may_buy[np.argsort(order)[: self.terms.names]] = True
        may_buy[order == _NEVER] = False
        barred = place[self._barred]
        may_buy[barred[barred >= 0]] = False
        return may_buy


def _problem(
    account: AccountTerms,
    known: RiskDate,
    forecast: Forecast,
    sides: tuple[Floats, Flags],
    lots: tuple[Ints, Floats, Floats],
) -> tuple[AccountProblem, Ints]:
    """The account's problem, and the members it is over; `sides` = (held, may buy), `lots` = (column, value, price)."""
    held, may_buy = sides
    column, value, price = lots
    if forecast.loadings is None or forecast.specific is None:
        chosen = np.flatnonzero(may_buy | (held > 0.0))
        loadings, specific, target = forecast.within(chosen, known.benchmark)
    else:
        chosen = np.arange(known.members)
        loadings, specific, target = forecast.loadings, forecast.specific, known.benchmark
    n = len(chosen)
    row = np.full(known.members, -1)
    row[chosen] = np.arange(n)
    problem = AccountProblem(
        target=np.ascontiguousarray(target),
        held=held[chosen],
        loadings=np.ascontiguousarray(loadings),
        specific=np.ascontiguousarray(specific),
        buy_cost=np.full(n, _COST),
        lot_start=np.searchsorted(row[column], np.arange(n + 1)).astype(np.int64),
        lot_quantity=value,
        lot_price=price,
        may_buy=may_buy[chosen],
        low=np.zeros(n),
        high=np.ones(n),
        group_start=np.zeros(1, np.int64),
        group_name=np.empty(0, np.int64),
        group_coefficient=np.empty(0),
        group_low=np.empty(0),
        group_high=np.empty(0),
        cash_low=0.0,
        cash_high=account.cash,
        risk_price=account.risk_price,
    )
    return problem, chosen
