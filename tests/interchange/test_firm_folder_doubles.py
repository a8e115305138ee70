"""Doubles become whole units as Python rounds them: half to even, nothing beyond the bounds, no cell without one."""

from __future__ import annotations

import math

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from lotwise.interchange.firm_folder.doubles import whole_units

CELLS = st.one_of(
    st.none(),
    st.floats(),
    st.integers(-(10**9), 10**9).map(lambda cents: cents / 100),
    st.integers(-(10**9), 10**9).map(lambda halves: halves / 20_000),  # ties
)


@given(st.lists(CELLS, max_size=30), st.sampled_from([1, 10_000, 1_000_000]), st.integers(1, 3))
def test_doubles_are_rounded_as_python_rounds(cells: list[float | None], units: int, pieces: int) -> None:
    low, high = -1e12, 2e12
    column = pl.concat([pl.Series("x", cells[start::pieces], dtype=pl.Float64) for start in range(pieces)])
    read = whole_units(column, units, (low, high), (0.0, 1e-3))
    expected: list[int | None] = []
    rounded = 0
    for cell in column.to_list():
        scaled = math.nan if cell is None else cell * units
        whole = round(scaled) if math.isfinite(scaled) else None
        expected.append(whole if whole is not None and low <= whole <= high else None)
        rounded += whole is not None and abs(scaled - whole) > 1e-3
    assert read.values.to_list() == expected
    assert read.values.name == "x"
    assert read.rounded == rounded
