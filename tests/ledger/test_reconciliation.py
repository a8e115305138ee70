"""Reconciliation: every way in which a custodian's lots are known to differ, one by one."""

from __future__ import annotations

import pytest

from lotwise.dates import from_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import MISSING, NO_CODE, EventFlag, EventKind
from lotwise.ledger.reconciliation import (
    TRANSACTION_COLUMNS,
    Cause,
    Outcome,
    Tolerance,
    reconcile,
    transactions,
    words,
)
from lotwise.ledger.reconciliation_tables import CENT
from lotwise.ledger.tables import LotMark
from lotwise.money import SHARE
from tests.ledger.both_sides import (
    LABELS,
    NO_DAY,
    TODAY,
    Ours,
    Sold,
    Theirs,
    custodian_table,
    described,
    dollars,
    reconciled,
    state_of,
    world_of,
)

MATCHED, EXPLAINED, BROKEN = Outcome.MATCHED, Outcome.EXPLAINED, Outcome.BROKEN
NONE = Cause(0)
DAY = TODAY - 500


def test_equal_lots_match_whatever_their_names() -> None:
    ours = [Ours(100, dollars(1_000), name=1), Ours(50, dollars(600), name=2), Ours(7, dollars(70), DAY - 1)]
    theirs = [Theirs(50, dollars(600), name=2), Theirs(7, dollars(70), DAY - 1, name=9), Theirs(100, dollars(1_000))]
    assert described(reconciled(ours, theirs)) == [(MATCHED, NONE, 1, 1)] * 3


def test_lots_of_other_accounts_and_securities_never_match() -> None:
    ours = [Ours(10, dollars(100)), Ours(10, dollars(100), security=1)]
    theirs = [Theirs(10, dollars(100), security=2), Theirs(10, dollars(100), account=1)]
    found = reconciled(ours, theirs)
    assert [row[1] for row in described(found)] == [
        Cause.ONLY_OURS,
        Cause.ONLY_OURS,
        Cause.ONLY_THEIRS,
        Cause.ONLY_THEIRS,
    ]


def test_a_cent_is_rounding_and_two_are_a_break() -> None:
    ours = [Ours(10, dollars(100) + 37)]
    assert described(reconciled(ours, [Theirs(10, dollars(100))])) == [(EXPLAINED, Cause.ROUNDING, 1, 1)]
    assert described(reconciled(ours, [Theirs(10, dollars(100) + 37 + CENT)])) == [(EXPLAINED, Cause.ROUNDING, 1, 1)]
    assert described(reconciled(ours, [Theirs(10, dollars(100) + 37 + CENT + 1)])) == [(BROKEN, Cause.BASIS, 1, 1)]
    found = reconciled(ours, [Theirs(10, dollars(101))], tolerance=Tolerance(basis=dollars(1)))
    assert described(found) == [(EXPLAINED, Cause.ROUNDING, 1, 1)]


def test_shares_printed_with_fewer_digits_are_rounding_within_a_stated_tolerance() -> None:
    world = world_of(AccountKind.TAXABLE)
    state = state_of([Ours(1, dollars(10))], [])
    state.lots["shares"] += 4
    custodian = custodian_table([Theirs(1, dollars(10))])
    loose = reconcile(state, custodian, world, TODAY, Tolerance(shares=5))
    assert described(loose) == [(EXPLAINED, Cause.ROUNDING, 1, 1)]
    strict = reconcile(state, custodian, world, TODAY)
    assert described(strict) == [(BROKEN, Cause.SHARES, 1, 1)]


def test_sub_lots_that_they_show_as_one_are_aggregated() -> None:
    ours = [Ours(60, dollars(900), name=1, absorbed=dollars(50), start=DAY - 90), Ours(40, dollars(600), name=1)]
    found = reconciled(ours, [Theirs(100, dollars(1_500), name=1)])
    assert described(found) == [(EXPLAINED, Cause.AGGREGATED, 2, 1)]
    unnamed = reconciled([lot._replace(name=NO_CODE) for lot in ours], [Theirs(100, dollars(1_500))])
    assert described(unnamed) == [(EXPLAINED, Cause.AGGREGATED, 2, 1)]


