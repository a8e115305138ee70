"""The demo: a whole advisory firm, written as a firm folder, on a simulated market or on real prices.

The same seed, size and market give the same bytes. Every household is invented and labelled as such; a few rows are
wrong on purpose (a lot without basis, one without date, a fund whose price is late, a household without rates, a lot
of a security that nobody listed), so that the demo shows what becomes of them: the last refuses its household.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.errors import FolderError
from lotwise.interchange.atomic import replaced_files, write_whole
from lotwise.lab.demo_activity import harvest_recently, recent_purchases, substitutes_of
from lotwise.lab.demo_households import plan_household
from lotwise.lab.demo_market_tables import market_tables, model_table
from lotwise.lab.demo_past import PAST_EVERY, Past, nights_of, open_newcomers, opening_of, with_newcomers
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


def fill_households(panel: MarketPanel, seed: int, numbers: Iterable[int]) -> Iterator[FilledHousehold]:
    """Draw household after household, each from its own seed: a larger firm begins with the same ones."""
    tape, wishes, substitutes = Tape(panel), Wishes(panel), substitutes_of(panel)
    for number in numbers:
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

    With `decide` every fifth household has a past of fifteen months (`demo_past`) in which that decided its nights, and
    the firm a posted ledger; without it all have only just come. An earlier demo in `folder` is replaced. Raises
    FolderError where the folder holds another firm, ValueError for less than one household, or a market too short for a
    past.
    """
    if households < 1:
        raise ValueError(f"a firm must have at least one household, had {households}")
    _refuse_strangers(folder)
    old = range(0, households, PAST_EVERY) if decide is not None else range(0)
    filled = list(fill_households(panel, seed, [number for number in range(households) if number not in old]))
    as_parquet = {"prices"} | ({"lots"} if households > MOST_AS_CSV else set())
    with replaced_files(folder, FILES) as place:
        clients = firm_tables(filled, panel, Wishes(panel).everyone()) if filled else {}
        if decide is None:
            tables = clients | market_tables(panel, substitutes_of(panel))
        else:
            since = opening_of(panel)
            before = list(fill_households(known_on(panel, since), seed, old))
            past = Past(place, panel, before, seed).live_through(decide)
            tables = with_newcomers(past, clients) | market_tables(panel, substitutes_of(panel), since)
            days = [*(night.row for night in nights_of(panel)), len(panel.days) - 1]
            tables["models"] = model_table(panel, days)
            _write(place, panel, tables, as_parquet)
            open_newcomers(place)
            # Of newcomers the ledger has it: what they did before they came is posted with the opening of their lots.
            tables["transactions"] = past["transactions"]
        tables["lots"] = with_gaps(tables["lots"], filled)
        again = ("lots", "transactions") if decide is not None else tables
        _write(place, panel, {stem: tables[stem] for stem in again}, as_parquet)
    return _summary(folder, panel, tables)


def _write(place: Path, panel: MarketPanel, tables: dict[str, pl.DataFrame], as_parquet: set[str]) -> None:
    write_whole(place / "firm.toml", firm_toml(panel.as_of, panel.source))
    write_whole(place / "profiles.toml", profiles_toml())
    for stem, table in tables.items():
        write_table(place, stem, table, parquet=stem in as_parquet)
        if stem in as_parquet:
            (place / f"{stem}.csv").unlink(missing_ok=True)


def _summary(folder: Path, panel: MarketPanel, tables: dict[str, pl.DataFrame]) -> DemoSummary:
    """Count what is in the tables; what has no listed price counts nothing."""
    price = pl.DataFrame({"symbol": panel.universe.symbols, "price": np.nan_to_num(panel.close[-1])})
    lots = tables["lots"].join(price, on="symbol", how="left")
    worth = (lots["shares"].cast(pl.Float64) * lots["price"].fill_null(0.0)).to_numpy().sum()
    cash = tables["accounts"]["cash"].cast(pl.Float64).to_numpy().sum()
    sales = tables["transactions"].filter(pl.col("kind") == "sell")
    return DemoSummary(
        folder=folder,
        market=panel.source,
        as_of=panel.as_of,
        households=tables["households"].height,
        accounts=tables["accounts"].height,
        lots=lots.height,
        securities=tables["securities"].height,
        value=round(float(worth + cash), 2),
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
