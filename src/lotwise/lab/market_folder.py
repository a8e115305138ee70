"""Reading the tables of a folder of real prices: checked columns, and values laid out by day and security."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from lotwise.errors import FolderError
from lotwise.lab.market_panel import Floats, Int32Array

__all__ = ["events_on", "pivot", "read_table"]


def read_table(folder: Path, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
    """Read one table and make its times dates; raises FolderError where it or a column is missing."""
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise FolderError(f"{path}: must be there for a real market; it was not found")
    frame = pl.read_parquet(path)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise FolderError(f"{path}: must have the columns {', '.join(columns)}; {', '.join(missing)} missing")
    return frame.with_columns(pl.col(column).cast(pl.Date) for column in columns if frame.schema[column] == pl.Datetime)


def pivot(frame: pl.DataFrame, symbols: tuple[str, ...], days: pl.Series, column: str) -> Floats:
    """(T, S) values of one column, NaN where there is no row."""
    rows = pl.DataFrame({"date": days, "row": np.arange(len(days), dtype=np.int64)})
    places = pl.DataFrame({"ticker": symbols, "place": np.arange(len(symbols), dtype=np.int64)})
    found = frame.select("ticker", "date", column).join(rows, on="date").join(places, on="ticker").drop_nulls()
    values = np.full((len(days), len(symbols)), np.nan)
    values[found["row"].to_numpy(), found["place"].to_numpy()] = found[column].cast(pl.Float64).to_numpy()
    return values


def events_on(frame: pl.DataFrame, symbols: tuple[str, ...], days: pl.Series) -> tuple[Int32Array, Int32Array, Floats]:
    """Row, security and value of a table of (ticker, date, value), for what falls on the days."""
    rows = pl.DataFrame({"date": days, "row": np.arange(len(days), dtype=np.int32)})
    places = pl.DataFrame({"ticker": symbols, "place": np.arange(len(symbols), dtype=np.int32)})
    found = (
        frame.select("ticker", "date", "value")
        .drop_nulls()
        .join(rows, on="date")
        .join(places, on="ticker")
        .sort("row", "place")
    )
    return (
        found["row"].to_numpy().astype(np.int32),
        found["place"].to_numpy().astype(np.int32),
        found["value"].cast(pl.Float64).to_numpy().copy(),
    )
