"""Reasons of trades made as columns of a data frame: what the kernel's sentences are held against, letter by letter."""

from __future__ import annotations

import numpy as np
import polars as pl

from lotwise.money import DOLLAR
from lotwise.rebalancing.book import AccountKind, Accounts
from lotwise.rebalancing.proposal import Reason, Trades

__all__ = ["reasons_as_columns"]


def reasons_as_columns(trades: Trades, accounts: Accounts, symbols: pl.Series) -> pl.Series:
    """Say in one sentence why each trade is proposed, with its figures: T strings.

    The gain and its tax are the trade's own exact columns; the credit of a harvest and the risk saved a year
    are the trade's figures. Dollars are whole from ten dollars on, cents below. Every figure must be finite.
    """
    stands_for = np.where(trades.reason == Reason.SUBSTITUTE, trades.figure_1, 0).astype(np.int64)
    frame = pl.DataFrame(
        {
            "reason": trades.reason,
            "buy": trades.side == 0,
            "deferred": accounts.kind[trades.account] != AccountKind.TAXABLE,
            "gain": trades.gain / DOLLAR,
            "tax": trades.tax / DOLLAR,
            "cost": trades.cost / DOLLAR,
            "term": pl.Series(["short-term", "long-term"]).gather(trades.long_term.astype(np.int64)),
            "figure_1": trades.figure_1,
            "figure_2": trades.figure_2,
            "stands_for": symbols.gather(stands_for),
        }
    )
    said = [pl.when(pl.col("reason") == int(reason)).then(words) for reason, words in _sentences().items()]
    return frame.select(pl.coalesce(said).alias("reason")).to_series()


def _sentences() -> dict[Reason, pl.Expr]:
    """The sentence of every reason."""
    risk = (
        pl.when(pl.col("figure_2") >= 0)
        .then(pl.format("saves {} a year of risk", _dollars("figure_2")))
        .otherwise(pl.format("adds {} a year of risk that the other trades save", _dollars("figure_2")))
    )
    cost, tax, place = pl.format("for {} of trading cost", _dollars("cost")), _tax_clause(), _dollars("figure_2")
    harvest = (_dollars("gain"), pl.col("term"), _dollars("figure_1"))
    restricted = pl.format("bought because a restriction asks for it: {} of trading cost", _dollars("cost"))
    room = pl.format("makes room for cash to be invested: {}", tax)
    return {
        Reason.HARVEST: pl.format("harvests a {} {} loss: {} of tax saved now", *harvest),
        Reason.REBALANCE_SELL: pl.format("sold to track the target: {}, {}", risk, tax),
        Reason.REBALANCE_BUY: pl.format("bought to track the target: {} {}", risk, cost),
        Reason.RESTRICTED: pl.when(pl.col("buy"))
        .then(restricted)
        .otherwise(pl.format("sold because a restriction asks for it: {}", tax)),
        Reason.EXCHANGE_SELL: pl.format("sold to pay for trades that are worth more: {}", tax),
        Reason.EXCHANGE_BUY: pl.format("bought in place of what is sold {}", cost),
        Reason.RAISE_CASH: pl.format("sold to bring cash back into its band: {}", tax),
        Reason.INVEST_CASH: pl.when(pl.col("buy"))
        .then(pl.format("invests cash above its band {}", cost))
        .otherwise(room),
        Reason.LOCATE_SELL: pl.format(
            "sold to be held where it is taxed less: saves {} of tax on what it yields, {}", place, tax
        ),
        Reason.LOCATE_BUY: pl.format(
            "bought where it is taxed less: saves {} of tax on what it yields {}", place, cost
        ),
        Reason.SUBSTITUTE: pl.format("stands in for {}: {} {}", pl.col("stands_for"), risk, cost),
    }


def _tax_clause() -> pl.Expr:
    """Say the tax of a sale: "$120 of tax on a $800 long-term gain"."""
    gain = pl.format("{} {}", _dollars("gain"), pl.col("term"))
    return (
        pl.when(pl.col("deferred"))
        .then(pl.lit("no tax in this account"))
        .when(pl.col("gain") > 0)
        .then(pl.format("{} of tax on a {} gain", _dollars("tax"), gain))
        .when(pl.col("gain") < 0)
        .then(pl.format("{} of tax saved by a {} loss", _dollars("tax"), gain))
        .otherwise(pl.lit("no gain, no tax"))
    )


def _dollars(column: str) -> pl.Expr:
    """Write a float column of dollars without its sign: $1,234 from ten dollars on, $0.42 below.

    A trillion or more loses its first comma: no trade comes near.
    """
    amount = pl.col(column).abs()
    whole: pl.Expr = amount.round(0).cast(pl.Int64)
    cents = (amount * 100).round(0).cast(pl.Int64)
    return (
        pl.when(cents == 0)
        .then(pl.lit("$0"))
        .when(cents < 1_000)
        .then(pl.format("${}.{}", cents // 100, (cents % 100).cast(pl.String).str.zfill(2)))
        .when(whole < 1_000)
        .then(pl.format("${}", whole))
        .when(whole < 1_000_000)
        .then(pl.format("${},{}", whole // 1_000, _three_digits(whole)))
        .when(whole < 1_000_000_000)
        .then(pl.format("${},{},{}", whole // 1_000_000, _three_digits(whole // 1_000), _three_digits(whole)))
        .otherwise(
            pl.format(
                "${},{},{},{}",
                whole // 1_000_000_000,
                _three_digits(whole // 1_000_000),
                _three_digits(whole // 1_000),
                _three_digits(whole),
            )
        )
    )


def _three_digits(number: pl.Expr) -> pl.Expr:
    return (number % 1_000).cast(pl.String).str.zfill(3)
