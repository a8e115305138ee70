"""The register: what the firm says of accounts, funds and identical securities, whatever was posted.

It may change from day to day (a marriage joins two taxpayers, a rate rises): then everything is folded again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import Relief
from lotwise.ledger.tables import ACCOUNT, IDENTICAL, Reading, World
from lotwise.storage.names import Names, codes_of

__all__ = ["ACCOUNTS", "IDENTICAL_ROWS", "Register"]

ACCOUNTS: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "household_id": pl.String(),
    "taxpayer": pl.String(),  # spouses are one: wash_group, else the household
    "kind": pl.UInt8(),  # households.accounts.AccountKind
    "relief": pl.String(),  # standing order: a Relief in small letters
    "short_rate": pl.Int64(),  # billionths
    "long_rate": pl.Int64(),
}
IDENTICAL_ROWS: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "group": pl.String(),
    "first": pl.Int32(),
    "last": pl.Int32(),
}


@dataclass(frozen=True, slots=True)
class Register:
    """Accounts (`ACCOUNTS`), symbols of funds, identical securities (`IDENTICAL_ROWS`) and the reading of the law."""

    accounts: pl.DataFrame
    funds: pl.Series
    identical: pl.DataFrame
    reading: Reading = Reading.HELD_AT_END_OF_DAY

    def world(self, names: Names) -> World:
        """Put what events refer to in the order of their codes."""
        return World(
            self._accounts(names.accounts),
            names.securities.is_in(self.funds.implode()).to_numpy().astype(np.bool_),
            self._identical(names.securities),
            self.reading,
        )

    def taxpayers(self, accounts: pl.Series) -> NDArray[np.int32]:
        """Taxpayer of each account of a list of names, as numbers that hold for this list only."""
        known = self.accounts.select("account_id", "taxpayer")
        found = accounts.alias("account_id").to_frame().join(known, "account_id", "left", maintain_order="left")
        # An account that the firm no longer lists is a taxpayer of its own.
        own = pl.coalesce("taxpayer", pl.lit("\0") + pl.col("account_id"))
        return found.select(own.rank("dense").cast(pl.Int32) - 1).to_series().to_numpy()

    def fingerprint(self) -> dict[str, str]:
        """Digest of each part of all that a fold depends on; rates: of rows that were posted without them."""
        columns = ("account_id", "taxpayer", "kind", "short_rate", "long_rate")
        return {
            "accounts": _digest(self.accounts.select(columns).sort("account_id")),
            "funds": _digest(self.funds.alias("symbol").sort().to_frame()),
            "identical": _digest(self.identical.sort("symbol", "group", "first", "last")),
            "reading": self.reading.name,
        }

    def _accounts(self, names: pl.Series) -> NDArray[np.void]:
        found = names.alias("account_id").to_frame().join(self.accounts, "account_id", "left", maintain_order="left")
        table = np.zeros(len(names), ACCOUNT)
        table["taxpayer"] = self.taxpayers(names)
        table["kind"] = found["kind"].fill_null(int(AccountKind.TAXABLE)).to_numpy()
        table["relief"] = Relief.FIFO  # standing orders are resolved when an event is posted, for good
        table["short_rate"] = found["short_rate"].fill_null(0).to_numpy()
        table["long_rate"] = found["long_rate"].fill_null(0).to_numpy()
        return table

    def _identical(self, names: pl.Series) -> NDArray[np.void]:
        codes = codes_of(self.identical["symbol"], names)
        kept = self.identical.with_columns(pl.Series("security", codes)).filter(pl.col("security") >= 0)
        kept = kept.with_columns(pl.col("group").rank("dense").cast(pl.Int32) - 1).sort("security", "group", "first")
        table = np.zeros(kept.height, IDENTICAL)
        for name in ("security", "group", "first", "last"):
            table[name] = kept[name].to_numpy()
        return table


def _digest(frame: pl.DataFrame) -> str:
    return hashlib.blake2b(frame.write_csv().encode(), digest_size=16).hexdigest()
