"""One run of a firm as the reports see it: the tables of its files, and the figures of all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from lotwise import __version__

__all__ = ["Figures", "Run", "SavedSoFar", "figures", "file_wide_errors", "largest_trades", "total"]


class SavedSoFar(NamedTuple):
    """Taxes saved by a firm that has a posted record: number B, in dollars, where it has been told for the day."""

    since: Decimal | None  # the beginning; None = not told
    year: Decimal | None
    page: str  # beside the page of the run


@dataclass(frozen=True, slots=True)
class Run:
    """A run: the tables as `interchange.results` builds and writes them, and what stands on the cover."""

    firm: str
    as_of: date
    trades: pl.DataFrame
    households: pl.DataFrame
    relaxations: pl.DataFrame
    findings: pl.DataFrame
    files: tuple[str, ...] = ()  # names of the files beside the page
    notes: tuple[tuple[str, str], ...] = ()  # what else to say on the cover: ("Risk model", "20 factors")
    saved: SavedSoFar | None = None  # None: nothing has been posted
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Figures:
    """Totals of a run; tracking is a mean by value over the households whose tracking is known."""

    statuses: dict[str, int]  # proposed, hold, refused, failed: all four, zeros included
    value: Decimal  # of every household that was looked at
    trades: int
    bought: Decimal
    sold: Decimal
    tax: Decimal  # liability after minus before: negative = saved
    tax_bps: float | None  # of `value`
    cost: Decimal
    short_gain: Decimal  # realised in taxable accounts, net of losses
    long_gain: Decimal
    te_before: float | None
    te_after: float | None
    improvement: float  # dollars: score x value, summed
    improvement_bps: float | None  # of `value`
    worst_gap_bps: float | None  # largest certified gap of the convex part, proposed and held
    worst_gap_household: str
    trade_gap_bps: float | None  # gap of the trades as written, mean by value over the proposed and held
    worst_trade_gap_bps: float | None  # the largest of them
    worst_trade_gap_household: str
    findings: dict[str, int]  # error, warning, notice: all three
    relaxations: int

    @property
    def households(self) -> int:
        """Households of the run."""
        return sum(self.statuses.values())


def figures(run: Run) -> Figures:
    """Add up a run."""
    households = run.households
    known = households.filter(pl.col("te_before").is_not_null() & pl.col("te_after").is_not_null())
    value = total(households.filter(pl.col("status") != "refused"), "value")
    improvement = float(
        households.select((pl.col("value").cast(pl.Float64) * pl.col("score_bps") * 1e-4).sum()).item() or 0.0
    )
    tax = total(households, "tax")
    solved = households.filter(pl.col("status").is_in(["proposed", "hold"]))
    gaps = solved.drop_nulls("gap_convex_bps").sort("gap_convex_bps", descending=True, maintain_order=True)
    trade_gaps = solved.drop_nulls("gap_bps").sort("gap_bps", descending=True, maintain_order=True)
    return Figures(
        statuses=_counts(households["status"], ("proposed", "hold", "refused", "failed")),
        value=value,
        trades=run.trades.height,
        bought=total(households, "bought"),
        sold=total(households, "sold"),
        tax=tax,
        tax_bps=float(tax / value) * 1e4 if value > 0 else None,
        cost=total(households, "cost"),
        short_gain=total(households, "short_gain"),
        long_gain=total(households, "long_gain"),
        te_before=_mean(known, "te_before"),
        te_after=_mean(known, "te_after"),
        improvement=improvement,
        improvement_bps=improvement / float(value) * 1e4 if value > 0 else None,
        worst_gap_bps=gaps["gap_convex_bps"][0] if gaps.height else None,
        worst_gap_household=gaps["household_id"][0] if gaps.height else "",
        trade_gap_bps=_mean(trade_gaps, "gap_bps"),
        worst_trade_gap_bps=trade_gaps["gap_bps"][0] if trade_gaps.height else None,
        worst_trade_gap_household=trade_gaps["household_id"][0] if trade_gaps.height else "",
        findings=_counts(run.findings["severity"], ("error", "warning", "notice")),
        relaxations=run.relaxations.height,
    )


def largest_trades(trades: pl.DataFrame, most: int) -> pl.DataFrame:
    """Find the trades of greatest value, greatest first, equal ones as they come; the others stay unsorted."""
    if trades.height <= most:
        return trades.sort("value", descending=True, maintain_order=True)
    least = trades["value"].top_k(most).min()
    return trades.filter(pl.col("value") >= least).sort("value", descending=True, maintain_order=True).head(most)


def file_wide_errors(findings: pl.DataFrame) -> pl.DataFrame:
    """Find the errors that concern a file as a whole and no single household: what they change, they change for all."""
    return findings.filter((pl.col("severity") == "error") & pl.col("line").is_null() & pl.col("household").is_null())


def total(table: pl.DataFrame, column: str) -> Decimal:
    """Exact sum of a column of decimals (0 of none)."""
    amount = table[column].sum()
    assert isinstance(amount, Decimal)  # the columns of money are decimals
    return amount


def _counts(column: pl.Series, words: tuple[str, ...]) -> dict[str, int]:
    found = dict(column.value_counts().iter_rows())
    return {word: int(found.get(word, 0)) for word in words}


def _mean(households: pl.DataFrame, column: str) -> float | None:
    """Mean weighted by value; None where there is no value."""
    weights = households["value"].cast(pl.Float64).to_numpy()
    return float(weights @ households[column].to_numpy()) / float(weights.sum()) if weights.sum() > 0 else None
