"""What is odd but can be posted: it stands, and a finding says where it is, what it must be and what it counts as."""

from __future__ import annotations

import random
import re
from decimal import Decimal
from pathlib import Path

import pytest

from lotwise.dates import NO_DATE
from lotwise.errors import Finding, Severity
from lotwise.interchange.ledger_files.custodian_lots import compare_lots
from lotwise.interchange.ledger_files.open_windows import list_windows
from lotwise.interchange.ledger_files.posting import PostReport, open_from_lots, open_ledger
from lotwise.ledger.reconciliation import Outcome
from lotwise.storage.listings import chosen_accounts, list_lots, list_realized
from tests.interchange.ledger_folder import errors, everything, folder_with, ledger_of, post, shares_of
from tests.interchange.test_ledger_files_posting import HISTORY, random_history

DATED = (
    "date,account_id,kind,transaction_id,symbol,shares,amount,lot_id,basis,acquired,holding_period_start,term,stated,"
)
DATED += "acquisition"


def warnings(report: PostReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity is Severity.WARNING]


def lot(kind: str = "transfer_in", account: str = "own", acquired: str = "", start: str = "", how: str = "") -> str:
    return f"2024-05-01,{account},{kind},T1,A,10,,L1,900,{acquired},{start},,,{how}"


@pytest.mark.parametrize(
    ("row", "until"),
    [
        (lot(), ["its gains are short term", "it bars losses of its security as if it were bought today"]),
        (lot(how="Purchase"), ["its gains are short term", "it bars losses"]),
        (lot(how="gift"), ["its gains are short term"]),
        (lot(start="2020-01-02"), ["it bars losses"]),
        (lot(start="2020-01-02", how="merger"), ["VARIOUS"]),
    ],
)
def test_a_lot_transferred_in_without_its_day_is_posted_with_a_warning(
    tmp_path: Path, row: str, until: list[str]
) -> None:
    folder = folder_with(tmp_path)
    report = post(folder, row, header=DATED)
    assert (report.posted, report.refused, report.exit_status) == (1, 0, 0)
    (found,) = warnings(report)
    assert (found.file, found.line, found.column, found.was) == ("new.csv", 2, "acquired", "empty")
    assert found.must_be == "the day on which the lot was acquired"
    assert "post a basis_correction of the lot with the day; until then" in found.to_do
    for words in ("short term", "bars losses", "VARIOUS"):
        assert (words in found.to_do) == any(words in part for part in until), words


def test_a_lot_without_a_day_is_what_the_warning_says_until_it_is_corrected(tmp_path: Path) -> None:
    """Sold four years after whatever day: short term. A purchase: shares of it bar losses today."""
    folder = folder_with(tmp_path, firm__toml="version = 1\nas_of = 2028-05-01\n")
    post(folder, lot(), header=DATED)
    ledger = ledger_of(folder)
    (window,) = list_windows(ledger, 21_305, chosen_accounts(ledger)).iter_rows(named=True)  # 2028-05-01
    assert (window["symbol"], window["worthless_losses"]) == ("A", "10")
    post(folder, "2028-05-01,own,sell,T2,A,4,400,,,,,,,", header=DATED, name="sale.csv")
    ledger = ledger_of(folder)
    assert list_realized(ledger, ledger.standing().state.realized)["term"].to_list() == ["short"]
    corrected = post(folder, "2028-05-01,own,basis_correction,T3,A,,,L1,540,2020-01-02,,,,", header=DATED, name="c.csv")
    assert not corrected.findings
    post(folder, "2028-05-01,own,sell,T4,A,6,600,,,,,,,", header=DATED, name="rest.csv")
    ledger = ledger_of(folder)
    assert list_realized(ledger, ledger.standing().state.realized)["term"].to_list() == ["short", "long"]


@pytest.mark.parametrize(
    "row",
    [
        lot(acquired="2020-01-02"),
        lot(account="ira"),  # no tax depends on it
        lot(how="inheritance"),  # long term whatever its days
        "2024-05-01,own,transfer_in,T1,,,900,,,,,,,",  # cash
    ],
)
def test_what_needs_no_day_is_no_finding(tmp_path: Path, row: str) -> None:
    report = post(folder_with(tmp_path), row, header=DATED)
    assert (report.posted, report.findings) == (1, ())


def test_a_lot_opened_without_its_day_is_a_warning_too(tmp_path: Path) -> None:
    lots = "account_id,lot_id,symbol,shares,acquired,basis\nown,L1,A,5,2020-01-01,50\nown,L2,A,5,,50\nira,L3,A,5,,50\n"
    folder = folder_with(tmp_path, firm__toml="version = 1\nas_of = 2024-06-28\n", lots__csv=lots)
    report = open_from_lots(folder)
    assert (report.posted, report.exit_status) == (3, 0)
    assert [(found.file, found.line, found.column) for found in warnings(report)] == [("lots.csv", 3, "acquired")]


