"""Short sales that somebody must look at: said when they are posted, at their row, and listed as long as they hold."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lotwise.dates import to_day_number
from lotwise.errors import Finding, Severity
from lotwise.interchange.ledger_files.short_sales import short_sale_findings
from lotwise.storage.listings import chosen_accounts
from tests.interchange.ledger_folder import folder_with, ledger_of, post, shares_of

HELD = "2024-01-10,own,buy,T1,X,100,400,,L1"
SHORT = "2025-03-03,own,sell_short,T2,X,100,500,,"
CLOSED = "2025-05-01,own,cover,T3,X,100,600,,"
SOLD = "2025-05-20,spouse,sell,T5,X,10,70,,"


def listed(folder: Path, day: str = "2025-06-01", account: str | None = None) -> list[Finding]:
    ledger = ledger_of(folder)
    number = to_day_number(date.fromisoformat(day))
    return list(short_sale_findings(ledger, chosen_accounts(ledger, account=account), number))


def test_a_loss_on_closing_is_said_with_the_row_that_makes_it_doubtful(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, "2020-01-02,spouse,buy,T0,X,10,90,,S1", SHORT, name="short.csv")
    assert not post(folder, CLOSED, name="closed.csv").findings
    report = post(folder, SOLD, name="sold.csv")
    assert (report.posted, report.exit_status) == (1, 0)
    (found,) = report.findings
    assert (found.file, found.line, found.column, found.severity) == ("closed.csv", 2, "kind", Severity.WARNING)
    assert found.was == "closed on 2025-05-01 in own at a loss of $100.00, X sold on 2025-05-20 in spouse"
    assert found.to_do == (
        "a loss on closing a short sale may be disallowed under 26 U.S.C. 1091(e): look at it by hand"
    )
    assert not post(folder, "2025-05-21,own,deposit,T6,,,1,,", name="more.csv").findings  # said once
    assert listed(folder) == [found]  # and listed as long as it holds
    assert listed(folder, account="spouse") == [found]
    assert not listed(folder, account="other")


def test_a_short_sale_against_shares_that_gained_is_said_until_it_is_closed_in_time(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, HELD)
    (found,) = post(folder, SHORT, name="short.csv").findings
    assert (found.file, found.line, found.severity) == ("short.csv", 2, Severity.WARNING)
    assert found.must_be.startswith("a short sale closed by 2026-01-30")
    assert found.was == ("100 X sold short in own on 2025-03-03, when 100 were held at a lower basis, not closed")
    assert "26 U.S.C. 1259" in found.to_do
    assert "it is none if closed by 2026-01-30" in found.to_do
    assert listed(folder) == [found]
    (late,) = listed(folder, "2026-01-31")
    assert "it is none if" not in late.to_do
    post(folder, "2026-01-30,own,cover,T3,X,100,450,,", name="closed.csv")
    assert not listed(folder, "2026-01-31")


def test_a_closing_that_comes_too_late_is_said_at_its_posting(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, HELD, SHORT)
    report = post(folder, "2026-02-02,own,cover,T3,X,100,450,,", name="closed.csv")
    (found,) = report.findings
    assert (found.file, found.line) == ("new.csv", 3)
    assert "closed on 2026-02-02" in found.was
    assert not shares_of(folder).get(("own", "X"), 0) - 100


def test_plain_ledgers_say_nothing(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    assert not post(folder, HELD, "2024-02-01,own,sell,T9,X,10,10,,").findings
    assert not listed(folder)
