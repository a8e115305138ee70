"""Client documents of firm folders: what is written for whom, against the lots and the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lotwise.errors import FolderError
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.interchange.ledger_files.posting import open_ledger, post_files
from lotwise.money import DOLLAR, SHARE
from lotwise.nightly.documents import Printer, Wanted, print_documents, printed_packs
from lotwise.nightly.held_on_day import holdings_of
from lotwise.nightly.realized_in_year import realized_record
from lotwise.reports.documents.blocks import Document
from lotwise.reports.documents.holdings_page import holdings_document
from lotwise.reports.documents.theme import Theme
from lotwise.storage.listings import chosen_accounts, list_realized, list_washes
from tests.interchange.ledger_folder import HEADER
from tests.interchange.small_firm import small_firm, write
from tests.reports.documents.printed_pages import pages

SOLD = (
    "2024-01-02,A3,deposit,T0,,,10000,,",
    "2024-01-03,A3,buy,T1,AAA,100,5000,1,L1",
    "2024-03-01,A3,sell,T2,AAA,60,2400,1,",
    "2024-03-12,A1,buy,T4,AAA,10,450,,L3",
    "2025-03-13,A3,sell,T5,AAA,40,2900,,",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("documents") / "firm", small_firm())


@pytest.fixture(scope="module")
def firm(folder: Path) -> Firm:
    return read_firm(folder)


def test_a_household_holds_what_its_files_say(firm: Firm) -> None:
    held = holdings_of(firm, 0)
    assert (held.household_id, held.name, held.as_of) == ("H1", "One, the first", date(2025, 6, 30))
    assert {account.account_id: account.kind for account in held.accounts} == {"A1": "taxable", "A2": "roth"}
    lots = {(lot.account_id, lot.lot_id): lot for position in held.positions for lot in position.lots}
    assert set(lots) == {("A1", "L1"), ("A1", "L2"), ("A2", "L1")}
    own = lots["A1", "L1"]
    assert (own.shares, own.value, own.basis) == (10 * SHARE, 1030 * DOLLAR, 500 * DOLLAR)
    assert (own.acquired, own.held_days, own.long_term, own.taxable) == (date(2020, 1, 2), 2006, True, True)
    assert not lots["A1", "L2"].long_term
    assert not lots["A2", "L1"].taxable


def test_inherited_lots_are_long_term_at_once(tmp_path: Path) -> None:
    files = small_firm()
    files["lots.csv"] += "A5,L3,AAA,1,2025-06-02,100,inheritance,\nA5,L4,AAA,1,2025-06-02,100,purchase,\n"
    held = holdings_of(read_firm(write(tmp_path, files)), 2)
    terms = {
        lot.lot_id: lot.long_term for position in held.positions for lot in position.lots if lot.account_id == "A5"
    }
    assert terms == {"L1": True, "L2": True, "L3": True, "L4": False}


def test_documents_of_every_household(folder: Path, tmp_path: Path) -> None:
    done: list[int] = []
    report = print_documents(folder, tmp_path / "out", threads=2)
    assert (report.households, report.files, report.failures, report.exit_status) == (3, 6, (), 0)
    assert sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")) == [
        f"{household}/holdings.{ending}" for household in ("H1", "H2", "H3") for ending in ("html", "pdf")
    ]
    text = " ".join(pages((tmp_path / "out" / "H1" / "holdings.pdf").read_bytes()))
    assert "One, the first (H1)" in text
    assert "AAA Alpha" in text
    assert "$1,030.00 $500.00 $530.00 long" in text
    assert done == []


def test_the_theme_of_the_folder_is_used_and_what_is_wrong_with_it_is_said(tmp_path: Path) -> None:
    firm = write(tmp_path / "firm", small_firm() | {"theme.toml": 'contact = "1 Street"\naccent = "red"\n'})
    report = print_documents(firm, tmp_path / "out", Wanted(["H2"], formats=["html"]))
    assert [finding.column for finding in report.findings if finding.file == "theme.toml"] == ["accent"]
    assert "1 Street" in (tmp_path / "out" / "H2" / "holdings.html").read_text()
    assert not (tmp_path / "out" / "H1").exists()


def test_a_household_whose_data_has_errors_gets_no_document(tmp_path: Path) -> None:
    files = small_firm()
    files["lots.csv"] += "A5,L7,NONE,1,2023-03-03,100,purchase,\n"
    report = print_documents(write(tmp_path / "firm", files), tmp_path / "out", Wanted(formats=["html"]))
    (failure,) = report.failures
    assert failure.household == "H3"
    assert "its data has errors: lots.csv:9 [symbol]" in failure.why
    assert report.exit_status == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["H1", "H2"]


def test_what_cannot_be_done_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind must be one of holdings, gains, savings, was 'everything'"):
        print_documents(folder, tmp_path, Wanted(kinds=["everything"]))
    with pytest.raises(ValueError, match="format must be one of pdf, html, was 'doc'"):
        print_documents(folder, tmp_path, Wanted(formats=["doc"]))
    with pytest.raises(ValueError, match=r"household must be one of the 3 of households.csv, was 'H9'"):
        print_documents(folder, tmp_path, Wanted(households=["H9"]))
    with pytest.raises(FolderError, match=r"ledger: must be a posted ledger; was empty"):
        print_documents(folder, tmp_path, Wanted(kinds=["gains"]))
    with pytest.raises(FolderError, match="it is a firm folder"):
        print_documents(folder, folder)


def test_one_failing_document_stops_no_other(firm: Firm, tmp_path: Path) -> None:
    def fail(row: int) -> Document:
        if row == 1:
            raise ValueError("figures that contradict each other")
        return replace(holdings_document(holdings_of(firm, row)), kind="other")

    sources = {"other": fail, "holdings": lambda row: holdings_document(holdings_of(firm, row))}
    files, failures = printed_packs(firm, [0, 1, 2], sources, Printer(Theme(), ("html",), tmp_path), threads=2)
    assert files == 5
    assert failures == (("H2", "other", "figures that contradict each other"),)


def test_odd_household_ids_have_folders_of_their_own_inside_out(firm: Firm, tmp_path: Path) -> None:
    odd = firm.labels.households.astype("<U20")
    odd[:] = ["../a", "..?a", ".."]
    named = replace(firm, labels=replace(firm.labels, households=odd))
    source = {"holdings": lambda row: holdings_document(holdings_of(named, row))}
    files, _ = printed_packs(named, [0, 1, 2], source, Printer(Theme(), ("html",), tmp_path / "out"))
    assert files == 3
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_", "_a", "_a-2"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = small_firm() | {"transactions.csv": "\n".join([HEADER, *SOLD]) + "\n"}
    path = write(tmp_path_factory.mktemp("posted") / "firm", files)
    assert post_files(path).exit_status == 0
    return path


def test_realised_gains_are_those_of_the_ledger(posted: Path) -> None:
    ledger = open_ledger(posted).ledger
    record = realized_record(posted, date(2025, 6, 30), 2024)
    gains = record.of("H2", "Two")
    (listed,) = list_realized(ledger, ledger.standing().state.realized).rows(named=True)[:1]
    (line,) = gains.lines
    assert (line.account_id, line.symbol, line.sold, line.acquired) == ("A3", "AAA", date(2024, 3, 1), date(2024, 1, 3))
    for column, money in (
        ("proceeds", line.cells.proceeds),
        ("basis", line.cells.basis),
        ("disallowed", line.cells.adjustment),
        ("recognised", line.cells.gain),
    ):
        assert Decimal(listed[column]) == Decimal(money) / DOLLAR
    (wash,) = gains.washes
    (row,) = list_washes(ledger, chosen_accounts(ledger)).rows(named=True)
    assert (wash.sold, wash.replaced, wash.replaced_in) == (row["sale_date"], row["purchase_date"], "A1")
    assert Decimal(wash.disallowed) / DOLLAR == Decimal(row["disallowed"])
    assert not gains.years


def test_earlier_years_stand_in_totals(posted: Path) -> None:
    gains = realized_record(posted, date(2025, 6, 30), 2025).of("H2", "Two")
    (before,) = gains.years
    assert before.year == 2024
    assert before.short == realized_record(posted, date(2025, 6, 30), 2024).of("H2", "").lines[0].cells.gain
    assert [line.long_term for line in gains.lines] == [True]
    assert realized_record(posted, date(2025, 6, 30), 2025).of("H1", "").lines == ()


def test_a_folder_with_a_ledger_gets_both_kinds(posted: Path, tmp_path: Path) -> None:
    report = print_documents(posted, tmp_path, Wanted(["H2"], ["holdings", "gains"], ["pdf"], year=2024))
    assert report.files == 2
    assert sorted(path.name for path in (tmp_path / "H2").iterdir()) == ["gains-2024.pdf", "holdings.pdf"]
    text = " ".join(pages((tmp_path / "H2" / "gains-2024.pdf").read_bytes()))
    assert "AAA A3 60 01/03/2024 03/01/2024 $2,399.00 $3,000.60" in text
