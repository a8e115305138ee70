"""The demo firm's past: some of its households under management for fifteen months, replayed with the engine.

Those begin as they would have been found on the day of the opening, on a market that ends there. From then on every
trade is the engine's, and every night is posted to the firm's ledger; what is held today is what is left. Clients save
and spend, funds and companies pay dividends in cash, fees are drawn. The other households have only just come: their
lots are opened in the same ledger today.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.errors import ProposalError
from lotwise.interchange.atomic import write_whole
from lotwise.interchange.firm_folder.findings import FindingList
from lotwise.interchange.ledger_files.opening import earlier_rows, opening_rows
from lotwise.interchange.ledger_files.posting import open_ledger
from lotwise.lab.demo_activity import substitutes_of
from lotwise.lab.demo_market_tables import market_tables, qualified_shares
from lotwise.lab.demo_restrictions import Wishes
from lotwise.lab.demo_tables import FilledHousehold, firm_tables, with_gaps, write_table
from lotwise.lab.demo_text import firm_toml, profiles_toml
from lotwise.lab.known_then import known_on, month_ends, shares_since
from lotwise.lab.market_panel import Floats, MarketPanel, trailing_yield
from lotwise.lab.replay import Decide, Held, Night, Replay, cash_rows
from lotwise.ledger.tables import Refusal
from lotwise.money import DOLLAR
from lotwise.tax.gains import year_to_date

__all__ = ["PAST_EVERY", "Past", "nights_of", "open_newcomers", "opening_of", "with_newcomers"]

# So many households bring one with a past: the engine's nights of all of them would make every demo wait.
PAST_EVERY = 5
# Month ends, counted back from the last: the opening, on whose morrow is the first night, and the other nights, the
# last of which is near enough for wash windows to be open today.
_OPENING, _NIGHTS = 15, (8, 1)
# Chances that a household saves or spends, and the part of its value that it does in a year.
_SAVES, _SPENDS = (0.30, (0.015, 0.06)), (0.15, (0.01, 0.03))
# Most of an account's cash that is drawn between two nights: nobody overdraws.
_MOST_DRAWN = 0.6
_YEAR = 365.0
# Days of prices that a night's folder has: six years, as many as are read of it.
_LOOKS_BACK = 6 * 366


def nights_of(panel: MarketPanel) -> list[Night]:
    """Nights of the replay."""
    ends = month_ends(panel)
    return [Night(opening_of(panel) + 1), *(Night(ends[-back]) for back in _NIGHTS)]


def opening_of(panel: MarketPanel) -> int:
    """Row of the opening. Raises ValueError where the market is too short for a past."""
    ends = month_ends(panel)
    if len(ends) < _OPENING:
        raise ValueError(f"a past needs {_OPENING} months of prices at least, had {len(ends)}")
    return ends[-_OPENING]


_EXACT = {"shares": pl.Decimal(18, 6), "basis": pl.Decimal(18, 4)}


class _Accounts(NamedTuple):
    """The firm's A accounts, in the order of the files."""

    ids: list[str]
    household: NDArray[np.int64]  # (A,)
    taxable: NDArray[np.bool_]
    managed: NDArray[np.bool_]
    cash: Floats  # dollars on the day of the opening


