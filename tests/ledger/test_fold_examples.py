"""Small records whose result a person can work out, folded by the ledger and by its reference.

`outcome` makes sure that both give the same rows. Amounts are dollars; the figures expected are worked out by hand from
26 U.S.C. 1091, 1223(3) and the regulations named.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from lotwise.dates import from_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import EventFlag, EventKind, Relief
from lotwise.ledger.tables import LotMark, Reading, Refusal
from lotwise.money import DOLLAR, SHARE
from tests.ledger.written_events import Record
from tests.reference.ledger_comparison import agreed
from tests.reference.ledger_parcels import Outcome


def outcome(record: Record) -> Outcome:
    return agreed(*record.tables())


def disallowed(record: Record) -> Fraction:
    """All losses disallowed, in dollars."""
    return Fraction(sum(one.disallowed for one in outcome(record).disposals), DOLLAR)


def open_lots(result: Outcome) -> list[tuple[Fraction, Fraction, str]]:
    """Shares, basis and start of the holding period of every open lot, oldest first."""
    lots = sorted(result.parcels, key=lambda one: (one.acquired, one.came, one.basis_per_share))
    return [
        (Fraction(one.shares, SHARE), Fraction(one.basis, DOLLAR), from_day_number(one.holding_start).isoformat())
        for one in lots
    ]


def refusals(record: Record) -> list[Refusal]:
    return [Refusal(code) for code in outcome(record).status]


def sold_at_a_loss() -> Record:
    """100 shares bought for $5,000 on 2025-01-15 and sold for $4,000 on 2025-03-20."""
    record = Record()
    record.buy("2025-01-15", "own", "X", 100, 5000)
    record.sell("2025-03-20", "own", "X", 100, 4000)
    return record


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2025-02-17", 0), ("2025-02-18", 1000), ("2025-03-19", 1000), ("2025-04-19", 1000), ("2025-04-20", 0)],
)
def test_thirty_days_on_both_sides_and_no_more(day: str, expected: int) -> None:
    record = sold_at_a_loss()
    record.buy(day, "other", "X", 100, 4100)
    assert disallowed(record) == expected


def test_basis_and_holding_period_go_over_to_the_replacement() -> None:
    """64 days held before 2025-03-20 are added to those from 2025-04-01 (26 U.S.C. 1091(d), 1223(3))."""
    record = sold_at_a_loss()
    record.buy("2025-04-01", "own", "X", 150, 6000)
    assert open_lots(outcome(record)) == [
        (Fraction(50), Fraction(2000), "2025-04-01"),
        (Fraction(100), Fraction(5000), "2025-01-27"),
    ]


def test_the_rest_of_one_purchase_does_not_replace_a_part_of_it() -> None:
    """Rev. Rul. 56-602; the fills of one order are one purchase."""
    record = Record()
    record.buy("2025-03-01", "own", "X", 60, 3000, lot="a", order="one")
    record.buy("2025-03-02", "own", "X", 40, 2000, lot="b", order="one")
    record.sell("2025-03-10", "own", "X", 50, 2000, lots=["a"])
    assert disallowed(record) == 0
    record.buy("2025-03-12", "own", "X", 10, 400)
    assert disallowed(record) == 100


def test_retirement_accounts_make_a_loss_permanent() -> None:
    """Rev. Rul. 2008-5; the first purchase is matched first, wherever it is made."""
    record = sold_at_a_loss()
    record.account("ira", AccountKind.ROTH)
    record.buy("2025-03-24", "ira", "X", 40, 1640)
    record.buy("2025-03-26", "own", "X", 80, 3200)
    result = outcome(record)
    assert [(one.disallowed, one.permanent) for one in result.disposals] == [(1000 * DOLLAR, 400 * DOLLAR)]
    assert open_lots(result) == [
        (Fraction(40), Fraction(1640), "2025-03-24"),
        (Fraction(20), Fraction(800), "2025-03-26"),
        (Fraction(60), Fraction(3000), "2025-01-21"),
    ]


def test_a_spouse_is_the_same_taxpayer_and_a_stranger_is_not() -> None:
    record = sold_at_a_loss()
    record.account("stranger", taxpayer="they")
    record.buy("2025-03-21", "stranger", "X", 100, 4000)
    assert disallowed(record) == 0
    record.buy("2025-03-22", "spouse", "X", 70, 2800)
    assert disallowed(record) == 700


def test_identical_is_what_is_identical_on_the_day_of_the_sale() -> None:
    record = sold_at_a_loss()
    record.identical("X", "Y", first="2025-01-01", last="2025-03-20")
    record.identical("X", "Z", first="2025-03-21")
    record.buy("2025-04-01", "own", "Z", 100, 4000)
    assert disallowed(record) == 0
    record.buy("2025-04-02", "own", "Y", 100, 4000)
    assert disallowed(record) == 1000


def test_two_round_trips_on_one_day_defer_into_the_second() -> None:
    """The second purchase is sold again the same day: its own loss is larger by the loss of the first."""
    record = Record()
    for amount in (1000, 800):
        record.buy("2025-05-01", "own", "X", 100, amount)
        record.sell("2025-05-01", "own", "X", 100, amount - 100)
    first, second = outcome(record).disposals
    assert (first.disallowed, second.disallowed) == (100 * DOLLAR, 0)
    assert second.basis == 900 * DOLLAR


@pytest.mark.parametrize("account", ["own", "ira"])
def test_shares_bought_later_the_same_day_replace_even_if_sold_again(account: str) -> None:
    """The statute asks what was acquired. Bought and sold again in a retirement account, the loss is gone for ever."""
    record = Record()
    record.account("ira", AccountKind.TRADITIONAL)
    record.buy("2025-05-01", "own", "X", 100, 1000)
    record.sell("2025-06-20", "own", "X", 100, 900)
    record.buy("2025-06-20", account, "X", 100, 800)
    record.sell("2025-06-20", account, "X", 100, 850)
    first, second = outcome(record).disposals
    assert first.disallowed == 100 * DOLLAR
    assert first.permanent == (0 if account == "own" else 100 * DOLLAR)
    assert second.basis == (900 if account == "own" else 800) * DOLLAR


def test_of_one_purchase_shares_sold_the_same_day_go_before_those_kept() -> None:
    """By acquisition first (Reg. 1.1091-1(d)): the first purchase of the afternoon, of which 30 are sold at once."""
    record = Record()
    record.buy("2025-05-01", "own", "X", 100, 1000)
    record.sell("2025-06-20", "own", "X", 100, 900)
    record.buy("2025-06-20", "own", "X", 80, 640, lot="first")
    record.buy("2025-06-20", "own", "X", 80, 640, lot="second")
    record.sell("2025-06-20", "own", "X", 30, 270, lots=["first"])
    result = outcome(record)
    assert [one.basis for one in result.disposals] == [1000 * DOLLAR, 270 * DOLLAR]
    shares_and_basis = [(int(shares), int(basis)) for shares, basis, _ in open_lots(result)]
    assert shares_and_basis == [(50, 450), (60, 480), (20, 180)]


def test_odd_shares_give_the_exact_loss_in_the_end() -> None:
    """A loss of $10.0001 over seven shares, bought back one by one: each rounds, all together do not."""
    record = Record()
    record.buy("2025-01-02", "own", "X", 7, 110)
    record.sell("2025-03-03", "own", "X", 7, "99.9999")
    for day in range(4, 11):
        record.buy(date(2025, 3, day), "own", "X", 1, 15)
    result = outcome(record)
    assert [one.loss for one in result.matches] == [14286, 14286, 14286, 14285, 14286, 14286, 14286]
    assert result.disposals[0].disallowed == 100001


def test_a_split_between_sale_and_purchase_counts_new_shares() -> None:
    """100 old shares are 200 new ones: 150 bought back replace three quarters of them."""
    record = sold_at_a_loss()
    record.buy("2025-01-02", "own", "X", 10, 500)
    record.buy("2024-01-02", "own", "X", 100, 5000)
    record.split("2025-03-25", "own", "X", 2)
    record.buy("2025-04-01", "own", "X", 150, 3000)
    assert disallowed(record) == 750


def test_highest_basis_relief_does_not_see_the_losses_of_its_own_day() -> None:
    """The lot bought for 41 a share would be the dearer one if it already carried the loss of the first sale."""
    record = Record()
    record.account("own", relief=Relief.HIFO)
    record.buy("2025-03-01", "own", "X", 100, 5000)
    record.buy("2025-03-05", "own", "X", 100, 4100)
    record.buy("2024-03-05", "own", "X", 100, 4500)
    record.sell("2025-03-20", "own", "X", 100, 4000)
    record.sell("2025-03-20", "own", "X", 100, 4000)
    assert [one.parcel.original_basis for one in outcome(record).disposals] == [5000 * DOLLAR, 4500 * DOLLAR]


def test_a_named_lot_in_parts_gives_up_the_part_of_highest_basis_first() -> None:
    record = sold_at_a_loss()
    record.buy("2025-04-01", "own", "X", 150, 6000, lot="new")
    record.sell("2026-04-01", "own", "X", 120, 6000, lots=["new"])
    sold = [(one.parcel.shares // SHARE, one.basis // DOLLAR) for one in outcome(record).disposals[1:]]
    assert sold == [(100, 5000), (20, 800)]


def test_only_a_purchase_replaces() -> None:
    """Gifts, inheritances and lots moved here do not, unless the lot moved is known to have been bought in time.

    100 shares sold are 110 after the stock dividend, of which 55 are half.
    """
    record = sold_at_a_loss()
    record.gift_in("2025-03-21", "own", "X", 100, basis=4000, acquired="2025-03-20", fair_value=4100)
    record.inherit("2025-03-22", "own", "X", 100, 4000)
    record.transfer_in("2025-03-23", "own", "X", 100, basis=4000, acquired="2025-03-21")
    record.stock_dividend("2025-03-24", "own", "X", "1/10")
    record.buy("2025-03-25", "own", "X", 100, 4000, flags=EventFlag.USED)
    assert disallowed(record) == 0
    record.transfer_in("2025-06-26", "own", "X", 11, basis=440, acquired="2025-02-17", flags=EventFlag.PURCHASE)
    assert disallowed(record) == 0
    record.transfer_in("2025-06-26", "own", "X", 55, basis=2200, acquired="2025-04-19", flags=EventFlag.PURCHASE)
    assert disallowed(record) == 500


def test_a_gift_worth_less_than_its_basis_has_two() -> None:
    """Reg. 1.1015-1(a): gain from the donor's basis, loss from the value on the day of the gift, else neither."""
    record = Record()
    record.gift_in("2025-01-02", "own", "X", 100, basis=3000, fair_value=2000, acquired="2020-01-02")
    for amount in (400, 250, 150):
        record.sell("2025-06-02", "own", "X", 10, amount)
    disposals = outcome(record).disposals
    assert [(one.proceeds - one.basis) // DOLLAR for one in disposals] == [100, 0, -50]
    assert [from_day_number(one.holding_start).year for one in (disposals[0], disposals[2])] == [2020, 2025]


def test_losses_are_matched_in_the_order_in_which_they_were_made() -> None:
    """And each purchase replaces once (Reg. 1.1091-1(b), (e)); in one sale, by acquisition, not by lot named first."""
    record = Record()
    record.buy("2025-01-02", "own", "X", 10, 500, lot="older")
    record.buy("2025-01-03", "own", "X", 10, 600, lot="newer")
    record.sell("2025-06-02", "own", "X", 20, 800, lots=[("newer", 10), ("older", 10)])
    record.buy("2025-06-10", "own", "X", 12, 480)
    result = outcome(record)
    assert {one.parcel.original_basis // DOLLAR: one.disallowed // DOLLAR for one in result.disposals} == {
        500: 100,
        600: 40,
    }
    assert all(one.marks & LotMark.ABSORBED for one in result.parcels)


def test_events_are_refused_whole() -> None:
    record = Record()
    record.buy("2025-01-02", "own", "X", 10, 500, lot="a")
    record.sell("2025-01-03", "own", "X", 11, 500)
    record.sell("2025-01-03", "own", "X", 5, 250, lots=["b"])
    record.buy("2025-01-03", "own", "X", 5, 250, lot="a")
    record.buy("2025-01-03", "own", "X", 0, 250)
    record.event(EventKind.WITHDRAWAL, "2025-01-03", "own", amount=-1)
    record.split("2025-01-04", "own", "Y", 2)
    record.sell("2025-01-05", "own", "X", 10, 600, lots=["a"])
    record.buy("2025-01-06", "own", "X", 5, 250, lot="a")
    assert refusals(record) == [
        Refusal.POSTED,
        Refusal.OVERSOLD,
        Refusal.UNKNOWN_LOT,
        Refusal.LOT_TWICE,
        Refusal.NEGATIVE,
        Refusal.NEGATIVE,
        Refusal.NOT_HELD,
        Refusal.POSTED,
        Refusal.POSTED,
    ]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Reading.HELD_AT_END_OF_DAY, 0),
        (Reading.HELD_AFTER_THIS_SALE, 200),
        (Reading.ANY_ACQUISITION, 500),
        (Reading.OLDER_LOT_NEVER_REPLACES, 0),
    ],
)
def test_two_lots_sold_on_one_day(reading: Reading, expected: int) -> None:
    """The second lot is held after the first sale, not at the end of the day; by the letter each replaces the other."""
    record = Record(reading=reading)
    record.buy("2025-09-15", "own", "X", 10, 2000, lot="one")
    record.buy("2025-09-25", "own", "X", 10, 1900, lot="two")
    record.sell("2025-10-05", "own", "X", 10, 1800, lots=["one"])
    record.sell("2025-10-05", "own", "X", 10, 1800, lots=["two"])
    assert disallowed(record) == expected


@pytest.mark.parametrize("reading", Reading)
def test_older_lots_replace_newer_ones_unless_the_reading_says_never(reading: Reading) -> None:
    record = Record(reading=reading)
    record.buy("2025-01-03", "own", "X", 100, 5000, lot="older")
    record.buy("2025-01-18", "own", "X", 100, 5200, lot="newer")
    record.sell("2025-01-31", "own", "X", 100, 4500, lots=["newer"])
    assert disallowed(record) == (0 if reading == Reading.OLDER_LOT_NEVER_REPLACES else 700)
