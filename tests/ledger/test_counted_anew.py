"""Losses and what replaces them after splits and changes of name in between, and purchases that come in late."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lotwise.ledger.events import EventFlag, EventKind
from lotwise.ledger.fold import empty_state, fold
from lotwise.ledger.open_windows import windows_of_state
from lotwise.ledger.tables import Reading, Refusal, State
from lotwise.money import DOLLAR, SHARE
from tests.ledger.written_events import Record, as_day


def folds(record: Record) -> Iterator[State]:
    """Fold a record at once, and day by day."""
    events, details, world = record.tables()
    whole = fold(events, details, world)
    assert set(whole.status.tolist()) == {Refusal.POSTED}
    yield whole.state
    state = empty_state()
    for number in range(events.size):
        state = fold(events[number : number + 1], details, world, state, first_event=number).state
    yield state


def loss_of_100() -> Record:
    """A hundred shares bought for 5,000 and sold for 4,000: a loss of 10 a share."""
    record = Record()
    record.buy("2025-01-06", "own", "X", 100, 5_000)
    record.sell("2025-06-02", "own", "X", 100, 4_000)
    return record


def test_a_loss_keeps_the_name_under_which_it_was_sold() -> None:
    record = loss_of_100()
    record.reorganise(EventKind.SYMBOL_CHANGE, "2025-06-10", "own", "X", new_symbol="Y")
    record.buy("2025-06-20", "own", "Y", 40, 1_600)
    for state in folds(record):
        (row,) = state.realized
        assert (row["security"], row["matched_as"]) == (record.symbols["X"], record.symbols["Y"])
        assert row["disallowed"] == 400 * DOLLAR  # 40 of 100 shares
        windows = windows_of_state(state, record.world(), as_day("2025-06-21"), 1)
        # The other sixty bar purchases of what it is called now, and of nothing else.
        assert windows.identical.tolist() == [record.symbols["Y"]]
        assert windows.no_buy_until.tolist() == [as_day("2025-07-02")]


def test_a_purchase_that_comes_in_long_after_a_split_replaces_shares_as_they_are_counted_since() -> None:
    record = loss_of_100()
    record.buy("2025-06-20", "own", "X", 10, 400)  # replaces ten of the hundred
    record.split("2025-06-25", "own", "X", 2)
    # Made elsewhere on the day after the split, told of half a year later: fifty new shares are twenty-five old ones.
    record.transfer_in("2025-12-01", "own", "X", 50, basis=1_000, acquired="2025-06-26", flags=EventFlag.PURCHASE)
    for state in folds(record):
        (row,) = state.realized
        assert (row["counted"], row["matchable"], row["matched"]) == (200 * SHARE, 200 * SHARE, 70 * SHARE)
        assert row["disallowed"] == (100 + 250) * DOLLAR
        assert state.lots["basis"].sum() == (400 + 100 + 1_000 + 250) * DOLLAR


def test_a_purchase_that_comes_in_long_after_a_change_of_name_is_found_by_the_new_one() -> None:
    record = loss_of_100()
    record.buy("2025-06-20", "own", "X", 10, 400)
    record.reorganise(EventKind.SYMBOL_CHANGE, "2025-06-25", "own", "X", new_symbol="Y")
    record.transfer_in("2025-12-01", "own", "Y", 50, basis=2_000, acquired="2025-06-26", flags=EventFlag.PURCHASE)
    for state in folds(record):
        assert state.realized["disallowed"].tolist() == [600 * DOLLAR]


@pytest.mark.parametrize(("reading", "gone"), [(Reading.ANY_ACQUISITION, 600), (Reading.HELD_AT_END_OF_DAY, 0)])
def test_shares_sold_before_a_split_replace_as_many_new_ones(reading: Reading, gone: int) -> None:
    """By the letter of the statute shares bought and sold within the window replace too: 60 are 120 after a split."""
    record = Record(reading)
    record.buy("2025-01-06", "own", "X", 100, 5_000, lot="old")
    record.buy("2025-06-02", "own", "X", 60, 2_400, lot="new")
    record.sell("2025-06-03", "own", "X", 60, 2_500, lots=["new"])
    record.split("2025-06-10", "own", "X", 2)
    record.sell("2025-06-20", "own", "X", 200, 4_000)  # a loss of 5 a new share
    for state in folds(record):
        loss = state.realized[state.realized["sold"] == as_day("2025-06-20")]
        assert loss["disallowed"].tolist() == [gone * DOLLAR]
        assert loss["permanent"].tolist() == [gone * DOLLAR]


def test_by_days_a_lot_of_the_same_day_is_not_older() -> None:
    """The reading by which older lots never replace knows days, whatever the order within one."""
    record = Record(Reading.OLDER_LOT_NEVER_REPLACES)
    record.buy("2025-06-02", "own", "X", 100, 5_000, lot="first")
    record.buy("2025-06-02", "own", "X", 100, 5_100, lot="second")
    record.sell("2025-06-10", "own", "X", 100, 4_000, lots=["second"])
    for state in folds(record):
        assert state.realized["disallowed"].tolist() == [1_100 * DOLLAR]
