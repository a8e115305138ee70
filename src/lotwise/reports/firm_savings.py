"""What a firm saved its households, as its page, its picture and a notebook show it: totals, and households by fee."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise import __version__
from lotwise.reports.amounts import count
from lotwise.reports.axes import Axis
from lotwise.reports.look import BLUE, YELLOW
from lotwise.reports.pictures import Layer, histogram
from lotwise.reports.savings_pictures import Level, savings_over_time
from lotwise.savings.history import UNVALUED_AFTER
from lotwise.savings.shadow_rule import ShadowRule

__all__ = ["YOUNG_DAYS", "FirmSavings", "against_fees", "fees_picture", "months_picture", "ranked"]

_PARTS = ("deferral", "harvesting", "location")

_MOST_NAMED = 5  # securities

# A record of fewer days is not compared with its fee: what it sold at a loss is still within wash windows.
YOUNG_DAYS = 90


@dataclass(frozen=True, slots=True)
class FirmSavings:
    """What was told of a firm: the tables as `interchange.savings_tables` builds them, and by what it was told."""

    firm: str
    as_of: date
    households: pl.DataFrame
    months: pl.DataFrame
    totals: pl.DataFrame  # a row per number and period
    untold: pl.DataFrame
    rule: ShadowRule
    refused: int  # events of the shadow that could not be posted
    inputs: Mapping[str, str]  # digest of every file that the figures depend on
    stopped: tuple[str, ...] = ()  # securities of the record whose closes stopped, though nothing ended them
    version: str = __version__

    @property
    def since(self) -> date | None:
        """First day of the record; None where there is none."""
        first = self.households["since"].min()
        return first if isinstance(first, date) else None

    def total(self, number: str, period: str, part: str = "total") -> Decimal:
        """What all households come to: number (rule_of_thumb, shadow, present_value, fee), period, part."""
        row = self.totals.filter((pl.col("number") == number) & (pl.col("period") == period))
        return Decimal(str(row[part][0] or 0)) if row.height else Decimal(0)

    def split(self, number: str, period: str) -> tuple[Decimal, ...]:
        """Deferral, harvesting and location; they add up to the total."""
        return tuple(self.total(number, period, part) for part in _PARTS)

    def only(self, household: str) -> FirmSavings:
        """The same of one household; totals stay those of all."""
        own = pl.col("household_id") == household
        return replace(
            self,
            households=self.households.filter(own),
            months=self.months.filter(own),
            untold=self.untold.filter(own),
        )

    @property
    def begun_before(self) -> int:
        """How many households have a record from before the last day: on the day of its opening nothing is saved."""
        return self.households.filter(pl.col("since") < self.as_of).height

    @property
    def stopped_words(self) -> str:
        """Say what the closes of securities that stopped mean; empty where there are none."""
        if not self.stopped:
            return ""
        few = ", ".join(self.stopped[:_MOST_NAMED]) + (", ..." if len(self.stopped) > _MOST_NAMED else "")
        who = "1 security" if len(self.stopped) == 1 else f"{len(self.stopped):,} securities"
        return (
            f"{who} of the record without a close for {UNVALUED_AFTER} days: not valued since, on either side ({few})"
        )

    @property
    def levels(self) -> tuple[Level, ...]:
        """Number B of all households since the beginning, by source, at the end of each month, in dollars."""
        sums = self.months.group_by("day").agg(pl.col(_PARTS).sum()).sort("day")
        return tuple(Level(day, (float(a), float(b), float(c))) for day, a, b, c in sums.iter_rows())

    @property
    def multiples(self) -> NDArray[np.float64]:
        """Number B as a multiple of the fee, of every household that is compared with its fee."""
        return _compared(self.households, self.as_of)["multiple"].to_numpy()


def _is_young(as_of: date) -> pl.Expr:
    return pl.col("since") > as_of - timedelta(days=YOUNG_DAYS)


def _compared(households: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Households whose fee is known and whose record is old enough, with what was saved as a multiple of the fee."""
    known = households.filter((pl.col("fee") > 0) & ~_is_young(as_of))
    return known.with_columns(
        (pl.col("shadow").cast(pl.Float64) / pl.col("fee").cast(pl.Float64)).alias("multiple"),
        (pl.col("shadow") > pl.col("fee")).alias("above"),
    )


def against_fees(households: pl.DataFrame, as_of: date) -> dict[str, float | int]:
    """How many households saved more (number B) than they paid, by count and by dollars of value.

    Those whose fee is not known, and whose record is younger than `YOUNG_DAYS`, are left out and counted.
    """
    known = _compared(households, as_of)
    young = households.select((_is_young(as_of) & pl.col("fee").is_not_null()).sum()).item()
    above = known.filter("above")
    value = float(known["value"].sum() or 0)
    quantiles = {
        f"ratio_p{part}": float(known["multiple"].quantile(part / 100) or 0.0) for part in (10, 25, 50, 75, 90)
    }
    return {
        "households": known.height,
        "young": int(young),
        "unknown": households.height - known.height - int(young),
        "above": above.height,
        "by_count": above.height / known.height if known.height else 0.0,
        "by_dollars": float(above["value"].sum() or 0) / value if value else 0.0,
        **(quantiles if known.height else {}),
    }


def ranked(households: pl.DataFrame) -> pl.DataFrame:
    """Households by what was saved since the beginning, most first, with `rank` and `multiple` of the fee."""
    multiple = pl.when(pl.col("fee") > 0).then(pl.col("shadow").cast(pl.Float64) / pl.col("fee").cast(pl.Float64))
    order = households.sort("shadow", "household_id", descending=[True, False])
    return order.with_columns(multiple.alias("multiple")).with_row_index("rank", offset=1)


def months_picture(saved: FirmSavings) -> str:
    """Draw number B of all households over time, stacked by source."""
    return savings_over_time(saved.levels, "Taxes saved since the beginning, by source")


def fees_picture(saved: FirmSavings) -> str:
    """Draw how many households saved how many times their fee."""
    values = saved.multiples
    above, below = values[values > 1], values[values <= 1]
    layers = [
        Layer(f"saved more than the fee: {count(above.size)}", above, BLUE),
        Layer(f"less, or nothing: {count(below.size)}", below, YELLOW),
    ]
    axis = Axis("taxes saved (B) as a multiple of the fee, since the beginning", _times)
    return histogram(layers if values.size else [], axis, "household", "Households by taxes saved against their fee")


def _times(value: float) -> str:
    return f"{value:g}x".replace("-", "\u2212")
