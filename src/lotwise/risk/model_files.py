"""The three files of a risk model in a firm folder: risk/exposures.csv, risk/covariance.csv, risk/specific.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.errors import RiskModelError

__all__ = ["ModelTables", "read", "write"]

Floats = NDArray[np.float64]

# So many bad rows are written out in one message; the others are counted.
_SHOWN = 20


class ModelTables(NamedTuple):
    """What the three files say; the symbols are those of specific.csv, the factors those of covariance.csv."""

    symbols: tuple[str, ...]  # N
    factors: tuple[str, ...]  # k
    exposures: Floats  # (N, k); 0 where a symbol has rows and none says anything
    covariance: Floats  # (k, k) annual; a pair may be given once or both ways, 0 where it is not given
    specific: Floats  # (N,) annual variance


class _Row(NamedTuple):
    line: int
    keys: tuple[str, ...]
    value: float


def write(folder: Path, tables: ModelTables) -> None:
    """Write the tables; each file is written beside its place and then moved there, so that none is left half."""
    risk = folder / "risk"
    risk.mkdir(parents=True, exist_ok=True)
    symbols, factors = tables.symbols, tables.factors
    exposures = [
        (symbol, factor, repr(float(tables.exposures[i, j])))
        for i, symbol in enumerate(symbols)
        for j, factor in enumerate(factors)
    ]
    covariance = [
        (first, second, repr(float(tables.covariance[i, j])))
        for i, first in enumerate(factors)
        for j, second in enumerate(factors)
    ]
    specific = [(symbol, repr(float(tables.specific[i]))) for i, symbol in enumerate(symbols)]
    _write_file(risk / "exposures.csv", ("symbol", "factor", "value"), exposures)
    _write_file(risk / "covariance.csv", ("factor", "factor2", "value"), covariance)
    _write_file(risk / "specific.csv", ("symbol", "variance"), specific)


def _write_file(path: Path, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    beside = path.with_name(path.name + ".part")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    beside.replace(path)


def read(folder: Path) -> ModelTables:
    """Read the tables; RiskModelError lists bad rows with file and line, what was expected and what came."""
    risk = folder / "risk"
    problems: list[str] = []
    covariance_rows = _read_file(risk / "covariance.csv", ("factor", "factor2", "value"), problems)
    specific_rows = _read_file(risk / "specific.csv", ("symbol", "variance"), problems)
    exposure_rows = _read_file(risk / "exposures.csv", ("symbol", "factor", "value"), problems)
    symbol_row = {key: i for i, key in enumerate(dict.fromkeys(row.keys[0] for row in specific_rows))}
    names = [name for row in covariance_rows for name in row.keys]
    factor_row = {key: i for i, key in enumerate(dict.fromkeys(names))}
    specific = np.zeros(len(symbol_row))
    for row in specific_rows:
        specific[symbol_row[row.keys[0]]] = row.value
    covariance = np.full((len(factor_row), len(factor_row)), np.nan)
    for row in covariance_rows:
        covariance[factor_row[row.keys[0]], factor_row[row.keys[1]]] = row.value
    covariance = np.where(np.isnan(covariance), covariance.T, covariance)
    problems += [
        f"covariance.csv: must give the variance of factor {name}, had none"
        for name, i in factor_row.items()
        if np.isnan(covariance[i, i])
    ]
    exposures = np.zeros((len(symbol_row), len(factor_row)))
    if not any(problem.startswith("exposures.csv") for problem in problems):
        exposed = {row.keys[0] for row in exposure_rows}
        problems += [
            f"exposures.csv: must have a row of {symbol}, with the value 0 if it has no exposure: add it"
            for symbol in symbol_row
            if symbol not in exposed
        ]
    for row in exposure_rows:
        symbol, factor = row.keys
        if symbol not in symbol_row:
            problems.append(f"exposures.csv line {row.line}: symbol {symbol} must have a row in specific.csv")
        elif factor not in factor_row:
            problems.append(f"exposures.csv line {row.line}: factor {factor} must have a row in covariance.csv")
        else:
            exposures[symbol_row[symbol], factor_row[factor]] = row.value
    if problems:
        rest = len(problems) - _SHOWN
        more = [f"and {rest} more"] if rest > 0 else []
        raise RiskModelError("the risk model cannot be read: " + "; ".join(problems[:_SHOWN] + more))
    covariance = np.where(np.isnan(covariance), 0.0, covariance)
    return ModelTables(tuple(symbol_row), tuple(factor_row), exposures, covariance, specific)


def _read_file(path: Path, columns: tuple[str, ...], problems: list[str]) -> list[_Row]:
    """Read rows of names with one number at the end; bad and repeated rows become problems."""
    rows: list[_Row] = []
    seen: set[tuple[str, ...]] = set()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        problems.append(f"{path.name}: must be a readable UTF-8 file, {reason}")
        return rows
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        problems.append(f"{path.name} line 1: must have the columns {', '.join(columns)}, had no {', '.join(missing)}")
        return rows
    try:
        for record in reader:
            keys = tuple((record[column] or "").strip() for column in columns[:-1])
            given = record[columns[-1]] or ""
            where = f"{path.name} line {reader.line_num}"
            value = _number(given)
            if "" in keys:
                problems.append(f"{where}: {' and '.join(columns[:-1])} must not be empty")
            elif value is None:
                problems.append(
                    f"{where}: {columns[-1]} of {' and '.join(keys)} must be a finite number, was {given!r}"
                )
            elif keys in seen:
                problems.append(f"{where}: {' and '.join(keys)} must appear once, was there before: remove one row")
            else:
                seen.add(keys)
                rows.append(_Row(reader.line_num, keys, value))
    except csv.Error as error:
        problems.append(f"{path.name} line {reader.line_num}: must be CSV, {error}")
    return rows


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
