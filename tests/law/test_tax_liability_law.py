"""A household's federal tax, as the revenue procedures, the worksheets and other programs have it.

The revenue procedures print, for the top bracket of each table, the tax on its start: that checks every threshold and
rate below it. Other cases are worked by hand in the comment beside them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lotwise.money import DOLLAR, Money, parse_decimal, to_dollars
from lotwise.tax.liability import Liability, liability
from lotwise.tax.parameters import FilingStatus, figure_of, load_federal
from lotwise.tax.position import TaxPosition
from tests.law.test_netting_law import VECTOR_STATUS
from tests.tax.households import employee, federal_law

SINGLE, JOINT, SEPARATE, HEAD = FilingStatus

# Start of the top bracket and the tax on it, by status in the order of FilingStatus: Tables 3, 1, 4 and 2.
TOP_BRACKETS = {
    2018: ("26 U.S.C. 1(j)(2)", (500_000, 600_000, 300_000, 500_000), ("150689.50", "161379", "80689.50", "149298")),
    2019: (
        "Rev. Proc. 2018-57",
        (510_300, 612_350, 306_175, 510_300),
        ("153798.50", "164709.50", "82354.75", "152380"),
    ),
    2020: (
        "Rev. Proc. 2019-44",
        (518_400, 622_050, 311_025, 518_400),
        ("156235", "167307.50", "83653.75", "154793.50"),
    ),
    2021: (
        "Rev. Proc. 2020-45",
        (523_600, 628_300, 314_150, 523_600),
        ("157804.25", "168993.50", "84496.75", "156355"),
    ),
    2022: (
        "Rev. Proc. 2021-45",
        (539_900, 647_850, 323_925, 539_900),
        ("162718", "174253.50", "87126.75", "161218.50"),
    ),
    2023: (
        "Rev. Proc. 2022-38",
        (578_125, 693_750, 346_875, 578_100),
        ("174238.25", "186601.50", "93300.75", "172623.50"),
    ),
    2024: (
        "Rev. Proc. 2023-34",
        (609_350, 731_200, 365_600, 609_350),
        ("183647.25", "196669.50", "98334.75", "181954.50"),
    ),
    2025: (
        "Rev. Proc. 2024-40",
        (626_350, 751_600, 375_800, 626_350),
        ("188769.75", "202154.50", "101077.25", "187031.50"),
    ),
    2026: (
        "Rev. Proc. 2025-32",
        (640_600, 768_700, 384_350, 640_600),
        ("192979.25", "206583.50", "103291.75", "191171"),
    ),
}


@pytest.mark.parametrize("year", TOP_BRACKETS)
@pytest.mark.parametrize("status", FilingStatus)
def test_tax_at_the_start_of_the_top_bracket(year: int, status: FilingStatus) -> None:
    source, starts, taxes = TOP_BRACKETS[year]
    start = Money(starts[status] * DOLLAR)
    tax = parse_decimal(taxes[status], DOLLAR)
    position = TaxPosition(year, status, ordinary_income=start)
    assert liability(position, federal_law()).income_tax == tax, source
    # The next 100 dollars bear 37 percent, those before 35 percent.
    above = TaxPosition(year, status, ordinary_income=Money(start + 100 * DOLLAR))
    below = TaxPosition(year, status, ordinary_income=Money(start - 100 * DOLLAR))
    assert liability(above, federal_law()).income_tax - tax == 37 * DOLLAR, source
    assert tax - liability(below, federal_law()).income_tax == 35 * DOLLAR, source


class Taxed(NamedTuple):
    position: TaxPosition
    income_tax: str
    investment_tax: str
    source: str


def of_income(year: int, status: FilingStatus, ordinary: int, long: int, magi: int | None = None) -> TaxPosition:
    """A household by taxable income before gains; whole dollars."""
    return TaxPosition(
        year,
        status,
        ordinary_income=Money(ordinary * DOLLAR),
        long_gains=Money(long * DOLLAR),
        magi=None if magi is None else Money(magi * DOLLAR),
    )


CASES = (
    # 58,500 of taxable income, all of it long-term gain under the 96,700 that bear no tax.
    Taxed(employee(2025, JOINT, 0, long=90_000), "0", "0", "26 U.S.C. 1(h)(1)(B); Rev. Proc. 2024-40, section 2.03"),
    # 40,000 ordinary: 1,160 + 12% x 28,400 = 4,568. 7,025 of the gain at 0%, the other 12,975 at 15% = 1,946.25.
    Taxed(of_income(2024, SINGLE, 40_000, 20_000), "6514.25", "0", "26 U.S.C. 1(h)(1); Rev. Proc. 2023-34, 3.03"),
    # The gain lies between the end of the 0% rate (47,025) and of the 12% bracket (47,150): the ordinary tax is less.
    # 47,025: 1,160 + 12% x 35,425 = 5,411; 100 more at 12% = 12, not 15.
    Taxed(of_income(2024, SINGLE, 47_025, 100), "5423", "0", "26 U.S.C. 1(h)(1); worksheet line 25"),
    # 500,000 ordinary: 55,678.50 + 35% x 256,275 = 145,374.75; of the gain 18,900 at 15% = 2,835,
    # 81,100 at 20% = 16,220.
    # NIIT: 3.8% x min(100,000, 614,600 - 200,000) = 3,800.
    Taxed(of_income(2024, SINGLE, 500_000, 100_000), "164429.75", "3800", "26 U.S.C. 1(h)(1)(C), (D); 1411(a)(1)"),
    # MAGI 260,000 is 10,000 over 250,000, less than the gain of 60,000: 3.8% x 10,000.
    # 170,000 ordinary 2024 joint: 10,852 + 22% x 75,700 = 27,506; gain at 15% = 9,000.
    Taxed(of_income(2024, JOINT, 170_000, 60_000, 200_000), "36506", "380", "26 U.S.C. 1411(a)(1)(B), (b)(1)"),
    # Separate: threshold 125,000; MAGI 150,000. 100,000 ordinary 2024: 5,426 + 22% x 52,850 = 17,053; gain at 15%.
    Taxed(of_income(2024, SEPARATE, 100_000, 30_000, 120_000), "21553", "950", "26 U.S.C. 1411(b)(2)"),
    # A loss of 50,000 takes 3,000 off income of 100,000 (2025 single 97,000: 5,578.50 + 22% x 48,525 = 16,254).
    Taxed(of_income(2025, SINGLE, 100_000, -50_000), "16254", "0", "26 U.S.C. 1211(b)(1)"),
    # Deductions of 10,000 more than income, gain of 60,000: 50,000 taxable, 0% up to 49,450, 15% of 550.
    Taxed(of_income(2026, SINGLE, -10_000, 60_000), "82.5", "0", "worksheet line 1; Rev. Proc. 2025-32, section 4.03"),
    # Head of household 2026: 66,200 bears 0%. 50,000 ordinary: 1,770 + 12% x 32,300 = 5,646; 3,800 x 15% = 570.
    Taxed(of_income(2026, HEAD, 50_000, 20_000), "6216", "0", "Rev. Proc. 2025-32, sections 4.01 and 4.03"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.source)
def test_worked_returns(case: Taxed) -> None:
    result = liability(case.position, federal_law())
    assert (to_dollars(result.income_tax), to_dollars(result.investment_tax)) == (
        Decimal(case.income_tax),
        Decimal(case.investment_tax),
    ), case.source


def test_a_loss_lowers_net_investment_income() -> None:
    """Reg. 1.1411-4(f)(4): of 20,000 interest and a loss of 9,000, 17,000 are net investment income."""
    position = employee(2024, SINGLE, 300_000, short=-9_000, interest=20_000)
    assert liability(position, federal_law()).investment_tax == parse_decimal("646", DOLLAR)


def position_of_case(facts: Mapping[str, Any]) -> TaxPosition:
    """Read a case's household: by wages and a deduction, or by taxable income and Schedule D lines 15 and 16."""
    status = VECTOR_STATUS[facts["filing_status"]]

    def amount(name: str) -> int:
        units = Decimal(facts.get(name, 0)) * DOLLAR
        assert units == int(units)
        return int(units)

    year, qualified = facts["year"], Money(amount("qualified_dividends"))
    if "taxable_income" in facts:
        known = {"year", "filing_status", "taxable_income", "qualified_dividends", "schd_line15", "schd_line16"}
        assert set(facts) <= known, facts
        net, long = amount("schd_line16"), amount("schd_line15")
        limit = figure_of(load_federal(), year, status, "loss_limit")
        capital = max(net, -limit)
        ordinary = Money(amount("taxable_income") - qualified - capital)
        gains = (Money(net - long), Money(long))
        return TaxPosition(
            year,
            status,
            ordinary_income=ordinary,
            short_gains=gains[0],
            long_gains=gains[1],
            qualified_dividends=qualified,
        )
    incomes = ("wages", "interest", "taxable_interest", "ordinary_dividends", "other_income")
    carried = ("st_carryover", "lt_carryover", "short_carryforward", "long_carryforward")
    other = ("year", "filing_status", "net_short_term", "net_long_term", "qualified_dividends", "deduction", "age")
    assert set(facts) <= {*incomes, *carried, *other}, facts
    income = amount("wages") + amount("other_income")
    investment = amount("interest") + amount("taxable_interest")
    if "ordinary_dividends" in facts:  # qualified dividends are part of them (Form 1040 line 3b)
        investment += amount("ordinary_dividends") - qualified
    assert facts.get("age", 45) < 65, "the additional standard deduction of the aged is not kept"
    standard = facts.get("deduction", "standard") == "standard"
    deduction = figure_of(load_federal(), year, status, "standard_deduction") if standard else amount("deduction")
    return TaxPosition(
        year,
        status,
        ordinary_income=Money(income + investment - deduction),
        magi=Money(income + investment),
        short_gains=Money(amount("net_short_term")),
        long_gains=Money(amount("net_long_term")),
        qualified_dividends=qualified,
        investment_income=Money(investment),
        short_carryforward=Money(amount("st_carryover") + amount("short_carryforward")),
        long_carryforward=Money(amount("lt_carryover") + amount("long_carryforward")),
    )


