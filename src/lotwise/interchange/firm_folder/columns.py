"""Typed columns from raw ones, all cells of a column at once; wrong cells become empty and are remembered.

Exactness: decimal text is read as a double and multiplied into integer units, which is right to the last unit unless
the number is large or ends within a hair of half a unit; those few are read again as decimals. Error bound: text to
double and the product err by 2^-53 relative each, so below 2^40 units by less than 2^-12 of a unit; a rounding can then
only go wrong within 2^-12 of a half. Cells that are doubles already (Parquet) are rounded to the unit, half to even.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import polars as pl

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.contract import Column, FileContract, Kind
from lotwise.interchange.firm_folder.csv_text import BrokenRow
from lotwise.interchange.firm_folder.doubles import WholeUnits, whole_units
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.tables import LINE, RawTable
from lotwise.money import parse_decimal

__all__ = ["Owners", "TypedTable", "empty_table", "type_table"]

_SURE_BELOW = 2.0**40
_NEAR_HALF = 2.0**-10
_ROUNDOFF = 2.0**-51  # twice the error bound above, relative
_FITS = 2.0**62
_FIRST_DAY, _LAST_DAY = date(1800, 1, 1), date(2199, 12, 31)
_DATE_TEXT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00(\.0+)?)?)?$"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{FFFD}]"

_ROUNDED = (Kind.SHARES, Kind.MONEY)
_EXACT = (Kind.SHARES, Kind.MONEY, Kind.RATE, Kind.BASIS_POINTS)
_TYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.CHOICE: pl.String(),
    Kind.FLAG: pl.Boolean(),
    Kind.DATE: pl.Int32(),
    Kind.NUMBER: pl.Float64(),
    **dict.fromkeys(_EXACT, pl.Int64()),
}


@dataclass(frozen=True, slots=True)
class Owners:
    """Household of each row of a table: positions among the names (null = none known)."""

    names: pl.Series
    code: pl.Series

    def of(self, mask: pl.Series) -> pl.Series:
        """Names of the households of the rows that a mask keeps."""
        return self.names.gather(self.code.filter(mask))


@dataclass(frozen=True, slots=True)
class TypedTable:
    """One file as typed columns: all columns of its contract and `LINE`; wrong cells are null.

    `was` keeps the cells as they came, `bad` a mask for each column that has wrong cells.
    """

    contract: FileContract
    file: str
    frame: pl.DataFrame
    was: pl.DataFrame
    bad: Mapping[str, pl.Series]
    broken: tuple[BrokenRow, ...]
    rounded: Mapping[str, int]  # shares and money: how many values had more decimals than are kept

    def errors(self) -> pl.Series:
        """Whether a row has a wrong cell that is an error."""
        wrong = pl.repeat(False, self.frame.height, dtype=pl.Boolean, eager=True)
        for column in self.contract.columns:
            if column.name in self.bad and column.severity is Severity.ERROR:
                wrong |= self.bad[column.name]
        return wrong

    def wrong(self, name: str) -> pl.Series:
        """Whether a cell of this column is wrong."""
        if name in self.bad:
            return self.bad[name]
        return pl.repeat(False, self.frame.height, dtype=pl.Boolean, eager=True)

    def report_cells(
        self,
        findings: FindingList,
        owners: Owners | None = None,
        keep: pl.Series | None = None,
        at_most: Severity = Severity.ERROR,
    ) -> None:
        """Record a finding for every wrong cell of the rows in `keep` (all), no more severe than `at_most`."""
        for column in self.contract.columns:
            if column.name not in self.bad:
                continue
            mask = self.bad[column.name] if keep is None else self.bad[column.name] & keep
            if not mask.any():
                continue
            severity = column.severity
            if severity is Severity.ERROR and (at_most is not Severity.ERROR or not self.contract.used):
                severity = Severity.WARNING
            message = Message(severity, column.must_be, _to_do(self.contract, column, severity))
            was = self.was[column.name].filter(mask).cast(pl.String, strict=False)
            rows = rows_to_report(self.frame[LINE].filter(mask), was, owners.of(mask) if owners else None)
            findings.rows(Place(self.file, None, column.name), message, rows)

    def report_rounded(self, findings: FindingList) -> None:
        """Record one notice for each column of shares or money in which values had to be rounded."""
        for name, count in self.rounded.items():
            places = len(str(self.contract.column(name).kind.units)) - 1
            message = Message(Severity.NOTICE, f"at most {places} decimals", f"rounded to {places} decimals")
            was = f"{count} {'value' if count == 1 else 'values'} with more"
            findings.add(Place(self.file, None, name), message, was)

    def report_unused(self, findings: FindingList) -> None:
        """Record one notice for each column that has values and is not used yet, or for the file as a whole."""
        later = "validated; this version does not use it yet"
        if not self.contract.used:
            if self.frame.height:
                message = Message(Severity.NOTICE, self.contract.meaning, later)
                findings.add(Place(self.file), message, f"{self.frame.height} rows")
            return
        names = [column.name for column in self.contract.columns if not column.used]
        if not names or not self.frame.height:
            return
        filled = self.frame.select(pl.col(names).is_not_null().sum()).row(0)
        for name, count in zip(names, filled, strict=True):
            if count:
                message = Message(Severity.NOTICE, self.contract.column(name).must_be, later)
                findings.add(Place(self.file, None, name), message, f"{count} values")


def _to_do(contract: FileContract, column: Column, severity: Severity) -> str:
    if not column.used:
        return "correct it; it is not used yet"
    if severity is Severity.ERROR:
        return f"correct it; until then {contract.until or 'what it belongs to is refused'}"
    return "correct it; until then it counts as unknown"


def empty_table(contract: FileContract) -> TypedTable:
    """Return the table of a file that is not there."""
    schema = {LINE: pl.Int64(), **{column.name: _TYPES[column.kind] for column in contract.columns}}
    frame = pl.DataFrame(schema=schema)
    return TypedTable(contract, contract.name, frame, frame, {}, (), {})


def type_table(raw: RawTable) -> TypedTable:
    """Read every cell of a file as the type its column has in the contract."""
    present = [column for column in raw.contract.columns if column.name in raw.frame.columns]
    absent = [column for column in raw.contract.columns if column.name not in raw.frame.columns]
    plain = {column.name for column in present if column.kind is Kind.TEXT and column.name in raw.plain}
    was = raw.frame.with_columns(
        _as_read(column, raw.frame.schema[column.name]) for column in present if column.name not in plain
    )
    doubles = {
        column.name: _whole_units(column, was[column.name])
        for column in present
        if column.kind in _ROUNDED and was.schema[column.name] == pl.Float64
    }
    others = [column for column in present if column.name not in doubles]
    fine = [column for column in others if column.kind in _ROUNDED]
    exact_text = [column for column in others if column.kind in _EXACT and was.schema[column.name] == pl.String]
    read = was.select(
        pl.col(LINE),
        *(
            expression
            for column in others
            for expression in (_plain(column) if column.name in plain else _read(column, was.schema[column.name]))
        ),
        *(
            expression
            for column in present
            if column.name in doubles
            for expression in _value_and_wrong(column, pl.lit(doubles[column.name].values), pl.col(column.name))
        ),
        *(_is_odd(column) for column in exact_text),
        *(_is_rounded(column, was.schema[column.name]) for column in fine),
        *(pl.lit(None, dtype=_TYPES[column.kind]).alias(column.name) for column in absent),
    )
    frame = read.select(LINE, *(column.name for column in raw.contract.columns))
    masks = [_bad(column) for column in present] + [_odd(column) for column in exact_text]
    marks = dict(zip(masks, read.select(pl.col(masks).any()).row(0), strict=True))
    bad = {column.name: read[_bad(column)] for column in present if marks[_bad(column)]}
    for column in exact_text:
        if marks[_odd(column)]:
            values, wrong = _read_odd_ones(column, was[column.name], read)
            frame = frame.with_columns(values)
            bad[column.name] = wrong
    counts = read.select(pl.col([_rounded(column) for column in fine]).sum()).row(0) if fine else ()
    rounded = {name: units.rounded for name, units in doubles.items()}
    rounded |= {column.name: count for column, count in zip(fine, counts, strict=True)}
    kept = {column.name: rounded[column.name] for column in present if rounded.get(column.name)}
    return TypedTable(raw.contract, raw.file, frame, was, bad, raw.broken, kept)


def _whole_units(column: Column, cells: pl.Series) -> WholeUnits:
    return whole_units(cells, column.kind.units, _bounds(column), (_ROUNDOFF, _NEAR_HALF))


def _odd(column: Column) -> str:
    return f"odd {column.name}"


@lru_cache(maxsize=1024)  # expressions are the same for every folder
def _is_odd(column: Column) -> pl.Expr:
    """Whether the double of a cell is not surely rounded right (see the head of this file)."""
    scaled = pl.col(column.name).cast(pl.Float64, strict=False) * column.kind.units
    from_half = (scaled - scaled.floor() - 0.5).abs()
    odd = scaled.is_finite() & ((scaled.abs() >= _SURE_BELOW) | (from_half < _NEAR_HALF))
    return odd.fill_null(value=False).alias(_odd(column))


def _rounded(column: Column) -> str:
    return f"rounded {column.name}"


@lru_cache(maxsize=1024)  # expressions are the same for every folder
def _is_rounded(column: Column, held: pl.DataType) -> pl.Expr:
    """Whether a cell has more decimals than the column's units keep (see the head of this file)."""
    scaled = pl.col(column.name).cast(pl.Float64, strict=False) * column.kind.units
    off = (scaled - scaled.round()).abs()
    # A double that was computed may miss its decimals by more than text can.
    least = scaled.abs() * _ROUNDOFF + (0.0 if held == pl.String else _NEAR_HALF)
    return (scaled.is_finite() & (off > least)).fill_null(value=False).alias(_rounded(column))


