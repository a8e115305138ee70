"""What a household holds before and after its trades, as frames: positions, weights, and gains of lots."""

from __future__ import annotations

import numpy as np
import polars as pl

from lotwise.interchange.firm_folder import Firm
from lotwise.interchange.trade_table import exact
from lotwise.money import DOLLAR, SHARE, exact_mul_div
from lotwise.rebalancing.book import AccountKind, LotFlag
from lotwise.rebalancing.formulation import counted_part, model_scale
from lotwise.rebalancing.rebalance import solved_as_portfolios

__all__ = ["gains_of_lots", "positions_of", "weights_of"]


def _lots(firm: Firm, household: int) -> pl.DataFrame:
    """Lots of a household: account and lot rows, names, and worth, basis and shares in units."""
    book, labels = firm.book, firm.labels
    first, last = (int(book.households.account_start[household + end]) for end in range(2))
    starts = book.accounts.lot_start
    rows = np.arange(starts[first], starts[last])
    account = np.repeat(np.arange(first, last), np.diff(starts[first : last + 1]))
    security = book.lots.security[rows]
    pairs = zip(book.lots.shares[rows].tolist(), firm.market.price[security].tolist(), strict=True)
    return pl.DataFrame(
        {
            "account": account,
            "account_id": pl.Series([str(labels.accounts[row]) for row in account.tolist()], dtype=pl.String),
            "symbol": pl.Series([firm.market_labels.symbols[row] for row in security.tolist()], dtype=pl.String),
            "lot_id": labels.lots.gather(rows),
            "worth": pl.Series([exact_mul_div(shares, price, SHARE) for shares, price in pairs], dtype=pl.Int64),
            "basis": book.lots.basis[rows],
            "shares": book.lots.shares[rows],
            "flags": book.lots.flags[rows],
        }
    )


def positions_of(firm: Firm, household: int, trades: pl.DataFrame) -> pl.DataFrame:
    """Dollars of every name in every account of a household, before and after trades; exact.

    Columns account_id, kind, symbol, before, after; in the order of accounts, the largest position first.
    """
    book, labels = firm.book, firm.labels
    held = _lots(firm, household).group_by("account_id", "symbol").agg(pl.col("worth").sum())
    first, last = (int(book.households.account_start[household + end]) for end in range(2))
    accounts = pl.DataFrame(
        {
            "account_id": pl.Series(labels.accounts[first:last].tolist(), dtype=pl.String),
            "kind": [AccountKind(kind).name.lower() for kind in book.accounts.kind[first:last].tolist()],
            "place": np.arange(last - first),
        }
    )
    signed = pl.when(pl.col("side") == "buy").then(pl.col("value")).otherwise(-pl.col("value"))
    traded = (
        trades.filter(pl.col("account_id").is_in(accounts["account_id"].to_list()))
        .with_columns(moved=(signed * DOLLAR).cast(pl.Int64))
        .group_by("account_id", "symbol")
        .agg(pl.col("moved").sum())
    )
    all_of_it = (
        held.join(traded, on=["account_id", "symbol"], how="full", coalesce=True)
        .with_columns(pl.col("worth", "moved").fill_null(0))
        .join(accounts, on="account_id")
        .sort("place", -(pl.col("worth") + pl.col("moved")), "symbol")
    )
    before, after = all_of_it["worth"], all_of_it["worth"] + all_of_it["moved"]
    return all_of_it.select(
        "account_id",
        "kind",
        "symbol",
        exact(before.to_numpy(), DOLLAR).alias("before"),
        exact(after.to_numpy(), DOLLAR).alias("after"),
    )


def weights_of(firm: Firm, household: int, positions: pl.DataFrame) -> pl.DataFrame:
    """Weights of every name that a household holds or wants: symbol, target, before, after; what moves most first.

    Of all accounts where they are one portfolio, each dollar as it counts there, else of those that trade.
    """
    book, labels = firm.book, firm.labels
    first, last = (int(book.households.account_start[household + end]) for end in range(2))
    as_one = bool(solved_as_portfolios(book, 0, len(book.households.model))[household])
    counted = np.arange(first, last)[book.accounts.trades[first:last] | as_one]
    counts = np.array([counted_part(book, account) if as_one else 1.0 for account in counted.tolist()], np.float64)
    part_of = pl.DataFrame(
        {"account_id": pl.Series(labels.accounts[counted].tolist(), dtype=pl.String), "counts": counts}
    )
    dollars = pl.col("before", "after").cast(pl.Float64) * pl.col("counts")
    held = positions.join(part_of, on="account_id").group_by("symbol").agg(dollars.sum())
    value = float(held["before"].sum()) + float((book.accounts.cash[counted] * counts).sum()) / DOLLAR
    asked = float((book.accounts.cash_wanted[counted] * counts).sum()) / DOLLAR
    beside = min(max(asked / value, 0.0), 1.0) if value > 0 else 0.0
    model = int(book.households.model[household])
    span = slice(int(book.models.start[model]), int(book.models.start[model + 1]))
    wanted = pl.DataFrame(
        {
            "symbol": pl.Series(
                [firm.market_labels.symbols[row] for row in book.models.security[span].tolist()], dtype=pl.String
            ),
            "target": book.models.weight[span] * model_scale(book, household, beside),
        }
    )
    part = 1.0 / value if value > 0 else 0.0
    return (
        wanted.join(held, on="symbol", how="full", coalesce=True)
        .with_columns(pl.col("target", "before", "after").fill_null(0.0))
        .with_columns(pl.col("before", "after") * part)
        .sort(-(pl.col("after") - pl.col("before")).abs(), -pl.col("after"), "symbol")
    )


def gains_of_lots(firm: Firm, household: int, trades: pl.DataFrame) -> pl.DataFrame:
    """Gain in dollars of every taxable lot of known basis and price, and which fraction of it trades sell."""
    lots = _lots(firm, household)
    taxable = firm.book.accounts.kind[lots["account"].to_numpy()] == AccountKind.TAXABLE
    known = (lots["flags"] & int(LotFlag.UNKNOWN_TAX) == 0) & (lots["worth"] > 0)
    sales = trades.filter(pl.col("side") == "sell").select(
        "account_id", "lot_id", (pl.col("shares") * SHARE).cast(pl.Int64).alias("sold")
    )
    return (
        lots.filter(pl.Series(taxable) & known)
        .join(sales, on=["account_id", "lot_id"], how="left", maintain_order="left")
        .select(
            "account_id",
            "symbol",
            "lot_id",
            ((pl.col("worth") - pl.col("basis")) / DOLLAR).alias("gain"),
            (pl.col("sold").fill_null(0) / pl.col("shares")).alias("sold"),
        )
    )
