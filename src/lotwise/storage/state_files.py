"""The cache of what was folded: `FOLDER/ledger/state/`, which may be deleted at any time.

Tables as Parquet, codes of names in `names.parquet`. `fingerprint.json` is removed first and written last and names the
parts of the journal, the register and the version that the tables were folded from: whatever does not fit is folded
again, so that a crash in between loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.ledger.events import Table
from lotwise.ledger.tables import LOT, REALIZED, WASH, State
from lotwise.storage.folded import Standing
from lotwise.storage.names import Names

__all__ = ["Earlier", "read_earlier", "read_standing", "write_standing"]

_FINGERPRINT = "fingerprint.json"
_REGISTER = "register"
_BLOCK = 4096
_TABLES = {"lots": LOT, "realized": REALIZED, "washes": WASH}


class Earlier(NamedTuple):
    """What was folded of the same journal, maybe under another register."""

    standing: Standing
    kinds: NDArray[np.uint8]  # (A,) AccountKind under that register
    register: object  # its fingerprint


def write_standing(
    folder: Path, standing: Standing, kinds: NDArray[np.uint8], fingerprint: Mapping[str, object]
) -> None:
    """Replace the cache; it counts only once all of it is there. `kinds`: (A,) AccountKind, under the register."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FINGERPRINT).unlink(missing_ok=True)
    for name, table in zip(_TABLES, standing.state, strict=True):
        _to_frame(table).write_parquet(folder / f"{name}.parquet", compression="lz4")
    names = pl.concat(
        pl.DataFrame({"of": pl.repeat(of, len(texts), eager=True), "name": texts})
        for of, texts in standing.names._asdict().items()
    )
    names.write_parquet(folder / "names.parquet")
    accounts = pl.DataFrame({"last_day": standing.last_day, "cash": standing.cash, "kind": kinds})
    accounts.write_parquet(folder / "accounts.parquet")
    pl.DataFrame({"event": standing.refused}).write_parquet(folder / "refused.parquet")
    (folder / _FINGERPRINT).write_text(json.dumps({**fingerprint, "rows": standing.rows}), encoding="utf-8")


def read_standing(folder: Path, fingerprint: Mapping[str, object]) -> Standing | None:
    """Read the cache if it is whole and was folded from just this; None otherwise."""
    found = _read(folder, fingerprint, ())
    return None if found is None else found.standing


def read_earlier(folder: Path, fingerprint: Mapping[str, object]) -> Earlier | None:
    """Read the cache if it is whole and was folded from the same journal, whatever the register; None otherwise."""
    return _read(folder, fingerprint, (_REGISTER,))


def _read(folder: Path, fingerprint: Mapping[str, object], apart_from: tuple[str, ...]) -> Earlier | None:
    try:
        said = json.loads((folder / _FINGERPRINT).read_text(encoding="utf-8"))
        rows = said.pop("rows")
        register = said[_REGISTER]
        if {**said, **{name: fingerprint[name] for name in apart_from}} != dict(fingerprint):
            return None
        tables = [_to_table(pl.read_parquet(folder / f"{name}.parquet"), kind) for name, kind in _TABLES.items()]
        names = pl.read_parquet(folder / "names.parquet")
        accounts = pl.read_parquet(folder / "accounts.parquet")
        kinds = accounts["kind"].to_numpy()
        refused = pl.read_parquet(folder / "refused.parquet")["event"].to_numpy()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError):
        return None  # a cache: whatever is wrong with it, folding again is right
    lists = Names(*(names.filter(pl.col("of") == of)["name"] for of in Names._fields))
    standing = Standing(
        lists, State(*tables), accounts["last_day"].to_numpy(), accounts["cash"].to_numpy(), refused, int(rows)
    )
    return Earlier(standing, kinds, register)


def _to_frame(table: Table) -> pl.DataFrame:
    return pl.DataFrame({name: np.ascontiguousarray(table[name]) for name in table.dtype.names or ()})


def _to_table(frame: pl.DataFrame, kind: np.dtype[np.void]) -> Table:
    table = np.empty(frame.height, kind)
    columns = {name: frame[name].to_numpy() for name in kind.names or ()}
    # Rows that fit the processor's cache at a time: otherwise all of them would go through memory once a column.
    for first in range(0, table.size, _BLOCK):
        rows = table[first : first + _BLOCK]
        for name, column in columns.items():
            rows[name] = column[first : first + _BLOCK]
    return table
