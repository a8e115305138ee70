"""Reconciliation of random lots: what was done to them is what is found, and posting what mends ends the breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lotwise.ledger.events import MISSING, NO_CODE, EventKind, Table
from lotwise.ledger.fold import fold
from lotwise.ledger.reconciliation import CUSTODIAN_LOT, Cause, Outcome, Reconciliation, reconcile
from lotwise.ledger.tables import LotMark, Refusal, State, World
from lotwise.money import DOLLAR
from tests.ledger.both_sides import NO_DAY, TODAY, Ours, Theirs, reconciled
from tests.ledger.event_sequences import ALL_READINGS, REST, TRADES, Mix, Sequence, sequences
from tests.ledger.written_events import Record, as_day

FEWEST, LEAST = 10, 200  # shares and dollars of a lot: room to take some away


class Done(NamedTuple):
    """A lot of ours, what the custodian makes of it, and what is to be found."""

    ours: tuple[Ours, ...]
    theirs: tuple[Theirs, ...]
    causes: Cause


def copied(lot: Ours) -> Theirs:
    return Theirs(lot.shares, lot.basis, lot.acquired, lot.name, MISSING, lot.security, lot.account)


def same(lot: Ours) -> Done:
    return Done((lot,), (copied(lot),), Cause(0))


def unnamed(lot: Ours) -> Done:
    return Done((lot,), (copied(lot)._replace(name=NO_CODE),), Cause(0))


def cents_off(lot: Ours) -> Done:
    return Done((lot,), (copied(lot)._replace(basis=lot.basis + 1 + lot.shares % 100),), Cause.ROUNDING)


def merged(lot: Ours) -> Done:
    part = lot._replace(shares=lot.shares + 3, basis=lot.basis // 3)
    whole = copied(lot)._replace(shares=2 * lot.shares + 3, basis=lot.basis + part.basis)
    return Done((lot, part), (whole,), Cause.AGGREGATED)


def in_parts(lot: Ours) -> Done:
    few = lot.shares // 3
    first = copied(lot)._replace(shares=few, basis=lot.basis // 7)
    rest = copied(lot)._replace(shares=lot.shares - few, basis=lot.basis - first.basis)
    return Done((lot,), (first, rest), Cause.SPLIT)


def adjusted_by_us(lot: Ours) -> Done:
    washed = lot._replace(absorbed=100 * DOLLAR, basis=lot.basis + 100 * DOLLAR)
    return Done((washed,), (copied(lot),), Cause.WASH_ADJUSTMENT)


def adjusted_by_them(lot: Ours) -> Done:
    theirs = copied(lot)._replace(basis=lot.basis + 77 * DOLLAR, original=lot.basis)
    return Done((lot,), (theirs,), Cause.WASH_ADJUSTMENT)


def tacked(lot: Ours) -> Done:
    moved = lot._replace(start=lot.acquired - 10_000)
    return Done((moved,), (copied(moved)._replace(acquired=lot.acquired - 10_000),), Cause.TACKED)


def undated(lot: Ours) -> Done:
    return Done((lot,), (copied(lot)._replace(acquired=NO_DAY),), Cause.UNSTATED)


def missing(lot: Ours) -> Done:
    return Done((lot,), (), Cause.ONLY_OURS)


def extra(lot: Ours) -> Done:
    return Done((), (copied(lot),), Cause.ONLY_THEIRS)


def bought_today(lot: Ours) -> Done:
    return Done((lot._replace(acquired=TODAY),), (), Cause.PENDING_BUY)


def wrong_basis(lot: Ours) -> Done:
    return Done((lot,), (copied(lot)._replace(basis=lot.basis + 3 * DOLLAR),), Cause.BASIS)


def wrong_day(lot: Ours) -> Done:
    return Done((lot,), (copied(lot)._replace(acquired=lot.acquired - 20_000),), Cause.DAY)


def fewer(lot: Ours) -> Done:
    return Done((lot,), (copied(lot)._replace(shares=lot.shares - 4, basis=lot.basis // 2),), Cause.SHARES)


def more(lot: Ours) -> Done:
    return Done((lot,), (copied(lot)._replace(shares=lot.shares + 4, basis=lot.basis * 2),), Cause.SHARES)


DEEDS: tuple[Callable[[Ours], Done], ...] = (
    same,
    unnamed,
    cents_off,
    merged,
    in_parts,
    adjusted_by_us,
    adjusted_by_them,
    tacked,
    undated,
    missing,
    extra,
    bought_today,
    wrong_basis,
    wrong_day,
    fewer,
    more,
)


@st.composite
def deeds(draw: st.DrawFn) -> list[Done]:
    """Lots that nothing but their own deed can confuse: days and numbers of shares of their own, far apart."""
    done = []
    for i, deed in enumerate(draw(st.lists(st.sampled_from(DEEDS), min_size=1, max_size=12))):
        shares = FEWEST + 1_000 * 3**i + draw(st.integers(0, 200))
        lot = Ours(
            shares,
            (LEAST + 1_000 * i + draw(st.integers(0, 300))) * DOLLAR + draw(st.integers(0, 9_999)),
            TODAY - 100 - 40 * i - draw(st.integers(0, 9)),
            name=draw(st.sampled_from((NO_CODE, i))),
            security=draw(st.integers(0, 2)),
        )
        done.append(deed(lot))
    return done


def numbers_of(found: Reconciliation, row: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    record = found.rows[row]
    ours = found.our_lots[record["our_first"] : record["our_first"] + record["our_count"]]
    theirs = found.their_lots[record["their_first"] : record["their_first"] + record["their_count"]]
    return tuple(sorted(ours.tolist())), tuple(sorted(theirs.tolist()))


@given(deeds())
def test_what_was_done_is_what_is_found(done: list[Done]) -> None:
    ours = [lot for deed in done for lot in deed.ours]
    theirs = [lot for deed in done for lot in deed.theirs]
    found = reconciled(ours, theirs)
    wanted, first, second = {}, 0, 0
    for deed in done:
        mine = tuple(range(first, first + len(deed.ours)))
        yours = tuple(range(second, second + len(deed.theirs)))
        wanted[mine, yours] = deed.causes
        first, second = first + len(mine), second + len(yours)
    assert {numbers_of(found, row): Cause(int(found.rows[row]["causes"])) for row in range(found.rows.size)} == wanted
    require_conservation(found, ours=len(ours), theirs=len(theirs))


def require_conservation(found: Reconciliation, ours: int, theirs: int) -> None:
    """Every lot of each side is in exactly one row."""
    assert sorted(found.our_lots.tolist()) == list(range(ours))
    assert sorted(found.their_lots.tolist()) == list(range(theirs))
    for side, count in (("our", ours), ("their", theirs)):
        assert found.rows[f"{side}_count"].sum() == count
        assert np.array_equal(
            found.rows[f"{side}_first"], np.cumsum(found.rows[f"{side}_count"]) - found.rows[f"{side}_count"]
        )


RANDOM_LOTS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(-1, 3), st.integers(0, 1)),
    max_size=14,
)


@given(RANDOM_LOTS, RANDOM_LOTS)
def test_nothing_is_lost_however_alike_lots_are(mine: list[tuple[int, ...]], yours: list[tuple[int, ...]]) -> None:
    """Few days, shares and names: almost everything can stand for almost everything."""
    ours = [Ours(s, b * DOLLAR, TODAY - 90 - d, name=n, security=c) for s, b, d, n, c in mine]
    theirs = [Theirs(s, b * DOLLAR, TODAY - 90 - d, name=n, security=c) for s, b, d, n, c in yours]
    found = reconciled(ours, theirs)
    require_conservation(found, ours=len(ours), theirs=len(theirs))
    assert found.rows["our_shares"].sum() == sum(lot.shares for lot in ours) * 1_000_000
    assert found.rows["their_basis"].sum() == sum(lot.basis for lot in theirs)
    turned = reconciled(ours[::-1], theirs[::-1])
    assert np.bincount(found.rows["outcome"], minlength=3).tolist() == (
        np.bincount(turned.rows["outcome"], minlength=3).tolist()
    )


def listed(lots: Table) -> Table:
    """A custodian's list that agrees with our lots: parts of one name, day and account are one lot."""
    theirs = np.zeros(lots.size, CUSTODIAN_LOT)
    for column in ("basis", "account", "security", "name", "acquired"):
        theirs[column] = lots[column]
    short = lots["marks"] & LotMark.SHORT != 0
    theirs["shares"] = np.where(short, -lots["shares"], lots["shares"])
    theirs["original_basis"] = MISSING
    theirs["line"] = np.arange(lots.size) + 2
    return theirs


