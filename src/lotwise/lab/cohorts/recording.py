"""What is recorded of a cohort, day by day and year by year, and written as Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.lab.cohorts.standing import GAINS
from lotwise.lab.market_panel import Floats, Int32Array
from lotwise.ledger.events import Table
from lotwise.money import DOLLAR, IntArray

__all__ = ["DAY", "Ending", "Lived", "joined_lives", "write_lived"]

# Of one household on one day, after its trades. Dollars; `tracking` is what the engine's risk model predicts, a year.
DAY = np.dtype(
    [
        ("value", np.float64),
        ("counted", np.float64),  # the same, a dollar in a traditional account counted after tax on its withdrawal
        ("flow", np.float64),  # brought in, the opening included; taken out below zero; fees are none
        ("cash", np.float64),
        ("latent", np.float64),  # unrealised gain of taxable accounts, less unrealised loss
        ("traded", np.float64),  # bought and sold
        ("cost", np.float64),  # half the spread of what was traded
        ("fee", np.float64),
        ("tracking", np.float64),  # NaN where the engine did not look
        ("lines", np.int32),  # trades, lot by lot
    ],
    align=True,
)


class Ending(NamedTuple):
    """What is left in taxable accounts on the last day, and not taxed yet; money."""

    short: IntArray  # (H,) unrealised gain less loss of lots that are short term
    long: IntArray
    carried_short: IntArray  # (H,) losses that the last year carries on
    carried_long: IntArray
    liquidation: IntArray  # (H,) tax if everything were sold on the last day


class Lived(NamedTuple):
    """A cohort's life: R days from row `first` of the market, Y years, H households, K targets."""

    first: int
    days: Int32Array  # (R,)
    daily: Table  # (R, H) DAY
    target: Floats  # (R, K) daily total return of each target
    years: IntArray  # (Y,)
    gains: IntArray  # (Y, H, 5) money: GAINS
    income: IntArray  # (Y, H, 2) money: ordinary and qualified dividends of taxable accounts
    tax: IntArray  # (Y, H) money: owed for the year because of the accounts; the last year's as if it ended here
    start: Int32Array  # (H,) row of the market
    policy: Int32Array  # (H,)
    target_of: Int32Array  # (H,)
    ending: Ending
    realized: Table | None  # REALIZED, every sale, where lines were kept
    lots: Table  # LOT, what is held at the end
    cash: IntArray  # (A,) money at the end
    trades: Table | None  # EVENT, every event that was folded, where lines were kept

    @property
    def alive(self) -> NDArray[np.bool_]:
        """(R, H) whether a household has begun."""
        begun: NDArray[np.bool_] = np.arange(self.days.size)[:, None] + self.first >= self.start[None, :]
        return begun

    def returns(self) -> Floats:
        """(R, H) daily returns before tax, after costs and fees; 0 on the first day and before it.

        What is brought in comes at the close.
        """
        value, flow = self.daily["value"], self.daily["flow"]
        before = np.vstack([np.zeros((1, value.shape[1])), value[:-1]])
        grown = np.divide(value - flow, before, out=np.ones_like(value), where=before > 0)
        returns: Floats = grown - 1.0
        return returns


def joined_lives(parts: list[Lived]) -> Lived:
    """Put parts of a cohort together, in order; their accounts and lots are numbered through."""
    first = parts[0]
    if len(parts) == 1:
        return first
    accounts = np.cumsum([0, *(part.cash.size for part in parts)])

    def tables(name: str) -> Table | None:
        moved = []
        for part, before in zip(parts, accounts, strict=False):
            table = getattr(part, name)
            if table is None:
                return None
            table = table.copy()
            table["account"] += before
            moved.append(table)
        return np.concatenate(moved)

    def side_by_side(name: str, axis: int) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts], axis=axis)

    lots = tables("lots")
    assert lots is not None
    return first._replace(
        daily=side_by_side("daily", 1),
        gains=side_by_side("gains", 1),
        income=side_by_side("income", 1),
        tax=side_by_side("tax", 1),
        start=side_by_side("start", 0),
        policy=side_by_side("policy", 0),
        target_of=side_by_side("target_of", 0),
        cash=side_by_side("cash", 0),
        ending=Ending(*(np.concatenate(columns) for columns in zip(*(part.ending for part in parts), strict=True))),
        realized=tables("realized"),
        trades=tables("trades"),
        lots=lots,
    )


def write_lived(lived: Lived, folder: Path, policies: tuple[str, ...]) -> None:
    """Write daily.parquet, years.parquet and ending.parquet; the same life gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, count = lived.daily.shape
    names = pl.Series(policies, dtype=pl.String).gather(lived.policy)
    household = np.arange(count, dtype=np.int32)
    daily = pl.DataFrame(
        {
            "date": pl.Series(np.repeat(lived.days, count)).cast(pl.Date),
            "household": np.tile(household, rows),
            **{name: np.ascontiguousarray(lived.daily[name]).ravel() for name in DAY.names or ()},
        }
    ).filter(pl.Series(lived.alive.ravel()))
    daily.with_columns(pl.col("tracking").fill_nan(None)).write_parquet(folder / "daily.parquet")
    years = lived.years.size
    pl.DataFrame(
        {
            "year": np.repeat(lived.years, count),
            "household": np.tile(household, years),
            "policy": pl.concat([names] * years),
            **{name: lived.gains[:, :, at].ravel() / DOLLAR for at, name in enumerate(GAINS)},
            **{name: lived.income[:, :, at].ravel() / DOLLAR for at, name in enumerate(("ordinary", "qualified"))},
            "tax": lived.tax.ravel() / DOLLAR,
        }
    ).write_parquet(folder / "years.parquet")
    pl.DataFrame(
        {
            "household": household,
            "policy": names,
            "begun": pl.Series(lived.days[np.maximum(lived.start - lived.first, 0)]).cast(pl.Date),
            **{name: getattr(lived.ending, name) / DOLLAR for name in Ending._fields},
        }
    ).write_parquet(folder / "ending.parquet")
