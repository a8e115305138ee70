"""A cohort's lots are those of a firm's ledger: the events of a life, posted as files, fold to the same lots and gains.

The ledger reads text, names its lots and posts month by month; the life never leaves its arrays.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.dates import from_day_number
from lotwise.interchange.ledger_files.posting import open_ledger, post_files
from lotwise.lab.cohorts.market import MarketTape
from lotwise.lab.cohorts.policies import ordinary
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.replay import LiveSettings, live
from lotwise.lab.market_panel import MarketPanel
from lotwise.ledger.events import EventKind, Table
from lotwise.ledger.tables import State
from lotwise.money import DOLLAR, SHARE
from lotwise.savings.shadow_rule import Schedule
from lotwise.storage.listings import decimals
from tests.lab.cohorts.small_market import POLICIES, SPLIT_ROW, STOCKS, small_cohort, small_panel, small_risk

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


def _rows(events: Table, panel: MarketPanel) -> pl.DataFrame:
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


def _posted(folder: Path, rows: pl.DataFrame) -> tuple[State, Names]:
    """Post the rows to the ledger of a new firm, month by month; its state, and what its codes stand for."""
    accounts = [f"A{number},H{number},taxable,0" for number in range(len(POLICIES))]
    (folder / "accounts.csv").write_text("\n".join(["account_id,household_id,kind,cash", *accounts]) + "\n")
    end = from_day_number(int(small_panel().days[-1])) + timedelta(days=1)
    (folder / "firm.toml").write_text(f'version = 1\nname = "One"\nas_of = {end.isoformat()}\n')
    for month in rows["date"].str.slice(0, 7).unique().sort():
        file = folder / f"{month}.csv"
        rows.filter(pl.col("date").str.slice(0, 7) == month).write_csv(file)
        report = post_files(folder, [file])
        assert report.refused == 0, [str(finding) for finding in report.findings]
    standing = open_ledger(folder).ledger.standing()
    return standing.state, Names(standing.names.accounts.to_list(), standing.names.securities.to_list())


def _counted(table: Table, names: Names, columns: tuple[str, ...]) -> Counter[tuple[object, ...]]:
    rows = zip(*(table[name].tolist() for name in columns), strict=True)
    whose = zip(table["account"].tolist(), table["security"].tolist(), strict=True)
    return Counter(
        (names.accounts[account], names.symbols[security], *row)
        for (account, security), row in zip(whose, rows, strict=True)
    )


_LOT = ("shares", "basis", "original_basis", "absorbed_loss", "acquired", "holding_start", "marks")
_SALE = ("sold", "shares", "proceeds", "basis", "disallowed", "permanent", "long_term", "holding_start")


def test_the_lots_gains_and_wash_sales_of_a_life_are_those_of_the_ledger(tmp_path: Path) -> None:
    panel = small_panel(volatility=0.04)
    policies = (*POLICIES[:2], ordinary("monthly", Schedule.MONTHLY, reinvests=True), POLICIES[3])
    lived: Lived = live(small_cohort(policies), panel, small_risk(), LiveSettings(keeps_lines=True))
    assert lived.trades is not None
    assert lived.realized is not None
    state, names = _posted(tmp_path, _rows(lived.trades, panel))
    own = Names([f"A{number}" for number in range(len(POLICIES))], [f"S{each:02d}" for each in range(STOCKS)])
    assert lived.lots.size > 50
    assert (lived.realized["disallowed"] > 0).sum() > 3
    assert _counted(lived.lots, own, _LOT) == _counted(state.lots, names, _LOT)
    assert _counted(lived.realized, own, _SALE) == _counted(state.realized, names, _SALE)
