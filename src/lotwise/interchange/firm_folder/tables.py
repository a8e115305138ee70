"""Finding and opening the files of a firm folder: every table as columns, each row with the line it starts at.

CSV cells come as text. Parquet columns come as they are typed; the line of a row is its number, counted from 1.
Whatever is wrong with a file as a whole is a finding here; what is wrong with cells is found in `columns`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pyarrow.types as arrow_types
from pyarrow.lib import ArrowException

from lotwise.errors import Severity
from lotwise.households.toml_values import closest, shown
from lotwise.interchange.firm_folder.contract import FileContract
from lotwise.interchange.firm_folder.csv_text import BrokenRow, open_text, read_header, read_rows
from lotwise.interchange.firm_folder.files import FILE_ORDER
from lotwise.interchange.firm_folder.findings import EVERY_HOUSEHOLD, FindingList, Message, Place

__all__ = ["LINE", "RawTable", "is_there", "note_strangers", "read_file", "read_table"]

LINE = "line of the row"  # a name no column of the contract has

# pyarrow carries no types: what it returns is checked where it is used.
_open_parquet: Callable[..., Any] = pq.ParquetFile

# Columns whose cells repeat: read as a dictionary, each text of it once.
_REPEATED = ("account_id", "household_id", "symbol")

_FIRST_SIGN, _LAST_SIGN = 0x21, 0x7E  # of ASCII: no blanks, no control characters

_UNREADABLE = (
    pl.List,
    pl.Array,
    pl.Struct,
    pl.Binary,
    pl.Object,
    pl.Time,
    pl.Duration,
)


@dataclass(frozen=True, slots=True)
class RawTable:
    """One file as it is: the contract's columns that it has, with `LINE`, and the rows that cannot be read."""

    contract: FileContract
    file: str
    frame: pl.DataFrame
    broken: tuple[BrokenRow, ...]
    plain: frozenset[str] = frozenset()  # text columns without blanks, control characters and empty cells


def read_table(folder: Path, contract: FileContract, findings: FindingList) -> RawTable | None:
    """Open a file of the folder, CSV or Parquet; None if it is not there or is of no use, which is then a finding."""
    paths = [path for ending in (".csv", ".parquet") if (path := folder / f"{contract.stem}{ending}").exists()]
    if not paths:
        if contract.needed:
            to_do = "add the file: nothing can be done without it"
            findings.stop(Place(contract.name), Message(Severity.ERROR, "there, as CSV or Parquet", to_do), "missing")
        return None
    if len(paths) > 1:
        _unusable(contract, contract.name, None, "one file, CSV or Parquet", "both", "remove the older", findings)
        return None
    return read_file(paths[0], contract, findings)