def test_a_lot_that_they_show_in_parts_is_split() -> None:
    theirs = [Theirs(60, dollars(900), name=1), Theirs(40, dollars(600), name=2)]
    assert described(reconciled([Ours(100, dollars(1_500), name=1)], theirs)) == [(EXPLAINED, Cause.SPLIT, 1, 2)]


def test_a_loss_that_only_we_took_over_is_a_wash_adjustment() -> None:
    ours = [Ours(100, dollars(1_300), absorbed=dollars(300), start=DAY - 40)]
    wash = EXPLAINED, Cause.WASH_ADJUSTMENT, 1, 1
    assert described(reconciled(ours, [Theirs(100, dollars(1_000))])) == [wash]
    assert described(reconciled(ours, [Theirs(100, dollars(1_000), original=dollars(1_000))])) == [wash]
    assert described(reconciled(ours, [Theirs(100, dollars(1_001))])) == [(BROKEN, Cause.BASIS, 1, 1)]


def test_a_loss_that_only_they_took_over_is_a_wash_adjustment_by_their_original_basis() -> None:
    ours = [Ours(100, dollars(1_000))]
    theirs = Theirs(100, dollars(1_250), original=dollars(1_000))
    assert described(reconciled(ours, [theirs])) == [(EXPLAINED, Cause.WASH_ADJUSTMENT, 1, 1)]
    other = theirs._replace(original=dollars(990))
    assert described(reconciled(ours, [other])) == [(BROKEN, Cause.BASIS, 1, 1)]
    reduced = theirs._replace(basis=dollars(900))  # no wash sale lowers basis
    assert described(reconciled(ours, [reduced])) == [(BROKEN, Cause.BASIS, 1, 1)]


def test_a_loss_that_only_they_took_over_is_known_by_the_sale() -> None:
    """They moved the loss of 200 on 50 shares into 25 replacement shares: half of it."""
    sale = Sold(50, dollars(700), dollars(500), sold=DAY + 30)
    ours, washed = [Ours(25, dollars(300))], Theirs(25, dollars(400))
    assert described(reconciled(ours, [washed], [sale])) == [(EXPLAINED, Cause.WASH_ADJUSTMENT, 1, 1)]
    assert described(reconciled(ours, [washed])) == [(BROKEN, Cause.BASIS, 1, 1)]
    later = sale._replace(sold=DAY + 31)
    assert described(reconciled(ours, [washed], [later])) == [(BROKEN, Cause.BASIS, 1, 1)]


def test_their_day_may_be_the_one_the_holding_period_counts_from() -> None:
    ours = [Ours(10, dollars(100), start=DAY - 77, absorbed=dollars(5))]
    tacked = EXPLAINED, Cause.TACKED, 1, 1
    assert described(reconciled(ours, [Theirs(10, dollars(100), DAY - 77)])) == [tacked]
    assert described(reconciled(ours, [Theirs(10, dollars(100), DAY - 78)])) == [tacked]
    assert described(reconciled(ours, [Theirs(10, dollars(100), DAY - 79)])) == [(BROKEN, Cause.DAY, 1, 1)]
    plain = [Ours(10, dollars(100))]
    assert described(reconciled(plain, [Theirs(10, dollars(100), DAY - 1)])) == [(BROKEN, Cause.DAY, 1, 1)]


def test_one_day_for_lots_of_two_days_is_a_break() -> None:
    ours = [Ours(10, dollars(100), DAY, name=1), Ours(20, dollars(200), DAY - 9, name=1)]
    found = reconciled(ours, [Theirs(30, dollars(300), DAY, name=1)])
    assert described(found) == [(BROKEN, Cause.AGGREGATED | Cause.DAY, 2, 1)]


def test_basis_averaged_over_the_position_is_explained() -> None:
    ours = [Ours(100, dollars(1_000), DAY), Ours(50, dollars(800), DAY - 9)]
    theirs = [Theirs(100, dollars(1_200), DAY), Theirs(50, dollars(600), DAY - 9)]
    assert described(reconciled(ours, theirs)) == [(EXPLAINED, Cause.AVERAGE_COST, 1, 1)] * 2
    uneven = [Theirs(100, dollars(1_100), DAY), Theirs(50, dollars(700), DAY - 9)]
    assert described(reconciled(ours, uneven)) == [(BROKEN, Cause.BASIS, 1, 1)] * 2


