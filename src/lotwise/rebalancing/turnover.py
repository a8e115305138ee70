"""A cap on what a night trades, kept by the price of trading: an exact multiplier on every dollar bought or sold.

Turnover is half of what is bought and sold. A household that a night leaves above its cap is solved again with the same
charge on every dollar traded, which falls most on the trades that are worth least, until the smallest charge that keeps
the cap is known. What it finds is the best there is at its turnover, but for the certified gap: at a price of trading
no other trades are better by more than what less turnover would save. Cash that is asked for and restrictions come
first: bounds are kept at any price of trading, and where they alone take more than the cap, it is missed and named.

The charge is paid to nobody: it is in no score, and a trade is worth it or not without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.rebalancing.book import Book
from lotwise.rebalancing.proposal import Proposals
from lotwise.rebalancing.steering import Steering

__all__ = ["Capped", "most_traded", "within_turnover"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Solve = Callable[[Steering, Bools], Proposals]

_FAR = 4.0  # by which the price of trading moves at a time, until the cap is kept
_LEAST_PRICE = 1e-4  # dollars per dollar traded: where the first price is tried at least
_MOST_MOVES = 5  # outwards: to 256 times the first guess, where only what must be is traded
_MOST_SOLVES = 14  # of a household: until the cap is kept, and then nearer to it
_USED = 0.97  # part of the cap that is near enough
_NEAR = 1.02  # two prices are near enough: trades jump between them


class Capped(NamedTuple):
    """What a cap on turnover did to the households of a range."""

    nights: list[Proposals]  # the first, and every solve after it
    winner: Ints  # (H,) which of them is each household's
    steering: Steering  # at which it was found
    moved: Bools  # (H,) whether the price of trading of a household, or of one of its taxpayer, is another one
    missed: Bools  # (H,) whether the cap is exceeded all the same


def most_traded(book: Book, first: int, last: int, value: Floats) -> Floats:
    """Money that households first .. last may buy and sell together tonight, (H,); infinite = no cap."""
    cap = book.limits["turnover"][book.households.policy[first:last]]
    capped = np.isfinite(cap)
    return np.where(capped, np.floor(2.0 * np.where(capped, cap, 0.0) * value), np.inf)


def _traded(proposals: Proposals, first: int, count: int) -> Floats:
    """Money bought and sold by each household, (H,)."""
    lines = proposals.trades
    return np.bincount(lines.household - first, lines.value, count).astype(np.float64)


class _Search(NamedTuple):
    """Prices of trading tried so far, (H,), and what was traded at them."""

    low: Floats  # the dearest known to exceed the cap
    low_traded: Floats
    high: Floats  # the cheapest known to keep it; nan = none yet
    high_traded: Floats
    price: Floats  # of the best proposal
    least: Floats  # the smallest excess so far
    night: Ints  # where the best proposal stands


def _next_price(search: _Search, most: Floats, guess: Floats) -> Floats:
    """The first guess, a step outwards, or between what keeps the cap and what does not, as what is traded says."""
    begun = search.low_traded - np.nan_to_num(search.high_traded)
    part = (search.low_traded - most) / np.maximum(begun, 1.0)
    between = search.low + np.clip(part, 0.15, 0.85) * (search.high - search.low)
    return np.where(np.isnan(search.high), np.maximum(guess, search.low * _FAR), between)


def _learn(search: _Search, rows: Bools, price: Floats, tried: tuple[Floats, Floats], night: int) -> None:
    """Note what a solve found, for `rows`; `tried` = (traded, the most that may be)."""
    traded, most = tried
    kept, exceeded = rows & (traded <= most), rows & (traded > most)
    search.high[kept], search.high_traded[kept] = price[kept], traded[kept]
    search.low[exceeded], search.low_traded[exceeded] = price[exceeded], traded[exceeded]
    over = np.maximum(traded - most, 0.0)
    better = kept | (exceeded & np.isnan(search.high) & (over < search.least))
    search.least[better], search.night[better], search.price[better] = over[better], night, price[better]


def _open(search: _Search, over: Bools, most: Floats, solves: int) -> Bools:
    """Whose price is not known well enough yet after so many solves, the first one included."""
    given_up = np.isnan(search.high) & (solves > _MOST_MOVES)
    near = search.high <= np.maximum(search.low, _LEAST_PRICE / _FAR) * _NEAR
    used = search.high_traded >= _USED * most
    return over & ~near & ~used & ~given_up


def _first_guess(proposals: Proposals, traded: Floats, most: Floats, value: Floats) -> Floats:
    """Where the price is sought first: what the last dollar is worth if worth falls in a line to nothing, (H,)."""
    gained = np.maximum(proposals.outcomes.score, 0.0) * value
    guess = 2.0 * gained / np.maximum(traded, 1.0) * (1.0 - np.minimum(most / np.maximum(traded, 1.0), 1.0))
    return np.maximum(guess, _LEAST_PRICE)


def within_turnover(
    book: Book,
    span: tuple[int, int],
    begun: tuple[Proposals, Steering],
    limits: tuple[Floats, Floats],
    solve: Solve,
) -> Capped:
    """Solve households of a range that trade more than they may again, at other prices of trading.

    `begun` = (the proposals so far, the steering of each), `limits` = (money that may be traded, money of the score's
    value); `solve` solves a range at a steering, but for the households that are to be left out. Households of one
    taxpayer are solved again together.
    """
    proposals, steering = begun
    most, value = limits
    first, count = span[0], span[1] - span[0]
    traded = _traded(proposals, first, count)
    over = traded > most
    nights, nobody = [proposals], np.zeros(count, np.bool_)
    if not over.any():
        return Capped(nights, np.zeros(count, np.int64), steering, nobody, nobody)
    base = steering.trading_price
    none, nothing = np.full(count, np.nan), np.zeros(count, np.int64)
    search = _Search(base.copy(), traded, none, none.copy(), base.copy(), traded - most, nothing)
    guess = np.maximum(_first_guess(proposals, traded, most, value), base * _FAR)
    taxpayer = book.households.taxpayer[slice(*span)]
    while len(nights) <= _MOST_SOLVES and (active := _open(search, over, most, len(nights))).any():
        price = np.where(active, _next_price(search, most, guess), search.price)
        again = solve(steering._replace(trading_price=price), ~np.isin(taxpayer, taxpayer[active]))
        solved = active & np.isfinite(again.outcomes.te_after)
        _learn(search, solved, price, (_traded(again, first, count), most), len(nights))
        nights.append(again)
    found = steering._replace(trading_price=search.price)
    moved = np.isin(taxpayer, taxpayer[search.night > 0])
    shared = moved & (np.bincount(taxpayer)[taxpayer] > 1)
    while (
        shared.any() and len(nights) <= 2 * _MOST_SOLVES
    ):  # what one trades bars things in the others: all of one night
        nights.append(solve(found, ~shared))
        search.night[shared] = len(nights) - 1
        beyond = shared & over & (_traded(nights[-1], first, count) > most) & (search.least == 0.0)
        if not beyond.any():
            break
        found = found._replace(trading_price=np.where(beyond, found.trading_price * _NEAR, found.trading_price))
    last = np.array([_traded(night, first, count) for night in nights])[search.night, np.arange(count)]
    return Capped(nights, search.night, found, moved, last > most)
