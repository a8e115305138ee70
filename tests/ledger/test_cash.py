"""Cash and income: every dollar that moved once, by account, year and kind."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import to_day_number
from lotwise.ledger.cash import cash_of, income_of, traded_amounts
from lotwise.ledger.events import EventFlag, EventKind
from lotwise.ledger.fold import fold
from lotwise.money import DOLLAR, OVERFLOW, SHARE
from tests.ledger.written_events import Details, Record, as_day


def test_cash_is_what_every_event_moved() -> None:
    record = Record()
    record.event(EventKind.DEPOSIT, "2024-01-02", "own", amount=1000)
    record.buy("2024-01-03", "own", "A", 10, 600)
    record.event(EventKind.DIVIDEND, "2024-02-01", "own", "A", amount=5)
    record.event(EventKind.FEE, "2024-02-02", "own", amount=3)
    record.event(EventKind.CASH_MERGER, "2024-03-01", "own", "A", details=Details(cash=70))
    record.event(EventKind.WITHDRAWAL, "2024-03-02", "other", amount=50)
    record.sell("2024-03-03", "other", "A", 10, 600)  # refused: nothing is held, no cash comes
    events, details, world = record.tables()
    folded = fold(events, details, world)
    assert folded.status[-1] != 0
    own, other = record.accounts["own"], record.accounts["other"]
    cash = cash_of(events, folded.cash, 3)
    assert (cash[own], cash[other], cash.size) == ((1000 - 600 + 5 - 3 + 700) * DOLLAR, -50 * DOLLAR, 3)


def test_income_by_account_year_and_kind() -> None:
    record = Record()
    qualified = EventFlag.QUALIFIED
    record.event(EventKind.DIVIDEND, "2023-12-31", "own", "A", amount=7, flags=qualified)
    record.event(EventKind.DIVIDEND, "2024-01-01", "own", "A", amount=5, flags=qualified)
    record.event(EventKind.DIVIDEND, "2024-06-01", "own", "B", amount=Decimal("1.25"))
    record.event(EventKind.INTEREST, "2024-06-01", "own", amount=2)
    record.event(EventKind.CAPITAL_GAIN_DISTRIBUTION, "2024-06-01", "ira", "B", amount=9)
    record.event(EventKind.DEPOSIT, "2024-06-02", "ira", amount=99)
    events, details, world = record.tables()
    folded = fold(events, details, world)
    folded.status[3] = 1  # as if the interest had been refused
    rows = {
        (int(row["account"]), int(row["year"]), EventKind(row["kind"])): (int(row["amount"]), int(row["qualified"]))
        for row in income_of(events, folded.status)
    }
    own, ira = record.accounts["own"], record.accounts["ira"]
    assert rows == {
        (own, 2023, EventKind.DIVIDEND): (7 * DOLLAR, 7 * DOLLAR),
        (own, 2024, EventKind.DIVIDEND): (62_500, 5 * DOLLAR),
        (ira, 2024, EventKind.CAPITAL_GAIN_DISTRIBUTION): (9 * DOLLAR, 0),
    }


def test_years_before_1970_are_years() -> None:
    record = Record()
    record.event(EventKind.INTEREST, "1969-12-31", "own", amount=1)
    events, details, world = record.tables()
    assert events["day"][0] == as_day("1969-12-31") == to_day_number(date(1970, 1, 1)) - 1
    assert income_of(events, fold(events, details, world).status)["year"].tolist() == [1969]


@given(st.lists(st.tuples(st.integers(-(10**15), 10**15), st.integers(0, 10**12)), min_size=1, max_size=20))
def test_shares_times_price_is_the_rounded_product(pairs: list[tuple[int, int]]) -> None:
    shares, price = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    for (one, other), made in zip(pairs, traded_amounts(shares, price), strict=True):
        exact = round(Fraction(abs(one) * other, SHARE))  # half to even
        assert made == (exact if exact < 2**63 else OVERFLOW)