@given(sequences(Mix((*TRADES, *REST), readings=ALL_READINGS)))
def test_a_list_of_our_own_lots_matches_to_the_last_unit(record: Sequence) -> None:
    state = fold(*record).state
    found = reconcile(state, listed(state.lots), record.world, int(record.events["day"].max()))
    assert set(found.rows["outcome"].tolist()) <= {Outcome.MATCHED}
    assert found.rows.size == state.lots.size


Change = Callable[[Table, int], Table]


def dropped(theirs: Table, row: int) -> Table:
    return np.delete(theirs, row)


def doubled(theirs: Table, row: int) -> Table:
    more_lots = theirs[row : row + 1].copy()
    more_lots["acquired"] -= 3
    more_lots["name"] = NO_CODE
    return np.concatenate((theirs, more_lots))


def renamed(theirs: Table, row: int) -> Table:
    theirs["name"][row] = 500 + row
    return theirs


def dearer(theirs: Table, row: int) -> Table:
    theirs["basis"][row] += 123_456
    return theirs


def older(theirs: Table, row: int) -> Table:
    theirs["acquired"][row] -= 1_111
    return theirs


def smaller(theirs: Table, row: int) -> Table:
    theirs["shares"][row] = (theirs["shares"][row] + 1) // 2
    return theirs


