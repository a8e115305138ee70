"""Netting, the loss deducted and the loss carried, as the Code, the forms and their publications have them.

Amounts are whole dollars; `income` is Form 1040 line 15 as it would be without the floor of zero.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from lotwise.money import DOLLAR, Money
from lotwise.tax.liability import liability
from lotwise.tax.netting import net_gains
from lotwise.tax.parameters import FilingStatus, figure_of, filing_status, load_federal
from lotwise.tax.position import TaxPosition
from tests.tax.households import federal_law

VECTOR_STATUS = {
    "SINGLE": FilingStatus.SINGLE,
    "JOINT": FilingStatus.MARRIED_JOINT,
    "SEPARATE": FilingStatus.MARRIED_SEPARATE,
    "HEAD_OF_HOUSEHOLD": FilingStatus.HEAD_OF_HOUSEHOLD,
    "SURVIVING_SPOUSE": FilingStatus.MARRIED_JOINT,
}


class Netted(NamedTuple):
    short: int
    long: int
    income: int
    status: FilingStatus
    deduction: int
    short_carried: int
    long_carried: int
    source: str


SINGLE, JOINT, SEPARATE = FilingStatus.SINGLE, FilingStatus.MARRIED_JOINT, FilingStatus.MARRIED_SEPARATE
CASES = (
    Netted(0, -7_000, 26_000, JOINT, 3_000, 0, 4_000, "IRS Publication 550, example of a loss of 7,000"),
    Netted(-2_000, -5_000, 80_000, SINGLE, 3_000, 0, 4_000, "26 U.S.C. 1212(b)(2)(A)(i): short-term first"),
    Netted(-10_000, 1_000, 20_000, SINGLE, 3_000, 6_000, 0, "26 U.S.C. 1212(b)(1)(A)"),
    Netted(1_000, -8_000, 30_000, SINGLE, 3_000, 0, 4_000, "26 U.S.C. 1212(b)(1)(B)"),
    Netted(-6_000, -1_000, 80_000, SEPARATE, 1_500, 4_500, 1_000, "26 U.S.C. 1211(b)(1): 1,500 when separate"),
    Netted(-3_000, 0, 80_000, SINGLE, 3_000, 0, 0, "26 U.S.C. 1211(b)(1): a loss of just the limit"),
    Netted(-1_000, 0, 50_000, JOINT, 1_000, 0, 0, "26 U.S.C. 1211(b)(2): no more than the excess loss"),
    Netted(-4_000, -2_000, -500, JOINT, 3_000, 1_500, 2_000, "26 U.S.C. 1212(b)(2)(B): adjusted taxable income"),
    Netted(-3_000, -4_000, -10_000, SINGLE, 3_000, 3_000, 4_000, "Capital Loss Carryover Worksheet, lines 1 to 4"),
    Netted(-1_000, -9_000, -1_200, SINGLE, 3_000, 0, 8_200, "Capital Loss Carryover Worksheet, line 11"),
    Netted(30_000, -10_000, 150_000, JOINT, 0, 0, 0, "26 U.S.C. 1222(5)-(11): a net gain carries nothing"),
    Netted(-500, 500, 40_000, SINGLE, 0, 0, 0, "Schedule D line 16 of zero"),
)


def dollars(amount: Decimal | int) -> Money:
    units = Decimal(amount) * DOLLAR
    assert units == int(units)
    return Money(int(units))


def assert_netted(case: Netted) -> None:
    """Both ways in: the worksheet by itself, and a household's whole return."""
    limit = Money(figure_of(load_federal(), 2025, case.status, "loss_limit"))
    short, long, income = dollars(case.short), dollars(case.long), dollars(case.income)
    netting = net_gains(short, long, income, limit)
    expected = (case.short + case.long, case.deduction, case.short_carried, case.long_carried)
    found = (netting.net, netting.deduction, netting.short_carryforward, netting.long_carryforward)
    assert found == tuple(dollars(amount) for amount in expected), case.source

    capital = case.short + case.long if case.short + case.long >= 0 else -case.deduction
    ordinary = Money(income - dollars(capital))
    result = liability(
        TaxPosition(2025, case.status, ordinary_income=ordinary, short_gains=short, long_gains=long), federal_law()
    )
    assert result.capital_gain == dollars(capital), case.source
    assert result.taxable_income == max(income, 0), case.source
    assert result.short_carryforward == dollars(case.short_carried), case.source
    assert result.long_carryforward == dollars(case.long_carried), case.source


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.short} {case.long} {case.status.name}")
def test_published_rules(case: Netted) -> None:
    assert_netted(case)


def test_losses_carried_into_the_year_net_first() -> None:
    """Schedule D lines 6 and 14: a carryover counts as a loss of the year."""
    position = TaxPosition(
        2024,
        SINGLE,
        ordinary_income=dollars(80_000),
        short_gains=dollars(5_000),
        long_gains=dollars(9_000),
        short_carryforward=dollars(1_000),
        long_carryforward=dollars(20_000),
    )
    result = liability(position, federal_law())
    assert (result.net_short, result.net_long) == (dollars(4_000), dollars(-11_000))
    assert result.capital_gain == dollars(-3_000)
    assert (result.short_carryforward, result.long_carryforward) == (0, dollars(4_000))


def test_the_vectors(vectors_dir: Path) -> None:
    entries = json.loads((vectors_dir / "netting_carryover.json").read_text(encoding="utf-8"), parse_float=Decimal)
    assert entries
    for entry in entries:
        facts, expected = entry["inputs"], entry["expected"]
        assert set(facts) <= {
            "net_short_term",
            "net_long_term",
            "taxable_income_line15",
            "filing_status",
            "year",
            "st_carryover",
            "lt_carryover",
        }, entry["name"]
        assert set(expected) <= {"deduction", "st_carryover", "lt_carryover", "net"}, entry["name"]
        assert_netted(
            Netted(
                facts["net_short_term"] - facts.get("st_carryover", 0),
                facts["net_long_term"] - facts.get("lt_carryover", 0),
                facts["taxable_income_line15"],
                VECTOR_STATUS[facts["filing_status"]],
                expected["deduction"],
                expected["st_carryover"],
                expected["lt_carryover"],
                entry["name"],
            )
        )
        assert expected["net"] == facts["net_short_term"] + facts["net_long_term"], entry["name"]


def test_a_surviving_spouse_files_like_a_married_couple() -> None:
    """26 U.S.C. 1(a) and 2(a)."""
    assert filing_status("surviving_spouse") is JOINT