def test_what_was_traded_today_is_not_on_their_list_yet() -> None:
    bought = [Ours(5, dollars(50), TODAY, name=3)]
    assert described(reconciled(bought, [])) == [(EXPLAINED, Cause.PENDING_BUY, 1, 0)]
    given = [bought[0]._replace(marks=0)]
    assert described(reconciled(given, [])) == [(BROKEN, Cause.ONLY_OURS, 1, 0)]
    sale = Sold(40, dollars(400), dollars(500), name=1)
    part = reconciled([Ours(60, dollars(600), name=1)], [Theirs(100, dollars(1_000), name=1)], [sale])
    assert described(part) == [(EXPLAINED, Cause.PENDING_SALE, 1, 1)]
    whole = reconciled([], [Theirs(40, dollars(400))], [sale])
    assert described(whole) == [(EXPLAINED, Cause.PENDING_SALE, 0, 1)]
    before = reconciled([], [Theirs(40, dollars(400))], [sale._replace(sold=TODAY - 1)])
    assert described(before) == [(BROKEN, Cause.ONLY_THEIRS, 0, 1)]


def test_a_sale_of_today_explains_one_row_only() -> None:
    sale = Sold(40, dollars(400), dollars(500))
    found = reconciled([], [Theirs(40, dollars(400)), Theirs(40, dollars(400))], [sale])
    assert sorted(described(found)) == [
        (EXPLAINED, Cause.PENDING_SALE, 0, 1),
        (BROKEN, Cause.ONLY_THEIRS, 0, 1),
    ]


def test_a_sale_of_today_whose_basis_differs_waits_for_their_list() -> None:
    sale = Sold(40, dollars(400), dollars(500), name=1)
    found = reconciled([Ours(60, dollars(600), name=1)], [Theirs(100, dollars(1_500), name=1)], [sale])
    assert described(found) == [(BROKEN, Cause.PENDING_SALE | Cause.BASIS, 1, 1)]
    assert found.events.size == 0
    assert words(found, 0, LABELS).endswith("Look again when the sale is on their list")


def test_what_they_do_not_state_is_said() -> None:
    ours = [Ours(10, dollars(100), DAY), Ours(20, dollars(300), DAY - 4)]
    unstated = Cause.UNSTATED
    assert described(reconciled(ours[:1], [Theirs(10)])) == [(EXPLAINED, unstated, 1, 1)]
    found = reconciled(ours, [Theirs(30, dollars(400), NO_DAY)])
    assert described(found) == [(EXPLAINED, Cause.AGGREGATED | unstated, 2, 1)]


def test_basis_and_day_do_not_matter_in_a_retirement_account() -> None:
    ours = [Ours(10, dollars(100), account=1)]
    found = reconciled(ours, [Theirs(10, dollars(900), account=1)])
    assert described(found) == [(EXPLAINED, Cause.UNTAXED, 1, 1)]
    missing = reconciled([], [Theirs(10, account=1)])
    assert missing.events["kind"].tolist() == [EventKind.TRANSFER_IN]


def test_shares_sold_short_are_negative_on_their_list() -> None:
    short = Ours(10, dollars(100), marks=LotMark.SHORT)
    assert described(reconciled([short], [Theirs(-10, dollars(100))])) == [(MATCHED, NONE, 1, 1)]
    found = reconciled([short], [Theirs(10, dollars(100))])
    assert [row[0] for row in described(found)] == [BROKEN, BROKEN]
    assert found.events.size == 0
    assert "No event can say it" in words(found, 0, LABELS)


def test_a_lot_only_they_have_comes_in_as_bought() -> None:
    found = reconciled([], [Theirs(40, dollars(400), name=5, original=dollars(390))])
    (event,) = found.events
    assert (event["kind"], event["shares"], event["lot"]) == (EventKind.TRANSFER_IN, 40 * SHARE, 5)
    assert event["facts"] == EventFlag.PURCHASE | EventFlag.USED  # a loss is in its basis already
    (row,) = transactions(found, LABELS)
    assert row == {
        "date": from_day_number(TODAY + 1).isoformat(),
        "account_id": "own",
        "kind": "transfer_in",
        "symbol": "AAA",
        "shares": "40",
        "lot_id": "lot5",
        "basis": "400",
        "original_basis": "390",
        "acquired": from_day_number(DAY).isoformat(),
        "holding_period_start": from_day_number(DAY).isoformat(),
        "acquisition": "purchase",
        "replaced": "true",
        "relief": "",
    }
    assert tuple(row) == TRANSACTION_COLUMNS


