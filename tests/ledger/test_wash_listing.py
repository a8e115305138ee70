"""Wash sales in words."""

from __future__ import annotations

from hypothesis import given

from lotwise.households.accounts import AccountKind
from lotwise.ledger.fold import fold
from lotwise.ledger.reconciliation_tables import Labels
from lotwise.ledger.tables import State, World
from lotwise.ledger.wash_listing import wash_words, washed_losses
from tests.ledger.event_sequences import ALL_READINGS, REST, TRADES, Mix, Sequence, sequences
from tests.ledger.written_events import Record


def folded(record: Record) -> tuple[State, World, Labels]:
    events, details, world = record.tables()
    return (
        fold(events, details, world).state,
        world,
        Labels(list(record.accounts), list(record.symbols), list(record.lots)),
    )


def test_each_wash_sale_is_told() -> None:
    record = Record()
    record.account("own")
    record.account("ira", AccountKind.ROTH)
    record.buy("2026-01-05", "own", "X", 100, 5_000, lot="first")
    record.sell("2026-06-01", "own", "X", 100, 4_000, lots=["first"])
    record.buy("2026-06-05", "own", "X", 60, 2_400, lot="second")
    record.buy("2026-06-06", "ira", "X", 30, 1_200)
    state, world, labels = folded(record)
    lines = list(wash_words(washed_losses(state, world), world, labels))
    sold = "on {} X of lot first sold on 2026-06-01 in own is disallowed: replaced by X bought on {}; {}"
    basis = "moved into the basis of that lot; its holding period begins 147 days earlier"
    gone = "gone for ever (bought in a retirement account)"
    assert lines == [
        "$600.00 of the loss " + sold.format(60, "2026-06-05 in own (lot second)", basis),
        "$300.00 of the loss " + sold.format(30, "2026-06-06 in ira (lot #3.0)", gone),
    ]


def test_a_replacement_that_has_been_sold_is_found_among_the_sold() -> None:
    record = Record()
    record.buy("2026-01-05", "own", "X", 10, 500)
    record.sell("2026-06-01", "own", "X", 10, 400)
    record.buy("2026-06-05", "own", "X", 10, 400)
    record.sell("2026-09-01", "own", "X", 10, 900)
    state, world, labels = folded(record)
    (told,) = wash_words(washed_losses(state, world), world, labels)
    assert told.endswith(
        "replaced by X bought on 2026-06-05 in own (lot #2.0); moved into the basis of that lot, "
        "which has been sold since; its holding period begins 147 days earlier"
    )


def test_a_taxpayer_sees_the_own_wash_sales_only() -> None:
    record = Record()
    for owner in ("us", "them"):
        record.account(owner, taxpayer=owner)
        record.buy("2026-01-05", owner, "X", 10, 500)
        record.sell("2026-06-01", owner, "X", 10, 400)
        record.buy("2026-06-05", owner, "X", 10, 400)
    state, world, _ = folded(record)
    assert washed_losses(state, world)["taxpayer"].tolist() == [0, 1]
    assert washed_losses(state, world, 1)["account"].tolist() == [1]


@given(sequences(Mix((*TRADES, *REST), readings=ALL_READINGS)))
def test_the_listing_holds_every_loss_disallowed(record: Sequence) -> None:
    state = fold(*record).state
    table = washed_losses(state, record.world)
    assert table["loss"].sum() == state.realized["disallowed"].sum()
    assert table["loss"][table["permanent"] == 1].sum() == state.realized["permanent"].sum()
    labels = Labels([f"account {i}" for i in range(5)], [f"S{i}" for i in range(4)], [f"lot{i}" for i in range(1_000)])
    assert len(list(wash_words(table, record.world, labels))) == state.washes.size
