"""Legacy books: what people hold who come from elsewhere, bought on earlier days of the market at its own closes.

Names are drawn among the members of the index on the day of the first purchase, the larger ones more often, of those
that are still traded: a book of today holds nothing else. No gain is made up and no basis is moved: what a lot has
gained is what its company has gained since. Dividends were spent. Whole shares, on the share basis of the last day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.lab.cohorts.clients import Client
from lotwise.lab.cohorts.outside import blank_events
from lotwise.lab.market_panel import YEAR_ROWS, Floats, Int32Array, MarketPanel
from lotwise.ledger.events import EventKind, Table
from lotwise.money import DOLLAR, SHARE, IntArray

__all__ = ["IN_WORDS", "Legacy", "events_of", "legacy_books"]

# Names of a book: least and most, even in logarithm, so that few and many names are as frequent.
_NAMES = (5, 250)
# Standard deviation of the logarithm of what was put into a name.
_UNEVEN = 0.6
# Purchases of a name: one to so many.
_MOST_LOTS = 4
# Nothing was bought in so many trading days before the move: no wash-sale window is open.
_QUIET = 64
# Value of an account today: median dollars, standard deviation of its logarithm, least.
_DOLLARS, _SPREAD, _LEAST = 700_000.0, 0.9, 100_000.0
# Cash of an account: up to this part of it.
_CASH = 0.03
# Rates on short- and long-term gains, federal with the tax on investment income, and how frequent each is.
_RATES = ((0.24, 0.15, 0.3), (0.358, 0.188, 0.4), (0.408, 0.238, 0.3))
_STATE = 0.05
_AT_A_TIME = 500  # accounts whose chances of every name are a dense table together

IN_WORDS = (
    f"{_NAMES[0]} to {_NAMES[1]} names, even in logarithm, drawn among the index's members of the day of the first "
    "purchase by the square root of market value; amounts uneven (standard deviation of their logarithm "
    f"{_UNEVEN:g}); one to {_MOST_LOTS} lots a name, bought on days between the first purchase, one year ago or as "
    f"long as the market goes back, and {_QUIET} trading days ago, at that day's close; whole shares, none where the "
    f"amount buys none; up to {_CASH:.0%} cash"
)


class Legacy(NamedTuple):
    """N accounts of one taxpayer each, with L lots by account, security and day of purchase."""

    clients: list[Client]  # as they come: on the last day of the market, with their value of that day
    opened: Int32Array  # (N,) row of the first day
    account: Int32Array  # (L,)
    security: Int32Array  # (L,)
    row: Int32Array  # (L,) of the market: day of purchase
    shares: IntArray  # (L,) whole ones
    cash: Floats  # (N,) dollars


class _Positions(NamedTuple):
    """P names in accounts."""

    account: IntArray
    security: IntArray
    part: Floats  # of what was put in, to scale


class _Bought(NamedTuple):
    """Columns of lots as `Legacy` has them."""

    account: Int32Array
    security: Int32Array
    row: Int32Array
    shares: IntArray


def legacy_books(panel: MarketPanel, count: int, seed: int) -> Legacy:
    """Draw the books of `count` accounts that are there on the last day of a market.

    Raises ValueError for a market of less than two years.
    """
    last = len(panel.days) - 1
    if last < 2 * YEAR_ROWS:
        raise ValueError(f"a legacy needs {2 * YEAR_ROWS} trading days before it at least, had {last}")
    draw = np.random.default_rng([seed, 13])
    opened = draw.integers(0, last - YEAR_ROWS, count)
    positions = _positions(panel, opened, draw)
    place = np.repeat(np.arange(positions.account.size), draw.integers(1, _MOST_LOTS + 1, positions.account.size))
    since = opened[positions.account[place]]
    row = since + (draw.random(place.size) * (last - _QUIET - since)).astype(np.int64)
    known = np.isfinite(panel.close[row, positions.security[place]])
    row, place = row[known], place[known]
    account, security = positions.account[place], positions.security[place]
    shares: Floats = positions.part[place] / panel.close[row, security]
    dollars = np.maximum(np.exp(draw.normal(np.log(_DOLLARS), _SPREAD, count)), _LEAST)
    cash = np.round(dollars * draw.uniform(0.0, _CASH, count), 2)
    worth = np.bincount(account, shares * panel.close[last, security], count)
    shares *= ((dollars - cash) / np.where(worth > 0, worth, 1.0))[account]
    kinds = draw.choice(len(_RATES), count, p=[chance for _, _, chance in _RATES])
    clients = [
        Client(last, amount, short_rate=_RATES[kind][0], long_rate=_RATES[kind][1], state_rate=_STATE)
        for amount, kind in zip(dollars.tolist(), kinds.tolist(), strict=True)
    ]
    lots = _in_whole_shares(account, security, row, shares)
    return Legacy(clients, opened.astype(np.int32), *lots, cash)


def _in_whole_shares(account: IntArray, security: IntArray, row: IntArray, shares: Floats) -> _Bought:
    """Join purchases of one account, security and day, in whole shares, by account, security and row."""
    securities, rows = int(security.max()) + 1, int(row.max()) + 1
    key, place = np.unique((account * securities + security) * rows + row, return_inverse=True)
    whole = np.rint(np.bincount(place, shares, key.size)).astype(np.int64)
    position, day = np.divmod(key[whole > 0], rows)
    owner, name = np.divmod(position, securities)
    return _Bought(owner.astype(np.int32), name.astype(np.int32), day.astype(np.int32), whole[whole > 0])


def _positions(panel: MarketPanel, opened: NDArray[np.int64], draw: np.random.Generator) -> _Positions:
    """Names of every account, without a name twice: the greatest of log chance plus a Gumbel variable."""
    low, high = np.log(_NAMES)
    names = np.rint(np.exp(draw.uniform(low, high, opened.size))).astype(np.int64)
    accounts, securities = [], []
    for first in range(0, opened.size, _AT_A_TIME):
        rows = opened[first : first + _AT_A_TIME]
        there = panel.member[rows] & np.isfinite(panel.close[rows]) & panel.live
        size = np.where(there, np.nan_to_num(panel.caps[rows]), 0.0)
        chance = np.log(size, out=np.full(size.shape, -np.inf), where=size > 0) / 2
        chance += draw.gumbel(size=size.shape)
        order = np.argsort(-chance, axis=1, kind="stable")[:, : _NAMES[1]]
        taken = np.isfinite(np.take_along_axis(chance, order, axis=1))
        taken &= np.arange(order.shape[1]) < names[first : first + _AT_A_TIME, None]
        account, place = np.nonzero(taken)
        accounts.append(account + first)
        securities.append(order[account, place])
    account, security = np.concatenate(accounts), np.concatenate(securities)
    return _Positions(account, security, np.exp(draw.normal(0.0, _UNEVEN, account.size)))


def events_of(legacy: Legacy, panel: MarketPanel) -> Table:
    """All that happened to these accounts, as events of the ledger: what was brought in, and every purchase."""
    paid = np.rint(legacy.shares * panel.close[legacy.row, legacy.security] * DOLLAR).astype(np.int64)
    buys = blank_events(paid.size, EventKind.BUY, 0)
    buys["day"], buys["account"], buys["security"] = panel.days[legacy.row], legacy.account, legacy.security
    buys["shares"], buys["amount"] = legacy.shares * SHARE, paid
    buys["lot"] = legacy.row * panel.close.shape[1] + legacy.security
    brought = blank_events(legacy.cash.size, EventKind.DEPOSIT, 0)
    brought["day"], brought["account"] = panel.days[legacy.opened], np.arange(legacy.cash.size)
    brought["amount"] = np.rint(legacy.cash * DOLLAR).astype(np.int64)
    np.add.at(brought["amount"], legacy.account, paid)
    return np.concatenate([brought, buys])
