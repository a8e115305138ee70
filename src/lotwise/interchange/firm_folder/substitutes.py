"""substitutes.csv: what may stand for a security, the first choice first."""

from __future__ import annotations

import numpy as np
import polars as pl

from lotwise.errors import Severity
from lotwise.households.toml_values import closest
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report, shown_cell
from lotwise.interchange.firm_folder.securities import Securities, code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.rebalancing.book import Substitutes

__all__ = ["read_substitutes"]

_LAST = np.iinfo(np.int32).max  # rank of those without one


def read_substitutes(table: TypedTable, securities: Securities, findings: FindingList) -> Substitutes:
    """Read the substitutes of each security: by rank, then as in the file; one without a rank comes after the others.

    Among those of one rank the risk model chooses later (`nearest_first`).

    A row that names an unknown security, the security itself, one substantially identical to it (a loss would be
    disallowed as if nothing had been replaced), or the same pair again, is not used.
    """
    table.report_cells(findings, at_most=Severity.WARNING)
    for row in table.broken:
        message = Message(Severity.WARNING, "a row as wide as the header", "correct the row; it is not used")
        findings.add(Place(table.file, row.line), message, row.why)
    symbols = securities.labels.symbols
    frame = table.frame.with_columns(
        code_of(table.frame["symbol"], symbols).alias("of"),
        code_of(table.frame["substitute"], symbols).alias("by"),
    )
    for column, code in (("symbol", "of"), ("substitute", "by")):
        strangers = frame.filter(pl.col(code).is_null() & pl.col(column).is_not_null())
        for line, name in strangers.select(LINE, column).iter_rows():
            to_do = f"{closest(name, symbols)}correct it or add the security; the row is not used"
            message = Message(Severity.WARNING, "a symbol of the securities file", to_do)
            findings.add(Place(table.file, line, column), message, shown_cell(name))
    frame = frame.filter(pl.col("of").is_not_null() & pl.col("by").is_not_null() & ~table.errors())
    identical = pl.Series(securities.identical)
    for wrong, must_be in (
        (frame["of"] == frame["by"], "another security"),
        (
            (frame["of"] != frame["by"]) & (identical.gather(frame["of"]) == identical.gather(frame["by"])),
            "a security that is not substantially identical",
        ),
        (~frame.select(pl.struct("of", "by").is_first_distinct()).to_series(), "a pair once"),
    ):
        message = Message(Severity.WARNING, must_be, "correct or remove it; the row is not used")
        rows = rows_to_report(frame[LINE].filter(wrong), frame["substitute"].filter(wrong))
        findings.rows(Place(table.file, None, "substitute"), message, rows)
    kept = frame.filter(
        (identical.gather(frame["of"]) != identical.gather(frame["by"]))
        & frame.select(pl.struct("of", "by").is_first_distinct()).to_series()
    ).sort("of", "rank", nulls_last=True, maintain_order=True)
    counts = np.bincount(kept["of"].to_numpy(), minlength=securities.count)
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    rank = kept.select(pl.col("rank").rank("dense").fill_null(_LAST)).to_series()
    return Substitutes(start, kept["by"].to_numpy().astype(np.int32), rank.to_numpy().astype(np.int32))
