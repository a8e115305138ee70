"""Whatever a program holds as a table comes out as the same cells."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from pyarrow.lib import array as arrow_array
from pyarrow.lib import table as arrow_table

from lotwise.library.frames import frame_of

ROWS = [{"symbol": "AAA", "shares": 1.5, "day": date(2026, 1, 2)}, {"symbol": "BBB", "shares": None, "day": None}]
WANTED = pl.DataFrame(ROWS)


@pytest.mark.parametrize(
    "table",
    [
        WANTED,
        WANTED.lazy(),
        ROWS,
        iter(ROWS),
        WANTED.to_dict(as_series=False),
        WANTED.to_arrow(),
    ],
    ids=["polars", "lazy", "dicts", "iterator", "columns", "arrow"],
)
def test_every_kind_of_table_gives_the_same_frame(table: Any) -> None:
    assert frame_of("lots", table).equals(WANTED)


def test_a_pandas_frame_gives_the_same_frame_whatever_its_index() -> None:
    pandas = pytest.importorskip("pandas", reason="needs pandas, which Lotwise does not depend on")
    frame = pandas.DataFrame(ROWS, index=["x", "y"])
    frame.index.name = None
    assert frame_of("lots", frame).equals(WANTED)
    dated = pandas.DataFrame({"day": pandas.to_datetime(["2026-01-02", None])})
    assert frame_of("lots", dated)["day"].dt.date().to_list() == [date(2026, 1, 2), None]


def test_a_pandas_column_of_several_types_becomes_text() -> None:
    pandas = pytest.importorskip("pandas", reason="needs pandas, which Lotwise does not depend on")
    frame = pandas.DataFrame({"shares": pandas.Series(["2", 1, 2.5, None, pandas.NA], dtype=object)})
    assert frame_of("lots", frame)["shares"].to_list() == ["2", "1", "2.5", None, None]


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ([1, 2.5], [1.0, 2.5]),
        ([Decimal("0.10"), 3], ["0.10", "3"]),
        ([Decimal("1E+3")], ["1000"]),
        (["a", 1, True, date(2026, 1, 2)], ["a", "1", "true", "2026-01-02"]),
        ([datetime(2026, 1, 2), None], [date(2026, 1, 2), None]),  # noqa: DTZ001 - a date has no time zone
        ([math.nan, 1.0], [None, 1.0]),
        ([np.int64(3), np.float64(1.5)], [3.0, 1.5]),
        ([np.datetime64("2026-01-02", "ns"), None], [date(2026, 1, 2), None]),
        ([2**70], [str(2**70)]),
        ([None, None], [None, None]),
    ],
)
def test_cells_keep_what_they_say(cells: list[object], wanted: list[object]) -> None:
    assert frame_of("lots", {"x": cells})["x"].to_list() == wanted


def test_rows_need_not_have_the_same_columns() -> None:
    frame = frame_of("lots", [{"a": 1}, {"b": "x"}, {}])
    assert frame.to_dict(as_series=False) == {"a": [1, None, None], "b": [None, "x", None]}


@pytest.mark.parametrize("name", ["category", "null"])
def test_types_that_parquet_does_not_have_become_text(name: str) -> None:
    kinds: dict[str, Any] = {"category": pl.Categorical(), "null": pl.Null()}
    cells = ["a", "b"] if name == "category" else [None, None]
    assert frame_of("lots", pl.DataFrame({"x": pl.Series(cells, dtype=kinds[name])})).schema == {"x": pl.String()}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (7, "lots must be a table: .* was int"),
        ("lots.csv", "lots must be a table: .* was str"),
        ([{"a": 1}, [2]], "lots, row 2: must be a dict of column to cell, was list"),
        ({"a": [1], "b": [1, 2]}, "lots must have as many cells in every column, had a 1, b 2"),
        (pl.DataFrame({"x": pl.Series([object()], dtype=pl.Object)}), r"lots \[x\] must be plain values"),
        (
            arrow_table([arrow_array([1]), arrow_array([2])], names=["a", "a"]),
            "lots must have every column once, had a, a",
        ),
    ],
)
def test_what_is_no_table_is_named(table: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        frame_of("lots", table)
