"""The trades of a run as a table, and as what the lines of its CSV file are made of; columns as in the contract."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pyarrow.lib import Array, decimal128, py_buffer

from lotwise.dates import NO_DATE
from lotwise.interchange.letters import TextColumn, as_series, text_column
from lotwise.interchange.trade_lines import TradeWords, quoted
from lotwise.interchange.trade_reasons import trade_reasons
from lotwise.interchange.wording import motives
from lotwise.money import DOLLAR, SHARE, IntArray
from lotwise.rebalancing.book import AccountKind, Book, BookLabels
from lotwise.rebalancing.proposal import Side, Trades
from lotwise.securities.market import Market, MarketLabels

__all__ = ["exact", "named", "trade_table", "trade_words"]

_TERMS = ("short", "long", "")  # the last is a buy's
_BUYS_TERM = 2


def exact(units: IntArray, per_one: int) -> pl.Series:
    """Integer units (`per_one` to a dollar or a share) as exact decimals of 38 digits; no float on the way."""
    digits = len(str(per_one)) - 1
    halves = np.empty((len(units), 2), "<i8")  # a decimal is 128 bits: the number, and its sign all the way up
    halves[:, 0] = units
    halves[:, 1] = units >> 63
    array = Array.from_buffers(decimal128(38, digits), len(units), [None, py_buffer(halves)])
    return cast("pl.Series", pl.from_arrow(array))


def named(names: pl.Series, rows: NDArray[np.integer]) -> pl.Series:
    """Names of rows."""
    return names.gather(pl.Series(rows).cast(pl.UInt32))


def trade_words(
    book: Book, labels: BookLabels, market: Market, market_labels: MarketLabels, trades: Trades, pool: Executor
) -> TradeWords:
    """Everything that the lines of trades say; the words of texts stand in small columns of their own."""
    lots = pool.submit(lambda: text_column(quoted(lot_names(labels, trades))))
    price = pool.submit(lambda: market.price[trades.security])
    sells = trades.side == Side.SELL
    acquired = np.full(len(sells), NO_DATE, np.int32)
    acquired[sells] = book.lots.acquired[trades.lot[sells]]

    def column(texts: pl.Series) -> TextColumn:
        return text_column(quoted(texts))

    symbols = pl.Series(market_labels.symbols, dtype=pl.String)
    return TradeWords(
        household=trades.household,
        account=trades.account,
        security=trades.security,
        side=trades.side,
        kind=book.accounts.kind[trades.account],
        motive=trades.reason,
        term=np.where(sells, trades.long_term, _BUYS_TERM).astype(np.uint8),
        shares=trades.shares,
        price=price.result(),
        value=trades.value,
        basis=trades.basis,
        gain=trades.gain,
        tax=trades.tax,
        cost=trades.cost,
        acquired=acquired,
        households=column(pl.Series(labels.households.tolist(), dtype=pl.String)),
        accounts=column(pl.Series(labels.accounts.tolist(), dtype=pl.String)),
        symbols=column(symbols),
        sides=text_column([side.name.lower() for side in Side]),
        kinds=text_column([kind.name.lower() for kind in AccountKind]),
        motives=text_column(motives()),
        terms=text_column(_TERMS),
        reasons=trade_reasons(trades, book.accounts, symbols, pool),
        lots=lots.result(),
    )


def lot_names(labels: BookLabels, trades: Trades) -> pl.Series:
    """Name of the lot that each trade sells, null for a buy."""
    rows = pl.Series(trades.lot)
    return labels.lots.gather(rows.set(pl.Series(trades.side != Side.SELL), None))


def trade_table(
    labels: BookLabels, market_labels: MarketLabels, trades: Trades, words: TradeWords, pool: Executor
) -> pl.DataFrame:
    """One row per trade, in the order of the book; `lot_id`, `term` and `acquired` are empty for a buy."""
    days = pl.Series(words.acquired)
    terms = as_series(words.terms)
    terms = terms.set(terms == "", None)
    households, accounts, symbols = (
        pl.Series(names, dtype=pl.String)
        for names in (labels.households.tolist(), labels.accounts.tolist(), market_labels.symbols)
    )
    columns: dict[str, Callable[[], pl.Series]] = {
        "household_id": lambda: named(households, trades.household),
        "account_id": lambda: named(accounts, trades.account),
        "side": lambda: named(as_series(words.sides), trades.side),
        "symbol": lambda: named(symbols, trades.security),
        "lot_id": lambda: lot_names(labels, trades),
        "shares": lambda: exact(trades.shares, SHARE),
        "price": lambda: exact(words.price, DOLLAR),
        "value": lambda: exact(trades.value, DOLLAR),
        "basis": lambda: exact(trades.basis, DOLLAR),
        "gain": lambda: exact(trades.gain, DOLLAR),
        "term": lambda: named(terms, words.term),
        "tax": lambda: exact(trades.tax, DOLLAR),
        "cost": lambda: exact(trades.cost, DOLLAR),
        "reason": lambda: as_series(words.reasons),
        "motive": lambda: named(as_series(words.motives), trades.reason),
        "account_kind": lambda: named(as_series(words.kinds), words.kind),
        "acquired": lambda: days.set(days == int(NO_DATE), None).cast(pl.Date),
    }
    made = pool.map(lambda make: make(), columns.values())
    return pl.DataFrame(dict(zip(columns, made, strict=True)))
