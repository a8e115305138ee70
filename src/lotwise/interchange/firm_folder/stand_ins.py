"""What stands in for a needed file that is of no use, so that everything wrong with the others is found all the same.

Nothing can be done with such a folder, but whoever mends it wants every finding at once, and none that only follows
from the missing file. So a stand-in says just what the other files take for granted: it has every name that they
mention, and nothing to find fault with. No book is ever made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from lotwise.dates import from_day_number
from lotwise.interchange.firm_folder import client_files
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.columns import TypedTable, empty_table
from lotwise.interchange.firm_folder.findings import EVERY_HOUSEHOLD, NOBODY
from lotwise.interchange.firm_folder.households import Roster
from lotwise.interchange.firm_folder.models import ModelTable
from lotwise.interchange.firm_folder.prices import Prices
from lotwise.interchange.firm_folder.securities import CASH, Payouts, Securities, code_of
from lotwise.money import DOLLAR
from lotwise.rebalancing.book import Models
from lotwise.securities.market import MarketLabels, PriceHistory, SecurityKind

__all__ = [
    "accounts_for",
    "day_for",
    "last_price_day",
    "lots_for",
    "models_for",
    "prices_for",
    "roster_for",
    "securities_for",
]

Tables = Mapping[str, TypedTable]

_DAYS = (("prices", "date"), ("lots", "acquired"), ("transactions", "date"))
_EARLIEST = date(1970, 1, 1)

_MENTIONS = {
    "symbol": (
        *((stem, "symbol") for stem in ("lots", "prices", "models", "transactions", "pending_orders", "screens")),
        ("lookthrough", "fund"),
        ("lookthrough", "symbol"),
        ("substitutes", "symbol"),
        ("substitutes", "substitute"),
    ),
    "model": (("households", "model"), ("glide", "model")),
    "household": tuple((stem, "household_id") for stem in ("accounts", "restrictions", "requests", "glide")),
    "account": tuple(
        (stem, "account_id") for stem in ("lots", "restrictions", "requests", "transactions", "pending_orders")
    ),
}


def _mentioned(tables: Tables, what: str) -> list[str]:
    """Every name of a kind that some file mentions, once."""
    found: dict[str, None] = {}
    for stem, column in _MENTIONS[what]:
        if stem in tables:
            found.update(dict.fromkeys(tables[stem].frame[column].drop_nulls().unique(maintain_order=True).to_list()))
    return list(found)


def _restricted(tables: Tables, scope: str) -> list[str]:
    """What restrictions of one scope name."""
    if "restrictions" not in tables:
        return []
    frame = tables["restrictions"].frame
    return frame.filter(pl.col("scope") == scope)["value"].drop_nulls().unique(maintain_order=True).to_list()


def day_for(tables: Tables) -> date:
    """A day on which nothing lies in the future: the latest that prices, lots and transactions have."""
    days = [tables[stem].frame[column].max() for stem, column in _DAYS if stem in tables]
    return max([from_day_number(int(day)) for day in days if isinstance(day, int)] + [_EARLIEST])


def last_price_day(tables: Tables) -> date:
    """The latest day that has a price."""
    return day_for({stem: table for stem, table in tables.items() if stem == "prices"})


def securities_for(tables: Tables) -> Securities:
    """Every symbol that is mentioned, as a stock that belongs to every sector, industry and class that is named."""
    symbols = dict.fromkeys([*_mentioned(tables, "symbol"), *_restricted(tables, "symbol")])
    symbols.pop(CASH, None)
    words = {scope: _restricted(tables, scope) for scope in ("sector", "industry", "asset_class")}
    words["industry"] = words["industry"] or [NOBODY]  # built-in screens go by industry, and find some here
    names = [*symbols, *(f"{NOBODY}{number}" for number in range(1 + max(map(len, words.values()))))]
    count = len(names)

    def spread(scope: str) -> tuple[str, ...]:
        """One of the made-up securities after the others belongs to each group."""
        return tuple([""] * len(symbols) + (words[scope] + [""] * count)[: count - len(symbols)])

    labels = MarketLabels(tuple(names), ("",) * count, spread("asset_class"), spread("sector"), spread("industry"))
    return Securities(
        labels,
        np.full(count, SecurityKind.STOCK, dtype=np.uint8),
        np.zeros(count, dtype=np.int64),
        np.arange(count, dtype=np.int32),
        np.ones(count, dtype=np.bool_),
        Payouts(*(np.zeros(count) for _ in Payouts._fields)),
        frozenset({CASH}),
    )


def prices_for(securities: Securities, today: int) -> Prices:
    """A dollar for every security, today."""
    count = securities.count
    return Prices(
        np.full(count, DOLLAR, dtype=np.int64),
        np.full(count, today, dtype=np.int32),
        np.ones(count, dtype=np.bool_),
        PriceHistory(securities.labels.symbols, np.zeros(0, dtype=np.int32), np.zeros((0, count))),
    )


def models_for(tables: Tables) -> ModelTable:
    """Every model that its file has, or where there is none every one that is mentioned: sound, and all cash."""
    own = (
        tables["models"].frame["model"].drop_nulls().unique(maintain_order=True).to_list() if "models" in tables else []
    )
    names = own or [*_mentioned(tables, "model"), NOBODY]
    nothing = Models(
        np.zeros(len(names) + 1, dtype=np.int64),
        np.zeros(0, dtype=np.int32),
        np.zeros(0),
        np.zeros(len(names)),
    )
    return ModelTable(tuple(names), nothing, np.ones(len(names), dtype=np.bool_))


def roster_for(tables: Tables) -> Roster:
    """Every household that is mentioned, and one for what belongs to none of them; all in the run."""
    mentioned = (name for name in _mentioned(tables, "household") if name != EVERY_HOUSEHOLD)
    ids = tuple(dict.fromkeys([*mentioned, NOBODY]))
    names = pl.Series(ids, dtype=pl.String)
    empty = empty_table(client_files.HOUSEHOLDS).frame
    frame = pl.concat([empty, pl.DataFrame({"household_id": names})], how="diagonal").with_columns(
        wrong=pl.lit(value=False)
    )
    everyone = np.ones(len(ids), dtype=np.bool_)
    return Roster(ids, names, frame, everyone, everyone, np.arange(len(ids), dtype=np.int32))


def accounts_for(tables: Tables, roster: Roster) -> AccountTable:
    """Every account that is mentioned, of the household beside which it is mentioned, else of nobody known."""
    roster = _with_nobody(roster)
    owner: dict[str, str] = {}
    for stem in ("restrictions", "requests"):
        if stem in tables:
            pairs = tables[stem].frame.select("account_id", "household_id").drop_nulls()
            owner.update((account, household) for account, household in pairs.iter_rows() if account not in owner)
    place = {name: number for number, name in enumerate(roster.ids)}
    ids = tuple(_mentioned(tables, "account")) or (NOBODY,)
    household = np.array([place.get(owner.get(account, NOBODY), place[NOBODY]) for account in ids], dtype=np.int64)
    count = len(ids)
    return AccountTable(
        ids,
        household,
        np.zeros(count, dtype=np.uint8),
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.bool_),
        roster,
    )


def _with_nobody(roster: Roster) -> Roster:
    """The roster with one more household, not of the run, for accounts whose own is not known."""
    if NOBODY in roster.ids:
        return roster
    ids = (*roster.ids, NOBODY)
    extra = pl.DataFrame({"household_id": [NOBODY], "wrong": [False]})
    return Roster(
        ids,
        pl.Series(ids, dtype=pl.String),
        pl.concat([roster.frame, extra], how="diagonal"),
        np.append(roster.chosen, np.False_),
        np.append(roster.loaded, np.True_),
        np.append(roster.taxpayer, roster.taxpayer.max(initial=-1) + 1).astype(np.int32),
    )


def lots_for(table: TypedTable, roster: Roster) -> pl.DataFrame:
    """Every lot that restrictions name, in the household of which they say it: for their reading only."""
    named = table.frame.filter(pl.col("scope") == "lot").select("household_id", pl.col("value").alias("lot_id"))
    household = code_of(named["household_id"], roster.ids).fill_null(0)
    return named.select(household.alias("household"), "lot_id", pl.lit(0).alias("security")).drop_nulls("lot_id")
