"""Spoiled folders: no traceback, and nothing that went in is lost without a word."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl
import pytest

from lotwise.errors import FolderError
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.rebalancing.book import LotFlag
from tests.interchange.book_integrity import assert_sound
from tests.interchange.mutations import Files, mutant, with_bytes_changed
from tests.interchange.small_firm import small_firm, write

SOUND: Files = {name: text.encode() for name, text in small_firm().items()}


@dataclass(frozen=True)
class Row:
    line: int
    cells: dict[str, str]


def plain_rows(data: bytes) -> list[Row]:
    """Rows that any reader sees alike: a line of its own, no quotes, as many cells as the header."""
    lines = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not numbered or '"' in numbered[0][1]:
        return []
    header = [cell.strip() for cell in numbered[0][1].split(",")]
    found = []
    for number, line in numbered[1:]:
        cells = next(csv.reader([line])) if '"' not in line else []
        if len(cells) == len(header):
            found.append(Row(number, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
    return found


class Judge:
    """Whether a firm accounts for what its files say."""

    def __init__(self, files: Files, firm: Firm) -> None:
        self.files = files
        self.firm = firm
        self.found = {(finding.file, finding.line) for finding in firm.findings}
        # Where cells go over lines a file's notice says so: which rows they took in, only the file's owner can tell.
        self.joined = {finding.file for finding in firm.findings if finding.was.endswith("over several lines")}
        labels, book = firm.labels, firm.book
        self.households = {str(name): number for number, name in enumerate(labels.households)}
        self.blocked = {name for name, number in self.households.items() if book.households.blocked[number]}
        self.accounts = {str(name): number for number, name in enumerate(labels.accounts)}
        starts = book.accounts.lot_start
        self.lots = {
            (str(labels.accounts[account]), str(labels.lots[row])): row
            for account in range(len(labels.accounts))
            for row in range(starts[account], starts[account + 1])
        }

    def excused(self, file: str, row: Row, household: str | None) -> bool:
        return (file, row.line) in self.found or household in self.blocked or file in self.joined

    def owner(self, account: str) -> str | None:
        number = self.accounts.get(account)
        if number is None:
            return None
        return str(self.firm.labels.households[self.firm.book.accounts.household[number]])

    def judge(self) -> None:
        for row in plain_rows(self.files.get("households.csv", b"")):
            self.household(row)
        for row in plain_rows(self.files.get("accounts.csv", b"")):
            self.account(row)
        for row in plain_rows(self.files.get("lots.csv", b"")):
            self.lot(row)
        for name in self.blocked:
            assert any(f.household in (name, "*") and f.severity == "error" for f in self.firm.findings), name

    def household(self, row: Row) -> None:
        name = row.cells.get("household_id", "")
        if not self.excused("households.csv", row, name):
            assert name in self.households, row

    def account(self, row: Row) -> None:
        household = row.cells.get("household_id", "")
        if self.excused("accounts.csv", row, household):
            return
        number = self.accounts[row.cells["account_id"]]
        accounts = self.firm.book.accounts
        assert self.firm.labels.households[accounts.household[number]] == household
        assert ("taxable", "traditional", "roth")[accounts.kind[number]] == row.cells["kind"].lower()
        if "pending_orders.csv" not in self.files:
            assert accounts.cash[number] == units(row.cells["cash"], 10_000)

    def lot(self, row: Row) -> None:
        account = row.cells.get("account_id", "")
        if self.excused("lots.csv", row, self.owner(account)):
            return
        lots = self.firm.book.lots
        place = self.lots[account, row.cells["lot_id"]]
        assert self.firm.market_labels.symbols[lots.security[place]] == row.cells["symbol"]
        assert lots.shares[place] == units(row.cells["shares"], 1_000_000)
        if lots.flags[place] & LotFlag.UNKNOWN_TAX:
            raise AssertionError(f"a lot of unknown tax without a finding: {row}")
        tax_deferred = self.firm.book.accounts.kind[self.accounts[account]] > 0
        if row.cells["basis"] or not tax_deferred:
            assert lots.basis[place] == units(row.cells["basis"], 10_000)
        if row.cells["acquired"] or not tax_deferred:
            held = date(1970, 1, 1) + timedelta(days=int(lots.acquired[place]))
            assert held.isoformat() == row.cells["acquired"][:10]


def units(text: str, unit: int) -> int:
    try:
        return round(Decimal(text) * unit)
    except InvalidOperation as error:
        raise AssertionError(f"{text!r} is no number, and nobody said so") from error


def outcome(folder: Path) -> Firm | FolderError:
    try:
        return read_firm(folder)
    except FolderError as error:
        return error


def read_mutant(folder: Path, files: Files) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    firm = outcome(folder)
    if isinstance(firm, FolderError):
        assert firm.findings, "a folder that stops the run says why"
        return
    assert_sound(firm)
    Judge(files, firm).judge()


def seeds_fail(folder: Path, seeds: range) -> list[str]:
    failures = []
    for seed in seeds:
        try:
            read_mutant(folder, mutant(SOUND, seed))
        except Exception as error:  # noqa: BLE001 - whatever escapes is what the test is about
            failures.append(f"seed {seed}: {type(error).__name__}: {error}")
    return failures


def test_the_judge_passes_the_sound_folder(tmp_path: Path) -> None:
    read_mutant(tmp_path / "firm", SOUND)


def test_the_judge_sees_a_lost_lot(tmp_path: Path) -> None:
    firm = read_firm(write(tmp_path, small_firm()))
    extra = {**SOUND, "lots.csv": SOUND["lots.csv"] + b"A1,L77,AAA,1,2020-01-02,5,,\n"}
    with pytest.raises(KeyError):
        Judge(extra, firm).judge()


def test_spoiled_folders_raise_nothing_and_lose_nothing(tmp_path: Path) -> None:
    assert seeds_fail(tmp_path / "firm", range(300)) == []


@pytest.mark.nightly
def test_ten_thousand_spoiled_folders(tmp_path: Path) -> None:
    assert seeds_fail(tmp_path / "firm", range(1_000, 11_000)) == []


@pytest.mark.parametrize("seed", range(20))
def test_spoiled_parquet_raises_nothing(tmp_path: Path, seed: int) -> None:
    folder = write(tmp_path, small_firm())
    stem = ("lots", "accounts", "prices", "households")[seed % 4]
    path = folder / f"{stem}.parquet"
    pl.read_csv(folder / f"{stem}.csv", infer_schema=bool(seed % 2)).write_parquet(path)
    (folder / f"{stem}.csv").unlink()
    sound = path.read_bytes()
    for number in range(5):
        path.write_bytes(with_bytes_changed(sound, 5 * seed + number))
        firm = outcome(folder)
        if isinstance(firm, FolderError):
            assert firm.findings
        else:
            assert_sound(firm)
