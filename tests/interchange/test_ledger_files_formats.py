"""Files and cells that are written another way: read where that is sure, else told how to write them."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

from lotwise.errors import FolderError, Severity
from lotwise.interchange.ledger_files.posting import open_from_lots, post_files
from tests.interchange.ledger_folder import HEADER, errors, folder_with, post, shares_of

BUY = "2024-01-03,own,buy,T1,A,10,1600,,L1"
TEXT = f"{HEADER}\n{BUY}\n"
MOVED = "date,account_id,kind,transaction_id,symbol,shares,basis,acquired"


@pytest.mark.parametrize(
    ("row", "column", "write"),
    [
        ('2024-01-03,own,buy,T1,A,10,"1,600.00",,', "amount", "write digits and a decimal point only"),
        ('2024-01-03,own,buy,T1,A,10,"$5,000.00",,', "amount", "write digits and a decimal point only"),
        ("2024-01-03,own,buy,T1,A,10,(5),,", "amount", "write digits and a decimal point only"),
        ("2024-01-03,own,buy,T1,A,ten,50,,", "shares", "correct it"),
        ("01/08/2026,own,buy,T1,A,10,50,,", "date", "write 2026-01-31 for 31 January 2026"),
        ("20260108,own,buy,T1,A,10,50,,", "date", "write 2026-01-31 for 31 January 2026"),
        ("2026-02-30,own,buy,T1,A,10,50,,", "date", "correct it"),
    ],
)
def test_a_cell_of_another_format_says_how_to_write_it(tmp_path: Path, row: str, column: str, write: str) -> None:
    (found,) = errors(post(folder_with(tmp_path), row))
    assert (found.line, found.column) == (2, column)
    assert found.to_do.startswith(write)
    assert found.to_do.endswith("until then the row is not posted")


@pytest.mark.parametrize("cell", ["-10", "-10.50", "-0.1"])
def test_a_cell_is_repeated_as_it_was_written(tmp_path: Path, cell: str) -> None:
    (found,) = errors(post(folder_with(tmp_path), f"2024-01-03,own,buy,T1,A,{cell},50,,"))
    assert (found.column, found.was) == ("shares", f"'{cell}'")


def test_lots_that_come_into_a_taxable_account_need_a_basis(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    rows = ("2024-01-03,own,transfer_in,T1,A,10,,2020-01-02", "2024-01-03,ira,transfer_in,T2,A,10,,2020-01-02")
    report = post(folder, *rows, header=MOVED)
    (found,) = errors(report)
    assert (found.line, found.column, found.was) == (2, "basis", "empty")
    assert "basis" in found.must_be
    assert list(shares_of(folder)) == [("ira", "A")]


def test_what_is_rounded_is_said(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, firm__toml="version = 1\nas_of = 2024-06-28\n")
    report = post(folder, "2024-01-03,own,buy,T1,A,10.123456789,1600,,", "2024-01-03,own,deposit,T2,,,0.00001,,")
    found = {(finding.column, finding.must_be, finding.was): finding.severity for finding in report.findings}
    assert found == {
        ("shares", "at most 6 decimals", "1 value with more"): Severity.NOTICE,
        ("amount", "at most 4 decimals", "1 value with more"): Severity.NOTICE,
    }
    lots = "account_id,lot_id,symbol,shares,acquired,basis\nown,L1,A,1.1234567,2020-01-02,5\n"
    other = folder_with(tmp_path / "other", firm__toml="version = 1\nas_of = 2024-06-28\n", lots__csv=lots)
    assert [finding.column for finding in open_from_lots(other).findings] == ["shares"]


@pytest.mark.parametrize("ending", ["CSV", "Csv", "PARQUET"])
def test_a_file_whose_ending_has_capitals_is_read(tmp_path: Path, ending: str) -> None:
    folder = folder_with(tmp_path)
    file = folder / f"UP.{ending}"
    if ending == "PARQUET":
        pl.read_csv(io.StringIO(TEXT), infer_schema=False).write_parquet(file)
    else:
        file.write_text(TEXT)
    report = post_files(folder, [file])
    assert (report.posted, report.findings) == (1, ())
    with pytest.raises(FolderError, match=r"GONE.CSV"):
        post_files(folder, [folder / "GONE.CSV"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TEXT.replace(",", ";").encode(), "columns parted by commas; was parted by semicolons"),
        (TEXT.replace(",", "\t").encode(), "columns parted by commas; was parted by tabs"),
        (TEXT.encode("utf-16"), "UTF-8 text"),
        (TEXT.encode("utf-16-le"), "UTF-8 text"),
        (TEXT.encode("utf-16-be"), "UTF-8 text"),
    ],
)
def test_a_file_that_is_no_such_text_says_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    folder = folder_with(tmp_path)
    file = folder / "odd.csv"
    file.write_bytes(content)
    with pytest.raises(FolderError) as error:
        post_files(folder, [file])
    assert words in str(error.value)
    assert len(error.value.findings) == 1


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_header_with_capitals_is_read_with_a_notice(tmp_path: Path, ending: str) -> None:
    folder = folder_with(tmp_path)
    text = TEXT.replace("date,account_id", "Date,ACCOUNT_ID", 1)
    file = folder / f"up.{ending}"
    if ending == "parquet":
        pl.read_csv(io.StringIO(text), infer_schema=False).write_parquet(file)
    else:
        file.write_text(text)
    report = post_files(folder, [file])
    assert report.posted == 1
    said = [(finding.column, finding.was, finding.severity) for finding in report.findings]
    assert said == [("account_id", "'ACCOUNT_ID'", Severity.NOTICE), ("date", "'Date'", Severity.NOTICE)]


def test_one_column_written_twice_is_no_guess(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    file = folder / "twice.csv"
    file.write_text("Date,DATE,account_id,kind,amount\n2024-01-03,2024-01-04,own,deposit,5\n")
    with pytest.raises(FolderError, match="one column of this name"):
        post_files(folder, [file])
