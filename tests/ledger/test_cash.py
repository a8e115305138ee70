"""Cash: every dollar that moved once, by account; amounts of trades that state a price."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lotwise.ledger.cash import traded_amounts
from lotwise.ledger.events import EventKind
from lotwise.ledger.fold import fold
from lotwise.money import DOLLAR, OVERFLOW, SHARE
from lotwise.storage.folded import added_by_account
from tests.ledger.written_events import Details, Record


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
    cash = added_by_account(np.zeros(2, np.int64), events, folded.cash)
    assert (cash[own], cash[other]) == ((1000 - 600 + 5 - 3 + 700) * DOLLAR, -50 * DOLLAR)


@given(st.lists(st.tuples(st.integers(-(10**15), 10**15), st.integers(0, 10**12)), min_size=1, max_size=20))
def test_shares_times_price_is_the_rounded_product(pairs: list[tuple[int, int]]) -> None:
    shares, price = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    for (one, other), made in zip(pairs, traded_amounts(shares, price), strict=True):
        exact = round(Fraction(abs(one) * other, SHARE))  # half to even
        assert made == (exact if exact < 2**63 else OVERFLOW)