def stated(account: str = "own", acquired: str = "", start: str = "", term: str = "", mark: str = "true") -> str:
    return f"2024-05-01,{account},sell,T1,A,10,900,,500,{acquired},{start},{term},{mark},"


def test_a_stated_sale_without_term_or_day_is_posted_as_short_term_and_says_so(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    report = post(folder, stated(), header=DATED)
    (found,) = warnings(report)
    assert (found.file, found.line, found.column, found.was) == ("new.csv", 2, "term", "empty")
    assert "short or long" in found.must_be
    assert "posted as short term" in found.to_do
    (row,) = ledger_of(folder).standing().state.realized
    assert (row["long_term"], row["acquired"]) == (0, NO_DATE)


@pytest.mark.parametrize(
    "row",
    [
        stated(term="short"),
        stated(term="long"),
        stated(acquired="2020-01-02"),
        stated(start="2020-01-02"),
        stated(account="ira"),
    ],
)
def test_a_stated_sale_that_says_its_term_is_no_finding(tmp_path: Path, row: str) -> None:
    report = post(folder_with(tmp_path), row, header=DATED)
    assert (report.posted, report.findings) == (1, ())


def test_stated_sales_of_an_opening_are_looked_at_too(tmp_path: Path) -> None:
    lots = "account_id,lot_id,symbol,shares,acquired,basis\nown,L1,A,5,2020-01-01,50\n"
    sales = "date,account_id,kind,symbol,shares,amount,basis\n2024-06-10,own,sell,B,7,70,140\n"
    firm = "version = 1\nas_of = 2024-06-28\n"
    folder = folder_with(tmp_path, firm__toml=firm, lots__csv=lots, transactions__csv=sales)
    (found,) = warnings(open_from_lots(folder))
    assert (found.file, found.line, found.column) == ("transactions.csv", 2, "term")


def test_a_warning_is_of_rows_that_are_posted_now(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, lot(), header=DATED)
    again = post(folder, lot(), header=DATED)
    assert (again.duplicates, warnings(again)) == (1, [])


SHORT = (
    "2024-01-03,own,buy,T1,A,10,900,,L1",
    "2024-01-04,own,sell_short,T2,B,5,500,,",
)


def test_a_custodians_row_of_no_shares_is_no_lot(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *SHORT)
    theirs = folder / "theirs.csv"
    theirs.write_text("account_id,symbol,shares,acquired,basis\nown,A,10,2024-01-03,900\nown,B,-5,2024-01-04,500\n")
    with theirs.open("a") as file:
        file.write("own,C,0,,\nspouse,A,0.000000,,0\n")
    found = compare_lots(ledger_of(folder), theirs, 19_800)
    assert [found.count(outcome) for outcome in Outcome] == [2, 0, 0]
    assert [(each.line, each.column, each.severity) for each in found.findings] == [
        (4, "shares", Severity.NOTICE),
        (5, "shares", Severity.NOTICE),
    ]
    # All that they say of the account is that it holds nothing: what we hold there is broken.
    theirs.write_text("account_id,symbol,shares\nown,A,0\n")
    found = compare_lots(ledger_of(folder), theirs, 19_800)
    assert found.count(Outcome.BROKEN) == 2
    assert all("they do not have it" in said for said in found.said(Outcome.BROKEN))


def test_shares_below_zero_that_nobody_sold_short_are_said(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *SHORT)
    theirs = folder / "theirs.csv"
    theirs.write_text(
        "account_id,symbol,shares,acquired,basis,acquisition\n"
        "own,A,-10,2024-01-03,900,\n"
        "own,B,-5,2024-01-04,500,\n"
        "own,C,-1.5,2024-01-04,50,short\n"
        "spouse,B,-5,2024-01-04,500,\n"
    )
    found = compare_lots(ledger_of(folder), theirs, 19_800)
    assert [(each.line, each.column, each.severity) for each in found.findings] == [
        (2, "shares", Severity.WARNING),
        (5, "shares", Severity.WARNING),
    ]
    assert "-10 A" in found.findings[0].was
    assert "without the minus" in found.findings[0].to_do
    assert found.count(Outcome.BROKEN) == 4  # our A, their short A, their C, the spouse's


def test_the_corrected_row_of_a_refused_one_needs_backdated_and_both_refusals_say_so(tmp_path: Path) -> None:
    """Refused, the rest posted, corrected, posted again: out of order by then; with --backdated it is in."""
    folder = folder_with(tmp_path)
    rest = ("2024-01-03,own,buy,T1,A,10,900,,L1", "2024-03-01,own,deposit,T3,,,5,,")
    (first,) = errors(post(folder, *rest, "2024-02-01,own,sell,T2,A,11,990,,"))
    assert "correct it" in first.to_do
    assert "then post with --backdated: the account is posted until 2024-03-01" in first.to_do
    corrected = "2024-02-01,own,sell,T2,A,1,90,,"
    (second,) = errors(post(folder, *rest, corrected))
    assert second.column == "date"
    assert "corrected after it was refused" in second.to_do
    assert "post with --backdated" in second.to_do
    report = post(folder, *rest, corrected, backdated=True)
    assert (report.posted, report.duplicates, report.exit_status) == (1, 2, 0)
    assert shares_of(folder) == {("own", "A"): Decimal(9)}
    # Nothing has been posted after the row: it needs no --backdated, and no word of it.
    (last,) = errors(post(folder, "2024-04-01,own,sell,T4,A,99,990,,"))
    assert "--backdated" not in last.to_do


def test_a_lot_without_a_name_is_taken_by_the_one_that_the_listing_shows(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(
        folder,
        "2024-01-02,other,buy,T0,A,10,500,,",
        "2024-01-03,own,buy,T1,A,10,500,,",
        "2024-01-04,own,buy,T2,A,10,700,,",
    )
    ledger = ledger_of(folder)
    names = list_lots(ledger, chosen_accounts(ledger, account="own"))["lot_id"].to_list()
    assert names == ["#1.0", "#2.0"]
    report = post(folder, f"2024-02-01,own,sell,S1,A,4,400,,{names[1]}", name="sale.csv")
    assert (report.posted, report.findings) == (1, ())
    ledger = ledger_of(folder)
    listed = list_lots(ledger, chosen_accounts(ledger, account="own"))
    assert list(zip(listed["lot_id"], listed["shares"], strict=True)) == [("#1.0", "10"), ("#2.0", "6")]
    # 4 of the 10 shares bought for $700, not of those for $500 that first in, first out would take.
    assert list_realized(ledger, ledger.standing().state.realized)["basis"].to_list() == ["280.00"]
    (found,) = errors(post(folder, "2024-02-02,own,sell,S2,A,7,700,,#2.0", name="more.csv"))
    assert "at most the 6 shares of lot #2.0" in found.must_be


def test_lots_called_by_number_fold_the_same_in_parts_at_once_and_without_the_cache(tmp_path: Path) -> None:
    """Parts of a lot without a name go by its name too, whether a wash sale or a transfer parted it."""
    header = "date,account_id,kind,transaction_id,symbol,shares,amount,fee,lot_id,counter_account"
    trades = (
        "2024-01-02,own,buy,T1,A,10,1000,,,",
        "2024-01-20,own,sell,T2,A,4,200,,,",
        "2024-01-25,own,buy,T3,A,10,600,,,",  # four of them take over the loss: two parts
        "2024-02-01,own,transfer_out,T4,A,3,,,,spouse",
        "2024-03-01,own,sell,T5,A,5,400,,#2.0,",
        "2024-03-02,spouse,sell,T6,A,1,90,,#0.0,",
        "2024-03-03,own,basis_correction,T7,A,,,,#0.0,",
    )
    bases = [*[""] * 6, "444"]
    rows = [f"{row},{basis}" for row, basis in zip(trades, bases, strict=True)]
    header += ",basis"
    whole, parts = folder_with(tmp_path / "whole"), folder_with(tmp_path / "parts")
    for number, row in enumerate(rows):
        assert post(parts, row, header=header, name=f"{number}.csv").posted == 1, row
    ledger = ledger_of(parts)
    listed = list_lots(ledger, chosen_accounts(ledger))
    assert listed.select("account_id", "lot_id", "shares", "basis").rows() == [
        ("own", "#0.0", "3", "444.00"),
        ("own", "#2.0", "5", "300.00"),
        ("spouse", "#0.0", "2", "200.00"),
    ]
    for path in (parts / "ledger" / "state").iterdir():
        path.unlink()
    again = ledger_of(parts)
    assert list_lots(again, chosen_accounts(again)).equals(listed)
    # Before the numbers are known nobody can name them: the first three rows, then all others at once.
    assert post(whole, *rows[:4], header=header).posted == 4
    assert post(whole, *rows[4:], header=header).posted == 3
    other = ledger_of(whole)
    assert list_lots(other, chosen_accounts(other)).equals(listed)
    realized = list_realized(ledger, ledger.standing().state.realized)
    assert list_realized(other, other.standing().state.realized).equals(realized)


def open_by_name(folder: Path) -> dict[tuple[str, str, str], Decimal]:
    """Shares by account, symbol and name of lot, all its parts together."""
    ledger = ledger_of(folder)
    found: dict[tuple[str, str, str], Decimal] = {}
    for row in list_lots(ledger, chosen_accounts(ledger)).rows(named=True):
        key = (row["account_id"], row["symbol"], row["lot_id"].partition("~")[0])
        found[key] = found.get(key, Decimal(0)) + Decimal(row["shares"])
    return found


@pytest.mark.parametrize("seed", range(4))
def test_any_listed_lot_can_be_taken_by_its_name_and_folding_again_agrees(tmp_path: Path, seed: int) -> None:
    """Random trades and splits of lots without names; now and then half of a listed lot is sold by its name."""
    chance = random.Random(seed)
    folder = folder_with(tmp_path)
    rows = [re.sub(r",L\d+,", ",,", row) for row in random_history(seed, least_days=1)]
    for start in range(0, len(rows), 10):
        post(folder, *rows[start : start + 10], header=HISTORY, name=f"{start}.csv")
        held = open_by_name(folder)
        lot = chance.choice(sorted(held))
        account, symbol, name = lot
        row = f"{rows[start + 9][:10]},{account},sell,S{start},{symbol},{held[lot] / 2},100,,{name},"
        report = post(folder, row, header=HISTORY, name=f"sale {start}.csv", backdated=True)
        assert (report.posted, report.findings) == (1, ()), row
        assert open_by_name(folder)[lot] == held[lot] / 2
    before = everything(folder)
    for path in (folder / "ledger" / "state").iterdir():
        path.unlink()
    assert everything(folder) == before
    assert not open_ledger(folder).findings


def test_a_name_that_was_given_wins_over_a_number(tmp_path: Path) -> None:
    """Lots of one ledger that open another keep their names, `#1.0` too; the row of that number keeps its own lot."""
    lots = "account_id,lot_id,symbol,shares,acquired,basis\nown,#1.0,A,5,2020-01-01,50\n"
    folder = folder_with(tmp_path, firm__toml="version = 1\nas_of = 2024-06-28\n", lots__csv=lots)
    open_from_lots(folder)
    post(folder, "2024-07-01,own,buy,T1,A,5,90,,")  # row 1 of the journal
    post(folder, "2024-07-02,own,sell,T2,A,5,60,,#1.0", name="sale.csv")
    ledger = ledger_of(folder)
    assert list_realized(ledger, ledger.standing().state.realized)["basis"].to_list() == ["50.00"]
    for path in (folder / "ledger" / "state").iterdir():
        path.unlink()
    assert not open_ledger(folder).findings
    assert shares_of(folder) == {("own", "A"): Decimal(5)}


@pytest.mark.parametrize(
    ("name", "words"),
    [("#7.0", "lots without a name are called #EVENT.0"), ("L1~2", "parts of a lot (~2) are taken under its own name")],
)
def test_the_words_for_a_lot_that_is_not_there_say_how_lots_are_called(tmp_path: Path, name: str, words: str) -> None:
    folder = folder_with(tmp_path)
    post(folder, "2024-01-03,own,buy,T1,A,10,500,,L1")
    (found,) = errors(post(folder, f"2024-02-01,own,sell,T2,A,5,500,,{name}"))
    assert found.column == "lot_id"
    assert words in found.to_do
    assert shares_of(folder) == {("own", "A"): Decimal(10)}


def test_wrong_rates_and_a_wrong_day_of_the_firm_are_said_and_stop_no_posting(tmp_path: Path) -> None:
    firm = """version = 1
as_of = "the first"
[rates]
federal_short_rate = 37
federal_long_rate = 0.2
state_rate = 0.05
"""
    households = """household_id,model,wash_group,federal_short_rate,state_rate
H1,core,,0.35,
H2,core,,12,0.9
H3,core,,,
"""
    folder = folder_with(tmp_path, firm__toml=firm, households__csv=households)
    report = post(folder, "2024-01-03,own,buy,T1,A,10,500,,L1")
    assert (report.posted, report.exit_status) == (1, 0)
    assert [(found.file, found.line, found.column) for found in warnings(report)] == [
        ("firm.toml", 2, "as_of"),
        ("firm.toml", 4, "federal_short_rate"),
        ("households.csv", 3, "federal_short_rate"),
    ]
    accounts = ledger_of(folder).register.accounts
    # Billionths, federal and state: what a household does not give is the firm's, and the firm's short rate is wrong.
    rates = accounts.select("account_id", "short_rate", "long_rate").rows()
    assert sorted(rates) == [
        ("ira", 400_000_000, 250_000_000),
        ("other", 50_000_000, 250_000_000),
        ("own", 400_000_000, 250_000_000),
        ("spouse", 900_000_000, 1_000_000_000),  # 0.2 and 0.9: no more than all of a gain
    ]
