"""Many futures of one household as one book, so that the nightly engine solves them all at once.

A market has one price per security. In another future a dollar of it is worth `f` times as much: its lots then hold f
times the shares at the same price and basis, which leaves every value, gain and tax what it is there. So R futures are
R households at the prices of today, each with a target of its own that has drifted with the same prices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import MISSING, Table
from lotwise.money import IntArray
from lotwise.rebalancing.book import Book, Households, LotFlag, Lots, Models, Policies, Windows, no_requests
from lotwise.rebalancing.proposal import Side, Trades
from lotwise.tax.liability import liabilities, load_law

__all__ = ["Runs", "after_trades", "begun", "book_of", "chosen_runs", "grown", "next_year"]

Floats = NDArray[np.float64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]


class Runs(NamedTuple):
    """R futures, with L lots in all; rows of lots need no order."""

    path: IntArray  # (R,) which prices
    budget: Int32s  # (R,) which yearly budget
    target: Floats  # (R, M) weights of the model's securities
    cash: IntArray  # (R, A) of each account
    tax: Table  # (R,) POSITION
    run: IntArray  # (L,) whose lot
    account: IntArray  # (L,) 0 .. A - 1
    lots: Lots


def begun(book: Book, budgets: int) -> Runs:
    """The household of a book once for each budget, as it is today."""
    accounts, lots = len(book.accounts.kind), len(book.lots.shares)
    model = int(book.households.model[0])
    weight = book.models.weight[book.models.start[model] : book.models.start[model + 1]]
    account = np.repeat(np.arange(accounts), np.diff(book.accounts.lot_start))
    return Runs(
        np.zeros(budgets, np.int64),
        np.arange(budgets, dtype=np.int32),
        np.tile(weight, (budgets, 1)),
        np.tile(book.accounts.cash, (budgets, 1)),
        np.repeat(book.tax[:1], budgets),
        np.repeat(np.arange(budgets), lots),
        np.tile(account, budgets),
        Lots._make(np.tile(column, budgets) for column in book.lots),
    )


def chosen_runs(runs: Runs, rows: IntArray, path: IntArray | None = None) -> Runs:
    """The runs of these rows, each as often as it is named; `path` numbers their paths anew."""
    counts = np.bincount(runs.run, minlength=len(runs.path))
    order = np.argsort(runs.run, kind="stable")
    start = np.concatenate(([0], np.cumsum(counts)))
    taken = np.concatenate([order[start[row] : start[row + 1]] for row in rows.tolist()] or [np.zeros(0, np.int64)])
    return Runs(
        runs.path[rows] if path is None else path,
        runs.budget[rows],
        runs.target[rows],
        runs.cash[rows],
        runs.tax[rows],
        np.repeat(np.arange(rows.size), counts[rows]),
        runs.account[taken],
        Lots._make(column[taken] for column in runs.lots),
    )


def grown(runs: Runs, factors: Floats, model: Int32s) -> Runs:
    """The runs a year later, at `factors` (R, N) of their own; the targets drift with the same prices."""
    lots = runs.lots
    shares = np.rint(lots.shares * factors[runs.run, lots.security]).astype(np.int64)
    target = runs.target * factors[:, model]
    before = runs.target.sum(axis=1, keepdims=True)
    kept = shares > 0
    return runs._replace(
        target=target * (before / target.sum(axis=1, keepdims=True)),
        run=runs.run[kept],
        account=runs.account[kept],
        lots=Lots._make(column[kept] for column in lots._replace(shares=shares)),
    )


def book_of(base: Book, runs: Runs, policies: tuple[Policies, Table], first_year: bool) -> tuple[Book, IntArray]:
    """The runs as a book of R households, and which lot of the runs each of its lots is.

    `policies` = (policies, limits), one row for each budget. Rates are those of `base` until they are worked out.
    """
    count, accounts, model = len(runs.path), len(base.accounts.kind), int(base.households.model[0])
    place = runs.run * accounts + runs.account
    order = np.lexsort((np.arange(place.size), runs.lots.acquired, runs.lots.security, place))
    entries = slice(int(base.models.start[model]), int(base.models.start[model + 1]))
    wanted = base.models.security[entries]
    own = base.households
    columns = {
        name: np.repeat(getattr(own, name)[:1], count)
        for name in Households._fields
        if name not in ("account_start", "model", "policy", "taxpayer")
    }
    households = Households(
        account_start=np.arange(count + 1) * accounts,
        model=np.arange(count, dtype=np.int32),
        policy=runs.budget.copy(),
        taxpayer=np.arange(count, dtype=np.int32),
        **columns,
    )
    held = base.accounts._replace(
        household=np.repeat(np.arange(count, dtype=np.int32), accounts),
        kind=np.tile(base.accounts.kind, count),
        cash=runs.cash.ravel().copy(),
        trades=np.tile(base.accounts.trades, count),
        cash_wanted=np.tile(base.accounts.cash_wanted, count),
        lot_start=np.searchsorted(place[order], np.arange(count * accounts + 1)),
    )
    models = Models(
        np.arange(count + 1) * wanted.size,
        np.tile(wanted, count),
        runs.target.ravel().copy(),
        np.repeat(base.models.cash[model : model + 1], count),
    )
    book = base._replace(
        households=households,
        accounts=held,
        lots=Lots._make(column[order] for column in runs.lots),
        models=models,
        policies=policies[0],
        limits=policies[1],
        windows=_windows(base.windows, count if first_year else 0, count),
        tax=runs.tax.copy(),
        requests=no_requests(count),
    )
    return book, order


def _windows(windows: Windows, times: int, households: int) -> Windows:
    """Open windows of the one household, for each of `households`; none where a year has passed since."""
    entries = len(windows.identical) if times else 0
    columns = (np.tile(column[:entries], times) for column in windows[1:])
    return Windows._make((np.arange(households + 1) * entries, *columns))


def after_trades(runs: Runs, order: IntArray, trades: Trades, traded: Bools, today: int) -> Runs:
    """The runs after the trades of those of them that `traded`; `order` is that of `book_of`."""
    accounts = runs.cash.shape[1]
    counts = traded[trades.household]
    sells, buys = counts & (trades.side == Side.SELL), counts & (trades.side == Side.BUY)
    shares, basis, cash = runs.lots.shares.copy(), runs.lots.basis.copy(), runs.cash.ravel().copy()
    lot = order[trades.lot[sells]]
    np.subtract.at(shares, lot, trades.shares[sells])
    np.subtract.at(basis, lot, trades.basis[sells])
    np.add.at(cash, trades.account[sells], trades.value[sells])
    np.subtract.at(cash, trades.account[buys], trades.value[buys])
    place = trades.account[buys].astype(np.int64)
    days = np.full(place.size, today, np.int32)
    flags = np.full(place.size, int(LotFlag.REPLACEMENT), np.uint8)
    bought = Lots(trades.security[buys], trades.shares[buys], trades.basis[buys], days, days.copy(), flags)
    kept = shares > 0
    old = runs.lots._replace(shares=shares, basis=basis)
    return runs._replace(
        cash=cash.reshape(-1, accounts),
        run=np.concatenate((runs.run[kept], place // accounts)),
        account=np.concatenate((runs.account[kept], place % accounts)),
        lots=Lots._make(np.concatenate((getattr(old, name)[kept], getattr(bought, name))) for name in Lots._fields),
    )


def next_year(runs: Runs, base: Table, short: IntArray, long: IntArray) -> Runs:
    """The runs' tax positions in January: the year's gains (R,) are behind them, what they carry forward is not."""
    year = runs.tax.copy()
    year["short_gains"] += short
    year["long_gains"] += long
    owed = liabilities(year, load_law())
    tax = np.repeat(base[:1], len(year))
    for name in ("short_carryforward", "long_carryforward"):
        tax[name] = np.where(owed[name] == MISSING, runs.tax[name], owed[name])
    for name in ("short_gains", "long_gains"):
        tax[name] = 0
    return runs._replace(tax=tax)
