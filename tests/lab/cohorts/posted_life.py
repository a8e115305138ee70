"""The events of a life as files, posted to the ledger of a firm."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.dates import from_day_number
from lotwise.interchange.ledger_files.posting import open_ledger, post_files
from lotwise.lab.cohorts.market import MarketTape
from lotwise.lab.market_panel import MarketPanel
from lotwise.ledger.events import EventKind, Table
from lotwise.money import DOLLAR, SHARE
from lotwise.storage.ledger import Ledger
from lotwise.storage.listings import decimals
from tests.lab.cohorts.small_market import SPLIT_ROW, STOCKS

__all__ = ["Names", "posted", "rows_of"]

_KINDS = {
    EventKind.BUY: "buy",
    EventKind.SELL: "sell",
    EventKind.REINVEST: "reinvest",
    EventKind.DIVIDEND: "dividend",
    EventKind.DEPOSIT: "deposit",
    EventKind.WITHDRAWAL: "withdrawal",
    EventKind.FEE: "fee",
    EventKind.SPLIT: "split",
    EventKind.CASH_MERGER: "cash_merger",
}
_RELIEF = {0: None, 1: "fifo", 2: "lifo", 3: "hifo"}


class Names(NamedTuple):
    """What codes of accounts and securities stand for."""

    accounts: list[str]
    symbols: list[str]


def rows_of(events: Table, panel: MarketPanel) -> pl.DataFrame:
    """Events as rows of transactions; ratios of splits and prices of mergers from the market itself."""
    tape = MarketTape(panel)
    ratio = {1: "3", 2: "1/4"}
    last = {security: panel.close[np.isfinite(panel.close[:, security])][-1, security] for security in range(STOCKS)}
    assert tape.at(SPLIT_ROW).splits == ((1, 3, 1),)
    kinds = [EventKind(kind) for kind in events["kind"].tolist()]
    of_shares = [kind in (EventKind.BUY, EventKind.SELL, EventKind.REINVEST) for kind in kinds]
    no_amount = [kind in (EventKind.SPLIT, EventKind.CASH_MERGER) for kind in kinds]
    nothing = pl.Series([None] * events.size, dtype=pl.String)
    return pl.DataFrame(
        {
            "date": [from_day_number(day).isoformat() for day in events["day"].tolist()],
            "account_id": [f"A{account}" for account in events["account"].tolist()],
            "kind": [_KINDS[kind] for kind in kinds],
            "transaction_id": [f"T{row}" for row in range(events.size)],
            "symbol": [f"S{each:02d}" if each >= 0 else None for each in events["security"].tolist()],
            "shares": decimals(events["shares"].astype(np.int64), SHARE).zip_with(pl.Series(of_shares), nothing),
            "amount": decimals(events["amount"].astype(np.int64), DOLLAR).zip_with(~pl.Series(no_amount), nothing),
            "lot_id": [f"L{lot}" if lot >= 0 else None for lot in events["lot"].tolist()],
            "relief": [_RELIEF[relief] for relief in events["relief"].tolist()],
            "qualified": ["true" if facts & 1 else None for facts in events["facts"].tolist()],
            "ratio": [
                ratio[security] if kind is EventKind.SPLIT else None
                for kind, security in zip(kinds, events["security"].tolist(), strict=True)
            ],
            "cash_per_share": [
                f"{last[security]:.4f}" if kind is EventKind.CASH_MERGER else None
                for kind, security in zip(kinds, events["security"].tolist(), strict=True)
            ],
        },
        schema_overrides={"relief": pl.String, "ratio": pl.String, "cash_per_share": pl.String, "qualified": pl.String},
    )  # fmt: skip


def posted(folder: Path, rows: pl.DataFrame, as_of: date) -> tuple[Ledger, Names]:
    """Post the rows to the ledger of a new firm, month by month; the ledger, and what its codes stand for."""
    count = rows["account_id"].n_unique()
    accounts = [f"A{number},H{number},taxable,0" for number in range(count)]
    (folder / "accounts.csv").write_text("\n".join(["account_id,household_id,kind,cash", *accounts]) + "\n")
    (folder / "firm.toml").write_text(f'version = 1\nname = "One"\nas_of = {as_of.isoformat()}\n')
    for month in rows["date"].str.slice(0, 7).unique().sort():
        file = folder / f"{month}.csv"
        rows.filter(pl.col("date").str.slice(0, 7) == month).write_csv(file)
        report = post_files(folder, [file])
        assert report.refused == 0, [str(finding) for finding in report.findings]
    ledger = open_ledger(folder).ledger
    names = ledger.standing().names
    return ledger, Names(names.accounts.to_list(), names.securities.to_list())
