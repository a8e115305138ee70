"""Corporate actions of the market: applied once, to whoever held, at the opening of their day, and never twice."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.interchange.firm_folder.ratios import read_ratio, read_ratios
from lotwise.interchange.ledger_files.posting import post_files
from tests.interchange.ledger_folder import cash_of_accounts, errors, folder_with, parts, post, shares_of

ACTIONS = "date,symbol,kind,ratio,new_symbol,cash_per_share,fraction,fair_value"
BUYS = (
    "2024-01-03,own,buy,T1,A,100,5000,,L1",
    "2024-01-03,ira,buy,T2,A,10,500,,L2",
    "2024-01-03,other,buy,T3,B,7,70,,L3",
)


def write_actions(folder: Path, *rows: str) -> None:
    (folder / "corporate_actions.csv").write_text("\n".join([ACTIONS, *rows]) + "\n", encoding="utf-8")


def test_a_split_is_applied_once_before_the_trades_of_its_day(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    write_actions(folder, "2024-03-01,A,split,3:2,,,,", "2024-09-01,A,split,2,,,,")
    assert post(folder, *BUYS).actions == 0  # no day has come
    report = post(folder, "2024-03-01,own,buy,T4,A,1,40,,", "2024-03-04,other,buy,T5,B,1,10,,")
    assert (report.posted, report.actions, report.exit_status) == (2, 2, 0)
    expected = {
        ("own", "A"): Decimal(151),
        ("ira", "A"): Decimal(15),
        ("other", "B"): Decimal(8),
    }
    assert shares_of(folder) == expected
    again = post_files(folder)  # the folder has no transactions of its own: only actions are looked at
    assert (again.posted, again.actions, again.duplicates, again.findings) == (0, 0, 0, ())
    assert shares_of(folder) == expected
    assert parts(folder) == ["000001.parquet", "000002.parquet"]


def test_posting_again_asks_nothing_of_an_account_that_had_sold_before_an_action(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    rows = (*BUYS, "2024-02-01,own,sell,T4,A,100,6000,,", "2024-03-04,own,buy,T5,B,1,10,,")
    write_actions(folder, "2024-03-01,A,split,2,,,,")
    assert post(folder, *rows).actions == 1  # of the account that still held
    again = post(folder, *rows)
    assert (again.posted, again.actions, again.duplicates, again.actions_refused, again.exit_status) == (0, 0, 5, 0, 0)
    assert shares_of(folder)["ira", "A"] == 20


def test_the_day_of_the_firm_brings_actions_without_transactions(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, firm__toml="version = 1\nas_of = 2024-06-30\n")
    post(folder, *BUYS)
    write_actions(folder, "2024-06-30,A,split,2,,,,", "2024-07-01,A,split,2,,,,")
    assert post_files(folder).actions == 2
    assert shares_of(folder)["own", "A"] == 200


def test_an_account_that_reports_the_action_itself_keeps_its_own(tmp_path: Path) -> None:
    header = "date,account_id,kind,transaction_id,symbol,ratio"
    folder = folder_with(tmp_path)
    post(folder, *BUYS)
    write_actions(folder, "2024-03-01,A,split,2,,,,")
    report = post(folder, "2024-03-05,own,split,S1,A,2", header=header)
    assert (report.posted, report.actions) == (1, 1)
    assert shares_of(folder)["own", "A"] == 200
    assert shares_of(folder)["ira", "A"] == 20
    # The other custodian is late: its account has the split already.
    report = post(folder, "2024-03-06,ira,split,S2,A,2", header=header)
    assert (report.posted, report.duplicates, report.exit_status) == (0, 1, 0)
    assert [finding.line for finding in report.findings] == [2]
    assert shares_of(folder)["ira", "A"] == 20
    # A split of another time is another split.
    assert post(folder, "2024-04-06,ira,split,S3,A,2", header=header).posted == 1
    assert shares_of(folder)["ira", "A"] == 40


def test_an_action_that_comes_late_waits_for_backdated(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *BUYS, "2024-03-01,own,sell,T4,A,150,9000,,", "2024-05-02,own,buy,T5,A,1,30,,")
    assert shares_of(folder)["own", "A"] == 101  # the sale of 150 shares was refused: the split is not known
    write_actions(folder, "2024-03-01,A,split,2,,,,")
    report = post(folder)
    (found,) = errors(report)
    assert (found.file, found.line, found.column) == ("corporate_actions.csv", 2, "date")
    assert "--backdated" in found.to_do
    assert report.actions == 1  # the retirement account has posted nothing since
    report = post(folder, "2024-03-01,own,sell,T4,A,150,9000,,", backdated=True)
    assert (report.posted, report.actions, report.exit_status) == (1, 1, 0)
    assert shares_of(folder) == {
        ("own", "A"): Decimal(51),
        ("ira", "A"): Decimal(20),
        ("other", "B"): Decimal(7),
    }


def test_holdings_that_are_learnt_later_get_the_action_too(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    write_actions(folder, "2024-03-01,A,split,2,,,,")
    post(folder, *BUYS, "2024-04-01,spouse,deposit,T4,,,10,,")
    report = post(folder, "2024-02-01,spouse,buy,T5,A,3,150,,", backdated=True)
    assert (report.posted, report.actions) == (1, 1)
    assert shares_of(folder)["spouse", "A"] == 6


def test_a_changed_action_is_an_error_and_nothing_changes(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    write_actions(folder, "2024-03-01,A,split,2,,,,")
    post(folder, *BUYS, "2024-03-02,own,deposit,T9,,,1,,")
    write_actions(folder, "2024-03-01,A,split,3,,,,")
    (found,) = errors(post_files(folder))
    assert (found.file, found.line) == ("corporate_actions.csv", 2)
    assert shares_of(folder)["own", "A"] == 200


def test_what_a_company_becomes_is_followed(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, firm__toml="version = 1\nas_of = 2024-12-31\n")
    post(folder, *BUYS)
    write_actions(
        folder,
        "2024-05-01,N,split,4,,,,",
        "2024-03-01,A,symbol_change,,N,,,",
        "2024-06-01,N,spin_off,1/10,C,,0.2,",
        "2024-07-01,C,cash_merger,,,2.5,,",
        "2024-08-01,B,stock_merger,2,M,,,",
        "2024-08-02,Z,split,2,,,,",
    )
    report = post_files(folder)
    assert report.exit_status == 0
    assert shares_of(folder) == {
        ("own", "N"): Decimal(400),
        ("ira", "N"): Decimal(40),
        ("other", "M"): Decimal(14),
    }
    assert cash_of_accounts(folder) == {
        "own": Decimal(-5000 + 100),  # 40 shares of C at 2.50
        "ira": Decimal(-500 + 10),
        "other": Decimal(-70),
    }
    assert post_files(folder).actions == 0


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("2024-03-01,A,split,,,,,", "ratio"),
        ("2024-03-01,A,split,-2,,,,", "ratio"),
        ("2024-03-01,A,splits,2,,,,", "kind"),
        ("2024-03-xx,A,split,2,,,,", "date"),
        ("2024-03-01,A,spin_off,2,B,,,", "fraction"),
        ("2024-03-01,A,mixed_merger,2,B,5,,", "fair_value"),
        ("2024-03-01,A,stock_merger,2,,,,", "new_symbol"),
        ("2024-03-01,A,split", None),
    ],
)
def test_a_wrong_action_is_a_finding_and_the_others_are_applied(tmp_path: Path, row: str, column: str | None) -> None:
    folder = folder_with(tmp_path, firm__toml="version = 1\nas_of = 2024-12-31\n")
    post(folder, *BUYS)
    write_actions(folder, row, "2024-04-01,A,split,2,,,,")
    report = post_files(folder)
    (found,) = errors(report)
    assert (found.file, found.line, found.column) == ("corporate_actions.csv", 2, column)
    assert report.actions == 2
    assert shares_of(folder)["own", "A"] == 200


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.sampled_from("/:"))
def test_ratios_are_exact(new: int, old: int, sign: str) -> None:
    expected = Fraction(new, old)
    assert read_ratio(f"{new}{sign}{old}") == (expected.numerator, expected.denominator)


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("2", (2, 1)),
        ("1.5", (3, 2)),
        ("0.241917", (241917, 10**6)),
        ("1 : 10", (1, 10)),
        ("1.5/3", (1, 2)),
        ("0", None),
        ("-1", None),
        ("1/0", None),
        ("two", None),
        ("1/2/3", None),
        ("1e99", None),
        ("nan", None),
    ],
)
def test_ratios_as_people_write_them(text: str, ratio: tuple[int, int] | None) -> None:
    assert read_ratio(text) == ratio
    read = read_ratios(pl.Series([None, text], dtype=pl.String))
    assert read.row(0) == (None, None, False)
    assert read.row(1) == ((*ratio, False) if ratio else (None, None, True))
