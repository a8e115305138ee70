"""The folded state of a folder's record, in tonight's accounts and securities: posted to a ledger, or of its trades.

Taxpayers are those of tonight's roster, so that windows and gains can be told household by household. Identical are the
groups of securities.csv at all times and those of identical.csv on their days; the reading of the wash-sale rule is
firm.toml's.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import FolderError, Severity
from lotwise.interchange.firm_folder import market_files
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.carried_losses import FoldedNames
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.interchange.firm_folder.ledger_policy import Policy, read_policy
from lotwise.interchange.firm_folder.lots import LotContext
from lotwise.interchange.firm_folder.recorded_trades import Trades, lot_rows
from lotwise.interchange.firm_folder.register import read_register
from lotwise.interchange.firm_folder.register_changes import report_changed_years
from lotwise.interchange.firm_folder.securities import Securities, code_of
from lotwise.interchange.firm_folder.tables import is_there
from lotwise.ledger.events import EVENT, no_details
from lotwise.ledger.families import families_of
from lotwise.ledger.fold import empty_state, fold
from lotwise.ledger.tables import Refusal, State, World
from lotwise.money import IntArray
from lotwise.storage.event_tables import event_tables
from lotwise.storage.folded import Standing
from lotwise.storage.journal import Journal
from lotwise.storage.ledger import Ledger
from lotwise.storage.names import Names, with_names
from lotwise.storage.register import ACCOUNTS, IDENTICAL_ROWS, Register

__all__ = ["FoldedRecord", "fold_trades", "households_of", "posted_record", "tonight_register"]

_LOT, _BUY = "lot ", "buy "  # what names of lots in the folded trades begin with


class FoldedRecord(NamedTuple):
    """What a record folds into."""

    state: State
    world: World  # taxpayers as in the roster; those of strangers come after all of the roster
    names: FoldedNames
    codes: Names  # of which the state holds codes
    refused: pl.Series  # lines of trades that could not be folded (none of a ledger)
    posted: Standing | None  # of a ledger


def households_of(record: FoldedRecord, accounts: AccountTable) -> NDArray[np.int32]:
    """Position in the roster of the household of each account of a record; a stranger's is one more than there are."""
    place = record.names.account.fill_null(len(accounts.ids)).to_numpy()
    known: NDArray[np.int32] = np.append(accounts.household, len(accounts.roster.ids))[place].astype(np.int32)
    return known


def tonight_register(folder: Path, context: LotContext, findings: FindingList) -> Register:
    """Accounts, identical securities and reading of the law as the ledger has them, from what has been read already."""
    accounts = context.accounts
    policy = _policy(folder, findings)
    listed = pl.DataFrame(
        {
            "account_id": accounts.ids,
            "household_id": accounts.roster.names.gather(accounts.household),
            "taxpayer": pl.Series(accounts.roster.taxpayer[accounts.household]).cast(pl.String),
            "kind": accounts.kind,
            "relief": pl.repeat(policy.relief, len(accounts.ids), dtype=pl.String, eager=True),
            "short_rate": np.zeros(len(accounts.ids), np.int64),
            "long_rate": np.zeros(len(accounts.ids), np.int64),
        },
        schema=ACCOUNTS,
    )
    no_funds = pl.Series([], dtype=pl.String)
    return Register(listed, no_funds, _identical(folder, context.securities, policy, findings), policy.reading)


def _policy(folder: Path, findings: FindingList) -> Policy:
    """What firm.toml says of the ledger; the rest of that file has been reported where it was read."""
    if not (folder / "firm.toml").is_file():
        return Policy()
    said = FindingList()
    policy = read_policy(folder, said)
    findings.extend(each for each in said.all_sorted(()) if each.column in ("reading", "relief"))
    return policy


def _identical(folder: Path, securities: Securities, policy: Policy, findings: FindingList) -> pl.DataFrame:
    if is_there(folder, market_files.IDENTICAL):
        said = FindingList()
        rows = read_register(folder, policy, said).identical
        findings.extend(each for each in said.all_sorted(()) if each.file.startswith(market_files.IDENTICAL.stem))
        return rows
    ever = np.iinfo(np.int32)
    rows = pl.DataFrame(
        {"symbol": securities.labels.symbols, "group": pl.Series(securities.identical).cast(pl.String)}
    ).filter(pl.col("group").is_duplicated())
    return rows.with_columns(first=pl.lit(ever.min + 1), last=pl.lit(ever.max)).cast(pl.Schema(IDENTICAL_ROWS))


