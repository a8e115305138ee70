"""Posting files: what is posted, what comes again, what is refused and in which words; the rest always stands."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from lotwise.errors import FolderError, Severity
from lotwise.interchange.ledger_files.posting import open_ledger, post_files
from lotwise.ledger.events import EventKind
from tests.interchange.ledger_folder import (
    HEADER,
    by_lot,
    cash_of_accounts,
    errors,
    everything,
    folder_with,
    ledger_of,
    parts,
    post,
    shares_of,
)

GOOD = (
    "2024-01-02,own,deposit,T0,,,10000,,",
    "2024-01-03,own,buy,T1,AAPL,100,5000,1,L1",
    "2024-03-01,own,sell,T2,AAPL,60,2400,1,",
)


def test_cash_and_lots_of_ordinary_trades(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    report = post(folder, *GOOD)
    assert (report.posted, report.refused, report.duplicates, report.exit_status) == (3, 0, 0, 0)
    # 10,000 - (5,000 + 1) + (2,400 - 1): the fee is paid with a purchase and kept back from a sale.
    assert cash_of_accounts(folder) == {"own": Decimal(7398)}
    assert shares_of(folder) == {("own", "AAPL"): Decimal(40)}


def test_posting_twice_posts_nothing_new(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    unnamed = "2024-03-02,own,buy,,MSFT,10,1000,,"
    post(folder, *GOOD, unnamed, unnamed)
    before = everything(folder)
    assert shares_of(folder)["own", "MSFT"] == 20  # two equal rows of one file are two purchases
    again = post(folder, *GOOD, unnamed, unnamed)
    assert (again.posted, again.duplicates, again.refused, again.exit_status) == (0, 5, 0, 0)
    assert {finding.severity for finding in again.findings} == {Severity.NOTICE}
    assert everything(folder) == before
    assert parts(folder) == ["000001.parquet"]


def test_a_row_of_a_day_that_has_not_come_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, firm__toml='version = 1\nname = "F"\nas_of = 2024-03-01\n')
    file = folder / "new.csv"
    file.write_text("\n".join([HEADER, *GOOD, "2104-03-02,own,buy,T3,AAPL,10,1000,,"]) + "\n", encoding="utf-8")
    report = post_files(folder, [file], today=date(2024, 2, 1))  # the folder's own day is later, and counts
    (found,) = errors(report)
    assert (found.line, found.column, found.must_be) == (5, "date", "on or before 2024-03-01")
    assert "2104-03-02" in found.was
    assert (report.posted, report.refused) == (3, 1)
    later = "2024-03-05,own,buy,T4,AAPL,10,1000,,"  # the slipped year has not closed the account
    file.write_text(f"{HEADER}\n{later}\n", encoding="utf-8")
    assert post_files(folder, [file], today=date(2024, 3, 4)).posted == 1  # a day ahead of the clock: time zones


def test_one_id_of_two_rows_is_an_error_and_the_first_stands(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *GOOD)
    report = post(folder, "2024-03-01,own,sell,T2,AAPL,61,2400,1,", "2024-03-05,own,buy,T9,X,1,1,,")
    (found,) = errors(report)
    assert (found.line, found.column, found.was) == (2, "transaction_id", "'T2'")
    assert shares_of(folder) == {("own", "AAPL"): Decimal(40), ("own", "X"): Decimal(1)}


BAD = [
    ("2024-06-01,own,sell,B,AAPL,500,1,,", "shares", "at most the 40 shares of AAPL that own holds on 2024-06-01"),
    ("2024-06-01,own,sell,B,AAPL,5,1,,LX", "lot_id", "an open lot of AAPL in own"),
    ("2024-06-01,own,sell,B,AAPL,41,1,,L1", "shares", "at most the 40 shares of lot L1 of AAPL"),
    ("2024-06-01,own,sell,B,LATE,5,1,,", "date", "on or after the purchase of LATE in own"),
    ("2024-06-01,own,sell,B,LATE,5,1,,LL", "date", "on or after the purchase of lot LL"),
    ("2024-06-01,own,split,B,NVDA,,,,", "ratio", "filled in a split"),
    ("2024-02-01,own,buy,B,AAPL,1,50,,", "date", "on or after the last posted day of its account"),
    ("2024-06-01,own,buy,B,AAPL,-1,50,,", "shares", "0 or more shares"),
    ("2024-06-01,own,buy,B,AAPL,0,50,,", "shares", "more than 0 shares"),
    ("2024-06-01,own,sell,B,AAPL,1,5,9,", "fee", "at most the amount"),
    ("2024-06-01,own,sell,B,AAPL,1,-5,,", "amount", "0 or more dollars"),
    ("2024-06-01,own,sell,B,AAPL,1,,,", "amount", "filled in a sell (amount or price)"),
    ("2024-06-01,own,buy,B,,1,5,,", "symbol", "filled in a buy"),
    ("2024-06-01,own,cover,B,AAPL,1,5,,", "shares", "at most the 0 shares of AAPL that own has sold short"),
    ("2024-06-01,nobody,buy,B,AAPL,1,5,,", "account_id", "an account of the accounts file"),
    ("2024-06-01,own,buys,B,AAPL,1,5,,", "kind", "one of "),
    ("2024-06-31,own,buy,B,AAPL,1,5,,", "date", "a date as YYYY-MM-DD"),
    ("2024-06-01,own,buy,B,AAPL,one,5,,", "shares", "a decimal number of shares"),
    ("2024-06-01,own,buy,B,AAPL,1,5", None, "a row as wide as the header"),
    ("2024-06-01,own,transfer_out,B,AAPL,900,,,", "shares", "at most the 40 shares"),
    ("2024-06-01,own,donation,B,TSLA,1,,,", "shares", "at most the 0 shares of TSLA"),
]


@pytest.mark.parametrize(("bad", "column", "must_be"), BAD, ids=[f"{row} -> {must}" for row, _, must in BAD])
def test_a_bad_row_is_one_finding_and_the_rest_stands(
    tmp_path: Path, bad: str, column: str | None, must_be: str
) -> None:
    folder = folder_with(tmp_path)
    post(folder, *GOOD)
    before, after = "2024-06-01,own,buy,N1,MSFT,2,20,,", "2024-07-01,own,buy,N2,LATE,5,20,,LL"
    report = post(folder, before, bad, after)
    (found,) = errors(report)
    assert (found.file, found.line, found.column) == ("new.csv", 3, column)
    assert must_be in found.must_be
    assert found.to_do
    assert (report.posted, report.refused, report.exit_status) == (2, 1, 1)
    assert shares_of(folder) == {
        ("own", "AAPL"): Decimal(40),
        ("own", "MSFT"): Decimal(2),
        ("own", "LATE"): Decimal(5),
    }


@pytest.mark.parametrize(
    ("cells", "column", "must_be"),
    [
        ("split,B,NVDA,,,,,2,,", "symbol", "a security that own holds"),
        ("split,B,AAPL,,,,,two,,", "ratio", "a ratio above zero"),
        ("split,B,AAPL,,,,,0,,", "ratio", "a ratio above zero"),
        ("transfer_in,B,AAPL,5,,,,,-10,", "basis", "a decimal number of dollars, 0 to"),
        ("basis_correction,B,AAPL,,,,L1,,-1,", "basis", "a decimal number of dollars, 0 to"),
        ("transfer_in,B,AAPL,5,,,L1,,10,", "lot_id", "a name that no open lot of the account has"),
        ("transfer_out,B,AAPL,5,,,,,,other", "counter_account", "an account of the same taxpayer"),
    ],
)
def test_bad_actions_and_transfers(tmp_path: Path, cells: str, column: str, must_be: str) -> None:
    folder = folder_with(tmp_path)
    post(folder, *GOOD)
    header = "date,account_id,kind,transaction_id,symbol,shares,amount,fee,lot_id,ratio,basis,counter_account"
    report = post(folder, f"2024-06-01,own,{cells}", header=header)
    (found,) = errors(report)
    assert (found.line, found.column) == (2, column)
    assert must_be in found.must_be
    assert (report.posted, shares_of(folder)) == (0, {("own", "AAPL"): Decimal(40)})


def test_rows_of_one_file_are_posted_by_day_and_sequence_whatever_their_order(tmp_path: Path) -> None:
    header = f"{HEADER},sequence"
    rows = [
        "2024-01-05,own,sell,T2,A,10,120,,,2",
        "2024-01-05,own,buy,T1,A,10,100,,,1",
        "2024-01-02,own,deposit,T0,,,500,,,",
    ]
    folder = folder_with(tmp_path)
    report = post(folder, *rows, header=header)
    assert (report.posted, report.refused) == (3, 0)
    assert cash_of_accounts(folder) == {"own": Decimal(520)}


def test_a_later_file_of_an_earlier_day_needs_backdated(tmp_path: Path) -> None:
    early = "2024-02-20,own,buy,T5,AAPL,60,2200,,L0"
    folder = folder_with(tmp_path / "parts")
    post(folder, *GOOD)
    refused = post(folder, early)
    (found,) = errors(refused)
    assert found.column == "date"
    assert "--backdated" in found.to_do
    assert refused.posted == 0
    assert post(folder, early, backdated=True).posted == 1
    whole = folder_with(tmp_path / "whole")
    post(whole, *GOOD, early)
    assert everything(folder) == everything(whole)
    assert "L0" in str(everything(whole)["realized"]) or everything(whole)["washes"]  # the purchase mattered


def test_a_backdated_row_never_topples_what_was_posted(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *GOOD, "2024-04-01,own,sell,T3,AAPL,40,1700,,")
    before = everything(folder)
    report = post(
        folder,
        "2024-02-01,own,sell,N1,AAPL,50,3000,,",
        "2024-02-02,other,buy,N2,AAPL,1,50,,",
        "2024-02-03,own,buy,N3,AAPL,5,40,,",
        backdated=True,
    )
    (found,) = errors(report)
    assert (found.line, found.column) == (2, "date")
    assert "still stands" in found.must_be
    assert "T3 of 2024-04-01" in found.to_do or "T2 of 2024-03-01" in found.to_do
    assert (report.posted, report.refused) == (2, 1)
    held = shares_of(folder)
    assert held == {("own", "AAPL"): Decimal(5), ("other", "AAPL"): Decimal(1)}
    assert everything(folder) != before


HISTORY = f"{HEADER},ratio"


def random_history(seed: int, least_days: int) -> list[str]:
    """Rows of sound trades and splits of four accounts, in order, at least so many days apart; one lot name each."""
    chance = random.Random(seed)
    held: dict[tuple[str, str], int] = {}
    rows: list[str] = []
    day = date(2023, 1, 1)
    for number in range(80):
        day += timedelta(days=chance.randint(least_days, 4))
        account, symbol = chance.choice(["own", "ira", "spouse", "other"]), chance.choice(["A", "B"])
        have, act = held.get((account, symbol), 0), chance.random()
        shares = chance.randint(1, have or 60)
        if have and act < 0.1 and f"{day},{account}" not in str(rows):  # a split comes before the trades of its day
            rows.append(f"{day},{account},split,T{number},{symbol},,,,,2")
            held[account, symbol] = 2 * have
        elif have and act < 0.5:
            rows.append(f"{day},{account},sell,T{number},{symbol},{shares},{shares * chance.randint(5, 15)},0.07,,")
            held[account, symbol] = have - shares
        else:
            shares = chance.randint(1, 60)
            paid = shares * chance.randint(5, 15)
            rows.append(f"{day},{account},buy,T{number},{symbol},{shares},{paid},0.03,L{number},")
            held[account, symbol] = have + shares
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_posted_in_parts_and_posted_at_once_are_the_same(tmp_path: Path, seed: int) -> None:
    rows = random_history(seed, least_days=0)
    whole = folder_with(tmp_path / "whole")
    assert post(whole, *rows, header=HISTORY).refused == 0
    cut = folder_with(tmp_path / "cut")
    at = sorted(random.Random(seed).sample(range(1, len(rows)), 7))
    for number, (start, end) in enumerate(zip([0, *at], [*at, len(rows)], strict=True)):
        assert post(cut, *rows[start:end], header=HISTORY, name=f"{number}.csv").refused == 0
    assert everything(whole)["washes"]
    assert everything(cut) == everything(whole)
    one, other = ledger_of(cut).standing(), ledger_of(whole).standing()
    for cut_table, table in zip(one.state, other.state, strict=True):  # to the last number of an event and a lot
        for name in set(table.dtype.names or ()) - {"matchable", "matched"}:  # which count shares of their own day
            assert np.array_equal(cut_table[name], table[name]), name


@pytest.mark.parametrize("seed", range(6))
def test_posted_late_and_posted_in_time_are_the_same(tmp_path: Path, seed: int) -> None:
    """What the retirement account did comes late, row by row: its purchases spoil losses of the other accounts."""
    rows = random_history(seed, least_days=1)
    whole = folder_with(tmp_path / "whole")
    assert post(whole, *rows, header=HISTORY).refused == 0
    late = [row for row in rows if ",ira," in row]
    parted = folder_with(tmp_path / "parted")
    post(parted, *(row for row in rows if row not in late), header=HISTORY)
    for number, row in enumerate(late):
        assert post(parted, row, header=HISTORY, name=f"{number}.csv", backdated=True).posted == 1
    assert by_lot(parted) == by_lot(whole)
    assert cash_of_accounts(parted) == cash_of_accounts(whole)


def test_spouses_and_retirement_accounts_are_one_taxpayer(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(
        folder,
        "2024-01-02,own,buy,T1,A,10,1000,,",
        "2024-02-01,own,sell,T2,A,10,800,,",
        "2024-02-10,spouse,buy,T3,A,4,320,,S1",
        "2024-02-11,ira,buy,T4,A,3,240,,I1",
        "2024-02-11,other,buy,T5,A,10,800,,O1",
    )
    washes = everything(folder)["washes"]
    assert isinstance(washes, list)
    assert len(washes) == 2
    assert sum("gone for ever" in row for row in washes) == 1
    assert not any("other" in row for row in washes)


def test_the_standing_order_and_the_reading_come_from_the_folder(tmp_path: Path) -> None:
    accounts = "account_id,household_id,kind,cash,relief\nown,H1,taxable,0,hifo\nother,H3,taxable,0,\n"
    firm = 'version = 1\nas_of = 2024-12-31\n[ledger]\nrelief = "lifo"\nreading = "the other one"\n'
    folder = folder_with(tmp_path, accounts__csv=accounts, firm__toml=firm)
    rows = [
        f"2024-01-0{day},{account},buy,{account}{day},A,10,{price},,{account}-L{day}"
        for account in ("own", "other")
        for day, price in ((2, 100), (3, 300), (4, 200))
    ]
    report = post(folder, *rows, "2024-05-01,own,sell,S1,A,10,500,,", "2024-05-01,other,sell,S2,A,10,500,,")
    realized = everything(folder)["realized"]
    assert "own-L3" in str(realized)  # highest basis first
    assert "other-L4" in str(realized)  # last in, first out
    (found,) = [finding for finding in report.findings if finding.file == "firm.toml"]
    assert (found.line, found.column, found.severity) == (5, "reading", Severity.WARNING)
    # A new standing order is of the future: what was sold stays sold.
    folder_with(folder, accounts__csv=accounts.replace("hifo", "fifo"), firm__toml=firm)
    assert everything(folder)["realized"] == realized


def test_price_times_shares_where_no_amount_is_given(tmp_path: Path) -> None:
    header = "date,account_id,kind,symbol,shares,price,fee"
    folder = folder_with(tmp_path)
    assert post(folder, "2024-01-02,own,buy,A,3.333333,10.0101,0.01", header=header).posted == 1
    # 3.333333 x 10.0101 = 33.36699666...: 33.3670 to the ten-thousandth, and a cent.
    assert cash_of_accounts(folder) == {"own": Decimal("-33.3770")}
    report = post(folder, "2024-01-03,own,buy,A,999999999,99999999,", header=header)
    assert [found.column for found in errors(report)] == ["price"]


def test_transfers_inside_the_firm_move_lots_once(tmp_path: Path) -> None:
    header = f"{HEADER},counter_account,basis"
    folder = folder_with(tmp_path)
    report = post(
        folder,
        "2024-01-02,own,buy,T1,A,10,1000,,L1,,",
        "2024-02-01,own,transfer_out,T2,A,4,,,,spouse,",
        "2024-02-01,spouse,transfer_in,T3,A,4,,,,own,400",
        "2024-02-02,own,transfer_out,T4,A,1,,,,elsewhere,",
        "2024-02-03,own,transfer_in,T5,,,70,,,,",
        "2024-02-03,own,transfer_out,T6,,,20,,,,",
        "2024-02-04,own,interest,T7,,,-5,,,,",
        header=header,
    )
    assert not errors(report)
    assert [finding.line for finding in report.findings] == [4, 5]
    assert shares_of(folder) == {("own", "A"): Decimal(5), ("spouse", "A"): Decimal(4)}
    assert cash_of_accounts(folder) == {"own": Decimal(-1000 + 70 - 20 - 5)}
    events, _ = open_ledger(folder).ledger.events()
    assert [EventKind(kind).name for kind in events["kind"][-3:]] == ["DEPOSIT", "WITHDRAWAL", "FEE"]


def test_nothing_can_be_done_without_accounts_or_the_file(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="accounts"):
        post_files(tmp_path)
    with pytest.raises(FolderError, match="a folder"):
        post_files(tmp_path / "nowhere")
    folder = folder_with(tmp_path)
    with pytest.raises(FolderError, match=r"missing\.csv"):
        post_files(folder, [folder / "missing.csv"])
    with pytest.raises(FolderError, match=r"\.xls"):
        post_files(folder, [folder / "missing.xls"])
    assert not (folder / "ledger" / "journal").exists()


def test_an_account_that_leaves_the_folder_is_named(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *GOOD)
    folder_with(folder, accounts__csv="account_id,household_id,kind,cash\nother,H3,taxable,0\n")
    opened = open_ledger(folder)
    assert [(found.file, found.was) for found in opened.findings] == [("accounts.csv", "1 missing: own")]
    assert opened.ledger.standing().state.lots.size == 1
