"""Folding conserves shares, basis and cash, does not depend on what the law does not, and equals its reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import NO_CODE, EventKind
from lotwise.ledger.fold import Folded, empty_state, fold
from lotwise.ledger.tables import LotMark, Refusal, World
from tests.ledger.event_sequences import (
    ALL_READINGS,
    KINDS,
    NEW_NAME,
    RENAMED,
    REST,
    SECURITIES,
    TRADES,
    Mix,
    Sequence,
    sequences,
)
from tests.reference.ledger_comparison import Rows, agreed, rows_of_fold, translated
from tests.reference.ledger_reference import reference_fold

EVERYTHING = Mix(TRADES + REST)
TRADES_AND_COUNTS = Mix((*TRADES, "split", "rename", "transfer_in"), readings=ALL_READINGS)
NO_SPLITS = Mix((*TRADES, "inherit", "transfer_in", "donate", "move", "cash", "bad"), readings=ALL_READINGS)
MANY = settings(max_examples=10_000, deadline=None)

IN = (EventKind.BUY, EventKind.REINVEST, EventKind.TRANSFER_IN, EventKind.GIFT_IN, EventKind.INHERITANCE)
OUT = (EventKind.SELL, EventKind.DONATION, EventKind.TRANSFER_OUT)
PAYS = (EventKind.BUY, EventKind.REINVEST, EventKind.WITHDRAWAL, EventKind.FEE)
RECEIVES = (EventKind.SELL, EventKind.DIVIDEND, EventKind.DEPOSIT, EventKind.INTEREST)


def folded(record: Sequence) -> Folded:
    return fold(*record)


@given(sequences(EVERYTHING))
def test_equals_the_reference(record: Sequence) -> None:
    agreed(*record)


@given(sequences(TRADES_AND_COUNTS))
def test_equals_the_reference_under_every_reading(record: Sequence) -> None:
    agreed(*record)


@pytest.mark.nightly
@MANY
@given(sequences(EVERYTHING, steps=40))
def test_equals_the_reference_on_many_records(record: Sequence) -> None:
    agreed(*record)


@pytest.mark.nightly
@MANY
@given(sequences(TRADES_AND_COUNTS, steps=40))
def test_equals_the_reference_on_many_records_under_every_reading(record: Sequence) -> None:
    agreed(*record)


def shares_are_conserved(record: Sequence) -> None:
    """What came in less what went out is what is open, in every account and security."""
    result = folded(record)
    left: dict[tuple[int, int], int] = defaultdict(int)
    for event in record.events[result.status == Refusal.POSTED]:
        place = int(event["account"]), int(event["security"])
        if event["kind"] in IN:
            left[place] += int(event["shares"])
        if event["kind"] in OUT:
            left[place] -= int(event["shares"])
        if event["kind"] == EventKind.TRANSFER_OUT and event["detail"] != NO_CODE:
            left[int(record.details["counter_account"][event["detail"]]), place[1]] += int(event["shares"])
    held: dict[tuple[int, int], int] = defaultdict(int)
    for lot in result.state.lots:
        held[int(lot["account"]), int(lot["security"])] += int(lot["shares"])
    assert {place: shares for place, shares in left.items() if shares} == dict(held)
    assert all(result.state.lots["shares"] > 0)
    sold = record.events[(result.status == Refusal.POSTED) & (record.events["kind"] == EventKind.SELL)]
    assert result.state.realized["shares"].sum() == sold["shares"].sum()
    assert result.state.realized["proceeds"].sum() == sold["amount"].sum()


@given(sequences(NO_SPLITS))
def test_shares_are_conserved(record: Sequence) -> None:
    shares_are_conserved(record)


def basis_is_conserved(record: Sequence) -> None:
    """Cost and losses taken over, less the basis of what was sold, is the basis of what is open; to the last unit."""
    result = folded(record)
    posted = record.events[result.status == Refusal.POSTED]
    cost = sum(int(event["amount"]) for event in posted if event["kind"] in (EventKind.BUY, EventKind.REINVEST))
    for event in posted:
        if event["kind"] == EventKind.TRANSFER_IN:
            cost += int(record.details["basis"][event["detail"]])
        if event["kind"] == EventKind.INHERITANCE:
            cost += int(record.details["fair_value"][event["detail"]])
    lots, realized, washes = result.state
    taken_over = int(washes["loss"][washes["permanent"] == 0].sum())
    assert cost + taken_over - int(realized["basis"].sum()) == int(lots["basis"].sum())
    assert lots["basis"].tolist() == (lots["original_basis"] + lots["absorbed_loss"]).tolist()


@given(sequences(Mix((*TRADES, "split", "inherit", "transfer_in", "cash", "bad"), readings=ALL_READINGS)))
def test_basis_is_conserved(record: Sequence) -> None:
    basis_is_conserved(record)


@given(sequences(EVERYTHING))
def test_cash_is_conserved(record: Sequence) -> None:
    """Every posted event moves its amount, in the direction of its kind; a refused one moves nothing."""
    result = folded(record)
    sign = np.array([(kind in RECEIVES) - (kind in PAYS) for kind in record.events["kind"]], np.int64)
    posted = result.status == Refusal.POSTED
    assert result.cash.tolist() == (sign * record.events["amount"] * posted).tolist()


def deferral_explains_the_difference(record: Sequence) -> None:
    """Recognised gain - loss deferred in open lots - loss gone for ever = gain of the same lots without the rule.

    The gain without the rule is what was received less the cost of what was sold, and that cost is all cost less the
    original basis of what is open.
    """
    result = folded(record)
    lots, realized, washes = result.state
    taxed = np.isin(realized["account"], [i for i, kind in enumerate(KINDS) if kind == AccountKind.TAXABLE])
    gain = int((realized["proceeds"] - realized["basis"] + realized["disallowed"])[taxed].sum())
    deferred, gone = int(lots["absorbed_loss"].sum()), int(realized["permanent"].sum())
    posted = record.events[result.status == Refusal.POSTED]
    taxable = np.isin(posted["account"], [i for i, kind in enumerate(KINDS) if kind == AccountKind.TAXABLE])
    bought = np.isin(posted["kind"], [EventKind.BUY, EventKind.REINVEST]) & taxable
    sold = (posted["kind"] == EventKind.SELL) & taxable
    open_cost = int(lots["original_basis"][[KINDS[i] == AccountKind.TAXABLE for i in lots["account"]]].sum())
    cost_of_sold = int(posted["amount"][bought].sum()) - open_cost
    assert gain - deferred - gone == int(posted["amount"][sold].sum()) - cost_of_sold
    assert gone == int(washes["loss"][washes["permanent"] == 1].sum())
    assert realized["disallowed"].sum() == washes["loss"].sum()


@given(sequences(Mix((*TRADES, "split", "cash", "bad"), readings=ALL_READINGS)))
def test_the_rule_defers_and_destroys_but_never_makes_gain(record: Sequence) -> None:
    deferral_explains_the_difference(record)


@given(sequences(Mix((*TRADES, "cash"), reliefs=tuple(Mix(()).reliefs[:2]))))
def test_the_reference_without_the_rule_has_the_same_gain_less_what_was_deferred(record: Sequence) -> None:
    """First in first out and its opposite pick the same shares with and without the rule; roundings differ by units."""
    unnamed = record.events.copy()
    unnamed["lot"] = NO_CODE
    result = fold(unnamed, record.details, record.world)
    without = reference_fold(unnamed, record.details, record.world, wash_rule=False)
    lots, realized, _ = result.state
    taxed = [world_kind(record.world, int(account)) == AccountKind.TAXABLE for account in realized["account"]]
    gain = int((realized["proceeds"] - realized["basis"] + realized["disallowed"])[taxed].sum())
    kept = gain - int(lots["absorbed_loss"].sum()) - int(realized["permanent"].sum())
    plain = [one for one in without.disposals if world_kind(record.world, one.parcel.account) == AccountKind.TAXABLE]
    assert not without.matches
    assert abs(kept - sum(one.proceeds - one.basis for one in plain)) <= realized.size + lots.size + len(plain)


def world_kind(world: World, account: int) -> AccountKind:
    return AccountKind(int(world.accounts["kind"][account]))


@given(sequences(EVERYTHING), st.integers(0, 40))
def test_a_prefix_and_the_rest_fold_as_the_whole(record: Sequence, cut: int) -> None:
    """Wherever a record is cut between two days, the tables are equal row by row."""
    events = record.events[np.argsort(record.events["day"], kind="stable")]
    whole = fold(events, record.details, record.world)
    first = int((events["day"] < events["day"][min(cut, events.size - 1)]).sum())
    before = fold(events[:first], record.details, record.world)
    after = fold(events[first:], record.details, record.world, before.state, first_event=first)
    for part, table in zip(after.state, whole.state, strict=True):
        assert part.tolist() == table.tolist()
    assert [*before.status, *after.status] == whole.status.tolist()
    assert [*before.cash, *after.cash] == whole.cash.tolist()


@given(sequences(EVERYTHING))
def test_folding_day_by_day_folds_as_the_whole(record: Sequence) -> None:
    events = record.events[np.argsort(record.events["day"], kind="stable")]
    state, first = empty_state(), 0
    for day in np.unique(events["day"]):
        today = events[events["day"] == day]
        state = fold(today, record.details, record.world, state, first_event=first).state
        first += today.size
    whole = fold(events, record.details, record.world).state
    assert [table.tolist() for table in state] == [table.tolist() for table in whole]


def reordered(record: Sequence, key: Callable[[Any], int]) -> Rows:
    """Rows of a record whose events come in another order, in the numbers of the old one."""
    order = sorted(range(record.events.size), key=lambda number: (key(record.events[number]), number))
    result = rows_of_fold(fold(record.events[order], record.details, record.world))
    status = [code for _, code in sorted(zip(order, result.status, strict=True))]
    return translated(result, event=dict(enumerate(order)))._replace(status=status)


@given(sequences(EVERYTHING))
def test_one_taxpayer_does_not_wait_for_another(record: Sequence) -> None:
    assert reordered(record, lambda event: int(event["account"] == len(KINDS) - 1)) == rows_of_fold(folded(record))


# Of purchases of one day, one of which came in later from elsewhere, the one recorded first goes first.
@given(sequences(Mix(tuple(action for action in TRADES + REST if action != "transfer_in"))))
def test_only_the_order_within_a_day_counts(record: Sequence) -> None:
    assert reordered(record, lambda event: -int(event["day"])) == rows_of_fold(folded(record))


@given(sequences(EVERYTHING))
def test_securities_that_are_not_identical_do_not_touch(record: Sequence) -> None:
    """Nor does it matter in which order their events were recorded; names of lots are made different first."""
    names = record.events["lot"]
    family = np.array([family_of(int(security)) for security in record.events["security"]])
    record.events["lot"] = np.where(names == NO_CODE, NO_CODE, names * SECURITIES + family)
    assert reordered(record, lambda event: -family_of(int(event["security"]))) == rows_of_fold(folded(record))


def family_of(security: int) -> int:
    """What is identical, or called otherwise, stays together."""
    return RENAMED if security == NEW_NAME else max(security, 1)


@given(sequences(EVERYTHING), st.permutations(range(len(KINDS))), st.permutations(range(SECURITIES)))
def test_codes_are_only_names(record: Sequence, accounts: list[int], securities: list[int]) -> None:
    """Another numbering of accounts, securities and lots gives the same rows under other codes."""
    events, details, world = record.events.copy(), record.details.copy(), record.world
    new_account = {NO_CODE: NO_CODE, **dict(enumerate(accounts))}
    new_security = {NO_CODE: NO_CODE, **dict(enumerate(securities))}
    names = sorted(set(record.events["lot"].tolist()) - {NO_CODE})
    new_name = {NO_CODE: NO_CODE, **dict(zip(names, reversed(names), strict=True))}
    events["account"] = [new_account[code] for code in events["account"].tolist()]
    events["security"] = [new_security[code] for code in events["security"].tolist()]
    events["lot"] = [new_name[code] for code in events["lot"].tolist()]
    details["new_security"] = [new_security[code] for code in details["new_security"].tolist()]
    details["counter_account"] = [new_account[code] for code in details["counter_account"].tolist()]
    identical = world.identical.copy()
    identical["security"] = [new_security[code] for code in identical["security"].tolist()]
    renamed = world._replace(
        accounts=world.accounts[np.argsort(accounts)],
        funds=world.funds[np.argsort(securities)],
        identical=identical[np.argsort(identical["security"])],
    )
    expected = translated(rows_of_fold(folded(record)), account=new_account, security=new_security, name=new_name)
    assert rows_of_fold(fold(events, details, renamed)) == expected


@given(sequences(EVERYTHING))
def test_the_same_record_folds_the_same_way_every_time(record: Sequence) -> None:
    first, second = folded(record), folded(record)
    assert [table.tolist() for table in first.state] == [table.tolist() for table in second.state]


@given(sequences(EVERYTHING))
def test_refused_events_leave_no_trace(record: Sequence) -> None:
    result = folded(record)
    kept = np.flatnonzero(result.status == Refusal.POSTED)
    again = rows_of_fold(fold(record.events[kept], record.details, record.world))
    assert not any(again.status)
    numbers = {new: int(old) for new, old in enumerate(kept)}
    assert translated(again, event=numbers) == rows_of_fold(result)._replace(status=again.status)


@given(sequences(EVERYTHING))
def test_no_number_of_a_fold_is_binary_floating_point(record: Sequence) -> None:
    result = folded(record)
    for table in result.state:
        assert {table[name].dtype.kind for name in table.dtype.names or ()} <= {"i", "u"}
    assert {result.status.dtype.kind, result.cash.dtype.kind} <= {"i", "u"}


@given(sequences(EVERYTHING))
def test_the_record_itself_is_not_changed(record: Sequence) -> None:
    copies = record.events.copy(), record.details.copy()
    folded(record)
    assert (record.events.tolist(), record.details.tolist()) == (copies[0].tolist(), copies[1].tolist())


@pytest.mark.nightly
@MANY
@given(sequences(replace(NO_SPLITS, actions=(*TRADES, "cash", "bad")), steps=60))
def test_everything_is_conserved_on_many_records(record: Sequence) -> None:
    shares_are_conserved(record)
    basis_is_conserved(record)
    deferral_explains_the_difference(record)


@given(sequences(EVERYTHING))
def test_marks_agree_with_what_was_taken_over(record: Sequence) -> None:
    """A lot that took a loss over is marked, names the sale, and was bought."""
    lots = folded(record).state.lots
    absorbed = (lots["marks"] & int(LotMark.ABSORBED)) > 0
    taxed = np.array([KINDS[account] == AccountKind.TAXABLE for account in lots["account"]], np.bool_)
    assert ((absorbed & taxed) == (lots["absorbed_from"] >= 0)).all()
    assert ((lots["marks"][absorbed] & int(LotMark.REPLACEMENT)) > 0).all()
    assert (lots["absorbed_loss"][~absorbed] == 0).all()
    assert (lots["absorbed_loss"] >= 0).all()
