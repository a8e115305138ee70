"""Income of a year from events: what counts, when, whose it is, and what of a dividend qualifies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import from_day_number, to_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import EVENT, NO_CODE, EventFlag, EventKind, Table, no_details
from lotwise.ledger.fold import empty_state, fold
from lotwise.ledger.receipts import READ_DAYS, reinvested_alone
from lotwise.ledger.tables import ACCOUNT, IDENTICAL, World
from lotwise.money import DOLLAR, SHARE
from lotwise.tax.income import Income, income_of, ordinary, payments
from tests.ledger.written_events import Details, Record, as_day

QUALIFIED = EventFlag.QUALIFIED


def paid_in(record: Record, year: int, as_of: str = "2026-12-31") -> Table:
    """Payments of a year as known on a day, of everything that happened until then."""
    events, details, world = record.tables()
    until = events[events["day"] <= as_day(as_of)]
    return payments(until, details, fold(until, details, world).state, world, year, as_day(as_of))


def bare_world(accounts: int = 0, funds: tuple[bool, ...] = ()) -> World:
    """Taxable accounts of one taxpayer, and securities."""
    return World(np.zeros(accounts, ACCOUNT), np.array(funds, np.bool_), np.zeros(0, IDENTICAL))


def dollars(paid: Table) -> list[tuple[Decimal | int, ...]]:
    """Amount, qualified, expected and ordinary dollars of each payment."""
    columns = (paid["amount"], paid["qualified"], paid["expected"], ordinary(paid))
    return [tuple(Decimal(int(each)) / DOLLAR for each in row) for row in zip(*columns, strict=True)]


def dividend(
    record: Record, day: str, account: str = "own", symbol: str = "X", amount: int = 100, ex: str | None = None
) -> None:
    record.event(
        EventKind.DIVIDEND, day, account, symbol, amount=amount, flags=QUALIFIED,
        details=None if ex is None else Details(ex_day=ex),
    )  # fmt: skip


def test_the_part_on_shares_held_more_than_60_days_qualifies() -> None:
    # Ex-date 12 July 2024. Bought on the 11th, day 1 is the 12th: sold on 9 September 60 days are held (20 + 31 + 9),
    # on the 10th 61. Of 100 shares 60 go on the 9th and 40 on the 10th: 40 of the 100 dollars qualify.
    record = Record()
    record.buy("2024-07-11", "own", "X", 100, 5000)
    dividend(record, "2024-07-31", ex="2024-07-12")
    record.sell("2024-09-09", "own", "X", 60, 3100)
    record.sell("2024-09-10", "own", "X", 40, 2100)
    assert dollars(paid_in(record, 2024)) == [(100, 40, 0, 60)]
    # In August nothing is sold: all of it will qualify, if it is kept.
    assert dollars(paid_in(record, 2024, "2024-08-15")) == [(100, 0, 100, 0)]
    assert dollars(paid_in(record, 2024, "2024-09-09")) == [(100, 0, 40, 60)]


def test_the_days_before_the_ex_date_count_as_well() -> None:
    # Sold on the ex-date itself, 12 July: the window begins on 13 May. Bought on 12 May, the 61 days from 13 May to 12
    # July are held (19 + 30 + 12); bought a day later, 60.
    record = Record()
    record.buy("2024-05-12", "own", "X", 30, 1500)
    record.buy("2024-05-13", "own", "X", 70, 3500)
    dividend(record, "2024-07-31", ex="2024-07-12")
    record.sell("2024-07-12", "own", "X", 100, 5100)
    assert dollars(paid_in(record, 2024)) == [(100, 30, 0, 70)]


def test_a_later_change_of_name_leaves_a_dividend_qualified() -> None:
    # Held since 2020, ex on 12 July, called Y since August and Z since October; 40 of 100 sold in between. The first
    # dividend was paid before all of it, the second after the change, still under the old name.
    record = Record()
    record.buy("2020-01-02", "own", "X", 100, 5000)
    dividend(record, "2024-07-31", ex="2024-07-12")
    record.event(EventKind.SYMBOL_CHANGE, "2024-08-05", "own", "X", details=Details(new_symbol="Y"))
    dividend(record, "2024-08-15", amount=50, ex="2024-07-12")
    record.sell("2024-09-09", "own", "Y", 40, 2100)
    record.event(EventKind.SYMBOL_CHANGE, "2024-10-07", "own", "Y", details=Details(new_symbol="Z"))
    paid = paid_in(record, 2024)
    assert dollars(paid) == [(100, 100, 0, 0), (50, 50, 0, 0)]
    assert paid["shares"].tolist() == [100 * SHARE, 100 * SHARE]


def test_changes_of_name_are_chained_in_whatever_order_they_are_recorded() -> None:
    record = Record()
    record.buy("2020-01-02", "own", "X", 100, 5000)
    record.buy("2024-07-11", "own", "W", 60, 5000)  # another security: one day before the ex-date
    dividend(record, "2024-07-31", ex="2024-07-12")
    record.event(EventKind.SYMBOL_CHANGE, "2024-10-07", "own", "Y", details=Details(new_symbol="A"))
    record.event(EventKind.SYMBOL_CHANGE, "2024-08-05", "own", "X", details=Details(new_symbol="Y"))
    (row,) = paid_in(record, 2024)
    assert (row["shares"], row["qualified"]) == (100 * SHARE, 100 * DOLLAR)


def test_a_later_transfer_to_an_account_of_the_taxpayer_leaves_a_dividend_qualified() -> None:
    record = Record()
    record.buy("2020-01-02", "own", "X", 100, 5000)
    dividend(record, "2024-07-31", ex="2024-07-12")
    moved = Details(counter_account="own2")
    record.event(EventKind.TRANSFER_OUT, "2024-08-05", "own", "X", 100, details=moved)
    record.event(EventKind.SYMBOL_CHANGE, "2024-10-07", "own2", "X", details=Details(new_symbol="Y"))
    assert dollars(paid_in(record, 2024)) == [(100, 100, 0, 0)]


def test_shares_of_a_stranger_or_of_a_retirement_account_earn_nobody_else_a_qualified_dividend() -> None:
    record = Record()
    record.account("ira", kind=AccountKind.TRADITIONAL)
    record.account("stranger", taxpayer="them")
    record.account("sister", taxpayer="us")
    record.buy("2020-01-02", "ira", "X", 100, 5000)
    record.buy("2020-01-02", "stranger", "X", 100, 5000)
    dividend(record, "2024-07-31", ex="2024-07-12")
    assert dollars(paid_in(record, 2024)) == [(100, 0, 0, 100)]
    # Where the account holds some, it is those that are judged: bought on 11 July, they are sold too soon.
    record.buy("2020-01-02", "sister", "X", 100, 5000)
    assert dollars(paid_in(record, 2024)) == [(100, 100, 0, 0)]
    record.buy("2024-07-11", "own", "X", 100, 5000)
    record.sell("2024-07-12", "own", "X", 100, 5000)
    assert dollars(paid_in(record, 2024)) == [(100, 0, 0, 100)]


def test_a_split_after_the_ex_date_leaves_the_part_that_qualifies() -> None:
    # 30 of 100 bought a day before the ex-date, 70 long before. On 15 August all are doubled: 60 and 140 of 200.
    record = Record()
    record.buy("2020-01-02", "own", "X", 70, 3500)
    record.buy("2024-07-11", "own", "X", 30, 1500)
    dividend(record, "2024-07-31", ex="2024-07-12")
    record.event(EventKind.SPLIT, "2024-08-15", "own", "X", details=Details(ratio=2))
    assert dollars(paid_in(record, 2024, "2024-08-20")) == [(100, 70, 30, 0)]


def test_what_the_payer_does_not_call_qualified_is_ordinary_however_long_it_was_held() -> None:
    record = Record()
    record.buy("2020-01-02", "own", "X", 100, 5000)
    record.event(EventKind.DIVIDEND, "2024-07-31", "own", "X", amount=100, details=Details(ex_day="2024-07-12"))
    (row,) = paid_in(record, 2024)
    assert (row["called"], row["shares"], row["qualified"], row["expected"]) == (0, 100 * SHARE, 0, 0)


def test_a_dividend_of_shares_that_the_ledger_did_not_see_is_ordinary() -> None:
    record = Record()
    dividend(record, "2024-07-31")
    record.event(EventKind.DIVIDEND, "2024-08-31", "own", amount=7, flags=QUALIFIED)  # of no security
    paid = paid_in(record, 2024)
    assert dollars(paid) == [(100, 0, 0, 100), (7, 0, 0, 7)]
    assert paid["called"].tolist() == [1, 1]
    assert paid["shares"].tolist() == [0, 0]


def test_a_payment_counts_in_the_year_of_its_day_not_of_its_ex_date() -> None:
    record = Record()
    record.buy("2020-01-02", "own", "X", 100, 5000)
    dividend(record, "2024-12-31", amount=1, ex="2024-12-13")
    dividend(record, "2025-01-01", amount=2, ex="2024-12-13")
    assert [row[0] for row in dollars(paid_in(record, 2024))] == [1]
    assert [row[0] for row in dollars(paid_in(record, 2025))] == [2]
    assert not paid_in(record, 2023).size
    assert not paid_in(record, 2026).size


def test_what_a_fund_declares_late_and_pays_in_january_counts_in_december() -> None:
    # 26 U.S.C. 852(b)(7): of October, November or December, paid during January.
    record = Record()
    record.fund("FUND")
    record.buy("2020-01-02", "own", "FUND", 100, 5000)
    record.buy("2020-01-02", "own", "X", 100, 5000)
    for amount, day, ex in (
        (1, "2025-01-31", "2024-12-20"),
        (2, "2025-01-02", "2024-10-01"),
        (4, "2025-01-02", "2024-09-30"),  # declared too early
        (8, "2025-02-03", "2024-12-20"),  # paid too late
        (16, "2025-01-31", "2025-01-06"),
        (32, "2025-01-31", None),  # nothing says when
    ):
        dividend(record, day, symbol="FUND", amount=amount, ex=ex)
    dividend(record, "2025-01-31", amount=64, ex="2024-12-20")  # of no fund
    late = Details(ex_day="2024-12-20")
    record.event(EventKind.CAPITAL_GAIN_DISTRIBUTION, "2025-01-31", "own", "FUND", amount=128, details=late)
    record.event(EventKind.INTEREST, "2025-01-31", "own", "FUND", amount=256, details=late)
    before, after = paid_in(record, 2024), paid_in(record, 2025)
    assert sum(row[0] for row in dollars(before)) == 1 + 2 + 128
    assert {from_day_number(int(day)) for day in before["day"]} == {date(2024, 12, 31)}
    assert sum(row[0] for row in dollars(after)) == 4 + 8 + 16 + 32 + 64 + 256


def test_a_reinvestment_is_income_once() -> None:
    record = Record()
    record.buy("2020-01-02", "own", "X", 100, 5000)
    dividend(record, "2024-03-28", amount=50)
    record.reinvest("2024-04-02", "own", "X", 1, 50)
    record.event(EventKind.CAPITAL_GAIN_DISTRIBUTION, "2024-12-20", "own", "X", amount=30)
    record.reinvest("2024-12-19", "own", "X", 1, 30)
    paid = paid_in(record, 2024)
    kinds = [EventKind.DIVIDEND, EventKind.CAPITAL_GAIN_DISTRIBUTION]
    assert [(EventKind(row["kind"]), int(row["amount"])) for row in paid] == list(
        zip(kinds, (50 * DOLLAR, 30 * DOLLAR), strict=True)
    )


def test_a_reinvestment_alone_is_a_dividend_of_what_was_invested() -> None:
    record = Record()
    record.account("second", taxpayer="them")
    record.buy("2020-01-02", "own", "X", 100, 5000)
    record.event(EventKind.REINVEST, "2024-06-28", "own", "X", 1, 50, flags=QUALIFIED)
    record.reinvest("2024-09-30", "own", "X", 1, 60)
    # 14 days from a payment it belongs to it, 15 days from it not; nor to one of another account or security.
    dividend(record, "2024-10-14", symbol="X", amount=1)
    record.reinvest("2024-10-29", "own", "X", 1, 70)
    dividend(record, "2024-11-29", symbol="Y", amount=2)
    dividend(record, "2024-11-29", "second", amount=4)
    record.reinvest("2024-11-29", "own", "X", 1, 80)
    assert dollars(paid_in(record, 2024)) == [
        (50, 50, 0, 0),
        (1, 1, 0, 0),
        (70, 0, 0, 70),
        (2, 0, 0, 2),
        (4, 0, 0, 4),
        (80, 0, 0, 80),
    ]


def test_spouses_and_retirement_accounts() -> None:
    record = Record()
    record.account("own")
    record.account("second")
    record.account("spouse")
    record.account("ira", AccountKind.TRADITIONAL)
    record.account("roth", AccountKind.ROTH)
    for place, account in enumerate(("own", "second", "spouse", "ira", "roth")):
        amount = 10**place
        record.buy("2024-01-02", account, "X", 10, 500)
        dividend(record, "2024-06-28", account, amount=amount)
        record.event(EventKind.DIVIDEND, "2024-09-30", account, "X", amount=2 * amount)
        record.event(EventKind.INTEREST, "2024-06-28", account, amount=3 * amount)
        record.event(EventKind.CAPITAL_GAIN_DISTRIBUTION, "2024-12-20", account, "X", amount=4 * amount)
    paid = paid_in(record, 2024)
    taxable = record.world().accounts["kind"] == AccountKind.TAXABLE
    found = income_of(paid, np.array([0, 0, 1, 0, 0], np.int32), taxable, 3)
    qualified = np.array([11, 100, 0]) * DOLLAR  # 1 + 10 of two accounts of one, 100 of the spouse's; nobody is third
    expected = Income(qualified, 0 * qualified, 2 * qualified, 3 * qualified, 4 * qualified)
    for name, one, other in zip(Income._fields, found, expected, strict=True):
        assert one.tolist() == other.tolist(), name


@dataclass(frozen=True)
class Step:
    account: int
    security: int
    day: int
    kind: EventKind
    amount: int
    ex: int | None
    qualified: bool


_KINDS = (
    EventKind.DIVIDEND,
    EventKind.DIVIDEND,
    EventKind.INTEREST,
    EventKind.CAPITAL_GAIN_DISTRIBUTION,
    EventKind.REINVEST,
    EventKind.BUY,
    EventKind.DEPOSIT,
)
_FIRST = to_day_number(date(2023, 11, 1))
_STEPS = st.lists(
    st.builds(
        Step,
        st.integers(0, 3),
        st.integers(0, 2),
        st.integers(_FIRST, _FIRST + 520),
        st.sampled_from(_KINDS),
        st.integers(0, 10**9),
        st.none() | st.integers(0, 100),
        st.booleans(),
    ),
    max_size=30,
)
FUND = 1


def written(steps: list[Step]) -> tuple[Table, Table]:
    events, details = np.zeros(len(steps), EVENT), no_details(len(steps))
    for name in ("lot", "order"):
        events[name] = NO_CODE
    for number, step in enumerate(steps):
        events[number]["account"], events[number]["security"] = step.account, step.security
        events[number]["day"], events[number]["kind"], events[number]["amount"] = step.day, step.kind, step.amount
        events[number]["facts"] = QUALIFIED if step.qualified else 0
        events[number]["detail"] = NO_CODE if step.ex is None else number
        if step.ex is not None:
            details[number]["ex_day"] = step.day - step.ex
    return events, details


def counts_in(step: Step, steps: list[Step]) -> int | None:
    """Year in which a step is income, said in words of the law; None = in none."""
    paid = (EventKind.DIVIDEND, EventKind.INTEREST, EventKind.CAPITAL_GAIN_DISTRIBUTION)
    if step.kind is EventKind.REINVEST:
        same = [other for other in steps if (other.account, other.security) == (step.account, step.security)]
        near = [other for other in same if other.kind in paid and abs(other.day - step.day) <= 14]
        return None if near else from_day_number(step.day).year
    if step.kind not in paid:
        return None
    day = from_day_number(step.day)
    if step.security == FUND and step.kind is not EventKind.INTEREST and day.month == 1 and step.ex is not None:
        declared = day - timedelta(days=step.ex)
        if declared.year == day.year - 1 and declared.month >= 10:
            return declared.year
    return day.year


@given(_STEPS, st.sampled_from((2023, 2024, 2025)))
def test_every_dollar_counts_once_and_in_one_part(steps: list[Step], year: int) -> None:
    events, details = written(steps)
    world = bare_world(accounts=4, funds=(False, True, False))
    paid = payments(events, details, empty_state(), world, year, as_day("2025-12-31"))
    mine = [number for number, step in enumerate(steps) if counts_in(step, steps) == year]
    assert paid["row"].tolist() == mine
    assert paid["amount"].tolist() == [steps[number].amount for number in mine]
    # What lies further from the year than READ_DAYS changes nothing of it.
    first, last = as_day(date(year, 1, 1)) - READ_DAYS, as_day(date(year, 12, 31)) + READ_DAYS
    near = events[(events["day"] >= first) & (events["day"] <= last)]
    again = payments(near, details, empty_state(), world, year, as_day("2025-12-31"))
    assert again["amount"].tolist() == paid["amount"].tolist()
    owner, taxable = np.array([0, 1, 1, 0], np.int32), np.array([True, True, False, True])
    found = income_of(paid, owner, taxable, 2)
    for payer in (0, 1):
        whole = sum(steps[n].amount for n in mine if taxable[steps[n].account] and owner[steps[n].account] == payer)
        assert sum(int(column[payer]) for column in found) == whole


def test_nothing_is_no_income() -> None:
    events, details = written([])
    assert not reinvested_alone(events).size
    paid = payments(events, details, empty_state(), bare_world(), 2024, as_day("2025-12-31"))
    assert [column.tolist() for column in income_of(paid, np.zeros(0, np.int32), np.zeros(0, np.bool_), 1)] == [[0]] * 5
