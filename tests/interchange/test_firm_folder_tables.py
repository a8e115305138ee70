"""Reading text and cells: lines are the physical ones, and numbers are exact to the unit."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.interchange.firm_folder.client_files import LOTS, TRANSACTIONS
from lotwise.interchange.firm_folder.columns import TypedTable, type_table
from lotwise.interchange.firm_folder.contract import FileContract
from lotwise.interchange.firm_folder.csv_text import Rows, open_text, read_header, read_rows
from lotwise.interchange.firm_folder.tables import LINE, RawTable
from lotwise.money import DOLLAR, SHARE, parse_decimal


def read(tmp_path: Path, text: str) -> tuple[list[str], Rows]:
    path = tmp_path / "some.csv"
    path.write_bytes(text.encode())
    with open_text(path) as stream:
        header, line = read_header(stream)
        rows = Rows([], [], [], [])
        for chunk in read_rows(stream, len(header), line):
            rows = Rows(
                rows.lines + chunk.lines,
                rows.cells + chunk.cells,
                rows.broken + chunk.broken,
                rows.joined + chunk.joined,
            )
    return header, rows


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff\ufffd"), max_size=12)


@given(st.lists(st.lists(WORDS, min_size=3, max_size=3), max_size=8))
def test_what_csv_writes_is_read_back_with_its_lines(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(["a", "b", "c"])
    expected, line = [], 2
    for row in rows:
        expected.append(line)
        before = buffer.tell()
        writer.writerow(row)
        line += _lines(buffer.getvalue()[before:])
    header, found = read(tmp_path_factory.mktemp("csv"), buffer.getvalue())
    assert header == ["a", "b", "c"]
    assert found.cells == rows
    assert found.lines == expected
    assert not found.broken


def _lines(text: str) -> int:
    """Lines end at a line feed, a carriage return, or both."""
    return len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1


def test_a_stray_quote_costs_its_line_only(tmp_path: Path) -> None:
    _, rows = read(tmp_path, 'a,b\n1,"2\n3,4\n5,6\n')
    assert rows.cells == [["3", "4"], ["5", "6"]]
    assert [row.line for row in rows.broken] == [2]
    assert rows.broken[0].cells == ("1", "2")


def test_two_stray_quotes_cost_their_lines_only(tmp_path: Path) -> None:
    _, rows = read(tmp_path, 'a,b\n1,"2\n3,4\n"5,6\n7,8\n')
    assert rows.cells == [["3", "4"], ["7", "8"]]
    assert [row.line for row in rows.broken] == [2, 4]


def test_ragged_rows_are_broken_and_blank_lines_are_none(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "a,b\n\n1,2,3\n   \n4\n5,6\n\n")
    assert rows.cells == [["5", "6"]]
    assert rows.lines == [6]
    assert [(row.line, row.why) for row in rows.broken] == [
        (3, "3 cells where the header has 2"),
        (5, "1 cells where the header has 2"),
    ]


def test_cells_over_lines_are_told(tmp_path: Path) -> None:
    _, rows = read(tmp_path, 'a,b\n1,"x\ny"\n2,z\n')
    assert (rows.lines, rows.joined) == ([2, 4], [2])


def test_a_chunk_may_end_inside_a_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lotwise.interchange.firm_folder.csv_text._CHUNK", 2)
    _, rows = read(tmp_path, 'a,b\n1,2\n3,"x\ny\nz"\n4,5\n6,7\n')
    assert rows.cells == [["1", "2"], ["3", "x\ny\nz"], ["4", "5"], ["6", "7"]]
    assert rows.lines == [2, 3, 6, 7]


def typed(contract: FileContract, columns: dict[str, pl.Series]) -> TypedTable:
    height = len(next(iter(columns.values())))
    frame = pl.DataFrame({LINE: pl.int_range(1, height + 1, eager=True), **columns})
    return type_table(RawTable(contract, contract.name, frame, ()))


DECIMALS = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.decimals(min_value="-1000000000000", max_value="1000000000000", places=4).map(str),
    st.decimals(min_value=0, max_value=1000, places=7).map(str),  # halves of a unit of a share
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(repr),
    st.sampled_from(["", " 5 ", "1e3", "5.", ".5", "+5", "0.00005", "0.00015", "1_000", "0x1", "\uff15", "1,5", "--1"]),
)


@given(st.lists(DECIMALS, min_size=1, max_size=20))
def test_numbers_are_read_as_exactly_as_decimals(texts: list[str]) -> None:
    table = typed(TRANSACTIONS, {"amount": pl.Series(texts, dtype=pl.String)})
    wrong = table.wrong("amount").to_list()
    for text, value, bad in zip(texts, table.frame["amount"].to_list(), wrong, strict=True):
        expected = None
        if text.strip() and text.isascii() and "_" not in text:
            try:
                expected = parse_decimal(text, DOLLAR)
            except ValueError:
                expected = None
        if expected is not None and abs(expected) > 10**12 * DOLLAR:
            expected = None
        assert value == expected, text
        assert bad == (expected is None and bool(text.strip())), text


@given(st.lists(st.floats(0.000001, 1e6), min_size=1, max_size=20))
def test_doubles_round_to_the_nearest_unit(values: list[float]) -> None:
    table = typed(LOTS, {"shares": pl.Series(values, dtype=pl.Float64)})
    for value, units in zip(values, table.frame["shares"].to_list(), strict=True):
        assert abs(units - value * SHARE) <= 0.5 + 1e-3


@given(
    st.lists(st.one_of(st.dates().map(str), st.sampled_from(["", "2024-02-30", "20240101", "1.1.2024", "2024-1-1"])))
)
def test_dates_are_iso_dates(texts: list[str]) -> None:
    table = typed(LOTS, {"acquired": pl.Series(texts, dtype=pl.String)})
    days = table.frame["acquired"].cast(pl.Date).to_list()
    for text, day, bad in zip(texts, days, table.wrong("acquired").to_list(), strict=True):
        known = len(text) == 10 and text[4] == "-" and "1800" <= text[:4] < "2200" and text != "2024-02-30"
        assert (str(day) == text) if known else day is None
        assert bad == (not known and bool(text))


def test_spreadsheet_numbers_are_names_without_the_decimal_point() -> None:
    table = typed(LOTS, {"account_id": pl.Series([101.0, 102.5]), "lot_id": pl.Series([7, 8])})
    assert table.frame["account_id"].to_list() == ["101", "102.5"]
    assert table.frame["lot_id"].to_list() == ["7", "8"]
