"""The demo: a whole advisory firm, written as a firm folder, on a simulated market or on real prices.

The same seed, size and market give the same bytes. Every household is invented and labelled as such; a few rows are
wrong on purpose (a lot without basis, one without date, a fund whose price is late, a household without rates, a lot
of a security that nobody listed), so that the demo shows what becomes of them: the last refuses its household.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.errors import FolderError
from lotwise.interchange.atomic import replaced_files, write_whole
from lotwise.lab.demo_activity import harvest_recently, recent_purchases, substitutes_of
from lotwise.lab.demo_households import plan_household
from lotwise.lab.demo_market_tables import market_tables
from lotwise.lab.demo_past import Past, opening_of
from lotwise.lab.demo_positions import AccountHoldings, fill_account
from lotwise.lab.demo_restrictions import Wishes
from lotwise.lab.demo_tables import FilledHousehold, firm_tables, lot_name, with_gaps, write_table
from lotwise.lab.demo_tape import Tape, pick_lots
from lotwise.lab.demo_text import FIRM_NAME, firm_toml, profiles_toml
from lotwise.lab.known_then import known_on
from lotwise.lab.market_panel import MarketPanel
from lotwise.lab.real_market import load_real_market
from lotwise.lab.replay import Decide
from lotwise.lab.simulated_market import simulate_market

__all__ = ["DemoSummary", "fill_households", "write_demo_firm", "write_firm"]

# Up to so many households lots are written as CSV, which anyone can open; above it as Parquet.
MOST_AS_CSV = 1000
# Every file that the demo writes or has written in another size: an earlier demo's files go with the new ones.
STEMS = (
    "households",
    "accounts",
    "lots",
    "securities",
    "prices",
    "models",
    "restrictions",
    "transactions",
    "corporate_actions",
    "lookthrough",
    "screens",
    "substitutes",
)
FILES = (
    "firm.toml",
    "profiles.toml",
    *(f"{stem}.{ending}" for stem in STEMS for ending in ("csv", "parquet")),
    "ledger/",
    "history/",
)


class DemoSummary(NamedTuple):
    """What was written."""

    folder: Path
    market: str  # "simulated" or "real"
    as_of: date
    households: int
    accounts: int
    lots: int
    securities: int
    value: float  # dollars, cash included
    restrictions: int
    sales: int  # rows of transactions that sell


def _in_order(account: AccountHoldings) -> AccountHoldings:
    """Sort an account's lots by security and day."""
    order = np.lexsort((account.lots.shares, account.lots.day, account.lots.security))
    return account._replace(lots=pick_lots(account.lots, order))


def fill_households(panel: MarketPanel, seed: int, households: int) -> Iterator[FilledHousehold]:
    """Draw household after household, each from its own seed: a larger firm begins with the same ones."""
    tape, wishes, substitutes = Tape(panel), Wishes(panel), substitutes_of(panel)
    for number in range(households):
        plan = plan_household(seed, number)
        rng = np.random.default_rng([seed, 3, number])
        accounts = [fill_account(rng, tape, plan, account) for account in plan.accounts]
        accounts, sales = harvest_recently(rng, tape, accounts, substitutes)
        accounts = [_in_order(account) for account in accounts]
        legacy = [
            (account.plan.account_id, lot_name(int(lot)))
            for account in accounts
            for lot in np.flatnonzero(account.lots.legacy)
        ]
        bought = [each for account in accounts for each in recent_purchases(tape, account)]
        yield FilledHousehold(plan, tuple(accounts), tuple(wishes.of(rng, plan, legacy)), (*sales, *bought))


def write_firm(
    folder: Path, panel: MarketPanel, *, seed: int = 1, households: int = 200, decide: Decide | None = None
) -> DemoSummary:
    """Write the demo firm on a market as a firm folder; all of its files, or, if interrupted, none.

    With `decide` the firm has a past of fifteen months (`demo_past`) in which that decided every night, and a posted
    ledger; without it the clients have only just come. An earlier demo in `folder` is replaced. Raises FolderError
    where the folder holds another firm, ValueError for less than one household, or a market too short for a past.
    """
    if households < 1:
        raise ValueError(f"a firm must have at least one household, had {households}")
    _refuse_strangers(folder)
    begins = panel if decide is None else known_on(panel, opening_of(panel))
    filled = list(fill_households(begins, seed, households))
    as_parquet = {"prices"} | ({"lots"} if households > MOST_AS_CSV else set())
    with replaced_files(folder, FILES) as place:
        if decide is not None:
            tables = Past(place, panel, filled, seed).write(decide, lots_as_parquet="lots" in as_parquet)
        else:
            tables = market_tables(panel, substitutes_of(panel))
            tables |= firm_tables(filled, panel, Wishes(panel).everyone())
            tables["lots"] = with_gaps(tables["lots"], filled)
            write_whole(place / "firm.toml", firm_toml(panel.as_of, panel.source))
            write_whole(place / "profiles.toml", profiles_toml())
            for stem, table in tables.items():
                write_table(place, stem, table, parquet=stem in as_parquet)
    return _summary(folder, panel, tables)


def _summary(folder: Path, panel: MarketPanel, tables: dict[str, pl.DataFrame]) -> DemoSummary:
    """Count what is in the tables; what has no listed price counts nothing."""
    price = pl.DataFrame({"symbol": panel.universe.symbols, "price": np.nan_to_num(panel.close[-1])})
    lots = tables["lots"].join(price, on="symbol", how="left")
    worth = (lots["shares"].cast(pl.Float64) * lots["price"].fill_null(0.0)).sum()
    sales = tables["transactions"].filter(pl.col("kind") == "sell")
    return DemoSummary(
        folder=folder,
        market=panel.source,
        as_of=panel.as_of,
        households=tables["households"].height,
        accounts=tables["accounts"].height,
        lots=lots.height,
        securities=tables["securities"].height,
        value=round(float(worth) + tables["accounts"]["cash"].cast(pl.Float64).sum(), 2),
        restrictions=tables["restrictions"].height,
        sales=sales.height,
    )


def write_demo_firm(
    folder: Path, *, seed: int = 1, households: int = 200, market: Path | None = None, decide: Decide | None = None
) -> DemoSummary:
    """Write the demo firm: on a market simulated from `seed`, or on the real prices of the folder `market`.

    `decide` as in `write_firm`. Raises FolderError where `folder` holds another firm or `market` cannot be read,
    ValueError for less than one household.
    """
    _refuse_strangers(folder)
    panel = simulate_market(seed) if market is None else load_real_market(market)
    return write_firm(folder, panel, seed=seed, households=households, decide=decide)


def _refuse_strangers(folder: Path) -> None:
    """Refuse a folder in which somebody keeps something else than a demo."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FolderError(f"{folder}: must be a folder for the demo firm; it is a file")
    firm = folder / "firm.toml"
    ours = firm.is_file() and f'name = "{FIRM_NAME}"' in firm.read_text(encoding="utf-8", errors="replace")
    if not ours and any(folder.iterdir()):
        raise FolderError(f"{folder}: must be empty or hold an earlier demo; it holds other files, choose another")
