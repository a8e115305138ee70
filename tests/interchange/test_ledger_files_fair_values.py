"""What the new shares of a mixed merger were worth: the cell, else a close of the prices, else nothing is posted."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from lotwise.errors import Severity
from lotwise.interchange.ledger_files.posting import post_files
from lotwise.money import DOLLAR
from tests.interchange.ledger_folder import cash_of_accounts, errors, folder_with, ledger_of, post, shares_of
from tests.interchange.test_ledger_files_actions import write_actions

FIRM = "version = 1\nas_of = 2024-12-31\n"
# 100 shares for $5,000 become 50 of N and $1,000: 26 U.S.C. 356(a)(1) recognises the gain, at most the cash.
HELD = "2024-01-03,own,buy,T1,A,100,5000,,L1"
MERGER = "2024-03-04,A,mixed_merger,1/2,N,10,,"
PRICES = "date,symbol,close\n2024-02-26,N,70\n2024-03-01,N,90\n2024-03-01,A,1\n2024-03-05,N,50\n"


def folder_of(path: Path, prices: str = PRICES, *actions: str) -> Path:
    folder = folder_with(path, firm__toml=FIRM, prices__csv=prices)
    post(folder, HELD)
    write_actions(folder, *(actions or (MERGER,)))
    return folder


def gain(folder: Path) -> Decimal:
    realized = ledger_of(folder).standing().state.realized
    return Decimal(int((realized["proceeds"] - realized["basis"]).sum())) / DOLLAR


def test_an_empty_fair_value_is_the_last_close_and_says_so(tmp_path: Path) -> None:
    """The merger is on a Monday; Friday's close was $90: 50 x 90 + 1,000 - 5,000 is a gain of $500, all recognised."""
    folder = folder_of(tmp_path)
    report = post_files(folder)
    assert (report.actions, report.actions_refused, report.exit_status) == (1, 0, 0)
    (found,) = report.findings
    assert (found.file, found.line, found.column) == ("corporate_actions.csv", 2, "fair_value")
    assert (found.severity, found.was) == (Severity.NOTICE, "empty")
    assert found.must_be == "the fair value of one share of N on 2024-03-04"
    assert "90 of 2024-03-01" in found.to_do
    assert gain(folder) == 500
    assert shares_of(folder) == {("own", "N"): Decimal(50)}
    assert cash_of_accounts(folder) == {"own": Decimal(-4000)}


def test_what_was_applied_stays_whatever_the_prices_say_later(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    post_files(folder)
    for later in (PRICES.replace("90", "99"), "date,symbol,close\n2024-12-30,N,1\n"):
        (folder / "prices.csv").write_text(later)
        again = post_files(folder)
        assert (again.actions, again.findings, again.exit_status) == (0, (), 0)
    assert gain(folder) == 500
    # An account that is learnt later gets what the others got.
    report = post(folder, "2024-02-01,other,buy,T2,A,100,5000,,", backdated=True)
    assert (report.posted, report.actions) == (1, 1)
    assert gain(folder) == 1000


@pytest.mark.parametrize(
    ("prices", "worth"),
    [
        (PRICES + "2024-03-04,N,60\n", 60),  # of the day itself
        ("date,symbol,close\n2024-02-26,N,70\n", 70),  # seven days before
        ("date,symbol,close\n2024-02-25,N,70\n", None),  # eight
        ("date,symbol,close\n2024-03-05,N,50\n", None),  # only later
        ("date,symbol,close\n2024-03-01,A,50\n", None),
        ("date,symbol,close\n2024-02-27,N,70\n2024-03-01,N,oops\n", 70),
        ("date,symbol,close\n2024-03-01,N,70\n2024-03-01,N,80\n", 70),  # the first counts, as in rebalancing
    ],
)
def test_which_close_counts(tmp_path: Path, prices: str, worth: int | None) -> None:
    folder = folder_of(tmp_path, prices)
    report = post_files(folder)
    if worth is None:
        assert (report.actions, report.refused, report.actions_refused, report.exit_status) == (0, 0, 1, 1)
        (found,) = errors(report)
        assert (found.file, found.line, found.column, found.was) == ("corporate_actions.csv", 2, "fair_value", "empty")
        assert "add a close of 2024-02-26 or later" in found.to_do
        assert "until then the action is not applied" in found.to_do
        assert shares_of(folder) == {("own", "A"): Decimal(100)}
        # Once it is known, the action is applied.
        (folder / "prices.csv").write_text(PRICES)
        assert post_files(folder).actions == 1
    else:
        assert report.actions == 1
        # Gain 50 x worth + 1,000 - 5,000, at most the cash and no loss.
        assert gain(folder) == min(max(50 * worth - 4000, 0), 1000)


def test_a_cell_wins_over_the_prices(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, PRICES, f"{MERGER}85")
    report = post_files(folder)
    assert (report.actions, report.findings) == (1, ())
    assert gain(folder) == 250  # 50 x 85 + 1,000 - 5,000


def test_a_close_counted_after_a_later_split_is_not_what_it_was_worth(tmp_path: Path) -> None:
    """Prices are on the share basis of their last day: after 2 for 1 in April, $45 of March was $90."""
    prices = "date,symbol,close\n2024-03-01,N,45\n2024-05-01,N,50\n"
    folder = folder_of(tmp_path, prices, MERGER, "2024-04-02,N,split,2,,,,")
    report = post_files(folder)
    (found,) = errors(report)
    assert (found.line, found.column) == (2, "fair_value")
    assert "after a later split" in found.to_do
    assert report.actions_refused == 1
    # A split that the prices do not reach to has not changed them.
    late = folder_of(tmp_path / "late", PRICES, MERGER, "2024-04-02,N,split,2,,,,")
    assert post_files(late).exit_status == 0
    assert gain(late) == 500


def test_an_action_of_a_day_that_has_not_come_asks_for_no_price(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, PRICES, "2025-03-04,A,mixed_merger,1/2,N,10,,")
    report = post_files(folder)
    assert (report.actions, report.findings) == (0, ())


def test_without_prices_it_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "prices.csv").unlink()
    report = post_files(folder)
    assert [(found.line, found.column) for found in errors(report)] == [(2, "fair_value")]


