"""What a rebalancing says, as tables, as pages and household by household."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import polars as pl

from lotwise.interchange.firm_folder import Firm
from lotwise.interchange.results import ResultTables
from lotwise.library.asking import words_of, wrong_name
from lotwise.library.household import HouseholdResult
from lotwise.nightly.run import Proposed, run_of, tables_of, write_run
from lotwise.reports import notebook
from lotwise.reports.amounts import basis_points, count, percent, short_dollars
from lotwise.reports.run import Figures, Run, figures
from lotwise.reports.summary import summary
from lotwise.risk.factor_model import FactorModel

__all__ = ["Result"]


class Result:
    """Trades and outcomes of a firm's households, made by `Firm.rebalance`; `result["H001"]` is one of them.

    The tables are polars frames with the columns of the files of the same names: dollars and shares are exact decimals,
    fractions and basis points floats.
    """

    def __init__(self, firm: Firm, model: FactorModel, proposed: Proposed) -> None:
        """Take a firm as it was solved, the model of its risk, and what was proposed and verified."""
        self._firm = firm
        self._model = model
        self._proposed = proposed

    @cached_property
    def _tables(self) -> ResultTables:
        return tables_of(self._firm, self._proposed)

    @cached_property
    def _run(self) -> Run:
        return run_of(self._firm, self._model, self._tables)

    @property
    def trades(self) -> pl.DataFrame:
        """One row per lot-level trade, with its reason: what to do tonight."""
        return self._tables.trades

    @property
    def households(self) -> pl.DataFrame:
        """One row per household: status, message, tax, tracking error before and after, proved gap, policy version."""
        return self._tables.households

    @property
    def accounts(self) -> pl.DataFrame:
        """One row per account: how its problem went, cash before and after, what gave way in it."""
        return self._tables.accounts

    @property
    def relaxations(self) -> pl.DataFrame:
        """One row per restriction that could not be kept in full: what it asked for and what was reached."""
        return self._tables.relaxations

    @property
    def findings(self) -> pl.DataFrame:
        """One row per finding in the data, in the profiles that were asked for, and of the verification."""
        return self._tables.findings

    @cached_property
    def figures(self) -> Figures:
        """Totals: households by status, dollars traded, tax, tracking error, improvement, proved gaps."""
        return figures(self._run)

    def household(self, household: str) -> HouseholdResult:
        """Return what became of one household; raises UnknownNameError (a KeyError) where it is not in the result."""
        known = self._firm.labels.households.tolist()
        if household not in known:
            raise wrong_name("household", household, known)
        return HouseholdResult(self._firm, self._tables, known.index(household))

    def __getitem__(self, household: str) -> HouseholdResult:
        return self.household(household)

    def __iter__(self) -> Iterator[HouseholdResult]:
        """Go through the households in their order."""
        return (HouseholdResult(self._firm, self._tables, row) for row in range(len(self)))

    def __len__(self) -> int:
        """Return how many households there are."""
        return len(self._firm.labels.households)

    def write(self, folder: str | Path, formats: Sequence[str] = ("csv", "parquet")) -> Path:
        """Write the tables and the page of the run, the same files as `lotwise rebalance`, and return the folder.

        All of them or none; files of an earlier run go. Raises ValueError for a format other than csv and parquet,
        FolderError where the folder is a firm folder, OSError where it cannot be written.
        """
        out = Path(folder)
        run = run_of(self._firm, self._model, self._tables, formats)
        write_run(out, run, self._tables, formats)
        return out

    def __repr__(self) -> str:
        return words_of(summary(self._run))

    def _repr_html_(self) -> str:
        totals = self.figures
        shown = {"households": f"{totals.households:,}", "trades": f"{totals.trades:,}"}
        shown["tax now"] = short_dollars(totals.tax)
        if totals.te_before is not None:
            shown["tracking error"] = f"{percent(totals.te_before)} → {percent(totals.te_after)}"
        if totals.improvement_bps is not None:
            shown["improvement"] = basis_points(totals.improvement_bps)
        if totals.worst_gap_bps is not None:
            shown["proved within"] = basis_points(totals.worst_gap_bps)
        statuses = ", ".join(f"{number:,} {status}" for status, number in totals.statuses.items() if number)
        moved = f"{short_dollars(totals.sold)} sold, {short_dollars(totals.bought)} bought"
        columns = (
            "household_id",
            "status",
            "value",
            "te_before",
            "te_after",
            "tax",
            "score_bps",
            "n_trades",
            "message",
        )
        order = self.households.sort("score_bps", descending=True, nulls_last=True, maintain_order=True)
        parts = [
            notebook.heading(f"{self._firm.name or 'A firm'}, close of {self._firm.as_of}"),
            notebook.paragraph(f"{statuses}; {moved}."),
            notebook.tiles(shown),
            notebook.table(order.select(columns), 12),
        ]
        if totals.relaxations:
            parts.append(notebook.paragraph(f"{count(totals.relaxations, 'restriction')} could not be kept in full:"))
            parts.append(notebook.table(self.relaxations, 6))
        errors = self.findings.filter(pl.col("severity") == "error")
        if errors.height:
            parts.append(notebook.table(errors.select("household", "file", "line", "column", "must_be", "was"), 6))
        return notebook.block(parts)
