"""Which lots a sale takes (Reg. 1.1012-1(c)): first in first out unless lots are identified, by name or by a method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.law.case_facts import Facts
from tests.law.comparison import Comparison
from tests.law.lot_selection_cases import compare_selection, write_selection
from tests.ledger.written_results import outcome_of

TOPIC = "lot_selection"


@pytest.mark.usefixtures("vectors_dir")
def test_lot_selection(vector: Mapping[str, Any]) -> None:
    judge(vector)


def judge(vector: Mapping[str, Any]) -> None:
    """Fail unless the ledger gives what the case states."""
    case = Facts(vector["name"], vector)
    check = Comparison(case)
    written = write_selection(case.table("inputs"))
    outcome = outcome_of(written.record)
    compare_selection(check, written, outcome, case.table("expected"))
    case.done()
    check.done()
