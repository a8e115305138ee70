"""The market's split and the custodian's stock dividend of the same shares: one action, applied once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from lotwise.errors import Finding, Severity
from lotwise.interchange.ledger_files.posting import PostReport, post_files
from tests.interchange.ledger_folder import folder_with, post, shares_of
from tests.interchange.test_ledger_files_actions import BUYS, write_actions

OWN = "date,account_id,kind,transaction_id,symbol,ratio"


def warnings(report: PostReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity is Severity.WARNING]


# A split of 2 makes two shares of one; so does a stock dividend of one share for each share held.
@pytest.mark.parametrize(
    ("market", "own"), [("split,2", "stock_dividend,S1,A,1"), ("stock_dividend,1", "split,S1,A,2")]
)
def test_a_split_and_a_stock_dividend_of_the_same_shares_are_one(tmp_path: Path, market: str, own: str) -> None:
    kind, ratio = market.split(",")
    first = folder_with(tmp_path / "custodian first")
    post(first, *BUYS)
    write_actions(first, f"2024-03-01,A,{kind},{ratio},,,,")
    report = post(first, f"2024-03-01,own,{own}", header=OWN)
    assert (report.posted, report.actions, report.findings) == (1, 1, ())
    assert shares_of(first)["own", "A"] == 200
    assert shares_of(first)["ira", "A"] == 20
    market_first = folder_with(tmp_path / "market first", firm__toml="version = 1\nas_of = 2024-03-01\n")
    post(market_first, *BUYS)
    write_actions(market_first, f"2024-03-01,A,{kind},{ratio},,,,")
    assert post_files(market_first).actions == 2
    report = post(market_first, f"2024-03-01,own,{own}", header=OWN)
    assert (report.posted, report.duplicates, warnings(report)) == (0, 1, [])
    assert shares_of(market_first)["own", "A"] == 200


def test_other_ratios_of_one_action_are_a_warning(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *BUYS)
    write_actions(folder, "2024-03-01,A,split,2,,,,")
    # Half a share for each share held: one share becomes 3/2, where the market says 2.
    report = post(folder, "2024-03-01,own,stock_dividend,S1,A,0.5", header=OWN)
    (found,) = warnings(report)
    assert (found.file, found.line, found.column) == ("new.csv", 2, "ratio")
    assert "3/2" in found.was
    assert "corporate_actions 2" in found.was
    assert shares_of(folder)["own", "A"] == 150
    # It has been said: the next posting to the account is quiet.
    assert post(folder, "2024-04-01,own,buy,T9,A,1,50,,").findings == ()
    # The other account has the market's split already: its custodian's row is not posted.
    report = post(folder, "2024-03-01,ira,stock_dividend,S2,A,0.5", header=OWN)
    (found,) = warnings(report)
    assert (found.line, report.duplicates) == (2, 1)
    assert shares_of(folder)["ira", "A"] == 20


def test_a_split_and_a_stock_dividend_of_their_own_stay_two(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *BUYS)
    write_actions(folder, "2024-03-01,A,split,2,,,,")
    # Five per cent three days later is no split of 2; 100 x 2 x 1.05.
    report = post(folder, "2024-03-04,own,stock_dividend,S1,A,0.05", header=OWN)
    assert warnings(report) == []
    assert shares_of(folder)["own", "A"] == 210
    # On one day: the custodian's split is the market's, its stock dividend stands beside it.
    other = folder_with(tmp_path / "other")
    post(other, *BUYS)
    write_actions(other, "2024-03-01,A,split,2,,,,")
    rows = ("2024-03-01,own,split,S1,A,2", "2024-03-01,own,stock_dividend,S2,A,0.05")
    assert warnings(post(other, *rows, header=OWN)) == []
    assert shares_of(other)["own", "A"] == Decimal(210)