def test_a_lot_only_we_have_goes_out_by_name() -> None:
    found = reconciled([Ours(40, dollars(400), name=5)], [])
    (row,) = transactions(found, LABELS)
    assert (row["kind"], row["shares"], row["lot_id"], row["basis"]) == ("transfer_out", "40", "lot5", "")
    said = words(found, 0, LABELS)
    assert said.startswith("own AAA: ours 40 shares, basis $400.00, theirs none: they do not have it. ")
    assert "if the shares were sold, post the sale" in said


def test_a_wrong_basis_is_corrected_by_name() -> None:
    found = reconciled([Ours(40, dollars(400), name=5)], [Theirs(40, dollars(410), name=5)])
    (row,) = transactions(found, LABELS)
    assert (row["kind"], row["lot_id"], row["basis"], row["acquired"]) == ("basis_correction", "lot5", "410", "")
    day = reconciled([Ours(40, dollars(400), name=5)], [Theirs(40, dollars(400), DAY - 3, name=5)])
    (row,) = transactions(day, LABELS)
    assert (row["basis"], row["acquired"]) == ("400", from_day_number(DAY - 3).isoformat())


def test_nothing_is_proposed_without_a_basis_in_a_taxable_account() -> None:
    found = reconciled([], [Theirs(10, MISSING)])
    assert described(found) == [(BROKEN, Cause.ONLY_THEIRS, 0, 1)]
    assert found.events.size == 0


def test_a_position_with_lots_that_cannot_be_named_is_brought_in_again() -> None:
    """The first is washed and tacked: it comes in again as it is, and takes over no second loss."""
    ours = [Ours(60, dollars(900), absorbed=dollars(50), start=DAY - 90, name=1), Ours(40, dollars(600), DAY + 1)]
    found = reconciled(ours, [Theirs(60, dollars(900), name=1), Theirs(40, dollars(700), DAY + 1)])
    rows = list(transactions(found, LABELS))
    assert [row["kind"] for row in rows] == ["transfer_out", "transfer_in", "transfer_in"]
    assert (rows[0]["shares"], rows[0]["lot_id"], rows[0]["relief"]) == ("100", "", "fifo")
    assert (rows[1]["basis"], rows[1]["original_basis"], rows[1]["replaced"]) == ("900", "850", "true")
    assert rows[1]["holding_period_start"] == from_day_number(DAY - 90).isoformat()
    assert (rows[2]["basis"], rows[2]["acquisition"]) == ("700", "purchase")


def test_a_wrong_table_is_refused() -> None:
    world = world_of(AccountKind.TAXABLE)
    with pytest.raises(ValueError, match="must be a table of type CUSTODIAN_LOT"):
        reconcile(state_of([], []), state_of([], []).lots, world, TODAY)


def test_a_row_mended_at_another_row_says_so() -> None:
    ours = [Ours(60, dollars(900)), Ours(40, dollars(600), DAY + 1), Ours(5, dollars(50), DAY + 2)]
    found = reconciled(ours, [Theirs(60, dollars(901)), Theirs(40, dollars(600), DAY + 1)])
    assert [row[:2] for row in described(found)] == [
        (BROKEN, Cause.BASIS),
        (MATCHED, NONE),
        (BROKEN, Cause.ONLY_OURS),
    ]
    assert found.event_row.tolist() == [0, 0, 0]
    assert words(found, 0, LABELS).endswith("basis differs. Post transfer_out, then transfer_in")
    assert words(found, 2, LABELS).endswith("What mends the position stands at another row of it")


def test_two_lots_of_theirs_with_one_name_do_not_come_in_with_it_twice() -> None:
    theirs = [Theirs(40, dollars(400), name=5), Theirs(30, dollars(200), DAY - 9, name=5)]
    found = reconciled([], theirs)
    assert found.events["lot"].tolist() == [5, NO_CODE]
