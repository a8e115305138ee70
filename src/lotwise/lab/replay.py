"""A firm through the days of a market: each night is decided as any night is, on what was known then.

What stands between two nights is the firm's own ledger. Every night its folder is written as of that day, from the
ledger and from a market that ends there; whoever decides reads that folder and nothing else, so looking ahead is
impossible. What is decided is posted at the day's close, beside what came from outside since the night before:
dividends of what was held when they went ex, splits and mergers, and whatever else `outside` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.errors import ProposalError, Severity
from lotwise.interchange.firm_folder import Firm
from lotwise.interchange.ledger_files.posting import PostReport, open_from_lots, open_ledger, post_files
from lotwise.lab.demo_market_tables import qualified_shares
from lotwise.lab.known_then import shares_since
from lotwise.lab.market_panel import Floats, MarketPanel
from lotwise.ledger.tables import State
from lotwise.money import DOLLAR, SHARE, IntArray
from lotwise.rebalancing.proposal import Side, Trades
from lotwise.storage.ledger import Ledger
from lotwise.storage.listings import decimals, list_lots

# A dividend counts as qualified where this part of what its payer pays is.
_QUALIFIES = 0.5

__all__ = ["Decide", "Held", "Night", "Replay", "cash_rows", "trade_rows"]


class Decide(Protocol):
    """Decides a night: reads the folder, and says what some households (none named: all) trade."""

    def __call__(self, folder: Path, households: Sequence[str]) -> tuple[Firm, Trades]:
        """Give the firm as read, and the trades by its rows."""
        ...


class Night(NamedTuple):
    """A night of a replay."""

    row: int  # of the market's days
    households: tuple[str, ...] = ()  # that are looked at; none: all


class Held(NamedTuple):
    """What the ledger holds: P positions, each of one account and security, and the cash of A accounts."""

    accounts: tuple[str, ...]
    account: NDArray[np.int64]  # (P,)
    security: NDArray[np.int64]  # (P,) of the market; -1 = not one of its
    shares: Floats  # (P,)
    moved: IntArray  # (A,) money that all events moved
    state: State
    lots: pl.DataFrame  # in columns of lots.csv


# Writes what the folder says of the market on a row of it, and of the clients, who hold that.
WriteMarket = Callable[[int], None]
WriteClients = Callable[[int, Held], None]
# Rows of transactions of what came from outside between two rows of the market, beside dividends.
Outside = Callable[[tuple[int, int], Held], pl.DataFrame]


@dataclass
class Replay:
    """A firm folder on its way through a market; `posted` are its transactions so far, a table for each posting."""

    folder: Path
    panel: MarketPanel
    write_market: WriteMarket
    write_clients: WriteClients
    outside: Outside
    posted: list[pl.DataFrame] = field(default_factory=list)

    def open(self) -> Held:
        """Begin the ledger with the lots of the folder."""
        _require_whole(open_from_lots(self.folder), "opening")
        return self.held()

    def go(self, opening: int, nights: Sequence[Night], decide: Decide) -> Held:
        """Go from the row of the opening through nights, all of them later, and on to the market's last day."""
        held, before = self.held(), opening
        for night in nights:
            held = self._arrive(before, night.row, held)
            firm, trades = decide(self.folder, night.households)
            self._post(trade_rows(firm, trades))
            held, before = self.held(), night.row
        return self._arrive(before, len(self.panel.days) - 1, held)

    def held(self) -> Held:
        """Look at what the ledger holds."""
        ledger = open_ledger(self.folder).ledger
        return _held(ledger, self.panel)

    def _arrive(self, before: int, row: int, held: Held) -> Held:
        """Let the days up to a row happen, and write the folder as it is there."""
        if row > before:
            self.write_market(row)  # and the day's corporate actions, which the posting applies
            rows = [dividend_rows(self.panel, held, (before, row)), self.outside((before, row), held)]
            self._post(pl.concat(rows).sort("date", maintain_order=True))
            held = self.held()
        self.write_clients(row, held)
        return held

    def _post(self, rows: pl.DataFrame) -> None:
        number = len(self.posted)
        rows = rows.with_columns(transaction_id=pl.format("R{}-{}", pl.lit(number), pl.int_range(1, rows.height + 1)))
        file = self.folder / "posting.csv"
        rows.write_csv(file)
        _require_whole(post_files(self.folder, [file]), f"posting {number}")
        file.unlink()
        self.posted.append(rows)


def _require_whole(report: PostReport, what: str) -> None:
    """Raise ProposalError where the ledger did not take everything: what was traded then cannot be."""
    if report.refused or report.actions_refused or report.duplicates:
        errors = [str(finding) for finding in report.findings if finding.severity is Severity.ERROR]
        raise ProposalError(f"{what}: the ledger must take every row, refused {report.refused}: {errors[:3]}")