def read_file(path: Path, contract: FileContract, findings: FindingList) -> RawTable | None:
    """Open one file as CSV or Parquet, whatever the case of its ending; None, and a finding, if it is of no use."""
    file = f"{contract.stem}{path.suffix}"
    try:
        read = _read_parquet if path.suffix.lower() == ".parquet" else _read_csv
        table = read(path, file, contract, findings)
    except (OSError, ArrowException, MemoryError, ValueError, pl.exceptions.PolarsError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        why = why.replace(str(path), file)
        _unusable(contract, file, None, "a readable file", shown(why), "write the file anew", findings)
        return None
    return table


def is_there(folder: Path, contract: FileContract) -> bool:
    """Whether the folder has this file, as CSV or Parquet, however bad."""
    return any((folder / f"{contract.stem}{ending}").exists() for ending in (".csv", ".parquet"))


def _unusable(
    contract: FileContract,
    file: str,
    column: str | None,
    must_be: str,
    was: str,
    to_do: str,
    findings: FindingList,
) -> None:
    """Record that a file is of no use: fatal, or blocking everyone, or only itself, as its contract says."""
    line = None if column is None or not file.lower().endswith(".csv") else 1
    place = Place(file, line, column)
    if contract.needed:
        findings.stop(place, Message(Severity.ERROR, must_be, to_do), was)
    elif contract.blocks_all:
        to_do += "; until then every household is refused"
        findings.add(place, Message(Severity.ERROR, must_be, to_do), was, EVERY_HOUSEHOLD)
    else:
        findings.add(place, Message(Severity.ERROR, must_be, f"{to_do}; until then it is not used"), was)


def _columns_sound(header: list[str], contract: FileContract, file: str, findings: FindingList) -> bool:
    """Check a header against the contract: False if a needed column is missing or named twice."""
    known = [column.name for column in contract.columns]
    strangers = [name for name in header if name not in known]
    sound = True
    for column in contract.columns:
        count = header.count(column.name)
        if count > 1:
            _unusable(contract, file, column.name, "one column of this name", str(count), "remove one", findings)
            sound = False
        elif count == 0 and column.required:
            hint = closest(column.name, strangers)
            _unusable(contract, file, column.name, "there", "missing", f"{hint}add the column", findings)
            sound = False
    line = 1 if file.lower().endswith(".csv") else None
    for name in dict.fromkeys(strangers):
        message = Message(
            Severity.NOTICE,
            "a column of the contract",
            f"{closest(name, known)}the column is not looked at",
        )
        findings.add(Place(file, line, name), message, shown(name))
    return sound


def _in_lower_case(header: list[str], contract: FileContract, file: str, findings: FindingList) -> list[str]:
    """Names of the columns, those of the contract that are written with capitals as the contract has them."""
    known = {column.name for column in contract.columns}
    line = 1 if file.lower().endswith(".csv") else None
    names = []
    for name in header:
        lower = name.lower()
        if name in known or lower not in known or lower in header:
            names.append(name)
            continue
        names.append(lower)
        message = Message(Severity.NOTICE, f"{lower}, in lower case", f"nothing: it is read as {lower}")
        findings.add(Place(file, line, lower), message, shown(name))
    return names


def _commas_and_text(header: list[str], contract: FileContract, file: str, findings: FindingList) -> bool:
    """Whether a header is text of which commas part the columns; if not, that is the finding, and no other."""
    text = ",".join(header)
    if "\0" in text:
        to_do = "write the file anew as UTF-8 (in a spreadsheet: CSV UTF-8)"
        _unusable(contract, file, None, "UTF-8 text", "text of another encoding (UTF-16)", to_do, findings)
        return False
    known = {column.name for column in contract.columns}
    for sign, words in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len({cell.strip(' "').lower() for cell in text.split(sign)} & known) > 1:
            to_do = "write the file anew with commas, and a decimal point in numbers"
            _unusable(contract, file, None, "columns parted by commas", f"parted by {words}", to_do, findings)
            return False
    return True


def _read_csv(path: Path, file: str, contract: FileContract, findings: FindingList) -> RawTable | None:
    with open_text(path) as stream:
        header, line = read_header(stream)
        if not header:
            _unusable(contract, file, None, "a header row, then rows", "empty", "write the file anew", findings)
            return None
        if not _commas_and_text(header, contract, file, findings):
            return None
        header = _in_lower_case(header, contract, file, findings)
        if not _columns_sound(header, contract, file, findings):
            return None
        known = {column.name for column in contract.columns}
        places = {name: number for number, name in enumerate(header) if name in known}
        schema = {LINE: pl.Int64, **dict.fromkeys(places, pl.String)}
        chunks = [pl.DataFrame(schema=schema)]
        broken: list[BrokenRow] = []
        joined: list[int] = []
        for rows in read_rows(stream, len(header), line):
            broken += rows.broken
            joined += rows.joined
            if rows.cells:
                columns = list(zip(*rows.cells, strict=True))
                cells = {name: list(columns[number]) for name, number in places.items()}
                chunks.append(pl.DataFrame({LINE: rows.lines, **cells}, schema=schema))
    if joined:
        # Legal CSV, and also what two stray quotes look like: rows between them would be part of a cell.
        message = Message(Severity.NOTICE, "one row a line", "make sure that its quotes are meant")
        was = f"{len(joined)} rows over several lines"
        findings.add(Place(file, joined[0]), message, was)
    return RawTable(contract, file, pl.concat(chunks), tuple(broken))


def _read_parquet(path: Path, file: str, contract: FileContract, findings: FindingList) -> RawTable | None:
    with _open_parquet(path) as source:
        schema, groups = source.schema_arrow, source.num_row_groups
    given = list(schema.names)
    header = _in_lower_case(given, contract, file, findings)
    if not _columns_sound(header, contract, file, findings):
        return None
    known = {column.name for column in contract.columns}
    wanted = {old: name for old, name in zip(given, header, strict=True) if name in known}
    repeated = [old for old, name in wanted.items() if name in _REPEATED and _is_text(schema.field(old).type)]
    frame, plain = _read_groups(path, groups, wanted, repeated)
    for column in contract.columns:
        if column.name in frame.columns and isinstance(frame.schema[column.name], _UNREADABLE):
            kind = str(frame.schema[column.name])
            if column.required:
                _unusable(contract, file, column.name, column.must_be, kind, "write the column anew", findings)
                return None
            message = Message(column.severity, column.must_be, "write the column anew; it is not used")
            findings.add(Place(file, None, column.name), message, kind)
            frame = frame.drop(column.name)
    lines = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True).alias(LINE)
    return RawTable(contract, file, frame.insert_column(0, lines), (), plain)


