"""Which lots a sale takes (Reg. 1.1012-1(c)): first in first out unless lots are identified, by name or by a method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.law.case_facts import Facts
from tests.law.comparison import Comparison
from tests.law.lot_selection_cases import compare_selection, write_selection

TOPIC = "lot_selection"


@pytest.mark.usefixtures("vectors_dir")
def test_lot_selection(vector: Mapping[str, Any]) -> None:
    case = Facts(vector["name"], vector)
    check = Comparison(case)
    written = write_selection(case.table("inputs"))
    outcome = written.fold(check)
    compare_selection(check, written, outcome, case.table("expected"))
    case.done()
    check.done()
