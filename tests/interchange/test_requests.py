"""What clients ask for, as the book has it; and what cannot be asked, said where it stands."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lotwise.dates import NO_DATE, to_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.money import DOLLAR
from lotwise.rebalancing.book import RequestKind
from tests.interchange.book_integrity import assert_sound
from tests.interchange.small_firm import small_firm, write

ERROR, WARNING, NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE
HEAD = "request_id,account_id,household_id,kind,amount,term,by,preserve_until"
TODAY = date(2025, 6, 30)


def firm_with(folder: Path, *requests: str, **files: tuple[str, str]) -> Firm:
    """The small firm with these requests; A6 is H2's traditional account, with 300 dollars of cash."""
    written = small_firm()
    written["requests.csv"] = "\n".join((HEAD, *requests, ""))
    written["accounts.csv"] += "A6,H2,traditional,300,\n"
    for name, (old, new) in files.items():
        assert old in written[f"{name}.csv"]
        written[f"{name}.csv"] = written[f"{name}.csv"].replace(old, new)
    firm = read_firm(write(folder, written))
    assert_sound(firm)
    return firm


def said(firm: Firm, severity: Severity) -> list[tuple[int | None, str | None, str | None]]:
    """Line, column and household of the findings of one severity about requests."""
    found = [f for f in firm.findings if f.file == "requests.csv" and f.severity is severity]
    return [(f.line, f.column, f.household) for f in found]


def test_requests_become_columns_sorted_by_household(tmp_path: Path) -> None:
    firm = firm_with(
        tmp_path,
        "late,A5,,raise_cash,20.5,,2025-12-31,",
        "both,,H1,harvest,5,short,2025-07-31,2025-12-31",
        "age,A6,,rmd,100,,,",
        "new,A1,H1,invest_cash,900,,2025-06-01,",
        "bye,A2,,close,,,,",
    )
    requests = firm.book.requests
    assert firm.labels.requests == ("both", "new", "bye", "age", "late")
    assert requests.start.tolist() == [0, 3, 4, 5]
    assert [firm.labels.accounts[row] if row >= 0 else "" for row in requests.account] == ["", "A1", "A2", "A6", "A5"]
    assert [RequestKind(kind).name for kind in requests.kind] == [
        "HARVEST",
        "INVEST_CASH",
        "CLOSE",
        "RMD",
        "RAISE_CASH",
    ]
    assert requests.amount.tolist() == [5 * DOLLAR, 900 * DOLLAR, 0, 100 * DOLLAR, 20.5 * DOLLAR]
    today = to_day_number(TODAY)
    days = [to_day_number(date(2025, 7, 31)), today, today, today, to_day_number(date(2025, 12, 31))]
    assert requests.by.tolist() == days
    assert requests.preserve_until.tolist() == [to_day_number(date(2025, 12, 31)), *[NO_DATE] * 4]
    assert not firm.book.households.blocked.any()
    # The day that has passed is due tonight.
    assert said(firm, NOTICE) == [(5, "by", "H1")]


def test_a_harvest_has_its_term(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, "s,A1,,harvest,1,short,,", "l,A1,,harvest,2,long,,")
    assert firm.book.requests.term.tolist() == [0, 1]


def test_without_requests_there_are_none(tmp_path: Path) -> None:
    firm = firm_with(tmp_path)
    assert firm.book.requests.start.tolist() == [0, 0, 0, 0]
    assert firm.labels.requests == ()


# a request, the column and severity of what is said, whether it is used all the same
BAD = [
    ("r,A1,,raise_cash,,,,", "amount", ERROR, False),
    ("r,A1,,raise_cash,0,,,", "amount", ERROR, False),
    ("r,A1,,raise_cash,-5,,,", "amount", ERROR, False),
    ("r,A1,,raise_cash,much,,,", "amount", ERROR, False),
    ("r,A1,,raise_money,5,,,", "kind", ERROR, False),
    ("r,A1,,harvest,5,,,", "term", ERROR, False),
    ("r,A1,,harvest,5,medium,,", "term", ERROR, False),
    ("r,A1,,harvest,,short,,", "amount", ERROR, False),
    ("r,A2,,harvest,5,short,,", "account_id", ERROR, False),
    ("r,A1,,harvest,1,short,2025-12-31,2025-12-01", "preserve_until", ERROR, False),
    ("r,A1,,harvest,1,short,someday,", "by", ERROR, False),
    ("r,A1,,rmd,5,,,", "account_id", ERROR, False),
    ("r,A2,,rmd,5,,,", "account_id", ERROR, False),
    ("r,,H1,rmd,5,,,", "household_id", ERROR, False),
    ("r,A4,,rmd,5,,,", "account_id", ERROR, False),
    ("r,,H1,close,,,,", "account_id", ERROR, False),
    ("r,A4,,close,,,,", "account_id", ERROR, False),
    ("r,A9,,raise_cash,5,,,", "account_id", ERROR, False),
    ("r,A1,H9,raise_cash,5,,,", "household_id", ERROR, False),
    ("r,,,raise_cash,5,,,", "household_id", ERROR, False),
    ("r,A1,H2,raise_cash,5,,,", "household_id", ERROR, False),
    (",A1,,raise_cash,5,,,", "request_id", ERROR, False),
    ("r,A2,,close,5,,,", "amount", WARNING, True),
    ("r,A1,,raise_cash,5,long,,", "term", WARNING, True),
    ("r,A1,,raise_cash,5,,,2025-12-31", "preserve_until", WARNING, True),
    ("r,A1,,harvest,1,short,2025-01-01,2025-02-01", "preserve_until", WARNING, True),
    ("r,A1,,raise_cash,5,,2025-06-29,", "by", NOTICE, True),
    ("r,A1,,raise_cash,99999,,,", "amount", WARNING, True),
    ("r,A1,,close,,,,", "account_id", WARNING, True),
]


