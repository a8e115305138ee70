"""Taxes saved of a firm and of each household: tables, totals, pictures, and what leads to the lot and the day."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypedDict

import polars as pl

from lotwise.library.asking import told_once, words_of, wrong_name
from lotwise.library.picture import Picture
from lotwise.nightly.savings import SavingsRun, When, page_of, tell_firm, write_savings
from lotwise.reports import notebook
from lotwise.reports.amounts import count, dollars, percent, short_dollars
from lotwise.reports.firm_savings import FirmSavings, against_fees, fees_picture, months_picture, ranked
from lotwise.reports.savings import savings_summary
from lotwise.savings.shadow_rule import Order, Schedule, ShadowRule

__all__ = ["HouseholdSavings", "OrdinaryRule", "Savings", "rule_of"]

_LINES = (
    ("rule_of_thumb", "A, rule of thumb"),
    ("shadow", "B, against the shadow ledger"),
    ("shadow_deferral", "deferral"),
    ("shadow_harvesting", "harvesting"),
    ("shadow_location", "location"),
    ("present_value", "C, net present benefit"),
    ("fee", "Fee"),
)
_PERIODS = (("last trading day", "_day"), ("year to date", "_ytd"), ("since the beginning", ""))
_SHOWN = ("household_id", "since", "value", "rule_of_thumb", "shadow", "present_value", "shadow_ytd", "fee", "multiple")


class OrdinaryRule(TypedDict, total=False):
    """How the shadow is managed, as the options of `lotwise savings` say it."""

    schedule: Literal["yearly", "quarterly", "monthly", "never"]
    month: int  # at whose end a yearly schedule rebalances
    band: float  # part of its target within which a name stays
    relief: Literal["fifo", "lifo", "hifo"]


def rule_of(asked: OrdinaryRule) -> ShadowRule:
    """Make the rule; raises TypeError for a key that is none, ValueError for a value that cannot be."""
    unknown = set(asked) - set(OrdinaryRule.__annotations__)
    if unknown:
        known = ", ".join(OrdinaryRule.__annotations__)
        raise TypeError(f"{', '.join(sorted(unknown))} is no part of the ordinary rule: {known}")
    given = dict(asked)
    for name, words in (("schedule", Schedule), ("relief", Order)):
        if name in given and given[name] not in tuple(words):
            raise ValueError(f"{name} must be one of {', '.join(words)}, was {given[name]!r}")
    return ShadowRule(
        schedule=Schedule(asked.get("schedule", Schedule.YEARLY)),
        month=asked.get("month", 12),
        band=asked.get("band", 0.0),
        relief=Order(asked.get("relief", Order.FIFO)),
    )


class Savings:
    """What a firm saved its households, made by `Firm.savings`; `savings["H001"]` is one of them.

    Three numbers: A against an ordinary rebalance of the same day, B against a shadow ledger by law, C what is left of
    B after the tax of later. Dollars are exact decimals; a cost is negative.
    """

    def __init__(self, folder: Path, run: SavingsRun) -> None:
        """Take what was told of a folder's firm."""
        self._folder = folder
        self._run = run

    @cached_property
    def _page(self) -> FirmSavings:
        return page_of(self._run)

    @property
    def households(self) -> pl.DataFrame:
        """One row per household: value, each number and its parts (since the beginning, `_ytd`, `_day`), taxes, fee."""
        return self._run.tables.households

    @property
    def months(self) -> pl.DataFrame:
        """One row per household and month: number B by source and number C, as they stood at its end."""
        return self._run.tables.months

    @property
    def firm(self) -> pl.DataFrame:
        """One row per number (rule_of_thumb, shadow, present_value, fee) and period (since, ytd, day): the totals."""
        return self._run.tables.firm

    @property
    def untold(self) -> pl.DataFrame:
        """One row per household without figures: household_id, why."""
        return self._run.tables.untold

    @property
    def against_fees(self) -> dict[str, float | int]:
        """Households whose B exceeds their fee, by count and by dollars of value, and how B spreads as its multiple."""
        return against_fees(self.households, self._page.as_of)

    @property
    def rule(self) -> str:
        """The ordinary rule that B compares with, in words."""
        return self._run.rule.in_words()

    def household(self, household: str) -> HouseholdSavings:
        """Return what was saved for one household.

        Raises UnknownNameError (a KeyError) for one that is not there, and ValueError, with the reason, for one of
        which nothing can be told.
        """
        known = self.households["household_id"].to_list()
        if household not in known:
            for name, why in self.untold.iter_rows():
                if name == household:
                    raise ValueError(f"{household}: nothing is told of it: {why}")
            raise wrong_name("household", household, known)
        return HouseholdSavings(self._folder, self._run, household)

    def __getitem__(self, household: str) -> HouseholdSavings:
        return self.household(household)

    def __iter__(self) -> Iterator[HouseholdSavings]:
        """Go through the households that have figures."""
        return (HouseholdSavings(self._folder, self._run, name) for name in self.households["household_id"])

    def __len__(self) -> int:
        """Return how many households have figures."""
        return self.households.height

    def plot(self, kind: Literal["months", "fees"] = "months") -> Picture:
        """Draw number B over time, stacked by source, or how many households saved how many times their fee.

        Raises ValueError for another kind.
        """
        if kind == "months":
            return Picture("Taxes saved by source", months_picture(self._page))
        if kind == "fees":
            return Picture("Taxes saved against the fee", fees_picture(self._page))
        raise ValueError(f"kind must be 'months' or 'fees', was {kind!r}")

    def write(self, folder: str | Path) -> Path:
        """Write tables and the page, the same files as `lotwise savings --out`, and return the page.

        Raises FolderError where the folder is a firm folder, OSError where it cannot be written.
        """
        return write_savings(Path(folder), self._run)

    def __repr__(self) -> str:
        return words_of(savings_summary(self._page))

    def _repr_html_(self) -> str:
        saved, fees = self._page, self.against_fees
        shown = {
            "saved (B)": short_dollars(saved.total("shadow", "since")),
            "this year (B)": short_dollars(saved.total("shadow", "ytd")),
            "rule of thumb (A)": short_dollars(saved.total("rule_of_thumb", "since")),
            "after later taxes (C)": short_dollars(saved.total("present_value", "since")),
        }
        if fees["households"]:
            shown["above the fee"] = f"{percent(fees['by_count'], 0)}; {percent(fees['by_dollars'], 0)} by value"
        parts = [
            notebook.heading(f"Taxes saved, {saved.firm or 'a firm'}, {saved.as_of}"),
            notebook.tiles(shown),
            notebook.table(ranked(self.households).select(_SHOWN), 12),
        ]
        if self.untold.height:
            parts.append(notebook.paragraph(f"{count(self.untold.height, 'household')} without figures:"))
            parts.append(notebook.table(self.untold, 6))
        parts.append(notebook.paragraph(f"B compares with an ordinary rule: {self.rule}."))
        return notebook.block(parts)


