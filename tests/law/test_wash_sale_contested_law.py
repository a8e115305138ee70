"""Wash sales that the law does not settle: every reading the ledger has gives what its followers say it gives.

Which earlier purchases replace shares sold at a loss if they were themselves sold since, or were bought before the
shares sold? 26 U.S.C. 1091 does not say. What a case expects must be the result of one of the readings.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from lotwise.ledger.tables import Reading
from tests.law.case_facts import Facts, UnknownShapeError
from tests.law.comparison import NOTE, Comparison
from tests.law.wash_sale_cases import WrittenCase, compare_expected, compare_sales, compare_totals, write_case
from tests.ledger.written_results import Outcome

TOPIC = "wash_sale_contested"

READINGS = {
    "held_at_end_of_day": Reading.HELD_AT_END_OF_DAY,
    "held_after_this_sale": Reading.HELD_AFTER_THIS_SALE,
    "literal_statute": Reading.ANY_ACQUISITION,
    "literal_any_acquisition": Reading.ANY_ACQUISITION,
    "older_lot_never_replaces": Reading.OLDER_LOT_NEVER_REPLACES,
}
_TOTAL = "_disallowed_total"  # ends the name of a reading of which only this total is stated


@pytest.mark.usefixtures("vectors_dir")
def test_contested_wash_sale(vector: Mapping[str, Any], record_property: Any) -> None:
    expected_as = judge(vector)
    record_property(NOTE, f"{TOPIC} expected as {' = '.join(expected_as)}")


def judge(vector: Mapping[str, Any]) -> list[str]:
    """Fail unless the ledger gives what the case states; return the readings that give what it expects."""
    case = Facts(vector["name"], vector)
    check = Comparison(case)
    readings = case.table("readings")
    for name in list(readings.keys()):
        reading = READINGS.get(name.removesuffix(_TOTAL))
        if reading is None:
            raise UnknownShapeError(f"{case.where}: nothing understands the reading {name!r}")
        written = write_case(Facts(case.where, vector), reading)
        within = Comparison(case)
        outcome = written.fold(within)
        if name.endswith(_TOTAL):
            disallowed = sum((gain.disallowed for gain in outcome.gains), Decimal(0))
            within.money("disallowed in all", disallowed, readings.number(name))
        else:
            _compare_reading(within, written, outcome, readings.table(name))
        for difference in within.differences:
            check.differ(f"read as {name}: {difference}")
    expected_as = _reading_of_what_is_expected(vector)
    check.same("expected result is that of a reading", bool(expected_as), must_be=True)
    for key in ("options", "transactions", "expected"):
        case.raw(key)  # understood, or refused, by `write_case` and `compare_expected`
    case.done()
    check.done()
    return expected_as


def _compare_reading(check: Comparison, written: WrittenCase, outcome: Outcome, stated: Facts) -> None:
    """Compare what is stated of a reading: each sale, the totals, the basis of what is open at the end."""
    if "sales" in stated:
        compare_sales(check, written, outcome, stated.tables("sales"))
    compare_totals(check, outcome, stated.table("totals") if "totals" in stated else stated)
    if "open_basis" in stated:
        open_basis = sum((lot.basis for lot in outcome.lots), Decimal(0))
        check.money("basis open at the end", open_basis, stated.number("open_basis"))


def _reading_of_what_is_expected(vector: Mapping[str, Any]) -> list[str]:
    """Readings that give what the case expects."""
    found = []
    for reading in Reading:
        case = Facts(vector["name"], vector)
        check = Comparison(case)
        written = write_case(case, reading)
        outcome = written.fold(check)
        expected = case.table("expected")
        compare_expected(check, written, outcome, expected)
        expected.done()
        if not check.differences:
            found.append(reading.name.lower())
    return found
