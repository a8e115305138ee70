"""What 26 U.S.C. 1091 says whatever the order in which shares are matched: bounds that no choice of ties can break."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import NO_CODE, EventKind, Relief
from lotwise.ledger.fold import fold
from lotwise.ledger.tables import LotMark, Reading, Refusal, State
from tests.ledger.event_sequences import (
    ALL_READINGS,
    FIRST_DAY,
    KINDS,
    NEW_NAME,
    RENAMED,
    REST,
    TAXPAYERS,
    TRADES,
    Mix,
    Sequence,
    record_of,
    sequences,
    world_of,
)

RECORDS = sequences(Mix(TRADES + REST, readings=ALL_READINGS))
TRADED = sequences(Mix((*TRADES, "cash", "bad")))
LETTER = sequences(Mix(TRADES, readings=ALL_READINGS))
WINDOW = 30


def identical(record: Sequence, one: int, other: int, day: int) -> bool:
    """Securities 0 and 1 are identical until a day; every other one only to itself, whatever its name."""
    last = int(record.world.identical["last"][0])
    one, other = (RENAMED if security == NEW_NAME else security for security in (one, other))
    return one == other or ({one, other} == {0, 1} and day <= last)


def near(record: Sequence, loss: Any, bought: Any, day: int) -> bool:
    """Whether shares bought on a day are in the window of a loss: same taxpayer, identical, another acquisition."""
    return bool(
        abs(day - int(loss["sold"])) <= WINDOW
        and TAXPAYERS[loss["account"]] == TAXPAYERS[bought["account"]]
        and identical(record, int(loss["security"]), int(bought["security"]), int(loss["sold"]))
    )


def losses(state: State) -> Any:
    """Rows of losses in taxable accounts."""
    taxed = np.array([KINDS[account] == AccountKind.TAXABLE for account in state.realized["account"]], np.bool_)
    return state.realized[taxed & (state.realized["basis"] > state.realized["proceeds"])]


@given(RECORDS)
def test_only_losses_are_disallowed_and_never_more_than_the_loss(record: Sequence) -> None:
    realized = fold(*record).state.realized
    loss = np.maximum(realized["basis"] - realized["proceeds"], 0)
    for account in np.flatnonzero(np.array(KINDS) != AccountKind.TAXABLE):
        loss[realized["account"] == account] = 0
    assert (realized["disallowed"] >= 0).all()
    assert (realized["disallowed"] <= loss).all()
    assert (realized["permanent"] >= 0).all()
    assert (realized["permanent"] <= realized["disallowed"]).all()


@given(RECORDS)
def test_no_loss_is_disallowed_without_a_purchase_in_its_61_days(record: Sequence) -> None:
    result = fold(*record)
    bought = []
    for number, event in enumerate(record.events):
        if result.status[number] == Refusal.POSTED and event["kind"] in (EventKind.BUY, EventKind.REINVEST):
            bought.append((number, int(event["day"]), event))
        if result.status[number] == Refusal.POSTED and event["kind"] == EventKind.TRANSFER_IN:
            bought.append((number, int(record.details["acquired"][event["detail"]]), event))
    for loss in result.state.realized:
        others = [
            number for number, day, event in bought if near(record, loss, event, day) and number != loss["acquisition"]
        ]
        assert others or loss["disallowed"] == 0


@given(LETTER)
def test_shares_replace_once(record: Sequence) -> None:
    """No purchase replaces more shares than it bought, no sale is replaced by more shares than it sold."""
    washes = fold(*record).state.washes
    for name in ("sale", "purchase"):
        for event in np.unique(washes[name]):
            assert washes["shares"][washes[name] == event].sum() <= record.events["shares"][event]
    assert (washes["shares"] > 0).all()
    assert (washes["loss"] >= 0).all()


@given(TRADED)
def test_no_loss_stays_open_beside_shares_that_could_replace_it(record: Sequence) -> None:
    """At the end no unmatched share of a loss has an unused purchase in its window that is still held."""
    state = fold(*record).state
    unused = state.lots[(state.lots["marks"] & int(LotMark.REPLACEMENT | LotMark.ABSORBED)) == LotMark.REPLACEMENT]
    rows = losses(state)
    for sale in np.unique(rows["event"]):
        sold = rows[rows["event"] == sale]
        if sold["shares"].sum() == state.washes["shares"][state.washes["sale"] == sale].sum():
            continue
        for lot in unused:
            if near(record, sold[0], lot, int(lot["acquired"])):
                assert any(same_acquisition(row, lot) for row in sold)


def same_acquisition(one: Any, other: Any) -> bool:
    joined = one["bought_by"] != NO_CODE and one["bought_by"] == other["bought_by"]
    return bool(joined or one["acquisition"] == other["acquisition"])


@given(LETTER)
def test_never_more_shares_are_matched_than_could_be(record: Sequence) -> None:
    """The greatest flow from shares sold at a loss to shares bought near them bounds every way of matching."""
    state = fold(*record).state
    rows = losses(state)
    buys = [
        number
        for number, event in enumerate(record.events)
        if event["kind"] in (EventKind.BUY, EventKind.REINVEST) and event["shares"] > 0
    ]
    size = rows.size + len(buys) + 2
    capacity = np.zeros((size, size), np.int32)
    for i, loss in enumerate(rows):
        capacity[0, i + 1] = loss["shares"]
        for j, number in enumerate(buys):
            event = record.events[number]
            order = event["order"] != NO_CODE and event["order"] == loss["bought_by"]
            if near(record, loss, event, int(event["day"])) and number != loss["acquisition"] and not order:
                capacity[i + 1, rows.size + 1 + j] = loss["shares"]
    for j, number in enumerate(buys):
        capacity[rows.size + 1 + j, size - 1] = record.events["shares"][number]
    assert state.washes["shares"].sum() <= maximum_flow(csr_array(capacity), 0, size - 1).flow_value


@given(
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.lists(st.tuples(st.integers(-40, 40), st.integers(1, 4 * 10**8), st.integers(0, 4)), max_size=8),
    st.sampled_from((Reading.HELD_AT_END_OF_DAY, Reading.HELD_AFTER_THIS_SALE, Reading.ANY_ACQUISITION)),
)
def test_of_one_loss_as_much_is_disallowed_as_shares_were_bought_and_kept(
    shares: int, loss: int, purchases: list[tuple[int, int, int]], reading: Reading
) -> None:
    """One loss, purchases around it that are never sold: min(bought in the window, sold) / sold of it, rounded once."""
    sold_on = FIRST_DAY + 100
    whose = {"account": 0, "security": 2, "shares": shares}
    rows: list[dict[str, int]] = [
        {"kind": EventKind.BUY, "day": FIRST_DAY, "amount": 10**10, "lot": 1, **whose},
        {"kind": EventKind.SELL, "day": sold_on, "amount": max(10**10 - loss, 0), "lot": 1, **whose},
    ]
    rows += [
        {"kind": EventKind.BUY, "day": sold_on + gap, "shares": bought, "amount": 7, "account": account, "security": 2}
        for gap, bought, account in purchases
    ]
    events, details = record_of(rows)
    realized = fold(events, details, world_of([Relief.FIFO] * len(KINDS), reading)).state.realized
    replaced = sum(
        bought for gap, bought, account in purchases if abs(gap) <= WINDOW and TAXPAYERS[account] == TAXPAYERS[0]
    )
    exact = loss * min(replaced, shares)
    whole, rest = divmod(exact, shares)
    rounded_up = 2 * rest > shares or (2 * rest == shares and whole % 2 == 1)
    assert realized["disallowed"].tolist() == [whole + rounded_up]