def _bad(column: Column) -> str:
    return f"bad {column.name}"


@lru_cache(maxsize=1024)  # expressions are the same for every folder
def _as_read(column: Column, held: pl.DataType) -> pl.Expr:
    """Bring a raw column to what `_read` takes: text without blanks (empty = null), a double, or a date."""
    cell = pl.col(column.name)
    if held == pl.String:
        text = cell.str.strip_chars()
        return pl.when(text != "").then(text).alias(column.name)
    if held.is_float():
        if column.kind in _EXACT or column.kind is Kind.NUMBER:
            return cell.cast(pl.Float64)
        # A spreadsheet's identifiers: 101.0 means 101.
        whole = cell.cast(pl.Int64, strict=False)
        return pl.when(whole == cell).then(whole.cast(pl.String)).otherwise(cell.cast(pl.String)).alias(column.name)
    if held == pl.Date and column.kind is Kind.DATE:
        return cell
    if isinstance(held, pl.Datetime) and column.kind is Kind.DATE:
        return cell.dt.date()
    return cell.cast(pl.String, strict=False)


@lru_cache(maxsize=1024)  # expressions are the same for every folder
def _read(column: Column, held: pl.DataType) -> tuple[pl.Expr, pl.Expr]:
    """Value and whether the cell is wrong, as expressions named after the column."""
    cell = pl.col(column.name)
    if column.kind in _EXACT or column.kind is Kind.NUMBER:
        value = _number(column, cell, held)
    elif column.kind is Kind.DATE:
        value = _day(cell, held)
    elif column.kind is Kind.FLAG:
        lower = cell.str.to_lowercase()
        value = (
            pl.when(lower.is_in(["true", "1"]))
            .then(statement=True)
            .when(lower.is_in(["false", "0"]))
            .then(statement=False)
        )
    elif column.kind is Kind.CHOICE:
        lower = cell.str.to_lowercase()
        value = pl.when(lower.is_in(list(column.choices))).then(lower)
    else:
        value = pl.when(~cell.str.contains(_CONTROL)).then(cell)
    return _value_and_wrong(column, value, cell)


