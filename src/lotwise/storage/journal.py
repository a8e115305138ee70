"""The journal: everything that was ever posted, as Parquet parts that are only added to, one per posting.

`FOLDER/ledger/journal/000001.parquet`, `000002.parquet`, ... hold the rows of transactions as columns with names as
text, dates as dates, shares as millionths and money as ten-thousandths of a dollar. A part appears whole or not at
all and is never written again. The number of an event is its row in the journal, counted over all parts from 0.

Rows of account `*` are market-wide corporate actions that have been applied: they say so and are no events.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import polars as pl

from lotwise.errors import FolderError

__all__ = ["COLUMNS", "DAYS", "EVERY_ACCOUNT", "NUMBER", "SCHEMA", "Journal"]

EVERY_ACCOUNT = "*"
NUMBER = "number"  # of an event; not stored: it is the row

# Columns in memory: days count from 1970-01-01, as everywhere in the exact world.
SCHEMA: dict[str, pl.DataType] = {
    "date": pl.Int32(),
    "account_id": pl.String(),
    "kind": pl.String(),
    "transaction_id": pl.String(),
    "sequence": pl.Float64(),
    "symbol": pl.String(),
    "shares": pl.Int64(),
    "amount": pl.Int64(),
    "price": pl.Int64(),
    "fee": pl.Int64(),
    "settle_date": pl.Int32(),
    "ex_date": pl.Int32(),
    "qualified": pl.Boolean(),
    "lot_id": pl.String(),
    "order_id": pl.String(),
    "basis": pl.Int64(),
    "term": pl.String(),
    "acquired": pl.Int32(),
    "holding_period_start": pl.Int32(),
    "acquisition": pl.String(),
    "original_basis": pl.Int64(),
    "new_symbol": pl.String(),
    "ratio_new": pl.Int64(),
    "ratio_old": pl.Int64(),
    "cash_per_share": pl.Int64(),
    "fraction": pl.Int64(),
    "fair_value": pl.Int64(),
    "donor_basis": pl.Int64(),
    "donor_acquired": pl.Int32(),
    "counter_account": pl.String(),
    "relief": pl.String(),
    "stated": pl.Boolean(),
    "replaced": pl.Boolean(),
    "standing_relief": pl.String(),  # the account's standing order when it was posted, where no lot or relief is named
    "settled": pl.Int64(),  # the cash that moved, after the fee
    "source": pl.String(),  # file it came from ...
    "line": pl.Int64(),  # ... and line
}
COLUMNS = tuple(SCHEMA)
DAYS = tuple(name for name, kind in SCHEMA.items() if kind == pl.Int32())


class Journal:
    """The parts of one ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def parts(self) -> list[Path]:
        """List the parts in order; raises FolderError where one is missing."""
        found = sorted(path for path in self.folder.glob("[0-9]*.parquet") if path.stem.isdigit())
        for number, path in enumerate(found, start=1):
            if path.name != _name(number):
                raise FolderError(f"{self.folder}: must have {_name(number)}, was missing; bring it back from a backup")
        return found

    def fingerprint(self) -> list[str]:
        """Digest of the content of each part."""
        return [hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest() for path in self.parts()]

    def rows(self) -> int:
        """Number of rows of all parts."""
        return sum(int(pl.scan_parquet(path).select(pl.len()).collect().item()) for path in self.parts())

    def read(self, accounts: pl.Series | None = None, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Read the events (of some accounts) in the order in which they were posted, with their `NUMBER`."""
        wanted = [NUMBER, *(columns or COLUMNS)]
        keep = pl.col("account_id") != EVERY_ACCOUNT
        if accounts is not None:
            keep &= pl.col("account_id").is_in(accounts.implode())
        return self._scan().filter(keep).select(wanted).collect()

    def market_actions(self) -> pl.DataFrame:
        """Read the corporate actions that have been applied to every account."""
        return self._scan().filter(pl.col("account_id") == EVERY_ACCOUNT).collect()

    def matching(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Read the rows whose account and transaction id are among `keys`."""
        on = ["account_id", "transaction_id"]
        # Keys first: nearly always there are none, and the other columns of a long journal are not read for nothing.
        named = self._scan().select(NUMBER, *on).join(keys.lazy().select(on).unique(), on=on, how="semi").collect()
        found = self._scan() if named.height else self._scan().head(0)
        return found.filter(pl.col(NUMBER).is_in(named[NUMBER].implode())).collect()

    def append(self, rows: pl.DataFrame) -> Path:
        """Write one posting as the next part, whole or not at all; it is on the disk when this returns.

        Raises FolderError where another process posted in the meantime: nothing is written then.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / _name(len(self.parts()) + 1)
        partial = path.with_name(f".{path.name}.partial-{secrets.token_hex(4)}")
        stored = rows.select(COLUMNS).with_columns(pl.col(DAYS).cast(pl.Date))
        try:
            with partial.open("wb") as file:
                stored.write_parquet(file)
                file.flush()
                os.fsync(file.fileno())
            os.link(partial, path)  # a rename would replace the part that another process has just written
        except FileExistsError as error:
            raise FolderError(f"{path}: another posting came in between; post again") from error
        finally:
            partial.unlink(missing_ok=True)
        _flush_folder(self.folder)
        return path

    def _scan(self) -> pl.LazyFrame:
        parts = self.parts()
        if not parts:
            return pl.DataFrame(schema={NUMBER: pl.Int64(), **SCHEMA}).lazy()
        scan = pl.scan_parquet(parts, row_index_name=NUMBER)
        return scan.with_columns(pl.col(NUMBER).cast(pl.Int64), pl.col(DAYS).cast(pl.Int32))


def _name(number: int) -> str:
    return f"{number:06d}.parquet"


def _flush_folder(folder: Path) -> None:
    """Bring the new name itself to the disk, where the system can (not on Windows)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
