"""Open windows of a ledger, against the fold itself: a trade of today is washed exactly where a window says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import NO_CODE, EventFlag, EventKind
from lotwise.ledger.fold import fold
from lotwise.ledger.open_windows import barred_losses, groups_on, windows_of_state
from lotwise.ledger.tables import Reading, State, World
from lotwise.ledger.wash_sales import Windows
from lotwise.money import SHARE
from tests.ledger.event_sequences import (
    ALL_READINGS,
    FIRST_DAY,
    REST,
    SECURITIES,
    TAXPAYERS,
    TRADES,
    Mix,
    Sequence,
    record_of,
    sequences,
)
from tests.ledger.written_events import Record, as_day

LAST_IDENTICAL = FIRST_DAY + 60  # of the securities 0 and 1 of random records
TAXABLE = (0, 4)  # an account of each taxpayer


def rows_of(windows: Windows) -> dict[tuple[int, int], tuple[int, int, int]]:
    """Taxpayer and group to: no purchase until, shares bought, no loss until."""
    taxpayer = np.repeat(np.arange(windows.start.size - 1), np.diff(windows.start)).tolist()
    columns = (windows.identical, windows.no_buy_until, windows.bought_shares, windows.no_loss_until)
    return {
        (owner, group): (buy, bought, loss)
        for owner, group, buy, bought, loss in zip(taxpayer, *(c.tolist() for c in columns), strict=True)
    }


def opened(record: Record, day: str) -> dict[tuple[int, int], tuple[int, int, int]]:
    events, details, world = record.tables()
    state = fold(events, details, world).state
    taxpayers = int(world.accounts["taxpayer"].max()) + 1
    return rows_of(windows_of_state(state, world, as_day(day), taxpayers))


def test_a_loss_bars_purchases_by_spouse_and_retirement_account_alike() -> None:
    record = Record()
    record.account("ira", AccountKind.TRADITIONAL)
    record.buy("2026-01-05", "own", "X", 100, 5_000)
    record.sell("2026-06-01", "own", "X", 100, 4_000)
    record.buy("2026-06-02", "own", "Y", 10, 100)
    assert opened(record, "2026-06-20") == {
        (0, 0): (as_day("2026-07-01"), 0, NO_DATE),
        (0, 1): (NO_DATE, 10 * SHARE, as_day("2026-07-02")),
    }
    assert opened(record, "2026-07-02") == {(0, 1): (NO_DATE, 10 * SHARE, as_day("2026-07-02"))}
    assert opened(record, "2026-07-03") == {}


def test_a_loss_that_has_been_replaced_bars_nothing_more() -> None:
    record = Record()
    record.buy("2026-01-05", "own", "X", 100, 5_000)
    record.sell("2026-06-01", "own", "X", 100, 4_000)
    record.buy("2026-06-05", "own", "X", 60, 2_400)
    assert opened(record, "2026-06-05") == {(0, 0): (as_day("2026-07-01"), 0, NO_DATE)}
    record.buy("2026-06-06", "own", "X", 50, 2_000)
    assert opened(record, "2026-06-06") == {(0, 0): (NO_DATE, 10 * SHARE, as_day("2026-07-06"))}


def test_neither_gains_nor_losses_of_a_retirement_account_open_a_window() -> None:
    record = Record()
    record.account("ira", AccountKind.ROTH)
    for account, price in (("own", 60), ("ira", 40)):
        record.buy("2026-01-05", account, "X", 100, 5_000)
        record.sell("2026-06-01", account, "X", 100, 100 * price)
    assert opened(record, "2026-06-02") == {}


def test_identical_securities_share_a_window_on_the_days_of_their_group() -> None:
    record = Record()
    record.identical("X", "Y", last="2026-06-01")
    record.buy("2026-01-05", "own", "X", 100, 5_000)
    record.sell("2026-06-01", "own", "X", 100, 4_000)
    until = as_day("2026-07-01")
    assert opened(record, "2026-06-01") == {(0, 0): (until, 0, NO_DATE)}
    # They are not identical any more, and were when it was sold: neither may be bought.
    assert opened(record, "2026-06-10") == {(0, 0): (until, 0, NO_DATE), (0, 1): (until, 0, NO_DATE)}


def test_groups_that_overlap_are_one() -> None:
    record = Record()
    record.identical("X", "Y")
    record.identical("Z", "Y", first="2026-06-01")
    record.buy("2026-01-05", "own", "W", 1, 1)
    _, _, world = record.tables()
    assert groups_on(world, as_day("2026-05-31")).tolist() == [0, 0, 2, 3]
    assert groups_on(world, as_day("2026-06-01")).tolist() == [0, 0, 0, 3]


def test_shares_of_one_order_do_not_bar_each_other() -> None:
    record = Record()
    record.buy("2026-06-01", "own", "X", 30, 300, lot="a", order="o")
    record.buy("2026-06-02", "own", "X", 20, 200, lot="b", order="o")
    record.buy("2026-06-03", "own", "X", 5, 50, lot="c")
    events, details, world = record.tables()
    state = fold(events, details, world).state
    barred = barred_losses(state, world, as_day("2026-06-20"))
    assert barred.shares.tolist() == [5 * SHARE, 5 * SHARE, 5 * SHARE]
    assert barred.until.tolist() == [as_day("2026-07-03"), as_day("2026-07-03"), as_day("2026-07-02")]


def test_a_purchase_of_unknown_day_counts_as_made_today() -> None:
    record = Record()
    record.buy("2026-01-05", "own", "X", 100, 5_000)
    record.transfer_in("2026-01-06", "own", "X", 7, flags=EventFlag.PURCHASE, basis=70)
    day = as_day("2026-06-20")
    assert opened(record, "2026-06-20") == {(0, 0): (NO_DATE, 7 * SHARE, day + WASH_DAYS)}


def named_apart(state: State) -> State:
    """Give every lot a name of its own."""
    lots = state.lots.copy()
    lots["name"] = 10_000 + np.arange(lots.size)
    return state._replace(lots=lots)


def sold_for_nothing(state: State, world: World, lot: int, day: int) -> int:
    """Shares of a loss of `day` that the fold matches with replacements, where one lot is sold whole."""
    row = state.lots[lot]
    position = {"account": int(row["account"]), "security": int(row["security"]), "lot": int(row["name"])}
    events, details = record_of([{"kind": EventKind.SELL, "day": day, "shares": int(row["shares"]), **position}])
    folded = fold(events, details, world, state, first_event=1_000_000)
    assert folded.status.tolist() == [0]
    return int(folded.state.realized["matched"].sum() - state.realized["matched"].sum())


def losses_taken_over(state: State, world: World, account: int, security: int, day: int) -> int:
    """Wash sales that a large purchase of `day` makes."""
    bought = {"account": account, "security": security, "shares": 10**14, "amount": 1, "lot": NO_CODE}
    events, details = record_of([{"kind": EventKind.BUY, "day": day, **bought}])
    folded = fold(events, details, world, state, first_event=1_000_000)
    assert folded.status.tolist() == [0]
    return folded.state.washes.size - state.washes.size


def require_windows_that_the_fold_keeps(record: Sequence, later: int) -> None:
    state, world = named_apart(fold(*record).state), record.world
    as_of = int(record.events["day"].max()) + later
    windows = rows_of(windows_of_state(state, world, as_of, max(TAXPAYERS) + 1))
    groups = groups_on(world, as_of)
    for taxpayer, account in enumerate(TAXABLE):
        for security in range(SECURITIES):
            until = windows.get((taxpayer, int(groups[security])), (NO_DATE, 0, 0))[0]
            washed = losses_taken_over(state, world, account, security, as_of)
            assert (washed > 0) == (until >= as_of)
            if washed:
                assert losses_taken_over(state, world, account, security, until) > 0
                assert losses_taken_over(state, world, account, security, until + 1) == 0


def require_barred_losses_that_the_fold_keeps(record: Sequence, later: int) -> None:
    state, world = named_apart(fold(*record).state), record.world
    as_of = int(record.events["day"].max()) + later
    barred = barred_losses(state, world, as_of)
    for lot in range(state.lots.size):
        if state.lots["basis"][lot] == 0:
            continue
        shares, until = int(barred.shares[lot]), int(barred.until[lot])
        assert sold_for_nothing(state, world, lot, as_of) == shares
        regrouped = as_of <= LAST_IDENTICAL <= until
        if shares and not regrouped:
            assert sold_for_nothing(state, world, lot, until) > 0
            assert sold_for_nothing(state, world, lot, until + 1) == 0


RECORDS = sequences(Mix((*TRADES, *REST), readings=ALL_READINGS))
DAYS_LATER = st.sampled_from((1, 2, 5, 15, 29, 30, 31, 60))


@given(RECORDS, DAYS_LATER)
def test_a_purchase_is_washed_exactly_until_its_window_says(record: Sequence, later: int) -> None:
    require_windows_that_the_fold_keeps(record, later)


@given(RECORDS, DAYS_LATER)
def test_a_loss_is_disallowed_for_exactly_the_shares_that_are_barred(record: Sequence, later: int) -> None:
    require_barred_losses_that_the_fold_keeps(record, later)


@pytest.mark.nightly
@settings(max_examples=1_000)
@given(sequences(Mix((*TRADES, *REST), readings=ALL_READINGS), steps=80), DAYS_LATER)
def test_windows_of_long_records(record: Sequence, later: int) -> None:
    require_windows_that_the_fold_keeps(record, later)
    require_barred_losses_that_the_fold_keeps(record, later)


def test_an_older_lot_replaces_nothing_where_that_is_the_reading() -> None:
    record = Record()
    record.buy("2026-06-01", "own", "X", 30, 300, lot="a")
    record.buy("2026-06-10", "own", "X", 20, 200, lot="b")
    events, details, world = record.tables()
    state = fold(events, details, world).state
    day = as_day("2026-06-20")
    assert barred_losses(state, world, day).shares.tolist() == [20 * SHARE, 20 * SHARE]
    older = world._replace(reading=Reading.OLDER_LOT_NEVER_REPLACES)
    assert barred_losses(state, older, day).shares.tolist() == [20 * SHARE, 0]


def test_shares_sold_since_replace_where_every_acquisition_counts() -> None:
    record = Record()
    record.buy("2026-01-05", "own", "X", 100, 5_000, lot="old")
    record.buy("2026-06-01", "own", "X", 30, 300, lot="new")
    record.sell("2026-06-05", "own", "X", 30, 600, lots=["new"])
    events, details, world = record.tables()
    day = as_day("2026-06-20")
    for reading, shares in ((Reading.HELD_AT_END_OF_DAY, 0), (Reading.ANY_ACQUISITION, 30 * SHARE)):
        chosen = world._replace(reading=reading)
        state = named_apart(fold(events, details, chosen).state)
        assert barred_losses(state, chosen, day).shares.tolist() == [shares]
        assert sold_for_nothing(state, chosen, 0, day) == shares