def larger(theirs: Table, row: int) -> Table:
    theirs["shares"][row] += 5_000_000
    return theirs


def apart(theirs: Table, row: int) -> Table:
    """Show the lot as two, of different basis a share."""
    part = theirs[row : row + 1].copy()
    part["shares"], part["basis"], part["name"] = theirs["shares"][row] // 3, theirs["basis"][row] // 2, NO_CODE
    theirs["shares"][row] -= part["shares"][0]
    theirs["basis"][row] -= part["basis"][0]
    return np.concatenate((theirs, part[part["shares"] != 0]))


CHANGES: tuple[Change, ...] = (dropped, doubled, renamed, dearer, older, smaller, larger, apart)


def after_mending(record: Sequence, found: Reconciliation) -> tuple[State, World]:
    """Fold the record again with what mends it."""
    events, details = record.events, record.details
    mending = found.events.copy()
    mending["detail"] += np.where(mending["detail"] == NO_CODE, 0, details.size).astype(np.int32)
    folded = fold(np.concatenate((events, mending)), np.concatenate((details, found.details)), record.world)
    assert set(folded.status[events.size :].tolist()) <= {Refusal.POSTED}
    return folded.state, record.world


def unsayable(state: State, theirs: Table) -> set[tuple[int, int]]:
    """Positions that no event can mend: with shares sold short, or a gift that has two bases."""
    special = state.lots["marks"] & (LotMark.SHORT | LotMark.FRESH_LOSS) != 0
    lots = state.lots[special]
    places = {(int(lot["account"]), int(lot["security"])) for lot in lots}
    short = theirs[theirs["shares"] < 0]
    return places | {(int(lot["account"]), int(lot["security"])) for lot in short}


def require_mended(record: Sequence, changes: list[tuple[Change, int]]) -> None:
    state = fold(*record).state
    as_of = int(record.events["day"].max())
    theirs = listed(state.lots)
    for change, place in changes:
        if theirs.size:
            theirs = change(theirs, place % theirs.size)
    found = reconcile(state, theirs, record.world, as_of)
    require_conservation(found, ours=state.lots.size, theirs=theirs.size)
    mended, world = after_mending(record, found)
    again = reconcile(mended, theirs, world, as_of)
    broken = again.rows["outcome"] == Outcome.BROKEN
    excused = unsayable(state, theirs) | positions(found, waiting(found)) | taken_over(state, mended)
    excused |= with_open_losses(state, world, as_of)
    assert positions(again, broken) <= excused


