"""Qualified dividends (26 U.S.C. 1(h)(11)(B)(iii); IRS Publication 550, "Holding period"): days, and whether enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

from lotwise.dates import NO_DATE, to_day_number
from lotwise.ledger.dividends import days_in_window, held_long_enough, qualified_amounts, qualified_shares
from lotwise.ledger.events import EVENT, no_details
from lotwise.ledger.tables import LOT, REALIZED, WASH, LotMark, State
from lotwise.money import DOLLAR, SHARE, parse_decimal, to_dollars
from tests.law.case_facts import Facts
from tests.law.comparison import Comparison
from tests.ledger.written_events import as_day

TOPIC = "qualified_dividend"


class Held(NamedTuple):
    """Shares around an ex-date; `sold` None = kept; facts in our own words."""

    acquired: str
    sold: str | None
    ex_date: str
    days: int
    qualified: bool
    source: str
    preferred: bool = False


CASES = (
    Held("2024-07-05", "2024-08-08", "2024-07-12", 34, False, "Pub. 550 (2024), Example 1: held 34 of the 121 days"),
    Held("2024-07-11", "2024-09-13", "2024-07-12", 61, True, "Pub. 550 (2024), Example 2: bought the day before"),
    Held("2024-07-11", "2024-09-09", "2024-07-12", 60, False, "1(h)(11)(B)(iii): 60 days are not more than 60"),
    Held(
        "2024-07-11", "2024-09-10", "2024-07-12", 61, True, "1(h)(11)(B)(iii): the 61st day is the last of the window"
    ),
    Held("2024-05-12", "2024-07-12", "2024-07-12", 61, True, "246(c)(3)(A): sold on the ex-date, a day that counts"),
    Held("2024-05-13", "2024-07-12", "2024-07-12", 60, False, "246(c)(3)(A): the day acquired does not count"),
    Held("2020-01-02", None, "2024-07-12", 121, True, "1(h)(11)(B)(iii): the whole window of 121 days"),
    Held("2024-07-11", None, "2024-07-12", 61, True, "bought the day before the ex-date and kept"),
    Held("2024-02-28", "2024-04-29", "2024-02-29", 61, True, "a leap day is a day of the window"),
    Held(
        "2024-07-11", "2024-10-09", "2024-07-12", 90, False, "246(c)(2): 90 days are not more than 90", preferred=True
    ),
    Held("2024-07-11", "2024-10-10", "2024-07-12", 91, True, "246(c)(2): 91 days of 181", preferred=True),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.source)
def test_published_holdings(case: Held) -> None:
    sold = None if case.sold is None else as_day(case.sold)
    acquired, ex_day = as_day(case.acquired), as_day(case.ex_date)
    assert days_in_window(acquired, sold, ex_day, preferred=case.preferred) == case.days
    assert held_long_enough(acquired, sold, ex_day, preferred=case.preferred) == case.qualified


@pytest.mark.usefixtures("vectors_dir")
def test_qualified_dividend(vector: Mapping[str, Any]) -> None:
    case = Facts(vector["name"], vector)
    check = Comparison(case)
    facts, expected = case.table("inputs"), case.table("expected")
    sold = to_day_number(facts.day("sold")) if "sold" in facts else None
    acquired, ex_day = to_day_number(facts.day("acquired")), to_day_number(facts.day("ex_date"))
    preferred = facts.flag("preferred")
    qualified = held_long_enough(acquired, sold, ex_day, preferred=preferred)
    if "days_in_window" in expected:
        days = days_in_window(acquired, sold, ex_day, preferred=preferred)
        check.same("days in the window", days, expected.number("days_in_window"))
    if "qualified" in expected:
        check.same("qualified", qualified, expected.flag("qualified"))
    if "amount" in facts:
        amount = parse_decimal(str(facts.number("amount")), DOLLAR)
        counted = _amount_of(acquired, sold, ex_day, amount, preferred=preferred)
        # Shares that did not earn the dividend (bought on the ex-date or later) have none to qualify.
        entitled = acquired < ex_day and (sold is None or sold >= ex_day)
        check.same("amount by the ledger", counted, amount if qualified and entitled else 0)
        if any(name in expected for name in ("qualified_amount", "qualified_dividends")):
            check.money("amount", to_dollars(counted), expected.number("qualified_amount", "qualified_dividends"))
    case.done()
    check.done()


def _amount_of(acquired: int, sold: int | None, ex_day: int, amount: int, *, preferred: bool) -> int:
    """The same by the tables of the ledger, looked at after the window."""
    rows = np.zeros(1, LOT if sold is None else REALIZED)
    rows["shares"], rows["acquired"], rows["holding_start"] = 100 * SHARE, acquired, acquired
    rows["marks"] = LotMark.REPLACEMENT
    if sold is None:
        state = State(rows, np.zeros(0, REALIZED), np.zeros(0, WASH))
    else:
        rows["sold"] = sold
        state = State(np.zeros(0, LOT), rows, np.zeros(0, WASH))
    dividends = np.zeros(1, EVENT)
    dividends["amount"], dividends["day"] = amount, ex_day + 30
    details = no_details(1)
    assert details["ex_day"][0] == NO_DATE
    details["ex_day"] = ex_day
    shares = qualified_shares(dividends, details, state, ex_day + 365, preferred=preferred)
    return int(qualified_amounts(dividends["amount"], shares)[0])