ROW = "date,account_id,kind,transaction_id,symbol,new_symbol,ratio,cash_per_share,fair_value"


def test_a_row_of_transactions_takes_a_close_too_and_can_come_again(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, prices__csv=PRICES)
    post(folder, HELD)
    for name in ("T2", ""):  # with an id of its own, and known by what it says
        row = f"2024-03-04,own,mixed_merger,{name},A,N,1/2,10,"
        folder = folder_with(tmp_path / f"named {name}", prices__csv=PRICES)
        post(folder, HELD)
        report = post(folder, row, header=ROW)
        assert (report.posted, report.refused, report.exit_status) == (1, 0, 0)
        assert [(found.file, found.line) for found in report.findings] == [("new.csv", 2)]
        assert gain(folder) == 500
        (folder / "prices.csv").write_text("date,symbol,close\n2024-03-04,N,10\n")
        again = post(folder, row, header=ROW)
        assert (again.posted, again.duplicates, again.exit_status) == (0, 1, 0)
        (folder / "prices.csv").unlink()
        again = post(folder, row, header=ROW)
        assert (again.posted, again.duplicates, again.exit_status) == (0, 1, 0)


def test_a_row_of_transactions_without_any_value_is_refused_and_the_rest_stands(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, HELD)
    rows = ("2024-03-04,own,mixed_merger,T2,A,N,1/2,10,", "2024-03-04,own,mixed_merger,T3,A,N,1/2,10,90")
    report = post(folder, *rows, header=ROW)
    (found,) = errors(report)
    assert (found.file, found.line, found.column) == ("new.csv", 2, "fair_value")
    assert "until then the row is not posted" in found.to_do
    assert (report.posted, report.refused, report.actions_refused) == (1, 1, 0)
    assert gain(folder) == 500


def test_corporate_actions_that_are_refused_are_counted_by_themselves(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, firm__toml=FIRM)
    post(
        folder,
        HELD,
        "2024-01-03,ira,buy,T2,A,10,500,,L2",
        "2024-06-03,own,deposit,T3,,,1,,",
        "2024-06-03,ira,deposit,T4,,,1,,",
    )
    write_actions(
        folder,
        "2024-03-01,A,split,2,,,,",  # both accounts have moved on: one action
        "2024-08-01,A,split,,,,,",
        "2024-09-02,A,splits,2,,,,",
        "2024-10-01,A,split",
        "2024-11-01,A,split,2,,,,",
    )
    report = post(folder, "2024-06-04,own,sell,T5,A,999,1,,")
    assert (report.posted, report.actions, report.refused, report.actions_refused) == (0, 2, 1, 4)
    assert report.exit_status == 1
    assert shares_of(folder) == {("own", "A"): Decimal(200), ("ira", "A"): Decimal(20)}
