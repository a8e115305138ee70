"""Hard limits of a household: a cap on tracking error, budgets of tax and of realised gains, losses to be harvested.

A limit is kept by one multiplier, the price of tracking: dearer tracking comes closer to the target and costs more tax,
cheaper tracking the other way round. So a household that a night leaves outside a limit is solved again along its
tax/tracking frontier, at the rates that it was found at, until the multiplier nearest to one that keeps the limit is
known to a few percent. Where none does, the nearest stays and what is missed is named: cash and restrictions come
first. The cap comes before the budgets.

Budgets are of the calendar year: what the year's gains have cost so far counts, and January begins anew.

A request to harvest asks for losses of a term tonight: every loss earns its credit then, and tracking is cheaper until
enough are sold. Until the day to which the losses are to be preserved, no net gain is realised.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.ledger.events import MISSING, Table
from lotwise.money import DOLLAR
from lotwise.rebalancing.book import AccountKind, Book, RequestKind
from lotwise.rebalancing.mandates import DUE_DAYS
from lotwise.rebalancing.proposal import Proposals, Side, Status
from lotwise.rebalancing.steering import Steering
from lotwise.securities.market import Market
from lotwise.tax.liability import liabilities, load_law

__all__ = [
    "Allowed",
    "Kept",
    "Limit",
    "allowed_tonight",
    "missed_limits",
    "nothing_kept",
    "with_harvests",
    "within_limits",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Solve = Callable[[Steering, Bools], Proposals]

_FAR = 4.0  # by which the price of tracking moves at a time, until a limit is kept
_MOST_SOLVES = 11  # of a household: five moves and six halvings, to 4% of the price
_NEAR = 1.05  # two prices are near enough
_ROOM = 1e-6  # by which a limit may be missed, in its own measure: roundoff
_CENT = 0.01


class Limit(IntEnum):
    """Which limit moved the price of tracking of a household, and whether it is kept."""

    NONE = 0
    TRACKING = 1
    TAX = 2
    GAIN = 3
    HARVEST = 4


class Allowed(NamedTuple):
    """What a night may end with, (H,): tracking error; tax and net gain of tonight, dollars; infinite = no limit."""

    tracking: Floats
    tax: Floats
    gain: Floats
    losses: Floats  # (H, 2) that are to be realised tonight, short-term and long-term, dollars


class Kept(NamedTuple):
    """What limits did to the households of a range, (H,)."""

    limit: NDArray[np.uint8]  # Limit that moved the price of tracking
    price: Floats  # by how much it is multiplied; 1 where no limit binds
    missed: NDArray[np.uint8]  # Limit that could not be kept
    trading: Floats  # what a dollar traded is charged, so that the cap on turnover is kept; 0 where it does not bind
    beyond: Bools  # whether that cap is exceeded all the same


def nothing_kept(count: int) -> Kept:
    """What limits did where nobody has any."""
    none = np.zeros(count, np.uint8)
    return Kept(none, np.ones(count), none, np.zeros(count), np.zeros(count, np.bool_))


def _passed(day: date) -> float:
    """Part of the calendar year that has passed, this day included."""
    start, end = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return ((day - start).days + 1) / (end - start).days


def _used_tax(table: Table) -> Floats:
    """What the year's gains so far cost, dollars; 0 where the law does not cover a household."""
    without = table.copy()
    for term in ("short", "long"):
        without[f"{term}_gains"] = 0
    law = load_law()
    owed, bare = liabilities(table, law)["total"], liabilities(without, law)["total"]
    return np.asarray(np.where((owed == MISSING) | (bare == MISSING), 0, owed - bare) / DOLLAR, np.float64)


