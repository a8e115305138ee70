"""What there is for a client's request: cash, what may be sold, losses of a term; more than that will be short.

A request for more than there is stays: it is done as far as it goes, and the finding says how much that is. Wash-sale
windows are not looked at here, and requests for the same are counted in the order of the file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.dates import NO_DATE
from lotwise.ledger.holding_period import first_long_term_day_numbers
from lotwise.money import SHARE
from lotwise.rebalancing.book import LotFlag, RequestKind

__all__ = ["AccountMeans", "Means", "Wanted", "means_of"]

_NEVER_SOLD = int(LotFlag.UNKNOWN_TAX | LotFlag.KEPT)


class Wanted(NamedTuple):
    """What one request takes: of which accounts, what, and how much."""

    kind: RequestKind
    accounts: tuple[int, ...]
    long_term: bool
    amount: int


class AccountMeans(NamedTuple):
    """What one account has, money: cash after pending orders, what may be sold, its losses of either term."""

    cash: int
    sellable: int
    short_losses: int
    long_losses: int
    kept_lots: int
    lots: int


@dataclass(frozen=True, slots=True)
class Means:
    """What every account of a request has, and what earlier requests have taken of it."""

    accounts: Mapping[int, AccountMeans]
    _taken: dict[tuple[str, tuple[int, ...]], int]

    def take(self, wanted: Wanted) -> tuple[int, int] | None:
        """Count one more request; where there is less: (what there is, what is asked for of it so far)."""
        what, there = self._of(wanted)
        key = (what, wanted.accounts)
        asked = self._taken.get(key, 0) + wanted.amount
        self._taken[key] = asked
        return (there, asked) if asked > there else None

    def _of(self, wanted: Wanted) -> tuple[str, int]:
        found = [self.accounts[account] for account in wanted.accounts]
        if wanted.kind is RequestKind.INVEST_CASH:
            return "cash", sum(max(each.cash, 0) for each in found)
        if wanted.kind is RequestKind.HARVEST:
            if wanted.long_term:
                return "long", sum(each.long_losses for each in found)
            return "short", sum(each.short_losses for each in found)
        return "all", sum(max(each.cash + each.sellable, 0) for each in found)


def means_of(accounts: Collection[int], lots: pl.DataFrame, cash: Mapping[int, int], today: int) -> Means:
    """Add up what these accounts have; `lots` are those of `read_lots` with what is kept, `cash` is money."""
    own = lots.filter(pl.col("account").is_in(list(accounts)))
    value = (pl.col("shares").cast(pl.Float64) * pl.col("price").cast(pl.Float64) / SHARE).round().cast(pl.Int64)
    start = own["holding_start"].cast(pl.Int32).to_numpy()
    known = np.where(start == NO_DATE, today, start).astype(np.int32)
    own = own.with_columns(
        value=value,
        long_term=pl.Series(first_long_term_day_numbers(known) <= today),
        free=(pl.col("flags") & _NEVER_SOLD) == 0,
    )
    realisable = pl.col("free") & pl.col("taxable") & (pl.col("price") > 0)
    loss = pl.when(realisable).then((pl.col("basis") - pl.col("value")).clip(lower_bound=0)).otherwise(0)
    summed = own.group_by("account").agg(
        pl.col("value").filter(pl.col("free")).sum().alias("sellable"),
        loss.filter(~pl.col("long_term")).sum().alias("short"),
        loss.filter(pl.col("long_term")).sum().alias("long"),
        (~pl.col("free")).sum().cast(pl.Int64).alias("kept"),
        pl.len().cast(pl.Int64).alias("lots"),
    )
    sums = {row[0]: row[1:] for row in summed.iter_rows()}
    found = {account: AccountMeans(cash[account], *sums.get(account, (0, 0, 0, 0, 0))) for account in accounts}
    return Means(found, {})