def fold_trades(trades: Trades, lots: pl.DataFrame, register: Register, context: LotContext) -> FoldedRecord:
    """Fold the trades of a record, and of the lots bought since it begins those that a sale of it may concern.

    `lots`: account_id, symbol, lot_id, acquired, shares, basis, holding_start, original_basis. Other lots need no
    folding: nothing has become of them.
    """
    accounts = context.accounts
    base = with_names(
        Names(
            pl.Series(accounts.ids, dtype=pl.String),
            pl.Series(context.securities.labels.symbols, dtype=pl.String),
            pl.Series([], dtype=pl.String),
            pl.Series([], dtype=pl.String),
        ),
        trades.rows,
    )
    world = _of_roster(register.world(base), base, accounts)
    brought = _lots_concerned(trades, lots, base, world)
    rows = pl.concat([lot_rows(brought, "lots"), trades.rows]).sort("date", "line", maintain_order=True)
    names = with_names(base, rows)
    state, refused = empty_state(), pl.Series([], dtype=pl.Int64)
    if rows.height:
        events, details = event_tables(rows, names)
        folded = fold(events, details, world)
        state = folded.state
        refused = rows["line"].filter(pl.Series(folded.status != Refusal.POSTED) & (rows["line"] >= 0))
    given = trades.purchases.select("name", "label").unique("name")
    labels = pl.DataFrame({"name": names.lots}).join(given, on="name", how="left", maintain_order="left")
    label = pl.when(pl.col("name").str.starts_with(_LOT)).then(pl.col("name").str.slice(len(_LOT))).otherwise("label")
    tonight = _tonight(names, labels.select(label.alias("label")).to_series(), context)
    return FoldedRecord(state, world, tonight, names, refused, None)


def _lots_concerned(trades: Trades, lots: pl.DataFrame, names: Names, world: World) -> pl.DataFrame:
    """Lots of a taxpayer and a family of securities in which the record has a sale, and no purchase of that day."""
    families = families_of(np.empty(0, EVENT), no_details(0), world)

    def desks(frame: pl.DataFrame) -> pl.DataFrame:
        account = code_of(frame["account_id"], tuple(names.accounts)).to_numpy()
        security = code_of(frame["symbol"], tuple(names.securities)).to_numpy()
        taxpayer: IntArray = world.accounts["taxpayer"][account].astype(np.int64)
        return frame.with_columns(
            pl.Series("taxpayer", taxpayer, dtype=pl.Int64),
            pl.Series("family", families[security].astype(np.int64), dtype=pl.Int64),
        )

    sold = desks(trades.rows.filter(pl.col("kind") == "sell").select("account_id", "symbol"))
    if not sold.height or not lots.height:
        return lots.head(0).with_columns(used=pl.lit(value=False))
    own = sold.select("account_id", "family", seller=pl.lit(value=True)).unique()
    contains_loss = (pl.col("original_basis") < pl.col("basis")).fill_null(value=False)
    return (
        desks(lots)
        .join(sold.select("taxpayer", "family").unique(), on=["taxpayer", "family"], how="semi", maintain_order="left")
        .join(
            trades.purchases.select("account_id", "symbol", acquired="date").unique(),
            on=["account_id", "symbol", "acquired"],
            how="anti",
            maintain_order="left",
        )
        .join(own, on=["account_id", "family"], how="left", maintain_order="left")
        # A loss in its basis whose sale the record does not have: it cannot take over another.
        .with_columns(used=contains_loss & pl.col("seller").is_null())
    )


def posted_record(folder: Path, context: LotContext, findings: FindingList) -> FoldedRecord | None:
    """Return where the folder's ledger stands; None where nothing is posted. A broken ledger stops the folder."""
    said = FindingList()  # accounts and securities are reported where they are read
    try:
        if not Journal(folder / "ledger" / "journal").parts():
            return None
        register = read_register(folder, _policy(folder, findings), said)
        ledger = Ledger(folder, register)
        standing, world = ledger.standing(), ledger.world()
        report_changed_years(ledger, findings)
    except FolderError as error:
        message = Message(Severity.ERROR, "a whole ledger", "bring back what is missing from a backup")
        findings.stop(Place("ledger"), message, str(error))
        return None
    names = standing.names
    return FoldedRecord(
        standing.state,
        _of_roster(world, names, context.accounts),
        _tonight(names, names.lots, context),
        names,
        pl.Series([], dtype=pl.Int64),
        standing,
    )


def _tonight(names: Names, labels: pl.Series, context: LotContext) -> FoldedNames:
    return FoldedNames(
        code_of(names.accounts, context.accounts.ids),
        code_of(names.securities, context.securities.labels.symbols),
        names.securities,
        labels,
    )


def _of_roster(world: World, names: Names, accounts: AccountTable) -> World:
    """Number taxpayers as the roster does; an account that is not in the folder is a taxpayer of its own."""
    position = code_of(names.accounts, accounts.ids)
    known = position.is_not_null().to_numpy()
    place = position.fill_null(0).to_numpy()
    roster = accounts.roster
    table = world.accounts.copy()
    first = int(roster.taxpayer.max(initial=-1)) + 1
    table["taxpayer"] = first + np.arange(table.size)
    if len(accounts.ids):
        table["taxpayer"][known] = roster.taxpayer[accounts.household[place]][known]
        table["kind"][known] = accounts.kind[place][known]
    return world._replace(accounts=table)
