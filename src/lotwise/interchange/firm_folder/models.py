"""models and glide: target portfolios, blends resolved, and which of them a household follows on the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.securities import Securities, code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.money import IntArray
from lotwise.rebalancing.book import Models

__all__ = ["ModelTable", "read_models", "report_unpriced_targets"]

_SUM_TOLERANCE = 1e-6  # rounding of weights to six digits or more; what is left is spread in proportion


@dataclass(frozen=True, slots=True)
class ModelTable:
    """Models by name, in the order of the file; a wrong one is empty (all cash) and `sound` is False."""

    names: tuple[str, ...]
    models: Models
    sound: NDArray[np.bool_]


@dataclass(slots=True)
class _Blend:
    """A model being resolved: weights on its own securities, cash, and the models it takes in."""

    line: int
    own: NDArray[np.float64]
    cash: float
    children: list[tuple[str, float]]


def read_models(table: TypedTable, securities: Securities, today: int, findings: FindingList) -> ModelTable | None:
    """Read the models as they stand on a day; None, with a fatal finding, if none is sound."""
    table.report_cells(findings)
    frame = table.frame.with_columns(
        code_of(table.frame["symbol"], securities.labels.symbols).alias("security"),
        table.frame["symbol"].is_in(list(securities.cash)).fill_null(value=False).alias("is_cash"),
        table.errors().alias("wrong"),
    )
    frame = _of_day(frame, today)
    wrong = set(frame.filter(pl.col("wrong") & pl.col("model").is_not_null())["model"].to_list())
    known = set(frame["model"].drop_nulls().to_list())
    for row in table.broken:
        message = Message(Severity.ERROR, "a row as wide as the header", "correct the row; its model is not used")
        findings.add(Place(table.file, row.line), message, row.why)
        wrong |= known.intersection(cell.strip() for cell in row.cells)
    frame = frame.filter(pl.col("model").is_not_null())
    wrong |= _report_rows(table.file, frame, findings)
    names = tuple(frame["model"].unique(maintain_order=True).to_list())
    blends = _collect(frame, names, securities.count)
    wrong |= _report_sums(table.file, frame, wrong, findings)
    resolved = _resolve(table.file, blends, wrong, findings)
    if not resolved:
        message = Message(Severity.ERROR, "one sound model at least", "correct the models")
        findings.stop(Place(table.file), message, f"{len(names)} models, none sound")
        return None
    return _arrange(names, resolved)


def _of_day(frame: pl.DataFrame, today: int) -> pl.DataFrame:
    """Rows of each model's weights of the day: those from the latest day that has come, or those without one."""
    come = frame.filter(pl.col("from").is_null() | (pl.col("from") <= today))
    latest = pl.col("from").max().over("model")
    return come.filter(pl.col("from").eq_missing(latest) | pl.col("wrong"))


def _report_rows(file: str, frame: pl.DataFrame, findings: FindingList) -> set[str]:
    """Report rows that name nothing, both or something twice; the models they spoil."""
    symbol, child = pl.col("symbol").is_not_null(), pl.col("child_model").is_not_null()
    no_security = symbol & pl.col("security").is_null() & ~pl.col("is_cash")
    target = pl.coalesce(pl.col("symbol"), pl.lit("\0") + pl.col("child_model"))
    again = ~pl.struct("model", target.alias("target")).is_first_distinct()
    checks = (
        ("symbol", symbol & child, "symbol or child_model, not both", "keep one of them"),
        ("symbol", ~symbol & ~child, "symbol or child_model, filled", "name a security, CASH, or a model"),
        (
            "symbol",
            no_security & ~child,
            "a symbol of the securities file, or CASH",
            "add the security or correct it",
        ),
        (
            "child_model",
            child & ~pl.col("child_model").is_in(frame["model"].implode()),
            "a model",
            "correct the name",
        ),
        ("symbol", again & (symbol | child), "once in a model", "remove one of the rows"),
    )
    spoiled: set[str] = set()
    marks = frame.select(check.alias(str(number)) for number, (_, check, _, _) in enumerate(checks))
    for number, (column, _, must_be, to_do) in enumerate(checks):
        rows = frame.filter(marks[str(number)])
        if rows.is_empty():
            continue
        message = Message(Severity.ERROR, must_be, f"{to_do}; until then the model is not used")
        was = rows.select(pl.coalesce(pl.col(column), pl.lit(""))).to_series()
        findings.rows(Place(file, None, column), message, rows_to_report(rows[LINE], was))
        spoiled |= set(rows["model"].to_list())
    return spoiled


