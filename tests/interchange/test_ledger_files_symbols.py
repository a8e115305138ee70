"""Symbols that may be slips are said, and keep nothing from being posted."""

from __future__ import annotations

from pathlib import Path

from lotwise.errors import Severity
from tests.interchange.ledger_folder import folder_with, post
from tests.interchange.test_ledger_files_actions import BUYS, write_actions

SECURITIES = "symbol,kind\nA,stock\nZ,etf\n"


def test_an_action_of_a_symbol_that_nobody_ever_had_is_a_warning(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    write_actions(folder, "2024-03-01,AA,split,2,,,,", "2024-03-01,A,symbol_change,,N,,,", "2024-04-01,N,split,2,,,,")
    report = post(folder, *BUYS)
    (found,) = report.findings
    assert (found.file, found.line, found.column) == ("corporate_actions.csv", 2, "symbol")
    assert (found.severity, found.was) == (Severity.WARNING, "'AA'")
    assert found.must_be == "a symbol of the ledger or securities.csv"
    assert (report.posted, report.exit_status) == (3, 0)


def test_an_action_of_a_listed_security_is_none(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, securities__csv=SECURITIES)
    write_actions(folder, "2024-03-01,Z,split,2,,,,")
    assert [found.file for found in post(folder, BUYS[0]).findings] == []


def test_symbols_that_the_securities_do_not_have_are_noted_once_each(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, securities__csv=SECURITIES)
    report = post(folder, *BUYS, "2024-01-04,other,buy,T4,B,1,10,,L4")
    (found,) = report.findings
    assert (found.severity, found.file, found.line, found.column) == (Severity.NOTICE, "new.csv", 4, "symbol")
    assert found.was == "B (2 rows)"
    assert (report.posted, report.exit_status) == (4, 0)