class HouseholdSavings:
    """What was saved for one household: a view of `Savings`."""

    def __init__(self, folder: Path, run: SavingsRun, household: str) -> None:
        """Look at one household that has figures."""
        self._folder = folder
        self._run = run
        self.household_id = household

    @property
    def summary(self) -> dict[str, Any]:
        """Its row of `Savings.households`."""
        return self._own(self._run.tables.households).row(0, named=True)

    @property
    def months(self) -> pl.DataFrame:
        """One row per month: number B by source and number C, as they stood at its end."""
        return self._own(self._run.tables.months)

    @cached_property
    def trace(self) -> pl.DataFrame:
        """One row per credit of number A: day, account, symbol, lot, source, gain, credit, why; they add up to A.

        Told again for this household, day by day.
        """
        if self._run.traced:
            return self._own(self._run.tables.credits)
        with told_once():
            again = tell_firm(
                self._folder, self._run.firm, [self.household_id], self._run.rule, When(self._run.since, traced=True)
            )
        return self._own(again.tables.credits)

    def plot(self) -> Picture:
        """Draw number B over time, stacked by source."""
        return Picture(f"Taxes saved for {self.household_id} by source", months_picture(self._alone))

    @property
    def _alone(self) -> FirmSavings:
        return page_of(self._run).only(self.household_id)

    def _own(self, table: pl.DataFrame) -> pl.DataFrame:
        return table.filter(pl.col("household_id") == self.household_id)

    def __repr__(self) -> str:
        return words_of(savings_summary(self._alone))

    def _repr_html_(self) -> str:
        row = self.summary
        rows = [
            {
                "number": words,
                **{name: dollars(row.get(f"{key}{ending}")) for name, ending in _PERIODS},
            }
            for key, words in _LINES
        ]
        parts = [
            notebook.heading(f"Taxes saved for {self.household_id} since {row['since']}"),
            notebook.table(pl.DataFrame(rows)),
            notebook.paragraph(f"B compares with an ordinary rule: {self._run.rule.in_words()}."),
        ]
        return notebook.block(parts)
