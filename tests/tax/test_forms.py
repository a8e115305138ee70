"""Form 8949 and Schedule D: columns, boxes, codes, what goes straight to Schedule D, and the files, word for word."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from lotwise.ledger.events import MISSING
from lotwise.ledger.tables import LotMark, Origin
from lotwise.tax.broker_statement import Reporting, Statement, as_reported
from lotwise.tax.form_cells import Cells, whole_dollars
from lotwise.tax.form_files import form_8949_csv, schedule_d_csv
from lotwise.tax.forms import Box, FormLine, Lines, form_lines, form_totals, on_form_8949
from lotwise.tax.gains import taxable_rows
from lotwise.tax.schedule_d import schedule_d
from tests.tax.realized_rows import OWN, ROTH, SPOUSE_OTHER, Sold, dollars, table_of, three_accounts

SYMBOLS = ("XYZ", "Fund")


def only_line(row: Sold, statement: Statement | None = None) -> FormLine:
    (line,) = form_lines(table_of(row), SYMBOLS, statement)
    return line


class Case(NamedTuple):
    """A realised lot and columns (a), (b), (f) and the box of its line."""

    row: Sold
    description: str
    acquired: str
    code: str
    box: Box


CASES = {
    "a short-term sale": Case(Sold("1200", "1000"), "100 sh. XYZ", "06/03/2024", "", Box.A),
    "a long-term sale": Case(Sold("1200", "1000", long_term=True), "100 sh. XYZ", "06/03/2024", "", Box.D),
    "a wash sale": Case(Sold("900", "1000", "100"), "100 sh. XYZ", "06/03/2024", "W", Box.A),
    "parts of shares": Case(Sold("12", "10", shares="1.25"), "1.25 sh. XYZ", "06/03/2024", "", Box.A),
    "bought before 2011": Case(
        Sold("12", "10", acquired="2010-12-31", long_term=True), "100 sh. XYZ", "12/31/2010", "", Box.E
    ),
    "bought on the first day of 2011": Case(
        Sold("12", "10", acquired="2011-01-01", long_term=True), "100 sh. XYZ", "01/01/2011", "", Box.D
    ),
    "acquired nobody knows when": Case(Sold("12", "10", acquired=None), "100 sh. XYZ", "VARIOUS", "", Box.B),
    "inherited": Case(Sold("12", "10", inherited=True, long_term=True), "100 sh. XYZ", "INHERITED", "", Box.D),
    "return of capital": Case(
        Sold("12", "0", origin=Origin.RETURN_OF_CAPITAL, long_term=True),
        "XYZ, return of capital beyond basis", "06/03/2024", "", Box.F,
    ),
    "cash in a merger": Case(
        Sold("12", "5", origin=Origin.BOOT), "XYZ, cash received in a reorganization", "06/03/2024", "", Box.A
    ),
    "a short sale closed by a purchase": Case(
        Sold("12", "10", origin=Origin.COVER, marks=LotMark.SHORT), "100 sh. XYZ", "03/03/2025", "", Box.A
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_columns_of_a_line(case: Case) -> None:
    line = only_line(case.row)
    assert (line.description, line.acquired, line.code, line.box) == case[1:]
    assert line.sold == "03/03/2025"


def test_shares_of_a_fund_are_covered_a_year_later() -> None:
    rows = table_of(*(Sold("12", "10", acquired=day, security=1, lot=i) for i, day in
                      enumerate(("2011-12-31", "2012-01-01"))))  # fmt: skip
    funds = np.array([False, True])
    assert as_reported(rows, funds).reporting.tolist() == [Reporting.BASIS_NOT_REPORTED, Reporting.BASIS_REPORTED]
    assert as_reported(rows).reporting.tolist() == [Reporting.BASIS_REPORTED, Reporting.BASIS_REPORTED]


def said(reporting: Reporting, proceeds: str | None = None, basis: str | None = None) -> Statement:
    amounts = [MISSING if amount is None else dollars(amount) for amount in (proceeds, basis)]
    return Statement(np.array([reporting], np.uint8), np.array(amounts[:1]), np.array(amounts[1:]))


class Corrected(NamedTuple):
    """A statement, and columns (d), (e), (f), (g) and (h)."""

    row: Sold
    statement: Statement
    columns: tuple[str, str, str, str, str]


CORRECTED = {
    "the broker's basis is too high": Corrected(
        Sold("1200", "1000"), said(Reporting.BASIS_REPORTED, basis="1100"), ("1200", "1100", "B", "100", "200")
    ),
    "the broker's basis is too low, and the loss is washed": Corrected(
        Sold("900", "1000", "100"), said(Reporting.BASIS_REPORTED, basis="950"), ("900", "950", "BW", "50", "0")
    ),
    "a wrong basis that was not reported": Corrected(
        Sold("1200", "1000"), said(Reporting.BASIS_NOT_REPORTED, basis="1"), ("1200", "1000", "B", "0", "200")
    ),
    "proceeds before selling expenses": Corrected(
        Sold("1190", "1000"), said(Reporting.BASIS_REPORTED, "1200"), ("1200", "1000", "E", "-10", "190")
    ),
    "everything at once": Corrected(
        Sold("890", "1000", "110"), said(Reporting.BASIS_REPORTED, "900", "980"), ("900", "980", "BEW", "80", "0")
    ),
    "a difference of a cent": Corrected(
        Sold("1200", "1000.01"), said(Reporting.BASIS_REPORTED, basis="1000"), ("1200", "1000", "B", "-0.01", "199.99")
    ),
    "proceeds above the broker's are no selling expense": Corrected(
        Sold("1200", "1000"), said(Reporting.BASIS_REPORTED, "1190"), ("1200", "1000", "", "0", "200")
    ),
    "a difference below a cent is rounding": Corrected(
        Sold("1200", "1000.0049"), said(Reporting.BASIS_REPORTED, basis="1000"), ("1200", "1000", "", "0", "200")
    ),
}


@pytest.mark.parametrize("case", CORRECTED.values(), ids=CORRECTED.keys())
def test_columns_f_and_g_lead_from_the_brokers_amounts_to_the_ledgers_gain(case: Corrected) -> None:
    line = only_line(case.row, case.statement)
    proceeds, basis, code, adjustment, gain = case.columns
    assert line.cells == Cells(dollars(proceeds), dollars(basis), dollars(adjustment))
    assert (line.code, line.cells.gain) == (code, dollars(gain))


def test_a_statement_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="must have 2 entries, one a realised row, had 1"):
        form_lines(table_of(Sold("1", "1"), Sold("2", "2", lot=2)), SYMBOLS, said(Reporting.NO_FORM))


def test_lots_of_one_sale_make_lines_of_their_own_or_one_line_a_term() -> None:
    rows = table_of(
        Sold("100", "80", acquired="2024-06-03", lot=1),
        Sold("100", "90", acquired="2024-07-01", lot=2),
        Sold("100", "60", acquired="2020-07-01", lot=3, long_term=True),
        Sold("100", "130", "30", acquired="2024-06-03", lot=4),
    )
    assert [line.acquired for line in form_lines(rows, SYMBOLS)] == ["06/03/2024", "07/01/2024", "06/03/2024",
                                                                     "07/01/2020"]  # fmt: skip
    joined = form_lines(rows, SYMBOLS, lines=Lines.PER_SALE)
    assert [(line.box, line.description, line.acquired, line.code) for line in joined] == [
        (Box.A, "200 sh. XYZ", "VARIOUS", ""),
        (Box.A, "100 sh. XYZ", "06/03/2024", "W"),
        (Box.D, "100 sh. XYZ", "07/01/2020", ""),
    ]
    assert joined[0].cells == Cells(dollars("200"), dollars("170"))


def test_fills_of_one_order_are_one_sale() -> None:
    fills = [Sold("100", "80", lot=lot, event=lot, order=7) for lot in (1, 2)]
    other = Sold("100", "80", lot=3, event=3, order=8)
    lines = form_lines(table_of(*fills, other), SYMBOLS, lines=Lines.PER_SALE)
    assert [line.description for line in lines] == ["200 sh. XYZ", "100 sh. XYZ"]


def test_shares_that_the_ledger_never_held_are_not_thrown_together() -> None:
    rows = table_of(Sold("10", "8", lot=-1), Sold("10", "9", lot=-1))
    assert len(form_lines(rows, SYMBOLS, lines=Lines.PER_SALE)) == 2


def test_lines_stand_by_box_and_then_by_day_of_sale() -> None:
    rows = table_of(
        Sold("1", "1", sold="2025-05-01", long_term=True, lot=1),
        Sold("2", "1", sold="2025-04-01", lot=2),
        Sold("3", "1", sold="2025-02-01", lot=3),
    )
    assert [line.sold for line in form_lines(rows, SYMBOLS)] == ["02/01/2025", "04/01/2025", "05/01/2025"]


def test_only_taxable_accounts_of_one_taxpayer_and_one_year() -> None:
    rows = table_of(
        Sold("1", "1", sold="2024-12-31"),
        Sold("2", "1", sold="2025-01-01"),
        Sold("3", "1", sold="2025-12-31"),
        Sold("4", "1", sold="2026-01-01"),
        Sold("5", "1", account=ROTH),
        Sold("6", "1", account=SPOUSE_OTHER),
    )
    chosen = taxable_rows(rows, three_accounts(), 2025, taxpayer=0)
    assert chosen["proceeds"].tolist() == [dollars("2"), dollars("3")]
    assert set(chosen["account"].tolist()) == {OWN}
    assert taxable_rows(rows, three_accounts(), 2025)["proceeds"].tolist() == [dollars("2"), dollars("3"), dollars("6")]


def line_in(box: Box, proceeds: str, basis: str, code: str = "", adjustment: str = "0") -> FormLine:
    return FormLine(box, "1 sh. XYZ", "01/02/2024", "03/03/2025",
                    Cells(dollars(proceeds), dollars(basis), dollars(adjustment)), code)  # fmt: skip


@pytest.mark.parametrize("box", list(Box))
def test_each_box_has_its_line_of_schedule_d(box: Box) -> None:
    plain, adjusted = line_in(box, "10", "4"), line_in(box, "10", "15", "W", "2")
    schedule = schedule_d([plain, adjusted])
    both = Cells(dollars("20"), dollars("19"), dollars("2"))
    where = {Box.A: "1b", Box.B: "2", Box.C: "3", Box.D: "8b", Box.E: "9", Box.F: "10"}[box]
    lines = {name: getattr(schedule, f"line_{name}") for name in ("1a", "1b", "2", "3", "8a", "8b", "9", "10")}
    expected = dict.fromkeys(lines, Cells(0, 0, 0))
    expected[where] = adjusted.cells if box in (Box.A, Box.D) else both
    if box in (Box.A, Box.D):
        expected["1a" if box is Box.A else "8a"] = plain.cells
    assert lines == expected
    net = schedule.line_7, schedule.line_15
    assert net == ((dollars("3"), 0) if box in (Box.A, Box.B, Box.C) else (0, dollars("3")))
    assert form_totals([plain, adjusted])[box] == both


def test_what_goes_straight_to_schedule_d() -> None:
    lines = [
        line_in(Box.A, "10", "4"),
        line_in(Box.A, "10", "4", "B"),  # a code without an amount
        line_in(Box.B, "10", "4"),
        line_in(Box.D, "10", "15", "W", "5"),
        line_in(Box.F, "10", "4"),
    ]
    assert on_form_8949(lines) == tuple(lines[1:])
    assert on_form_8949(lines, direct=False) == tuple(lines)
    schedule = schedule_d(lines, direct=False)
    assert (schedule.line_1a, schedule.line_1b) == (Cells(0, 0), Cells(dollars("20"), dollars("8")))


def test_carryovers_distributions_and_the_deductible_loss() -> None:
    schedule = schedule_d(
        [line_in(Box.A, "10", "4010"), line_in(Box.D, "900", "400")],
        short_carryover=dollars("100"),
        long_carryover=dollars("50"),
        distributions=dollars("30.50"),
    )
    assert schedule.line_7 == dollars("-4100")
    assert schedule.line_15 == dollars("480.50")
    assert schedule.line_16 == dollars("-3619.50")
    assert [schedule.line_21(dollars(limit)) for limit in ("1500", "3000", "4000")] == [
        dollars("1500"), dollars("3000"), dollars("3619.50"),
    ]  # fmt: skip
    assert schedule_d([line_in(Box.A, "10", "4")]).line_21(dollars("3000")) == 0


def test_a_carryover_must_be_a_positive_loss() -> None:
    with pytest.raises(ValueError, match="positive losses or 0, were -1 and 0"):
        schedule_d([], short_carryover=-1)


@pytest.mark.parametrize(
    ("money", "printed"),
    [("0.49", 0), ("0.50", 1), ("1.50", 2), ("2.50", 3), ("-0.49", 0), ("-0.50", -1), ("-2.5", -3)],
)
def test_half_dollars_round_away_from_zero(money: str, printed: int) -> None:
    assert whole_dollars(dollars(money)) == printed


EXAMPLE = table_of(
    Sold("5872.31", "5285.50", lot=1, shares="150"),
    Sold("4000", "4600.25", "600.25", sold="2025-11-03", lot=2, event=2, security=1),
    Sold("1333.3333", "1000", sold="2025-05-05", lot=3, event=3, acquired=None),
    Sold("666.6667", "900.5", sold="2025-05-05", lot=4, event=3, inherited=True, long_term=True),
)


def test_the_file_of_form_8949_word_for_word() -> None:
    lines = form_lines(EXAMPLE, ("XYZ", "Fund, Class A"))
    assert form_8949_csv(lines) == (
        "part,box,description,acquired,sold,proceeds,basis,code,adjustment,gain\n"
        "I,A,150 sh. XYZ,06/03/2024,03/03/2025,5872.31,5285.50,,,586.81\n"
        'I,A,"100 sh. Fund, Class A",06/03/2024,11/03/2025,4000.00,4600.25,W,600.25,0.00\n'
        "I,A,line 2 totals,,,9872.31,9885.75,,600.25,586.81\n"
        "I,B,100 sh. XYZ,VARIOUS,05/05/2025,1333.33,1000.00,,,333.33\n"
        "I,B,line 2 totals,,,1333.33,1000.00,,,333.33\n"
        "II,D,100 sh. XYZ,INHERITED,05/05/2025,666.67,900.50,,,-233.83\n"
        "II,D,line 2 totals,,,666.67,900.50,,,-233.83\n"
    )


def test_the_file_of_schedule_d_word_for_word() -> None:
    schedule = schedule_d(form_lines(EXAMPLE, SYMBOLS), short_carryover=dollars("5000"), distributions=dollars("12.50"))
    assert schedule_d_csv(schedule, dollars("3000")) == (
        "line,proceeds,basis,adjustment,amount\n"
        "1a,5872,5286,,587\n"
        "1b,4000,4600,600,0\n"
        "2,1333,1000,0,333\n"
        "3,0,0,0,0\n"
        "6,,,,5000\n"
        "7,,,,-4080\n"
        "8a,667,901,,-234\n"
        "8b,0,0,0,0\n"
        "9,0,0,0,0\n"
        "10,0,0,0,0\n"
        "13,,,,13\n"
        "14,,,,0\n"
        "15,,,,-221\n"
        "16,,,,-4301\n"
        "21,,,,3000\n"
    )


def test_a_year_without_sales_has_a_form_without_lines() -> None:
    assert form_lines(table_of(), SYMBOLS) == ()
    assert form_8949_csv(()) == "part,box,description,acquired,sold,proceeds,basis,code,adjustment,gain\n"
    assert schedule_d(()).line_16 == 0