def allowed_tonight(book: Book, market: Market, first: int, last: int, value: Floats) -> Allowed:
    """What households first .. last may end tonight with; `value` is what is solved of each, dollars."""
    limits = book.limits[book.households.policy[first:last]]
    table = book.tax[first:last]
    part = np.where(limits["prorated"], _passed(from_day_number(int(market.as_of))), 1.0)
    of_value = np.where(np.isfinite(limits["tax_part"]), limits["tax_part"], 0.0) * value
    year = np.minimum(limits["tax"], np.where(np.isfinite(limits["tax_part"]), of_value, np.inf)) * part
    tax = np.full(last - first, np.inf)
    bound = np.isfinite(year)
    if bound.any():
        tax[bound] = np.maximum(year[bound] - _used_tax(table[bound]), 0.0)
    so_far = (table["short_gains"] + table["long_gains"]) / DOLLAR
    gain = np.where(np.isfinite(limits["gain"]), np.maximum(limits["gain"] * part - so_far, 0.0), np.inf)
    losses, preserved = _asked_losses(book, market, first, last)
    return Allowed(limits["tracking"].copy(), tax, np.where(preserved, np.minimum(gain, 0.0), gain), losses)


def _asked_losses(book: Book, market: Market, first: int, last: int) -> tuple[Floats, Bools]:
    """Losses that requests ask of households tonight, dollars (n, 2), and whether losses are to be preserved."""
    losses, preserved = np.zeros((last - first, 2)), np.zeros(last - first, np.bool_)
    requests, today = book.requests, int(market.as_of)
    rows = np.arange(requests.start[first], requests.start[last])
    rows = rows[requests.kind[rows] == RequestKind.HARVEST]
    household = np.searchsorted(requests.start, rows, side="right") - 1 - first
    due = requests.by[rows] - DUE_DAYS <= today
    np.add.at(losses, (household[due], requests.term[rows[due]]), requests.amount[rows[due]] / DOLLAR)
    preserved[household[due & (requests.preserve_until[rows] >= today)]] = True
    return losses, preserved


def with_harvests(book: Book, market: Market, span: tuple[int, int], steering: Steering) -> Steering:
    """A steering in which every loss earns its credit where a harvest is asked for."""
    losses, _ = _asked_losses(book, market, *span)
    asked = losses.sum(axis=1) > 0
    return steering._replace(harvest_depth=np.where(asked, 1.0, steering.harvest_depth)) if asked.any() else steering


def _gains(book: Book, proposals: Proposals, span: tuple[int, int]) -> tuple[Floats, Floats]:
    """Net gain that a night realises in taxable accounts, (H,), and its losses by term, (H, 2), dollars."""
    trades, count = proposals.trades, span[1] - span[0]
    counts = (trades.side == Side.SELL) & (book.accounts.kind[trades.account] == AccountKind.TAXABLE)
    household, gain = trades.household[counts] - span[0], trades.gain[counts] / DOLLAR
    losses = np.zeros((count, 2))
    np.add.at(losses, (household, trades.long_term[counts]), np.maximum(-gain, 0.0))
    return np.bincount(household, gain, count).astype(np.float64), losses


class _Excess(NamedTuple):
    """By how much each limit is missed, (H,), zero where it is kept."""

    tracking: Floats
    tax: Floats
    gain: Floats
    harvest: Floats

    def limit(self) -> NDArray[np.uint8]:
        """The first limit that is missed."""
        kinds = (
            (self.harvest > 0, Limit.HARVEST),
            (self.gain > 0, Limit.GAIN),
            (self.tax > 0, Limit.TAX),
            (self.tracking > 0, Limit.TRACKING),
        )
        missed = np.zeros(self.tax.size, np.uint8)
        for over, limit in kinds:
            missed[over] = limit
        return missed


def _excess(book: Book, proposals: Proposals, span: tuple[int, int], allowed: Allowed) -> _Excess:
    outcomes = proposals.outcomes
    solved = (outcomes.status == Status.PROPOSED) | (outcomes.status == Status.HOLD)
    tracking = np.where(solved, outcomes.te_after, 0.0) - allowed.tracking
    gains, losses = _gains(book, proposals, span)
    tax, gain = outcomes.tax / DOLLAR - allowed.tax, gains - allowed.gain
    short = np.maximum(allowed.losses - losses, 0.0).sum(axis=1)
    return _Excess(
        np.where(tracking > _ROOM, tracking, 0.0),
        np.where(solved & (tax > _CENT), tax, 0.0),
        np.where(solved & (gain > _CENT), gain, 0.0),
        np.where(solved & (short > 1.0), short, 0.0),
    )