# What a case may state, and the line of the return that answers it.
ANSWERS = {
    "agi": "adjusted_gross_income",
    "taxable_income": "taxable_income",
    "income_tax_formula": "income_tax",
    "income_tax_with_tax_table": "income_tax",  # within the case's tolerance: the Tax Table's steps are not kept
    "tax": "income_tax",
    "ordinary_part": "ordinary_taxable",
    "niit": "investment_tax",
    "st_carryover": "short_carryforward",
    "lt_carryover": "long_carryforward",
}


def answer(result: Liability, name: str) -> Decimal:
    if name == "deduction":
        return max(-to_dollars(result.capital_gain), Decimal(0))
    return to_dollars(getattr(result, ANSWERS[name]))


def test_the_vectors(vectors_dir: Path) -> None:
    entries = json.loads((vectors_dir / "tax_liability.json").read_text(encoding="utf-8"), parse_float=Decimal)
    assert entries
    for entry in entries:
        result = liability(position_of_case(entry["inputs"]), federal_law())
        tolerance = Decimal(entry["tolerance"])
        for name, expected in entry["expected"].items():
            # Only the printed Tax Table may differ: what is computed from the rate schedules is exact to the cent.
            allowed = Decimal("0.005") if name in {"income_tax_formula", "agi", "taxable_income"} else tolerance
            assert abs(answer(result, name) - Decimal(expected)) <= allowed, (entry["name"], name)
