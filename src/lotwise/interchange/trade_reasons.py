"""Why a lot or a name trades, in one sentence with its figures: written by a kernel, a platform has millions of them.

| reason | sentence |
|---|---|
| harvest | harvests a $8,000 short-term loss: $3,264 of tax saved now |
| rebalance, sell | sold to track the target: saves $338 a year of risk, $595 of tax on a $2,500 long-term gain |
| rebalance, buy | bought to track the target: saves $338 a year of risk for $2.10 of trading cost |
| restriction | sold because a restriction asks for it: no gain, no tax |
| cash | sold to bring cash back into its band: no tax in this account |
| exchange | bought in place of what is sold for $2.10 of trading cost |
| location | sold to be held where it is taxed less: saves $120 of tax on what it yields, no gain, no tax |
| substitute | stands in for VTI: saves $338 a year of risk for $2.10 of trading cost |

The gain and its tax are the trade's own exact columns; the credit of a harvest and the risk saved a year are the
trade's figures. Dollars are whole from ten dollars on, cents below.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.interchange.letters import (
    Letters,
    TextColumn,
    longest,
    put,
    put_text,
    put_two,
    put_whole,
    text_column,
    word,
)
from lotwise.kernels import inner_kernel, kernel
from lotwise.money import DOLLAR, IntArray
from lotwise.rebalancing.book import AccountKind, Accounts
from lotwise.rebalancing.proposal import Reason, Side, Trades

__all__ = ["ROWS_AT_A_TIME", "row_ranges", "trade_reasons"]

# Rows that one thread writes at a time, some five megabytes: little enough for memory to be used again, and again.
ROWS_AT_A_TIME = 25_000

_LONGEST = 200  # letters of the longest sentence but a symbol, with its figures at their greatest

_HARVEST = int(Reason.HARVEST)
_REBALANCE_SELL = int(Reason.REBALANCE_SELL)
_REBALANCE_BUY = int(Reason.REBALANCE_BUY)
_RESTRICTED = int(Reason.RESTRICTED)
_RAISE_CASH = int(Reason.RAISE_CASH)
_EXCHANGE_SELL = int(Reason.EXCHANGE_SELL)
_EXCHANGE_BUY = int(Reason.EXCHANGE_BUY)
_LOCATE_SELL = int(Reason.LOCATE_SELL)
_LOCATE_BUY = int(Reason.LOCATE_BUY)
_SUBSTITUTE = int(Reason.SUBSTITUTE)

_DOLLAR_SIGN = word("$")
_COMMA = word(",")
_POINT = word(".")
_ZERO = word("0")
_SHORT, _LONG = word("short-term"), word("long-term")
_SPACE = word(" ")
_HARVESTS, _LOSS_SAVED, _SAVED_NOW = word("harvests a "), word(" loss: "), word(" of tax saved now")
_SOLD_TO_TRACK, _BOUGHT_TO_TRACK = word("sold to track the target: "), word("bought to track the target: ")
_SAVES, _A_YEAR = word("saves "), word(" a year of risk")
_ADDS, _THAT_OTHERS = word("adds "), word(" a year of risk that the other trades save")
_AND = word(", ")
_FOR, _OF_COST = word("for "), word(" of trading cost")
_BOUGHT_RESTRICTED = word("bought because a restriction asks for it: ")
_SOLD_RESTRICTED = word("sold because a restriction asks for it: ")
_SOLD_TO_PAY = word("sold to pay for trades that are worth more: ")
_IN_PLACE = word("bought in place of what is sold ")
_SOLD_FOR_CASH = word("sold to bring cash back into its band: ")
_SOLD_TO_LOCATE = word("sold to be held where it is taxed less: saves ")
_BOUGHT_TO_LOCATE = word("bought where it is taxed less: saves ")
_ON_INCOME = word(" of tax on what it yields")
_STANDS_IN, _COLON = word("stands in for "), word(": ")
_INVESTS = word("invests cash above its band ")
_MAKES_ROOM = word("makes room for cash to be invested: ")
_NO_TAX = word("no tax in this account")
_NO_GAIN = word("no gain, no tax")
_OF_TAX_ON, _GAIN = word(" of tax on a "), word(" gain")
_SAVED_BY, _LOSS = word(" of tax saved by a "), word(" loss")


class _Figures(NamedTuple):
    """What the sentences of T trades are made of."""

    reason: NDArray[np.uint8]
    buy: NDArray[np.bool_]
    deferred: NDArray[np.bool_]
    long_term: NDArray[np.uint8]
    gain: IntArray
    tax: IntArray
    cost: IntArray
    figure_1: NDArray[np.float64]
    figure_2: NDArray[np.float64]
    symbols: TextColumn  # of securities


@inner_kernel
def _put_three(out: Letters, at: int, number: int) -> int:
    """Write a comma and three digits."""
    at = put(out, at, _COMMA)
    at = put_whole(out, at, number // 100)
    return put_two(out, at, number % 100)


@inner_kernel
def _put_dollars(out: Letters, at: int, dollars: float) -> int:
    """Write dollars without their sign: $1,234 from ten dollars on, $0.42 below, $0 below half a cent."""
    at = put(out, at, _DOLLAR_SIGN)
    cents = int(np.rint(abs(dollars) * 100.0))
    if cents == 0:
        return put(out, at, _ZERO)
    if cents < 1_000:
        at = put_whole(out, at, cents // 100)
        at = put(out, at, _POINT)
        return put_two(out, at, cents % 100)
    whole = int(np.rint(abs(dollars)))
    # A trillion or more loses its first comma: no trade comes near.
    part = 1_000_000_000
    while part > 1 and whole < part:
        part //= 1_000
    at = put_whole(out, at, whole // part)
    while part > 1:
        part //= 1_000
        at = _put_three(out, at, whole // part % 1_000)
    return at


@inner_kernel
def _put_term(out: Letters, at: int, amount: int, long_term: int) -> int:
    at = _put_dollars(out, at, amount / DOLLAR)
    at = put(out, at, _SPACE)
    return put(out, at, _LONG) if long_term else put(out, at, _SHORT)


@inner_kernel
def _put_tax(out: Letters, at: int, trades: _Figures, t: int) -> int:
    """Say the tax of a sale: "$120 of tax on a $800 long-term gain"."""
    if trades.deferred[t]:
        return put(out, at, _NO_TAX)
    gain = trades.gain[t]
    if gain == 0:
        return put(out, at, _NO_GAIN)
    at = _put_dollars(out, at, trades.tax[t] / DOLLAR)
    at = put(out, at, _OF_TAX_ON) if gain > 0 else put(out, at, _SAVED_BY)
    at = _put_term(out, at, gain, trades.long_term[t])
    return put(out, at, _GAIN) if gain > 0 else put(out, at, _LOSS)


@inner_kernel
def _put_risk(out: Letters, at: int, saved: float) -> int:
    at = put(out, at, _SAVES) if saved >= 0.0 else put(out, at, _ADDS)
    at = _put_dollars(out, at, saved)
    return put(out, at, _A_YEAR) if saved >= 0.0 else put(out, at, _THAT_OTHERS)


@inner_kernel
def _put_cost(out: Letters, at: int, cost: int) -> int:
    at = _put_dollars(out, at, cost / DOLLAR)
    return put(out, at, _OF_COST)


@inner_kernel
def _put_for_cost(out: Letters, at: int, cost: int) -> int:
    return _put_cost(out, put(out, at, _FOR), cost)


@inner_kernel
def _put_purchase(out: Letters, at: int, trades: _Figures, t: int) -> int:
    reason = trades.reason[t]
    if reason == _RESTRICTED:
        return _put_cost(out, put(out, at, _BOUGHT_RESTRICTED), trades.cost[t])
    return _put_for_cost(out, put(out, at, _INVESTS), trades.cost[t])


@inner_kernel
def _put_sale(out: Letters, at: int, trades: _Figures, t: int) -> int:
    reason = trades.reason[t]
    at = put(out, at, _SOLD_RESTRICTED) if reason == _RESTRICTED else put(out, at, _MAKES_ROOM)
    return _put_tax(out, at, trades, t)


@inner_kernel
def _put_place(out: Letters, at: int, trades: _Figures, t: int) -> int:
    buys = trades.reason[t] == _LOCATE_BUY
    at = put(out, at, _BOUGHT_TO_LOCATE) if buys else put(out, at, _SOLD_TO_LOCATE)
    at = put(out, _put_dollars(out, at, trades.figure_2[t]), _ON_INCOME)
    if buys:
        return _put_for_cost(out, put(out, at, _SPACE), trades.cost[t])
    return _put_tax(out, put(out, at, _AND), trades, t)


@inner_kernel
def _put_sentence(out: Letters, at: int, trades: _Figures, t: int) -> int:
    reason = trades.reason[t]
    if reason == _HARVEST:
        at = _put_term(out, put(out, at, _HARVESTS), trades.gain[t], trades.long_term[t])
        at = _put_dollars(out, put(out, at, _LOSS_SAVED), trades.figure_1[t])
        return put(out, at, _SAVED_NOW)
    if reason == _REBALANCE_SELL:
        at = _put_risk(out, put(out, at, _SOLD_TO_TRACK), trades.figure_2[t])
        return _put_tax(out, put(out, at, _AND), trades, t)
    if reason == _REBALANCE_BUY:
        at = _put_risk(out, put(out, at, _BOUGHT_TO_TRACK), trades.figure_2[t])
        return _put_for_cost(out, put(out, at, _SPACE), trades.cost[t])
    if reason == _EXCHANGE_SELL:
        return _put_tax(out, put(out, at, _SOLD_TO_PAY), trades, t)
    if reason == _EXCHANGE_BUY:
        return _put_for_cost(out, put(out, at, _IN_PLACE), trades.cost[t])
    if reason == _SUBSTITUTE:
        at = put_text(out, put(out, at, _STANDS_IN), trades.symbols, int(trades.figure_1[t]))
        at = _put_risk(out, put(out, at, _COLON), trades.figure_2[t])
        return _put_for_cost(out, put(out, at, _SPACE), trades.cost[t])
    if reason in (_LOCATE_SELL, _LOCATE_BUY):
        return _put_place(out, at, trades, t)
    if reason == _RAISE_CASH:
        return _put_tax(out, put(out, at, _SOLD_FOR_CASH), trades, t)
    return _put_purchase(out, at, trades, t) if trades.buy[t] else _put_sale(out, at, trades, t)


@kernel
def _write_sentences(trades: _Figures, first: int, last: int, out: Letters, stop: IntArray) -> int:
    """Write the sentences of rows first .. last one after the other, and where each ends; returns the letters."""
    at = 0
    for t in range(first, last):
        at = _put_sentence(out, at, trades, t)
        stop[t] = at
    return at


def row_ranges(rows: int) -> Iterator[tuple[int, int]]:
    """Split rows into ranges of `ROWS_AT_A_TIME`."""
    for first in range(0, rows, ROWS_AT_A_TIME):
        yield first, min(first + ROWS_AT_A_TIME, rows)


def trade_reasons(trades: Trades, accounts: Accounts, symbols: pl.Series, pool: Executor) -> TextColumn:
    """Say in one sentence why each trade is proposed, with its figures: T texts. Every figure must be finite.

    A symbol with letters that a line of CSV could not hold within a sentence is written with others in their place.
    """
    named = text_column(symbols.str.replace_all('["\\n\\r]', "'"))
    figures = _Figures(
        trades.reason,
        trades.side == Side.BUY,
        accounts.kind[trades.account] != AccountKind.TAXABLE,
        trades.long_term,
        trades.gain,
        trades.tax,
        trades.cost,
        trades.figure_1,
        trades.figure_2,
        named,
    )
    room = _LONGEST + longest(named)
    rows = len(trades.reason)
    start = np.zeros(rows + 1, np.int64)

    def write(span: tuple[int, int]) -> Letters:
        out = np.empty((span[1] - span[0]) * room, np.uint8)
        return out[: _write_sentences(figures, *span, out, start[1:])].copy()

    parts = list(pool.map(write, row_ranges(rows)))
    before = 0
    for (first, last), part in zip(row_ranges(rows), parts, strict=True):
        start[first + 1 : last + 1] += before
        before += len(part)
    return TextColumn(np.concatenate(parts) if parts else np.zeros(0, np.uint8), start)
