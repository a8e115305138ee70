"""What the exact checks look at, laid out for their kernels: one record per household, account, name and line.

Part of `checks`. The book's tables are joined here into records of integers (weights in billionths, flags 0 or 1)
with the rows that each owns from `first_` to before `last_`; the lots, of which there are millions, stay the columns
that they are. Records and not columns, because a compiled function takes time to compile in proportion to the arrays
it is handed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records
from lotwise.money import FULL_RATE, IntArray
from lotwise.rebalancing.book import Book, Lots
from lotwise.rebalancing.proposal import Proposals, Trades
from lotwise.securities.market import Market

__all__ = ["Case", "Part", "case_of", "parts_of"]

_HOUSEHOLD = (
    "first_account",
    "last_account",
    "first_rule",
    "last_rule",
    "first_window",
    "last_window",
    "short_rate",
    "long_rate",
    "loss_short_rate",
    "loss_long_rate",
    "taxpayer",
    "whole_shares",
    "joint",
    "deferred",  # what a dollar of a traditional account counts beside others, billionths
    "value",  # of its accounts that are worth anything, as it counts, as judged; so the next
    "as_one",  # whether they are one portfolio
    "minimum_trade",
    "blocked",
    "status",  # of its outcome, as the next three
    "tax",
    "cost",
    "lines",
    "short_gain",  # realised by its lines in taxable accounts, as judged; so the next three
    "long_gain",
    "cost_due",
    "lines_due",
    "judged",  # whether its totals are to be judged
)
_ACCOUNT = (
    "household",
    "kind",
    "cash",
    "trades",
    "first_lot",
    "last_lot",
    "first_line",
    "last_line",
    "value",  # as judged
    "cash_after",
)
_RULE = ("security", "account", "forbidden", "high")
_WINDOW = ("identical", "no_buy_until", "bought_shares", "no_loss_until")
# A security, and its figures in the account that is being verified: void where `account` is not account + 1.
_NAME = (
    "price",
    "spread",
    "tradable",
    "identical",
    "group",
    "account",
    "held",
    "bought",
    "sold",
    "value",  # traded
    "forbidden",  # NameRule; not `flags`, which is an attribute of every numpy record
    "high",  # greatest weight
    "household",  # + 1, of which the next two are: all that it holds after its trades, and buys
    "all_held",
    "all_bought",
)
_LINE = (
    "household",
    "account",
    "security",
    "lot",
    "side",
    "shares",
    "value",
    "basis",
    "gain",
    "long_term",
    "tax",
    "cost",
)


class Case(NamedTuple):
    """Everything that the rules look at, and where they write."""

    as_of: int
    households: Records  # (H,)
    accounts: Records  # (A,) first_line, last_line: into `order`
    lots: Lots
    rules: Records  # restrictions on names, by set
    windows: Records  # by household, sorted by identical
    names: Records  # (N,)
    lines: Records  # (T,) the trades as written
    order: IntArray  # (T,) rows of the lines that can be judged, by account
    traded: IntArray  # (N,) securities traded in this account, in order of appearance
    buyer: IntArray  # (groups,) taxpayer + 1 that buys of the substantially identical group tonight
    sold_of_lot: IntArray  # (most lots of an account,) shares, by place of the lot in its account
    written: IntArray  # (1,) number of violations; counts on past the room there is, for a second pass
    found: IntArray  # (room + 1, 7) the columns of Violations; the last row takes what has no room


def case_of(book: Book, market: Market, proposals: Proposals, room: int) -> Case:
    """Join the tables; make room for `room` violations."""
    groups, group = np.unique(market.identical, return_inverse=True)
    names = _records(_NAME, market.price.size)
    _fill(names, price=market.price, spread=market.spread, tradable=market.tradable)
    _fill(names, identical=market.identical, group=group)
    rules = _records(_RULE, book.rules.name_security.size)
    _fill(
        rules,
        security=book.rules.name_security,
        account=book.rules.name_account,
        forbidden=book.rules.name_flags,
    )
    _fill(rules, high=np.rint(np.clip(book.rules.name_high, 0.0, 1.0) * FULL_RATE))
    windows = _records(_WINDOW, book.windows.identical.size)
    _fill(windows, **{name: getattr(book.windows, name) for name in _WINDOW})
    lines = _records(_LINE, proposals.trades.lot.size)
    _fill(lines, **{name: getattr(proposals.trades, name) for name in _LINE})
    lots_of_account = np.diff(book.accounts.lot_start)
    return Case(
        as_of=int(market.as_of),
        households=_households_of(book, proposals),
        accounts=_accounts_of(book),
        lots=book.lots,
        rules=rules,
        windows=windows,
        names=names,
        lines=lines,
        order=np.zeros(lines.size, dtype=np.int64),
        traded=np.zeros(names.size, dtype=np.int64),
        buyer=np.zeros(groups.size, dtype=np.int64),
        sold_of_lot=np.zeros(lots_of_account.max(initial=0), dtype=np.int64),
        written=np.zeros(1, dtype=np.int64),
        found=np.zeros((room + 1, 7), dtype=np.int64),
    )


def _households_of(book: Book, proposals: Proposals) -> Records:
    source, outcomes = book.households, proposals.outcomes
    households = _records(_HOUSEHOLD, source.blocked.size)
    _fill(households, first_account=source.account_start[:-1], last_account=source.account_start[1:])
    rule_start = book.rules.name_start
    _fill(households, first_rule=rule_start[source.rules], last_rule=rule_start[source.rules + 1])
    _fill(households, first_window=book.windows.start[:-1], last_window=book.windows.start[1:])
    _fill(households, short_rate=source.short_rate, long_rate=source.long_rate, blocked=source.blocked)
    _fill(households, loss_short_rate=source.loss_short_rate, loss_long_rate=source.loss_long_rate)
    _fill(households, taxpayer=source.taxpayer)
    _fill(households, whole_shares=book.policies.fractional_shares[source.policy] == 0)
    _fill(households, joint=book.policies.joint[source.policy])
    _fill(households, deferred=np.rint(source.deferred_weight * FULL_RATE))
    _fill(households, minimum_trade=book.policies.minimum_trade[source.policy])
    _fill(households, status=outcomes.status, tax=outcomes.tax, cost=outcomes.cost, lines=outcomes.trades)
    return households


def _accounts_of(book: Book) -> Records:
    source = book.accounts
    accounts = _records(_ACCOUNT, source.kind.size)
    _fill(accounts, household=source.household, kind=source.kind, cash=source.cash, trades=source.trades)
    _fill(accounts, first_lot=source.lot_start[:-1], last_lot=source.lot_start[1:], cash_after=source.cash)
    return accounts


def _records(fields: tuple[str, ...], size: int) -> Records:
    return np.recarray(
        (size,),
        dtype=np.dtype([(field, np.int64) for field in fields]),
        buf=bytearray(8 * len(fields) * size),
    )


def _fill(records: Records, **columns: NDArray[np.generic]) -> None:
    for field, column in columns.items():
        records[field] = column


class Part(NamedTuple):
    """Households first .. last, and the trades that are theirs."""

    first: int
    last: int
    first_line: int
    last_line: int


def parts_of(book: Book, trades: Trades, most: int) -> list[Part]:
    """Split a book into parts of about `most` lines, never inside a taxpayer; lines out of order stay in one."""
    count, lines = book.households.blocked.size, trades.lot.size
    whole = [Part(0, count, 0, lines)]
    if lines <= most or np.any(trades.household[1:] < trades.household[:-1]):
        return whole
    taxpayer = book.households.taxpayer
    begins = np.flatnonzero(taxpayer[1:] != taxpayer[:-1]) + 1  # households that open a taxpayer, but for the first
    line = np.searchsorted(trades.household, begins)
    cut = np.diff(line // most, prepend=0) > 0
    households, rows = [0, *begins[cut].tolist(), count], [0, *line[cut].tolist(), lines]
    return [Part(*part) for part in zip(households, households[1:], rows, rows[1:], strict=False)]