def with_open_losses(state: State, world: World, as_of: int) -> set[tuple[int, int]]:
    """Positions of a security of which a loss waits for a replacement: what comes in again might be taken for one."""
    realized, taxpayer = state.realized, world.accounts["taxpayer"]
    rows = realized[(realized["matched"] < realized["matchable"]) & (realized["sold"] >= as_of - 30)]
    return {
        (account, int(row["security"]))
        for row in rows
        for account in np.flatnonzero(taxpayer == taxpayer[row["account"]]).tolist()
    }


def taken_over(state: State, mended: State) -> set[tuple[int, int]]:
    """Positions where a lot brought in took over a loss that was waiting: it is cut into parts of its own."""
    fresh = np.isin(mended.lots["number"], np.setdiff1d(mended.washes["lot"], state.washes["lot"]))
    return {(int(lot["account"]), int(lot["security"])) for lot in mended.lots[fresh]}


def waiting(found: Reconciliation) -> NDArray[np.bool_]:
    """Breaks that shares sold today may explain tomorrow."""
    broken = found.rows["outcome"] == Outcome.BROKEN
    waits: NDArray[np.bool_] = broken & (found.rows["causes"] & Cause.PENDING_SALE != 0)
    return waits


def positions(found: Reconciliation, chosen: NDArray[np.bool_]) -> set[tuple[int, int]]:
    return {(int(row["account"]), int(row["security"])) for row in found.rows[chosen]}


@given(
    sequences(Mix((*TRADES, *REST), readings=ALL_READINGS)),
    st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 50)), min_size=1, max_size=5),
)
def test_posting_what_mends_ends_every_break(record: Sequence, changes: list[tuple[Change, int]]) -> None:
    require_mended(record, changes)


@pytest.mark.nightly
@settings(max_examples=3_000)
@given(
    sequences(Mix((*TRADES, *REST), readings=ALL_READINGS), steps=60),
    st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 200)), min_size=1, max_size=12),
)
def test_posting_what_mends_ends_every_break_of_long_records(
    record: Sequence, changes: list[tuple[Change, int]]
) -> None:
    require_mended(record, changes)


def test_mending_names_only_kinds_that_can_be_posted() -> None:
    found = reconciled([Ours(10, 100 * DOLLAR, name=1)], [Theirs(12, 200 * DOLLAR)])
    assert set(found.events["kind"].tolist()) <= {
        EventKind.TRANSFER_IN,
        EventKind.TRANSFER_OUT,
        EventKind.BASIS_CORRECTION,
    }
    assert found.events.size == 1


def test_a_lot_grown_and_of_another_day_is_brought_in_again_in_a_retirement_account() -> None:
    """Its day does not matter there, but two lots of two days would not be seen as their one."""
    found = reconciled([Ours(10, 100 * DOLLAR, name=1, account=1)], [Theirs(15, 200 * DOLLAR, 7, name=1, account=1)])
    assert found.events["kind"].tolist() == [EventKind.TRANSFER_OUT, EventKind.TRANSFER_IN]


def test_a_lot_grown_beside_another_of_its_day_is_brought_in_again() -> None:
    """Shares without a name would belong to either."""
    bought = Ours(10, 100 * DOLLAR, TODAY, name=1)
    found = reconciled([bought, bought._replace(name=NO_CODE)], [Theirs(15, 200 * DOLLAR, TODAY, name=1)])
    assert found.events["kind"].tolist() == [EventKind.TRANSFER_OUT, EventKind.TRANSFER_IN, EventKind.TRANSFER_IN]
    assert found.events["lot"].tolist() == [NO_CODE, NO_CODE, 1]


def test_the_rest_of_a_purchase_sold_at_a_loss_does_not_come_in_again() -> None:
    """Coming in as a new lot it would replace the very shares it was bought with."""
    record = Record()
    record.buy("2026-06-01", "own", "X", 100, 1_000)
    record.sell("2026-06-10", "own", "X", 40, 300)
    events, details, world = record.tables()
    state = fold(events, details, world).state
    theirs = listed(state.lots)
    theirs["basis"] += 5 * DOLLAR
    assert reconcile(state, theirs, world, as_day("2026-06-20")).events.size == 0
    assert reconcile(state, theirs, world, as_day("2026-07-11")).events.size == 2
