"""Wash sales (26 U.S.C. 1091; Reg. 1.1091-1 and -2; Rev. Rul. 2008-5): every settled case, sale by sale, lot by lot."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from lotwise.households.accounts import AccountKind
from lotwise.ledger.tables import Reading
from tests.law.case_facts import Facts
from tests.law.comparison import Comparison
from tests.law.wash_sale_cases import compare_expected, write_case

TOPIC = "wash_sale"


@pytest.mark.usefixtures("vectors_dir")
def test_wash_sale(vector: Mapping[str, Any]) -> None:
    judge(vector)


def judge(vector: Mapping[str, Any]) -> None:
    """Fail unless the ledger gives what the case states."""
    case = Facts(vector["name"], vector)
    check = Comparison(case)
    written = write_case(case, Reading.HELD_AT_END_OF_DAY)
    outcome = written.fold(check)
    compare_expected(check, written, outcome, case.table("expected"))
    if (written.record.world().accounts["kind"] == AccountKind.TAXABLE).all():
        permanent = sum((gain.permanent for gain in outcome.gains), Decimal(0))
        check.money("lost for ever without a retirement account", permanent, Decimal(0))
    case.done()
    check.done()
