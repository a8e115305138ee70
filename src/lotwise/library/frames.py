"""Any table that a program may hold becomes a polars frame with the same cells: nothing is looked at, nothing lost.

Taken are polars frames, whatever offers the Arrow stream (`__arrow_c_stream__`: pandas, pyarrow, duckdb and others), a
list of dicts (one per row) and a dict of columns. What the cells must be is the business of the reader of firm folders.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from pyarrow.lib import ArrowException
from pyarrow.lib import table as arrow_table

__all__ = ["Table", "frame_of"]

Table: TypeAlias = Any
"""A polars or pandas frame, an Arrow table, a list of dicts, or a dict of columns."""

_from_arrow: Callable[..., Any] = pl.from_arrow
_arrow_table: Callable[..., Any] = arrow_table

_INDEX = "__index_level_"  # columns that pandas makes of an index
_WHOLE = 2**63
_TYPES: dict[frozenset[type], pl.DataType] = {
    frozenset(): pl.String(),
    frozenset({str}): pl.String(),
    frozenset({bool}): pl.Boolean(),
    frozenset({int}): pl.Int64(),
    frozenset({float}): pl.Float64(),
    frozenset({int, float}): pl.Float64(),
    frozenset({date}): pl.Date(),
}


def frame_of(name: str, table: Table) -> pl.DataFrame:
    """Return a table as a polars frame that can be written as Parquet.

    A column of Python objects of several types becomes text, as it would stand in a CSV file; None, NaN, NaT and NA are
    empty cells. Raises TypeError, with the table's name, for what is no table or has columns of Python objects.
    """
    if isinstance(table, pl.LazyFrame):
        return _storable(name, table.collect())
    if isinstance(table, pl.DataFrame):
        return _storable(name, table)
    if isinstance(table, Mapping):
        return _of_columns(name, {str(column): list(cells) for column, cells in table.items()})
    if hasattr(table, "__arrow_c_stream__") or hasattr(table, "to_dict"):
        return _of_foreign(name, table)
    if isinstance(table, Iterable) and not isinstance(table, str | bytes):
        return _of_rows(name, table)
    raise TypeError(_no_table(name, table))


def _no_table(name: str, table: object) -> str:
    return (
        f"{name} must be a table: a polars or pandas data frame, an Arrow table, a list of dicts or a dict of columns; "
        f"was {type(table).__name__}"
    )


def _of_foreign(name: str, table: Table) -> pl.DataFrame:
    """Take a frame of another library over Arrow; where a column of it is of no Arrow type, cell by cell."""
    if hasattr(table, "__arrow_c_stream__"):
        try:
            arrow = _arrow_table(table)
        except (ArrowException, TypeError, ValueError) as error:
            if not hasattr(table, "to_dict"):
                raise TypeError(f"{name} cannot be read over Arrow: {error}") from error
        else:
            kept = [column for column in arrow.column_names if not column.startswith(_INDEX)]
            if len(set(kept)) < len(kept):
                raise TypeError(f"{name} must have every column once, had {', '.join(kept)}")
            return _storable(name, _from_arrow(arrow.select(kept)))
    columns = table.to_dict("list")
    if not isinstance(columns, Mapping):
        raise TypeError(_no_table(name, table))
    return _of_columns(name, {str(column): list(cells) for column, cells in columns.items()})


def _of_rows(name: str, rows: Iterable[object]) -> pl.DataFrame:
    listed = list(rows)
    columns: dict[str, list[object]] = {}
    for number, row in enumerate(listed, start=1):
        if not isinstance(row, Mapping):
            raise TypeError(f"{name}, row {number}: must be a dict of column to cell, was {type(row).__name__}")
        for column, cell in row.items():
            columns.setdefault(str(column), [None] * len(listed))[number - 1] = cell
    return _of_columns(name, columns)


def _of_columns(name: str, columns: Mapping[str, Sequence[object]]) -> pl.DataFrame:
    lengths = {column: len(cells) for column, cells in columns.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{column} {length}" for column, length in lengths.items())
        raise TypeError(f"{name} must have as many cells in every column, had {said}")
    return pl.DataFrame([_column(column, cells) for column, cells in columns.items()])


def _column(name: str, cells: Sequence[object]) -> pl.Series:
    plain = [_plain(cell) for cell in cells]
    kinds = frozenset(type(cell) for cell in plain if cell is not None)
    large = int in kinds and any(isinstance(cell, int) and abs(cell) >= _WHOLE for cell in plain)
    if kinds in _TYPES and not large:
        return pl.Series(name, plain, dtype=_TYPES[kinds])
    return pl.Series(name, [None if cell is None else _text(cell) for cell in plain], dtype=pl.String)


def _plain(cell: object) -> object:
    """A cell as a plain Python object; None where it is empty, whatever a library calls that."""
    if isinstance(cell, np.datetime64):
        cell = cell.astype("datetime64[us]")
    if isinstance(cell, np.generic):
        cell = cell.item()
    if cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date()
    return cell


def _text(cell: object) -> str:
    """A cell as a CSV file has it."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _storable(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame without the types that Parquet does not have."""
    for column, kind in frame.schema.items():
        if kind == pl.Object:
            raise TypeError(f"{name} [{column}] must be plain values, was Python objects")
        if isinstance(kind, pl.Categorical | pl.Enum | pl.Int128 | pl.Null):
            frame = frame.with_columns(pl.col(column).cast(pl.String))
    return frame
