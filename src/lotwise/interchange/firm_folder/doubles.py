"""Shares and money that come as doubles, as those of Parquet do, become whole units in one pass: half to even.

A large firm has millions of them; expressions of a data frame take a pass, and memory, for each step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.kernels import kernel
from lotwise.money import IntArray

__all__ = ["WholeUnits", "whole_units"]


class WholeUnits(NamedTuple):
    """A column of cells in units: null where there is no cell, or one that is not within the bounds."""

    values: pl.Series
    rounded: int  # cells with more decimals than the units keep


@kernel
def _round_all(
    cells: NDArray[np.float64],
    units: float,
    bounds: tuple[float, float],
    slack: tuple[float, float],
    values: IntArray,
    within: NDArray[np.bool_],
) -> int:
    """Round cells; `slack` = how far from whole units a cell may be, in part of itself and beside it."""
    rounded = 0
    for i in range(cells.size):
        scaled = cells[i] * units
        whole = np.rint(scaled)
        within[i] = bounds[0] <= whole <= bounds[1]  # not so of NaN
        values[i] = np.int64(whole) if within[i] else 0
        if np.isfinite(scaled) and abs(scaled - whole) > abs(scaled) * slack[0] + slack[1]:
            rounded += 1
    return rounded


def whole_units(cells: pl.Series, units: int, bounds: tuple[float, float], slack: tuple[float, float]) -> WholeUnits:
    """Read doubles as whole units (`units` to a dollar or a share) between `bounds`, both in units."""
    numbers = np.ascontiguousarray(cells.to_numpy()).view()  # null as NaN
    numbers.flags.writeable = False  # as it is where the memory is the data frame's: one kernel serves both
    values, within = np.empty(len(numbers), np.int64), np.empty(len(numbers), np.bool_)
    rounded = _round_all(numbers, float(units), bounds, slack, values, within)
    read = pl.Series(cells.name, values)
    return WholeUnits(read if within.all() else read.set(pl.Series(~within), None), rounded)
