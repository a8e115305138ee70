"""By which tax position each household was told: what the law was asked, so that it can be asked the same again.

Numbers are as Lotwise counts them, ten-thousandths of a dollar and billionths, and codes: nothing is rounded.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.ledger.events import Table
from lotwise.money import IntArray
from lotwise.savings.history import Floats

__all__ = ["TaxedBy", "positions_table", "with_positions"]

_RATES = ("short_rate_at_margin", "long_rate_at_margin")
_LATER = "later"


class TaxedBy(NamedTuple):
    """What H households are taxed by."""

    position: Table  # (H,) POSITION without gains that are managed
    rates: IntArray  # (H, 2) on a dollar of short-term and of long-term gain, billionths
    later: Floats  # (H,) what a dollar of tax paid later costs today


def positions_table(names: list[str], rows: IntArray, by: TaxedBy) -> pl.DataFrame:
    """A row for each of some households (`rows` of `names`)."""
    columns = {name: pl.Series(by.position[name][rows]) for name in by.position.dtype.names or ()}
    rates = {name: pl.Series(by.rates[rows, at]) for at, name in enumerate(_RATES)}
    chosen = pl.Series([names[row] for row in rows.tolist()], dtype=pl.String)
    return pl.DataFrame({"household_id": chosen, **columns, **rates, _LATER: pl.Series(by.later[rows])})


def with_positions(names: list[str], by: TaxedBy, earlier: pl.DataFrame) -> TaxedBy:
    """What households are taxed by, with that of `earlier` where they are in it.

    Raises KeyError or a PolarsError where that is no table of positions.
    """
    place = {name: row for row, name in enumerate(names)}
    known = earlier.filter(pl.col("household_id").is_in(names))
    rows = np.array([place[name] for name in known["household_id"].to_list()], np.int64)
    made = TaxedBy(by.position.copy(), by.rates.copy(), by.later.copy())
    for name in made.position.dtype.names or ():
        made.position[name][rows] = known[name].to_numpy()
    for at, name in enumerate(_RATES):
        made.rates[rows, at] = known[name].to_numpy()
    made.later[rows] = known[_LATER].to_numpy()
    return made
