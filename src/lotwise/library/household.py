"""One household of a result: its trades, where its weights go, what its lots have gained, and why."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl

from lotwise.interchange.firm_folder import Firm
from lotwise.interchange.results import ResultTables
from lotwise.library.asking import told_once, wrong_name
from lotwise.library.explained import Explanation
from lotwise.library.holdings import gains_of_lots, positions_of, weights_of
from lotwise.library.picture import Picture
from lotwise.rebalancing.explain import explain_netted
from lotwise.reports import notebook
from lotwise.reports.amounts import basis_points, count, dollars, percent
from lotwise.reports.household_pictures import LotGain, Move, lot_gains, moves

__all__ = ["HouseholdResult"]

_TRADE_COLUMNS = ("account_id", "side", "symbol", "lot_id", "shares", "value", "gain", "tax", "reason")


class HouseholdResult:
    """What became of one household: a view of a `Result`."""

    __slots__ = ("_firm", "_row", "_tables", "household_id")

    def __init__(self, firm: Firm, tables: ResultTables, row: int) -> None:
        """Look at row `row` of a firm that was solved, and of what came out."""
        self._firm = firm
        self._tables = tables
        self._row = row
        self.household_id = str(firm.labels.households[row])

    def _own(self, table: pl.DataFrame, column: str = "household_id") -> pl.DataFrame:
        return table.filter(pl.col(column) == self.household_id)

    @property
    def name(self) -> str:
        """What people call it; '' where that is not known."""
        return self._firm.household_names[self._row]

    @property
    def summary(self) -> dict[str, Any]:
        """Its row of `Result.households`: status, message, value, te_before, te_after, tax, score_bps and more."""
        return self._tables.households.row(self._row, named=True)

    @property
    def trades(self) -> pl.DataFrame:
        """Its lot-level trades, each with its reason."""
        return self._own(self._tables.trades)

    @property
    def accounts(self) -> pl.DataFrame:
        """Its accounts: how the problem of each went."""
        return self._own(self._tables.accounts)

    @property
    def relaxations(self) -> pl.DataFrame:
        """Its restrictions that could not be kept in full."""
        return self._own(self._tables.relaxations)

    @property
    def findings(self) -> pl.DataFrame:
        """Findings that name it."""
        return self._own(self._tables.findings, "household")

    @property
    def positions(self) -> pl.DataFrame:
        """One row per name and account: account_id, kind, symbol, and dollars before and after the trades (exact)."""
        return positions_of(self._firm, self._row, self._tables.trades)

    @property
    def weights(self) -> pl.DataFrame:
        """One row per name, what moves most first: symbol, target, before and after, as fractions.

        Of all its accounts where they are one portfolio, else of those that trade. Cash is in the value, not a row.
        """
        return weights_of(self._firm, self._row, self.positions)

    @property
    def lot_gains(self) -> pl.DataFrame:
        """One row per taxable lot of known basis: account_id, symbol, lot_id, gain (dollars), sold (fraction)."""
        return gains_of_lots(self._firm, self._row, self._tables.trades)

    def explain(self, symbol: str | None = None) -> Explanation:
        """Say for each name, or for one lot by lot, what trading it saves and costs and what would change the decision.

        Raises UnknownNameError for a symbol that the household neither holds nor wants.
        """
        with told_once():
            story = explain_netted(self._firm.book, self._firm.market, self._row)
        symbols = self._firm.market_labels.symbols
        if symbol is not None and not story.blocked:
            known = sorted({symbols[line.security] for account in story.accounts for line in account.names})
            if symbol not in known:
                raise wrong_name(f"symbol, of {self.household_id},", symbol, known)
        return Explanation(story, self._firm.labels, self._firm.market_labels, symbol)

    def plot(self, kind: Literal["weights", "gains"] = "weights", most: int = 12) -> Picture:
        """Draw the names whose weights move most, or the gains of the lots that matter most; at most so many rows.

        Raises ValueError for another kind.
        """
        if most < 1:
            raise ValueError(f"most must be 1 or more, was {most}")
        if kind == "weights":
            return self._weights_picture(most)
        if kind == "gains":
            return self._gains_picture(most)
        raise ValueError(f"kind must be 'weights' or 'gains', was {kind!r}")

    def _weights_picture(self, most: int) -> Picture:
        weights = self.weights
        rows = [
            Move(symbol, before, after, target)
            for symbol, target, before, after in weights.head(most)
            .select("symbol", "target", "before", "after")
            .iter_rows()
        ]
        title = f"Weights of {self.household_id}: before, after and target"
        return Picture(title, moves(rows, title, _rest(weights.height - most, "name")))

    def _gains_picture(self, most: int) -> Picture:
        lots = self.lot_gains
        shown = lots.sort(pl.col("sold") > 0, pl.col("gain").abs(), descending=True, maintain_order=True).head(most)
        rows = [
            LotGain(f"{symbol} {lot}", gain, sold, f"{account}, {symbol}, lot {lot}: {dollars(gain)}, {sold:.0%} sold")
            for account, symbol, lot, gain, sold in shown.sort("gain", maintain_order=True).iter_rows()
        ]
        title = f"Gains and losses of taxable lots of {self.household_id}, and what is sold"
        return Picture(title, lot_gains(rows, title, _rest(lots.height - most, "lot")))

    def _figures(self) -> dict[str, str]:
        row = self._tables.households.row(self._row, named=True)
        figures = {"status": row["status"], "value": dollars(row["value"])}
        if row["te_after"] is not None:
            figures["tracking error"] = f"{percent(row['te_before'])} → {percent(row['te_after'])}"
        figures["tax"] = dollars(row["tax"])
        if row["score_bps"] is not None:
            figures["improvement"] = basis_points(row["score_bps"])
        if row["gap_bps"] is not None:
            figures["proved within"] = basis_points(row["gap_bps"])
        return figures

    def __repr__(self) -> str:
        who = self.household_id + (f" ({self.name})" if self.name else "")
        lines = [f"<Household {who}: {self.summary['message']}"]
        lines += [f"  {name}: {words}" for name, words in self._figures().items()]
        lines.append(f"  trades: {self.trades.height}; see .trades, .weights, .explain(), .plot()>")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [
            notebook.heading(self.household_id + (f", {self.name}" if self.name else "")),
            notebook.paragraph(str(self.summary["message"])),
            notebook.tiles(self._figures()),
        ]
        if self.trades.height:
            parts.append(self._weights_picture(10).svg)
            parts.append(notebook.table(self.trades.select(_TRADE_COLUMNS), 15))
        return notebook.block(parts)


def _rest(number: int, noun: str) -> str:
    return f"{count(number, f'more {noun}')} not drawn" if number > 0 else ""
