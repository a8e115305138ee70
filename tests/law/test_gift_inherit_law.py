"""Gifts and inheritances (26 U.S.C. 1014, 1015, 1223; Reg. 1.1015-1): basis, gain and term when they are sold.

Dates that a case does not give are chosen so that they do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.law.case_facts import Facts, UnknownShapeError
from tests.law.comparison import Comparison, is_long
from tests.law.wash_sale_cases import WrittenCase
from tests.ledger.written_events import Record

TOPIC = "gift_inherit"

_DONOR_BOUGHT = date(2019, 3, 1)
_GIVEN = date(2024, 5, 1)
_SOLD = date(2024, 9, 3)


@pytest.mark.usefixtures("vectors_dir")
def test_gift_or_inheritance(vector: Mapping[str, Any]) -> None:
    judge(vector)


def judge(vector: Mapping[str, Any]) -> None:
    """Fail unless the ledger gives what the case states."""
    case = Facts(vector["name"], vector)
    check = Comparison(case)
    inputs, expected = case.table("inputs"), case.table("expected")
    outcome = _written(inputs).fold(check)
    if "gain" in expected:
        gain = sum((row.recognized for row in outcome.gains), Decimal(0))
        check.money("gain", gain, expected.number("gain"))
    if "basis" in expected:
        rows = outcome.gains or outcome.lots
        check.money("basis", sum((row.basis for row in rows), Decimal(0)), expected.number("basis"))
    if "term" in expected:
        check.term("the sale", {row.long_term for row in outcome.gains}, is_long(expected))
    case.done()
    check.done()


def _written(inputs: Facts) -> WrittenCase:
    """Write what is received, and its sale."""
    record = Record()
    written = WrittenCase(record)
    shares = inputs.number("shares") if "shares" in inputs else Decimal(1)
    kind = inputs.text("type").lower()
    if kind == "gift":
        received = inputs.day("gift_date") if "gift_date" in inputs else _GIVEN
        event = record.gift_in(
            received,
            "account",
            "X",
            shares,
            lot="gift",
            basis=Fraction(inputs.number("donor_basis")) + _gift_tax(inputs),
            acquired=inputs.day("donor_acquired") if "donor_acquired" in inputs else _DONOR_BOUGHT,
            fair_value=inputs.number("fmv_at_gift"),
        )
    elif kind in ("inherited", "inheritance"):
        received = inputs.day("date_of_death") if "date_of_death" in inputs else _GIVEN
        if "decedent_basis" in inputs:
            inputs.number("decedent_basis")  # it ends with its owner: 26 U.S.C. 1014(a)
        if "decedent_acquired" in inputs:
            inputs.day("decedent_acquired")
        event = record.inherit(received, "account", "X", shares, inputs.number("fmv_at_death"), lot="inherited")
    else:
        raise UnknownShapeError(f"{inputs.where}: nothing understands the type {kind!r}")
    written.note(kind, [event])
    if "sale" not in inputs:
        return written
    sold = inputs.day("sold") if "sold" in inputs else max(_SOLD, received)
    part = inputs.number("shares_sold") if "shares_sold" in inputs else shares
    written.note("sale", record.sell(sold, "account", "X", part, inputs.number("sale")))
    return written


def _gift_tax(inputs: Facts) -> Fraction:
    """Gift tax on the appreciation, which is added to the donor's basis (26 U.S.C. 1015(d)(6)): the recipient's fact.

    The part of the tax is the appreciation by the gift that was taxed, after the year's exclusion.
    """
    keys = [key for key in ("gift_tax", "gift_tax_paid") if key in inputs]
    if not keys:
        return Fraction(0)
    value = Fraction(inputs.number("fmv_at_gift"))
    if "taxable_gift" in inputs:
        taxed = Fraction(inputs.number("taxable_gift"))
    else:
        taxed = value - Fraction(inputs.number("annual_exclusion") if "annual_exclusion" in inputs else 0)
    appreciation = max(value - Fraction(inputs.number("donor_basis")), Fraction(0))
    return Fraction(inputs.number(*keys)) * min(appreciation / taxed, Fraction(1))