def _value_and_wrong(column: Column, value: pl.Expr, cell: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    wrong = value.is_null() if column.filled else value.is_null() & cell.is_not_null()
    return value.alias(column.name), wrong.alias(_bad(column))


def _plain(column: Column) -> tuple[pl.Expr, pl.Expr]:
    """As `_read`, of text of which every cell is known to be sound or null."""
    cell = pl.col(column.name)
    wrong = cell.is_null() if column.filled else pl.lit(value=False)
    return cell, wrong.alias(_bad(column))


def _day(cell: pl.Expr, held: pl.DataType) -> pl.Expr:
    if held == pl.String:
        text = pl.when(cell.str.contains(_DATE_TEXT)).then(cell.str.slice(0, 10))
        cell = text.str.to_date("%Y-%m-%d", strict=False)
    return pl.when(cell.is_between(pl.lit(_FIRST_DAY), pl.lit(_LAST_DAY))).then(cell.cast(pl.Int32))


def _number(column: Column, cell: pl.Expr, held: pl.DataType) -> pl.Expr:
    number = cell.cast(pl.Float64, strict=False) if held == pl.String else cell
    if column.kind is Kind.NUMBER:
        low = float(column.low) if column.low is not None else -_FITS
        high = float(column.high) if column.high is not None else _FITS
        return pl.when(number.is_between(low, high)).then(number)
    units = (number * column.kind.units).round(mode="half_to_even")
    return pl.when(units.is_between(*_bounds(column))).then(units.cast(pl.Int64, strict=False))


def _bounds(column: Column) -> tuple[float, float]:
    """Least and greatest value of an exact column, in units."""
    low = float(column.in_units(column.low)) if column.low is not None else -_FITS
    return low, float(column.in_units(column.high)) if column.high is not None else _FITS


def _read_odd_ones(column: Column, was: pl.Series, read: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Read the odd cells again, as decimals: the column's values, and which of its cells are wrong."""
    rows = read[_odd(column)].arg_true()
    low = column.in_units(column.low) if column.low is not None else -(2**62)
    high = column.in_units(column.high) if column.high is not None else 2**62
    values: list[int | None] = []
    for text in was.gather(rows):
        try:
            units = parse_decimal(text, column.kind.units)
        except ValueError:
            values.append(None)
            continue
        values.append(units if low <= units <= high else None)
    exact = pl.Series(column.name, values, dtype=pl.Int64)
    return read[column.name].scatter(rows, exact), read[_bad(column)].scatter(rows, exact.is_null())