class Past:
    """Writes a demo firm with a past into an empty folder."""

    def __init__(self, folder: Path, panel: MarketPanel, filled: Sequence[FilledHousehold], seed: int) -> None:
        """`filled` are the households as they are on the day of the opening."""
        self._folder, self._panel, self._filled, self._seed = folder, panel, filled, seed
        self._opening = opening_of(panel)
        self._then = known_on(panel, self._opening)
        self._clients = firm_tables(filled, self._then, Wishes(self._then).everyone())
        rows = [(number, account) for number, each in enumerate(filled) for account in each.accounts]
        self._accounts = _Accounts(
            [account.plan.account_id for _, account in rows],
            np.array([number for number, _ in rows]),
            np.array([account.plan.kind == "taxable" for _, account in rows]),
            np.array([not account.plan.held_away for _, account in rows]),
            np.array([account.cash for _, account in rows]),
        )

    def live_through(self, decide: Decide) -> dict[str, pl.DataFrame]:
        """Go through the nights; leaves the ledger as of the market's last day.

        Returns what the files say of these households then: households, accounts, lots, restrictions, transactions.
        """
        self._write_market(self._opening)
        self._write_clients(self._clients)
        replay = Replay(self._folder, self._panel, self._write_market, self._write_held, self._outside)
        replay.open()
        held = replay.go(self._opening, nights_of(self._panel), decide)
        for stem in ("lots", "accounts"):  # what the record begins with: anybody can add it up
            name = f"{stem}-{self._then.as_of.isoformat()}"
            write_table(self._folder / "history", name, self._clients[stem], parquet=False)
        own = self._clients["restrictions"].filter(pl.col("household_id") != "*")
        tables = self._tables(len(self._panel.days) - 1, held)
        return tables | {"restrictions": own, "transactions": pl.concat(replay.posted)}

    def _write_market(self, row: int) -> None:
        last = row == len(self._panel.days) - 1
        known = self._panel if last else known_on(self._panel, row)
        tables = market_tables(known, substitutes_of(known), self._opening)
        if not last:  # a night looks back no further
            since = from_day_number(int(known.days[-1]) - _LOOKS_BACK)
            tables["prices"] = tables["prices"].filter(pl.col("date") > since)
        write_whole(self._folder / "firm.toml", firm_toml(known.as_of, known.source))
        write_whole(self._folder / "profiles.toml", profiles_toml())
        for stem, table in tables.items():
            write_table(self._folder, stem, table, parquet=stem == "prices")

    def _write_clients(self, tables: dict[str, pl.DataFrame]) -> None:
        for stem, table in tables.items():
            write_table(self._folder, stem, table, parquet=False)

    def _write_held(self, row: int, held: Held) -> None:
        self._write_clients(self._tables(row, held))

    def _tables(self, row: int, held: Held) -> dict[str, pl.DataFrame]:
        """households, accounts and lots as they are on a day, in the columns of the opening's."""
        origin = self._clients["lots"].select("account_id", root="lot_id", origin="acquisition")
        lots = (
            held.lots.with_columns(root=pl.col("lot_id").str.replace(r"~\d+$", ""))
            .join(origin, on=["account_id", "root"], how="left", maintain_order="left")
            .with_columns(
                pl.coalesce("origin", "acquisition").alias("acquisition"),
                pl.col("shares").cast(_EXACT["shares"]),
                pl.col("basis", "original_basis", "loss_basis").cast(_EXACT["basis"]),
            )
            .drop("root", "origin")
        )
        cash = [f"{amount:.2f}" for amount in self._cash(held)]
        return {
            "households": self._households(row, held),
            "accounts": self._clients["accounts"].with_columns(cash=pl.Series(cash)),
            "lots": with_gaps(lots, self._filled),
        }

    def _households(self, row: int, held: Held) -> pl.DataFrame:
        """Households with the year's gains and expected dividends as of a day."""
        today, count = from_day_number(int(self._panel.days[row])), len(self._filled)
        code = self._codes(held)
        known = code >= 0
        place = np.where(known, code, 0)
        owner = np.where(known, self._accounts.household[place], count).astype(np.int32)
        taxable = known & self._accounts.taxable[place]
        gains = year_to_date(held.state.realized, owner, taxable, today.year, count + 1)
        table = self._clients["households"]
        before = today.year == self._then.as_of.year
        columns = []
        for name, found in (("ytd_short_gains", gains.short), ("ytd_long_gains", gains.long)):
            own = found[:count] / DOLLAR
            if before:
                own = own + table[name].cast(pl.Float64).to_numpy()
            columns.append(pl.Series(name, [f"{amount:.2f}" for amount in own]))
        market = known_on(self._panel, row)
        paid = np.nan_to_num(market.close[-1]) * trailing_yield(market, row) * qualified_shares(market)
        listed = (held.security >= 0) & taxable[held.account]
        each = held.shares[listed] * paid[held.security[listed]]
        dividends = np.bincount(owner[held.account[listed]], each, count + 1)[:count]
        columns.append(pl.Series("expected_qualified_dividends", [f"{amount:.0f}" for amount in dividends]))
        return table.with_columns(columns)

    def _codes(self, held: Held) -> NDArray[np.int64]:
        """Place among the firm's accounts of each account of the ledger."""
        place = {name: row for row, name in enumerate(self._accounts.ids)}
        return np.array([place.get(name, -1) for name in held.accounts], np.int64)

    def _cash(self, held: Held) -> Floats:
        """Dollars of each account of the firm."""
        cash = self._accounts.cash.copy()
        np.add.at(cash, self._codes(held), held.moved / DOLLAR)
        return cash

    def _outside(self, span: tuple[int, int], held: Held) -> pl.DataFrame:
        """Deposits and withdrawals in the middle of a time, and fees on the day before the night that ends it."""
        before, until = span
        if until - before < 2:
            return cash_rows([])
        accounts, days = self._accounts, self._panel.days
        middle, eve = int(days[(before + until) // 2]), int(days[until - 1])
        years = float(days[until] - days[before]) / _YEAR
        factor, listed = shares_since(self._panel, before), held.security >= 0
        close = np.nan_to_num(self._panel.close[until - 1])
        worth = held.shares[listed] * factor[held.security[listed]] * close[held.security[listed]]
        cash = self._cash(held)
        value = cash + np.bincount(self._codes(held)[held.account[listed]], worth, cash.size)
        rows: list[tuple[int, str, str, float]] = []
        for number, household in enumerate(self._filled):
            own = np.flatnonzero((accounts.household == number) & accounts.managed)
            moved = self._moved(number, float(value[own].sum()) * years) if own.size else 0.0
            moved = round(max(moved, -_MOST_DRAWN * max(float(cash[own[:1]].sum()), 0.0)), 2)
            if moved:
                rows.append((middle, accounts.ids[own[0]], "deposit" if moved > 0 else "withdrawal", abs(moved)))
                cash[own[0]] += moved
            if until == len(days) - 1:
                continue  # the quarter is not over
            for account in own.tolist():
                fee = round(min(float(value[account]) * household.plan.fee_bps / 1e4 * years, float(cash[account])), 2)
                if fee > 0:
                    rows.append((eve, accounts.ids[account], "fee", fee))
        return cash_rows(rows)

    def _moved(self, number: int, value_years: float) -> float:
        """Dollars that a household brings in, or takes out (negative), over a time."""
        draw = np.random.default_rng([self._seed, 4, number])
        chance, part = draw.random(), draw.random()
        if chance < _SAVES[0]:
            return value_years * (_SAVES[1][0] + part * (_SAVES[1][1] - _SAVES[1][0]))
        if chance < _SAVES[0] + _SPENDS[0]:
            return -value_years * (_SPENDS[1][0] + part * (_SPENDS[1][1] - _SPENDS[1][0]))
        return 0.0


def with_newcomers(past: dict[str, pl.DataFrame], others: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Tables about clients of whom some have a past, in the order of their numbers."""
    number = {"households": "household_id", "accounts": "household_id", "lots": "account_id"}
    joined = {}
    for stem, table in past.items():
        exact = [pl.col(name).cast(kind) for name, kind in _EXACT.items() if stem == "lots"]
        both = pl.concat([table, others[stem].with_columns(exact)] if others else [table], how="diagonal_relaxed")
        by = pl.col(number[stem]).str.extract(r"^H(\d+)").cast(pl.Int64) if stem in number else pl.col(both.columns[0])
        joined[stem] = both.sort(by, maintain_order=True) if stem != "restrictions" else both
    return joined


def open_newcomers(folder: Path) -> None:
    """Begin the record of every account of the folder that its ledger does not know, with its lots as they are today.

    What `lotwise ledger open` does for a whole firm. Raises ProposalError where the ledger does not take them.
    """
    opened, said = open_ledger(folder), FindingList()
    ledger, day = opened.ledger, opened.policy.as_of
    assert day is not None, "the demo says its day"
    known = ledger.standing().names.accounts.implode()
    parts = [earlier_rows(folder, day, ledger.register, said), opening_rows(folder, day, ledger.register, said)]
    rows = pl.concat([part.rows.filter(~pl.col("account_id").is_in(known)) for part in parts])
    posting = ledger.post(rows.sort("date", maintain_order=True))
    if np.any(posting.status != Refusal.POSTED):
        raise ProposalError(f"{folder}: the ledger must take every lot, refused {int((posting.status != 0).sum())}")
