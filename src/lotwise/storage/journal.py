"""The journal: everything that was ever posted, as Parquet parts that are only added to, one per posting.

`FOLDER/ledger/journal/000001.parquet`, `000002.parquet`, ... hold the rows of transactions as columns with names as
text, dates as dates, shares as millionths and money as ten-thousandths of a dollar. A part appears whole or not at
all and is never written again. The number of an event is its row in the journal, counted over all parts from 0.

Rows of account `*` are market-wide corporate actions that have been applied: they say so and are no events.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Collection
from pathlib import Path

import polars as pl

from lotwise.errors import FolderError

__all__ = ["COLUMNS", "DAYS", "EVERY_ACCOUNT", "NUMBER", "SCHEMA", "STANDING", "Journal"]

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
    # Where relief by lowest tax takes the lots: the account's rates when it was posted, billionths.
    "standing_short_rate": pl.Int64(),
    "standing_long_rate": pl.Int64(),
    "settled": pl.Int64(),  # the cash that moved, after the fee
    "source": pl.String(),  # file it came from ...
    "line": pl.Int64(),  # ... and line
}
COLUMNS = tuple(SCHEMA)
STANDING = ("standing_relief", "standing_short_rate", "standing_long_rate")  # what the register says when it is posted
DAYS = tuple(name for name, kind in SCHEMA.items() if kind == pl.Int32())
# As they are stored; parts that were written before there were such columns have none of the later ones.
_STORED = {name: pl.Date() if name in DAYS else kind for name, kind in SCHEMA.items()}
_LATER = ("standing_short_rate", "standing_long_rate")

# What reading a spoiled part raises: where its figures are nonsense, polars stops in the middle (a panic).
_DAMAGE = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


class Journal:
    """The parts of one ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: set[Path] = set()  # parts that have the columns of a journal; none is ever written again

    def parts(self) -> list[Path]:
        """List the parts in order; raises FolderError where one is missing, or where the folder cannot be listed."""
        try:
            # Not glob, which takes a folder that it may not list for an empty one.
            found = sorted(path for path in self.folder.iterdir() if path.suffix == ".parquet" and path.stem.isdigit())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(self.folder, "a folder that can be read", error) from error
        for number, path in enumerate(found, start=1):
            if path.name != _name(number):
                raise FolderError(f"{self.folder}: must have {_name(number)}, was missing; bring it back from a backup")
        return found

    def fingerprint(self) -> list[str]:
        """Digest of the content of each part; raises FolderError where one cannot be read."""
        made = []
        for path in self.parts():
            try:
                made.append(hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest())
            except OSError as error:
                raise _unreadable(path, "a part that can be read", error) from error
        return made

    def rows(self) -> int:
        """Number of rows of all parts."""
        return sum(int(self._collected(pl.scan_parquet(path).select(pl.len())).item()) for path in self.parts())

    def read(self, accounts: pl.Series | None = None, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Read the events (of some accounts) in the order in which they were posted, with their `NUMBER`."""
        wanted = [NUMBER, *(columns or COLUMNS)]
        keep = pl.col("account_id") != EVERY_ACCOUNT
        if accounts is not None:
            keep &= pl.col("account_id").is_in(accounts.implode())
        return self._collected(self._scan().filter(keep).select(wanted))

    def first_posting(self, columns: tuple[str, ...]) -> pl.DataFrame:
        """Read the events of the first part: the opening, where the ledger was opened from lots."""
        scan = self._scan(self.parts()[:1])
        return self._collected(scan.filter(pl.col("account_id") != EVERY_ACCOUNT).select(columns))

    def of_kinds(self, kinds: Collection[str], first: int, last: int) -> pl.DataFrame:
        """Read the events of some kinds from one day to another, both included, with their `NUMBER`."""
        keep = (pl.col("account_id") != EVERY_ACCOUNT) & pl.col("kind").is_in(list(kinds))
        return self._collected(self._scan().filter(keep & pl.col("date").is_between(first, last)))

    def market_actions(self) -> pl.DataFrame:
        """Read the corporate actions that have been applied to every account."""
        return self._collected(self._scan().filter(pl.col("account_id") == EVERY_ACCOUNT))

    def matching(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Read the rows whose account and transaction id are among `keys`."""
        on = ["account_id", "transaction_id"]
        # Keys first: nearly always there are none, and the other columns of a long journal are not read for nothing.
        wanted = keys.lazy().select(on).unique()
        named = self._collected(self._scan().select(NUMBER, *on).join(wanted, on=on, how="semi"))
        found = self._scan() if named.height else self._scan().head(0)
        return self._collected(found.filter(pl.col(NUMBER).is_in(named[NUMBER].implode())))

    def append(self, rows: pl.DataFrame) -> Path:
        """Write one posting as the next part, whole or not at all; it is on the disk when this returns.

        Raises FolderError where another process posted in the meantime, or where the folder cannot be written: nothing
        is posted then.
        """
        path = self.folder / _name(len(self.parts()) + 1)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write_part(rows.select(COLUMNS).with_columns(pl.col(DAYS).cast(pl.Date)), path)
        except OSError as error:
            why = error.strerror or type(error).__name__
            must_be = "must be a folder that can be written, with room"
            raise FolderError(f"{self.folder}: {must_be}, was: {why}; nothing was posted, post again then") from error
        _flush_folder(self.folder)
        return path

    def _scan(self, parts: list[Path] | None = None) -> pl.LazyFrame:
        parts = self.parts() if parts is None else parts
        if not parts:
            return pl.DataFrame(schema={NUMBER: pl.Int64(), **SCHEMA}).lazy()
        for path in parts:
            self._require_columns(path)
        scan = pl.scan_parquet(parts, schema=_STORED, missing_columns="insert", row_index_name=NUMBER)
        return scan.with_columns(pl.col(NUMBER).cast(pl.Int64), pl.col(DAYS).cast(pl.Int32))

    def _require_columns(self, path: Path) -> None:
        """Raise FolderError where a part lacks columns that every part has had: they would read as empty."""
        if path in self._known:
            return
        try:
            lacking = set(COLUMNS) - set(_LATER) - set(pl.read_parquet_schema(path))
        except _DAMAGE as error:
            raise _unreadable(path, "a whole part of the journal", error) from error
        if lacking:
            why = f"without {', '.join(sorted(lacking))}"
            raise FolderError(f"{path}: must be a part of the journal, was {why}; bring it back from a backup")
        self._known.add(path)

    def _collected(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Collect what was scanned; raises FolderError that names the part which cannot be read."""
        try:
            return frame.collect()
        except _DAMAGE as error:
            for path in self.parts():
                try:
                    self._scan([path]).collect()
                except _DAMAGE as damage:
                    raise _unreadable(path, "a whole part of the journal", damage) from error
            raise _unreadable(self.folder, "parts of one journal", error) from error


def _unreadable(path: Path, must_be: str, error: BaseException) -> FolderError:
    if isinstance(error, OSError) and error.strerror:
        return FolderError(f"{path}: must be {must_be}, was: {error.strerror}; correct that, nothing was done")
    why = str(error).partition("\n")[0]
    return FolderError(f"{path}: must be {must_be}, was damaged ({why}); bring it back from a backup")


def _write_part(stored: pl.DataFrame, path: Path) -> None:
    """Write a part under another name, then give it its own, unless somebody else has taken that."""
    partial = path.with_name(f".{path.name}.partial-{secrets.token_hex(4)}")
    content = io.BytesIO()  # what goes wrong in writing it to a file, polars would not say
    stored.write_parquet(content)
    try:
        with partial.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)  # a rename would replace the part that another process has just written
    except FileExistsError as error:
        raise FolderError(f"{path}: another posting came in between; post again") from error
    finally:
        partial.unlink(missing_ok=True)


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
