"""Symbols that may be slips: of corporate actions nobody's holdings know, and of rows that securities.csv does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.market_files import SECURITIES
from lotwise.interchange.firm_folder.register import open_table
from lotwise.storage.journal import Journal

__all__ = ["report_unknown_symbols"]


def report_unknown_symbols(
    folder: Path, rows: pl.DataFrame, actions: pl.DataFrame, journal: Journal, findings: FindingList
) -> None:
    """Warn of actions of symbols never held, traded or listed; note symbols of rows that are not listed.

    `rows` and `actions` are rows of `journal.SCHEMA`, before any is left out.
    """
    listed = _listed(folder)
    if actions.height:
        _report_actions(actions, listed, rows, journal, findings)
    if listed is None:
        return
    named = pl.concat(
        rows.select(pl.col(column).alias("symbol"), "source", "line", column=pl.lit(column))
        for column in ("symbol", "new_symbol")
    ).drop_nulls("symbol")
    strange = named.filter(~pl.col("symbol").is_in(listed.implode())).group_by("symbol", maintain_order=True)
    message = Message(
        Severity.NOTICE,
        "a symbol of the securities file",
        "correct it, or add it there; until then it is no fund and identical to nothing",
    )
    for symbol, source, line, column, count in strange.agg(pl.all().first(), count=pl.len()).iter_rows():
        was = f"{symbol} ({count:,} {'row' if count == 1 else 'rows'})"
        findings.add(Place(source, line, column), message, was)


def _report_actions(
    actions: pl.DataFrame, listed: pl.Series | None, rows: pl.DataFrame, journal: Journal, findings: FindingList
) -> None:
    held = journal.read(columns=("symbol", "new_symbol"))
    known = pl.concat(
        [part[column] for part in (held, rows) for column in ("symbol", "new_symbol")]
        + [actions["new_symbol"].alias("symbol")]  # of a company that was held under another name
        + ([] if listed is None else [listed])
    )
    strange = actions.filter(~pl.col("symbol").is_in(known.drop_nulls().unique().implode()))
    to_do = "correct it; as it stands it is applied to nobody"
    message = Message(Severity.WARNING, "a symbol of the ledger or securities.csv", to_do)
    for (file,), part in strange.group_by("source", maintain_order=True):
        findings.rows(Place(str(file), None, "symbol"), message, rows_to_report(part["line"], part["symbol"]))


def _listed(folder: Path) -> pl.Series | None:
    """Symbols of securities.csv; None where there is no such file, or none that can be read."""
    # What is wrong with the file was reported where the register was read.
    table = open_table(folder, replace(SECURITIES, needed=False, blocks_all=False), FindingList())
    return None if table is None else table.frame["symbol"].drop_nulls()
