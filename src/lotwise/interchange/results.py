"""What a run says, as tables, and those tables as files (FIRM_FOLDER: what `lotwise rebalance` writes).

| table | one row per | written as |
|---|---|---|
| trades | lot-level trade | trades.csv, trades.parquet |
| households | household | households.csv, households.parquet |
| accounts | account: how its problem went | accounts.csv, accounts.parquet |
| relaxations | restriction that could not be kept in full | relaxations.csv, relaxations.parquet |
| findings | finding | findings.csv, always, and findings.parquet |

The contract's columns come first and in its order; the others are additions. Dollars and shares are exact:
decimals made from the integers, never through a float. Fractions and basis points are floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import Finding, ProposalError
from lotwise.interchange.atomic import replaced_files
from lotwise.interchange.trade_lines import TradeWords, trade_lines
from lotwise.interchange.trade_table import exact, trade_table, trade_words
from lotwise.interchange.wording import (
    household_messages,
    model_names,
    policy_versions,
    relaxation_text,
    restriction_name,
)
from lotwise.money import DOLLAR, IntArray
from lotwise.rebalancing.book import AccountKind, Book, BookLabels
from lotwise.rebalancing.proposal import Cause, Proposals, Side, Status
from lotwise.securities.market import Market, MarketLabels

__all__ = [
    "PAGE",
    "RUN_FILE",
    "ResultTables",
    "file_names",
    "findings_csv",
    "findings_table",
    "result_tables",
    "write_findings",
    "write_results",
    "write_tables",
]

PAGE = "run.html"  # the page of a run, which the reports make
RUN_FILE = "run.json"  # what a run came of and what it wrote

PageMaker: TypeAlias = Callable[[], str]

_TABLES = ("trades", "households", "accounts", "relaxations", "findings")

# Decimals of a float in a CSV file: 1e-10 of a fraction is a millionth of a basis point. Parquet keeps every bit.
_FLOAT_DIGITS = 10


@dataclass(frozen=True, slots=True)
class ResultTables:
    """Everything a run says, in the columns of its files; `lines`: what those of trades.csv are made of."""

    trades: pl.DataFrame
    lines: TradeWords
    households: pl.DataFrame
    accounts: pl.DataFrame
    relaxations: pl.DataFrame
    findings: pl.DataFrame


def write_results(
    folder: Path,
    *,
    book: Book,
    labels: BookLabels,
    market: Market,
    market_labels: MarketLabels,
    proposals: Proposals,
    findings: Sequence[Finding],
    formats: Sequence[str] = ("csv", "parquet"),
) -> None:
    """Write every file of a run into `folder`, all of them or none; files of an earlier run go.

    Raises ProposalError where the proposals contradict themselves, OSError where the folder cannot be written.
    """
    tables = result_tables(
        book=book,
        labels=labels,
        market=market,
        market_labels=market_labels,
        proposals=proposals,
        findings=findings,
    )
    write_tables(folder, tables, formats=formats)


def write_tables(
    folder: Path,
    tables: ResultTables,
    *,
    formats: Sequence[str] = ("csv", "parquet"),
    pages: Mapping[str, PageMaker] | None = None,
    threads: int = 1,
    seal: Callable[[Path], None] | None = None,
) -> None:
    """Write tables, and pages made of them (file name to what makes its text), into `folder`: all of them or none.

    `formats` are "csv" and "parquet"; findings.csv is written whatever they are. Pages are made while tables are
    written; `seal` gets the folder of all files before they go to their places. Raises ValueError for another format.
    """
    named: dict[str, pl.DataFrame] = {name: getattr(tables, name) for name in _TABLES}
    _replace_all(folder, named, formats, dict(pages or {}), (tables.lines, threads), seal)


def write_findings(folder: Path, findings: Sequence[Finding], *, formats: Sequence[str] = ("csv", "parquet")) -> None:
    """Write the findings of a run that could do nothing into `folder`, alone: every file of an earlier run goes."""
    _replace_all(folder, {"findings": findings_table(findings)}, formats, {})


def findings_csv(findings: Sequence[Finding]) -> str:
    """Findings as the text of a findings.csv, in the order in which they come."""
    return findings_table(findings).write_csv()


def file_names(formats: Sequence[str]) -> tuple[str, ...]:
    """Names of the files of the tables of a run."""
    names = (f"{table}.{suffix}" for table in _TABLES for suffix in formats)
    return (*names, *(() if "csv" in formats else ("findings.csv",)))


def _replace_all(
    folder: Path,
    tables: Mapping[str, pl.DataFrame],
    formats: Sequence[str],
    pages: Mapping[str, PageMaker],
    trades: tuple[TradeWords, int] | None = None,
    seal: Callable[[Path], None] | None = None,
) -> None:
    """Write tables and pages in place of all that an earlier run left; `trades` = what their lines say, threads."""
    if unknown := set(formats) - {"csv", "parquet"}:
        raise ValueError(f"formats must be csv or parquet, were {sorted(unknown)}")
    with replaced_files(folder, [*file_names(("csv", "parquet")), PAGE, RUN_FILE, *pages]) as partial:
        _write_all(partial, tables, formats, pages, trades)
        if seal is not None:
            seal(partial)


def _write_all(
    folder: Path,
    tables: Mapping[str, pl.DataFrame],
    formats: Sequence[str],
    pages: Mapping[str, PageMaker],
    trades: tuple[TradeWords, int] | None,
) -> None:
    """Write the pages and the large Parquet file on threads, which hold no lock; all else here, where Ctrl-C is heard.

    Returns, and fails, when the threads are done: nobody writes into a folder that is taken away.
    """
    with ThreadPoolExecutor(max_workers=1 + len(pages)) as beside:
        waiting = [beside.submit(_write_page, make, folder / name) for name, make in pages.items()]
        if "parquet" in formats and "trades" in tables:
            waiting.append(beside.submit(_write_parquet, tables["trades"], folder / "trades.parquet"))
        for name, table in tables.items():
            path = folder / f"{name}.csv"
            if "csv" in formats and name == "trades" and trades is not None:
                _write_lines(table.columns, *trades, path)
            elif "csv" in formats or name == "findings":
                _write_csv(table, path)
            if "parquet" in formats and name != "trades":
                _write_parquet(table, folder / f"{name}.parquet")
        for each in waiting:
            each.result()


def result_tables(
    *,
    book: Book,
    labels: BookLabels,
    market: Market,
    market_labels: MarketLabels,
    proposals: Proposals,
    findings: Sequence[Finding],
    threads: int = 1,
) -> ResultTables:
    """Turn proposals into the tables of the files, with their reasons and messages in words.

    Raises ProposalError where a household that is not proposed has trades, a count of trades is wrong or a
    figure of a trade is not a number: a bug upstream that no file may hide.
    """
    _verify(proposals)
    with ThreadPoolExecutor(max_workers=max(threads, 1)) as pool:
        households = pool.submit(_households_table, book, labels, proposals, findings)
        words = trade_words(book, labels, market, market_labels, proposals.trades, pool)
        return ResultTables(
            trades=trade_table(labels, market_labels, proposals.trades, words, pool),
            lines=words,
            households=households.result(),
            accounts=_accounts_table(book, labels, proposals),
            relaxations=_relaxations_table(labels, proposals),
            findings=findings_table(findings),
        )


def _verify(proposals: Proposals) -> None:
    """Raise ProposalError where trades and outcomes do not agree."""
    trades, outcomes = proposals.trades, proposals.outcomes
    counts = np.bincount(trades.household, minlength=len(outcomes.status))
    wrong = np.flatnonzero(counts != np.where(outcomes.status == Status.PROPOSED, outcomes.trades, 0))
    if len(wrong):
        row = int(wrong[0])
        raise ProposalError(
            f"household row {row} is {_lower(Status, outcomes.status[row])} and counts {outcomes.trades[row]}"
            f" trades, but {counts[row]} stand in its name"
        )
    for name, figures in (("figure_1", trades.figure_1), ("figure_2", trades.figure_2)):
        bad = np.flatnonzero(~np.isfinite(figures))
        if len(bad):
            raise ProposalError(f"{name} of trade {bad[0]} must be a finite number, was {figures[bad[0]]}")


def _households_table(
    book: Book, labels: BookLabels, proposals: Proposals, findings: Iterable[Finding]
) -> pl.DataFrame:
    """One row per household; what was not computed (a refused household's tracking, say) is empty."""
    outcomes, trades = proposals.outcomes, proposals.trades
    solved = (outcomes.status == Status.PROPOSED) | (outcomes.status == Status.HOLD)
    looked_at = outcomes.status != Status.REFUSED
    count = len(outcomes.status)
    taxable = book.accounts.kind[trades.account] == AccountKind.TAXABLE
    long_term = trades.long_term != 0

    def total(amounts: IntArray, chosen: NDArray[np.bool_]) -> pl.Series:
        sums = np.zeros(count, np.int64)
        np.add.at(sums, trades.household[chosen], amounts[chosen])
        return exact(sums, DOLLAR)

    return pl.DataFrame(
        {
            "household_id": pl.Series(labels.households.tolist(), dtype=pl.String),
            "status": _words(Status, outcomes.status),
            "message": pl.Series(household_messages(book, labels, proposals, findings), dtype=pl.String),
            "value": exact(outcomes.value, DOLLAR),
            "te_before": _known(outcomes.te_before, looked_at),
            "te_after": _known(outcomes.te_after, solved),
            "tax": exact(outcomes.tax, DOLLAR),
            "cost": exact(outcomes.cost, DOLLAR),
            "score_bps": _known(outcomes.score * 1e4, solved),
            "gap_convex_bps": _known(outcomes.gap_convex * 1e4, looked_at),
            "gap_bps": _known(outcomes.gap * 1e4, solved),
            "n_trades": pl.Series(outcomes.trades).cast(pl.Int32),
            "cause": _words(Cause, outcomes.cause),
            "model": pl.Series(model_names(labels, book), dtype=pl.String),
            "bought": total(trades.value, trades.side == Side.BUY),
            "sold": total(trades.value, trades.side == Side.SELL),
            "short_gain": total(trades.gain, taxable & ~long_term),
            "long_gain": total(trades.gain, taxable & long_term),
            "policy_version": pl.Series(policy_versions(labels, book), dtype=pl.String),
        }
    )


def _accounts_table(book: Book, labels: BookLabels, proposals: Proposals) -> pl.DataFrame:
    """One row per account: how its problem went, and what gave way in it."""
    results = proposals.accounts
    # An account that was not solved has zeros throughout (`AccountResults`).
    solved = (results.steps > 0) | (results.objective != 0) | (results.objective_hold != 0)
    relaxed: dict[int, list[str]] = {}
    for account, text in zip(proposals.relaxations.account.tolist(), _relaxed(labels, proposals), strict=True):
        relaxed.setdefault(account, []).append(text)  # -1: of the household, which no row is of
    return pl.DataFrame(
        {
            "account_id": pl.Series(labels.accounts.tolist(), dtype=pl.String),
            "household_id": _named(labels.households, book.accounts.household),
            "kind": _words(AccountKind, book.accounts.kind),
            "trades": pl.Series(book.accounts.trades),
            "steps": pl.Series(results.steps).cast(pl.Int32),
            "objective_bps": _known(results.objective * 1e4, solved),
            "objective_hold_bps": _known(results.objective_hold * 1e4, solved),
            "lower_bound_bps": _known(results.lower_bound * 1e4, solved),
            "gap_convex_bps": _known(results.gap_convex * 1e4, solved),
            "cash_before": _known(results.cash_before, solved),
            "cash_after": _known(results.cash_after, solved),
            "relaxed": pl.Series(
                ["; ".join(relaxed[row]) if row in relaxed else None for row in range(len(results.steps))],
                dtype=pl.String,
            ),
        }
    )


def _relaxed(labels: BookLabels, proposals: Proposals) -> list[str]:
    rows = proposals.relaxations
    return [
        relaxation_text(restriction_name(labels, source), required, reached)
        for source, required, reached in zip(
            rows.source.tolist(), rows.required.tolist(), rows.reached.tolist(), strict=True
        )
    ]


def _relaxations_table(labels: BookLabels, proposals: Proposals) -> pl.DataFrame:
    """One row per restriction that could not be kept in full; without an account it is one of the household.

    Bounds are fractions of the value of the account, or of the household's accounts.
    """
    rows = proposals.relaxations
    return pl.DataFrame(
        {
            "household_id": _named(labels.households, rows.household),
            "account_id": _named(labels.accounts, np.maximum(rows.account, 0)).set(pl.Series(rows.account < 0), None),
            "restriction": pl.Series(
                [restriction_name(labels, source) for source in rows.source.tolist()], dtype=pl.String
            ),
            "required": pl.Series(rows.required, dtype=pl.Float64),
            "reached": pl.Series(rows.reached, dtype=pl.Float64),
        }
    )


def findings_table(findings: Sequence[Finding]) -> pl.DataFrame:
    """One row per finding, as found. Cells that are not Unicode come with replacement characters."""

    def column(name: str) -> pl.Series:
        values: list[str | None] = [getattr(finding, name) for finding in findings]
        return pl.Series([value and _encodable(value) for value in values], dtype=pl.String)

    return pl.DataFrame(
        {
            "file": column("file"),
            "line": pl.Series([finding.line for finding in findings], dtype=pl.Int64),
            "column": column("column"),
            "severity": column("severity"),
            "must_be": column("must_be"),
            "was": column("was"),
            "to_do": column("to_do"),
            "household": column("household"),
        }
    )


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _known(values: NDArray[np.float64], known: NDArray[np.bool_]) -> pl.Series:
    """Floats with an empty cell where they are not known or not finite."""
    return pl.Series(values, dtype=pl.Float64).set(pl.Series(~known | ~np.isfinite(values)), None)


def _named(names: NDArray[np.str_] | Sequence[str], rows: NDArray[Any]) -> pl.Series:
    """Names of rows; numpy keeps strings at full width, so only the distinct ones pass through Python."""
    values = names.tolist() if isinstance(names, np.ndarray) else list(names)
    return pl.Series(values, dtype=pl.String).gather(rows.astype(np.int64))


def _words(kind: type[Side | Status | Cause | AccountKind], codes: NDArray[Any]) -> pl.Series:
    """Names of an enumeration's codes, in the small letters of the files."""
    return pl.Series([_lower(kind, code) for code in range(len(kind))]).gather(codes.astype(np.int64))


def _lower(kind: type[Side | Status | Cause | AccountKind], code: int) -> str:
    return kind(int(code)).name.lower()


def _write_parquet(table: pl.DataFrame, path: Path) -> None:
    """Write a table as Parquet; the lowest level of zstd makes files as small as the highest in half the time."""
    table.write_parquet(path, compression="zstd", compression_level=1)


def _write_lines(columns: Sequence[str], trades: TradeWords, threads: int, path: Path) -> None:
    """Write trades as CSV; their exact numbers come without trailing zeros."""
    with path.open("wb") as file:
        file.write((",".join(columns) + "\n").encode())
        for block in trade_lines(trades, threads):
            file.write(block.data)


def _write_page(make: PageMaker, path: Path) -> None:
    path.write_text(make(), encoding="utf-8")


def _write_csv(table: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV: exact columns without trailing zeros, floats without exponents."""
    columns = []
    for name, kind in table.schema.items():
        column = pl.col(name)
        if kind.is_decimal():
            column = column.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
        elif kind.is_float():
            column = column.round(_FLOAT_DIGITS)
        columns.append(column)
    table.select(columns).write_csv(path, float_scientific=False)
