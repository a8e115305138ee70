"""The holding test of dividends: counted day by day from a calendar, one share and many."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import NO_DATE, to_day_number
from lotwise.ledger.dividends import (
    QualifiedShares,
    days_in_window,
    held_long_enough,
    qualified_amounts,
    qualified_shares,
)
from lotwise.ledger.events import EVENT, NO_CODE, Table, no_details
from lotwise.ledger.tables import ALWAYS_LONG, LOT, REALIZED, WASH, LotMark, Origin, State
from lotwise.money import DOLLAR, SHARE

EX = date(2024, 7, 12)
EX_DAY = to_day_number(EX)
AFTER = EX_DAY + 100  # a look after the window

_AROUND = st.integers(-130, 130)


def counted(acquired: date, sold: date, ex: date, around: int) -> int:
    """Days of the window on which the shares were held, one by one."""
    window = {ex + timedelta(days=k) for k in range(-around, around + 1)}
    held = {acquired + timedelta(days=k) for k in range(1, (sold - acquired).days + 1)}
    return len(window & held)


@given(_AROUND, st.integers(0, 260), st.booleans())
def test_days_counted_one_by_one(bought: int, kept: int, preferred: bool) -> None:
    acquired = EX + timedelta(days=bought)
    sold = acquired + timedelta(days=kept)
    limit = 90 if preferred else 60
    expected = counted(acquired, sold, EX, limit)
    first, last = to_day_number(acquired), to_day_number(sold)
    assert days_in_window(first, last, EX_DAY, preferred=preferred) == expected
    assert held_long_enough(first, last, EX_DAY, preferred=preferred) == (expected > limit)


@given(_AROUND)
def test_shares_kept_are_shares_sold_after_the_window(bought: int) -> None:
    assert days_in_window(EX_DAY + bought, None, EX_DAY) == days_in_window(EX_DAY + bought, EX_DAY + 300, EX_DAY)


def test_the_window_has_121_days_and_that_of_preferred_stock_181() -> None:
    assert days_in_window(EX_DAY - 400, None, EX_DAY) == 121
    assert days_in_window(EX_DAY - 400, None, EX_DAY, preferred=True) == 181


def no_state() -> State:
    return State(np.zeros(0, LOT), np.zeros(0, REALIZED), np.zeros(0, WASH))


def lot(shares: int, acquired: int, start: int | None = None, marks: LotMark = LotMark.REPLACEMENT) -> Table:
    made = np.zeros(1, LOT)
    made["shares"], made["acquired"], made["marks"] = shares * SHARE, acquired, marks
    made["holding_start"] = acquired if start is None else start
    return made


def sale(shares: int, acquired: int, sold: int, origin: Origin = Origin.SALE) -> Table:
    made = np.zeros(1, REALIZED)
    made["shares"], made["acquired"], made["holding_start"] = shares * SHARE, acquired, acquired
    made["sold"], made["origin"], made["marks"] = sold, origin, LotMark.REPLACEMENT
    return made


def dividend(dollars: int = 100, account: int = 0, security: int = 0) -> Table:
    made = np.zeros(1, EVENT)
    made["amount"], made["day"], made["detail"] = dollars * DOLLAR, EX_DAY + 20, 0
    made["account"], made["security"] = account, security
    return made


def details(ex_day: int = EX_DAY) -> Table:
    made = no_details(1)
    made["ex_day"] = ex_day
    return made


def look(lots: list[Table], sales: list[Table], as_of: int = AFTER) -> tuple[int, int, int]:
    """Held, qualified and expected whole shares of one dividend."""
    none = no_state()
    state = State(np.concatenate([none.lots, *lots]), np.concatenate([none.realized, *sales]), none.washes)
    found = qualified_shares(dividend(), details(), state, as_of)
    held, qualified, expected = (int(column[0]) // SHARE for column in found)
    return held, qualified, expected


def test_shares_bought_on_the_ex_date_earn_no_dividend_and_shares_sold_on_it_do() -> None:
    assert look([lot(10, EX_DAY)], []) == (0, 0, 0)
    assert look([lot(10, EX_DAY - 1)], []) == (10, 10, 0)
    assert look([], [sale(10, EX_DAY - 90, EX_DAY)]) == (10, 10, 0)
    assert look([], [sale(10, EX_DAY - 90, EX_DAY - 1)]) == (0, 0, 0)


def test_sold_after_60_days_or_61() -> None:
    assert look([], [sale(10, EX_DAY - 1, EX_DAY + 60)]) == (10, 10, 0)
    assert look([], [sale(10, EX_DAY - 1, EX_DAY + 59)]) == (10, 0, 0)


def test_until_the_window_ends_shares_kept_are_expected_to_qualify() -> None:
    bought = [lot(10, EX_DAY - 20)]
    assert look(bought, [], as_of=EX_DAY) == (10, 0, 10)
    assert look(bought, [], as_of=EX_DAY + 40) == (10, 0, 10)  # 60 days so far
    assert look(bought, [], as_of=EX_DAY + 41) == (10, 10, 0)
    assert look([], [sale(10, EX_DAY - 20, EX_DAY + 5)], as_of=EX_DAY + 6) == (10, 0, 0)


def test_lots_of_one_dividend_are_judged_one_by_one() -> None:
    assert look([lot(5, EX_DAY - 200), lot(7, EX_DAY - 3)], [sale(11, EX_DAY - 3, EX_DAY + 3)], EX_DAY + 10) == (
        23,
        5,
        7,
    )


def test_days_of_shares_sold_in_a_wash_sale_do_not_count_but_a_donors_do() -> None:
    washed = LotMark.REPLACEMENT | LotMark.ABSORBED
    early = EX_DAY - 300
    assert look([], [sale(3, EX_DAY - 5, EX_DAY + 5)]) == (3, 0, 0)
    sold = sale(3, EX_DAY - 5, EX_DAY + 5)
    sold["holding_start"] = early
    assert look([], [sold]) == (3, 3, 0)
    sold["marks"] = washed
    assert look([], [sold]) == (3, 0, 0)


def test_a_holding_period_begun_anew_by_a_short_sale_counts_from_there() -> None:
    assert look([lot(10, EX_DAY - 200, start=EX_DAY + 10)], []) == (10, 0, 0)


def test_inherited_shares_count_from_the_day_they_came() -> None:
    assert look([lot(10, EX_DAY - 200, start=ALWAYS_LONG)], []) == (10, 10, 0)
    sold = sale(10, EX_DAY - 5, EX_DAY + 5)
    sold["holding_start"] = ALWAYS_LONG
    assert look([], [sold]) == (10, 0, 0)


def test_shares_of_an_unknown_day_are_taken_as_held_long() -> None:
    assert look([lot(10, NO_DATE)], []) == (10, 10, 0)


def test_shares_sold_short_and_cash_paid_on_shares_kept_are_no_holdings() -> None:
    assert look([lot(10, EX_DAY - 200, marks=LotMark.SHORT)], []) == (0, 0, 0)
    kept = [lot(10, EX_DAY - 200)]
    paid = [sale(10, EX_DAY - 200, EX_DAY + 5, origin) for origin in (Origin.RETURN_OF_CAPITAL, Origin.BOOT)]
    assert look(kept, paid) == (10, 10, 0)


def test_without_an_ex_date_the_day_of_payment_stands_in() -> None:
    state = no_state()._replace(lots=lot(10, EX_DAY + 10))
    assert qualified_shares(dividend(), details(NO_DATE), state, AFTER).held.tolist() == [10 * SHARE]
    assert qualified_shares(dividend(), details(EX_DAY), state, AFTER).held.tolist() == [0]
    unnamed = dividend()
    unnamed["detail"] = NO_CODE
    assert qualified_shares(unnamed, no_details(0), state, AFTER).held.tolist() == [10 * SHARE]


def test_the_amount_that_qualifies_is_the_part_of_the_shares_and_nothing_where_none_were_seen() -> None:
    shares = QualifiedShares(np.array([3, 3, 0]) * SHARE, np.array([1, 0, 0]) * SHARE, np.array([1, 3, 0]) * SHARE)
    amounts = np.array([100, 100, 100]) * DOLLAR
    assert qualified_amounts(amounts, shares).tolist() == [666_667, 1_000_000, 0]
    assert qualified_amounts(amounts, shares, count_expected=False).tolist() == [333_333, 0, 0]


_PLACE = st.tuples(st.integers(0, 2), st.integers(0, 2))
_LOTS = st.lists(st.tuples(_PLACE, st.integers(1, 50), _AROUND), max_size=12)
_SALES = st.lists(st.tuples(_PLACE, st.integers(1, 50), _AROUND, st.integers(0, 200)), max_size=12)


@given(_LOTS, _SALES, st.lists(_PLACE, min_size=1, max_size=5), st.integers(-10, 130))
def test_many_dividends_at_once_are_each_counted_from_the_calendar(
    lots: list[tuple[tuple[int, int], int, int]],
    sales: list[tuple[tuple[int, int], int, int, int]],
    paid: list[tuple[int, int]],
    later: int,
) -> None:
    state = _placed(lots, sales)
    dividends = np.concatenate([dividend(account=account, security=security) for account, security in paid])
    today = EX + timedelta(days=later)
    found = qualified_shares(dividends, details(), state, to_day_number(today))
    for i, place in enumerate(paid):
        held = qualified = expected = 0
        for at, shares, bought in lots:
            acquired = EX + timedelta(days=bought)
            if at == place and acquired < EX:
                sure = counted(acquired, today, EX, 60) > 60
                hoped = counted(acquired, EX + timedelta(days=60), EX, 60) > 60
                held += shares
                qualified += shares * sure
                expected += shares * (hoped and not sure)
        for at, shares, bought, kept in sales:
            acquired = EX + timedelta(days=bought)
            sold = acquired + timedelta(days=kept)
            if at == place and acquired < EX <= sold:
                held += shares
                qualified += shares * (counted(acquired, sold, EX, 60) > 60)
        assert [int(column[i]) for column in found] == [held * SHARE, qualified * SHARE, expected * SHARE]


def _placed(lots: list[tuple[tuple[int, int], int, int]], sales: list[tuple[tuple[int, int], int, int, int]]) -> State:
    state = no_state()
    opened = [state.lots]
    for (account, security), shares, bought in lots:
        made = lot(shares, EX_DAY + bought)
        made["account"], made["security"] = account, security
        opened.append(made)
    realized = [state.realized]
    for (account, security), shares, bought, kept in sales:
        row = sale(shares, EX_DAY + bought, EX_DAY + bought + kept)
        row["account"], row["security"] = account, security
        realized.append(row)
    return State(np.concatenate(opened), np.concatenate(realized), state.washes)
