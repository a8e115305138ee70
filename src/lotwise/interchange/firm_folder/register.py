"""The register from a firm folder: accounts and taxpayers, funds, identical securities. Only accounts are needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from lotwise.errors import Severity
from lotwise.interchange.firm_folder import client_files, market_files
from lotwise.interchange.firm_folder.columns import TypedTable, type_table
from lotwise.interchange.firm_folder.contract import FileContract
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.formats import formatted
from lotwise.interchange.firm_folder.ledger_policy import Policy
from lotwise.interchange.firm_folder.tables import LINE, read_table
from lotwise.money import FULL_RATE
from lotwise.rebalancing.book import AccountKind
from lotwise.storage.register import ACCOUNTS, IDENTICAL_ROWS, Register

__all__ = ["open_table", "read_register", "report_broken", "report_cells"]

_FUND_KINDS = ("fund", "etf")
_EVER = (np.iinfo(np.int32).min + 1, np.iinfo(np.int32).max)
_RATES = ("federal_short_rate", "federal_long_rate", "state_rate")
_NO_RATES = dict.fromkeys(_RATES, pl.Int64)


def open_table(folder: Path, contract: FileContract, findings: FindingList) -> TypedTable | None:
    """Open a file of the folder that the ledger reads; None if it is not there or of no use."""
    raw = read_table(folder, contract, findings)
    return None if raw is None else type_table(raw)


def report_cells(
    table: TypedTable,
    columns: tuple[str, ...],
    findings: FindingList,
    until: str,
    severity: Severity = Severity.ERROR,
) -> pl.Series:
    """Record a finding for every wrong cell of these columns; whether a row has one."""
    wrong = pl.repeat(False, table.frame.height, dtype=pl.Boolean, eager=True)
    for name in columns:
        bad = table.wrong(name)
        if not bad.any():
            continue
        column = table.contract.column(name)
        was, lines = table.was[name].filter(bad).cast(pl.String, strict=False), table.frame[LINE].filter(bad)
        other, write = formatted(column.kind, was)
        for mask, to_do in ((~other, "correct it"), (other, write)):
            message = Message(severity, column.must_be, f"{to_do}; until then {until}")
            findings.rows(Place(table.file, None, name), message, rows_to_report(lines.filter(mask), was.filter(mask)))
        wrong |= bad
    return wrong


def report_broken(table: TypedTable, findings: FindingList, until: str) -> None:
    """Record rows that cannot be read."""
    for row in table.broken:
        message = Message(Severity.ERROR, "a row as wide as the header", f"correct the row; until then {until}")
        findings.add(Place(table.file, row.line), message, row.why)


def read_register(folder: Path, policy: Policy, findings: FindingList) -> Register:
    """Read the register; without a usable accounts file there is a fatal finding and nobody is registered."""
    households = _optional(folder, client_files.HOUSEHOLDS, findings)
    accounts = open_table(folder, client_files.ACCOUNTS, findings)
    securities = _optional(folder, market_files.SECURITIES, findings)
    identical = _optional(folder, market_files.IDENTICAL, findings)
    return Register(
        pl.DataFrame(schema=ACCOUNTS) if accounts is None else _accounts(accounts, households, policy, findings),
        _funds(securities),
        pl.concat([_groups(securities), _dated_groups(identical, findings)]),
        policy.reading,
    )


def _optional(folder: Path, contract: FileContract, findings: FindingList) -> TypedTable | None:
    return open_table(folder, replace(contract, needed=False, blocks_all=False), findings)


def _accounts(table: TypedTable, households: TypedTable | None, policy: Policy, findings: FindingList) -> pl.DataFrame:
    until = "its transactions are not posted"
    wrong = report_cells(table, ("account_id", "household_id", "kind"), findings, until)
    report_cells(table, ("relief",), findings, f"its standing order is {policy.relief}")
    report_broken(table, findings, until)
    frame = table.frame.filter(~wrong)
    again = ~frame["account_id"].is_first_distinct()
    message = Message(Severity.ERROR, "an account once", "remove one of the rows; until then the first one counts")
    rows = rows_to_report(frame[LINE].filter(again), frame["account_id"].filter(again))
    findings.rows(Place(table.file, None, "account_id"), message, rows)
    kinds = {kind.name.lower(): int(kind) for kind in AccountKind}
    return (
        frame.filter(~again)
        .join(_taxpayers(households, findings), on="household_id", how="left", maintain_order="left")
        .select(
            "account_id",
            "household_id",
            pl.coalesce("taxpayer", "household_id").alias("taxpayer"),
            pl.col("kind").replace_strict(kinds, return_dtype=pl.UInt8),
            pl.col("relief").fill_null(policy.relief),
            _total_rate(policy, "short").alias("short_rate"),
            _total_rate(policy, "long").alias("long_rate"),
        )
        .cast(pl.Schema(ACCOUNTS))
    )


def _taxpayers(households: TypedTable | None, findings: FindingList) -> pl.DataFrame:
    """Taxpayer of each household, where one wash_group is one taxpayer, and the rates that it gives."""
    if households is None:
        return pl.DataFrame(schema={**dict.fromkeys(("household_id", "taxpayer"), pl.String), **_NO_RATES})
    report_cells(households, ("household_id", "wash_group"), findings, "it is a taxpayer of its own")
    report_cells(households, _RATES, findings, "the firm's default rate counts", Severity.WARNING)
    frame = households.frame.filter(pl.col("household_id").is_not_null()).unique("household_id", keep="first")
    # A name that no household has: a group called like a household is not that household.
    group = pl.when(pl.col("wash_group").is_not_null()).then(pl.format("group {}", "wash_group"))
    return frame.select("household_id", group.otherwise("household_id").alias("taxpayer"), *_RATES)


def _total_rate(policy: Policy, term: str) -> pl.Expr:
    """Federal and state rate of one term, billionths: the firm's where a household gives none; at most all of it."""
    own = (pl.col(name).fill_null(getattr(policy, name)) for name in (f"federal_{term}_rate", "state_rate"))
    return pl.min_horizontal(pl.sum_horizontal(own), pl.lit(FULL_RATE))