def _report_sums(file: str, frame: pl.DataFrame, wrong: set[str], findings: FindingList) -> set[str]:
    spoiled = set()
    sums = frame.group_by("model", maintain_order=True).agg(pl.col("weight").sum(), pl.col(LINE).first())
    for model, total, line in sums.iter_rows():
        if model not in wrong and abs(total - 1) > _SUM_TOLERANCE:
            message = Message(
                Severity.ERROR,
                "weights that sum to 1",
                f"correct the weights of {model}; until then it is not used",
            )
            findings.add(Place(file, line, "weight"), message, f"{total:.9g}")
            spoiled.add(model)
    return spoiled


def _collect(frame: pl.DataFrame, names: tuple[str, ...], count: int) -> dict[str, _Blend]:
    blends: dict[str, _Blend] = {}
    parts = frame.partition_by("model", maintain_order=True)
    for name, part in zip(names, parts, strict=True):
        own = np.zeros(count)
        stocks = part.filter(pl.col("security").is_not_null() & pl.col("weight").is_not_null())
        own[stocks["security"].to_numpy()] = stocks["weight"].to_numpy()
        cash = float(part.filter(pl.col("is_cash"))["weight"].sum())
        children = part.filter(pl.col("child_model").is_not_null() & pl.col("weight").is_not_null())
        blends[name] = _Blend(part[LINE][0], own, cash, list(children.select("child_model", "weight").iter_rows()))
    return blends


def _resolve(
    file: str, blends: dict[str, _Blend], wrong: set[str], findings: FindingList
) -> dict[str, tuple[NDArray[np.float64], float]]:
    """Put the weights of child models in place of them, children first; a model of a wrong one is wrong itself."""
    resolved: dict[str, tuple[NDArray[np.float64], float]] = {}
    waiting = [name for name in blends if name not in wrong]
    while waiting:
        left = []
        for name in waiting:
            blend = blends[name]
            if any(child in wrong for child, _ in blend.children):
                _spoil(file, name, blend.line, "made of a wrong model", wrong, findings)
            elif all(child in resolved for child, _ in blend.children):
                own, cash = blend.own.copy(), blend.cash
                for child, weight in blend.children:
                    own += weight * resolved[child][0]
                    cash += weight * resolved[child][1]
                total = own.sum() + cash
                resolved[name] = (own / total, cash / total)
            else:
                left.append(name)
        if len(left) == len(waiting):
            for name in left:
                _spoil(
                    file,
                    name,
                    blends[name].line,
                    "made of itself, directly or through others",
                    wrong,
                    findings,
                )
            break
        waiting = left
    return resolved


def _spoil(file: str, name: str, line: int, why: str, wrong: set[str], findings: FindingList) -> None:
    message = Message(Severity.ERROR, "made of sound models", "correct the blend; until then it is not used")
    findings.add(Place(file, line, "child_model"), message, f"{name}: {why}")
    wrong.add(name)


def _arrange(names: tuple[str, ...], resolved: dict[str, tuple[NDArray[np.float64], float]]) -> ModelTable:
    start = np.zeros(len(names) + 1, dtype=np.int64)
    held: list[NDArray[np.int64]] = []
    weights: list[NDArray[np.float64]] = []
    cash = np.ones(len(names))
    for number, name in enumerate(names):
        if name in resolved:
            own, cash[number] = resolved[name]
            held.append(np.flatnonzero(own))
            weights.append(own[held[-1]])
        start[number + 1] = sum(map(len, held[-1:])) * (name in resolved) + start[number]
    models = Models(
        start,
        np.concatenate([np.zeros(0, dtype=np.int64), *held]).astype(np.int32),
        np.concatenate([np.zeros(0), *weights]),
        cash,
    )
    return ModelTable(names, models, np.array([name in resolved for name in names], dtype=np.bool_))


def report_unpriced_targets(
    file: str, securities: Securities, close: IntArray, models: ModelTable, findings: FindingList
) -> None:
    """Warn of every security that a model wants and that has no price."""
    for number in np.unique(models.models.security):
        if close[number] == 0:
            symbol = securities.labels.symbols[number]
            message = Message(Severity.WARNING, "a security with a price", "add its price; until then it is not bought")
            findings.add(Place(file, None, "symbol"), message, symbol)