@pytest.mark.parametrize(("row", "column", "severity", "used"), BAD, ids=[row for row, *_ in BAD])
def test_what_is_wrong_with_a_request_is_said(
    tmp_path: Path, row: str, column: str, severity: Severity, used: bool
) -> None:
    firm = firm_with(tmp_path, row, "sound,A5,,raise_cash,1,,,")
    assert (2, column) in [(line, name) for line, name, _ in said(firm, severity)]
    assert firm.labels.requests == (("r", "sound") if used else ("sound",))
    wrong = {household for _, _, household in said(firm, ERROR) if household is not None}
    assert set(firm.labels.households[firm.book.households.blocked]) == wrong


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("close", "an account that trades, for close"), ("rmd", "a traditional account that trades, for rmd")],
)
def test_an_account_held_away_is_named_as_such(tmp_path: Path, kind: str, wanted: str) -> None:
    firm = firm_with(tmp_path, f"r,A4,,{kind},{5 if kind == 'rmd' else ''},,,")
    (found,) = [f for f in firm.findings if (f.file, f.column) == ("requests.csv", "account_id")]
    assert found.must_be == wanted
    assert found.was.endswith(", held away)")


def test_everything_wrong_with_a_row_is_said_at_once(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, "r,A2,H2,harvest,,,,")
    assert {column for _, column, _ in said(firm, ERROR)} == {"amount", "term", "account_id", "household_id"}


def test_the_second_of_two_requests_of_one_name_blocks_its_household(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, "r,A1,,raise_cash,5,,,", "r,A5,,raise_cash,6,,,")
    assert said(firm, ERROR) == [(3, "request_id", "H3")]
    assert firm.labels.households[firm.book.households.blocked].tolist() == ["H3"]
    assert firm.book.requests.amount.tolist() == [5 * DOLLAR]


def test_an_account_is_closed_once_and_not_invested_besides(tmp_path: Path) -> None:
    rows = ("new,A2,,invest_cash,5,,,", "bye,A2,,close,,,,", "again,A2,,close,,,,", "out,A2,,raise_cash,5,,,")
    firm = firm_with(tmp_path, *rows)
    assert firm.labels.requests == ("bye", "out")
    assert said(firm, ERROR) == [(2, "kind", "H1"), (4, "account_id", "H1")]


def test_what_is_asked_beyond_what_there_is_says_how_much_there_is(tmp_path: Path) -> None:
    # A5: 7 dollars, 2 BBB at 113.25 and 2.123456 CCC at 12.50. A1: 1,000.50 less a pending buy of 2 CCC.
    firm = firm_with(tmp_path, "a,A5,,raise_cash,260.04,,,", "b,A5,,raise_cash,0.01,,,", "c,A1,,invest_cash,975.51,,,")
    found = [f for f in firm.findings if f.file == "requests.csv" and f.severity is WARNING]
    assert [(f.line, f.must_be, f.was) for f in found] == [
        (3, "at most the $260.04 that A5 has of cash and lots that may be sold", "$0.01, $260.05 with those before it"),
        (4, "at most the $975.50 that A1 has of cash", "$975.51"),
    ]
    assert all("shortfall" in f.to_do for f in found)


@pytest.mark.parametrize(("term", "day", "there"), [("long", "2024-06-29", "41"), ("short", "2024-06-30", "41")])
def test_losses_are_counted_by_term(tmp_path: Path, term: str, day: str, there: str) -> None:
    # A5 holds 2 BBB, worth 226.50, bought for 267.50 on this day: more than a year ago, or just a year.
    firm = firm_with(
        tmp_path,
        f"ok,A5,,harvest,{there},{term},,",
        f"more,A5,,harvest,0.01,{term},,",
        f"none,A5,,harvest,0.01,{'short' if term == 'long' else 'long'},,",
        lots=("BBB,2,2023-03-03,100", f"BBB,2,{day},267.5"),
    )
    found = [f for f in firm.findings if f.file == "requests.csv" and f.severity is WARNING]
    assert [(f.line, f"{there}.00" in f.must_be or f"{there} " in f.must_be) for f in found] == [(3, True), (4, False)]


def test_kept_lots_count_for_nothing(tmp_path: Path) -> None:
    # A3: 500 dollars of cash; its only lot is a gift that is held.
    firm = firm_with(tmp_path, "a,A3,,raise_cash,500,,,", "b,A3,,raise_cash,0.01,,,")
    assert said(firm, WARNING) == [(3, "amount", "H2")]


def test_a_household_request_counts_all_its_accounts_that_trade(tmp_path: Path) -> None:
    # H3: A5 is worth 260.05; A4 is held away. H2's traditional account has 300 dollars.
    firm = firm_with(tmp_path, "a,,H3,raise_cash,260,,,", "b,,H3,raise_cash,1,,,", "c,,H2,rmd,301,,,")
    assert said(firm, WARNING) == [(3, "amount", "H3"), (4, "amount", "H2")]


def test_requests_of_households_not_asked_for_are_left_out(tmp_path: Path) -> None:
    files = small_firm()
    files["requests.csv"] = f"{HEAD}\na,A5,,raise_cash,1,,,\nb,A1,,raise_cash,2,,,\n"
    firm = read_firm(write(tmp_path, files), households=["H3"])
    assert firm.labels.requests == ("a",)
    assert firm.book.requests.start.tolist() == [0, 1]
    assert [firm.labels.accounts[row] for row in firm.book.requests.account] == ["A5"]