def _read_groups(
    path: Path, groups: int, wanted: Mapping[str, str], repeated: list[str]
) -> tuple[pl.DataFrame, frozenset[str]]:
    """Read the wanted columns (old name to new) of all groups of rows, a share of them on each core.

    Returns the table and its plain columns; `repeated` are read as dictionaries.
    """
    shares = max(min(os.cpu_count() or 1, groups), 1)
    edges = [groups * share // shares for share in range(shares + 1)]

    def read(first: int, last: int) -> tuple[pl.DataFrame, frozenset[str]]:
        with _open_parquet(path, read_dictionary=repeated) as source:
            arrow = source.read_row_groups(list(range(first, last)), columns=list(wanted), use_threads=shares == 1)
        # Parquet checks no text: bytes that are not UTF-8 must not come near polars.
        arrow.validate(full=True)
        frame = pl.from_arrow(arrow)
        if not isinstance(frame, pl.DataFrame):
            raise TypeError("a Parquet file must be a table")
        plain = frozenset(new for old, new in wanted.items() if _is_plain(arrow.column(old)))
        return frame.with_columns(pl.col(old).cast(pl.String) for old in repeated).rename(dict(wanted)), plain

    with ThreadPoolExecutor(max_workers=shares) as pool:
        frames, plain = zip(*pool.map(read, edges[:-1], edges[1:]), strict=True)
    return pl.concat(frames, rechunk=False), frozenset.intersection(*plain)


def _is_text(kind: Any) -> bool:  # noqa: ANN401 - pyarrow carries no types
    return bool(arrow_types.is_string(kind) or arrow_types.is_large_string(kind))


def _is_plain(column: Any) -> bool:  # noqa: ANN401
    """Whether a column is text of printable ASCII without blanks, no cell of it empty (but null): nothing to clean."""
    return all(_is_plain_chunk(chunk) for chunk in column.chunks)


def _is_plain_chunk(chunk: Any) -> bool:  # noqa: ANN401
    if arrow_types.is_dictionary(chunk.type):
        return _is_plain_chunk(chunk.dictionary)
    if not _is_text(chunk.type):
        return False
    if not len(chunk):
        return True
    _, offsets, letters = chunk.buffers()
    kind = np.int64 if arrow_types.is_large_string(chunk.type) else np.int32
    start = np.frombuffer(offsets, kind)[chunk.offset : chunk.offset + len(chunk) + 1]
    if int((start[1:] == start[:-1]).sum()) != chunk.null_count:
        return False
    own = np.frombuffer(letters or b"", np.uint8)[start[0] : start[-1]]
    return not own.size or bool(own.min() >= _FIRST_SIGN and own.max() <= _LAST_SIGN)


def note_strangers(folder: Path, findings: FindingList) -> None:
    """Say which files of the folder nobody reads, above all those whose name is nearly one of the contract."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        message = Message(Severity.ERROR, "a folder that can be read", "give the right to read it")
        findings.stop(Place(folder.name), message, error.strerror or type(error).__name__)
        return
    for path in paths:
        if path.suffix not in (".csv", ".parquet", ".toml") or path.name in FILE_ORDER:
            continue
        hint = closest(path.name, FILE_ORDER)
        severity = Severity.WARNING if hint else Severity.NOTICE
        message = Message(severity, "a file of the contract", f"{hint}the file is not looked at")
        findings.add(Place(path.name), message, shown(path.name))