def _measure(limit: NDArray[np.uint8], excess: _Excess) -> Floats:
    """By how much what is sought is missed: the cap, or in dollars all that cheaper tracking helps, within the cap."""
    cheaper = np.where(excess.tracking > 0, np.inf, excess.tax + excess.gain + excess.harvest)
    return np.where(limit == Limit.TRACKING, excess.tracking, np.where(limit > 0, cheaper, 0.0))


class _Search(NamedTuple):
    """Prices of tracking tried so far, as multiples, (H,)."""

    limit: NDArray[np.uint8]
    outside: Floats  # the nearest to one known not to keep the limit
    inside: Floats  # the nearest to one known to keep it; nan = none yet
    least: Floats  # the smallest excess so far
    night: NDArray[np.int64]  # where the best proposal stands
    price: Floats  # its price


def _next_price(search: _Search) -> Floats:
    """A step outwards, or half way between what keeps the limit and what does not."""
    out = np.where(search.limit == Limit.TRACKING, search.outside * _FAR, search.outside / _FAR)
    return np.where(np.isnan(search.inside), out, np.sqrt(search.outside * np.nan_to_num(search.inside, nan=1.0)))


def within_limits(
    book: Book,
    span: tuple[int, int],
    begun: tuple[Proposals, Steering],
    allowed: Allowed,
    solve: Solve,
) -> tuple[list[Proposals], NDArray[np.int64], Steering, Kept]:
    """Solve households of a range that are outside a limit again, at other prices of tracking.

    `begun` = (the proposals so far, the steering of each); `solve` solves a range at a steering, but for the households
    that are to be left out. Returns the proposals of every solve, which of them is each household's, the steering it
    was found at and which limit moved the price. Households of one taxpayer are solved again together.
    """
    proposals, steering = begun
    count = span[1] - span[0]
    excess = _excess(book, proposals, span, allowed)
    limit = excess.limit()
    nights, winner = [proposals], np.zeros(count, np.int64)
    if not limit.any():
        return nights, winner, steering, nothing_kept(count)
    measure = _measure(limit, excess)
    search = _Search(limit, np.ones(count), np.full(count, np.nan), measure, winner, np.ones(count))
    taxpayer = book.households.taxpayer[slice(*span)]
    while len(nights) <= _MOST_SOLVES:
        apart = np.maximum(search.inside / search.outside, search.outside / search.inside)
        active = (limit > 0) & ~(apart <= _NEAR) & ~(np.isnan(search.inside) & (len(nights) > _MOST_SOLVES // 2))
        if not active.any():
            break
        price = np.where(active, _next_price(search), search.price)
        tried = steering._replace(risk_price=steering.risk_price * price)
        together = np.isin(taxpayer, taxpayer[active])
        again = solve(tried, ~together)
        excess = _excess(book, again, span, allowed)
        _learn(search, active & np.isfinite(again.outcomes.te_after), _measure(limit, excess), price, len(nights))
        nights.append(again)
    found = steering._replace(risk_price=steering.risk_price * search.price)
    moved = (search.night > 0) & (np.bincount(taxpayer)[taxpayer] > 1)
    if moved.any():  # what one household of a taxpayer trades bars things in the others: all of one night
        together = np.isin(taxpayer, taxpayer[moved])
        nights.append(solve(found, ~together))
        search.night[together] = len(nights) - 1
    return nights, search.night, found, nothing_kept(count)._replace(limit=limit, price=search.price)


def missed_limits(book: Book, proposals: Proposals, span: tuple[int, int], allowed: Allowed) -> NDArray[np.uint8]:
    """Which limit each household of a range misses, (H,): the first of those that it does."""
    return _excess(book, proposals, span, allowed).limit()


def _learn(search: _Search, rows: Bools, measure: Floats, price: Floats, night: int) -> None:
    """Note what a solve found, for `rows`."""
    kept = rows & (measure == 0.0)
    missed = rows & (measure > 0.0)
    search.inside[kept], search.outside[missed] = price[kept], price[missed]
    better = kept | (missed & np.isnan(search.inside) & (measure < search.least))
    search.least[better], search.night[better], search.price[better] = measure[better], night, price[better]