def _funds(securities: TypedTable | None) -> pl.Series:
    if securities is None:
        return pl.Series([], dtype=pl.String)
    return securities.frame.filter(pl.col("kind").is_in(_FUND_KINDS))["symbol"].drop_nulls()


def _groups(securities: TypedTable | None) -> pl.DataFrame:
    """Groups of securities.csv, which hold at all times."""
    if securities is None:
        return pl.DataFrame(schema=IDENTICAL_ROWS)
    rows = securities.frame.drop_nulls(["symbol", "identical_group"])
    return rows.select(
        "symbol",
        group="identical_group",
        first=pl.lit(_EVER[0], dtype=pl.Int32),
        last=pl.lit(_EVER[1], dtype=pl.Int32),
    )


def _dated_groups(table: TypedTable | None, findings: FindingList) -> pl.DataFrame:
    """Groups of identical.csv, on their days."""
    if table is None:
        return pl.DataFrame(schema=IDENTICAL_ROWS)
    until = "the row does not count"
    wrong = report_cells(table, ("symbol", "group", "from", "until"), findings, until)
    report_broken(table, findings, until)
    frame = table.frame.filter(~wrong)
    unsourced = frame["source"].is_null()
    message = Message(Severity.NOTICE, "a source", "say why they are identical: it is a judgement of the firm")
    rows = rows_to_report(frame[LINE].filter(unsourced), frame["symbol"].filter(unsourced))
    findings.rows(Place(table.file, None, "source"), message, rows)
    return frame.select(
        "symbol",
        group="group",
        first=pl.col("from").fill_null(_EVER[0]),
        last=pl.col("until").fill_null(_EVER[1]),
    )
