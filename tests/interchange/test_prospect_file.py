"""A prospect's file: the same lots however they are written, and every doubt said."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.errors import FolderError, Severity
from lotwise.households.accounts import AccountKind
from lotwise.interchange.prospect_file.assuming import Assuming, Holding, with_assumptions
from lotwise.interchange.prospect_file.cells import amount, day, is_missing
from lotwise.interchange.prospect_file.header import Role, role_of
from lotwise.interchange.prospect_file.known import Known
from lotwise.interchange.prospect_file.lots import ProspectLots
from lotwise.interchange.prospect_file.reading import read_prospect
from lotwise.money import DOLLAR, SHARE
from tests.interchange.mangled_lots import KNOWN, TODAY, clean_csv, clean_lots, excel_export, mangled


def read(place: Path, content: str | bytes, known: Known = KNOWN) -> ProspectLots:
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_prospect(place, known, TODAY)


def figures(lots: ProspectLots) -> list[tuple[object, ...]]:
    return sorted((lot.symbol, lot.shares, lot.basis, lot.acquired, lot.account) for lot in lots.lots)


def said(lots: ProspectLots) -> str:
    return "\n".join(map(str, lots.findings))


# --- the same book --------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1))
def test_200_lots_with_every_column_mangled_are_those_of_the_clean_file(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    draw = random.Random(seed)
    lots = clean_lots(draw)
    place = tmp_path_factory.getbasetemp() / "lots.csv"
    expected = read(place, clean_csv(lots))
    assert not expected.findings
    found = read(place, mangled(lots, draw))
    assert figures(found) == figures(expected)
    assert found.left_out == 0
    assert len(found.lots) == 200


@given(st.integers(0, 2**32 - 1))
def test_the_export_of_a_spreadsheet_of_another_locale_is_read_as_the_clean_file(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    draw = random.Random(seed)
    lots = clean_lots(draw)
    place = tmp_path_factory.getbasetemp() / "lots.csv"
    expected = read(place, clean_csv(lots))
    content, short = excel_export(lots, draw)
    found = read(place, content)
    assert figures(found) == figures(expected)
    assert found.left_out == short
    words = said(found)
    assert words.count("a short position") == short > 0
    assert "commas are taken for decimal points" in words


# --- cells ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,234.50", "1234.50"), ("(123.00)", "-123.00"), ("1,600.00", "1600.00"), (" 45 ", "45"), ("45-", "-45"),
        ("-$7", "-7"), ("$(1,000)", "-1000"), ("1'600.5", "1600.5"), ("1 600.5", "1600.5"), ("\u22125", "-5"),
        ("USD 12.5", "12.5"), (".5", "0.5"), ("10 shs", "10"), ("1,234,567", "1234567"), ("1,600", "1600"),
        ("1.600,25", "1600.25"), ("12.50*", "12.50"), ("\u00a07\u00a0", "7"),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(text: str, value: str) -> None:
    found = amount(text)
    assert found is not None
    assert found.value == Decimal(value)
    assert not found.doubt


@pytest.mark.parametrize("text", ["", "abc", "1,23,456", "12,3.4,5", "1-2", "$", "--", "twelve", "1.2.3"])
def test_what_is_no_amount_is_none(text: str) -> None:
    assert amount(text) is None


def test_what_is_not_certain_of_an_amount_is_said() -> None:
    for text, value, word in (
        ("12,5", "12.5", "comma"),
        ("1.5E+03", "1500", "digits"),
        ("1.234.567", "1234567", "points"),
    ):
        found = amount(text)
        assert found is not None
        assert found.value == Decimal(value)
        assert word in found.doubt
    percent = amount("62.5%")
    assert percent is not None
    assert percent.percent


@pytest.mark.parametrize(
    "text",
    [
        "2020-03-04", "3/4/2020", "03/04/20", "3-4-2020", "Mar 4, 2020", "March 4 2020", "4-Mar-20", "04 MAR 2020",
        "20200304", "2020-03-04 00:00:00", "Wed, Mar 4, 2020", "2020/3/4", "Mar. 4th, 2020", "3/4/2020 12:00 AM",
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text: str) -> None:
    found = day(text, TODAY)
    assert found is not None
    assert found.value == date(2020, 3, 4)
    assert not found.doubt


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("31/12/2019", date(2019, 12, 31)), ("4.3.2020", date(2020, 3, 4)), ("43894", date(2020, 3, 4)),
        ("Mar 2020", date(2020, 3, 31)), ("2015", date(2015, 12, 31)), ("03042020", date(2020, 3, 4)),
    ],
)  # fmt: skip
def test_dates_that_leave_a_doubt_say_it(text: str, value: date) -> None:
    found = day(text, TODAY)
    assert found is not None
    assert found.value == value
    assert found.doubt


@pytest.mark.parametrize("text", ["2020-13-01", "2/30/2020", "soon", "99/99/9999", "12"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert day(text, TODAY) is None


def test_two_digits_of_a_year_are_never_in_the_future() -> None:
    found = [day(text, TODAY) for text in ("1/2/26", "1/2/27", "1/2/99")]
    assert [each.value.year for each in found if each] == [2026, 1927, 1999]


@pytest.mark.parametrize("text", ["", "various", "N/A", "--", "Unknown", "\u2014", " n/a ", "#N/A"])
def test_words_for_what_is_not_known(text: str) -> None:
    assert is_missing(text)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Cost Basis ($)", Role.ANY_BASIS), ("cost_per_share", Role.UNIT_BASIS), ("Total Cost", Role.BASIS),
        ("QTY.", Role.SHARES), ("Purchase Date", Role.ACQUIRED), ("TICKER", Role.SYMBOL),
        ("Asset Class", Role.ASSET_CLASS),
        ("Market Value (USD)", Role.VALUE), ("Colour", None),
        ("Security ID / Description", Role.SYMBOL), ("Name or Symbol", Role.SYMBOL), ("Quantity | Shares", Role.SHARES),
        ("Cost / Share", Role.UNIT_BASIS), ("Price/Earnings", None), ("Cost / Value", None), ("Gain/Loss", None),
        ("/", None),
    ],
)  # fmt: skip
def test_header_words(text: str, role: Role | None) -> None:
    assert role_of(text) == role


def test_a_file_without_a_table_says_which_row_comes_nearest(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"must be a table with a symbol and the shares.* was none; write"):
        read(tmp_path / "p.csv", "Dear client,\nthank you\n")
    with pytest.raises(FolderError, match=r"was a spreadsheet.s own file \(or a zip\): save it as CSV"):
        read(tmp_path / "p.xlsx", b"PK\x03\x04\x14\0\x06\0")
    said = (
        r"was line 3, with 'Open Date' for acquired, 'QTY\.' for shares, and no symbol; write the header symbol,shares"
    )
    with pytest.raises(FolderError, match=said):
        read(tmp_path / "p.csv", "Statement\n\nThing;Open Date;QTY.\nBAK;2020-01-02;10\n")


# --- rows and doubts ------------------------------------------------------------------------------------------------


def test_doubts_name_line_column_and_what_was_taken(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", "Symbol,Qty,Total Cost,Acquired\nBAK,10,(900.00),25/12/2019\nBAL,5,100,Jan 2020\n")
    lines = [(each.line, each.column, each.severity) for each in found.findings]
    assert (2, "Total Cost", Severity.WARNING) in lines
    assert "was (900.00); taken for 900" in said(found).replace("'", "")
    assert "taken for 2020-01-31: the last day of the month" in said(found)
    assert "day/month/year" in said(found)
    assert [lot.acquired for lot in found.lots] == [date(2019, 12, 25), date(2020, 1, 31)]


def test_a_row_that_cannot_be_used_is_left_out_loudly(tmp_path: Path) -> None:
    text = "symbol,shares,basis,acquired\nBAK,10,900,2020-01-02\nBAL,-5,500,2020-01-02\nBAN,0,1,2020-01-02\n,7,70,\n"
    text += "BEK,many,70,2020-01-02\nBEL,5,70,2020-01-02,9,9\n"
    found = read(tmp_path / "p.csv", text)
    assert [lot.symbol for lot in found.lots] == ["BAK"]
    assert found.left_out == 5
    assert [each.line for each in found.findings if each.severity is Severity.ERROR] == [3, 4, 5, 6, 7]
    assert "a short position" in said(found)


def test_thousands_without_quotation_marks_are_joined_where_only_one_way_fits(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", "symbol,shares,basis,acquired\nBAK,10,$1,234.50,2020-01-02\n")
    assert found.lots[0].basis == round(Decimal("1234.5") * DOLLAR)
    assert "thousands without quotation marks" in said(found)


def test_a_cost_that_is_one_of_a_share_is_seen_by_the_prices(tmp_path: Path) -> None:
    rows = "".join(f"{symbol},200,{80 + place},2020-01-02\n" for place, symbol in enumerate(("BAK", "BAL", "BAN")))
    found = read(tmp_path / "p.csv", "symbol,shares,cost,date\n" + rows)
    assert found.lots[0].basis == 16_000 * DOLLAR
    assert "taken for the cost per share" in said(found)


def test_old_lots_with_hardly_any_cost_are_no_costs_per_share(tmp_path: Path) -> None:
    """Two of three cost next to nothing; the third, 15% of its value, would have cost 150 times its price."""
    price = KNOWN.price["BAK"] // DOLLAR
    rows = f"BAK,1000,{150 * price},2016-11-19\nBAL,300,9,2016-01-01\nBAN,100,99,2016-01-01\n"
    found = read(tmp_path / "p.csv", f"symbol,shares,basis,date\n{rows}")
    assert sorted(lot.basis or 0 for lot in found.lots) == [9 * DOLLAR, 99 * DOLLAR, 150 * price * DOLLAR]
    assert "per share" not in said(found)


def test_a_cost_per_share_and_the_total_that_disagree_are_said(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", "symbol,shares,total cost,cost per share\nBAK,10,900,95\n")
    assert found.lots[0].basis == 900 * DOLLAR
    assert "$950.00" in said(found)


def test_cash_totals_and_notes_are_no_lots(tmp_path: Path) -> None:
    text = 'symbol,shares,value,basis,date\nBAK,10,1000,900,2020-01-02\nCash & Cash Investments,,"$1,500.25",,\n'
    text += "Account Total,,2500.25,,\n\nPrices may be late.,,,,\n"
    found = read(tmp_path / "p.csv", text)
    assert len(found.lots) == 1
    assert found.cash == (("prospect", AccountKind.TAXABLE, 15_002_500),)
    assert found.left_out == 0
    assert "2 totals, headers and notes" in said(found)


def test_money_market_funds_are_cash_and_bonds_in_percent_of_par_have_their_value(tmp_path: Path) -> None:
    text = "symbol,shares,price,value,basis,date,type\nBAK,1,100,100,90,2020-01-02,\nSPAXX,1500.25,1,1500.25,,,\n"
    found = read(tmp_path / "p.csv", text + "91282CAE1,10000,98.5,9850,9900,2022-01-03,Treasury Note\n")
    assert [amount for _, _, amount in found.cash] == [15_002_500]
    bond = found.lots[1]
    assert (bond.kind, bond.price) == ("bond", 9_850)
    assert "percent of par" in said(found)


def test_a_price_and_a_value_that_disagree_are_said(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", "symbol,shares,price,value,type\nQQQQ,10,50,750,etf\n")
    assert found.lots[0].price == 750_000
    assert "$75.00, by the value" in said(found)


def test_a_symbol_left_empty_is_that_of_the_row_above(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", "symbol,shares,basis,date\nBAK,10,900,2020-01-02\n,5,450,2021-01-04\n")
    assert [lot.symbol for lot in found.lots] == ["BAK", "BAK"]
    assert "as in the row above" in said(found)


def test_the_same_lot_twice_is_one_if_its_name_says_so_and_two_if_not(tmp_path: Path) -> None:
    row = "BAK,10,900,2020-01-02"
    two = read(tmp_path / "p.csv", f"symbol,shares,basis,date\n{row}\n{row}\n")
    assert len(two.lots) == 2
    assert "taken for another lot" in said(two)
    one = read(tmp_path / "p.csv", f"symbol,shares,basis,date,lot id\n{row},7\n{row},7\n")
    assert len(one.lots) == 1
    assert "counted once" in said(one)


def test_accounts_are_what_their_type_or_name_says(tmp_path: Path) -> None:
    text = "account,account type,symbol,shares,basis,date\nA1,Individual,BAK,1,50,2020-01-02\nA2,Roth IRA,BAK,1,,\n"
    found = read(tmp_path / "p.csv", text + "My Rollover IRA,,BAL,1,,\n")
    kinds = [lot.account_kind for lot in found.lots]
    assert kinds == [AccountKind.TAXABLE, AccountKind.ROTH, AccountKind.TRADITIONAL]
    assert "traditional, by its name" in said(found)


def test_lots_of_another_kind_of_account_are_in_another_account(tmp_path: Path) -> None:
    """Without names a type alone tells accounts apart: no Roth lot is taxed because a taxable one stands first."""
    kinds = ("BAK,10,900,2020-01-02,Individual", "BAK,11,900,2020-01-02,Roth", "BAK,12,900,2020-01-02,IRA")
    rows = "\n".join((*kinds, "BAL,9,900,2020-01-02,Joint\n"))
    found = read(tmp_path / "p.csv", f"symbol,shares,basis,date,account type\n{rows}")
    assert [(lot.account, lot.account_kind) for lot in found.lots] == [
        ("prospect", AccountKind.TAXABLE),
        ("prospect roth", AccountKind.ROTH),
        ("prospect traditional", AccountKind.TRADITIONAL),
        ("prospect", AccountKind.TAXABLE),
    ]
    assert not found.findings
    named = "symbol,shares,basis,date,account,account type\n"
    rows = "BAK,10,900,2020-01-02,X1,Joint\nBAK,11,900,2020-01-02,X1,Roth\nBAL,9,900,2020-01-02,X1,Roth\n"
    found = read(tmp_path / "p.csv", named + rows)
    assert [lot.account for lot in found.lots] == ["X1", "X1 roth", "X1 roth"]
    assert [(each.line, each.column) for each in found.findings] == [(3, "account")]
    assert "another account: X1 roth" in said(found)


def test_a_file_without_a_header_is_taken_in_the_usual_order_and_said(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", "BAK,10,900,2020-01-02\nBAL,5,450,2021-01-04\n")
    assert [(lot.symbol, lot.shares // SHARE) for lot in found.lots] == [("BAK", 10), ("BAL", 5)]
    assert "no header" in said(found)


@pytest.mark.parametrize("content", [b"", b"nothing here\n", b"a,b\n1,2\n", b"symbol,shares\n"])
def test_a_file_of_no_use_says_what_it_must_be(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FolderError, match="must"):
        read(tmp_path / "p.csv", content)


@given(st.binary(max_size=300))
def test_no_file_ends_in_anything_else(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    place = tmp_path_factory.getbasetemp() / "any.csv"
    for each in (content, b"symbol,shares,basis,date\n" + content):
        try:
            found = read(place, each)
        except FolderError:
            continue
        assert all(lot.shares > 0 for lot in found.lots)


# --- what the firm does not know, and what is assumed ---------------------------------------------------------------


def test_a_stranger_needs_a_price_and_is_asked_for_what_it_is(tmp_path: Path) -> None:
    text = "symbol,shares,basis,date,price,kind,asset class\nBAK,1,50,2020-01-02,,,\n"
    text += "ZZTOP,10,900,2020-01-02,12.5,Mutual Fund,EQUITY\nYYY,10,900,2020-01-02,20,,\nXXX,10,800,2020-01-02,,,\n"
    found = read(tmp_path / "p.csv", text)
    strangers = {lot.symbol: lot for lot in found.lots if not lot.known}
    assert strangers["ZZTOP"].kind == "fund"
    assert strangers["ZZTOP"].asset_class == "equity"  # as the firm spells it
    assert strangers["ZZTOP"].price == 125_000
    assert strangers["YYY"].kind == "stock"
    assert "YYY is taken for a stock" in said(found)
    assert [(each.symbol, each.basis) for each in found.unvalued] == [("XXX", 8_000_000)]
    assert "whose price is not known" in said(found)


def test_what_is_missing_is_asked_for_and_assumed_as_stated(tmp_path: Path) -> None:
    text = "symbol,shares,basis,date,term\nBAK,10,n/a,2020-01-02,\nBAL,10,700,various,\nBAN,10,700,--,Short\n"
    found = read(tmp_path / "p.csv", text + "BEK,10,40%,2020-01-02,\n")
    made, asked = with_assumptions("p.csv", found, KNOWN, TODAY, Assuming(0.25, Holding.LONG))
    assert made[0].basis == made[0].value // 4
    assert (made[0].basis_assumed, made[0].date_assumed) == (True, False)
    assert (TODAY - made[1].acquired).days > 366
    assert (TODAY - made[2].acquired).days < 365  # its file says so
    assert (made[3].basis, made[3].basis_assumed) == (round(made[3].value * 0.4), False)
    assert [(each.line, each.column) for each in asked] == [(2, "basis"), (3, "date"), (4, "date")]
    assert "25% of value (--assume-basis)" in asked[0].to_do


def test_nothing_is_asked_for_where_no_tax_depends_on_it(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", "account,symbol,shares\nRoth,BAK,10\n")
    made, asked = with_assumptions("p.csv", found, KNOWN, TODAY, Assuming())
    assert not asked
    assert not made[0].basis_assumed


def test_an_assumption_must_be_possible() -> None:
    with pytest.raises(ValueError, match="part of value"):
        Assuming(-0.1)
