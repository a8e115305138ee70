"""The best trades of a small household by its exact tax, by enumeration: no step of it is the engine's.

The plane of the year's net short-term gain x and net long-term gain y is cut along every line on which the tax may
turn: x = 0, y = 0, x + y at zero, at the limit on the deduction of losses and at the thresholds of rates, x at those of
the brackets. In each cell tax is linear; with every choice of which names sell and which buy, each is a small convex
quadratic program, solved by PIQP. What wins is judged by the liability of the year, not by the program's own tax.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
import piqp
from numpy.typing import NDArray

from lotwise.ledger.events import MISSING
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.money import DOLLAR, FULL_RATE, SHARE
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.exact_tax import terms_of
from lotwise.securities.market import Market
from lotwise.tax.liability import liabilities, load_law
from lotwise.tax.parameters import federal_row

__all__ = ["SmallHousehold", "best_of", "small_household"]

Floats = NDArray[np.float64]

_INFEASIBLE = 1e-7


@dataclass(frozen=True, slots=True)
class SmallHousehold:
    """One account in fractions of its value V; trades are weights sold of lots (L,), then bought of names (n,)."""

    value: float  # dollars
    target: Floats  # (n,)
    held: Floats  # (n,)
    covariance: Floats  # (n, n) risk price included
    name: NDArray[np.int64]  # (L,) of each lot
    quantity: Floats  # (L,)
    short: Floats  # (L,) short-term gain that counts, per dollar sold
    long: Floats  # (L,)
    spread: Floats  # (n,) cost of a dollar traded
    cash: tuple[float, float]  # least and greatest
    carried: float
    later: float
    position: Any  # one row of POSITION

    @property
    def moves(self) -> Floats:
        """Change of every weight per dollar of each trade (n, L + n)."""
        sells = np.zeros((self.target.size, self.name.size))
        sells[self.name, np.arange(self.name.size)] = -1.0
        return np.hstack((sells, np.eye(self.target.size)))

    @property
    def linear(self) -> Floats:
        """Cost of each trade but for the tax of the year, per dollar (L + n,)."""
        return np.concatenate((self.spread[self.name] - self.later * (self.short + self.long), self.spread))

    def net(self, trades: Floats) -> Floats:
        """Return x and y after trades, dollars."""
        sold = trades[: self.name.size] * self.value
        before = [
            (self.position[f"{term}_gains"][0] - self.position[f"{term}_carryforward"][0]) / DOLLAR
            for term in ("short", "long")
        ]
        return np.asarray(np.array(before) + np.array([self.short @ sold, self.long @ sold]), np.float64)

    def tax(self, nets: Floats) -> Floats:
        """Tax of the year less the worth of what is carried on, dollars, at points (p, 2)."""
        rows = np.repeat(self.position, len(nets))
        for column, term in enumerate(("short", "long")):
            rows[f"{term}_gains"] = np.rint(nets[:, column] * DOLLAR) + rows[f"{term}_carryforward"]
        owed = liabilities(rows, load_law())
        carries = owed["short_carryforward"] + owed["long_carryforward"]
        return np.asarray((owed["total"] - self.carried * carries) / DOLLAR, np.float64)

    def judge(self, trades: Floats) -> float:
        """What trades cost, as a fraction of value, by the exact tax."""
        away = self.held + self.moves @ trades - self.target
        tax = self.tax(self.net(trades)[None])[0] / self.value
        return float(away @ self.covariance @ away + self.linear @ trades + tax)


def small_household(book: Book, market: Market, household: int) -> SmallHousehold:
    """Read one household of one account from a book whose policies have neither thresholds nor weights of waiting."""
    policy, owner = book.households.policy[household], book.households
    first, last = book.accounts.lot_start[household : household + 2]
    model = slice(*book.models.start[owner.model[household] : owner.model[household] + 2])
    names = book.models.security[model]
    lots = slice(first, last)
    worth = book.lots.shares[lots] / SHARE * (market.price[book.lots.security[lots]] / DOLLAR)
    value = float(worth.sum() + book.accounts.cash[household] / DOLLAR)
    gain = 1 - book.lots.basis[lots] / DOLLAR / worth
    counts = (gain >= 0) | (1 / (1 - gain) <= book.policies.harvest_depth[policy])
    long = np.array([is_long_term_number(int(day), int(market.as_of)) for day in book.lots.holding_start[lots]])
    place = np.searchsorted(names, book.lots.security[lots])
    target, band = book.policies.cash_target[policy], book.policies.cash_band[policy]
    terms = terms_of(book, household, household + 1)
    loadings = market.loadings[names]
    return SmallHousehold(
        value=value,
        target=book.models.weight[model],
        held=np.bincount(place, worth / value, names.size).astype(np.float64),
        covariance=book.policies.risk_price[policy] * (0.5 * loadings @ loadings.T + np.diag(market.specific[names])),
        name=place,
        quantity=worth / value,
        short=np.where(counts & ~long, gain, 0.0),
        long=np.where(counts & long, gain, 0.0),
        spread=book.policies.trading_cost_multiplier[policy] * market.spread[names] / (2 * FULL_RATE),
        cash=(float(target - band), float(target + band)),
        carried=float(terms.carried[0]),
        later=float(terms.later[0]),
        position=book.tax[household : household + 1],
    )


def _thresholds(position: Any) -> tuple[list[float], list[float]]:  # noqa: ANN401 - a row
    """Where tax may turn: values of x, and of x + y, dollars."""
    law = load_law()
    row = federal_row(law.federal, int(position["year"][0]), int(position["filing_status"][0]))
    figures = law.federal.figures[row]
    sums = [0.0, -figures.loss_limit / DOLLAR]
    if position["ordinary_income"][0] == MISSING:
        return [0.0], sums
    income, magi = position["ordinary_income"][0], position["magi"][0]
    starts = [(start - income) / DOLLAR for start in law.federal.bracket_start[row]]
    sums += [*starts, (figures.zero_up_to - income) / DOLLAR, (figures.middle_up_to - income) / DOLLAR]
    sums.append((figures.investment_threshold - magi) / DOLLAR)
    return [0.0, *starts], sums


def _edges(lines: list[float], low: float, high: float) -> list[tuple[float, float]]:
    inside = sorted({line for line in lines if low < line < high})
    return list(pairwise([low, *inside, high]))


def _corners(cell: Floats) -> Floats:
    """Corners of a cell, rows (least, greatest) of x, y and x + y."""
    lines = [(1.0, 0.0, c) for c in cell[0]] + [(0.0, 1.0, c) for c in cell[1]] + [(1.0, 1.0, c) for c in cell[2]]
    found = []
    for i, (a, b, c) in enumerate(lines):
        for d, e, f in lines[i + 1 :]:
            cross = a * e - b * d
            if cross != 0:
                x, y = (c * e - b * f) / cross, (a * f - c * d) / cross
                if all(low - 1e-6 <= v <= high + 1e-6 for v, (low, high) in zip((x, y, x + y), cell, strict=True)):
                    found.append((x, y))
    return np.array(found)


def _cells(own: SmallHousehold) -> Iterator[tuple[Floats, Floats]]:
    """Cells within reach: their bounds, and the slopes of the tax in them."""
    ends = [own.net(np.concatenate((part, np.zeros(own.target.size)))) for part in _extremes(own)]
    low_x, high_x, low_y, high_y = ends[0][0] - 1, ends[1][0] + 1, ends[2][1] - 1, ends[3][1] + 1
    at_x, at_sum = _thresholds(own.position)
    for x, y, both in product(
        _edges(at_x, low_x, high_x), _edges([0.0], low_y, high_y), _edges(at_sum, low_x + low_y, high_x + high_y)
    ):
        cell = np.array((x, y, both))
        corners = _corners(cell)
        if len(corners) < 3:
            continue
        middle = corners.mean(0)
        room = np.min([[v - low, high - v] for v, (low, high) in zip((*middle, middle.sum()), cell, strict=True)])
        if room < 0.01:
            continue
        step = min(room / 3, 1_000.0)
        points = middle + np.array([(-step, 0), (step, 0), (0, -step), (0, step)])
        left, right, below, above = own.tax(points)
        slope = np.array((right - left, above - below)) / (2 * step)
        yield cell, slope


def _extremes(own: SmallHousehold) -> list[Floats]:
    """Sales that make x least and greatest, then y."""
    return [np.where(sign * gains > 0, own.quantity, 0.0) for gains in (own.short, own.long) for sign in (-1, 1)]


def _program(own: SmallHousehold) -> dict[str, Any]:
    """The quadratic program without its tax, cell and signs: variables are the trades."""
    moves, lots = own.moves, own.name.size
    away = own.held - own.target
    gains = np.zeros((2, moves.shape[1]))
    gains[:, :lots] = np.stack((own.short, own.long))
    rows = np.vstack((moves.sum(0), gains, gains.sum(0)))
    return {
        "P": np.asfortranarray(2 * moves.T @ own.covariance @ moves + 1e-12 * np.eye(moves.shape[1])),
        "c": own.linear + 2 * moves.T @ own.covariance @ away,
        "G": np.asfortranarray(rows),
        "gains": gains,
    }


def best_of(own: SmallHousehold) -> tuple[float, Floats]:
    """The least cost (as `judge` says) and its trades."""
    program, lots, n = _program(own), own.name.size, own.target.size
    before = own.net(np.zeros(lots + n))
    invested = 1 - own.held.sum()
    held = np.unique(own.name)
    best, chosen = own.judge(np.zeros(lots + n)), np.zeros(lots + n)
    if not own.cash[0] - 1e-9 <= invested <= own.cash[1] + 1e-9:
        best = np.inf
    for cell, slope in _cells(own):
        shifted = (cell - np.array([before[0], before[1], before.sum()])[:, None]) / own.value
        low = np.concatenate(([invested - own.cash[1]], shifted[:, 0]))
        high = np.concatenate(([invested - own.cash[0]], shifted[:, 1]))
        linear = program["c"] + slope @ program["gains"]
        for buys in product([False, True], repeat=held.size):
            most = np.concatenate((own.quantity, np.ones(n)))
            buyers = held[np.array(buys)]
            most[:lots][np.isin(own.name, buyers)] = 0.0
            most[lots:][np.setdiff1d(held, buyers)] = 0.0
            solver = piqp.DenseSolver()
            solver.settings.eps_abs, solver.settings.eps_rel = 1e-11, 1e-11
            solver.setup(program["P"], linear, None, None, program["G"], low, high, np.zeros(lots + n), most)
            if solver.solve() != piqp.PIQP_SOLVED:
                continue
            trades = np.clip(solver.result.x, 0.0, most)
            cost = own.judge(trades)
            if cost < best and np.all(
                np.abs(program["G"] @ trades - np.clip(program["G"] @ trades, low, high)) < _INFEASIBLE
            ):
                best, chosen = cost, trades
    return best, chosen