def _held(ledger: Ledger, panel: MarketPanel) -> Held:
    standing = ledger.standing()
    lots, names = standing.state.lots, standing.names
    place = {symbol: row for row, symbol in enumerate(panel.universe.symbols)}
    of_market = np.array([place.get(symbol, -1) for symbol in names.securities.to_list()], np.int64)
    key = lots["account"].astype(np.int64) << 32 | lots["security"]
    keys, first = np.unique(key, return_inverse=True)
    shares = np.bincount(first, lots["shares"].astype(np.float64), keys.size) / SHARE
    everyone = np.ones(len(names.accounts), np.bool_)
    return Held(
        tuple(names.accounts.to_list()),
        keys >> 32,
        of_market[keys & 0xFFFFFFFF] if keys.size else keys,
        shares,
        standing.cash.copy(),
        standing.state,
        list_lots(ledger, everyone),
    )


_CASH = {"date": pl.String, "account_id": pl.String, "kind": pl.String, "symbol": pl.String, "amount": pl.String}
_ROW = {
    **_CASH,
    "shares": pl.String,
    "price": pl.String,
    "ex_date": pl.String,
    "qualified": pl.String,
    "lot_id": pl.String,
}


def cash_rows(rows: Sequence[tuple[int, str, str, float]]) -> pl.DataFrame:
    """Rows of transactions that move cash alone: day, account, kind, dollars."""
    made = [(from_day_number(day).isoformat(), account, kind, f"{dollars:.2f}") for day, account, kind, dollars in rows]
    frame = pl.DataFrame(made, schema=["date", "account_id", "kind", "amount"], orient="row")
    return _in_columns(frame)


def _in_columns(frame: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in _ROW.items() if name not in frame.columns]
    return frame.with_columns(missing).select(list(_ROW)).cast(pl.Schema(_ROW))


def dividend_rows(panel: MarketPanel, held: Held, span: tuple[int, int]) -> pl.DataFrame:
    """Dividends that went ex after one row and up to another, paid on that day on what was held since the first."""
    before, until = span
    paid = panel.dividends
    chosen = np.flatnonzero((paid.row > before) & (paid.row <= until))
    chosen = chosen[np.lexsort((paid.security[chosen], paid.row[chosen]))]
    factor = shares_since(panel, before)
    order = np.argsort(held.security, kind="stable")
    ends = [np.searchsorted(held.security[order], paid.security[chosen], side) for side in ("left", "right")]
    spans = [np.arange(first, end) for first, end in zip(*ends, strict=True)]
    which = np.repeat(chosen, ends[1] - ends[0])
    position = order[np.concatenate([np.zeros(0, np.int64), *spans])]
    security = paid.security[which]
    cents = np.rint(held.shares[position] * factor[security] * paid.per_share[which] * 100).astype(np.int64)
    kept = np.flatnonzero(cents > 0)
    days = pl.Series(panel.days[paid.row[which[kept]]]).cast(pl.Date).cast(pl.String)
    qualified = pl.Series((qualified_shares(panel) >= _QUALIFIES)[security[kept]])
    frame = pl.DataFrame(
        {
            "date": days,
            "account_id": pl.Series(held.accounts, dtype=pl.String).gather(held.account[position[kept]]),
            "kind": pl.repeat("dividend", kept.size, eager=True),
            "symbol": pl.Series(panel.universe.symbols).gather(security[kept]),
            "amount": decimals(cents[kept] * (DOLLAR // 100), DOLLAR, cents=True),
            "ex_date": days,
            "qualified": pl.Series(np.where(qualified, "true", "false")),
        }
    )
    return _in_columns(frame)


def trade_rows(firm: Firm, trades: Trades) -> pl.DataFrame:
    """Trades of a night as rows of transactions at its close, sales first; new lots are named by day and symbol."""
    order = np.argsort(trades.side != Side.SELL, kind="stable")
    sells = trades.side[order] == Side.SELL
    symbols = pl.Series(firm.market_labels.symbols, dtype=pl.String).gather(trades.security[order])
    sold = firm.labels.lots.gather(pl.Series(np.maximum(trades.lot[order], 0))).str.replace(r"~\d+$", "")
    bought = symbols.to_frame("symbol").select(pl.format("{}-{}", pl.lit(f"{firm.as_of:%y%m%d}"), "symbol")).to_series()
    frame = pl.DataFrame(
        {
            "date": pl.repeat(firm.as_of.isoformat(), order.size, eager=True),
            "account_id": pl.Series(firm.labels.accounts.tolist(), dtype=pl.String).gather(trades.account[order]),
            "kind": pl.Series(np.where(sells, "sell", "buy"), dtype=pl.String),
            "symbol": symbols,
            "shares": decimals(trades.shares[order], SHARE),
            "amount": decimals(trades.value[order], DOLLAR, cents=True),
            "price": decimals(firm.market.price[trades.security[order]], DOLLAR, cents=True),
            "lot_id": bought.zip_with(pl.Series(~sells), sold),
        }
    )
    return _in_columns(frame)
