"""What of a short sale somebody must look at: 26 U.S.C. 1091(e) and 1259, each side of every bound."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lotwise.dates import NO_DATE
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import EventKind, Table
from lotwise.ledger.fold import fold
from lotwise.ledger.short_sale_findings import closed_at_a_loss, held_against, last_day_to_close
from lotwise.ledger.tables import Refusal
from lotwise.money import DOLLAR, SHARE
from tests.ledger.written_events import Record, as_day


def found(record: Record) -> tuple[Table, Table]:
    """What is found under 1091(e), and under 1259."""
    events, details, world = record.tables()
    folded = fold(events, details, world)
    assert set(folded.status.tolist()) == {Refusal.POSTED}
    return closed_at_a_loss(folded.state, world), held_against(folded.state, world)


def closed_at_600() -> Record:
    """100 shares sold short for $500 on 3 March and bought back for $600 on 1 May 2025: a loss of $100."""
    record = Record()
    record.account("own")
    record.account("spouse")
    record.account("ira", AccountKind.TRADITIONAL)
    record.account("other", taxpayer="them")
    record.sell_short("2025-03-03", "own", "X", 100, 500)
    return record


def close(record: Record, amount: int = 600) -> int:
    return record.cover("2025-05-01", "own", "X", 100, amount)


def sold(day: str, account: str = "own", symbol: str = "X") -> Callable[[Record], None]:
    def write(record: Record) -> None:
        record.sell(day, account, symbol, 10, 70)

    return write


def sold_short(day: str, account: str = "own", symbol: str = "X") -> Callable[[Record], None]:
    def write(record: Record) -> None:
        record.sell_short(day, account, symbol, 10, 70)

    return write


@pytest.mark.parametrize(
    ("trade", "doubtful"),
    [
        (sold("2025-04-01"), True),  # 30 days before the closing
        (sold("2025-03-31"), False),  # 31
        (sold("2025-05-31"), True),  # 30 days after
        (sold("2025-06-01"), False),
        (sold("2025-05-01"), True),
        (sold("2025-04-15", "spouse"), True),
        (sold("2025-04-15", "ira"), True),
        (sold("2025-04-15", "other"), False),
        (sold("2025-04-15", symbol="Y"), False),
        (sold("2025-04-15", symbol="Z"), True),  # substantially identical
        (sold_short("2025-04-01"), True),
        (sold_short("2025-03-31"), False),
        (sold_short("2025-05-31"), True),
        (sold_short("2025-06-01"), False),
        (sold_short("2025-05-20", "spouse", "Z"), True),
    ],
)
def test_what_makes_a_loss_on_closing_doubtful(trade: Callable[[Record], None], *, doubtful: bool) -> None:
    record = closed_at_600()
    record.identical("X", "Z")
    for account in ("own", "spouse", "ira", "other"):  # something to sell, bought long before
        for symbol in ("X", "Y", "Z"):
            record.buy("2020-01-02", account, symbol, 10, 90)
    close(record)
    trade(record)
    losses, _ = found(record)
    assert losses["loss"].tolist() == [100 * DOLLAR] * doubtful


def test_each_closing_is_said_once_with_the_nearest_trade_and_when_it_was_known() -> None:
    record = closed_at_600()
    record.buy("2020-01-02", "own", "X", 30, 90)
    record.sell("2025-04-10", "own", "X", 10, 70)
    closing = close(record)
    (near,) = record.sell("2025-05-05", "own", "X", 10, 70)
    record.sell("2025-05-25", "own", "X", 10, 70)
    (row,) = found(record)[0]
    assert (row["event"], row["other"], row["since"]) == (closing, near, closing)
    assert (row["closed"], row["other_day"]) == (as_day("2025-05-01"), as_day("2025-05-05"))
    late = closed_at_600()
    late.buy("2020-01-02", "own", "X", 10, 90)
    close(late)
    (sale,) = late.sell("2025-05-25", "own", "X", 10, 70)
    assert found(late)[0]["since"].tolist() == [sale]


def test_a_gain_is_never_doubtful_nor_the_short_sale_that_is_closed() -> None:
    gain = closed_at_600()
    gain.buy("2020-01-02", "own", "X", 10, 90)
    close(gain, amount=400)
    gain.sell("2025-05-02", "own", "X", 10, 70)
    assert not found(gain)[0].size
    # Sold short and closed within 30 days, in two parts: no other short sale.
    own = Record()
    own.sell_short("2025-03-03", "own", "X", 100, 500)
    own.cover("2025-03-10", "own", "X", 40, 280)
    own.cover("2025-03-20", "own", "X", 60, 420)
    assert not found(own)[0].size
    # The second short sale of the month is another one for the first, and the first for the second.
    two = Record()
    two.sell_short("2025-03-03", "own", "X", 100, 500)
    two.sell_short("2025-03-05", "own", "X", 100, 500)
    two.cover("2025-03-20", "own", "X", 200, 1400)
    assert found(two)[0]["loss"].tolist() == [400 * DOLLAR]


def test_fills_of_one_short_order_are_one_short_sale() -> None:
    record = Record()
    for _ in range(2):
        record.event(EventKind.SELL_SHORT, "2025-03-03", "own", "X", 50, 250, order="O1")
    record.cover("2025-03-20", "own", "X", 100, 700)
    assert not found(record)[0].size


def test_losses_of_retirement_accounts_are_on_no_return() -> None:
    record = Record()
    record.account("ira", AccountKind.TRADITIONAL)
    record.sell_short("2025-03-03", "ira", "X", 100, 500)
    record.cover("2025-05-01", "ira", "X", 100, 600)
    record.sell_short("2025-05-02", "ira", "X", 100, 500)
    assert not found(record)[0].size


def test_a_sale_under_the_name_of_before_counts() -> None:
    record = closed_at_600()
    record.buy("2020-01-02", "own", "X", 10, 90)
    record.sell("2025-04-15", "own", "X", 10, 70)
    record.reorganise(EventKind.SYMBOL_CHANGE, "2025-04-20", "own", "X", new_symbol="Y")
    record.cover("2025-05-01", "own", "Y", 100, 600)
    assert found(record)[0]["loss"].tolist() == [100 * DOLLAR]


def box(basis: int = 400, bought: str = "2024-01-10", account: str = "own") -> Record:
    """100 shares are held; on 3 March 2025 as many are sold short for $500."""
    record = Record()
    record.account("own")
    record.account("spouse")
    record.account("ira", AccountKind.TRADITIONAL)
    record.account("other", taxpayer="them")
    record.buy(bought, account, "X", 100, basis, lot="held")
    record.sell_short("2025-03-03", "own", "X", 100, 500)
    return record


def test_the_last_day_to_close_is_the_thirtieth_of_january() -> None:
    assert last_day_to_close(as_day("2025-01-01")).isoformat() == "2026-01-30"
    assert last_day_to_close(as_day("2024-12-31")).isoformat() == "2025-01-30"


def test_a_short_sale_against_shares_that_gained_is_found_while_it_is_open() -> None:
    record = box()
    (row,) = found(record)[1]
    assert (row["event"], row["since"], row["closed"]) == (1, 1, NO_DATE)
    assert (row["shares"], row["held"]) == (100 * SHARE, 100 * SHARE)


def test_what_had_not_gained_or_was_not_held_is_no_constructive_sale() -> None:
    for record in (
        box(basis=500),
        box(basis=600),
        box(bought="2025-03-04"),  # the day after
        box(account="other"),
        box(account="ira"),
    ):
        assert not found(record)[1].size


def test_a_spouses_shares_and_shares_sold_since_count() -> None:
    assert found(box(account="spouse"))[1]["held"].tolist() == [100 * SHARE]
    record = box()
    record.sell("2025-03-10", "own", "X", 60, 360)
    assert found(record)[1]["held"].tolist() == [100 * SHARE]
    record = Record()
    record.buy("2024-01-10", "own", "X", 100, 400)
    record.sell("2025-03-03", "own", "X", 60, 300)  # of the same day: only what is left was held
    record.sell_short("2025-03-03", "own", "X", 100, 500)
    assert found(record)[1]["held"].tolist() == [40 * SHARE]


@pytest.mark.parametrize(("day", "late"), [("2026-01-30", False), ("2026-01-31", True), ("2025-06-02", False)])
def test_closed_in_time_it_is_none(day: str, *, late: bool) -> None:
    record = box()
    closing = record.cover(day, "own", "X", 100, 450)
    rows = found(record)[1]
    assert rows["closed"].tolist() == [as_day(day)] * late
    assert rows["since"].tolist() == [closing] * late


def test_closed_late_by_delivering_the_shares_held() -> None:
    record = box()
    record.cover("2026-03-02", "own", "X", 100, lot="held")
    (row,) = found(record)[1]
    assert (row["shares"], row["held"]) == (100 * SHARE, 100 * SHARE)


def test_what_of_it_is_closed_in_time_does_not_count() -> None:
    record = box()
    record.cover("2026-01-05", "own", "X", 70, 300)
    (row,) = found(record)[1]
    assert (row["shares"], row["closed"]) == (30 * SHARE, NO_DATE)


def test_shares_are_compared_by_their_price_each_not_by_totals() -> None:
    """10 shares at $4.99 gained against a short sale of 1,000 at $5.00; 2,000 at $5.01 did not."""
    record = Record()
    record.buy("2024-01-10", "own", "X", 10, "49.90")
    record.buy("2024-01-11", "own", "X", 2000, 10_020)
    record.sell_short("2025-03-03", "own", "X", 1000, 5000)
    assert found(record)[1]["held"].tolist() == [10 * SHARE]


def test_nothing_is_found_where_nothing_is_sold_short() -> None:
    record = Record()
    record.buy("2024-01-10", "own", "X", 10, 50)
    record.sell("2024-02-10", "own", "X", 10, 40)
    assert [table.size for table in found(record)] == [0, 0]
