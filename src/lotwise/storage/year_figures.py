"""What each year of each account came to, and where folding under another register changed it.

What was posted stands, but what it comes to depends on the register: who is one taxpayer, what is identical, which
accounts are taxable. A year that has been filed must not change without a word.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.households.accounts import AccountKind
from lotwise.storage.folded import Standing
from lotwise.tax.gains import recognised

__all__ = ["FIGURES", "ChangedYear", "changed_years"]

_YEAR = ("account_id", "year")
FIGURES = ("recognised", "long_term", "disallowed", "permanent")  # Money; long_term is a part of what is recognised


class ChangedYear(NamedTuple):
    """A calendar year of an account whose figures are others now; `was` and `now` in the order of FIGURES."""

    account_id: str
    year: int
    was: tuple[int, ...]
    now: tuple[int, ...]


def changed_years(
    earlier: Standing, earlier_kinds: NDArray[np.uint8], present: Standing, present_kinds: NDArray[np.uint8]
) -> list[ChangedYear]:
    """Compare two foldings of one journal, by account and year; kinds are (A,) of each folding's own accounts."""
    joined = _by_year(earlier, earlier_kinds).join(
        _by_year(present, present_kinds), on=_YEAR, how="full", coalesce=True, suffix="_now"
    )
    now = [f"{name}_now" for name in FIGURES]
    filled = joined.with_columns(pl.col(*FIGURES, *now).fill_null(0))
    differs = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_now") for name in FIGURES)
    rows = filled.filter(differs).sort(_YEAR).select(*_YEAR, *FIGURES, *now).rows()
    return [ChangedYear(row[0], row[1], row[2 : 2 + len(FIGURES)], row[2 + len(FIGURES) :]) for row in rows]


def _by_year(standing: Standing, kinds: NDArray[np.uint8]) -> pl.DataFrame:
    """Sum FIGURES by account and year of the sale, of taxable accounts: those of others are no gains."""
    rows = standing.state.realized
    rows = rows[kinds[rows["account"]] == AccountKind.TAXABLE]
    counted = recognised(rows)
    sold = pl.Series(rows["sold"].astype(np.int32)).cast(pl.Date)
    frame = pl.DataFrame(
        {
            "account_id": standing.names.accounts.gather(rows["account"].astype(np.int64)),
            "year": sold.dt.year(),
            "recognised": counted,
            "long_term": np.where(rows["long_term"] == 1, counted, 0),
            "disallowed": np.ascontiguousarray(rows["disallowed"]),
            "permanent": np.ascontiguousarray(rows["permanent"]),
        }
    )
    return frame.group_by(_YEAR).agg(pl.col(*FIGURES).sum())
